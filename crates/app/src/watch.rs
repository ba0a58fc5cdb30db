//! The watcher: what terminals do, judged as it happens, and when their shops are to be asked (R3.3).
//!
//! What it keeps of a terminal is in memory alone, and made anew of the ledger and of statements when it is not there: a profile of its last
//! month, what stood out, what was asked and answered. It follows each terminal by the place in its ledger, so that no row is judged twice
//! or left out, whichever node decided it.
//!
//! Invariant: it only reads. What it says is to be asked is asked, or not, by [`crate::question::ask`].

use std::collections::{BTreeMap, HashMap};

use domain::event::Subject;
use domain::question::State as Answered;
use domain::statement::Statement;
use domain::terminal::{Control, Terminal};
use domain::time::HOUR_MS;
use domain::{MerchantId, TerminalId, Timestamp};
use jiff::tz::TimeZone;
use screening::{
    Code, Codes, Context, Judgement, Kind, Payment, Peers, Profile, Reason, Sale, Settings, State, Suspicion,
};
use store::statement::Of;
use store::{Error as StoreError, Tx, ledger};

use crate::question::{Asking, heard};
use crate::suspect::{Happening, PAST_MS, Sales, Times, in_order, of_ledger};

/// Nobody is asked about what is older: the last two days, for statements come a day late.
const FRESH_MS: i64 = 48 * HOUR_MS;
/// Another terminal of the shop is at work if something came from it so long ago at most.
const AT_WORK_MS: i64 = HOUR_MS / 2;
/// Of a shop with more other terminals, each is judged by itself.
const OTHERS_MAX: usize = 20;
/// Rows of one terminal that are taken in at once.
const ROWS_MAX: i64 = 5_000;
/// So far ahead rosters are in memory; after that they are read anew, with what happened.
const TIMES_MS: i64 = 48 * HOUR_MS;
/// Terminals of one page.
const PAGE: i64 = 500;
/// Terminals that are kept in memory. Those that were silent longest go first, and are made anew when they are heard.
const KEPT_MAX: usize = 20_000;

/// What is kept of one terminal.
struct Watched {
    zone: TimeZone,
    control: Control,
    profile: Profile,
    suspicion: Suspicion,
    /// How far its ledger is taken in.
    up_to: i64,
    /// When something came from it last.
    last_at: Option<Timestamp>,
    /// What each signal said last.
    said: BTreeMap<Code, Reason>,
}

/// Terminals that are judged together.
struct Shop {
    terminals: BTreeMap<TerminalId, Watched>,
    /// When it is open, and who works there.
    times: Times,
    /// How far the record of the shop goes that `times` are of: when it says more, they may be others.
    told: i64,
    /// Until when `times` reach.
    until: Timestamp,
    /// When it was heard last, in looks.
    look: u64,
}

/// Which terminals: a shop's, or one of a shop that has too many to be judged together.
type Key = (MerchantId, String, Option<TerminalId>);

/// What is known of the estate's terminals.
#[derive(Default)]
pub struct Watcher {
    settings: Settings,
    shops: HashMap<Key, Shop>,
    shop_of: HashMap<TerminalId, Key>,
    looks: u64,
}

impl Watcher {
    /// One that knows nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Takes in what these terminals did since the last look; answers what is to be asked.
    ///
    /// # Errors
    /// The store failed. What was not taken in is when its terminals are looked at again.
    pub fn look(&mut self, tx: &Tx<'_>, terminals: &[TerminalId]) -> Result<Vec<Asking>, StoreError> {
        self.looks += 1;
        let mut asking = Vec::new();
        for terminal_id in terminals {
            self.forget_changed(tx, *terminal_id)?;
            let is_known = self
                .shop_of
                .get(terminal_id)
                .and_then(|key| self.shops.get_mut(key))
                .filter(|shop| shop.terminals.contains_key(terminal_id));
            match is_known {
                Some(shop) => {
                    shop.look = self.looks;
                    asking.extend(shop.follow(tx, *terminal_id, &self.settings)?);
                }
                None => asking.extend(self.begin(tx, *terminal_id)?),
            }
        }
        self.let_go();
        Ok(asking)
    }

    /// Forgets what is kept of a terminal's shop: a statement was brought, or a question answered. It is made anew at the next look.
    pub fn forget(&mut self, terminal_id: TerminalId) {
        if let Some(shop) = self
            .shop_of
            .get(&terminal_id)
            .and_then(|key| self.shops.remove(key))
        {
            shop.terminals
                .keys()
                .for_each(|terminal_id| drop(self.shop_of.remove(terminal_id)));
        }
    }

    /// Forgets a terminal's shop whose hours or roster may be others by now: what it is judged by is the same for all that is judged.
    fn forget_changed(&mut self, tx: &Tx<'_>, terminal_id: TerminalId) -> Result<(), StoreError> {
        let key = self.shop_of.get(&terminal_id);
        let Some((shop, key)) = key.and_then(|key| Some((self.shops.get(key)?, key))) else {
            return Ok(());
        };
        // Asked once a look.
        if shop.look == self.looks {
            return Ok(());
        }
        if tx.now() > shop.until || told_of(tx, &key.1)? != shop.told {
            self.forget(terminal_id);
        }
        Ok(())
    }

    /// Makes a shop of what is written of it.
    fn begin(&mut self, tx: &Tx<'_>, terminal_id: TerminalId) -> Result<Vec<Asking>, StoreError> {
        let Some(terminal) = store::terminal::get(tx, terminal_id)? else {
            return Ok(Vec::new());
        };
        let mut together = others(tx, &terminal)?;
        let alone = together.is_empty().then_some(terminal_id);
        let shop_id = terminal.shop_id.clone();
        let key = (terminal.bound.merchant_code, shop_id.clone(), alone);
        if alone.is_some() {
            together.push(terminal);
        }
        let told = told_of(tx, &shop_id)?;
        // Its shop may be here, without one that is new.
        let here = self.shops.remove(&key);
        let mut shop = match here.filter(|shop| shop.told == told && tx.now() <= shop.until) {
            Some(shop) => shop,
            None => Shop::new(tx, &shop_id, told)?,
        };
        together.retain(|other| !shop.terminals.contains_key(&other.terminal_id));
        let is_only = alone.is_none() && together.len() == 1 && shop.terminals.is_empty();
        let asking = shop.begin(tx, &together, is_only, &self.settings)?;
        shop.look = self.looks;
        for terminal in &together {
            self.shop_of.insert(terminal.terminal_id, key.clone());
        }
        self.shops.insert(key, shop);
        Ok(asking)
    }

    /// Lets those go that were silent longest, a quarter at once.
    fn let_go(&mut self) {
        if self.shop_of.len() <= KEPT_MAX {
            return;
        }
        let mut looks: Vec<u64> = self.shops.values().map(|shop| shop.look).collect();
        let quarter = looks.len() / 4;
        let (_, until, _) = looks.select_nth_unstable(quarter);
        let until = (*until).min(self.looks.saturating_sub(1));
        self.shops.retain(|_, shop| shop.look > until);
        let shops = &self.shops;
        self.shop_of.retain(|_, key| shops.contains_key(key));
    }
}

/// How far the record of a shop goes.
fn told_of(tx: &Tx<'_>, shop_id: &str) -> Result<i64, StoreError> {
    store::event::last_sequence(tx, Subject::Shop, shop_id)
}

/// Terminals at the gate whose last row is not before a time.
///
/// # Errors
/// The store failed.
pub fn acted_since(tx: &Tx<'_>, since: Timestamp) -> Result<Vec<TerminalId>, StoreError> {
    let (mut acted, mut after) = (Vec::new(), None);
    loop {
        let some = store::terminal::at_gate(tx, after, PAGE)?;
        after = some.last().copied();
        for terminal_id in some {
            let last = ledger::last(tx, terminal_id)?;
            if last.is_some_and(|last| last.at >= since) {
                acted.push(terminal_id);
            }
        }
        if after.is_none() {
            return Ok(acted);
        }
    }
}

/// The terminals of which a statement may say something.
///
/// # Errors
/// The store failed.
pub fn of_statement(tx: &Tx<'_>, it: &Statement) -> Result<Vec<TerminalId>, StoreError> {
    if let Some(terminal_id) = it.terminal_id {
        return Ok(vec![terminal_id]);
    }
    let of_shop = of_shop(tx, it.merchant_id, &it.shop_id)?;
    Ok(of_shop.into_iter().map(|terminal| terminal.terminal_id).collect())
}

/// The terminals of a shop, one more than are judged together at most.
fn of_shop(tx: &Tx<'_>, merchant_id: MerchantId, shop_id: &str) -> Result<Vec<Terminal>, StoreError> {
    store::terminal::of_shop(tx, merchant_id, shop_id, OTHERS_MAX as i64 + 2)
}

/// The terminal and those of its shop, which are judged together; none where there are too many.
fn others(tx: &Tx<'_>, terminal: &Terminal) -> Result<Vec<Terminal>, StoreError> {
    let all = of_shop(tx, terminal.bound.merchant_code, &terminal.shop_id)?;
    match all.len() <= OTHERS_MAX + 1 {
        true => Ok(all),
        false => Ok(Vec::new()),
    }
}

impl Shop {
    /// One without terminals, with what it told.
    fn new(tx: &Tx<'_>, shop_id: &str, told: i64) -> Result<Self, StoreError> {
        let until = tx.now().plus_ms(TIMES_MS);
        Ok(Self {
            terminals: BTreeMap::new(),
            times: Times::read(tx, shop_id, (tx.now().plus_ms(-PAST_MS), until))?,
            told,
            until,
            look: 0,
        })
    }

    /// Takes in what is written of terminals that are new here: the last month.
    fn begin(
        &mut self,
        tx: &Tx<'_>,
        new: &[Terminal],
        is_only: bool,
        settings: &Settings,
    ) -> Result<Vec<Asking>, StoreError> {
        // Another node's clock may be ahead.
        let span = (tx.now().plus_ms(-PAST_MS), tx.now().plus_ms(HOUR_MS));
        let mut all = Vec::new();
        let mut answers = Vec::new();
        let mut sales: HashMap<TerminalId, Sales> = HashMap::new();
        for terminal in new {
            let zone = TimeZone::get(&terminal.time_zone).unwrap_or(TimeZone::UTC);
            let of = Of {
                merchant_id: terminal.bound.merchant_code,
                shop_id: &terminal.shop_id,
                terminal_id: terminal.terminal_id,
            };
            let up_to = ledger::newest(tx, terminal.terminal_id)?.unwrap_or_default();
            let (mut happened, _) = in_order(tx, of, span, &zone)?;
            // A row that may be any terminal's says nothing of this one, but where there is no other.
            happened.retain(|happening| is_only || happening.is_of_terminal());
            sales.insert(
                terminal.terminal_id,
                Sales::new(store::statement::covered(tx, of, span)?),
            );
            all.extend(
                happened
                    .into_iter()
                    .map(|happening| (terminal.terminal_id, happening)),
            );
            answers.extend(heard(tx, terminal.terminal_id, span.0)?);
            let watched = Watched {
                zone,
                control: terminal.control,
                profile: Profile::default(),
                suspicion: Suspicion::default(),
                up_to,
                last_at: None,
                said: BTreeMap::new(),
            };
            self.terminals.insert(terminal.terminal_id, watched);
        }
        all.sort_by_key(|(_, happening)| happening.at());
        // Each question twice: when it was asked, and when it was answered by who has the terminal.
        let mut answers: Vec<(Timestamp, TerminalId, bool)> = answers
            .into_iter()
            .flat_map(|it| {
                let here = it.answered_at.filter(|_| it.state == Answered::Here);
                let asked = (it.asked_at, it.terminal_id, false);
                [Some(asked), here.map(|at| (at, it.terminal_id, true))]
            })
            .flatten()
            .collect();
        answers.sort_unstable();
        let mut answers = answers.into_iter().peekable();
        let mut asked: HashMap<TerminalId, Timestamp> = HashMap::new();
        let mut asking: BTreeMap<TerminalId, Asking> = BTreeMap::new();
        for (terminal_id, mut happening) in all {
            while let Some((at, of, is_answer)) = answers.next_if(|(at, ..)| *at <= happening.at()) {
                self.hear(of, at, is_answer, &mut asked);
                asking.remove(&of);
            }
            let sales = sales.get_mut(&terminal_id);
            let asks = match (&mut happening, sales) {
                (Happening::Payment(found), Some(sales)) => {
                    let sale = sales.before(found);
                    let asks = self.take_in(terminal_id, &happening, sale, settings);
                    if let Happening::Payment(found) = &mut happening {
                        sales.after(found);
                    }
                    asks
                }
                _ => self.take_in(terminal_id, &happening, None, settings),
            };
            // What was due then and not asked is no question that was asked.
            if let Some(watched) = self.terminals.get_mut(&terminal_id) {
                watched.suspicion.asked(asked.get(&terminal_id).copied());
            }
            if let Some(asks) = asks.filter(|_| happening.at() >= tx.now().plus_ms(-FRESH_MS)) {
                asking.insert(terminal_id, asks);
            }
        }
        for (at, of, is_answer) in answers {
            self.hear(of, at, is_answer, &mut asked);
            asking.remove(&of);
        }
        for (terminal_id, at) in asked {
            if let Some(watched) = self.terminals.get_mut(&terminal_id) {
                watched.suspicion.asked(Some(at));
            }
        }
        Ok(asking.into_values().collect())
    }

    /// Takes in that a terminal was asked about, or is there.
    fn hear(
        &mut self,
        terminal_id: TerminalId,
        at: Timestamp,
        is_here: bool,
        asked: &mut HashMap<TerminalId, Timestamp>,
    ) {
        let Some(watched) = self.terminals.get_mut(&terminal_id) else {
            return;
        };
        match is_here {
            true => {
                watched.suspicion.answered();
                watched.profile.confirm();
            }
            false => drop(asked.insert(terminal_id, at)),
        }
    }

    /// Takes in what a terminal did since.
    fn follow(
        &mut self,
        tx: &Tx<'_>,
        terminal_id: TerminalId,
        settings: &Settings,
    ) -> Result<Option<Asking>, StoreError> {
        let Some(watched) = self.terminals.get(&terminal_id) else {
            return Ok(None);
        };
        let rows = ledger::after(tx, terminal_id, watched.up_to, i64::MAX, ROWS_MAX)?;
        let (zone, mut asking) = (watched.zone.clone(), None);
        for row in rows {
            let sequence = row.sequence;
            if let Some(happening) = of_ledger(row, false, &zone) {
                let sale = sale_of(tx, (terminal_id, sequence), &happening)?;
                asking = self.take_in(terminal_id, &happening, sale, settings).or(asking);
            }
            if let Some(watched) = self.terminals.get_mut(&terminal_id) {
                watched.up_to = sequence;
            }
        }
        Ok(asking)
    }

    /// Judges one thing against all before it, and takes it in.
    fn take_in(
        &mut self,
        terminal_id: TerminalId,
        happening: &Happening,
        sale: Option<Sale>,
        settings: &Settings,
    ) -> Option<Asking> {
        let at = happening.at();
        let others = self.terminals.iter().filter(|(other, _)| **other != terminal_id);
        let (mut active, mut spoke) = (0, Codes::NONE);
        for (_, other) in others {
            let is_at_work = other.last_at.is_some_and(|last| at.since_ms(last) <= AT_WORK_MS);
            active += u16::from(is_at_work);
            spoke = spoke.and(other.suspicion.spoke_on(at));
        }
        let peers = (self.terminals.len() > 1).then_some(Peers { active, place: None });
        let watched = self.terminals.get_mut(&terminal_id)?;
        let (offset_min, operator) = happening.by();
        let shifts = self.times.shifts(settings, (at, offset_min), operator);
        let context = Context {
            hours: self.times.hours(),
            shifts: shifts.as_deref(),
            sale,
            peers,
            has_sign_ins: watched.control == Control::Gate,
            ..Context::new(settings)
        };
        let judgement = watched.judge(happening, &context);
        watched.last_at = watched.last_at.max(Some(at));
        for reason in &judgement.reasons {
            watched.said.insert(reason.code, reason.clone());
        }
        let question = watched.suspicion.add(settings, at, &judgement, spoke)?;
        let reasons = question
            .codes
            .iter()
            .filter_map(|code| watched.said.get(code).cloned());
        Some(Asking {
            terminal_id,
            score: question.score,
            reasons: reasons.collect(),
        })
    }
}

impl Watched {
    fn judge(&mut self, happening: &Happening, context: &Context<'_>) -> Judgement {
        match happening {
            Happening::SignIn(sign_in) => {
                let judgement = screening::judge_sign_in(&self.profile, context, sign_in);
                self.profile.signed_in(sign_in);
                judgement
            }
            Happening::Payment(found) => {
                let judgement = screening::judge(&self.profile, context, found.payment());
                self.profile.observe(found.payment());
                judgement
            }
        }
    }
}

/// The sale that something in the ledger gives back.
fn sale_of(
    tx: &Tx<'_>,
    (terminal_id, this): (TerminalId, i64),
    happening: &Happening,
) -> Result<Option<Sale>, StoreError> {
    let Happening::Payment(found) = happening else {
        return Ok(None);
    };
    let Some(sequence) = found.gives_back() else {
        return Ok(None);
    };
    let Some(sold) = ledger::get(tx, terminal_id, sequence)? else {
        return Ok(None);
    };
    let Some(Happening::Payment(sold)) = of_ledger(sold, false, &TimeZone::UTC) else {
        return Ok(None);
    };
    let mut sale = sold.as_sale();
    for row in ledger::about(tx, terminal_id, sequence)? {
        let is_before = row.sequence < this;
        if let Some(Happening::Payment(back)) = of_ledger(row, false, &TimeZone::UTC)
            && is_before
            && is_done(back.payment())
            && matches!(back.payment().kind, Kind::Refund | Kind::Void)
        {
            sale.refunded_minor = sale.refunded_minor.saturating_add(back.payment().amount_minor);
        }
    }
    Ok(Some(sale))
}

fn is_done(payment: &Payment) -> bool {
    matches!(payment.state, State::Approved | State::Pending)
}
