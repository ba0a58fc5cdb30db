//! What a set of rules would have said of payments that are past.
//!
//! Invariant: of every payment each rule says one thing, and each is counted; memory is bounded by rules, days and examples, not by
//! payments.

use std::collections::BTreeMap;

use super::expression::{Failure, Outcome};
use super::set::Rules;
use super::variable::{Input, Variable};

/// Days that are counted one by one; of what is on more, only the sums are.
pub const DAYS_MAX: usize = 400;
/// Examples kept of each rule.
pub const EXAMPLES_MAX: usize = 50;

/// What was counted of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Payments that it would have marked.
    pub marked: u64,
    /// Payments of which too little is known.
    pub not_known: u64,
    /// Payments for which it could not be computed.
    pub failed: u64,
}

/// What one rule would have said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTest<E> {
    /// Its code.
    pub code: String,
    /// In all.
    pub sum: Day,
    /// By day, as the caller counts them; of [`DAYS_MAX`] days at most.
    pub days: BTreeMap<i64, Day>,
    /// What nobody knew, how often.
    pub not_known: BTreeMap<Variable, u64>,
    /// What could not be computed, how often.
    pub failed: BTreeMap<Failure, u64>,
    /// The first payments that it would have marked.
    pub examples: Vec<E>,
}

/// What a set would have said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackTest<E> {
    /// Of which version.
    pub version: u32,
    /// Payments looked at.
    pub payments: u64,
    /// Payments that at least one rule would have marked.
    pub marked: u64,
    /// Each rule, in the order of the set.
    pub rules: Vec<RuleTest<E>>,
    /// Whether days were left out, because there were more than [`DAYS_MAX`].
    pub has_more_days: bool,
}

/// Runs a set over payments: of each what the caller knows it by, its day, and what is known of it.
pub fn back_test<'a, E: Clone>(
    rules: &Rules,
    payments: impl IntoIterator<Item = (E, i64, Input<'a>)>,
    examples_max: usize,
) -> BackTest<E> {
    let mut test = BackTest::new(rules);
    for (example, day, input) in payments {
        test.add(rules, (&example, day, &input), examples_max, |_| {});
    }
    test
}

impl<E: Clone> BackTest<E> {
    /// Of no payment yet.
    pub fn new(rules: &Rules) -> Self {
        let empty = |code: &str| RuleTest {
            code: code.to_owned(),
            sum: Day::default(),
            days: BTreeMap::new(),
            not_known: BTreeMap::new(),
            failed: BTreeMap::new(),
            examples: Vec::new(),
        };
        Self {
            version: rules.version(),
            payments: 0,
            marked: 0,
            rules: rules.rules().iter().map(|rule| empty(rule.code())).collect(),
            has_more_days: false,
        }
    }

    /// Asks each rule of the set, whatever its stage, about one more payment; `marks` is told the place of each that holds. The set is
    /// the one that it was begun with.
    pub fn add(
        &mut self,
        rules: &Rules,
        (example, day, input): (&E, i64, &Input<'_>),
        examples_max: usize,
        mut marks: impl FnMut(usize),
    ) {
        self.payments += 1;
        let mut is_marked = false;
        for (at, (rule, test)) in rules.rules().iter().zip(&mut self.rules).enumerate() {
            let outcome = rule.when().outcome(input);
            if outcome == Outcome::Marked {
                is_marked = true;
                marks(at);
                if test.examples.len() < examples_max.min(EXAMPLES_MAX) {
                    test.examples.push(example.clone());
                }
            }
            self.has_more_days |= !test.count(day, outcome);
        }
        self.marked += u64::from(is_marked);
    }
}

impl<E> RuleTest<E> {
    /// Counts what the rule said; whether its day could be counted, too.
    fn count(&mut self, day: i64, outcome: Outcome) -> bool {
        let count = |day: &mut Day| match outcome {
            Outcome::Marked => day.marked += 1,
            Outcome::NotKnown(_) => day.not_known += 1,
            Outcome::Failed(_) => day.failed += 1,
            Outcome::Silent => {}
        };
        match outcome {
            Outcome::Silent => return true,
            Outcome::Marked => {}
            Outcome::NotKnown(variable) => *self.not_known.entry(variable).or_default() += 1,
            Outcome::Failed(failure) => *self.failed.entry(failure).or_default() += 1,
        }
        count(&mut self.sum);
        let has_room = self.days.len() < DAYS_MAX || self.days.contains_key(&day);
        if has_room {
            count(self.days.entry(day).or_default());
        }
        has_room
    }
}
