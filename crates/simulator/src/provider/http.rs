//! One request on one connection, and its answer, with the fault in force.
//!
//! Invariant: heads and bodies are bounded.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::brand::{self, Reply};
use super::{Fault, Shared};

const HEAD_BYTES_MAX: u64 = 16 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What was asked.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    /// Behind the `?`.
    pub(crate) query: String,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads a request, does what it asks, answers as the fault wants it.
pub(super) async fn run(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await? else {
        return stream
            .get_mut()
            .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            .await;
    };
    let what = format!("{} {}", request.method, request.path);
    // Whoever waits for the request may change the faults: its own is drawn before.
    let place = shared.books().read(what);
    let fault = shared.strikes(place);
    shared.tell();
    let reply = match &fault {
        Some(Fault::Drops) => return Ok(()),
        Some(Fault::Deaf) => return std::future::pending().await,
        Some(Fault::Says(status)) => brand::error(shared.brand, *status),
        Some(Fault::Busy(_)) => brand::error(shared.brand, 429),
        Some(Fault::Lies) => brand::lie(shared.brand, &request),
        Some(Fault::Other) => brand::with_another(&brand::answer(shared, &request)),
        _ => brand::answer(shared, &request),
    };
    tokio::time::sleep(Duration::from_millis(shared.faults.get().delay_ms)).await;
    let stream = stream.get_mut();
    match fault {
        Some(Fault::Silent) => return std::future::pending().await,
        Some(Fault::Closes) => return Ok(()),
        Some(Fault::Busy(after)) => write(stream, &reply, &format!("retry-after: {after}\r\n")).await?,
        Some(Fault::Redirects) => {
            let elsewhere = Reply {
                status: 307,
                body: String::new(),
            };
            write(stream, &elsewhere, "location: http://127.0.0.1:1/elsewhere\r\n").await?;
        }
        Some(Fault::Garbled) => {
            write(
                stream,
                &Reply {
                    body: "<html>{".to_owned(),
                    ..reply
                },
                "",
            )
            .await?
        }
        Some(Fault::Endless) => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
                .await?;
            loop {
                stream.write_all(&[b' '; 16 * 1024]).await?;
            }
        }
        Some(Fault::Twice) => {
            write(stream, &reply, "").await?;
            write(stream, &reply, "").await?;
        }
        _ => write(stream, &reply, "").await?,
    }
    shared.books().answered(place);
    shared.tell();
    stream.shutdown().await
}

async fn write(stream: &mut TcpStream, reply: &Reply, headers: &str) -> io::Result<()> {
    let Reply { status, body } = reply;
    let kind = if *status < 400 {
        "application/json"
    } else {
        "application/problem+json"
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} .\r\ncontent-type: {kind}\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

/// `None` for what is no request.
pub(crate) async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    let mut head = stream.take(HEAD_BYTES_MAX);
    loop {
        let mut line = String::new();
        if head.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(' ').map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let headers: Vec<_> = lines
        .filter_map(|line| {
            line.split_once(':')
                .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    if length > BODY_BYTES_MAX {
        return Ok(None);
    }
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}
