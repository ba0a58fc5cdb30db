//! Imports: an estate that comes as one table, looked through line by line, and then taken over whole or not at all (R2.1).
//!
//! Invariant: nothing of an import is part of the estate before it is committed, and with one wrong line it is not committed.

use crate::account::{Account, Role, Scope};
use crate::actor::Actor;
use crate::case::{Case, Step, Who};
use crate::right::{Right, Rights};
use crate::time::{HOUR_MS, Timestamp};
use crate::{MerchantId, words};

/// Lines of an import at most.
pub const LINES_MAX: usize = 50_000;
/// Lines looked through in one transaction: the gate waits for no more.
pub const PART_LINES: usize = 200;
/// Imports that have not ended, of one merchant or of the acquirer.
pub const OPEN_MAX: i64 = 5;
/// How long one waits to be committed.
pub const OPEN_MS_MAX: i64 = 7 * 24 * HOUR_MS;
/// How long one that has ended is remembered.
pub const KEPT_MS: i64 = 90 * 24 * HOUR_MS;

words! {
    /// Where an import stands.
    pub enum State {
        /// Its file comes in.
        Uploading = "uploading",
        /// Its lines are looked through.
        Checking = "checking",
        /// They have been: what it would do is known.
        Checked = "checked",
        /// It is part of the estate.
        Done = "done",
        /// It will never be.
        Discarded = "discarded",
        /// Its file cannot be read as a table.
        Unreadable = "unreadable",
    }
}

words! {
    /// What can be done with an import.
    pub enum Verb {
        /// Take it over, whole.
        Commit = "commit",
        /// Leave it.
        Discard = "discard",
    }
}

words! {
    /// What a line would do.
    pub enum Outcome {
        /// Add a terminal.
        Added = "added",
        /// Write something else of one.
        Changed = "changed",
        /// Nothing: it is there as it is.
        Unchanged = "unchanged",
        /// It is wrong.
        Wrong = "wrong",
    }
}

words! {
    /// Why a file cannot be read as a table.
    pub enum Trouble {
        /// It is neither CSV nor XLSX.
        NotATable = "not_a_table",
        /// Its first lines have none of the columns that must be there.
        NoColumns = "no_columns",
        /// Two columns mean the same.
        TwoColumns = "two_columns",
        /// It has a column of keys, which never travel in a table.
        Keys = "keys",
        /// It has no line.
        Empty = "empty",
        /// It has more lines than [`LINES_MAX`].
        TooManyLines = "too_many_lines",
        /// Unpacked, it is larger than any table of so many lines.
        TooLarge = "too_large",
        /// Whoever brought it may not any more.
        NotAllowed = "not_allowed",
    }
}

/// How many lines have been looked through, and what they would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines of the file; 0 until it has been read.
    pub lines: i64,
    /// Lines looked through.
    pub checked: i64,
    /// Those that add a terminal.
    pub added: i64,
    /// Those that change one.
    pub changed: i64,
    /// Those that say what is there already.
    pub unchanged: i64,
    /// Those that are wrong.
    pub wrong: i64,
    /// Merchants that it adds.
    pub merchants: i64,
    /// Shops that it adds.
    pub shops: i64,
}

impl Counts {
    /// Counts a line.
    pub fn count(&mut self, outcome: Outcome) {
        self.checked += 1;
        match outcome {
            Outcome::Added => self.added += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Wrong => self.wrong += 1,
        }
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Letters and digits that begin with its time: a later one is the greater.
    pub import_id: String,
    /// Who brought it.
    pub made_by: String,
    /// As what.
    pub made_as: Role,
    /// With which rights it is looked through.
    pub made_with: Rights,
    /// Whose estate alone it is about; `None`: everybody's.
    pub merchant_id: Option<MerchantId>,
    /// When it came.
    pub made_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What the file was called.
    pub file_name: String,
    /// Whether the node that took it has a gate.
    pub has_gate: bool,
    /// Where it stands.
    pub state: State,
    /// Why it cannot be read.
    pub trouble: Option<Trouble>,
    /// How far it is.
    pub counts: Counts,
}

impl Import {
    /// What whoever brought it sees.
    pub fn scope(&self) -> Scope {
        self.merchant_id.map_or(Scope::All, Scope::Merchant)
    }

    /// Whether that account has the rights it is looked through with.
    pub fn is_by_rights_of(&self, account: &Account) -> bool {
        account.role == self.made_as
            && account.scope == self.scope()
            && account.rights().has_all(self.made_with)
    }
}

/// Who brings an estate: whoever adds terminals; each line is looked through with all of that person's rights.
pub const KEEPERS: Who = Who::With(Right::KeepTerminal);

/// It has neither been taken over nor given up.
const UNDER_WAY: &[State] = &[State::Uploading, State::Checking, State::Checked];

impl Case for Import {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step::new(Verb::Commit, &[State::Checked], Some(State::Done), KEEPERS).by_person(),
        Step::new(Verb::Discard, UNDER_WAY, Some(State::Discarded), KEEPERS).by_person(),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    /// What was found out with one person's rights is nobody's with others.
    fn allows(&self, actor: &Actor) -> bool {
        matches!(actor, Actor::Person(account) if self.is_by_rights_of(account))
    }

    fn hinders(&self, verb: Verb) -> bool {
        let Counts {
            added,
            changed,
            wrong,
            ..
        } = self.counts;
        verb == Verb::Commit && (wrong > 0 || added + changed == 0)
    }
}

/// Whether somebody of that scope sees an import.
pub fn seen_by(scope: &Scope, merchant_id: Option<MerchantId>) -> bool {
    match scope {
        Scope::All => true,
        Scope::Merchant(own) => merchant_id == Some(*own),
        Scope::Shop(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{actions, walk};
    use crate::fixture::{merchant, person};

    fn import(state: State, counts: Counts) -> Import {
        Import {
            import_id: "I1".into(),
            made_by: "owner".into(),
            made_as: Role::Owner,
            made_with: Rights::of(Role::Owner),
            merchant_id: Some(merchant("M1")),
            made_at: Timestamp(0),
            ended_at: None,
            file_name: "estate.xlsx".into(),
            has_gate: false,
            state,
            trouble: None,
            counts,
        }
    }

    #[test]
    fn only_what_was_looked_through_without_fault_is_committed_and_only_with_the_same_rights() {
        let actors = [
            ("owner", person(Role::Owner, Scope::Merchant(merchant("M1")))),
            ("stranger", person(Role::Owner, Scope::Merchant(merchant("M2")))),
            ("risk", person(Role::RiskOfficer, Scope::All)),
            ("node", Actor::Node("n".into())),
        ];
        let mut counts = Counts::default();
        counts.count(Outcome::Added);
        let wanted = [
            "uploading commit: owner:- stranger:no risk:no node:no",
            "uploading discard: owner:discarded stranger:no risk:no node:no",
            "checking commit: owner:- stranger:no risk:no node:no",
            "checking discard: owner:discarded stranger:no risk:no node:no",
            "checked commit: owner:done stranger:no risk:no node:no",
            "checked discard: owner:discarded stranger:no risk:no node:no",
            "done commit: owner:- stranger:no risk:no node:no",
            "done discard: owner:- stranger:no risk:no node:no",
            "discarded commit: owner:- stranger:no risk:no node:no",
            "discarded discard: owner:- stranger:no risk:no node:no",
            "unreadable commit: owner:- stranger:no risk:no node:no",
            "unreadable discard: owner:- stranger:no risk:no node:no",
        ];
        assert_eq!(walk(|state| import(state, counts), &actors), wanted);
        counts.count(Outcome::Wrong);
        let owner = &actors[0].1;
        assert_eq!(actions(&import(State::Checked, counts), owner), [Verb::Discard]);
        let nothing = import(State::Checked, Counts::default());
        assert_eq!(actions(&nothing, owner), [Verb::Discard]);
    }
}
