//! What must come back in an answer for it to answer a request.
//!
//! Invariant: nothing of a card but a digest is kept for the comparison.

use std::time::Duration;

use iso8583::Message;
use iso8583::unionpay::field60;
use sha2::{Digest, Sha256};

/// How a host's answers and its connection look, where hosts differ.
#[derive(Clone, Debug)]
pub struct HostProfile {
    /// What its answers bring back of a request, beside terminal, trace number and type, which all do.
    pub echo: &'static [(Part, Comes)],
    /// How often an empty frame says that the connection lives, when nothing else is said on it; `None`: never. Those of the
    /// host are always taken.
    pub heartbeat_every: Option<Duration>,
}

/// Something of a request that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Field 2, which answers the track of a request too.
    Card,
    /// Field 3.
    Processing,
    /// Field 4.
    Amount,
    /// Field 42.
    Merchant,
    /// Field 49.
    Currency,
    /// Field 60.2.
    Batch,
}

/// Whether an answer must have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    /// An answer without it answers nothing.
    Always,
    /// Some hosts leave it out; what is there must be the same.
    Perhaps,
}

impl HostProfile {
    /// UnionPay's table of fields of 0110, 0210, 0230 and 0410: what terminals themselves check comes back always; the rest
    /// is in the table, and hosts are known that leave it out.
    pub const UNIONPAY: Self = Self {
        echo: &[
            (Part::Processing, Comes::Always),
            (Part::Amount, Comes::Always),
            (Part::Merchant, Comes::Always),
            (Part::Card, Comes::Perhaps),
            (Part::Currency, Comes::Perhaps),
            (Part::Batch, Comes::Perhaps),
        ],
        heartbeat_every: None,
    };
}

/// What of a message comes back in its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Echo {
    card: Option<[u8; 32]>,
    processing: Option<u64>,
    amount: Option<u64>,
    merchant: Option<[u8; 15]>,
    currency: Option<[u8; 3]>,
    batch: Option<u32>,
}

impl Echo {
    /// That of a request, or of an answer.
    pub(super) fn of(message: &Message<'_>) -> Self {
        let text = |field| message.text(field);
        Self {
            card: card(message),
            processing: message.number(3),
            amount: message.number(4),
            merchant: text(42).and_then(|text| text.try_into().ok()),
            currency: text(49).and_then(|text| text.try_into().ok()),
            batch: field60(message).map(|field| field.batch),
        }
    }

    /// For tests of who has which place.
    #[cfg(test)]
    pub(super) fn of_amount(minor: u64) -> Self {
        Self {
            card: None,
            processing: None,
            amount: Some(minor),
            merchant: None,
            currency: None,
            batch: None,
        }
    }

    /// The first part of the request that the answer does not bring back as it was.
    pub(super) fn differs(&self, answer: &Self, profile: &HostProfile) -> Option<Part> {
        let same = |(part, comes): &(Part, Comes)| match part {
            Part::Card => came_back(self.card, answer.card, *comes),
            Part::Processing => came_back(self.processing, answer.processing, *comes),
            Part::Amount => came_back(self.amount, answer.amount, *comes),
            Part::Merchant => came_back(self.merchant, answer.merchant, *comes),
            Part::Currency => came_back(self.currency, answer.currency, *comes),
            Part::Batch => came_back(self.batch, answer.batch, *comes),
        };
        profile
            .echo
            .iter()
            .find(|expected| !same(expected))
            .map(|(part, _)| *part)
    }
}

/// What the request did not say, the answer may add.
fn came_back<T: PartialEq>(asked: Option<T>, answered: Option<T>, comes: Comes) -> bool {
    match (asked, answered) {
        (None, _) => true,
        (Some(asked), Some(answered)) => asked == answered,
        (Some(_), None) => comes == Comes::Perhaps,
    }
}

/// A digest of the card number: field 2, or track 2 up to its separator.
fn card(message: &Message<'_>) -> Option<[u8; 32]> {
    let mut digest = Sha256::new();
    match message.digits(2) {
        Some(digits) => digits.iter().for_each(|digit| digest.update([digit])),
        None => {
            let track = message.digits(35)?;
            let number = track.iter().take_while(u8::is_ascii_digit);
            number.for_each(|digit| digest.update([digit]));
        }
    }
    Some(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchase() -> Echo {
        Echo {
            card: Some([1; 32]),
            processing: Some(0),
            amount: Some(100),
            merchant: Some(*b"104520157120001"),
            currency: Some(*b"156"),
            batch: Some(7),
        }
    }

    #[test]
    fn an_answer_to_anything_else_is_none() {
        let asked = purchase();
        let differs = |answer: Echo| asked.differs(&answer, &HostProfile::UNIONPAY);
        let answer = purchase();
        assert_eq!(differs(answer), None);
        for (answer, part) in [
            (
                Echo {
                    card: Some([2; 32]),
                    ..answer
                },
                Part::Card,
            ),
            (
                Echo {
                    processing: Some(200_000),
                    ..answer
                },
                Part::Processing,
            ),
            (
                Echo {
                    amount: Some(999_999),
                    ..answer
                },
                Part::Amount,
            ),
            (
                Echo {
                    amount: None,
                    ..answer
                },
                Part::Amount,
            ),
            (
                Echo {
                    merchant: Some(*b"104520157120002"),
                    ..answer
                },
                Part::Merchant,
            ),
            (
                Echo {
                    merchant: None,
                    ..answer
                },
                Part::Merchant,
            ),
            (
                Echo {
                    currency: Some(*b"840"),
                    ..answer
                },
                Part::Currency,
            ),
            (
                Echo {
                    batch: Some(6),
                    ..answer
                },
                Part::Batch,
            ),
        ] {
            assert_eq!(differs(answer), Some(part));
        }
    }

    #[test]
    fn a_host_may_leave_out_what_its_profile_says_and_add_what_was_not_asked() {
        let asked = purchase();
        let short = Echo {
            card: None,
            currency: None,
            batch: None,
            ..asked
        };
        assert_eq!(asked.differs(&short, &HostProfile::UNIONPAY), None);
        let balance = Echo {
            amount: None,
            ..asked
        };
        assert_eq!(balance.differs(&asked, &HostProfile::UNIONPAY), None);
        let strict = HostProfile {
            echo: &[(Part::Batch, Comes::Always)],
            ..HostProfile::UNIONPAY
        };
        assert_eq!(asked.differs(&short, &strict), Some(Part::Batch));
    }
}
