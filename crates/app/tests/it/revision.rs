//! Revisions: what is used was written by one person and signed off by another, text and all.

use app::case::{Against, Error};
use app::revision::{New, digest};
use domain::account::{Account, Proof, Role, Scope};
use domain::actor::Actor;
use domain::event::Subject;
use domain::revision::{Kind, OPEN_MAX, Revision, State};
use domain::setting::Mode;

use crate::account::peopled;
use crate::fixture::{House, auditor, manager, ours, owner, risk_officer, stranger};

const OF: Kind = Kind::Playbook;

/// Another person of that scope, who has just proved who it is.
fn another(login: &str, role: Role, scope: Scope) -> Actor {
    Actor::Person(Account {
        login: login.into(),
        name: login.into(),
        role,
        scope,
        custom_role: None,
        proof: Proof::FRESH,
    })
}

pub fn second() -> Actor {
    another("second", Role::RiskOfficer, Scope::All)
}

fn begin(house: &House, actor: &Actor, id: &str, name: &'static str) -> Result<Revision, Error> {
    let (actor, revision_id) = (actor.clone(), id.to_owned());
    house.try_write(move |tx| {
        let new = New {
            revision_id,
            kind: OF,
            name,
            built_in: 3,
        };
        app::revision::create(tx, &actor, new, |version| format!("{name} {version}"))
    })
}

/// A step with the text as it is now.
fn act(house: &House, actor: &Actor, id: &str, step: &'static str) -> Result<Revision, Error> {
    let text = kept(house, id).text;
    act_on(house, actor, id, step, &text)
}

fn act_on(house: &House, actor: &Actor, id: &str, step: &'static str, text: &str) -> Result<Revision, Error> {
    let (actor, id, sha256) = (actor.clone(), id.to_owned(), digest(text));
    house.try_write(move |tx| {
        let of = (OF, id.as_str());
        match step {
            "propose" => app::revision::propose(tx, &actor, of, &sha256, Some("one more step")),
            "send_back" => app::revision::send_back(tx, &actor, of, "too late"),
            "sign_off" => app::revision::sign_off(tx, &actor, of, &sha256, None),
            "withdraw" => app::revision::withdraw(tx, &actor, of, Some("no need")),
            step => app::revision::change(tx, &actor, of, &sha256, step.to_owned()),
        }
    })
}

fn kept(house: &House, id: &str) -> Revision {
    house.read(|tx| store::row::by_id(tx, id)).unwrap()
}

fn used(house: &House, name: &str) -> Option<String> {
    let used = house.read(|tx| app::revision::in_use(tx, OF, name));
    used.map(|it| it.revision_id)
}

#[test]
fn what_one_person_writes_another_signs_off_and_it_is_used_in_place_of_the_one_before() {
    let house = peopled(Mode::Acquirer);
    let one = begin(&house, &risk_officer(), "V1", "stolen").unwrap();
    assert_eq!(
        (one.version, one.text.as_str(), one.merchant_id),
        (4, "stolen 4", None)
    );
    act(&house, &risk_officer(), "V1", "another text").unwrap();
    act(&house, &risk_officer(), "V1", "propose").unwrap();
    assert_eq!(used(&house, "stolen"), None);
    let own = act(&house, &risk_officer(), "V1", "sign_off");
    assert!(matches!(own, Err(Error::SecondPersonRequired)), "{own:?}");
    house.pass_ms(5);
    let signed = act(&house, &second(), "V1", "sign_off").unwrap();
    assert_eq!(
        (signed.state, signed.signed_by.as_deref(), signed.signed_at),
        (State::InUse, Some("second"), Some(house.now()))
    );
    assert_eq!(used(&house, "stolen").as_deref(), Some("V1"));
    assert_eq!(used(&house, "lost"), None);
    // The next one takes its place.
    assert_eq!(begin(&house, &second(), "V2", "stolen").unwrap().version, 5);
    act(&house, &second(), "V2", "propose").unwrap();
    act(&house, &risk_officer(), "V2", "sign_off").unwrap();
    assert_eq!(used(&house, "stolen").as_deref(), Some("V2"));
    assert_eq!(kept(&house, "V1").state, State::Replaced);
    assert_eq!(kept(&house, "V1").text, "another text", "it can be read still");
    // The record says which text was signed off by whom.
    let events = house.events(Subject::Revision, "V1");
    let verbs: Vec<_> = events.iter().map(|event| event.verb.as_str()).collect();
    assert_eq!(verbs, ["create", "change", "propose", "sign_off", "replace"]);
    let which = format!("playbook stolen 4 sha256:{}", digest("another text"));
    let texts: Vec<_> = events[2..]
        .iter()
        .map(|event| event.text.clone().unwrap())
        .collect();
    assert_eq!(
        texts,
        [
            format!("{which}\none more step"),
            which.clone(),
            format!("{which}\nstolen 5")
        ]
    );
    assert_eq!(events[3].actor, "second");
}

#[test]
fn whoever_wrote_any_of_it_does_not_sign_it_off() {
    let house = peopled(Mode::Acquirer);
    let third = another("third", Role::RiskOfficer, Scope::All);
    begin(&house, &risk_officer(), "V1", "stolen").unwrap();
    act(&house, &second(), "V1", "another text").unwrap();
    act(&house, &third, "V1", "propose").unwrap();
    act(&house, &risk_officer(), "V1", "send_back").unwrap();
    assert_eq!(kept(&house, "V1").state, State::Draft);
    act(&house, &risk_officer(), "V1", "propose").unwrap();
    for by in [&risk_officer(), &second(), &third] {
        let refused = act(&house, by, "V1", "sign_off");
        assert!(matches!(refused, Err(Error::SecondPersonRequired)), "{refused:?}");
    }
    let fourth = another("fourth", Role::RiskOfficer, Scope::All);
    act(&house, &fourth, "V1", "sign_off").unwrap();
}

#[test]
fn only_the_text_that_was_seen_is_changed_proposed_or_signed_off() {
    let house = peopled(Mode::Acquirer);
    begin(&house, &risk_officer(), "V1", "stolen").unwrap();
    act(&house, &risk_officer(), "V1", "theirs").unwrap();
    let changed = |step, text| {
        matches!(
            act_on(&house, &second(), "V1", step, text),
            Err(Error::Against(Against::TextChanged))
        )
    };
    // Two people write one draft: the second hears of it.
    assert!(changed("ours", "stolen 4") && changed("propose", "stolen 4"));
    assert_eq!(kept(&house, "V1").text, "theirs");
    act(&house, &risk_officer(), "V1", "propose").unwrap();
    let wrong = act(&house, &risk_officer(), "V1", "while it is proposed");
    assert!(matches!(wrong, Err(Error::WrongState("proposed"))), "{wrong:?}");
    // Sent back, changed and proposed anew while the signer looks at it.
    act(&house, &risk_officer(), "V1", "send_back").unwrap();
    act(&house, &risk_officer(), "V1", "weaker").unwrap();
    act(&house, &risk_officer(), "V1", "propose").unwrap();
    assert!(changed("sign_off", "theirs"));
    assert_eq!(used(&house, "stolen"), None);
    act_on(&house, &second(), "V1", "sign_off", "weaker").unwrap();
    // The same text again is no change.
    begin(&house, &risk_officer(), "V2", "lost").unwrap();
    act(&house, &second(), "V2", "lost 4").unwrap();
    assert_eq!(kept(&house, "V2").writers, "risk");
}

#[test]
fn its_use_is_ended_by_two_people_too() {
    let house = peopled(Mode::Acquirer);
    begin(&house, &risk_officer(), "V1", "stolen").unwrap();
    act(&house, &risk_officer(), "V1", "propose").unwrap();
    act(&house, &second(), "V1", "sign_off").unwrap();
    act(&house, &second(), "V1", "withdraw").unwrap();
    assert_eq!(kept(&house, "V1").state, State::WithdrawalProposed);
    assert_eq!(
        used(&house, "stolen").as_deref(),
        Some("V1"),
        "as long as nobody agreed"
    );
    let own = act(&house, &second(), "V1", "sign_off");
    assert!(matches!(own, Err(Error::SecondPersonRequired)));
    act(&house, &risk_officer(), "V1", "send_back").unwrap();
    assert_eq!(
        (kept(&house, "V1").state, kept(&house, "V1").ended_by),
        (State::InUse, None)
    );
    act(&house, &second(), "V1", "withdraw").unwrap();
    act(&house, &risk_officer(), "V1", "sign_off").unwrap();
    let after = kept(&house, "V1");
    assert_eq!(
        (after.state, after.signed_by.as_deref(), after.ended_by.as_deref()),
        (State::Withdrawn, Some("second"), Some("second"))
    );
    assert_eq!(used(&house, "stolen"), None);
    // A draft is taken back by one.
    begin(&house, &risk_officer(), "V2", "stolen").unwrap();
    assert_eq!(
        act(&house, &risk_officer(), "V2", "withdraw").unwrap().state,
        State::Withdrawn
    );
}

#[test]
fn an_earlier_version_does_not_take_the_place_of_a_later_one() {
    let house = peopled(Mode::Acquirer);
    for id in ["V1", "V2"] {
        begin(&house, &risk_officer(), id, "stolen").unwrap();
        act(&house, &risk_officer(), id, "propose").unwrap();
    }
    act(&house, &second(), "V2", "sign_off").unwrap();
    let late = act(&house, &second(), "V1", "sign_off");
    assert!(
        matches!(late, Err(Error::Against(Against::LaterInUse))),
        "{late:?}"
    );
    assert_eq!(used(&house, "stolen").as_deref(), Some("V2"));
}

#[test]
fn a_houses_texts_are_of_whoever_runs_it() {
    let shop = peopled(Mode::Shop);
    assert_eq!(
        begin(&shop, &owner(), "V1", "stolen").unwrap().merchant_id,
        Some(ours())
    );
    for by in [stranger(), manager("s1"), auditor()] {
        assert!(matches!(
            begin(&shop, &by, "V2", "stolen"),
            Err(Error::NotAllowed)
        ));
    }
    let hidden = act(&shop, &manager("s1"), "V1", "a manager's");
    assert!(matches!(hidden, Err(Error::NotFound(Subject::Revision))));
    let acquirer = peopled(Mode::Acquirer);
    assert!(matches!(
        begin(&acquirer, &owner(), "V1", "stolen"),
        Err(Error::NotAllowed)
    ));
    begin(&acquirer, &risk_officer(), "V1", "stolen").unwrap();
    let hidden = acquirer.read(|tx| Ok(app::revision::find(tx, &owner(), OF, "V1").is_err()));
    assert!(hidden, "a draft of the acquirer's");
    act(&acquirer, &risk_officer(), "V1", "propose").unwrap();
    act(&acquirer, &second(), "V1", "sign_off").unwrap();
    let sees = |kind| acquirer.read(|tx| Ok(app::revision::find(tx, &owner(), kind, "V1").is_ok()));
    assert!(sees(OF), "what a shop's losses follow");
    assert!(!sees(Kind::Template), "it is none");
    let refused = act(&acquirer, &owner(), "V1", "withdraw");
    assert!(matches!(refused, Err(Error::NotAllowed)), "{refused:?}");
}

#[test]
fn there_are_not_too_many_that_wait() {
    let house = peopled(Mode::Acquirer);
    for number in 1..=OPEN_MAX {
        begin(&house, &risk_officer(), &format!("V{number}"), "stolen").unwrap();
    }
    let full = begin(&house, &risk_officer(), "V0", "lost");
    assert!(matches!(full, Err(Error::Against(Against::TooManyRevisions))));
    act(&house, &risk_officer(), "V7", "withdraw").unwrap();
    begin(&house, &risk_officer(), "V0", "lost").unwrap();
}
