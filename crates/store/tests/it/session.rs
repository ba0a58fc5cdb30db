//! Sessions of people and answers kept for repetitions: both end at a time.

use std::sync::Barrier;

use domain::account::{Account, Role, Scope};
use domain::time::HOUR_MS;
use store::idempotency::{self, Answer, Claim};

use crate::fixture::{Kept, merchant_id};

fn with_owner() -> (Kept, Account) {
    let kept = Kept::open();
    let owner = Account {
        login: "owner".into(),
        name: "Owner".into(),
        role: Role::Owner,
        scope: Scope::Merchant(merchant_id(1)),
        custom_role: None,
    };
    let account = owner.clone();
    kept.write(move |tx| store::account::insert(tx, &account, "hash"));
    (kept, owner)
}

#[test]
fn a_session_ends_at_its_time_and_at_the_log_out() {
    let (kept, owner) = with_owner();
    let ends = kept.now().plus_ms(100);
    kept.write(move |tx| {
        store::session::insert(tx, b"one", "owner", ends)?;
        store::session::insert(tx, b"two", "owner", ends)?;
        store::session::delete(tx, b"two")
    });
    let whose = |digest: &[u8]| kept.read(|tx| store::account::of_session(tx, digest));
    assert_eq!(
        (whose(b"one"), whose(b"two"), whose(b"three")),
        (Some(owner.clone()), None, None)
    );
    kept.pass_ms(99);
    assert_eq!(whose(b"one"), Some(owner));
    kept.pass_ms(1);
    assert_eq!(whose(b"one"), None);
    let forget = || kept.write(|tx| store::session::forget(tx, 9));
    assert_eq!((forget(), forget()), (1, 0));
}

#[test]
fn a_name_of_two_people_is_known_as_such() {
    let (kept, owner) = with_owner();
    let is_shared = || kept.read(|tx| store::account::is_shared_name(tx, "Owner"));
    assert!(!is_shared());
    let other = Account {
        login: "other".into(),
        ..owner
    };
    kept.write(move |tx| store::account::insert(tx, &other, "hash"));
    assert!(is_shared() && !kept.read(|tx| store::account::is_shared_name(tx, "Nobody")));
}

#[test]
fn a_role_whose_scope_does_not_fit_sees_nothing() {
    let (kept, owner) = with_owner();
    for (login, role, scope) in [
        ("one", Role::Owner, Scope::All),
        ("two", Role::Manager, Scope::Merchant(merchant_id(1))),
        ("three", Role::Auditor, Scope::Merchant(merchant_id(1))),
    ] {
        let account = Account {
            login: login.into(),
            role,
            scope,
            ..owner.clone()
        };
        kept.write(move |tx| store::account::insert(tx, &account, "hash"));
        let read = kept.store.read(|tx| store::account::get(tx, login));
        assert!(matches!(read, Err(store::Error::Corrupt(_))), "{role:?}");
    }
}

fn answer(status: u16) -> Answer {
    let body = "{}".into();
    Answer { status, body }
}

#[test]
fn an_answer_is_kept_for_a_day_and_for_its_own_account() {
    let (kept, _) = with_owner();
    let claim = |login: &'static str, content: &'static [u8]| {
        kept.write(move |tx| idempotency::claim(tx, login, "key", content))
    };
    let done =
        |status| kept.write(move |tx| idempotency::answer(tx, "owner", "key", b"this", &answer(status)));
    assert_eq!(claim("owner", b"this"), Claim::Ours);
    assert_eq!(done(201), None);
    assert_eq!(done(409), Some(answer(201)), "one key, one answer");
    assert_eq!(claim("owner", b"this"), Claim::Answered(answer(201)));
    assert_eq!(claim("owner", b"that"), Claim::OfOther);
    assert_eq!(claim("other", b"that"), Claim::Ours);
    kept.pass_ms(24 * HOUR_MS - 1);
    assert_eq!(claim("owner", b"this"), Claim::Answered(answer(201)));
    kept.pass_ms(1);
    assert_eq!(claim("owner", b"that"), Claim::Ours);
    let forget = || kept.write(|tx| idempotency::forget(tx, 9));
    assert_eq!((forget(), forget()), (1, 0), "the other account's");
}

#[test]
fn a_claim_whose_claimant_crashed_is_open_to_its_like_at_once_and_to_others_after_a_minute() {
    let (kept, _) = with_owner();
    let claim =
        |content: &'static [u8]| kept.write(move |tx| idempotency::claim(tx, "owner", "key", content));
    assert_eq!([claim(b"this"), claim(b"this")], [Claim::Ours, Claim::Ours]);
    kept.pass_ms(59_999);
    assert_eq!(claim(b"that"), Claim::OfOther);
    kept.pass_ms(1);
    assert_eq!(claim(b"that"), Claim::Ours);
    // The first one, should it still be alive, keeps nothing.
    let late = kept.write(|tx| idempotency::answer(tx, "owner", "key", b"this", &answer(201)));
    assert_eq!((late, claim(b"that")), (None, Claim::Ours));
}

#[test]
fn of_two_equal_requests_at_once_one_is_done_and_both_get_its_answer() {
    let (kept, _) = with_owner();
    for number in 0..40_u16 {
        let start = Barrier::new(2);
        let once = |status: u16| {
            start.wait();
            let key = number.to_string();
            kept.store
                .write(move |tx| match idempotency::claim(tx, "owner", &key, b"this")? {
                    Claim::Ours => idempotency::answer(tx, "owner", &key, b"this", &answer(status))
                        .map(|first| first.unwrap_or_else(|| answer(status))),
                    Claim::Answered(first) => Ok(first),
                    Claim::OfOther => Err(store::Error::Unavailable),
                })
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| once(202));
            (once(201).unwrap(), other.join().unwrap().unwrap())
        });
        assert_eq!(one, other, "{number}");
    }
}
