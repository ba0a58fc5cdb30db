//! Sessions of people and answers kept for repetitions: both end at a time.

use std::sync::Barrier;

use domain::account::{Account, FRESH_MS, Proof, ProvedBy, Role, Scope};
use domain::factor::{AWAITED_MS, Ask, Challenge, Factor, Kind, TRIES_MAX};
use domain::session::Session;
use domain::setting::Settings;
use domain::time::HOUR_MS;
use store::factor;
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
        proof: Proof::default(),
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
        store::session::insert(tx, &Session::new(b"one", "owner", tx.now(), ends))?;
        store::session::insert(tx, &Session::new(b"two", "owner", tx.now(), ends))?;
        store::session::delete(tx, b"two")
    });
    // It proves the password, for as long as that is fresh.
    let owner = Account {
        proof: Proof::FRESH,
        ..owner
    };
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

#[test]
fn a_session_in_which_nothing_is_done_ends_before_its_time() {
    let (kept, _) = with_owner();
    kept.write(|tx| {
        let session = Session::new(b"one", "owner", tx.now(), tx.now().plus_ms(1_000));
        store::session::insert(
            tx,
            &Session {
                idle_max_ms: 100,
                ..session
            },
        )
    });
    let lasts = || kept.read(|tx| store::account::of_session(tx, b"one")).is_some();
    for _ in 0..3 {
        kept.pass_ms(99);
        assert!(lasts());
        kept.write(|tx| store::session::touch(tx, b"one"));
    }
    assert_eq!(kept.read(|tx| store::session::of(tx, "owner", 9)).len(), 1);
    kept.pass_ms(100);
    assert!(!lasts());
    assert!(kept.read(|tx| store::session::of(tx, "owner", 9)).is_empty());
}

#[test]
fn what_a_session_proves_depends_on_what_the_account_has_by_now() {
    let (kept, _) = with_owner();
    let ends = kept.now().plus_ms(HOUR_MS);
    kept.write(move |tx| {
        store::setting::insert(
            tx,
            &Settings {
                second_factor_from: Some(tx.now().plus_ms(50)),
                ..Settings::unasked()
            },
        )?;
        store::session::insert(tx, &Session::new(b"one", "owner", tx.now(), ends))
    });
    let proof = || {
        kept.read(|tx| store::account::of_session(tx, b"one"))
            .unwrap()
            .proof
    };
    assert_eq!(proof(), Proof::FRESH);
    kept.pass_ms(50);
    assert!(proof().owes_factor, "the grace is over");
    kept.write(|tx| store::row::insert(tx, &codes(tx.now())));
    assert_eq!(proof(), Proof::default(), "a password alone is worth nothing now");
    kept.write(|tx| store::session::prove(tx, b"one", ProvedBy::SecondFactor));
    assert_eq!(proof(), Proof::FRESH);
    kept.pass_ms(FRESH_MS);
    assert_eq!(proof(), Proof::default());
}

fn codes(since: domain::Timestamp) -> Factor {
    Factor {
        factor_id: "F1".into(),
        login: "owner".into(),
        kind: Kind::Totp,
        name: "phone".into(),
        rp_id: None,
        secret_sealed: vec![1],
        last_step: None,
        since,
        used_at: None,
    }
}

#[test]
fn a_step_a_recovery_code_and_a_challenge_are_each_taken_once_however_many_come() {
    let (kept, _) = with_owner();
    kept.write(|tx| store::row::insert(tx, &codes(tx.now())));
    let won = |take: &(dyn Fn() -> bool + Sync)| {
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        take()
                    })
                })
                .collect();
            all.into_iter()
                .filter_map(|one| one.join().ok())
                .filter(|won| *won)
                .count()
        })
    };
    for step in [7, 8, 9] {
        assert_eq!(
            won(&|| kept.write(move |tx| factor::take_step(tx, "F1", step))),
            1,
            "{step}"
        );
    }
    assert!(!kept.write(|tx| factor::take_step(tx, "F1", 8)), "an older one");
    kept.write(|tx| factor::add_code(tx, "owner", b"code"));
    assert!(!kept.write(|tx| factor::take_code(tx, "other", b"code")));
    assert_eq!(
        won(&|| kept.write(|tx| factor::take_code(tx, "owner", b"code"))),
        1
    );
    let ask = || {
        kept.write(|tx| {
            let awaited = Challenge::new(&[1; 32], Ask::LogInPasskey, "owner", vec![7], tx.now());
            factor::await_answer(tx, &awaited)
        });
        true
    };
    assert_eq!(won(&ask), 4, "the last one asked counts, and none fails");
    let take = || {
        kept.write(|tx| factor::take_awaited(tx, &[1; 32], Ask::LogInPasskey))
            .is_some()
    };
    assert!(
        kept.write(|tx| factor::take_awaited(tx, &[1; 32], Ask::LogIn))
            .is_none()
    );
    assert_eq!(won(&take), 1);
}

#[test]
fn what_is_awaited_has_an_end_and_a_half_done_log_in_few_tries() {
    let (kept, _) = with_owner();
    let begin = || {
        kept.write(|tx| {
            let awaited = Challenge::new(&[1; 32], Ask::LogIn, "owner", Vec::new(), tx.now());
            factor::await_answer(tx, &awaited)
        })
    };
    let tries = || kept.write(|tx| factor::try_log_in(tx, &[1; 32]));
    begin();
    assert_eq!((0..9).filter(|_| tries()).count() as i64, TRIES_MAX);
    begin();
    kept.pass_ms(AWAITED_MS - 1);
    assert!(tries());
    kept.pass_ms(1);
    assert!(
        !tries()
            && kept
                .read(|tx| factor::awaited(tx, &[1; 32], Ask::LogIn))
                .is_none()
    );
    let forget = || kept.write(|tx| factor::forget(tx, 9));
    assert_eq!((forget(), forget()), (1, 0));
}
