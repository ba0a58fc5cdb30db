//! Texts: their encoding, their lines, and the cells between commas, tabs, bars or semicolons.
//!
//! Invariant: a quotation mark that nobody closes takes no row with it: the line is read as it stands.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8};

use super::{Again, fill, html, trouble};
use crate::limit::{LINE_BYTES_MAX, QUOTED_LINES_MAX};
use crate::read::{Error, Trouble};
use crate::row::Row;
use crate::table::{Flow, Tables};

/// What may stand between cells.
const DELIMITERS: [char; 4] = [',', '\t', '|', ';'];
/// How much of a text is looked at for a table of HTML.
const HEAD_BYTES: usize = 4 * 1024;
const CHUNK_BYTES: usize = 32 * 1024;

/// Shows the table of a text.
pub fn table(
    source: &mut dyn Again,
    name: Option<String>,
    encoding: Option<&'static Encoding>,
    tables: &mut dyn Tables,
) -> Result<(), Error> {
    tables.begin(name, None)?;
    if let Some(encoding) = encoding.map_or_else(|| detect(source), |encoding| Ok(Some(encoding)))? {
        let mut head = [0; HEAD_BYTES];
        let filled = fill(&mut Decoded::new(source.again()?, encoding), &mut head)?;
        match html::is_table(&head[..filled]) {
            true => html::rows(Decoded::new(source.again()?, encoding), tables)?,
            false => rows(source, encoding, tables)?,
        }
    }
    tables.end()
}

/// The encoding: by its mark; else UTF-8, if all of it is; else GB 18030. `None`: it is no text.
fn detect(source: &mut dyn Again) -> Result<Option<&'static Encoding>, Trouble> {
    let mut from = source.again()?;
    let mut chunk = [0; CHUNK_BYTES];
    let mut kept = 0;
    let mut is_first = true;
    let mut is_utf8 = true;
    loop {
        let filled = kept + fill(&mut from, &mut chunk[kept..])?;
        if is_first && let Some((encoding, _)) = Encoding::for_bom(&chunk[..filled]) {
            return Ok(Some(encoding));
        }
        is_first = false;
        if chunk[kept..filled].contains(&0) {
            return Ok(None);
        }
        if filled == kept {
            return Ok(Some(if is_utf8 && kept == 0 { UTF_8 } else { GB18030 }));
        }
        kept = match std::str::from_utf8(&chunk[..filled]) {
            _ if !is_utf8 => 0,
            Ok(_) => 0,
            Err(error) if error.error_len().is_none() => filled - error.valid_up_to(),
            Err(_) => {
                is_utf8 = false;
                0
            }
        };
        chunk.copy_within(filled - kept..filled, 0);
    }
}

/// A text in UTF-8; what is not of its encoding becomes U+FFFD.
struct Decoded<R> {
    from: R,
    decoder: Decoder,
    bytes: Vec<u8>,
    taken: usize,
    text: Vec<u8>,
    given: usize,
    is_at_end: bool,
    is_done: bool,
}

impl<R: Read> Decoded<R> {
    fn new(from: R, encoding: &'static Encoding) -> Self {
        Self {
            from,
            decoder: encoding.new_decoder_with_bom_removal(),
            bytes: Vec::new(),
            taken: 0,
            text: Vec::new(),
            given: 0,
            is_at_end: false,
            is_done: false,
        }
    }

    fn decode(&mut self) -> std::io::Result<()> {
        if self.taken == self.bytes.len() && !self.is_at_end {
            self.bytes.resize(CHUNK_BYTES, 0);
            let read = self.from.read(&mut self.bytes)?;
            self.bytes.truncate(read);
            self.taken = 0;
            self.is_at_end = read == 0;
        }
        self.text.resize(CHUNK_BYTES * 3, 0);
        let from = &self.bytes[self.taken..];
        let (result, read, written, _) = self.decoder.decode_to_utf8(from, &mut self.text, self.is_at_end);
        self.taken += read;
        self.text.truncate(written);
        self.given = 0;
        self.is_done = self.is_at_end && result == CoderResult::InputEmpty;
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.text.len() && !self.is_done {
            self.decode()?;
        }
        let rest = &self.text[self.given..];
        let given = rest.len().min(into.len());
        into[..given].copy_from_slice(&rest[..given]);
        self.given += given;
        Ok(given)
    }
}

/// The lines of a text, without their ends.
struct Lines<R> {
    from: BufReader<R>,
    /// Lines that were read already.
    ahead: VecDeque<String>,
}

impl<R: Read> Lines<R> {
    fn new(from: R) -> Self {
        Self {
            from: BufReader::with_capacity(CHUNK_BYTES, from),
            ahead: VecDeque::new(),
        }
    }

    fn next(&mut self) -> Result<Option<String>, Trouble> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Option<String>, Trouble> {
        let mut line = Vec::new();
        let mut from = (&mut self.from).take(LINE_BYTES_MAX as u64 + 1);
        if from.read_until(b'\n', &mut line).map_err(trouble)? == 0 {
            return Ok(None);
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(Trouble::TooLarge);
        }
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        }
        String::from_utf8(line).map(Some).map_err(|_| Trouble::Damaged)
    }
}

fn rows(source: &mut dyn Again, encoding: &'static Encoding, tables: &mut dyn Tables) -> Result<(), Error> {
    let mut lines = Lines::new(Decoded::new(source.again()?, encoding));
    while lines.ahead.len() < tables.heading_rows()
        && let Some(line) = lines.read()?
    {
        lines.ahead.push_back(line);
    }
    let delimiter = delimiter(&lines.ahead, tables);
    let mut row = Row::default();
    let mut number = 1;
    while let Some(line) = lines.next()? {
        let taken = split(line, delimiter, &mut lines, &mut row)?;
        if tables.row(number, &row)? == Flow::Leave {
            return Ok(());
        }
        number += taken;
    }
    Ok(())
}

/// What stands between the cells: with it, the headings are found.
fn delimiter(ahead: &VecDeque<String>, tables: &dyn Tables) -> char {
    let mut row = Row::default();
    for line in ahead {
        for delimiter in DELIMITERS {
            let _ = cells(line, delimiter, true, &mut row);
            if tables.is_heading(&row) {
                return delimiter;
            }
        }
    }
    DELIMITERS[0]
}

/// The cells of a record that begins with a line, and how many lines it takes.
fn split<R: Read>(
    mut line: String,
    delimiter: char,
    lines: &mut Lines<R>,
    row: &mut Row,
) -> Result<u64, Trouble> {
    let first = line.len();
    let mut taken = Vec::new();
    while !cells(&line, delimiter, true, row) {
        let next = match taken.len() + 1 < QUOTED_LINES_MAX && line.len() < LINE_BYTES_MAX {
            true => lines.next()?,
            false => None,
        };
        let Some(next) = next else {
            line.truncate(first);
            cells(&line, delimiter, false, row);
            for line in taken.into_iter().rev() {
                lines.ahead.push_front(line);
            }
            return Ok(1);
        };
        line.push('\n');
        line.push_str(&next);
        taken.push(next);
    }
    Ok(taken.len() as u64 + 1)
}

/// Parts a line into cells; false when a quotation mark is not closed.
fn cells(line: &str, delimiter: char, is_quoting: bool, row: &mut Row) -> bool {
    row.clear();
    let mut rest = line;
    loop {
        row.begin();
        if is_quoting && let Some(quoted) = rest.trim_start_matches([' ', '\u{feff}']).strip_prefix('"') {
            let Some(after) = quoted_cell(quoted, row) else {
                return false;
            };
            rest = after;
        }
        let Some((cell, after)) = rest.split_once(delimiter) else {
            row.push(rest);
            return true;
        };
        row.push(cell);
        rest = after;
    }
}

/// Reads up to the mark that closes a cell; what follows it. Two marks are one.
fn quoted_cell<'a>(quoted: &'a str, row: &mut Row) -> Option<&'a str> {
    let mut rest = quoted;
    loop {
        let (text, after) = rest.split_once('"')?;
        row.push(text);
        match after.strip_prefix('"') {
            Some(after) => {
                row.push("\"");
                rest = after;
            }
            None => return Some(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::Plain;
    use super::*;

    /// Shows what it is shown.
    #[derive(Default)]
    struct Shown(Vec<(u64, Vec<String>)>);

    impl Tables for Shown {
        fn heading_rows(&self) -> usize {
            40
        }

        fn is_heading(&self, row: &Row) -> bool {
            row.len() > 1
        }

        fn begin(&mut self, _: Option<String>, _: Option<bool>) -> Result<(), Error> {
            Ok(())
        }

        fn row(&mut self, number: u64, row: &Row) -> Result<Flow, Error> {
            self.0.push((number, row.iter().map(str::to_owned).collect()));
            Ok(Flow::On)
        }

        fn end(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    fn shown(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut shown = Shown::default();
        table(&mut Plain(Cursor::new(bytes)), None, None, &mut shown).unwrap();
        shown.0
    }

    fn texts(bytes: &[u8]) -> Vec<(u64, String)> {
        shown(bytes)
            .into_iter()
            .map(|(number, cells)| (number, cells.join("|")))
            .collect()
    }

    #[test]
    fn a_text_is_read_in_whichever_encoding_it_came() {
        let text = "终端号,金额\r\n00990001,\"1,020.00\"\r\n";
        let expected = [(1, "终端号|金额".to_owned()), (2, "00990001|1,020.00".to_owned())];
        let (chinese, ..) = GB18030.encode(text);
        let marked = format!("\u{feff}{text}");
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [text.as_bytes(), marked.as_bytes(), &chinese, &little, &big] {
            assert_eq!(texts(bytes), expected);
        }
    }

    #[test]
    fn the_encoding_is_told_beyond_the_first_piece_and_across_pieces() {
        for filler in 0..6 {
            let text = format!(
                "a,b\n{}\n{}终,端\n",
                "x".repeat(filler),
                "长行\n".repeat(CHUNK_BYTES / 4)
            );
            assert_eq!(texts(text.as_bytes()).last().unwrap().1, "终|端");
            let (chinese, ..) = GB18030.encode(&text);
            assert_eq!(texts(&chinese).last().unwrap().1, "终|端");
        }
        // A character that is cut off at the end is not UTF-8.
        assert_eq!(
            detect(&mut Plain(Cursor::new(b"a\xe7\xbb"))).unwrap(),
            Some(GB18030)
        );
        assert_eq!(detect(&mut Plain(Cursor::new(b"a\0b"))).unwrap(), None);
    }

    #[test]
    fn what_stands_between_the_cells_the_headings_tell() {
        for delimiter in DELIMITERS {
            let text = format!("no table\na{delimiter}b\n1{delimiter}2\n");
            assert_eq!(
                texts(text.as_bytes())[1..],
                [(2, "a|b".to_owned()), (3, "1|2".to_owned())]
            );
        }
    }

    #[test]
    fn a_quoted_text_may_take_lines_and_what_nobody_closes_takes_none() {
        assert_eq!(
            texts(b"a,b\n\"x\ny\",\"1\"\"2\"\nc,d\n"),
            [
                (1, "a|b".to_owned()),
                (2, "x\ny|1\"2".to_owned()),
                (4, "c|d".to_owned())
            ]
        );
        let mut open = "a,b\n\"open,1\n".to_owned();
        open.push_str(&"c,d\n".repeat(50));
        let rows = texts(open.as_bytes());
        assert_eq!(rows.len(), 52);
        assert_eq!(rows[1], (2, "\"open|1".to_owned()));
        assert_eq!(rows[51], (52, "c|d".to_owned()));
        assert_eq!(texts(b"a,b\n\"hot\" milk\t,1\n")[1].1, "hot milk\t|1");
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let long = vec![b'x'; LINE_BYTES_MAX + 1];
        let read = table(&mut Plain(Cursor::new(long)), None, None, &mut Shown::default());
        assert_eq!(read, Err(Trouble::TooLarge.into()));
    }

    proptest! {
        #[test]
        fn what_another_library_writes_is_read_back(rows in prop::collection::vec(prop::collection::vec("[a-z,\" |;\t终\n]{0,6}", 2..5), 1..8)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mut row = Row::default();
            let mut lines = Lines::new(bytes.as_slice());
            for written in &rows {
                let line = lines.next().unwrap().unwrap();
                split(line, ',', &mut lines, &mut row).unwrap();
                // Blanks before a quotation mark are none of the cell.
                prop_assert_eq!(row.iter().collect::<Vec<_>>(), written.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
    }
}
