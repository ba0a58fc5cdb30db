//! The simulated issuer: test cards, their accounts, and the memory of what it approved.
//!
//! It touches nothing: the time comes in as a parameter, and [`Issuer::decide`] answers at once.
//! An approval is known by its [`Position`]: terminal, batch and trace number. A void, refund, completion or reversal
//! finds its original by it, a refund of another terminal's sale by its retrieval reference. What may follow what is
//! `domain::transaction::follow`, the table that the gate goes by.
//!
//! Invariant: an approval changes an account exactly once, and undoing it (void, reversal) gives back exactly what it
//! took, however often it is undone.

mod cards;

use std::collections::{HashMap, VecDeque};

use domain::Money;
use domain::money::Currency;
use domain::transaction::follow::{FollowUp, Marks, Original, State, judge};
use domain::transaction::{Kind as RuleKind, Refusal as RuleRefusal};
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
    /// Field 37: the original's retrieval reference, where the terminal states it.
    pub retrieval_reference: Option<[u8; 12]>,
    /// Field 38: the original's approval code, where the terminal states it.
    pub approval_code: Option<[u8; 6]>,
    /// Field 37 of the answer, which the host assigns.
    pub assigned_reference: [u8; 12],
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
/// Wrong PINs in a row that lock the card's PIN for a day.
pub const PIN_TRIES_MAX: u32 = 3;
/// Wrong PINs since the last right one that lock it until the bank releases it (requirement R5.3).
pub const PIN_TRIES_TOTAL_MAX: u32 = 10;

/// The issuing bank.
pub struct Issuer {
    accounts: Vec<Account>,
    by_pan: HashMap<u64, usize>,
    approvals: HashMap<Position, Memory>,
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

/// What is remembered under a position.
#[derive(Debug, Clone, Copy)]
enum Memory {
    Approved(Approval),
    /// A reversal came for something unknown; what comes later under this position is refused.
    Barred,
}

#[derive(Debug, Clone, Copy)]
struct Approval {
    kind: Kind,
    /// What the rules know of it.
    rules: Original,
    account: u32,
    amount_minor: u64,
    code: [u8; 6],
    reference: [u8; 12],
    original: Option<Position>,
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

    /// Reverses (0400) what was approved under `position`, for this card (0 when the message carries none) and amount: 00, also
    /// the second time; 25 when nothing was approved; 14, 64 and 22 when the card, the amount or what followed forbids it.
    /// After a 25 the position is barred, so a request that a reversal overtook is not approved later.
    pub fn reverse(&mut self, position: Position, pan: u64, amount_minor: u64) -> Decision {
        let account = self.by_pan.get(&pan).copied();
        let response_code = match self.approvals.get_mut(&position) {
            None => {
                self.remember(position, Memory::Barred);
                *b"25"
            }
            Some(Memory::Barred) => *b"25",
            Some(Memory::Approved(approval)) => {
                let asked = FollowUp {
                    kind: RuleKind::Reversal,
                    amount: yuan(amount_minor),
                    is_same_card: pan == 0 || account == Some(approval.account as usize),
                };
                let mut before = approval.rules;
                let is_repeated = before.state == State::Reversed;
                if is_repeated {
                    before.state = State::Stands;
                }
                match judge(&before, &asked) {
                    Err(refusal) => code_of(refusal),
                    Ok(()) if is_repeated => *b"00",
                    Ok(()) => {
                        approval.rules.follow(RuleKind::Reversal, 0);
                        let approval = *approval;
                        self.undo(approval);
                        *b"00"
                    }
                }
            }
        };
        Decision::bare(response_code)
    }

    /// Every approval that stands, in no order.
    pub fn standing(&self) -> Vec<Standing> {
        let stands = |(position, approval): (&Position, &Approval)| {
            (approval.rules.state == State::Stands).then_some(Standing {
                position: *position,
                kind: approval.kind,
                amount_minor: approval.amount_minor,
            })
        };
        self.approved().filter_map(stands).collect()
    }

    /// What a terminal's batch should add up to: purchases and completions are debits; voids, refunds and voids of
    /// completions are credits; what was reversed counts in neither.
    pub fn totals(&self, terminal_id: [u8; 8], batch: u32) -> Totals {
        let mut totals = Totals::default();
        for (position, approval) in self.approved() {
            if position.terminal_id == terminal_id
                && position.batch == batch
                && approval.rules.state != State::Reversed
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

    fn approved(&self) -> impl Iterator<Item = (&Position, &Approval)> {
        self.approvals
            .iter()
            .filter_map(|(position, memory)| match memory {
                Memory::Approved(approval) => Some((position, approval)),
                Memory::Barred => None,
            })
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
        let original = match request.kind.has_original() {
            true => Some(self.follow(request, index)?),
            false => {
                self.accounts[index].cover(request.amount_minor)?;
                None
            }
        };
        Ok(self.record(request, index, original))
    }

    /// Checks a transaction that acts on an original, marks the original and answers where it stands. 25: no such original;
    /// else as the rules say.
    fn follow(&mut self, request: &Request<'_>, account: usize) -> Result<Position, Refusal> {
        let position = self.named(request).ok_or(*b"25")?;
        let Some(Memory::Approved(original)) = self.approvals.get_mut(&position) else {
            return Err(*b"25");
        };
        if original.rules.state == State::Reversed {
            return Err(*b"25");
        }
        let asked = FollowUp {
            kind: request.kind.in_rules(),
            amount: yuan(request.amount_minor),
            is_same_card: original.account as usize == account,
        };
        let is_here = position.terminal_id == request.position.terminal_id;
        let rules = Original {
            is_in_open_batch: is_here && position.batch == request.position.batch,
            ..original.rules
        };
        judge(&rules, &asked).map_err(code_of)?;
        original.rules.follow(asked.kind, minor(request.amount_minor));
        Ok(position)
    }

    /// Where the original stands that fields 61, 37 and 38 mean.
    fn named(&self, request: &Request<'_>) -> Option<Position> {
        let (batch, trace) = request.original?;
        let here = Position {
            batch,
            trace,
            ..request.position
        };
        let stated = (request.retrieval_reference, request.approval_code);
        let means = |position: &Position| {
            let Some(Memory::Approved(original)) = self.approvals.get(position) else {
                return false;
            };
            let had = (Some(original.reference), Some(original.code));
            marks(&stated).mean(request.kind.in_rules(), &marks(&had))
        };
        if means(&here) || request.kind != Kind::Refund {
            return Some(here).filter(means);
        }
        // Rare enough to look through all of them.
        let stated = request.retrieval_reference?;
        let mut elsewhere = self
            .approved()
            .filter(|(_, approval)| approval.reference == stated);
        elsewhere.next().map(|(position, _)| *position).filter(means)
    }

    /// Books an approval that passed all checks.
    fn record(&mut self, request: &Request<'_>, account: usize, original: Option<Position>) -> Decision {
        self.sequence += 1;
        let code = approval_code(self.sequence);
        let amount = Money {
            minor: minor(request.amount_minor),
            currency: Currency::CNY,
        };
        let approval = Approval {
            kind: request.kind,
            rules: Original::fresh(request.kind.in_rules(), amount, true),
            account: account as u32,
            amount_minor: request.amount_minor,
            code,
            reference: request.assigned_reference,
            original,
        };
        self.book(approval, 1);
        self.remember(request.position, Memory::Approved(approval));
        Decision {
            response_code: *b"00",
            approval_code: Some(code),
            balance_minor: None,
        }
    }

    /// Takes back what an approval did, and lets its original stand again.
    fn undo(&mut self, approval: Approval) {
        self.book(approval, -1);
        if let Some(Memory::Approved(original)) = approval.original.and_then(|o| self.approvals.get_mut(&o)) {
            original
                .rules
                .unfollow(approval.kind.in_rules(), minor(approval.amount_minor));
        }
    }

    /// Moves the money of an approval: `direction` 1 as approved, -1 as taken back.
    fn book(&mut self, approval: Approval, direction: i64) {
        let amount = direction.saturating_mul(minor(approval.amount_minor));
        let held_minor = match approval.original.and_then(|o| self.approvals.get(&o)) {
            Some(Memory::Approved(original)) => minor(original.amount_minor),
            _ => 0,
        };
        let held = direction.saturating_mul(held_minor);
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

    fn remember(&mut self, position: Position, memory: Memory) {
        if self.order.len() >= self.approvals_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.approvals.remove(&oldest);
            self.forgotten += 1;
        }
        self.order.push_back(position);
        self.approvals.insert(position, memory);
    }
}

/// So many fen as the rules count them; field 4 has twelve digits at most.
fn minor(amount_minor: u64) -> i64 {
    i64::try_from(amount_minor).unwrap_or(i64::MAX)
}

fn yuan(amount_minor: u64) -> Option<Money> {
    Money::new(minor(amount_minor), Currency::CNY).ok()
}

fn marks((reference, code): &(Option<[u8; 12]>, Option<[u8; 6]>)) -> Marks<'_> {
    fn text<const N: usize>(field: &Option<[u8; N]>) -> Option<&str> {
        std::str::from_utf8(field.as_ref()?).ok()
    }
    Marks {
        retrieval_reference: text(reference),
        approval_code: text(code),
    }
}

fn code_of(refusal: RuleRefusal) -> Refusal {
    let code = refusal.response_code();
    code.as_str().as_bytes().try_into().unwrap_or(*b"96")
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
