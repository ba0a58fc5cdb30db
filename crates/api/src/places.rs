//! Places that an account takes up for as long as something of it goes on: live streams, documents that are made.
//!
//! Invariant: a place is free again when what took it is dropped, however it ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many may be taken at once, and by whom they are.
pub struct Places {
    all_max: usize,
    own_max: usize,
    taken: Mutex<HashMap<String, usize>>,
}

impl Places {
    /// At most `all_max` at once, and `own_max` of one account.
    pub fn new(all_max: usize, own_max: usize) -> Arc<Self> {
        Arc::new(Self {
            all_max,
            own_max,
            taken: Mutex::default(),
        })
    }

    /// One for that account; `None` when there is none left.
    pub fn take(self: &Arc<Self>, login: &str) -> Option<Place> {
        let mut taken = self.lock();
        let own = taken.get(login).copied().unwrap_or_default();
        if own >= self.own_max || taken.values().sum::<usize>() >= self.all_max {
            return None;
        }
        taken.insert(login.to_owned(), own + 1);
        drop(taken);
        Some(Place {
            places: self.clone(),
            login: login.to_owned(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken.
pub struct Place {
    places: Arc<Places>,
    login: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        match taken.get_mut(&self.login) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.login)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_its_own_places_and_gets_them_back() {
        let places = Places::new(3, 2);
        let (first, _second) = (places.take("a").unwrap(), places.take("a").unwrap());
        assert!(places.take("a").is_none());
        let other = places.take("b").unwrap();
        assert!(places.take("c").is_none(), "none is left");
        drop(other);
        drop(first);
        assert!(places.take("a").is_some() && places.take("c").is_some());
        assert_eq!(places.lock().len(), 1, "nobody is remembered");
    }
}
