//! SumUp, its list of transactions, whose headings and words are in the shop's language.
//!
//! Invariant: the file says neither its zone nor, in older layouts, its currency: both are said, never guessed.

use domain::money::Currency;
use jiff::tz::TimeZone;

use super::{Kind, Known, Layout, name, told};
use crate::amount::Mark;
use crate::read::{Error, Options, Setting};
use crate::record::{Direction, Entry, Fate, Method, Record, State};
use crate::table::{Fields, Found, Reason, money};
use crate::time::Order;
use crate::word::card;

pub const TRANSACTIONS: Known = Known {
    kind: Kind::SumupTransactions,
    keys: &[ID, KIND, STATUS],
    needs: &[DATE, AMOUNT],
    make,
};

const ID: &[&str] = &["Transaction ID", "Transaktions-ID"];
const KIND: &[&str] = &["Transaction Type", "Transaktionsart"];
const STATUS: &[&str] = &["Status"];
const DATE: &[&str] = &["Date", "Datum"];
const AMOUNT: &[&str] = &["Total", "Gesamt", "Gesamtbetrag", "Betrag inkl. MwSt.", "Betrag"];

fn make(options: &Options) -> Result<Box<dyn Layout>, Error> {
    let zone = options.zone.clone().ok_or(Error::Needs(Setting::Zone))?;
    let currency = options.currency.ok_or(Error::Needs(Setting::Currency))?;
    Ok(Box::new(Transactions { zone, currency }))
}

struct Transactions {
    zone: TimeZone,
    currency: Currency,
}

impl Layout for Transactions {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let currency = row.currency(&["Currency", "Währung"])?.unwrap_or(self.currency);
        let said = row.said(DATE, Order::DayFirst)?;
        let at = said.at(&self.zone).ok_or(Reason::Time(name(DATE)))?;
        let amount = row.amount_with(AMOUNT, currency, Mark::Either)?;
        let amount = amount.ok_or(Reason::Blank(name(AMOUNT)))?;
        let Some(money) = money(amount, currency, AMOUNT[0])? else {
            return Ok(());
        };
        let kind = row.text(KIND);
        let status = row.text(STATUS);
        let (direction, done) = match kind.to_lowercase().as_str() {
            "sale" | "payment" | "umsatz" => (Direction::Sale, State::Approved),
            "refund" | "rückerstattung" => (Direction::Refund, State::Refunded),
            _ if amount < 0 => (Direction::Refund, State::Unknown),
            _ => (Direction::Sale, State::Unknown),
        };
        let (state, word) = match status.to_lowercase().as_str() {
            _ if done == State::Unknown => (done, kind),
            // A sale that was given back later stays one; the refund has its own row.
            "successful" | "erfolgreich" | "paid" | "paid out" | "ausgezahlt" | "refunded" | "erstattet" => {
                (done, kind)
            }
            "failed" | "fehlgeschlagen" | "cancelled" | "canceled" | "abgebrochen" => (State::Failed, status),
            "pending" | "ausstehend" if direction == Direction::Refund => (State::Pending, status),
            _ => (State::Unknown, status),
        };
        let card = card(row.text(&["Last 4 Digits", "Letzte 4 Ziffern"]));
        let method = match row
            .text(&["Payment Method", "Zahlungsart"])
            .to_lowercase()
            .as_str()
        {
            "cash" | "bar" | "bargeld" => Method::Cash,
            _ if card.is_some() => Method::Card,
            _ => Method::Other,
        };
        let mut record = told(Record::new(at, money, direction, state, method), word);
        record.order_id = row.id(ID, found);
        if let Some(id) = &record.order_id {
            record.key = format!("sumup:{id}:{}", direction.code());
        }
        if matches!(status.to_lowercase().as_str(), "paid out" | "ausgezahlt") && state == done {
            record.fate = Some(Fate::PaidOut);
        }
        record.card = card;
        record.operator = crate::word::masked(row.text(&["Email", "E-Mail"]));
        record.entry = match row.text(&["Entry Mode", "Eingabeart"]).to_lowercase().as_str() {
            "contactless" => Some(Entry::Tapped),
            "chip" => Some(Entry::Inserted),
            "magstripe" | "magnetic stripe" => Some(Entry::Swiped),
            "manual entry" | "manual" => Some(Entry::Keyed),
            _ => None,
        };
        found.records.push(record);
        Ok(())
    }
}
