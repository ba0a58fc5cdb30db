//! Workbooks.
//!
//! Invariant: what a workbook unpacks to is measured before it is read, and cells are read one by one: how large a sheet says it is
//! counts for nothing.

use std::io::{Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, Xlsx};

use super::archive::{damaged, open};
use super::{Bounded, trouble};
use crate::limit::{UNPACKED_BYTES_MAX, WORKBOOK_BYTES_MAX};
use crate::read::{Error, Trouble};
use crate::row::Row;
use crate::table::{Flow, Tables};

/// Digits of a number that a spreadsheet keeps; of a longer one it has thrown the last away.
const EXACT_DIGITS: f64 = 1e15;
/// What begins the parts that are read row by row; all others are kept while the workbook is read.
const SHEETS: &str = "xl/worksheets/";

/// Text of one cell, or of one tag. No spreadsheet keeps a tenth of it.
const XML_CELL_BYTES_MAX: usize = 1024 * 1024;
/// How much of a tag is looked at for its name.
const TAG_NAME_BYTES_MAX: usize = 32;

/// Shows all sheets of a workbook.
pub fn tables<S: Read + Seek>(mut source: S, tables: &mut dyn Tables) -> Result<(), Error> {
    measure(&mut source)?;
    source.seek(SeekFrom::Start(0)).map_err(trouble)?;
    let mut book = guarded(|| Xlsx::new(source))?;
    let is_1904 = book.has_1904_epoch();
    for name in book.sheet_names() {
        tables.begin(Some(name.clone()), Some(is_1904))?;
        sheet(&mut book, &name, tables)?;
        tables.end()?;
    }
    Ok(())
}

/// The library that reads workbooks is ours to guard: where it stumbles over what nobody foresaw, the workbook is damaged.
fn guarded<T, E>(read: impl FnOnce() -> Result<T, E>) -> Result<T, Trouble> {
    let read = catch_unwind(AssertUnwindSafe(read)).map_err(|_| Trouble::Damaged)?;
    read.map_err(|_| Trouble::Damaged)
}

/// Unpacks everything once, keeping nothing, so that no packed trifle becomes a flood.
fn measure(source: &mut (impl Read + Seek)) -> Result<(), Trouble> {
    let mut archive = open(source)?;
    let (mut left, mut left_kept) = (UNPACKED_BYTES_MAX, WORKBOOK_BYTES_MAX);
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(damaged)?;
        let left = if part.name().map_err(damaged)?.starts_with(SHEETS) {
            &mut left
        } else {
            &mut left_kept
        };
        let unpacked = std::io::copy(&mut Bounded::new(part, *left), &mut Cells::default());
        *left -= unpacked.map_err(trouble)?;
    }
    Ok(())
}

/// Takes XML for nothing but to see that no cell has more text than any cell needs, and no tag more than any tag.
#[derive(Default)]
struct Cells {
    /// Text since the cell, row or shared text began.
    text_bytes: usize,
    /// The tag at hand, if any: its bytes so far, and how it begins.
    tag: Option<(usize, Vec<u8>)>,
}

impl Cells {
    /// Whether a tag begins something whose text is another's no more.
    fn is_another(tag: &[u8]) -> bool {
        let name = tag
            .split(|one| b" \t\r\n/>".contains(one))
            .next()
            .unwrap_or_default();
        let name = name.rsplit(|one| *one == b':').next().unwrap_or_default();
        [&b"c"[..], b"row", b"si"].contains(&name)
    }

    fn check(&self) -> std::io::Result<()> {
        let tag_bytes = self.tag.as_ref().map_or(0, |(bytes, _)| *bytes);
        match self.text_bytes.max(tag_bytes) > XML_CELL_BYTES_MAX {
            true => Err(std::io::ErrorKind::FileTooLarge.into()),
            false => Ok(()),
        }
    }
}

impl Write for Cells {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = if self.tag.is_some() { b'>' } else { b'<' };
            let at = rest.iter().position(|one| *one == end);
            let (piece, after) = rest.split_at(at.unwrap_or(rest.len()));
            match &mut self.tag {
                Some((tag_bytes, begins)) => {
                    *tag_bytes += piece.len();
                    let wanted = TAG_NAME_BYTES_MAX.saturating_sub(begins.len()).min(piece.len());
                    begins.extend_from_slice(&piece[..wanted]);
                }
                None => self.text_bytes += piece.len(),
            }
            self.check()?;
            if at.is_some() {
                self.tag = match self.tag.take() {
                    Some((_, begins)) => {
                        if Self::is_another(&begins) {
                            self.text_bytes = 0;
                        }
                        None
                    }
                    None => Some((0, Vec::new())),
                };
            }
            rest = after.get(1..).unwrap_or_default();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn sheet<S: Read + Seek>(book: &mut Xlsx<S>, name: &str, tables: &mut dyn Tables) -> Result<(), Error> {
    // What is no sheet of cells, such as a chart, has no rows.
    let Ok(mut cells) = guarded(|| book.worksheet_cells_reader(name)) else {
        return Ok(());
    };
    let mut row = Row::default();
    let mut number = None;
    while let Some(cell) = guarded(|| cells.next_cell())? {
        let (at, column) = cell.get_position();
        if matches!(cell.get_value(), DataRef::Empty) {
            continue;
        }
        match number {
            Some(before) if before == at => {}
            Some(before) if at < before => return Err(Trouble::Damaged.into()),
            Some(before) => {
                if tables.row(u64::from(before) + 1, &row)? == Flow::Leave {
                    return Ok(());
                }
                row.clear();
            }
            None => {}
        }
        number = Some(at);
        if (column as usize) < row.len() {
            return Err(Trouble::Damaged.into());
        }
        put(&mut row, column as usize, cell.get_value());
    }
    if let Some(number) = number {
        tables.row(u64::from(number) + 1, &row)?;
    }
    Ok(())
}

fn put(row: &mut Row, column: usize, value: &DataRef<'_>) {
    match value {
        DataRef::Empty => {}
        DataRef::SharedString(text) => row.put(column, text),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            row.put(column, text);
        }
        DataRef::Int(value) => row.put(column, &value.to_string()),
        DataRef::Float(value) => row.put(column, &number(*value)),
        DataRef::Bool(value) => row.put(column, &value.to_string()),
        // A number of days: whoever wants a time of the column reads it as one.
        DataRef::DateTime(at) => row.put(column, &number(at.as_f64())),
        DataRef::Error(_) => row.put(column, "#"),
    }
}

/// A number as text; one that a spreadsheet has rounded is written as it would: `4.2E+27`.
pub fn number(value: f64) -> String {
    match value.abs() >= EXACT_DIGITS {
        true => format!("{value:E}").replace('E', "E+"),
        false => value.to_string(),
    }
}
