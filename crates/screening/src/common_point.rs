//! Common points of compromise: terminals at which cards were before they came to harm elsewhere, far more of them than chance brings there.
//! A reader that somebody altered looks like any other, and it is the cards that meet there.
//!
//! A card is known truncated only, so two may look alike, and no name of a payer is whole. Hence nothing here is said of a card: what is
//! judged is how many of them were at a terminal, against what three baselines would have brought, the highest of which counts:
//!
//! 1. the estate's: the share of victims among all that were seen at other terminals. A number that many cards share is seen at many.
//! 2. the customers': of the other customers of the shops where it happened, so many come here, too. Neighbours and regulars do.
//! 3. the companions': the share of victims at the other places where the same victims were. A whole town of them shops in one market.
//!
//! Invariant: whole numbers only, and the order in which cards come changes nothing. What one merchant says alone points at nobody.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::time::HOUR_MS;
use domain::{TerminalId, Timestamp};

use crate::payment::Key;

/// So far back cards are looked for: 60 days.
pub const SPAN_MS: i64 = 60 * 24 * HOUR_MS;
/// Losses that are looked at most, the newest.
pub const INCIDENTS_MAX: usize = 500;
/// Cards that came to harm, at most: the newest losses' first.
pub const VICTIMS_MAX: usize = 100_000;
/// Customers of a shop whose other ways are looked at: a sample by the hash of the card.
pub const CUSTOMERS_MAX: usize = 1_000;
/// What was seen at more terminals than this is no card, but many that look alike, and says nothing.
pub const COMMON_MAX: u32 = 100;
/// Victims at terminals that are remembered at most, all together.
pub const HITS_MAX: usize = 1_000_000;
/// Victims below which nothing is said.
pub const VICTIMS_MIN: usize = 3;
/// Losses below which nothing is said.
pub const INCIDENTS_MIN: usize = 2;
/// By chance a house would have one finding in so many looks, as a power of two: 1,024 nights.
pub const BITS_MIN: i64 = 10;
/// Odds are said up to here, as a power of two: one in 2³⁰ looks.
const BITS_MAX: i64 = 30;
/// Findings of one look at most, the least likely first.
pub const FINDINGS_MAX: usize = 20;

const MILLION: i64 = 1_000_000;

/// A loss at which cards came to harm. Merchants and shops are numbered by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Whose terminal it was.
    pub merchant: u32,
    /// In which shop.
    pub shop: u32,
}

/// What is said of a card: it came to harm at a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which card or payer.
    pub card: Key,
    /// At which loss, by its place in the list.
    pub incident: usize,
    /// Whether the house says so; else the merchant of the loss.
    pub by_house: bool,
    /// When. Where it was before counts.
    pub from: Timestamp,
}

/// A terminal whose cards are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Which.
    pub terminal_id: TerminalId,
    /// In which shop.
    pub shop: u32,
    /// Whether its loss was reported: then it belongs to the estate, and is not named.
    pub is_reported: bool,
}

/// A terminal that nobody reported, and what points to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub terminal_id: TerminalId,
    /// Cards and payers that were there, each once.
    pub cards: i64,
    /// Those of them that came to harm elsewhere later.
    pub victims: i64,
    /// The same without those by the word of one merchant only: of that one without whom it says least. This is what was judged.
    pub independent: i64,
    /// How many of these chance would have brought, millionths.
    pub expected_millionths: i64,
    /// By chance the estate would have one such terminal in so many looks.
    pub odds: i64,
    /// The losses they come from, by their places.
    pub incidents: Vec<usize>,
    /// The cards.
    pub keys: Vec<Key>,
}

/// What was seen at a terminal.
#[derive(Debug)]
struct Seen {
    at: At,
    cards: i64,
    /// Victims, and when each was here first.
    hits: Vec<(u32, Timestamp)>,
    /// How many of them are victims by the word of one merchant only.
    alone: BTreeMap<u32, i64>,
    /// Customers of shops of losses.
    customers: BTreeMap<u32, i64>,
}

impl Seen {
    /// How many victims are left when a merchant had said nothing.
    fn without(&self, merchant: Option<u32>) -> i64 {
        let alone = merchant.and_then(|merchant| self.alone.get(&merchant));
        self.hits.len() as i64 - alone.copied().unwrap_or(0)
    }
}

/// What all terminals have together.
struct All {
    /// Victims at all of them.
    hits: i64,
    /// The same by the word of one merchant only.
    alone: BTreeMap<u32, i64>,
    /// Of each victim, at which of them it was.
    places: Vec<Vec<u32>>,
    /// Of each shop of a loss: whose it is, its victims, and those of them by the word of the house.
    shops: BTreeMap<u32, (u32, i64, i64)>,
}

/// A look through an estate: first what is said of cards, then the customers of the shops where it happened, then every terminal.
#[derive(Debug, Default)]
pub struct Search {
    incidents: Vec<Incident>,
    place: HashMap<Key, u32>,
    /// Of each victim: once for each loss.
    victims: Vec<Vec<Said>>,
    /// At how many terminals each was.
    shown_at: Vec<u32>,
    customers: HashMap<Key, Vec<u32>>,
    /// How many of each shop are looked at.
    sampled: HashMap<u32, i64>,
    seen: Vec<Seen>,
    hits: usize,
    terminals: u64,
    cards: i64,
    /// Whether there was more than is looked at.
    pub is_cut: bool,
}

impl Search {
    /// One that has seen nothing yet; the newest losses first.
    pub fn new(mut incidents: Vec<Incident>) -> Self {
        let is_cut = incidents.len() > INCIDENTS_MAX;
        incidents.truncate(INCIDENTS_MAX);
        Self {
            incidents,
            is_cut,
            ..Self::default()
        }
    }

    /// Takes in what is said of a card; once for each loss: the house's word before a merchant's, and from the earliest time.
    pub fn say(&mut self, said: Said) {
        let is_new = !self.place.contains_key(&said.card);
        if said.incident >= self.incidents.len() || is_new && self.victims.len() >= VICTIMS_MAX {
            self.is_cut = true;
            return;
        }
        let next = self.victims.len() as u32;
        let place = *self.place.entry(said.card).or_insert(next);
        if is_new {
            self.victims.push(Vec::new());
            self.shown_at.push(0);
        }
        let before = &mut self.victims[place as usize];
        match before.iter_mut().find(|before| before.incident == said.incident) {
            Some(before) => {
                before.by_house |= said.by_house;
                before.from = before.from.min(said.from);
            }
            None => before.push(said),
        }
    }

    /// Whether anything can come of going on.
    pub fn has_enough(&self) -> bool {
        self.incidents.len() >= INCIDENTS_MIN && self.victims.len() >= VICTIMS_MIN
    }

    /// Takes in who is a customer of a shop at which a loss was. Victims are none.
    pub fn customers(&mut self, shop: u32, cards: impl IntoIterator<Item = Key>) {
        let mut cards: Vec<Key> = cards
            .into_iter()
            .filter(|card| !self.place.contains_key(card))
            .collect();
        cards.sort_unstable();
        cards.dedup();
        cards.truncate(CUSTOMERS_MAX);
        self.sampled.insert(shop, cards.len() as i64);
        for card in cards {
            self.customers.entry(card).or_default().push(shop);
        }
    }

    /// Takes in which cards and payers were at a terminal in the span, and when each was there first.
    pub fn see(&mut self, at: At, cards: &HashMap<Key, Timestamp>) {
        if cards.is_empty() {
            return;
        }
        self.terminals += 1;
        self.cards += cards.len() as i64;
        let mut hits: Vec<(u32, Timestamp)> = Vec::new();
        for (card, first) in cards {
            if let Some(victim) = self.place.get(card)
                && self.said(&at, *victim, *first).next().is_some()
            {
                hits.push((*victim, *first));
            }
        }
        hits.sort_unstable();
        hits.retain(|(victim, _)| {
            let shown_at = &mut self.shown_at[*victim as usize];
            *shown_at += 1;
            *shown_at <= COMMON_MAX
        });
        let room = HITS_MAX - self.hits;
        self.is_cut |= hits.len() > room;
        hits.truncate(room);
        self.hits += hits.len();
        if hits.is_empty() {
            return;
        }
        let mut customers = BTreeMap::new();
        if hits.len() >= VICTIMS_MIN {
            let shops = cards.keys().filter_map(|card| self.customers.get(card)).flatten();
            shops.for_each(|shop| *customers.entry(*shop).or_default() += 1);
        }
        self.seen.push(Seen {
            at,
            cards: cards.len() as i64,
            hits,
            alone: BTreeMap::new(),
            customers,
        });
    }

    /// What counts of a victim at a terminal: harm that came later, in another shop. A shop's regulars are at all its terminals.
    fn said(&self, at: &At, victim: u32, first: Timestamp) -> impl Iterator<Item = &Said> {
        let shop = at.shop;
        self.victims[victim as usize]
            .iter()
            .filter(move |said| first < said.from && self.incidents[said.incident].shop != shop)
    }

    /// The terminals that stand out, the least likely first; at most [`FINDINGS_MAX`].
    pub fn judge(mut self) -> Vec<Finding> {
        let all = self.all();
        let mut findings: Vec<(i64, Finding)> = Vec::new();
        for seen in &self.seen {
            if seen.at.is_reported || seen.hits.len() < VICTIMS_MIN {
                continue;
            }
            let said = |(victim, first): &(u32, Timestamp)| self.said(&seen.at, *victim, *first);
            let incidents: BTreeSet<usize> = seen.hits.iter().flat_map(said).map(|it| it.incident).collect();
            if incidents.len() < INCIDENTS_MIN {
                continue;
            }
            let shops: BTreeSet<u32> = incidents.iter().map(|it| self.incidents[*it].shop).collect();
            let without = seen.alone.keys().copied().map(Some).chain([None]);
            let weakest = without.map(|merchant| {
                let expected = self.expected(&all, seen, &shops, merchant);
                let independent = seen.without(merchant);
                (tail_bits(independent, expected), independent, expected)
            });
            let Some((bits, independent, expected_millionths)) = weakest.min() else {
                continue;
            };
            let bits = bits - i64::from(self.terminals.next_power_of_two().ilog2());
            if bits < BITS_MIN || independent < VICTIMS_MIN as i64 {
                continue;
            }
            let keys = seen.hits.iter().map(|(victim, _)| *victim as usize);
            let finding = Finding {
                terminal_id: seen.at.terminal_id,
                cards: seen.cards,
                victims: seen.hits.len() as i64,
                independent,
                expected_millionths,
                odds: 1 << bits.min(BITS_MAX),
                incidents: incidents.into_iter().collect(),
                keys: keys
                    .filter_map(|it| Some(self.victims[it].first()?.card))
                    .collect(),
            };
            findings.push((bits, finding));
        }
        findings.sort_by_key(|(bits, finding)| (-bits, finding.terminal_id));
        findings.truncate(FINDINGS_MAX);
        findings.into_iter().map(|(_, finding)| finding).collect()
    }

    /// Takes out what says nothing, and adds up the rest.
    fn all(&mut self) -> All {
        let mut all = All {
            hits: 0,
            alone: BTreeMap::new(),
            places: vec![Vec::new(); self.victims.len()],
            shops: BTreeMap::new(),
        };
        let mut seen = std::mem::take(&mut self.seen);
        for (seen, place) in seen.iter_mut().zip(0..) {
            seen.hits
                .retain(|(victim, _)| self.shown_at[*victim as usize] <= COMMON_MAX);
            all.hits += seen.hits.len() as i64;
            for (victim, first) in &seen.hits {
                all.places[*victim as usize].push(place);
                if let Some(merchant) = self.alone(&seen.at, *victim, *first) {
                    *seen.alone.entry(merchant).or_default() += 1;
                    *all.alone.entry(merchant).or_default() += 1;
                }
            }
        }
        self.seen = seen;
        for it in &self.incidents {
            all.shops.insert(it.shop, (it.merchant, 0, 0));
        }
        for (said, shown_at) in self.victims.iter().zip(&self.shown_at) {
            let mut shops: BTreeMap<u32, bool> = BTreeMap::new();
            for it in said {
                *shops.entry(self.incidents[it.incident].shop).or_default() |= it.by_house;
            }
            for (shop, by_house) in shops.into_iter().filter(|_| *shown_at <= COMMON_MAX) {
                if let Some((_, victims, of_house)) = all.shops.get_mut(&shop) {
                    *victims += 1;
                    *of_house += i64::from(by_house);
                }
            }
        }
        all
    }

    /// The one merchant who says of a victim that it is one; `None` where the house does, or two do.
    fn alone(&self, at: &At, victim: u32, first: Timestamp) -> Option<u32> {
        let mut merchants = BTreeSet::new();
        for it in self.said(at, victim, first) {
            if it.by_house {
                return None;
            }
            merchants.insert(self.incidents[it.incident].merchant);
        }
        merchants.pop_first().filter(|_| merchants.is_empty())
    }

    /// How many victims chance would have brought, had a merchant said nothing: the highest of the three, millionths.
    fn expected(&self, all: &All, seen: &Seen, shops: &BTreeSet<u32>, without: Option<u32>) -> i64 {
        let of_estate = {
            let alone = without.and_then(|merchant| all.alone.get(&merchant));
            let hits = all.hits - alone.copied().unwrap_or(0) - seen.without(without);
            part(seen.cards, hits + 1, self.cards - seen.cards + 1)
        };
        let of_customers = shops.iter().fold(0, |sum: i64, shop| {
            // Of a shop whose customers nobody knows, all may come.
            let sampled = self.sampled.get(shop).copied().unwrap_or(0);
            let here = seen.customers.get(shop).copied().unwrap_or(0);
            let victims = match all.shops.get(shop) {
                Some((merchant, _, of_house)) if Some(*merchant) == without => *of_house,
                Some((_, victims, _)) => *victims,
                None => 0,
            };
            sum.saturating_add(part(victims, here + 1, sampled + 1))
        });
        let places = seen
            .hits
            .iter()
            .flat_map(|(victim, _)| &all.places[*victim as usize]);
        let places: BTreeSet<u32> = places.copied().collect();
        let companions = places.into_iter().map(|place| &self.seen[place as usize]);
        let companions = companions.filter(|companion| companion.at.shop != seen.at.shop);
        // Each is known by one of them, which says nothing of how many there are.
        let (hits, cards) = companions.fold((0, 0), |(hits, cards), it| {
            (hits + (it.without(without) - 1).max(0), cards + it.cards)
        });
        let of_companions = if cards == 0 {
            0
        } else {
            part(seen.cards, hits, cards)
        };
        of_estate.max(of_customers).max(of_companions).max(1)
    }
}

/// `whole` × `some` / `of`, in millionths, rounded up.
fn part(whole: i64, some: i64, of: i64) -> i64 {
    let (whole, some, of) = (i128::from(whole), i128::from(some), i128::from(of.max(1)));
    let millionths = (whole * some * i128::from(MILLION) + of - 1) / of;
    i64::try_from(millionths).unwrap_or(i64::MAX)
}

/// How unlikely it is that so many come where so many are expected: at most one in 2ⁿ, n rounded down. Chernoff's bound, which holds of
/// cards that come by themselves, however differently likely each: P(X ≥ x) ≤ 2^−(x·log₂(x/μ) − (x − μ)·log₂e).
fn tail_bits(count: i64, expected_millionths: i64) -> i64 {
    /// log₂e in 65536ths, rounded up.
    const LOG2_E: i128 = 94_549;
    let (count, expected) = (i128::from(count), i128::from(expected_millionths.max(1)));
    let counted = count * i128::from(MILLION);
    if counted <= expected {
        return 0;
    }
    // Each logarithm is off by less than 2 of its 65536ths.
    let ratio = log2(counted) - log2(expected) - 2;
    let over = ((counted - expected) * LOG2_E) / i128::from(MILLION) + 1;
    let bits = (count * ratio - over) >> 16;
    i64::try_from(bits.max(0)).unwrap_or(i64::MAX)
}

/// The logarithm to base two of a number from 1 to 2⁶³, in 65536ths, rounded down.
fn log2(number: i128) -> i128 {
    let number = number.clamp(1, 1 << 63) as u128;
    let whole = number.ilog2();
    let (mut rest, mut log) = (number << (63 - whole), i128::from(whole));
    for _ in 0..16 {
        rest = (rest * rest) >> 63;
        log <<= 1;
        if rest >= 1 << 64 {
            rest >>= 1;
            log |= 1;
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_are_never_better_than_they_are() {
        for (count, expected_millionths, bits) in [
            // e^-µ (eµ/x)^x, computed apart.
            (3, 10_000, 20),
            (5, 10_000, 37),
            (5, 1_000_000, 5),
            (12, 1_000_000, 27),
            (160, 100_000_000, 21),
            (3, 3_000_000, 0),
            (2, 3_000_000, 0),
            (0, 1, 0),
            // 3,509,851, less what the logarithms round off.
            (100_000, 1, 3_509_846),
        ] {
            let found = tail_bits(count, expected_millionths);
            assert!(
                (bits - 1..=bits).contains(&found),
                "{count} {expected_millionths}: {found}"
            );
        }
        assert_eq!([1, 2, 3, 1_000_000].map(log2), [0, 65_536, 103_872, 1_306_235]);
    }
}
