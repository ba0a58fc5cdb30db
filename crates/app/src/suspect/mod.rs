//! Suspects: the payments around a loss, each with how much it stands out and why (R1.3, R3.3).
//!
//! The ledger of the gate and the statements that were brought are read into one order; a terminal's profile is made of the month
//! before, and each payment around the loss is judged against it. Nothing of it is kept: the same rows give the same scores.
//!
//! Invariant: a payment that both sources have is one; what a stranger may have sent is none, and teaches a profile nothing.

pub mod back_test;
mod chart;
mod fact;
mod learn;
mod ledger;
mod statement;
mod times;
pub mod trail;
pub mod training;

use std::collections::{BTreeMap, HashMap};

use domain::Timestamp;
use domain::incident::Incident;
use domain::mark::{OF_INCIDENT_MAX, Opinions, Verdict};
use domain::money::{Currency, Money};
use domain::operator::Number;
use domain::statement::{Method, Span, holes, is_within};
use domain::terminal::{Control, Terminal};
use domain::time::HOUR_MS;
use jiff::tz::TimeZone;
use screening::rule::{BackTest, Rule, Rules, Stage};
use screening::{Context, Judgement, Kind, Loss, NotAsked, Payment, Profile, Sale, Settings, SignIn, State};
use store::statement::Of;
use store::{Error as StoreError, Tx};

use crate::model::{self, Learnt};
use crate::rule_set::{self, Used};
use crate::statement::around;
use fact::{Facts, Known};
use learn::Rows;

pub use chart::{Chart, STEPS_MAX, chart};
pub(crate) use ledger::happening as of_ledger;
pub(crate) use times::Times;
pub use times::{OnShift, Rostered};

/// So long before what is judged the past begins.
pub(crate) const PAST_MS: i64 = 32 * 24 * HOUR_MS;
/// So long before a refund its sale is looked for.
const SALE_MS: i64 = 30 * 24 * HOUR_MS;
/// Rows of each source at most, the newest.
const ROWS_MAX: i64 = 20_000;

/// Where a payment is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In our gate's ledger, at this place of the terminal's own order.
    Ledger(i64),
    /// In a statement.
    Statement(Row),
}

/// A payment's place in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which statement.
    pub statement_id: String,
    /// Its place there.
    pub position: i64,
    /// The same for the same payment in every file that has it.
    pub key: String,
}

impl Row {
    /// How people and programs name it.
    pub fn name(&self) -> String {
        format!("{}.{}", self.statement_id, self.position)
    }
}

impl Source {
    /// How people and programs name the payment.
    pub fn id(&self) -> String {
        match self {
            Self::Ledger(sequence) => format!("L{sequence}"),
            Self::Statement(row) => format!("P{}", row.name()),
        }
    }

    /// How marks name it: the same when another file has it, too.
    pub fn marked_as(&self) -> String {
        match self {
            Self::Ledger(_) => self.id(),
            Self::Statement(row) => format!("P{}", row.key),
        }
    }
}

/// What a model looks at, in the order of its features; NaN is what is not known.
pub type ModelRow = [f64; screening::model::feature::FEATURES];

/// A sale that money goes back of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// How it is named, where it is one of those looked at.
    pub id: Option<String>,
    /// When it was.
    pub at: Timestamp,
    /// What was charged.
    pub amount: Money,
}

/// A payment around a loss.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// Where it is written.
    pub source: Source,
    /// Of one in the ledger: its place in a statement that has it, too.
    pub also: Option<Row>,
    /// What it is.
    pub payment: Payment,
    /// What was paid with, where the source says it.
    pub method: Option<Method>,
    /// The card, truncated.
    pub card: Option<String>,
    /// Who paid, masked.
    pub payer: Option<String>,
    /// Whether it is this terminal's for certain; else it may be.
    pub is_certain: bool,
    /// Whether a sale was undone later.
    pub is_undone: bool,
    /// Whether it lies in the loss window.
    pub in_window: bool,
    /// What a refund gives back.
    pub sale: Option<Before>,
    /// Who was to work then, by number; `None`: nobody entered it.
    pub on_shift: Option<Vec<Number>>,
    /// How much it stands out, and why; its score has the points of the house's own rules, too.
    pub judgement: Judgement,
    /// Places in their set of the house's own live rules that hold of it.
    pub rules: Vec<usize>,
    /// What the house's model looked at, where it is in use and knows such payments.
    pub row: Option<Box<ModelRow>>,
    /// What people say of it.
    pub opinions: Opinions,
}

impl Suspect {
    /// What was charged or given back.
    pub const fn amount(&self) -> Money {
        Money {
            minor: self.payment.amount_minor,
            currency: self.payment.currency,
        }
    }

    /// Whether money may have moved: it was not refused.
    pub fn may_have_moved(&self) -> bool {
        self.payment.kind != Kind::Other && self.payment.state != State::Declined
    }
}

/// What could not be looked at, and of how many payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// What, and why not.
    pub what: NotAsked,
    /// Of how many.
    pub count: usize,
}

/// What was looked at around a loss.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The loss window.
    pub window: Span,
    /// It, and what is around it.
    pub around: Span,
    /// Parts of the window of which no source says anything.
    pub holes: Vec<Span>,
    /// Who was to work in the window.
    pub rostered: Rostered,
    /// The payments, in their order.
    pub suspects: Vec<Suspect>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
    /// The house's own rules, and what each said of these payments.
    pub rules: Option<Asked>,
    /// Whether the house's own rules are used, but cannot be read by this version of the software.
    pub has_unreadable_rules: bool,
    /// The house's model that is in use: a second opinion, which changes no score.
    pub model: Option<Learnt>,
    /// Whether there were more rows than are looked at.
    pub is_cut: bool,
}

/// Rules of the house's own, and what they said.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The set.
    pub rules: Rules,
    /// What each said, whatever its stage.
    pub said: BackTest<()>,
}

impl Looked {
    /// The house's own rules that a payment is marked by, in the order of their set.
    pub fn rules_of(&self, suspect: &Suspect) -> impl Iterator<Item = &Rule> {
        let all = self.rules.as_ref().map_or(&[][..], |asked| asked.rules.rules());
        suspect.rules.iter().filter_map(|at| all.get(*at))
    }
}

/// Something that happened at the terminal, before it is judged.
pub(crate) enum Happening {
    /// A payment; boxed, as there are many more of them than of the others.
    Payment(Box<Found>),
    /// A try to sign in.
    SignIn(SignIn),
}

/// A payment before it is judged.
pub(crate) struct Found {
    suspect: Suspect,
    /// Which sale a refund belongs to, as its source names sales: a sequence, or an order.
    of: Option<String>,
    /// The same of a sale itself.
    name: Option<String>,
}

impl Found {
    /// What it is.
    pub(crate) const fn payment(&self) -> &Payment {
        &self.suspect.payment
    }

    /// The same, with where it is written.
    pub(crate) const fn suspect(&self) -> &Suspect {
        &self.suspect
    }

    /// Where the sale that it gives back is in the ledger.
    pub(crate) fn gives_back(&self) -> Option<i64> {
        self.of.as_ref()?.parse().ok()
    }

    /// As what money may go back of.
    pub(crate) fn as_sale(&self) -> Sale {
        as_sale(&self.suspect).1
    }
}

impl Happening {
    /// Whether its source says that it happened at this terminal.
    pub(crate) fn is_of_terminal(&self) -> bool {
        match self {
            Self::Payment(found) => found.suspect.is_certain,
            Self::SignIn(_) => true,
        }
    }

    /// By how many minutes clocks there are ahead of UTC, and who was signed in.
    pub(crate) fn by(&self) -> (i32, Option<&str>) {
        match self {
            Self::Payment(found) => {
                let payment = &found.suspect.payment;
                (payment.offset_min, payment.operator.as_deref())
            }
            Self::SignIn(sign_in) => (sign_in.offset_min, sign_in.operator.as_deref()),
        }
    }

    /// When.
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Self::Payment(found) => found.suspect.payment.at,
            Self::SignIn(sign_in) => sign_in.at,
        }
    }

    /// Their order: by time; at one time as their sources have them.
    fn place(&self) -> (i64, bool, i64) {
        match self {
            Self::SignIn(sign_in) => (sign_in.at.0, false, -1),
            Self::Payment(found) => match &found.suspect.source {
                Source::Ledger(sequence) => (found.suspect.payment.at.0, false, *sequence),
                Source::Statement(row) => (found.suspect.payment.at.0, true, row.position),
            },
        }
    }
}

/// Looks at the payments of a lost terminal, around its loss.
///
/// # Errors
/// The store failed.
pub fn look(tx: &Tx<'_>, incident: &Incident, terminal: &Terminal) -> Result<Looked, StoreError> {
    let window: Span = (incident.window.from, incident.window.to);
    let around = around(window);
    let past = Past::read(tx, terminal, around)?;
    let used = rule_set::used(tx)?;
    let mut looked = Looked {
        window,
        around,
        // Our own ledger has none.
        holes: match past.known.has_gate {
            true => Vec::new(),
            false => holes(window, &past.known.covered),
        },
        rostered: past.times.rostered(window, &past.zone),
        suspects: Vec::new(),
        unseen: Vec::new(),
        has_unreadable_rules: matches!(used, Used::Unreadable),
        rules: match used {
            Used::Rules(rules) => Some(Asked {
                said: BackTest::new(&rules),
                rules,
            }),
            Used::Unreadable | Used::None => None,
        },
        model: model::used(tx)?,
        is_cut: past.is_cut(),
    };
    let learnt = match &looked.model {
        Some(learnt) => Some(Rows::new(
            learnt.currency,
            learn::opinions_of(tx, terminal.terminal_id)?,
        )),
        None => None,
    };
    judge(&mut looked, past, learnt);
    heard(tx, incident, &mut looked.suspects)?;
    Ok(looked)
}

/// Who was to work in the loss window, as the shop entered it.
///
/// # Errors
/// The store failed.
pub fn rostered(tx: &Tx<'_>, incident: &Incident, terminal: &Terminal) -> Result<Rostered, StoreError> {
    let window = (incident.window.from, incident.window.to);
    let zone = TimeZone::get(&terminal.time_zone).unwrap_or(TimeZone::UTC);
    Ok(Times::read(tx, &terminal.shop_id, window)?.rostered(window, &zone))
}

/// What happened at a terminal, in its order.
struct Past {
    all: Vec<Happening>,
    known: Known,
    times: Times,
    zone: TimeZone,
}

/// A payment, and what was before it.
struct Now<'a> {
    suspect: &'a mut Suspect,
    profile: &'a Profile,
    sale: Option<Sale>,
    facts: Facts,
    times: &'a Times,
}

impl Past {
    /// What happened in a span, and in the month before it.
    fn read(tx: &Tx<'_>, terminal: &Terminal, (from, to): Span) -> Result<Self, StoreError> {
        let span = (from.plus_ms(-PAST_MS), to);
        let zone = TimeZone::get(&terminal.time_zone).unwrap_or(TimeZone::UTC);
        let of = Of {
            merchant_id: terminal.bound.merchant_code,
            shop_id: &terminal.shop_id,
            terminal_id: terminal.terminal_id,
        };
        let (all, is_cut) = in_order(tx, of, span, &zone)?;
        let known = Known {
            has_gate: terminal.control == Control::Gate,
            covered: store::statement::covered(tx, of, span)?,
            cut_at: all
                .first()
                .filter(|_| is_cut)
                .map(|first| Timestamp(first.place().0)),
        };
        Ok(Self {
            all,
            known,
            times: Times::read(tx, &terminal.shop_id, (from, to))?,
            zone,
        })
    }

    /// Whether there was more than is read.
    const fn is_cut(&self) -> bool {
        self.known.cut_at.is_some()
    }

    /// Goes through it: `each` is told of every payment before the profile learns from it, and answers whether it is kept.
    fn walk(self, mut each: impl FnMut(Now<'_>) -> bool) -> Vec<Suspect> {
        let mut profile = Profile::default();
        let mut sales = Sales::new(self.known.covered.clone());
        let mut counts = fact::Counts::default();
        let mut kept = Vec::new();
        for happening in self.all {
            let mut found = match happening {
                Happening::SignIn(sign_in) => {
                    profile.signed_in(&sign_in);
                    continue;
                }
                Happening::Payment(found) => found,
            };
            let sale = sales.before(&mut found);
            let facts = counts.take(&found.suspect.payment, &profile, &self.known);
            let is_kept = each(Now {
                suspect: &mut found.suspect,
                profile: &profile,
                sale,
                facts,
                times: &self.times,
            });
            profile.observe(&found.suspect.payment);
            sales.after(&mut found);
            if is_kept {
                kept.push(found.suspect);
            }
        }
        kept
    }
}

/// What happened at a terminal in a span, of both sources, in its order; and whether there was more.
pub(crate) fn in_order(
    tx: &Tx<'_>,
    of: Of<'_>,
    span: Span,
    zone: &TimeZone,
) -> Result<(Vec<Happening>, bool), StoreError> {
    let (mut all, is_ledger_cut) = ledger::read(tx, of.terminal_id, span, zone)?;
    let (rows, is_statement_cut) = statement::read(tx, of, span, zone)?;
    statement::join(&mut all, rows);
    all.sort_by_cached_key(Happening::place);
    Ok((all, is_ledger_cut || is_statement_cut))
}

/// Sales that money may go back of, as they come.
pub(crate) struct Sales {
    by_name: HashMap<String, (Before, Sale)>,
    covered: Vec<Span>,
}

impl Sales {
    /// None yet; `covered`: of which times statements say everything.
    pub(crate) fn new(covered: Vec<Span>) -> Self {
        Self {
            by_name: HashMap::new(),
            covered,
        }
    }

    /// What a refund gives back, where that is known: it is written down, and of one in a statement whether it has a sale.
    pub(crate) fn before(&self, found: &mut Found) -> Option<Sale> {
        let sale = found.of.as_ref().and_then(|of| self.by_name.get(of));
        let payment = &mut found.suspect.payment;
        if found.of.is_some() && matches!(found.suspect.source, Source::Statement(_)) {
            let before = (payment.at.plus_ms(-SALE_MS), payment.at);
            // Where files leave a hole before a refund, its sale may be in there.
            payment.is_linked = match sale.is_some() {
                true => Some(true),
                false => holes(before, &self.covered).is_empty().then_some(false),
            };
        }
        let (before, sale) = sale?;
        found.suspect.sale = Some(before.clone());
        Some(*sale)
    }

    /// Takes it in: as a sale, or as what went back of one.
    pub(crate) fn after(&mut self, found: &mut Found) {
        let payment = &found.suspect.payment;
        let is_done = matches!(payment.state, State::Approved | State::Pending);
        if !is_done {
            return;
        }
        if let Some((_, sale)) = found.of.as_ref().and_then(|of| self.by_name.get_mut(of)) {
            sale.refunded_minor = sale.refunded_minor.saturating_add(payment.amount_minor);
        }
        if let Some(name) = found.name.take() {
            self.by_name.insert(name, as_sale(&found.suspect));
        }
    }
}

/// Judges what is around the loss, each against all before it.
fn judge(looked: &mut Looked, past: Past, mut learnt: Option<Rows>) {
    let settings = Settings::default();
    let mut unseen: BTreeMap<NotAsked, usize> = BTreeMap::new();
    let (window, around, has_gate) = (looked.window, looked.around, past.known.has_gate);
    let mut asked = looked.rules.take();
    looked.suspects = past.walk(|now| {
        let suspect = now.suspect;
        let at = suspect.payment.at;
        let row = learnt.as_mut().and_then(|learnt| learnt.take(suspect));
        if !is_within(at, around) {
            return false;
        }
        suspect.row = row.map(|(row, _)| Box::new(row));
        suspect.in_window = is_within(at, window);
        suspect.on_shift = now.times.on_shift(&suspect.payment);
        let payment = &suspect.payment;
        let when = (at, payment.offset_min);
        let shifts = now.times.shifts(&settings, when, payment.operator.as_deref());
        let context = Context {
            hours: now.times.hours(),
            shifts: shifts.as_deref(),
            sale: now.sale,
            has_sign_ins: has_gate,
            loss: Some(Loss {
                from: window.0,
                to: window.1,
            }),
            ..Context::new(&settings)
        };
        suspect.judgement = screening::judge(now.profile, &context, &suspect.payment);
        for what in &suspect.judgement.not_asked {
            *unseen.entry(*what).or_default() += 1;
        }
        if let Some(Asked { rules, said }) = &mut asked {
            let input = now.facts.input(&suspect.payment, suspect.in_window, now.times);
            suspect.judgement.take_in(rules.judge(&input).points());
            said.add(rules, (&(), 0, &input), 0, |at| {
                if rules.rules()[at].stage() == Stage::Live {
                    suspect.rules.push(at);
                }
            });
        }
        true
    });
    looked.rules = asked;
    looked.unseen = unseen
        .into_iter()
        .map(|(what, count)| Unseen { what, count })
        .collect();
}

/// A payment as what money may go back of.
fn as_sale(suspect: &Suspect) -> (Before, Sale) {
    let payment = &suspect.payment;
    let before = Before {
        id: Some(suspect.source.id()),
        at: payment.at,
        amount: suspect.amount(),
    };
    let sale = Sale {
        amount_minor: payment.amount_minor,
        currency: payment.currency,
        refunded_minor: 0,
        who: payment.who(),
    };
    (before, sale)
}

/// What people say on an incident, by the name that marks have of each payment.
pub(crate) fn opinions(tx: &Tx<'_>, incident_id: &str) -> Result<HashMap<String, Opinions>, StoreError> {
    let mut opinions: HashMap<String, Opinions> = HashMap::new();
    for mark in store::mark::list(tx, incident_id, OF_INCIDENT_MAX)? {
        opinions.entry(mark.payment.clone()).or_default().add(mark);
    }
    Ok(opinions)
}

/// Adds what people say of them.
pub(crate) fn heard(tx: &Tx<'_>, incident: &Incident, suspects: &mut [Suspect]) -> Result<(), StoreError> {
    let opinions = opinions(tx, &incident.incident_id)?;
    for suspect in suspects {
        let of = |source: Source| opinions.get(&source.marked_as());
        let said = of(suspect.source.clone());
        // One that was marked before the gate's own row of it was known keeps what was said.
        let said = said.or_else(|| of(Source::Statement(suspect.also.clone()?)));
        suspect.opinions = said.cloned().unwrap_or_default();
    }
    Ok(())
}

/// How many payments there are of each mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub all: usize,
    /// Those of which nobody said anything.
    pub unmarked: usize,
    /// Those that are the shop's.
    pub genuine: usize,
    /// Those that are not.
    pub fraudulent: usize,
    /// Those of which somebody said that it is not known.
    pub unsure: usize,
}

impl Counts {
    /// Counts them.
    pub fn of(suspects: &[Suspect]) -> Self {
        let mut counts = Self::default();
        for suspect in suspects {
            counts.all += 1;
            *match suspect.opinions.verdict() {
                None => &mut counts.unmarked,
                Some(Verdict::Genuine) => &mut counts.genuine,
                Some(Verdict::Fraudulent) => &mut counts.fraudulent,
                Some(Verdict::Unsure) => &mut counts.unsure,
            } += 1;
        }
        counts
    }
}

/// Sums of payments of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Sales.
    pub sale_count: i64,
    /// Their sum, minor units.
    pub sale_minor: i64,
    /// Refunds, and sales undone.
    pub refund_count: i64,
    /// Their sum, minor units.
    pub refund_minor: i64,
}

/// What may be lost of one currency: payments in the loss window that nobody called genuine, and that were not refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtRisk {
    /// Of those that are not the shop's.
    pub fraudulent: Sums,
    /// Of those that are not known.
    pub unsure: Sums,
    /// Of those of which nobody said anything.
    pub unmarked: Sums,
}

/// What may be lost, by currency.
pub fn at_risk(suspects: &[Suspect]) -> BTreeMap<Currency, AtRisk> {
    let mut by_currency: BTreeMap<Currency, AtRisk> = BTreeMap::new();
    let moved = |suspect: &&Suspect| suspect.in_window && suspect.may_have_moved() && !suspect.is_undone;
    for suspect in suspects.iter().filter(moved) {
        let of = by_currency.entry(suspect.payment.currency).or_default();
        let sums = match suspect.opinions.verdict() {
            None => &mut of.unmarked,
            Some(Verdict::Fraudulent) => &mut of.fraudulent,
            Some(Verdict::Unsure) => &mut of.unsure,
            Some(Verdict::Genuine) => continue,
        };
        let (count, minor) = match suspect.payment.kind {
            Kind::Sale => (&mut sums.sale_count, &mut sums.sale_minor),
            _ => (&mut sums.refund_count, &mut sums.refund_minor),
        };
        *count = count.saturating_add(1);
        *minor = minor.saturating_add(suspect.payment.amount_minor);
    }
    by_currency
}

/// Minutes by which a clock in a zone is ahead of UTC at a time.
fn offset_min(zone: &TimeZone, at: Timestamp) -> i32 {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    zone.to_offset(at).seconds() / 60
}

/// A card by what is kept of its number, however a source writes it: its first six and last four digits, or the last four.
fn card_key(written: &str) -> screening::Key {
    let first: String = written.chars().take_while(char::is_ascii_digit).collect();
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let last = &digits[digits.len().saturating_sub(4)..];
    let first = if first.len() >= 6 { &first[..6] } else { "" };
    screening::Key::of(&format!("card {first} {last}"))
}

/// Whose money a payment is, told apart as well as what is kept of it does: the card by ten digits, else the payer. The last four digits
/// alone tell nobody apart.
pub(crate) fn whose(card: Option<&str>, payer: Option<&str>) -> Option<screening::Key> {
    let is_told = |card: &&str| card.bytes().take_while(u8::is_ascii_digit).count() >= 6;
    let card = card.filter(is_told).map(card_key);
    card.or_else(|| payer.map(screening::Key::of))
}
