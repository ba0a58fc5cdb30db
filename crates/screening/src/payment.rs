//! A payment as a signal sees it, from our gate's ledger or from a row of a statement; and a sign-in.
//!
//! Invariant: what the source does not say is `None`, never a guess.

use domain::money::Currency;
use domain::setting::Language;
pub use domain::statement::Certainty;
use domain::{Timestamp, words};

use crate::by_code::by_code;
use crate::reason::pick;

/// Stands for a card, a payer, an order or a place: the same for the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Key(pub u64);

impl Key {
    /// The key of a text: FNV-1a over its bytes, mixed. It tells things apart, and protects nothing.
    pub const fn of(text: &str) -> Self {
        let (bytes, mut hash, mut at) = (text.as_bytes(), 0xCBF2_9CE4_8422_2325_u64, 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01B3);
            at += 1;
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        Self(hash ^ (hash >> 33))
    }
}

words! {
    /// What was asked for.
    pub enum Kind {
        /// Money to the shop; a completion of a pre-authorisation is one, too.
        Sale = "sale",
        /// Money back to a payer.
        Refund = "refund",
        /// A sale undone.
        Void = "void",
        /// Whatever moves no money: a balance, a pre-authorisation.
        Other = "other",
    }
}

words! {
    /// What became of it.
    pub enum State {
        /// Done, or reversed later: it was approved.
        Approved = "approved",
        /// Refused, by whomever.
        Declined = "declined",
        /// Accepted, and may still fail; recorded, and not decided.
        Pending = "pending",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

words! {
    /// How the card or code was read.
    pub enum Entry {
        /// Without contact.
        Tapped = "tapped",
        /// Its chip.
        Inserted = "inserted",
        /// Its stripe.
        Swiped = "swiped",
        /// Its number, by hand.
        Keyed = "keyed",
        /// The stripe of a card whose chip could have been read.
        Fallback = "fallback",
        /// A code on a phone.
        Code = "code",
    }
}

by_code!(Kind, State, Entry);

impl Entry {
    /// How it is read, in a few words.
    pub const fn title(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Tapped => ("挥卡", "tapped"),
            Self::Inserted => ("插卡", "inserted"),
            Self::Swiped => ("刷磁条", "swiped"),
            Self::Keyed => ("手工输入", "typed"),
            Self::Fallback => ("降级刷磁条", "swiped instead of inserted"),
            Self::Code => ("扫码", "code"),
        };
        pick(language, zh, en)
    }
}

/// A payment of one terminal. What the source does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// When.
    pub at: Timestamp,
    /// How much of the time the source settles.
    pub certainty: Certainty,
    /// Minutes by which the terminal's clock was ahead of UTC then.
    pub offset_min: i32,
    /// What was asked for.
    pub kind: Kind,
    /// What became of it.
    pub state: State,
    /// What the payer was charged or got back, minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// How the card or code was read.
    pub entry: Option<Entry>,
    /// Which card.
    pub card: Option<Key>,
    /// Who paid or got back, where no card says it.
    pub payer: Option<Key>,
    /// Who was signed in, as the source writes it.
    pub operator: Option<String>,
    /// What a refund has in common with its sale.
    pub order: Option<String>,
    /// Of a refund or void: whether its sale is known.
    pub is_linked: Option<bool>,
    /// Network, SIM or position it came from.
    pub place: Option<Key>,
}

impl Payment {
    /// One of which the source says no more than this.
    pub const fn new(at: Timestamp, kind: Kind, state: State, amount_minor: i64, currency: Currency) -> Self {
        Self {
            at,
            certainty: Certainty::Second,
            offset_min: 0,
            kind,
            state,
            amount_minor,
            currency,
            entry: None,
            card: None,
            payer: None,
            operator: None,
            order: None,
            is_linked: None,
            place: None,
        }
    }

    /// The card, else the payer: whose money it is.
    pub const fn who(&self) -> Option<Key> {
        match self.card {
            Some(card) => Some(card),
            None => self.payer,
        }
    }
}

/// An operator's try to sign in at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// When.
    pub at: Timestamp,
    /// Minutes by which the terminal's clock was ahead of UTC then.
    pub offset_min: i32,
    /// Whether it was let in.
    pub is_accepted: bool,
    /// Who it said it was.
    pub operator: Option<String>,
    /// Network, SIM or position it came from.
    pub place: Option<Key>,
}
