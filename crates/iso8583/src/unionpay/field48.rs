//! Field 48: the totals of a settlement (0500) and the details of a batch upload (0320).
//!
//! Invariant: amounts are integers in minor units, and what does not fit its digits is refused, never cut.

use thiserror::Error;

use crate::digits::Digits;
use crate::message::Message;
use crate::unionpay::field60::part;

/// A total or a detail that has more digits than field 48 gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("field 48 cannot hold this number or so many details")]
pub struct Overflow;

/// What was debited and credited, amounts in minor units of field 49's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sum of debits, 12 digits.
    pub debit_minor: u64,
    /// Number of debits, 3 digits.
    pub debit_count: u32,
    /// Sum of credits, 12 digits.
    pub credit_minor: u64,
    /// Number of credits, 3 digits.
    pub credit_count: u32,
}

/// What the host found comparing the totals with its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// 0, in a request: nothing yet.
    #[default]
    None,
    /// 1: equal.
    Equal,
    /// 2: unequal; the terminal uploads its batch.
    Unequal,
    /// 3: could not be compared.
    Error,
}

impl Reply {
    const fn from_digit(digit: u8) -> Option<Self> {
        match digit {
            0 => Some(Self::None),
            1 => Some(Self::Equal),
            2 => Some(Self::Unequal),
            3 => Some(Self::Error),
            _ => None,
        }
    }

    const fn digit(self) -> u8 {
        self as u8
    }
}

/// Field 48 of a settlement, 62 digits: totals and reply code, domestic then foreign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Field48 {
    /// Domestic cards.
    pub domestic: Totals,
    /// The host's finding on them.
    pub domestic_reply: Reply,
    /// Foreign cards.
    pub foreign: Totals,
    /// The host's finding on them.
    pub foreign_reply: Reply,
}

const SIDE_DIGITS: usize = 31;

/// Field 48 of a settlement; `None` when it is absent, has not 62 digits, or a reply code is unknown.
#[must_use]
pub fn field48(message: &Message<'_>) -> Option<Field48> {
    let digits = message.digits(48)?;
    if digits.len() != 2 * SIDE_DIGITS {
        return None;
    }
    let (domestic, domestic_reply) = side(digits.slice(..SIDE_DIGITS))?;
    let (foreign, foreign_reply) = side(digits.slice(SIDE_DIGITS..))?;
    Some(Field48 {
        domestic,
        domestic_reply,
        foreign,
        foreign_reply,
    })
}

fn side(digits: Digits<'_>) -> Option<(Totals, Reply)> {
    let totals = Totals {
        debit_minor: part(digits, 0, 12)?,
        debit_count: part(digits, 12, 3)?,
        credit_minor: part(digits, 15, 12)?,
        credit_count: part(digits, 27, 3)?,
    };
    Some((totals, Reply::from_digit(part(digits, 30, 1)?)?))
}

/// Field 48 of a settlement, for [`crate::Writer::digits`].
///
/// # Errors
/// [`Overflow`] when an amount has more than 12 digits or a count more than 3.
pub fn write_field48(field: &Field48) -> Result<String, Overflow> {
    let mut digits = String::with_capacity(2 * SIDE_DIGITS);
    let sides = [
        (field.domestic, field.domestic_reply),
        (field.foreign, field.foreign_reply),
    ];
    for (totals, reply) in sides {
        put(&mut digits, totals.debit_minor, 12)?;
        put(&mut digits, totals.debit_count.into(), 3)?;
        put(&mut digits, totals.credit_minor, 12)?;
        put(&mut digits, totals.credit_count.into(), 3)?;
        put(&mut digits, reply.digit().into(), 1)?;
    }
    Ok(digits)
}

/// The most details one field 48 holds.
const DETAILS_MAX: usize = 8;
const DETAIL_DIGITS: usize = 40;

/// One transaction of a batch upload, 40 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchDetail<'a> {
    /// The card's organisation, 2 digits: 0 domestic and the like.
    pub card_type: u8,
    /// Its trace number (field 11), 6 digits.
    pub trace: u32,
    /// The card number in 20 digits, right-aligned after zeros. Card data: mask before showing or storing.
    pub card_number: Digits<'a>,
    /// Its amount in minor units, 12 digits.
    pub amount_minor: u64,
}

/// The details of a batch upload, in order; `None` when field 48 is absent or not a count of up to eight and that many
/// details.
pub fn batch_details<'a>(message: &Message<'a>) -> Option<impl Iterator<Item = BatchDetail<'a>> + use<'a>> {
    let digits = message.digits(48)?;
    let count: usize = part(digits, 0, 2)?;
    if count > DETAILS_MAX || digits.len() != 2 + count * DETAIL_DIGITS {
        return None;
    }
    Some((0..count).map_while(move |index| {
        let detail = digits.slice(2 + index * DETAIL_DIGITS..).slice(..DETAIL_DIGITS);
        Some(BatchDetail {
            card_type: part(detail, 0, 2)?,
            trace: part(detail, 2, 6)?,
            card_number: detail.slice(8..28),
            amount_minor: part(detail, 28, 12)?,
        })
    }))
}

/// Field 48 of a batch upload, for [`crate::Writer::digits`], from card type, trace number, card number and amount in
/// minor units of each detail.
///
/// # Errors
/// [`Overflow`] for more than eight details, or a number with more digits than it may have.
pub fn write_batch_details(details: &[(u8, u32, &str, u64)]) -> Result<String, Overflow> {
    if details.len() > DETAILS_MAX {
        return Err(Overflow);
    }
    let mut digits = format!("{:02}", details.len());
    for &(card_type, trace, card_number, amount_minor) in details {
        put(&mut digits, card_type.into(), 2)?;
        put(&mut digits, trace.into(), 6)?;
        if card_number.len() > 20 || !card_number.bytes().all(|c| c.is_ascii_digit()) {
            return Err(Overflow);
        }
        digits.extend(std::iter::repeat_n('0', 20 - card_number.len()));
        digits.push_str(card_number);
        put(&mut digits, amount_minor, 12)?;
    }
    Ok(digits)
}

fn put(digits: &mut String, number: u64, len: usize) -> Result<(), Overflow> {
    let text = format!("{number:0len$}");
    if text.len() > len {
        return Err(Overflow);
    }
    digits.push_str(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unionpay::POS;
    use crate::{Mti, Writer};

    fn packed(digits: &str) -> Vec<u8> {
        let mut writer = Writer::new(&POS);
        writer
            .begin(Mti(0x0500))
            .digits(48, digits)
            .finish()
            .expect("a message")
            .to_vec()
    }

    const SETTLEMENT: Field48 = Field48 {
        domestic: Totals {
            debit_minor: 123_456,
            debit_count: 7,
            credit_minor: 999_999_999_999,
            credit_count: 999,
        },
        domestic_reply: Reply::Equal,
        foreign: Totals {
            debit_minor: 0,
            debit_count: 0,
            credit_minor: 1,
            credit_count: 1,
        },
        foreign_reply: Reply::Error,
    };

    #[test]
    fn totals_and_reply_codes_come_back() {
        let digits = write_field48(&SETTLEMENT).expect("fits");
        assert_eq!(
            digits,
            "00000012345600799999999999999910000000000000000000000000010013"
        );
        let bytes = packed(&digits);
        assert_eq!(
            field48(&Message::parse(&POS, &bytes).expect("a message")),
            Some(SETTLEMENT)
        );
    }

    #[test]
    fn totals_that_do_not_fit_are_refused() {
        let with = |domestic| {
            write_field48(&Field48 {
                domestic,
                ..SETTLEMENT
            })
        };
        let totals = SETTLEMENT.domestic;
        assert_eq!(
            with(Totals {
                debit_minor: 1_000_000_000_000,
                ..totals
            }),
            Err(Overflow)
        );
        assert_eq!(
            with(Totals {
                credit_minor: u64::MAX,
                ..totals
            }),
            Err(Overflow)
        );
        assert_eq!(
            with(Totals {
                debit_count: 1000,
                ..totals
            }),
            Err(Overflow)
        );
        assert_eq!(
            with(Totals {
                credit_count: 1000,
                ..totals
            }),
            Err(Overflow)
        );
    }

    #[test]
    fn a_settlement_of_another_length_or_reply_code_is_none() {
        let digits = write_field48(&SETTLEMENT).expect("fits");
        for wrong in [
            &digits[1..],
            &format!("{digits}0"),
            &format!("{}4", &digits[..61]),
        ] {
            let bytes = packed(wrong);
            assert_eq!(field48(&Message::parse(&POS, &bytes).expect("a message")), None);
        }
    }

    #[test]
    fn the_details_of_a_batch_come_back() {
        let details = [
            (0, 42, "6200000000000000018", 12_345),
            (3, 999_999, "6224242900000113", 999_999_999_999),
        ];
        let bytes = packed(&write_batch_details(&details).expect("fits"));
        let message = Message::parse(&POS, &bytes).expect("a message");
        let read: Vec<_> = batch_details(&message).expect("details").collect();
        assert_eq!(read.len(), 2);
        for (read, (card_type, trace, card_number, amount_minor)) in read.iter().zip(details) {
            assert_eq!(
                (read.card_type, read.trace, read.amount_minor),
                (card_type, trace, amount_minor)
            );
            assert_eq!(read.card_number.to_string(), format!("{card_number:0>20}"));
        }
        assert!(format!("{read:?}").contains("card_number: Digits(len 20)"));
    }

    #[test]
    fn eight_details_are_the_most() {
        let detail = (0, 1, "62", 1);
        let digits = write_batch_details(&[detail; 8]).expect("fits");
        assert_eq!(digits.len(), 322);
        assert_eq!(write_batch_details(&[detail; 9]), Err(Overflow));
        assert_eq!(
            write_batch_details(&[(0, 1, "123456789012345678901", 1)]),
            Err(Overflow)
        );
        assert_eq!(write_batch_details(&[(0, 1, "62x", 1)]), Err(Overflow));
        assert_eq!(write_batch_details(&[(100, 1, "62", 1)]), Err(Overflow));
    }

    #[test]
    fn a_count_that_does_not_match_the_length_is_none() {
        let digits = write_batch_details(&[(0, 1, "62", 1)]).expect("fits");
        for wrong in [
            format!("02{}", &digits[2..]),
            digits[..41].to_owned(),
            "09".to_owned(),
            "0".to_owned(),
        ] {
            let bytes = packed(&wrong);
            assert!(
                batch_details(&Message::parse(&POS, &bytes).expect("a message")).is_none(),
                "{wrong}"
            );
        }
    }
}
