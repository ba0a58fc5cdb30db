//! Registrations: a business signs up by itself, is checked, and becomes a merchant with an owner (R7.1).
//!
//! Invariant: whoever asks learns nothing of who is known here; what is of a person leaves masked, also to the one who holds the link.

mod applicant;

use std::sync::Arc;

use app::case::{Error, find};
use app::registration::Seen;
use axum::Json;
use axum::extract::{Path, State};
use domain::case::{in_person, list_actions};
use domain::personal::Personal;
use domain::registration::{
    Approval, Because, DOCUMENTS_MAX, Outcome, Registration, State as Stands, Verb, read,
};
use domain::right::{Object, Right, may};
use domain::{Actor, MerchantId, Timestamp};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::{In, Limit, Query, text};
use crate::merchant::MerchantState;
use crate::page::Page;
use crate::people::Names;
use crate::problem::{Problem, ProblemOut, Why, code};
use crate::route::{self, EventOut, EventsAfter, Revealing, Said as SaidOfStep, Shown, acting, reading};
use crate::setting::IdentityProvider;
use crate::wire::{Time, word};
use crate::{Api, id};

word! {
    /// What a business is before the law.
    BusinessKind: domain::registration::Kind;
    /// Where a registration stands.
    RegistrationState: Stands;
    /// What can be done with a registration.
    RegistrationAction: Verb;
    /// What may be wrong with one.
    RegistrationField: domain::registration::Field;
    /// What a check came to.
    CheckOutcome: domain::registration::Outcome;
    /// Why it came to that.
    CheckBecause: domain::registration::Because;
}

crate::problem::codes! {
    /// No such registration, for this account.
    NOT_FOUND = "registration_not_found", NOT_FOUND:
        ("没有找到注册申请", "没有这份注册申请。"),
        ("Registration not found", "There is no such registration.");
    /// The token opens nothing any more.
    OVER = "registration_over", GONE:
        ("注册申请已失效", "这份申请未在半小时内验证，或链接不对。请重新注册。"),
        ("The registration is over", "It was not confirmed within half an hour, or the link is wrong. Register anew.");
    /// The code is not the one that was mailed for it, or there were too many wrong ones.
    CODE_WRONG = "registration_code_wrong", GONE:
        ("验证码不对", "验证码不对或已过期。请核对邮件里的注册编号与本页一致。"),
        ("The code is wrong", "The code is wrong or too old. See that the mail has the registration number of this page.");
    /// The house takes none.
    CLOSED = "registrations_closed", CONFLICT:
        ("不开放注册", "本机构目前不开放自助注册。"),
        ("No registrations", "This house takes no registrations at present.");
    /// The documents that were seen are valid no more.
    DOCUMENTS_ENDED = "documents_ended", CONFLICT:
        ("证件已过期", "审核时看过的证件已经过期。请看新的证件，重新审核。"),
        ("The documents have ended", "The documents that were seen are valid no more. See new ones, and approve it anew.");
    /// One mailbox has confirmed as many as it may in a day.
    TOO_MANY = "too_many_registrations", TOO_MANY_REQUESTS:
        ("注册太多次", "这个邮箱一天内的注册次数已满，请明天再试。"),
        ("Too many registrations", "This mailbox has registered as often as it may in a day: try again tomorrow.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .merge(applicant::router())
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(show_events))
        .routes(routes!(approve))
        .routes(routes!(accept))
        .routes(routes!(give_back))
        .routes(routes!(refuse))
        .routes(routes!(reveal))
}

route::reveal_route!(reveal: Registration, "registration", "/registrations/{registration_id}/reveal", "registration_id");

impl Revealing for Registration {
    const REVEAL: Verb = Verb::Reveal;
}

/// What was asked of a provider, and what it came to.
#[derive(Serialize, ToSchema)]
#[schema(as = RegistrationCheck)]
pub struct Check {
    /// When it was asked; null: nobody was.
    #[schema(required)]
    asked_at: Option<Time>,
    /// What it came to. `same` says that the name and the number belong together, and nothing of who typed them.
    outcome: CheckOutcome,
    /// Why, where that is to be said.
    #[schema(required)]
    because: Option<CheckBecause>,
}

impl Check {
    /// What was found of the person.
    pub fn of_person(it: &Registration) -> Option<Self> {
        Self::of(it.person_asked_at, it.person_outcome, it.person_because)
    }

    /// What was found of the business.
    pub fn of_company(it: &Registration) -> Option<Self> {
        Self::of(it.company_asked_at, it.company_outcome, it.company_because)
    }

    fn of(asked_at: Option<Timestamp>, outcome: Option<Outcome>, because: Option<Because>) -> Option<Self> {
        outcome.map(|outcome| Self {
            asked_at: asked_at.map(Time),
            outcome: CheckOutcome(outcome),
            because: because.map(CheckBecause),
        })
    }
}

/// Who looked at which documents.
#[derive(Serialize, ToSchema)]
#[schema(as = RegistrationApproval)]
pub struct ApprovalOut {
    /// Who: by name, or by log-in where it is handed over about a person.
    by: String,
    /// When.
    at: Time,
    /// SHA-256 of each document.
    documents: Vec<String>,
    /// The last day on which all of them are valid, `2036-05-01`; null: for good.
    #[schema(required)]
    until: Option<String>,
    /// Why that is enough.
    reason: String,
}

impl ApprovalOut {
    /// One by that person.
    pub fn of(approval: &Approval, by: String) -> Self {
        Self {
            by,
            at: Time(approval.approved_at),
            documents: approval.documents.split_whitespace().map(str::to_owned).collect(),
            until: approval.documents_until.map(last_day),
            reason: approval.reason.clone(),
        }
    }
}

/// What an applicant says, where it stands and what is to be corrected: as everybody sees it, the one who holds the link too. Only what
/// is handed over about a person has it in full.
#[derive(Serialize, ToSchema)]
#[schema(as = RegistrationSaid)]
pub struct SaidOut {
    /// Eight letters and digits, which stand in the mails too.
    id: String,
    /// Where it stands.
    state: RegistrationState,
    /// What the business is.
    kind: BusinessKind,
    /// What it is called.
    business_name: String,
    /// Its credit code; null for a micro-merchant.
    #[schema(required)]
    credit_code: Option<String>,
    /// The person, masked, as what follows.
    person_name: String,
    /// The identity number.
    identity_number: String,
    /// The mobile number.
    mobile: String,
    /// The mailbox.
    email: String,
    /// What the owner will log in with.
    login: String,
    /// When it was sent last.
    #[schema(required)]
    sent_at: Option<Time>,
    /// What is to be corrected.
    wrong_fields: Vec<RegistrationField>,
    /// What a person of the house wrote about it.
    #[schema(required)]
    told: Option<String>,
    /// To whom name, number and business may be given to be compared, as the applicant said last; null: to nobody.
    #[schema(required)]
    consents_to: Option<IdentityProvider>,
}

impl SaidOut {
    fn of(it: &Registration, actor: &Actor) -> Self {
        Self::with(it, |field| it.seen(field, actor).unwrap_or_default())
    }

    /// In full.
    pub fn whole(it: &Registration) -> Self {
        let data = it.personal();
        Self::with(it, |field| {
            let datum = data.iter().find(|datum| datum.field == field);
            datum.and_then(|datum| datum.text).unwrap_or_default().to_owned()
        })
    }

    /// What is of the person, as `shown` has it.
    fn with(it: &Registration, shown: impl Fn(&str) -> String) -> Self {
        Self {
            id: it.registration_id.clone(),
            state: RegistrationState(it.state),
            kind: BusinessKind(it.said.kind),
            business_name: it.said.business_name.clone(),
            credit_code: Some(it.said.credit_code.clone()).filter(|code| !code.is_empty()),
            person_name: shown("person_name"),
            identity_number: shown("identity_number"),
            mobile: shown("mobile"),
            email: shown("email"),
            login: it.said.login.clone(),
            sent_at: it.sent_at.map(Time),
            wrong_fields: read(it.wrong_fields.as_deref())
                .into_iter()
                .map(RegistrationField)
                .collect(),
            told: it.told.clone(),
            consents_to: it.consents_to.map(IdentityProvider),
        }
    }
}

/// A registration, confirmed.
#[derive(Serialize, ToSchema)]
#[schema(as = Registration)]
pub struct RegistrationOut {
    #[serde(flatten)]
    said: SaidOut,
    /// How often it was sent.
    sent_count: i64,
    /// Who was asked; null: nobody.
    #[schema(required)]
    provider: Option<IdentityProvider>,
    /// Whether the person's name and number belong together; null: not checked yet.
    #[schema(required)]
    person_check: Option<Check>,
    /// Whether the business, its code and the person do; null: not checked yet, or there is no licence.
    #[schema(required)]
    company_check: Option<Check>,
    /// Who has looked at the documents.
    #[schema(required)]
    approval: Option<ApprovalOut>,
    /// Who decided last, by name.
    #[schema(required)]
    decided_by: Option<String>,
    /// When.
    #[schema(required)]
    decided_at: Option<Time>,
    /// The merchant it became.
    #[schema(required)]
    merchant_id: Option<String>,
    /// What the one who asks may do with it now.
    actions: Vec<RegistrationAction>,
}

/// Another registration that names the same person or the same business.
#[derive(Serialize, ToSchema)]
#[schema(as = RegistrationAlike)]
struct Alike {
    /// Which.
    id: String,
    /// What that business is called.
    business_name: String,
    /// Where it stands.
    state: RegistrationState,
    /// What is the same: `identity_number`, `credit_code`, or both.
    same: Vec<RegistrationField>,
}

/// A merchant that has the business's credit code already.
#[derive(Serialize, ToSchema)]
#[schema(as = RegistrationMerchant)]
struct Known {
    /// Which.
    id: String,
    /// What it is called.
    name: String,
    /// Where it stands.
    state: MerchantState,
}

/// The most merchants of one credit code that are shown.
const KNOWN_MAX: i64 = 20;

/// A registration and what is like it.
#[derive(Serialize, ToSchema)]
pub struct RegistrationWhole {
    #[serde(flatten)]
    registration: RegistrationOut,
    /// Others, confirmed, that name the same person or the same business.
    alike: Vec<Alike>,
    /// Merchants of the same credit code, retired ones too and without the one that this became; at most 20.
    merchants: Vec<Known>,
}

impl RegistrationOut {
    fn of(tx: &Tx<'_>, actor: &Actor, it: Registration) -> Result<Self, Problem> {
        let mut names = Names::new(tx);
        let approval = match &it.approval {
            None => None,
            Some(approval) => Some(ApprovalOut::of(approval, names.person(&approval.approved_by)?)),
        };
        Ok(Self {
            actions: route::actions(tx, actor, &it, RegistrationAction)?,
            person_check: Check::of_person(&it),
            company_check: Check::of_company(&it),
            decided_by: it.decided_by.as_deref().map(|by| names.person(by)).transpose()?,
            approval,
            said: SaidOut::of(&it, actor),
            sent_count: it.sent_count,
            provider: it.provider.map(IdentityProvider),
            decided_at: it.decided_at.map(Time),
            merchant_id: it.became.map(|became| became.to_string()),
        })
    }
}

impl Shown for Registration {
    type Out = RegistrationWhole;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<RegistrationWhole, Problem> {
        use domain::registration::Field;
        let alike = store::registration::alike(tx, &it)?.into_iter().map(|other| {
            let same = [
                (
                    Field::IdentityNumber,
                    other.said.identity_number == it.said.identity_number,
                ),
                (
                    Field::CreditCode,
                    !it.said.credit_code.is_empty() && other.said.credit_code == it.said.credit_code,
                ),
            ];
            let same = same
                .into_iter()
                .filter_map(|(field, is)| is.then_some(RegistrationField(field)));
            Alike {
                same: same.collect(),
                state: RegistrationState(other.state),
                business_name: other.said.business_name,
                id: other.registration_id,
            }
        });
        let mut merchants = store::merchant::of_code(tx, &it.said.credit_code, KNOWN_MAX)?;
        merchants.retain(|merchant| it.became != Some(merchant.merchant_id));
        Ok(RegistrationWhole {
            alike: alike.collect(),
            merchants: merchants
                .into_iter()
                .map(|merchant| Known {
                    id: merchant.merchant_id.to_string(),
                    name: merchant.name,
                    state: MerchantState(merchant.state),
                })
                .collect(),
            registration: RegistrationOut::of(tx, actor, it)?,
        })
    }
}

/// Registrations are seen by whoever signs merchants on.
fn signs(actor: &Actor) -> Result<(), Problem> {
    match may(actor, Right::SignMerchant, Object::House) {
        true => Ok(()),
        false => Err(Problem::new(code::NOT_ALLOWED)),
    }
}

/// Whoever may not decide hears that before anything is said of what is wrong.
fn decides(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<(), Problem> {
    find::<Registration>(tx, actor, id)?;
    in_person(actor).map_err(Error::from)?;
    signs(actor)
}

/// Which registrations.
#[derive(Default, Deserialize, IntoParams)]
struct RegistrationQuery {
    /// One state only.
    state: Option<RegistrationState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

/// Confirmed ones, in the order of their identifiers.
#[utoipa::path(get, path = "/registrations", tag = "registration", params(RegistrationQuery), responses(
    (status = 200, body = Page<RegistrationOut>), (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<RegistrationQuery>,
) -> Result<Json<Page<RegistrationOut>>, Problem> {
    reading(&api, account, move |tx, actor| {
        signs(actor)?;
        let (state, after) = (query.state.map(|state| state.0), query.cursor.as_deref());
        let some = store::registration::list(tx, state, after, query.limit.and_one())?;
        Page::of(some, query.limit.get(), |it| it.registration_id.clone())
            .with_actions(list_actions::<Registration>(actor))
            .try_map(|it| RegistrationOut::of(tx, actor, it))
    })
    .await
}

/// One of them.
#[utoipa::path(get, path = "/registrations/{registration_id}", tag = "registration", params(("registration_id" = String, Path)),
    responses(
        (status = 200, body = RegistrationWhole),
        (status = 403, description = "not_allowed", body = ProblemOut),
        (status = 404, description = "registration_not_found", body = ProblemOut),
    ))]
async fn show(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
) -> Result<Json<RegistrationWhole>, Problem> {
    reading(&api, account, move |tx, actor| {
        let it = find(tx, actor, &id)?;
        signs(actor)?;
        Registration::out(tx, actor, it)
    })
    .await
}

/// What happened to it, oldest first.
#[utoipa::path(get, path = "/registrations/{registration_id}/events", tag = "registration",
    params(("registration_id" = String, Path), EventsAfter), responses(
        (status = 200, body = Page<EventOut>),
        (status = 403, description = "not_allowed", body = ProblemOut),
        (status = 404, description = "registration_not_found", body = ProblemOut),
    ))]
async fn show_events(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
    Query(page): Query<EventsAfter>,
) -> Result<Json<Page<EventOut>>, Problem> {
    let (asker, of) = (account.clone(), id.clone());
    let asked = reading(&api, asker, move |tx, actor| {
        find::<Registration>(tx, actor, &of)?;
        signs(actor)
    });
    asked.await.map(drop)?;
    route::events::<Registration>(&api, account, id, page).await
}

/// Which documents were seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegistrationApprove, example = json!({
    "documents": ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"], "until": "2036-05-01",
    "text": "Licence and both sides of the card seen; names and numbers are the same.",
}))]
struct Approve {
    /// SHA-256 of each, in 64 hexadecimal digits; at most 10. The files themselves go nowhere.
    documents: Vec<String>,
    /// The last day on which all of them are valid, `2036-05-01`; `long_term` where they have no end (长期).
    until: String,
    /// Why that is enough; at most 2000 characters.
    text: String,
}

/// How documents without an end are said.
const LONG_TERM: &str = "long_term";

impl Approve {
    fn read(self) -> Result<Seen, Problem> {
        if !(1..=DOCUMENTS_MAX).contains(&self.documents.len()) {
            let why = if self.documents.is_empty() {
                Why::Missing
            } else {
                Why::TooLong
            };
            return Err(Problem::field("documents", why));
        }
        let is_digest =
            |text: &String| text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !self.documents.iter().all(is_digest) {
            return Err(Problem::field("documents", Why::NotADigest));
        }
        Ok(Seen {
            documents: self
                .documents
                .iter()
                .map(|digest| digest.to_ascii_lowercase())
                .collect(),
            until: until(&self.until)?,
            reason: text("text", &self.text, app::case::TEXT_CHARS_MAX)?,
        })
    }
}

/// The end of a day, which is not over yet anywhere.
fn until(said: &str) -> Result<Option<Timestamp>, Problem> {
    if said == LONG_TERM {
        return Ok(None);
    }
    let day: Option<Date> = said.parse().ok().filter(|day: &Date| day.to_string() == said);
    let end = day.and_then(|day| day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let end = end.ok_or_else(|| Problem::field("until", Why::NotADay))?;
    let end = Timestamp(end.timestamp().as_millisecond());
    match end > node::now() {
        true => Ok(Some(end)),
        false => Err(Problem::field("until", Why::OutOfRange)),
    }
}

/// The day that ends then.
fn last_day(end: Timestamp) -> String {
    let within = jiff::Timestamp::from_millisecond(end.0 - 1).unwrap_or_default();
    within.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Say that the documents were seen; another person accepts. Not where a provider has found everything to be the same.
#[utoipa::path(post, path = "/registrations/{registration_id}/approve", tag = "registration", params(("registration_id" = String, Path)),
    request_body = Approve, responses(
        (status = 200, body = RegistrationWhole),
        (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
        (status = 404, description = "registration_not_found", body = ProblemOut),
        (status = 409, description = "wrong_state", body = ProblemOut),
    ))]
async fn approve(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<Approve>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said| {
        decides(tx, actor, &id)?;
        let it = app::registration::approve(tx, actor, &id, said.read()?)?;
        Registration::out(tx, actor, it)
    })
    .await
}

/// Make a merchant of it, and its owner's account. Where somebody has the log-in by now, it is returned to the applicant instead.
#[utoipa::path(post, path = "/registrations/{registration_id}/accept", tag = "registration", params(("registration_id" = String, Path)),
    request_body = SaidOfStep, responses(
        (status = 200, description = "Accepted, or returned: see `state`.", body = RegistrationWhole),
        (status = 403, description = "not_allowed, second_person_required, step_up_required", body = ProblemOut),
        (status = 404, description = "registration_not_found", body = ProblemOut),
        (status = 409, description = "wrong_state, documents_ended", body = ProblemOut),
    ))]
async fn accept(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SaidOfStep>,
) -> Result<Kept, Problem> {
    let merchant_id = MerchantId::parse(id::new()?.as_bytes());
    let merchant_id = merchant_id.ok_or_else(|| Problem::new(code::INTERNAL))?;
    let kept = acting(&api, account, input, move |tx, actor, _| {
        let it = app::registration::accept(tx, actor, &id, merchant_id)?;
        Registration::out(tx, actor, it)
    });
    let kept = kept.await?;
    api.node.work_due.notify_one();
    Ok(kept)
}

/// What is to be corrected.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegistrationReturn, example = json!({ "fields": ["business_name"], "text": "The licence says another name." }))]
struct GiveBack {
    /// Which fields; one at least.
    fields: Vec<RegistrationField>,
    /// What is wrong with them, for the applicant to read; at most 2000 characters.
    text: String,
}

/// Give it back to be corrected.
#[utoipa::path(post, path = "/registrations/{registration_id}/return", tag = "registration", params(("registration_id" = String, Path)),
    request_body = GiveBack, responses(
        (status = 200, body = RegistrationWhole),
        (status = 403, description = "not_allowed", body = ProblemOut),
        (status = 404, description = "registration_not_found", body = ProblemOut),
        (status = 409, description = "wrong_state", body = ProblemOut),
    ))]
async fn give_back(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<GiveBack>,
) -> Result<Kept, Problem> {
    let kept = acting(&api, account, input, move |tx, actor, said| {
        decides(tx, actor, &id)?;
        let mut fields: Vec<_> = said.fields.iter().map(|field| field.0).collect();
        fields.sort_unstable();
        fields.dedup();
        if fields.is_empty() {
            return Err(Problem::field("fields", Why::Missing));
        }
        let told = text("text", &said.text, app::case::TEXT_CHARS_MAX)?;
        let it = app::registration::give_back(tx, actor, &id, &fields, &told)?;
        Registration::out(tx, actor, it)
    });
    let kept = kept.await?;
    api.node.work_due.notify_one();
    Ok(kept)
}

/// Refuse it. The applicant is mailed, and reads why by the link.
#[utoipa::path(post, path = "/registrations/{registration_id}/refuse", tag = "registration", params(("registration_id" = String, Path)),
    request_body = SaidOfStep, responses(
        (status = 200, body = RegistrationWhole),
        (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
        (status = 404, description = "registration_not_found", body = ProblemOut),
        (status = 409, description = "wrong_state", body = ProblemOut),
    ))]
async fn refuse(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SaidOfStep>,
) -> Result<Kept, Problem> {
    let kept = acting(&api, account, input, move |tx, actor, said| {
        decides(tx, actor, &id)?;
        let said = said.text.ok_or(Error::TextRequired)?;
        let told = text("text", &said, app::case::TEXT_CHARS_MAX)?;
        let it = app::registration::refuse(tx, actor, &id, &told)?;
        Registration::out(tx, actor, it)
    });
    let kept = kept.await?;
    api.node.work_due.notify_one();
    Ok(kept)
}
