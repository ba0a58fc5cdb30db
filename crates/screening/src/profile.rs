//! What a terminal is used to: rings of days, amounts, hours, operators and places, and the last payments one by one.
//!
//! Invariant: bounded, whatever comes ([`Profile::BYTES_MAX`] as JSON); it depends on the payments and their order alone, and comes out
//! the same after it was stored.

use domain::Timestamp;

use crate::payment::{Payment, SignIn};

/// What a terminal is used to. Serialises with serde; the form is the store's to keep, and of this version alone.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    version: u8,
}

/// How busy a terminal is now and was before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Payments of the last 7 days.
    pub week: u32,
    /// Payments of the 23 days before.
    pub before: u32,
    /// How many times as many a day as before, in hundredths; 0 without a past.
    pub ratio_hundredths: u32,
}

impl Profile {
    /// A profile takes no more than this as JSON, bytes.
    pub const BYTES_MAX: usize = 16 << 10;

    /// Takes in a payment, after it was judged. Payments come in the order of their times as far as that is known; one that is
    /// older than 32 days before the newest changes nothing.
    pub fn observe(&mut self, _payment: &Payment) {}

    /// Takes in a try to sign in, after it was judged.
    pub fn signed_in(&mut self, _sign_in: &SignIn) {}

    /// Somebody who must know says that the terminal is where it belongs: what is new about it is new no more.
    pub fn confirm(&mut self) {}

    /// 7 days against the 23 before, as of a time.
    pub fn pace(&self, _now: Timestamp, _offset_min: i32) -> Pace {
        Pace::default()
    }
}
