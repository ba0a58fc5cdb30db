//! What a terminal is used to: rings of days, amounts, hours, operators and places, and the last payments one by one.
//!
//! Invariant: bounded, whatever comes ([`Profile::BYTES_MAX`] as JSON); it depends on the payments and their order alone, and comes out
//! the same after it was stored. What was refused teaches it nothing that would make the next try look usual.

mod days;
mod sketch;

use domain::Timestamp;
use domain::day::Local;

pub(crate) use days::Days;
pub(crate) use sketch::Sketch;

use crate::payment::{Certainty, Entry, Key, Kind, Payment, SignIn, State};

const MINUTE_MS: i64 = 60_000;
/// Payments that are remembered one by one.
const RECENT_MAX: usize = 32;
/// Operators and places that are remembered.
const SEEN_MAX: usize = 16;
/// Cards and payers to whom money went back.
const REFUNDED_MAX: usize = 16;
/// Days of each with a refund.
const REFUND_DAYS_MAX: usize = 8;
/// Wrong passwords.
const WRONG_MAX: usize = 16;
/// Currencies.
const CURRENCIES_MAX: usize = 3;
/// For so long after it was first seen, something is new.
const NEW_MS: i64 = 24 * 60 * MINUTE_MS;
/// What was not seen for so long is forgotten.
const FORGET_MS: i64 = 32 * 24 * 60 * MINUTE_MS;

/// A payment of the last ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Recent {
    #[serde(rename = "t")]
    pub at_ms: i64,
    #[serde(rename = "k")]
    pub kind: Kind,
    #[serde(rename = "s")]
    pub state: State,
    #[serde(rename = "e")]
    pub entry: Option<Entry>,
    #[serde(rename = "w")]
    pub who: Option<Key>,
    #[serde(rename = "a")]
    pub amount_minor: i64,
    #[serde(rename = "c")]
    pub currency: u16,
}

/// An operator or a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Seen {
    key: Key,
    first_ms: i64,
    last_ms: i64,
}

/// A card or payer to whom money went back.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Refunded {
    who: Key,
    last_ms: i64,
    /// (local day, refunds), by day.
    days: Vec<(i64, u16)>,
}

/// A wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Wrong {
    at_ms: i64,
    /// Whose.
    operator: Option<Key>,
}

/// Whether the terminal knows an operator or a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// For a day or longer, or by what its owner said.
    Yes,
    /// Not, or since today only.
    No,
}

/// What a terminal is used to. Serialises with serde; the form is the store's to keep, and is not for others to read. One that another
/// release wrote may not be read: it is then made anew from the payments.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    days: Days,
    amounts: Vec<(u16, Sketch)>,
    recent: Vec<Recent>,
    operators: Vec<Seen>,
    places: Vec<Seen>,
    refunded: Vec<Refunded>,
    wrong: Vec<Wrong>,
    last_ms: Option<i64>,
}

/// How busy a terminal is now and was before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Payments of the last 7 days, the day asked about among them.
    pub week: u32,
    /// Payments of the 23 days before.
    pub before: u32,
    /// How many times as many a day as before, in hundredths; 0 without a past.
    pub ratio_hundredths: u32,
}

impl Profile {
    /// A profile takes no more than this as JSON, bytes.
    pub const BYTES_MAX: usize = 24 << 10;

    /// Takes in a payment, after it was judged. Payments come in the order of their times as far as that is known; one that is
    /// older than 32 days before the newest changes nothing.
    pub fn observe(&mut self, payment: &Payment) {
        let local = Local::of(payment.at, payment.offset_min);
        let Some(at) = self.days.enter(local.day.0) else {
            return;
        };
        let is_timed = payment.certainty != Certainty::Day;
        if is_timed {
            self.touch(at, payment.at);
            self.keep_recent(payment);
        }
        if payment.state == State::Declined {
            count(&mut self.days.declined[at]);
            return;
        }
        self.count_read(at, payment.entry);
        let is_approved = payment.state == State::Approved;
        if is_approved {
            self.learn(payment.at, payment.operator.as_deref(), payment.place);
        }
        if payment.kind == Kind::Other {
            return;
        }
        count(&mut self.days.payments[at]);
        if is_approved && is_timed {
            self.days.at_hour(at, local.day.0, local.hour());
        }
        match payment.kind {
            Kind::Refund => {
                count(&mut self.days.refunds[at]);
                self.keep_refunded(payment, local.day.0);
            }
            Kind::Sale if is_approved => self.keep_amount(payment),
            _ => {}
        }
    }

    /// Takes in a try to sign in, after it was judged.
    pub fn signed_in(&mut self, sign_in: &SignIn) {
        let local = Local::of(sign_in.at, sign_in.offset_min);
        let Some(at) = self.days.enter(local.day.0) else {
            return;
        };
        if sign_in.is_accepted {
            self.touch(at, sign_in.at);
            self.days.hours[at] |= 1 << local.hour();
            self.learn(sign_in.at, sign_in.operator.as_deref(), sign_in.place);
        } else {
            let wrong = Wrong {
                at_ms: sign_in.at.0,
                operator: sign_in.operator.as_deref().map(Key::of),
            };
            let place = self.wrong.partition_point(|one| one.at_ms <= wrong.at_ms);
            self.wrong.insert(place, wrong);
            drop_first(&mut self.wrong, WRONG_MAX);
        }
    }

    /// Somebody who must know says that the terminal is where it belongs: who and where was new is new no more.
    pub fn confirm(&mut self) {
        for seen in self.operators.iter_mut().chain(&mut self.places) {
            seen.first_ms = seen.first_ms.min(seen.last_ms.saturating_sub(NEW_MS));
        }
        self.wrong.clear();
    }

    /// 7 days against the 23 before, as of a time.
    pub fn pace(&self, now: Timestamp, offset_min: i32) -> Pace {
        let day = Local::of(now, offset_min).day.0;
        let week = self.days.span(&self.days.payments, day, 7);
        let before = self.days.span(&self.days.payments, day.saturating_sub(7), 23);
        Pace {
            week,
            before,
            // week / 7 : before / 23
            ratio_hundredths: (week * 23 * 100).checked_div(before * 7).unwrap_or(0),
        }
    }

    /// An amount against the median of what the terminal takes in its currency, in hundredths; `None` before there are `sales_min`.
    pub fn ratio_hundredths(&self, payment: &Payment, sales_min: u32) -> Option<i64> {
        let sketch = self.amounts(payment.currency.0)?;
        let median = sketch.median_minor().filter(|_| sketch.total() >= sales_min)?;
        payment.amount_minor.checked_mul(100)?.checked_div(median.max(1))
    }

    pub(crate) const fn days(&self) -> &Days {
        &self.days
    }

    pub(crate) fn recent(&self) -> &[Recent] {
        &self.recent
    }

    pub(crate) fn amounts(&self, currency: u16) -> Option<&Sketch> {
        let mut all = self.amounts.iter();
        all.find(|one| one.0 == currency).map(|one| &one.1)
    }

    /// The last payment or accepted sign-in.
    pub(crate) const fn last_ms(&self) -> Option<i64> {
        self.last_ms
    }

    /// Whether it knows an operator; `None`: it knows none at all.
    pub(crate) fn knows_operator(&self, operator: &str, at: Timestamp) -> Option<Known> {
        known(&self.operators, Key::of(operator), at)
    }

    /// Whether it knows a place; `None`: it knows none at all.
    pub(crate) fn knows_place(&self, place: Key, at: Timestamp) -> Option<Known> {
        known(&self.places, place, at)
    }

    /// How often money went back to somebody since a day.
    pub(crate) fn refunded(&self, who: Key, since_day: i64) -> u32 {
        let found = self.refunded.iter().find(|one| one.who == who);
        let days = found.into_iter().flat_map(|one| &one.days);
        days.filter(|(day, _)| *day >= since_day)
            .map(|(_, count)| u32::from(*count))
            .sum()
    }

    /// Whose passwords were wrong within a time, its ends included: one for each try.
    pub(crate) fn wrong(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = Option<Key>> {
        let within = move |one: &&Wrong| (from_ms..=to_ms).contains(&one.at_ms);
        self.wrong.iter().filter(within).map(|one| one.operator)
    }

    /// Something came from it: how long was it silent?
    fn touch(&mut self, place: usize, at: Timestamp) {
        if let Some(last) = self.last_ms {
            let minutes = at.0.saturating_sub(last) / MINUTE_MS;
            let pause = u16::try_from(minutes.max(0)).unwrap_or(u16::MAX);
            self.days.pause[place] = self.days.pause[place].max(pause);
        }
        self.last_ms = Some(self.last_ms.map_or(at.0, |last| last.max(at.0)));
    }

    fn keep_recent(&mut self, payment: &Payment) {
        let recent = Recent {
            at_ms: payment.at.0,
            kind: payment.kind,
            state: payment.state,
            entry: payment.entry,
            who: payment.who(),
            amount_minor: payment.amount_minor,
            currency: payment.currency.0,
        };
        let place = self.recent.partition_point(|one| one.at_ms <= recent.at_ms);
        self.recent.insert(place, recent);
        drop_first(&mut self.recent, RECENT_MAX);
    }

    fn count_read(&mut self, at: usize, entry: Option<Entry>) {
        if let Some(entry) = entry {
            count(&mut self.days.read[entry as usize][at]);
        }
    }

    fn learn(&mut self, at: Timestamp, operator: Option<&str>, place: Option<Key>) {
        if let Some(operator) = operator {
            see(&mut self.operators, Key::of(operator), at.0);
        }
        if let Some(place) = place {
            see(&mut self.places, place, at.0);
        }
    }

    fn keep_refunded(&mut self, payment: &Payment, day: i64) {
        let Some(who) = payment.who() else { return };
        let at_ms = payment.at.0;
        self.refunded
            .retain(|one| one.last_ms >= at_ms.saturating_sub(FORGET_MS));
        let at = self.refunded.iter().position(|one| one.who == who);
        let mut one = match at {
            Some(at) => self.refunded.remove(at),
            None => Refunded {
                who,
                last_ms: at_ms,
                days: Vec::new(),
            },
        };
        one.last_ms = one.last_ms.max(at_ms);
        match one.days.binary_search_by_key(&day, |(day, _)| *day) {
            Ok(at) => count(&mut one.days[at].1),
            Err(at) => one.days.insert(at, (day, 1)),
        }
        if one.days.len() > REFUND_DAYS_MAX {
            // The two oldest become one.
            let (_, oldest) = one.days.remove(0);
            one.days[0].1 = one.days[0].1.saturating_add(oldest);
        }
        self.refunded.push(one);
        self.refunded.sort_by_key(|one| (one.last_ms, one.who));
        drop_first(&mut self.refunded, REFUNDED_MAX);
    }

    fn keep_amount(&mut self, payment: &Payment) {
        let currency = payment.currency.0;
        let at = self.amounts.iter().position(|one| one.0 == currency);
        let at = at.or_else(|| {
            let has_room = self.amounts.len() < CURRENCIES_MAX;
            has_room.then(|| {
                self.amounts.push((currency, Sketch::default()));
                self.amounts.len() - 1
            })
        });
        if let Some((_, sketch)) = at.and_then(|at| self.amounts.get_mut(at)) {
            sketch.add(payment.amount_minor);
        }
    }
}

const fn count(counter: &mut u16) {
    *counter = counter.saturating_add(1);
}

fn drop_first<T>(all: &mut Vec<T>, kept: usize) {
    let over = all.len().saturating_sub(kept);
    all.drain(..over);
}

fn see(all: &mut Vec<Seen>, key: Key, at_ms: i64) {
    all.retain(|one| one.last_ms >= at_ms.saturating_sub(FORGET_MS));
    match all.iter_mut().find(|one| one.key == key) {
        Some(one) => one.last_ms = one.last_ms.max(at_ms),
        None => all.push(Seen {
            key,
            first_ms: at_ms,
            last_ms: at_ms,
        }),
    }
    if all.len() > SEEN_MAX {
        all.sort_by_key(|one| (one.last_ms, one.key));
        drop_first(all, SEEN_MAX);
    }
}

fn known(all: &[Seen], key: Key, at: Timestamp) -> Option<Known> {
    if all.is_empty() {
        return None;
    }
    let known = all.iter().find(|one| one.key == key);
    let is_old = |one: &Seen| {
        at.0.saturating_sub(one.first_ms) >= NEW_MS && one.last_ms >= at.0.saturating_sub(FORGET_MS)
    };
    Some(if known.is_some_and(is_old) {
        Known::Yes
    } else {
        Known::No
    })
}
