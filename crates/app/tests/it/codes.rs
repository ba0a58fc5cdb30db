//! Whatever two characters the host says, the ledger, the terminal and the host come to agree.

use domain::hold::{Authority, Kind as HoldKind};
use domain::money::Currency;
use domain::transaction::{Decision, HostOutcome, Verdict};
use iso8583::Answer;
use iso8583::unionpay::POS;

use crate::fixture::{House, code, purchase, says, terminal};

/// Requests at the host at once.
const AT_ONCE: usize = 100;

fn all_codes() -> Vec<String> {
    const CHARACTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let of = |first: u8| CHARACTERS.iter().map(move |second| [first, *second]);
    let codes = CHARACTERS.iter().flat_map(|first| of(*first));
    codes
        .map(|code| String::from_utf8_lossy(&code).into_owned())
        .collect()
}

/// What the host answers, by its profile; an answer carries the amount of the request.
fn answer(code: &str) -> HostOutcome {
    let verdict = match POS.answer(code) {
        Answer::Approved => Verdict::Approved,
        Answer::Partial => Verdict::Partial,
        Answer::Unknown => Verdict::Unknown,
        Answer::Declined => Verdict::Declined,
    };
    says(code, verdict, Some(1_000))
}

/// What is booked, what the terminal hears, and whether the host is told to undo it.
fn expected(code: &str) -> (Decision, &str, bool) {
    match code {
        "00" | "11" | "16" | "A2" | "A4" | "A5" | "A6" => (Decision::Approved, "00", false),
        "10" => (Decision::Declined, "64", true),
        "68" | "98" => (Decision::Declined, code, true),
        _ => (Decision::Declined, code, false),
    }
}

/// Asks for all codes, a hundred requests at the host at a time; `meanwhile` and `afterwards` happen around their release.
fn walk(
    house: &House,
    meanwhile: impl Fn(),
    afterwards: impl Fn(),
    check: impl Fn(&str, (Decision, &str, bool)),
) {
    let id = terminal(1);
    let mut trace = 0;
    for codes in all_codes().chunks(AT_ONCE) {
        let forward = |_: &String| {
            trace += 1;
            house.forward(&purchase(id, trace))
        };
        let sequences: Vec<i64> = codes.iter().map(forward).collect();
        meanwhile();
        for (said, sequence) in codes.iter().zip(sequences) {
            let heard = code(&house.release(id, sequence, answer(said)));
            let row = house.read(|tx| store::ledger::last(tx, id)).unwrap();
            let is_owed = house.read(|tx| store::owed_reversal::is_owed(tx, id, row.sequence));
            assert_eq!(
                row.response_code.unwrap().as_str(),
                heard,
                "{said}: told and booked"
            );
            check(said, (row.decision.unwrap(), &heard, is_owed));
        }
        afterwards();
    }
}

#[test]
fn each_code_is_booked_answered_and_undone_as_it_says() {
    let house = House::open();
    house.sign_in(terminal(1));
    walk(
        &house,
        || {},
        || {},
        |said, found| assert_eq!(found, expected(said), "{said}"),
    );
    let totals = house.read(|tx| store::ledger::batch_totals(tx, terminal(1), 1));
    let yuan = totals[&Currency::CNY];
    assert_eq!((totals.len(), yuan.debit_count, yuan.debit_minor), (1, 7, 7_000));
}

#[test]
fn each_code_that_may_be_an_approval_is_undone_when_a_hold_came_meanwhile() {
    let house = House::open();
    house.sign_in(terminal(1));
    let hold = || house.place(terminal(1), HoldKind::CashierLock, None);
    let lift = || assert!(house.lift(terminal(1), HoldKind::CashierLock, Authority::Operator));
    walk(&house, hold, lift, |said, found| {
        let (decision, _, is_undone) = expected(said);
        let may_be_approved = decision == Decision::Approved || is_undone;
        assert_eq!(found, (Decision::Declined, "58", may_be_approved), "{said}");
    });
}

#[test]
fn an_approval_for_another_amount_is_declined_and_undone() {
    let house = House::open();
    house.sign_in(terminal(1));
    for (trace, said) in (1..).zip(["00", "11", "A2"]) {
        let sequence = house.forward(&purchase(terminal(1), trace));
        let outcome = says(said, Verdict::Approved, Some(999));
        assert_eq!(code(&house.release(terminal(1), sequence, outcome)), "64");
        let row = house.last(terminal(1));
        assert_eq!(
            (row.decision, row.reason.as_deref()),
            (Some(Decision::Declined), Some("host_approved_otherwise"))
        );
        assert_eq!(house.owed(terminal(1)).len(), trace as usize);
    }
}
