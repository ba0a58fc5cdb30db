//! Another data key under load: every node learns it, then it seals, then everything is moved to it and the older one is taken
//! out, with nodes killed in the middle. Nothing is lost, and the promise holds.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use local_postgres::shared;
use serde_json::{Value, json};
use tests::{Acknowledged, Api, Folder, Launch, Pair, tillguard, until};

const LANES: usize = 4;
const HOST_DELAY_MS_MAX: u32 = 10;
/// Contacts, so that a pass has something to move.
const CONTACTS: usize = 200;
/// Rotations tried until a node was killed while values were being moved.
const TRIES: usize = 10;
/// A pass over so many kinds of values is not at its end: there are 58.
const MOVED_WITHIN: usize = 50;
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The lines of a file of data keys, oldest first.
fn keys(file: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file)?;
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}

fn write_keys(file: &Path, keys: &[String]) -> Result<()> {
    Ok(std::fs::write(file, keys.join("\n") + "\n")?)
}

fn new_key(number: usize) -> String {
    format!("{number:02x}").repeat(32)
}

fn reseal(data: &Path, more: &[&str]) -> Result<Output> {
    let mut reseal = Command::new(tillguard()?);
    Ok(reseal
        .args(["admin", "--data"])
        .arg(data)
        .args(more)
        .arg("reseal")
        .output()?)
}

/// Has everything moved, until the older keys are not needed any more.
async fn moved(data: &Path, more: &[&str]) -> Result<()> {
    until("everything to be moved", async || {
        let said = reseal(data, more)?;
        ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let said = String::from_utf8_lossy(&said.stdout);
        let is_done =
            said.contains("not needed any more") || said.contains("everything is sealed with the newest key");
        Ok(is_done.then_some(()))
    })
    .await
}

/// What people have written: contacts with numbers and addresses, and where somebody can be reached.
async fn write_down(risk: &Api, contacts: usize) -> Result<()> {
    for number in 0..contacts {
        let contact = json!({
            "kind": "police", "name": format!("Station {number}"), "hotline": format!("+86 21 5550 {number:04}"),
            "email": format!("desk{number}@station.example"),
        });
        risk.post("/contacts", &contact).await?.expect(201)?;
    }
    let email = json!({ "email": "kept@shop.example" }).to_string();
    risk.call("PUT", "/session/email", Some(email))
        .await?
        .expect(200)?;
    Ok(())
}

/// All of it, as it is read back.
async fn read_back(risk: &Api) -> Result<(Vec<Value>, Value)> {
    let page = risk.get("/contacts?limit=1000").await?;
    let contacts = page["items"].as_array().context("no items")?.clone();
    ensure!(contacts.len() >= CONTACTS, "{} contacts", contacts.len());
    Ok((contacts, risk.get("/session/email").await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_changed_under_load_on_two_nodes_and_the_older_one_taken_out() -> Result<()> {
    let url = tokio::task::spawn_blocking(|| shared().new_database()).await??;
    let mut pair = Pair::start([url.clone(), url.clone()], HOST_DELAY_MS_MAX, |launch| launch).await?;
    let file = pair.data().join("data.key");
    let [risk, _] = pair.apis_as("risk").await?;
    write_down(&risk, CONTACTS).await?;
    let before = read_back(&risk).await?;
    let mut was_cut_off = false;
    for turn in 1..=TRIES {
        let all = pair.trade(&[turn * 2, turn * 2 + 1], LANES).await?;
        let old = keys(&file)?;
        let new = new_key(turn);
        // No node seals with what another one could not open.
        write_keys(&file, &[old.clone(), vec![new.clone()]].concat())?;
        pair.kill(0)?;
        let refused = pair
            .revive()
            .await
            .err()
            .context("it started with a key the other one lacks")?;
        ensure!(
            format!("{refused:#}").contains("node-b does not have yet"),
            "{refused:#}"
        );
        // First every node learns it.
        write_keys(&file, &[vec![new.clone()], old.clone()].concat())?;
        pair.revive().await?;
        pair.kill(1)?;
        pair.revive().await?;
        // Then it seals: on one node first, and then on the other.
        write_keys(&file, &[old.clone(), vec![new.clone()]].concat())?;
        pair.kill(0)?;
        pair.revive().await?;
        pair.kill(1)?;
        was_cut_off |= cut_off(&mut pair, &url, turn % 2).await?;
        pair.revive().await?;
        let [_, other] = pair.apis_as("risk").await?;
        let incident = all[0].report(&[other]).await?;
        pair.acknowledged.push(Acknowledged::of(&incident));
        moved(&pair.data(), &["--database", &url]).await?;
        // Now the older one may go.
        write_keys(&file, std::slice::from_ref(&new))?;
        for index in [0, 1] {
            pair.kill(index)?;
            pair.revive().await?;
        }
        let [risk, other] = pair.apis_as("risk").await?;
        ensure!(
            read_back(&risk).await? == before,
            "something is another than it was"
        );
        ensure!(
            read_back(&other).await? == before,
            "something is another than it was"
        );
        let mut traded = pair.end(all).await?;
        let mut violations = pair.mended(&mut traded).await?;
        violations.extend(pair.violations(&traded).await?);
        ensure!(
            violations.is_empty(),
            "{}\n{}",
            violations.join("\n"),
            pair.said()
        );
        if was_cut_off {
            return Ok(());
        }
    }
    bail!("no node was killed while values were being moved")
}

/// Starts the nodes that are dead, and kills one of both while it moves values; false when they were too quick.
async fn cut_off(pair: &mut Pair, url: &str, index: usize) -> Result<bool> {
    pair.revive().await?;
    let url = url.to_owned();
    let seen = tokio::task::spawn_blocking(move || -> Result<bool> {
        for _ in 0..1_000 {
            let count = "SELECT count(*) FROM reseal WHERE done_at_ms IS NOT NULL";
            let done: usize = shared().sql(&url, count)?.trim().parse()?;
            if (1..MOVED_WITHIN).contains(&done) {
                return Ok(true);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(false)
    })
    .await??;
    pair.kill(index)?;
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_changed_on_an_embedded_store() -> Result<()> {
    let folder = Folder::new()?;
    let launch = Launch::new(&folder)?;
    let node = launch.start().await?;
    let risk = node.api_as("risk").await?;
    write_down(&risk, CONTACTS).await?;
    let before = read_back(&risk).await?;
    node.kill()?;
    let data = folder.path().join("data");
    let file = data.join("data.key");
    let old = keys(&file)?;
    write_keys(&file, &[old.clone(), vec![new_key(9)]].concat())?;
    // Killed at once, again and again: each run goes on where the one before was.
    for _ in 0..3 {
        launch.start().await?.kill()?;
    }
    moved(&data, &[]).await?;
    write_keys(&file, &[new_key(9)])?;
    let node = launch.start().await?;
    ensure!(
        read_back(&node.api_as("risk").await?).await? == before,
        "something is another than it was"
    );
    // The older one opens nothing any more.
    node.kill()?;
    write_keys(&file, &old)?;
    let refused = launch
        .start()
        .await
        .err()
        .context("it started with the older key")?;
    ensure!(format!("{refused:#}").contains("lacks the key"), "{refused:#}");
    Ok(())
}
