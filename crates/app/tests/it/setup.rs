//! The first run, the settings it leaves, and passwords reset from a shell.

use app::setup::{self, First};
use domain::account::{Proof, Role, Scope};
use domain::actor::By;
use domain::event::Subject;
use domain::money::Currency;
use domain::session::Session;
use domain::setting::{Language, Mode, Settings};
use domain::{MerchantId, Timestamp};
use store::Error;

use crate::fixture::{House, auditor, owner, risk_officer};

fn first(mode: Mode, login: &str) -> First {
    let merchant_id = MerchantId::parse(login.as_bytes()).unwrap();
    First {
        email: None,
        settings: Settings::new(mode, Language::English, "Europe/London", Currency(826)),
        merchant: (mode == Mode::Shop).then(|| (merchant_id, "A shop".to_owned())),
        login: login.to_owned(),
        name: "A person".to_owned(),
        password_hash: "hash".to_owned(),
    }
}

#[test]
fn a_house_is_set_up_once_with_who_administers_it() {
    for (mode, role) in [(Mode::Shop, Role::Owner), (Mode::Acquirer, Role::RiskOfficer)] {
        let house = House::empty();
        assert!(!house.read(store::account::exists));
        assert_eq!(house.read(store::setting::get), None);
        let account = house
            .try_write(move |tx| setup::set_up(tx, first(mode, "first")))
            .unwrap();
        let merchant_id = MerchantId::parse(b"first");
        let scope = match mode {
            Mode::Shop => Scope::Merchant(merchant_id.unwrap()),
            Mode::Acquirer => Scope::All,
        };
        assert_eq!((account.role, &account.scope), (role, &scope));
        let settings = house.read(store::setting::get).unwrap();
        assert_eq!(
            (settings.mode, settings.time_zone.as_str()),
            (mode, "Europe/London")
        );
        assert!(settings.administered_by(&domain::Actor::Person(account)));
        for other in [Mode::Shop, Mode::Acquirer] {
            let again = house.try_write(move |tx| setup::set_up(tx, first(other, "second")));
            assert!(matches!(again, Err(setup::Error::Done)));
        }
        assert_eq!(house.read(|tx| store::account::list(tx, "", 9)).len(), 1);
        assert_eq!(
            house.read(|tx| store::merchant::get(tx, MerchantId::parse(b"second").unwrap())),
            None
        );
        assert_eq!(house.events(Subject::Setting, "house").len(), 1);
        assert_eq!(house.events(Subject::Account, "first").len(), 1);
    }
}

#[test]
fn an_estate_that_was_filled_has_settings_and_is_never_set_up() {
    let house = House::open();
    house.write(|tx| {
        let person = domain::account::Account {
            login: "risk".into(),
            name: "Risk".into(),
            role: Role::RiskOfficer,
            scope: Scope::All,
            custom_role: None,
            proof: Proof::default(),
        };
        let accounts = vec![(person, "hash".to_owned())];
        app::estate::fill(
            tx,
            &app::estate::Estate {
                accounts,
                ..Default::default()
            },
        )
    });
    assert_eq!(house.read(store::setting::get), Some(Settings::unasked()));
    let late = house.try_write(|tx| setup::set_up(tx, first(Mode::Shop, "late")));
    assert!(matches!(late, Err(setup::Error::Done)));
}

#[test]
fn only_who_administers_changes_the_settings_and_the_change_is_told_without_its_secret() {
    let house = House::open();
    house.write(|tx| store::setting::insert(tx, &Settings::unasked()));
    let changes = || app::setting::Changes {
        smtp_url_sealed: Some(Some(b"sealed".to_vec())),
        language: Some(Language::Chinese),
        ..Default::default()
    };
    for other in [owner(), auditor()] {
        let refused = house.try_write(move |tx| app::setting::change(tx, &other, changes()));
        assert!(matches!(refused, Err(app::case::Error::NotAllowed)));
    }
    let now = house
        .try_write(move |tx| app::setting::change(tx, &risk_officer(), changes()))
        .unwrap();
    assert_eq!(now.smtp_url_sealed.as_deref(), Some(&b"sealed"[..]));
    assert_eq!(house.read(store::setting::get), Some(now));
    // What is as it was is no change, and no event.
    let nothing = app::setting::Changes {
        language: Some(Language::Chinese),
        ..Default::default()
    };
    house
        .try_write(move |tx| app::setting::change(tx, &risk_officer(), nothing))
        .unwrap();
    let events = house.events(Subject::Setting, "house");
    let told: Vec<_> = events.iter().map(|event| event.text.as_deref()).collect();
    assert_eq!(told, [Some("smtp_url")]);
}

#[test]
fn with_a_password_its_sessions_end_and_nobody_elses() {
    let house = House::empty();
    house
        .try_write(|tx| setup::set_up(tx, first(Mode::Acquirer, "one")))
        .unwrap();
    house.write(|tx| {
        let person = domain::account::Account {
            login: "two".into(),
            name: "Two".into(),
            role: Role::Auditor,
            scope: Scope::All,
            custom_role: None,
            proof: Proof::default(),
        };
        store::account::insert(tx, &person, "hash")?;
        let ends_at = Timestamp(i64::MAX);
        store::session::insert(tx, &Session::new(&[1; 32], "one", tx.now(), ends_at))?;
        store::session::insert(tx, &Session::new(&[2; 32], "two", tx.now(), ends_at))
    });
    let reset = |login: &'static str| {
        house.write(move |tx| app::account::reset_password(tx, By::outside("shell"), login, "other"))
    };
    assert!(!reset("nobody"));
    assert!(reset("one"));
    let session = |digest: [u8; 32]| house.read(move |tx| store::account::of_session(tx, &digest));
    assert_eq!(session([1; 32]), None);
    assert!(session([2; 32]).is_some());
    let hash = |login: &'static str| house.read(move |tx| store::account::get(tx, login)).unwrap().1;
    assert_eq!((hash("one"), hash("two")), ("other".into(), "hash".into()));
    let verbs: Vec<_> = house
        .events(Subject::Account, "one")
        .into_iter()
        .map(|event| (event.verb, event.actor))
        .collect();
    assert_eq!(verbs[1], ("reset_password".into(), "shell".into()));
}

/// The second one has looked before the first one has committed, so that only the row of the settings keeps them apart.
#[test]
fn of_two_first_accounts_that_overlap_one_is_made() {
    if !crate::IS_SHARED {
        // Its one writer does one after the other.
        return;
    }
    let house = House::empty();
    let other = house.another_store();
    let (reach, reached) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (tell, told) = std::sync::mpsc::channel();
    let tell_two = tell.clone();
    house.store().submit(
        move |tx| {
            let account = setup::set_up(tx, first(Mode::Shop, "one"));
            reach.send(()).unwrap();
            wait.recv().unwrap();
            account
        },
        move |done| tell.send(done.map(|account| account.login)).unwrap(),
    );
    reached.recv().unwrap();
    other.submit(
        |tx| setup::set_up(tx, first(Mode::Acquirer, "two")),
        move |done| tell_two.send(done.map(|account| account.login)).unwrap(),
    );
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !house.somebody_waits_for_a_lock() {
        assert!(std::time::Instant::now() < deadline, "nobody waits");
        std::thread::yield_now();
    }
    go.send(()).unwrap();
    let mut both = [told.recv().unwrap(), told.recv().unwrap()];
    both.sort_by_key(Result::is_err);
    assert!(
        matches!(&both, [Ok(login), Err(setup::Error::Done)] if login == "one"),
        "{both:?}"
    );
    let accounts: Result<Vec<_>, Error> = house.store().read(|tx| store::account::list(tx, "", 9));
    assert_eq!(accounts.unwrap().len(), 1);
}
