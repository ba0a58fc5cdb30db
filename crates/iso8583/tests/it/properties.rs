//! What holds for every message, whole or damaged.

use iso8583::{Message, Profile, Writer, ascii, frame, unionpay};
use proptest::prelude::*;

use crate::generated::{Content, Made, content_of, made};

fn comes_back(profile: &'static Profile, made: &Made) -> Result<(), TestCaseError> {
    let bytes = made.pack(profile);
    let message = Message::parse(profile, &bytes).expect("what was packed parses");
    prop_assert_eq!(message.mti(), made.mti);
    let mut expected: Vec<u8> = made.fields.iter().map(|&(n, _)| n).collect();
    expected.sort_unstable();
    prop_assert_eq!(message.fields().collect::<Vec<u8>>(), expected);
    for (n, content) in &made.fields {
        prop_assert_eq!(content_of(&message, *n), Some(content.clone()));
    }
    prop_assert_eq!(copied(&message), bytes);
    Ok(())
}

/// The message packed again, each field as it stands.
fn copied(message: &Message<'_>) -> Vec<u8> {
    let mut writer = Writer::new(message.profile());
    writer.begin(message.mti());
    for n in message.fields() {
        writer.copy(n, message);
    }
    writer.finish().expect("it was a message").to_vec()
}

/// Reads everything there is to read; what parsed must be readable without a panic and pack again.
fn read_all(profile: &'static Profile, bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(message) = Message::parse(profile, bytes) else {
        return Ok(());
    };
    for n in 0..=u8::MAX {
        prop_assert_eq!(content_of(&message, n).is_some(), message.has(n) && n >= 2);
        let _ = (message.number(n), message.text_str(n));
    }
    let _ = (
        unionpay::field60(&message),
        unionpay::field61(&message),
        unionpay::field48(&message),
    );
    let _ = unionpay::batch_details(&message).map(Iterator::count);
    prop_assert!(
        message
            .mac_input()
            .is_none_or(|signed| signed.len() < bytes.len())
    );
    let again = copied(&message);
    let second = Message::parse(profile, &again).expect("packed again");
    prop_assert!(message.fields().eq(second.fields()));
    for n in message.fields() {
        prop_assert_eq!(content_of(&message, n), content_of(&second, n));
    }
    if !profile.second_bitmap() {
        prop_assert_eq!(again.as_slice(), bytes);
    }
    Ok(())
}

const PROFILES: [&Profile; 3] = [&unionpay::POS, &ascii::ISO1987, &ascii::ISO1987_BINARY];

/// One way to damage a message.
#[derive(Clone, Debug)]
enum Damage {
    Replace(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    // Most of what decides lies in front: message type, bitmap, the first prefixes.
    let at = prop_oneof![0usize..40, any::<usize>()];
    prop_oneof![
        6 => (at.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        1 => (at.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        1 => at.clone().prop_map(Damage::Remove),
        1 => at.prop_map(Damage::Cut),
    ]
}

fn damaged(mut bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    for damage in damage {
        let len = bytes.len().max(1);
        match *damage {
            Damage::Replace(at, byte) => bytes.iter_mut().skip(at % len).take(1).for_each(|b| *b = byte),
            Damage::Insert(at, byte) => bytes.insert(at % len, byte),
            Damage::Remove(at) if !bytes.is_empty() => drop(bytes.remove(at % len)),
            Damage::Remove(_) => {}
            Damage::Cut(at) => bytes.truncate(at % len),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn a_pos_message_comes_back(made in made(&unionpay::POS)) {
        comes_back(&unionpay::POS, &made)?;
    }

    #[test]
    fn an_ascii_message_comes_back(made in made(&ascii::ISO1987)) {
        comes_back(&ascii::ISO1987, &made)?;
    }

    #[test]
    fn an_ascii_message_with_a_binary_bitmap_comes_back(made in made(&ascii::ISO1987_BINARY)) {
        comes_back(&ascii::ISO1987_BINARY, &made)?;
    }

    #[test]
    fn damaged_messages_never_panic(
        made in made(&unionpay::POS),
        damage in proptest::collection::vec(damage(), 1..8),
    ) {
        let bytes = damaged(made.pack(&unionpay::POS), &damage);
        read_all(&unionpay::POS, &bytes)?;
    }

    #[test]
    fn damaged_ascii_messages_never_panic(
        made in made(&ascii::ISO1987),
        damage in proptest::collection::vec(damage(), 1..8),
    ) {
        let bytes = damaged(made.pack(&ascii::ISO1987), &damage);
        read_all(&ascii::ISO1987, &bytes)?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for profile in PROFILES {
            read_all(profile, &bytes)?;
        }
        let _ = frame::open(&bytes).map(|envelope| envelope.message.len());
    }

    #[test]
    fn one_unit_more_than_a_field_holds_is_refused(
        made in made(&unionpay::POS),
        which in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!made.fields.is_empty());
        let (n, content) = &made.fields[which.index(made.fields.len())];
        let units_max = usize::from(unionpay::POS.format(*n).units_max());
        let mut writer = Writer::new(&unionpay::POS);
        writer.begin(made.mti);
        match content {
            Content::Digits(_) => writer.digits(*n, &"1".repeat(units_max + 1)),
            Content::Bytes(_) => writer.bytes(*n, &vec![0; units_max + 1]),
        };
        let error = writer.finish().expect_err("too long");
        prop_assert_eq!((error.field, error.reason), (Some(*n), iso8583::Refusal::TooLong));
    }

    #[test]
    fn frames_are_the_same_however_the_stream_is_cut(
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 10..200), 1..8),
        chunks in proptest::collection::vec(1usize..80, 1..40),
    ) {
        let tpdu = frame::Tpdu { id: 0x60, destination: 1, source: 2 };
        let mut stream = Vec::new();
        for message in &messages {
            frame::write(&mut stream, tpdu, frame::Header([0x60, 0x31, 0, 0, 0, 0]), message).expect("fits");
        }
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        let mut rest = stream.as_slice();
        for chunk in chunks.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*chunk));
            buffer.extend_from_slice(now);
            rest = later;
            while let Some((taken, frame)) = frame::split(&buffer, 4096).expect("in bounds") {
                found.push(frame::open(frame).expect("an envelope").message.to_vec());
                buffer.drain(..taken);
            }
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, messages);
        prop_assert!(buffer.is_empty());
    }
}
