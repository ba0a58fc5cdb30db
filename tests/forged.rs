//! What somebody sends in a terminal's name without its keys does nothing that matters, spends nothing of the terminal's own,
//! and is told from what the terminal did.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use iso8583::mac::MacKey;
use iso8583::unionpay::{self, Totals, field48};
use iso8583::{Message, Mti, Writer, frame};
use serde_json::Value;
use simulator::issuer::cards;
use simulator::terminal::wire::{Encoder, Session};
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Api, Folder, Launch, Node, WAIT_MAX, ask, ask_on, purchase, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Frames of each kind that one forger sends.
const FORGED: usize = 500;
const FORGERS: usize = 4;

async fn start(folder: &Folder) -> Result<Node> {
    Launch::new(folder)?.with(&["--host-delay-ms", "4"]).start().await
}

async fn signed_in(node: &Node, index: usize) -> Result<(Terminal, Encoder)> {
    let identity = node.ready.terminals[index].identity.clone();
    let encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
    let mut terminal = Terminal::new(identity);
    terminal.connect(node.ready.gate).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "the sign-in");
    ensure!(buys(&mut terminal).await? == "00", "a purchase");
    Ok((terminal, encoder))
}

async fn buys(terminal: &mut Terminal) -> Result<String> {
    Ok(terminal.purchase(100, &cards()[0]).await?.code().to_owned())
}

/// Sends frames many times over from several connections at once; the code of each answer.
fn flood(gate: SocketAddr, frames: &[Vec<u8>]) -> JoinHandle<Result<Vec<String>>> {
    let mut forgers = JoinSet::new();
    for _ in 0..FORGERS {
        forgers.spawn(forge(gate, frames.to_vec()));
    }
    tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(codes) = forgers.join_next().await {
            all.extend(codes??);
        }
        Ok(all)
    })
}

async fn forge(gate: SocketAddr, frames: Vec<Vec<u8>>) -> Result<Vec<String>> {
    let mut stream = TcpStream::connect(gate).await?;
    let mut codes = Vec::new();
    for _ in 0..FORGED {
        for frame in &frames {
            codes.push(ask_on(&mut stream, frame).await?.1);
        }
    }
    Ok(codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forged_sign_ins_and_echoes_keeps_no_terminal_from_signing_in_or_selling() -> Result<()> {
    let folder = Folder::new()?;
    let node = start(&folder).await?;
    let (mut terminal, mut encoder) = signed_in(&node, 0).await?;
    let operator = terminal.identity().operator.clone();
    let forged = [
        encoder.sign_in(1, 1, 3, &operator, None)?.to_vec(),
        encoder.sign_in(1, 1, 1, &operator, None)?.to_vec(),
        encoder.sign_in(1, 1, 3, "987", None)?.to_vec(),
        encoder.echo(1)?.to_vec(),
    ];
    let flood = flood(node.ready.gate, &forged);
    let mut rounds = 0;
    while rounds < 5 || !flood.is_finished() {
        rounds += 1;
        let code = buys(&mut terminal).await?;
        ensure!(
            code == "00",
            "round {rounds}: its keys were taken from it: {code}"
        );
        let signed_in = terminal.sign_in().await?;
        ensure!(
            signed_in.is_approved(),
            "round {rounds}: its sign-in: {}",
            signed_in.code()
        );
    }
    ensure!(buys(&mut terminal).await? == "00", "after the flood");
    flood.await??;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_terminal_hears_58_under_any_flood_and_every_attempt_is_counted() -> Result<()> {
    let folder = Folder::new()?;
    let node = start(&folder).await?;
    let (mut terminal, mut encoder) = signed_in(&node, 1).await?;
    let api = node.api_as("risk").await?;
    let incident = api.report_lost(&terminal.identity().terminal_id).await?;
    let id = incident["id"].as_str().context("no id")?.to_owned();
    let operator = terminal.identity().operator.clone();
    let stolen = Session::new(1, &[1; 16], &[2; 8])?;
    let forged = [
        encoder.sign_in(1, 1, 3, &operator, None)?.to_vec(),
        encoder
            .financial(&stolen, &purchase(2, 100, &cards()[0]))?
            .to_vec(),
        encoder.settlement(3, 1, &operator, Totals::default())?.to_vec(),
        encoder.sign_out(4, 1)?.to_vec(),
    ];
    let sent = FORGERS * FORGED * forged.len();
    for code in flood(node.ready.gate, &forged).await?? {
        ensure!(code == "58", "a lost terminal heard {code}");
    }
    ensure!(buys(&mut terminal).await? == "58", "with its own keys");
    let counted = async || -> Result<Option<Value>> {
        let incident = api.get(&format!("/incidents/{id}")).await?;
        Ok((incident["attempt_count"].as_u64() == Some(sent as u64 + 1)).then_some(incident))
    };
    let incident = until("every attempt to be counted", counted).await?;
    ensure!(
        incident["unproven_attempt_count"].as_u64() == Some(sent as u64),
        "{incident}"
    );
    let rows = transactions(&api, terminal.identity()).await?;
    let attempts = rows.iter().filter(|row| row["response_code"] == "58").count();
    ensure!(
        attempts < sent / 4,
        "{attempts} rows are not bounded for {sent} attempts"
    );
    let proven: Vec<_> = rows
        .iter()
        .filter(|row| row["proof"] == "proven" && row["response_code"] == "58")
        .collect();
    ensure!(proven.len() == 1, "{proven:?}");
    Ok(())
}

async fn transactions(api: &Api, identity: &TerminalIdentity) -> Result<Vec<Value>> {
    let page = api
        .get(&format!(
            "/transactions?terminal_id={}&limit=1000",
            identity.terminal_id
        ))
        .await?;
    Ok(page["items"].as_array().context("no items")?.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_a_receipt_neither_signs_out_nor_closes_a_batch_nor_reads_the_turnover() -> Result<()> {
    let folder = Folder::new()?;
    let node = start(&folder).await?;
    let (mut terminal, mut encoder) = signed_in(&node, 2).await?;
    let gate = node.ready.gate;
    let operator = terminal.identity().operator.clone();
    let batch = terminal.session().context("no session")?.batch;
    ensure!(
        ask(gate, encoder.sign_out(801, batch)?).await?.1 == "00",
        "a sign-out"
    );
    ensure!(
        ask(gate, encoder.sign_out(802, 777)?).await?.1 == "77",
        "of another batch"
    );
    ensure!(buys(&mut terminal).await? == "00", "signed out by a stranger");

    let stated = Totals {
        debit_minor: 1,
        debit_count: 1,
        ..Totals::default()
    };
    let asked = encoder.settlement(803, batch, &operator, stated)?.to_vec();
    let answer = answer_to(gate, &asked).await?;
    let answer = Message::parse(&unionpay::POS, &answer).map_err(|error| anyhow::anyhow!("{error}"))?;
    let told = field48(&answer).context("field 48")?;
    ensure!(
        (told.domestic, told.domestic_reply) == (stated, unionpay::Reply::Unequal),
        "it told the turnover: {told:?}"
    );
    ensure!(
        ask(gate, &upload_end(&encoder_of(&terminal), 804, batch, 207)?)
            .await?
            .1
            == "25",
        "207"
    );
    ensure!(ask(gate, encoder.batch_end(805, batch)?).await?.1 == "00", "202");
    ensure!(
        buys(&mut terminal).await? == "00",
        "its batch was closed by a stranger"
    );
    let again = terminal.sign_in().await?;
    ensure!(again.batch == batch, "its batch was closed for good");
    let settled = terminal.settle().await?;
    ensure!(settled.finding == Some(unionpay::Reply::Equal), "{settled:?}");
    ensure!(terminal.sign_in().await?.batch == batch + 1, "its own settlement");
    ensure!(buys(&mut terminal).await? == "00", "in the next batch");
    Ok(())
}

struct Names {
    terminal_id: String,
    merchant_id: String,
}

fn encoder_of(terminal: &Terminal) -> Names {
    let identity = terminal.identity();
    Names {
        terminal_id: identity.terminal_id.clone(),
        merchant_id: identity.merchant_id.clone(),
    }
}

/// 0320 with any net code.
fn upload_end(names: &Names, trace: u64, batch: u32, net_code: u16) -> Result<Vec<u8>> {
    let mut writer = Writer::new(&unionpay::POS);
    writer
        .begin(Mti(0x0320))
        .number(11, trace)
        .text(41, names.terminal_id.as_bytes())
        .text(42, names.merchant_id.as_bytes())
        .digits(60, &unionpay::write_field60(0, batch, Some(net_code)));
    framed(writer.finish()?)
}

fn framed(message: &[u8]) -> Result<Vec<u8>> {
    let tpdu = frame::Tpdu {
        id: 0x60,
        destination: 3,
        source: 0,
    };
    let mut out = Vec::new();
    frame::write(
        &mut out,
        tpdu,
        frame::Header([0x61, 0x31, 0, 0x31, 0x11, 0x08]),
        message,
    )?;
    Ok(out)
}

/// The whole message that answers a frame.
async fn answer_to(gate: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(gate).await?;
    stream.write_all(request).await?;
    let len = timeout(WAIT_MAX, stream.read_u16()).await??;
    let mut answer = vec![0; usize::from(len)];
    stream.read_exact(&mut answer).await?;
    Ok(frame::open(&answer)?.message.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_unlock_opens_no_terminal_again() -> Result<()> {
    let folder = Folder::new()?;
    let node = start(&folder).await?;
    let (mut terminal, mut encoder) = signed_in(&node, 3).await?;
    let (gate, of_estate) = (node.ready.gate, &node.ready.terminals[3]);
    let operator = of_estate.identity.operator.clone();
    let session = terminal.session().context("no session")?.clone();
    ensure!(
        ask(gate, encoder.lock(&session, 500, &operator)?).await?.1 == "00",
        "lock"
    );
    let recorded = encoder
        .unlock(&session, 501, &operator, &of_estate.operator_password)?
        .to_vec();
    ensure!(ask(gate, &recorded).await?.1 == "00", "unlock");
    ensure!(
        ask(gate, encoder.lock(&session, 502, &operator)?).await?.1 == "00",
        "lock"
    );
    ensure!(ask(gate, &recorded).await?.1 == "94", "the recorded unlock");
    ensure!(buys(&mut terminal).await? == "58", "it is open");
    let wrong = encoder.unlock(&session, 503, &operator, "000000")?.to_vec();
    ensure!(ask(gate, &wrong).await?.1 == "55", "a wrong password");
    for _ in 0..3 {
        ensure!(
            ask(gate, &wrong).await?.1 == "94",
            "the same again counts nothing"
        );
    }
    let fresh = encoder
        .unlock(&session, 504, &operator, &of_estate.operator_password)?
        .to_vec();
    ensure!(ask(gate, &fresh).await?.1 == "00", "a fresh unlock");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frame_no_entry_mode_and_no_operator_is_refused() -> Result<()> {
    let folder = Folder::new()?;
    let node = start(&folder).await?;
    let (mut terminal, mut encoder) = signed_in(&node, 4).await?;
    let gate = node.ready.gate;
    for operator in ["00100001", "0010", "0 1"] {
        let code = ask(gate, encoder.sign_in(600, 1, 3, operator, None)?).await?.1;
        ensure!(code == "12", "operator {operator:?}: {code}");
    }
    let session = terminal.session().context("no session")?.clone();
    let sale = encoder
        .financial(&session, &purchase(601, 100, &cards()[0]))?
        .to_vec();
    let nonsense = with_entry_mode(&sale, "999", &session.mac_key)?;
    ensure!(ask(gate, &nonsense).await?.1 == "12", "field 22 = 999");
    // Without its TPDU: the header comes first.
    let mut bare = sale[2 + 5..].to_vec();
    bare.splice(0..0, u16::try_from(sale.len() - 7)?.to_be_bytes());
    let mut stream = TcpStream::connect(gate).await?;
    stream.write_all(&bare).await?;
    stream.shutdown().await?;
    let mut all = Vec::new();
    timeout(WAIT_MAX, stream.read_to_end(&mut all)).await??;
    ensure!(all.is_empty(), "a frame without TPDU was answered");
    ensure!(buys(&mut terminal).await? == "00", "an honest purchase");
    Ok(())
}

/// The same message with another field 22, signed again.
fn with_entry_mode(sale: &[u8], mode: &str, key: &MacKey) -> Result<Vec<u8>> {
    let envelope = frame::open(&sale[2..])?;
    let message = match Message::parse(&unionpay::POS, envelope.message) {
        Ok(message) => message,
        Err(error) => bail!("{error}"),
    };
    let mut writer = Writer::new(&unionpay::POS);
    writer.begin(message.mti());
    for field in message.fields().filter(|field| !matches!(field, 22 | 64)) {
        writer.copy(field, &message);
    }
    writer.digits(22, mode);
    framed(writer.finish_with_mac(key)?)
}
