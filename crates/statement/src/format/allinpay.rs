//! Allinpay (通联), its list of transactions.
//!
//! Invariant: the columns with card holders' names and identity numbers are never looked at.

use domain::money::Currency;

use super::{Kind, Known, Layout, Meaning, REFUND, REVERSAL, SALE, meaning, name, told};
use crate::record::{Direction, Method, Record};
use crate::row::Row;
use crate::table::{Fields, Found, Reason, money};
use crate::time::{Order, china};
use crate::word::card;

pub const DETAIL: Known = Known {
    kind: Kind::AllinpayDetail,
    keys: &[&["交易批次号"], &["交易单号"], &["交易日期"]],
    needs: &[&["交易时间"], &["交易类型"], &["交易金额"], &["终端号"]],
    make: |_| Ok(Box::new(Detail)),
};

const AMOUNT: &[&str] = &["交易金额"];

const WORDS: &[(&[&str], Meaning)] = &[
    (
        &[
            "消费",
            "微信支付",
            "支付宝支付",
            "云闪付支付",
            "银联扫码支付",
            "银联二维码支付",
            "扫码支付",
            "数字人民币支付",
            "预授权完成",
        ],
        SALE,
    ),
    (
        &[
            "消费撤销",
            "消费撤消",
            "微信撤销",
            "微信支付撤销",
            "支付宝撤销",
            "支付宝支付撤销",
            "云闪付撤销",
            "银联扫码撤销",
            "预授权完成撤销",
        ],
        REVERSAL,
    ),
    (
        &[
            "退货",
            "消费退货",
            "联机退货",
            "退款",
            "微信退款",
            "微信支付退款",
            "支付宝退款",
            "支付宝支付退款",
            "云闪付退款",
            "银联扫码退款",
            "数字人民币退款",
        ],
        REFUND,
    ),
];

struct Detail;

impl Layout for Detail {
    fn row(&mut self, row: &Fields<'_>, found: &mut Found) -> Result<(), Reason> {
        let at = row.at_day(&["交易日期"], &["交易时间"], Order::MonthFirst, &china())?;
        let amount = row.amount(AMOUNT, Currency::CNY)?;
        let amount = amount.ok_or(Reason::Blank(name(AMOUNT)))?;
        let Some(money) = money(amount, Currency::CNY, AMOUNT[0])? else {
            return Ok(());
        };
        let word = row.text(&["交易类型"]);
        let (direction, state) = meaning(WORDS, word, amount);
        let mut record = told(Record::new(at, money, direction, state, method(word)), word);
        let own = row.id(&["交易单号"], found);
        let original = row.id(&["原交易单", "原交易单号"], found);
        if let Some(own) = &own {
            record.key = format!("allinpay:{own}:{}", direction.code());
        }
        record.order_id = match direction {
            Direction::Sale => own,
            Direction::Refund => original,
        };
        record.terminal = row.id(&["终端号"], found);
        record.card = card(row.text(&["卡号"]));
        found.records.push(record);
        Ok(())
    }

    fn aside(&mut self, _: &Row, first: &str) -> bool {
        ["合计", "总计", "小计"]
            .iter()
            .any(|word| first.starts_with(word))
    }
}

fn method(word: &str) -> Method {
    if word.starts_with("微信") {
        Method::Wechat
    } else if word.starts_with("支付宝") {
        Method::Alipay
    } else if word.starts_with("云闪付") || word.starts_with("银联") {
        Method::UnionpayQr
    } else if word.starts_with("数字人民币") || word.starts_with("扫码") {
        Method::Other
    } else {
        Method::Card
    }
}
