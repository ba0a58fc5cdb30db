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
