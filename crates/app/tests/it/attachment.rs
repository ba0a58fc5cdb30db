//! Files of an incident: whole or not at all, once for each content, within bounds, and gone when their time is over.

use app::attachment::{self, New, OF_DAY_MAX, OF_INCIDENT_MAX};
use app::case::Error;
use app::incident::Report;
use app::piece::{self, NotTaken};
use domain::attachment::{Attachment, Kind, Purpose, Scan, State};
use domain::incident::{Happened, Incident, Manner};
use domain::time::HOUR_MS;
use domain::work::CleanUp;

use crate::fixture::{House, auditor, manager, owner, stranger, terminal};

const MIB: i64 = 1 << 20;

fn lost(house: &House, number: u32) -> Incident {
    let report = Report {
        terminal_id: terminal(number),
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner: Manner::Lost,
        reported_at: house.now(),
        payments: Vec::new(),
    };
    house.report_as(&owner(), report).unwrap().incident
}

/// A file of that length, its content known by a number.
fn new(attachment_id: &str, incident_id: &str, (content, len): (u8, i64)) -> New {
    New {
        attachment_id: attachment_id.into(),
        incident_id: incident_id.into(),
        name: format!("{attachment_id}.pdf"),
        sent_as: Kind::Pdf,
        purpose: Purpose::Evidence,
        sent_len: len,
        sent_sha256: vec![content; 32],
        kept_len: len,
        kept_sha256: vec![content; 32],
        scan: Scan::NotSet,
    }
}

fn begin(house: &House, new: &New) -> Result<Option<Attachment>, NotTaken> {
    let new = new.clone();
    house.try_write(move |tx| attachment::begin(tx, &owner(), &new))
}

fn put(house: &House, attachment_id: &str, number: i64) -> Result<(), NotTaken> {
    let id = attachment_id.to_owned();
    house.try_write(move |tx| piece::keep(tx, &id, number, b"sealed"))
}

fn finish(house: &House, new: &New, count: i64) -> Result<(Attachment, bool), NotTaken> {
    let new = new.clone();
    house.try_write(move |tx| attachment::finish(tx, &owner(), new, count))
}

/// A file of one piece.
fn bring(house: &House, new: &New) -> Result<(Attachment, bool), NotTaken> {
    begin(house, new)?;
    put(house, &new.attachment_id, 0)?;
    finish(house, new, 1)
}

fn pieces(house: &House, attachment_id: &str) -> i64 {
    house.read(|tx| store::piece::count(tx, attachment_id))
}

fn files(house: &House, incident_id: &str) -> Vec<Attachment> {
    house.read(|tx| store::attachment::of(tx, incident_id))
}

#[test]
fn a_file_is_there_with_its_last_piece_and_what_was_killed_between_two_goes() {
    let mut house = House::open();
    let id = lost(&house, 1).incident_id;
    let file = new("F1", &id, (1, 3 * MIB));
    assert_eq!(begin(&house, &file).unwrap(), None);
    put(&house, "F1", 0).unwrap();
    put(&house, "F1", 1).unwrap();
    // Here the node is killed.
    house.reopen();
    assert!(files(&house, &id).is_empty());
    house.clean_up(CleanUp::Files);
    assert_eq!(pieces(&house, "F1"), 2, "it may come on");
    // Another node, or the same, brings it again from its beginning; the first one's pieces are in nobody's way.
    let again = new("F2", &id, (1, 3 * MIB));
    begin(&house, &again).unwrap();
    for number in 0..3 {
        put(&house, "F2", number).unwrap();
    }
    // A piece that is missing is no file.
    assert!(matches!(finish(&house, &again, 4), Err(NotTaken::GivenUp)));
    begin(&house, &new("F3", &id, (1, 3 * MIB))).unwrap();
    assert!(files(&house, &id).is_empty());
    let whole = finish(&house, &again, 3);
    let (whole, is_new) = whole.unwrap();
    assert!(is_new && files(&house, &id) == [whole.clone()]);
    house.pass_ms(HOUR_MS + 1);
    house.clean_up(CleanUp::Files);
    assert_eq!((pieces(&house, "F1"), pieces(&house, "F2")), (0, 3));
    // What was given up is none any more, whoever still holds it.
    assert!(matches!(put(&house, "F1", 2), Err(NotTaken::GivenUp)));
    assert!(matches!(
        finish(&house, &new("F1", &id, (9, 3 * MIB)), 3),
        Err(NotTaken::GivenUp)
    ));
    assert_eq!(files(&house, &id), [whole]);
    assert_eq!(told(&house, &id, Happened::FileAdded), 1);
}

fn told(house: &House, incident_id: &str, happened: Happened) -> usize {
    let all = house.timeline(incident_id).into_iter();
    all.filter(|one| *one == happened).count()
}

#[test]
fn of_two_that_bring_the_same_at_once_one_becomes_the_file() {
    let house = House::open();
    let id = lost(&house, 1).incident_id;
    let (first, second) = (new("F1", &id, (1, MIB)), new("F2", &id, (1, MIB)));
    for file in [&first, &second] {
        assert_eq!(begin(&house, file).unwrap(), None);
        put(&house, &file.attachment_id, 0).unwrap();
    }
    let (file, is_new) = finish(&house, &first, 1).unwrap();
    assert!(is_new);
    assert_eq!(finish(&house, &second, 1).unwrap(), (file.clone(), false));
    assert_eq!(begin(&house, &new("F3", &id, (1, MIB))).unwrap(), Some(file));
    house.clean_up(CleanUp::Files);
    assert_eq!((pieces(&house, "F1"), pieces(&house, "F2")), (1, 0));
    assert_eq!(told(&house, &id, Happened::FileAdded), 1);
}

#[test]
fn an_incident_has_room_for_so_much_and_an_account_for_so_much_a_day() {
    let house = House::open();
    let ids: Vec<String> = (1..4).map(|number| lost(&house, number).incident_id).collect();
    let mut content = 0;
    let mut next = |incident_id: &str, len| {
        content += 1;
        bring(&house, &new(&format!("F{content}"), incident_id, (content, len)))
    };
    for _ in 0..OF_INCIDENT_MAX.count {
        next(&ids[0], 1).unwrap();
    }
    assert!(matches!(next(&ids[0], 1), Err(NotTaken::Full)));
    for _ in 0..OF_INCIDENT_MAX.len / (20 * MIB) {
        next(&ids[1], 20 * MIB).unwrap();
    }
    assert!(matches!(next(&ids[1], 1), Err(NotTaken::Full)));
    let left = OF_DAY_MAX.count - OF_INCIDENT_MAX.count - OF_INCIDENT_MAX.len / (20 * MIB);
    for _ in 0..left {
        next(&ids[2], 1).unwrap();
    }
    assert!(matches!(next(&ids[2], 1), Err(NotTaken::TooMuchToday)));
    house.pass_ms(24 * HOUR_MS);
    next(&ids[2], 1).unwrap();
}

#[test]
fn who_may_not_follow_a_loss_brings_nothing_to_it() {
    let house = House::open();
    let id = lost(&house, 1).incident_id;
    let file = new("F1", &id, (1, MIB));
    for (actor, is_seen) in [(auditor(), true), (stranger(), false)] {
        let new = file.clone();
        let refused = house.try_write(move |tx| attachment::begin(tx, &actor, &new));
        match refused {
            Err(NotTaken::Case(Error::NotAllowed)) => assert!(is_seen),
            Err(NotTaken::Case(Error::NotFound(_))) => assert!(!is_seen),
            other => panic!("{other:?}"),
        }
    }
    let (by, new) = (manager("s1"), file);
    assert!(
        house
            .try_write(move |tx| attachment::begin(tx, &by, &new))
            .is_ok()
    );
}

#[test]
fn what_was_taken_back_goes_when_the_case_is_closed_and_all_of_it_when_its_time_is_over() {
    let house = House::open();
    let id = lost(&house, 1).incident_id;
    for (name, content) in [("F1", 1), ("F2", 2)] {
        bring(&house, &new(name, &id, (content, MIB))).unwrap();
    }
    let back = house.write(|tx| {
        let taken = attachment::withdraw(tx, &owner(), "F1", "the wrong one");
        taken.map_err(|_| store::Error::Corrupt("not taken back"))
    });
    assert_eq!(back.state, State::Withdrawn);
    house.pass_ms(2 * HOUR_MS);
    house.clean_up(CleanUp::Files);
    assert_eq!(pieces(&house, "F1"), 1, "the case is open");
    house.find_again(&id);
    house.clean_up(CleanUp::Files);
    let [first, second] = files(&house, &id).try_into().unwrap();
    assert!(!first.is_there && second.is_there);
    assert_eq!((pieces(&house, "F1"), pieces(&house, "F2")), (0, 1));
    house.pass_ms(app::clean_up::CASES_KEPT_MS + 1);
    house.clean_up(CleanUp::Cases);
    house.clean_up(CleanUp::Files);
    for file in files(&house, &id) {
        assert_eq!((file.name, file.is_there), (None, false));
        assert!(file.withdrawn.is_none_or(|withdrawn| withdrawn.ground.is_none()));
        assert_eq!(file.sent_sha256.len(), 32, "by which it was known stays");
        assert_eq!(pieces(&house, &file.attachment_id), 0);
    }
}
