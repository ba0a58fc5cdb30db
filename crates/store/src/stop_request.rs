//! Requests to stop a terminal that an outside acquirer decides.

use domain::MerchantId;
use domain::Timestamp;
use domain::stop_request::{
    Asked, Confirmation, Letter, MailState, Mailed, ProviderState, State, StopRequest,
};
use domain::terminal::{AtProvider, Provider};

use crate::row::{self, columns, table};
use crate::sql::{sql, values};
use crate::{Error, Tx};

crate::row::words!(MailState, ProviderState, State);
columns!(Letter { #[sealed] text_zh = "letter_zh", #[sealed] text_en = "letter_en", sha256 = "letter_sha256" });
columns!(Mailed {
    state = "mail_state",
    at = "mail_at_ms",
    #[sealed] to = "mail_to",
    #[sealed] said = "mail_said",
    count = "mail_count"
});
columns!(Asked {
    state = "asked_state",
    at = "asked_at_ms",
    device: AtProvider,
    said = "asked_said",
    evidence = "asked_evidence"
});
columns!(Confirmation {
    reference = "confirmation_reference",
    #[sealed] confirmed_by = "confirmation_by",
    at = "confirmation_at_ms",
    recorded_by = "confirmation_recorded_by",
    recorded_at = "confirmation_recorded_at_ms"
});
table!(StopRequest: "stop_request", 1 {
    incident_id,
    terminal_id,
    state,
    requested_at = "requested_at_ms",
    requested_by,
    letter: Letter,
    mail: Mailed,
    asked: Asked,
    reminder_count,
    remind_at = "remind_at_ms",
    confirmation: Confirmation
});

/// Adds the request of an incident.
pub fn insert(tx: &Tx<'_>, request: &StopRequest) -> Result<(), Error> {
    row::insert(tx, request)
}

/// The request of an incident; `None` where our own gate decides.
pub fn get(tx: &Tx<'_>, incident_id: &str) -> Result<Option<StopRequest>, Error> {
    row::get(tx, values![incident_id])
}

/// Writes it anew. Its terminal is locked.
pub fn update(tx: &Tx<'_>, request: &StopRequest) -> Result<bool, Error> {
    row::update(tx, request)
}

/// What lists show of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What is known of the stop.
    pub state: State,
    /// Since when it is confirmed or stopped.
    pub since: Option<Timestamp>,
    /// How often people were reminded of it.
    pub reminder_count: i64,
}

/// What lists show of the request of an incident; `None` where our own gate decides.
pub fn known(tx: &Tx<'_>, incident_id: &str) -> Result<Option<Known>, Error> {
    let sql = sql!(
        "SELECT state, confirmation_at_ms, asked_at_ms, reminder_count FROM stop_request WHERE incident_id = $1"
    );
    tx.first(sql, values![incident_id], |row| {
        let state = State::parse(row.text(0)?).ok_or(Error::Corrupt("stop_request.state"))?;
        let since = match state {
            State::Requested => None,
            State::Confirmed => row.int_opt(1)?,
            State::Stopped => row.int_opt(2)?,
        };
        Ok(Known {
            state,
            since: since.map(Timestamp),
            reminder_count: row.int(3)?,
        })
    })
}

/// The incidents, at most `limit`, in which a provider refused to stop a terminal of a merchant and nobody has confirmed the stop
/// since.
pub fn refused(
    tx: &Tx<'_>,
    merchant_id: MerchantId,
    provider: Provider,
    limit: i64,
) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT s.incident_id FROM stop_request s
           JOIN incident i ON i.incident_id = s.incident_id JOIN terminal t ON t.terminal_id = s.terminal_id
         WHERE t.merchant_id = $1 AND s.provider = $2 AND s.asked_state = 'refused' AND s.state = 'requested'
           AND (i.state <> 'closed' OR i.ended_as IN ('not_found', 'destroyed')) ORDER BY s.requested_at_ms DESC LIMIT $3"
    );
    tx.all(sql, values![&merchant_id, provider.code(), limit], |row| {
        row.string(0)
    })
}
