//! Holds on settlement: the list that a settlement run reads, and what people of the house decide about them (R1.3).
//!
//! Invariant: those whose money is held are told that it is, since and until when, and never why or by whom; a program that has to know
//! what stands neither.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use app::case::find;
use app::settlement_hold::{New, Of, beside, confirm, kept_back, propose, release, seconds, withdraw};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::Actor;
use domain::account::Scope;
use domain::attachment::Withdrawn;
use domain::case::list_actions;
use domain::money::Currency;
use domain::settlement_hold::{DAYS_MAX, GROUND_CHARS_MAX, Phase, SettlementHold};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::ledger::Flow;
use store::settlement_hold::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::id::{self, Merchant};
use super::idempotency::Kept;
use super::input::{In, Limit, Query, text, text_opt};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{acting, actions, reading};
use super::terminal::parse_id;
use super::wire::{Letters, Time, word};
use crate::auth::{self, Account, scope};

word! {
    /// Whose settlement is held: `terminal`, what one terminal took; `merchant`, what all of a merchant's took.
    SettlementHoldScope: domain::settlement_hold::Scope;
    /// Why.
    SettlementHoldGround: domain::settlement_hold::Ground;
    /// Where one stands, by the server's clock: `proposed` (it waits for a second person), `standing`, `released`, `ended` (its term is
    /// over), `withdrawn`.
    SettlementHoldState: domain::settlement_hold::Phase;
    /// What a second person is asked to agree to.
    SettlementHoldProposed: domain::settlement_hold::Proposed;
    /// What people do with one.
    SettlementHoldAction: domain::settlement_hold::Verb;
}

crate::problem::codes! {
    /// No such hold, for this account.
    NOT_FOUND = "settlement_hold_not_found", NOT_FOUND:
        ("没有找到", "没有这项暂缓结算。"),
        ("Settlement hold not found", "There is no such hold on settlement.");
    /// The merchant has as many as it may.
    TOO_MANY = "too_many_settlement_holds", CONFLICT:
        ("暂缓结算太多", "一个商户最多同时有 20 项暂缓结算，包括待确认的。"),
        ("Too many settlement holds", "A merchant has at most 20 holds on settlement at a time, those that wait among them.");
    /// An acquirer outside settles it.
    SETTLED_OUTSIDE = "settled_outside", CONFLICT:
        ("不由本机构结算", "由外部收单机构结算。请在事件里给它写暂缓结算函。"),
        ("Settled elsewhere", "An acquirer outside settles this: write it a letter from the incident.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_settlement_holds, propose_settlement_hold))
        .routes(routes!(show_settlement_hold))
        .routes(routes!(confirm_settlement_hold))
        .routes(routes!(release_settlement_hold))
        .routes(routes!(withdraw_settlement_hold))
}

/// A hold on settlement. It is a fact of this house: nothing here says that a payment was stopped anywhere.
#[derive(Serialize, ToSchema)]
#[schema(as = SettlementHold)]
struct SettlementHoldOut {
    /// Eight letters and digits.
    id: String,
    /// Whose settlement is held.
    scope: SettlementHoldScope,
    /// Whose money it is.
    merchant_id: Merchant,
    /// How the merchant is called.
    merchant_name: String,
    /// The terminal, of a hold of that scope.
    #[schema(required)]
    terminal_id: Option<String>,
    /// How people call it.
    #[schema(required)]
    terminal_name: Option<String>,
    /// The loss that it is about.
    #[schema(required)]
    incident_id: Option<String>,
    /// Where it stands.
    state: SettlementHoldState,
    /// Since when it stood: what is settled from then on is held; null: it never did.
    #[schema(required)]
    since: Option<Time>,
    /// The last day, by the clock of the house.
    #[schema(format = Date)]
    until_on: String,
    /// The first moment after it.
    until: Time,
    /// When a program of the house first read in the list that it stands; null: none has.
    #[schema(required)]
    read_at: Option<Time>,
    /// Why, and who decided; null for those it is about, and for who does not decide about holds or check what was done.
    #[schema(required)]
    why: Option<SettlementHoldWhy>,
    /// What the one who asks may do with it now.
    actions: Vec<SettlementHoldAction>,
}

/// Why something is held, and who decided.
#[derive(Serialize, ToSchema)]
struct SettlementHoldWhy {
    /// The ground.
    ground: SettlementHoldGround,
    /// In the words of who proposed it; null once they are forgotten.
    #[schema(required)]
    text: Option<String>,
    /// Who proposed it.
    proposed_by: String,
    /// When.
    proposed_at: Time,
    /// The second person.
    #[schema(required)]
    confirmed_by: Option<String>,
    /// That somebody proposed to release it; null: nobody did, or it was refused.
    #[schema(required)]
    release: Option<SettlementHoldStep>,
    /// That a second person agreed to that.
    #[schema(required)]
    released: Option<SettlementHoldStep>,
    /// That it was taken back or refused before it stood.
    #[schema(required)]
    withdrawn: Option<SettlementHoldStep>,
}

/// What somebody did with a hold.
#[derive(Serialize, ToSchema)]
struct SettlementHoldStep {
    /// Who.
    by: String,
    /// When.
    at: Time,
    /// Why; null where nothing was said, or once it is forgotten.
    #[schema(required)]
    ground: Option<String>,
}

/// A hold with what it kept back.
#[derive(Serialize, ToSchema)]
struct SettlementHoldShown {
    #[serde(flatten)]
    hold: SettlementHoldOut,
    /// What it kept back, as the ledger says; null: it never stood, or there is more than is looked through (200 terminals, 500,000 rows).
    #[schema(required)]
    kept_back: Option<KeptBack>,
    /// Other holds that stand on some of the same money, by their identifiers: releasing this one releases none of them.
    beside: Vec<String>,
    /// Who may confirm what is proposed; at most 20. Nobody, for who does not decide about holds.
    seconds: Vec<String>,
}

/// What a hold kept back, as the ledger says. What a bank has paid is not known here.
#[derive(Serialize, ToSchema)]
struct KeptBack {
    /// The server's time when the ledger was read.
    at: Time,
    /// One for each currency that occurs; they are never added.
    sums: Vec<KeptBackSum>,
}

/// What a hold kept back in one currency.
#[derive(Serialize, ToSchema)]
struct KeptBackSum {
    /// ISO 4217, three letters, or three digits for one that is not known by name.
    #[schema(value_type = String)]
    currency: Letters,
    /// What came in less what went back, minor units; negative where more went back.
    net_minor: i64,
    /// Approved sales, minor units.
    taken_minor: i64,
    /// How many.
    taken_count: i64,
    /// Refunds, voids and reversals, minor units.
    returned_minor: i64,
    /// How many.
    returned_count: i64,
}

impl KeptBack {
    fn of(tx: &Tx<'_>, flows: BTreeMap<Currency, Flow>) -> Self {
        let sum = |(currency, flow): (Currency, Flow)| KeptBackSum {
            currency: Letters::of(currency),
            net_minor: flow.in_minor - flow.back_minor,
            taken_minor: flow.in_minor,
            taken_count: flow.in_count,
            returned_minor: flow.back_minor,
            returned_count: flow.back_count,
        };
        Self {
            at: Time(tx.now()),
            sums: flows.into_iter().map(sum).collect(),
        }
    }
}

impl SettlementHoldWhy {
    fn of(names: &mut Names<'_, '_>, it: &SettlementHold) -> Result<Self, Problem> {
        let mut step = |by: &str, at, ground: Option<&String>| {
            Ok::<_, Problem>(SettlementHoldStep {
                by: names.person(by)?,
                at: Time(at),
                ground: ground.cloned(),
            })
        };
        let release = it.release.as_ref();
        let release = release.map(|release| step(&release.by, release.at, release.ground.as_ref()));
        let released = it.released_by.as_ref().zip(it.released_at);
        let released = released.map(|(by, at)| step(by, at, None));
        let withdrawn = it.withdrawn.as_ref();
        let withdrawn = withdrawn.map(|Withdrawn { by, at, ground }| step(by, *at, ground.as_ref()));
        Ok(Self {
            ground: SettlementHoldGround(it.ground),
            text: it.ground_text.clone(),
            release: release.transpose()?,
            released: released.transpose()?,
            withdrawn: withdrawn.transpose()?,
            proposed_by: names.person(&it.proposed_by)?,
            proposed_at: Time(it.proposed_at),
            confirmed_by: it
                .confirmed_by
                .as_deref()
                .map(|by| names.person(by))
                .transpose()?,
        })
    }
}

impl SettlementHoldOut {
    fn of(
        tx: &Tx<'_>,
        names: &mut Names<'_, '_>,
        actor: &Actor,
        it: SettlementHold,
    ) -> Result<Self, Problem> {
        let why = match SettlementHold::is_explained_to(actor) {
            true => Some(SettlementHoldWhy::of(names, &it)?),
            false => None,
        };
        let terminal = match it.terminal_id {
            Some(terminal_id) => store::terminal::get(tx, terminal_id)?,
            None => None,
        };
        Ok(Self {
            why,
            actions: actions(tx, actor, &it, SettlementHoldAction)?,
            scope: SettlementHoldScope(it.scope()),
            merchant_id: Merchant(it.merchant_id),
            merchant_name: names.merchant(it.merchant_id)?,
            terminal_id: it.terminal_id.map(|terminal_id| terminal_id.to_string()),
            terminal_name: terminal.map(|terminal| terminal.name),
            state: SettlementHoldState(it.phase(tx.now())),
            since: it.since.map(Time),
            until: Time(it.until),
            read_at: it.read_at.map(Time),
            id: it.settlement_hold_id,
            incident_id: it.incident_id,
            until_on: it.until_on,
        })
    }
}

impl SettlementHoldShown {
    fn of(tx: &Tx<'_>, actor: &Actor, it: SettlementHold) -> Result<Self, Problem> {
        let mut names = Names::new(tx);
        let flows = kept_back(tx, &it)?;
        let others = beside(tx, &it)?.into_iter();
        let seconds = match SettlementHold::is_explained_to(actor) {
            true => seconds(tx, &it)?,
            false => Vec::new(),
        };
        Ok(Self {
            kept_back: flows.map(|flows| KeptBack::of(tx, flows)),
            beside: others.map(|other| other.settlement_hold_id).collect(),
            seconds: seconds
                .iter()
                .map(|login| names.person(login))
                .collect::<Result<_, _>>()?,
            hold: SettlementHoldOut::of(tx, &mut names, actor, it)?,
        })
    }
}

/// Which holds.
#[derive(Default, Deserialize, IntoParams)]
struct SettlementHoldQuery {
    /// Where they stand now.
    state: Option<SettlementHoldState>,
    /// Those of one merchant.
    #[param(inline)]
    merchant_id: Option<Merchant>,
    /// Those of what one terminal took: its own, and its merchant's.
    terminal_id: Option<String>,
    /// Those of one loss.
    incident_id: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

/// Holds on settlement, in the order of their identifiers; those over a merchant see its own that stood. A program that pays out reads
/// those with `state=standing` to the last page before each run.
#[utoipa::path(get, path = "/settlement-holds", tag = "settlement_hold", params(SettlementHoldQuery), responses(
    (status = 200, body = Page<SettlementHoldOut>),
    (status = 404, description = "terminal_not_found: no identifier of one", body = ProblemOut),
))]
async fn list_settlement_holds(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(which): Query<SettlementHoldQuery>,
) -> Result<Json<Page<SettlementHoldOut>>, Problem> {
    let terminal_id = which.terminal_id.as_deref().map(parse_id).transpose()?;
    let Json((page, unread)) = reading(&api, account, move |tx, actor| {
        let filter = Filter {
            scope: scope(actor)?,
            merchant_id: which.merchant_id.map(|merchant| merchant.0),
            terminal_id,
            incident_id: which.incident_id.as_deref(),
            phase: which.state.map(|state| state.0),
        };
        let some = store::settlement_hold::list(tx, &filter, which.cursor.as_deref(), which.limit.and_one())?;
        let page = Page::of(some, which.limit.get(), |it| it.settlement_hold_id.clone())
            .with_actions(list_actions::<SettlementHold>(actor));
        let is_program = matches!(actor, Actor::Machine(_)) && *filter.scope == Scope::All;
        let unread = page
            .items
            .iter()
            .filter(|it| is_program && it.read_at.is_none() && it.phase(tx.now()) == Phase::Standing);
        let unread: Vec<String> = unread.map(|it| it.settlement_hold_id.clone()).collect();
        let mut names = Names::new(tx);
        let page = page.try_map(|it| SettlementHoldOut::of(tx, &mut names, actor, it))?;
        Ok((page, unread))
    })
    .await?;
    if !unread.is_empty() {
        let mark = move |tx: &Tx<'_>| app::settlement_hold::read_by_program(tx, &unread);
        api.node.write::<_, store::Error>(mark).await?;
    }
    Ok(Json(page))
}

/// A hold, what it kept back, and what stands beside it.
#[utoipa::path(get, path = "/settlement-holds/{settlement_hold_id}", tag = "settlement_hold",
    params(("settlement_hold_id" = String, Path)), responses(
    (status = 200, body = SettlementHoldShown),
    (status = 404, description = "settlement_hold_not_found", body = ProblemOut),
))]
async fn show_settlement_hold(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(id): Path<String>,
) -> Result<Json<SettlementHoldShown>, Problem> {
    reading(&api, account, move |tx, actor| {
        let hold: SettlementHold = find(tx, actor, &id)?;
        SettlementHoldShown::of(tx, actor, hold)
    })
    .await
}

/// A hold as it is proposed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "terminal_id": "10450001", "ground": "suspected_fraud", "text": "丢失后有三笔大额交易", "days": 30 }))]
struct SettlementHoldIn {
    /// The terminal whose settlement is to be held; this, or `merchant_id`.
    terminal_id: Option<String>,
    /// The merchant whose settlement is to be held, of all its terminals.
    merchant_id: Option<Merchant>,
    /// The loss that it is about: of that terminal, or of one of the merchant's.
    incident_id: Option<String>,
    /// Why.
    ground: SettlementHoldGround,
    /// The same in a few words, at most 500 characters: of an order, by whom and under which number. Those it is about never read it.
    text: String,
    /// How many days from today it is to stand at most, by the clock of the house.
    #[schema(minimum = 1, maximum = 180)]
    days: i64,
}

impl SettlementHoldIn {
    fn read(self) -> Result<New, Problem> {
        let of = match (self.terminal_id, self.merchant_id) {
            (Some(terminal_id), None) => {
                let terminal_id = domain::TerminalId::parse(terminal_id.as_bytes());
                Of::Terminal(terminal_id.ok_or_else(|| Problem::field("terminal_id", Why::Invalid))?)
            }
            (None, Some(merchant)) => Of::Merchant(merchant.0),
            (None, None) => return Err(Problem::field("terminal_id", Why::Missing)),
            (Some(_), Some(_)) => return Err(Problem::field("merchant_id", Why::Invalid)),
        };
        if !(1..=DAYS_MAX).contains(&self.days) {
            return Err(Problem::field("days", Why::OutOfRange));
        }
        Ok(New {
            of,
            incident_id: self.incident_id,
            ground: self.ground.0,
            ground_text: text("text", &self.text, GROUND_CHARS_MAX)?,
            days: self.days,
        })
    }
}

/// Propose a hold. Nothing is held until a second person confirms it.
#[utoipa::path(post, path = "/settlement-holds", tag = "settlement_hold", request_body = SettlementHoldIn, responses(
    (status = 201, body = SettlementHoldShown),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 409, description = "settled_outside; too_many_settlement_holds", body = ProblemOut),
))]
async fn propose_settlement_hold(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<SettlementHoldIn>,
) -> Result<Kept, Problem> {
    let id = id::new()?;
    let act = move |tx: &Tx<'_>, actor: &Actor, said: SettlementHoldIn| {
        app::settlement_hold::may_propose(actor)?;
        Ok(propose(tx, actor, &id, said.read()?)?)
    };
    Ok(step(&api, account, input, act)
        .await?
        .with_status(StatusCode::CREATED))
}

/// What is agreed to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "proposed": "hold" }))]
struct SettlementHoldConfirm {
    /// What was seen to be proposed: one that is proposed to be released meanwhile is not released by who meant to let it stand.
    proposed: SettlementHoldProposed,
    /// In a few words; at most 500 characters.
    text: Option<String>,
}

/// Agree, as a second person, to what is proposed: the hold stands from now on, or is released.
#[utoipa::path(post, path = "/settlement-holds/{settlement_hold_id}/confirm", tag = "settlement_hold",
    params(("settlement_hold_id" = String, Path)), request_body = SettlementHoldConfirm, responses(
    (status = 200, body = SettlementHoldShown),
    (status = 403, description = "not_allowed, second_person_required, step_up_required", body = ProblemOut),
    (status = 404, description = "settlement_hold_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: something else is proposed, or its term is over", body = ProblemOut),
))]
async fn confirm_settlement_hold(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SettlementHoldConfirm>,
) -> Result<Kept, Problem> {
    let act = move |tx: &Tx<'_>, actor: &Actor, said: SettlementHoldConfirm| {
        let text = text_opt("text", said.text, GROUND_CHARS_MAX)?;
        Ok(confirm(tx, actor, &id, said.proposed.0, text.as_deref())?)
    };
    step(&api, account, input, act).await
}

/// Why it is to be released.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "商户已提供三笔交易的凭证" }))]
struct SettlementHoldRelease {
    /// Why, in a few words; at most 500 characters.
    ground: String,
}

/// Propose to release a hold. It stands on until a second person confirms that.
#[utoipa::path(post, path = "/settlement-holds/{settlement_hold_id}/release", tag = "settlement_hold",
    params(("settlement_hold_id" = String, Path)), request_body = SettlementHoldRelease, responses(
    (status = 200, body = SettlementHoldShown),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "settlement_hold_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn release_settlement_hold(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SettlementHoldRelease>,
) -> Result<Kept, Problem> {
    let act = move |tx: &Tx<'_>, actor: &Actor, said: SettlementHoldRelease| {
        find::<SettlementHold>(tx, actor, &id)?;
        let ground = text("ground", &said.ground, GROUND_CHARS_MAX)?;
        Ok(release(tx, actor, &id, &ground)?)
    };
    step(&api, account, input, act).await
}

/// Why what was proposed is not done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "终端号写错了" }))]
struct SettlementHoldWithdraw {
    /// Why, in a few words; at most 500 characters.
    ground: Option<String>,
}

/// Take back or refuse what is proposed: the hold never stands, or stands on.
#[utoipa::path(post, path = "/settlement-holds/{settlement_hold_id}/withdraw", tag = "settlement_hold",
    params(("settlement_hold_id" = String, Path)), request_body = SettlementHoldWithdraw, responses(
    (status = 200, body = SettlementHoldShown),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "settlement_hold_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw_settlement_hold(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(id): Path<String>,
    input: In<SettlementHoldWithdraw>,
) -> Result<Kept, Problem> {
    let act = move |tx: &Tx<'_>, actor: &Actor, said: SettlementHoldWithdraw| {
        let ground = text_opt("ground", said.ground, GROUND_CHARS_MAX)?;
        Ok(withdraw(tx, actor, &id, ground.as_deref())?)
    };
    step(&api, account, input, act).await
}

/// Decides something about a hold, and tells whoever looks at its loss.
async fn step<B: Send + 'static>(
    api: &Arc<Api>,
    account: Account,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, B) -> Result<SettlementHold, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let lost = Arc::new(OnceLock::new());
    let about = lost.clone();
    let kept = acting(api, account, input, move |tx, actor, said| {
        let hold = act(tx, actor, said)?;
        let _ = about.set(hold.incident_id.clone());
        SettlementHoldShown::of(tx, actor, hold)
    })
    .await?;
    api.node.changed(lost.get().cloned().flatten());
    Ok(kept)
}
