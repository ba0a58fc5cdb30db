//! A terminal's TCP connection: one request, then its answer, within a time.
//!
//! Invariant: an answer is only ever given to the request it matches; late answers to earlier requests are dropped.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use iso8583::frame;
use iso8583::mac::MacKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::wire::{self, Mismatch};
use super::{Error, Reply};

const FRAME_BYTES_MAX: usize = 4_096;
/// Answers to earlier requests that are passed over while waiting for one.
const LATE_MAX: usize = 64;

pub(super) struct Link {
    stream: TcpStream,
    input: Vec<u8>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({} bytes read)", self.input.len())
    }
}

impl Link {
    pub async fn connect(addr: SocketAddr, wait: Duration) -> Result<Link, Error> {
        let stream = timeout(wait, TcpStream::connect(addr))
            .await
            .map_err(|_| Error::Timeout)??;
        stream.set_nodelay(true)?;
        Ok(Link {
            stream,
            input: Vec::with_capacity(1_024),
        })
    }

    /// Sends `request` and waits for its answer.
    pub async fn exchange(
        &mut self,
        request: &[u8],
        mac_key: Option<&MacKey>,
        wait: Duration,
    ) -> Result<Reply, Error> {
        timeout(wait, self.converse(request, mac_key))
            .await
            .map_err(|_| Error::Timeout)?
    }

    async fn converse(&mut self, request: &[u8], mac_key: Option<&MacKey>) -> Result<Reply, Error> {
        self.stream.write_all(request).await?;
        for _ in 0..LATE_MAX {
            let bytes = self.fill().await?;
            let answered = wire::check(request, &self.input[2..bytes], mac_key);
            self.input.drain(..bytes);
            match answered {
                Err(Mismatch::Type | Mismatch::Field(11)) => {}
                other => return other.map_err(Error::BadAnswer),
            }
        }
        Err(Error::BadAnswer(Mismatch::Field(11)))
    }

    /// Reads until a whole frame stands at the beginning of `input`; how many bytes it takes with its length.
    async fn fill(&mut self) -> Result<usize, Error> {
        loop {
            match frame::split(&self.input, FRAME_BYTES_MAX) {
                Err(_) => return Err(Error::BadAnswer(Mismatch::Unreadable)),
                Ok(Some((bytes, _))) => return Ok(bytes),
                Ok(None) => {}
            }
            self.input.reserve(1_024);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(Error::Closed);
            }
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                Error::Closed
            }
            kind => Error::Network(kind),
        }
    }
}
