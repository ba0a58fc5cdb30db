//! Who exists: one acquirer, three merchants, eight shops, their operators and forty terminals; all invented.
//!
//! It touches nothing: the same seed and time give the same estate, down to the keys. What they did before now is in
//! [`Estate::history`]. Names of operators are numbers ("收银员 01"): the estate holds no person's name.
//!
//! Invariant: every code that carries a check digit carries the right one; no key or password is in a `Debug` output.

mod history;
mod names;
mod social_credit;

use std::fmt;

use crate::chance::Chance;
use crate::terminal::TerminalIdentity;
pub(crate) use history::Rhythm;
pub use history::{Declined, History, MaskedCard, PastTransaction};
pub use social_credit::{organisation_check, social_credit_check};

/// A whole invented world. Indices (`merchant`, `shop`, `terminal`, `operator`) point into its lists.
#[derive(Debug, Clone)]
pub struct Estate {
    /// The seed it grew from.
    pub seed: u64,
    /// Its present, in milliseconds since 1970 UTC; the history ends here.
    pub now_ms: i64,
    /// The one acquirer.
    pub acquirer: Acquirer,
    /// Three merchants, one of each [`Trade`].
    pub merchants: Vec<Merchant>,
    /// Eight shops.
    pub shops: Vec<Shop>,
    /// The operators of all shops, in shop order.
    pub operators: Vec<Operator>,
    /// Forty terminals, in shop order.
    pub terminals: Vec<Terminal>,
}

/// The institution that placed the terminals.
#[derive(Debug, Clone)]
pub struct Acquirer {
    /// Institution code, 8 digits (field 32 of an answer).
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
}

/// What a merchant sells: it sets hours, amounts and the share of refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trade {
    /// A snack food chain: many small sales, peaks at breakfast, lunch and dinner.
    Snacks,
    /// A pharmacy: medium sums, mornings and early evenings.
    Pharmacy,
    /// Clothing: few large sales, week-ends, more refunds, some pre-authorisations for made-to-order pieces.
    Clothing,
}

/// A merchant.
#[derive(Clone)]
pub struct Merchant {
    /// Merchant code, 15 digits (field 42): institution 3, region 4, category 4, number 4.
    pub merchant_id: String,
    /// Chinese name, as on the shop front.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// The company's registered Chinese name.
    pub company_zh: String,
    /// What it sells.
    pub trade: Trade,
    /// Merchant category code, 4 digits (ISO 18245).
    pub category_code: String,
    /// Unified social credit code, 18 characters with a correct check character (GB 32100-2015).
    pub unified_social_credit_code: String,
    /// Settlement account number, 19 digits, of a bank that does not exist.
    pub settlement_account: String,
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("merchant_id", &self.merchant_id)
            .finish_non_exhaustive()
    }
}

/// A shop of a merchant.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Index into [`Estate::merchants`].
    pub merchant: usize,
    /// Short stable code within the estate, such as `S03`.
    pub shop_id: String,
    /// Chinese name, such as 城南店.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Chinese postal address: a real city and district, an invented street number.
    pub address_zh: String,
    /// The address in English.
    pub address_en: String,
}

/// A person at a till, known by number alone.
#[derive(Clone)]
pub struct Operator {
    /// Index into [`Estate::shops`].
    pub shop: usize,
    /// Three digits (field 63), unique within the shop, such as `001`.
    pub number: String,
    /// What people call it: 收银员 01.
    pub name_zh: String,
    /// In English: Cashier 01.
    pub name_en: String,
    /// Six digits, for the keypad.
    pub password: String,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator")
            .field("shop", &self.shop)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// A terminal at its place.
#[derive(Clone)]
pub struct Terminal {
    /// Index into [`Estate::shops`].
    pub shop: usize,
    /// Index into [`Estate::merchants`].
    pub merchant: usize,
    /// Terminal number, 8 digits (field 41).
    pub terminal_id: String,
    /// Merchant code, 15 characters (field 42).
    pub merchant_id: String,
    /// The maker's serial number.
    pub serial: String,
    /// Maker and model, invented.
    pub model: String,
    /// Chinese name, unique within the shop, such as 前台 1 号机.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Where exactly it stands: the shop's address and the place in it.
    pub placement_address: String,
    /// The terminal master key (double-length DES, odd parity).
    pub master_key: [u8; 16],
    /// Driven by the simulation from now on. The others are free for a person, a test or a thief.
    pub live: bool,
    /// When a terminal that is not live was last used, in milliseconds since 1970 UTC.
    pub silent_since_ms: Option<i64>,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal")
            .field("terminal_id", &self.terminal_id)
            .field("shop", &self.shop)
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

impl Terminal {
    /// Who it is on the wire, signing in as this operator (three digits).
    pub fn identity(&self, operator: &str) -> TerminalIdentity {
        let identity = TerminalIdentity::new(&self.terminal_id, &self.merchant_id, self.master_key, operator);
        TerminalIdentity {
            serial: Some(self.serial.clone()),
            ..identity
        }
    }
}

impl Estate {
    /// Grows the estate of a seed, as it stands at `now_ms` (milliseconds since 1970 UTC).
    pub fn generate(seed: u64, now_ms: i64) -> Estate {
        let mut chance = Chance::new(seed, 0);
        let merchants: Vec<Merchant> = names::MERCHANTS
            .iter()
            .enumerate()
            .map(|(index, name)| merchant(&mut chance, index, name))
            .collect();
        let shops: Vec<Shop> = names::SHOPS
            .iter()
            .enumerate()
            .map(|(index, name)| shop(index, name))
            .collect();
        let operators = shops
            .iter()
            .enumerate()
            .flat_map(|(index, _)| operators(&mut chance, index))
            .collect();
        let mut terminals = Vec::with_capacity(40);
        for (index, name) in names::SHOPS.iter().enumerate() {
            for place in 0..name.terminal_count {
                let number = terminals.len();
                let terminal = terminal(&mut chance, now_ms, &merchants, &shops, index, place, number);
                terminals.push(terminal);
            }
        }
        Estate {
            seed,
            now_ms,
            acquirer: acquirer(),
            merchants,
            shops,
            operators,
            terminals,
        }
    }

    /// What the terminals did in the last `days` days: about 200,000 transactions for 60. Terminal after terminal,
    /// each in time order, made as they are asked for.
    pub fn history(&self, days: u32) -> History<'_> {
        History::new(self, days)
    }

    /// The terminal with this number (field 41).
    pub fn terminal(&self, terminal_id: &str) -> Option<&Terminal> {
        self.terminals
            .iter()
            .find(|terminal| terminal.terminal_id == terminal_id)
    }

    /// The operators of a shop, as (index into [`Estate::operators`], operator).
    pub fn operators_of(&self, shop: usize) -> impl Iterator<Item = (usize, &Operator)> {
        self.operators
            .iter()
            .enumerate()
            .filter(move |(_, operator)| operator.shop == shop)
    }
}

fn acquirer() -> Acquirer {
    Acquirer {
        code: "48273050".into(),
        name_zh: "澄海支付服务有限公司".into(),
        name_en: "Chenghai Payment Services".into(),
    }
}

fn merchant(chance: &mut Chance, index: usize, name: &names::MerchantName) -> Merchant {
    Merchant {
        merchant_id: format!("899{}{}{:04}", name.region, name.category_code, 17 + 20 * index),
        name_zh: name.zh.into(),
        name_en: name.en.into(),
        company_zh: name.company_zh.into(),
        trade: name.trade,
        category_code: name.category_code.into(),
        unified_social_credit_code: social_credit::generate(chance, name.division),
        settlement_account: format!("6212349{}", chance.digits(12)),
    }
}

fn shop(index: usize, name: &names::ShopName) -> Shop {
    Shop {
        merchant: name.merchant,
        shop_id: format!("S{:02}", index + 1),
        name_zh: name.zh.into(),
        name_en: name.en.into(),
        address_zh: name.address_zh.into(),
        address_en: name.address_en.into(),
    }
}

fn operators(chance: &mut Chance, shop: usize) -> Vec<Operator> {
    let count = 4 + chance.index(3);
    let one = |number: usize| Operator {
        shop,
        number: format!("{number:03}"),
        name_zh: format!("收银员 {number:02}"),
        name_en: format!("Cashier {number:02}"),
        password: chance.digits(6),
    };
    (1..=count).map(one).collect()
}

fn terminal(
    chance: &mut Chance,
    now_ms: i64,
    merchants: &[Merchant],
    shops: &[Shop],
    shop: usize,
    place: usize,
    number: usize,
) -> Terminal {
    let name = &names::SHOPS[shop];
    let merchant = &merchants[name.merchant];
    let (name_zh, name_en) = names::places(merchant.trade)[place];
    let (model, serial_prefix) = names::MODELS[chance.weighted(&[5, 3, 2])];
    let silent_since_ms =
        silence(chance, shop, place, name.terminal_count).map(|minutes| now_ms - minutes * 60_000);
    Terminal {
        shop,
        merchant: name.merchant,
        terminal_id: format!(
            "{}{:04}",
            names::MERCHANTS[name.merchant].region,
            1101 + 7 * number
        ),
        merchant_id: merchant.merchant_id.clone(),
        serial: format!("{serial_prefix}{}", chance.digits(8)),
        model: model.into(),
        name_zh: name_zh.into(),
        name_en: name_en.into(),
        placement_address: format!("{}，{name_zh}", shops[shop].address_zh),
        master_key: master_key(chance),
        live: silent_since_ms.is_none(),
        silent_since_ms,
    }
}

/// For how many minutes a terminal has been silent; `None` for a live one. The first terminal of the first shop has
/// been silent since 27 minutes: it is the one that a demonstration loses. In each shop the last is a spare.
fn silence(chance: &mut Chance, shop: usize, place: usize, count: usize) -> Option<i64> {
    if (shop, place) == (0, 0) {
        return Some(27);
    }
    let spare = place + 1 == count || (shop, place) == (1, 4);
    spare.then(|| chance.between(2 * 60, 9 * 24 * 60) as i64)
}

/// A double-length key: two different halves, each byte with odd parity as key devices expect.
fn master_key(chance: &mut Chance) -> [u8; 16] {
    let mut key: [u8; 16] = chance.bytes();
    for byte in &mut key {
        *byte = (*byte & 0xFE) | (u8::from((*byte >> 1).count_ones() % 2 == 0));
    }
    key
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const NOW_MS: i64 = 1_795_330_882_000; // 2026-11-22T15:01:22+08:00

    #[test]
    fn a_seed_gives_the_same_estate_and_another_seed_other_keys() {
        let (one, same, other) = (
            Estate::generate(1, NOW_MS),
            Estate::generate(1, NOW_MS),
            Estate::generate(2, NOW_MS),
        );
        assert!(
            one.terminals
                .iter()
                .zip(&same.terminals)
                .all(|(a, b)| a.master_key == b.master_key)
        );
        assert!(
            one.terminals
                .iter()
                .zip(&other.terminals)
                .all(|(a, b)| a.master_key != b.master_key)
        );
    }

    #[test]
    fn the_estate_has_its_size_and_every_number_its_shape() {
        let estate = Estate::generate(1, NOW_MS);
        assert_eq!(
            (estate.merchants.len(), estate.shops.len(), estate.terminals.len()),
            (3, 8, 40)
        );
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        assert!(digits(&estate.acquirer.code, 8));
        assert!(
            estate
                .terminals
                .iter()
                .all(|t| digits(&t.terminal_id, 8) && t.merchant_id.len() == 15)
        );
        assert!(
            estate
                .operators
                .iter()
                .all(|o| digits(&o.number, 3) && digits(&o.password, 6))
        );
        let ids: HashSet<&str> = estate.terminals.iter().map(|t| t.terminal_id.as_str()).collect();
        let serials: HashSet<&str> = estate.terminals.iter().map(|t| t.serial.as_str()).collect();
        let names: HashSet<(usize, &str)> = estate
            .terminals
            .iter()
            .map(|t| (t.shop, t.name_zh.as_str()))
            .collect();
        assert_eq!((ids.len(), serials.len(), names.len()), (40, 40, 40));
        assert!((0..8).all(|shop| estate.operators_of(shop).count() >= 4));
    }

    #[test]
    fn about_thirty_terminals_are_live_and_each_merchant_has_one_that_is_not() {
        let estate = Estate::generate(1, NOW_MS);
        let idle: Vec<&Terminal> = estate.terminals.iter().filter(|t| !t.live).collect();
        assert_eq!(idle.len(), 10);
        assert!((0..3).all(|merchant| idle.iter().any(|t| t.merchant == merchant)));
        assert!(
            idle.iter()
                .all(|t| t.silent_since_ms.is_some_and(|at| at < NOW_MS))
        );
    }

    #[test]
    fn master_keys_are_double_length_with_odd_parity_and_hidden() {
        for terminal in Estate::generate(3, NOW_MS).terminals {
            assert!(terminal.master_key.iter().all(|byte| byte.count_ones() % 2 == 1));
            assert_ne!(terminal.master_key[..8], terminal.master_key[8..]);
            assert!(!format!("{terminal:?}").contains("master_key"));
        }
    }

    #[test]
    fn each_merchant_has_a_valid_social_credit_code() {
        for merchant in Estate::generate(4, NOW_MS).merchants {
            let code = merchant.unified_social_credit_code;
            assert_eq!(social_credit_check(&code[..17]), code.chars().last());
            assert_eq!(organisation_check(&code[8..16]), code.chars().nth(16));
        }
    }
}
