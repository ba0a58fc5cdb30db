//! Square, its list of transactions.
//!
//! Invariant: *Partial Refunds* is never subtracted: a refund has a row of its own. The currency is said, never guessed from `$`.

use domain::money::Currency;

use super::{Kind, Known, Layout, name, told};
use crate::read::{Error, Options, Setting};
use crate::record::{Direction, Entry, Fate, Method, Record, State};
use crate::table::{Fields, Found, Reason, money};
use crate::time::{Order, zone};
use crate::word::card;

pub const TRANSACTIONS: Known = Known {
    kind: Kind::SquareTransactions,
    keys: &[&["Transaction ID"], &["Event Type"], &["Total Collected"]],
    needs: &[&["Date"], &["Time"], &["Time Zone"]],
    make,
};

fn make(options: &Options) -> Result<Box<dyn Layout>, Error> {
    let currency = options.currency.ok_or(Error::Needs(Setting::Currency))?;
    Ok(Box::new(Transactions { currency }))
}

const AMOUNT: &[&str] = &["Total Collected"];
/// Columns of amounts, by what was paid with.
const TENDERS: [(&str, Method); 6] = [
    ("Card", Method::Card),
    ("Cash", Method::Cash),
    ("Square Gift Card", Method::Other),
    ("Other Tender", Method::Other),
    ("Cash App", Method::Other),
    ("Afterpay", Method::Other),
];

struct Transactions {
    currency: Currency,
}

impl Transactions {
    fn method(&self, row: &Fields<'_>) -> Result<Method, Reason> {
        let mut paid = None;
        for (column, method) in TENDERS {
            if matches!(row.amount(&[column], self.currency)?, None | Some(0)) {
                continue;
            }
            if paid.is_some_and(|paid| paid != method) {
                return Ok(Method::Mixed);
            }
            paid = Some(method);
        }
        Ok(paid.unwrap_or(Method::Other))
    }
}

impl Layout for Transactions {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let (column, text) = row
            .find(&["Time Zone"])
            .ok_or(Reason::Blank("Time Zone".into()))?;
        let zone = zone(text).ok_or(Reason::Zone(column.into()))?;
        let at = row.at_day(&["Date"], &["Time"], Order::MonthFirst, &zone)?;
        let amount = row.amount(AMOUNT, self.currency)?;
        let amount = amount.ok_or(Reason::Blank(name(AMOUNT)))?;
        let Some(money) = money(amount, self.currency, AMOUNT[0])? else {
            return Ok(());
        };
        let event = row.text(&["Event Type"]);
        let status = row.text(&["Transaction Status"]);
        let direction = match event {
            "Refund" => Direction::Refund,
            "Payment" => Direction::Sale,
            _ if amount < 0 => Direction::Refund,
            _ => Direction::Sale,
        };
        let (state, word) = match (event, status, direction) {
            ("Payment", "" | "Complete" | "Completed", _) => (State::Approved, event),
            ("Refund", "" | "Complete" | "Completed", _) => (State::Refunded, event),
            ("Refund", "Pending", _) => (State::Pending, status),
            ("Payment" | "Refund", "Failed", _) => (State::Failed, status),
            ("Payment" | "Refund", ..) => (State::Unknown, status),
            _ => (State::Unknown, event),
        };
        let mut record = told(Record::new(at, money, direction, state, self.method(row)?), word);
        record.order_id = row.id(&["Transaction ID"], found);
        let payment = row.id(&["Payment ID"], found);
        if let Some(id) = &record.order_id {
            let payment = payment.unwrap_or_default();
            record.key = format!("square:{id}:{payment}:{}", direction.code());
        }
        record.terminal = row.id(&["Device Name"], found);
        // A deposit is what was sent to the bank account.
        if row.find(&["Deposit ID"]).is_some() && matches!(state, State::Approved | State::Refunded) {
            let day = row.said(&["Deposit Date"], Order::MonthFirst).ok();
            record.fate = Some(Fate::PaidOut);
            record.fate_at = day.and_then(|said| said.at(&zone)).map(|at| at.ms);
        }
        record.operator = row.id(&["Staff ID", "Staff Name"], found);
        record.card = card(row.text(&["PAN Suffix"]));
        record.entry = match row.text(&["Card Entry Methods"]) {
            "Tapped" | "Contactless" => Some(Entry::Tapped),
            "Inserted" | "Dipped" | "Chip" => Some(Entry::Inserted),
            "Swiped" => Some(Entry::Swiped),
            "Keyed" => Some(Entry::Keyed),
            _ => None,
        };
        found.records.push(record);
        Ok(())
    }
}
