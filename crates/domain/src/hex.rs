//! Bytes as hexadecimal digits, two of them a byte, the high half first.
//!
//! Invariant: what is read is digits and nothing else, so that no two texts but for capitals say the same.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes in small digits.
pub fn of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push(&mut text, bytes);
    text
}

/// The same, put behind a text; where its capacity is enough, no copy of a secret stays elsewhere.
pub fn push(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(half)]));
        }
    }
}

/// What digits say, small or large; `None` where one is missing, or something else stands there.
pub fn read(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; digits.len() / 2];
    into(digits, &mut bytes)?;
    Some(bytes)
}

/// The same, exactly as many bytes as there is room for.
pub fn into(digits: &str, bytes: &mut [u8]) -> Option<()> {
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = half(pair[0])? << 4 | half(pair[1])?;
    }
    Some(())
}

fn half(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        let all: Vec<u8> = (0..=255).collect();
        let text = of(&all);
        assert_eq!((&text[..6], &text[508..]), ("000102", "feff"));
        assert_eq!(read(&text), Some(all.clone()));
        assert_eq!(read(&text.to_uppercase()), Some(all));
        assert_eq!(read(""), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_digits_is_not_read() {
        for wrong in ["0", "0g", "+1", "-1", " 1", "1 ", "0x", "é", "00 ", "０１"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(into("0000", &mut [0; 1]), None);
        assert_eq!(into("00", &mut [0; 2]), None);
    }
}
