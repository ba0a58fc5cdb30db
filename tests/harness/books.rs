//! What the ledger says of a terminal, read page by page through the API.
//!
//! Invariant: all pages are read; rows come in the terminal's own order, oldest first.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{Api, Outside, until};

/// Batch and trace: what names a transaction within its terminal.
pub type Name = (u32, u32);

/// Pages of one reading: 1000 rows each.
const PAGES_MAX: usize = 1_000;

/// One line of the ledger.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its place in the terminal's order.
    pub sequence: i64,
    /// For example `purchase`.
    pub kind: String,
    /// For example `approved`.
    pub decision: String,
    /// Field 39.
    pub response_code: String,
    /// The real reason of a refusal.
    pub reason: String,
    /// Batch and trace, where the request named them.
    pub name: Option<Name>,
    /// In fen, where money is meant.
    pub amount_minor: Option<u64>,
    /// RFC 3339 in UTC with milliseconds, so that texts compare as times do.
    pub decided_at: String,
    /// The row it undoes or refers to.
    pub of_sequence: Option<i64>,
}

/// A terminal's rows.
#[derive(Debug, Clone)]
pub struct Books {
    /// Whose.
    pub terminal_id: String,
    /// Oldest first.
    pub rows: Vec<Row>,
}

impl Books {
    /// Reads all pages.
    ///
    /// # Errors
    /// A page cannot be read.
    pub async fn read(api: &Api, terminal_id: &str) -> Result<Self> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let page = api
                .get(&format!(
                    "/transactions?terminal_id={terminal_id}&limit=1000{cursor}"
                ))
                .await?;
            let items = page["items"].as_array().context("a page without items")?;
            rows.extend(items.iter().map(Row::of).collect::<Result<Vec<_>>>()?);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => {
                    rows.sort_by_key(|row| row.sequence);
                    return Ok(Self {
                        terminal_id: terminal_id.to_owned(),
                        rows,
                    });
                }
            }
        }
        bail!("more than {PAGES_MAX} pages of {terminal_id}")
    }

    /// What it has approved and not undone: by batch and trace, with the amount in fen.
    pub fn standing(&self) -> BTreeMap<Name, u64> {
        let approved = self.rows.iter().filter(|row| row.decision == "approved");
        let mut standing: BTreeMap<Name, u64> = approved
            .filter_map(|row| Some((row.name?, row.amount_minor?)))
            .collect();
        for row in self.rows.iter().filter(|row| row.decision == "reversed") {
            if let Some(name) = row.name {
                standing.remove(&name);
            }
        }
        standing
    }

    /// Everything approved after a hold, by the terminal's order or by time: there must be nothing.
    pub fn approved_after(&self, hold: &Hold) -> Vec<String> {
        let (hold_id, suspended_at) = (hold.sequence, hold.placed_at.as_str());
        let after = |row: &&Row| row.sequence > hold_id || row.decided_at.as_str() >= suspended_at;
        let approved = self.rows.iter().filter(|row| row.decision == "approved");
        approved
            .filter(after)
            .map(|row| {
                format!(
                    "{}: {} {:?} approved at {} (sequence {}), after the hold at {suspended_at} (sequence {hold_id})",
                    self.terminal_id, row.kind, row.name, row.decided_at, row.sequence
                )
            })
            .collect()
    }

    /// Which of these, that the terminal was told are approved, the ledger does not have as approved: there must be none.
    pub fn without(&self, told: impl Iterator<Item = Name>) -> Vec<String> {
        let standing = self.standing();
        told.filter(|name| !standing.contains_key(name))
            .map(|name| {
                format!(
                    "{}: {name:?} was told approved, the ledger says no",
                    self.terminal_id
                )
            })
            .collect()
    }

    /// How ledger and host differ in what stands approved: there must be nothing.
    pub fn differences(&self, outside: &Outside) -> Vec<String> {
        let (ours, theirs) = (self.standing(), outside.standing(&self.terminal_id));
        let only = |name: &Name, what: &str| format!("{}: {name:?} stands {what}", self.terminal_id);
        let kept = theirs
            .iter()
            .filter(|(name, amount)| ours.get(name) != Some(amount))
            .map(|(name, _)| only(name, "at the host, but not in the ledger"));
        let unknown = ours
            .iter()
            .filter(|(name, amount)| theirs.get(name) != Some(amount))
            .map(|(name, _)| only(name, "in the ledger, but not at the host"));
        kept.chain(unknown).collect()
    }

    /// Waits until nothing is at the host, nothing is owed to it, and nothing waits for a decision.
    ///
    /// # Errors
    /// It does not come to rest.
    pub async fn settled(api: &Api) -> Result<()> {
        let mut gate = Value::Null;
        let rest = until(
            "the gate to come to rest and all reversals to be answered",
            async || {
                gate = api.get("/gate").await?;
                let rest =
                    gate["in_flight"] == 0 && gate["reversals_owed"] == 0 && gate["host_connected"] == true;
                Ok(rest.then_some(()))
            },
        )
        .await;
        rest.with_context(|| gate.to_string())
    }
}

/// The hold of a loss report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its place in the terminal's order.
    pub sequence: i64,
    /// When it was placed, as [`Row::decided_at`].
    pub placed_at: String,
}

impl Hold {
    /// The loss hold that stands on a terminal.
    ///
    /// # Errors
    /// The terminal cannot be read, or its hold is not understood.
    pub async fn of(api: &Api, terminal_id: &str) -> Result<Option<Self>> {
        let terminal = api.get(&format!("/terminals/{terminal_id}")).await?;
        let standing = terminal["standing_holds"]
            .as_array()
            .context("no standing_holds")?;
        let Some(loss) = standing.iter().find(|hold| hold["kind"] == "loss") else {
            return Ok(None);
        };
        let sequence = loss["hold_id"].as_str().and_then(|id| id.parse().ok());
        let placed_at = loss["placed_at"].as_str();
        Ok(Some(Self {
            sequence: sequence.context("hold_id")?,
            placed_at: placed_at.context("placed_at")?.to_owned(),
        }))
    }
}

impl Row {
    fn of(item: &Value) -> Result<Self> {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| item[name].as_u64().and_then(|number| u32::try_from(number).ok());
        let row = Self {
            sequence: item["sequence"].as_i64().context("a row without sequence")?,
            kind: text("kind"),
            decision: text("decision"),
            response_code: text("response_code"),
            reason: text("reason"),
            name: number("batch").zip(number("trace")),
            amount_minor: item["amount"]["minor"].as_u64(),
            decided_at: text("decided_at"),
            of_sequence: item["of_sequence"].as_i64(),
        };
        match row.kind.is_empty() || row.decision.is_empty() || row.decided_at.is_empty() {
            true => bail!("a row without kind, decision or time: {item}"),
            false => Ok(row),
        }
    }
}
