//! A terminal that was found: never away, back, or broken; looked over, with new keys, by people of whom none does two parts.

use app::case::{Against, Error};
use app::incident::Report;
use app::inspection::{Error as NotInspected, Said};
use app::terminal::MasterKey;
use domain::actor::Actor;
use domain::checklist::Wrong;
use domain::duty::{Duty, State as DutyState};
use domain::hold::Kind as HoldKind;
use domain::incident::found::Kind;
use domain::incident::{Ended, Happened, Incident, Manner, State};
use domain::inspection::{ITEMS, Outcome, Seen};
use domain::terminal::Control;

use crate::fixture::{
    House, auditor, code, manager, owner, partner, purchase, risk_officer, stranger, terminal,
};

const OLD: &str = "AAAAAA";

/// A terminal with a key of its own, signed in.
fn house() -> House {
    let house = House::open();
    house.sign_in(terminal(1));
    set_key(&house, OLD).unwrap();
    house
}

fn set_key(house: &House, check: &str) -> Result<domain::terminal::Terminal, Error> {
    let key = MasterKey {
        sealed: check.as_bytes().to_vec(),
        check: check.into(),
    };
    house.try_write(move |tx| app::terminal::set_key(tx, &risk_officer(), terminal(1), key))
}

fn lost(house: &House, manner: Manner) -> String {
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
    let drawn = id.clone();
    house.write(move |tx| app::duty::draw_up(tx, &drawn));
    id
}

/// Lost, and said to be back.
fn recovered(house: &House) -> String {
    let id = lost(house, Manner::Lost);
    house.propose_found_as(&owner(), &id, Kind::Recovered).unwrap();
    id
}

fn all(change: impl Fn(&mut Seen)) -> Said {
    let seen = ITEMS.map(|item| {
        let mut seen = Seen {
            item: item.item.into(),
            outcome: Outcome::Ok,
            note: None,
            attachment_id: None,
        };
        change(&mut seen);
        seen
    });
    Said {
        seen: seen.into(),
        new_keys_reference: None,
    }
}

fn right() -> Said {
    all(|_| ())
}

fn skimmed() -> Said {
    all(|seen| {
        if seen.item == "card_slot" {
            (seen.outcome, seen.note) = (Outcome::NotOk, Some("a film in the slot".into()));
        }
    })
}

fn inspect(house: &House, by: &Actor, id: &str, said: Said) -> Result<Incident, NotInspected> {
    let (by, id) = (by.clone(), id.to_owned());
    house.try_write(move |tx| app::inspection::inspect(tx, &by, &id, &said))
}

fn duty(house: &House, id: &str, name: &str) -> Option<Duty> {
    let duties = house.read(|tx| store::duty::of(tx, id));
    duties.into_iter().find(|duty| duty.duty == name)
}

fn state_of(house: &House, id: &str, name: &str) -> Option<DutyState> {
    duty(house, id, name).map(|duty| duty.state)
}

fn is_stopped(house: &House) -> bool {
    house.standing(terminal(1)).has(HoldKind::Loss)
}

fn refusal(house: &House, by: &Actor, id: &str) -> Against {
    match house.confirm_found(by, id) {
        Err(Error::Against(against)) => against,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_false_alarm_ends_by_two_people_and_by_nothing_else() {
    let house = house();
    let id = lost(&house, Manner::Lost);
    house.propose_found(&owner(), &id).unwrap();
    assert!(is_stopped(&house));
    assert_eq!(state_of(&house, &id, "found_inspection"), None);
    assert!(matches!(
        inspect(&house, &risk_officer(), &id, right()),
        Err(NotInspected::Case(Error::WrongState("found_proposed")))
    ));
    let closed = house.confirm_found(&risk_officer(), &id).unwrap();
    assert_eq!(
        closed.closing.map(|closing| closing.ended),
        Some(Ended::FalseAlarm)
    );
    house.approve(&purchase(terminal(1), 1));
}

#[test]
fn what_was_away_runs_again_only_inspected_with_new_keys_and_by_a_third_person() {
    let house = house();
    let id = recovered(&house);
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::NotInspected);
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 1))), "58");

    inspect(&house, &manager("s1"), &id, skimmed()).unwrap();
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::InspectionFailed);
    assert_eq!(state_of(&house, &id, "found_inspection"), Some(DutyState::Open));

    inspect(&house, &risk_officer(), &id, right()).unwrap();
    assert_eq!(state_of(&house, &id, "found_inspection"), Some(DutyState::Done));
    // Who inspected does not confirm, nor does who said that it was found.
    for by in [risk_officer(), owner()] {
        assert!(matches!(
            house.confirm_found(&by, &id),
            Err(Error::SecondPersonRequired)
        ));
    }
    let third = partner();
    assert_eq!(refusal(&house, &third, &id), Against::NoNewKeys);
    // The one that it had is none.
    set_key(&house, OLD).unwrap();
    assert_eq!(refusal(&house, &third, &id), Against::NoNewKeys);
    assert_eq!(state_of(&house, &id, "found_keys"), Some(DutyState::Open));
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 2))), "58");
    assert!(is_stopped(&house));

    set_key(&house, "BBBBBB").unwrap();
    assert_eq!(state_of(&house, &id, "found_keys"), Some(DutyState::Done));
    let closed = house.confirm_found(&third, &id).unwrap();
    assert_eq!(
        closed.closing.map(|closing| closing.ended),
        Some(Ended::Recovered)
    );
    assert!(!is_stopped(&house));
    // The working keys that it had when it was away are gone with its log-in.
    let session = house
        .read(|tx| store::terminal_session::get(tx, terminal(1)))
        .unwrap();
    assert!(session.keys_sealed.is_empty() && session.operator.is_none());
    assert!(house.refuse(&purchase(terminal(1), 3)).approval_code.is_none());
    house.sign_in(terminal(1));
    house.approve(&purchase(terminal(1), 4));
    let made = house.read(|tx| store::inspection::of(tx, &id));
    let made: Vec<_> = made
        .iter()
        .map(|one| (one.position, one.by.as_str(), one.is_passed))
        .collect();
    assert_eq!(made, [(1, "manager", false), (2, "risk", true)]);
    let notes = house.read(|tx| store::inspection::lines(tx, &id));
    assert_eq!(notes.len(), 2 * ITEMS.len());
    assert_eq!(notes[3].seen.note.as_deref(), Some("a film in the slot"));
}

#[test]
fn the_newest_inspection_counts_also_when_it_is_worse() {
    let house = house();
    let id = recovered(&house);
    set_key(&house, "BBBBBB").unwrap();
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    inspect(&house, &manager("s1"), &id, skimmed()).unwrap();
    assert_eq!(state_of(&house, &id, "found_inspection"), Some(DutyState::Open));
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::InspectionFailed);
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    house.confirm_found(&risk_officer(), &id).unwrap();
}

#[test]
fn a_new_report_voids_what_was_said_inspected_and_confirmed() {
    let house = house();
    let id = recovered(&house);
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    set_key(&house, "BBBBBB").unwrap();
    let again = house.report(&manager("s1"), terminal(1)).unwrap();
    assert_eq!((again.incident.state, again.incident.found), (State::Open, None));
    assert!(matches!(
        house.confirm_found(&risk_officer(), &id),
        Err(Error::WrongState("open"))
    ));
    assert!(matches!(
        inspect(&house, &manager("s1"), &id, right()),
        Err(NotInspected::Case(Error::WrongState("open")))
    ));
    // Nothing of it is in the way of closing it as not found.
    let open = house.read(|tx| store::duty::of(tx, &id)).into_iter();
    assert_eq!(open.filter(|duty| duty.is_of_find() && duty.is_open()).count(), 0);
    // Found once more it owes all of it anew: the key that it had then is none of the new ones.
    house.propose_found_as(&owner(), &id, Kind::Recovered).unwrap();
    assert_eq!(state_of(&house, &id, "found_inspection"), Some(DutyState::Open));
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::NotInspected);
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::NoNewKeys);
    set_key(&house, "CCCCCC").unwrap();
    house.confirm_found(&risk_officer(), &id).unwrap();
    let duties = house.read(|tx| store::duty::of(tx, &id));
    let mut names: Vec<_> = duties.iter().map(|duty| duty.duty.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), duties.len(), "one duty of each name");
}

#[test]
fn what_did_not_pass_is_no_false_alarm_afterwards() {
    let house = house();
    let id = recovered(&house);
    inspect(&house, &manager("s1"), &id, skimmed()).unwrap();
    let twice = house.propose_found(&owner(), &id);
    assert!(matches!(twice, Err(Error::WrongState("found_proposed"))));
    house.report(&manager("s1"), terminal(1)).unwrap();
    let escape = house.propose_found(&owner(), &id);
    assert!(matches!(escape, Err(Error::Against(Against::InspectionFailed))));
    assert!(is_stopped(&house));
}

#[test]
fn what_is_broken_ends_with_its_duties_done_and_stays_stopped_without_keys() {
    let house = house();
    let id = recovered(&house);
    inspect(&house, &manager("s1"), &id, skimmed()).unwrap();
    house.propose_found_as(&owner(), &id, Kind::Destroyed).unwrap();
    assert_eq!(
        state_of(&house, &id, "found_inspection"),
        Some(DutyState::NotNeeded)
    );
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::DutiesOpen);
    for duty in house.read(|tx| store::duty::of(tx, &id)) {
        if duty.stands_against_closing() {
            let proof = app::duty::Proof {
                reference: Some("R-1".into()),
                statement: Some("done".into()),
                ..Default::default()
            };
            house
                .try_write(move |tx| app::duty::done(tx, &risk_officer(), &duty.duty_id, proof))
                .unwrap();
        }
    }
    assert!(matches!(
        house.confirm_found(&owner(), &id),
        Err(Error::SecondPersonRequired)
    ));
    let closed = house.confirm_found(&risk_officer(), &id).unwrap();
    assert_eq!(
        closed.closing.as_ref().map(|closing| closing.ended),
        Some(Ended::Destroyed)
    );
    assert!(closed.loss_stands() && is_stopped(&house));
    let kept = house.read(|tx| store::terminal::get(tx, terminal(1))).unwrap();
    assert_eq!(kept.key_check, None);
    assert!(matches!(
        set_key(&house, "BBBBBB"),
        Err(Error::Against(Against::LossOpen))
    ));
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 9))), "58");
    // Opened again nothing of it is said any more; and a report of it is of the same case.
    let of = id.clone();
    let reopened = house
        .try_write(move |tx| app::incident::reopen(tx, &owner(), &of, "it was another one"))
        .unwrap();
    assert_eq!((reopened.state, reopened.found), (State::Open, None));
    assert!(is_stopped(&house));
    let again = house.report(&owner(), terminal(1)).unwrap();
    assert_eq!((again.opened, again.incident.incident_id), (false, id));
}

#[test]
fn who_is_to_be_told_that_it_was_found_is_told_after_the_end_too() {
    let house = house();
    let id = lost(&house, Manner::Lost);
    let police = duty(&house, &id, "police_report").unwrap().duty_id;
    let proof = app::duty::Proof {
        statement: Some("noted at the desk".into()),
        ..Default::default()
    };
    let told = proof.clone();
    house
        .try_write(move |tx| app::duty::done(tx, &owner(), &police, told))
        .unwrap();
    house.find_again(&id);
    let tell = duty(&house, &id, "found_police").unwrap();
    assert!(tell.is_open() && !tell.blocks_closing);
    assert!(
        duty(&house, &id, "found_customers").is_none(),
        "of a false alarm nobody was told"
    );
    let done = tell.duty_id.clone();
    house
        .try_write(move |tx| app::duty::done(tx, &owner(), &done, proof))
        .unwrap();
    // Nothing else of a closed case moves.
    let other = duty(&house, &id, "check_transactions").unwrap();
    assert_eq!(other.state, DutyState::NotNeeded);
    let reopened =
        house.try_write(move |tx| app::duty::reopen(tx, &owner(), &other.duty_id, "after all").map(drop));
    assert!(matches!(reopened, Err(Error::WrongState("closed"))));
}

#[test]
fn what_looked_altered_is_inspected_before_anybody_says_that_it_was_not() {
    let house = house();
    let id = lost(&house, Manner::Tampered);
    assert!(is_stopped(&house));
    assert!(duty(&house, &id, "keep_as_it_is").is_some());
    house.propose_found(&owner(), &id).unwrap();
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::NotInspected);
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    assert_eq!(state_of(&house, &id, "found_keys"), None, "nobody had it");
    let closed = house.confirm_found(&risk_officer(), &id).unwrap();
    assert_eq!(
        closed.closing.map(|closing| closing.ended),
        Some(Ended::FalseAlarm)
    );
    house.approve(&purchase(terminal(1), 1));
}

#[test]
fn what_was_altered_is_no_false_alarm_once_it_is_put_right() {
    let house = house();
    let id = lost(&house, Manner::Tampered);
    house.propose_found(&owner(), &id).unwrap();
    let failed = inspect(&house, &manager("s1"), &id, skimmed()).unwrap();
    assert_eq!(failed.found.and_then(|found| found.kind), Some(Kind::Recovered));
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::NoNewKeys);
    set_key(&house, "BBBBBB").unwrap();
    let closed = house.confirm_found(&risk_officer(), &id).unwrap();
    assert_eq!(
        closed.closing.map(|closing| closing.ended),
        Some(Ended::Recovered)
    );
}

#[test]
fn where_an_acquirer_outside_has_the_keys_it_says_that_they_are_new() {
    let house = House::open();
    house.write(|tx| {
        let mut outside = store::terminal::get(tx, terminal(1))?.unwrap();
        outside.control = Control::Outside;
        store::row::update(tx, &outside).map(drop)
    });
    let id = recovered(&house);
    assert!(duty(&house, &id, "found_acquirer").is_some());
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    assert_eq!(refusal(&house, &risk_officer(), &id), Against::NoNewKeys);
    let said = Said {
        new_keys_reference: Some("TMS-7".into()),
        ..right()
    };
    inspect(&house, &manager("s1"), &id, said).unwrap();
    assert_eq!(state_of(&house, &id, "found_keys"), Some(DutyState::Done));
    // It goes on to be said.
    inspect(&house, &manager("s1"), &id, right()).unwrap();
    house.confirm_found(&risk_officer(), &id).unwrap();
}

#[test]
fn an_inspection_is_whole_and_of_people_who_follow_the_loss() {
    let house = house();
    let id = recovered(&house);
    let refused = |by: &Actor, said| inspect(&house, by, &id, said).unwrap_err();
    let mut short = right();
    short.seen.pop();
    assert!(matches!(
        refused(&owner(), short),
        NotInspected::Items(Wrong::Unanswered("start"))
    ));
    let no_note = all(|seen| seen.outcome = Outcome::NotApplicable);
    assert!(matches!(
        refused(&owner(), no_note),
        NotInspected::Items(Wrong::NoteMissing("identity"))
    ));
    let no_file = all(|seen| seen.attachment_id = Some("nothing".into()));
    assert!(matches!(
        refused(&owner(), no_file),
        NotInspected::Case(Error::Unknown("items.attachment_id"))
    ));
    let said = Said {
        new_keys_reference: Some("TMS-7".into()),
        ..right()
    };
    assert!(matches!(
        refused(&owner(), said),
        NotInspected::Case(Error::Unknown("new_keys_reference"))
    ));
    assert!(matches!(
        refused(&auditor(), right()),
        NotInspected::Case(Error::NotAllowed)
    ));
    assert!(matches!(
        refused(&stranger(), right()),
        NotInspected::Case(Error::NotFound(_))
    ));
    assert_eq!(house.read(|tx| store::inspection::of(tx, &id)).len(), 0);
    for _ in 0..domain::inspection::OF_INCIDENT_MAX {
        inspect(&house, &owner(), &id, skimmed()).unwrap();
    }
    assert!(matches!(refused(&owner(), right()), NotInspected::TooMany));
    let happened = house.timeline(&id);
    assert!(happened.contains(&Happened::Inspected));
}
