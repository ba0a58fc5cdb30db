//! A file of a case, and a node that is killed while it comes in: it is there whole or not at all, and sent again it is there once (R1.1).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{Acquirer, Api, Folder, number};

const TERMINAL: &str = "30501301";
const MERCHANT: &str = "104520157120079";
/// Kills, each after another part of the time that a file takes.
const KILLS: u32 = 8;
/// Eighty pieces, but for a few.
const FILE_LEN: usize = 19 << 20;

/// A lost terminal; answers the path of its incident's files.
async fn lost(risk: &Api) -> Result<String> {
    let merchant = json!({ "merchant_id": MERCHANT, "name": "城南小吃" });
    risk.post("/merchants", &merchant).await?.expect(201)?;
    let shop = json!({ "merchant_id": MERCHANT, "name": "城南店", "address": "工业路 1 号" });
    let shop = risk.post("/shops", &shop).await?.expect(201)?;
    let said = json!({
        "terminal_id": TERMINAL, "shop_id": shop["id"], "serial": "YZ9030495195", "model": "云展 Y90", "control": "outside",
    });
    risk.post("/terminals", &said).await?.expect(201)?;
    let reported = risk.report_lost(TERMINAL).await?;
    let id = reported["id"].as_str().or(reported["incident"]["id"].as_str());
    Ok(format!("/incidents/{}/attachments", id.context("no incident")?))
}

/// A film of its own.
fn film(number: u32) -> Vec<u8> {
    let mut film = b"\0\0\0\x18ftypmp42".to_vec();
    film.extend(number.to_be_bytes());
    film.resize(FILE_LEN, b'.');
    film
}

async fn listed(risk: &Api, at: &str) -> Result<Vec<Value>> {
    let listed = risk.get(at).await?;
    Ok(listed["items"].as_array().context("no items")?.clone())
}

/// The file of that content, if it is there; then all of it is.
async fn there(risk: &Api, at: &str, film: &[u8]) -> Result<bool> {
    let sha256 = tests::hex(&Sha256::digest(film)).to_lowercase();
    let its: Vec<Value> = listed(risk, at)
        .await?
        .into_iter()
        .filter(|file| file["sha256"] == sha256.as_str())
        .collect();
    ensure!(its.len() <= 1, "{its:?}");
    let Some(file) = its.first() else { return Ok(false) };
    let path = format!("{at}/{}", file["id"].as_str().context("no id")?);
    let (_, bytes) = risk.get_file(&path).await?;
    ensure!(bytes == film, "{} bytes of {}", bytes.len(), film.len());
    Ok(true)
}

fn send(risk: &Api, at: &str, film: &[u8]) -> impl Future<Output = Result<tests::Answered>> + use<> {
    let (risk, path, film) = (
        risk.clone(),
        format!("{at}?name=film.mp4&purpose=evidence"),
        film.to_vec(),
    );
    async move { risk.send_file(&path, film).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_whole_or_not_there_whenever_the_node_is_killed() -> Result<()> {
    let folder = Folder::new()?;
    let mut acquirer = Acquirer::begin(&folder, &[]).await?;
    let at = lost(&acquirer.risk).await?;
    let began = Instant::now();
    send(&acquirer.risk, &at, &film(0)).await?.expect(201)?;
    let took = began.elapsed();
    ensure!(there(&acquirer.risk, &at, &film(0)).await?);
    let kills = u32::try_from(number("TILLGUARD_KILLS", KILLS.into()))?;
    let mut halves = 0;
    for kill in 1..=kills {
        let film = film(kill);
        let sending = tokio::spawn(send(&acquirer.risk, &at, &film));
        tokio::time::sleep(took * kill / (kills + 1)).await;
        acquirer = acquirer.killed(&folder).await?;
        let told = sending.await?.is_ok_and(|answered| answered.status == 201);
        let is_there = there(&acquirer.risk, &at, &film).await?;
        ensure!(is_there || !told, "a file that was told to be there is not");
        halves += u32::from(!is_there);
        let again = send(&acquirer.risk, &at, &film).await?;
        ensure!(
            again.status == if is_there { 200 } else { 201 },
            "{} {}",
            again.status,
            again.body
        );
        ensure!(there(&acquirer.risk, &at, &film).await?);
        ensure!(listed(&acquirer.risk, &at).await?.len() == kill as usize + 1);
    }
    ensure!(halves > 0, "no kill came in between, of files that take {took:?}");
    // What was on its way lies nowhere by a name.
    for entry in std::fs::read_dir(folder.path())? {
        let entry = entry?;
        let is_left = entry.file_name().to_string_lossy().starts_with(".tmp");
        ensure!(!is_left, "{:?}", entry.path());
    }
    ensure!(took < Duration::from_secs(60), "{took:?}");
    Ok(())
}
