//! Reversals: accepted once, owed until the host answers, never of what is not known.

use app::transaction::{Admitted, Attempt};
use domain::MaskedPan;
use domain::hold::Kind as HoldKind;
use domain::incident::Happened;
use domain::money::Currency;
use domain::transaction::{Decision, Entry, HostOutcome, Kind};
use store::ledger::BatchTotals;

use crate::fixture::{House, NODE, SEALED, approval, ask, code, fen, host, nobody, purchase, terminal};

fn signed_in() -> House {
    let house = House::open();
    house.sign_in(terminal(1));
    house
}

/// A purchase approved, and its reversal accepted: answers the sequence the reversal is owed for.
fn owe(house: &House, trace: u32) -> i64 {
    let attempt = purchase(terminal(1), trace);
    house.approve(&attempt);
    house.reverse(&attempt);
    house.owed(terminal(1)).pop().unwrap().sequence
}

#[test]
fn a_reversal_is_accepted_once_and_repeated_without_effect() {
    let house = signed_in();
    let id = terminal(1);
    let attempt = purchase(id, 1);
    let given = house.approve(&attempt);
    let original = house.last(id);
    for _ in 0..3 {
        let answer = house.reverse(&attempt);
        assert_eq!(code(&answer), "00");
        assert_eq!(answer.retrieval_reference, given.retrieval_reference);
    }
    assert_eq!(
        house.rows(id).last(),
        Some(&original),
        "the row comes when the host has answered"
    );
    let owed = house.owed(id);
    assert_eq!(owed.len(), 1);
    assert_eq!(
        (owed[0].sequence, owed[0].name),
        (original.sequence, attempt.name)
    );
    assert_eq!(
        (owed[0].reason_code.as_str(), owed[0].cause.as_str()),
        ("98", "terminal")
    );
    assert_eq!(owed[0].reversal_sealed.as_deref(), Some(SEALED));
    house.settle_owed(id, original.sequence, "00");
    assert_eq!(code(&house.reverse(&attempt)), "00");
    assert_eq!(house.owed(id).len(), 0, "what is undone is not owed again");
}

#[test]
fn a_reversal_of_an_unknown_original_refuses_it_should_it_come_late() {
    let house = signed_in();
    let attempt = purchase(terminal(1), 1);
    for _ in 0..2 {
        assert_eq!(
            code(&house.reverse(&attempt)),
            "25",
            "the same question has the same answer"
        );
    }
    assert_eq!(code(&house.refuse(&attempt)), "94");
    assert_eq!(house.pending_count(terminal(1)), 0);
    assert_eq!(house.owed(terminal(1)).len(), 0);
}

#[test]
fn a_reversal_of_a_request_at_the_host_is_released_as_declined_and_undone() {
    let house = signed_in();
    let id = terminal(1);
    for (trace, host, said, owed) in [
        (1, approval(), "98", 1),
        (2, HostOutcome::Silent, "98", 2),
        (3, host("51"), "51", 2),
        (4, HostOutcome::NotSent, "91", 2),
    ] {
        let attempt = purchase(id, trace);
        let sequence = house.forward(&attempt);
        assert_eq!(code(&house.reverse(&attempt)), "00");
        assert_eq!(code(&house.release(id, sequence, host)), said);
        assert_eq!(house.last(id).decision, Some(Decision::Declined));
        assert_eq!(house.owed(id).len(), owed);
        assert_eq!(code(&house.reverse(&attempt)), "00", "again");
        assert_eq!(house.owed(id).len(), owed, "again without effect");
    }
}

#[test]
fn a_reversal_of_another_amount_or_of_what_cannot_be_reversed_is_refused() {
    let house = signed_in();
    let id = terminal(1);
    let sale = purchase(id, 1);
    let refund = ask(Kind::Refund, id, 2);
    house.approve(&sale);
    house.approve(&refund);
    for (attempt, said) in [
        (
            Attempt {
                amount: fen(999),
                ..sale.clone()
            },
            "64",
        ),
        (Attempt { amount: None, ..sale }, "64"),
        (refund, "12"),
    ] {
        assert_eq!(code(&house.reverse(&attempt)), said);
        assert_eq!(house.owed(id).len(), 0);
        assert_eq!(
            house.last(id).batch_trace,
            None,
            "the refused reversal takes no name"
        );
    }
}

#[test]
fn a_reversal_of_a_declined_request_has_nothing_to_undo() {
    let house = signed_in();
    let attempt = purchase(terminal(1), 1);
    let sequence = house.forward(&attempt);
    house.release(terminal(1), sequence, host("51"));
    assert_eq!(code(&house.reverse(&attempt)), "00");
    assert_eq!(house.owed(terminal(1)).len(), 0);
}

#[test]
fn a_reversal_may_come_after_another_sign_in_but_not_lack_a_mac() {
    let house = signed_in();
    let attempt = purchase(terminal(1), 1);
    house.approve(&attempt);
    let forged = Attempt {
        mac_verified: false,
        ..attempt.clone()
    };
    assert_eq!(code(&house.reverse(&forged)), "A0");
    crate::fixture::set_batch(&house, terminal(1), 1);
    assert_eq!(code(&house.reverse(&attempt)), "77");
    house.sign_in(terminal(1));
    assert_eq!(code(&house.reverse(&attempt)), "00");
    assert_eq!(house.owed(terminal(1)).len(), 1);
}

#[test]
fn a_reversal_into_a_batch_whose_totals_are_agreed_waits_for_a_person() {
    let house = signed_in();
    let id = terminal(1);
    let (early, late) = (purchase(id, 1), purchase(id, 2));
    house.approve(&early);
    house.approve(&late);
    house.reverse(&early);
    let claimed = BatchTotals {
        debit_minor: 1_000,
        debit_count: 1,
        credit_minor: 0,
        credit_count: 0,
    };
    let settlement = Attempt {
        mac_verified: false,
        ..ask(Kind::Settlement, id, 9)
    };
    house.write(move |tx| app::settlement::settle(tx, &settlement, Currency::CNY, claimed).map(drop));
    assert_eq!(code(&house.reverse(&late)), "12");
    let row = house.last(id);
    assert_eq!(
        (row.decision, row.reason.as_deref()),
        (Some(Decision::Recorded), Some("batch_settled"))
    );
    assert_eq!(code(&house.reverse(&early)), "00", "accepted before, and again");
    assert_eq!(house.owed(id).len(), 1);
}

#[test]
fn a_reversal_names_the_card_of_what_it_undoes_or_none() {
    let house = signed_in();
    let id = terminal(1);
    let other = MaskedPan::of("6224242900000221".bytes());
    let waiting = purchase(id, 2);
    house.approve(&purchase(id, 1));
    let sequence = house.forward(&waiting);
    for trace in [1, 2] {
        let of_another = Attempt {
            card: other,
            ..purchase(id, trace)
        };
        assert_eq!(code(&house.reverse(&of_another)), "14");
        let of_other_amount = Attempt {
            amount: fen(1),
            ..purchase(id, trace)
        };
        assert_eq!(code(&house.reverse(&of_other_amount)), "64");
    }
    assert_eq!(house.owed(id).len(), 0);
    assert_eq!(
        code(&house.release(id, sequence, approval())),
        "00",
        "nobody may undo it"
    );
    for trace in [1, 2] {
        let bare = Attempt {
            card: None,
            ..purchase(id, trace)
        };
        assert_eq!(code(&house.reverse(&bare)), "00");
    }
    assert_eq!(house.owed(id).len(), 2);
}

#[test]
fn a_refund_at_the_host_is_not_reversed() {
    let house = signed_in();
    let refund = ask(Kind::Refund, terminal(1), 1);
    let sequence = house.forward(&refund);
    assert_eq!(code(&house.reverse(&refund)), "12");
    assert_eq!(code(&house.release(terminal(1), sequence, approval())), "00");
}

#[test]
fn a_reversal_from_a_held_terminal_is_recorded() {
    let house = signed_in();
    let id = terminal(1);
    let attempt = purchase(id, 1);
    house.approve(&attempt);
    let incident = house.lose(id);
    let answer = house.reverse(&attempt);
    assert_eq!((code(&answer).as_str(), answer.reversal_owed), ("58", false));
    let row = house.last(id);
    assert_eq!(
        (row.decision, row.entry),
        (Some(Decision::Recorded), Entry::Request(Kind::Reversal))
    );
    assert_eq!(house.owed(id).len(), 0);
    assert!(
        house
            .timeline(&incident.incident_id)
            .contains(&Happened::AttemptRecorded)
    );
}

#[test]
fn an_unknown_terminal_owes_nothing() {
    let house = House::open();
    let attempt = ask(Kind::Reversal, nobody(), 1);
    let admitted = house.write(move |tx| app::reversal::accept(tx, &attempt, "98"));
    assert_eq!(admitted, Admitted::UnknownTerminal);
    assert!(house.rows(nobody()).is_empty());
}

#[test]
fn the_hosts_answer_decides_what_is_written() {
    let house = signed_in();
    let id = terminal(1);
    for (trace, answer, decision, reason) in [
        (1, "00", Decision::Reversed, None),
        (2, "25", Decision::Reversed, None),
        (3, "05", Decision::Recorded, Some("reversal_refused_by_host")),
        (4, "96", Decision::Recorded, Some("reversal_refused_by_host")),
    ] {
        let sequence = owe(&house, trace);
        assert_eq!(
            house.settle_owed(id, sequence, answer),
            None,
            "no incident has news"
        );
        let row = house.last(id);
        assert_eq!((row.decision, row.reason.as_deref()), (Some(decision), reason));
        assert_eq!(
            (row.of_sequence, row.batch_trace),
            (Some(sequence), Some(purchase(id, trace).name))
        );
        assert_eq!(row.entry, Entry::Request(Kind::Purchase));
        assert_eq!(row.amount, fen(1_000));
        assert_eq!(house.owed(id).len(), 0);
        let rows = house.rows(id).len();
        house.settle_owed(id, sequence, "00");
        assert_eq!(house.rows(id).len(), rows, "a second answer changes nothing");
    }
}

#[test]
fn what_the_host_refused_to_undo_waits_for_a_person_however_often_the_terminal_asks() {
    let house = signed_in();
    let sequence = owe(&house, 1);
    house.settle_owed(terminal(1), sequence, "05");
    assert_eq!(code(&house.reverse(&purchase(terminal(1), 1))), "00");
    assert_eq!(house.owed(terminal(1)).len(), 0);
}

#[test]
fn undoing_what_was_never_given_says_so() {
    let house = signed_in();
    let id = terminal(1);
    let sequence = house.forward(&purchase(id, 1));
    let incident = house.lose(id);
    house.release(id, sequence, approval());
    let owed = house.owed(id).pop().unwrap();
    assert_eq!(
        house.settle_owed(id, owed.sequence, "00"),
        Some(incident.incident_id.clone())
    );
    let row = house.last(id);
    assert_eq!(
        (row.decision, row.reason.as_deref()),
        (Some(Decision::Reversed), Some("never_given"))
    );
    assert_eq!(
        house.timeline(&incident.incident_id).last(),
        Some(&Happened::HostReversal)
    );
}

#[test]
fn an_intent_nobody_knows_of_is_taken_back_and_owes_a_reversal() {
    let house = signed_in();
    let attempt = purchase(terminal(1), 1);
    house.forward(&attempt);
    for _ in 0..2 {
        let name = attempt.name;
        house.write(move |tx| app::transaction::abandon(tx, terminal(1), name, NODE));
    }
    assert_eq!(
        (house.pending_count(terminal(1)), house.owed(terminal(1)).len()),
        (0, 1)
    );
}

#[test]
fn a_reversal_of_a_loss_closed_meanwhile_has_no_news_for_it() {
    let house = signed_in();
    let sequence = owe(&house, 1);
    let incident = house.lose(terminal(1));
    house.find_again(&incident.incident_id);
    assert_eq!(house.settle_owed(terminal(1), sequence, "00"), None);
    assert!(!house.standing(terminal(1)).has(HoldKind::Loss));
}
