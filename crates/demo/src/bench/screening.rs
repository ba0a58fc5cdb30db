//! `tillguard-demo bench screening`: how well the model finds what people would mark, by the protocol of chapter 5 of the *Fraud Detection
//! Handbook*, on its data where somebody has it, else on a small set of our own.
//!
//! Seven days to learn from, seven in which nobody has looked yet, seven to be tested on; each week of the data after the first is a row.
//! A card known as defrauded before the day leaves the test. What a terminal's marks say is known seven days after the payment.
//!
//! May touch: the files of the folder that is named. Nothing of the data is kept or shipped.
//!
//! Invariant: a row of features is computed from what came before its payment, and from marks at least seven days older.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::Timestamp;
use screening::Key;
use screening::model::feature::{self, FEATURES, Features, Paid, SETTLED_AFTER_DAYS, Settled};
use screening::model::measure::{Scored, area_under_curve, average_precision, card_precision};
use screening::model::{Model, ROWS_MAX, Settings, Table, train};
use simulator::chance::Chance;

/// Where the book begins to learn, in the file of this day.
const FROM: &str = "2018-07-25";
const TRAIN_DAYS: i64 = 7;
const DELAY_DAYS: i64 = 7;
const TEST_DAYS: i64 = 7;
/// Cards looked at each day.
const TOP_CARDS: usize = 100;
/// What has to be reached on the book's first week.
const GOAL: f64 = 0.745;
const DAY_S: i64 = 86_400;
/// Of the features' past.
const KEPT_MAX: usize = 100_000;

#[derive(clap::Args)]
pub struct Args {
    /// A folder of the Handbook's simulated data as CSV, a file a day: 2018-04-01.csv … docs/SCREENING.md says how to make it.
    #[arg(long)]
    handbook: Option<PathBuf>,
    /// The day whose file the first training begins with.
    #[arg(long, default_value = FROM, requires = "handbook")]
    from: String,
    /// Which set of our own, without --handbook.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also print the first model's card.
    #[arg(long)]
    card: bool,
}

/// A payment of the data.
struct Sample {
    /// Seconds since the first day's midnight.
    at_s: i64,
    card: u64,
    terminal: u64,
    amount_minor: i64,
    is_fraud: bool,
}

impl Sample {
    const fn day(&self) -> i64 {
        self.at_s.div_euclid(DAY_S)
    }
}

/// The payments in the order of their time, the day to begin with, and what they are.
struct Data {
    samples: Vec<Sample>,
    from_day: i64,
    is_handbook: bool,
}

/// Measures and prints.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let data = match &args.handbook {
        Some(folder) => read(folder, &args.from)?,
        None => generated(args.seed),
    };
    let last_day = data.samples.last().context("there are no payments")?.day();
    let frauds = data.samples.iter().filter(|sample| sample.is_fraud).count();
    let what = if data.is_handbook {
        "the Handbook's simulated data".to_owned()
    } else {
        format!(
            "a small set of our own, seed {} (not the public benchmark: give --handbook)",
            args.seed
        )
    };
    println!("data: {what}");
    println!(
        "  {} payments, {frauds} frauds, {} days",
        data.samples.len(),
        last_day + 1
    );
    let settings = Settings::default();
    println!("settings: {settings:?}");
    let started = Instant::now();
    let rows = rows(&data);
    let feature_ns = started.elapsed().as_nanos() / data.samples.len() as u128;
    println!("features: {feature_ns} ns a payment\n");
    println!(
        "| learnt from day | tested on days | payments | frauds | average precision | AUC | card precision@{TOP_CARDS} | training |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut weeks = Vec::new();
    let mut from = data.from_day;
    let span = TRAIN_DAYS + DELAY_DAYS + TEST_DAYS;
    while from + span - 1 <= last_day {
        let week = Week::of(&data, &rows, from, &settings)?;
        week.print();
        weeks.push(week);
        from += TEST_DAYS;
    }
    let [first, later @ ..] = weeks.as_slice() else {
        anyhow::bail!("the data ends before the first week to be tested");
    };
    if !later.is_empty() {
        let mean = later.iter().map(|week| week.precision).sum::<f64>() / later.len() as f64;
        println!(
            "\nlater weeks, mean of {}: average precision {mean:.3}",
            later.len()
        );
    }
    if data.is_handbook && args.from == FROM {
        println!(
            "goal of the first week: {GOAL}; reached: {}",
            first.precision >= GOAL
        );
    }
    first.speed(&rows);
    if args.card {
        let day = |at: Timestamp| format!("day {}", at.0 / DAY_S / 1_000);
        println!(
            "\n{}",
            first.model.card_markdown(domain::setting::Language::English, day)
        );
    }
    Ok(())
}

fn paid(sample: &Sample) -> Paid {
    Paid {
        at: Timestamp(sample.at_s * 1_000),
        amount_minor: sample.amount_minor,
        terminal: Key(sample.terminal),
        card: Some(Key(sample.card)),
    }
}

/// The features of every payment, as they were known when it came.
fn rows(data: &Data) -> Vec<[f64; FEATURES]> {
    let mut features = Features::new(KEPT_MAX, KEPT_MAX);
    let mut unsettled = data.samples.iter().peekable();
    let row = |sample: &Sample| {
        let is_settled = |old: &&Sample| old.at_s + SETTLED_AFTER_DAYS * DAY_S <= sample.at_s;
        while let Some(old) = unsettled.next_if(is_settled) {
            features.settle(&Settled {
                at: Timestamp(old.at_s * 1_000),
                terminal: Key(old.terminal),
                is_fraud: old.is_fraud,
            });
        }
        let paid = paid(sample);
        let row = features.row(&paid);
        features.observe(&paid);
        row
    };
    data.samples.iter().map(row).collect()
}

/// One week of the test.
struct Week {
    from: i64,
    model: Model,
    training: Duration,
    payments: usize,
    frauds: usize,
    precision: f64,
    area: f64,
    cards: f64,
}

impl Week {
    fn of(data: &Data, rows: &[[f64; FEATURES]], from: i64, settings: &Settings) -> anyhow::Result<Self> {
        let place = |day: i64| data.samples.partition_point(|sample| sample.day() < day);
        let learnt = place(from)..place(from + TRAIN_DAYS);
        ensure!(learnt.len() <= ROWS_MAX, "a week has too many payments");
        let mut table = Table::new(feature::names());
        for (sample, row) in data.samples[learnt.clone()].iter().zip(&rows[learnt.clone()]) {
            table.push(Timestamp(sample.at_s * 1_000), sample.is_fraud, row)?;
        }
        let started = Instant::now();
        let model = train(&table, settings, Timestamp((from + TRAIN_DAYS) * DAY_S * 1_000))?;
        let training = started.elapsed();
        let mut known = HashSet::new();
        let learn_of = |range: std::ops::Range<usize>, known: &mut HashSet<u64>| {
            let frauds = data.samples[range].iter().filter(|sample| sample.is_fraud);
            known.extend(frauds.map(|sample| sample.card));
        };
        learn_of(learnt, &mut known);
        let first = from + TRAIN_DAYS + DELAY_DAYS;
        let mut scored = Vec::new();
        for day in first..first + TEST_DAYS {
            // Of the day before the delay the frauds are known by now.
            let known_by = day - DELAY_DAYS - 1;
            learn_of(place(known_by)..place(known_by + 1), &mut known);
            let today = place(day)..place(day + 1);
            for (sample, row) in data.samples[today.clone()].iter().zip(&rows[today]) {
                if !known.contains(&sample.card) {
                    scored.push(Scored {
                        day,
                        card: sample.card,
                        score: model.log_odds(row),
                        is_fraud: sample.is_fraud,
                    });
                }
            }
        }
        let scores: Vec<i64> = scored.iter().map(|row| row.score).collect();
        let marks: Vec<bool> = scored.iter().map(|row| row.is_fraud).collect();
        let few = "a week to be tested has no frauds, or nothing else";
        Ok(Self {
            from,
            model,
            training,
            payments: scored.len(),
            frauds: marks.iter().filter(|mark| **mark).count(),
            precision: average_precision(&scores, &marks).context(few)?,
            area: area_under_curve(&scores, &marks).context(few)?,
            cards: card_precision(&scored, TOP_CARDS).context(few)?,
        })
    }

    fn print(&self) {
        let first = self.from + TRAIN_DAYS + DELAY_DAYS;
        println!(
            "| {} | {first}–{} | {} | {} | {:.3} | {:.3} | {:.3} | {:.1} s |",
            self.from,
            first + TEST_DAYS - 1,
            self.payments,
            self.frauds,
            self.precision,
            self.area,
            self.cards,
            self.training.as_secs_f64()
        );
    }

    /// What a score and its parts cost.
    fn speed(&self, rows: &[[f64; FEATURES]]) {
        let rows = &rows[rows.len().saturating_sub(100_000)..];
        let each = |work: &dyn Fn(&[f64; FEATURES])| {
            let started = Instant::now();
            rows.iter().for_each(work);
            started.elapsed().as_nanos() / rows.len().max(1) as u128
        };
        let score = each(&|row| {
            std::hint::black_box(self.model.score(row));
        });
        let parts = each(&|row| {
            std::hint::black_box(self.model.contributions(row));
        });
        let bytes = self.model.write().len();
        println!("a score: {score} ns; its parts: {parts} ns; the model's file: {bytes} bytes");
    }
}

/// Reads the folder: every file of a day, in the order of their names.
fn read(folder: &Path, from: &str) -> anyhow::Result<Data> {
    let files = std::fs::read_dir(folder)
        .with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    let mut files: Vec<PathBuf> = files
        .map(|file| Ok(file?.path()))
        .collect::<anyhow::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "csv"));
    files.sort();
    let mut data = Data {
        samples: Vec::new(),
        from_day: -1,
        is_handbook: true,
    };
    for file in &files {
        let before = data.samples.len();
        read_day(file, &mut data.samples).with_context(|| format!("{} cannot be read", file.display()))?;
        if file.file_stem().is_some_and(|stem| stem == from)
            && let Some(first) = data.samples.get(before)
        {
            data.from_day = first.day();
        }
    }
    ensure!(data.from_day >= 0, "there is no {from}.csv, or it is empty");
    data.samples.sort_by_key(|sample| sample.at_s);
    Ok(data)
}

fn read_day(file: &Path, samples: &mut Vec<Sample>) -> anyhow::Result<()> {
    let mut reader = csv::Reader::from_path(file)?;
    let headings = reader.headers()?.clone();
    let column = |name: &str| {
        let at = headings.iter().position(|heading| heading == name);
        at.with_context(|| format!("there is no column {name}"))
    };
    let time = column("TX_TIME_SECONDS")?;
    let (card, terminal) = (column("CUSTOMER_ID")?, column("TERMINAL_ID")?);
    let (amount, fraud) = (column("TX_AMOUNT")?, column("TX_FRAUD")?);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        let field = |at: usize| record.get(at).unwrap_or_default();
        samples.push(Sample {
            at_s: field(time).parse()?,
            card: field(card).parse()?,
            terminal: field(terminal).parse()?,
            amount_minor: (field(amount).parse::<f64>()? * 100.0).round() as i64,
            is_fraud: field(fraud) == "1",
        });
    }
    Ok(())
}

const OWN_CARDS: usize = 1_500;
const OWN_TERMINALS: usize = 3_000;
const OWN_DAYS: i64 = 75;
const OWN_FROM_DAY: i64 = 40;
/// A terminal's fraud, and a card's, lasts so long.
const OWN_TERMINAL_DAYS: i64 = 28;
const OWN_CARD_DAYS: i64 = 14;
/// Any payment of more is fraudulent, minor units.
const OWN_LARGE_MINOR: i64 = 22_000;

/// A set of our own, from the published description: cards with a usual amount of 5 to 100 and up to four payments a day at terminals
/// around them; what is fraudulent are large amounts, all payments of a terminal for 28 days, a third of a card's for 14, five times as large.
fn generated(seed: u64) -> Data {
    let mut chance = Chance::new(seed, 0);
    let mean_minor: Vec<f64> = (0..OWN_CARDS).map(|_| 500.0 + 9_500.0 * chance.unit()).collect();
    let daily: Vec<f64> = (0..OWN_CARDS).map(|_| 4.0 * chance.unit()).collect();
    let near: Vec<Vec<usize>> = (0..OWN_CARDS)
        .map(|_| (0..60).map(|_| chance.index(OWN_TERMINALS)).collect())
        .collect();
    // Until which day each is in somebody's hands.
    let mut terminal_until = vec![0; OWN_TERMINALS];
    let mut card_until = vec![0; OWN_CARDS];
    let mut samples = Vec::new();
    for day in 0..OWN_DAYS {
        if chance.happens(0.6) {
            terminal_until[chance.index(OWN_TERMINALS)] = day + OWN_TERMINAL_DAYS;
        }
        if chance.happens(0.9) {
            card_until[chance.index(OWN_CARDS)] = day + OWN_CARD_DAYS;
        }
        for card in 0..OWN_CARDS {
            // As many as exponential pauses leave room for: a Poisson number.
            let mut hour = chance.exponential(1.0 / daily[card].max(0.01));
            while hour < 1.0 {
                let terminal = near[card][chance.index(near[card].len())];
                let amount = mean_minor[card] * (1.0 + 0.5 * chance.normal());
                let mut amount_minor = if amount > 0.0 {
                    amount
                } else {
                    2.0 * mean_minor[card] * chance.unit()
                };
                let is_card = day < card_until[card] && chance.happens(1.0 / 3.0);
                if is_card {
                    amount_minor *= 5.0;
                }
                let amount_minor = amount_minor as i64;
                let is_fraud = is_card || day < terminal_until[terminal] || amount_minor > OWN_LARGE_MINOR;
                samples.push(Sample {
                    at_s: day * DAY_S + (hour * DAY_S as f64) as i64,
                    card: card as u64,
                    terminal: terminal as u64,
                    amount_minor,
                    is_fraud,
                });
                hour += chance.exponential(1.0 / daily[card].max(0.01));
            }
        }
    }
    samples.sort_by_key(|sample| sample.at_s);
    Data {
        samples,
        from_day: OWN_FROM_DAY,
        is_handbook: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_our_own_is_the_same_for_a_seed_and_the_model_finds_its_frauds() {
        let (one, again) = (generated(3), generated(3));
        assert_eq!(one.samples.len(), again.samples.len());
        let is_same = |(one, other): (&Sample, &Sample)| {
            (one.at_s, one.card, one.amount_minor) == (other.at_s, other.card, other.amount_minor)
        };
        assert!(one.samples.iter().zip(&again.samples).all(is_same));
        let rows = rows(&one);
        let settings = Settings {
            trees: 30,
            ..Settings::default()
        };
        let week = Week::of(&one, &rows, one.from_day, &settings).expect("there are frauds");
        let chance = week.frauds as f64 / week.payments as f64;
        assert!(
            week.precision > 20.0 * chance,
            "{} against {chance}",
            week.precision
        );
    }

    #[test]
    fn a_folder_is_read_by_its_headings_and_a_damaged_file_is_named() {
        let folder = std::env::temp_dir().join(format!("tillguard-handbook-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("2018-07-25.csv");
        let text = "TX_FRAUD,TX_AMOUNT,TERMINAL_ID,CUSTOMER_ID,TX_TIME_SECONDS\n1,57.16,3,2,86400\n0,1.1,3,2,86399\n";
        std::fs::write(&file, text).expect("a file");
        let data = read(&folder, FROM).expect("two payments");
        let amounts: Vec<i64> = data.samples.iter().map(|sample| sample.amount_minor).collect();
        assert_eq!((amounts, data.from_day), (vec![110, 5_716], 1));
        assert!(read(&folder, "2018-07-26").is_err());
        std::fs::write(&file, text.replace("57.16", "x")).expect("a file");
        let error = read(&folder, FROM).err().expect("no amount");
        assert!(error.to_string().contains("2018-07-25.csv"));
        std::fs::remove_dir_all(&folder).expect("it was made");
    }
}
