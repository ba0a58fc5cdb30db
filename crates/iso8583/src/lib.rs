//! ISO 8583 between bytes and messages: codec, framing, MAC, PIN block and working keys.
//!
//! The crate knows formats and nothing of terminals, shops or decisions. It touches no file, socket or clock, and its
//! read path allocates nothing: a [`Message`] borrows the bytes it was parsed from.
//!
//! * [`Profile`]: a dialect as data, one [`Format`] per field. [`unionpay::POS`] is what UnionPay POS terminals speak,
//!   [`ascii::ISO1987`] and [`ascii::ISO1987_BINARY`] are the two common ASCII dialects of ISO 8583:1987.
//! * [`Message`] reads, [`Writer`] writes, [`frame`] cuts a byte stream into messages and back.
//! * [`mac`], [`pin`], [`keys`]: field 64, field 52 and the working keys of field 62.
//!
//! Invariant: no `Debug` and no error of this crate ever shows the content of a field, a key or a PIN.
//!
//! ```
//! use iso8583::{Message, Mti, Writer, mac, unionpay};
//!
//! // A key of a test; a real one comes out of `keys::MasterKey::unwrap`.
//! let key = mac::MacKey::new(mac::Algorithm::UnionPayEcb, &[0x11; 8])?;
//!
//! let mut writer = Writer::new(&unionpay::POS);
//! let request = writer
//!     .begin(Mti(0x0200))
//!     .digits(3, "000000")
//!     .number(4, 1_050)
//!     .number(11, 7)
//!     .text(41, b"22003600")
//!     .text(42, b"104512541110001")
//!     .text(49, b"156")
//!     .digits(60, &unionpay::write_field60(22, 519, Some(0)))
//!     .finish_with_mac(&key)?;
//!
//! let message = Message::parse(&unionpay::POS, request)?;
//! assert_eq!(message.mti().response(), Mti(0x0210));
//! assert_eq!(message.number(4), Some(1_050));
//! assert_eq!(message.text_str(41), Some("22003600"));
//! let signed = message.mac_input().ok_or("field 64 is missing")?;
//! let mac = message.bytes(64).ok_or("field 64 is missing")?;
//! assert!(key.verify(signed, mac));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod ascii;
mod block;
mod digits;
mod error;
mod format;
pub mod frame;
pub mod keys;
pub mod mac;
mod message;
mod mti;
pub mod pin;
mod profile;
#[cfg(test)]
mod samples;
pub mod unionpay;
mod writer;

pub use digits::Digits;
pub use error::Reason;
pub use format::{Format, Kind, Prefix};
pub use message::{Message, ParseError};
pub use mti::Mti;
pub use profile::{Answer, Coding, Profile};
pub use writer::{Refusal, WriteError, Writer};

/// The README's example, kept true by the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
