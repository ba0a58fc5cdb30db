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
/// How a POS terminal's TPDU begins.
const TPDU_ID: u8 = 0x60;
/// The high digit of a POS terminal's application class (60 stripe, 61 chip …).
const CLASS_OF_POS: u8 = 0x60;
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
    /// It does not begin with a TPDU and a header of POS terminals.
    #[error("a frame without TPDU and header")]
    NoEnvelope,
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
/// [`FrameError::TooShort`] when it cannot hold TPDU, header, MTI and bitmap; [`FrameError::NoEnvelope`] when what stands in
/// the place of the first two is something else, as in a frame that lacks one of them.
pub fn open(frame: &[u8]) -> Result<Envelope<'_>, FrameError> {
    match *frame {
        [id, _, _, _, _, class, ..]
            if frame.len() >= FRAME_BYTES_MIN && (id != TPDU_ID || class & 0xF0 != CLASS_OF_POS) =>
        {
            Err(FrameError::NoEnvelope)
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{SIGN_IN, SIGN_IN_ANSWER, unhex};

    const BYTES_MAX: usize = 4096;

    #[test]
    fn a_frame_opens_into_its_parts_and_is_written_back_the_same() {
        for sample in [SIGN_IN, SIGN_IN_ANSWER] {
            let bytes = unhex(sample);
            let (taken, frame) = split(&bytes, BYTES_MAX).expect("in bounds").expect("whole");
            assert_eq!(taken, bytes.len());
            let envelope = open(frame).expect("an envelope");
            let mut written = Vec::new();
            write(&mut written, envelope.tpdu, envelope.header, envelope.message).expect("fits");
            assert_eq!(written, bytes);
        }
    }

    #[test]
    fn the_envelope_of_the_sign_in_is_read() {
        let bytes = unhex(SIGN_IN);
        let envelope = open(&bytes[2..]).expect("an envelope");
        assert_eq!(
            envelope.tpdu,
            Tpdu {
                id: 0x60,
                destination: 0x0601,
                source: 0
            }
        );
        assert_eq!(
            envelope.tpdu.swapped(),
            Tpdu {
                id: 0x60,
                destination: 0,
                source: 0x0601
            }
        );
        let header = envelope.header;
        assert_eq!(
            (header.application_class(), header.software_version()),
            (0x61, 0x31)
        );
        assert_eq!((header.terminal_state(), header.processing_request()), (0, 0));
        assert_eq!(header.sub_version(), [0x31, 0x11, 0x08]);
    }

    #[test]
    fn asking_the_terminal_leaves_its_state_alone() {
        let header = Header([0x60, 0x31, 0x50, 0, 0, 0]).with_processing_request(3);
        assert_eq!(header.0, [0x60, 0x31, 0x53, 0, 0, 0]);
        assert_eq!((header.terminal_state(), header.processing_request()), (5, 3));
        assert_eq!(header.with_processing_request(0x10).processing_request(), 0);
    }

    #[test]
    fn a_part_of_a_frame_asks_for_more() {
        let bytes = unhex(SIGN_IN);
        for len in 0..bytes.len() {
            assert_eq!(split(&bytes[..len], BYTES_MAX), Ok(None), "{len} bytes");
        }
    }

    #[test]
    fn bytes_behind_a_frame_are_left_for_the_next() {
        let mut bytes = unhex(SIGN_IN);
        let one = bytes.len();
        bytes.extend_from_slice(&[0, 0x40]);
        let (taken, frame) = split(&bytes, BYTES_MAX).expect("in bounds").expect("whole");
        assert_eq!((taken, frame.len()), (one, one - 2));
    }

    #[test]
    fn an_announced_length_out_of_bounds_is_refused_before_its_bytes_come() {
        assert_eq!(
            split(&[0, 20], BYTES_MAX),
            Err(FrameError::TooShort { bytes: 20 })
        );
        assert_eq!(split(&[0, 21], BYTES_MAX), Ok(None));
        assert_eq!(split(&[0x10, 0x00], BYTES_MAX), Ok(None));
        assert_eq!(
            split(&[0x10, 0x01], BYTES_MAX),
            Err(FrameError::TooLong {
                bytes: 4097,
                bytes_max: 4096
            })
        );
    }

    #[test]
    fn a_message_that_no_frame_can_hold_is_not_written() {
        let tpdu = Tpdu {
            id: 0x60,
            destination: 0,
            source: 0,
        };
        let mut out = vec![7];
        assert_eq!(
            write(&mut out, tpdu, Header([0; 6]), &[0; 9]),
            Err(FrameError::TooShort { bytes: 20 })
        );
        let long = vec![0; 65_525];
        let refused = write(&mut out, tpdu, Header([0; 6]), &long);
        assert_eq!(
            refused,
            Err(FrameError::TooLong {
                bytes: 65_536,
                bytes_max: 65_535
            })
        );
        assert_eq!(out, [7]);
        assert_eq!(open(&[0; 20]), Err(FrameError::TooShort { bytes: 20 }));
    }

    #[test]
    fn an_envelope_does_not_show_its_message() {
        let bytes = unhex(SIGN_IN);
        let shown = format!("{:?}", open(&bytes[2..]).expect("an envelope"));
        assert!(shown.ends_with("message_bytes: 76 }"), "{shown}");
    }
}
