//! How busy a terminal, and the others of its shop, were around its loss.
//!
//! Invariant: a step is wide enough that a picture has at most [`STEPS_MAX`] of them.

use domain::terminal::{Control, Terminal};
use domain::time::HOUR_MS;
use domain::{TerminalId, Timestamp};
use screening::State;
use store::ledger;
use store::{Error as StoreError, Tx};

use super::{Looked, Suspect};

/// Steps of a picture at most.
pub const STEPS_MAX: i64 = 96;
/// Shown before and after the loss window.
const BESIDE_MS: i64 = 6 * HOUR_MS;
/// The widths a step may have.
const WIDTHS_MS: [i64; 7] = [
    HOUR_MS / 12,
    HOUR_MS / 4,
    HOUR_MS / 2,
    HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    24 * HOUR_MS,
];
/// Other terminals of a shop that are counted at most.
const OTHERS_MAX: i64 = 20;

/// Payments by step of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Where the first step begins.
    pub from: Timestamp,
    /// How long one is, milliseconds.
    pub step_ms: i64,
    /// The terminal's own, those that were not refused.
    pub own: Vec<i64>,
    /// Those of the shop's other terminals; `None`: it has none at the gate.
    pub others: Option<Vec<i64>>,
}

/// Counts the payments around a loss.
///
/// # Errors
/// The store failed.
pub fn chart(tx: &Tx<'_>, terminal: &Terminal, looked: &Looked) -> Result<Chart, StoreError> {
    let (from, to) = looked.window;
    let (from, to) = (
        from.plus_ms(-BESIDE_MS).max(looked.around.0),
        to.plus_ms(BESIDE_MS).min(looked.around.1),
    );
    let whole = to.since_ms(from);
    let fits = |width: &i64| whole <= width * STEPS_MAX;
    let step_ms = WIDTHS_MS.into_iter().find(fits);
    // A window of months.
    let step_ms = step_ms.unwrap_or(whole / STEPS_MAX + 1);
    let from = Timestamp(from.0.div_euclid(step_ms) * step_ms);
    let steps = (to.since_ms(from) / step_ms + 1).max(1) as usize;
    let place = |at: Timestamp| usize::try_from(at.since_ms(from).div_euclid(step_ms)).ok();
    let mut own = vec![0; steps];
    let counted = |suspect: &&Suspect| suspect.may_have_moved() && suspect.payment.state != State::Unknown;
    for suspect in looked.suspects.iter().filter(counted) {
        if let Some(count) = place(suspect.payment.at).and_then(|step| own.get_mut(step)) {
            *count += 1;
        }
    }
    let others = others(tx, terminal)?;
    let mut counts = vec![0; steps];
    for terminal_id in &others {
        let span = (from, from.plus_ms(step_ms * steps as i64));
        for bucket in ledger::activity(tx, *terminal_id, span, step_ms)? {
            if let Some(count) = place(bucket.at).and_then(|step| counts.get_mut(step)) {
                *count += bucket.approved_count;
            }
        }
    }
    Ok(Chart {
        from,
        step_ms,
        own,
        others: (!others.is_empty()).then_some(counts),
    })
}

/// The shop's other terminals at the gate.
fn others(tx: &Tx<'_>, terminal: &Terminal) -> Result<Vec<TerminalId>, StoreError> {
    let merchant_id = terminal.bound.merchant_code;
    let all = store::terminal::of_shop(tx, merchant_id, &terminal.shop_id, OTHERS_MAX + 1)?.into_iter();
    let others =
        all.filter(|other| other.control == Control::Gate && other.terminal_id != terminal.terminal_id);
    Ok(others.map(|other| other.terminal_id).collect())
}
