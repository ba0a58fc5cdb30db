//! Back-tests: what a set of rules would have said of the payments of the last days, terminal by terminal, and how that agrees with what
//! people said of them (R3.3).
//!
//! Invariant: nothing here writes; a test says what it did not look at, and the same rows give the same test on every store.

use domain::actor::Actor;
use domain::incident::Incident;
use domain::mark::Verdict;
use domain::money::Money;
use domain::statement::{Span, is_within};
use domain::terminal::Terminal;
use domain::{TerminalId, Timestamp, words};
use screening::Kind;
use screening::rule::{self, Rules};
use store::{Tx, incident, terminal};

use super::{Past, learn};
use crate::case::Error;
use crate::revision::kept_by;

/// Days that are looked at most.
pub const DAYS_MAX: i64 = 90;
/// Terminals that are looked at most: those first of whose payments people said something.
pub const TERMINALS_MAX: usize = 200;
/// Payments that are looked at most.
pub const PAYMENTS_MAX: u64 = 200_000;
/// Payments of each rule that are named.
pub const EXAMPLES_MAX: usize = 10;

words! {
    /// What a test left out.
    pub enum Cut {
        /// There are more terminals.
        Terminals = "terminals",
        /// There are more payments, of all or of one terminal.
        Payments = "payments",
        /// It took too long.
        Time = "time",
    }
}

/// A payment that a rule would have marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// At which terminal.
    pub terminal_id: TerminalId,
    /// How it is named there.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What was asked for.
    pub kind: Kind,
    /// What was charged or given back.
    pub amount: Money,
}

/// Payments of which people said something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// That they are not the shop's.
    pub fraudulent: u64,
    /// That they are.
    pub genuine: u64,
}

impl Said {
    fn count(&mut self, verdict: Option<Verdict>) {
        match verdict {
            Some(Verdict::Fraudulent) => self.fraudulent += 1,
            Some(Verdict::Genuine) => self.genuine += 1,
            Some(Verdict::Unsure) | None => {}
        }
    }
}

/// What a set would have said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackTest {
    rules: Rules,
    /// What is looked at.
    pub span: Span,
    /// How often each rule, when, and of which payments.
    pub test: rule::BackTest<Example>,
    /// Of the payments looked at, those of which people said something.
    pub said: Said,
    /// Of those, what each rule would have marked.
    pub hits: Vec<Said>,
    /// Terminals looked at.
    pub terminals: usize,
    /// What was left out.
    pub cut: Vec<Cut>,
}

/// The terminals of this house that a test looks at, and whether there are more. Those first of whose payments people said something.
///
/// # Errors
/// The actor keeps no texts of this house.
pub fn terminals(tx: &Tx<'_>, actor: &Actor) -> Result<(Vec<TerminalId>, bool), Error> {
    kept_by(tx, actor)?;
    let scope = actor.scope().ok_or(Error::NotAllowed)?;
    let limit = TERMINALS_MAX as i64 + 1;
    let mut all = Vec::new();
    let marked = incident::marked(tx, scope, limit)?;
    let filter = terminal::Filter {
        scope,
        search: None,
        state: None,
        merchant_id: None,
        shop_id: None,
    };
    let others = terminal::list(tx, &filter, None, limit)?;
    let marked = marked.into_iter().map(|incident| incident.terminal_id);
    for terminal_id in marked.chain(others.into_iter().map(|terminal| terminal.terminal_id)) {
        if !all.contains(&terminal_id) {
            all.push(terminal_id);
        }
    }
    let is_cut = all.len() > TERMINALS_MAX;
    all.truncate(TERMINALS_MAX);
    Ok((all, is_cut))
}

impl BackTest {
    /// Of no terminal yet: of the days up to a time.
    pub fn new(rules: Rules, now: Timestamp, days: i64) -> Self {
        let from = now.plus_ms(-days.clamp(1, DAYS_MAX) * 24 * domain::time::HOUR_MS);
        Self {
            span: (from, now),
            test: rule::BackTest::new(&rules),
            said: Said::default(),
            hits: vec![Said::default(); rules.rules().len()],
            terminals: 0,
            cut: Vec::new(),
            rules,
        }
    }

    /// The set.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Says that something was left out.
    pub fn leave_out(&mut self, what: Cut) {
        if !self.cut.contains(&what) {
            self.cut.push(what);
        }
    }

    /// Whether another terminal may be looked at.
    pub fn has_room(&mut self) -> bool {
        let has_room = self.test.payments < PAYMENTS_MAX;
        if !has_room {
            self.leave_out(Cut::Payments);
        }
        has_room
    }

    /// Looks at one terminal.
    ///
    /// # Errors
    /// The actor does not keep the texts of this house, or does not see the terminal.
    pub fn look(&mut self, tx: &Tx<'_>, actor: &Actor, terminal_id: TerminalId) -> Result<(), Error> {
        kept_by(tx, actor)?;
        let terminal: Terminal = crate::case::find(tx, actor, terminal_id.as_str())?;
        let incidents = learn::incidents_of(tx, terminal_id)?;
        let opinions = learn::opinions(tx, &incidents)?;
        let past = Past::read(tx, &terminal, self.span)?;
        self.terminals += 1;
        if past.is_cut() {
            self.leave_out(Cut::Payments);
        }
        let Self {
            rules,
            span,
            test,
            said,
            hits,
            ..
        } = self;
        past.walk(|now| {
            let suspect = &*now.suspect;
            let payment = &suspect.payment;
            if !is_within(payment.at, *span) || test.payments >= PAYMENTS_MAX {
                return false;
            }
            let within = |it: &Incident| is_within(payment.at, (it.window.from, it.window.to));
            let verdict = learn::verdict(&opinions, suspect);
            said.count(verdict);
            let example = Example {
                terminal_id,
                id: suspect.source.id(),
                at: payment.at,
                kind: payment.kind,
                amount: suspect.amount(),
            };
            let day = (payment.at.0.div_euclid(60_000) + i64::from(payment.offset_min)).div_euclid(24 * 60);
            let input = now.facts.input(payment, incidents.iter().any(within), now.times);
            test.add(rules, (&example, day, &input), EXAMPLES_MAX, |at| {
                hits[at].count(verdict)
            });
            false
        });
        Ok(())
    }
}
