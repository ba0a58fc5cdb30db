//! A socket whose reader may not stand still for ever.
//!
//! Invariant: a write that can make no progress for longer than the limit is an error, and ends the connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A stream with a limit on standing still while bytes wait to be written.
pub struct Patient<S> {
    stream: S,
    still_max: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// That stream with that limit.
    pub fn new(stream: S, still_max: Duration) -> Self {
        Self {
            stream,
            still_max,
            waiting: None,
        }
    }

    /// Passes on what a write came to, and counts how long it comes to nothing.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let still_max = self.still_max;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(still_max)));
        ready!(waiting.as_mut().poll(context));
        waiting.as_mut().reset(Instant::now() + still_max);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.written(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_ends_the_connection() {
        let (stream, _reader) = duplex(4);
        let mut patient = Patient::new(stream, Duration::from_secs(30));
        let began = Instant::now();
        let error = patient.write_all(b"more than four").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_served() {
        let (stream, mut reader) = duplex(4);
        let mut patient = Patient::new(stream, Duration::from_secs(30));
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(20)).await;
                let mut four = [0; 4];
                reader.read_exact(&mut four).await.unwrap();
                all.extend(four);
            }
            all
        });
        patient.write_all(b"twelve bytes").await.unwrap();
        assert_eq!(reading.await.unwrap(), b"twelve bytes");
    }
}
