//! Zip archives: a workbook is one; wallets pack their bills into one.
//!
//! Invariant: a member is read, never written: its name is only shown, without folders.

use std::io::{Read, Seek};

use encoding_rs::{Encoding, GB18030};
use zip::ZipArchive;
use zip::result::ZipError;

use super::{Again, Bounded, Shape, fill, packed, text, trouble, whole, xlsx};
use crate::limit::{ENTRIES_MAX, UNPACKED_BYTES_MAX, WORKBOOK_BYTES_MAX};
use crate::read::{Error, Trouble};
use crate::table::Tables;

/// What makes a zip a workbook.
const WORKBOOK: &str = "xl/workbook.xml";
/// What names of summaries have in them.
const SUMMARY: &str = "(汇总)";
/// What is shown of a name, in characters.
const NAME_CHARS_MAX: usize = 120;

/// What an error of an archive means.
pub fn damaged(error: ZipError) -> Trouble {
    match error {
        ZipError::Io(error) => trouble(error),
        ZipError::InvalidPassword => Trouble::Encrypted,
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Trouble::Encrypted,
        _ => Trouble::Damaged,
    }
}

/// Opens an archive.
pub fn open<S: Read + Seek>(source: S) -> Result<ZipArchive<S>, Trouble> {
    let archive = ZipArchive::new(source).map_err(damaged)?;
    match archive.len() > ENTRIES_MAX {
        true => Err(Trouble::TooLarge),
        false => Ok(archive),
    }
}

/// Whether it is a workbook.
pub fn is_workbook<S: Read + Seek>(source: S) -> Result<bool, Trouble> {
    Ok(open(source)?.index_for_name(WORKBOOK).is_some())
}

/// A member.
struct Member<'a, S> {
    archive: &'a mut ZipArchive<S>,
    at: usize,
    left: u64,
}

impl<S: Read + Seek> Again for Member<'_, S> {
    fn again(&mut self) -> Result<Box<dyn Read + '_>, Trouble> {
        let file = self.archive.by_index(self.at).map_err(damaged)?;
        Ok(Box::new(Bounded::new(file, self.left)))
    }
}

/// Shows the tables of a workbook, or of all members.
pub fn tables<S: Read + Seek>(
    source: S,
    encoding: Option<&'static Encoding>,
    tables: &mut dyn Tables,
) -> Result<(), Error> {
    let mut archive = open(source)?;
    if archive.index_for_name(WORKBOOK).is_some() {
        return xlsx::tables(archive.into_inner(), tables);
    }
    let mut left = UNPACKED_BYTES_MAX;
    for at in 0..archive.len() {
        let raw = archive.by_index_raw(at).map_err(damaged)?;
        let name = name(raw.name_raw());
        let is_encrypted = raw.encrypted();
        if raw.is_dir() || name.contains(SUMMARY) || name.starts_with("._") {
            continue;
        }
        drop(raw);
        if is_encrypted {
            return Err(Trouble::Encrypted.into());
        }
        let mut member = Member {
            archive: &mut archive,
            at,
            left,
        };
        left = left.saturating_sub(measure(&mut member)?);
        member_tables(&mut member, name, encoding, tables)?;
    }
    Ok(())
}

/// Unpacks a member once, keeping nothing.
fn measure<S: Read + Seek>(member: &mut Member<'_, S>) -> Result<u64, Trouble> {
    std::io::copy(&mut member.again()?, &mut std::io::sink()).map_err(trouble)
}

fn member_tables<S: Read + Seek>(
    member: &mut Member<'_, S>,
    name: String,
    encoding: Option<&'static Encoding>,
    tables: &mut dyn Tables,
) -> Result<(), Error> {
    let mut head = [0; 8];
    let filled = fill(&mut member.again()?, &mut head)?;
    match Shape::of(&head[..filled]) {
        Shape::Text => text::table(member, Some(name), encoding, tables),
        shape => packed(shape, &whole(&mut member.again()?, WORKBOOK_BYTES_MAX)?, tables),
    }
}

/// A member's name: UTF-8, or else GB 18030, whatever the flag says; without folders, and without what would move a cursor.
fn name(raw: &[u8]) -> String {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    };
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = last.chars().filter(|one| !one.is_control());
    let plain: String = shown.take(NAME_CHARS_MAX).collect();
    plain.replace('（', "(").replace('）', ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_name_is_shown_without_folders_and_in_its_own_letters() {
        let (gbk, ..) = GB18030.encode("../../etc\\2088_业务明细(汇总).csv");
        assert_eq!(name(&gbk), "2088_业务明细(汇总).csv");
        assert_eq!(name("a/业务明细（汇总）.csv".as_bytes()), "业务明细(汇总).csv");
        assert_eq!(name(b"/etc/\x1b[2Jx.csv"), "[2Jx.csv");
    }
}
