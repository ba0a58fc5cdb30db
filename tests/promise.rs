//! The promise (R1.2): after the acknowledgement of a loss report nothing of that terminal is approved.
//!
//! The suite is a function that answers the violations it found. It must find none in the binary under test, and at
//! least one in a binary with the bug it exists for: check, then act.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use simulator::chance::Chance;
use simulator::load::{Load, LoadConfig, Report};
use simulator::terminal::Terminal;
use tests::{
    Api, Books, Folder, Hold, Lanes, LanesLog, Launch, Node, Outside, binary, canary_binary, number, until,
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
    rounds: u64,
    seed: u64,
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
    let trial = Trial {
        binary: binary()?,
        planted: None,
        rounds: number("TILLGUARD_PROMISE_ROUNDS", 24),
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

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_a_planted_check_then_act() -> Result<()> {
    let trial = Trial {
        binary: tokio::task::spawn_blocking(canary_binary).await??,
        planted: Some("check_then_act".into()),
        rounds: 3,
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
    let folder = Folder::new()?;
    let outside = Outside::start(folder.path(), HOST_DELAY_MS_MAX).await?;
    let launch = Launch {
        binary: trial.binary.clone(),
        planted: trial.planted.clone(),
        ..Launch::new(&folder)?.asking(&outside)
    };
    let mut node = launch.start().await?;
    let api = node.api_as("risk").await?;
    let others = others(&node).await?;
    let mut chance = Chance::new(trial.seed, 0);
    let mut violations = Vec::new();
    let mut lost = Vec::new();
    for round in 0..trial.rounds.min(ROUNDS_MAX) as usize {
        let before = others.answered();
        lost.push(lose(&node, &api, OTHERS + round, &mut chance, &mut violations).await?);
        until("the other terminals to go on", async || {
            Ok((others.answered() > before).then_some(()))
        })
        .await?;
    }
    let report = others.stop().await;
    Books::settled(&api).await?;
    for one in &lost {
        violations.extend(at_the_end(&api, &outside, one).await?);
    }
    violations.extend(unnoticed(&api, &outside, &report).await?);
    node.check_alive()?;
    let approved: usize = lost.iter().map(|one| one.log.approved().count()).sum();
    println!(
        "{} reports at full speed; {approved} approvals before them, {:?} in the last round; the others {:?}, {:.0} a second",
        lost.len(),
        lost.last().map(|one| one.log.codes()),
        report.codes(),
        report.per_second()
    );
    Ok(violations)
}

async fn others(node: &Node) -> Result<Load> {
    let mut config = LoadConfig::new(node.ready.gate);
    let terminals = node.ready.terminals.iter().take(OTHERS);
    config.lanes = terminals
        .flat_map(|terminal| [terminal.identity.clone(), terminal.identity.clone()])
        .collect();
    Ok(Load::start(config).await?)
}

/// One round: a terminal trades at full speed, is reported, goes on trying, and is read.
async fn lose(
    node: &Node,
    api: &Api,
    index: usize,
    chance: &mut Chance,
    violations: &mut Vec<String>,
) -> Result<Lost> {
    let terminal = node.ready.terminals.get(index).context("no terminal is left")?;
    let lanes = Lanes::start(node.ready.gate, &terminal.identity, LANES).await?;
    let enough = chance.between(1, 6 * LANES as u64);
    until("the terminal to trade", async || {
        Ok((lanes.answered() >= enough).then_some(()))
    })
    .await?;

    // Every second time two people report at once: neither may be told before the terminal is stopped.
    let people = [api.clone(), node.api_as("risk2").await?];
    let incident = lanes.report(&people[..1 + index % 2]).await?;
    let right_away = Books::read(api, terminal.id()).await?;
    let hold = Hold::of(api, terminal.id()).await?.context("no hold stands")?;
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
    let mut again = Terminal::new(terminal.identity.clone());
    again.connect(node.ready.gate).await?;
    let sign_in = again.sign_in().await?;
    if sign_in.code() != "58" {
        violations.push(format!(
            "{}: sign-in answered {} after the report",
            terminal.id(),
            sign_in.code()
        ));
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
async fn unnoticed(api: &Api, outside: &Outside, report: &Report) -> Result<Vec<String>> {
    let mut found = Vec::new();
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
    Ok(found)
}
