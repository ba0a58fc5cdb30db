//! Statements: whole or not at all, each payment once however many files have it, nothing lost when one is taken back, gone when their
//! time is over.

use app::case::Error;
use app::statement::{self, Found, New, NotTaken, OF_DAY_MAX, Place};
use domain::event::Subject;
use domain::money::Currency;
use domain::statement::{
    Certainty, Direction, KEPT_MS, Method, Payment, PaymentState, Span, State, Statement,
};
use domain::time::HOUR_MS;
use domain::work::CleanUp;
use domain::{Actor, MerchantId, TerminalId, Timestamp};
use store::statement::{Of, Total};

use crate::fixture::{House, START, auditor, manager, ours, owner, risk_officer, stranger, terminal, theirs};

const MINUTE_MS: i64 = 60_000;

/// So many minutes after a house is opened, or before.
fn minute(minute: i64) -> Timestamp {
    START.plus_ms(minute * MINUTE_MS)
}

fn minutes((from, to): (i64, i64)) -> Span {
    (minute(from), minute(to))
}

/// All of our shop `s1`, or one of its terminals.
pub fn place(terminal_id: Option<TerminalId>) -> Place {
    Place {
        merchant_id: ours(),
        shop_id: "s1".into(),
        terminal_id,
    }
}

pub fn new(statement_id: &str, place: Place, content: u8) -> New {
    New {
        statement_id: statement_id.into(),
        place,
        name: format!("{statement_id}.csv"),
        file_len: 1_000,
        file_sha256: vec![content; 32],
        mapping: None,
    }
}

/// A sale of ten yuan: its key, its minute, and the terminal as the file writes it.
pub type Row<'r> = (&'r str, i64, Option<&'r str>);

pub fn payments(statement_id: &str, merchant_id: MerchantId, rows: &[Row<'_>]) -> Vec<Payment> {
    let payment = |(position, (key, at, written)): (i64, &Row<'_>)| Payment {
        statement_id: statement_id.into(),
        position,
        merchant_id,
        key: (*key).into(),
        at: minute(*at),
        certainty: Certainty::Second,
        amount_minor: 1_000,
        currency: Currency::CNY,
        direction: Direction::Sale,
        state: PaymentState::Approved,
        method: Method::Wechat,
        order_id: None,
        terminal: written.map(str::to_owned),
        terminal_id: None,
        card: Some("622200******0001".into()),
        payer: Some("oTES****xxxx".into()),
        operator: None,
        entry: None,
        file_row: position + 2,
        fate: None,
        fate_at: None,
    };
    (0..).zip(rows).map(payment).collect()
}

pub fn begin(house: &House, new: &New) -> Result<Option<Statement>, NotTaken> {
    let new = new.clone();
    house.try_write(move |tx| statement::begin(tx, &owner(), new))
}

pub fn put(house: &House, payments: Vec<Payment>) -> Result<(), NotTaken> {
    let id = payments[0].statement_id.clone();
    house.try_write(move |tx| statement::put(tx, &id, payments))
}

pub fn finish(house: &House, statement_id: &str, said: &[(i64, i64)]) -> Result<(Statement, bool), NotTaken> {
    let (id, said) = (
        statement_id.to_owned(),
        said.iter().copied().map(minutes).collect(),
    );
    let found = Found {
        kinds: "wechat-trade".into(),
        said,
        ..Found::default()
    };
    house.try_write(move |tx| statement::finish(tx, &owner(), &id, found))
}

/// A file of one part.
fn bring(house: &House, new: &New, rows: &[Row<'_>]) -> (Statement, bool) {
    if let Some(same) = begin(house, new).unwrap() {
        return (same, false);
    }
    put(house, payments(&new.statement_id, new.place.merchant_id, rows)).unwrap();
    finish(house, &new.statement_id, &[]).unwrap()
}

fn withdraw(house: &House, statement_id: &str) -> Statement {
    let id = statement_id.to_owned();
    house
        .try_write(move |tx| statement::withdraw(tx, &owner(), &id, "the wrong one"))
        .unwrap()
}

fn of(number: u32) -> Of<'static> {
    Of {
        merchant_id: ours(),
        shop_id: "s1",
        terminal_id: terminal(number),
    }
}

const ALL: (i64, i64) = (-1_000, 1_000);

/// The keys of the payments that are or may be a terminal's, and whether they are for certain; in pages of two.
fn seen(house: &House, number: u32) -> Vec<(String, bool)> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let read =
            |tx: &store::Tx<'_>| store::statement::payments(tx, of(number), minutes(ALL), after.as_ref(), 2);
        let page = house.read(read);
        let Some(last) = page.last() else { return all };
        after = Some(store::statement::PaymentSpot {
            at: last.at,
            statement_id: last.statement_id.clone(),
            position: last.position,
        });
        assert!(page.iter().all(|it| it.payer.as_deref() == Some("oTES****xxxx")));
        all.extend(page.into_iter().map(|it| (it.key, it.terminal_id.is_some())));
    }
}

fn keys(house: &House, number: u32) -> String {
    let keys: Vec<String> = seen(house, number).into_iter().map(|(key, _)| key).collect();
    keys.join(" ")
}

fn rows(house: &House, statement_id: &str) -> i64 {
    house.read(|tx| store::statement::payment_count(tx, statement_id))
}

#[test]
fn files_that_overlap_have_each_payment_once_and_one_that_is_taken_back_takes_nothing_of_another() {
    let house = House::open();
    let (first, _) = bring(
        &house,
        &new("F1", place(None), 1),
        &[("a", 1, None), ("b", 2, None), ("b", 2, None)],
    );
    house.pass_ms(1);
    let (second, _) = bring(
        &house,
        &new("F2", place(None), 2),
        &[("b", 3, None), ("c", 4, None)],
    );
    assert_eq!((first.payments, first.added), (3, 2));
    assert_eq!((second.payments, second.added), (2, 1));
    assert_eq!(keys(&house, 1), "a b c");
    // The later file's row counts: its time, too, also where only the earlier one's lies in the span.
    let at = |from, to| house.read(|tx| store::statement::payments(tx, of(1), minutes((from, to)), None, 9));
    assert_eq!(at(3, 3)[0].statement_id, "F2");
    assert!(at(2, 2).is_empty());
    let sum = |total: &Total| (total.count, total.minor, total.is_certain);
    let totals = house.read(|tx| store::statement::totals(tx, of(1), minutes(ALL)));
    assert_eq!(totals.iter().map(sum).collect::<Vec<_>>(), [(3, 3_000, false)]);
    let back = withdraw(&house, "F2");
    assert_eq!(
        (back.state, back.withdrawn.unwrap().ground.as_str()),
        (State::Withdrawn, "the wrong one")
    );
    assert_eq!(keys(&house, 1), "a b");
    assert_eq!(at(2, 2)[0].statement_id, "F1");
    house.clean_up(CleanUp::Statements);
    assert_eq!((rows(&house, "F1"), rows(&house, "F2")), (3, 0));
    assert_eq!(keys(&house, 1), "a b");
    let told = house.events(Subject::Statement, "F2").into_iter();
    let told: Vec<_> = told.map(|event| (event.verb, event.text.unwrap())).collect();
    assert_eq!(told[0].0, "create");
    assert!(
        told[0].1.starts_with("wechat-trade 2 1000 sha256:0202"),
        "{told:?}"
    );
    assert_eq!(told[1], ("withdraw".into(), "the wrong one".into()));
}

#[test]
fn the_same_file_twice_is_one_for_its_shop_until_it_is_taken_back() {
    let house = House::open();
    let (first, is_new) = bring(&house, &new("F1", place(None), 1), &[("a", 1, None)]);
    assert!(is_new);
    assert_eq!(
        bring(&house, &new("F2", place(None), 1), &[("a", 1, None)]),
        (first, false)
    );
    assert_eq!(rows(&house, "F2"), 0);
    // For another shop, which does not see the first one, it is another file; for one terminal, too.
    let s2 = Place {
        shop_id: "s2".into(),
        ..place(None)
    };
    assert!(bring(&house, &new("F3", s2, 1), &[("a", 1, None)]).1);
    assert!(bring(&house, &new("F4", place(Some(terminal(1))), 1), &[("a", 1, None)]).1);
    assert_eq!((keys(&house, 1).as_str(), keys(&house, 2).as_str()), ("a", "a"));
    withdraw(&house, "F1");
    assert_eq!((keys(&house, 1).as_str(), keys(&house, 2).as_str()), ("a", ""));
    assert!(bring(&house, &new("F5", place(None), 1), &[("a", 1, None)]).1);
    assert_eq!(keys(&house, 2), "a");
}

#[test]
fn of_two_that_bring_the_same_at_once_one_counts() {
    let house = House::open();
    for id in ["F1", "F2"] {
        assert_eq!(begin(&house, &new(id, place(None), 1)).unwrap(), None);
        put(&house, payments(id, ours(), &[("a", 1, None)])).unwrap();
    }
    let (first, is_new) = finish(&house, "F2", &[]).unwrap();
    assert!(is_new);
    assert_eq!(finish(&house, "F1", &[]).unwrap(), (first, false));
    assert!(matches!(finish(&house, "F1", &[]), Err(NotTaken::GivenUp)));
    house.clean_up(CleanUp::Statements);
    assert_eq!((rows(&house, "F1"), rows(&house, "F2")), (0, 1));
    assert!(house.events(Subject::Statement, "F1").is_empty());
}

#[test]
fn a_file_counts_with_its_last_payment_and_what_was_killed_before_goes() {
    let mut house = House::open();
    begin(&house, &new("F1", place(None), 1)).unwrap();
    let many: Vec<String> = (0..450).map(|number| format!("k{number}")).collect();
    let many: Vec<Row<'_>> = many.iter().map(|key| (key.as_str(), 1, None)).collect();
    for part in payments("F1", ours(), &many).chunks(200) {
        put(&house, part.to_vec()).unwrap();
    }
    // Here the node is killed.
    house.reopen();
    assert_eq!((keys(&house, 1).as_str(), rows(&house, "F1")), ("", 450));
    house.clean_up(CleanUp::Statements);
    assert_eq!(rows(&house, "F1"), 450, "it may come on");
    let find = |tx: &store::Tx<'_>| app::case::find::<Statement>(tx, &owner(), "F1");
    assert!(matches!(house.try_write(find), Err(Error::NotFound(_))));
    // It is brought again meanwhile; what is left of the first is in nobody's way.
    assert!(bring(&house, &new("F2", place(None), 1), &[("k1", 1, None)]).1);
    house.pass_ms(HOUR_MS + 1);
    house.clean_up(CleanUp::Statements);
    assert_eq!((rows(&house, "F1"), rows(&house, "F2")), (0, 1));
    assert!(
        house
            .read(|tx| store::row::by_id::<Statement>(tx, "F1"))
            .is_none()
    );
    // Whoever still holds it finds it gone.
    let late = put(&house, payments("F1", ours(), &[("late", 1, None)]));
    assert!(matches!(late, Err(NotTaken::GivenUp)));
    assert!(matches!(finish(&house, "F1", &[]), Err(NotTaken::GivenUp)));
    assert_eq!(keys(&house, 1), "k1");
}

#[test]
fn whose_a_payment_is_the_file_says_or_it_may_be() {
    let house = House::open();
    let (one, two, theirs) = (terminal(1), terminal(2), terminal(4));
    let serial = house
        .read(|tx| store::terminal::get(tx, terminal(1)))
        .unwrap()
        .serial;
    let written = [
        ("by number", 1, Some(one.as_str())),
        ("by serial", 2, Some(serial.as_str())),
        ("another", 3, Some(two.as_str())),
        ("somebody's", 4, Some(theirs.as_str())),
        ("till 7", 5, Some("收银台 7 号机，门口左边")),
        ("unsaid", 6, None),
    ];
    bring(&house, &new("F1", place(None), 1), &written);
    let all = seen(&house, 1);
    let all: Vec<_> = all.iter().map(|(key, is)| (key.as_str(), *is)).collect();
    assert_eq!(
        all,
        [
            ("by number", true),
            ("by serial", true),
            ("somebody's", false),
            ("till 7", false),
            ("unsaid", false)
        ]
    );
    assert_eq!(keys(&house, 2), "another somebody's till 7 unsaid");
    // What was brought for one terminal may be that one's alone, unless it says another.
    let only = [("x", 7, None), ("y", 8, Some(two.as_str()))];
    bring(&house, &new("F2", place(Some(one)), 2), &only);
    assert!(keys(&house, 1).ends_with("unsaid x"));
    assert_eq!(keys(&house, 2), "another somebody's till 7 unsaid y");
    // Of another shop only what names the terminal.
    let elsewhere = [("z", 9, None), ("w", 10, Some(two.as_str()))];
    let s2 = Place {
        shop_id: "s2".into(),
        ..place(None)
    };
    bring(&house, &new("F3", s2, 3), &elsewhere);
    assert_eq!(keys(&house, 2), "another somebody's till 7 unsaid y w");
}

#[test]
fn where_no_file_says_anything_is_a_hole() {
    let house = House::open();
    house.pass_ms(60 * MINUTE_MS);
    let holes = |number: u32, span| {
        let read = |tx: &store::Tx<'_>| statement::holes(tx, of(number), minutes(span));
        house.read(read)
    };
    assert_eq!(holes(1, (0, 50)), [minutes((0, 50))]);
    begin(&house, &new("F1", place(None), 1)).unwrap();
    assert_eq!(holes(1, (0, 50)), [minutes((0, 50))]);
    // A day's bill says it covers the day; of what comes after it was brought it says nothing.
    finish(&house, "F1", &[(0, 10), (10, 20), (50, 500)]).unwrap();
    assert_eq!(holes(1, (0, 90)), [minutes((20, 50)), minutes((60, 90))]);
    let covers = house.read(|tx| store::statement::covers(tx, "F1"));
    let covers: Vec<_> = covers.iter().map(|it| (it.from, it.to, it.is_said)).collect();
    let wanted = [(0, 20), (50, 60)]
        .map(minutes)
        .map(|(from, to)| (from, to, true));
    assert_eq!(covers, wanted);
    // What was brought for one terminal says nothing of another.
    begin(&house, &new("F2", place(Some(terminal(1))), 2)).unwrap();
    finish(&house, "F2", &[(20, 55)]).unwrap();
    assert_eq!(holes(1, (0, 60)), []);
    assert_eq!(holes(2, (0, 60)), [minutes((20, 50))]);
    withdraw(&house, "F1");
    assert_eq!(holes(1, (0, 60)), [minutes((0, 20)), minutes((55, 60))]);
}

#[test]
fn how_a_file_was_read_is_found_again_for_its_merchant_and_by_who_brought_it() {
    let house = House::open();
    let mapped = |statement_id: &str, content: u8, mapping: &str| New {
        mapping: Some(mapping.into()),
        ..new(statement_id, place(None), content)
    };
    let found = |actor: &Actor, of: &Place| -> Vec<String> {
        let (actor, of) = (actor.clone(), of.clone());
        house.read(move |tx| Ok(statement::mappings(tx, &actor, &of).unwrap()))
    };
    bring(&house, &new("S0", place(None), 0), &[("a", 1, None)]);
    for (id, content, mapping) in [("S1", 1, "one"), ("S2", 2, "two"), ("S3", 3, "one")] {
        bring(&house, &mapped(id, content, mapping), &[(id, 1, None)]);
        house.pass_ms(1_000);
    }
    // What never came whole says nothing.
    begin(&house, &mapped("S4", 4, "four")).unwrap();
    assert_eq!(found(&owner(), &place(None)), ["one", "two"]);
    withdraw(&house, "S3");
    assert_eq!(found(&owner(), &place(None)), ["two", "one"]);
    let elsewhere = Place {
        merchant_id: theirs(),
        ..place(None)
    };
    // Who brought them finds them for another merchant, too, of what it sees; nobody else does.
    assert_eq!(found(&owner(), &elsewhere), ["two", "one"]);
    assert_eq!(found(&risk_officer(), &elsewhere), Vec::<String>::new());
    assert_eq!(found(&risk_officer(), &place(None)), ["two", "one"]);
    assert_eq!(found(&stranger(), &place(None)), Vec::<String>::new());
}

#[test]
fn a_merchant_has_so_many_files_a_day_and_so_many_payments() {
    let mut house = House::open();
    for number in 0..OF_DAY_MAX.count {
        let new = New {
            file_sha256: number.to_be_bytes().repeat(4),
            ..new(&format!("F{number}"), place(None), 0)
        };
        assert_eq!(begin(&house, &new).unwrap(), None);
    }
    // What never came whole counts, too.
    let next = new("NEXT", place(None), 1);
    assert!(matches!(begin(&house, &next), Err(NotTaken::TooMuchToday)));
    house.pass_ms(24 * HOUR_MS);
    let large = New {
        file_len: OF_DAY_MAX.len,
        ..new("L1", place(None), 2)
    };
    assert_eq!(begin(&house, &large).unwrap(), None);
    assert!(matches!(begin(&house, &next), Err(NotTaken::TooMuchToday)));
    house.pass_ms(24 * HOUR_MS);
    bring(&house, &new("L2", place(None), 3), &[("a", 1, None)]);
    let full = format!(
        "UPDATE statement SET payments = {} WHERE statement_id = 'L2'",
        OF_DAY_MAX.payments
    );
    house.behind_our_back(&full).unwrap();
    assert!(matches!(begin(&house, &next), Err(NotTaken::TooMuchToday)));
}

#[test]
fn who_may_not_follow_a_loss_brings_and_takes_back_nothing() {
    let house = House::open();
    bring(&house, &new("F1", place(None), 1), &[("a", 1, None)]);
    let tries = |actor: Actor| {
        let by = actor.clone();
        let begun = house.try_write(move |tx| statement::begin(tx, &by, new("F2", place(None), 2)));
        let back = house.try_write(move |tx| statement::withdraw(tx, &actor, "F1", "no"));
        (begun.map(drop), back.map(drop))
    };
    let (begun, back) = tries(auditor());
    assert!(matches!(begun, Err(NotTaken::Case(Error::NotAllowed))));
    assert!(matches!(back, Err(Error::NotAllowed)));
    for actor in [stranger(), manager("s2")] {
        let (begun, back) = tries(actor);
        assert!(matches!(begun, Err(NotTaken::Case(Error::Unknown("shop_id")))));
        assert!(matches!(back, Err(Error::NotFound(Subject::Statement))));
    }
    let (begun, back) = tries(manager("s1"));
    assert!(begun.is_ok() && back.is_ok());
}

#[test]
fn all_of_it_goes_when_its_time_is_over() {
    let house = House::open();
    for (id, content) in [("F1", 1), ("F2", 2)] {
        bring(&house, &new(id, place(None), content), &[(id, 1, None)]);
    }
    withdraw(&house, "F2");
    house.clean_up(CleanUp::Statements);
    house.pass_ms(KEPT_MS - 1);
    bring(&house, &new("F3", place(None), 3), &[("c", 1, None)]);
    house.clean_up(CleanUp::Statements);
    assert_eq!(keys(&house, 1), "F1 c");
    house.pass_ms(2);
    house.clean_up(CleanUp::Statements);
    assert_eq!(keys(&house, 1), "c");
    for id in ["F1", "F2"] {
        assert!(house.read(|tx| store::row::by_id::<Statement>(tx, id)).is_none());
    }
}
