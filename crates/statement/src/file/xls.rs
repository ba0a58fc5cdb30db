//! Workbooks of Excel 97 to 2003: compound files ([MS-CFB]) with a stream of records ([MS-XLS]).
//!
//! Read here and not by the library that reads the newer ones: that one sets memory aside for as many cells as a workbook says it
//! has, and follows a chain of sectors that goes in a circle for ever.
//!
//! Invariant: a chain has no more sectors than the file; of cells only the row at hand is kept.

use super::xlsx::number;
use crate::limit::{COLUMNS_MAX, TABLES_MAX};
use crate::read::{Error, Trouble};
use crate::row::Row;
use crate::table::{Flow, Tables};

const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
const SECTORS_MAX: u32 = 0xFFFF_FFFA;
/// Sectors of streams that are smaller than the header says.
const SMALL_BYTES: usize = 64;

/// Shows all sheets of a workbook.
pub fn tables(bytes: &[u8], tables: &mut dyn Tables) -> Result<(), Error> {
    let stream = Compound::read(bytes)?.workbook()?;
    let book = Book::read(&stream)?;
    for (name, at) in &book.sheets {
        tables.begin(Some(name.clone()), Some(book.is_1904))?;
        book.sheet(stream.get(*at..).ok_or(Trouble::Damaged)?, tables)?;
        tables.end()?;
    }
    Ok(())
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Trouble> {
    let two = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
    two.map(u16::from_le_bytes).ok_or(Trouble::Damaged)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Trouble> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map(u32::from_le_bytes).ok_or(Trouble::Damaged)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, Trouble> {
    let eight = bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok());
    eight.map(u64::from_le_bytes).ok_or(Trouble::Damaged)
}

/// A compound file: streams in chains of sectors.
struct Compound<'a> {
    bytes: &'a [u8],
    sector_bytes: usize,
    /// Streams below this size lie in small sectors.
    small_below: u32,
    next: Vec<u32>,
    next_small: Vec<u32>,
    directory: Vec<u8>,
}

impl<'a> Compound<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Trouble> {
        let shift = u16_at(bytes, 30)?;
        if shift != 9 && shift != 12 {
            return Err(Trouble::Damaged);
        }
        let mut file = Self {
            bytes,
            sector_bytes: 1 << shift,
            small_below: u32_at(bytes, 56)?,
            next: Vec::new(),
            next_small: Vec::new(),
            directory: Vec::new(),
        };
        file.next = file.allocation()?;
        file.directory = file.chain(u32_at(bytes, 48)?)?;
        let small = file.chain(u32_at(bytes, 60)?)?;
        file.next_small = words(&small);
        Ok(file)
    }

    fn sector(&self, id: u32) -> Result<&'a [u8], Trouble> {
        let start = (id as usize + 1).saturating_mul(self.sector_bytes);
        // The last one may be cut off.
        let end = start.saturating_add(self.sector_bytes).min(self.bytes.len());
        self.bytes
            .get(start..end)
            .filter(|sector| !sector.is_empty())
            .ok_or(Trouble::Damaged)
    }

    fn sectors(&self) -> usize {
        self.bytes.len() / self.sector_bytes + 1
    }

    /// The table of what follows each sector; where it lies, the header says, and sectors of its own where it has no room.
    fn allocation(&self) -> Result<Vec<u32>, Trouble> {
        let mut ids: Vec<u32> = words(self.bytes.get(76..512).ok_or(Trouble::Damaged)?);
        let mut more = u32_at(self.bytes, 68)?;
        let mut left = self.sectors();
        while more < SECTORS_MAX {
            left = left.checked_sub(1).ok_or(Trouble::Damaged)?;
            let mut part = words(self.sector(more)?);
            more = part.pop().ok_or(Trouble::Damaged)?;
            ids.extend(part);
        }
        ids.retain(|id| *id < SECTORS_MAX);
        if ids.len() > self.sectors() {
            return Err(Trouble::Damaged);
        }
        let mut next = Vec::new();
        for id in ids {
            next.extend(words(self.sector(id)?));
        }
        Ok(next)
    }

    /// The bytes of a chain.
    fn chain(&self, first: u32) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        let mut id = first;
        let mut left = self.sectors();
        while id < SECTORS_MAX {
            left = left.checked_sub(1).ok_or(Trouble::Damaged)?;
            bytes.extend_from_slice(self.sector(id)?);
            id = self.next.get(id as usize).copied().unwrap_or(END_OF_CHAIN);
        }
        Ok(bytes)
    }

    /// The bytes of a chain of small sectors, which lie in the root's own stream.
    fn small_chain(&self, first: u32, root: &[u8]) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        let mut id = first;
        let mut left = root.len() / SMALL_BYTES + 1;
        while id < SECTORS_MAX {
            left = left.checked_sub(1).ok_or(Trouble::Damaged)?;
            let start = (id as usize).saturating_mul(SMALL_BYTES);
            let end = start.saturating_add(SMALL_BYTES).min(root.len());
            bytes.extend_from_slice(root.get(start..end).ok_or(Trouble::Damaged)?);
            id = self.next_small.get(id as usize).copied().unwrap_or(END_OF_CHAIN);
        }
        Ok(bytes)
    }

    /// A stream by its name: where it begins, and its size.
    fn find(&self, name: &str) -> Option<(u32, u32)> {
        self.directory.chunks_exact(128).find_map(|entry| {
            let units = usize::from(u16_at(entry, 64).ok()?).saturating_sub(2).min(62);
            let (letters, ..) = encoding_rs::UTF_16LE.decode(&entry[..units]);
            let is_it = letters == name;
            is_it.then_some((u32_at(entry, 116).ok()?, u32_at(entry, 120).ok()?))
        })
    }

    /// The stream of the workbook.
    fn workbook(&self) -> Result<Vec<u8>, Trouble> {
        if self.find("EncryptedPackage").is_some() {
            return Err(Trouble::Encrypted);
        }
        let Some((start, size)) = self.find("Workbook") else {
            return Err(match self.find("Book") {
                Some(_) => Trouble::TooOld,
                None => Trouble::Damaged,
            });
        };
        let mut stream = match size < self.small_below {
            true => {
                let (root, _) = self.find("Root Entry").ok_or(Trouble::Damaged)?;
                self.small_chain(start, &self.chain(root)?)?
            }
            false => self.chain(start)?,
        };
        stream.truncate(size as usize);
        Ok(stream)
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    let four = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).unwrap_or(END_OF_CHAIN);
    bytes.chunks_exact(4).map(four).collect()
}

/// A record: its kind and its bytes.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = u16_at(self.0, 0).ok()?;
        let end = 4 + usize::from(u16_at(self.0, 2).ok()?);
        let data = self.0.get(4..end)?;
        self.0 = &self.0[end..];
        Some((kind, data))
    }
}

mod kind {
    pub const FORMULA: u16 = 0x0006;
    pub const EOF: u16 = 0x000A;
    pub const DATE_MODE: u16 = 0x0022;
    pub const FILE_PASS: u16 = 0x002F;
    pub const CONTINUE: u16 = 0x003C;
    pub const BOUND_SHEET: u16 = 0x0085;
    pub const MUL_RK: u16 = 0x00BD;
    pub const RICH_STRING: u16 = 0x00D6;
    pub const TEXTS: u16 = 0x00FC;
    pub const LABEL_SST: u16 = 0x00FD;
    pub const NUMBER: u16 = 0x0203;
    pub const LABEL: u16 = 0x0204;
    pub const BOOL_ERROR: u16 = 0x0205;
    pub const STRING: u16 = 0x0207;
    pub const RK: u16 = 0x027E;
    pub const BOF: u16 = 0x0809;
}

/// What all sheets have in common.
struct Book {
    is_1904: bool,
    /// Names, and where their records begin.
    sheets: Vec<(String, usize)>,
    texts: Texts,
}

impl Book {
    fn read(stream: &[u8]) -> Result<Self, Trouble> {
        let mut book = Self {
            is_1904: false,
            sheets: Vec::new(),
            texts: Texts::default(),
        };
        let mut records = Records(stream).peekable();
        match records.next() {
            Some((kind::BOF, data)) if u16_at(data, 0)? == 0x0600 => {}
            Some((kind::BOF, _)) => return Err(Trouble::TooOld),
            _ => return Err(Trouble::Damaged),
        }
        while let Some((kind, data)) = records.next() {
            match kind {
                kind::FILE_PASS => return Err(Trouble::Encrypted),
                kind::DATE_MODE => book.is_1904 = u16_at(data, 0)? == 1,
                kind::BOUND_SHEET if data.get(5) == Some(&0) => {
                    if book.sheets.len() >= TABLES_MAX {
                        return Err(Trouble::TooManyTables);
                    }
                    let length = usize::from(*data.get(6).ok_or(Trouble::Damaged)?);
                    let name = text(data.get(7..).unwrap_or_default(), length)?;
                    book.sheets.push((name, u32_at(data, 0)? as usize));
                }
                kind::TEXTS => {
                    let mut pieces = vec![data];
                    while let Some((_, more)) = records.next_if(|(kind, _)| *kind == kind::CONTINUE) {
                        pieces.push(more);
                    }
                    book.texts = Texts::read(&pieces)?;
                }
                kind::EOF => break,
                _ => {}
            }
        }
        Ok(book)
    }

    fn sheet(&self, stream: &[u8], tables: &mut dyn Tables) -> Result<(), Error> {
        let mut depth = 0_u32;
        let mut cells = Cells::default();
        let mut formula = None;
        for (kind, data) in Records(stream) {
            match kind {
                kind::BOF => depth += 1,
                kind::EOF if depth <= 1 => break,
                kind::EOF => depth -= 1,
                // What stands in a chart is no cell.
                _ if depth > 1 => {}
                kind::STRING => {
                    if let Some((row, column)) = formula.take() {
                        let length = usize::from(u16_at(data, 0)?);
                        let text = text(data.get(2..).unwrap_or_default(), length)?;
                        if cells.put(row, column, text, tables)? == Flow::Leave {
                            return Ok(());
                        }
                    }
                }
                _ => {
                    for (row, column, text) in self.cells(kind, data)? {
                        formula = text.is_none().then_some((row, column));
                        if cells.put(row, column, text.unwrap_or_default(), tables)? == Flow::Leave {
                            return Ok(());
                        }
                    }
                }
            }
        }
        cells.give(tables)?;
        Ok(())
    }

    /// The cells of a record; of a formula that came to a text, which follows, no text.
    fn cells(&self, kind: u16, data: &[u8]) -> Result<Vec<(u16, u16, Option<String>)>, Trouble> {
        let at = || Ok::<_, Trouble>((u16_at(data, 0)?, u16_at(data, 2)?));
        let one = |text: Option<String>| at().map(|(row, column)| vec![(row, column, text)]);
        match kind {
            kind::LABEL_SST => one(Some(self.texts.get(u32_at(data, 6)? as usize).to_owned())),
            kind::LABEL | kind::RICH_STRING => {
                let length = usize::from(u16_at(data, 6)?);
                one(Some(text(data.get(8..).unwrap_or_default(), length)?))
            }
            kind::NUMBER => one(Some(number(f64::from_bits(u64_at(data, 6)?)))),
            kind::RK => one(Some(number(rk(u32_at(data, 6)?)))),
            kind::MUL_RK => {
                let (row, first) = at()?;
                let values = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
                let cells = values.chunks_exact(6).zip(first..);
                cells
                    .map(|(value, column)| Ok((row, column, Some(number(rk(u32_at(value, 2)?))))))
                    .collect()
            }
            kind::BOOL_ERROR => match data.get(6..8) {
                Some([value, 0]) => one(Some((*value != 0).to_string())),
                Some(_) => one(Some("#".to_owned())),
                None => Err(Trouble::Damaged),
            },
            kind::FORMULA => match data.get(6..14) {
                Some([0, .., 0xFF, 0xFF]) => one(None),
                Some([1, _, value, .., 0xFF, 0xFF]) => one(Some((*value != 0).to_string())),
                Some([2, .., 0xFF, 0xFF]) => one(Some("#".to_owned())),
                Some([_, .., 0xFF, 0xFF]) => Ok(Vec::new()),
                Some(_) => one(Some(number(f64::from_bits(u64_at(data, 6)?)))),
                None => Err(Trouble::Damaged),
            },
            _ => Ok(Vec::new()),
        }
    }
}

/// A number in four bytes.
fn rk(value: u32) -> f64 {
    let number = match value & 2 {
        0 => f64::from_bits(u64::from(value & !3) << 32),
        _ => f64::from(value.cast_signed() >> 2),
    };
    if value & 1 == 0 { number } else { number / 100.0 }
}

/// A text of so many units: after a byte that says whether a unit is one byte or two.
fn text(data: &[u8], length: usize) -> Result<String, Trouble> {
    let (flags, units) = data.split_first().ok_or(Trouble::Damaged)?;
    let mut text = String::new();
    add(
        &mut text,
        *flags,
        units.get(..length << (flags & 1)).ok_or(Trouble::Damaged)?,
    );
    Ok(text)
}

fn add(text: &mut String, flags: u8, units: &[u8]) {
    match flags & 1 {
        0 => text.extend(units.iter().map(|unit| char::from(*unit))),
        _ => text.push_str(&encoding_rs::UTF_16LE.decode_without_bom_handling(units).0),
    }
}

/// The row at hand.
#[derive(Default)]
struct Cells {
    row: u16,
    cells: Vec<(u16, String)>,
}

impl Cells {
    fn put(&mut self, row: u16, column: u16, text: String, tables: &mut dyn Tables) -> Result<Flow, Error> {
        let mut flow = Flow::On;
        if row != self.row {
            flow = self.give(tables)?;
            if row < self.row {
                return Err(Trouble::Damaged.into());
            }
            self.row = row;
        }
        if self.cells.len() < COLUMNS_MAX && !text.is_empty() {
            self.cells.push((column, text));
        }
        Ok(flow)
    }

    fn give(&mut self, tables: &mut dyn Tables) -> Result<Flow, Error> {
        if self.cells.is_empty() {
            return Ok(Flow::On);
        }
        self.cells.sort_by_key(|(column, _)| *column);
        let mut row = Row::default();
        for (column, text) in self.cells.drain(..) {
            row.put(usize::from(column), &text);
        }
        tables.row(u64::from(self.row) + 1, &row)
    }
}

/// The texts that cells share.
#[derive(Default)]
struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    fn read(pieces: &[&[u8]]) -> Result<Self, Trouble> {
        let mut pieces = Pieces { pieces, at: 0 };
        pieces.skip(8)?;
        let mut texts = Self::default();
        while pieces.is_more() {
            pieces.text(&mut texts.text)?;
            texts
                .ends
                .push(u32::try_from(texts.text.len()).map_err(|_| Trouble::TooLarge)?);
        }
        Ok(texts)
    }

    fn get(&self, index: usize) -> &str {
        let Some(end) = self.ends.get(index) else {
            return "";
        };
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..*end as usize]
    }
}

/// A record that goes on in others.
struct Pieces<'a> {
    pieces: &'a [&'a [u8]],
    at: usize,
}

impl<'a> Pieces<'a> {
    /// What is left of the piece at hand.
    fn rest(&mut self) -> &'a [u8] {
        while let [piece, more @ ..] = self.pieces {
            if self.at < piece.len() {
                return &piece[self.at..];
            }
            self.pieces = more;
            self.at = 0;
        }
        &[]
    }

    fn is_more(&mut self) -> bool {
        !self.rest().is_empty()
    }

    fn byte(&mut self) -> Result<u8, Trouble> {
        let byte = self.rest().first().copied().ok_or(Trouble::Damaged)?;
        self.at += 1;
        Ok(byte)
    }

    fn number(&mut self, bytes: u32) -> Result<usize, Trouble> {
        let mut number = 0;
        for byte in 0..bytes {
            number |= usize::from(self.byte()?) << (8 * byte);
        }
        Ok(number)
    }

    fn skip(&mut self, mut bytes: usize) -> Result<(), Trouble> {
        while bytes > 0 {
            let taken = self.rest().len().min(bytes);
            if taken == 0 {
                return Err(Trouble::Damaged);
            }
            self.at += taken;
            bytes -= taken;
        }
        Ok(())
    }

    /// Adds the next text; one that goes on in another piece says anew there how wide its units are.
    fn text(&mut self, text: &mut String) -> Result<(), Trouble> {
        let mut left = self.number(2)?;
        let mut flags = self.byte()?;
        let (is_rich, is_extended) = (flags & 8 != 0, flags & 4 != 0);
        let runs = if is_rich { self.number(2)? } else { 0 };
        let extension = if is_extended { self.number(4)? } else { 0 };
        while left > 0 {
            let rest = self.rest();
            let width = 1 << (flags & 1);
            let units = (rest.len() / width).min(left);
            if units == 0 {
                return Err(Trouble::Damaged);
            }
            add(text, flags, &rest[..units * width]);
            self.at += units * width;
            left -= units;
            if left > 0 {
                flags = self.byte()?;
            }
        }
        self.skip(runs * 4)?;
        self.skip(extension)
    }
}
