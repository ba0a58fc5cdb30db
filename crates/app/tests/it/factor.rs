//! Second factors: what counts, what is taken once, and what ends with them.

use app::factor::{self, Error, Holder, New};
use app::session::{self, Entered};
use app::totp;
use domain::account::{Account, Proof, ProvedBy, Role, Scope};
use domain::event::Subject;
use domain::factor::{AWAITED_MS, Ask};
use domain::session::Begun;
use store::{Tx, factor as kept};

use crate::fixture::{House, ours, risk_officer};

const SECRET: &[u8] = b"12345678901234567890";
/// The token of the session in which factors are enrolled.
const HERE: [u8; 32] = [1; 32];

fn account(proof: Proof) -> Account {
    Account {
        login: "owner".into(),
        name: "Owner".into(),
        role: Role::Owner,
        scope: Scope::Merchant(ours()),
        custom_role: None,
        proof,
    }
}

fn house() -> House {
    let house = House::open();
    house.write(|tx| {
        store::account::insert(tx, &account(Proof::default()), "hash")?;
        session::begin(tx, &account(Proof::default()), begun(HERE))?;
        session::begin(tx, &account(Proof::default()), begun([2; 32]))
    });
    house
}

fn begun(token_digest: [u8; 32]) -> Begun {
    Begun {
        token_digest,
        session_id: format!("S{}", token_digest[0]),
        proved_by: ProvedBy::Password,
        network: None,
        browser: None,
    }
}

fn open(_: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    Some(sealed.to_vec())
}

fn new(digest: u8) -> New {
    New {
        factor_id: format!("F{digest}"),
        name: "phone".into(),
        code_digests: vec![[digest; 32], [digest + 1; 32]],
    }
}

fn here<T>(tx: &Tx<'_>, act: impl FnOnce(Holder<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let account = store::account::of_session(tx, &HERE)?.ok_or(Error::NotFound)?;
    act(Holder {
        account: &account,
        token_digest: &HERE,
    })
}

/// The code that is shown so many steps from now.
fn code(house: &House, steps: i64) -> String {
    totp::code(SECRET, house.now().0 / 30_000 + steps)
}

fn begin_codes(house: &House) {
    let begin = |tx: &Tx<'_>| {
        here(tx, |holder| {
            factor::begin(tx, holder, Ask::EnrolTotp, SECRET.to_vec())
        })
    };
    house.try_write(begin).unwrap();
}

fn enrol(house: &House, digest: u8) -> Result<bool, Error> {
    let shown = code(house, 0);
    house.try_write(move |tx| {
        here(tx, |holder| {
            factor::enrol_totp(tx, holder, new(digest), &shown, &open)
        })
    })
}

fn take(house: &House, shown: String) -> bool {
    house.write(move |tx| factor::take_totp(tx, "owner", &shown, &open))
}

fn verbs(house: &House) -> Vec<String> {
    let events = house.events(Subject::Account, "owner");
    events.into_iter().map(|event| event.verb).collect()
}

#[test]
fn what_was_begun_and_not_ended_is_no_factor() {
    let house = house();
    begin_codes(&house);
    let enter = |digest: u8| {
        house.write(move |tx| session::enter(tx, &account(Proof::default()), begun([digest; 32])))
    };
    assert_eq!(
        enter(3),
        Entered::Session,
        "an abandoned enrolment counts for nothing"
    );
    let wrong = code(&house, 40);
    let refused =
        house.try_write(move |tx| here(tx, |holder| factor::enrol_totp(tx, holder, new(7), &wrong, &open)));
    assert!(matches!(refused, Err(Error::WrongCode)));
    assert!(!house.read(|tx| kept::has(tx, "owner")));
    house.pass_ms(AWAITED_MS);
    assert!(matches!(enrol(&house, 7), Err(Error::NotAwaited)), "too late");
    begin_codes(&house);
    assert!(enrol(&house, 7).unwrap(), "with recovery codes");
    assert!(matches!(enrol(&house, 8), Err(Error::NotAwaited)), "once");
    // Every other session has ended, and the next one is begun with the factor only.
    assert!(
        house
            .read(|tx| store::account::of_session(tx, &[2; 32]))
            .is_none()
    );
    assert_eq!(enter(4), Entered::HalfWay);
    assert!(
        house
            .read(|tx| store::account::of_session(tx, &[4; 32]))
            .is_none()
    );
    assert_eq!(verbs(&house), ["enrol_totp"]);
}

#[test]
fn a_code_is_taken_once_the_one_of_the_enrolment_too() {
    let house = house();
    begin_codes(&house);
    let first = code(&house, 0);
    enrol(&house, 7).unwrap();
    assert!(!take(&house, first), "it was shown when it was enrolled");
    house.pass_ms(30_000);
    let next = code(&house, 0);
    let before = code(&house, -1);
    assert!(take(&house, next.clone()));
    assert!(
        !take(&house, next) && !take(&house, before),
        "neither again nor an older one"
    );
    house.pass_ms(30_000);
    assert!(take(&house, code(&house, 1)), "a clock that is early");
    assert!(!take(&house, code(&house, 0)));
}

#[test]
fn a_recovery_code_is_taken_once_and_an_event_says_how_many_are_left() {
    let house = house();
    let take = |digest: u8| house.write(move |tx| factor::take_code(tx, "owner", &[digest; 32]));
    begin_codes(&house);
    enrol(&house, 7).unwrap();
    assert!(take(7) && !take(7) && !take(9));
    assert_eq!(verbs(&house), ["enrol_totp", "use_recovery_code"]);
    let renew = |tx: &Tx<'_>| here(tx, |holder| factor::renew_codes(tx, holder, &[[9; 32]]));
    house.try_write(renew).unwrap();
    assert!(!take(8), "those before count no more");
    assert!(take(9));
}

#[test]
fn a_half_done_log_in_ends_with_the_account_its_password_and_its_time() {
    let house = house();
    begin_codes(&house);
    enrol(&house, 7).unwrap();
    let half = || house.write(|tx| session::enter(tx, &account(Proof::default()), begun([5; 32])));
    let finish = || {
        let second = Begun {
            proved_by: ProvedBy::SecondFactor,
            ..begun([6; 32])
        };
        house.write(move |tx| session::finish(tx, &[5; 32], second))
    };
    assert_eq!(half(), Entered::HalfWay);
    house.pass_ms(AWAITED_MS);
    assert!(finish().is_none(), "too late");
    half();
    house.write(|tx| app::account::reset_password(tx, domain::actor::By::outside("shell"), "owner", "other"));
    assert!(finish().is_none(), "another password");
    half();
    assert_eq!(finish().unwrap().login, "owner");
    assert!(finish().is_none(), "once");
    let proof = house
        .read(|tx| store::account::of_session(tx, &[6; 32]))
        .unwrap()
        .proof;
    assert_eq!(proof, Proof::FRESH);
    half();
    house
        .try_write(|tx| app::account::disable(tx, &risk_officer(), "owner"))
        .unwrap();
    assert!(finish().is_none(), "a disabled account");
    assert!(
        house
            .read(|tx| store::account::of_session(tx, &[6; 32]))
            .is_none()
    );
}

#[test]
fn a_password_alone_neither_removes_a_factor_nor_adds_one_beside_it() {
    let house = house();
    begin_codes(&house);
    enrol(&house, 7).unwrap();
    let proves = |by: ProvedBy| house.write(move |tx| session::prove(tx, &HERE, by));
    let remove = || house.try_write(|tx| here(tx, |holder| factor::remove(tx, holder, "F7")));
    let begin = || {
        house.try_write(|tx| {
            here(tx, |holder| {
                factor::begin(tx, holder, Ask::EnrolTotp, SECRET.to_vec())
            })
        })
    };
    proves(ProvedBy::Password);
    let step_up = |error| matches!(error, Err(Error::Case(app::case::Error::StepUpRequired)));
    assert!(step_up(remove()) && step_up(begin()));
    proves(ProvedBy::SecondFactor);
    begin().unwrap();
    remove().unwrap();
    assert!(!house.read(|tx| kept::has(tx, "owner")));
    assert_eq!(
        house.read(|tx| kept::codes_left(tx, "owner")),
        0,
        "the codes went with the last factor"
    );
    assert!(matches!(remove(), Err(Error::NotFound)));
}

#[test]
fn who_has_lost_every_factor_is_helped_by_whoever_may_give_the_account() {
    let house = house();
    begin_codes(&house);
    enrol(&house, 7).unwrap();
    let clear = |actor: domain::Actor| {
        house.try_write(move |tx| {
            app::account::clear_factors(tx, &actor, "owner", Some("lost phone, seen in person"))
        })
    };
    assert!(clear(crate::fixture::auditor()).is_err());
    clear(risk_officer()).unwrap();
    assert!(!house.read(|tx| kept::has(tx, "owner")));
    assert!(house.read(|tx| store::account::of_session(tx, &HERE)).is_none());
    assert_eq!(verbs(&house).last().unwrap(), "clear_factors");
}
