//! Accounts of people: who may see and do what (R7.2).
//!
//! Invariant: seeing is decided before doing; what an account may not see does not exist for it.

use crate::{MerchantId, words};

words! {
    /// What an account is for.
    pub enum Role {
        /// The owner of one merchant.
        Owner = "owner",
        /// Runs one shop of a merchant.
        Manager = "manager",
        /// The acquirer's risk staff: every merchant.
        RiskOfficer = "risk_officer",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
    }
}

impl Role {
    /// Whether the role may change anything it sees.
    pub const fn may_act(self) -> bool {
        !matches!(self, Self::Auditor)
    }
}

/// What of the estate an account sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// One merchant.
    Merchant(MerchantId),
    /// One shop of a merchant.
    Shop(MerchantId, String),
}

impl Scope {
    /// Whether something of this merchant and shop is seen.
    pub fn sees(&self, merchant_id: MerchantId, shop_id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Merchant(own) => *own == merchant_id,
            Self::Shop(own, own_shop) => *own == merchant_id && own_shop == shop_id,
        }
    }
}

/// Longest login, in characters.
pub const LOGIN_CHARS_MAX: usize = 64;

/// Whether a new account may be called so: letters of any script, digits and `.`, `_`, `-`, `@`, `+`, with a letter or a digit
/// in front; at least two characters.
pub fn is_login(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(char::is_alphanumeric);
    let fits = |one: char| one.is_alphanumeric() || "._-@+".contains(one);
    begins && (2..=LOGIN_CHARS_MAX).contains(&text.chars().count()) && text.chars().all(fits)
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What the person types to log in.
    pub login: String,
    /// How others see the person.
    pub name: String,
    /// What the account is for.
    pub role: Role,
    /// What it sees.
    pub scope: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_can_be_typed_and_said() {
        for right in [
            "owner",
            "店主",
            "li.na@shop.example",
            "a1",
            "7-Eleven_+x",
            &"x".repeat(64),
        ] {
            assert!(is_login(right), "{right}");
        }
        for wrong in [
            "",
            "a",
            ".owner",
            "two words",
            "tab\t",
            "a\u{202e}b",
            "a/b",
            &"x".repeat(65),
        ] {
            assert!(!is_login(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn each_sees_only_its_own() {
        let ours = MerchantId::parse(b"104520157120001").unwrap();
        let theirs = MerchantId::parse(b"104520157120002").unwrap();
        assert!(Scope::All.sees(theirs, "s9"));
        assert!(Scope::Merchant(ours).sees(ours, "s1"));
        assert!(!Scope::Merchant(ours).sees(theirs, "s1"));
        assert!(Scope::Shop(ours, "s1".into()).sees(ours, "s1"));
        assert!(!Scope::Shop(ours, "s1".into()).sees(ours, "s2"));
        assert!(!Scope::Shop(ours, "s1".into()).sees(theirs, "s1"));
    }
}
