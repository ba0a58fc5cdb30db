//! Merchants: who an acquirer has signed, and whose terminals they are (R2.1).
//!
//! Invariant: a merchant is never deleted, because ledgers and cases name it; one that is gone is retired.

pub use crate::kept::{State, Verb};

use crate::MerchantId;
use crate::account::Scope;
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step, Who};
use crate::kept::steps;
use crate::right::Right;

/// A merchant as an acquirer knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Field 42 of every message of its terminals.
    pub merchant_id: MerchantId,
    /// The name customers know, in Chinese.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// What it sells, one word, for example `snacks`; empty when nobody said.
    pub trade: String,
    /// 统一社会信用代码, eighteen characters (GB 32100-2015); empty when nobody said.
    pub unified_social_credit_code: String,
    /// Whether it is in business.
    pub state: State,
}

/// Whom an acquirer has signed is the acquirer's to say.
const SIGNERS: Who = Who::With(Right::SignMerchant);

impl Case for Merchant {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &steps(SIGNERS);
    const ADDING: Adding = Adding {
        who: SIGNERS,
        ways: &[ListVerb::Create],
    };

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn allows(&self, actor: &Actor) -> bool {
        actor.scope().is_some_and(|scope| keeps(scope, self.merchant_id))
    }
}

/// Whether somebody of that scope keeps the whole of a merchant, not one of its shops alone.
pub fn keeps(scope: &Scope, merchant_id: MerchantId) -> bool {
    match scope {
        Scope::All => true,
        Scope::Merchant(own) => *own == merchant_id,
        Scope::Shop(..) => false,
    }
}

/// Whether somebody of that scope sees that there is such a merchant.
pub fn seen_by(scope: &Scope, merchant_id: MerchantId) -> bool {
    scope.merchant_id().is_none_or(|own| own == merchant_id)
}

/// The 31 characters of GB 32100-2015: digits and capitals without I, O, S, V, Z.
const CODE_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether a text is what an acquirer has to know a merchant by: a unified social credit code (GB 32100-2015), an identity number
/// (GB 11643-1999, a micro-merchant's), or a registration number of 15 digits (ISO 7064 MOD 11,10). Some texts are two of these.
pub fn is_credit_code(text: &str) -> bool {
    is_unified(text) || has_identity_check(text) || is_registration_number(text)
}

/// Whether it is a unified social credit code.
pub(crate) fn is_unified(text: &str) -> bool {
    let value = |byte: &u8| CODE_ALPHABET.iter().position(|known| known == byte);
    let Some((first, [last])) = text.as_bytes().split_last_chunk::<1>() else {
        return false;
    };
    let (mut sum, mut weight) = (0, 1);
    for byte in first {
        let Some(value) = value(byte) else { return false };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    text.len() == 18 && value(last).is_some_and(|check| (sum + check) % 31 == 0)
}

/// Whether it is seventeen digits and the check digit of an identity number.
pub(crate) fn has_identity_check(text: &str) -> bool {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let Some((digits, [last])) = text.as_bytes().split_last_chunk::<1>() else {
        return false;
    };
    let is_number = digits.len() == 17 && digits.iter().all(u8::is_ascii_digit);
    let sum: usize = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| usize::from(digit.wrapping_sub(b'0')) * weight)
        .sum();
    is_number && b"10X98765432".get(sum % 11) == Some(&last.to_ascii_uppercase())
}

fn is_registration_number(text: &str) -> bool {
    let step = |product: u32, digit: u8| {
        let sum = match (product + u32::from(digit.wrapping_sub(b'0'))) % 10 {
            0 => 10,
            sum => sum,
        };
        sum * 2 % 11
    };
    let Some((digits, [last])) = text.as_bytes().split_last_chunk::<1>() else {
        return false;
    };
    let is_number = text.len() == 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let product = digits.iter().fold(10, |product, digit| step(product, *digit));
    is_number && (product + u32::from(last.wrapping_sub(b'0'))) % 10 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::walk;
    use crate::fixture::{everybody, merchant};

    #[test]
    fn an_owner_writes_of_its_own_and_the_acquirer_keeps_all() {
        let at = |state| Merchant {
            merchant_id: merchant("M1"),
            name: "福记小吃".into(),
            name_en: String::new(),
            trade: String::new(),
            unified_social_credit_code: String::new(),
            state,
        };
        let wanted = [
            "active change: owner:active stranger:no manager:no risk:active auditor:no",
            "active retire: owner:no stranger:no manager:no risk:retired auditor:no",
            "active restore: owner:no stranger:no manager:no risk:- auditor:no",
            "retired change: owner:- stranger:no manager:no risk:- auditor:no",
            "retired retire: owner:no stranger:no manager:no risk:- auditor:no",
            "retired restore: owner:no stranger:no manager:no risk:active auditor:no",
        ];
        assert_eq!(walk(at, &everybody()), wanted);
    }

    #[test]
    fn what_a_merchant_is_known_by_has_a_check_digit_that_is_right() {
        for right in [
            "91110101MA0TXXX113",
            "92110101MA0TXXX2XP",
            "N2110101MA0TXXX62T",
            "91110101MA0T001690",
            "110101180001010015",
            "11010118000104002X",
            "999999000000019",
        ] {
            assert!(is_credit_code(right), "{right}");
        }
        for wrong in [
            "",
            "91110101MA0TXXX114",
            "91110101MA0TXXX11",
            "9111O101MA0TXXX113",
            "110101180001010016",
            "999999000000018",
            "福记小吃福记小吃福记",
        ] {
            assert!(!is_credit_code(wrong), "{wrong}");
        }
    }
}
