//! Losing a terminal: who may say so, what it starts, and how it ends.

use app::case::Error;
use app::incident::{Acknowledged, Report};
use app::transaction::Attempt;
use domain::Timestamp;
use domain::actor::Actor;
use domain::event::Subject;
use domain::hold::{Authority, Kind as HoldKind};
use domain::incident::{Channel, Happened, Incident, Manner, State, WindowBasis};
use domain::time::HOUR_MS;
use domain::transaction::{Entry, Kind, Proof};
use store::node::Incarnation;
use store::receipt::Receipt;

use crate::fixture::{
    House, NODE, approval, ask, auditor, code, manager, nobody, owner, purchase, risk_officer, stranger,
    terminal,
};

fn signed_in() -> House {
    let house = House::open();
    house.write(|tx| app::node::join(tx, NODE, &[]));
    house.sign_in(terminal(1));
    house
}

fn acknowledge(house: &House, incident_id: &str, waited: i64) -> Vec<Receipt> {
    let incident_id = incident_id.to_owned();
    let here = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    let acknowledged =
        house.write(move |tx| app::incident::acknowledge(tx, &incident_id, NODE, Some((&here, waited))));
    match acknowledged {
        Acknowledged::Receipts(receipts) => receipts,
        Acknowledged::NotYet => panic!("there is no other node"),
    }
}

fn acknowledge_alarm(house: &House, by: &Actor, incident_id: &str) -> Result<(), Error> {
    let (by, incident_id) = (by.clone(), incident_id.to_owned());
    house.try_write(move |tx| app::incident::acknowledge_alarm(tx, &by, &incident_id).map(drop))
}

fn open_alarms(house: &House, incident_id: &str) -> i64 {
    incident(house, incident_id).open_alarm_count
}

fn incident(house: &House, incident_id: &str) -> Incident {
    house.read(|tx| store::incident::get(tx, incident_id)).unwrap()
}

#[test]
fn who_sees_the_terminal_and_may_act_stops_it() {
    for by in [owner(), manager("s1"), risk_officer()] {
        let house = signed_in();
        let reported = house.report(&by, terminal(1)).unwrap();
        assert!(reported.opened, "{by:?}");
        let incident = reported.incident;
        assert_eq!((incident.state, incident.manner), (State::Open, Manner::Lost));
        assert_eq!(
            (incident.reported_by.as_str(), incident.node.as_str()),
            (by.name(), NODE)
        );
        assert_eq!(
            incident.stop_request_number,
            format!("STOP-{}", incident.incident_id)
        );
        let held = house.last(terminal(1));
        assert_eq!((held.entry, held.sequence), (Entry::HoldPlaced, incident.hold_id));
        assert_eq!(held.at, incident.suspended_at);
        assert_eq!(code(&house.refuse(&purchase(terminal(1), 1))), "58");
        let seen = house.timeline(&incident.incident_id);
        assert_eq!(seen[..2], [Happened::Reported, Happened::Suspended]);
    }
}

#[test]
fn who_may_not_stops_nothing() {
    let house = signed_in();
    for (by, id, not_found) in [
        (auditor(), terminal(1), false),
        (stranger(), terminal(1), true),
        (manager("s2"), terminal(1), true),
        (owner(), terminal(4), true),
        (risk_officer(), nobody(), true),
    ] {
        let refused = house.report(&by, id).unwrap_err();
        assert_eq!(matches!(refused, Error::NotFound(_)), not_found, "{by:?}");
        assert_eq!(matches!(refused, Error::NotAllowed), !not_found, "{by:?}");
        assert!(house.standing(id).may_transact());
    }
    house.approve(&purchase(terminal(1), 1));
}

#[test]
fn a_second_report_is_the_same_incident_and_the_same_hold() {
    let house = signed_in();
    let first = house.lose(terminal(1));
    house.pass_ms(5_000);
    let second = house.report(&manager("s1"), terminal(1)).unwrap();
    assert!(!second.opened);
    assert_eq!(second.incident, first);
    let holds = house.read(|tx| store::hold::list(tx, terminal(1), 10));
    assert_eq!(holds.len(), 1);
    assert!(
        house.standing(terminal(2)).may_transact(),
        "the one beside it goes on"
    );
}

#[test]
fn a_report_after_the_case_was_closed_is_a_new_case() {
    let house = signed_in();
    let first = house.lose(terminal(1));
    house.find_again(&first.incident_id);
    let second = house.lose(terminal(1));
    assert_ne!(second.incident_id, first.incident_id);
    assert!(second.hold_id > first.hold_id);
}

#[test]
fn the_hold_is_later_than_the_last_approval_even_in_the_same_millisecond() {
    let house = signed_in();
    house.approve(&purchase(terminal(1), 1));
    let approved_at = house.last(terminal(1)).at;
    let incident = house.lose(terminal(1));
    assert!(incident.suspended_at > approved_at);
    acknowledge(&house, &incident.incident_id, 0);
    let incident = house
        .read(|tx| store::incident::get(tx, &incident.incident_id))
        .unwrap();
    assert!(
        incident.acknowledged_at.unwrap() >= incident.suspended_at,
        "stopped first, acknowledged then"
    );
}

#[test]
fn the_loss_window_starts_at_the_last_trusted_use_before_the_last_sight() {
    let hours = |hours: i64| hours * HOUR_MS;
    for (seen_before, basis, from_before) in [
        (Some(hours(1)), WindowBasis::LastTrustedTransaction, hours(3)),
        (Some(hours(20)), WindowBasis::ReportedLastSeen, hours(20)),
        (None, WindowBasis::ReportedOnly, hours(24)),
    ] {
        let house = signed_in();
        house.pass_ms(hours(30));
        house.approve(&purchase(terminal(1), 1));
        house.pass_ms(hours(3));
        let now = house.now();
        let report = Report {
            terminal_id: terminal(1),
            last_seen_at: seen_before.map(|ms| now.plus_ms(-ms)),
            place: Some("counter".into()),
            circumstances: None,
            manner: Manner::Stolen,
            reported_at: now,
            payments: Vec::new(),
        };
        let window = house.report_as(&owner(), report).unwrap().incident.window;
        assert_eq!(
            (window.basis, window.from, window.to),
            (basis, now.plus_ms(-from_before), now)
        );
    }
}

#[test]
fn every_channel_gets_its_receipt_once() {
    let house = signed_in();
    let incident = house.lose(terminal(1));
    assert_eq!(house.read(store::incident::unacknowledged).len(), 1);
    house.pass_ms(250);
    let receipts = acknowledge(&house, &incident.incident_id, 2);
    let channels: Vec<Channel> = receipts.iter().map(|receipt| receipt.channel).collect();
    assert_eq!(channels, Channel::ALL);
    for receipt in &receipts {
        let card = receipt.channel == Channel::CardAuthorisation;
        let at = if card { house.now() } else { incident.suspended_at };
        assert_eq!(
            (receipt.at, receipt.in_flight_waited),
            (at, if card { 2 } else { 0 })
        );
    }
    house.pass_ms(1_000);
    assert_eq!(
        acknowledge(&house, &incident.incident_id, 9),
        receipts,
        "the first word stands"
    );
    let seen = house.timeline(&incident.incident_id);
    assert_eq!(
        seen.iter()
            .filter(|kind| **kind == Happened::Acknowledged)
            .count(),
        1
    );
    assert_eq!(house.read(store::incident::unacknowledged).len(), 0);
}

#[test]
fn attempts_raise_one_alarm_that_counts_until_someone_has_seen_it() {
    let house = signed_in();
    let incident_id = house.lose(terminal(1)).incident_id;
    assert_eq!(open_alarms(&house, &incident_id), 0);
    for trace in 1..=3 {
        let answer = house.refuse(&purchase(terminal(1), trace));
        assert_eq!(answer.incident_id.as_ref(), Some(&incident_id));
        assert_eq!(open_alarms(&house, &incident_id), 1);
    }
    house.refuse(&ask(Kind::Refund, terminal(1), 4));
    use Happened::*;
    let expected = [
        Reported,
        Suspended,
        AttemptRefused,
        Alarm,
        AttemptRefused,
        AttemptRefused,
        AttemptRecorded,
    ];
    assert_eq!(house.timeline(&incident_id), expected);
    assert_eq!(attempts(&house, &incident_id), (4, 0));
    acknowledge_alarm(&house, &manager("s1"), &incident_id).unwrap();
    assert_eq!(open_alarms(&house, &incident_id), 0);
    acknowledge_alarm(&house, &owner(), &incident_id).unwrap();
    assert_eq!(
        house.timeline(&incident_id).len(),
        8,
        "nothing new to acknowledge"
    );
    house.refuse(&purchase(terminal(1), 5));
    assert_eq!(
        house.timeline(&incident_id)[7..],
        [AlarmAcknowledged, AttemptRefused, Alarm]
    );
    assert_eq!(open_alarms(&house, &incident_id), 1);
}

#[test]
fn what_the_hold_cut_off_is_an_attempt_too() {
    let house = signed_in();
    let sequence = house.forward(&purchase(terminal(1), 1));
    let incident_id = house.lose(terminal(1)).incident_id;
    let answer = house.release(terminal(1), sequence, approval());
    assert_eq!(answer.incident_id, Some(incident_id.clone()));
    let attempt = &house.events(Subject::Incident, &incident_id)[2];
    assert_eq!(attempt.verb, Happened::AttemptRefused.code());
    assert_eq!(attempt.ledger_sequence, Some(house.last(terminal(1)).sequence));
}

#[test]
fn an_alarm_is_for_those_who_see_it_and_may_act() {
    let house = signed_in();
    let incident_id = house.lose(terminal(1)).incident_id;
    house.refuse(&purchase(terminal(1), 1));
    assert!(matches!(
        acknowledge_alarm(&house, &auditor(), &incident_id),
        Err(Error::NotAllowed)
    ));
    assert!(matches!(
        acknowledge_alarm(&house, &stranger(), &incident_id),
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        acknowledge_alarm(&house, &owner(), "nothing"),
        Err(Error::NotFound(_))
    ));
    assert_eq!(open_alarms(&house, &incident_id), 1);
}

#[test]
fn one_person_cannot_find_a_terminal_again() {
    let house = signed_in();
    let incident_id = house.lose(terminal(1)).incident_id;
    let early = house.confirm_found(&risk_officer(), &incident_id);
    assert!(matches!(early, Err(Error::WrongState("open"))));
    assert!(matches!(
        house.propose_found(&auditor(), &incident_id),
        Err(Error::NotAllowed)
    ));
    assert!(matches!(
        house.propose_found(&stranger(), &incident_id),
        Err(Error::NotFound(_))
    ));
    let proposed = house.propose_found(&owner(), &incident_id).unwrap();
    assert_eq!(proposed.state, State::FoundProposed);
    for (by, refused) in [
        (owner(), "a second person is required"),
        (manager("s1"), "the role does not allow this"),
        (auditor(), "the role does not allow this"),
        (stranger(), "not found"),
    ] {
        let error = house.confirm_found(&by, &incident_id).unwrap_err();
        assert_eq!(error.to_string(), refused, "{by:?}");
    }
    let twice = house.propose_found(&risk_officer(), &incident_id);
    assert!(
        matches!(twice, Err(Error::WrongState("found_proposed"))),
        "a proposer cannot be replaced"
    );
    assert_eq!(
        code(&house.refuse(&purchase(terminal(1), 1))),
        "58",
        "it stays stopped"
    );
}

#[test]
fn two_people_close_the_case_and_release_the_loss_hold_alone() {
    let house = signed_in();
    let id = terminal(1);
    house.place(id, HoldKind::Fault, None);
    let incident_id = house.lose(id).incident_id;
    house.pass_ms(1_000);
    house.propose_found(&manager("s1"), &incident_id).unwrap();
    let closed = house.confirm_found(&owner(), &incident_id).unwrap();
    assert_eq!(closed.state, State::Closed);
    let found = closed.found.unwrap();
    assert_eq!(
        (found.proposed_by.as_str(), found.statement.as_str()),
        ("manager", "under the till")
    );
    assert_eq!(
        (found.confirmed_by.as_deref(), found.confirmed_at),
        (Some("owner"), Some(house.now()))
    );
    let standing = house.standing(id);
    assert!(!standing.has(HoldKind::Loss) && standing.has(HoldKind::Fault));
    assert_eq!(code(&house.refuse(&purchase(id, 1))), "58", "it is still broken");
    assert!(house.lift(id, HoldKind::Fault, Authority::Engineer));
    house.approve(&purchase(id, 2));
    let happened = house.timeline(&incident_id);
    let mut since = happened
        .iter()
        .skip_while(|one| **one != Happened::Closed)
        .skip(1);
    assert!(
        since.all(|one| *one == Happened::DutyNotNeeded),
        "no news of a closed case: {happened:?}"
    );
    assert!(house.confirm_found(&risk_officer(), &incident_id).is_err());
}

#[test]
fn nobody_but_the_closing_of_the_case_releases_the_loss_hold() {
    let house = signed_in();
    house.lose(terminal(1));
    for authority in Authority::ALL {
        if authority != Authority::Incident {
            assert!(
                !house.lift(terminal(1), HoldKind::Loss, authority),
                "{authority:?}"
            );
        }
    }
    house.pass_ms(100_000 * HOUR_MS);
    assert!(house.standing(terminal(1)).has(HoldKind::Loss), "nor does time");
}

#[test]
fn everything_is_still_there_after_a_restart() {
    let mut house = signed_in();
    let id = terminal(1);
    let sequence = house.forward(&purchase(id, 1));
    let incident = house.lose(id);
    house.release(id, sequence, approval());
    let receipts = acknowledge(&house, &incident.incident_id, 1);
    house.propose_found(&owner(), &incident.incident_id).unwrap();
    let all = |house: &House| {
        let incident = house.read(|tx| store::incident::get(tx, &incident.incident_id));
        let seen = house.timeline(&incident.as_ref().unwrap().incident_id);
        (house.rows(id), house.owed(id), incident, seen)
    };
    let before = all(&house);
    house.reopen();
    assert_eq!(all(&house), before);
    assert_eq!(acknowledge(&house, &incident.incident_id, 7), receipts);
    assert_eq!(open_alarms(&house, &incident.incident_id), 1);
    assert_eq!(code(&house.refuse(&purchase(id, 2))), "58");
    house
        .confirm_found(&risk_officer(), &incident.incident_id)
        .unwrap();
    house.approve(&purchase(id, 3));
}

#[test]
fn a_clock_that_goes_back_over_a_restart_moves_no_row_before_another() {
    let mut house = signed_in();
    house.approve(&purchase(terminal(1), 1));
    house.pass_ms(-HOUR_MS);
    house.reopen();
    house.approve(&purchase(terminal(1), 2));
    let incident = house.lose(terminal(1));
    house.refuse(&purchase(terminal(1), 3));
    let times: Vec<Timestamp> = house.rows(terminal(1)).into_iter().map(|row| row.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(incident.suspended_at > times[0]);
}

#[test]
fn reporting_again_overrules_who_said_it_was_found() {
    let house = signed_in();
    let incident_id = house.lose(terminal(1)).incident_id;
    house.propose_found(&owner(), &incident_id).unwrap();
    let again = house.report(&manager("s1"), terminal(1)).unwrap();
    assert!(!again.opened);
    assert_eq!((again.incident.state, again.incident.found), (State::Open, None));
    let confirmed = house.confirm_found(&risk_officer(), &incident_id);
    assert!(matches!(confirmed, Err(Error::WrongState("open"))));
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 1))), "58");
    house.propose_found(&manager("s1"), &incident_id).unwrap();
    assert_eq!(
        house.confirm_found(&owner(), &incident_id).unwrap().state,
        State::Closed
    );
}

/// All attempts an incident has seen, and those without proof.
fn attempts(house: &House, incident_id: &str) -> (i64, i64) {
    let incident = incident(house, incident_id);
    (incident.attempt_count, incident.unproven_attempt_count)
}

#[test]
fn what_somebody_forged_is_told_from_what_the_lost_terminal_did() {
    let house = signed_in();
    let incident_id = house.lose(terminal(1)).incident_id;
    house.refuse(&Attempt {
        mac_verified: false,
        ..purchase(terminal(1), 1)
    });
    assert_eq!(house.last(terminal(1)).proof, Some(Proof::Unproven));
    assert_eq!(attempts(&house, &incident_id), (1, 1));
    house.refuse(&purchase(terminal(1), 2));
    assert_eq!(house.last(terminal(1)).proof, Some(Proof::Proven));
    assert_eq!(attempts(&house, &incident_id), (2, 1));
    assert_eq!(open_alarms(&house, &incident_id), 1, "either is a reason to look");
}

#[test]
fn attempts_too_many_for_a_row_each_are_one_row_with_their_count() {
    let house = signed_in();
    let incident_id = house.lose(terminal(1)).incident_id;
    house.refuse(&purchase(terminal(1), 1));
    let rows = house.rows(terminal(1)).len();
    let repeats = app::repeats::Repeats {
        terminal_id: terminal(1),
        kind: Kind::SignIn,
        proof: Proof::Unproven,
        count: 500,
        peer: "192.0.2.7:4100".into(),
        first_at: house.now(),
    };
    let told = house.write(move |tx| app::repeats::write(tx, &repeats));
    assert_eq!(told, Some(incident_id.clone()));
    assert_eq!(house.rows(terminal(1)).len(), rows + 1);
    let row = house.last(terminal(1));
    assert_eq!(
        (row.repeated, row.proof, row.reason.as_deref()),
        (Some(500), Some(Proof::Unproven), Some("held:loss"))
    );
    assert_eq!(attempts(&house, &incident_id), (501, 500));
}
