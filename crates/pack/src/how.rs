//! How to verify a pack, in Chinese and English: `VERIFY.txt`.
//!
//! Invariant: it names a time stamp only where there is one.

use domain::pack::Audience;

/// Of a pack of the log.
pub const OF_LOG: &str = include_str!("VERIFY.txt");
const OF_INCIDENT: &str = include_str!("INCIDENT.txt");

const STAMP: [&str; 2] = [
    "     openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile ca.pem
   ca.pem 是时间戳机构的证书, 请直接向该机构索取, 不要使用证据里附带的。
   机构证书到期以后, 请加上  -attime 时间戳中的时刻(UNIX 秒)。",
    "     openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile ca.pem
   ca.pem is the certificate of the time-stamp authority: get it from there, not from this folder.
   After its end add  -attime and the stamp's own time (UNIX seconds).",
];
const NO_STAMP: [&str; 2] = [
    "   没有: 制作时没有时间戳机构给出时间戳。checkpoint.tsr 如在, 是检查点的时间戳。",
    "   There is none: no time-stamp authority gave one when this was made. checkpoint.tsr, where it is, is one of the checkpoint.",
];

const fn called(audience: Audience) -> [&'static str; 2] {
    match audience {
        Audience::Police => ["公安机关", "the police"],
        Audience::Bank => ["银行(收单机构)", "the bank (the acquirer)"],
        Audience::Insurer => ["保险公司", "the insurer"],
        Audience::Court => ["法院", "a court"],
    }
}

/// Of a pack of an incident.
pub fn of_incident(incident_id: &str, audience: Audience, is_stamped: bool) -> String {
    let [stamp_zh, stamp_en] = if is_stamped { STAMP } else { NO_STAMP };
    let [for_zh, for_en] = called(audience);
    OF_INCIDENT
        .replace("{incident_id}", incident_id)
        .replace("{for_zh}", for_zh)
        .replace("{for_en}", for_en)
        .replace("{stamp_zh}", stamp_zh)
        .replace("{stamp_en}", stamp_en)
}
