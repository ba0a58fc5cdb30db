//! Money: whole minor units and a currency, never a fraction.
//!
//! Invariant: amounts of two currencies are never added.

use std::collections::BTreeMap;

/// An ISO 4217 currency, by its numeric code (ISO 8583 field 49 carries `156` for the renminbi).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(pub u16);

impl Currency {
    /// The renminbi.
    pub const CNY: Self = Self(156);

    /// The alphabetic code where this version knows it, else `None`.
    pub const fn letters(self) -> Option<&'static str> {
        match self.0 {
            156 => Some("CNY"),
            344 => Some("HKD"),
            392 => Some("JPY"),
            446 => Some("MOP"),
            840 => Some("USD"),
            978 => Some("EUR"),
            _ => None,
        }
    }
}

/// An amount in minor units (fen, cents) of one currency. Field 4 holds at most twelve digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Whole minor units.
    pub minor: i64,
    /// The currency they are units of.
    pub currency: Currency,
}

/// The largest amount field 4 can carry: twelve digits.
pub const AMOUNT_MINOR_MAX: i64 = 999_999_999_999;

/// Why two amounts, or a number, did not make money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Negative, or more than field 4 can carry.
    OutOfRange,
    /// The amounts are in different currencies.
    MixedCurrencies,
}

impl Money {
    /// An amount between zero and [`AMOUNT_MINOR_MAX`].
    pub const fn new(minor: i64, currency: Currency) -> Result<Self, Error> {
        if minor < 0 || minor > AMOUNT_MINOR_MAX {
            return Err(Error::OutOfRange);
        }
        Ok(Self { minor, currency })
    }

    /// The sum, when the currencies agree and it still fits.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        if self.currency != other.currency {
            return Err(Error::MixedCurrencies);
        }
        Self::new(
            self.minor.checked_add(other.minor).ok_or(Error::OutOfRange)?,
            self.currency,
        )
    }
}

/// Sums of amounts, one for each currency that occurs. Unlike an amount a sum may be negative, and have more digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<Currency, i64>);

impl Sums {
    /// Adds minor units to the sum of their currency.
    pub fn add(&mut self, currency: Currency, minor: i64) {
        let sum = self.0.entry(currency).or_default();
        *sum = sum.saturating_add(minor);
    }

    /// Adds other sums, each to that of its currency.
    pub fn add_all(&mut self, other: &Self) {
        other
            .iter()
            .for_each(|(currency, minor)| self.add(currency, minor));
    }

    /// The sums by the numeric code of their currency, minor units.
    pub fn iter(&self) -> impl Iterator<Item = (Currency, i64)> + '_ {
        self.0.iter().map(|(currency, minor)| (*currency, *minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_two_currencies_are_never_added() {
        let fen = Money::new(100, Currency::CNY).unwrap();
        let cent = Money::new(100, Currency(840)).unwrap();
        assert_eq!(fen.checked_add(cent), Err(Error::MixedCurrencies));
        assert_eq!(fen.checked_add(fen).unwrap().minor, 200);
    }

    #[test]
    fn sums_are_kept_apart_by_currency() {
        let mut sums = Sums::default();
        for (currency, minor) in [(156, 100), (840, 7), (156, -30)] {
            sums.add(Currency(currency), minor);
        }
        let mut twice = sums.clone();
        twice.add_all(&sums);
        let found: Vec<_> = twice.iter().collect();
        assert_eq!(found, [(Currency(156), 140), (Currency(840), 14)]);
    }

    #[test]
    fn an_amount_beyond_field_4_is_refused() {
        assert_eq!(
            Money::new(AMOUNT_MINOR_MAX + 1, Currency::CNY),
            Err(Error::OutOfRange)
        );
        assert_eq!(Money::new(-1, Currency::CNY), Err(Error::OutOfRange));
    }
}
