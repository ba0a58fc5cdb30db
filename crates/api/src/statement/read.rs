//! Reading a file: its payments part by part, and what is wrong with it in words.
//!
//! Invariant: whatever the file, it ends within its time, and with so many payments at most.

use std::io::Cursor;
use std::time::Instant;

use app::statement::Found;
use domain::statement::{Payment, Span};
use domain::{MerchantId, Timestamp};
use statement::{Error, Options, Record, Setting, Statement, Take, Trouble, Unfit};

use super::{MAPPING_UNFIT, NOT_RECOGNISED, PART_PAYMENTS, PAYMENTS_MAX, PERSONAL, TOO_LONG, UNREADABLE};
use crate::problem::{Problem, Why};

/// Takes records until there are too many, or it has taken too long.
struct Taker<F> {
    part: Vec<Record>,
    count: i64,
    until: Instant,
    take: F,
    stopped: Option<Problem>,
}

impl<F: FnMut(Vec<Record>) -> bool> Take for Taker<F> {
    fn record(&mut self, record: Record) -> bool {
        if self.count == PAYMENTS_MAX {
            self.stopped = Some(Problem::new(TOO_LONG));
            return false;
        }
        self.count += 1;
        self.part.push(record);
        self.part.len() < PART_PAYMENTS || (self.take)(std::mem::take(&mut self.part))
    }

    fn progress(&mut self, _: u64) -> bool {
        let is_in_time = Instant::now() < self.until;
        if !is_in_time {
            let (zh, en) = (
                "读取时间太长，请分开下载。",
                "It takes too long to read: download less at a time.",
            );
            self.stopped = Some(Problem::new(UNREADABLE).saying(zh.into(), en.into()));
        }
        is_in_time
    }
}

/// Why a file was not read to its end.
pub enum Unread {
    /// Something is wrong with it.
    Wrong(Error),
    /// It is too much.
    TooMuch(Problem),
}

impl From<Unread> for Problem {
    fn from(why: Unread) -> Self {
        match why {
            Unread::Wrong(error) => wrong(&error),
            Unread::TooMuch(problem) => problem,
        }
    }
}

/// Reads a file to its end; `take` gets its records in parts, and answers whether it wants more.
pub fn all(
    file: &[u8],
    options: &Options,
    until: Instant,
    take: impl FnMut(Vec<Record>) -> bool,
) -> Result<Statement, Unread> {
    let mut taker = Taker {
        part: Vec::new(),
        count: 0,
        until,
        take,
        stopped: None,
    };
    let read = statement::read(Cursor::new(file), options, &mut taker);
    if let Some(stopped) = taker.stopped {
        return Err(Unread::TooMuch(stopped));
    }
    let read = read.map_err(Unread::Wrong)?;
    match taker.part.is_empty() || (taker.take)(taker.part) {
        true => Ok(read),
        false => Err(Unread::Wrong(Error::Stopped)),
    }
}

/// A record as it is kept.
pub fn payment((statement_id, position): (&str, i64), merchant_id: MerchantId, record: Record) -> Payment {
    Payment {
        statement_id: statement_id.to_owned(),
        position,
        merchant_id,
        key: record.key,
        at: Timestamp(record.at),
        certainty: record.certainty,
        amount_minor: record.money.minor,
        currency: record.money.currency,
        direction: record.direction,
        state: record.state,
        method: record.method,
        order_id: record.order_id,
        terminal: record.terminal,
        terminal_id: None,
        card: record.card,
        payer: record.payer,
        operator: record.operator,
        entry: record.entry,
        file_row: i64::try_from(record.row).unwrap_or(i64::MAX),
        fate: record.fate,
        fate_at: record.fate_at.map(Timestamp),
    }
}

/// What is kept of a file besides its payments.
pub fn found(read: &Statement) -> Found {
    let times = |(from, to): (i64, i64)| (Timestamp(from), Timestamp(to));
    let mut kinds: Vec<&str> = read.parts.iter().map(|part| part.kind.code()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let spans: Vec<Span> = read
        .parts
        .iter()
        .filter_map(|part| part.span.map(times))
        .collect();
    let first = spans.iter().map(|(first, _)| *first).min();
    Found {
        kinds: kinds.join("\n"),
        span: first.zip(spans.iter().map(|(_, last)| *last).max()),
        said: read
            .parts
            .iter()
            .filter_map(|part| part.covers.map(times))
            .collect(),
        unsaid: read
            .parts
            .iter()
            .filter(|part| part.covers.is_none())
            .filter_map(|part| part.span.map(times))
            .collect(),
        refused: read.parts.iter().map(|part| part.refused as i64).sum(),
    }
}

/// What is wrong with a file.
fn wrong(error: &Error) -> Problem {
    let saying = |code, zh: String| Problem::new(code).saying(zh, sentence(&error.to_string()));
    match error {
        Error::NotRecognised => Problem::new(NOT_RECOGNISED),
        Error::Personal(wanted) => saying(PERSONAL, format!("这是个人账单，需要的是{wanted}。")),
        Error::Missing { kind, column } => saying(
            UNREADABLE,
            format!("看起来是 {}，但没有“{column}”这一列。", kind.code()),
        ),
        Error::Needs(Setting::Currency) => Problem::field("currency", Why::Missing),
        Error::Needs(Setting::Zone) => Problem::field("zone", Why::Missing),
        Error::Mapping(unfit) => saying(MAPPING_UNFIT, format!("列对应（mapping）：{}。", unfit_zh(unfit))),
        Error::Unreadable(trouble) => saying(UNREADABLE, format!("{}。", trouble_zh(*trouble))),
        Error::Stopped => Problem::new(UNREADABLE),
    }
}

/// A sentence of what is said of something in English.
pub fn sentence(said: &str) -> String {
    let mut characters = said.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

fn trouble_zh(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Damaged => "文件损坏",
        Trouble::Encrypted => "文件有密码：请先解压，或不加密码另存",
        Trouble::Nested => "压缩包里还有压缩包：请先解压",
        Trouble::TooOld => "是 Excel 97 以前的格式：请另存",
        Trouble::TooLarge => "文件太大",
        Trouble::TooManyRows => "行数太多",
        Trouble::TooManyTables => "表太多",
        Trouble::Io(_) => "文件不能读取",
    }
}

fn unfit_zh(unfit: &Unfit) -> String {
    match unfit {
        Unfit::Text(field) => format!("{field} 须为 1 至 80 个字"),
        Unfit::Same(one, other) => format!("{one} 和 {other} 是同一列"),
        Unfit::CardNumber(field) => format!("{field} 是卡号列，只能作为 card"),
        Unfit::TooManyWords(field) => format!("{field} 的词太多，最多 200 个"),
        Unfit::Unknown(field) => format!("{field} 不认识"),
        Unfit::HeaderRow => "header_row 须为 1 至 200".to_owned(),
    }
}
