//! Holds on settlement: two people, a term, what was kept back, and who is told what.

use app::case::{Against, Error};
use app::settlement_hold::{self, New, Of, beside, kept_back};
use domain::account::{Account, Scope};
use domain::actor::Actor;
use domain::event::Subject;
use domain::money::Currency;
use domain::settlement_hold::{Ground, OPEN_MAX, Phase, Proposed, SettlementHold, State};
use domain::time::HOUR_MS;
use domain::transaction::Kind;
use domain::{MerchantId, Money, TerminalId};
use store::settlement_hold::Filter;

use crate::fixture::{
    House, START, after, ask, auditor, code, manager, ours, owner, purchase, risk_officer, stranger,
    terminal, theirs,
};

const DAY_MS: i64 = 24 * HOUR_MS;

/// Another risk officer.
fn second() -> Actor {
    called("second", "second")
}

fn called(login: &str, name: &str) -> Actor {
    let Actor::Person(account) = risk_officer() else {
        unreachable!()
    };
    Actor::Person(Account {
        login: login.into(),
        name: name.into(),
        ..account
    })
}

fn of(of: Of) -> New {
    New {
        of,
        incident_id: None,
        ground: Ground::SuspectedFraud,
        ground_text: "三笔退款没有对应的消费".into(),
        days: 7,
    }
}

fn of_terminal(terminal_id: TerminalId) -> New {
    of(Of::Terminal(terminal_id))
}

fn of_merchant(merchant_id: MerchantId) -> New {
    of(Of::Merchant(merchant_id))
}

impl House {
    fn propose_hold(&self, by: &Actor, id: &'static str, new: New) -> Result<SettlementHold, Error> {
        let by = by.clone();
        self.try_write(move |tx| settlement_hold::propose(tx, &by, id, new))
    }

    fn confirm_hold(&self, by: &Actor, id: &'static str, seen: Proposed) -> Result<SettlementHold, Error> {
        let by = by.clone();
        self.try_write(move |tx| settlement_hold::confirm(tx, &by, id, seen, None))
    }

    /// One that stands.
    fn hold_settlement(&self, id: &'static str, new: New) -> SettlementHold {
        self.propose_hold(&risk_officer(), id, new).unwrap();
        self.confirm_hold(&second(), id, Proposed::Hold).unwrap()
    }

    fn propose_release(&self, by: &Actor, id: &'static str) -> Result<SettlementHold, Error> {
        let by = by.clone();
        self.try_write(move |tx| settlement_hold::release(tx, &by, id, "凭证齐全"))
    }

    fn withdraw_hold(&self, by: &Actor, id: &'static str) -> Result<SettlementHold, Error> {
        let by = by.clone();
        self.try_write(move |tx| settlement_hold::withdraw(tx, &by, id, Some("终端号写错了")))
    }

    fn settlement_hold(&self, id: &str) -> SettlementHold {
        self.read(|tx| store::row::by_id(tx, id)).unwrap()
    }

    fn kept_back(&self, id: &str) -> Vec<(Currency, [i64; 4])> {
        let hold = self.settlement_hold(id);
        let kept = self.read(|tx| kept_back(tx, &hold)).unwrap().into_iter();
        kept.map(|(currency, flow)| {
            let flow = [flow.in_minor, flow.in_count, flow.back_minor, flow.back_count];
            (currency, flow)
        })
        .collect()
    }

    fn listed(&self, scope: &Scope, phase: Option<Phase>) -> Vec<String> {
        let filter = Filter {
            scope,
            merchant_id: None,
            terminal_id: None,
            incident_id: None,
            phase,
        };
        let listed = self.read(|tx| store::settlement_hold::list(tx, &filter, None, 100));
        listed.into_iter().map(|hold| hold.settlement_hold_id).collect()
    }

    fn told_of_holds(&self, subject: Subject, id: &str) -> Vec<(String, String, String)> {
        let events = self.events(subject, id).into_iter();
        let events = events.filter(|event| event.verb.starts_with("settlement_"));
        events
            .map(|event| (event.verb, event.actor, event.text.unwrap_or_default()))
            .collect()
    }
}

#[test]
fn a_hold_begins_and_is_released_by_two_accounts_whatever_they_are_called() {
    let house = House::open();
    let proposed = house
        .propose_hold(&risk_officer(), "HOLD0001", of_terminal(terminal(1)))
        .unwrap();
    assert_eq!(proposed.phase(house.now()), Phase::Proposed);
    // By the same log-in under another name, it is the same person.
    for by in [risk_officer(), called("risk", "another name")] {
        let refused = house.confirm_hold(&by, "HOLD0001", Proposed::Hold);
        assert!(matches!(refused, Err(Error::SecondPersonRequired)), "{refused:?}");
    }
    house.pass_ms(HOUR_MS);
    let stands = house.confirm_hold(&second(), "HOLD0001", Proposed::Hold).unwrap();
    assert_eq!(stands.since, Some(house.now()), "from its own commit on");
    assert_eq!(stands.phase(house.now()), Phase::Standing);
    // It is four in the afternoon there; the seventh day after this one is the last.
    assert_eq!(stands.until_on, "2027-01-22");
    assert_eq!(stands.until, START.plus_ms(7 * DAY_MS + 8 * HOUR_MS));

    let refused = house.confirm_hold(&risk_officer(), "HOLD0001", Proposed::Release);
    assert!(
        matches!(refused, Err(Error::WrongState("standing"))),
        "{refused:?}"
    );
    house.propose_release(&second(), "HOLD0001").unwrap();
    let refused = house.confirm_hold(&second(), "HOLD0001", Proposed::Release);
    assert!(matches!(refused, Err(Error::SecondPersonRequired)), "{refused:?}");
    assert_eq!(
        house.settlement_hold("HOLD0001").phase(house.now()),
        Phase::Standing
    );
    // Refused, it stands on, and may be proposed anew.
    let refused = house.withdraw_hold(&risk_officer(), "HOLD0001").unwrap();
    assert_eq!((refused.state, refused.release), (State::Standing, None));
    house.propose_release(&second(), "HOLD0001").unwrap();
    // Whoever only saw that it was proposed to stand releases nothing.
    let stale = house.confirm_hold(&risk_officer(), "HOLD0001", Proposed::Hold);
    assert!(
        matches!(stale, Err(Error::WrongState("release_proposed"))),
        "{stale:?}"
    );
    let released = house
        .confirm_hold(&risk_officer(), "HOLD0001", Proposed::Release)
        .unwrap();
    assert_eq!(released.phase(house.now()), Phase::Released);
    assert_eq!(released.released_by.as_deref(), Some("risk"));
    let told: Vec<_> = house
        .events(Subject::SettlementHold, "HOLD0001")
        .into_iter()
        .map(|event| (event.verb, event.text.unwrap_or_default()))
        .collect();
    assert_eq!(
        told.iter()
            .map(|(verb, text)| (verb.as_str(), text.lines().next().unwrap()))
            .collect::<Vec<_>>(),
        [
            ("create", "proposed"),
            ("confirm", "standing"),
            ("release", "release_proposed"),
            ("withdraw", "standing"),
            ("release", "release_proposed"),
            ("confirm", "released"),
        ]
    );
}

#[test]
fn its_term_ends_it_and_what_is_over_is_neither_confirmed_nor_released() {
    let house = House::open();
    house
        .propose_hold(&risk_officer(), "WAITING1", of_terminal(terminal(1)))
        .unwrap();
    house.hold_settlement("STANDS01", of_terminal(terminal(2)));
    house.hold_settlement("ASKED001", of_terminal(terminal(3)));
    house.propose_release(&risk_officer(), "ASKED001").unwrap();
    house.pass_ms(7 * DAY_MS + 8 * HOUR_MS - 1);
    assert_eq!(
        house.listed(&Scope::All, Some(Phase::Standing)),
        ["ASKED001", "STANDS01"]
    );
    house.pass_ms(1);
    assert_eq!(house.listed(&Scope::All, Some(Phase::Standing)), [""; 0]);
    for refused in [
        house.confirm_hold(&second(), "WAITING1", Proposed::Hold),
        house.propose_release(&second(), "STANDS01"),
        house.confirm_hold(&second(), "ASKED001", Proposed::Release),
        house.withdraw_hold(&second(), "ASKED001"),
    ] {
        assert!(matches!(refused, Err(Error::WrongState("ended"))), "{refused:?}");
    }
    for days in [i64::MIN, -1, 0, 181, i64::MAX] {
        let wrong = New {
            days,
            ..of_terminal(terminal(1))
        };
        let refused = house.propose_hold(&risk_officer(), "WRONG001", wrong);
        assert!(matches!(refused, Err(Error::Unknown("days"))), "{refused:?}");
    }
}

#[test]
fn the_list_says_of_each_what_its_rule_says() {
    let house = House::open();
    for id in ["PROPOSED", "STANDING", "ASKED001", "RELEASED", "REFUSED1"] {
        house
            .propose_hold(&risk_officer(), id, of_merchant(ours()))
            .unwrap();
    }
    for id in ["STANDING", "ASKED001", "RELEASED"] {
        house.confirm_hold(&second(), id, Proposed::Hold).unwrap();
    }
    for id in ["ASKED001", "RELEASED"] {
        house.propose_release(&second(), id).unwrap();
    }
    house
        .confirm_hold(&risk_officer(), "RELEASED", Proposed::Release)
        .unwrap();
    house.withdraw_hold(&second(), "REFUSED1").unwrap();
    for _ in 0..2 {
        let all = house.listed(&Scope::All, None);
        assert_eq!(all.len(), 5);
        for phase in Phase::ALL {
            let wanted = all
                .iter()
                .filter(|id| house.settlement_hold(id).phase(house.now()) == phase);
            let wanted: Vec<String> = wanted.cloned().collect();
            assert_eq!(house.listed(&Scope::All, Some(phase)), wanted, "{phase:?}");
        }
        // Those over the merchant learn of what stood, and those over less, or another one, of nothing.
        let owner = Scope::Merchant(ours());
        assert_eq!(house.listed(&owner, None), ["ASKED001", "RELEASED", "STANDING"]);
        for scope in [Scope::Merchant(theirs()), Scope::Shop(ours(), "s1".into())] {
            assert_eq!(house.listed(&scope, None), [""; 0]);
            assert_eq!(house.listed(&scope, Some(Phase::Standing)), [""; 0]);
        }
        house.pass_ms(8 * DAY_MS);
    }
}

#[test]
fn what_it_kept_back_is_what_came_in_less_what_went_back_while_it_stood() {
    let house = House::open();
    for number in [1, 2, 3] {
        house.sign_in(terminal(number));
    }
    let before = purchase(terminal(1), 10);
    house.approve(&before);
    house.pass_ms(1);
    house.hold_settlement("TERMINAL", of_terminal(terminal(1)));
    house.hold_settlement("MERCHANT", of_merchant(ours()));
    assert_eq!(house.kept_back("TERMINAL"), []);
    house.pass_ms(1);
    let sale = purchase(terminal(1), 11);
    house.approve(&sale);
    house.approve(&after(Kind::Refund, 12, &sale, 300));
    // What went back of a sale before it went back all the same.
    house.approve(&after(Kind::Void, 13, &before, 1_000));
    let dollars = app::transaction::Attempt {
        amount: Some(Money::new(700, Currency(840)).unwrap()),
        ..ask(Kind::Purchase, terminal(1), 14)
    };
    house.approve(&dollars);
    assert_eq!(code(&house.reverse(&dollars)), "00");
    assert_eq!(
        house.kept_back("TERMINAL")[1].1,
        [700, 1, 0, 0],
        "it is owed still"
    );
    let owed = house.owed(terminal(1)).pop().unwrap();
    house.settle_owed(terminal(1), owed.sequence, "00");
    house.approve(&purchase(terminal(3), 10));
    let one = [
        (Currency::CNY, [1_000, 1, 1_300, 2]),
        (Currency(840), [700, 1, 700, 1]),
    ];
    assert_eq!(house.kept_back("TERMINAL"), one);
    let all = [(Currency::CNY, [2_000, 2, 1_300, 2]), one[1]];
    assert_eq!(house.kept_back("MERCHANT"), all);
    // A payment that is refused brings nothing; nor does one after its release, or after its term.
    house.pass_ms(1);
    house.propose_release(&second(), "TERMINAL").unwrap();
    house
        .confirm_hold(&risk_officer(), "TERMINAL", Proposed::Release)
        .unwrap();
    house.pass_ms(1);
    house.approve(&purchase(terminal(1), 15));
    assert_eq!(house.kept_back("TERMINAL"), one);
    house.pass_ms(8 * DAY_MS);
    house.approve(&purchase(terminal(1), 16));
    assert_eq!(
        house.kept_back("MERCHANT"),
        [(Currency::CNY, [3_000, 3, 1_300, 2]), one[1]]
    );
    house
        .propose_hold(&risk_officer(), "WAITING1", of_terminal(terminal(1)))
        .unwrap();
    let waiting = house.settlement_hold("WAITING1");
    assert_eq!(house.read(|tx| kept_back(tx, &waiting)), None);
}

#[test]
fn each_is_released_by_itself_and_says_what_stands_beside_it() {
    let house = House::open();
    house.hold_settlement("FIRST001", of_terminal(terminal(1)));
    house.hold_settlement("SECOND01", of_terminal(terminal(1)));
    house.hold_settlement("WHOLE001", of_merchant(ours()));
    house.hold_settlement("ANOTHER1", of_terminal(terminal(2)));
    house.hold_settlement("THEIRS01", of_merchant(theirs()));
    let beside = |id: &str| -> Vec<String> {
        let hold = house.settlement_hold(id);
        let others = house.read(|tx| beside(tx, &hold)).into_iter();
        others.map(|other| other.settlement_hold_id).collect()
    };
    assert_eq!(beside("FIRST001"), ["SECOND01", "WHOLE001"]);
    assert_eq!(beside("WHOLE001"), ["ANOTHER1", "FIRST001", "SECOND01"]);
    assert_eq!(beside("THEIRS01"), [""; 0]);
    let of_one = |number| {
        let filter = Filter {
            scope: &Scope::All,
            merchant_id: None,
            terminal_id: Some(terminal(number)),
            incident_id: None,
            phase: Some(Phase::Standing),
        };
        let holds = house.read(|tx| store::settlement_hold::list(tx, &filter, None, 100));
        holds
            .into_iter()
            .map(|hold| hold.settlement_hold_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(of_one(1), ["FIRST001", "SECOND01", "WHOLE001"]);
    assert_eq!(of_one(3), ["WHOLE001"]);
    assert_eq!(of_one(4), ["THEIRS01"]);
    house.propose_release(&second(), "SECOND01").unwrap();
    house
        .confirm_hold(&risk_officer(), "SECOND01", Proposed::Release)
        .unwrap();
    assert_eq!(beside("SECOND01"), ["FIRST001", "WHOLE001"]);
    assert_eq!(beside("FIRST001"), ["WHOLE001"]);
}

#[test]
fn nobody_of_a_shop_holds_anything_and_nothing_is_held_that_is_not_settled_here() {
    let house = House::open();
    for by in [owner(), manager("s1"), stranger(), auditor()] {
        let refused = house.propose_hold(&by, "WRONG001", of_terminal(terminal(1)));
        assert!(matches!(refused, Err(Error::NotAllowed)), "{refused:?}");
    }
    let stands = house.hold_settlement("STANDS01", of_terminal(terminal(1)));
    for by in [owner(), auditor()] {
        let refused = house.propose_release(&by, "STANDS01");
        assert!(matches!(refused, Err(Error::NotAllowed)), "{refused:?}");
    }
    for by in [manager("s1"), stranger()] {
        let refused = house.propose_release(&by, "STANDS01");
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    house
        .propose_hold(&risk_officer(), "WAITING1", of_terminal(terminal(1)))
        .unwrap();
    let hidden = house.propose_release(&owner(), "WAITING1");
    assert!(matches!(hidden, Err(Error::NotFound(_))), "{hidden:?}");
    assert_eq!(house.settlement_hold("STANDS01"), stands);

    let outside = house.outside_terminal(6);
    let elsewhere = house.propose_hold(&risk_officer(), "WRONG001", of_terminal(outside));
    assert!(
        matches!(elsewhere, Err(Error::Against(Against::SettledOutside))),
        "{elsewhere:?}"
    );
    let nowhere = house.propose_hold(&risk_officer(), "WRONG001", of_terminal(terminal(99)));
    assert!(
        matches!(nowhere, Err(Error::Unknown("terminal_id"))),
        "{nowhere:?}"
    );
    let lost = house.lose(terminal(2)).incident_id;
    let about = |of, id: &str| New {
        incident_id: Some(id.to_owned()),
        ..self::of(of)
    };
    for (of, id) in [
        (Of::Terminal(terminal(1)), lost.as_str()),
        (Of::Merchant(theirs()), lost.as_str()),
        (Of::Terminal(terminal(2)), "NOBODY01"),
    ] {
        let refused = house.propose_hold(&risk_officer(), "WRONG001", about(of, id));
        assert!(
            matches!(refused, Err(Error::Unknown("incident_id"))),
            "{refused:?}"
        );
    }
    house
        .propose_hold(&risk_officer(), "RIGHT001", about(Of::Merchant(ours()), &lost))
        .unwrap();
}

#[test]
fn a_merchant_has_no_more_than_it_may() {
    let house = House::open();
    for number in 0..OPEN_MAX {
        let id: &'static str = format!("HOLD{number:04}").leak();
        house
            .propose_hold(&risk_officer(), id, of_merchant(ours()))
            .unwrap();
    }
    let refused = house.propose_hold(&risk_officer(), "ONEMORE1", of_terminal(terminal(1)));
    assert!(
        matches!(refused, Err(Error::Against(Against::TooManySettlementHolds))),
        "{refused:?}"
    );
    house.withdraw_hold(&risk_officer(), "HOLD0000").unwrap();
    house
        .propose_hold(&risk_officer(), "ONEMORE1", of_terminal(terminal(1)))
        .unwrap();
}

#[test]
fn the_record_of_what_is_held_says_that_it_is_and_not_why() {
    let house = House::open();
    let lost = house.lose(terminal(1)).incident_id;
    let about = |new: New| New {
        incident_id: Some(lost.clone()),
        ..new
    };
    house.hold_settlement("TERMINAL", about(of_terminal(terminal(1))));
    house
        .propose_hold(&risk_officer(), "WAITING1", about(of_terminal(terminal(1))))
        .unwrap();
    house.hold_settlement("MERCHANT", about(of_merchant(ours())));
    house.propose_release(&second(), "TERMINAL").unwrap();
    house
        .confirm_hold(&risk_officer(), "TERMINAL", Proposed::Release)
        .unwrap();
    let told = |verb: &str, by: &str, text: &str| (verb.to_owned(), by.to_owned(), text.to_owned());
    let held = told("settlement_held", "second", "TERMINAL\nterminal\n2027-01-22");
    let whole = told("settlement_held", "second", "MERCHANT\nmerchant\n2027-01-22");
    let released = told("settlement_released", "risk", "TERMINAL");
    assert_eq!(
        house.told_of_holds(Subject::Incident, &lost),
        [held.clone(), whole.clone(), released.clone()]
    );
    assert_eq!(
        house.told_of_holds(Subject::Terminal, terminal(1).as_str()),
        [held, released]
    );
    assert_eq!(house.told_of_holds(Subject::Merchant, ours().as_str()), [whole]);
    // A case that is closed keeps nobody's money, and frees none.
    house.find_again(&lost);
    assert_eq!(house.listed(&Scope::All, Some(Phase::Standing)), ["MERCHANT"]);
}

#[test]
fn a_hold_remembers_when_a_program_first_read_that_it_stands() {
    let house = House::open();
    house.hold_settlement("STANDS01", of_terminal(terminal(1)));
    house.pass_ms(5);
    house.write(|tx| store::settlement_hold::mark_read(tx, "STANDS01"));
    house.pass_ms(5);
    house.write(|tx| store::settlement_hold::mark_read(tx, "STANDS01"));
    assert_eq!(house.settlement_hold("STANDS01").read_at, Some(START.plus_ms(5)));
}

#[test]
fn what_people_said_of_one_goes_three_years_after_it_is_over() {
    let mut house = House::open();
    house.hold_settlement("STANDS01", of_terminal(terminal(1)));
    house.propose_release(&second(), "STANDS01").unwrap();
    house
        .confirm_hold(&risk_officer(), "STANDS01", Proposed::Release)
        .unwrap();
    house.hold_settlement(
        "LONGER01",
        New {
            days: 180,
            ..of_terminal(terminal(2))
        },
    );
    house.pass_ms(1_096 * DAY_MS);
    house.clean_up(domain::work::CleanUp::Cases);
    let over = house.settlement_hold("STANDS01");
    assert_eq!((over.ground_text, over.ground), (None, Ground::SuspectedFraud));
    assert_eq!(over.release.unwrap().ground, None);
    let said = house.events(Subject::SettlementHold, "STANDS01");
    assert!(said.iter().all(|event| event.text.is_none()));
    assert!(house.settlement_hold("LONGER01").ground_text.is_some());
    assert!(!house.is_left("凭证齐全"));
}
