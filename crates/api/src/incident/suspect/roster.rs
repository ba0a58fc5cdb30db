//! Who was to work in a loss window, as the shop entered it.
//!
//! Invariant: people appear by their operators' numbers; a day that nobody entered is said to be.

use app::suspect::{OnShift, Rostered};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::Time;

/// Shifts that are named.
const SHIFTS_MAX: usize = 200;

/// Who was to work in the loss window.
#[derive(Serialize, ToSchema)]
pub(super) struct SuspectRoster {
    /// How much of it was entered: of the days that were not, nothing is known.
    known: RosterKnown,
    /// The shifts that reach into it, by when they begin; at most 200.
    shifts: Vec<SuspectShift>,
}

/// How much of a span was entered.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RosterKnown {
    /// No day of it.
    None,
    /// Some days.
    Some,
    /// Every day.
    All,
}

/// A shift that reaches into the loss window.
#[derive(Serialize, ToSchema)]
struct SuspectShift {
    /// Whose, by number.
    operator: String,
    /// From when.
    from: Time,
    /// Until when, exclusive.
    to: Time,
}

impl From<&Rostered> for SuspectRoster {
    fn from(it: &Rostered) -> Self {
        let shift = |it: &OnShift| SuspectShift {
            operator: it.operator.to_string(),
            from: Time(it.from),
            to: Time(it.to),
        };
        Self {
            known: match (it.is_whole, it.is_known) {
                (true, _) => RosterKnown::All,
                (false, true) => RosterKnown::Some,
                (false, false) => RosterKnown::None,
            },
            shifts: it.shifts.iter().take(SHIFTS_MAX).map(shift).collect(),
        }
    }
}
