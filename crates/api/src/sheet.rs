//! Lists that leave as tables and come back: CSV and XLSX.
//!
//! Invariant: a cell is text and never a formula, whoever wrote it and whichever program opens it.

use app::case::Imported;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::input::said;

use super::problem::{Code, Problem, Why};

/// Rows of an export at most; more have to be asked for with a filter.
pub const ROWS_MAX: usize = 10_000;
/// Lines of an import at most.
pub const LINES_MAX: usize = 1_000;
/// What spreadsheets take for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// Says to a spreadsheet that the text is UTF-8.
const MARK: &str = "\u{feff}";

/// As what a list leaves.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text, a line a row, with a byte order mark, so that spreadsheets read Chinese right.
    #[default]
    Csv,
    /// A spreadsheet.
    Xlsx,
}

/// The media type of [`Format::Xlsx`].
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A table.
pub struct Sheet {
    /// Its name, and the file's.
    pub name: &'static str,
    /// What stands above the columns.
    pub columns: Vec<&'static str>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// The table as a file to keep.
    pub fn answer(&self, format: Format) -> Result<Response, Problem> {
        let (bytes, media_type, end) = match format {
            Format::Csv => (self.csv()?, "text/csv; charset=utf-8", "csv"),
            Format::Xlsx => (self.xlsx()?, XLSX, "xlsx"),
        };
        let disposition = format!("attachment; filename=\"{}.{end}\"", self.name);
        let disposition = HeaderValue::from_str(&disposition).map_err(|error| Problem::internal(&error))?;
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        Ok((headers, bytes).into_response())
    }

    /// It as text, a line a row.
    pub fn csv(&self) -> Result<Vec<u8>, Problem> {
        let mut writer = csv::Writer::from_writer(MARK.as_bytes().to_vec());
        let write = |writer: &mut csv::Writer<Vec<u8>>| {
            writer.write_record(&self.columns)?;
            for row in &self.rows {
                writer.write_record(row.iter().map(|cell| guarded(cell)))?;
            }
            Ok::<_, csv::Error>(())
        };
        write(&mut writer).map_err(|error| Problem::internal(&error))?;
        writer
            .into_inner()
            .map_err(|error| Problem::internal(&error.error()))
    }

    fn xlsx(&self) -> Result<Vec<u8>, Problem> {
        let mut book = rust_xlsxwriter::Workbook::new();
        let write = |book: &mut rust_xlsxwriter::Workbook| {
            let sheet = book.add_worksheet().set_name(self.name)?;
            let header = self.columns.iter().map(|column| (*column).to_owned()).collect();
            for (line, row) in (0..).zip(std::iter::once(&header).chain(&self.rows)) {
                for (column, cell) in (0..).zip(row) {
                    sheet.write_string(line, column, cell)?;
                }
            }
            book.save_to_buffer()
        };
        write(&mut book).map_err(|error| Problem::internal(&error))
    }
}

fn guarded(cell: &str) -> String {
    match cell.starts_with(FORMULA) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

/// A cell without the quote that kept it from being a formula.
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) => rest,
        _ => cell,
    }
}

/// Which list, as what.
#[derive(Deserialize, IntoParams)]
pub struct ExportQuery {
    /// As text or as a spreadsheet.
    #[serde(default)]
    #[param(inline)]
    pub format: Format,
}

/// The cells of something as it travels: what a column is called is the name of a field.
pub fn cells(out: &impl Serialize, columns: &[&str]) -> Result<Vec<String>, Problem> {
    let out = serde_json::to_value(out).map_err(|error| Problem::internal(&error))?;
    let cell = |column: &&str| match &out[*column] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(columns.iter().map(cell).collect())
}

/// A line of an import: its number in the file, and the cells that are not empty, by their columns.
pub type Line = (u64, Map<String, Value>);

/// Reads a table whose first line names its columns; those not asked for are left alone.
pub fn read(name: &str, text: &str, columns: &[&str]) -> Result<Vec<Line>, Problem> {
    let text = text.trim_start_matches(MARK);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let wrong = |_| Problem::field(name, Why::Invalid);
    let header = reader.headers().map_err(wrong)?.clone();
    let place = |column: &&str| {
        Some((
            header.iter().position(|cell| cell == *column)?,
            (*column).to_owned(),
        ))
    };
    let places: Vec<(usize, String)> = columns.iter().filter_map(place).collect();
    if places.is_empty() {
        return Err(Problem::field(name, Why::Invalid));
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        if lines.len() == LINES_MAX {
            return Err(Problem::field(name, Why::TooLong));
        }
        let record = record.map_err(wrong)?;
        let cell = |(place, column): &(usize, String)| {
            let cell = unguarded(record.get(*place)?);
            (!cell.is_empty()).then(|| (column.clone(), cell.into()))
        };
        let number = record.position().map_or(0, csv::Position::line);
        lines.push((number, places.iter().filter_map(cell).collect()));
    }
    Ok(lines)
}

/// A table to import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "kind,name,hotline\npolice,城南派出所,110\n", "dry_run": true }))]
pub struct Table {
    /// CSV whose first line names the columns; at most 1000 lines.
    pub text: String,
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportOut {
    /// Whether it was done; nothing was where it is false.
    pub done: bool,
    /// Lines that were not there.
    pub added: u32,
    /// Lines that said something else.
    pub changed: u32,
    /// Lines that are there as they are.
    pub unchanged: u32,
    /// Lines that are wrong: while there is one, nothing is done.
    pub wrong: Vec<WrongLine>,
}

/// A line that is wrong.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WrongLine {
    /// Its number in the file, the header being 1.
    line: u64,
    /// The column.
    #[schema(required)]
    field: Option<String>,
    /// What is wrong, as a problem's `code`.
    code: Code,
}

/// Does `each` for every line. What fails inside ends it; what is wrong with a line is noted beside the others.
pub fn import<In: DeserializeOwned>(
    lines: Vec<Line>,
    mut each: impl FnMut(In) -> Result<Imported, Problem>,
) -> Result<ImportOut, Problem> {
    let mut out = ImportOut::default();
    for (line, cells) in lines {
        match said(cells).and_then(&mut each) {
            Ok(Imported::Added) => out.added += 1,
            Ok(Imported::Changed) => out.changed += 1,
            Ok(Imported::Unchanged) => out.unchanged += 1,
            Err(problem) if problem.status().is_client_error() => out.wrong.push(WrongLine {
                line,
                code: problem.code,
                field: problem.wrong_field().map(str::to_owned),
            }),
            Err(problem) => return Err(problem),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    const COLUMNS: [&str; 2] = ["name", "hotline"];

    fn sheet(rows: &[[&str; 2]]) -> Sheet {
        Sheet {
            name: "contacts",
            columns: COLUMNS.to_vec(),
            rows: rows
                .iter()
                .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
                .collect(),
        }
    }

    #[test]
    fn what_left_as_csv_comes_back_as_it_was() {
        let rows = [
            ["城南派出所", "+86 10 1234"],
            ["=HYPERLINK(\"x\")", "-1"],
            ["a, \"b\"", "'quoted'"],
        ];
        let text = String::from_utf8(sheet(&rows).csv().unwrap()).unwrap();
        assert!(text.starts_with(MARK));
        assert!(
            !text.contains("\n=") && !text.contains(",+") && !text.contains(",-"),
            "{text}"
        );
        let lines = read("text", &text, &COLUMNS).unwrap();
        let cells: Vec<_> = lines
            .iter()
            .map(|(_, cells)| COLUMNS.map(|column| cells[column].as_str().unwrap()))
            .collect();
        assert_eq!(cells, rows);
        assert_eq!(
            lines.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            [2, 3, 4]
        );
    }

    #[test]
    fn columns_are_found_by_name_and_missing_cells_are_empty() {
        let lines = read("text", "colour,hotline,name\nred,110\n", &COLUMNS).unwrap();
        let [(2, cells)] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        assert_eq!(json!(cells), json!({ "hotline": "110" }));
        assert!(read("text", "colour\nred\n", &COLUMNS).is_err());
        let many = format!("name\n{}", "x\n".repeat(LINES_MAX + 1));
        assert!(read("text", &many, &COLUMNS).is_err());
    }

    #[test]
    fn a_column_is_a_field_as_it_travels() {
        let out = json!({ "name": "南", "hotline": null, "count": 3 });
        assert_eq!(
            cells(&out, &["count", "name", "hotline"]).unwrap(),
            ["3", "南", ""]
        );
    }

    #[test]
    fn a_spreadsheet_is_a_whole_archive() {
        let bytes = sheet(&[["=1+1", "2"]]).xlsx().unwrap();
        assert!(bytes.starts_with(b"PK") && bytes.len() > 1_000);
    }
}
