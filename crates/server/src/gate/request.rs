//! What a message asks for, as the use cases want to hear it.
//!
//! Invariant: everything of a card but its truncated number leaves this module sealed or not at all.

use std::net::SocketAddr;

use app::settlement::End;
use app::transaction::Attempt;
use domain::money::Currency;
use domain::operator::Number;
use domain::transaction::{BatchTrace, EntryMode, Kind, Refusal};
use domain::{MaskedPan, MerchantId, Money, TerminalId};
use iso8583::unionpay::{POS, field60, field61};
use iso8583::{Message, Mti, Writer};

use node::seal::{Purpose, Sealer};

/// What the message asks the node to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A card transaction, decided with the host.
    Card(Kind),
    /// 0400.
    Reversal,
    /// 0800.
    SignIn {
        /// 60.3: which layout of keys.
        net_code: u16,
    },
    /// 0820, 002.
    SignOut,
    /// 0820, 301.
    Echo,
    /// 0820, 401: our extension.
    Lock,
    /// 0820, 402: our extension.
    Unlock,
    /// 0500.
    Settlement,
    /// 0320, 201.
    BatchUpload,
    /// 0320, 202 or 207.
    BatchUploadEnd(End),
}

/// Net code of the cashier's lock key, our extension of 0820.
pub const NET_CODE_LOCK: u16 = 401;
/// Net code of the unlock by operator and password, our extension of 0820.
pub const NET_CODE_UNLOCK: u16 = 402;

impl Ask {
    /// Reads what a message asks for; `None` when its type, fields 3, 25 and 60 do not fit together.
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let field60 = field60(message)?;
        let net_code = field60.net_code.unwrap_or_default();
        match message.mti() {
            Mti(0x0800) => Some(Self::SignIn { net_code }),
            Mti(0x0820) => match net_code {
                2 => Some(Self::SignOut),
                301 => Some(Self::Echo),
                NET_CODE_LOCK => Some(Self::Lock),
                NET_CODE_UNLOCK => Some(Self::Unlock),
                _ => None,
            },
            Mti(0x0500) => Some(Self::Settlement),
            Mti(0x0320) if net_code == 201 => Some(Self::BatchUpload),
            Mti(0x0320) if net_code == 202 => Some(Self::BatchUploadEnd(End::Unequal)),
            Mti(0x0320) if net_code == 207 => Some(Self::BatchUploadEnd(End::Equal)),
            Mti(0x0400) => Some(Self::Reversal),
            mti => card_kind(mti, message.number(3)?, field60.transaction_type).map(Self::Card),
        }
    }

    /// Whether the message must carry a MAC. Sign-in, sign-out, echo and settlement carry none (UnionPay POS).
    pub const fn has_mac(self) -> bool {
        matches!(self, Self::Card(_) | Self::Reversal | Self::Lock | Self::Unlock)
    }

    /// The kind the ledger files it under.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Card(kind) => kind,
            Self::Reversal => Kind::Reversal,
            Self::SignIn { .. } => Kind::SignIn,
            // An echo leaves no row; it has no kind of its own.
            Self::SignOut | Self::Echo => Kind::SignOut,
            Self::Lock => Kind::Lock,
            Self::Unlock => Kind::Unlock,
            Self::Settlement => Kind::Settlement,
            Self::BatchUpload | Self::BatchUploadEnd(_) => Kind::BatchUpload,
        }
    }
}

/// UnionPay's table: message type, field 3, 60.1.
const fn card_kind(mti: Mti, processing: u64, transaction_type: u8) -> Option<Kind> {
    match (mti.0, processing, transaction_type) {
        (0x0200, 310_000, 1) => Some(Kind::Balance),
        (0x0200, 0, 22) => Some(Kind::Purchase),
        (0x0200, 200_000, 23) => Some(Kind::Void),
        (0x0220, 200_000, 25) => Some(Kind::Refund),
        (0x0100, 30_000, 10) => Some(Kind::PreAuthorisation),
        (0x0100, 200_000, 11) => Some(Kind::PreAuthorisationVoid),
        (0x0200, 0, 20) => Some(Kind::Completion),
        (0x0200, 200_000, 21) => Some(Kind::CompletionVoid),
        (0x0220, 0, 24) => Some(Kind::CompletionNotice),
        _ => None,
    }
}

/// The kind a refusal is filed under when the message itself does not say.
pub const fn kind_by_type(mti: Mti) -> Kind {
    match mti.0 {
        0x0100 => Kind::PreAuthorisation,
        0x0220 => Kind::Refund,
        0x0400 => Kind::Reversal,
        0x0500 => Kind::Settlement,
        0x0320 => Kind::BatchUpload,
        0x0800 => Kind::SignIn,
        0x0820 => Kind::SignOut,
        _ => Kind::Purchase,
    }
}

/// A request lacks what its kind needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomplete;

/// Makes the attempt that the use cases hear of.
pub fn attempt(
    message: &Message<'_>,
    ask: Ask,
    terminal_id: TerminalId,
    peer: SocketAddr,
    keys: Option<i64>,
) -> Result<Attempt, Incomplete> {
    let merchant_id = message.text(42).and_then(MerchantId::parse).ok_or(Incomplete)?;
    let field60 = field60(message).ok_or(Incomplete)?;
    let trace = message
        .number(11)
        .and_then(|trace| u32::try_from(trace).ok())
        .unwrap_or_default();
    let moves_money = matches!(ask, Ask::Card(kind) if kind != Kind::Balance) || ask == Ask::Reversal;
    if moves_money && !message.has(4) {
        return Err(Incomplete);
    }
    let card = card(message);
    if (matches!(ask, Ask::Card(_)) && card.is_none()) || (trace == 0 && ask != Ask::Echo) {
        return Err(Incomplete);
    }
    let entry_mode = match message.number(22) {
        None => None,
        Some(value) => Some(EntryMode::from_field_22(value).ok_or(Incomplete)?),
    };
    let original = field61(message).map(|field| BatchTrace {
        batch: field.batch,
        trace: field.trace,
    });
    Ok(Attempt {
        terminal_id,
        merchant_id,
        kind: ask.kind(),
        name: BatchTrace {
            batch: field60.batch,
            trace,
        },
        original: if ask == Ask::Reversal { None } else { original },
        retrieval_reference: text(message, 37),
        approval_code: text(message, 38),
        flaw: flaw(message),
        amount: amount(message),
        card,
        entry_mode,
        reversal_sealed: None,
        undo_sealed: None,
        peer: peer.to_string(),
        mac_verified: keys.is_some(),
        keys,
        received_at: node::now(),
    })
}

fn text(message: &Message<'_>, field: u8) -> Option<String> {
    let text = message.text_str(field)?.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Field 4 in the currency of field 49, be it one that the profile takes or not.
fn amount(message: &Message<'_>) -> Option<Money> {
    let minor = i64::try_from(message.number(4)?).ok()?;
    Money::new(minor, stated_currency(message)?).ok()
}

/// Field 49, three digits; without it the profile's first currency.
fn stated_currency(message: &Message<'_>) -> Option<Currency> {
    match message.text(49) {
        None => POS.currencies().first().copied().map(Currency),
        Some(code) if code.iter().all(u8::is_ascii_digit) => {
            let code = std::str::from_utf8(code).ok()?;
            code.parse().ok().map(Currency)
        }
        Some(_) => None,
    }
}

/// The currency of a message, if the profile takes it.
pub fn currency(message: &Message<'_>) -> Option<Currency> {
    stated_currency(message).filter(|currency| POS.currencies().contains(&currency.0))
}

/// What is wrong with the content of a request that can be read.
fn flaw(message: &Message<'_>) -> Option<Refusal> {
    match () {
        () if (message.has(4) || message.has(49)) && currency(message).is_none() => {
            Some(Refusal::OtherCurrency)
        }
        () if has_two_cards(message) => Some(Refusal::TwoCards),
        () => None,
    }
}

/// Whether field 2 and track 2 have different numbers: the host would charge one of them and we would remember the other.
fn has_two_cards(message: &Message<'_>) -> bool {
    message
        .digits(2)
        .zip(message.digits(35))
        .is_some_and(|(number, track)| !number.iter().eq(track.iter().take_while(u8::is_ascii_digit)))
}

/// The card's number: field 2, else the part of track 2 before its separator.
fn card(message: &Message<'_>) -> Option<MaskedPan> {
    match message.digits(2) {
        Some(digits) => MaskedPan::of(digits.iter()),
        None => MaskedPan::of(message.digits(35)?.iter().take_while(u8::is_ascii_digit)),
    }
}

/// Fields of a 0400, as the original has them (but 39, which the reversal adds, and 64).
const REVERSAL_FIELDS: [u8; 14] = [2, 3, 4, 11, 14, 22, 23, 25, 38, 41, 42, 49, 55, 60];

/// Packs and seals what a reversal of this message would carry: a 0400 without fields 39 and 64.
pub fn seal_reversal(sealer: &Sealer, message: &Message<'_>, terminal_id: TerminalId) -> Option<Vec<u8>> {
    let mut writer = Writer::new(&iso8583::unionpay::POS);
    writer.begin(Mti(0x0400));
    for field in REVERSAL_FIELDS {
        writer.copy(field, message);
    }
    writer.copy(61, message);
    copy_number(&mut writer, message);
    let packed = zeroize::Zeroizing::new(writer.finish().ok()?.to_vec());
    sealer.seal(Purpose::Reversal, terminal_id.as_str(), &packed).ok()
}

/// A swiped card has its number in the track only; hosts want field 2 in a reversal.
fn copy_number(writer: &mut Writer, message: &Message<'_>) {
    if message.has(2) {
        return;
    }
    let Some(track) = message.digits(35) else { return };
    let number = track.iter().take_while(u8::is_ascii_digit).map(char::from);
    let number: zeroize::Zeroizing<String> = zeroize::Zeroizing::new(number.collect());
    writer.digits(2, &number);
}

/// Fields of what is kept for people to decide about, should the terminal be held: what identifies the original, and nothing that
/// authenticates a card or its holder (35, 36, 45, 52, 55; PCI DSS 4.0.1, 3.3).
const UNDO_FIELDS: [u8; 10] = [2, 4, 14, 22, 23, 25, 38, 41, 42, 49];

/// Field 3 and 60.1 of what a request undoes, by UnionPay's table: a reversal has its original's own.
const fn undone(kind: Kind) -> Option<(&'static str, u8)> {
    match kind {
        Kind::Void => Some(("000000", 22)),
        Kind::PreAuthorisationVoid => Some(("030000", 10)),
        Kind::CompletionVoid => Some(("000000", 20)),
        _ => None,
    }
}

/// Packs and seals what a reversal of the original would carry that a void or a reversal (0400) undoes: a 0400 without fields 39 and 64.
/// `None` of every other kind.
pub fn seal_undo(
    sealer: &Sealer,
    message: &Message<'_>,
    terminal_id: TerminalId,
    kind: Kind,
) -> Option<Vec<u8>> {
    let packed = pack_undo(message, kind)?;
    sealer.seal(Purpose::Reversal, terminal_id.as_str(), &packed).ok()
}

fn pack_undo(message: &Message<'_>, kind: Kind) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    if !kind.undoes() {
        return None;
    }
    let mut writer = Writer::new(&POS);
    writer.begin(Mti(0x0400));
    for field in UNDO_FIELDS {
        writer.copy(field, message);
    }
    match undone(kind) {
        None => {
            for field in [3, 11, 60, 61] {
                writer.copy(field, message);
            }
        }
        Some((processing, transaction_type)) => {
            let original = field61(message)?;
            let digits: String = message.digits(60)?.iter().map(char::from).collect();
            let rest = digits.get(8..).unwrap_or_default();
            let field60 = format!("{transaction_type:02}{:06}{rest}", original.batch);
            writer.digits(3, processing).number(11, u64::from(original.trace));
            writer.digits(60, &field60);
        }
    }
    copy_number(&mut writer, message);
    Some(zeroize::Zeroizing::new(writer.finish().ok()?.to_vec()))
}

/// Field 63 of sign-in, lock and unlock: the operator's number.
pub fn operator(message: &Message<'_>) -> Option<Number> {
    message.text_str(63).and_then(Number::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What proves a card or its holder, and is never kept: both tracks, the sequence number and CVV's place, the PIN block, chip data.
    const NEVER: [u8; 5] = [35, 36, 45, 52, 55];

    /// A request with all that a terminal may send.
    fn whole(mti: u16, processing: &str, field60: &str) -> Vec<u8> {
        let mut writer = Writer::new(&POS);
        writer.begin(Mti(mti));
        writer.digits(3, processing).number(4, 1_000).number(11, 9);
        writer
            .digits(14, "3012")
            .digits(22, "051")
            .digits(23, "001")
            .digits(25, "00");
        writer.digits(35, "6222020000001234=30121010000");
        writer.digits(36, "996222020000001234=1561560");
        writer
            .text(38, b"654321")
            .text(41, b"10450001")
            .text(42, b"898430170110001");
        writer
            .text(49, b"156")
            .bytes(52, &[7; 8])
            .bytes(55, &[0x9f, 0x26, 1, 5]);
        writer.digits(60, field60).digits(61, "000007000003");
        writer.finish().unwrap().to_vec()
    }

    fn digits(message: &Message<'_>, field: u8) -> String {
        message.digits(field).unwrap().iter().map(char::from).collect()
    }

    #[test]
    fn what_is_kept_for_people_is_a_reversal_of_the_original_without_anything_that_proves_a_card() {
        for (kind, mti, processing, field60, trace, of) in [
            (
                Kind::Void,
                0x0200,
                "200000",
                "23000007000500",
                3,
                ("000000", "22000007000500"),
            ),
            (
                Kind::CompletionVoid,
                0x0200,
                "200000",
                "21000007000500",
                3,
                ("000000", "20000007000500"),
            ),
            (
                Kind::PreAuthorisationVoid,
                0x0100,
                "200000",
                "11000007000500",
                3,
                ("030000", "10000007000500"),
            ),
            (
                Kind::Reversal,
                0x0400,
                "000000",
                "22000007000500",
                9,
                ("000000", "22000007000500"),
            ),
        ] {
            let sent = whole(mti, processing, field60);
            let sent = Message::parse(&POS, &sent).unwrap();
            let packed = pack_undo(&sent, kind).unwrap();
            let kept = Message::parse(&POS, &packed).unwrap();
            assert_eq!(
                (kept.mti(), kept.number(11)),
                (Mti(0x0400), Some(trace)),
                "{kind:?}"
            );
            assert_eq!((&*digits(&kept, 3), &*digits(&kept, 60)), of, "{kind:?}");
            assert_eq!(
                (kept.number(4), digits(&kept, 2)),
                (Some(1_000), "6222020000001234".into())
            );
            assert!(NEVER.into_iter().all(|field| !kept.has(field)), "{kind:?}");
            assert_eq!(kept.has(61), kind == Kind::Reversal);
            // What was sent has them, so that the test can fail.
            assert!([35, 36, 52, 55].into_iter().all(|field| sent.has(field)));
        }
    }

    #[test]
    fn nothing_is_kept_of_what_undoes_nothing_or_names_no_original() {
        let sent = whole(0x0200, "000000", "22000007000500");
        let sent = Message::parse(&POS, &sent).unwrap();
        for kind in [Kind::Purchase, Kind::Refund, Kind::Completion, Kind::Balance] {
            assert!(pack_undo(&sent, kind).is_none(), "{kind:?}");
        }
        let mut writer = Writer::new(&POS);
        writer.begin(Mti(0x0200));
        writer
            .digits(2, "6222020000001234")
            .digits(3, "200000")
            .number(4, 1)
            .number(11, 9);
        writer.digits(60, "23000007000500");
        let bare = writer.finish().unwrap().to_vec();
        let bare = Message::parse(&POS, &bare).unwrap();
        assert!(pack_undo(&bare, Kind::Void).is_none());
    }
}
