//! The layouts that are known: how each is recognised, and what its rows mean.
//!
//! Invariant: a layout's words stand in tables; a word in none of them makes a record whose state is unknown.

mod adyen;
mod alipay;
mod allinpay;
pub mod mapped;
mod square;
mod stripe;
mod sumup;
mod unionpay;
mod wechat;

use domain::money::Currency;
pub use domain::statement::Kind;

use crate::read::{Error, Options};
use crate::record::{Direction, Record, State};
use crate::row::Row;
use crate::table::{Check, Counted, Fields, Found, Name, Reason};
use crate::word::shown;

/// What a layout makes of the rows of a table.
pub trait Layout {
    /// Reads a row that is no aside: adds its records to what was found; none where it is no transaction.
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason>;

    /// Whether a row is a remark, a total or a notice; it is shown all rows above the headings, too.
    fn aside(&mut self, _row: &Row, _first: &str) -> bool {
        false
    }

    /// What the file says of itself, compared.
    fn checks(&self) -> Vec<Check> {
        Vec::new()
    }

    /// From when until when it is, as it says.
    fn covers(&self) -> Option<(i64, i64)> {
        None
    }
}

/// A layout that is known.
pub struct Known {
    /// Which.
    pub kind: Kind,
    /// It is recognised by one heading out of each of these.
    pub keys: &'static [&'static [&'static str]],
    /// It needs one out of each of these, too.
    pub needs: &'static [&'static [&'static str]],
    /// How to begin one.
    pub make: fn(&Options) -> Result<Box<dyn Layout>, Error>,
}

/// All of them; the first that fits is it.
const KNOWN: &[&Known] = &[
    &wechat::TRADE,
    &wechat::FUND_FLOW,
    &alipay::DETAIL,
    &alipay::ACCOUNT,
    &unionpay::MX,
    &unionpay::WIDE,
    &unionpay::NARROW,
    &unionpay::PORTAL,
    &allinpay::DETAIL,
    &square::TRANSACTIONS,
    &stripe::PAYMENTS,
    &sumup::TRANSACTIONS,
    &adyen::PAYMENTS,
];

/// The layout that headings belong to.
pub fn recognised(headings: &[String]) -> Option<&'static Known> {
    let has = |name: &&str| headings.iter().any(|heading| heading.eq_ignore_ascii_case(name));
    let is_it = |known: &&&Known| known.keys.iter().all(|names| names.iter().any(has));
    KNOWN.iter().find(is_it).copied()
}

/// What is wanted in place of a personal bill, if a row above the headings says that it is one.
pub fn personal(row: &Row) -> Option<&'static str> {
    let says = |word: &str| row.iter().any(|cell| cell.contains(word));
    if says("微信支付账单明细") {
        Some("the merchant's 交易账单, from pay.weixin.qq.com")
    } else if says("支付宝") && (says("电子客户回单") || says("交易记录明细查询")) {
        Some("the merchant's 业务明细, from b.alipay.com")
    } else {
        None
    }
}

/// What WeChat answers for a day without transactions.
const NO_BILL: [&str; 3] = ["No Bill Exist", "NO_BILL_EXIST", "NO_STATEMENT_EXIST"];
/// How many lines such an answer has at most.
const NO_BILL_ROWS_MAX: usize = 12;

/// Whether a text without headings is such an answer.
pub fn is_no_bill(rows: &[Row]) -> bool {
    let says = |cell: &str| NO_BILL.iter().any(|word| cell.contains(word));
    rows.len() <= NO_BILL_ROWS_MAX && rows.iter().any(|row| row.iter().any(says))
}

/// What a word means: which way the money goes, and what became of it.
pub type Meaning = (Direction, State);

pub const SALE: Meaning = (Direction::Sale, State::Approved);
pub const REFUND: Meaning = (Direction::Refund, State::Refunded);
pub const REVERSAL: Meaning = (Direction::Refund, State::Reversed);

/// Looks a word up; what is in no table is unknown, and goes the way its sign says.
pub fn meaning(table: &[(&[&str], Meaning)], word: &str, minor: i64) -> Meaning {
    let found = table
        .iter()
        .find(|(words, _)| words.iter().any(|known| known.eq_ignore_ascii_case(word)));
    let direction = if minor < 0 {
        Direction::Refund
    } else {
        Direction::Sale
    };
    found.map_or((direction, State::Unknown), |(_, meaning)| *meaning)
}

/// Adds the word to a record whose state nobody knows.
pub fn told(mut record: Record, word: &str) -> Record {
    if record.state == State::Unknown {
        record.word = Some(shown(word));
    }
    record
}

/// Rows and minor units that were read, for comparison with a total.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub rows: i64,
    pub minor: i64,
}

impl Tally {
    pub fn add(&mut self, minor: i64) {
        self.rows += 1;
        self.minor = self.minor.saturating_add(minor);
    }
}

/// A total of rows.
pub fn rows(what: &'static str, stated: Option<i64>, read: i64) -> Option<Check> {
    let unit = Counted::Rows;
    stated.map(|stated| Check {
        what,
        stated,
        read,
        unit,
    })
}

/// A total of renminbi.
pub fn fen(what: &'static str, stated: Option<i64>, read: i64) -> Option<Check> {
    let unit = Counted::Minor(Currency::CNY);
    stated.map(|stated| Check {
        what,
        stated,
        read,
        unit,
    })
}

/// The name of the first of some headings, for a reason.
pub const fn name(names: &[&'static str]) -> Name {
    Name::Borrowed(names[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_layout_is_taken_for_another() {
        for (at, known) in KNOWN.iter().enumerate() {
            let headings: Vec<String> = known
                .keys
                .iter()
                .chain(known.needs)
                .map(|names| names[0].to_lowercase())
                .collect();
            let found = recognised(&headings).unwrap();
            assert_eq!(found.kind, known.kind, "{at}");
        }
    }
}
