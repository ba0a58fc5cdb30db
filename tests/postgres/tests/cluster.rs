//! The server that tests start: durable when killed, followed by a standby, gone with its handle.

use std::net::TcpStream;
use std::path::Path;

use anyhow::Result;
use local_postgres::{Cluster, shared};

#[test]
fn databases_are_separate_and_the_shared_server_is_one() -> Result<()> {
    let (one, two) = (shared().new_database()?, shared().new_database()?);
    assert_ne!(one, two);
    let name = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    shared().sql(&name(&one), "CREATE TABLE only_here (a integer)")?;
    let found = "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'";
    assert_eq!(shared().sql(&name(&one), found)?, "1");
    assert_eq!(shared().sql(&name(&two), found)?, "0");
    assert!(shared().sql("tillguard", "SELECT no_such_column").is_err());
    Ok(())
}

#[test]
fn what_was_committed_survives_a_kill() -> Result<()> {
    let cluster = Cluster::start()?;
    let port = cluster.port();
    cluster.sql("tillguard", "CREATE TABLE kept (a integer)")?;
    for round in 1..=2 {
        cluster.sql("tillguard", "INSERT INTO kept VALUES (1)")?;
        cluster.kill()?;
        assert!(TcpStream::connect(cluster.addr()).is_err(), "it still listens");
        assert!(cluster.kill().is_err(), "there is nothing left to kill");
        cluster.restart()?;
        let counted = cluster.sql("tillguard", "SELECT count(*) FROM kept")?;
        assert_eq!((counted, cluster.port()), (round.to_string(), port));
    }
    cluster.stop_fast()?;
    cluster.restart()?;
    assert_eq!(cluster.sql("tillguard", "SELECT count(*) FROM kept")?, "2");
    Ok(())
}

#[test]
fn a_standby_has_what_was_committed_and_takes_over() -> Result<()> {
    let first = Cluster::start()?;
    first.make_synchronous("second")?;
    let second = first.standby("second")?;
    first.wait_for_synchronous("second")?;
    first.sql(
        "tillguard",
        "SET synchronous_commit = remote_apply; CREATE TABLE kept (a integer)",
    )?;
    assert_eq!(second.sql("tillguard", "SELECT count(*) FROM kept")?, "0");
    assert!(
        second.sql("tillguard", "INSERT INTO kept VALUES (1)").is_err(),
        "a standby only reads"
    );
    first.sql("tillguard", "INSERT INTO kept VALUES (1)")?;
    first.kill()?;
    second.promote()?;
    // It waits for nobody.
    second.sql("tillguard", "INSERT INTO kept VALUES (2)")?;
    assert_eq!(second.sql("tillguard", "SELECT count(*) FROM kept")?, "2");
    Ok(())
}

#[test]
fn nothing_is_left_of_a_dropped_server() -> Result<()> {
    let cluster = Cluster::start()?;
    let folder = cluster.sql("tillguard", "SHOW data_directory")?;
    let addr = cluster.addr();
    assert!(Path::new(&folder).is_dir());
    drop(cluster);
    assert!(!Path::new(&folder).exists() && TcpStream::connect(addr).is_err());
    Ok(())
}
