//! What the caller knows around a payment, and a terminal's profile does not.
//!
//! Invariant: what nobody knows is `None`, and the signals that need it say that they could not look.

use domain::Timestamp;
use domain::money::Currency;
use domain::opening_hours::OpeningHours;

use crate::payment::Key;
use crate::settings::Settings;

/// Somebody's time at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who, as the payments write it.
    pub operator: String,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub to: Timestamp,
}

/// The sale that a refund or a void gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// What was charged, minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// What was given back of it before, minor units.
    pub refunded_minor: i64,
    /// Which card, else which payer.
    pub who: Option<Key>,
}

/// The other terminals of the same shop, in the half hour before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peers {
    /// How many had a payment or checked in.
    pub active: u16,
    /// Where most of those are.
    pub place: Option<Key>,
}

/// A loss that was reported, or is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When the terminal was surely still there.
    pub from: Timestamp,
    /// When it was stopped, or is now.
    pub to: Timestamp,
}

/// What surrounds one payment.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// How much each signal counts, and when it speaks.
    pub settings: &'a Settings,
    /// When the shop is open.
    pub hours: Option<&'a OpeningHours>,
    /// Who works when, those around the payment at least; `None`: nobody entered it for that time.
    pub shifts: Option<&'a [Shift]>,
    /// Of a refund or void: its sale, where it is known.
    pub sale: Option<Sale>,
    /// The shop's other terminals; `None`: there are none, or nobody knows.
    pub peers: Option<Peers>,
    /// Whether the source has sign-ins, and the profile was told of each.
    pub has_sign_ins: bool,
    /// The window of a loss.
    pub loss: Option<Loss>,
}

impl<'a> Context<'a> {
    /// Nothing but the settings.
    pub const fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            hours: None,
            shifts: None,
            sale: None,
            peers: None,
            has_sign_ins: false,
            loss: None,
        }
    }
}
