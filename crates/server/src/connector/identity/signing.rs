//! How the two clouds want a question signed: ACS3-HMAC-SHA256 (Alibaba Cloud, signature version 3) and TC3-HMAC-SHA256 (Tencent Cloud,
//! signature version 3).
//!
//! Invariant: both are functions of their arguments; the secret goes into nothing but the key of an HMAC.

use domain::hex;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// What RFC 3986 reserves.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Parameters in the order of their names, as a query or a form has them.
pub(super) fn form(parameters: &[(&str, &str)]) -> String {
    let mut encoded: Vec<(String, String)> = parameters
        .iter()
        .map(|(name, value)| (escaped(name), escaped(value)))
        .collect();
    encoded.sort_unstable();
    let pairs = encoded.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

pub(super) fn digest(bytes: &[u8]) -> String {
    hex::of(&Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // An HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A POST to `/` as Alibaba Cloud signs it. The headers are those that are signed, in the order of their names.
pub(super) struct Acs3<'a> {
    /// The query, in order.
    pub(super) query: &'a str,
    /// Names in small letters.
    pub(super) headers: &'a [(&'a str, String)],
    /// SHA-256 of the body.
    pub(super) body_digest: &'a str,
}

impl Acs3<'_> {
    /// What `Authorization` says.
    pub(super) fn authorization(&self, key_id: &str, secret: &str) -> String {
        let signed = self.signed();
        let signature = self.signature(secret);
        format!("ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={signed},Signature={signature}")
    }

    fn signed(&self) -> String {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        names.join(";")
    }

    fn signature(&self, secret: &str) -> String {
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!(
            "POST\n/\n{}\n{headers}\n{}\n{}",
            self.query,
            self.signed(),
            self.body_digest
        );
        let text = format!("ACS3-HMAC-SHA256\n{}", digest(canonical.as_bytes()));
        hex::of(&hmac(secret.as_bytes(), &text))
    }
}

/// A POST of JSON to `/` as Tencent Cloud signs it.
pub(super) struct Tc3<'a> {
    /// What is asked: `faceid`.
    pub(super) service: &'a str,
    /// The host, as the header has it.
    pub(super) host: &'a str,
    /// The content type, as the header has it.
    pub(super) content_type: &'a str,
    /// Seconds since 1970.
    pub(super) at_s: i64,
    /// The day of it, UTC.
    pub(super) date: &'a str,
    /// SHA-256 of the body.
    pub(super) body_digest: &'a str,
}

impl Tc3<'_> {
    /// What `Authorization` says.
    pub(super) fn authorization(&self, key_id: &str, secret: &str) -> String {
        let scope = self.scope();
        let signature = self.signature(secret);
        format!(
            "TC3-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
        )
    }

    fn scope(&self) -> String {
        format!("{}/{}/tc3_request", self.date, self.service)
    }

    fn signature(&self, secret: &str) -> String {
        let canonical = format!(
            "POST\n/\n\ncontent-type:{}\nhost:{}\n\ncontent-type;host\n{}",
            self.content_type, self.host, self.body_digest
        );
        let text = format!(
            "TC3-HMAC-SHA256\n{}\n{}\n{}",
            self.at_s,
            self.scope(),
            digest(canonical.as_bytes())
        );
        let of_day = hmac(format!("TC3{secret}").as_bytes(), self.date);
        let of_service = hmac(&of_day, self.service);
        let key = hmac(&of_service, "tc3_request");
        hex::of(&hmac(&key, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "2023-10-26T10:22:32Z";
    const NONCE: &str = "3156853299f313e23d1673dc12e1703d";
    const SECRET: &str = "YourAccessKeySecret";

    /// The provider's own example: RunInstances, with everything in the query.
    #[test]
    fn acs3_signs_a_query_as_published() {
        let query = form(&[
            ("RegionId", "cn-shanghai"),
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
        ]);
        let body_digest = digest(b"");
        let headers = [
            ("host", "ecs.cn-shanghai.aliyuncs.com".to_owned()),
            ("x-acs-action", "RunInstances".to_owned()),
            ("x-acs-content-sha256", body_digest.clone()),
            ("x-acs-date", DATE.to_owned()),
            ("x-acs-signature-nonce", NONCE.to_owned()),
            ("x-acs-version", "2014-05-26".to_owned()),
        ];
        let asked = Acs3 {
            query: &query,
            headers: &headers,
            body_digest: &body_digest,
        };
        assert_eq!(
            asked.signature(SECRET),
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    /// Computed once by another program: a form, whose type is signed too.
    #[test]
    fn acs3_signs_a_form_with_its_type() {
        let body = form(&[
            ("UserName", "测试甲"),
            ("ParamType", "normal"),
            ("IdentifyNum", "110101180001010015"),
        ]);
        assert_eq!(
            body,
            "IdentifyNum=110101180001010015&ParamType=normal&UserName=%E6%B5%8B%E8%AF%95%E7%94%B2"
        );
        let body_digest = digest(body.as_bytes());
        let headers = [
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("host", "cloudauth.aliyuncs.com".to_owned()),
            ("x-acs-action", "Id2MetaVerify".to_owned()),
            ("x-acs-content-sha256", body_digest.clone()),
            ("x-acs-date", DATE.to_owned()),
            ("x-acs-signature-nonce", NONCE.to_owned()),
            ("x-acs-version", "2019-03-07".to_owned()),
        ];
        let asked = Acs3 {
            query: "",
            headers: &headers,
            body_digest: &body_digest,
        };
        assert_eq!(
            asked.signature(SECRET),
            "b14b413d37e3d9a851204031864aa152cb044ada89e5a312b2fceccaa7d89b6f"
        );
    }

    fn tc3<'a>(service: &'a str, host: &'a str, body_digest: &'a str) -> Tc3<'a> {
        Tc3 {
            service,
            host,
            content_type: "application/json; charset=utf-8",
            at_s: 1_551_113_065,
            date: "2019-02-25",
            body_digest,
        }
    }

    /// The provider's own example.
    #[test]
    fn tc3_signs_as_published() {
        let asked = tc3(
            "cvm",
            "cvm.tencentcloudapi.com",
            "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064",
        );
        assert_eq!(
            asked.signature("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"),
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
        );
    }

    /// Computed once by another program.
    #[test]
    fn tc3_signs_the_check_of_a_person() {
        let body = "{\"IdCard\":\"110101180001010015\",\"Name\":\"测试甲\"}";
        let body_digest = digest(body.as_bytes());
        let asked = tc3("faceid", "faceid.tencentcloudapi.com", &body_digest);
        assert_eq!(
            asked.signature("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"),
            "798bb8c1be502224d79da870f6654b903f7c4873ce488d19b91b6c77d8b3b153"
        );
    }
}
