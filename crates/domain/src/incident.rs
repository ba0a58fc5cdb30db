//! Incidents: the loss of a terminal, from the report to the closed case (R1.0 to R1.3).
//!
//! Invariant: a loss incident is closed as found by two different people, never by one and never by a machine.

use crate::account::Role;
use crate::time::{HOUR_MS, Timestamp};

/// How the terminal went, as far as the reporter knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// 被盗.
    Stolen,
    /// 遗失.
    Lost,
    /// 不确定.
    Unsure,
}

impl Manner {
    /// All manners.
    pub const ALL: [Self; 3] = [Self::Stolen, Self::Lost, Self::Unsure];

    /// The manner's name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stolen => "stolen",
            Self::Lost => "lost",
            Self::Unsure => "unsure",
        }
    }

    /// The manner of that name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manner| manner.code() == code)
    }
}

/// Where a loss incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The terminal is stopped; duties run.
    Open,
    /// One person says it was found again.
    FoundProposed,
    /// Closed.
    Closed,
}

impl State {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Open, Self::FoundProposed, Self::Closed];

    /// The state's name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::FoundProposed => "found_proposed",
            Self::Closed => "closed",
        }
    }

    /// The state of that name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A door through which a terminal could do something, each with its own receipt (R1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Purchase, pre-authorisation, completion, balance.
    CardAuthorisation,
    /// 签到: no fresh working keys.
    SignIn,
    /// Refund and void.
    RefundAndVoid,
    /// Reversal, settlement, batch upload.
    ReversalAndSettlement,
    /// The cashier's unlock on the terminal.
    CashierUnlock,
    /// The console and the API: no release but the closing of the incident.
    ConsoleAndApi,
}

impl Channel {
    /// Every channel that exists.
    pub const ALL: [Self; 6] = [
        Self::CardAuthorisation,
        Self::SignIn,
        Self::RefundAndVoid,
        Self::ReversalAndSettlement,
        Self::CashierUnlock,
        Self::ConsoleAndApi,
    ];

    /// The channel's name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CardAuthorisation => "card_authorisation",
            Self::SignIn => "sign_in",
            Self::RefundAndVoid => "refund_and_void",
            Self::ReversalAndSettlement => "reversal_and_settlement",
            Self::CashierUnlock => "cashier_unlock",
            Self::ConsoleAndApi => "console_and_api",
        }
    }
}

/// How a loss window's start was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowBasis {
    /// The last approval at or before the moment the reporter last saw the terminal.
    LastTrustedTransaction,
    /// The moment the reporter last saw it: there was no approval shortly before.
    ReportedLastSeen,
    /// Nobody knows: the day before the report.
    ReportedOnly,
}

impl WindowBasis {
    /// All bases.
    pub const ALL: [Self; 3] = [
        Self::LastTrustedTransaction,
        Self::ReportedLastSeen,
        Self::ReportedOnly,
    ];

    /// The basis' name in tables, routes and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LastTrustedTransaction => "last_trusted_transaction",
            Self::ReportedLastSeen => "reported_last_seen",
            Self::ReportedOnly => "reported_only",
        }
    }

    /// The basis of that name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.code() == code)
    }
}

/// Last trusted use to suspension: what the screening looks into (R1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossWindow {
    /// Last trusted use.
    pub from: Timestamp,
    /// Suspension.
    pub to: Timestamp,
    /// How `from` was found.
    pub basis: WindowBasis,
}

/// How far before the reported last sight an approval still counts as the last trusted use.
const TRUSTED_BEFORE_MS: i64 = 12 * HOUR_MS;
/// How far back the window reaches when nobody knows when the terminal was last seen.
const UNKNOWN_BEFORE_MS: i64 = 24 * HOUR_MS;

impl LossWindow {
    /// The window of a loss reported with an optional last sight. `last_approval` is the terminal's last approval at
    /// or before that sight.
    pub fn of(
        last_seen: Option<Timestamp>,
        last_approval: Option<Timestamp>,
        suspended_at: Timestamp,
    ) -> Self {
        let Some(seen) = last_seen.map(|seen| seen.min(suspended_at)) else {
            let from = suspended_at.plus_ms(-UNKNOWN_BEFORE_MS);
            return Self {
                from,
                to: suspended_at,
                basis: WindowBasis::ReportedOnly,
            };
        };
        match last_approval {
            Some(at) if at <= seen && seen.since_ms(at) <= TRUSTED_BEFORE_MS => Self {
                from: at,
                to: suspended_at,
                basis: WindowBasis::LastTrustedTransaction,
            },
            _ => Self {
                from: seen,
                to: suspended_at,
                basis: WindowBasis::ReportedLastSeen,
            },
        }
    }
}

/// Why an incident was not closed as found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundError {
    /// The state does not allow it.
    WrongState(State),
    /// The role may not.
    NotAllowed,
    /// The one who proposed it cannot confirm it.
    SecondPersonRequired,
}

/// Whether this person may say that the terminal was found again.
pub fn may_propose_found(state: State, role: Role) -> Result<(), FoundError> {
    match state {
        State::Open if role.may_act() => Ok(()),
        State::Open => Err(FoundError::NotAllowed),
        other => Err(FoundError::WrongState(other)),
    }
}

/// Whether this person may confirm what `proposed_by` said, and so close the incident.
pub fn may_confirm_found(state: State, proposed_by: &str, by: &str, role: Role) -> Result<(), FoundError> {
    match state {
        State::FoundProposed if !role.may_confirm_found() => Err(FoundError::NotAllowed),
        State::FoundProposed if proposed_by == by => Err(FoundError::SecondPersonRequired),
        State::FoundProposed => Ok(()),
        other => Err(FoundError::WrongState(other)),
    }
}

/// Something that must follow a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// What, as a word for routes and pages.
    pub duty: &'static str,
    /// Until when, where a rule gives a limit.
    pub due_at: Option<Timestamp>,
    /// Whose it is: `shop` or `acquirer`. No rule gives the shop a deadline for a lost terminal.
    pub whose: &'static str,
    /// The rule it comes from.
    pub rule: Option<&'static str>,
}

/// 259号 一(一)3: the acquirer deregisters a closed terminal within two days.
const DEREGISTER_MS: i64 = 48 * HOUR_MS;

/// What must follow a stop, in the order people do it (R1.1, R1.3, R1.4, R3.2).
pub fn duties(suspended_at: Timestamp) -> [Duty; 5] {
    let duty = |duty, whose, due_at, rule| Duty {
        duty,
        due_at,
        whose,
        rule,
    };
    [
        duty("police_report", "shop", None, None),
        duty("check_transactions", "shop", None, None),
        duty(
            "acquirer_deregister",
            "acquirer",
            Some(suspended_at.plus_ms(DEREGISTER_MS)),
            Some("银发〔2021〕259号 一(一)3"),
        ),
        duty("exposure_assessment", "shop", None, Some("个人信息保护法 57")),
        duty("replacement", "acquirer", None, None),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_starts_at_the_last_trusted_use() {
        let stop = Timestamp(100 * HOUR_MS);
        let seen = Timestamp(99 * HOUR_MS);
        let sale = Timestamp(98 * HOUR_MS);
        let window = LossWindow::of(Some(seen), Some(sale), stop);
        assert_eq!((window.from, window.to), (sale, stop));
        assert_eq!(window.basis, WindowBasis::LastTrustedTransaction);
    }

    #[test]
    fn an_old_sale_is_not_the_last_trusted_use() {
        let stop = Timestamp(100 * HOUR_MS);
        let seen = Timestamp(99 * HOUR_MS);
        let window = LossWindow::of(Some(seen), Some(Timestamp(50 * HOUR_MS)), stop);
        assert_eq!((window.from, window.basis), (seen, WindowBasis::ReportedLastSeen));
    }

    #[test]
    fn nobody_knows_means_the_day_before() {
        let stop = Timestamp(100 * HOUR_MS);
        let window = LossWindow::of(None, Some(stop), stop);
        assert_eq!(
            (window.from, window.basis),
            (Timestamp(76 * HOUR_MS), WindowBasis::ReportedOnly)
        );
    }

    #[test]
    fn a_last_sight_in_the_future_is_taken_as_now() {
        let stop = Timestamp(100 * HOUR_MS);
        let window = LossWindow::of(Some(Timestamp(200 * HOUR_MS)), None, stop);
        assert_eq!(window.from, stop);
    }

    #[test]
    fn finding_again_needs_two_people() {
        let confirm = |by, role| may_confirm_found(State::FoundProposed, "owner", by, role);
        assert_eq!(may_propose_found(State::Open, Role::Owner), Ok(()));
        assert_eq!(
            may_propose_found(State::Open, Role::Auditor),
            Err(FoundError::NotAllowed)
        );
        assert_eq!(
            confirm("owner", Role::Owner),
            Err(FoundError::SecondPersonRequired)
        );
        assert_eq!(confirm("clerk", Role::Manager), Err(FoundError::NotAllowed));
        assert_eq!(confirm("risk", Role::RiskOfficer), Ok(()));
        let early = may_confirm_found(State::Open, "owner", "risk", Role::RiskOfficer);
        assert_eq!(early, Err(FoundError::WrongState(State::Open)));
    }
}
