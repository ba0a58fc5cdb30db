//! A gate for tests: it lets every terminal sign in and answers every request with the code it was told to.
//!
//! All terminals share one master key and get the same working keys.
//! Invariant: it decides nothing; what it is told is what it answers.

use std::net::SocketAddr;
use std::sync::Arc;

use iso8583::frame;
use iso8583::keys::{KeyLayout, MasterKey, WorkingKeys, write_field62};
use iso8583::mac::{Algorithm, MacKey};
use iso8583::{Message, Writer, unionpay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub const MASTER_KEY: [u8; 16] = [0x5B; 16];
const MAC_KEY: [u8; 8] = [0x2C; 8];

/// The orders of the gate and what it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Answered to sign-ins.
    pub sign_in_code: [u8; 2],
    /// Answered to everything else.
    pub code: [u8; 2],
    /// Close instead of answering this many transactions more.
    pub closes: u32,
    pub sign_ins: u32,
    pub transactions: u32,
    pub reversals: u32,
    pub connections_open: u32,
}

pub struct ToyGate {
    pub addr: SocketAddr,
    pub state: Arc<watch::Sender<State>>,
}

impl ToyGate {
    pub async fn start() -> ToyGate {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let fresh = State {
            sign_in_code: *b"00",
            code: *b"00",
            closes: 0,
            sign_ins: 0,
            transactions: 0,
            reversals: 0,
            connections_open: 0,
        };
        let state = Arc::new(watch::Sender::new(fresh));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move {
                    shared.send_modify(|state| state.connections_open += 1);
                    serve(stream, &shared).await;
                    shared.send_modify(|state| state.connections_open -= 1);
                });
            }
        });
        ToyGate { addr, state }
    }

    /// Waits until the gate has seen what `enough` asks for.
    pub async fn seen(&self, enough: impl FnMut(&State) -> bool) {
        self.state.subscribe().wait_for(enough).await.unwrap();
    }
}

async fn serve(mut stream: TcpStream, state: &watch::Sender<State>) -> Option<()> {
    let key = MacKey::new(Algorithm::UnionPayEcb, &MAC_KEY).ok()?;
    loop {
        let bytes = stream.read_u16().await.ok()?;
        let mut input = vec![0; bytes.into()];
        stream.read_exact(&mut input).await.ok()?;
        let envelope = frame::open(&input).ok()?;
        let message = Message::parse(&unionpay::POS, envelope.message).ok()?;
        let mti = message.mti().0;
        let mut close = false;
        state.send_modify(|state| match mti {
            0x0800 => state.sign_ins += 1,
            0x0400 => state.reversals += 1,
            _ => {
                state.transactions += 1;
                close = state.closes > 0;
                state.closes = state.closes.saturating_sub(1);
            }
        });
        if close {
            return None;
        }
        let mut out = Vec::new();
        let answer = answer(&message, *state.borrow(), &key);
        frame::write(&mut out, envelope.tpdu.swapped(), envelope.header, &answer).ok()?;
        stream.write_all(&out).await.ok()?;
    }
}

fn answer(message: &Message<'_>, state: State, key: &MacKey) -> Vec<u8> {
    let mut writer = Writer::new(&unionpay::POS);
    writer.begin(message.mti().response()).number(13, 1122);
    for field in [3, 4, 11, 41, 42, 48] {
        writer.copy(field, message);
    }
    if message.mti().0 != 0x0800 {
        writer
            .text(37, b"150122000001")
            .text(38, b"387661")
            .text(39, &state.code)
            .copy(60, message);
        return writer.finish_with_mac(key).unwrap().to_vec();
    }
    let master = MasterKey::new(&MASTER_KEY).unwrap();
    let keys = WorkingKeys {
        pin: vec![0x3D; 16].into(),
        mac: MAC_KEY.to_vec().into(),
        track: None,
    };
    let field62 = write_field62(KeyLayout::Double, &keys, &master).unwrap();
    let field60 = unionpay::write_field60(0, 12, Some(3));
    writer
        .text(39, &state.sign_in_code)
        .digits(60, &field60)
        .bytes(62, &field62);
    writer.finish().unwrap().to_vec()
}
