//! 签到 and 签退.

use app::sign_in::{Glimpse, Proved, SignedIn};
use app::transaction::{Admitted, Answer, Attempt};
use domain::hold::{Authority, Kind as HoldKind};
use domain::transaction::{Decision, Entry, Kind, Proof};

use crate::fixture::{
    House, OPERATOR, ask, code, nobody, offered, purchase, terminal, theirs, unsigned, who,
};

fn refused(signed_in: SignedIn) -> Answer {
    match signed_in {
        SignedIn::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn sign_in(number: u32) -> Attempt {
    ask(Kind::SignIn, terminal(number), 1)
}

#[test]
fn a_sign_in_keeps_the_keys_and_continues_the_batch() {
    let house = House::open();
    let id = terminal(1);
    assert_eq!(house.sign_in(id), 1);
    let session = house.read(|tx| store::terminal_session::get(tx, id)).unwrap();
    assert_eq!(
        (session.keys_sealed.as_slice(), session.operator.as_deref()),
        (&b"keys"[..], Some(OPERATOR))
    );
    assert_eq!(session.signed_in_at, house.now());
    assert_eq!(house.last(id).entry, Entry::Request(Kind::SignIn));
    house.approve(&purchase(id, 1));
    assert_eq!(house.sign_in(id), 1, "the batch goes on until it is settled");
    house.approve(&purchase(id, 2));
}

#[test]
fn who_may_not_sign_in_gets_no_keys() {
    let house = House::open();
    let other_merchant = Attempt {
        merchant_id: theirs(),
        ..sign_in(1)
    };
    for (attempt, operator, said, reason) in [
        (sign_in(1), "999", "12", "invalid"),
        (other_merchant, OPERATOR, "03", "other_merchant"),
        (sign_in(5), OPERATOR, "97", "retired"),
    ] {
        let id = attempt.terminal_id;
        assert_eq!(code(&refused(house.try_sign_in(&attempt, operator))), said);
        assert_eq!(house.last(id).reason.as_deref(), Some(reason));
        assert_eq!(house.read(|tx| store::terminal_session::get(tx, id)), None);
    }
    let unknown = ask(Kind::SignIn, nobody(), 1);
    assert_eq!(house.try_sign_in(&unknown, OPERATOR), SignedIn::UnknownTerminal);
}

#[test]
fn every_hold_but_a_cashier_lock_refuses_fresh_keys() {
    let house = House::open();
    for kind in HoldKind::ALL {
        let id = house.more_terminals(1)[0];
        let before = house.read(|tx| store::terminal_session::get(tx, id));
        house.pass_ms(1);
        house.place(id, kind, None);
        let signed_in = house.try_sign_in(&ask(Kind::SignIn, id, 1), OPERATOR);
        if kind == HoldKind::CashierLock {
            assert!(matches!(signed_in, SignedIn::Offered { batch: 1, .. }));
            continue;
        }
        assert_eq!(code(&refused(signed_in)), "58", "{kind:?}");
        assert_eq!(house.last(id).decision, Some(Decision::Declined));
        assert_eq!(
            house.read(|tx| store::terminal_session::get(tx, id)),
            before,
            "{kind:?}"
        );
    }
}

#[test]
fn a_refused_sign_in_takes_no_trace_number() {
    let house = House::open();
    house.place(terminal(1), HoldKind::Fault, None);
    let without_mac = Attempt {
        mac_verified: false,
        ..sign_in(1)
    };
    refused(house.try_sign_in(&without_mac, OPERATOR));
    house.lift(terminal(1), HoldKind::Fault, Authority::Engineer);
    house.sign_in(terminal(1));
    house.approve(&purchase(terminal(1), 1));
}

#[test]
fn after_a_sign_out_nothing_is_asked_of_the_host() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    assert_eq!(code(&house.sign_out(id)), "00");
    assert_eq!(house.last(id).operator.as_deref(), Some(OPERATOR));
    assert_eq!(code(&house.refuse(&purchase(id, 1))), "77");
    assert_eq!(house.sign_in(id), 1, "signing out does not end the batch");
    house.approve(&purchase(id, 1));
}

#[test]
fn a_lost_terminal_cannot_even_sign_out() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    house.lose(id);
    assert_eq!(code(&house.sign_out(id)), "58");
    let session = house.read(|tx| store::terminal_session::get(tx, id)).unwrap();
    assert_eq!(
        session.operator.as_deref(),
        Some(OPERATOR),
        "who was on shift stays known"
    );
}

#[test]
fn a_sign_in_nobody_has_proved_changes_no_session_and_gives_the_same_keys_again() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let before = house.read(|tx| store::terminal_session::get(tx, id));
    let forged = unsigned(Kind::SignIn, id);
    let (batch, first) = offered(house.try_sign_in(&forged, OPERATOR));
    let rows = house.rows(id).len();
    for _ in 0..50 {
        assert_eq!(
            offered(house.try_sign_in(&forged, OPERATOR)),
            (batch, first.clone())
        );
        let looked = forged.clone();
        let glimpsed = house.read(move |tx| app::sign_in::glimpse(tx, &looked, who(OPERATOR)));
        assert!(matches!(glimpsed, Glimpse::Offered(_)), "it costs a read");
    }
    assert_eq!(house.rows(id).len(), rows, "and no row");
    assert_eq!(house.read(|tx| store::terminal_session::get(tx, id)), before);
    house.approve(&purchase(id, 1));
}

#[test]
fn the_first_mac_under_offered_keys_takes_them_into_use_once() {
    let house = House::open();
    let id = terminal(1);
    let (batch, keys) = offered(house.try_sign_in(&unsigned(Kind::SignIn, id), OPERATOR));
    assert_eq!(house.last(id).proof, Some(Proof::Unproven));
    assert_eq!(
        code(&house.refuse(&purchase(id, 1))),
        "77",
        "nobody is signed in yet"
    );
    assert_eq!(house.prove(id, keys.sequence, batch), Proved::InUse);
    let row = house.last(id);
    assert_eq!(
        (row.entry, row.proof, row.operator.as_deref()),
        (Entry::Request(Kind::SignIn), Some(Proof::Proven), Some(OPERATOR))
    );
    let rows = house.rows(id).len();
    assert_eq!(
        house.prove(id, keys.sequence, batch),
        Proved::InUse,
        "as another node asks"
    );
    assert_eq!(house.rows(id).len(), rows);
    let (batch, newer) = offered(house.try_sign_in(&unsigned(Kind::SignIn, id), OPERATOR));
    assert_ne!(newer.sequence, keys.sequence, "new keys for a new session");
    house.prove(id, newer.sequence, batch);
    assert_eq!(house.prove(id, keys.sequence, batch), Proved::OldKeys);
    house.approve(&purchase(id, 1));
}

#[test]
fn what_others_ask_for_takes_nothing_from_the_operator_who_signs_in() {
    let house = House::open();
    let id = terminal(1);
    let rightful = offered(house.try_sign_in(&unsigned(Kind::SignIn, id), OPERATOR));
    // The same operator, another layout of keys.
    let forged = unsigned(Kind::SignIn, id);
    let single = app::sign_in::Who {
        net_code: 1,
        ..who(OPERATOR)
    };
    let other = offered(house.write(move |tx| app::sign_in::sign_in(tx, &forged, single, b"other".to_vec())));
    assert_ne!(other.1.sequence, rightful.1.sequence);
    assert_eq!(house.prove(id, rightful.1.sequence, rightful.0), Proved::InUse);
    let session = house.read(|tx| store::terminal_session::get(tx, id)).unwrap();
    assert_eq!(session.keys_sealed, b"keys");
    house.approve(&purchase(id, 1));
}

#[test]
fn keys_on_offer_are_not_taken_into_use_while_a_hold_stands() {
    let house = House::open();
    let id = terminal(1);
    let (batch, keys) = offered(house.try_sign_in(&unsigned(Kind::SignIn, id), OPERATOR));
    let incident = house.lose(id);
    assert_eq!(house.prove(id, keys.sequence, batch), Proved::Stopped);
    assert_eq!(house.read(|tx| store::terminal_session::get(tx, id)), None);
    house.find_again(&incident.incident_id);
    assert_eq!(house.prove(id, keys.sequence, batch), Proved::InUse);
}

#[test]
fn a_sign_out_without_proof_signs_nobody_out() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let forged = unsigned(Kind::SignOut, id);
    let answer = house.write(move |tx| app::sign_in::sign_out(tx, &forged));
    assert_eq!(code(&crate::fixture::answered(answer)), "00");
    assert_eq!(house.last(id).proof, Some(Proof::Unproven));
    house.approve(&purchase(id, 1));
}

#[test]
fn a_sign_out_of_another_batch_is_refused() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let other = Attempt {
        name: domain::transaction::BatchTrace { batch: 9, trace: 1 },
        ..ask(Kind::SignOut, id, 1)
    };
    let answer = house.write(move |tx| app::sign_in::sign_out(tx, &other));
    assert_eq!(code(&crate::fixture::answered(answer)), "77");
    house.approve(&purchase(id, 1));
}

#[test]
fn a_forged_sign_in_does_not_move_the_loss_window() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    house.approve(&purchase(id, 1));
    let trusted = house.last(id).at;
    house.pass_ms(60_000);
    offered(house.try_sign_in(&unsigned(Kind::SignIn, id), OPERATOR));
    house.pass_ms(60_000);
    let report = app::incident::Report {
        terminal_id: id,
        last_seen_at: Some(house.now()),
        place: None,
        circumstances: None,
        manner: domain::incident::Manner::Lost,
        reported_at: house.now(),
        payments: Vec::new(),
    };
    let reported = house.report_as(&crate::fixture::owner(), report).unwrap();
    assert_eq!(reported.incident.window.from, trusted);
}

#[test]
fn keys_that_later_ones_have_taken_the_place_of_prove_nothing() {
    let house = House::open();
    let id = terminal(1);
    let keys = || {
        house
            .read(|tx| store::terminal_session::get(tx, id))
            .unwrap()
            .sequence
    };
    house.sign_in(id);
    let before = keys();
    let by = |keys, trace| Attempt {
        keys: Some(keys),
        ..purchase(id, trace)
    };
    house.approve(&by(before, 1));
    house.sign_in(id);
    let after = keys();
    assert!(before < after);
    assert_eq!(code(&house.refuse(&by(before, 2))), "A0");
    let row = house.last(id);
    assert_eq!((row.proof, row.batch_trace), (Some(Proof::Unproven), None));
    let sign_out = Attempt {
        keys: Some(before),
        ..ask(Kind::SignOut, id, 1)
    };
    let answer = house.write(move |tx| app::sign_in::sign_out(tx, &sign_out));
    assert!(matches!(answer, Admitted::Answer(answer) if code(&answer) == "00"));
    assert_eq!(house.last(id).proof, Some(Proof::Unproven));
    // Who held the old ones has not taken the number either.
    house.approve(&by(after, 2));
}
