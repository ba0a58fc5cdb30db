//! Terminals: the list and the page. Keeping them is in [`keep`], the cashier's lock in [`lock`].

pub mod devices;
pub mod keep;
pub mod key;
pub mod lock;
pub mod said;

use std::sync::Arc;

use app::case::find;
use axum::Json;
use axum::extract::State;
use domain::terminal::Terminal;
use domain::terminal::may::{Verb as May, actions};
use domain::transaction::Proof;
use domain::{Actor, TerminalId};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::terminal::{Filter, State as Word};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::hold::{HoldKind, HoldOut};
use super::id::Merchant;
use super::incident::case::stop_state;
use super::incident::stop_request::StopState;
use super::input::{Cursor, Limit, Query};
use super::page::Page;
use super::people::Names;
use super::problem::{Problem, ProblemOut};
use super::route::{self, Shown, reading, show_route};
use super::transaction::{Decision, TransactionKind};
use super::wire::{Money, Time, word};
use crate::auth::{Account, scope};

/// Holds on a terminal's page.
const HOLDS_MAX: i64 = 50;

word! {
    /// The word for a terminal's state.
    TerminalState: store::terminal::State;
    /// Who decides what a terminal may do.
    TerminalControl: domain::terminal::Control;
    /// What people can do with a terminal.
    TerminalAction: domain::terminal::may::Verb;
}

crate::problem::codes! {
    /// No such terminal, for this account.
    NOT_FOUND = "terminal_not_found", NOT_FOUND:
        ("没有找到终端", "没有这台终端。"),
        ("Terminal not found", "There is no such terminal.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

show_route!(show: Terminal => TerminalOut, "terminal", "/terminals/{terminal_id}", "terminal_id");

/// A terminal in a list.
#[derive(Serialize, ToSchema)]
pub struct TerminalSummary {
    /// The same as `terminal_id`, as every noun has it.
    id: String,
    /// Field 41, and the key everywhere.
    terminal_id: String,
    /// The manufacturer's serial number.
    serial: String,
    /// Maker and model.
    model: String,
    /// What the shop's people call it.
    pub name: String,
    /// Where it stands.
    shop_id: String,
    /// Where in the shop.
    #[schema(required)]
    location: Option<String>,
    /// Where it stands, by name.
    pub shop_name: String,
    /// Whose.
    merchant_id: String,
    /// Whose, by name.
    pub merchant_name: String,
    /// Its clock's zone, an IANA name: what is said about it is said in this zone.
    pub time_zone: String,
    /// Who decides what it may do: our `gate`, or an acquirer `outside`.
    control: TerminalControl,
    /// The word for its state.
    state: TerminalState,
    /// The kinds of hold that stand.
    hold_kinds: Vec<HoldKind>,
    /// When it was last heard, by something that it proved to have sent.
    #[schema(required)]
    last_seen_at: Option<Time>,
    /// Its last decided request.
    #[schema(required)]
    last_transaction: Option<LastTransaction>,
    /// The operator signed in now.
    #[schema(required)]
    operator: Option<String>,
    /// Its loss incident that is not closed, or was closed although it was never found.
    #[schema(required)]
    open_incident_id: Option<String>,
    /// What is known of the stop that was asked for there; null without such an incident.
    #[schema(required)]
    stop_state: Option<StopState>,
}

/// A terminal's last decided request.
#[derive(Serialize, ToSchema)]
struct LastTransaction {
    /// What was asked for.
    kind: TransactionKind,
    /// What was decided.
    decision: Decision,
    /// Field 4.
    #[schema(required)]
    amount: Option<Money>,
    /// When it was decided.
    decided_at: Time,
    /// The operator signed in.
    #[schema(required)]
    operator: Option<String>,
}

/// How many of the visible terminals that fit the filter are in each state.
#[derive(Default, Serialize, ToSchema)]
struct Counts {
    /// No hold stands.
    running: i64,
    /// A hold other than a loss stands.
    held: i64,
    /// Reported lost.
    lost: i64,
    /// Deregistered.
    retired: i64,
}

/// A page of terminals, and the counts of all.
#[derive(Serialize, ToSchema)]
struct TerminalPage {
    #[serde(flatten)]
    page: Page<TerminalSummary>,
    /// Under the same search, merchant and shop, whatever `state` was asked for.
    counts: Counts,
}

/// A terminal's page.
#[derive(Serialize, ToSchema)]
#[schema(as = Terminal)]
pub struct TerminalOut {
    #[serde(flatten)]
    summary: TerminalSummary,
    /// The five elements its serial number is bound to (银发〔2021〕259号 一(一)).
    identity: Identity,
    /// Holds that stand.
    standing_holds: Vec<HoldOut>,
    /// Standing and released, newest first, at most 50.
    holds: Vec<HoldOut>,
    /// Who holds its keys.
    #[schema(required)]
    keys_held_by: Option<String>,
    /// The day it was bought.
    #[schema(required)]
    purchased_on: Option<String>,
    /// From whom.
    #[schema(required)]
    purchased_from: Option<String>,
    /// For how much.
    #[schema(required)]
    price: Option<Money>,
    /// The check value of its master key; null while it has none.
    #[schema(required)]
    key_check_value: Option<String>,
    /// What a provider knows it by whose own interface can stop it.
    #[schema(required)]
    at_provider: Option<said::AtProviderIO>,
    /// Its language and clock.
    settings: TerminalSettings,
    /// The batch of its last sign-in.
    #[schema(required)]
    batch: Option<u32>,
    /// When that was.
    #[schema(required)]
    signed_in_at: Option<Time>,
    /// What the one who asks may do with it now.
    actions: Vec<TerminalAction>,
}

/// The five elements a serial number is bound to.
#[derive(Serialize, ToSchema)]
struct Identity {
    /// 收单机构代码.
    acquirer_code: String,
    /// 特约商户编码, field 42.
    merchant_code: String,
    /// 统一社会信用代码.
    unified_social_credit_code: String,
    /// The settlement account, masked but for its last four digits; empty when nobody said.
    settlement_account: String,
    /// 布放地址.
    placement_address: String,
}

/// A terminal's language and clock (R6.4).
#[derive(Serialize, ToSchema)]
struct TerminalSettings {
    /// BCP 47.
    language: String,
    /// IANA name.
    time_zone: String,
}

/// A terminal's identifier out of an address; what cannot be one names no terminal.
pub fn parse_id(text: &str) -> Result<TerminalId, Problem> {
    TerminalId::parse(text.as_bytes()).ok_or_else(|| Problem::new(NOT_FOUND))
}

/// The terminal, when the actor may see it.
pub fn visible(tx: &Tx<'_>, actor: &Actor, terminal_id: TerminalId) -> Result<Terminal, Problem> {
    Ok(find(tx, actor, terminal_id.as_str())?)
}

/// A terminal as lists show it.
pub fn summary(
    tx: &Tx<'_>,
    names: &mut Names<'_, '_>,
    terminal: Terminal,
) -> Result<TerminalSummary, store::Error> {
    let terminal_id = terminal.terminal_id;
    let standing = store::hold::standing(tx, terminal_id, tx.now())?;
    let contact = store::heard::get(tx, terminal_id)?.map(|(at, _)| at);
    let last = store::ledger::last(tx, terminal_id)?;
    // Anybody may have sent what is not proven.
    let own = last.as_ref().filter(|row| row.proof != Some(Proof::Unproven));
    let session = store::terminal_session::get(tx, terminal_id)?;
    let incident = store::incident::standing(tx, terminal_id)?;
    Ok(TerminalSummary {
        id: terminal_id.to_string(),
        terminal_id: terminal_id.to_string(),
        location: terminal.about.location,
        shop_name: names.shop(&terminal.shop_id)?,
        merchant_name: names.merchant(terminal.bound.merchant_code)?,
        serial: terminal.serial,
        model: terminal.model,
        name: terminal.name,
        time_zone: terminal.time_zone,
        shop_id: terminal.shop_id,
        merchant_id: terminal.bound.merchant_code.to_string(),
        control: TerminalControl(terminal.control),
        state: TerminalState(Word::of(terminal.status, standing)),
        hold_kinds: standing.kinds().map(HoldKind).collect(),
        last_seen_at: contact.max(own.map(|row| row.requested_at)).map(Time),
        last_transaction: last.and_then(last_transaction),
        operator: session.and_then(|session| session.operator),
        stop_state: match &incident {
            Some(incident) => Some(StopState(stop_state(store::stop_request::known(
                tx,
                &incident.incident_id,
            )?))),
            None => None,
        },
        open_incident_id: incident.map(|incident| incident.incident_id),
    })
}

fn last_transaction(row: domain::transaction::LedgerRow) -> Option<LastTransaction> {
    let (domain::transaction::Entry::Request(kind), Some(decision)) = (row.entry, row.decision) else {
        return None;
    };
    Some(LastTransaction {
        kind: TransactionKind(kind),
        decision: Decision(decision),
        amount: row.amount.map(Money::from),
        decided_at: Time(row.at),
        operator: row.operator,
    })
}

impl Shown for Terminal {
    type Out = TerminalOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<TerminalOut, Problem> {
        page(tx, actor, it)
    }
}

fn page(tx: &Tx<'_>, actor: &Actor, terminal: Terminal) -> Result<TerminalOut, Problem> {
    let standing = store::hold::standing(tx, terminal.terminal_id, tx.now())?;
    let held = actions(terminal.status, terminal.control, standing, actor);
    let kept = route::actions(tx, actor, &terminal, May::from)?;
    let verbs = held.into_iter().chain(kept);
    let mut names = Names::new(tx);
    let terminal_id = terminal.terminal_id;
    let session = store::terminal_session::get(tx, terminal_id)?;
    let holds = store::hold::list(tx, terminal_id, HOLDS_MAX)?.into_iter();
    let holds = holds
        .map(|hold| HoldOut::of(&mut names, hold, tx.now()))
        .collect::<Result<Vec<_>, _>>()?;
    let bound = &terminal.bound;
    Ok(TerminalOut {
        identity: Identity {
            acquirer_code: bound.acquirer_code.clone(),
            merchant_code: bound.merchant_code.to_string(),
            unified_social_credit_code: bound.unified_social_credit_code.clone(),
            settlement_account: match bound.settlement_account.last4.as_str() {
                "" => String::new(),
                last4 => format!("•••• {last4}"),
            },
            placement_address: bound.placement_address.clone(),
        },
        standing_holds: holds.iter().filter(|hold| hold.stands()).cloned().collect(),
        holds,
        keys_held_by: terminal.about.keys_held_by.clone(),
        purchased_on: terminal.about.purchased_on.clone(),
        purchased_from: terminal.about.purchased_from.clone(),
        price: terminal.about.price.map(Money::from),
        key_check_value: terminal.key_check.clone(),
        at_provider: terminal.at_provider.as_ref().map(said::AtProviderIO::of),
        settings: TerminalSettings {
            language: terminal.language.clone(),
            time_zone: terminal.time_zone.clone(),
        },
        batch: session.as_ref().map(|session| session.batch),
        signed_in_at: session.map(|session| Time(session.signed_in_at)),
        actions: verbs.map(TerminalAction).collect(),
        summary: summary(tx, &mut names, terminal)?,
    })
}

/// Which terminals.
#[derive(Deserialize, IntoParams)]
struct TerminalQuery {
    /// Part of an identifier, serial number or name, of the terminal, its shop or its merchant.
    q: Option<String>,
    /// One state only.
    state: Option<TerminalState>,
    /// One merchant only.
    #[param(inline)]
    merchant_id: Option<Merchant>,
    /// One shop only.
    shop_id: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<TerminalId>>,
}

/// Terminals, in the order of their identifiers.
#[utoipa::path(get, path = "/terminals", tag = "terminal", params(TerminalQuery), responses(
    (status = 200, body = TerminalPage), (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<TerminalQuery>,
) -> Result<Json<TerminalPage>, Problem> {
    reading(&api, account, move |tx, actor| {
        let filter = Filter {
            scope: scope(actor)?,
            search: query.q.as_deref().map(str::trim),
            state: query.state.map(|state| state.0),
            merchant_id: query.merchant_id.map(|merchant| merchant.0),
            shop_id: query.shop_id.as_deref(),
        };
        let after = query.cursor.map(|cursor| cursor.0);
        let terminals = store::terminal::list(tx, &filter, after, query.limit.and_one())?;
        let page = Page::of(terminals, query.limit.get(), |terminal| {
            terminal.terminal_id.to_string()
        });
        let mut names = Names::new(tx);
        let page = page.with_actions(domain::case::list_actions::<Terminal>(actor));
        let page = page.try_map(|terminal| summary(tx, &mut names, terminal))?;
        Ok(TerminalPage {
            page,
            counts: counts(tx, &filter)?,
        })
    })
    .await
}

fn counts(tx: &Tx<'_>, filter: &Filter<'_>) -> Result<Counts, Problem> {
    let mut counts = Counts::default();
    for (state, count) in store::terminal::counts(tx, filter)? {
        match state {
            Word::Running => counts.running = count,
            Word::Held => counts.held = count,
            Word::Lost => counts.lost = count,
            Word::Retired => counts.retired = count,
        }
    }
    Ok(counts)
}
