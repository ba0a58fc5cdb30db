//! Registrations: nothing counts before it is confirmed, nobody is asked twice about the same, and nobody decides alone about what no
//! provider has found to be the same.

use app::case::Error;
use app::registration::{Asked, Fresh, NotDone, NotTaken, Seen};
use domain::account::{Account, Role, Scope};
use domain::actor::Actor;
use domain::event::Subject;
use domain::registration::{
    About, Because, CODE_LASTS_MS, CONFIRMED_A_DAY_MAX, Checked, Field, KEPT_MS, Kind, OPEN_OF_EMAIL_MAX,
    OPEN_OF_PAIR_MAX, Outcome, Provider, Registration, SENT_MAX, Said, State, WRONG_CODES_MAX, read,
};
use domain::setting::{Language, Mode, Settings};
use domain::work::{CLEAN_UP_EVERY_MS, CleanUp, Id, Kind as WorkKind, Work};
use domain::{MerchantId, Timestamp};
use store::node::Incarnation;

use crate::account::peopled;
use crate::fixture::{House, NODE, auditor, owner, risk_officer};

const FROM: &str = "192.0.2.1";
const CODE: [u8; 32] = [9; 32];

/// An acquirer's house that takes registrations and has a provider.
pub fn open() -> House {
    let house = peopled(Mode::Acquirer);
    set(&house, |settings| {
        settings.takes_registrations = true;
        settings.smtp_url_sealed = Some(vec![1]);
        settings.mail_from = Some("house@acquirer.example".into());
        settings.identity_provider = Some(Provider::Aliyun);
        settings.identity_key_sealed = Some(vec![2]);
    });
    house
}

fn set(house: &House, change: impl FnOnce(&mut Settings) + Send + 'static) {
    house.write(move |tx| {
        let mut settings = store::setting::lock(tx)?.unwrap();
        change(&mut settings);
        store::setting::update(tx, &settings)
    });
}

fn said(login: &str) -> Said {
    Said {
        kind: Kind::Individual,
        business_name: "测试小吃店".into(),
        credit_code: "92110101MA0TXXX2XP".into(),
        person_name: "测试甲".into(),
        identity_number: "110101180001010015".into(),
        mobile: "+8613800138000".into(),
        login: login.into(),
    }
}

fn id(of: u8) -> String {
    format!("REG{of:05}")
}

fn ask_from(house: &House, of: u8, email: &str, from: &str) -> Result<(), NotTaken> {
    let fresh = Fresh {
        registration_id: id(of),
        token_digest: [of; 32],
        code_digest: CODE,
        code_sealed: vec![of],
    };
    let asked = Asked {
        said: said("shop"),
        email: email.into(),
        password_hash: "hash of shop".into(),
        language: Language::English,
        consents_to: Some(Provider::Aliyun),
        from: from.into(),
    };
    house.try_write(move |tx| app::registration::ask(tx, fresh, asked))
}

/// As if the applicant had ticked that.
fn consents(house: &House, of: u8, to: Option<Provider>) {
    let it = Registration {
        consents_to: to,
        ..kept(house, of).unwrap()
    };
    house.write(move |tx| store::row::update(tx, &it));
}

fn ask(house: &House, of: u8) {
    ask_from(house, of, "li.na@shop.example", FROM).unwrap();
}

fn confirm_with(house: &House, of: u8, code: [u8; 32]) -> Result<Registration, NotDone> {
    house.write(move |tx| app::registration::confirm(tx, &[of; 32], &code))
}

pub fn confirmed(house: &House, of: u8) -> Registration {
    ask(house, of);
    confirm_with(house, of, CODE).unwrap()
}

fn kept(house: &House, of: u8) -> Option<Registration> {
    house.read(|tx| store::row::by_id(tx, &id(of)))
}

fn mails(house: &House) -> Vec<String> {
    let filter = store::work::Filter {
        kind: Some(WorkKind::RegistrationMail),
        state: None,
    };
    let waiting = house.read(|tx| store::work::list(tx, filter, None, 99));
    waiting.iter().map(|work| work.id.as_str().to_owned()).collect()
}

fn claim(house: &House) -> Option<Work> {
    let who = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    let kind = WorkKind::RegistrationCheck;
    let policy = kind.policy();
    house
        .write(move |tx| app::work::claim(tx, kind, &policy, &who, 1))
        .pop()
}

fn next(house: &House, work: &Work) -> Option<About> {
    let work = work.clone();
    let next = house.write(move |tx| app::registration::next_question(tx, &work, NODE));
    next.map(|asking| asking.about)
}

fn answer(house: &House, work: &Work, about: About, checked: Checked) {
    let work = work.clone();
    house.write(move |tx| app::registration::answered(tx, &work, about, checked));
}

/// Checks the registration that waits, a provider saying that of the person and of the business.
fn checked(house: &House, person: Outcome, company: Outcome) -> usize {
    let work = claim(house).unwrap();
    let mut asked = 0;
    while let Some(about) = next(house, &work) {
        asked += 1;
        let outcome = match about {
            About::Person => person,
            About::Company => company,
        };
        answer(house, &work, about, Checked::told(outcome));
    }
    asked
}

fn paid(house: &House) -> i64 {
    house.read(store::registration::paid)
}

fn send(house: &House, of: u8, corrected: Said) -> Result<Registration, NotDone> {
    send_to(house, of, corrected, Some(Provider::Aliyun))
}

fn send_to(house: &House, of: u8, corrected: Said, to: Option<Provider>) -> Result<Registration, NotDone> {
    house.try_write(move |tx| app::registration::send(tx, &[of; 32], corrected, to))
}

/// Another of the house, who signs merchants on too.
fn officer(login: &str) -> Actor {
    match risk_officer() {
        Actor::Person(account) => Actor::Person(Account {
            login: login.into(),
            role: Role::Operations,
            ..account
        }),
        other => other,
    }
}

fn approve(house: &House, of: u8, actor: Actor) -> Result<Registration, Error> {
    approve_until(house, of, actor, None)
}

fn approve_until(
    house: &House,
    of: u8,
    actor: Actor,
    until: Option<Timestamp>,
) -> Result<Registration, Error> {
    let seen = Seen {
        documents: vec!["ab".repeat(32), "cd".repeat(32)],
        until,
        reason: "Both sides of the card and the licence seen".into(),
    };
    house.try_write(move |tx| app::registration::approve(tx, &actor, &id(of), seen))
}

fn accept(house: &House, of: u8, actor: Actor) -> Result<Registration, Error> {
    let merchant_id = MerchantId::parse(b"NEWMERCH").unwrap();
    house.try_write(move |tx| app::registration::accept(tx, &actor, &id(of), merchant_id))
}

fn clean_up(house: &House) {
    house.write(|tx| app::work::enqueue(tx, Id::clean_up(CleanUp::Registrations), tx.now()));
    let who = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    let kind = WorkKind::CleanUp;
    let policy = kind.policy();
    let claimed = house.write(move |tx| app::work::claim(tx, kind, &policy, &who, 9));
    for work in claimed {
        house.write(move |tx| app::clean_up::run(tx, &work));
    }
}

#[test]
fn a_house_takes_registrations_only_where_it_wants_to_and_can_send_mails() {
    let house = open();
    for change in [
        (|settings: &mut Settings| settings.takes_registrations = false) as fn(&mut Settings),
        |settings| settings.smtp_url_sealed = None,
        |settings| settings.mode = Mode::Shop,
    ] {
        let before = house.read(store::setting::get).unwrap();
        set(&house, change);
        let refused = ask_from(&house, 1, "li.na@shop.example", FROM);
        assert!(matches!(refused, Err(NotTaken::Closed)), "{refused:?}");
        house.write(move |tx| store::setting::update(tx, &before));
    }
    ask(&house, 1);
    // It was closed since: the code that is right opens nothing.
    set(&house, |settings| settings.takes_registrations = false);
    assert!(matches!(confirm_with(&house, 1, CODE), Err(NotDone::Closed)));
}

#[test]
fn what_nobody_confirmed_costs_nothing_is_shown_to_nobody_and_is_forgotten() {
    let house = open();
    ask(&house, 1);
    assert_eq!(mails(&house), ["registration_mail.REG00001.0"]);
    assert!(claim(&house).is_none() && house.events(Subject::Registration, &id(1)).is_empty());
    let found = house.try_write(|tx| app::case::find::<Registration>(tx, &risk_officer(), &id(1)));
    assert!(matches!(found, Err(Error::NotFound(_))));
    assert!(
        house
            .read(|tx| store::registration::list(tx, None, None, 9))
            .is_empty()
    );
    house.pass_ms(CODE_LASTS_MS - 1);
    clean_up(&house);
    assert!(kept(&house, 1).is_some());
    house.pass_ms(1);
    assert!(matches!(confirm_with(&house, 1, CODE), Err(NotDone::Over)));
    house.pass_ms(CLEAN_UP_EVERY_MS);
    clean_up(&house);
    assert_eq!((kept(&house, 1), paid(&house)), (None, 0));
}

#[test]
fn one_mailbox_gets_no_more_than_a_few_mails_and_no_stranger_uses_up_those_of_another_address() {
    let house = open();
    let count = |of: u8, from: &str| {
        ask_from(&house, of, "li.na@shop.example", from).unwrap();
        mails(&house).len() as i64
    };
    for of in 1..=OPEN_OF_PAIR_MAX as u8 {
        assert_eq!(count(of, FROM), i64::from(of));
    }
    assert_eq!(count(20, FROM), OPEN_OF_PAIR_MAX);
    // From elsewhere it still goes out, up to all that may be sent there.
    assert_eq!(count(21, "192.0.2.2"), OPEN_OF_PAIR_MAX + 1);
    // Nor does whoever goes on from one address use up what others may have sent there.
    for of in 22..32 {
        assert_eq!(count(of, FROM), OPEN_OF_PAIR_MAX + 1);
    }
    assert_eq!(count(32, "192.0.2.3"), OPEN_OF_PAIR_MAX + 2);
    for of in 33..50 {
        count(of, &format!("198.51.100.{of}"));
    }
    assert_eq!(mails(&house).len() as i64, OPEN_OF_EMAIL_MAX);
    // Another mailbox has its own.
    ask_from(&house, 60, "wang@shop.example", FROM).unwrap();
    assert!(mails(&house).contains(&"registration_mail.REG00060.0".to_owned()));
    house.pass_ms(CODE_LASTS_MS);
    ask(&house, 61);
    assert!(mails(&house).contains(&"registration_mail.REG00061.0".to_owned()));
}

#[test]
fn the_right_code_works_with_its_own_token_and_after_a_few_wrong_ones_no_more() {
    let house = open();
    ask(&house, 1);
    assert!(matches!(confirm_with(&house, 2, CODE), Err(NotDone::Over)));
    assert!(matches!(
        confirm_with(&house, 1, [8; 32]),
        Err(NotDone::WrongCode)
    ));
    let it = confirm_with(&house, 1, CODE).unwrap();
    assert_eq!(
        (it.state, it.sent_count, it.made_from.as_str()),
        (State::Checking, 1, "")
    );
    // The answer was lost: the same again is the same, and another code is not.
    assert_eq!(confirm_with(&house, 1, CODE).unwrap(), it);
    assert!(confirm_with(&house, 1, [8; 32]).is_err());
    let told = house.events(Subject::Registration, &id(1));
    assert_eq!((told.len(), told[0].actor.as_str()), (1, "applicant"));
    ask(&house, 3);
    for _ in 0..WRONG_CODES_MAX {
        assert!(matches!(
            confirm_with(&house, 3, [8; 32]),
            Err(NotDone::WrongCode)
        ));
    }
    assert!(matches!(confirm_with(&house, 3, CODE), Err(NotDone::WrongCode)));
}

#[test]
fn a_second_one_from_the_same_mailbox_takes_the_place_of_the_first_and_there_are_few_a_day() {
    let house = open();
    confirmed(&house, 1);
    checked(&house, Outcome::Down, Outcome::Same);
    confirmed(&house, 2);
    assert_eq!(kept(&house, 1).unwrap().state, State::Withdrawn);
    let told = house.events(Subject::Registration, &id(1)).pop().unwrap();
    assert_eq!(told.text.as_deref(), Some("REG00002 took its place"));
    for of in 3..=CONFIRMED_A_DAY_MAX as u8 {
        confirmed(&house, of);
    }
    ask(&house, 90);
    assert!(matches!(confirm_with(&house, 90, CODE), Err(NotDone::TooMany)));
    house.pass_ms(24 * 3_600_000);
    confirmed(&house, 91);
}

#[test]
fn nobody_is_asked_again_about_what_was_lost_on_its_way() {
    let house = open();
    confirmed(&house, 1);
    let first = claim(&house).unwrap();
    assert_eq!(next(&house, &first), Some(About::Person));
    assert_eq!(paid(&house), 1);
    // The node is killed here, and another one takes the work over.
    house.pass_ms(WorkKind::RegistrationCheck.policy().claim_ms);
    let second = claim(&house).unwrap();
    assert_eq!(next(&house, &second), Some(About::Company));
    // The first was only slow: what it heard comes too late.
    answer(&house, &first, About::Person, Checked::told(Outcome::Same));
    answer(&house, &second, About::Company, Checked::told(Outcome::Same));
    assert_eq!(next(&house, &second), None);
    let it = kept(&house, 1).unwrap();
    assert_eq!(
        (it.state, it.person_outcome, it.person_because),
        (State::Review, Some(Outcome::Down), Some(Because::NoAnswer))
    );
    assert_eq!((paid(&house), it.is_all_same()), (2, false));
    assert!(claim(&house).is_none());
    let told = house.events(Subject::Registration, &id(1)).pop().unwrap();
    assert_eq!(
        told.text.as_deref(),
        Some("person: down (no_answer), company: same")
    );
}

#[test]
fn what_was_heard_of_what_was_said_before_stands_for_nothing_that_is_said_now() {
    let house = open();
    confirmed(&house, 1);
    let slow = claim(&house).unwrap();
    assert_eq!(next(&house, &slow), Some(About::Person));
    // The node is slow: another one takes over, and the business is given back.
    house.pass_ms(WorkKind::RegistrationCheck.policy().claim_ms);
    let second = claim(&house).unwrap();
    assert_eq!(next(&house, &second), Some(About::Company));
    answer(&house, &second, About::Company, Checked::told(Outcome::Same));
    assert_eq!(next(&house, &second), None);
    let back = |tx: &store::Tx<'_>| {
        app::registration::give_back(tx, &risk_officer(), &id(1), &[Field::PersonName], "another name")
    };
    house.try_write(back).unwrap();
    let another = Said {
        person_name: "测试乙".into(),
        ..said("shop")
    };
    send(&house, 1, another).unwrap();
    let third = claim(&house).unwrap();
    assert_eq!(next(&house, &third), Some(About::Person));
    // What the slow one hears now was said of the name before, and neither stands for the new one nor takes back what is asked of it.
    answer(&house, &slow, About::Person, Checked::told(Outcome::Same));
    assert_eq!(kept(&house, 1).unwrap().person_outcome, None);
    let claimed = slow.clone();
    house.write(move |tx| app::registration::unasked(tx, &claimed, About::Person, None));
    assert!(kept(&house, 1).unwrap().person_asked_at.is_some());
    assert_eq!((next(&house, &slow), paid(&house)), (None, 3));
    answer(&house, &third, About::Person, Checked::told(Outcome::Differs));
    assert_eq!(next(&house, &third), None);
    let it = kept(&house, 1).unwrap();
    assert_eq!(
        (it.state, it.person_outcome),
        (State::Returned, Some(Outcome::Differs))
    );
}

#[test]
fn a_consent_is_given_anew_with_each_correction_or_nobody_is_asked() {
    let house = open();
    confirmed(&house, 1);
    assert_eq!(checked(&house, Outcome::Differs, Outcome::Same), 1);
    let another = || Said {
        person_name: "测试乙".into(),
        ..said("shop")
    };
    // The first one's consent is not the other one's.
    assert_eq!(send_to(&house, 1, another(), None).unwrap().consents_to, None);
    assert_eq!(checked(&house, Outcome::Same, Outcome::Same), 0);
    let it = kept(&house, 1).unwrap();
    assert_eq!(
        (it.state, it.person_because),
        (State::Review, Some(Because::NoConsent))
    );
    let back = |tx: &store::Tx<'_>| {
        app::registration::give_back(tx, &risk_officer(), &id(1), &[Field::PersonName], "look again")
    };
    house.try_write(back).unwrap();
    // Given later, it counts.
    send(&house, 1, another()).unwrap();
    assert_eq!(checked(&house, Outcome::Same, Outcome::Same), 2);
    assert!(kept(&house, 1).unwrap().is_all_same());
}

#[test]
fn what_was_surely_not_sent_is_asked_again_and_costs_once() {
    let house = open();
    confirmed(&house, 1);
    let work = claim(&house).unwrap();
    assert_eq!(next(&house, &work), Some(About::Person));
    let claimed = work.clone();
    house.write(move |tx| app::registration::unasked(tx, &claimed, About::Person, None));
    let it = kept(&house, 1).unwrap();
    assert_eq!((it.person_asked_at, it.provider), (None, None));
    assert_eq!((paid(&house), next(&house, &work)), (0, Some(About::Person)));
    assert_eq!(paid(&house), 1);
}

#[test]
fn what_is_never_asked_is_not_shown_as_asked_and_taken_out_of_the_day_it_was_counted_in() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let house = open();
    house.pass_ms(DAY_MS - 1_000 - house.now().0.rem_euclid(DAY_MS));
    confirmed(&house, 1);
    let work = claim(&house).unwrap();
    assert_eq!(next(&house, &work), Some(About::Person));
    house.pass_ms(2_000);
    ask_from(&house, 2, "wang@shop.example", FROM).unwrap();
    confirm_with(&house, 2, CODE).unwrap();
    let other = claim(&house).unwrap();
    assert_eq!(next(&house, &other), Some(About::Person));
    let never = Checked::because(Outcome::CannotTell, Because::NotTaken);
    house.write(move |tx| app::registration::unasked(tx, &work, About::Person, Some(never)));
    let it = kept(&house, 1).unwrap();
    assert_eq!(
        (
            it.person_asked_at,
            it.person_outcome,
            it.person_because,
            it.provider
        ),
        (None, Some(Outcome::CannotTell), Some(Because::NotTaken), None)
    );
    // Of today: the other's.
    assert_eq!(paid(&house), 1);
}

#[test]
fn who_was_asked_is_forgotten_with_what_was_found() {
    let house = open();
    confirmed(&house, 1);
    checked(&house, Outcome::Down, Outcome::Down);
    assert_eq!(kept(&house, 1).unwrap().provider, Some(Provider::Aliyun));
    let back = |tx: &store::Tx<'_>| {
        app::registration::give_back(tx, &risk_officer(), &id(1), &[Field::Login], "another one")
    };
    house.try_write(back).unwrap();
    set(&house, |settings| settings.identity_provider = None);
    send(&house, 1, said("shop.2")).unwrap();
    assert_eq!(checked(&house, Outcome::Same, Outcome::Same), 0);
    let it = kept(&house, 1).unwrap();
    assert_eq!(
        (it.person_because, it.provider),
        (Some(Because::NoProvider), None)
    );
}

#[test]
fn a_mailbox_that_confirms_many_at_once_confirms_as_few_a_day() {
    let house = open();
    let all: Vec<u8> = (1..=12).collect();
    for of in &all {
        ask(&house, *of);
    }
    let at_once = std::sync::Barrier::new(all.len());
    let done = std::thread::scope(|scope| {
        let confirming: Vec<_> = all
            .iter()
            .map(|of| {
                scope.spawn(|| {
                    at_once.wait();
                    confirm_with(&house, *of, CODE).is_ok()
                })
            })
            .collect();
        let done = confirming.into_iter().map(|one| one.join().unwrap());
        done.filter(|is_done| *is_done).count() as i64
    });
    assert_eq!(done, CONFIRMED_A_DAY_MAX);
}

#[test]
fn without_a_provider_or_beyond_the_days_limit_people_decide() {
    let house = open();
    set(&house, |settings| settings.identity_daily_limit = 1);
    confirmed(&house, 1);
    assert_eq!(checked(&house, Outcome::Same, Outcome::Same), 1);
    let it = kept(&house, 1).unwrap();
    assert_eq!(
        (it.state, it.company_outcome, it.company_because),
        (
            State::Review,
            Some(Outcome::CannotTell),
            Some(Because::DailyLimit)
        )
    );
    assert_eq!(paid(&house), 1);
    for (provider, person, company) in [
        (None, Some(Because::NoProvider), Some(Because::NoProvider)),
        (Some(Provider::Tencent), None, Some(Because::NotOffered)),
    ] {
        let house = open();
        set(&house, move |settings| settings.identity_provider = provider);
        confirmed(&house, 1);
        consents(&house, 1, provider);
        checked(&house, Outcome::Same, Outcome::Same);
        let it = kept(&house, 1).unwrap();
        assert_eq!(
            (it.state, it.person_because, it.company_because),
            (State::Review, person, company)
        );
        assert!(!it.is_all_same());
    }
}

#[test]
fn nothing_is_given_to_whom_the_applicant_did_not_consent() {
    for consented in [None, Some(Provider::Tencent)] {
        let house = open();
        confirmed(&house, 1);
        consents(&house, 1, consented);
        assert_eq!(checked(&house, Outcome::Same, Outcome::Same), 0);
        let it = kept(&house, 1).unwrap();
        assert_eq!(
            (it.state, it.provider, it.person_because, it.company_because),
            (
                State::Review,
                None,
                Some(Because::NoConsent),
                Some(Because::NoConsent)
            )
        );
        assert_eq!(paid(&house), 0);
    }
}

#[test]
fn what_differs_goes_back_and_only_what_is_corrected_is_paid_for_again() {
    let house = open();
    confirmed(&house, 1);
    assert_eq!(checked(&house, Outcome::Same, Outcome::Differs), 2);
    let it = kept(&house, 1).unwrap();
    assert_eq!(it.state, State::Returned);
    assert_eq!(
        read(it.wrong_fields.as_deref()),
        [Field::BusinessName, Field::CreditCode, Field::PersonName]
    );
    assert!(mails(&house).contains(&"registration_mail.REG00001.1".to_owned()));
    // Sent as it was: it differs as it did, and costs nothing.
    send(&house, 1, said("shop")).unwrap();
    assert_eq!(
        (checked(&house, Outcome::Same, Outcome::Same), paid(&house)),
        (0, 2)
    );
    assert_eq!(kept(&house, 1).unwrap().state, State::Returned);
    let corrected = Said {
        business_name: "测试小吃总店".into(),
        ..said("shop")
    };
    send(&house, 1, corrected).unwrap();
    assert_eq!(
        (checked(&house, Outcome::Same, Outcome::Same), paid(&house)),
        (1, 3)
    );
    let it = kept(&house, 1).unwrap();
    assert_eq!(
        (it.state, it.sent_count, it.wrong_fields.clone()),
        (State::Review, 3, None)
    );
    assert!(matches!(
        send(&house, 1, said("shop")),
        Err(NotDone::WrongState("review"))
    ));
}

#[test]
fn a_returned_one_is_sent_five_times_at_most() {
    let house = open();
    confirmed(&house, 1);
    for sent in 1..=SENT_MAX {
        checked(&house, Outcome::Differs, Outcome::Same);
        let more = send(&house, 1, said("shop"));
        assert_eq!(more.is_ok(), sent < SENT_MAX, "{sent}");
    }
    assert_eq!(kept(&house, 1).unwrap().state, State::Returned);
}

#[test]
fn accepted_it_is_a_merchant_with_an_owner_who_has_the_chosen_password() {
    let house = open();
    confirmed(&house, 1);
    checked(&house, Outcome::Same, Outcome::Same);
    for nobody in [owner(), auditor()] {
        assert!(accept(&house, 1, nobody).is_err());
    }
    assert!(matches!(
        approve(&house, 1, risk_officer()),
        Err(Error::WrongState("review"))
    ));
    let it = accept(&house, 1, risk_officer()).unwrap();
    assert_eq!((it.state, it.password_hash.as_str()), (State::Accepted, ""));
    let merchant_id = it.became.unwrap();
    let merchant = house.read(|tx| store::merchant::get(tx, merchant_id)).unwrap();
    assert_eq!(merchant.name, "测试小吃店");
    assert_eq!(merchant.unified_social_credit_code, "92110101MA0TXXX2XP");
    let (account, hash) = house.read(|tx| store::account::usable(tx, "shop")).unwrap();
    assert_eq!(
        (account.scope, hash.as_str()),
        (Scope::Merchant(merchant_id), "hash of shop")
    );
    assert!(account.role == Role::Owner && account.name == "测试甲");
    let reached = house.read(|tx| store::account::by_contact(tx, "LI.NA@shop.example"));
    assert_eq!(reached.len(), 1);
    assert!(mails(&house).contains(&"registration_mail.REG00001.100".to_owned()));
    assert!(matches!(
        accept(&house, 1, risk_officer()),
        Err(Error::WrongState("accepted"))
    ));
    // A merchant's registration is kept; what came to nothing is not.
    confirmed(&house, 2);
    house
        .try_write(|tx| app::registration::withdraw(tx, &[2; 32]))
        .unwrap();
    house.pass_ms(KEPT_MS);
    clean_up(&house);
    assert!(kept(&house, 1).is_some() && kept(&house, 2).is_none());
}

#[test]
fn where_no_provider_said_the_same_two_people_decide() {
    let house = open();
    confirmed(&house, 1);
    checked(&house, Outcome::NoRecord, Outcome::Same);
    assert!(matches!(
        accept(&house, 1, risk_officer()),
        Err(Error::WrongState("review"))
    ));
    let it = approve(&house, 1, risk_officer()).unwrap();
    assert_eq!(it.approval.unwrap().documents.split(' ').count(), 2);
    assert!(matches!(
        accept(&house, 1, risk_officer()),
        Err(Error::SecondPersonRequired)
    ));
    // Given back, it is seen anew.
    let again = |tx: &store::Tx<'_>| {
        app::registration::give_back(
            tx,
            &officer("ops"),
            &id(1),
            &[Field::BusinessName],
            "another name",
        )
    };
    let it = house.try_write(again).unwrap();
    assert_eq!(
        (it.state, it.approval, it.told.as_deref()),
        (State::Returned, None, Some("another name"))
    );
    send(&house, 1, said("shop")).unwrap();
    // What has no record is not asked again.
    assert_eq!(checked(&house, Outcome::Same, Outcome::Same), 0);
    approve(&house, 1, risk_officer()).unwrap();
    assert_eq!(accept(&house, 1, officer("ops")).unwrap().state, State::Accepted);
}

#[test]
fn documents_that_have_ended_make_no_merchant() {
    let house = open();
    confirmed(&house, 1);
    checked(&house, Outcome::NoRecord, Outcome::Same);
    let until = house.read(|tx| Ok::<_, store::Error>(tx.now().plus_ms(1_000)));
    approve_until(&house, 1, risk_officer(), Some(until)).unwrap();
    house.pass_ms(1_000);
    assert!(accept(&house, 1, officer("ops")).is_err());
    assert_eq!(kept(&house, 1).unwrap().state, State::Approved);
    // It is seen anew, with documents that are valid.
    approve_until(&house, 1, risk_officer(), Some(until.plus_ms(1))).unwrap();
    assert_eq!(accept(&house, 1, officer("ops")).unwrap().state, State::Accepted);
}

#[test]
fn where_the_log_in_is_taken_meanwhile_it_goes_back() {
    let house = open();
    confirmed(&house, 1);
    checked(&house, Outcome::Same, Outcome::Same);
    house.write(|tx| {
        let Actor::Person(account) = officer("shop") else {
            return Ok(());
        };
        store::account::insert(tx, &account, "hash of another")
    });
    let it = accept(&house, 1, risk_officer()).unwrap();
    assert_eq!(
        (it.state, read(it.wrong_fields.as_deref())),
        (State::Returned, vec![Field::Login])
    );
    assert!(it.became.is_none());
    send(&house, 1, said("shop.2")).unwrap();
    assert_eq!(
        (checked(&house, Outcome::Down, Outcome::Down), paid(&house)),
        (0, 2)
    );
    assert_eq!(accept(&house, 1, risk_officer()).unwrap().state, State::Accepted);
    let (_, hash) = house.read(|tx| store::account::usable(tx, "shop.2")).unwrap();
    assert_eq!(hash, "hash of shop");
    let (_, hash) = house.read(|tx| store::account::usable(tx, "shop")).unwrap();
    assert_eq!(hash, "hash of another");
}

#[test]
fn a_refusal_is_told_and_ends_it() {
    let house = open();
    confirmed(&house, 1);
    checked(&house, Outcome::Down, Outcome::Down);
    let refuse = |tx: &store::Tx<'_>| app::registration::refuse(tx, &officer("ops"), &id(1), "sells nothing");
    let it = house.try_write(refuse).unwrap();
    assert_eq!(
        (it.state, it.told.as_deref()),
        (State::Refused, Some("sells nothing"))
    );
    assert!(it.password_hash.is_empty());
    assert!(
        house
            .try_write(|tx| app::registration::withdraw(tx, &[1; 32]))
            .is_err()
    );
    assert!(accept(&house, 1, risk_officer()).is_err());
}
