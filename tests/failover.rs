//! Failover: two PostgreSQL servers with synchronous replication, two nodes that know both. The first server dies, the
//! second takes over: whatever was acknowledged is there.
//!
//! Run by `cargo xtask test --with failover`. `TILLGUARD_FAILOVERS` says how many (3), `TILLGUARD_SEED` when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use local_postgres::{Cluster, USER};
use serde_json::json;
use simulator::chance::Chance;
use tests::{Acknowledged, Pair, number, until};
use tokio::time::sleep;

const HOST_DELAY_MS_MAX: u32 = 25;
const TRADERS: [usize; 2] = [0, 1];
const LANES: usize = 8;
const KILL_MS_MAX: u64 = 400;
const REPORT_MS_MAX: u64 = 400;
const STANDBY: &str = "second";
/// Longer than a node waits for one commit.
const UNANSWERED_FOR: Duration = Duration::from_secs(15);

/// A primary and the standby that confirms each of its commits.
struct Servers {
    first: Arc<Cluster>,
    second: Arc<Cluster>,
}

impl Servers {
    async fn start() -> Result<Self> {
        tokio::task::spawn_blocking(|| {
            let first = Cluster::start()?;
            let second = first.standby(STANDBY)?;
            first.make_synchronous(STANDBY)?;
            first.wait_for_synchronous(STANDBY)?;
            Ok(Self {
                first: Arc::new(first),
                second: Arc::new(second),
            })
        })
        .await?
    }

    /// Both servers in one address; a node uses the one that takes writes.
    fn url(&self) -> String {
        let (first, second) = (self.first.addr(), self.second.addr());
        format!("postgres://{USER}@{first},{second}/tillguard?target_session_attrs=read-write")
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by `cargo xtask test --with failover`"]
async fn failover_keeps_every_acknowledged_report() -> Result<()> {
    let (count, seed) = (number("TILLGUARD_FAILOVERS", 3), number("TILLGUARD_SEED", 2026));
    for round in 0..count {
        fail_over(&mut Chance::new(seed, round))
            .await
            .with_context(|| format!("seed {seed}, failover {round}"))?;
    }
    Ok(())
}

async fn fail_over(chance: &mut Chance) -> Result<()> {
    let servers = Servers::start().await?;
    let mut pair = Pair::start([servers.url(), servers.url()], HOST_DELAY_MS_MAX, |launch| launch).await?;
    // One report well before, one at the moment of the failover.
    let before = pair.trade(&[2], LANES).await?.pop().context("no lanes")?;
    let apis = pair.apis_as("risk").await?.map(|api| api.waiting(UNANSWERED_FOR));
    let incident = before.report(&apis[..1]).await?;
    pair.acknowledged.push(Acknowledged::of(&incident));
    let mut all = pair.trade(&TRADERS, LANES).await?;
    let during = pair.trade(&[3], LANES).await?.pop().context("no lanes")?;
    let (kill_at, report_at) = (chance.between(0, KILL_MS_MAX), chance.between(0, REPORT_MS_MAX));
    let fails = async {
        sleep(Duration::from_millis(kill_at)).await;
        let (first, second) = (servers.first.clone(), servers.second.clone());
        tokio::task::spawn_blocking(move || {
            first.kill()?;
            second.promote()
        })
        .await?
    };
    let report = async {
        sleep(Duration::from_millis(report_at)).await;
        let began = Instant::now();
        let incident = during.report_again_and_again(0, || apis.to_vec()).await?;
        anyhow::Ok((incident, began.elapsed()))
    };
    let (failed, reported) = tokio::join!(fails, report);
    failed?;
    let (incident, took) = reported?;
    println!(
        "first server killed after {kill_at} ms, report begun after {report_at} ms, acknowledged {took:?} later"
    );
    pair.acknowledged.push(Acknowledged::of(&incident));
    let answered: Vec<u64> = all.iter().map(|lanes| lanes.answered()).collect();
    let began = Instant::now();
    until("both nodes to serve from the second server", async || {
        let went_on = all
            .iter()
            .zip(&answered)
            .all(|(lanes, before)| lanes.answered() > *before);
        Ok(went_on.then_some(()))
    })
    .await?;
    println!("trading again {:?} after that", began.elapsed());
    all.extend([before, during]);
    let mut traded = pair.end(all).await?;
    let mut violations = pair.mended(&mut traded).await?;
    violations.extend(pair.violations(&traded).await?);
    ensure!(
        violations.is_empty(),
        "{}\n{}",
        violations.join("\n"),
        pair.said()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by `cargo xtask test --with failover`"]
async fn failover_nothing_is_acknowledged_that_the_standby_has_not_confirmed() -> Result<()> {
    let servers = Servers::start().await?;
    let mut pair = Pair::start([servers.url(), servers.url()], HOST_DELAY_MS_MAX, |launch| launch).await?;
    let [api, other] = pair.apis_as("risk").await?.map(|api| api.waiting(UNANSWERED_FOR));
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let stopped = second.clone();
    tokio::task::spawn_blocking(move || stopped.stop_fast()).await??;

    // The commit waits for the standby. Cancelled, PostgreSQL says that it is done, with a warning.
    let victim = pair.terminal(2)?.id().to_owned();
    let body = json!({"terminal_id": victim, "manner": "stolen"});
    let report = api.post("/incidents", &body);
    let cancel = async {
        let waiting =
            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        until("a commit that waits for the standby", async || {
            let first = first.clone();
            let cancelled = tokio::task::spawn_blocking(move || first.sql("postgres", waiting)).await??;
            Ok((cancelled != "0").then_some(()))
        })
        .await
    };
    let (reported, cancelled) = tokio::join!(report, cancel);
    cancelled?;
    if let Ok(answer) = &reported {
        ensure!(
            answer.status >= 500,
            "acknowledged on one server alone: {answer:?}"
        );
    }
    // Without anybody cancelling it is the same.
    if let Ok(answer) = other.post("/incidents", &body).await {
        ensure!(
            answer.status >= 500,
            "acknowledged on one server alone: {answer:?}"
        );
    }
    // The standby is back: the next report is acknowledged, and outlives the first server.
    let back = second.clone();
    tokio::task::spawn_blocking(move || back.restart()).await??;
    let lanes = until("the terminal to trade again", async || {
        Ok(pair.trade(&[3], LANES).await.ok().and_then(|mut all| all.pop()))
    })
    .await?;
    let incident = lanes
        .report_again_and_again(0, || vec![api.clone(), other.clone()])
        .await?;
    pair.acknowledged.push(Acknowledged::of(&incident));
    tokio::task::spawn_blocking(move || {
        first.kill()?;
        second.promote()
    })
    .await??;
    let mut traded = pair.end(vec![lanes]).await?;
    let mut violations = pair.mended(&mut traded).await?;
    violations.extend(pair.violations(&traded).await?);
    ensure!(
        violations.is_empty(),
        "{}\n{}",
        violations.join("\n"),
        pair.said()
    );
    Ok(())
}
