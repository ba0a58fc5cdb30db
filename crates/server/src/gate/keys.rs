//! Terminals' working keys, with their schedules, kept in memory while they are in use.
//!
//! Invariant: memory never approves; what is here only proves where a request comes from.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use domain::TerminalId;
use iso8583::keys::WorkingKeys;
use iso8583::mac::{Algorithm, MacKey};
use iso8583::pin::PinKey;
use store::Error;
use zeroize::Zeroizing;

use super::spare::{Rate, Tokens};
use node::Node;
use node::seal::{Purpose, Sealer};

/// Entries before the cache starts anew.
const ENTRIES_MAX: usize = 1_000_000;
/// Looks for newer keys of one terminal at once, and per second after that: anybody can send what does not verify.
const LOOKS: Rate = Rate {
    burst: 50.0,
    per_second: 2.0,
};

/// One terminal's working keys.
pub struct Keys {
    /// MAK.
    pub mac: MacKey,
    /// PIK.
    pub pin: PinKey,
}

/// What is known of a terminal's keys.
#[derive(Clone)]
pub enum Known {
    /// No such terminal.
    UnknownTerminal,
    /// In the estate, but it never signed in.
    NoKeys,
    /// Its keys.
    Keys(Arc<Keys>),
}

/// What is remembered of one terminal.
struct Entry {
    /// The ledger row of the sign-in that gave the keys: newer keys have a higher one.
    sequence: i64,
    keys: Option<Arc<Keys>>,
    /// How often they may still be looked for anew because a MAC does not verify.
    looks: Tokens,
}

#[derive(Default)]
pub(super) struct Cache(RwLock<HashMap<TerminalId, Entry>>);

impl Cache {
    /// The terminal's keys, from memory or from the store.
    pub(super) async fn get(
        &self,
        node: &Node,
        terminal_id: TerminalId,
        algorithm: Algorithm,
    ) -> Result<Known, Error> {
        match self.cached(terminal_id) {
            Some(known) => Ok(known),
            None => self.read(node, terminal_id, algorithm).await,
        }
    }

    /// Other keys than those held, given at another node since: from memory, where another request has fetched them, or
    /// from the store.
    pub(super) async fn newer(
        &self,
        node: &Node,
        terminal_id: TerminalId,
        algorithm: Algorithm,
        held: Option<&Arc<Keys>>,
    ) -> Option<Arc<Keys>> {
        let other = || match self.cached(terminal_id) {
            Some(Known::Keys(keys)) if held.is_none_or(|held| !Arc::ptr_eq(held, &keys)) => Some(keys),
            _ => None,
        };
        if let Some(keys) = other() {
            return Some(keys);
        }
        if self.may_look(terminal_id) {
            self.read(node, terminal_id, algorithm).await.ok()?;
        }
        other()
    }

    /// Whether the store may be asked for newer keys.
    fn may_look(&self, terminal_id: TerminalId) -> bool {
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let entry = cache.get_mut(&terminal_id);
        entry.is_some_and(|entry| entry.looks.take(&LOOKS, Instant::now()))
    }

    async fn read(&self, node: &Node, terminal_id: TerminalId, algorithm: Algorithm) -> Result<Known, Error> {
        let read = node
            .read(move |tx| {
                let Some(_) = store::terminal::door(tx, terminal_id)? else {
                    return Ok(None);
                };
                Ok::<_, Error>(Some(store::terminal_session::get(tx, terminal_id)?))
            })
            .await?;
        let Some(session) = read else {
            return Ok(Known::UnknownTerminal);
        };
        let sequence = session.as_ref().map_or(0, |session| session.sequence);
        let keys =
            session.and_then(|session| open(&node.sealer, terminal_id, &session.keys_sealed, algorithm));
        self.put(terminal_id, sequence, keys);
        Ok(self.cached(terminal_id).unwrap_or(Known::NoKeys))
    }

    /// Puts a terminal's keys in place of older ones. A sign-in calls this after its commit; of two at once the one that
    /// was committed last counts, whichever comes here last.
    pub(super) fn put(&self, terminal_id: TerminalId, sequence: i64, keys: Option<Arc<Keys>>) {
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= ENTRIES_MAX {
            cache.clear();
        }
        let entry = cache.entry(terminal_id).or_insert(Entry {
            sequence: -1,
            keys: None,
            looks: Tokens::full(&LOOKS, Instant::now()),
        });
        if sequence > entry.sequence {
            (entry.sequence, entry.keys) = (sequence, keys);
        }
    }

    fn cached(&self, terminal_id: TerminalId) -> Option<Known> {
        let cache = self.0.read().unwrap_or_else(PoisonError::into_inner);
        cache.get(&terminal_id).map(|entry| match &entry.keys {
            Some(keys) => Known::Keys(keys.clone()),
            None => Known::NoKeys,
        })
    }
}

/// Prepares working keys for use.
pub(super) fn prepare(keys: &WorkingKeys, algorithm: Algorithm) -> Option<Arc<Keys>> {
    Some(Arc::new(Keys {
        mac: MacKey::new(algorithm, &keys.mac).ok()?,
        pin: PinKey::new(&keys.pin).ok()?,
    }))
}

/// Working keys as sealed bytes: the PIK's length, the PIK, the MAK.
pub(super) fn seal(
    sealer: &Sealer,
    terminal_id: TerminalId,
    keys: &WorkingKeys,
) -> Result<Vec<u8>, node::seal::Error> {
    let pin_len = u8::try_from(keys.pin.len()).map_err(|_| node::seal::Error::DoesNotOpen)?;
    let plain = Zeroizing::new([&[pin_len], keys.pin.as_slice(), keys.mac.as_slice()].concat());
    sealer.seal(Purpose::WorkingKeys, terminal_id.as_str(), &plain)
}

fn open(sealer: &Sealer, terminal_id: TerminalId, sealed: &[u8], algorithm: Algorithm) -> Option<Arc<Keys>> {
    let opened = sealer.open(Purpose::WorkingKeys, terminal_id.as_str(), sealed);
    let plain = opened
        .inspect_err(|error| tracing::error!(%terminal_id, %error, "working keys"))
        .ok()?;
    let (pin_len, rest) = plain.split_first()?;
    let (pin, mac) = rest.split_at_checked(usize::from(*pin_len))?;
    Some(Arc::new(Keys {
        mac: MacKey::new(algorithm, mac).ok()?,
        pin: PinKey::new(pin).ok()?,
    }))
}
