//! Documents that are made of an incident, to be handed to others.
//!
//! Invariant: what an incident cannot say yet is no document of it.

use crate::incident::{Incident, State};
use crate::words;

words! {
    /// Which document.
    pub enum Kind {
        /// 报案材料: what the police need to take the report.
        PolicePacket = "police_packet",
        /// 理赔报告: what an insurer asks.
        ClaimReport = "claim_report",
        /// 结案报告: how a closed case went and ended.
        ClosingReport = "closing_report",
    }
}

words! {
    /// What a document looks like: what is set in it comes from the case.
    pub enum Template {
        /// The packet for the police.
        PolicePacket = "police_packet",
        /// Facts in sections: the reports for an insurer and of a closed case.
        FactSheet = "fact_sheet",
        /// Letters to banks and payment institutions.
        InquiryLetter = "inquiry_letter",
    }
}

impl Kind {
    /// What it is made by.
    pub const fn template(self) -> Template {
        match self {
            Self::PolicePacket => Template::PolicePacket,
            Self::ClaimReport | Self::ClosingReport => Template::FactSheet,
        }
    }

    /// Whether an incident has it.
    pub fn is_of(self, incident: &Incident) -> bool {
        match self {
            Self::PolicePacket | Self::ClaimReport => true,
            Self::ClosingReport => incident.state == State::Closed,
        }
    }
}
