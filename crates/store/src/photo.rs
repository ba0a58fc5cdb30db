//! Photos of terminals: what is said of them. Their bytes are in [`crate::piece`].
//!
//! Invariant: the row of a photo is written after all of its pieces.

use domain::photo::{Photo, Removed, Shows, State};
use domain::{TerminalId, Timestamp};

use crate::piece::{Amount, amount, let_go};
use crate::row::{columns, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Shows, State);
columns!(Removed {
    by = "removed_by",
    at = "removed_at_ms",
    #[sealed]
    ground = "removed_ground",
});
table!(Photo: "photo", 1 {
    photo_id,
    merchant_id,
    terminal_id,
    shows,
    #[sealed] caption,
    state,
    sent_sha256,
    sha256,
    len,
    scan,
    is_there,
    by = "made_by",
    at = "made_at_ms",
    removed: Removed,
});

/// The newest photos of a terminal first, at most `limit`.
pub fn of(tx: &Tx<'_>, terminal_id: TerminalId, limit: i64) -> Result<Vec<Photo>, Error> {
    let sql = select!(
        Photo,
        "WHERE photo.terminal_id = $1 ORDER BY photo.made_at_ms DESC, photo.photo_id LIMIT $2"
    );
    tx.all(sql, values![&terminal_id, limit], read)
}

/// The photos of a terminal that were added until a time and stood after another, the newest first, at most `limit`.
pub fn stood(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    (after, until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Photo>, Error> {
    let sql = select!(
        Photo,
        "WHERE photo.terminal_id = $1 AND photo.made_at_ms <= $2 AND (photo.removed_at_ms IS NULL OR photo.removed_at_ms > $3)
         ORDER BY photo.made_at_ms DESC, photo.photo_id LIMIT $4"
    );
    tx.all(sql, values![&terminal_id, until, after, limit], read)
}

/// The photo of a terminal that shows that, made of the same file and not removed.
pub fn same(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    shows: Shows,
    sent_sha256: &[u8],
) -> Result<Option<Photo>, Error> {
    let sql = select!(
        Photo,
        "WHERE photo.terminal_id = $1 AND photo.shows = $2 AND photo.sent_sha256 = $3 AND photo.state = 'kept' LIMIT 1"
    );
    tx.first(sql, values![&terminal_id, shows.code(), sent_sha256], read)
}

/// What a terminal has, also of what was removed, as long as its bytes are here.
pub fn amount_of(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Amount, Error> {
    let sql = sql!(
        "SELECT count(*), CAST(coalesce(sum(len), 0) AS BIGINT) FROM photo WHERE terminal_id = $1 AND is_there = 1"
    );
    amount(tx, sql, values![&terminal_id])
}

/// What somebody has added since a time.
pub fn amount_by(tx: &Tx<'_>, by: &str, since: Timestamp) -> Result<Amount, Error> {
    let sql = sql!(
        "SELECT count(*), CAST(coalesce(sum(len), 0) AS BIGINT) FROM photo WHERE made_by = $1 AND made_at_ms > $2"
    );
    amount(tx, sql, values![by, since])
}

/// The newest photos that somebody added; at most `limit`.
pub fn by(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Photo>, Error> {
    let sql = select!(
        Photo,
        "WHERE photo.made_by = $1 ORDER BY photo.made_at_ms DESC LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// Photos that were removed before a time, whose bytes are here still, of terminals without an open loss; at most `limit`.
pub fn over(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT p.photo_id FROM photo p WHERE p.state = 'removed' AND p.is_there = 1 AND p.removed_at_ms < $1
           AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.terminal_id = p.terminal_id AND i.state <> 'closed') LIMIT $2"
    );
    tx.all(sql, values![before, limit], |row| row.string(0))
}

/// Lets the bytes of a photo go, and what people said of it; that it was there, and its digests, stay.
pub fn empty(tx: &Tx<'_>, photo_id: &str) -> Result<(), Error> {
    let sql =
        sql!("UPDATE photo SET is_there = 0, caption = NULL, removed_ground = NULL WHERE photo_id = $1");
    tx.execute(sql, values![photo_id])?;
    let_go(tx, photo_id)
}
