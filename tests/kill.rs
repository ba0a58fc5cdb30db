//! Kill -9 in the midst of trading and reporting: what was acknowledged is there after the restart, and what was not
//! leaves nothing behind at the host.
//!
//! `TILLGUARD_KILLS` says how often (40), `TILLGUARD_SEED` when.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use simulator::chance::Chance;
use tests::{Api, Books, Folder, Hold, Lanes, LanesLog, Launch, Name, Node, Outside, Undoing, ask, number};

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
    /// Acknowledged reports: incident and terminal.
    acknowledged: Vec<(String, String)>,
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
    /// Of the traders, and of the victim last.
    terminals: Vec<Left>,
    /// The incident, when the report was acknowledged.
    reported: Option<Value>,
    /// When it was reported and killed.
    moments: String,
}

/// One terminal after the node's death.
struct Left {
    index: usize,
    log: LanesLog,
    undoing: Undoing,
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
            violations.extend(trader.reverse_unanswered(node.ready.gate, tally).await?);
        }
        Books::settled(&api).await?;
        for left in &died.terminals {
            let reported = died.reported.as_ref().filter(|_| left.index == victim);
            let terminal_id = node.ready.terminals[left.index].id();
            violations.extend(self.check_terminal(&api, terminal_id, left, reported).await?);
            tally.approvals_told += left.log.approved().count();
        }
        let victim_id = node.ready.terminals[victim].id();
        match &died.reported {
            Some(incident) => {
                let id = incident["id"].as_str().context("no id")?;
                self.acknowledged.push((id.to_owned(), victim_id.to_owned()));
                tally.reports_acknowledged += 1;
            }
            None if Hold::of(&api, victim_id).await?.is_some() => tally.reports_kept_unacknowledged += 1,
            None => tally.reports_gone += 1,
        }
        violations.extend(self.check_reports(&api).await?);
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
            self.traces[index] = lanes.next_trace();
            let undoing = lanes.undoing();
            let log = lanes.stop().await?;
            terminals.push(Left { index, log, undoing });
        }
        Ok(Died {
            terminals,
            reported: reported.ok(),
            moments: format!("killed after {kill_at} ms, report begun after {report_at} ms"),
        })
    }

    /// One terminal's ledger against what it was told, what the host keeps, and its holds.
    async fn check_terminal(
        &self,
        api: &Api,
        terminal_id: &str,
        left: &Left,
        reported: Option<&Value>,
    ) -> Result<Vec<String>> {
        let (books, log) = (Books::read(api, terminal_id).await?, &left.log);
        let mut found = books.without(log.approved());
        found.extend(books.differences(&self.outside));
        found.extend(log.wrong.iter().map(|wrong| format!("{terminal_id}: {wrong}")));
        let pending = books.rows.iter().filter(|row| row.decision == "pending");
        found.extend(pending.map(|row| format!("{terminal_id}: {:?} is never decided", row.name)));
        if left.index < TRADERS {
            let standing = books.standing();
            let kept = left.unanswered().filter(|name| standing.contains_key(name));
            found.extend(kept.map(|name| format!("{terminal_id}: {name:?} was reversed and stands")));
        }
        let late = log
            .purchases
            .iter()
            .filter(|one| one.after_mark && one.is_approved());
        found.extend(
            late.map(|one| format!("{terminal_id}: {:?} arrived after the acknowledgement", one.name)),
        );
        let hold = Hold::of(api, terminal_id).await?;
        if let Some(hold) = &hold {
            found.extend(books.approved_after(hold));
        }
        if let Some(reported) = reported
            && hold.as_ref().map(|hold| hold.placed_at.as_str()) != reported["suspended_at"].as_str()
        {
            found.push(format!(
                "{terminal_id}: the acknowledged report {reported} is not there: {hold:?}"
            ));
        }
        Ok(found)
    }

    /// Every report ever acknowledged is there, and its terminal stopped.
    async fn check_reports(&self, api: &Api) -> Result<Vec<String>> {
        let incidents = api.get("/incidents?limit=200").await?;
        let lost = api.get("/terminals?state=lost&limit=200").await?;
        let names = |list: &Value, name: &str| -> Vec<String> {
            let items = list["items"].as_array().into_iter().flatten();
            items
                .filter_map(|item| item[name].as_str().map(str::to_owned))
                .collect()
        };
        let (incidents, lost) = (names(&incidents, "id"), names(&lost, "terminal_id"));
        let missing = self
            .acknowledged
            .iter()
            .filter(|(id, terminal_id)| !incidents.contains(id) || !lost.contains(terminal_id));
        Ok(missing
            .map(|(id, terminal_id)| {
                format!("{terminal_id}: the acknowledged incident {id} is not there any more")
            })
            .collect())
    }
}

impl Left {
    fn unanswered(&self) -> impl Iterator<Item = Name> {
        let unanswered = self.log.purchases.iter().filter(|one| one.code.is_none());
        unanswered.map(|one| one.name)
    }

    /// What a terminal does when no answer came: it reverses.
    async fn reverse_unanswered(&mut self, gate: SocketAddr, tally: &mut Tally) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for name in self.unanswered().collect::<Vec<_>>() {
            let (_, code) = ask(gate, &self.undoing.frame(name)?).await?;
            tally.reversed_by_terminals += 1;
            // 00: it will be undone. 25: it never arrived, and will not be taken any more.
            if !matches!(code.as_str(), "00" | "25") {
                found.push(format!("the reversal of {name:?} was answered {code}"));
            }
        }
        Ok(found)
    }
}
