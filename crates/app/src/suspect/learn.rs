//! Payments as a model sees them: what people said of those of a terminal, and each one's features.
//!
//! Invariant: of a payment is known what was known then: what people say of one counts for later ones after seven days.

use std::collections::{HashMap, VecDeque};

use domain::account::Scope;
use domain::incident::Incident;
use domain::mark::{Mark, OF_INCIDENT_MAX, Opinions, Verdict};
use domain::money::Currency;
use domain::time::HOUR_MS;
use domain::{TerminalId, Timestamp};
use screening::Key;
use screening::model::feature::{Features, Paid, SETTLED_AFTER_DAYS, Settled};
use store::incident::Filter;
use store::{Error as StoreError, Tx};

use super::{ModelRow, Source, Suspect};

/// Incidents of one terminal whose windows and marks are known, the newest.
const INCIDENTS_MAX: i64 = 20;
/// Cards of one terminal whose past is kept.
const CARDS_MAX: usize = 20_000;
const SETTLED_MS: i64 = SETTLED_AFTER_DAYS * 24 * HOUR_MS;
/// A terminal is looked at by itself.
const TERMINAL: Key = Key(0);

/// What people say of payments, by how marks name them.
pub(super) type Said = HashMap<String, Opinions>;

/// The newest incidents of a terminal.
pub(super) fn incidents_of(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Vec<Incident>, StoreError> {
    let filter = Filter {
        scope: &Scope::All,
        search: None,
        state: None,
        terminal_id: Some(terminal_id),
    };
    store::incident::list(tx, &filter, None, INCIDENTS_MAX)
}

/// What people said on those, in the order in which it was said.
pub(super) fn opinions(tx: &Tx<'_>, incidents: &[Incident]) -> Result<Said, StoreError> {
    let mut marks: Vec<Mark> = Vec::new();
    for incident in incidents {
        marks.extend(store::mark::list(tx, &incident.incident_id, OF_INCIDENT_MAX)?);
    }
    marks.sort_by(|one, other| {
        let place = |mark: &Mark| (mark.at, mark.position);
        (place(one), &one.incident_id).cmp(&(place(other), &other.incident_id))
    });
    let mut said = Said::new();
    for mark in marks {
        said.entry(mark.payment.clone()).or_default().add(mark);
    }
    Ok(said)
}

/// What people said of a terminal's payments, whichever incident they said it on.
pub(super) fn opinions_of(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Said, StoreError> {
    opinions(tx, &incidents_of(tx, terminal_id)?)
}

/// What the last of them said of a payment.
pub(super) fn verdict(said: &Said, suspect: &Suspect) -> Option<Verdict> {
    let of = |source: &Source| said.get(&source.marked_as());
    let also = || of(&Source::Statement(suspect.also.clone()?));
    of(&suspect.source).or_else(also)?.verdict()
}

/// The features of a terminal's payments, one after the other.
pub(super) struct Rows {
    currency: Currency,
    said: Said,
    features: Features,
    /// Those of the last seven days: when, and whether one was fraudulent.
    open: VecDeque<(Timestamp, bool)>,
}

impl Rows {
    pub fn new(currency: Currency, said: Said) -> Self {
        Self {
            currency,
            said,
            features: Features::new(CARDS_MAX, 1),
            open: VecDeque::new(),
        }
    }

    /// A payment's features, and what people say of it; `None` of another currency, and where no money moved.
    pub fn take(&mut self, suspect: &Suspect) -> Option<(ModelRow, Option<Verdict>)> {
        let payment = &suspect.payment;
        if payment.currency != self.currency || !suspect.may_have_moved() {
            return None;
        }
        while let Some((at, is_fraud)) = self.open.front().copied() {
            if payment.at.since_ms(at) < SETTLED_MS {
                break;
            }
            self.open.pop_front();
            self.features.settle(&Settled {
                at,
                terminal: TERMINAL,
                is_fraud,
            });
        }
        let paid = Paid {
            at: payment.at,
            amount_minor: payment.amount_minor,
            terminal: TERMINAL,
            card: payment.who(),
        };
        let row = self.features.row(&paid);
        self.features.observe(&paid);
        let verdict = verdict(&self.said, suspect);
        self.open
            .push_back((payment.at, verdict == Some(Verdict::Fraudulent)));
        Some((row, verdict))
    }
}
