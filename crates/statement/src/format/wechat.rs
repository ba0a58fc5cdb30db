//! WeChat Pay: 交易账单, in all its layouts, and 资金账单.
//!
//! Invariant: a refund's amount is what was asked for, its state what became of it; the fund bill says nothing of terminals.

use domain::money::Currency;

use super::{Kind, Known, Layout, REFUND, SALE, Tally, fen, meaning, name, rows, told};
use crate::amount::{self, Mark};
use crate::record::{Direction, Fate, Method, Record, State};
use crate::row::Row;
use crate::table::{Check, Fields, Found, Reason, money};
use crate::time::{Order, Said, china, said};
use crate::word::{clean, heading, masked};

pub const TRADE: Known = Known {
    kind: Kind::WechatTrade,
    keys: &[&["交易时间"], &["微信订单号"]],
    needs: &[&["交易状态"], &["订单金额", "总金额", "申请退款金额", "退款金额"]],
    make: |_| Ok(Box::new(Trade::default())),
};

pub const FUND_FLOW: Known = Known {
    kind: Kind::WechatFundFlow,
    keys: &[&["记账时间"], &["资金流水单号"]],
    needs: &[&["业务类型"], &["收支金额(元)", "收支金额"]],
    make: |_| Ok(Box::new(FundFlow::default())),
};

const SALE_AMOUNT: &[&str] = &["订单金额", "总金额"];
const REFUND_AMOUNT: &[&str] = &["申请退款金额", "退款金额"];

/// The totals at the end of a bill: a line of names, and a line of values, either of any length.
#[derive(Default)]
struct Totals {
    names: Vec<String>,
    values: Vec<String>,
}

impl Totals {
    /// Takes the two lines of totals, which begin with the total number.
    fn aside(&mut self, row: &Row, first: &str, begins: &str) -> bool {
        if first == begins {
            self.names = row.iter().map(heading).collect();
            self.values.clear();
            true
        } else if !self.names.is_empty() && self.values.is_empty() {
            self.values = row.iter().map(|cell| clean(cell).to_owned()).collect();
            true
        } else {
            false
        }
    }

    fn get(&self, name: &str, decimals: usize) -> Option<i64> {
        let at = self.names.iter().position(|known| known == name)?;
        amount::read(self.values.get(at)?, decimals, Mark::Point)
    }
}

#[derive(Default)]
struct Trade {
    totals: Totals,
    sales: Tally,
    refunds: Tally,
    covers: Option<(i64, i64)>,
}

impl Trade {
    /// The state of a refund that was done, by its own column.
    fn refund_state(word: &str, done: State) -> State {
        match word {
            "SUCCESS" => done,
            "PROCESSING" | "CHANGE" => State::Pending,
            "FAIL" => State::Failed,
            _ => State::Unknown,
        }
    }

    fn key(direction: Direction, trade: Option<&str>, refund: Option<&str>) -> String {
        match (direction, trade, refund) {
            (Direction::Sale, Some(trade), _) => format!("wechat:{trade}:sale"),
            (Direction::Refund, _, Some(refund)) => format!("wechat:refund:{refund}"),
            _ => String::new(),
        }
    }
}

impl Layout for Trade {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let currency = row.currency(&["货币种类"])?.unwrap_or(Currency::CNY);
        let at = row.at(&["交易时间"], &china())?;
        let sale = row.amount(SALE_AMOUNT, currency)?;
        let refund = REFUND_AMOUNT.iter().find_map(|name| {
            let read = row.amount(&[name], currency).transpose()?;
            (read != Ok(0)).then_some(read)
        });
        let refund = refund.transpose()?;
        let word = row.text(&["交易状态"]);
        let refund_word = row.text(&["退款状态"]);
        let (direction, state, said) = match word {
            "SUCCESS" => (Direction::Sale, State::Approved, word),
            "REFUND" => {
                let state = Self::refund_state(refund_word, State::Refunded);
                (Direction::Refund, state, refund_word)
            }
            "REVOKED" if refund_word.is_empty() => (Direction::Refund, State::Reversed, word),
            "REVOKED" => {
                let state = Self::refund_state(refund_word, State::Reversed);
                (Direction::Refund, state, refund_word)
            }
            _ if refund.is_some() => (Direction::Refund, State::Unknown, word),
            _ => (Direction::Sale, State::Unknown, word),
        };
        let (amount, names, tally) = match direction {
            Direction::Sale => (sale, SALE_AMOUNT, &mut self.sales),
            Direction::Refund => (refund.or(sale), REFUND_AMOUNT, &mut self.refunds),
        };
        let amount = amount.ok_or(Reason::Blank(name(names)))?;
        tally.add(amount.saturating_abs());
        let Some(money) = money(amount, currency, names[0])? else {
            return Ok(());
        };
        let refund_id = row.id(&["微信退款单号"], found).filter(|id| id != "0");
        let trade_id = row.id(&["微信订单号"], found);
        let mut record = told(Record::new(at, money, direction, state, Method::Wechat), said);
        record.key = Self::key(direction, trade_id.as_deref(), refund_id.as_deref());
        record.order_id = row.id(&["商户订单号"], found);
        record.terminal = row.id(&["设备号"], found);
        record.payer = masked(row.text(&["用户标识"]));
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, row: &Row, first: &str) -> bool {
        if let Some(span) = first.strip_prefix("账单时间") {
            self.covers = covers(span);
            return true;
        }
        self.totals.aside(row, first, "总交易单数")
    }

    fn checks(&self) -> Vec<Check> {
        let read = self.sales.rows + self.refunds.rows;
        let total = |name: &str| self.totals.get(name, 2);
        let (sales, refunds) = (self.sales.minor, self.refunds.minor);
        let all = [
            rows("总交易单数", self.totals.get("总交易单数", 0), read),
            fen("订单总金额", total("订单总金额"), sales),
            fen("总交易额", total("总交易额"), sales),
            fen("申请退款总金额", total("申请退款总金额"), refunds),
            fen("总退款金额", total("总退款金额"), refunds),
        ];
        all.into_iter().flatten().collect()
    }

    fn covers(&self) -> Option<(i64, i64)> {
        self.covers
    }
}

/// A span of days, as a bill says it: from the first one's beginning to the last one's end.
fn covers(text: &str) -> Option<(i64, i64)> {
    let mut days = text
        .split(['[', ']', '：', ':', '至', '~', '～', ' '])
        .filter_map(|part| said(part, Order::MonthFirst)?.day);
    let first = days.next()?;
    let last = days.next().unwrap_or(first);
    let at = |day| {
        let said = Said {
            day: Some(day),
            ..Said::default()
        };
        said.at(&china()).map(|at| at.ms)
    };
    Some((at(first)?, at(last.tomorrow().ok()?)?))
}

#[derive(Default)]
struct FundFlow {
    totals: Totals,
    income: Tally,
    expense: Tally,
}

/// What moves money, and is no transaction.
const NONE: [&str; 12] = [
    "扣除交易手续费",
    "退还交易手续费",
    "提现",
    "充值",
    "分账",
    "分账回退",
    "解冻",
    "冻结",
    "提现失败",
    "提现退票",
    "服务费",
    "手续费",
];

impl FundFlow {
    /// The whole of a refund, where the remark says it: its line may be less the fee that comes back.
    fn whole(remark: &str) -> Option<i64> {
        let (_, after) = remark.split_once("退款总金额")?;
        amount::read(after.split_once('元')?.0, 2, Mark::Point)
    }
}

impl Layout for FundFlow {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let amounts = &["收支金额(元)", "收支金额"];
        let line = row.amount(amounts, Currency::CNY)?;
        let line = line.ok_or(Reason::Blank(name(amounts)))?;
        let at = row.at(&["记账时间"], &china())?;
        let is_expense = row.text(&["收支类型"]) == "支出";
        match is_expense {
            true => self.expense.add(line.saturating_abs()),
            false => self.income.add(line.saturating_abs()),
        }
        let word = row.text(&["业务类型"]);
        if NONE.contains(&word) {
            return Ok(());
        }
        let signed = if is_expense { -line.saturating_abs() } else { line };
        let closed = (Direction::Refund, State::Failed);
        let table = [
            (&["交易"][..], SALE),
            (&["退款"], REFUND),
            (&["退款关闭"], closed),
        ];
        let (direction, state) = meaning(&table, word, signed);
        let whole = match direction {
            Direction::Refund => Self::whole(row.text(&["备注"])).unwrap_or(line),
            Direction::Sale => line,
        };
        let Some(money) = money(whole, Currency::CNY, amounts[0])? else {
            return Ok(());
        };
        let mut record = told(Record::new(at, money, direction, state, Method::Wechat), word);
        let id = row.id(&["微信支付业务单号"], found);
        record.key = match (id, direction, state) {
            (Some(id), Direction::Refund, State::Failed) => format!("wechat:refund:{id}:closed"),
            (Some(id), Direction::Refund, State::Refunded) => format!("wechat:refund:{id}"),
            (Some(id), Direction::Sale, State::Approved) => format!("wechat:{id}:sale"),
            _ => String::new(),
        };
        record.order_id = row.id(&["业务凭证号"], found);
        // Each line is a change of the merchant's balance.
        if matches!(state, State::Approved | State::Refunded) {
            record.fate = Some(Fate::Settled);
            record.fate_at = Some(at.ms);
        }
        record.operator = row
            .id(&["资金变更提交申请人"], found)
            .filter(|who| !who.eq_ignore_ascii_case("system"));
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, row: &Row, first: &str) -> bool {
        self.totals.aside(row, first, "资金流水总笔数")
    }

    fn checks(&self) -> Vec<Check> {
        let count = |name: &str| self.totals.get(name, 0);
        let all = [
            rows(
                "资金流水总笔数",
                count("资金流水总笔数"),
                self.income.rows + self.expense.rows,
            ),
            rows("收入笔数", count("收入笔数"), self.income.rows),
            fen("收入金额", self.totals.get("收入金额", 2), self.income.minor),
            rows("支出笔数", count("支出笔数"), self.expense.rows),
            fen("支出金额", self.totals.get("支出金额", 2), self.expense.minor),
        ];
        all.into_iter().flatten().collect()
    }
}
