//! What must follow a loss, as data: playbooks of duties, the rules they come from, and the clocks that run from them (R1.0, R3.4).
//!
//! A playbook is a text (YAML) that people can read, check and change; what it says of an incident is fixed when the incident begins.
//!
//! Invariant: pure. Every deadline is a function of its start, the rule's term, the terminal's zone and the calendar; nothing here
//! knows what time it is.

mod built_in;
mod calendar;
mod clock;
mod read;
mod rule;

pub use built_in::{Added, binding_notice, found, of};
pub use calendar::Calendar;
pub use clock::{Due, Term};
pub use read::{Playbook, Said, Wrong};
pub use rule::{Mark, Rule};
