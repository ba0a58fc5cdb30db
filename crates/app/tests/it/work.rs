//! Work: one piece once, one node at a time, tried again after growing waits, and a person where nothing else helps.

use std::collections::BTreeSet;

use app::case::Error;
use domain::actor;
use domain::event::{Event, Subject};
use domain::hold::{Authority, Kind as HoldKind};
use domain::session::Session;
use domain::transaction::Decision;
use domain::work::{CLEAN_UP_EVERY_MS, CleanUp, Id, Kind, Lost, Policy, State, Work};
use domain::{Actor, Timestamp};
use store::node::Incarnation;

use crate::fixture::{House, NODE, SEALED, START, auditor, code, owner, purchase, risk_officer, terminal};

const POLICY: Policy = Kind::Reversal.policy();

fn node(name: &str) -> Incarnation {
    Incarnation {
        node: name.into(),
        incarnation: 1,
    }
}

/// The work of sending the reversal of a row that nothing is kept of.
fn reversal(sequence: i64) -> Id {
    Id::reversal(terminal(1), sequence)
}

impl House {
    fn enqueue(&self, id: Id, due: Timestamp) -> bool {
        self.write(move |tx| app::work::enqueue(tx, id, due))
    }

    fn claim_as(&self, name: &str, policy: Policy, limit: i64) -> Vec<Work> {
        let who = node(name);
        self.write(move |tx| app::work::claim(tx, Kind::Reversal, &policy, &who, limit))
    }

    fn claim(&self) -> Option<Work> {
        self.claim_as(NODE, POLICY, 1).pop()
    }

    fn next(&self) -> Option<i64> {
        let now = self.now();
        let next = self.read(|tx| store::work::next(tx, Kind::Reversal, &POLICY));
        next.map(|at| at.since_ms(now))
    }

    fn postpone(&self, policy: Policy, work: &Work) {
        self.postpone_for(policy, work, 0);
    }

    fn postpone_for(&self, policy: Policy, work: &Work, wait_min_ms: i64) {
        let work = work.clone();
        self.write(move |tx| app::work::postpone(tx, &policy, &work, "nobody answered", wait_min_ms));
    }

    fn work(&self, id: &Id) -> Option<Work> {
        self.read(|tx| store::work::get(tx, id))
    }

    fn retry(&self, actor: &Actor, id: &Id) -> Result<Work, Error> {
        let (actor, id) = (actor.clone(), id.as_str().to_owned());
        self.try_write(move |tx| app::retry::dead_work(tx, &actor, &id, Some("the host says it works again")))
    }

    fn give_up(&self, actor: &Actor, id: &Id, text: Option<&'static str>) -> Result<Work, Error> {
        let (actor, id) = (actor.clone(), id.as_str().to_owned());
        self.try_write(move |tx| {
            app::case::step::<Work>(tx, &actor, &id, domain::work::Verb::GiveUp, text, |_| ())
        })
    }

    fn told(&self, id: &Id) -> Vec<Event> {
        self.events(Subject::Work, id.as_str())
    }
}

/// What an event says happened, and who did it.
fn what(event: &Event) -> (&str, actor::Kind, &str) {
    (&event.verb, event.actor_kind, &event.actor)
}

#[test]
fn work_is_enqueued_once_and_only_with_what_asks_for_it() {
    let house = House::open();
    assert!(house.enqueue(reversal(1), START));
    assert!(!house.enqueue(reversal(1), START.plus_ms(9)));
    let failed = house.try_write(|tx| {
        app::work::enqueue(tx, reversal(2), START)?;
        Err::<(), _>(store::Error::Corrupt("what asked for it failed"))
    });
    assert!(failed.is_err());
    assert_eq!(house.work(&reversal(1)).unwrap().due, Some(START));
    assert_eq!(house.work(&reversal(2)), None);
}

#[test]
fn what_is_due_is_claimed_the_longest_due_first_and_never_before_its_time() {
    let house = House::open();
    house.pass_ms(10);
    for (sequence, ms) in [(1, 5), (2, -5), (3, -1)] {
        house.enqueue(reversal(sequence), house.now().plus_ms(ms));
    }
    assert_eq!(house.next(), Some(0));
    let claimed: Vec<_> = house
        .claim_as(NODE, POLICY, 1)
        .into_iter()
        .map(|work| work.id)
        .collect();
    assert_eq!(claimed, [reversal(2)]);
    let claimed: Vec<_> = house
        .claim_as(NODE, POLICY, 9)
        .into_iter()
        .map(|work| work.id)
        .collect();
    assert_eq!(claimed, [reversal(3)]);
    assert_eq!((house.claim(), house.next()), (None, Some(5)));
    house.pass_ms(5);
    assert_eq!(house.claim().unwrap().id, reversal(1));
    assert_eq!(
        house.next(),
        Some(POLICY.claim_ms - 5),
        "when the first claims run out"
    );
}

#[test]
fn who_is_busy_is_left_alone_as_long_as_asked_for_and_at_least_as_long_as_otherwise() {
    const BUSY_MS: i64 = 4 * 60_000;
    let house = House::open();
    for (sequence, wait_min_ms, expected) in [(1, BUSY_MS, BUSY_MS), (2, 1, POLICY.first_wait_ms)] {
        house.enqueue(reversal(sequence), house.now());
        let claimed = house.claim().unwrap();
        house.postpone_for(POLICY, &claimed, wait_min_ms);
        let due = house.work(&claimed.id).unwrap().due.unwrap();
        assert_eq!(due.since_ms(house.now()), expected);
    }
}

#[test]
fn of_many_nodes_that_claim_at_once_each_piece_goes_to_one() {
    const PIECES: i64 = 60;
    let house = House::open();
    for sequence in 0..PIECES {
        house.enqueue(reversal(sequence), START);
    }
    let other = crate::IS_SHARED.then(|| house.another_store());
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let nodes: Vec<_> = (0..4)
            .map(|number| {
                let own = house.store().clone();
                let store = other.clone().filter(|_| number % 2 == 1).unwrap_or(own);
                scope.spawn(move || {
                    let mut claimed = Vec::new();
                    loop {
                        let who = node(&format!("node-{number}"));
                        let some = store
                            .write(move |tx| app::work::claim(tx, Kind::Reversal, &POLICY, &who, 7))
                            .unwrap();
                        if some.is_empty() {
                            return claimed;
                        }
                        claimed.extend(some.into_iter().map(|work| work.id.as_str().to_owned()));
                    }
                })
            })
            .collect();
        for node in nodes {
            all.extend(node.join().unwrap());
        }
    });
    let each: BTreeSet<_> = all.iter().collect();
    assert_eq!((all.len(), each.len()), (PIECES as usize, PIECES as usize));
}

#[test]
fn a_claim_runs_out_and_whoever_had_it_writes_nothing_more() {
    let house = House::open();
    house.enqueue(reversal(1), START);
    let first = house.claim_as("node-a", POLICY, 1).pop().unwrap();
    house.pass_ms(POLICY.claim_ms - 1);
    assert_eq!(house.claim_as("node-b", POLICY, 1), []);
    house.pass_ms(1);
    let second = house.claim_as("node-b", POLICY, 1).pop().unwrap();
    assert_eq!((first.tries, second.tries), (1, 2));
    // The first one comes to itself.
    house.postpone(POLICY, &first);
    let late = first.clone();
    assert!(!house.write(move |tx| app::work::done(tx, &late)));
    assert_eq!(house.work(&reversal(1)), Some(second.clone()));
    assert!(house.write(move |tx| app::work::done(tx, &second)));
    assert_eq!((house.work(&reversal(1)), house.next()), (None, None));
}

#[test]
fn what_a_node_had_before_it_started_anew_is_due_at_once() {
    let house = House::open();
    for sequence in [1, 2] {
        house.enqueue(reversal(sequence), START);
    }
    house.claim_as("node-a", POLICY, 1);
    house.claim_as("node-b", POLICY, 1);
    house.write(|tx| app::work::give_back(tx, "node-a"));
    let claimed = house.claim_as("node-c", POLICY, 9);
    assert_eq!(claimed.len(), 1, "the other node lives");
    assert_eq!(claimed[0].id, reversal(1));
}

#[test]
fn no_wild_clock_hides_work() {
    let house = House::open();
    house.enqueue(reversal(1), START.plus_ms(3_600_000));
    assert_eq!(house.next(), Some(0), "enqueued by a clock that is an hour ahead");
    let who = node("node-b");
    let ahead = Policy {
        claim_ms: 3_600_000,
        ..POLICY
    };
    assert_eq!(
        house
            .write(move |tx| app::work::claim(tx, Kind::Reversal, &ahead, &who, 1))
            .len(),
        1
    );
    assert!(house.claim().is_some(), "claimed by one");
    assert_eq!(house.claim(), None);
    // The end of a hold may be a day away, and no clock is wrong.
    house.enqueue(Id::hold_end(terminal(1), 1), START.plus_ms(24 * 3_600_000));
    let policy = Kind::HoldEnd.policy();
    let next = house.read(|tx| store::work::next(tx, Kind::HoldEnd, &policy));
    assert_eq!(next, Some(START.plus_ms(24 * 3_600_000)));
}

#[test]
fn the_wait_for_the_host_doubles_up_to_a_minute_and_never_ends() {
    let house = House::open();
    house.enqueue(reversal(1), START);
    for wait_ms in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000] {
        let claimed = house.claim().unwrap();
        house.postpone(POLICY, &claimed);
        let work = house.work(&reversal(1)).unwrap();
        assert_eq!((work.state, work.claim.is_none()), (State::Waiting, true));
        assert_eq!(work.due.unwrap().since_ms(house.now()), wait_ms);
        assert_eq!(work.last_error.as_deref(), Some("nobody answered"));
        assert_eq!(house.claim(), None);
        house.pass_ms(wait_ms);
    }
    assert!(house.told(&reversal(1)).is_empty(), "waiting is no event");
}

#[test]
fn after_the_last_try_work_is_dead_until_a_person_has_it_done_again() {
    let house = House::open();
    let policy = Policy {
        tries_max: Some(2),
        ..POLICY
    };
    // No row of the ledger is needed: it is about no reversal.
    let id = Id::hold_end(terminal(1), 7);
    let claim = || {
        let who = node(NODE);
        house
            .write(move |tx| app::work::claim(tx, Kind::HoldEnd, &policy, &who, 1))
            .pop()
    };
    house.enqueue(id.clone(), START);
    for _ in 0..2 {
        let claimed = claim().unwrap();
        house.postpone(policy, &claimed);
        house.pass_ms(policy.longest_wait_ms);
    }
    let dead = house.work(&id).unwrap();
    assert_eq!((dead.state, dead.due, dead.tries), (State::Dead, None, 2));
    assert_eq!(claim(), None);
    assert_eq!(house.read(|tx| store::work::stuck_count(tx, State::Dead)), 1);
    let told = house.told(&id);
    assert_eq!(what(&told[0]), ("dead", actor::Kind::Node, NODE));
    assert_eq!(told[0].text.as_deref(), Some("nobody answered"));

    for (actor, error) in [
        (owner(), "not found"),
        (auditor(), "the role does not allow this"),
    ] {
        assert_eq!(house.retry(&actor, &id).unwrap_err().to_string(), error);
    }
    let again = house.retry(&risk_officer(), &id).unwrap();
    assert_eq!(
        (again.state, again.due, again.tries),
        (State::Waiting, Some(START), 0)
    );
    assert!(matches!(
        house.retry(&risk_officer(), &id),
        Err(Error::WrongState("waiting"))
    ));
    let told = house.told(&id);
    assert_eq!(
        what(&told[1]),
        ("retry", actor::Kind::Person, risk_officer().name())
    );
    assert!(claim().is_some());
}

#[test]
fn what_is_given_up_is_never_done_and_says_who_and_why() {
    let house = House::open();
    house.enqueue(reversal(1), START);
    let claimed = house.claim().unwrap();
    house.postpone(
        Policy {
            tries_max: Some(1),
            ..POLICY
        },
        &claimed,
    );
    assert!(matches!(
        house.give_up(&risk_officer(), &reversal(1), None),
        Err(Error::TextRequired)
    ));
    house
        .give_up(&risk_officer(), &reversal(1), Some("settled by telephone"))
        .unwrap();
    let told = house.told(&reversal(1));
    let last = told.last().unwrap();
    assert_eq!(
        what(last),
        ("give_up", actor::Kind::Person, risk_officer().name())
    );
    assert_eq!(
        (last.text.as_deref(), last.at),
        (Some("settled by telephone"), house.now())
    );
    assert!(!house.enqueue(reversal(1), START), "it stays decided");
    assert_eq!(house.claim(), None);
}

#[test]
fn what_may_have_been_done_and_shows_outside_is_left_to_a_person() {
    let house = House::open();
    let policy = Policy {
        lost: Lost::Ask,
        ..POLICY
    };
    for sequence in [1, 2] {
        house.enqueue(reversal(sequence), START);
    }
    assert_eq!(house.claim_as("node-a", policy, 1)[0].id, reversal(1));
    house.pass_ms(POLICY.claim_ms);
    let claimed: Vec<_> = house
        .claim_as("node-b", policy, 9)
        .into_iter()
        .map(|work| work.id)
        .collect();
    assert_eq!(claimed, [reversal(2)], "what nobody had begun is done");
    assert_eq!(house.work(&reversal(1)).unwrap().state, State::Unknown);
    assert_eq!(
        what(&house.told(&reversal(1))[0]),
        ("lost", actor::Kind::Node, "node-b")
    );
    house
        .give_up(&risk_officer(), &reversal(1), Some("it has arrived"))
        .unwrap();
    assert_eq!(house.read(|tx| store::work::stuck_count(tx, State::Unknown)), 0);
}

#[test]
fn what_the_host_refuses_to_undo_a_person_may_have_sent_again() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let attempt = purchase(id, 1);
    house.approve(&attempt);
    house.reverse(&attempt);
    let sequence = house.owed(id)[0].sequence;
    let work = house.claim().unwrap();
    assert_eq!(work.id, reversal(sequence));
    house.settle_owed(id, sequence, "05");
    let dead = house.work(&work.id).unwrap();
    assert_eq!((dead.state, dead.due), (State::Dead, None));
    assert_eq!(dead.last_error.as_deref(), Some("the host answered 05"));
    assert_eq!(house.told(&work.id)[0].actor, "host");
    // It is not about to be undone: the terminal's totals count it again.
    assert_eq!((house.owed(id).len(), house.claim()), (0, None));

    house.retry(&risk_officer(), &work.id).unwrap();
    let owed = house.owed(id).pop().unwrap();
    assert_eq!(
        (owed.sequence, owed.name, owed.amount),
        (sequence, attempt.name, attempt.amount)
    );
    assert_eq!(
        owed.reversal_sealed.as_deref(),
        Some(SEALED),
        "with what it must carry"
    );
    assert_eq!(
        house.work(&work.id).unwrap().payload,
        None,
        "which is in one place"
    );
    assert_eq!(house.claim().unwrap().id, work.id);
    house.settle_owed(id, sequence, "00");
    let row = house.last(id);
    assert_eq!(
        (row.decision, row.of_sequence),
        (Some(Decision::Reversed), Some(sequence))
    );
    assert_eq!((house.owed(id).len(), house.work(&work.id)), (0, None));
    assert_eq!(code(&house.reverse(&attempt)), "00");
    assert_eq!(house.claim(), None, "what is undone is not owed again");
}

#[test]
fn what_is_given_up_keeps_nothing_of_a_cardholder() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let attempt = purchase(id, 1);
    house.approve(&attempt);
    house.reverse(&attempt);
    let sequence = house.owed(id)[0].sequence;
    house.settle_owed(id, sequence, "05");
    assert_eq!(
        house.work(&reversal(sequence)).unwrap().payload.as_deref(),
        Some(SEALED)
    );
    house
        .give_up(&risk_officer(), &reversal(sequence), Some("refunded by hand"))
        .unwrap();
    assert_eq!(house.work(&reversal(sequence)).unwrap().payload, None);
}

fn ended(house: &House) -> Vec<Event> {
    let mut told = house.events(Subject::Terminal, terminal(1).as_str());
    told.retain(|event| event.verb == "hold_ended");
    told
}

/// Does the work of hold ends that is due; how many there were.
fn end_holds(house: &House) -> usize {
    house.write(|tx| {
        let due = app::work::claim(tx, Kind::HoldEnd, &Kind::HoldEnd.policy(), &node(NODE), 9)?;
        due.iter()
            .try_for_each(|work| app::hold::end(tx, work).map(drop))?;
        Ok(due.len())
    })
}

#[test]
fn a_hold_that_ends_by_its_time_says_so_once_when_the_time_has_come() {
    let house = House::open();
    let until = START.plus_ms(1_000);
    house.place(terminal(1), HoldKind::WrongPasswords, Some(until));
    house.pass_ms(999);
    assert_eq!(end_holds(&house), 0);
    house.pass_ms(1);
    assert!(
        house.standing(terminal(1)).may_transact(),
        "with or without that work"
    );
    assert_eq!((end_holds(&house), end_holds(&house)), (1, 0));
    let told = ended(&house);
    assert_eq!(told.len(), 1);
    assert_eq!(what(&told[0]), ("hold_ended", actor::Kind::Timer, "hold_end"));
    assert_eq!(
        (told[0].at, told[0].text.as_deref()),
        (until, Some("wrong_passwords"))
    );
}

#[test]
fn a_hold_without_an_end_or_released_before_says_nothing() {
    let house = House::open();
    house.place(terminal(1), HoldKind::BankLock, None);
    house.place(terminal(1), HoldKind::CashierLock, Some(START.plus_ms(1_000)));
    assert!(house.lift(terminal(1), HoldKind::CashierLock, Authority::Operator));
    house.pass_ms(1_000);
    assert_eq!(end_holds(&house), 1, "the one that had an end");
    assert!(ended(&house).is_empty());
}

#[test]
fn clean_ups_forget_what_is_over_and_are_due_again() {
    let house = House::open();
    let clean = || {
        house.write(|tx| {
            let due = app::work::claim(tx, Kind::CleanUp, &Kind::CleanUp.policy(), &node(NODE), 20)?;
            due.iter()
                .try_for_each(|work| app::clean_up::run(tx, work).map(drop))?;
            Ok(due.len())
        })
    };
    for _ in 0..2 {
        house.write(app::work::enqueue_recurring);
    }
    house.write(|tx| {
        let owner = domain::account::Account {
            login: "owner".into(),
            name: "Owner".into(),
            role: domain::account::Role::RiskOfficer,
            scope: domain::account::Scope::All,
            custom_role: None,
            proof: domain::account::Proof::default(),
        };
        store::account::insert(tx, &owner, "hash")?;
        let until = |digest: &[u8], ends_at| Session::new(digest, "owner", START, ends_at);
        store::session::insert(tx, &until(b"over", START))?;
        store::session::insert(tx, &until(b"runs", START.plus_ms(2 * CLEAN_UP_EVERY_MS)))?;
        app::node::join(tx, "node-b", &[]).map(drop)
    });
    assert_eq!((clean(), clean()), (CleanUp::ALL.len(), 0));
    let sessions = |limit| house.write(move |tx| store::session::forget(tx, limit));
    assert_eq!(sessions(9), 0, "what was over is gone");
    house.pass_ms(CLEAN_UP_EVERY_MS);
    assert_eq!(clean(), CleanUp::ALL.len());
    house.pass_ms(CLEAN_UP_EVERY_MS);
    assert_eq!(sessions(9), 1, "what ran was kept until its time");
}

#[test]
fn whoever_had_a_claim_before_the_tries_were_counted_anew_writes_nothing() {
    let house = House::open();
    let id = Id::clean_up(CleanUp::Sessions);
    house.enqueue(id.clone(), START);
    let policy = Kind::CleanUp.policy();
    let claim = |name: &'static str| {
        let who = node(name);
        let claimed = house.write(move |tx| app::work::claim(tx, Kind::CleanUp, &policy, &who, 1));
        claimed.into_iter().next().unwrap()
    };
    let again = |claimed: &Work| {
        let (claimed, due) = (claimed.clone(), house.now());
        house.write(move |tx| app::work::again(tx, &claimed, due))
    };
    let frozen = claim("node-a");
    house.pass_ms(policy.claim_ms);
    assert!(again(&claim("node-b")));
    let third = claim("node-b");
    assert_eq!((frozen.tries, third.tries), (1, 1));
    let late = frozen.clone();
    assert!(!again(&frozen) && !house.write(move |tx| app::work::done(tx, &late)));
    assert_eq!(house.work(&id), Some(third));
}
