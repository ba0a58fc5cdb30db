//! Mails about duties: to whose they are, each time or once a day, and not when they are ended.

use app::account::reach;
use app::digest_mail::{begin_day, to_send as digest_to_send};
use app::duty_mail::{choose, mailed, to_send};
use app::incident::Report;
use app::stop_request::MailOutcome;
use domain::actor::Actor;
use domain::duty::Duty;
use domain::duty_mail::Often;
use domain::incident::Manner;
use domain::time::HOUR_MS;
use domain::work::{Kind, Work};
use store::node::Incarnation;

use crate::fixture::{House, NODE, manager, owner, risk_officer, stranger, terminal};

const DAY_MS: i64 = 24 * HOUR_MS;

/// A house that mails, and a case of our shop `s1` whose duties are drawn up.
fn house() -> (House, String) {
    let house = House::that_mails();
    let report = Report {
        terminal_id: terminal(1),
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner: Manner::Stolen,
        reported_at: house.now(),
        payments: Vec::new(),
    };
    let id = house.report_as(&owner(), report).unwrap().incident.incident_id;
    let drawn = id.clone();
    assert!(house.write(move |tx| app::duty::draw_up(tx, &drawn)));
    (house, id)
}

fn duty(house: &House, incident_id: &str, name: &str) -> Duty {
    let its = house.read(|tx| store::duty::of(tx, incident_id));
    its.into_iter().find(|duty| duty.duty == name).unwrap()
}

/// Lets time pass until a duty is said to be due soon, or late, and says what is to be said by then.
fn until_said(house: &House, incident_id: &str, name: &str) {
    let remind_at = duty(house, incident_id, name).remind_at.unwrap();
    house.pass_ms(remind_at.since_ms(house.now()).max(0));
    say(house);
}

fn say(house: &House) {
    for told in house.read(|tx| store::duty::to_remind(tx, 100)) {
        house.write(move |tx| app::duty::remind(tx, &told));
    }
}

fn claimed(house: &House, kind: Kind) -> Vec<Work> {
    let node = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    house.write(move |tx| app::work::claim(tx, kind, &kind.policy(), &node, 100))
}

/// To whom mails about that duty are due, which are then sent.
fn told(house: &House, title: &str) -> Vec<String> {
    let mut told = Vec::new();
    for work in claimed(house, Kind::DutyMail) {
        let mail = house.read(|tx| to_send(tx, &work));
        if let Some(mail) = mail.filter(|mail| mail.subject.contains(title)) {
            assert!(
                mail.text.contains(title) && mail.text.contains("UTC+"),
                "{mail:?}"
            );
            told.push(mail.to);
        }
        assert!(house.write(move |tx| mailed(tx, &work, NODE, &MailOutcome::Dropped)));
    }
    told.sort();
    told
}

/// To whom the mail of the day is due, and what it says; it is then sent.
fn of_the_day(house: &House) -> Vec<(String, String)> {
    let mut sent = Vec::new();
    for work in claimed(house, Kind::DigestMail) {
        let mail = house.read(|tx| digest_to_send(tx, &work));
        sent.extend(mail.map(|mail| (mail.to, mail.text)));
        assert!(house.write(move |tx| mailed(tx, &work, NODE, &MailOutcome::Dropped)));
    }
    sent
}

fn want(house: &House, who: Actor, often: Often) {
    house.write(move |tx| choose(tx, &who, often));
}

/// The acquirer's.
const DEREGISTER: &str = "acquirer_deregister";
/// The shop's.
const FOOTAGE: &str = "camera_footage";

#[test]
fn a_duty_that_is_due_soon_is_mailed_to_those_whose_it_is_and_one_that_is_late_to_all() {
    let (house, id) = house();
    let title = duty(&house, &id, DEREGISTER).title_zh;
    until_said(&house, &id, DEREGISTER);
    assert_eq!(told(&house, &title), ["risk@fuji.example"], "the acquirer's");
    assert_eq!(told(&house, &title), [] as [String; 0], "once");
    until_said(&house, &id, DEREGISTER);
    assert_eq!(
        told(&house, &title),
        ["risk@fuji.example"],
        "late, it is the house's still: the shop can do nothing about it"
    );
    let title = duty(&house, &id, FOOTAGE).title_zh;
    let (house, id) = self::house();
    until_said(&house, &id, FOOTAGE);
    assert_eq!(told(&house, &title), ["owner@fuji.example"]);
    until_said(&house, &id, FOOTAGE);
    assert_eq!(told(&house, &title), ["owner@fuji.example", "risk@fuji.example"]);
}

#[test]
fn who_was_asked_to_do_it_is_told_first() {
    let (house, id) = house();
    let its = duty(&house, &id, FOOTAGE);
    let (duty_id, title) = (its.duty_id.clone(), its.title_zh.clone());
    house.write(|tx| reach(tx, &manager("s1"), Some("manager@fuji.example")));
    house
        .try_write(move |tx| app::duty::hand_over(tx, &owner(), &duty_id, "manager"))
        .unwrap();
    until_said(&house, &id, FOOTAGE);
    assert_eq!(told(&house, &title), ["manager@fuji.example"]);
    until_said(&house, &id, FOOTAGE);
    let late = ["manager@fuji.example", "owner@fuji.example", "risk@fuji.example"];
    assert_eq!(told(&house, &title), late);
}

#[test]
fn a_mail_about_what_is_ended_meanwhile_is_not_sent() {
    let (house, id) = house();
    until_said(&house, &id, DEREGISTER);
    let due = claimed(&house, Kind::DutyMail);
    assert!(!due.is_empty());
    house.find_again(&id);
    for work in due {
        assert_eq!(house.read(|tx| to_send(tx, &work)), None);
    }
}

#[test]
fn who_wants_one_mail_a_day_gets_what_is_due_in_the_morning_and_nothing_else() {
    let (house, id) = house();
    want(&house, risk_officer(), Often::Daily);
    want(&house, owner(), Often::Never);
    want(&house, stranger(), Often::Daily);
    house.write(begin_day);
    assert_eq!(of_the_day(&house), [], "not before the morning");
    until_said(&house, &id, DEREGISTER);
    assert_eq!(
        told(&house, &duty(&house, &id, DEREGISTER).title_zh),
        [] as [String; 0]
    );
    house.pass_ms(DAY_MS);
    house.write(begin_day);
    house.write(begin_day);
    let sent = of_the_day(&house);
    let [(to, text)] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(to, "risk@fuji.example");
    assert!(
        text.contains(&duty(&house, &id, DEREGISTER).title_zh) && text.contains(&id),
        "{text}"
    );
    house.write(begin_day);
    assert_eq!(of_the_day(&house), [], "once a day");
    house.find_again(&id);
    house.pass_ms(DAY_MS);
    house.write(begin_day);
    assert_eq!(of_the_day(&house), [], "nothing is due any more");
}
