//! Strangers who take everything the API has, and a loss report in the midst of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{Folder, Launch, Node, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// More than the node takes.
const SILENT: usize = 2_050;
const WRONG_LOG_INS_PER_S: u32 = 200;
/// A report is acknowledged within this, whatever strangers do.
const ACKNOWLEDGED_MAX: Duration = Duration::from_secs(1);
/// The longest wait for an answer.
const TIME_MAX: Duration = Duration::from_secs(60);

fn address(node: &Node) -> Result<SocketAddr> {
    let address = node
        .ready
        .api_url
        .strip_prefix("http://")
        .context("no http address")?;
    Ok(address.trim_end_matches('/').parse()?)
}

/// Connections that say nothing.
async fn silent(address: SocketAddr, count: usize) -> Result<Vec<TcpStream>> {
    let mut silent = Vec::with_capacity(count);
    while silent.len() < count {
        silent.push(TcpStream::connect(address).await?);
    }
    Ok(silent)
}

/// Wrong log-ins at a steady pace, each on a connection of its own, until it is dropped.
struct WrongLogIns {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
}

impl WrongLogIns {
    fn start(address: SocketAddr) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (stop.clone(), sent.clone());
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_secs(1) / WRONG_LOG_INS_PER_S);
            let mut asking = JoinSet::new();
            while !stopped.load(Ordering::Relaxed) {
                pace.tick().await;
                let number = counted.fetch_add(1, Ordering::Relaxed);
                // As many as the pace makes in ten seconds: who is not answered by then is given up.
                if asking.len() >= 2_000 {
                    asking.join_next().await;
                }
                asking.spawn(async move {
                    let login = if number.is_multiple_of(2) {
                        "owner".to_owned()
                    } else {
                        format!("nobody{number}")
                    };
                    let body = json!({"login": login, "password": "wrong"}).to_string();
                    post(address, "/session", "", &body).await
                });
                while asking.try_join_next().is_some() {}
            }
        });
        Self { stop, sent }
    }
}

impl Drop for WrongLogIns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// One POST on a connection of its own; everything that comes back.
async fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_acknowledged_within_a_second_while_strangers_take_everything() -> Result<()> {
    let folder = Folder::new()?;
    let mut node = Launch::new(&folder)?.start().await?;
    let (owner, address) = (node.api_as("owner").await?, address(&node)?);
    let mine = owner.get("/terminals?limit=2").await?;
    let silent = silent(address, SILENT).await?;
    let wrong = WrongLogIns::start(address);
    until("the flood to flow", async || {
        Ok((wrong.sent.load(Ordering::Relaxed) > 400).then_some(()))
    })
    .await?;
    for at in 0..2 {
        let terminal_id = mine["items"][at]["terminal_id"].as_str().context("a terminal")?;
        let began = Instant::now();
        // On a connection of its own.
        owner.waiting(TIME_MAX).report_lost(terminal_id).await?;
        ensure!(
            began.elapsed() < ACKNOWLEDGED_MAX,
            "acknowledged after {:?}",
            began.elapsed()
        );
    }
    drop((wrong, silent));
    node.check_alive()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_never_says_anything_is_closed() -> Result<()> {
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?.start().await?;
    let mut silent = TcpStream::connect(address(&node)?).await?;
    let read = tokio::time::timeout(Duration::from_secs(40), silent.read(&mut [0; 1])).await;
    ensure!(
        matches!(read, Ok(Ok(0) | Err(_))),
        "still open after 40 s: {read:?}"
    );
    Ok(())
}
