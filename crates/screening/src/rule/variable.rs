//! What a rule may ask about, and what is known of one payment.
//!
//! Invariant: each variable has one type, a value only where something is known, and a title in both languages.

use domain::day::Local;
use domain::money::Currency;
use domain::setting::Language;
use domain::words;

use crate::by_code::by_code;
use crate::payment::{Entry, Kind, Payment, State};

words! {
    /// What a value is.
    pub enum Type {
        /// A whole number.
        Int = "int",
        /// A text.
        Text = "string",
        /// True or false.
        Truth = "bool",
    }
}

words! {
    /// What is known of a payment, by the name that rules use.
    pub enum Variable {
        /// What the payer was charged or got back, minor units.
        AmountMinor = "amount_minor",
        /// ISO 4217, letters: `"CNY"`.
        Currency = "currency",
        /// `"sale"`, `"refund"`, `"void"`, `"other"`.
        Kind = "kind",
        /// `"approved"`, `"declined"`, `"pending"`, `"unknown"`.
        State = "state",
        /// How the card or code was read: `"tapped"`, `"inserted"`, `"swiped"`, `"keyed"`, `"fallback"`, `"code"`.
        Entry = "entry",
        /// The hour at the terminal, 0 to 23.
        Hour = "hour",
        /// The day of the week at the terminal, from 1, Monday, to 7.
        Weekday = "weekday",
        /// Minutes since the terminal's payment before.
        MinutesSinceLast = "minutes_since_last",
        /// The amount against the median of the terminal, in hundredths: 300 is three times as much.
        RatioHundredths = "ratio_hundredths",
        /// Payments of the same card or payer at the terminal in the hour before, this one included.
        CardPayments1h = "card_payments_1h",
        /// The same in the 24 hours before.
        CardPayments24h = "card_payments_24h",
        /// Refunds and voids at the terminal since midnight, this one included.
        RefundsToday = "refunds_today",
        /// Payments at the terminal since midnight, this one included.
        PaymentsToday = "payments_today",
        /// Of a refund or void, whether its sale is known.
        IsLinked = "is_linked",
        /// Whether the shop was closed.
        IsOutOfHours = "is_out_of_hours",
        /// Whether it is within the window of a loss.
        IsInLossWindow = "is_in_loss_window",
        /// Who was signed in, as the source writes it.
        Operator = "operator",
        /// Whether the operator was on shift.
        IsOnShift = "is_on_shift",
        /// Whether it came from a network or place that the terminal has not been used from.
        IsNewPlace = "is_new_place",
    }
}

by_code!(Variable);

impl Variable {
    /// Its type.
    pub const fn kind(self) -> Type {
        match self {
            Self::Currency | Self::Kind | Self::State | Self::Entry | Self::Operator => Type::Text,
            Self::IsLinked
            | Self::IsOutOfHours
            | Self::IsInLossWindow
            | Self::IsOnShift
            | Self::IsNewPlace => Type::Truth,
            Self::AmountMinor
            | Self::Hour
            | Self::Weekday
            | Self::MinutesSinceLast
            | Self::RatioHundredths
            | Self::CardPayments1h
            | Self::CardPayments24h
            | Self::RefundsToday
            | Self::PaymentsToday => Type::Int,
        }
    }

    /// Whether the text can be one of its values: a word that is in no list never is, and a rule that asks for it is a slip.
    pub fn may_be(self, text: &str) -> bool {
        match self {
            Self::Currency => Currency::parse(text).is_some(),
            Self::Kind => Kind::parse(text).is_some(),
            Self::State => State::parse(text).is_some(),
            Self::Entry => Entry::parse(text).is_some(),
            _ => true,
        }
    }

    /// What it is, in words.
    pub const fn title(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::AmountMinor => ("金额，最小货币单位（分）", "amount, minor units"),
            Self::Currency => ("币种，如 \"CNY\"", "currency, as \"CNY\""),
            Self::Kind => (
                "种类：sale 销售，refund 退款，void 撤销，other 其他",
                "kind: sale, refund, void, other",
            ),
            Self::State => (
                "状态：approved 成功，declined 被拒，pending 未定，unknown 不详",
                "state: approved, declined, pending, unknown",
            ),
            Self::Entry => (
                "读卡方式：tapped 挥卡，inserted 插卡，swiped 刷卡，keyed 手工输入，fallback 降级刷卡，code 扫码",
                "how it was read: tapped, inserted, swiped, keyed, fallback, code",
            ),
            Self::Hour => ("终端当地的小时，0–23", "hour at the terminal, 0–23"),
            Self::Weekday => (
                "终端当地的星期，1（周一）–7（周日）",
                "weekday at the terminal, 1 (Monday) – 7 (Sunday)",
            ),
            Self::MinutesSinceLast => (
                "距这台终端上一笔的分钟数",
                "minutes since the terminal's payment before",
            ),
            Self::RatioHundredths => (
                "金额是这台终端中位数的百分之几：300 即三倍",
                "amount against the terminal's median, hundredths: 300 is three times as much",
            ),
            Self::CardPayments1h => (
                "同一张卡（付款人）一小时内在这台终端的笔数，含本笔",
                "payments of the same card or payer here within an hour, this one included",
            ),
            Self::CardPayments24h => (
                "同一张卡（付款人）24 小时内在这台终端的笔数，含本笔",
                "the same within 24 hours",
            ),
            Self::RefundsToday => (
                "这台终端当天的退款和撤销笔数，含本笔",
                "refunds and voids here since midnight, this one included",
            ),
            Self::PaymentsToday => (
                "这台终端当天的笔数，含本笔",
                "payments here since midnight, this one included",
            ),
            Self::IsLinked => (
                "退款或撤销：是否找得到对应的销售",
                "of a refund or void: whether its sale is known",
            ),
            Self::IsOutOfHours => ("是否在营业时间以外", "whether the shop was closed"),
            Self::IsInLossWindow => ("是否在丢失时段内", "whether within the window of a loss"),
            Self::Operator => ("操作员，按来源的写法", "operator, as the source writes it"),
            Self::IsOnShift => ("操作员是否当班", "whether the operator was on shift"),
            Self::IsNewPlace => (
                "是否来自没用过的网络或位置",
                "whether from a network or place it has not been used from",
            ),
        };
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}

/// What is known of one payment; `None` is what nobody knows. [`Variable`] says what each is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the variable of its name")]
pub struct Input<'a> {
    pub amount_minor: Option<i64>,
    pub currency: Option<&'a str>,
    pub kind: Option<Kind>,
    pub state: Option<State>,
    pub entry: Option<Entry>,
    pub hour: Option<i64>,
    pub weekday: Option<i64>,
    pub minutes_since_last: Option<i64>,
    pub ratio_hundredths: Option<i64>,
    pub card_payments_1h: Option<i64>,
    pub card_payments_24h: Option<i64>,
    pub refunds_today: Option<i64>,
    pub payments_today: Option<i64>,
    pub is_linked: Option<bool>,
    pub is_out_of_hours: Option<bool>,
    pub is_in_loss_window: Option<bool>,
    pub operator: Option<&'a str>,
    pub is_on_shift: Option<bool>,
    pub is_new_place: Option<bool>,
}

/// A value, of one of the three types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Int(i64),
    Text(&'a str),
    Truth(bool),
}

impl<'a> Input<'a> {
    /// What the payment itself says.
    pub fn of(payment: &'a Payment) -> Self {
        let local = Local::of(payment.at, payment.offset_min);
        let is_timed = payment.certainty != crate::payment::Certainty::Day;
        Self {
            amount_minor: Some(payment.amount_minor),
            currency: payment.currency.letters(),
            kind: Some(payment.kind),
            state: Some(payment.state),
            entry: payment.entry,
            hour: is_timed.then(|| local.hour() as i64),
            weekday: is_timed.then(|| local.day.weekday() as i64 + 1),
            is_linked: payment.is_linked,
            operator: payment.operator.as_deref(),
            ..Self::default()
        }
    }

    pub(super) fn value(&self, variable: Variable) -> Option<Value<'a>> {
        match variable {
            Variable::AmountMinor => self.amount_minor.map(Value::Int),
            Variable::Currency => self.currency.map(Value::Text),
            Variable::Kind => self.kind.map(|kind| Value::Text(kind.code())),
            Variable::State => self.state.map(|state| Value::Text(state.code())),
            Variable::Entry => self.entry.map(|entry| Value::Text(entry.code())),
            Variable::Hour => self.hour.map(Value::Int),
            Variable::Weekday => self.weekday.map(Value::Int),
            Variable::MinutesSinceLast => self.minutes_since_last.map(Value::Int),
            Variable::RatioHundredths => self.ratio_hundredths.map(Value::Int),
            Variable::CardPayments1h => self.card_payments_1h.map(Value::Int),
            Variable::CardPayments24h => self.card_payments_24h.map(Value::Int),
            Variable::RefundsToday => self.refunds_today.map(Value::Int),
            Variable::PaymentsToday => self.payments_today.map(Value::Int),
            Variable::IsLinked => self.is_linked.map(Value::Truth),
            Variable::IsOutOfHours => self.is_out_of_hours.map(Value::Truth),
            Variable::IsInLossWindow => self.is_in_loss_window.map(Value::Truth),
            Variable::Operator => self.operator.map(Value::Text),
            Variable::IsOnShift => self.is_on_shift.map(Value::Truth),
            Variable::IsNewPlace => self.is_new_place.map(Value::Truth),
        }
    }
}
