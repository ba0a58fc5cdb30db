//! Holds, and the requests and reversals that wait beside them.

use domain::hold::{Authority, Kind, Release, Standing};
use domain::transaction::{BatchTrace, Kind as RequestKind};
use domain::{TerminalId, Timestamp};
use proptest::prelude::*;
use store::pending::{self, Pending};

use crate::fixture::{Kept, few, hold};

pub fn intent(terminal_id: TerminalId, sequence: i64, requested_at: i64) -> Pending {
    Pending {
        terminal_id,
        sequence,
        node: "a".into(),
        kind: RequestKind::Purchase,
        name: BatchTrace {
            batch: 1,
            trace: sequence as u32,
        },
        amount: None,
        card: None,
        entry_mode: None,
        operator: None,
        requested_at: Timestamp(requested_at),
        of_sequence: None,
        undo_asked: false,
        reversal_sealed: None,
    }
}

#[test]
fn a_hold_stands_until_its_end_and_not_at_it() {
    let kept = Kept::open();
    let id = kept.fresh();
    kept.write(move |tx| store::hold::insert(tx, id, &hold(1, Kind::WrongPasswords, Some(500))));
    for (now, stands) in [(0, true), (499, true), (500, false), (501, false)] {
        let now = Timestamp(now);
        let (standing, found) = kept.read(|tx| {
            Ok((
                store::hold::standing(tx, id, now)?,
                store::hold::find(tx, id, Kind::WrongPasswords, now)?,
            ))
        });
        assert_eq!(
            (standing.has(Kind::WrongPasswords), found.is_some()),
            (stands, stands),
            "{now:?}"
        );
        assert_eq!(standing.may_transact(), !stands);
    }
}

#[test]
fn what_stands_in_the_store_is_what_stands_by_the_rules() {
    let kept = Kept::open();
    let one = (
        proptest::sample::select(&Kind::ALL[..]),
        proptest::option::of(0_i64..40),
        any::<bool>(),
    );
    proptest!(few(), |(made in proptest::collection::vec(one, 0..12))| {
        let id = kept.fresh();
        let placed = made.clone();
        kept.write(move |tx| {
            for (hold_id, (kind, until, released)) in (1..).zip(placed) {
                store::hold::insert(tx, id, &hold(hold_id, kind, until))?;
                if released {
                    let release = Release {
                        at: Timestamp(5),
                        by: "test".into(),
                        authority: Authority::Operator,
                        ground: String::new(),
                    };
                    store::hold::release(tx, id, hold_id, &release)?;
                }
            }
            Ok(())
        });
        let holds = kept.read(|tx| store::hold::list(tx, id, 100));
        prop_assert_eq!(holds.len(), made.len());
        for now in (0..42).map(Timestamp) {
            let standing = kept.read(|tx| store::hold::standing(tx, id, now));
            prop_assert_eq!(standing, Standing::of(&holds, now));
            for kind in Kind::ALL {
                let newest = holds.iter().find(|hold| hold.kind == kind && hold.stands(now));
                let found = kept.read(|tx| store::hold::find(tx, id, kind, now));
                prop_assert_eq!(found.as_ref(), newest);
            }
        }
    });
}

#[test]
fn a_release_is_written_once() {
    let kept = Kept::open();
    let id = kept.fresh();
    let release = |by: &str| Release {
        at: Timestamp(5),
        by: by.into(),
        authority: Authority::Engineer,
        ground: "tested".into(),
    };
    let (first, second) = (release("first"), release("second"));
    kept.write(move |tx| {
        store::hold::insert(tx, id, &hold(1, Kind::Fault, None))?;
        store::hold::release(tx, id, 1, &first)?;
        store::hold::release(tx, id, 1, &second)
    });
    let holds = kept.read(|tx| store::hold::list(tx, id, 10));
    assert_eq!(holds[0].release, Some(release("first")));
}

#[test]
fn an_intent_is_taken_once_and_left_by_its_own_node_before_a_time() {
    let kept = Kept::open();
    let id = kept.fresh();
    kept.write(move |tx| {
        for (sequence, at) in [(1, 99), (2, 100), (3, 101)] {
            pending::insert(tx, &intent(id, sequence, at))?;
        }
        pending::insert(
            tx,
            &Pending {
                node: "b".into(),
                ..intent(id, 4, 1)
            },
        )?;
        pending::ask_undo(tx, id, 2)
    });
    let left = kept.read(|tx| pending::left_by(tx, "a", Timestamp(100), 10));
    assert_eq!(left, [intent(id, 1, 99)]);
    assert_eq!(
        kept.read(|tx| pending::left_by(tx, "a", Timestamp(999), 2)).len(),
        2,
        "at most that many"
    );
    let taken = kept.write(move |tx| pending::take(tx, id, 2));
    assert_eq!(
        taken,
        Some(Pending {
            undo_asked: true,
            ..intent(id, 2, 100)
        })
    );
    assert_eq!(kept.write(move |tx| pending::take(tx, id, 2)), None);
    assert_eq!(kept.read(|tx| pending::of_terminal(tx, id)).len(), 3);
}

#[test]
fn an_older_contact_does_not_replace_a_newer() {
    let kept = Kept::open();
    let id = kept.fresh();
    for (at, peer, last) in [(10, "x", 10), (30, "y", 30), (20, "z", 30)] {
        kept.write(move |tx| store::heard::put(tx, id, Timestamp(at), peer));
        let (found, _) = kept.read(|tx| store::heard::get(tx, id)).unwrap();
        assert_eq!(found, Timestamp(last));
    }
}
