//! Trade: the live terminals of an estate, sold on in human rhythm; and a thief.
//!
//! [`Trade::start`] signs every live terminal in and lets customers come at random times, at one rate for the whole
//! estate. Now and then a sale is voided or refunded, a balance asked, a deposit held, a batch settled. A terminal
//! that loses its connection comes back with growing pauses and first reverses what got no answer. A terminal that is
//! refused (58, 97, or a refused sign-in) tries again every 6 to 15 s, as an impatient hand would.
//!
//! [`Thief::start`] uses one terminal as a thief would: sign-ins, a small purchase, large ones, refunds without a sale.
//!
//! It touches the network and the clock. Invariant: stopping ends every task before it returns; a task never asks
//! faster than its pace allows.

mod pace;
mod thief;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::calendar;
use crate::chance::Chance;
use crate::estate::{self, Estate, Rhythm};
use crate::issuer::{Card, Outcome, cards};
use crate::kind::{EntryMode, Kind};
use crate::terminal::{Approved, Error, Reply, Terminal, TerminalIdentity};
use pace::{After, Pace};
pub use thief::{Thief, ThiefConfig};

/// Purchases without a PIN end here (小额免密), in fen.
const NO_PIN_MINOR_MAX: u64 = 30_000;
/// A batch is settled once it holds this many transactions.
const SETTLE_AT: usize = 150;
const REVERSAL_TRIES_MAX: u32 = 3;

/// How to trade.
#[derive(Debug, Clone, Copy)]
pub struct TradeConfig {
    /// The gate's address.
    pub gate: SocketAddr,
    /// Transactions a second of all terminals together.
    pub per_second: f64,
    /// Seed of who buys what, when.
    pub seed: u64,
}

impl TradeConfig {
    /// About one transaction a second against this gate.
    pub fn new(gate: SocketAddr) -> TradeConfig {
        TradeConfig {
            gate,
            per_second: 1.0,
            seed: 1,
        }
    }
}

/// What has happened so far, over all terminals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TradeStats {
    /// Answered questions, sign-ins and settlements included.
    pub answered: u64,
    /// Approved transactions.
    pub approved: u64,
    /// Transactions declined because of the card.
    pub declined: u64,
    /// Transactions and sign-ins refused because of the terminal.
    pub refused: u64,
    /// Reversals that were answered.
    pub reversed: u64,
    /// Questions without a usable answer, failed connections included.
    pub failed: u64,
}

/// The counts behind [`TradeStats`].
#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    approved: AtomicU64,
    declined: AtomicU64,
    refused: AtomicU64,
    reversed: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    fn stats(&self) -> TradeStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        TradeStats {
            answered: read(&self.answered),
            approved: read(&self.approved),
            declined: read(&self.declined),
            refused: read(&self.refused),
            reversed: read(&self.reversed),
            failed: read(&self.failed),
        }
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// A running trade. Dropping it ends it; [`Trade::stop`] also waits for the end.
#[derive(Debug)]
pub struct Trade {
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Trade {
    /// Starts one task per live terminal. Must be called within a tokio runtime.
    pub fn start(estate: &Estate, config: TradeConfig) -> Trade {
        let live: Vec<(usize, &estate::Terminal)> = estate
            .terminals
            .iter()
            .enumerate()
            .filter(|(_, terminal)| terminal.live)
            .collect();
        let mean_ms = 1_000.0 * live.len() as f64 / config.per_second.clamp(0.001, 100_000.0);
        let counts = Arc::new(Counts::default());
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (index, terminal) in live {
            let mut till = Till::new(estate, index, terminal, config, mean_ms, counts.clone());
            let mut stopped = stopped.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = until(&mut stopped) => {}
                    () = till.run() => {}
                }
            });
        }
        Trade { counts, stop, tasks }
    }

    /// What has happened so far.
    pub fn stats(&self) -> TradeStats {
        self.counts.stats()
    }

    /// Stops every terminal where it stands and waits for the end of their tasks.
    pub async fn stop(mut self) -> TradeStats {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        self.counts.stats()
    }
}

/// Waits for the word to stop, or for its sender to be dropped.
async fn until(stopped: &mut watch::Receiver<bool>) {
    let _stopped_or_gone = stopped.wait_for(|stop| *stop).await.is_ok();
}

/// One live terminal with its cashier and customers.
struct Till {
    terminal: Terminal,
    gate: SocketAddr,
    trade: estate::Trade,
    chance: Chance,
    pace: Pace,
    cards: Vec<Card>,
    counts: Arc<Counts>,
    /// Sales that may still be voided or refunded, and the deposit held last.
    sales: VecDeque<Approved>,
    hold: Option<Approved>,
    /// How often the last transaction, which got no answer, may still be reversed.
    reversal_tries: u32,
}

impl Till {
    fn new(
        estate: &Estate,
        index: usize,
        terminal: &estate::Terminal,
        config: TradeConfig,
        mean_ms: f64,
        counts: Arc<Counts>,
    ) -> Till {
        let mut chance = Chance::new(config.seed, index as u64);
        let operators: Vec<&str> = estate
            .operators_of(terminal.shop)
            .map(|(_, o)| o.number.as_str())
            .collect();
        let operator = operators[chance.index(operators.len())];
        Till {
            terminal: Terminal::new(TerminalIdentity {
                trace_first: trace_first(calendar::now_ms()),
                ..terminal.identity(operator)
            }),
            gate: config.gate,
            trade: estate.merchants[terminal.merchant].trade,
            pace: Pace::new(mean_ms, Chance::new(config.seed, 1_000_000 + index as u64)),
            chance,
            cards: cards(),
            counts,
            sales: VecDeque::new(),
            hold: None,
            reversal_tries: 0,
        }
    }

    async fn run(&mut self) {
        tokio::time::sleep(self.pace.first()).await;
        loop {
            let after = self.act().await.unwrap_or_else(|error| {
                add(&self.counts.failed);
                let terminal_id = self.terminal.identity().terminal_id.as_str();
                tracing::debug!(terminal_id, %error, "a simulated terminal got no usable answer");
                After::Failed
            });
            tokio::time::sleep(self.pace.wait(after)).await;
        }
    }

    /// The next thing to do: connect, sign in, reverse, settle, or serve a customer.
    async fn act(&mut self) -> Result<After, Error> {
        if !self.terminal.is_connected() {
            self.terminal.connect(self.gate).await?;
        }
        if self.terminal.session().is_none() {
            let reply = self.terminal.sign_in().await?;
            return Ok(self.judge_sign_in(&reply));
        }
        if self.reversal_tries > 0 {
            self.reversal_tries -= 1;
            let reply = self.terminal.reverse_last().await?;
            if matches!(reply.code(), "00" | "25") {
                self.reversal_tries = 0;
                add(&self.counts.answered);
                add(&self.counts.reversed);
                return Ok(After::Answered);
            }
            return Ok(self.judge(&reply));
        }
        if self.terminal.books().count() >= SETTLE_AT {
            self.terminal.settle().await?;
            add(&self.counts.answered);
            // Whether the batch was closed or refused, the sign-in tells what comes next.
            self.terminal.forget_session();
            return Ok(After::Answered);
        }
        self.serve().await
    }

    async fn serve(&mut self) -> Result<After, Error> {
        let (kind, amount_minor, card, original) = self.customer();
        let asked = self
            .terminal
            .transact(kind, amount_minor, &card, original.as_ref())
            .await;
        let mut reply = asked.inspect_err(|_| {
            self.reversal_tries = if kind.is_reversible() {
                REVERSAL_TRIES_MAX
            } else {
                0
            };
        })?;
        if let Some(approved) = reply.approved.take() {
            match kind {
                Kind::Purchase if self.sales.len() < SETTLE_AT => self.sales.push_back(approved),
                Kind::PreAuthorisation => self.hold = Some(approved),
                _ => {}
            }
        }
        Ok(self.judge(&reply))
    }

    /// What the next customer wants.
    fn customer(&mut self) -> (Kind, u64, Card, Option<Approved>) {
        if self.hold.is_some() && self.chance.happens(0.2) {
            return self.follow_up(Kind::Completion, self.hold.clone());
        }
        let deposits = if self.trade == estate::Trade::Clothing {
            15
        } else {
            0
        };
        match self.chance.weighted(&[950, 14, 10, 8, deposits]) {
            1 => {
                let batch = self.terminal.session().map(|session| session.batch);
                let sale = self.sales.pop_back().filter(|sale| Some(sale.batch) == batch);
                self.follow_up(Kind::Void, sale)
            }
            2 => {
                let sale = self.sales.pop_front();
                self.follow_up(Kind::Refund, sale)
            }
            3 => self.fresh(Kind::Balance),
            4 => self.fresh(Kind::PreAuthorisation),
            _ => self.fresh(Kind::Purchase),
        }
    }

    /// Something about an earlier transaction; a purchase when there is none.
    fn follow_up(&mut self, kind: Kind, original: Option<Approved>) -> (Kind, u64, Card, Option<Approved>) {
        let Some(original) = original else {
            return self.fresh(Kind::Purchase);
        };
        if kind == Kind::Completion {
            self.hold = None;
        }
        self.terminal.entry_mode = EntryMode::Swipe;
        self.terminal.with_pin = false;
        (kind, original.amount_minor, original.card.clone(), Some(original))
    }

    fn fresh(&mut self, kind: Kind) -> (Kind, u64, Card, Option<Approved>) {
        let rhythm = Rhythm::of(self.trade);
        let amount_minor = rhythm.amount_minor(&mut self.chance);
        let entry_mode = rhythm.entry_mode(&mut self.chance);
        let quick =
            matches!(entry_mode, EntryMode::Contactless | EntryMode::Qr) && amount_minor <= NO_PIN_MINOR_MAX;
        self.terminal.entry_mode = entry_mode;
        self.terminal.with_pin = !quick || kind == Kind::Balance;
        (kind, amount_minor, self.card(), None)
    }

    /// Nearly always a card that is approved.
    fn card(&mut self) -> Card {
        let good = !self.chance.happens(0.035);
        let wanted: Vec<&Card> = self
            .cards
            .iter()
            .filter(|card| (card.outcome == Outcome::Approved) == good)
            .collect();
        wanted[self.chance.index(wanted.len())].clone()
    }

    fn judge_sign_in(&mut self, reply: &Reply) -> After {
        add(&self.counts.answered);
        if reply.is_approved() {
            return After::Answered;
        }
        add(&self.counts.refused);
        After::Refused
    }

    fn judge(&mut self, reply: &Reply) -> After {
        add(&self.counts.answered);
        if matches!(reply.code(), "77" | "99" | "A0") || reply.processing_request == 3 {
            self.terminal.forget_session();
        }
        match reply.code() {
            "00" => add(&self.counts.approved),
            "58" | "97" => {
                add(&self.counts.refused);
                return After::Refused;
            }
            _ => add(&self.counts.declined),
        }
        After::Answered
    }
}

/// A trace number that a terminal restarted within a week has not used yet, as long as it makes less than one
/// transaction a second.
fn trace_first(now_ms: i64) -> u32 {
    (now_ms / 1_000).rem_euclid(900_000) as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy_gate::{MASTER_KEY, ToyGate};

    fn estate() -> Estate {
        let mut estate = Estate::generate(1, calendar::now_ms());
        for terminal in &mut estate.terminals {
            terminal.master_key = MASTER_KEY;
        }
        estate
    }

    fn fast(gate: &ToyGate) -> TradeConfig {
        TradeConfig {
            per_second: 20_000.0,
            ..TradeConfig::new(gate.addr)
        }
    }

    #[tokio::test]
    async fn every_live_terminal_signs_in_and_trades_until_stopped() {
        let gate = ToyGate::start().await;
        let trade = Trade::start(&estate(), fast(&gate));
        gate.seen(|state| state.sign_ins >= 30 && state.transactions >= 300)
            .await;
        let stats = trade.stop().await;
        assert!(
            stats.approved >= 200 && stats.refused == 0 && stats.failed == 0,
            "{stats:?}"
        );
        gate.seen(|state| state.connections_open == 0).await;
    }

    #[tokio::test]
    async fn a_refused_terminal_slows_down_and_none_is_approved() {
        let gate = ToyGate::start().await;
        gate.state.send_modify(|state| state.code = *b"58");
        let trade = Trade::start(&estate(), fast(&gate));
        gate.seen(|state| state.transactions >= 30).await;
        let stats = trade.stop().await;
        assert!(stats.refused <= 30 && stats.approved == 0, "{stats:?}");
    }

    #[tokio::test]
    async fn what_got_no_answer_is_reversed_after_the_connection_is_back() {
        let gate = ToyGate::start().await;
        gate.state.send_modify(|state| state.closes = 5);
        let trade = Trade::start(&estate(), fast(&gate));
        gate.seen(|state| state.reversals >= 3).await;
        assert!(trade.stop().await.failed >= 3);
    }

    #[test]
    fn a_first_trace_number_is_in_range() {
        assert!((1..=900_000).contains(&trace_first(0)));
        assert!((1..=900_000).contains(&trace_first(i64::MAX)));
    }
}
