//! Verifying passwords: slow on purpose, so never in a store transaction and never many at once.
//!
//! Invariant: guesses take at most half of the processors, an address at most a part of the queue, and neither anything of
//! the queue of those who are known.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use node::seal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

use crate::problem::{Problem, code};

/// Verifications for strangers that wait or run; one more is refused.
const STRANGERS_MAX: usize = 64;
/// Of these, from one address.
const STRANGERS_PER_NETWORK_MAX: usize = 8;
/// The same for those who are known.
const KNOWN_MAX: usize = 32;

/// Who asks for a verification.
#[derive(Clone, Copy, Debug)]
pub enum Asker {
    /// Somebody with a session, or on a device where this login was used before.
    Known,
    /// Anybody else, from there.
    Stranger(Option<IpAddr>),
}

/// The queues a verification passes. Each takes 19 MiB and tens of milliseconds of a processor.
pub struct Passwords {
    strangers: Queue,
    known: Queue,
    networks: Networks,
}

struct Queue {
    places: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
}

impl Queue {
    fn new(places: usize, at_once: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            at_once: Arc::new(Semaphore::new(at_once)),
        }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            strangers: Queue::new(STRANGERS_MAX, (processors / 2).max(1)),
            known: Queue::new(KNOWN_MAX, 1),
            networks: Networks::default(),
        }
    }
}

impl Passwords {
    /// Whether the password is the one hashed; takes as long when there is no hash.
    pub async fn verify(
        &self,
        asker: Asker,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        self.run(asker, move || app::password::verify(&password, hash.as_deref()))
            .await
    }

    /// Does it on a thread when its turn comes; a stranger's gives way to everything else.
    async fn run<T: Send + 'static>(
        &self,
        asker: Asker,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.turn(asker).await?;
        let work = move || {
            // Held to the end of the work, also when the client has gone.
            let _turn = turn;
            work()
        };
        if let Asker::Known = asker {
            let done = tokio::task::spawn_blocking(work).await;
            return done.map_err(|error| Problem::internal(&error));
        }
        let (done, heard) = oneshot::channel();
        // A thread of its own, of which turns bound the number: a priority once given up does not come back.
        std::thread::Builder::new()
            .name("stranger".into())
            .spawn(move || {
                node::give_way();
                drop(done.send(work()));
            })
            .map_err(|error| Problem::internal(&error))?;
        heard.await.map_err(|error| Problem::internal(&error))
    }

    /// Waits for a turn in the asker's queue.
    async fn turn(&self, asker: Asker) -> Result<Turn, Problem> {
        let overloaded = || Problem::new(code::OVERLOADED).retry_after_s(5);
        let (queue, network) = match asker {
            Asker::Known => (&self.known, None),
            Asker::Stranger(network) => (&self.strangers, network),
        };
        let share = network.map(|network| self.networks.enter(network).ok_or_else(overloaded));
        let share = share.transpose()?;
        let place = queue
            .places
            .clone()
            .try_acquire_owned()
            .map_err(|_| overloaded())?;
        let at_once = queue.at_once.clone().acquire_owned().await;
        let at_once = at_once.map_err(|_| overloaded())?;
        Ok(Turn {
            _share: share,
            _place: place,
            _at_once: at_once,
        })
    }

    /// The hash of a new password of a new account, when it is one that may be taken; `theirs` as for [`app::password::fit`].
    pub async fn hash_new(
        &self,
        field: &'static str,
        password: Zeroizing<String>,
        theirs: Vec<String>,
    ) -> Result<String, Problem> {
        self.hash_new_of(Asker::Known, field, password, theirs).await
    }

    /// The same for whom nobody knows.
    pub async fn hash_new_of(
        &self,
        asker: Asker,
        field: &'static str,
        password: Zeroizing<String>,
        theirs: Vec<String>,
    ) -> Result<String, Problem> {
        let fit = move |password: &str| {
            let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
            app::password::fit(password, &theirs).map_err(|unfit| Problem::field(field, unfit.into()))
        };
        self.hash_if(asker, password, fit).await
    }

    /// The hash of a new password that may be taken as it is.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, Problem> {
        self.hash_if(Asker::Known, password, |_| Ok(())).await
    }

    async fn hash_if(
        &self,
        asker: Asker,
        password: Zeroizing<String>,
        fit: impl FnOnce(&str) -> Result<(), Problem> + Send + 'static,
    ) -> Result<String, Problem> {
        let salt = seal::random().map_err(|error| Problem::internal(&error))?;
        let work = move || {
            fit(&password)?;
            app::password::hash(&password, &salt).map_err(|error| Problem::internal(&error))
        };
        self.run(asker, work).await?
    }
}

/// A place in a queue, and its turn; given back when it is dropped.
struct Turn {
    _share: Option<Share>,
    _place: OwnedSemaphorePermit,
    _at_once: OwnedSemaphorePermit,
}

/// How many of each address wait or run.
#[derive(Clone, Default)]
struct Networks(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Networks {
    fn enter(&self, network: IpAddr) -> Option<Share> {
        let mut counts = self.lock();
        let count = counts.entry(network).or_default();
        if *count >= STRANGERS_PER_NETWORK_MAX {
            return None;
        }
        *count += 1;
        let networks = self.clone();
        Some(Share { networks, network })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of an address's; given back when it is dropped.
struct Share {
    networks: Networks,
    network: IpAddr,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.networks.lock();
        match counts.get_mut(&self.network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crowd_of_guesses_leaves_room_for_others_and_for_those_who_are_known() {
        let passwords = Passwords::default();
        let verify = |asker| passwords.verify(asker, "guess".into(), None);
        let at = |last: u8| Asker::Stranger(Some(IpAddr::from([192, 0, 2, last])));
        let shares: Vec<_> = (0..STRANGERS_PER_NETWORK_MAX)
            .map(|_| passwords.networks.enter(IpAddr::from([192, 0, 2, 66])).unwrap())
            .collect();
        assert_eq!(verify(at(66)).await.unwrap_err().code, code::OVERLOADED);
        assert!(verify(at(1)).await.is_ok());
        let all = u32::try_from(STRANGERS_MAX).unwrap();
        let _crowd = passwords
            .strangers
            .places
            .clone()
            .try_acquire_many_owned(all)
            .unwrap();
        assert_eq!(verify(at(1)).await.unwrap_err().code, code::OVERLOADED);
        assert!(verify(Asker::Known).await.is_ok());
        // Nor does who signs up take a turn of those who are known.
        let new = |asker| {
            passwords.hash_new_of(
                asker,
                "password",
                Zeroizing::new("teapot-in-the-rain".into()),
                Vec::new(),
            )
        };
        assert_eq!(new(at(1)).await.unwrap_err().code, code::OVERLOADED);
        assert!(new(Asker::Known).await.is_ok());
        drop(shares);
        assert!(passwords.networks.lock().is_empty());
    }
}
