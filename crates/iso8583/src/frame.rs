//! Cutting a byte stream into messages, and putting messages into it.
//!
//! A frame is `LEN` (two bytes, big-endian, itself excluded), a TPDU of five bytes, a header of six, and the message.
//! Dial-up bytes between TPDU and header, which some old terminals send, are not read.
//!
//! Invariant: nothing is read past the length a frame announces, and no frame is longer than its reader allows.

use std::fmt;

use thiserror::Error;

/// TPDU and header.
const ENVELOPE_BYTES: usize = 11;
/// TPDU, header, MTI and bitmap: less is no frame.
const FRAME_BYTES_MIN: usize = ENVELOPE_BYTES + 10;

/// Why bytes are no frame. Nothing of their content is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Too short for TPDU, header, MTI and bitmap.
    #[error("a frame of {bytes} bytes is too short")]
    TooShort {
        /// The length announced or given.
        bytes: usize,
    },
    /// Longer than the reader allows, or than two bytes can say.
    #[error("a frame of {bytes} bytes is longer than {bytes_max}")]
    TooLong {
        /// The length announced or given.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
}

/// The transport header: an identifier and two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tpdu {
    /// 0x60 for POS terminals.
    pub id: u8,
    /// Where the frame goes (BCD by custom; any two bytes are kept).
    pub destination: u16,
    /// Where it comes from.
    pub source: u16,
}

impl Tpdu {
    /// The TPDU of the answer: the addresses change places.
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self {
            id: self.id,
            destination: self.source,
            source: self.destination,
        }
    }
}

/// The six BCD bytes before the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header(pub [u8; 6]);

impl Header {
    /// Application class: `0x60` magnetic stripe, `0x61` chip.
    #[must_use]
    pub const fn application_class(self) -> u8 {
        self.0[0]
    }

    /// Version of the terminal's software by class, `0x31` in the field.
    #[must_use]
    pub const fn software_version(self) -> u8 {
        self.0[1]
    }

    /// The terminal's state, 0 to 15.
    #[must_use]
    pub const fn terminal_state(self) -> u8 {
        self.0[2] >> 4
    }

    /// What the host asks the terminal to do: 0 nothing, 1 download parameters, 2 upload its state, 3 sign in again,
    /// 4 CA keys, 5 chip parameters, 6 terminal management.
    #[must_use]
    pub const fn processing_request(self) -> u8 {
        self.0[2] & 0x0F
    }

    /// The same header asking for `request` (its low four bits).
    #[must_use]
    pub const fn with_processing_request(mut self, request: u8) -> Self {
        self.0[2] = self.0[2] & 0xF0 | request & 0x0F;
        self
    }

    /// The software's sub-version, three BCD bytes.
    #[must_use]
    pub const fn sub_version(self) -> [u8; 3] {
        [self.0[3], self.0[4], self.0[5]]
    }
}

/// A frame without its length, opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The transport header.
    pub tpdu: Tpdu,
    /// The application header.
    pub header: Header,
    /// MTI to last field.
    pub message: &'a [u8],
}

impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("tpdu", &self.tpdu)
            .field("header", &self.header)
            .field("message_bytes", &self.message.len())
            .finish()
    }
}

/// Finds the first frame in `buffer`: how many bytes it takes there with its length, and the frame without it. `None`:
/// more bytes are needed. `frame_bytes_max` limits the frame without its length.
///
/// # Errors
/// [`FrameError`] as soon as the announced length is out of bounds, before its bytes have come.
pub fn split(buffer: &[u8], frame_bytes_max: usize) -> Result<Option<(usize, &[u8])>, FrameError> {
    let Some((len, rest)) = buffer.split_first_chunk::<2>() else {
        return Ok(None);
    };
    let bytes = usize::from(u16::from_be_bytes(*len));
    if bytes < FRAME_BYTES_MIN {
        return Err(FrameError::TooShort { bytes });
    }
    if bytes > frame_bytes_max {
        return Err(FrameError::TooLong {
            bytes,
            bytes_max: frame_bytes_max,
        });
    }
    Ok(rest.get(..bytes).map(|frame| (2 + bytes, frame)))
}

/// Opens a frame (without its length).
///
/// # Errors
/// [`FrameError::TooShort`] when it cannot hold TPDU, header, MTI and bitmap.
pub fn open(frame: &[u8]) -> Result<Envelope<'_>, FrameError> {
    match *frame {
        [id, d1, d2, s1, s2, h1, h2, h3, h4, h5, h6, ref message @ ..] if frame.len() >= FRAME_BYTES_MIN => {
            Ok(Envelope {
                tpdu: Tpdu {
                    id,
                    destination: u16::from_be_bytes([d1, d2]),
                    source: u16::from_be_bytes([s1, s2]),
                },
                header: Header([h1, h2, h3, h4, h5, h6]),
                message,
            })
        }
        _ => Err(FrameError::TooShort { bytes: frame.len() }),
    }
}

/// Appends a whole frame to `out`, its length first. Nothing is appended on an error.
///
/// # Errors
/// [`FrameError`] when the message has no MTI and bitmap or the length does not fit two bytes.
pub fn write(out: &mut Vec<u8>, tpdu: Tpdu, header: Header, message: &[u8]) -> Result<(), FrameError> {
    let bytes = ENVELOPE_BYTES + message.len();
    if bytes < FRAME_BYTES_MIN {
        return Err(FrameError::TooShort { bytes });
    }
    let bytes_max = usize::from(u16::MAX);
    let len = u16::try_from(bytes).map_err(|_| FrameError::TooLong { bytes, bytes_max })?;
    out.reserve(2 + bytes);
    out.extend_from_slice(&len.to_be_bytes());
    out.push(tpdu.id);
    out.extend_from_slice(&tpdu.destination.to_be_bytes());
    out.extend_from_slice(&tpdu.source.to_be_bytes());
    out.extend_from_slice(&header.0);
    out.extend_from_slice(message);
    Ok(())
}
