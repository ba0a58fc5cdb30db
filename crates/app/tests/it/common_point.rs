//! Common points: a terminal at which victims were before is kept with its numbers and its shop asked; one merchant's word names nobody.

use app::case::Error;
use app::common_point::{Judged, begin, ended, found, list, next, paid, reported};
use app::estate::{self, Estate};
use app::question::{answer, reasons};
use domain::account::{Account, Proof, Role, Scope};
use domain::common_point::{CommonPoint, KEPT_MS};
use domain::mark::Verdict;
use domain::merchant::Merchant;
use domain::question::{State, Verb};
use domain::setting::{Language, Settings, Watch};
use domain::shop::Shop;
use domain::terminal::Status;
use domain::time::HOUR_MS;
use domain::transaction::{Entry, Kind, LedgerRow, Proof as Proven};
use domain::work::{Kind as WorkKind, Work};
use domain::{Actor, MaskedPan, MerchantId, TerminalId};
use screening::Code;
use store::node::Incarnation;

use crate::fixture::{House, START, auditor, built, risk_officer, terminal};
use crate::suspect::{before, row, say, written};

/// Terminals, each in a shop of its own. The first two are one merchant's, of the others each has its own.
const TERMINALS: u32 = 12;
/// Customers of each, who go nowhere else.
const CUSTOMERS: u64 = 200;
/// Where victims were before.
const POINT: u32 = 7;

fn merchant(number: u32) -> MerchantId {
    let number = if number == 2 { 1 } else { number };
    MerchantId::parse(format!("1045201571{number:05}").as_bytes()).unwrap()
}

fn owner_of(number: u32) -> Actor {
    Actor::Person(Account {
        login: format!("owner{}", merchant(number)),
        name: "owner".into(),
        role: Role::Owner,
        scope: Scope::Merchant(merchant(number)),
        custom_role: None,
        proof: Proof::FRESH,
    })
}

/// The card of a customer of a terminal.
fn card(number: u32, customer: u64) -> u64 {
    u64::from(number) * CUSTOMERS + customer
}

fn pays(number: u32, sequence: i64, minutes: i64, card: u64) -> LedgerRow {
    LedgerRow {
        card: MaskedPan::of(format!("622202000000{card:04}").into_bytes()),
        ..row(
            terminal(number),
            sequence,
            before(minutes),
            Kind::Purchase,
            3_000,
            card,
        )
    }
}

/// An estate in which everybody went to one shop, within the last hour and a half: customer 0 last.
fn house() -> House {
    let house = House::empty();
    house.write(|tx| {
        let mut numbers: Vec<u32> = (1..=TERMINALS).collect();
        let terminals = numbers.iter().map(|number| {
            let shop = format!("s{number}");
            let device = built(terminal(*number), merchant(*number), &shop, Status::Active);
            (device, b"key".to_vec())
        });
        let shops = numbers.iter().map(|number| Shop {
            shop_id: format!("s{number}"),
            merchant_id: merchant(*number),
            name: format!("shop {number}"),
            address: "1 Test Road".into(),
            state: domain::shop::State::Active,
        });
        let (terminals, shops) = (terminals.collect(), shops.collect());
        numbers.retain(|number| *number != 2);
        let merchants = numbers.iter().map(|number| Merchant {
            merchant_id: merchant(*number),
            name: "小店".into(),
            name_en: "Shop".into(),
            trade: "snacks".into(),
            unified_social_credit_code: "91110000000000000X".into(),
            state: domain::merchant::State::Active,
        });
        let estate = Estate {
            merchants: merchants.collect(),
            shops,
            terminals,
            operators: Vec::new(),
            accounts: Vec::new(),
        };
        estate::fill(tx, &estate)?;
        let Actor::Person(risk) = risk_officer() else {
            unreachable!()
        };
        store::account::insert(tx, &risk, "hash")
    });
    for number in 1..=TERMINALS {
        let customers = (0..CUSTOMERS).rev().zip(10_001..);
        let rows = customers.map(|(customer, sequence)| {
            let minutes = 10 + i64::try_from(customer).unwrap() / 3;
            pays(number, sequence, minutes, card(number, customer))
        });
        written(&house, rows.collect());
    }
    house
}

/// Customers of terminals, from 0 up to `count`, were at the point two days ago.
fn were_at_point(house: &House, of: &[u32], count: u64) {
    let cards = of
        .iter()
        .flat_map(|number| (0..count).map(|customer| card(*number, customer)));
    let rows = cards
        .zip(1..)
        .map(|(card, sequence)| pays(POINT, sequence, 2 * 1_440, card));
    written(house, rows.collect());
}

fn lose(house: &House, by: &Actor, number: u32) -> String {
    house.report(by, terminal(number)).unwrap().incident.incident_id
}

/// Somebody calls the payments of those customers, from 0 up to `count`, not the shop's.
fn called(house: &House, by: &Actor, incident_id: &str, count: i64) {
    let items: Vec<String> = (0..count)
        .map(|customer| format!("L{}", 10_200 - customer))
        .collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    say(house, by, incident_id, &items, Some(Verdict::Fraudulent)).unwrap();
}

/// What a look finds now.
fn judged(house: &House) -> Judged {
    let mut look = house.read(begin);
    while house.read(|tx| look.page(tx)) {}
    look.judge()
}

/// A night: what is found is kept. Who was asked.
fn night(house: &House, question_id: &'static str) -> Vec<TerminalId> {
    let judged = judged(house);
    let payments = |it| house.read(|tx| judged.payments(tx, it));
    let with: Vec<_> = judged
        .findings
        .iter()
        .map(|it| (it.clone(), payments(it)))
        .collect();
    house.write(move |tx| {
        let mut asked = Vec::new();
        for (it, payments) in with {
            if found(tx, &judged, &it, &payments, (question_id, "node-1"))? {
                asked.push(it.terminal_id);
            }
        }
        Ok(asked)
    })
}

fn listed(house: &House) -> Vec<CommonPoint> {
    house.read(|tx| store::common_point::list(tx, &Scope::All, 10))
}

fn named(house: &House) -> Vec<TerminalId> {
    judged(house).findings.iter().map(|it| it.terminal_id).collect()
}

/// Six customers each of two terminals of different merchants, who had been at the point, came to harm; by the word of each owner.
fn harmed(house: &House) -> [String; 2] {
    were_at_point(house, &[1, 3], 6);
    [1, 3].map(|number| {
        let incident_id = lose(house, &owner_of(number), number);
        called(house, &owner_of(number), &incident_id, 6);
        incident_id
    })
}

#[test]
fn what_points_to_a_terminal_is_kept_and_its_shop_is_asked_once() {
    let mut house = house();
    let incidents = harmed(&house);
    assert_eq!(night(&house, "Q1"), [terminal(POINT)]);
    let point = listed(&house).remove(0);
    assert_eq!(
        (point.terminal_id, point.cards, point.victims, point.independent),
        (terminal(POINT), 212, 12, 6)
    );
    assert!(
        point.odds >= 1_024 && point.expected_millionths < 1_000_000,
        "{point:?}"
    );
    let mut from: Vec<&str> = point.incidents.split(' ').collect();
    from.sort_unstable();
    assert_eq!(from, incidents);
    assert_eq!(point.payments, "L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L12");
    let question = house
        .read(|tx| store::question::of(tx, terminal(POINT), 1))
        .remove(0);
    assert_eq!(point.question_id.as_deref(), Some("Q1"));
    let why = reasons(&question);
    assert_eq!(why[0].code, Code::CommonPoint);
    let words = Language::ALL.map(|language| why[0].text(language));
    for said in &words {
        assert!(
            said.contains('6') && said.contains("0.1") && said.contains('2'),
            "{said}"
        );
        // Nothing of others.
        for other in ["shop", "小店", "622202", incidents[0].as_str()] {
            assert!(!said.contains(other), "{said}");
        }
    }
    // That it is there ends the question, and nothing else.
    let by = owner_of(POINT);
    house
        .try_write(move |tx| answer(tx, &by, "Q1", Verb::Here))
        .unwrap();
    house.pass_ms(8 * 24 * HOUR_MS);
    let before = judged(&house).findings;
    house.reopen();
    assert_eq!(judged(&house).findings, before, "the same after a restart");
    assert_eq!(night(&house, "Q2"), [], "nothing new, so nobody is asked again");
    let again = listed(&house).remove(0);
    assert_eq!((again.found_at, again.judged_at), (point.found_at, house.now()));
    let question = house
        .read(|tx| store::row::by_id::<domain::question::Question>(tx, "Q1"))
        .unwrap();
    assert_eq!(question.state, State::Here);
    // Three more victims are new.
    let sequence = 100;
    let more = (6..9).zip(sequence..).map(|(customer, sequence)| {
        let mut row = pays(POINT, sequence, 2 * 1_440, card(3, customer));
        row.proof = Some(Proven::Proven);
        row
    });
    written(&house, more.collect());
    called(&house, &owner_of(3), &incidents[1], 9);
    assert_eq!(night(&house, "Q3"), [terminal(POINT)]);
    assert_eq!(listed(&house)[0].question_id.as_deref(), Some("Q3"));
}

#[test]
fn one_merchants_word_names_no_rival_and_the_houses_does() {
    let house = house();
    // Two losses of one merchant, all of whose payments it calls not its own.
    were_at_point(&house, &[1, 2], 10);
    let incidents = [1, 2].map(|number| lose(&house, &owner_of(1), number));
    incidents
        .iter()
        .for_each(|incident_id| called(&house, &owner_of(1), incident_id, 100));
    assert_eq!(named(&house), []);
    for incident_id in &incidents {
        called(&house, &risk_officer(), incident_id, 6);
    }
    assert_eq!(named(&house), [terminal(POINT)]);
    // The house's word goes before the merchant's.
    for incident_id in &incidents {
        let items: Vec<String> = (0..6).map(|customer| format!("L{}", 10_200 - customer)).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        say(
            &house,
            &risk_officer(),
            incident_id,
            &items,
            Some(Verdict::Genuine),
        )
        .unwrap();
    }
    assert_eq!(named(&house), []);
}

#[test]
fn cards_in_the_window_of_a_loss_count_until_it_was_none_or_somebody_knows_better() {
    let house = house();
    were_at_point(&house, &[1, 3], 6);
    let lost = |number| {
        let report = app::incident::Report {
            last_seen_at: Some(before(25)),
            ..a_report(&house, number)
        };
        house
            .report_as(&risk_officer(), report)
            .unwrap()
            .incident
            .incident_id
    };
    let (one, other) = (lost(1), lost(3));
    assert_eq!(named(&house), [terminal(POINT)]);
    // Of one of them the shop knows who paid.
    let items: Vec<String> = (0..60)
        .map(|customer| format!("L{}", 10_200 - customer))
        .collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    say(&house, &owner_of(1), &one, &items, Some(Verdict::Genuine)).unwrap();
    assert_eq!(named(&house), [], "one loss alone says nothing");
    say(&house, &owner_of(1), &one, &items, None).unwrap();
    assert_eq!(named(&house), [terminal(POINT)]);
    // The other was never away.
    house.propose_found(&owner_of(3), &other).unwrap();
    house.confirm_found(&risk_officer(), &other).unwrap();
    assert_eq!(named(&house), []);
}

#[test]
fn who_got_money_back_is_no_victim() {
    let house = house();
    were_at_point(&house, &[1, 3], 6);
    for number in [1, 3] {
        let back = (0..6).map(|customer| LedgerRow {
            entry: Entry::Request(Kind::Refund),
            ..pays(
                number,
                20_000 + i64::try_from(customer).unwrap(),
                5,
                card(number, customer),
            )
        });
        written(&house, back.collect());
        let incident_id = lose(&house, &owner_of(number), number);
        let items: Vec<String> = (20_000..20_006).map(|sequence| format!("L{sequence}")).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        say(
            &house,
            &risk_officer(),
            &incident_id,
            &items,
            Some(Verdict::Fraudulent),
        )
        .unwrap();
    }
    assert_eq!(named(&house), []);
}

#[test]
fn a_terminal_that_was_reported_is_known_and_where_nobody_is_asked_it_is_kept_all_the_same() {
    let house = house();
    harmed(&house);
    let late = judged(&house);
    house.write(|tx| {
        let watch = Watch::Off;
        store::setting::insert(
            tx,
            &Settings {
                watch,
                ..Settings::unasked()
            },
        )
    });
    assert_eq!(night(&house, "Q1"), []);
    assert_eq!(listed(&house)[0].question_id, None);
    house.pass_ms(KEPT_MS + 1);
    let work = due(&house);
    assert!(house.write(move |tx| ended(tx, &work)));
    assert_eq!(listed(&house), []);
    // It was reported while the look went on.
    lose(&house, &owner_of(POINT), POINT);
    let it = late.findings[0].clone();
    assert!(!house.write(move |tx| found(tx, &late, &it, "", ("Q2", "node-1"))));
    assert_eq!(listed(&house), []);
}

#[test]
fn it_is_read_in_parts_and_what_nobody_proved_is_not_read() {
    let house = house();
    let forged = [1, 3]
        .into_iter()
        .flat_map(|number| (0..6).map(move |customer| card(number, customer)));
    let forged = forged.zip(1..).map(|(card, sequence)| LedgerRow {
        proof: Some(Proven::Unproven),
        ..pays(POINT, sequence, 2 * 1_440, card)
    });
    written(&house, forged.collect());
    for number in [1, 3] {
        let incident_id = lose(&house, &owner_of(number), number);
        called(&house, &owner_of(number), &incident_id, 6);
    }
    assert_eq!(named(&house), []);
    // The same cards, behind more rows than a part has.
    let rows = (1..=5_500).map(|sequence| pays(9, sequence, 3 * 1_440, card(9, 1)));
    written(&house, rows.collect());
    let cards = [1, 3]
        .into_iter()
        .flat_map(|number| (0..6).map(move |customer| card(number, customer)));
    let rows = cards.zip(5_501..);
    written(
        &house,
        rows.map(|(card, sequence)| pays(9, sequence, 2 * 1_440, card))
            .collect(),
    );
    assert_eq!(named(&house), [terminal(9)]);
}

fn a_report(house: &House, number: u32) -> app::incident::Report {
    app::incident::Report {
        terminal_id: terminal(number),
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner: domain::incident::Manner::Stolen,
        reported_at: house.now(),
        payments: Vec::new(),
    }
}

/// The look of the day, due.
fn due(house: &House) -> Work {
    let kind = WorkKind::CommonPoints;
    let who = Incarnation {
        node: "node-1".into(),
        incarnation: 1,
    };
    house.write(app::work::enqueue_recurring);
    house.pass_ms(24 * HOUR_MS);
    let claimed = house.write(move |tx| app::work::claim(tx, kind, &kind.policy(), &who, 4));
    assert_eq!(claimed.len(), 1, "one for the house");
    claimed.into_iter().next().unwrap()
}

#[test]
fn it_is_looked_for_once_a_day_at_three_by_the_clock_of_the_house() {
    let house = house();
    // 16:00 in Shanghai.
    house.write(|tx| store::setting::insert(tx, &Settings::unasked()));
    let at = house.read(next);
    assert_eq!(at.0, START.0 + 11 * HOUR_MS, "{at:?}");
    let work = due(&house);
    assert_eq!(
        house.read(|tx| store::work::get(tx, &work.id)).unwrap().due,
        work.due
    );
    let claimed = work.clone();
    assert!(house.write(move |tx| ended(tx, &claimed)));
    let again = house.read(|tx| store::work::get(tx, &work.id)).unwrap();
    assert_eq!(again.due, Some(house.read(next)));
    assert!(
        !house.write(move |tx| ended(tx, &work)),
        "another node has taken it over"
    );
}

#[test]
fn only_who_runs_the_house_and_follows_losses_sees_them() {
    let house = house();
    harmed(&house);
    night(&house, "Q1");
    let sees = |by: &Actor| {
        let seen = house.store().read(|tx| Ok::<_, store::Error>(list(tx, by)));
        seen.unwrap()
    };
    let seen = sees(&risk_officer()).unwrap();
    let paid = house.read(|tx| paid(tx, &seen[0]));
    assert_eq!(
        (paid[0].id.as_str(), paid[0].card.as_deref()),
        ("L1", Some("622202******0200"))
    );
    assert_eq!(paid.len(), 12);
    for by in [owner_of(1), owner_of(POINT), auditor()] {
        assert!(matches!(sees(&by), Err(Error::NotAllowed)), "{by:?}");
    }
    let of = |house: &House| {
        house
            .read(|tx| reported(tx, terminal(POINT)))
            .map(|it| it.incident_id)
    };
    assert_eq!(of(&house), None);
    let incident_id = lose(&house, &owner_of(POINT), POINT);
    assert_eq!(of(&house), Some(incident_id));
}
