//! 批结算 and 批上送.

use app::settlement::{End, Settled, Uploaded};
use app::transaction::{Admitted, Answer, Attempt};
use domain::money::Currency;
use domain::transaction::{BatchTrace, Decision, Entry, HostOutcome, Kind, Proof};
use store::ledger::BatchTotals;

use crate::fixture::{House, after, answered, ask, code, fen, nobody, purchase, terminal};

const ONE_SALE: BatchTotals = BatchTotals {
    debit_minor: 1_000,
    debit_count: 1,
    credit_minor: 0,
    credit_count: 0,
};

fn with_one_sale() -> House {
    let house = House::open();
    house.sign_in(terminal(1));
    house.approve(&purchase(terminal(1), 1));
    house
}

fn batch(batch: u32, kind: Kind) -> Attempt {
    let name = BatchTrace { batch, trace: 900 };
    let amount = None;
    // These messages carry no MAC.
    Attempt {
        name,
        amount,
        mac_verified: false,
        ..ask(kind, terminal(1), 900)
    }
}

fn settle(house: &House, attempt: Attempt, claimed: BatchTotals) -> Settled {
    house.write(move |tx| app::settlement::settle(tx, &attempt, Currency::CNY, claimed))
}

/// Whether totals are found equal, and the code.
fn found(house: &House, number: u32, claimed: BatchTotals) -> (bool, String) {
    match settle(house, batch(number, Kind::Settlement), claimed) {
        Settled::Compared { equal, answer } => (equal, code(&answer)),
        other => panic!("{other:?}"),
    }
}

fn ended(house: &House, end: End) -> Answer {
    let attempt = batch(1, Kind::BatchUpload);
    answered(house.write(move |tx| app::settlement::upload_end(tx, &attempt, end)))
}

fn upload(house: &House, lines: &'static [(u32, i64)]) -> Answer {
    let attempt = batch(1, Kind::BatchUpload);
    answered(house.write(move |tx| {
        let line = |(trace, amount_minor)| Uploaded {
            trace,
            amount_minor,
            currency: Currency::CNY,
        };
        let lines: Vec<_> = lines.iter().copied().map(line).collect();
        app::settlement::upload(tx, &attempt, &lines)
    }))
}

/// The reasons of what was recorded for a person.
fn recorded(house: &House) -> Vec<(String, Option<i64>)> {
    let rows = house.rows(terminal(1)).into_iter();
    rows.filter(|row| row.decision == Some(Decision::Recorded))
        .map(|row| {
            (
                row.reason.unwrap_or_default(),
                row.amount.map(|amount| amount.minor),
            )
        })
        .collect()
}

#[test]
fn equal_totals_close_the_batch_and_the_next_sign_in_gets_the_next() {
    let house = with_one_sale();
    assert_eq!(found(&house, 1, ONE_SALE), (true, "00".into()));
    assert_eq!(house.sign_in(terminal(1)), 2);
    assert_eq!(
        code(&house.refuse(&purchase(terminal(1), 2))),
        "77",
        "batch 1 is over"
    );
}

#[test]
fn a_settlement_asked_again_says_the_same_again() {
    let house = with_one_sale();
    for _ in 0..2 {
        assert_eq!(found(&house, 1, ONE_SALE), (true, "00".into()));
    }
    assert_eq!(house.sign_in(terminal(1)), 2);
    let rows = house.rows(terminal(1)).len();
    assert_eq!(
        found(&house, 1, ONE_SALE),
        (true, "00".into()),
        "its answer was lost"
    );
    assert_eq!(house.rows(terminal(1)).len(), rows);
    assert_eq!(house.sign_in(terminal(1)), 2, "and it closes nothing twice");
    house.sign_out(terminal(1));
    let unsettled = settle(&house, batch(9, Kind::Settlement), ONE_SALE);
    assert!(
        matches!(&unsettled, Settled::Answer(answer) if code(answer) == "77"),
        "{unsettled:?}"
    );
}

#[test]
fn whoever_knows_a_receipt_closes_no_batch_the_terminal_goes_on_in() {
    let house = with_one_sale();
    assert_eq!(found(&house, 1, ONE_SALE), (true, "00".into()));
    house.approve(&purchase(terminal(1), 2));
    assert_eq!(house.sign_in(terminal(1)), 1, "the terminal never settled");
    for end in [End::Equal, End::Unequal] {
        assert_eq!(code(&ended(&house, end)), "25", "{end:?}");
    }
    assert_eq!(house.sign_in(terminal(1)), 1);
}

#[test]
fn a_forged_settlement_takes_no_equal_one_back() {
    let house = with_one_sale();
    assert_eq!(found(&house, 1, ONE_SALE), (true, "00".into()));
    assert_eq!(found(&house, 1, BatchTotals::default()), (false, "00".into()));
    assert_eq!(house.sign_in(terminal(1)), 2);
}

#[test]
fn settlements_nobody_can_prove_leave_few_rows_and_no_total() {
    let house = with_one_sale();
    let rows = house.rows(terminal(1)).len();
    for minor in 0..30 {
        let claimed = BatchTotals {
            debit_minor: minor,
            ..BatchTotals::default()
        };
        assert_eq!(found(&house, 1, claimed), (false, "00".into()));
    }
    assert_eq!(house.rows(terminal(1)).len(), rows + 1);
    assert_eq!(house.last(terminal(1)).proof, Some(Proof::Unproven));
}

#[test]
fn unequal_totals_leave_the_batch_open() {
    let house = with_one_sale();
    for claimed in [
        BatchTotals {
            debit_minor: 999,
            ..ONE_SALE
        },
        BatchTotals {
            debit_count: 2,
            ..ONE_SALE
        },
        BatchTotals {
            credit_minor: 1,
            ..ONE_SALE
        },
        BatchTotals {
            credit_count: 1,
            ..ONE_SALE
        },
    ] {
        let settled = settle(&house, batch(1, Kind::Settlement), claimed);
        assert!(
            matches!(settled, Settled::Compared { equal: false, .. }),
            "{settled:?}"
        );
    }
    house.approve(&purchase(terminal(1), 2));
}

#[test]
fn the_number_after_the_last_batch_is_one() {
    let house = House::open();
    house.sign_in(terminal(1));
    crate::fixture::set_batch(&house, terminal(1), 999_999);
    assert_eq!(house.sign_in(terminal(1)), 999_999);
    settle(&house, batch(999_999, Kind::Settlement), BatchTotals::default());
    assert_eq!(house.sign_in(terminal(1)), 1);
}

#[test]
fn what_was_undone_declined_or_is_about_to_be_undone_is_not_in_the_totals() {
    let house = with_one_sale();
    let id = terminal(1);
    for trace in [2, 3] {
        house.approve(&purchase(id, trace));
        house.reverse(&purchase(id, trace));
    }
    let undone = house.owed(id)[0].sequence;
    house.settle_owed(id, undone, "00");
    let silent = house.forward(&purchase(id, 4));
    house.release(id, silent, HostOutcome::Silent);
    house.approve(&ask(Kind::PreAuthorisation, id, 5));
    house.approve(&Attempt {
        amount: fen(30),
        ..ask(Kind::Refund, id, 6)
    });
    let sale = Attempt {
        amount: fen(12),
        ..purchase(id, 7)
    };
    house.approve(&sale);
    house.approve(&after(Kind::Void, 8, &sale, 12));
    let totals = house.read(|tx| store::ledger::batch_totals(tx, id, 1));
    let in_yuan = BatchTotals {
        debit_minor: 1_012,
        debit_count: 2,
        credit_minor: 42,
        credit_count: 2,
    };
    assert_eq!(Vec::from_iter(totals), [(Currency::CNY, in_yuan)]);
}

#[test]
fn an_upload_that_agrees_leaves_nothing_for_a_person() {
    let house = with_one_sale();
    house.approve(&Attempt {
        amount: fen(250),
        ..purchase(terminal(1), 2)
    });
    found(&house, 1, ONE_SALE);
    assert_eq!(code(&upload(&house, &[(1, 1_000), (2, 250)])), "00");
    assert_eq!(recorded(&house), []);
    assert_eq!(house.last(terminal(1)).entry, Entry::Request(Kind::BatchUpload));
}

#[test]
fn every_difference_of_an_upload_is_recorded_for_a_person() {
    let house = with_one_sale();
    found(&house, 1, BatchTotals::default());
    assert_eq!(code(&upload(&house, &[(7, 55), (1, 1_000), (1, 999)])), "00");
    let differs = |trace, minor| (format!("batch_upload_differs:{trace}"), Some(minor));
    assert_eq!(recorded(&house), [differs("000007", 55), differs("000001", 999)]);
}

#[test]
fn an_uploaded_line_that_was_undone_is_a_difference() {
    let house = with_one_sale();
    house.reverse(&purchase(terminal(1), 1));
    let owed = house.owed(terminal(1)).pop().unwrap();
    house.settle_owed(terminal(1), owed.sequence, "00");
    found(&house, 1, ONE_SALE);
    upload(&house, &[(1, 1_000)]);
    assert_eq!(recorded(&house).len(), 1);
}

#[test]
fn an_upload_and_its_end_follow_totals_that_differ() {
    let house = with_one_sale();
    assert_eq!(code(&upload(&house, &[(1, 1_000)])), "25", "nothing differs yet");
    assert_eq!(code(&ended(&house, End::Unequal)), "25");
    found(&house, 1, BatchTotals::default());
    assert_eq!(code(&ended(&house, End::Equal)), "25");
    assert_eq!(code(&upload(&house, &[(1, 1_000)])), "00");
    assert_eq!(house.sign_in(terminal(1)), 1, "it is not ended");
    found(&house, 1, BatchTotals::default());
    for _ in 0..2 {
        assert_eq!(code(&ended(&house, End::Unequal)), "00");
    }
    assert_eq!(house.sign_in(terminal(1)), 2);
    assert_eq!(code(&ended(&house, End::Unequal)), "00", "its answer was lost");
    assert_eq!(house.sign_in(terminal(1)), 2);
}

#[test]
fn the_end_after_equal_totals_is_taken() {
    let house = with_one_sale();
    assert_eq!(code(&ended(&house, End::Equal)), "25", "without a settlement");
    found(&house, 1, ONE_SALE);
    assert_eq!(code(&ended(&house, End::Equal)), "00");
    assert_eq!(house.sign_in(terminal(1)), 2);
}

#[test]
fn a_reversal_the_host_answers_late_does_not_take_a_settlement_back() {
    let house = with_one_sale();
    house.approve(&purchase(terminal(1), 2));
    house.reverse(&purchase(terminal(1), 2));
    assert_eq!(found(&house, 1, ONE_SALE), (true, "00".into()));
    let owed = house.owed(terminal(1)).pop().unwrap();
    house.settle_owed(terminal(1), owed.sequence, "00");
    assert_eq!(house.sign_in(terminal(1)), 2);
}

#[test]
fn a_held_terminal_settles_nothing_and_leaves_a_record() {
    let house = with_one_sale();
    let incident = house.lose(terminal(1));
    let settled = settle(&house, batch(1, Kind::Settlement), ONE_SALE);
    assert!(
        matches!(&settled, Settled::Answer(answer) if code(answer) == "58"),
        "{settled:?}"
    );
    assert_eq!(house.last(terminal(1)).decision, Some(Decision::Recorded));
    assert_eq!(code(&upload(&house, &[(1, 1_000)])), "58");
    assert_eq!(house.last(terminal(1)).decision, Some(Decision::Recorded));
    let end = batch(1, Kind::BatchUpload);
    assert_eq!(
        code(&answered(house.write(move |tx| app::settlement::upload_end(
            tx,
            &end,
            End::Unequal
        )))),
        "58"
    );
    house.find_again(&incident.incident_id);
    house.approve(&purchase(terminal(1), 2));
}

#[test]
fn an_unknown_terminal_settles_nothing() {
    let house = House::open();
    let unknown = Attempt {
        terminal_id: nobody(),
        ..batch(1, Kind::Settlement)
    };
    assert_eq!(
        settle(&house, unknown.clone(), ONE_SALE),
        Settled::UnknownTerminal
    );
    let admitted = house.write(move |tx| app::settlement::upload_end(tx, &unknown, End::Equal));
    assert_eq!(admitted, Admitted::UnknownTerminal);
}

#[test]
fn a_batch_with_a_request_at_the_host_is_neither_compared_nor_closed() {
    let house = with_one_sale();
    let sequence = house.forward(&purchase(terminal(1), 2));
    let early = settle(&house, batch(1, Kind::Settlement), ONE_SALE);
    assert!(
        matches!(&early, Settled::Answer(answer) if code(answer) == "96"),
        "{early:?}"
    );
    let end = batch(1, Kind::BatchUpload);
    let early = house.write(move |tx| app::settlement::upload_end(tx, &end, End::Equal));
    assert_eq!(code(&crate::fixture::answered(early)), "96");
    house.release(terminal(1), sequence, crate::fixture::host("51"));
    let settled = settle(&house, batch(1, Kind::Settlement), ONE_SALE);
    assert!(matches!(settled, Settled::Compared { equal: true, .. }));
}

#[test]
fn a_batch_in_two_currencies_agrees_with_no_totals_in_one() {
    let house = with_one_sale();
    let dollars = Attempt {
        amount: domain::Money::new(5, Currency(840)).ok(),
        ..purchase(terminal(1), 2)
    };
    house.approve(&dollars);
    let settled = settle(&house, batch(1, Kind::Settlement), ONE_SALE);
    assert!(
        matches!(settled, Settled::Compared { equal: false, .. }),
        "{settled:?}"
    );
    house.approve(&purchase(terminal(1), 3));
}
