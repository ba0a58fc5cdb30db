//! What must follow a loss: drawn up once, with clocks that run, ended by a proof or a ground, and in the way of closing until then.

use app::case::{Against, Error};
use app::duty::Proof;
use app::incident::Report;
use app::stop_request::Said;
use domain::actor::Actor;
use domain::duty::{Duty, Moment, State};
use domain::hold::Kind as HoldKind;
use domain::incident::{Ended, Happened, Incident, Manner, State as IncidentState};
use domain::time::HOUR_MS;
use domain::work::{Id, Kind};
use domain::{TerminalId, Timestamp};
use store::node::Incarnation;

use crate::fixture::{
    House, NODE, auditor, code, manager, owner, purchase, risk_officer, stranger, terminal,
};

const DAY_MS: i64 = 24 * HOUR_MS;

fn report_of(terminal_id: TerminalId, reported_at: Timestamp) -> Report {
    Report {
        terminal_id,
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner: Manner::Lost,
        reported_at,
        payments: Vec::new(),
    }
}

fn lost(house: &House, number: u32, manner: Manner) -> Incident {
    let report = Report {
        manner,
        ..report_of(terminal(number), house.now())
    };
    house.report_as(&owner(), report).unwrap().incident
}

/// A theft whose duties are drawn up.
fn theft(house: &House) -> String {
    let incident = lost(house, 1, Manner::Stolen);
    assert!(draw_up(house, &incident.incident_id));
    incident.incident_id
}

fn draw_up(house: &House, incident_id: &str) -> bool {
    let id = incident_id.to_owned();
    house.write(move |tx| app::duty::draw_up(tx, &id))
}

fn duties(house: &House, incident_id: &str) -> Vec<Duty> {
    house.read(|tx| store::duty::of(tx, incident_id))
}

fn duty(house: &House, incident_id: &str, name: &str) -> Duty {
    let its = duties(house, incident_id);
    its.into_iter().find(|duty| duty.duty == name).unwrap()
}

fn shown() -> Proof {
    Proof {
        reference: Some("R-1".into()),
        statement: Some("as it was".into()),
        attachment_id: None,
        done_at: None,
    }
}

fn done(house: &House, by: &Actor, duty_id: &str, proof: Proof) -> Result<Duty, Error> {
    let (by, id) = (by.clone(), duty_id.to_owned());
    house.try_write(move |tx| app::duty::done(tx, &by, &id, proof))
}

fn not_needed(house: &House, by: &Actor, duty_id: &str) -> Result<Duty, Error> {
    let (by, id) = (by.clone(), duty_id.to_owned());
    house.try_write(move |tx| app::duty::not_needed(tx, &by, &id, "it was empty"))
}

fn close(house: &House, by: &Actor, incident_id: &str) -> Result<Incident, Error> {
    let (by, id) = (by.clone(), incident_id.to_owned());
    house.try_write(move |tx| app::incident::close(tx, &by, &id, "not found"))
}

/// Ends every duty but one.
fn end_all_but(house: &House, incident_id: &str, but: &str) {
    for duty in duties(house, incident_id) {
        if duty.is_open() && duty.duty != but {
            done(house, &risk_officer(), &duty.duty_id, shown()).unwrap();
        }
    }
}

/// What a node does of itself, once.
fn look(house: &House) {
    house.pass_ms(app::duty::LOOK_EVERY_MS);
    let found = house.write(|tx| {
        app::work::enqueue(tx, Id::duties(), tx.now())?;
        let node = Incarnation {
            node: NODE.into(),
            incarnation: 1,
        };
        let policy = Kind::Duties.policy();
        let claimed = app::work::claim(tx, Kind::Duties, &policy, &node, 1)?;
        app::duty::look(tx, &claimed[0])
    });
    let found = found.unwrap();
    for incident_id in found.incidents {
        draw_up(house, &incident_id);
    }
    for told in found.duties {
        house.write(move |tx| app::duty::remind(tx, &told));
    }
}

fn told(house: &House, incident_id: &str, happened: Happened) -> usize {
    let all = house.timeline(incident_id).into_iter();
    all.filter(|one| *one == happened).count()
}

#[test]
fn duties_are_drawn_up_once_by_how_the_terminal_went() {
    let house = House::open();
    let mut numbers = 1..;
    for (manner, playbook, its_own) in [
        (Manner::Stolen, ("stolen", 3), "camera_footage"),
        (Manner::Lost, ("lost", 2), "lessons"),
        (Manner::Unsure, ("lost", 2), "lessons"),
    ] {
        let incident = lost(&house, numbers.next().unwrap(), manner);
        let id = incident.incident_id.as_str();
        assert!(duties(&house, id).is_empty());
        look(&house);
        let drawn_up = duties(&house, id);
        assert!(drawn_up.iter().any(|duty| duty.duty == its_own), "{manner:?}");
        assert!((1..).zip(&drawn_up).all(|(at, duty)| duty.position == at));
        assert!(!draw_up(&house, id));
        look(&house);
        assert_eq!(duties(&house, id), drawn_up);
        let pinned = house
            .read(|tx| store::incident::get(tx, id))
            .unwrap()
            .playbook
            .unwrap();
        assert_eq!((pinned.playbook.as_str(), pinned.version), playbook);
        assert_eq!(told(&house, id, Happened::DutiesDrawnUp), 1);
    }
}

#[test]
fn each_clock_runs_from_its_own_start_and_none_ends_another() {
    let house = House::open();
    let outside = house.outside_terminal(6);
    let reported_at = house.now();
    let report = Report {
        manner: Manner::Stolen,
        ..report_of(outside, reported_at)
    };
    let id = house.report_as(&owner(), report).unwrap().incident.incident_id;
    assert!(draw_up(&house, &id));
    let started = |name: &str| duty(&house, &id, name).started_at;
    assert_eq!(started("camera_footage"), Some(reported_at));
    assert_eq!(
        duty(&house, &id, "camera_footage").due_at,
        Some(reported_at.plus_ms(2 * DAY_MS))
    );
    // At once has a start and no end; what has no term has neither.
    assert_eq!(started("exposure_assessment"), Some(reported_at));
    assert_eq!(duty(&house, &id, "exposure_assessment").due_at, None);
    assert_eq!(started("police_report"), None);
    // Nobody has said yet that it is stopped.
    assert_eq!(started("acquirer_deregister"), None);
    house.pass_ms(3 * HOUR_MS);
    let (stopped_at, incident_id) = (house.now().plus_ms(-HOUR_MS), id.clone());
    let said = Said {
        reference: "G-7".into(),
        confirmed_by: "hotline".into(),
        at: stopped_at,
    };
    house
        .try_write(move |tx| app::stop_request::confirm(tx, &owner(), &incident_id, said))
        .unwrap();
    let deregister = duty(&house, &id, "acquirer_deregister");
    assert_eq!(deregister.started_at, Some(stopped_at));
    // Until the end of the second day after, in Shanghai.
    assert_eq!(
        deregister.due_at,
        Some(Timestamp(1_800_000_000_000 + 2 * DAY_MS + 8 * HOUR_MS))
    );
    assert_eq!(started("camera_footage"), Some(reported_at));
}

#[test]
fn a_moment_that_a_person_says_starts_its_terms_once_and_is_not_moved() {
    let house = House::open();
    let id = theft(&house);
    assert_eq!(duty(&house, &id, "card_crime_report").due_at, None);
    let say = |moment, at: Timestamp| {
        let id = id.clone();
        house.try_write(move |tx| app::incident::say_moment(tx, &risk_officer(), &id, (moment, at)))
    };
    assert!(matches!(
        say(Moment::Confirmed, house.now().plus_ms(1)),
        Err(Error::Unknown("at"))
    ));
    for known in [Moment::Noticed, Moment::Stopped] {
        assert!(
            matches!(say(known, house.now()), Err(Error::Fixed("moment"))),
            "{known:?}"
        );
    }
    // 2027-01-15T16:00 in Shanghai is a Friday: Monday and Tuesday are its two working days, as far as anybody knows by now.
    say(Moment::Confirmed, house.now()).unwrap();
    let report = duty(&house, &id, "card_crime_report");
    assert_eq!(
        report.due_at,
        Some(Timestamp(1_800_000_000_000 + 4 * DAY_MS + 8 * HOUR_MS))
    );
    assert!(report.is_provisional);
    say(Moment::Confirmed, house.now()).unwrap();
    assert!(matches!(
        say(Moment::Confirmed, house.now().plus_ms(-1)),
        Err(Error::Fixed("moment"))
    ));
    assert_eq!(told(&house, &id, Happened::MomentSaid), 1);
}

#[test]
fn a_duty_is_done_by_its_proof_alone() {
    let house = House::open();
    let id = theft(&house);
    for (name, bare) in [
        (
            "police_report",
            Proof {
                reference: None,
                ..shown()
            },
        ),
        (
            "check_transactions",
            Proof {
                statement: None,
                ..shown()
            },
        ),
    ] {
        let its = duty(&house, &id, name).duty_id;
        assert!(
            matches!(done(&house, &owner(), &its, bare), Err(Error::Required(_))),
            "{name}"
        );
        assert!(matches!(
            done(&house, &stranger(), &its, shown()),
            Err(Error::NotFound(_))
        ));
        assert!(matches!(
            done(&house, &auditor(), &its, shown()),
            Err(Error::NotAllowed)
        ));
        let ended = done(&house, &manager("s1"), &its, shown()).unwrap();
        let end = ended.end.unwrap();
        assert_eq!(
            (ended.state, end.by.as_str()),
            (State::Done, manager("s1").name())
        );
        assert!(matches!(
            done(&house, &owner(), &its, shown()),
            Err(Error::WrongState("done"))
        ));
    }
    // What is the acquirer's is done by its own people.
    let deregister = duty(&house, &id, "acquirer_deregister").duty_id;
    assert!(matches!(
        done(&house, &owner(), &deregister, shown()),
        Err(Error::NotAllowed)
    ));
    done(&house, &risk_officer(), &deregister, shown()).unwrap();
    assert_eq!(told(&house, &id, Happened::DutyDone), 3);
}

#[test]
fn there_is_no_need_for_it_on_a_ground_and_where_the_law_asks_as_two_people_say() {
    let house = House::open();
    let id = theft(&house);
    let footage = duty(&house, &id, "camera_footage").duty_id;
    assert_eq!(
        not_needed(&house, &owner(), &footage).unwrap().state,
        State::NotNeeded
    );
    let exposure = duty(&house, &id, "exposure_assessment").duty_id;
    let proposed = not_needed(&house, &owner(), &exposure).unwrap();
    assert_eq!(proposed.state, State::NotNeededProposed);
    let agree = |by: Actor| {
        let exposure = exposure.clone();
        house.try_write(move |tx| app::duty::confirm_not_needed(tx, &by, &exposure))
    };
    assert!(matches!(agree(owner()), Err(Error::SecondPersonRequired)));
    let agreed = agree(manager("s1")).unwrap();
    let confirmed_by = agreed.end.unwrap().confirmed_by;
    assert_eq!(
        (agreed.state, confirmed_by.as_deref()),
        (State::NotNeeded, Some(manager("s1").name()))
    );
    // And it may turn out otherwise.
    let reopened =
        house.try_write(move |tx| app::duty::reopen(tx, &owner(), &exposure, "it had a receipt printer"));
    let reopened = reopened.unwrap();
    assert_eq!((reopened.state, reopened.end), (State::Open, None));
}

#[test]
fn closing_is_refused_for_each_duty_that_blocks_it() {
    let house = House::open();
    let id = theft(&house);
    let blocking = duties(&house, &id).into_iter().filter(|duty| duty.blocks_closing);
    let names: Vec<String> = blocking.map(|duty| duty.duty).collect();
    assert!(names.len() > 5, "{names:?}");
    for open in &names {
        end_all_but(&house, &id, open);
        let its = duty(&house, &id, open);
        assert!(its.stands_against_closing(), "{open}");
        let refused = close(&house, &owner(), &id);
        assert!(
            matches!(refused, Err(Error::Against(Against::DutiesOpen))),
            "{open}"
        );
        for duty_id in duties(&house, &id)
            .into_iter()
            .filter(|duty| !duty.is_open())
            .map(|duty| duty.duty_id)
        {
            house
                .try_write(move |tx| app::duty::reopen(tx, &risk_officer(), &duty_id, "once more"))
                .unwrap();
        }
    }
    // One that is said not to be needed by one person alone is open still.
    end_all_but(&house, &id, "exposure_assessment");
    let exposure = duty(&house, &id, "exposure_assessment").duty_id;
    not_needed(&house, &owner(), &exposure).unwrap();
    assert!(matches!(
        close(&house, &owner(), &id),
        Err(Error::Against(Against::DutiesOpen))
    ));
    house
        .try_write(move |tx| app::duty::confirm_not_needed(tx, &manager("s1"), &exposure))
        .unwrap();
    assert!(matches!(
        close(&house, &manager("s1"), &id),
        Err(Error::NotAllowed)
    ));
    let closed = close(&house, &owner(), &id).unwrap();
    assert_eq!(closed.state, IncidentState::Closed);
    assert_eq!(closed.closing.map(|closing| closing.ended), Some(Ended::NotFound));
}

#[test]
fn what_nobody_has_drawn_up_yet_keeps_a_case_from_being_closed_too() {
    let house = House::open();
    let incident = lost(&house, 1, Manner::Lost);
    let refused = close(&house, &owner(), &incident.incident_id);
    assert!(matches!(refused, Err(Error::Against(Against::DutiesOpen))));
}

#[test]
fn what_blocks_nothing_may_stay_open() {
    let house = House::open();
    let incident = lost(&house, 1, Manner::Lost);
    draw_up(&house, &incident.incident_id);
    end_all_but(&house, &incident.incident_id, "lessons");
    close(&house, &owner(), &incident.incident_id).unwrap();
}

fn closed(house: &House) -> String {
    let id = theft(house);
    end_all_but(house, &id, "");
    close(house, &owner(), &id).unwrap();
    id
}

#[test]
fn a_terminal_that_was_never_found_stays_stopped_and_what_it_tries_is_kept() {
    let house = House::open();
    house.sign_in(terminal(1));
    let id = closed(&house);
    assert!(house.standing(terminal(1)).has(HoldKind::Loss));
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 1))), "58");
    let incident = house.read(|tx| store::incident::get(tx, &id)).unwrap();
    assert_eq!((incident.attempt_count, incident.open_alarm_count), (1, 1));
    assert_eq!(told(&house, &id, Happened::AttemptRefused), 1);
}

#[test]
fn a_report_of_a_terminal_that_was_never_found_opens_its_case_again() {
    let house = House::open();
    let id = closed(&house);
    let again = house.report(&manager("s1"), terminal(1)).unwrap();
    assert!(!again.opened);
    assert_eq!(
        (again.incident.incident_id.as_str(), again.incident.state),
        (id.as_str(), IncidentState::Open)
    );
    assert_eq!(again.incident.closing, None);
    assert_eq!(house.read(|tx| store::hold::list(tx, terminal(1), 10)).len(), 1);
}

#[test]
fn a_case_is_opened_again_on_a_ground_and_its_terminal_found_then() {
    let house = House::open();
    let id = closed(&house);
    let reopen = |ground: &'static str| {
        let id = id.clone();
        house.try_write(move |tx| app::incident::reopen(tx, &risk_officer(), &id, ground))
    };
    assert!(matches!(reopen(""), Err(Error::TextRequired)));
    assert_eq!(reopen("the police have it").unwrap().state, IncidentState::Open);
    house.find_again(&id);
    assert!(house.standing(terminal(1)).may_transact());
    // What was found is in use again: its case stays closed.
    assert!(matches!(reopen("once more"), Err(Error::WrongState("closed"))));
}

#[test]
fn what_was_found_needs_nothing_more() {
    let house = House::open();
    let id = theft(&house);
    let police = duty(&house, &id, "police_report").duty_id;
    done(&house, &owner(), &police, shown()).unwrap();
    house.find_again(&id);
    for duty in duties(&house, &id) {
        let state = match duty.duty.as_str() {
            "police_report" => State::Done,
            // Who was told that it was lost is told that it was not.
            "found_police" => State::Open,
            _ => State::NotNeeded,
        };
        assert_eq!((duty.state, duty.remind_at), (state, None), "{}", duty.duty);
    }
    // Nothing of a closed case moves.
    let reopened = house.try_write(move |tx| app::duty::reopen(tx, &owner(), &police, "late"));
    assert!(matches!(reopened, Err(Error::WrongState("closed"))));
}

#[test]
fn people_are_told_before_the_end_of_a_term_at_it_and_each_day_after() {
    let house = House::open();
    let id = theft(&house);
    let footage = || duty(&house, &id, "camera_footage");
    end_all_but(&house, &id, "camera_footage");
    let counts = || [Happened::DutyDueSoon, Happened::DutyLate].map(|happened| told(&house, &id, happened));
    for (hours, wanted) in [
        (35, [0, 0]),
        (1, [1, 0]),
        (11, [1, 0]),
        (2, [1, 1]),
        (22, [1, 1]),
        (2, [1, 2]),
        (24, [1, 3]),
    ] {
        house.pass_ms(hours * HOUR_MS);
        look(&house);
        look(&house);
        assert_eq!(counts(), wanted, "{hours} hours later");
    }
    // A clock that stood for days tells once, not once for each day.
    house.pass_ms(30 * DAY_MS);
    look(&house);
    assert_eq!(counts()[1], 4);
    assert!(footage().remind_at.unwrap() > house.now());
    done(&house, &owner(), &footage().duty_id, shown()).unwrap();
    let before = counts();
    house.pass_ms(30 * DAY_MS);
    look(&house);
    assert_eq!(counts(), before);
}

#[test]
fn more_time_is_given_on_a_ground_and_never_less() {
    let house = House::open();
    let id = theft(&house);
    let its = duty(&house, &id, "camera_footage");
    let extend = |until: Timestamp, ground: &'static str| {
        let duty_id = its.duty_id.clone();
        house.try_write(move |tx| app::duty::extend(tx, &owner(), &duty_id, until, ground))
    };
    let due = its.due_at.unwrap();
    assert_eq!(extend(due, "why").unwrap().due_at, Some(due));
    assert!(matches!(
        extend(due.plus_ms(-1), "why"),
        Err(Error::Unknown("until"))
    ));
    assert!(matches!(extend(due.plus_ms(1), ""), Err(Error::TextRequired)));
    let longer = extend(due.plus_ms(DAY_MS), "the recorder keeps 30 days").unwrap();
    assert_eq!(longer.due_at, Some(due.plus_ms(DAY_MS)));
    let police = duty(&house, &id, "police_report").duty_id;
    let endless =
        house.try_write(move |tx| app::duty::extend(tx, &owner(), &police, due.plus_ms(DAY_MS), "why"));
    assert!(
        matches!(endless, Err(Error::WrongState("open"))),
        "it has no term"
    );
}

#[test]
fn a_duty_is_handed_over_to_somebody_who_may_do_it() {
    let house = House::open();
    house.write(|tx| {
        let person = |actor: Actor| match actor {
            Actor::Person(account) => account,
            _ => unreachable!(),
        };
        for actor in [manager("s1"), stranger(), auditor()] {
            store::account::insert(tx, &person(actor), "hash")?;
        }
        Ok(())
    });
    let id = theft(&house);
    let its = duty(&house, &id, "camera_footage").duty_id;
    let give = |to: String| {
        let its = its.clone();
        house.try_write(move |tx| app::duty::hand_over(tx, &owner(), &its, &to))
    };
    for other in [
        stranger().name().to_owned(),
        auditor().name().to_owned(),
        "nobody".into(),
    ] {
        assert!(
            matches!(give(other.clone()), Err(Error::Unknown("to"))),
            "{other}"
        );
    }
    let given = give(manager("s1").name().to_owned()).unwrap();
    assert_eq!(given.assigned_to.as_deref(), Some(manager("s1").name()));
}

#[test]
fn a_clock_that_was_ahead_puts_nothing_off_for_good() {
    let mut house = House::open();
    let id = theft(&house);
    end_all_but(&house, &id, "camera_footage");
    let years = 20 * 366 * DAY_MS;
    house.pass_ms(years);
    look(&house);
    assert_eq!(told(&house, &id, Happened::DutyLate), 1);
    house.pass_ms(-years);
    // While it runs, one writer never goes back.
    house.reopen();
    look(&house);
    let its = duty(&house, &id, "camera_footage");
    assert_eq!(its.remind_at, its.due_at.map(|due| due.plus_ms(1)));
    assert_eq!(
        told(&house, &id, Happened::DutyDueSoon),
        0,
        "nothing is said that is not so"
    );
    house.pass_ms(2 * DAY_MS);
    look(&house);
    assert_eq!(told(&house, &id, Happened::DutyLate), 2);
}

#[test]
fn a_case_that_cannot_be_read_keeps_no_other_from_being_drawn_up() {
    let mut house = House::open();
    let broken = lost(&house, 1, Manner::Lost).incident_id;
    let other = lost(&house, 2, Manner::Lost).incident_id;
    let spoil = format!("UPDATE incident SET place = 'sealed:nonsense' WHERE incident_id = '{broken}'");
    house.behind_our_back(&spoil).unwrap();
    look_past_errors(&house);
    assert!(!duties(&house, &other).is_empty());
}

/// The same as a node does it: what cannot be read is passed over.
fn look_past_errors(house: &House) {
    let incidents = house.read(|tx| store::incident::without_playbook(tx, 10));
    for incident_id in incidents {
        let _unreadable = house.try_write(move |tx| app::duty::draw_up(tx, &incident_id));
    }
}

#[test]
fn an_acquirer_outside_is_asked_on_after_the_case_was_closed_without_the_terminal() {
    let house = House::open();
    let outside = house.outside_terminal(6);
    let id = house.lose(outside).incident_id;
    draw_up(&house, &id);
    end_all_but(&house, &id, "");
    close(&house, &owner(), &id).unwrap();
    let incident = house.read(|tx| store::incident::get(tx, &id)).unwrap();
    assert!(incident.loss_stands());
    let incident_id = id.clone();
    let said = Said {
        reference: "G-7".into(),
        confirmed_by: "hotline".into(),
        at: house.now(),
    };
    house
        .try_write(move |tx| app::stop_request::confirm(tx, &owner(), &incident_id, said))
        .unwrap();
}

#[test]
fn more_time_given_is_told_and_two_who_give_it_do_not_shorten_it() {
    let house = House::open();
    let id = theft(&house);
    let its = duty(&house, &id, "camera_footage");
    let due = its.due_at.unwrap();
    let extend = |days: i64| {
        let duty_id = its.duty_id.clone();
        let until = due.plus_ms(days * DAY_MS);
        house.try_write(move |tx| {
            app::duty::extend(tx, &owner(), &duty_id, until, "the recorder keeps 30 days")
        })
    };
    assert!(extend(9).unwrap().extended_at.is_some());
    assert!(matches!(extend(5), Err(Error::Unknown("until"))));
    assert!(
        matches!(extend(400), Err(Error::Unknown("until"))),
        "no year and more"
    );
    let events = house.events(domain::event::Subject::Incident, &id);
    let told = events.last().unwrap().text.clone().unwrap();
    assert_eq!(
        told,
        "camera_footage\n2027-01-26T08:00:00Z\nthe recorder keeps 30 days"
    );
}
