//! What a file of an unknown layout looks like, and a guess how it is read: for people, who say how it is.
//!
//! Invariant: nothing in an outline has more than six digits in a row, and a word stands in it only as the file writes it.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use crate::file;
use crate::limit::{HEADING_ROWS_MAX, WORDS_MAX};
use crate::mapping::{CARD, Columns, Effect, Mapping, Outcome, Paid, Unit, bare};
use crate::read::Error;
use crate::row::Row;
use crate::table::{Flow, Tables, headings};
use crate::word::{clean, heading, shown};

/// Rows below the headings that are looked at.
const ROWS_MAX: u64 = 5_000;
/// First rows that are shown, and cells of each.
const SHOWN_ROWS_MAX: usize = 12;
const SHOWN_CELLS_MAX: usize = 12;
/// Columns that can be chosen.
const COLUMNS_MAX: usize = 64;
/// What is shown of a column.
const SAMPLES_MAX: usize = 3;
/// So many cells at least have headings, and what stands below them.
const CELLS_MIN: usize = 3;

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
const PAYER: &[&str] = &["用户标识", "付款账号", "买家id", "openid"];
const OPERATOR: &[&str] = &["操作员", "收银员", "operator", "cashier"];

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

/// What a file looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its first rows that say something.
    pub rows: Vec<Line>,
    /// The row of the headings, from 1.
    pub header_row: u64,
    /// What stands below them.
    pub columns: Vec<Column>,
    /// A guess how it is read: `at` and `amount` are empty where no heading tells them. A word that it does not know it leaves out, and
    /// such rows are *unknown*.
    pub mapping: Mapping,
}

/// A row, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub row: u64,
    /// Its first cells.
    pub cells: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its heading, as the file writes it.
    pub name: String,
    /// Some of what stands below.
    pub samples: Vec<String>,
    /// All words that stand below; `None` where they are too many, or no words.
    pub words: Option<Vec<String>>,
}

/// Looks at a file of an unknown layout: the headings are in the row that is said, or else where those of a time and an amount are, or
/// else in the first row of several cells.
///
/// # Errors
/// It cannot be read, or has no such row.
pub fn outline<S: Read + Seek>(mut source: S, name: &str, header_row: Option<u64>) -> Result<Outline, Error> {
    let looks = match header_row {
        Some(row) => vec![Look::Row(row)],
        None => vec![Look::Known, Look::Any],
    };
    for look in looks {
        let mut looker = Looker::new(look);
        match file::tables(&mut source, None, &mut looker) {
            Ok(()) | Err(Error::Stopped) => {}
            Err(error) => return Err(error),
        }
        if let Some(mut outline) = looker.into_outline() {
            outline.mapping.name = shown(name);
            return Ok(outline);
        }
    }
    Err(Error::NotRecognised)
}

/// Guesses how a file of an unknown layout is to be read, from its headings and the words below them. Whether it is right, people
/// decide.
///
/// # Errors
/// It cannot be read, or no row has headings of a time and an amount.
pub fn guess<S: Read + Seek>(source: S, name: &str) -> Result<Mapping, Error> {
    let Outline { mapping, .. } = outline(source, name, None)?;
    match is_whole(&mapping) {
        true => Ok(mapping),
        false => Err(Error::NotRecognised),
    }
}

impl Outline {
    /// Whether a mapping finds all its columns here.
    pub fn has(&self, mapping: &Mapping) -> bool {
        let has = |name: &str| {
            self.columns
                .iter()
                .any(|column| heading(&column.name) == heading(name))
        };
        mapping.columns.named().all(|(_, name)| has(name))
    }
}

/// Where the headings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Where those of a time and an amount are.
    Known,
    /// In the first row of several cells.
    Any,
    /// In this row.
    Row(u64),
}

/// Whether it can be used as it is, but for its name.
fn is_whole(mapping: &Mapping) -> bool {
    let mut named = mapping.clone();
    named.name = "-".to_owned();
    named.check().is_ok()
}

/// What headings say by themselves.
fn from_headings(row: &Row) -> Mapping {
    let headings = headings(row);
    let find = |names: &[&str]| {
        let at = |name: &&str| headings.iter().position(|heading| bare(heading) == *name);
        names.iter().find_map(at)
    };
    let written = |at: usize| clean(row.get(at)).to_owned();
    let (time, amount) = (find(AT), find(AMOUNT));
    let day = find(DAY).filter(|day| Some(*day) != time);
    let order = find(ORDER);
    let is_minor = amount.is_some_and(|amount| headings[amount].contains("分"));
    Mapping {
        currency: Some("CNY".to_owned()),
        unit: if is_minor { Unit::Minor } else { Unit::Major },
        columns: Columns {
            at: time.map(written).unwrap_or_default(),
            day: day.map(written),
            amount: amount.map(written).unwrap_or_default(),
            r#type: find(TYPE).map(written),
            state: find(STATE).map(written),
            method: find(METHOD).map(written),
            terminal: find(TERMINAL).map(written),
            order_id: order.map(written),
            id: find(ID).filter(|id| Some(*id) != order).map(written),
            card: find(CARD).map(written),
            payer: find(PAYER).map(written),
            operator: find(OPERATOR).map(written),
        },
        ..Mapping::default()
    }
}

/// The words of a column that are known.
fn known<W: Copy>(table: &[(W, &[&str])], words: Option<&[String]>) -> BTreeMap<String, W> {
    let meaning = |word: &String| {
        let is_it = |known: &str| known.eq_ignore_ascii_case(word);
        let found = table
            .iter()
            .find(|(_, words)| words.iter().any(|known| is_it(known)));
        found.map(|(meaning, _)| (word.clone(), *meaning))
    };
    words.into_iter().flatten().filter_map(meaning).collect()
}

/// Reads the first table that has headings.
struct Looker {
    look: Look,
    outline: Outline,
    is_found: bool,
    seen: u64,
    /// Where the columns stand.
    places: Vec<usize>,
}

impl Looker {
    fn new(look: Look) -> Self {
        Self {
            look,
            outline: Outline::default(),
            is_found: false,
            seen: 0,
            places: Vec::new(),
        }
    }

    fn into_outline(self) -> Option<Outline> {
        let mut outline = self.is_found.then_some(self.outline)?;
        let Outline { columns, mapping, .. } = &mut outline;
        let words = |name: &Option<String>| {
            let column = columns
                .iter()
                .find(|column| Some(&column.name) == name.as_ref())?;
            column.words.as_deref()
        };
        mapping.types = known(EFFECTS, words(&mapping.columns.r#type));
        mapping.states = known(OUTCOMES, words(&mapping.columns.state));
        mapping.methods = known(PAID, words(&mapping.columns.method));
        Some(outline)
    }

    fn show(&mut self, number: u64, row: &Row) {
        if self.outline.rows.len() < SHOWN_ROWS_MAX && !row.first().is_empty() {
            let mut cells: Vec<String> = row.iter().take(SHOWN_CELLS_MAX).map(shown).collect();
            while cells.pop_if(|last| last.is_empty()).is_some() {}
            self.outline.rows.push(Line { row: number, cells });
        }
    }

    fn is_it(&self, number: u64, row: &Row) -> bool {
        is_several(row)
            && match self.look {
                Look::Known => is_whole(&from_headings(row)),
                Look::Any => true,
                Look::Row(wanted) => number == wanted,
            }
    }

    fn begin_columns(&mut self, number: u64, row: &Row) {
        self.is_found = true;
        self.outline.header_row = number;
        self.outline.mapping = from_headings(row);
        for at in 0..row.len() {
            let name = clean(row.get(at));
            let columns = &mut self.outline.columns;
            let is_there = |column: &Column| heading(&column.name) == heading(name);
            if !name.is_empty() && columns.len() < COLUMNS_MAX && !columns.iter().any(is_there) {
                columns.push(Column {
                    name: name.to_owned(),
                    words: Some(Vec::new()),
                    ..Column::default()
                });
                self.places.push(at);
            }
        }
    }

    fn add(&mut self, row: &Row) {
        for (at, column) in self.places.iter().zip(&mut self.outline.columns) {
            let word = clean(row.get(*at));
            if word.is_empty() {
                continue;
            }
            let sample = shown(word);
            let is_word = sample == word;
            if column.samples.len() < SAMPLES_MAX && !column.samples.contains(&sample) {
                column.samples.push(sample);
            }
            let Some(words) = &mut column.words else { continue };
            if !is_word {
                column.words = None;
            } else if !words.iter().any(|known| known == word) {
                match words.len() < WORDS_MAX {
                    true => words.push(word.to_owned()),
                    false => column.words = None,
                }
            }
        }
    }
}

fn is_several(row: &Row) -> bool {
    row.iter().filter(|cell| !clean(cell).is_empty()).count() >= CELLS_MIN
}

impl Tables for Looker {
    fn heading_rows(&self) -> usize {
        HEADING_ROWS_MAX
    }

    fn is_heading(&self, row: &Row) -> bool {
        is_several(row) && (self.look != Look::Known || is_whole(&from_headings(row)))
    }

    fn begin(&mut self, _: Option<String>, _: Option<bool>) -> Result<(), Error> {
        self.seen = 0;
        self.outline.rows.clear();
        Ok(())
    }

    fn row(&mut self, number: u64, row: &Row) -> Result<Flow, Error> {
        self.seen += 1;
        self.show(number, row);
        if self.is_found {
            self.add(row);
            return match self.seen >= ROWS_MAX {
                true => Err(Error::Stopped),
                false => Ok(Flow::On),
            };
        }
        if self.is_it(number, row) {
            self.begin_columns(number, row);
            return Ok(Flow::On);
        }
        // A row that is said may stand far down; nobody's else does.
        let last = match self.look {
            Look::Row(wanted) => wanted,
            Look::Known | Look::Any => HEADING_ROWS_MAX as u64,
        };
        Ok(if number >= last { Flow::Leave } else { Flow::On })
    }

    fn end(&mut self) -> Result<(), Error> {
        // The first table that fits is enough.
        match self.is_found {
            true => Err(Error::Stopped),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const FILE: &str = "拉卡拉交易明细\n终端号,交易日期,交易时间,交易类型,交易金额(元),参考号,卡号,状态\n\
        00990001,2026-09-14,09:00:01,消费,12.00,260914000001,6222021234560001,成功\n\
        00990001,2026-09-14,09:10:01,退货,12.00,260914000001,622202******0001,成功\n\
        00990001,2026-09-14,09:20:01,神秘,1.00,260914000003,,成功\n";
    /// Headings that nobody knows.
    const STRANGE: &str =
        "某行\n\n何时;多少;怎样;谁\n2026-09-14 09:00:01;12.00;收;甲\n2026-09-14 09:10:01;3.50;退;乙\n";

    fn column<'a>(outline: &'a Outline, name: &str) -> &'a Column {
        outline.columns.iter().find(|column| column.name == name).unwrap()
    }

    #[test]
    fn what_a_file_looks_like_is_shown_without_long_numbers() {
        let outline = outline(Cursor::new(FILE), "拉卡拉", None).unwrap();
        assert_eq!(
            (outline.header_row, outline.rows.len(), outline.columns.len()),
            (2, 5, 8)
        );
        assert_eq!(outline.rows[0].cells, ["拉卡拉交易明细"]);
        let types = column(&outline, "交易类型").words.as_ref().unwrap();
        assert_eq!(types, &["消费", "退货", "神秘"]);
        assert_eq!(
            column(&outline, "卡号").samples,
            ["622202**********", "622202******0001"]
        );
        assert_eq!(column(&outline, "卡号").words, None);
        assert_eq!(column(&outline, "参考号").words, None);
        assert!(!format!("{outline:?}").contains("6222021"));
        assert!(outline.has(&outline.mapping));
        let mut other = outline.mapping.clone();
        other.columns.operator = Some("店员".into());
        assert!(!outline.has(&other));
    }

    #[test]
    fn headings_that_nobody_knows_are_the_first_row_of_several_cells_or_the_one_that_is_said() {
        let found = outline(Cursor::new(STRANGE), "某行", None).unwrap();
        assert_eq!(found.header_row, 3);
        let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["何时", "多少", "怎样", "谁"]);
        assert_eq!(
            (
                found.mapping.columns.at.as_str(),
                found.mapping.columns.amount.as_str()
            ),
            ("", "")
        );
        assert_eq!(
            guess(Cursor::new(STRANGE), "某行").unwrap_err(),
            Error::NotRecognised
        );
        let said = outline(Cursor::new(STRANGE), "某行", Some(4)).unwrap();
        assert_eq!((said.header_row, said.columns[1].name.as_str()), (4, "12.00"));
        for row in [1, 2, 9] {
            let none = outline(Cursor::new(STRANGE), "某行", Some(row));
            assert_eq!(none.unwrap_err(), Error::NotRecognised);
        }
    }

    #[test]
    fn an_outline_is_bounded() {
        let mut text = "时间,金额,词".to_owned();
        (0..100).for_each(|at| text.push_str(&format!(",列{at}")));
        for at in 0..7_000 {
            text.push_str(&format!("\n2026-09-14 09:00:01,1.00,词{at}"));
        }
        let outline = outline(Cursor::new(text), "长", None).unwrap();
        assert_eq!(outline.columns.len(), COLUMNS_MAX);
        assert_eq!(outline.rows.len(), SHOWN_ROWS_MAX);
        assert_eq!(outline.rows[0].cells.len(), SHOWN_CELLS_MAX);
        let words = column(&outline, "词");
        assert_eq!((words.samples.len(), words.words.as_ref()), (SAMPLES_MAX, None));
    }

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
}
