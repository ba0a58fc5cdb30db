//! The table, row by row, and a walk of random sequences against a model that knows nothing of it.

use proptest::prelude::*;

use super::*;
use crate::money::Currency;

fn yuan(minor: i64) -> Money {
    Money::new(minor, Currency::CNY).unwrap()
}

fn original(kind: Kind) -> Original {
    Original::fresh(kind, yuan(1_000), true)
}

fn ask(kind: Kind, minor: i64) -> FollowUp {
    FollowUp {
        kind,
        amount: Some(yuan(minor)),
        is_same_card: true,
    }
}

fn said(original: &Original, asked: &FollowUp) -> String {
    match judge(original, asked) {
        Ok(()) => "00".into(),
        Err(refusal) => refusal.response_code().to_string(),
    }
}

#[test]
fn each_kind_follows_the_kinds_of_the_table_and_no_other() {
    use Kind::*;
    let goes = [
        (Void, vec![Purchase]),
        (Refund, vec![Purchase, Completion, CompletionNotice]),
        (PreAuthorisationVoid, vec![PreAuthorisation]),
        (Completion, vec![PreAuthorisation]),
        (CompletionNotice, vec![PreAuthorisation]),
        (CompletionVoid, vec![Completion, CompletionNotice]),
        (
            Reversal,
            vec![
                Purchase,
                Void,
                PreAuthorisation,
                PreAuthorisationVoid,
                Completion,
                CompletionVoid,
            ],
        ),
    ];
    for kind in Kind::ALL {
        let of = goes.iter().find(|(follow_up, _)| *follow_up == kind);
        assert_eq!(kind.is_follow_up(), of.is_some() && kind != Reversal, "{kind:?}");
        for first in Kind::ALL {
            let may = of.is_some_and(|(_, of)| of.contains(&first));
            let code = if may { "00" } else { "12" };
            assert_eq!(
                said(&original(first), &ask(kind, 1_000)),
                code,
                "{kind:?} of {first:?}"
            );
        }
    }
}

#[test]
fn only_refunds_and_the_pre_authorisation_family_may_act_elsewhere() {
    use Kind::*;
    for kind in Kind::ALL {
        let may = matches!(
            kind,
            Refund | PreAuthorisationVoid | Completion | CompletionNotice
        );
        assert_eq!(kind.may_act_elsewhere(), may, "{kind:?}");
        let settled = Original {
            is_in_open_batch: false,
            ..original(match kind {
                PreAuthorisationVoid | Completion | CompletionNotice => PreAuthorisation,
                CompletionVoid => Completion,
                _ => Purchase,
            })
        };
        if kind.is_follow_up() || kind == Reversal {
            let code = if may { "00" } else { "12" };
            assert_eq!(said(&settled, &ask(kind, 1_000)), code, "{kind:?}");
        }
    }
}

#[test]
fn the_card_must_be_the_original_s_and_the_amount_as_the_table_says() {
    use Kind::*;
    let other_card = FollowUp {
        is_same_card: false,
        ..ask(Void, 1_000)
    };
    assert_eq!(said(&original(Purchase), &other_card), "14");
    for (kind, of, minor, code) in [
        (Void, Purchase, 999, "64"),
        (Reversal, Purchase, 1_001, "64"),
        (PreAuthorisationVoid, PreAuthorisation, 999, "64"),
        (CompletionVoid, Completion, 999, "64"),
        (Refund, Purchase, 1_001, "61"),
        (Refund, Purchase, 1, "00"),
        (Completion, PreAuthorisation, 1_150, "00"),
        (Completion, PreAuthorisation, 1_151, "61"),
        (CompletionNotice, PreAuthorisation, 1_151, "61"),
    ] {
        assert_eq!(
            said(&original(of), &ask(kind, minor)),
            code,
            "{kind:?} of {minor}"
        );
    }
    let dollars = FollowUp {
        amount: Money::new(1_000, Currency(840)).ok(),
        ..ask(Refund, 0)
    };
    assert_eq!(said(&original(Purchase), &dollars), "64");
    let nothing = FollowUp {
        amount: None,
        ..dollars
    };
    assert_eq!(said(&original(Purchase), &nothing), "64");
}

#[test]
fn what_no_longer_stands_is_not_followed_and_a_reversal_says_so_in_its_own_way() {
    use Kind::*;
    for (of, first, then, code) in [
        (Purchase, Void, Void, "12"),
        (Purchase, Void, Refund, "12"),
        (Purchase, Void, Reversal, "22"),
        (Purchase, Refund, Void, "12"),
        (Purchase, Refund, Reversal, "22"),
        (PreAuthorisation, Completion, Completion, "12"),
        (PreAuthorisation, Completion, PreAuthorisationVoid, "12"),
        (PreAuthorisation, Completion, Reversal, "22"),
        (PreAuthorisation, PreAuthorisationVoid, CompletionNotice, "12"),
        (Completion, CompletionVoid, Refund, "12"),
        (Completion, CompletionVoid, Reversal, "22"),
        (Void, Reversal, Reversal, "22"),
    ] {
        let mut original = original(of);
        original.follow(first, 1_000);
        assert_eq!(
            said(&original, &ask(then, 1_000)),
            code,
            "{then:?} after {first:?}"
        );
        original.unfollow(first, 1_000);
        if first != Reversal {
            assert_eq!(
                said(&original, &ask(then, 1_000)),
                "00",
                "{then:?} once {first:?} is undone"
            );
        }
    }
}

#[test]
fn the_fields_that_a_kind_must_state_are_compared_and_the_other_one_if_it_is_there() {
    let had = Marks {
        retrieval_reference: Some("000000001234"),
        approval_code: Some("654321"),
    };
    let stated = |retrieval_reference, approval_code| Marks {
        retrieval_reference,
        approval_code,
    };
    let (reference, code) = (Some("000000001234"), Some("654321"));
    for (kind, marks, mean) in [
        (Kind::Void, stated(reference, None), true),
        (Kind::Void, stated(None, code), false),
        (Kind::Void, stated(Some("000000009999"), code), false),
        (Kind::Void, stated(reference, Some("000000")), false),
        (Kind::Refund, stated(reference, code), true),
        (Kind::Completion, stated(None, code), true),
        (Kind::Completion, stated(reference, None), false),
        (Kind::CompletionVoid, stated(reference, None), false),
        (Kind::CompletionVoid, stated(reference, code), true),
    ] {
        assert_eq!(marks.mean(kind, &had), mean, "{kind:?} {marks:?}");
    }
    assert!(stated(None, None).mean(Kind::Void, &stated(None, None)));
}

/// What the walk has approved: the kind, its amount, whom it acted on, and whether it was reversed. The model counts money
/// from this list alone.
struct Approval {
    kind: Kind,
    minor: i64,
    of: Option<usize>,
    reversed: bool,
    original: Original,
}

/// Money taken from the cardholder less money given back, by the approvals that were not reversed.
fn taken(approvals: &[Approval]) -> i64 {
    let of = |approval: &Approval| match approval.kind {
        Kind::Purchase | Kind::Completion | Kind::CompletionNotice => approval.minor,
        Kind::Void | Kind::Refund | Kind::CompletionVoid => -approval.minor,
        _ => 0,
    };
    approvals.iter().filter(|one| !one.reversed).map(of).sum()
}

/// How often each approval was undone whole: by a reversal, or by voids and completions that stand.
fn undone(approvals: &[Approval], nth: usize) -> usize {
    let ends = |one: &&Approval| one.of == Some(nth) && !one.reversed && one.kind != Kind::Refund;
    usize::from(approvals[nth].reversed) + approvals.iter().filter(ends).count()
}

proptest! {
    /// Random requests about random originals: the cardholder never has more than in the beginning, and nothing is undone twice.
    #[test]
    fn no_sequence_gives_back_more_than_was_taken(
        steps in proptest::collection::vec((proptest::sample::select(&Kind::ALL[..10]), 0_usize..12, 1_i64..4, 0..10), 0..60)
    ) {
        let mut approvals: Vec<Approval> = Vec::new();
        for (kind, nth, part, whole) in steps {
            if matches!(kind, Kind::Purchase | Kind::PreAuthorisation) {
                let minor = part * 400;
                approvals.push(Approval { kind, minor, of: None, reversed: false, original: Original::fresh(kind, yuan(minor), true) });
                continue;
            }
            let Some(first) = approvals.get(nth) else { continue };
            // Mostly amounts that have a chance.
            let minor = if whole < 7 { first.minor } else { first.minor * part / 3 };
            if judge(&first.original, &ask(kind, minor)).is_err() {
                continue;
            }
            if kind == Kind::Reversal {
                let (of, kind) = (first.of, first.kind);
                approvals[nth].reversed = true;
                approvals[nth].original.follow(Kind::Reversal, minor);
                if let Some(of) = of {
                    approvals[of].original.unfollow(kind, minor);
                }
            } else {
                approvals[nth].original.follow(kind, minor);
                approvals.push(Approval { kind, minor, of: Some(nth), reversed: false, original: Original::fresh(kind, yuan(minor), true) });
            }
            prop_assert!(taken(&approvals) >= 0);
            for nth in 0..approvals.len() {
                prop_assert!(undone(&approvals, nth) <= 1, "{kind:?} undid {nth} twice");
                // Whatever is taken of one purchase or completion, it is not given back twice.
                let back: i64 = approvals.iter().filter(|one| one.of == Some(nth) && !one.reversed)
                    .map(|one| match one.kind { Kind::Void | Kind::Refund | Kind::CompletionVoid => one.minor, _ => 0 }).sum();
                let whole = if approvals[nth].reversed { 0 } else { approvals[nth].minor };
                prop_assert!(back <= whole);
            }
        }
    }
}
