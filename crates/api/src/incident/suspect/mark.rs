//! What people say of payments around a loss (R3.3).
//!
//! Invariant: nothing is judged within the writer's transaction; each person's last word stands beside the others'.

use std::sync::Arc;

use app::case::find;
use app::mark::{NotMarked, may_mark};
use app::suspect::{Counts, Suspect};
use axum::Json;
use axum::extract::State;
use domain::Actor;
use domain::incident::Incident;
use domain::mark::{AT_ONCE_MAX, GROUND_CHARS_MAX};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;

use super::{MarkVerdict, Opinion, SuspectCounts, SuspectRisk, at_risk};
use crate::Api;
use crate::auth;
use crate::idempotency::Kept;
use crate::input::{In, text};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::{acting, reading};

crate::problem::codes! {
    /// The incident has as many marks as one may have.
    FULL = "too_many_marks", TOO_MANY_REQUESTS:
        ("标注太多", "一个事件最多两万条标注。"),
        ("Too many marks", "An incident has at most 20,000 marks.");
}

impl From<NotMarked> for Problem {
    fn from(why: NotMarked) -> Self {
        match why {
            NotMarked::Full => Self::new(FULL),
            NotMarked::Case(error) => error.into(),
        }
    }
}

/// What is said of which payments.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "incident_id": "K7Q2M4XA", "items": ["L41"], "mark": "fraudulent", "ground": "当时店里没人" }))]
pub(super) struct MarkIn {
    /// Around which loss.
    incident_id: String,
    /// Which payments, by their `id`; at most 200.
    #[schema(max_items = 200)]
    items: Vec<String>,
    /// What; null takes back what the one who asks said of them.
    mark: Option<MarkVerdict>,
    /// Why; at most 500 characters.
    #[schema(max_length = 500)]
    ground: Option<String>,
}

/// How payments are marked now.
#[derive(Serialize, ToSchema)]
struct Marked {
    /// Those that were asked about.
    items: Vec<MarkedItem>,
    /// How many there are of each mark.
    counts: SuspectCounts,
    /// What may be lost, one for each currency.
    at_risk: Vec<SuspectRisk>,
}

/// How a payment is marked.
#[derive(Serialize, ToSchema)]
struct MarkedItem {
    /// Which.
    id: String,
    /// What the last one said who did not take it back; null: nobody.
    #[schema(required)]
    mark: Option<MarkVerdict>,
    /// What each person says, the last one first.
    opinions: Vec<Opinion>,
}

/// Say of payments around a loss whether they were the shop's. Each person's last word counts, and stays beside the others'; the record
/// has all of them.
#[utoipa::path(post, path = "/marks", tag = "incident", request_body = MarkIn, responses(
    (status = 200, body = Marked),
    (status = 403, description = "not_allowed; person_required", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
    (status = 429, description = "too_many_marks", body = ProblemOut),
))]
pub(super) async fn mark(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<MarkIn>,
) -> Result<Kept, Problem> {
    let incident_id = input.body.incident_id.clone();
    let its = incident_id.clone();
    let look = move |tx: &Tx<'_>, actor: &Actor| {
        find::<Incident>(tx, actor, &its)?;
        may_mark(actor)?;
        Ok(app::mark::looked(tx, actor, &its)?)
    };
    let Json(looked) = reading(&api, account.clone(), look).await?;
    let kept = acting(&api, account, input, move |tx, actor, said: MarkIn| {
        find::<Incident>(tx, actor, &said.incident_id)?;
        if said.items.is_empty() {
            return Err(Problem::field("items", Why::Missing));
        }
        if said.items.len() > AT_ONCE_MAX {
            return Err(Problem::field("items", Why::TooLong));
        }
        let ground = said
            .ground
            .as_deref()
            .map(str::trim)
            .filter(|ground| !ground.is_empty());
        let ground = ground
            .map(|ground| text("ground", ground, GROUND_CHARS_MAX))
            .transpose()?;
        let verdict = said.mark.map(|mark| mark.0);
        let looked = app::mark::mark(
            tx,
            actor,
            &said.incident_id,
            &said.items,
            (verdict, ground.as_deref()),
            looked,
        )?;
        let mut names = Names::new(tx);
        let wanted = |it: &&Suspect| said.items.contains(&it.source.id());
        let items = looked.suspects.iter().filter(wanted).map(|it| {
            let opinions = it.opinions.iter().map(|mark| names.opinion(mark));
            Ok(MarkedItem {
                id: it.source.id(),
                mark: it.opinions.verdict().map(MarkVerdict),
                opinions: opinions
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .flatten()
                    .collect(),
            })
        });
        Ok(Marked {
            items: items.collect::<Result<_, store::Error>>()?,
            counts: Counts::of(&looked.suspects).into(),
            at_risk: at_risk(&looked.suspects),
        })
    });
    let kept = kept.await?;
    api.node.changed(Some(incident_id));
    Ok(kept)
}
