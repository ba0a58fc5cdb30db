//! Field 61: the original transaction of a void, a refund or a completion.
//!
//! Invariant: a part that is not there whole is absent, never half read.

use crate::message::Message;
use crate::unionpay::field60::part;

/// Field 61, n..29: batch 6, trace 6, date 4, authorisation mode 2, institution 11. A void sends the first 12 digits,
/// a refund and the pre-authorisation family 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field61 {
    /// 61.1, the original's batch, 0 to 999,999.
    pub batch: u32,
    /// 61.2, the original's trace number (field 11), 0 to 999,999.
    pub trace: u32,
    /// 61.3, the original's date, MMDD as a number: 1 September is 901.
    pub date: Option<u16>,
    /// 61.4, how the original was authorised.
    pub authorisation_mode: Option<u8>,
    /// 61.5, who authorised it.
    pub institution: Option<u64>,
}

/// Field 61 of a message; `None` when it is absent or shorter than batch and trace.
#[must_use]
pub fn field61(message: &Message<'_>) -> Option<Field61> {
    let digits = message.digits(61)?;
    Some(Field61 {
        batch: part(digits, 0, 6)?,
        trace: part(digits, 6, 6)?,
        date: part(digits, 12, 4),
        authorisation_mode: part(digits, 16, 2),
        institution: part(digits, 18, 11),
    })
}

/// Field 61 of 12 digits, or of 16 with a date, for [`crate::Writer::digits`]. Batch and trace count modulo 1,000,000,
/// as terminals count them; of a date the last four digits are written.
#[must_use]
pub fn write_field61(batch: u32, trace: u32, date: Option<u16>) -> String {
    let head = format!("{:06}{:06}", batch % 1_000_000, trace % 1_000_000);
    match date {
        Some(date) => format!("{head}{:04}", date % 10_000),
        None => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unionpay::POS;
    use crate::{Mti, Writer};

    fn read(digits: &str) -> Option<Field61> {
        let mut writer = Writer::new(&POS);
        let bytes = writer
            .begin(Mti(0x0200))
            .digits(61, digits)
            .finish()
            .expect("a message");
        field61(&Message::parse(&POS, bytes).expect("a message"))
    }

    #[test]
    fn a_void_names_batch_and_trace_and_a_refund_the_date_too() {
        let original = read(&write_field61(519, 42, None)).expect("field 61");
        assert_eq!((original.batch, original.trace, original.date), (519, 42, None));
        let original = read(&write_field61(519, 42, Some(901))).expect("field 61");
        assert_eq!(
            (original.batch, original.trace, original.date),
            (519, 42, Some(901))
        );
        assert_eq!((original.authorisation_mode, original.institution), (None, None));
    }

    #[test]
    fn the_longest_form_is_read_whole() {
        let expected = Field61 {
            batch: 1,
            trace: 2,
            date: Some(1231),
            authorisation_mode: Some(3),
            institution: Some(85_500),
        };
        assert_eq!(read("00000100000212310300000085500"), Some(expected));
    }

    #[test]
    fn a_field_without_its_trace_number_is_none() {
        assert_eq!(read("00051900004"), None);
    }
}
