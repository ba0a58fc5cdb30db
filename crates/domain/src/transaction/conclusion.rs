//! The second check: what becomes of a request once the host has spoken.
//!
//! Invariant: an approval that is not given for exactly what was asked, to a terminal that may have it, is undone at the host.

use super::{Decision, ResponseCode};
use crate::Money;
use crate::hold::Standing;

/// What the host's field 39 says became of a request. Which code says what is data of the host's profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Done, for the whole amount.
    Approved,
    /// Done, for a part of the amount. No terminal is offered that, so it is undone.
    Partial,
    /// Not done.
    Declined,
    /// The host itself got no answer from the issuer in time: nobody knows.
    Unknown,
}

/// What the host made of a forwarded request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostOutcome {
    /// It answered.
    Answered {
        /// Field 39.
        response_code: ResponseCode,
        /// What field 39 says.
        verdict: Verdict,
        /// Field 4 of the answer, minor units, where it has one.
        amount_minor: Option<i64>,
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

/// What is true at the moment of the second check.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The holds that stand.
    pub standing: Standing,
    /// Whether the terminal is retired.
    pub retired: bool,
    /// Whether the terminal has sent a reversal meanwhile.
    pub undo_asked: bool,
    /// What was asked for.
    pub amount: Option<Money>,
}

/// What the second check decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Approved or declined.
    pub decision: Decision,
    /// What the terminal hears: `00` for every approval, since not all terminals know the other codes of success.
    pub response_code: ResponseCode,
    /// Whether the host may hold an approval that nobody was given, so that it must be undone.
    pub undo_at_host: bool,
    /// Why, for the ledger and staff. An approval has a reason only if the host said more than `00`.
    pub reason: Option<String>,
}

/// An approval leaves only if no hold stands now (R1.2), the terminal is not retired, nobody asked to undo it meanwhile,
/// and it is for the amount that was asked for.
pub fn conclude(host: &HostOutcome, moment: &Moment) -> Outcome {
    let fate = fate(host, moment.amount);
    let declined = |response_code, reason: String| Outcome {
        decision: Decision::Declined,
        response_code,
        undo_at_host: fate.may_be_approved,
        reason: Some(reason),
    };
    match () {
        () if moment.retired => declined(ResponseCode::UNKNOWN_TERMINAL, "retired".into()),
        () if !moment.standing.may_transact() => {
            declined(ResponseCode::TERMINAL_NOT_PERMITTED, moment.standing.reason())
        }
        () if !fate.is_approved => declined(fate.response_code, fate.reason.unwrap_or_default()),
        () if moment.undo_asked => declined(ResponseCode::NO_HOST_ANSWER, "reversed_by_terminal".into()),
        () => Outcome {
            decision: Decision::Approved,
            response_code: ResponseCode::APPROVED,
            undo_at_host: false,
            reason: fate.reason,
        },
    }
}

/// What the host's word comes to by itself.
struct Fate {
    is_approved: bool,
    may_be_approved: bool,
    response_code: ResponseCode,
    reason: Option<String>,
}

fn fate(host: &HostOutcome, asked: Option<Money>) -> Fate {
    let not = |may_be_approved, response_code, reason: &str| Fate {
        is_approved: false,
        may_be_approved,
        response_code,
        reason: Some(reason.into()),
    };
    let (code, verdict, amount_minor) = match host {
        HostOutcome::NotSent => return not(false, ResponseCode::HOST_UNAVAILABLE, "host_unreachable"),
        HostOutcome::Silent => return not(true, ResponseCode::NO_HOST_ANSWER, "host_silent"),
        HostOutcome::Answered {
            response_code,
            verdict,
            amount_minor,
            ..
        } => (*response_code, *verdict, *amount_minor),
    };
    let is_as_asked = asked
        .zip(amount_minor)
        .is_none_or(|(asked, minor)| asked.minor == minor);
    match verdict {
        Verdict::Declined => not(false, code, "host"),
        Verdict::Unknown => not(true, code, "host_unsure"),
        Verdict::Partial => not(true, ResponseCode::AMOUNT_DIFFERS, "host_approved_a_part"),
        Verdict::Approved if !is_as_asked => {
            not(true, ResponseCode::AMOUNT_DIFFERS, "host_approved_otherwise")
        }
        Verdict::Approved => Fate {
            is_approved: true,
            may_be_approved: true,
            response_code: code,
            reason: (!code.is_approved()).then(|| format!("host:{code}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold;
    use crate::money::Currency;
    use proptest::prelude::*;

    fn answered(code: &[u8], verdict: Verdict, amount_minor: Option<i64>) -> HostOutcome {
        HostOutcome::Answered {
            response_code: ResponseCode::parse(code).unwrap(),
            verdict,
            amount_minor,
            retrieval_reference: None,
            approval_code: None,
        }
    }

    fn approved() -> HostOutcome {
        answered(b"00", Verdict::Approved, Some(1_000))
    }

    fn free() -> Moment {
        Moment {
            standing: Standing::default(),
            retired: false,
            undo_asked: false,
            amount: Money::new(1_000, Currency::CNY).ok(),
        }
    }

    fn said(host: &HostOutcome, moment: &Moment) -> (Decision, String, bool, Option<String>) {
        let outcome = conclude(host, moment);
        (
            outcome.decision,
            outcome.response_code.to_string(),
            outcome.undo_at_host,
            outcome.reason,
        )
    }

    #[test]
    fn each_word_of_the_host_has_its_answer_and_what_is_undone() {
        use Decision::{Approved, Declined};
        use Verdict::{Partial, Unknown};
        for (host, decision, code, undone, reason) in [
            (approved(), Approved, "00", false, None),
            (
                answered(b"A2", Verdict::Approved, None),
                Approved,
                "00",
                false,
                Some("host:A2"),
            ),
            (
                answered(b"11", Verdict::Approved, Some(999)),
                Declined,
                "64",
                true,
                Some("host_approved_otherwise"),
            ),
            (
                answered(b"10", Partial, Some(400)),
                Declined,
                "64",
                true,
                Some("host_approved_a_part"),
            ),
            (
                answered(b"51", Verdict::Declined, None),
                Declined,
                "51",
                false,
                Some("host"),
            ),
            (
                answered(b"68", Unknown, None),
                Declined,
                "68",
                true,
                Some("host_unsure"),
            ),
            (HostOutcome::Silent, Declined, "98", true, Some("host_silent")),
            (
                HostOutcome::NotSent,
                Declined,
                "91",
                false,
                Some("host_unreachable"),
            ),
        ] {
            let expected = (decision, code.to_owned(), undone, reason.map(str::to_owned));
            assert_eq!(said(&host, &free()), expected, "{host:?}");
        }
    }

    #[test]
    fn a_hold_a_retirement_or_a_reversal_meanwhile_takes_the_approval_back() {
        let lost = [hold::Kind::Loss].into_iter().collect();
        for (moment, code, reason) in [
            (
                Moment {
                    standing: lost,
                    ..free()
                },
                "58",
                "held:loss",
            ),
            (
                Moment {
                    retired: true,
                    ..free()
                },
                "97",
                "retired",
            ),
            (
                Moment {
                    undo_asked: true,
                    ..free()
                },
                "98",
                "reversed_by_terminal",
            ),
        ] {
            let expected = (Decision::Declined, code.to_owned(), true, Some(reason.to_owned()));
            assert_eq!(said(&approved(), &moment), expected);
            let refused = answered(b"51", Verdict::Declined, None);
            assert!(!conclude(&refused, &moment).undo_at_host, "{reason}");
        }
    }

    fn host() -> impl Strategy<Value = HostOutcome> {
        use Verdict::{Approved, Declined, Partial, Unknown};
        let verdict = proptest::sample::select(&[Approved, Partial, Declined, Unknown][..]);
        let amount = proptest::option::of(proptest::sample::select(&[999_i64, 1_000][..]));
        prop_oneof![
            Just(HostOutcome::NotSent),
            Just(HostOutcome::Silent),
            ("[0-9A-Z]{2}", verdict, amount).prop_map(|(code, verdict, minor)| answered(
                code.as_bytes(),
                verdict,
                minor
            )),
            Just(approved()),
        ]
    }

    fn standing() -> impl Strategy<Value = Standing> {
        proptest::collection::vec(proptest::sample::select(&hold::Kind::ALL[..]), 0..4)
            .prop_map(|kinds| kinds.into_iter().collect())
    }

    proptest! {
        /// Whatever the host says, a stopped terminal hears nothing of it, and the host never keeps an approval nobody was given.
        #[test]
        fn a_hold_outranks_the_host(host in host(), standing in standing(), retired: bool, undo_asked: bool) {
            let outcome = conclude(&host, &Moment { standing, retired, undo_asked, ..free() });
            let (said_yes, may_have) = match &host {
                HostOutcome::Answered { verdict: Verdict::Approved, amount_minor, .. } => (*amount_minor != Some(999), true),
                HostOutcome::Answered { verdict, .. } => (false, *verdict != Verdict::Declined),
                HostOutcome::Silent => (false, true),
                HostOutcome::NotSent => (false, false),
            };
            let given = outcome.decision == Decision::Approved;
            prop_assert_eq!(given, said_yes && standing.may_transact() && !retired && !undo_asked);
            prop_assert_eq!(outcome.undo_at_host, may_have && !given);
            if given {
                prop_assert_eq!(outcome.response_code, ResponseCode::APPROVED);
            } else if retired {
                prop_assert_eq!(outcome.response_code, ResponseCode::UNKNOWN_TERMINAL);
            } else if !standing.may_transact() {
                prop_assert_eq!(outcome.response_code, ResponseCode::TERMINAL_NOT_PERMITTED);
            }
        }
    }
}
