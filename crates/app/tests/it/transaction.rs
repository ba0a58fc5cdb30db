//! The one door: what is refused before the host, what becomes of the host's answer, and what a repetition hears.

use app::transaction::{Admitted, Attempt};
use domain::Money;
use domain::hold::{Authority, Kind as HoldKind};
use domain::money::Currency;
use domain::transaction::{BatchTrace, Decision, HostOutcome, Kind, Refusal};

use crate::fixture::{
    House, NODE, SEALED, answered, approval, ask, code, fen, host, nobody, owner, purchase, terminal, theirs,
};

fn signed_in() -> House {
    let house = House::open();
    house.sign_in(terminal(1));
    house
}

#[test]
fn an_unknown_terminal_leaves_nothing_behind() {
    let house = House::open();
    assert_eq!(house.authorise(&purchase(nobody(), 1)), Admitted::UnknownTerminal);
    assert!(house.rows(nobody()).is_empty());
}

#[test]
fn each_refusal_has_its_answer_its_reason_and_no_name() {
    let house = signed_in();
    house.sign_in(terminal(2));
    house.sign_out(terminal(2));
    let proper = purchase(terminal(1), 1);
    let other_merchant = Attempt {
        merchant_id: theirs(),
        ..proper.clone()
    };
    let bad_mac = Attempt {
        mac_verified: false,
        ..proper.clone()
    };
    let other_batch = Attempt {
        name: BatchTrace { batch: 2, trace: 1 },
        ..proper
    };
    for (attempt, said, reason) in [
        (purchase(terminal(5), 1), "97", "retired"),
        (other_merchant, "03", "other_merchant"),
        (bad_mac, "A0", "bad_mac"),
        (purchase(terminal(3), 1), "77", "not_signed_in"),
        (purchase(terminal(2), 1), "77", "not_signed_in"),
        (other_batch, "77", "other_batch"),
    ] {
        let id = attempt.terminal_id;
        assert_eq!(code(&house.refuse(&attempt)), said, "{reason}");
        let row = house.last(id);
        assert_eq!(row.decision, Some(Decision::Declined), "{reason}");
        assert_eq!(row.reason.as_deref(), Some(reason));
        assert_eq!(
            (row.batch_trace, row.peer),
            (None, Some(attempt.peer)),
            "{reason}"
        );
        assert_eq!(
            (house.pending_count(id), house.owed(id).len()),
            (0, 0),
            "{reason}"
        );
    }
}

#[test]
fn a_held_terminal_hears_58_whatever_else_is_wrong() {
    let house = signed_in();
    for kind in HoldKind::ALL {
        house.place(terminal(1), kind, None);
        house.place(terminal(2), kind, None);
        let proper = purchase(terminal(1), 1);
        for attempt in [
            Attempt {
                mac_verified: false,
                ..proper.clone()
            },
            Attempt {
                merchant_id: theirs(),
                ..proper.clone()
            },
            Attempt {
                name: BatchTrace { batch: 2, trace: 1 },
                ..proper.clone()
            },
            purchase(terminal(2), 1),
            proper,
        ] {
            assert_eq!(code(&house.refuse(&attempt)), "58", "{kind:?}");
        }
        assert_eq!(house.pending_count(terminal(1)), 0);
    }
}

#[test]
fn what_turns_money_back_is_recorded_from_a_held_terminal() {
    let house = signed_in();
    house.place(terminal(1), HoldKind::Fault, None);
    for (trace, kind) in (1..).zip([
        Kind::Refund,
        Kind::Void,
        Kind::CompletionVoid,
        Kind::PreAuthorisationVoid,
    ]) {
        assert_eq!(code(&house.refuse(&ask(kind, terminal(1), trace))), "58");
        assert_eq!(
            house.last(terminal(1)).decision,
            Some(Decision::Recorded),
            "{kind:?}"
        );
    }
    house.refuse(&purchase(terminal(1), 9));
    assert_eq!(house.last(terminal(1)).decision, Some(Decision::Declined));
}

#[test]
fn the_hosts_word_becomes_the_answer_and_what_is_owed() {
    let house = signed_in();
    let id = terminal(1);
    for (trace, host, said, decision, reason, owed) in [
        (1, approval(), "00", Decision::Approved, None, None),
        (2, host("51"), "51", Decision::Declined, Some("host"), None),
        (
            3,
            HostOutcome::NotSent,
            "91",
            Decision::Declined,
            Some("host_unreachable"),
            None,
        ),
        (
            4,
            HostOutcome::Silent,
            "98",
            Decision::Declined,
            Some("host_silent"),
            Some("98"),
        ),
    ] {
        let attempt = purchase(id, trace);
        let sequence = house.forward(&attempt);
        assert_eq!(house.pending_count(id), 1);
        let answer = house.release(id, sequence, host);
        let row = house.last(id);
        assert_eq!((code(&answer).as_str(), row.decision), (said, Some(decision)));
        assert_eq!(
            (row.reason.as_deref(), row.batch_trace),
            (reason, Some(attempt.name))
        );
        assert_eq!(answer.approval_code.is_some(), decision == Decision::Approved);
        assert_eq!(answer.reversal_owed, owed.is_some());
        let found: Vec<_> = house.owed(id).into_iter().map(|owed| owed.reason_code).collect();
        assert_eq!(found, Vec::from_iter(owed));
        assert_eq!(house.pending_count(id), 0);
    }
}

#[test]
fn an_intent_is_decided_once() {
    let house = signed_in();
    let sequence = house.forward(&purchase(terminal(1), 1));
    house.release(terminal(1), sequence, approval());
    let again =
        house.write(move |tx| app::transaction::release(tx, terminal(1), sequence, &approval(), None));
    assert_eq!(again, None);
    assert_eq!(house.owed(terminal(1)).len(), 0);
}

#[test]
fn a_hold_between_the_checks_declines_and_undoes_with_the_sealed_material() {
    let house = House::open();
    for kind in HoldKind::ALL {
        let id = house.more_terminals(1)[0];
        let attempt = purchase(id, 1);
        let sequence = house.forward(&attempt);
        house.place(id, kind, None);
        let answer = house.release(id, sequence, approval());
        assert_eq!(
            (code(&answer).as_str(), answer.approval_code),
            ("58", None),
            "{kind:?}"
        );
        let row = house.last(id);
        let reason = format!("held:{}", kind.code());
        assert_eq!(
            (row.decision, row.reason),
            (Some(Decision::Declined), Some(reason.clone()))
        );
        let owed = house.owed(id).pop().unwrap();
        assert_eq!(
            (owed.sequence, owed.name, owed.kind),
            (row.sequence, attempt.name, Kind::Purchase)
        );
        assert_eq!((owed.amount, owed.card), (attempt.amount, attempt.card));
        assert_eq!((owed.reason_code.as_str(), owed.cause), ("06", reason));
        assert_eq!(owed.reversal_sealed.as_deref(), Some(SEALED));
    }
}

#[test]
fn a_terminal_retired_between_the_checks_gets_nothing_and_the_host_is_told() {
    let house = signed_in();
    let id = terminal(1);
    let waiting = [
        (house.forward(&purchase(id, 1)), approval(), 1),
        (house.forward(&purchase(id, 2)), host("51"), 1),
        (house.forward(&purchase(id, 3)), HostOutcome::Silent, 2),
    ];
    let refund = house.forward(&ask(Kind::Refund, id, 4));
    house.retire(id);
    for (sequence, host, owed) in waiting {
        let answer = house.release(id, sequence, host);
        assert_eq!((code(&answer).as_str(), answer.approval_code), ("97", None));
        let row = house.last(id);
        assert_eq!(
            (row.decision, row.reason.as_deref()),
            (Some(Decision::Declined), Some("retired"))
        );
        assert_eq!(house.owed(id).len(), owed);
    }
    house.release(id, refund, approval());
    assert_eq!(house.last(id).decision, Some(Decision::Recorded));
    assert_eq!(code(&house.reverse(&purchase(id, 1))), "97");
}

#[test]
fn a_hold_between_the_checks_owes_nothing_for_what_the_host_did_not_do() {
    let house = signed_in();
    let id = terminal(1);
    let waiting = [
        (1, host("51"), 0),
        (2, HostOutcome::NotSent, 0),
        (3, HostOutcome::Silent, 1),
    ];
    let waiting = waiting.map(|(trace, host, owed)| (house.forward(&purchase(id, trace)), host, owed));
    house.place(id, HoldKind::Loss, None);
    for (sequence, host, owed) in waiting {
        assert_eq!(code(&house.release(id, sequence, host)), "58");
        assert_eq!(house.owed(id).len(), owed);
    }
}

#[test]
fn a_flaw_is_told_after_what_must_be_told_first_and_written_down() {
    let house = signed_in();
    let id = terminal(1);
    let flawed = Attempt {
        amount: Money::new(5, Currency(840)).ok(),
        flaw: Some(Refusal::OtherCurrency),
        ..purchase(id, 1)
    };
    let forged = Attempt {
        mac_verified: false,
        ..flawed.clone()
    };
    assert_eq!(code(&house.refuse(&forged)), "A0");
    assert_eq!(code(&house.refuse(&flawed)), "12");
    let row = house.last(id);
    assert_eq!(
        (row.reason.as_deref(), row.amount),
        (Some("other_currency"), flawed.amount)
    );
    assert_eq!(code(&house.reverse(&flawed)), "12");
    house.place(id, HoldKind::Fault, None);
    assert_eq!(code(&house.refuse(&flawed)), "58");
    assert_eq!((house.pending_count(id), house.owed(id).len()), (0, 0));
}

#[test]
fn a_repetition_hears_the_first_answer_without_a_second_row() {
    let house = signed_in();
    let id = terminal(1);
    for (trace, host) in [
        (1, approval()),
        (2, host("51")),
        (3, HostOutcome::Silent),
        (4, HostOutcome::NotSent),
    ] {
        let attempt = purchase(id, trace);
        let sequence = house.forward(&attempt);
        let first = house.release(id, sequence, host);
        let rows = house.rows(id).len();
        house.pass_ms(5_000);
        let again = house.refuse(&attempt);
        assert_eq!(
            (again.response_code, again.approval_code),
            (first.response_code, first.approval_code)
        );
        assert_eq!(
            (again.retrieval_reference, again.at),
            (first.retrieval_reference, first.at)
        );
        assert_eq!(house.rows(id).len(), rows);
    }
}

#[test]
fn the_same_name_with_another_content_is_a_duplicate() {
    let house = signed_in();
    let id = terminal(1);
    house.approve(&purchase(id, 1));
    house.forward(&purchase(id, 2));
    for trace in [1, 2] {
        let first = purchase(id, trace);
        for other in [
            Attempt {
                amount: fen(1_001),
                ..first.clone()
            },
            Attempt {
                kind: Kind::PreAuthorisation,
                ..first.clone()
            },
            Attempt {
                card: None,
                ..first.clone()
            },
        ] {
            assert_eq!(code(&house.refuse(&other)), "94");
            assert_eq!(house.last(id).batch_trace, None, "a duplicate takes no name");
        }
    }
    assert_eq!(
        code(&house.refuse(&purchase(id, 1))),
        "00",
        "the first answer still stands"
    );
}

#[test]
fn a_repetition_of_a_request_at_the_host_waits_for_its_answer() {
    let house = signed_in();
    let attempt = purchase(terminal(1), 1);
    let sequence = house.forward(&attempt);
    assert_eq!(house.authorise(&attempt), Admitted::InFlight);
    assert_eq!(house.pending_count(terminal(1)), 1);
    assert_eq!(code(&house.release(terminal(1), sequence, approval())), "00");
}

#[test]
fn an_approval_is_not_said_again_once_a_hold_stands() {
    let house = signed_in();
    let attempt = purchase(terminal(1), 1);
    house.approve(&attempt);
    let incident = house.lose(terminal(1));
    assert_eq!(code(&house.refuse(&attempt)), "58");
    house.find_again(&incident.incident_id);
    assert_eq!(
        code(&house.refuse(&attempt)),
        "58",
        "what heard 58 never hears 00 after it"
    );
}

#[test]
fn an_approval_undone_or_about_to_be_is_not_said_again() {
    let house = signed_in();
    let id = terminal(1);
    let attempt = purchase(id, 1);
    house.approve(&attempt);
    house.reverse(&attempt);
    assert_eq!(code(&house.refuse(&attempt)), "94", "about to be undone");
    let owed = house.owed(id).pop().unwrap();
    house.settle_owed(id, owed.sequence, "00");
    assert_eq!(code(&house.refuse(&attempt)), "94", "undone");
}

#[test]
fn an_attempt_without_a_proven_origin_takes_no_trace_number() {
    let house = signed_in();
    let forged = Attempt {
        mac_verified: false,
        ..purchase(terminal(1), 1)
    };
    assert_eq!(code(&house.refuse(&forged)), "A0");
    house.place(terminal(1), HoldKind::CashierLock, None);
    assert_eq!(code(&house.refuse(&forged)), "58");
    house.lift(terminal(1), HoldKind::CashierLock, Authority::Operator);
    assert_eq!(code(&house.approve(&purchase(terminal(1), 1))), "00");
}

#[test]
fn a_refund_cut_off_at_release_is_recorded_not_reversed() {
    let house = signed_in();
    let id = terminal(1);
    let cut_off = ask(Kind::Refund, id, 1);
    let sequence = house.forward(&cut_off);
    house.lose(id);
    let answer = house.release(id, sequence, approval());
    assert_eq!((code(&answer).as_str(), answer.reversal_owed), ("58", false));
    assert_eq!(house.owed(id).len(), 0);
    let rows = house.rows(id);
    let [.., declined, recorded] = rows.as_slice() else {
        panic!()
    };
    assert_eq!(declined.decision, Some(Decision::Declined));
    assert_eq!(recorded.decision, Some(Decision::Recorded));
    assert_eq!(recorded.reason.as_deref(), Some("host_may_have_executed"));
    assert_eq!(
        (recorded.of_sequence, recorded.amount),
        (Some(declined.sequence), cut_off.amount)
    );
}

#[test]
fn a_refund_the_host_left_unanswered_hears_the_same_again() {
    let house = signed_in();
    let attempt = ask(Kind::Refund, terminal(1), 1);
    let sequence = house.forward(&attempt);
    assert_eq!(
        code(&house.release(terminal(1), sequence, HostOutcome::Silent)),
        "98"
    );
    assert_eq!(code(&house.refuse(&attempt)), "98");
}

#[test]
fn a_balance_cut_off_at_release_leaves_nothing_to_undo() {
    let house = signed_in();
    let sequence = house.forward(&Attempt {
        amount: None,
        ..ask(Kind::Balance, terminal(1), 1)
    });
    house.lose(terminal(1));
    let answer = house.release(terminal(1), sequence, approval());
    assert_eq!((code(&answer).as_str(), answer.reversal_owed), ("58", false));
    assert_eq!(house.last(terminal(1)).decision, Some(Decision::Declined));
}

#[test]
fn intents_left_by_a_node_become_98_and_are_undone_exactly_once() {
    let mut house = signed_in();
    let id = terminal(1);
    house.forward(&purchase(id, 1));
    house.pass_ms(10);
    house.forward(&purchase(id, 2));
    house.reopen();
    let before = house.now();
    let recover = |node| house.write(move |tx| app::transaction::recover(tx, node, before));
    assert_eq!(recover("node-b"), 0, "another node's intents are its own");
    assert_eq!(recover(NODE), 1, "one came in before that time");
    assert_eq!(recover(NODE), 0);
    let row = house.last(id);
    assert_eq!(
        row.response_code.map(|code| code.to_string()).as_deref(),
        Some("98")
    );
    assert_eq!(
        (row.decision, row.batch_trace),
        (Some(Decision::Declined), Some(purchase(id, 1).name))
    );
    assert_eq!((house.owed(id).len(), house.pending_count(id)), (1, 1));
}

#[test]
fn what_the_gate_declines_itself_still_hears_58_when_held() {
    let house = signed_in();
    let decline = |id, mac_verified| {
        let attempt = Attempt {
            mac_verified,
            ..purchase(id, 1)
        };
        house.write(move |tx| app::transaction::decline(tx, &attempt, Refusal::Invalid))
    };
    assert_eq!(decline(nobody(), true), Admitted::UnknownTerminal);
    assert_eq!(code(&answered(decline(terminal(1), true))), "12");
    assert_eq!(code(&answered(decline(terminal(5), true))), "97");
    house.report(&owner(), terminal(1)).unwrap();
    assert_eq!(code(&answered(decline(terminal(1), false))), "58");
}

#[test]
fn a_held_terminal_that_repeats_without_end_does_not_hide_what_became_of_the_first() {
    let house = signed_in();
    let id = terminal(1);
    let attempt = purchase(id, 1);
    house.approve(&attempt);
    house.place(id, HoldKind::CashierLock, None);
    for _ in 0..20 {
        assert_eq!(code(&house.refuse(&attempt)), "58");
    }
    house.lift(id, HoldKind::CashierLock, Authority::Operator);
    house.reverse(&attempt);
    let owed = house.owed(id).pop().unwrap();
    house.settle_owed(id, owed.sequence, "00");
    house.reverse(&attempt);
    assert_eq!(house.owed(id).len(), 0, "it was undone already");
}
