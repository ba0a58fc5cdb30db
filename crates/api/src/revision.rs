//! What revisions of the house's texts have in common, whatever they are for: words, problems, and what is said with a step.

use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;

use domain::Actor;
use domain::case::Case as _;
use domain::revision::{Kind, Revision, State};

use super::input::text_opt;
use super::people::Names;
use super::problem::{Problem, Why};
use super::route::{self, Shown};
use super::wire::{Time, word};

word! {
    /// Where a revision stands: `draft`, `proposed` (it waits for a second person), `in_use`, `withdrawal_proposed` (it is used, and one
    /// person wants it not to be), `replaced` by a later one, `withdrawn`.
    RevisionState: domain::revision::State;
    /// What people can do with a revision.
    RevisionAction: domain::revision::Verb;
}

crate::problem::codes! {
    /// No such revision, for this account.
    NOT_FOUND = "revision_not_found", NOT_FOUND:
        ("没有找到这个版本", "没有这个版本。"),
        ("Version not found", "There is no such version.");
    /// Somebody else has written since: `text` and its digest are others than those that were seen.
    TEXT_CHANGED = "text_changed", CONFLICT:
        ("别人已经改过", "您看到的文字已经不是最新的，别人改过。请先看新的文字，再决定。"),
        ("Somebody has changed it", "The text you saw is not the newest any more: somebody has changed it. Look at the new one first.");
    /// Something in the text is wrong; the check says what.
    TEXT_WRONG = "text_wrong", CONFLICT:
        ("文字里有错", "文字里还有错，改好才能送签。"),
        ("Something in the text is wrong", "Something in the text is wrong still. It can be proposed once that is put right.");
    /// There are warnings that were not ticked, or others were.
    WARNINGS_UNSEEN = "warnings_unseen", CONFLICT:
        ("还有提醒没有确认", "签发之前，请逐条看过并勾选每一条提醒。"),
        ("Some warnings are not ticked", "Look at each warning and tick it before you sign this off.");
    /// A later version is used.
    LATER_IN_USE = "later_in_use", CONFLICT:
        ("更新的版本已在使用", "已经有更新的版本在使用。请以它为基础再写一版。"),
        ("A later version is used", "A later version is used already. Begin a new one from that.");
    /// As many are open as there may be, or as many people wrote one.
    TOO_MANY_REVISIONS = "too_many_revisions", CONFLICT:
        ("太多了", "最多同时有 20 个草稿和待签的版本，一个版本最多由 20 人写。请先完成或撤回一些。"),
        ("Too many", "There are at most 20 drafts and proposals at a time, and 20 people who write one. Finish or withdraw some first.");
}

/// A version of a text, without the text.
#[derive(Serialize, ToSchema)]
#[schema(as = Revision)]
pub struct RevisionOut {
    /// Eight letters and digits.
    id: String,
    /// Which of the house's texts.
    name: String,
    /// Counts up for each name, from above what comes with the software.
    version: u32,
    /// Where it stands.
    state: RevisionState,
    /// SHA-256 of the text, in hexadecimal digits.
    sha256: String,
    /// All who wrote or proposed it: none of them signs it off.
    writers: Vec<String>,
    /// When it was written last.
    written_at: Time,
    /// Who proposed it, last.
    #[schema(required)]
    proposed_by: Option<String>,
    /// When.
    #[schema(required)]
    proposed_at: Option<Time>,
    /// Who signed it off.
    #[schema(required)]
    signed_by: Option<String>,
    /// When: it was used from then on.
    #[schema(required)]
    signed_at: Option<Time>,
    /// Who ended its use, or asked for that, or withdrew it.
    #[schema(required)]
    ended_by: Option<String>,
    /// When.
    #[schema(required)]
    ended_at: Option<Time>,
    /// What the one who asks may do with it now.
    actions: Vec<RevisionAction>,
}

impl RevisionOut {
    /// As the actor sees it.
    pub fn of(tx: &Tx<'_>, names: &mut Names<'_, '_>, actor: &Actor, it: &Revision) -> Result<Self, Problem> {
        let mut person = |login: &Option<String>| login.as_deref().map(|by| names.person(by)).transpose();
        Ok(Self {
            proposed_by: person(&it.proposed_by)?,
            signed_by: person(&it.signed_by)?,
            ended_by: person(&it.ended_by)?,
            writers: it
                .writers
                .lines()
                .map(|by| names.person(by))
                .collect::<Result<_, _>>()?,
            actions: route::actions(tx, actor, it, RevisionAction)?,
            id: it.revision_id.clone(),
            name: it.name.clone(),
            version: it.version,
            state: RevisionState(it.state),
            sha256: app::revision::digest(&it.text),
            written_at: Time(it.written_at),
            proposed_at: it.proposed_at.map(Time),
            signed_at: it.signed_at.map(Time),
            ended_at: it.ended_at.map(Time),
        })
    }
}

/// Who may sign it off, while it is written or waits; at most 50. Nobody, for who may not keep it.
pub fn signers(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    actor: &Actor,
    it: &Revision,
) -> Result<Vec<String>, Problem> {
    let is_open = matches!(
        it.state,
        State::Draft | State::Proposed | State::WithdrawalProposed
    );
    let signers = match is_open && app::revision::keeps(tx, actor)? {
        true => app::revision::keepers(tx)?,
        false => Vec::new(),
    };
    let signers = signers.iter().filter(|login| !it.took_part(login));
    Ok(signers
        .map(|login| names.person(login))
        .collect::<Result<_, _>>()?)
}

impl Shown for Revision {
    type Out = RevisionOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<RevisionOut, Problem> {
        RevisionOut::of(tx, &mut Names::new(tx), actor, &it)
    }
}

/// What is said with a step of a revision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "note": "按保险公司的要求加了一步" }))]
pub struct RevisionNote {
    /// In a few words; at most 2000 characters.
    pub note: Option<String>,
}

impl RevisionNote {
    /// The words.
    pub fn read(self) -> Result<Option<String>, Problem> {
        text_opt("note", self.note, app::case::TEXT_CHARS_MAX)
    }

    /// The words, without which it is not done.
    pub fn required(self) -> Result<String, Problem> {
        self.read()?.ok_or_else(|| Problem::field("note", Why::Missing))
    }
}

/// Which text is meant, and what is said with the step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "note": "按保险公司的要求加了一步"
}))]
pub struct RevisionSeen {
    /// SHA-256 of the text that was seen, in hexadecimal digits.
    #[schema(max_length = 64)]
    pub sha256: String,
    /// In a few words; at most 2000 characters.
    note: Option<String>,
}

impl RevisionSeen {
    /// The words.
    pub fn note(&self) -> Result<Option<String>, Problem> {
        RevisionNote {
            note: self.note.clone(),
        }
        .read()
    }
}

/// Says what stands against a proposal, or against ending a use.
pub fn send_back(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    said: RevisionNote,
) -> Result<Revision, Problem> {
    kept(tx, actor, of)?;
    Ok(app::revision::send_back(tx, actor, of, &said.required()?)?)
}

/// Takes it back before it is used; or asks a second person to end its use, and says why.
pub fn withdraw(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Kind, &str),
    said: RevisionNote,
) -> Result<Revision, Problem> {
    let note = match kept(tx, actor, of)?.state {
        State::InUse => Some(said.required()?),
        _ => said.read()?,
    };
    Ok(app::revision::withdraw(tx, actor, of, note.as_deref())?)
}

/// The one that the actor keeps: of what one may not do, nothing that is said is wrong.
fn kept(tx: &Tx<'_>, actor: &Actor, (kind, id): (Kind, &str)) -> Result<Revision, Problem> {
    let it = app::revision::find(tx, actor, kind, id)?;
    app::revision::kept_by(tx, actor)?;
    Ok(it)
}

/// The steps of a text that is used only where it is read: `step_routes!(model, ModelOut, "model", "model_id", [four paths], shown)`; the
/// noun's module of `app` has `KIND` and `is_read`, and `shown` makes the answer of a revision and the request's head.
macro_rules! step_routes {
    ($noun:ident, $out:ident, $tag:literal, $id:literal, [$propose:literal, $send_back:literal, $sign_off:literal, $withdraw:literal], $shown:ident) => {
        /// Ask a second person to sign off the version that was seen.
        #[utoipa::path(post, path = $propose, tag = $tag, params(($id = String, Path)),
            request_body = $crate::revision::RevisionSeen, responses(
            (status = 200, body = $out),
            (status = 403, description = "not_allowed", body = $crate::problem::ProblemOut),
            (status = 404, description = "revision_not_found", body = $crate::problem::ProblemOut),
            (status = 409, description = "wrong_state; text_changed; text_wrong; too_many_revisions", body = $crate::problem::ProblemOut),
        ))]
        async fn propose(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            axum::extract::Path(id): axum::extract::Path<String>,
            headers: axum::http::HeaderMap,
            input: $crate::input::In<$crate::revision::RevisionSeen>,
        ) -> Result<$crate::idempotency::Kept, $crate::problem::Problem> {
            $crate::route::acting(&api, account, input, move |tx, actor, said: $crate::revision::RevisionSeen| {
                let (of, note) = ((app::$noun::KIND, id.as_str()), said.note()?);
                let seen = (said.sha256.as_str(), note.as_deref());
                let it = app::revision::propose_readable(tx, actor, of, seen, app::$noun::is_read)?;
                $shown(tx, actor, it, &headers)
            })
            .await
        }

        /// Say what stands against a proposal, or against ending its use.
        #[utoipa::path(post, path = $send_back, tag = $tag, params(($id = String, Path)),
            request_body = $crate::revision::RevisionNote, responses(
            (status = 200, body = $out),
            (status = 403, description = "not_allowed", body = $crate::problem::ProblemOut),
            (status = 404, description = "revision_not_found", body = $crate::problem::ProblemOut),
            (status = 409, description = "wrong_state", body = $crate::problem::ProblemOut),
            (status = 422, description = "invalid_field", body = $crate::problem::ProblemOut),
        ))]
        async fn send_back(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            axum::extract::Path(id): axum::extract::Path<String>,
            headers: axum::http::HeaderMap,
            input: $crate::input::In<$crate::revision::RevisionNote>,
        ) -> Result<$crate::idempotency::Kept, $crate::problem::Problem> {
            $crate::route::acting(&api, account, input, move |tx, actor, said| {
                let it = $crate::revision::send_back(tx, actor, (app::$noun::KIND, &id), said)?;
                $shown(tx, actor, it, &headers)
            })
            .await
        }

        /// Sign off the version that was seen, as a second person: it is used from now on; or, where somebody asked for that, no more.
        #[utoipa::path(post, path = $sign_off, tag = $tag, params(($id = String, Path)),
            request_body = $crate::revision::RevisionSeen, responses(
            (status = 200, body = $out),
            (status = 403, description = "not_allowed, second_person_required, step_up_required", body = $crate::problem::ProblemOut),
            (status = 404, description = "revision_not_found", body = $crate::problem::ProblemOut),
            (status = 409, description = "wrong_state; text_changed; text_wrong; later_in_use", body = $crate::problem::ProblemOut),
        ))]
        async fn sign_off(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            axum::extract::Path(id): axum::extract::Path<String>,
            headers: axum::http::HeaderMap,
            input: $crate::input::In<$crate::revision::RevisionSeen>,
        ) -> Result<$crate::idempotency::Kept, $crate::problem::Problem> {
            $crate::route::acting(&api, account, input, move |tx, actor, said: $crate::revision::RevisionSeen| {
                let (of, note) = ((app::$noun::KIND, id.as_str()), said.note()?);
                let seen = (said.sha256.as_str(), note.as_deref());
                let it = app::revision::sign_off_readable(tx, actor, of, seen, app::$noun::is_read)?;
                $shown(tx, actor, it, &headers)
            })
            .await
        }

        /// Take it back before it is used, or ask a second person to end its use.
        #[utoipa::path(post, path = $withdraw, tag = $tag, params(($id = String, Path)),
            request_body = $crate::revision::RevisionNote, responses(
            (status = 200, body = $out),
            (status = 403, description = "not_allowed", body = $crate::problem::ProblemOut),
            (status = 404, description = "revision_not_found", body = $crate::problem::ProblemOut),
            (status = 409, description = "wrong_state", body = $crate::problem::ProblemOut),
            (status = 422, description = "invalid_field", body = $crate::problem::ProblemOut),
        ))]
        async fn withdraw(
            axum::extract::State(api): axum::extract::State<std::sync::Arc<$crate::Api>>,
            $crate::auth::Actor(account): $crate::auth::Actor,
            axum::extract::Path(id): axum::extract::Path<String>,
            headers: axum::http::HeaderMap,
            input: $crate::input::In<$crate::revision::RevisionNote>,
        ) -> Result<$crate::idempotency::Kept, $crate::problem::Problem> {
            $crate::route::acting(&api, account, input, move |tx, actor, said| {
                let it = $crate::revision::withdraw(tx, actor, (app::$noun::KIND, &id), said)?;
                $shown(tx, actor, it, &headers)
            })
            .await
        }
    };
}
pub(crate) use step_routes;
