//! Common points: terminals that nobody reported, and at which cards were before they came to harm elsewhere (R3.3).
//!
//! Invariant: it says how many cards, never whose; a terminal is a place to look at, and nobody is anything because of it. An answer that
//! the terminal is there ends nothing: somebody may have altered one that never left.

use crate::statement::Span;
use crate::time::HOUR_MS;
use crate::{MerchantId, TerminalId, Timestamp};

/// The hour of the house's clock at which the estate is looked through, once a day.
pub const LOOK_HOUR: i8 = 3;
/// What is not named any more is kept for 90 days after it was named last.
pub const KEPT_MS: i64 = 90 * 24 * HOUR_MS;
/// Payments that one names at most.
pub const PAYMENTS_MAX: usize = 20;
/// A shop that was asked is asked again only when so many more victims were there.
pub const MORE_MIN: i64 = 3;

/// A terminal that stands out, as it was judged last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonPoint {
    /// Which terminal.
    pub terminal_id: TerminalId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// When it was named first.
    pub found_at: Timestamp,
    /// When it was named last.
    pub judged_at: Timestamp,
    /// From when until when cards were looked for.
    pub span: Span,
    /// Cards and payers that were there.
    pub cards: i64,
    /// Those of them that came to harm elsewhere later.
    pub victims: i64,
    /// The same without those by the word of one merchant only: what was judged.
    pub independent: i64,
    /// How many of these chance would have brought, millionths.
    pub expected_millionths: i64,
    /// By chance the estate would have one such terminal in so many looks.
    pub odds: i64,
    /// The losses they come from: identifiers, with a space between them.
    pub incidents: String,
    /// Payments there by which victims were, each one's first: as the terminal's own pages name them, with a space between them.
    pub payments: String,
    /// The last question that was asked because of it.
    pub question_id: Option<String>,
    /// How many victims there were then.
    pub asked_victims: i64,
}

impl CommonPoint {
    /// Whether its shop is to be asked: it never was, or much has come since.
    pub const fn is_to_be_asked(&self) -> bool {
        self.question_id.is_none() || self.victims >= self.asked_victims + MORE_MIN
    }
}
