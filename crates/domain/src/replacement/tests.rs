//! The order of steps, who takes them, and what counts as a test.

use super::*;
use crate::account::{Role, Scope};
use crate::case::{NotTaken, actions, decide};
use crate::fixture::{merchant, person};
use crate::transaction::BatchTrace;
use crate::{Money, money::Currency};

fn replacement(state: State) -> Replacement {
    let terminal_id = TerminalId::parse(b"T2").unwrap();
    let is_bound = State::ALL.iter().position(|one| *one == state) >= Some(4);
    Replacement {
        replacement_id: "A-R1".into(),
        incident_id: "A".into(),
        position: 1,
        is_loaner: true,
        state,
        old_terminal_id: TerminalId::parse(b"T1").unwrap(),
        old_is_outside: false,
        old_key_check: None,
        device: None,
        refusals: String::new(),
        warnings: String::new(),
        bound: is_bound.then_some(Bound {
            terminal_id,
            is_outside: false,
            hold_id: 1,
        }),
        test_until: None,
        test_sequence: None,
        signed: None,
        begun_at: Timestamp(0),
        live_at: None,
        closed_at: None,
    }
}

fn risk() -> Actor {
    person(Role::RiskOfficer, Scope::All)
}

#[test]
fn no_step_is_taken_out_of_its_order() {
    use State as S;
    use Verb as V;
    let picking: &[State] = &[S::Begun, S::Refused, S::Warned, S::DeviceChecked];
    let order: &[(Verb, &[State], State)] = &[
        (V::Pick, picking, S::DeviceChecked),
        (V::PickWarned, picking, S::Warned),
        (V::PickRefused, picking, S::Refused),
        (V::AcceptWarnings, &[S::Warned], S::DeviceChecked),
        (V::Bind, &[S::DeviceChecked], S::Bound),
        (V::EndOldKeys, &[S::Bound], S::OldKeysDead),
        (V::LoadKeys, &[S::OldKeysDead], S::KeysLoaded),
        (V::BeginTest, &[S::KeysLoaded], S::Testing),
        (V::PassTest, &[S::Testing], S::Tested),
        (V::Sign, &[S::Tested], S::Signed),
        (V::GoLive, &[S::Signed], S::Live),
        (V::GiveBack, &[S::Live], S::Returned),
    ];
    for (verb, from, to) in order {
        for state in State::ALL {
            let decided = decide(&replacement(state), *verb, &risk());
            match from.contains(&state) {
                true => assert_eq!(decided.unwrap().to, Some(*to), "{state:?} {verb:?}"),
                false => assert_eq!(
                    decided.unwrap_err(),
                    NotTaken::WrongState(state.code()),
                    "{verb:?}"
                ),
            }
        }
    }
    for state in State::ALL {
        let is_open = !matches!(state, S::Live | S::Returned | S::Withdrawn);
        assert_eq!(
            decide(&replacement(state), V::Withdraw, &risk()).is_ok(),
            is_open,
            "{state:?}"
        );
        assert_eq!(replacement(state).is_under_way(), is_open);
        // A clock ends a test, and nobody else does.
        assert_eq!(
            decide(&replacement(state), V::EndTest, &risk()).unwrap_err(),
            NotTaken::NotAllowed
        );
        let by_clock = decide(&replacement(state), V::EndTest, &Actor::Timer("test"));
        assert_eq!(by_clock.is_ok(), state == S::Testing);
    }
}

/// Every way to *live* passes *old keys dead*: with that step taken out of the table nothing gets there.
#[test]
fn nothing_leads_to_live_past_the_old_keys() {
    let reached = |without: Option<Verb>| {
        let mut reached = vec![State::Begun];
        let mut at = 0;
        while let Some(state) = reached.get(at).copied() {
            let steps = Replacement::STEPS
                .iter()
                .filter(|step| Some(step.verb) != without);
            let next: Vec<State> = steps
                .filter(|step| step.from.contains(&state))
                .filter_map(|step| step.to)
                .collect();
            for to in next {
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
            at += 1;
        }
        reached
    };
    assert!(reached(None).contains(&State::Live));
    for verb in [
        Verb::Bind,
        Verb::EndOldKeys,
        Verb::LoadKeys,
        Verb::PassTest,
        Verb::Sign,
        Verb::GoLive,
    ] {
        assert!(!reached(Some(verb)).contains(&State::Live), "{verb:?}");
    }
}

#[test]
fn each_step_is_its_own_peoples() {
    let ours = merchant("M1");
    let owner = person(Role::Owner, Scope::Merchant(ours));
    let manager = person(Role::Manager, Scope::Shop(ours, "S1".into()));
    let engineer = person(Role::FieldEngineer, Scope::All);
    let auditor = person(Role::Auditor, Scope::All);
    let may = |actor: &Actor, state, is_outside| {
        let mut it = replacement(state);
        it.old_is_outside = is_outside;
        if let Some(bound) = &mut it.bound {
            bound.is_outside = is_outside;
        }
        actions(&it, actor)
    };
    use Verb::{AcceptWarnings, BeginTest, Bind, EndOldKeys, GoLive, LoadKeys, PassTest, Sign, Withdraw};
    let pick = [Verb::Pick, Verb::PickWarned, Verb::PickRefused];
    assert_eq!(
        may(&owner, State::Begun, false),
        [&pick[..], &[Withdraw]].concat()
    );
    assert_eq!(
        may(&engineer, State::Warned, false),
        [&pick[..], &[AcceptWarnings]].concat()
    );
    assert_eq!(may(&manager, State::Begun, false), [Withdraw]);
    assert_eq!(
        may(&engineer, State::DeviceChecked, false),
        [&pick[..], &[Bind]].concat()
    );
    // What our gate holds is the acquirer's; what is outside is written down by the shop.
    assert_eq!(may(&owner, State::Bound, false), [Withdraw]);
    assert_eq!(may(&engineer, State::Bound, false), []);
    assert_eq!(may(&risk(), State::Bound, false), [EndOldKeys, Withdraw]);
    assert_eq!(may(&owner, State::Bound, true), [EndOldKeys, Withdraw]);
    assert_eq!(may(&engineer, State::OldKeysDead, false), [LoadKeys]);
    assert_eq!(may(&engineer, State::KeysLoaded, false), [BeginTest]);
    assert_eq!(may(&owner, State::KeysLoaded, true), [PassTest, Withdraw]);
    assert_eq!(may(&manager, State::Tested, false), [Sign, Withdraw]);
    assert_eq!(may(&engineer, State::Tested, false), []);
    assert_eq!(may(&owner, State::Signed, false), [GoLive, Withdraw]);
    assert_eq!(may(&owner, State::Live, false), [Verb::GiveBack]);
    let mut real = replacement(State::Live);
    real.is_loaner = false;
    assert_eq!(actions(&real, &owner), []);
    for state in State::ALL {
        assert_eq!(may(&auditor, state, false), []);
    }
}

/// A row of a test: its place, what was asked, what was decided, what it is of.
fn row(sequence: i64, kind: Asked, decision: Decision, of: Option<i64>) -> LedgerRow {
    let bare = LedgerRow::bare(
        TerminalId::parse(b"T2").unwrap(),
        sequence,
        Timestamp(sequence),
        Entry::Request(kind),
    );
    LedgerRow {
        decision: Some(decision),
        of_sequence: of,
        amount: Money::new(100, Currency(156)).ok(),
        batch_trace: Some(BatchTrace {
            batch: 1,
            trace: u32::try_from(sequence).unwrap(),
        }),
        proof: Some(Proof::Proven),
        ..bare
    }
}

#[test]
fn a_test_is_a_sale_of_the_terminals_own_that_was_taken_back() {
    use Asked::{Purchase, Refund, Void};
    use Decision::{Approved, Declined, Reversed};
    let sale = row(5, Purchase, Approved, None);
    assert_eq!(tried(&[]), Err(NotTested::NoSale));
    assert_eq!(tried(&[row(5, Purchase, Declined, None)]), Err(NotTested::NoSale));
    assert_eq!(tried(std::slice::from_ref(&sale)), Err(NotTested::SaleStands));
    assert_eq!(
        tried(&[sale.clone(), row(6, Void, Declined, Some(5))]),
        Err(NotTested::SaleStands)
    );
    assert_eq!(tried(&[sale.clone(), row(6, Void, Approved, Some(5))]), Ok(5));
    assert_eq!(tried(&[sale.clone(), row(6, Refund, Approved, Some(5))]), Ok(5));
    assert_eq!(tried(&[sale.clone(), row(6, Purchase, Reversed, Some(5))]), Ok(5));
    let part = LedgerRow {
        amount: Money::new(99, Currency(156)).ok(),
        ..row(6, Refund, Approved, Some(5))
    };
    assert_eq!(tried(&[sale.clone(), part]), Err(NotTested::SaleStands));
    // Another one that stands is no test but a sale.
    let two = [
        sale.clone(),
        row(6, Void, Approved, Some(5)),
        row(7, Purchase, Approved, None),
    ];
    assert_eq!(tried(&two), Err(NotTested::SaleStands));
    let unproven = LedgerRow {
        proof: Some(Proof::Unproven),
        ..sale
    };
    assert_eq!(
        tried(&[unproven, row(6, Void, Approved, Some(5))]),
        Err(NotTested::NoSale)
    );
}
