//! One request, from its frame to its answer: parse → known terminal → MAC → operator signed in → `authorise` →
//! acquirer host → `release` → answer.
//!
//! Invariant: nothing here decides; each step asks a use case and translates what it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use app::sign_in::Proved;
use app::transaction::{Admitted, Answer, Attempt};
use domain::TerminalId;
use domain::transaction::{BatchTrace, HostOutcome, Kind, Proof, Refusal, ResponseCode};
use iso8583::frame::{self, Envelope};
use iso8583::unionpay::{POS, field60};
use iso8583::{Message, ParseError};
use store::{Tx, Want};

use super::Gate;
use super::answer::{self, Content, Return};
use super::connection::Out;
use super::keys::{Keys, Known, Ring};
use super::request::{self, Ask};
use super::spare::Class;
use crate::connector::host::{AskError, HostAnswer};
use node::{Pass, Passing, Turn, now};

/// A request whose terminal is known.
pub(super) struct Request<'m> {
    pub(super) message: &'m Message<'m>,
    pub(super) back: Return,
    pub(super) terminal_id: TerminalId,
    /// Those its MAC verifies under, else the session's.
    pub(super) keys: Option<Arc<Keys>>,
    /// Whether its MAC verifies, so that nobody but the terminal can have sent it.
    pub(super) proof: Proof,
    pub(super) peer: SocketAddr,
}

impl Request<'_> {
    /// The ledger row of the sign-in whose keys prove it.
    fn proven_by(&self) -> Option<i64> {
        let keys = self.keys.as_ref().filter(|_| self.proof == Proof::Proven);
        keys.map(|keys| keys.sequence)
    }
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
        let ring = match self.keys.get(&self.node, terminal_id, self.mac_algorithm).await {
            Ok(Known::Ring(ring)) => ring,
            Ok(Known::UnknownTerminal) => return self.unknown_terminal(&message, back),
            Err(error) => {
                tracing::error!(%error, "the gate cannot read the store");
                return refusal(&message, back, None, ResponseCode::SYSTEM_ERROR);
            }
        };
        let mut request = Request {
            message: &message,
            back,
            terminal_id,
            keys: ring.current.clone(),
            proof: Proof::Unproven,
            peer,
        };
        match self.answer(&mut request, ring).await {
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

    async fn answer(
        self: &Arc<Self>,
        request: &mut Request<'_>,
        ring: Ring,
    ) -> Result<Option<Out>, store::Error> {
        let ask = Ask::of(request.message);
        self.verify(request, ring).await;
        if request.proof == Proof::Proven {
            self.heard(request.terminal_id, request.peer);
            if let Some(code) = self.spare.answer(request.terminal_id, Instant::now()) {
                return Ok(self.refuse_from_memory(request, ask, code));
            }
            self.prove(request).await?;
        }
        let attempt = ask.and_then(|ask| {
            let (id, peer) = (request.terminal_id, request.peer);
            request::attempt(request.message, ask, id, peer, request.proven_by()).ok()
        });
        let Some((ask, attempt)) = ask.zip(attempt) else {
            return self.decline(request, Refusal::Invalid).await;
        };
        if let Some(class) = row_class(request, ask)
            && !self.may_write(request, class)
        {
            return self.beyond(request, ask).await;
        }
        // What does not wait for the host has one pass for decision and answer; a card transaction takes its own.
        let pass = (!matches!(ask, Ask::Card(_))).then(|| Pass::take(&self.node, request.terminal_id));
        let out = self.decide(request, attempt, ask).await?;
        if request.proof == Proof::Proven {
            self.node.acted.note(request.terminal_id);
        }
        Ok(out.map(|out| Out {
            pass: out.pass.or(pass),
            ..out
        }))
    }

    /// Whether an unproven request of that class may leave a row; a proven one always may.
    pub(super) fn may_write(&self, request: &Request<'_>, class: Class) -> bool {
        request.proof == Proof::Proven
            || self
                .spare
                .may_write(request.terminal_id, request.peer.ip(), class, Instant::now())
    }

    /// Answers what is beyond its allowance: nothing is decided and no row written, but a held terminal hears what it
    /// always hears, and is counted.
    async fn beyond(&self, request: &Request<'_>, ask: Ask) -> Result<Option<Out>, store::Error> {
        let (code, kind) = match self.stopped(request.terminal_id).await? {
            Some(code) => (code, ask.kind()),
            None if ask.has_mac() => (ResponseCode::MAC_ERROR, ask.kind()),
            None => (ResponseCode::SYSTEM_ERROR, ask.kind()),
        };
        Ok(self.refuse_here(request, kind, code))
    }

    /// What a stopped terminal hears, as it was a quarter of a second ago at most.
    async fn stopped(&self, terminal_id: TerminalId) -> Result<Option<ResponseCode>, store::Error> {
        if let Some(code) = self.spare.stopped(terminal_id, Instant::now()) {
            return Ok(code);
        }
        let stopped = self
            .node
            .read(move |tx| app::transaction::stopped(tx, terminal_id))
            .await?;
        let code = stopped.map(Refusal::response_code);
        self.spare.note_stopped(terminal_id, code, Instant::now());
        Ok(code)
    }

    /// Refuses without a row; a held terminal's attempt is counted all the same.
    pub(super) fn refuse_without_row(
        &self,
        request: &Request<'_>,
        kind: Kind,
        refusal: Refusal,
    ) -> Option<Out> {
        self.refuse_here(request, kind, refusal.response_code())
    }

    fn refuse_from_memory(&self, request: &Request<'_>, ask: Option<Ask>, code: ResponseCode) -> Option<Out> {
        let kind = ask.map_or_else(|| request::kind_by_type(request.message.mti()), Ask::kind);
        self.refuse_here(request, kind, code)
    }

    fn refuse_here(&self, request: &Request<'_>, kind: Kind, code: ResponseCode) -> Option<Out> {
        self.node.counters.limited.fetch_add(1, Ordering::Relaxed);
        if code == ResponseCode::TERMINAL_NOT_PERMITTED {
            let of = (request.terminal_id, kind, request.proof);
            self.spare.count(of, request.peer, now(), Instant::now());
        }
        refusal(request.message, request.back, request.keys.as_deref(), code)
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
                let Some(operator) = request::operator(request.message) else {
                    return self.decline(request, Refusal::Invalid).await;
                };
                let admitted = self
                    .node
                    .write(move |tx| app::operator::lock_by_terminal(tx, &attempt, operator))
                    .await?;
                Ok(self.plain(request, admitted, true))
            }
            Ask::Unlock => self.unlock(request, attempt).await,
            Ask::Settlement => self.settlement(request, attempt).await,
            Ask::BatchUpload => self.batch_upload(request, attempt).await,
            Ask::BatchUploadEnd(end) => {
                let admitted = self
                    .node
                    .write(move |tx| app::settlement::upload_end(tx, &attempt, end))
                    .await?;
                Ok(self.plain(request, admitted, false))
            }
        }
    }

    /// Finds the keys under which the MAC verifies. On a shared store the terminal may have signed in at another node
    /// meanwhile: then its newer keys are fetched.
    async fn verify(&self, request: &mut Request<'_>, ring: Ring) {
        let (Some(input), Some(mac)) = (request.message.mac_input(), request.message.bytes(64)) else {
            return;
        };
        let mut verifying = ring.verifying(input, mac);
        if verifying.is_none() && self.node.store.is_shared() {
            let asking = (request.terminal_id, request.peer.ip());
            let newer = self
                .keys
                .newer(&self.node, asking, self.mac_algorithm, &ring)
                .await;
            verifying = newer.and_then(|ring| ring.verifying(input, mac));
        }
        match verifying {
            Some(keys) => (request.keys, request.proof) = (Some(keys), Proof::Proven),
            None if ring.is_empty() => {}
            None => {
                self.node.counters.mac_failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The first MAC under keys on offer proves the sign-in they were offered to: they become the session's, and count from
    /// the commit on. Keys that newer ones have replaced on another node prove nothing.
    async fn prove(self: &Arc<Self>, request: &mut Request<'_>) -> Result<(), store::Error> {
        let terminal_id = request.terminal_id;
        let keys = request.keys.clone();
        let Some(keys) = keys.filter(|keys| self.keys.is_offered(terminal_id, keys.sequence)) else {
            return Ok(());
        };
        let batch = field60(request.message).map_or(0, |field| field.batch);
        let (sequence, peer) = (keys.sequence, request.peer.to_string());
        let proved = self
            .node
            .write(move |tx| app::sign_in::prove(tx, terminal_id, sequence, batch, &peer))
            .await?;
        match proved {
            Proved::InUse => self.keys.promote(terminal_id, &keys),
            Proved::Stopped => {}
            Proved::OldKeys => {
                self.keys.forget(terminal_id, sequence);
                request.proof = Proof::Unproven;
            }
        }
        Ok(())
    }

    /// A card transaction: the first locked check, the host, the second.
    async fn card(
        self: &Arc<Self>,
        request: &Request<'_>,
        mut attempt: Attempt,
        kind: Kind,
    ) -> Result<Option<Out>, store::Error> {
        if !self.node.outgoing.has_lease() {
            // Out of reach of the store: an approval could not be written anyway.
            return Ok(refusal(
                request.message,
                request.back,
                request.keys.as_deref(),
                ResponseCode::SYSTEM_ERROR,
            ));
        }
        if kind.reversible() {
            attempt.reversal_sealed =
                request::seal_reversal(&self.node.sealer, request.message, request.terminal_id);
            attempt.undo_sealed =
                request::seal_undo(&self.node.sealer, request.message, request.terminal_id, kind);
        }
        let peer = attempt.peer.clone();
        let first = Pass::take(&self.node, request.terminal_id);
        let (name, kind) = (attempt.name, attempt.kind);
        let want = Want {
            terminal_id: request.terminal_id,
            name: Some(name),
        };
        let node = self.node.name.clone();
        let admitted = self
            .node
            .write_for(want, move |tx| app::transaction::authorise(tx, &attempt, &node))
            .await;
        if let Err(store::Error::OutcomeUnknown) = admitted {
            self.abandon(request.terminal_id, name);
        }
        let admitted = admitted?;
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
            .release(terminal_id, sequence, (name, kind), outcome, peer)
            .await?;
        let Some(answer) = released else { return Ok(None) };
        Ok(self.financial(
            request,
            Admitted::Answer(answer),
            host.ok().as_ref(),
            Some(second),
        ))
    }

    /// Nobody knows whether an intent was kept: if it was, it is taken back when the store can be asked again. The terminal
    /// hears at once that it cannot be served.
    fn abandon(&self, terminal_id: TerminalId, name: BatchTrace) {
        let node = self.node.clone();
        tokio::spawn(async move {
            let abandoned = node.insist(Turn::Own, || {
                let own = node.name.clone();
                move |tx: &Tx<'_>| app::transaction::abandon(tx, terminal_id, name, &own)
            });
            if let Err(error) = abandoned.await {
                let error: store::Error = error;
                tracing::warn!(%terminal_id, %error, "an intent nobody knows of is left to be forgotten");
            }
        });
    }

    /// The second check. When nobody knows whether it was kept, it is asked again: what was decided once is not decided
    /// twice. `None` when there is nothing to say; the terminal will ask to reverse what it heard no answer to.
    async fn release(
        &self,
        terminal_id: TerminalId,
        sequence: i64,
        (name, kind): (BatchTrace, Kind),
        outcome: HostOutcome,
        peer: String,
    ) -> Result<Option<Answer>, store::Error> {
        let (first, first_peer) = (outcome.clone(), peer.clone());
        let work = move |tx: &Tx<'_>| {
            app::transaction::release(tx, terminal_id, sequence, &first, Some(&first_peer))
        };
        let released = self.node.write_for(Want::of(terminal_id), work).await;
        if !released.as_ref().is_err_and(Passing::passes) {
            return released;
        }
        // The store may be away, or the terminal locked by a node that stands still: the database frees it after a while.
        let again = self.node.insist(Turn::Own, || {
            let (outcome, peer) = (outcome.clone(), peer.clone());
            move |tx: &Tx<'_>| {
                let released = app::transaction::release(tx, terminal_id, sequence, &outcome, Some(&peer))?;
                match released {
                    Some(answer) => Ok::<_, store::Error>(Some(answer)),
                    None => app::transaction::decided(tx, terminal_id, name, kind),
                }
            }
        });
        match again.await {
            Err(error) if error.passes() => Ok(None),
            answered => answered,
        }
    }

    async fn reversal(
        self: &Arc<Self>,
        request: &Request<'_>,
        mut attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        attempt.reversal_sealed =
            request::seal_reversal(&self.node.sealer, request.message, request.terminal_id);
        attempt.undo_sealed = request::seal_undo(
            &self.node.sealer,
            request.message,
            request.terminal_id,
            Kind::Reversal,
        );
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
    ) -> Result<Option<Out>, store::Error> {
        let message = request.message;
        let kind = request::kind_by_type(message.mti());
        let merchant_id = message.text(42).and_then(domain::MerchantId::parse);
        let Some(merchant_id) = merchant_id.filter(|_| self.may_write(request, Class::Invalid)) else {
            // The holds still come first, and an attempt of a held terminal is counted.
            let code = self.stopped(request.terminal_id).await?;
            let code = code.unwrap_or(ResponseCode::FORMAT_ERROR);
            return Ok(self.refuse_here(request, kind, code));
        };
        let attempt = Attempt {
            terminal_id: request.terminal_id,
            merchant_id,
            kind,
            name: domain::transaction::BatchTrace { batch: 0, trace: 0 },
            original: None,
            retrieval_reference: None,
            approval_code: None,
            flaw: None,
            amount: None,
            card: None,
            entry_mode: None,
            reversal_sealed: None,
            undo_sealed: None,
            peer: request.peer.to_string(),
            mac_verified: request.proof == Proof::Proven,
            keys: request.proven_by(),
            received_at: now(),
        };
        let admitted = self
            .node
            .write(move |tx| app::transaction::decline(tx, &attempt, refusal))
            .await?;
        Ok(self.plain(request, admitted, request.proof == Proof::Proven))
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
                if request.proof == Proof::Proven {
                    // The session's are others by now, at another node.
                    if answer.response_code == ResponseCode::MAC_ERROR {
                        self.keys.look_again(request.terminal_id);
                    }
                    self.spare
                        .note(request.terminal_id, answer.response_code, Instant::now());
                }
                self.node.changed(answer.incident_id.clone());
                if answer.reversal_owed {
                    self.node.work_due.notify_one();
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

/// What allowance a request spends before it is decided: of those that cannot leave a row, or leave one only when they have
/// news, none.
const fn row_class(request: &Request<'_>, ask: Ask) -> Option<Class> {
    match (request.proof, ask) {
        (Proof::Proven, _) | (_, Ask::Echo | Ask::SignIn { .. } | Ask::Settlement) => None,
        (_, Ask::SignOut) => Some(Class::SignOut),
        (_, Ask::BatchUploadEnd(_)) => Some(Class::Settlement),
        (_, Ask::BatchUpload) => Some(Class::Upload),
        (_, Ask::Card(_) | Ask::Reversal | Ask::Lock | Ask::Unlock) => Some(Class::Unsigned),
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
