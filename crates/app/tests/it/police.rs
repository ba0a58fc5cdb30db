//! The case at the police: what a paper says is kept, does the duties it shows to be done, and starts the terms that run from its day.

use app::case::Error;
use app::incident::Report;
use app::police::Paper;
use domain::duty::{Duty, State as DutyState};
use domain::event::Subject;
use domain::incident::{Happened, Manner};
use domain::police::{Entry, PoliceCase, State, Verb};
use domain::time::HOUR_MS;
use jiff::civil::{Date, date};

use crate::fixture::{House, auditor, owner, stranger, terminal};

const DAY_MS: i64 = 24 * HOUR_MS;
/// The day on which the house's clock begins, in Shanghai.
const TODAY: Date = date(2027, 1, 15);

fn loss(house: &House, manner: Manner) -> String {
    let report = Report {
        terminal_id: terminal(1),
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner,
        reported_at: house.now(),
        payments: Vec::new(),
    };
    let id = house.report_as(&owner(), report).unwrap().incident.incident_id;
    let incident_id = id.clone();
    assert!(house.write(move |tx| app::duty::draw_up(tx, &incident_id)));
    id
}

fn duty(house: &House, id: &str, name: &str) -> Duty {
    let its = house.read(|tx| store::duty::of(tx, id));
    its.into_iter().find(|duty| duty.duty == name).unwrap()
}

fn paper(number: Option<&str>, on: Date) -> Paper {
    Paper {
        number: number.map(str::to_owned),
        office: Some("南京东路派出所".into()),
        on,
        attachment_id: None,
    }
}

fn enter(house: &House, id: &str, verb: Verb, paper: Paper) -> Result<PoliceCase, Error> {
    let id = id.to_owned();
    house.try_write(move |tx| app::police::enter(tx, &owner(), &id, verb, paper))
}

fn take_back(house: &House, id: &str) -> Result<PoliceCase, Error> {
    let id = id.to_owned();
    house.try_write(move |tx| app::police::take_back(tx, &owner(), &id, "编号写错了"))
}

fn entries(house: &House, id: &str) -> Vec<Entry> {
    house.read(|tx| store::police::entries(tx, id))
}

fn told(house: &House, id: &str, happened: Happened) -> usize {
    let verb = happened.code();
    let events = house.events(Subject::Incident, id);
    events.iter().filter(|event| event.verb == verb).count()
}

#[test]
fn a_receipt_does_the_report_and_starts_the_wait_for_the_decision() {
    let house = House::open();
    let id = loss(&house, Manner::Stolen);
    let decision = duty(&house, &id, "police_decision");
    assert!(decision.is_conditional() && decision.due_at.is_none());
    assert!(matches!(
        enter(&house, &id, Verb::Accept, paper(None, TODAY)),
        Err(Error::Required("number"))
    ));
    let case = enter(&house, &id, Verb::Accept, paper(Some("受案-7"), TODAY)).unwrap();
    assert_eq!(case.state, State::Accepted);
    let report = duty(&house, &id, "police_report");
    assert_eq!(report.state, DutyState::Done);
    assert_eq!(report.end.unwrap().reference.as_deref(), Some("受案-7"));
    // Three days after its day, to the end of the last one, by the terminal's calendar.
    let starts_at = entries(&house, &id)[0].starts_at;
    let decision = duty(&house, &id, "police_decision");
    assert!(!decision.is_conditional());
    assert_eq!(decision.started_at, Some(starts_at));
    assert_eq!(decision.due_at, Some(starts_at.plus_ms(4 * DAY_MS)));
    assert_eq!(told(&house, &id, Happened::PoliceAccepted), 1);
    assert!(duty(&house, &id, "police_review").is_conditional());
}

#[test]
fn a_refusal_starts_the_term_of_the_review_and_what_was_wrong_is_taken_back_with_it() {
    let house = House::open();
    let id = loss(&house, Manner::Stolen);
    enter(&house, &id, Verb::Accept, paper(Some("受案-7"), TODAY)).unwrap();
    enter(&house, &id, Verb::DoNotFile, paper(Some("不立-1"), TODAY)).unwrap();
    assert_eq!(duty(&house, &id, "police_decision").state, DutyState::Done);
    let review = duty(&house, &id, "police_review");
    assert_eq!(review.due_at, review.started_at.map(|at| at.plus_ms(8 * DAY_MS)));
    assert!(review.remind_at.is_some());
    // It was another case's paper.
    let case = take_back(&house, &id).unwrap();
    assert_eq!(case.state, State::Accepted);
    assert_eq!(duty(&house, &id, "police_decision").state, DutyState::Open);
    let review = duty(&house, &id, "police_review");
    assert!(review.is_conditional());
    assert_eq!((review.due_at, review.remind_at), (None, None));
    // It stays in the list, and counts no more.
    let kept = entries(&house, &id);
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].taken_back_by.as_deref(), Some("owner"));
    assert_eq!(told(&house, &id, Happened::PoliceTakenBack), 1);
    let case = enter(&house, &id, Verb::File, paper(Some("立-2"), TODAY)).unwrap();
    assert_eq!(case.state, State::Filed);
    assert_eq!(
        duty(&house, &id, "police_decision").end.unwrap().reference,
        Some("立-2".into())
    );
    take_back(&house, &id).unwrap();
    take_back(&house, &id).unwrap();
    assert!(matches!(
        take_back(&house, &id),
        Err(Error::WrongState("not_reported"))
    ));
    assert_eq!(duty(&house, &id, "police_report").state, DutyState::Open);
    assert!(duty(&house, &id, "police_decision").is_conditional());
}

#[test]
fn a_plain_loss_is_reported_without_a_paper() {
    let house = House::open();
    let id = loss(&house, Manner::Lost);
    enter(&house, &id, Verb::Report, paper(None, TODAY)).unwrap();
    let report = duty(&house, &id, "police_report");
    assert_eq!(report.state, DutyState::Done);
    assert!(report.end.unwrap().statement.unwrap().contains("派出所"));
    // Of a theft that asks for a number, a report by word is not done yet.
    let other = House::open();
    let id = loss(&other, Manner::Stolen);
    enter(&other, &id, Verb::Report, paper(None, TODAY)).unwrap();
    assert_eq!(duty(&other, &id, "police_report").state, DutyState::Open);
}

#[test]
fn a_day_is_neither_to_come_nor_long_ago_nor_before_an_earlier_paper() {
    let house = House::open();
    let id = loss(&house, Manner::Stolen);
    let tomorrow = TODAY.tomorrow().unwrap();
    for on in [tomorrow, date(2026, 1, 1)] {
        assert!(
            matches!(
                enter(&house, &id, Verb::Report, paper(None, on)),
                Err(Error::Unknown("on"))
            ),
            "{on}"
        );
    }
    enter(&house, &id, Verb::Report, paper(None, TODAY)).unwrap();
    assert!(matches!(
        enter(
            &house,
            &id,
            Verb::Accept,
            paper(Some("7"), TODAY.yesterday().unwrap())
        ),
        Err(Error::Unknown("on"))
    ));
    house.pass_ms(DAY_MS);
    enter(&house, &id, Verb::Accept, paper(Some("7"), tomorrow)).unwrap();
}

#[test]
fn who_does_not_see_the_incident_or_may_not_follow_it_writes_nothing() {
    let house = House::open();
    let id = loss(&house, Manner::Stolen);
    let by = |actor: domain::Actor| {
        let id = id.clone();
        house.try_write(move |tx| app::police::enter(tx, &actor, &id, Verb::Report, paper(None, TODAY)))
    };
    assert!(matches!(by(stranger()), Err(Error::NotFound(_))));
    assert!(matches!(by(auditor()), Err(Error::NotAllowed)));
    assert!(entries(&house, &id).is_empty());
}
