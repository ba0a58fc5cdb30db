//! Verifying passwords: slow on purpose, so never in a store transaction and never many at once, whichever door asks.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Verifications at once; each takes 19 MiB and tens of milliseconds of a core.
const AT_ONCE: usize = 2;
/// Verifications waiting; one more is refused.
const WAITING_MAX: usize = 64;

/// The two queues a verification passes.
pub struct Passwords {
    waiting: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
}

/// Too many wait already, or the work was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl Default for Passwords {
    fn default() -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Passwords {
    /// Whether the password is the one hashed; takes as long when there is no hash.
    pub async fn verify(
        &self,
        password: zeroize::Zeroizing<String>,
        hash: Option<String>,
    ) -> Result<bool, Busy> {
        let _waiting = self.waiting.clone().try_acquire_owned().map_err(|_| Busy)?;
        let at_once = self.at_once.clone().acquire_owned().await.map_err(|_| Busy)?;
        let verify = move || {
            // Held to the end of the work, also when the client has gone.
            let _at_once = at_once;
            app::password::verify(&password, hash.as_deref())
        };
        tokio::task::spawn_blocking(verify)
            .await
            .inspect_err(|error| tracing::error!(%error, "a password was not verified"))
            .map_err(|_| Busy)
    }
}
