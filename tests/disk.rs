//! A disk that is full: a node that cannot write declines, acknowledges no report, and forgets nothing.
//!
//! The disk is full for one process: its files may not grow beyond a limit.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{Acknowledged, Books, Folder, Lanes, Launch, Outside, Traded, until};

/// Room for some hundred transactions beyond what the estate takes.
const ROOM_BYTES: u64 = 400_000;
/// A program killed for a file that is too large would prove nothing: it is told, as by a full disk.
const LIMITED: &str = "trap '' XFSZ; exec prlimit --fsize=\"$0\" \"$@\"";
const LANES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_declines_and_never_lies() -> Result<()> {
    let folder = Folder::new()?;
    let outside = Outside::start(folder.path(), 5).await?;
    let roomy = Launch::new(&folder)?
        .asking(&outside)
        .with(&["--host-timeout-s", "5"]);
    roomy.start().await?.ask_to_end().await?;
    let limit = largest_file(&folder.path().join("data"))? + ROOM_BYTES;
    let tight = Launch {
        through: ["sh", "-c", LIMITED, &limit.to_string()]
            .map(str::to_owned)
            .to_vec(),
        ..roomy.clone()
    };
    let node = tight.start().await?;
    // While a session can still be written.
    let api = node.api_as("risk").await?;
    let mut all = Vec::new();
    for terminal in &node.ready.terminals[..2] {
        all.push(Lanes::start(node.ready.gate, &terminal.identity, LANES).await?);
    }
    // The disk is full when an approval of the host's cannot be written: the terminal hears that nothing was bought.
    until("the disk to be full", async || {
        Ok(all.iter().any(Lanes::was_refused).then_some(()))
    })
    .await?;
    let victim = node.ready.terminals[2].id().to_owned();
    let body = json!({"terminal_id": victim, "manner": "stolen"});
    let reported = api.post("/incidents", &body).await?;
    // Whoever gets no acknowledgement knows that the terminal is not stopped.
    let mut acknowledged = Vec::new();
    if reported.status == 201 {
        acknowledged.push(Acknowledged::of(&reported.body));
    }
    let mut traded = Vec::new();
    for lanes in all {
        traded.push(Traded::end(lanes).await?);
    }
    println!(
        "{} to the report; {:?}",
        reported.status,
        traded.iter().map(|one| one.log.codes()).collect::<Vec<_>>()
    );
    node.kill()?;

    let node = roomy.start().await.context("the restart with room")?;
    let api = node.api_as("risk").await?;
    let mut found = Vec::new();
    for one in &mut traded {
        found.extend(one.reverse_unanswered(node.ready.gate).await?);
    }
    Books::settled(&api).await?;
    for one in &traded {
        found.extend(one.violations(&api, &outside, None).await?);
    }
    found.extend(Acknowledged::missing(&acknowledged, &api).await?);
    ensure!(found.is_empty(), "{}", found.join("\n"));
    // All goes on: it buys, and it can be reported.
    let mut identity = node.ready.terminals[0].identity.clone();
    identity.trace_first = traded[0].log.next_trace;
    let lanes = Lanes::start(node.ready.gate, &identity, 1).await?;
    until("purchases again", async || {
        Ok((lanes.answered() >= 3).then_some(()))
    })
    .await?;
    lanes.report(std::slice::from_ref(&api)).await?;
    ensure!(
        lanes.stop().await?.approved().count() >= 3,
        "nothing was approved"
    );
    Ok(())
}

fn largest_file(folder: &Path) -> Result<u64> {
    let mut largest = 0;
    for entry in std::fs::read_dir(folder)? {
        largest = largest.max(entry?.metadata()?.len());
    }
    Ok(largest)
}
