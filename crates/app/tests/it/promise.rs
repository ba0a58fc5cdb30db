//! The promise as a property: after a report of loss nothing of that terminal is approved, whatever happens around it
//! in whatever order (R1.2). Checked on the durable order, because overlapping replies prove nothing.

use std::collections::HashSet;

use app::transaction::{Admitted, Answer, Attempt};
use domain::TerminalId;
use domain::actor::By;
use domain::hold::Kind as HoldKind;
use domain::transaction::{BatchTrace, Decision, Entry, HostOutcome, Kind, LedgerRow};
use proptest::prelude::*;

use crate::fixture::{House, NODE, OPERATOR, approval, ask, host, owner, risk_officer};

const TERMINALS: usize = 3;

#[derive(Clone, Debug)]
enum Act {
    /// A new request, or with the number of an earlier one that one again.
    Authorise(Kind, Option<usize>),
    /// The host's word about one that waits for it.
    Release(usize, HostOutcome),
    Reverse(usize),
    HostAnswersReversal(&'static str),
    ReportLoss,
    FindAgain,
    Lock,
    Unlock(bool),
    SignIn,
    Recover,
    Pass(i64),
}

fn host_outcome() -> impl Strategy<Value = HostOutcome> {
    prop_oneof![
        4 => Just(approval()),
        1 => Just(host("51")),
        1 => Just(HostOutcome::Silent),
        1 => Just(HostOutcome::NotSent),
    ]
}

fn act() -> impl Strategy<Value = (usize, Act)> {
    let kind = proptest::sample::select(&[Kind::Refund, Kind::PreAuthorisation, Kind::Void][..]);
    let kind = prop_oneof![3 => Just(Kind::Purchase), 2 => kind];
    let act = prop_oneof![
        6 => (kind, proptest::option::weighted(0.2, 0_usize..8)).prop_map(|(kind, again)| Act::Authorise(kind, again)),
        6 => (0_usize..4, host_outcome()).prop_map(|(nth, host)| Act::Release(nth, host)),
        2 => (0_usize..8).prop_map(Act::Reverse),
        1 => proptest::sample::select(&["00", "25", "05"][..]).prop_map(Act::HostAnswersReversal),
        2 => Just(Act::ReportLoss),
        1 => Just(Act::FindAgain),
        1 => Just(Act::Lock),
        2 => any::<bool>().prop_map(Act::Unlock),
        1 => Just(Act::SignIn),
        1 => Just(Act::Recover),
        2 => (0_i64..3).prop_map(Act::Pass),
    ];
    (0..TERMINALS, act)
}

/// One run: what a watcher outside knows.
struct Run<'h> {
    house: &'h House,
    ids: Vec<TerminalId>,
    /// Every request ever made, with its terminal's number.
    asked: Vec<(usize, Attempt)>,
    /// Requests at the host.
    waiting: Vec<(usize, i64, Attempt)>,
    /// Intents given out: terminal's number and sequence.
    intents: HashSet<(usize, i64)>,
    /// What the host may have approved, and whether the terminal was told so.
    at_host: Vec<(usize, Attempt, bool)>,
    lost: [bool; TERMINALS],
}

impl Run<'_> {
    fn new(house: &House) -> Run<'_> {
        Run {
            house,
            ids: house.more_terminals(TERMINALS as u32),
            asked: Vec::new(),
            waiting: Vec::new(),
            intents: HashSet::new(),
            at_host: Vec::new(),
            lost: [false; TERMINALS],
        }
    }

    /// No answer to a terminal whose loss was reported says 00.
    fn told(&self, number: usize, answer: &Answer) {
        assert!(
            !(self.lost[number] && answer.response_code.is_approved()),
            "{answer:?} to a lost terminal"
        );
    }

    fn step(&mut self, number: usize, act: Act) {
        let id = self.ids[number];
        match act {
            Act::Authorise(kind, again) => self.authorise(number, kind, again),
            Act::Release(nth, host) => self.release(nth, &host),
            Act::Reverse(nth) => self.reverse(nth),
            Act::HostAnswersReversal(code) => {
                if let Some(owed) = self.house.owed(id).first() {
                    self.house.settle_owed(id, owed.sequence, code);
                }
            }
            Act::ReportLoss => {
                self.house.report(&owner(), id).unwrap();
                self.lost[number] = true;
            }
            Act::FindAgain => self.find_again(number),
            Act::Lock => drop(self.house.write(move |tx| {
                app::operator::lock_terminal(tx, id, app::operator::LockedBy::Account, By::person("owner"))
            })),
            Act::Unlock(right) => {
                let unlocked = self
                    .house
                    .write(move |tx| app::operator::unlock(tx, id, OPERATOR, right, By::person("owner")));
                assert!(!(self.lost[number] && unlocked.is_ok()));
            }
            Act::SignIn => {
                let signed_in = self.house.try_sign_in(&ask(Kind::SignIn, id, 1), OPERATOR);
                if let app::sign_in::SignedIn::Offered { keys, batch, .. } = signed_in {
                    assert!(!self.lost[number], "fresh keys for a lost terminal");
                    self.house.prove(id, keys.sequence, batch);
                }
            }
            Act::Recover => self.recover(),
            Act::Pass(ms) => self.house.pass_ms(ms),
        }
    }

    fn authorise(&mut self, number: usize, kind: Kind, again: Option<usize>) {
        let own = || self.asked.iter().filter(|(owner, _)| *owner == number);
        let again = again
            .and_then(|nth| own().nth(nth))
            .map(|(_, attempt)| attempt.clone());
        let attempt = again.unwrap_or_else(|| ask(kind, self.ids[number], own().count() as u32 + 1));
        self.asked.push((number, attempt.clone()));
        match self.house.authorise(&attempt) {
            Admitted::Forward { sequence } => {
                assert!(
                    self.intents.insert((number, sequence)),
                    "an intent's place is used once"
                );
                assert!(!self.lost[number], "nothing of a lost terminal goes to the host");
                self.waiting.push((number, sequence, attempt));
            }
            Admitted::Answer(answer) => self.told(number, &answer),
            Admitted::InFlight => {}
            Admitted::UnknownTerminal => panic!("a terminal of the house"),
        }
    }

    fn release(&mut self, nth: usize, host: &HostOutcome) {
        if nth >= self.waiting.len() {
            return;
        }
        let (number, sequence, attempt) = self.waiting.remove(nth);
        let answer = self.house.release(self.ids[number], sequence, host.clone());
        self.told(number, &answer);
        let given = answer.response_code.is_approved();
        if *host == approval() || *host == HostOutcome::Silent {
            self.at_host.push((number, attempt, given));
        } else {
            assert!(!given, "the host did not approve");
        }
    }

    fn reverse(&mut self, nth: usize) {
        if let Some((number, attempt)) = self.asked.get(nth) {
            self.told(*number, &self.house.reverse(attempt));
        }
    }

    /// The node restarts: nobody waits for the host any more.
    fn recover(&mut self) {
        let before = self.house.now().plus_ms(1);
        self.house
            .write(move |tx| app::transaction::recover(tx, NODE, before));
        let ids: HashSet<_> = self.ids.iter().collect();
        assert!(ids.iter().all(|id| self.house.pending_count(**id) == 0));
        let left = self.waiting.drain(..);
        self.at_host
            .extend(left.map(|(number, _, attempt)| (number, attempt, false)));
    }

    fn find_again(&mut self, number: usize) {
        let id = self.ids[number];
        let Some(incident) = self.house.read(|tx| store::incident::unclosed(tx, id)) else {
            assert!(!self.lost[number], "a lost terminal has a case");
            return;
        };
        self.house.propose_found(&owner(), &incident.incident_id).unwrap();
        assert!(self.house.confirm_found(&owner(), &incident.incident_id).is_err());
        assert!(self.house.standing(id).has(HoldKind::Loss));
        self.house
            .confirm_found(&risk_officer(), &incident.incident_id)
            .unwrap();
        self.lost[number] = false;
    }

    /// What the durable order must show in the end.
    fn check(&self) {
        for (number, id) in self.ids.iter().enumerate() {
            let rows = self.house.rows(*id);
            check_order(&rows);
            let owed: HashSet<i64> = self.house.owed(*id).iter().map(|owed| owed.sequence).collect();
            for (_, attempt, given) in self.at_host.iter().filter(|(owner, ..)| *owner == number) {
                let decided = decided(&rows, attempt.name);
                let approved = decided
                    .iter()
                    .filter(|row| row.decision == Some(Decision::Approved))
                    .count();
                assert_eq!(approved, usize::from(*given), "{attempt:?}");
                let taken_care_of = decided.iter().any(|row| {
                    owed.contains(&row.sequence)
                        || rows.iter().any(|later| later.of_sequence == Some(row.sequence))
                });
                assert!(
                    *given || taken_care_of,
                    "the host may keep what nobody was given: {attempt:?}"
                );
            }
        }
    }
}

/// The rows that answered the request of a name.
fn decided(rows: &[LedgerRow], name: BatchTrace) -> Vec<&LedgerRow> {
    let named = rows.iter().filter(|row| row.batch_trace == Some(name));
    named
        .filter(|row| matches!(row.decision, Some(Decision::Approved | Decision::Declined)))
        .collect()
}

fn check_order(rows: &[LedgerRow]) {
    let mut lost = false;
    for (before, row) in std::iter::once(None).chain(rows.iter().map(Some)).zip(rows) {
        if let Some(before) = before {
            assert!(
                before.sequence < row.sequence && before.at <= row.at,
                "{before:?} then {row:?}"
            );
        }
        let loss = row.reason.as_deref() == Some("loss");
        match row.entry {
            Entry::HoldPlaced if loss => {
                lost = true;
                assert!(
                    before.is_none_or(|before| before.at < row.at),
                    "strictly later than what was approved"
                );
            }
            Entry::HoldReleased if loss => lost = false,
            _ => assert!(
                !(lost && row.decision == Some(Decision::Approved)),
                "approved after the report: {row:?}"
            ),
        }
    }
}

#[test]
fn after_a_report_of_loss_nothing_of_that_terminal_is_approved() {
    let house = House::open();
    let config = ProptestConfig {
        cases: if crate::IS_SHARED { 24 } else { 96 },
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(acts in proptest::collection::vec(act(), 1..60))| {
        let mut run = Run::new(&house);
        for (number, act) in acts {
            run.step(number, act);
        }
        run.check();
    });
}
