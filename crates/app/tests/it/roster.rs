//! Rosters: entered by who keeps a shop's operators, forgotten in a year, and what payments are judged by; the same on both stores.

use app::case::Error;
use app::roster::{enter, of_days};
use domain::Actor;
use domain::day::Day;
use domain::event::{Subject, Verb};
use domain::operator::{Number, Operator, State};
use domain::roster::{Roster, Shifts};
use domain::setting::Language;
use domain::time::HOUR_MS;
use domain::work::CleanUp;
use screening::Code;

use crate::fixture::{House, auditor, manager, owner, stranger};
use crate::opening_hours::{codes, unseen};
use crate::suspect::{find, looked, lost, ranked};

const DAY_MS: i64 = 24 * HOUR_MS;

/// The day on which the house opens, at 16:00 there.
fn today() -> Day {
    Day::parse("2027-01-15").unwrap()
}

fn put(house: &House, by: &Actor, day: Day, shifts: Option<&str>) -> Result<Option<Roster>, Error> {
    let (by, shifts) = (by.clone(), shifts.map(|text| Shifts::read(text).unwrap()));
    house.try_write(move |tx| enter(tx, &by, "s1", day, shifts))
}

fn kept(house: &House, by: &Actor) -> Vec<String> {
    let rosters = house.read(|tx| Ok(of_days(tx, by, "s1", today().plus(-2), 5).unwrap_or_default()));
    rosters
        .iter()
        .map(|it| format!("{} {}", it.day, it.shifts))
        .collect()
}

/// Two more cashiers of the shop: 01, who sold what is in the ledger, and 02.
fn cashiers(house: &House) {
    for number in ["01", "02"] {
        let operator = Operator {
            shop_id: "s1".into(),
            operator: Number::parse(number).unwrap(),
            name: format!("收银员 {number}"),
            state: State::Active,
        };
        house
            .try_write(move |tx| app::cashier::create(tx, &owner(), operator, "hash"))
            .unwrap();
    }
}

#[test]
fn whoever_keeps_operators_enters_a_day_of_those_the_shop_has() {
    let house = House::open();
    cashiers(&house);
    for refused in [auditor(), manager("s2"), stranger()] {
        let entered = put(&house, &refused, today(), Some(""));
        assert!(
            matches!(entered, Err(Error::NotAllowed | Error::NotFound(Subject::Shop))),
            "{entered:?}"
        );
    }
    let by = manager("s1");
    for (day, shifts, field) in [
        (today(), "03 540-1020", "operator"),
        (today().plus(40), "01 540-1020", "date"),
        (today().plus(-400), "01 540-1020", "date"),
    ] {
        let entered = put(&house, &by, day, Some(shifts));
        assert!(
            matches!(entered, Err(Error::Unknown(name)) if name == field),
            "{entered:?}"
        );
    }
    put(&house, &by, today(), Some("01 540-1020,02 1020-1560")).unwrap();
    put(&house, &by, today().plus(1), Some("")).unwrap();
    put(&house, &owner(), today(), Some("02 540-1020")).unwrap();
    put(&house, &owner(), today(), Some("02 540-1020")).unwrap();
    let entered = ["2027-01-15 02 540-1020", "2027-01-16 "];
    assert_eq!(kept(&house, &auditor()), entered);
    assert_eq!(kept(&house, &stranger()), [""; 0]);

    // Whoever is disabled stays where it was entered, and comes nowhere else.
    house
        .try_write(|tx| app::cashier::disable(tx, &owner(), "s1.02"))
        .unwrap();
    put(&house, &by, today(), Some("02 600-1020")).unwrap();
    assert!(put(&house, &by, today().plus(1), Some("02 600-1020")).is_err());
    put(&house, &by, today().plus(1), None).unwrap();
    assert_eq!(kept(&house, &by), ["2027-01-15 02 600-1020"]);

    let events = house.events(Subject::Shop, "s1");
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.verb == Verb::RosterChanged.code())
        .map(|event| (event.actor.as_str(), event.text.as_deref().unwrap_or_default()))
        .collect();
    let (first, second) = ("2027-01-15", "2027-01-16");
    assert_eq!(
        told,
        [
            ("manager", first),
            ("manager", second),
            ("owner", first),
            ("manager", first),
            ("manager", second)
        ],
        "with the day, and nobody's number"
    );

    house.pass_ms(365 * DAY_MS);
    house.clean_up(CleanUp::Rosters);
    assert_eq!(kept(&house, &by).len(), 1);
    house.pass_ms(DAY_MS);
    house.clean_up(CleanUp::Rosters);
    assert_eq!(kept(&house, &by), [""; 0]);
}

#[test]
fn a_sale_by_who_was_not_on_the_roster_stands_out_where_that_day_was_entered_the_same_after_a_restart() {
    let mut house = House::open();
    let incident_id = lost(&house);
    let before = looked(&house, &incident_id);
    assert!(unseen(&before).contains(&Code::OperatorOffShift));
    assert!(!before.rostered.is_known);
    put(&house, &owner(), today(), Some("001 900-1080")).unwrap();
    // 01 is no operator that the shop has: nothing is said of that number.
    assert_eq!(ranked(&looked(&house, &incident_id)), ranked(&before));

    cashiers(&house);
    put(&house, &owner(), today(), Some("02 900-1080,01 360-840")).unwrap();
    let after = looked(&house, &incident_id);
    let suspect = find(&after, "L1001");
    let reasons = &suspect.judgement.reasons;
    let reason = reasons
        .iter()
        .find(|it| it.code == Code::OperatorOffShift)
        .unwrap();
    assert_eq!(
        [Language::Chinese, Language::English].map(|language| reason.text(language)),
        [
            "操作员 01 这时不在排班表上；当时排班 1 人",
            "Operator 01 is not on the roster at this time; on it then: 1"
        ]
    );
    let on = |it: &Option<Vec<Number>>| {
        it.as_ref()
            .map(|on| on.iter().map(Number::to_string).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(on(&suspect.on_shift).as_deref(), Some("02"));
    // The days before were not entered.
    let own = find(&after, "L180");
    assert!(!codes(own).contains(&Code::OperatorOffShift));
    assert_eq!(own.on_shift, None);
    let shifts = &after.rostered.shifts;
    let whose: Vec<String> = shifts.iter().map(|shift| shift.operator.to_string()).collect();
    assert_eq!(whose, ["01", "02"]);
    // 15:00 there.
    assert_eq!(shifts[1].from, house.now().plus_ms(-HOUR_MS));
    assert!(after.rostered.is_known && !after.rostered.is_whole);
    house.reopen();
    assert_eq!(ranked(&looked(&house, &incident_id)), ranked(&after));

    // On the roster at that time, or an hour after it.
    put(&house, &owner(), today(), Some("01 360-900,02 900-1080")).unwrap();
    assert_eq!(ranked(&looked(&house, &incident_id)), ranked(&before));
    put(&house, &owner(), today(), None).unwrap();
    assert_eq!(ranked(&looked(&house, &incident_id)), ranked(&before));
}
