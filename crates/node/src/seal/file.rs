//! The file of data keys: a line of 64 hexadecimal digits each, the newest last; lines that begin with `#` say something to
//! people. A file of 32 bytes, as the first version made it, is one key.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::{Error, KEY_BYTES, Secret, random};

/// Keys in a file at most.
const KEYS_MAX: usize = 16;
const NOTE: &str = "# Data keys of Tillguard. The last one seals, all of them open. Keep it apart from the backups of the store.\n";

/// The keys of a file, oldest first; `None` when there is no file.
pub fn read(path: &Path) -> Result<Option<Vec<Secret>>, Error> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::Key(error.to_string())),
    };
    parse(&bytes).map(Some).map_err(|why| Error::Key(why.into()))
}

fn parse(bytes: &[u8]) -> Result<Vec<Secret>, &'static str> {
    if let Ok(key) = <[u8; KEY_BYTES]>::try_from(bytes) {
        return Ok(vec![Zeroizing::new(key)]);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is neither 32 bytes long nor text")?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(|line| unhex(line).ok_or("a line is no key of 64 hexadecimal digits"));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let is_twice = |(at, key): (usize, &Secret)| keys[..at].contains(key);
    match keys.len() {
        0 => Err("there is no key in it"),
        1..=KEYS_MAX if keys.iter().enumerate().any(is_twice) => Err("a key is in it twice"),
        1..=KEYS_MAX => Ok(keys),
        _ => Err("there are more than 16 keys in it"),
    }
}

fn unhex(line: &str) -> Option<Secret> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if line.len() != 2 * KEY_BYTES || !line.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(line.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Makes a file with a new key that only its owner can read.
pub fn create(path: &Path) -> Result<Secret, Error> {
    let key = Zeroizing::new(random::<KEY_BYTES>()?);
    let mut text = Zeroizing::new(String::with_capacity(NOTE.len() + 2 * KEY_BYTES + 1));
    text.push_str(NOTE);
    for byte in key.iter() {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    let write = || {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error: std::io::Error| Error::Key(error.to_string()))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_their_order_and_a_broken_file_is_refused() {
        let (one, two) = ("07".repeat(32), "Fe".repeat(32));
        let keys = parse(format!("# a note\n{one}\n\n  {two}\r\n").as_bytes()).unwrap();
        assert_eq!(keys.iter().map(|key| key[31]).collect::<Vec<_>>(), [7, 0xfe]);
        assert_eq!(parse(&[9; 32]).unwrap()[0][0], 9);
        for bad in [
            String::new(),
            "# nothing".into(),
            one[..62].into(),
            format!("{one}00"),
            "g".repeat(64),
            format!("{one}\n{one}"),
            format!("{one}\nkey"),
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(&[0xff; 31]).is_err());
    }
}
