//! Session tokens: 32 random bytes, written in base64url without padding (RFC 4648, section 5).

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use node::seal;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Characters of a written token.
const CHARS: usize = 43;

/// A session's token. Never logged; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub(super) [u8; 32]);

impl Token {
    /// A new one.
    pub fn random() -> Result<Self, seal::Error> {
        seal::random().map(Self)
    }

    /// Reads a written token; there is one way to write each.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != CHARS {
            return None;
        }
        let mut bytes = [0_u8; 32];
        let (mut bits, mut len, mut at) = (0_u32, 0, 0);
        for char in text.bytes() {
            let value = ALPHABET.iter().position(|known| *known == char)?;
            bits = bits << 6 | u32::try_from(value).ok()?;
            len += 6;
            if len >= 8 {
                len -= 8;
                bytes[at] = (bits >> len) as u8;
                bits &= (1 << len) - 1;
                at += 1;
            }
        }
        (bits == 0).then_some(Self(bytes))
    }

    /// Whether it is the other one; takes as long whatever they have in common.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// What the store keeps.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for three in self.0.chunks(3) {
            let word = three
                .iter()
                .fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
                << (8 * (3 - three.len()));
            for at in 0..=three.len() {
                let value = word >> (18 - 6 * at) & 63;
                write!(f, "{}", char::from(ALPHABET[value as usize]))?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_token_is_read_back() {
        for byte in [0, 1, 0x5a, 0xff] {
            let token = Token([byte; 32]);
            assert_eq!(Token::parse(&token.to_string()), Some(token));
        }
        // Known answer: 32 bytes of 0xff.
        assert_eq!(Token([0xff; 32]).to_string(), format!("{}8", "_".repeat(42)));
        let token = Token::random().unwrap();
        assert_eq!(Token::parse(&token.to_string()), Some(token));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for bad in [
            "",
            "A",
            &"A".repeat(42),
            &"A".repeat(44),
            &"=".repeat(43),
            &"令".repeat(43),
            &format!("{}B", "A".repeat(42)),
        ] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }
}
