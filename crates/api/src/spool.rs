//! A file on its way in, or a pack on its way out: from its beginning to its end, in sealed pieces in a file that has no name.
//!
//! Invariant: nothing of it lies on a disk in clear, and nothing of it is left when this process ends, however it ends; no writer of
//! the store waits for whoever sends it.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use domain::attachment::FILE_LEN_MAX;
use node::Node;
use node::seal::{Purpose, Sealer};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use zeroize::Zeroizing;

use crate::edge::{BODY_TIME_MAX, UPLOAD_TIME_MAX};
use crate::problem::{Problem, code};

/// What one row, and one transaction, holds of a file.
pub const PIECE_LEN: usize = 256 << 10;
/// So much of its beginning is kept at hand: what it is shows there.
const HEAD_LEN: usize = 32;

/// A whole file in sealed pieces.
pub struct Spool {
    file: Arc<File>,
    sealer: Sealer,
    attachment_id: String,
    /// Where each piece ends.
    ends: Vec<u64>,
    /// Its length, bytes.
    pub len: i64,
    /// Its SHA-256.
    pub sha256: Vec<u8>,
    /// Its beginning.
    pub head: Vec<u8>,
}

/// Whose a piece is when it is sealed.
fn owner(attachment_id: &str, number: i64) -> String {
    format!("{attachment_id}.{number}")
}

/// Opens a piece of a file.
pub fn opened(
    sealer: &Sealer,
    attachment_id: &str,
    number: i64,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let opened = sealer.open(Purpose::Attachment, &owner(attachment_id, number), sealed);
    opened.map_err(|error| Problem::internal(&error))
}

impl Spool {
    /// Takes a body in, as long as it comes on: a part within [`BODY_TIME_MAX`] each, all of it within [`UPLOAD_TIME_MAX`].
    pub async fn take_in(
        (node, folder): (&Arc<Node>, &Path),
        attachment_id: &str,
        body: Body,
    ) -> Result<Self, Problem> {
        let mut filling = Filling::new(node, folder, attachment_id, FILE_LEN_MAX)?;
        let slow = || Problem::new(code::BODY_TOO_SLOW);
        let mut parts = body.into_data_stream();
        let read = async {
            while let Some(part) = within(BODY_TIME_MAX, parts.next()).await.ok_or_else(slow)? {
                let part = part.map_err(|_| Problem::new(code::MALFORMED_REQUEST))?;
                filling.add(&part).await?;
            }
            filling.end().await
        };
        within(UPLOAD_TIME_MAX, read).await.unwrap_or_else(|| Err(slow()))
    }

    /// The same of bytes that are here.
    pub async fn of(
        (node, folder): (&Arc<Node>, &Path),
        attachment_id: &str,
        bytes: &[u8],
    ) -> Result<Self, Problem> {
        let mut filling = Filling::new(node, folder, attachment_id, FILE_LEN_MAX)?;
        for part in bytes.chunks(PIECE_LEN) {
            filling.add(part).await?;
        }
        filling.end().await
    }

    /// How many pieces it has.
    pub fn piece_count(&self) -> i64 {
        self.ends.len() as i64
    }

    /// A piece as it is sealed; they are numbered from 0.
    pub async fn piece(&self, number: i64) -> Result<Vec<u8>, Problem> {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        let start = at
            .checked_sub(1)
            .map_or(Some(0), |before| self.ends.get(before).copied());
        let (Some(start), Some(end)) = (start, self.ends.get(at).copied()) else {
            return Err(Problem::internal(&"a piece that is not there"));
        };
        let file = self.file.clone();
        blocking(move || {
            let mut sealed = vec![0; usize::try_from(end - start).unwrap_or_default()];
            file.read_exact_at(&mut sealed, start)?;
            Ok(sealed)
        })
        .await
    }

    /// The same opened.
    pub async fn opened(&self, number: i64) -> Result<Zeroizing<Vec<u8>>, Problem> {
        opened(
            &self.sealer,
            &self.attachment_id,
            number,
            &self.piece(number).await?,
        )
    }

    /// All of it, opened.
    pub async fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(self.len).unwrap_or_default()));
        for number in 0..self.piece_count() {
            bytes.extend_from_slice(&self.opened(number).await?);
        }
        Ok(bytes)
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    timeout(time, work).await.ok()
}

/// Does what waits for a disk where waiting is no harm.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| Problem::internal(&error)),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// One that is not whole yet. Where waiting for a disk is no harm, it is written to like a file.
pub struct Filling {
    spool: Spool,
    len_max: i64,
    digest: Sha256,
    /// What is not sealed yet.
    piece: Zeroizing<Vec<u8>>,
}

impl Filling {
    /// An empty one, of so many bytes at most.
    pub fn new(node: &Arc<Node>, folder: &Path, attachment_id: &str, len_max: i64) -> Result<Self, Problem> {
        let file = tempfile::tempfile_in(folder).map_err(|error| Problem::internal(&error))?;
        Ok(Self {
            spool: Spool {
                file: Arc::new(file),
                sealer: node.sealer.clone(),
                attachment_id: attachment_id.to_owned(),
                ends: Vec::new(),
                len: 0,
                sha256: Vec::new(),
                head: Vec::new(),
            },
            len_max,
            digest: Sha256::new(),
            piece: Zeroizing::new(Vec::with_capacity(PIECE_LEN)),
        })
    }

    async fn add(&mut self, mut part: &[u8]) -> Result<(), Problem> {
        while !part.is_empty() {
            let now = self
                .taken(part)
                .ok_or_else(|| Problem::new(code::BODY_TOO_LARGE))?;
            part = &part[now..];
            if self.piece.len() == PIECE_LEN {
                let len = blocking(self.sealing()).await?;
                self.sealed(len);
            }
        }
        Ok(())
    }

    /// Takes as much of a part as its piece has room for; answers how much, nothing where it would be too long.
    fn taken(&mut self, part: &[u8]) -> Option<usize> {
        let part = &part[..part.len().min(PIECE_LEN - self.piece.len())];
        let spool = &mut self.spool;
        spool.len += part.len() as i64;
        if spool.len > self.len_max {
            return None;
        }
        self.digest.update(part);
        let wanted = HEAD_LEN.saturating_sub(spool.head.len()).min(part.len());
        spool.head.extend_from_slice(&part[..wanted]);
        self.piece.extend_from_slice(part);
        Some(part.len())
    }

    /// Seals the piece and writes it, wherever that is done; answers how long it has become.
    fn sealing(&mut self) -> impl FnOnce() -> io::Result<u64> + Send + 'static {
        let spool = &self.spool;
        let owner = owner(&spool.attachment_id, spool.piece_count());
        let start = spool.ends.last().copied().unwrap_or_default();
        let (file, sealer) = (spool.file.clone(), spool.sealer.clone());
        let piece = std::mem::replace(&mut self.piece, Zeroizing::new(Vec::with_capacity(PIECE_LEN)));
        move || {
            let sealed = sealer.seal(Purpose::Attachment, &owner, &piece);
            let sealed = sealed.map_err(io::Error::other)?;
            file.write_all_at(&sealed, start)?;
            Ok(sealed.len() as u64)
        }
    }

    fn sealed(&mut self, len: u64) {
        let start = self.spool.ends.last().copied().unwrap_or_default();
        self.spool.ends.push(start + len);
    }

    async fn end(mut self) -> Result<Spool, Problem> {
        if !self.piece.is_empty() {
            let len = blocking(self.sealing()).await?;
            self.sealed(len);
        }
        Ok(self.ended())
    }

    /// The same where waiting for a disk is no harm.
    pub fn end_here(mut self) -> io::Result<Spool> {
        self.flush()?;
        Ok(self.ended())
    }

    fn ended(mut self) -> Spool {
        self.spool.sha256 = self.digest.finalize().to_vec();
        self.spool
    }
}

impl Write for Filling {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let taken = self.taken(part).ok_or(io::ErrorKind::FileTooLarge)?;
        if self.piece.len() == PIECE_LEN {
            let len = self.sealing()()?;
            self.sealed(len);
        }
        Ok(taken)
    }

    /// Only once, at its end: a piece that is not full is its last.
    fn flush(&mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            let len = self.sealing()()?;
            self.sealed(len);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;
    use crate::problem::Code;

    fn node(folder: &Path) -> Arc<Node> {
        let store = store::Store::open(&folder.join("store.db"), Arc::new(node::now)).unwrap();
        Node::new("node-1".into(), store, Sealer::new(&[7; 32])).unwrap()
    }

    async fn taken(node: &Arc<Node>, folder: &Path, body: Body) -> Result<Spool, Code> {
        let spool = Spool::take_in((node, folder), "F1", body).await;
        spool.map_err(|problem| problem.code)
    }

    #[tokio::test]
    async fn what_came_in_comes_out_and_lies_nowhere_in_clear() {
        let folder = tempfile::tempdir().unwrap();
        let node = node(folder.path());
        let sent: Vec<u8> = b"the receipt of the police "
            .iter()
            .copied()
            .cycle()
            .take(PIECE_LEN * 2 + 17)
            .collect();
        let parts: Vec<_> = sent
            .chunks(100_003)
            .map(|part| Ok::<_, io::Error>(Bytes::copy_from_slice(part)))
            .collect();
        let body = Body::from_stream(tokio_stream::iter(parts));
        let spool = taken(&node, folder.path(), body).await.unwrap();
        assert_eq!((spool.len, spool.piece_count()), (sent.len() as i64, 3));
        assert_eq!(spool.sha256, Sha256::digest(&sent).to_vec());
        assert_eq!(&spool.bytes().await.unwrap()[..], &sent[..]);
        let piece = spool.piece(1).await.unwrap();
        assert!(!piece.windows(11).any(|window| window == b"the receipt"));
        // Each piece opens in its own place alone.
        assert!(opened(&node.sealer, "F1", 0, &piece).is_err());
        assert!(opened(&node.sealer, "F2", 1, &piece).is_err());
        let names = std::fs::read_dir(folder.path()).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert!(
            names
                .iter()
                .all(|name| name.to_str().unwrap().starts_with("store.db")),
            "{names:?}"
        );
    }

    #[tokio::test]
    async fn more_than_a_file_may_have_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let node = node(folder.path());
        let part = || Ok::<_, io::Error>(Bytes::from(vec![b'a'; 1 << 20]));
        let many = std::iter::repeat_with(part).take(21);
        let refused = taken(&node, folder.path(), Body::from_stream(tokio_stream::iter(many))).await;
        assert_eq!(refused.err(), Some(code::BODY_TOO_LARGE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_or_crawls_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let node = node(folder.path());
        let begun = tokio_stream::once(Ok::<_, io::Error>(Bytes::from_static(b"%PDF-")));
        let silent = Body::from_stream(begun.chain(tokio_stream::pending()));
        assert_eq!(
            taken(&node, folder.path(), silent).await.err(),
            Some(code::BODY_TOO_SLOW)
        );
        let byte = || Ok::<_, io::Error>(Bytes::from_static(b"a"));
        let crawling = tokio_stream::iter(std::iter::repeat_with(byte)).throttle(BODY_TIME_MAX / 2);
        let began = tokio::time::Instant::now();
        let crawling = taken(&node, folder.path(), Body::from_stream(Box::pin(crawling))).await;
        assert_eq!(crawling.err(), Some(code::BODY_TOO_SLOW));
        assert_eq!(began.elapsed(), UPLOAD_TIME_MAX);
    }
}
