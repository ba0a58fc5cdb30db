//! Transactions: what a terminal asks for, what is decided, and what it is told.
//!
//! Invariant: a hold outranks every other reason, so a stopped terminal hears `58` and nothing else.

mod conclusion;
pub mod follow;

pub use conclusion::{HostOutcome, Moment, Outcome, Verdict, conclude};

use crate::hold::Standing;
use crate::{MaskedPan, Money, TerminalId, Timestamp};

/// What a terminal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 消费.
    Purchase,
    /// 消费撤销.
    Void,
    /// 退货.
    Refund,
    /// 预授权.
    PreAuthorisation,
    /// 预授权撤销.
    PreAuthorisationVoid,
    /// 预授权完成(请求).
    Completion,
    /// 预授权完成(通知): told, not asked; it is not reversed.
    CompletionNotice,
    /// 预授权完成撤销.
    CompletionVoid,
    /// 余额查询.
    Balance,
    /// 冲正.
    Reversal,
    /// 签到.
    SignIn,
    /// 签退.
    SignOut,
    /// 批结算.
    Settlement,
    /// 批上送 and its end.
    BatchUpload,
    /// The cashier's lock key (R5.1).
    Lock,
    /// The unlock by operator number and password (R5.1).
    Unlock,
}

/// Which total of the batch an approval counts in (field 48 of the settlement).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// 借记: money from cardholders.
    Debit,
    /// 贷记: money back to cardholders.
    Credit,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::Purchase,
        Self::Void,
        Self::Refund,
        Self::PreAuthorisation,
        Self::PreAuthorisationVoid,
        Self::Completion,
        Self::CompletionNotice,
        Self::CompletionVoid,
        Self::Balance,
        Self::Reversal,
        Self::SignIn,
        Self::SignOut,
        Self::Settlement,
        Self::BatchUpload,
        Self::Lock,
        Self::Unlock,
    ];

    /// The kind's name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::PreAuthorisation => "pre_authorisation",
            Self::PreAuthorisationVoid => "pre_authorisation_void",
            Self::Completion => "completion",
            Self::CompletionNotice => "completion_notice",
            Self::CompletionVoid => "completion_void",
            Self::Balance => "balance",
            Self::Reversal => "reversal",
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::Settlement => "settlement",
            Self::BatchUpload => "batch_upload",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
        }
    }

    /// The kind of that name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kinds whose approval can be undone at the host by a reversal (0400).
    pub const REVERSIBLE: [Self; 6] = [
        Self::Purchase,
        Self::Void,
        Self::PreAuthorisation,
        Self::PreAuthorisationVoid,
        Self::Completion,
        Self::CompletionVoid,
    ];

    /// Whether an approval of unknown fate can be undone at the host by a reversal (0400).
    pub fn reversible(self) -> bool {
        Self::REVERSIBLE.contains(&self)
    }

    /// Whether the kind turns money or a sale back: from a held terminal it is neither executed nor booked but
    /// recorded for a person to decide, because a thief would turn sales back (R1.2).
    pub const fn recorded_when_held(self) -> bool {
        matches!(
            self,
            Self::Void
                | Self::Refund
                | Self::PreAuthorisationVoid
                | Self::CompletionVoid
                | Self::Reversal
                | Self::Settlement
                | Self::BatchUpload
        )
    }

    /// Whether it undoes an approval as a reversal at the host would.
    pub const fn undoes(self) -> bool {
        matches!(
            self,
            Self::Void | Self::PreAuthorisationVoid | Self::CompletionVoid | Self::Reversal
        )
    }

    /// Which total of its batch an approval counts in, if any.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Purchase | Self::Completion | Self::CompletionNotice => Some(Side::Debit),
            Self::Void | Self::Refund | Self::CompletionVoid => Some(Side::Credit),
            _ => None,
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Sent to the host; no answer yet.
    Pending,
    /// Approved.
    Approved,
    /// Declined.
    Declined,
    /// Undone at the host.
    Reversed,
    /// Neither executed nor booked; a person decides.
    Recorded,
}

impl Decision {
    /// All decisions.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Approved,
        Self::Declined,
        Self::Reversed,
        Self::Recorded,
    ];

    /// The decision's name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Reversed => "reversed",
            Self::Recorded => "recorded",
        }
    }

    /// The decision of that name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.code() == code)
    }
}

/// Field 39: two letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResponseCode([u8; 2]);

impl ResponseCode {
    /// 承兑或交易成功.
    pub const APPROVED: Self = Self(*b"00");
    /// 无效商户: field 42 is not the terminal's merchant.
    pub const INVALID_MERCHANT: Self = Self(*b"03");
    /// 无效交易.
    pub const INVALID_TRANSACTION: Self = Self(*b"12");
    /// 无效卡号: not the original's card, or two cards in one request.
    pub const INVALID_CARD: Self = Self(*b"14");
    /// POS状态与中心不符: a reversal of what something else has followed (Q/CUP 006.6-2014 A.2).
    pub const STATE_DIFFERS: Self = Self(*b"22");
    /// 未能找到文件上记录: the original is not known.
    pub const NOT_FOUND: Self = Self(*b"25");
    /// 格式错误.
    pub const FORMAT_ERROR: Self = Self(*b"30");
    /// PIN 错, here also a wrong operator password.
    pub const WRONG_PIN: Self = Self(*b"55");
    /// 不允许终端进行的交易: what a held terminal hears, whatever the hold.
    pub const TERMINAL_NOT_PERMITTED: Self = Self(*b"58");
    /// 超金额: more than the original leaves.
    pub const ABOVE_AMOUNT: Self = Self(*b"61");
    /// The amount is not the original's, or the host's answer is for another one (Q/CUP 006.6-2014 A.2).
    pub const AMOUNT_DIFFERS: Self = Self(*b"64");
    /// 批次不一致: sign in again.
    pub const SIGN_IN_AGAIN: Self = Self(*b"77");
    /// 发卡方不能操作: the host cannot be reached and nothing was sent to it.
    pub const HOST_UNAVAILABLE: Self = Self(*b"91");
    /// 重复交易: same batch and trace, another content.
    pub const DUPLICATE: Self = Self(*b"94");
    /// 系统异常: for example the store is out of reach.
    pub const SYSTEM_ERROR: Self = Self(*b"96");
    /// POS终端号找不到: unknown or retired.
    pub const UNKNOWN_TERMINAL: Self = Self(*b"97");
    /// 收不到应答: sent to the host, no answer in time.
    pub const NO_HOST_ANSWER: Self = Self(*b"98");
    /// MAC 校验错.
    pub const MAC_ERROR: Self = Self(*b"A0");

    /// Reads field 39.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            [a, b] if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() => Some(Self([*a, *b])),
            _ => None,
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether it is `00`, which is what a terminal hears of every approval.
    pub fn is_approved(self) -> bool {
        self == Self::APPROVED
    }
}

impl std::fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the card came in: the first two digits of field 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryMode {
    /// `01`.
    Manual,
    /// `02`.
    Swipe,
    /// `03`.
    Qr,
    /// `05`.
    Chip,
    /// `07`.
    Contactless,
}

impl EntryMode {
    /// All modes.
    pub const ALL: [Self; 5] = [Self::Manual, Self::Swipe, Self::Qr, Self::Chip, Self::Contactless];

    /// The mode's name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Swipe => "swipe",
            Self::Qr => "qr",
            Self::Chip => "chip",
            Self::Contactless => "contactless",
        }
    }

    /// The mode of that name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.code() == code)
    }

    /// Reads field 22's three digits as a number, for example `21` for `021`: how the card came in, then whether its PIN can
    /// be typed (0 not said, 1 yes, 2 no). `None` for what is no such combination.
    pub const fn from_field_22(value: u64) -> Option<Self> {
        match (value / 10, value % 10) {
            (1, 0..=2) => Some(Self::Manual),
            (2, 0..=2) => Some(Self::Swipe),
            (3, 0..=2) => Some(Self::Qr),
            (5, 0..=2) => Some(Self::Chip),
            (7, 0..=2) => Some(Self::Contactless),
            _ => None,
        }
    }
}

/// Whether a request proved by its MAC that the terminal itself sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Its MAC verified under working keys that only the terminal can have opened.
    Proven,
    /// It carried none, or a wrong one: anybody may have sent it.
    Unproven,
}

impl Proof {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Proven, Self::Unproven];

    /// By whether the MAC verified.
    pub const fn of(mac_verified: bool) -> Self {
        match mac_verified {
            true => Self::Proven,
            false => Self::Unproven,
        }
    }

    /// The word in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unproven => "unproven",
        }
    }

    /// The proof of that word.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.code() == code)
    }
}

/// Batch and trace number: what names a transaction within its terminal (fields 60.2 and 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchTrace {
    /// 批次号, 1 to 999999.
    pub batch: u32,
    /// POS流水号, 1 to 999999.
    pub trace: u32,
}

/// Why a request is refused before the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A hold stands.
    Held(Standing),
    /// The terminal is retired.
    Retired,
    /// Field 42 is not the terminal's merchant.
    OtherMerchant,
    /// The MAC does not verify.
    BadMac,
    /// No operator is signed in.
    NotSignedIn,
    /// Field 60.2 is not the current batch.
    OtherBatch,
    /// The same batch and trace with another content, or of a transaction already undone.
    Duplicate,
    /// The original is not known.
    OriginalNotFound,
    /// The kind, or the operator, is not valid here.
    Invalid,
    /// A request of the batch, or one about the same original, is still at the host: try again.
    InFlight,
    /// The card is not the original's.
    OtherCard,
    /// Fields 2 and 35 are of two cards.
    TwoCards,
    /// The original was voided, completed, reversed or refunded.
    Undone,
    /// A reversal of what was voided, completed or refunded.
    FollowedAlready,
    /// The original's batch is over, and its totals are agreed.
    BatchSettled,
    /// The amount, or its currency, is not the original's.
    OtherAmount,
    /// More than the original leaves.
    AboveOriginal,
    /// The profile does not take this currency.
    OtherCurrency,
}

impl Refusal {
    /// What the terminal hears. Nothing in it tells a held terminal why (R1.2).
    pub const fn response_code(self) -> ResponseCode {
        match self {
            Self::Held(_) => ResponseCode::TERMINAL_NOT_PERMITTED,
            Self::Retired => ResponseCode::UNKNOWN_TERMINAL,
            Self::OtherMerchant => ResponseCode::INVALID_MERCHANT,
            Self::BadMac => ResponseCode::MAC_ERROR,
            Self::NotSignedIn | Self::OtherBatch => ResponseCode::SIGN_IN_AGAIN,
            Self::Duplicate => ResponseCode::DUPLICATE,
            Self::OriginalNotFound => ResponseCode::NOT_FOUND,
            Self::Invalid | Self::Undone | Self::BatchSettled | Self::OtherCurrency => {
                ResponseCode::INVALID_TRANSACTION
            }
            Self::OtherCard | Self::TwoCards => ResponseCode::INVALID_CARD,
            Self::FollowedAlready => ResponseCode::STATE_DIFFERS,
            Self::OtherAmount => ResponseCode::AMOUNT_DIFFERS,
            Self::AboveOriginal => ResponseCode::ABOVE_AMOUNT,
            Self::InFlight => ResponseCode::SYSTEM_ERROR,
        }
    }

    /// The real reason, for the ledger and staff.
    pub fn reason(self) -> String {
        match self {
            Self::Held(standing) => standing.reason(),
            Self::Retired => "retired".into(),
            Self::OtherMerchant => "other_merchant".into(),
            Self::BadMac => "bad_mac".into(),
            Self::NotSignedIn => "not_signed_in".into(),
            Self::OtherBatch => "other_batch".into(),
            Self::Duplicate => "duplicate".into(),
            Self::OriginalNotFound => "original_not_found".into(),
            Self::Invalid => "invalid".into(),
            Self::InFlight => "request_in_flight".into(),
            Self::OtherCard => "other_card".into(),
            Self::TwoCards => "two_cards".into(),
            Self::Undone => "already_undone".into(),
            Self::FollowedAlready => "followed_already".into(),
            Self::BatchSettled => "batch_settled".into(),
            Self::OtherAmount => "other_amount".into(),
            Self::AboveOriginal => "above_original".into(),
            Self::OtherCurrency => "other_currency".into(),
        }
    }
}

/// What the first check needs to know of a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// The holds that stand.
    pub standing: Standing,
    /// Whether the terminal is retired.
    pub retired: bool,
    /// Whether field 42 names its merchant.
    pub merchant_matches: bool,
    /// Whether the MAC verified.
    pub mac_verified: bool,
    /// The current batch, when an operator is signed in.
    pub signed_in_batch: Option<u32>,
}

/// The first check, in its fixed order: holds before everything else, so that nothing else is ever learnt by a
/// thief, then MAC, then sign-in (R1.2).
pub fn admit(situation: &Situation, batch: u32) -> Result<(), Refusal> {
    if situation.retired {
        return Err(Refusal::Retired);
    }
    if !situation.standing.may_transact() {
        return Err(Refusal::Held(situation.standing));
    }
    if !situation.merchant_matches {
        return Err(Refusal::OtherMerchant);
    }
    match situation.signed_in_batch {
        None => Err(Refusal::NotSignedIn),
        Some(_) if !situation.mac_verified => Err(Refusal::BadMac),
        Some(current) if current != batch => Err(Refusal::OtherBatch),
        Some(_) => Ok(()),
    }
}

/// One line of the ledger: a decision about a request of a terminal, or a fact of its life that has a place in the
/// same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Whose.
    pub terminal_id: TerminalId,
    /// Its place in the terminal's own durable order; grows, with gaps.
    pub sequence: i64,
    /// When it was decided; never earlier than the row before it.
    pub at: Timestamp,
    /// What was decided; `None` for a hold placed or released.
    pub decision: Option<Decision>,
    /// What was asked for, or `hold_placed`, `hold_released`.
    pub entry: Entry,
    /// Batch and trace, where the request is authentic.
    pub batch_trace: Option<BatchTrace>,
    /// Field 4.
    pub amount: Option<Money>,
    /// The card, truncated.
    pub card: Option<MaskedPan>,
    /// Field 22.
    pub entry_mode: Option<EntryMode>,
    /// The operator signed in.
    pub operator: Option<String>,
    /// Field 39 as answered.
    pub response_code: Option<ResponseCode>,
    /// The real reason of a refusal; for staff only.
    pub reason: Option<String>,
    /// Field 37.
    pub retrieval_reference: Option<String>,
    /// Field 38.
    pub approval_code: Option<String>,
    /// Where the attempt came from, for refused ones.
    pub peer: Option<String>,
    /// When the request came in.
    pub requested_at: Timestamp,
    /// The row this one undoes or refers to.
    pub of_sequence: Option<i64>,
    /// Whether the terminal proved that it asked; `None` where nobody asked, as for a hold or the host's answer to a reversal.
    pub proof: Option<Proof>,
    /// How many alike requests this row stands for, where they came too fast for a row each; `None`: one.
    pub repeated: Option<i64>,
}

impl LedgerRow {
    /// A row that says only whose, where in the order, when, and about what; the rest is for the caller to add.
    pub const fn bare(terminal_id: TerminalId, sequence: i64, at: Timestamp, entry: Entry) -> Self {
        Self {
            terminal_id,
            sequence,
            at,
            decision: None,
            entry,
            batch_trace: None,
            amount: None,
            card: None,
            entry_mode: None,
            operator: None,
            response_code: None,
            reason: None,
            retrieval_reference: None,
            approval_code: None,
            peer: None,
            requested_at: at,
            of_sequence: None,
            proof: None,
            repeated: None,
        }
    }
}

/// What a ledger row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A request of the terminal.
    Request(Kind),
    /// A hold was placed.
    HoldPlaced,
    /// A hold was released.
    HoldReleased,
}

impl Entry {
    /// The entry's name in tables.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Request(kind) => kind.code(),
            Self::HoldPlaced => "hold_placed",
            Self::HoldReleased => "hold_released",
        }
    }

    /// The entry of that name.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "hold_placed" => Some(Self::HoldPlaced),
            "hold_released" => Some(Self::HoldReleased),
            _ => Kind::parse(code).map(Self::Request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold;
    use proptest::prelude::*;

    fn standing() -> impl Strategy<Value = Standing> {
        proptest::collection::vec(proptest::sample::select(&hold::Kind::ALL[..]), 0..4)
            .prop_map(|kinds| kinds.into_iter().collect())
    }

    proptest! {
        /// Whatever else is wrong with a request, a held terminal that is not retired hears 58.
        #[test]
        fn a_held_terminal_learns_nothing_else(
            standing in standing(), merchant_matches: bool, mac_verified: bool,
            signed_in_batch in proptest::option::of(1_u32..3), batch in 1_u32..3,
        ) {
            let situation = Situation { standing, retired: false, merchant_matches, mac_verified, signed_in_batch };
            let answer = admit(&situation, batch).map_err(Refusal::response_code);
            if !standing.may_transact() {
                prop_assert_eq!(answer, Err(ResponseCode::TERMINAL_NOT_PERMITTED));
            } else if answer.is_ok() {
                prop_assert!(merchant_matches && mac_verified && signed_in_batch == Some(batch));
            }
        }
    }
}
