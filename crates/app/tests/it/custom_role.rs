//! Custom roles: nobody gets more by one than its keeper may give, and whoever has one has what it leaves now.

use app::account::Given;
use app::case::{Against, Error, actions, create, step};
use app::invitation::{Link, NotAccepted};
use domain::account::{Account, Narrowed, Role, Scope};
use domain::actor::Actor;
use domain::custom_role::{CustomRole, Details, State, Verb};
use domain::right::{Right, Rights};
use domain::setting::Mode;

use crate::account::{accept, digest, peopled, shop};
use crate::fixture::{House, manager, ours, owner, risk_officer, stranger};

fn details(role: Role, rights: &[Right]) -> Details {
    Details {
        merchant_id: (role.reach() != domain::account::Reach::House).then(ours),
        name: format!("some of {}", role.code()),
        role,
        rights: Rights::new(rights),
    }
}

fn make(house: &House, actor: Actor, id: &'static str, said: Details) -> Result<CustomRole, Error> {
    house.try_write(move |tx| create(tx, &actor, id, said))
}

fn narrow(house: &House, actor: Actor, id: &'static str, said: Details) -> Result<CustomRole, Error> {
    house.try_write(move |tx| app::custom_role::change(tx, &actor, id, said))
}

/// What an account gets with that role of ours.
fn given(id: &str, role: Role, scope: Scope, rights: &[Right]) -> Given {
    Given {
        custom_role: Some(Narrowed {
            custom_role_id: id.into(),
            rights: Rights::new(rights),
        }),
        ..Given::whole(role, scope)
    }
}

fn invite(house: &House, of: u8, given: Given) -> Result<(), Error> {
    let link = Link {
        invitation_id: format!("I{of}"),
        token_digest: digest(of),
    };
    let made = house.try_write(move |tx| app::invitation::create(tx, &owner(), link, "夜班".into(), given));
    made.map(drop)
}

fn account(house: &House, login: &'static str) -> Account {
    house.read(|tx| store::account::usable(tx, login)).unwrap().0
}

const NIGHT: &[Right] = &[Right::ReportLoss, Right::LockTerminal];

#[test]
fn a_custom_role_is_made_from_what_its_maker_has() {
    let house = peopled(Mode::Acquirer);
    let refused = |actor: Actor, said: Details| make(&house, actor, "R1", said).unwrap_err();
    for (actor, said) in [
        (manager("s1"), details(Role::Manager, NIGHT)),
        (stranger(), details(Role::Manager, NIGHT)),
        (owner(), details(Role::RiskOfficer, NIGHT)),
    ] {
        assert!(matches!(refused(actor, said), Error::NotAllowed));
    }
    let above = refused(owner(), details(Role::Manager, &[Right::EndLoss]));
    assert!(
        matches!(above, Error::Unknown("rights")),
        "more than the role has"
    );
    make(&house, owner(), "R1", details(Role::Manager, NIGHT)).unwrap();
    let twice = make(&house, owner(), "R2", details(Role::Manager, NIGHT));
    assert!(matches!(twice, Err(Error::Taken(_))), "the same name");
    make(&house, risk_officer(), "R3", details(Role::RiskOfficer, NIGHT)).unwrap();
}

#[test]
fn whoever_has_one_has_what_it_leaves_now() {
    let house = peopled(Mode::Acquirer);
    make(&house, owner(), "R1", details(Role::Manager, NIGHT)).unwrap();
    // Neither more than it leaves, nor with another role.
    let more = given("R1", Role::Manager, shop("s1"), &[Right::FollowLoss]);
    assert!(matches!(
        invite(&house, 1, more),
        Err(Error::Unknown("custom_role_id"))
    ));
    let other = given("R1", Role::Cashier, shop("s1"), NIGHT);
    assert!(matches!(
        invite(&house, 1, other),
        Err(Error::Unknown("custom_role_id"))
    ));
    invite(&house, 1, given("R1", Role::Manager, shop("s1"), NIGHT)).unwrap();
    invite(&house, 2, given("R1", Role::Manager, shop("s1"), NIGHT)).unwrap();
    accept(&house, 1, "li.na").unwrap();
    assert_eq!(account(&house, "li.na").rights(), Rights::new(NIGHT));
    let less = details(Role::Manager, &[Right::ReportLoss]);
    narrow(&house, owner(), "R1", less).unwrap();
    let left = Rights::new(&[Right::ReportLoss]);
    assert_eq!(account(&house, "li.na").rights(), left);
    // Also of whoever was invited before.
    accept(&house, 2, "wang.wei").unwrap();
    assert_eq!(account(&house, "wang.wei").rights(), left);
    let event = house
        .events(domain::event::Subject::CustomRole, "R1")
        .pop()
        .unwrap();
    assert_eq!(event.verb, "change");
}

#[test]
fn one_that_somebody_has_stays_in_use() {
    let house = peopled(Mode::Acquirer);
    make(&house, owner(), "R1", details(Role::Manager, NIGHT)).unwrap();
    let retire =
        || house.try_write(|tx| step(tx, &owner(), "R1", Verb::Retire, None, |_: &mut CustomRole| ()));
    let offered =
        || house.read(|tx| actions(tx, &owner(), &store::row::by_id::<CustomRole>(tx, "R1")?.unwrap()));
    invite(&house, 1, given("R1", Role::Manager, shop("s1"), NIGHT)).unwrap();
    assert!(
        matches!(retire(), Err(Error::Against(Against::Given))),
        "somebody is invited"
    );
    accept(&house, 1, "li.na").unwrap();
    assert!(
        matches!(retire(), Err(Error::Against(Against::Given))),
        "somebody has it"
    );
    assert_eq!(offered(), [Verb::Change]);
    house
        .try_write(|tx| app::account::disable(tx, &owner(), "li.na"))
        .unwrap();
    assert_eq!(retire().unwrap().state, State::Retired);
    let given = given("R1", Role::Manager, shop("s1"), NIGHT);
    assert!(matches!(
        invite(&house, 2, given),
        Err(Error::Unknown("custom_role_id"))
    ));
}

#[test]
fn a_link_to_a_role_that_is_out_of_use_opens_nothing() {
    let house = peopled(Mode::Acquirer);
    make(&house, owner(), "R1", details(Role::Manager, NIGHT)).unwrap();
    invite(&house, 1, given("R1", Role::Manager, shop("s1"), NIGHT)).unwrap();
    house.write(|tx| {
        let mut role = store::row::by_id::<CustomRole>(tx, "R1")?.unwrap();
        role.state = State::Retired;
        store::row::update(tx, &role)
    });
    assert!(matches!(accept(&house, 1, "li.na"), Err(NotAccepted::Over)));
}

#[test]
fn nobody_gives_oneself_more_and_somebody_always_administers() {
    let house = peopled(Mode::Shop);
    let all = Rights::of(Role::Owner).iter().collect::<Vec<_>>();
    make(&house, owner(), "R1", details(Role::Owner, &all)).unwrap();
    let narrowed = given("R1", Role::Owner, Scope::Merchant(ours()), &all);
    invite(&house, 1, narrowed.clone()).unwrap();
    accept(&house, 1, "second").unwrap();
    let second = Actor::Person(Account {
        proof: domain::account::Proof::FRESH,
        ..account(&house, "second")
    });
    house
        .try_write(move |tx| app::account::disable(tx, &second, "owner"))
        .unwrap();
    // The only one left who administers has that role: it cannot be taken from it.
    let risk = risk_officer();
    let without = details(Role::Owner, &[Right::ReportLoss]);
    let last = narrow(&house, risk, "R1", without.clone());
    assert!(
        matches!(last, Err(Error::Against(Against::LastAdministrator))),
        "{last:?}"
    );
    assert_eq!(
        account(&house, "second").rights(),
        Rights::of(Role::Owner),
        "nothing is left half done"
    );
    // Nor is it one's own to change.
    let own = narrow(&house, Actor::Person(account(&house, "second")), "R1", without);
    assert!(matches!(own, Err(Error::NotAllowed)), "{own:?}");
}

#[test]
fn an_administrator_appoints_others_and_not_oneself() {
    let house = peopled(Mode::Acquirer);
    let admin = Account {
        login: "admin".into(),
        name: "admin".into(),
        role: Role::Administrator,
        scope: Scope::All,
        custom_role: None,
        proof: domain::account::Proof::FRESH,
    };
    let kept = admin.clone();
    house.write(move |tx| store::account::insert(tx, &kept, "hash"));
    let change = |login: &'static str, role| {
        let by = Actor::Person(admin.clone());
        let given = Given::whole(role, Scope::All);
        house.try_write(move |tx| app::account::change(tx, &by, login, login.into(), given))
    };
    let oneself = change("admin", Role::RiskOfficer);
    assert!(matches!(oneself, Err(Error::NotAllowed)), "{oneself:?}");
    assert_eq!(
        change("risk", Role::Operations).unwrap().account.role,
        Role::Operations
    );
    assert_eq!(
        change("risk", Role::RiskOfficer).unwrap().account.role,
        Role::RiskOfficer
    );
}
