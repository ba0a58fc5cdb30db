//! Opening hours: said by who keeps a shop, told of it, and what payments are judged by from then on; the same on both stores.

use app::case::Error;
use app::opening_hours::{get, say};
use app::suspect::{Looked, Suspect};
use app::watch::Watcher;
use domain::Actor;
use domain::event::{Subject, Verb};
use domain::opening_hours::{Exceptions, OpeningHours, Told, Week};
use domain::setting::{Language, Mode};
use screening::rule::Stage;
use screening::{Code, Settings};

use crate::account::peopled;
use crate::fixture::{House, auditor, manager, owner, risk_officer, stranger, terminal};
use crate::rule_set::{rules, used};
use crate::suspect::{find, looked, lost, month, ranked, thief, written};

/// Every day alike, and 15 January 2027, the day on which the house opens, otherwise. It opens at 16:00 there.
pub fn hours(day: &str, that_day: Option<&str>) -> OpeningHours {
    let exceptions = that_day.map(|spans| format!("2027-01-15:{spans}"));
    OpeningHours {
        week: Week::read(&[day; 7].join(";")).unwrap(),
        exceptions: Exceptions::read(&exceptions.unwrap_or_default()).unwrap(),
    }
}

pub fn tell(house: &House, by: &Actor, hours: Option<OpeningHours>) -> Result<Option<Told>, Error> {
    let by = by.clone();
    house.try_write(move |tx| say(tx, &by, "s1", hours))
}

pub fn codes(suspect: &Suspect) -> Vec<Code> {
    let reasons = suspect.judgement.reasons.iter();
    reasons.map(|reason| reason.code).collect()
}

pub fn unseen(looked: &Looked) -> Vec<Code> {
    looked.unseen.iter().map(|unseen| unseen.what.code).collect()
}

#[test]
fn whoever_keeps_a_shop_says_when_it_is_open_and_each_change_is_told() {
    let house = House::open();
    let day = || Some(hours("540-1080", None));
    for refused in [auditor(), manager("s2"), stranger()] {
        let said = tell(&house, &refused, day());
        assert!(
            matches!(said, Err(Error::NotAllowed | Error::NotFound(Subject::Shop))),
            "{said:?}"
        );
    }
    let known = |by: Actor| house.read(|tx| Ok(get(tx, &by, "s1").ok().flatten()));
    assert_eq!(known(owner()), None, "there is no default");
    tell(&house, &manager("s1"), day()).unwrap();
    tell(&house, &owner(), day()).unwrap();
    assert_eq!(
        known(auditor()).unwrap().by,
        "manager",
        "the same again is no change"
    );
    tell(&house, &owner(), Some(hours("540-1080", Some("")))).unwrap();
    let told = known(manager("s1")).unwrap();
    assert_eq!((told.by.as_str(), told.at), ("owner", house.now()));
    assert_eq!(told.hours, hours("540-1080", Some("")));
    assert_eq!(known(stranger()), None);
    tell(&house, &risk_officer(), None).unwrap();
    assert_eq!(known(owner()), None);
    let events = house.events(Subject::Shop, "s1");
    let said: Vec<_> = events
        .iter()
        .filter(|event| event.verb == Verb::HoursChanged.code())
        .map(|event| (event.actor.as_str(), event.text.is_some()))
        .collect();
    assert_eq!(said, [("manager", true), ("owner", true), ("risk", false)]);
}

#[test]
fn outside_of_what_was_said_a_payment_stands_out_once_and_says_of_which_hours_the_same_after_a_restart() {
    let mut house = House::open();
    let incident_id = lost(&house);
    let before = looked(&house, &incident_id);
    // At half past three in the afternoon; it is used from six to two.
    let learnt = codes(find(&before, "L1001"));
    assert!(learnt.contains(&Code::UnusualHour) && !learnt.contains(&Code::OutOfHours));
    assert!(unseen(&before).contains(&Code::OutOfHours));

    tell(&house, &owner(), Some(hours("360-840", None))).unwrap();
    let after = looked(&house, &incident_id);
    for id in ["L1001", "L1002", "L1003"] {
        let codes = codes(find(&after, id));
        assert!(
            codes.contains(&Code::OutOfHours) && !codes.contains(&Code::UnusualHour),
            "the same fact counts once: {codes:?}"
        );
    }
    assert!(!unseen(&after).contains(&Code::OutOfHours));
    let reasons = &find(&after, "L1001").judgement.reasons;
    let reason = reasons.iter().find(|it| it.code == Code::OutOfHours).unwrap();
    assert_eq!(
        [Language::Chinese, Language::English].map(|language| reason.text(language)),
        [
            "15:30，不在营业时间内（当天：06:00–14:00）",
            "At 15:30, outside opening hours (that day: 06:00–14:00)"
        ]
    );
    // The month's own are within.
    let is_own = |it: &&Suspect| !it.source.id().starts_with("L100");
    let own = after.suspects.iter().filter(is_own);
    assert!(own.into_iter().all(|it| !codes(it).contains(&Code::OutOfHours)));
    house.reopen();
    assert_eq!(ranked(&looked(&house, &incident_id)), ranked(&after));

    // A longer day by exception: neither speaks.
    tell(&house, &owner(), Some(hours("360-840", Some("360-1440")))).unwrap();
    let longer = codes(find(&looked(&house, &incident_id), "L1001"));
    assert!(!longer.contains(&Code::OutOfHours) && !longer.contains(&Code::UnusualHour));

    // Not known any more: as before.
    tell(&house, &owner(), None).unwrap();
    assert_eq!(ranked(&looked(&house, &incident_id)), ranked(&before));
}

#[test]
fn a_rule_of_the_house_asks_for_hours_and_for_the_roster() {
    let house = peopled(Mode::Acquirer);
    let incident_id = lost(&house);
    used(
        &house,
        "V1",
        None,
        Some(rules(Stage::Off, Stage::Off, Stage::Live)),
    );
    let marked = || {
        let all = looked(&house, &incident_id);
        let closed = &all.rules.as_ref().unwrap().said.rules[2].sum;
        (
            closed.marked,
            closed.not_known,
            all.rules_of(find(&all, "L1002")).count(),
        )
    };
    assert_eq!(marked(), (0, 2, 0), "nobody told the hours");
    tell(&house, &owner(), Some(hours("360-840", None))).unwrap();
    assert_eq!(marked(), (2, 0, 1));
    tell(&house, &owner(), Some(hours("0-1440", None))).unwrap();
    assert_eq!(marked(), (0, 0, 0));
}

#[test]
fn who_watches_hears_of_other_hours_and_asks_as_who_reads_all_anew() {
    let house = House::open();
    let id = terminal(1);
    // Each thing that stands out is a question.
    let anxious = || {
        Watcher::new(Settings {
            ask_from: 1,
            ask_every_hours: 0,
            ..Settings::default()
        })
    };
    let mut watcher = anxious();
    written(&house, month(id));
    house.read(|tx| watcher.look(tx, &[id]));
    tell(&house, &owner(), Some(hours("360-840", None))).unwrap();
    written(&house, thief(id));
    let asked = |watcher: &mut Watcher| {
        let mut asked = house.read(|tx| watcher.look(tx, &[id]));
        let reasons = asked.pop().unwrap().reasons;
        reasons.into_iter().map(|reason| reason.code).collect::<Vec<_>>()
    };
    let said = asked(&mut watcher);
    assert!(
        said.contains(&Code::OutOfHours) && !said.contains(&Code::UnusualHour),
        "{said:?}"
    );
    assert_eq!(said, asked(&mut anxious()));
}
