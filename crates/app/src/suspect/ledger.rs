//! The gate's ledger as what happened at a terminal.
//!
//! Invariant: only what the terminal proved to have asked for itself.

use std::collections::HashSet;

use domain::TerminalId;
use domain::statement::Span;
use domain::transaction::{Decision, Entry, EntryMode, Kind as Asked, LedgerRow, Proof, ResponseCode};
use jiff::tz::TimeZone;
use screening::{Certainty, Kind, Payment, SignIn, State};
use store::ledger::{self, Filter};
use store::{Error as StoreError, Tx};

use super::{Found, Happening, ROWS_MAX, Source, Suspect, card_key, offset_min};

/// What happened at a terminal in a span, as its ledger has it; and whether there was more.
pub(super) fn read(
    tx: &Tx<'_>,
    terminal_id: TerminalId,
    (from, to): Span,
    zone: &TimeZone,
) -> Result<(Vec<Happening>, bool), StoreError> {
    let filter = Filter {
        from: Some(from),
        to: Some(to.plus_ms(1)),
        decision: None,
    };
    let mut rows = ledger::page(tx, terminal_id, filter, None, ROWS_MAX)?;
    let is_cut = rows.len() as i64 == ROWS_MAX;
    rows.reverse();
    // What was undone later, by its sequence.
    let undone: HashSet<i64> = rows
        .iter()
        .filter(|row| row.decision == Some(Decision::Reversed))
        .filter_map(|row| row.of_sequence)
        .collect();
    let happened = rows.into_iter().filter_map(|row| {
        let is_undone = undone.contains(&row.sequence);
        happening(row, is_undone, zone)
    });
    Ok((happened.collect(), is_cut))
}

/// A row as what happened; `None`: nothing that is looked at, or that a stranger may have sent.
pub(crate) fn happening(row: LedgerRow, is_undone: bool, zone: &TimeZone) -> Option<Happening> {
    if row.proof == Some(Proof::Unproven) || row.decision == Some(Decision::Reversed) {
        return None;
    }
    let (Entry::Request(asked), Some(decision)) = (row.entry, row.decision) else {
        return None;
    };
    let offset_min = offset_min(zone, row.at);
    let is_accepted = decision == Decision::Approved;
    let kind = match asked {
        Asked::SignIn | Asked::Unlock => {
            let is_wrong = row.response_code == Some(ResponseCode::WRONG_PIN);
            // Refused for another reason than the password, it says nothing of who tried.
            return (is_accepted || is_wrong).then_some(Happening::SignIn(SignIn {
                at: row.at,
                offset_min,
                is_accepted,
                operator: row.operator,
                place: None,
            }));
        }
        Asked::SignOut | Asked::Settlement | Asked::BatchUpload | Asked::Lock | Asked::Reversal => {
            return None;
        }
        Asked::Purchase | Asked::Completion | Asked::CompletionNotice => Kind::Sale,
        Asked::Refund => Kind::Refund,
        Asked::Void | Asked::CompletionVoid => Kind::Void,
        Asked::PreAuthorisation | Asked::PreAuthorisationVoid | Asked::Balance => Kind::Other,
    };
    let amount = row.amount?;
    let goes_back = matches!(kind, Kind::Refund | Kind::Void);
    let payment = Payment {
        offset_min,
        entry: row.entry_mode.map(entry),
        card: row.card.map(|card| card_key(&card.to_string())),
        operator: row.operator,
        is_linked: goes_back.then_some(row.of_sequence.is_some()),
        certainty: Certainty::Second,
        ..Payment::new(row.at, kind, state(decision), amount.minor, amount.currency)
    };
    let suspect = Suspect {
        source: Source::Ledger(row.sequence),
        also: None,
        method: None,
        card: row.card.map(|card| card.to_string()),
        payer: None,
        is_certain: true,
        is_undone,
        in_window: false,
        sale: None,
        on_shift: None,
        judgement: Default::default(),
        rules: Vec::new(),
        row: None,
        opinions: Default::default(),
        payment,
    };
    Some(Happening::Payment(Box::new(Found {
        of: row.of_sequence.filter(|_| goes_back).map(|of| of.to_string()),
        name: (kind == Kind::Sale).then(|| row.sequence.to_string()),
        suspect,
    })))
}

const fn state(decision: Decision) -> State {
    match decision {
        Decision::Approved | Decision::Reversed => State::Approved,
        Decision::Declined => State::Declined,
        // Neither is decided.
        Decision::Pending | Decision::Recorded => State::Pending,
    }
}

const fn entry(mode: EntryMode) -> screening::Entry {
    match mode {
        EntryMode::Manual => screening::Entry::Keyed,
        EntryMode::Swipe => screening::Entry::Swiped,
        EntryMode::Qr => screening::Entry::Code,
        EntryMode::Chip => screening::Entry::Inserted,
        EntryMode::Contactless => screening::Entry::Tapped,
    }
}
