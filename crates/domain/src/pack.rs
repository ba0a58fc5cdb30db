//! Evidence packs of an incident: for whom one is, and what is in it for them.
//!
//! Invariant: every document, original, file and verb is decided by name for each audience; what a pack does not need to say, it does
//! not say. A court gets all of it, and nobody what was taken back.

use crate::actor::Kind;
use crate::document::Kind as Document;
use crate::duty::{Duty, Whose};
use crate::incident::Happened;
use crate::police::Entry;
use crate::words;

words! {
    /// For whom a pack is.
    pub enum Audience {
        /// Who investigates: what happened, the terminal's transactions, and what people brought of it.
        Police = "police",
        /// The acquirer, or the bank behind it: the stop, and what the terminal did and tried.
        Bank = "bank",
        /// Who pays for the device: the loss, and what the police gave for it.
        Insurer = "insurer",
        /// Who judges.
        Court = "court",
    }
}

words! {
    /// What was written, sent or answered, as it is kept.
    pub enum Original {
        /// The report of the loss; its words are for whom the record of it is whole.
        Report = "report",
        /// The letter that asks an acquirer outside to stop the terminal, as it was sent.
        StopLetter = "stop_letter",
        /// What became of that: of the mail, at the provider, and what the acquirer said.
        StopRequest = "stop_request",
        /// What the report did to each channel.
        Receipts = "receipts",
        /// What the police's papers say.
        Police = "police",
        /// The letters that were sent to banks and institutions, each as it was, and what came back.
        Letters = "letters",
        /// The holds on settlement that stood because of the loss.
        SettlementHolds = "settlement_holds",
        /// What the terminal did in the loss window, and tried since.
        Transactions = "transactions",
    }
}

words! {
    /// What a file was brought to show, as far as it is said: that a duty was done.
    pub enum Shows {
        /// Nobody has said.
        Unsaid = "unsaid",
        /// What the police gave.
        Police = "police",
        /// That an acquirer did what is an acquirer's.
        Acquirer = "acquirer",
        /// Something else that a duty asks for, footage above all.
        Other = "other",
    }
}

/// The duty whose proof is a paper of the police, as playbooks call it.
const POLICE_DUTIES: [&str; 3] = ["police_report", "police_decision", "police_review"];

/// What a file shows, by the papers of the police and the duties of its incident.
pub fn shows(papers: &[Entry], duties: &[Duty], attachment_id: &str) -> Shows {
    let is_scan = |paper: &Entry| {
        paper.taken_back_by.is_none() && paper.attachment_id.as_deref() == Some(attachment_id)
    };
    if papers.iter().any(is_scan) {
        return Shows::Police;
    }
    let proven = duties.iter().find(|duty| {
        let end = duty.end.as_ref();
        end.is_some_and(|end| end.attachment_id.as_deref() == Some(attachment_id))
    });
    match proven {
        None => Shows::Unsaid,
        Some(duty) if POLICE_DUTIES.contains(&duty.duty.as_str()) => Shows::Police,
        Some(duty) if duty.whose == Whose::Acquirer => Shows::Acquirer,
        Some(_) => Shows::Other,
    }
}

words! {
    /// What of a record is in a pack.
    pub enum Told {
        /// All of it but who did it, which is for a court alone.
        Whole = "whole",
        /// That it happened and when; its text is a digest.
        Fact = "fact",
        /// All of it, where the document or the file that it is of is in the pack; else nothing.
        WithContent = "with_content",
        /// Nothing.
        Nothing = "nothing",
    }
}

use Told::{Fact, Nothing, Whole, WithContent};

impl Audience {
    /// Whether such a document is for it.
    pub const fn has_document(self, document: Document) -> bool {
        match document {
            Document::PolicePacket => matches!(self, Self::Police | Self::Court),
            Document::ClaimReport => matches!(self, Self::Insurer | Self::Court),
            // Who did what, and what people concluded from it.
            Document::ClosingReport => matches!(self, Self::Court),
        }
    }

    /// Whether such an original is for it.
    pub const fn has_original(self, original: Original) -> bool {
        match original {
            Original::Report | Original::StopLetter | Original::Receipts | Original::Police => true,
            Original::StopRequest => !matches!(self, Self::Insurer),
            // A bank has those that went to it, and has nothing to do with what others were asked.
            Original::Letters => matches!(self, Self::Police | Self::Court),
            // On which ground, of what a house suspects among it.
            Original::SettlementHolds => matches!(self, Self::Police | Self::Court),
            // Of customers, although their cards are truncated.
            Original::Transactions => !matches!(self, Self::Insurer),
        }
    }

    /// Whether a file that is not taken back is for it.
    pub const fn has_file(self, shows: Shows) -> bool {
        match shows {
            // It may be anything, what staff said among it.
            Shows::Unsaid | Shows::Other => matches!(self, Self::Police | Self::Court),
            Shows::Police => !matches!(self, Self::Bank),
            Shows::Acquirer => !matches!(self, Self::Insurer),
        }
    }

    /// Whether who did something is for it: log-ins of people, and names of their keys, are for a court alone.
    pub const fn knows_who(self, kind: Kind) -> bool {
        match kind {
            Kind::Person | Kind::Machine => matches!(self, Self::Court),
            Kind::Terminal | Kind::Node | Kind::Timer | Kind::Outside => true,
        }
    }

    /// Whether it knows who was signed in at a payment. The ledger's own rows say that, and are proven as they stand: so they are
    /// for whoever does, and others get what they need of them.
    pub const fn knows_operators(self) -> bool {
        matches!(self, Self::Police | Self::Court)
    }

    /// What of a record of the incident is for it.
    pub const fn told(self, happened: Happened) -> Told {
        let [police, bank, insurer] = told_others(happened);
        match self {
            Self::Police => police,
            Self::Bank => bank,
            Self::Insurer => insurer,
            Self::Court => Whole,
        }
    }
}

/// What the police, the bank and the insurer are told.
const fn told_others(happened: Happened) -> [Told; 3] {
    match happened {
        // In the reporter's words.
        Happened::Reported => [Whole, Fact, Whole],
        Happened::ByCode => [Fact, Nothing, Nothing],
        Happened::Suspended | Happened::Acknowledged | Happened::StopRequested | Happened::MomentSaid => {
            [Whole, Whole, Whole]
        }
        Happened::StopConfirmed => [Whole, Whole, Whole],
        // What a provider says of the device, its address among it.
        Happened::StopReadBack | Happened::StopInProgress | Happened::StopRefused => [Whole, Whole, Fact],
        // Whose mail server, and what it said.
        Happened::LetterAgain | Happened::LetterSent | Happened::LetterRefused | Happened::LetterUnknown => {
            [Fact, Whole, Fact]
        }
        Happened::Reminded
        | Happened::ReminderSent
        | Happened::ReminderRefused
        | Happened::ReminderUnknown => [Nothing; 3],
        Happened::AttemptRefused
        | Happened::AttemptRecorded
        | Happened::RecordedCarriedOut
        | Happened::RecordedRefused
        | Happened::HostReversal => [Whole, Whole, Nothing],
        Happened::Alarm => [Whole, Whole, Nothing],
        Happened::AlarmAcknowledged | Happened::RecordedProposed | Happened::RecordedWithdrawn => {
            [Nothing; 3]
        }
        Happened::DocumentMade | Happened::FileAdded => [WithContent; 3],
        // Who got what is for those who got it, and for a court.
        Happened::PackMade => [Nothing; 3],
        // Which payments the shop says were not its own: what is looked into.
        Happened::Marked => [Whole, Whole, Fact],
        // To whom, and what came back.
        Happened::LetterMailed | Happened::LetterHandedOver | Happened::LetterAnswered => {
            [Whole, Nothing, Nothing]
        }
        Happened::LetterWritten
        | Happened::LetterChanged
        | Happened::LetterMailAsked
        | Happened::LetterNotMailed
        | Happened::LetterMailUnknown
        | Happened::LetterWithdrawn => [Nothing; 3],
        Happened::SettlementHeld | Happened::SettlementReleased => [Whole, Fact, Nothing],
        Happened::Commented | Happened::FileWithdrawn | Happened::FileRefused => [Nothing; 3],
        Happened::FoundProposed => [Whole, Fact, Fact],
        // What was looked at, and with what outcome.
        Happened::Inspected => [Whole, Whole, Fact],
        // What people concluded from it among themselves.
        Happened::Closed | Happened::ClosedNotFound | Happened::Reopened => [Fact, Fact, Fact],
        Happened::DutiesDrawnUp
        | Happened::DutyDone
        | Happened::DutyNotNeeded
        | Happened::DutyNotNeededProposed
        | Happened::DutyHandedOver
        | Happened::DutyExtended
        | Happened::DutyReopened
        | Happened::DutyDueSoon
        | Happened::DutyLate => [Nothing; 3],
        Happened::PoliceReported
        | Happened::PoliceAccepted
        | Happened::PoliceFiled
        | Happened::PoliceNotFiled
        | Happened::PoliceReviewAsked
        | Happened::PoliceUpheld
        | Happened::PoliceEnded => [Whole, Whole, Whole],
        // That a paper counts no more is theirs to know; why, is said in somebody's words.
        Happened::PoliceTakenBack => [Fact, Fact, Fact],
        Happened::ReplacementBound | Happened::ReplacementLive => [Nothing, Whole, Whole],
        Happened::OldKeysEnded | Happened::ReplacementKeysLoaded => [Nothing, Whole, Nothing],
        Happened::ReplacementBegun | Happened::ReplacementWithdrawn | Happened::ReplacementReturned => {
            [Nothing, Fact, Fact]
        }
        Happened::ReplacementChecked | Happened::ReplacementTested | Happened::ReplacementSigned => {
            [Nothing, Fact, Nothing]
        }
        Happened::ReplacementWarned
        | Happened::ReplacementRefused
        | Happened::ReplacementAccepted
        | Happened::ReplacementTestBegun
        | Happened::ReplacementTestOver => [Nothing; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of the table in the documentation.
    fn row(what: &str, cell: impl Fn(Audience) -> &'static str) -> String {
        let cells = Audience::ALL.map(cell).join(" | ");
        format!("| {what} | {cells} |")
    }

    fn table() -> Vec<String> {
        let has = |has: bool| if has { "yes" } else { "–" };
        let mut rows = vec![row("", Audience::code), row("---", |_| "---").replace(' ', "")];
        rows.extend(Document::ALL.map(|it| {
            row(
                &format!("document `{}`", it.code()),
                |to| has(to.has_document(it)),
            )
        }));
        rows.extend(Original::ALL.map(|it| {
            row(
                &format!("original `{}`", it.code()),
                |to| has(to.has_original(it)),
            )
        }));
        rows.push(row("operators of payments", |to| has(to.knows_operators())));
        rows.extend(Shows::ALL.map(|it| {
            row(&format!("file that shows `{}`", it.code()), |to| {
                has(to.has_file(it))
            })
        }));
        rows.push(row("a file that was taken back", |_| "–"));
        rows.push(row("who did it, of people", |to| has(to.knows_who(Kind::Person))));
        rows.extend(Happened::ALL.map(|it| {
            row(&format!("record `{}`", it.code()), |to| match to.told(it) {
                Whole => "whole",
                Fact => "fact",
                WithContent => "with it",
                Nothing => "–",
            })
        }));
        rows
    }

    #[test]
    fn the_page_says_who_gets_what() {
        let page = include_str!("../../../docs/EVIDENCE.md");
        let said: Vec<_> = page
            .lines()
            .skip_while(|line| *line != "### Who gets what")
            .filter(|line| line.starts_with('|'))
            .take_while(|line| !line.is_empty())
            .collect();
        assert_eq!(said.join("\n"), table().join("\n"));
    }

    #[test]
    fn a_court_gets_all_that_anybody_gets() {
        for it in Happened::ALL {
            assert_eq!(Audience::Court.told(it), Whole);
        }
        assert!(
            Original::ALL
                .into_iter()
                .all(|it| Audience::Court.has_original(it))
        );
        assert!(
            Document::ALL
                .into_iter()
                .all(|it| Audience::Court.has_document(it))
        );
        assert!(Shows::ALL.into_iter().all(|it| Audience::Court.has_file(it)));
    }
}
