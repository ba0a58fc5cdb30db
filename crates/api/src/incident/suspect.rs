//! The payments around a loss, the most suspicious first, and what people say of them (R1.3, R3.3).
//!
//! Invariant: what is listed is judged when it is asked for, from the same rows each time; a text says what happened at the terminal,
//! never what somebody is.

mod mark;
mod money;
mod own;
mod roster;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use app::case::find;
use app::mark::may_mark;
use app::suspect::trail::Traced;
use app::suspect::{self, AtRisk, Before, Chart, Counts, Looked, Suspect, Unseen};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::incident::Incident;
use domain::mark::{Mark, Verdict};
use domain::setting::Language as Spoken;
use domain::terminal::Terminal;
use screening::rule::Rule;
use screening::{Code, Reason};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use mark::CODES;
use money::{Moneys, SuspectMoney};
use own::{SuspectModel, SuspectShadow, rules_not_asked, second_opinion, shadow};
use roster::SuspectRoster;

use crate::Api;
use crate::auth::Account;
use crate::input::{Cursor, Limit, Place, Query};
use crate::language::spoken;
use crate::page::Page;
use crate::people::Names;
use crate::problem::{Problem, ProblemOut};
use crate::route::reading;
use crate::sheet::{self, ExportQuery, Sheet};
use crate::statement::{PaymentMethod, TimeCertainty, TimeSpan};
use crate::wire::{Letters, Money, Time, word, words_schema};

/// Other payments of one card or payer that are named.
const SAME_MAX: usize = 10;

word! {
    /// What was asked for.
    SuspectKind: screening::Kind;
    /// What became of it.
    SuspectState: screening::State;
    /// How the card or code was read.
    SuspectEntry: screening::Entry;
    /// What somebody says of a payment.
    MarkVerdict: Verdict;
}

/// What a reason is about: what is looked at; or `rule`, a rule of the house's own.
#[derive(Clone, Copy, Debug)]
pub struct ReasonCode(pub Option<Code>);

impl ReasonCode {
    const RULE: &'static str = "rule";
}

impl Serialize for ReasonCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.map_or(Self::RULE, Code::code))
    }
}

impl utoipa::PartialSchema for ReasonCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        words_schema(Code::ALL.into_iter().map(Code::code).chain([Self::RULE]))
    }
}

impl ToSchema for ReasonCode {
    fn name() -> std::borrow::Cow<'static, str> {
        "ReasonCode".into()
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_suspects))
        .routes(routes!(export_suspects))
        .routes(routes!(money::show_money))
        .routes(routes!(mark::mark))
}

/// Payments around a loss.
#[derive(Serialize, ToSchema)]
struct Suspects {
    /// The loss window.
    window: TimeSpan,
    /// What `items` are of: the window, and three days before and after it.
    around: TimeSpan,
    /// Parts of the window of which no source says anything: what happened there is not known.
    holes: Vec<TimeSpan>,
    /// When the terminal was stopped; null while that is not known.
    #[schema(required)]
    stopped_at: Option<Time>,
    /// How many there are of each mark.
    counts: SuspectCounts,
    /// What may be lost, one for each currency: payments in the window that were not refused and that nobody called genuine.
    at_risk: Vec<SuspectRisk>,
    /// How many payments there were when.
    chart: SuspectChart,
    /// Who was to work in the window, as the shop entered it.
    rostered: SuspectRoster,
    /// What could not be looked at, and why; the house's own live rules among it, each with what nobody knows or what cannot be computed.
    not_asked: Vec<SuspectNotAsked>,
    /// The house's own rules in shadow: they change no score. Empty for who does not keep them.
    shadow: Vec<SuspectShadow>,
    /// Whether there are more payments than are looked at: the oldest are missing.
    is_cut: bool,
    /// The payments.
    items: Vec<SuspectOut>,
    /// Where the next page starts; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Whether the one who asks may mark them.
    may_mark: bool,
}

/// How many payments there are of each mark.
#[derive(Serialize, ToSchema)]
struct SuspectCounts {
    /// All of them.
    all: usize,
    /// Those of which nobody said anything.
    unmarked: usize,
    /// Those that are the shop's.
    genuine: usize,
    /// Those that are not.
    fraudulent: usize,
    /// Those of which somebody said that it is not known.
    unsure: usize,
}

impl From<Counts> for SuspectCounts {
    fn from(it: Counts) -> Self {
        Self {
            all: it.all,
            unmarked: it.unmarked,
            genuine: it.genuine,
            fraudulent: it.fraudulent,
            unsure: it.unsure,
        }
    }
}

/// What may be lost of one currency.
#[derive(Serialize, ToSchema)]
struct SuspectRisk {
    /// ISO 4217.
    #[schema(value_type = String)]
    currency: Letters,
    /// Of payments that are not the shop's.
    fraudulent: SuspectSums,
    /// Of payments that are not known.
    unsure: SuspectSums,
    /// Of payments of which nobody said anything.
    unmarked: SuspectSums,
}

/// Sums of payments of one currency.
#[derive(Serialize, ToSchema)]
struct SuspectSums {
    /// Sales.
    sale_count: i64,
    /// Their sum, minor units.
    sale_minor: i64,
    /// Refunds and voids.
    refund_count: i64,
    /// Their sum, minor units.
    refund_minor: i64,
}

impl From<suspect::Sums> for SuspectSums {
    fn from(it: suspect::Sums) -> Self {
        Self {
            sale_count: it.sale_count,
            sale_minor: it.sale_minor,
            refund_count: it.refund_count,
            refund_minor: it.refund_minor,
        }
    }
}

/// Payments by step of time.
#[derive(Serialize, ToSchema)]
struct SuspectChart {
    /// Where the first step begins.
    from: Time,
    /// How long one is, seconds.
    step_s: i64,
    /// The terminal's own payments that were not refused.
    own: Vec<i64>,
    /// Those of the shop's other terminals; null: it has none at the gate.
    #[schema(required)]
    others: Option<Vec<i64>>,
}

impl From<Chart> for SuspectChart {
    fn from(it: Chart) -> Self {
        Self {
            from: Time(it.from),
            step_s: it.step_ms / 1_000,
            own: it.own,
            others: it.others,
        }
    }
}

/// What could not be looked at.
#[derive(Serialize, ToSchema)]
struct SuspectNotAsked {
    /// What.
    code: ReasonCode,
    /// What, and why not, in the language of `Accept-Language`.
    text: String,
    /// Of how many payments.
    count: usize,
}

/// A payment around a loss.
#[derive(Serialize, ToSchema)]
#[schema(as = Suspect)]
struct SuspectOut {
    /// What marks name it by.
    id: String,
    /// Its place in the terminal's own order at the gate; null: the gate has not seen it.
    #[schema(required)]
    sequence: Option<i64>,
    /// Its place in a statement that was brought; null: none has it.
    #[schema(required)]
    statement_row: Option<String>,
    /// When.
    at: Time,
    /// How much of the time the source settles.
    certainty: TimeCertainty,
    /// What was asked for.
    kind: SuspectKind,
    /// What became of it.
    state: SuspectState,
    /// Whether a sale was undone later.
    is_undone: bool,
    /// What was charged or given back.
    amount: Money,
    /// What was paid with, where the source says it.
    #[schema(required)]
    method: Option<PaymentMethod>,
    /// The card, truncated.
    #[schema(required)]
    card: Option<String>,
    /// Who paid, masked.
    #[schema(required)]
    payer: Option<String>,
    /// How the card or code was read.
    #[schema(required)]
    entry: Option<SuspectEntry>,
    /// Who was signed in, as the source writes it.
    #[schema(required)]
    operator: Option<String>,
    /// Who was to work then, by number, as the shop entered it; null: nobody entered it.
    #[schema(required)]
    on_shift: Option<Vec<String>>,
    /// Whether it is this terminal's for certain; else it may be.
    is_certain: bool,
    /// Whether it lies in the loss window.
    in_window: bool,
    /// How much it stands out, from 0 to 1,000.
    score: u16,
    /// Why, the weightiest first.
    reasons: Vec<SuspectReason>,
    /// What the house's model says of it, beside the score and not in it; null: none is in use, or it knows no such payments.
    #[schema(required)]
    model: Option<SuspectModel>,
    /// Other payments here of the same card or payer, at most 10; two cards may share what is kept of their numbers.
    same: Vec<SuspectSame>,
    /// What a refund or a void gives back, where it is known.
    #[schema(required)]
    sale: Option<SuspectSale>,
    /// Where its money is.
    money: SuspectMoney,
    /// What the last one said who did not take it back; null: nobody.
    #[schema(required)]
    mark: Option<MarkVerdict>,
    /// What each person says, the last one first.
    opinions: Vec<Opinion>,
}

/// Why a payment stands out.
#[derive(Serialize, ToSchema)]
struct SuspectReason {
    /// What is looked at.
    code: ReasonCode,
    /// That in a few words, in the language of `Accept-Language`, as the next.
    title: String,
    /// What was found, with its numbers.
    text: String,
    /// How much of the score is its own, of 1,000.
    points: u16,
    /// The name of the house's own rule that it is; null: it is none.
    #[schema(required)]
    rule: Option<String>,
}

/// Another payment of the same card or payer.
#[derive(Clone, Serialize, ToSchema)]
struct SuspectSame {
    /// Which.
    id: String,
    /// When.
    at: Time,
    /// What was asked for.
    kind: SuspectKind,
    /// What was charged or given back.
    amount: Money,
}

/// A sale that money goes back of.
#[derive(Serialize, ToSchema)]
struct SuspectSale {
    /// Which, where it is one of the last 32 days.
    #[schema(required)]
    id: Option<String>,
    /// When.
    at: Time,
    /// What was charged.
    amount: Money,
}

impl From<Before> for SuspectSale {
    fn from(it: Before) -> Self {
        Self {
            id: it.id,
            at: Time(it.at),
            amount: it.amount.into(),
        }
    }
}

/// What somebody says of a payment.
#[derive(Serialize, ToSchema)]
struct Opinion {
    /// Who.
    by: String,
    /// What.
    mark: MarkVerdict,
    /// When.
    at: Time,
    /// Why.
    #[schema(required)]
    ground: Option<String>,
}

/// In which order payments are listed.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SuspectOrder {
    /// The most suspicious first.
    #[default]
    Score,
    /// The newest first.
    Time,
}

/// Of which mark payments are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SuspectMarked {
    /// All.
    #[default]
    All,
    /// Those of which nobody said anything.
    None,
    /// Those that are the shop's.
    Genuine,
    /// Those that are not.
    Fraudulent,
    /// Those that are not known.
    Unsure,
}

impl SuspectMarked {
    fn takes(self, verdict: Option<Verdict>) -> bool {
        match self {
            Self::All => true,
            Self::None => verdict.is_none(),
            Self::Genuine => verdict == Some(Verdict::Genuine),
            Self::Fraudulent => verdict == Some(Verdict::Fraudulent),
            Self::Unsure => verdict == Some(Verdict::Unsure),
        }
    }
}

/// Which payments.
#[derive(Deserialize, IntoParams)]
struct SuspectQuery {
    #[serde(default)]
    #[param(inline)]
    order: SuspectOrder,
    /// Those with this mark.
    #[serde(default)]
    #[param(inline)]
    mark: SuspectMarked,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Spot>>,
}

/// A place in the list: before all that come after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    score: Reverse<u16>,
    at: Reverse<i64>,
    id: String,
}

impl Spot {
    fn of(it: &Suspect, order: SuspectOrder) -> Self {
        Self {
            score: Reverse(match order {
                SuspectOrder::Score => it.judgement.score,
                SuspectOrder::Time => 0,
            }),
            at: Reverse(it.payment.at.0),
            id: it.source.id(),
        }
    }

    fn cursor(&self) -> String {
        format!("{}.{}.{}", self.score.0, self.at.0, self.id)
    }
}

impl Place for Spot {
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.splitn(3, '.');
        Some(Self {
            score: Reverse(parts.next()?.parse().ok()?),
            at: Reverse(parts.next()?.parse().ok()?),
            id: parts.next()?.to_owned(),
        })
    }
}

/// The payments around a loss, the most suspicious first, each with the reasons why; from the gate's ledger, and from the statements
/// that were brought. What a stranger may have sent is not among them.
#[utoipa::path(get, path = "/incidents/{incident_id}/suspects", tag = "incident",
    params(("incident_id" = String, Path), SuspectQuery), responses(
    (status = 200, body = Suspects),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list_suspects(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
    Query(query): Query<SuspectQuery>,
    headers: HeaderMap,
) -> Result<Json<Suspects>, Problem> {
    let language = spoken(&headers);
    reading(&api, account, move |tx, actor| {
        let incident: Incident = find(tx, actor, &incident_id)?;
        let terminal = terminal_of(tx, &incident)?;
        let looked = suspect::look(tx, &incident, &terminal)?;
        let chart = suspect::chart(tx, &terminal, &looked)?;
        let stopped_at = incident.acknowledged_at.map(|_| Time(incident.suspended_at));
        let traced = suspect::trail::trace(tx, &terminal, &looked)?;
        let (items, next_cursor) = page(tx, (&looked, traced), &query, language)?;
        Ok(Suspects {
            window: TimeSpan::of(looked.window),
            around: TimeSpan::of(looked.around),
            holes: looked.holes.iter().copied().map(TimeSpan::of).collect(),
            stopped_at,
            counts: Counts::of(&looked.suspects).into(),
            at_risk: at_risk(&looked.suspects),
            chart: chart.into(),
            rostered: (&looked.rostered).into(),
            not_asked: looked
                .unseen
                .iter()
                .map(|it| not_asked(it, language))
                .chain(rules_not_asked(&looked, language))
                .collect(),
            shadow: match app::revision::keeps(tx, actor)? {
                true => shadow(&looked, language),
                false => Vec::new(),
            },
            is_cut: looked.is_cut,
            items,
            next_cursor,
            may_mark: may_mark(actor).is_ok() && incident.state != domain::incident::State::Closed,
        })
    })
    .await
}

fn terminal_of(tx: &Tx<'_>, incident: &Incident) -> Result<Terminal, store::Error> {
    let terminal = store::terminal::get(tx, incident.terminal_id)?;
    terminal.ok_or(store::Error::Corrupt("terminal of an incident"))
}

fn at_risk(suspects: &[Suspect]) -> Vec<SuspectRisk> {
    let of = |(currency, it): (_, AtRisk)| SuspectRisk {
        currency: Letters::of(currency),
        fraudulent: it.fraudulent.into(),
        unsure: it.unsure.into(),
        unmarked: it.unmarked.into(),
    };
    suspect::at_risk(suspects).into_iter().map(of).collect()
}

fn not_asked(it: &Unseen, language: Spoken) -> SuspectNotAsked {
    SuspectNotAsked {
        code: ReasonCode(Some(it.what.code)),
        text: it.what.text(language),
        count: it.count,
    }
}

/// A page of the list, and where the next one starts.
fn page(
    tx: &Tx<'_>,
    (looked, traced): (&Looked, Traced),
    query: &SuspectQuery,
    language: Spoken,
) -> Result<(Vec<SuspectOut>, Option<String>), Problem> {
    let after = query.cursor.as_ref().map(|cursor| &cursor.0);
    let taken = looked
        .suspects
        .iter()
        .filter(|it| query.mark.takes(it.opinions.verdict()));
    let mut listed: Vec<(Spot, &Suspect)> = taken.map(|it| (Spot::of(it, query.order), it)).collect();
    listed.retain(|(spot, _)| after.is_none_or(|after| spot > after));
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    listed.truncate(query.limit.get() + 1);
    let page = Page::of(listed, query.limit.get(), |(spot, _)| spot.cursor());
    let mut outs = Outs::new(tx, looked, traced, language);
    let items = page.items.into_iter().map(|(_, it)| outs.out(it));
    Ok((items.collect::<Result<_, _>>()?, page.next_cursor))
}

/// Makes payments as they travel.
struct Outs<'t, 'c, 'l> {
    names: Names<'t, 'c>,
    moneys: Moneys<'t, 'c>,
    looked: &'l Looked,
    language: Spoken,
    /// The payments of each card or payer.
    same: HashMap<screening::Key, Vec<SuspectSame>>,
}

impl<'t, 'c, 'l> Outs<'t, 'c, 'l> {
    fn new(tx: &'t Tx<'c>, looked: &'l Looked, traced: Traced, language: Spoken) -> Self {
        let mut same: HashMap<_, Vec<SuspectSame>> = HashMap::new();
        for it in &looked.suspects {
            let Some(who) = it.payment.who() else { continue };
            same.entry(who).or_default().push(SuspectSame {
                id: it.source.id(),
                at: Time(it.payment.at),
                kind: SuspectKind(it.payment.kind),
                amount: it.amount().into(),
            });
        }
        Self {
            names: Names::new(tx),
            moneys: Moneys::new(tx, looked, traced),
            looked,
            language,
            same,
        }
    }

    fn out(&mut self, it: &Suspect) -> Result<SuspectOut, store::Error> {
        let id = it.source.id();
        let of_who = it.payment.who().and_then(|who| self.same.get(&who));
        let others = of_who.into_iter().flatten().filter(|same| same.id != id);
        let opinions = it.opinions.iter().map(|mark| self.names.opinion(mark));
        Ok(SuspectOut {
            sequence: match &it.source {
                suspect::Source::Ledger(sequence) => Some(*sequence),
                suspect::Source::Statement(_) => None,
            },
            statement_row: match &it.source {
                suspect::Source::Ledger(_) => it.also.as_ref().map(suspect::Row::name),
                suspect::Source::Statement(row) => Some(row.name()),
            },
            at: Time(it.payment.at),
            certainty: TimeCertainty(it.payment.certainty),
            kind: SuspectKind(it.payment.kind),
            state: SuspectState(it.payment.state),
            is_undone: it.is_undone,
            amount: it.amount().into(),
            method: it.method.map(PaymentMethod),
            card: it.card.clone(),
            payer: it.payer.clone(),
            entry: it.payment.entry.map(SuspectEntry),
            operator: it.payment.operator.clone(),
            on_shift: it
                .on_shift
                .as_ref()
                .map(|on| on.iter().map(ToString::to_string).collect()),
            is_certain: it.is_certain,
            in_window: it.in_window,
            score: it.judgement.score,
            reasons: reasons(self.looked, it, self.language),
            model: second_opinion(self.looked, it, self.language),
            same: others.take(SAME_MAX).cloned().collect(),
            sale: it.sale.clone().map(SuspectSale::from),
            money: self.moneys.of(&id)?,
            mark: it.opinions.verdict().map(MarkVerdict),
            opinions: opinions
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .collect(),
            id,
        })
    }
}

/// Why a payment stands out, the weightiest first: what is looked at, and the house's own rules.
fn reasons(looked: &Looked, it: &Suspect, language: Spoken) -> Vec<SuspectReason> {
    let signal = |it: &Reason| SuspectReason {
        code: ReasonCode(Some(it.code)),
        title: it.code.title(language).to_owned(),
        text: it.text(language),
        points: it.points,
        rule: None,
    };
    let rule = |it: &Rule| SuspectReason {
        code: ReasonCode(None),
        title: it.text(language).to_owned(),
        text: it.text(language).to_owned(),
        points: it.points(),
        rule: Some(it.code().to_owned()),
    };
    let mut all: Vec<_> = it.judgement.reasons.iter().map(signal).collect();
    all.extend(looked.rules_of(it).map(rule));
    all.sort_by_key(|reason| Reverse(reason.points));
    all
}

impl Names<'_, '_> {
    /// A mark as what somebody says.
    fn opinion(&mut self, mark: &Mark) -> Result<Option<Opinion>, store::Error> {
        let Some(verdict) = mark.verdict else {
            return Ok(None);
        };
        Ok(Some(Opinion {
            by: self.person(&mark.by)?,
            mark: MarkVerdict(verdict),
            at: Time(mark.at),
            ground: mark.ground.clone(),
        }))
    }
}

/// The columns of the export; `reasons` is in the language of `Accept-Language`.
const COLUMNS: [&str; 24] = [
    "id",
    "at",
    "certainty",
    "kind",
    "state",
    "is_undone",
    "amount_minor",
    "currency",
    "method",
    "card",
    "payer",
    "entry",
    "operator",
    "is_certain",
    "in_window",
    "score",
    "reasons",
    "mark",
    "marked_by",
    "money",
    "money_at",
    "money_source",
    "money_to",
    "given_back_minor",
];

/// A line of the export.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    suspect: SuspectOut,
    amount_minor: i64,
    currency: Letters,
    /// In the place of the list.
    #[serde(rename = "reasons")]
    texts: String,
    marked_by: String,
    /// In the place of the list's.
    #[serde(rename = "money")]
    money_state: &'static str,
    money_at: Option<Time>,
    money_source: String,
    money_to: String,
    given_back_minor: i64,
}

/// The payments around a loss as a table, the newest first; at most 10000.
#[utoipa::path(get, path = "/incidents/{incident_id}/suspects/export", tag = "incident",
    params(("incident_id" = String, Path), ExportQuery), responses(
    (status = 200, description = "A table.", content_type = "text/csv", body = String),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn export_suspects(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
    Query(query): Query<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = spoken(&headers);
    let Json(rows) = reading(&api, account, move |tx, actor| {
        let incident: Incident = find(tx, actor, &incident_id)?;
        let terminal = terminal_of(tx, &incident)?;
        let looked = suspect::look(tx, &incident, &terminal)?;
        let traced = suspect::trail::trace(tx, &terminal, &looked)?;
        let mut outs = Outs::new(tx, &looked, traced, language);
        let newest = looked.suspects.iter().rev().take(sheet::ROWS_MAX);
        let line = |it: &Suspect| {
            let mut out = outs.out(it)?;
            let texts = std::mem::take(&mut out.reasons)
                .into_iter()
                .map(|reason| reason.text);
            let by = out.opinions.iter().map(|opinion| opinion.by.as_str());
            let money = out.money.cells();
            let line = Line {
                money_state: money.state,
                money_at: money.at,
                money_source: money.source,
                money_to: money.to,
                given_back_minor: out.money.given_back_minor,
                amount_minor: it.payment.amount_minor,
                currency: Letters::of(it.payment.currency),
                texts: texts.collect::<Vec<_>>().join("; "),
                marked_by: by.collect::<Vec<_>>().join(", "),
                suspect: out,
            };
            sheet::cells(&line, &COLUMNS)
        };
        newest.map(line).collect::<Result<Vec<_>, Problem>>()
    })
    .await?;
    let sheet = Sheet {
        name: "payments",
        columns: COLUMNS.to_vec(),
        rows,
    };
    sheet.answer(query.format)
}
