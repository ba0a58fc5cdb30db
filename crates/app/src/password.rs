//! Passwords of people and operators: argon2id, with the parameters the OWASP cheat sheet gives for small servers.
//!
//! Invariant: a password is never kept, logged or compared in the clear.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// Memory in KiB, passes, lanes: 19 MiB, 2, 1.
const PARAMETERS: (u32, u32, u32) = (19 * 1024, 2, 1);
/// A longer password is refused before any work is spent on it.
pub const PASSWORD_BYTES_MAX: usize = 128;

/// Fewest characters of a new password (OWASP ASVS 5.0, 6.2.1).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// A password that is found with fewer guesses is one of the commonest, a plain row of keys, or made of who it belongs to
/// (OWASP ASVS 5.0, 6.2.4 wants the three thousand commonest refused).
const GUESSES_MIN: u64 = 10_000;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has fewer than [`PASSWORD_CHARS_MIN`] characters.
    TooShort,
    /// It has more than [`PASSWORD_BYTES_MAX`] bytes.
    TooLong,
    /// Who guesses tries it early.
    TooCommon,
}

/// Whether a new password may be taken. `theirs` are words that people who know the person try: the login, the names. Takes some
/// milliseconds of a processor.
pub fn fit(password: &str, theirs: &[&str]) -> Result<(), Unfit> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Unfit::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Unfit::TooLong);
    }
    match zxcvbn::zxcvbn(password, theirs).guesses() < GUESSES_MIN {
        true => Err(Unfit::TooCommon),
        false => Ok(()),
    }
}

/// The hash could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct Error;

fn argon2() -> Result<Argon2<'static>, Error> {
    let (memory, passes, lanes) = PARAMETERS;
    let parameters = Params::new(memory, passes, lanes, None).map_err(|_| Error)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// Hashes a password with the given salt; slow on purpose (tens of milliseconds).
pub fn hash(password: &str, salt: &[u8; 16]) -> Result<String, Error> {
    let hash = argon2()?
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|_| Error)?;
    Ok(hash.to_string())
}

/// Whether a hash was made with other parameters than new ones are. The next right log-in makes it anew.
pub fn is_outdated(hash: &str) -> bool {
    let (memory, passes, lanes) = PARAMETERS;
    !hash.starts_with(&format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$"))
}

/// Whether the password is the one hashed; slow on purpose. Spends the same time when there is no hash, so that nobody
/// learns from the time whether a login exists.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else {
        return false;
    };
    let Ok(argon2) = argon2() else { return false };
    argon2.verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_is_tried_early_is_not_taken() {
        let check = |password: &str| fit(password, &["li.na@shop.example", "福记小吃"]);
        for common in [
            "password",
            "12345678",
            "123456789",
            "11111111",
            "qwertyuiop",
            "iloveyou",
            "abcdefgh",
            "Password1",
            "li.na@shop.example",
        ] {
            assert_eq!(check(common), Err(Unfit::TooCommon), "{common}");
        }
        for short in ["", "1234567", "七个字的密码吗"] {
            assert_eq!(check(short), Err(Unfit::TooShort), "{short}");
        }
        assert_eq!(check(&"长".repeat(43)), Err(Unfit::TooLong));
        for good in [
            "teapot-in-the-rain",
            "Kuo7vezi",
            "雨里的茶壶放在窗台上",
            &"ab1-".repeat(32),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn only_the_right_password_verifies() {
        let hashed = hash("right", &[7; 16]).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("right", Some(&hashed)) && !is_outdated(&hashed));
        assert!(!verify("wrong", Some(&hashed)));
        assert!(!verify("right", None));
        assert!(!verify(&"x".repeat(PASSWORD_BYTES_MAX + 1), Some(&hashed)));
    }

    #[test]
    fn a_hash_with_older_parameters_verifies_and_is_known_as_such() {
        let older = Params::new(8 * 1024, 1, 1, None).unwrap();
        let older = Argon2::new(Algorithm::Argon2id, Version::V0x13, older);
        let hashed = older
            .hash_password_with_salt(b"right", &[7; 16])
            .unwrap()
            .to_string();
        assert!(is_outdated(&hashed) && verify("right", Some(&hashed)) && !verify("wrong", Some(&hashed)));
    }
}
