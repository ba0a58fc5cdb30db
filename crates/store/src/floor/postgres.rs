//! What PostgreSQL allows on this machine: the same checked inserts, on one connection.
//!
//! Invariant: everything is in a schema of its own, which is made anew and dropped at the end.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

use super::{Floor, TERMINALS, name, scattered};
use crate::Error;

/// Runs checked inserts, `per_commit` to a transaction, for `duration`, in the schema `tillguard_floor` of the database:
/// lock the terminals in the order of their names, look for holds, insert the rows by one statement, commit.
pub fn checked_inserts(url: &str, per_commit: usize, duration: Duration) -> Result<Floor, Error> {
    connected(url, async |client| {
        prepare(client).await?;
        let floor = run(client, per_commit, duration).await?;
        client
            .batch_execute("DROP SCHEMA tillguard_floor CASCADE")
            .await?;
        Ok(floor)
    })
}

/// Connects, does the work on a runtime of its own, and disconnects. Call it from a thread that may block.
fn connected<T>(url: &str, work: impl AsyncFnOnce(&Client) -> Result<T, Error>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Unusable(format!("no runtime for PostgreSQL: {error}")))?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let done = work(&client).await;
        drop(client);
        let _ = connection.await;
        done
    })
}

async fn prepare(client: &Client) -> Result<(), Error> {
    client
        .batch_execute(
            "DROP SCHEMA IF EXISTS tillguard_floor CASCADE;
             CREATE SCHEMA tillguard_floor;
             SET search_path TO tillguard_floor;
             CREATE TABLE state (terminal TEXT COLLATE \"C\" PRIMARY KEY, status TEXT NOT NULL);
             CREATE TABLE held (terminal TEXT COLLATE \"C\" PRIMARY KEY, kind TEXT NOT NULL);
             CREATE TABLE entry (terminal TEXT COLLATE \"C\", sequence BIGINT, at BIGINT, amount BIGINT, code TEXT, card TEXT,
               PRIMARY KEY (terminal, sequence))",
        )
        .await?;
    let terminals: Vec<String> = (0..TERMINALS).map(name).collect();
    client
        .execute(
            "INSERT INTO state SELECT terminal, 'active' FROM unnest($1::text[]) AS new (terminal)",
            &[&terminals],
        )
        .await?;
    client.batch_execute("ANALYZE state, held, entry").await?;
    Ok(())
}

async fn run(client: &Client, per_commit: usize, duration: Duration) -> Result<Floor, Error> {
    let durable = client
        .query_one(
            "SELECT current_setting('fsync') || ' ' || current_setting('synchronous_commit')",
            &[],
        )
        .await?;
    if !matches!(durable.get(0), "on on" | "on local" | "on remote_apply") {
        return Err(Error::Unusable(
            "this PostgreSQL does not flush its commits".into(),
        ));
    }
    let lock = client
        .prepare("SELECT status FROM state WHERE terminal = ANY ($1) ORDER BY terminal FOR NO KEY UPDATE")
        .await?;
    let held = client
        .prepare("SELECT terminal, kind FROM held WHERE terminal = ANY ($1)")
        .await?;
    let insert = client
        .prepare(
            "INSERT INTO entry SELECT terminal, sequence, sequence, 100, '00', '621234******0000'
             FROM unnest($1::text[], $2::bigint[]) AS new (terminal, sequence)",
        )
        .await?;
    let (started, mut inserts, mut commits) = (Instant::now(), 0_i64, Vec::new());
    while started.elapsed() < duration {
        let sequences: Vec<i64> = (inserts..).take(per_commit).collect();
        let terminals: Vec<String> = sequences.iter().map(|&insert| scattered(insert)).collect();
        client.batch_execute("BEGIN").await?;
        let locked = client.query(&lock, &[&terminals]).await?;
        let held = client.query(&held, &[&terminals]).await?;
        if locked.len() != per_commit || !held.is_empty() {
            return Err(Error::Corrupt("floor"));
        }
        client.execute(&insert, &[&terminals, &sequences]).await?;
        let committing = Instant::now();
        client.batch_execute("COMMIT").await?;
        commits.push(committing.elapsed());
        inserts += per_commit as i64;
    }
    let done = per_commit * commits.len();
    Ok(Floor::new(done, started.elapsed(), commits))
}

/// Makes a database of that name on the server that `url` names, and answers its address.
pub fn create_database(url: &str, name: &str) -> Result<String, Error> {
    statement(url, &format!("CREATE DATABASE {name}"))?;
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    // postgres://user@host:port/database: the third slash stands before the name, where there is one.
    let server = address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    Ok(format!("{server}/{name}?{parameters}"))
}

/// Drops it, whoever is connected.
pub fn drop_database(url: &str, name: &str) -> Result<(), Error> {
    statement(url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
}

/// Runs one statement outside any transaction.
fn statement(url: &str, text: &str) -> Result<(), Error> {
    connected(url, async |client| Ok(client.batch_execute(text).await?))
}
