//! Trying the way to a host: a connection, and nothing on it.
//!
//! Invariant: nothing is sent, so no host is asked what it may not know, and no more is claimed than a connection shows.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use api::setting::Reached;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::CONNECT_TIME_MAX;

/// How long a connection is looked at: one that is not welcome is closed by then.
const LOOK_TIME: Duration = Duration::from_millis(500);

/// Opens a connection, looks whether it is kept, and closes it.
pub fn probe(address: SocketAddr) -> Pin<Box<dyn Future<Output = Reached> + Send>> {
    Box::pin(async move {
        let connected = timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await;
        let Ok(Ok(mut stream)) = connected else {
            return Reached::NotReached;
        };
        let mut first = [0; 1];
        match timeout(LOOK_TIME, stream.read(&mut first)).await {
            Ok(Ok(0) | Err(_)) => Reached::Closed,
            // Whatever it says first, it is there.
            Ok(Ok(_)) | Err(_) => Reached::Kept,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_host_that_keeps_one_that_closes_and_one_that_is_away_are_told_apart() {
        let keeps = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(probe(keeps.local_addr().unwrap()).await, Reached::Kept);
        let closes = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = closes.local_addr().unwrap();
        let closing = tokio::spawn(async move {
            drop(closes.accept().await.unwrap());
            closes
        });
        assert_eq!(probe(address).await, Reached::Closed);
        drop(closing.await.unwrap());
        assert_eq!(probe(address).await, Reached::NotReached);
    }
}
