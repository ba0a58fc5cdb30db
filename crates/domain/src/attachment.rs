//! Files of an incident: what people bring as evidence, each known by its digest (R1.1).
//!
//! Invariant: what a file is, its own first bytes say, never its name and never whoever sends it; the digest of what was sent stays
//! for good.

use crate::case::{Case, Step, Text, Who};
use crate::right::Right;
use crate::{Timestamp, words};

/// A file at most, bytes.
pub const FILE_LEN_MAX: i64 = 20 << 20;
/// A plain text at most, bytes: it is looked through whole.
pub const TEXT_LEN_MAX: usize = 1 << 20;

words! {
    /// What it was brought for.
    pub enum Purpose {
        /// It is kept byte by byte as it was sent, and what the camera wrote into it with it.
        Evidence = "evidence",
        /// A picture to look at: made anew without what else was in its file, where it was taken above all.
        Photo = "photo",
        /// Not here: somebody keeps it, and says by which digest it is known. A recorder's film may be larger than a file here.
        Stated = "stated",
    }
}

words! {
    /// What it is, by its own bytes.
    pub enum Kind {
        /// A picture (ISO/IEC 10918-1).
        Jpeg = "jpeg",
        /// A picture (ISO/IEC 15948).
        Png = "png",
        /// A picture.
        Webp = "webp",
        /// A document (ISO 32000).
        Pdf = "pdf",
        /// A film, as cameras over counters export it (ISO/IEC 14496-14, 3GPP).
        Mp4 = "mp4",
        /// A film, as telephones take it.
        Quicktime = "quicktime",
        /// Plain text in UTF-8.
        Text = "text",
        /// Nobody here has seen it: what whoever keeps it says of it is all there is.
        Unseen = "unseen",
    }
}

words! {
    /// Whether a program has looked for viruses in it.
    pub enum Scan {
        /// This node has none to look.
        NotSet = "not_set",
        /// It found none.
        Clean = "clean",
        /// It did not say, or not in time.
        NotScanned = "not_scanned",
    }
}

words! {
    /// Where it stands.
    pub enum State {
        /// It is part of the case.
        Kept = "kept",
        /// Somebody has taken it back. What it was, and why, stays.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What people can do with one.
    pub enum Verb {
        /// Take it back, with a ground.
        Withdraw = "withdraw",
    }
}

impl Kind {
    /// What begins so; a text is told by all of it, by [`is_text`]. `None`: what is not taken, pages with scripts and pictures that
    /// few can open among it.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            [_, _, _, _, b'f', b't', b'y', b'p', a, b, c, d, ..] => Self::of_brand(&[*a, *b, *c, *d]),
            _ => None,
        }
    }

    /// The films among what begins with a brand: pictures do, too (HEIF, AVIF).
    fn of_brand(brand: &[u8; 4]) -> Option<Self> {
        match brand {
            b"qt  " => Some(Self::Quicktime),
            b"isom" | b"iso2" | b"iso3" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1"
            | b"M4V " | b"MSNV" | b"dash" | b"3gp4" | b"3gp5" | b"3gp6" => Some(Self::Mp4),
            _ => None,
        }
    }

    /// As HTTP and mails call it.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Mp4 => "video/mp4",
            Self::Quicktime => "video/quicktime",
            Self::Text => "text/plain; charset=utf-8",
            Self::Unseen => "application/octet-stream",
        }
    }

    /// How names of such files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
            Self::Mp4 => "mp4",
            Self::Quicktime => "mov",
            Self::Text => "txt",
            Self::Unseen => "bin",
        }
    }

    /// Whether it is a picture, which can be made anew.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }
}

/// Whether all of it is text that people can read: UTF-8 without control characters but line ends, tabs and page ends.
pub fn is_text(bytes: &[u8]) -> bool {
    let is_read =
        |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t' | '\x0C');
    let text = std::str::from_utf8(bytes);
    bytes.len() <= TEXT_LEN_MAX && text.is_ok_and(|text| !text.is_empty() && text.chars().all(is_read))
}

/// That one was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in that person's words; `None` once the case is forgotten.
    pub ground: Option<String>,
}

/// A file of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Eight letters and digits.
    pub attachment_id: String,
    /// Of which incident.
    pub incident_id: String,
    /// What whoever sent it calls it; `None` once the case is forgotten.
    pub name: Option<String>,
    /// What it was when it was sent.
    pub sent_as: Kind,
    /// What it was brought for.
    pub purpose: Purpose,
    /// Where it stands.
    pub state: State,
    /// Length of what was sent, bytes.
    pub sent_len: i64,
    /// Its SHA-256.
    pub sent_sha256: Vec<u8>,
    /// Length of what is kept, bytes: of what was sent, or of the picture made anew of it.
    pub kept_len: i64,
    /// Its SHA-256.
    pub kept_sha256: Vec<u8>,
    /// Whether viruses were looked for.
    pub scan: Scan,
    /// Whether its bytes are here still.
    pub is_there: bool,
    /// Who brought it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// That it was taken back.
    pub withdrawn: Option<Withdrawn>,
}

impl Attachment {
    /// What its bytes are: a picture made anew is a JPEG.
    pub const fn kind(&self) -> Kind {
        match self.purpose {
            Purpose::Evidence | Purpose::Stated => self.sent_as,
            Purpose::Photo => Kind::Jpeg,
        }
    }
}

impl Case for Attachment {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[Step::new(
        Verb::Withdraw,
        &[State::Kept],
        Some(State::Withdrawn),
        Who::With(Right::FollowLoss),
    )
    .saying(Text::Required)
    .by_person()];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Role, Scope};
    use crate::actor::Actor;
    use crate::case::walk;
    use crate::fixture::person;

    #[test]
    fn what_a_file_is_its_first_bytes_say() {
        for (head, kind) in [
            (&b"\xFF\xD8\xFF\xE1\x00\x10Exif"[..], Some(Kind::Jpeg)),
            (b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR", Some(Kind::Png)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(Kind::Webp)),
            (b"%PDF-1.7\n", Some(Kind::Pdf)),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", Some(Kind::Mp4)),
            (b"\0\0\0\x14ftypqt  \0\0\0\0", Some(Kind::Quicktime)),
            // A picture of a telephone in the same box, which not everybody can open.
            (b"\0\0\0\x18ftypheic\0\0\0\0", None),
            (b"\0\0\0\x1cftypavif\0\0\0\0", None),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"GIF89a", None),
            (b"<!doctype html>", None),
            (b"<svg xmlns=", None),
            (b"PK\x03\x04", None),
            (b"MZ\x90\0", None),
            (b"\xFF\xD8", None),
            (b"", None),
        ] {
            assert_eq!(Kind::of(head), kind, "{head:?}");
        }
    }

    #[test]
    fn a_text_is_one_to_its_last_byte() {
        for text in ["说明：终端在柜台上。\r\n\t一", "a", "<b>as it stands</b>"] {
            assert!(is_text(text.as_bytes()), "{text}");
        }
        for bytes in [
            &b""[..],
            b"a\0b",
            b"\x1B[2J",
            b"caf\xE9",
            "说".as_bytes().split_last().unwrap().1,
        ] {
            assert!(!is_text(bytes), "{bytes:?}");
        }
        assert!(!is_text(&vec![b'a'; TEXT_LEN_MAX + 1]));
    }

    fn attachment(state: State) -> Attachment {
        Attachment {
            attachment_id: "F".into(),
            incident_id: "A".into(),
            name: Some("回执.jpg".into()),
            sent_as: Kind::Png,
            purpose: Purpose::Photo,
            state,
            sent_len: 2,
            sent_sha256: vec![7; 32],
            kept_len: 1,
            kept_sha256: vec![8; 32],
            scan: Scan::NotSet,
            is_there: true,
            by: "owner".into(),
            at: Timestamp(0),
            withdrawn: None,
        }
    }

    #[test]
    fn who_may_take_one_back() {
        let actors = [
            ("manager", person(Role::Manager, Scope::All)),
            ("cashier", person(Role::Cashier, Scope::All)),
            ("auditor", person(Role::Auditor, Scope::All)),
            ("node", Actor::Node("node-1".into())),
        ];
        let wanted = [
            "kept withdraw: manager:withdrawn cashier:no auditor:no node:no",
            "withdrawn withdraw: manager:- cashier:- auditor:no node:no",
        ];
        let lines = walk(attachment, &actors);
        assert_eq!(lines[0], wanted[0]);
        assert!(lines[1].starts_with("withdrawn withdraw: manager:-"), "{lines:?}");
    }

    #[test]
    fn what_was_made_anew_is_another_kind_than_what_was_sent() {
        let photo = attachment(State::Kept);
        assert_eq!((photo.sent_as, photo.kind()), (Kind::Png, Kind::Jpeg));
        let evidence = Attachment {
            purpose: Purpose::Evidence,
            ..photo
        };
        assert_eq!(evidence.kind(), Kind::Png);
    }
}
