//! The security checklist that is signed before a replacement sells: data, with a version (R1.4, R2.2, R2.3).
//!
//! Invariant: what was signed is a text that says what was asked and what was answered; another version changes none.

use std::fmt::Write as _;

use crate::checklist::{self, Item, item};

/// The version of [`ITEMS`].
pub const VERSION: u32 = 1;
/// What is to be looked at, in this order.
pub const ITEMS: [Item; 8] = [
    item(
        "seals",
        "封签和外壳螺丝完好，编号与发货单一致",
        "Seals and screws are whole, their numbers those of the dispatch notice",
    ),
    item(
        "overlay",
        "卡槽、键盘和线缆没有加装物，没有松动或划痕",
        "Nothing was added to card slot, keypad or cable; nothing is loose or scratched",
    ),
    item(
        "location",
        "放在登记的位置，下班锁进柜子",
        "It stands where it is registered, and is locked away after hours",
    ),
    item(
        "camera",
        "摄像头拍得到收银台，拍不到输密码",
        "A camera sees the till and never the keypad",
    ),
    item(
        "password_lock",
        "试过锁机和开机密码",
        "Locking it, and unlocking it by password, was tried",
    ),
    item(
        "operators",
        "操作员换了密码，知道每天看什么、丢了找谁",
        "Operators have new passwords, know what to look at daily and whom to tell of a loss",
    ),
    item(
        "network",
        "用店里自己的网络，不用公共 Wi-Fi",
        "It uses the shop's own network, no public Wi-Fi",
    ),
    item(
        "labels",
        "报失用的标签和电话贴在手边",
        "The label and the telephone number for a loss are at hand",
    ),
];

/// What was answered to one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// To which.
    pub item: String,
    /// Whether it is so.
    pub is_so: bool,
    /// What there is to say of it.
    pub note: Option<String>,
}

impl checklist::Answer for Answer {
    fn item(&self) -> &str {
        &self.item
    }

    fn is_plain(&self) -> bool {
        self.is_so
    }

    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// The text that is signed: what it is of (name and value), then each item with its answer.
pub fn text(of: &[(&str, &str)], answers: &[(Item, &Answer)]) -> String {
    let mut text = format!("tillguard-checklist/{VERSION}\n");
    for (name, value) in of {
        let _ = writeln!(text, "{name}: {}", value.replace('\n', " "));
    }
    for (item, answer) in answers {
        let said = if answer.is_so { "yes" } else { "no" };
        let _ = writeln!(text, "{}: {said}\n  {}\n  {}", item.item, item.zh, item.en);
        if let Some(note) = &answer.note {
            let _ = writeln!(text, "  note: {}", note.replace('\n', " "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(is_so: bool, note: Option<&str>) -> Vec<Answer> {
        let answer = |item: Item| Answer {
            item: item.item.into(),
            is_so,
            note: note.map(str::to_owned),
        };
        ITEMS.map(answer).into()
    }

    #[test]
    fn the_text_says_what_was_asked_and_answered_and_nobody_adds_a_line() {
        let mut answers = all(true, None);
        answers[3] = Answer {
            item: "camera".into(),
            is_so: false,
            note: Some("moved\noverlay: yes".into()),
        };
        let text = text(
            &[("serial", "SN1\nseals: yes")],
            &checklist::answered(&ITEMS, &answers).unwrap(),
        );
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(
            lines[..3],
            ["tillguard-checklist/1", "serial: SN1 seals: yes", "seals: yes"]
        );
        assert_eq!(lines.len(), 2 + ITEMS.len());
        assert!(text.contains("camera: no\n  摄像头"));
        assert!(text.contains("\n  note: moved overlay: yes\n"));
    }
}
