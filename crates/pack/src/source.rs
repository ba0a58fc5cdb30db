//! Where a pack that is verified is read from: a folder, or a zip of one.
//!
//! Invariant: nothing is unpacked onto a disk; no name leads out of the pack; what is read is bounded, whatever a zip says of itself.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use zip::ZipArchive;

/// Files in a zip at most: so many proofs, and some more.
const FILES_MAX: usize = crate::write::RECORDS_MAX + 1_000;
/// All files of a zip together at most, bytes.
const BYTES_MAX: u64 = 1 << 30;
/// The end of a zip's directory, where nothing follows it: its length, and its mark.
const END_LEN: i64 = 22;
const END_MARK: &[u8] = b"PK\x05\x06";
/// What it says of how many files there are, where it says that elsewhere.
const MANY: u16 = u16::MAX;

/// A pack that is read.
pub enum Source {
    /// A folder.
    Folder(PathBuf),
    /// A zip.
    Zip(Box<ZipArchive<BufReader<File>>>),
}

impl Source {
    /// Opens one.
    ///
    /// # Errors
    /// It is neither, or no zip that a pack is.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let mut file = File::open(path).with_context(|| path.display().to_string())?;
        let said =
            count_of(&mut file).with_context(|| format!("{} is no folder and no zip", path.display()))?;
        let archive = ZipArchive::new(BufReader::new(file));
        let archive = archive.with_context(|| format!("{} is no zip that can be read", path.display()))?;
        ensure!(archive.len() <= FILES_MAX, "the zip has too many files");
        ensure!(
            said == MANY || usize::from(said) == archive.len(),
            "the zip names a file twice"
        );
        ensure!(archive.offset() == 0, "something stands before the zip");
        Ok(Self::Zip(Box::new(archive)))
    }

    /// The names of all files, one folder deep.
    pub fn names(&mut self) -> anyhow::Result<BTreeSet<String>> {
        match self {
            Self::Folder(folder) => names_of(folder),
            Self::Zip(archive) => {
                let (mut names, mut bytes) = (BTreeSet::new(), 0_u64);
                for at in 0..archive.len() {
                    let file = archive.by_index(at)?;
                    if file.is_dir() {
                        continue;
                    }
                    let name = file.name().context("a name that is no text")?.into_owned();
                    ensure!(is_name(&name), "{name:?} is no name in a pack");
                    ensure!(file.is_file() && !file.encrypted(), "{name} is no file");
                    bytes = bytes.saturating_add(file.size());
                    ensure!(bytes <= BYTES_MAX, "the zip is too large");
                    names.insert(name);
                }
                Ok(names)
            }
        }
    }

    /// Opens a file, and says how long it is.
    ///
    /// # Errors
    /// It is not there.
    pub fn file(&mut self, name: &str) -> anyhow::Result<(Box<dyn Read + '_>, u64)> {
        let missing = || format!("{name} is missing");
        match self {
            Self::Folder(folder) => {
                let file = File::open(folder.join(name)).with_context(missing)?;
                let len = file.metadata()?.len();
                Ok((Box::new(file), len))
            }
            Self::Zip(archive) => {
                let file = archive.by_name(name).with_context(missing)?;
                let len = file.size();
                Ok((Box::new(file.take(len)), len))
            }
        }
    }

    /// The whole of a short text.
    pub fn text(&mut self, name: &str, bytes_max: u64) -> anyhow::Result<String> {
        let (file, len) = self.file(name)?;
        ensure!(len <= bytes_max, "{name} is too long");
        let mut text = String::new();
        file.take(bytes_max + 1)
            .read_to_string(&mut text)
            .with_context(|| format!("{name} is no text"))?;
        Ok(text)
    }
}

/// How many files a zip says that it has, at its very end.
fn count_of(file: &mut File) -> anyhow::Result<u16> {
    file.seek(SeekFrom::End(-END_LEN))?;
    let mut end = [0; END_LEN as usize];
    file.read_exact(&mut end)?;
    file.rewind()?;
    ensure!(end.starts_with(END_MARK), "something stands behind the zip");
    Ok(u16::from_le_bytes([end[10], end[11]]))
}

/// Whether a name leads nowhere but into the pack: letters, digits, dots, hyphens and underscores, one folder deep.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_sign = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(is_sign)
    };
    name.split('/').count() <= 2 && name.split('/').all(is_part)
}

fn names_of(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name = name.ok().context("a file whose name is no text")?;
        if !entry.file_type()?.is_dir() {
            ensure!(entry.file_type()?.is_file(), "{name} is no file");
            names.insert(name);
            continue;
        }
        for inner in std::fs::read_dir(entry.path())? {
            let inner = inner?;
            let inner_name = inner.file_name().into_string();
            let inner_name = inner_name.ok().context("a file whose name is no text")?;
            ensure!(inner.file_type()?.is_file(), "{name}/{inner_name} is no file");
            names.insert(format!("{name}/{inner_name}"));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in [
            "audit.jsonl",
            "proofs/0.tlog-proof",
            "SHA256SUMS",
            "attachments/F1.pdf",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", ".", "..", "../a", "a/../b", "/a", "a/b/c", "a\\b", "a b", "a/", ".hidden", "a/.b", "C:a",
            "回执",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
