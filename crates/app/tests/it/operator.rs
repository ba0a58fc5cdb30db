//! The cashier's lock and unlock, and what wrong passwords cost.

use std::sync::atomic::{AtomicU32, Ordering};

use app::operator::NotUnlocked;
use app::transaction::{Admitted, Attempt};
use domain::actor::By;
use domain::hold::{Authority, Hold, Kind as HoldKind};
use domain::time::HOUR_MS;
use domain::transaction::{BatchTrace, Decision, Entry, Kind};

use crate::fixture::{House, OPERATOR, answered, ask, code, nobody, purchase, terminal, who};

fn lock(house: &House) {
    assert!(house.write(|tx| app::operator::lock_terminal(
        tx,
        terminal(1),
        app::operator::LockedBy::Account,
        By::person("manager")
    )));
}

fn unlock(house: &House, password_right: bool) -> Result<(), NotUnlocked> {
    house.write(move |tx| {
        app::operator::unlock(tx, terminal(1), OPERATOR, password_right, By::person("manager"))
    })
}

fn attempts_left(house: &House) -> u32 {
    match unlock(house, false) {
        Err(NotUnlocked::WrongPassword { attempts_left }) => attempts_left,
        other => panic!("{other:?}"),
    }
}

fn holds(house: &House) -> Vec<Hold> {
    house.read(|tx| store::hold::list(tx, terminal(1), 100))
}

/// A key's message under the terminal's next trace number.
fn by_terminal(house: &House, kind: Kind, password_right: bool, mac_verified: bool) -> Admitted {
    static TRACES: AtomicU32 = AtomicU32::new(1_000);
    let trace = TRACES.fetch_add(1, Ordering::Relaxed);
    let attempt = Attempt {
        mac_verified,
        ..key(kind, trace)
    };
    press(house, &attempt, password_right)
}

fn key(kind: Kind, trace: u32) -> Attempt {
    Attempt {
        amount: None,
        card: None,
        ..ask(kind, terminal(1), trace)
    }
}

fn press(house: &House, attempt: &Attempt, password_right: bool) -> Admitted {
    let attempt = attempt.clone();
    let operator = who(OPERATOR).operator;
    house.write(move |tx| match attempt.kind {
        Kind::Lock => app::operator::lock_by_terminal(tx, &attempt, operator),
        _ => app::operator::unlock_by_terminal(tx, &attempt, operator, password_right),
    })
}

fn said(house: &House, kind: Kind, trace: u32, password_right: bool) -> String {
    code(&answered(press(house, &key(kind, trace), password_right)))
}

#[test]
fn a_locked_terminal_is_stopped_until_the_right_password() {
    let house = House::open();
    house.sign_in(terminal(1));
    lock(&house);
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 1))), "58");
    assert_eq!(attempts_left(&house), 2);
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 2))), "58");
    unlock(&house, true).unwrap();
    house.approve(&purchase(terminal(1), 3));
    let hold = holds(&house).pop().unwrap();
    let release = hold.release.unwrap();
    assert_eq!(
        (release.by.as_str(), release.authority),
        ("manager", Authority::Operator)
    );
    assert!(release.ground.contains(OPERATOR));
}

#[test]
fn locking_twice_is_one_hold() {
    let house = House::open();
    lock(&house);
    lock(&house);
    assert_eq!(holds(&house).len(), 1);
    unlock(&house, true).unwrap();
    assert!(house.standing(terminal(1)).may_transact());
    assert!(matches!(unlock(&house, true), Err(NotUnlocked::NotLocked)));
}

#[test]
fn a_terminal_nobody_has_is_neither_locked_nor_unlocked() {
    let house = House::open();
    assert!(!house.write(|tx| app::operator::lock_terminal(
        tx,
        nobody(),
        app::operator::LockedBy::Account,
        By::person("manager")
    )));
    let unlocked =
        house.write(|tx| app::operator::unlock(tx, nobody(), OPERATOR, true, By::person("manager")));
    assert!(matches!(unlocked, Err(NotUnlocked::UnknownTerminal)));
    assert!(house.rows(nobody()).is_empty());
}

#[test]
fn three_wrong_passwords_lock_for_a_day_that_ends_by_itself() {
    let house = House::open();
    lock(&house);
    assert_eq!(
        [
            attempts_left(&house),
            attempts_left(&house),
            attempts_left(&house)
        ],
        [2, 1, 0]
    );
    let standing = house.standing(terminal(1));
    assert!(standing.has(HoldKind::WrongPasswords) && standing.has(HoldKind::CashierLock));
    assert!(
        matches!(unlock(&house, true), Err(NotUnlocked::Held(_))),
        "not even the right one"
    );
    for authority in Authority::ALL {
        assert!(
            !house.lift(terminal(1), HoldKind::WrongPasswords, authority),
            "{authority:?}"
        );
    }
    house.pass_ms(24 * HOUR_MS - 1);
    assert!(
        matches!(unlock(&house, true), Err(NotUnlocked::Held(_))),
        "a millisecond early"
    );
    house.pass_ms(1);
    unlock(&house, true).unwrap();
    assert!(house.standing(terminal(1)).may_transact());
}

#[test]
fn the_right_password_forgets_the_wrong_ones() {
    let house = House::open();
    for _ in 0..6 {
        lock(&house);
        assert_eq!([attempts_left(&house), attempts_left(&house)], [2, 1]);
        unlock(&house, true).unwrap();
    }
}

#[test]
fn ten_wrong_passwords_need_the_bank() {
    let house = House::open();
    lock(&house);
    for wrong in 1..=9 {
        assert_eq!(attempts_left(&house) == 0, wrong % 3 == 0);
        if wrong % 3 == 0 {
            house.pass_ms(24 * HOUR_MS);
        }
    }
    assert_eq!(attempts_left(&house), 0);
    house.pass_ms(1_000 * HOUR_MS);
    assert!(
        house.standing(terminal(1)).has(HoldKind::BankLock),
        "time does not end it"
    );
    assert!(matches!(unlock(&house, true), Err(NotUnlocked::Held(_))));
    for authority in Authority::ALL {
        let released = house.lift(terminal(1), HoldKind::BankLock, authority);
        assert_eq!(released, authority == Authority::Bank, "{authority:?}");
        if released {
            unlock(&house, true).unwrap();
            break;
        }
    }
}

#[test]
fn a_password_does_nothing_while_the_terminal_is_lost() {
    let house = House::open();
    lock(&house);
    house.lose(terminal(1));
    for password_right in [true, false] {
        assert!(matches!(
            unlock(&house, password_right),
            Err(NotUnlocked::Held(_))
        ));
    }
    assert_eq!(
        house.read(|tx| store::operator::wrong_count(tx, terminal(1))),
        0,
        "a thief's tries lock nothing"
    );
    assert_eq!(holds(&house).len(), 2);
}

#[test]
fn the_lock_key_locks_once_and_the_password_on_the_terminal_unlocks() {
    let house = House::open();
    house.sign_in(terminal(1));
    for _ in 0..2 {
        assert_eq!(
            code(&answered(by_terminal(&house, Kind::Lock, false, true))),
            "00"
        );
        assert_eq!(holds(&house).len(), 1);
    }
    assert_eq!(
        code(&answered(by_terminal(&house, Kind::Unlock, false, true))),
        "55"
    );
    let row = house.last(terminal(1));
    assert_eq!(
        (row.decision, row.operator.as_deref()),
        (Some(Decision::Declined), Some(OPERATOR))
    );
    assert_eq!(row.reason.as_deref(), Some("wrong_operator_password"));
    assert_eq!(
        code(&answered(by_terminal(&house, Kind::Unlock, true, true))),
        "00"
    );
    house.approve(&purchase(terminal(1), 2));
}

#[test]
fn wrong_passwords_on_the_terminal_count_as_everywhere() {
    let house = House::open();
    house.sign_in(terminal(1));
    lock(&house);
    for said in ["55", "55", "55", "58"] {
        assert_eq!(
            code(&answered(by_terminal(&house, Kind::Unlock, false, true))),
            said
        );
    }
    assert_eq!(
        code(&answered(by_terminal(&house, Kind::Unlock, true, true))),
        "58"
    );
    assert!(house.standing(terminal(1)).has(HoldKind::WrongPasswords));
}

#[test]
fn the_keys_of_a_terminal_without_a_mac_do_nothing() {
    let house = House::open();
    house.sign_in(terminal(1));
    assert_eq!(
        code(&answered(by_terminal(&house, Kind::Lock, false, false))),
        "A0"
    );
    assert!(house.standing(terminal(1)).may_transact());
    lock(&house);
    assert_eq!(
        code(&answered(by_terminal(&house, Kind::Unlock, true, false))),
        "A0"
    );
    assert!(!house.standing(terminal(1)).may_transact());
    assert_eq!(house.read(|tx| store::operator::wrong_count(tx, terminal(1))), 0);
}

#[test]
fn a_lost_terminals_keys_hear_58_and_leave_the_holds_alone() {
    let house = House::open();
    house.sign_in(terminal(1));
    lock(&house);
    house.lose(terminal(1));
    for kind in [Kind::Lock, Kind::Unlock] {
        for mac_verified in [true, false] {
            assert_eq!(
                code(&answered(by_terminal(&house, kind, true, mac_verified))),
                "58"
            );
            assert_eq!(house.last(terminal(1)).entry, Entry::Request(kind));
            assert_eq!(house.last(terminal(1)).decision, Some(Decision::Declined));
        }
    }
    assert_eq!(holds(&house).len(), 2);
}

#[test]
fn a_retired_terminals_keys_hear_97() {
    let house = House::open();
    for kind in [Kind::Lock, Kind::Unlock] {
        let attempt = ask(kind, terminal(5), 1);
        let admitted = house.write(move |tx| match kind {
            Kind::Lock => app::operator::lock_by_terminal(tx, &attempt, who(OPERATOR).operator),
            _ => app::operator::unlock_by_terminal(tx, &attempt, who(OPERATOR).operator, true),
        });
        assert_eq!(code(&answered(admitted)), "97", "{kind:?}");
    }
    assert!(house.standing(terminal(5)).may_transact());
}

#[test]
fn an_unlock_that_somebody_recorded_opens_nothing_again() {
    let house = House::open();
    house.sign_in(terminal(1));
    assert_eq!(said(&house, Kind::Lock, 10, false), "00");
    assert_eq!(said(&house, Kind::Unlock, 11, true), "00");
    assert_eq!(
        said(&house, Kind::Unlock, 11, true),
        "00",
        "a terminal that heard nothing asks again"
    );
    assert_eq!(said(&house, Kind::Lock, 12, false), "00");
    assert_eq!(said(&house, Kind::Unlock, 11, true), "94");
    assert!(house.standing(terminal(1)).has(HoldKind::CashierLock));
    assert_eq!(said(&house, Kind::Unlock, 13, true), "00");
}

#[test]
fn an_unlock_that_never_arrived_is_over_with_the_next_one_or_lock() {
    let house = House::open();
    house.sign_in(terminal(1));
    said(&house, Kind::Lock, 10, false);
    // 11 was kept back by somebody; the cashier typed again.
    assert_eq!(said(&house, Kind::Unlock, 12, true), "00");
    assert_eq!(said(&house, Kind::Lock, 13, false), "00");
    assert_eq!(said(&house, Kind::Unlock, 11, true), "94");
    assert!(!house.standing(terminal(1)).may_transact());
}

#[test]
fn a_recorded_wrong_password_or_lock_counts_once() {
    let house = House::open();
    house.sign_in(terminal(1));
    said(&house, Kind::Lock, 10, false);
    for again in ["55", "94", "94", "94"] {
        assert_eq!(said(&house, Kind::Unlock, 11, false), again);
    }
    assert_eq!(house.read(|tx| store::operator::wrong_count(tx, terminal(1))), 1);
    assert_eq!(said(&house, Kind::Unlock, 12, true), "00");
    assert_eq!(said(&house, Kind::Lock, 10, false), "94");
    assert!(house.standing(terminal(1)).may_transact());
}

#[test]
fn the_number_after_the_last_trace_is_the_newer_one() {
    let house = House::open();
    house.sign_in(terminal(1));
    assert_eq!(said(&house, Kind::Lock, 999_999, false), "00");
    assert_eq!(said(&house, Kind::Unlock, 1, true), "00");
    assert_eq!(said(&house, Kind::Lock, 999_999, false), "94");
}

#[test]
fn a_terminal_that_counts_from_one_again_after_a_sign_in_may_use_its_keys() {
    let house = House::open();
    house.sign_in(terminal(1));
    assert_eq!(said(&house, Kind::Lock, 500, false), "00");
    assert_eq!(said(&house, Kind::Unlock, 501, true), "00");
    house.sign_in(terminal(1));
    assert_eq!(said(&house, Kind::Lock, 1, false), "00");
    assert_eq!(said(&house, Kind::Unlock, 2, true), "00");
}

#[test]
fn a_key_of_another_batch_does_nothing() {
    let house = House::open();
    house.sign_in(terminal(1));
    let other = Attempt {
        name: BatchTrace { batch: 9, trace: 1 },
        ..key(Kind::Lock, 1)
    };
    assert_eq!(code(&answered(press(&house, &other, false))), "77");
    assert!(house.standing(terminal(1)).may_transact());
}

#[test]
fn the_bank_that_releases_its_lock_begins_the_count_anew() {
    let house = House::open();
    lock(&house);
    for wrong in 1..=10 {
        attempts_left(&house);
        if wrong % 3 == 0 {
            house.pass_ms(24 * HOUR_MS);
        }
    }
    assert!(house.lift(terminal(1), HoldKind::BankLock, Authority::Bank));
    assert_eq!(
        attempts_left(&house),
        2,
        "one wrong password is one wrong password"
    );
    assert!(!house.standing(terminal(1)).has(HoldKind::BankLock));
}

#[test]
fn a_password_is_not_even_looked_at_for_what_is_refused_anyway() {
    let house = House::open();
    house.sign_in(terminal(1));
    let asked = |attempt: Attempt| house.read(move |tx| app::operator::is_password_asked(tx, &attempt));
    assert!(!asked(key(Kind::Unlock, 9)), "it is not locked");
    said(&house, Kind::Lock, 10, false);
    assert!(asked(key(Kind::Unlock, 11)));
    let forged = Attempt {
        mac_verified: false,
        ..key(Kind::Unlock, 11)
    };
    assert!(!asked(forged), "anybody may have sent it");
    said(&house, Kind::Unlock, 11, false);
    assert!(!asked(key(Kind::Unlock, 11)), "it came before");
    house.lose(terminal(1));
    assert!(!asked(key(Kind::Unlock, 12)), "it is lost");
}
