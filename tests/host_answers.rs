//! Only the host's answer to a request is its answer: one to anything else approves nothing, and what the gate cannot be sure
//! of is declined and turned back.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use iso8583::mac::{Algorithm, MacKey};
use iso8583::unionpay::{POS, write_field60};
use iso8583::{Message, Writer, frame};
use simulator::issuer::cards;
use simulator::terminal::{Reply, Terminal};
use tests::{Api, Folder, Launch, Node, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MAC_KEY: [u8; 16] = *b"\x31\x4A\x92\x5D\x85\x2F\xB6\x73\xC1\x9E\x40\xF8\x68\xDA\x15\x26";
const EMPTY_FRAME: [u8; 2] = [0; 2];

/// What the host does with the purchases that come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Approves as it should.
    Honest,
    /// Approves, but brings this field back otherwise.
    Changes(u8),
    /// Approves, but leaves this field out.
    LeavesOut(u8),
    /// Approves with control bytes in fields 37, 38 and 44.
    Rings,
    /// Says that it lives between any two answers.
    Beats,
    /// Takes everything on this connection and says nothing; the next one is honest.
    Dumb,
}

/// A host that answers as it is told to. It approves everything, and remembers what it was asked to turn back.
struct Liar {
    addr: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    reversals: Arc<Mutex<Vec<u64>>>,
}

impl Liar {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let liar = Self {
            addr: listener.local_addr()?,
            manner: Arc::new(Mutex::new(Manner::Honest)),
            reversals: Arc::default(),
        };
        let (manner, reversals) = (liar.manner.clone(), liar.reversals.clone());
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                number += 1;
                let is_first = number == 1;
                tokio::spawn(serve(stream, is_first, manner.clone(), reversals.clone()));
            }
        });
        Ok(liar)
    }

    fn behave(&self, manner: Manner) {
        *lock(&self.manner) = manner;
    }

    fn reversals(&self) -> Vec<u64> {
        lock(&self.reversals).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    mut stream: TcpStream,
    is_first: bool,
    manner: Arc<Mutex<Manner>>,
    reversals: Arc<Mutex<Vec<u64>>>,
) -> Result<()> {
    loop {
        let len = stream.read_u16().await?;
        let mut body = vec![0; usize::from(len)];
        stream.read_exact(&mut body).await?;
        let envelope = frame::open(&body)?;
        let Ok(message) = Message::parse(&POS, envelope.message) else {
            continue;
        };
        let manner = *lock(&manner);
        let is_reversal = message.mti().0 == 0x0400;
        if is_reversal {
            lock(&reversals).push(message.number(11).unwrap_or_default());
        }
        match manner {
            Manner::Dumb if is_first => continue,
            Manner::Beats => stream.write_all(&EMPTY_FRAME.repeat(3)).await?,
            _ => {}
        }
        let manner = if is_reversal { Manner::Honest } else { manner };
        let answer = answer(&message, manner)?;
        let mut out = Vec::new();
        frame::write(&mut out, envelope.tpdu.swapped(), envelope.header, &answer)?;
        stream.write_all(&out).await?;
    }
}

fn answer(message: &Message<'_>, manner: Manner) -> Result<Vec<u8>> {
    let mut writer = Writer::new(&POS);
    writer.begin(message.mti().response()).text(39, b"00");
    for field in [2, 3, 4, 11, 25, 41, 42, 49, 60] {
        match manner {
            Manner::LeavesOut(left) if left == field => {}
            Manner::Changes(changed) if changed == field => change(&mut writer, field),
            _ => {
                writer.copy(field, message);
            }
        }
    }
    match manner {
        Manner::Rings => {
            writer.text(37, b"1\x1B[2J\x07\x00\x00\x00\x00\x00\x00");
            writer.text(38, b"\x0712345").text(44, b"\x1B@62123400   ");
        }
        _ => {
            writer.text(37, b"000000001234").text(38, b"654321");
        }
    }
    Ok(writer
        .finish_with_mac(&MacKey::new(Algorithm::UnionPayEcb, &MAC_KEY)?)?
        .to_vec())
}

fn change(writer: &mut Writer, field: u8) {
    match field {
        2 => writer.digits(2, "6224242900000121"),
        3 => writer.digits(3, "200000"),
        4 => writer.number(4, 1),
        42 => writer.text(42, b"104520157129999"),
        49 => writer.text(49, b"840"),
        _ => writer.digits(60, &write_field60(22, 999_998, Some(0))),
    };
}

fn zone_keys(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("zone.keys");
    let hex: String = MAC_KEY.iter().map(|byte| format!("{byte:02X}")).collect();
    std::fs::write(&path, format!("mac={hex}\npin={hex}\n"))?;
    Ok(path)
}

struct House {
    liar: Liar,
    node: Node,
    api: Api,
    terminal: Terminal,
    _folder: Folder,
}

impl House {
    async fn open() -> Result<Self> {
        let folder = Folder::new()?;
        let liar = Liar::start().await?;
        let (addr, keys) = (
            liar.addr.to_string(),
            zone_keys(folder.path())?.display().to_string(),
        );
        let node = Launch::new(&folder)?
            .with(&["--host", &addr, "--zone-keys", &keys, "--host-timeout-s", "1"])
            .start()
            .await?;
        let api = node.api_as("risk").await?;
        let mut terminal = Terminal::new(node.ready.terminals[0].identity.clone());
        terminal.connect(node.ready.gate).await?;
        ensure!(terminal.sign_in().await?.is_approved(), "the sign-in");
        Ok(Self {
            liar,
            node,
            api,
            terminal,
            _folder: folder,
        })
    }

    async fn buys(&mut self) -> Result<Reply> {
        Ok(self.terminal.purchase(999_999, &cards()[0]).await?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_anything_else_approves_nothing_and_is_turned_back() -> Result<()> {
    let mut house = House::open().await?;
    ensure!(house.buys().await?.code() == "00", "an honest answer");
    let manners = [2, 3, 4, 42, 49, 60].map(Manner::Changes);
    let manners = manners.into_iter().chain([3, 4, 42].map(Manner::LeavesOut));
    for manner in manners {
        house.liar.behave(manner);
        let reply = house.buys().await;
        house.liar.behave(Manner::Honest);
        let reply = reply.with_context(|| format!("{manner:?}"))?;
        ensure!(reply.code() == "98", "{manner:?}: {}", reply.code());
        let trace = u64::from(house.terminal.trace());
        until("the reversal", async || {
            Ok(house.liar.reversals().contains(&trace).then_some(()))
        })
        .await?;
    }
    for field in [2, 49, 60] {
        house.liar.behave(Manner::LeavesOut(field));
        ensure!(house.buys().await?.code() == "00", "without field {field}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_frames_are_taken_as_the_sign_of_life_they_are() -> Result<()> {
    let mut house = House::open().await?;
    house.liar.behave(Manner::Beats);
    for _ in 0..3 {
        ensure!(house.buys().await?.code() == "00", "beside a heartbeat");
    }
    house.node.check_alive()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_any_more_is_given_up_and_made_anew() -> Result<()> {
    let mut house = House::open().await?;
    house.liar.behave(Manner::Dumb);
    let first = house.buys().await?;
    ensure!(matches!(first.code(), "98"), "nobody answered: {}", first.code());
    until("a connection that answers", async || {
        Ok((house.buys().await?.code() == "00").then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_control_byte_of_the_host_reaches_a_terminal_or_the_ledger() -> Result<()> {
    let mut house = House::open().await?;
    house.liar.behave(Manner::Rings);
    let reply = house.buys().await?;
    ensure!(reply.code() == "00", "{}", reply.code());
    let is_clean = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    ensure!(
        is_clean(&reply.retrieval_reference) && is_clean(&reply.approval_code),
        "a terminal was sent control bytes"
    );
    let path = format!(
        "/transactions?terminal_id={}",
        house.terminal.identity().terminal_id
    );
    let sale = house.api.get(&path).await?["items"][0].clone();
    for field in ["retrieval_reference", "approval_code"] {
        let text = sale[field].as_str().unwrap_or_default();
        ensure!(is_clean(text), "the ledger has control bytes in {field}");
    }
    Ok(())
}
