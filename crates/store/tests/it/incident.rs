//! Lists of incidents, and their events.

use domain::Timestamp;
use domain::account::Scope;
use domain::actor::By;
use domain::event::Subject;
use domain::incident::found::{Inspected, Kind};
use domain::incident::{Closing, Ended, Found, Incident, LossWindow, Manner, Sight, State};
use domain::terminal::Status;
use store::event::{self, New};
use store::incident::Filter;

use crate::fixture::{Kept, merchant_id, shops, terminal, terminal_id};

fn incident(incident_id: &str, number: u32, reported_at: i64) -> Incident {
    let reported_at = Timestamp(reported_at);
    Incident {
        incident_id: incident_id.into(),
        terminal_id: terminal_id(number),
        state: State::Open,
        manner: Manner::Unsure,
        hold_id: 1,
        node: "a".into(),
        reported_at,
        reported_by: "owner".into(),
        suspended_at: reported_at,
        acknowledged_at: None,
        stop_ms: None,
        last_seen_at: None,
        place: None,
        circumstances: None,
        window: LossWindow::of(Sight::default(), None, reported_at),
        stop_request_number: format!("STOP-{incident_id}"),
        found: None,
        attempt_count: 0,
        unproven_attempt_count: 0,
        open_alarm_count: 0,
        playbook: None,
        moments: Default::default(),
        closing: None,
    }
}

/// The same, closed as found.
fn closed(incident: Incident) -> Incident {
    let found = Found {
        kind: Some(Kind::Recovered),
        old_key_check: Some("AAAAAA".into()),
        inspected: Some(Inspected {
            position: 2,
            by: "manager".into(),
            is_passed: true,
            has_new_keys: false,
        }),
        confirmed_by: Some("risk".into()),
        confirmed_at: Some(Timestamp(15)),
        ..Found::said("owner", incident.reported_at, "behind the counter")
    };
    Incident {
        state: State::Closed,
        found: Some(found),
        ..incident
    }
}

/// Five incidents, three of them in one millisecond; the last at another merchant.
fn five() -> Kept {
    let kept = Kept::open();
    kept.write(|tx| {
        shops(tx)?;
        for (number, merchant, shop_id) in [(1, 1, "a"), (2, 1, "b"), (3, 2, "c")] {
            store::terminal::insert(
                tx,
                &terminal(number, merchant, shop_id, "till", Status::Active),
                b"key",
            )?;
        }
        for (incident_id, number, at) in [
            ("A", 1, 10),
            ("B", 2, 20),
            ("C", 1, 20),
            ("D", 2, 20),
            ("E", 3, 30),
        ] {
            store::incident::insert(tx, &incident(incident_id, number, at))?;
        }
        store::incident::update(tx, &closed(incident("A", 1, 10))).map(drop)
    });
    kept
}

fn walked(kept: &Kept, filter: &Filter<'_>, limit: i64) -> String {
    let (mut seen, mut below) = (String::new(), None::<(Timestamp, String)>);
    for _ in 0..6 {
        let from = below.as_ref().map(|(at, id)| (*at, id.as_str()));
        let page = kept.read(|tx| store::incident::list(tx, filter, from, limit));
        let Some(last) = page.last() else { break };
        below = Some((last.reported_at, last.incident_id.clone()));
        seen.extend(page.iter().map(|incident| incident.incident_id.as_str()));
    }
    seen
}

#[test]
fn turning_the_pages_shows_every_incident_once_newest_first() {
    let kept = five();
    let all = Filter {
        scope: &Scope::All,
        search: None,
        state: None,
        terminal_id: None,
    };
    for limit in [1, 2, 3, 5, 9] {
        assert_eq!(walked(&kept, &all, limit), "EDCBA");
    }
}

#[test]
fn a_list_shows_what_the_account_sees_and_the_filter_names() {
    let kept = five();
    let (ours, shop_b) = (
        Scope::Merchant(merchant_id(1)),
        Scope::Shop(merchant_id(1), "b".into()),
    );
    let all = Filter {
        scope: &Scope::All,
        search: None,
        state: None,
        terminal_id: None,
    };
    assert_eq!(
        walked(
            &kept,
            &Filter {
                scope: &ours,
                ..all.clone()
            },
            2
        ),
        "DCBA"
    );
    assert_eq!(
        walked(
            &kept,
            &Filter {
                scope: &shop_b,
                ..all.clone()
            },
            1
        ),
        "DB"
    );
    assert_eq!(
        walked(
            &kept,
            &Filter {
                state: Some(State::Closed),
                ..all.clone()
            },
            2
        ),
        "A"
    );
    assert_eq!(
        walked(
            &kept,
            &Filter {
                terminal_id: Some(terminal_id(1)),
                ..all
            },
            1
        ),
        "CA"
    );
}

#[test]
fn an_incident_is_found_by_a_part_of_what_people_say() {
    let kept = five();
    let found = |part: &str| {
        let filter = Filter {
            scope: &Scope::All,
            search: Some(part),
            state: None,
            terminal_id: None,
        };
        walked(&kept, &filter, 9)
    };
    assert_eq!(found("a"), found("A"), "small and capital letters are alike");
    assert_eq!(found(&terminal_id(1).to_string()), "CA");
    assert_eq!(found("%"), "", "a sign of the pattern is a letter like others");
    assert_eq!(found("nothing of this"), "");
}

#[test]
fn an_incident_comes_back_as_it_was_written() {
    let kept = five();
    let a = closed(incident("A", 1, 10));
    assert_eq!(kept.read(|tx| store::incident::get(tx, "A")), Some(a));
    let c = incident("C", 1, 20);
    assert_eq!(
        kept.read(|tx| store::incident::unclosed(tx, terminal_id(1))),
        Some(c)
    );
    kept.write(|tx| {
        let attempts = |count, unproven_count| store::alarm::Attempts {
            at: Timestamp(0),
            count,
            unproven_count,
        };
        store::incident::count_attempts(tx, "C", attempts(1, 0), true)?;
        store::incident::count_attempts(tx, "C", attempts(5, 4), false)
    });
    let c = kept.read(|tx| store::incident::get(tx, "C")).unwrap();
    assert_eq!(
        (c.attempt_count, c.unproven_attempt_count, c.open_alarm_count),
        (6, 4, 1)
    );
}

#[test]
fn what_people_said_is_taken_out_of_what_was_closed_long_enough() {
    let kept = five();
    let said = |incident: Incident| Incident {
        place: Some("behind the counter".into()),
        circumstances: Some("it rained".into()),
        ..incident
    };
    let closing = Closing {
        ended: Ended::Found,
        by: "risk".into(),
        at: Timestamp(15),
        statement: Some("all is well".into()),
    };
    let a = Incident {
        closing: Some(closing.clone()),
        ..said(closed(incident("A", 1, 10)))
    };
    let c = said(incident("C", 1, 20));
    let (written, open) = (a.clone(), c.clone());
    kept.write(move |tx| {
        store::incident::update(tx, &written)?;
        store::incident::update(tx, &open).map(drop)
    });
    let erase = |before: i64| kept.write(move |tx| store::incident::erase(tx, Timestamp(before), 9));
    assert_eq!((erase(14), erase(15), erase(15)), (0, 1, 0), "closed at 15");
    let found = a.found.clone().map(|found| Found {
        statement: String::new(),
        ..found
    });
    let erased = Incident {
        place: None,
        circumstances: None,
        found,
        closing: Some(Closing {
            statement: Some(String::new()),
            ..closing
        }),
        ..a
    };
    assert_eq!(kept.read(|tx| store::incident::get(tx, "A")), Some(erased));
    assert_eq!(kept.read(|tx| store::incident::get(tx, "C")), Some(c));
}

#[test]
fn reports_to_acknowledge_come_in_the_order_in_which_terminals_are_locked() {
    let kept = five();
    kept.write(|tx| {
        let acknowledged = Incident {
            acknowledged_at: Some(Timestamp(21)),
            ..incident("C", 1, 20)
        };
        store::incident::update(tx, &acknowledged).map(drop)
    });
    let left = kept.read(store::incident::unacknowledged);
    let left: Vec<_> = left.iter().map(|incident| incident.terminal_id).collect();
    assert_eq!(left, [1, 2, 2, 3].map(terminal_id));
}

#[test]
fn events_have_no_gaps_and_continue_where_the_reader_stopped() {
    let kept = five();
    let sequences: Vec<i64> = (0..7)
        .map(|n| {
            let subject_id = if n % 3 == 0 { "B" } else { "A" };
            let new = New {
                subject: Subject::Incident,
                subject_id,
                at: Timestamp(n),
                verb: "alarm",
                by: By::node("node-1"),
                text: None,
                ledger_sequence: None,
            };
            kept.write(move |tx| event::append(tx, new))
        })
        .collect();
    assert_eq!(sequences, [1, 1, 2, 2, 3, 4, 3]);
    let after = |subject, sequence, limit| {
        let events = kept.read(|tx| event::after(tx, subject, "A", sequence, limit));
        events.into_iter().map(|event| event.sequence).collect::<Vec<_>>()
    };
    assert_eq!(after(Subject::Incident, 0, 10), [1, 2, 3, 4]);
    assert_eq!(after(Subject::Incident, 1, 2), [2, 3]);
    assert_eq!(after(Subject::Incident, 4, 10), [0_i64; 0]);
    assert_eq!(after(Subject::Contact, 0, 10), [0_i64; 0]);
}
