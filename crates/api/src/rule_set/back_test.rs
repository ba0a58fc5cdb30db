//! What rules would have said of the payments of the last days.
//!
//! Invariant: terminal by terminal, each in a snapshot of its own that is read as the actor; nothing here writes, and one runs at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::suspect::back_test::{self as app_test, BackTest, Cut, Example, Said};
use axum::Json;
use axum::extract::State;
use screening::rule::{Day, RuleTest, Rules};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{RuleSetRule, TESTING, right};
use crate::Api;
use crate::auth;
use crate::incident::suspect::SuspectKind;
use crate::input::In;
use crate::places::Places;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::reading;
use crate::statement::TimeSpan;
use crate::wire::{Money, Time, word};

/// After so long no other terminal is begun.
const TIME_MAX: Duration = Duration::from_secs(8);
/// When it is worth asking again.
pub const BACK_IN_S: u32 = 5;
/// Days that are looked at when nobody says how many.
const DAYS: i64 = 30;

word! {
    /// What was left out: `terminals` (at most 200 are looked at), `payments` (at most 200,000, and 20,000 of a terminal and source),
    /// `time` (8 seconds).
    BackTestCut: Cut;
}

/// One at a time, of the whole house.
pub fn places() -> Arc<Places> {
    Places::new(1, 1)
}

pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(back_test))
}

/// Rules to try on what is past.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "days": 30, "rules": [{
    "code": "late_refund", "text_zh": "深夜大额退款", "text_en": "Large refund late at night",
    "when": "kind == 'refund' && amount_minor >= 50000 && hour >= 22", "points": 300, "stage": "off"
}] }))]
struct BackTestIn {
    /// At most 200; each is asked, whatever its stage.
    #[schema(max_items = 200)]
    rules: Vec<RuleSetRule>,
    /// How many days back, 1 to 90; 30 without it.
    days: Option<i64>,
}

/// What rules would have said.
#[derive(Serialize, ToSchema)]
#[schema(as = BackTest)]
struct BackTestOut {
    /// What was looked at.
    span: TimeSpan,
    /// At how many terminals: those first of whose payments people said something.
    terminals: usize,
    /// Payments looked at.
    payments: u64,
    /// Payments that at least one rule would have marked.
    marked: u64,
    /// Of the payments looked at, those that people called not the shop's.
    fraudulent: u64,
    /// Those that people called the shop's.
    genuine: u64,
    /// What was left out; none: nothing.
    cut: Vec<BackTestCut>,
    /// Each rule, in the order in which they were sent.
    rules: Vec<BackTestRule>,
}

/// What one rule would have said.
#[derive(Serialize, ToSchema)]
struct BackTestRule {
    /// Which.
    code: String,
    /// Payments that it would have marked.
    marked: u64,
    /// Payments of which too little is known.
    not_known: u64,
    /// What of them, how often.
    missing: Vec<BackTestMissing>,
    /// Payments for which it could not be computed: a division by nothing, a number beyond 64 bits.
    failed: u64,
    /// Of those that it would have marked, how many people called not the shop's.
    fraudulent: u64,
    /// How many people called the shop's.
    genuine: u64,
    /// By day, by the terminals' clocks; days with nothing are left out.
    days: Vec<BackTestDay>,
    /// The first payments that it would have marked, at most 10.
    examples: Vec<BackTestExample>,
}

/// What nobody knew.
#[derive(Serialize, ToSchema)]
struct BackTestMissing {
    /// Which variable.
    variable: &'static str,
    /// Of how many payments.
    count: u64,
}

/// What one rule would have said on a day.
#[derive(Serialize, ToSchema)]
struct BackTestDay {
    /// Which: `2026-11-27`.
    day: String,
    /// Payments that it would have marked.
    marked: u64,
    /// Payments of which too little is known.
    not_known: u64,
    /// Payments for which it could not be computed.
    failed: u64,
}

/// A payment that a rule would have marked.
#[derive(Serialize, ToSchema)]
struct BackTestExample {
    /// At which terminal.
    terminal_id: String,
    /// How it is named there: `L` and its sequence at the gate, or `P` and its place in a statement.
    id: String,
    /// When.
    at: Time,
    /// What was asked for.
    kind: SuspectKind,
    /// What was charged or given back.
    amount: Money,
}

impl BackTestExample {
    fn of(it: Example) -> Self {
        Self {
            terminal_id: it.terminal_id.to_string(),
            id: it.id,
            at: Time(it.at),
            kind: SuspectKind(it.kind),
            amount: it.amount.into(),
        }
    }
}

/// A day since 1970 as people write it.
fn written(day: i64) -> String {
    let at = jiff::Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or_default();
    at.strftime("%Y-%m-%d").to_string()
}

impl BackTestRule {
    fn of((it, hits): (RuleTest<Example>, Said)) -> Self {
        let day = |(day, it): (i64, Day)| BackTestDay {
            day: written(day),
            marked: it.marked,
            not_known: it.not_known,
            failed: it.failed,
        };
        Self {
            code: it.code,
            marked: it.sum.marked,
            not_known: it.sum.not_known,
            missing: it
                .not_known
                .into_iter()
                .map(|(variable, count)| BackTestMissing {
                    variable: variable.code(),
                    count,
                })
                .collect(),
            failed: it.sum.failed,
            fraudulent: hits.fraudulent,
            genuine: hits.genuine,
            days: it.days.into_iter().map(day).collect(),
            examples: it.examples.into_iter().map(BackTestExample::of).collect(),
        }
    }
}

impl BackTestOut {
    fn of(it: BackTest) -> Self {
        let rules = it.test.rules.into_iter().zip(it.hits);
        Self {
            span: TimeSpan::of(it.span),
            terminals: it.terminals,
            payments: it.test.payments,
            marked: it.test.marked,
            fraudulent: it.said.fraudulent,
            genuine: it.said.genuine,
            cut: it.cut.into_iter().map(BackTestCut).collect(),
            rules: rules.map(BackTestRule::of).collect(),
        }
    }
}

/// What rules would have said of the payments of the last days: how many each would have marked, when, of which nobody knows enough, and
/// how that agrees with what people said of payments around losses. Nothing is kept.
#[utoipa::path(post, path = "/screening/rules/back-test", tag = "rule_set", request_body = BackTestIn, responses(
    (status = 200, body = BackTestOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 422, description = "rules_wrong; invalid_field", body = ProblemOut),
    (status = 429, description = "back_test_running: there is one at a time", body = ProblemOut),
))]
async fn back_test(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<BackTestIn>,
) -> Result<Json<BackTestOut>, Problem> {
    let began = Instant::now();
    let BackTestIn { rules, days } = input.body;
    let days = days.unwrap_or(DAYS);
    // Who may not is told so whatever was said.
    let found = reading(&api, account.clone(), |tx, actor| {
        Ok((app_test::terminals(tx, actor)?, tx.now()))
    });
    let Json(((terminals, has_more), now)) = found.await?;
    if !(1..=app_test::DAYS_MAX).contains(&days) {
        return Err(Problem::field("days", Why::Invalid));
    }
    let rules = Rules::new(1, right(&rules)?).map_err(|_| Problem::field("rules", Why::Invalid))?;
    let place = api.back_tests.take("");
    let _place = place.ok_or_else(|| Problem::new(TESTING).retry_after_s(BACK_IN_S))?;
    let mut test = BackTest::new(rules, now, days);
    if has_more {
        test.leave_out(Cut::Terminals);
    }
    for terminal_id in terminals {
        if !test.has_room() {
            break;
        }
        if began.elapsed() > TIME_MAX {
            test.leave_out(Cut::Time);
            break;
        }
        let look = reading(&api, account.clone(), move |tx, actor| {
            test.look(tx, actor, terminal_id)?;
            Ok(test)
        });
        let Json(looked) = look.await?;
        test = looked;
    }
    Ok(Json(BackTestOut::of(test)))
}
