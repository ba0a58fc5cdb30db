//! A loss is sticky (R1.2): it outlives restarts, and only two people together take it back.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use simulator::issuer::cards;
use simulator::terminal::wire::Session;
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Api, Books, Folder, Hold, Lanes, Launch, Node, Outside, until};

/// Whoever listens, and whatever is under way: nobody waits longer for a node to end.
const END_TIME_MAX: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_terminal_stays_lost_through_restarts_until_two_people_found_it() -> Result<()> {
    let folder = Folder::new()?;
    let launch = Launch::new(&folder)?.with(&["--host-delay-ms", "4"]);
    let node = launch.start().await?;
    let lost = node.ready.terminals[4].identity.clone();
    let mut terminal = Terminal::new(lost.clone());
    terminal.connect(node.ready.gate).await?;
    terminal.sign_in().await?;
    let sale = terminal
        .purchase(2_000, &cards()[0])
        .await?
        .approved
        .context("a sale")?;
    let incident = node.api_as("owner").await?.report_lost(&lost.terminal_id).await?;
    let id = incident["id"].as_str().context("no id")?.to_owned();
    let session = terminal.session().context("no session")?.clone();
    let books_before = refused(&node, &mut terminal, &sale).await?;
    node.kill()?;

    let node = launch.start().await?;
    let risk = node.api_as("risk").await?;
    let after = Books::read(&risk, &lost.terminal_id).await?;
    ensure!(
        after.rows.len() >= books_before,
        "rows are missing after the restart"
    );
    let mut terminal = back(&node, &lost, &session, terminal.trace()).await?;
    refused(&node, &mut terminal, &sale).await?;
    found_by_one(&risk, &id).await?;
    refused(&node, &mut terminal, &sale).await?;
    node.kill()?;

    let node = launch.start().await?;
    let mut terminal = back(&node, &lost, &session, terminal.trace()).await?;
    refused(&node, &mut terminal, &sale).await?;
    let other = node.api_as("risk2").await?;
    let closed = other
        .post(&format!("/incidents/{id}/found/confirm"), &json!({}))
        .await?
        .expect(200)?;
    ensure!(closed["state"] == "closed", "{closed}");
    trades_again(&other, &mut terminal, &lost).await?;
    node.kill()?;

    let node = launch.start().await?;
    let mut terminal = back(&node, &lost, &session, terminal.trace()).await?;
    trades_again(&node.api_as("risk").await?, &mut terminal, &lost).await?;
    // Lost again is lost again, under a new incident.
    let again = node.api_as("owner").await?.report_lost(&lost.terminal_id).await?;
    ensure!(again["id"] != id.as_str(), "a closed incident was opened again");
    refused(&node, &mut terminal, &sale).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_asked_to_end_answers_what_is_under_way_and_leaves_nothing_owed() -> Result<()> {
    let folder = Folder::new()?;
    let outside = Outside::start(folder.path(), 200).await?;
    let launch = Launch::new(&folder)?.asking(&outside);
    let node = launch.start().await?;
    let lanes = Lanes::start(node.ready.gate, &node.ready.terminals[0].identity, 32).await?;
    until("the terminal to trade", async || {
        Ok((lanes.answered() >= 100).then_some(()))
    })
    .await?;
    let api = node.api_as("risk").await?;
    let incident = api.report_lost(node.ready.terminals[1].id()).await?;
    let id = incident["id"].as_str().context("no id")?;
    let _listening = api.listen(&format!("/incidents/{id}/events")).await?;
    let asked_at = Instant::now();
    node.ask_to_end().await?;
    ensure!(
        asked_at.elapsed() < END_TIME_MAX,
        "it took {:?} to end",
        asked_at.elapsed()
    );
    let log = lanes.stop().await?;
    ensure!(log.wrong.is_empty(), "{:?}", log.wrong);

    let node = launch.start().await?;
    let api = node.api_as("risk").await?;
    let books = Books::read(&api, node.ready.terminals[0].id()).await?;
    let mut found = books.without(log.approved());
    found.extend(books.differences(&outside));
    ensure!(found.is_empty(), "{}", found.join("\n"));
    // A request that was under way is answered; one that came too late was not taken, and so is not in the ledger.
    let taken = books.rows.iter().filter(|row| row.kind == "purchase").count();
    let answered = log.purchases.iter().filter(|one| one.code.is_some()).count();
    ensure!(
        taken == answered,
        "{taken} purchases in the ledger, {answered} answered: {:?}",
        log.codes()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_on_the_same_data_does_not_start() -> Result<()> {
    let folder = Folder::new()?;
    let launch = Launch::new(&folder)?;
    let mut first = launch.start().await?;
    let second = launch
        .start()
        .await
        .err()
        .context("two nodes share a data folder")?;
    ensure!(format!("{second:#}").contains("ended with"), "{second:#}");
    first.check_alive()
}

/// The same device after a restart of the node, with the keys it still has.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_data_key_does_not_start_and_makes_no_new_one() -> Result<()> {
    let folder = Folder::new()?;
    let launch = Launch::new(&folder)?;
    launch.start().await?.ask_to_end().await?;
    let key = folder.path().join("data/data.key");
    let aside = folder.path().join("aside.key");
    std::fs::rename(&key, &aside)?;
    ensure!(launch.start().await.is_err(), "it started without its key");
    ensure!(!key.exists(), "it made another key");
    std::fs::write(&key, "11".repeat(32))?;
    ensure!(launch.start().await.is_err(), "it started with a stranger's key");
    std::fs::rename(&aside, &key)?;
    launch.start().await?.ask_to_end().await
}

async fn back(node: &Node, identity: &TerminalIdentity, session: &Session, trace: u32) -> Result<Terminal> {
    let mut terminal = Terminal::new(TerminalIdentity {
        trace_first: trace + 1,
        ..identity.clone()
    });
    terminal.connect(node.ready.gate).await?;
    terminal.adopt(session.clone());
    Ok(terminal)
}

/// Purchase, sign-in, refund and reversal are refused with 58; the last two are recorded. How many rows there are then.
async fn refused(
    node: &Node,
    terminal: &mut Terminal,
    sale: &simulator::terminal::Approved,
) -> Result<usize> {
    let terminal_id = terminal.identity().terminal_id.clone();
    let codes = [
        terminal.purchase(700, &cards()[0]).await?,
        terminal.sign_in().await?,
        terminal.refund(100, sale).await?,
        terminal.reverse_last().await?,
    ];
    for reply in &codes {
        ensure!(reply.code() == "58", "{terminal_id} was answered {reply:?}");
    }
    let api = node.api_as("risk").await?;
    let books = Books::read(&api, &terminal_id).await?;
    let hold = Hold::of(&api, &terminal_id)
        .await?
        .context("no loss hold stands")?;
    let found = books.approved_after(&hold);
    ensure!(found.is_empty(), "{found:?}");
    let newest: Vec<(&str, &str, &str)> = books
        .rows
        .iter()
        .rev()
        .take(codes.len())
        .map(|row| (row.kind.as_str(), row.decision.as_str(), row.reason.as_str()))
        .collect();
    let wanted = [
        ("reversal", "recorded", "held:loss"),
        ("refund", "recorded", "held:loss"),
        ("sign_in", "declined", "held:loss"),
        ("purchase", "declined", "held:loss"),
    ];
    ensure!(newest == wanted, "{newest:?}");
    Ok(books.rows.len())
}

/// One person's word changes nothing, said once or twice.
async fn found_by_one(risk: &Api, id: &str) -> Result<()> {
    let statement = json!({ "kind": "false_alarm", "statement": "It lay under the counter." });
    let proposed = risk
        .post(&format!("/incidents/{id}/found"), &statement)
        .await?
        .expect(200)?;
    ensure!(proposed["state"] == "found_proposed", "{proposed}");
    let alone = risk
        .post(&format!("/incidents/{id}/found/confirm"), &json!({}))
        .await?;
    ensure!(
        (alone.status, alone.body["code"].as_str()) == (403, Some("second_person_required")),
        "{alone:?}"
    );
    Ok(())
}

async fn trades_again(api: &Api, terminal: &mut Terminal, identity: &TerminalIdentity) -> Result<()> {
    ensure!(
        Hold::of(api, &identity.terminal_id).await?.is_none(),
        "a hold is left"
    );
    let sign_in = terminal.sign_in().await?;
    ensure!(sign_in.code() == "00", "{sign_in:?}");
    let purchase = terminal.purchase(900, &cards()[1]).await?;
    ensure!(purchase.code() == "00", "{purchase:?}");
    Ok(())
}
