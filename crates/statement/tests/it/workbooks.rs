//! Old workbooks, made here record by record: what our samples have not.

use statement::{Error, Kind, Trouble};

use crate::kit::{read, sample};

/// A record of a workbook's stream.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = kind.to_le_bytes().to_vec();
    record.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    record.extend(data);
    record
}

fn at(row: u16, column: u16) -> Vec<u8> {
    [row, column, 0].into_iter().flat_map(u16::to_le_bytes).collect()
}

fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A cell with a text of its own.
fn label(row: u16, column: u16, text: &str) -> Vec<u8> {
    let mut data = at(row, column);
    data.extend(u16::try_from(text.encode_utf16().count()).unwrap().to_le_bytes());
    data.push(1);
    data.extend(units(text));
    record(0x0204, &data)
}

fn number(row: u16, column: u16, value: f64) -> Vec<u8> {
    record(0x0203, &[at(row, column), value.to_le_bytes().to_vec()].concat())
}

const BOF: u16 = 0x0809;
const GLOBALS: [u8; 4] = [0, 6, 5, 0];
const SHEET: [u8; 4] = [0, 6, 16, 0];

/// A workbook with one sheet, as a compound file.
fn workbook(globals: &[Vec<u8>], cells: &[Vec<u8>]) -> Vec<u8> {
    let head = [record(BOF, &GLOBALS), globals.concat()].concat();
    let bound = |position: u32| {
        let data = [&position.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat();
        record(0x0085, &data)
    };
    let end = record(0x000A, &[]);
    let position = head.len() + bound(0).len() + end.len();
    let sheet = [record(BOF, &SHEET), cells.concat(), end.clone()].concat();
    compound("Workbook", &[head, bound(position as u32), end, sheet].concat())
}

/// A compound file with one stream, in sectors one after the other.
fn compound(name: &str, stream: &[u8]) -> Vec<u8> {
    let mut stream = stream.to_vec();
    let size = stream.len().max(4096) as u32;
    stream.resize((size as usize).next_multiple_of(512), 0);
    let sectors = stream.len() / 512;
    let mut fat: Vec<u32> = vec![0xFFFF_FFFD, 0xFFFF_FFFE];
    for at in 0..sectors {
        fat.push(if at + 1 == sectors {
            0xFFFF_FFFE
        } else {
            at as u32 + 3
        });
    }
    assert!(fat.len() <= 128, "one sector of allocation is enough here");
    fat.resize(128, 0xFFFF_FFFF);
    let mut header = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    header.resize(512, 0xFF);
    header[8..76].fill(0);
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(24, &[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    put(44, &1_u32.to_le_bytes());
    put(48, &1_u32.to_le_bytes());
    put(56, &4096_u32.to_le_bytes());
    put(60, &0xFFFF_FFFE_u32.to_le_bytes());
    put(68, &0xFFFF_FFFE_u32.to_le_bytes());
    put(76, &0_u32.to_le_bytes());
    let entry = |name: &str, kind: u8, start: u32, size: u32| {
        let mut entry = units(name);
        let length = entry.len() as u16 + 2;
        entry.resize(64, 0);
        entry.extend(length.to_le_bytes());
        entry.extend([kind, 1]);
        entry.extend([0xFF; 12]);
        entry.resize(116, 0);
        entry.extend(start.to_le_bytes());
        entry.extend(u64::from(size).to_le_bytes());
        entry
    };
    let mut directory = entry("Root Entry", 5, 0xFFFF_FFFE, 0);
    directory.extend(entry(name, 2, 2, size));
    directory.resize(512, 0);
    let fat: Vec<u8> = fat.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, fat, directory, stream].concat()
}

fn headings() -> Vec<Vec<u8>> {
    let heads = ["清算时间", "交易时间", "终端号", "检索号", "交易类型", "交易金额"];
    (0..)
        .zip(heads)
        .map(|(column, head)| label(0, column, head))
        .collect()
}

#[test]
fn every_kind_of_cell_is_read_and_a_library_of_others_reads_the_same_file() {
    let mut cells = headings();
    // A number, a text that a formula came to, and numbers in four bytes.
    cells.push(number(1, 1, 44_817.383_391_203_7));
    cells.push(number(1, 2, 990_001.0));
    let formula = [at(1, 3), vec![0, 0, 0, 0, 0, 0, 0xFF, 0xFF], vec![0; 8]].concat();
    cells.push(record(0x0006, &formula));
    cells.push(record(0x0207, &[vec![4, 0, 0], b"101N".to_vec()].concat()));
    cells.push(label(1, 4, "消费"));
    cells.push(record(
        0x027E,
        &[at(1, 5), ((8_850_u32 << 2) | 3).to_le_bytes().to_vec()].concat(),
    ));
    let many = [2_u16, 1]
        .into_iter()
        .flat_map(u16::to_le_bytes)
        .collect::<Vec<u8>>();
    let value = |value: u32| [vec![0, 0], value.to_le_bytes().to_vec()].concat();
    let double = ((44_817.5_f64).to_bits() >> 32) as u32 & !3;
    cells.push(record(
        0x00BD,
        &[many, value(double), value((990_002 << 2) | 2), vec![2, 0]].concat(),
    ));
    cells.push(label(2, 4, "联机退货"));
    cells.push(number(2, 5, -0.3));
    let date_mode = record(0x0022, &[1, 0]);
    let bytes = workbook(&[date_mode], &cells);

    let (statement, records) = read(&bytes).unwrap();
    assert_eq!(statement.parts[0].kind, Kind::ChinaumsMx);
    assert_eq!(
        statement.parts[0].refused, 0,
        "{:?}",
        statement.parts[0].refused_rows
    );
    let shown: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record.row,
                record.money.minor,
                record.order_id.as_deref(),
                record.terminal.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (2, 8_850, Some("101N"), Some("00990001")),
            (3, 30, None, Some("00990002"))
        ]
    );
    let at = |at: i64| jiff::Timestamp::from_millisecond(at).unwrap().to_string();
    assert_eq!(at(records[0].at), "2026-09-14T01:12:05Z");
    assert_eq!(at(records[1].at), "2026-09-14T04:00:00Z");

    use calamine::{Data, Reader};
    let mut other = calamine::Xls::new(std::io::Cursor::new(bytes)).unwrap();
    let range = other.worksheet_range("S").unwrap();
    assert_eq!(range.get_value((1, 3)), Some(&Data::String("101N".to_owned())));
    assert_eq!(range.get_value((1, 5)), Some(&Data::Float(88.5)));
    assert_eq!(range.get_value((2, 2)), Some(&Data::Int(990_002)));
}

#[test]
fn texts_that_cells_share_may_go_on_in_other_records() {
    // The first text is parted in its middle, and goes on in units of one byte; the second has runs and an extension.
    let first = [&[6, 0, 1][..], &units("清算")].concat();
    let mut pieces = vec![0; 8];
    pieces.extend(first);
    let mut more = vec![0];
    more.extend(b"time");
    more.extend([4, 0, 1 | 8 | 4, 1, 0, 3, 0, 0, 0]);
    more.extend(units("交易时间"));
    more.extend([9, 9, 9, 9, 7, 7, 7]);
    let texts = [record(0x00FC, &pieces), record(0x003C, &more)].concat();
    let shared =
        |column: u16, index: u32| record(0x00FD, &[at(0, column), index.to_le_bytes().to_vec()].concat());
    let mut cells = vec![shared(0, 0), shared(1, 1)];
    cells.extend(headings().into_iter().skip(2));
    let bytes = workbook(&[texts], &cells);
    // The first heading is another than it must be; the second is found.
    assert_eq!(read(&bytes).unwrap_err(), Error::NotRecognised);
    let headed = workbook(&[], &[headings(), cells.into_iter().skip(1).collect()].concat());
    assert!(read(&headed).is_ok());
}

#[test]
fn what_is_encrypted_old_or_no_workbook_is_told_apart() {
    let trouble = |bytes: &[u8]| match read(bytes).unwrap_err() {
        Error::Unreadable(trouble) => trouble,
        error => panic!("{error}"),
    };
    assert_eq!(
        trouble(&workbook(&[record(0x002F, &[1, 0])], &headings())),
        Trouble::Encrypted
    );
    assert_eq!(trouble(&compound("EncryptedPackage", &[])), Trouble::Encrypted);
    assert_eq!(trouble(&compound("Book", &[])), Trouble::TooOld);
    assert_eq!(
        trouble(&compound("Workbook", &record(BOF, &[0, 5, 5, 0]))),
        Trouble::TooOld
    );
    assert_eq!(trouble(&compound("WordDocument", &[])), Trouble::Damaged);
    assert_eq!(trouble(b"\xD0\xCF\x11\xE0 and no more"), Trouble::Damaged);
}

#[test]
fn a_chain_that_goes_in_a_circle_ends() {
    let mut bytes = workbook(&[], &headings());
    // The directory's sector follows itself.
    bytes[512 + 4..512 + 8].copy_from_slice(&1_u32.to_le_bytes());
    assert!(read(&bytes).is_ok() || read(&bytes).is_err());
    let mut bytes = workbook(&[], &headings());
    // So does the workbook's first.
    bytes[512 + 8..512 + 12].copy_from_slice(&2_u32.to_le_bytes());
    assert_eq!(read(&bytes).unwrap_err(), Error::Unreadable(Trouble::Damaged));
}

#[test]
fn a_cell_far_away_makes_no_large_table() {
    let mut cells = headings();
    cells.push(record(
        0x0200,
        &[0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0],
    ));
    cells.push(label(u16::MAX, u16::MAX, "x"));
    let (statement, records) = read(&workbook(&[], &cells)).unwrap();
    assert!(records.is_empty());
    assert_eq!(statement.parts[0].rows, 0);
}

#[test]
fn the_old_workbook_says_what_the_new_one_says() {
    let (_, old) = read(&sample("chinaums-mx.xls")).unwrap();
    let (_, new) = read(&sample("chinaums-mx.xlsx")).unwrap();
    assert_eq!(old, new);
}
