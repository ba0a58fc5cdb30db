//! The trail of money, case by case.

use super::*;
use crate::mark::Verdict;
use crate::money::Currency;
use crate::statement::{Certainty, Direction};

const CNY: Currency = Currency::CNY;

fn fact(state: State, at: i64) -> Fact {
    Fact {
        state,
        at: Some(Timestamp(at)),
        by: Source::Ledger(at),
        to: None,
    }
}

fn back(minor: i64, at: i64, to: &str) -> Back {
    Back {
        id: None,
        minor,
        fact: Fact {
            to: Some(To::Card(to.into())),
            ..fact(State::Refunded, at)
        },
    }
}

#[test]
fn what_is_furthest_on_counts_and_nothing_is_made_up() {
    use State::{
        Authorised, BatchClosed, ChargedBack, Declined, InBatch, PaidOut, Refunded, Reversed, Settled,
        Unknown,
    };
    for (told, backs, wanted) in [
        (&[][..], &[][..], (Unknown, None)),
        (&[Authorised], &[], (Authorised, Some(0))),
        (&[Authorised, InBatch, BatchClosed], &[], (BatchClosed, Some(2))),
        // A file that says more than the gate's own batch, whichever comes first.
        (&[Settled, InBatch], &[], (Settled, Some(0))),
        (&[InBatch, PaidOut, Settled], &[], (PaidOut, Some(1))),
        (&[Settled, Reversed], &[], (Reversed, Some(1))),
        (&[Settled, Reversed, ChargedBack], &[], (ChargedBack, Some(2))),
        (&[Declined], &[], (Declined, Some(0))),
        // Of two that say the same, the first.
        (&[Settled, Settled], &[], (Settled, Some(0))),
        // A part went back; then all of it, by the last refund.
        (&[Settled], &[(400, 7)], (Settled, Some(0))),
        (&[Settled], &[(600, 9), (400, 7)], (Refunded, Some(9))),
        (&[], &[(1_000, 7)], (Refunded, Some(7))),
        (&[Settled, ChargedBack], &[(1_000, 7)], (ChargedBack, Some(1))),
    ] {
        let facts = told.iter().zip(0..).map(|(state, at)| fact(*state, at));
        let backs = backs.iter().map(|(minor, at)| back(*minor, *at, "****1234"));
        let trail = conclude(1_000, facts.collect(), backs.collect());
        let at = trail.fact.as_ref().and_then(|fact| fact.at).map(|at| at.0);
        assert_eq!((trail.state, at), wanted, "{told:?}");
    }
}

#[test]
fn a_batch_is_over_when_the_terminal_proves_another_one() {
    let trade = |sequence, batch| Step {
        sequence,
        at: Timestamp(sequence),
        batch: Some(batch),
        agreed: None,
    };
    let note = |sequence, agreed| Step {
        sequence,
        at: Timestamp(sequence),
        batch: None,
        agreed: Some(agreed),
    };
    let over = |sequence, agreed| Closed {
        sequence,
        at: Timestamp(sequence),
        agreed,
    };
    for (steps, last, wanted) in [
        (vec![trade(1, 7), trade(2, 7)], None, vec![]),
        // A note alone ends nothing: anybody may have sent it.
        (vec![trade(1, 7), note(2, true)], None, vec![]),
        (
            vec![trade(1, 7), note(2, true), trade(3, 8)],
            None,
            vec![(7, over(2, Some(true)))],
        ),
        (
            vec![trade(1, 7), note(2, false), note(3, false), trade(4, 8)],
            None,
            vec![(7, over(3, Some(false)))],
        ),
        // It went on: the note was not its own.
        (
            vec![trade(1, 7), note(2, true), trade(3, 7), trade(4, 8)],
            None,
            vec![(7, over(4, None))],
        ),
        // Numbers begin anew.
        (
            vec![trade(1, 999_999), note(2, true), trade(3, 1)],
            None,
            vec![(999_999, over(2, Some(true)))],
        ),
        (
            vec![trade(1, 7), note(2, true)],
            Some((7, over(2, Some(true)))),
            vec![(7, over(2, Some(true)))],
        ),
    ] {
        let found = closed(steps.clone(), last);
        assert_eq!(found, wanted.into_iter().collect(), "{steps:?}");
    }
}

/// A sale of ten yuan.
fn like<'a>(key: Option<&'a str>, order: Option<&'a str>, at_s: i64, has_fate: bool) -> Likeness<'a> {
    Likeness {
        key,
        order,
        at: Timestamp(at_s * 1_000),
        certainty: Certainty::Second,
        direction: Direction::Sale,
        minor: 1_000,
        currency: CNY,
        method: None,
        is_card: false,
        has_fate,
    }
}

/// Of each payment: the rows, and how many others fit.
fn found(payments: &[Likeness<'_>], rows: &[Likeness<'_>]) -> Vec<(Vec<usize>, usize)> {
    let all = matched(payments, rows).into_iter();
    all.map(|it| (it.rows, it.fitting)).collect()
}

#[test]
fn rows_are_found_by_key_then_by_order_then_by_amount_and_time_and_only_if_there_is_one() {
    let ours = |at_s| like(None, None, at_s, true);
    // Its own row in a trade bill, and the line of the fund bill with the same key.
    let rows = [
        like(Some("a"), None, 0, false),
        like(Some("a"), None, 9_000, true),
    ];
    assert_eq!(found(&[like(Some("a"), None, 0, true)], &rows), [(vec![0, 1], 0)]);
    // Another key, and the same order, however far apart in time.
    let rows = [
        like(Some("a"), Some("o"), 0, false),
        like(Some("b"), Some("o"), 9_000, true),
    ];
    assert_eq!(
        found(&[like(Some("a"), Some("o"), 0, true)], &rows),
        [(vec![0, 1], 0)]
    );
    // Two of one order and one amount: nobody says which.
    let two = [
        like(Some("a"), Some("o"), 0, true),
        like(Some("c"), Some("o"), 60, true),
    ];
    let fund = [like(Some("b"), Some("o"), 9_000, true)];
    assert_eq!(found(&two, &fund), [(vec![], 1), (vec![], 1)]);
    // By amount and time.
    let row = [like(Some("b"), None, 300, true)];
    assert_eq!(found(&[ours(0)], &row), [(vec![0], 0)]);
    assert_eq!(found(&[ours(-1)], &row), [(vec![], 0)], "later than five minutes");
    assert_eq!(found(&[ours(0), ours(600)], &row), [(vec![], 1), (vec![], 1)]);
    let rows = [like(Some("b"), None, 10, true), like(Some("c"), None, 20, true)];
    assert_eq!(found(&[ours(0)], &rows), [(vec![], 2)]);
    // The same line in two files is one.
    let rows = [like(Some("b"), None, 10, true), like(Some("b"), None, 10, true)];
    assert_eq!(found(&[ours(0)], &rows), [(vec![0, 1], 0)]);
    // What moved no money, and rows that say nothing of it, are not asked.
    let still = Likeness {
        has_fate: false,
        ..ours(0)
    };
    assert_eq!(found(&[still], &row), [(vec![], 0)]);
    assert_eq!(
        found(&[ours(0)], &[like(Some("b"), None, 10, false)]),
        [(vec![], 0)]
    );
    // Another amount, currency, direction, or way to pay.
    let mut other = row;
    other[0].minor = 1_001;
    assert_eq!(found(&[ours(0)], &other), [(vec![], 0)]);
    other = row;
    other[0].direction = Direction::Refund;
    assert_eq!(found(&[ours(0)], &other), [(vec![], 0)]);
    other = row;
    other[0].method = Some(Method::Wechat);
    let card = Likeness {
        is_card: true,
        ..ours(0)
    };
    assert_eq!(found(&[card], &other), [(vec![], 0)]);
    let alipay = Likeness {
        method: Some(Method::Alipay),
        ..ours(0)
    };
    assert_eq!(found(&[alipay], &other), [(vec![], 0)]);
    // A row that another payment has by its key is not a second one's.
    let taken = [like(Some("a"), None, 0, false), like(Some("a"), None, 10, true)];
    assert_eq!(
        found(&[like(Some("a"), None, 0, true), ours(5)], &taken),
        [(vec![0, 1], 0), (vec![], 0)]
    );
    // A time that is known by its day alone.
    let day = Likeness {
        certainty: Certainty::Day,
        ..ours(0)
    };
    assert_eq!(
        found(&[day], &[like(Some("b"), None, 80_000, true)]),
        [(vec![0], 0)]
    );
}

#[test]
fn the_flow_never_adds_two_currencies_nor_one_sum_twice() {
    let trail = |state, backs| Trail {
        fact: Some(Fact {
            to: Some(To::Card("****8830".into())),
            ..fact(state, 1)
        }),
        ..Trail {
            state,
            ..conclude(i64::MAX, Vec::new(), backs)
        }
    };
    let (settled, batch, declined) = (
        trail(State::Settled, vec![back(300, 5, "****1111")]),
        trail(State::InBatch, Vec::new()),
        trail(State::Declined, Vec::new()),
    );
    let one = |trail, direction, minor| Counted {
        mark: Some(Verdict::Fraudulent),
        direction,
        minor,
        currency: CNY,
        is_of_counted: false,
        trail,
    };
    let dollars = Counted {
        currency: Currency(840),
        mark: None,
        ..one(&batch, Direction::Sale, 50)
    };
    let linked = Counted {
        is_of_counted: true,
        ..one(&batch, Direction::Refund, 300)
    };
    let all = flow([
        one(&settled, Direction::Sale, 1_000),
        linked,
        one(&batch, Direction::Refund, 8_000),
        one(&declined, Direction::Refund, 70),
        dollars,
    ]);
    let edges = |currency: Currency| -> Vec<(Node, Node, i64, i64)> {
        let edges = all[&currency].edges.iter();
        edges
            .map(|((from, to), sum)| (from.clone(), to.clone(), sum.count, sum.minor))
            .collect()
    };
    let card = |card: &str| Node::To(Some(To::Card(card.into())));
    assert_eq!(
        edges(CNY),
        [
            (Node::Payers, Node::State(State::Settled), 1, 700),
            (Node::Payers, Node::State(State::Refunded), 1, 300),
            (Node::Shop, Node::State(State::InBatch), 1, 8_000),
            (Node::State(State::InBatch), card("****8830"), 1, 8_000),
            (Node::State(State::Refunded), card("****1111"), 1, 300),
        ]
    );
    assert_eq!(
        edges(Currency(840)),
        [(Node::Payers, Node::State(State::InBatch), 1, 50)]
    );
    let mark = Some(Verdict::Fraudulent);
    let sums = &all[&CNY].sums;
    let sum = |direction, state| {
        let sum = sums[&(mark, direction, state)];
        (sum.count, sum.minor, sum.back_minor)
    };
    assert_eq!(sum(Direction::Sale, State::Settled), (1, 1_000, 300));
    assert_eq!(sum(Direction::Refund, State::InBatch), (2, 8_300, 0));
    assert_eq!(sum(Direction::Refund, State::Declined), (1, 70, 0));
}

#[test]
fn few_are_named_and_the_rest_are_one() {
    let trails: Vec<Trail> = (0..9)
        .map(|nth| {
            let to = Some(To::Card(format!("****000{nth}")));
            let fact = Fact {
                to,
                ..fact(State::Refunded, nth)
            };
            conclude(100, vec![fact], Vec::new())
        })
        .collect();
    let all = flow(trails.iter().zip(1..).map(|(trail, minor)| Counted {
        mark: None,
        direction: Direction::Refund,
        minor,
        currency: CNY,
        is_of_counted: false,
        trail,
    }));
    let edges = &all[&CNY].edges;
    let named = edges.keys().filter(|(_, to)| matches!(to, Node::To(Some(_))));
    assert_eq!(named.count(), NAMED_MAX);
    let others = edges[&(Node::State(State::Refunded), Node::To(None))];
    assert_eq!((others.count, others.minor), (4, 1 + 2 + 3 + 4));
}
