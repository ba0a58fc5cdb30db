//! Marks: what people say of a payment around a loss, whether it was the shop's (R1.3).
//!
//! Invariant: a mark is only added; what a person says of a payment is the last thing that person said, and taking it back is saying
//! nothing. Two people may differ, and both stay.

use crate::{Timestamp, words};

/// A ground at most, characters.
pub const GROUND_CHARS_MAX: usize = 500;
/// Payments that are marked at once at most.
pub const AT_ONCE_MAX: usize = 200;
/// Marks on one incident at most, those that were taken back among them.
pub const OF_INCIDENT_MAX: i64 = 20_000;

words! {
    /// What somebody says of a payment.
    pub enum Verdict {
        /// The shop's own.
        Genuine = "genuine",
        /// Not the shop's.
        Fraudulent = "fraudulent",
        /// Looked at, and not known.
        Unsure = "unsure",
    }
}

/// What somebody said of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// On which incident.
    pub incident_id: String,
    /// Its place among those of the incident, from 1.
    pub position: i64,
    /// Of which payment: a name that is the same however often it is looked up.
    pub payment: String,
    /// What; `None`: the person takes back what was said.
    pub verdict: Option<Verdict>,
    /// Why.
    pub ground: Option<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What people say of one payment now, the last one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opinions(Vec<Mark>);

impl Opinions {
    /// Takes in what was said, in its order.
    pub fn add(&mut self, mark: Mark) {
        self.0.retain(|before| before.by != mark.by);
        if mark.verdict.is_some() {
            self.0.insert(0, mark);
        }
    }

    /// What is said of it: the last thing that anybody said and did not take back.
    pub fn verdict(&self) -> Option<Verdict> {
        self.0.first()?.verdict
    }

    /// Each person's, the last one first.
    pub fn iter(&self) -> impl Iterator<Item = &Mark> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinions(said: &[(&str, Option<Verdict>)]) -> Opinions {
        let mut opinions = Opinions::default();
        for ((by, verdict), position) in said.iter().zip(1..) {
            opinions.add(Mark {
                incident_id: "K7Q2M".into(),
                position,
                payment: "L1".into(),
                verdict: *verdict,
                ground: None,
                by: (*by).into(),
                at: Timestamp(position),
            });
        }
        opinions
    }

    #[test]
    fn the_last_that_anybody_said_counts_and_taking_it_back_leaves_the_others() {
        use Verdict::{Fraudulent, Genuine, Unsure};
        for (said, verdict, people) in [
            (&[][..], None, ""),
            (&[("a", Some(Genuine))], Some(Genuine), "a"),
            (
                &[("a", Some(Genuine)), ("b", Some(Fraudulent))],
                Some(Fraudulent),
                "ba",
            ),
            (
                &[("a", Some(Genuine)), ("b", Some(Fraudulent)), ("b", None)],
                Some(Genuine),
                "a",
            ),
            (
                &[("a", Some(Genuine)), ("b", Some(Fraudulent)), ("a", Some(Unsure))],
                Some(Unsure),
                "ab",
            ),
            (&[("a", Some(Genuine)), ("a", None)], None, ""),
            (&[("a", None)], None, ""),
        ] {
            let opinions = opinions(said);
            assert_eq!(opinions.verdict(), verdict, "{said:?}");
            let by: String = opinions.iter().map(|mark| mark.by.as_str()).collect();
            assert_eq!(by, people, "{said:?}");
        }
    }
}
