//! The simulated issuer: test cards, their accounts, and the memory of what it approved.
//!
//! It touches nothing: the time comes in as a parameter, and [`Issuer::decide`] answers at once.
//! An approval is known by its [`Position`]: terminal, batch and trace number. A void, refund, completion or reversal
//! finds its original by it.
//!
//! Invariant: an approval changes an account exactly once, and undoing it (void, reversal) gives back exactly what it
//! took, however often it is undone.

mod cards;

use std::collections::{HashMap, VecDeque};

use iso8583::unionpay::Totals;

use crate::calendar::{DAY_MS, Local};
use crate::kind::Kind;
pub use cards::{Card, Outcome, cards, is_luhn_valid};

/// Where an approval stands in a terminal's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Field 41, 8 bytes.
    pub terminal_id: [u8; 8],
    /// Field 60.2.
    pub batch: u32,
    /// Field 11.
    pub trace: u32,
}

/// What a terminal asks, after the host has read the message.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What is asked.
    pub kind: Kind,
    /// Its own place in the books.
    pub position: Position,
    /// The whole card number as a number; test cards only. 0 when the message carries none.
    pub pan: u64,
    /// The expiry that the card states, `YYMM` as a number.
    pub expiry: Option<u64>,
    /// The PIN typed in, if one was.
    pub pin: Option<&'a str>,
    /// Field 4, in fen.
    pub amount_minor: u64,
    /// (batch, trace) of the original, from field 61.
    pub original: Option<(u32, u32)>,
    /// Field 38: the original's approval code, where the terminal states it.
    pub approval_code: Option<[u8; 6]>,
}

/// The issuer's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Field 39.
    pub response_code: [u8; 2],
    /// Field 38, on approvals.
    pub approval_code: Option<[u8; 6]>,
    /// Available balance in fen, on an approved balance inquiry.
    pub balance_minor: Option<u64>,
}

impl Decision {
    /// An answer of this code alone.
    pub(crate) fn bare(response_code: [u8; 2]) -> Decision {
        Decision {
            response_code,
            approval_code: None,
            balance_minor: None,
        }
    }
}

/// An approval that stands: neither reversed nor voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its place in the books.
    pub position: Position,
    /// What was approved. A void that stands is listed; the purchase it undid is not.
    pub kind: Kind,
    /// In fen.
    pub amount_minor: u64,
}

/// Approvals remembered at most; the oldest are forgotten first, which [`Issuer::forgotten`] counts.
pub const APPROVALS_MAX: usize = 1_000_000;
/// A completion may exceed its pre-authorisation up to this many percent of it.
pub const COMPLETION_PERCENT_MAX: u64 = 115;
/// Wrong PINs in a row that lock the card's PIN for a day.
pub const PIN_TRIES_MAX: u32 = 3;
/// Wrong PINs since the last right one that lock it until the bank releases it (requirement R5.3).
pub const PIN_TRIES_TOTAL_MAX: u32 = 10;

/// The issuing bank.
pub struct Issuer {
    accounts: Vec<Account>,
    by_pan: HashMap<u64, usize>,
    approvals: HashMap<Position, Approval>,
    order: VecDeque<Position>,
    approvals_max: usize,
    forgotten: u64,
    sequence: u64,
}

/// An account and its card.
struct Account {
    outcome: Outcome,
    pin: String,
    expiry: u64,
    balance_minor: i64,
    held_minor: i64,
    limit_minor: u64,
    wrong_in_a_row: u32,
    wrong_in_all: u32,
    pin_locked_until_ms: i64,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Issuer({} cards, {} approvals)",
            self.accounts.len(),
            self.approvals.len()
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Stands,
    /// Undone by a void or completed: it may stand again when that is reversed.
    Undone,
    Reversed,
    /// A reversal came for something unknown; what comes later under this position is refused.
    Barred,
}

#[derive(Debug, Clone, Copy)]
struct Approval {
    kind: Kind,
    state: State,
    account: u32,
    amount_minor: u64,
    refunded_minor: u64,
    code: [u8; 6],
    original: Option<(u32, u32)>,
}

type Refusal = [u8; 2];

impl Default for Issuer {
    fn default() -> Self {
        Issuer::new()
    }
}

impl Issuer {
    /// An issuer of all [`cards`].
    pub fn new() -> Issuer {
        let cards = cards();
        let by_pan = cards
            .iter()
            .enumerate()
            .filter_map(|(index, card)| Some((card.pan.parse().ok()?, index)));
        Issuer {
            by_pan: by_pan.collect(),
            accounts: cards.iter().map(Account::of).collect(),
            approvals: HashMap::new(),
            order: VecDeque::new(),
            approvals_max: APPROVALS_MAX,
            forgotten: 0,
            sequence: 0,
        }
    }

    /// Decides one request at `now_ms` (milliseconds since 1970 UTC). Codes: 00; 05 12 13 14 25 38 41 51 54 55 61 75;
    /// 94 for a second request under a position that is taken.
    pub fn decide(&mut self, request: &Request<'_>, now_ms: i64) -> Decision {
        self.approve(request, now_ms).unwrap_or_else(Decision::bare)
    }

    /// Reverses (0400) what was approved under `position`: 00, also the second time; 25 when nothing was approved.
    /// After a 25 the position is barred, so a request that a reversal overtook is not approved later.
    pub fn reverse(&mut self, position: Position) -> Decision {
        let response_code = match self.approvals.get_mut(&position) {
            None => {
                self.remember(position, BARRED);
                *b"25"
            }
            Some(approval) if approval.state == State::Barred => *b"25",
            Some(approval) => {
                let before = std::mem::replace(&mut approval.state, State::Reversed);
                let approval = *approval;
                if before == State::Stands {
                    self.undo(position, approval);
                }
                *b"00"
            }
        };
        Decision::bare(response_code)
    }

    /// Every approval that stands, in no order.
    pub fn standing(&self) -> Vec<Standing> {
        let stands = |(position, approval): (&Position, &Approval)| {
            (approval.state == State::Stands).then_some(Standing {
                position: *position,
                kind: approval.kind,
                amount_minor: approval.amount_minor,
            })
        };
        self.approvals.iter().filter_map(stands).collect()
    }

    /// What a terminal's batch should add up to: purchases and completions are debits; voids, refunds and voids of
    /// completions are credits; what was reversed counts in neither.
    pub fn totals(&self, terminal_id: [u8; 8], batch: u32) -> Totals {
        let mut totals = Totals::default();
        for (position, approval) in &self.approvals {
            if position.terminal_id == terminal_id
                && position.batch == batch
                && approval.state != State::Reversed
            {
                approval.kind.add_to(&mut totals, approval.amount_minor);
            }
        }
        totals
    }

    /// How many approvals were forgotten because [`APPROVALS_MAX`] younger ones came.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn approve(&mut self, request: &Request<'_>, now_ms: i64) -> Result<Decision, Refusal> {
        if self.approvals.contains_key(&request.position) {
            return Err(*b"94");
        }
        let index = *self.by_pan.get(&request.pan).ok_or(*b"14")?;
        self.accounts[index].admit(request, now_ms)?;
        if request.kind == Kind::Balance {
            let account = &self.accounts[index];
            let balance_minor = Some(u64::try_from(account.available_minor()).unwrap_or(0));
            return Ok(Decision {
                response_code: *b"00",
                approval_code: None,
                balance_minor,
            });
        }
        if request.amount_minor == 0 {
            return Err(*b"13");
        }
        match request.kind {
            Kind::Purchase | Kind::PreAuthorisation => self.accounts[index].cover(request.amount_minor)?,
            _ => self.follow(request, index)?,
        }
        Ok(self.record(request, index))
    }

    /// Checks a transaction that acts on an original, and marks the original. 25: no such original; 12: the original
    /// no longer stands; 14: another card; 13 and 61: the amount does not fit.
    fn follow(&mut self, request: &Request<'_>, account: usize) -> Result<(), Refusal> {
        let (batch, trace) = request.original.ok_or(*b"25")?;
        let position = Position {
            batch,
            trace,
            ..request.position
        };
        let original = self
            .approvals
            .get_mut(&position)
            .filter(|o| acts_on(request.kind, o.kind))
            .ok_or(*b"25")?;
        if original.state != State::Stands {
            return Err(if original.state == State::Undone {
                *b"12"
            } else {
                *b"25"
            });
        }
        if original.account as usize != account {
            return Err(*b"14");
        }
        if request.approval_code.is_some_and(|code| code != original.code) {
            return Err(*b"25");
        }
        let left_minor = original.amount_minor - original.refunded_minor;
        match request.kind {
            Kind::Refund if request.amount_minor > left_minor => return Err(*b"61"),
            Kind::Refund => original.refunded_minor += request.amount_minor,
            Kind::Completion | Kind::CompletionNotice => {
                if request.amount_minor > original.amount_minor.saturating_mul(COMPLETION_PERCENT_MAX) / 100 {
                    return Err(*b"61");
                }
                original.state = State::Undone;
            }
            _ if original.refunded_minor > 0 => return Err(*b"12"),
            _ if request.amount_minor != original.amount_minor => return Err(*b"13"),
            _ => original.state = State::Undone,
        }
        Ok(())
    }

    /// Books an approval that passed all checks.
    fn record(&mut self, request: &Request<'_>, account: usize) -> Decision {
        self.sequence += 1;
        let code = approval_code(self.sequence);
        let approval = Approval {
            kind: request.kind,
            state: State::Stands,
            account: account as u32,
            amount_minor: request.amount_minor,
            refunded_minor: 0,
            code,
            original: request.kind.has_original().then_some(request.original).flatten(),
        };
        self.book(request.position, approval, 1);
        self.remember(request.position, approval);
        Decision {
            response_code: *b"00",
            approval_code: Some(code),
            balance_minor: None,
        }
    }

    /// Takes back what an approval did, and lets its original stand again, unless that was itself reversed meanwhile:
    /// then there is nothing to give back to it.
    fn undo(&mut self, position: Position, approval: Approval) {
        let original = approval.original.map(|(batch, trace)| Position {
            batch,
            trace,
            ..position
        });
        let reversed = original
            .and_then(|o| self.approvals.get(&o))
            .is_some_and(|o| o.state == State::Reversed);
        let voids = matches!(
            approval.kind,
            Kind::Void | Kind::PreAuthorisationVoid | Kind::CompletionVoid
        );
        if !(reversed && voids) {
            self.book(position, approval, -1);
        }
        let Some(original) = original.and_then(|o| self.approvals.get_mut(&o)) else {
            return;
        };
        if approval.kind == Kind::Refund {
            original.refunded_minor = original.refunded_minor.saturating_sub(approval.amount_minor);
        } else if original.state == State::Undone {
            original.state = State::Stands;
        }
    }

    /// Moves the money of an approval: `direction` 1 as approved, -1 as taken back.
    fn book(&mut self, position: Position, approval: Approval, direction: i64) {
        let amount = direction.saturating_mul(i64::try_from(approval.amount_minor).unwrap_or(i64::MAX));
        let original = approval.original.and_then(|(batch, trace)| {
            self.approvals
                .get(&Position {
                    batch,
                    trace,
                    ..position
                })
                .filter(|o| o.state != State::Reversed)
        });
        let held_minor = original.map_or(0, |original| original.amount_minor);
        let held = direction.saturating_mul(i64::try_from(held_minor).unwrap_or(i64::MAX));
        let account = &mut self.accounts[approval.account as usize];
        let (balance, hold) = match approval.kind {
            Kind::Balance => (0, 0),
            Kind::Purchase => (-amount, 0),
            Kind::Void | Kind::Refund => (amount, 0),
            Kind::PreAuthorisation => (0, amount),
            Kind::PreAuthorisationVoid => (0, -amount),
            Kind::Completion | Kind::CompletionNotice => (-amount, -held),
            // The completion is undone and its pre-authorisation ends with it.
            Kind::CompletionVoid => (amount, 0),
        };
        account.balance_minor = account.balance_minor.saturating_add(balance);
        account.held_minor = account.held_minor.saturating_add(hold);
    }

    fn remember(&mut self, position: Position, approval: Approval) {
        if self.order.len() >= self.approvals_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.approvals.remove(&oldest);
            self.forgotten += 1;
        }
        self.order.push_back(position);
        self.approvals.insert(position, approval);
    }
}

const BARRED: Approval = Approval {
    kind: Kind::Balance,
    state: State::Barred,
    account: 0,
    amount_minor: 0,
    refunded_minor: 0,
    code: *b"000000",
    original: None,
};

fn acts_on(kind: Kind, original: Kind) -> bool {
    let completion = matches!(original, Kind::Completion | Kind::CompletionNotice);
    match kind {
        Kind::Void => original == Kind::Purchase,
        Kind::Refund => original == Kind::Purchase || completion,
        Kind::PreAuthorisationVoid | Kind::Completion | Kind::CompletionNotice => {
            original == Kind::PreAuthorisation
        }
        Kind::CompletionVoid => completion,
        Kind::Balance | Kind::Purchase | Kind::PreAuthorisation => false,
    }
}

/// Six digits that look random and come again only after a million approvals.
fn approval_code(sequence: u64) -> [u8; 6] {
    let mut left = sequence.wrapping_mul(387_661) % 1_000_000;
    let mut code = [b'0'; 6];
    for digit in code.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    code
}

impl Account {
    fn of(card: &Card) -> Account {
        let plenty_minor = 9_000_000_000;
        let outcome = card.outcome;
        Account {
            outcome,
            pin: if outcome == Outcome::WrongPin {
                "246801".into()
            } else {
                card.pin.clone()
            },
            expiry: card.expiry.parse().unwrap_or(0),
            balance_minor: if outcome == Outcome::InsufficientFunds {
                0
            } else {
                plenty_minor
            },
            held_minor: 0,
            limit_minor: if outcome == Outcome::OverLimit {
                0
            } else {
                5_000_000
            },
            wrong_in_a_row: 0,
            wrong_in_all: 0,
            pin_locked_until_ms: if outcome == Outcome::PinLocked {
                i64::MAX
            } else {
                0
            },
        }
    }

    /// Whether the card may be used at all: its state, expiry and PIN.
    fn admit(&mut self, request: &Request<'_>, now_ms: i64) -> Result<(), Refusal> {
        match self.outcome {
            Outcome::LostCard => return Err(*b"41"),
            Outcome::DoNotHonour => return Err(*b"05"),
            _ => {}
        }
        let expired = self.expiry < u64::from(Local::of(now_ms).yymm());
        if expired || request.expiry.is_some_and(|expiry| expiry != self.expiry) {
            return Err(*b"54");
        }
        request.pin.map_or(Ok(()), |pin| self.try_pin(pin, now_ms))
    }

    fn try_pin(&mut self, pin: &str, now_ms: i64) -> Result<(), Refusal> {
        if self.wrong_in_all >= PIN_TRIES_TOTAL_MAX {
            return Err(*b"38");
        }
        if now_ms < self.pin_locked_until_ms {
            return Err(*b"75");
        }
        if pin == self.pin {
            (self.wrong_in_a_row, self.wrong_in_all) = (0, 0);
            return Ok(());
        }
        self.wrong_in_a_row += 1;
        self.wrong_in_all += 1;
        if self.wrong_in_a_row == PIN_TRIES_MAX {
            self.wrong_in_a_row = 0;
            self.pin_locked_until_ms = now_ms.saturating_add(DAY_MS);
        }
        Err(*b"55")
    }

    /// Whether the account can pay this much now.
    fn cover(&self, amount_minor: u64) -> Result<(), Refusal> {
        if amount_minor > self.limit_minor {
            return Err(*b"61");
        }
        let covered = i64::try_from(amount_minor).is_ok_and(|amount| amount <= self.available_minor());
        if covered { Ok(()) } else { Err(*b"51") }
    }

    fn available_minor(&self) -> i64 {
        self.balance_minor.saturating_sub(self.held_minor)
    }
}

#[cfg(test)]
mod tests;
