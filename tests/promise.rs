//! The promise (R1.2): after the acknowledgement of a loss report nothing of that terminal is approved.
//!
//! The suite is a function that answers the violations it found. It must find none in the binary under test, and at
//! least one in a binary with the bug it exists for: check, then act.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use local_postgres::shared;
use simulator::chance::Chance;
use simulator::load::{Load, LoadConfig, Report};
use simulator::terminal::Terminal;
use tests::{
    Api, Books, Folder, Hold, Lanes, LanesLog, Launch, Node, Outside, Pair, ReadyTerminal, binary,
    canary_binary, number, until,
};

/// Connections on which the reported terminal buys.
const LANES: usize = 64;
/// Other terminals, two connections each; they must not notice anything.
const OTHERS: usize = 6;
/// The host answers after 0 to so many milliseconds: most requests are at the host when the report comes.
const HOST_DELAY_MS_MAX: u32 = 25;
/// So many terminals are not among the others and can be lost.
const ROUNDS_MAX: u64 = 34;

/// The binary to try and how long.
struct Trial {
    binary: PathBuf,
    planted: Option<String>,
    on: On,
    rounds: u64,
    seed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    /// One node, whose store is a file.
    OneNode,
    /// Two nodes on one PostgreSQL database; every terminal uses both.
    TwoNodes,
}

/// The nodes under test and the host behind them.
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum Nodes {
    One {
        node: Node,
        outside: Outside,
        _folder: Folder,
    },
    Two(Pair),
}

impl Nodes {
    async fn start(trial: &Trial) -> Result<Self> {
        let adjust = |launch: Launch| Launch {
            binary: trial.binary.clone(),
            planted: trial.planted.clone(),
            ..launch
        };
        if trial.on == On::TwoNodes {
            let url = tokio::task::spawn_blocking(|| shared().new_database()).await??;
            return Ok(Self::Two(
                Pair::start([url.clone(), url], HOST_DELAY_MS_MAX, adjust).await?,
            ));
        }
        let folder = Folder::new()?;
        let outside = Outside::start(folder.path(), HOST_DELAY_MS_MAX).await?;
        let node = adjust(Launch::new(&folder)?.asking(&outside)).start().await?;
        Ok(Self::One {
            node,
            outside,
            _folder: folder,
        })
    }

    fn outside(&self) -> &Outside {
        match self {
            Self::One { outside, .. } => outside,
            Self::Two(pair) => &pair.outside,
        }
    }

    fn gates(&self) -> Result<Vec<SocketAddr>> {
        match self {
            Self::One { node, .. } => Ok(vec![node.ready.gate]),
            Self::Two(pair) => Ok(pair.gates()?.to_vec()),
        }
    }

    /// One of each node.
    async fn apis_as(&self, login: &str) -> Result<Vec<Api>> {
        match self {
            Self::One { node, .. } => Ok(vec![node.api_as(login).await?]),
            Self::Two(pair) => Ok(pair.apis_as(login).await?.to_vec()),
        }
    }

    fn terminal(&self, index: usize) -> Result<&ReadyTerminal> {
        match self {
            Self::One { node, .. } => node.ready.terminals.get(index).context("no terminal is left"),
            Self::Two(pair) => pair.terminal(index),
        }
    }

    /// That all still run, and have nothing left to do.
    async fn at_rest(&mut self) -> Result<Vec<Api>> {
        match self {
            Self::One { node, .. } => {
                node.check_alive()?;
                let api = node.api_as("risk").await?;
                Books::settled(&api).await?;
                Ok(vec![api])
            }
            Self::Two(pair) => Ok(pair.at_rest().await?.to_vec()),
        }
    }
}

/// A terminal that was reported, for the checks at the end.
struct Lost {
    terminal_id: String,
    incident_id: String,
    hold: Hold,
    log: LanesLog,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_approved_after_a_report_is_acknowledged() -> Result<()> {
    holds(On::OneNode, number("TILLGUARD_PROMISE_ROUNDS", 24)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_approved_on_any_node_after_a_report_is_acknowledged_on_one() -> Result<()> {
    holds(On::TwoNodes, number("TILLGUARD_PROMISE_ROUNDS", 24).div_ceil(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_a_planted_check_then_act() -> Result<()> {
    is_found("check_then_act", On::OneNode, 3).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_a_planted_check_then_act_on_two_nodes() -> Result<()> {
    is_found("check_then_act", On::TwoNodes, 1).await
}

async fn holds(on: On, rounds: u64) -> Result<()> {
    let trial = Trial {
        binary: binary()?,
        planted: None,
        on,
        rounds,
        seed: number("TILLGUARD_SEED", 2026),
    };
    let violations = violations(&trial)
        .await
        .with_context(|| format!("seed {}", trial.seed))?;
    assert!(
        violations.is_empty(),
        "seed {}:\n{}",
        trial.seed,
        violations.join("\n")
    );
    Ok(())
}

async fn is_found(planted: &str, on: On, rounds: u64) -> Result<()> {
    let trial = Trial {
        binary: tokio::task::spawn_blocking(canary_binary).await??,
        planted: Some(planted.into()),
        on,
        rounds,
        seed: number("TILLGUARD_SEED", 2026),
    };
    let violations = violations(&trial).await?;
    let late = violations
        .iter()
        .filter(|one| one.contains("arrived after"))
        .count();
    println!(
        "found {} violations, {late} of them at a terminal's socket; for example {:?}",
        violations.len(),
        violations.first()
    );
    assert!(
        !violations.is_empty(),
        "the planted bug was not found: the suite proves nothing"
    );
    Ok(())
}

/// One suite at a time: each wants the whole machine.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Runs the suite; every violation of the promise in one line.
async fn violations(trial: &Trial) -> Result<Vec<String>> {
    let _turn = TURN.lock().await;
    let mut nodes = Nodes::start(trial).await?;
    let others = others(&nodes).await?;
    let answered = || -> Vec<u64> { others.iter().map(Load::answered).collect() };
    let mut chance = Chance::new(trial.seed, 0);
    let mut violations = Vec::new();
    let mut lost = Vec::new();
    for round in 0..trial.rounds.min(ROUNDS_MAX) as usize {
        let before = answered();
        lost.push(lose(&nodes, round, &mut chance, &mut violations).await?);
        until("the other terminals to go on", async || {
            let all_went_on = answered().iter().zip(&before).all(|(now, before)| now > before);
            Ok(all_went_on.then_some(()))
        })
        .await?;
    }
    let mut reports = Vec::new();
    for load in others {
        reports.push(load.stop().await);
    }
    let apis = nodes.at_rest().await?;
    for (index, one) in lost.iter().enumerate() {
        violations.extend(at_the_end(&apis[index % apis.len()], nodes.outside(), one).await?);
    }
    violations.extend(unnoticed(&apis[0], nodes.outside(), &reports).await?);
    let approved: usize = lost.iter().map(|one| one.log.approved().count()).sum();
    println!(
        "{} reports at full speed; {approved} approvals before them, {:?} in the last round; the others {:?}",
        lost.len(),
        lost.last().map(|one| one.log.codes()),
        reports
            .iter()
            .map(|report| format!("{:?}, {:.0} a second", report.codes(), report.per_second()))
            .collect::<Vec<_>>(),
    );
    Ok(violations)
}

/// Each has its terminals on one of the nodes.
async fn others(nodes: &Nodes) -> Result<Vec<Load>> {
    let (mut loads, gates) = (Vec::new(), nodes.gates()?);
    for (number, gate) in gates.iter().enumerate() {
        let mut config = LoadConfig::new(*gate);
        for index in (number..OTHERS).step_by(gates.len()) {
            let identity = &nodes.terminal(index)?.identity;
            config.lanes.extend([identity.clone(), identity.clone()]);
        }
        loads.push(Load::start(config).await?);
    }
    Ok(loads)
}

/// One round: a terminal trades at full speed, is reported, goes on trying, and is read.
async fn lose(
    nodes: &Nodes,
    round: usize,
    chance: &mut Chance,
    violations: &mut Vec<String>,
) -> Result<Lost> {
    let terminal = nodes.terminal(OTHERS + round)?;
    let gates = nodes.gates()?;
    let lanes = Lanes::start_over(&gates, &terminal.identity, LANES).await?;
    let enough = chance.between(1, 6 * LANES as u64);
    until("the terminal to trade", async || {
        Ok((lanes.answered() >= enough).then_some(()))
    })
    .await?;

    // Every second time two people report at once, each on another node where there are two: neither may be told before
    // the terminal is stopped.
    let (risk, risk2) = (nodes.apis_as("risk").await?, nodes.apis_as("risk2").await?);
    let here = round / 2 % gates.len();
    let there = (here + 1) % gates.len();
    let people = [risk[here].clone(), risk2[there].clone()];
    let incident = lanes.report(&people[..1 + round % 2]).await?;
    let right_away = Books::read(&risk[there], terminal.id()).await?;
    let hold = Hold::of(&risk[there], terminal.id())
        .await?
        .context("no hold stands")?;
    violations.extend(right_away.approved_after(&hold));
    if incident["suspended_at"] != hold.placed_at.as_str() {
        violations.push(format!(
            "{}: the receipt and the hold disagree: {incident}",
            terminal.id()
        ));
    }

    // Twice as many more answers as there are connections.
    until("the refusals after the report", async || {
        Ok((lanes.answered_after_mark() >= 2 * LANES as u64).then_some(()))
    })
    .await?;
    for gate in gates {
        let mut again = Terminal::new(terminal.identity.clone());
        again.connect(gate).await?;
        let sign_in = again.sign_in().await?;
        if sign_in.code() != "58" {
            violations.push(format!(
                "{}: sign-in answered {} after the report",
                terminal.id(),
                sign_in.code()
            ));
        }
    }
    let log = lanes.stop().await?;
    let late = log
        .purchases
        .iter()
        .filter(|one| one.after_mark && one.code != Some(*b"58"));
    violations.extend(late.map(|one| {
        let code = one.code.unwrap_or(*b"--");
        format!(
            "{}: the answer {} to {:?} arrived after the acknowledgement",
            terminal.id(),
            String::from_utf8_lossy(&code),
            one.name
        )
    }));
    violations.extend(
        log.wrong
            .iter()
            .map(|wrong| format!("{}: {wrong}", terminal.id())),
    );
    Ok(Lost {
        terminal_id: terminal.id().to_owned(),
        incident_id: incident["id"].as_str().context("no id")?.to_owned(),
        hold,
        log,
    })
}

/// What must hold once all reversals are answered.
async fn at_the_end(api: &Api, outside: &Outside, lost: &Lost) -> Result<Vec<String>> {
    let books = Books::read(api, &lost.terminal_id).await?;
    let mut found = books.approved_after(&lost.hold);
    found.extend(books.differences(outside));
    found.extend(books.without(lost.log.approved()));
    let incident = api.get(&format!("/incidents/{}", lost.incident_id)).await?;
    if incident["approved_since"] != 0 {
        found.push(format!(
            "{}: approved_since is {}",
            lost.terminal_id, incident["approved_since"]
        ));
    }
    let pending = books.rows.iter().filter(|row| row.decision == "pending");
    found.extend(pending.map(|row| format!("{}: {:?} is never decided", lost.terminal_id, row.name)));
    Ok(found)
}

/// The other terminals never noticed: every answer an approval, and every approval in the ledger and at the host.
async fn unnoticed(api: &Api, outside: &Outside, reports: &[Report]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for report in reports {
        if report.codes().keys().any(|code| code != "00") {
            found.push(format!("other terminals were answered {:?}", report.codes()));
        }
        let ids: BTreeSet<&str> = report
            .lanes
            .iter()
            .map(|lane| lane.terminal_id.as_str())
            .collect();
        for terminal_id in ids {
            let books = Books::read(api, terminal_id).await?;
            found.extend(books.differences(outside));
            let own = report.lanes.iter().filter(|lane| lane.terminal_id == terminal_id);
            let told = own.flat_map(|lane| lane.records.iter().map(|record| (lane.batch, record.trace)));
            found.extend(books.without(told));
        }
    }
    Ok(found)
}
