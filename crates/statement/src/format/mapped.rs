//! Files of acquirers whose layout is not public, as a mapping reads them.
//!
//! Invariant: a word that the mapping does not name is unknown, as everywhere.

use std::collections::BTreeMap;

use domain::money::Currency;
use jiff::tz::TimeZone;

use super::{Kind, Layout, REFUND, REVERSAL, SALE, told};
use crate::amount::{self, Mark};
use crate::mapping::{Effect, Mapping, Outcome, Paid, Unit};
use crate::read::Error;
use crate::record::{Direction, Method, Record, State};
use crate::row::Row;
use crate::table::{Fields, Found, Name, Reason, id, money};
use crate::time::{Order, joined};
use crate::word::{card, heading, masked};

/// A column: where it stands, and what it is called.
struct Column {
    at: usize,
    name: Name,
}

/// A mapping under the headings of a file.
pub struct Mapped {
    name: String,
    currency: Currency,
    zone: TimeZone,
    order: Order,
    decimals: usize,
    columns: BTreeMap<&'static str, Column>,
    types: BTreeMap<String, Effect>,
    states: BTreeMap<String, Outcome>,
    methods: BTreeMap<String, Paid>,
}

/// Words by what they look like when they are compared.
fn by_word<W: Copy>(words: &BTreeMap<String, W>) -> BTreeMap<String, W> {
    words
        .iter()
        .map(|(word, meaning)| (heading(word), *meaning))
        .collect()
}

impl Mapped {
    /// Finds the columns.
    pub fn new(
        mapping: &Mapping,
        headings: &[String],
        currency: Currency,
        zone: TimeZone,
    ) -> Result<Self, Error> {
        let column = |(field, name): (&'static str, &str)| {
            let plain = heading(name);
            let at = headings.iter().position(|heading| *heading == plain);
            let name = Name::Owned(name.to_owned());
            match at {
                Some(at) => Ok((field, Column { at, name })),
                None => Err(Error::Missing {
                    kind: Kind::Mapped,
                    column: name,
                }),
            }
        };
        let columns = mapping.columns.named().map(column);
        Ok(Self {
            name: mapping.name.clone(),
            currency,
            zone,
            order: if mapping.day_first {
                Order::DayFirst
            } else {
                Order::MonthFirst
            },
            decimals: match mapping.unit {
                Unit::Major => currency.decimals(),
                Unit::Minor => 0,
            },
            columns: columns.collect::<Result<_, _>>()?,
            types: by_word(&mapping.types),
            states: by_word(&mapping.states),
            methods: by_word(&mapping.methods),
        })
    }

    fn text<'a>(&self, row: &Fields<'a>, field: &str) -> &'a str {
        self.columns.get(field).map_or("", |column| row.cell(column.at))
    }

    fn called(&self, field: &str) -> Name {
        self.columns
            .get(field)
            .map_or(Name::Borrowed(""), |column| column.name.clone())
    }

    fn id(&self, row: &Fields<'_>, field: &str, found: &mut Found) -> Option<String> {
        id(self.text(row, field), found)
    }

    /// What a row is, its word where nobody knows it, and what became of it; `None`: no transaction.
    fn meaning<'a>(&self, row: &Fields<'a>, minor: i64) -> Option<(Direction, State, &'a str)> {
        let word = self.text(row, "type");
        let signed = if minor < 0 {
            Direction::Refund
        } else {
            Direction::Sale
        };
        let (direction, done) = match (self.columns.contains_key("type"), self.types.get(&heading(word))) {
            (false, _) if minor < 0 => REFUND,
            (false, _) => SALE,
            (true, Some(Effect::Sale)) => SALE,
            (true, Some(Effect::Refund)) => REFUND,
            (true, Some(Effect::Reversal)) => REVERSAL,
            (true, Some(Effect::None)) => return None,
            (true, None) => return Some((signed, State::Unknown, word)),
        };
        if !self.columns.contains_key("state") {
            return Some((direction, done, word));
        }
        let outcome = self.text(row, "state");
        let state = match self.states.get(&heading(outcome)) {
            Some(Outcome::Done) => done,
            Some(Outcome::Pending) if direction == Direction::Refund => State::Pending,
            Some(Outcome::Failed) => State::Failed,
            // A sale that is under way is none yet.
            Some(Outcome::Pending) | None => State::Unknown,
        };
        Some((direction, state, outcome))
    }

    fn method(&self, row: &Fields<'_>) -> Method {
        let has_card = !self.text(row, "card").is_empty();
        match self.methods.get(&heading(self.text(row, "method"))) {
            Some(Paid::Wechat) => Method::Wechat,
            Some(Paid::Alipay) => Method::Alipay,
            Some(Paid::UnionpayQr) => Method::UnionpayQr,
            Some(Paid::Card) => Method::Card,
            Some(Paid::Cash) => Method::Cash,
            Some(Paid::Other) => Method::Other,
            None if has_card => Method::Card,
            None => Method::Other,
        }
    }
}

impl Layout for Mapped {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let read = |field: &'static str| match self.text(row, field) {
            "" => Err(Reason::Blank(self.called(field))),
            text => row
                .time(text, self.order)
                .ok_or_else(|| Reason::Time(self.called(field))),
        };
        let amount = self.text(row, "amount");
        if amount.is_empty() {
            return Err(Reason::Blank(self.called("amount")));
        }
        let minor = amount::read(amount, self.decimals, Mark::Point);
        let minor = minor.ok_or_else(|| Reason::Amount(self.called("amount")))?;
        let Some((direction, state, word)) = self.meaning(row, minor) else {
            return Ok(());
        };
        let time = read("at")?;
        let said = match time.day.is_none() && self.columns.contains_key("day") {
            true => joined(read("day")?, time),
            false => time,
        };
        let at = said
            .at(&self.zone)
            .ok_or_else(|| Reason::Time(self.called("at")))?;
        let Some(money) = money(minor, self.currency, self.called("amount"))? else {
            return Ok(());
        };
        let mut record = told(Record::new(at, money, direction, state, self.method(row)), word);
        if let Some(id) = self.id(row, "id", found) {
            record.key = format!("mapped:{}:{id}:{}", self.name, direction.code());
        }
        record.order_id = self.id(row, "order_id", found);
        record.terminal = self.id(row, "terminal", found);
        record.operator = self.id(row, "operator", found);
        record.card = card(self.text(row, "card"));
        record.payer = masked(self.text(row, "payer"));
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, _: &Row, first: &str) -> bool {
        first.starts_with('#')
            || ["合计", "总计", "小计", "请注意"]
                .iter()
                .any(|word| first.starts_with(word))
    }
}
