//! Any stream: no panic, frames within their limit, and what opens is written back the same.
#![no_main]

use iso8583::{Message, frame, unionpay};
use libfuzzer_sys::fuzz_target;

const FRAME_BYTES_MAX: usize = 2048;

fuzz_target!(|stream: &[u8]| {
    let mut rest = stream;
    while let Ok(Some((taken, body))) = frame::split(rest, FRAME_BYTES_MAX) {
        assert!(body.len() <= FRAME_BYTES_MAX && taken == body.len() + 2);
        let envelope = frame::open(body).expect("split gives whole frames");
        let _ = Message::parse(&unionpay::POS, envelope.message);
        let mut written = Vec::new();
        frame::write(&mut written, envelope.tpdu, envelope.header, envelope.message).expect("it was a frame");
        assert_eq!(written, rest[..taken]);
        rest = &rest[taken..];
    }
    let _ = frame::open(stream);
});
