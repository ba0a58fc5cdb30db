//! People of the tests: those of two merchants, and of the acquirer.
//!
//! Invariant: whoever is of one merchant has no rights over the other.

use crate::MerchantId;
use crate::account::{Account, Proof, Role, Scope};
use crate::actor::Actor;

/// The merchant of that code.
pub fn merchant(text: &str) -> MerchantId {
    MerchantId::parse(text.as_bytes()).unwrap()
}

/// An account whose login is its role.
pub fn account(role: Role, scope: Scope) -> Account {
    Account {
        login: role.code().into(),
        name: String::new(),
        role,
        scope,
        custom_role: None,
        proof: Proof::FRESH,
    }
}

/// Its person.
pub fn person(role: Role, scope: Scope) -> Actor {
    Actor::Person(account(role, scope))
}

/// The owner of `M1`, the one of `M2`, the manager of its shop `S1`, and the acquirer's, as a walk takes them.
pub fn everybody() -> [(&'static str, Actor); 5] {
    let ours = merchant("M1");
    [
        ("owner", person(Role::Owner, Scope::Merchant(ours))),
        ("stranger", person(Role::Owner, Scope::Merchant(merchant("M2")))),
        ("manager", person(Role::Manager, Scope::Shop(ours, "S1".into()))),
        ("risk", person(Role::RiskOfficer, Scope::All)),
        ("auditor", person(Role::Auditor, Scope::All)),
    ]
}
