//! Reading time stamps (RFC 3161): what one is about. Its signature is for `openssl ts -verify`, with the authority's certificate from
//! elsewhere.
//!
//! Invariant: what is not one to its last byte is none.

/// SHA-256, as DER has it: the algorithm and no parameters.
pub const SHA256: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
];
/// Signed data (CMS), and the time stamp in it.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

/// Why something is not the stamp that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no stamp, or was not granted.
    NoStamp,
    /// It is of another digest, or for another nonce.
    Another,
}

/// A number of which no reader takes the first bit for a sign, in the one way that DER writes it.
pub fn positive(nonce: &[u8; 8]) -> Vec<u8> {
    let start = nonce
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(nonce.len() - 1);
    let digits = &nonce[start..];
    match digits[0] & 0x80 {
        0 => digits.to_vec(),
        _ => [&[0], digits].concat(),
    }
}

/// Whether an answer is a time stamp of that digest, for that nonce where there was one.
///
/// # Errors
/// It is not.
pub fn is_about(answer: &[u8], digest: &[u8; 32], nonce: Option<&[u8; 8]>) -> Result<(), Wrong> {
    let stamp = info(answer).ok_or(Wrong::NoStamp)?;
    match imprint(stamp, nonce) {
        Some((algorithm, said)) if algorithm == &SHA256[2..] && said == digest => Ok(()),
        _ => Err(Wrong::Another),
    }
}

/// The time stamp itself, within an answer that grants it.
fn info(answer: &[u8]) -> Option<&[u8]> {
    let mut answer = Der(answer).whole(0x30)?;
    let granted = answer.next(0x30)?.next(0x02)?.0;
    if !matches!(granted, [0 | 1]) {
        return None;
    }
    let mut token = answer.next(0x30)?;
    if token.next(0x06)?.0 != SIGNED_DATA {
        return None;
    }
    let mut signed = token.next(0xa0)?.whole(0x30)?;
    signed.next(0x02)?;
    signed.next(0x31)?;
    let mut content = signed.next(0x30)?;
    if content.next(0x06)?.0 != TST_INFO {
        return None;
    }
    Some(content.next(0xa0)?.whole(0x04)?.0)
}

/// The algorithm and the digest that a time stamp is about; nothing where it is for another nonce.
fn imprint<'d>(stamp: &'d [u8], nonce: Option<&[u8; 8]>) -> Option<(&'d [u8], &'d [u8])> {
    let mut stamp = Der(stamp).whole(0x30)?;
    stamp.next(0x02)?;
    stamp.next(0x06)?;
    let mut imprint = stamp.next(0x30)?;
    let said = (imprint.next(0x30)?.0, imprint.next(0x04)?.0);
    stamp.next(0x02)?;
    stamp.next(0x18)?;
    // How exact it is, and whether stamps are in order.
    for tag in [0x30, 0x01] {
        stamp.skip(tag);
    }
    match nonce {
        Some(nonce) if stamp.next(0x02)?.0 != positive(nonce) => None,
        _ => Some(said),
    }
}

/// A piece of DER that is read from its beginning.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The content of the next element, which has that tag.
    fn next(&mut self, tag: u8) -> Option<Der<'d>> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        if found != tag {
            return None;
        }
        self.0 = rest;
        Some(Der(content))
    }

    /// Leaves the next element out if it has that tag.
    fn skip(&mut self, tag: u8) {
        if self.0.first() == Some(&tag) {
            self.next(tag);
        }
    }

    /// The content of the only element.
    fn whole(mut self, tag: u8) -> Option<Der<'d>> {
        let content = self.next(tag)?;
        self.0.is_empty().then_some(content)
    }
}
