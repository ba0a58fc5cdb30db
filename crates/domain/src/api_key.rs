//! API keys: by which a program calls the API, as an acquirer's core system or a shop's own does (R7.2).
//!
//! A key is the house's, a merchant's or a shop's, and of nobody who works there: it outlasts whoever made it.
//!
//! Invariant: a key has at most what whoever made it could give then, what a program may have, and what its place may have now.

use crate::account::{Role, Scope, seen_by};
use crate::actor::Actor;
use crate::case::{Adding, Case, ListVerb, Step, Who};
use crate::right::{Right, Rights};
use crate::time::{HOUR_MS, Timestamp};
use crate::words;

/// What every key and its number begin with, so that those who look for lost secrets find it.
pub const PREFIX: &str = "tg_";
/// How long a key works at most: to the same day of the next year.
pub const LASTS_MS_MAX: i64 = 366 * 24 * HOUR_MS;
/// How long before its end a key is said to end soon.
pub const SOON_MS: i64 = 14 * 24 * HOUR_MS;
/// Keys of one place that work at once.
pub const WORKING_MAX: i64 = 50;
/// How often it is noted that a key is used from where it was.
pub const NOTE_EVERY_MS: i64 = 60_000;
/// How often at most, when it is used from somewhere else.
pub const NOTE_MOVE_EVERY_MS: i64 = 5_000;

words! {
    /// Whether a key may be used.
    pub enum State {
        /// It may, until it ends.
        Active = "active",
        /// Not any more.
        Revoked = "revoked",
    }
}

words! {
    /// What can be done with a key.
    pub enum Verb {
        /// Let it be used no more, from this moment.
        Revoke = "revoke",
    }
}

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Eight letters and digits: the part of the key that may be shown.
    pub api_key_id: String,
    /// SHA-256 of its secret.
    pub secret_digest: Vec<u8>,
    /// What uses it.
    pub name: String,
    /// Whose it is, and so what it sees.
    pub scope: Scope,
    /// What it was given.
    pub rights: Rights,
    /// Whether it may be used.
    pub state: State,
    /// Who made it, by log-in.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Until when it works.
    pub ends_at: Timestamp,
    /// When it was last used, to the minute; `None`: never.
    pub used_at: Option<Timestamp>,
    /// From which address, when the listener has said it.
    pub used_from: Option<String>,
}

/// A program that acts by a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// How events name it; see [`named`].
    pub by: String,
    /// What people are told it is; see [`ApiKey::called`].
    pub name: String,
    /// What it sees.
    pub scope: Scope,
    /// What it may do.
    pub rights: Rights,
}

/// How events name the key of that identifier. A log-in has no colon.
pub fn named(api_key_id: &str) -> String {
    format!("key:{api_key_id}")
}

/// The identifier of the key that is named so.
pub fn of_name(name: &str) -> Option<&str> {
    name.strip_prefix("key:")
}

/// What a key of that scope may have at most: of what people of the place have, what a program may.
pub fn at_most(scope: &Scope) -> Rights {
    let role = match scope {
        Scope::All => Role::RiskOfficer,
        Scope::Merchant(_) => Role::Owner,
        Scope::Shop(..) => Role::Manager,
    };
    Rights::of(role).without_peoples()
}

words! {
    /// Why a key opens nothing.
    pub enum Shut {
        /// There is no such key.
        Unknown = "unknown",
        /// Its secret is another.
        AnotherSecret = "another_secret",
        /// It was revoked.
        Revoked = "revoked",
        /// Its time is over.
        Over = "over",
    }
}

impl ApiKey {
    /// The program that has it. Of a place that is not in business any more it sees what there was, and may do nothing.
    pub fn opened(&self, is_in_business: bool, now: Timestamp) -> Result<Machine, Shut> {
        match (self.state, self.is_over(now)) {
            (State::Revoked, _) => Err(Shut::Revoked),
            (State::Active, true) => Err(Shut::Over),
            (State::Active, false) => Ok(Machine {
                by: named(&self.api_key_id),
                name: self.called(),
                rights: match is_in_business {
                    true => self.rights.and(at_most(&self.scope)),
                    false => Rights::default(),
                },
                scope: self.scope.clone(),
            }),
        }
    }

    /// How the program that has it is named among people: with the number, so that no name passes for a person's.
    pub fn called(&self) -> String {
        format!("{} ({PREFIX}{})", self.name, self.api_key_id)
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// Whether it works, and will not for long.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        let left_ms = self.ends_at.0.saturating_sub(now.0);
        self.state == State::Active && (1..=SOON_MS).contains(&left_ms)
    }

    /// Whether it is time to note that it is used from there.
    pub fn is_stale(&self, now: Timestamp, from: Option<&str>) -> bool {
        let every_ms = match self.used_from.as_deref() == from {
            true => NOTE_EVERY_MS,
            false => NOTE_MOVE_EVERY_MS,
        };
        self.used_at
            .is_none_or(|used_at| used_at.plus_ms(every_ms) <= now)
    }
}

/// Who may make keys and revoke them.
const GIVERS: Who = Who::With(Right::GiveRights);

impl Case for ApiKey {
    type State = State;
    type Verb = Verb;
    // Whoever finds a key where it should not be does not look for a second factor first.
    const STEPS: &'static [Step<State, Verb>] = &[Step::new(
        Verb::Revoke,
        &[State::Active],
        Some(State::Revoked),
        GIVERS,
    )];
    const ADDING: Adding = Adding {
        who: GIVERS,
        ways: &[ListVerb::Create],
    };

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    /// Whoever makes a key holds it. So an administrator, too, gives it only what is the own: nobody gives oneself more.
    fn allows(&self, actor: &Actor) -> bool {
        let Actor::Person(by) = actor else { return false };
        let most = at_most(&self.scope).and(by.rights());
        most.has_all(self.rights) && by.may_grant(self.rights, &self.scope)
    }

    /// Nobody has to be able to give what it has to take it away.
    fn allows_to(&self, verb: Verb, actor: &Actor) -> bool {
        match verb {
            Verb::Revoke => actor.scope().is_some_and(|own| seen_by(own, &self.scope)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{NotTaken, decide, may_add, proved, walk};
    use crate::fixture::{account, everybody, merchant, person};
    use crate::incident;
    use crate::right::{Object, may};

    fn key(scope: Scope, rights: Rights) -> ApiKey {
        ApiKey {
            api_key_id: "K1".into(),
            secret_digest: vec![7; 32],
            name: "ERP".into(),
            scope,
            rights,
            state: State::Active,
            made_by: "owner".into(),
            made_at: Timestamp(0),
            ends_at: Timestamp(SOON_MS),
            used_at: None,
            used_from: None,
        }
    }

    fn ours() -> Scope {
        Scope::Merchant(merchant("M1"))
    }

    #[test]
    fn a_key_is_revoked_by_who_gives_rights_and_never_comes_back() {
        let at = |state| ApiKey {
            state,
            ..key(ours(), Rights::new(&[Right::ReportLoss]))
        };
        let wanted = [
            "active revoke: owner:revoked stranger:no manager:no risk:revoked auditor:no",
            "revoked revoke: owner:- stranger:no manager:no risk:- auditor:no",
        ];
        assert_eq!(walk(at, &everybody()), wanted);
    }

    #[test]
    fn a_key_is_made_with_at_most_what_its_maker_has() {
        let adds =
            |scope: Scope, rights: &[Right], actor: &Actor| may_add(&key(scope, Rights::new(rights)), actor);
        let [(_, owner), (_, stranger), (_, manager), (_, risk), (_, auditor)] = everybody();
        let loss = &[Right::ReportLoss, Right::KeepTerminal][..];
        assert!(adds(ours(), loss, &owner) && adds(ours(), loss, &risk) && adds(Scope::All, loss, &risk));
        assert!(adds(
            Scope::Shop(merchant("M1"), "S1".into()),
            &[Right::ReportLoss],
            &owner
        ));
        for actor in [&stranger, &manager, &auditor] {
            assert!(!adds(ours(), loss, actor), "{actor:?}");
        }
        assert!(!adds(Scope::All, loss, &owner), "more than the owner sees");
        assert!(
            !adds(ours(), &[Right::KeepGate], &risk),
            "more than a merchant has"
        );
        let administrator = person(Role::Administrator, Scope::All);
        assert!(adds(Scope::All, &[Right::SeeRecord], &administrator));
        assert!(
            !adds(Scope::All, loss, &administrator),
            "more than oneself may do"
        );
        let mut narrowed = account(Role::Owner, ours());
        narrowed.custom_role = Some(crate::account::Narrowed {
            custom_role_id: "R1".into(),
            rights: Rights::new(&[Right::GiveRights, Right::ReportLoss]),
        });
        let narrowed = Actor::Person(narrowed);
        assert!(adds(ours(), &[Right::ReportLoss], &narrowed) && !adds(ours(), loss, &narrowed));
    }

    #[test]
    fn no_key_has_what_is_peoples_whatever_its_row_says() {
        for scope in [Scope::All, ours(), Scope::Shop(merchant("M1"), "S1".into())] {
            let made = key(scope.clone(), Rights::all());
            assert!(!may_add(&made, &person(Role::RiskOfficer, Scope::All)));
            let actor = Actor::Machine(made.opened(true, Timestamp(0)).unwrap());
            let mut has = 0;
            for right in Right::ALL {
                has += usize::from(may(&actor, right, Object::Seen));
                assert!(
                    !(right.is_peoples() && may(&actor, right, Object::Seen)),
                    "{right:?}"
                );
            }
            assert!(has > 0, "{scope:?}");
            assert_eq!(proved(&actor), Err(NotTaken::PersonRequired));
            // A person who found it would otherwise be the first one, too.
            let steps = <incident::Incident as Case>::STEPS.iter();
            let by_people: Vec<_> = steps
                .filter(|step| step.by_person)
                .map(|step| step.verb)
                .collect();
            assert_eq!(
                by_people,
                [
                    incident::Verb::ProposeFound,
                    incident::Verb::Inspect,
                    incident::Verb::ConfirmFound,
                    incident::Verb::Close,
                    incident::Verb::Reopen,
                    incident::Verb::SayMoment,
                ]
            );
            let revoking = decide(&key(scope, Rights::default()), Verb::Revoke, &actor);
            assert_eq!(revoking.err(), Some(NotTaken::PersonRequired));
        }
    }

    #[test]
    fn a_key_opens_until_it_ends_or_is_revoked() {
        let rights = Rights::new(&[Right::ReportLoss]);
        let made = key(ours(), rights);
        let opened = made.opened(true, Timestamp(SOON_MS - 1)).unwrap();
        assert_eq!((opened.by.as_str(), of_name(&opened.by)), ("key:K1", Some("K1")));
        assert_eq!((&opened.scope, opened.rights), (&made.scope, rights));
        assert_eq!(
            (opened.name, made.called()),
            ("ERP (tg_K1)".into(), "ERP (tg_K1)".into())
        );
        assert_eq!(made.opened(true, made.ends_at), Err(Shut::Over));
        let retired = made.opened(false, Timestamp(0)).unwrap();
        assert_eq!((retired.scope, retired.rights), (ours(), Rights::default()));
        let revoked = ApiKey {
            state: State::Revoked,
            ..made.clone()
        };
        assert_eq!(revoked.opened(true, Timestamp(0)), Err(Shut::Revoked));
        assert!(made.ends_soon(Timestamp(0)) && !made.ends_soon(made.ends_at));
        assert!(!made.ends_soon(Timestamp(-1)));
        let used = ApiKey {
            used_at: Some(Timestamp(0)),
            used_from: Some("192.0.2.7".into()),
            ..made.clone()
        };
        assert!(made.is_stale(Timestamp(0), None));
        let is_stale = |from, at_ms| used.is_stale(Timestamp(at_ms), Some(from));
        assert!(!is_stale("192.0.2.7", NOTE_EVERY_MS - 1) && is_stale("192.0.2.7", NOTE_EVERY_MS));
        assert!(!is_stale("192.0.2.8", NOTE_MOVE_EVERY_MS - 1) && is_stale("192.0.2.8", NOTE_MOVE_EVERY_MS));
    }
}
