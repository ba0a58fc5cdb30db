//! Any bytes, by every profile: no panic, and what parses packs again to the same fields.
#![no_main]

use iso8583::keys::Field62;
use iso8583::{Kind, Message, Profile, Writer, ascii, unionpay};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for profile in [&unionpay::POS, &ascii::ISO1987, &ascii::ISO1987_BINARY] {
        read(profile, bytes);
    }
    let _ = Field62::split(bytes);
});

fn read(profile: &'static Profile, bytes: &[u8]) {
    let message = match Message::parse(profile, bytes) {
        Ok(message) => message,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let _ = (
        unionpay::field60(&message),
        unionpay::field61(&message),
        unionpay::field48(&message),
    );
    let _ = unionpay::batch_details(&message).map(Iterator::count);
    let _ = (message.mac_input(), format!("{message:?}"));

    let mut copy = Writer::new(profile);
    let mut built = Writer::new(profile);
    copy.begin(message.mti());
    built.begin(message.mti());
    for n in message.fields() {
        copy.copy(n, &message);
        build(&mut built, &message, n);
    }
    let copy = copy.finish().expect("what was read can be written");
    if !profile.second_bitmap() {
        assert_eq!(copy, bytes);
    }
    let built = built.finish().expect("what was read can be built");
    same(
        &message,
        &Message::parse(profile, copy).expect("what was written can be read"),
    );
    same(
        &message,
        &Message::parse(profile, built).expect("what was built can be read"),
    );
}

fn build(writer: &mut Writer, message: &Message<'_>, n: u8) {
    match (message.digits(n), message.profile().format(n).kind()) {
        (Some(digits), _) => writer.digits(n, &digits.to_string()),
        (None, Kind::Hex) => writer.copy(n, message),
        (None, _) => writer.bytes(n, message.bytes(n).unwrap_or_default()),
    };
}

fn same(one: &Message<'_>, other: &Message<'_>) {
    assert_eq!(one.mti(), other.mti());
    assert!(one.fields().eq(other.fields()));
    for n in one.fields() {
        assert!(
            one.digits(n) == other.digits(n) && one.text(n) == other.text(n),
            "field {n}"
        );
    }
}
