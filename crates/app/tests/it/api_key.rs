//! API keys: a program has what its key has now, and nothing that is people's.

use app::api_key::{New, NotMade};
use app::case::Error;
use domain::account::{Account, Person, Proof, Scope};
use domain::actor::{Actor, Kind};
use domain::api_key::{ApiKey, LASTS_MS_MAX, Machine, Shut, WORKING_MAX, at_most};
use domain::event::Subject;
use domain::merchant::Merchant;
use domain::right::{Right, Rights};
use domain::setting::Mode;

use crate::account::peopled;
use crate::fixture::{House, manager, ours, owner, risk_officer, stranger, terminal};

fn new(id: &str, scope: Scope, rights: &[Right]) -> New {
    New {
        api_key_id: id.into(),
        secret_digest: [7; 32],
        name: "ERP".into(),
        scope,
        rights: Rights::new(rights),
        ends_at: crate::fixture::START.plus_ms(LASTS_MS_MAX),
    }
}

fn make(house: &House, actor: Actor, new: New) -> Result<ApiKey, NotMade> {
    house.try_write(move |tx| app::api_key::create(tx, &actor, new))
}

fn opened(house: &House, id: &'static str) -> Result<Machine, Shut> {
    let opened = house.read(|tx| app::api_key::opened(tx, id, &[7; 32]));
    opened.map(|(machine, _)| machine)
}

/// The program that has a key of ours, with all that it may have.
fn program(house: &House) -> Actor {
    let scope = Scope::Merchant(ours());
    let rights: Vec<Right> = at_most(&scope).iter().collect();
    make(house, owner(), new("K1", scope, &rights)).unwrap();
    Actor::Machine(opened(house, "K1").unwrap())
}

#[test]
fn a_key_is_made_by_who_has_just_proved_it_with_at_most_the_own_rights() {
    let house = peopled(Mode::Acquirer);
    let of_ours = || new("K1", Scope::Merchant(ours()), &[Right::ReportLoss]);
    let Actor::Person(person) = owner() else { panic!() };
    let stale = Actor::Person(Account {
        proof: Proof::default(),
        ..person
    });
    let refused = |actor, new| make(&house, actor, new).unwrap_err();
    assert!(matches!(
        refused(stale, of_ours()),
        NotMade::Case(Error::StepUpRequired)
    ));
    for actor in [manager("s1"), stranger()] {
        assert!(matches!(
            refused(actor, of_ours()),
            NotMade::Case(Error::NotAllowed)
        ));
    }
    let of_house = new("K1", Scope::All, &[Right::ReportLoss]);
    assert!(matches!(
        refused(owner(), of_house),
        NotMade::Case(Error::NotAllowed)
    ));
    let of_people = new("K1", Scope::Merchant(ours()), &[Right::EndLoss]);
    assert!(matches!(
        refused(owner(), of_people),
        NotMade::Case(Error::NotAllowed)
    ));
    let nowhere = new("K1", Scope::Shop(ours(), "s99".into()), &[Right::ReportLoss]);
    assert!(matches!(
        refused(owner(), nowhere),
        NotMade::Case(Error::Unknown("shop_id"))
    ));
    for ends_at in [house.now(), house.now().plus_ms(LASTS_MS_MAX + 1)] {
        let new = New { ends_at, ..of_ours() };
        assert!(matches!(refused(owner(), new), NotMade::End));
    }
    let made = make(&house, owner(), of_ours()).unwrap();
    assert_eq!(
        (made.made_by.as_str(), made.secret_digest),
        ("owner", vec![7; 32])
    );
    assert!(matches!(
        refused(program_of(&house), new("K2", Scope::Merchant(ours()), &[])),
        NotMade::Case(Error::PersonRequired)
    ));
}

fn program_of(house: &House) -> Actor {
    Actor::Machine(opened(house, "K1").unwrap())
}

#[test]
fn a_place_has_so_many_keys_that_work() {
    let house = peopled(Mode::Acquirer);
    let number = |number: i64| new(&format!("N{number}"), Scope::Merchant(ours()), &[]);
    for at in 0..WORKING_MAX {
        make(&house, owner(), number(at)).unwrap();
    }
    let one_more = || make(&house, owner(), number(WORKING_MAX));
    assert!(matches!(one_more(), Err(NotMade::TooMany)));
    make(&house, owner(), new("S1", Scope::Shop(ours(), "s1".into()), &[])).unwrap();
    make(&house, risk_officer(), new("H1", Scope::All, &[])).unwrap();
    house.write(|tx| Ok(app::api_key::revoke(tx, &owner(), "N0", None).is_ok()));
    one_more().unwrap();
}

#[test]
fn a_program_stops_a_terminal_under_its_own_name_and_never_lets_it_trade_again() {
    let house = peopled(Mode::Acquirer);
    let program = program(&house);
    let incident = house.report(&program, terminal(1)).unwrap().incident;
    assert_eq!(incident.reported_by, "key:K1");
    let told = house.events(Subject::Incident, &incident.incident_id);
    assert_eq!(
        (told[0].actor_kind, told[0].actor.as_str()),
        (Kind::Machine, "key:K1")
    );
    let id = incident.incident_id;
    // Or its maker would be the first person by the key, and the second oneself.
    assert!(matches!(
        house.propose_found(&program, &id),
        Err(Error::PersonRequired)
    ));
    house.propose_found(&owner(), &id).unwrap();
    assert!(matches!(
        house.confirm_found(&program, &id),
        Err(Error::PersonRequired)
    ));
    house.confirm_found(&risk_officer(), &id).unwrap();
}

#[test]
fn a_key_outlasts_its_maker_and_has_no_right_while_its_place_is_retired() {
    let house = peopled(Mode::Acquirer);
    program(&house);
    let rights = |house: &House| opened(house, "K1").unwrap().rights;
    house.write(|tx| Ok(app::account::disable(tx, &risk_officer(), "owner").is_ok()));
    let maker: Person = house.read(|tx| store::row::by_id(tx, "owner")).unwrap();
    assert_eq!(maker.state, domain::account::State::Disabled);
    assert_eq!(rights(&house), at_most(&Scope::Merchant(ours())));
    let kept = house.read(|tx| store::merchant::get(tx, ours())).unwrap();
    let at = |state| Merchant {
        state,
        ..kept.clone()
    };
    let (retired, restored) = (
        at(domain::merchant::State::Retired),
        at(domain::merchant::State::Active),
    );
    house.write(move |tx| store::row::update(tx, &retired));
    assert_eq!(rights(&house), Rights::default());
    house.write(move |tx| store::row::update(tx, &restored));
    assert_eq!(rights(&house), at_most(&Scope::Merchant(ours())));
}

#[test]
fn a_key_opens_nothing_when_it_is_revoked_or_over() {
    let house = peopled(Mode::Acquirer);
    program(&house);
    make(&house, owner(), new("K2", Scope::Merchant(ours()), &[])).unwrap();
    assert_eq!(opened(&house, "K9"), Err(Shut::Unknown));
    let guessed = house.read(|tx| app::api_key::opened(tx, "K2", &[8; 32]));
    assert_eq!(guessed.err(), Some(Shut::AnotherSecret));
    let by = stranger();
    let revoked = house.try_write(move |tx| app::api_key::revoke(tx, &by, "K2", None));
    assert!(matches!(revoked, Err(Error::NotFound(Subject::ApiKey))));
    house.write(|tx| Ok(app::api_key::revoke(tx, &owner(), "K2", Some("found in a mail")).is_ok()));
    assert_eq!(opened(&house, "K2"), Err(Shut::Revoked));
    let told = house.events(Subject::ApiKey, "K2");
    let told: Vec<_> = told
        .iter()
        .map(|event| (event.verb.as_str(), event.actor.as_str(), event.text.as_deref()))
        .collect();
    assert_eq!(told[0], ("create", "owner", None));
    assert_eq!(told[1].0, "revoke");
    house.pass_ms(LASTS_MS_MAX - 1);
    assert!(opened(&house, "K1").is_ok());
    house.pass_ms(1);
    assert_eq!(opened(&house, "K1"), Err(Shut::Over));
}

#[test]
fn it_is_noted_once_a_minute_that_a_key_is_used_and_sooner_from_where_else() {
    let house = peopled(Mode::Acquirer);
    program(&house);
    let note = |from: &'static str| {
        house.write(move |tx| app::api_key::note(tx, "K1", Some(from)));
        let kept: ApiKey = house.read(|tx| store::row::by_id(tx, "K1")).unwrap();
        (kept.used_at.unwrap(), kept.used_from.unwrap())
    };
    let first = house.now();
    assert_eq!(note("192.0.2.7"), (first, "192.0.2.7".to_owned()));
    house.pass_ms(4_999);
    assert_eq!(note("192.0.2.8"), (first, "192.0.2.7".to_owned()));
    house.pass_ms(1);
    let second = house.now();
    assert_eq!(note("192.0.2.7"), (first, "192.0.2.7".to_owned()));
    assert_eq!(note("192.0.2.8"), (second, "192.0.2.8".to_owned()));
    house.pass_ms(59_999);
    assert_eq!(note("192.0.2.8"), (second, "192.0.2.8".to_owned()));
    house.pass_ms(1);
    assert_eq!(note("192.0.2.8"), (house.now(), "192.0.2.8".to_owned()));
}

#[test]
fn a_letter_says_which_key_reported_the_loss_whatever_it_is_called() {
    let house = peopled(Mode::Acquirer);
    let id = house.outside_terminal(6);
    let key = New {
        name: "owner".into(),
        ..new("7K2M9QWX", Scope::Merchant(ours()), &[Right::ReportLoss])
    };
    make(&house, owner(), key).unwrap();
    let program = Actor::Machine(opened(&house, "7K2M9QWX").unwrap());
    let incident = house.report(&program, id).unwrap().incident;
    let request = house.read(|tx| store::stop_request::get(tx, &incident.incident_id));
    let letter = request.unwrap().letter;
    for text in [letter.text_zh, letter.text_en] {
        assert!(text.contains("owner (tg_7K2M9QWX)"), "{text}");
    }
}
