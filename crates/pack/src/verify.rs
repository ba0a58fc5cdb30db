//! Verifying a pack, by the log's key alone.
//!
//! Invariant: nothing of a pack is believed because the pack says so, but the key where nobody gave another.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use domain::incident::Happened;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tlog::{Checkpoint, Edge, Key, NOTE_BYTES_MAX, ProofFile, leaf_hash};

use crate::contents::{Contents, FORM, Kind, Paper, Why};
use crate::source::Source;
use crate::{
    ATTACHMENTS, CHECKPOINT, CHECKPOINT_STAMP, CONTENTS, DOCUMENTS, KEY, Line, NOTE, ORIGINALS, PROOFS,
    RECORDS, STAMP, SUMS, hex, pack_text, stamp,
};

/// Longest line of a record, bytes: a run of 500 rows fits.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Longest list of sums, bytes: 100,000 proofs fit.
const SUMS_BYTES_MAX: u64 = 16 << 20;
/// Longest time stamp, bytes.
const STAMP_BYTES_MAX: u64 = 1 << 20;
/// Longest `contents.json`, and list of papers, bytes.
const CONTENTS_BYTES_MAX: u64 = 1 << 20;

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
    /// Texts that are not there, erased or not for the pack's reader: that there was one is proven, what it was is not known.
    pub erased: u64,
    /// Whether the checkpoint has a time stamp, whose signature `openssl ts -verify` verifies.
    pub is_stamped: bool,
    /// Whether the sums have one.
    pub has_own_stamp: bool,
    /// What the pack of an incident says of itself.
    pub contents: Option<Contents>,
}

/// Verifies the pack in a folder or a zip. Without a key, the one in the pack is used, and proves only that the pack is whole.
///
/// # Errors
/// What is wrong: one sentence.
pub fn verify(path: &Path, key: Option<Key>) -> anyhow::Result<Verified> {
    let mut source = Source::open(path)?;
    let mut files = source.names()?;
    let sums = source.text(SUMS, SUMS_BYTES_MAX)?;
    let has_own_stamp = files.contains(STAMP);
    for own in [SUMS, NOTE, STAMP] {
        files.remove(own);
    }
    compare_sums(&mut source, &sums, &files)?;
    let in_pack = Key::parse(source.text(KEY, 1_000)?.trim_end_matches('\n')).context("vkey")?;
    let key = key.unwrap_or_else(|| in_pack.clone());
    ensure!(key == in_pack, "the pack was signed with another key: {in_pack}");
    signed(&mut source, &key, &sums, has_own_stamp)?;
    let note = source.text(CHECKPOINT, NOTE_BYTES_MAX as u64)?;
    let checkpoint = Checkpoint::verify(&key, &note).context(CHECKPOINT)?;
    let is_stamped = files.contains(CHECKPOINT_STAMP);
    if is_stamped {
        is_about(&mut source, CHECKPOINT_STAMP, &note)?;
    }
    let proofs = files.iter().filter(|name| is_in(name, PROOFS)).count() as u64;
    let is_all = proofs == 0 && !files.contains(CONTENTS);
    let mut reading = Reading {
        proofs: Source::open(path)?,
        key: &key,
        note: &note,
        checkpoint: &checkpoint,
        edge: is_all.then(Edge::default),
        before: None,
        records: 0,
        erased: 0,
        said: Recorded::default(),
    };
    reading.read_all(&mut source)?;
    let (records, erased, said) = (reading.records, reading.erased, reading.said);
    ensure!(
        is_all || proofs == records,
        "there are proofs of records that are not there"
    );
    let contents = match files.contains(CONTENTS) {
        true => Some(agree(&mut source, &sums, &said)?),
        false => None,
    };
    Ok(Verified {
        key,
        records,
        is_all,
        checkpoint,
        erased,
        is_stamped,
        has_own_stamp,
        contents,
    })
}

fn is_in(name: &str, folder: &str) -> bool {
    name.split_once('/').is_some_and(|(of, _)| of == folder)
}

/// Whether the sums are those that were signed, and their time stamp where there is one is about them.
fn signed(source: &mut Source, key: &Key, sums: &str, has_own_stamp: bool) -> anyhow::Result<()> {
    let note = source.text(NOTE, NOTE_BYTES_MAX as u64)?;
    let said = key.verify(&note).context(NOTE)?;
    let sums_sha256 = hex::of(&Sha256::digest(sums));
    let stamp_sha256 = match has_own_stamp {
        true => Some(is_about(source, STAMP, sums)?),
        false => None,
    };
    // One that somebody added afterwards is not signed.
    let is_signed = |stamp: Option<&str>| said == pack_text(key.name(), &sums_sha256, stamp);
    ensure!(
        is_signed(stamp_sha256.as_deref()) || is_signed(None),
        "{SUMS} is not the one that was signed, or {STAMP} is not"
    );
    Ok(())
}

/// Whether a time stamp is of that text; answers the stamp's own SHA-256.
fn is_about(source: &mut Source, name: &str, text: &str) -> anyhow::Result<String> {
    let (file, _) = source.file(name)?;
    let mut stamp = Vec::new();
    file.take(STAMP_BYTES_MAX).read_to_end(&mut stamp)?;
    let digest = Sha256::digest(text).into();
    ensure!(
        stamp::is_about(&stamp, &digest, None).is_ok(),
        "{name} is about something else"
    );
    Ok(hex::of(&Sha256::digest(stamp)))
}

/// Compares every file with its sum; each has one, and each sum has its file.
fn compare_sums(source: &mut Source, sums: &str, files: &BTreeSet<String>) -> anyhow::Result<()> {
    let listed = sums_of(sums)?;
    for name in files {
        ensure!(listed.contains_key(name.as_str()), "{name} is not in {SUMS}");
    }
    for (name, sum) in listed {
        ensure!(files.contains(name), "{name} is missing");
        ensure!(sha256_of(source, name)? == sum, "{name} was changed");
    }
    Ok(())
}

/// The sums by the names of their files.
fn sums_of(sums: &str) -> anyhow::Result<BTreeMap<&str, &str>> {
    let mut listed = BTreeMap::new();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").with_context(|| format!("{SUMS}: {line}"))?;
        ensure!(listed.insert(name, sum).is_none(), "{SUMS} names {name} twice");
    }
    Ok(listed)
}

fn sha256_of(source: &mut Source, name: &str) -> anyhow::Result<String> {
    let (mut file, _) = source.file(name)?;
    let (mut digest, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = file
            .read(&mut piece)
            .with_context(|| format!("{name} was changed"))?;
        if count == 0 {
            return Ok(hex::of(&digest.finalize()));
        }
        digest.update(&piece[..count]);
    }
}

/// The records while they are read.
struct Reading<'p> {
    proofs: Source,
    key: &'p Key,
    note: &'p str,
    checkpoint: &'p Checkpoint,
    /// The tree over all of them, where they are all of the log.
    edge: Option<Edge>,
    before: Option<u64>,
    records: u64,
    erased: u64,
    said: Recorded,
}

impl Reading<'_> {
    fn read_all(&mut self, source: &mut Source) -> anyhow::Result<()> {
        let mut file = BufReader::new(source.file(RECORDS)?.0);
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
        let said = serde_json::from_str(&line.leaf).context("the leaf")?;
        self.erased += u64::from(compare(&line, &said)?);
        self.said.hear(&line, &said);
        match &mut self.edge {
            Some(edge) => {
                ensure!(line.index == edge.size(), "record {} is missing", edge.size());
                edge.push(leaf_hash(line.leaf.as_bytes()), |_, _| ());
            }
            None => {
                let name = format!("{PROOFS}/{}.tlog-proof", line.index);
                let proof = ProofFile::parse(&self.proofs.text(&name, NOTE_BYTES_MAX as u64)?)?;
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
    verb: Option<String>,
}

/// Whether what is beside a leaf is what it says. Answers whether a text is not there.
fn compare(line: &Line, said: &Said) -> anyhow::Result<bool> {
    let digest = |salt: &str, text: &str| Some(app::audit::commitment(salt, text));
    match (&said.subject_id, &said.subject_id_sha256, &said.terminal_id) {
        (Some(id), None, None) | (None, None, Some(id)) => {
            ensure!(*id == line.subject_id, "the record is about another");
        }
        (None, Some(_), None) => {
            let hidden = line
                .salt
                .as_deref()
                .and_then(|salt| digest(salt, &line.subject_id));
            ensure!(said.subject_id_sha256 == hidden, "the record is about another");
        }
        _ => bail!("the leaf does not say what it is about"),
    }
    match (&line.salt, &line.actor) {
        (Some(salt), actor) => {
            let actor = actor.as_deref().and_then(|actor| digest(salt, actor));
            ensure!(said.actor_sha256 == actor, "somebody else did it");
        }
        // Who did it is not for the reader.
        (None, None) => {}
        (None, Some(_)) => bail!("the actor and what hides it do not belong together"),
    }
    if let Some(rows) = &line.rows {
        let salt = line.salt.as_deref().context("rows without what hides them")?;
        let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let rows = hex::of(&Sha256::digest(format!("{salt}\n{rows}")));
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

/// What the records say that files of the pack say, too.
#[derive(Default)]
struct Recorded {
    /// SHA-256 of documents, and of files that were brought.
    digests: BTreeSet<String>,
    /// What was written down of the police.
    papers: BTreeSet<String>,
    /// SHA-256 of rows of the ledger.
    rows: BTreeSet<[u8; 32]>,
    /// Whether there are any.
    has_rows: bool,
    /// Whether a text was erased that would say some of it.
    is_erased: bool,
}

impl Recorded {
    fn hear(&mut self, line: &Line, said: &Said) {
        if let Some(rows) = &line.rows {
            self.has_rows = true;
            self.rows
                .extend(rows.iter().map(|row| <[u8; 32]>::from(Sha256::digest(row))));
        }
        let Some(happened) = said.verb.as_deref().and_then(Happened::parse) else {
            return;
        };
        match happened {
            Happened::DocumentMade | Happened::FileAdded => {
                let text = line.text.as_deref();
                let digest = text.and_then(|text| text.rsplit_once("sha256:"));
                self.digests.extend(digest.map(|(_, digest)| digest.to_owned()));
                self.is_erased |= text.is_none();
            }
            Happened::PoliceReported
            | Happened::PoliceAccepted
            | Happened::PoliceFiled
            | Happened::PoliceNotFiled
            | Happened::PoliceReviewAsked
            | Happened::PoliceUpheld
            | Happened::PoliceEnded => {
                self.papers.extend(line.text.clone());
                self.is_erased |= line.text.is_none();
            }
            _ => {}
        }
    }

    /// Whether a document or file of that digest was recorded, as far as that is still known.
    fn has(&self, sha256: &str) -> bool {
        self.is_erased || self.digests.contains(sha256)
    }
}

/// Whether the files of an incident are those that the pack says they are, and say what the records say.
fn agree(source: &mut Source, sums: &str, said: &Recorded) -> anyhow::Result<Contents> {
    let text = source.text(CONTENTS, CONTENTS_BYTES_MAX)?;
    let contents: Contents = serde_json::from_str(&text).context(CONTENTS)?;
    ensure!(
        contents.pack == FORM,
        "{CONTENTS} is of a form that this version does not know"
    );
    let sums = sums_of(sums)?;
    let mut named = BTreeSet::new();
    for item in &contents.files {
        let path = item.path.as_str();
        let sum = *sums.get(path).with_context(|| format!("{path} is missing"))?;
        ensure!(named.insert(path), "{CONTENTS} names {path} twice");
        match item.kind {
            Kind::Document => ensure!(said.has(sum), "no record says that {path} was made"),
            Kind::Attachment | Kind::Remade => {
                let sent = item.sent_sha256.as_deref();
                let sent =
                    sent.with_context(|| format!("{CONTENTS} does not say what was sent for {path}"))?;
                ensure!(said.has(sent), "no record says that {path} was brought");
                let is_whole = item.kind == Kind::Remade || sum == sent;
                ensure!(is_whole, "{path} is not what was brought");
            }
            Kind::Police => papers(source, path, said)?,
            Kind::Transactions if said.has_rows => transactions(source, path, said)?,
            Kind::Transactions
            | Kind::Report
            | Kind::StopLetter
            | Kind::StopRequest
            | Kind::Letters
            | Kind::SettlementHolds
            | Kind::Receipts => {}
        }
    }
    let unnamed = sums.keys().find(|name| {
        let is_content = [DOCUMENTS, ORIGINALS, ATTACHMENTS]
            .iter()
            .any(|folder| is_in(name, folder));
        is_content && !named.contains(*name)
    });
    ensure!(unnamed.is_none(), "{CONTENTS} does not name {unnamed:?}");
    for file in contents.elsewhere.iter().filter(|file| file.why == Why::Stated) {
        ensure!(
            said.has(&file.sha256),
            "no record says that {} is kept elsewhere",
            file.sha256
        );
    }
    Ok(contents)
}

/// Whether the records have each paper of the police.
fn papers(source: &mut Source, path: &str, said: &Recorded) -> anyhow::Result<()> {
    let papers: Vec<Paper> =
        serde_json::from_str(&source.text(path, CONTENTS_BYTES_MAX)?).with_context(|| path.to_owned())?;
    for paper in papers {
        let is_recorded = said.is_erased || said.papers.contains(&paper.as_recorded());
        ensure!(
            is_recorded,
            "no record says what entry {} of {path} says",
            paper.position
        );
    }
    Ok(())
}

/// Whether each row is one of the ledger's, as the records have it.
fn transactions(source: &mut Source, path: &str, said: &Recorded) -> anyhow::Result<()> {
    let mut file = BufReader::new(source.file(path)?.0);
    let mut row = String::new();
    for number in 1_u64.. {
        row.clear();
        if (&mut file).take(LINE_BYTES_MAX).read_line(&mut row)? == 0 {
            break;
        }
        let digest = <[u8; 32]>::from(Sha256::digest(row.trim_end_matches('\n')));
        ensure!(
            said.rows.contains(&digest),
            "no record has line {number} of {path}"
        );
    }
    Ok(())
}
