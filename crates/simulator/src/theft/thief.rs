//! What thieves do with a stolen terminal, scenario by scenario, after notices of police and card schemes.
//!
//! It touches nothing. Half of what a thief does is drawn, not fixed: how many cards, how long it waits, whether it tries a password.

use super::day::{Day, any_card};
use super::{Act, Entry, Event, Kind, Payment, Sale, Theft};
use crate::calendar::{DAY_MS, Local};
use crate::chance::Chance;

/// What a thief is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Refunds without a sale to a few cards of its own.
    Refunds,
    /// Small amounts to try cards, then large ones.
    TestThenLarge,
    /// Sales by typed numbers of stolen cards.
    Keyed,
    /// Refunds of round amounts to gift cards.
    GiftCards,
    /// Sales at night, somewhere else.
    Night,
    /// As the shop would: its hours, its amounts, its ways of reading cards.
    Quiet,
    /// Tries to sign in, and never gets in.
    SignIns,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 7] = [
        Scenario::Refunds,
        Scenario::TestThenLarge,
        Scenario::Keyed,
        Scenario::GiftCards,
        Scenario::Night,
        Scenario::Quiet,
        Scenario::SignIns,
    ];

    /// What happens, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Scenario::Refunds => "refunds to own cards",
            Scenario::TestThenLarge => "test amounts, then large",
            Scenario::Keyed => "typed stolen cards",
            Scenario::GiftCards => "refunds to gift cards",
            Scenario::Night => "used at night, elsewhere",
            Scenario::Quiet => "almost as the shop",
            Scenario::SignIns => "only tries to sign in",
        }
    }
}

struct Hand<'a, 'b> {
    theft: &'a Theft,
    day: &'a Day<'a>,
    chance: &'b mut Chance,
    place: Option<u64>,
    operator: Option<u32>,
    until_ms: i64,
    at_ms: i64,
    events: &'b mut Vec<Event>,
}

/// Adds what the thief does until the end.
pub(super) fn act(theft: &Theft, day: &Day, until_ms: i64, chance: &mut Chance, events: &mut Vec<Event>) {
    // Who is signed in when it is taken, and where it is then, is what its last event says.
    let last = events.iter().rev().find(|event| event.terminal == theft.terminal);
    let operator = last.and_then(|event| match event.act {
        Act::Payment(payment) => payment.operator,
        Act::SignIn {
            operator,
            is_accepted,
        } => is_accepted.then_some(operator),
    });
    let shop_place = last.and_then(|event| event.place);
    // Some are used in the street before the shop.
    let is_near = chance.happens(0.15);
    let place = if is_near {
        shop_place
    } else {
        day.elsewhere(0.6, chance)
    };
    let mut hand = Hand {
        theft,
        day,
        place,
        operator,
        until_ms,
        at_ms: theft.taken_at_ms,
        chance,
        events,
    };
    match theft.scenario {
        Scenario::Refunds => hand.refunds(),
        Scenario::TestThenLarge => hand.test_then_large(),
        Scenario::Keyed => hand.keyed(),
        Scenario::GiftCards => hand.gift_cards(),
        Scenario::Night => hand.night(),
        Scenario::Quiet => hand.quiet(),
        Scenario::SignIns => hand.sign_ins(),
    }
}

impl Hand<'_, '_> {
    /// Waits, in minutes; log-normal about this median.
    fn wait(&mut self, median_min: f64) {
        let minutes = self
            .chance
            .log_normal(median_min, 0.9)
            .clamp(0.05, 60.0 * 24.0 * 5.0);
        self.at_ms += (minutes * 60_000.0) as i64 + 1;
    }

    /// One that has been signed out must sign in first: somebody who guesses a password, or knows it.
    fn begin(&mut self, median_min: f64) {
        self.wait(median_min);
        let Some(operator) = self.operator else { return };
        if self.chance.happens(0.3) {
            for _ in 0..self.chance.between(0, 4) {
                self.try_sign_in(operator, false);
            }
            self.try_sign_in(operator, true);
        }
    }

    fn try_sign_in(&mut self, operator: u32, is_accepted: bool) {
        self.event(Act::SignIn {
            operator,
            is_accepted,
        });
        self.wait(0.4);
    }

    fn event(&mut self, act: Act) {
        if self.at_ms < self.until_ms {
            self.events.push(Event {
                at_ms: self.at_ms,
                terminal: self.theft.terminal,
                place: self.place,
                act,
                is_theft: true,
            });
        }
    }

    fn pay(
        &mut self,
        kind: Kind,
        amount_minor: i64,
        entry: Entry,
        card: u64,
        sale: Option<Sale>,
        declined: f64,
    ) {
        let is_approved = !self.chance.happens(declined);
        let operator = self.operator;
        self.event(Act::Payment(Payment {
            kind,
            is_approved,
            amount_minor,
            entry,
            card,
            operator,
            sale,
        }));
    }

    /// Yuan between these, every magnitude as likely as another, in fen.
    fn yuan(&mut self, low: f64, high: f64) -> i64 {
        (low * (high / low).powf(self.chance.unit())) as i64 * 100
    }

    fn cards(&mut self, low: u64, high: u64) -> Vec<u64> {
        let count = self.chance.between(low, high);
        (0..count).map(|_| any_card(self.chance)).collect()
    }

    fn one_of(&mut self, cards: &[u64]) -> u64 {
        cards[self.chance.index(cards.len())]
    }

    /// How a card that one has in the hand is read.
    fn in_hand(&mut self) -> Entry {
        [
            Entry::Swiped,
            Entry::Inserted,
            Entry::Tapped,
            Entry::Keyed,
            Entry::Fallback,
        ][self.chance.weighted(&[25, 20, 25, 20, 10])]
    }

    fn refunds(&mut self) {
        self.begin(90.0);
        let cards = self.cards(1, 3);
        for _ in 0..self.chance.between(3, 25) {
            let card = self.one_of(&cards);
            // A receipt in the drawer is as good as a sale.
            let sales = &self.day.sales;
            let is_by_receipt = self.chance.happens(0.1) && !sales.is_empty();
            let sale = is_by_receipt.then(|| sales[self.chance.index(sales.len())]);
            let amount_minor = match sale {
                Some(sale) => sale.amount_minor,
                None => self.yuan(300.0, 8_000.0),
            };
            let entry = self.in_hand();
            self.pay(Kind::Refund, amount_minor, entry, card, sale, 0.2);
            self.wait(4.0);
        }
    }

    fn test_then_large(&mut self) {
        self.begin(180.0);
        let cards = self.cards(1, 4);
        for card in cards {
            for _ in 0..self.chance.between(1, 2) {
                let amount_minor = self.chance.between(100, 1_000) as i64;
                let entry = self.in_hand();
                self.pay(Kind::Sale, amount_minor, entry, card, None, 0.35);
                self.wait(1.5);
            }
            for _ in 0..self.chance.between(1, 5) {
                let amount_minor = self.yuan(1_000.0, 8_000.0);
                let entry = self.in_hand();
                self.pay(Kind::Sale, amount_minor, entry, card, None, 0.45);
                self.wait(2.5);
            }
        }
    }

    fn keyed(&mut self) {
        self.begin(240.0);
        let count = self.chance.between(5, 40);
        for _ in 0..count {
            let card = any_card(self.chance);
            for _ in 0..self.chance.between(1, 2) {
                let amount_minor = self.yuan(100.0, 3_000.0);
                self.pay(Kind::Sale, amount_minor, Entry::Keyed, card, None, 0.55);
                self.wait(1.5);
            }
        }
    }

    fn gift_cards(&mut self) {
        self.begin(120.0);
        let cards = self.cards(1, 6);
        for _ in 0..self.chance.between(3, 15) {
            let card = self.one_of(&cards);
            let amount_minor = self.chance.between(4, 12) as i64 * 50_000;
            let entry = [Entry::Swiped, Entry::Keyed][self.chance.weighted(&[3, 1])];
            self.pay(Kind::Refund, amount_minor, entry, card, None, 0.2);
            self.wait(6.0);
        }
    }

    fn night(&mut self) {
        self.at_ms += self.chance.between(0, 3) as i64 * DAY_MS;
        let local = Local::of(self.at_ms);
        let minute = i64::from(local.hour * 60 + local.minute);
        let wanted = self.chance.between(23 * 60, 28 * 60) as i64;
        self.at_ms += (wanted - minute).rem_euclid(24 * 60) * 60_000;
        self.begin(1.0);
        let cards = self.cards(2, 8);
        for _ in 0..self.chance.between(3, 20) {
            let card = self.one_of(&cards);
            let (amount_minor, entry) = (self.yuan(200.0, 3_000.0), self.in_hand());
            self.pay(Kind::Sale, amount_minor, entry, card, None, 0.35);
            self.wait(8.0);
        }
    }

    fn quiet(&mut self) {
        self.begin(600.0);
        let factor = self.day.shop.terminals[self.theft.terminal].factor;
        let per_day = (self.day.rhythm.per_day * factor).max(4.0);
        for _ in 0..self.chance.between(10, 40) {
            // Only while the shop would be at work.
            for _ in 0..48 {
                let hour = Local::of(self.at_ms).hour as usize;
                if self.day.rhythm.hours[hour] >= 10 {
                    break;
                }
                self.at_ms += 1_800_000 + self.chance.between(0, 600_000) as i64;
            }
            let (entry, card) = (self.day.rhythm.entry(self.chance), any_card(self.chance));
            let amount_minor =
                self.day.rhythm.amount_minor(self.chance) * self.chance.between(100, 180) as i64 / 100;
            let kind = if self.chance.happens(0.12) {
                Kind::Refund
            } else {
                Kind::Sale
            };
            self.pay(kind, amount_minor, entry, card, None, 0.08);
            self.wait(1_400.0 / per_day);
        }
    }

    fn sign_ins(&mut self) {
        self.wait(120.0);
        let operators = self.day.shop.operators;
        let bursts = self.chance.between(1, 3);
        for _ in 0..bursts {
            for _ in 0..self.chance.between(3, 12) {
                let operator = self.chance.between(1, u64::from(operators.max(1)) + 2) as u32;
                self.try_sign_in(operator, false);
            }
            self.wait(300.0);
        }
    }
}
