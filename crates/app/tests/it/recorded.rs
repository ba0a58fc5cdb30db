//! What a held terminal tried to turn back: decided once, by two people where money moves, and never an approval.

use app::case::Error;
use app::recorded::{self, AtHost, Hindrance, Listed, Said};
use app::repeats::Repeats;
use app::transaction::Attempt;
use domain::Actor;
use domain::hold::Kind as HoldKind;
use domain::incident::{Happened, Incident};
use domain::recorded::{KEPT_MS, SEALED_MAX, SEALED_MS, State, Way, Which};
use domain::transaction::{Decision, Kind, LedgerRow, Proof, Refusal};
use domain::work::CleanUp;

use crate::fixture::{
    House, SEALED, START, after, approval, ask, code, manager, owner, purchase, risk_officer, terminal,
};
use crate::revision::second;

/// What the edge seals of a request that undoes one.
fn sealed(attempt: Attempt) -> Attempt {
    Attempt {
        undo_sealed: Some(SEALED.to_vec()),
        ..attempt
    }
}

/// Sales are approved; then the terminal is lost.
fn lost_after(sales: u32) -> (House, Incident, Vec<Attempt>) {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let sales: Vec<_> = (1..=sales).map(|trace| purchase(id, trace)).collect();
    for sale in &sales {
        house.approve(sale);
    }
    let incident = house.lose(id);
    (house, incident, sales)
}

/// It asks to undo a sale, by a reversal or a void, and is refused.
fn asked(house: &House, kind: Kind, sale: &Attempt, trace: u32) -> i64 {
    let answer = match kind {
        Kind::Reversal => house.reverse(&sealed(sale.clone())),
        _ => house.refuse(&sealed(after(kind, trace, sale, 1_000))),
    };
    assert_eq!(code(&answer), "58");
    house.last(sale.terminal_id).sequence
}

fn list(house: &House, incident: &Incident, which: Option<Which>) -> Vec<Listed> {
    let incident = incident.clone();
    house.read(move |tx| recorded::list(tx, &incident, which, None, 1_000))
}

fn one(house: &House, incident: &Incident, sequence: i64) -> Listed {
    let all = list(house, incident, None);
    all.into_iter().find(|it| it.row.sequence == sequence).unwrap()
}

fn take(house: &House, by: &Actor, incident: &Incident, sequence: i64, said: Said) -> Result<Listed, Error> {
    let (by, id) = (by.clone(), incident.incident_id.clone());
    house.try_write(move |tx| recorded::take(tx, &by, (&id, sequence), said))
}

fn propose(reference: Option<&str>) -> Said {
    Said::Propose {
        ground: "the shop asked for it\nby telephone".into(),
        reference: reference.map(str::to_owned),
    }
}

const CONFIRM: Said = Said::Confirm {
    way: Way::Host,
    reference: None,
};

fn confirm(reference: &str) -> Said {
    Said::Confirm {
        way: Way::Elsewhere,
        reference: Some(reference.into()),
    }
}

fn refuse() -> Said {
    Said::Refuse {
        ground: "nobody of the shop gave anything back".into(),
    }
}

fn approvals(rows: &[LedgerRow]) -> usize {
    rows.iter()
        .filter(|row| row.decision == Some(Decision::Approved))
        .count()
}

#[test]
fn what_undoes_a_sale_is_carried_out_by_two_people_once_and_owed_until_the_host_answers() {
    for kind in [Kind::Reversal, Kind::Void] {
        for (said, decision) in [("00", Decision::Reversed), ("12", Decision::Recorded)] {
            let (house, incident, sales) = lost_after(1);
            let id = terminal(1);
            let sequence = asked(&house, kind, &sales[0], 9);
            let before = house.rows(id);
            let listed = one(&house, &incident, sequence);
            assert_eq!((listed.recorded.state, listed.hindrance), (State::Open, None));
            let original = listed.original.unwrap();
            assert_eq!(original.batch_trace, Some(sales[0].name));

            let proposed = take(&house, &risk_officer(), &incident, sequence, propose(None)).unwrap();
            assert_eq!(proposed.recorded.way, Some(Way::Host));
            assert_eq!(
                proposed.recorded.ground.as_deref(),
                Some("the shop asked for it\nby telephone")
            );
            assert!(house.owed(id).is_empty(), "nothing yet");
            let alone = take(&house, &risk_officer(), &incident, sequence, CONFIRM);
            assert!(matches!(alone, Err(Error::SecondPersonRequired)));
            let other = take(&house, &second(), &incident, sequence, confirm("ACQ-1"));
            assert!(matches!(other, Err(Error::WrongState("proposed"))));
            let done = take(&house, &second(), &incident, sequence, CONFIRM).unwrap();
            assert_eq!(done.recorded.state, State::CarriedOut);
            assert_eq!(done.recorded.reversal_sealed, None, "it is kept once");
            assert_eq!(done.at_host, Some(AtHost::Asked(house.now())));
            assert_eq!(done.recorded.ground, proposed.recorded.ground);
            let owed = house.owed(id);
            assert_eq!(owed.len(), 1);
            assert_eq!(
                (
                    owed[0].sequence,
                    owed[0].cause.as_str(),
                    owed[0].reversal_sealed.as_deref()
                ),
                (original.sequence, "decided", Some(SEALED))
            );
            for again in [propose(None), CONFIRM, Said::Withdraw, refuse()] {
                let again = take(&house, &risk_officer(), &incident, sequence, again);
                assert!(matches!(again, Err(Error::WrongState("carried_out"))));
            }
            assert_eq!(
                house.rows(id),
                before,
                "a decision is no transaction of the terminal"
            );
            assert_eq!(code(&house.reverse(&sealed(sales[0].clone()))), "58");

            house.settle_owed(id, original.sequence, said);
            assert_eq!(house.last(id).decision, Some(decision));
            assert_eq!(house.last(id).of_sequence, Some(original.sequence));
            let told = one(&house, &incident, sequence).at_host;
            match decision {
                Decision::Reversed => assert!(matches!(told, Some(AtHost::Undone(Some(_), _)))),
                _ => assert!(matches!(told, Some(AtHost::Refused(Some(_), _)))),
            }
            assert_eq!(approvals(&house.rows(id)), approvals(&before));
            let told = house.timeline(&incident.incident_id);
            for happened in [
                Happened::RecordedProposed,
                Happened::RecordedCarriedOut,
                Happened::HostReversal,
            ] {
                assert!(told.contains(&happened), "{happened:?}");
            }
        }
    }
}

#[test]
fn what_the_terminal_asks_once_it_is_free_again_meets_what_was_decided() {
    let (house, incident, sales) = lost_after(1);
    let id = terminal(1);
    let sequence = asked(&house, Kind::Void, &sales[0], 9);
    take(&house, &risk_officer(), &incident, sequence, propose(None)).unwrap();
    take(&house, &second(), &incident, sequence, CONFIRM).unwrap();
    house.find_again(&incident.incident_id);
    // Still owed: nothing else about the sale is decided, and the recorded void itself is not answered anew.
    assert_eq!(
        code(&house.refuse(&after(Kind::Void, 10, &sales[0], 1_000))),
        "12"
    );
    assert_eq!(code(&house.refuse(&after(Kind::Void, 9, &sales[0], 1_000))), "94");
    assert_eq!(
        code(&house.refuse(&sales[0])),
        "94",
        "an approval that is about to be undone is not given again"
    );
    assert_eq!(house.owed(id).len(), 1);
}

#[test]
fn a_refund_is_carried_out_elsewhere_with_its_reference_or_refused_for_good() {
    let (house, incident, _) = lost_after(0);
    assert_eq!(code(&house.refuse(&ask(Kind::Refund, terminal(1), 3))), "58");
    let sequence = house.last(terminal(1)).sequence;
    assert_eq!(
        one(&house, &incident, sequence).hindrance,
        Some(Hindrance::NoUndoing)
    );
    let bare = take(&house, &risk_officer(), &incident, sequence, propose(None));
    assert!(matches!(bare, Err(Error::Required("reference"))));
    let proposed = take(
        &house,
        &risk_officer(),
        &incident,
        sequence,
        propose(Some("ACQ-7")),
    )
    .unwrap();
    assert_eq!(proposed.recorded.way, Some(Way::Elsewhere));
    // Taken back, proposed anew: who saw the first confirms nothing.
    take(&house, &risk_officer(), &incident, sequence, Said::Withdraw).unwrap();
    take(
        &house,
        &risk_officer(),
        &incident,
        sequence,
        propose(Some("ACQ-8")),
    )
    .unwrap();
    let stale = take(&house, &second(), &incident, sequence, confirm("ACQ-7"));
    assert!(matches!(stale, Err(Error::WrongState("proposed"))));
    take(&house, &second(), &incident, sequence, confirm("ACQ-8")).unwrap();
    assert_eq!(list(&house, &incident, Some(Which::Undecided)).len(), 0);
    let decided = list(&house, &incident, Some(Which::Decided));
    assert_eq!((decided.len(), decided[0].at_host), (1, None));
    assert!(house.owed(terminal(1)).is_empty());

    assert_eq!(code(&house.refuse(&ask(Kind::Refund, terminal(1), 4))), "58");
    let sequence = house.last(terminal(1)).sequence;
    let refused = take(&house, &risk_officer(), &incident, sequence, refuse()).unwrap();
    assert_eq!(refused.recorded.state, State::Refused);
    let again = take(&house, &second(), &incident, sequence, propose(Some("ACQ-9")));
    assert!(matches!(again, Err(Error::WrongState("refused"))));
}

#[test]
fn only_the_house_decides_and_only_what_is_this_incidents() {
    let (house, incident, sales) = lost_after(1);
    let sequence = asked(&house, Kind::Reversal, &sales[0], 0);
    for by in [owner(), manager("s1")] {
        let taken = take(&house, &by, &incident, sequence, refuse());
        assert!(matches!(taken, Err(Error::NotAllowed)));
        assert_eq!(one(&house, &incident, sequence).actions(&by), []);
    }
    // The sale itself, a hold, and nothing at all.
    for none in [0, 1, sequence - 1, 9_999] {
        let taken = take(&house, &risk_officer(), &incident, none, refuse());
        assert!(matches!(taken, Err(Error::Unknown("sequence"))), "{none}");
    }
}

#[test]
fn what_strangers_may_have_sent_and_what_was_only_counted_can_only_be_refused() {
    let (house, incident, sales) = lost_after(1);
    let forged = Attempt {
        mac_verified: false,
        ..sealed(sales[0].clone())
    };
    house.reverse(&forged);
    let unproven = house.last(terminal(1)).sequence;
    let repeats = Repeats {
        terminal_id: terminal(1),
        kind: Kind::Refund,
        proof: Proof::Proven,
        count: 7,
        peer: "192.0.2.7:4100".into(),
        first_at: START,
    };
    house.write(move |tx| app::repeats::write(tx, &repeats));
    let counted = house.last(terminal(1)).sequence;
    for (sequence, hindrance) in [(unproven, Hindrance::Unproven), (counted, Hindrance::Counted)] {
        assert_eq!(one(&house, &incident, sequence).hindrance, Some(hindrance));
        let carried = take(
            &house,
            &risk_officer(),
            &incident,
            sequence,
            propose(Some("ACQ-1")),
        );
        assert!(matches!(carried, Err(Error::WrongState("open"))));
        take(&house, &risk_officer(), &incident, sequence, refuse()).unwrap();
    }
}

#[test]
fn a_refund_that_the_hold_cut_off_at_the_host_may_be_done_and_is_decided_too() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let sequence = house.forward(&ask(Kind::Refund, id, 1));
    let incident = house.lose(id);
    house.release(id, sequence, approval());
    let kept: Vec<_> = list(&house, &incident, Some(Which::Undecided));
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].hindrance, Some(Hindrance::MayBeDone));
}

#[test]
fn what_a_reversal_must_carry_is_kept_for_a_month_and_not_a_moment_longer() {
    for erased in [false, true] {
        let (mut house, incident, sales) = lost_after(1);
        let sequence = asked(&house, Kind::Reversal, &sales[0], 0);
        assert_eq!(list(&house, &incident, Some(Which::Kept)).len(), 1);
        house.pass_ms(SEALED_MS - 1_000);
        house.clean_up(CleanUp::Recorded);
        assert_eq!(one(&house, &incident, sequence).hindrance, None);
        take(&house, &risk_officer(), &incident, sequence, propose(None)).unwrap();
        house.pass_ms(2_000);
        if erased {
            house.clean_up(CleanUp::Recorded);
            assert!(list(&house, &incident, Some(Which::Kept)).is_empty());
        }
        assert_eq!(
            one(&house, &incident, sequence).hindrance,
            Some(Hindrance::NotKept)
        );
        let late = take(&house, &second(), &incident, sequence, CONFIRM);
        assert!(matches!(late, Err(Error::WrongState("proposed"))));
        house.reopen();
        take(&house, &second(), &incident, sequence, Said::Withdraw).unwrap();
        take(
            &house,
            &risk_officer(),
            &incident,
            sequence,
            propose(Some("ACQ-9")),
        )
        .unwrap();
        take(&house, &second(), &incident, sequence, confirm("ACQ-9")).unwrap();
        assert!(house.owed(terminal(1)).is_empty());
    }
}

#[test]
fn a_refusal_for_good_erases_what_a_reversal_must_carry() {
    let (house, incident, sales) = lost_after(1);
    let sequence = asked(&house, Kind::Reversal, &sales[0], 0);
    let refused = take(&house, &risk_officer(), &incident, sequence, refuse()).unwrap();
    assert_eq!(refused.recorded.reversal_sealed, None);
    assert!(refused.recorded.ground.is_some());
    let again = asked(&house, Kind::Void, &sales[0], 9);
    assert_eq!(
        one(&house, &incident, again).hindrance,
        None,
        "the next one is its own"
    );
}

#[test]
fn the_words_are_sealed_and_go_after_three_years_and_the_decision_stays() {
    let (mut house, incident, sales) = lost_after(1);
    let sequence = asked(&house, Kind::Reversal, &sales[0], 0);
    take(&house, &risk_officer(), &incident, sequence, refuse()).unwrap();
    assert!(!house.is_left("nobody of the shop"));
    house.pass_ms(KEPT_MS + 1);
    house.clean_up(CleanUp::Recorded);
    let refused = one(&house, &incident, sequence).recorded;
    assert_eq!((refused.state, refused.ground), (State::Refused, None));
}

#[test]
fn a_thief_fills_no_more_than_so_many_and_hides_none_of_them() {
    let limit = u32::try_from(SEALED_MAX).unwrap();
    let (house, incident, sales) = lost_after(limit + 1);
    let first = asked(&house, Kind::Reversal, &sales[0], 0);
    // The same again and again, also by another kind, is kept once.
    for trace in 500..505 {
        let again = asked(&house, Kind::Reversal, &sales[0], 0);
        assert_eq!(one(&house, &incident, again).hindrance, Some(Hindrance::NotKept));
        asked(&house, Kind::Void, &sales[0], trace);
    }
    for sale in &sales[1..] {
        asked(&house, Kind::Reversal, sale, 0);
    }
    let kept = list(&house, &incident, Some(Which::Kept));
    assert_eq!(kept.len() as i64, SEALED_MAX);
    assert_eq!(kept.last().unwrap().row.sequence, first, "and each is found");
    let beyond = &list(&house, &incident, None)[0];
    assert_eq!(beyond.row.batch_trace, Some(sales[limit as usize].name));
    assert_eq!(beyond.hindrance, Some(Hindrance::NotKept));
}

#[test]
fn what_was_undone_meanwhile_is_not_undone_again() {
    let (house, incident, sales) = lost_after(1);
    let one_of = asked(&house, Kind::Reversal, &sales[0], 0);
    take(&house, &risk_officer(), &incident, one_of, propose(None)).unwrap();
    house.find_again(&incident.incident_id);
    // Free again, it undoes the sale itself; what was proposed finds it undone.
    let undone = house.reverse(&sales[0]);
    assert_eq!(code(&undone), "00");
    assert_eq!(
        one(&house, &incident, one_of).hindrance,
        Some(Hindrance::Refused(Refusal::FollowedAlready))
    );
    let late = take(&house, &second(), &incident, one_of, CONFIRM);
    assert!(matches!(late, Err(Error::WrongState("proposed"))));
    assert_eq!(house.owed(terminal(1)).len(), 1);
    // What comes later is another hold's, and no more this loss's.
    house.place(terminal(1), HoldKind::CashierLock, None);
    let later = asked(&house, Kind::Reversal, &sales[0], 0);
    let closed = house.read(|tx| store::row::by_id::<Incident>(tx, &incident.incident_id));
    assert!(
        list(&house, &closed.unwrap(), None)
            .iter()
            .all(|it| it.row.sequence != later)
    );
}

#[test]
fn a_terminal_that_is_not_held_leaves_nothing_of_it() {
    let (house, sale) = (House::open(), purchase(terminal(1), 1));
    house.sign_in(terminal(1));
    house.approve(&sale);
    house.refuse(&sealed(after(Kind::Void, 2, &sale, 999)));
    let kept = house.read(|tx| store::recorded::get(tx, terminal(1), 3));
    assert_eq!(kept, None);
}

#[test]
fn of_two_people_who_decide_at_once_one_does() {
    let (house, incident, sales) = lost_after(1);
    let sequence = asked(&house, Kind::Reversal, &sales[0], 0);
    take(&house, &risk_officer(), &incident, sequence, propose(None)).unwrap();
    let (told, heard) = std::sync::mpsc::channel();
    for said in [CONFIRM, refuse()] {
        let (told, id) = (told.clone(), incident.incident_id.clone());
        house.store().submit(
            move |tx| recorded::take(tx, &second(), (&id, sequence), said),
            move |taken: Result<Listed, Error>| {
                let said = match taken {
                    Ok(_) => "done",
                    Err(Error::WrongState(_)) => "wrong state",
                    Err(_) => "failed",
                };
                told.send(said).unwrap();
            },
        );
    }
    let mut heard = [heard.recv().unwrap(), heard.recv().unwrap()];
    heard.sort_unstable();
    assert_eq!(heard, ["done", "wrong state"]);
    let decided = one(&house, &incident, sequence).recorded.state;
    let owed = house.owed(terminal(1)).len();
    assert!(matches!(
        (decided, owed),
        (State::CarriedOut, 1) | (State::Refused, 0)
    ));
}
