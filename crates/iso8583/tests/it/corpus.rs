//! The fuzzer's corpus, replayed: everything it ever found worth keeping is read in each test run.

use std::fs;
use std::path::Path;

use iso8583::{Message, ascii, frame, unionpay};

/// The files of one target's corpus.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the corpus is part of the crate")
        .map(|entry| {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a readable file"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_message_of_the_corpus_is_read_as_its_name_says() {
    let files = corpus("parse");
    assert!(files.len() >= 8, "only {} files", files.len());
    for (name, bytes) in files {
        let pos = Message::parse(&unionpay::POS, &bytes);
        let text = Message::parse(&ascii::ISO1987, &bytes);
        let binary = Message::parse(&ascii::ISO1987_BINARY, &bytes);
        if name.starts_with("pos-") {
            assert!(pos.is_ok(), "{name}: {pos:?}");
        } else if name.starts_with("ascii-") {
            assert!(text.is_ok() || binary.is_ok(), "{name}: {text:?} {binary:?}");
        } else if name.starts_with("bad-") {
            assert!(pos.is_err() && text.is_err() && binary.is_err(), "{name}");
        }
    }
}

#[test]
fn every_frame_of_the_corpus_is_cut_and_opened() {
    let files = corpus("frame");
    assert!(!files.is_empty());
    for (name, bytes) in files {
        let mut rest = bytes.as_slice();
        while let Ok(Some((taken, frame))) = frame::split(rest, 4096) {
            assert!(frame::open(frame).is_ok(), "{name}");
            rest = &rest[taken..];
        }
        assert!(!name.starts_with("pos-") || rest.is_empty(), "{name}");
    }
}
