//! The house's own rules: what they would have said of the past, in shadow, in use, and taken back; the same on both stores.

use app::case::{Against, Error};
use app::revision::{self, digest};
use app::rule_set::{self, Used};
use app::suspect::back_test::{BackTest, Cut, Said, terminals};
use domain::mark::Verdict;
use domain::revision::{Kind, Revision, State};
use domain::setting::Mode;
use domain::transaction::LedgerRow;
use screening::rule::{Rule, Rules, Stage, Variable};

use crate::account::peopled;
use crate::fixture::{House, auditor, manager, owner, risk_officer, terminal};
use crate::revision::second;
use crate::suspect::{find, looked, lost, month, ranked, say, thief, written};

/// Refunds of which no sale is known, of much money; by a number typed in, which may be a habit; and what nobody knows here.
pub fn rules(refunds: Stage, typed: Stage, closed: Stage) -> Vec<Rule> {
    let rule = |code, when, points, stage| {
        Rule::new(code, "文字", code, when, points).map(|rule| rule.in_stage(stage))
    };
    [
        rule(
            "lone_refund",
            "kind == 'refund' && !is_linked && amount_minor >= 300000",
            400,
            refunds,
        ),
        rule("typed", "entry == 'keyed'", 200, typed),
        rule("closed", "is_out_of_hours && kind == 'refund'", 300, closed),
    ]
    .map(Result::unwrap)
    .into()
}

fn begin(house: &House, id: &'static str, from: Option<&'static str>) -> Result<Revision, Error> {
    house.try_write(move |tx| rule_set::create(tx, &risk_officer(), id, from))
}

fn kept(house: &House, id: &str) -> Revision {
    house.read(|tx| store::row::by_id(tx, id)).unwrap()
}

/// A set in use, written by one and signed off by another.
pub fn used(house: &House, id: &'static str, from: Option<&'static str>, rules: Option<Vec<Rule>>) {
    begin(house, id, from).unwrap();
    if let Some(rules) = rules {
        let seen = digest(&kept(house, id).text);
        house
            .try_write(move |tx| rule_set::change(tx, &risk_officer(), id, &seen, rules))
            .unwrap();
    }
    let seen = digest(&kept(house, id).text);
    let proposed = seen.clone();
    house
        .try_write(move |tx| {
            revision::propose_readable(
                tx,
                &risk_officer(),
                (rule_set::KIND, id),
                (&proposed, None),
                rule_set::is_read,
            )
        })
        .unwrap();
    house
        .try_write(move |tx| {
            revision::sign_off_readable(
                tx,
                &second(),
                (rule_set::KIND, id),
                (&seen, None),
                rule_set::is_read,
            )
        })
        .unwrap();
}

/// How the first three of a list rank.
fn first(house: &House, incident_id: &str) -> Vec<(String, u16)> {
    let all = looked(house, incident_id);
    ranked(&all).into_iter().take(3).collect()
}

fn of(scores: [u16; 3]) -> Vec<(String, u16)> {
    let names = ["L1003", "L1002", "L1001"].map(str::to_owned);
    names.into_iter().zip(scores).collect()
}

#[test]
fn rules_in_shadow_are_counted_live_ones_count_and_going_back_undoes_it_the_same_after_a_restart() {
    let mut house = peopled(Mode::Acquirer);
    let incident_id = lost(&house);
    let without = first(&house, &incident_id);
    assert_eq!(without, of(WITHOUT));

    used(
        &house,
        "V1",
        None,
        Some(rules(Stage::Shadow, Stage::Shadow, Stage::Off)),
    );
    assert_eq!(first(&house, &incident_id), without, "in shadow no score changes");
    let all = looked(&house, &incident_id);
    let asked = all.rules.as_ref().unwrap();
    let counts = |asked: &app::suspect::Asked| -> Vec<(u64, u64)> {
        let of = |it: &screening::rule::RuleTest<()>| (it.sum.marked, it.sum.not_known);
        asked.said.rules.iter().map(of).collect()
    };
    // The last knows no opening hours; of what is no refund it is silent all the same.
    assert_eq!(counts(asked), [(2, 0), (3, 0), (0, 2)]);
    assert_eq!(all.rules_of(find(&all, "L1002")).count(), 0);

    used(
        &house,
        "V2",
        None,
        Some(rules(Stage::Live, Stage::Shadow, Stage::Live)),
    );
    let live = first(&house, &incident_id);
    assert_eq!(live, of(LIVE), "the same on both stores");
    let all = looked(&house, &incident_id);
    let codes: Vec<&str> = all.rules_of(find(&all, "L1002")).map(Rule::code).collect();
    assert_eq!(codes, ["lone_refund"]);
    assert_eq!(all.rules_of(find(&all, "L1001")).count(), 0);
    let closed = &all.rules.as_ref().unwrap().said.rules[2];
    assert_eq!(closed.not_known[&Variable::IsOutOfHours], 2);
    house.reopen();
    assert_eq!(first(&house, &incident_id), live);
    assert_eq!(
        counts(looked(&house, &incident_id).rules.as_ref().unwrap()),
        counts(all.rules.as_ref().unwrap())
    );

    // Back to the first: as a version of its own, by two people again.
    used(&house, "V3", Some("V1"), None);
    assert_eq!(kept(&house, "V2").state, State::Replaced);
    assert_eq!(kept(&house, "V3").version, 3);
    assert_eq!(rule_set::read(&kept(&house, "V3")).unwrap().version(), 3);
    assert_eq!(first(&house, &incident_id), without);
}

/// The signals alone.
const WITHOUT: [u16; 3] = [836, 732, 409];
/// With 400 of what they left, where the refund's rule holds.
const LIVE: [u16; 3] = [902, 840, 409];

#[test]
fn who_keeps_no_texts_writes_none_and_what_cannot_be_read_is_said() {
    let house = peopled(Mode::Acquirer);
    let incident_id = lost(&house);
    for actor in [owner(), manager("s1"), auditor()] {
        let begun = house.try_write(move |tx| rule_set::create(tx, &actor, "V0", None));
        assert!(matches!(begun, Err(Error::NotAllowed)), "{begun:?}");
    }
    assert!(matches!(
        begin(&house, "V0", Some("V9")),
        Err(Error::Unknown("from"))
    ));
    used(
        &house,
        "V1",
        None,
        Some(rules(Stage::Live, Stage::Live, Stage::Live)),
    );
    begin(&house, "V2", None).unwrap();
    let twice = [
        rules(Stage::Off, Stage::Off, Stage::Off),
        rules(Stage::Off, Stage::Off, Stage::Off),
    ]
    .concat();
    let seen = digest(&kept(&house, "V2").text);
    let other = seen.clone();
    let changed = house.try_write(move |tx| rule_set::change(tx, &risk_officer(), "V2", &seen, twice));
    assert!(matches!(changed, Err(Error::Unknown("rules"))), "each code once");

    // A set of a later version of the software.
    house.write(|tx| {
        let mut it: Revision = store::row::by_id(tx, "V1")?.unwrap();
        it.text = it.text.replace("is_out_of_hours", "is_on_the_moon");
        store::row::update(tx, &it).map(drop)
    });
    assert!(matches!(house.read(rule_set::used), Used::Unreadable));
    let all = looked(&house, &incident_id);
    assert!(all.has_unreadable_rules && all.rules.is_none());
    let unread = house.try_write(|tx| rule_set::create(tx, &risk_officer(), "V3", Some("V1")));
    assert!(matches!(unread, Err(Error::Unknown("from"))));
    house.write(|tx| {
        let mut it: Revision = store::row::by_id(tx, "V2")?.unwrap();
        it.text = it.text.replace("kind ==", "kinds ==");
        store::row::update(tx, &it).map(drop)
    });
    let seen = digest(&kept(&house, "V2").text);
    assert_ne!(seen, other);
    let proposed = house.try_write(move |tx| {
        revision::propose_readable(
            tx,
            &risk_officer(),
            (rule_set::KIND, "V2"),
            (&seen, None),
            rule_set::is_read,
        )
    });
    assert!(matches!(proposed, Err(Error::Against(Against::TextWrong))));
    assert!(kept(&house, "V2").kind == Kind::RuleSet);
}

fn tested(house: &House, days: i64) -> BackTest {
    let rules = Rules::new(1, rules(Stage::Off, Stage::Shadow, Stage::Live)).unwrap();
    let (mut test, now) = (BackTest::new(rules, house.now(), days), risk_officer());
    let (all, is_cut) = house
        .store()
        .read(|tx| Ok::<_, store::Error>(terminals(tx, &now).unwrap()))
        .unwrap();
    assert!(!is_cut);
    for terminal_id in all {
        assert!(test.has_room());
        house
            .store()
            .read(|tx| {
                test.look(tx, &now, terminal_id).unwrap();
                Ok::<_, store::Error>(())
            })
            .unwrap();
    }
    test
}

#[test]
fn a_back_test_counts_what_a_set_would_have_marked_and_what_people_said_of_it() {
    let mut house = peopled(Mode::Acquirer);
    let incident_id = lost(&house);
    say(
        &house,
        &owner(),
        &incident_id,
        &["L1002", "L1003"],
        Some(Verdict::Fraudulent),
    )
    .unwrap();
    say(
        &house,
        &owner(),
        &incident_id,
        &["L1001", "L170"],
        Some(Verdict::Genuine),
    )
    .unwrap();
    // Another terminal, of whose payments nobody said anything.
    let id = terminal(2);
    let others: Vec<LedgerRow> = [month(id), thief(id)].concat();
    written(&house, others);
    let test = tested(&house, 10);
    assert_eq!(test.terminals, house.read(store::terminal::count) as usize);
    assert_eq!(test.cut, []);
    // The days' sales, and the thief's three, at either.
    assert_eq!(test.test.payments, 2 * (PER_TERMINAL + 3));
    assert_eq!((test.said.fraudulent, test.said.genuine), (2, 2));
    let sums: Vec<u64> = test.test.rules.iter().map(|rule| rule.sum.marked).collect();
    assert_eq!(sums, [4, 6, 0], "whatever their stage");
    assert_eq!(test.test.rules[2].sum.not_known, 4);
    let hits = |fraudulent, genuine| Said { fraudulent, genuine };
    assert_eq!(test.hits, [hits(2, 0), hits(2, 1), hits(0, 0)]);
    // Those come first of which people said something.
    let examples: Vec<_> = test.test.rules[0]
        .examples
        .iter()
        .map(|it| (it.terminal_id, it.id.as_str(), it.amount.minor))
        .collect();
    assert_eq!(
        examples,
        [
            (terminal(1), "L1002", 320_000),
            (terminal(1), "L1003", 480_000),
            (terminal(2), "L1002", 320_000),
            (terminal(2), "L1003", 480_000)
        ]
    );
    assert_eq!(test.test.rules[0].days.len(), 1);
    let again = tested(&house, 10);
    assert_eq!(again, test);
    house.reopen();
    assert_eq!(tested(&house, 10), test);
    // What was left out is said once.
    let mut cut = test.clone();
    cut.test.payments = u64::MAX;
    assert!(!cut.has_room() && !cut.has_room());
    assert_eq!(cut.cut, [Cut::Payments]);
    let refused = house
        .store()
        .read(|tx| Ok::<_, store::Error>(terminals(tx, &owner()).map(drop)))
        .unwrap();
    assert!(matches!(refused, Err(Error::NotAllowed)));
}

/// Six sales a day; those of the tenth day before were earlier on it.
const PER_TERMINAL: u64 = 54;
