//! The HTTP server: connections, each with a time to say what it wants.
//!
//! HTTP/1 only: a proxy in front may speak what it likes to browsers, and one request at a time per connection is what
//! the limits count.
//!
//! Invariant: the number of connections, the time for a request's head and the time a reader may stand still are bounded
//! before the API sees anything, and none of them can keep a loss report out.

mod patient;
mod places;
pub mod proxy;
pub mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::{Origin, is_report, network, refuse};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1::Builder;
use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use node::{now, told};

use patient::Patient;
use places::{Busy, Limits, Place, Places};
use proxy::Proxies;
use tls::Tls;

const LIMITS: Limits = Limits {
    all: 2_000,
    per_address: 256,
    reports: 64,
};
/// Time to send a request's head, from the connection's start or the last answer's end.
const HEAD_TIME_MAX: Duration = Duration::from_secs(20);
/// Time a reader may take nothing of what waits for it.
const STILL_TIME_MAX: Duration = Duration::from_secs(30);
/// How long requests under way may take once the node stops.
const FINISH_TIME_MAX: Duration = Duration::from_secs(15);

/// Serves until `stop` turns true, then ends what is under way; encrypted, where `tls` says how.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    (proxies, tls): (Proxies, Option<Tls>),
    mut stop: watch::Receiver<bool>,
) {
    let door = Arc::new(Door {
        router: TowerToHyperService::new(router),
        proxies,
        tls,
    });
    let (places, graceful) = (Places::new(LIMITS), GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            biased;
            () = told(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => enter(&door, &places, &graceful, stream, peer),
            Err(error) => {
                // Out of descriptors, most likely.
                tracing::warn!(%error, "the API cannot accept");
                places.shrink();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    let _ = tokio::time::timeout(FINISH_TIME_MAX, graceful.shutdown()).await;
}

/// Serves a connection in a task of its own, if there is a place for it.
fn enter(
    door: &Arc<Door>,
    places: &Arc<Places>,
    graceful: &GracefulShutdown,
    stream: TcpStream,
    peer: SocketAddr,
) {
    let address = (!door.proxies.has(peer.ip())).then(|| network(peer.ip()));
    let Some(place) = places.take(address).map(Arc::new) else {
        return tracing::debug!(%peer, "no place for a connection");
    };
    let _ = stream.set_nodelay(true);
    let (door, watcher) = (door.clone(), graceful.watcher());
    tokio::spawn(async move {
        let guest = place.clone();
        let served = async move {
            match door.tls.clone() {
                None => attend(door, guest, watcher, stream, peer).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => attend(door, guest, watcher, stream, peer).await,
                    Err(error) => tracing::debug!(%peer, %error, "a client did not agree on TLS"),
                },
            }
        };
        tokio::select! {
            () = served => {}
            () = place.given_away() => tracing::debug!(%peer, "an HTTP connection gave way to another"),
        }
    });
}

/// Answers what comes on a connection, to its end.
async fn attend<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    door: Arc<Door>,
    guest: Arc<Place>,
    watcher: Watcher,
    stream: S,
    peer: SocketAddr,
) {
    let service = hyper::service::service_fn(move |request| {
        let (door, guest) = (door.clone(), guest.clone());
        async move { Ok::<_, Infallible>(door.answer(&guest, peer, request).await) }
    });
    let io = TokioIo::new(Patient::new(stream, STILL_TIME_MAX));
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .serve_connection(io, service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "an HTTP connection ended badly");
    }
}

/// What every connection leads to.
struct Door {
    router: TowerToHyperService<Router>,
    proxies: Proxies,
    tls: Option<Tls>,
}

impl Door {
    async fn answer(
        &self,
        place: &Arc<Place>,
        peer: SocketAddr,
        mut request: Request<Incoming>,
    ) -> Response<Answer> {
        let busy = place.busy();
        let response = match place.only_reports && !is_report(request.method(), request.uri().path()) {
            true => {
                let mut refused = refuse(request.headers());
                let close = HeaderValue::from_static("close");
                refused.headers_mut().insert(header::CONNECTION, close);
                refused
            }
            false => {
                let address = self.proxies.speaker(peer.ip(), request.headers());
                let origin = Origin::new(address, place.has_session.clone());
                request.extensions_mut().insert(origin);
                let is_read = Arc::new(AtomicBool::new(request.body().is_end_stream()));
                let request = request.map(|body| Asked {
                    body,
                    is_read: is_read.clone(),
                });
                let answered = self.router.call(request).await;
                let mut answered = answered.unwrap_or_else(|never| match never {});
                if !is_read.load(Ordering::Acquire) {
                    // What was not read stands in the way of the next request: the client hears that before it asks again here.
                    let close = HeaderValue::from_static("close");
                    answered.headers_mut().insert(header::CONNECTION, close);
                }
                answered
            }
        };
        let mut response = response.map(|body| Answer { body, _busy: busy });
        if let Some(date) = date() {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }
}

/// The present as an answer's head tells it (RFC 9110 5.6.7), by the clock of all other times in it: pages count by this.
fn date() -> Option<HeaderValue> {
    let present = jiff::Timestamp::from_millisecond(now().0).ok()?;
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    let text = printer.timestamp_to_rfc9110_string(&present).ok()?;
    HeaderValue::from_str(&text).ok()
}

/// A request's body, and whether it was read to its end.
struct Asked {
    body: Incoming,
    is_read: Arc<AtomicBool>,
}

impl hyper::body::Body for Asked {
    type Data = axum::body::Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = std::pin::Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, std::task::Poll::Ready(None)) || self.body.is_end_stream() {
            self.is_read.store(true, Ordering::Release);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, during which its connection is busy.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl hyper::body::Body for Answer {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        std::pin::Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Whether the answer to a request says that the connection ends.
    async fn closes(address: SocketAddr, request: &str) -> bool {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        head.contains("connection: close")
    }

    #[tokio::test]
    async fn a_connection_whose_request_was_not_read_to_its_end_closes() {
        let router = Router::new()
            .route(
                "/read",
                post(|body: String| async move { body }).get(|| async { "" }),
            )
            .route("/refused", post(|| async { StatusCode::UNAUTHORIZED }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, router, (Proxies::new(Vec::new()), None), stopped));
        let ask = |path: &str, length: usize, body: &str| {
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
        };
        for (request, expected) in [
            (ask("/read", 5, "whole"), false),
            (ask("/read", 0, ""), false),
            ("GET /read HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), false),
            (ask("/refused", 0, ""), false),
            (ask("/refused", 5, "whole"), true),
            (ask("/refused", 50_000, "its beginning"), true),
        ] {
            assert_eq!(closes(address, &request).await, expected, "{request}");
        }
    }
}
