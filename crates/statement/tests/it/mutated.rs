//! Samples, changed at random: nothing makes the readers panic, and what comes out stays small.
//!
//! `statement::read` is what a fuzzer would call, and this is its corpus; `PROPTEST_CASES=100000` in a release build looks longer.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;

use crate::kit::{peak_mb, read, sample, samples};

/// All samples, whole.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(samples())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".json") && !name.ends_with(".md"))
        .map(|name| (name.clone(), sample(&name)))
        .collect();
    files.sort();
    files
}

/// A change of bytes.
#[derive(Clone, Debug)]
enum Change {
    /// Other bytes at a place.
    Put(prop::sample::Index, Vec<u8>),
    /// No bytes at a place.
    Cut(prop::sample::Index, usize),
    /// The same bytes once more.
    Double(prop::sample::Index, usize),
    /// No more from there on.
    End(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    let numbers = prop::sample::select(vec![
        b"\xFF\xFF\xFF\xFF".to_vec(),
        b"\x00\x00\x00\x00".to_vec(),
        b"\xFF\xFF\xFF\x7F".to_vec(),
        b"\"".to_vec(),
        b"<table>".to_vec(),
        b",".to_vec(),
        b"9999999999999999999999".to_vec(),
        b"-1".to_vec(),
        "终".as_bytes().to_vec(),
        b"\xD6".to_vec(),
        b"&#x110000;".to_vec(),
    ]);
    prop_oneof![
        4 => (place(), prop::collection::vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        3 => (place(), numbers).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        1 => (place(), 1_usize..200).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => (place(), 1_usize..200).prop_map(|(at, length)| Change::Double(at, length)),
        1 => place().prop_map(Change::End),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 1..6)
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let span = |at: usize, length: usize| at..bytes.len().min(at + length);
        match change {
            Change::Put(at, put) => {
                let at = span(at.index(bytes.len()), put.len());
                bytes.splice(at, put.iter().copied());
            }
            Change::Cut(at, length) => {
                let at = span(at.index(bytes.len()), *length);
                bytes.drain(at);
            }
            Change::Double(at, length) => {
                let at = span(at.index(bytes.len()), *length);
                bytes.extend_from_within(at);
            }
            Change::End(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

/// What the process may ever have, with all tests of this binary in it.
const PEAK_MB_MAX: u64 = 512;

/// What comes out of bytes is bounded by them, and so is what was needed for it.
fn reads(bytes: &[u8]) {
    let _ = statement::guess(Cursor::new(bytes), "x");
    if let Ok((statement, records)) = read(bytes) {
        let rows: u64 = statement.parts.iter().map(|part| part.rows + part.refused).sum();
        assert!(records.len() as u64 <= 2 * rows);
        for record in records {
            assert!(record.money.minor > 0 && record.row > 0 && !record.key.is_empty());
            let texts = [
                &record.order_id,
                &record.terminal,
                &record.word,
                &record.payer,
                &record.card,
            ];
            assert!(texts.into_iter().flatten().all(|text| text.chars().count() <= 80));
        }
    }
    assert!(peak_mb() <= PEAK_MB_MAX, "{} MB", peak_mb());
}

proptest! {
    #[test]
    fn a_changed_sample_ends_with_records_or_with_an_error(at in any::<prop::sample::Index>(), changes in changes()) {
        let corpus = corpus();
        let (_, bytes) = &corpus[at.index(corpus.len())];
        reads(&changed(bytes.clone(), &changes));
    }

    #[test]
    fn so_does_a_workbook_whose_parts_are_changed(
        at in any::<prop::sample::Index>(),
        part in any::<prop::sample::Index>(),
        changes in changes(),
    ) {
        let packed: Vec<_> = corpus().into_iter().filter(|(_, bytes)| bytes.starts_with(b"PK")).collect();
        let (_, bytes) = &packed[at.index(packed.len())];
        reads(&repacked(bytes, part, &changes));
    }

    #[test]
    fn so_do_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        reads(&bytes);
    }

    #[test]
    fn so_does_any_text_under_known_headings(rows in "([0-9`,.:+E \"'\n-]|[a-z]|终|退款|SUCCESS){0,400}") {
        for head in ["交易时间,微信订单号,交易状态,订单金额", "账务流水号,发生时间,业务类型,收入金额(+元),支出金额(-元)", "id,Created (UTC),Amount Refunded,Amount,Currency,Status"] {
            reads(format!("{head}\n{rows}").as_bytes());
        }
    }
}

/// The same archive with one of its parts changed.
fn repacked(bytes: &[u8], part: prop::sample::Index, changes: &[Change]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let part = part.index(archive.len());
    let mut other = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let bytes = if at == part {
            changed(bytes, changes)
        } else {
            bytes
        };
        let name = file.name().unwrap().into_owned();
        other
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        other.write_all(&bytes).unwrap();
    }
    other.finish().unwrap().into_inner()
}
