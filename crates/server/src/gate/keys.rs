//! Terminals' working keys, with their schedules, kept in memory while they are in use: those of the session, and those on
//! offer to a sign-in that nothing has proved yet.
//!
//! Invariant: memory never approves; what is here only proves where a request comes from.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
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
/// Looks for newer keys of one terminal at the asking of one address at once, and per second after that: anybody can send
/// what does not verify, and must not use up the looks of who can.
const LOOKS: Rate = Rate {
    burst: 50.0,
    per_second: 2.0,
};
/// Terminals and addresses whose looks are counted; when there are more, all start anew.
const LOOKS_MAX: usize = 20_000;
const MAC_KEY_BYTES: usize = 8;

/// One set of working keys.
pub struct Keys {
    /// The ledger row of the sign-in that offered them: newer keys have a higher one.
    pub sequence: i64,
    /// MAK.
    pub mac: MacKey,
    /// PIK.
    pub pin: PinKey,
}

/// One terminal's keys.
#[derive(Clone, Default)]
pub struct Ring {
    /// The session's.
    pub current: Option<Arc<Keys>>,
    /// Those on offer, the newest first.
    offered: Vec<Arc<Keys>>,
}

impl Ring {
    /// The keys under which a MAC verifies.
    pub fn verifying(&self, input: &[u8], mac: &[u8]) -> Option<Arc<Keys>> {
        let mut all = self.current.iter().chain(&self.offered);
        all.find(|keys| keys.mac.verify(input, mac)).cloned()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.offered.is_empty()
    }

    fn newest(&self) -> i64 {
        let all = self.current.iter().chain(&self.offered);
        all.map(|keys| keys.sequence).max().unwrap_or(-1)
    }
}

/// What is known of a terminal's keys.
#[derive(Clone)]
pub enum Known {
    /// No such terminal.
    UnknownTerminal,
    /// Its keys; none when it never signed in.
    Ring(Ring),
}

#[derive(Default)]
pub(super) struct Cache {
    rings: RwLock<HashMap<TerminalId, Ring>>,
    looks: Mutex<HashMap<(TerminalId, IpAddr), Tokens>>,
}

impl Cache {
    /// The terminal's keys, from memory or from the store.
    pub(super) async fn get(
        &self,
        node: &Node,
        terminal_id: TerminalId,
        algorithm: Algorithm,
    ) -> Result<Known, Error> {
        match self.cached(terminal_id) {
            Some(ring) => Ok(Known::Ring(ring)),
            None => self.read(node, terminal_id, algorithm).await,
        }
    }

    /// The terminal's keys as the store has them now, when another node may have given newer ones: `None` when they are
    /// those held, or were looked for too often.
    pub(super) async fn newer(
        &self,
        node: &Node,
        (terminal_id, address): (TerminalId, IpAddr),
        algorithm: Algorithm,
        held: &Ring,
    ) -> Option<Ring> {
        let other = || {
            self.cached(terminal_id)
                .filter(|ring| ring.newest() != held.newest())
        };
        if let Some(ring) = other() {
            return Some(ring);
        }
        if self.may_look(terminal_id, address) {
            self.read(node, terminal_id, algorithm).await.ok()?;
        }
        other()
    }

    /// Whether the store may be asked for newer keys.
    fn may_look(&self, terminal_id: TerminalId, address: IpAddr) -> bool {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, now) = ((terminal_id, address), Instant::now());
        if looks.len() >= LOOKS_MAX && !looks.contains_key(&key) {
            looks.clear();
        }
        let tokens = looks.entry(key).or_insert_with(|| Tokens::full(&LOOKS, now));
        tokens.take(&LOOKS, now)
    }

    async fn read(&self, node: &Node, terminal_id: TerminalId, algorithm: Algorithm) -> Result<Known, Error> {
        let read = node
            .read(move |tx| {
                let Some(_) = store::terminal::door(tx, terminal_id)? else {
                    return Ok(None);
                };
                let session = store::terminal_session::get(tx, terminal_id)?;
                Ok::<_, Error>(Some((
                    session,
                    store::offered_keys::of_terminal(tx, terminal_id)?,
                )))
            })
            .await?;
        let Some((session, offered)) = read else {
            return Ok(Known::UnknownTerminal);
        };
        let open =
            |sequence, sealed: &[u8]| prepare(sequence, &open(&node.sealer, terminal_id, sealed)?, algorithm);
        let ring = Ring {
            current: session.and_then(|session| open(session.sequence, &session.keys_sealed)),
            offered: offered
                .iter()
                .filter_map(|keys| open(keys.sequence, &keys.keys_sealed))
                .collect(),
        };
        Ok(Known::Ring(self.merge(terminal_id, ring)))
    }

    /// Puts what was read in place of what is held, but for what came to be since it was read.
    fn merge(&self, terminal_id: TerminalId, mut read: Ring) -> Ring {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        if rings.len() >= ENTRIES_MAX {
            rings.clear();
        }
        let held = rings.entry(terminal_id).or_default();
        let newest = read.newest();
        held.offered.retain(|keys| keys.sequence > newest);
        held.offered.append(&mut read.offered);
        let sequence_of = |keys: &Option<Arc<Keys>>| keys.as_ref().map(|keys| keys.sequence);
        if sequence_of(&held.current) < sequence_of(&read.current) {
            held.current = read.current;
        }
        held.clone()
    }

    /// Whether a set is on offer only.
    pub(super) fn is_offered(&self, terminal_id: TerminalId, sequence: i64) -> bool {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        let offered = rings.get(&terminal_id).map(|ring| ring.offered.as_slice());
        offered
            .unwrap_or_default()
            .iter()
            .any(|offered| offered.sequence == sequence)
    }

    /// Keeps a set that was put on offer.
    pub(super) fn offer(&self, terminal_id: TerminalId, keys: Arc<Keys>) {
        self.change(terminal_id, |ring| {
            let all = ring.current.iter().chain(&ring.offered);
            if all.into_iter().all(|held| held.sequence != keys.sequence) {
                ring.offered.insert(0, keys);
            }
        });
    }

    /// A set that was on offer is the session's.
    pub(super) fn promote(&self, terminal_id: TerminalId, keys: &Arc<Keys>) {
        self.change(terminal_id, |ring| {
            ring.offered.retain(|offered| offered.sequence != keys.sequence);
            if ring
                .current
                .as_ref()
                .is_none_or(|held| held.sequence < keys.sequence)
            {
                ring.current = Some(keys.clone());
            }
        });
    }

    /// A set that was on offer is over.
    pub(super) fn forget(&self, terminal_id: TerminalId, sequence: i64) {
        self.change(terminal_id, |ring| {
            ring.offered.retain(|offered| offered.sequence != sequence);
        });
    }

    /// What is held of a terminal is over: the store is asked the next time.
    pub(super) fn look_again(&self, terminal_id: TerminalId) {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        rings.remove(&terminal_id);
    }

    /// Changes what is held of a terminal; of one that is not held the store knows more.
    fn change(&self, terminal_id: TerminalId, change: impl FnOnce(&mut Ring)) {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(ring) = rings.get_mut(&terminal_id) {
            change(ring);
        }
    }

    fn cached(&self, terminal_id: TerminalId) -> Option<Ring> {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        rings.get(&terminal_id).cloned()
    }
}

/// Prepares working keys for use.
pub(super) fn prepare(sequence: i64, keys: &WorkingKeys, algorithm: Algorithm) -> Option<Arc<Keys>> {
    Some(Arc::new(Keys {
        sequence,
        mac: MacKey::new(algorithm, &keys.mac).ok()?,
        pin: PinKey::new(&keys.pin).ok()?,
    }))
}

/// Working keys as sealed bytes: the PIK's length, the PIK, the MAK, the track key where the layout has one.
pub(super) fn seal(
    sealer: &Sealer,
    terminal_id: TerminalId,
    keys: &WorkingKeys,
) -> Result<Vec<u8>, node::seal::Error> {
    let pin_len = u8::try_from(keys.pin.len()).map_err(|_| node::seal::Error::DoesNotOpen)?;
    let track = keys.track.as_ref().map_or(&[][..], |track| track.as_slice());
    let plain = Zeroizing::new([&[pin_len], keys.pin.as_slice(), keys.mac.as_slice(), track].concat());
    sealer.seal(Purpose::WorkingKeys, terminal_id.as_str(), &plain)
}

/// Opens what [`seal`] sealed; nothing where the keys were ended.
pub(super) fn open(sealer: &Sealer, terminal_id: TerminalId, sealed: &[u8]) -> Option<WorkingKeys> {
    if sealed.is_empty() {
        return None;
    }
    let opened = sealer.open(Purpose::WorkingKeys, terminal_id.as_str(), sealed);
    let plain = opened
        .inspect_err(|error| tracing::error!(%terminal_id, %error, "working keys"))
        .ok()?;
    let (pin_len, rest) = plain.split_first()?;
    let (pin, rest) = rest.split_at_checked(usize::from(*pin_len))?;
    let (mac, track) = rest.split_at_checked(MAC_KEY_BYTES)?;
    let key = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
    Some(WorkingKeys {
        pin: key(pin),
        mac: key(mac),
        track: (!track.is_empty()).then(|| key(track)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> TerminalId {
        TerminalId::parse(b"10450001").unwrap()
    }

    fn keys(sequence: i64) -> Arc<Keys> {
        let keys = WorkingKeys {
            pin: Zeroizing::new(vec![1; 16]),
            mac: Zeroizing::new(sequence.to_be_bytes().to_vec()),
            track: None,
        };
        prepare(sequence, &keys, Algorithm::UnionPayEcb).unwrap()
    }

    fn ring(current: Option<i64>, offered: &[i64]) -> Ring {
        Ring {
            current: current.map(keys),
            offered: offered.iter().copied().map(keys).collect(),
        }
    }

    fn held(cache: &Cache) -> (Option<i64>, Vec<i64>) {
        let ring = cache.cached(terminal()).unwrap();
        let sequences = ring.offered.iter().map(|keys| keys.sequence);
        (ring.current.map(|keys| keys.sequence), sequences.collect())
    }

    #[test]
    fn offered_keys_stand_beside_the_sessions_until_one_set_is_proved() {
        let cache = Cache::default();
        cache.merge(terminal(), ring(Some(3), &[]));
        cache.offer(terminal(), keys(5));
        cache.offer(terminal(), keys(7));
        cache.offer(terminal(), keys(5));
        assert_eq!(held(&cache), (Some(3), vec![7, 5]));
        let ring = cache.cached(terminal()).unwrap();
        for sequence in [3, 5, 7] {
            let mac = keys(sequence).mac.sign(b"message");
            let verifying = ring.verifying(b"message", &mac).unwrap();
            assert_eq!(verifying.sequence, sequence);
        }
        cache.promote(terminal(), &keys(5));
        assert_eq!(held(&cache), (Some(5), vec![7]));
        assert!(cache.is_offered(terminal(), 7) && !cache.is_offered(terminal(), 5));
        cache.forget(terminal(), 7);
        assert_eq!(held(&cache), (Some(5), vec![]));
    }

    #[test]
    fn what_was_read_before_a_sign_in_does_not_take_its_offer_back() {
        let cache = Cache::default();
        cache.merge(terminal(), ring(Some(3), &[4]));
        cache.offer(terminal(), keys(9));
        cache.merge(terminal(), ring(Some(3), &[4]));
        assert_eq!(held(&cache), (Some(3), vec![9, 4]));
        cache.promote(terminal(), &keys(9));
        cache.merge(terminal(), ring(Some(3), &[4]));
        assert_eq!(held(&cache), (Some(9), vec![4]));
    }

    #[test]
    fn of_a_terminal_that_is_not_held_the_store_is_asked() {
        let cache = Cache::default();
        cache.offer(terminal(), keys(5));
        assert!(cache.cached(terminal()).is_none());
    }

    #[test]
    fn one_address_does_not_use_up_anothers_looks() {
        let cache = Cache::default();
        let [forger, rightful] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        while cache.may_look(terminal(), forger) {}
        assert!(cache.may_look(terminal(), rightful));
    }
}
