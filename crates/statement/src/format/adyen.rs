//! Adyen: the reports that list payments, in which one payment has many rows.
//!
//! Invariant: of the rows that say that one payment was approved the first counts, whichever of them the report has.

use std::collections::HashSet;

use domain::money::Currency;

use super::{Kind, Known, Layout, name, told};
use crate::read::{Error, Options};
use crate::record::{Direction, Entry, Fate, Method, Record, State};
use crate::table::{Fields, Found, Reason, money};
use crate::time::{Order, zone};
use crate::word::card;

pub const PAYMENTS: Known = Known {
    kind: Kind::AdyenPayments,
    keys: &[&["Psp Reference"], &["TimeZone"], KIND],
    needs: &[DATE, AMOUNT],
    make,
};

const KIND: &[&str] = &["Record Type", "Type"];
const DATE: &[&str] = &["Booking Date", "Creation Date"];
const CURRENCY: &[&str] = &["Main Currency", "Payment Currency", "Currency", "Gross Currency"];
const AMOUNT: &[&str] = &[
    "Main Amount",
    "Amount",
    "Value",
    "Gross Credit (GC)",
    "Gross Debit (GC)",
    "Authorised (PC)",
    "Captured (PC)",
    "Received (PC)",
];

fn make(options: &Options) -> Result<Box<dyn Layout>, Error> {
    let (currency, approved) = (options.currency, HashSet::new());
    Ok(Box::new(Payments { currency, approved }))
}

struct Payments {
    currency: Option<Currency>,
    /// Payments whose approval was met.
    approved: HashSet<String>,
}

/// Steps of a payment that say nothing that another row does not, and what is no payment.
const NONE: [&str; 12] = [
    "received",
    "sentforsettle",
    "sentforrefund",
    "authorisedpending",
    "fee",
    "miscellaneouscosts",
    "merchantpayout",
    "balancetransfer",
    "depositcorrection",
    "invoicededuction",
    "paymentcost",
    "bankinstructionreturned",
];

impl Layout for Payments {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let word = row.text(KIND);
        let plain: String = word
            .chars()
            .filter(|one| !one.is_whitespace())
            .collect::<String>()
            .to_lowercase();
        if NONE.contains(&plain.as_str()) {
            return Ok(());
        }
        let (direction, state) = match plain.as_str() {
            "authorised" | "settled" | "settledexternally" => super::SALE,
            "refused" | "error" => (Direction::Sale, State::Failed),
            "refunded" | "refundedexternally" => super::REFUND,
            "refundfailed" | "refundedreversed" => (Direction::Refund, State::Failed),
            "cancelled" | "chargeback" | "secondchargeback" => super::REVERSAL,
            _ => (Direction::Sale, State::Unknown),
        };
        let (column, text) = row.find(&["TimeZone"]).ok_or(Reason::Blank("TimeZone".into()))?;
        let zone = zone(text).ok_or(Reason::Zone(column.into()))?;
        let said = row.said(DATE, Order::DayFirst)?;
        let at = said.at(&zone).ok_or(Reason::Time(name(DATE)))?;
        let currency = row.currency(CURRENCY)?.or(self.currency);
        let currency = currency.ok_or(Reason::Blank(name(CURRENCY)))?;
        let amount = row.amount(AMOUNT, currency)?.ok_or(Reason::Blank(name(AMOUNT)))?;
        let Some(money) = money(amount, currency, AMOUNT[0])? else {
            return Ok(());
        };
        let id = row.id(&["Psp Reference"], found);
        let change = row.id(&["Modification Psp Reference", "Modification Reference"], found);
        if let (Some(id), State::Approved) = (&id, state)
            && !self.approved.insert(id.clone())
        {
            return Ok(());
        }
        let mut record = told(
            Record::new(at, money, direction, state, method(row.text(&["Payment Method"]))),
            word,
        );
        record.key = match (&id, direction, state) {
            (Some(id), Direction::Sale, State::Approved) => format!("adyen:{id}:sale"),
            (Some(id), Direction::Refund, _) => {
                format!(
                    "adyen:{id}:{}:{}",
                    if plain.ends_with("chargeback") {
                        &plain
                    } else {
                        state.code()
                    },
                    change.as_deref().unwrap_or_default()
                )
            }
            (Some(id), _, State::Failed) => format!("adyen:{id}:failed"),
            _ => String::new(),
        };
        record.fate = match plain.as_str() {
            "settled" | "settledexternally" => Some(Fate::Settled),
            "chargeback" | "secondchargeback" => Some(Fate::ChargedBack),
            _ => None,
        };
        record.fate_at = record.fate.map(|_| at.ms);
        record.order_id = id;
        record.terminal = row.id(&["Unique Terminal ID", "Terminal ID"], found);
        record.card = card(row.text(&["Shopper PAN", "Card Number"]));
        record.entry = match row
            .text(&["POS Entry Mode", "Entry Mode"])
            .to_lowercase()
            .as_str()
        {
            "clesschip" | "cless_chip" | "cless_swipe" | "contactless" => Some(Entry::Tapped),
            "icc" | "chip" => Some(Entry::Inserted),
            "msr" | "swipe" => Some(Entry::Swiped),
            "mke" | "manual" => Some(Entry::Keyed),
            _ => None,
        };
        found.records.push(record);
        Ok(())
    }
}

fn method(word: &str) -> Method {
    let word = word.to_lowercase();
    if word.starts_with("alipay") {
        Method::Alipay
    } else if word.starts_with("wechat") {
        Method::Wechat
    } else if [
        "visa",
        "mc",
        "mastercard",
        "amex",
        "maestro",
        "cup",
        "jcb",
        "diners",
        "discover",
        "bcmc",
        "girocard",
    ]
    .iter()
    .any(|card| word.starts_with(card))
    {
        Method::Card
    } else {
        Method::Other
    }
}
