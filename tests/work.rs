//! Work that a node had begun when it died: another node takes it over, nothing is lost, and nothing is done twice.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use local_postgres::shared;
use simulator::host::Faults;
use simulator::issuer::cards;
use simulator::terminal::Terminal;
use tests::{Api, Books, NAMES, Name, Pair, until};

const SALES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn reversals_that_a_killed_node_had_under_way_are_sent_by_the_other_and_undo_once() -> Result<()> {
    let url = tokio::task::spawn_blocking(|| shared().new_database()).await??;
    let mut pair = Pair::start([url.clone(), url], 0, |launch| launch).await?;
    let mut terminals = Vec::new();
    for index in 0..SALES {
        let mut terminal = Terminal::new(pair.terminal(index)?.identity.clone());
        terminal.connect(pair.gates()?[index % 2]).await?;
        ensure!(terminal.sign_in().await?.is_approved(), "the sign-in");
        ensure!(
            terminal.purchase(1_000, &cards()[0]).await?.is_approved(),
            "the sale"
        );
        terminals.push(terminal);
    }
    // From now on the host decides, and nobody hears of it.
    let well = pair.outside.faults().get();
    pair.outside.faults().set(Faults { silent: true, ..well });
    for terminal in &mut terminals {
        ensure!(
            terminal.reverse_last().await?.is_approved(),
            "the reversal is accepted"
        );
    }
    let apis = pair.apis_as("risk").await?;
    let claimed = until("every reversal to be under way", async || {
        let nodes = claimed(&apis[0]).await?;
        let decided: usize = undone(&pair, &terminals).values().sum();
        Ok((nodes.len() == SALES && decided >= SALES).then_some(nodes))
    })
    .await?;
    let dies = usize::from(claimed[0] == NAMES[1]);
    println!("claimed by {claimed:?}; {} dies", NAMES[dies]);
    pair.kill(dies)?;
    let lives = &apis[1 - dies];
    pair.outside.faults().set(well);
    Books::settled(lives).await.with_context(|| pair.said())?;

    for terminal in &terminals {
        let books = Books::read(lives, &terminal.identity().terminal_id).await?;
        let undone = books.rows.iter().filter(|row| row.decision == "reversed").count();
        ensure!(
            undone == 1,
            "undone {undone} times in the ledger: {:?}",
            books.rows
        );
        let differences = books.differences(&pair.outside);
        ensure!(
            differences.is_empty() && books.standing().is_empty(),
            "{differences:?}"
        );
    }
    let asked = undone(&pair, &terminals);
    println!("the host was asked to undo {asked:?}");
    ensure!(
        asked.len() == SALES && asked.values().all(|count| *count >= 1),
        "some never reached the host: {asked:?}"
    );
    ensure!(
        asked.values().any(|count| *count >= 2),
        "none was sent again by the other node: nothing was tried"
    );
    let left = lives.get("/work?kind=reversal").await?;
    ensure!(
        left["items"].as_array().is_some_and(Vec::is_empty),
        "work is left: {left}"
    );
    ensure!(left["dead_count"] == 0 && left["unknown_count"] == 0, "{left}");
    Ok(())
}

/// The nodes that send reversals now, one for each.
async fn claimed(api: &Api) -> Result<Vec<String>> {
    let work = api.get("/work?kind=reversal&state=claimed").await?;
    let work = work["items"].as_array().context("no items")?;
    Ok(work
        .iter()
        .filter_map(|one| one["node"].as_str().map(str::to_owned))
        .collect())
}

/// How often the host was asked to undo each sale.
fn undone(pair: &Pair, terminals: &[Terminal]) -> BTreeMap<(String, Name), usize> {
    let of = |terminal: &Terminal| {
        let id = terminal.identity().terminal_id.clone();
        let asked = pair.outside.asked_to_undo(&id);
        asked
            .into_iter()
            .map(move |(name, count)| ((id.clone(), name), count))
    };
    terminals.iter().flat_map(of).collect()
}
