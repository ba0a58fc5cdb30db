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
    fn only_the_right_password_verifies() {
        let hashed = hash("right", &[7; 16]).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("right", Some(&hashed)));
        assert!(!verify("wrong", Some(&hashed)));
        assert!(!verify("right", None));
        assert!(!verify(&"x".repeat(PASSWORD_BYTES_MAX + 1), Some(&hashed)));
    }
}
