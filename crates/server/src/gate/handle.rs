//! One request, from its frame to its answer: parse → known terminal → MAC → operator signed in → `authorise` →
//! acquirer host → `release` → answer.
//!
//! Invariant: nothing here decides; each step asks a use case and translates what it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use app::transaction::{Admitted, Answer, Attempt};
use domain::TerminalId;
use domain::transaction::{HostOutcome, Kind, Refusal, ResponseCode};
use iso8583::frame::{self, Envelope};
use iso8583::unionpay::POS;
use iso8583::{Message, ParseError};

use super::Gate;
use super::answer::{self, Content, Return};
use super::connection::Out;
use super::keys::{Keys, Known};
use super::request::{self, Ask};
use super::sign_in::operator;
use crate::connector::host::{AskError, HostAnswer};
use crate::node::{Pass, now};

/// A request whose terminal is known.
pub(super) struct Request<'m> {
    pub(super) message: &'m Message<'m>,
    pub(super) back: Return,
    pub(super) terminal_id: TerminalId,
    pub(super) keys: Option<Arc<Keys>>,
    pub(super) peer: SocketAddr,
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

    pub(super) fn unknown_terminal(&self, message: &Message<'_>, back: Return) -> Option<Out> {
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

    /// Refuses what cannot be understood; a held terminal still hears only that it is held.
    pub(super) async fn decline(
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
    pub(super) fn financial(
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
    pub(super) fn plain(&self, request: &Request<'_>, admitted: Admitted, with_mac: bool) -> Option<Out> {
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

pub(super) fn refusal(
    message: &Message<'_>,
    back: Return,
    keys: Option<&Keys>,
    code: ResponseCode,
) -> Option<Out> {
    let content = Content::refusal(code, now());
    let key = keys.map(|keys| &keys.mac);
    let answer = match message.has(3) {
        true => answer::financial(message, &content, key),
        false => answer::plain(message, &content, None),
    };
    out(answer, back, code, None)
}

pub(super) fn out(
    message: Option<Vec<u8>>,
    back: Return,
    code: ResponseCode,
    pass: Option<Pass>,
) -> Option<Out> {
    Some(Out {
        frame: back.frame(&message?, code)?,
        pass,
    })
}
