//! What the packet for the police says (R1.1): the data of the template `police_packet`, gathered in one snapshot.
//!
//! Invariant: what is not known is null, never a guess; where the stop letter says the same, it says it as this does. Times are by
//! the terminal's own clock, cards truncated.

use app::stop_request::{acquirer_of, clock, credit_code, merchant_number, minute, placement};
use app::suspect::{self, OnShift, Source, Suspect};
use domain::Timestamp;
use domain::attachment::{Attachment, Purpose, State as Kept};
use domain::hex;
use domain::incident::Incident;
use domain::mark::Verdict;
use domain::setting::Language as Spoken;
use domain::statement::Statement;
use domain::stop_request::{State as Stop, StopRequest};
use domain::terminal::{Control, Terminal};
use domain::transaction::{Decision, Entry, LedgerRow, Proof};
use serde_json::{Value, json};
use store::Tx;
use store::ledger::{self, Filter};

use super::fact::made_at;
use crate::people::Names;
use crate::problem::Problem;
use crate::transaction::shown;
use crate::wire::Time;

/// Rows of each table at most, the newest.
const ROWS_MAX: i64 = 500;
/// Reasons that are said of a payment.
const REASONS_MAX: usize = 3;
/// Shifts of the window that are listed.
const SHIFTS_MAX: usize = 60;

/// The job for `tillguard-documents`.
pub fn job(tx: &Tx<'_>, incident: &Incident, language: &str) -> Result<Value, Problem> {
    let made_at = made_at(tx.now());
    Ok(json!({
        "template": "police_packet",
        "language": language,
        "time": Time(made_at).to_string(),
        "data": data(tx, incident, made_at, language)?,
    }))
}

fn data(tx: &Tx<'_>, incident: &Incident, made_at: Timestamp, language: &str) -> Result<Value, Problem> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    let terminal = terminal.ok_or(store::Error::Corrupt("terminal of an incident"))?;
    let merchant = store::merchant::get(tx, terminal.bound.merchant_code)?;
    let merchant = merchant.ok_or(store::Error::Corrupt("merchant of a terminal"))?;
    let shop = store::shop::get(tx, &terminal.shop_id)?;
    let shop = shop.ok_or(store::Error::Corrupt("shop of a terminal"))?;
    let request = store::stop_request::get(tx, &incident.incident_id)?;
    let acquirer = acquirer_of(tx, &terminal)?;
    let (marked, statements) = marked(tx, incident, &terminal, language)?;
    let evidence = evidence(tx, incident, request.as_ref())?.into_iter();
    Ok(json!({
        "number": incident.incident_id,
        "made_at": minute(made_at, &terminal),
        "zone": terminal.time_zone,
        "outside": terminal.control == Control::Outside,
        "incident": incident_out(tx, incident, request.as_ref(), &terminal)?,
        "terminal": terminal_out(&terminal),
        "merchant": {
            "merchant_id": merchant_number(&terminal, acquirer.as_ref()),
            "name": merchant.name,
            "credit_code": credit_code(&terminal, &merchant),
        },
        "shop": { "name": shop.name, "address": placement(&terminal, &shop) },
        "window": window(tx, incident, &terminal)?,
        "after": after(tx, incident, &terminal)?,
        "marked": marked,
        "evidence": evidence.chain(statements).collect::<Vec<_>>(),
    }))
}

fn incident_out(
    tx: &Tx<'_>,
    incident: &Incident,
    request: Option<&StopRequest>,
    terminal: &Terminal,
) -> Result<Value, Problem> {
    let at = |at| clock(at, terminal);
    let confirmation = request.and_then(|request| request.confirmation.as_ref());
    let asked = request.and_then(|request| request.asked.as_ref());
    // Where somebody else decides, that is known from there alone, and since when it is.
    let stopped_at = match request {
        None => Some(incident.suspended_at),
        Some(request) if request.state == Stop::Stopped => asked.map(|asked| asked.at),
        Some(_) => None,
    };
    let confirmation = confirmation.map(|confirmation| {
        json!({ "reference": confirmation.reference, "by": confirmation.confirmed_by, "at": at(confirmation.at) })
    });
    let last_heard = ledger::page(
        tx,
        incident.terminal_id,
        Filter::default(),
        Some(incident.hold_id),
        1,
    )?
    .pop();
    let last_heard = last_heard
        .map(|row| json!({ "at": at(row.at), "peer": row.peer, "proof": row.proof.map(Proof::code) }));
    Ok(json!({
        "manner": incident.manner.code(),
        "reported_by": Names::new(tx).person(&incident.reported_by)?,
        "reported_at": at(incident.reported_at),
        "last_seen_at": incident.last_seen_at.map(at),
        "place": incident.place,
        "circumstances": incident.circumstances,
        // Our own gate stops with the report.
        "stop": request.map_or(Stop::Stopped, |request| request.state).code(),
        "stopped_at": stopped_at.map(at),
        "stop_requested_at": request.map(|request| at(request.requested_at)),
        "stop_confirmation": confirmation,
        "last_heard": last_heard,
        "at_provider": asked.and_then(|asked| asked.evidence.as_deref()),
        "found_at": found_at(incident).map(at),
        "found_as": incident.closing.as_ref().map(|closing| closing.ended.code()),
        "window_from": at(incident.window.from),
        "window_to": at(incident.window.to),
        "window_basis": incident.window.basis.code(),
    }))
}

/// When two people had said that it was found again. Closed without that, it is stopped still.
fn found_at(incident: &Incident) -> Option<Timestamp> {
    let closing = incident.closing.as_ref();
    let closing = closing.filter(|closing| closing.ended.runs_again())?;
    let confirmed_at = incident.found.as_ref().and_then(|found| found.confirmed_at);
    Some(confirmed_at.unwrap_or(closing.at))
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
        "price": about.price.map(|price| price.currency.amount(price.minor)),
    })
}

/// What the terminal did between its last trusted use and the stop.
fn window(tx: &Tx<'_>, incident: &Incident, terminal: &Terminal) -> Result<Value, store::Error> {
    let from = incident.window.from;
    // At its start is the last that can be trusted.
    let filter = Filter {
        from: Some(from.plus_ms(1)),
        ..Filter::default()
    };
    let rows = newest(tx, incident, filter, Some(incident.hold_id))?;
    let (count, approved) = ledger::in_window(tx, incident.terminal_id, from, incident.window.to)?;
    let approved = approved.iter().map(|(currency, minor)| currency.amount(minor));
    Ok(json!({
        "count": count,
        "approved": approved.collect::<Vec<_>>(),
        "cut": is_cut(&rows),
        "operators": operators(&rows, terminal),
        "rostered": rostered(tx, incident, terminal)?,
        "rows": rows_out(&rows, terminal),
    }))
}

/// The payments that people called fraudulent, or do not know, oldest first, from the ledger and from statements; and the statements
/// that have them, as they can be handed in.
fn marked(
    tx: &Tx<'_>,
    incident: &Incident,
    terminal: &Terminal,
    language: &str,
) -> Result<(Value, Vec<Value>), store::Error> {
    let spoken = Spoken::parse(language).unwrap_or(Spoken::Chinese);
    let looked = suspect::look(tx, incident, terminal)?;
    let is_said =
        |it: &&Suspect| matches!(it.opinions.verdict(), Some(Verdict::Fraudulent | Verdict::Unsure));
    let all: Vec<&Suspect> = looked.suspects.iter().filter(is_said).collect();
    let listed = &all[all.len().saturating_sub(ROWS_MAX as usize)..];
    // In the order in which they come first; people count from 1.
    let mut statements: Vec<&str> = Vec::new();
    let rows: Vec<Value> = listed
        .iter()
        .map(|it| {
            let row = match &it.source {
                Source::Ledger(_) => it.also.as_ref(),
                Source::Statement(row) => Some(row),
            };
            let in_statement = row.map(|row| {
                let known = statements.iter().position(|id| *id == row.statement_id);
                let place = known.unwrap_or_else(|| {
                    statements.push(&row.statement_id);
                    statements.len() - 1
                });
                json!({ "number": place + 1, "payment": row.position + 1 })
            });
            let reasons = it.judgement.reasons.iter().take(REASONS_MAX);
            json!({
                "at": clock(it.payment.at, terminal),
                "kind": it.payment.kind.code(),
                "state": it.payment.state.code(),
                "card": it.card.as_deref().unwrap_or_default(),
                "amount": it.payment.currency.amount(it.payment.amount_minor),
                "is_certain": it.is_certain,
                "said": it.opinions.verdict().map(Verdict::code),
                "at_gate": matches!(it.source, Source::Ledger(_)),
                "in_statement": in_statement,
                "reasons": reasons.map(|reason| reason.text(spoken)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut files = Vec::new();
    for statement_id in statements {
        let file = store::row::by_id::<Statement>(tx, statement_id)?;
        files.extend(file.map(|file| statement_out(&file)));
    }
    let marked = json!({ "rows": rows, "cut": listed.len() < all.len() });
    Ok((marked, files))
}

/// A statement as whoever brought it can hand it in: the file itself is not kept.
fn statement_out(it: &Statement) -> Value {
    json!({
        "kind": "statement",
        "name": in_print(&it.name),
        "format": it.kinds.replace('\n', ", "),
        "size": it.file_len,
        "sha256": hex::of(&it.file_sha256),
        "sent_sha256": null,
    })
}

/// What was tried in the terminal's name after the stop, and before it was let run again.
fn after(tx: &Tx<'_>, incident: &Incident, terminal: &Terminal) -> Result<Value, store::Error> {
    let released = ledger::release_of(tx, incident.terminal_id, incident.hold_id)?;
    let filter = Filter {
        from: Some(incident.suspended_at),
        ..Filter::default()
    };
    let mut rows = newest(tx, incident, filter, released)?;
    let cut = is_cut(&rows);
    // What the gate turned back at the host itself is nobody's attempt.
    rows.retain(|row| row.decision != Some(Decision::Reversed));
    Ok(json!({
        "count": incident.attempt_count,
        "cut": cut,
        "rows": rows_out(&rows, terminal),
    }))
}

/// The terminal's newest [`ROWS_MAX`] rows below a place in its order, oldest first.
fn newest(
    tx: &Tx<'_>,
    incident: &Incident,
    filter: Filter,
    below: Option<i64>,
) -> Result<Vec<LedgerRow>, store::Error> {
    let mut rows = ledger::page(tx, incident.terminal_id, filter, below, ROWS_MAX)?;
    rows.reverse();
    Ok(rows)
}

/// Whether there may be more than are listed.
fn is_cut(rows: &[LedgerRow]) -> bool {
    i64::try_from(rows.len()).is_ok_and(|count| count >= ROWS_MAX)
}

fn rows_out(rows: &[LedgerRow], terminal: &Terminal) -> Vec<Value> {
    rows.iter().filter_map(|row| row_out(row, terminal)).collect()
}

fn row_out(row: &LedgerRow, terminal: &Terminal) -> Option<Value> {
    let (Entry::Request(kind), Some(decision)) = (row.entry, row.decision) else {
        return None;
    };
    let amount = row.amount.map(|amount| amount.currency.amount(amount.minor));
    Some(json!({
        "at": clock(row.at, terminal),
        "kind": kind.code(),
        "card": row.card.map(shown).unwrap_or_default(),
        "amount": amount.unwrap_or_default(),
        "decision": decision.code(),
        "operator": row.operator.as_deref().unwrap_or_default(),
        "peer": row.peer.as_deref().unwrap_or_default(),
        "proof": row.proof.map(Proof::code),
        "repeated": row.repeated,
    }))
}

/// Who was signed in, in the order in which they come first; nobody by the word of what the terminal did not prove to have sent.
fn operators(rows: &[LedgerRow], terminal: &Terminal) -> Vec<Value> {
    let mut found: Vec<(&str, Timestamp, Timestamp)> = Vec::new();
    for row in rows.iter().filter(|row| row.proof != Some(Proof::Unproven)) {
        let Some(operator) = row.operator.as_deref() else {
            continue;
        };
        match found.iter_mut().find(|(known, ..)| *known == operator) {
            Some((_, _, last)) => *last = row.at,
            None => found.push((operator, row.at, row.at)),
        }
    }
    let out = |(operator, first, last)| json!({ "operator": operator, "first": clock(first, terminal), "last": clock(last, terminal) });
    found.into_iter().map(out).collect()
}

/// Who was to work in the window, as the shop entered it; null: it entered no day of it.
fn rostered(tx: &Tx<'_>, incident: &Incident, terminal: &Terminal) -> Result<Value, store::Error> {
    let rostered = suspect::rostered(tx, incident, terminal)?;
    let shifts = rostered.shifts.iter().take(SHIFTS_MAX);
    let shift = |it: &OnShift| json!({ "operator": it.operator.to_string(), "from": clock(it.from, terminal), "to": clock(it.to, terminal) });
    Ok(match rostered.is_known {
        true => json!({ "shifts": shifts.map(shift).collect::<Vec<_>>(), "whole": rostered.is_whole }),
        false => Value::Null,
    })
}

/// The letter as it was kept, and the files that were brought and not taken back. Where our own gate decides, no letter was sent, and
/// so there is none to hand in.
fn evidence(
    tx: &Tx<'_>,
    incident: &Incident,
    request: Option<&StopRequest>,
) -> Result<Vec<Value>, store::Error> {
    let letter = |request: &StopRequest| json!({ "kind": "stop_letter", "format": "text/plain; UTF-8", "sha256": request.letter.sha256 });
    let files = store::attachment::of(tx, &incident.incident_id)?.into_iter();
    let files =
        files.filter(|file| file.state == Kept::Kept && (file.is_there || file.purpose == Purpose::Stated));
    Ok(request
        .map(letter)
        .into_iter()
        .chain(files.map(file_out))
        .collect())
}

/// A file as it can be handed in: by what is kept, and by what was sent where that is something else.
fn file_out(file: Attachment) -> Value {
    let is_remade = file.purpose == Purpose::Photo;
    json!({
        "kind": match file.purpose {
            Purpose::Evidence | Purpose::Photo => "file",
            Purpose::Stated => "stated",
        },
        "name": file.name.as_deref().map(in_print),
        "format": file.kind().media_type(),
        "size": match file.purpose {
            Purpose::Evidence | Purpose::Photo => file.kept_len,
            Purpose::Stated => file.sent_len,
        },
        "sha256": hex::of(&file.kept_sha256),
        "sent_sha256": is_remade.then(|| hex::of(&file.sent_sha256)),
    })
}

/// The name of a file in letters: what else telephones write into one, no font may have.
pub fn in_print(name: &str) -> String {
    let is_plain = |character: char| {
        character.is_alphanumeric() || character.is_ascii() || "（）《》—，。、".contains(character)
    };
    name.chars()
        .map(|character| if is_plain(character) { character } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::TerminalId;
    use domain::transaction::Kind;

    use super::*;

    fn row(at: i64, operator: &str, proof: Proof) -> LedgerRow {
        let terminal_id = TerminalId::parse(b"10450001").unwrap();
        LedgerRow {
            decision: Some(Decision::Declined),
            operator: Some(operator.into()),
            proof: Some(proof),
            ..LedgerRow::bare(terminal_id, at, Timestamp(at), Entry::Request(Kind::Purchase))
        }
    }

    #[test]
    fn nobody_is_on_shift_by_the_word_of_who_proved_nothing() {
        let terminal = crate::tests::terminal("10450001", "S01");
        let rows = [
            row(0, "01", Proof::Proven),
            row(1_000, "99", Proof::Unproven),
            row(2_000, "01", Proof::Proven),
        ];
        assert_eq!(
            json!(operators(&rows, &terminal)),
            json!([{
                "operator": "01", "first": "1970-01-01 08:00:00 (UTC+08:00)", "last": "1970-01-01 08:00:02 (UTC+08:00)"
            }])
        );
    }

    #[test]
    fn a_name_of_a_file_keeps_what_can_be_printed() {
        assert_eq!(in_print("回执（1）📷 a.pdf"), "回执（1）_ a.pdf");
    }

    #[test]
    fn a_row_says_for_how_many_it_stands() {
        let terminal = crate::tests::terminal("10450001", "S01");
        let mut many = row(0, "01", Proof::Unproven);
        many.repeated = Some(40);
        assert_eq!(row_out(&many, &terminal).unwrap()["repeated"], 40);
        assert_eq!(
            row_out(&row(0, "01", Proof::Proven), &terminal).unwrap()["repeated"],
            Value::Null
        );
    }
}
