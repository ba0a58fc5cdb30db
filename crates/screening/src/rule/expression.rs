//! A checked condition, and its answer for one payment.
//!
//! As in CEL, `&&` and `||` are decided by either side, whatever the other cannot say; so an unknown counts for nothing where the rest
//! decides.
//!
//! Invariant: each node is visited at most once; arithmetic is checked, never wrapped.

use domain::words;

use super::variable::{Input, Value, Variable};
use crate::by_code::by_code;

words! {
    /// What cannot be computed.
    pub enum Failure {
        /// A division by nothing.
        DivisionByZero = "division_by_zero",
        /// A number beyond 64 bits.
        Overflow = "overflow",
        /// The checker let through what has no answer: a bug of ours.
        Unsound = "unsound",
    }
}

by_code!(Failure);

/// What a rule says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The condition holds.
    Marked,
    /// It does not.
    Silent,
    /// It cannot be decided: nobody knows this of the payment.
    NotKnown(Variable),
    /// It cannot be computed, and why.
    Failed(Failure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Start,
    End,
    Anywhere,
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Int(i64),
    Text(Box<str>),
    Truth(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    Literal(Literal),
    Variable(Variable),
    IsKnown(Variable),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    If(Box<Self>, Box<Self>, Box<Self>),
    Negated(Box<Self>),
    Sum(Sign, Box<Self>, Box<Self>),
    Ordered(Order, Box<Self>, Box<Self>),
    Equal(Box<Self>, Box<Self>),
    OneOf(Box<Self>, Vec<Literal>),
    Has(Part, Box<Self>, Box<Self>),
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    NotKnown(Variable),
    Failed(Failure),
}

impl Gap {
    /// A failure is said before something that is not known.
    const fn or(self, other: Self) -> Self {
        match self {
            Self::Failed(_) => self,
            Self::NotKnown(_) => match other {
                Self::Failed(_) => other,
                Self::NotKnown(_) => self,
            },
        }
    }
}

const UNSOUND: Gap = Gap::Failed(Failure::Unsound);

impl Literal {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Truth(truth) => Value::Truth(*truth),
        }
    }
}

impl Expression {
    pub fn outcome(&self, input: &Input<'_>) -> Outcome {
        match self.truth(input) {
            Ok(true) => Outcome::Marked,
            Ok(false) => Outcome::Silent,
            Err(Gap::NotKnown(variable)) => Outcome::NotKnown(variable),
            Err(Gap::Failed(failure)) => Outcome::Failed(failure),
        }
    }

    fn value<'a>(&'a self, input: &Input<'a>) -> Result<Value<'a>, Gap> {
        Ok(match self {
            Self::Literal(literal) => literal.value(),
            Self::Variable(variable) => input.value(*variable).ok_or(Gap::NotKnown(*variable))?,
            Self::IsKnown(variable) => Value::Truth(input.value(*variable).is_some()),
            Self::Not(inner) => Value::Truth(!inner.truth(input)?),
            Self::And(one, other) => Value::Truth(decided(false, one.truth(input), || other.truth(input))?),
            Self::Or(one, other) => Value::Truth(decided(true, one.truth(input), || other.truth(input))?),
            Self::If(condition, yes, no) => {
                let answer = if condition.truth(input)? { yes } else { no };
                answer.value(input)?
            }
            Self::Negated(inner) => {
                let number = inner.int(input)?.checked_neg();
                Value::Int(number.ok_or(Gap::Failed(Failure::Overflow))?)
            }
            Self::Sum(sign, one, other) => {
                let (one, other) = both(one.int(input), other.int(input))?;
                Value::Int(sign.of(one, other)?)
            }
            Self::Ordered(order, one, other) => {
                let (one, other) = both(one.int(input), other.int(input))?;
                Value::Truth(match order {
                    Order::Less => one < other,
                    Order::AtMost => one <= other,
                    Order::More => one > other,
                    Order::AtLeast => one >= other,
                })
            }
            Self::Equal(one, other) => {
                let (one, other) = both(one.value(input), other.value(input))?;
                Value::Truth(one == other)
            }
            Self::OneOf(one, literals) => {
                let one = one.value(input)?;
                Value::Truth(literals.iter().any(|literal| literal.value() == one))
            }
            Self::Has(part, text, sought) => {
                let (text, sought) = both(text.text(input), sought.text(input))?;
                Value::Truth(match part {
                    Part::Start => text.starts_with(sought),
                    Part::End => text.ends_with(sought),
                    Part::Anywhere => text.contains(sought),
                })
            }
        })
    }

    fn truth(&self, input: &Input<'_>) -> Result<bool, Gap> {
        match self.value(input)? {
            Value::Truth(truth) => Ok(truth),
            Value::Int(_) | Value::Text(_) => Err(UNSOUND),
        }
    }

    fn int(&self, input: &Input<'_>) -> Result<i64, Gap> {
        match self.value(input)? {
            Value::Int(number) => Ok(number),
            Value::Text(_) | Value::Truth(_) => Err(UNSOUND),
        }
    }

    fn text<'a>(&'a self, input: &Input<'a>) -> Result<&'a str, Gap> {
        match self.value(input)? {
            Value::Text(text) => Ok(text),
            Value::Int(_) | Value::Truth(_) => Err(UNSOUND),
        }
    }
}

impl Sign {
    fn of(self, one: i64, other: i64) -> Result<i64, Gap> {
        if matches!(self, Self::Over | Self::Modulo) && other == 0 {
            return Err(Gap::Failed(Failure::DivisionByZero));
        }
        let number = match self {
            Self::Plus => one.checked_add(other),
            Self::Minus => one.checked_sub(other),
            Self::Times => one.checked_mul(other),
            Self::Over => one.checked_div(other),
            Self::Modulo => one.checked_rem(other),
        };
        number.ok_or(Gap::Failed(Failure::Overflow))
    }
}

fn both<T, U>(one: Result<T, Gap>, other: Result<U, Gap>) -> Result<(T, U), Gap> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(one.or(other)),
        (Err(gap), Ok(_)) | (Ok(_), Err(gap)) => Err(gap),
    }
}

/// Either side alone decides when it is `decisive`; else both must be known.
fn decided(
    decisive: bool,
    one: Result<bool, Gap>,
    other: impl FnOnce() -> Result<bool, Gap>,
) -> Result<bool, Gap> {
    if one == Ok(decisive) {
        return Ok(decisive);
    }
    let other = other();
    if other == Ok(decisive) {
        return Ok(decisive);
    }
    both(one, other).map(|_| !decisive)
}
