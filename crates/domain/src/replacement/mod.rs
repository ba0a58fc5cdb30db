//! Replacements: the terminal that takes a lost one's place, or that stands in for it meanwhile (R1.4, R2.1).
//!
//! Its table of steps is its law: a device is picked and looked at, bound to the merchant, the lost terminal's keys are dead, the new one's
//! are loaded and checked, a sale was tried and taken back, the checklist is signed, and only then it sells.
//!
//! Invariant: no step is taken while an earlier one is open, and nothing leads to *live* but by way of *old keys dead*.

pub mod checklist;
pub mod device;
pub mod interruption;

use crate::actor::{Actor, Kind};
use crate::case::{Adding, Case, ListVerb, Step, Text, Who};
use crate::hold;
use crate::right::{Object, Right, may};
use crate::transaction::{Decision, Entry, Kind as Asked, LedgerRow, Proof, Side};
use crate::{TerminalId, Timestamp, words};

pub use device::Device;

/// How long a sale may be tried before the terminal is held again, milliseconds.
pub const TEST_MS: i64 = 15 * 60_000;

words! {
    /// Where a replacement stands.
    pub enum State {
        /// A device is to be picked.
        Begun = "begun",
        /// The one that was picked must not be used; another is to be picked.
        Refused = "refused",
        /// Something about it needs a person's ground.
        Warned = "warned",
        /// Nothing stands against it; it is to be bound to the merchant.
        DeviceChecked = "device_checked",
        /// It has a terminal number and is held; the lost terminal's keys are to be ended.
        Bound = "bound",
        /// They are dead; its own are to be loaded.
        OldKeysDead = "old_keys_dead",
        /// They are loaded and checked; a sale is to be tried.
        KeysLoaded = "keys_loaded",
        /// It may sell for a few minutes, to be tried.
        Testing = "testing",
        /// A sale was approved and taken back; the checklist is to be signed.
        Tested = "tested",
        /// It is signed.
        Signed = "signed",
        /// It sells.
        Live = "live",
        /// The loaner was given back and cleared.
        Returned = "returned",
        /// Somebody ended it before it was live.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What can be done with a replacement.
    pub enum Verb {
        /// Say which device it is: nothing stands against it.
        Pick = "pick",
        /// The same; something about it needs a ground.
        PickWarned = "pick_warned",
        /// The same; it must not be used.
        PickRefused = "pick_refused",
        /// Say why it is used all the same.
        AcceptWarnings = "accept_warnings",
        /// Give it a terminal number of the same merchant and shop.
        Bind = "bind",
        /// End the lost terminal's keys, or write down who says that they are ended.
        EndOldKeys = "end_old_keys",
        /// Compare the check value of its own keys.
        LoadKeys = "load_keys",
        /// Let it sell for a few minutes.
        BeginTest = "begin_test",
        /// Its time is over.
        EndTest = "end_test",
        /// The sale was approved and taken back.
        PassTest = "pass_test",
        /// Sign the checklist.
        Sign = "sign",
        /// Let it sell.
        GoLive = "go_live",
        /// End it before it is live.
        Withdraw = "withdraw",
        /// The loaner was given back and cleared.
        GiveBack = "give_back",
    }
}

/// A replacement of a lost terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The incident's identifier, `-R`, its place.
    pub replacement_id: String,
    /// Of which incident.
    pub incident_id: String,
    /// Its place among the incident's, from 1.
    pub position: i64,
    /// Whether it stands in only until the real one is there.
    pub is_loaner: bool,
    /// Where it stands.
    pub state: State,
    /// The terminal that was lost.
    pub old_terminal_id: TerminalId,
    /// An acquirer outside has that terminal's keys.
    pub old_is_outside: bool,
    /// The check value that its master key had.
    pub old_key_check: Option<String>,
    /// The device last picked.
    pub device: Option<Device>,
    /// Why it must not be used: [`device::Refusal`]s with spaces between.
    pub refusals: String,
    /// What needed a ground: [`device::Warning`]s with spaces between.
    pub warnings: String,
    /// What it is bound as.
    pub bound: Option<Bound>,
    /// Until when it may sell, to be tried.
    pub test_until: Option<Timestamp>,
    /// The sale that was tried, in its ledger.
    pub test_sequence: Option<i64>,
    /// The checklist as it was signed.
    pub signed: Option<Signed>,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When it sold first.
    pub live_at: Option<Timestamp>,
    /// When nothing was left to do.
    pub closed_at: Option<Timestamp>,
}

/// The terminal that a device was bound as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Which.
    pub terminal_id: TerminalId,
    /// An acquirer outside decides what it may do.
    pub is_outside: bool,
    /// The hold it was bound under: what came after it in its ledger is the test.
    pub hold_id: i64,
}

/// A checklist that was signed: its text is frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Which version.
    pub version: u32,
    /// SHA-256 of the text, 64 hexadecimal digits.
    pub digest: String,
    /// The text, line by line.
    pub text: String,
}

/// One step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of which replacement.
    pub replacement_id: String,
    /// Its place, from 1.
    pub position: i64,
    /// What was done.
    pub verb: Verb,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What names it: a serial number, a terminal, a number that somebody outside gave.
    pub reference: Option<String>,
    /// In which words, or on which ground.
    pub statement: Option<String>,
}

/// Before it is live.
const OPEN: [State; 10] = [
    State::Begun,
    State::Refused,
    State::Warned,
    State::DeviceChecked,
    State::Bound,
    State::OldKeysDead,
    State::KeysLoaded,
    State::Testing,
    State::Tested,
    State::Signed,
];
/// A device may be picked, or another.
const PICKING: [State; 4] = [State::Begun, State::Refused, State::Warned, State::DeviceChecked];
const FOLLOWERS: Who = Who::With(Right::FollowLoss);
const KEEPERS: Who = Who::With(Right::KeepTerminal);

impl Case for Replacement {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Pick, &PICKING, Some(State::DeviceChecked), KEEPERS).saying(Text::Optional),
        Step::new(Verb::PickWarned, &PICKING, Some(State::Warned), KEEPERS).saying(Text::Optional),
        Step::new(Verb::PickRefused, &PICKING, Some(State::Refused), KEEPERS).saying(Text::Optional),
        Step::new(
            Verb::AcceptWarnings,
            &[State::Warned],
            Some(State::DeviceChecked),
            KEEPERS,
        )
        .saying(Text::Required)
        .by_person(),
        Step::new(Verb::Bind, &[State::DeviceChecked], Some(State::Bound), KEEPERS)
            .saying(Text::Optional)
            .by_person(),
        Step::new(
            Verb::EndOldKeys,
            &[State::Bound],
            Some(State::OldKeysDead),
            KEEPERS,
        )
        .saying(Text::Optional)
        .by_person(),
        Step::new(
            Verb::LoadKeys,
            &[State::OldKeysDead],
            Some(State::KeysLoaded),
            KEEPERS,
        )
        .saying(Text::Optional)
        .by_person(),
        Step::new(
            Verb::BeginTest,
            &[State::KeysLoaded],
            Some(State::Testing),
            KEEPERS,
        )
        .by_person(),
        Step::new(
            Verb::EndTest,
            &[State::Testing],
            Some(State::KeysLoaded),
            Who::Kind(Kind::Timer),
        ),
        Step::new(
            Verb::PassTest,
            &[State::Testing, State::KeysLoaded],
            Some(State::Tested),
            KEEPERS,
        )
        .saying(Text::Optional)
        .by_person(),
        Step::new(Verb::Sign, &[State::Tested], Some(State::Signed), FOLLOWERS)
            .saying(Text::Optional)
            .by_person(),
        Step::new(Verb::GoLive, &[State::Signed], Some(State::Live), FOLLOWERS)
            .saying(Text::Optional)
            .by_person(),
        Step::new(Verb::Withdraw, &OPEN, Some(State::Withdrawn), FOLLOWERS)
            .saying(Text::Required)
            .by_person(),
        Step::new(Verb::GiveBack, &[State::Live], Some(State::Returned), FOLLOWERS)
            .saying(Text::Required)
            .by_person(),
    ];
    const ADDING: Adding = Adding {
        who: FOLLOWERS,
        ways: &[ListVerb::Create],
    };

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    /// What our gate holds of the lost terminal is the acquirer's to end.
    fn allows_to(&self, verb: Verb, actor: &Actor) -> bool {
        verb != Verb::EndOldKeys || self.old_is_outside || may(actor, Right::KeepGate, Object::Seen)
    }

    fn hinders(&self, verb: Verb) -> bool {
        let is_outside = self.bound.is_some_and(|bound| bound.is_outside);
        match verb {
            // Nobody outside waits for us to let it be tried.
            Verb::BeginTest => is_outside,
            Verb::PassTest => !is_outside && self.state == State::KeysLoaded,
            Verb::GiveBack => !self.is_loaner,
            _ => false,
        }
    }
}

impl Replacement {
    /// Whether something is left to do before the new terminal sells.
    pub fn is_under_way(&self) -> bool {
        OPEN.contains(&self.state)
    }
}

/// What is missing of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTested {
    /// No sale that the terminal proved to be its own was approved.
    NoSale,
    /// One was, and it was not taken back.
    SaleStands,
}

/// Whether a terminal was tried: of its rows since it was bound, a sale it proved to be its own was approved, and each that was is taken
/// back by a void, a refund of all of it or a reversal. Answers the last one's place.
pub fn tried(rows: &[LedgerRow]) -> Result<i64, NotTested> {
    let is_sale = |row: &&LedgerRow| {
        let sells = |kind: Asked| kind.side() == Some(Side::Debit) || kind == Asked::PreAuthorisation;
        let is_approved = row.decision == Some(Decision::Approved);
        is_approved && matches!(row.entry, Entry::Request(kind) if sells(kind))
    };
    let is_undone = |sale: &LedgerRow| rows.iter().any(|row| takes_back(row, sale));
    if rows.iter().filter(is_sale).any(|sale| !is_undone(sale)) {
        return Err(NotTested::SaleStands);
    }
    let proven = rows
        .iter()
        .filter(|row| is_sale(row) && row.proof == Some(Proof::Proven));
    proven
        .map(|row| row.sequence)
        .next_back()
        .ok_or(NotTested::NoSale)
}

fn takes_back(row: &LedgerRow, sale: &LedgerRow) -> bool {
    let is_of_it = row.of_sequence == Some(sale.sequence);
    match (row.entry, row.decision) {
        (_, Some(Decision::Reversed)) => {
            is_of_it || (row.batch_trace.is_some() && row.batch_trace == sale.batch_trace)
        }
        (
            Entry::Request(Asked::Void | Asked::PreAuthorisationVoid | Asked::CompletionVoid),
            Some(Decision::Approved),
        ) => is_of_it,
        (Entry::Request(Asked::Refund), Some(Decision::Approved)) => is_of_it && row.amount == sale.amount,
        _ => false,
    }
}

/// The hold under which a terminal is until it is live.
pub const HOLD: hold::Kind = hold::Kind::Commissioning;

#[cfg(test)]
mod tests;
