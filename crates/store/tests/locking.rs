//! Why the terminal's row is locked, and locked in that way: each other way of checking, held open by a barrier while a
//! loss report commits, lets an approval through after the report was acknowledged.
//!
//! Invariant: every outcome here was seen on a real server; a server that behaves otherwise fails the test.

#![allow(
    clippy::unwrap_used,
    reason = "a test may stop where it fails, also in what it shares with others"
)]

use std::time::{Duration, Instant};

use local_postgres::shared;
use tokio_postgres::{Client, NoTls};

/// How an approval looks at its terminal before it is written.
struct Way {
    isolation: &'static str,
    /// Answers a row when the terminal may transact.
    check: &'static str,
    /// Approvals committed after the report was acknowledged.
    approved_after: i64,
}

const HELD: &str = "SELECT 1 FROM hold h WHERE h.terminal_id = t.terminal_id";

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn tables(client: &Client) {
    client
        .batch_execute(
            "CREATE TABLE terminal (terminal_id TEXT PRIMARY KEY, touched BIGINT NOT NULL);
             CREATE TABLE hold (terminal_id TEXT PRIMARY KEY REFERENCES terminal (terminal_id));
             CREATE TABLE ledger (terminal_id TEXT NOT NULL, sequence BIGINT GENERATED ALWAYS AS IDENTITY, is_late BOOLEAN NOT NULL);
             INSERT INTO terminal VALUES ('10450001', 0)",
        )
        .await
        .unwrap();
}

/// Whether somebody waits for a lock in this database.
async fn somebody_waits(client: &Client) -> bool {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    client.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) > 0
}

/// Waits until the report is acknowledged, or waits for a lock: true when it is acknowledged.
async fn acknowledged_or_waiting(report: &tokio::task::JoinHandle<()>, watching: &Client) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if report.is_finished() {
            return true;
        }
        if somebody_waits(watching).await {
            return false;
        }
        assert!(Instant::now() < deadline, "the report neither ends nor waits");
        tokio::task::yield_now().await;
    }
}

/// Report: the lock every report takes, the hold, the commit, the acknowledgement.
async fn report(client: Client) {
    client
        .batch_execute(
            "BEGIN; SELECT 1 FROM terminal WHERE terminal_id = '10450001' FOR NO KEY UPDATE;
             INSERT INTO hold VALUES ('10450001'); COMMIT",
        )
        .await
        .unwrap();
}

async fn try_way(way: &Way) {
    let url = shared().new_database().unwrap();
    let (approving, watching) = (connect(&url).await, connect(&url).await);
    tables(&watching).await;
    approving
        .batch_execute(&format!("BEGIN ISOLATION LEVEL {}", way.isolation))
        .await
        .unwrap();
    let may = approving.query(way.check, &[]).await.unwrap();
    assert_eq!(may.len(), 1, "no hold stands yet");
    // The approval now stands at the barrier; the report comes.
    let reporting = tokio::spawn(report(connect(&url).await));
    let is_late = acknowledged_or_waiting(&reporting, &watching).await;
    approving
        .execute(
            "INSERT INTO ledger (terminal_id, is_late) VALUES ('10450001', $1)",
            &[&is_late],
        )
        .await
        .unwrap();
    approving.batch_execute("COMMIT").await.unwrap();
    reporting.await.unwrap();
    let late = watching
        .query_one("SELECT count(*) FROM ledger WHERE is_late", &[])
        .await
        .unwrap();
    assert_eq!(
        late.get::<_, i64>(0),
        way.approved_after,
        "{}: {}",
        way.isolation,
        way.check
    );
}

#[tokio::test]
async fn only_a_lock_that_conflicts_with_the_reports_keeps_the_promise() {
    let plain = format!("SELECT 1 FROM terminal t WHERE t.terminal_id = '10450001' AND NOT EXISTS ({HELD})");
    let locked =
        |clause: &str| format!("SELECT 1 FROM terminal t WHERE t.terminal_id = '10450001' FOR {clause}");
    let conditional = format!(
        "UPDATE terminal t SET touched = touched + 1 WHERE t.terminal_id = '10450001' AND NOT EXISTS ({HELD}) RETURNING 1"
    );
    for (isolation, check, approved_after) in [
        ("READ COMMITTED", plain.clone(), 1),
        ("REPEATABLE READ", plain.clone(), 1),
        ("SERIALIZABLE", plain, 1),
        ("READ COMMITTED", locked("KEY SHARE"), 1),
        ("READ COMMITTED", locked("SHARE"), 0),
        ("READ COMMITTED", locked("NO KEY UPDATE"), 0),
        ("READ COMMITTED", conditional, 0),
    ] {
        let check: &str = check.leak();
        try_way(&Way {
            isolation,
            check,
            approved_after,
        })
        .await;
    }
}

/// The other order: the report has the lock, the approval waits for it. `check` then answers whether it sees the hold.
async fn sees_the_hold_it_waited_for(checks: &'static [&'static str]) -> bool {
    let url = shared().new_database().unwrap();
    let (reporting, approving, watching) = (connect(&url).await, connect(&url).await, connect(&url).await);
    tables(&watching).await;
    reporting
        .batch_execute(
            "BEGIN; SELECT 1 FROM terminal WHERE terminal_id = '10450001' FOR NO KEY UPDATE;
             INSERT INTO hold VALUES ('10450001')",
        )
        .await
        .unwrap();
    let checking = tokio::spawn(async move {
        approving.batch_execute("BEGIN").await.unwrap();
        let mut rows = 0;
        for check in checks {
            rows = approving.query(*check, &[]).await.unwrap().len();
        }
        rows
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    while !somebody_waits(&watching).await {
        assert!(Instant::now() < deadline, "the approval does not wait");
        tokio::task::yield_now().await;
    }
    reporting.batch_execute("COMMIT").await.unwrap();
    checking.await.unwrap() == 0
}

#[tokio::test]
async fn what_is_read_in_the_statement_that_waits_is_out_of_date() {
    const TOGETHER: &str = "SELECT 1 FROM terminal t WHERE t.terminal_id = '10450001'
        AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.terminal_id = t.terminal_id) FOR NO KEY UPDATE";
    const LOCK: &str = "SELECT 1 FROM terminal WHERE terminal_id = '10450001' FOR NO KEY UPDATE";
    const READ: &str = "SELECT 1 FROM terminal t WHERE t.terminal_id = '10450001'
        AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.terminal_id = t.terminal_id)";
    assert!(!sees_the_hold_it_waited_for(&[TOGETHER]).await);
    assert!(sees_the_hold_it_waited_for(&[LOCK, READ]).await);
}
