//! One frame there, one frame back, for what no well-behaved terminal would send.
//!
//! Invariant: an answer must be a message of the profile.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use iso8583::{Message, Mti, frame, unionpay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::WAIT_MAX;

/// Sends one frame on a connection of its own; type and field 39 of the answer.
///
/// # Errors
/// No answer, or one that cannot be read.
pub async fn ask(gate: SocketAddr, request: &[u8]) -> Result<(Mti, String)> {
    let mut stream = TcpStream::connect(gate).await?;
    stream.write_all(request).await?;
    let len = timeout(WAIT_MAX, stream.read_u16()).await??;
    let mut answer = vec![0; usize::from(len)];
    stream.read_exact(&mut answer).await?;
    let envelope = frame::open(&answer)?;
    let message =
        Message::parse(&unionpay::POS, envelope.message).map_err(|error| anyhow!("the answer: {error}"))?;
    Ok((message.mti(), message.text_str(39).unwrap_or_default().to_owned()))
}
