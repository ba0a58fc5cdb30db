//! A TCP proxy in the test's own process, whose faults are set while it runs: for what is open and for what comes.
//!
//! Invariant: it changes, repeats and reorders no byte, and holds at most one buffer of each direction of each connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Connections at once; more are closed at once.
const CONNECTIONS_MAX: usize = 512;
const BUFFER_BYTES: usize = 16 * 1024;

/// What passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passes {
    Everything,
    /// What the side that connected sends; nothing comes back.
    Requests,
    Nothing,
    /// Not even a connection.
    NoConnection,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

#[derive(Debug, Clone, Copy)]
struct Faults {
    passes: Passes,
    delay: Duration,
    /// Counted, so that a cut that was healed at once still ends what was open.
    cuts: u64,
    /// From the first request with this word in it, answers are held back.
    until: Option<&'static [u8]>,
}

impl Faults {
    fn passes(&self, way: Way) -> bool {
        match self.passes {
            Passes::Everything => true,
            Passes::Requests => way == Way::There,
            Passes::Nothing | Passes::NoConnection => false,
        }
    }
}

/// A running proxy. Dropping it ends it and every connection through it.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    faults: Arc<watch::Sender<Faults>>,
    withheld: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Proxy {
    /// Listens on a free port of the loopback address and passes everything on to `to`.
    ///
    /// # Errors
    /// It cannot listen.
    pub async fn start(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("the proxy's port")?;
        let faults = Arc::new(watch::Sender::new(Faults {
            passes: Passes::Everything,
            delay: Duration::ZERO,
            cuts: 0,
            until: None,
        }));
        let (withheld, open) = (Arc::default(), Arc::default());
        let connection = Connection {
            to,
            faults: Arc::clone(&faults),
            withheld: Arc::clone(&withheld),
            open: Arc::clone(&open),
        };
        Ok(Self {
            addr: listener.local_addr()?,
            faults,
            withheld,
            open,
            task: tokio::spawn(accept(listener, connection)).abort_handle(),
        })
    }

    /// Where to connect to instead.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// An address that leads to the same database through this proxy; it must name one host, with its port.
    pub fn url(&self, url: &str) -> String {
        let Some((before, after)) = url.split_once('@') else {
            return url.to_owned();
        };
        let path = after.find('/').map_or("", |at| &after[at..]);
        format!("{before}@{}{path}", self.addr)
    }

    /// Resets every connection, and every one that comes until [`Proxy::heal`].
    pub fn cut(&self) {
        self.faults.send_modify(|faults| {
            faults.passes = Passes::NoConnection;
            faults.cuts += 1;
        });
    }

    /// Takes connections and bytes, passes nothing on, and closes nothing: a cable is out.
    pub fn stall(&self) {
        self.let_pass(Passes::Nothing);
    }

    /// Passes requests on, but no answers: what was asked for is done, and nobody hears of it.
    pub fn withhold_answers(&self) {
        self.let_pass(Passes::Requests);
    }

    /// The same from the next request on that says `word`, whose own answer is the first to be held back.
    pub fn withhold_answers_from(&self, word: &'static [u8]) {
        self.faults.send_modify(|faults| faults.until = Some(word));
    }

    /// Each piece of data waits so long, each way.
    pub fn delay(&self, delay_ms: u64) {
        self.faults
            .send_modify(|faults| faults.delay = Duration::from_millis(delay_ms));
    }

    /// No faults any more. What was held back now arrives, late; after [`Proxy::cut`] it is gone.
    pub fn heal(&self) {
        self.delay(0);
        self.let_pass(Passes::Everything);
    }

    /// On how many connections an answer is held back now.
    pub fn withheld(&self) -> usize {
        self.withheld.load(Ordering::Relaxed)
    }

    /// How many connections are open through it.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn let_pass(&self, passes: Passes) {
        self.faults.send_modify(|faults| {
            faults.passes = passes;
            faults.until = None;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, connection: Connection) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(connection.clone().run(stream));
                }
                Ok(_) => {}
                // Out of descriptors: let others close some.
                Err(_) => tokio::task::yield_now().await,
            },
        }
    }
}

/// One more while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone)]
struct Connection {
    to: SocketAddr,
    faults: Arc<watch::Sender<Faults>>,
    withheld: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Connection {
    async fn run(self, mut near: TcpStream) {
        let _open = Counted::new(&self.open);
        let (mut faults, mut far) = (self.faults.subscribe(), None);
        let now = *faults.borrow_and_update();
        let is_cut = now.passes == Passes::NoConnection || {
            tokio::select! {
                biased;
                _ = faults.wait_for(|faults| faults.cuts != now.cuts) => true,
                _ = self.forward(&mut near, &mut far) => false,
            }
        };
        if is_cut {
            // With no time to linger, closing is a reset.
            let _ = near.set_zero_linger();
            let _ = far.map(|far| far.set_zero_linger());
        }
    }

    async fn forward(&self, near: &mut TcpStream, far: &mut Option<TcpStream>) -> io::Result<()> {
        self.pass(Way::There).await;
        let far = far.insert(TcpStream::connect(self.to).await?);
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (near_reads, near_writes) = near.split();
        let (far_reads, far_writes) = far.split();
        tokio::try_join!(
            self.pump(near_reads, far_writes, Way::There),
            self.pump(far_reads, near_writes, Way::Back)
        )?;
        Ok(())
    }

    async fn pump(&self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, way: Way) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let bytes = from.read(&mut buffer).await?;
            let delay = self.faults.borrow().delay;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            self.pass(way).await;
            if bytes == 0 {
                return to.shutdown().await;
            }
            self.listen(way, &buffer[..bytes]);
            to.write_all(&buffer[..bytes]).await?;
        }
    }

    /// Listens for the word from which on answers are held back.
    fn listen(&self, way: Way, bytes: &[u8]) {
        let until = self.faults.borrow().until;
        let Some(word) = until.filter(|_| way == Way::There) else {
            return;
        };
        if bytes.windows(word.len()).any(|window| window == word) {
            self.faults.send_modify(|faults| {
                // Another connection may have said it first, and been healed since.
                if faults.until.take().is_some() {
                    faults.passes = Passes::Requests;
                }
            });
        }
    }

    /// Waits until this way is open.
    async fn pass(&self, way: Way) {
        let mut faults = self.faults.subscribe();
        if faults.borrow().passes(way) {
            return;
        }
        let _withheld = (way == Way::Back).then(|| Counted::new(&self.withheld));
        // An error means that the proxy is gone, and this task with it.
        let _ = faults.wait_for(|faults| faults.passes(way)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::until;

    /// Says back what it hears, and counts it.
    async fn echo() -> Result<(SocketAddr, Arc<AtomicUsize>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (addr, heard) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let counted = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let heard = counted.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 256];
                    while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
                        heard.fetch_add(bytes, Ordering::Relaxed);
                        if stream.write_all(&buffer[..bytes]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Ok((addr, heard))
    }

    async fn says(stream: &mut TcpStream, word: &[u8; 4]) -> io::Result<()> {
        stream.write_all(word).await?;
        hears(stream, word).await
    }

    async fn hears(stream: &mut TcpStream, word: &[u8; 4]) -> io::Result<()> {
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        assert_eq!(&answer, word);
        Ok(())
    }

    #[tokio::test]
    async fn a_cut_resets_what_is_open_and_what_comes_until_it_is_healed() -> Result<()> {
        let (echo, _) = echo().await?;
        let proxy = Proxy::start(echo).await?;
        let mut open = TcpStream::connect(proxy.addr()).await?;
        says(&mut open, b"open").await?;
        proxy.cut();
        let cut = hears(&mut open, b"....").await.unwrap_err();
        assert_eq!(cut.kind(), ErrorKind::ConnectionReset);
        let mut later = TcpStream::connect(proxy.addr()).await?;
        assert!(says(&mut later, b"late").await.is_err());
        proxy.heal();
        says(&mut TcpStream::connect(proxy.addr()).await?, b"back").await?;
        assert!(
            says(&mut open, b"open").await.is_err(),
            "a cut connection came back"
        );
        Ok(())
    }

    #[tokio::test]
    async fn a_cut_that_is_healed_at_once_still_ends_what_was_open() -> Result<()> {
        let (echo, _) = echo().await?;
        let proxy = Proxy::start(echo).await?;
        let mut open = TcpStream::connect(proxy.addr()).await?;
        says(&mut open, b"open").await?;
        proxy.cut();
        proxy.heal();
        assert!(says(&mut open, b"more").await.is_err());
        until("the connection to be closed", async || {
            Ok((proxy.open() == 0).then_some(()))
        })
        .await
    }

    #[tokio::test]
    async fn a_stall_passes_nothing_and_loses_nothing() -> Result<()> {
        let (echo, heard) = echo().await?;
        let proxy = Proxy::start(echo).await?;
        let mut open = TcpStream::connect(proxy.addr()).await?;
        says(&mut open, b"open").await?;
        proxy.stall();
        let mut new = TcpStream::connect(proxy.addr()).await?;
        open.write_all(b"late").await?;
        new.write_all(b"also").await?;
        until("both connections", async || Ok((proxy.open() == 2).then_some(()))).await?;
        assert_eq!(heard.load(Ordering::Relaxed), 4, "something went through");
        proxy.heal();
        hears(&mut open, b"late").await?;
        hears(&mut new, b"also").await?;
        Ok(())
    }

    #[tokio::test]
    async fn requests_go_through_while_answers_are_withheld() -> Result<()> {
        let (echo, heard) = echo().await?;
        let proxy = Proxy::start(echo).await?;
        let mut open = TcpStream::connect(proxy.addr()).await?;
        proxy.withhold_answers();
        open.write_all(b"once").await?;
        until("the answer to be held back", async || {
            Ok((proxy.withheld() == 1).then_some(()))
        })
        .await?;
        assert_eq!(heard.load(Ordering::Relaxed), 4);
        let nothing = open.try_read(&mut [0; 4]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        proxy.cut();
        proxy.heal();
        assert!(
            hears(&mut open, b"once").await.is_err(),
            "the answer came after all"
        );
        Ok(())
    }

    #[tokio::test]
    async fn answers_are_held_back_from_the_one_to_a_word() -> Result<()> {
        let (echo, _) = echo().await?;
        let proxy = Proxy::start(echo).await?;
        let mut open = TcpStream::connect(proxy.addr()).await?;
        proxy.withhold_answers_from(b"last");
        says(&mut open, b"once").await?;
        open.write_all(b"last").await?;
        until("the answer to be held back", async || {
            Ok((proxy.withheld() == 1).then_some(()))
        })
        .await?;
        proxy.heal();
        hears(&mut open, b"last").await?;
        says(&mut open, b"last").await?;
        Ok(())
    }

    #[tokio::test]
    async fn a_delay_counts_each_way() -> Result<()> {
        let (echo, _) = echo().await?;
        let proxy = Proxy::start(echo).await?;
        let mut open = TcpStream::connect(proxy.addr()).await?;
        proxy.delay(30);
        let began = tokio::time::Instant::now();
        says(&mut open, b"slow").await?;
        assert!(
            began.elapsed() >= Duration::from_millis(60),
            "{:?}",
            began.elapsed()
        );
        Ok(())
    }
}
