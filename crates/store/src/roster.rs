//! Who works in shops, day by day.

use domain::day::Day;
use domain::roster::{Roster, Shifts};
use domain::{MerchantId, Timestamp};

use crate::row::{read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

/// What was entered, as its row has it.
struct Kept {
    shop_id: String,
    day: i64,
    merchant_id: MerchantId,
    shifts: String,
    by: String,
    at: Timestamp,
}
table!(Kept: "roster", 2 { shop_id, day, merchant_id, shifts, by = "entered_by", at = "entered_at_ms" });

impl Kept {
    fn roster(self) -> Result<Roster, Error> {
        Ok(Roster {
            shifts: Shifts::read(&self.shifts).ok_or(Error::Corrupt("roster.shifts"))?,
            shop_id: self.shop_id,
            day: Day(self.day),
            merchant_id: self.merchant_id,
            by: self.by,
            at: self.at,
        })
    }
}

/// Those of a shop from one day to another, in their order.
pub fn of_shop(tx: &Tx<'_>, shop_id: &str, (from, to): (Day, Day)) -> Result<Vec<Roster>, Error> {
    let sql = select!(
        Kept,
        "WHERE roster.shop_id = $1 AND roster.day >= $2 AND roster.day <= $3 ORDER BY roster.day"
    );
    let kept: Vec<Kept> = tx.all(sql, values![shop_id, from.0, to.0], read)?;
    kept.into_iter().map(Kept::roster).collect()
}

/// Keeps what is entered for a day, in place of what was.
pub fn put(tx: &Tx<'_>, roster: &Roster) -> Result<(), Error> {
    delete(tx, &roster.shop_id, roster.day)?;
    let kept = Kept {
        shop_id: roster.shop_id.clone(),
        day: roster.day.0,
        merchant_id: roster.merchant_id,
        shifts: roster.shifts.to_string(),
        by: roster.by.clone(),
        at: roster.at,
    };
    crate::row::insert(tx, &kept)
}

/// Who works on that day is not known any more.
pub fn delete(tx: &Tx<'_>, shop_id: &str, day: Day) -> Result<(), Error> {
    let sql = sql!("DELETE FROM roster WHERE shop_id = $1 AND day = $2");
    tx.execute(sql, values![shop_id, day.0]).map(drop)
}

/// Forgets those of days before one, at most `limit`; how many there were.
pub fn forget(tx: &Tx<'_>, before: Day, limit: i64) -> Result<usize, Error> {
    let sql = sql!(
        "DELETE FROM roster WHERE (shop_id, day) IN
           (SELECT r.shop_id, r.day FROM roster r WHERE r.day < $1 ORDER BY r.day LIMIT $2)"
    );
    tx.execute(sql, values![before.0, limit])
}
