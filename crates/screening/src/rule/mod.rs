//! Rules that people write themselves: a condition over what is known of a payment, and words for when it holds (R3.3).
//!
//! A condition is an expression of CEL, the Common Expression Language, of which a small part is taken: whole numbers, texts, truths and
//! `null`, no fractions, no lists but behind `in`, no loops, no clock. It is read by the crate `cel`, then checked here: each name, each
//! type, each word of a closed list, length, depth and size. What passes is a tree that is walked at most once for each answer.
//!
//! What nobody knows is `null`, and makes a condition unknown, not false, unless the rest of it decides; what cannot be computed is said,
//! and counted. `docs/SCREENING.md` has the variables and examples.
//!
//! Invariant: whatever the text, checking it ends with a condition or with what is wrong and where; evaluating ends within
//! [`NODES_MAX`] steps.

mod back_test;
mod check;
mod expression;
mod mistake;
mod set;
#[cfg(test)]
mod tests;
mod variable;

pub use back_test::{BackTest, DAYS_MAX, Day, EXAMPLES_MAX, RuleTest, back_test};
pub use check::{BRACKETS_MAX, CHARS_MAX, Condition, DEPTH_MAX, NODES_MAX};
pub use expression::{Failure, Outcome};
pub use mistake::{Mistake, Wrong};
pub use set::{Judged, RULES_MAX, Rule, RuleField, Rules, SET_BYTES_MAX, Stage, Unread};
pub use variable::{Input, Type, Variable};
