//! Loss incidents, from the report to the second person who confirms that the terminal is found (R1.0 to R1.3).
//!
//! `case` is the list, the page, and how a step is taken; `report`, `alarm`, `found`, `inspection`, `closing`, `duty`, `police`,
//! `replacement` and `comment` are the steps; `drill` is a report that is not kept; `timeline`, `stream` and `activity` show what
//! happened; `documents` hands out what goes to others on paper, whose words `packet`, `claim` and `closing_report` gather, and `pack`
//! all of it with its proofs; `letter` asks banks and institutions in writing; `attachment` keeps what people bring, which `spool` takes
//! in; `recorded` has people decide what the terminal tried to turn back; `payment` shows what downloaded statements say, and `suspect`
//! which payments stand out, and takes what people say of them.
//!
//! Invariant: these use `case` and never each other's handlers; `case` uses none of them.

pub mod activity;
pub mod alarm;
pub mod attachment;
pub mod case;
mod claim;
pub mod closing;
mod closing_report;
pub mod comment;
mod device;
pub mod documents;
pub mod drill;
pub mod duty;
pub mod fact;
pub mod found;
pub mod inspection;
pub mod letter;
pub mod pack;
mod packet;
pub mod payment;
pub mod police;
pub mod recorded;
pub mod render;
pub mod replacement;
pub mod report;
pub mod stop_request;
pub mod stream;
pub mod suspect;
pub mod timeline;

pub use case::{CODES, router};
