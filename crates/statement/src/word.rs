//! What stands in a cell: without what exports put around it; identifiers; masks.
//!
//! Invariant: [`card`] gives first six and last four digits at most; [`masked`] never a whole identifier.

use domain::pan::MaskedPan;

use crate::limit::{ID_CHARS_MAX, WORD_CHARS_MAX};

/// A cell without spaces, tabs, byte order marks, a leading backquote or apostrophe, and what keeps spreadsheets from calculating.
pub fn clean(cell: &str) -> &str {
    let is_around = |one: char| one.is_whitespace() || one == '\u{feff}' || one == '\u{200b}';
    let cell = cell.trim_matches(is_around);
    let cell = cell.trim_start_matches(['`', '\'']).trim_matches(is_around);
    let guarded = cell.strip_prefix("=\"").and_then(|cell| cell.strip_suffix('"'));
    guarded.map_or(cell, |cell| cell.trim_matches(is_around))
}

/// A heading as it is compared: cleaned, in small letters, with the brackets and spaces of one kind.
pub fn heading(cell: &str) -> String {
    let mut plain = String::new();
    for one in clean(cell).chars() {
        match one {
            '（' => plain.push('('),
            '）' => plain.push(')'),
            _ if one.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            _ => plain.extend(one.to_lowercase()),
        }
    }
    plain
}

/// What a cell says as an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id<'a> {
    /// Nothing.
    None,
    /// It was one, and a spreadsheet has thrown digits away; or what it says can be none.
    Destroyed,
    /// This.
    Is(&'a str),
}

/// Reads an identifier.
pub fn id(cell: &str) -> Id<'_> {
    let text = clean(cell);
    if text.is_empty() || text == "-" || text == "--" {
        Id::None
    } else if is_rounded(text)
        || text.starts_with('#')
        || text.contains(|one: char| one.is_control() || one == char::REPLACEMENT_CHARACTER)
        || text.chars().nth(ID_CHARS_MAX).is_some()
    {
        Id::Destroyed
    } else {
        Id::Is(text)
    }
}

/// Whether it is a number as spreadsheets write what is too long for them: `4.2E+27`.
fn is_rounded(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    is_digits(whole) && is_digits(part) && power.strip_prefix('+').is_some_and(is_digits)
}

/// What may be kept of a card number: first six and last four digits of a whole one; of one that came truncated, no more than that.
pub fn card(cell: &str) -> Option<String> {
    let text: String = clean(cell)
        .chars()
        .filter(|one| !one.is_whitespace() && *one != '-')
        .collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
    if digits(&text) {
        return match MaskedPan::of(text.bytes()) {
            Some(masked) => Some(masked.to_string()),
            None => last4(&text),
        };
    }
    let is_mask = |one: char| matches!(one, '*' | 'x' | 'X' | '#' | '•' | '●');
    let head: String = text.chars().take_while(char::is_ascii_digit).take(6).collect();
    let tail = text.rsplit(is_mask).next().filter(|tail| digits(tail))?;
    let tail = last4(tail)?;
    let tail = tail.trim_start_matches('*');
    match head.len() == 6 && text.contains(is_mask) {
        true => Some(format!("{head}******{tail}")),
        false => Some(format!("****{tail}")),
    }
}

/// The last four digits of a number that is no card number by itself.
fn last4(digits: &str) -> Option<String> {
    match digits.len() {
        0..4 => None,
        length => Some(format!("****{}", &digits[length - 4..])),
    }
}

/// Somebody's identifier, so that the same one can be told and nobody found by it: what is masked already stays.
pub fn masked(cell: &str) -> Option<String> {
    let Id::Is(text) = id(cell) else { return None };
    let all: Vec<char> = text.chars().collect();
    let is_masked = all.iter().filter(|one| **one == '*').count() >= 2;
    let kept = match all.len() {
        _ if is_masked => return Some(text.to_owned()),
        0..=4 => 1,
        5..=11 => 2,
        _ => 4,
    };
    let head: String = all.iter().take(kept).collect();
    let tail: String = all.iter().skip(all.len().saturating_sub(kept)).collect();
    Some(match all.len() {
        0..=4 => format!("{head}****"),
        _ => format!("{head}****{tail}"),
    })
}

/// A word that nobody knows, to be shown: short, and without long numbers.
pub fn shown(word: &str) -> String {
    let mut shown = String::new();
    let mut run = 0;
    for one in clean(word).chars().take(WORD_CHARS_MAX) {
        run = if one.is_ascii_digit() { run + 1 } else { 0 };
        match one.is_control() {
            true => shown.push(' '),
            false => shown.push(if run > 6 { '*' } else { one }),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exports_put_around_a_value_is_taken_off() {
        for (cell, value) in [
            ("`SH1", "SH1"),
            ("\u{feff}交易时间", "交易时间"),
            ("2026\t", "2026"),
            ("'-70", "-70"),
            ("=\"00990001\"", "00990001"),
            (" `=\"1\" ", "1"),
            ("\u{a0}x\u{3000}", "x"),
            ("`", ""),
            ("=\"", "=\""),
        ] {
            assert_eq!(clean(cell), value, "{cell}");
        }
        assert_eq!(heading("` 订单金额（元）\t"), "订单金额(元)");
        assert_eq!(heading("Device\u{a0} Name"), "device name");
    }

    #[test]
    fn a_number_that_a_spreadsheet_rounded_is_no_identifier() {
        for gone in [
            "4.2E+27",
            "1E+33",
            "4.20000999920261E+27",
            "#REF!",
            "a\u{fffd}b",
            &"9".repeat(65),
        ] {
            assert_eq!(id(gone), Id::Destroyed, "{gone}");
        }
        for kept in ["420E27", "E+1", "0", "SH260914", "1.2E-3"] {
            assert_eq!(id(kept), Id::Is(kept));
        }
        assert_eq!(id("` "), Id::None);
    }

    #[test]
    fn no_more_of_a_card_number_is_kept_than_first_six_and_last_four() {
        for (cell, kept) in [
            ("6222020200112233445", Some("622202*********3445")),
            ("6222 0202 0011 2233", Some("622202******2233")),
            ("622200******0001", Some("622200******0001")),
            ("62220000****0001", Some("622200******0001")),
            ("**** **** **** 1234", Some("****1234")),
            ("xxxxxxxx12345678", Some("****5678")),
            ("0001", Some("****0001")),
            ("123456789", Some("****6789")),
            ("12", None),
            ("", None),
            ("信用卡", None),
        ] {
            assert_eq!(card(cell).as_deref(), kept, "{cell}");
        }
    }

    #[test]
    fn a_payer_is_masked() {
        for (cell, kept) in [
            ("oTEST_payer_0001_xxxxxxxxxxx", "oTES****xxxx"),
            ("13800000000", "13****00"),
            ("测*(000***@example.com)", "测*(000***@example.com)"),
            ("张三", "张****"),
        ] {
            assert_eq!(masked(cell).as_deref(), Some(kept));
        }
        assert_eq!(masked(" "), None);
    }

    #[test]
    fn a_word_is_shown_without_long_numbers() {
        assert_eq!(shown("`神秘交易"), "神秘交易");
        assert_eq!(shown("6222020200112233"), "622202**********");
        assert_eq!(shown(&"长".repeat(99)).chars().count(), WORD_CHARS_MAX);
    }
}
