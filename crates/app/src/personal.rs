//! What the house keeps about one person: all of it, for that person; and all of it gone, but for what has to be kept (R3.4).
//!
//! Invariant: what is handed over holds no secret; whoever asks for somebody else sees no event of a thing that is not theirs to see.

use std::collections::HashMap;

use domain::Timestamp;
use domain::account::{Account, Person, Scope, Verb};
use domain::actor::Actor;
use domain::api_key::ApiKey;
use domain::attachment::Attachment;
use domain::contact::Contact;
use domain::custom_role::CustomRole;
use domain::duty::Duty;
use domain::duty_mail::Often;
use domain::emergency_code::EmergencyCode;
use domain::event::{Event, Subject};
use domain::factor::Factor;
use domain::import::Import;
use domain::incident::Incident;
use domain::invitation::Invitation;
use domain::letter::Letter;
use domain::merchant::Merchant;
use domain::operator::Cashier;
use domain::personal::Ground;
use domain::photo::Photo;
use domain::question::Question;
use domain::registration::{Registration, seen_by as sees_registrations};
use domain::replacement::Replacement;
use domain::revision::Revision;
use domain::session::Session;
use domain::shop::Shop;
use domain::statement::Statement;
use domain::terminal::Terminal;
use domain::work::Work;
use store::event::Spot;
use store::{Error as StoreError, Tx};

use crate::case::{Error, Noun, find, step};

/// Rows of each kind that are handed over at most, the newest; events come page by page.
pub const ROWS_MAX: i64 = 1_000;

/// What is kept about a person, without what that person did.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The account, and where the person can be reached.
    pub person: Person,
    /// When mails about duties are wanted.
    pub duty_mails: Often,
    /// Sessions that last.
    pub sessions: Vec<Session>,
    /// Second factors; their secrets are handed to nobody.
    pub factors: Vec<Factor>,
    /// Recovery codes that are not used yet.
    pub recovery_codes_left: i64,
    /// Invitations that made the account or were for it, as long as they are remembered.
    pub invitations: Vec<Invitation>,
    /// Codes for a report without a log-in.
    pub emergency_codes: Vec<EmergencyCode>,
    /// What the merchant signed up with whose first owner the person is.
    pub registrations: Vec<Registration>,
    /// Files that the person brought to incidents; to somebody else those of incidents that one sees.
    pub attachments: Vec<Attachment>,
    /// Files of transactions that the person brought; to somebody else those that one sees.
    pub statements: Vec<Statement>,
    /// Photos of terminals that the person added; to somebody else those of terminals that one sees.
    pub photos: Vec<Photo>,
}

/// What is kept about the person of that log-in. To somebody else only registrations that one sees.
pub fn kept(tx: &Tx<'_>, reader: &Actor, login: &str) -> Result<Option<Kept>, StoreError> {
    let Some(person) = Person::get(tx, login)? else {
        return Ok(None);
    };
    Ok(Some(Kept {
        person,
        duty_mails: crate::duty_mail::chosen(tx, login)?,
        sessions: store::session::of(tx, login, ROWS_MAX)?,
        factors: store::factor::of(tx, login, ROWS_MAX)?,
        recovery_codes_left: store::factor::codes_left(tx, login)?,
        invitations: store::invitation::of(tx, login, ROWS_MAX)?,
        emergency_codes: store::emergency_code::of(tx, login, ROWS_MAX)?,
        registrations: match reader.name() == login || reader.scope().is_some_and(sees_registrations) {
            true => store::registration::of_login(tx, login, ROWS_MAX)?,
            false => Vec::new(),
        },
        attachments: seen(tx, reader, login, store::attachment::by(tx, login, ROWS_MAX)?)?,
        statements: seen(tx, reader, login, store::statement::by(tx, login, ROWS_MAX)?)?,
        photos: seen(tx, reader, login, store::photo::by(tx, login, ROWS_MAX)?)?,
    }))
}

/// Those of what a person brought that the reader sees: the person, all of it.
fn seen<N: Noun>(tx: &Tx<'_>, reader: &Actor, login: &str, brought: Vec<N>) -> Result<Vec<N>, StoreError> {
    let mut seen = Vec::new();
    for it in brought {
        let is_seen = match reader.scope() {
            _ if reader.name() == login => true,
            Some(scope) => it.seen_by(tx, scope)?,
            None => false,
        };
        if is_seen {
            seen.push(it);
        }
    }
    Ok(seen)
}

/// A page of what a person did and of what was done with the account.
#[derive(Clone, Debug)]
pub struct Done {
    /// The oldest first.
    pub events: Vec<Event>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<Spot>,
}

/// What the person of that log-in did, after a place and until a time; at most `limit`. To somebody else only what happened to things
/// that one sees; to nobody what is withheld: what is handed over is read elsewhere.
pub fn done(
    tx: &Tx<'_>,
    reader: &Actor,
    login: &str,
    after: &Spot,
    until: Timestamp,
    limit: i64,
) -> Result<Done, StoreError> {
    let events = store::event::of_person(tx, login, after, until, limit)?;
    let next = (events.len() as i64 == limit).then(|| events.last().map(store::event::spot));
    let (mut shown, mut seen) = (Vec::with_capacity(events.len()), HashMap::new());
    for event in events.into_iter().filter(|event| !event.subject.is_withheld()) {
        let key = (event.subject, event.subject_id.clone());
        let is_shown = match seen.get(&key) {
            _ if reader.name() == login => true,
            Some(is_seen) => *is_seen,
            None => {
                let is_seen = is_seen(tx, reader, &event)?;
                seen.insert(key, is_seen);
                is_seen
            }
        };
        if is_shown {
            shown.push(event);
        }
    }
    Ok(Done {
        events: shown,
        next: next.flatten(),
    })
}

/// Whether the reader sees what an event is about.
fn is_seen(tx: &Tx<'_>, reader: &Actor, event: &Event) -> Result<bool, StoreError> {
    fn sees<N: Noun>(tx: &Tx<'_>, reader: &Actor, id: &str) -> Result<bool, StoreError> {
        match find::<N>(tx, reader, id) {
            Ok(_) => Ok(true),
            Err(Error::Store(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }
    let id = event.subject_id.as_str();
    match event.subject {
        _ if reader.scope() == Some(&Scope::All) => Ok(true),
        // Of a hold, what people of the house say of it is for the house alone.
        Subject::Setting | Subject::SettlementHold | Subject::SuspiciousReport => Ok(false),
        Subject::Terminal => sees::<Terminal>(tx, reader, id),
        Subject::Incident => sees::<Incident>(tx, reader, id),
        Subject::Contact => sees::<Contact>(tx, reader, id),
        Subject::Work => sees::<Work>(tx, reader, id),
        Subject::Account => sees::<Person>(tx, reader, id),
        Subject::CustomRole => sees::<CustomRole>(tx, reader, id),
        Subject::Merchant => sees::<Merchant>(tx, reader, id),
        Subject::Shop => sees::<Shop>(tx, reader, id),
        Subject::Operator => sees::<Cashier>(tx, reader, id),
        Subject::Invitation => sees::<Invitation>(tx, reader, id),
        Subject::Import => sees::<Import>(tx, reader, id),
        Subject::Registration => sees::<Registration>(tx, reader, id),
        Subject::ApiKey => sees::<ApiKey>(tx, reader, id),
        Subject::Duty => sees::<Duty>(tx, reader, id),
        Subject::Replacement => sees::<Replacement>(tx, reader, id),
        Subject::Attachment => sees::<Attachment>(tx, reader, id),
        Subject::Letter => sees::<Letter>(tx, reader, id),
        Subject::Photo => sees::<Photo>(tx, reader, id),
        Subject::Question => sees::<Question>(tx, reader, id),
        Subject::Revision => sees::<Revision>(tx, reader, id),
        Subject::Statement => sees::<Statement>(tx, reader, id),
    }
}

/// Answers somebody's request for what is kept about that person, with an event that says why.
pub fn hand_over(tx: &Tx<'_>, actor: &Actor, login: &str, reason: &str) -> Result<Person, Error> {
    step(tx, actor, login, Verb::Export, Some(reason), |_| ())
}

/// Erases a person whose account is disabled: how the person is called and reached, all that opened something, and what was said of
/// the account. The log-in stays, because the record names it and nobody else may get it; so does what [`grounds`] names.
pub fn erase(tx: &Tx<'_>, actor: &Actor, login: &str, reason: &str) -> Result<Person, Error> {
    store::audit::lock(tx)?;
    store::audit::erase_said_of_account(tx, login)?;
    let erase = |person: &mut Person| {
        let erased = Account {
            name: login.to_owned(),
            custom_role: None,
            ..person.account.clone()
        };
        *person = Person {
            account: erased,
            email: None,
            phone: None,
            ..person.clone()
        };
    };
    let person = step(tx, actor, login, Verb::Erase, Some(reason), erase)?;
    store::account::forget_secrets(tx, login)?;
    store::factor::delete_of(tx, login)?;
    crate::account::end_all(tx, login)?;
    store::invitation::delete_of(tx, login)?;
    store::emergency_code::delete_of(tx, login)?;
    store::idempotency::delete_of(tx, login)?;
    store::mention::delete_of(tx, login)?;
    store::duty_mail::delete_of(tx, login)?;
    Ok(person)
}

/// Why something is kept of a person who is erased, and until when; `None`: as long as the record, or as the rules of the trade say.
pub fn grounds(tx: &Tx<'_>, login: &str) -> Result<Vec<(Ground, Option<Timestamp>)>, StoreError> {
    let mut grounds = vec![(Ground::Record, None)];
    if let Some(until) = kept_until(tx, login)? {
        grounds.push((Ground::Case, Some(until)));
    }
    if !store::registration::of_login(tx, login, 1)?.is_empty() {
        grounds.push((Ground::Customer, None));
    }
    Ok(grounds)
}

/// Until when what a person said of incidents is kept: the last of them is forgotten then; `None`: nothing is.
pub fn kept_until(tx: &Tx<'_>, login: &str) -> Result<Option<Timestamp>, StoreError> {
    let closed = store::incident::last_closed_of(tx, login)?;
    Ok(closed.map(|at| at.plus_ms(crate::clean_up::CASES_KEPT_MS)))
}
