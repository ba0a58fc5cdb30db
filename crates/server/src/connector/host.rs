//! The acquirer host, over ISO 8583 on one TCP connection that carries many requests at once.
//!
//! Requests keep the terminal's own fields; the PIN block is translated from the terminal's key to the zone's, and the
//! MAC is the zone's. An answer finds its request by terminal, trace and message type, and is its answer only when all that
//! comes back is as it was asked ([`HostProfile`]).
//!
//! Invariant: a request is reported as not sent only when no byte of it can have left this process; no answer to one request
//! is given to another.

mod echo;
mod probe;
mod waiting;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::TerminalId;
use domain::transaction::{HostOutcome, ResponseCode, Verdict};
use iso8583::frame::{self, Header, Tpdu};
use iso8583::mac::{Algorithm, MacKey};
use iso8583::pin::PinKey;
use iso8583::unionpay::{POS, without_partial_approval};
use iso8583::{Answer, Message, Writer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

use echo::Echo;
pub use echo::{Comes, HostProfile, Part};
pub use probe::probe;
use waiting::{Came, Key, Places};

use node::{Node, told};

/// Requests waiting to be written.
const QUEUE_LEN_MAX: usize = 4_096;
const FRAME_BYTES_MAX: usize = 4_096;
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const WRITE_TIME_MAX: Duration = Duration::from_secs(5);
const RECONNECT_MIN: Duration = Duration::from_millis(100);
const RECONNECT_MAX: Duration = Duration::from_secs(5);
const WRITE_BATCH_MAX: usize = 256;

/// How to reach the host.
pub struct HostConfig {
    /// Where.
    pub address: SocketAddr,
    /// Zone MAC key, 8 or 16 bytes (UnionPay ECB).
    pub mac_key: zeroize::Zeroizing<Vec<u8>>,
    /// Zone PIN key, 8 or 16 bytes.
    pub pin_key: zeroize::Zeroizing<Vec<u8>>,
    /// How long an answer is waited for.
    pub answer_time_max: Duration,
    /// How its answers and its connection look.
    pub profile: HostProfile,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskError {
    /// It certainly never left.
    NotSent,
    /// It may have arrived; nothing usable came back in time.
    Silent,
}

/// The host's answer.
pub struct HostAnswer {
    raw: Vec<u8>,
    response_code: ResponseCode,
    amount_minor: Option<i64>,
    retrieval_reference: Option<String>,
    approval_code: Option<String>,
}

impl HostAnswer {
    /// The answer's message, for the fields that go through to the terminal.
    pub fn message(&self) -> Option<Message<'_>> {
        Message::parse(&POS, &self.raw).ok()
    }

    /// Field 39.
    pub const fn response_code(&self) -> ResponseCode {
        self.response_code
    }

    /// What field 39 says by the host's profile.
    pub fn verdict(&self) -> Verdict {
        match POS.answer(self.response_code.as_str()) {
            Answer::Approved => Verdict::Approved,
            Answer::Partial => Verdict::Partial,
            Answer::Unknown => Verdict::Unknown,
            Answer::Declined => Verdict::Declined,
        }
    }

    /// What the second check needs to know.
    pub fn outcome(&self) -> HostOutcome {
        HostOutcome::Answered {
            response_code: self.response_code,
            verdict: self.verdict(),
            amount_minor: self.amount_minor,
            retrieval_reference: self.retrieval_reference.clone(),
            approval_code: self.approval_code.clone(),
        }
    }
}

/// The connection to the host.
pub struct AcquirerHost {
    node: Arc<Node>,
    mac_key: MacKey,
    pin_key: PinKey,
    answer_time_max: Duration,
    profile: HostProfile,
    places: Mutex<Places>,
    link: Mutex<Option<Arc<Link>>>,
}

/// One connection to the host, while it lasts.
struct Link {
    queue: mpsc::Sender<Vec<u8>>,
    /// When the host last said anything.
    heard_at: Mutex<Instant>,
    /// Rings when it is given up.
    given_up: Notify,
}

impl Link {
    /// The host said something.
    fn heard(&self) {
        *self.heard_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// A request that was sent at `sent_at` has found no answer in its time. When not one byte has come since then, the
    /// connection is dead on the other side, and only a new one will help.
    fn unanswered(&self, sent_at: Instant) {
        if *self.heard_at.lock().unwrap_or_else(PoisonError::into_inner) <= sent_at {
            self.given_up.notify_one();
        }
    }
}

/// Fields that go to the host as the terminal sent them; 52 is translated, 60 welcomes no partial approval, 64 is made anew.
const FORWARDED: [u8; 25] = [
    2, 3, 4, 11, 14, 22, 23, 25, 26, 35, 36, 37, 38, 39, 41, 42, 48, 49, 53, 54, 55, 60, 61, 62, 63,
];

impl AcquirerHost {
    /// Prepares the connection; [`AcquirerHost::run`] opens it and keeps it open.
    pub fn new(node: Arc<Node>, config: &HostConfig) -> Result<Arc<Self>, iso8583::keys::KeyError> {
        Ok(Arc::new(Self {
            node,
            mac_key: MacKey::new(Algorithm::UnionPayEcb, &config.mac_key)?,
            pin_key: PinKey::new(&config.pin_key)?,
            answer_time_max: config.answer_time_max,
            profile: config.profile.clone(),
            places: Mutex::default(),
            link: Mutex::default(),
        }))
    }

    /// How long an answer is waited for, in milliseconds.
    pub fn answer_time_ms(&self) -> i64 {
        i64::try_from(self.answer_time_max.as_millis()).unwrap_or(i64::MAX)
    }

    /// Asks the host what a terminal asks. `pin_key` is the terminal's, for field 52.
    pub async fn ask(&self, message: &Message<'_>, pin_key: Option<&PinKey>) -> Result<HostAnswer, AskError> {
        let packed = self.pack(message, pin_key).ok_or(AskError::NotSent)?;
        self.exchange(message, packed).await
    }

    /// Asks the host to undo: `packed` is a 0400 without fields 39 and 64.
    pub async fn reverse(&self, packed: &[u8], reason_code: &str) -> Result<HostAnswer, AskError> {
        let message = Message::parse(&POS, packed).map_err(|_| AskError::NotSent)?;
        let mut writer = Writer::new(&POS);
        writer.begin(message.mti());
        for field in message.fields() {
            writer.copy(field, &message);
        }
        writer.text(39, reason_code.as_bytes());
        let signed = writer
            .finish_with_mac(&self.mac_key)
            .map_err(|_| AskError::NotSent)?
            .to_vec();
        self.exchange(&message, signed).await
    }

    fn pack(&self, message: &Message<'_>, pin_key: Option<&PinKey>) -> Option<Vec<u8>> {
        let mut writer = Writer::new(&POS);
        writer.begin(message.mti());
        // What is booked is what was asked for, so the host is not asked for a part of it.
        let field60 = without_partial_approval(message);
        for field in FORWARDED {
            match field60.as_deref().filter(|_| field == 60) {
                Some(digits) => writer.digits(60, digits),
                None => writer.copy(field, message),
            };
        }
        if let Some(block) = message.bytes(52) {
            // A block that does not open goes as zeros, which no issuer accepts: the host says so, not we.
            let pan = pan(message);
            let pin = pin_key.and_then(|key| key.decrypt(block, pan.as_deref().map(String::as_str)).ok());
            let translated = pin.map_or([0; 8], |pin| {
                self.pin_key.encrypt(&pin, pan.as_deref().map(String::as_str))
            });
            writer.bytes(52, &translated);
        }
        writer.finish_with_mac(&self.mac_key).ok().map(<[u8]>::to_vec)
    }

    async fn exchange(&self, message: &Message<'_>, packed: Vec<u8>) -> Result<HostAnswer, AskError> {
        let (terminal_id, trace, mti) = key(message).ok_or(AskError::NotSent)?;
        let (key, echo) = ((terminal_id, trace, mti.response()), Echo::of(message));
        let link = self.link().clone().ok_or(AskError::NotSent)?;
        let mut framed = Vec::with_capacity(packed.len() + 13);
        frame::write(&mut framed, TPDU, HEADER, &packed).map_err(|_| AskError::NotSent)?;
        let (answered, answer) = oneshot::channel();
        let sent_at = Instant::now();
        if !self.places().take(key, echo, answered, sent_at) {
            return Err(AskError::NotSent);
        }
        let mut waiting = Waiting {
            host: self,
            key,
            was_sent: false,
        };
        link.queue.try_send(framed).map_err(|_| AskError::NotSent)?;
        waiting.was_sent = true;
        match timeout(self.answer_time_max, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(AskError::Silent),
            Err(_) => {
                link.unanswered(sent_at);
                Err(AskError::Silent)
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the connection open until `stop` turns true.
    pub async fn run(self: Arc<Self>, address: SocketAddr, mut stop: watch::Receiver<bool>) {
        let mut wait = RECONNECT_MIN;
        loop {
            match timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    wait = RECONNECT_MIN;
                    tokio::select! {
                        biased;
                        () = told(&mut stop) => return,
                        reason = self.serve(stream) => tracing::warn!(reason, "the acquirer host is gone"),
                    }
                }
                Ok(Err(_)) | Err(_) => tracing::warn!(%address, "the acquirer host cannot be reached"),
            }
            let stopping = timeout(wait, told(&mut stop)).await.is_ok();
            if stopping {
                return;
            }
            wait = (wait * 2).min(RECONNECT_MAX);
        }
    }

    async fn serve(&self, stream: TcpStream) -> &'static str {
        let _ = stream.set_nodelay(true);
        let (mut reading, mut writing) = stream.into_split();
        let (sending, mut queue) = mpsc::channel::<Vec<u8>>(QUEUE_LEN_MAX);
        let link = Arc::new(Link {
            queue: sending,
            heard_at: Mutex::new(Instant::now()),
            given_up: Notify::new(),
        });
        *self.link() = Some(link.clone());
        self.node.counters.host_connected.store(true, Ordering::Relaxed);
        // Reversals may have waited for this.
        self.node.work_due.notify_one();
        let heartbeat_every = self.profile.heartbeat_every;
        let reason = tokio::select! {
            reason = self.read(&link, &mut reading) => reason,
            reason = write(&mut writing, &mut queue, heartbeat_every) => reason,
            () = link.given_up.notified() => "it says nothing any more",
        };
        self.node.counters.host_connected.store(false, Ordering::Relaxed);
        *self.link() = None;
        self.places().abandon(Instant::now());
        reason
    }

    async fn read(&self, link: &Link, reading: &mut (impl AsyncReadExt + Unpin)) -> &'static str {
        let mut buffer = Vec::with_capacity(64 * 1024);
        loop {
            let mut consumed = 0;
            loop {
                if buffer[consumed..].starts_with(&HEARTBEAT) {
                    consumed += HEARTBEAT.len();
                    continue;
                }
                match frame::split(&buffer[consumed..], FRAME_BYTES_MAX) {
                    Ok(Some((len, body))) => {
                        self.answered(body);
                        consumed += len;
                    }
                    Ok(None) => break,
                    Err(_) => return "its frame is out of bounds",
                }
            }
            buffer.drain(..consumed);
            match reading.read_buf(&mut buffer).await {
                Ok(0) => return "it closed the connection",
                Ok(_) => link.heard(),
                Err(_) => return "the connection broke",
            }
        }
    }

    /// Hands an answer to whoever waits for it. One that is late, unreadable or wrongly signed is no answer.
    fn answered(&self, body: &[u8]) {
        let Ok(envelope) = frame::open(body) else { return };
        let Ok(message) = Message::parse(&POS, envelope.message) else {
            tracing::warn!("the acquirer host sent what is no message");
            return;
        };
        let signed = message.mac_input().zip(message.bytes(64));
        if !signed.is_some_and(|(input, mac)| self.mac_key.verify(input, mac)) {
            tracing::warn!("the acquirer host sent a wrong MAC");
            return;
        }
        let Some(response_code) = message.text(39).and_then(ResponseCode::parse) else {
            return;
        };
        let Some(key) = key(&message) else { return };
        let answer = HostAnswer {
            response_code,
            amount_minor: message.number(4).and_then(|minor| i64::try_from(minor).ok()),
            retrieval_reference: printable(&message, 37),
            approval_code: printable(&message, 38),
            raw: envelope.message.to_vec(),
        };
        let echo = Echo::of(&message);
        let differs = |asked: &Echo| asked.differs(&echo, &self.profile);
        let came = self.places().give(key, answer, differs);
        if let Came::Other(part) = came {
            tracing::warn!(terminal_id = %key.0, ?part, "the acquirer host answered what was not asked");
        }
    }
}

/// A text of the host as people and printers can take it: letters, digits and signs, without the blanks and zero bytes that
/// fill it up. Anything else in it, and there is no text.
fn printable(message: &Message<'_>, field: u8) -> Option<String> {
    let text = message.text_str(field)?.trim_end_matches([' ', '\0']);
    let is_text = !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    is_text.then(|| text.to_owned())
}

/// An empty frame, by which some hosts and gates say that the connection lives.
const HEARTBEAT: [u8; 2] = [0; 2];
const TPDU: Tpdu = Tpdu {
    id: 0x60,
    destination: 0x0001,
    source: 0x0000,
};
const HEADER: Header = Header([0x60, 0x31, 0x00, 0x31, 0x11, 0x08]);

fn key(message: &Message<'_>) -> Option<Key> {
    Some((
        message.text(41).and_then(TerminalId::parse)?,
        message.number(11)?,
        message.mti(),
    ))
}

/// The card number, for the PIN block alone; wiped after use.
fn pan(message: &Message<'_>) -> Option<zeroize::Zeroizing<String>> {
    let digits: String = match message.digits(2) {
        Some(digits) => digits.iter().map(char::from).collect(),
        None => message
            .digits(35)?
            .iter()
            .take_while(u8::is_ascii_digit)
            .map(char::from)
            .collect(),
    };
    Some(zeroize::Zeroizing::new(digits))
}

/// Gives a request's place up when its asker stops waiting.
struct Waiting<'h> {
    host: &'h AcquirerHost,
    key: Key,
    was_sent: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.host.places().leave(self.key, self.was_sent, Instant::now());
    }
}

async fn write(
    writing: &mut (impl AsyncWriteExt + Unpin),
    queue: &mut mpsc::Receiver<Vec<u8>>,
    heartbeat_every: Option<Duration>,
) -> &'static str {
    let mut batch = Vec::with_capacity(WRITE_BATCH_MAX);
    loop {
        let receive = queue.recv_many(&mut batch, WRITE_BATCH_MAX);
        let received = match heartbeat_every {
            None => Ok(receive.await),
            Some(every) => timeout(every, receive).await,
        };
        let bytes = match received {
            Ok(0) => return "the connection is over",
            Ok(_) => batch.concat(),
            Err(_) => HEARTBEAT.to_vec(),
        };
        batch.clear();
        if !matches!(
            timeout(WRITE_TIME_MAX, writing.write_all(&bytes)).await,
            Ok(Ok(()))
        ) {
            return "it does not take what is sent";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_frame_is_sent_when_nothing_else_is() {
        let (mut there, mut here) = tokio::io::duplex(64);
        let (sending, mut queue) = mpsc::channel(1);
        let every = Some(Duration::from_millis(5));
        let writing = tokio::spawn(async move { write(&mut here, &mut queue, every).await });
        let mut read = [1; 2];
        there.read_exact(&mut read).await.unwrap();
        assert_eq!(read, HEARTBEAT);
        sending.send(b"frame".to_vec()).await.unwrap();
        drop(sending);
        assert_eq!(writing.await.unwrap(), "the connection is over");
        let mut rest = Vec::new();
        there.read_to_end(&mut rest).await.unwrap();
        assert!(rest.ends_with(b"frame"));
    }

    #[test]
    fn a_text_of_the_host_is_printable_or_none() {
        let read = |text: &[u8]| {
            let mut writer = Writer::new(&POS);
            writer.begin(iso8583::Mti(0x0210)).text(37, text);
            let packed = writer.finish().unwrap().to_vec();
            printable(&Message::parse(&POS, &packed).unwrap(), 37)
        };
        assert_eq!(read(b"000000001234").as_deref(), Some("000000001234"));
        assert_eq!(read(b"1234\0\0\0\0\0\0\0\0").as_deref(), Some("1234"));
        assert_eq!(read(b"1234        ").as_deref(), Some("1234"));
        assert_eq!(read(b"            "), None);
        assert_eq!(read(b"1\x1B[2J0000000"), None);
        assert_eq!(read(b"0000\r\n000000"), None);
    }
}
