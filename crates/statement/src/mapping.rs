//! Mappings: how to read the files of an acquirer whose layout is not public. Guessed first, checked before use, kept by whoever
//! uses them.
//!
//! Invariant: a mapping that was checked names a time and an amount, and takes no card number for an identifier.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use domain::money::Currency;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::file;
use crate::format::Layout;
use crate::format::mapped::Mapped;
use crate::limit::{HEADING_ROWS_MAX, WORDS_MAX};
use crate::read::{Error, Options, Setting};
use crate::row::Row;
use crate::table::{Flow, Tables, headings};
use crate::time;
use crate::word::{clean, heading, shown};

/// Longest text of a mapping, in characters.
const TEXT_CHARS_MAX: usize = 80;
/// The last row that headings can stand in.
const HEADER_ROW_MAX: u32 = 200;
/// Most words of a table of words.
const TABLE_WORDS_MAX: usize = 200;
/// Rows that a guess looks at.
const GUESS_ROWS_MAX: u64 = 5_000;

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

/// Headings, small letters, without what stands in brackets after them: the likeliest first.
const AT: &[&str] = &[
    "交易时间",
    "交易日期时间",
    "支付时间",
    "付款时间",
    "完成时间",
    "交易完成时间",
    "下单时间",
    "时间",
    "transaction time",
    "time",
    "date",
];
const DAY: &[&str] = &["交易日期", "支付日期", "日期", "transaction date", "date"];
const AMOUNT: &[&str] = &[
    "交易金额",
    "订单金额",
    "实收金额",
    "实收",
    "支付金额",
    "付款金额",
    "金额",
    "amount",
    "total",
];
const TYPE: &[&str] = &[
    "交易类型",
    "业务类型",
    "交易类别",
    "收支类型",
    "类型",
    "transaction type",
    "type",
];
const STATE: &[&str] = &["交易状态", "订单状态", "支付状态", "状态", "交易结果", "status"];
const METHOD: &[&str] = &[
    "支付方式",
    "交易方式",
    "付款方式",
    "支付渠道",
    "支付类型",
    "payment method",
];
const TERMINAL: &[&str] = &[
    "终端号",
    "终端编号",
    "终端",
    "设备号",
    "设备编号",
    "sn",
    "终端sn",
    "设备sn",
    "terminal id",
    "terminal",
    "device",
];
const ORDER: &[&str] = &["参考号", "检索号", "商户订单号", "订单号", "流水号", "order id"];
const ID: &[&str] = &["交易流水号", "系统流水号", "交易单号", "流水号", "transaction id"];
const CARD: &[&str] = &[
    "卡号",
    "付款卡号",
    "银行卡号",
    "交易卡号",
    "card number",
    "pan",
    "card",
];
const PAYER: &[&str] = &["用户标识", "付款账号", "买家id", "openid"];
const OPERATOR: &[&str] = &["操作员", "收银员", "operator", "cashier"];

/// A heading without what stands in brackets after it.
fn bare(heading: &str) -> &str {
    heading.split('(').next().unwrap_or_default().trim()
}

const EFFECTS: &[(Effect, &[&str])] = &[
    (
        Effect::Sale,
        &[
            "消费", "收款", "支付", "付款", "交易", "收入", "sale", "payment", "purchase",
        ],
    ),
    (Effect::Refund, &["退款", "退货", "联机退货", "支出", "refund"]),
    (
        Effect::Reversal,
        &["撤销", "撤消", "消费撤销", "消费撤消", "冲正", "void", "reversal"],
    ),
    (
        Effect::None,
        &["手续费", "提现", "结算", "充值", "转账", "合计", "fee", "payout"],
    ),
];
const OUTCOMES: &[(Outcome, &[&str])] = &[
    (
        Outcome::Done,
        &[
            "成功",
            "交易成功",
            "支付成功",
            "已支付",
            "退款成功",
            "已完成",
            "success",
            "successful",
            "approved",
            "completed",
        ],
    ),
    (Outcome::Pending, &["处理中", "退款中", "pending"]),
    (
        Outcome::Failed,
        &[
            "失败",
            "交易失败",
            "支付失败",
            "已关闭",
            "已取消",
            "failed",
            "declined",
            "cancelled",
        ],
    ),
];
const PAID: &[(Paid, &[&str])] = &[
    (Paid::Wechat, &["微信", "微信支付", "wechat", "wechat pay"]),
    (Paid::Alipay, &["支付宝", "alipay"]),
    (Paid::UnionpayQr, &["云闪付", "银联二维码", "银联扫码"]),
    (
        Paid::Card,
        &["银行卡", "刷卡", "借记卡", "贷记卡", "信用卡", "card"],
    ),
    (Paid::Cash, &["现金", "cash"]),
];

/// Guesses how a file of an unknown layout is to be read, from its headings and the words below them. What it leaves out, and
/// whether it is right, people decide: a word that it does not know it leaves out, and such rows are *unknown*.
///
/// # Errors
/// It cannot be read, or no row has headings of a time and an amount.
pub fn guess<S: Read + Seek>(source: S, name: &str) -> Result<Mapping, Error> {
    let mut guess = Guess::default();
    match file::tables(source, None, &mut guess) {
        Ok(()) | Err(Error::Stopped) => {}
        Err(error) => return Err(error),
    }
    let mut mapping = guess.mapping.ok_or(Error::NotRecognised)?;
    mapping.name = shown(name);
    mapping.types = known(EFFECTS, &guess.words[0]);
    mapping.states = known(OUTCOMES, &guess.words[1]);
    mapping.methods = known(PAID, &guess.words[2]);
    Ok(mapping)
}

fn known<W: Copy>(table: &[(W, &[&str])], words: &[String]) -> BTreeMap<String, W> {
    let meaning = |word: &String| {
        let is_it = |known: &str| known.eq_ignore_ascii_case(word);
        let found = table
            .iter()
            .find(|(_, words)| words.iter().any(|known| is_it(known)));
        found.map(|(meaning, _)| (word.clone(), *meaning))
    };
    words.iter().filter_map(meaning).collect()
}

#[derive(Default)]
struct Guess {
    mapping: Option<Mapping>,
    seen: u64,
    /// Where the words of type, state and method stand.
    places: [Option<usize>; 3],
    words: [Vec<String>; 3],
}

/// The mapping of a row of headings, if it can be one.
fn from_headings(row: &Row) -> Option<(Mapping, [Option<usize>; 3])> {
    let headings = headings(row);
    let find = |names: &[&str]| {
        let at = |name: &&str| headings.iter().position(|heading| bare(heading) == *name);
        names.iter().find_map(at)
    };
    let written = |at: usize| clean(row.get(at)).to_owned();
    let (time, amount) = (find(AT)?, find(AMOUNT)?);
    let day = find(DAY).filter(|day| *day != time);
    let order = find(ORDER);
    let places = [find(TYPE), find(STATE), find(METHOD)];
    let columns = Columns {
        at: written(time),
        day: day.map(written),
        amount: written(amount),
        r#type: places[0].map(written),
        state: places[1].map(written),
        method: places[2].map(written),
        terminal: find(TERMINAL).map(written),
        order_id: order.map(written),
        id: find(ID).filter(|id| Some(*id) != order).map(written),
        card: find(CARD).map(written),
        payer: find(PAYER).map(written),
        operator: find(OPERATOR).map(written),
    };
    let mapping = Mapping {
        // Whoever asked says it.
        name: "-".to_owned(),
        currency: Some("CNY".to_owned()),
        unit: if headings[amount].contains("分") {
            Unit::Minor
        } else {
            Unit::Major
        },
        columns,
        ..Mapping::default()
    };
    mapping.check().is_ok().then_some((mapping, places))
}

impl Tables for Guess {
    fn heading_rows(&self) -> usize {
        HEADING_ROWS_MAX
    }

    fn is_heading(&self, row: &Row) -> bool {
        row.len() > 2 && from_headings(row).is_some()
    }

    fn begin(&mut self, _: Option<String>, _: Option<bool>) -> Result<(), Error> {
        self.seen = 0;
        Ok(())
    }

    fn row(&mut self, _: u64, row: &Row) -> Result<Flow, Error> {
        self.seen += 1;
        if self.mapping.is_none() {
            if let Some((mapping, places)) = from_headings(row) {
                self.mapping = Some(mapping);
                self.places = places;
            }
            return Ok(
                match self.seen as usize >= self.heading_rows() && self.mapping.is_none() {
                    true => Flow::Leave,
                    false => Flow::On,
                },
            );
        }
        for (place, words) in self.places.iter().zip(&mut self.words) {
            let Some(place) = place else { continue };
            let word = clean(row.get(*place));
            if !word.is_empty() && words.len() < WORDS_MAX && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        match self.seen >= GUESS_ROWS_MAX {
            true => Err(Error::Stopped),
            false => Ok(Flow::On),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        // The first table that fits is enough.
        match self.mapping {
            Some(_) => Err(Error::Stopped),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const FILE: &str = "拉卡拉交易明细\n终端号,交易日期,交易时间,交易类型,交易金额(元),参考号,卡号,状态\n\
        00990001,2026-09-14,09:00:01,消费,12.00,260914000001,622200******0001,成功\n\
        00990001,2026-09-14,09:10:01,退货,12.00,260914000001,622200******0001,成功\n\
        00990001,2026-09-14,09:20:01,神秘,1.00,260914000003,,成功\n";

    #[test]
    fn a_mapping_is_guessed_from_headings_and_words() {
        let mapping = guess(Cursor::new(FILE), "拉卡拉").unwrap();
        let columns = &mapping.columns;
        assert_eq!(
            (columns.at.as_str(), columns.day.as_deref()),
            ("交易时间", Some("交易日期"))
        );
        assert_eq!(columns.amount, "交易金额(元)");
        assert_eq!(columns.terminal.as_deref(), Some("终端号"));
        assert_eq!(columns.order_id.as_deref(), Some("参考号"));
        assert_eq!(columns.card.as_deref(), Some("卡号"));
        assert_eq!(mapping.types.len(), 2);
        assert_eq!(mapping.states.get("成功"), Some(&Outcome::Done));
        mapping.check().unwrap();
    }

    #[test]
    fn a_file_without_a_time_or_an_amount_is_not_guessed() {
        for text in ["a,b,c\n1,2,3\n", "", "终端号,交易时间,状态\n1,2,3\n"] {
            assert_eq!(guess(Cursor::new(text), "x").unwrap_err(), Error::NotRecognised);
        }
    }

    #[test]
    fn what_is_wrong_with_a_mapping_is_told() {
        let right = guess(Cursor::new(FILE), "拉卡拉").unwrap();
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
