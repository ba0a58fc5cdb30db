//! Common points: a terminal at which many victims were is named; one that is merely big, near, popular or slandered is not.

use std::collections::HashMap;

use domain::{TerminalId, Timestamp};
use screening::Key;
use screening::common_point::{At, COMMON_MAX, Finding, Incident, Said, Search};

/// Cards of the estate's people.
const PEOPLE: u64 = 20_000;
/// Terminals, each in a shop of its own: those of places 0 to 3 were reported.
const TERMINALS: u32 = 200;
const REPORTED: u32 = 4;
/// When cards came to harm; before it all were seen somewhere.
const HARM: Timestamp = Timestamp(10_000);

fn terminal(place: u32) -> TerminalId {
    TerminalId::parse(format!("T{place:07}").as_bytes()).unwrap_or_else(|| panic!("{place}"))
}

/// Numbers that look like chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// An estate in which people go where they like: which cards were where.
struct Estate {
    at: Vec<At>,
    cards: Vec<HashMap<Key, Timestamp>>,
    incidents: Vec<Incident>,
    said: Vec<Said>,
}

impl Estate {
    /// Each of the four losses has ten victims, by the word of its merchant, who were its customers.
    fn new() -> Self {
        let mut chance = Chance(7);
        let at = (0..TERMINALS).map(|place| At {
            terminal_id: terminal(place),
            shop: place,
            is_reported: place < REPORTED,
        });
        let mut it = Self {
            at: at.collect(),
            cards: vec![HashMap::new(); TERMINALS as usize],
            incidents: Vec::new(),
            said: Vec::new(),
        };
        for place in 0..TERMINALS {
            for _ in 0..300 {
                it.pays(chance.below(PEOPLE), place);
            }
        }
        for incident in 0..REPORTED {
            it.incidents.push(Incident {
                merchant: incident,
                shop: incident,
            });
            for person in it.people_at(incident).into_iter().take(10) {
                it.harmed(person, incident as usize, false);
            }
        }
        it
    }

    fn pays(&mut self, person: u64, place: u32) {
        self.cards[place as usize].insert(Key(person), Timestamp(person as i64 % 1_000));
    }

    fn harmed(&mut self, person: u64, incident: usize, by_house: bool) {
        self.said.push(Said {
            card: Key(person),
            incident,
            by_house,
            from: HARM,
        });
    }

    fn people_at(&self, place: u32) -> Vec<u64> {
        let mut people: Vec<u64> = self.cards[place as usize].keys().map(|key| key.0).collect();
        people.sort_unstable();
        people
    }

    fn victims(&self) -> Vec<u64> {
        self.said.iter().map(|said| said.card.0).collect()
    }

    fn search(&self) -> Search {
        let mut search = Search::new(self.incidents.clone());
        self.said.iter().for_each(|said| search.say(*said));
        let mut shops: Vec<u32> = self.incidents.iter().map(|it| it.shop).collect();
        shops.dedup();
        for shop in shops {
            let of_shop = self.at.iter().zip(&self.cards).filter(|(at, _)| at.shop == shop);
            search.customers(shop, of_shop.flat_map(|(_, cards)| cards.keys().copied()));
        }
        search
    }

    fn found(&self) -> Vec<Finding> {
        let mut search = self.search();
        for (at, cards) in self.at.iter().zip(&self.cards) {
            search.see(*at, cards);
        }
        search.judge()
    }

    fn named(&self) -> Vec<TerminalId> {
        self.found().iter().map(|it| it.terminal_id).collect()
    }
}

/// Six of the ten victims of each of the first two losses had been at one terminal.
fn compromised(place: u32) -> Estate {
    let mut estate = Estate::new();
    let victims = estate.victims();
    for person in victims[..6].iter().chain(&victims[10..16]) {
        estate.pays(*person, place);
    }
    estate
}

#[test]
fn the_terminal_where_victims_were_before_is_named_and_no_other() {
    assert_eq!(Estate::new().found(), [], "people go where they like");
    let found = compromised(50).found();
    assert_eq!(found.len(), 1, "{found:?}");
    let it = &found[0];
    assert_eq!((it.terminal_id, &it.incidents[..2]), (terminal(50), &[0, 1][..]));
    assert!(
        it.victims >= 12 && it.independent >= 6 && it.independent < it.victims,
        "{it:?}"
    );
    assert!(it.expected_millionths < 2_000_000 && it.odds >= 1_024, "{it:?}");
    assert_eq!(it.keys.len() as i64, it.victims);
}

#[test]
fn the_order_in_which_terminals_and_words_come_changes_nothing() {
    let estate = compromised(50);
    let mut search = Search::new(estate.incidents.clone());
    estate.said.iter().rev().for_each(|said| search.say(*said));
    for shop in (0..REPORTED).rev() {
        search.customers(shop, estate.cards[shop as usize].keys().copied());
    }
    for (at, cards) in estate.at.iter().zip(&estate.cards).rev() {
        search.see(*at, cards);
    }
    let sorted = |mut found: Vec<Finding>| {
        found.iter_mut().for_each(|it| it.keys.sort_unstable());
        found
    };
    assert_eq!(sorted(search.judge()), sorted(estate.found()));
}

#[test]
fn what_is_merely_big_near_popular_or_late_is_not_named() {
    // Each does something to the estate that brings many victims to terminal 50, and would have it named without its baseline.
    type Trap = fn(&mut Estate);
    let traps: [(&str, Trap); 8] = [
        ("a market where half of all people are", |estate| {
            (0..PEOPLE).step_by(2).for_each(|person| estate.pays(person, 50));
        }),
        (
            "the market of another town, whose people were harmed here",
            |estate| {
                estate.said.clear();
                (PEOPLE..PEOPLE + 10_000).for_each(|person| estate.pays(person, 50));
                for (person, place) in (PEOPLE..PEOPLE + 8).zip(60..) {
                    estate.harmed(person, place as usize % 4, true);
                    estate.pays(person, place);
                }
            },
        ),
        (
            "a neighbour, where half of the shops' customers go too",
            |estate| {
                for shop in 0..REPORTED {
                    for person in estate.people_at(shop).into_iter().step_by(2) {
                        estate.pays(person, 50);
                    }
                }
            },
        ),
        (
            "one of the markets of the town where the victims live",
            |estate| {
                for (victim, place) in estate.victims().into_iter().zip((50..60).cycle()) {
                    for place in [place, 50 + (place + 3) % 10, 50 + (place + 7) % 10] {
                        estate.pays(victim, place);
                    }
                }
                for person in 0..600 {
                    (50..60).for_each(|place| estate.pays(person * 7, place));
                }
            },
        ),
        (
            "numbers that so many cards share that they are everywhere",
            |estate| {
                for victim in estate.victims() {
                    (50..50 + COMMON_MAX + 1).for_each(|place| estate.pays(victim, place));
                }
            },
        ),
        ("numbers that many cards share", |estate| {
            for victim in estate.victims() {
                (50..100).for_each(|place| estate.pays(victim, place));
            }
        }),
        (
            "another terminal of the shop that has all these regulars",
            |estate| {
                estate.incidents.iter_mut().for_each(|it| it.shop = 50);
                estate
                    .victims()
                    .into_iter()
                    .for_each(|victim| estate.pays(victim, 50));
            },
        ),
        ("after the harm, not before", |estate| {
            for victim in estate.victims() {
                estate.cards[50].insert(Key(victim), HARM);
            }
        }),
    ];
    for (what, trap) in traps {
        let mut estate = Estate::new();
        trap(&mut estate);
        assert!(
            !estate.named().contains(&terminal(50)),
            "{what}: {:?}",
            estate.found()
        );
    }
    // What was reported is known.
    assert_eq!(compromised(2).named(), []);
}

#[test]
fn a_big_terminal_is_named_when_victims_are_more_than_its_share() {
    let mut estate = compromised(50);
    (0..PEOPLE).step_by(20).for_each(|person| estate.pays(person, 50));
    estate
        .victims()
        .into_iter()
        .for_each(|person| estate.pays(person, 50));
    assert_eq!(estate.named(), [terminal(50)]);
}

#[test]
fn one_merchant_alone_points_at_nobody_and_the_house_does() {
    // A merchant with two shops calls two hundred payments fraudulent, of people who were at a rival's.
    let slander = |by_house| {
        let mut estate = Estate::new();
        estate.said.clear();
        estate.incidents.iter_mut().for_each(|it| it.merchant = 0);
        for person in estate.people_at(50).into_iter().take(200) {
            estate.harmed(person, (person % 2) as usize, by_house);
        }
        estate
    };
    assert_eq!(slander(false).named(), []);
    assert_eq!(slander(true).named(), [terminal(50)]);
    // Two of another merchant's are not enough beside it; eight would be by themselves.
    for (others, wanted) in [(2, vec![]), (8, vec![terminal(50)])] {
        let mut estate = slander(false);
        estate.incidents[3].merchant = 9;
        for person in estate.people_at(50).into_iter().skip(200).take(others) {
            estate.harmed(person, 3, false);
        }
        assert_eq!(estate.named(), wanted, "{others}");
    }
}

#[test]
fn a_card_counts_once_for_a_loss_and_few_victims_or_one_loss_name_nobody() {
    // Of so many victims at each of so many losses, all by the word of the house.
    for (incidents, each, named) in [(1, 8, false), (2, 1, false), (5, 1, true), (2, 3, true)] {
        let mut estate = Estate::new();
        estate.said.clear();
        let people = estate.people_at(50);
        for (person, place) in people.into_iter().take(incidents * each).zip(0..) {
            for _ in 0..5 {
                estate.harmed(person, place % incidents, true);
            }
        }
        assert_eq!(estate.named() == [terminal(50)], named, "{incidents} × {each}");
    }
}
