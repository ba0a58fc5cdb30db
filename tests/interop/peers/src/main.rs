//! How long one purchase takes in our codec, or in another Rust crate: `codec-peers ours|iso8583_rs`.
//!
//! Prints the nanoseconds of building and packing, those of unpacking, and the message in hexadecimal, in its last line.
//!
//! Invariant: the purchase is that of `purchase.json`, which the peers in other languages read.

use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use iso8583::{Message, Mti, Writer, unionpay};
use iso8583_rs::iso8583::iso_spec::{self, IsoMsg};

const BATCHES: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let (pack, unpack, bytes) = match std::env::args().nth(1).as_deref() {
        Some("ours") => ours()?,
        Some("iso8583_rs") => iso8583_rs()?,
        _ => return Err("usage: codec-peers ours|iso8583_rs".into()),
    };
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02X}")?;
    }
    println!("{pack:.0} {unpack:.0} {hex}");
    Ok(())
}

/// The median time of one round over the batches, in nanoseconds.
fn nanoseconds(rounds: u32, mut round: impl FnMut()) -> f64 {
    let batch = |_| {
        let started = Instant::now();
        (0..rounds).for_each(|_| round());
        started.elapsed().as_nanos() as f64 / f64::from(rounds)
    };
    let mut batches: Vec<f64> = (0..BATCHES).map(batch).collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

fn ours() -> Result<(f64, f64, Vec<u8>), Box<dyn Error>> {
    fn purchase(writer: &mut Writer) -> Result<&[u8], iso8583::WriteError> {
        writer
            .begin(Mti(0x0200))
            .digits(2, "6200000000000000018")
            .digits(3, "000000")
            .number(4, 12_345)
            .number(11, 123_456)
            .digits(14, "3012")
            .digits(22, "021")
            .digits(25, "00")
            .digits(26, "12")
            .digits(35, "6200000000000000018D30121010000000000")
            .text(41, b"22003600")
            .text(42, b"104512541110001")
            .text(49, b"156")
            .bytes(52, &[0x34, 0xA9, 0xCB, 0x2C, 0x1B, 0xA2, 0xAB, 0x3A])
            .digits(53, "2600000000000000")
            .digits(60, "2200051900050")
            .bytes(64, b"E5805ECB")
            .finish()
    }
    let mut writer = Writer::new(&unionpay::POS);
    let sample = purchase(&mut writer)?.to_vec();
    let pack = nanoseconds(20_000, || {
        black_box(purchase(black_box(&mut writer)).is_ok());
    });
    let unpack = nanoseconds(20_000, || {
        black_box(Message::parse(&unionpay::POS, black_box(&sample)).is_ok());
    });
    Ok((pack, unpack, sample))
}

/// Its specification counts a packed field in bytes, so the three lengths differ from ours and nothing else does.
const FIELDS: [(u32, &str); 16] = [
    (2, "62000000000000000180"),
    (3, "000000"),
    (4, "000000012345"),
    (11, "123456"),
    (14, "3012"),
    (22, "0210"),
    (25, "00"),
    (26, "12"),
    (35, "6200000000000000018D301210100000000000"),
    (41, "22003600"),
    (42, "104512541110001"),
    (49, "156"),
    (52, "34A9CB2C1BA2AB3A"),
    (53, "2600000000000000"),
    (60, "22000519000500"),
    (64, "4535383035454342"),
];

fn iso8583_rs() -> Result<(f64, f64, Vec<u8>), Box<dyn Error>> {
    let spec = iso_spec::spec("");
    let segment = spec.get_message("0200").map_err(|error| format!("{error:?}"))?;
    let pack = || -> Option<Vec<u8>> {
        let mut message: IsoMsg = iso_spec::new_msg(spec, segment);
        message.set("message_type", "0200").ok()?;
        for (number, value) in FIELDS {
            message.set_on(number, value).ok()?;
        }
        message.assemble().ok()
    };
    let sample = pack().ok_or("it does not write the purchase")?;
    let mut read = sample.clone();
    spec.parse(&mut read).map_err(|error| format!("{error}"))?;
    let packed = nanoseconds(2_000, || {
        black_box(pack());
    });
    let unpacked = nanoseconds(2_000, || {
        black_box(spec.parse(black_box(&mut read)).is_ok());
    });
    Ok((packed, unpacked, sample))
}
