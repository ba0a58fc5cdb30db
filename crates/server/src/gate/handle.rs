//! One request, from its frame to its answer: parse → known terminal → MAC → operator signed in → `authorise` →
//! acquirer host → `release` → answer.
//!
//! Invariant: nothing here decides; each step asks a use case and translates what it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use app::settlement::{Settled, Uploaded};
use app::sign_in::SignedIn;
use app::transaction::{Admitted, Answer, Attempt};
use domain::TerminalId;
use domain::transaction::{HostOutcome, Kind, Refusal, ResponseCode};
use iso8583::frame::{self, Envelope};
use iso8583::keys::{KeyLayout, MasterKey, WorkingKeys, write_field62};
use iso8583::unionpay::{self, Field48, POS, Reply, Totals};
use iso8583::{Message, ParseError};
use store::ledger::BatchTotals;
use zeroize::Zeroizing;

use super::Gate;
use super::answer::{self, Content, Return};
use super::connection::Out;
use super::keys::{self, Keys, Known};
use super::request::{self, Ask};
use crate::connector::host::{AskError, HostAnswer};
use crate::node::{Pass, now};
use crate::seal::{Purpose, random};

/// A request whose terminal is known.
struct Request<'m> {
    message: &'m Message<'m>,
    back: Return,
    terminal_id: TerminalId,
    keys: Option<Arc<Keys>>,
    peer: SocketAddr,
}

impl Gate {
    /// Answers one frame; `None` when nothing may or need be said.
    pub(super) async fn handle(self: &Arc<Self>, body: &[u8], peer: SocketAddr) -> Option<Out> {
        let Ok(envelope) = frame::open(body) else {
            self.node.counters.malformed.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let message = match Message::parse(&POS, envelope.message) {
            Ok(message) => message,
            Err(error) => return self.malformed(&envelope, error),
        };
        // An answer is no request; answering it could go on for ever.
        if !matches!(
            message.mti().0,
            0x0100 | 0x0200 | 0x0220 | 0x0320 | 0x0400 | 0x0500 | 0x0800 | 0x0820
        ) {
            self.node.counters.malformed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let back = Return::to(&envelope);
        let Some(terminal_id) = message.text(41).and_then(TerminalId::parse) else {
            return refusal(&message, back, None, ResponseCode::FORMAT_ERROR);
        };
        let keys = match self.keys.get(&self.node, terminal_id, self.mac_algorithm).await {
            Ok(Known::Keys(keys)) => Some(keys),
            Ok(Known::NoKeys) => None,
            Ok(Known::UnknownTerminal) => return self.unknown_terminal(&message, back),
            Err(error) => {
                tracing::error!(%error, "the gate cannot read the store");
                return refusal(&message, back, None, ResponseCode::SYSTEM_ERROR);
            }
        };
        self.heard(terminal_id, peer);
        let request = Request {
            message: &message,
            back,
            terminal_id,
            keys,
            peer,
        };
        match self.answer(&request).await {
            Ok(out) => out,
            Err(error) => {
                tracing::error!(%terminal_id, %error, "a request failed");
                refusal(
                    &message,
                    back,
                    request.keys.as_deref(),
                    ResponseCode::SYSTEM_ERROR,
                )
            }
        }
    }

    fn malformed(&self, envelope: &Envelope<'_>, error: ParseError) -> Option<Out> {
        self.node.counters.malformed.fetch_add(1, Ordering::Relaxed);
        let mti = error.mti.filter(|mti| mti.0 & 0x0010 == 0)?;
        let message = answer::unreadable(mti, now())?;
        Some(Out {
            frame: Return::to(envelope).frame(&message, ResponseCode::FORMAT_ERROR)?,
            pass: None,
        })
    }

    fn unknown_terminal(&self, message: &Message<'_>, back: Return) -> Option<Out> {
        self.node
            .counters
            .unknown_terminal
            .fetch_add(1, Ordering::Relaxed);
        refusal(message, back, None, ResponseCode::UNKNOWN_TERMINAL)
    }

    async fn answer(self: &Arc<Self>, request: &Request<'_>) -> Result<Option<Out>, store::Error> {
        let mac_verified = self.mac_verified(request);
        let ask = Ask::of(request.message);
        let unproven = !mac_verified && ask.is_none_or(Ask::has_mac);
        if let Some(code) = self.spare.answer(request.terminal_id, unproven, Instant::now()) {
            self.node.counters.limited.fetch_add(1, Ordering::Relaxed);
            return Ok(refusal(
                request.message,
                request.back,
                request.keys.as_deref(),
                code,
            ));
        }
        let made = ask.and_then(|ask| {
            let (id, peer) = (request.terminal_id, request.peer);
            Some((
                ask,
                request::attempt(request.message, ask, id, peer, mac_verified).ok()?,
            ))
        });
        let Some((ask, attempt)) = made else {
            return self.decline(request, Refusal::Invalid, mac_verified).await;
        };
        // What does not wait for the host has one pass for decision and answer; a card transaction takes its own.
        let pass = (!matches!(ask, Ask::Card(_))).then(|| Pass::take(&self.node, request.terminal_id));
        let out = self.decide(request, attempt, ask).await?;
        Ok(out.map(|out| Out {
            pass: out.pass.or(pass),
            ..out
        }))
    }

    async fn decide(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
        ask: Ask,
    ) -> Result<Option<Out>, store::Error> {
        match ask {
            Ask::Card(kind) => self.card(request, attempt, kind).await,
            Ask::Reversal => self.reversal(request, attempt).await,
            Ask::SignIn { net_code } => self.sign_in(request, attempt, net_code).await,
            Ask::SignOut => {
                let admitted = self
                    .node
                    .write(move |tx| app::sign_in::sign_out(tx, &attempt))
                    .await?;
                Ok(self.plain(request, admitted, false))
            }
            Ask::Echo => {
                let content = Content::refusal(ResponseCode::APPROVED, now());
                let message = answer::plain(request.message, &content, None);
                Ok(out(message, request.back, content.response_code, None))
            }
            Ask::Lock => {
                let operator = operator(request.message);
                let admitted = self
                    .node
                    .write(move |tx| app::operator::lock_by_terminal(tx, &attempt, &operator))
                    .await?;
                Ok(self.plain(request, admitted, true))
            }
            Ask::Unlock => self.unlock(request, attempt).await,
            Ask::Settlement => self.settlement(request, attempt).await,
            Ask::BatchUpload => self.batch_upload(request, attempt).await,
            Ask::BatchUploadEnd => {
                let admitted = self
                    .node
                    .write(move |tx| app::settlement::upload_end(tx, &attempt))
                    .await?;
                Ok(self.plain(request, admitted, false))
            }
        }
    }

    fn mac_verified(&self, request: &Request<'_>) -> bool {
        let message = request.message;
        let (Some(keys), Some(input), Some(mac)) = (&request.keys, message.mac_input(), message.bytes(64))
        else {
            return false;
        };
        let verified = keys.mac.verify(input, mac);
        if !verified {
            self.node.counters.mac_failures.fetch_add(1, Ordering::Relaxed);
        }
        verified
    }

    /// A card transaction: the first locked check, the host, the second.
    async fn card(
        self: &Arc<Self>,
        request: &Request<'_>,
        mut attempt: Attempt,
        kind: Kind,
    ) -> Result<Option<Out>, store::Error> {
        if kind.reversible() {
            attempt.reversal_sealed =
                request::seal_reversal(&self.node.sealer, request.message, request.terminal_id);
        }
        let peer = attempt.peer.clone();
        let first = Pass::take(&self.node, request.terminal_id);
        let name = self.node.name.clone();
        let admitted = self
            .node
            .write(move |tx| app::transaction::authorise(tx, &attempt, &name))
            .await?;
        let Admitted::Forward { sequence } = admitted else {
            return Ok(self.financial(request, admitted, None, Some(first)));
        };
        drop(first);
        let host = self
            .host
            .ask(request.message, request.keys.as_ref().map(|keys| &keys.pin))
            .await;
        let outcome = match &host {
            Ok(answer) => answer.outcome(),
            Err(AskError::NotSent) => HostOutcome::NotSent,
            Err(AskError::Silent) => HostOutcome::Silent,
        };
        let second = Pass::take(&self.node, request.terminal_id);
        let terminal_id = request.terminal_id;
        let released = self
            .node
            .write(move |tx| app::transaction::release(tx, terminal_id, sequence, &outcome, Some(&peer)))
            .await?;
        let Some(answer) = released else { return Ok(None) };
        Ok(self.financial(
            request,
            Admitted::Answer(answer),
            host.ok().as_ref(),
            Some(second),
        ))
    }

    async fn reversal(
        self: &Arc<Self>,
        request: &Request<'_>,
        mut attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        attempt.reversal_sealed =
            request::seal_reversal(&self.node.sealer, request.message, request.terminal_id);
        let reason = request.message.text_str(39).unwrap_or("98").to_owned();
        let admitted = self
            .node
            .write(move |tx| app::reversal::accept(tx, &attempt, &reason))
            .await?;
        Ok(self.financial(request, admitted, None, None))
    }

    async fn sign_in(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
        net_code: u16,
    ) -> Result<Option<Out>, store::Error> {
        let Some(layout) = KeyLayout::from_net_code(net_code) else {
            return self.decline(request, Refusal::Invalid, false).await;
        };
        let terminal_id = request.terminal_id;
        let door = self
            .node
            .read(move |tx| store::terminal::door(tx, terminal_id))
            .await?;
        let Some(door) = door else {
            return Ok(self.unknown_terminal(request.message, request.back));
        };
        let made = self.new_keys(terminal_id, &door.master_key_sealed, layout);
        let Some((field62, sealed, prepared)) = made else {
            tracing::error!(%terminal_id, "working keys could not be made");
            return Ok(refusal(
                request.message,
                request.back,
                None,
                ResponseCode::SYSTEM_ERROR,
            ));
        };
        let operator = operator(request.message);
        let signed_in = self
            .node
            .write(move |tx| app::sign_in::sign_in(tx, &attempt, &operator, sealed))
            .await?;
        match signed_in {
            SignedIn::UnknownTerminal => Ok(self.unknown_terminal(request.message, request.back)),
            SignedIn::Answer(answer) => Ok(self.plain(request, Admitted::Answer(answer), false)),
            SignedIn::Batch { batch, answer } => {
                self.keys.put(terminal_id, Some(prepared));
                self.spare.note(terminal_id, answer.response_code, Instant::now());
                let content = Content::refusal(answer.response_code, answer.at);
                let with = (self.acquirer_code.as_str(), field62.as_slice());
                let message = answer::signed_in(request.message, &content, (batch, net_code), with);
                Ok(out(message, request.back, answer.response_code, None))
            }
        }
    }

    /// New random working keys: field 62 for the terminal, sealed for the store, prepared for use.
    fn new_keys(
        &self,
        terminal_id: TerminalId,
        master_key_sealed: &[u8],
        layout: KeyLayout,
    ) -> Option<(Vec<u8>, Vec<u8>, Arc<Keys>)> {
        let master = self
            .node
            .sealer
            .open(Purpose::MasterKey, terminal_id.as_str(), master_key_sealed)
            .ok()?;
        let master = MasterKey::new(&master).ok()?;
        let random16 = || random::<16>().ok().map(|key| Zeroizing::new(key.to_vec()));
        let mut pin = random16()?;
        if layout == KeyLayout::Single {
            pin.truncate(8);
        }
        let mac = Zeroizing::new(random::<8>().ok()?.to_vec());
        let track = if layout == KeyLayout::DoubleWithTrack {
            Some(random16()?)
        } else {
            None
        };
        let keys = WorkingKeys { pin, mac, track };
        let field62 = write_field62(layout, &keys, &master).ok()?;
        let sealed = keys::seal(&self.node.sealer, terminal_id, &keys).ok()?;
        Some((field62, sealed, keys::prepare(&keys, self.mac_algorithm)?))
    }

    async fn unlock(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        let (terminal_id, operator) = (request.terminal_id, operator(request.message));
        let block = request.message.bytes(52);
        let password = request
            .keys
            .as_ref()
            .zip(block)
            .and_then(|(keys, block)| keys.pin.decrypt(block, None).ok());
        let by = operator.clone();
        let hash = self
            .node
            .read(move |tx| store::operator::password_hash(tx, terminal_id, &by))
            .await?;
        let right = match password {
            None => false,
            // Slow on purpose; off the runtime's threads.
            Some(password) => {
                tokio::task::spawn_blocking(move || app::password::verify(password.as_str(), hash.as_deref()))
                    .await
                    .unwrap_or(false)
            }
        };
        let unlock =
            move |tx: &store::Tx<'_>| app::operator::unlock_by_terminal(tx, &attempt, &operator, right);
        let admitted = self.node.write(unlock).await?;
        Ok(self.plain(request, admitted, true))
    }

    async fn settlement(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        let Some(field48) = unionpay::field48(request.message) else {
            return self.decline(request, Refusal::Invalid, false).await;
        };
        let claimed = totals(&field48);
        let settled = self
            .node
            .write(move |tx| app::settlement::settle(tx, &attempt, claimed))
            .await?;
        match settled {
            Settled::UnknownTerminal => Ok(self.unknown_terminal(request.message, request.back)),
            Settled::Answer(answer) => Ok(self.plain(request, Admitted::Answer(answer), false)),
            Settled::Compared {
                totals,
                equal,
                answer,
            } => {
                let reply = if equal { Reply::Equal } else { Reply::Unequal };
                let content = Content::refusal(answer.response_code, answer.at);
                let field48 = unionpay::write_field48(&answered(&totals, reply)).unwrap_or_default();
                let message = answer::settled(request.message, &content, &field48);
                Ok(out(message, request.back, answer.response_code, None))
            }
        }
    }

    async fn batch_upload(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        let Some(details) = unionpay::batch_details(request.message) else {
            return self.decline(request, Refusal::Invalid, false).await;
        };
        let lines: Vec<Uploaded> = details
            .map(|detail| Uploaded {
                trace: detail.trace,
                amount_minor: i64::try_from(detail.amount_minor).unwrap_or(i64::MAX),
            })
            .collect();
        let admitted = self
            .node
            .write(move |tx| app::settlement::upload(tx, &attempt, &lines))
            .await?;
        Ok(self.plain(request, admitted, false))
    }

    /// Refuses what cannot be understood; a held terminal still hears only that it is held.
    async fn decline(
        self: &Arc<Self>,
        request: &Request<'_>,
        refusal: Refusal,
        mac_verified: bool,
    ) -> Result<Option<Out>, store::Error> {
        let message = request.message;
        let merchant_id = message.text(42).and_then(domain::MerchantId::parse);
        let Some(merchant_id) = merchant_id else {
            // Nothing to file it under; the holds still come first.
            let held = self.held(request.terminal_id).await?;
            let code = if held {
                ResponseCode::TERMINAL_NOT_PERMITTED
            } else {
                ResponseCode::FORMAT_ERROR
            };
            return Ok(self::refusal(
                message,
                request.back,
                request.keys.as_deref(),
                code,
            ));
        };
        let attempt = Attempt {
            terminal_id: request.terminal_id,
            merchant_id,
            kind: request::kind_by_type(message.mti()),
            name: domain::transaction::BatchTrace { batch: 0, trace: 0 },
            original: None,
            amount: None,
            card: None,
            entry_mode: None,
            reversal_sealed: None,
            peer: request.peer.to_string(),
            mac_verified: false,
            received_at: now(),
        };
        let admitted = self
            .node
            .write(move |tx| app::transaction::decline(tx, &attempt, refusal))
            .await?;
        Ok(self.plain(request, admitted, mac_verified))
    }

    async fn held(&self, terminal_id: TerminalId) -> Result<bool, store::Error> {
        let standing = self
            .node
            .write(move |tx| store::hold::standing(tx, terminal_id, tx.now()))
            .await?;
        Ok(!standing.may_transact())
    }

    /// The answer to a card transaction or a reversal.
    fn financial(
        &self,
        request: &Request<'_>,
        admitted: Admitted,
        host: Option<&HostAnswer>,
        pass: Option<Pass>,
    ) -> Option<Out> {
        let answer = self.settled_answer(request, admitted)?;
        let host = host.and_then(HostAnswer::message);
        let content = Content {
            response_code: answer.response_code,
            at: answer.at,
            retrieval_reference: answer.retrieval_reference.as_deref(),
            approval_code: answer.approval_code.as_deref(),
            host: host.as_ref().filter(|_| answer.response_code.is_approved()),
        };
        if answer.response_code == ResponseCode::UNKNOWN_TERMINAL {
            return refusal(request.message, request.back, None, answer.response_code);
        }
        let key = request.keys.as_ref().map(|keys| &keys.mac);
        let message = answer::financial(request.message, &content, key);
        out(message, request.back, answer.response_code, pass)
    }

    /// The answer to anything else.
    fn plain(&self, request: &Request<'_>, admitted: Admitted, with_mac: bool) -> Option<Out> {
        let answer = self.settled_answer(request, admitted)?;
        let content = Content::refusal(answer.response_code, answer.at);
        let key = request.keys.as_ref().map(|keys| &keys.mac).filter(|_| with_mac);
        let message = match request.message.has(3) {
            true => answer::financial(request.message, &content, key),
            false => answer::plain(request.message, &content, key),
        };
        out(message, request.back, answer.response_code, None)
    }

    fn settled_answer(&self, request: &Request<'_>, admitted: Admitted) -> Option<Answer> {
        match admitted {
            Admitted::Answer(answer) => {
                self.spare
                    .note(request.terminal_id, answer.response_code, Instant::now());
                self.node.changed(answer.incident_id.clone());
                if answer.reversal_owed {
                    self.node.reversal_owed.notify_one();
                }
                Some(answer)
            }
            Admitted::UnknownTerminal => {
                self.node
                    .counters
                    .unknown_terminal
                    .fetch_add(1, Ordering::Relaxed);
                Some(Answer::bare(ResponseCode::UNKNOWN_TERMINAL, now()))
            }
            // Its own answer will come; a second one would be one too many.
            Admitted::InFlight | Admitted::Forward { .. } => None,
        }
    }
}

fn refusal(message: &Message<'_>, back: Return, keys: Option<&Keys>, code: ResponseCode) -> Option<Out> {
    let content = Content::refusal(code, now());
    let key = keys.map(|keys| &keys.mac);
    let answer = match message.has(3) {
        true => answer::financial(message, &content, key),
        false => answer::plain(message, &content, None),
    };
    out(answer, back, code, None)
}

fn out(message: Option<Vec<u8>>, back: Return, code: ResponseCode, pass: Option<Pass>) -> Option<Out> {
    Some(Out {
        frame: back.frame(&message?, code)?,
        pass,
    })
}

/// Field 63 of sign-in, lock and unlock: the operator's number.
fn operator(message: &Message<'_>) -> String {
    let text = message.text_str(63).unwrap_or_default().trim();
    text.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

fn totals(field: &Field48) -> BatchTotals {
    let (domestic, foreign) = (field.domestic, field.foreign);
    let minor = |a: u64, b: u64| i64::try_from(a.saturating_add(b)).unwrap_or(i64::MAX);
    BatchTotals {
        debit_minor: minor(domestic.debit_minor, foreign.debit_minor),
        debit_count: i64::from(domestic.debit_count) + i64::from(foreign.debit_count),
        credit_minor: minor(domestic.credit_minor, foreign.credit_minor),
        credit_count: i64::from(domestic.credit_count) + i64::from(foreign.credit_count),
    }
}

/// Our totals as field 48 carries them. All cards count as domestic: the ledger keeps no issuer's country.
fn answered(totals: &BatchTotals, reply: Reply) -> Field48 {
    let count = |count: i64| u32::try_from(count.clamp(0, 999)).unwrap_or_default();
    let minor =
        |minor: i64| u64::try_from(minor.clamp(0, domain::money::AMOUNT_MINOR_MAX)).unwrap_or_default();
    let domestic = Totals {
        debit_minor: minor(totals.debit_minor),
        debit_count: count(totals.debit_count),
        credit_minor: minor(totals.credit_minor),
        credit_count: count(totals.credit_count),
    };
    Field48 {
        domestic,
        domestic_reply: reply,
        foreign: Totals::default(),
        foreign_reply: reply,
    }
}
