//! What became of asking a provider whether a name and a number belong together.
//!
//! Invariant: *same* says that, and nothing of who typed them.

use crate::words;

words! {
    /// What a check came to.
    pub enum Outcome {
        /// They belong together.
        Same = "same",
        /// They do not, or the business does not operate.
        Differs = "differs",
        /// The source knows no such number.
        NoRecord = "no_record",
        /// Whoever was asked could not tell, or nobody was asked.
        CannotTell = "cannot_tell",
        /// The source was down, or its answer was lost: it may have been paid for, and is not asked again by itself.
        Down = "down",
    }
}

words! {
    /// Whom a house can ask.
    pub enum Provider {
        /// Alibaba Cloud: people by number and name, businesses by name, code and legal representative.
        Aliyun = "aliyun",
        /// Tencent Cloud: people only.
        Tencent = "tencent",
    }
}

words! {
    /// Why it came to that, where it is not the provider's word alone.
    pub enum Because {
        /// The business is there and does not operate.
        NotOperating = "not_operating",
        /// The person is not the business's.
        OfAnother = "of_another",
        /// The house has no provider.
        NoProvider = "no_provider",
        /// The applicant lets nothing be given to the house's provider.
        NoConsent = "no_consent",
        /// The provider has no such check.
        NotOffered = "not_offered",
        /// The house has asked as often as it wants to pay for in a day.
        DailyLimit = "daily_limit",
        /// The house's keys cannot be used: they do not open, or no question can carry them.
        KeysUnusable = "keys_unusable",
        /// The provider takes the house's keys not, or what was sent.
        NotTaken = "not_taken",
        /// It could not be reached.
        NotReached = "not_reached",
        /// It was asked, and its answer did not come.
        NoAnswer = "no_answer",
        /// Its answer is none that is known.
        Unreadable = "unreadable",
    }
}

/// What a check came to, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it came to.
    pub outcome: Outcome,
    /// Why, where that is to be said.
    pub because: Option<Because>,
}

impl Checked {
    /// What the provider said.
    pub const fn told(outcome: Outcome) -> Self {
        Self {
            outcome,
            because: None,
        }
    }

    /// The same, and why.
    pub const fn because(outcome: Outcome, because: Because) -> Self {
        Self {
            outcome,
            because: Some(because),
        }
    }
}
