//! `tillguard-demo bench codec`: building, parsing and signing one purchase.
//!
//! Invariant: one message is measured everywhere, the one that the peers in `tests/interop` are measured with.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context;
use iso8583::mac::{Algorithm, MacKey};
use iso8583::{Message, Writer, unionpay};

use node::seal::random;

const BATCHES: usize = 15;
const ROUNDS: u32 = 20_000;

/// The median time of one round over the batches, in nanoseconds.
fn nanoseconds(mut round: impl FnMut()) -> f64 {
    let batch = |_| {
        let started = Instant::now();
        (0..ROUNDS).for_each(|_| round());
        started.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
    };
    let mut batches: Vec<f64> = (0..BATCHES).map(batch).collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

/// A purchase of 16 fields and 118 bytes; the card number is made up.
fn purchase(writer: &mut Writer, trace: u64) -> Result<&[u8], iso8583::WriteError> {
    writer
        .begin(iso8583::Mti(0x0200))
        .digits(2, "6200000000000000018")
        .digits(3, "000000")
        .number(4, 12_345)
        .number(11, trace % 1_000_000)
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

/// Measures and prints.
pub fn run() -> anyhow::Result<()> {
    let mut writer = Writer::new(&unionpay::POS);
    let sample = purchase(&mut writer, 1)?.to_vec();
    let mut trace = 0;
    let build = nanoseconds(|| {
        trace += 1;
        black_box(purchase(black_box(&mut writer), trace).is_ok());
    });
    let unpack = nanoseconds(|| {
        black_box(Message::parse(&unionpay::POS, black_box(&sample)).is_ok());
    });
    println!(
        "codec, 0200 of 16 fields, {} bytes, median of {BATCHES} batches",
        sample.len()
    );
    println!("  build and pack   {build:>7.0} ns");
    println!("  unpack           {unpack:>7.0} ns");
    let message =
        Message::parse(&unionpay::POS, &sample).map_err(|_| anyhow::anyhow!("the sample is no message"))?;
    let input = message.mac_input().context("the sample has no MAC")?;
    let macs = [
        ("UnionPay ECB, DES", Algorithm::UnionPayEcb, 8),
        ("UnionPay ECB, 3DES", Algorithm::UnionPayEcb, 16),
        ("X9.19", Algorithm::X919, 16),
        ("SM4 (XOR form)", Algorithm::UnionPaySm4, 16),
    ];
    for (name, algorithm, len) in macs {
        let key = MacKey::new(algorithm, &random::<16>()?[..len])?;
        let sign = nanoseconds(|| {
            black_box(key.sign(black_box(input)));
        });
        println!("  MAC {name:<20} {sign:>7.0} ns");
    }
    Ok(())
}
