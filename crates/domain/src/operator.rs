//! Operators: the cashiers who sign in to a terminal, and what wrong passwords cost (R5.1, R5.3).

use crate::case::{Adding, Case, ListVerb, Step, Who};
use crate::right::Right;
use crate::time::{HOUR_MS, Timestamp};
use crate::{hold, words};

/// An operator's number: one to three letters or digits, as field 63 of the sign-in carries it, padded there with spaces
/// on the right. Two texts are the same number only when they differ in that padding: nothing is cut, dropped or filled,
/// so `001`, `1` and `00100001` are two operators and a mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    text: [u8; NUMBER_CHARS_MAX],
    len: usize,
}

/// Longest operator number.
pub const NUMBER_CHARS_MAX: usize = 3;

impl Number {
    /// Reads a number; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(' ').as_bytes();
        if !(1..=NUMBER_CHARS_MAX).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let mut text = [b' '; NUMBER_CHARS_MAX];
        text[..digits.len()].copy_from_slice(digits);
        Some(Self {
            text,
            len: digits.len(),
        })
    }

    /// The number without its padding.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..self.len]).unwrap_or_default()
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

words! {
    /// Whether an operator may sign in.
    pub enum State {
        /// May.
        Active = "active",
        /// May not any more.
        Disabled = "disabled",
    }
}

words! {
    /// What can be done with an operator.
    pub enum Verb {
        /// Call the person otherwise.
        Change = "change",
        /// Give the person another password.
        SetPassword = "set_password",
        /// Let the person sign in no more.
        Disable = "disable",
        /// Let the person sign in again.
        Enable = "enable",
    }
}

/// A cashier of one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The shop the number is valid in.
    pub shop_id: String,
    /// Field 63 of the sign-in.
    pub operator: Number,
    /// How the shop calls the person, for example 收银员 02.
    pub name: String,
    /// Whether the person may sign in.
    pub state: State,
}

/// An operator by one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cashier {
    /// `shop.number`.
    pub id: String,
    /// The operator.
    pub operator: Operator,
}

impl From<Operator> for Cashier {
    fn from(operator: Operator) -> Self {
        Self {
            id: format!("{}.{}", operator.shop_id, operator.operator),
            operator,
        }
    }
}

impl Cashier {
    /// Shop and number of that identifier.
    pub fn parse(id: &str) -> Option<(&str, Number)> {
        let (shop_id, number) = id.rsplit_once('.')?;
        Some((shop_id, Number::parse(number)?))
    }
}

const KEEPERS: Who = Who::With(Right::KeepOperator);

impl Case for Cashier {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Change, &[State::Active], None, KEEPERS),
        Step::new(Verb::SetPassword, &[State::Active], None, KEEPERS),
        Step::new(Verb::Disable, &[State::Active], Some(State::Disabled), KEEPERS),
        Step::new(Verb::Enable, &[State::Disabled], Some(State::Active), KEEPERS),
    ];
    const ADDING: Adding = Adding {
        who: KEEPERS,
        ways: &[ListVerb::Create],
    };

    fn state(&self) -> State {
        self.operator.state
    }

    fn enter(&mut self, state: State) {
        self.operator.state = state;
    }
}

/// Whether a text is a password that an operator can type.
pub fn is_password(text: &str) -> bool {
    (PASSWORD_DIGITS_MIN..=PASSWORD_DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits of an operator password: what a PIN block can carry (ISO 9564-1 format 0).
pub const PASSWORD_DIGITS_MIN: usize = 4;
/// See [`PASSWORD_DIGITS_MIN`].
pub const PASSWORD_DIGITS_MAX: usize = 12;

/// How many wrong passwords cost what. The numbers are policy; the defaults are the source's (R5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongPasswordPolicy {
    /// Every so many wrong passwords in a row lock the terminal for a time.
    pub lock_every: u32,
    /// For how long.
    pub lock_ms: i64,
    /// At so many in all only the bank releases it.
    pub bank_at: u32,
}

impl Default for WrongPasswordPolicy {
    fn default() -> Self {
        Self {
            lock_every: 3,
            lock_ms: 24 * HOUR_MS,
            bank_at: 10,
        }
    }
}

/// What a wrong password leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// So many tries are left before the terminal is locked for a time.
    Warned {
        /// Tries left.
        attempts_left: u32,
    },
    /// Place this hold.
    Hold(hold::Kind, Option<Timestamp>),
}

impl WrongPasswordPolicy {
    /// What the `wrong`-th wrong password since the last right one leads to (counting from one).
    pub fn consequence(&self, wrong: u32, now: Timestamp) -> Consequence {
        if wrong >= self.bank_at {
            return Consequence::Hold(hold::Kind::BankLock, None);
        }
        let lock_every = self.lock_every.max(1);
        match wrong % lock_every {
            0 => Consequence::Hold(hold::Kind::WrongPasswords, Some(now.plus_ms(self.lock_ms))),
            into => Consequence::Warned {
                attempts_left: lock_every - into,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_every_other_and_what_is_none_is_refused() {
        let number = |text| Number::parse(text).map(|number| number.to_string());
        for (text, read) in [("001", "001"), ("1", "1"), ("1  ", "1"), ("A7 ", "A7")] {
            assert_eq!(number(text).as_deref(), Some(read), "{text:?}");
        }
        for text in [
            "", "   ", "00100001", "0010", " 01", "0 1", "0-1", "001\0", "〇一",
        ] {
            assert_eq!(number(text), None, "{text:?}");
        }
        assert_ne!(Number::parse("1"), Number::parse("001"));
    }

    #[test]
    fn a_manager_keeps_the_operators_of_the_own_shop() {
        use crate::fixture::everybody;
        let at = |state| {
            Cashier::from(Operator {
                shop_id: "S1".into(),
                operator: Number::parse("001").unwrap(),
                name: "收银员 01".into(),
                state,
            })
        };
        let id = at(State::Active).id;
        assert_eq!(Cashier::parse(&id), Some(("S1", Number::parse("001").unwrap())));
        // Whose shop it is decides who sees it, not the table.
        let actors = everybody().into_iter().filter(|(name, _)| *name != "stranger");
        let actors: Vec<_> = actors.collect();
        let wanted = [
            "active change: owner:active manager:active risk:active auditor:no",
            "active set_password: owner:active manager:active risk:active auditor:no",
            "active disable: owner:disabled manager:disabled risk:disabled auditor:no",
            "active enable: owner:- manager:- risk:- auditor:no",
            "disabled change: owner:- manager:- risk:- auditor:no",
            "disabled set_password: owner:- manager:- risk:- auditor:no",
            "disabled disable: owner:- manager:- risk:- auditor:no",
            "disabled enable: owner:active manager:active risk:active auditor:no",
        ];
        assert_eq!(crate::case::walk(at, &actors), wanted);
        assert!(is_password("246810") && is_password("0000"));
        assert!(!is_password("123") && !is_password("12345a") && !is_password("1234567890123"));
    }

    #[test]
    fn three_wrong_lock_for_a_day_and_ten_need_the_bank() {
        let policy = WrongPasswordPolicy::default();
        let now = Timestamp(0);
        assert_eq!(
            policy.consequence(1, now),
            Consequence::Warned { attempts_left: 2 }
        );
        assert_eq!(
            policy.consequence(2, now),
            Consequence::Warned { attempts_left: 1 }
        );
        let day = Some(Timestamp(24 * HOUR_MS));
        for wrong in [3, 6, 9] {
            assert_eq!(
                policy.consequence(wrong, now),
                Consequence::Hold(hold::Kind::WrongPasswords, day)
            );
        }
        assert_eq!(
            policy.consequence(10, now),
            Consequence::Hold(hold::Kind::BankLock, None)
        );
        assert_eq!(
            policy.consequence(11, now),
            Consequence::Hold(hold::Kind::BankLock, None)
        );
    }
}
