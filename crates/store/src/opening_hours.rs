//! When shops are open.

use domain::opening_hours::{Exceptions, OpeningHours, Told, Week};
use domain::{MerchantId, Timestamp};

use crate::row::{self, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

/// What was said, as its row has it.
struct Kept {
    shop_id: String,
    merchant_id: MerchantId,
    week: String,
    exceptions: String,
    by: String,
    at: Timestamp,
}
table!(Kept: "opening_hours", 1 { shop_id, merchant_id, week, exceptions, by = "told_by", at = "told_at_ms" });

impl Kept {
    fn told(self) -> Result<Told, Error> {
        let hours = OpeningHours {
            week: Week::read(&self.week).ok_or(Error::Corrupt("opening_hours.week"))?,
            exceptions: Exceptions::read(&self.exceptions)
                .ok_or(Error::Corrupt("opening_hours.exceptions"))?,
        };
        Ok(Told {
            shop_id: self.shop_id,
            merchant_id: self.merchant_id,
            hours,
            by: self.by,
            at: self.at,
        })
    }
}

/// What was said of a shop's.
pub fn get(tx: &Tx<'_>, shop_id: &str) -> Result<Option<Told>, Error> {
    row::get(tx, values![shop_id])?.map(Kept::told).transpose()
}

/// Keeps what is said of a shop's, in place of what was.
pub fn put(tx: &Tx<'_>, told: &Told) -> Result<(), Error> {
    delete(tx, &told.shop_id)?;
    let kept = Kept {
        shop_id: told.shop_id.clone(),
        merchant_id: told.merchant_id,
        week: told.hours.week.to_string(),
        exceptions: told.hours.exceptions.to_string(),
        by: told.by.clone(),
        at: told.at,
    };
    row::insert(tx, &kept)
}

/// They are not known any more.
pub fn delete(tx: &Tx<'_>, shop_id: &str) -> Result<(), Error> {
    let sql = sql!("DELETE FROM opening_hours WHERE shop_id = $1");
    tx.execute(sql, values![shop_id]).map(drop)
}
