//! `contents.json`: for whom a pack of an incident is, and what its files are.
//!
//! Invariant: a file that is no part of the proofs is named here once, by what it is.

use serde::{Deserialize, Serialize};

/// What is in a pack of an incident.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The form of this file: [`FORM`].
    pub pack: String,
    /// The incident.
    pub incident_id: String,
    /// Its terminal.
    pub terminal_id: String,
    /// For whom, as the API calls it.
    pub r#for: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// Its files.
    pub files: Vec<Item>,
    /// Files of which only what somebody said is here.
    pub elsewhere: Vec<Elsewhere>,
}

/// The form that this version writes.
pub const FORM: &str = "incident/1";

/// A file.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name in the pack.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// What whoever brought it called it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// SHA-256 of what was sent, of a file that somebody brought; another one than the file's where a picture was made anew.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sent_sha256: Option<String>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A document that was made of the incident.
    Document,
    /// The report of the loss.
    Report,
    /// The letter that asks for the stop.
    StopLetter,
    /// What became of it.
    StopRequest,
    /// What the report did to each channel.
    Receipts,
    /// What the police's papers say.
    Police,
    /// The letters to banks and institutions, and what came back.
    Letters,
    /// The holds on settlement that stood because of the loss.
    SettlementHolds,
    /// Rows of the terminal's ledger, one a line.
    Transactions,
    /// A file as it was sent.
    Attachment,
    /// A picture made anew, without what a camera wrote into it.
    Remade,
}

/// A file that is not here.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// What whoever said so calls it.
    pub name: Option<String>,
    /// Its length, bytes.
    pub size: i64,
    /// Its SHA-256.
    pub sha256: String,
    /// Why it is not here.
    pub why: Why,
}

/// Why a file is not here.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Somebody keeps it, and said by which digest it is known.
    Stated,
    /// It was deleted when its time was over.
    Gone,
}

/// A paper of the police, in `originals/police.json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Its place among the incident's, from 1.
    pub position: i64,
    /// What it says.
    pub verb: String,
    /// Its number.
    pub number: Option<String>,
    /// Which office it is of.
    pub office: Option<String>,
    /// Its day, by the terminal's clock.
    pub on: String,
    /// Whether somebody took the entry back: it counts no more.
    pub taken_back: bool,
}

impl Paper {
    /// As the record says it: its day, number and office, a line each.
    pub(crate) fn as_recorded(&self) -> String {
        let parts = [Some(&self.on), self.number.as_ref(), self.office.as_ref()];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join("\n")
    }
}
