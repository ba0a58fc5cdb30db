//! What is owed out of whose allowance, and what the store has not been told of.
//!
//! Invariant: bounded; what was spent is told once, whatever the store does meanwhile.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use app::allowance::{Change, Owed};
use store::allowance::OWED_MS_MAX;

/// Subjects remembered at once.
pub(super) const SUBJECTS_MAX: usize = 20_000;
/// Subjects that are told of in one go, those who spent most first.
const TOLD_MAX: usize = 200;

/// What a subject is known by: a keyed digest, so that whoever reads the store learns nobody's address.
pub(super) type Key = Vec<u8>;

#[derive(Default)]
pub(super) struct Books {
    /// When each subject's allowance is full again.
    pub(super) full_at_ms: HashMap<Key, i64>,
    /// What the store has not been told of.
    untold: HashMap<Key, Change>,
}

impl Books {
    /// In how long an allowance is full again. What a clock that was ahead has written counts for nothing.
    pub(super) fn owed_ms(&self, key: &Key, now_ms: i64) -> i64 {
        let owed_ms = self.full_at_ms.get(key).map_or(0, |at_ms| at_ms - now_ms);
        if (0..=OWED_MS_MAX).contains(&owed_ms) {
            owed_ms
        } else {
            0
        }
    }

    /// Notes what was spent (or given back) out of an allowance.
    pub(super) fn spend(&mut self, key: Key, spent_ms: i64, now_ms: i64) {
        let at_ms = now_ms + self.owed_ms(&key, now_ms) + spent_ms;
        self.full_at_ms.insert(key.clone(), at_ms);
        self.untold.entry(key).or_default().spent_ms += spent_ms;
    }

    /// Forgets what a subject owes.
    pub(super) fn settle(&mut self, key: &Key) {
        if self.full_at_ms.remove(key).is_some() {
            self.untold.insert(key.clone(), Change::SETTLED);
        }
    }

    /// Takes what the store is to be told of now.
    pub(super) fn take_untold(&mut self) -> Vec<(Key, Change)> {
        let mut all: Vec<_> = self
            .untold
            .drain()
            .filter(|(_, change)| *change != Change::default())
            .collect();
        all.sort_unstable_by_key(|(_, change)| std::cmp::Reverse(change.spent_ms));
        let rest = all.split_off(all.len().min(TOLD_MAX));
        self.untold.extend(rest.into_iter().take(SUBJECTS_MAX));
        all
    }

    /// Hears what the store knows. What was spent since it was told comes on top.
    pub(super) fn hear(&mut self, known: Vec<Owed>, now_ms: i64) {
        for Owed { subject, full_at } in known {
            let since_ms = match self.untold.get(&subject) {
                Some(Change { is_settled: true, .. }) => continue,
                Some(change) => change.spent_ms,
                None => 0,
            };
            let at_ms = full_at.0.saturating_add(since_ms);
            match at_ms > now_ms {
                true => drop(self.full_at_ms.insert(subject, at_ms)),
                false => drop(self.full_at_ms.remove(&subject)),
            }
        }
        self.make_room(now_ms);
    }

    /// The store was not told: it is next time.
    pub(super) fn put_back(&mut self, changes: Vec<(Key, Change)>) {
        for (key, change) in changes {
            match self.untold.entry(key) {
                Entry::Vacant(free) => drop(free.insert(change)),
                Entry::Occupied(mut newer) => *newer.get_mut() = change.then(*newer.get()),
            }
        }
    }

    /// Forgets whose allowance is full again, and when that is not enough, the half that owes least.
    pub(super) fn make_room(&mut self, now_ms: i64) {
        if self.full_at_ms.len() + 3 <= SUBJECTS_MAX {
            return;
        }
        self.full_at_ms.retain(|_, at_ms| *at_ms > now_ms);
        if self.full_at_ms.len() + 3 <= SUBJECTS_MAX {
            return;
        }
        tracing::warn!("too many failed log-ins to remember; forgetting the half that owes least");
        let mut all: Vec<_> = self.full_at_ms.drain().collect();
        all.sort_unstable_by_key(|(_, at_ms)| std::cmp::Reverse(*at_ms));
        all.truncate(SUBJECTS_MAX / 2);
        self.full_at_ms.extend(all);
    }
}
