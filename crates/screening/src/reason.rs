//! Why a payment stands out, in words with the numbers in them, and what could not be looked at.
//!
//! Invariant: a text says what happened at the terminal, never what somebody is; each code has one in both languages.

use domain::money::Currency;
use domain::setting::Language;
use domain::words;

use crate::by_code::by_code;
use crate::payment::Entry;

words! {
    /// What a signal looks at. `docs/SCREENING.md` says of each when it speaks.
    pub enum Code {
        /// A refund or void whose sale nobody knows.
        RefundWithoutSale = "refund_without_sale",
        /// A refund to another card than the sale's.
        RefundOtherCard = "refund_other_card",
        /// Refunds to one card again and again.
        RefundAgain = "refund_again",
        /// More given back than was paid.
        RefundExceedsSale = "refund_exceeds_sale",
        /// More refunds in a day than the terminal ever had.
        ManyRefunds = "many_refunds",
        /// Round amounts, as gift cards have.
        RoundAmounts = "round_amounts",
        /// Outside the opening hours that the shop told.
        OutOfHours = "out_of_hours",
        /// At an hour when this terminal is not used.
        UnusualHour = "unusual_hour",
        /// More card numbers typed than usual.
        KeyedJump = "keyed_jump",
        /// More stripes read than usual.
        StripeJump = "stripe_jump",
        /// Nobody pays any more as most do here.
        UsualReadingGone = "usual_reading_gone",
        /// A large amount after small ones that tried it.
        TestThenLarge = "test_then_large",
        /// Far above what the terminal takes.
        AmountUnusual = "amount_unusual",
        /// One card many times in a row.
        CardInARow = "card_in_a_row",
        /// Many cards in a short time.
        ManyCards = "many_cards",
        /// Refused again and again.
        DeclinedAgain = "declined_again",
        /// An operator who is not on shift.
        OperatorOffShift = "operator_off_shift",
        /// An operator whom this terminal has not seen.
        OperatorUnknown = "operator_unknown",
        /// The shop's other terminals work as usual while this one is elsewhere.
        Elsewhere = "elsewhere",
        /// A place or network it has not been used from.
        NewPlace = "new_place",
        /// Used again after a long silence.
        AfterSilence = "after_silence",
        /// Wrong passwords before.
        WrongPasswords = "wrong_passwords",
        /// Busier than it ever is.
        Busier = "busier",
        /// Within the window of a loss.
        LossWindow = "loss_window",
        /// Cards were here before they came to harm elsewhere. No payment says it: [`crate::common_point`] does.
        CommonPoint = "common_point",
    }
}

words! {
    /// Why a signal could not look.
    pub enum Why {
        /// The source does not say which card or payer.
        NoCard = "no_card",
        /// It does not say how the card was read.
        NoEntry = "no_entry",
        /// It does not say who was signed in.
        NoOperator = "no_operator",
        /// Nobody entered the shifts of that time, or the shop does not have the operator.
        NoShifts = "no_shifts",
        /// Nobody told when the shop is open.
        NoHours = "no_hours",
        /// It does not say where the terminal was.
        NoPlace = "no_place",
        /// The shop has no other terminal at work, or nobody knows where it is.
        NoPeers = "no_peers",
        /// Nobody knows whether a sale belongs to it, or which.
        NoSale = "no_sale",
        /// The terminal's past is too short.
        NoPast = "no_past",
        /// Only about which day it was is known.
        NoTime = "no_time",
        /// It is older than the profile reaches, or of a currency that it has no past in.
        OutOfReach = "out_of_reach",
        /// The source has no sign-ins.
        NoSignIns = "no_sign_ins",
    }
}

by_code!(Code, Why);

/// A number in a reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// How many.
    Count(i64),
    /// Money.
    Money {
        /// Minor units.
        minor: i64,
        /// ISO 4217, numeric.
        currency: u16,
    },
    /// How many times as much, in hundredths.
    Hundredths(i64),
    /// How long, minutes.
    Minutes(i64),
    /// A time of the day at the terminal, minutes after midnight.
    Clock(i64),
    /// Spans of a day, minutes after midnight; above 1,440 is the next day. None of them: closed.
    Spans(Vec<(u16, u16)>),
    /// A name as the source writes it.
    Name(String),
    /// How a card or code is read.
    Entry(Entry),
}

/// Why a payment stands out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// What was looked at.
    pub code: Code,
    /// How much of the score is its own, of 1,000.
    pub points: u16,
    /// The numbers, as its text takes them.
    pub values: Vec<Value>,
}

/// A signal that could not look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct NotAsked {
    /// Which.
    pub code: Code,
    /// Why not.
    pub why: Why,
}

impl Reason {
    /// Reasons as a row keeps them: JSON.
    pub fn written(reasons: &[Self]) -> String {
        serde_json::to_string(reasons).unwrap_or_default()
    }

    /// Reasons as a row kept them. One that nobody writes any more is left out.
    pub fn read(text: &str) -> Vec<Self> {
        let each: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
        each.into_iter()
            .filter_map(|one| serde_json::from_value(one).ok())
            .collect()
    }

    /// The reason in words.
    pub fn text(&self, language: Language) -> String {
        fill(template(self.code, language), &self.values, language)
    }
}

impl Code {
    /// What is looked at, in a few words.
    pub const fn title(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::RefundWithoutSale => ("没有对应销售的退款", "Refund without a sale"),
            Self::RefundOtherCard => ("退到另一张卡", "Refund to another card"),
            Self::RefundAgain => ("反复退款到同一张卡", "Refunds to one card again and again"),
            Self::RefundExceedsSale => ("退款超过销售", "Refund larger than its sale"),
            Self::ManyRefunds => ("退款比平时多", "More refunds than usual"),
            Self::RoundAmounts => ("整数金额", "Round amounts"),
            Self::OutOfHours => ("营业时间以外", "Outside opening hours"),
            Self::UnusualHour => ("平时不用的时间", "At an unusual hour"),
            Self::KeyedJump => ("手工输入卡号变多", "More card numbers typed"),
            Self::StripeJump => ("刷磁条变多", "More cards read by the stripe"),
            Self::UsualReadingGone => ("平时常用的付款方式没有了", "The usual way of paying is missing"),
            Self::TestThenLarge => ("先小额试探，再大额", "Small amounts, then a large one"),
            Self::AmountUnusual => ("金额远高于平时", "Far above the usual amount"),
            Self::CardInARow => ("同一张卡连续使用", "One card many times in a row"),
            Self::ManyCards => ("短时间内很多卡", "Many cards in a short time"),
            Self::DeclinedAgain => ("反复被拒", "Refused again and again"),
            Self::OperatorOffShift => ("操作员没有排班", "Operator not on shift"),
            Self::OperatorUnknown => ("没见过的操作员", "Operator new to this terminal"),
            Self::Elsewhere => ("与本店其他终端不在一处", "Away from the shop's other terminals"),
            Self::NewPlace => ("新的网络或位置", "New place or network"),
            Self::AfterSilence => ("长时间没用之后", "After a long silence"),
            Self::WrongPasswords => ("之前输错密码", "Wrong passwords before"),
            Self::Busier => ("比平时繁忙", "Busier than usual"),
            Self::LossWindow => ("在丢失时段内", "Within the loss window"),
            Self::CommonPoint => ("出事的卡之前来过", "Cards were here before they came to harm"),
        };
        pick(language, zh, en)
    }
}

impl NotAsked {
    /// What was not looked at, and why not, in words.
    pub fn text(&self, language: Language) -> String {
        let (zh, en) = match self.why {
            Why::NoCard => ("来源没有卡或付款人", "the source names no card or payer"),
            Why::NoEntry => (
                "来源没有说明读卡方式",
                "the source does not say how the card was read",
            ),
            Why::NoOperator => ("来源没有操作员", "the source names no operator"),
            Why::NoShifts => (
                "没有填写这时的排班，或门店没有这个操作员",
                "nobody entered the shifts of that time, or the shop has no such operator",
            ),
            Why::NoHours => ("没有填写营业时间", "the opening hours were not told"),
            Why::NoPlace => ("来源没有网络或位置", "the source has no network or position"),
            Why::NoPeers => (
                "本店没有可对照的其他终端",
                "the shop has no other terminal to compare with",
            ),
            Why::NoSale => ("不知道对应的销售", "its sale is not known"),
            Why::NoPast => ("这台终端的记录还太少", "this terminal's past is too short"),
            Why::NoTime => ("只知道大约哪一天", "only about which day is known"),
            Why::OutOfReach => (
                "太早，或币种没有记录",
                "too long ago, or in a currency without a past",
            ),
            Why::NoSignIns => ("来源没有签到记录", "the source has no sign-ins"),
        };
        let title = self.code.title(language);
        match language {
            Language::Chinese => format!("没有核对“{title}”：{zh}"),
            Language::English => format!("Not checked: {title}; {en}"),
        }
    }
}

pub(crate) const fn pick(language: Language, zh: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

/// `{0}`, `{1}` … stand for the values.
const fn template(code: Code, language: Language) -> &'static str {
    let (zh, en) = match code {
        Code::RefundWithoutSale => (
            "退款 {0}，找不到对应的销售",
            "A refund of {0}; no sale of it is known",
        ),
        Code::RefundOtherCard => (
            "退款 {0} 没有退回付款的那张卡",
            "A refund of {0} that does not go back to the card that paid",
        ),
        Code::RefundAgain => (
            "退到同一张卡（付款人），最近 {1} 天内第 {0} 次",
            "To the same card or payer; in {1} days refund number {0}",
        ),
        Code::RefundExceedsSale => (
            "一共退了 {0}，销售只有 {1}",
            "{0} given back in all, of a sale of {1}",
        ),
        Code::ManyRefunds => (
            "当天第 {0} 笔退款；之前 {2} 天里最多一天 {1} 笔",
            "Refund number {0} of the day; the most in one of the {2} days before: {1}",
        ),
        Code::RoundAmounts => (
            "整数金额 {0}，一天内第 {1} 笔，像礼品卡的面额",
            "A round {0}, number {1} within a day, as gift cards have",
        ),
        Code::OutOfHours => (
            "{0}，不在营业时间内（当天：{1}）",
            "At {0}, outside opening hours (that day: {1})",
        ),
        Code::UnusualHour => (
            "{0}；用过的 {2} 天里，有 {1} 天在这个时间前后有交易",
            "At {0}; of {2} days in use, with payments around this hour: {1}",
        ),
        Code::KeyedJump => (
            "最近 {1} 笔里手工输入卡号的有 {0} 笔；平时每百笔 {2} 笔",
            "Card numbers typed in the last {1}: {0}; usual in a hundred: {2}",
        ),
        Code::StripeJump => (
            "最近 {1} 笔里刷磁条的有 {0} 笔；平时每百笔 {2} 笔",
            "Cards read by the stripe in the last {1}: {0}; usual in a hundred: {2}",
        ),
        Code::UsualReadingGone => (
            "最近 {1} 笔没有一笔是平时最常用的方式（{0}）；平时每百笔有 {2} 笔",
            "None of the last {1} in the usual way ({0}); usual in a hundred: {2}",
        ),
        Code::TestThenLarge => (
            "{0}，之前 {2} 内有小额 {1} 试探",
            "{0}, after a small {1} within {2}",
        ),
        Code::AmountUnusual => (
            "{0}，是这台终端中位数 {1} 的 {2} 倍",
            "{0}: {2} × the median of this terminal, {1}",
        ),
        Code::CardInARow => (
            "同一张卡（付款人）在 {1} 内第 {0} 笔",
            "The same card or payer, number {0} within {1}",
        ),
        Code::ManyCards => (
            "{1} 内 {0} 张不同的卡；这台终端最忙的一小时有 {2} 笔",
            "Different cards within {1}: {0}; payments in the busiest hour of this terminal: {2}",
        ),
        Code::DeclinedAgain => (
            "最近 {1} 笔里有 {0} 笔被拒；平时每百笔 {2} 笔",
            "Refused of the last {1}: {0}; usual in a hundred: {2}",
        ),
        Code::OperatorOffShift => (
            "操作员 {0} 这时不在排班表上；当时排班 {1} 人",
            "Operator {0} is not on the roster at this time; on it then: {1}",
        ),
        Code::OperatorUnknown => (
            "操作员 {0} 在之前 {1} 天里没有用过这台终端",
            "Operator {0} has not used this terminal in the {1} days before",
        ),
        Code::Elsewhere => (
            "本店其他终端照常在用（{0} 台），这台在别的地方",
            "The shop's other terminals at work ({0}) are in their place; this one is elsewhere",
        ),
        Code::NewPlace => (
            "之前 {0} 天里没有从这个网络或位置用过",
            "Not used from this network or position in the {0} days before",
        ),
        Code::AfterSilence => (
            "停用 {0} 之后第一次使用；平时最长停用 {1}",
            "First used again after {0}; its longest pause before: {1}",
        ),
        Code::WrongPasswords => (
            "{1} 内输错密码 {0} 次，涉及 {2} 个操作员",
            "Wrong passwords within {1}: {0}; operators tried: {2}",
        ),
        Code::Busier => (
            "当天第 {0} 笔；之前 {2} 天里最多一天 {1} 笔",
            "Payment number {0} of the day; the most in one of the {2} days before: {1}",
        ),
        Code::LossWindow => ("在丢失时段内", "Within the loss window"),
        Code::CommonPoint => (
            "后来在别处出事的卡里，有 {0} 张之前在这台终端用过，涉及 {2} 起案件；按比例只应有 {1} 张",
            "Cards that came to harm elsewhere and had been used here before: {0}, of cases: {2}; to be expected: {1}",
        ),
    };
    pick(language, zh, en)
}

/// The template with the values in it; a place without a value stays empty.
fn fill(template: &str, values: &[Value], language: Language) -> String {
    let mut text = String::with_capacity(template.len() + 24);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        rest = &rest[open + 1..];
        let (place, after) = rest.split_once('}').unwrap_or((rest, ""));
        let value = place.parse::<usize>().ok().and_then(|at| values.get(at));
        text.push_str(&value.map(|value| said(value, language)).unwrap_or_default());
        rest = after;
    }
    text + rest
}

fn said(value: &Value, language: Language) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::Money { minor, currency } => Currency(*currency).amount(*minor),
        Value::Hundredths(ratio) => times(*ratio),
        Value::Minutes(minutes) => duration(*minutes, language),
        Value::Clock(minute) => clock(*minute),
        Value::Spans(spans) if spans.is_empty() => pick(language, "休息", "closed").to_owned(),
        Value::Spans(spans) => {
            let each = spans.iter().map(|(from, to)| span(*from, *to, language));
            each.collect::<Vec<_>>().join(pick(language, "、", ", "))
        }
        Value::Name(name) => name.clone(),
        Value::Entry(entry) => entry.title(language).to_owned(),
    }
}

fn clock(minute: i64) -> String {
    let minute = minute.rem_euclid(1_440);
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `17:00–次日 02:00`; midnight is the day's own end.
fn span(from_min: u16, to_min: u16, language: Language) -> String {
    let (from, to) = (clock(i64::from(from_min)), clock(i64::from(to_min)));
    match (to_min, language) {
        (..1_440, _) => format!("{from}–{to}"),
        (1_440, _) => format!("{from}–24:00"),
        (_, Language::Chinese) => format!("{from}–次日 {to}"),
        (_, Language::English) => format!("{from}–{to} the next day"),
    }
}

/// `3.2`, and whole from ten on.
fn times(hundredths: i64) -> String {
    let tenths = hundredths.saturating_add(5) / 10;
    if tenths < 100 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        (hundredths / 100).to_string()
    }
}

/// Minutes up to two hours, hours up to two days, then days.
fn duration(minutes: i64, language: Language) -> String {
    let (count, zh, en) = match minutes {
        ..120 => (minutes, "分钟", "min"),
        120..2_880 => (minutes / 60, "小时", "h"),
        _ => (minutes / 1_440, "天", "days"),
    };
    format!("{count} {}", pick(language, zh, en))
}
