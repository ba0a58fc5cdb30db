//! Mappings: how to read the files of an acquirer whose layout is not public. Guessed first, checked before use, kept by whoever
//! uses them.
//!
//! Invariant: a mapping that was checked names a time and an amount, and takes no card number for an identifier.

use std::collections::BTreeMap;

use domain::money::Currency;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::format::Layout;
use crate::format::mapped::Mapped;
use crate::limit::HEADER_ROW_MAX;
use crate::read::{Error, Options, Setting};
use crate::time;
use crate::word::heading;

/// Longest text of a mapping, in characters.
const TEXT_CHARS_MAX: usize = 80;
/// Most words of a table of words.
const TABLE_WORDS_MAX: usize = 200;

/// How the files of one acquirer are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Whose files they are: identifiers of two acquirers are never taken for one.
    pub name: String,
    /// The row of the headings, from 1; without it the first that has those of time and amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u32>,
    /// The encoding of a text, by its label; without it as of every text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The zone of the times: an offset, or a name of the IANA; without it China's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What amounts are in.
    #[serde(default)]
    pub unit: Unit,
    /// Whether the day stands before the month, where the year stands last.
    #[serde(default)]
    pub day_first: bool,
    /// Headings.
    pub columns: Columns,
    /// What the words of the column `type` mean.
    #[serde(default)]
    pub types: BTreeMap<String, Effect>,
    /// What the words of the column `state` mean.
    #[serde(default)]
    pub states: BTreeMap<String, Outcome>,
    /// What the words of the column `method` mean.
    #[serde(default)]
    pub methods: BTreeMap<String, Paid>,
}

/// Headings, as the file writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The time; with `day`, the time of the day.
    pub at: String,
    /// The day, where it stands by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// What the payer was charged or got back.
    pub amount: String,
    /// Whether it is a sale or a refund; without it the sign says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// What became of it; without it, it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What was paid with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
    /// What a refund has in common with its sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// What no two transactions have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The card; it is truncated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Who paid; it is masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Who took the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// What amounts are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Yuan, dollars.
    #[default]
    Major,
    /// Fen, cents.
    Minor,
}

/// What a word says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A sale.
    Sale,
    /// A refund.
    Refund,
    /// A sale that is undone.
    Reversal,
    /// No transaction: a fee, a withdrawal, a total.
    None,
}

/// What a word says became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was accepted, and may still fail.
    Pending,
    /// No money moved in the end.
    Failed,
}

/// What a word says it was paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Paid {
    /// WeChat Pay.
    Wechat,
    /// Alipay.
    Alipay,
    /// A code of UnionPay.
    UnionpayQr,
    /// A card.
    Card,
    /// Cash.
    Cash,
    /// Something else.
    Other,
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A text is empty, or too long.
    #[error("{0} must have 1 to {TEXT_CHARS_MAX} characters")]
    Text(&'static str),
    /// Two columns that must differ are one.
    #[error("{0} and {1} are the same column")]
    Same(&'static str, &'static str),
    /// A card number is no identifier.
    #[error("{0} is a column of card numbers: it belongs into card")]
    CardNumber(&'static str),
    /// There are too many words.
    #[error("{0} has more than {TABLE_WORDS_MAX} words")]
    TooManyWords(&'static str),
    /// It is none that is known.
    #[error("{0} is none that is known")]
    Unknown(&'static str),
    /// It is too far down.
    #[error("header_row must be 1 to {HEADER_ROW_MAX}")]
    HeaderRow,
}

impl Columns {
    /// All that are named, by their field.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("at", Some(&self.at)),
            ("day", self.day.as_ref()),
            ("amount", Some(&self.amount)),
            ("type", self.r#type.as_ref()),
            ("state", self.state.as_ref()),
            ("method", self.method.as_ref()),
            ("terminal", self.terminal.as_ref()),
            ("order_id", self.order_id.as_ref()),
            ("id", self.id.as_ref()),
            ("card", self.card.as_ref()),
            ("payer", self.payer.as_ref()),
            ("operator", self.operator.as_ref()),
        ];
        all.into_iter()
            .filter_map(|(field, name)| Some((field, name?.as_str())))
    }
}

impl Mapping {
    /// Checks what a mapping says by itself.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Unfit> {
        let is_text = |text: &str| !text.trim().is_empty() && text.chars().nth(TEXT_CHARS_MAX).is_none();
        if !is_text(&self.name) {
            return Err(Unfit::Text("name"));
        }
        if let Some((field, _)) = self.columns.named().find(|(_, name)| !is_text(name)) {
            return Err(Unfit::Text(field));
        }
        let is_card = |name: &str| CARD.contains(&bare(&heading(name)));
        let mut ids = self.columns.named();
        let wrong = ids.find(|(field, name)| !matches!(*field, "card") && is_card(name));
        if let Some((field, _)) = wrong {
            return Err(Unfit::CardNumber(field));
        }
        if heading(&self.columns.at) == heading(&self.columns.amount) {
            return Err(Unfit::Same("at", "amount"));
        }
        let counts = [
            ("types", self.types.len()),
            ("states", self.states.len()),
            ("methods", self.methods.len()),
        ];
        if let Some((table, _)) = counts.iter().find(|(_, count)| *count > TABLE_WORDS_MAX) {
            return Err(Unfit::TooManyWords(table));
        }
        let words = self
            .types
            .keys()
            .chain(self.states.keys())
            .chain(self.methods.keys());
        if words
            .into_iter()
            .any(|word| word.chars().nth(TEXT_CHARS_MAX).is_some())
        {
            return Err(Unfit::Text("a word"));
        }
        let unknown = [
            ("encoding", self.encoding.is_some() && self.encoding().is_none()),
            ("currency", self.currency.is_some() && self.currency().is_none()),
            (
                "zone",
                self.zone
                    .as_deref()
                    .is_some_and(|name| time::zone(name).is_none()),
            ),
        ];
        if let Some((field, _)) = unknown.iter().find(|(_, is)| *is) {
            return Err(Unfit::Unknown(field));
        }
        match self.header_row {
            Some(row) if !(1..=HEADER_ROW_MAX).contains(&row) => Err(Unfit::HeaderRow),
            _ => Ok(()),
        }
    }

    pub(crate) fn encoding(&self) -> Option<&'static Encoding> {
        Encoding::for_label(self.encoding.as_deref()?.as_bytes())
    }

    fn currency(&self) -> Option<Currency> {
        Currency::parse(self.currency.as_deref()?)
    }

    /// Whether these are its headings.
    pub(crate) fn is_heading(&self, headings: &[String]) -> bool {
        let has = |name: &str| headings.contains(&heading(name));
        has(&self.columns.at) && has(&self.columns.amount)
    }

    /// Its layout under headings, if these are they.
    pub(crate) fn layout(
        &self,
        number: u64,
        headings: &[String],
        options: &Options,
    ) -> Result<Option<Box<dyn Layout>>, Error> {
        let is_it = match self.header_row {
            Some(row) => u64::from(row) == number,
            None => self.is_heading(headings),
        };
        if !is_it {
            return Ok(None);
        }
        let currency = self.currency().or(options.currency);
        let currency = currency.ok_or(Error::Needs(Setting::Currency))?;
        let zone = self
            .zone
            .as_deref()
            .and_then(time::zone)
            .or_else(|| options.zone.clone());
        let mapped = Mapped::new(self, headings, currency, zone.unwrap_or_else(time::china))?;
        Ok(Some(Box::new(mapped)))
    }
}

/// Headings of card numbers, small letters, without what stands in brackets after them.
pub(crate) const CARD: &[&str] = &[
    "卡号",
    "付款卡号",
    "银行卡号",
    "交易卡号",
    "card number",
    "pan",
    "card",
];

/// A heading without what stands in brackets after it.
pub(crate) fn bare(heading: &str) -> &str {
    heading.split('(').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_mapping_is_told() {
        let columns = Columns {
            at: "交易时间".into(),
            amount: "交易金额".into(),
            ..Columns::default()
        };
        let right = Mapping {
            name: "拉卡拉".into(),
            columns,
            ..Mapping::default()
        };
        right.check().unwrap();
        let wrong = |change: fn(&mut Mapping)| {
            let mut mapping = right.clone();
            change(&mut mapping);
            mapping.check().unwrap_err()
        };
        assert_eq!(wrong(|it| it.name.clear()), Unfit::Text("name"));
        assert_eq!(wrong(|it| it.columns.at.clear()), Unfit::Text("at"));
        assert_eq!(
            wrong(|it| it.columns.amount = "交易时间".into()),
            Unfit::Same("at", "amount")
        );
        assert_eq!(
            wrong(|it| it.columns.order_id = Some("卡号".into())),
            Unfit::CardNumber("order_id")
        );
        assert_eq!(
            wrong(|it| it.columns.terminal = Some("Card Number".into())),
            Unfit::CardNumber("terminal")
        );
        assert_eq!(
            wrong(|it| it.encoding = Some("latin9000".into())),
            Unfit::Unknown("encoding")
        );
        assert_eq!(
            wrong(|it| it.currency = Some("RMB".into())),
            Unfit::Unknown("currency")
        );
        assert_eq!(wrong(|it| it.zone = Some("CST".into())), Unfit::Unknown("zone"));
        assert_eq!(wrong(|it| it.header_row = Some(0)), Unfit::HeaderRow);
        assert_eq!(
            wrong(|it| it.types = (0..201).map(|at| (at.to_string(), Effect::Sale)).collect()),
            Unfit::TooManyWords("types")
        );
    }
}
