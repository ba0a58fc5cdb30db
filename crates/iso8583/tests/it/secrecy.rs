//! Card data, keys and PINs appear in no `Debug` and no error.

use iso8583::keys::{KeyLayout, MasterKey, WorkingKeys, read_field62, write_field62};
use iso8583::{Digits, Message, Mti, Profile, Writer, ascii, frame, mac, pin};

const PAN: &str = "6200000123456789018";
const TRACK2: &str = "6200000123456789018D30121011234567890";
const TRACK3: &str = "996200000123456789018D15615600000000";
const SECRET: [u8; 16] = [
    0x9A, 0xC1, 0x77, 0x3B, 0x52, 0xE8, 0x0D, 0x64, 0xA6, 0x15, 0xF3, 0x48, 0xBE, 0x29, 0xD7, 0x81,
];

static WITH_TRACK_1: Profile = iso8583::unionpay::PROFILE.with(
    45,
    iso8583::Format::new(iso8583::Kind::Text, iso8583::Prefix::BcdLl, 76),
);

fn message() -> Vec<u8> {
    let mut writer = Writer::new(&WITH_TRACK_1);
    let bytes = writer
        .begin(Mti(0x0200))
        .digits(2, PAN)
        .digits(35, TRACK2)
        .digits(36, TRACK3)
        .text(45, b"B6200000123456789018^CARD HOLDER^3012")
        .bytes(52, &SECRET[..8])
        .bytes(55, &SECRET)
        .bytes(62, &SECRET)
        .bytes(64, &SECRET[8..])
        .finish()
        .expect("a message")
        .to_vec();
    no_secret(&format!("{writer:?} {writer:#?}"));
    bytes
}

/// Looks for every secret as text, as hexadecimal and as a list of bytes, in pieces of four bytes.
#[track_caller]
fn no_secret(shown: &str) {
    let shown: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
    let track1 = b"B6200000123456789018^CARD HOLDER^3012".as_slice();
    let binary = [
        SECRET.as_slice(),
        PAN.as_bytes(),
        TRACK2.as_bytes(),
        TRACK3.as_bytes(),
        track1,
    ];
    for piece in binary.iter().flat_map(|secret| secret.windows(4)) {
        let list = piece.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
        let hex: String = piece.iter().map(|byte| format!("{byte:02X}")).collect();
        for form in [list, hex.to_lowercase(), hex] {
            assert!(!shown.contains(&form), "{form} in {shown}");
        }
    }
    for secret in [PAN, TRACK2, TRACK3, "B6200000123456789018^CARDHOLDER^3012"] {
        for piece in secret.as_bytes().windows(6) {
            let piece = std::str::from_utf8(piece).expect("ASCII");
            assert!(!shown.contains(piece), "{piece} in {shown}");
        }
    }
}

#[test]
fn the_search_itself_finds_what_is_shown() {
    for shown in [
        format!("{:?}", SECRET),
        format!("{:02X?}", PAN.as_bytes()).replace(", ", ""),
        PAN.to_owned(),
    ] {
        assert!(std::panic::catch_unwind(|| no_secret(&shown)).is_err(), "{shown}");
    }
}

#[test]
fn a_message_and_its_parts_show_numbers_of_fields_and_lengths_only() {
    let bytes = message();
    let message = Message::parse(&WITH_TRACK_1, &bytes).expect("a message");
    let digits: Vec<Option<Digits<'_>>> = [2, 35, 36].iter().map(|&n| message.digits(n)).collect();
    no_secret(&format!(
        "{message:?} {message:#?} {digits:?} {:?}",
        message.profile()
    ));
    assert_eq!(
        format!("{message:?}"),
        "Message(0200 fields [2, 35, 36, 45, 52, 55, 62, 64])"
    );

    let mut framed = Vec::new();
    let tpdu = frame::Tpdu {
        id: 0x60,
        destination: 1,
        source: 2,
    };
    frame::write(&mut framed, tpdu, frame::Header([0x60, 0x31, 0, 0, 0, 0]), &bytes).expect("fits");
    let (_, whole) = frame::split(&framed, 4096).expect("in bounds").expect("whole");
    no_secret(&format!("{:#?}", frame::open(whole).expect("an envelope")));
}

#[test]
fn errors_show_no_content() {
    let bytes = message();
    for len in 0..bytes.len() {
        let error = Message::parse(&WITH_TRACK_1, &bytes[..len]).expect_err("cut");
        no_secret(&format!("{error} {error:?}"));
        let error = Message::parse(&ascii::ISO1987, &bytes[..len]).expect_err("another profile");
        no_secret(&format!("{error} {error:?}"));
    }
    let mut writer = Writer::new(&WITH_TRACK_1);
    for set in [
        writer
            .begin(Mti(0x0200))
            .digits(2, &format!("{PAN}x"))
            .finish()
            .expect_err("refused"),
        writer
            .begin(Mti(0x0200))
            .digits(3, PAN)
            .finish()
            .expect_err("refused"),
        writer
            .begin(Mti(0x0200))
            .bytes(52, &SECRET)
            .finish()
            .expect_err("refused"),
    ] {
        no_secret(&format!("{set} {set:?}"));
    }
}

#[test]
fn keys_and_pins_are_not_shown() {
    let mac_key = mac::MacKey::new(mac::Algorithm::X919, &SECRET).expect("a key");
    let sm4_key = mac::MacKey::new(mac::Algorithm::Sm4Cbc, &SECRET).expect("a key");
    let pin_key = pin::PinKey::new(&SECRET).expect("a key");
    let master = MasterKey::new(&SECRET).expect("a key");
    let secret_pin = pin::Pin::new("620000").expect("a PIN");
    let secret = |bytes: usize| SECRET[..bytes].to_vec().into();
    let keys = WorkingKeys {
        pin: secret(16),
        mac: secret(8),
        track: Some(secret(16)),
    };
    no_secret(&format!(
        "{mac_key:?} {sm4_key:?} {pin_key:?} {master:?} {secret_pin:?} {keys:?} {keys:#?}"
    ));

    let other = MasterKey::new(&[1; 16]).expect("a key");
    let field = write_field62(KeyLayout::DoubleWithTrack, &keys, &master).expect("a field");
    let error = read_field62(&field, &other).expect_err("another master key");
    no_secret(&format!("{error} {error:?}"));
    let error = pin_key
        .decrypt(&SECRET[..8], Some(PAN))
        .expect_err("no PIN block");
    no_secret(&format!("{error} {error:?}"));
    let error = pin::Pin::new(PAN).expect_err("too long");
    no_secret(&format!("{error} {error:?}"));
}
