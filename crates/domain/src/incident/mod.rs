//! Incidents: the loss of a terminal, from the report to the closed case (R1.0 to R1.3).
//!
//! Invariant: a loss incident is closed as found by two different people, never by one and never by a machine; what was away runs again
//! only when it has passed an inspection.

pub mod found;
mod window;

pub use found::Found;
pub use window::{LossWindow, Sight, WindowBasis};

use crate::case::{Case, Step, Text, Who};
use crate::right::Right;
use crate::{TerminalId, Timestamp, words};

words! {
    /// How the terminal went, as far as the reporter knows.
    pub enum Manner {
        /// 被盗.
        Stolen = "stolen",
        /// 遗失.
        Lost = "lost",
        /// 不确定.
        Unsure = "unsure",
        /// 疑似被改装: it is there, and somebody may have altered it.
        Tampered = "tampered",
    }
}

words! {
    /// Where a loss incident stands.
    pub enum State {
        /// The terminal is stopped; duties run.
        Open = "open",
        /// One person says it was found again.
        FoundProposed = "found_proposed",
        /// Closed.
        Closed = "closed",
    }
}

words! {
    /// A door through which a terminal could do something, each with its own receipt (R1.2).
    pub enum Channel {
        /// Purchase, pre-authorisation, completion, balance.
        CardAuthorisation = "card_authorisation",
        /// 签到: no fresh working keys.
        SignIn = "sign_in",
        /// Refund and void.
        RefundAndVoid = "refund_and_void",
        /// Reversal, settlement, batch upload.
        ReversalAndSettlement = "reversal_and_settlement",
        /// The cashier's unlock on the terminal.
        CashierUnlock = "cashier_unlock",
        /// The console and the API: no release but a second person who confirms that it was found.
        ConsoleAndApi = "console_and_api",
    }
}

words! {
    /// What happened in an incident: the verbs of its events.
    pub enum Happened {
        /// The loss was reported.
        Reported = "reported",
        /// Whoever reported it had not logged in, but had a code that was mailed to the account's address.
        ByCode = "by_code",
        /// The loss hold was placed.
        Suspended = "suspended",
        /// The stop was asked for, of an acquirer outside.
        StopRequested = "stop_requested",
        /// Somebody at the acquirer confirmed it; the text is the reference.
        StopConfirmed = "stop_confirmed",
        /// A provider, asked again, said that the device is stopped.
        StopReadBack = "stop_read_back",
        /// A provider took the request; the device has not heard of it yet.
        StopInProgress = "stop_in_progress",
        /// A provider refused it.
        StopRefused = "stop_refused",
        /// A person had the letter sent once more.
        LetterAgain = "letter_again",
        /// The acquirer's mail server took the letter.
        LetterSent = "letter_sent",
        /// It did not take it.
        LetterRefused = "letter_refused",
        /// Nobody knows whether it took it.
        LetterUnknown = "letter_unknown",
        /// Nobody has confirmed the stop; the text says who is reminded.
        Reminded = "reminded",
        /// Somebody's mail server took the mail that reminds of it; the text is the log-in.
        ReminderSent = "reminder_sent",
        /// It did not take it, for good; the text is the log-in.
        ReminderRefused = "reminder_refused",
        /// Nobody knows whether it took it; the text is the log-in.
        ReminderUnknown = "reminder_unknown",
        /// Every channel's receipt was written: the report was acknowledged.
        Acknowledged = "acknowledged",
        /// The terminal tried something and was refused.
        AttemptRefused = "attempt_refused",
        /// The terminal tried to turn something back; it was recorded for a person to decide.
        AttemptRecorded = "attempt_recorded",
        /// Somebody proposed to carry out what it tried to turn back; the text is how, and the acquirer's reference in the next line.
        RecordedProposed = "recorded_proposed",
        /// That was taken back.
        RecordedWithdrawn = "recorded_withdrawn",
        /// A second person had it carried out; the text is the same.
        RecordedCarriedOut = "recorded_carried_out",
        /// It was refused for good.
        RecordedRefused = "recorded_refused",
        /// The gate undid at the host what the hold cut off.
        HostReversal = "host_reversal",
        /// An alarm was raised.
        Alarm = "alarm",
        /// A person has seen the alarm.
        AlarmAcknowledged = "alarm_acknowledged",
        /// A document was made of it; the text is which, in which language, and its SHA-256.
        DocumentMade = "document_made",
        /// Somebody was handed an evidence pack; the text is for whom, and the SHA-256 of its `SHA256SUMS`.
        PackMade = "pack_made",
        /// Somebody said something; the text is that.
        Commented = "commented",
        /// A file was added; the text is its name, and in the next line what it is, its length and its SHA-256.
        FileAdded = "file_added",
        /// A file was taken back; the text is its name, and the ground from the next line on.
        FileWithdrawn = "file_withdrawn",
        /// A virus was found in a file, of which nothing was kept; the text is its length and its SHA-256.
        FileRefused = "file_refused",
        /// Somebody said of payments whether they were the shop's; the text is what, how many, and which.
        Marked = "marked",
        /// A letter was written; of this and the others the text begins with its number, in a line.
        LetterWritten = "letter_written",
        /// A person changed what a draft says.
        LetterChanged = "letter_changed",
        /// A person had it mailed.
        LetterMailAsked = "letter_mail_asked",
        /// A mail server took it; the next line is its reply.
        LetterMailed = "letter_mailed",
        /// None took it: it is a draft again.
        LetterNotMailed = "letter_not_mailed",
        /// Nobody knows whether one took it.
        LetterMailUnknown = "letter_mail_unknown",
        /// A person says that it was handed over, or posted; the next line is when.
        LetterHandedOver = "letter_handed_over",
        /// It was answered; the next lines are the answer's number and words.
        LetterAnswered = "letter_answered",
        /// It was taken back; the next line is why.
        LetterWithdrawn = "letter_withdrawn",
        /// The settlement of its terminal or merchant is held, of which a terminal or a merchant tells too; the text is the hold, whose
        /// money, and the last day, a line each. Why is not for everybody who sees it.
        SettlementHeld = "settlement_held",
        /// Such a hold was released; the text is the hold.
        SettlementReleased = "settlement_released",
        /// A person says the terminal was found; the text is how, and from the next line on the words.
        FoundProposed = "found_proposed",
        /// It was looked over; the text is `passed`, or `failed` and the items that were not right.
        Inspected = "inspected",
        /// A second person confirmed that it was found; the incident is closed. The text is how it ended.
        Closed = "closed",
        /// It was closed although the terminal was not found.
        ClosedNotFound = "closed_not_found",
        /// It was opened again.
        Reopened = "reopened",
        /// Somebody said when something happened; the text is the moment and the time.
        MomentSaid = "moment_said",
        /// What must follow was drawn up; the text is the playbook and its version.
        DutiesDrawnUp = "duties_drawn_up",
        /// A duty was done.
        DutyDone = "duty_done",
        /// There was no need for it.
        DutyNotNeeded = "duty_not_needed",
        /// One person says that there is no need for it.
        DutyNotNeededProposed = "duty_not_needed_proposed",
        /// It was given to somebody.
        DutyHandedOver = "duty_handed_over",
        /// It was given more time.
        DutyExtended = "duty_extended",
        /// It is to be done after all.
        DutyReopened = "duty_reopened",
        /// It was reported to the police; of this and the others the text is the paper's number and office, a line each.
        PoliceReported = "police_reported",
        /// They gave a receipt.
        PoliceAccepted = "police_accepted",
        /// They opened a case.
        PoliceFiled = "police_filed",
        /// They opened none.
        PoliceNotFiled = "police_not_filed",
        /// They were asked to look at that again.
        PoliceReviewAsked = "police_review_asked",
        /// They stayed with it.
        PoliceUpheld = "police_upheld",
        /// Their case is over.
        PoliceEnded = "police_ended",
        /// What was written down last of the police was wrong; the text says why.
        PoliceTakenBack = "police_taken_back",
        /// It is due soon: said on the time line.
        DutyDueSoon = "duty_due_soon",
        /// Its time is over.
        DutyLate = "duty_late",
        /// A replacement was begun; the text is its identifier.
        ReplacementBegun = "replacement_begun",
        /// Nothing stands against the device that was picked.
        ReplacementChecked = "replacement_checked",
        /// Something about it needs a person's ground; the text says what.
        ReplacementWarned = "replacement_warned",
        /// It must not be used; the text says why.
        ReplacementRefused = "replacement_refused",
        /// A person said why it is used all the same.
        ReplacementAccepted = "replacement_accepted",
        /// It was bound to the merchant.
        ReplacementBound = "replacement_bound",
        /// The lost terminal's keys are dead.
        OldKeysEnded = "old_keys_ended",
        /// The new terminal's keys are loaded and checked.
        ReplacementKeysLoaded = "replacement_keys_loaded",
        /// It may sell for a few minutes, to be tried.
        ReplacementTestBegun = "replacement_test_begun",
        /// Its time was over.
        ReplacementTestOver = "replacement_test_over",
        /// A sale was approved and taken back.
        ReplacementTested = "replacement_tested",
        /// The checklist was signed.
        ReplacementSigned = "replacement_signed",
        /// It sells.
        ReplacementLive = "replacement_live",
        /// It was ended before that.
        ReplacementWithdrawn = "replacement_withdrawn",
        /// The loaner was given back and cleared.
        ReplacementReturned = "replacement_returned",
    }
}

impl Happened {
    /// Whether it happened to a duty; then the text begins with the duty's name, in a line.
    pub const fn is_of_duty(self) -> bool {
        matches!(
            self,
            Self::DutyDone
                | Self::DutyNotNeeded
                | Self::DutyNotNeededProposed
                | Self::DutyHandedOver
                | Self::DutyExtended
                | Self::DutyReopened
                | Self::DutyDueSoon
                | Self::DutyLate
        )
    }
}

words! {
    /// What people can do with an incident.
    pub enum Verb {
        /// Say that the terminal is missing still, or again.
        ReportLoss = "report_loss",
        /// Say that an alarm was seen.
        AcknowledgeAlarm = "acknowledge_alarm",
        /// Say that the terminal was found, and how.
        ProposeFound = "propose_found",
        /// Say what was seen when it was looked over.
        Inspect = "inspect",
        /// Confirm it, and close the incident.
        ConfirmFound = "confirm_found",
        /// Close it although the terminal was not found: it stays stopped.
        Close = "close",
        /// Open such a one again.
        Reopen = "reopen",
        /// Say when something happened that a term runs from.
        SayMoment = "say_moment",
    }
}

/// A loss incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Eight letters and digits that people can read out.
    pub incident_id: String,
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// Where it stands.
    pub state: State,
    /// How the terminal went.
    pub manner: Manner,
    /// The loss hold: the ledger sequence after which nothing is approved.
    pub hold_id: i64,
    /// The node that took the report.
    pub node: String,
    /// When the report reached the node.
    pub reported_at: Timestamp,
    /// Who made it.
    pub reported_by: String,
    /// When the hold was placed.
    pub suspended_at: Timestamp,
    /// When every channel's receipt was written, and so the report acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// From the report's arrival to its acknowledgement in milliseconds, by a clock that never steps; `None` when another
    /// process acknowledged it.
    pub stop_ms: Option<i64>,
    /// When the reporter last saw the terminal.
    pub last_seen_at: Option<Timestamp>,
    /// Where.
    pub place: Option<String>,
    /// What happened, in the reporter's words.
    pub circumstances: Option<String>,
    /// What the screening looks into.
    pub window: LossWindow,
    /// The number of the written request to stop the terminal (259号 一(一)3).
    pub stop_request_number: String,
    /// That it was found again.
    pub found: Option<Found>,
    /// What the terminal tried since.
    pub attempt_count: i64,
    /// How many of them carried no proof that the terminal sent them.
    pub unproven_attempt_count: i64,
    /// Alarms that nobody has acknowledged.
    pub open_alarm_count: i64,
    /// The playbook its duties were drawn up from; `None` until they are.
    pub playbook: Option<Pinned>,
    /// What people said of when what happened.
    pub moments: Moments,
    /// How it ended.
    pub closing: Option<Closing>,
}

/// A version of a playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Its name.
    pub playbook: String,
    /// Which one.
    pub version: u32,
    /// The house's own; `None`: it came with the software.
    pub revision_id: Option<String>,
    /// The house's own of what follows once the terminal is found, as it was used then; `None`: what comes with the software.
    pub found_revision_id: Option<String>,
}

/// From when terms run that do not run from the report or the stop; each is said by a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// It happened (发生).
    pub occurred: Option<Timestamp>,
    /// It was found to be a crime, a leak, or what else a rule asks for (确认).
    pub confirmed: Option<Timestamp>,
    /// Whoever answers for personal data became aware.
    pub aware: Option<Timestamp>,
}

words! {
    /// How an incident ended.
    pub enum Ended {
        /// The terminal was found again, as two people said before they were asked how; it is stopped no more.
        Found = "found",
        /// It was not; what had to follow was done. It stays stopped for good.
        NotFound = "not_found",
        /// It was never away, or nobody had altered it; it is stopped no more.
        FalseAlarm = "false_alarm",
        /// It was away, was looked over and has new keys; it is stopped no more.
        Recovered = "recovered",
        /// It is broken, or was destroyed. It stays stopped for good.
        Destroyed = "destroyed",
    }
}

impl Ended {
    /// Whether the terminal may be used again.
    pub const fn runs_again(self) -> bool {
        match self {
            Self::Found | Self::FalseAlarm | Self::Recovered => true,
            Self::NotFound | Self::Destroyed => false,
        }
    }
}

/// That an incident was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// How it ended.
    pub ended: Ended,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In which words.
    pub statement: Option<String>,
}

impl Incident {
    /// Whether its loss stands: it is not closed, or was closed with a terminal that stays stopped for good.
    pub fn loss_stands(&self) -> bool {
        let stays = self
            .closing
            .as_ref()
            .is_some_and(|closing| !closing.ended.runs_again());
        self.state != State::Closed || stays
    }

    /// What it owes before it is trusted, now that somebody says it was found.
    pub fn owes(&self) -> found::Owes {
        self.found
            .as_ref()
            .map_or_else(found::Owes::default, |found| found.owes(self.manner))
    }
}

const REPORTERS: Who = Who::With(Right::ReportLoss);
const FOLLOWERS: Who = Who::With(Right::FollowLoss);
const CLOSERS: Who = Who::With(Right::EndLoss);

impl Case for Incident {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[
        Step {
            verb: Verb::ReportLoss,
            from: &State::ALL,
            to: Some(State::Open),
            who: REPORTERS,
            second_person: false,
            text: Text::Optional,
            proving: false,
            by_person: false,
        },
        Step {
            verb: Verb::AcknowledgeAlarm,
            from: &State::ALL,
            to: None,
            who: FOLLOWERS,
            second_person: false,
            text: Text::None,
            proving: false,
            by_person: false,
        },
        Step {
            verb: Verb::ProposeFound,
            // What was found may turn out to be broken.
            from: &[State::Open, State::FoundProposed],
            to: Some(State::FoundProposed),
            who: FOLLOWERS,
            second_person: false,
            text: Text::Required,
            proving: false,
            // Or its maker would be the first and the second person.
            by_person: true,
        },
        Step::new(Verb::Inspect, &[State::FoundProposed], None, FOLLOWERS)
            .saying(Text::Required)
            .by_person(),
        Step {
            verb: Verb::ConfirmFound,
            from: &[State::FoundProposed],
            to: Some(State::Closed),
            who: CLOSERS,
            second_person: true,
            text: Text::Optional,
            proving: true,
            by_person: true,
        },
        Step::new(Verb::Close, &[State::Open], Some(State::Closed), CLOSERS)
            .saying(Text::Required)
            .proving(),
        Step::new(Verb::Reopen, &[State::Closed], Some(State::Open), FOLLOWERS)
            .saying(Text::Required)
            .by_person(),
        Step::new(
            Verb::SayMoment,
            &[State::Open, State::FoundProposed],
            None,
            FOLLOWERS,
        )
        .saying(Text::Optional)
        .by_person(),
    ];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    fn first_person(&self) -> Option<&str> {
        self.found.as_ref().map(|found| found.proposed_by.as_str())
    }

    /// Who looked it over does not confirm either.
    fn took_part(&self, name: &str) -> bool {
        let inspected = self.found.as_ref().and_then(|found| found.inspected.as_ref());
        self.first_person() == Some(name) || inspected.is_some_and(|inspected| inspected.by == name)
    }

    fn hinders(&self, verb: Verb) -> bool {
        match verb {
            Verb::AcknowledgeAlarm => self.open_alarm_count == 0,
            // What was found is used again: another loss is another incident.
            Verb::Reopen | Verb::ReportLoss => !self.loss_stands(),
            // Only that it is broken is said after that it was found.
            Verb::ProposeFound => self
                .found
                .as_ref()
                .is_some_and(|found| self.state == State::FoundProposed && found.is_destroyed()),
            Verb::Inspect => !self.owes().inspection,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Proof, Role, Scope};
    use crate::actor::Actor;
    use crate::case::walk;

    fn person(login: &str, role: Role) -> Actor {
        Actor::Person(Account {
            login: login.into(),
            name: String::new(),
            role,
            scope: Scope::All,
            custom_role: None,
            proof: Proof::FRESH,
        })
    }

    /// An incident in a state, said to be found by `owner`.
    fn incident(state: State) -> Incident {
        let at = Timestamp(0);
        let found = Found {
            kind: Some(found::Kind::Recovered),
            ..Found::said("owner", at, "behind the counter")
        };
        Incident {
            incident_id: "A".into(),
            terminal_id: TerminalId::parse(b"10450001").unwrap(),
            state,
            manner: Manner::Lost,
            hold_id: 1,
            node: "node-1".into(),
            reported_at: at,
            reported_by: "owner".into(),
            suspended_at: at,
            acknowledged_at: None,
            stop_ms: None,
            last_seen_at: None,
            place: None,
            circumstances: None,
            window: LossWindow::of(Sight::default(), None, at),
            stop_request_number: "STOP-A".into(),
            found: (state != State::Open).then_some(found),
            attempt_count: 1,
            unproven_attempt_count: 0,
            open_alarm_count: i64::from(state == State::Open),
            playbook: None,
            moments: Moments::default(),
            closing: (state == State::Closed).then(|| Closing {
                ended: Ended::NotFound,
                by: "owner".into(),
                at,
                statement: None,
            }),
        }
    }

    #[test]
    fn who_may_do_what_in_which_state() {
        let actors = [
            ("owner", person("owner", Role::Owner)),
            ("other", person("other", Role::Owner)),
            ("manager", person("manager", Role::Manager)),
            ("risk", person("risk", Role::RiskOfficer)),
            ("auditor", person("auditor", Role::Auditor)),
            ("node", Actor::Node("node-1".into())),
        ];
        let wanted = [
            "open report_loss: owner:open other:open manager:open risk:open auditor:no node:no",
            "open acknowledge_alarm: owner:open other:open manager:open risk:open auditor:no node:no",
            "open propose_found: owner:found_proposed other:found_proposed manager:found_proposed risk:found_proposed auditor:no node:no",
            "open inspect: owner:- other:- manager:- risk:- auditor:no node:no",
            "open confirm_found: owner:- other:- manager:no risk:- auditor:no node:no",
            "open close: owner:closed other:closed manager:no risk:closed auditor:no node:no",
            "open reopen: owner:- other:- manager:- risk:- auditor:no node:no",
            "open say_moment: owner:open other:open manager:open risk:open auditor:no node:no",
            "found_proposed report_loss: owner:open other:open manager:open risk:open auditor:no node:no",
            "found_proposed acknowledge_alarm: owner:- other:- manager:- risk:- auditor:no node:no",
            "found_proposed propose_found: owner:found_proposed other:found_proposed manager:found_proposed risk:found_proposed auditor:no node:no",
            "found_proposed inspect: owner:found_proposed other:found_proposed manager:found_proposed risk:found_proposed auditor:no node:no",
            "found_proposed confirm_found: owner:second other:closed manager:no risk:closed auditor:no node:no",
            "found_proposed close: owner:- other:- manager:no risk:- auditor:no node:no",
            "found_proposed reopen: owner:- other:- manager:- risk:- auditor:no node:no",
            "found_proposed say_moment: owner:found_proposed other:found_proposed manager:found_proposed risk:found_proposed auditor:no node:no",
            "closed report_loss: owner:open other:open manager:open risk:open auditor:no node:no",
            "closed acknowledge_alarm: owner:- other:- manager:- risk:- auditor:no node:no",
            "closed propose_found: owner:- other:- manager:- risk:- auditor:no node:no",
            "closed inspect: owner:- other:- manager:- risk:- auditor:no node:no",
            "closed confirm_found: owner:- other:- manager:no risk:- auditor:no node:no",
            "closed close: owner:- other:- manager:no risk:- auditor:no node:no",
            "closed reopen: owner:open other:open manager:open risk:open auditor:no node:no",
            "closed say_moment: owner:- other:- manager:- risk:- auditor:no node:no",
        ];
        assert_eq!(walk(incident, &actors), wanted);
        for ended in Ended::ALL {
            let closed = Incident {
                closing: incident(State::Closed)
                    .closing
                    .map(|closing| Closing { ended, ..closing }),
                ..incident(State::Closed)
            };
            // What runs again is in use: another loss of it is another incident.
            let wanted: &[Verb] = match ended.runs_again() {
                true => &[],
                false => &[Verb::ReportLoss, Verb::Reopen],
            };
            assert_eq!(crate::case::actions(&closed, &actors[0].1), wanted, "{ended:?}");
            assert_eq!(closed.loss_stands(), !ended.runs_again());
        }
    }

    #[test]
    fn who_looked_it_over_does_not_confirm_either() {
        let mut it = incident(State::FoundProposed);
        let confirms = |it: &Incident, login| {
            crate::case::decide(it, Verb::ConfirmFound, &person(login, Role::Owner)).is_ok()
        };
        assert!(!confirms(&it, "owner") && confirms(&it, "other"));
        it.found.as_mut().unwrap().inspected = Some(found::Inspected {
            position: 1,
            by: "other".into(),
            is_passed: true,
            has_new_keys: false,
        });
        assert!(!confirms(&it, "owner") && !confirms(&it, "other") && confirms(&it, "third"));
    }

    #[test]
    fn what_is_broken_is_neither_found_again_nor_looked_over() {
        let mut it = incident(State::FoundProposed);
        it.found.as_mut().unwrap().kind = Some(found::Kind::Destroyed);
        let actions = crate::case::actions(&it, &person("other", Role::Owner));
        assert_eq!(actions, [Verb::ReportLoss, Verb::ConfirmFound, Verb::SayMoment]);
    }
}
