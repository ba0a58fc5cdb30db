//! Common points: terminals that nobody reported, and at which cards were before they came to harm elsewhere (R3.3). For the house.
//!
//! Invariant: numbers, and truncated cards by the payments that have them; nobody is called anything.

use std::sync::Arc;

use app::common_point::{list, paid, reported};
use axum::Json;
use axum::extract::State;
use domain::common_point::CommonPoint;
use domain::question::Question;
use domain::work::Id;
use serde::Serialize;
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::auth::Account;
use crate::people::Names;
use crate::problem::{Problem, ProblemOut};
use crate::question::QuestionState;
use crate::route::reading;
use crate::wire::Time;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list_common_points))
}

/// A terminal at which more cards were that came to harm elsewhere later than chance would have brought.
#[derive(Serialize, ToSchema)]
#[schema(as = CommonPoint)]
struct CommonPointOut {
    /// Which terminal.
    terminal_id: String,
    /// How people call it.
    terminal_name: String,
    /// The shop that it stands in.
    shop_name: String,
    /// The zone of its clock.
    time_zone: String,
    /// When it was named first.
    found_at: Time,
    /// When it was named last.
    judged_at: Time,
    /// From when cards were looked for.
    from: Time,
    /// Until when.
    to: Time,
    /// Cards and payers that were there.
    cards: i64,
    /// Those of them that came to harm elsewhere later.
    victims: i64,
    /// The same without those by the word of one merchant only: what was judged.
    independent: i64,
    /// How many of these chance would have brought, in millionths.
    expected_millionths: i64,
    /// By chance the estate would have one such terminal in so many looks; 2³⁰ at most.
    odds: i64,
    /// The losses they come from.
    incidents: Vec<String>,
    /// Payments by which they were there, each one's first; at most 20.
    payments: Vec<CommonPayment>,
    /// What its shop was asked because of it; null: it was not asked.
    #[schema(required)]
    question: Option<CommonQuestion>,
    /// The report of its loss that stands, if there is one by now.
    #[schema(required)]
    incident_id: Option<String>,
}

/// A payment by which a victim was at the terminal.
#[derive(Serialize, ToSchema)]
struct CommonPayment {
    /// As the terminal's own pages name it.
    id: String,
    /// When.
    at: Time,
    /// The card, truncated: another may look like it. Null: the payer is known otherwise.
    #[schema(required)]
    card: Option<String>,
}

/// What became of the question.
#[derive(Serialize, ToSchema)]
struct CommonQuestion {
    /// Which.
    id: String,
    /// Where it stands. `here` ends nothing for the house: somebody may have altered a terminal that never left.
    state: QuestionState,
    /// When it was asked.
    asked_at: Time,
}

/// The common points.
#[derive(Serialize, ToSchema)]
struct CommonPoints {
    /// They, named last first; at most 50.
    items: Vec<CommonPointOut>,
    /// When the estate is looked through next; null while that is not known.
    #[schema(required)]
    next_look_at: Option<Time>,
}

fn out(tx: &Tx<'_>, names: &mut Names<'_, '_>, it: CommonPoint) -> Result<CommonPointOut, Problem> {
    let terminal = store::terminal::get(tx, it.terminal_id)?;
    let terminal = terminal.ok_or(store::Error::Corrupt("terminal of a common point"))?;
    let question: Option<Question> = match &it.question_id {
        Some(question_id) => store::row::by_id(tx, question_id)?,
        None => None,
    };
    let payments = paid(tx, &it)?.into_iter().map(|paid| CommonPayment {
        id: paid.id,
        at: Time(paid.at),
        card: paid.card,
    });
    Ok(CommonPointOut {
        payments: payments.collect(),
        question: question.map(|question| CommonQuestion {
            id: question.question_id,
            state: QuestionState(question.state),
            asked_at: Time(question.asked_at),
        }),
        incident_id: reported(tx, it.terminal_id)?.map(|incident| incident.incident_id),
        terminal_id: it.terminal_id.to_string(),
        terminal_name: terminal.name,
        time_zone: terminal.time_zone,
        shop_name: names.shop(&terminal.shop_id)?,
        found_at: Time(it.found_at),
        judged_at: Time(it.judged_at),
        from: Time(it.span.0),
        to: Time(it.span.1),
        cards: it.cards,
        victims: it.victims,
        independent: it.independent,
        expected_millionths: it.expected_millionths,
        odds: it.odds,
        incidents: it.incidents.split_whitespace().map(str::to_owned).collect(),
    })
}

/// Terminals that nobody reported, and at which cards were before they came to harm elsewhere.
#[utoipa::path(get, path = "/common-points", tag = "common_point", responses(
    (status = 200, body = CommonPoints),
    (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn list_common_points(
    State(api): State<Arc<Api>>,
    account: Account,
) -> Result<Json<CommonPoints>, Problem> {
    reading(&api, account, move |tx, actor| {
        let mut names = Names::new(tx);
        let items = list(tx, actor)?.into_iter().map(|it| out(tx, &mut names, it));
        let items = items.collect::<Result<_, _>>()?;
        let next = store::work::get(tx, &Id::common_points())?;
        Ok(CommonPoints {
            items,
            next_look_at: next.and_then(|work| work.due).map(Time),
        })
    })
    .await
}
