//! One frame there, one frame back, for what no well-behaved terminal would send.
//!
//! Invariant: an answer must be a message of the profile.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use iso8583::{Message, Mti, frame, unionpay};
use simulator::issuer::Card;
use simulator::kind::{EntryMode, Kind};
use simulator::terminal::wire::Ask;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::WAIT_MAX;

/// Sends one frame on a connection of its own; type and field 39 of the answer.
///
/// # Errors
/// No answer, or one that cannot be read.
pub async fn ask(gate: SocketAddr, request: &[u8]) -> Result<(Mti, String)> {
    ask_on(&mut TcpStream::connect(gate).await?, request).await
}

/// Sends one frame and reads the next: type and field 39 of the answer.
///
/// # Errors
/// As [`ask`].
pub async fn ask_on(stream: &mut TcpStream, request: &[u8]) -> Result<(Mti, String)> {
    stream.write_all(request).await?;
    let len = timeout(WAIT_MAX, stream.read_u16()).await??;
    let mut answer = vec![0; usize::from(len)];
    stream.read_exact(&mut answer).await?;
    let envelope = frame::open(&answer)?;
    let message =
        Message::parse(&unionpay::POS, envelope.message).map_err(|error| anyhow!("the answer: {error}"))?;
    Ok((message.mti(), message.text_str(39).unwrap_or_default().to_owned()))
}

/// A purchase by stripe and PIN.
pub fn purchase(trace: u32, amount_minor: u64, card: &Card) -> Ask<'_> {
    Ask {
        kind: Kind::Purchase,
        trace,
        amount_minor,
        card,
        entry_mode: EntryMode::Swipe,
        with_pin: true,
        original: None,
    }
}
