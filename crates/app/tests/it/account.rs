//! Accounts and invitations: nobody gives more than the own rights, a link works once, and somebody always administers.

use app::account::Given;
use app::case::{Against, Error, Noun, actions};
use app::invitation::{Accepted, Link, NotAccepted};
use domain::account::{Account, Person, Proof, Role, Scope, State, Verb};
use domain::actor::Actor;
use domain::event::Subject;
use domain::invitation::{Invitation, LASTS_MS};
use domain::session::Session;
use domain::setting::{Mode, Settings};

use crate::fixture::{House, manager, ours, owner, risk_officer, stranger, theirs};

/// A house of that kind with people in it: an owner of ours, a risk officer.
pub fn peopled(mode: Mode) -> House {
    let house = House::open();
    house.write(move |tx| {
        let settings = Settings {
            mode,
            merchant_id: (mode == Mode::Shop).then(ours),
            ..Settings::unasked()
        };
        store::setting::insert(tx, &settings)?;
        for (login, role, scope) in [
            ("owner", Role::Owner, Scope::Merchant(ours())),
            ("risk", Role::RiskOfficer, Scope::All),
        ] {
            let account = Account {
                login: login.into(),
                name: login.into(),
                role,
                scope,
                custom_role: None,
                proof: Proof::default(),
            };
            store::account::insert(tx, &account, "hash")?;
        }
        Ok(())
    });
    house
}

pub fn digest(of: u8) -> [u8; 32] {
    [of; 32]
}

/// A session of the owner, for a second.
fn owners(tx: &store::Tx<'_>, of: u8) -> Session {
    Session::new(&digest(of), "owner", tx.now(), tx.now().plus_ms(1_000))
}

pub fn invite(house: &House, actor: Actor, of: u8, role: Role, scope: Scope) -> Result<Invitation, Error> {
    let link = Link {
        invitation_id: format!("I{of}"),
        token_digest: digest(of),
    };
    let given = Given::whole(role, scope);
    house.try_write(move |tx| app::invitation::create(tx, &actor, link, "店长".into(), given))
}

pub fn accept(house: &House, of: u8, login: &str) -> Result<Account, NotAccepted> {
    let said = Accepted {
        email: None,
        login: login.into(),
        name: "李娜".into(),
        password_hash: format!("hash of {login}"),
    };
    house.try_write(move |tx| app::invitation::accept(tx, &digest(of), said))
}

pub fn shop(shop_id: &str) -> Scope {
    Scope::Shop(ours(), shop_id.into())
}

#[test]
fn nobody_invites_above_the_own_rights() {
    let house = peopled(Mode::Acquirer);
    for (actor, role, scope) in [
        (owner(), Role::RiskOfficer, Scope::All),
        (owner(), Role::Auditor, Scope::All),
        (owner(), Role::Owner, Scope::Merchant(theirs())),
        (owner(), Role::Manager, Scope::Shop(theirs(), "s3".into())),
        (manager("s1"), Role::Manager, shop("s1")),
        (stranger(), Role::Owner, Scope::Merchant(ours())),
    ] {
        let refused = invite(&house, actor.clone(), 1, role, scope.clone());
        assert!(
            matches!(refused, Err(Error::NotAllowed)),
            "{actor:?} {role:?} {scope:?} {refused:?}"
        );
    }
    // A shop of somebody else under the own name is no shop.
    let elsewhere = invite(&house, owner(), 1, Role::Manager, shop("s3"));
    assert!(
        matches!(elsewhere, Err(Error::Unknown("shop_id"))),
        "{elsewhere:?}"
    );
    invite(&house, owner(), 1, Role::Owner, Scope::Merchant(ours())).unwrap();
    invite(&house, risk_officer(), 2, Role::RiskOfficer, Scope::All).unwrap();
}

#[test]
fn a_link_works_once_and_for_what_it_was_made_for() {
    let house = peopled(Mode::Shop);
    invite(&house, owner(), 1, Role::Manager, shop("s1")).unwrap();
    let taken = accept(&house, 1, "owner");
    assert!(matches!(taken, Err(NotAccepted::Taken)), "{taken:?}");
    let account = accept(&house, 1, "li.na").unwrap();
    assert_eq!((account.role, &account.scope), (Role::Manager, &shop("s1")));
    assert!(matches!(accept(&house, 1, "li.na2"), Err(NotAccepted::Over)));
    assert!(matches!(accept(&house, 9, "nobody"), Err(NotAccepted::Over)));
    let verbs = |subject, id: &str| -> Vec<String> {
        house
            .events(subject, id)
            .into_iter()
            .map(|event| event.verb)
            .collect()
    };
    assert_eq!(verbs(Subject::Invitation, "I1"), ["create", "accept"]);
    assert_eq!(verbs(Subject::Account, "li.na"), ["create"]);
}

#[test]
fn a_link_ends_with_its_time_and_with_the_rights_of_whoever_made_it() {
    let house = peopled(Mode::Acquirer);
    invite(&house, owner(), 1, Role::Manager, shop("s1")).unwrap();
    invite(&house, owner(), 2, Role::Manager, shop("s1")).unwrap();
    house.pass_ms(LASTS_MS - 1);
    accept(&house, 1, "in.time").unwrap();
    house.pass_ms(1);
    assert!(matches!(accept(&house, 2, "too.late"), Err(NotAccepted::Over)));
    invite(&house, owner(), 3, Role::Manager, shop("s1")).unwrap();
    let demoted = house.try_write(|tx| {
        app::account::change(
            tx,
            &risk_officer(),
            "owner",
            "owner".into(),
            Given::whole(Role::Manager, shop("s1")),
        )
    });
    demoted.unwrap();
    let event = house.events(Subject::Account, "owner").pop().unwrap();
    let ways = format!("owner {} → manager {} s1", ours(), ours());
    assert_eq!((event.verb.as_str(), event.text), ("change", Some(ways)));
    assert!(matches!(accept(&house, 3, "by.nobody"), Err(NotAccepted::Over)));
}

#[test]
fn a_link_opens_no_account_that_has_more_rights_by_now() {
    let house = peopled(Mode::Acquirer);
    invite(&house, owner(), 1, Role::Manager, shop("s1")).unwrap();
    accept(&house, 1, "li.na").unwrap();
    let link = Link {
        invitation_id: "L2".into(),
        token_digest: digest(2),
    };
    house
        .try_write(move |tx| app::invitation::link(tx, &owner(), "li.na", link))
        .unwrap();
    let promoted = Given::whole(Role::RiskOfficer, Scope::All);
    house
        .try_write(|tx| app::account::change(tx, &risk_officer(), "li.na", "李娜".into(), promoted))
        .unwrap();
    let opened = accept(&house, 2, "li.na");
    assert!(matches!(opened, Err(NotAccepted::Over)), "{opened:?}");
}

#[test]
fn a_forgotten_password_is_chosen_anew_by_the_newest_link() {
    let house = peopled(Mode::Acquirer);
    house.write(|tx| store::session::insert(tx, &owners(tx, 7)));
    let link = |of: u8| {
        let link = Link {
            invitation_id: format!("L{of}"),
            token_digest: digest(of),
        };
        house.try_write(move |tx| app::invitation::link(tx, &risk_officer(), "owner", link))
    };
    link(1).unwrap();
    link(2).unwrap();
    assert!(matches!(accept(&house, 1, "owner"), Err(NotAccepted::Over)));
    accept(&house, 2, "owner").unwrap();
    let (_, hash) = house.read(|tx| store::account::usable(tx, "owner")).unwrap();
    assert_eq!(hash, "hash of owner");
    assert!(
        house
            .read(|tx| store::account::of_session(tx, &digest(7)))
            .is_none()
    );
}

#[test]
fn the_last_who_can_administer_stays() {
    for (mode, last, by) in [
        (Mode::Shop, "owner", owner()),
        (Mode::Acquirer, "risk", risk_officer()),
    ] {
        let house = peopled(mode);
        let disable = |login: &'static str| {
            let by = by.clone();
            house.try_write(move |tx| app::account::disable(tx, &by, login))
        };
        let may_disable = |login: &str| {
            let offered = house.read(|tx| actions(tx, &by, &Person::get(tx, login)?.unwrap()));
            offered.contains(&Verb::Disable)
        };
        assert!(!may_disable(last));
        let refused = disable(last);
        assert!(
            matches!(refused, Err(Error::Against(Against::LastAdministrator))),
            "{refused:?}"
        );
        let less = match mode {
            Mode::Shop => Given::whole(Role::Manager, shop("s1")),
            Mode::Acquirer => Given::whole(Role::Auditor, Scope::All),
        };
        let actor = by.clone();
        let demoted = house.try_write(move |tx| app::account::change(tx, &actor, last, last.into(), less));
        assert!(
            matches!(demoted, Err(Error::Against(Against::LastAdministrator))),
            "{demoted:?}"
        );
        let (role, scope) = match mode {
            Mode::Shop => (Role::Owner, Scope::Merchant(ours())),
            Mode::Acquirer => (Role::RiskOfficer, Scope::All),
        };
        invite(&house, by.clone(), 1, role, scope).unwrap();
        accept(&house, 1, "second").unwrap();
        assert!(may_disable(last) && may_disable("second"));
        assert_eq!(disable(last).unwrap().state, State::Disabled);
        assert!(disable("second").is_err());
    }
}

#[test]
fn a_disabled_account_opens_nothing_any_more() {
    let house = peopled(Mode::Acquirer);
    house.write(|tx| store::session::insert(tx, &owners(tx, 7)));
    assert!(
        house
            .read(|tx| store::account::of_session(tx, &digest(7)))
            .is_some()
    );
    house
        .try_write(|tx| app::account::disable(tx, &risk_officer(), "owner"))
        .unwrap();
    assert!(
        house
            .read(|tx| store::account::of_session(tx, &digest(7)))
            .is_none()
    );
    // Nor a session that a log-in begins which was under way.
    house.write(|tx| store::session::insert(tx, &owners(tx, 8)));
    assert!(
        house
            .read(|tx| store::account::of_session(tx, &digest(8)))
            .is_none()
    );
    assert!(house.read(|tx| store::account::usable(tx, "owner")).is_none());
    let kept: Vec<Person> = house.read(|tx| store::account::seen(tx, &Scope::All, None, None, 9));
    assert_eq!(kept.len(), 2, "nobody is deleted");
}
