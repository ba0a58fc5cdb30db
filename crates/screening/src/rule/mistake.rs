//! What is wrong with a condition, and where.
//!
//! Invariant: each mistake has a sentence in both languages, and no sentence holds more of the text than one short name.

use domain::setting::Language;
use domain::words;

use crate::by_code::by_code;

words! {
    /// What is wrong.
    pub enum Mistake {
        /// There is nothing to read.
        Empty = "empty",
        /// It is longer than [`CHARS_MAX`](super::CHARS_MAX) characters.
        TooLong = "too_long",
        /// Brackets or questions stand within each other too deep.
        TooDeep = "too_deep",
        /// It asks too much at once.
        TooCostly = "too_costly",
        /// No expression is written like this.
        Unreadable = "unreadable",
        /// No variable has this name.
        UnknownVariable = "unknown_variable",
        /// No function has this name.
        UnknownFunction = "unknown_function",
        /// A value of another type belongs here.
        WrongType = "wrong_type",
        /// The whole is no yes or no.
        NoTruth = "no_truth",
        /// The variable never has this word.
        UnknownWord = "unknown_word",
        /// Of the language, but not taken here: fractions, lists and maps of their own, fields, loops.
        NotHere = "not_here",
        /// It looks at nothing of the payment.
        Constant = "constant",
    }
}

by_code!(Mistake);

/// A mistake and its place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Wrong {
    /// What.
    pub mistake: Mistake,
    /// Where: characters before it.
    pub at: usize,
    /// The name or type it is about; may be empty.
    pub about: String,
}

/// Of a name that is shown again.
const ABOUT_CHARS_MAX: usize = 40;

impl Wrong {
    pub(super) fn new(mistake: Mistake, at: usize, about: &str) -> Self {
        Self {
            mistake,
            at,
            about: about.chars().take(ABOUT_CHARS_MAX).collect(),
        }
    }

    /// The mistake in words, its place counted from 1.
    pub fn text(&self, language: Language) -> String {
        let place = self.at + 1;
        let about = &self.about;
        match language {
            Language::Chinese => match self.mistake {
                Mistake::Empty => "条件是空的".to_owned(),
                Mistake::TooLong => format!("条件太长，最多 {} 个字符", super::CHARS_MAX),
                Mistake::TooDeep => format!("第 {place} 个字符：括号或条件嵌套太深"),
                Mistake::TooCostly => format!("第 {place} 个字符：一条规则问得太多，请拆开"),
                Mistake::Unreadable => format!("第 {place} 个字符：看不懂"),
                Mistake::UnknownVariable => format!("第 {place} 个字符：没有名为 {about} 的变量"),
                Mistake::UnknownFunction => format!("第 {place} 个字符：没有名为 {about} 的函数"),
                Mistake::WrongType => format!("第 {place} 个字符：类型不对，这里要 {about}"),
                Mistake::NoTruth => "整个条件应当是“是”或“否”".to_owned(),
                Mistake::UnknownWord => format!("第 {place} 个字符：{about} 不会是这个值"),
                Mistake::NotHere => format!("第 {place} 个字符：这里不能用（小数、列表、字段、循环）"),
                Mistake::Constant => "条件没有用到交易的任何信息".to_owned(),
            },
            Language::English => match self.mistake {
                Mistake::Empty => "the condition is empty".to_owned(),
                Mistake::TooLong => format!("the condition has more than {} characters", super::CHARS_MAX),
                Mistake::TooDeep => format!("character {place}: nested too deep"),
                Mistake::TooCostly => {
                    format!("character {place}: asks too much at once; make it several rules")
                }
                Mistake::Unreadable => format!("character {place}: cannot be read"),
                Mistake::UnknownVariable => format!("character {place}: there is no variable {about}"),
                Mistake::UnknownFunction => format!("character {place}: there is no function {about}"),
                Mistake::WrongType => format!("character {place}: wrong type, {about} belongs here"),
                Mistake::NoTruth => "the whole condition must be true or false".to_owned(),
                Mistake::UnknownWord => format!("character {place}: {about} never has this value"),
                Mistake::NotHere => {
                    format!("character {place}: not taken here (fractions, lists, fields, loops)")
                }
                Mistake::Constant => "the condition looks at nothing of the payment".to_owned(),
            },
        }
    }
}
