//! The bytes between us and a mail server, counted.
//!
//! Before the connection is encrypted it is read byte by byte, so that nothing that came in clear can wait in a buffer and be
//! taken later for what came encrypted: otherwise somebody on the way could answer in the server's place.
//!
//! Invariant: no server makes us read more than [`READ_BYTES_MAX`].

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What a whole session may bring: replies are short.
const READ_BYTES_MAX: usize = 256 * 1024;
const PART_BYTES_MAX: usize = 16 * 1024;
/// The first byte of what TLS sends; no command of SMTP begins with it.
const HANDSHAKE: u8 = 0x16;

/// A connection, encrypted or not.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    peer: Option<SocketAddr>,
    may_read: usize,
    by_byte: bool,
}

impl Wire<TcpStream> {
    /// One that may be encrypted later.
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self {
            peer: stream.peer_addr().ok(),
            stream,
            may_read: READ_BYTES_MAX,
            by_byte: true,
        }
    }
}

impl Wire<TlsStream<TcpStream>> {
    /// One that is encrypted already.
    pub(super) fn encrypted(stream: TlsStream<TcpStream>) -> Self {
        Self {
            peer: stream.get_ref().0.peer_addr().ok(),
            stream,
            may_read: READ_BYTES_MAX,
            by_byte: false,
        }
    }
}

impl<S> AsyncTokioStream for Wire<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.may_read == 0 {
            return Poll::Ready(Err(io::Error::other("the mail server says too much")));
        }
        let wanted = if self.by_byte { 1 } else { PART_BYTES_MAX };
        let room = wanted.min(self.may_read).min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buffer.advance(read);
        self.may_read -= read;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.first() == Some(&HANDSHAKE) {
            self.by_byte = false;
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
