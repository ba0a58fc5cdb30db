//! What is left of a terminal that traded while something broke, and what must be true of it afterwards.
//!
//! Invariant: only a node that is well, and owes the host nothing, is asked.

use std::net::SocketAddr;

use anyhow::Result;
use serde_json::Value;

use crate::{Api, Books, Hold, Lanes, LanesLog, Name, Outside, Undoing, ask, until};

/// A report that was acknowledged: its incident, as the answer said, and the terminal.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The incident's id.
    pub incident_id: String,
    /// The terminal that is stopped from then on.
    pub terminal_id: String,
    /// Since when, as the receipt says.
    pub suspended_at: String,
}

impl Acknowledged {
    /// From the answer to a report.
    pub fn of(incident: &Value) -> Self {
        let word = |name: &str| incident[name].as_str().unwrap_or_default().to_owned();
        Self {
            incident_id: word("id"),
            terminal_id: word("terminal_id"),
            suspended_at: word("suspended_at"),
        }
    }

    /// Which of these reports are not there any more, or whose terminal is not lost: there must be none.
    ///
    /// # Errors
    /// The lists cannot be read.
    pub async fn missing(all: &[Self], api: &Api) -> Result<Vec<String>> {
        let incidents = api.get("/incidents?limit=200").await?;
        let lost = api.get("/terminals?state=lost&limit=200").await?;
        let names = |list: &Value, name: &str| -> Vec<String> {
            let items = list["items"].as_array().into_iter().flatten();
            items
                .filter_map(|item| item[name].as_str().map(str::to_owned))
                .collect()
        };
        let (incidents, lost) = (names(&incidents, "id"), names(&lost, "terminal_id"));
        let missing = all
            .iter()
            .filter(|one| !incidents.contains(&one.incident_id) || !lost.contains(&one.terminal_id));
        Ok(missing
            .map(|one| {
                format!(
                    "{}: the acknowledged incident {} is not there any more",
                    one.terminal_id, one.incident_id
                )
            })
            .collect())
    }
}

/// One terminal after its lanes have ended.
#[derive(Debug)]
pub struct Traded {
    /// Whose.
    pub terminal_id: String,
    /// What its lanes saw.
    pub log: LanesLog,
    undoing: Undoing,
    /// Its unanswered purchases were reversed by itself.
    reversed: bool,
}

impl Traded {
    /// Ends the lanes.
    ///
    /// # Errors
    /// A lane ended badly.
    pub async fn end(lanes: Lanes) -> Result<Self> {
        Ok(Self {
            terminal_id: lanes.terminal_id().to_owned(),
            undoing: lanes.undoing(),
            log: lanes.stop().await?,
            reversed: false,
        })
    }

    /// What was sent and not answered.
    pub fn unanswered(&self) -> impl Iterator<Item = Name> {
        let unanswered = self.log.purchases.iter().filter(|one| one.code.is_none());
        unanswered.map(|one| one.name)
    }

    /// What a terminal does when no answer came: it reverses. Answers what was wrong about it.
    ///
    /// # Errors
    /// No answer to a reversal.
    pub async fn reverse_unanswered(&mut self, gate: SocketAddr) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for name in self.unanswered().collect::<Vec<_>>() {
            let request = self.undoing.frame(name)?;
            // As a terminal does: again, while the line breaks or the gate cannot be served.
            let code = until("a reversal to be answered", async || {
                let answered = ask(gate, &request).await;
                Ok(answered.ok().map(|(_, code)| code).filter(|code| code != "96"))
            })
            .await?;
            // 00: it will be undone. 25: it never arrived, and will not be taken any more.
            if !matches!(code.as_str(), "00" | "25") {
                found.push(format!(
                    "{}: the reversal of {name:?} was answered {code}",
                    self.terminal_id
                ));
            }
        }
        self.reversed = true;
        Ok(found)
    }

    /// Waits until everything this terminal asked has been decided.
    ///
    /// # Errors
    /// Something is never decided.
    pub async fn decided(&self, api: &Api) -> Result<Books> {
        until("every request to be decided", async || {
            let books = Books::read(api, &self.terminal_id).await?;
            let pending = books.rows.iter().any(|row| row.decision == "pending");
            Ok((!pending).then_some(books))
        })
        .await
    }

    /// Its ledger against what it was told, what the host keeps, and its holds.
    ///
    /// # Errors
    /// The ledger cannot be read, or something in it is never decided.
    pub async fn violations(
        &self,
        api: &Api,
        outside: &Outside,
        reported: Option<&Acknowledged>,
    ) -> Result<Vec<String>> {
        let (books, log, terminal_id) = (self.decided(api).await?, &self.log, &self.terminal_id);
        let mut found = books.without(log.approved());
        found.extend(books.differences(outside));
        found.extend(log.wrong.iter().map(|wrong| format!("{terminal_id}: {wrong}")));
        if self.reversed {
            let standing = books.standing();
            let kept = self.unanswered().filter(|name| standing.contains_key(name));
            found.extend(kept.map(|name| format!("{terminal_id}: {name:?} was reversed and stands")));
        }
        let late = log
            .purchases
            .iter()
            .filter(|one| one.after_mark && one.is_approved());
        found.extend(
            late.map(|one| format!("{terminal_id}: {:?} arrived after the acknowledgement", one.name)),
        );
        let hold = Hold::of(api, terminal_id).await?;
        if let Some(hold) = &hold {
            found.extend(books.approved_after(hold));
        }
        if let Some(reported) = reported
            && hold.as_ref().map(|hold| hold.placed_at.as_str()) != Some(reported.suspended_at.as_str())
        {
            found.push(format!(
                "{terminal_id}: the acknowledged report {reported:?} is not there: {hold:?}"
            ));
        }
        Ok(found)
    }
}
