//! Operators: the cashiers who sign in to a terminal, and what wrong passwords cost (R5.1, R5.3).

use crate::hold;
use crate::time::{HOUR_MS, Timestamp};

/// A cashier of one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The shop the number is valid in.
    pub shop_id: String,
    /// Field 63 of the sign-in: three characters.
    pub operator: String,
    /// How the shop calls the person, for example 收银员 02.
    pub name: String,
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
