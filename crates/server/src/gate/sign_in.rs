//! Sign-in, which hands out working keys, and the unlock by password, which they protect.
//!
//! Invariant: a key or a password is in clear only here, only in memory, and wiped after use.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use app::sign_in::SignedIn;
use app::transaction::{Admitted, Attempt};
use domain::TerminalId;
use domain::transaction::{Refusal, ResponseCode};
use iso8583::Message;
use iso8583::keys::{KeyLayout, MasterKey, WorkingKeys, write_field62};
use zeroize::Zeroizing;

use super::Gate;
use super::answer::{self, Content};
use super::connection::Out;
use super::handle::{Request, out, refusal};
use super::keys::{self, Keys};
use node::seal::{Purpose, random};

impl Gate {
    /// 0800: refused, or answered with fresh working keys.
    pub(super) async fn sign_in(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
        net_code: u16,
    ) -> Result<Option<Out>, store::Error> {
        let Some(layout) = KeyLayout::from_net_code(net_code) else {
            return self.decline(request, Refusal::Invalid, false).await;
        };
        let terminal_id = request.terminal_id;
        if !self.spare.may_sign_in(terminal_id, Instant::now()) {
            self.node.counters.limited.fetch_add(1, Ordering::Relaxed);
            return Ok(refusal(
                request.message,
                request.back,
                None,
                ResponseCode::SYSTEM_ERROR,
            ));
        }
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
            SignedIn::Batch {
                batch,
                sequence,
                answer,
            } => {
                self.keys.put(terminal_id, sequence, Some(prepared));
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

    /// Our 0820/402: the password is checked here, off the runtime's threads, and judged by the use case.
    pub(super) async fn unlock(
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
}

/// Field 63 of sign-in, lock and unlock: the operator's number.
pub(super) fn operator(message: &Message<'_>) -> String {
    let text = message.text_str(63).unwrap_or_default().trim();
    text.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}
