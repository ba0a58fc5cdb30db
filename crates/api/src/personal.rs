//! What the house keeps about one person: handed over to that person, or for that person; and erased (R3.4).
//!
//! Invariant: no answer holds a secret; what is handed over for somebody else leaves an event that says why.

use std::sync::Arc;

use app::personal::{ROWS_MAX, done, erase, hand_over, kept, kept_until};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::account::Person;
use domain::event::Event;
use domain::personal::Ground as GroundWord;
use domain::{Actor, Timestamp};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::event::Spot;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::account::{AccountState, NOT_FOUND, PersonOut};
use super::edge::Secret;
use super::factor::FactorKind;
use super::idempotency::Kept;
use super::input::{Cursor, In, Limit, Place};
use super::invitation::InvitationState;
use super::problem::{Problem, ProblemOut};
use super::route::{ActorKind, Reason, Shown, Subject, acting};
use super::session::Role;
use super::wire::{Time, word};
use crate::auth;

/// The form of what is handed over; another one gets another name.
const FORM: &str = "tillguard-person/1";

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(export_own))
        .routes(routes!(export_of))
        .routes(routes!(erase_one))
}

word! {
    /// Why something about a person is kept although the person is erased.
    Ground: GroundWord;
}

/// Everything that is kept about a person.
#[derive(Serialize, ToSchema)]
struct PersonExport {
    /// `tillguard-person/1`.
    form: &'static str,
    /// As of when.
    at: Time,
    /// The account.
    account: ExportedAccount,
    /// Sessions that last, the newest first; of each kind at most 1000.
    sessions: Vec<ExportedSession>,
    /// Second factors, without their secrets.
    factors: Vec<ExportedFactor>,
    /// Recovery codes that are not used yet; only a digest of each is kept.
    recovery_codes_left: i64,
    /// Invitations that made the account or were for it: they are forgotten 30 days after their end.
    invitations: Vec<ExportedInvitation>,
    /// Codes for a report without a log-in, until their end.
    emergency_codes: Vec<ExportedCode>,
    /// What the person did, and what was done with the account, oldest first: a page of it.
    events: Vec<ExportedEvent>,
    /// For the next page; null: that was the last. Everything but the events is in each page.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// An account as it is handed over.
#[derive(Serialize, ToSchema)]
struct ExportedAccount {
    login: String,
    name: String,
    role: Role,
    #[schema(required)]
    merchant_id: Option<String>,
    #[schema(required)]
    shop_id: Option<String>,
    #[schema(required)]
    custom_role_id: Option<String>,
    state: AccountState,
    #[schema(required)]
    email: Option<String>,
    #[schema(required)]
    phone: Option<String>,
}

/// A session as it is handed over.
#[derive(Serialize, ToSchema)]
struct ExportedSession {
    since: Time,
    used_at: Time,
    ends_at: Time,
    #[schema(required)]
    address: Option<String>,
    #[schema(required)]
    browser: Option<String>,
}

/// A second factor as it is handed over.
#[derive(Serialize, ToSchema)]
struct ExportedFactor {
    kind: FactorKind,
    name: String,
    #[schema(required)]
    rp_id: Option<String>,
    since: Time,
    #[schema(required)]
    used_at: Option<Time>,
}

/// An invitation as it is handed over.
#[derive(Serialize, ToSchema)]
struct ExportedInvitation {
    id: String,
    /// How the one who invited called the person.
    name: String,
    /// Who invited: a log-in.
    made_by: String,
    made_at: Time,
    ends_at: Time,
    state: InvitationState,
}

/// A code for a report, which is kept as a digest alone, as it is handed over.
#[derive(Serialize, ToSchema)]
struct ExportedCode {
    made_at: Time,
    ends_at: Time,
    /// What it was used for.
    #[schema(required)]
    terminal_id: Option<String>,
    #[schema(required)]
    incident_id: Option<String>,
}

/// An event as it is handed over.
#[derive(Serialize, ToSchema)]
struct ExportedEvent {
    subject: Subject,
    subject_id: String,
    sequence: i64,
    at: Time,
    verb: String,
    actor_kind: ActorKind,
    /// Who did it: a log-in, a terminal, a node.
    actor: String,
    #[schema(required)]
    text: Option<String>,
}

/// The place of an event in the list.
#[derive(Clone, Debug)]
struct After(Spot);

impl After {
    fn first() -> Self {
        Self((Timestamp(i64::MIN), String::new(), String::new(), 0))
    }

    fn cursor((at, subject, subject_id, sequence): &Spot) -> String {
        format!("{}.{sequence}.{subject}.{subject_id}", at.0)
    }
}

impl Place for After {
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.splitn(4, '.');
        let at = Timestamp(parts.next()?.parse().ok()?);
        let sequence = parts.next()?.parse().ok().filter(|sequence| *sequence >= 0)?;
        let subject = parts.next()?.to_owned();
        Some(Self((at, subject, parts.next()?.to_owned(), sequence)))
    }
}

/// Which page of the events.
#[derive(Deserialize, IntoParams)]
struct EventPage {
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<After>>,
}

/// Everything that is kept about the person of that log-in, and a page of the events, as the reader may see it.
fn exported(tx: &Tx<'_>, reader: &Actor, login: &str, page: &EventPage) -> Result<PersonExport, Problem> {
    let kept = kept(tx, login)?.ok_or_else(|| Problem::new(NOT_FOUND))?;
    let after = page
        .cursor
        .as_ref()
        .map_or_else(After::first, |cursor| cursor.0.clone());
    let done = done(tx, reader, login, &after.0, page.limit.get() as i64)?;
    let Person {
        account,
        email,
        phone,
        state,
    } = kept.person;
    Ok(PersonExport {
        form: FORM,
        at: Time(tx.now()),
        account: ExportedAccount {
            merchant_id: account.scope.merchant_id().map(|id| id.to_string()),
            shop_id: account.scope.shop_id().map(str::to_owned),
            custom_role_id: account.custom_role.map(|narrowed| narrowed.custom_role_id),
            login: account.login,
            name: account.name,
            role: Role(account.role),
            state: AccountState(state),
            email,
            phone,
        },
        sessions: kept.sessions.into_iter().map(session).collect(),
        factors: kept.factors.into_iter().map(factor).collect(),
        recovery_codes_left: kept.recovery_codes_left,
        invitations: kept.invitations.into_iter().map(invitation).collect(),
        emergency_codes: kept.emergency_codes.into_iter().map(code).collect(),
        events: done.events.into_iter().map(event).collect(),
        next_cursor: done.next.as_ref().map(After::cursor),
    })
}

fn session(it: domain::session::Session) -> ExportedSession {
    ExportedSession {
        since: Time(it.since),
        used_at: Time(it.used_at),
        ends_at: Time(it.ends_at),
        address: it.network,
        browser: it.browser,
    }
}

fn factor(it: domain::factor::Factor) -> ExportedFactor {
    ExportedFactor {
        kind: FactorKind(it.kind),
        name: it.name,
        rp_id: it.rp_id,
        since: Time(it.since),
        used_at: it.used_at.map(Time),
    }
}

fn invitation(it: domain::invitation::Invitation) -> ExportedInvitation {
    ExportedInvitation {
        id: it.invitation_id,
        name: it.name,
        made_by: it.made_by,
        made_at: Time(it.made_at),
        ends_at: Time(it.ends_at),
        state: InvitationState(it.state),
    }
}

fn code(it: domain::emergency_code::EmergencyCode) -> ExportedCode {
    let used = it.used;
    ExportedCode {
        made_at: Time(it.made_at),
        ends_at: Time(it.ends_at),
        terminal_id: used.as_ref().map(|used| used.terminal_id.to_string()),
        incident_id: used.map(|used| used.incident_id),
    }
}

fn event(it: Event) -> ExportedEvent {
    ExportedEvent {
        subject: Subject(it.subject),
        subject_id: it.subject_id,
        sequence: it.sequence,
        at: Time(it.at),
        verb: it.verb,
        actor_kind: ActorKind(it.actor_kind),
        actor: it.actor,
        text: it.text,
    }
}

/// Everything that is kept about oneself, and a page of what one did.
#[utoipa::path(get, path = "/session/export", tag = "session", params(EventPage), responses((status = 200, body = PersonExport)))]
async fn export_own(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    super::input::Query(page): super::input::Query<EventPage>,
) -> Result<Response, Problem> {
    let read = move |tx: &Tx<'_>| {
        let actor = auth::Account::from(account).actor(tx)?;
        exported(tx, &actor, actor.name(), &page)
    };
    let out = api.node.read(read).await?;
    Ok((Extension(Secret), Json(out)).into_response())
}

/// Everything that is kept about a person who asked for it, and a page of what that person did with things that one sees. Each page is
/// an event that says why.
#[utoipa::path(post, path = "/accounts/{login}/export", tag = "account", params(("login" = String, Path), EventPage),
    request_body = Reason, responses(
    (status = 200, body = PersonExport),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "account_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: the person is erased", body = ProblemOut),
))]
async fn export_of(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(login): Path<String>,
    super::input::Query(page): super::input::Query<EventPage>,
    input: In<Reason>,
) -> Result<Response, Problem> {
    let work = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let reason = input
            .body
            .of::<Person>(tx, &actor, &login, domain::account::Verb::Export)?;
        hand_over(tx, &actor, &login, &reason)?;
        exported(tx, &actor, &login, &page)
    };
    let out = api.node.write(work).await?;
    Ok((Extension(Secret), Json(out)).into_response())
}

/// A person who is erased, and what is kept all the same.
#[derive(Serialize, ToSchema)]
struct Erased {
    #[serde(flatten)]
    person: PersonOut,
    /// What is kept, and why.
    kept: Vec<KeptOut>,
}

/// Something about a person that is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptBecause)]
struct KeptOut {
    /// Why.
    ground: Ground,
    /// Until when; null: as long as the record.
    #[schema(required)]
    until: Option<Time>,
}

/// Erase a person whose account is disabled: name, mail address, telephone, password, factors, sessions, links, and what was said of the
/// account. It cannot be taken back. The log-in stays in the record, and what the person said of a loss until its case is over.
#[utoipa::path(post, path = "/accounts/{login}/erase", tag = "account", params(("login" = String, Path)),
    request_body = Reason, responses(
    (status = 200, body = Erased),
    (status = 403, description = "not_allowed, step_up_required", body = ProblemOut),
    (status = 404, description = "account_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: the account is not disabled; \
        loss_open: a loss of this person's is open; last_administrator: the merchant has no other owner", body = ProblemOut),
))]
async fn erase_one(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(login): Path<String>,
    input: In<Reason>,
) -> Result<Kept, Problem> {
    let whose = login.clone();
    let kept = acting(&api, account, input, move |tx, actor, said: Reason| {
        let reason = said.of::<Person>(tx, actor, &login, domain::account::Verb::Erase)?;
        let person = erase(tx, actor, &login, &reason)?;
        let record = KeptOut {
            ground: Ground(GroundWord::Record),
            until: None,
        };
        let case = kept_until(tx, &login)?.map(|until| KeptOut {
            ground: Ground(GroundWord::Case),
            until: Some(Time(until)),
        });
        Ok(Erased {
            person: Person::out(tx, actor, person)?,
            kept: std::iter::once(record).chain(case).collect(),
        })
    })
    .await;
    api.node.changed(Some(whose));
    kept
}

const _: () = assert!(ROWS_MAX == 1_000, "said above");
