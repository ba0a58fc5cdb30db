//! Sign-in, which offers working keys, and the unlock by password, which they protect.
//!
//! Invariant: a key or a password is in clear only here, only in memory, and wiped after use.

use std::sync::Arc;

use app::sign_in::{Glimpse, SignedIn, Who};
use app::transaction::{Admitted, Attempt};
use domain::TerminalId;
use domain::operator::Number;
use domain::transaction::{Refusal, ResponseCode};
use iso8583::keys::{KeyLayout, MasterKey, WorkingKeys, write_field62};
use node::seal::{Purpose, random};
use zeroize::Zeroizing;

use super::Gate;
use super::answer::{self, Content};
use super::connection::Out;
use super::handle::{Request, out, refusal};
use super::keys::{self, Keys};
use super::request as read;
use super::spare::Class;

impl Gate {
    /// 0800: refused, or answered with working keys that only the terminal can open. Anybody can send it, so it changes
    /// nothing, and once keys are on offer it costs a read.
    pub(super) async fn sign_in(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
        net_code: u16,
    ) -> Result<Option<Out>, store::Error> {
        let layout = KeyLayout::from_net_code(net_code);
        let Some((layout, operator)) = layout.zip(read::operator(request.message)) else {
            return self.decline(request, Refusal::Invalid).await;
        };
        let (who, looking) = (Who { operator, net_code }, attempt.clone());
        let glimpsed = self
            .node
            .read(move |tx| {
                let door = store::terminal::door(tx, looking.terminal_id)?;
                Ok::<_, store::Error>(door.zip(Some(app::sign_in::glimpse(tx, &looking, who)?)))
            })
            .await?;
        let Some((door, glimpsed)) = glimpsed else {
            return Ok(self.unknown_terminal(request.message, request.back));
        };
        let signed_in = match glimpsed {
            Glimpse::Offered(offered) => offered,
            Glimpse::Refused(refusal) if !self.may_write(request, Class::SignIn) => {
                return Ok(self.refuse_without_row(request, attempt.kind, refusal));
            }
            Glimpse::Refused(_) | Glimpse::New => {
                let made = self.new_keys(request.terminal_id, layout);
                let Some(sealed) = made else {
                    return Ok(self.keys_failed(request));
                };
                self.node
                    .write(move |tx| app::sign_in::sign_in(tx, &attempt, who, sealed))
                    .await?
            }
        };
        match signed_in {
            SignedIn::UnknownTerminal => Ok(self.unknown_terminal(request.message, request.back)),
            SignedIn::Answer(answer) => Ok(self.plain(request, Admitted::Answer(answer), false)),
            SignedIn::Offered { batch, keys, answer } => {
                let (sequence, sealed) = (keys.sequence, keys.keys_sealed);
                let wrapped = self.wrap(
                    request.terminal_id,
                    layout,
                    &door.master_key_sealed,
                    (sequence, &sealed),
                );
                let Some((field62, prepared)) = wrapped else {
                    return Ok(self.keys_failed(request));
                };
                self.keys.offer(request.terminal_id, prepared);
                let content = Content::refusal(answer.response_code, answer.at);
                let with = (self.acquirer_code.as_str(), field62.as_slice());
                let message = answer::signed_in(request.message, &content, (batch, net_code), with);
                Ok(out(message, request.back, answer.response_code, None))
            }
        }
    }

    fn keys_failed(&self, request: &Request<'_>) -> Option<Out> {
        tracing::error!(terminal_id = %request.terminal_id, "working keys could not be made");
        refusal(request.message, request.back, None, ResponseCode::SYSTEM_ERROR)
    }

    /// New random working keys, sealed for the store.
    fn new_keys(&self, terminal_id: TerminalId, layout: KeyLayout) -> Option<Vec<u8>> {
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
        keys::seal(&self.node.sealer, terminal_id, &WorkingKeys { pin, mac, track }).ok()
    }

    /// Sealed working keys as field 62 carries them, and prepared for use.
    fn wrap(
        &self,
        terminal_id: TerminalId,
        layout: KeyLayout,
        master_key_sealed: &[u8],
        (sequence, keys_sealed): (i64, &[u8]),
    ) -> Option<(Vec<u8>, Arc<Keys>)> {
        let master = self
            .node
            .sealer
            .open(Purpose::MasterKey, terminal_id.as_str(), master_key_sealed)
            .ok()?;
        let master = MasterKey::new(&master).ok()?;
        let keys = keys::open(&self.node.sealer, terminal_id, keys_sealed)?;
        let field62 = write_field62(layout, &keys, &master).ok()?;
        Some((field62, keys::prepare(sequence, &keys, self.mac_algorithm)?))
    }

    /// Our 0820/402: once the MAC is known to be right, the password is checked here, among few at once and off the
    /// runtime's threads, and judged by the use case.
    pub(super) async fn unlock(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        let Some(operator) = read::operator(request.message) else {
            return self.decline(request, Refusal::Invalid).await;
        };
        let asked = match attempt.mac_verified {
            false => None,
            true => self.password_asked(&attempt, operator).await?,
        };
        let right = match asked.zip(password(request)) {
            None => false,
            Some((hash, password)) => match self.node.passwords.verify(password, hash).await {
                Ok(right) => right,
                Err(_) => {
                    let keys = request.keys.as_deref();
                    let code = ResponseCode::SYSTEM_ERROR;
                    return Ok(refusal(request.message, request.back, keys, code));
                }
            },
        };
        let unlock =
            move |tx: &store::Tx<'_>| app::operator::unlock_by_terminal(tx, &attempt, operator, right);
        let admitted = self.node.write(unlock).await?;
        Ok(self.plain(request, admitted, true))
    }

    /// The hash to compare a password with, if there is such an operator; `None` when the message is refused whatever the
    /// password.
    async fn password_asked(
        &self,
        attempt: &Attempt,
        operator: Number,
    ) -> Result<Option<Option<String>>, store::Error> {
        let attempt = attempt.clone();
        self.node
            .read(move |tx| match app::operator::is_password_asked(tx, &attempt)? {
                false => Ok(None),
                true => store::operator::password_hash(tx, attempt.terminal_id, operator.as_str()).map(Some),
            })
            .await
    }
}

/// Field 52 of the unlock, opened.
fn password(request: &Request<'_>) -> Option<Zeroizing<String>> {
    let (keys, block) = request.keys.as_ref().zip(request.message.bytes(52))?;
    let password = keys.pin.decrypt(block, None).ok()?;
    Some(Zeroizing::new(password.as_str().to_owned()))
}
