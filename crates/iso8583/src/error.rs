//! What can be wrong with bytes and with keys.
//!
//! Invariant: no error holds or shows a field's content or a key.

use thiserror::Error;

/// Why bytes are not a message of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The bytes end inside the field.
    #[error("the message ends too early")]
    Truncated,
    /// The message type is not four decimal digits.
    #[error("the message type is not four digits")]
    Mti,
    /// A bitmap in hexadecimal characters, or a hexadecimal field, holds something else or half a byte.
    #[error("not hexadecimal")]
    NotHex,
    /// The bitmap announces a field which the profile does not have.
    #[error("the profile has no such field")]
    NotInProfile,
    /// The length prefix is not decimal.
    #[error("the length is not a number")]
    Prefix,
    /// The length prefix says more than the profile allows.
    #[error("longer than the profile allows")]
    TooLong,
    /// A numeric field holds something else.
    #[error("not a digit")]
    NotADigit,
    /// The unused nibble of an odd number of digits is neither 0 nor F.
    #[error("the pad nibble is neither 0 nor F")]
    Pad,
    /// Bytes are left over behind the last field.
    #[error("bytes after the last field")]
    Trailing,
    /// More bytes than any message may have (65,535).
    #[error("the message is too long")]
    MessageTooLong,
}

/// Why a key or a field of keys is refused. Nothing of their content is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The algorithm has no use for a key of this length.
    #[error("a key of {bytes} bytes does not fit")]
    Length {
        /// The length given.
        bytes: usize,
    },
    /// Field 62 is of none of the known lengths.
    #[error("field 62 of {bytes} bytes has no known layout")]
    Layout {
        /// The length given.
        bytes: usize,
    },
    /// A key's check value is wrong: another master key, or damage on the way.
    #[error("the check value of the {key} key is wrong")]
    CheckValue {
        /// Which key: "PIN", "MAC" or "track".
        key: &'static str,
    },
    /// The layout asks for a track key and there is none.
    #[error("the track key is missing")]
    NoTrackKey,
}
