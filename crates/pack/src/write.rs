//! Writing a pack.
//!
//! Invariant: records are read and written a few at a time, however many there are; every file's sum is taken as it is written.

use std::io;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, bail, ensure};
use domain::TerminalId;
use domain::audit::{Checkpoint, LEDGER, Place, Record};
use sha2::{Digest, Sha256};
use store::{Store, Tx};
use tlog::{ProofFile, Signer};

use crate::contents::Contents;
use crate::files::{Files, Folder};
use crate::{
    CHECKPOINT, CHECKPOINT_STAMP, CONTENTS, HOW, KEY, Line, NOTE, PROOFS, RECORDS, STAMP, SUMS, hex, how,
    pack_text,
};

/// Records read at a time.
const PAGE: i64 = 500;
/// Records of a pack that is not all of the log, at most.
pub(crate) const RECORDS_MAX: usize = 100_000;

/// What a pack is about, where it is not all of the log: `incident:ID`, `terminal:ID`, `ledger:ID` …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    subject: String,
    subject_id: String,
}

impl FromStr for About {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (subject, subject_id) = text.split_once(':').ok_or("SUBJECT:ID is wanted")?;
        match store::audit::is_subject(subject) && !subject_id.is_empty() {
            true => Ok(Self {
                subject: subject.to_owned(),
                subject_id: subject_id.to_owned(),
            }),
            false => Err("no subject of records"),
        }
    }
}

/// What goes into a pack besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    /// The rows of the ledgers' runs.
    pub with_rows: bool,
    /// The newest checkpoint that has a time stamp, instead of the newest.
    pub is_stamped: bool,
}

/// What of a record beside its leaf goes into a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Who did it.
    pub actor: bool,
    /// Its text.
    pub text: bool,
    /// The rows of a run.
    pub rows: bool,
}

impl Kept {
    /// All of it.
    pub const ALL: Self = Self {
        actor: true,
        text: true,
        rows: true,
    };
}

/// The checkpoint of a pack, and its time stamp where it has one.
fn checkpoint(store: &Store, is_stamped: bool) -> anyhow::Result<(Checkpoint, Option<Vec<u8>>)> {
    let newest = store.read(|tx| store::audit::checkpoint(tx, None))?;
    let newest = newest.context("the log has no checkpoint yet: a node signs one within seconds")?;
    let stamped = store.read(|tx| store::audit::anchor(tx, Place::Timestamp, newest.size))?;
    match stamped {
        Some(stamped) if is_stamped || stamped.size == newest.size => {
            let checkpoint = store.read(|tx| store::audit::checkpoint(tx, Some(stamped.size)))?;
            Ok((
                checkpoint.context("a stamped checkpoint is missing")?,
                stamped.token,
            ))
        }
        None if is_stamped => bail!("no checkpoint has a time stamp yet: see --timestamp-url of a node"),
        _ => Ok((newest, None)),
    }
}

/// Writes a pack into a folder that is not there yet: all of the log, or what is about these. Answers how many records.
///
/// # Errors
/// The folder is there, or cannot be written; nothing has been signed yet; the store.
pub fn write(
    store: &Store,
    signer: &Signer,
    folder: &Path,
    about: &[About],
    choice: Choice,
) -> anyhow::Result<u64> {
    let checkpoint = checkpoint(store, choice.is_stamped)?;
    let files = Folder::new(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut pack = Pack::under(checkpoint, store, signer, files);
    let kept = Kept {
        rows: choice.with_rows,
        ..Kept::ALL
    };
    let count = match about {
        [] => pack.all(kept)?,
        about => pack.some(about, |_| Some(kept))?,
    };
    ensure!(count > 0, "the log has no such records");
    pack.finish(|_| how::OF_LOG.to_owned(), None)?;
    Ok(count)
}

/// Has a digest stamped; nothing where nobody did.
pub type Stamper<'s> = &'s dyn Fn(&[u8; 32]) -> Option<Vec<u8>>;

/// What was signed with a pack.
#[derive(Debug)]
pub struct Signed<F> {
    /// Where its files went.
    pub files: F,
    /// SHA-256 of `SHA256SUMS`, in hexadecimal digits.
    pub sums_sha256: String,
}

/// A pack while it is written, under one checkpoint.
pub struct Pack<'s, F> {
    store: &'s Store,
    signer: &'s Signer,
    files: F,
    checkpoint: Checkpoint,
    stamp: Option<Vec<u8>>,
    sums: String,
}

impl<'s, F: Files> Pack<'s, F> {
    /// Begins one under the newest checkpoint.
    ///
    /// # Errors
    /// Nothing has been signed yet; the store.
    pub fn new(store: &'s Store, signer: &'s Signer, files: F) -> anyhow::Result<Self> {
        Ok(Self::under(checkpoint(store, false)?, store, signer, files))
    }

    fn under(
        (checkpoint, stamp): (Checkpoint, Option<Vec<u8>>),
        store: &'s Store,
        signer: &'s Signer,
        files: F,
    ) -> Self {
        Self {
            store,
            signer,
            files,
            checkpoint,
            stamp,
            sums: String::new(),
        }
    }

    /// Adds a file; answers its SHA-256 in hexadecimal digits.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<String> {
        self.add_by(name, |add| add(bytes))
    }

    /// Adds a file that comes part by part, each handed to what `fill` is given.
    ///
    /// # Errors
    /// It cannot be written, or `fill` fails: then nothing of the pack is worth anything.
    pub fn add_by<E: From<io::Error>>(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> Result<(), E>,
    ) -> Result<String, E> {
        let (files, mut digest) = (&mut self.files, Sha256::new());
        files.begin(name)?;
        fill(&mut |bytes| {
            digest.update(bytes);
            files.write(bytes)
        })?;
        files.end()?;
        let sum = hex::of(&digest.finalize());
        self.sums.push_str(&format!("{sum}  {name}\n"));
        Ok(sum)
    }

    /// Says what the files are.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn describe(&mut self, contents: &Contents) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(contents)?;
        text.push('\n');
        self.add(CONTENTS, text.as_bytes())?;
        Ok(())
    }

    /// Adds all records of the log; answers how many.
    ///
    /// # Errors
    /// They cannot be read or written.
    pub fn all(&mut self, kept: Kept) -> anyhow::Result<u64> {
        let (store, size) = (self.store, self.checkpoint.size);
        self.add_by(RECORDS, |add| {
            let mut next = 0;
            while next < size {
                let limit = PAGE.min(size - next);
                let records = store.read(|tx| store::audit::records(tx, next, limit))?;
                ensure!(records.len() as i64 == limit, "leaves of the log are missing");
                for record in records {
                    ensure!(record.leaf.index == next, "leaf {next} of the log is missing");
                    add(line(store, record, kept)?.as_bytes())?;
                    next += 1;
                }
            }
            Ok(())
        })?;
        Ok(size.unsigned_abs())
    }

    /// Adds what `keep` keeps of the records about these, each with its proof; answers how many.
    ///
    /// # Errors
    /// They cannot be read or written, or are too many.
    pub fn some(&mut self, about: &[About], keep: impl Fn(&Record) -> Option<Kept>) -> anyhow::Result<u64> {
        let mut indices = Vec::new();
        for one in about {
            self.indices(one, &mut indices)?;
        }
        indices.sort_unstable();
        indices.dedup();
        let store = self.store;
        let mut added = Vec::new();
        self.add_by(RECORDS, |add| {
            for index in indices {
                let record = store.read(|tx| store::audit::record(tx, index))?;
                let record = record.context("a leaf of the log is missing")?;
                if let Some(kept) = keep(&record) {
                    add(line(store, record, kept)?.as_bytes())?;
                    added.push(index.unsigned_abs());
                }
            }
            anyhow::Ok(())
        })?;
        for index in &added {
            let size = self.checkpoint.size.unsigned_abs();
            let file = ProofFile {
                index: *index,
                hashes: store.read(|tx| app::audit::inclusion(tx, *index, size))?,
                checkpoint: self.checkpoint.note.clone(),
            };
            self.add(
                &format!("{PROOFS}/{index}.tlog-proof"),
                file.to_string().as_bytes(),
            )?;
        }
        Ok(added.len() as u64)
    }

    /// Adds the places of all records about one, as far as the checkpoint goes.
    fn indices(&self, about: &About, to: &mut Vec<i64>) -> anyhow::Result<()> {
        let mut after = 0;
        loop {
            let read = |tx: &Tx<'_>| store::audit::places(tx, &about.subject, &about.subject_id, after, PAGE);
            let places = self.store.read(read)?;
            let Some((last, _)) = places.last() else {
                return Ok(());
            };
            after = *last;
            let signed = places.iter().map(|(_, index)| *index);
            to.extend(signed.filter(|index| *index < self.checkpoint.size));
            ensure!(
                to.len() <= RECORDS_MAX,
                "more than {RECORDS_MAX} records: take all of the log"
            );
        }
    }

    /// Adds checkpoint, key and how to verify it, which depends on whether the pack has a time stamp of its own, and signs the sums.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(
        mut self,
        how: impl Fn(bool) -> String,
        stamper: Option<Stamper<'_>>,
    ) -> anyhow::Result<Signed<F>> {
        let note = self.checkpoint.note.clone();
        self.add(CHECKPOINT, note.as_bytes())?;
        if let Some(stamp) = self.stamp.take() {
            self.add(CHECKPOINT_STAMP, &stamp)?;
        }
        self.add(KEY, format!("{}\n", self.signer.key()).as_bytes())?;
        let stamp = stamper.and_then(|stamper| stamper(&Sha256::digest(self.sums_with(&how(true))).into()));
        self.add(HOW, how(stamp.is_some()).as_bytes())?;
        let sums_sha256 = hex::of(&Sha256::digest(&self.sums));
        let stamp_sha256 = stamp.as_ref().map(|stamp| hex::of(&Sha256::digest(stamp)));
        let text = pack_text(self.signer.key().name(), &sums_sha256, stamp_sha256.as_deref());
        let note = self.signer.sign(&text);
        for (name, bytes) in [
            (SUMS, Some(self.sums.as_bytes())),
            (NOTE, Some(note.as_bytes())),
            (STAMP, stamp.as_deref()),
        ] {
            let Some(bytes) = bytes else { continue };
            self.files.begin(name)?;
            self.files.write(bytes)?;
            self.files.end()?;
        }
        Ok(Signed {
            files: self.files,
            sums_sha256,
        })
    }

    /// The sums as they are with that text of how to verify it.
    fn sums_with(&self, how: &str) -> String {
        format!("{}{}  {HOW}\n", self.sums, hex::of(&Sha256::digest(how)))
    }
}

/// A record as a line.
fn line(store: &Store, record: Record, kept: Kept) -> anyhow::Result<String> {
    let rows = match kept.rows && record.leaf.subject == LEDGER {
        true => Some(rows(store, &record)?),
        false => None,
    };
    let mut text = serde_json::to_string(&Line::of(record, kept, rows)?)?;
    text.push('\n');
    Ok(text)
}

fn rows(store: &Store, record: &Record) -> anyhow::Result<Vec<String>> {
    let leaf = &record.leaf;
    let terminal_id = TerminalId::parse(leaf.subject_id.as_bytes()).context("a ledger's terminal")?;
    let after = leaf.from_sequence.context("a run without an end")? - 1;
    let read = |tx: &Tx<'_>| store::ledger::after(tx, terminal_id, after, leaf.sequence, PAGE + 1);
    let rows = store.read(read)?;
    Ok(rows.iter().map(app::audit::ledger_line).collect())
}
