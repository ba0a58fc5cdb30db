//! Replacing a lost terminal, step by step: each refuses while an earlier one is open (R1.4, R2.1). What a device is said to be is read
//! in [`super::device`]; how one is shown is in `shown`.
//!
//! Invariant: a master key goes in and never comes out; of the lost terminal's nothing but that it is dead.

mod problem;
mod shown;

pub use problem::CODES;
pub use shown::Checklist;

use std::sync::Arc;

use app::replacement::{self as replace, Binding, Receipt, TheySay};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::Actor;
use domain::checklist::NOTE_CHARS_MAX;
use domain::incident::Incident;
use domain::replacement::checklist::Answer;
use domain::replacement::{Replacement, Verb};
use domain::terminal::{SettlementAccount, Terminal};
use node::seal::{Purpose, Sealer};
use serde::Deserialize;
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::shown::{ReplacementOut, Replacements};
use super::alarm::Nothing;
use super::device::DeviceIn;
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::{In, text, text_opt};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::{acting, reading};
use crate::setting::GateFrom;
use crate::terminal::TerminalControl;
use crate::terminal::key::{MasterKeyIn, Safe};
use crate::wire::Time;

/// Longest number that somebody outside gave, name and check value, in characters.
const REFERENCE_CHARS_MAX: usize = 200;
/// Most answers that are read.
const ANSWERS_MAX: usize = 100;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_replacements, begin_replacement))
        .routes(routes!(show_replacement))
        .routes(routes!(pick_device))
        .routes(routes!(accept_warnings))
        .routes(routes!(bind_device))
        .routes(routes!(end_old_keys))
        .routes(routes!(check_new_keys))
        .routes(routes!(begin_test))
        .routes(routes!(pass_test))
        .routes(routes!(sign_checklist))
        .routes(routes!(go_live))
        .routes(routes!(withdraw_replacement))
        .routes(routes!(give_back_loaner))
}

/// The replacements of an incident, and the checklist.
#[utoipa::path(get, path = "/incidents/{incident_id}/replacements", tag = "replacement", params(("incident_id" = String, Path)), responses(
    (status = 200, body = Replacements),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list_replacements(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
) -> Result<Json<Replacements>, Problem> {
    reading(&api, account, move |tx, actor| {
        let incident: Incident = app::case::find(tx, actor, &incident_id)?;
        Replacements::of(tx, actor, &incident)
    })
    .await
}

/// One replacement.
#[utoipa::path(get, path = "/replacements/{replacement_id}", tag = "replacement", params(("replacement_id" = String, Path)), responses(
    (status = 200, body = ReplacementOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
))]
async fn show_replacement(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(replacement_id): Path<String>,
) -> Result<Json<ReplacementOut>, Problem> {
    reading(&api, account, move |tx, actor| {
        let it: Replacement = app::case::find(tx, actor, &replacement_id)?;
        ReplacementOut::of(tx, &mut Names::new(tx), actor, it)
    })
    .await
}

/// Takes a step, and tells whoever follows the incident.
async fn step<B: Send + 'static>(
    api: &Api,
    account: Account,
    replacement_id: String,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, &str, B) -> Result<Replacement, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let incident_id = replace::incident_of(&replacement_id).to_owned();
    let work = move |tx: &Tx<'_>, actor: &Actor, body| {
        let it = act(tx, actor, &replacement_id, body)?;
        ReplacementOut::of(tx, &mut Names::new(tx), actor, it)
    };
    let kept = acting(api, account, input, work).await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}

/// What is begun.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "is_loaner": false }))]
struct ReplacementBegin {
    /// Whether it stands in only until the real one is there.
    #[serde(default)]
    is_loaner: bool,
}

/// Begin to replace a lost terminal: one at a time, and a loaner beside it.
#[utoipa::path(post, path = "/incidents/{incident_id}/replacements", tag = "replacement", params(("incident_id" = String, Path)),
    request_body = ReplacementBegin, responses(
    (status = 201, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "taken: one is under way, or it was replaced; wrong_state: the incident is closed", body = ProblemOut),
))]
async fn begin_replacement(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<ReplacementBegin>,
) -> Result<Kept, Problem> {
    let id = incident_id.clone();
    let kept = acting(&api, account, input, move |tx, actor, said: ReplacementBegin| {
        let it = replace::begin(tx, actor, &id, said.is_loaner)?;
        ReplacementOut::of(tx, &mut Names::new(tx), actor, it)
    });
    let kept = kept.await?.with_status(StatusCode::CREATED);
    api.node.changed(Some(incident_id));
    Ok(kept)
}

/// Say which device it is. One that must not be used answers 200 with state `refused` and every reason; it stays on the case.
#[utoipa::path(post, path = "/replacements/{replacement_id}/device", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = DeviceIn, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state, too_many_steps", body = ProblemOut),
))]
async fn pick_device(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<DeviceIn>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: DeviceIn| Ok(replace::pick(tx, actor, id, said.read()?)?),
    )
    .await
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "收单机构书面说明仍可使用" }))]
struct ReplacementGround {
    /// Why, in a sentence; at most 2000 characters.
    ground: String,
}

impl ReplacementGround {
    fn read(&self) -> Result<String, Problem> {
        text("ground", &self.ground, app::case::TEXT_CHARS_MAX)
    }
}

/// Say why a device is used although something about it was warned of.
#[utoipa::path(post, path = "/replacements/{replacement_id}/warnings/accept", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = ReplacementGround, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, wrong_state", body = ProblemOut),
))]
async fn accept_warnings(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<ReplacementGround>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: ReplacementGround| Ok(replace::accept_warnings(tx, actor, id, &said.read()?)?),
    )
    .await
}

/// What a device is bound as. Shop, the five elements, language and zone are the lost terminal's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplacementBinding, example = json!({ "terminal_id": "30501190", "name": "前台 1 号机" }))]
struct BindingIn {
    /// Field 41 of the new terminal: 1 to 8 letters and digits, never the lost one's.
    terminal_id: String,
    /// What the shop's people call it; as the lost one without it.
    name: Option<String>,
    /// Who decides what it may do; as of the lost one without it.
    control: Option<TerminalControl>,
    /// Its master key, if it is set now; only where our gate decides.
    master_key: Option<MasterKeyIn>,
}

/// Longest name of a terminal, in characters.
const NAME_CHARS_MAX: usize = 100;

impl BindingIn {
    fn read(self, old: &Terminal, safe: Safe<'_>, has_gate: bool) -> Result<Binding, Problem> {
        let terminal_id = domain::TerminalId::parse(self.terminal_id.trim().as_bytes());
        let terminal_id = terminal_id.ok_or_else(|| Problem::field("terminal_id", Why::Invalid))?;
        let control = self.control.map_or(old.control, |control| control.0);
        if self.master_key.is_some() && control == domain::terminal::Control::Outside {
            return Err(Problem::field("master_key", Why::Unknown));
        }
        Ok(Binding {
            terminal_id,
            name: text_opt("name", self.name, NAME_CHARS_MAX)?,
            control,
            settlement_account: sealed_anew(safe.sealer, old, terminal_id)?,
            master_key: self
                .master_key
                .map(|key| key.seal(safe, terminal_id))
                .transpose()?,
            has_gate,
        })
    }
}

/// The lost terminal's settlement account, sealed for another one.
fn sealed_anew(
    sealer: &Sealer,
    old: &Terminal,
    for_: domain::TerminalId,
) -> Result<SettlementAccount, Problem> {
    let account = &old.bound.settlement_account;
    if account.sealed.is_empty() {
        return Ok(account.clone());
    }
    let purpose = Purpose::SettlementAccount;
    let number = sealer.open(purpose, old.terminal_id.as_str(), &account.sealed);
    let sealed = number.and_then(|number| sealer.seal(purpose, for_.as_str(), &number));
    Ok(SettlementAccount {
        sealed: sealed.map_err(|error| Problem::internal(&error))?,
        last4: account.last4.clone(),
    })
}

/// Bind the device to the merchant and the shop of the lost terminal, under a terminal number of its own. It is held from then on, and the
/// acquirer's notice is due within 2 days. Shop, the five elements, place, language and zone are copied; operators are the shop's, and so
/// are there already; goods are not kept here.
#[utoipa::path(post, path = "/replacements/{replacement_id}/binding", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = BindingIn, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, device_not_free, terminal_taken, no_gate, out_of_business, wrong_state", body = ProblemOut),
))]
async fn bind_device(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<BindingIn>,
) -> Result<Kept, Problem> {
    let (node, check) = (api.node.clone(), api.settings.key_check);
    let has_gate = api.settings.gate != GateFrom::Off;
    step(
        &api,
        account,
        replacement_id,
        input,
        move |tx, actor, id, said: BindingIn| {
            let it = replace::may(tx, actor, id, Verb::Bind)?;
            let old: Terminal = app::case::find(tx, actor, it.old_terminal_id.as_str())?;
            let safe = Safe {
                sealer: &node.sealer,
                check,
            };
            let binding = said.read(&old, safe, has_gate)?;
            Ok(replace::bind(tx, actor, id, binding)?)
        },
    )
    .await
}

/// What an acquirer outside says of the lost terminal's keys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeysConfirmation {
    /// The number they gave for it; at most 200 characters.
    reference: String,
    /// Who said so: a name and a post, or a hotline.
    by: String,
    /// Since when the keys are dead; not later than now.
    at: Time,
}

/// That the lost terminal's keys are dead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct OldKeys {
    /// What an acquirer outside says, where it has them. Where our gate has them nothing is said: the server ends them and looks.
    confirmation: Option<KeysConfirmation>,
}

impl OldKeys {
    fn read(self, tx: &Tx<'_>) -> Result<Option<TheySay>, Problem> {
        let Some(said) = self.confirmation else {
            return Ok(None);
        };
        if said.at.0 > tx.now() {
            return Err(Problem::field("confirmation.at", Why::InFuture));
        }
        Ok(Some(TheySay {
            reference: text("confirmation.reference", &said.reference, REFERENCE_CHARS_MAX)?,
            by: text("confirmation.by", &said.by, REFERENCE_CHARS_MAX)?,
            at: said.at.0,
        }))
    }
}

/// End the lost terminal's keys: the server takes them out of its store and looks that they are gone; what an acquirer outside has ended is
/// written down as what they say.
#[utoipa::path(post, path = "/replacements/{replacement_id}/old-keys", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = OldKeys, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, old_keys_alive, wrong_state", body = ProblemOut),
))]
async fn end_old_keys(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<OldKeys>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: OldKeys| Ok(replace::end_old_keys(tx, actor, id, said.read(tx)?)?),
    )
    .await
}

/// What the new device shows of its keys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "check_value": "E66F46" }))]
struct NewKeys {
    /// The check value on the device's display or slip; six or eight hexadecimal digits. Needed where our gate decides.
    check_value: Option<String>,
    /// Who loaded them and how, where an acquirer outside does; at most 2000 characters.
    statement: Option<String>,
}

/// Compare the check value that the new device shows with its key's: it must be that of no other terminal, nor of the lost one.
#[utoipa::path(post, path = "/replacements/{replacement_id}/keys", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = NewKeys, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, no_master_key, other_check_value, key_not_unique, wrong_state", body = ProblemOut),
))]
async fn check_new_keys(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<NewKeys>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: NewKeys| {
            let check = text_opt("check_value", said.check_value, REFERENCE_CHARS_MAX)?;
            let is_check =
                |check: &String| matches!(check.len(), 6 | 8) && domain::hex::read(check).is_some();
            if check.as_ref().is_some_and(|check| !is_check(check)) {
                return Err(Problem::field("check_value", Why::Invalid));
            }
            let statement = text_opt("statement", said.statement, app::case::TEXT_CHARS_MAX)?;
            let said = (check.as_deref(), statement.as_deref());
            Ok(replace::load_keys(tx, actor, id, said)?)
        },
    )
    .await
}

/// Let the new terminal sell for 15 minutes, to be tried. Then it is held again, whatever came of it.
#[utoipa::path(post, path = "/replacements/{replacement_id}/test", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = Nothing, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, old_keys_alive, wrong_state", body = ProblemOut),
))]
async fn begin_test(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, Nothing {}| Ok(replace::begin_test(tx, actor, id)?),
    )
    .await
}

/// The receipt of a sale that was tried where an acquirer outside decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestReceipt {
    /// The number on it; at most 200 characters.
    number: String,
    /// What there is to say of it.
    statement: Option<String>,
}

/// How it was tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct TestPassed {
    /// The receipt, where an acquirer outside decides. Where our gate does, nothing is said: the server finds the sale.
    receipt: Option<TestReceipt>,
}

/// Have the server find the sale that was tried, and what took it back; from then on the terminal is held until it is live.
#[utoipa::path(post, path = "/replacements/{replacement_id}/test/pass", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = TestPassed, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, not_tested, wrong_state", body = ProblemOut),
))]
async fn pass_test(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<TestPassed>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: TestPassed| {
            let receipt = match said.receipt {
                None => None,
                Some(receipt) => Some(Receipt {
                    number: text("receipt.number", &receipt.number, REFERENCE_CHARS_MAX)?,
                    statement: text_opt("receipt.statement", receipt.statement, app::case::TEXT_CHARS_MAX)?,
                }),
            };
            Ok(replace::pass_test(tx, actor, id, receipt)?)
        },
    )
    .await
}

/// The answer to one item of the checklist.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChecklistAnswer {
    /// To which.
    item: String,
    /// Whether it is so.
    is_so: bool,
    /// What there is to say of it; needed where it is not so; at most 200 characters.
    note: Option<String>,
}

/// The answers to the checklist.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "answers": [{ "item": "seals", "is_so": true }] }))]
struct ChecklistAnswers {
    /// One to each item.
    answers: Vec<ChecklistAnswer>,
}

impl ChecklistAnswers {
    fn read(self) -> Result<Vec<Answer>, Problem> {
        if self.answers.len() > ANSWERS_MAX {
            return Err(Problem::field("answers", Why::TooLong));
        }
        let answer = |said: ChecklistAnswer| {
            Ok(Answer {
                item: said.item,
                is_so: said.is_so,
                note: text_opt("answers.note", said.note, NOTE_CHARS_MAX)?,
            })
        };
        self.answers.into_iter().map(answer).collect()
    }
}

/// Sign the checklist. Its text is frozen with the answers, who signed and when; its SHA-256 is the signature's.
#[utoipa::path(post, path = "/replacements/{replacement_id}/checklist", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = ChecklistAnswers, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, wrong_state", body = ProblemOut),
))]
async fn sign_checklist(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<ChecklistAnswers>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: ChecklistAnswers| Ok(replace::sign(tx, actor, id, &said.read()?)?),
    )
    .await
}

/// Let the new terminal sell. The server looks once more that the lost one's keys are dead and that the new one's is the one that was compared.
#[utoipa::path(post, path = "/replacements/{replacement_id}/live", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = Nothing, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, old_keys_alive, no_master_key, other_check_value, key_not_unique, not_tested, wrong_state",
        body = ProblemOut),
))]
async fn go_live(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<Nothing>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, Nothing {}| Ok(replace::go_live(tx, actor, id)?),
    )
    .await
}

/// End it before it is live. A terminal that it was bound as is taken out of use without keys; the device is as free as it was.
#[utoipa::path(post, path = "/replacements/{replacement_id}/withdraw", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = ReplacementGround, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw_replacement(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<ReplacementGround>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: ReplacementGround| Ok(replace::withdraw(tx, actor, id, &said.read()?)?),
    )
    .await
}

/// Say that the loaner was given back and cleared: it is taken out of use without keys.
#[utoipa::path(post, path = "/replacements/{replacement_id}/return", tag = "replacement", params(("replacement_id" = String, Path)),
    request_body = ReplacementGround, responses(
    (status = 200, body = ReplacementOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "replacement_not_found", body = ProblemOut),
    (status = 409, description = "earlier_step_open, loss_open, wrong_state", body = ProblemOut),
))]
async fn give_back_loaner(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(replacement_id): Path<String>,
    input: In<ReplacementGround>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        replacement_id,
        input,
        |tx, actor, id, said: ReplacementGround| Ok(replace::give_back(tx, actor, id, &said.read()?)?),
    )
    .await
}
