//! A person who asks to be erased: what is gone, what is kept, and what stands against it.

use app::case::{Against, Error};
use domain::account::{Account, Person, Proof, Role, Scope};
use domain::actor::Actor;
use domain::emergency_code::EmergencyCode;
use domain::event::Subject;
use domain::factor::{Factor, Kind};
use domain::invitation::{Invitation, State};
use domain::merchant::{Merchant, State as MerchantState};
use domain::session::Session;

use crate::fixture::{House, ours, owner, risk_officer, terminal, theirs};

/// The log-in of who asks.
const LOGIN: &str = "wang.li";

/// An estate and one more account.
fn open(role: Role, scope: Scope) -> (House, Actor) {
    let house = House::open();
    let account = Account {
        login: LOGIN.into(),
        name: "Wang Li".into(),
        role,
        scope,
        custom_role: None,
        proof: Proof::FRESH,
    };
    let kept = account.clone();
    house.write(move |tx| store::account::insert(tx, &kept, "hash of a password"));
    (house, Actor::Person(account))
}

fn manager() -> (House, Actor) {
    open(Role::Manager, Scope::Shop(ours(), "s1".into()))
}

impl House {
    /// Disables the account and erases the person.
    fn erase(&self) -> Result<Person, Error> {
        let disabled = self.try_write(|tx| app::account::disable(tx, &risk_officer(), LOGIN));
        if !matches!(disabled, Ok(_) | Err(Error::WrongState(_))) {
            return disabled;
        }
        self.try_write(|tx| app::personal::erase(tx, &risk_officer(), LOGIN, "asked for it"))
    }
}

#[test]
fn what_a_second_reporter_said_is_kept_with_its_case() {
    let (house, person) = manager();
    let incident = house.lose(terminal(1));
    house.propose_found(&owner(), &incident.incident_id).unwrap();
    let again = house.report(&person, terminal(1)).unwrap();
    assert!(!again.opened);
    let refused = house.erase();
    assert!(
        matches!(refused, Err(Error::Against(Against::LossOpen))),
        "{refused:?}"
    );
    house.find_again(&incident.incident_id);
    let closed_at = house.now();
    house.pass_ms(1);
    house.erase().unwrap();
    let until = house.read(|tx| app::personal::kept_until(tx, LOGIN));
    assert_eq!(until, Some(closed_at.plus_ms(app::clean_up::CASES_KEPT_MS)));
    let events = house.events(Subject::Incident, &incident.incident_id);
    let said = events.iter().filter(|event| event.actor == LOGIN);
    let said: Vec<_> = said.map(|event| event.text.as_deref()).collect();
    assert_eq!(said, [Some("left on the counter")]);
}

#[test]
fn what_others_said_of_losses_keeps_nothing_of_a_person() {
    let (house, _) = manager();
    let incident = house.lose(terminal(1));
    house.erase().unwrap();
    house.find_again(&incident.incident_id);
    assert_eq!(house.read(|tx| app::personal::kept_until(tx, LOGIN)), None);
}

#[test]
fn a_text_that_opens_with_no_key_is_erased_all_the_same() {
    let (mut house, _) = manager();
    let stuck = "INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor, text)
         VALUES ('account', 'wang.li', 1, 5, 'clear_factors', 'person', 'risk', 'sealed:c3R1Y2s'),
                ('account', 'wang.li', 2, 6, 'reveal', 'person', 'risk', 'why somebody looked'),
                ('account', 'wang.lina', 1, 6, 'clear_factors', 'person', 'risk', 'said of another')";
    house.behind_our_back(stuck).unwrap();
    house.erase().unwrap();
    let events = house.events(Subject::Account, LOGIN);
    let said: Vec<_> = events
        .iter()
        .map(|event| (event.verb.as_str(), event.text.as_deref()))
        .collect();
    let left = [
        ("clear_factors", None),
        ("reveal", Some("why somebody looked")),
        ("disable", None),
        ("erase", Some("asked for it")),
    ];
    assert_eq!(said, left);
    assert!(house.is_left("said of another"));
}

#[test]
fn the_last_owner_of_a_merchant_is_erased_once_it_is_retired() {
    let (house, _) = open(Role::Owner, Scope::Merchant(theirs()));
    let refused = house.erase();
    assert!(
        matches!(refused, Err(Error::Against(Against::LastAdministrator))),
        "{refused:?}"
    );
    house.write(|tx| {
        let merchant = store::merchant::get(tx, theirs())?.unwrap();
        let retired = Merchant {
            state: MerchantState::Retired,
            ..merchant
        };
        store::row::update(tx, &retired)
    });
    house.erase().unwrap();
}

#[test]
fn nothing_that_opened_something_is_left() {
    let (house, _) = manager();
    house.write(|tx| {
        let session = Session::new(b"session", LOGIN, tx.now(), tx.now().plus_ms(1_000));
        store::session::insert(tx, &session)?;
        let factor = Factor {
            factor_id: "FACTOR01".into(),
            login: LOGIN.into(),
            kind: Kind::Totp,
            name: "phone".into(),
            rp_id: None,
            secret_sealed: vec![1],
            last_step: None,
            since: tx.now(),
            used_at: None,
        };
        store::row::insert(tx, &factor)?;
        store::factor::add_code(tx, LOGIN, b"recovery code")?;
        let invitation = Invitation {
            invitation_id: "INVITE01".into(),
            token_digest: b"token".to_vec(),
            login: Some(LOGIN.into()),
            name: "Wang Li".into(),
            role: Role::Manager,
            scope: Scope::Shop(ours(), "s1".into()),
            custom_role: None,
            state: State::Open,
            made_by: "owner".into(),
            made_at: tx.now(),
            ends_at: tx.now().plus_ms(1_000),
        };
        store::row::insert(tx, &invitation)?;
        let code = EmergencyCode {
            code_id: "C1".into(),
            code_digest: b"code".to_vec(),
            login: LOGIN.into(),
            made_at: tx.now(),
            ends_at: tx.now().plus_ms(1_000),
            used: None,
        };
        store::row::insert(tx, &code)?;
        store::idempotency::claim(tx, LOGIN, "key", b"request").map(drop)
    });
    let left = |house: &House| {
        let claimed = house.write(|tx| store::idempotency::delete_of(tx, LOGIN));
        house.read(|tx| {
            let left = [
                ("sessions", store::session::of(tx, LOGIN, 9)?.len()),
                ("factors", store::factor::of(tx, LOGIN, 9)?.len()),
                ("recovery codes", store::factor::codes_left(tx, LOGIN)? as usize),
                ("invitations", store::invitation::of(tx, LOGIN, 9)?.len()),
                ("emergency codes", store::emergency_code::of(tx, LOGIN, 9)?.len()),
                ("answers", claimed),
            ];
            let left = left.into_iter().filter(|(_, count)| *count > 0);
            Ok(left.map(|(what, _)| what).collect::<Vec<_>>())
        })
    };
    assert_eq!(left(&house).len(), 6);
    house.write(|tx| store::idempotency::claim(tx, LOGIN, "key", b"request").map(drop));
    house.erase().unwrap();
    assert_eq!(left(&house), [] as [&str; 0]);
    let (_, password_hash) = house.read(|tx| store::account::get(tx, LOGIN)).unwrap();
    assert_eq!(password_hash, "");
}
