//! Strangers who take everything the API has, and a loss report in the midst of them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{Folder, Launch, Node, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// More than the node takes.
const SILENT: usize = 2_050;
const WRONG_LOG_INS_PER_S: u32 = 200;
/// A report is acknowledged within this, whatever strangers do.
const ACKNOWLEDGED_MAX: Duration = Duration::from_secs(1);
/// Two right log-ins take no longer beside two hundred wrong ones a second.
const LOGGED_IN_MAX: Duration = Duration::from_secs(5);
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
        Self::start_from(address, 1)
    }

    /// From so many addresses of this machine in turn.
    fn start_from(address: SocketAddr, addresses: usize) -> Self {
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
                    let from = u8::try_from(1 + number % addresses).unwrap_or(1);
                    post_from([127, 0, 0, from].into(), address, "/session", &body).await
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
    post_on(TcpStream::connect(address).await?, address, path, headers, body).await
}

/// The same from another address of this machine.
async fn post_from(from: IpAddr, address: SocketAddr, path: &str, body: &str) -> Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    post_on(socket.connect(address).await?, address, path, "", body).await
}

async fn post_on(
    mut stream: TcpStream,
    address: SocketAddr,
    path: &str,
    headers: &str,
    body: &str,
) -> Result<String> {
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

/// The cookies of an answer, as a browser sends them back.
fn cookies(answer: &str) -> String {
    let given = answer
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    format!("Cookie: {}\r\n", given.collect::<Vec<_>>().join("; "))
}

/// Linux takes all of 127.0.0.0/8 for this machine.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_owner_logs_in_while_a_stranger_guesses() -> Result<()> {
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?.start().await?;
    let (address, password) = (address(&node)?, node.ready.password("owner")?);
    let right = json!({"login": "owner", "password": password}).to_string();
    let first = post(address, "/session", "", &right).await?;
    ensure!(first.starts_with("HTTP/1.1 200"), "{first}");
    let wrong = WrongLogIns::start(address);
    until("the stranger to be slowed down", async || {
        let refused = post(address, "/session", "", &right).await?;
        Ok(refused.starts_with("HTTP/1.1 429").then_some(()))
    })
    .await?;
    let began = Instant::now();
    let elsewhere = post_from([127, 0, 0, 2].into(), address, "/session", &right).await?;
    ensure!(elsewhere.starts_with("HTTP/1.1 200"), "{elsewhere}");
    let known = post(address, "/session", &cookies(&first), &right).await?;
    ensure!(known.starts_with("HTTP/1.1 200"), "{known}");
    ensure!(
        began.elapsed() < LOGGED_IN_MAX,
        "two log-ins took {:?}",
        began.elapsed()
    );
    drop(wrong);
    Ok(())
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

/// A share of the times, in milliseconds.
fn share(times: &mut [Duration], of_hundred: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * of_hundred / 100).min(times.len() - 1)].as_secs_f64() * 1_000.0
}

/// Reports of that many terminals, one after the other.
async fn reports(person: &tests::Api, terminals: &[serde_json::Value]) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for terminal in terminals {
        let terminal_id = terminal["terminal_id"].as_str().context("a terminal")?;
        let began = Instant::now();
        person.waiting(TIME_MAX).report_lost(terminal_id).await?;
        times.push(began.elapsed());
    }
    Ok(times)
}

/// Log-ins on a browser that was used before.
async fn log_ins(address: SocketAddr, right: &str, known: &str, count: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        let answer = post(address, "/session", known, right).await?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        times.push(began.elapsed());
    }
    Ok(times)
}

/// `cargo test -p tests --test flood figures -- --ignored --nocapture`
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; takes a minute"]
async fn figures_of_log_ins_and_reports_beside_a_flood() -> Result<()> {
    const REPORTS: usize = 14;
    const LOG_INS: usize = 100;
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?.start().await?;
    let (risk, address) = (node.api_as("risk").await?, address(&node)?);
    let right = json!({"login": "owner", "password": node.ready.password("owner")?}).to_string();
    let first = post(address, "/session", "", &right).await?;
    let known = cookies(&first);
    let page = risk.get("/terminals?limit=200").await?;
    let free = |one: &&serde_json::Value| one["state"] != "lost" && one["state"] != "retired";
    let terminals: Vec<_> = page["items"]
        .as_array()
        .context("no list")?
        .iter()
        .filter(free)
        .cloned()
        .collect();
    ensure!(terminals.len() >= 3 * REPORTS, "{} terminals", terminals.len());
    for (nth, addresses) in [0, 1, 200].into_iter().enumerate() {
        let wrong = (addresses > 0).then(|| WrongLogIns::start_from(address, addresses));
        if let Some(wrong) = &wrong {
            until("the flood to flow", async || {
                Ok((wrong.sent.load(Ordering::Relaxed) > 400).then_some(()))
            })
            .await?;
        }
        let mut reported = reports(&risk, &terminals[nth * REPORTS..][..REPORTS]).await?;
        let mut logged_in = log_ins(address, &right, &known, LOG_INS).await?;
        println!(
            "{addresses:>3} addresses: report median {:.1} ms, worst {:.1} ms; log-in median {:.1} ms, p99 {:.1} ms",
            share(&mut reported, 50),
            share(&mut reported, 100),
            share(&mut logged_in, 50),
            share(&mut logged_in, 99),
        );
    }
    Ok(())
}
