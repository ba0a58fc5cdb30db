//! A simulated POS terminal.
//!
//! ```no_run
//! # async fn show() -> Result<(), simulator::terminal::Error> {
//! use simulator::terminal::{Terminal, TerminalIdentity};
//!
//! let card = &simulator::issuer::cards()[0];
//! let identity = TerminalIdentity::new("30501101", "899305058140017", [0x11; 16], "001");
//! let mut terminal = Terminal::new(identity);
//! terminal.connect("127.0.0.1:8583".parse().expect("an address")).await?;
//! terminal.sign_in().await?;
//! let reply = terminal.purchase(2_000, card).await?;
//! if let Some(sale) = reply.approved {
//!     terminal.void(&sale).await?;
//! }
//! terminal.settle().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A refusal is a [`Reply`] whose code is not 00; an [`Error`] is a question without a usable answer. After
//! [`Error::Timeout`] or [`Error::Closed`] a real terminal reverses: [`Terminal::reverse_last`] (connect again first
//! when it was closed). The low-level pieces, for many requests in flight, are in [`wire`].
//!
//! It touches the network. Invariant: an answer is accepted only as [`wire::check`] accepts it, and a trace number is
//! used once, except by the reversal of its own transaction.

mod link;
pub mod wire;

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use iso8583::Message;
use iso8583::frame::Header;
use iso8583::keys::{KeyError, MasterKey, read_field62};
use iso8583::unionpay::{self, Field48, Totals, field48, field60};

use crate::issuer::Card;
use crate::kind::{EntryMode, Kind};
use link::Link;
use wire::{Ask, Encoder, Mismatch, NET_CODE_DOUBLE, Session};

/// Transactions kept for settlement at most; more cannot be settled (field 48 counts to 999).
pub const BATCH_MAX: usize = 999;
const DETAILS_PER_UPLOAD: usize = 8;

/// Who a terminal is.
#[derive(Clone)]
pub struct TerminalIdentity {
    /// Field 41, 8 characters.
    pub terminal_id: String,
    /// Field 42, 15 characters.
    pub merchant_id: String,
    /// The terminal master key, as injected before placement.
    pub master_key: [u8; 16],
    /// The operator who signs in, three digits.
    pub operator: String,
    /// The serial number sent with a sign-in, 12 characters.
    pub serial: Option<String>,
    /// Net code of the sign-in: 003 (the default), 001 or 004.
    pub net_code: u16,
    /// The trace number it begins with, 1..=999999.
    pub trace_first: u32,
}

impl TerminalIdentity {
    /// An identity with net code 003, no serial number, and traces from 1.
    pub fn new(
        terminal_id: &str,
        merchant_id: &str,
        master_key: [u8; 16],
        operator: &str,
    ) -> TerminalIdentity {
        TerminalIdentity {
            terminal_id: terminal_id.into(),
            merchant_id: merchant_id.into(),
            master_key,
            operator: operator.into(),
            serial: None,
            net_code: NET_CODE_DOUBLE,
            trace_first: 1,
        }
    }
}

impl fmt::Debug for TerminalIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalIdentity")
            .field("terminal_id", &self.terminal_id)
            .finish_non_exhaustive()
    }
}

/// A question that got no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// [`Terminal::connect`] first.
    #[error("not connected")]
    NotConnected,
    /// [`Terminal::sign_in`] first: there are no working keys.
    #[error("not signed in")]
    NotSignedIn,
    /// There is nothing to reverse.
    #[error("nothing to reverse")]
    NothingToReverse,
    /// No answer within the time.
    #[error("no answer in time")]
    Timeout,
    /// The other side closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// The network failed otherwise.
    #[error("the network failed: {0}")]
    Network(std::io::ErrorKind),
    /// An answer came that a terminal must not accept.
    #[error("the answer is not acceptable: {0}")]
    BadAnswer(Mismatch),
    /// The sign-in's keys do not open under the master key.
    #[error("the working keys are not usable: {0}")]
    Keys(#[from] KeyError),
    /// The request could not be written.
    #[error(transparent)]
    Request(#[from] wire::Error),
}

/// An accepted answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Field 39; `00` where a type of answer has none (0510).
    pub response_code: [u8; 2],
    /// Field 11.
    pub trace: u32,
    /// Field 60.2.
    pub batch: u32,
    /// Field 37.
    pub retrieval_reference: String,
    /// Field 38; empty when declined.
    pub approval_code: String,
    /// Field 13, `MMDD` as a number.
    pub date: u16,
    /// Field 54: the available balance in fen.
    pub balance_minor: Option<u64>,
    /// Low nibble of the header's third byte: 3 asks for a new sign-in.
    pub processing_request: u8,
    /// Field 48 of a settlement.
    pub settlement: Option<Field48>,
    /// The transaction, when it was approved and something can follow it.
    pub approved: Option<Approved>,
    /// Field 62 of a sign-in.
    keys: WrappedKeys,
}

/// Working keys under the master key. `Debug` hides them all the same.
#[derive(Clone)]
struct WrappedKeys(Vec<u8>);

impl fmt::Debug for WrappedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKeys({} bytes)", self.0.len())
    }
}

/// An approved transaction, as a terminal keeps it for voids, refunds and settlement.
#[derive(Debug, Clone)]
pub struct Approved {
    /// Which kind.
    pub kind: Kind,
    /// Its batch.
    pub batch: u32,
    /// Its trace number.
    pub trace: u32,
    /// Its date, `MMDD` as a number.
    pub date: u16,
    /// In fen.
    pub amount_minor: u64,
    /// The card, which the void needs again.
    pub card: Card,
    /// Field 37.
    pub retrieval_reference: String,
    /// Field 38.
    pub approval_code: String,
}

/// How a settlement went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// Field 39 of the last answer; `00` when it had none.
    pub response_code: [u8; 2],
    /// What the host found comparing totals; `None` when it did not say.
    pub finding: Option<unionpay::Reply>,
    /// Transactions sent one by one because the totals were unequal.
    pub uploaded_count: usize,
}

impl Reply {
    fn of(message: &Message<'_>, header: Header) -> Reply {
        let text = |field| message.text_str(field).unwrap_or_default().to_owned();
        let balance = message
            .text_str(54)
            .and_then(|text| text.get(8..20)?.parse().ok());
        Reply {
            response_code: message
                .text(39)
                .and_then(|code| code.try_into().ok())
                .unwrap_or(*b"00"),
            trace: message.number(11).map_or(0, |trace| trace as u32),
            batch: field60(message).map_or(0, |field| field.batch),
            retrieval_reference: text(37),
            approval_code: text(38),
            date: message.number(13).map_or(0, |date| date as u16),
            balance_minor: balance,
            processing_request: header.processing_request(),
            settlement: field48(message),
            approved: None,
            keys: WrappedKeys(message.bytes(62).unwrap_or_default().to_vec()),
        }
    }

    /// Field 39 as text.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.response_code).unwrap_or("??")
    }

    /// Whether field 39 is 00.
    pub fn is_approved(&self) -> bool {
        &self.response_code == b"00"
    }
}

/// A terminal: its identity, keys, books and connection.
#[derive(Debug)]
pub struct Terminal {
    identity: TerminalIdentity,
    encoder: Encoder,
    link: Option<Link>,
    session: Option<Session>,
    batch: u32,
    trace: u32,
    /// The last transaction that could be reversed.
    last: Option<Asked>,
    /// What the current batch should settle to.
    books: VecDeque<Approved>,
    /// How long an answer may take.
    pub answer_timeout: Duration,
    /// How the next card is read.
    pub entry_mode: EntryMode,
    /// Whether the next card's holder types the PIN.
    pub with_pin: bool,
}

/// A transaction asked for, kept for its reversal.
#[derive(Debug)]
struct Asked {
    kind: Kind,
    batch: u32,
    trace: u32,
    amount_minor: u64,
    card: Card,
    entry_mode: EntryMode,
    with_pin: bool,
    original: Option<Approved>,
    approval_code: Option<String>,
}

impl Terminal {
    /// A terminal that has never signed in. It reads chips with PIN and waits 30 s for an answer.
    pub fn new(identity: TerminalIdentity) -> Terminal {
        Terminal {
            encoder: Encoder::new(&identity.terminal_id, &identity.merchant_id),
            link: None,
            session: None,
            batch: 1,
            trace: identity.trace_first.max(1) - 1,
            last: None,
            books: VecDeque::new(),
            answer_timeout: Duration::from_secs(30),
            entry_mode: EntryMode::Chip,
            with_pin: true,
            identity,
        }
    }

    /// Who it is.
    pub fn identity(&self) -> &TerminalIdentity {
        &self.identity
    }

    /// The keys and batch in use, for building requests with [`wire`].
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Takes a session without a sign-in: to talk to a host directly, or to play a copied terminal.
    pub fn adopt(&mut self, session: Session) {
        self.batch = session.batch;
        self.session = Some(session);
    }

    /// Forgets its working keys, so that it must sign in again (the host asked for it, or answered 77 or A0).
    pub fn forget_session(&mut self) {
        self.session = None;
    }

    /// Whether it has a connection that it does not know to be broken.
    pub fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// The approved transactions of the current batch, oldest first.
    pub fn books(&self) -> impl DoubleEndedIterator<Item = &Approved> {
        self.books.iter()
    }

    /// The trace number of the last request.
    pub fn trace(&self) -> u32 {
        self.trace
    }

    /// Changes the operator of the next sign-in.
    pub fn set_operator(&mut self, number: &str) {
        self.identity.operator = number.into();
    }

    /// Connects, instead of any connection before.
    ///
    /// # Errors
    /// [`Error::Network`] or [`Error::Timeout`].
    pub async fn connect(&mut self, addr: SocketAddr) -> Result<(), Error> {
        self.link = None;
        self.link = Some(Link::connect(addr, self.answer_timeout).await?);
        Ok(())
    }

    /// Closes the connection, as a power cut would.
    pub fn disconnect(&mut self) {
        self.link = None;
    }

    /// 签到: asks for working keys; on 00 takes them and the batch number. A refused terminal keeps what it had.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Keys`] when the keys do not open under this terminal's master key.
    pub async fn sign_in(&mut self) -> Result<Reply, Error> {
        let trace = self.next_trace();
        let identity = &self.identity;
        let serial = identity.serial.as_deref();
        let request =
            self.encoder
                .sign_in(trace, self.batch, identity.net_code, &identity.operator, serial)?;
        let reply = exchange(&mut self.link, request, None, self.answer_timeout).await?;
        if reply.is_approved() {
            let keys = read_field62(&reply.keys.0, &MasterKey::new(&self.identity.master_key)?)?;
            if reply.batch != self.batch {
                self.books.clear();
            }
            self.adopt(Session::new(reply.batch, &keys.pin, &keys.mac)?);
        }
        Ok(reply)
    }

    /// 签退: 0820 with 002; on 00 it forgets its working keys.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn sign_out(&mut self) -> Result<Reply, Error> {
        let trace = self.next_trace();
        let request = self.encoder.sign_out(trace, self.batch)?;
        let reply = exchange(&mut self.link, request, None, self.answer_timeout).await?;
        if reply.is_approved() {
            self.session = None;
        }
        Ok(reply)
    }

    /// 回响: 0820 with 301.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn echo(&mut self) -> Result<Reply, Error> {
        let request = self.encoder.echo(self.batch)?;
        exchange(&mut self.link, request, None, self.answer_timeout).await
    }

    /// The cashier's lock key: 0820 with 401, signed, for the operator who is signed in.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn lock(&mut self) -> Result<Reply, Error> {
        let trace = self.next_trace();
        let session = self.session.as_ref().ok_or(Error::NotSignedIn)?;
        let request = self.encoder.lock(session, trace, &self.identity.operator)?;
        exchange(&mut self.link, request, Some(session), self.answer_timeout).await
    }

    /// Unlocks with an operator number (three digits) and password: 0820 with 402, signed.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unlock(&mut self, operator: &str, password: &str) -> Result<Reply, Error> {
        let trace = self.next_trace();
        let session = self.session.as_ref().ok_or(Error::NotSignedIn)?;
        let request = self.encoder.unlock(session, trace, operator, password)?;
        exchange(&mut self.link, request, Some(session), self.answer_timeout).await
    }

    /// 消费, in fen.
    ///
    /// # Errors
    /// [`Error`]; the same for every transaction below.
    pub async fn purchase(&mut self, amount_minor: u64, card: &Card) -> Result<Reply, Error> {
        self.transact(Kind::Purchase, amount_minor, card, None).await
    }

    /// 余额查询; the balance is in [`Reply::balance_minor`].
    ///
    /// # Errors
    /// [`Error`].
    pub async fn balance(&mut self, card: &Card) -> Result<Reply, Error> {
        self.transact(Kind::Balance, 0, card, None).await
    }

    /// 消费撤销, of the whole sale.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn void(&mut self, sale: &Approved) -> Result<Reply, Error> {
        self.transact(Kind::Void, sale.amount_minor, &sale.card, Some(sale))
            .await
    }

    /// 退货, of `amount_minor` fen of the sale, to the sale's card.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn refund(&mut self, amount_minor: u64, sale: &Approved) -> Result<Reply, Error> {
        self.transact(Kind::Refund, amount_minor, &sale.card, Some(sale))
            .await
    }

    /// 预授权, in fen.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pre_authorise(&mut self, amount_minor: u64, card: &Card) -> Result<Reply, Error> {
        self.transact(Kind::PreAuthorisation, amount_minor, card, None)
            .await
    }

    /// 预授权撤销.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pre_authorise_void(&mut self, hold: &Approved) -> Result<Reply, Error> {
        self.transact(
            Kind::PreAuthorisationVoid,
            hold.amount_minor,
            &hold.card,
            Some(hold),
        )
        .await
    }

    /// 预授权完成(请求), of `amount_minor` fen.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn complete(&mut self, amount_minor: u64, hold: &Approved) -> Result<Reply, Error> {
        self.transact(Kind::Completion, amount_minor, &hold.card, Some(hold))
            .await
    }

    /// 预授权完成撤销.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn complete_void(&mut self, completion: &Approved) -> Result<Reply, Error> {
        self.transact(
            Kind::CompletionVoid,
            completion.amount_minor,
            &completion.card,
            Some(completion),
        )
        .await
    }

    /// Any card transaction. The methods above call it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn transact(
        &mut self,
        kind: Kind,
        amount_minor: u64,
        card: &Card,
        original: Option<&Approved>,
    ) -> Result<Reply, Error> {
        let trace = self.next_trace();
        let session = self.session.as_ref().ok_or(Error::NotSignedIn)?;
        let (entry_mode, with_pin) = (self.entry_mode, self.with_pin);
        let ask = Ask {
            kind,
            trace,
            amount_minor,
            card,
            entry_mode,
            with_pin,
            original,
        };
        let request = self.encoder.financial(session, &ask)?;
        if kind.is_reversible() {
            self.last = Some(Asked {
                kind,
                batch: session.batch,
                trace,
                amount_minor,
                card: card.clone(),
                entry_mode,
                with_pin,
                original: original.cloned(),
                approval_code: None,
            });
        }
        let mut reply = exchange(&mut self.link, request, Some(session), self.answer_timeout).await?;
        if reply.is_approved() && kind != Kind::Balance {
            let approved = Approved {
                kind,
                batch: session.batch,
                trace,
                date: reply.date,
                amount_minor,
                card: card.clone(),
                retrieval_reference: reply.retrieval_reference.clone(),
                approval_code: reply.approval_code.clone(),
            };
            self.keep(approved.clone());
            reply.approved = Some(approved);
        }
        Ok(reply)
    }

    /// 冲正: 0400 for the last reversible transaction, whatever became of it, with reason 98 (no answer). It can be
    /// repeated; on an answer of 00 or 25 the matter is closed.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NothingToReverse`] when there is none.
    pub async fn reverse_last(&mut self) -> Result<Reply, Error> {
        let asked = self.last.as_ref().ok_or(Error::NothingToReverse)?;
        let session = self.session.as_ref().ok_or(Error::NotSignedIn)?;
        let session = &Session {
            batch: asked.batch,
            ..session.clone()
        };
        let ask = Ask {
            kind: asked.kind,
            trace: asked.trace,
            amount_minor: asked.amount_minor,
            card: &asked.card,
            entry_mode: asked.entry_mode,
            with_pin: asked.with_pin,
            original: asked.original.as_ref(),
        };
        let request = self
            .encoder
            .reversal(session, &ask, "98", asked.approval_code.as_deref())?;
        let reply = exchange(&mut self.link, request, Some(session), self.answer_timeout).await?;
        let reversed = (asked.batch, asked.trace);
        if reply.is_approved() {
            self.books
                .retain(|approved| (approved.batch, approved.trace) != reversed);
        }
        Ok(reply)
    }

    /// 批结算: sends the batch's totals, and every transaction when the host finds them unequal. Afterwards the books
    /// are empty and the terminal must sign in for a new batch. Refused totals leave everything as it was.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn settle(&mut self) -> Result<Settlement, Error> {
        let mut totals = Totals::default();
        for approved in &self.books {
            approved.kind.add_to(&mut totals, approved.amount_minor);
        }
        let trace = self.next_trace();
        let request = self
            .encoder
            .settlement(trace, self.batch, &self.identity.operator, totals)?;
        let reply = exchange(&mut self.link, request, None, self.answer_timeout).await?;
        let finding = reply.settlement.map(|found| found.domestic_reply);
        let mut settlement = Settlement {
            response_code: reply.response_code,
            finding,
            uploaded_count: 0,
        };
        if !reply.is_approved() {
            return Ok(settlement);
        }
        if finding == Some(unionpay::Reply::Unequal) {
            settlement.uploaded_count = self.books.len();
            settlement.response_code = self.upload_batch().await?;
        }
        self.books.clear();
        self.session = None;
        Ok(settlement)
    }

    /// 批上送: every transaction of the batch, eight to a message, then the end. The first refusal ends it.
    async fn upload_batch(&mut self) -> Result<[u8; 2], Error> {
        let parts = self.books.len().div_ceil(DETAILS_PER_UPLOAD);
        for part in 0..=parts {
            let trace = self.next_trace();
            let of_part = self
                .books
                .iter()
                .skip(part * DETAILS_PER_UPLOAD)
                .take(DETAILS_PER_UPLOAD);
            let details: Vec<_> = of_part
                .map(|a| (0, a.trace, a.card.pan.as_str(), a.amount_minor))
                .collect();
            let request = if part == parts {
                self.encoder.batch_end(trace, self.batch)?
            } else {
                self.encoder.batch_upload(trace, self.batch, &details)?
            };
            let reply = exchange(&mut self.link, request, None, self.answer_timeout).await?;
            if !reply.is_approved() || part == parts {
                return Ok(reply.response_code);
            }
        }
        Ok(*b"00")
    }

    /// Keeps an approval for the settlement, and its code for a reversal.
    fn keep(&mut self, approved: Approved) {
        if let Some(last) = self.last.as_mut().filter(|last| last.trace == approved.trace) {
            last.approval_code = Some(approved.approval_code.clone());
        }
        if self.books.len() == BATCH_MAX {
            self.books.pop_front();
        }
        self.books.push_back(approved);
    }

    fn next_trace(&mut self) -> u32 {
        self.trace = self.trace % 999_999 + 1;
        self.trace
    }
}

/// One question and its answer; a broken connection is dropped.
async fn exchange(
    link: &mut Option<Link>,
    request: &[u8],
    session: Option<&Session>,
    wait: Duration,
) -> Result<Reply, Error> {
    let open = link.as_mut().ok_or(Error::NotConnected)?;
    let answered = open
        .exchange(request, session.map(|session| &session.mac_key), wait)
        .await;
    if matches!(
        answered,
        Err(Error::Closed | Error::Network(_) | Error::BadAnswer(Mismatch::Unreadable))
    ) {
        *link = None;
    }
    answered
}
