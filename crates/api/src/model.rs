//! The house's models: trained on what people marked, with a card, in versions that a second person signs off (R3.3).
//!
//! Invariant: gathered and trained outside of any transaction that writes; a model changes no score.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::model::{self, KIND, Learnt, NAME};
use app::suspect::training::{TooFew, Training};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::Actor;
use domain::revision::Revision;
use domain::setting::Language as Spoken;
use screening::model::{Level, NOT_FOR, feature};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::Names;
use super::problem::{Problem, ProblemOut};
use super::revision::{self as steps, RevisionOut};
use super::route::{self, acting, reading};
use super::rule_set::{BACK_IN_S, TESTING};
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::In;
use crate::language::spoken;
use crate::places::Place;
use crate::wire::{Letters, Time, word};

/// Versions that are listed, the latest.
const LISTED_MAX: i64 = 20;
/// After so long no other incident is begun.
const TIME_MAX: Duration = Duration::from_secs(8);

word! {
    /// How far something has moved: `unknown` (fewer than 200 payments), `stable`, `shifted`, `changed` (train anew).
    DriftLevel: Level;
}

crate::problem::codes! {
    /// Too few payments are marked.
    TOO_FEW = "too_few_marks", CONFLICT:
        ("标注还太少", "训练至少需要 20 笔判定为“不是本店”和 20 笔判定为“本店”的交易。"),
        ("Too few marks", "To train one takes at least 20 payments that people called not the shop's, and 20 that they called the shop's.");
    /// This version of the software cannot read it.
    UNREADABLE = "model_unreadable", CONFLICT:
        ("读不懂这个模型", "本版本软件读不懂这个模型，请重新训练。"),
        ("The model cannot be read", "This version of the software cannot read the model. Train another one.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, train))
        .routes(routes!(show))
        .routes(routes!(compare))
        .routes(routes!(propose))
        .routes(routes!(send_back))
        .routes(routes!(sign_off))
        .routes(routes!(withdraw))
        .routes(routes!(show_events))
}

route::events_route!(show_events: Revision, "model", "/screening/models/{model_id}/events", "model_id");

/// The house's models.
#[derive(Serialize, ToSchema)]
struct Models {
    /// Their versions, the latest first; one of them at most is used.
    revisions: Vec<RevisionOut>,
    /// Whether the one who asks may train and sign off.
    writes: bool,
}

/// The versions of the house's model.
#[utoipa::path(get, path = "/screening/models", tag = "model", responses((status = 200, body = Models)))]
async fn list(State(api): State<Arc<Api>>, account: Account) -> Result<Json<Models>, Problem> {
    reading(&api, account, move |tx, actor| {
        let mut names = Names::new(tx);
        let all = app::revision::named(tx, KIND, NAME, LISTED_MAX)?;
        let seen = all
            .iter()
            .filter(|it| actor.scope().is_some_and(|scope| it.seen_by(scope)));
        Ok(Models {
            revisions: seen
                .map(|it| RevisionOut::of(tx, &mut names, actor, it))
                .collect::<Result<_, _>>()?,
            writes: app::revision::keeps(tx, actor)?,
        })
    })
    .await
}

/// A version of the house's model.
#[derive(Serialize, ToSchema)]
#[schema(as = Model)]
struct ModelOut {
    #[serde(flatten)]
    revision: RevisionOut,
    /// What it is good for; null: this version of the software cannot read it.
    #[schema(required)]
    card: Option<ModelCard>,
    /// Whether the one who asks may begin a draft that is this one again.
    can_copy: bool,
    /// Who may sign it off, while it is a draft or waits; at most 50. Nobody, for who may not keep it.
    signers: Vec<String>,
}

/// What a model learnt from, and what it is good for.
#[derive(Serialize, ToSchema)]
struct ModelCard {
    /// ISO 4217: payments of other currencies it does not know.
    #[schema(value_type = String)]
    currency: Letters,
    /// When it was trained.
    trained_at: Time,
    /// On how many payments.
    payments: u64,
    /// How many of them people called not the shop's.
    fraudulent: u64,
    /// When the first of them was.
    first_at: Time,
    /// When the last was.
    last_at: Time,
    /// SHA-256 over features, times and marks, in hexadecimal digits: the same data or not.
    data_sha256: String,
    /// How well one trained on the older four fifths foretells the last fifth; null: too few marks to say.
    #[schema(required)]
    held_out: Option<ModelHeldOut>,
    /// What it looks at, the weightiest first.
    features: Vec<ModelFeature>,
    /// What it must not be used for, in the language of `Accept-Language`.
    not_for: Vec<&'static str>,
}

/// What the last fifth says.
#[derive(Serialize, ToSchema)]
struct ModelHeldOut {
    /// How many payments.
    payments: u64,
    /// How many of them people called not the shop's.
    fraudulent: u64,
    /// Precision averaged over those, thousandths; chance gives their share.
    average_precision_milli: u16,
}

/// Something that a model looks at.
#[derive(Serialize, ToSchema)]
struct ModelFeature {
    /// Which.
    feature: String,
    /// That in words, in the language of `Accept-Language`.
    title: String,
    /// Its part in what was learnt, thousandths.
    share_milli: u16,
}

impl ModelCard {
    fn of(learnt: &Learnt, language: Spoken) -> Self {
        let card = learnt.model.card();
        Self {
            currency: Letters::of(learnt.currency),
            trained_at: Time(card.trained_at),
            payments: card.rows,
            fraudulent: card.marked,
            first_at: Time(card.first_at),
            last_at: Time(card.last_at),
            data_sha256: domain::hex::of(&card.data_digest),
            held_out: card.held_out.map(|it| ModelHeldOut {
                payments: it.rows,
                fraudulent: it.marked,
                average_precision_milli: it.average_precision_milli,
            }),
            features: card
                .importance
                .iter()
                .map(|it| ModelFeature {
                    title: title(&it.name, language),
                    feature: it.name.clone(),
                    share_milli: it.share_milli,
                })
                .collect(),
            not_for: NOT_FOR
                .into_iter()
                .map(|(zh, en)| match language {
                    Spoken::Chinese => zh,
                    Spoken::English => en,
                })
                .collect(),
        }
    }
}

fn title(name: &str, language: Spoken) -> String {
    feature::title(name, language).unwrap_or(name).to_owned()
}

fn out(tx: &Tx<'_>, actor: &Actor, it: &Revision, language: Spoken) -> Result<ModelOut, Problem> {
    let mut names = Names::new(tx);
    let learnt = model::read(it);
    Ok(ModelOut {
        revision: RevisionOut::of(tx, &mut names, actor, it)?,
        can_copy: learnt.is_some() && app::revision::keeps(tx, actor)?,
        card: learnt.as_ref().map(|learnt| ModelCard::of(learnt, language)),
        signers: steps::signers(tx, &mut names, actor, it)?,
    })
}

/// A version, with its card.
#[utoipa::path(get, path = "/screening/models/{model_id}", tag = "model", params(("model_id" = String, Path)), responses(
    (status = 200, body = ModelOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
))]
async fn show(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ModelOut>, Problem> {
    let language = spoken(&headers);
    reading(&api, account, move |tx, actor| {
        out(tx, actor, &app::revision::find(tx, actor, KIND, &id)?, language)
    })
    .await
}

/// What a draft begins from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "from": null }))]
struct ModelBegun {
    /// The version that it is again: the way back. Without it one is trained.
    from: Option<String>,
}

/// The place of what takes long.
fn place(api: &Api) -> Result<Place, Problem> {
    let place = api.back_tests.take("");
    place.ok_or_else(|| Problem::new(TESTING).retry_after_s(BACK_IN_S))
}

/// Looks at the incidents, each in a snapshot of its own.
async fn gathered(
    api: &Api,
    account: &Account,
    (mut training, incidents): (Training, Vec<String>),
) -> Result<Training, Problem> {
    let began = Instant::now();
    for incident_id in incidents {
        if began.elapsed() > TIME_MAX {
            training.is_cut = true;
        }
        if began.elapsed() > TIME_MAX || !training.has_room() {
            break;
        }
        let look = reading(api, account.clone(), move |tx, actor| {
            training.look(tx, actor, &incident_id)?;
            Ok(training)
        });
        let Json(looked) = look.await?;
        training = looked;
    }
    Ok(training)
}

fn too_few(why: TooFew) -> Problem {
    let TooFew { fraudulent, genuine } = why;
    Problem::new(TOO_FEW).saying(
        format!("现在判定为“不是本店”的有 {fraudulent} 笔，“本店”的有 {genuine} 笔；训练各需要至少 20 笔。"),
        format!("People called {fraudulent} payments not the shop's, and {genuine} the shop's; to train one takes at least 20 of each."),
    )
}

/// Train a model on what people marked around losses, as a draft; or begin a draft that is an earlier version again.
#[utoipa::path(post, path = "/screening/models", tag = "model", request_body = ModelBegun, responses(
    (status = 201, body = ModelOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "too_few_marks; too_many_revisions", body = ProblemOut),
    (status = 422, description = "invalid_field: there is no such version, or it cannot be read", body = ProblemOut),
    (status = 429, description = "back_test_running: one of these, or a back-test, is under way", body = ProblemOut),
))]
async fn train(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    headers: HeaderMap,
    input: In<ModelBegun>,
) -> Result<Kept, Problem> {
    let (id, language) = (crate::id::new()?, spoken(&headers));
    let learnt = match &input.body.from {
        Some(_) => None,
        None => Some(learn(&api, &account).await?),
    };
    let kept = acting(&api, account, input, move |tx, actor, begun: ModelBegun| {
        app::revision::kept_by(tx, actor)?;
        let it = match (&learnt, &begun.from) {
            (Some(learnt), _) => model::create(tx, actor, &id, learnt)?,
            (None, from) => model::copy(tx, actor, &id, from.as_deref().unwrap_or_default())?,
        };
        out(tx, actor, &it, language)
    });
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

async fn learn(api: &Api, account: &Account) -> Result<Learnt, Problem> {
    let begun = reading(api, account.clone(), |tx, actor| Ok(Training::begin(tx, actor)?));
    let Json(begun) = begun.await?;
    let _place = place(api)?;
    let training = gathered(api, account, begun).await?;
    // On a thread that may take its time; what it reads is the clock alone.
    let trained = reading(api, account.clone(), move |tx, _| {
        training.train(tx.now()).map_err(too_few)
    });
    let Json(learnt) = trained.await?;
    Ok(learnt)
}

/// How far newer payments have moved.
#[derive(Serialize, ToSchema)]
struct ModelDrift {
    /// Payments around losses that were reported in the last 30 days, marked or not.
    payments: u64,
    /// Whether not all of them were looked at.
    is_cut: bool,
    /// Each feature.
    features: Vec<ModelMoved>,
}

/// How far newer payments have moved in one feature.
#[derive(Serialize, ToSchema)]
struct ModelMoved {
    /// Which.
    feature: String,
    /// That in words, in the language of `Accept-Language`.
    title: String,
    /// The population stability index, thousandths: below 100 it is as it was, from 250 the model should be trained anew.
    index_milli: u32,
    /// What that means.
    level: DriftLevel,
}

/// How far payments around the losses of the last 30 days have moved from those that a version learnt from. Nothing is kept.
#[utoipa::path(post, path = "/screening/models/{model_id}/compare", tag = "model", params(("model_id" = String, Path)), responses(
    (status = 200, body = ModelDrift),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "model_unreadable", body = ProblemOut),
    (status = 429, description = "back_test_running: one of these, or a back-test, is under way", body = ProblemOut),
))]
async fn compare(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ModelDrift>, Problem> {
    let language = spoken(&headers);
    let begun = reading(&api, account.clone(), move |tx, actor| {
        let it = app::revision::find(tx, actor, KIND, &id)?;
        app::revision::kept_by(tx, actor)?;
        let learnt = model::read(&it).ok_or_else(|| Problem::new(UNREADABLE))?;
        let begun = Training::of(tx, actor, learnt.currency)?;
        Ok((begun, learnt))
    });
    let Json((begun, learnt)) = begun.await?;
    let _place = place(&api)?;
    let training = gathered(&api, &account, begun).await?;
    let drift = training.drift(&learnt);
    Ok(Json(ModelDrift {
        payments: drift.rows(),
        is_cut: training.is_cut,
        features: drift
            .moved()
            .into_iter()
            .map(|it| ModelMoved {
                feature: it.name.to_owned(),
                title: title(it.name, language),
                index_milli: it.index_milli,
                level: DriftLevel(it.level),
            })
            .collect(),
    }))
}

fn shown(tx: &Tx<'_>, actor: &Actor, it: Revision, headers: &HeaderMap) -> Result<ModelOut, Problem> {
    out(tx, actor, &it, spoken(headers))
}

steps::step_routes!(
    model,
    ModelOut,
    "model",
    "model_id",
    [
        "/screening/models/{model_id}/propose",
        "/screening/models/{model_id}/send-back",
        "/screening/models/{model_id}/sign-off",
        "/screening/models/{model_id}/withdraw"
    ],
    shown
);
