//! `tillguard-demo bench theft`: how soon stolen terminals are noticed without labels, and how often owners of honest ones are asked.
//!
//! May touch: nothing but memory. The terminals are `simulator::theft`'s, the judge is `screening`'s; they meet here alone.
//!
//! Invariant: what is asked about a terminal before it is stolen is a false question; what is asked afterwards finds it. The judge is
//! never told which of the two it is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use domain::Timestamp;
use domain::money::Currency;
use domain::opening_hours::{OpeningHours, Span, Spans, Week};
use screening::{
    Certainty, Code, Codes, Context, Entry, Judgement, Key, Kind, Payment, Peers, Profile, Sale, Settings,
    Shift, SignIn, State, Suspicion,
};
use simulator::theft::{self, Act, Event, History, OFFSET_MIN, PAST_DAYS, Scenario, Shop, Size, Theft, Wire};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Another terminal of the shop is at work if something came from it so long ago at most.
const AT_WORK_MS: i64 = 30 * 60_000;
/// What "in time" means: so many transactions, or so long after the first.
const IN_TIME: (usize, i64) = (10, DAY_MS);

#[derive(clap::Args)]
pub struct Args {
    /// Which estates, by their seeds. The settings were calibrated on 1 to 4; the figures in the documentation are of 101 to 104.
    #[arg(long, value_delimiter = ',', default_value = "101")]
    seed: Vec<u64>,
    /// Terminals of each estate, at least.
    #[arg(long, default_value_t = 5_000)]
    terminals: usize,
    /// Days, of which the first 32 are without thefts.
    #[arg(long, default_value_t = 92, value_parser = clap::value_parser!(i64).range(48..=730))]
    days: i64,
    /// Judge by what our own gate knows: no place, and no hours or rosters, which shops may tell it.
    #[arg(long)]
    gate: bool,
    /// Also say what spoke in false questions, and how often each signal spoke on honest days and after thefts.
    #[arg(long)]
    why: bool,
}

/// The suspicion from which an owner is asked, for each row of the curve.
fn thresholds(settings: &Settings) -> Vec<u16> {
    let mut all: Vec<u16> = (4..=20).map(|step| step * 50).collect();
    all.push(settings.ask_from);
    all.sort_unstable();
    all.dedup();
    all
}

/// When a theft was found.
#[derive(Clone, Copy)]
struct Found {
    transactions: usize,
    after_ms: i64,
}

/// One theft, and when it was found at each threshold.
struct Case {
    theft: Theft,
    wire: Wire,
    /// From the theft to what the thief did first.
    idle_ms: i64,
    found: Vec<Option<Found>>,
}

/// What was seen of some shops.
#[derive(Default)]
struct Tally {
    terminals: usize,
    events: u64,
    judge_ns: u64,
    /// Days on which an honest terminal was used, from the 33rd on, and before.
    days: u64,
    early_days: u64,
    /// False questions at each threshold, from the 33rd day on, and before.
    questions: Vec<u64>,
    early_questions: Vec<u64>,
    cases: Vec<Case>,
    /// What spoke in the false questions at the threshold in use.
    spoke: BTreeMap<Vec<Code>, u64>,
    /// Of each signal: honest days and stolen terminals on which it spoke.
    honest: BTreeMap<Code, u64>,
    stolen: BTreeMap<(Code, usize), u64>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.terminals += other.terminals;
        self.events += other.events;
        self.judge_ns += other.judge_ns;
        self.days += other.days;
        self.early_days += other.early_days;
        sum(&mut self.questions, &other.questions);
        sum(&mut self.early_questions, &other.early_questions);
        self.cases.extend(other.cases);
        for (codes, count) in other.spoke {
            *self.spoke.entry(codes).or_default() += count;
        }
        for (code, count) in other.honest {
            *self.honest.entry(code).or_default() += count;
        }
        for (code, count) in other.stolen {
            *self.stolen.entry(code).or_default() += count;
        }
    }
}

fn sum(left: &mut Vec<u64>, right: &[u64]) {
    left.resize(left.len().max(right.len()), 0);
    left.iter_mut()
        .zip(right)
        .for_each(|(left, right)| *left += right);
}

/// Measures and prints.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = Settings::default();
    let size = Size {
        terminals: args.terminals,
        days: args.days,
        stolen_per_mille: 250,
    };
    let started = Instant::now();
    let mut tally = Tally::default();
    for seed in &args.seed {
        tally.add(watch(&theft::shops(*seed, size), size, &settings, args.gate)?);
    }
    println!(
        "theft{}: seeds {:?}, {} terminals, {} days, {} events, {} thefts; {:.1} s, {:.2} µs an event to judge and take in",
        if args.gate { " as the gate sees it" } else { "" },
        args.seed,
        tally.terminals,
        args.days,
        tally.events,
        tally.cases.len(),
        started.elapsed().as_secs_f64(),
        tally.judge_ns as f64 / tally.events.max(1) as f64 / 1_000.0
    );
    print_scenarios(&tally, &settings);
    print_curve(&tally, &settings);
    if args.why {
        print_why(&tally);
    }
    Ok(())
}

/// All shops, on all cores.
fn watch(shops: &[Shop], size: Size, settings: &Settings, at_gate: bool) -> anyhow::Result<Tally> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        while let Some(shop) = shops.get(next.fetch_add(1, Ordering::Relaxed)) {
            tally.add(watch_shop(shop, size, settings, at_gate));
        }
        tally
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..super::cores().max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = Tally::default();
        for thread in threads {
            all.add(thread.join().ok().context("a thread of the benchmark failed")?);
        }
        Ok(all)
    })
}

/// What is kept of one terminal.
struct Watched {
    profile: Profile,
    /// One for each threshold.
    suspicions: Vec<Suspicion>,
    /// When something came from it last, and from where.
    last: Option<(i64, Option<u64>)>,
    day: i64,
    /// What spoke on that day, or since it was stolen.
    spoke: Vec<Code>,
    thief_acts: usize,
    first_act_ms: i64,
}

impl Watched {
    fn new(thresholds: usize) -> Watched {
        Watched {
            profile: Profile::default(),
            suspicions: vec![Suspicion::default(); thresholds],
            last: None,
            day: -1,
            spoke: Vec::new(),
            thief_acts: 0,
            first_act_ms: 0,
        }
    }
}

/// Goes through a shop's history once, event by event.
fn watch_shop(shop: &Shop, size: Size, settings: &Settings, at_gate: bool) -> Tally {
    let mut history = shop.history(size);
    if at_gate {
        history.shifts = None;
        history.events.iter_mut().for_each(|event| event.place = None);
    }
    let at_each: Vec<Settings> = thresholds(settings)
        .into_iter()
        .map(|ask_from| asking_from(settings, ask_from))
        .collect();
    let mut tally = Tally {
        terminals: shop.terminals.len(),
        events: history.events.len() as u64,
        questions: vec![0; at_each.len()],
        early_questions: vec![0; at_each.len()],
        cases: cases(shop, &history, at_each.len()),
        ..Tally::default()
    };
    let mut watched: Vec<Watched> = shop
        .terminals
        .iter()
        .map(|_| Watched::new(at_each.len()))
        .collect();
    let hours = told_hours(shop).filter(|_| !at_gate);
    let shifts = shifts(&history);
    for event in &history.events {
        let context = Context {
            hours: hours.as_ref(),
            shifts: shifts.as_deref().map(|all| around(all, event.at_ms)),
            sale: sale(event),
            peers: peers(&watched, event),
            has_sign_ins: true,
            ..Context::new(settings)
        };
        let one = &mut watched[event.terminal];
        begin(one, event, &mut tally);
        let started = Instant::now();
        let judgement = judge(&mut one.profile, &context, event);
        tally.judge_ns += started.elapsed().as_nanos() as u64;
        one.last = Some((event.at_ms, event.place));
        if !judgement.reasons.is_empty() {
            note(one, event, &judgement, &mut tally);
            ask(&mut watched, event, &judgement, &at_each, settings, &mut tally);
        }
    }
    tally
}

fn asking_from(settings: &Settings, ask_from: u16) -> Settings {
    Settings {
        ask_from,
        ..settings.clone()
    }
}

fn day_of(event: &Event) -> i64 {
    (event.at_ms - theft::START_MS).div_euclid(DAY_MS)
}

/// A day begins, or a theft.
fn begin(one: &mut Watched, event: &Event, tally: &mut Tally) {
    if event.is_theft {
        if one.thief_acts == 0 {
            one.first_act_ms = event.at_ms;
            one.spoke.clear();
        }
        one.thief_acts += 1;
    } else if day_of(event) != one.day {
        one.day = day_of(event);
        one.spoke.clear();
        let is_early = one.day < PAST_DAYS;
        let days = if is_early {
            &mut tally.early_days
        } else {
            &mut tally.days
        };
        *days += 1;
    }
}

/// Which signals speak at all.
fn note(one: &mut Watched, event: &Event, judgement: &Judgement, tally: &mut Tally) {
    let mut cases = tally.cases.iter();
    let scenario = cases
        .find(|case| case.theft.terminal == event.terminal)
        .map(|case| case.theft.scenario);
    for reason in &judgement.reasons {
        if one.spoke.contains(&reason.code) {
            continue;
        }
        one.spoke.push(reason.code);
        match scenario.filter(|_| event.is_theft) {
            Some(scenario) => *tally.stolen.entry((reason.code, scenario as usize)).or_default() += 1,
            None if one.day >= PAST_DAYS => *tally.honest.entry(reason.code).or_default() += 1,
            None => {}
        }
    }
}

/// Adds the evidence, and asks.
fn ask(
    watched: &mut [Watched],
    event: &Event,
    judgement: &Judgement,
    at_each: &[Settings],
    in_use: &Settings,
    tally: &mut Tally,
) {
    let at_ms = Timestamp(event.at_ms);
    for (at, settings) in at_each.iter().enumerate() {
        let others = watched
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != event.terminal);
        let spoke = others.map(|(_, other)| other.suspicions[at].spoke_on(at_ms));
        let others = spoke.fold(Codes::NONE, Codes::and);
        let one = &mut watched[event.terminal];
        let found = Found {
            transactions: one.thief_acts,
            after_ms: event.at_ms - one.first_act_ms,
        };
        let suspicion = &mut one.suspicions[at];
        let Some(question) = suspicion.add(settings, at_ms, judgement, others) else {
            continue;
        };
        let case = tally
            .cases
            .iter_mut()
            .find(|case| event.is_theft && case.theft.terminal == event.terminal);
        if let Some(case) = case {
            case.found[at].get_or_insert(found);
            continue;
        }
        suspicion.answered();
        if one.day < PAST_DAYS {
            tally.early_questions[at] += 1;
            continue;
        }
        tally.questions[at] += 1;
        if settings.ask_from == in_use.ask_from {
            *tally.spoke.entry(question.codes).or_default() += 1;
        }
    }
}

fn cases(shop: &Shop, history: &History, thresholds: usize) -> Vec<Case> {
    let of = |theft: &Theft| {
        let mut acts = history
            .events
            .iter()
            .filter(|event| event.is_theft && event.terminal == theft.terminal);
        // One that did nothing before the end shows nothing.
        let first = acts.next()?;
        Some(Case {
            theft: *theft,
            wire: shop.terminals[theft.terminal].wire,
            idle_ms: first.at_ms - theft.taken_at_ms,
            found: vec![None; thresholds],
        })
    };
    history.thefts.iter().filter_map(of).collect()
}

fn told_hours(shop: &Shop) -> Option<OpeningHours> {
    let ([from, to], rest) = shop.told_hours()?;
    let open = Spans::new(vec![Span::new(from, to)?])?;
    let mut week = Week(std::array::from_fn(|_| open.clone()));
    if let Some(rest) = rest {
        week.0[rest as usize] = Spans::default();
    }
    Some(OpeningHours {
        week,
        ..OpeningHours::default()
    })
}

fn shifts(history: &History) -> Option<Vec<Shift>> {
    let shifts = history.shifts.as_ref()?.iter();
    let shifts = shifts.map(|(operator, from_ms, to_ms)| Shift {
        operator: operator.to_string(),
        from: Timestamp(*from_ms),
        to: Timestamp(*to_ms),
    });
    let mut shifts: Vec<Shift> = shifts.collect();
    shifts.sort_by_key(|shift| shift.from);
    Some(shifts)
}

/// Those that begin a day and a half before or half a day after.
fn around(shifts: &[Shift], at_ms: i64) -> &[Shift] {
    let from = shifts.partition_point(|shift| shift.from.0 < at_ms - 36 * HOUR_MS);
    let to = shifts.partition_point(|shift| shift.from.0 < at_ms + 12 * HOUR_MS);
    &shifts[from..to]
}

/// The shop's other terminals that are at work, and where most of them are.
fn peers(watched: &[Watched], event: &Event) -> Option<Peers> {
    let others = watched.iter().enumerate().filter(|(at, _)| *at != event.terminal);
    let at_work =
        others.filter_map(|(_, one)| one.last.filter(|(at_ms, _)| event.at_ms - at_ms <= AT_WORK_MS));
    let (mut places, mut active) = (BTreeMap::<u64, usize>::new(), 0);
    for (_, place) in at_work {
        active += 1;
        if let Some(place) = place {
            *places.entry(place).or_default() += 1;
        }
    }
    let place = places
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(place, _)| Key(place));
    (watched.len() > 1).then_some(Peers { active, place })
}

fn sale(event: &Event) -> Option<Sale> {
    let Act::Payment(payment) = event.act else {
        return None;
    };
    payment.sale.map(|sale| Sale {
        amount_minor: sale.amount_minor,
        currency: Currency::CNY,
        refunded_minor: sale.refunded_minor,
        who: Some(Key(sale.card)),
    })
}

fn judge(profile: &mut Profile, context: &Context, event: &Event) -> Judgement {
    let place = event.place.map(Key);
    match event.act {
        Act::Payment(payment) => {
            let payment = seen(&payment, event.at_ms, place);
            let judgement = screening::judge(profile, context, &payment);
            profile.observe(&payment);
            judgement
        }
        Act::SignIn {
            operator,
            is_accepted,
        } => {
            let sign_in = SignIn {
                at: Timestamp(event.at_ms),
                offset_min: OFFSET_MIN,
                is_accepted,
                operator: Some(operator.to_string()),
                place,
            };
            let judgement = screening::judge_sign_in(profile, context, &sign_in);
            profile.signed_in(&sign_in);
            judgement
        }
    }
}

/// A payment as the gate's ledger would have it.
fn seen(payment: &theft::Payment, at_ms: i64, place: Option<Key>) -> Payment {
    let kind = match payment.kind {
        theft::Kind::Sale => Kind::Sale,
        theft::Kind::Refund => Kind::Refund,
        theft::Kind::Void => Kind::Void,
        theft::Kind::PreAuthorisation => Kind::Other,
    };
    let entry = match payment.entry {
        theft::Entry::Tapped => Entry::Tapped,
        theft::Entry::Inserted => Entry::Inserted,
        theft::Entry::Swiped => Entry::Swiped,
        theft::Entry::Keyed => Entry::Keyed,
        theft::Entry::Fallback => Entry::Fallback,
        theft::Entry::Code => Entry::Code,
    };
    Payment {
        certainty: Certainty::Second,
        offset_min: OFFSET_MIN,
        entry: Some(entry),
        card: Some(Key(payment.card)),
        operator: payment.operator.map(|operator| operator.to_string()),
        is_linked: matches!(kind, Kind::Refund | Kind::Void).then_some(payment.sale.is_some()),
        place,
        ..Payment::new(
            Timestamp(at_ms),
            kind,
            if payment.is_approved {
                State::Approved
            } else {
                State::Declined
            },
            payment.amount_minor,
            Currency::CNY,
        )
    }
}

/// The figures of some thefts at one threshold.
struct Figures {
    thefts: usize,
    ever: usize,
    in_time: usize,
    transactions: [String; 2],
    hours: [String; 2],
}

fn figures<'a>(cases: impl Iterator<Item = &'a Case>, at: usize) -> Figures {
    let found: Vec<Option<Found>> = cases.map(|case| case.found[at]).collect();
    let in_time = |found: &&Found| found.transactions <= IN_TIME.0 || found.after_ms <= IN_TIME.1;
    let of = |value: fn(&Found) -> f64| {
        let mut values: Vec<f64> = found
            .iter()
            .map(|found| found.as_ref().map_or(f64::INFINITY, value))
            .collect();
        values.sort_by(f64::total_cmp);
        [50, 90].map(
            |percent| match values.get((values.len() * percent).div_ceil(100).saturating_sub(1)) {
                Some(value) if value.is_finite() => format!("{value:.1}"),
                _ => "never".into(),
            },
        )
    };
    Figures {
        thefts: found.len(),
        ever: found.iter().flatten().count(),
        in_time: found.iter().flatten().filter(in_time).count(),
        transactions: of(|found| found.transactions as f64),
        hours: of(|found| found.after_ms as f64 / HOUR_MS as f64),
    }
}

fn percent(part: usize, all: usize) -> String {
    format!("{:.1} %", part as f64 * 100.0 / all.max(1) as f64)
}

/// A kind of theft, and whether one is of it.
type Group = (String, Box<dyn Fn(&Case) -> bool>);

fn groups() -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for scenario in Scenario::ALL {
        groups.push((
            scenario.title().into(),
            Box::new(move |case| case.theft.scenario == scenario),
        ));
    }
    groups.push(("**all**".into(), Box::new(|_| true)));
    groups.push(("taken while open".into(), Box::new(|case| case.theft.is_open)));
    groups.push(("taken while shut".into(), Box::new(|case| !case.theft.is_open)));
    for (title, wire) in [
        ("place not known", Wire::Unknown),
        ("place by the shop's network", Wire::Network),
        ("place by the SIM", Wire::Sim),
    ] {
        groups.push((title.into(), Box::new(move |case| case.wire == wire)));
    }
    groups
}

fn print_scenarios(tally: &Tally, settings: &Settings) {
    let at = thresholds(settings)
        .iter()
        .position(|from| *from == settings.ask_from)
        .unwrap_or(0);
    println!(
        "\n| theft (asked from {}) | thefts | found | in time | transactions, median | 90th | hours, median | 90th |",
        settings.ask_from
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (title, is_of) in groups() {
        let figures = figures(tally.cases.iter().filter(|case| is_of(case)), at);
        println!(
            "| {title} | {} | {} | {} | {} | {} | {} | {} |",
            figures.thefts,
            percent(figures.ever, figures.thefts),
            percent(figures.in_time, figures.thefts),
            figures.transactions[0],
            figures.transactions[1],
            figures.hours[0],
            figures.hours[1],
        );
    }
    let idle: Vec<f64> = tally
        .cases
        .iter()
        .map(|case| case.idle_ms as f64 / HOUR_MS as f64)
        .collect();
    println!(
        "\nIn time: within {} transactions or 24 h of the first. From the theft to the first, median: {:.1} h.",
        IN_TIME.0,
        super::median(idle)
    );
}

fn print_curve(tally: &Tally, settings: &Settings) {
    println!(
        "\n| asked from | false questions per 10,000 terminal-days | of the first 32 days | found | in time |"
    );
    println!("|---|---|---|---|---|");
    for (at, from) in thresholds(settings).into_iter().enumerate() {
        let figures = figures(tally.cases.iter(), at);
        let rate = |count: u64, days: u64| count as f64 * 10_000.0 / days.max(1) as f64;
        println!(
            "| {from}{} | {:.2} | {:.2} | {} | {} |",
            if from == settings.ask_from {
                " (in use)"
            } else {
                ""
            },
            rate(tally.questions[at], tally.days),
            rate(tally.early_questions[at], tally.early_days),
            percent(figures.ever, figures.thefts),
            percent(figures.in_time, figures.thefts),
        );
    }
    println!(
        "\n{} terminal-days in use without a theft, from the 33rd day on; {} before.",
        tally.days, tally.early_days
    );
}

fn print_why(tally: &Tally) {
    println!("\n| signal | honest days per 10,000 | thefts per 100, by scenario |");
    println!("|---|---|---|");
    for code in Code::ALL {
        let honest =
            tally.honest.get(&code).copied().unwrap_or(0) as f64 * 10_000.0 / tally.days.max(1) as f64;
        let of = |scenario: Scenario| {
            let all = tally
                .cases
                .iter()
                .filter(|case| case.theft.scenario == scenario)
                .count();
            let spoke = tally.stolen.get(&(code, scenario as usize)).copied().unwrap_or(0);
            format!("{:.0}", spoke as f64 * 100.0 / all.max(1) as f64)
        };
        println!(
            "| {} | {honest:.2} | {} |",
            code.code(),
            Scenario::ALL.map(of).join(" / ")
        );
    }
    println!("\n| false questions | what spoke |");
    println!("|---|---|");
    let mut spoke: Vec<_> = tally.spoke.iter().collect();
    spoke.sort_by_key(|(codes, count)| (std::cmp::Reverse(**count), codes.to_vec()));
    for (codes, count) in spoke.into_iter().take(30) {
        let codes: Vec<&str> = codes.iter().map(|code| code.code()).collect();
        println!("| {count} | {} |", codes.join(", "));
    }
}
