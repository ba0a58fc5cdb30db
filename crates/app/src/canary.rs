//! Planted bugs, for tests of the tests: each must be caught by the promise suite or by the simulation. Compiled only with
//! the feature `canary`, which no release has; chosen by the environment variable `TILLGUARD_CANARY`, or by [`plant`] for
//! the thread that calls it.
//!
//! Invariant: without the feature not a byte of this is in the binary.

use std::cell::Cell;
use std::sync::LazyLock;

static OF_PROCESS: LazyLock<String> = LazyLock::new(|| std::env::var("TILLGUARD_CANARY").unwrap_or_default());

thread_local! {
    static OF_THREAD: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Plants a bug for this thread alone, whatever the environment says; an empty name plants none.
pub fn plant(name: &'static str) {
    OF_THREAD.set(Some(name));
}

fn is_planted(name: &str) -> bool {
    OF_THREAD.get().unwrap_or_else(|| OF_PROCESS.as_str()) == name
}

macro_rules! canaries {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Every planted bug there is.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
        $($(#[$doc])* pub fn $name() -> bool {
            is_planted(stringify!($name))
        })*
    };
}

canaries! {
    /// The second check does not look at the holds again: check, then act.
    check_then_act,
    /// The report is acknowledged without waiting for approvals on their way out.
    acknowledged_early,
    /// The terminal's row is read without a lock.
    plain_read,
    /// The terminal's row is locked as a foreign key locks it.
    key_share,
    /// The terminal's row is locked by the statement that also reads the holds.
    lock_with_read,
    /// A repeated request is answered from the node's memory.
    cached_approval,
    /// A host's answer that comes after its time is passed on without the second check.
    late_callback,
    /// The report is acknowledged while its commit is under way.
    acknowledged_before_commit,
    /// A report whose commit nobody knows the end of is acknowledged.
    outcome_unknown_acknowledged,
    /// After a crash the intents left behind are dropped, and no reversal is owed.
    reversal_forgotten,
    /// An approval is written although the node's lease has run out.
    lease_ignored,
    /// A node that was expelled joins anew and keeps what took its pass before.
    kept_over_rejoin,
    /// A report does not ask nodes that joined lately to drain.
    drain_skips_late_node,
}

/// By how much the clock is wrong, in milliseconds: what stands in the file that `TILLGUARD_CLOCK_FILE` names, read every
/// time, so that it can be stepped while the node runs.
pub fn clock_step_ms() -> i64 {
    static FILE: LazyLock<String> =
        LazyLock::new(|| std::env::var("TILLGUARD_CLOCK_FILE").unwrap_or_default());
    if FILE.is_empty() {
        return 0;
    }
    let step = std::fs::read_to_string(FILE.as_str()).unwrap_or_default();
    step.trim().parse().unwrap_or(0)
}
