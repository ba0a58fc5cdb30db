//! Waiting for a state to come, never for a time to pass.
//!
//! Invariant: every wait ends, and one that ends without its state says what it waited for.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Longer than anything here should take on a loaded machine.
pub const WAIT_MAX: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks until `look` finds something, for at most [`WAIT_MAX`].
///
/// # Errors
/// It did not come, or looking failed.
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    until_every(LOOK_EVERY, what, look).await
}

/// The same with so much time between two looks, where many look at once.
///
/// # Errors
/// As [`until`].
pub async fn until_every<T>(
    look_every: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if began.elapsed() > WAIT_MAX {
            bail!("waited {} s in vain for {what}", WAIT_MAX.as_secs());
        }
        tokio::time::sleep(look_every).await;
    }
}
