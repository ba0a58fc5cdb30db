//! A terminal's messages as bytes: each request as a whole frame, each answer checked as a terminal checks it.
//!
//! It touches nothing, so a load generator can keep many requests in flight on one connection: write what
//! [`Encoder`] gives, cut answers with `iso8583::frame::split`, and hand them with their requests to [`check`].
//!
//! Invariant: what [`check`] accepts answers that request: its type is the request's plus 10, fields 3, 4, 11 and 41
//! came back unchanged, and its MAC is right (an approval without one is refused).

use iso8583::frame::{self, FrameError, Header, Tpdu};
use iso8583::keys::KeyError;
use iso8583::mac::{Algorithm, MacKey};
use iso8583::pin::{Pin, PinError, PinKey};
use iso8583::unionpay::{self, Field48, Overflow, Totals};
use iso8583::{Message, Mti, ParseError, WriteError, Writer};

use super::{Approved, Reply};
use crate::issuer::Card;
use crate::kind::{EntryMode, Kind};

/// Net code (60.3) of a sign-in answered with a double-length PIN key and a single-length MAC key.
pub const NET_CODE_DOUBLE: u16 = 3;
/// Net code of a settlement and of the batch upload that follows it.
const NET_CODE_SETTLEMENT: u16 = 201;
/// Net codes of the cashier's lock and unlock, an extension of the protocol: 0820 with a MAC.
const NET_CODE_LOCK: u16 = 401;
const NET_CODE_UNLOCK: u16 = 402;

/// A request that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field does not fit the profile.
    #[error("the request does not fit the profile: {0}")]
    Write(#[from] WriteError),
    /// The frame is too long.
    #[error("the request does not fit a frame")]
    Frame(#[from] FrameError),
    /// A PIN or password is not 4 to 12 digits.
    #[error("a PIN or password must be 4 to 12 digits")]
    Pin(#[from] PinError),
    /// The batch's totals have more digits than field 48.
    #[error("the batch is too large to settle")]
    Overflow(#[from] Overflow),
    /// The kind of transaction needs an original.
    #[error("the transaction needs an original")]
    NoOriginal,
}

/// Why an answer is not accepted. It never shows a field's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Not a frame, or not a message of the profile.
    #[error("the answer cannot be read")]
    Unreadable,
    /// Not the request's type plus 10.
    #[error("the answer has another type")]
    Type,
    /// A field that must come back is missing or changed.
    #[error("field {0} did not come back")]
    Field(u8),
    /// The MAC is wrong, or missing from an approval.
    #[error("the answer's MAC is missing or wrong")]
    Mac,
}

impl From<FrameError> for Mismatch {
    fn from(_: FrameError) -> Self {
        Mismatch::Unreadable
    }
}

impl From<ParseError> for Mismatch {
    fn from(_: ParseError) -> Self {
        Mismatch::Unreadable
    }
}

/// What a sign-in gave: the batch and the working keys.
#[derive(Debug, Clone)]
pub struct Session {
    /// Field 60.2 of the sign-in's answer.
    pub batch: u32,
    /// PIK, for field 52.
    pub pin_key: PinKey,
    /// MAK, for field 64.
    pub mac_key: MacKey,
}

impl Session {
    /// A session of clear keys: the PIN key 8 or 16 bytes, the MAC key 8 (DES) or 16 (3DES).
    ///
    /// # Errors
    /// [`KeyError`] for keys of another length.
    pub fn new(batch: u32, pin_key: &[u8], mac_key: &[u8]) -> Result<Session, KeyError> {
        let mac_key = MacKey::new(Algorithm::UnionPayEcb, mac_key)?;
        Ok(Session {
            batch,
            pin_key: PinKey::new(pin_key)?,
            mac_key,
        })
    }
}

/// A card transaction to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Which.
    pub kind: Kind,
    /// Field 11, 1..=999999.
    pub trace: u32,
    /// Field 4, in fen; not sent with a balance inquiry.
    pub amount_minor: u64,
    /// The card in hand.
    pub card: &'a Card,
    /// How it is read.
    pub entry_mode: EntryMode,
    /// Whether its holder types the PIN.
    pub with_pin: bool,
    /// What a void, refund or completion is about.
    pub original: Option<&'a Approved>,
}

/// Writes the requests of one terminal. Every method gives the whole frame, its length first; it stays until the next.
pub struct Encoder {
    writer: Writer,
    frame: Vec<u8>,
    terminal_id: String,
    merchant_id: String,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoder({})", self.terminal_id)
    }
}

/// Field 55 of a chip payment: what a terminal's kernel would say, with invented cryptograms.
const CHIP_DATA: &[u8] =
    b"\x9F\x26\x08\x1A\x2B\x3C\x4D\x5E\x6F\x70\x81\x9F\x27\x01\x80\x9F\x10\x07\x07\x01\x01\x03\xA0\x00\x00\
\x9F\x37\x04\x11\x22\x33\x44\x9F\x36\x02\x00\x2A\x95\x05\x00\x00\x00\x00\x00\x9C\x01\x00\x5F\x2A\x02\x01\x56\
\x82\x02\x7C\x00\x9F\x1A\x02\x01\x56\x9F\x33\x03\xE0\xF8\xC8";

impl Encoder {
    /// An encoder for a terminal number (8 characters) and a merchant code (15 characters).
    pub fn new(terminal_id: &str, merchant_id: &str) -> Encoder {
        Encoder {
            writer: Writer::new(&unionpay::POS),
            frame: Vec::with_capacity(512),
            terminal_id: terminal_id.into(),
            merchant_id: merchant_id.into(),
        }
    }

    /// 0800. Field 63 is the operator, three digits; field 62 the serial number, when given.
    ///
    /// # Errors
    /// [`Error::Write`] when a value does not fit its field; the same for every method below.
    pub fn sign_in(
        &mut self,
        trace: u32,
        batch: u32,
        net_code: u16,
        operator: &str,
        serial: Option<&str>,
    ) -> Result<&[u8], Error> {
        self.begin(0x0800, Some(trace), 0, batch, Some(net_code));
        if let Some(serial) = serial {
            self.writer.text(62, format!("Sequence No12{serial}").as_bytes());
        }
        self.writer.text(63, operator.as_bytes());
        self.finish(None)
    }

    /// 0820, sign-out (002).
    ///
    /// # Errors
    /// As [`Encoder::sign_in`].
    pub fn sign_out(&mut self, trace: u32, batch: u32) -> Result<&[u8], Error> {
        self.begin(0x0820, Some(trace), 0, batch, Some(2));
        self.finish(None)
    }

    /// 0820, echo (301). It has no trace number.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`].
    pub fn echo(&mut self, batch: u32) -> Result<&[u8], Error> {
        self.begin(0x0820, None, 0, batch, Some(301));
        self.finish(None)
    }

    /// 0820, the cashier's lock (401), with a MAC.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`].
    pub fn lock(&mut self, session: &Session, trace: u32, operator: &str) -> Result<&[u8], Error> {
        self.begin(0x0820, Some(trace), 0, session.batch, Some(NET_CODE_LOCK));
        self.writer.text(63, operator.as_bytes());
        self.finish(Some(&session.mac_key))
    }

    /// 0820, unlock (402): field 52 is the operator's password as a PIN block without card number, with a MAC.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`]; [`Error::Pin`] unless the password is 4 to 12 digits.
    pub fn unlock(
        &mut self,
        session: &Session,
        trace: u32,
        operator: &str,
        password: &str,
    ) -> Result<&[u8], Error> {
        let block = session.pin_key.encrypt(&Pin::new(password)?, None);
        self.begin(0x0820, Some(trace), 0, session.batch, Some(NET_CODE_UNLOCK));
        self.writer.bytes(52, &block).text(63, operator.as_bytes());
        self.finish(Some(&session.mac_key))
    }

    /// 0500: the batch's totals, all domestic.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`]; [`Error::Overflow`] for more than 999 transactions.
    pub fn settlement(
        &mut self,
        trace: u32,
        batch: u32,
        operator: &str,
        domestic: Totals,
    ) -> Result<&[u8], Error> {
        let totals = unionpay::write_field48(&Field48 {
            domestic,
            ..Field48::default()
        })?;
        self.begin(0x0500, Some(trace), 0, batch, Some(NET_CODE_SETTLEMENT));
        self.writer
            .digits(48, &totals)
            .text(49, b"156")
            .text(63, operator.as_bytes());
        self.finish(None)
    }

    /// 0320: up to eight details of a batch that did not match: card type, trace, card number, amount.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`]; [`Error::Overflow`] for more than eight.
    pub fn batch_upload(
        &mut self,
        trace: u32,
        batch: u32,
        details: &[(u8, u32, &str, u64)],
    ) -> Result<&[u8], Error> {
        let details = unionpay::write_batch_details(details)?;
        self.begin(0x0320, Some(trace), 0, batch, Some(NET_CODE_SETTLEMENT));
        self.writer.digits(48, &details);
        self.finish(None)
    }

    /// 0320, the end of the upload (202), with no details. Whether an end states a count is not settled between
    /// implementations.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`].
    pub fn batch_end(&mut self, trace: u32, batch: u32) -> Result<&[u8], Error> {
        let details = unionpay::write_batch_details(&[])?;
        self.begin(0x0320, Some(trace), 0, batch, Some(202));
        self.writer.digits(48, &details);
        self.finish(None)
    }

    /// 0100, 0200 or 0220: a card transaction.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`]; [`Error::NoOriginal`] when its kind needs one, [`Error::Pin`] for a card with a bad PIN.
    pub fn financial(&mut self, session: &Session, ask: &Ask<'_>) -> Result<&[u8], Error> {
        let codes = ask.kind.codes();
        self.writer.begin(Mti(codes.mti));
        self.put_card(ask, true);
        if ask.kind != Kind::Balance {
            self.writer.number(4, ask.amount_minor);
        }
        if ask.with_pin {
            let with_pan = Some(ask.card.pan.as_str());
            let block = session.pin_key.encrypt(&Pin::new(&ask.card.pin)?, with_pan);
            self.writer
                .digits(26, "12")
                .bytes(52, &block)
                .digits(53, "2600000000000000");
        }
        self.put_common(ask, session.batch);
        match (ask.kind.has_original(), ask.original) {
            (true, None) => return Err(Error::NoOriginal),
            (true, Some(original)) => self.put_original(ask.kind, original),
            (false, _) => {}
        }
        if ask.kind == Kind::Refund {
            self.writer.text(63, b"000");
        }
        self.finish(Some(&session.mac_key))
    }

    /// 0400: the reversal of a transaction asked for before, under its trace number. `reason` is field 39: 98 no
    /// answer, 96 a fault, A0 a wrong MAC, 06 another. `approval_code` is field 38, when an answer gave one. A reversal
    /// carries no track: after a swipe it has the card number in field 2.
    ///
    /// # Errors
    /// As [`Encoder::sign_in`].
    pub fn reversal(
        &mut self,
        session: &Session,
        ask: &Ask<'_>,
        reason: &str,
        approval_code: Option<&str>,
    ) -> Result<&[u8], Error> {
        self.writer.begin(Mti(0x0400));
        self.put_card(ask, false);
        self.writer
            .number(4, ask.amount_minor)
            .text(39, reason.as_bytes());
        if let Some(code) = approval_code {
            self.writer.text(38, code.as_bytes());
        }
        self.put_common(ask, session.batch);
        if let Some(original) = ask.original {
            self.writer.digits(
                61,
                &unionpay::write_field61(original.batch, original.trace, Some(original.date)),
            );
        }
        self.finish(Some(&session.mac_key))
    }

    fn begin(
        &mut self,
        mti: u16,
        trace: Option<u32>,
        transaction_type: u8,
        batch: u32,
        net_code: Option<u16>,
    ) {
        self.writer.begin(Mti(mti));
        if let Some(trace) = trace {
            self.writer.number(11, trace.into());
        }
        self.put_who();
        self.writer
            .digits(60, &unionpay::write_field60(transaction_type, batch, net_code));
    }

    fn put_who(&mut self) {
        self.writer
            .text(41, self.terminal_id.as_bytes())
            .text(42, self.merchant_id.as_bytes());
    }

    /// The card as it was read: stripe in field 35, otherwise number and expiry; a chip also says field 55.
    fn put_card(&mut self, ask: &Ask<'_>, with_track: bool) {
        let card = ask.card;
        match ask.entry_mode {
            EntryMode::Swipe if with_track => {
                self.writer
                    .digits(35, &format!("{}D{}20100000", card.pan, card.expiry));
            }
            EntryMode::Swipe | EntryMode::Manual | EntryMode::Qr => {
                self.writer.digits(2, &card.pan).digits(14, &card.expiry);
            }
            EntryMode::Chip | EntryMode::Contactless => {
                self.writer
                    .digits(2, &card.pan)
                    .digits(14, &card.expiry)
                    .digits(23, "001")
                    .bytes(55, CHIP_DATA);
            }
        }
        let pin_digit = if ask.with_pin { '1' } else { '2' };
        self.writer
            .digits(22, &format!("{}{pin_digit}", ask.entry_mode.digits()));
    }

    fn put_common(&mut self, ask: &Ask<'_>, batch: u32) {
        let codes = ask.kind.codes();
        let field60 = unionpay::write_field60(codes.transaction_type, batch, Some(0)) + "60";
        self.put_who();
        self.writer
            .digits(3, codes.processing)
            .number(11, ask.trace.into())
            .digits(25, codes.condition)
            .text(49, b"156")
            .digits(60, &field60);
    }

    /// Which fields name the original differs by kind (UnionPay POS message table).
    fn put_original(&mut self, kind: Kind, original: &Approved) {
        if matches!(kind, Kind::Void | Kind::Refund | Kind::CompletionVoid) {
            self.writer.text(37, original.retrieval_reference.as_bytes());
        }
        if !original.approval_code.is_empty() {
            self.writer.text(38, original.approval_code.as_bytes());
        }
        let date = (kind != Kind::Void).then_some(original.date);
        self.writer
            .digits(61, &unionpay::write_field61(original.batch, original.trace, date));
    }

    fn finish(&mut self, mac_key: Option<&MacKey>) -> Result<&[u8], Error> {
        let message = match mac_key {
            Some(key) => self.writer.finish_with_mac(key)?,
            None => self.writer.finish()?,
        };
        let tpdu = Tpdu {
            id: 0x60,
            destination: 0x0003,
            source: 0,
        };
        self.frame.clear();
        frame::write(
            &mut self.frame,
            tpdu,
            Header([0x61, 0x31, 0x00, 0x31, 0x11, 0x08]),
            message,
        )?;
        Ok(&self.frame)
    }
}

/// Checks that `answer` (a frame without its length) answers `request` (a frame as [`Encoder`] gives it). `mac_key`
/// is `None` where no MAC can be checked: before the first sign-in.
///
/// # Errors
/// The first [`Mismatch`] found.
pub fn check(request: &[u8], answer: &[u8], mac_key: Option<&MacKey>) -> Result<Reply, Mismatch> {
    let request = frame::open(request.get(2..).unwrap_or_default())?;
    let request = Message::parse(&unionpay::POS, request.message)?;
    let envelope = frame::open(answer)?;
    let answer = Message::parse(&unionpay::POS, envelope.message)?;
    if answer.mti() != request.mti().response() {
        return Err(Mismatch::Type);
    }
    for field in [11, 41, 3, 4] {
        let same = request.digits(field) == answer.digits(field) && request.text(field) == answer.text(field);
        if request.has(field) && !same {
            return Err(Mismatch::Field(field));
        }
    }
    check_mac(&request, &answer, mac_key)?;
    Ok(Reply::of(&answer, envelope.header))
}

fn check_mac(request: &Message<'_>, answer: &Message<'_>, mac_key: Option<&MacKey>) -> Result<(), Mismatch> {
    match (answer.mac_input().zip(answer.bytes(64)), mac_key) {
        (Some((input, mac)), Some(key)) if key.verify(input, mac) => Ok(()),
        (Some(_), Some(_)) => Err(Mismatch::Mac),
        (Some(_), None) => Ok(()),
        (None, _) if request.has(64) && answer.text(39) == Some(b"00") => Err(Mismatch::Mac),
        (None, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::cards;

    fn session() -> Session {
        Session::new(7, &[0x11; 16], &[0x22; 8]).unwrap()
    }

    fn encoder() -> Encoder {
        Encoder::new("30501101", "899305058140017")
    }

    fn ask(card: &Card, kind: Kind, entry_mode: EntryMode) -> Ask<'_> {
        Ask {
            kind,
            trace: 42,
            amount_minor: 1_050,
            card,
            entry_mode,
            with_pin: true,
            original: None,
        }
    }

    fn fields(frame: &[u8]) -> (String, Vec<u8>) {
        let envelope = frame::open(&frame[2..]).unwrap();
        let message = Message::parse(&unionpay::POS, envelope.message).unwrap();
        (message.mti().to_string(), message.fields().collect())
    }

    fn approved(card: &Card) -> Approved {
        Approved {
            kind: Kind::Purchase,
            batch: 7,
            trace: 41,
            date: 1122,
            amount_minor: 1_050,
            card: card.clone(),
            retrieval_reference: "150122000001".into(),
            approval_code: "387661".into(),
        }
    }

    #[test]
    fn each_request_has_the_fields_of_its_kind() {
        let card = &cards()[0];
        let original = &approved(card);
        let cases: [(Kind, EntryMode, &str, &[u8]); 6] = [
            (
                Kind::Purchase,
                EntryMode::Swipe,
                "0200",
                &[3, 4, 11, 22, 25, 26, 35, 41, 42, 49, 52, 53, 60, 64],
            ),
            (
                Kind::Balance,
                EntryMode::Manual,
                "0200",
                &[2, 3, 11, 14, 22, 25, 26, 41, 42, 49, 52, 53, 60, 64],
            ),
            (
                Kind::PreAuthorisation,
                EntryMode::Chip,
                "0100",
                &[2, 3, 4, 11, 14, 22, 23, 25, 26, 41, 42, 49, 52, 53, 55, 60, 64],
            ),
            (
                Kind::Void,
                EntryMode::Manual,
                "0200",
                &[
                    2, 3, 4, 11, 14, 22, 25, 26, 37, 38, 41, 42, 49, 52, 53, 60, 61, 64,
                ],
            ),
            (
                Kind::Refund,
                EntryMode::Manual,
                "0220",
                &[
                    2, 3, 4, 11, 14, 22, 25, 26, 37, 38, 41, 42, 49, 52, 53, 60, 61, 63, 64,
                ],
            ),
            (
                Kind::Completion,
                EntryMode::Manual,
                "0200",
                &[2, 3, 4, 11, 14, 22, 25, 26, 38, 41, 42, 49, 52, 53, 60, 61, 64],
            ),
        ];
        for (kind, entry_mode, mti, expected) in cases {
            let original = kind.has_original().then_some(original);
            let ask = Ask {
                original,
                ..ask(card, kind, entry_mode)
            };
            let (found_mti, found) = fields(encoder().financial(&session(), &ask).unwrap());
            assert_eq!(
                (found_mti.as_str(), found.as_slice()),
                (mti, expected),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_reversal_after_a_swipe_has_the_card_number_and_no_track() {
        let card = &cards()[0];
        let ask = ask(card, Kind::Purchase, EntryMode::Swipe);
        let mut encoder = encoder();
        let (mti, found) = fields(encoder.reversal(&session(), &ask, "98", None).unwrap());
        assert_eq!(
            (mti.as_str(), found),
            ("0400", vec![2, 3, 4, 11, 14, 22, 25, 39, 41, 42, 49, 60, 64])
        );
    }

    #[test]
    fn a_void_without_an_original_is_not_written() {
        let card = &cards()[0];
        let refused = encoder()
            .financial(&session(), &ask(card, Kind::Void, EntryMode::Manual))
            .err();
        assert!(matches!(refused, Some(Error::NoOriginal)));
    }

    #[test]
    fn lock_and_unlock_carry_a_mac_and_unlock_the_password() {
        let (mti, found) = fields(encoder().lock(&session(), 1, "001").unwrap());
        assert_eq!((mti.as_str(), found), ("0820", vec![11, 41, 42, 60, 63, 64]));
        let (_, found) = fields(encoder().unlock(&session(), 1, "001", "123456").unwrap());
        assert_eq!(found, [11, 41, 42, 52, 60, 63, 64]);
        assert!(encoder().unlock(&session(), 1, "001", "12ab").is_err());
    }

    /// An answer made of the request itself, changed by `change`.
    fn answer_to(request: &[u8], key: &MacKey, change: impl FnOnce(&mut Writer, &Message<'_>)) -> Vec<u8> {
        let envelope = frame::open(&request[2..]).unwrap();
        let message = Message::parse(&unionpay::POS, envelope.message).unwrap();
        let mut writer = Writer::new(&unionpay::POS);
        writer.begin(message.mti().response());
        change(&mut writer, &message);
        let mut out = Vec::new();
        frame::write(
            &mut out,
            envelope.tpdu,
            envelope.header,
            writer.finish_with_mac(key).unwrap(),
        )
        .unwrap();
        out.split_off(2)
    }

    #[test]
    fn only_an_answer_that_matches_and_is_signed_is_accepted() {
        let (card, session) = (&cards()[0], session());
        let request = encoder()
            .financial(&session, &ask(card, Kind::Purchase, EntryMode::Manual))
            .unwrap()
            .to_vec();
        let echo = |writer: &mut Writer, message: &Message<'_>| {
            writer
                .copy(3, message)
                .copy(4, message)
                .copy(11, message)
                .text(39, b"00")
                .copy(41, message);
        };
        let key = &session.mac_key;
        let right = answer_to(&request, key, echo);
        assert_eq!(check(&request, &right, Some(key)).unwrap().response_code, *b"00");

        let other_key = Session::new(7, &[1; 16], &[0x33; 8]).unwrap().mac_key;
        assert_eq!(
            check(&request, &right, Some(&other_key)).err(),
            Some(Mismatch::Mac)
        );

        let other_amount = answer_to(&request, key, |writer, message| {
            writer
                .copy(3, message)
                .number(4, 1)
                .copy(11, message)
                .text(39, b"00")
                .copy(41, message);
        });
        assert_eq!(
            check(&request, &other_amount, Some(key)).err(),
            Some(Mismatch::Field(4))
        );
        assert_eq!(
            check(&request, &request[2..], Some(key)).err(),
            Some(Mismatch::Type)
        );
        assert_eq!(
            check(&request, &right[..30], Some(key)).err(),
            Some(Mismatch::Unreadable)
        );
    }
}
