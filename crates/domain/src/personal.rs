//! Personal data as others see them: masked, until somebody with the right says why they have to be seen in full (R3.1).
//!
//! A mask is of one length whatever it hides, so that it tells no length either.
//!
//! Invariant: a mask shows at most what its [`Kind`] says, and never more than half of what is there, but for a mail address's host and
//! seven of a Chinese mobile number's eleven digits.

use crate::actor::Actor;
use crate::words;

/// Shortest reason for seeing personal data in full, or for erasing them, in characters.
pub const REASON_CHARS_MIN: usize = 4;
/// Longest, in characters.
pub const REASON_CHARS_MAX: usize = 500;

words! {
    /// Why something about a person is kept although the person is erased.
    pub enum Ground {
        /// The record of who did what names the log-in, and nothing is taken out of it.
        Record = "record",
        /// What was said of a loss is kept with its case.
        Case = "case",
        /// What a merchant signed up with is kept by whoever does business with it.
        Customer = "customer",
    }
}

/// What stands for what is hidden.
const HIDDEN: &str = "****";

/// What kind of thing about a person it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address of mail: the first letter of its name and its host are shown, `z****@example.com`.
    Email,
    /// A telephone number in the form of E.164: the first three and the last four of a Chinese mobile number's eleven digits,
    /// `138****8000`; of others the last two digits, where there are at least eight.
    Phone,
    /// What a person is called: the first letter with what is put on it, `张****`.
    Name,
    /// The number of an identity document: the first and the last sign, where there are at least eight.
    IdentityNumber,
}

impl Kind {
    /// What others see of it; nothing of what is blank.
    pub fn mask(self, text: &str) -> String {
        let text = text.trim();
        match self {
            _ if text.is_empty() => String::new(),
            Self::Email => match text.rsplit_once('@') {
                Some((name, host)) => format!("{}{HIDDEN}@{host}", first_letter(name)),
                None => HIDDEN.to_owned(),
            },
            Self::Phone => phone(text),
            Self::Name => format!("{}{HIDDEN}", first_letter(text)),
            Self::IdentityNumber => {
                let signs: Vec<char> = text.chars().collect();
                match signs.as_slice() {
                    [first, middle @ .., last] if middle.len() >= 6 => format!("{first}{HIDDEN}{last}"),
                    _ => HIDDEN.to_owned(),
                }
            }
        }
    }
}

/// A number of which too little would be hidden shows nothing.
fn phone(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let chinese = match text.strip_prefix("+86") {
        Some(_) => digits.get(2..),
        None => Some(digits.as_str()).filter(|_| !text.starts_with('+')),
    };
    match chinese.filter(|number| number.len() == 11 && number.starts_with('1')) {
        Some(number) => format!("{}{HIDDEN}{}", &number[..3], &number[7..]),
        None if digits.len() >= 8 => format!("{HIDDEN}{}", &digits[digits.len() - 2..]),
        None => HIDDEN.to_owned(),
    }
}

/// The first letter of a text with what is put on it; nothing where less than as much again would be hidden.
fn first_letter(text: &str) -> &str {
    let mut signs = text.char_indices().skip(1);
    let end = signs.find(|(_, sign)| !is_put_on(*sign)).map(|(at, _)| at);
    end.filter(|at| text[..*at].chars().count() * 2 <= text.chars().count())
        .map_or("", |at| &text[..at])
}

/// Whether a sign stands on or after another one and makes one letter with it: marks, joiners, and what chooses a variant, as
/// rare Chinese names need it.
fn is_put_on(sign: char) -> bool {
    matches!(sign,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200c}'..='\u{200d}'
        | '\u{20d0}'..='\u{20ff}' | '\u{3099}'..='\u{309a}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

/// One thing about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datum<'a> {
    /// As answers call it.
    pub field: &'static str,
    /// What kind of thing it is.
    pub kind: Kind,
    /// What it says; `None`: nobody said.
    pub text: Option<&'a str>,
}

impl<'a> Datum<'a> {
    /// One of them.
    pub const fn new(field: &'static str, kind: Kind, text: Option<&'a str>) -> Self {
        Self { field, kind, text }
    }
}

/// A noun that holds something about a person.
pub trait Personal {
    /// The log-in of that person, where there is one: who it is sees it in full.
    fn whose(&self) -> Option<&str>;

    /// What of it is masked to everybody else.
    fn personal(&self) -> Vec<Datum<'_>>;

    /// Whether there is anything to see.
    fn says_anything(&self) -> bool {
        self.personal().iter().any(|datum| datum.text.is_some())
    }

    /// As the actor sees one of them without saying why.
    fn seen(&self, field: &str, actor: &Actor) -> Option<String> {
        let data = self.personal();
        let datum = data.iter().find(|datum| datum.field == field)?;
        let text = datum.text?;
        Some(match is_whose(self.whose(), actor) {
            true => text.to_owned(),
            false => datum.kind.mask(text),
        })
    }
}

/// Whether it is this very person who asks.
pub fn is_whose(whose: Option<&str>, actor: &Actor) -> bool {
    matches!(actor, Actor::Person(account) if whose == Some(account.login.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_show_what_they_say() {
        for (kind, text, masked) in [
            (Kind::Email, "zhang.wei@example.com", "z****@example.com"),
            (Kind::Email, "z@example.com", "****@example.com"),
            (Kind::Email, "@example.com", "****@example.com"),
            (Kind::Email, "张伟@例子.cn", "张****@例子.cn"),
            (Kind::Email, "\"a@b\"@example.com", "\"****@example.com"),
            (Kind::Email, "nonsense", "****"),
            (Kind::Phone, "+8613800138000", "138****8000"),
            (Kind::Phone, "13800138000", "138****8000"),
            (Kind::Phone, "138 0013 8000", "138****8000"),
            (Kind::Phone, "+442071838750", "****50"),
            (Kind::Phone, "+13800138000", "****00"),
            (Kind::Phone, "010-62345678", "****78"),
            (Kind::Phone, "110", "****"),
            (Kind::Phone, "twenty", "****"),
            (Kind::Name, "张伟", "张****"),
            (Kind::Name, "欧阳娜娜", "欧****"),
            (Kind::Name, "张", "****"),
            (Kind::Name, "O’Neill, Ann", "O****"),
            (Kind::Name, "e\u{301}a\u{301}", "e\u{301}****"),
            (Kind::Name, "e\u{301}a", "****"),
            (Kind::Name, "葛\u{e0100}城一", "葛\u{e0100}****"),
            (Kind::IdentityNumber, "11010519491231002X", "1****X"),
            (Kind::IdentityNumber, "1234567", "****"),
            (Kind::IdentityNumber, "", ""),
            (Kind::Name, " \u{3000}", ""),
        ] {
            assert_eq!(kind.mask(text), masked, "{kind:?} {text:?}");
        }
    }

    /// Texts of signs that are of every kind, drawn one after the other.
    fn drawn() -> impl Iterator<Item = String> {
        let signs: Vec<char> = "aZ09+-. @张伟欧\u{301}\u{e0100}\u{200d}\u{1f468}é\u{202e}\0"
            .chars()
            .collect();
        let mut state = 0x2026_1126_u64;
        let mut next = move |below: usize| {
            // Knuth's MMIX.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        (0..20_000).map(move |_| (0..next(24)).map(|_| signs[next(signs.len())]).collect())
    }

    #[test]
    fn no_mask_shows_more_than_half_of_what_it_masks_but_for_a_host_and_a_mobile_number() {
        for text in drawn() {
            let text = text.trim();
            for kind in [Kind::Email, Kind::Phone, Kind::Name, Kind::IdentityNumber] {
                let masked = kind.mask(text);
                let (name, host) = match kind {
                    // The host is no secret: it is what the letter goes to, not whose it is.
                    Kind::Email => text.rsplit_once('@').unwrap_or((text, "")),
                    _ => (text, ""),
                };
                let shown = masked.replacen(HIDDEN, "", 1);
                let shown = shown.strip_suffix(host).unwrap_or(&shown);
                let shown = shown.trim_end_matches('@').chars().count();
                let there = name
                    .chars()
                    .filter(|sign| kind != Kind::Phone || sign.is_ascii_digit());
                let there = there.count();
                assert!(
                    text.is_empty() || masked.contains(HIDDEN),
                    "{kind:?} {text:?} {masked:?}"
                );
                let is_mobile = kind == Kind::Phone && shown == 7 && there >= 11;
                assert!(shown * 2 <= there || is_mobile, "{kind:?} {text:?} {masked:?}");
            }
        }
    }

    #[test]
    fn a_mask_tells_no_length() {
        for kind in [Kind::Email, Kind::Name] {
            let of = |len: usize| kind.mask(&format!("{}@shop.example", "a".repeat(len)));
            assert_eq!(of(2), of(60));
        }
        assert_eq!(Kind::Name.mask("张三"), Kind::Name.mask("张三丰四五"));
        assert_eq!(Kind::Phone.mask("+4420718387"), Kind::Phone.mask("+442071838787"));
    }
}
