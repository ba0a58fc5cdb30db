//! Revisions of the house's texts: written by one person, signed off by another, and used from then on.
//!
//! Whose a house's texts are is said by its settings: the shop's that runs it, or the acquirer's. What a text of a kind may say is not
//! asked here but by that kind.
//!
//! Invariant: what is changed, proposed and signed off is the very text that the person saw, by its digest.

use domain::account::Scope;
use domain::actor::Actor;
use domain::case::{Case as _, decide};
use domain::event::{Subject, Verb as Told};
use domain::hex;
use domain::revision::{Kind, OPEN_MAX, Revision, State, Verb};
use domain::right::{Object, Right, may};
use domain::setting::Settings;
use sha2::{Digest as _, Sha256};
use store::revision::Of;
use store::{Error as StoreError, Tx, row};

use crate::case::{self, Against, Error, Noun, Stateful};

impl Noun for Revision {
    const SUBJECT: Subject = Subject::Revision;
    const UNIQUE: Option<&'static str> = Some(store::revision::UNIQUE);

    fn id(&self) -> &str {
        &self.revision_id
    }

    /// Which text it was, and the words of whoever did it.
    fn told_as(&self, text: Option<&str>) -> Option<String> {
        let (kind, name, version) = (self.kind.code(), &self.name, self.version);
        let which = format!("{kind} {name} {version} sha256:{}", digest(&self.text));
        Some(text.map_or_else(|| which.clone(), |text| format!("{which}\n{text}")))
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(Self::seen_by(self, scope))
    }
}

impl Stateful for Revision {
    fn names_what_is(&self, tx: &Tx<'_>) -> Result<(), Error> {
        let open = store::revision::open_count(tx, self.kind, self.merchant_id)?;
        match usize::try_from(open).is_ok_and(|open| open < OPEN_MAX) {
            true => Ok(()),
            false => Err(Error::Against(Against::TooManyRevisions)),
        }
    }

    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        if (verb, self.state) != (Verb::SignOff, State::Proposed) {
            return Ok(());
        }
        match store::revision::in_use(tx, of(self))? {
            Some(used) if used.version > self.version => Err(Error::Against(Against::LaterInUse)),
            _ => Ok(()),
        }
    }
}

fn of(it: &Revision) -> Of<'_> {
    Of {
        kind: it.kind,
        merchant_id: it.merchant_id,
        name: &it.name,
    }
}

/// SHA-256 of a text, in hexadecimal digits: what people say which text they mean by.
pub fn digest(text: &str) -> String {
    hex::of(&Sha256::digest(text))
}

/// Those of that kind and name of this house.
pub fn named(tx: &Tx<'_>, kind: Kind, name: &str, limit: i64) -> Result<Vec<Revision>, StoreError> {
    let merchant_id = settings(tx)?.keeper();
    let of = Of {
        kind,
        merchant_id,
        name,
    };
    store::revision::list(tx, of, limit)
}

/// The one of that kind and name that this house uses; `None`: what comes with the software.
pub fn in_use(tx: &Tx<'_>, kind: Kind, name: &str) -> Result<Option<Revision>, StoreError> {
    let merchant_id = settings(tx)?.keeper();
    let of = Of {
        kind,
        merchant_id,
        name,
    };
    store::revision::in_use(tx, of)
}

/// Whether the actor keeps the texts of this house.
pub fn keeps(tx: &Tx<'_>, actor: &Actor) -> Result<bool, StoreError> {
    let object = settings(tx)?.keeper().map_or(Object::House, Object::Merchant);
    Ok(may(actor, Right::KeepRevision, object))
}

/// Fails for who does not.
pub fn kept_by(tx: &Tx<'_>, actor: &Actor) -> Result<(), Error> {
    match keeps(tx, actor)? {
        true => Ok(()),
        false => Err(Revision::ADDING.who.refusal(actor).into()),
    }
}

/// People who keep texts, as far as they are looked for.
const KEEPERS_MAX: usize = 50;

/// The log-ins of those who keep the texts of this house; at most 50.
pub fn keepers(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    match settings(tx)?.keeper() {
        None => store::account::of_house(tx, Right::KeepRevision, KEEPERS_MAX),
        // No shop has that name: those over the whole of the merchant.
        Some(merchant_id) => store::account::of_shop(tx, Right::KeepRevision, (merchant_id, ""), KEEPERS_MAX),
    }
}

fn settings(tx: &Tx<'_>) -> Result<Settings, StoreError> {
    Ok(store::setting::get(tx)?.unwrap_or_else(Settings::unasked))
}

/// The one of that identifier, when it is of that kind and the actor may see it.
pub fn find(tx: &Tx<'_>, actor: &Actor, kind: Kind, id: &str) -> Result<Revision, Error> {
    let it: Revision = case::find(tx, actor, id)?;
    match it.kind == kind {
        true => Ok(it),
        false => Err(Error::NotFound(Subject::Revision)),
    }
}

/// The same as nobody else changes it any more, if the actor may do that with it now.
fn held(tx: &Tx<'_>, actor: &Actor, (kind, id): (Kind, &str), verb: Verb) -> Result<Revision, Error> {
    find(tx, actor, kind, id)?;
    let it: Revision = case::locked(tx, actor, id)?;
    decide(&it, verb, actor)?;
    Ok(it)
}

/// The same, if its text is the one that the actor saw.
fn seen(tx: &Tx<'_>, actor: &Actor, of: (Kind, &str), verb: Verb, sha256: &str) -> Result<Revision, Error> {
    let it = held(tx, actor, of, verb)?;
    match digest(&it.text) == sha256 {
        true => Ok(it),
        false => Err(Error::Against(Against::TextChanged)),
    }
}

/// A text to begin with.
#[derive(Clone, Debug)]
pub struct New<'a> {
    /// Eight letters and digits.
    pub revision_id: String,
    /// What it is for.
    pub kind: Kind,
    /// Which one of those there are.
    pub name: &'a str,
    /// The version that comes with the software.
    pub built_in: u32,
}

/// Begins a draft; `text` is told which version it is.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    new: New<'_>,
    text: impl FnOnce(u32) -> String,
) -> Result<Revision, Error> {
    // So no two of a house are given one version.
    let settings = store::setting::lock(tx)?.unwrap_or_else(Settings::unasked);
    let merchant_id = settings.keeper();
    let of = Of {
        kind: new.kind,
        merchant_id,
        name: new.name,
    };
    let last = store::revision::last_version(tx, of)?.unwrap_or(0);
    let version = last.max(new.built_in).saturating_add(1);
    let it = Revision {
        revision_id: new.revision_id,
        kind: new.kind,
        name: new.name.to_owned(),
        merchant_id,
        version,
        text: text(version),
        state: State::Draft,
        writers: actor.name().to_owned(),
        written_at: tx.now(),
        proposed_by: None,
        proposed_at: None,
        signed_by: None,
        signed_at: None,
        ended_by: None,
        ended_at: None,
    };
    case::add(tx, actor, it)
}

/// Writes another text over the one that the actor saw.
///
/// # Errors
/// [`Against::TextChanged`] when somebody else has written meanwhile.
pub fn change(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    sha256: &str,
    text: String,
) -> Result<Revision, Error> {
    let mut it = seen(tx, actor, of, Verb::Change, sha256)?;
    if it.text == text {
        return Ok(it);
    }
    join(&mut it, actor)?;
    (it.text, it.written_at) = (text, tx.now());
    case::step(tx, actor, of.1, Verb::Change, None, |kept| *kept = it)
}

/// Asks a second person to sign off the text that the actor saw.
pub fn propose(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    sha256: &str,
    note: Option<&str>,
) -> Result<Revision, Error> {
    let mut it = seen(tx, actor, of, Verb::Propose, sha256)?;
    join(&mut it, actor)?;
    (it.proposed_by, it.proposed_at) = (Some(actor.name().to_owned()), Some(tx.now()));
    case::step(tx, actor, of.1, Verb::Propose, note, |kept| *kept = it)
}

fn join(it: &mut Revision, actor: &Actor) -> Result<(), Error> {
    match it.join(actor.name()) {
        true => Ok(()),
        false => Err(Error::Against(Against::TooManyRevisions)),
    }
}

/// Says what stands against a proposal, or against ending its use.
pub fn send_back(tx: &Tx<'_>, actor: &Actor, of: (Kind, &str), ground: &str) -> Result<Revision, Error> {
    held(tx, actor, of, Verb::SendBack)?;
    case::step(
        tx,
        actor,
        of.1,
        Verb::SendBack,
        Some(ground),
        |it: &mut Revision| {
            (it.ended_by, it.ended_at) = (None, None);
        },
    )
}

/// Signs off the text that the actor saw: it is used from now on, in the place of the one before; or, where somebody asked for that, it
/// is not used any more.
///
/// # Errors
/// [`Against::LaterInUse`] when a later version is used already.
pub fn sign_off(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    sha256: &str,
    note: Option<&str>,
) -> Result<Revision, Error> {
    // Before any revision: of two that are signed off at once the second sees the first.
    store::setting::lock(tx)?;
    let seen = seen(tx, actor, of, Verb::SignOff, sha256)?;
    let (by, now) = (actor.name().to_owned(), tx.now());
    if seen.is_used() {
        return case::step(tx, actor, of.1, Verb::SignOff, note, |it: &mut Revision| {
            it.ended_at = Some(now);
        });
    }
    seen.stands_against(tx, Verb::SignOff)?;
    if let Some(used) = store::revision::in_use(tx, self::of(&seen))? {
        replace(tx, actor, used, &seen)?;
    }
    case::step(tx, actor, of.1, Verb::SignOff, note, |it: &mut Revision| {
        (it.signed_by, it.signed_at) = (Some(by), Some(now));
    })
}

/// Makes place for a later one.
fn replace(tx: &Tx<'_>, actor: &Actor, mut used: Revision, by: &Revision) -> Result<(), Error> {
    row::lock(tx, &used)?;
    used.enter(State::Replaced);
    (used.ended_by, used.ended_at) = (Some(actor.name().to_owned()), Some(tx.now()));
    row::update(tx, &used)?;
    let text = format!("{} {}", by.name, by.version);
    case::tell(tx, actor, &used, Told::Replace.code(), Some(&text))?;
    Ok(())
}

/// Takes it back before it is used; or asks a second person to end its use.
pub fn withdraw(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    ground: Option<&str>,
) -> Result<Revision, Error> {
    let verb = match find(tx, actor, of.0, of.1)?.state {
        State::InUse => Verb::ProposeWithdrawal,
        _ => Verb::Withdraw,
    };
    held(tx, actor, of, verb)?;
    let (by, now) = (actor.name().to_owned(), tx.now());
    case::step(tx, actor, of.1, verb, ground, |it: &mut Revision| {
        (it.ended_by, it.ended_at) = (Some(by), Some(now));
    })
}
/// Asks a second person to sign off the text that the actor saw, where this version of the software reads it.
///
/// # Errors
/// [`Against::TextWrong`] when it does not.
pub fn propose_readable(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    (sha256, note): (&str, Option<&str>),
    is_read: fn(&Revision) -> bool,
) -> Result<Revision, Error> {
    let it = propose(tx, actor, of, sha256, note)?;
    is_read(&it)
        .then_some(it)
        .ok_or(Error::Against(Against::TextWrong))
}

/// Signs off the text that the actor saw, where this version of the software reads it: it is used from now on; or, whatever it says, no more.
///
/// # Errors
/// [`Against::TextWrong`] when it would be used, and is not read.
pub fn sign_off_readable(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    (sha256, note): (&str, Option<&str>),
    is_read: fn(&Revision) -> bool,
) -> Result<Revision, Error> {
    let it = sign_off(tx, actor, of, sha256, note)?;
    (!it.is_used() || is_read(&it))
        .then_some(it)
        .ok_or(Error::Against(Against::TextWrong))
}
