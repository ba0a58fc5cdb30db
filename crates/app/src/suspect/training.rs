//! Training: what people marked around losses, gathered incident by incident, as what a model learns from (R3.3); and how far newer
//! payments have moved away from that.
//!
//! Invariant: nothing here writes; each payment counts once, by the newest that was said of it, and the same rows give the same model on
//! every store.

use std::collections::HashSet;

use domain::actor::Actor;
use domain::incident::Incident;
use domain::mark::Verdict;
use domain::money::Currency;
use domain::setting::Settings as House;
use domain::statement::is_within;
use domain::time::HOUR_MS;
use domain::{TerminalId, Timestamp};
use screening::model::{self, Drift, Settings, Table, feature};
use store::{Tx, incident};

use super::learn::{self, Rows};
use super::{ModelRow, Past};
use crate::case::{self, Error};
use crate::model::Learnt;
use crate::revision::kept_by;
use crate::statement::around;

/// Incidents that are looked at most, the newest.
pub const INCIDENTS_MAX: usize = 200;
/// Payments that are learnt from at most.
pub const ROWS_MAX: usize = 100_000;
/// Payments marked as fraudulent, and as genuine, below which nothing is learnt.
pub const MARKS_MIN: usize = 20;
/// So new are the losses whose payments are compared.
const NEW_MS: i64 = 30 * 24 * HOUR_MS;

/// A payment that people marked.
struct Marked {
    at: Timestamp,
    terminal_id: TerminalId,
    payment: String,
    is_fraud: bool,
    row: ModelRow,
}

/// What is gathered.
pub struct Training {
    currency: Currency,
    marked: Vec<Marked>,
    /// Of those that are in already: where, and what.
    known: HashSet<(TerminalId, String)>,
    /// Rows of payments around losses of the last 30 days, marked or not.
    newest: Vec<ModelRow>,
    since: Timestamp,
    /// Whether not all was looked at.
    pub is_cut: bool,
}

/// Why nothing was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{fraudulent} payments are marked as fraudulent and {genuine} as genuine; at least {MARKS_MIN} of each are needed"
)]
pub struct TooFew {
    /// Marked as not the shop's.
    pub fraudulent: usize,
    /// Marked as the shop's.
    pub genuine: usize,
}

impl Training {
    /// Of nothing yet, in the house's currency; and the incidents to look at.
    ///
    /// # Errors
    /// The actor keeps no texts of this house.
    pub fn begin(tx: &Tx<'_>, actor: &Actor) -> Result<(Self, Vec<String>), Error> {
        let currency = store::setting::get(tx)?.unwrap_or_else(House::unasked).currency;
        Self::of(tx, actor, currency)
    }

    /// The same in the currency of a model, to compare with it.
    ///
    /// # Errors
    /// The actor keeps no texts of this house.
    pub fn of(tx: &Tx<'_>, actor: &Actor, currency: Currency) -> Result<(Self, Vec<String>), Error> {
        kept_by(tx, actor)?;
        let scope = actor.scope().ok_or(Error::NotAllowed)?;
        let mut incidents = incident::marked(tx, scope, INCIDENTS_MAX as i64 + 1)?;
        let it = Self {
            currency,
            marked: Vec::new(),
            known: HashSet::new(),
            newest: Vec::new(),
            since: tx.now().plus_ms(-NEW_MS),
            is_cut: incidents.len() > INCIDENTS_MAX,
        };
        incidents.truncate(INCIDENTS_MAX);
        Ok((it, incidents.into_iter().map(|it| it.incident_id).collect()))
    }

    /// Whether another incident may be looked at.
    pub fn has_room(&mut self) -> bool {
        let has_room = self.marked.len() < ROWS_MAX && self.newest.len() < ROWS_MAX;
        self.is_cut |= !has_room;
        has_room
    }

    /// Looks at the payments around one loss.
    ///
    /// # Errors
    /// The actor does not keep the texts of this house, or does not see the incident.
    pub fn look(&mut self, tx: &Tx<'_>, actor: &Actor, incident_id: &str) -> Result<(), Error> {
        kept_by(tx, actor)?;
        let incident: Incident = case::find(tx, actor, incident_id)?;
        let terminal_id = incident.terminal_id;
        let terminal = store::terminal::get(tx, terminal_id)?;
        let terminal = terminal.ok_or(store::Error::Corrupt("terminal of an incident"))?;
        let around = around((incident.window.from, incident.window.to));
        let past = Past::read(tx, &terminal, around)?;
        self.is_cut |= past.is_cut();
        let mut rows = Rows::new(self.currency, learn::opinions_of(tx, terminal_id)?);
        let is_new = incident.reported_at >= self.since;
        past.walk(|now| {
            let suspect = &*now.suspect;
            let Some((row, verdict)) = rows.take(suspect) else {
                return false;
            };
            let at = suspect.payment.at;
            let payment = suspect.source.marked_as();
            if !is_within(at, around) || !self.known.insert((terminal_id, payment.clone())) {
                return false;
            }
            if is_new {
                self.newest.push(row);
            }
            if let Some(Verdict::Fraudulent | Verdict::Genuine) = verdict {
                self.marked.push(Marked {
                    at,
                    terminal_id,
                    payment,
                    is_fraud: verdict == Some(Verdict::Fraudulent),
                    row,
                });
            }
            false
        });
        Ok(())
    }

    /// What can be learnt from it.
    ///
    /// # Errors
    /// Too little was marked.
    pub fn train(mut self, now: Timestamp) -> Result<Learnt, TooFew> {
        let fraudulent = self.marked.iter().filter(|marked| marked.is_fraud).count();
        let genuine = self.marked.len() - fraudulent;
        let too_few = TooFew { fraudulent, genuine };
        if fraudulent < MARKS_MIN || genuine < MARKS_MIN {
            return Err(too_few);
        }
        self.marked.sort_by(|one, other| {
            let place = |it: &Marked| (it.at, it.terminal_id);
            (place(one), &one.payment).cmp(&(place(other), &other.payment))
        });
        let mut table = Table::new(feature::names());
        for marked in self.marked.iter().take(ROWS_MAX) {
            // They are in order, as wide as the names, and fewer than a table takes.
            let _ = table.push(marked.at, marked.is_fraud, &marked.row);
        }
        let model = model::train_with_card(&table, &Settings::default(), now).map_err(|_| too_few)?;
        Ok(Learnt {
            currency: self.currency,
            model,
        })
    }

    /// How far payments around the losses of the last 30 days have moved from what a model learnt.
    pub fn drift<'m>(&self, learnt: &'m Learnt) -> Drift<'m> {
        let mut drift = Drift::new(&learnt.model);
        self.newest.iter().for_each(|row| drift.observe(row));
        drift
    }
}
