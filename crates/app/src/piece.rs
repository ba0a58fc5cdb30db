//! The bytes of files on their way in, in pieces: of files of incidents and of photos of terminals alike.
//!
//! Invariant: pieces become part of a file with the last one, or are forgotten.

use domain::time::HOUR_MS;
use store::piece::{self, Amount};
use store::{Error as StoreError, Tx};

use crate::case::Error;

/// A day, for what an account may bring in one.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// How long pieces may come of which there is no file yet.
const LOOSE_MS_MAX: i64 = HOUR_MS;
/// Pieces that are forgotten in one go: each is overwritten, and the writer waits for it.
const FORGOTTEN_MAX: i64 = 16;
/// Files of each kind whose bytes are let go in one go.
const LET_GO_MAX: i64 = 100;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The incident, or the terminal, has as much as one may have.
    #[error("there are as many files as there may be")]
    Full,
    /// The account has brought as much as it may in a day.
    #[error("too much was brought in a day")]
    TooMuchToday,
    /// It took too long: its pieces were given up.
    #[error("its pieces were given up")]
    GivenUp,
    /// As for every noun.
    #[error(transparent)]
    Case(#[from] Error),
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

/// Whether there is room for one more of that length: beside the others of the same incident or terminal, and of the same account today.
pub(crate) fn has_room(
    (has, len, max): (Amount, i64, Amount),
    (today, today_len, today_max): (Amount, i64, Amount),
) -> Result<(), NotTaken> {
    let fits = |has: Amount, len: i64, max: Amount| has.count < max.count && has.len + len <= max.len;
    if !fits(has, len, max) {
        return Err(NotTaken::Full);
    }
    match fits(today, today_len, today_max) {
        true => Ok(()),
        false => Err(NotTaken::TooMuchToday),
    }
}

/// Keeps a piece, sealed by the edge; they are numbered from 0.
///
/// # Errors
/// [`NotTaken::GivenUp`].
pub fn keep(tx: &Tx<'_>, file_id: &str, number: i64, sealed: &[u8]) -> Result<(), NotTaken> {
    match piece::put(tx, file_id, number, sealed)? {
        true => Ok(()),
        false => Err(NotTaken::GivenUp),
    }
}

/// Makes them part of a file, if all are there.
pub(crate) fn claim(tx: &Tx<'_>, file_id: &str, count: i64) -> Result<(), NotTaken> {
    match piece::claim(tx, file_id)? && piece::count(tx, file_id)? == count {
        true => Ok(()),
        false => Err(NotTaken::GivenUp),
    }
}

/// Forgets pieces that never became a file, and those of files whose time is over; answers whether there is more to forget.
pub fn forget(tx: &Tx<'_>) -> Result<bool, StoreError> {
    crate::attachment::let_go(tx, LET_GO_MAX)?;
    crate::photo::let_go(tx, LET_GO_MAX)?;
    let Some(file_id) = piece::loose(tx, tx.now().plus_ms(-LOOSE_MS_MAX))? else {
        return Ok(false);
    };
    piece::forget(tx, &file_id, FORGOTTEN_MAX)?;
    Ok(true)
}
