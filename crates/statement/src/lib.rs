//! Statements: the files of transactions that shops download from acquirers and wallets, read into records (R1.3, R3.3).
//!
//! What a file is, its content says, never its name. Columns are found by their headings; what a word means, by a table of each
//! layout; what is in no table is *unknown*, and never counts as approved. `docs/STATEMENTS.md` says how each field comes about.
//!
//! May touch: a reader that is given. It opens nothing, and knows no clock.
//!
//! Invariant: whatever the bytes, it ends with records or with an error, in bounded memory, and neither holds more of a card
//! number than its first six and last four digits.

mod amount;
mod file;
mod format;
mod limit;
mod mapping;
mod outline;
mod read;
mod record;
mod row;
mod table;
mod time;
mod word;

pub use format::Kind;
pub use limit::{FILE_BYTES_MAX, HEADER_ROW_MAX, ROWS_MAX};
pub use mapping::{Columns, Effect, Mapping, Outcome, Paid, Unfit, Unit};
pub use outline::{Column, Line, Outline, guess, outline};
pub use read::{Error, Options, Setting, Trouble, read};
pub use record::{Certainty, Direction, Entry, Fate, Method, Record, State, Take};
pub use table::{Check, Counted, Notes, Part, Reason, Refused, Statement};
pub use time::zone;
