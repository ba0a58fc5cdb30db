//! What must follow a stop.

use crate::rule;
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
    /// The rule it comes from, where one holds.
    pub rule: Option<&'static str>,
}

/// [`rule::STOP`]: the acquirer deregisters a closed terminal within two days.
const DEREGISTER_MS: i64 = 48 * HOUR_MS;

/// What must follow a loss, in the order people do it (R1.1, R1.3, R1.4, R3.2). `closed_at`: when the terminal was stopped, as
/// far as that is known; the two days for deregistering run from there. `time_zone`: of the terminal's clock, which says what
/// rules hold.
pub fn duties(closed_at: Option<Timestamp>, time_zone: &str) -> [Duty; 5] {
    let [stop, leak] = [rule::STOP, rule::LEAK].map(|rule| rule.in_zone(time_zone).map(|rule| rule.zh));
    let deregistered_by = closed_at.map(|at| at.plus_ms(DEREGISTER_MS));
    let duty = |duty, whose, due_at, rule| Duty {
        duty,
        due_at,
        whose,
        rule,
    };
    [
        duty("police_report", "shop", None, None),
        duty("check_transactions", "shop", None, None),
        duty("acquirer_deregister", "acquirer", stop.and(deregistered_by), stop),
        duty("exposure_assessment", "shop", None, leak),
        duty("replacement", "acquirer", None, None),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_their_limits_are_named_where_they_hold() {
        let closed_at = Timestamp(0);
        for (zone, due, rules) in [
            ("Asia/Shanghai", Some(Timestamp(48 * HOUR_MS)), 2),
            ("Europe/Berlin", None, 0),
        ] {
            let duties = duties(Some(closed_at), zone);
            assert_eq!(duties.iter().find_map(|duty| duty.due_at), due, "{zone}");
            assert_eq!(
                duties.iter().filter(|duty| duty.rule.is_some()).count(),
                rules,
                "{zone}"
            );
        }
        assert!(
            duties(None, "Asia/Shanghai")
                .iter()
                .all(|duty| duty.due_at.is_none())
        );
    }
}
