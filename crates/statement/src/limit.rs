//! What a file may ask of us. A year of a busy shop is far below all of it.
//!
//! Invariant: each is checked on what was read, never on what a file says of itself.

/// Largest file.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// All that a file may unpack to.
pub const UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// What is kept of a workbook while it is read: its table of texts, or an old workbook as a whole.
pub const WORKBOOK_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files within an archive, and parts of a workbook.
pub const ENTRIES_MAX: usize = 2_000;
/// Tables of one file: members of an archive, sheets of a workbook.
pub const TABLES_MAX: usize = 400;
/// Rows of all tables of one file.
pub const ROWS_MAX: u64 = 1_000_000;
/// Rows among which the headings are looked for.
pub const HEADING_ROWS_MAX: usize = 40;
/// The last row that headings can stand in, where people say which.
pub const HEADER_ROW_MAX: u32 = 200;
/// Cells of a row.
pub const COLUMNS_MAX: usize = 256;
/// Text of a cell.
pub const CELL_BYTES_MAX: usize = 8 * 1024;
/// A line of a text.
pub const LINE_BYTES_MAX: usize = 256 * 1024;
/// Lines that a quoted text may take.
pub const QUOTED_LINES_MAX: usize = 16;
/// Identifiers that are kept.
pub const ID_CHARS_MAX: usize = 64;
/// What is shown of a word that nobody knows.
pub const WORD_CHARS_MAX: usize = 32;
/// Refused rows that are named; all are counted.
pub const REFUSED_MAX: usize = 1_000;
/// Different words of a column that a guess looks at.
pub const WORDS_MAX: usize = 60;
