//! An evidence pack: records of the audit log in a folder or a zip, with all that proves them to somebody who has only the log's key; and
//! of an incident, the documents, originals and files that those records are of.
//!
//! | file | what |
//! |---|---|
//! | `audit.jsonl` | a record a line, in the order of the log: its leaf, and what the leaf hides |
//! | `checkpoint` | the signed checkpoint that the records are under |
//! | `checkpoint.tsr` | a time stamp of it (RFC 3161), where an authority gave one |
//! | `proofs/N.tlog-proof` | that record N is in the log; missing where the records are all of the log, which proves itself |
//! | `contents.json` | of an incident: for whom it is, and what each of the next three is |
//! | `documents/…` | documents as they were made |
//! | `originals/…` | what was written, sent or answered, as it is kept |
//! | `attachments/…` | files that people brought |
//! | `vkey` | the key; whoever verifies has it from elsewhere |
//! | `VERIFY.txt` | how to verify, in Chinese and English |
//! | `SHA256SUMS` | of all these files |
//! | `SHA256SUMS.note` | a note, signed with the log's key, over the SHA-256 of `SHA256SUMS`, and of its time stamp where there is one |
//! | `SHA256SUMS.tsr` | a time stamp of it, where an authority gave one, or somebody added one |
//!
//! May touch: the store, to read records; files. It decides nothing about who gets what.
//!
//! Invariant: of a pack that verifies, no byte can be changed, and no record taken out, added or moved, so that it still does.

pub mod contents;
mod files;
pub mod how;
mod source;
pub mod stamp;
mod verify;
mod write;

use domain::audit::Record;
use domain::hex;
use serde::{Deserialize, Serialize};

pub use files::{Files, Folder, Zip};
pub use verify::{Verified, verify};
pub use write::{About, Choice, Kept, Pack, Signed, write};

/// Where documents are.
pub const DOCUMENTS: &str = "documents";
/// Where originals are.
pub const ORIGINALS: &str = "originals";
/// Where files that people brought are.
pub const ATTACHMENTS: &str = "attachments";

const RECORDS: &str = "audit.jsonl";
const CHECKPOINT: &str = "checkpoint";
const PROOFS: &str = "proofs";
const CONTENTS: &str = "contents.json";
const KEY: &str = "vkey";
const HOW: &str = "VERIFY.txt";
const CHECKPOINT_STAMP: &str = "checkpoint.tsr";
const SUMS: &str = "SHA256SUMS";
const NOTE: &str = "SHA256SUMS.note";
const STAMP: &str = "SHA256SUMS.tsr";

/// A record as a line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Its place in the log.
    index: u64,
    /// The bytes that were hashed, which are text.
    leaf: String,
    /// What the leaf is about.
    subject_id: String,
    /// Who did it; null of a run of a ledger, and where it is not for the pack's reader.
    actor: Option<String>,
    /// The text; null also where it was erased, or is not for the pack's reader.
    text: Option<String>,
    /// What hides the actor, and the log-in of an account; null where who did it is not for the pack's reader.
    salt: Option<String>,
    /// What hides the text.
    text_salt: Option<String>,
    /// The rows of a run, as they are digested; null where they are not in the pack.
    rows: Option<Vec<String>>,
}

impl Line {
    fn of(record: Record, kept: Kept, rows: Option<Vec<String>>) -> anyhow::Result<Self> {
        let (leaf, event) = (record.leaf, record.event);
        let (actor, text) = event.map_or((None, None), |event| (Some(event.actor), event.text));
        Ok(Self {
            index: u64::try_from(leaf.index)?,
            leaf: String::from_utf8(leaf.data)?,
            subject_id: leaf.subject_id,
            actor: actor.filter(|_| kept.actor),
            text: text.filter(|_| kept.text),
            salt: Some(leaf.salt).filter(|_| kept.actor),
            text_salt: leaf.text_salt.filter(|_| kept.text),
            rows,
        })
    }
}

/// What the note over the sums says.
fn pack_text(origin: &str, sums_sha256: &str, stamp_sha256: Option<&str>) -> String {
    let stamp = stamp_sha256.map_or_else(String::new, |stamp| format!("{stamp}\n"));
    format!("{origin}/pack\n{sums_sha256}\n{stamp}")
}

#[cfg(test)]
mod tests;
