//! What may follow what, with the ledger behind it.

use app::transaction::{Admitted, Attempt};
use domain::MaskedPan;
use domain::money::Currency;
use domain::transaction::{BatchTrace, Decision, Entry, HostOutcome, Kind, Side};
use proptest::prelude::*;

use crate::fixture::{House, after, approval, ask, code, fen, host, purchase, set_batch, terminal};

fn signed_in() -> House {
    let house = House::open();
    house.sign_in(terminal(1));
    house
}

fn pre_authorisation(trace: u32) -> Attempt {
    ask(Kind::PreAuthorisation, terminal(1), trace)
}

/// The batch of the terminal is closed and the next one opened.
fn next_batch(house: &House) {
    set_batch(house, terminal(1), 2);
    house.sign_in(terminal(1));
}

fn in_batch_2(attempt: Attempt) -> Attempt {
    let name = BatchTrace {
        batch: 2,
        ..attempt.name
    };
    Attempt { name, ..attempt }
}

#[test]
fn what_was_refunded_voided_or_completed_is_not_reversed() {
    let house = signed_in();
    for (trace, first, then, minor) in [
        (10, purchase(terminal(1), 10), Kind::Refund, 400),
        (20, purchase(terminal(1), 20), Kind::Void, 1_000),
        (30, pre_authorisation(30), Kind::Completion, 1_000),
        (40, pre_authorisation(40), Kind::PreAuthorisationVoid, 1_000),
    ] {
        house.approve(&first);
        house.approve(&after(then, trace + 1, &first, minor));
        assert_eq!(code(&house.reverse(&first)), "22", "{then:?}");
        assert_eq!(
            house.last(terminal(1)).reason.as_deref(),
            Some("followed_already")
        );
    }
    assert_eq!(house.owed(terminal(1)).len(), 0);
}

#[test]
fn a_void_that_is_reversed_lets_its_purchase_stand_again_and_only_then() {
    let house = signed_in();
    let id = terminal(1);
    let sale = purchase(id, 1);
    let void = after(Kind::Void, 2, &sale, 1_000);
    house.approve(&sale);
    house.approve(&void);
    let again = after(Kind::Void, 3, &sale, 1_000);
    assert_eq!(code(&house.refuse(&again)), "12", "voided once");
    assert_eq!(
        code(&house.refuse(&void)),
        "00",
        "the first one hears its answer again"
    );
    assert_eq!(code(&house.reverse(&void)), "00");
    assert_eq!(code(&house.refuse(&again)), "96", "the host has not answered yet");
    assert_eq!(code(&house.reverse(&sale)), "96");
    let owed = house.owed(id).pop().unwrap();
    house.settle_owed(id, owed.sequence, "00");
    assert_eq!(code(&house.reverse(&sale)), "00");
    assert_eq!(code(&house.refuse(&again)), "12", "it is about to be undone");
}

#[test]
fn a_void_the_host_refused_to_reverse_still_counts() {
    let house = signed_in();
    let id = terminal(1);
    let sale = purchase(id, 1);
    let void = after(Kind::Void, 2, &sale, 1_000);
    house.approve(&sale);
    house.approve(&void);
    house.reverse(&void);
    let owed = house.owed(id).pop().unwrap();
    house.settle_owed(id, owed.sequence, "05");
    assert_eq!(code(&house.refuse(&after(Kind::Refund, 3, &sale, 1))), "12");
}

#[test]
fn refunds_add_up_to_their_purchase_and_no_further() {
    let house = signed_in();
    let sale = purchase(terminal(1), 1);
    house.approve(&sale);
    house.approve(&after(Kind::Refund, 2, &sale, 600));
    assert_eq!(code(&house.refuse(&after(Kind::Refund, 3, &sale, 401))), "61");
    assert_eq!(code(&house.refuse(&after(Kind::Void, 4, &sale, 1_000))), "12");
    next_batch(&house);
    house.approve(&in_batch_2(after(Kind::Refund, 2, &sale, 400)));
    assert_eq!(
        code(&house.refuse(&in_batch_2(after(Kind::Refund, 3, &sale, 1)))),
        "61"
    );
}

#[test]
fn a_refund_that_may_have_been_done_counts_and_one_at_the_host_is_waited_for() {
    let house = signed_in();
    let id = terminal(1);
    let sale = purchase(id, 1);
    house.approve(&sale);
    let first = house.forward(&after(Kind::Refund, 2, &sale, 700));
    assert_eq!(code(&house.refuse(&after(Kind::Refund, 3, &sale, 300))), "96");
    assert_eq!(code(&house.reverse(&sale)), "96");
    house.release(id, first, HostOutcome::Silent);
    assert_eq!(code(&house.refuse(&after(Kind::Refund, 4, &sale, 301))), "61");
    assert_eq!(code(&house.reverse(&sale)), "22");
    let declined = house.forward(&after(Kind::Refund, 5, &sale, 300));
    house.release(id, declined, host("51"));
    house.approve(&after(Kind::Refund, 6, &sale, 300));
}

#[test]
fn a_pre_authorisation_is_completed_once_up_to_115_percent_or_voided() {
    let house = signed_in();
    let held = pre_authorisation(1);
    house.approve(&held);
    assert_eq!(
        code(&house.refuse(&after(Kind::Completion, 2, &held, 1_151))),
        "61"
    );
    next_batch(&house);
    let completion = in_batch_2(after(Kind::Completion, 3, &held, 1_150));
    house.approve(&completion);
    for kind in [
        Kind::Completion,
        Kind::CompletionNotice,
        Kind::PreAuthorisationVoid,
    ] {
        assert_eq!(
            code(&house.refuse(&in_batch_2(after(kind, 4, &held, 1_000)))),
            "12",
            "{kind:?}"
        );
    }
    let void = after(Kind::CompletionVoid, 5, &completion, 1_150);
    house.approve(&void);
    assert_eq!(code(&house.reverse(&completion)), "22");
    house.reverse(&void);
    let owed = house.owed(terminal(1)).pop().unwrap();
    house.settle_owed(terminal(1), owed.sequence, "00");
    assert_eq!(
        code(&house.refuse(&in_batch_2(after(Kind::Completion, 6, &held, 1_000)))),
        "12",
        "the completion stands again"
    );
    assert_eq!(code(&house.reverse(&completion)), "00");
}

#[test]
fn a_void_is_of_the_open_batch_and_states_the_original_s_reference_card_and_amount() {
    let house = signed_in();
    let sale = purchase(terminal(1), 1);
    house.approve(&sale);
    let void = after(Kind::Void, 2, &sale, 1_000);
    let wrong_reference = Attempt {
        retrieval_reference: Some("000000009999".into()),
        ..void.clone()
    };
    let none = Attempt {
        retrieval_reference: None,
        ..void.clone()
    };
    let other_card = Attempt {
        card: MaskedPan::of("6224242900000221".bytes()),
        ..void.clone()
    };
    let part = Attempt {
        amount: fen(999),
        ..void.clone()
    };
    let unknown = after(Kind::Void, 7, &purchase(terminal(1), 77), 1_000);
    let nameless = Attempt {
        original: None,
        ..after(Kind::Refund, 8, &sale, 1)
    };
    for (trace, attempt, said) in [
        (3, wrong_reference, "25"),
        (4, none, "25"),
        (5, other_card, "14"),
        (6, part, "64"),
        (7, unknown, "25"),
        (8, nameless, "25"),
    ] {
        let name = BatchTrace { trace, ..void.name };
        assert_eq!(code(&house.refuse(&Attempt { name, ..attempt })), said, "{trace}");
    }
    next_batch(&house);
    assert_eq!(code(&house.refuse(&in_batch_2(void))), "12", "settled");
    house.approve(&in_batch_2(after(Kind::Refund, 3, &sale, 1_000)));
}

#[test]
fn an_original_this_ledger_does_not_know_is_the_host_s_to_judge_where_that_may_be() {
    let house = signed_in();
    for (trace, kind) in (1..).zip([
        Kind::Refund,
        Kind::PreAuthorisationVoid,
        Kind::Completion,
        Kind::CompletionNotice,
    ]) {
        house.approve(&ask(kind, terminal(1), trace));
        assert_eq!(house.last(terminal(1)).of_sequence, None);
    }
    for (trace, kind) in [(20, Kind::Void), (21, Kind::CompletionVoid)] {
        let elsewhere = after(kind, trace, &purchase(terminal(1), 88), 1_000);
        assert_eq!(code(&house.refuse(&elsewhere)), "25");
    }
}

#[test]
fn an_original_of_the_open_batch_is_found_by_its_reference_under_whatever_name() {
    let house = signed_in();
    let sale = purchase(terminal(1), 1);
    house.approve(&sale);
    let sequence = house.last(terminal(1)).sequence;
    let misnamed = Attempt {
        original: Some(BatchTrace { batch: 0, trace: 0 }),
        ..after(Kind::Refund, 2, &sale, 1_000)
    };
    house.approve(&misnamed);
    assert_eq!(house.last(terminal(1)).of_sequence, Some(sequence));
    assert_eq!(code(&house.reverse(&sale)), "22");
}

#[test]
fn what_was_never_approved_has_nothing_to_give_back() {
    let house = signed_in();
    let id = terminal(1);
    for (trace, word, stated) in [
        (10, host("51"), "000000001234"),
        (20, HostOutcome::Silent, "000000005678"),
    ] {
        let sale = purchase(id, trace);
        let sequence = house.forward(&sale);
        let refund = Attempt {
            retrieval_reference: Some(stated.into()),
            ..after(Kind::Refund, trace + 1, &sale, 1_000)
        };
        assert_eq!(code(&house.refuse(&refund)), "96", "not decided yet");
        house.release(id, sequence, word);
        assert_eq!(code(&house.refuse(&refund)), "25");
    }
}

#[test]
fn the_same_name_for_another_original_is_a_duplicate() {
    let house = signed_in();
    let (one, other) = (purchase(terminal(1), 1), purchase(terminal(1), 2));
    house.approve(&one);
    house.approve(&other);
    house.approve(&after(Kind::Refund, 3, &one, 5));
    assert_eq!(code(&house.refuse(&after(Kind::Refund, 3, &one, 5))), "00");
    assert_eq!(code(&house.refuse(&after(Kind::Refund, 3, &other, 5))), "94");
}

/// One thing a terminal does in the walk.
#[derive(Clone, Debug)]
enum Step {
    /// A new purchase or pre-authorisation.
    First(bool),
    /// Something about the nth earlier request, of the whole amount or so many thirds.
    Follow(Kind, usize, Option<i64>),
    /// A reversal of the nth.
    Reverse(usize),
    /// The host answers the oldest reversal it owes, mostly with yes.
    Answer(bool),
}

/// What the host makes of a request.
#[derive(Clone, Copy, Debug)]
enum Word {
    Yes,
    No,
    /// It does it, and its answer is lost.
    Lost,
}

fn steps() -> impl Strategy<Value = Vec<(Step, Word)>> {
    let kinds = [
        Kind::Void,
        Kind::Refund,
        Kind::PreAuthorisationVoid,
        Kind::Completion,
        Kind::CompletionNotice,
        Kind::CompletionVoid,
    ];
    let follow = (
        proptest::sample::select(kinds.to_vec()),
        0_usize..10,
        proptest::option::weighted(0.3, 1_i64..4),
    );
    let step = prop_oneof![
        2 => any::<bool>().prop_map(Step::First),
        5 => follow.prop_map(|(kind, nth, part)| Step::Follow(kind, nth, part)),
        3 => (0_usize..10).prop_map(Step::Reverse),
        2 => proptest::bool::weighted(0.8).prop_map(Step::Answer),
    ];
    let word = prop_oneof![6 => Just(Word::Yes), 1 => Just(Word::No), 2 => Just(Word::Lost)];
    proptest::collection::vec((step, word), 1..40)
}

/// What a host that checks nothing has done: whatever it is asked.
#[derive(Clone, Debug)]
struct Done {
    attempt: Attempt,
    of: Option<usize>,
    reversed: bool,
}

/// The cardholder's money at that host: taken less given back.
fn taken(done: &[Done]) -> i64 {
    let minor = |one: &Done| {
        let minor = one.attempt.amount.unwrap().minor;
        match one.attempt.kind.side() {
            Some(Side::Debit) => minor,
            Some(Side::Credit) => -minor,
            None => 0,
        }
    };
    done.iter().filter(|one| !one.reversed).map(minor).sum()
}

#[test]
fn a_host_that_checks_nothing_never_gives_back_more_than_it_took() {
    let house = House::open();
    let config = ProptestConfig {
        cases: 96,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in steps())| {
        let id = house.more_terminals(1)[0];
        let mut asked: Vec<Attempt> = Vec::new();
        let mut done: Vec<Done> = Vec::new();
        for ((step, word), trace) in steps.into_iter().zip(1..) {
            let attempt = match step {
                Step::First(is_purchase) if is_purchase => purchase(id, trace),
                Step::First(_) => ask(Kind::PreAuthorisation, id, trace),
                Step::Follow(kind, nth, part) => {
                    let Some(first) = asked.get(nth) else { continue };
                    let whole = first.amount.unwrap().minor;
                    after(kind, trace, first, part.map_or(whole, |part| whole * part / 3))
                }
                Step::Reverse(nth) => {
                    if let Some(first) = asked.get(nth) {
                        house.reverse(first);
                    }
                    continue;
                }
                Step::Answer(yes) => {
                    let Some(owed) = house.owed(id).into_iter().next() else { continue };
                    if yes && let Some(one) = done.iter_mut().find(|one| one.attempt.name == owed.name) {
                        prop_assert!(!one.reversed, "undone twice");
                        one.reversed = true;
                    }
                    house.settle_owed(id, owed.sequence, if yes { "00" } else { "05" });
                    continue;
                }
            };
            let Admitted::Forward { sequence } = house.authorise(&attempt) else { continue };
            asked.push(attempt.clone());
            let host = match word {
                Word::Yes => approval(),
                Word::No => host("51"),
                Word::Lost => HostOutcome::Silent,
            };
            house.release(id, sequence, host);
            if !matches!(word, Word::No) {
                let of = attempt.original.and_then(|name| done.iter().position(|one| one.attempt.name == name));
                done.push(Done { attempt, of, reversed: false });
            }
            check(&house, id, &done)?;
        }
        check(&house, id, &done)?;
    });
}

fn check(house: &House, id: domain::TerminalId, done: &[Done]) -> Result<(), TestCaseError> {
    prop_assert!(taken(done) >= 0, "{done:#?}");
    for (nth, first) in done.iter().enumerate() {
        let about = || done.iter().filter(|one| one.of == Some(nth) && !one.reversed);
        let back: i64 = about()
            .filter(|one| one.attempt.kind.side() == Some(Side::Credit))
            .map(|one| one.attempt.amount.unwrap().minor)
            .sum();
        let whole = first.attempt.amount.unwrap().minor;
        prop_assert!(
            back <= if first.reversed { 0 } else { whole },
            "{first:?}\n{done:#?}"
        );
        let ends = about().filter(|one| one.attempt.kind != Kind::Refund).count();
        prop_assert!(ends + usize::from(first.reversed) <= 1, "{first:?}\n{done:#?}");
    }
    // What the ledger calls approved and will stay so, the host has done; and both count the same.
    let owed: Vec<i64> = house.owed(id).iter().map(|owed| owed.sequence).collect();
    let rows = house.rows(id);
    let given = rows.iter().filter(|row| {
        row.decision == Some(Decision::Approved)
            && row.batch_trace.is_some()
            && !owed.contains(&row.sequence)
            && !rows.iter().any(|other| {
                other.of_sequence == Some(row.sequence) && other.decision == Some(Decision::Reversed)
            })
    });
    let (mut debit, mut credit) = (0, 0);
    for row in given {
        let at_host = done.iter().find(|one| Some(one.attempt.name) == row.batch_trace);
        prop_assert!(at_host.is_some_and(|one| !one.reversed), "{row:?}");
        let Entry::Request(kind) = row.entry else { continue };
        match kind.side() {
            Some(Side::Debit) => debit += row.amount.unwrap().minor,
            Some(Side::Credit) => credit += row.amount.unwrap().minor,
            None => {}
        }
    }
    let totals = house.read(|tx| store::ledger::batch_totals(tx, id, 1));
    let totals = totals.get(&Currency::CNY).copied().unwrap_or_default();
    prop_assert_eq!((totals.debit_minor, totals.credit_minor), (debit, credit));
    Ok(())
}
