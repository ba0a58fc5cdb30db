//! The ledger against plain models of it.

use std::collections::BTreeMap;

use domain::money::{Currency, Sums};
use domain::transaction::{BatchTrace, Decision, Entry, Kind, LedgerRow, Side};
use domain::{Money, Timestamp};
use proptest::prelude::*;
use store::ledger::{self, BatchTotals, Bucket, Filter};
use store::owed_reversal::OwedReversal;

use crate::fixture::{Kept, fen, few, row, terminal_id};

/// Rows whose sequences have gaps and whose times stand still now and then.
fn rows() -> impl Strategy<Value = Vec<LedgerRow>> {
    let decisions = proptest::option::weighted(0.9, proptest::sample::select(&Decision::ALL[1..]));
    let one = (
        1_i64..4,
        0_i64..3,
        proptest::sample::select(&Kind::ALL[..8]),
        decisions,
        0_i64..500,
    );
    let name = (1_u32..3, 1_u32..5, any::<bool>(), any::<bool>());
    proptest::collection::vec((one, name), 0..40).prop_map(|made| {
        let (mut sequence, mut at) = (0, 100);
        let mut rows = Vec::new();
        for ((gap, later, kind, decision, minor), (batch, trace, never_given, in_dollars)) in made {
            sequence += gap;
            at += later;
            rows.push(LedgerRow {
                batch_trace: Some(BatchTrace { batch, trace }),
                amount: match in_dollars {
                    true => Money::new(minor, Currency(840)).ok(),
                    false => fen(minor),
                },
                reason: never_given.then(|| "never_given".into()),
                ..row(sequence, at, kind, decision)
            });
        }
        rows
    })
}

fn sequences(rows: &[LedgerRow]) -> Vec<i64> {
    rows.iter().map(|row| row.sequence).collect()
}

#[test]
fn halving_finds_what_a_walk_finds() {
    let kept = Kept::open();
    proptest!(few(), |(rows in rows())| {
        let id = kept.ledger(&rows);
        for at in 98..=100 + 3 * 40 {
            let at = Timestamp(at);
            let to = at.plus_ms(7);
            let (low, high) = kept.read(|tx| ledger::within(tx, id, (at, to)));
            for row in &rows {
                let is_within = row.at >= at && row.at < to;
                prop_assert_eq!((low..high).contains(&row.sequence), is_within, "{:?} {}", at, row.sequence);
            }
        }
    });
}

#[test]
fn a_page_is_what_a_filter_of_all_rows_gives() {
    let kept = Kept::open();
    let time = || proptest::option::of((95_i64..180).prop_map(Timestamp));
    let decision = proptest::option::of(proptest::sample::select(&Decision::ALL[1..]));
    let below = proptest::option::of(0_i64..120);
    proptest!(few(), |(rows in rows(), from in time(), to in time(), decision in decision, below in below, limit in 0_i64..50)| {
        let id = kept.ledger(&rows);
        let wanted = rows.iter().rev().filter(|row| {
            row.decision.is_some()
                && decision.is_none_or(|decision| row.decision == Some(decision))
                && from.is_none_or(|from| row.at >= from)
                && to.is_none_or(|to| row.at < to)
                && below.is_none_or(|below| row.sequence < below)
        });
        let wanted: Vec<i64> = wanted.take(limit as usize).map(|row| row.sequence).collect();
        let page = kept.read(|tx| ledger::page(tx, id, Filter { from, to, decision }, below, limit));
        prop_assert_eq!(sequences(&page), wanted);
    });
}

#[test]
fn turning_the_pages_shows_every_row_once() {
    let kept = Kept::open();
    let rows: Vec<LedgerRow> = (1..=23)
        .map(|n| row(n * 3, 100, Kind::Purchase, Some(Decision::Approved)))
        .collect();
    let id = kept.ledger(&rows);
    let (mut seen, mut below) = (Vec::new(), None);
    for _ in 0..10 {
        let page = kept.read(|tx| ledger::page(tx, id, Filter::default(), below, 5));
        let Some(last) = page.last() else { break };
        below = Some(last.sequence);
        seen.extend(sequences(&page));
    }
    seen.reverse();
    assert_eq!(seen, sequences(&rows));
}

#[test]
fn a_row_comes_back_as_it_was_written_and_no_other_takes_its_place() {
    let kept = Kept::open();
    let written = row(7, 100, Kind::Refund, Some(Decision::Recorded));
    let id = kept.ledger(std::slice::from_ref(&written));
    let written = LedgerRow {
        terminal_id: id,
        ..written
    };
    assert_eq!(kept.read(|tx| ledger::get(tx, id, 7)), Some(written.clone()));
    assert_eq!(kept.read(|tx| ledger::get(tx, id, 8)), None);
    let again = written.clone();
    let refused = kept.store.write(move |tx| ledger::append(tx, &again));
    assert!(matches!(refused, Err(store::Error::Conflict(_))));
    let name = written.batch_trace.unwrap();
    assert_eq!(kept.read(|tx| ledger::by_name(tx, id, name)), [written]);
}

#[test]
fn the_sales_of_a_window_are_summed_and_all_its_amounts_counted() {
    let kept = Kept::open();
    proptest!(few(), |(rows in rows(), from in 95_i64..160, long in 0_i64..60)| {
        let id = kept.ledger(&rows);
        let (from, to) = (Timestamp(from), Timestamp(from + long));
        let (mut count, mut sums) = (0, Sums::default());
        for row in rows.iter().filter(|row| row.at > from && row.at < to) {
            if matches!(row.decision, Some(Decision::Approved | Decision::Declined | Decision::Recorded)) {
                count += 1;
            }
            match (row.decision, taken(row)) {
                (Some(Decision::Approved), Some((currency, minor))) if minor > 0 => sums.add(currency, minor),
                _ => {}
            }
        }
        let (found_count, found) = kept.read(|tx| ledger::in_window(tx, id, from, to));
        let nonzero = |sums: &Sums| sums.iter().filter(|(_, minor)| *minor != 0).collect::<Vec<_>>();
        prop_assert_eq!((found_count, nonzero(&found)), (count, nonzero(&sums)));
    });
}

/// One of money, and what its approval adds.
fn taken(row: &LedgerRow) -> Option<(Currency, i64)> {
    let Entry::Request(kind) = row.entry else {
        return None;
    };
    let Money { minor, currency } = row.amount?;
    Some(match kind.side()? {
        Side::Debit => (currency, minor),
        Side::Credit => (currency, -minor),
    })
}

#[test]
fn takings_are_what_was_approved_less_what_went_back() {
    let kept = Kept::open();
    proptest!(few(), |(rows in rows(), from in 95_i64..160, long in 0_i64..60)| {
        let id = kept.ledger(&rows);
        let (from, to) = (Timestamp(from), Timestamp(from + long));
        let (mut count, mut sums) = (0, Sums::default());
        for row in rows.iter().filter(|row| row.at >= from && row.at < to) {
            // The host undoes no refund.
            let reversible = row.entry != Entry::Request(Kind::Refund);
            match (row.decision, taken(row)) {
                (Some(Decision::Approved), Some((currency, taken))) => {
                    count += 1;
                    sums.add(currency, taken);
                }
                (Some(Decision::Reversed), Some((currency, taken))) if reversible && row.reason.is_none() => {
                    sums.add(currency, -taken);
                }
                _ => {}
            }
        }
        prop_assert_eq!(kept.read(|tx| ledger::takings(tx, id, from, to)), (count, sums));
    });
}

fn owed(row: &LedgerRow) -> OwedReversal {
    OwedReversal {
        terminal_id: row.terminal_id,
        sequence: row.sequence,
        name: row.batch_trace.unwrap(),
        kind: Kind::Purchase,
        amount: row.amount,
        card: None,
        reason_code: "98".into(),
        cause: "terminal".into(),
        owed_since: row.at,
        reversal_sealed: None,
    }
}

#[test]
fn a_batch_totals_what_is_approved_and_neither_undone_nor_about_to_be() {
    let kept = Kept::open();
    proptest!(few(), |(rows in rows(), owed_every in 2_usize..6)| {
        let id = kept.ledger(&rows);
        let is_owed = |nth: usize| nth.is_multiple_of(owed_every);
        let debts: Vec<_> = (0..).zip(&rows).filter(|(nth, _)| is_owed(*nth))
            .map(|(_, row)| OwedReversal { terminal_id: id, ..owed(row) }).collect();
        kept.write(move |tx| debts.iter().try_for_each(|owed| store::owed_reversal::insert(tx, owed)));
        for batch in 1..3 {
            let mut all = BTreeMap::<Currency, BatchTotals>::new();
            for (nth, row) in rows.iter().enumerate() {
                let undone = rows.iter().any(|other| {
                    other.decision == Some(Decision::Reversed) && other.batch_trace == row.batch_trace
                });
                let counts = row.decision == Some(Decision::Approved) && !undone && !is_owed(nth);
                let (Some((currency, taken)), true) = (taken(row), counts && row.batch_trace.unwrap().batch == batch) else {
                    continue;
                };
                let Entry::Request(kind) = row.entry else { continue };
                let wanted = all.entry(currency).or_default();
                if kind.side() == Some(Side::Debit) {
                    wanted.debit_count += 1;
                    wanted.debit_minor += taken;
                } else {
                    wanted.credit_count += 1;
                    wanted.credit_minor -= taken;
                }
            }
            prop_assert_eq!(kept.read(|tx| ledger::batch_totals(tx, id, batch)), all);
        }
    });
}

#[test]
fn activity_counts_each_row_in_its_span() {
    let kept = Kept::open();
    proptest!(few(), |(rows in rows(), bucket_ms in 1_i64..20)| {
        let id = kept.ledger(&rows);
        let (from, to) = (Timestamp(102), Timestamp(150));
        let found = kept.read(|tx| ledger::activity(tx, id, (from, to), bucket_ms));
        let mut wanted: Vec<Bucket> = Vec::new();
        for row in rows.iter().filter(|row| row.at >= from && row.at < to && row.decision.is_some()) {
            let at = from.plus_ms(row.at.since_ms(from) / bucket_ms * bucket_ms);
            if wanted.last().is_none_or(|last| last.at != at) {
                wanted.push(Bucket { at, approved_count: 0, approved: Sums::default(), refused_count: 0 });
            }
            let last = wanted.last_mut().unwrap();
            match row.decision {
                Some(Decision::Approved) => {
                    last.approved_count += 1;
                    let Money { minor, currency } = row.amount.unwrap();
                    last.approved.add(currency, minor);
                }
                Some(Decision::Declined | Decision::Recorded) => last.refused_count += 1,
                _ => {}
            }
        }
        prop_assert_eq!(found, wanted);
    });
}

#[test]
fn the_next_place_is_after_every_row_and_every_intent_and_never_earlier() {
    let kept = Kept::open();
    let empty = kept.fresh();
    let place = kept.read(|tx| ledger::next_place(tx, empty));
    assert_eq!((place.sequence, place.at, place.last_at), (1, kept.now(), None));
    for (last_at, at) in [(900, 1_000), (1_000, 1_000), (5_000, 5_000)] {
        let id = kept.ledger(&[row(4, last_at, Kind::Purchase, Some(Decision::Approved))]);
        let place = kept.read(|tx| ledger::next_place(tx, id));
        assert_eq!((place.sequence, place.at), (5, Timestamp(at)));
        kept.write(move |tx| store::pending::insert(tx, &crate::hold::intent(id, 8, 0)));
        assert_eq!(kept.read(|tx| ledger::next_place(tx, id)).sequence, 9);
    }
}

#[test]
fn the_last_approval_is_at_or_before_the_time_asked_for() {
    let kept = Kept::open();
    let approved = |sequence, at| row(sequence, at, Kind::Purchase, Some(Decision::Approved));
    let declined = row(3, 20, Kind::Purchase, Some(Decision::Declined));
    let id = kept.ledger(&[approved(1, 10), approved(2, 20), declined, approved(4, 30)]);
    for (at, last) in [
        (9, None),
        (10, Some(1)),
        (19, Some(1)),
        (20, Some(2)),
        (29, Some(2)),
        (i64::MAX, Some(4)),
    ] {
        let found = kept.read(|tx| ledger::last_approval(tx, id, Timestamp(at)));
        assert_eq!(found.map(|row| row.sequence), last, "{at}");
    }
}

#[test]
fn approvals_after_a_place_are_counted_strictly_between() {
    let kept = Kept::open();
    let approved = |sequence| row(sequence, 10, Kind::Purchase, Some(Decision::Approved));
    let id = kept.ledger(&[
        approved(1),
        approved(2),
        row(3, 10, Kind::Void, Some(Decision::Declined)),
        approved(4),
    ]);
    for (after, until, count) in [
        (0, None, 3),
        (1, None, 2),
        (2, Some(4), 0),
        (1, Some(4), 1),
        (4, None, 0),
    ] {
        assert_eq!(
            kept.read(|tx| ledger::approvals_after(tx, id, after, until)),
            count
        );
    }
    assert_eq!(
        kept.read(|tx| ledger::approvals_after(tx, terminal_id(0), 0, None)),
        0
    );
}
