//! Photos of a terminal, taken before anything is lost: what its housing, seals and labels looked like (R2.2; PCI DSS 9.5.1.2).
//!
//! Invariant: a photo is never changed. One that is removed stays known by its digest, with who removed it and why.

use crate::attachment::Scan;
use crate::case::{Case, Step, Text, Who};
use crate::right::{Object, Right, may};
use crate::{Actor, MerchantId, TerminalId, Timestamp, words};

words! {
    /// What is to be seen.
    pub enum Shows {
        /// Its front: display, keypad.
        Front = "front",
        /// Its back.
        Back = "back",
        /// The maker's label: model, serial number.
        Label = "label",
        /// A seal, with its number.
        Seal = "seal",
        /// Screws, and whatever keeps the housing shut.
        Screw = "screw",
        /// Slots and ports: where cards and cables go in.
        Port = "port",
        /// Something else.
        Other = "other",
    }
}

words! {
    /// Where it stands.
    pub enum State {
        /// The terminal is compared with it.
        Kept = "kept",
        /// Somebody has removed it. That it was there, and why it is not, stays.
        Removed = "removed",
    }
}

words! {
    /// What people can do with one.
    pub enum Verb {
        /// Take it off the terminal's record, with a ground.
        Remove = "remove",
    }
}

/// That one was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in that person's words; `None` once it is forgotten.
    pub ground: Option<String>,
}

/// A photo of a terminal: a picture made anew, without what the camera wrote into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// Eight letters and digits.
    pub photo_id: String,
    /// Whose terminal it is.
    pub merchant_id: MerchantId,
    /// Of which terminal.
    pub terminal_id: TerminalId,
    /// What is to be seen.
    pub shows: Shows,
    /// What else there is to say of it; it may name people. `None` also once it is forgotten.
    pub caption: Option<String>,
    /// Where it stands.
    pub state: State,
    /// SHA-256 of what was sent: of the file that whoever took it may still have.
    pub sent_sha256: Vec<u8>,
    /// SHA-256 of what is kept.
    pub sha256: Vec<u8>,
    /// Its length, bytes.
    pub len: i64,
    /// Whether viruses were looked for.
    pub scan: Scan,
    /// Whether its bytes are here still.
    pub is_there: bool,
    /// Who added it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// That it was removed.
    pub removed: Option<Removed>,
}

impl Case for Photo {
    type State = State;
    type Verb = Verb;
    const STEPS: &'static [Step<State, Verb>] = &[Step::new(
        Verb::Remove,
        &[State::Kept],
        Some(State::Removed),
        Who::With(Right::KeepTerminal),
    )
    .saying(Text::Required)
    .by_person()];

    fn state(&self) -> State {
        self.state
    }

    fn enter(&mut self, state: State) {
        self.state = state;
    }

    /// Like the rest of the terminal's record.
    fn allows(&self, actor: &Actor) -> bool {
        may(actor, Right::KeepTerminal, Object::Merchant(self.merchant_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::walk;
    use crate::fixture::{everybody, merchant};

    #[test]
    fn who_keeps_the_terminal_removes_a_photo_once() {
        let photo = |state| Photo {
            photo_id: "P".into(),
            merchant_id: merchant("M1"),
            terminal_id: TerminalId::parse(b"T1").unwrap(),
            shows: Shows::Seal,
            caption: None,
            state,
            sent_sha256: vec![7; 32],
            sha256: vec![8; 32],
            len: 1,
            scan: Scan::NotSet,
            is_there: true,
            by: "owner".into(),
            at: Timestamp(0),
            removed: None,
        };
        let wanted = [
            "kept remove: owner:removed stranger:no manager:no risk:removed auditor:no",
            "removed remove: owner:- stranger:no manager:no risk:- auditor:no",
        ];
        assert_eq!(walk(photo, &everybody()), wanted);
    }
}
