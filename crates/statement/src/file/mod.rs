//! Files: what they are, and their tables.
//!
//! Invariant: what a file is, its content says; what it unpacks to is bounded as it is read, and nothing of it is written anywhere.

mod archive;
mod html;
mod text;
mod xls;
mod xlsx;

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use encoding_rs::Encoding;
use flate2::read::MultiGzDecoder;

use crate::limit::{FILE_BYTES_MAX, UNPACKED_BYTES_MAX, WORKBOOK_BYTES_MAX};
use crate::read::{Error, Trouble};
use crate::table::Tables;

/// What a file begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A zip: a workbook, or an archive.
    Zip,
    Gzip,
    /// A compound file: an old workbook, or an encrypted one.
    Compound,
    /// Anything else.
    Text,
}

impl Shape {
    fn of(head: &[u8]) -> Self {
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0xD0, 0xCF, 0x11, 0xE0, ..] => Self::Compound,
            _ => Self::Text,
        }
    }
}

/// What can be read from its beginning again.
trait Again {
    /// From its beginning.
    fn again(&mut self) -> Result<Box<dyn Read + '_>, Trouble>;
}

/// A text as it is.
struct Plain<S>(S);

impl<S: Read + Seek> Again for Plain<S> {
    fn again(&mut self) -> Result<Box<dyn Read + '_>, Trouble> {
        self.0.seek(SeekFrom::Start(0)).map_err(trouble)?;
        Ok(Box::new(&mut self.0))
    }
}

/// What gzip packed.
struct Gzip<S>(S);

impl<S: Read + Seek> Again for Gzip<S> {
    fn again(&mut self) -> Result<Box<dyn Read + '_>, Trouble> {
        self.0.seek(SeekFrom::Start(0)).map_err(trouble)?;
        Ok(Box::new(Bounded::new(
            MultiGzDecoder::new(&mut self.0),
            UNPACKED_BYTES_MAX,
        )))
    }
}

/// A reader that ends with an error where it has more to give than is read.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Bounded<R> {
    const fn new(inner: R, left: u64) -> Self {
        Self { inner, left }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

/// What an error of reading means: what unpacks wrongly is damaged.
fn trouble(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Trouble::TooLarge,
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::Other => Trouble::Damaged,
        kind => Trouble::Io(kind),
    }
}

/// Reads some bytes, fewer at the end.
fn fill(from: &mut dyn Read, into: &mut [u8]) -> Result<usize, Trouble> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(trouble(error)),
        }
    }
    Ok(filled)
}

/// The bytes of something, no more than so many.
fn whole(from: &mut dyn Read, bytes_max: u64) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    let read = from
        .take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(trouble)?;
    match read as u64 > bytes_max {
        true => Err(Trouble::TooLarge),
        false => Ok(bytes),
    }
}

/// Shows all tables of a file.
pub fn tables<S: Read + Seek>(
    mut source: S,
    encoding: Option<&'static Encoding>,
    tables: &mut dyn Tables,
) -> Result<(), Error> {
    let length = source.seek(SeekFrom::End(0)).map_err(trouble)?;
    if length > FILE_BYTES_MAX {
        return Err(Trouble::TooLarge.into());
    }
    source.seek(SeekFrom::Start(0)).map_err(trouble)?;
    let mut head = [0; 8];
    let filled = fill(&mut source, &mut head)?;
    source.seek(SeekFrom::Start(0)).map_err(trouble)?;
    match Shape::of(&head[..filled]) {
        Shape::Zip => archive::tables(source, encoding, tables),
        Shape::Compound => xls::tables(&whole(&mut source, WORKBOOK_BYTES_MAX)?, tables),
        Shape::Gzip => of_gzip(Gzip(source), encoding, tables),
        Shape::Text => text::table(&mut Plain(source), None, encoding, tables),
    }
}

fn of_gzip<S: Read + Seek>(
    mut gzip: Gzip<S>,
    encoding: Option<&'static Encoding>,
    tables: &mut dyn Tables,
) -> Result<(), Error> {
    let mut head = [0; 8];
    let filled = fill(&mut gzip.again()?, &mut head)?;
    match Shape::of(&head[..filled]) {
        Shape::Text => text::table(&mut gzip, None, encoding, tables),
        shape => packed(shape, &whole(&mut gzip.again()?, WORKBOOK_BYTES_MAX)?, tables),
    }
}

/// Shows the tables of a workbook that was packed; an archive in there stays closed.
fn packed(shape: Shape, bytes: &[u8], tables: &mut dyn Tables) -> Result<(), Error> {
    match shape {
        Shape::Compound => xls::tables(bytes, tables),
        Shape::Zip if archive::is_workbook(Cursor::new(bytes))? => xlsx::tables(Cursor::new(bytes), tables),
        _ => Err(Trouble::Nested.into()),
    }
}
