//! The cashier's lock and unlock, and what wrong passwords cost.

use app::operator::NotUnlocked;
use app::transaction::{Admitted, Attempt};
use domain::actor::By;
use domain::hold::{Authority, Hold, Kind as HoldKind};
use domain::time::HOUR_MS;
use domain::transaction::{Decision, Entry, Kind};

use crate::fixture::{House, OPERATOR, answered, ask, code, nobody, purchase, terminal};

fn lock(house: &House) {
    assert!(house.write(|tx| app::operator::lock_terminal(tx, terminal(1), By::person("manager"))));
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

fn by_terminal(house: &House, kind: Kind, password_right: bool, mac_verified: bool) -> Admitted {
    let attempt = Attempt {
        mac_verified,
        amount: None,
        card: None,
        ..ask(kind, terminal(1), 1)
    };
    house.write(move |tx| match kind {
        Kind::Lock => app::operator::lock_by_terminal(tx, &attempt, OPERATOR),
        _ => app::operator::unlock_by_terminal(tx, &attempt, OPERATOR, password_right),
    })
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
    assert!(!house.write(|tx| app::operator::lock_terminal(tx, nobody(), By::person("manager"))));
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
            Kind::Lock => app::operator::lock_by_terminal(tx, &attempt, OPERATOR),
            _ => app::operator::unlock_by_terminal(tx, &attempt, OPERATOR, true),
        });
        assert_eq!(code(&answered(admitted)), "97", "{kind:?}");
    }
    assert!(house.standing(terminal(5)).may_transact());
}
