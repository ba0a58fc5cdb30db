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

impl Kind {
    /// Whether an incident has it.
    pub fn is_of(self, incident: &Incident) -> bool {
        match self {
            Self::PolicePacket | Self::ClaimReport => true,
            Self::ClosingReport => incident.state == State::Closed,
        }
    }
}
