//! Lists of incidents, and their timelines.

use domain::Timestamp;
use domain::account::Scope;
use domain::incident::{LossWindow, Manner, State};
use domain::terminal::Status;
use store::incident::{Filter, Incident};
use store::timeline::{self, Item, Kind};

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
        last_seen_at: None,
        place: None,
        circumstances: None,
        window: LossWindow::of(None, None, reported_at),
        stop_request_number: format!("STOP-{incident_id}"),
        found: None,
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
        store::incident::confirm_found(tx, "A", "risk", Timestamp(15))
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
fn an_incident_comes_back_as_it_was_written_and_is_acknowledged_once() {
    let kept = five();
    assert_eq!(
        kept.read(|tx| store::incident::get(tx, "C")),
        Some(incident("C", 1, 20))
    );
    kept.write(|tx| {
        store::incident::acknowledge(tx, "C", Timestamp(21))?;
        store::incident::acknowledge(tx, "C", Timestamp(99))
    });
    let found = kept.read(|tx| store::incident::get(tx, "C")).unwrap();
    assert_eq!(found.acknowledged_at, Some(Timestamp(21)));
    assert_eq!(kept.read(store::incident::unacknowledged).len(), 4);
    assert_eq!(
        kept.read(|tx| store::incident::unclosed(tx, terminal_id(1))),
        Some(found)
    );
}

#[test]
fn a_timeline_has_no_gaps_and_continues_where_the_reader_stopped() {
    let kept = five();
    let sequences: Vec<i64> = (0..7)
        .map(|n| {
            let incident_id = if n % 3 == 0 { "B" } else { "A" };
            let item = Item {
                sequence: 99,
                at: Timestamp(n),
                kind: Kind::Alarm,
                ledger_sequence: None,
                by: None,
                text: None,
            };
            kept.write(move |tx| timeline::append(tx, incident_id, &item))
        })
        .collect();
    assert_eq!(sequences, [1, 1, 2, 2, 3, 4, 3]);
    let after = |sequence, limit| {
        let items = kept.read(|tx| timeline::after(tx, "A", sequence, limit));
        items.into_iter().map(|item| item.sequence).collect::<Vec<_>>()
    };
    assert_eq!(after(0, 10), [1, 2, 3, 4]);
    assert_eq!(after(1, 2), [2, 3]);
    assert_eq!(after(4, 10), [0_i64; 0]);
}
