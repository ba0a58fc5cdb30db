//! Common points: the estate is looked through once a day for terminals at which cards were before they came to harm elsewhere (R3.3).
//!
//! [`begin`] says what is to be looked at, [`Look::page`] reads it part by part, each in a snapshot of its own, and [`found`] keeps what
//! stands out and has its shop asked. The ledger has no index by card, and gets none: it is read through, terminal by terminal, in its own
//! order. A card is in memory alone, as a hash of what is truncated anyway; what is kept is how many there were, and the places of payments.
//!
//! Invariant: the same rows give the same findings on every store, and after a restart. A shop is told of its own terminal, and of no other
//! shop, case or card.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use domain::account::Person;
use domain::actor::Actor;
use domain::common_point::{CommonPoint, KEPT_MS, LOOK_HOUR, PAYMENTS_MAX};
use domain::incident::{Ended, Incident, WindowBasis};
use domain::mark::{Opinions, Verdict};
use domain::right::Right;
use domain::setting::Settings as House;
use domain::statement::{Span, is_within};
use domain::terminal::Terminal;
use domain::work::Work;
use domain::{MerchantId, TerminalId, Timestamp};
use jiff::tz::TimeZone;
pub use screening::common_point::Finding;
use screening::common_point::{At, INCIDENTS_MAX, SPAN_MS, Said, Search};
use screening::{Code, Key, Kind, Reason, Settings, Value, common_point as rule};
use store::incident::Filter;
use store::statement::{Of, PaymentSpot};
use store::{Error as StoreError, Tx, row};

use crate::case::Error;
use crate::digest_mail::next_at;
use crate::question::{Asking, ask};
use crate::statement::around;
use crate::suspect::{Happening, Suspect, in_order, opinions, whose};
use crate::work;

/// Rows of one part: some milliseconds.
const ROWS_MAX: i64 = 5_000;
/// Terminals of one part, however little they have.
const TERMINALS_MAX: i64 = 200;
/// Different cards of one terminal at most.
const CARDS_MAX: usize = 100_000;
/// Terminals of a shop whose customers are looked at.
const OF_SHOP_MAX: i64 = 20;
/// Common points that are listed at most.
pub const LISTED_MAX: i64 = 50;

/// Where a terminal stands.
type Place = (TerminalId, MerchantId, String);

/// Numbers for what has names, in the order in which they come.
struct Numbers<T>(BTreeMap<T, u32>);

impl<T: Ord> Numbers<T> {
    fn of(&mut self, name: T) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(name).or_insert(next)
    }
}

/// A look through the estate.
pub struct Look {
    span: Span,
    house: House,
    incidents: VecDeque<(usize, Incident)>,
    ids: Vec<String>,
    reported: HashSet<TerminalId>,
    shops: Numbers<String>,
    search: Search,
    /// Shops of losses whose customers are to be looked at yet.
    customers: VecDeque<(u32, VecDeque<Place>)>,
    of_shop: HashSet<Key>,
    /// Terminals to be looked at yet, and the last that was taken up.
    terminals: VecDeque<Place>,
    up_to: Option<TerminalId>,
    is_last: bool,
    reading: Option<Reading>,
    /// Whether there was more than is looked at.
    pub is_cut: bool,
}

/// A terminal that is being read.
struct Reading {
    place: Place,
    sequence: Option<i64>,
    /// Where in statements; `None`: nothing there, or it is over.
    spot: Option<Option<PaymentSpot>>,
    cards: HashMap<Key, Timestamp>,
    /// Those whose payments are asked for.
    wanted: HashSet<Key>,
    payments: Vec<String>,
    is_cut: bool,
}

/// When the estate is looked through next.
///
/// # Errors
/// The store failed.
pub fn next(tx: &Tx<'_>) -> Result<Timestamp, StoreError> {
    next_at(tx, LOOK_HOUR)
}

/// Begins a look: the losses of the last 60 days.
///
/// # Errors
/// The store failed.
pub fn begin(tx: &Tx<'_>) -> Result<Look, StoreError> {
    let span = (tx.now().plus_ms(-SPAN_MS), tx.now());
    let filter = Filter {
        scope: &domain::account::Scope::All,
        search: None,
        state: None,
        terminal_id: None,
    };
    let mut newest = store::incident::list(tx, &filter, None, INCIDENTS_MAX as i64 + 1)?;
    newest.retain(|it| it.reported_at >= span.0);
    let is_cut = newest.len() > INCIDENTS_MAX;
    newest.truncate(INCIDENTS_MAX);
    let (mut merchants, mut shops) = (Numbers(BTreeMap::new()), Numbers(BTreeMap::new()));
    let (mut numbered, mut customers) = (Vec::new(), Vec::<(u32, VecDeque<Place>)>::new());
    for it in &newest {
        let terminal = terminal_of(tx, it.terminal_id)?;
        let merchant_id = terminal.bound.merchant_code;
        let shop = shops.of(terminal.shop_id.clone());
        if customers.iter().all(|(known, _)| *known != shop) {
            let of_shop = store::terminal::of_shop(tx, merchant_id, &terminal.shop_id, OF_SHOP_MAX)?;
            let places = of_shop
                .into_iter()
                .map(|it| (it.terminal_id, merchant_id, it.shop_id));
            customers.push((shop, places.collect()));
        }
        numbered.push(rule::Incident {
            merchant: merchants.of(merchant_id),
            shop,
        });
    }
    Ok(Look {
        span,
        house: store::setting::get(tx)?.unwrap_or_else(House::unasked),
        ids: newest.iter().map(|it| it.incident_id.clone()).collect(),
        reported: newest
            .iter()
            .filter(|it| was_away(it))
            .map(|it| it.terminal_id)
            .collect(),
        incidents: newest.into_iter().enumerate().collect(),
        shops,
        search: Search::new(numbered),
        customers: customers.into(),
        of_shop: HashSet::new(),
        terminals: VecDeque::new(),
        up_to: None,
        is_last: false,
        reading: None,
        is_cut,
    })
}

fn terminal_of(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Terminal, StoreError> {
    let terminal = store::terminal::get(tx, terminal_id)?;
    terminal.ok_or(StoreError::Corrupt("terminal of an incident"))
}

impl Look {
    /// Looks at the next part; false when there is none, or nothing can come of it.
    ///
    /// # Errors
    /// The store failed.
    pub fn page(&mut self, tx: &Tx<'_>) -> Result<bool, StoreError> {
        if let Some((place, incident)) = self.incidents.pop_front() {
            self.hear(tx, place, &incident)?;
            return Ok(true);
        }
        if !self.search.has_enough() {
            return Ok(false);
        }
        let mut room = ROWS_MAX;
        for _ in 0..TERMINALS_MAX {
            let Some(mut reading) = self.next_terminal(tx)? else {
                return Ok(false);
            };
            let is_over = reading.read(tx, self.span, &mut room)?;
            if !is_over {
                self.reading = Some(reading);
                return Ok(true);
            }
            self.read(reading);
        }
        Ok(true)
    }

    /// What is said of cards on a loss: those of payments that people called not the shop's, and those in the window of a terminal that
    /// was not found where it was. Where nobody knows when it was there last, the window is a whole day of the shop's own customers, and
    /// says nothing.
    fn hear(&mut self, tx: &Tx<'_>, place: usize, incident: &Incident) -> Result<(), StoreError> {
        let terminal = terminal_of(tx, incident.terminal_id)?;
        let zone = TimeZone::get(&terminal.time_zone).unwrap_or(TimeZone::UTC);
        let of = Of {
            merchant_id: terminal.bound.merchant_code,
            shop_id: &terminal.shop_id,
            terminal_id: incident.terminal_id,
        };
        let window = (incident.window.from, incident.window.to);
        let said = opinions(tx, &incident.incident_id)?;
        let has_window = was_away(incident) && incident.window.basis != WindowBasis::ReportedOnly;
        let mut of_house: HashMap<String, bool> = HashMap::new();
        let (happened, is_cut) = in_order(tx, of, around(window), &zone)?;
        self.is_cut |= is_cut;
        for happening in &happened {
            let Happening::Payment(found) = happening else {
                continue;
            };
            let suspect = found.suspect();
            // What went back names who got the money.
            if matches!(suspect.payment.kind, Kind::Refund | Kind::Void) {
                continue;
            }
            let Some(card) = whose(suspect.card.as_deref(), suspect.payer.as_deref()) else {
                continue;
            };
            let heard = of_suspect(&said, suspect);
            let by_house = match self.verdict(tx, heard, &mut of_house)? {
                Some((Verdict::Fraudulent, by_house)) => by_house,
                Some((Verdict::Genuine, _)) => continue,
                _ if has_window && suspect.is_certain && is_within(suspect.payment.at, window) => {
                    self.is_of_house(tx, &incident.reported_by, &mut of_house)?
                }
                _ => continue,
            };
            self.search.say(Said {
                card,
                incident: place,
                by_house,
                from: suspect.payment.at,
            });
        }
        Ok(())
    }

    /// What counts of what people said of a payment: the house's last word, else anybody's; and whether it is the house's.
    fn verdict(
        &self,
        tx: &Tx<'_>,
        heard: Option<&Opinions>,
        of_house: &mut HashMap<String, bool>,
    ) -> Result<Option<(Verdict, bool)>, StoreError> {
        let mut first = None;
        for mark in heard.into_iter().flat_map(Opinions::iter) {
            let by_house = self.is_of_house(tx, &mark.by, of_house)?;
            if let Some(verdict) = mark.verdict {
                if by_house {
                    return Ok(Some((verdict, true)));
                }
                first = first.or(Some((verdict, false)));
            }
        }
        Ok(first)
    }

    /// Whether a person is of those who run the house.
    fn is_of_house(
        &self,
        tx: &Tx<'_>,
        login: &str,
        known: &mut HashMap<String, bool>,
    ) -> Result<bool, StoreError> {
        if let Some(is) = known.get(login) {
            return Ok(*is);
        }
        let person: Option<Person> = row::by_id(tx, login)?;
        let is = person.is_some_and(|it| {
            let actor = Actor::Person(it.account);
            self.house.may(&actor, Right::FollowLoss)
        });
        known.insert(login.to_owned(), is);
        Ok(is)
    }

    /// The terminal that is to be read on: of the shops of losses first, then all.
    fn next_terminal(&mut self, tx: &Tx<'_>) -> Result<Option<Reading>, StoreError> {
        if let Some(reading) = self.reading.take() {
            return Ok(Some(reading));
        }
        while let Some((shop, places)) = self.customers.front_mut() {
            if let Some(place) = places.pop_front() {
                return Reading::begin(tx, place, self.span, HashSet::new()).map(Some);
            }
            self.search.customers(*shop, self.of_shop.drain());
            self.customers.pop_front();
        }
        if self.terminals.is_empty() && !self.is_last {
            self.terminals = store::terminal::places(tx, self.up_to, TERMINALS_MAX)?.into();
            self.is_last = (self.terminals.len() as i64) < TERMINALS_MAX;
            self.up_to = self.terminals.back().map(|(terminal_id, ..)| *terminal_id);
        }
        let place = self.terminals.pop_front();
        place
            .map(|place| Reading::begin(tx, place, self.span, HashSet::new()))
            .transpose()
    }

    /// Takes in a terminal that was read.
    fn read(&mut self, reading: Reading) {
        self.is_cut |= reading.is_cut;
        if !self.customers.is_empty() {
            self.of_shop.extend(reading.cards.into_keys());
            return;
        }
        let (terminal_id, _, shop_id) = reading.place;
        let at = At {
            terminal_id,
            shop: self.shops.of(shop_id),
            is_reported: self.reported.contains(&terminal_id),
        };
        self.search.see(at, &reading.cards);
    }

    /// What stands out.
    pub fn judge(self) -> Judged {
        Judged {
            span: self.span,
            is_cut: self.is_cut || self.search.is_cut,
            ids: self.ids,
            findings: self.search.judge(),
        }
    }
}

/// Whether the terminal may have been out of the shop's hands.
fn was_away(incident: &Incident) -> bool {
    let ended = incident.closing.as_ref().map(|it| it.ended);
    !matches!(ended, Some(Ended::Found | Ended::FalseAlarm))
}

/// What people said of a payment, also where it was marked before the gate's own row of it was known.
fn of_suspect<'s>(said: &'s HashMap<String, Opinions>, suspect: &Suspect) -> Option<&'s Opinions> {
    let also = || said.get(&format!("P{}", suspect.also.as_ref()?.key));
    said.get(&suspect.source.marked_as()).or_else(also)
}

impl Reading {
    fn begin(tx: &Tx<'_>, place: Place, (from, _): Span, wanted: HashSet<Key>) -> Result<Self, StoreError> {
        let (first, end) = store::ledger::within(tx, place.0, (from, Timestamp(i64::MAX)))?;
        let brought = store::statement::amount_of(tx, place.1, from)?;
        Ok(Self {
            sequence: (first < end).then_some(first - 1),
            spot: (brought.count > 0).then_some(None),
            place,
            cards: HashMap::new(),
            wanted,
            payments: Vec::new(),
            is_cut: false,
        })
    }

    /// Reads on, as far as there is room for rows; true when it is over.
    fn read(&mut self, tx: &Tx<'_>, span: Span, room: &mut i64) -> Result<bool, StoreError> {
        while *room > 0 {
            if let Some(after) = self.sequence {
                let rows = store::ledger::cards(tx, self.place.0, after, *room)?;
                self.sequence = rows
                    .last()
                    .map(|last| last.0)
                    .filter(|_| rows.len() as i64 == *room);
                *room -= rows.len() as i64;
                for (sequence, at, card) in rows {
                    self.take(whose(Some(&card), None), at, || format!("L{sequence}"));
                }
            } else if let Some(spot) = self.spot.take() {
                let of = Of {
                    merchant_id: self.place.1,
                    shop_id: &self.place.2,
                    terminal_id: self.place.0,
                };
                let rows = store::statement::payments(tx, of, span, spot.as_ref(), *room)?;
                let is_full = rows.len() as i64 == *room;
                self.spot = rows.last().filter(|_| is_full).map(|last| {
                    Some(PaymentSpot {
                        at: last.at,
                        statement_id: last.statement_id.clone(),
                        position: last.position,
                    })
                });
                *room -= rows.len() as i64;
                // What may be another terminal's is not this one's.
                for row in rows.into_iter().filter(|row| row.terminal_id.is_some()) {
                    let whose = whose(row.card.as_deref(), row.payer.as_deref());
                    self.take(whose, row.at, || {
                        format!("P{}.{}", row.statement_id, row.position)
                    });
                }
            } else {
                return Ok(true);
            }
        }
        Ok(self.sequence.is_none() && self.spot.is_none())
    }

    fn take(&mut self, card: Option<Key>, at: Timestamp, name: impl FnOnce() -> String) {
        let Some(card) = card else { return };
        if self.cards.len() >= CARDS_MAX && !self.cards.contains_key(&card) {
            self.is_cut = true;
            return;
        }
        let first = self.cards.entry(card).or_insert(at);
        *first = at.min(*first);
        if self.payments.len() < PAYMENTS_MAX && self.wanted.remove(&card) {
            self.payments.push(name());
        }
    }
}

/// What a look found.
#[derive(Debug)]
pub struct Judged {
    /// From when until when.
    pub span: Span,
    /// What stands out, the least likely first.
    pub findings: Vec<Finding>,
    /// Whether there was more than was looked at.
    pub is_cut: bool,
    ids: Vec<String>,
}

impl Judged {
    /// The payments by which victims were at a terminal, each one's first.
    ///
    /// # Errors
    /// The store failed.
    pub fn payments(&self, tx: &Tx<'_>, finding: &Finding) -> Result<String, StoreError> {
        let terminal = terminal_of(tx, finding.terminal_id)?;
        let place = (
            finding.terminal_id,
            terminal.bound.merchant_code,
            terminal.shop_id,
        );
        let wanted = finding.keys.iter().copied().collect();
        let mut reading = Reading::begin(tx, place, self.span, wanted)?;
        let is_all = |it: &Reading| it.wanted.is_empty() || it.payments.len() >= PAYMENTS_MAX;
        while !is_all(&reading) && !reading.read(tx, self.span, &mut ROWS_MAX.clone())? {}
        Ok(reading.payments.join(" "))
    }

    fn incidents(&self, finding: &Finding) -> String {
        let ids = finding.incidents.iter().filter_map(|it| self.ids.get(*it));
        ids.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Keeps what was found of a terminal, and has its shop asked, unless it was before and little has come since. One that was reported
/// meanwhile is known. Answers whether its shop was asked.
///
/// # Errors
/// The store failed.
pub fn found(
    tx: &Tx<'_>,
    judged: &Judged,
    finding: &Finding,
    payments: &str,
    (question_id, node): (&str, &str),
) -> Result<bool, StoreError> {
    let terminal_id = finding.terminal_id;
    store::terminal::hold_row(tx, terminal_id)?;
    let terminal = terminal_of(tx, terminal_id)?;
    if reported(tx, terminal_id)?.is_some() {
        return Ok(false);
    }
    let before = store::common_point::of(tx, terminal_id)?;
    let mut point = CommonPoint {
        terminal_id,
        merchant_id: terminal.bound.merchant_code,
        found_at: before.as_ref().map_or(tx.now(), |before| before.found_at),
        judged_at: tx.now(),
        span: judged.span,
        cards: finding.cards,
        victims: finding.victims,
        independent: finding.independent,
        expected_millionths: finding.expected_millionths,
        odds: finding.odds,
        incidents: judged.incidents(finding),
        payments: payments.to_owned(),
        question_id: before.as_ref().and_then(|before| before.question_id.clone()),
        asked_victims: before.as_ref().map_or(0, |before| before.asked_victims),
    };
    let asked = match point.is_to_be_asked() {
        true => ask(tx, question_id, &asking(finding), node)?,
        false => None,
    };
    let is_asked = asked.is_some();
    if let Some(question) = asked {
        (point.question_id, point.asked_victims) = (Some(question.question_id), point.victims);
    }
    match before {
        Some(_) => drop(row::update(tx, &point)?),
        None => row::insert(tx, &point)?,
    }
    Ok(is_asked)
}

/// Numbers alone: no other shop, case or card.
fn asking(finding: &Finding) -> Asking {
    // To a tenth, rounded up.
    let tenths = finding.expected_millionths.saturating_add(99_999) / 100_000;
    let values = vec![
        Value::Count(finding.independent),
        Value::Hundredths(tenths.saturating_mul(10)),
        Value::Count(finding.incidents.len() as i64),
    ];
    // As suspicious as a terminal that is asked about.
    let score = Settings::default().ask_from;
    Asking {
        terminal_id: finding.terminal_id,
        score,
        reasons: vec![Reason {
            code: Code::CommonPoint,
            points: score,
            values,
        }],
    }
}

/// Ends a look: the next one is tomorrow. What was not named for long is forgotten. False when the claim was taken over meanwhile.
///
/// # Errors
/// The store failed.
pub fn ended(tx: &Tx<'_>, claimed: &Work) -> Result<bool, StoreError> {
    store::common_point::forget(tx, tx.now().plus_ms(-KEPT_MS))?;
    work::again(tx, claimed, next(tx)?)
}

/// The common points that one sees, named last first; at most [`LISTED_MAX`].
///
/// # Errors
/// One is not of those who run the house and follow losses.
pub fn list(tx: &Tx<'_>, actor: &Actor) -> Result<Vec<CommonPoint>, Error> {
    let house = store::setting::get(tx)?.unwrap_or_else(House::unasked);
    match actor.scope().filter(|_| house.may(actor, Right::FollowLoss)) {
        Some(scope) => Ok(store::common_point::list(tx, scope, LISTED_MAX)?),
        None => Err(Error::NotAllowed),
    }
}

/// A payment by which a victim was at a terminal.
pub struct Paid {
    /// How its terminal's pages name it.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The card, truncated; `None`: a payer.
    pub card: Option<String>,
}

/// The payments that a common point names, as far as they are kept.
///
/// # Errors
/// The store failed.
pub fn paid(tx: &Tx<'_>, point: &CommonPoint) -> Result<Vec<Paid>, StoreError> {
    let mut all = Vec::new();
    for id in point.payments.split_whitespace() {
        let found = match (id.strip_prefix('L'), id.strip_prefix('P')) {
            (Some(sequence), _) => {
                let sequence = sequence.parse().unwrap_or_default();
                let row = store::ledger::get(tx, point.terminal_id, sequence)?;
                row.map(|row| (row.at, row.card.map(|card| card.to_string())))
            }
            (_, Some(place)) => {
                let (statement_id, position) = place.rsplit_once('.').unwrap_or((place, ""));
                let position = position.parse().unwrap_or(-1);
                let row = store::statement::payment_at(tx, point.merchant_id, statement_id, position)?;
                row.map(|row| (row.at, row.card))
            }
            _ => None,
        };
        let id = id.to_owned();
        all.extend(found.map(|(at, card)| Paid { id, at, card }));
    }
    Ok(all)
}

/// The report of a terminal's loss that stands, if somebody has reported it since.
///
/// # Errors
/// The store failed.
pub fn reported(tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Option<Incident>, StoreError> {
    match store::incident::unclosed(tx, terminal_id)? {
        None => store::incident::stays_stopped(tx, terminal_id),
        open => Ok(open),
    }
}
