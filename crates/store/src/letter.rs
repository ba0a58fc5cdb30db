//! Letters of an incident. Their documents are in [`crate::piece`], by the letter's identifier.
//!
//! Invariant: rows are added and changed, never taken out, and a number is never given twice.

use domain::account::Scope;
use domain::letter::{Answer, Document, Kind, Letter, Recipient, Sent, State, Way};

use crate::piece;
use crate::row::{columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(Kind, State, Way);
columns!(Recipient {
    #[sealed] name = "to_name",
    #[sealed] email = "to_email",
    contact_id = "to_contact_id",
});
columns!(Document {
    sha256 = "document_sha256",
    len = "document_len",
    at = "document_at_ms",
});
columns!(Sent {
    way = "sent_way",
    at = "sent_at_ms",
    by = "sent_by",
});
columns!(Answer {
    by = "answer_by",
    at = "answer_at_ms",
    #[sealed] reference = "answer_reference",
    #[sealed] text = "answer_text",
    attachment_id = "answer_attachment_id",
});
table!(Letter: "letter", 1 {
    letter_id,
    incident_id,
    position,
    number,
    kind,
    language,
    state,
    to: Recipient,
    questions,
    #[sealed] own_question,
    payments,
    due_on,
    due_at = "due_at_ms",
    by = "written_by",
    at = "written_at_ms",
    document: Document,
    mail: domain::stop_request::Mailed,
    sent: Sent,
    answer: Answer,
    withdrawn: domain::attachment::Withdrawn,
});

/// The letters of an incident, the oldest first; they are few.
pub fn of(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Letter>, Error> {
    let sql = select!(
        Letter,
        "WHERE letter.incident_id = $1 ORDER BY letter.position LIMIT 100"
    );
    tx.all(sql, values![incident_id], read)
}

/// Letters that nobody has answered by the day that they name, of incidents that somebody of that scope sees and that are not closed, the
/// longest first; at most `limit`.
pub fn overdue(tx: &Tx<'_>, scope: &Scope, limit: i64) -> Result<Vec<Letter>, Error> {
    let sql = select!(
        Letter,
        "JOIN incident i ON i.incident_id = letter.incident_id JOIN terminal t ON t.terminal_id = i.terminal_id
          WHERE letter.state = 'sent' AND letter.due_at_ms <= $1 AND i.state <> 'closed'
            AND (CAST($2 AS TEXT) IS NULL OR t.merchant_id = $2) AND (CAST($3 AS TEXT) IS NULL OR t.shop_id = $3)
          ORDER BY letter.due_at_ms, letter.letter_id LIMIT $4"
    );
    let (merchant, shop) = scope_values(scope);
    tx.all(sql, &[tx.now().into(), merchant, shop, limit.into()], read)
}

/// The next number of a year.
pub fn next_number(tx: &Tx<'_>, year: i64) -> Result<i64, Error> {
    let sql = sql!(
        "INSERT INTO letter_year (year, last) VALUES ($1, 1)
         ON CONFLICT (year) DO UPDATE SET last = letter_year.last + 1 RETURNING last"
    );
    let given = tx.all(sql, values![year], |row| row.int(0))?;
    given.first().copied().ok_or(Error::Corrupt("letter_year.last"))
}

/// Takes out what the letters of an incident say of people, and lets their documents go. The digest of each stays: who has one can show
/// that it was this one.
pub fn erase(tx: &Tx<'_>, incident_id: &str) -> Result<(), Error> {
    for letter in of(tx, incident_id)? {
        if letter.document.is_some() && !letter.is_erased() {
            piece::let_go(tx, &letter.letter_id)?;
        }
    }
    let said = sql!(
        "UPDATE letter SET to_name = '', to_email = NULL, own_question = NULL, mail_said = NULL,
           mail_to = CASE WHEN mail_to IS NULL THEN NULL ELSE '' END,
           answer_reference = NULL, answer_text = NULL, withdrawn_ground = NULL WHERE incident_id = $1"
    );
    tx.execute(said, values![incident_id]).map(drop)
}
