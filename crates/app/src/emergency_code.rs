//! Emergency codes: asked for by whoever cannot log in, mailed to the registered address, and used for one report (R1.0, R7.2).
//!
//! Invariant: who asks hears the same whether the address is known or not; a code opens nothing but a report, and only what its
//! account may report at that moment.

use domain::Timestamp;
use domain::account::{Account, Person, State};
use domain::actor::{Actor, By, STRANGER};
use domain::emergency_code::{ACCOUNTS_MAX, EmergencyCode, LASTS_MS, NEEDS, OPEN_MAX, Used};
use domain::incident::{Happened, Incident};
use domain::setting::Language;
use domain::terminal::Terminal;
use domain::work::{Id, Work};
use store::event;
use store::terminal::Filter;
use store::{Error as StoreError, Tx, row};

use crate::account::tell;
use crate::attempt::of_incident;
use crate::stop_request::MailOutcome;
use crate::work;

/// A new code: its name, its digest, and itself sealed by the edge for the mail.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Eight letters and digits.
    pub code_id: String,
    /// SHA-256 of the code.
    pub digest: [u8; 32],
    /// The code, sealed.
    pub sealed: Vec<u8>,
}

/// Has a code mailed to each account of that address that may report a loss, as far as it has not enough already.
pub fn ask(tx: &Tx<'_>, email: &str, fresh: Vec<Fresh>) -> Result<(), StoreError> {
    let people = store::account::by_contact(tx, email)?;
    let accounts = people.into_iter().take(ACCOUNTS_MAX).map(|person| person.account);
    let may = accounts.filter(|account| account.rights().has(NEEDS));
    for (account, fresh) in may.zip(fresh) {
        if store::emergency_code::open_count(tx, &account.login)? < OPEN_MAX {
            make(tx, &account, fresh)?;
        }
    }
    Ok(())
}

fn make(tx: &Tx<'_>, account: &Account, fresh: Fresh) -> Result<(), StoreError> {
    let code = EmergencyCode {
        code_id: fresh.code_id,
        code_digest: fresh.digest.to_vec(),
        login: account.login.clone(),
        made_at: tx.now(),
        ends_at: tx.now().plus_ms(LASTS_MS),
        used: None,
    };
    row::insert(tx, &code)?;
    tell(tx, &account.login, "code_asked", By::outside(STRANGER), None)?;
    let mail = Work {
        payload: Some(fresh.sealed),
        ..Work::new(Id::code_mail(&code.code_id), tx.now(), tx.now())
    };
    store::work::enqueue(tx, &mail).map(drop)
}

/// A code that works, and whose it is.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The code.
    pub code: EmergencyCode,
    /// Its account, as it is now.
    pub actor: Actor,
}

/// What a digest opens now; `None`: nothing.
pub fn open(tx: &Tx<'_>, digest: &[u8]) -> Result<Option<Opened>, StoreError> {
    let Some(code) = store::emergency_code::of_digest(tx, digest)? else {
        return Ok(None);
    };
    let account = store::account::usable(tx, &code.login)?;
    let account = account.map(|(account, _)| account);
    let account = account.filter(|account| account.rights().has(NEEDS) && tx.now() < code.ends_at);
    Ok(account.map(|account| Opened {
        code,
        actor: Actor::Person(account),
    }))
}

/// Notes which report a code was used for, and in the incident that it was. The same report again notes nothing.
pub fn used(tx: &Tx<'_>, opened: Opened, incident: &Incident) -> Result<(), StoreError> {
    if opened.code.used.is_some() {
        return Ok(());
    }
    let code = EmergencyCode {
        used: Some(Used {
            terminal_id: incident.terminal_id,
            incident_id: incident.incident_id.clone(),
        }),
        ..opened.code
    };
    row::update(tx, &code)?;
    let by = opened.actor.by();
    event::append(
        tx,
        of_incident(
            (&incident.incident_id, incident.suspended_at),
            Happened::ByCode,
            by,
            None,
        ),
    )?;
    tell(tx, &code.login, "code_used", by, Some(&incident.incident_id))
}

/// The terminals that a code's account sees, for whoever has to say which one is lost; at most `limit`.
pub fn terminals(tx: &Tx<'_>, opened: &Opened, limit: i64) -> Result<Vec<Terminal>, StoreError> {
    match opened.actor.scope() {
        Some(scope) => {
            let all = Filter {
                scope,
                search: None,
                state: None,
                merchant_id: None,
                shop_id: None,
            };
            store::terminal::list(tx, &all, None, limit)
        }
        None => Ok(Vec::new()),
    }
}

/// The mail that brings a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bringing {
    /// The address.
    pub to: String,
    /// The code, sealed.
    pub sealed: Vec<u8>,
    /// What the code is called, which it is sealed for.
    pub code_id: String,
    /// Until when it works.
    pub ends_at: Timestamp,
    /// Whose it is, by name.
    pub name: String,
    /// The person's log-in.
    pub login: String,
    /// What people are spoken to in.
    pub language: Language,
    /// In which zone times are said.
    pub time_zone: String,
}

/// The mail that work is about; `None` when it is not to be sent any more.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Bringing>, StoreError> {
    let code: Option<EmergencyCode> = row::by_id(tx, claimed.id.subject_id())?;
    let Some(code) = code.filter(|code| code.used.is_none() && tx.now() < code.ends_at) else {
        return Ok(None);
    };
    let person: Option<Person> = row::by_id(tx, &code.login)?;
    let person = person.filter(|person| person.state == State::Active);
    let settings = store::setting::get(tx)?.unwrap_or_else(domain::setting::Settings::unasked);
    Ok(person.and_then(|person| {
        Some(Bringing {
            to: person.email?,
            sealed: claimed.payload.clone()?,
            code_id: code.code_id,
            ends_at: code.ends_at,
            name: person.account.name,
            login: code.login,
            language: settings.language,
            time_zone: settings.time_zone,
        })
    }))
}

/// Writes down what became of a code's mail, and ends the claim. False when the claim was taken over meanwhile.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, node: &str, outcome: &MailOutcome) -> Result<bool, StoreError> {
    if !work::done(tx, claimed)? {
        return Ok(false);
    }
    let code: Option<EmergencyCode> = row::by_id(tx, claimed.id.subject_id())?;
    let verb = match outcome {
        MailOutcome::Accepted(_) => "code_sent",
        MailOutcome::Refused(_) => "code_refused",
        MailOutcome::Unknown(_) => "code_unknown",
        MailOutcome::Dropped => return Ok(true),
    };
    if let Some(code) = code {
        tell(tx, &code.login, verb, By::node(node), None)?;
    }
    Ok(true)
}
