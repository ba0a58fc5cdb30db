//! Actors: who does something, and so who is named in an event.
//!
//! Invariant: only a person has a role, and only people and programs have rights; what is neither may do nothing but what a
//! table of steps gives to its kind.

use crate::account::{Account, Role, Scope};
use crate::api_key::Machine;
use crate::right::Rights;
use crate::{TerminalId, words};

words! {
    /// What does something.
    pub enum Kind {
        /// Somebody with an account.
        Person = "person",
        /// A terminal, by itself.
        Terminal = "terminal",
        /// One of our own nodes.
        Node = "node",
        /// A clock that has run out.
        Timer = "timer",
        /// Somebody without an account: an acquirer, the police, a customer.
        Outside = "outside",
        /// A program with an API key.
        Machine = "machine",
    }
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with an account.
    Person(Account),
    /// A terminal, by itself.
    Terminal(TerminalId),
    /// One of our own nodes, by its name.
    Node(String),
    /// A clock that has run out, by what it counts.
    Timer(&'static str),
    /// Somebody without an account, as they are called.
    Outside(String),
    /// A program with an API key.
    Machine(Machine),
}

/// What [`Actor::Outside`] is called who signs a business up. Events are kept for good: they name nobody who has no account, nor where
/// one speaks from.
pub const APPLICANT: &str = "applicant";
/// The same, who asks for a code to report a loss by.
pub const STRANGER: &str = "stranger";

/// How an actor is named in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its name, as an event shows it.
    pub name: &'a str,
}

impl<'a> By<'a> {
    /// One of our nodes.
    pub const fn node(name: &'a str) -> Self {
        Self {
            kind: Kind::Node,
            name,
        }
    }

    /// A clock that has run out, by what it counts.
    pub const fn timer(name: &'a str) -> Self {
        Self {
            kind: Kind::Timer,
            name,
        }
    }

    /// A terminal, or the operator at it.
    pub const fn terminal(name: &'a str) -> Self {
        Self {
            kind: Kind::Terminal,
            name,
        }
    }

    /// Somebody without an account, as they are called.
    pub const fn outside(name: &'a str) -> Self {
        Self {
            kind: Kind::Outside,
            name,
        }
    }

    /// Somebody with an account, by the log-in.
    pub const fn person(name: &'a str) -> Self {
        Self {
            kind: Kind::Person,
            name,
        }
    }
}

impl Actor {
    /// How an event names it.
    pub fn by(&self) -> By<'_> {
        By {
            kind: self.kind(),
            name: self.name(),
        }
    }

    /// What it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Person(_) => Kind::Person,
            Self::Terminal(_) => Kind::Terminal,
            Self::Node(_) => Kind::Node,
            Self::Timer(_) => Kind::Timer,
            Self::Outside(_) => Kind::Outside,
            Self::Machine(_) => Kind::Machine,
        }
    }

    /// Its name in events: a person's log-in, a terminal's identifier, `key:` and the identifier of a key.
    pub fn name(&self) -> &str {
        match self {
            Self::Person(account) => &account.login,
            Self::Terminal(terminal_id) => terminal_id.as_str(),
            Self::Node(name) | Self::Outside(name) => name,
            Self::Timer(name) => name,
            Self::Machine(machine) => &machine.by,
        }
    }

    /// A person's role.
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Person(account) => Some(account.role),
            _ => None,
        }
    }

    /// What it may do to what it sees.
    pub fn rights(&self) -> Rights {
        match self {
            Self::Person(account) => account.rights(),
            Self::Machine(machine) => machine.rights,
            _ => Rights::default(),
        }
    }

    /// What of the estate it sees; nodes and clocks see everything, outsiders and terminals nothing.
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Person(account) => Some(&account.scope),
            Self::Machine(machine) => Some(&machine.scope),
            Self::Node(_) | Self::Timer(_) => Some(&Scope::All),
            Self::Terminal(_) | Self::Outside(_) => None,
        }
    }
}
