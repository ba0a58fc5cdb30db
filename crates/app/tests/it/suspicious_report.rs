//! Reports of suspicious transactions: two people, the term by working days, what is forgotten and when, and who is reminded of what.

use app::case::{Against, Error};
use app::digest_mail::{begin_day, to_send as digest_to_send};
use app::suspicious_report::{self, NewFiled, Of, confirm, file, look, propose, send_back, write};
use domain::account::Account;
use domain::actor::Actor;
use domain::event::Subject;
use domain::money::Currency;
use domain::suspicious_report::{Decision, KEPT_MS, Kind, Said, State, Sum, SuspiciousReport, sums};
use domain::time::HOUR_MS;
use domain::work::{CleanUp, Kind as WorkKind, Work};
use store::node::Incarnation;

use crate::fixture::{
    House, NODE, START, auditor, manager, ours, owner, purchase, risk_officer, stranger, terminal, theirs,
};

const DAY_MS: i64 = 24 * HOUR_MS;
const ID: &str = "REPORT01";

/// Another risk officer.
fn second() -> Actor {
    let Actor::Person(account) = risk_officer() else {
        unreachable!()
    };
    Actor::Person(Account {
        login: "second".into(),
        name: "second".into(),
        ..account
    })
}

fn said(decision: Decision) -> Said {
    let text = |text: &str| Some(text.to_owned());
    Said {
        grounds: "amount frequency".into(),
        persons: text("张某"),
        facts: text("深夜连续大额整数交易"),
        analysis: text("与经营规模不符"),
        decision: Some(decision),
        decision_text: text("有合理理由怀疑"),
        ..Said::default()
    }
}

fn of_terminal() -> Of {
    Of {
        merchant_id: ours(),
        terminal_id: Some(terminal(1)),
        incident_id: None,
        earlier: None,
    }
}

impl House {
    fn suspect(
        &self,
        by: &Actor,
        id: &'static str,
        of: Of,
        said: Said,
        payments: &[&str],
    ) -> Result<SuspiciousReport, Error> {
        let by = by.clone();
        let payments: Vec<String> = payments.iter().map(|name| (*name).to_owned()).collect();
        self.try_write(move |tx| suspicious_report::create(tx, &by, id, of, said, &payments))
    }

    fn write_again(
        &self,
        by: &Actor,
        seen: i64,
        said: Said,
        payments: &[&str],
    ) -> Result<SuspiciousReport, Error> {
        let by = by.clone();
        let payments: Vec<String> = payments.iter().map(|name| (*name).to_owned()).collect();
        self.try_write(move |tx| write(tx, &by, ID, seen, said, &payments))
    }

    fn ask_second(&self, by: &Actor, seen: i64) -> Result<SuspiciousReport, Error> {
        let by = by.clone();
        self.try_write(move |tx| propose(tx, &by, ID, seen))
    }

    fn decide_on(&self, by: &Actor, seen: i64, is_reported: bool) -> Result<SuspiciousReport, Error> {
        let by = by.clone();
        self.try_write(move |tx| confirm(tx, &by, ID, seen, is_reported))
    }

    fn file_it(&self, by: &Actor, at_ms: i64, branch: Option<&str>) -> Result<SuspiciousReport, Error> {
        let (by, at) = (by.clone(), self.now().plus_ms(at_ms));
        let new = NewFiled {
            at,
            receipt: "R2027-118".into(),
            branch: branch.map(str::to_owned),
        };
        self.try_write(move |tx| file(tx, &by, ID, new))
    }

    /// One that two people decided to report.
    fn decided(&self, said: Said) -> SuspiciousReport {
        self.suspect(&risk_officer(), ID, of_terminal(), said, &[])
            .unwrap();
        self.ask_second(&risk_officer(), 1).unwrap();
        self.decide_on(&second(), 1, true).unwrap()
    }

    fn suspicious_report(&self) -> SuspiciousReport {
        self.read(|tx| store::row::by_id(tx, ID)).unwrap()
    }

    fn told_of_it(&self) -> Vec<(String, String)> {
        let events = self.events(Subject::SuspiciousReport, ID).into_iter();
        events.map(|event| (event.verb, event.actor)).collect()
    }
}

#[test]
fn for_who_has_not_the_right_there_is_none_whatever_one_does() {
    let house = House::open();
    house
        .suspect(&risk_officer(), ID, of_terminal(), said(Decision::Report), &[])
        .unwrap();
    for by in [
        owner(),
        manager("s1"),
        stranger(),
        auditor(),
        Actor::Node("node-1".into()),
    ] {
        let tried = [
            house.suspect(&by, "REPORT02", of_terminal(), said(Decision::Report), &["L999"]),
            house.write_again(&by, 1, said(Decision::Report), &[]),
            house.ask_second(&by, 1),
            house.decide_on(&by, 1, true),
            house.file_it(&by, 0, None),
            {
                let by = by.clone();
                house.try_write(move |tx| send_back(tx, &by, ID, "no"))
            },
            {
                let by = by.clone();
                house.try_write(move |tx| look(tx, &by, ID)).map(|it| it.0)
            },
        ];
        for tried in tried {
            assert!(
                matches!(tried, Err(Error::NotFound(Subject::SuspiciousReport))),
                "{by:?}: {tried:?}"
            );
        }
    }
    assert_eq!(house.told_of_it(), [("create".into(), "risk".into())]);
}

#[test]
fn a_second_person_decides_about_the_very_text_and_the_term_is_five_working_days() {
    let house = House::open();
    house
        .suspect(&risk_officer(), ID, of_terminal(), said(Decision::Report), &[])
        .unwrap();
    let again = house
        .write_again(&second(), 1, said(Decision::Report), &[])
        .unwrap();
    assert_eq!((again.version, again.writers.as_str()), (2, "risk\nsecond"));
    let late = house.write_again(&risk_officer(), 1, said(Decision::Report), &[]);
    assert!(
        matches!(late, Err(Error::Against(Against::TextChanged))),
        "{late:?}"
    );
    house.ask_second(&risk_officer(), 2).unwrap();
    // Who wrote any of it decides nothing, whoever proposed it.
    for by in [risk_officer(), second()] {
        let refused = house.decide_on(&by, 2, true);
        assert!(matches!(refused, Err(Error::SecondPersonRequired)), "{refused:?}");
    }
    let Actor::Person(account) = second() else {
        unreachable!()
    };
    let third = Actor::Person(Account {
        login: "third".into(),
        ..account
    });
    let unread = house.decide_on(&third, 1, true);
    assert!(
        matches!(unread, Err(Error::Against(Against::TextChanged))),
        "{unread:?}"
    );
    let decided = house.decide_on(&third, 2, true).unwrap();
    assert_eq!(decided.confirmed_by.as_deref(), Some("third"));
    // It is Friday, 15 January 2027, in Shanghai: the fifth working day after is the next Friday. Nobody has given notice of that year.
    assert_eq!(decided.due_at, Some(START.plus_ms(7 * DAY_MS + 8 * HOUR_MS)));
    assert!(decided.is_provisional);
}

#[test]
fn a_filing_is_what_a_person_says_and_comes_after_the_decision() {
    let house = House::open();
    let grave = Said {
        is_grave: true,
        ..said(Decision::Report)
    };
    house.decided(grave);
    house.pass_ms(HOUR_MS);
    let bare = house.file_it(&risk_officer(), 0, None);
    assert!(matches!(bare, Err(Error::Required("branch"))), "{bare:?}");
    for at_ms in [-2 * HOUR_MS, 1] {
        let wrong = house.file_it(&risk_officer(), at_ms, Some("当日电话告知"));
        assert!(matches!(wrong, Err(Error::Unknown("at"))), "{wrong:?}");
    }
    let filed = house
        .file_it(&risk_officer(), -HOUR_MS / 2, Some("当日电话告知"))
        .unwrap();
    assert_eq!(filed.state, State::Filed);
    let again = house.file_it(&risk_officer(), 0, Some("x"));
    assert!(matches!(again, Err(Error::WrongState("filed"))), "{again:?}");
    // What is added later is another one, of the same merchant.
    let added = |merchant_id, earlier: (Kind, &str)| Of {
        merchant_id,
        terminal_id: None,
        earlier: Some((earlier.0, earlier.1.to_owned())),
        ..of_terminal()
    };
    for of in [
        added(theirs(), (Kind::Supplement, ID)),
        added(ours(), (Kind::First, ID)),
        added(ours(), (Kind::Correction, "NOBODY01")),
    ] {
        let refused = house.suspect(&risk_officer(), "REPORT02", of, said(Decision::Report), &[]);
        assert!(
            matches!(refused, Err(Error::Unknown("earlier_id"))),
            "{refused:?}"
        );
    }
    let of = added(ours(), (Kind::Correction, ID));
    house
        .suspect(&second(), "REPORT02", of, said(Decision::Report), &[])
        .unwrap();
    let (_, later) = house.try_write(|tx| look(tx, &second(), ID)).unwrap();
    assert_eq!(later, ["REPORT02"]);
    assert_eq!(
        house.told_of_it().last().unwrap(),
        &("look".into(), "second".into())
    );
}

#[test]
fn payments_are_kept_as_they_were_when_they_were_named() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let (first, second) = (purchase(id, 1), purchase(id, 2));
    house.approve(&first);
    let at = house.last(id).sequence;
    house.approve(&second);
    let undone = house.last(id).sequence;
    house.reverse(&second);
    // It is undone once the host says so.
    house.settle_owed(id, undone, "00");
    let names = [format!("L{at}"), format!("L{undone}")];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let report = house
        .suspect(&risk_officer(), ID, of_terminal(), said(Decision::Report), &names)
        .unwrap();
    let payments = report.said.payments();
    let done: Vec<_> = payments.iter().map(|it| (it.id.as_str(), it.is_done)).collect();
    assert_eq!(done, [(names[0], true), (names[1], false)]);
    let amount = payments[0].amount.unwrap();
    let sum = Sum {
        in_minor: amount.minor,
        in_count: 1,
        ..Sum::default()
    };
    assert_eq!(
        sums(&payments).into_iter().collect::<Vec<_>>(),
        [(Currency::CNY, sum)]
    );
    // One that is left out is gone; what another terminal did, and what is written in another way, is none of its.
    let fewer = house
        .write_again(&risk_officer(), 1, said(Decision::Report), &names[..1])
        .unwrap();
    assert_eq!(fewer.said.payments(), payments[..1]);
    for wrong in ["L0", "L999999", &format!("L0{at}"), "7", "PX", "PX.1", "L"] {
        let refused = house.write_again(&risk_officer(), 2, said(Decision::Report), &[wrong]);
        assert!(
            matches!(refused, Err(Error::Unknown("said.payments"))),
            "{wrong}: {refused:?}"
        );
    }
}

#[test]
fn its_words_are_forgotten_after_ten_years_and_not_before() {
    let house = House::open();
    house.decided(said(Decision::Report));
    house.file_it(&risk_officer(), 0, None).unwrap();
    house.pass_ms(KEPT_MS - 1);
    house.clean_up(CleanUp::Cases);
    assert!(house.suspicious_report().said.analysis.is_some());
    house.pass_ms(1);
    house.clean_up(CleanUp::Cases);
    let kept = house.suspicious_report();
    assert_eq!(
        [
            &kept.said.persons,
            &kept.said.facts,
            &kept.said.analysis,
            &kept.said.payments,
            &kept.said.decision_text,
            &kept.filed.as_ref().unwrap().receipt,
        ],
        [&None; 6]
    );
    assert_eq!(
        (kept.state, kept.said.grounds.as_str()),
        (State::Filed, "amount frequency")
    );
    let told = house.events(Subject::SuspiciousReport, ID);
    assert!(told.iter().all(|event| event.text.is_none()));
}

#[test]
fn what_is_not_reported_is_forgotten_as_late_and_what_is_not_decided_is_not() {
    let house = House::open();
    house
        .suspect(&risk_officer(), ID, of_terminal(), said(Decision::NoReport), &[])
        .unwrap();
    house.pass_ms(KEPT_MS + DAY_MS);
    house.clean_up(CleanUp::Cases);
    assert!(
        house.suspicious_report().said.analysis.is_some(),
        "a draft is not over"
    );
    house.ask_second(&risk_officer(), 1).unwrap();
    house.decide_on(&second(), 1, false).unwrap();
    house.pass_ms(KEPT_MS);
    house.clean_up(CleanUp::Cases);
    assert!(house.suspicious_report().said.analysis.is_none());
}

fn mails_of_the_day(house: &House) -> Vec<(String, String, String)> {
    let node = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    let kind = WorkKind::DigestMail;
    let due: Vec<Work> = house.write(move |tx| app::work::claim(tx, kind, &kind.policy(), &node, 100));
    let mut sent = Vec::new();
    for work in due {
        assert!(!work.id.as_str().contains(ID) && !work.id.as_str().contains("suspicious"));
        let mail = house.read(|tx| digest_to_send(tx, &work));
        sent.extend(mail.map(|mail| (mail.to, mail.subject, mail.text)));
        assert!(house.write(move |tx| app::work::done(tx, &work)));
    }
    sent
}

#[test]
fn those_who_file_are_reminded_each_morning_by_a_mail_that_says_of_it_nothing() {
    let house = House::that_mails();
    let report = house.decided(said(Decision::Report));
    house.write(begin_day);
    assert_eq!(mails_of_the_day(&house), [], "there is time");
    house.pass_ms(report.due_at.unwrap().since_ms(house.now()) - DAY_MS);
    house.write(begin_day);
    house.write(begin_day);
    let soon = mails_of_the_day(&house);
    let [(to, subject, text)] = &soon[..] else {
        panic!("{soon:?}")
    };
    assert_eq!(to, "risk@fuji.example");
    for word in [
        ID,
        "可疑",
        "张某",
        "10450001",
        terminal(1).as_str(),
        ours().as_str(),
    ] {
        assert!(!text.contains(word) && !subject.contains(word), "{word}: {text}");
    }
    assert!(text.contains("一天之内到期"), "{text}");
    house.write(begin_day);
    assert_eq!(mails_of_the_day(&house), [], "once a day");
    house.pass_ms(DAY_MS);
    house.write(begin_day);
    let late = mails_of_the_day(&house);
    assert!(late.len() == 1 && late[0].2.contains("已过期"), "{late:?}");
    house.pass_ms(DAY_MS);
    house.file_it(&risk_officer(), 0, None).unwrap();
    house.write(begin_day);
    assert_eq!(mails_of_the_day(&house), [], "it is filed");
}

#[test]
fn what_is_handed_over_of_a_person_has_nothing_of_a_report() {
    let house = House::open();
    house.decided(said(Decision::Report));
    let done = |reader: Actor, login: &'static str| {
        let until = house.now();
        let begin = (domain::Timestamp(0), String::new(), String::new(), 0);
        let done = house.read(|tx| app::personal::done(tx, &reader, login, &begin, until, 100));
        done.events
            .into_iter()
            .filter(|event| event.subject == Subject::SuspiciousReport)
            .count()
    };
    assert_eq!(done(risk_officer(), "risk"), 0);
    assert_eq!(done(risk_officer(), "second"), 0);
    assert_eq!(done(auditor(), "risk"), 0);
}
