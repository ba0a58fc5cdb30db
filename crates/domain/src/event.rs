//! Events: one for each change of a noun. They are its time line, what live pages hear, and the record of who did what.
//!
//! Invariant: events are only appended; those of one subject are numbered from 1 without gaps.

use crate::actor;
use crate::incident::Happened;
use crate::time::Timestamp;
use crate::words;

words! {
    /// What kind of thing an event is about.
    pub enum Subject {
        /// A terminal, by its identifier.
        Terminal = "terminal",
        /// A loss incident.
        Incident = "incident",
        /// A contact.
        Contact = "contact",
        /// A piece of work, by what names it.
        Work = "work",
        /// An account, by its log-in.
        Account = "account",
        /// A custom role.
        CustomRole = "custom_role",
        /// The settings of the house.
        Setting = "setting",
        /// A merchant.
        Merchant = "merchant",
        /// A shop.
        Shop = "shop",
        /// An operator, by shop and number.
        Operator = "operator",
        /// An invitation.
        Invitation = "invitation",
        /// An import of a table.
        Import = "import",
        /// An API key.
        ApiKey = "api_key",
        /// A registration.
        Registration = "registration",
        /// A duty; what happens to it is on its incident's time line.
        Duty = "duty",
        /// A replacement; what happens to it is on its incident's time line.
        Replacement = "replacement",
        /// A file of an incident; what happens to it is on its incident's time line.
        Attachment = "attachment",
        /// A letter of an incident; what happens to it is on its incident's time line.
        Letter = "letter",
        /// A version of a playbook or a template.
        Revision = "revision",
        /// A file of transactions that a shop downloaded.
        Statement = "statement",
        /// A photo of a terminal; what happens to it is told of its terminal.
        Photo = "photo",
        /// A question whether a terminal is with the shop; what happens to it is told of its terminal.
        Question = "question",
        /// A hold on settlement; that it stands, and that it was released, is told of its terminal or merchant, too.
        SettlementHold = "settlement_hold",
        /// A report of suspicious transactions, of which only those with the right are told.
        SuspiciousReport = "suspicious_report",
    }
}

impl Subject {
    /// Whether nobody without a right of its own is told that there is one: not by the record of who did what either.
    pub const fn is_withheld(self) -> bool {
        matches!(self, Self::WITHHELD)
    }

    /// The one of which nobody without a right of its own is told.
    pub const WITHHELD: Self = Self::SuspiciousReport;
}

words! {
    /// What events say was done or happened, besides what happens in an [incident](Happened). What was once written stays in this
    /// list.
    pub enum Verb {
        /// Somebody added it.
        Create = "create",
        /// Somebody changed what is said of it.
        Change = "change",
        /// It is not used any more.
        Retire = "retire",
        /// It is used again.
        Restore = "restore",
        /// An account or an operator may do nothing any more.
        Disable = "disable",
        /// It may again.
        Enable = "enable",
        /// A link to set a new password was made.
        Link = "link",
        /// The password was set by such a link.
        ResetPassword = "reset_password",
        /// The person set another password.
        ChangePassword = "change_password",
        /// An operator got a password.
        SetPassword = "set_password",
        /// The person said where to be reached.
        Reach = "reach",
        /// Somebody saw in full where the person can be reached.
        Reveal = "reveal",
        /// Somebody was handed over what is kept about the person.
        Export = "export",
        /// The person, or a contact, was erased.
        Erase = "erase",
        /// The person added an authenticator.
        EnrolTotp = "enrol_totp",
        /// The person added a passkey.
        EnrolPasskey = "enrol_passkey",
        /// The person took a second factor away.
        RemoveFactor = "remove_factor",
        /// Somebody took all second factors of a person away.
        ClearFactors = "clear_factors",
        /// The person logged in by a recovery code.
        UseRecoveryCode = "use_recovery_code",
        /// The person made new recovery codes.
        RenewRecoveryCodes = "renew_recovery_codes",
        /// A code to report a loss without a log-in was asked for.
        CodeAsked = "code_asked",
        /// A mail server took it.
        CodeSent = "code_sent",
        /// It did not take it.
        CodeRefused = "code_refused",
        /// Nobody knows whether it took it.
        CodeUnknown = "code_unknown",
        /// A loss was reported with it.
        CodeUsed = "code_used",
        /// The one invited came.
        Accept = "accept",
        /// An invitation was taken back.
        Withdraw = "withdraw",
        /// A second person was asked to sign it off.
        Propose = "propose",
        /// Somebody said what stands against it.
        SendBack = "send_back",
        /// A second person agreed.
        SignOff = "sign_off",
        /// A second person was asked to end its use.
        ProposeWithdrawal = "propose_withdrawal",
        /// A later one is used in its place.
        Replace = "replace",
        /// An API key may be used no more.
        Revoke = "revoke",
        /// The house was set up.
        SetUp = "set_up",
        /// A person has understood what was found wrong with the audit log.
        FindingAcknowledged = "finding_acknowledged",
        /// A provider's key was set.
        Keep = "keep",
        /// It was taken out.
        Forget = "forget",
        /// A hold was placed on a terminal.
        HoldPlaced = "hold_placed",
        /// It was released.
        HoldReleased = "hold_released",
        /// It ended by its time.
        HoldEnded = "hold_ended",
        /// A person locked a terminal.
        Lock = "lock",
        /// A person unlocked it.
        Unlock = "unlock",
        /// A terminal went to another shop.
        Move = "move",
        /// A terminal got a master key.
        SetKey = "set_key",
        /// A terminal's keys were ended.
        EndKeys = "end_keys",
        /// A photo of a terminal was added.
        PhotoAdded = "photo_added",
        /// It was removed.
        PhotoRemoved = "photo_removed",
        /// A virus was found in one, of which nothing is kept.
        PhotoRefused = "photo_refused",
        /// It was asked whether a terminal is with the shop.
        QuestionAsked = "question_asked",
        /// Nobody had answered, and others were asked, too.
        QuestionPassedOn = "question_passed_on",
        /// Somebody has it at hand.
        QuestionHere = "question_here",
        /// Somebody does not know.
        QuestionUnsure = "question_unsure",
        /// Somebody misses it, and reported it.
        QuestionMissing = "question_missing",
        /// A second person agreed to a hold on settlement, or to its release.
        Confirm = "confirm",
        /// A second person was asked to release one.
        Release = "release",
        /// Somebody read it, where that is written down.
        Look = "look",
        /// A second person agreed that suspicious transactions are reported.
        ConfirmReport = "confirm_report",
        /// A second person agreed that they are not.
        ConfirmNoReport = "confirm_no_report",
        /// It was filed with an authority, as a person says.
        File = "file",
        /// Somebody said when a shop is open, or that it is not known any more.
        HoursChanged = "hours_changed",
        /// Somebody entered who works in a shop on a day, or that it is not known any more.
        RosterChanged = "roster_changed",
        /// Work that cannot be done waits for a person.
        Dead = "dead",
        /// Work was under way on a node that is gone.
        Lost = "lost",
        /// A person has it done again.
        Retry = "retry",
        /// A person decided that it is not done.
        GiveUp = "give_up",
        /// A table was looked through.
        Checked = "checked",
        /// What was sent is no table that can be read.
        Unreadable = "unreadable",
        /// Nobody took a table over in time.
        Expired = "expired",
        /// A table was taken over.
        Commit = "commit",
        /// It was thrown away.
        Discard = "discard",
        /// It is looked through again, because the estate is another.
        CheckAgain = "check_again",
        /// A registration was confirmed from its mailbox.
        RegistrationConfirmed = "registration_confirmed",
        /// It was sent again, corrected.
        RegistrationSent = "registration_sent",
        /// The applicant took it back, or sent another one.
        RegistrationWithdrawn = "registration_withdrawn",
        /// Nothing a provider said stands against it.
        RegistrationChecked = "registration_checked",
        /// Something differs from what a provider knows.
        RegistrationDiffers = "registration_differs",
        /// A person has seen the documents.
        RegistrationApproved = "registration_approved",
        /// It became a merchant.
        RegistrationAccepted = "registration_accepted",
        /// A person gave it back to be corrected.
        RegistrationReturned = "registration_returned",
        /// A person refused it.
        RegistrationRefused = "registration_refused",
        /// A mail server took the mail about it.
        RegistrationMailSent = "registration_mail_sent",
        /// It did not.
        RegistrationMailRefused = "registration_mail_refused",
        /// Nobody knows.
        RegistrationMailUnknown = "registration_mail_unknown",
    }
}

/// All that events say.
pub fn verbs() -> impl Iterator<Item = &'static str> {
    let others = Verb::ALL.into_iter().map(Verb::code);
    others.chain(Happened::ALL.into_iter().map(Happened::code))
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub subject: Subject,
    /// Which one.
    pub subject_id: String,
    /// Its place among the events of its subject, from 1.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// What was done or happened; one of [`verbs`].
    pub verb: String,
    /// What did it.
    pub actor_kind: actor::Kind,
    /// Who did it: a log-in, a terminal, a node, a key.
    pub actor: String,
    /// Words of that person, or the particulars; no personal data of others.
    pub text: Option<String>,
    /// The row of the terminal's ledger it is about.
    pub ledger_sequence: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_is_in_one_list() {
        let all: Vec<_> = verbs().collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
