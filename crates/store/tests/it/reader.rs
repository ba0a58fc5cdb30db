//! Reads beside each other.

use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError, RwLock};

use crate::fixture::Kept;

/// More than a store has readers.
const CROWD: usize = 10;
/// Readers that usual reads may take.
const USUAL: usize = 4;

#[test]
fn urgent_reads_have_readers_that_no_crowd_can_take() {
    let kept = Kept::open();
    let gate = RwLock::new(());
    let (entered, crowd) = channel();
    let entered = Mutex::new(entered);
    std::thread::scope(|scope| {
        let closed = gate.write().unwrap();
        for _ in 0..CROWD {
            scope.spawn(|| {
                kept.store.read(|_| {
                    let entered = entered.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    entered.send(()).unwrap();
                    drop(gate.read());
                    Ok::<_, store::Error>(())
                })
            });
        }
        for _ in 0..USUAL {
            crowd.recv().unwrap();
        }
        let urgent = kept.store.read_urgent(|_| Ok::<_, store::Error>(()));
        assert!(urgent.is_ok(), "{urgent:?}");
        drop(closed);
    });
}
