//! Two equal requests at once, one to each of two nodes: one is done, and both hear of it.

use anyhow::{Context, Result, ensure};
use local_postgres::shared;
use serde_json::json;
use tests::{Api, Pair};

const ROUNDS: usize = 12;

/// The same request with the same key to both nodes at once.
async fn both(apis: &[Api; 2], key: &str, path: &str, body: &str) -> Result<()> {
    let [here, there] = apis;
    let (here, there) = tokio::join!(
        here.call_once(key, path, body.to_owned()),
        there.call_once(key, path, body.to_owned())
    );
    let (here, there) = (here?, there?);
    ensure!((200..300).contains(&here.status), "{path}: {here:?}");
    ensure!(
        (here.status, &here.body) == (there.status, &there.body),
        "{path}: {here:?} and {there:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_equal_requests_on_two_nodes_one_is_done_and_both_get_its_answer() -> Result<()> {
    let database = shared().new_database()?;
    let pair = Pair::start([database.clone(), database], 10, |launch| launch).await?;
    let apis = pair.apis_as("owner").await?;
    let mine = apis[0].get("/terminals?limit=30").await?;
    let mine = mine["items"].as_array().context("terminals")?;
    for (round, terminal) in mine.iter().cycle().take(ROUNDS).enumerate() {
        let id = terminal["terminal_id"].as_str().context("a terminal")?;
        both(
            &apis,
            &format!("lock-{round}"),
            &format!("/terminals/{id}/lock"),
            "{}",
        )
        .await?;
    }
    let lost = mine[0]["terminal_id"].as_str().context("a terminal")?;
    let report = json!({"terminal_id": lost}).to_string();
    both(&apis, "report", "/incidents", &report).await
}
