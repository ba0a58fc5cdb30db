//! Transactions: what terminals asked for and what was decided.
//!
//! Invariant: lists are newest first in one total order (time, terminal, sequence), which within a terminal is its own.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::account::Scope;
use domain::transaction::{Decision as Decided, Entry, LedgerRow};
use domain::{MaskedPan, TerminalId, Timestamp};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::ledger::Filter;
use store::pending::Pending;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::input::{Cursor, Limit, Place, Query};
use super::page::Page;
use super::problem::{Problem, ProblemOut, Why};
use super::route::reading;
use super::terminal;
use super::wire::{Money, Time, word};
use crate::auth::{Account, scope};

/// Terminals merged into one list at most.
const TERMINALS_MAX: usize = 200;
/// Rows read at a time of each of several terminals.
const READ_AHEAD: i64 = 8;

word! {
    /// What a terminal asked for.
    TransactionKind: domain::transaction::Kind;
    /// What became of it.
    Decision: domain::transaction::Decision;
    /// How the card came in.
    EntryMode: domain::transaction::EntryMode;
    /// Whether a request showed by its MAC that the terminal sent it.
    Proof: domain::transaction::Proof;
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A request of a terminal and what was decided about it.
#[derive(Serialize, ToSchema)]
#[schema(as = Transaction)]
pub struct TransactionOut {
    /// Whose.
    terminal_id: String,
    /// Its place in the terminal's own order.
    sequence: i64,
    /// What was asked for.
    kind: TransactionKind,
    /// What was decided.
    decision: Decision,
    /// Field 39 as answered; null while pending.
    #[schema(required)]
    response_code: Option<String>,
    /// The real reason of a refusal, for example `held:loss`.
    #[schema(required)]
    reason: Option<String>,
    /// Field 4.
    #[schema(required)]
    amount: Option<Money>,
    /// First six and last four digits.
    #[schema(required)]
    card: Option<String>,
    /// How the card came in.
    #[schema(required)]
    entry_mode: Option<EntryMode>,
    /// The operator signed in.
    #[schema(required)]
    operator: Option<String>,
    /// 批次号.
    #[schema(required)]
    batch: Option<u32>,
    /// POS流水号.
    #[schema(required)]
    trace: Option<u32>,
    /// Field 37.
    #[schema(required)]
    retrieval_reference: Option<String>,
    /// Field 38.
    #[schema(required)]
    approval_code: Option<String>,
    /// Where a refused attempt came from.
    #[schema(required)]
    peer: Option<String>,
    /// When the request came in.
    requested_at: Time,
    /// When it was decided; while pending, when it came in.
    decided_at: Time,
    /// The row this one undoes or refers to.
    #[schema(required)]
    of_sequence: Option<i64>,
    /// `proven` when its MAC showed that the terminal sent it, `unproven` when anybody may have; null where nobody asked.
    #[schema(required)]
    proof: Option<Proof>,
    /// How many alike requests this one stands for, where they came too fast for a row each.
    #[schema(required)]
    repeated: Option<i64>,
}

impl TransactionOut {
    /// A ledger row as a transaction; a hold placed or released is none.
    pub fn of(row: LedgerRow) -> Option<Self> {
        let (Entry::Request(kind), Some(decision)) = (row.entry, row.decision) else {
            return None;
        };
        Some(Self {
            terminal_id: row.terminal_id.to_string(),
            sequence: row.sequence,
            kind: TransactionKind(kind),
            decision: Decision(decision),
            response_code: row.response_code.map(|code| code.to_string()),
            reason: row.reason,
            amount: row.amount.map(Money::from),
            card: row.card.map(shown),
            entry_mode: row.entry_mode.map(EntryMode),
            operator: row.operator,
            batch: row.batch_trace.map(|name| name.batch),
            trace: row.batch_trace.map(|name| name.trace),
            retrieval_reference: row.retrieval_reference,
            approval_code: row.approval_code,
            peer: row.peer,
            requested_at: Time(row.requested_at),
            decided_at: Time(row.at),
            of_sequence: row.of_sequence,
            proof: row.proof.map(Proof),
            repeated: row.repeated,
        })
    }

    fn of_pending(pending: Pending) -> Self {
        Self {
            terminal_id: pending.terminal_id.to_string(),
            sequence: pending.sequence,
            kind: TransactionKind(pending.kind),
            decision: Decision(Decided::Pending),
            response_code: None,
            reason: None,
            amount: pending.amount.map(Money::from),
            card: pending.card.map(shown),
            entry_mode: pending.entry_mode.map(EntryMode),
            operator: pending.operator,
            batch: Some(pending.name.batch),
            trace: Some(pending.name.trace),
            retrieval_reference: None,
            approval_code: None,
            peer: None,
            requested_at: Time(pending.requested_at),
            decided_at: Time(pending.requested_at),
            of_sequence: pending.of_sequence,
            proof: Some(Proof(domain::transaction::Proof::Proven)),
            repeated: None,
        }
    }
}

pub fn shown(card: MaskedPan) -> String {
    let text = card.to_string();
    format!("{}••••••{}", &text[..6], &text[text.len() - 4..])
}

/// A place in the order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    at: Timestamp,
    terminal_id: TerminalId,
    sequence: i64,
}

impl Spot {
    fn of(row: &LedgerRow) -> Self {
        Self {
            at: row.at,
            terminal_id: row.terminal_id,
            sequence: row.sequence,
        }
    }

    fn of_pending(pending: &Pending) -> Self {
        Self {
            at: pending.requested_at,
            terminal_id: pending.terminal_id,
            sequence: pending.sequence,
        }
    }

    fn cursor(&self) -> String {
        format!("{}.{}.{}", self.at.0, self.terminal_id, self.sequence)
    }
}

impl Place for Spot {
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split('.');
        let at = Timestamp(parts.next()?.parse().ok()?);
        let terminal_id = TerminalId::parse(parts.next()?.as_bytes())?;
        let sequence = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self {
            at,
            terminal_id,
            sequence,
        })
    }
}

/// Which transactions.
#[derive(Deserialize, IntoParams)]
struct TransactionQuery {
    /// Of one terminal; its pending ones come first.
    terminal_id: Option<String>,
    /// Decided at or after.
    from: Option<Time>,
    /// Decided before.
    to: Option<Time>,
    /// One decision only; other than `pending` of one terminal only, because it is looked for in every row.
    decision: Option<Decision>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Spot>>,
}

/// Transactions, newest first. Without `terminal_id` those of all terminals one sees, if they are at most 200.
#[utoipa::path(get, path = "/transactions", tag = "transaction", params(TransactionQuery), responses(
    (status = 200, body = Page<TransactionOut>),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 422, description = "invalid_field", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Query(query): Query<TransactionQuery>,
) -> Result<Json<Page<TransactionOut>>, Problem> {
    let filter = Filter {
        from: query.from.map(|from| from.0),
        to: query.to.map(|to| to.0),
        decision: query.decision.map(|decision| decision.0),
    };
    let (limit, below) = (query.limit.get(), query.cursor.map(|cursor| cursor.0));
    let terminal_id = query.terminal_id.as_deref();
    let terminal_id = terminal_id.map(terminal::parse_id).transpose()?;
    reading(&api, account, move |tx, actor| match terminal_id {
        Some(terminal_id) => {
            terminal::visible(tx, actor, terminal_id)?;
            of_terminal(tx, terminal_id, filter, below, limit)
        }
        None if filter
            .decision
            .is_some_and(|decision| decision != Decided::Pending) =>
        {
            Err(Problem::field("terminal_id", Why::OneTerminalForDecision))
        }
        None => of_all(tx, scope(actor)?, filter, below, limit),
    })
    .await
}

/// One terminal's: on the first page of all of them, those still at the host come first.
fn of_terminal(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    filter: Filter,
    below: Option<Spot>,
    limit: usize,
) -> Result<Page<TransactionOut>, Problem> {
    if filter.decision == Some(Decided::Pending) {
        return pending(tx, &[terminal_id], filter, below, limit);
    }
    let first_of_all = below.is_none() && (filter.from, filter.to, filter.decision) == (None, None, None);
    let waiting = match first_of_all {
        // One place is left for the ledger, whose rows carry the cursor.
        true => pending(tx, &[terminal_id], filter, None, limit - 1)?.items,
        false => Vec::new(),
    };
    let page = merged(tx, &[terminal_id], filter, below, limit - waiting.len())?;
    let items = waiting.into_iter().chain(page.items).collect();
    Ok(Page { items, ..page })
}

fn of_all(
    tx: &Tx<'_>,
    scope: &Scope,
    filter: Filter,
    below: Option<Spot>,
    limit: usize,
) -> Result<Page<TransactionOut>, Problem> {
    let visible = store::terminal::Filter {
        scope,
        search: None,
        state: None,
        merchant_id: None,
        shop_id: None,
    };
    let terminals = store::terminal::list(tx, &visible, None, TERMINALS_MAX as i64 + 1)?;
    if terminals.len() > TERMINALS_MAX {
        return Err(Problem::field("terminal_id", Why::TooManyTerminals));
    }
    let terminal_ids: Vec<TerminalId> = terminals.iter().map(|terminal| terminal.terminal_id).collect();
    match filter.decision {
        Some(Decided::Pending) => pending(tx, &terminal_ids, filter, below, limit),
        _ => merged(tx, &terminal_ids, filter, below, limit),
    }
}

fn pending(
    tx: &Tx<'_>,
    terminal_ids: &[TerminalId],
    filter: Filter,
    below: Option<Spot>,
    limit: usize,
) -> Result<Page<TransactionOut>, Problem> {
    let mut all = Vec::new();
    for terminal_id in terminal_ids {
        all.extend(store::pending::of_terminal(tx, *terminal_id)?);
    }
    all.retain(|one| {
        filter.from.is_none_or(|from| one.requested_at >= from)
            && filter.to.is_none_or(|to| one.requested_at < to)
            && below.is_none_or(|below| Spot::of_pending(one) < below)
    });
    all.sort_by_key(|one| std::cmp::Reverse(Spot::of_pending(one)));
    let page = Page::of(all, limit, |one| Spot::of_pending(one).cursor());
    page.try_map(|one| Ok(TransactionOut::of_pending(one)))
}

/// The rows of one terminal, newest first, read a few at a time.
struct Source {
    terminal_id: TerminalId,
    filter: Filter,
    below: Option<i64>,
    read_ahead: i64,
    rows: VecDeque<LedgerRow>,
}

impl Source {
    fn new(terminal_id: TerminalId, filter: Filter, below: Option<Spot>, read_ahead: i64) -> Self {
        let before = |at: Timestamp| Some(filter.to.map_or(at, |to| to.min(at)));
        let (to, below) = match below.map(|spot| (terminal_id.cmp(&spot.terminal_id), spot)) {
            None => (filter.to, None),
            Some((std::cmp::Ordering::Less, spot)) => (before(spot.at.plus_ms(1)), None),
            Some((std::cmp::Ordering::Equal, spot)) => (filter.to, Some(spot.sequence)),
            Some((std::cmp::Ordering::Greater, spot)) => (before(spot.at), None),
        };
        Self {
            terminal_id,
            filter: Filter { to, ..filter },
            below,
            read_ahead,
            rows: VecDeque::new(),
        }
    }

    /// The newest row not taken yet.
    fn head(&mut self, tx: &Tx<'_>) -> Result<Option<Spot>, store::Error> {
        if self.rows.is_empty() {
            let rows = store::ledger::page(tx, self.terminal_id, self.filter, self.below, self.read_ahead)?;
            // Nothing lies below the first row, so a source that has run dry costs one empty read at most.
            self.below = Some(rows.last().map_or(0, |row| row.sequence));
            self.rows.extend(rows);
        }
        Ok(self.rows.front().map(Spot::of))
    }
}

fn merged(
    tx: &Tx<'_>,
    terminal_ids: &[TerminalId],
    filter: Filter,
    below: Option<Spot>,
    limit: usize,
) -> Result<Page<TransactionOut>, Problem> {
    let read_ahead = if terminal_ids.len() == 1 {
        limit as i64 + 1
    } else {
        READ_AHEAD
    };
    let mut sources: Vec<Source> = terminal_ids
        .iter()
        .map(|id| Source::new(*id, filter, below, read_ahead))
        .collect();
    let mut heads = Vec::with_capacity(sources.len());
    for source in &mut sources {
        heads.push(source.head(tx)?);
    }
    let mut rows = Vec::new();
    while rows.len() <= limit {
        let newest = heads
            .iter()
            .enumerate()
            .filter_map(|(at, head)| head.map(|spot| (spot, at)))
            .max();
        let Some((_, at)) = newest else { break };
        rows.extend(sources[at].rows.pop_front());
        heads[at] = sources[at].head(tx)?;
    }
    let page = Page::of(rows, limit, |row| Spot::of(row).cursor());
    Ok(page.filter_map(TransactionOut::of))
}
