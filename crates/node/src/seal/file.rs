//! The text of data keys, in a file or elsewhere: a line of 64 hexadecimal digits each, the newest last; lines that begin with `#` say
//! something to people. Instead of the digits may stand what a token made of the key: `pkcs11:`, the key's identifier, `:`, and as
//! many digits as that takes. A file of 32 bytes, as the first version made it, is one key.
//!
//! Invariant: no error says anything of a key.

use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use domain::hex;
use zeroize::Zeroizing;

use super::token::{Name, Wrapped};
use super::{ID_BYTES, KEY_BYTES, Secret};
use crate::file;

/// Keys in a file at most.
const KEYS_MAX: usize = 16;
/// A file of that many keys with what people may have written beside them.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// What a token may make of a key, in bytes.
const WRAPPED_BYTES_MAX: usize = 1024;
/// How the line of a wrapped key begins.
const WRAPPED: &str = "pkcs11:";
const NOTE: &str = "# Data keys of Tillguard. The last one seals, all of them open. Keep it apart from the backups of the store.\n";
const WRAPPED_NOTE: &str = "# Data keys of Tillguard, each wrapped by a key that is in a token. The last one seals, all of them open.\n";

/// What a text of data keys holds, oldest first.
pub enum Found {
    /// Keys as they are.
    Plain(Vec<Secret>),
    /// Keys that a token unwraps.
    Wrapped(Vec<Wrapped>),
}

/// The keys of a file; `None` when there is no file. An error says what the file does, to be read after its name.
pub fn read(path: &Path) -> Result<Option<Found>, String> {
    Ok(match read_text(path)? {
        Some(bytes) => Some(parse_file(&bytes)?),
        None => None,
    })
}

fn read_text(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let unread = |error: std::io::Error| format!("cannot be read: {error}");
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unread(error)),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unread)?;
    match bytes.len() as u64 {
        0..=FILE_BYTES_MAX => Ok(Some(bytes)),
        _ => Err("is larger than 64 KiB".into()),
    }
}

fn parse_file(bytes: &[u8]) -> Result<Found, &'static str> {
    if let Ok(key) = <[u8; KEY_BYTES]>::try_from(bytes) {
        return Ok(Found::Plain(vec![Zeroizing::new(key)]));
    }
    parse(std::str::from_utf8(bytes).map_err(|_| "is neither 32 bytes long nor text")?)
}

/// The keys of a text; what cannot hold lines may have commas between them.
pub fn parse(text: &str) -> Result<Found, &'static str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let keys = lines.flat_map(|line| line.split(',')).map(str::trim);
    let keys: Vec<&str> = keys.filter(|key| !key.is_empty()).collect();
    match keys.len() {
        0 => return Err("has no key in it"),
        1..=KEYS_MAX => {}
        _ => return Err("has more than 16 keys in it"),
    }
    match keys.iter().filter(|key| key.starts_with(WRAPPED)).count() {
        0 => parse_each(&keys, unhex, "has a line that is no key of 64 hexadecimal digits").map(Found::Plain),
        wrapped if wrapped == keys.len() => {
            parse_each(&keys, parse_wrapped, "has a line that is no wrapped key").map(Found::Wrapped)
        }
        _ => Err("has plain keys beside wrapped ones"),
    }
}

fn parse_each<T: PartialEq>(
    keys: &[&str],
    parse: fn(&str) -> Option<T>,
    why: &'static str,
) -> Result<Vec<T>, &'static str> {
    let keys: Option<Vec<T>> = keys.iter().map(|key| parse(key)).collect();
    let keys = keys.ok_or(why)?;
    match (1..keys.len()).any(|at| keys[..at].contains(&keys[at])) {
        true => Err("has a key in it twice"),
        false => Ok(keys),
    }
}

fn unhex(digits: &str) -> Option<Secret> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    hex::into(digits, &mut *key)?;
    Some(key)
}

fn parse_wrapped(line: &str) -> Option<Wrapped> {
    let (name, digits) = line.strip_prefix(WRAPPED)?.split_once(':')?;
    let mut key: [u8; ID_BYTES] = [0; ID_BYTES];
    hex::into(name, &mut key)?;
    if digits.is_empty() || digits.len() > 2 * WRAPPED_BYTES_MAX {
        return None;
    }
    let mut bytes = vec![0; digits.len() / 2];
    hex::into(digits, &mut bytes)?;
    Some(Wrapped {
        key: Name(key),
        bytes,
    })
}

/// Makes a file with a new key that only its owner can read.
pub fn create(path: &Path, key: &Secret) -> Result<(), String> {
    let mut text = Zeroizing::new(String::with_capacity(NOTE.len() + 2 * KEY_BYTES + 1));
    text.push_str(NOTE);
    hex::push(&mut text, &**key);
    text.push('\n');
    write_new(path, &text)
}

/// Makes a file of wrapped keys.
pub fn create_wrapped(path: &Path, keys: &[Wrapped]) -> Result<(), String> {
    let lines = keys.iter().map(|key| line(key) + "\n");
    write_new(path, &(WRAPPED_NOTE.to_owned() + &lines.collect::<String>()))
}

/// Puts a wrapped key directly before the last one of a file, which goes on sealing.
pub fn add_wrapped(path: &Path, key: &Wrapped) -> Result<(), String> {
    let text = read_text(path)?.ok_or("is gone")?;
    let text = std::str::from_utf8(&text).map_err(|_| "is no text")?;
    let mut lines: Vec<&str> = text.lines().collect();
    let is_key = |line: &&str| line.trim().starts_with(WRAPPED);
    let last = lines.iter().rposition(is_key).ok_or("has no key in it")?;
    let line = line(key);
    lines.insert(last, &line);
    let text = lines.join("\n") + "\n";
    parse(&text)?;
    write_over(path, &text).map_err(|error| format!("cannot be written: {error}"))
}

/// Writes over a file, whole or not at all. A link to it stays one, and who may read it may go on.
fn write_over(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize()?;
    let mode = path.metadata()?.permissions().mode() & 0o777;
    file::replace(&path, text.as_bytes(), Some(mode))
}

fn line(wrapped: &Wrapped) -> String {
    let mut line = format!("{WRAPPED}{}:", wrapped.key);
    hex::push(&mut line, &wrapped.bytes);
    line
}

/// Makes a file that only its owner can read.
fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let written = file::create(path, text.as_bytes(), Some(0o600));
    written.map_err(|error| format!("cannot be made: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(bytes: &[u8]) -> Vec<Secret> {
        match parse_file(bytes) {
            Ok(Found::Plain(keys)) => keys,
            Ok(Found::Wrapped(_)) => panic!("wrapped"),
            Err(why) => panic!("{why}"),
        }
    }

    fn wrapped(byte: u8) -> Wrapped {
        Wrapped {
            key: Name([byte; ID_BYTES]),
            bytes: vec![byte; 60],
        }
    }

    #[test]
    fn keys_are_read_in_their_order_and_a_broken_file_is_refused() {
        let (one, two) = ("07".repeat(32), "Fe".repeat(32));
        for text in [
            format!("# a note, and more\n{one}\n\n  {two}\r\n"),
            format!("{one},{two}"),
            format!(" {one} , {two},\n"),
        ] {
            let keys = plain(text.as_bytes());
            assert_eq!(keys.iter().map(|key| key[31]).collect::<Vec<_>>(), [7, 0xfe]);
        }
        assert_eq!(plain(&[9; 32])[0][0], 9);
        for bad in [
            String::new(),
            ",\n,".into(),
            "# nothing".into(),
            one[..62].into(),
            format!("{one}00"),
            "g".repeat(64),
            format!("{one}\n{one}"),
            format!("{one}\nkey"),
            format!("{one}\n{}", line(&wrapped(1))),
        ] {
            assert!(parse_file(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse_file(&[0xff; 31]).is_err());
        // Half a key is no key, though it is 32 bytes long: that is for files of the first version alone.
        assert!(parse(&"0".repeat(32)).is_err());
    }

    #[test]
    fn wrapped_keys_are_read_as_they_were_written_and_a_broken_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.key");
        create_wrapped(&path, &[wrapped(1), wrapped(2)]).unwrap();
        assert!(
            create_wrapped(&path, &[wrapped(3)]).is_err(),
            "it wrote over keys"
        );
        add_wrapped(&path, &wrapped(3)).unwrap();
        let Ok(Some(Found::Wrapped(keys))) = read(&path) else {
            panic!("not wrapped")
        };
        assert!(keys == [wrapped(1), wrapped(3), wrapped(2)]);
        assert!(add_wrapped(&path, &wrapped(2)).is_err(), "a key twice");
        for bad in [
            "pkcs11:",
            "pkcs11:01010101",
            "pkcs11:01010101:",
            "pkcs11:01010101:0",
            "pkcs11:010101:00",
            "pkcs11:0101010g:00",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&format!("pkcs11:01010101:{}", "0".repeat(2 * 1025))).is_err());
    }

    #[test]
    fn a_key_is_added_where_a_link_leads_for_whom_it_was_and_beside_what_is_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (path, link, theirs) = (at("mounted.key"), at("data.key"), at("data.new"));
        create_wrapped(&path, &[wrapped(1)]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for other in [&theirs, &at("mounted.new")] {
            std::fs::write(other, "somebody's").unwrap();
        }
        add_wrapped(&link, &wrapped(2)).unwrap();
        assert!(link.is_symlink(), "the link is gone");
        assert!(matches!(read(&path), Ok(Some(Found::Wrapped(keys))) if keys.len() == 2));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_file_without_an_end_is_not_read_to_it() {
        assert!(
            read(Path::new("/dev/zero"))
                .err()
                .unwrap()
                .contains("larger than")
        );
    }
}
