//! Playbooks: what must follow a loss, as this house has it; checked, and signed off by a second person (R1.0, R3.4).
//!
//! Invariant: a text is answered as it is kept, right or wrong; what is used was read and checked.

use std::sync::Arc;

use ::playbook::{BuiltIn, Change, Playbook, Rule, Said};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::Actor;
use domain::revision::{Kind, Revision, TEXT_BYTES_MAX};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::incident::case::Manner;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::revision::{
    NOT_FOUND, RevisionNote, RevisionOut, RevisionSeen, send_back as sent_back, signers as signers_of,
    withdraw as withdrawn,
};
use super::route::{self, acting, reading};
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::In;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(check))
        .routes(routes!(show_schema))
        .routes(routes!(show, change))
        .routes(routes!(propose))
        .routes(routes!(send_back))
        .routes(routes!(sign_off))
        .routes(routes!(withdraw))
        .routes(routes!(show_events))
}

route::events_route!(show_events: Revision, "playbook", "/playbooks/{playbook_id}/events", "playbook_id");

/// A playbook with its versions.
#[derive(Serialize, ToSchema)]
struct PlaybookKept {
    /// Its name.
    playbook: String,
    /// The losses it is for, by how the terminal went; none: it says what follows once a terminal is found.
    manners: Vec<Manner>,
    /// The version that comes with the software.
    built_in_version: u32,
    /// The version that new incidents follow.
    version: u32,
    /// By what it is shown: the house's own, or the name of what comes with the software.
    id: String,
    /// Whether the house's own is used but cannot be read by this version of the software: what comes with it is followed.
    is_unreadable: bool,
    /// The house's own, the latest first; at most 51.
    revisions: Vec<RevisionOut>,
}

/// A rule that duties come from.
#[derive(Serialize, ToSchema)]
struct PlaybookRule {
    /// Its name.
    rule: String,
    /// As it is cited in Chinese.
    zh: String,
    /// In English.
    en: String,
    /// Where it holds: `china` (the mainland) or `everywhere`.
    #[serde(rename = "where")]
    place: &'static str,
    /// How sure it is: `verified`, `second_hand` (only a reprint or an excerpt was read), `not_found` (nobody has seen it: a duty of it
    /// is switched off).
    mark: &'static str,
}

/// All playbooks, and what they are made with.
#[derive(Serialize, ToSchema)]
struct Playbooks {
    /// One for each way in which a terminal goes, and one for what follows when it is found.
    items: Vec<PlaybookKept>,
    /// The rules that duties may come from.
    rules: Vec<PlaybookRule>,
    /// Whether the one who asks may write and sign off.
    keeps: bool,
    /// Whether anybody else may, who could sign off what this one writes.
    has_second: bool,
}

/// All playbooks of this house.
#[utoipa::path(get, path = "/playbooks", tag = "playbook", responses((status = 200, body = Playbooks)))]
async fn list(State(api): State<Arc<Api>>, account: Account) -> Result<Json<Playbooks>, Problem> {
    reading(&api, account, |tx, actor| {
        let mut names = Names::new(tx);
        let items = app::playbook::all(tx, actor)?.into_iter();
        let items = items.map(|kept| PlaybookKept::of(tx, &mut names, actor, kept));
        Ok(Playbooks {
            items: items.collect::<Result<_, _>>()?,
            rules: Rule::all().iter().map(PlaybookRule::of).collect(),
            keeps: app::revision::keeps(tx, actor)?,
            has_second: app::revision::keepers(tx)?
                .iter()
                .any(|login| login != actor.name()),
        })
    })
    .await
}

impl PlaybookRule {
    fn of(rule: &Rule) -> Self {
        Self {
            rule: rule.rule.clone(),
            zh: rule.zh.clone(),
            en: rule.en.clone(),
            place: rule.place.code(),
            mark: rule.mark.code(),
        }
    }
}

impl PlaybookKept {
    fn of(
        tx: &Tx<'_>,
        names: &mut Names<'_, '_>,
        actor: &Actor,
        kept: app::playbook::Kept,
    ) -> Result<Self, Problem> {
        let built_in = &kept.built_in.playbook;
        let used = kept.revisions.iter().find(|it| it.is_used());
        let read = used.filter(|used| app::playbook::read(used).is_some());
        let revisions = kept.revisions.iter();
        Ok(Self {
            playbook: built_in.playbook.clone(),
            manners: built_in.manners.iter().copied().map(Manner).collect(),
            built_in_version: built_in.version,
            version: read.map_or(built_in.version, |used| used.version),
            id: read.map_or_else(|| built_in.playbook.clone(), |used| used.revision_id.clone()),
            is_unreadable: used.is_some() && read.is_none(),
            revisions: revisions
                .map(|it| RevisionOut::of(tx, names, actor, it))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The shape of a playbook, as a JSON Schema (2020-12).
#[utoipa::path(get, path = "/playbooks/schema", tag = "playbook", responses((status = 200, body = Object)))]
async fn show_schema(_: Account) -> Json<serde_json::Value> {
    Json(::playbook::schema())
}

/// A playbook as a form. Each field says what the one of its name in the text does; what is wrong in one is told, not refused.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlaybookForm {
    /// Its name.
    playbook: String,
    /// Which one of that name.
    version: i64,
    /// How the terminal went.
    manners: Vec<String>,
    /// In the order in which people do them; at most 60.
    duties: Vec<PlaybookDuty>,
}

/// A duty of a playbook as a form.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlaybookDuty {
    /// Its name: small letters, digits and `_`.
    duty: String,
    /// What is to be done, in Chinese.
    zh: String,
    /// In English.
    en: String,
    /// Whose it is: `shop`, `acquirer`.
    whose: String,
    /// Where alone it is one: `outside`, where an acquirer outside decides about the terminal, or `gate`, where this house's gate does.
    only: Option<String>,
    /// After which finds, where it follows from one: `false_alarm`, `recovered`, `destroyed`.
    found: Vec<String>,
    /// It is one only where that duty of the incident was done.
    if_done: Option<String>,
    /// The rule it comes from.
    rule: Option<String>,
    /// From when its term runs.
    from: Option<String>,
    /// How long it may take: `at once`, `24 hours`, `2 days`, `2 working days`.
    within: Option<String>,
    /// What shows that it was done: `reference`, `statement`.
    proof: String,
    /// Whether a file of the case shows it as well.
    takes_file: bool,
    /// Whether the case cannot be closed while it is open.
    blocks_closing: bool,
    /// Who may say that there is no need for it: `ground` (one person), `two_people`, `never`.
    not_needed: Option<String>,
    /// Names of duties that come before it.
    after: Vec<String>,
}

impl PlaybookForm {
    fn of(it: &Playbook) -> Self {
        let word = |word: &'static str| word.to_owned();
        Self {
            playbook: it.playbook.clone(),
            version: it.version.into(),
            manners: it.manners.iter().map(|manner| word(manner.code())).collect(),
            duties: it.duties.iter().map(PlaybookDuty::of).collect(),
        }
    }

    fn text(&self) -> Result<String, Problem> {
        let form = serde_json::to_value(self).map_err(|error| Problem::internal(&error))?;
        Ok(::playbook::write(&form))
    }
}

impl PlaybookDuty {
    fn of(said: &Said) -> Self {
        Self {
            duty: said.duty.clone(),
            zh: said.zh.clone(),
            en: said.en.clone(),
            whose: said.whose.code().to_owned(),
            only: said.only.map(|only| only.code().to_owned()),
            found: said.found.iter().map(|kind| kind.code().to_owned()).collect(),
            if_done: said.if_done.clone(),
            rule: said.rule.clone(),
            from: Some(said.from.code().to_owned()),
            within: said.within.map(|term| term.to_string()),
            proof: said.proof.code().to_owned(),
            takes_file: said.takes_file,
            blocks_closing: said.blocks_closing,
            not_needed: Some(said.not_needed.code().to_owned()),
            after: said.after.clone(),
        }
    }
}

super::wire::word! {
    /// What may be wrong with the text of a playbook.
    PlaybookWrongCode: ::playbook::Code;
}

/// Something that is wrong with a text.
#[derive(Serialize, ToSchema)]
struct PlaybookWrong {
    /// What.
    code: PlaybookWrongCode,
    /// On which line, from 1; null: of the whole.
    #[schema(required)]
    line: Option<u32>,
    /// Of which duty.
    #[schema(required)]
    duty: Option<String>,
    /// In which field.
    #[schema(required)]
    field: Option<String>,
    /// More of it: the words that may be there, the name that is missing, what YAML says.
    #[schema(required)]
    detail: Option<String>,
}

/// What is said of a duty in one field.
#[derive(Serialize, ToSchema)]
struct PlaybookField {
    /// Which.
    field: &'static str,
    /// What was said before; empty: nothing.
    before: String,
    /// What is said now; empty: nothing.
    after: String,
}

/// A duty that differs.
#[derive(Serialize, ToSchema)]
struct PlaybookDifference {
    /// Which.
    duty: String,
    /// How: `added`, `removed`, `changed`, `moved`.
    change: &'static str,
    /// In which fields.
    fields: Vec<PlaybookField>,
}

/// What a rule asks and this does not, or less; or what the software counts on and is not there. Whoever signs it off ticks each.
#[derive(Serialize, ToSchema)]
struct PlaybookWarning {
    /// By what it is ticked.
    key: String,
    /// Of which duty.
    duty: String,
    /// The field that asks less; null: the whole duty is missing.
    #[schema(required)]
    field: Option<&'static str>,
    /// The rule that the duty comes from; null: the software ends it by itself.
    #[schema(required)]
    rule: Option<String>,
}

/// What a text says, and all that is wrong with it.
#[derive(Serialize, ToSchema)]
struct PlaybookChecked {
    /// The text; of a form, as it is written from that.
    text: String,
    /// What it says as a form; null: it cannot be read so far.
    #[schema(required)]
    form: Option<PlaybookForm>,
    /// All that is wrong, at most 100; none: it can be proposed.
    wrong: Vec<PlaybookWrong>,
    /// The version that is used now, with which it is compared.
    used_version: u32,
    /// In what it is other than the one that is used.
    differences: Vec<PlaybookDifference>,
    /// In what it is other than what comes with the software.
    differences_from_built_in: Vec<PlaybookDifference>,
    /// What whoever signs it off has to tick.
    warnings: Vec<PlaybookWarning>,
}

impl PlaybookChecked {
    /// A text that is to be a version of that playbook.
    fn of(tx: &Tx<'_>, text: String, (name, version): (&str, u32)) -> Result<Self, Problem> {
        let read = Playbook::read(&text);
        let wrong = match &read {
            Ok(_) => ::playbook::check(&text, name, version).err().unwrap_or_default(),
            Err(wrong) => wrong.clone(),
        };
        let read = read.ok();
        let built_in = ::playbook::named(name);
        let used = match built_in {
            Some(_) => app::revision::in_use(tx, Kind::Playbook, name)?,
            None => None,
        };
        let used = used.as_ref().and_then(app::playbook::read);
        let used = used.as_ref().or(built_in.map(|it| &it.playbook));
        let from = |before: Option<&Playbook>| match (before, &read) {
            (Some(before), Some(read)) => differences(before, read),
            _ => Vec::new(),
        };
        let warnings = read.as_ref().map(|read| app::playbook::warnings(name, read));
        Ok(Self {
            form: read.as_ref().map(PlaybookForm::of),
            wrong: wrong
                .into_iter()
                .map(|wrong| PlaybookWrong {
                    code: PlaybookWrongCode(wrong.code),
                    line: wrong.line,
                    duty: wrong.duty,
                    field: wrong.field,
                    detail: wrong.detail,
                })
                .collect(),
            used_version: used.map_or(0, |used| used.version),
            differences: from(used),
            differences_from_built_in: from(built_in.map(|it| &it.playbook)),
            warnings: warnings
                .into_iter()
                .flatten()
                .map(|warning| PlaybookWarning {
                    key: warning.key(),
                    duty: warning.duty,
                    field: warning.field,
                    rule: warning.rule,
                })
                .collect(),
            text,
        })
    }
}

fn differences(before: &Playbook, after: &Playbook) -> Vec<PlaybookDifference> {
    let all = ::playbook::differences(before, after).into_iter();
    all.map(|it| PlaybookDifference {
        duty: it.duty,
        change: match it.change {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
            Change::Moved => "moved",
        },
        fields: it
            .fields
            .into_iter()
            .map(|field| PlaybookField {
                field: field.field,
                before: field.before,
                after: field.after,
            })
            .collect(),
    })
    .collect()
}

/// A text, or a form. Exactly one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "playbook: lost\nversion: 3\n" }))]
struct PlaybookTried {
    /// YAML; at most 48 KiB.
    text: Option<String>,
    /// The same as a form.
    form: Option<PlaybookForm>,
    /// The playbook it is to be a version of; without it, as the text says.
    playbook: Option<String>,
    /// The version it is to be; without it, as the text says.
    version: Option<i64>,
}

/// The text that is said, in one way or the other.
fn said(text: Option<String>, form: Option<PlaybookForm>) -> Result<String, Problem> {
    let text = match (text, form) {
        (Some(text), None) => text,
        (None, Some(form)) => form.text()?,
        (None, None) => return Err(Problem::field("text", Why::Missing)),
        (Some(_), Some(_)) => return Err(Problem::field("form", Why::Invalid)),
    };
    if text.len() > TEXT_BYTES_MAX {
        return Err(Problem::field("text", Why::TooLong));
    }
    match text
        .chars()
        .any(|one| one.is_control() && !"\n\r\t".contains(one))
    {
        true => Err(Problem::field("text", Why::Invalid)),
        false => Ok(text),
    }
}

/// Say what a text says as a form, all that is wrong with it, and in what it differs; nothing is kept.
#[utoipa::path(post, path = "/playbooks/check", tag = "playbook", request_body = PlaybookTried, responses(
    (status = 200, body = PlaybookChecked),
    (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn check(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<PlaybookTried>,
) -> Result<Json<PlaybookChecked>, Problem> {
    reading(&api, account, move |tx, actor| {
        app::revision::kept_by(tx, actor)?;
        let it = input.body;
        let text = said(it.text, it.form)?;
        let (name, version) = ::playbook::said_of(&text);
        let name = it.playbook.or(name).unwrap_or_default();
        // What is no version is told as another one than the text's.
        let version = match it.version {
            Some(version) => u32::try_from(version).unwrap_or_default(),
            None => version.unwrap_or_default(),
        };
        PlaybookChecked::of(tx, text, (&name, version))
    })
    .await
}

/// A playbook: one of the house's own, or one that comes with the software.
#[derive(Serialize, ToSchema)]
#[schema(as = Playbook)]
pub struct PlaybookOut {
    /// By what it is shown: eight letters and digits, or the name of what comes with the software.
    id: String,
    /// Its name.
    playbook: String,
    /// Which one of that name.
    version: u32,
    /// As a version of the house's own; null: it comes with the software.
    #[schema(required)]
    revision: Option<RevisionOut>,
    /// What it says, as the software reads it now.
    checked: PlaybookChecked,
    /// Whether it is used but cannot be read by this version of the software: what comes with it is followed.
    is_unreadable: bool,
    /// Whether the one who asks may begin a draft from it.
    can_copy: bool,
    /// Who may sign it off, while it is written or waits; at most 50. Nobody, for who may not keep it.
    signers: Vec<String>,
}

impl PlaybookOut {
    fn built_in(tx: &Tx<'_>, actor: &Actor, it: &BuiltIn) -> Result<Self, Problem> {
        let (name, version) = (it.playbook.playbook.as_str(), it.playbook.version);
        Ok(Self {
            id: name.to_owned(),
            playbook: name.to_owned(),
            version,
            revision: None,
            checked: PlaybookChecked::of(tx, it.text.to_owned(), (name, version))?,
            is_unreadable: false,
            can_copy: app::revision::keeps(tx, actor)?,
            signers: Vec::new(),
        })
    }

    fn own(tx: &Tx<'_>, actor: &Actor, it: Revision) -> Result<Self, Problem> {
        let mut names = Names::new(tx);
        let checked = PlaybookChecked::of(tx, it.text.clone(), (&it.name, it.version))?;
        let can_copy = app::revision::keeps(tx, actor)?;
        Ok(Self {
            signers: signers_of(tx, &mut names, actor, &it)?,
            revision: Some(RevisionOut::of(tx, &mut names, actor, &it)?),
            is_unreadable: it.is_used() && !checked.wrong.is_empty(),
            checked,
            can_copy,
            id: it.revision_id,
            playbook: it.name,
            version: it.version,
        })
    }
}

/// One of this house's own, by its number, or one that comes with the software, by its name. What was used once is shown for good.
#[utoipa::path(get, path = "/playbooks/{playbook_id}", tag = "playbook", params(("playbook_id" = String, Path)), responses(
    (status = 200, body = PlaybookOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
))]
async fn show(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(playbook_id): Path<String>,
) -> Result<Json<PlaybookOut>, Problem> {
    reading(&api, account, move |tx, actor| {
        match ::playbook::named(&playbook_id) {
            Some(built_in) => PlaybookOut::built_in(tx, actor, built_in),
            None => {
                let it = app::revision::find(tx, actor, Kind::Playbook, &playbook_id)?;
                PlaybookOut::own(tx, actor, it)
            }
        }
    })
    .await
}

/// From what a draft begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "playbook": "stolen" }))]
struct PlaybookBegun {
    /// The playbook, by its name.
    playbook: String,
    /// The version of the house's own that it is a copy of; without it, what comes with the software.
    from: Option<String>,
}

/// Begin a draft.
#[utoipa::path(post, path = "/playbooks", tag = "playbook", request_body = PlaybookBegun, responses(
    (status = 201, body = PlaybookOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "too_many_revisions", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<PlaybookBegun>,
) -> Result<Kept, Problem> {
    let id = super::id::new()?;
    let kept = acting(&api, account, input, move |tx, actor, begun: PlaybookBegun| {
        app::revision::kept_by(tx, actor)?;
        let from = (begun.playbook.as_str(), begun.from.as_deref());
        PlaybookOut::own(tx, actor, app::playbook::create(tx, actor, &id, from)?)
    });
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

/// Takes a step with a playbook of the house's own.
async fn step<B: Send + 'static>(
    api: &Api,
    account: Account,
    playbook_id: String,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, &str, B) -> Result<Revision, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    acting(api, account, input, move |tx, actor, body| {
        // What comes with the software is there, and nobody's to change.
        if ::playbook::named(&playbook_id).is_some() {
            app::revision::kept_by(tx, actor)?;
            return Err(Problem::new(NOT_FOUND));
        }
        PlaybookOut::own(tx, actor, act(tx, actor, &playbook_id, body)?)
    })
    .await
}

/// A text in the place of the one that was seen: `text` or `form`, exactly one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "text": "playbook: lost\nversion: 3\n"
}))]
struct PlaybookText {
    /// SHA-256 of the text that was seen, in hexadecimal digits.
    #[schema(max_length = 64)]
    sha256: String,
    /// YAML; at most 48 KiB. It may be wrong still: only what is right is proposed.
    text: Option<String>,
    /// The same as a form. The text is written anew from it, without comments.
    form: Option<PlaybookForm>,
}

/// Write another text of a draft.
#[utoipa::path(put, path = "/playbooks/{playbook_id}", tag = "playbook", params(("playbook_id" = String, Path)),
    request_body = PlaybookText, responses(
    (status = 200, body = PlaybookOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "text_changed, too_many_revisions, wrong_state", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(playbook_id): Path<String>,
    input: In<PlaybookText>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        playbook_id,
        input,
        |tx, actor, id, it: PlaybookText| {
            app::revision::find(tx, actor, Kind::Playbook, id)?;
            app::revision::kept_by(tx, actor)?;
            let text = said(it.text, it.form)?;
            Ok(app::playbook::change(tx, actor, id, &it.sha256, text)?)
        },
    )
    .await
}

/// Ask a second person to sign it off.
#[utoipa::path(post, path = "/playbooks/{playbook_id}/propose", tag = "playbook", params(("playbook_id" = String, Path)),
    request_body = RevisionSeen, responses(
    (status = 200, body = PlaybookOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "text_changed, text_wrong, wrong_state", body = ProblemOut),
))]
async fn propose(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(playbook_id): Path<String>,
    input: In<RevisionSeen>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        playbook_id,
        input,
        |tx, actor, id, it: RevisionSeen| {
            let note = it.note()?;
            Ok(app::playbook::propose(
                tx,
                actor,
                id,
                &it.sha256,
                note.as_deref(),
            )?)
        },
    )
    .await
}

/// Say what stands against it: it is a draft again, or goes on being used.
#[utoipa::path(post, path = "/playbooks/{playbook_id}/send-back", tag = "playbook", params(("playbook_id" = String, Path)),
    request_body = RevisionNote, responses(
    (status = 200, body = PlaybookOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn send_back(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(playbook_id): Path<String>,
    input: In<RevisionNote>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        playbook_id,
        input,
        |tx, actor, id, it: RevisionNote| sent_back(tx, actor, (Kind::Playbook, id), it),
    )
    .await
}

/// Which text is signed off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "warnings": ["acquirer_deregister:within"]
}))]
struct PlaybookSigned {
    /// SHA-256 of the text that was seen, in hexadecimal digits.
    #[schema(max_length = 64)]
    sha256: String,
    /// The `key` of each warning that was ticked.
    #[serde(default)]
    #[schema(max_items = 600)]
    warnings: Vec<String>,
    /// In a few words; at most 2000 characters.
    note: Option<String>,
}

/// Agree, as a second person who has just proved who it is: it is used from now on, or not any more where that was asked for.
#[utoipa::path(post, path = "/playbooks/{playbook_id}/sign-off", tag = "playbook", params(("playbook_id" = String, Path)),
    request_body = PlaybookSigned, responses(
    (status = 200, body = PlaybookOut),
    (status = 403, description = "not_allowed, second_person_required, step_up_required", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "later_in_use, text_changed, text_wrong, warnings_unseen, wrong_state", body = ProblemOut),
))]
async fn sign_off(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(playbook_id): Path<String>,
    input: In<PlaybookSigned>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        playbook_id,
        input,
        |tx, actor, id, it: PlaybookSigned| {
            let note = RevisionNote { note: it.note }.read()?;
            let seen = (it.sha256.as_str(), it.warnings.as_slice());
            Ok(app::playbook::sign_off(tx, actor, id, seen, note.as_deref())?)
        },
    )
    .await
}

/// Take it back before it is used; or ask a second person to end its use, and say why.
#[utoipa::path(post, path = "/playbooks/{playbook_id}/withdraw", tag = "playbook", params(("playbook_id" = String, Path)),
    request_body = RevisionNote, responses(
    (status = 200, body = PlaybookOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(playbook_id): Path<String>,
    input: In<RevisionNote>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        playbook_id,
        input,
        |tx, actor, id, it: RevisionNote| withdrawn(tx, actor, (Kind::Playbook, id), it),
    )
    .await
}
