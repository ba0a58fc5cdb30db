//! `tillguard-demo bench common-points`: what it costs to look through an estate for where victims were before, and whether the one terminal
//! that was made such a point is found.
//!
//! Invariant: the same estate each time; each of its terminals stands in a shop of its own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use app::common_point::begin;
use app::estate::{Estate, fill};
use domain::incident::{Incident, LossWindow, WindowBasis};
use domain::shop::Shop;
use domain::time::HOUR_MS;
use domain::transaction::{Decision, Entry, Kind, LedgerRow, Proof};
use domain::{MaskedPan, MerchantId, TerminalId, Timestamp};
use store::Tx;

use super::{Folder, rig, suspects::lost};
use node::{Node, now};

/// Which store.
#[derive(clap::Args)]
pub struct Args {
    /// Terminals of the estate.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(200..=99_000))]
    terminals: u32,
    /// Payments at each of them, spread evenly over 50 days.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    each: u32,
    /// A PostgreSQL server, on which the run makes a database of its own and drops it, instead of a SQLite file.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The folder in which the run's own folder is made; without it, the system's temporary directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Losses, of the first terminals.
const LOSSES: u32 = 20;
/// Of the last payments of each, so many by people who had been at the point.
const HARMED: u32 = 2;
/// The point.
const POINT: u32 = 100;
/// Different truncated cards.
const CARDS: u64 = 400_000;
const DAYS: i64 = 50;

/// Measures and prints.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let folder = Folder::create(args.data.as_deref())?;
    let database = rig::database(args.database.as_deref()).await?;
    let node = rig::open(&folder.unused("node"), database.as_ref()).await?;
    let end = now();
    rig::fill(&node, 1, "").await?;
    estate(&node, &args).await?;
    for number in 0..args.terminals {
        let rows = (0..args.each).map(|nth| payment(number, nth, args.each, end));
        let rows: Vec<LedgerRow> = rows.collect::<anyhow::Result<_>>()?;
        let write = move |tx: &Tx<'_>| rows.iter().try_for_each(|row| store::ledger::append(tx, row));
        node.write(write).await?;
    }
    for number in 0..LOSSES {
        let incident = Incident {
            incident_id: format!("BENCH{number:03}"),
            reported_by: rig::LOGIN.into(),
            window: LossWindow {
                from: end.plus_ms(-24 * HOUR_MS),
                to: end,
                basis: WindowBasis::ReportedLastSeen,
            },
            ..lost(terminal_id(number)?, end)
        };
        node.write(move |tx| store::incident::insert(tx, &incident))
            .await?;
    }
    println!(
        "an estate of {} terminals, {} payments, {LOSSES} losses",
        args.terminals,
        args.terminals * args.each
    );
    // Reading a shared store blocks, which a thread of the runtime may not.
    tokio::task::spawn_blocking(move || measure(&node)).await?
}

fn measure(node: &Node) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut look = node.store.read(begin)?;
    let (mut parts, mut longest) = (0, Duration::ZERO);
    loop {
        let part = Instant::now();
        let is_more = node.store.read(|tx: &Tx<'_>| look.page(tx))?;
        longest = longest.max(part.elapsed());
        parts += 1;
        if !is_more {
            break;
        }
    }
    let read = began.elapsed();
    let judged = look.judge();
    println!(
        "read in {:.2} s, {parts} parts, the longest {:.1} ms; judged in {:.1} ms",
        read.as_secs_f64(),
        super::ms(longest),
        super::ms(began.elapsed() - read)
    );
    for it in &judged.findings {
        println!(
            "{}: {} of {} cards, {} expected in a million, one in {}",
            it.terminal_id, it.victims, it.cards, it.expected_millionths, it.odds
        );
    }
    let found: Vec<TerminalId> = judged.findings.iter().map(|it| it.terminal_id).collect();
    ensure!(
        found == [terminal_id(POINT)?],
        "another finding than the one that was made"
    );
    Ok(())
}

fn terminal_id(number: u32) -> anyhow::Result<TerminalId> {
    let text = (rig::FIRST_TERMINAL + number).to_string();
    TerminalId::parse(text.as_bytes()).context("terminal_id")
}

async fn estate(node: &Node, args: &Args) -> anyhow::Result<()> {
    let merchant_id = MerchantId::parse(rig::MERCHANT_ID).context("merchant_id")?;
    let mut estate = Estate::default();
    for number in 1..args.terminals {
        let shop_id = format!("s{number}");
        let mut terminal = rig::terminal(terminal_id(number)?.as_str(), merchant_id)?;
        terminal.shop_id.clone_from(&shop_id);
        estate.terminals.push((terminal, Vec::new()));
        estate.shops.push(Shop {
            shop_id,
            merchant_id,
            name: "基准".into(),
            address: String::new(),
            state: domain::shop::State::Active,
        });
    }
    Ok(node.write(move |tx| fill(tx, &estate)).await?)
}

/// The `nth` payment of a terminal: somebody's, but for those who came to harm.
fn payment(number: u32, nth: u32, each: u32, end: Timestamp) -> anyhow::Result<LedgerRow> {
    let apart_ms = DAYS * 24 * HOUR_MS / i64::from(each);
    let at = end.plus_ms(-apart_ms * i64::from(each - nth));
    let harmed = if number < LOSSES && nth >= each - HARMED {
        Some(number * HARMED + each - nth - 1)
    } else if number == POINT && nth < LOSSES * HARMED {
        Some(nth)
    } else {
        None
    };
    let chance = screening::Key::of(&format!("{number} {nth}")).0 % CARDS;
    let card = harmed.map_or(chance, u64::from);
    let card = format!("6222{:02}******{:04}", card / 10_000, card % 10_000);
    Ok(LedgerRow {
        decision: Some(Decision::Approved),
        card: Some(MaskedPan::parse(&card).context("card")?),
        amount: domain::Money::new(3_000, domain::money::Currency::CNY).ok(),
        proof: Some(Proof::Proven),
        ..LedgerRow::bare(
            terminal_id(number)?,
            i64::from(nth) + 1,
            at,
            Entry::Request(Kind::Purchase),
        )
    })
}
