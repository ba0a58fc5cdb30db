//! One request to one answer.
//!
//! Invariant: no input panics; a request is decided under the books' lock and journalled before it is answered.

use iso8583::frame::{self, Envelope};
use iso8583::unionpay::{self, Field48, Reply, field48, field60, field61, write_field48};
use iso8583::{Digits, Message, Mti, ParseError, Writer};

use super::{Entry, Shared};
use crate::calendar::Local;
use crate::issuer::{Decision, Position, Request};
use crate::kind::Kind;

/// Field 32 of every answer: the institution that the host belongs to.
const INSTITUTION: &str = "48273050";

/// The bytes cannot be answered; the connection must close.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unanswerable;

/// Answers the requests of one connection, in a buffer it keeps.
pub(super) struct Responder<'a> {
    shared: &'a Shared,
    connection: u32,
    writer: Writer,
    /// What it says instead of `00` to what it approves.
    pub says: Option<[u8; 2]>,
}

/// What a request says, once every field that its type needs has been found.
struct Asked<'m> {
    kind: Kind,
    position: Position,
    /// A reversal may lack it: its position says it all.
    pan: Option<Digits<'m>>,
    amount_minor: u64,
}

impl<'a> Responder<'a> {
    pub fn new(shared: &'a Shared, connection: u32) -> Self {
        Responder {
            shared,
            connection,
            writer: Writer::new(&unionpay::POS),
            says: None,
        }
    }

    /// Decides the request in `frame` at `now_ms` and appends the whole answer frame to `out`.
    pub fn answer(&mut self, frame: &[u8], now_ms: i64, out: &mut Vec<u8>) -> Result<(), Unanswerable> {
        let envelope = frame::open(frame).map_err(|_| Unanswerable)?;
        let local = Local::of(now_ms);
        match Message::parse(&unionpay::POS, envelope.message) {
            Ok(message) => self.answer_message(&envelope, &message, now_ms, local, out),
            Err(error) => self.answer_malformed(&envelope, error, local, out),
        }
    }

    fn answer_malformed(
        &mut self,
        envelope: &Envelope<'_>,
        error: ParseError,
        local: Local,
        out: &mut Vec<u8>,
    ) -> Result<(), Unanswerable> {
        self.shared.books().journal.count(|stats| stats.malformed += 1);
        let mti = error.mti.filter(|mti| is_request(*mti)).ok_or(Unanswerable)?;
        self.begin(mti, local, *b"30");
        self.send(envelope, true, out)
    }

    fn answer_message(
        &mut self,
        envelope: &Envelope<'_>,
        message: &Message<'_>,
        now_ms: i64,
        local: Local,
        out: &mut Vec<u8>,
    ) -> Result<(), Unanswerable> {
        let mti = message.mti();
        match mti.0 {
            0x0100 | 0x0200 | 0x0220 | 0x0400 => {
                let (decision, sequence) = self.decide(message, now_ms);
                self.write_financial(message, local, decision, sequence);
                self.send(envelope, true, out)
            }
            0x0500 | 0x0320 => {
                self.settle(message, local);
                self.send(envelope, false, out)
            }
            0x0820 => {
                let echo = field60(message).is_some_and(|field| field.net_code == Some(301));
                let code = if echo { *b"00" } else { *b"12" };
                self.journal(message, None, code);
                self.begin(mti, local, code);
                for field in [11, 41, 42, 60] {
                    self.writer.copy(field, message);
                }
                self.send(envelope, false, out)
            }
            _ if is_request(mti) => {
                self.journal(message, None, *b"12");
                self.begin(mti, local, *b"12");
                self.send(envelope, true, out)
            }
            _ => Err(Unanswerable),
        }
    }

    /// The decision and the number of the request, which field 37 is made of.
    fn decide(&self, message: &Message<'_>, now_ms: i64) -> (Decision, u64) {
        self.ask_issuer(message, now_ms).unwrap_or_else(|code| {
            self.journal(message, None, code);
            (Decision::bare(code), 0)
        })
    }

    /// Opens the message and asks the issuer, which journals it; or the code that refuses it before.
    fn ask_issuer(&self, message: &Message<'_>, now_ms: i64) -> Result<(Decision, u64), [u8; 2]> {
        let signed = message.mac_input().zip(message.bytes(64));
        if !signed.is_some_and(|(input, mac)| self.shared.mac_key.verify(input, mac)) {
            return Err(*b"A0");
        }
        let asked = asked(message)?;
        let mut pan = [0; 19];
        let pan = asked
            .pan
            .and_then(|digits| digits.write_ascii(&mut pan))
            .unwrap_or_default();
        let pin = self.pin(message, pan).map_err(|_| *b"99")?;
        let request = Request {
            kind: asked.kind,
            position: asked.position,
            pan: asked.pan.and_then(|pan| pan.to_u64()).unwrap_or(0),
            expiry: expiry(message),
            pin: pin.as_ref().map(|pin| pin.as_str()),
            amount_minor: asked.amount_minor,
            original: field61(message).map(|field| (field.batch, field.trace)),
            retrieval_reference: message.text(37).and_then(|reference| reference.try_into().ok()),
            approval_code: message.text(38).and_then(|code| code.try_into().ok()),
            assigned_reference: *b"000000000000",
        };
        let entry = entry(message, self.connection, Some(asked.kind));
        let mut books = self.shared.books();
        let sequence = books.journal.stats().requests + 1;
        let request = Request {
            assigned_reference: reference(Local::of(now_ms), sequence),
            ..request
        };
        let decision = if message.mti().0 == 0x0400 {
            books
                .issuer
                .reverse(request.position, request.pan, request.amount_minor)
        } else {
            books.issuer.decide(&request, now_ms)
        };
        books.journal.append(Entry {
            response_code: decision.response_code,
            ..entry
        });
        Ok((decision, sequence))
    }

    /// The PIN of field 52, which was encrypted with the card number or, where field 53 begins with 1, without.
    fn pin(
        &self,
        message: &Message<'_>,
        pan: &str,
    ) -> Result<Option<iso8583::pin::Pin>, iso8583::pin::PinError> {
        let Some(block) = message.bytes(52) else {
            return Ok(None);
        };
        let without_pan = message.digits(53).and_then(|digits| digits.get(0)) == Some(b'1');
        self.shared
            .pin_key
            .decrypt(block, (!without_pan).then_some(pan))
            .map(Some)
    }

    /// Writes the answer's fields in ascending order, which is the writer's fast path.
    fn write_financial(&mut self, message: &Message<'_>, local: Local, decision: Decision, sequence: u64) {
        let (time, date) = (u64::from(local.hhmmss()), u64::from(local.mmdd()));
        let reversal = message.mti().0 == 0x0400;
        let says = self
            .says
            .filter(|_| !reversal && &decision.response_code == b"00");
        let writer = &mut self.writer;
        writer.begin(message.mti().response());
        put_card_number(writer, message);
        writer
            .copy(3, message)
            .copy(4, message)
            .copy(11, message)
            .number(12, time)
            .number(13, date);
        writer
            .copy(14, message)
            .number(15, date)
            .copy(23, message)
            .copy(25, message)
            .digits(32, INSTITUTION);
        writer.text(37, &reference(local, sequence));
        if let Some(code) = decision.approval_code {
            writer.text(38, &code);
        }
        writer
            .text(39, &says.unwrap_or(decision.response_code))
            .copy(41, message)
            .copy(42, message);
        writer.text(44, b"62123400   48273050   ").copy(49, message);
        if !reversal {
            writer.copy(53, message);
        }
        if let Some(minor) = decision.balance_minor {
            writer.text(54, &balance(minor));
        }
        writer.copy(60, message);
        if !reversal {
            writer.text(63, b"CUP");
        }
    }

    /// 0500: compares totals. 0320: takes what it is given; the issuer has its own record.
    fn settle(&mut self, message: &Message<'_>, local: Local) {
        let code = if field60(message).is_some() && message.has(41) {
            *b"00"
        } else {
            *b"30"
        };
        self.journal(message, None, code);
        self.begin(message.mti(), local, code);
        for field in [11, 41, 42, 49, 60] {
            self.writer.copy(field, message);
        }
        if message.mti().0 == 0x0500 {
            let answer = self.compare(message);
            if let Ok(digits) = write_field48(&answer) {
                self.writer.digits(48, &digits);
            }
        } else {
            self.writer.copy(48, message);
        }
    }

    fn compare(&self, message: &Message<'_>) -> Field48 {
        let position = position(message).ok();
        let Some((stated, position)) = field48(message).zip(position) else {
            return Field48 {
                domestic_reply: Reply::Error,
                foreign_reply: Reply::Error,
                ..Field48::default()
            };
        };
        let own = self
            .shared
            .books()
            .issuer
            .totals(position.terminal_id, position.batch);
        let reply = |equal| if equal { Reply::Equal } else { Reply::Unequal };
        Field48 {
            domestic_reply: reply(stated.domestic == own),
            foreign_reply: reply(stated.foreign == unionpay::Totals::default()),
            ..stated
        }
    }

    fn begin(&mut self, mti: Mti, local: Local, code: [u8; 2]) {
        self.writer
            .begin(mti.response())
            .number(12, u64::from(local.hhmmss()))
            .number(13, u64::from(local.mmdd()))
            .digits(32, INSTITUTION)
            .text(39, &code);
    }

    fn send(&mut self, envelope: &Envelope<'_>, signed: bool, out: &mut Vec<u8>) -> Result<(), Unanswerable> {
        let answer = if signed {
            self.writer.finish_with_mac(&self.shared.mac_key)
        } else {
            self.writer.finish()
        };
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, "an answer of the simulated host does not fit its profile");
            Unanswerable
        })?;
        frame::write(out, envelope.tpdu.swapped(), envelope.header, answer).map_err(|_| Unanswerable)
    }

    fn journal(&self, message: &Message<'_>, kind: Option<Kind>, response_code: [u8; 2]) {
        let entry = Entry {
            response_code,
            ..entry(message, self.connection, kind)
        };
        self.shared.books().journal.append(entry);
    }
}

/// Field 2 of the answer, also when the request had a track instead.
fn put_card_number(writer: &mut Writer, message: &Message<'_>) {
    let mut pan = [0; 19];
    if message.has(2) {
        writer.copy(2, message);
    } else if let Some(pan) = card_number(message).and_then(|digits| digits.write_ascii(&mut pan)) {
        writer.digits(2, pan);
    }
}

/// Field 54: account type 10, available balance 02, currency 156, credit.
fn balance(minor: u64) -> [u8; 20] {
    let mut field = *b"1002156C000000000000";
    field[8..].copy_from_slice(&twelve_digits(minor));
    field
}

/// A request's type has an even third digit.
fn is_request(mti: Mti) -> bool {
    mti.0 & 0x10 == 0
}

fn entry(message: &Message<'_>, connection: u32, kind: Option<Kind>) -> Entry {
    Entry {
        at_us: 0,
        connection,
        mti: message.mti().0,
        kind,
        terminal_id: message
            .text(41)
            .and_then(|id| id.try_into().ok())
            .unwrap_or_default(),
        batch: field60(message).map_or(0, |field| field.batch),
        trace: message.number(11).map_or(0, |trace| trace as u32),
        amount_minor: message.number(4).unwrap_or(0),
        response_code: *b"00",
    }
}

fn position(message: &Message<'_>) -> Result<Position, [u8; 2]> {
    let terminal_id = message.text(41).and_then(|id| id.try_into().ok()).ok_or(*b"30")?;
    let trace = message
        .number(11)
        .and_then(|trace| u32::try_from(trace).ok())
        .ok_or(*b"30")?;
    let batch = field60(message).ok_or(*b"30")?.batch;
    Ok(Position {
        terminal_id,
        batch,
        trace,
    })
}

/// Finds the fields that every financial request needs: 30 when one is missing, 12 when they name no transaction.
fn asked<'m>(message: &Message<'m>) -> Result<Asked<'m>, [u8; 2]> {
    let position = position(message)?;
    let processing = message.number(3).ok_or(*b"30")?;
    let condition = message.number(25).ok_or(*b"30")?;
    let transaction_type = field60(message).ok_or(*b"30")?.transaction_type;
    let kind = Kind::of(processing, condition, transaction_type).ok_or(*b"12")?;
    let reversal = message.mti().0 == 0x0400;
    let known = if reversal {
        kind.is_reversible()
    } else {
        kind.codes().mti == message.mti().0
    };
    if !known {
        return Err(*b"12");
    }
    let pan = match card_number(message) {
        Some(pan) if pan.len() <= 19 => Some(pan),
        None if reversal => None,
        _ => return Err(*b"30"),
    };
    let amount_minor = match message.number(4) {
        Some(amount_minor) => amount_minor,
        None if kind == Kind::Balance => 0,
        None => return Err(*b"30"),
    };
    Ok(Asked {
        kind,
        position,
        pan,
        amount_minor,
    })
}

/// The card number: field 2, or what stands before the separator of track 2.
fn card_number<'m>(message: &Message<'m>) -> Option<Digits<'m>> {
    message.digits(2).or_else(|| {
        let track = message.digits(35)?;
        let separator = track.iter().position(|digit| digit == b'D')?;
        Some(track.slice(..separator))
    })
}

/// The expiry, `YYMM`: field 14, or the four digits after the separator of track 2.
fn expiry(message: &Message<'_>) -> Option<u64> {
    message.number(14).or_else(|| {
        let track = message.digits(35)?;
        let separator = track.iter().position(|digit| digit == b'D')?;
        track.slice(separator + 1..separator + 5).to_u64()
    })
}

/// Field 37: the time and the request's number.
fn reference(local: Local, sequence: u64) -> [u8; 12] {
    twelve_digits(u64::from(local.hhmmss()) * 1_000_000 + sequence % 1_000_000)
}

fn twelve_digits(mut number: u64) -> [u8; 12] {
    let mut digits = [b'0'; 12];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits
}
