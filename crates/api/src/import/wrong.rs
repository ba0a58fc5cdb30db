//! What is wrong with a line of an import, said to whoever has the table.
//!
//! Invariant: whatever is somebody else's is told as the routes tell it: not where it is.

use app::import::NoPlace;
use app::terminal::NotKept;
use store::import::Reason;

use super::{LINE_TWICE, SHOP_AMBIGUOUS};
use crate::language::Language;
use crate::problem::{Problem, Why};

/// What is wrong with a line, and where.
pub struct Wrong {
    /// Which column.
    pub field: Option<String>,
    /// What.
    pub problem: Box<Problem>,
}

impl Wrong {
    /// It is that column.
    pub fn at(field: &str, problem: Problem) -> Self {
        Self {
            field: Some(field.to_owned()),
            problem: Box::new(problem),
        }
    }

    /// In both languages.
    pub fn reason(&self) -> Reason {
        let reason = |language: Language| match self.shape() {
            Some((zh, en)) => language.pick(zh, en).to_owned(),
            None => self.problem.reason(language),
        };
        Reason {
            code: self.problem.code.word().to_owned(),
            zh: reason(Language::Chinese),
            en: reason(Language::English),
        }
    }

    /// What a cell must be like, for whoever has the table and not the description of the routes.
    fn shape(&self) -> Option<(&'static str, &'static str)> {
        let field = self.field.as_deref()?;
        match (field, self.problem.why()?) {
            ("terminal_id", Why::Invalid) => {
                Some(("须为 1 至 8 位字母或数字", "must be 1 to 8 letters or digits"))
            }
            ("serial", Why::Invalid) => Some((
                "只能有字母、数字和 - _ . /",
                "takes letters, digits and - _ . / only",
            )),
            ("merchant_id", Why::Invalid) => Some((
                "没有这个商户，或不归你管；商户号为 1 至 15 位字母或数字",
                "is no merchant of yours; it has 1 to 15 letters or digits",
            )),
            ("shop_id", Why::Invalid) => Some(("没有这家门店，或不归你管", "is no shop of yours")),
            ("settlement_account", Why::Invalid) => {
                Some(("须为 6 至 34 位字母或数字", "must be 6 to 34 letters or digits"))
            }
            ("control", Why::NotAWord) => Some(("请填“网关”或“外部”", "must be gate or outside")),
            ("shop_id" | "shop_name" | "merchant_id" | "control", Why::Fixed) => Some((
                "与已登记的不同；表格不能更改这一项，请在终端页面上改",
                "is not what is registered, and a table does not change it: the terminal's page does",
            )),
            _ => None,
        }
    }

    /// That row has the same.
    pub fn twice(field: &str, row: i64) -> Self {
        let sentence = (format!("与第 {row} 行重复。"), format!("Row {row} has the same."));
        Self::at(field, Problem::new(LINE_TWICE).saying(sentence.0, sentence.1))
    }
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        let field = problem.wrong_field().map(|field| match field {
            "at_provider.device_id" => "provider_device_id".to_owned(),
            "at_provider" | "at_provider.provider" => "provider".to_owned(),
            field => field.to_owned(),
        });
        let problem = Box::new(problem);
        Self { field, problem }
    }
}

impl From<NotKept> for Wrong {
    fn from(error: NotKept) -> Self {
        match &error {
            NotKept::Taken { field, .. } => {
                let field = *field;
                Self::at(field, error.into())
            }
            NotKept::Case(_) => Problem::from(error).into(),
        }
    }
}

impl From<NoPlace> for Wrong {
    fn from(error: NoPlace) -> Self {
        match error {
            NoPlace::Missing(field) => Problem::field(field, Why::Missing).into(),
            NoPlace::Ambiguous => Self::at("shop_name", Problem::new(SHOP_AMBIGUOUS)),
            NoPlace::Case(error) => Problem::from(error).into(),
        }
    }
}

impl From<store::Error> for Wrong {
    fn from(error: store::Error) -> Self {
        Problem::from(error).into()
    }
}
