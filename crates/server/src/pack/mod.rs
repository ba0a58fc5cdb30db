//! An evidence pack: records of the audit log in a folder, with all that proves them to somebody who has only the log's key.
//!
//! | file | what |
//! |---|---|
//! | `audit.jsonl` | a record a line, in the order of the log: its leaf, and what the leaf hides |
//! | `checkpoint` | the signed checkpoint that the records are under |
//! | `checkpoint.tsr` | a time stamp of it (RFC 3161), where an authority gave one |
//! | `proofs/N.tlog-proof` | that record N is in the log; missing where the records are all of the log, which proves itself |
//! | `vkey` | the key; whoever verifies has it from elsewhere |
//! | `VERIFY.txt` | how to verify, in Chinese and English |
//! | `SHA256SUMS` | of all these files |
//! | `SHA256SUMS.note` | a note, signed with the log's key, over the SHA-256 of `SHA256SUMS` |
//! | `SHA256SUMS.tsr` | a time stamp of it, where somebody added one |
//!
//! Invariant: of a pack that verifies, no byte can be changed, and no record taken out, added or moved, so that it still does.

mod verify;
mod write;

use domain::audit::Record;
use domain::hex;
use serde::{Deserialize, Serialize};

pub use verify::{Verified, verify};
pub use write::{About, Choice, write};

const RECORDS: &str = "audit.jsonl";
const CHECKPOINT: &str = "checkpoint";
const PROOFS: &str = "proofs";
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
    /// Who did it; null of a run of a ledger.
    actor: Option<String>,
    /// The text; null also where it was erased.
    text: Option<String>,
    /// What hides the actor, and the log-in of an account.
    salt: String,
    /// What hides the text.
    text_salt: Option<String>,
    /// The rows of a run, as they are digested; null where they are not in the pack.
    rows: Option<Vec<String>>,
}

impl Line {
    fn of(record: Record, rows: Option<Vec<String>>) -> anyhow::Result<Self> {
        let (leaf, event) = (record.leaf, record.event);
        let (actor, text) = event.map_or((None, None), |event| (Some(event.actor), event.text));
        Ok(Self {
            index: u64::try_from(leaf.index)?,
            leaf: String::from_utf8(leaf.data)?,
            subject_id: leaf.subject_id,
            actor,
            text,
            salt: leaf.salt,
            text_salt: leaf.text_salt,
            rows,
        })
    }
}

/// What the note over the sums says.
fn pack_text(origin: &str, sums_sha256: &str) -> String {
    format!("{origin}/pack\n{sums_sha256}\n")
}

#[cfg(test)]
mod tests;
