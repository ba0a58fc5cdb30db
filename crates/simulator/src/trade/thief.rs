//! A thief with a terminal: what is tried on it, again and again.
//!
//! A sign-in for fresh keys, a small purchase to test, large purchases with typed card numbers, refunds without a
//! sale. When the sign-in is refused and no keys are left from before, it goes on under invented ones.
//!
//! Invariant: it changes nothing but what the gate lets it change, and stops when told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Counts, TradeStats, add, trace_first, until};
use crate::calendar;
use crate::chance::Chance;
use crate::estate;
use crate::issuer::{Card, cards};
use crate::kind::{EntryMode, Kind};
use crate::terminal::wire::Session;
use crate::terminal::{Approved, Error, Terminal, TerminalIdentity};

/// How the thief goes about it.
#[derive(Debug, Clone)]
pub struct ThiefConfig {
    /// The gate's address.
    pub gate: SocketAddr,
    /// Seed of amounts and pauses.
    pub seed: u64,
    /// Shortest pause between attempts.
    pub pause_ms_min: u64,
    /// Longest pause.
    pub pause_ms_max: u64,
    /// Working keys still in the terminal's memory, if any.
    pub session: Option<Session>,
}

impl ThiefConfig {
    /// An attempt every 3 to 8 s, with no keys in the terminal's memory.
    pub fn new(gate: SocketAddr) -> ThiefConfig {
        ThiefConfig {
            gate,
            seed: 1,
            pause_ms_min: 3_000,
            pause_ms_max: 8_000,
            session: None,
        }
    }
}

/// A running thief. Dropping it ends it; [`Thief::stop`] also waits for the end.
#[derive(Debug)]
pub struct Thief {
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Thief {
    /// Starts on this terminal, signing in as operator 001. Must be called within a tokio runtime.
    pub fn start(terminal: &estate::Terminal, config: ThiefConfig) -> Thief {
        let counts = Arc::new(Counts::default());
        let (stop, mut stopped) = watch::channel(false);
        let mut hands = Hands::new(terminal, config, counts.clone());
        let task = tokio::spawn(async move {
            tokio::select! {
                () = until(&mut stopped) => {}
                () = hands.run() => {}
            }
        });
        Thief { counts, stop, task }
    }

    /// What has come of the attempts so far.
    pub fn stats(&self) -> TradeStats {
        self.counts.stats()
    }

    /// Stops and waits for the end.
    pub async fn stop(self) -> TradeStats {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the simulated thief ended badly");
        }
        self.counts.stats()
    }
}

struct Hands {
    terminal: Terminal,
    config: ThiefConfig,
    chance: Chance,
    cards: Vec<Card>,
    counts: Arc<Counts>,
    attempts: usize,
}

/// What is tried, in turn.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    SignIn,
    Buy { yuan_min: u64, yuan_max: u64 },
    Refund,
}

const ATTEMPTS: [Attempt; 7] = [
    Attempt::SignIn,
    Attempt::Buy {
        yuan_min: 1,
        yuan_max: 9,
    },
    Attempt::Buy {
        yuan_min: 1_500,
        yuan_max: 3_000,
    },
    Attempt::Refund,
    Attempt::Buy {
        yuan_min: 1_500,
        yuan_max: 3_000,
    },
    Attempt::Refund,
    Attempt::Buy {
        yuan_min: 3_000,
        yuan_max: 5_000,
    },
];

impl Hands {
    fn new(terminal: &estate::Terminal, config: ThiefConfig, counts: Arc<Counts>) -> Hands {
        // Half the range away from where the shop's own trade would begin now.
        let trace_first = trace_first(calendar::now_ms() + 450_000_000);
        let mut terminal = Terminal::new(TerminalIdentity {
            trace_first,
            ..terminal.identity("001")
        });
        if let Some(session) = config.session.clone() {
            terminal.adopt(session);
        }
        let chance = Chance::new(config.seed, 2_000_000);
        Hands {
            terminal,
            config,
            chance,
            cards: cards(),
            counts,
            attempts: 0,
        }
    }

    async fn run(&mut self) {
        loop {
            if let Err(error) = self.attempt().await {
                add(&self.counts.failed);
                tracing::debug!(%error, "the simulated thief got no usable answer");
            }
            let pause_ms = self
                .chance
                .between(self.config.pause_ms_min, self.config.pause_ms_max);
            tokio::time::sleep(Duration::from_millis(pause_ms.max(1))).await;
        }
    }

    async fn attempt(&mut self) -> Result<(), Error> {
        if !self.terminal.is_connected() {
            self.terminal.connect(self.config.gate).await?;
        }
        let attempt = ATTEMPTS[self.attempts % ATTEMPTS.len()];
        self.attempts += 1;
        let reply = match attempt {
            Attempt::SignIn => {
                let reply = self.terminal.sign_in().await?;
                if self.terminal.session().is_none() {
                    self.invent_keys()?;
                }
                reply
            }
            Attempt::Buy { yuan_min, yuan_max } => {
                let amount_minor = self.chance.between(yuan_min, yuan_max) * 100;
                self.use_card(Kind::Purchase, amount_minor, None).await?
            }
            Attempt::Refund => {
                let amount_minor = self.chance.between(20, 60) * 10_000;
                let sale = self.invent_sale(amount_minor);
                self.use_card(Kind::Refund, amount_minor, Some(&sale)).await?
            }
        };
        add(&self.counts.answered);
        match (reply.code(), attempt) {
            ("00", Attempt::SignIn) => {}
            ("00", _) => add(&self.counts.approved),
            ("58" | "97", _) | (_, Attempt::SignIn) => add(&self.counts.refused),
            _ => add(&self.counts.declined),
        }
        Ok(())
    }

    async fn use_card(
        &mut self,
        kind: Kind,
        amount_minor: u64,
        sale: Option<&Approved>,
    ) -> Result<crate::terminal::Reply, Error> {
        self.terminal.entry_mode = if self.chance.happens(0.6) {
            EntryMode::Manual
        } else {
            EntryMode::Swipe
        };
        self.terminal.with_pin = false;
        self.terminal
            .transact(kind, amount_minor, &self.cards[1], sale)
            .await
    }

    fn invent_keys(&mut self) -> Result<(), Error> {
        let (pin, mac): ([u8; 16], [u8; 8]) = (self.chance.bytes(), self.chance.bytes());
        self.terminal.adopt(Session::new(1, &pin, &mac)?);
        Ok(())
    }

    fn invent_sale(&mut self, amount_minor: u64) -> Approved {
        Approved {
            kind: Kind::Purchase,
            batch: self.chance.between(1, 999) as u32,
            trace: self.chance.between(1, 999_999) as u32,
            date: 1101,
            amount_minor,
            card: self.cards[1].clone(),
            retrieval_reference: self.chance.digits(12),
            approval_code: self.chance.digits(6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Estate;
    use crate::toy_gate::{MASTER_KEY, ToyGate};

    fn quick(gate: &ToyGate) -> ThiefConfig {
        ThiefConfig {
            pause_ms_min: 1,
            pause_ms_max: 1,
            ..ThiefConfig::new(gate.addr)
        }
    }

    fn terminal() -> estate::Terminal {
        let mut terminal = Estate::generate(1, calendar::now_ms()).terminals.remove(0);
        terminal.master_key = MASTER_KEY;
        terminal
    }

    #[tokio::test]
    async fn a_thief_goes_on_trying_everything_when_refused() {
        let gate = ToyGate::start().await;
        gate.state
            .send_modify(|state| (state.sign_in_code, state.code) = (*b"58", *b"58"));
        // The gate signs with keys that a refused thief cannot know, so its answers do not pass the thief's check.
        let thief = Thief::start(&terminal(), quick(&gate));
        gate.seen(|state| state.sign_ins >= 2 && state.transactions >= 12)
            .await;
        let stats = thief.stop().await;
        assert_eq!((stats.approved, stats.refused >= 2), (0, true), "{stats:?}");
    }

    #[tokio::test]
    async fn a_thief_whose_terminal_still_works_is_approved() {
        let gate = ToyGate::start().await;
        let thief = Thief::start(&terminal(), quick(&gate));
        gate.seen(|state| state.transactions >= 12).await;
        assert!(thief.stop().await.approved >= 8);
    }
}
