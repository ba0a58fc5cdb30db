//! Where a page of what somebody did begins. Its cursor is sealed: it names the last event that was looked at, which the reader may
//! not see.
//!
//! Invariant: a cursor opens for the reader it was given to and about the same person, and for nobody else.

use domain::{Actor, Timestamp, hex};
use node::seal::{Purpose, Sealer};
use store::event::Spot;

use crate::input::Place;
use crate::problem::{Problem, Why};

/// A cursor as it comes in.
#[derive(Clone, Debug)]
pub struct Sealed(Vec<u8>);

impl Place for Sealed {
    fn parse(cursor: &str) -> Option<Self> {
        hex::read(cursor).map(Self)
    }
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The last event that was looked at.
    pub after: Spot,
    /// When the first page was asked for. What happened since is in no page: each asking is an event, so that none would be the last.
    pub until: Timestamp,
}

impl Begin {
    /// Where the page begins that a reader asks for; without a cursor, the first.
    pub fn of(
        sealer: &Sealer,
        asked: Asked<'_>,
        cursor: Option<&Sealed>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let Some(Sealed(sealed)) = cursor else {
            let after = (Timestamp(i64::MIN), String::new(), String::new(), 0);
            return Ok(Self { after, until: now });
        };
        let opened = sealer.open(Purpose::ExportCursor, &asked.owner(), sealed).ok();
        let begin = opened.and_then(|opened| Self::parse(std::str::from_utf8(&opened).ok()?));
        begin.ok_or_else(|| Problem::field("cursor", Why::NotACursor))
    }

    /// The cursor that says so next time.
    pub fn cursor(&self, sealer: &Sealer, asked: Asked<'_>) -> Result<String, Problem> {
        let (at, subject, subject_id, sequence) = &self.after;
        let text = format!("{}.{}.{sequence}.{subject}.{subject_id}", self.until.0, at.0);
        let sealed = sealer.seal(Purpose::ExportCursor, &asked.owner(), text.as_bytes());
        sealed
            .map(|sealed| hex::of(&sealed))
            .map_err(|error| Problem::internal(&error))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '.');
        let until = Timestamp(parts.next()?.parse().ok()?);
        let at = Timestamp(parts.next()?.parse().ok()?);
        let sequence = parts.next()?.parse().ok()?;
        let subject = parts.next()?.to_owned();
        Some(Self {
            after: (at, subject, parts.next()?.to_owned(), sequence),
            until,
        })
    }
}

/// Who reads about whom.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who reads.
    pub reader: &'a Actor,
    /// The log-in of the person it is about.
    pub login: &'a str,
}

impl Asked<'_> {
    /// What a cursor is bound to.
    fn owner(self) -> String {
        format!("{}\n{}", self.reader.name(), self.login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_the_longest_identifier_is_taken_again() {
        let sealer = Sealer::new(&[7; 32]);
        let reader = Actor::Node("node-1".into());
        let login = "𠮷".repeat(domain::account::LOGIN_CHARS_MAX);
        let begin = Begin {
            after: (
                Timestamp(i64::MIN),
                "registration".into(),
                login.clone(),
                i64::MAX,
            ),
            until: Timestamp(i64::MAX),
        };
        let asked = Asked {
            reader: &reader,
            login: &login,
        };
        let cursor = begin.cursor(&sealer, asked).unwrap();
        assert!(cursor.len() <= super::super::CURSOR_CHARS_MAX, "{}", cursor.len());
        let sealed = Sealed::parse(&cursor).unwrap();
        let again = Begin::of(&sealer, asked, Some(&sealed), Timestamp(0)).unwrap();
        assert_eq!(again, begin);
    }
}
