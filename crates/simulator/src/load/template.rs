//! A purchase written once, of which only the trace number and the MAC change.
//!
//! Invariant: a stamped frame is byte for byte what `terminal::wire::Encoder` would write for that trace number.

use iso8583::mac::MacKey;
use iso8583::{Message, frame, unionpay};

use super::LoadConfig;
use crate::issuer::Card;
use crate::kind::Kind;
use crate::terminal::TerminalIdentity;
use crate::terminal::wire::{Ask, Encoder, Error, Mismatch, Session};

/// Length, TPDU and header before the message.
const ENVELOPE_BYTES: usize = 13;
const MAC_BYTES: usize = 8;

pub(super) struct Template {
    frame: Vec<u8>,
    /// Where field 11, three BCD bytes, stands in `frame`.
    trace_at: usize,
    mac_key: MacKey,
    verify: bool,
    terminal_id: String,
    amount_minor: u64,
}

impl Template {
    pub fn new(
        identity: &TerminalIdentity,
        session: &Session,
        card: &Card,
        config: &LoadConfig,
    ) -> Result<Template, Error> {
        let ask = Ask {
            kind: Kind::Purchase,
            trace: 0,
            amount_minor: config.amount_minor,
            card,
            entry_mode: config.entry_mode,
            with_pin: config.with_pin,
            original: None,
        };
        let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
        let frame = encoder.financial(session, &ask)?.to_vec();
        Ok(Template {
            trace_at: trace_at(&frame),
            frame,
            mac_key: session.mac_key.clone(),
            verify: config.verify,
            terminal_id: identity.terminal_id.clone(),
            amount_minor: config.amount_minor,
        })
    }

    /// The whole frame under this trace number, 0..=999999.
    pub fn stamp(&mut self, trace: u32) -> &[u8] {
        let pair = |two_digits: u32| (((two_digits / 10 % 10) << 4) | (two_digits % 10)) as u8;
        let digits = [pair(trace / 10_000), pair(trace / 100), pair(trace)];
        self.frame[self.trace_at..self.trace_at + 3].copy_from_slice(&digits);
        let mac_at = self.frame.len() - MAC_BYTES;
        let mac = self.mac_key.sign(&self.frame[ENVELOPE_BYTES..mac_at]);
        self.frame[mac_at..].copy_from_slice(&mac);
        &self.frame
    }

    /// Trace number and response code of an answer (a frame without its length) to one of these purchases.
    pub fn read(&self, answer: &[u8]) -> Result<(u32, [u8; 2]), Mismatch> {
        let answer = Message::parse(&unionpay::POS, frame::open(answer)?.message)?;
        if answer.mti().0 != 0x0210 {
            return Err(Mismatch::Type);
        }
        if answer.text(41) != Some(self.terminal_id.as_bytes()) {
            return Err(Mismatch::Field(41));
        }
        if answer.number(4) != Some(self.amount_minor) {
            return Err(Mismatch::Field(4));
        }
        let trace = answer
            .number(11)
            .and_then(|trace| u32::try_from(trace).ok())
            .ok_or(Mismatch::Field(11))?;
        let code = answer
            .text(39)
            .and_then(|code| code.try_into().ok())
            .ok_or(Mismatch::Field(39))?;
        if self.verify {
            match answer.mac_input().zip(answer.bytes(64)) {
                Some((input, mac)) if !self.mac_key.verify(input, mac) => return Err(Mismatch::Mac),
                None if &code == b"00" => return Err(Mismatch::Mac),
                _ => {}
            }
        }
        Ok((trace, code))
    }
}

/// Field 11 of a purchase follows MTI, bitmap, field 2 where there is one (a length byte and two digits a byte), and
/// fields 3 and 4.
fn trace_at(frame: &[u8]) -> usize {
    const BITMAP_AT: usize = ENVELOPE_BYTES + 2;
    const FIELD_2_AT: usize = BITMAP_AT + 8;
    let has_field_2 = frame[BITMAP_AT] & 0x40 != 0;
    let bcd = frame[FIELD_2_AT];
    let digits = usize::from(bcd >> 4) * 10 + usize::from(bcd & 0x0F);
    let field_2_bytes = if has_field_2 { 1 + digits.div_ceil(2) } else { 0 };
    FIELD_2_AT + field_2_bytes + 3 + 6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::cards;
    use crate::kind::EntryMode;

    #[test]
    fn a_stamped_frame_is_what_the_encoder_writes() {
        let identity = TerminalIdentity::new("30501101", "899305058140017", [0x11; 16], "001");
        let session = Session::new(7, &[0x11; 16], &[0x22; 8]).unwrap();
        let card = &cards()[3];
        for entry_mode in [EntryMode::Swipe, EntryMode::Manual, EntryMode::Chip] {
            let mut config = LoadConfig::new("127.0.0.1:1".parse().unwrap());
            config.entry_mode = entry_mode;
            let mut template = Template::new(&identity, &session, card, &config).unwrap();
            for trace in [0, 1, 42, 987_654, 999_999] {
                let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
                let ask = Ask {
                    kind: Kind::Purchase,
                    trace,
                    amount_minor: 100,
                    card,
                    entry_mode,
                    with_pin: true,
                    original: None,
                };
                assert_eq!(template.stamp(trace), encoder.financial(&session, &ask).unwrap());
            }
        }
    }
}
