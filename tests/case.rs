//! What follows a loss, and a node that is killed at every step of it: a duty, a comment with its mail, a document. Sent again with the same
//! key each is there once, and nothing is lost that was told to be there (R1.1).

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{Acquirer, Api, Folder, number, until};

const TERMINAL: &str = "30501401";
const MERCHANT: &str = "104520157120080";
/// Kills, each after another part of the time that the steps take.
const KILLS: u32 = 12;
const PASSWORD: &str = "teapot-in-the-wind";

/// A lost terminal in a house whose mail server is never reached, and an owner who can be asked; answers the incident's identifier.
async fn lost(risk: &Api) -> Result<String> {
    let merchant = json!({ "merchant_id": MERCHANT, "name": "城南小吃" });
    risk.post("/merchants", &merchant).await?.expect(201)?;
    let shop = json!({ "merchant_id": MERCHANT, "name": "城南店", "address": "工业路 1 号" });
    let shop = risk.post("/shops", &shop).await?.expect(201)?;
    let said = json!({
        "terminal_id": TERMINAL, "shop_id": shop["id"], "serial": "YZ9030495196", "model": "云展 Y90", "control": "outside",
    });
    risk.post("/terminals", &said).await?.expect(201)?;
    let settings = json!({ "smtp_url": "smtp://127.0.0.1:9", "mail_from": "stop@fuji.example" });
    risk.call("PUT", "/settings", Some(settings.to_string()))
        .await?
        .expect(200)?;
    let invited = json!({ "name": "店主", "role": "owner", "merchant_id": MERCHANT });
    let link = risk.post("/invitations", &invited).await?.expect(201)?;
    let accepted = json!({
        "token": link["token"], "login": "owner", "name": "店主", "password": PASSWORD, "email": "owner@fuji.example",
    });
    risk.post("/invitations/accept", &accepted).await?.expect(201)?;
    let reported = risk.report_lost(TERMINAL).await?;
    let id = reported["id"].as_str().or(reported["incident"]["id"].as_str());
    Ok(id.context("no incident")?.to_owned())
}

/// The duty that is done, and to be done again, each round.
async fn lessons(risk: &Api, id: &str) -> Result<String> {
    let path = format!("/incidents/{id}/duties");
    until("the duties to be drawn up", async || {
        let duties = risk.get(&path).await?;
        let items = duties["items"].as_array().context("no items")?;
        let its = items.iter().find(|duty| duty["duty"] == "lessons");
        Ok(its.and_then(|duty| duty["id"].as_str().map(str::to_owned)))
    })
    .await
}

/// What is said in a round, and is no part of what is said in another.
fn told(round: u32) -> String {
    format!("no. {round}.")
}

/// The steps of a round, in their order.
fn steps(round: u32, id: &str, duty: &str) -> [(String, String, Value); 4] {
    let step = |name: &str, path: String, body| (format!("{name}-{round}"), path, body);
    [
        step(
            "done",
            format!("/duties/{duty}/done"),
            json!({ "proof": { "statement": told(round) } }),
        ),
        step(
            "comment",
            format!("/incidents/{id}/comments"),
            json!({ "text": told(round), "mentions": ["owner"] }),
        ),
        step(
            "reopen",
            format!("/duties/{duty}/reopen"),
            json!({ "ground": "once more" }),
        ),
        step(
            "hand_over",
            format!("/duties/{duty}/hand-over"),
            json!({ "to": "owner" }),
        ),
    ]
}

/// Takes them; answers the keys of those that were told to be done.
async fn take(risk: &Api, steps: &[(String, String, Value)]) -> Vec<String> {
    let mut told = Vec::new();
    for (key, path, body) in steps {
        match risk.call_once(key, path, body.to_string()).await {
            Ok(answered) if answered.status < 300 => told.push(key.clone()),
            _ => break,
        }
    }
    // What an insurer gets, of which each content is noted once.
    let (_, path, _) = &steps[1];
    let table = path.replace("comments", "documents/claim_report.csv?language=en");
    let _ = risk.get_file(&table).await;
    told
}

async fn timeline(risk: &Api, id: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    loop {
        let after = all
            .last()
            .map_or(0, |item: &Value| item["sequence"].as_i64().unwrap_or(0));
        let page = risk
            .get(&format!("/incidents/{id}/timeline?limit=200&after={after}"))
            .await?;
        let items = page["items"].as_array().context("no items")?;
        all.extend(items.iter().cloned());
        if items.len() < 200 {
            return Ok(all);
        }
    }
}

fn count(timeline: &[Value], kind: &str, text: &str) -> usize {
    let is_it =
        |item: &&Value| item["kind"] == kind && item["text"].as_str().is_some_and(|said| said.contains(text));
    timeline.iter().filter(is_it).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_loss_is_there_once_whenever_the_node_is_killed() -> Result<()> {
    let folder = Folder::new()?;
    let mut acquirer = Acquirer::begin(&folder, &[]).await?;
    let id = lost(&acquirer.risk).await?;
    let duty = lessons(&acquirer.risk, &id).await?;
    let began = Instant::now();
    let first = steps(0, &id, &duty);
    ensure!(take(&acquirer.risk, &first).await.len() == first.len(), "{:?}", {
        let (key, path, body) = &first[3];
        acquirer.risk.call_once(key, path, body.to_string()).await?.body
    });
    let took = began.elapsed();
    let kills = u32::try_from(number("TILLGUARD_KILLS", KILLS.into()))?;
    let mut halves = 0;
    for round in 1..=kills {
        let its = steps(round, &id, &duty);
        let (risk, taken) = (acquirer.risk.clone(), its.clone());
        let taking = tokio::spawn(async move { take(&risk, &taken).await });
        tokio::time::sleep(took * round / (kills + 1)).await;
        acquirer = acquirer.killed(&folder).await?;
        let done = taking.await?;
        let there = timeline(&acquirer.risk, &id).await?;
        let number = told(round);
        if done.iter().any(|key| key.starts_with("done")) {
            ensure!(
                count(&there, "duty_done", &number) >= 1,
                "a duty that was told to be done is not"
            );
        }
        if done.iter().any(|key| key.starts_with("comment")) {
            ensure!(count(&there, "commented", &number) == 1, "a comment is gone");
        }
        halves += u32::from(done.len() < its.len());
        ensure!(
            take(&acquirer.risk, &its).await.len() == its.len(),
            "round {round}"
        );
        let there = timeline(&acquirer.risk, &id).await?;
        for kind in ["duty_done", "commented"] {
            let times = count(&there, kind, &number);
            ensure!(times == 1, "{kind} {number} {times} times");
        }
        ensure!(
            count(&there, "duty_reopened", "once more") == round as usize + 1,
            "{there:?}"
        );
        let made = there.iter().filter(|item| item["kind"] == "document_made");
        let mut made: Vec<_> = made.filter_map(|item| item["text"].as_str()).collect();
        let times = made.len();
        made.sort_unstable();
        made.dedup();
        ensure!(
            times == made.len() && times > 0,
            "{times} documents are {} contents",
            made.len()
        );
        // Of all that asked within the hour there is one mail, which waits for a mail server.
        let work = acquirer.risk.get("/work?kind=mention_mail").await?;
        ensure!(
            work["items"].as_array().is_some_and(|items| items.len() == 1),
            "{work}"
        );
    }
    ensure!(halves > 0, "no kill came in between, of steps that take {took:?}");
    Ok(())
}
