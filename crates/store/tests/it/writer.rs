//! The writer: order, isolation, and that what was answered is there.

use std::sync::mpsc::channel;

use domain::Timestamp;
use domain::terminal::Status;
use domain::transaction::{Decision, Kind};
use store::ledger::Filter;
use store::{Error, Tx, Want};

use crate::fixture::{Kept, row, shops, terminal, terminal_id};

fn appended(sequence: i64) -> impl FnOnce(&Tx<'_>) -> Result<(), Error> {
    let row = row(sequence, 1, Kind::Purchase, Some(Decision::Approved));
    move |tx| store::ledger::append(tx, &row)
}

#[test]
fn answers_come_in_the_order_of_the_work_and_after_it_is_readable() {
    let kept = Kept::open();
    let (send, receive) = channel();
    for sequence in 0..2_000 {
        let send = send.clone();
        kept.store.submit(appended(sequence), move |result| {
            send.send((sequence, result.is_ok())).unwrap()
        });
    }
    for expected in 0..2_000 {
        let (sequence, is_ok) = receive.recv().unwrap();
        // Several writers of a shared store answer as they come.
        assert!(is_ok && (sequence == expected || crate::IS_SHARED), "{sequence}");
        if sequence % 97 == 0 {
            assert!(
                kept.read(|tx| store::ledger::get(tx, terminal_id(0), sequence))
                    .is_some()
            );
        }
    }
}

#[test]
fn work_in_one_commit_sees_what_came_before_it_and_nothing_undone() {
    let kept = Kept::open();
    kept.write(|tx| {
        shops(tx)?;
        store::terminal::insert(tx, &terminal(0, 1, "a", "till", Status::Active), b"key")
    });
    // While these wait, as many as there are writers, the others gather behind them for one commit.
    let mut open = Vec::new();
    for _ in 0..3 {
        let (go, wait) = channel::<()>();
        open.push(go);
        let (begun, begins) = channel();
        let work = move |_: &Tx<'_>| {
            begun.send(()).map_err(|_| Error::Stopped)?;
            wait.recv().map_err(|_| Error::Stopped)
        };
        kept.store.submit(work, |result| result.unwrap());
        if crate::IS_SHARED || open.len() == 1 {
            begins.recv().unwrap();
        } else {
            std::mem::forget(begins);
        }
    }
    let (send, heard) = channel();
    let want = Want::of(terminal_id(0));
    let also = |tx: &Tx<'_>, sequence: i64| {
        // Not among the rows that are gathered: a statement, and so a savepoint.
        store::heard::put(tx, terminal_id(0), Timestamp(sequence), "peer")
    };
    for (sequence, speaks, fails) in [
        (1, false, false),
        (2, false, true),
        (3, true, true),
        (4, true, false),
        (5, false, false),
    ] {
        let send = send.clone();
        let work = move |tx: &Tx<'_>| {
            appended(sequence)(tx)?;
            if speaks {
                also(tx, sequence)?;
            }
            if fails {
                Err(Error::Corrupt("planted"))
            } else {
                Ok(())
            }
        };
        kept.store.submit_for(want, work, |_| {});
        let seen = move |tx: &Tx<'_>| Ok::<_, Error>(store::ledger::next_place(tx, terminal_id(0))?.sequence);
        kept.store
            .submit_for(want, seen, move |next| send.send(next.unwrap()).unwrap());
    }
    for go in open {
        go.send(()).unwrap();
    }
    let next: Vec<i64> = heard.iter().take(5).collect();
    assert_eq!(next, [2, 2, 2, 5, 6]);
    let kept_rows = kept.read(|tx| store::ledger::page(tx, terminal_id(0), Filter::default(), None, 10));
    let kept_rows: Vec<i64> = kept_rows.iter().map(|row| row.sequence).collect();
    assert_eq!(kept_rows, [5, 4, 1]);
    let contact = kept.read(|tx| store::heard::get(tx, terminal_id(0))).unwrap();
    assert_eq!(contact.0, Timestamp(4));
}

#[test]
fn many_threads_lose_nothing() {
    let kept = Kept::open();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &kept.store;
            scope.spawn(move || {
                for n in 0..50 {
                    store.write(appended(thread * 50 + n)).unwrap();
                }
            });
        }
    });
    let count = kept.read(|tx| store::ledger::approvals_after(tx, terminal_id(0), -1, None));
    assert_eq!(count, 400);
}

#[test]
fn a_read_is_one_snapshot() {
    let kept = Kept::open();
    let (before, after) = kept.read(|tx| {
        let before = store::ledger::next_place(tx, terminal_id(0))?.sequence;
        kept.write(appended(5));
        Ok((before, store::ledger::next_place(tx, terminal_id(0))?.sequence))
    });
    assert_eq!((before, after), (1, 1));
    assert_eq!(
        kept.read(|tx| store::ledger::next_place(tx, terminal_id(0)))
            .sequence,
        6
    );
}

#[test]
fn the_last_hand_on_a_store_may_be_the_writers_own() {
    let dir = std::env::temp_dir().join(format!("tillguard-store-it-{}-own", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let store = store::Store::open(&dir.join("store.db"), std::sync::Arc::new(|| Timestamp(1))).unwrap();
    let (open, wait) = channel::<()>();
    let (send, heard) = channel();
    let own = store.clone();
    let second = send.clone();
    store.submit(
        move |_| wait.recv().map_err(|_| Error::Stopped),
        move |result| {
            drop(own);
            send.send(result.is_ok()).unwrap();
        },
    );
    store.submit(appended(1), move |result| second.send(result.is_ok()).unwrap());
    drop(store);
    open.send(()).unwrap();
    let heard: Vec<bool> = heard.iter().collect();
    assert_eq!(heard, [true, true]);
    let _ = std::fs::remove_dir_all(&dir);
}
