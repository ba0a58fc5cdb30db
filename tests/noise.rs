//! Noise at the gate: wrong bytes of every kind, the slow and the deaf disturb nobody else and leave nothing behind.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use iso8583::{Message, frame, unionpay};
use simulator::chance::Chance;
use simulator::issuer::cards;
use simulator::kind::EntryMode;
use simulator::terminal::wire::{Ask, Encoder, Session};
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Api, Folder, Lanes, Launch, WAIT_MAX, purchase, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What one round of noise may leave behind in memory, beyond what the round before it left: 16 MiB.
const GROWTH_KIB_MAX: u64 = 16 * 1024;
const MUTATIONS: usize = 4_000;
const VISITS: usize = 2_000;
const FORGERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn noise_disturbs_nobody_and_leaves_nothing_behind() -> Result<()> {
    let folder = Folder::new()?;
    let mut node = Launch::new(&folder)?
        .with(&["--host-delay-ms", "4"])
        .start()
        .await?;
    let (api, gate) = (node.api_as("risk").await?, node.ready.gate);
    let good = Lanes::start(gate, &node.ready.terminals[0].identity, 2).await?;
    let noisy = signed_in(gate, &node.ready.terminals[1].identity).await?;
    let slow = tokio::spawn(unfinished_frame(gate));

    let mut resident_kib = Vec::new();
    for _ in 0..2 {
        let before = good.answered();
        let malformed = api.get("/gate").await?["malformed"].as_u64().unwrap_or_default();
        let wrong_frames = noise(gate, &noisy).await?;
        let gate_says = at_rest(&api).await?;
        let counted = gate_says["malformed"].as_u64().unwrap_or_default() - malformed;
        ensure!(
            counted >= wrong_frames,
            "{counted} malformed counted of {wrong_frames}"
        );
        ensure!(good.answered() > before, "the good terminal stood still");
        node.check_alive()?;
        resident_kib.push(node.resident_kib()?);
    }
    println!("resident KiB after each round: {resident_kib:?}");
    ensure!(
        resident_kib[1] <= resident_kib[0] + GROWTH_KIB_MAX,
        "memory grows: {resident_kib:?} KiB"
    );
    println!(
        "a frame begun and never finished was dropped after {:?}",
        slow.await??
    );
    let log = good.stop().await?;
    ensure!(
        log.codes().keys().eq(["00"]),
        "the good terminal was answered {:?}",
        log.codes()
    );
    ensure!(log.wrong.is_empty(), "{:?}", log.wrong);
    Ok(())
}

/// Waits until only the good terminal's two connections, and perhaps the unfinished frame's, are left.
async fn at_rest(api: &Api) -> Result<serde_json::Value> {
    until("the noise's connections to end", async || {
        let gate = api.get("/gate").await?;
        Ok(gate["connections"]
            .as_u64()
            .is_some_and(|count| count <= 3)
            .then_some(gate))
    })
    .await
}

/// One round of every noise; how many frames were certainly wrong.
async fn noise(gate: SocketAddr, noisy: &Noisy) -> Result<u64> {
    let deaf = tokio::spawn(never_reads(gate, noisy.echo.clone()));
    random_bytes(gate).await?;
    truncated_frames(gate, &noisy.purchase).await?;
    let wrong_frames = lengths_out_of_bounds(gate).await?;
    mutated_messages(gate, noisy).await?;
    visits(gate).await?;
    deaf.await??;
    Ok(wrong_frames)
}

/// A terminal whose messages are the raw material of noise.
struct Noisy {
    session: Session,
    purchase: Vec<u8>,
    echo: Vec<u8>,
}

async fn signed_in(gate: SocketAddr, identity: &TerminalIdentity) -> Result<Noisy> {
    let mut terminal = Terminal::new(identity.clone());
    terminal.connect(gate).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "the sign-in");
    let session = terminal.session().context("no session")?.clone();
    let cards = cards();
    let chip = Ask {
        entry_mode: EntryMode::Chip,
        ..purchase(7, 100, &cards[0])
    };
    let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
    Ok(Noisy {
        purchase: encoder.financial(&session, &chip)?.to_vec(),
        echo: encoder.echo(session.batch)?.to_vec(),
        session,
    })
}

/// Writes, says that nothing more comes, and reads to the end. A connection may be reset at any time.
async fn say(gate: SocketAddr, bytes: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect(gate).await?;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    to_the_end(stream).await
}

async fn to_the_end(mut stream: TcpStream) -> Result<()> {
    let mut dropped = vec![0; 16 * 1024];
    let end = async { while !matches!(stream.read(&mut dropped).await, Ok(0) | Err(_)) {} };
    timeout(WAIT_MAX, end)
        .await
        .context("the gate did not close a connection")
}

async fn random_bytes(gate: SocketAddr) -> Result<()> {
    let mut chance = Chance::new(1, 1);
    for _ in 0..200 {
        let count = chance.between(1, 600) as usize;
        let bytes: Vec<u8> = (0..count).map(|_| chance.between(0, 255) as u8).collect();
        say(gate, &bytes).await?;
    }
    Ok(())
}

async fn truncated_frames(gate: SocketAddr, whole: &[u8]) -> Result<()> {
    for len in 0..whole.len() {
        say(gate, &whole[..len]).await?;
    }
    Ok(())
}

/// The gate must close by itself, at once: we keep our side open.
async fn lengths_out_of_bounds(gate: SocketAddr) -> Result<u64> {
    let wrong = [0_u16, 1, 20, 2_049, 30_000, u16::MAX];
    for len in wrong {
        let mut stream = TcpStream::connect(gate).await?;
        stream.write_all(&len.to_be_bytes()).await?;
        stream.write_all(&[0x60; 64]).await?;
        to_the_end(stream)
            .await
            .with_context(|| format!("length {len}"))?;
    }
    Ok(wrong.len() as u64)
}

/// Flips, cuts and stretches a good message; every second one is signed again, so that it passes the MAC.
async fn mutated_messages(gate: SocketAddr, noisy: &Noisy) -> Result<()> {
    let mut chance = Chance::new(2, 2);
    let mut bytes = Vec::new();
    for number in 0..MUTATIONS {
        let mut body = noisy.purchase[2..].to_vec();
        // Type and envelope stay in half of them, so that deeper layers get their share.
        let first = if chance.happens(0.5) { 21 } else { 0 };
        for _ in 0..chance.between(1, 6) {
            let at = first + chance.index(body.len() - first);
            body[at] ^= chance.between(1, 255) as u8;
        }
        match chance.between(0, 9) {
            0 => body.truncate(21 + chance.index(body.len() - 21)),
            1 => body.extend_from_slice(&chance.bytes::<40>()),
            _ => {}
        }
        if number % 2 == 0 && body.len() > 40 {
            let mac_at = body.len() - 8;
            let mac = noisy.session.mac_key.sign(&body[11..mac_at]);
            body[mac_at..].copy_from_slice(&mac);
        }
        bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&body);
    }
    let (mut reading, mut writing) = TcpStream::connect(gate).await?.into_split();
    let answers = tokio::spawn(async move {
        let (mut all, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
        while let Ok(count @ 1..) = reading.read(&mut buffer).await {
            all.extend_from_slice(&buffer[..count]);
        }
        all
    });
    writing.write_all(&bytes).await?;
    writing.shutdown().await?;
    let answers = timeout(WAIT_MAX, answers)
        .await
        .context("the mutations were not answered")??;
    let (mut rest, mut count) = (answers.as_slice(), 0);
    while let Some((len, answer)) = frame::split(rest, 4_096)? {
        let envelope = frame::open(answer)?;
        Message::parse(&unionpay::POS, envelope.message)
            .map_err(|error| anyhow::anyhow!("an answer: {error}"))?;
        (rest, count) = (&rest[len..], count + 1);
    }
    ensure!(
        rest.is_empty() && count > MUTATIONS / 4,
        "{count} answers, {} bytes left",
        rest.len()
    );
    Ok(())
}

async fn visits(gate: SocketAddr) -> Result<()> {
    for _ in 0..VISITS / 100 {
        let mut batch = JoinSet::new();
        for _ in 0..100 {
            batch.spawn(TcpStream::connect(gate));
        }
        while let Some(connected) = batch.join_next().await {
            drop(connected??);
        }
    }
    Ok(())
}

/// Asks without end and never reads: the gate must drop the connection instead of keeping its answers.
async fn never_reads(gate: SocketAddr, echo: Vec<u8>) -> Result<()> {
    let mut stream = TcpStream::connect(gate).await?;
    let many = echo.repeat(200);
    let dropped = async { while stream.write_all(&many).await.is_ok() {} };
    timeout(WAIT_MAX, dropped)
        .await
        .context("a client that never reads was kept")
}

/// Begins a frame and never finishes it; how long the gate bore it.
async fn unfinished_frame(gate: SocketAddr) -> Result<Duration> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(gate).await?;
    stream.write_all(&[0, 100, 0x60, 0, 3]).await?;
    to_the_end(stream).await?;
    Ok(began.elapsed())
}

/// Keeps sending forged purchases of a terminal, many at once, until it is dropped.
fn forge(gate: SocketAddr, forged: &[u8]) -> JoinSet<()> {
    let mut flood = JoinSet::new();
    for _ in 0..FORGERS {
        let many = forged.repeat(50);
        flood.spawn(async move {
            let Ok(stream) = TcpStream::connect(gate).await else {
                return;
            };
            let (reading, mut writing) = stream.into_split();
            let writing = async { while writing.write_all(&many).await.is_ok() {} };
            tokio::join!(writing, async {
                let mut reading = reading;
                let mut dropped = vec![0; 16 * 1024];
                while let Ok(1..) = reading.read(&mut dropped).await {}
            });
        });
    }
    flood
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_flood_keeps_nobody_from_unlocking_or_from_trading_again() -> Result<()> {
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?
        .with(&["--host-delay-ms", "4"])
        .start()
        .await?;
    let (api, gate) = (node.api_as("risk").await?, node.ready.gate);
    let of_estate = &node.ready.terminals[5];
    let mut terminal = Terminal::new(of_estate.identity.clone());
    terminal.connect(gate).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "sign-in");
    let mut forged = signed_in(gate, &node.ready.terminals[6].identity).await?.purchase;
    let at = forged
        .windows(8)
        .position(|window| window == node.ready.terminals[6].id().as_bytes())
        .context("field 41")?;
    forged[at..at + 8].copy_from_slice(of_estate.id().as_bytes());

    ensure!(terminal.lock().await?.code() == "00", "lock");
    let flood = forge(gate, &forged);
    let limited = async || -> Result<Option<()>> {
        let gate = api.get("/gate").await?;
        Ok((gate["mac_failures"].as_u64() >= Some(5_000)).then_some(()))
    };
    until("the flood", limited).await?;
    let operator = of_estate.identity.operator.clone();
    for _ in 0..3 {
        let unlocked = terminal.unlock(&operator, &of_estate.operator_password).await?;
        ensure!(
            unlocked.code() == "00",
            "unlock under a flood: {}",
            unlocked.code()
        );
        let sale = terminal.purchase(100, &cards()[0]).await?;
        ensure!(sale.code() == "00", "a purchase under a flood: {}", sale.code());
        ensure!(terminal.lock().await?.code() == "00", "lock under a flood");
    }
    drop(flood);
    Ok(())
}
