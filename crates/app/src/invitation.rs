//! Invitations: made, taken back, and accepted by whoever has the link (R7.1).
//!
//! Invariant: a link gives nothing that the one who made it may not give at the moment it is used.

use domain::account::{Account, Person, Proof, Scope, State as AccountState, Verb as AccountVerb, seen_by};
use domain::actor::{Actor, By};
use domain::case::proved;
use domain::event::Subject;
use domain::invitation::{Invitation, LASTS_MS, State};
use store::event::{self, New};
use store::{Error as StoreError, Tx, row};

use crate::account::{Given, held_role, may_grant, reset_password, usable_role};
use crate::case::{self, Error, Noun, Stateful, step};

impl Noun for Invitation {
    const SUBJECT: Subject = Subject::Invitation;

    fn id(&self) -> &str {
        &self.invitation_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(seen_by(scope, &self.scope))
    }
}

impl Stateful for Invitation {}

/// A new link: how it is named, and the digest of the token in it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Eight letters and digits.
    pub invitation_id: String,
    /// SHA-256 of the token.
    pub token_digest: [u8; 32],
}

/// Invites somebody to an account of that role and scope.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    link: Link,
    name: String,
    given: Given,
) -> Result<Invitation, Error> {
    may_grant(tx, actor, &given)?;
    proved(actor)?;
    case::add(tx, actor, made(tx, actor, link, None, (name, given)))
}

fn made(
    tx: &Tx<'_>,
    actor: &Actor,
    link: Link,
    login: Option<String>,
    (name, given): (String, Given),
) -> Invitation {
    Invitation {
        invitation_id: link.invitation_id,
        token_digest: link.token_digest.to_vec(),
        login,
        name,
        role: given.role,
        scope: given.scope,
        custom_role: given.custom_role,
        state: State::Open,
        made_by: actor.name().to_owned(),
        made_at: tx.now(),
        ends_at: tx.now().plus_ms(LASTS_MS),
    }
}

/// Makes a link by which the person of that account chooses another password; it takes the place of one made before.
pub fn link(tx: &Tx<'_>, actor: &Actor, login: &str, link: Link) -> Result<Invitation, Error> {
    let person: Person = step(tx, actor, login, AccountVerb::Link, None, |_| ())?;
    store::invitation::withdraw_of(tx, login)?;
    let account = person.account;
    let given = Given::of(&account);
    case::add(
        tx,
        actor,
        made(tx, actor, link, Some(account.login), (account.name, given)),
    )
}

/// Why a link gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotAccepted {
    /// It was used, taken back, is too old, or never was.
    #[error("the link does not work any more")]
    Over,
    /// The login is somebody else's already.
    #[error("the login is taken")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for NotAccepted {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(name) if name == store::account::UNIQUE => Self::Taken,
            error => Self::Store(error),
        }
    }
}

/// What a token opens now.
pub fn open(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Invitation, NotAccepted> {
    let mut invitation = store::invitation::of_token(tx, token_digest)?.ok_or(NotAccepted::Over)?;
    if !invitation.works(tx.now()) {
        return Err(NotAccepted::Over);
    }
    // What it leaves of the role is what its custom role leaves now.
    if let Some(narrowed) = &mut invitation.custom_role {
        let custom_role = usable_role(tx, &narrowed.custom_role_id)?.ok_or(NotAccepted::Over)?;
        narrowed.rights = custom_role.details.rights;
    }
    // Whoever made it may have lost the right to; the account it is for may be no more, or have more rights by now.
    let account = match &invitation.login {
        None => None,
        Some(login) => Some(store::account::usable(tx, login)?.ok_or(NotAccepted::Over)?.0),
    };
    let (rights, scope) = match &account {
        None => (invitation.rights(), &invitation.scope),
        Some(account) => (account.rights(), &account.scope),
    };
    let maker = store::account::usable(tx, &invitation.made_by)?;
    match maker.is_some_and(|(maker, _)| maker.may_grant(rights, scope)) {
        true => Ok(invitation),
        false => Err(NotAccepted::Over),
    }
}

/// What the one who accepts says.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What the person will type to log in; not used where the link is for an account.
    pub login: String,
    /// How others see the person.
    pub name: String,
    /// Where the person can be reached by mail; not used where the link is for an account.
    pub email: Option<String>,
    /// The hash of the password.
    pub password_hash: String,
}

/// Uses a link, once: makes its account, or gives its account another password. Answers the account.
pub fn accept(tx: &Tx<'_>, token_digest: &[u8], said: Accepted) -> Result<Account, NotAccepted> {
    let opened = open(tx, token_digest)?;
    // Its account first, as whoever changes that does.
    if let Some(login) = &opened.login
        && let Some(person) = Person::get(tx, login)?
    {
        person.lock(tx)?;
    }
    opened.lock(tx)?;
    if let Some(narrowed) = &opened.custom_role {
        held_role(tx, &narrowed.custom_role_id)?;
    }
    let mut invitation = open(tx, token_digest)?;
    let account = match &invitation.login {
        Some(login) => {
            let (account, _) = store::account::usable(tx, login)?.ok_or(NotAccepted::Over)?;
            reset_password(tx, By::person(login), login, &said.password_hash)?;
            account
        }
        None => {
            let account = Account {
                login: said.login,
                name: said.name,
                role: invitation.role,
                scope: invitation.scope.clone(),
                custom_role: invitation.custom_role.clone(),
                proof: Proof::default(),
            };
            store::account::insert(tx, &account, &said.password_hash)?;
            store::account::set_email(tx, &account.login, said.email.as_deref())?;
            let person = Person {
                account: account.clone(),
                email: said.email,
                phone: None,
                state: AccountState::Active,
            };
            case::tell(tx, &Actor::Person(account.clone()), &person, "create", None)?;
            account
        }
    };
    invitation.state = State::Accepted;
    row::update(tx, &invitation)?;
    let new = New {
        subject: Subject::Invitation,
        subject_id: &invitation.invitation_id,
        at: tx.now(),
        verb: "accept",
        by: By::person(&account.login),
        text: None,
        ledger_sequence: None,
    };
    event::append(tx, new)?;
    Ok(account)
}
