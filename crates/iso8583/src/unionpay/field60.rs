//! Field 60: transaction type, batch and what follows them.
//!
//! Invariant: a part that is not there whole is absent, never half read.

use crate::digits::Digits;
use crate::message::Message;

/// Field 60, n..17: type 2, batch 6, net code 3, reading capability 1, chip condition 1, partial approval 1, account
/// type 3. Only the first two are always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field60<'a> {
    /// 60.1, such as 22 for a purchase, 0 for sign-in.
    pub transaction_type: u8,
    /// 60.2, 0 to 999,999.
    pub batch: u32,
    /// 60.3, network management code, such as 1, 3, 4 for sign-in with one of the key layouts.
    pub net_code: Option<u16>,
    /// What stands behind the net code.
    pub rest: Digits<'a>,
}

impl Field60<'_> {
    /// 60.4: 5 and 6 read chips, 2 only the stripe.
    #[must_use]
    pub fn read_capability(&self) -> Option<u8> {
        part(self.rest, 0, 1)
    }

    /// 60.5: how the chip transaction came about (fallback).
    #[must_use]
    pub fn chip_condition(&self) -> Option<u8> {
        part(self.rest, 1, 1)
    }

    /// 60.6: whether a partial approval is welcome.
    #[must_use]
    pub fn partial_approval(&self) -> Option<u8> {
        part(self.rest, 2, 1)
    }

    /// 60.7: the account's type.
    #[must_use]
    pub fn account_type(&self) -> Option<u16> {
        part(self.rest, 3, 3)
    }
}

/// Field 60 of a message; `None` when it is absent or shorter than type and batch.
#[must_use]
pub fn field60<'a>(message: &Message<'a>) -> Option<Field60<'a>> {
    let digits = message.digits(60)?;
    Some(Field60 {
        transaction_type: part(digits, 0, 2)?,
        batch: part(digits, 2, 6)?,
        net_code: part(digits, 8, 3),
        rest: digits.slice(11..),
    })
}

/// Field 60 of a message that welcomes partial approvals (60.6 is not 0), without that welcome, for
/// [`crate::Writer::digits`]; `None` when there is none to take out.
#[must_use]
pub fn without_partial_approval(message: &Message<'_>) -> Option<String> {
    const AT: usize = 13;
    let is_welcome = field60(message)?.partial_approval()? != 0;
    let digits = message.digits(60)?.iter().enumerate();
    is_welcome.then(|| {
        digits
            .map(|(at, digit)| if at == AT { '0' } else { char::from(digit) })
            .collect()
    })
}

/// Field 60 of 8 digits, or of 11 with a net code, for [`crate::Writer::digits`]. A batch number counts modulo
/// 1,000,000, as terminals count it; of the other two the last 2 and 3 digits are written.
#[must_use]
pub fn write_field60(transaction_type: u8, batch: u32, net_code: Option<u16>) -> String {
    let head = format!("{:02}{:06}", transaction_type % 100, batch % 1_000_000);
    match net_code {
        Some(net_code) => format!("{head}{:03}", net_code % 1000),
        None => head,
    }
}

/// `len` digits from `start` on as a number; `None` unless all are there.
pub(super) fn part<T: TryFrom<u64>>(digits: Digits<'_>, start: usize, len: usize) -> Option<T> {
    let part = digits.slice(start..start + len);
    if part.len() < len {
        return None;
    }
    part.to_u64().and_then(|number| T::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{LOGGED, SIGN_IN_ANSWER, message_of, unhex};
    use crate::unionpay::POS;
    use crate::{Mti, Writer};

    #[test]
    fn the_batch_and_net_code_of_the_sign_in_answer_are_read() {
        let framed = unhex(SIGN_IN_ANSWER);
        let message = Message::parse(&POS, message_of(&framed)).expect("a message");
        let field = field60(&message).expect("field 60");
        assert_eq!(
            (field.transaction_type, field.batch, field.net_code),
            (0, 519, Some(3))
        );
        assert_eq!(field.read_capability(), None);
    }

    #[test]
    fn the_parts_behind_the_net_code_are_read_as_far_as_they_go() {
        let mut bytes = unhex(LOGGED);
        bytes.extend_from_slice(&[0; 8]);
        let message = Message::parse(&POS, &bytes).expect("a message");
        let field = field60(&message).expect("field 60");
        assert_eq!(
            (field.transaction_type, field.batch, field.net_code),
            (22, 6603, Some(0))
        );
        assert_eq!(
            (field.read_capability(), field.chip_condition()),
            (Some(6), Some(0))
        );
        assert_eq!((field.partial_approval(), field.account_type()), (None, None));
    }

    #[test]
    fn the_welcome_of_partial_approvals_is_taken_out_and_nothing_else() {
        let mut writer = Writer::new(&POS);
        for (sent, written) in [
            ("22000519000601", Some("22000519000600")),
            ("22000519000601023", Some("22000519000600023")),
            ("22000519000600", None),
            ("22000519000", None),
        ] {
            let bytes = writer
                .begin(Mti(0x0200))
                .digits(60, sent)
                .finish()
                .expect("a message");
            let message = Message::parse(&POS, bytes).expect("a message");
            assert_eq!(without_partial_approval(&message).as_deref(), written, "{sent}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut writer = Writer::new(&POS);
        for (transaction_type, batch, net_code) in [(22, 519, Some(0)), (0, 999_999, Some(201)), (1, 0, None)]
        {
            let digits = write_field60(transaction_type, batch, net_code);
            let bytes = writer
                .begin(Mti(0x0200))
                .digits(60, &digits)
                .finish()
                .expect("a message");
            let message = Message::parse(&POS, bytes).expect("a message");
            let field = field60(&message).expect("field 60");
            assert_eq!(
                (field.transaction_type, field.batch, field.net_code),
                (transaction_type, batch, net_code)
            );
        }
        assert_eq!(write_field60(22, 1_000_007, Some(1003)), "22000007003");
    }

    #[test]
    fn a_field_without_its_batch_is_none() {
        let mut writer = Writer::new(&POS);
        let bytes = writer
            .begin(Mti(0x0200))
            .digits(60, "2200051")
            .finish()
            .expect("a message");
        assert_eq!(field60(&Message::parse(&POS, bytes).expect("a message")), None);
    }
}
