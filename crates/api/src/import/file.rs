//! Files that come in as tables: XLSX and CSV, as spreadsheets of whichever country save them.
//!
//! Invariant: what a file unpacks to is bounded before it is looked at, and so is what is kept of it; how large it says it is
//! counts for nothing.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};
use domain::import::{LINES_MAX, Trouble};

/// All that an XLSX may unpack to. A table of 50,000 lines and thirty columns takes a third of it.
const UNPACKED_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Files within an XLSX.
const ENTRIES_MAX: usize = 2_000;
/// Text of all cells together.
const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Columns that are looked at.
const COLUMNS_MAX: usize = 100;
/// Rows that are looked at, empty ones and a heading's among them.
const ROWS_MAX: usize = LINES_MAX + 100;
/// What is kept of a cell, in characters: more than any column takes, so that what is too long is told.
const CELL_CHARS_MAX: usize = 1_000;
/// Digits of a number that a spreadsheet keeps; of a longer one it has thrown the last away.
const EXACT_DIGITS: f64 = 1e15;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text, or what is as good.
    Text(String),
    /// A number with more digits than a spreadsheet keeps.
    Rounded,
    /// What a formula came to that failed.
    Broken,
}

impl Cell {
    fn text(text: &str) -> Self {
        match text.trim() {
            "" => Self::Empty,
            text => Self::Text(text.chars().take(CELL_CHARS_MAX).collect()),
        }
    }
}

/// A row that is not empty: its number in the file, from 1, and its cells from the first column on.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number.
    pub number: i64,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// The rows of a file that are not empty.
pub fn rows(bytes: &[u8]) -> Result<Vec<Row>, Trouble> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => of_xlsx(bytes),
        // What spreadsheets wrote before XLSX, and what is under a password.
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Err(Trouble::NotATable),
        _ => of_csv(&decoded(bytes)?),
    }
}

/// What is kept of a file while it is read.
#[derive(Default)]
struct Kept {
    rows: Vec<Row>,
    text_bytes: usize,
}

impl Kept {
    /// Puts a cell where it stands; rows come one after the other, and so do the cells of one.
    fn put(&mut self, row: usize, column: usize, cell: Cell) -> Result<(), Trouble> {
        let text_bytes = match &cell {
            Cell::Empty => return Ok(()),
            _ if column >= COLUMNS_MAX => return Ok(()),
            Cell::Text(text) => text.len(),
            Cell::Rounded | Cell::Broken => 0,
        };
        if row >= ROWS_MAX {
            return Err(Trouble::TooManyLines);
        }
        self.text_bytes += text_bytes;
        if self.text_bytes > TEXT_BYTES_MAX {
            return Err(Trouble::TooLarge);
        }
        let number = row as i64 + 1;
        if self.rows.last().is_none_or(|last| last.number < number) {
            let cells = Vec::new();
            self.rows.push(Row { number, cells });
        }
        let Some(last) = self.rows.last_mut().filter(|last| last.number == number) else {
            return Err(Trouble::NotATable);
        };
        if last.cells.len() <= column {
            last.cells.resize(column + 1, Cell::Empty);
        }
        last.cells[column] = cell;
        Ok(())
    }
}

fn of_xlsx(bytes: &[u8]) -> Result<Vec<Row>, Trouble> {
    measure(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| Trouble::NotATable)?;
    let name = book.sheet_names().first().cloned().ok_or(Trouble::Empty)?;
    // A range of cells would be as large as the farthest cell says; this reads those that there are.
    let mut cells = book
        .worksheet_cells_reader(&name)
        .map_err(|_| Trouble::NotATable)?;
    let mut kept = Kept::default();
    while let Some(cell) = cells.next_cell().map_err(|_| Trouble::NotATable)? {
        let (row, column) = cell.get_position();
        kept.put(row as usize, column as usize, of_xlsx_cell(cell.get_value()))?;
    }
    Ok(kept.rows)
}

/// Unpacks everything once, keeping nothing, so that no packed trifle becomes a flood.
fn measure(bytes: &[u8]) -> Result<(), Trouble> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| Trouble::NotATable)?;
    if archive.len() > ENTRIES_MAX {
        return Err(Trouble::TooLarge);
    }
    let mut left = UNPACKED_BYTES_MAX;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|_| Trouble::NotATable)?;
        let unpacked = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink());
        let unpacked = unpacked.map_err(|_| Trouble::NotATable)?;
        left = left.checked_sub(unpacked).ok_or(Trouble::TooLarge)?;
    }
    Ok(())
}

fn of_xlsx_cell(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::SharedString(text) => Cell::text(text),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text),
        DataRef::Int(number) => Cell::text(&number.to_string()),
        DataRef::Float(number) if number.abs() >= EXACT_DIGITS => Cell::Rounded,
        DataRef::Float(number) => Cell::text(&number.to_string()),
        DataRef::Bool(value) => Cell::text(&value.to_string()),
        DataRef::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            Cell::text(&format!("{year:04}-{month:02}-{day:02}"))
        }
        DataRef::Error(_) => Cell::Broken,
    }
}

/// The text of a file: UTF-8; what a spreadsheet calls Unicode text; else what a Chinese spreadsheet saves, GB 18030.
fn decoded(bytes: &[u8]) -> Result<String, Trouble> {
    let (encoding, bytes) = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, bytes.get(length..).unwrap_or_default()),
        None if std::str::from_utf8(bytes).is_ok() => (encoding_rs::UTF_8, bytes),
        None => (encoding_rs::GB18030, bytes),
    };
    let (text, was_wrong) = encoding.decode_without_bom_handling(bytes);
    match was_wrong || text.contains('\0') {
        true => Err(Trouble::NotATable),
        false => Ok(text.into_owned()),
    }
}

fn of_csv(text: &str) -> Result<Vec<Row>, Trouble> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut kept = Kept::default();
    for record in reader.records() {
        let record = record.map_err(|_| Trouble::NotATable)?;
        let row = record.position().map_or(0, |at| row_at(text, at));
        for (column, cell) in record.iter().enumerate() {
            kept.put(row, column, Cell::text(crate::sheet::unguarded(cell)))?;
        }
    }
    Ok(kept.rows)
}

/// The row where a record begins, from 0: a text with line ends in it takes several, and empty ones before it are counted with it.
fn row_at(text: &str, at: &csv::Position) -> usize {
    let rest = usize::try_from(at.byte())
        .ok()
        .and_then(|byte| text.as_bytes().get(byte..));
    let ends = rest
        .unwrap_or_default()
        .iter()
        .take_while(|byte| b"\r\n".contains(byte));
    let skipped = ends.filter(|byte| **byte == b'\n').count();
    usize::try_from(at.line()).map_or(usize::MAX, |line| line.saturating_sub(1) + skipped)
}

/// What stands between the cells: of those that spreadsheets write, the one that the first line has most.
fn delimiter(text: &str) -> u8 {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let count = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
    [b';', b'\t', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[Row]) -> Vec<(i64, Vec<&str>)> {
        let text = |cell: &'_ Cell| match cell {
            Cell::Empty => "",
            Cell::Text(text) => Box::leak(text.clone().into_boxed_str()),
            Cell::Rounded => "#rounded",
            Cell::Broken => "#broken",
        };
        rows.iter()
            .map(|row| (row.number, row.cells.iter().map(text).collect()))
            .collect()
    }

    #[test]
    fn a_csv_is_read_as_spreadsheets_of_any_country_save_it() {
        let text = "终端号,序列号\n\nT1,'+1\n\"T\n2\",b\n";
        let (chinese, ..) = encoding_rs::GB18030.encode(text);
        let mut unicode = vec![0xFF, 0xFE];
        let tabs = text.replace(',', "\t");
        unicode.extend(tabs.encode_utf16().flat_map(u16::to_le_bytes));
        let marked = format!("\u{feff}{}", text.replace(',', ";"));
        for bytes in [text.as_bytes(), &chinese, &unicode, marked.as_bytes()] {
            let rows = rows(bytes).unwrap();
            assert_eq!(
                texts(&rows),
                [
                    (1, vec!["终端号", "序列号"]),
                    (3, vec!["T1", "+1"]),
                    (4, vec!["T\n2", "b"])
                ]
            );
        }
    }

    fn xlsx(write: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut book = rust_xlsxwriter::Workbook::new();
        write(book.add_worksheet());
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn a_spreadsheets_numbers_and_days_are_what_people_see() {
        let bytes = xlsx(|sheet| {
            let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
            sheet.write_string(0, 1, "终端号").unwrap();
            sheet.write_number(2, 0, 30_501_101.0).unwrap();
            sheet.write_number(2, 1, 6_222_020_200_112_233_445.0).unwrap();
            sheet.write_number_with_format(2, 2, 46_348.0, &day).unwrap();
            sheet.write_string(2, 3, " YZ 9 ").unwrap();
        });
        assert_eq!(
            texts(&rows(&bytes).unwrap()),
            [
                (1, vec!["", "终端号"]),
                (3, vec!["30501101", "#rounded", "2026-11-22", "YZ 9"])
            ]
        );
    }

    #[test]
    fn what_is_no_table_and_what_is_too_much_is_told_apart() {
        assert_eq!(rows(b"\xD0\xCF\x11\xE0 old").unwrap_err(), Trouble::NotATable);
        assert_eq!(rows(b"PK\x03\x04 nothing").unwrap_err(), Trouble::NotATable);
        assert_eq!(rows(b"a,\0,b").unwrap_err(), Trouble::NotATable);
        let many = "x\n".repeat(ROWS_MAX + 1);
        assert_eq!(rows(many.as_bytes()).unwrap_err(), Trouble::TooManyLines);
        // One cell far away makes no large table.
        let far = |column| {
            xlsx(|sheet| {
                sheet.write_string(1_048_575, column, "x").unwrap();
            })
        };
        assert!(rows(&far(16_383)).unwrap().is_empty());
        let far = far(0);
        assert_eq!(rows(&far).unwrap_err(), Trouble::TooManyLines);
    }

    #[test]
    fn a_packed_trifle_does_not_become_a_flood() {
        use std::io::Write;
        let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        bomb.start_file("xl/worksheets/sheet1.xml", options).unwrap();
        let zeros = vec![b' '; 1 << 20];
        for _ in 0..=(UNPACKED_BYTES_MAX >> 20) {
            bomb.write_all(&zeros).unwrap();
        }
        let bytes = bomb.finish().unwrap().into_inner();
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
        assert_eq!(rows(&bytes).unwrap_err(), Trouble::TooLarge);
        // The same long text in every cell is one in the file.
        let long = "长".repeat(CELL_CHARS_MAX);
        let text = xlsx(|sheet| {
            for row in 0..30_000 {
                sheet.write_string(row, 0, &long).unwrap();
            }
        });
        assert_eq!(rows(&text).unwrap_err(), Trouble::TooLarge);
    }
}
