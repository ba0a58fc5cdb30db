//! Devices on which a login was used before: a cookie that lives long, sealed for that login.
//!
//! It opens nothing. It only lets the password be tried when strangers have used up what everybody else may try.
//!
//! Invariant: a device is known to a login only by a cookie that was given to it with the right password of that login.

use axum::http::{HeaderMap, HeaderValue};
use domain::hex;
use node::seal::{self, Purpose, Sealer};
use sha2::{Digest, Sha256};

/// Four hundred days: as long as browsers keep a cookie.
const MAX_AGE_S: i64 = 400 * 24 * 3_600;
const ID_BYTES: usize = 16;
/// Longest cookie that is looked at: more than one that was given.
const COOKIE_CHARS_MAX: usize = 256;

/// Which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(pub(super) [u8; ID_BYTES]);

impl DeviceId {
    /// The device a request comes from, when this login was used on it before.
    pub fn of(sealer: &Sealer, headers: &HeaderMap, login: &str) -> Option<Self> {
        let value = super::cookie(headers, &name(login))?;
        let sealed = hex::read(value.get(..COOKIE_CHARS_MAX.min(value.len()))?)?;
        let opened = sealer.open(Purpose::Device, login, &sealed).ok()?;
        opened.as_slice().try_into().ok().map(Self)
    }

    /// A new one.
    pub fn random() -> Result<Self, seal::Error> {
        seal::random().map(Self)
    }

    /// The cookie that says so next time.
    pub fn cookie(self, sealer: &Sealer, login: &str, secure: &str) -> Result<HeaderValue, seal::Error> {
        let value = hex::of(&sealer.seal(Purpose::Device, login, &self.0)?);
        let cookie = format!(
            "{}={value}; Path=/api/v1/session; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Strict{secure}",
            name(login)
        );
        HeaderValue::try_from(cookie).map_err(|_| seal::Error::DoesNotOpen)
    }
}

/// People who share a browser have a cookie each, and its name does not say whose.
fn name(login: &str) -> String {
    let digest = Sha256::digest(login);
    format!("tillguard_device_{}", hex::of(&digest[..4]))
}

/// A request with the cookies of an answer.
#[cfg(test)]
pub(crate) fn returned(answered: &HeaderMap) -> HeaderMap {
    use axum::http::header;
    let pairs = answered.get_all(header::SET_COOKIE).iter();
    let pairs = pairs.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    let all = pairs.collect::<Vec<_>>().join("; ");
    HeaderMap::from_iter([(header::COOKIE, all.parse().unwrap())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;

    #[test]
    fn a_device_is_known_to_the_login_it_was_given_for_and_to_no_other() {
        let sealer = Sealer::new(&[7; 32]);
        let given = DeviceId([3; 16]);
        let cookie = given.cookie(&sealer, "owner", "").unwrap();
        let headers = returned(&HeaderMap::from_iter([(header::SET_COOKIE, cookie.clone())]));
        assert_eq!(DeviceId::of(&sealer, &headers, "owner"), Some(given));
        assert_eq!(DeviceId::of(&sealer, &headers, "other"), None);
        // Under the other's name it does not open either.
        let renamed = cookie.to_str().unwrap().replace(&name("owner"), &name("other"));
        let headers = returned(&HeaderMap::from_iter([(
            header::SET_COOKIE,
            renamed.parse().unwrap(),
        )]));
        assert_eq!(DeviceId::of(&sealer, &headers, "other"), None);
        assert_eq!(DeviceId::of(&Sealer::new(&[8; 32]), &headers, "other"), None);
        assert_eq!(DeviceId::of(&sealer, &HeaderMap::new(), "owner"), None);
    }
}
