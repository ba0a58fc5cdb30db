//! An approval that was decided before the report and is still on its way to the terminal when the report comes (R1.2).
//!
//! A terminal fills its connection with answers it does not read, so that one more, an approval, waits inside the node.
//! The report must not be acknowledged while that approval can still reach the socket: it is written before, or never.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use iso8583::{Message, frame, unionpay};
use simulator::issuer::cards;
use simulator::terminal::wire::Encoder;
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Api, Books, Folder, Launch, WAIT_MAX, binary, canary_binary, purchase, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Echoes sent at once: fewer than the node takes from one connection (128), so that the purchase is still read.
const ECHOES: usize = 100;
/// How long the node is given to answer so many echoes before its connection counts as full.
const FULL_AFTER: Duration = Duration::from_millis(300);
/// The node drops a full connection after three seconds.
const APPROVED_WITHIN: Duration = Duration::from_secs(3);
const TRIES: usize = 8;
const TRACE: u32 = 77;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_waits_for_an_approval_on_its_way_out() -> Result<()> {
    let (arrived, waited_for) = approval_behind_a_full_pipe(binary()?, None).await?;
    ensure!(
        !arrived,
        "an approval reached the terminal after the acknowledgement"
    );
    ensure!(
        waited_for >= 1,
        "the report did not meet the approval: nothing was tried"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_finds_a_planted_early_acknowledgement() -> Result<()> {
    let binary = tokio::task::spawn_blocking(canary_binary).await??;
    let (arrived, _) = approval_behind_a_full_pipe(binary, Some("acknowledged_early")).await?;
    ensure!(arrived, "the planted bug was not found: the test proves nothing");
    Ok(())
}

/// Whether the approval arrived after the acknowledgement, and how many the report says it waited for. The node drops a
/// connection that stays full for some seconds; on a busy machine that may be too soon, so there are several tries.
async fn approval_behind_a_full_pipe(binary: PathBuf, planted: Option<&str>) -> Result<(bool, i64)> {
    let folder = Folder::new()?;
    let launch = Launch {
        binary,
        planted: planted.map(str::to_owned),
        ..Launch::new(&folder)?.with(&["--host-delay-ms", "0"])
    };
    let node = launch.start().await?;
    let api = node.api_as("risk").await?;
    for terminal in &node.ready.terminals[..TRIES] {
        match attempt(node.ready.gate, &api, &terminal.identity).await? {
            Some((false, 0)) | None => {}
            Some(met) => return Ok(met),
        }
    }
    Ok((false, 0))
}

/// One try; `None` when the node dropped the connection before the approval was there.
async fn attempt(gate: SocketAddr, api: &Api, identity: &TerminalIdentity) -> Result<Option<(bool, i64)>> {
    let mut terminal = Terminal::new(identity.clone());
    terminal.connect(gate).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "sign-in");
    let session = terminal.session().context("no session")?.clone();
    let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
    let echoes = encoder.echo(session.batch)?.repeat(ECHOES);
    let purchase = encoder
        .financial(&session, &purchase(TRACE, 100, &cards()[0]))?
        .to_vec();

    let mut stream = TcpStream::connect(gate).await?;
    until("the connection to be full", async || {
        stream.write_all(&echoes).await?;
        Ok(is_full(api).await?.then_some(()))
    })
    .await?;
    let name = (session.batch, TRACE);
    let approved = async {
        stream.write_all(&purchase).await?;
        until("the approval", async || {
            let books = Books::read(api, &identity.terminal_id).await?;
            Ok(books.standing().contains_key(&name).then_some(()))
        })
        .await
    };
    if !matches!(timeout(APPROVED_WITHIN, approved).await, Ok(Ok(()))) {
        return Ok(None);
    }
    let incident = api.report_lost(&identity.terminal_id).await?;
    let receipts = incident["receipts"].as_array().context("no receipts")?;
    let waited_for = receipts
        .iter()
        .filter_map(|receipt| receipt["in_flight_waited"].as_i64())
        .sum();
    Ok(Some((reads_approval(stream).await?, waited_for)))
}

/// Whether answers wait inside the node and do not get out.
async fn is_full(api: &Api) -> Result<bool> {
    let began = Instant::now();
    while began.elapsed() < FULL_AFTER {
        if api.get("/gate").await?["in_flight"] == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads all that comes; whether an approved purchase is in it.
async fn reads_approval(mut stream: TcpStream) -> Result<bool> {
    let mut all = Vec::new();
    stream.shutdown().await.ok();
    let _cut_or_ended = timeout(WAIT_MAX, stream.read_to_end(&mut all))
        .await
        .context("no end")?;
    let mut rest = all.as_slice();
    while let Some((len, answer)) = frame::split(rest, 4_096)? {
        let envelope = frame::open(answer)?;
        let message = Message::parse(&unionpay::POS, envelope.message)
            .ok()
            .context("an answer")?;
        if message.mti().0 == 0x0210 && message.text(39) == Some(b"00") {
            return Ok(true);
        }
        rest = &rest[len..];
    }
    Ok(false)
}
