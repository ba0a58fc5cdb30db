//! Lists of terminals: scope, search, state, pages.

use domain::TerminalId;
use domain::account::Scope;
use domain::hold::Kind;
use domain::terminal::{AtProvider, Control, Provider, Status, Terminal};
use proptest::prelude::*;
use store::terminal::{Filter, State};

use crate::fixture::{Kept, few, hold, merchant_id, shops, terminal, terminal_id};

const NAMES: [&str; 8] = ["100%", "a_b", "ab", "wow!", "!_", "前台", "%%", "Ab!%"];

/// Terminals 1 to 8 with those names: 1 to 3 in shop `a`, 4 to 6 in `b`, 7 and 8 in `c`.
fn estate() -> Kept {
    let kept = Kept::open();
    kept.write(|tx| {
        shops(tx)?;
        for (number, name) in (1..).zip(NAMES) {
            let (merchant, shop_id) = match number {
                1..=3 => (1, "a"),
                4..=6 => (1, "b"),
                _ => (2, "c"),
            };
            let status = if number == 6 {
                Status::Retired
            } else {
                Status::Active
            };
            store::terminal::insert(tx, &terminal(number, merchant, shop_id, name, status), b"key")?;
        }
        // The clock stands at 1000.
        store::hold::insert(tx, terminal_id(2), &hold(1, Kind::Fault, None))?;
        store::hold::insert(tx, terminal_id(3), &hold(1, Kind::Loss, None))?;
        store::hold::insert(tx, terminal_id(3), &hold(2, Kind::Fault, None))?;
        store::hold::insert(tx, terminal_id(4), &hold(1, Kind::WrongPasswords, Some(1_000)))?;
        store::hold::insert(tx, terminal_id(5), &hold(1, Kind::WrongPasswords, Some(1_001)))?;
        store::hold::insert(tx, terminal_id(6), &hold(1, Kind::Loss, None))
    });
    kept
}

const ANY: Filter<'static> = Filter {
    scope: &Scope::All,
    search: None,
    state: None,
    merchant_id: None,
    shop_id: None,
};

fn numbers(terminals: &[Terminal]) -> Vec<u32> {
    let number = |id: &TerminalId| id.as_str().parse().unwrap();
    terminals
        .iter()
        .map(|terminal| number(&terminal.terminal_id))
        .collect()
}

fn listed(kept: &Kept, filter: &Filter<'_>) -> Vec<u32> {
    numbers(&kept.read(|tx| store::terminal::list(tx, filter, None, 100)))
}

#[test]
fn each_state_lists_its_terminals_and_counts_them() {
    let kept = estate();
    let states = [
        (State::Running, vec![1, 4, 7, 8]),
        (State::Held, vec![2, 5]),
        (State::Lost, vec![3]),
        (State::Retired, vec![6]),
    ];
    let mut counts = kept.read(|tx| {
        store::terminal::counts(
            tx,
            &Filter {
                state: Some(State::Lost),
                ..ANY
            },
        )
    });
    counts.sort_by_key(|(state, _)| *state as u8);
    assert_eq!(counts.len(), states.len(), "whatever state the filter names");
    for ((state, wanted), counted) in states.into_iter().zip(counts) {
        assert_eq!(counted, (state, wanted.len() as i64));
        assert_eq!(
            listed(
                &kept,
                &Filter {
                    state: Some(state),
                    ..ANY
                }
            ),
            wanted,
            "{state:?}"
        );
    }
}

#[test]
fn the_state_in_sql_is_the_state_by_the_rules() {
    let kept = estate();
    for _ in 0..2 {
        for number in 1..=8 {
            let id = terminal_id(number);
            let by_rules = kept.read(|tx| {
                let terminal = store::terminal::get(tx, id)?.unwrap();
                Ok(State::of(
                    terminal.status,
                    store::hold::standing(tx, id, tx.now())?,
                ))
            });
            assert!(
                listed(
                    &kept,
                    &Filter {
                        state: Some(by_rules),
                        ..ANY
                    }
                )
                .contains(&number),
                "{number}"
            );
        }
        kept.pass_ms(1);
    }
}

#[test]
fn everybody_lists_only_what_the_account_sees() {
    let kept = estate();
    let one_shop = Scope::Shop(merchant_id(1), "b".into());
    let wrong_shop = Scope::Shop(merchant_id(2), "b".into());
    for (scope, wanted) in [
        (Scope::All, vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (Scope::Merchant(merchant_id(1)), vec![1, 2, 3, 4, 5, 6]),
        (Scope::Merchant(merchant_id(9)), vec![]),
        (one_shop.clone(), vec![4, 5, 6]),
        (wrong_shop, vec![]),
    ] {
        assert_eq!(
            listed(&kept, &Filter { scope: &scope, ..ANY }),
            wanted,
            "{scope:?}"
        );
        let counted = kept.read(|tx| store::terminal::counts(tx, &Filter { scope: &scope, ..ANY }));
        assert_eq!(
            counted.iter().map(|(_, count)| count).sum::<i64>(),
            wanted.len() as i64
        );
    }
    // A filter narrows the scope and never widens it.
    let other = Filter {
        scope: &one_shop,
        merchant_id: Some(merchant_id(2)),
        ..ANY
    };
    assert_eq!(listed(&kept, &other), [0_u32; 0]);
    let own = Filter {
        scope: &Scope::All,
        merchant_id: Some(merchant_id(1)),
        shop_id: Some("a"),
        ..ANY
    };
    assert_eq!(listed(&kept, &own), [1, 2, 3]);
}

#[test]
fn a_search_finds_its_words_letter_by_letter() {
    let kept = estate();
    proptest!(few(), |(search in "[abAB%_!SN0-9前店-]{1,3}")| {
        let lower = search.to_ascii_lowercase();
        let wanted: Vec<u32> = (1..).zip(NAMES).filter(|(number, name)| {
            let (shop, merchant) = match number {
                1..=3 => ("a", 1),
                4..=6 => ("b", 1),
                _ => ("c", 2),
            };
            let of_terminal = [name.to_ascii_lowercase(), format!("sn-{number}"), format!("{number:08}")];
            let of_merchant = [shop.to_owned(), format!("小店{merchant}"), format!("house {merchant}"), merchant_id(merchant).to_string()];
            of_terminal.iter().chain(&of_merchant).any(|text| text.to_ascii_lowercase().contains(&lower))
        }).map(|(number, _)| number).collect();
        prop_assert_eq!(listed(&kept, &Filter { search: Some(&search), ..ANY }), wanted);
    });
}

#[test]
fn turning_the_pages_shows_every_terminal_once() {
    let kept = estate();
    for limit in [1, 3, 8] {
        let (mut seen, mut after) = (Vec::new(), None);
        for _ in 0..9 {
            let page = kept.read(|tx| store::terminal::list(tx, &ANY, after, limit));
            let Some(last) = page.last() else { break };
            after = Some(last.terminal_id);
            seen.extend(numbers(&page));
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}

#[test]
fn a_terminal_comes_back_as_it_was_written_by_either_of_its_names() {
    let kept = estate();
    let written = terminal(6, 1, "b", NAMES[5], Status::Retired);
    assert_eq!(
        kept.read(|tx| store::terminal::get(tx, terminal_id(6))),
        Some(written.clone())
    );
    assert_eq!(
        kept.read(|tx| store::terminal::by_serial(tx, "SN-6")),
        Some(written.clone())
    );
    let other_with_serial = Terminal {
        terminal_id: terminal_id(60),
        ..written
    };
    let refused = kept
        .store
        .write(move |tx| store::terminal::insert(tx, &other_with_serial, b"key"));
    assert!(
        matches!(refused, Err(store::Error::Conflict(_))),
        "one serial is one terminal"
    );
}

#[test]
fn a_terminal_that_an_outside_acquirer_decides_says_so_and_where_it_can_be_stopped() {
    let kept = estate();
    let written = Terminal {
        control: Control::Outside,
        at_provider: Some(AtProvider {
            provider: Provider::Stripe,
            device_id: "tmr_P1".into(),
        }),
        ..terminal(61, 1, "b", "外卡机", Status::Active)
    };
    let outside = written.clone();
    kept.store
        .write(move |tx| store::terminal::insert(tx, &outside, b"key"))
        .unwrap();
    assert_eq!(
        kept.read(|tx| store::terminal::get(tx, terminal_id(61))),
        Some(written)
    );
    let ours = kept.read(|tx| store::terminal::get(tx, terminal_id(6))).unwrap();
    assert_eq!((ours.control, ours.at_provider), (Control::Gate, None));
}
