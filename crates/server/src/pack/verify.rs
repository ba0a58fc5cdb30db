//! Verifying a pack, by the log's key alone.
//!
//! Invariant: nothing of a pack is believed because the pack says so, but the key where nobody gave another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::connector::timestamp;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tlog::{Checkpoint, Edge, Key, NOTE_BYTES_MAX, ProofFile, leaf_hash};

use super::{CHECKPOINT, CHECKPOINT_STAMP, KEY, Line, NOTE, PROOFS, RECORDS, STAMP, SUMS, hex, pack_text};

/// Longest line of a record, bytes: a run of 500 rows fits.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Longest list of sums, bytes: 100,000 proofs fit.
const SUMS_BYTES_MAX: u64 = 16 << 20;

/// What a pack was found to be.
#[derive(Debug)]
pub struct Verified {
    /// The key that signed it.
    pub key: Key,
    /// How many records it has.
    pub records: u64,
    /// Whether they are all of the log.
    pub is_all: bool,
    /// What they are under.
    pub checkpoint: Checkpoint,
    /// Texts that were erased: that there was one is proven, what it was is not known.
    pub erased: u64,
    /// Whether the checkpoint has a time stamp, whose signature `openssl ts -verify` verifies.
    pub is_stamped: bool,
}

/// Verifies the pack in a folder. Without a key, the one in the pack is used, and proves only that the pack is whole.
///
/// # Errors
/// What is wrong: one sentence.
pub fn verify(folder: &Path, key: Option<Key>) -> anyhow::Result<Verified> {
    ensure!(folder.is_dir(), "{} is no folder", folder.display());
    let sums = text_of(folder, SUMS, SUMS_BYTES_MAX)?;
    let files = files_of(folder)?;
    compare_sums(folder, &sums, &files)?;
    let in_pack = Key::parse(text_of(folder, KEY, 1_000)?.trim_end_matches('\n')).context("vkey")?;
    let key = key.unwrap_or_else(|| in_pack.clone());
    ensure!(key == in_pack, "the pack was signed with another key: {in_pack}");
    let note = text_of(folder, NOTE, NOTE_BYTES_MAX as u64)?;
    let said = key.verify(&note).context(NOTE)?;
    let sums_sha256 = hex::of(&Sha256::digest(&sums));
    ensure!(
        said == pack_text(key.name(), &sums_sha256),
        "{SUMS} is not the one that was signed"
    );
    let note = text_of(folder, CHECKPOINT, NOTE_BYTES_MAX as u64)?;
    let checkpoint = Checkpoint::verify(&key, &note).context(CHECKPOINT)?;
    let is_stamped = files.contains(CHECKPOINT_STAMP);
    if is_stamped {
        let stamp = std::fs::read(folder.join(CHECKPOINT_STAMP))?;
        let digest = Sha256::digest(&note).into();
        ensure!(
            timestamp::is_about(&stamp, &digest, None).is_ok(),
            "{CHECKPOINT_STAMP} is about something else"
        );
    }
    let is_all = !folder.join(PROOFS).exists();
    let mut reading = Reading {
        folder,
        key: &key,
        note: &note,
        checkpoint: &checkpoint,
        edge: is_all.then(Edge::default),
        before: None,
        records: 0,
        erased: 0,
    };
    reading.read_all()?;
    let (records, erased) = (reading.records, reading.erased);
    let proofs = files.iter().filter(|name| name.starts_with("proofs/")).count() as u64;
    ensure!(
        is_all || proofs == records,
        "there are proofs of records that are not there"
    );
    Ok(Verified {
        key,
        records,
        is_all,
        checkpoint,
        erased,
        is_stamped,
    })
}

/// The names of all files in a pack, one folder deep.
fn files_of(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name = name.ok().context("a file whose name is no text")?;
        if !entry.file_type()?.is_dir() {
            ensure!(entry.file_type()?.is_file(), "{name} is no file");
            files.insert(name);
            continue;
        }
        for inner in std::fs::read_dir(entry.path())? {
            let inner = inner?;
            let inner_name = inner.file_name().into_string();
            let inner_name = inner_name.ok().context("a file whose name is no text")?;
            ensure!(inner.file_type()?.is_file(), "{name}/{inner_name} is no file");
            files.insert(format!("{name}/{inner_name}"));
        }
    }
    for own in [SUMS, NOTE, STAMP] {
        files.remove(own);
    }
    Ok(files)
}

/// Compares every file with its sum; each has one, and each sum has its file.
fn compare_sums(folder: &Path, sums: &str, files: &BTreeSet<String>) -> anyhow::Result<()> {
    let mut listed = BTreeMap::new();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").with_context(|| format!("{SUMS}: {line}"))?;
        ensure!(listed.insert(name, sum).is_none(), "{SUMS} names {name} twice");
    }
    for name in files {
        ensure!(listed.contains_key(name.as_str()), "{name} is not in {SUMS}");
    }
    for (name, sum) in listed {
        ensure!(files.contains(name), "{name} is missing");
        ensure!(sha256_of(&folder.join(name))? == sum, "{name} was changed");
    }
    Ok(())
}

fn sha256_of(path: &Path) -> anyhow::Result<String> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let (mut digest, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(hex::of(&digest.finalize()));
        }
        digest.update(&piece[..count]);
    }
}

fn text_of(folder: &Path, name: &str, bytes_max: u64) -> anyhow::Result<String> {
    let path = folder.join(name);
    let file = File::open(&path).with_context(|| format!("{name} is missing"))?;
    ensure!(file.metadata()?.len() <= bytes_max, "{name} is too long");
    let mut text = String::new();
    file.take(bytes_max + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{name} is no text"))?;
    Ok(text)
}

/// The records while they are read.
struct Reading<'p> {
    folder: &'p Path,
    key: &'p Key,
    note: &'p str,
    checkpoint: &'p Checkpoint,
    /// The tree over all of them, where they are all of the log.
    edge: Option<Edge>,
    before: Option<u64>,
    records: u64,
    erased: u64,
}

impl Reading<'_> {
    fn read_all(&mut self) -> anyhow::Result<()> {
        let file = File::open(self.folder.join(RECORDS)).with_context(|| format!("{RECORDS} is missing"))?;
        let mut file = BufReader::new(file);
        let mut text = String::new();
        loop {
            text.clear();
            let count = (&mut file).take(LINE_BYTES_MAX).read_line(&mut text)?;
            if count == 0 {
                break;
            }
            ensure!(
                text.ends_with('\n'),
                "line {} of {RECORDS} has no end",
                self.records + 1
            );
            self.record(&text)
                .with_context(|| format!("line {} of {RECORDS}", self.records + 1))?;
            self.records += 1;
        }
        let Some(edge) = &self.edge else {
            return Ok(());
        };
        ensure!(
            edge.size() == self.checkpoint.size,
            "the checkpoint is over {} records, and {} are there",
            self.checkpoint.size,
            edge.size()
        );
        ensure!(
            edge.root() == self.checkpoint.root,
            "the records are not those of the checkpoint"
        );
        Ok(())
    }

    fn record(&mut self, text: &str) -> anyhow::Result<()> {
        let line: Line = serde_json::from_str(text)?;
        ensure!(
            self.before.is_none_or(|before| before < line.index),
            "records out of order"
        );
        self.before = Some(line.index);
        self.erased += u64::from(compare(&line)?);
        match &mut self.edge {
            Some(edge) => {
                ensure!(line.index == edge.size(), "record {} is missing", edge.size());
                edge.push(leaf_hash(line.leaf.as_bytes()), |_, _| ());
            }
            None => {
                let name = format!("{PROOFS}/{}.tlog-proof", line.index);
                let proof = ProofFile::parse(&text_of(self.folder, &name, NOTE_BYTES_MAX as u64)?)?;
                ensure!(proof.index == line.index, "{name} is of another record");
                ensure!(
                    proof.checkpoint == self.note,
                    "{name} is under another checkpoint"
                );
                proof
                    .verify(self.key, line.leaf.as_bytes())
                    .with_context(|| name)?;
            }
        }
        Ok(())
    }
}

/// What a leaf says of what is beside it; the rest speaks for itself.
#[derive(Deserialize)]
struct Said {
    subject_id: Option<String>,
    subject_id_sha256: Option<String>,
    terminal_id: Option<String>,
    actor_sha256: Option<String>,
    text_sha256: Option<String>,
    rows_sha256: Option<String>,
}

/// Whether what is beside a leaf is what it says. Answers whether a text was erased.
fn compare(line: &Line) -> anyhow::Result<bool> {
    let said: Said = serde_json::from_str(&line.leaf).context("the leaf")?;
    let digest = |salt: &str, text: &str| Some(app::audit::commitment(salt, text));
    match (&said.subject_id, &said.subject_id_sha256, &said.terminal_id) {
        (Some(id), None, None) | (None, None, Some(id)) => {
            ensure!(*id == line.subject_id, "the record is about another");
        }
        (None, Some(_), None) => {
            let hidden = digest(&line.salt, &line.subject_id);
            ensure!(said.subject_id_sha256 == hidden, "the record is about another");
        }
        _ => bail!("the leaf does not say what it is about"),
    }
    let actor = line.actor.as_deref().and_then(|actor| digest(&line.salt, actor));
    ensure!(said.actor_sha256 == actor, "somebody else did it");
    if let Some(rows) = &line.rows {
        let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let rows = hex::of(&Sha256::digest(format!("{}\n{rows}", line.salt)));
        ensure!(said.rows_sha256 == Some(rows), "the rows are others");
    }
    match (&line.text, &line.text_salt, &said.text_sha256) {
        (Some(text), Some(salt), said) => {
            ensure!(*said == digest(salt, text), "the text is another");
            Ok(false)
        }
        (None, None, said) => Ok(said.is_some()),
        _ => bail!("the text and what hides it do not belong together"),
    }
}
