//! Settlement and batch upload: field 48, both ways.
//!
//! Invariant: what a terminal claims is compared with the ledger, never booked.

use std::sync::Arc;

use app::settlement::{Settled, Uploaded};
use app::transaction::{Admitted, Attempt};
use domain::transaction::Refusal;
use iso8583::unionpay::{self, Field48, Reply, Totals};
use store::ledger::BatchTotals;

use super::Gate;
use super::answer::{self, Content};
use super::connection::Out;
use super::handle::{Request, out};
use super::request;

impl Gate {
    /// 0500: the terminal's totals against the ledger's.
    pub(super) async fn settlement(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        let Some(field48) = unionpay::field48(request.message) else {
            return self.decline(request, Refusal::Invalid, false).await;
        };
        let Some(currency) = request::currency(request.message) else {
            return self.decline(request, Refusal::OtherCurrency, false).await;
        };
        let claimed = totals(&field48);
        let settled = self
            .node
            .write(move |tx| app::settlement::settle(tx, &attempt, currency, claimed))
            .await?;
        match settled {
            Settled::UnknownTerminal => Ok(self.unknown_terminal(request.message, request.back)),
            Settled::Answer(answer) => Ok(self.plain(request, Admitted::Answer(answer), false)),
            Settled::Compared {
                totals,
                equal,
                answer,
            } => {
                let reply = if equal { Reply::Equal } else { Reply::Unequal };
                let content = Content::refusal(answer.response_code, answer.at);
                let field48 = unionpay::write_field48(&answered(&totals, reply)).unwrap_or_default();
                let message = answer::settled(request.message, &content, &field48);
                Ok(out(message, request.back, answer.response_code, None))
            }
        }
    }

    /// 0320: lines of a batch that did not agree.
    pub(super) async fn batch_upload(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        let Some(details) = unionpay::batch_details(request.message) else {
            return self.decline(request, Refusal::Invalid, false).await;
        };
        let Some(currency) = request::currency(request.message) else {
            return self.decline(request, Refusal::OtherCurrency, false).await;
        };
        let lines: Vec<Uploaded> = details
            .map(|detail| Uploaded {
                trace: detail.trace,
                amount_minor: i64::try_from(detail.amount_minor).unwrap_or(i64::MAX),
                currency,
            })
            .collect();
        let admitted = self
            .node
            .write(move |tx| app::settlement::upload(tx, &attempt, &lines))
            .await?;
        Ok(self.plain(request, admitted, false))
    }
}

fn totals(field: &Field48) -> BatchTotals {
    let (domestic, foreign) = (field.domestic, field.foreign);
    let minor = |a: u64, b: u64| i64::try_from(a.saturating_add(b)).unwrap_or(i64::MAX);
    BatchTotals {
        debit_minor: minor(domestic.debit_minor, foreign.debit_minor),
        debit_count: i64::from(domestic.debit_count) + i64::from(foreign.debit_count),
        credit_minor: minor(domestic.credit_minor, foreign.credit_minor),
        credit_count: i64::from(domestic.credit_count) + i64::from(foreign.credit_count),
    }
}

/// Our totals as field 48 carries them. All cards count as domestic: the ledger keeps no issuer's country.
fn answered(totals: &BatchTotals, reply: Reply) -> Field48 {
    let count = |count: i64| u32::try_from(count.clamp(0, 999)).unwrap_or_default();
    let minor =
        |minor: i64| u64::try_from(minor.clamp(0, domain::money::AMOUNT_MINOR_MAX)).unwrap_or_default();
    let domestic = Totals {
        debit_minor: minor(totals.debit_minor),
        debit_count: count(totals.debit_count),
        credit_minor: minor(totals.credit_minor),
        credit_count: count(totals.credit_count),
    };
    Field48 {
        domestic,
        domestic_reply: reply,
        foreign: Totals::default(),
        foreign_reply: reply,
    }
}
