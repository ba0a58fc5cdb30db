//! A handle by which a double's faults are set while it runs.
//!
//! Invariant: what is set last is in force, for every holder of the handle.

use std::sync::Arc;

use tokio::sync::watch;

/// A shared handle on the faults of a double. Changes act on what comes next.
#[derive(Debug)]
pub struct Control<F>(Arc<watch::Sender<F>>);

impl<F> Clone for Control<F> {
    fn clone(&self) -> Self {
        Control(self.0.clone())
    }
}

impl<F: Default> Default for Control<F> {
    fn default() -> Self {
        Control(Arc::new(watch::Sender::new(F::default())))
    }
}

impl<F: Clone> Control<F> {
    /// The faults in force.
    pub fn get(&self) -> F {
        self.0.borrow().clone()
    }

    /// Puts these faults in force, instead of those before.
    pub fn set(&self, faults: F) {
        self.0.send_replace(faults);
    }

    /// Tells of every change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<F> {
        self.0.subscribe()
    }
}
