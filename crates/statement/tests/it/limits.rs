//! What nobody should send.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use statement::{Error, FILE_BYTES_MAX, ROWS_MAX, Record, Take, Trouble};

use crate::kit::{dollars, read, wechat, xlsx, zipped};

fn trouble(bytes: &[u8]) -> Trouble {
    match read(bytes).unwrap_err() {
        Error::Unreadable(trouble) => trouble,
        error => panic!("{error}"),
    }
}

/// A source that is as long as it says, and has nothing but zeros.
struct Long(u64);

impl std::io::Read for Long {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        into.fill(b'x');
        Ok(into.len())
    }
}

impl std::io::Seek for Long {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        Ok(match to {
            std::io::SeekFrom::End(_) => self.0,
            _ => 0,
        })
    }
}

#[test]
fn a_file_that_is_too_large_is_not_begun() {
    let read = statement::read(Long(FILE_BYTES_MAX + 1), &dollars(), &mut Vec::new());
    assert_eq!(read.unwrap_err(), Error::Unreadable(Trouble::TooLarge));
}

#[test]
fn a_packed_trifle_does_not_become_a_flood() {
    let spaces = vec![b' '; 1 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..=512 {
        gzip.write_all(&spaces).unwrap();
    }
    let gzip = gzip.finish().unwrap();
    assert!(gzip.len() < 16 << 20);
    assert_eq!(trouble(&gzip), Trouble::TooLarge);

    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_level(Some(1));
    zip.start_file("bill.csv", options).unwrap();
    for _ in 0..=512 {
        zip.write_all(&spaces).unwrap();
    }
    zip.start_file("xl/workbook.xml", options).unwrap();
    let book = zip.finish().unwrap().into_inner();
    assert_eq!(trouble(&book), Trouble::TooLarge);
}

#[test]
fn a_cell_has_only_so_much_text_also_in_many_pieces() {
    let book = |cell: &str| {
        let sheet = format!(
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is>{cell}</is></c></row></sheetData></worksheet>"
        );
        zipped(&[
            ("xl/workbook.xml", b"<workbook/>"),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ])
    };
    let long = "x".repeat(1 << 20);
    assert_eq!(trouble(&book(&format!("<t>{long}x</t>"))), Trouble::TooLarge);
    assert_eq!(
        trouble(&book(&format!("<r><t>{}</t></r>", &long[..1_000]).repeat(1_100))),
        Trouble::TooLarge
    );
    assert_eq!(
        trouble(&book(&format!("<t a=\"{long}\">x</t>"))),
        Trouble::TooLarge
    );
    let many = format!("<c><t>{}</t></c><x:row/>", &long[..1_000]).repeat(1_100);
    assert_ne!(
        read(&book(&many)).unwrap_err(),
        Error::Unreadable(Trouble::TooLarge)
    );
}

#[test]
fn an_archive_within_an_archive_stays_closed() {
    let inner = zipped(&[("bill.csv", b"x")]);
    assert_eq!(trouble(&zipped(&[("inner.zip", &inner)])), Trouble::Nested);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&inner).unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(trouble(&gzip), Trouble::Nested);
    assert_eq!(trouble(&zipped(&[("bill.csv.gz", &gzip)])), Trouble::Nested);
}

#[test]
fn what_is_encrypted_says_so() {
    // The flag of the local header and of the directory.
    let mut zip = zipped(&[("bill.csv", b"a,b,c")]);
    zip[6] |= 1;
    let directory = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    zip[directory + 8] |= 1;
    assert_eq!(trouble(&zip), Trouble::Encrypted);
}

#[test]
fn what_is_damaged_says_so() {
    let zip = zipped(&[("bill.csv", wechat(&[]).as_bytes())]);
    assert_eq!(trouble(&zip[..zip.len() - 10]), Trouble::Damaged);
    assert_eq!(trouble(b"PK\x03\x04"), Trouble::Damaged);
    assert_eq!(trouble(&[0x1F, 0x8B, 8, 0, 1, 2]), Trouble::Damaged);
    let book = xlsx(&[vec!["交易时间", "微信订单号"]]);
    let empty = zipped(&[("xl/workbook.xml", b"<workbook>")]);
    assert!(read(&empty).is_err());
    assert_eq!(trouble(&book[..book.len() / 2]), Trouble::Damaged);
}

#[test]
fn what_is_no_table_is_not_recognised() {
    for bytes in [
        &b""[..],
        b"\n\n",
        b"hello",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n",
        b"a,b\n1,2\n",
    ] {
        assert_eq!(read(bytes).unwrap_err(), Error::NotRecognised);
    }
    assert_eq!(
        read(&xlsx(&[vec!["a", "b"], vec!["1", "2"]])).unwrap_err(),
        Error::NotRecognised
    );
    assert_eq!(read(&zipped(&[])).unwrap_err(), Error::NotRecognised);
}

#[test]
fn rows_are_counted_over_all_tables() {
    let mut text = wechat(&[]);
    text.push_str(&"\n".repeat(usize::try_from(ROWS_MAX).unwrap()));
    assert_eq!(trouble(text.as_bytes()), Trouble::TooManyRows);
}

#[test]
fn an_archive_has_only_so_many_members() {
    let names: Vec<String> = (0..2_001).map(|at| format!("{at}.csv")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(trouble(&zipped(&members)), Trouble::TooLarge);
    assert_eq!(trouble(&zipped(&members[..500])), Trouble::TooManyTables);
}

/// Wants so many records, or hears of so many rows.
struct Wanting {
    records: usize,
    rows: u64,
    heard: u64,
}

impl Take for Wanting {
    fn record(&mut self, _: Record) -> bool {
        self.records = self.records.saturating_sub(1);
        self.records > 0
    }

    fn progress(&mut self, rows: u64) -> bool {
        self.heard += 1;
        rows < self.rows
    }
}

#[test]
fn whoever_takes_hears_how_far_it_is_and_may_stop() {
    let row = "`2026-09-14 09:12:05,`4200001,`SH1,`00990001,`SUCCESS,`38.50,`0,`0.00,`";
    let file = wechat(&vec![row; 5_500]);
    let read = |records, rows| {
        let mut take = Wanting {
            records,
            rows,
            heard: 0,
        };
        let read = statement::read(std::io::Cursor::new(&file), &dollars(), &mut take);
        (read.err(), take.heard)
    };
    assert_eq!(read(10_000, u64::MAX), (None, 5));
    assert_eq!(read(3, u64::MAX), (Some(Error::Stopped), 0));
    assert_eq!(read(10_000, 2_000), (Some(Error::Stopped), 2));
}
