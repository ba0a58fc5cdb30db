//! What is kept about a person as it is handed over: each kind with what is the person's to know of it.
//!
//! Invariant: nothing here opens anything: no secret, no digest of one.

use domain::account::Person;
use domain::duty_mail::Often;
use domain::event::Event;
use domain::registration::Registration;
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::AccountState;
use crate::factor::FactorKind;
use crate::incident::attachment::{AttachmentKind, AttachmentState};
use crate::invitation::InvitationState;
use crate::photo::{PhotoShows, PhotoState};
use crate::registration::{ApprovalOut, Check, SaidOut};
use crate::route::{ActorKind, Subject};
use crate::session::{DutyMails, Role};
use crate::setting::{IdentityProvider, Language};
use crate::statement::StatementState;
use crate::wire::Time;

/// An account as it is handed over.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedAccount {
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
    /// When mails about duties are wanted.
    duty_mails: DutyMails,
}

/// A session as it is handed over.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedSession {
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
pub(super) struct ExportedFactor {
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
pub(super) struct ExportedInvitation {
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
pub(super) struct ExportedCode {
    made_at: Time,
    ends_at: Time,
    /// What it was used for.
    #[schema(required)]
    terminal_id: Option<String>,
    #[schema(required)]
    incident_id: Option<String>,
}

/// What a merchant signed up with, as it is handed over.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedRegistration {
    #[serde(flatten)]
    said: SaidOut,
    made_at: Time,
    language: Language,
    sent_count: i64,
    /// Who was asked whether name, number and business belong together; null: nobody.
    #[schema(required)]
    provider: Option<IdentityProvider>,
    /// What was found of the person.
    #[schema(required)]
    person_check: Option<Check>,
    /// What was found of the business.
    #[schema(required)]
    company_check: Option<Check>,
    /// Who has looked at which documents.
    #[schema(required)]
    approval: Option<ApprovalOut>,
    /// Who decided last: a log-in.
    #[schema(required)]
    decided_by: Option<String>,
    #[schema(required)]
    decided_at: Option<Time>,
    /// The merchant it became.
    #[schema(required)]
    merchant_id: Option<String>,
}

/// A file of an incident as it is handed over: by what it is known, not what is in it.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedAttachment {
    id: String,
    incident_id: String,
    /// What the person called it; null once the case is forgotten.
    #[schema(required)]
    name: Option<String>,
    kind: AttachmentKind,
    size: i64,
    sha256: String,
    at: Time,
    state: AttachmentState,
}

/// A file of transactions as it is handed over: by what it is known, not what is in it.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedStatement {
    id: String,
    merchant_id: String,
    shop_id: String,
    /// What the file was called.
    name: String,
    size: i64,
    sha256: String,
    at: Time,
    state: StatementState,
}

/// A photo of a terminal as it is handed over: by what it is known, not what is to be seen.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedPhoto {
    id: String,
    terminal_id: String,
    shows: PhotoShows,
    /// What the person said of it; null without, and once it is forgotten.
    #[schema(required)]
    caption: Option<String>,
    size: i64,
    sha256: String,
    at: Time,
    state: PhotoState,
}

/// An event as it is handed over.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedEvent {
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

impl From<(Person, Often)> for ExportedAccount {
    fn from((it, often): (Person, Often)) -> Self {
        let account = it.account;
        Self {
            merchant_id: account.scope.merchant_id().map(|id| id.to_string()),
            shop_id: account.scope.shop_id().map(str::to_owned),
            custom_role_id: account.custom_role.map(|narrowed| narrowed.custom_role_id),
            login: account.login,
            name: account.name,
            role: Role(account.role),
            state: AccountState(it.state),
            email: it.email,
            phone: it.phone,
            duty_mails: DutyMails(often),
        }
    }
}

impl From<domain::session::Session> for ExportedSession {
    fn from(it: domain::session::Session) -> Self {
        Self {
            since: Time(it.since),
            used_at: Time(it.used_at),
            ends_at: Time(it.ends_at),
            address: it.network,
            browser: it.browser,
        }
    }
}

impl From<domain::factor::Factor> for ExportedFactor {
    fn from(it: domain::factor::Factor) -> Self {
        Self {
            kind: FactorKind(it.kind),
            name: it.name,
            rp_id: it.rp_id,
            since: Time(it.since),
            used_at: it.used_at.map(Time),
        }
    }
}

impl From<domain::invitation::Invitation> for ExportedInvitation {
    fn from(it: domain::invitation::Invitation) -> Self {
        Self {
            id: it.invitation_id,
            name: it.name,
            made_by: it.made_by,
            made_at: Time(it.made_at),
            ends_at: Time(it.ends_at),
            state: InvitationState(it.state),
        }
    }
}

impl From<domain::emergency_code::EmergencyCode> for ExportedCode {
    fn from(it: domain::emergency_code::EmergencyCode) -> Self {
        let used = it.used;
        Self {
            made_at: Time(it.made_at),
            ends_at: Time(it.ends_at),
            terminal_id: used.as_ref().map(|used| used.terminal_id.to_string()),
            incident_id: used.map(|used| used.incident_id),
        }
    }
}

impl From<Registration> for ExportedRegistration {
    fn from(it: Registration) -> Self {
        Self {
            said: SaidOut::whole(&it),
            made_at: Time(it.made_at),
            language: Language(it.language),
            sent_count: it.sent_count,
            provider: it.provider.map(IdentityProvider),
            person_check: Check::of_person(&it),
            company_check: Check::of_company(&it),
            approval: it
                .approval
                .as_ref()
                .map(|of| ApprovalOut::of(of, of.approved_by.clone())),
            decided_by: it.decided_by,
            decided_at: it.decided_at.map(Time),
            merchant_id: it.became.map(|became| became.to_string()),
        }
    }
}

impl From<domain::attachment::Attachment> for ExportedAttachment {
    fn from(it: domain::attachment::Attachment) -> Self {
        Self {
            kind: AttachmentKind(it.kind()),
            id: it.attachment_id,
            incident_id: it.incident_id,
            name: it.name,
            size: it.kept_len,
            sha256: domain::hex::of(&it.sent_sha256),
            at: Time(it.at),
            state: AttachmentState(it.state),
        }
    }
}

impl From<domain::statement::Statement> for ExportedStatement {
    fn from(it: domain::statement::Statement) -> Self {
        Self {
            id: it.statement_id,
            merchant_id: it.merchant_id.to_string(),
            shop_id: it.shop_id,
            name: it.name,
            size: it.file_len,
            sha256: domain::hex::of(&it.file_sha256),
            at: Time(it.at),
            state: StatementState(it.state),
        }
    }
}

impl From<domain::photo::Photo> for ExportedPhoto {
    fn from(it: domain::photo::Photo) -> Self {
        Self {
            id: it.photo_id,
            terminal_id: it.terminal_id.to_string(),
            shows: PhotoShows(it.shows),
            caption: it.caption,
            size: it.len,
            sha256: domain::hex::of(&it.sha256),
            at: Time(it.at),
            state: PhotoState(it.state),
        }
    }
}

impl From<Event> for ExportedEvent {
    fn from(it: Event) -> Self {
        Self {
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
}
