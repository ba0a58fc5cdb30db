//! Sessions of people and answers kept for repetitions: both end at a time.

use domain::account::{Account, Role, Scope};
use domain::time::HOUR_MS;
use store::idempotency::{self, Answer};

use crate::fixture::{Kept, merchant_id};

fn with_owner() -> (Kept, Account) {
    let kept = Kept::open();
    let owner = Account {
        login: "owner".into(),
        name: "Owner".into(),
        role: Role::Owner,
        scope: Scope::Merchant(merchant_id(1)),
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
    kept.write(move |tx| store::session::insert(tx, b"one", "owner", ends.plus_ms(1)));
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

#[test]
fn an_answer_is_kept_for_a_day_and_for_its_own_account() {
    let (kept, _) = with_owner();
    let answer = |status| Answer {
        request_digest: vec![1],
        status,
        body: "{}".into(),
    };
    let get = |login: &str| kept.read(|tx| idempotency::get(tx, login, "key"));
    kept.write(move |tx| idempotency::insert(tx, "owner", "key", &answer(201)));
    assert_eq!((get("owner"), get("other")), (Some(answer(201)), None));
    kept.pass_ms(24 * HOUR_MS - 1);
    assert_eq!(get("owner"), Some(answer(201)));
    let again = kept
        .store
        .write(move |tx| idempotency::insert(tx, "owner", "key", &answer(409)));
    assert!(
        matches!(again, Err(store::Error::Conflict(_))),
        "one key, one answer"
    );
    kept.pass_ms(1);
    assert_eq!(get("owner"), None);
    kept.write(move |tx| idempotency::insert(tx, "owner", "key", &answer(200)));
    assert_eq!(get("owner"), Some(answer(200)));
}
