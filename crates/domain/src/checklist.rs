//! Checklists: what is to be looked at, one answer to each (R2.1, R2.2).
//!
//! Invariant: a list is answered whole, or not at all.

/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 200;

/// One thing to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub item: &'static str,
    /// What is to be so, in Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// One of a list.
pub const fn item(item: &'static str, zh: &'static str, en: &'static str) -> Item {
    Item { item, zh, en }
}

/// What was answered to one item.
pub trait Answer {
    /// To which.
    fn item(&self) -> &str;

    /// Whether nothing has to be said of it.
    fn is_plain(&self) -> bool;

    /// What there is to say of it.
    fn note(&self) -> Option<&str>;
}

/// What is wrong with the answers to a checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// This item has no answer, or two.
    Unanswered(&'static str),
    /// There is no such item.
    Unknown,
    /// What is not so needs a note.
    NoteMissing(&'static str),
}

/// The answers in the order of the items: one to each.
///
/// # Errors
/// The first thing that is wrong.
pub fn answered<'a, A: Answer>(items: &[Item], answers: &'a [A]) -> Result<Vec<(Item, &'a A)>, Wrong> {
    if answers
        .iter()
        .any(|answer| items.iter().all(|item| item.item != answer.item()))
    {
        return Err(Wrong::Unknown);
    }
    let answer_of = |item: &Item| {
        let mut its = answers.iter().filter(|answer| answer.item() == item.item);
        match (its.next(), its.next()) {
            (Some(answer), None) if answer.is_plain() || answer.note().is_some() => Ok((*item, answer)),
            (Some(_), None) => Err(Wrong::NoteMissing(item.item)),
            _ => Err(Wrong::Unanswered(item.item)),
        }
    };
    items.iter().map(answer_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Said(&'static str, bool, Option<&'static str>);

    impl Answer for Said {
        fn item(&self) -> &str {
            self.0
        }

        fn is_plain(&self) -> bool {
            self.1
        }

        fn note(&self) -> Option<&str> {
            self.2
        }
    }

    const ITEMS: [Item; 2] = [item("seals", "封签", "Seals"), item("camera", "摄像头", "Camera")];

    #[test]
    fn each_item_has_one_answer_and_what_is_not_so_a_note() {
        let of = |answers: &[Said]| {
            answered(&ITEMS, answers).map(|all| all.iter().map(|(item, _)| item.item).collect::<Vec<_>>())
        };
        let seals = || Said("seals", true, None);
        let camera = || Said("camera", true, None);
        // In the order of the list, whatever the order of the answers.
        assert_eq!(of(&[camera(), seals()]), Ok(vec!["seals", "camera"]));
        assert!(of(&[seals(), Said("camera", false, Some("later"))]).is_ok());
        let no_note = of(&[seals(), Said("camera", false, None)]);
        assert_eq!(no_note, Err(Wrong::NoteMissing("camera")));
        assert_eq!(of(&[seals()]), Err(Wrong::Unanswered("camera")));
        assert_eq!(of(&[seals(), seals(), camera()]), Err(Wrong::Unanswered("seals")));
        assert_eq!(of(&[Said("weather", true, None)]), Err(Wrong::Unknown));
        assert_eq!(of(&[]), Err(Wrong::Unanswered("seals")));
    }
}
