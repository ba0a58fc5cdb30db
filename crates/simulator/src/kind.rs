//! The kinds of card transaction and of reading a card, and how UnionPay's POS messages tell them apart.
//!
//! It touches nothing. Invariant: [`Kind::of`] undoes [`Kind::codes`], so each kind has a mark of its own.

use domain::transaction;
use iso8583::unionpay::Totals;

/// A kind of card transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 余额查询
    Balance,
    /// 消费
    Purchase,
    /// 消费撤销, of a purchase in the same batch
    Void,
    /// 退货, whole or in part
    Refund,
    /// 预授权
    PreAuthorisation,
    /// 预授权撤销
    PreAuthorisationVoid,
    /// 预授权完成(请求)
    Completion,
    /// 预授权完成(通知)
    CompletionNotice,
    /// 预授权完成撤销
    CompletionVoid,
}

/// What marks a kind in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes {
    /// Message type, BCD as hex, such as `0x0200`.
    pub mti: u16,
    /// Field 3, six digits.
    pub processing: &'static str,
    /// Field 25, two digits.
    pub condition: &'static str,
    /// Field 60.1, two digits as a number.
    pub transaction_type: u8,
}

const ALL: [Kind; 9] = [
    Kind::Purchase,
    Kind::Void,
    Kind::Refund,
    Kind::Balance,
    Kind::PreAuthorisation,
    Kind::PreAuthorisationVoid,
    Kind::Completion,
    Kind::CompletionNotice,
    Kind::CompletionVoid,
];

impl Kind {
    /// The marks of this kind (UnionPay POS message table).
    pub fn codes(self) -> Codes {
        let (mti, processing, condition, transaction_type) = match self {
            Kind::Balance => (0x0200, "310000", "00", 1),
            Kind::Purchase => (0x0200, "000000", "00", 22),
            Kind::Void => (0x0200, "200000", "00", 23),
            Kind::Refund => (0x0220, "200000", "00", 25),
            Kind::PreAuthorisation => (0x0100, "030000", "06", 10),
            Kind::PreAuthorisationVoid => (0x0100, "200000", "06", 11),
            Kind::Completion => (0x0200, "000000", "06", 20),
            Kind::CompletionNotice => (0x0220, "000000", "06", 24),
            Kind::CompletionVoid => (0x0200, "200000", "06", 21),
        };
        Codes {
            mti,
            processing,
            condition,
            transaction_type,
        }
    }

    /// The kind that fields 3 (as a number), 25 and 60.1 name. A reversal (0400) carries those of its original, so
    /// the message type is left out.
    pub fn of(processing: u64, condition: u64, transaction_type: u8) -> Option<Kind> {
        let number = |digits: &str| digits.parse::<u64>().ok();
        ALL.into_iter().find(|kind| {
            let codes = kind.codes();
            codes.transaction_type == transaction_type
                && number(codes.processing) == Some(processing)
                && number(codes.condition) == Some(condition)
        })
    }

    /// The same kind in the words of the rules.
    pub fn in_rules(self) -> transaction::Kind {
        match self {
            Kind::Balance => transaction::Kind::Balance,
            Kind::Purchase => transaction::Kind::Purchase,
            Kind::Void => transaction::Kind::Void,
            Kind::Refund => transaction::Kind::Refund,
            Kind::PreAuthorisation => transaction::Kind::PreAuthorisation,
            Kind::PreAuthorisationVoid => transaction::Kind::PreAuthorisationVoid,
            Kind::Completion => transaction::Kind::Completion,
            Kind::CompletionNotice => transaction::Kind::CompletionNotice,
            Kind::CompletionVoid => transaction::Kind::CompletionVoid,
        }
    }

    /// It acts on an earlier transaction, which field 61 names.
    pub fn has_original(self) -> bool {
        self.in_rules().is_follow_up()
    }

    /// Counts one approved transaction of this kind in a batch's totals: purchases and completions are debits; voids,
    /// refunds and voids of completions are credits; the others move no money.
    pub fn add_to(self, totals: &mut Totals, amount_minor: u64) {
        match self {
            Kind::Purchase | Kind::Completion | Kind::CompletionNotice => {
                totals.debit_minor = totals.debit_minor.saturating_add(amount_minor);
                totals.debit_count = totals.debit_count.saturating_add(1);
            }
            Kind::Void | Kind::Refund | Kind::CompletionVoid => {
                totals.credit_minor = totals.credit_minor.saturating_add(amount_minor);
                totals.credit_count = totals.credit_count.saturating_add(1);
            }
            Kind::Balance | Kind::PreAuthorisation | Kind::PreAuthorisationVoid => {}
        }
    }

    /// A terminal that gets no answer reverses it (0400). Refunds and notices are repeated or settled instead.
    pub fn is_reversible(self) -> bool {
        self.in_rules().reversible()
    }
}

/// How the card was read (field 22, digits 1 and 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryMode {
    /// 02, magnetic stripe
    Swipe,
    /// 05, chip
    Chip,
    /// 07, contactless
    Contactless,
    /// 01, typed by hand
    Manual,
    /// 03, a code on the payer's screen
    Qr,
}

impl EntryMode {
    /// Digits 1 and 2 of field 22.
    pub fn digits(self) -> &'static str {
        match self {
            EntryMode::Manual => "01",
            EntryMode::Swipe => "02",
            EntryMode::Qr => "03",
            EntryMode::Chip => "05",
            EntryMode::Contactless => "07",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_recognised_by_its_marks() {
        for kind in ALL {
            let codes = kind.codes();
            let number = |digits: &str| digits.parse().unwrap();
            assert_eq!(
                Kind::of(
                    number(codes.processing),
                    number(codes.condition),
                    codes.transaction_type
                ),
                Some(kind)
            );
        }
        assert_eq!(Kind::of(0, 0, 99), None);
    }
}
