//! Estates of honest shops from which terminals are stolen: the public benchmark's data, written from what police and card schemes say
//! stolen terminals do, and from what honest shops do that looks like it.
//!
//! It touches nothing, and knows nothing of who judges it: neither a signal nor a threshold is in here. `docs/SCREENING.md` says how the
//! two were kept apart.
//!
//! Invariant: a seed fixes a shop and all that happens at it, whatever else is asked of the estate; what a thief does is marked, and a
//! terminal that is stolen does nothing honest afterwards.

mod day;
mod oddity;
mod shop;
mod thief;
mod trade;

pub use oddity::Oddity;
pub use shop::{Shop, Terminal, Wire};
pub use thief::Scenario;
pub use trade::Trade;

use crate::calendar::DAY_MS;

/// When every history begins: Monday, 2026-03-02, midnight in UTC+8.
pub const START_MS: i64 = 1_772_380_800_000;

/// Minutes by which the shops' clocks are ahead of UTC.
pub const OFFSET_MIN: i32 = 480;

/// Days at the beginning in which nothing is stolen, so that a terminal has a past.
pub const PAST_DAYS: i64 = 32;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sale, or the completion of a pre-authorisation.
    Sale,
    /// Money back.
    Refund,
    /// A sale of a moment ago undone.
    Void,
    /// A hotel's: no money moves.
    PreAuthorisation,
}

/// How a card was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Without contact.
    Tapped,
    /// Its chip.
    Inserted,
    /// Its stripe.
    Swiped,
    /// Its number, by hand.
    Keyed,
    /// The stripe of a card with a chip.
    Fallback,
    /// A code on a phone.
    Code,
}

/// The sale that is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// What was charged, fen.
    pub amount_minor: i64,
    /// What was given back of it before, fen.
    pub refunded_minor: i64,
    /// Which card paid.
    pub card: u64,
}

/// A payment, or a try at one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// What was asked for.
    pub kind: Kind,
    /// Whether it was approved.
    pub is_approved: bool,
    /// Fen.
    pub amount_minor: i64,
    /// How the card was read.
    pub entry: Entry,
    /// Which card, or which payer's account.
    pub card: u64,
    /// Who is signed in; `None` at shops without operators.
    pub operator: Option<u32>,
    /// Of a refund or void: its sale, where the shop's records have it.
    pub sale: Option<Sale>,
}

/// What happens at a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A payment.
    Payment(Payment),
    /// Somebody tries to sign in.
    SignIn {
        /// As whom.
        operator: u32,
        /// Whether the password was right.
        is_accepted: bool,
    },
}

/// Something that happened at a terminal of a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, Unix time in milliseconds.
    pub at_ms: i64,
    /// Which of the shop's terminals, from 0.
    pub terminal: usize,
    /// The network it came from, where that is known.
    pub place: Option<u64>,
    /// What happened.
    pub act: Act,
    /// Whether a thief did it.
    pub is_theft: bool,
}

/// That a terminal was stolen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theft {
    /// Which of the shop's terminals.
    pub terminal: usize,
    /// What the thief does with it.
    pub scenario: Scenario,
    /// When it was taken, Unix time in milliseconds.
    pub taken_at_ms: i64,
    /// Whether the shop was open then.
    pub is_open: bool,
}

/// All that happened at one shop.
#[derive(Debug, Clone)]
pub struct History {
    /// In the order of time.
    pub events: Vec<Event>,
    /// What was stolen.
    pub thefts: Vec<Theft>,
    /// Who worked when (operator, from, until), where the shop keeps it.
    pub shifts: Option<Vec<(u32, i64, i64)>>,
    /// What honest but unusual things happened: on which day, and what.
    pub oddities: Vec<(i64, Oddity)>,
}

/// How large an estate is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Terminals at least.
    pub terminals: usize,
    /// Days from [`START_MS`].
    pub days: i64,
    /// Which share of the terminals is stolen, of a thousand.
    pub stolen_per_mille: u32,
}

/// The shops of a seed, one after the other, until there are enough terminals.
pub fn shops(seed: u64, size: Size) -> Vec<Shop> {
    let (mut shops, mut terminals) = (Vec::new(), 0);
    while terminals < size.terminals {
        let shop = Shop::generate(seed, shops.len() as u64);
        terminals += shop.terminals.len();
        shops.push(shop);
    }
    shops
}

/// The first moment of a day, from 0.
pub const fn day_ms(day: i64) -> i64 {
    START_MS + day * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Local;

    const SIZE: Size = Size {
        terminals: 60,
        days: 50,
        stolen_per_mille: 500,
    };

    fn histories(seed: u64) -> Vec<(Shop, History)> {
        let shops = shops(seed, SIZE).into_iter();
        shops
            .map(|shop| {
                let history = shop.history(SIZE);
                (shop, history)
            })
            .collect()
    }

    #[test]
    fn a_seed_fixes_all_that_happens() {
        let events = |seed| -> Vec<Event> {
            let all = histories(seed).into_iter();
            all.flat_map(|(_, history)| history.events).collect()
        };
        assert!(events(3) == events(3));
        assert!(events(3) != events(4));
    }

    #[test]
    fn the_first_day_is_a_monday_and_begins_at_midnight() {
        let local = Local::of(START_MS);
        assert_eq!((local.weekday, local.hhmmss()), (0, 0));
    }

    #[test]
    fn a_stolen_terminal_does_nothing_honest_and_each_thief_does_something() {
        let mut seen = [0; Scenario::ALL.len()];
        for (_, history) in histories(5) {
            assert!(history.events.is_sorted_by_key(|event| event.at_ms));
            for theft in &history.thefts {
                let of = |event: &&Event| event.terminal == theft.terminal;
                let (honest, stolen): (Vec<&Event>, Vec<&Event>) = history
                    .events
                    .iter()
                    .filter(of)
                    .partition(|event| !event.is_theft);
                assert!(honest.iter().all(|event| event.at_ms <= theft.taken_at_ms));
                assert!(stolen.iter().all(|event| event.at_ms > theft.taken_at_ms));
                assert!(theft.taken_at_ms >= day_ms(PAST_DAYS));
                seen[theft.scenario as usize] += usize::from(!stolen.is_empty());
            }
            let stolen: Vec<usize> = history.thefts.iter().map(|theft| theft.terminal).collect();
            let thefts = history.events.iter().filter(|event| event.is_theft);
            assert!(thefts.into_iter().all(|event| stolen.contains(&event.terminal)));
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }

    #[test]
    fn about_half_of_the_thefts_are_in_opening_hours() {
        let thefts: Vec<Theft> = (0..6)
            .flat_map(histories)
            .flat_map(|(_, history)| history.thefts)
            .collect();
        let open = thefts.iter().filter(|theft| theft.is_open).count();
        assert!(
            thefts.len() > 100 && (35..=65).contains(&(open * 100 / thefts.len())),
            "{open}"
        );
    }
}
