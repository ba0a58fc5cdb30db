//! Estates that come as tables: staged beside the estate, taken over whole, and only as long as the estate is what it was.

use app::import::{NotDone, Place, place, stage_change, stage_new};
use app::terminal::{Changes, New as NewTerminal};
use domain::MerchantId;
use domain::actor::Actor;
use domain::event::Subject;
use domain::import::{Counts, Import, KEPT_MS, OPEN_MAX, OPEN_MS_MAX, Outcome, State};
use domain::merchant::Merchant;
use domain::shop::Verb as ShopVerb;
use domain::terminal::{Control, Status, Terminal};
use domain::work::{Id, Kind};
use store::node::Incarnation;

use crate::fixture::{House, NODE, built, ours, owner, risk_officer, stranger, terminal};

const NEW_MERCHANT: &str = "104520157120099";

fn new_merchant() -> MerchantId {
    MerchantId::parse(NEW_MERCHANT.as_bytes()).unwrap()
}

fn begin(house: &House, actor: &Actor, id: &str) -> Result<Import, NotDone> {
    let (actor, import_id) = (actor.clone(), id.to_owned());
    house.try_write(move |tx| {
        let new = app::import::New {
            import_id: import_id.clone(),
            file_name: "estate.xlsx".into(),
            has_gate: true,
        };
        app::import::begin(tx, &actor, new)?;
        Ok(app::import::uploaded(tx, &actor, &import_id)?)
    })
}

fn new(number: u32) -> NewTerminal {
    let mut terminal = Terminal {
        control: Control::Outside,
        ..built(terminal(number), ours(), "-", Status::Active)
    };
    terminal.bound.placement_address.clear();
    NewTerminal {
        terminal,
        master_key: None,
        has_gate: true,
    }
}

/// A shop that is not there yet, of a merchant that is not either.
fn elsewhere() -> Place {
    Place {
        shop_name: Some("北门店".into()),
        shop_address: Some("2 Test Road".into()),
        merchant_id: Some(new_merchant()),
        merchant_name: Some("新商户".into()),
        ..Place::default()
    }
}

fn in_shop(shop_id: &str) -> Place {
    Place {
        shop_id: Some(shop_id.into()),
        ..Place::default()
    }
}

/// Looks through an import whose lines are what `stage` does, and ends its work.
fn look_through(
    house: &House,
    id: &str,
    lines: i64,
    stage: impl Fn(&store::Tx<'_>, &mut Import, i64) -> Outcome + Send + 'static,
) -> Import {
    let id = id.to_owned();
    house.write(move |tx| {
        let who = Incarnation {
            node: NODE.into(),
            incarnation: 1,
        };
        let claimed = app::work::claim(tx, Kind::Import, &Kind::Import.policy(), &who, 1)?;
        let work = claimed
            .into_iter()
            .find(|work| work.id == Id::import(&id))
            .unwrap();
        assert!(app::import::cleared(tx, &work, 1_000)? || app::import::cleared(tx, &work, 1_000)?);
        let mut import = app::import::to_look_through(tx, &work)?.unwrap();
        import.counts.lines = lines;
        for number in 1..=lines {
            let outcome = stage(tx, &mut import, number);
            let line = store::import::Line {
                line: number,
                outcome,
                terminal_id: String::new(),
                serial: String::new(),
                name: String::new(),
                shop: String::new(),
                field: None,
                reason: None,
            };
            app::import::note(tx, &mut import, line)?;
        }
        app::import::advanced(tx, &work, import)
    })
}

fn add(
    tx: &store::Tx<'_>,
    actor: &Actor,
    import: &mut Import,
    line: i64,
    number: u32,
    at: &Place,
) -> Outcome {
    let shop = place(tx, actor, import, at, || {
        Ok::<_, app::import::NoPlace>(format!("new{line}"))
    })
    .unwrap();
    let new = new(number);
    let alike = store::terminal::alike(tx, new.terminal.terminal_id, &new.terminal.serial).unwrap();
    let at = app::terminal::Place {
        shop,
        credit_code: String::new(),
    };
    stage_new(tx, actor, import, line, (new, at), &alike).unwrap()
}

fn commit(house: &House, actor: &Actor, id: &str) -> Result<Import, NotDone> {
    let (actor, id) = (actor.clone(), id.to_owned());
    house.try_write(move |tx| app::import::commit(tx, &actor, &id))
}

fn kept(house: &House, number: u32) -> Option<Terminal> {
    house.read(|tx| store::terminal::get(tx, terminal(number)))
}

#[test]
fn what_was_staged_is_nowhere_until_it_is_taken_over_whole() {
    let house = House::open();
    begin(&house, &risk_officer(), "I1").unwrap();
    let checked = look_through(&house, "I1", 3, |tx, import, line| {
        let at = if line == 3 { in_shop("s1") } else { elsewhere() };
        add(tx, &risk_officer(), import, line, 200 + line as u32, &at)
    });
    let counts = checked.counts;
    assert_eq!((counts.added, counts.merchants, counts.shops), (3, 1, 1));
    assert_eq!(checked.state, State::Checked);
    let merchant = || house.read(|tx| store::row::by_id::<Merchant>(tx, NEW_MERCHANT));
    assert!(merchant().is_none() && kept(&house, 201).is_none());
    assert!(commit(&house, &owner(), "I1").is_err() && commit(&house, &stranger(), "I1").is_err());
    let done = commit(&house, &risk_officer(), "I1").unwrap();
    assert_eq!((done.state, done.ended_at), (State::Done, Some(house.now())));
    let added = kept(&house, 202).unwrap();
    assert_eq!(
        (added.bound.merchant_code, added.bound.placement_address.as_str()),
        (new_merchant(), "2 Test Road")
    );
    assert_eq!(kept(&house, 203).unwrap().shop_id, "s1");
    // As if each had been added by hand.
    for (subject, id) in [
        (Subject::Merchant, NEW_MERCHANT),
        (Subject::Shop, added.shop_id.as_str()),
        (Subject::Terminal, terminal(201).as_str()),
    ] {
        let events = house.events(subject, id);
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.sequence, event.verb.as_str(), event.actor.as_str()))
            .collect();
        assert_eq!(told, [(1, "create", risk_officer().name())], "{subject:?}");
    }
    assert!(matches!(
        commit(&house, &risk_officer(), "I1"),
        Err(NotDone::Case(app::case::Error::WrongState("done")))
    ));
}

/// Stages a change of terminal 1 and a new terminal 210 in `s2`, does something to the estate, and tries to take it over.
fn meanwhile(what: impl FnOnce(&House)) -> (House, Result<Import, NotDone>) {
    let house = House::open();
    begin(&house, &risk_officer(), "I1").unwrap();
    look_through(&house, "I1", 2, |tx, import, line| {
        if line == 2 {
            return add(tx, &risk_officer(), import, line, 210, &in_shop("s2"));
        }
        let serial = format!("SN{}", terminal(1));
        let alike = store::terminal::alike(tx, terminal(1), &serial).unwrap();
        let kept = app::import::meant(&risk_officer(), terminal(1), &serial, &alike).unwrap();
        let changes = Changes {
            name: Some("收银台".into()),
            ..Changes::default()
        };
        stage_change(tx, &risk_officer(), import, line, kept, changes).unwrap()
    });
    what(&house);
    let done = commit(&house, &risk_officer(), "I1");
    (house, done)
}

#[test]
fn a_change_is_written_with_what_is_another_and_the_key_stays() {
    let before: fn(&House) = |_| ();
    let (house, done) = meanwhile(before);
    assert_eq!(done.unwrap().state, State::Done);
    assert_eq!(kept(&house, 1).unwrap().name, "收银台");
    let events = house.events(Subject::Terminal, terminal(1).as_str());
    let last = events.last().unwrap();
    assert_eq!(
        (last.verb.as_str(), last.text.as_deref()),
        ("change", Some("name"))
    );
    assert_eq!(last.sequence, events.len() as i64);
    let door = house.read(|tx| store::terminal::door(tx, terminal(1))).unwrap();
    assert!(!door.master_key_sealed.is_empty());
}

#[test]
fn an_estate_that_has_changed_since_is_looked_through_again() {
    let change = |house: &House| {
        let changes = Changes {
            model: Some("P2".into()),
            ..Changes::default()
        };
        house
            .try_write(move |tx| app::terminal::change(tx, &risk_officer(), terminal(1), changes))
            .unwrap();
    };
    let add_id = |house: &House| {
        let mut new = new(210);
        new.terminal.shop_id = "s1".into();
        new.terminal.serial = "OTHER".into();
        house
            .try_write(move |tx| app::terminal::create(tx, &owner(), new))
            .unwrap();
    };
    let add_serial = |house: &House| {
        let mut new = new(211);
        new.terminal.shop_id = "s1".into();
        new.terminal.serial = format!("SN{}", terminal(210));
        house
            .try_write(move |tx| app::terminal::create(tx, &owner(), new))
            .unwrap();
    };
    let retire = |house: &House| {
        house.write(|tx| {
            let mut moved = store::terminal::get(tx, terminal(3))?.unwrap();
            moved.shop_id = "s1".into();
            store::row::update(tx, &moved)
        });
        let closed = house.try_write(|tx| {
            app::case::step::<domain::shop::Shop>(tx, &risk_officer(), "s2", ShopVerb::Retire, None, |_| ())
        });
        closed.unwrap();
    };
    for (name, what) in [
        ("changed", &change as &dyn Fn(&House)),
        ("same identifier", &add_id),
        ("same serial", &add_serial),
        ("shop retired", &retire),
    ] {
        let (house, done) = meanwhile(what);
        assert!(matches!(done, Err(NotDone::Outdated)), "{name} {done:?}");
        assert_ne!(kept(&house, 1).unwrap().name, "收银台", "{name}");
        let again = house
            .try_write(|tx| app::import::check_again(tx, &risk_officer(), "I1"))
            .unwrap();
        assert_eq!((again.state, again.counts), (State::Checking, Counts::default()));
        let checked = look_through(&house, "I1", 1, |tx, import, line| {
            add(tx, &risk_officer(), import, line, 220, &in_shop("s1"))
        });
        assert_eq!(checked.counts.added, 1);
        commit(&house, &risk_officer(), "I1").unwrap();
        assert!(kept(&house, 220).is_some(), "{name}");
        let stale = kept(&house, 210).is_some_and(|kept| kept.shop_id == "s2");
        assert!(!stale, "{name}: what was staged before was taken over");
    }
}

#[test]
fn only_whoever_adds_terminals_brings_an_estate_and_not_many_at_once() {
    let house = House::open();
    for actor in [
        crate::fixture::manager("s1"),
        crate::fixture::auditor(),
        Actor::Node("n".into()),
    ] {
        assert!(matches!(
            begin(&house, &actor, "I0"),
            Err(NotDone::Case(app::case::Error::NotAllowed))
        ));
    }
    for number in 0..OPEN_MAX {
        begin(&house, &owner(), &format!("I{number}")).unwrap();
    }
    assert!(matches!(begin(&house, &owner(), "I9"), Err(NotDone::TooMany)));
    begin(&house, &stranger(), "I8").unwrap();
    let discard = |house: &House| house.try_write(|tx| app::import::discard(tx, &owner(), "I0"));
    discard(&house).unwrap();
    assert_eq!(house.read(|tx| store::work::get(tx, &Id::import("I0"))), None);
    begin(&house, &owner(), "I9").unwrap();
    // One's own merchant is meant where none is said; another's does not exist.
    let wrong = house.try_write(|tx| {
        let mut import: Import = store::row::by_id(tx, "I9")?.unwrap();
        let place_it = |import: &mut Import, merchant_id| {
            let said = Place {
                merchant_id,
                ..elsewhere()
            };
            place(tx, &owner(), import, &said, || {
                Ok::<_, app::import::NoPlace>("n1".into())
            })
        };
        let foreign = place_it(&mut import, Some(new_merchant()));
        assert!(matches!(
            foreign,
            Err(app::import::NoPlace::Case(app::case::Error::Unknown(
                "merchant_id"
            )))
        ));
        Ok::<_, store::Error>(place_it(&mut import, None).unwrap().merchant_id)
    });
    assert_eq!(wrong.unwrap(), ours());
}

#[test]
fn what_nobody_commits_is_given_up_and_what_ended_is_forgotten() {
    let house = House::open();
    begin(&house, &owner(), "I1").unwrap();
    look_through(&house, "I1", 2, |tx, import, line| {
        add(tx, &owner(), import, line, 230 + line as u32, &in_shop("s1"))
    });
    house.write(|tx| store::import::put_file(tx, "I1", 0, &[1]));
    let forget = || house.write(|tx| app::import::forget(tx, 1));
    assert_eq!(forget(), 0);
    house.pass_ms(OPEN_MS_MAX + 1);
    while forget() > 0 {}
    let import = || house.read(|tx| store::row::by_id::<Import>(tx, "I1"));
    assert_eq!(import().unwrap().state, State::Discarded);
    assert_eq!(house.read(|tx| store::import::file(tx, "I1", 0)), None);
    let lines = house.read(|tx| store::import::lines(tx, "I1", None, 0, 10));
    assert!(lines.is_empty());
    assert!(commit(&house, &owner(), "I1").is_err());
    house.pass_ms(KEPT_MS + 1);
    while forget() > 0 {}
    assert_eq!(import(), None);
}
