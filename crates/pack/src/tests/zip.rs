//! Packs as zips: the same as their folders, and nothing that a zip may be besides.

use std::io::{Cursor, Write};

use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;

use super::*;

/// A zip of these files.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

impl House {
    fn verify_zip(&self, bytes: &[u8]) -> anyhow::Result<Verified> {
        let path = self.folder.path().join("pack.zip");
        std::fs::write(&path, bytes).unwrap();
        self.verify(&path)
    }
}

#[test]
fn a_zip_verifies_as_its_folder_does_and_packed_again_by_somebody_too() {
    let house = House::with_incident();
    let zip = house.incident(Zip::new(Vec::new()), Kept::ALL).finish().unwrap();
    let verified = house.verify_zip(&zip).unwrap();
    assert_eq!((verified.records, verified.erased), (5, 0));
    let folder = house.folder.path().join("folder");
    house.incident(Folder::new(&folder).unwrap(), Kept::ALL);
    let files = files(&folder);
    let files: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|name| (name.as_str(), std::fs::read(folder.join(name)).unwrap()))
        .collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    house.verify_zip(&zipped(&files)).unwrap();
    for at in 0..files.len() {
        let (name, bytes) = files[at];
        let mut changed = files.clone();
        let other = [bytes, b"\n"].concat();
        changed[at].1 = &other;
        assert!(house.verify_zip(&zipped(&changed)).is_err(), "{name}");
        changed.remove(at);
        assert!(house.verify_zip(&zipped(&changed)).is_err(), "{name} is gone");
    }
    for name in ["../out", "/etc/out", "a/b/out", "more"] {
        let more = [files.as_slice(), &[(name, b"more".as_slice())]].concat();
        assert!(house.verify_zip(&zipped(&more)).is_err(), "{name}");
    }
}

#[test]
fn nothing_stands_before_or_behind_a_zip_and_no_name_twice() {
    let house = House::with_incident();
    let zip = house.incident(Zip::new(Vec::new()), Kept::ALL).finish().unwrap();
    let refused = |bytes: &[u8]| format!("{:#}", house.verify_zip(bytes).unwrap_err());
    assert!(refused(&[&zip[..], b"more"].concat()).contains("no folder and no zip"));
    assert!(refused(&[b"more", &zip[..]].concat()).contains("before the zip"));
    assert!(refused(b"").contains("no folder and no zip"));
    // The same name once more, as a reader that takes the first would find it.
    let mut twice = zipped(&[("vkex", b"another"), ("vkey", b"one")]);
    while let Some(at) = twice.windows(4).position(|window| window == b"vkex") {
        twice[at + 3] = b'y';
    }
    assert!(refused(&twice).contains("twice"), "{}", refused(&twice));
}

#[test]
fn a_zip_that_unpacks_to_more_than_a_pack_is_not_read() {
    let house = House::with_incident();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let zeros = vec![0; 1 << 20];
    for name in ["a", "b", "c"] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        for _ in 0..400 {
            zip.write_all(&zeros).unwrap();
        }
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 8 << 20, "{}", bomb.len());
    let refused = house.verify_zip(&bomb).unwrap_err();
    assert!(refused.to_string().contains("too large"), "{refused}");
}
