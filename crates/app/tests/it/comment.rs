//! Comments: said on the time line, asked of people who see the case, mailed without a word of it.

use app::case::Error;
use app::comment::{self, NotSaid};
use app::incident::Report;
use app::stop_request::MailOutcome;
use domain::actor::Actor;
use domain::incident::{Happened, Manner};
use domain::time::HOUR_MS;
use domain::work::{Kind, Work};
use store::node::Incarnation;

use crate::fixture::{House, NODE, auditor, manager, owner, risk_officer, stranger, terminal};

/// An incident of our shop `s1`, in a house that mails; everybody has an account, and the manager of `s1` alone no address.
fn house() -> (House, String) {
    let house = House::that_mails();
    let id = lost(&house, &owner(), 1);
    (house, id)
}

fn lost(house: &House, by: &Actor, number: u32) -> String {
    let report = Report {
        terminal_id: terminal(number),
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner: Manner::Lost,
        reported_at: house.now(),
        payments: Vec::new(),
    };
    house.report_as(by, report).unwrap().incident.incident_id
}

fn say(house: &House, by: &Actor, incident_id: &str, asked: &[&str]) -> Result<i64, NotSaid> {
    let (by, id) = (by.clone(), incident_id.to_owned());
    let asked: Vec<String> = asked.iter().map(|login| (*login).to_owned()).collect();
    house.try_write(move |tx| comment::say(tx, &by, &id, "where is the recorder?", &asked))
}

fn offered(house: &House, by: &Actor, incident_id: &str) -> Vec<String> {
    let people = house.read(|tx| {
        let people = comment::mentionable(tx, by, incident_id);
        people.map_err(|_| store::Error::Corrupt("nobody is offered"))
    });
    people.into_iter().map(|person| person.account.login).collect()
}

fn waits(house: &House, who: &Actor) -> Vec<(String, String)> {
    let asked = house.read(|tx| comment::asked(tx, who));
    asked
        .into_iter()
        .map(|(mention, _)| (mention.incident_id, mention.by))
        .collect()
}

/// The mail that is due, if there is one.
fn mail(house: &House) -> Option<Work> {
    let node = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    let kind = Kind::MentionMail;
    house
        .write(move |tx| app::work::claim(tx, kind, &kind.policy(), &node, 1))
        .pop()
}

#[test]
fn people_are_asked_who_see_the_case_and_are_known_to_who_asks() {
    let (house, id) = house();
    assert_eq!(offered(&house, &owner(), &id), ["manager"]);
    // Who is of the house alone is told to nobody of a shop; who did something on the case stands on its time line.
    assert_eq!(offered(&house, &risk_officer(), &id), ["manager", "owner"]);
    for login in ["risk", "stranger", "auditor", "nobody", "owner"] {
        let refused = say(&house, &owner(), &id, &[login]);
        assert!(
            matches!(refused, Err(NotSaid::Case(Error::Unknown("mentions")))),
            "{login}"
        );
    }
    say(&house, &risk_officer(), &id, &["owner"]).unwrap();
    assert_eq!(offered(&house, &owner(), &id), ["manager", "risk"]);
    say(&house, &owner(), &id, &["risk", "manager"]).unwrap();
    assert!(matches!(
        say(&house, &stranger(), &id, &[]),
        Err(NotSaid::Case(Error::NotFound(_)))
    ));
    assert!(matches!(
        say(&house, &auditor(), &id, &[]),
        Err(NotSaid::Case(Error::NotAllowed))
    ));
    // A manager does not see who owns the merchant, until the owner does something there.
    let own = lost(&house, &manager("s1"), 2);
    assert_eq!(offered(&house, &manager("s1"), &own), [] as [String; 0]);
    say(&house, &owner(), &own, &[]).unwrap();
    assert_eq!(offered(&house, &manager("s1"), &own), ["owner"]);
    let said = house.timeline(&id).into_iter();
    assert_eq!(said.filter(|one| *one == Happened::Commented).count(), 2);
}

#[test]
fn who_was_asked_is_told_until_looking_and_again_when_asked_again() {
    let (house, id) = house();
    assert_eq!(waits(&house, &manager("s1")), []);
    say(&house, &owner(), &id, &["manager"]).unwrap();
    say(&house, &risk_officer(), &id, &["manager"]).unwrap();
    let told = [(id.clone(), "risk".to_owned())];
    assert_eq!(waits(&house, &manager("s1")), told);
    // In a shop from which the case is not seen any more nothing waits.
    assert_eq!(waits(&house, &manager("s2")), []);
    let (seen, by) = (id.clone(), manager("s1"));
    house
        .try_write(move |tx| comment::looked(tx, &by, &seen))
        .unwrap();
    assert_eq!(waits(&house, &manager("s1")), []);
    say(&house, &risk_officer(), &id, &["manager"]).unwrap();
    assert_eq!(waits(&house, &manager("s1")), told);
}

#[test]
fn a_mail_says_that_one_was_asked_once_an_hour_and_nothing_of_what_was_said() {
    let (house, id) = house();
    say(&house, &owner(), &id, &["manager"]).unwrap();
    assert_eq!(mail(&house), None, "the manager said no address");
    for _ in 0..3 {
        say(&house, &risk_officer(), &id, &["owner"]).unwrap();
    }
    let due = mail(&house).unwrap();
    assert_eq!(mail(&house), None, "one an hour");
    let written = house.read(|tx| comment::to_send(tx, &due)).unwrap();
    assert_eq!(written.to, "owner@fuji.example");
    assert!(written.subject.contains(&id) && written.text.contains(&id));
    let leads = format!("\n\nhttps://till.fuji.example/incidents/{id}\n");
    assert!(written.text.ends_with(&leads), "{}", written.text);
    assert!(!format!("{written:?}").contains("recorder"));
    let done = due.clone();
    assert!(house.write(move |tx| comment::mailed(tx, &done, NODE, &MailOutcome::Dropped)));
    house.pass_ms(HOUR_MS);
    say(&house, &risk_officer(), &id, &["owner"]).unwrap();
    let due = mail(&house).unwrap();
    // Who has looked meanwhile needs no mail.
    let seen = id.clone();
    house
        .try_write(move |tx| comment::looked(tx, &owner(), &seen))
        .unwrap();
    assert_eq!(house.read(|tx| comment::to_send(tx, &due)), None);
}

#[test]
fn an_account_says_so_much_in_an_hour() {
    let (house, id) = house();
    for _ in 0..60 {
        say(&house, &owner(), &id, &[]).unwrap();
    }
    assert!(matches!(say(&house, &owner(), &id, &[]), Err(NotSaid::TooMany)));
    say(&house, &manager("s1"), &id, &[]).unwrap();
    house.pass_ms(HOUR_MS);
    say(&house, &owner(), &id, &[]).unwrap();
}
