//! Planted bugs, for tests of the tests: each must be caught by the promise suite. Compiled only with the feature
//! `canary`, which no release has; chosen by the environment variable `TILLGUARD_CANARY`.
//!
//! Invariant: without the feature not a byte of this is in the binary.

use std::sync::LazyLock;

static PLANTED: LazyLock<String> = LazyLock::new(|| std::env::var("TILLGUARD_CANARY").unwrap_or_default());

/// The second check does not look at the holds again: check, then act.
pub fn check_then_act() -> bool {
    *PLANTED == "check_then_act"
}

/// The report is acknowledged without waiting for approvals on their way out.
pub fn acknowledged_early() -> bool {
    *PLANTED == "acknowledged_early"
}

/// A node writes approvals although its lease has run out.
pub fn lease_ignored() -> bool {
    *PLANTED == "lease_ignored"
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
