//! Answers to terminals.
//!
//! Invariant: whatever the reason inside, a refusal carries field 39 and nothing that tells why.

use domain::Timestamp;
use domain::transaction::ResponseCode;
use iso8583::frame::{Envelope, Header, Tpdu};
use iso8583::mac::MacKey;
use iso8583::unionpay::{POS, write_field60};
use iso8583::{Message, Mti, Writer, frame};
use jiff::tz::{Offset, TimeZone};

/// Where an answer goes back to.
#[derive(Clone, Copy)]
pub struct Return {
    tpdu: Tpdu,
    header: Header,
}

impl Return {
    /// Back to where this frame came from.
    pub const fn to(envelope: &Envelope<'_>) -> Self {
        Self {
            tpdu: envelope.tpdu.swapped(),
            header: envelope.header,
        }
    }

    /// The frame of an answer; field 39 `77` and `97` also ask in the header for a new sign-in where that helps.
    pub fn frame(self, message: &[u8], response_code: ResponseCode) -> Option<Vec<u8>> {
        let sign_in = matches!(
            response_code,
            ResponseCode::SIGN_IN_AGAIN | ResponseCode::MAC_ERROR
        );
        let header = self
            .header
            .with_processing_request(if sign_in { SIGN_IN_AGAIN } else { 0 });
        let mut out = Vec::with_capacity(message.len() + 16);
        frame::write(&mut out, self.tpdu, header, message).ok()?;
        Some(out)
    }
}

/// Processing request 3: sign in again.
const SIGN_IN_AGAIN: u8 = 3;

/// China has one time zone and no summer time; fields 12 and 13 are its local time.
const LOCAL: Offset = Offset::constant(8);

/// Fields 12 and 13: `hhmmss` and `MMDD`.
fn local_time(at: Timestamp) -> (u64, u64) {
    let time = jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_zoned(TimeZone::fixed(LOCAL));
    let part = |part: i8| u64::try_from(part).unwrap_or_default();
    let clock = part(time.hour()) * 10_000 + part(time.minute()) * 100 + part(time.second());
    (clock, part(time.month()) * 100 + part(time.day()))
}

/// What an answer carries besides what it copies from the request.
pub struct Content<'a> {
    /// Field 39.
    pub response_code: ResponseCode,
    /// Fields 12, 13.
    pub at: Timestamp,
    /// Field 37.
    pub retrieval_reference: Option<&'a str>,
    /// Field 38.
    pub approval_code: Option<&'a str>,
    /// Fields 14, 15, 32, 44, 54 from the host's own answer.
    pub host: Option<&'a Message<'a>>,
}

impl Content<'_> {
    /// A bare refusal.
    pub const fn refusal(response_code: ResponseCode, at: Timestamp) -> Self {
        Self {
            response_code,
            at,
            retrieval_reference: None,
            approval_code: None,
            host: None,
        }
    }
}

/// Fields of the request that come back in the answer to a card transaction or a reversal.
const ECHOED: [u8; 11] = [2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 60];

/// 0110, 0210, 0230, 0410.
pub fn financial(request: &Message<'_>, content: &Content<'_>, key: Option<&MacKey>) -> Option<Vec<u8>> {
    let mut writer = Writer::new(&POS);
    begin(&mut writer, request, content);
    for field in ECHOED {
        writer.copy(field, request);
    }
    if let Some(host) = content.host {
        for field in [15, 32] {
            writer.copy(field, host);
        }
        for field in [44, 54] {
            let text = host.text(field).unwrap_or_default();
            // A printer takes control bytes for orders.
            if !text.is_empty() && text.iter().all(|byte| *byte == b' ' || byte.is_ascii_graphic()) {
                writer.text(field, text);
            }
        }
    }
    if let Some(reference) = content.retrieval_reference {
        writer.text(37, reference.as_bytes());
    }
    if let Some(code) = content.approval_code {
        writer.text(38, code.as_bytes());
    }
    finish(writer, key)
}

/// 0830, 0330: nothing but what they echo.
pub fn plain(request: &Message<'_>, content: &Content<'_>, key: Option<&MacKey>) -> Option<Vec<u8>> {
    let mut writer = Writer::new(&POS);
    begin(&mut writer, request, content);
    for field in [11, 41, 42, 60] {
        writer.copy(field, request);
    }
    finish(writer, key)
}

/// 0810 with the working keys.
pub fn signed_in(
    request: &Message<'_>,
    content: &Content<'_>,
    (batch, net_code): (u32, u16),
    (acquirer_code, field62): (&str, &[u8]),
) -> Option<Vec<u8>> {
    let mut writer = Writer::new(&POS);
    begin(&mut writer, request, content);
    for field in [11, 41, 42] {
        writer.copy(field, request);
    }
    writer.digits(32, acquirer_code).text(37, &[b'0'; 12]);
    writer
        .digits(60, &write_field60(0, batch, Some(net_code)))
        .bytes(62, field62);
    finish(writer, None)
}

/// 0510 with the totals of field 48.
pub fn settled(request: &Message<'_>, content: &Content<'_>, field48: &str) -> Option<Vec<u8>> {
    let mut writer = Writer::new(&POS);
    begin(&mut writer, request, content);
    for field in [11, 41, 42, 49, 60, 63] {
        writer.copy(field, request);
    }
    writer.digits(48, field48);
    finish(writer, None)
}

/// The answer to a message that could not be read: its type and field 39 `30`.
pub fn unreadable(mti: Mti, at: Timestamp) -> Option<Vec<u8>> {
    let mut writer = Writer::new(&POS);
    let (clock, date) = local_time(at);
    writer.begin(mti.response()).number(12, clock).number(13, date);
    writer.text(39, ResponseCode::FORMAT_ERROR.as_str().as_bytes());
    finish(writer, None)
}

fn begin(writer: &mut Writer, request: &Message<'_>, content: &Content<'_>) {
    let (clock, date) = local_time(content.at);
    writer
        .begin(request.mti().response())
        .number(12, clock)
        .number(13, date);
    writer.text(39, content.response_code.as_str().as_bytes());
}

fn finish(mut writer: Writer, key: Option<&MacKey>) -> Option<Vec<u8>> {
    let finished = match key {
        Some(key) => writer.finish_with_mac(key),
        None => writer.finish(),
    };
    finished
        .inspect_err(|error| tracing::error!(%error, "an answer could not be written"))
        .ok()
        .map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_carry_the_local_time_of_china() {
        // 2026-11-22T16:30:05Z is half past midnight of the next day in China.
        assert_eq!(local_time(Timestamp(1_795_365_005_000)), (3_005, 1_123));
    }
}
