//! The house's own rules for payments, in versions: checked as they are written, signed off by a second person (R3.3).
//!
//! Invariant: what is kept is a set that was checked; what is wrong is told by rule, field and place, and kept nowhere.

mod back_test;

use std::sync::Arc;

use app::rule_set::{self, KIND, NAME, Used};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::Actor;
use domain::revision::{Revision, TEXT_BYTES_MAX};
use domain::setting::Language as Spoken;
use screening::rule::{RULES_MAX, Rule, RuleField, Rules, Stage, Type, Variable};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use back_test::{BACK_IN_S, places};

use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::revision::{self as steps, RevisionOut};
use super::route::{self, acting, reading};
use crate::Api;
use crate::auth::{self, Account};
use crate::idempotency::Kept;
use crate::input::In;
use crate::language::spoken;
use crate::wire::word;

/// Versions that are listed, the latest.
const LISTED_MAX: i64 = 50;

word! {
    /// How far a rule is in use: `off`; `shadow` (asked and counted, without a change of any score); `live` (it counts).
    RuleStage: Stage;
    /// The type of a variable, as CEL names it.
    RuleVariableType: Type;
}

crate::problem::codes! {
    /// A rule is wrong: `detail` names the first one, its field and its mistake.
    WRONG = "rules_wrong", UNPROCESSABLE_ENTITY:
        ("规则里有错", "有规则写得不对。"),
        ("A rule is wrong", "A rule is not written right.");
    /// One back-test is under way.
    TESTING = "back_test_running", TOO_MANY_REQUESTS:
        ("正在试算", "同一时间只能进行一次试算，请稍后再试。"),
        ("A back-test is under way", "There is one back-test at a time. Try again in a few seconds.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(check))
        .merge(back_test::router())
        .routes(routes!(show, change))
        .routes(routes!(propose))
        .routes(routes!(send_back))
        .routes(routes!(sign_off))
        .routes(routes!(withdraw))
        .routes(routes!(show_events))
}

route::events_route!(show_events: Revision, "rule_set", "/screening/rules/{rule_set_id}/events", "rule_set_id");

/// A rule: when its condition holds of a payment, the payment is marked with its words.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleSetRule {
    /// Its name: small letters, digits and `_`, once in a set; at most 40 characters.
    code: String,
    /// Its words in Chinese; at most 200 characters.
    text_zh: String,
    /// In English.
    text_en: String,
    /// When it holds: an expression of CEL; at most 1,000 characters.
    when: String,
    /// How much it counts, 1 to 1,000.
    points: u16,
    /// How far it is in use.
    stage: RuleStage,
}

impl RuleSetRule {
    fn of(it: &Rule) -> Self {
        Self {
            code: it.code().to_owned(),
            text_zh: it.text(Spoken::Chinese).to_owned(),
            text_en: it.text(Spoken::English).to_owned(),
            when: it.when().text().to_owned(),
            points: it.points(),
            stage: RuleStage(it.stage()),
        }
    }

    fn checked(&self) -> Result<Rule, RuleField> {
        let rule = Rule::new(&self.code, &self.text_zh, &self.text_en, &self.when, self.points);
        rule.map(|rule| rule.in_stage(self.stage.0))
    }
}

/// The rules, or what is wrong with which.
fn checked(said: &[RuleSetRule]) -> Result<Vec<Rule>, Vec<(usize, RuleField)>> {
    let (mut rules, mut wrong) = (Vec::new(), Vec::new());
    for (at, rule) in said.iter().enumerate() {
        let is_again = said[..at].iter().any(|before| before.code == rule.code);
        match rule.checked() {
            _ if is_again => wrong.push((at, RuleField::Code)),
            Ok(rule) => rules.push(rule),
            Err(field) => wrong.push((at, field)),
        }
    }
    match wrong.is_empty() {
        true => Ok(rules),
        false => Err(wrong),
    }
}

fn few(said: &[RuleSetRule]) -> Result<(), Problem> {
    match said.len() <= RULES_MAX {
        true => Ok(()),
        false => Err(Problem::field("rules", Why::TooLong)),
    }
}

/// The rules, all of them right.
fn right(said: &[RuleSetRule]) -> Result<Vec<Rule>, Problem> {
    few(said)?;
    checked(said).map_err(|wrong| {
        let Some((at, field)) = wrong.first() else {
            return Problem::new(WRONG);
        };
        let place = at + 1;
        Problem::new(WRONG).saying(
            format!("第 {place} 条规则：{}。", field.text(Spoken::Chinese)),
            format!("Rule {place}: {}.", field.text(Spoken::English)),
        )
    })
}

/// What a condition may ask about.
#[derive(Serialize, ToSchema)]
struct RuleVariable {
    /// Its name.
    variable: &'static str,
    /// Its type.
    kind: RuleVariableType,
    /// What it is, in the language of `Accept-Language`.
    title: &'static str,
}

/// The house's own rules, and what they are made with.
#[derive(Serialize, ToSchema)]
struct RuleSets {
    /// Their versions, the latest first; one of them at most is used.
    revisions: Vec<RevisionOut>,
    /// Whether one is used but cannot be read by this version of the software: no rule is asked then.
    is_unreadable: bool,
    /// What conditions may ask about.
    variables: Vec<RuleVariable>,
    /// Whether the one who asks may write and sign off.
    writes: bool,
}

/// The versions of the house's own rules.
#[utoipa::path(get, path = "/screening/rules", tag = "rule_set", responses((status = 200, body = RuleSets)))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    headers: HeaderMap,
) -> Result<Json<RuleSets>, Problem> {
    let language = spoken(&headers);
    reading(&api, account, move |tx, actor| {
        let mut names = Names::new(tx);
        let mut all = app::revision::named(tx, KIND, NAME, LISTED_MAX)?;
        // One that is used is shown however many came after it.
        let used = app::revision::in_use(tx, KIND, NAME)?;
        let used = used.filter(|used| all.iter().all(|it| it.revision_id != used.revision_id));
        all.extend(used);
        let seen = all
            .iter()
            .filter(|it| actor.scope().is_some_and(|scope| it.seen_by(scope)));
        Ok(RuleSets {
            revisions: seen
                .map(|it| RevisionOut::of(tx, &mut names, actor, it))
                .collect::<Result<_, _>>()?,
            is_unreadable: matches!(rule_set::used(tx)?, Used::Unreadable),
            variables: Variable::ALL
                .into_iter()
                .map(|it| RuleVariable {
                    variable: it.code(),
                    kind: RuleVariableType(it.kind()),
                    title: it.title(language),
                })
                .collect(),
            writes: app::revision::keeps(tx, actor)?,
        })
    })
    .await
}

/// A version of the house's own rules.
#[derive(Serialize, ToSchema)]
struct RuleSet {
    #[serde(flatten)]
    revision: RevisionOut,
    /// The rules, in their order; null: this version of the software cannot read them.
    #[schema(required)]
    rules: Option<Vec<RuleSetRule>>,
    /// The same as it is kept: JSON.
    text: String,
    /// What is used now, as it is kept, with which it is compared; empty: nothing.
    used: String,
    /// Whether the one who asks may begin a draft from it.
    can_copy: bool,
    /// Who may sign it off, while it is written or waits; at most 50. Nobody, for who may not keep it.
    signers: Vec<String>,
}

fn out(tx: &Tx<'_>, actor: &Actor, it: Revision) -> Result<RuleSet, Problem> {
    let mut names = Names::new(tx);
    let used = app::revision::in_use(tx, KIND, NAME)?;
    Ok(RuleSet {
        revision: RevisionOut::of(tx, &mut names, actor, &it)?,
        rules: rule_set::read(&it).map(|rules| rules.rules().iter().map(RuleSetRule::of).collect()),
        used: used.map(|used| used.text).unwrap_or_default(),
        can_copy: app::revision::keeps(tx, actor)?,
        signers: steps::signers(tx, &mut names, actor, &it)?,
        text: it.text,
    })
}

/// A version, with its rules. What was used once is shown for good.
#[utoipa::path(get, path = "/screening/rules/{rule_set_id}", tag = "rule_set", params(("rule_set_id" = String, Path)), responses(
    (status = 200, body = RuleSet),
    (status = 404, description = "revision_not_found", body = ProblemOut),
))]
async fn show(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
) -> Result<Json<RuleSet>, Problem> {
    reading(&api, account, move |tx, actor| {
        out(tx, actor, app::revision::find(tx, actor, KIND, &id)?)
    })
    .await
}

/// What a draft begins from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "from": null }))]
struct RuleSetBegun {
    /// The version it is a copy of: the way back to one that was used before. Without it, what is used now, else no rule.
    from: Option<String>,
}

/// Begin a draft.
#[utoipa::path(post, path = "/screening/rules", tag = "rule_set", request_body = RuleSetBegun, responses(
    (status = 201, body = RuleSet),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "too_many_revisions", body = ProblemOut),
    (status = 422, description = "invalid_field: there is no such version, or it cannot be read", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<RuleSetBegun>,
) -> Result<Kept, Problem> {
    let id = crate::id::new()?;
    let kept = acting(&api, account, input, move |tx, actor, begun: RuleSetBegun| {
        app::revision::kept_by(tx, actor)?;
        out(
            tx,
            actor,
            rule_set::create(tx, actor, &id, begun.from.as_deref())?,
        )
    });
    Ok(kept.await?.with_status(StatusCode::CREATED))
}

/// Rules to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "rules": [{
    "code": "late_refund", "text_zh": "深夜大额退款", "text_en": "Large refund late at night",
    "when": "kind == 'refund' && amount_minor >= 50000 && hour >= 22", "points": 300, "stage": "shadow"
}] }))]
struct RuleSetTried {
    /// At most 200.
    #[schema(max_items = 200)]
    rules: Vec<RuleSetRule>,
}

/// Something that is wrong with a rule.
#[derive(Serialize, ToSchema)]
struct RuleMistake {
    /// With which, by its place, from 0.
    rule: usize,
    /// In which field.
    field: &'static str,
    /// Of a condition: how many characters stand before it.
    #[schema(required)]
    at: Option<usize>,
    /// What, in the language of `Accept-Language`.
    text: String,
}

/// What is wrong with rules.
#[derive(Serialize, ToSchema)]
struct RuleSetChecked {
    /// The first mistake of each rule that has one; none: the set can be kept.
    wrong: Vec<RuleMistake>,
}

/// Say what is wrong with rules; nothing is kept.
#[utoipa::path(post, path = "/screening/rules/check", tag = "rule_set", request_body = RuleSetTried, responses(
    (status = 200, body = RuleSetChecked),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn check(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    headers: HeaderMap,
    input: In<RuleSetTried>,
) -> Result<Json<RuleSetChecked>, Problem> {
    let language = spoken(&headers);
    reading(&api, account, move |tx, actor| {
        app::revision::kept_by(tx, actor)?;
        few(&input.body.rules)?;
        let wrong = checked(&input.body.rules).err().unwrap_or_default();
        let of = |(rule, field): (usize, RuleField)| RuleMistake {
            rule,
            field: field.field(),
            at: match &field {
                RuleField::When(wrong) => Some(wrong.at),
                _ => None,
            },
            text: field.text(language),
        };
        Ok(RuleSetChecked {
            wrong: wrong.into_iter().map(of).collect(),
        })
    })
    .await
}

/// Other rules, in place of those that were seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "rules": [{
        "code": "late_refund", "text_zh": "深夜大额退款", "text_en": "Large refund late at night",
        "when": "kind == 'refund' && amount_minor >= 50000 && hour >= 22", "points": 300, "stage": "shadow"
    }]
}))]
struct RuleSetWritten {
    /// SHA-256 of the text that was seen, in hexadecimal digits.
    #[schema(max_length = 64)]
    sha256: String,
    /// At most 200, and 48 KiB as they are kept.
    #[schema(max_items = 200)]
    rules: Vec<RuleSetRule>,
}

/// Write other rules over those that were seen. They are checked first; a set with a mistake is not kept.
#[utoipa::path(put, path = "/screening/rules/{rule_set_id}", tag = "rule_set", params(("rule_set_id" = String, Path)),
    request_body = RuleSetWritten, responses(
    (status = 200, body = RuleSet),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "revision_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; text_changed: somebody else has written since; too_many_revisions", body = ProblemOut),
    (status = 422, description = "rules_wrong; invalid_field", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<RuleSetWritten>,
) -> Result<Kept, Problem> {
    acting(&api, account, input, move |tx, actor, said: RuleSetWritten| {
        app::revision::find(tx, actor, KIND, &id)?;
        app::revision::kept_by(tx, actor)?;
        let rules = right(&said.rules)?;
        let text = Rules::new(u32::MAX, rules.clone()).map(|rules| rules.write());
        if text.is_ok_and(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(Problem::field("rules", Why::TooLong));
        }
        out(tx, actor, rule_set::change(tx, actor, &id, &said.sha256, rules)?)
    })
    .await
}

fn shown(tx: &Tx<'_>, actor: &Actor, it: Revision, _: &HeaderMap) -> Result<RuleSet, Problem> {
    out(tx, actor, it)
}

steps::step_routes!(
    rule_set,
    RuleSet,
    "rule_set",
    "rule_set_id",
    [
        "/screening/rules/{rule_set_id}/propose",
        "/screening/rules/{rule_set_id}/send-back",
        "/screening/rules/{rule_set_id}/sign-off",
        "/screening/rules/{rule_set_id}/withdraw"
    ],
    shown
);
