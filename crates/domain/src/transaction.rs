//! Transactions: what a terminal asks for, what is decided, and what it is told.
//!
//! Invariant: a hold outranks every other reason, so a stopped terminal hears `58` and nothing else.

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

    /// Whether an approval of unknown fate can be undone at the host by a reversal (0400).
    pub const fn reversible(self) -> bool {
        matches!(
            self,
            Self::Purchase
                | Self::Void
                | Self::PreAuthorisation
                | Self::PreAuthorisationVoid
                | Self::Completion
                | Self::CompletionVoid
        )
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
    /// 未能找到文件上记录: the original is not known.
    pub const NOT_FOUND: Self = Self(*b"25");
    /// 格式错误.
    pub const FORMAT_ERROR: Self = Self(*b"30");
    /// PIN 错, here also a wrong operator password.
    pub const WRONG_PIN: Self = Self(*b"55");
    /// 不允许终端进行的交易: what a held terminal hears, whatever the hold.
    pub const TERMINAL_NOT_PERMITTED: Self = Self(*b"58");
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

    /// Whether it says approved.
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
    /// A request of the batch is still at the host: try again.
    InFlight,
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
            Self::Invalid => ResponseCode::INVALID_TRANSACTION,
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

/// What the host made of a forwarded request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostOutcome {
    /// It answered.
    Answered {
        /// Field 39.
        response_code: ResponseCode,
        /// Field 37.
        retrieval_reference: Option<String>,
        /// Field 38.
        approval_code: Option<String>,
    },
    /// It certainly never received the request.
    NotSent,
    /// It may have received the request and did not answer in time, or not understandably.
    Silent,
}

/// What the second check decides once the host has spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Approved or declined.
    pub decision: Decision,
    /// What the terminal hears.
    pub response_code: ResponseCode,
    /// Whether the host may hold an approval that nobody was given, so that it must be undone.
    pub undo_at_host: bool,
}

/// The second check: an approval leaves only if no hold stands now (R1.2) and nobody asked to undo it meanwhile.
pub fn conclude(host: &HostOutcome, standing: Standing, undo_asked: bool) -> Outcome {
    let held = !standing.may_transact();
    let (code, host_may_have_approved) = match host {
        HostOutcome::Answered { response_code, .. } => (*response_code, response_code.is_approved()),
        HostOutcome::NotSent => (ResponseCode::HOST_UNAVAILABLE, false),
        HostOutcome::Silent => (ResponseCode::NO_HOST_ANSWER, true),
    };
    if code.is_approved() && !held && !undo_asked {
        return Outcome {
            decision: Decision::Approved,
            response_code: code,
            undo_at_host: false,
        };
    }
    let response_code = match () {
        () if held => ResponseCode::TERMINAL_NOT_PERMITTED,
        () if code.is_approved() => ResponseCode::NO_HOST_ANSWER,
        () => code,
    };
    Outcome {
        decision: Decision::Declined,
        response_code,
        undo_at_host: host_may_have_approved,
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

    fn lost() -> Standing {
        [hold::Kind::Loss].into_iter().collect()
    }

    fn approved() -> HostOutcome {
        HostOutcome::Answered {
            response_code: ResponseCode::APPROVED,
            retrieval_reference: None,
            approval_code: None,
        }
    }

    #[test]
    fn an_approval_that_meets_a_hold_is_declined_and_undone() {
        let outcome = conclude(&approved(), lost(), false);
        assert_eq!(outcome.decision, Decision::Declined);
        assert_eq!(outcome.response_code, ResponseCode::TERMINAL_NOT_PERMITTED);
        assert!(outcome.undo_at_host);
    }

    #[test]
    fn a_silent_host_is_undone_and_an_unreached_one_is_not() {
        let silent = conclude(&HostOutcome::Silent, Standing::default(), false);
        assert_eq!(
            (silent.response_code, silent.undo_at_host),
            (ResponseCode::NO_HOST_ANSWER, true)
        );
        let unreached = conclude(&HostOutcome::NotSent, Standing::default(), false);
        assert_eq!(
            (unreached.response_code, unreached.undo_at_host),
            (ResponseCode::HOST_UNAVAILABLE, false)
        );
    }

    #[test]
    fn an_approval_the_terminal_already_turned_back_is_not_given() {
        let outcome = conclude(&approved(), Standing::default(), true);
        assert_eq!(outcome.decision, Decision::Declined);
        assert!(outcome.undo_at_host);
    }

    fn host() -> impl Strategy<Value = HostOutcome> {
        prop_oneof![
            Just(HostOutcome::NotSent),
            Just(HostOutcome::Silent),
            "[0-9A-Z]{2}".prop_map(|code| HostOutcome::Answered {
                response_code: ResponseCode::parse(code.as_bytes()).unwrap(),
                retrieval_reference: None,
                approval_code: None,
            }),
            Just(approved()),
        ]
    }

    fn standing() -> impl Strategy<Value = Standing> {
        proptest::collection::vec(proptest::sample::select(&hold::Kind::ALL[..]), 0..4)
            .prop_map(|kinds| kinds.into_iter().collect())
    }

    proptest! {
        /// Whatever the host says, a held terminal hears 58 and the host never keeps an approval nobody was given.
        #[test]
        fn a_hold_outranks_the_host(host in host(), standing in standing(), undo_asked: bool) {
            let outcome = conclude(&host, standing, undo_asked);
            let said_yes = host == approved();
            if !standing.may_transact() {
                prop_assert_eq!(outcome.response_code, ResponseCode::TERMINAL_NOT_PERMITTED);
            }
            let given = outcome.decision == Decision::Approved;
            prop_assert_eq!(given, said_yes && standing.may_transact() && !undo_asked);
            prop_assert_eq!(given, outcome.response_code.is_approved());
            prop_assert_eq!(outcome.undo_at_host, (said_yes && !given) || host == HostOutcome::Silent);
        }

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
