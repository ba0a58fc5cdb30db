//! The HTTP server: connections, each with a time to say what it wants.
//!
//! Invariant: the number of connections and the time for a request's head are bounded before the API sees anything.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use node::told;

/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 2_000;
/// Time to send a request's head, and to send the next one on a connection that is kept open.
const HEAD_TIME_MAX: Duration = Duration::from_secs(20);
/// How long requests under way may take once the node stops.
const FINISH_TIME_MAX: Duration = Duration::from_secs(15);

/// Serves until `stop` turns true, then ends what is under way.
pub async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX);
    loop {
        let accepted = tokio::select! {
            biased;
            () = told(&mut stop) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = router.clone().layer(Extension(ConnectInfo(peer)));
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, error, "an HTTP connection ended badly");
            }
            drop(place);
        });
    }
    let _ = tokio::time::timeout(FINISH_TIME_MAX, graceful.shutdown()).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(
    tokio::net::TcpStream,
    SocketAddr,
    tokio::sync::OwnedSemaphorePermit,
)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            // Out of descriptors, most likely: let others close some.
            tracing::warn!(%error, "the API cannot accept");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
