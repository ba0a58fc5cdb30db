//! UnionPay Merchant Services (银联商务), in the three layouts that importers know, and UnionPay's own portal.
//!
//! Invariant: a terminal's number has its eight characters, also where a spreadsheet has taken it for a number.

use domain::money::Currency;

use super::{Kind, Known, Layout, Meaning, REFUND, REVERSAL, SALE, Tally, fen, meaning, name, rows, told};
use crate::amount::{self, Mark};
use crate::read::{Error, Options};
use crate::record::{Certainty, Direction, Fate, Method, Record, State};
use crate::row::Row;
use crate::table::{Check, Fields, Found, Reason, money};
use crate::time::{At, Order, china, joined, said};
use crate::word::{card, clean, masked};

pub const MX: Known = Known {
    kind: Kind::ChinaumsMx,
    keys: &[&["清算时间"], &["交易时间"], &["终端号"], &["检索号"]],
    needs: &[&["交易类型"], &["交易金额"]],
    make: |_| make(Layouts::Mx),
};

pub const WIDE: Known = Known {
    kind: Kind::ChinaumsWide,
    keys: &[&["交易日期"], &["交易时间"], &["参考号"], &["退货订单号"]],
    needs: &[
        &["终端号", "终端编号"],
        &["交易类型"],
        &["交易金额", "交易金额(元)"],
    ],
    make: |_| make(Layouts::Wide),
};

pub const NARROW: Known = Known {
    kind: Kind::ChinaumsNarrow,
    keys: &[&["清算日期"], &["交易日期时间"], &["商编"], &["终端"]],
    needs: &[&["交易类型", "交易类别"], &["交易金额", "金额"]],
    make: |_| make(Layouts::Narrow),
};

pub const PORTAL: Known = Known {
    kind: Kind::UnionpayPortal,
    keys: &[&["商户代码"], &["银联系统日期"], &["交易状态"]],
    needs: &[&["订单号"], &["交易金额(元)", "交易金额"]],
    make: |_: &Options| Ok(Box::new(Portal)),
};

fn make(layout: Layouts) -> Result<Box<dyn Layout>, Error> {
    Ok(Box::new(Chinaums {
        layout,
        totals: Vec::new(),
        read: Tally::default(),
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layouts {
    Mx,
    Wide,
    Narrow,
}

const AMOUNT: &[&str] = &["交易金额", "交易金额(元)", "金额"];
const TERMINAL: &[&str] = &["终端号", "终端编号", "终端"];
const KINDS: &[&str] = &["交易类型", "交易类别"];

const WORDS: &[(&[&str], Meaning)] = &[
    (&["消费", "扫码消费", "分期消费", "分期付款", "预授权完成"], SALE),
    (
        &[
            "消费撤消",
            "消费撤销",
            "撤消",
            "撤销",
            "扫码撤销",
            "分期消费撤销",
            "预授权完成撤销",
            "预授权完成撤消",
            "消费冲正",
        ],
        REVERSAL,
    ),
    (&["联机退货", "退货", "脱机退货", "扫码退货", "消费退货"], REFUND),
];

/// What the first cell of a row below the table begins with.
const REMARKS: [&str; 8] = ["请注意", "注意", "注：", "合计", "总计", "小计", "备注", "说明"];

struct Chinaums {
    layout: Layouts,
    /// The cells of the row above the headings: names and values in turn.
    totals: Vec<String>,
    read: Tally,
}

impl Chinaums {
    fn at(&self, row: &Fields<'_>) -> Result<At, Reason> {
        match self.layout {
            Layouts::Mx => row.at(&["交易时间"], &china()),
            Layouts::Wide => row.at_day(&["交易日期"], &["交易时间"], Order::MonthFirst, &china()),
            // Only the time of the day is the transaction's; the day is the settlement's, and may be the next.
            Layouts::Narrow => {
                let (name, text) = row
                    .find(&["交易日期时间"])
                    .ok_or(Reason::Blank("交易日期时间".into()))?;
                let padded = format!("{text:0>6}");
                let time = said(&padded, Order::MonthFirst).filter(|said| said.time.is_some());
                let time = time.ok_or(Reason::Time(name.into()))?;
                let said = joined(row.said(&["清算日期"], Order::MonthFirst)?, time);
                let at = said.at(&china()).ok_or(Reason::Time(name.into()))?;
                let certainty = if time.day.is_some() {
                    at.certainty
                } else {
                    Certainty::Day
                };
                Ok(At { certainty, ..at })
            }
        }
    }

    fn total(&self, name: &str, decimals: usize) -> Option<i64> {
        let at = self.totals.iter().position(|cell| cell == name)?;
        amount::read(self.totals.get(at + 1)?, decimals, Mark::Point)
    }
}

impl Layout for Chinaums {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let at = self.at(row)?;
        let amount = row.amount(AMOUNT, Currency::CNY)?;
        let amount = amount.ok_or(Reason::Blank(name(AMOUNT)))?;
        let word = row.text(KINDS);
        let (direction, state) = meaning(WORDS, word, amount);
        let whole = amount.saturating_abs();
        self.read.add(if direction == Direction::Refund {
            -whole
        } else {
            whole
        });
        let Some(money) = money(amount, Currency::CNY, AMOUNT[0])? else {
            return Ok(());
        };
        let mut record = told(
            Record::new(at, money, direction, state, method(row.text(&["交易方式"]))),
            word,
        );
        record.order_id = row.id(&["检索号", "参考号"], found);
        record.terminal = row.id(TERMINAL, found).map(padded);
        let own = row.id(&["银商订单号"], found);
        let trace = row.id(&["流水号", "凭证号"], found);
        let what = state.code();
        record.key = match (own, &record.order_id, &record.terminal) {
            (Some(own), ..) => format!("chinaums:{own}:{}:{what}", trace.unwrap_or_default()),
            (None, Some(order), Some(terminal)) => {
                let day = at.ms.div_euclid(86_400_000);
                format!(
                    "chinaums:{terminal}:{order}:{}:{day}:{what}",
                    trace.unwrap_or_default()
                )
            }
            _ => String::new(),
        };
        if state == State::Unknown {
            record.key.clear();
        }
        record.card = card(row.text(&["卡号"]));
        record.payer = masked(row.text(&["买家id"]));
        // The file has what was cleared, with the day of it; one that cannot be read is none.
        let cleared = row.said(&["清算时间", "清算日期"], Order::MonthFirst);
        if let Some(day) = cleared.ok().and_then(|said| said.at(&china()))
            && state != State::Unknown
        {
            record.fate = Some(Fate::Settled);
            record.fate_at = Some(day.ms);
        }
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, row: &Row, first: &str) -> bool {
        if first.starts_with("总交易金额") || first.starts_with("总交易笔数") {
            self.totals = row.iter().map(|cell| clean(cell).to_owned()).collect();
            return true;
        }
        REMARKS.iter().any(|word| first.starts_with(word))
    }

    fn checks(&self) -> Vec<Check> {
        let all = [
            rows("总交易笔数", self.total("总交易笔数", 0), self.read.rows),
            fen("总交易金额(元)", self.total("总交易金额(元)", 2), self.read.minor),
        ];
        all.into_iter().flatten().collect()
    }
}

fn padded(terminal: String) -> String {
    match terminal.bytes().all(|one| one.is_ascii_digit()) {
        true => format!("{terminal:0>8}"),
        false => terminal,
    }
}

fn method(word: &str) -> Method {
    match word {
        "微信" | "微信支付" => Method::Wechat,
        "支付宝" | "支付宝支付" => Method::Alipay,
        "云闪付" | "银联二维码" | "银联扫码" => Method::UnionpayQr,
        _ => Method::Card,
    }
}

struct Portal;

const PORTAL_AMOUNT: &[&str] = &["交易金额(元)", "交易金额"];
const PORTAL_WORDS: &[(&[&str], Meaning)] = &[
    (&["", "消费", "支付"], SALE),
    (&["消费撤销", "撤销"], REVERSAL),
    (&["退货", "退款"], REFUND),
];

impl Layout for Portal {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let days = &["银联系统日期"];
        let at = match row.find(&["交易时间", "银联系统时间"]) {
            Some(_) => row.at_day(days, &["交易时间", "银联系统时间"], Order::MonthFirst, &china())?,
            None => row.at(days, &china())?,
        };
        let amount = row.amount(PORTAL_AMOUNT, Currency::CNY)?;
        let amount = amount.ok_or(Reason::Blank(name(PORTAL_AMOUNT)))?;
        let Some(money) = money(amount, Currency::CNY, PORTAL_AMOUNT[0])? else {
            return Ok(());
        };
        let kind = row.text(KINDS);
        let word = row.text(&["交易状态"]);
        let (direction, done) = meaning(PORTAL_WORDS, kind, amount);
        let (state, said) = match word {
            "交易成功" | "成功" => (done, kind),
            "交易失败" | "失败" => (State::Failed, word),
            _ => (State::Unknown, word),
        };
        let card = card(row.text(&["卡号", "交易卡号"]));
        let method = if card.is_some() {
            Method::Card
        } else {
            Method::Other
        };
        let mut record = told(Record::new(at, money, direction, state, method), said);
        record.order_id = row.id(&["订单号"], found);
        record.terminal = row.id(&["终端号"], found).map(padded);
        record.card = card;
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, _: &Row, first: &str) -> bool {
        REMARKS.iter().any(|word| first.starts_with(word))
    }
}
