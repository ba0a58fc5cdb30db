//! How long building, parsing and signing one purchase takes, in nanoseconds of wall time.
//!
//! `cargo run --release --package iso8583 --example speed`. Each figure is the median of several batches; read it
//! together with the load of the machine. The card number and keys are made up.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use iso8583::{Message, Mti, Writer, mac, pin, unionpay};

const BATCHES: usize = 15;
const ROUNDS: u32 = 20_000;

/// The median over the batches of one round's time.
fn nanoseconds(mut round: impl FnMut()) -> f64 {
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                round();
            }
            start.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

/// A purchase with 16 fields, 118 bytes; `trace` makes each one different.
fn purchase(writer: &mut Writer, trace: u64) -> Result<&[u8], iso8583::WriteError> {
    writer
        .begin(Mti(0x0200))
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

fn main() -> Result<(), Box<dyn Error>> {
    let mut writer = Writer::new(&unionpay::POS);
    let sample = purchase(&mut writer, 1)?.to_vec();
    let fields = Message::parse(&unionpay::POS, &sample)?.fields().count();
    println!("0200 purchase, {fields} fields, {} bytes, ns each", sample.len());

    let mut trace = 0;
    let build = nanoseconds(|| {
        trace += 1;
        black_box(purchase(black_box(&mut writer), trace).is_ok());
    });
    println!("{build:>8.0}  build and pack");
    let unpack = nanoseconds(|| {
        black_box(Message::parse(&unionpay::POS, black_box(&sample)).is_ok());
    });
    println!("{unpack:>8.0}  unpack");
    let read = nanoseconds(|| {
        let message = Message::parse(&unionpay::POS, black_box(&sample));
        if let Ok(message) = &message {
            black_box((
                message.number(4),
                message.number(11),
                message.text(41),
                message.mac_input(),
            ));
        }
    });
    println!("{read:>8.0}  unpack and read four fields");

    let message = Message::parse(&unionpay::POS, &sample)?;
    let signed = message.mac_input().ok_or("no field 64")?;
    let algorithms = [
        (mac::Algorithm::UnionPayEcb, 8),
        (mac::Algorithm::UnionPayEcb, 16),
        (mac::Algorithm::X99, 8),
        (mac::Algorithm::X919, 16),
        (mac::Algorithm::UnionPaySm4, 16),
        (mac::Algorithm::Sm4Cbc, 16),
    ];
    for (algorithm, key_bytes) in algorithms {
        let key = mac::MacKey::new(algorithm, &TEST_KEY[..key_bytes])?;
        let sign = nanoseconds(|| {
            black_box(key.sign(black_box(signed)));
        });
        println!(
            "{sign:>8.0}  MAC of {} bytes, {algorithm:?}, {key_bytes}-byte key",
            signed.len()
        );
    }
    let key = pin::PinKey::new(&TEST_KEY)?;
    let pin = pin::Pin::new("123456")?;
    let block = nanoseconds(|| {
        black_box(key.encrypt(black_box(&pin), Some("6200000000000000018")));
    });
    println!("{block:>8.0}  PIN block");
    Ok(())
}

const TEST_KEY: [u8; 16] = [
    0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
];
