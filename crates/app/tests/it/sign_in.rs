//! 签到 and 签退.

use app::sign_in::SignedIn;
use app::transaction::{Answer, Attempt};
use domain::hold::{Authority, Kind as HoldKind};
use domain::transaction::{Decision, Entry, Kind};

use crate::fixture::{House, OPERATOR, ask, code, nobody, purchase, terminal, theirs};

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
            assert!(matches!(signed_in, SignedIn::Batch { batch: 1, .. }));
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
