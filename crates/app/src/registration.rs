//! Registrations: asked for by anybody, confirmed from a mailbox, checked, decided (R7.1).
//!
//! Invariant: what is not confirmed costs nothing, is shown to nobody and stands in nobody's way; about what was sent once, a provider is
//! asked once, whatever breaks.

use domain::MerchantId;
use domain::account::{Account, Person, Proof, Role, Scope, State as AccountState};
use domain::actor::{APPLICANT, Actor, By};
use domain::case::decide;
use domain::event::Subject;
use domain::merchant::{Merchant, State as MerchantState};
use domain::registration::{
    About, Approval, Because, CODE_LASTS_MS, CONFIRMED_A_DAY_MAX, Checked, Field, OPEN_OF_EMAIL_MAX,
    OPEN_OF_PAIR_MAX, Outcome, Provider, Registration, Said, State, UNCONFIRMED_MAX, Verb, seen_by, written,
};
use domain::setting::{Language, Mode, Settings};
use domain::time::HOUR_MS;
use domain::work::{Id, Work};
use domain::{Timestamp, case as table};
use store::event::{self, New};
use store::{Error as StoreError, Tx, row};

use crate::case::{self, Against, Error, Noun, Stateful, locked, step};
use crate::stop_request::{MailOutcome, mails};
use crate::work;

impl Noun for Registration {
    const SUBJECT: Subject = Subject::Registration;

    fn id(&self) -> &str {
        &self.registration_id
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        Ok(self.state != State::Unconfirmed && seen_by(scope))
    }
}

impl Stateful for Registration {
    fn happened(verb: Verb) -> &'static str {
        use domain::event::Verb as Event;
        let event = match verb {
            Verb::Confirm => Event::RegistrationConfirmed,
            Verb::Send => Event::RegistrationSent,
            Verb::Withdraw => Event::RegistrationWithdrawn,
            Verb::Check => Event::RegistrationChecked,
            Verb::Differ => Event::RegistrationDiffers,
            Verb::Approve => Event::RegistrationApproved,
            Verb::Accept => Event::RegistrationAccepted,
            Verb::Return => Event::RegistrationReturned,
            Verb::Refuse => Event::RegistrationRefused,
            Verb::Reveal => Event::Reveal,
        };
        event.code()
    }

    /// No merchant is made by documents that have ended.
    fn stands_against(&self, tx: &Tx<'_>, verb: Verb) -> Result<(), Error> {
        let has_ended = |approval: &Approval| approval.has_ended(tx.now());
        match verb == Verb::Accept && self.approval.as_ref().is_some_and(has_ended) {
            true => Err(Error::Against(Against::DocumentsEnded)),
            false => Ok(()),
        }
    }
}

/// Whether the house takes registrations.
pub fn are_taken(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(store::setting::get(tx)?.is_some_and(|settings| takes(&settings)))
}

/// Whether a house with those settings does: it wants to, is an acquirer's, and can send mails.
pub fn takes(settings: &Settings) -> bool {
    settings.takes_registrations && settings.mode == Mode::Acquirer && mails(settings)
}

/// What a new one is known by, made by the edge.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Eight letters and digits.
    pub registration_id: String,
    /// SHA-256 of the token by which the applicant looks at it.
    pub token_digest: [u8; 32],
    /// SHA-256 of the code.
    pub code_digest: [u8; 32],
    /// The code, sealed.
    pub code_sealed: Vec<u8>,
}

/// What the applicant says besides what may be corrected.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What may be corrected.
    pub said: Said,
    /// The mailbox.
    pub email: String,
    /// The hash of the owner's password.
    pub password_hash: String,
    /// What the applicant is spoken to in.
    pub language: Language,
    /// To whom name and number may be given.
    pub consents_to: Option<Provider>,
    /// The network address it comes from.
    pub from: String,
}

/// Why a registration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The house takes none.
    #[error("the house takes no registrations")]
    Closed,
    /// Too many wait for their codes.
    #[error("too many registrations wait for their codes")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a registration for half an hour and mails its code, unless that mailbox has had enough of them.
pub fn ask(tx: &Tx<'_>, fresh: Fresh, asked: Asked) -> Result<(), NotTaken> {
    if !are_taken(tx)? {
        return Err(NotTaken::Closed);
    }
    if store::registration::unconfirmed_count(tx, UNCONFIRMED_MAX)? >= UNCONFIRMED_MAX {
        return Err(NotTaken::Busy);
    }
    let (of_pair, of_email) = store::registration::open_counts(tx, &asked.email, &asked.from)?;
    let registration = unconfirmed(&fresh, asked, tx.now());
    store::registration::insert(tx, &registration)?;
    if of_pair >= OPEN_OF_PAIR_MAX || of_email >= OPEN_OF_EMAIL_MAX {
        return Ok(());
    }
    let mail = Work {
        payload: Some(fresh.code_sealed),
        ..Work::new(
            Id::registration_mail(&registration.registration_id, 0),
            tx.now(),
            tx.now(),
        )
    };
    store::work::enqueue(tx, &mail)?;
    Ok(())
}

fn unconfirmed(fresh: &Fresh, asked: Asked, now: Timestamp) -> Registration {
    Registration {
        registration_id: fresh.registration_id.clone(),
        token_digest: fresh.token_digest.to_vec(),
        code_digest: fresh.code_digest.to_vec(),
        wrong_codes: 0,
        made_from: asked.from,
        made_at: now,
        ends_at: now.plus_ms(CODE_LASTS_MS),
        said: asked.said,
        email: asked.email,
        password_hash: asked.password_hash,
        language: asked.language,
        consents_to: asked.consents_to,
        state: State::Unconfirmed,
        sent_count: 0,
        sent_at: None,
        provider: None,
        person_asked_at: None,
        person_outcome: None,
        person_because: None,
        company_asked_at: None,
        company_outcome: None,
        company_because: None,
        approval: None,
        wrong_fields: None,
        told: None,
        decided_by: None,
        decided_at: None,
        became: None,
    }
}

/// The one that a token opens; an unconfirmed one until its code ends.
pub fn open(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<Registration>, StoreError> {
    let it = store::registration::of_token(tx, token_digest)?;
    Ok(it.filter(|it| it.state != State::Unconfirmed || tx.now() < it.ends_at))
}

/// The same, as it is once nobody else changes it any more.
fn held(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<Registration>, StoreError> {
    if let Some(it) = open(tx, token_digest)? {
        row::lock(tx, &it)?;
    }
    open(tx, token_digest)
}

/// Why the applicant's step is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// The token opens nothing any more.
    #[error("the token opens nothing")]
    Over,
    /// The code is not the one that was mailed, or works no more. What was counted stays.
    #[error("the code is wrong")]
    WrongCode,
    /// This mailbox has confirmed as many as one may in a day.
    #[error("too many registrations from one mailbox in a day")]
    TooMany,
    /// The house takes none any more.
    #[error("the house takes no registrations")]
    Closed,
    /// Where it stands, that is not possible; the state's word.
    #[error("it is in another state: {0}")]
    WrongState(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<table::NotTaken> for NotDone {
    fn from(not_taken: table::NotTaken) -> Self {
        match not_taken {
            table::NotTaken::WrongState(state) => Self::WrongState(state),
            _ => Self::WrongState(""),
        }
    }
}

/// What a code that is brought comes to.
#[derive(Debug)]
pub enum Brought {
    /// Nothing changes: it was confirmed with this code before.
    Again,
    /// Nothing changes, and that is why.
    Nothing(NotDone),
    /// It is counted as a wrong one.
    Wrong,
    /// It confirms.
    Right,
}

/// What bringing that code would come to now: whoever finds that nothing changes need not ask who writes.
pub fn brought(tx: &Tx<'_>, it: &Registration, code_digest: &[u8]) -> Result<Brought, StoreError> {
    let is_right = it.code_digest == code_digest;
    if it.state != State::Unconfirmed && is_right {
        return Ok(Brought::Again);
    }
    if !it.takes_code(tx.now()) {
        return Ok(Brought::Nothing(NotDone::WrongCode));
    }
    if !is_right {
        return Ok(Brought::Wrong);
    }
    if !are_taken(tx)? {
        return Ok(Brought::Nothing(NotDone::Closed));
    }
    let day_ago = tx.now().plus_ms(-24 * HOUR_MS);
    match store::registration::confirmed_since(tx, &it.email, day_ago)? >= CONFIRMED_A_DAY_MAX {
        true => Ok(Brought::Nothing(NotDone::TooMany)),
        false => Ok(Brought::Right),
    }
}

/// Whether the applicant may take that step where it stands.
pub fn may_take(it: &Registration, verb: Verb) -> Result<(), NotDone> {
    decide(it, verb, &Actor::Outside(APPLICANT.to_owned()))?;
    Ok(())
}

/// Brings the code back: from here the registration counts. A wrong code is an answer whose effect stays: it is counted. The same code
/// again answers the same. Others that this mailbox has confirmed and nobody has decided are withdrawn: this one takes their place.
pub fn confirm(
    tx: &Tx<'_>,
    token_digest: &[u8],
    code_digest: &[u8],
) -> Result<Result<Registration, NotDone>, StoreError> {
    let Some(mut it) = held(tx, token_digest)? else {
        return Ok(Err(NotDone::Over));
    };
    // Two of one mailbox at once: the later one counts the earlier one.
    store::setting::lock(tx)?;
    match brought(tx, &it, code_digest)? {
        Brought::Again => return Ok(Ok(it)),
        Brought::Nothing(why) => return Ok(Err(why)),
        Brought::Wrong => {
            it.wrong_codes += 1;
            row::update(tx, &it)?;
            return Ok(Err(NotDone::WrongCode));
        }
        Brought::Right => {}
    }
    for other in store::registration::pending_of_email(tx, &it.email)? {
        row::lock(tx, &other)?;
        let other: Option<Registration> = row::by_id(tx, &other.registration_id)?;
        if let Some(other) = other {
            let replaced = format!("{} took its place", it.registration_id);
            // Decided meanwhile: then it stays as it is.
            let _ = withdrawn(tx, other, Some(&replaced))?;
        }
    }
    it.made_from = String::new();
    Ok(sent(tx, it, Verb::Confirm))
}

/// Sends it again, corrected. What was found of what is unchanged stays found; to whom it may be given is said anew, of whom it names now.
pub fn send(
    tx: &Tx<'_>,
    token_digest: &[u8],
    said: Said,
    consents_to: Option<Provider>,
) -> Result<Registration, NotDone> {
    let mut it = held(tx, token_digest)?.ok_or(NotDone::Over)?;
    let is_same_person =
        it.said.person_name == said.person_name && it.said.identity_number == said.identity_number;
    let is_same_company = is_same_person
        && (it.said.kind, &it.said.business_name, &it.said.credit_code)
            == (said.kind, &said.business_name, &said.credit_code);
    let stays = |outcome| {
        matches!(
            outcome,
            Some(Outcome::Same | Outcome::Differs | Outcome::NoRecord)
        )
    };
    if !(is_same_person && stays(it.person_outcome)) {
        it.was_not_asked(About::Person);
        (it.person_outcome, it.person_because) = (None, None);
    }
    if !(is_same_company && stays(it.company_outcome)) {
        it.was_not_asked(About::Company);
        (it.company_outcome, it.company_because) = (None, None);
    }
    (it.said, it.consents_to) = (said, consents_to);
    let it = sent(tx, it, Verb::Send)?;
    store::registration::write_indices(tx, &it)?;
    Ok(it)
}

/// It is sent, and to be checked.
fn sent(tx: &Tx<'_>, mut it: Registration, verb: Verb) -> Result<Registration, NotDone> {
    it.sent_count += i64::from(verb == Verb::Confirm);
    let mut it = applicant(tx, it, verb, None)?;
    it.sent_count += i64::from(verb == Verb::Send);
    it.sent_at = Some(tx.now());
    row::update(tx, &it)?;
    work::enqueue(tx, Id::registration_check(&it.registration_id), tx.now())?;
    Ok(it)
}

/// Takes it back.
pub fn withdraw(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Registration, NotDone> {
    let it = held(tx, token_digest)?.ok_or(NotDone::Over)?;
    withdrawn(tx, it, None)?
}

fn withdrawn(
    tx: &Tx<'_>,
    mut it: Registration,
    text: Option<&str>,
) -> Result<Result<Registration, NotDone>, StoreError> {
    it.decided_at = Some(tx.now());
    it.password_hash = String::new();
    store::work::delete(tx, &Id::registration_check(&it.registration_id))?;
    match applicant(tx, it, Verb::Withdraw, text) {
        Err(NotDone::Store(error)) => Err(error),
        done => Ok(done),
    }
}

/// Takes a step as the applicant, who has shown the token.
fn applicant(tx: &Tx<'_>, it: Registration, verb: Verb, text: Option<&str>) -> Result<Registration, NotDone> {
    moved(tx, it, verb, &Actor::Outside(APPLICANT.to_owned()), text).map_err(|not_moved| match not_moved {
        NotMoved::Table(not_taken) => not_taken.into(),
        NotMoved::Store(error) => error.into(),
    })
}

enum NotMoved {
    Table(table::NotTaken),
    Store(StoreError),
}

impl From<StoreError> for NotMoved {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Moves one that is held, by whom no scope finds it.
fn moved(
    tx: &Tx<'_>,
    mut it: Registration,
    verb: Verb,
    actor: &Actor,
    text: Option<&str>,
) -> Result<Registration, NotMoved> {
    let row = decide(&it, verb, actor).map_err(NotMoved::Table)?;
    if let Some(to) = row.to {
        table::Case::enter(&mut it, to);
    }
    row::update(tx, &it)?;
    case::tell(tx, actor, &it, Registration::happened(verb), text)?;
    Ok(it)
}

/// What to ask a provider.
#[derive(Clone, Debug)]
pub struct Asking {
    /// About what.
    pub about: About,
    /// Whom.
    pub provider: Provider,
    /// With which keys, sealed.
    pub key_sealed: Vec<u8>,
    /// What is said.
    pub said: Said,
}

/// What a check has to do next: something to ask, which is written down as asked; or nothing more, and the work is done.
///
/// What was written down as asked and has no answer was lost on its way: it may have been paid for, and is not asked again.
pub fn next_question(tx: &Tx<'_>, claimed: &Work, node: &str) -> Result<Option<Asking>, StoreError> {
    let Some(mut it) = to_check(tx, claimed)? else {
        work::done(tx, claimed)?;
        return Ok(None);
    };
    let settings = store::setting::get(tx)?.unwrap_or_else(Settings::unasked);
    while let Some(about) = it.to_ask() {
        match question(tx, &it, about, &settings)? {
            Ok(key_sealed) => {
                let provider = settings.identity_provider;
                it.provider = provider;
                it.asks(about, tx.now());
                row::update(tx, &it)?;
                return Ok(provider.map(|provider| Asking {
                    about,
                    provider,
                    key_sealed,
                    said: it.said,
                }));
            }
            Err(checked) => it.is_checked(about, checked),
        }
    }
    conclude(tx, it, node)?;
    work::done(tx, claimed)?;
    Ok(None)
}

/// The keys to ask with, the query being paid for; or what the check comes to without.
fn question(
    tx: &Tx<'_>,
    it: &Registration,
    about: About,
    settings: &Settings,
) -> Result<Result<Vec<u8>, Checked>, StoreError> {
    let without = |because| Ok(Err(Checked::because(Outcome::CannotTell, because)));
    if it.asked_at(about).is_some() {
        return Ok(Err(Checked::because(Outcome::Down, Because::NoAnswer)));
    }
    let (Some(provider), Some(key_sealed)) = (settings.identity_provider, &settings.identity_key_sealed)
    else {
        return without(Because::NoProvider);
    };
    if it.consents_to != Some(provider) {
        return without(Because::NoConsent);
    }
    if (provider, about) == (Provider::Tencent, About::Company) {
        return without(Because::NotOffered);
    }
    match store::registration::pays(tx, settings.identity_daily_limit)? {
        true => Ok(Ok(key_sealed.clone())),
        false => without(Because::DailyLimit),
    }
}

/// The registration that a piece of work is about, held, as long as it is to be checked; `None` too where the claim was taken over: then
/// it may be sent anew, and what was asked is not what stands there now.
fn to_check(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Registration>, StoreError> {
    let id = claimed.id.subject_id();
    if let Some(it) = row::by_id::<Registration>(tx, id)? {
        row::lock(tx, &it)?;
    }
    if !work::is_held(tx, claimed)? {
        return Ok(None);
    }
    let it: Option<Registration> = row::by_id(tx, id)?;
    Ok(it.filter(|it| it.state == State::Checking))
}

/// Goes on to people, or back to the applicant.
fn conclude(tx: &Tx<'_>, mut it: Registration, node: &str) -> Result<(), StoreError> {
    let actor = Actor::Node(node.to_owned());
    let verb = match it.differs() {
        true => Verb::Differ,
        false => Verb::Check,
    };
    it.wrong_fields = written(&it.differing());
    let said = outcomes(&it);
    match moved(tx, it, verb, &actor, Some(&said)) {
        Ok(it) if it.state == State::Returned => tell_by_mail(tx, &it),
        Ok(_) | Err(NotMoved::Table(_)) => Ok(()),
        Err(NotMoved::Store(error)) => Err(error),
    }
}

/// What the checks came to, as an event says it.
fn outcomes(it: &Registration) -> String {
    let one = |what: &str, outcome: Option<Outcome>, because: Option<Because>| {
        let outcome = outcome?.code();
        let because = because.map_or(String::new(), |because| format!(" ({})", because.code()));
        Some(format!("{what}: {outcome}{because}"))
    };
    let both = [
        one("person", it.person_outcome, it.person_because),
        one("company", it.company_outcome, it.company_because),
    ];
    both.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Writes down what a provider said; nothing where the check has ended without it.
pub fn answered(tx: &Tx<'_>, claimed: &Work, about: About, checked: Checked) -> Result<(), StoreError> {
    let Some(mut it) = to_check(tx, claimed)? else {
        return Ok(());
    };
    if it.asked_at(about).is_some() && it.to_ask() == Some(about) {
        it.is_checked(about, checked);
        row::update(tx, &it)?;
    }
    Ok(())
}

/// Takes back that it was asked, and out of the count of the day when it was: surely nothing was sent, or taken. `outcome` is what that
/// comes to; without one it is asked later.
pub fn unasked(
    tx: &Tx<'_>,
    claimed: &Work,
    about: About,
    outcome: Option<Checked>,
) -> Result<(), StoreError> {
    let Some(mut it) = to_check(tx, claimed)?.filter(|it| it.to_ask() == Some(about)) else {
        return Ok(());
    };
    if let Some(asked_at) = it.asked_at(about) {
        it.was_not_asked(about);
        if let Some(checked) = outcome {
            it.is_checked(about, checked);
        }
        row::update(tx, &it)?;
        store::registration::pays_not(tx, asked_at)?;
    }
    Ok(())
}

/// What whoever looked at the documents says.
#[derive(Clone, Debug)]
pub struct Seen {
    /// SHA-256 of each, in hexadecimal digits.
    pub documents: Vec<String>,
    /// Until when they are valid; `None`: for good.
    pub until: Option<Timestamp>,
    /// Why that is enough.
    pub reason: String,
}

/// Says that the documents were seen; another person accepts.
pub fn approve(tx: &Tx<'_>, actor: &Actor, id: &str, seen: Seen) -> Result<Registration, Error> {
    let reason = seen.reason.clone();
    let approval = Approval {
        approved_by: actor.name().to_owned(),
        approved_at: tx.now(),
        documents: seen.documents.join(" "),
        documents_until: seen.until,
        reason: seen.reason,
    };
    step(
        tx,
        actor,
        id,
        Verb::Approve,
        Some(&reason),
        |it: &mut Registration| {
            it.approval = Some(approval);
        },
    )
}

/// Makes a merchant of it, and its owner's account with the password that was chosen. Where somebody has the log-in by now, it goes back
/// to the applicant instead.
pub fn accept(tx: &Tx<'_>, actor: &Actor, id: &str, merchant_id: MerchantId) -> Result<Registration, Error> {
    let it: Registration = locked(tx, actor, id)?;
    decide(&it, Verb::Accept, actor)?;
    it.stands_against(tx, Verb::Accept)?;
    if store::account::get(tx, &it.said.login)?.is_some() {
        return give_back(tx, actor, id, &[Field::Login], "login_taken");
    }
    let merchant = Merchant {
        merchant_id,
        name: it.said.business_name.clone(),
        name_en: it.said.business_name.clone(),
        trade: String::new(),
        unified_social_credit_code: it.said.credit_code.clone(),
        state: MerchantState::Active,
    };
    case::add(tx, actor, merchant)?;
    let account = Account {
        login: it.said.login.clone(),
        name: it.said.person_name.clone(),
        role: Role::Owner,
        scope: Scope::Merchant(merchant_id),
        custom_role: None,
        proof: Proof::default(),
    };
    store::account::insert(tx, &account, &it.password_hash).map_err(case::taken::<Person>)?;
    store::account::set_email(tx, &account.login, Some(&it.email))?;
    store::account::set_phone(tx, &account.login, Some(&it.said.mobile))?;
    let owner = Person {
        account,
        email: Some(it.email),
        phone: Some(it.said.mobile),
        state: AccountState::Active,
    };
    case::tell(tx, actor, &owner, "create", Some(id))?;
    let text = Some(merchant_id.as_str());
    let it = step(tx, actor, id, Verb::Accept, text, |it: &mut Registration| {
        it.became = Some(merchant_id);
        it.password_hash = String::new();
        decided(it, actor, tx.now());
    })?;
    tell_by_mail(tx, &it)?;
    Ok(it)
}

/// Gives it back to be corrected.
pub fn give_back(
    tx: &Tx<'_>,
    actor: &Actor,
    id: &str,
    fields: &[Field],
    text: &str,
) -> Result<Registration, Error> {
    let it = step(
        tx,
        actor,
        id,
        Verb::Return,
        Some(text),
        |it: &mut Registration| {
            it.wrong_fields = written(fields);
            it.told = Some(text.to_owned());
            decided(it, actor, tx.now());
        },
    )?;
    tell_by_mail(tx, &it)?;
    Ok(it)
}

/// Refuses it.
pub fn refuse(tx: &Tx<'_>, actor: &Actor, id: &str, text: &str) -> Result<Registration, Error> {
    let it = step(
        tx,
        actor,
        id,
        Verb::Refuse,
        Some(text),
        |it: &mut Registration| {
            it.told = Some(text.to_owned());
            it.password_hash = String::new();
            decided(it, actor, tx.now());
        },
    )?;
    tell_by_mail(tx, &it)?;
    Ok(it)
}

fn decided(it: &mut Registration, actor: &Actor, now: Timestamp) {
    it.decided_by = Some(actor.name().to_owned());
    it.decided_at = Some(now);
}

/// The number of the mail that says how it ended; before it come those of its returns, by how often it was sent.
const END_MAIL: i64 = 100;

/// Has the applicant mailed how it stands.
fn tell_by_mail(tx: &Tx<'_>, it: &Registration) -> Result<(), StoreError> {
    let number = match it.state {
        State::Returned => it.sent_count,
        _ => END_MAIL,
    };
    work::enqueue(tx, Id::registration_mail(&it.registration_id, number), tx.now()).map(drop)
}

/// A mail to an applicant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bringing {
    /// The registration's number, which the page shows too.
    pub registration_id: String,
    /// The address.
    pub to: String,
    /// What the applicant is spoken to in.
    pub language: Language,
    /// In which zone times are said.
    pub time_zone: String,
    /// What it brings.
    pub news: News,
}

/// What a mail brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The code, sealed, and until when it works.
    Code(Vec<u8>, Timestamp),
    /// Something is to be corrected.
    Returned,
    /// It became a merchant.
    Accepted,
    /// It was refused.
    Refused,
}

/// The mail that work is about; `None` when it is not to be sent any more.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Bringing>, StoreError> {
    let it: Option<Registration> = row::by_id(tx, claimed.id.subject_id())?;
    let Some(it) = it else { return Ok(None) };
    let brings_code = claimed.id.part() == "0";
    let news = match (it.state, &claimed.payload) {
        (State::Unconfirmed, Some(sealed)) if it.takes_code(tx.now()) => {
            News::Code(sealed.clone(), it.ends_at)
        }
        (State::Returned, _) if !brings_code => News::Returned,
        (State::Accepted, _) if !brings_code => News::Accepted,
        (State::Refused, _) if !brings_code => News::Refused,
        _ => return Ok(None),
    };
    let settings = store::setting::get(tx)?.unwrap_or_else(Settings::unasked);
    Ok(Some(Bringing {
        registration_id: it.registration_id,
        to: it.email,
        language: it.language,
        time_zone: settings.time_zone,
        news,
    }))
}

/// Writes down what became of a mail, of one that counts, and ends the claim. False when the claim was taken over meanwhile.
pub fn mailed(tx: &Tx<'_>, claimed: &Work, node: &str, outcome: &MailOutcome) -> Result<bool, StoreError> {
    if !work::done(tx, claimed)? {
        return Ok(false);
    }
    let verb = match outcome {
        MailOutcome::Accepted(_) => "registration_mail_sent",
        MailOutcome::Refused(_) => "registration_mail_refused",
        MailOutcome::Unknown(_) => "registration_mail_unknown",
        MailOutcome::Dropped => return Ok(true),
    };
    let it: Option<Registration> = row::by_id(tx, claimed.id.subject_id())?;
    if let Some(it) = it.filter(|it| it.state != State::Unconfirmed) {
        let new = New {
            subject: Subject::Registration,
            subject_id: &it.registration_id,
            at: tx.now(),
            verb,
            by: By::node(node),
            text: None,
            ledger_sequence: None,
        };
        event::append(tx, new)?;
    }
    Ok(true)
}
