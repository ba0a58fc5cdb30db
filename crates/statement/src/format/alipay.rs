//! Alipay: 业务明细 and 账务明细.
//!
//! Invariant: a refund's time is when it was done, not when its sale was begun.

use domain::money::Currency;

use super::{Kind, Known, Layout, Meaning, REFUND, SALE, Tally, fen, meaning, name, rows, told};
use crate::amount::{self, Mark};
use crate::record::{Direction, Fate, Method, Record, State};
use crate::row::Row;
use crate::table::{Check, Fields, Found, Reason, money};
use crate::time::{Order, china, said};
use crate::word::masked;

pub const DETAIL: Known = Known {
    kind: Kind::AlipayDetail,
    keys: &[&["支付宝交易号"], &["业务类型"], &["完成时间"]],
    needs: &[&["商户订单号"], &["订单金额(元)", "订单金额"]],
    make: |_| Ok(Box::new(Detail::default())),
};

pub const ACCOUNT: Known = Known {
    kind: Kind::AlipayAccount,
    keys: &[&["账务流水号"], &["发生时间"]],
    needs: &[
        &["业务类型"],
        &["收入金额(+元)", "收入(+元)"],
        &["支出金额(-元)", "支出(-元)"],
    ],
    make: |_| Ok(Box::new(Account::default())),
};

/// What the lines around the table say.
#[derive(Default)]
struct Around {
    covers: Option<(i64, i64)>,
    /// Each total line: its name, its count, and its sum.
    totals: Vec<(String, Option<i64>, Option<i64>)>,
}

impl Around {
    fn aside(&mut self, row: &Row, first: &str) -> bool {
        let Some(remark) = first.strip_prefix('#') else {
            return false;
        };
        // A comma in a sum parts its line.
        let line = row.iter().collect::<Vec<_>>().join(",");
        if remark.starts_with("起始日期") {
            self.covers = covers(&line);
        } else if let Some((name, _)) = remark.split_once("合计") {
            self.totals
                .push((name.to_owned(), before(&line, "笔"), before(&line, "元")));
        }
        true
    }

    fn total(&self, name: &str) -> (Option<i64>, Option<i64>) {
        let found = self.totals.iter().find(|(known, ..)| known == name);
        found.map_or((None, None), |(_, count, sum)| (*count, *sum))
    }
}

/// The first amount that stands before a unit; rows have no decimals, yuan two.
fn before(line: &str, unit: &str) -> Option<i64> {
    let (head, _) = line.split_once(unit)?;
    let start = head.rfind(|one: char| !(one.is_ascii_digit() || matches!(one, '.' | ',' | '-')));
    let start = start.map_or(0, |at| at + head[at..].chars().next().map_or(0, char::len_utf8));
    amount::read(
        head[start..].trim_start_matches(','),
        if unit == "笔" { 0 } else { 2 },
        Mark::Point,
    )
}

/// `#起始日期：[…]   终止日期：[…]`.
fn covers(line: &str) -> Option<(i64, i64)> {
    let mut times = line.split('[').skip(1).filter_map(|part| {
        let (text, _) = part.split_once(']')?;
        said(text, Order::MonthFirst)?.at(&china()).map(|at| at.ms)
    });
    Some((times.next()?, times.next()?))
}

const DETAIL_WORDS: &[(&[&str], Meaning)] = &[(&["交易"], SALE), (&["退款"], REFUND)];
const ORDER_AMOUNT: &[&str] = &["订单金额(元)", "订单金额"];
const RECEIVED: &[&str] = &["商家实收(元)", "商家实收"];

#[derive(Default)]
struct Detail {
    around: Around,
    sales: Tally,
    refunds: Tally,
}

impl Layout for Detail {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let at = row.at(&["完成时间"], &china())?;
        let amount = row.amount(ORDER_AMOUNT, Currency::CNY)?;
        let amount = amount.ok_or(Reason::Blank(name(ORDER_AMOUNT)))?;
        let received = row.amount(RECEIVED, Currency::CNY)?.unwrap_or(0);
        let word = row.text(&["业务类型"]);
        let (direction, state) = meaning(DETAIL_WORDS, word, amount);
        match direction {
            Direction::Sale => self.sales.add(received),
            Direction::Refund => self.refunds.add(-received.saturating_abs()),
        }
        let Some(money) = money(amount, Currency::CNY, ORDER_AMOUNT[0])? else {
            return Ok(());
        };
        let mut record = told(Record::new(at, money, direction, state, Method::Alipay), word);
        let trade = row.id(&["支付宝交易号"], found);
        let request = row.id(&["退款批次号/请求号", "退款批次号"], found);
        record.key = match (direction, trade, request) {
            (Direction::Sale, Some(trade), _) => format!("alipay:{trade}:sale"),
            (Direction::Refund, Some(trade), Some(request)) => format!("alipay:{trade}:refund:{request}"),
            _ => String::new(),
        };
        record.order_id = row.id(&["商户订单号"], found);
        record.terminal = row.id(&["终端号"], found);
        record.operator = row.id(&["操作员"], found);
        record.payer = masked(row.text(&["对方账户"]));
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, row: &Row, first: &str) -> bool {
        self.around.aside(row, first)
    }

    fn checks(&self) -> Vec<Check> {
        let (sales, sales_minor) = self.around.total("交易");
        let (refunds, refunds_minor) = self.around.total("退款");
        let all = [
            rows("交易合计", sales, self.sales.rows),
            fen("交易合计", sales_minor, self.sales.minor),
            rows("退款合计", refunds, self.refunds.rows),
            // Its sign differs between exports.
            fen(
                "退款合计",
                refunds_minor.map(i64::saturating_abs),
                self.refunds.minor.saturating_abs(),
            ),
        ];
        all.into_iter().flatten().collect()
    }

    fn covers(&self) -> Option<(i64, i64)> {
        self.around.covers
    }
}

const INCOME: &[&str] = &["收入金额(+元)", "收入(+元)"];
const EXPENSE: &[&str] = &["支出金额(-元)", "支出(-元)"];
const ACCOUNT_WORDS: &[(&[&str], Meaning)] = &[(&["在线支付", "交易付款"], SALE), (&["交易退款"], REFUND)];
/// What moves money, and is no transaction.
const NONE: [&str; 8] = [
    "收费",
    "提现",
    "转账",
    "充值",
    "退费",
    "红包退回",
    "保证金",
    "分账",
];

#[derive(Default)]
struct Account {
    around: Around,
    income: Tally,
    expense: Tally,
}

impl Layout for Account {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let at = row.at(&["发生时间"], &china())?;
        let income = row.amount(INCOME, Currency::CNY)?.unwrap_or(0).saturating_abs();
        let expense = row.amount(EXPENSE, Currency::CNY)?.unwrap_or(0).saturating_abs();
        match (income, expense) {
            (0, 0) => return Err(Reason::Blank(name(INCOME))),
            (0, _) => self.expense.add(expense),
            _ => self.income.add(income),
        }
        let word = row.text(&["业务类型"]);
        if NONE.contains(&word) {
            return Ok(());
        }
        let signed = if income == 0 { -expense } else { income };
        let (direction, state) = meaning(ACCOUNT_WORDS, word, signed);
        let Some(money) = money(signed, Currency::CNY, INCOME[0])? else {
            return Ok(());
        };
        let mut record = told(Record::new(at, money, direction, state, Method::Alipay), word);
        let trade = row.id(&["业务流水号"], found);
        let line = row.id(&["账务流水号"], found);
        record.key = match (direction, state, trade, line) {
            (_, State::Approved, Some(trade), _) => format!("alipay:{trade}:sale"),
            (_, State::Refunded, Some(trade), line) => match (request(row.text(&["备注"])), line) {
                (Some(request), _) => format!("alipay:{trade}:refund:{request}"),
                (None, Some(line)) => format!("alipay:line:{line}"),
                (None, None) => String::new(),
            },
            (_, _, _, Some(line)) => format!("alipay:line:{line}"),
            _ => String::new(),
        };
        record.order_id = row.id(&["商户订单号"], found);
        record.payer = masked(row.text(&["对方账号", "对方账户"]));
        if matches!(state, State::Approved | State::Refunded) {
            record.fate = Some(Fate::Settled);
            record.fate_at = Some(at.ms);
        }
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, row: &Row, first: &str) -> bool {
        self.around.aside(row, first)
    }

    fn checks(&self) -> Vec<Check> {
        let (expenses, expense) = self.around.total("支出");
        let (incomes, income) = self.around.total("收入");
        let all = [
            rows("支出合计", expenses, self.expense.rows),
            fen("支出合计", expense.map(i64::saturating_abs), self.expense.minor),
            rows("收入合计", incomes, self.income.rows),
            fen("收入合计", income, self.income.minor),
        ];
        all.into_iter().flatten().collect()
    }

    fn covers(&self) -> Option<(i64, i64)> {
        self.around.covers
    }
}

/// The number of a refund's request, where the remark is nothing else: the same as in the 业务明细.
fn request(remark: &str) -> Option<&str> {
    let is_id = |one: u8| one.is_ascii_alphanumeric() || matches!(one, b'_' | b'-');
    let is_request = !remark.is_empty() && remark.len() <= 64 && remark.bytes().all(is_id);
    is_request.then_some(remark)
}
