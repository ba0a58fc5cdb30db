//! Allowances: what several nodes spend at once counts once each, whoever tells first.

use app::allowance::{Change, Owed, tell};

use crate::fixture::House;

const SUBJECT: &[u8] = b"somebody";

fn spent(spent_ms: i64) -> Change {
    Change {
        spent_ms,
        ..Change::default()
    }
}

/// In how long it is full again, when that change was told.
fn told(house: &House, change: Change) -> i64 {
    let heard = house.write(move |tx| tell(tx, vec![(SUBJECT.to_vec(), change)]));
    let [Owed { subject, full_at }] = heard.as_slice() else {
        panic!("{heard:?}");
    };
    assert_eq!(subject, SUBJECT);
    full_at.since_ms(house.now())
}

#[test]
fn what_is_spent_adds_up_fills_again_with_time_and_is_given_back() {
    let house = House::open();
    assert_eq!(told(&house, spent(900)), 900);
    assert_eq!(told(&house, spent(90)), 990, "by another node");
    house.pass_ms(500);
    assert_eq!(told(&house, spent(-90)), 400);
    house.pass_ms(1_000);
    assert_eq!(told(&house, spent(90)), 90, "it was full in between");
    assert_eq!(told(&house, Change::SETTLED), 0);
    assert_eq!(told(&house, Change::SETTLED.then(spent(7))), 7);
}

#[test]
fn what_a_clock_that_was_ahead_has_written_is_taken_for_full() {
    const YEAR_MS: i64 = 365 * 24 * 3_600_000;
    let mut house = House::open();
    house.pass_ms(YEAR_MS);
    assert_eq!(told(&house, spent(900)), 900);
    house.pass_ms(-YEAR_MS);
    house.reopen();
    assert!(house.read(|tx| store::allowance::owed(tx, 9)).is_empty());
    assert_eq!(told(&house, spent(90)), 90);
    house.pass_ms(YEAR_MS);
    told(&house, spent(900));
    house.pass_ms(-YEAR_MS);
    house.reopen();
    assert_eq!(house.write(|tx| store::allowance::forget(tx, 9)), 1);
}

#[test]
fn what_is_full_again_is_forgotten_and_the_rest_is_found_by_a_start_anew() {
    let house = House::open();
    told(&house, spent(90));
    let other = || b"other".to_vec();
    house.write(move |tx| tell(tx, vec![(other(), spent(900))]));
    let owed = |limit| house.read(|tx| store::allowance::owed(tx, limit));
    let subjects = |owed: Vec<Owed>| owed.into_iter().map(|one| one.subject).collect::<Vec<_>>();
    assert_eq!(subjects(owed(9)), [other(), SUBJECT.to_vec()]);
    assert_eq!(subjects(owed(1)), [other()], "who owes most");
    house.pass_ms(90);
    assert_eq!(subjects(owed(9)), [other()]);
    let forget = || house.write(|tx| store::allowance::forget(tx, 9));
    assert_eq!((forget(), forget()), (1, 0));
}
