//! The simulated issuer keeps originals and money right.

use std::collections::HashMap;

use super::*;

const NOW_MS: i64 = 1_795_330_882_000; // 2026-11-22T15:01:22+08:00

struct Bank {
    issuer: Issuer,
    trace: u32,
    /// Approval codes by trace number.
    codes: HashMap<u32, [u8; 6]>,
    /// Card and amount of what was approved, by trace number.
    asked: HashMap<u32, (u64, u64)>,
}

impl Bank {
    fn new() -> Bank {
        Bank {
            issuer: Issuer::new(),
            trace: 0,
            codes: HashMap::new(),
            asked: HashMap::new(),
        }
    }

    fn ask(&mut self, card: &Card, kind: Kind, amount_minor: u64, original: Option<u32>) -> (u32, String) {
        self.ask_with(card, kind, amount_minor, original, |_| {})
    }

    /// Asks under the next trace number and returns it with the response code.
    fn ask_with(
        &mut self,
        card: &Card,
        kind: Kind,
        amount_minor: u64,
        original: Option<u32>,
        change: impl FnOnce(&mut Request<'_>),
    ) -> (u32, String) {
        self.trace += 1;
        let mut request = Request {
            kind,
            position: position(self.trace),
            pan: card.pan.parse().unwrap(),
            expiry: card.expiry.parse().ok(),
            pin: Some(&card.pin),
            amount_minor,
            original: original.map(|trace| (1, trace)),
            retrieval_reference: original.map(reference),
            approval_code: original.and_then(|trace| self.codes.get(&trace).copied()),
            assigned_reference: reference(self.trace),
        };
        change(&mut request);
        let decision = self.issuer.decide(&request, NOW_MS);
        if let Some(code) = decision.approval_code {
            self.codes.insert(self.trace, code);
            self.asked.insert(self.trace, (request.pan, amount_minor));
        }
        assert_eq!(
            decision.approval_code.is_some(),
            &decision.response_code == b"00" && kind != Kind::Balance
        );
        (
            self.trace,
            String::from_utf8(decision.response_code.to_vec()).unwrap(),
        )
    }

    fn available(&mut self, card: &Card) -> i64 {
        let index = self.issuer.by_pan[&card.pan.parse::<u64>().unwrap()];
        self.issuer.accounts[index].available_minor()
    }

    fn reverse(&mut self, trace: u32) -> String {
        let (pan, amount_minor) = self.asked.get(&trace).copied().unwrap_or((0, 1));
        self.reverse_as(trace, pan, amount_minor)
    }

    fn reverse_as(&mut self, trace: u32, pan: u64, amount_minor: u64) -> String {
        let decision = self.issuer.reverse(position(trace), pan, amount_minor);
        String::from_utf8(decision.response_code.to_vec()).unwrap()
    }
}

/// Field 37 that the host assigns to a trace number in these tests.
fn reference(trace: u32) -> [u8; 12] {
    format!("{trace:012}").into_bytes().try_into().unwrap()
}

fn position(trace: u32) -> Position {
    Position {
        terminal_id: *b"30501101",
        batch: 1,
        trace,
    }
}

fn card(outcome: Outcome) -> Card {
    cards().into_iter().find(|card| card.outcome == outcome).unwrap()
}

#[test]
fn each_card_has_the_outcome_it_promises() {
    let expected = [
        (Outcome::Approved, "00"),
        (Outcome::InsufficientFunds, "51"),
        (Outcome::Expired, "54"),
        (Outcome::WrongPin, "55"),
        (Outcome::LostCard, "41"),
        (Outcome::OverLimit, "61"),
        (Outcome::DoNotHonour, "05"),
        (Outcome::PinLocked, "75"),
    ];
    for (outcome, code) in expected {
        assert_eq!(
            Bank::new().ask(&card(outcome), Kind::Purchase, 100, None).1,
            code,
            "{outcome:?}"
        );
    }
}

#[test]
fn three_wrong_pins_lock_for_a_day_and_ten_for_good() {
    let mut bank = Bank::new();
    let card = card(Outcome::WrongPin);
    let request = |trace| Request {
        kind: Kind::Purchase,
        position: position(trace),
        pan: card.pan.parse().unwrap(),
        expiry: None,
        pin: Some(&card.pin),
        amount_minor: 1,
        original: None,
        retrieval_reference: None,
        approval_code: None,
        assigned_reference: reference(trace),
    };
    let mut codes = Vec::new();
    for day in 0..4 {
        for attempt in 0..4 {
            let decision = bank.issuer.decide(
                &request(day * 10 + attempt),
                NOW_MS + i64::from(day) * (DAY_MS + 1),
            );
            codes.push(String::from_utf8(decision.response_code.to_vec()).unwrap());
        }
    }
    let day = ["55", "55", "55", "75"];
    assert_eq!(codes[..12], [day, day, day].concat());
    assert_eq!(codes[12..], ["55", "38", "38", "38"]);
}

#[test]
fn the_right_pin_forgives_the_wrong_ones_before_it() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    for _ in 0..12 {
        assert_eq!(
            bank.ask_with(&card, Kind::Balance, 0, None, |r| r.pin = Some("000000"))
                .1,
            "55"
        );
        assert_eq!(bank.ask(&card, Kind::Balance, 0, None).1, "00");
    }
}

#[test]
fn an_unknown_card_and_a_zero_amount_are_refused() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    assert_eq!(
        bank.ask_with(&card, Kind::Purchase, 1, None, |r| r.pan = 1).1,
        "14"
    );
    assert_eq!(bank.ask(&card, Kind::Purchase, 0, None).1, "13");
}

#[test]
fn a_void_gives_the_money_back_once() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    let before = bank.available(&card);
    let (sale, _) = bank.ask(&card, Kind::Purchase, 2_000, None);
    assert_eq!(bank.available(&card), before - 2_000);
    assert_eq!(bank.ask(&card, Kind::Void, 1_000, Some(sale)).1, "64");
    assert_eq!(bank.ask(&card, Kind::Void, 2_000, Some(sale)).1, "00");
    assert_eq!(bank.available(&card), before);
    assert_eq!(bank.ask(&card, Kind::Void, 2_000, Some(sale)).1, "12");
    assert_eq!(bank.ask(&card, Kind::Void, 2_000, Some(999)).1, "25");
    assert_eq!(bank.available(&card), before);
}

#[test]
fn refunds_never_exceed_the_sale_and_go_to_the_same_card() {
    let mut bank = Bank::new();
    let (card, other) = (card(Outcome::Approved), cards().remove(1));
    let before = bank.available(&card);
    let (sale, _) = bank.ask(&card, Kind::Purchase, 2_000, None);
    assert_eq!(bank.ask(&other, Kind::Refund, 500, Some(sale)).1, "14");
    assert_eq!(bank.ask(&card, Kind::Refund, 1_500, Some(sale)).1, "00");
    assert_eq!(bank.ask(&card, Kind::Refund, 501, Some(sale)).1, "61");
    assert_eq!(bank.ask(&card, Kind::Refund, 500, Some(sale)).1, "00");
    assert_eq!(bank.ask(&card, Kind::Refund, 1, Some(sale)).1, "61");
    assert_eq!(bank.ask(&card, Kind::Refund, 1, None).1, "25");
    assert_eq!(bank.ask(&card, Kind::Void, 2_000, Some(sale)).1, "12");
    assert_eq!(bank.available(&card), before);
}

#[test]
fn a_pre_authorisation_is_held_then_completed_then_its_completion_voided() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    let before = bank.available(&card);
    let (hold, _) = bank.ask(&card, Kind::PreAuthorisation, 10_000, None);
    assert_eq!(bank.available(&card), before - 10_000);
    assert_eq!(bank.ask(&card, Kind::Completion, 11_501, Some(hold)).1, "61");
    let (completion, code) = bank.ask(&card, Kind::Completion, 11_500, Some(hold));
    assert_eq!((code.as_str(), bank.available(&card)), ("00", before - 11_500));
    assert_eq!(
        bank.ask(&card, Kind::PreAuthorisationVoid, 10_000, Some(hold)).1,
        "12"
    );
    assert_eq!(
        bank.ask(&card, Kind::CompletionVoid, 11_500, Some(completion)).1,
        "00"
    );
    assert_eq!(bank.available(&card), before);
}

#[test]
fn a_voided_pre_authorisation_frees_the_money_and_cannot_be_completed() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    let before = bank.available(&card);
    let (hold, _) = bank.ask(&card, Kind::PreAuthorisation, 10_000, None);
    assert_eq!(
        bank.ask(&card, Kind::PreAuthorisationVoid, 10_000, Some(hold)).1,
        "00"
    );
    assert_eq!(bank.available(&card), before);
    assert_eq!(
        bank.ask(&card, Kind::CompletionNotice, 10_000, Some(hold)).1,
        "12"
    );
}

#[test]
fn an_approval_code_that_is_not_the_original_s_finds_nothing() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    let (hold, _) = bank.ask(&card, Kind::PreAuthorisation, 10_000, None);
    let wrong = |request: &mut Request<'_>| request.approval_code = Some(*b"999999");
    assert_eq!(
        bank.ask_with(&card, Kind::Completion, 10_000, Some(hold), wrong)
            .1,
        "25"
    );
}

#[test]
fn every_reversal_restores_the_account_and_a_second_one_changes_nothing() {
    let card = card(Outcome::Approved);
    type Step = (Kind, u64, Option<u32>);
    let hold: Step = (Kind::PreAuthorisation, 1_000, None);
    let cases: [&[Step]; 6] = [
        &[(Kind::Purchase, 1_000, None)],
        &[(Kind::Purchase, 1_000, None), (Kind::Void, 1_000, Some(1))],
        &[hold],
        &[hold, (Kind::PreAuthorisationVoid, 1_000, Some(1))],
        &[hold, (Kind::Completion, 900, Some(1))],
        &[
            hold,
            (Kind::Completion, 900, Some(1)),
            (Kind::CompletionVoid, 900, Some(2)),
        ],
    ];
    for steps in cases {
        let mut bank = Bank::new();
        let mut before = 0;
        let mut last = 0;
        for &(kind, amount_minor, original) in steps {
            before = bank.available(&card);
            let (trace, code) = bank.ask(&card, kind, amount_minor, original);
            assert_eq!(code, "00", "{kind:?}");
            last = trace;
        }
        for _ in 0..2 {
            assert_eq!(bank.reverse(last), "00");
            assert_eq!(bank.available(&card), before, "{steps:?}");
        }
        let (kind, amount_minor, original) = steps[steps.len() - 1];
        assert_eq!(
            bank.ask(&card, kind, amount_minor, original).1,
            "00",
            "possible again: {steps:?}"
        );
    }
}

#[test]
fn a_sale_is_reversed_after_its_follow_up_and_not_before() {
    let card = card(Outcome::Approved);
    for (first, second, amount_minor) in [
        (Kind::Purchase, Kind::Void, 1_000),
        (Kind::PreAuthorisation, Kind::PreAuthorisationVoid, 1_000),
        (Kind::PreAuthorisation, Kind::Completion, 1_000),
        (Kind::Purchase, Kind::Refund, 400),
    ] {
        let mut bank = Bank::new();
        let before = bank.available(&card);
        bank.ask(&card, first, 1_000, None);
        bank.ask(&card, second, amount_minor, Some(1));
        assert_eq!(bank.reverse(1), "22", "{second:?}");
        if second == Kind::Refund {
            continue;
        }
        for trace in [2, 1] {
            assert_eq!(bank.reverse(trace), "00");
        }
        assert_eq!(bank.available(&card), before, "{first:?} {second:?}");
        assert!(bank.issuer.standing().is_empty());
    }
}

#[test]
fn a_reversal_is_for_the_card_and_the_amount_of_what_it_undoes() {
    let mut bank = Bank::new();
    let (card, other) = (card(Outcome::Approved), cards().remove(1));
    let (sale, _) = bank.ask(&card, Kind::Purchase, 100, None);
    let (pan, of_other) = (card.pan.parse().unwrap(), other.pan.parse().unwrap());
    assert_eq!(bank.reverse_as(sale, of_other, 100), "14");
    assert_eq!(bank.reverse_as(sale, pan, 99), "64");
    assert_eq!(bank.reverse_as(sale, 0, 100), "00", "it need not carry the card");
    assert_eq!(bank.reverse_as(sale, of_other, 100), "14");
    assert_eq!(bank.reverse_as(sale, pan, 100), "00", "again");
}

#[test]
fn a_void_is_of_the_same_terminal_and_batch_and_a_refund_of_any() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    let (sale, _) = bank.ask(&card, Kind::Purchase, 100, None);
    let next_batch = |request: &mut Request<'_>| request.position.batch = 2;
    let next_door = |request: &mut Request<'_>| request.position.terminal_id = *b"30501102";
    let ask = |bank: &mut Bank, kind, change: &dyn Fn(&mut Request<'_>)| {
        bank.ask_with(&card, kind, 50, Some(sale), |request| {
            change(request);
            request.amount_minor = if kind == Kind::Void { 100 } else { 50 };
        })
        .1
    };
    assert_eq!(ask(&mut bank, Kind::Void, &next_batch), "12");
    assert_eq!(ask(&mut bank, Kind::Void, &next_door), "25");
    let wrong = |request: &mut Request<'_>| request.retrieval_reference = Some(*b"999999999999");
    assert_eq!(ask(&mut bank, Kind::Void, &wrong), "25");
    assert_eq!(ask(&mut bank, Kind::Refund, &wrong), "25");
    assert_eq!(ask(&mut bank, Kind::Refund, &next_batch), "00");
    assert_eq!(ask(&mut bank, Kind::Refund, &next_door), "00");
    assert_eq!(ask(&mut bank, Kind::Refund, &next_door), "61");
}

#[test]
fn a_reversal_of_nothing_is_answered_25_and_bars_the_late_original() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    assert_eq!((bank.reverse(1), bank.reverse(1)), ("25".into(), "25".into()));
    assert_eq!(bank.ask(&card, Kind::Purchase, 100, None), (1, "94".into()));
    assert!(bank.issuer.standing().is_empty());
}

#[test]
fn what_stands_is_listed_and_what_was_undone_is_not() {
    let mut bank = Bank::new();
    let card = card(Outcome::Approved);
    let (kept, _) = bank.ask(&card, Kind::Purchase, 100, None);
    let (voided, _) = bank.ask(&card, Kind::Purchase, 200, None);
    let (void, _) = bank.ask(&card, Kind::Void, 200, Some(voided));
    let (reversed, _) = bank.ask(&card, Kind::Purchase, 300, None);
    bank.reverse(reversed);
    let mut standing: Vec<u32> = bank.issuer.standing().iter().map(|s| s.position.trace).collect();
    standing.sort_unstable();
    assert_eq!(standing, [kept, void]);
}

#[test]
fn memory_is_bounded_and_says_what_it_forgot() {
    let mut bank = Bank::new();
    bank.issuer.approvals_max = 3;
    let card = card(Outcome::Approved);
    for _ in 0..5 {
        bank.ask(&card, Kind::Purchase, 100, None);
    }
    assert_eq!((bank.issuer.standing().len(), bank.issuer.forgotten()), (3, 2));
}
