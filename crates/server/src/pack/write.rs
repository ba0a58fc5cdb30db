//! Writing a pack.
//!
//! Invariant: records are read and written a few at a time, however many there are.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail, ensure};
use domain::TerminalId;
use domain::audit::{Checkpoint, LEDGER, Place, Record};
use sha2::{Digest, Sha256};
use store::{Store, Tx};
use tlog::{ProofFile, Signer};

use super::{CHECKPOINT, CHECKPOINT_STAMP, HOW, KEY, Line, NOTE, PROOFS, RECORDS, SUMS, hex, pack_text};

/// Records read at a time.
const PAGE: i64 = 500;
/// Records of a pack that is not all of the log, at most.
const RECORDS_MAX: usize = 100_000;
const HOW_TEXT: &str = include_str!("VERIFY.txt");

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
    let (checkpoint, stamp) = checkpoint(store, choice.is_stamped)?;
    std::fs::create_dir(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut pack = Pack {
        store,
        folder: folder.to_owned(),
        checkpoint,
        with_rows: choice.with_rows,
        sums: String::new(),
    };
    let count = match about {
        [] => pack.all()?,
        about => pack.some(about)?,
    };
    let note = pack.checkpoint.note.clone();
    pack.add(CHECKPOINT, note.as_bytes())?;
    if let Some(stamp) = stamp {
        pack.add(CHECKPOINT_STAMP, &stamp)?;
    }
    pack.add(KEY, format!("{}\n", signer.key()).as_bytes())?;
    pack.add(HOW, HOW_TEXT.as_bytes())?;
    pack.sign(signer)?;
    Ok(count)
}

struct Pack<'s> {
    store: &'s Store,
    folder: PathBuf,
    checkpoint: Checkpoint,
    with_rows: bool,
    sums: String,
}

impl Pack<'_> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let sum = hex::of(&Sha256::digest(bytes));
        self.sums.push_str(&format!("{sum}  {name}\n"));
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))
    }

    fn all(&mut self) -> anyhow::Result<u64> {
        let mut lines = Lines::new(&self.folder)?;
        let mut next = 0;
        while next < self.checkpoint.size {
            let limit = PAGE.min(self.checkpoint.size - next);
            let records = self.store.read(|tx| store::audit::records(tx, next, limit))?;
            ensure!(records.len() as i64 == limit, "leaves of the log are missing");
            for record in records {
                ensure!(record.leaf.index == next, "leaf {next} of the log is missing");
                self.line(&mut lines, record)?;
                next += 1;
            }
        }
        self.finish(lines)?;
        Ok(self.checkpoint.size.unsigned_abs())
    }

    fn some(&mut self, about: &[About]) -> anyhow::Result<u64> {
        let mut indices = Vec::new();
        for one in about {
            self.indices(one, &mut indices)?;
        }
        indices.sort_unstable();
        indices.dedup();
        let proofs = self.folder.join(PROOFS);
        std::fs::create_dir(&proofs).with_context(|| format!("{} cannot be made", proofs.display()))?;
        let mut lines = Lines::new(&self.folder)?;
        for index in &indices {
            let record = self.store.read(|tx| store::audit::record(tx, *index))?;
            self.line(&mut lines, record.context("a leaf of the log is missing")?)?;
        }
        self.finish(lines)?;
        for index in &indices {
            let (index, size) = (index.unsigned_abs(), self.checkpoint.size.unsigned_abs());
            let hashes = self.store.read(|tx| app::audit::inclusion(tx, index, size))?;
            let checkpoint = self.checkpoint.note.clone();
            let file = ProofFile {
                index,
                hashes,
                checkpoint,
            };
            self.add(
                &format!("{PROOFS}/{index}.tlog-proof"),
                file.to_string().as_bytes(),
            )?;
        }
        Ok(indices.len() as u64)
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

    fn line(&self, lines: &mut Lines, record: Record) -> anyhow::Result<()> {
        let rows = match self.with_rows && record.leaf.subject == LEDGER {
            true => Some(self.rows(&record)?),
            false => None,
        };
        lines.write(&Line::of(record, rows)?)
    }

    fn rows(&self, record: &Record) -> anyhow::Result<Vec<String>> {
        let leaf = &record.leaf;
        let terminal_id = TerminalId::parse(leaf.subject_id.as_bytes()).context("a ledger's terminal")?;
        let after = leaf.from_sequence.context("a run without an end")? - 1;
        let read = |tx: &Tx<'_>| store::ledger::after(tx, terminal_id, after, leaf.sequence, PAGE + 1);
        let rows = self.store.read(read)?;
        Ok(rows.iter().map(app::audit::ledger_line).collect())
    }

    fn finish(&mut self, lines: Lines) -> anyhow::Result<()> {
        let sum = lines.finish()?;
        self.sums.push_str(&format!("{sum}  {RECORDS}\n"));
        Ok(())
    }

    fn sign(&self, signer: &Signer) -> anyhow::Result<()> {
        let text = pack_text(signer.key().name(), &hex::of(&Sha256::digest(&self.sums)));
        std::fs::write(self.folder.join(SUMS), &self.sums)?;
        std::fs::write(self.folder.join(NOTE), signer.sign(&text))?;
        Ok(())
    }
}

/// The file of the records while it is written.
struct Lines {
    file: BufWriter<File>,
    digest: Sha256,
}

impl Lines {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            file: BufWriter::new(File::create_new(folder.join(RECORDS))?),
            digest: Sha256::new(),
        })
    }

    fn write(&mut self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.digest.update(&text);
        Ok(self.file.write_all(text.as_bytes())?)
    }

    fn finish(mut self) -> anyhow::Result<String> {
        self.file.flush()?;
        Ok(hex::of(&self.digest.finalize()))
    }
}
