//! When people want mails about duties.

use domain::duty_mail::{DutyMail, Often};

use crate::row::{self, read, select, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Often);
table!(DutyMail: "duty_mail", 1 { login, often, next_at = "next_at_ms" });

/// Writes down what a person has chosen, over what was there.
pub fn put(tx: &Tx<'_>, chosen: &DutyMail) -> Result<(), Error> {
    match row::update(tx, chosen)? {
        true => Ok(()),
        false => row::insert(tx, chosen),
    }
}

/// Forgets it.
pub fn delete_of(tx: &Tx<'_>, login: &str) -> Result<usize, Error> {
    tx.execute(sql!("DELETE FROM duty_mail WHERE login = $1"), values![login])
}

/// Whose mail of the day is due by now, or was put off by a clock that went wrong; at most `limit`.
pub fn due(tx: &Tx<'_>, ahead_ms_max: i64, limit: i64) -> Result<Vec<DutyMail>, Error> {
    let sql = select!(
        DutyMail,
        "WHERE duty_mail.next_at_ms IS NOT NULL AND (duty_mail.next_at_ms <= $1 OR duty_mail.next_at_ms > $2)
          ORDER BY duty_mail.next_at_ms, duty_mail.login LIMIT $3"
    );
    tx.all(
        sql,
        values![tx.now(), tx.now().plus_ms(ahead_ms_max), limit],
        read,
    )
}
