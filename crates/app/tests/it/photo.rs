//! Photos of a terminal: whole or not at all, once for each content, within bounds, and in sight after they are removed.

use app::case::Error;
use app::photo::{self, New, OF_DAY_MAX, OF_TERMINAL_MAX};
use app::piece::{self, NotTaken};
use domain::actor::Actor;
use domain::attachment::Scan;
use domain::event::{Subject, Verb};
use domain::photo::{Photo, Shows, State};
use domain::time::HOUR_MS;
use domain::work::CleanUp;

use crate::fixture::{House, auditor, manager, owner, risk_officer, stranger, terminal};

const DAY_MS: i64 = 24 * HOUR_MS;
const MIB: i64 = 1 << 20;

/// A photo of a terminal's seal, its content known by a number.
fn new(photo_id: &str, number: u32, content: i64) -> New {
    let sha256: Vec<u8> = content.to_be_bytes().repeat(4);
    New {
        photo_id: photo_id.into(),
        terminal_id: terminal(number),
        shows: Shows::Seal,
        caption: Some("小李贴的封签".into()),
        sent_sha256: sha256.clone(),
        sha256,
        len: 1,
        scan: Scan::NotSet,
    }
}

fn begin(house: &House, by: Actor, new: &New) -> Result<Option<Photo>, NotTaken> {
    let new = new.clone();
    house.try_write(move |tx| photo::begin(tx, &by, &new))
}

fn put(house: &House, photo_id: &str, number: i64) -> Result<(), NotTaken> {
    let id = photo_id.to_owned();
    house.try_write(move |tx| piece::keep(tx, &id, number, b"sealed"))
}

fn finish(house: &House, by: Actor, new: &New, count: i64) -> Result<(Photo, bool), NotTaken> {
    let new = new.clone();
    house.try_write(move |tx| photo::finish(tx, &by, new, count))
}

/// A photo of one piece, added by an owner.
fn add(house: &House, new: &New) -> Result<(Photo, bool), NotTaken> {
    begin(house, owner(), new)?;
    put(house, &new.photo_id, 0)?;
    finish(house, owner(), new, 1)
}

fn remove(house: &House, by: Actor, photo_id: &str, ground: &'static str) -> Result<Photo, Error> {
    let id = photo_id.to_owned();
    house.try_write(move |tx| photo::remove(tx, &by, &id, ground))
}

fn photos(house: &House, number: u32) -> Vec<Photo> {
    house.read(|tx| store::photo::of(tx, terminal(number), 100))
}

fn pieces(house: &House, photo_id: &str) -> i64 {
    house.read(|tx| store::piece::count(tx, photo_id))
}

/// What is told of a terminal's photos.
fn told(house: &House, number: u32) -> Vec<(String, Option<String>)> {
    let events = house
        .events(Subject::Terminal, terminal(number).as_str())
        .into_iter();
    let of_photos = events.filter(|event| event.verb.starts_with("photo_"));
    of_photos.map(|event| (event.verb, event.text)).collect()
}

#[test]
fn a_photo_is_there_with_its_last_piece_and_once_for_what_it_shows() {
    let mut house = House::open();
    let seal = new("P1", 1, 1);
    assert_eq!(begin(&house, owner(), &seal).unwrap(), None);
    put(&house, "P1", 0).unwrap();
    // Here the node is killed.
    house.reopen();
    assert!(photos(&house, 1).is_empty());
    assert!(matches!(
        finish(&house, owner(), &seal, 2),
        Err(NotTaken::GivenUp)
    ));
    put(&house, "P1", 1).unwrap();
    let (whole, is_new) = finish(&house, owner(), &seal, 2).unwrap();
    assert!(is_new && whole.caption.as_deref() == Some("小李贴的封签"));
    // Of two that bring the same, also at once, one becomes the photo; what shows something else is another.
    let again = new("P2", 1, 1);
    assert_eq!(begin(&house, owner(), &again).unwrap(), Some(whole.clone()));
    let label = New {
        shows: Shows::Label,
        ..new("P3", 1, 1)
    };
    assert!(add(&house, &label).unwrap().1);
    assert!(add(&house, &new("P4", 2, 1)).unwrap().1, "of another terminal");
    assert_eq!(photos(&house, 1).len(), 2);
    let sha256 = domain::hex::of(&whole.sha256);
    let said = |shows: &str| {
        (
            Verb::PhotoAdded.code().to_owned(),
            Some(format!("{shows} sha256:{sha256}")),
        )
    };
    assert_eq!(told(&house, 1), [said("seal"), said("label")]);
    // What never became one is forgotten.
    begin(&house, owner(), &new("P5", 1, 5)).unwrap();
    put(&house, "P5", 0).unwrap();
    house.pass_ms(HOUR_MS + 1);
    house.clean_up(CleanUp::Files);
    assert_eq!((pieces(&house, "P1"), pieces(&house, "P5")), (2, 0));
}

#[test]
fn who_may_write_something_else_of_a_terminal_adds_and_removes_and_others_do_not() {
    let house = House::open();
    let seal = new("P1", 1, 1);
    add(&house, &seal).unwrap();
    for (actor, is_seen) in [(manager("s1"), true), (auditor(), true), (stranger(), false)] {
        let is_so = |error: &Error| match error {
            Error::NotAllowed => is_seen,
            Error::NotFound(_) => !is_seen,
            _ => false,
        };
        let refused = begin(&house, actor.clone(), &new("P2", 1, 2));
        assert!(
            matches!(&refused, Err(NotTaken::Case(error)) if is_so(error)),
            "{refused:?}"
        );
        let refused = finish(&house, actor.clone(), &new("P2", 1, 2), 1);
        assert!(
            matches!(&refused, Err(NotTaken::Case(error)) if is_so(error)),
            "{refused:?}"
        );
        let refused = remove(&house, actor, "P1", "不清楚");
        assert!(matches!(&refused, Err(error) if is_so(error)), "{refused:?}");
    }
    assert!(begin(&house, risk_officer(), &new("P2", 1, 2)).is_ok());
    house.retire(terminal(1));
    let refused = begin(&house, owner(), &new("P3", 1, 3));
    assert!(matches!(
        refused,
        Err(NotTaken::Case(Error::WrongState("retired")))
    ));
    // A face on one has to go all the same.
    assert_eq!(
        remove(&house, owner(), "P1", "拍到人了").unwrap().state,
        State::Removed
    );
}

#[test]
fn a_terminal_has_room_for_so_much_and_an_account_for_so_much_a_day() {
    let house = House::open();
    house.more_terminals(10);
    let mut content = 0;
    let mut next = |number: u32, len: i64| {
        content += 1;
        let photo = New {
            len,
            ..new(&format!("P{content}"), number, content)
        };
        add(&house, &photo)
    };
    for _ in 0..OF_TERMINAL_MAX.count {
        next(1, 1).unwrap();
    }
    assert!(matches!(next(1, 1), Err(NotTaken::Full)));
    for _ in 0..OF_TERMINAL_MAX.len / (20 * MIB) {
        next(2, 20 * MIB).unwrap();
    }
    assert!(matches!(next(2, 1), Err(NotTaken::Full)));
    // One that was removed counts as long as its bytes are here.
    remove(&house, owner(), "P1", "糊了").unwrap();
    assert!(matches!(next(1, 1), Err(NotTaken::Full)));
    house.pass_ms(90 * DAY_MS + 1);
    house.clean_up(CleanUp::Files);
    next(1, 1).unwrap();
    let since = house.now();
    house.write(move |tx| {
        // As if the rest of the day's had been added.
        for number in 1..OF_DAY_MAX.count {
            let id = format!("Q{number}");
            let photo = Photo {
                photo_id: id.clone(),
                sent_sha256: id.into_bytes(),
                at: since,
                ..store::photo::of(tx, terminal(2), 1)?.remove(0)
            };
            store::row::insert(tx, &photo)?;
        }
        Ok(())
    });
    assert!(matches!(next(3, 1), Err(NotTaken::TooMuchToday)));
    house.pass_ms(DAY_MS);
    next(3, 1).unwrap();
}

#[test]
fn what_was_removed_stays_in_sight_and_its_bytes_until_nobody_needs_them() {
    let house = House::open();
    for (id, content) in [("P1", 1), ("P2", 2)] {
        add(&house, &new(id, 1, content)).unwrap();
    }
    assert!(matches!(
        remove(&house, owner(), "P1", ""),
        Err(Error::TextRequired)
    ));
    let removed = remove(&house, owner(), "P1", "张三的照片")
        .unwrap()
        .removed
        .unwrap();
    assert_eq!(
        (removed.by.as_str(), removed.ground.as_deref()),
        ("owner", Some("张三的照片"))
    );
    let again = remove(&house, owner(), "P1", "再来一次");
    assert!(matches!(again, Err(Error::WrongState("removed"))));
    // The record says that it is gone, by which digest it is known, and nothing in anybody's words.
    let sha256 = domain::hex::of(&new("P1", 1, 1).sha256);
    let last = told(&house, 1).pop();
    assert_eq!(
        last,
        Some((
            Verb::PhotoRemoved.code().into(),
            Some(format!("seal sha256:{sha256}"))
        ))
    );
    // The same may be added again.
    assert!(add(&house, &new("P3", 1, 1)).unwrap().1);
    let case = house.lose(terminal(1));
    house.pass_ms(91 * DAY_MS);
    house.clean_up(CleanUp::Files);
    assert_eq!(pieces(&house, "P1"), 1, "a loss of it is open");
    house.find_again(&case.incident_id);
    house.clean_up(CleanUp::Files);
    let gone = photos(&house, 1)
        .into_iter()
        .find(|photo| photo.photo_id == "P1")
        .unwrap();
    assert_eq!(
        (gone.is_there, gone.caption, gone.sha256.len()),
        (false, None, 32)
    );
    assert_eq!(gone.removed.unwrap().ground, None);
    assert_eq!((pieces(&house, "P1"), pieces(&house, "P2")), (0, 1));
}

#[test]
fn a_found_terminal_is_compared_with_what_was_there_whoever_removes_it_since() {
    let house = House::open();
    for (id, content) in [("P1", 1), ("P2", 2), ("P3", 3)] {
        add(&house, &new(id, 1, content)).unwrap();
    }
    remove(&house, owner(), "P1", "糊了").unwrap();
    // Nobody said when it was last seen: the day before counts as the time of the loss.
    house.pass_ms(DAY_MS + 1);
    house.pass_ms(DAY_MS / 2);
    add(&house, &new("P4", 1, 4)).unwrap();
    remove(&house, owner(), "P2", "换了封签").unwrap();
    let case = house.lose(terminal(1));
    house.pass_ms(1);
    add(&house, &new("P5", 1, 5)).unwrap();
    remove(&house, owner(), "P3", "不要了").unwrap();
    let before = house.read(|tx| photo::before(tx, &case));
    let mut seen: Vec<_> = before
        .iter()
        .map(|photo| (&*photo.photo_id, photo.state, photo.at > case.window.from))
        .collect();
    seen.sort_unstable_by_key(|(id, ..)| *id);
    assert_eq!(
        seen,
        [
            ("P2", State::Removed, false),
            ("P3", State::Removed, false),
            ("P4", State::Kept, true)
        ]
    );
}
