//! Settlement and batch upload: field 48, both ways.
//!
//! Invariant: what a terminal claims is compared with the ledger, never booked.

use std::sync::Arc;

use app::settlement::{Settled, Uploaded};
use app::transaction::{Admitted, Attempt};
use domain::transaction::Refusal;
use iso8583::unionpay::{self, Field48, Reply};
use store::ledger::BatchTotals;

use super::Gate;
use super::answer::{self, Content};
use super::connection::Out;
use super::handle::{Request, out};
use super::request;
use super::spare::Class;

impl Gate {
    /// 0500: the terminal's totals against the ledger's.
    pub(super) async fn settlement(
        self: &Arc<Self>,
        request: &Request<'_>,
        attempt: Attempt,
    ) -> Result<Option<Out>, store::Error> {
        let Some(field48) = unionpay::field48(request.message) else {
            return self.decline(request, Refusal::Invalid).await;
        };
        let Some(currency) = request::currency(request.message) else {
            return self.decline(request, Refusal::OtherCurrency).await;
        };
        let (claimed, looking) = (totals(&field48), attempt.clone());
        let glimpsed = self
            .node
            .read(move |tx| app::settlement::glimpse(tx, &looking, currency, claimed))
            .await?;
        let settled = match glimpsed {
            Some(Ok(settled)) => settled,
            Some(Err(refusal)) if !self.may_write(request, Class::Settlement) => {
                return Ok(self.refuse_without_row(request, attempt.kind, refusal));
            }
            Some(Err(_)) | None => {
                self.node
                    .write(move |tx| app::settlement::settle(tx, &attempt, currency, claimed))
                    .await?
            }
        };
        match settled {
            Settled::UnknownTerminal => Ok(self.unknown_terminal(request.message, request.back)),
            Settled::Answer(answer) => Ok(self.plain(request, Admitted::Answer(answer), false)),
            Settled::Compared { equal, answer } => {
                let content = Content::refusal(answer.response_code, answer.at);
                let field48 = unionpay::write_field48(&replied(field48, equal)).unwrap_or_default();
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
            return self.decline(request, Refusal::Invalid).await;
        };
        let Some(currency) = request::currency(request.message) else {
            return self.decline(request, Refusal::OtherCurrency).await;
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

/// The terminal's own totals, and whether they are ours. Ours are not told: anybody could ask. All cards count as one
/// side's: the ledger keeps no issuer's country.
const fn replied(stated: Field48, equal: bool) -> Field48 {
    let reply = if equal { Reply::Equal } else { Reply::Unequal };
    Field48 {
        domestic_reply: reply,
        foreign_reply: reply,
        ..stated
    }
}
