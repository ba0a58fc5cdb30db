//! What a letter says: the data of the template `inquiry_letter`, gathered in one snapshot.
//!
//! Invariant: cards are truncated, and nothing is said of a payer; a rule is named only where it holds. Times are by the terminal's clock.

use app::stop_request::{acquirer_of, clock, credit_code, merchant_number, minute, placement};
use app::suspect::{self, Source, Suspect};
use domain::document::Template;
use domain::incident::Incident;
use domain::letter::{Kind, Letter};
use domain::rule::DELAY;
use domain::setting::Language;
use domain::terminal::{Control, Terminal};
use domain::trail::Trail;
use serde_json::{Value, json};
use store::Tx;

use crate::incident::fact::made_at;
use crate::incident::render::Job;
use crate::people::Names;
use crate::problem::Problem;
use crate::wire::Time;

/// What makes it.
pub fn job(tx: &Tx<'_>, letter: &Letter) -> Result<Job, Problem> {
    let made_at = made_at(tx.now());
    let template = Template::InquiryLetter;
    let built_in = json!({
        "template": template.code(),
        "language": letter.language.code(),
        "time": Time(made_at).to_string(),
        "data": data(tx, letter)?,
    });
    Job::of(tx, template, built_in)
}

fn data(tx: &Tx<'_>, letter: &Letter) -> Result<Value, Problem> {
    let corrupt = store::Error::Corrupt;
    let incident = store::incident::get(tx, &letter.incident_id)?.ok_or(corrupt("incident of a letter"))?;
    let terminal =
        store::terminal::get(tx, incident.terminal_id)?.ok_or(corrupt("terminal of an incident"))?;
    let merchant =
        store::merchant::get(tx, terminal.bound.merchant_code)?.ok_or(corrupt("merchant of a terminal"))?;
    let shop = store::shop::get(tx, &terminal.shop_id)?.ok_or(corrupt("shop of a terminal"))?;
    let acquirer = acquirer_of(tx, &terminal)?;
    let settings = store::setting::get(tx)?;
    let (zh, language) = (letter.language == Language::Chinese, letter.language);
    let ground = DELAY
        .in_zone(&terminal.time_zone)
        .filter(|_| letter.kind == Kind::SettlementHold);
    let questions = letter
        .questions()
        .map(|question| question.text(language).to_owned());
    Ok(json!({
        "number": letter.number,
        "kind": letter.kind.code(),
        "title": letter.kind.title(language),
        "made_at": minute(made_at(tx.now()), &terminal),
        "zone": terminal.time_zone,
        "to": letter.to.name,
        "due_on": letter.due_on,
        "from": {
            "name": merchant.name,
            "credit_code": credit_code(&terminal, &merchant),
            "shop": shop.name,
            "address": placement(&terminal, &shop),
            "email": settings.and_then(|settings| settings.mail_from),
            "by": Names::new(tx).person(&letter.by)?,
        },
        "terminal": {
            "model": terminal.model,
            "serial": terminal.serial,
            "terminal_id": terminal.terminal_id.to_string(),
            "merchant_id": merchant_number(&terminal, acquirer.as_ref()),
        },
        "incident": {
            "number": incident.incident_id,
            "manner": incident.manner.code(),
            "reported_at": clock(incident.reported_at, &terminal),
            // What somebody outside decides is not said to be stopped.
            "stopped_at": (terminal.control == Control::Gate).then(|| clock(incident.suspended_at, &terminal)),
            "window_from": clock(incident.window.from, &terminal),
            "window_to": clock(incident.window.to, &terminal),
        },
        "ground": ground.map(|rule| if zh { rule.zh } else { rule.en }),
        "payments": payments(tx, letter, &incident, &terminal)?,
        "questions": questions.chain(letter.own_question.clone()).collect::<Vec<_>>(),
    }))
}

/// The payments that it is about, the oldest first. One that is not known any more, because its statement was taken back, is not listed.
fn payments(
    tx: &Tx<'_>,
    letter: &Letter,
    incident: &Incident,
    terminal: &Terminal,
) -> Result<Vec<Value>, store::Error> {
    let looked = suspect::look(tx, incident, terminal)?;
    let traced = suspect::trail::trace(tx, terminal, &looked)?;
    let its: Vec<&str> = letter.payments().collect();
    let is_its = |(it, _): &(&Suspect, &Trail)| its.contains(&it.source.id().as_str());
    let row = |(it, trail): (&Suspect, &Trail)| {
        let reference = match &it.source {
            Source::Ledger(sequence) => store::ledger::get(tx, terminal.terminal_id, *sequence)?
                .and_then(|row| row.retrieval_reference),
            Source::Statement(_) => it.payment.order.clone(),
        };
        Ok(json!({
            "at": clock(it.payment.at, terminal),
            "kind": it.payment.kind.code(),
            "state": it.payment.state.code(),
            "card": it.card.as_deref().unwrap_or_default(),
            "amount": it.payment.currency.amount(it.payment.amount_minor),
            "reference": reference.unwrap_or_default(),
            "money": trail.state.code(),
        }))
    };
    let traced = looked.suspects.iter().zip(&traced.trails);
    traced.filter(is_its).map(row).collect()
}
