//! What must follow a loss, as data: playbooks of duties, the rules they come from, and the clocks that run from them (R1.0, R3.4).
//!
//! A playbook is a text (YAML) that people can read, check and change; what it says of an incident is fixed when the incident begins.
//!
//! Invariant: pure. Every deadline is a function of its start, the rule's term, the terminal's zone and the calendar; nothing here
//! knows what time it is.

mod built_in;
mod calendar;
mod check;
mod clock;
#[cfg(test)]
mod fixture;
mod node;
mod read;
mod rule;
mod schema;
mod write;

pub use built_in::{
    Added, BuiltIn, FOUND, INSPECTION, NEW_KEYS, REPLACEMENT, all, binding_notice, found, named, of,
};
pub use calendar::Calendar;
pub use check::{Change, Difference, Field, Warning, check, differences, warnings};
pub use clock::{Due, Term};
pub use read::{Code, DUTIES_MAX, NAME_CHARS_MAX, Only, Playbook, Said, TITLE_CHARS_MAX, VERSION_MAX, Wrong};
pub use rule::{Mark, Rule, Where};
pub use schema::schema;
pub use write::{numbered, said_of, write};
