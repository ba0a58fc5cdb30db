//! Kill -9 in the midst of trading and reporting: what was acknowledged is there after the restart, and what was not
//! leaves nothing behind at the host.
//!
//! `TILLGUARD_KILLS` says how often (40), `TILLGUARD_SEED` when.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use simulator::chance::Chance;
use tests::{Acknowledged, Books, Folder, Hold, Lanes, Launch, Node, Outside, Traded, number};

/// Terminals that are never reported.
const TRADERS: usize = 4;
const LANES_OF_A_TRADER: usize = 3;
const LANES_OF_THE_VICTIM: usize = 10;
/// Kills of one data folder; each reports a terminal of its own.
const KILLS_OF_A_LIFE: u64 = 34;
const HOST_DELAY_MS_MAX: u32 = 12;
/// The report begins and the node dies within so many milliseconds, at moments the seed names.
const REPORT_MS_MAX: u64 = 120;
const KILL_MS_MAX: u64 = 260;

/// What happened, for the last line.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    approvals_told: usize,
    reversed_by_terminals: usize,
    reports_acknowledged: usize,
    reports_kept_unacknowledged: usize,
    reports_gone: usize,
}

/// A data folder with its host, through many restarts.
struct Life {
    _folder: Folder,
    outside: Outside,
    launch: Launch,
    chance: Chance,
    /// The next trace number of each terminal: a trace names its transaction for ever.
    traces: Vec<u32>,
    acknowledged: Vec<Acknowledged>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9() -> Result<()> {
    let (kills, seed) = (number("TILLGUARD_KILLS", 40), number("TILLGUARD_SEED", 2026));
    let mut tally = Tally::default();
    for life in 0..kills.div_ceil(KILLS_OF_A_LIFE) {
        let rounds = KILLS_OF_A_LIFE.min(kills - tally.kills);
        live(seed, life, rounds, &mut tally)
            .await
            .with_context(|| format!("seed {seed}, life {life}, {tally:?}"))?;
    }
    println!("{tally:?}");
    assert!(
        tally.approvals_told > 0 && tally.reports_acknowledged > 0,
        "nothing was tried: {tally:?}"
    );
    Ok(())
}

async fn live(seed: u64, number: u64, rounds: u64, tally: &mut Tally) -> Result<()> {
    let folder = Folder::new()?;
    let outside = Outside::start(folder.path(), HOST_DELAY_MS_MAX).await?;
    let launch = Launch::new(&folder)?
        .asking(&outside)
        .with(&["--host-timeout-s", "5"]);
    let mut node = launch.start().await?;
    let mut life = Life {
        traces: vec![1; node.ready.terminals.len()],
        _folder: folder,
        outside,
        launch,
        chance: Chance::new(seed, number),
        acknowledged: Vec::new(),
    };
    for round in 0..rounds {
        node = life
            .round(node, TRADERS + round as usize, tally)
            .await
            .with_context(|| format!("kill {round}"))?;
    }
    Ok(())
}

/// What is left when a node has died.
struct Died {
    /// The traders, and the victim last.
    terminals: Vec<Traded>,
    reported: Option<Acknowledged>,
    /// When it was reported and killed.
    moments: String,
}

impl Life {
    /// Trades, reports, kills, starts again and checks.
    async fn round(&mut self, node: Node, victim: usize, tally: &mut Tally) -> Result<Node> {
        let mut died = self.die(node, victim).await?;
        tally.kills += 1;
        let mut node = self.launch.start().await.context("the restart")?;
        let api = node.api_as("risk").await?;
        let mut violations = Vec::new();
        for trader in died.terminals.iter_mut().take(TRADERS) {
            tally.reversed_by_terminals += trader.unanswered().count();
            violations.extend(trader.reverse_unanswered(node.ready.gate).await?);
        }
        Books::settled(&api).await?;
        let victim_id = node.ready.terminals[victim].id();
        for left in &died.terminals {
            let reported = died.reported.as_ref().filter(|_| left.terminal_id == victim_id);
            violations.extend(left.violations(&api, &self.outside, reported).await?);
            tally.approvals_told += left.log.approved().count();
        }
        match &died.reported {
            Some(report) => {
                self.acknowledged.push(report.clone());
                tally.reports_acknowledged += 1;
            }
            None if Hold::of(&api, victim_id).await?.is_some() => tally.reports_kept_unacknowledged += 1,
            None => tally.reports_gone += 1,
        }
        violations.extend(Acknowledged::missing(&self.acknowledged, &api).await?);
        node.check_alive()?;
        ensure!(
            violations.is_empty(),
            "{}:\n{}",
            died.moments,
            violations.join("\n")
        );
        Ok(node)
    }

    /// Trades on all, reports the victim, kills the node.
    async fn die(&mut self, node: Node, victim: usize) -> Result<Died> {
        let api = node.api_as("risk").await?;
        let mut trading = Vec::new();
        for index in (0..TRADERS).chain([victim]) {
            let mut identity = node.ready.terminals[index].identity.clone();
            identity.trace_first = self.traces[index];
            let count = if index == victim {
                LANES_OF_THE_VICTIM
            } else {
                LANES_OF_A_TRADER
            };
            trading.push((index, Lanes::start(node.ready.gate, &identity, count).await?));
        }
        let [report_at, kill_at] = [REPORT_MS_MAX, KILL_MS_MAX].map(|max| self.chance.between(0, max));
        let (_, of_victim) = trading.last().context("no lanes")?;
        // Moments, not states: the seed says when, whatever is going on then.
        let report = async {
            tokio::time::sleep(Duration::from_millis(report_at)).await;
            of_victim.report(std::slice::from_ref(&api)).await
        };
        let kill = async {
            tokio::time::sleep(Duration::from_millis(kill_at)).await;
            node.kill()
        };
        let (reported, killed) = tokio::join!(report, kill);
        killed?;
        let mut terminals = Vec::new();
        for (index, lanes) in trading {
            let traded = Traded::end(lanes).await?;
            self.traces[index] = traded.log.next_trace;
            terminals.push(traded);
        }
        Ok(Died {
            terminals,
            reported: reported.ok().as_ref().map(Acknowledged::of),
            moments: format!("killed after {kill_at} ms, report begun after {report_at} ms"),
        })
    }
}
