//! What the house keeps about one person: handed over to that person, or for that person; and erased (R3.4).
//!
//! Invariant: no answer holds a secret; what is handed over for somebody else leaves an event that says why.

mod begin;
mod exported;

use std::sync::Arc;

use app::case::find;
use app::personal::{ROWS_MAX, done, erase, grounds, hand_over, kept};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::account::Person;
use domain::personal::Ground as GroundWord;
use node::seal::Sealer;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::begin::{Asked, Begin, Sealed};
use self::exported::{
    ExportedAccount, ExportedAttachment, ExportedCode, ExportedEvent, ExportedFactor, ExportedInvitation,
    ExportedPhoto, ExportedRegistration, ExportedSession, ExportedStatement,
};
use crate::account::{NOT_FOUND, PersonOut};
use crate::edge::Secret;
use crate::idempotency::Kept;
use crate::input::{Cursor, In, Limit};
use crate::problem::{Problem, ProblemOut};
use crate::route::{Reason, Shown, acting};
use crate::wire::{Time, word};
use crate::{Api, auth};

/// The form of what is handed over; another one gets another name.
const FORM: &str = "tillguard-person/1";

/// Longest cursor: an identifier of 64 letters of four bytes each, sealed, in hexadecimal digits.
const CURSOR_CHARS_MAX: usize = 1_000;

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
    /// What the merchant signed up with whose first owner the person is; for somebody else only as the acquirer.
    registrations: Vec<ExportedRegistration>,
    /// Files that the person brought to incidents, without what is in them; to somebody else those of incidents that one sees.
    attachments: Vec<ExportedAttachment>,
    /// Files of transactions that the person brought, without what is in them; to somebody else those that one sees.
    statements: Vec<ExportedStatement>,
    /// Photos of terminals that the person added, without what is to be seen; to somebody else those of terminals that one sees.
    photos: Vec<ExportedPhoto>,
    /// What the person did, and what was done with the account, oldest first: a page of it.
    events: Vec<ExportedEvent>,
    /// For the next page; null: that was the last. Everything but the events is in each page.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Which page of the events.
#[derive(Deserialize, IntoParams)]
struct EventPage {
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`: for the same reader about the same person, and as long as the data key.
    #[param(value_type = Option<String>, max_length = 1_000)]
    cursor: Option<Cursor<Sealed>>,
}

impl EventPage {
    /// Where it begins.
    fn begin(&self, tx: &Tx<'_>, sealer: &Sealer, asked: Asked<'_>) -> Result<Begin, Problem> {
        let cursor = self.cursor.as_ref().map(|cursor| &cursor.0);
        Begin::of(sealer, asked, cursor, tx.now())
    }
}

/// Each as it is handed over.
fn each<T, O: From<T>>(all: Vec<T>) -> Vec<O> {
    all.into_iter().map(O::from).collect()
}

/// Everything that is kept about the person of that log-in, and a page of the events, as the reader may see it.
fn exported(
    tx: &Tx<'_>,
    sealer: &Sealer,
    asked: Asked<'_>,
    begin: &Begin,
    limit: Limit,
) -> Result<PersonExport, Problem> {
    let Asked { reader, login } = asked;
    let kept = kept(tx, reader, login)?.ok_or_else(|| Problem::new(NOT_FOUND))?;
    let done = done(tx, reader, login, &begin.after, begin.until, limit.get() as i64)?;
    let until = begin.until;
    let next = done.next.map(|after| Begin { after, until });
    Ok(PersonExport {
        form: FORM,
        at: Time(tx.now()),
        account: (kept.person, kept.duty_mails).into(),
        sessions: each(kept.sessions),
        factors: each(kept.factors),
        recovery_codes_left: kept.recovery_codes_left,
        invitations: each(kept.invitations),
        emergency_codes: each(kept.emergency_codes),
        registrations: each(kept.registrations),
        attachments: each(kept.attachments),
        statements: each(kept.statements),
        photos: each(kept.photos),
        events: each(done.events),
        next_cursor: next.map(|next| next.cursor(sealer, asked)).transpose()?,
    })
}

/// Everything that is kept about oneself, and a page of what one did.
#[utoipa::path(get, path = "/session/export", tag = "session", params(EventPage), responses((status = 200, body = PersonExport)))]
async fn export_own(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    crate::input::Query(page): crate::input::Query<EventPage>,
) -> Result<Response, Problem> {
    let sealer = api.node.sealer.clone();
    let read = move |tx: &Tx<'_>| {
        let actor = auth::Account::from(account).actor(tx)?;
        let asked = Asked {
            reader: &actor,
            login: actor.name(),
        };
        let begin = page.begin(tx, &sealer, asked)?;
        exported(tx, &sealer, asked, &begin, page.limit)
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
    crate::input::Query(page): crate::input::Query<EventPage>,
    input: In<Reason>,
) -> Result<Response, Problem> {
    let (by, whose, limit) = (account.clone(), login.clone(), page.limit);
    let sealer = api.node.sealer.clone();
    let work = move |tx: &Tx<'_>| {
        let actor = by.actor(tx)?;
        let asked = Asked {
            reader: &actor,
            login: &whose,
        };
        let reason = input
            .body
            .of::<Person>(tx, &actor, &whose, domain::account::Verb::Export)?;
        let begin = page.begin(tx, &sealer, asked)?;
        hand_over(tx, &actor, &whose, &reason)?;
        Ok::<_, Problem>((begin, sealer))
    };
    let (begin, sealer) = api.node.write(work).await?;
    // Only why is written: what is read, which may be much, holds up no writer.
    let read = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        find::<Person>(tx, &actor, &login)?;
        let asked = Asked {
            reader: &actor,
            login: &login,
        };
        exported(tx, &sealer, asked, &begin, limit)
    };
    let out = api.node.read(read).await?;
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
    /// Until when; null: as long as the record, or as the rules of the trade say.
    #[schema(required)]
    until: Option<Time>,
}

/// Erase a person whose account is disabled: name, mail address, telephone, password, factors, sessions, links, and what was said of the
/// account. It cannot be taken back. The log-in stays in the record, what the person said of a loss until its case is over, and what a
/// merchant signed up with.
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
        let kept = grounds(tx, &login)?.into_iter();
        let kept = kept.map(|(ground, until)| KeptOut {
            ground: Ground(ground),
            until: until.map(Time),
        });
        Ok(Erased {
            person: Person::out(tx, actor, person)?,
            kept: kept.collect(),
        })
    })
    .await?;
    api.node.changed(Some(whose));
    api.node.empty_log().await;
    Ok(kept)
}

const _: () = assert!(ROWS_MAX == 1_000 && CURSOR_CHARS_MAX == 1_000, "said above");
