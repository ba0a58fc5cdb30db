//! What an estate's terminals did before now: day after day, by trade, weekday and hour.
//!
//! It touches nothing. Each terminal draws from its own stream of chance, one day at a time, so a history of any
//! length needs the memory of a day.
//!
//! Invariant: for one terminal the times never fall, the trace number rises (and wraps after 999999), the batch number
//! rises by one a day, and a void, refund or completion names an approved transaction that came before it.

mod rhythm;

use std::collections::VecDeque;
use std::fmt;

use super::{Estate, Trade};
use crate::calendar::{self, DAY_MS, Local};
use crate::chance::Chance;
use crate::kind::{EntryMode, Kind};
pub(crate) use rhythm::Rhythm;

/// A card number as far as it may be kept: first six and last four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskedCard {
    /// First six digits.
    pub first6: u32,
    /// Last four digits.
    pub last4: u16,
}

impl fmt::Display for MaskedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}••••••{:04}", self.first6, self.last4)
    }
}

/// Why it was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declined {
    /// Field 39, two characters.
    pub response_code: &'static str,
}

/// One transaction of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTransaction {
    /// Index into [`Estate::terminals`].
    pub terminal: usize,
    /// Index into [`Estate::operators`]: who was on shift.
    pub operator: usize,
    /// What kind.
    pub kind: Kind,
    /// Amount in fen (CNY minor units), always above 0.
    pub amount_minor: u64,
    /// The card, truncated.
    pub card: MaskedCard,
    /// How it was read.
    pub entry_mode: EntryMode,
    /// When the terminal asked, in milliseconds since 1970 UTC.
    pub requested_at_ms: i64,
    /// When it was answered, in milliseconds since 1970 UTC.
    pub decided_at_ms: i64,
    /// Batch number, 1..=999999.
    pub batch: u32,
    /// Trace number (field 11), 1..=999999.
    pub trace: u32,
    /// Field 37, 12 digits.
    pub retrieval_reference: String,
    /// Field 38, 6 digits; empty when declined.
    pub approval_code: String,
    /// The reason when it was declined; `None` when approved (`00`).
    pub declined: Option<Declined>,
    /// The (batch, trace) of the approved transaction that a void, refund, or completion acts on, same terminal.
    pub original: Option<(u32, u32)>,
}

/// Field 39 of declined transactions with the weights they come in.
const DECLINES: [(&str, u32); 10] = [
    ("51", 40),
    ("55", 26),
    ("61", 8),
    ("05", 7),
    ("91", 6),
    ("54", 4),
    ("14", 3),
    ("75", 3),
    ("57", 2),
    ("41", 1),
];
const ORIGINALS_MAX: usize = 64;
const REGULARS_PER_SHOP: usize = 600;

/// The past, transaction by transaction: terminal after terminal, each in time order.
#[derive(Debug)]
pub struct History<'a> {
    estate: &'a Estate,
    days: i64,
    terminal: usize,
    state: Option<Replay>,
    ready: VecDeque<PastTransaction>,
}

impl<'a> History<'a> {
    pub(super) fn new(estate: &'a Estate, days: u32) -> Self {
        History {
            estate,
            days: i64::from(days),
            terminal: 0,
            state: None,
            ready: VecDeque::new(),
        }
    }
}

impl Iterator for History<'_> {
    type Item = PastTransaction;

    fn next(&mut self) -> Option<PastTransaction> {
        while self.ready.is_empty() {
            if self.terminal == self.estate.terminals.len() {
                return None;
            }
            let state = self
                .state
                .get_or_insert_with(|| Replay::new(self.estate, self.terminal, self.days));
            if !state.replay_day(self.estate, &mut self.ready) {
                self.state = None;
                self.terminal += 1;
            }
        }
        self.ready.pop_front()
    }
}

/// One terminal on its way through the days.
#[derive(Debug)]
struct Replay {
    terminal: usize,
    rhythm: &'static Rhythm,
    trade: Trade,
    operators: Vec<usize>,
    chance: Chance,
    busyness: f64,
    from_ms: i64,
    until_ms: i64,
    day_ms: i64,
    batch: u32,
    trace: u32,
    sales: VecDeque<Original>,
    holds: VecDeque<Original>,
}

/// An approved purchase or pre-authorisation that something may still happen to.
#[derive(Debug, Clone, Copy)]
struct Original {
    batch: u32,
    trace: u32,
    amount_minor: u64,
    card: MaskedCard,
    entry_mode: EntryMode,
}

/// What a transaction is about, before the answer.
struct Draft {
    kind: Kind,
    amount_minor: u64,
    card: MaskedCard,
    entry_mode: EntryMode,
    original: Option<(u32, u32)>,
}

impl Replay {
    fn new(estate: &Estate, index: usize, days: i64) -> Replay {
        let terminal = &estate.terminals[index];
        let trade = estate.merchants[terminal.merchant].trade;
        let mut chance = Chance::new(estate.seed, 1 + index as u64);
        let from_ms = estate.now_ms - days * DAY_MS;
        Replay {
            terminal: index,
            rhythm: Rhythm::of(trade),
            trade,
            operators: estate
                .operators_of(terminal.shop)
                .map(|(operator, _)| operator)
                .collect(),
            busyness: 0.75 + 0.5 * chance.unit(),
            from_ms,
            until_ms: terminal.silent_since_ms.unwrap_or(estate.now_ms),
            day_ms: calendar::midnight(from_ms),
            batch: chance.between(40, 700) as u32,
            trace: chance.between(1, 400_000) as u32,
            chance,
            sales: VecDeque::new(),
            holds: VecDeque::new(),
        }
    }

    /// Appends the next day's transactions; false when there is no next day.
    fn replay_day(&mut self, estate: &Estate, out: &mut VecDeque<PastTransaction>) -> bool {
        if self.day_ms >= self.until_ms {
            return false;
        }
        self.next_trace(); // the day's sign-in
        for requested_at_ms in self.times() {
            let draft = self.draft();
            let past = self.answer(estate, requested_at_ms, draft);
            if (self.from_ms..self.until_ms).contains(&past.requested_at_ms)
                && past.decided_at_ms < self.until_ms
            {
                out.push_back(past);
            }
        }
        self.next_trace(); // the day's settlement
        self.batch = self.batch % 999_999 + 1;
        self.day_ms += DAY_MS;
        true
    }

    /// When the terminal is used on this day: sorted, at least 20 s apart.
    fn times(&mut self) -> Vec<i64> {
        let weekday = Local::of(self.day_ms).weekday as usize;
        let mean = self.rhythm.per_day * self.rhythm.week[weekday] * self.busyness;
        let count = (mean + mean.sqrt() * self.chance.normal()).max(0.0) as usize;
        let mut times: Vec<i64> = (0..count)
            .map(|_| {
                let hour = self.chance.weighted(&self.rhythm.hours) as i64;
                self.day_ms + hour * 3_600_000 + self.chance.between(0, 3_599_999) as i64
            })
            .collect();
        times.sort_unstable();
        for index in 1..times.len() {
            times[index] = times[index].max(times[index - 1] + 20_000);
        }
        times
    }

    fn draft(&mut self) -> Draft {
        if let Some(draft) = self.follow_up() {
            return draft;
        }
        let kind = if self.chance.happens(self.rhythm.pre_authorisations) {
            Kind::PreAuthorisation
        } else {
            Kind::Purchase
        };
        Draft {
            kind,
            amount_minor: self.rhythm.amount_minor(&mut self.chance),
            card: self.card(),
            entry_mode: self.rhythm.entry_mode(&mut self.chance),
            original: None,
        }
    }

    /// Now and then a transaction is about an earlier one.
    fn follow_up(&mut self) -> Option<Draft> {
        if self.holds.len() > 4 || (!self.holds.is_empty() && self.chance.happens(0.05)) {
            let kind = if self.chance.happens(0.85) {
                Kind::Completion
            } else {
                Kind::PreAuthorisationVoid
            };
            return self
                .holds
                .pop_front()
                .map(|hold| about(kind, hold, hold.amount_minor));
        }
        if self.chance.happens(self.rhythm.voids) {
            let sale = self.sales.pop_back_if(|sale| sale.batch == self.batch)?;
            return Some(about(Kind::Void, sale, sale.amount_minor));
        }
        if self.chance.happens(self.rhythm.refunds) && !self.sales.is_empty() {
            let index = self.chance.index(self.sales.len());
            let sale = self.sales.remove(index)?;
            let whole = sale.amount_minor < 2_000 || self.chance.happens(0.7);
            let amount_minor = if whole {
                sale.amount_minor
            } else {
                sale.amount_minor / 200 * 100
            };
            return Some(about(Kind::Refund, sale, amount_minor));
        }
        None
    }

    fn answer(&mut self, estate: &Estate, requested_at_ms: i64, draft: Draft) -> PastTransaction {
        let trace = self.next_trace();
        let fresh = matches!(draft.kind, Kind::Purchase | Kind::PreAuthorisation);
        let declined = self
            .chance
            .happens(if fresh { 0.035 } else { 0.01 })
            .then(|| self.decline(fresh));
        if declined.is_none() {
            self.remember(&draft, trace);
        }
        let local = Local::of(requested_at_ms);
        let approval_code = if declined.is_none() {
            self.chance.digits(6)
        } else {
            String::new()
        };
        PastTransaction {
            terminal: self.terminal,
            operator: self.on_shift(estate, local),
            kind: draft.kind,
            amount_minor: draft.amount_minor,
            card: draft.card,
            entry_mode: draft.entry_mode,
            requested_at_ms,
            decided_at_ms: requested_at_ms + self.chance.log_normal(320.0, 0.5).clamp(90.0, 15_000.0) as i64,
            batch: self.batch,
            trace,
            retrieval_reference: format!("{:06}{trace:06}", local.hhmmss()),
            approval_code,
            declined,
            original: draft.original,
        }
    }

    fn decline(&mut self, fresh: bool) -> Declined {
        if !fresh {
            return Declined { response_code: "25" };
        }
        let weights = DECLINES.map(|(_, weight)| weight);
        Declined {
            response_code: DECLINES[self.chance.weighted(&weights)].0,
        }
    }

    fn remember(&mut self, draft: &Draft, trace: u32) {
        let list = match draft.kind {
            Kind::Purchase => &mut self.sales,
            Kind::PreAuthorisation => &mut self.holds,
            _ => return,
        };
        if list.len() == ORIGINALS_MAX {
            list.pop_front();
        }
        let Draft {
            amount_minor,
            card,
            entry_mode,
            ..
        } = *draft;
        list.push_back(Original {
            batch: self.batch,
            trace,
            amount_minor,
            card,
            entry_mode,
        });
    }

    /// Two shifts a day, changing at 15:00; the shop's operators take turns over its terminals and days.
    fn on_shift(&self, estate: &Estate, local: Local) -> usize {
        let day = (self.day_ms / DAY_MS) as usize;
        let shift = usize::from(local.hour >= 15);
        let turn = estate.terminals[self.terminal].shop + self.terminal + 3 * day + 2 * shift;
        self.operators[turn % self.operators.len()]
    }

    /// A regular of the shop (a few come often), or a stranger.
    fn card(&mut self) -> MaskedCard {
        const FIRST6: [u32; 5] = [621_234, 622_424, 623_456, 625_678, 628_899];
        let regular = match self.trade {
            Trade::Snacks => 0.55,
            Trade::Pharmacy => 0.4,
            Trade::Clothing => 0.2,
        };
        if !self.chance.happens(regular) {
            let first6 = FIRST6[self.chance.index(FIRST6.len())];
            return MaskedCard {
                first6,
                last4: self.chance.between(0, 9_999) as u16,
            };
        }
        let rank = (REGULARS_PER_SHOP as f64 * self.chance.unit() * self.chance.unit()) as u64;
        let shop = self.operators[0] as u64;
        let mut its_own = Chance::new(shop, 1_000_000 + rank);
        MaskedCard {
            first6: FIRST6[its_own.index(FIRST6.len())],
            last4: its_own.between(0, 9_999) as u16,
        }
    }

    fn next_trace(&mut self) -> u32 {
        self.trace = self.trace % 999_999 + 1;
        self.trace
    }
}

fn about(kind: Kind, original: Original, amount_minor: u64) -> Draft {
    Draft {
        kind,
        amount_minor,
        card: original.card,
        entry_mode: original.entry_mode,
        original: Some((original.batch, original.trace)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const NOW_MS: i64 = 1_795_330_882_000; // 2026-11-22T15:01:22+08:00

    fn estate() -> Estate {
        Estate::generate(1, NOW_MS)
    }

    #[test]
    fn sixty_days_hold_about_two_hundred_thousand_transactions_all_before_now() {
        let estate = estate();
        let all: Vec<PastTransaction> = estate.history(60).collect();
        assert!((180_000..220_000).contains(&all.len()), "{}", all.len());
        assert!(
            all.iter()
                .all(|t| t.decided_at_ms < NOW_MS && t.requested_at_ms >= NOW_MS - 60 * DAY_MS)
        );
        let declined = all.iter().filter(|t| t.declined.is_some()).count() as f64 / all.len() as f64;
        assert!((0.03..0.04).contains(&declined), "{declined}");
        let count = |kind| all.iter().filter(|t| t.kind == kind).count();
        assert!(count(Kind::Purchase) > all.len() * 95 / 100);
        for kind in [
            Kind::Void,
            Kind::Refund,
            Kind::PreAuthorisation,
            Kind::Completion,
            Kind::PreAuthorisationVoid,
        ] {
            assert!(count(kind) > 20, "{kind:?}: {}", count(kind));
        }
    }

    #[test]
    fn a_history_repeats_itself() {
        assert!(estate().history(3).eq(estate().history(3)));
    }

    #[test]
    fn times_traces_and_batches_of_a_terminal_never_go_back() {
        let estate = estate();
        let mut last: HashMap<usize, PastTransaction> = HashMap::new();
        for next in estate.history(10) {
            if let Some(before) = last.get(&next.terminal) {
                assert!(before.requested_at_ms < next.requested_at_ms);
                assert!(
                    before.trace < next.trace || next.trace < 10_000,
                    "{} {}",
                    before.trace,
                    next.trace
                );
                let same_day =
                    calendar::midnight(before.requested_at_ms) == calendar::midnight(next.requested_at_ms);
                assert_eq!(same_day, before.batch == next.batch);
            }
            last.insert(next.terminal, next);
        }
    }

    #[test]
    fn a_follow_up_names_an_approved_original_of_the_same_card_and_no_larger_amount() {
        let estate = estate();
        let mut seen: HashMap<(usize, u32, u32), PastTransaction> = HashMap::new();
        let mut followed = 0;
        for next in estate.history(20) {
            if let Some(original) = next
                .original
                .and_then(|(batch, trace)| seen.get(&(next.terminal, batch, trace)))
            {
                followed += 1;
                assert!(original.declined.is_none() && original.card == next.card);
                assert!(next.amount_minor > 0 && next.amount_minor <= original.amount_minor);
                assert!(next.kind != Kind::Void || original.batch == next.batch);
            }
            seen.insert((next.terminal, next.batch, next.trace), next);
        }
        assert!(followed > 200, "{followed}");
    }

    #[test]
    fn shops_keep_their_hours_and_snacks_peak_at_noon() {
        let estate = estate();
        let mut hours = [[0u32; 24]; 3];
        for past in estate.history(14) {
            let merchant = estate.terminals[past.terminal].merchant;
            hours[merchant][Local::of(past.requested_at_ms).hour as usize] += 1;
        }
        assert!(
            hours
                .iter()
                .all(|hours| hours[1..6].iter().all(|&count| count == 0))
        );
        assert!(hours[0][12] > 2 * hours[0][15]);
    }

    #[test]
    fn the_operator_works_in_the_terminal_s_shop_and_a_silent_terminal_is_silent() {
        let estate = estate();
        for past in estate.history(10) {
            let terminal = &estate.terminals[past.terminal];
            assert_eq!(estate.operators[past.operator].shop, terminal.shop);
            assert!(
                terminal
                    .silent_since_ms
                    .is_none_or(|at| past.requested_at_ms < at)
            );
        }
    }

    #[test]
    fn a_card_shows_six_and_four_digits() {
        assert_eq!(
            MaskedCard {
                first6: 622_424,
                last4: 113
            }
            .to_string(),
            "622424••••••0113"
        );
    }
}
