//! What the packet for the police says (R1.1): the data of the template `police_packet`, gathered in one snapshot.
//!
//! Invariant: what is not known is null, never a guess. Times are in the terminal's zone, cards truncated.

use app::stop_request::{Facts, acquirer_of, letter};
use domain::Timestamp;
use domain::incident::Incident;
use domain::merchant::Merchant;
use domain::shop::Shop;
use domain::stop_request::{StopRequest, whole};
use domain::terminal::{Control, Terminal};
use domain::transaction::{Entry, LedgerRow};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::Tx;
use store::ledger::{self, Filter};

use super::case::stop_state;
use crate::people::Names;
use crate::problem::Problem;
use crate::transaction::shown;
use crate::wire::Time;

/// Rows of each table at most, the newest.
const ROWS_MAX: i64 = 500;

/// The job for `tillguard-documents`.
pub fn job(tx: &Tx<'_>, incident: &Incident, language: &str) -> Result<Vec<u8>, Problem> {
    let made_at = tx.now();
    let job = json!({
        "template": "police_packet",
        "language": language,
        "time": Time(made_at).to_string(),
        "data": data(tx, incident, made_at)?,
    });
    Ok(job.to_string().into_bytes())
}

fn data(tx: &Tx<'_>, incident: &Incident, made_at: Timestamp) -> Result<Value, Problem> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(store::Error::Corrupt("terminal of an incident"))?;
    let merchant = store::merchant::get(tx, terminal.bound.merchant_code)?;
    let merchant = merchant.ok_or(store::Error::Corrupt("merchant of a terminal"))?;
    let shop = store::shop::get(tx, &terminal.shop_id)?;
    let shop = shop.ok_or(store::Error::Corrupt("shop of a terminal"))?;
    let reported_by = Names::new(tx).person(&incident.reported_by)?;
    let clock = Clock::of(&terminal);
    let request = store::stop_request::get(tx, &incident.incident_id)?;
    let letter = match &request {
        Some(request) => request.letter.clone(),
        None => letter(&Facts {
            incident,
            terminal: &terminal,
            merchant: &merchant,
            shop: &shop,
            acquirer: acquirer_of(tx, &terminal)?.as_ref(),
            by: &reported_by,
        }),
    };
    let digest = Sha256::digest(whole(&letter.text_zh, &letter.text_en).as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let window = rows(tx, incident, (incident.window.from, Some(incident.window.to)))?;
    let after = rows(tx, incident, (incident.suspended_at, None))?;
    let (count, approved) =
        ledger::in_window(tx, incident.terminal_id, incident.window.from, incident.window.to)?;
    let approved = approved.iter().map(|(currency, minor)| money(currency, minor));
    Ok(json!({
        "number": incident.incident_id,
        "made_at": clock.time(made_at),
        "zone": clock.name(made_at),
        "outside": terminal.control == Control::Outside,
        "incident": incident_out(tx, incident, request.as_ref(), &reported_by, &clock)?,
        "terminal": terminal_out(&terminal),
        "merchant": merchant_out(&merchant),
        "shop": shop_out(&shop),
        "operators": operators(&window, &clock),
        "window": {
            "count": count,
            "approved": approved.collect::<Vec<_>>(),
            "cut": is_cut(&window),
            "rows": rows_out(&window, &clock),
        },
        "after": {
            "count": incident.attempt_count,
            "cut": is_cut(&after),
            "rows": rows_out(&after, &clock),
        },
        "evidence": [{ "kind": "stop_letter", "format": "text/plain; UTF-8", "sha256": digest }],
    }))
}

fn incident_out(
    tx: &Tx<'_>,
    incident: &Incident,
    request: Option<&StopRequest>,
    reported_by: &str,
    clock: &Clock,
) -> Result<Value, Problem> {
    let state = stop_state(store::stop_request::known(tx, &incident.incident_id)?);
    let confirmation = request.and_then(|request| request.confirmation.as_ref());
    // Where somebody else decides, what stopped it is known from there alone.
    let stopped_at = match request {
        None => Some(incident.suspended_at),
        Some(_) => store::stop_request::known(tx, &incident.incident_id)?.and_then(|known| known.since),
    };
    Ok(json!({
        "manner": incident.manner.code(),
        "reported_by": reported_by,
        "reported_at": clock.time(incident.reported_at),
        "last_seen_at": incident.last_seen_at.map(|at| clock.time(at)),
        "place": incident.place,
        "circumstances": incident.circumstances,
        "stop": state.code(),
        "stopped_at": stopped_at.map(|at| clock.time(at)),
        "stop_requested_at": request.map(|request| clock.time(request.requested_at)),
        "stop_reference": confirmation.map(|confirmation| &confirmation.reference),
        "window_from": clock.time(incident.window.from),
        "window_to": clock.time(incident.window.to),
        "window_basis": incident.window.basis.code(),
    }))
}

fn terminal_out(terminal: &Terminal) -> Value {
    let about = &terminal.about;
    json!({
        "model": terminal.model,
        "serial": terminal.serial,
        // Not kept; a line to fill in.
        "tusn": null,
        "terminal_id": terminal.terminal_id.to_string(),
        "name": terminal.name,
        "location": about.location,
        "purchased_on": about.purchased_on,
        "purchased_from": about.purchased_from,
        "price": about.price.map(|price| money(price.currency, price.minor)),
    })
}

fn merchant_out(merchant: &Merchant) -> Value {
    json!({
        "merchant_id": merchant.merchant_id.to_string(),
        "name": merchant.name,
        "credit_code": merchant.unified_social_credit_code,
    })
}

fn shop_out(shop: &Shop) -> Value {
    json!({ "name": shop.name, "address": shop.address })
}

/// The terminal's rows of a span, oldest first; the newest [`ROWS_MAX`].
fn rows(
    tx: &Tx<'_>,
    incident: &Incident,
    (from, to): (Timestamp, Option<Timestamp>),
) -> Result<Vec<LedgerRow>, store::Error> {
    let filter = Filter {
        from: Some(from),
        to,
        decision: None,
    };
    let mut rows = ledger::page(tx, incident.terminal_id, filter, None, ROWS_MAX)?;
    rows.reverse();
    Ok(rows)
}

/// Whether there may be more than are listed.
fn is_cut(rows: &[LedgerRow]) -> bool {
    i64::try_from(rows.len()).is_ok_and(|count| count >= ROWS_MAX)
}

fn rows_out(rows: &[LedgerRow], clock: &Clock) -> Vec<Value> {
    rows.iter().filter_map(|row| row_out(row, clock)).collect()
}

fn row_out(row: &LedgerRow, clock: &Clock) -> Option<Value> {
    let (Entry::Request(kind), Some(decision)) = (row.entry, row.decision) else {
        return None;
    };
    let amount = row.amount.map(|amount| money(amount.currency, amount.minor));
    Some(json!({
        "at": clock.time(row.at),
        "kind": kind.code(),
        "card": row.card.map(shown).unwrap_or_default(),
        "amount": amount.unwrap_or_default(),
        "decision": decision.code(),
        "operator": row.operator.as_deref().unwrap_or_default(),
        "peer": row.peer.as_deref().unwrap_or_default(),
        "proof": row.proof.map(domain::transaction::Proof::code),
    }))
}

/// Who was signed in, in the order in which they come first.
fn operators(rows: &[LedgerRow], clock: &Clock) -> Vec<Value> {
    let mut found: Vec<(&str, Timestamp, Timestamp)> = Vec::new();
    for row in rows {
        let Some(operator) = row.operator.as_deref() else {
            continue;
        };
        match found.iter_mut().find(|(known, ..)| *known == operator) {
            Some((_, _, last)) => *last = row.at,
            None => found.push((operator, row.at, row.at)),
        }
    }
    let out = |(operator, first, last)| json!({ "operator": operator, "first": clock.time(first), "last": clock.time(last) });
    found.into_iter().map(out).collect()
}

/// An amount with its currency: `CNY 1234.50`.
fn money(currency: domain::money::Currency, minor: i64) -> String {
    let decimals = currency.decimals();
    let letters = match currency.letters() {
        Some(letters) => letters.to_owned(),
        None => format!("{:03}", currency.0),
    };
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    match decimals {
        0 => format!("{letters} {sign}{whole}"),
        _ => format!("{letters} {sign}{whole}.{part}"),
    }
}

/// The terminal's own clock.
struct Clock {
    zone: jiff::tz::TimeZone,
    name: String,
}

impl Clock {
    fn of(terminal: &Terminal) -> Self {
        match jiff::tz::TimeZone::get(&terminal.time_zone) {
            Ok(zone) => Self {
                zone,
                name: terminal.time_zone.clone(),
            },
            Err(_) => Self {
                zone: jiff::tz::TimeZone::UTC,
                name: "UTC".to_owned(),
            },
        }
    }

    fn at(&self, at: Timestamp) -> jiff::Zoned {
        jiff::Timestamp::from_millisecond(at.0)
            .unwrap_or_default()
            .to_zoned(self.zone.clone())
    }

    fn time(&self, at: Timestamp) -> String {
        self.at(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Its name, with the offset at that moment.
    fn name(&self, at: Timestamp) -> String {
        format!("{} ({})", self.name, self.at(at).strftime("UTC%:z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_their_currency_and_its_decimals() {
        let of = |letters: &str| domain::money::Currency::parse(letters).unwrap();
        assert_eq!(money(of("CNY"), 5), "CNY 0.05");
        assert_eq!(money(of("CNY"), -123_456), "CNY -1234.56");
        assert_eq!(money(of("JPY"), 500), "JPY 500");
        assert_eq!(money(of("KWD"), 1), "KWD 0.001");
        assert_eq!(money(domain::money::Currency(1), 100), "001 1.00");
    }
}
