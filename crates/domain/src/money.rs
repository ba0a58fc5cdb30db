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

    /// The alphabetic code, when it is one of the currencies people pay in.
    pub fn letters(self) -> Option<&'static str> {
        let at = ISO_4217.binary_search_by_key(&self.0, |(number, _)| *number);
        at.ok().map(|at| ISO_4217[at].1)
    }

    /// How many digits its minor unit takes behind the point (ISO 4217): two, unless it is one of those without or with three.
    pub const fn decimals(self) -> usize {
        match self.0 {
            108 | 152 | 174 | 262 | 324 | 352 | 392 | 410 | 548 | 600 | 646 | 704 | 800 | 950 | 952 | 953 => {
                0
            }
            48 | 368 | 400 | 414 | 434 | 512 | 788 => 3,
            _ => 2,
        }
    }

    /// Minor units with the letters: `CNY 1234.50`. Of a currency without known letters nobody knows where the point goes: `123450 [001]`.
    pub fn amount(self, minor: i64) -> String {
        let Some(letters) = self.letters() else {
            return format!("{minor} [{:03}]", self.0);
        };
        let decimals = self.decimals();
        let sign = if minor < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", minor.unsigned_abs(), width = decimals + 1);
        let (whole, part) = digits.split_at(digits.len() - decimals);
        match decimals {
            0 => format!("{letters} {sign}{whole}"),
            _ => format!("{letters} {sign}{whole}.{part}"),
        }
    }

    /// The currency of an alphabetic code, in capitals.
    pub fn parse(letters: &str) -> Option<Self> {
        let mut all = ISO_4217.iter();
        all.find(|(_, known)| *known == letters)
            .map(|(number, _)| Self(*number))
    }
}

/// ISO 4217 without funds, metals and codes for testing, by number.
#[rustfmt::skip]
const ISO_4217: [(u16, &str); 155] = [
    (8, "ALL"), (12, "DZD"), (32, "ARS"), (36, "AUD"), (44, "BSD"), (48, "BHD"), (50, "BDT"), (51, "AMD"),
    (52, "BBD"), (60, "BMD"), (64, "BTN"), (68, "BOB"), (72, "BWP"), (84, "BZD"), (90, "SBD"), (96, "BND"),
    (104, "MMK"), (108, "BIF"), (116, "KHR"), (124, "CAD"), (132, "CVE"), (136, "KYD"), (144, "LKR"),
    (152, "CLP"), (156, "CNY"), (170, "COP"), (174, "KMF"), (188, "CRC"), (192, "CUP"), (203, "CZK"),
    (208, "DKK"), (214, "DOP"), (222, "SVC"), (230, "ETB"), (232, "ERN"), (238, "FKP"), (242, "FJD"),
    (262, "DJF"), (270, "GMD"), (292, "GIP"), (320, "GTQ"), (324, "GNF"), (328, "GYD"), (332, "HTG"),
    (340, "HNL"), (344, "HKD"), (348, "HUF"), (352, "ISK"), (356, "INR"), (360, "IDR"), (364, "IRR"),
    (368, "IQD"), (376, "ILS"), (388, "JMD"), (392, "JPY"), (398, "KZT"), (400, "JOD"), (404, "KES"),
    (408, "KPW"), (410, "KRW"), (414, "KWD"), (417, "KGS"), (418, "LAK"), (422, "LBP"), (426, "LSL"),
    (430, "LRD"), (434, "LYD"), (446, "MOP"), (454, "MWK"), (458, "MYR"), (462, "MVR"), (480, "MUR"),
    (484, "MXN"), (496, "MNT"), (498, "MDL"), (504, "MAD"), (512, "OMR"), (516, "NAD"), (524, "NPR"),
    (532, "XCG"), (533, "AWG"), (548, "VUV"), (554, "NZD"), (558, "NIO"), (566, "NGN"), (578, "NOK"),
    (586, "PKR"), (590, "PAB"), (598, "PGK"), (600, "PYG"), (604, "PEN"), (608, "PHP"), (634, "QAR"),
    (643, "RUB"), (646, "RWF"), (654, "SHP"), (682, "SAR"), (690, "SCR"), (702, "SGD"), (704, "VND"),
    (706, "SOS"), (710, "ZAR"), (728, "SSP"), (748, "SZL"), (752, "SEK"), (756, "CHF"), (760, "SYP"),
    (764, "THB"), (776, "TOP"), (780, "TTD"), (784, "AED"), (788, "TND"), (800, "UGX"), (807, "MKD"),
    (818, "EGP"), (826, "GBP"), (834, "TZS"), (840, "USD"), (858, "UYU"), (860, "UZS"), (882, "WST"),
    (886, "YER"), (901, "TWD"), (924, "ZWG"), (925, "SLE"), (926, "VED"), (928, "VES"), (929, "MRU"),
    (930, "STN"), (933, "BYN"), (934, "TMT"), (936, "GHS"), (938, "SDG"), (941, "RSD"), (943, "MZN"),
    (944, "AZN"), (946, "RON"), (949, "TRY"), (950, "XAF"), (951, "XCD"), (952, "XOF"), (953, "XPF"),
    (967, "ZMW"), (968, "SRD"), (969, "MGA"), (971, "AFN"), (972, "TJS"), (973, "AOA"), (976, "CDF"),
    (977, "BAM"), (978, "EUR"), (980, "UAH"), (981, "GEL"), (985, "PLN"), (986, "BRL"),
];

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
    fn amounts_are_written_with_their_currency_and_its_decimals() {
        let of = |letters: &str, minor| Currency::parse(letters).unwrap().amount(minor);
        assert_eq!(of("CNY", 5), "CNY 0.05");
        assert_eq!(of("CNY", -123_456), "CNY -1234.56");
        assert_eq!(of("JPY", 500), "JPY 500");
        assert_eq!(of("KWD", 1), "KWD 0.001");
        assert_eq!(Currency(1).amount(100), "100 [001]");
    }

    #[test]
    fn minor_units_have_as_many_digits_as_iso_4217_says() {
        for (letters, decimals) in [
            ("CNY", 2),
            ("JPY", 0),
            ("KWD", 3),
            ("CLP", 0),
            ("EUR", 2),
            ("TND", 3),
        ] {
            assert_eq!(
                Currency::parse(letters).unwrap().decimals(),
                decimals,
                "{letters}"
            );
        }
    }

    #[test]
    fn a_currency_is_known_by_its_number_and_by_its_letters() {
        assert!(ISO_4217.is_sorted_by(|one, next| one.0 < next.0));
        for (number, letters) in ISO_4217 {
            assert_eq!(Currency(number).letters(), Some(letters));
            assert_eq!(Currency::parse(letters), Some(Currency(number)));
        }
        assert_eq!(Currency::parse("CNY"), Some(Currency::CNY));
        for wrong in ["", "cny", "RMB", "XAU", "XTS", "156"] {
            assert_eq!(Currency::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Currency(999).letters(), None);
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
