//! What must follow a stop.

use crate::time::{HOUR_MS, Timestamp};

/// Something that must follow a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// What, as a word for routes and pages.
    pub duty: &'static str,
    /// Until when, where a rule gives a limit.
    pub due_at: Option<Timestamp>,
    /// Whose it is: `shop` or `acquirer`. No rule gives the shop a deadline for a lost terminal.
    pub whose: &'static str,
    /// The rule it comes from.
    pub rule: Option<&'static str>,
}

/// 259号 一(一)3: the acquirer deregisters a closed terminal within two days.
const DEREGISTER_MS: i64 = 48 * HOUR_MS;

/// What must follow a loss, in the order people do it (R1.1, R1.3, R1.4, R3.2). `closed_at`: when the terminal was stopped, as
/// far as that is known; the two days for deregistering run from there.
pub fn duties(closed_at: Option<Timestamp>) -> [Duty; 5] {
    let duty = |duty, whose, due_at, rule| Duty {
        duty,
        due_at,
        whose,
        rule,
    };
    [
        duty("police_report", "shop", None, None),
        duty("check_transactions", "shop", None, None),
        duty(
            "acquirer_deregister",
            "acquirer",
            closed_at.map(|at| at.plus_ms(DEREGISTER_MS)),
            Some("银发〔2021〕259号 一(一)3"),
        ),
        duty(
            "exposure_assessment",
            "shop",
            None,
            Some("《个人信息保护法》第五十七条"),
        ),
        duty("replacement", "acquirer", None, None),
    ]
}
