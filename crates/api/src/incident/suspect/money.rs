//! Where the money of payments around a loss is: of each, and all of it by currency.
//!
//! Invariant: what is told names who tells it; amounts of two currencies are never added.

use std::collections::HashMap;
use std::sync::Arc;

use app::case::find;
use app::suspect::trail::{Traced, flows, trace};
use app::suspect::{self, Looked};
use axum::Json;
use axum::extract::{Path, State};
use domain::incident::Incident;
use domain::mark::Verdict;
use domain::statement::{Direction, Statement};
use domain::trail::{APART_MS, Ask, Fact, Node, Source, Sum, To, Trail};
use serde::Serialize;
use store::{Tx, row};
use utoipa::ToSchema;

use super::{MarkVerdict, terminal_of};
use crate::Api;
use crate::auth::Account;
use crate::problem::{Problem, ProblemOut};
use crate::route::reading;
use crate::statement::{PaymentDirection, TimeSpan};
use crate::wire::{Letters, Time, word, words_schema};

/// Refunds of one sale that are named.
const BACKS_MAX: usize = 10;

word! {
    /// Where the money of a payment is known to be.
    MoneyState: domain::trail::State;
    /// Which file would tell more.
    MoneyAsk: Ask;
}

/// By what something is known.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MoneySourceKind {
    /// A row of the gate's ledger.
    Ledger,
    /// The terminal's settlement: its totals were the ledger's.
    Settlement,
    /// The end of its upload after totals that differed.
    Upload,
    /// A row of a statement.
    Statement,
}

/// By what it is known where money is.
#[derive(Serialize, ToSchema)]
struct MoneySource {
    /// What kind of source.
    kind: MoneySourceKind,
    /// The row of the terminal's ledger.
    #[schema(required)]
    sequence: Option<i64>,
    /// The statement.
    #[schema(required)]
    statement_id: Option<String>,
    /// What its file is called.
    #[schema(required)]
    statement_name: Option<String>,
    /// The row of its file, from 1.
    #[schema(required)]
    file_row: Option<i64>,
}

/// Who got money.
#[derive(Serialize, ToSchema)]
struct MoneyTo {
    /// A card, truncated.
    #[schema(required)]
    card: Option<String>,
    /// A payer, masked.
    #[schema(required)]
    payer: Option<String>,
}

impl From<&To> for MoneyTo {
    fn from(it: &To) -> Self {
        match it {
            To::Card(card) => Self {
                card: Some(card.clone()),
                payer: None,
            },
            To::Payer(payer) => Self {
                card: None,
                payer: Some(payer.clone()),
            },
        }
    }
}

/// A refund of a sale.
#[derive(Serialize, ToSchema)]
struct MoneyBack {
    /// Which payment it is, where it is one of the list.
    #[schema(required)]
    id: Option<String>,
    /// When.
    #[schema(required)]
    at: Option<Time>,
    /// Minor units.
    minor: i64,
    /// By what it is known.
    source: MoneySource,
    /// Who got it, as far as known.
    #[schema(required)]
    to: Option<MoneyTo>,
}

/// Where the money of a payment is.
#[derive(Serialize, ToSchema)]
pub(super) struct SuspectMoney {
    /// Where; `unknown`: nobody says.
    state: MoneyState,
    /// Since when, where that is told.
    #[schema(required)]
    at: Option<Time>,
    /// By what it is known.
    #[schema(required)]
    source: Option<MoneySource>,
    /// Who got it, as far as known: of what went back to a card or a payer.
    #[schema(required)]
    to: Option<MoneyTo>,
    /// What went back of a sale by refunds, minor units.
    pub given_back_minor: i64,
    /// These refunds, the oldest first, at most 10.
    given_back: Vec<MoneyBack>,
    /// Rows of statements that may tell of it, of which nobody can say which one does; none of them is used.
    fitting: usize,
    /// Which file would tell more; null: none that is known.
    #[schema(required)]
    ask: Option<MoneyAsk>,
}

/// What is said of the money in a cell.
pub(super) struct Cells {
    pub state: &'static str,
    pub at: Option<Time>,
    pub source: String,
    pub to: String,
}

impl SuspectMoney {
    /// For a table.
    pub fn cells(&self) -> Cells {
        let source = self.source.as_ref().map(|source| {
            let name = source.statement_name.as_deref().unwrap_or_default();
            match (source.sequence, source.file_row) {
                (Some(sequence), _) => format!("ledger {sequence}"),
                (None, Some(row)) => format!("{name} {row}"),
                (None, None) => String::new(),
            }
        });
        let to = self.to.as_ref();
        let to = to.and_then(|to| to.card.clone().or_else(|| to.payer.clone()));
        Cells {
            state: self.state.0.code(),
            at: self.at,
            source: source.unwrap_or_default(),
            to: to.unwrap_or_default(),
        }
    }
}

/// Makes trails as they travel.
pub(super) struct Moneys<'t, 'c> {
    tx: &'t Tx<'c>,
    trails: HashMap<String, Trail>,
    /// What files are called.
    names: HashMap<String, Option<String>>,
}

impl<'t, 'c> Moneys<'t, 'c> {
    pub fn new(tx: &'t Tx<'c>, looked: &Looked, traced: Traced) -> Self {
        let ids = looked.suspects.iter().map(|it| it.source.id());
        Self {
            tx,
            trails: ids.zip(traced.trails).collect(),
            names: HashMap::new(),
        }
    }

    /// The money of one payment.
    pub fn of(&mut self, id: &str) -> Result<SuspectMoney, store::Error> {
        let trail = self.trails.remove(id);
        let trail = trail.unwrap_or_else(|| domain::trail::conclude(0, Vec::new(), Vec::new()));
        let fact = trail.fact.as_ref();
        let backs = trail.backs.iter().take(BACKS_MAX).map(|back| {
            Ok(MoneyBack {
                id: back.id.clone(),
                at: back.fact.at.map(Time),
                minor: back.minor,
                source: self.source(&back.fact)?,
                to: back.fact.to.as_ref().map(MoneyTo::from),
            })
        });
        Ok(SuspectMoney {
            given_back: backs.collect::<Result<_, store::Error>>()?,
            state: MoneyState(trail.state),
            at: fact.and_then(|fact| fact.at).map(Time),
            source: fact.map(|fact| self.source(fact)).transpose()?,
            to: fact.and_then(|fact| fact.to.as_ref()).map(MoneyTo::from),
            given_back_minor: trail.back_minor(),
            fitting: trail.fitting,
            ask: trail.ask.map(MoneyAsk),
        })
    }

    fn source(&mut self, fact: &Fact) -> Result<MoneySource, store::Error> {
        let ledger = |kind, sequence| MoneySource {
            kind,
            sequence: Some(sequence),
            statement_id: None,
            statement_name: None,
            file_row: None,
        };
        Ok(match &fact.by {
            Source::Ledger(sequence) => ledger(MoneySourceKind::Ledger, *sequence),
            Source::Settlement {
                sequence,
                agreed: true,
            } => ledger(MoneySourceKind::Settlement, *sequence),
            Source::Settlement { sequence, .. } => ledger(MoneySourceKind::Upload, *sequence),
            Source::Row {
                statement_id,
                file_row,
            } => {
                if !self.names.contains_key(statement_id) {
                    let statement = row::by_id::<Statement>(self.tx, statement_id)?;
                    let name = statement.map(|statement| statement.name);
                    self.names.insert(statement_id.clone(), name);
                }
                MoneySource {
                    kind: MoneySourceKind::Statement,
                    sequence: None,
                    statement_id: Some(statement_id.clone()),
                    statement_name: self.names.get(statement_id).cloned().flatten(),
                    file_row: Some(*file_row),
                }
            }
        })
    }
}

/// Where the money around a loss is.
#[derive(Serialize, ToSchema)]
pub(super) struct IncidentMoney {
    /// The loss window, whose payments are counted.
    window: TimeSpan,
    /// One for each currency.
    currencies: Vec<MoneyOfCurrency>,
    /// Files that would tell more, each of how many payments.
    asks: Vec<MoneyFile>,
    /// Payments that more than one row of a statement fits, so that none is used.
    fitting_count: usize,
    /// How far the times of two sources may be apart that are taken for one payment, seconds.
    apart_s: i64,
    /// Whether there is more than is looked at.
    is_cut: bool,
}

/// Where the money of one currency is.
#[derive(Serialize, ToSchema)]
struct MoneyOfCurrency {
    /// ISO 4217.
    #[schema(value_type = String)]
    currency: Letters,
    /// Payments by mark, direction and state. Those that somebody called genuine are not counted.
    sums: Vec<MoneySum>,
    /// What moved from where to where, without what never moved.
    edges: Vec<MoneyEdge>,
}

/// Payments that are alike.
#[derive(Serialize, ToSchema)]
struct MoneySum {
    /// What people say of them; null: nothing.
    #[schema(required)]
    mark: Option<MarkVerdict>,
    /// Which way they went.
    direction: PaymentDirection,
    /// Where their money is.
    state: MoneyState,
    /// How many.
    count: i64,
    /// Their sum, minor units.
    minor: i64,
    /// What went back of them by refunds, minor units.
    given_back_minor: i64,
}

/// A place that money moves from or to: `payers`, `shop`, `recipient`, or a state.
#[derive(Clone, Debug)]
struct MoneyPlace(&'static str);

impl MoneyPlace {
    const ENDS: [&'static str; 3] = ["payers", "shop", "recipient"];
}

impl Serialize for MoneyPlace {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl utoipa::PartialSchema for MoneyPlace {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let states = domain::trail::State::ALL
            .into_iter()
            .map(domain::trail::State::code);
        words_schema(Self::ENDS.into_iter().chain(states))
    }
}

impl ToSchema for MoneyPlace {
    fn name() -> std::borrow::Cow<'static, str> {
        "MoneyPlace".into()
    }
}

/// What moved.
#[derive(Serialize, ToSchema)]
struct MoneyEdge {
    /// From where.
    from: MoneyPlace,
    /// To where.
    to: MoneyPlace,
    /// Which recipient, where one is named: at most 5 are.
    #[schema(required)]
    recipient: Option<MoneyTo>,
    /// Of how many payments.
    count: i64,
    /// Minor units.
    minor: i64,
}

impl MoneyEdge {
    fn of((from, to): &(Node, Node), sum: &Sum) -> Self {
        let place = |node: &Node| {
            MoneyPlace(match node {
                Node::Payers => "payers",
                Node::Shop => "shop",
                Node::State(state) => state.code(),
                Node::To(_) => "recipient",
            })
        };
        Self {
            from: place(from),
            to: place(to),
            recipient: match to {
                Node::To(Some(to)) => Some(to.into()),
                _ => None,
            },
            count: sum.count,
            minor: sum.minor,
        }
    }
}

/// A file that would tell more.
#[derive(Serialize, ToSchema)]
struct MoneyFile {
    /// Which.
    file: MoneyAsk,
    /// Of how many payments.
    count: usize,
    /// From the first of them to the last.
    span: TimeSpan,
}

/// Where the money of the payments in the loss window is, of those that nobody called genuine: by currency, mark and state, and how it
/// moved. What nobody tells is `unknown`.
#[utoipa::path(get, path = "/incidents/{incident_id}/money", tag = "incident",
    params(("incident_id" = String, Path)), responses(
    (status = 200, body = IncidentMoney),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
pub(super) async fn show_money(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
) -> Result<Json<IncidentMoney>, Problem> {
    reading(&api, account, move |tx, actor| {
        let incident: Incident = find(tx, actor, &incident_id)?;
        let terminal = terminal_of(tx, &incident)?;
        let looked = suspect::look(tx, &incident, &terminal)?;
        let traced = trace(tx, &terminal, &looked)?;
        let all = flows(&looked, &traced).into_iter();
        let currencies = all.map(|(currency, flow)| MoneyOfCurrency {
            currency: Letters::of(currency),
            sums: flow.sums.iter().map(sum).collect(),
            edges: flow
                .edges
                .iter()
                .map(|(edge, sum)| MoneyEdge::of(edge, sum))
                .collect(),
        });
        Ok(IncidentMoney {
            window: TimeSpan::of(looked.window),
            currencies: currencies.collect(),
            asks: asks(&looked, &traced),
            fitting_count: counted(&looked, &traced)
                .filter(|(_, trail)| trail.fitting > 0)
                .count(),
            apart_s: APART_MS / 1_000,
            is_cut: looked.is_cut || traced.is_cut,
        })
    })
    .await
}

fn sum(
    ((mark, direction, state), sum): (&(Option<Verdict>, Direction, domain::trail::State), &Sum),
) -> MoneySum {
    MoneySum {
        mark: mark.map(MarkVerdict),
        direction: PaymentDirection(*direction),
        state: MoneyState(*state),
        count: sum.count,
        minor: sum.minor,
        given_back_minor: sum.back_minor,
    }
}

/// The payments of the window that nobody called genuine, with their trails.
fn counted<'a>(
    looked: &'a Looked,
    traced: &'a Traced,
) -> impl Iterator<Item = (&'a suspect::Suspect, &'a Trail)> {
    let all = looked.suspects.iter().zip(&traced.trails);
    all.filter(|(it, _)| it.in_window && it.opinions.verdict() != Some(Verdict::Genuine))
}

fn asks(looked: &Looked, traced: &Traced) -> Vec<MoneyFile> {
    let of = |ask: Ask| {
        let times: Vec<_> = counted(looked, traced)
            .filter(|(_, trail)| trail.ask == Some(ask))
            .map(|(it, _)| it.payment.at)
            .collect();
        let span = (times.iter().min().copied()?, times.iter().max().copied()?);
        Some(MoneyFile {
            file: MoneyAsk(ask),
            count: times.len(),
            span: TimeSpan::of(span),
        })
    };
    Ask::ALL.into_iter().filter_map(of).collect()
}
