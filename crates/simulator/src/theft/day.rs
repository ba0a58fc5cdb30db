//! The honest days of one terminal.
//!
//! It touches nothing.

use super::oddity::Oddity;
use super::shop::{Shop, Wire, mix};
use super::trade::Rhythm;
use super::{Act, Entry, Event, Kind, Payment, Sale, day_ms};
use crate::chance::Chance;

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// Sales that may still come back.
const KEPT_SALES: usize = 40;

/// A terminal that passes its days.
#[derive(Clone)]
pub(super) struct Day<'a> {
    pub shop: &'a Shop,
    pub terminal: usize,
    pub rhythm: &'static Rhythm,
    plan: Vec<(i64, Oddity)>,
    /// What comes from where the shop is.
    pub place: Option<u64>,
    /// Who is signed in.
    pub operator: Option<u32>,
    network: u64,
    sims: [u64; 3],
    operators: u32,
    pub sales: Vec<Sale>,
}

/// What a day is made of.
struct Today<'b> {
    day: i64,
    oddities: Vec<Oddity>,
    chance: &'b mut Chance,
    /// When who is signed in, in order.
    signed_in: Vec<(i64, u32)>,
}

impl Today<'_> {
    fn has(&self, oddity: Oddity) -> bool {
        self.oddities.contains(&oddity)
    }
}

impl<'a> Day<'a> {
    pub fn new(shop: &'a Shop, terminal: usize, plan: Vec<(i64, Oddity)>) -> Day<'a> {
        let own = |number: u64| mix(shop.network(1 << 40) ^ (terminal as u64 * 1_000 + number));
        Day {
            shop,
            terminal,
            rhythm: shop.trade.rhythm(),
            plan,
            place: None,
            operator: None,
            network: 0,
            sims: [own(1), own(2), own(3)],
            operators: shop.operators,
            sales: Vec::new(),
        }
    }

    /// A place where it has not been.
    pub fn elsewhere(&self, same_sim: f64, chance: &mut Chance) -> Option<u64> {
        match self.shop.terminals[self.terminal].wire {
            Wire::Unknown => None,
            Wire::Sim if chance.happens(same_sim) => Some(self.sims[chance.index(3)]),
            Wire::Sim | Wire::Network => Some(chance.between(1, u64::MAX)),
        }
    }

    /// One day, from midnight to midnight.
    pub fn pass(
        &mut self,
        day: i64,
        chance: &mut Chance,
        events: &mut Vec<Event>,
        shifts: &mut Vec<(u32, i64, i64)>,
    ) {
        let lasts = |(from, oddity): &(i64, Oddity)| match oddity.days() {
            0 => *from == day,
            days => (*from..from + days).contains(&day),
        };
        let oddities = self.plan.iter().filter(|one| lasts(one)).map(|one| one.1);
        let mut today = Today {
            day,
            oddities: oddities.collect(),
            chance,
            signed_in: Vec::new(),
        };
        self.move_about(&mut today);
        let is_shut = today.has(Oddity::Holidays) || today.has(Oddity::Repair);
        if is_shut || !self.shop.is_open_on(day) {
            return;
        }
        let from = events.len();
        self.staff(&mut today, events, shifts);
        self.trade(&mut today, events);
        self.extras(&mut today, events);
        if today.has(Oddity::Fair) {
            let place = self.elsewhere(0.5, today.chance);
            events[from..].iter_mut().for_each(|event| event.place = place);
        }
    }

    /// Networks come and go.
    fn move_about(&mut self, today: &mut Today) {
        if today.has(Oddity::Moved) || today.has(Oddity::NetworkChange) {
            self.network += 1;
        }
        if today.has(Oddity::SimChange) {
            self.sims = std::array::from_fn(|_| today.chance.between(1, u64::MAX));
        }
        if today.chance.happens(1.0 / 45.0) {
            let at = today.chance.index(3);
            self.sims[at] = today.chance.between(1, u64::MAX);
        }
        if today.has(Oddity::NewCashier) && self.operators > 0 {
            self.operators += 1;
        }
        self.place = match self.shop.terminals[self.terminal].wire {
            Wire::Unknown => None,
            Wire::Network => Some(self.shop.network(self.network)),
            Wire::Sim => Some(self.sims[today.chance.weighted(&[8, 2, 1])]),
        };
    }

    /// Who works, and how they sign in.
    fn staff(&mut self, today: &mut Today, events: &mut Vec<Event>, shifts: &mut Vec<(u32, i64, i64)>) {
        if self.operators == 0 {
            return;
        }
        let first = (0..24).find(|hour| self.rhythm.hours[*hour] > 0).unwrap_or(8) as i64;
        let begins = [
            day_ms(today.day) + (first.max(4) * 60 - 10) * MINUTE_MS,
            day_ms(today.day) + 15 * HOUR_MS,
        ];
        for (at, from) in begins.into_iter().enumerate() {
            let to = if at == 0 {
                begins[1]
            } else {
                day_ms(today.day + 1) + 5 * HOUR_MS
            };
            let who = today.chance.between(1, u64::from(self.operators)) as u32;
            self.sign_in(who, from, today, events);
            // Now and then two swap, and nobody writes it down.
            let is_swapped = today.chance.happens(0.02);
            let written = if is_swapped { who % self.operators + 1 } else { who };
            shifts.push((written, from - 30 * MINUTE_MS, to + 30 * MINUTE_MS));
        }
        if today.chance.happens(0.08) {
            let who = today.chance.between(1, u64::from(self.operators)) as u32;
            let from = self.open_ms(today);
            self.sign_in(who, from, today, events);
            shifts.push((who, from - HOUR_MS, from + 6 * HOUR_MS));
        }
        today.signed_in.sort_unstable();
    }

    fn sign_in(&self, operator: u32, from_ms: i64, today: &mut Today, events: &mut Vec<Event>) {
        let is_new = operator > self.shop.operators;
        let tries = match today.chance.unit() {
            share if share < 0.03 || (is_new && share < 0.12) => today.chance.between(1, 3) as i64,
            _ => 0,
        };
        let at_ms = from_ms + today.chance.between(0, 6 * 60_000) as i64;
        for number in 0..=tries {
            events.push(Event {
                at_ms: at_ms + number * 20_000,
                terminal: self.terminal,
                place: self.place,
                act: Act::SignIn {
                    operator,
                    is_accepted: number == tries,
                },
                is_theft: false,
            });
        }
        today.signed_in.push((at_ms + tries * 20_000, operator));
    }

    /// A moment at which the shop is open.
    fn open_ms(&self, today: &mut Today) -> i64 {
        let hour = today.chance.weighted(&self.rhythm.hours) as i64;
        day_ms(today.day) + hour * HOUR_MS + today.chance.between(0, 3_599_999) as i64
    }

    fn trade(&mut self, today: &mut Today, events: &mut Vec<Event>) {
        let busy = if today.has(Oddity::SalesDay) {
            3.0 + 2.0 * today.chance.unit()
        } else {
            1.0
        };
        let factor = self.shop.terminals[self.terminal].factor * busy;
        let per_day = self.rhythm.per_day * factor * self.rhythm.week[today.day.rem_euclid(7) as usize];
        // A day is busier or calmer as a whole, by the weather.
        let per_day = per_day * today.chance.log_normal(1.0, 0.2);
        let last = (0..24)
            .rev()
            .find(|hour| self.rhythm.hours[*hour] >= 10)
            .unwrap_or(20);
        let down = today.has(Oddity::IssuerDown).then(|| self.open_ms(today));
        for hour in 0..24_usize {
            let mut expected = per_day * self.rhythm.share(hour);
            if today.has(Oddity::OpenLonger) && (last + 1..=last + 3).contains(&hour) {
                expected = expected.max(per_day * 0.035);
            }
            for _ in 0..poisson(expected, today.chance) {
                let at_ms =
                    day_ms(today.day) + hour as i64 * HOUR_MS + today.chance.between(0, 3_599_999) as i64;
                let is_down = down.is_some_and(|from| (from..from + 20 * MINUTE_MS).contains(&at_ms));
                self.customer(at_ms, is_down, today, events);
            }
        }
    }

    /// One customer, and what becomes of it.
    fn customer(&mut self, at_ms: i64, is_down: bool, today: &mut Today, events: &mut Vec<Event>) {
        let refunds = if today.has(Oddity::RefundsAfterHoliday) {
            self.rhythm.refunds.max(0.008) * 12.0
        } else {
            self.rhythm.refunds
        };
        if today.chance.happens(refunds) && !self.sales.is_empty() {
            return self.give_back(at_ms, today, events);
        }
        let mut payment = self.sale(today);
        if today.chance.happens(self.rhythm.pre_authorisations) {
            payment.kind = Kind::PreAuthorisation;
        }
        if today.has(Oddity::DirtyReader) && payment.entry == Entry::Inserted && today.chance.happens(0.5) {
            payment.entry = Entry::Fallback;
        }
        let mut at_ms = at_ms;
        if is_down {
            for _ in 0..today.chance.between(1, 3) {
                self.push(
                    at_ms,
                    Payment {
                        is_approved: false,
                        ..payment
                    },
                    today,
                    events,
                );
                at_ms += today.chance.between(20_000, 90_000) as i64;
            }
            return;
        }
        if today.chance.happens(self.rhythm.declined) {
            self.push(
                at_ms,
                Payment {
                    is_approved: false,
                    ..payment
                },
                today,
                events,
            );
            if !today.chance.happens(0.7) {
                return;
            }
            at_ms += today.chance.between(15_000, 90_000) as i64;
            if today.chance.happens(0.5) {
                payment.card = any_card(today.chance);
            }
        }
        self.push(at_ms, payment, today, events);
        if payment.kind != Kind::Sale {
            return;
        }
        self.keep(Sale {
            amount_minor: payment.amount_minor,
            refunded_minor: 0,
            card: payment.card,
        });
        if today.chance.happens(self.rhythm.voids) {
            self.undo(
                at_ms + today.chance.between(30_000, 300_000) as i64,
                payment,
                today,
                events,
            );
        }
    }

    fn undo(&mut self, at_ms: i64, sold: Payment, today: &mut Today, events: &mut Vec<Event>) {
        let sale = Sale {
            amount_minor: sold.amount_minor,
            refunded_minor: 0,
            card: sold.card,
        };
        self.push(
            at_ms,
            Payment {
                kind: Kind::Void,
                sale: Some(sale),
                ..sold
            },
            today,
            events,
        );
    }

    fn give_back(&mut self, at_ms: i64, today: &mut Today, events: &mut Vec<Event>) {
        let at = today.chance.index(self.sales.len());
        let sale = self.sales.swap_remove(at);
        let is_part = today.chance.happens(0.2);
        let part = sale.amount_minor * today.chance.between(10, 90) as i64 / 100;
        let is_known = today.chance.happens(if today.has(Oddity::RefundsAfterHoliday) {
            0.85
        } else {
            0.93
        });
        let payment = Payment {
            kind: Kind::Refund,
            is_approved: today.chance.happens(0.98),
            amount_minor: if is_part { part.max(1) } else { sale.amount_minor },
            entry: self.rhythm.entry(today.chance),
            card: if today.chance.happens(0.95) {
                sale.card
            } else {
                any_card(today.chance)
            },
            operator: None,
            sale: is_known.then_some(sale),
        };
        self.push(at_ms, payment, today, events);
    }

    /// A usual sale.
    fn sale(&self, today: &mut Today) -> Payment {
        Payment {
            kind: Kind::Sale,
            is_approved: true,
            amount_minor: self.rhythm.amount_minor(today.chance),
            entry: self.rhythm.entry(today.chance),
            card: match today.chance.happens(self.rhythm.regulars) {
                true => mix(self.shop.network(2 << 40) ^ today.chance.between(1, self.shop.regulars)),
                false => any_card(today.chance),
            },
            operator: None,
            sale: None,
        }
    }

    fn keep(&mut self, sale: Sale) {
        if self.sales.len() == KEPT_SALES {
            self.sales.remove(0);
        }
        self.sales.push(sale);
    }

    fn push(&mut self, at_ms: i64, payment: Payment, today: &Today, events: &mut Vec<Event>) {
        let signed_in = today.signed_in.iter().rev().find(|(from, _)| *from <= at_ms);
        self.operator = signed_in
            .or(today.signed_in.first())
            .map(|one| one.1)
            .or(self.operator);
        events.push(Event {
            at_ms,
            terminal: self.terminal,
            place: self.place,
            act: Act::Payment(Payment {
                operator: self.operator,
                ..payment
            }),
            is_theft: false,
        });
    }

    /// What happens on a day of its own kind.
    fn extras(&mut self, today: &mut Today, events: &mut Vec<Event>) {
        let at_ms = self.open_ms(today);
        for oddity in today.oddities.clone() {
            match oddity {
                Oddity::BigSale => {
                    let times = today.chance.between(12, 40) as i64;
                    let sale = Payment {
                        amount_minor: self.rhythm.median_minor as i64 * times,
                        entry: Entry::Inserted,
                        ..self.sale(today)
                    };
                    self.push(at_ms, sale, today, events);
                }
                Oddity::InParts => self.in_parts(at_ms, today, events),
                Oddity::Coach => {
                    for _ in 0..today.chance.between(20, 40) {
                        let later = today.chance.between(0, 15 * 60_000) as i64;
                        let sale = self.sale(today);
                        self.push(at_ms + later, sale, today, events);
                    }
                }
                Oddity::TelephoneOrders => {
                    for _ in 0..today.chance.between(5, 12) {
                        let sale = Payment {
                            entry: Entry::Keyed,
                            card: any_card(today.chance),
                            ..self.sale(today)
                        };
                        let at_ms = self.open_ms(today);
                        self.push(at_ms, sale, today, events);
                    }
                }
                Oddity::GiftCards => {
                    for _ in 0..today.chance.between(3, 8) {
                        let round = [50_000, 100_000, 200_000, 500_000][today.chance.weighted(&[4, 6, 3, 1])];
                        let sale = Payment {
                            amount_minor: round,
                            ..self.sale(today)
                        };
                        let at_ms = self.open_ms(today);
                        self.push(at_ms, sale, today, events);
                    }
                }
                Oddity::StockTaking if self.operators > 0 => {
                    let who = today.chance.between(1, u64::from(self.operators)) as u32;
                    let at_ms =
                        day_ms(today.day) + (22 * 60 + today.chance.between(0, 240) as i64) * MINUTE_MS;
                    self.sign_in(who, at_ms, today, events);
                }
                Oddity::GoodwillRefund => {
                    let times = 1.0 + 5.0 * today.chance.unit();
                    let refund = Payment {
                        kind: Kind::Refund,
                        amount_minor: (self.rhythm.median_minor * times) as i64 / 100 * 100,
                        card: any_card(today.chance),
                        ..self.sale(today)
                    };
                    self.push(at_ms, refund, today, events);
                }
                Oddity::TriedOut => {
                    let card = any_card(today.chance);
                    for number in 0..today.chance.between(1, 3) as i64 {
                        let amount_minor = today.chance.between(1, 100) as i64;
                        let sale = Payment {
                            amount_minor,
                            card,
                            ..self.sale(today)
                        };
                        self.push(at_ms + number * 60_000, sale, today, events);
                        self.undo(at_ms + number * 60_000 + 30_000, sale, today, events);
                    }
                }
                _ => {}
            }
        }
    }

    fn in_parts(&mut self, at_ms: i64, today: &mut Today, events: &mut Vec<Event>) {
        let card = any_card(today.chance);
        for number in 0..today.chance.between(3, 6) as i64 {
            let sale = Payment {
                card,
                ..self.sale(today)
            };
            let later = number * today.chance.between(30_000, 240_000) as i64;
            self.push(at_ms + later, sale, today, events);
        }
    }
}

/// A card that is nobody's in particular.
pub(super) fn any_card(chance: &mut Chance) -> u64 {
    chance.between(1, u64::MAX)
}

/// How many of independent events happen, where so many are expected.
fn poisson(expected: f64, chance: &mut Chance) -> u32 {
    if expected > 40.0 {
        return (expected + expected.sqrt() * chance.normal()).round().max(0.0) as u32;
    }
    let (limit, mut product, mut count) = ((-expected).exp(), chance.unit(), 0);
    while product > limit {
        product *= chance.unit();
        count += 1;
    }
    count
}
