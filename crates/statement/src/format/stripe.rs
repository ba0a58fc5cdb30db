//! Stripe, its list of payments.
//!
//! Invariant: times are UTC, and yen have no decimals; a row without an identifier was never charged.

use super::{Kind, Known, Layout, name, told};
use crate::record::{Certainty, Direction, Method, Record, State};
use crate::table::{Fields, Found, Reason, money};
use crate::time::At;
use crate::word::card;

pub const PAYMENTS: Known = Known {
    kind: Kind::StripePayments,
    keys: &[&["id"], CREATED, &["Amount Refunded"]],
    needs: &[AMOUNT, &["Currency"], &["Status"]],
    make: |_| Ok(Box::new(Payments)),
};

const CREATED: &[&str] = &["Created date (UTC)", "Created (UTC)"];
const REFUNDED: &[&str] = &["Refunded date (UTC)", "Refunded (UTC)"];
const AMOUNT: &[&str] = &["Amount"];
const AMOUNT_REFUNDED: &[&str] = &["Amount Refunded"];

struct Payments;

impl Layout for Payments {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let Some(id) = row.id(&["id"], found) else {
            return Ok(());
        };
        let utc = jiff::tz::TimeZone::UTC;
        let at = row.at(CREATED, &utc)?;
        let currency = row.currency(&["Currency"])?;
        let currency = currency.ok_or(Reason::Blank("Currency".into()))?;
        let amount = row.amount(AMOUNT, currency)?.ok_or(Reason::Blank(name(AMOUNT)))?;
        let refunded = row.amount(AMOUNT_REFUNDED, currency)?.unwrap_or(0);
        let word = row.text(&["Status"]);
        let state = match word.to_ascii_lowercase().as_str() {
            "paid" | "refunded" | "partially refunded" | "succeeded" => State::Approved,
            "failed" | "blocked" => State::Failed,
            _ => State::Unknown,
        };
        let method = match row.text(&["Payment Source Type"]) {
            "card" | "card_present" | "interac_present" => Method::Card,
            "alipay" => Method::Alipay,
            "wechat" | "wechat_pay" => Method::Wechat,
            _ => Method::Other,
        };
        let terminal = row.id(&["Terminal Reader ID"], found);
        let add = |found: &mut Found, at: At, minor, names: &[&'static str], direction, state| {
            let Some(money) = money(minor, currency, names[0])? else {
                return Ok(());
            };
            let mut record = told(Record::new(at, money, direction, state, method), word);
            record.key = format!("stripe:{id}:{}", direction.code());
            record.order_id = Some(id.clone());
            record.terminal = terminal.clone();
            record.card = card(row.text(&["Card Last4"]));
            found.records.push(record);
            Ok(())
        };
        add(found, at, amount, AMOUNT, Direction::Sale, state)?;
        if refunded == 0 {
            return Ok(());
        }
        // Of more than one refund the row has the last one's time, and of some none.
        let refunded_at = match row.find(REFUNDED) {
            Some(_) => row.at(REFUNDED, &utc)?,
            None => At {
                certainty: Certainty::Day,
                ..at
            },
        };
        add(
            found,
            refunded_at,
            refunded,
            AMOUNT_REFUNDED,
            Direction::Refund,
            State::Refunded,
        )
    }
}
