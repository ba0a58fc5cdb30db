//! Real faults: two nodes on one PostgreSQL database, under load, while something breaks. What was acknowledged survives,
//! nothing is approved after it, the books of gate and host agree, and once all is well again everything owed is settled.
//!
//! `TILLGUARD_FAULTS` says how many (24), `TILLGUARD_SEED` which and when.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_postgres::Cluster;
use simulator::chance::Chance;
use simulator::host::Faults;
use tests::{Acknowledged, Api, Folder, NAMES, Pair, Proxy, Traded, canary_binary, number};
use tokio::sync::watch;
use tokio::time::sleep;

/// Terminals of a round that are never reported.
const TRADERS: [usize; 2] = [0, 1];
const LANES_OF_A_TERMINAL: usize = 4;
const LANES_OF_THE_VICTIM: usize = 8;
/// Rounds on one database: its ledgers are read after each.
const ROUNDS_OF_A_LIFE: u64 = 12;
const HOST_DELAY_MS_MAX: u32 = 30;
/// The report begins and something breaks within so many milliseconds, at moments the seed names.
const REPORT_MS_MAX: u64 = 300;
const FAULT_MS_MAX: u64 = 300;
/// Most faults are over before anybody gives up on anybody; every third outlives a node's lease.
const SHORT_MS: (u64, u64) = (50, 1_500);
const LONG_MS: (u64, u64) = (4_000, 9_000);
/// How long somebody who reports waits before trying the other node.
const REPORT_WAIT: Duration = Duration::from_secs(20);
/// What is due by the clock is late by as much when the clock goes back.
const CLOCK_STEP_MS_MAX: u64 = 20_000;

/// Something that breaks. A number is the node it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Kill -9 of a node, which is started again.
    NodeKilled(usize),
    /// Kill -9 of both.
    BothKilled,
    /// Kill -9 of PostgreSQL, which is started again.
    DatabaseKilled,
    /// The node's connections to the database are reset, new ones too.
    Cut(usize),
    /// They stay open, and nothing passes.
    Stalled(usize),
    /// What the node asks is done, and it hears nothing: a COMMIT whose answer never comes.
    AnswersWithheld(usize),
    /// The same, and the answers come when nobody waits for them any more.
    AnswersLate(usize),
    /// Each piece of data takes so many milliseconds, each way.
    Slow(usize, u64),
    /// The node stands still, all its threads, and goes on as if nothing had been.
    Frozen(usize),
    /// The node's clock is stepped by so many milliseconds.
    ClockStepped(usize, i64),
    /// The acquirer's host answers after the time that is waited for it.
    HostLate,
    /// It answers everything twice.
    HostTwice,
    /// It decides, and never answers.
    HostSilent,
    /// It is gone.
    HostDown,
}

/// How many kinds of faults [`Fault::draw`] knows, without the clock.
const KINDS: usize = 13;

impl Fault {
    /// One of the kind.
    fn draw(kind: usize, chance: &mut Chance) -> Self {
        let node = chance.index(2);
        match kind {
            0 => Self::NodeKilled(node),
            1 => Self::DatabaseKilled,
            2 => Self::Cut(node),
            3 => Self::Stalled(node),
            4 => Self::AnswersWithheld(node),
            5 => Self::AnswersLate(node),
            6 => Self::Slow(node, chance.between(5, 60)),
            7 => Self::Frozen(node),
            8 => Self::HostLate,
            9 => Self::HostTwice,
            10 => Self::HostSilent,
            11 => Self::HostDown,
            _ => Self::BothKilled,
        }
    }
}

/// One round, all of it drawn from the seed.
#[derive(Debug, Clone, Copy)]
struct Plan {
    fault: Fault,
    fault_at: Duration,
    lasts: Duration,
    report_at: Duration,
    /// Who is asked first to report.
    asks: usize,
}

impl Plan {
    fn draw(fault: Fault, chance: &mut Chance) -> Self {
        let mut within = |(low, high)| Duration::from_millis(chance.between(low, high));
        let (fault_at, report_at) = (within((0, FAULT_MS_MAX)), within((0, REPORT_MS_MAX)));
        let (short, long) = (within(SHORT_MS), within(LONG_MS));
        Self {
            fault,
            fault_at,
            lasts: if chance.happens(1.0 / 3.0) { long } else { short },
            report_at,
            asks: chance.index(2),
        }
    }
}

/// What happened, for the last line.
#[derive(Debug, Default)]
struct Tally {
    faults: u64,
    approvals_told: usize,
    declines: usize,
    unanswered: usize,
    reports_acknowledged: usize,
    slowest_report_ms: u128,
}

/// Two nodes with all that can break around them.
struct World {
    pair: Pair,
    postgres: Cluster,
    proxies: [Proxy; 2],
    clocks: [PathBuf; 2],
    chance: Chance,
    /// Of all rounds, for the end.
    traded: Vec<Traded>,
    _clocks: Folder,
}

impl World {
    async fn start(seed: u64, life: u64, binary: Option<PathBuf>) -> Result<Self> {
        let postgres = tokio::task::spawn_blocking(Cluster::start).await??;
        let (folder, url) = (Folder::new()?, postgres.url());
        let proxies = [
            Proxy::start(postgres.addr()).await?,
            Proxy::start(postgres.addr()).await?,
        ];
        let urls = [0, 1].map(|index: usize| proxies[index].url(&url));
        let clocks = NAMES.map(|name| folder.path().join(name));
        let pair = Pair::start(urls, HOST_DELAY_MS_MAX, |mut launch| {
            launch.binary = binary.clone().unwrap_or(launch.binary);
            let of = NAMES.iter().position(|name| launch.name.as_deref() == Some(name));
            launch.clock_file = of.map(|index| clocks[index].clone());
            launch
        })
        .await?;
        Ok(Self {
            pair,
            postgres,
            proxies,
            clocks,
            chance: Chance::new(seed, life),
            traded: Vec::new(),
            _clocks: folder,
        })
    }

    /// Trades, reports and breaks something; then mends it and checks.
    async fn round(&mut self, plan: Plan, victim: usize, tally: &mut Tally) -> Result<()> {
        let people = watch::Sender::new(self.people().await?);
        let mut all = self.pair.trade(&TRADERS, LANES_OF_A_TERMINAL).await?;
        let of_victim = self
            .pair
            .trade(&[victim], LANES_OF_THE_VICTIM)
            .await?
            .pop()
            .context("no lanes")?;
        let report = async {
            sleep(plan.report_at).await;
            let began = std::time::Instant::now();
            let incident = of_victim
                .report_again_and_again(plan.asks, || people.borrow().to_vec())
                .await?;
            anyhow::Ok((incident, began.elapsed()))
        };
        let (reported, mended) = tokio::join!(report, self.break_and_mend(plan, &people));
        mended.context("mending")?;
        let (incident, took) = reported?;
        tally.slowest_report_ms = tally.slowest_report_ms.max(took.as_millis());
        self.pair.acknowledged.push(Acknowledged::of(&incident));
        tally.reports_acknowledged += 1;

        all.push(of_victim);
        let mut traded = self.pair.end(all).await?;
        let violations = self.pair.mended(&mut traded).await?;
        ensure!(
            violations.is_empty(),
            "{}\n{}",
            violations.join("\n"),
            self.pair.said()
        );
        tally.faults += 1;
        for one in &traded {
            let approved = one.log.approved().count();
            tally.approvals_told += approved;
            tally.unanswered += one.unanswered().count();
            tally.declines += one.log.purchases.len() - approved - one.unanswered().count();
        }
        self.traded.extend(traded);
        Ok(())
    }

    /// Who may report, on each node.
    async fn people(&self) -> Result<[Api; 2]> {
        let apis = self.pair.apis_as("risk").await?;
        Ok(apis.map(|api| api.waiting(REPORT_WAIT)))
    }

    /// Moments, not states: the seed says when, whatever is going on then.
    async fn break_and_mend(&mut self, plan: Plan, people: &watch::Sender<[Api; 2]>) -> Result<()> {
        sleep(plan.fault_at).await;
        self.break_it(plan.fault).await?;
        sleep(plan.lasts).await;
        for proxy in &self.proxies {
            if matches!(plan.fault, Fault::AnswersWithheld(_)) {
                proxy.cut();
            }
            proxy.heal();
        }
        self.pair.outside.faults().set(well());
        match plan.fault {
            Fault::NodeKilled(_) | Fault::BothKilled => {
                self.pair.revive().await?;
                // It listens somewhere else now.
                people.send_replace(self.people().await?);
                Ok(())
            }
            Fault::Frozen(node) => self.pair.node(node)?.thaw(),
            _ => Ok(()),
        }
    }

    async fn break_it(&mut self, fault: Fault) -> Result<()> {
        let host = |faults| self.pair.outside.faults().set(faults);
        match fault {
            Fault::NodeKilled(node) => self.pair.kill(node)?,
            Fault::BothKilled => {
                self.pair.kill(0)?;
                self.pair.kill(1)?;
            }
            // Both take a moment, in which nothing else of the test may stand still.
            Fault::DatabaseKilled => tokio::task::block_in_place(|| {
                self.postgres.kill()?;
                self.postgres.restart()
            })?,
            Fault::Cut(node) => self.proxies[node].cut(),
            Fault::Stalled(node) => self.proxies[node].stall(),
            Fault::AnswersWithheld(node) | Fault::AnswersLate(node) => self.proxies[node].withhold_answers(),
            Fault::Slow(node, delay_ms) => self.proxies[node].delay(delay_ms),
            Fault::Frozen(node) => self.pair.node(node)?.freeze()?,
            Fault::ClockStepped(node, ms) => std::fs::write(&self.clocks[node], ms.to_string())?,
            Fault::HostLate => host(Faults {
                delay_ms_min: 4_500,
                delay_ms_max: 6_000,
                ..Faults::default()
            }),
            Fault::HostTwice => host(Faults {
                twice: true,
                ..well()
            }),
            Fault::HostSilent => host(Faults {
                silent: true,
                ..Faults::default()
            }),
            Fault::HostDown => host(Faults {
                down: true,
                ..Faults::default()
            }),
        }
        Ok(())
    }
}

/// The host as it is between faults.
fn well() -> Faults {
    Faults {
        delay_ms_max: HOST_DELAY_MS_MAX,
        ..Faults::default()
    }
}

/// Every kind once in each cycle, in an order of the seed's.
fn faults(seed: u64, count: u64) -> Vec<Fault> {
    let mut chance = Chance::new(seed, u64::MAX);
    let (mut drawn, mut left) = (Vec::new(), Vec::new());
    for _ in 0..count {
        if left.is_empty() {
            left = (0..KINDS).collect();
        }
        let kind = left.swap_remove(chance.index(left.len()));
        drawn.push(Fault::draw(kind, &mut chance));
    }
    drawn
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_whatever_breaks() -> Result<()> {
    let (count, seed) = (number("TILLGUARD_FAULTS", 24), number("TILLGUARD_SEED", 2026));
    let mut tally = Tally::default();
    for (life, faults) in faults(seed, count).chunks(ROUNDS_OF_A_LIFE as usize).enumerate() {
        live(seed, life as u64, faults, None, &mut tally).await?;
    }
    println!("{tally:?}");
    assert!(
        tally.approvals_told > 0 && tally.reports_acknowledged as u64 == count,
        "nothing was tried: {tally:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_clock_is_trusted() -> Result<()> {
    let (count, seed) = (
        number("TILLGUARD_FAULTS", 24).div_ceil(8),
        number("TILLGUARD_SEED", 2026),
    );
    let binary = tokio::task::spawn_blocking(canary_binary).await??;
    let mut chance = Chance::new(seed, u64::MAX - 1);
    let steps: Vec<Fault> = (0..count)
        .map(|_| {
            let ms = chance.between(0, 2 * CLOCK_STEP_MS_MAX) as i64 - CLOCK_STEP_MS_MAX as i64;
            Fault::ClockStepped(chance.index(2), ms)
        })
        .collect();
    let mut tally = Tally::default();
    live(seed, u64::MAX - 2, &steps, Some(binary), &mut tally).await?;
    println!("{tally:?}");
    Ok(())
}

/// One database, from its making to its end.
async fn live(
    seed: u64,
    life: u64,
    faults: &[Fault],
    binary: Option<PathBuf>,
    tally: &mut Tally,
) -> Result<()> {
    let mut world = World::start(seed, life, binary).await?;
    for (round, fault) in faults.iter().enumerate() {
        let plan = Plan::draw(*fault, &mut world.chance);
        let began = std::time::Instant::now();
        world
            .round(plan, TRADERS.len() + round, tally)
            .await
            .with_context(|| format!("seed {seed}, life {life}, round {round}: {plan:?}"))?;
        println!("{:>5.1} s {plan:?}", began.elapsed().as_secs_f64());
    }
    let began = std::time::Instant::now();
    let violations = world.pair.violations(&world.traded).await?;
    ensure!(
        violations.is_empty(),
        "seed {seed}, life {life}: {}",
        violations.join("\n")
    );
    println!("{:>5.1} s the end", began.elapsed().as_secs_f64());
    Ok(())
}
