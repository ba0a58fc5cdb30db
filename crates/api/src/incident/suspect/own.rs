//! What a house adds of its own to what stands out: its rules, and its model's opinion.
//!
//! Invariant: what a rule could not say is told, and a model's opinion is in no score.

use std::cmp::Reverse;

use app::suspect::{Looked, Suspect};
use domain::setting::Language as Spoken;
use screening::model::{Contribution, feature};
use screening::rule::{Failure, Rule, RuleTest, Stage, Variable};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ReasonCode, SuspectNotAsked};

/// Features of a model's opinion that are named.
const PARTS_MAX: usize = 3;

/// A rule of the house's own in shadow, and what it would have said of these payments.
#[derive(Serialize, ToSchema)]
pub(super) struct SuspectShadow {
    /// Its name.
    rule: String,
    /// Its words, in the language of `Accept-Language`.
    text: String,
    /// How many it would have marked.
    would_have_marked: u64,
    /// Of how many too little is known.
    not_known: u64,
    /// For how many it could not be computed.
    failed: u64,
}

/// A model's opinion of a payment.
#[derive(Serialize, ToSchema)]
pub(super) struct SuspectModel {
    /// Of a thousand such payments around losses, how many people are expected to call not the shop's.
    score: u16,
    /// What speaks for that, the weightiest first, at most 3.
    parts: Vec<SuspectPart>,
}

/// A feature's part in a model's opinion.
#[derive(Serialize, ToSchema)]
struct SuspectPart {
    /// Which.
    feature: String,
    /// That with its value, in the language of `Accept-Language`.
    text: String,
    /// Its share of all that speaks for it, thousandths.
    share_milli: u16,
}

/// The house's own rules of a stage, each with what it said.
fn rules_in(looked: &Looked, stage: Stage) -> impl Iterator<Item = (&Rule, &RuleTest<()>)> {
    let asked = looked.rules.iter();
    let all = asked.flat_map(|asked| asked.rules.rules().iter().zip(&asked.said.rules));
    all.filter(move |(rule, _)| rule.stage() == stage)
}

pub(super) fn shadow(looked: &Looked, language: Spoken) -> Vec<SuspectShadow> {
    let of = |(rule, said): (&Rule, &RuleTest<()>)| SuspectShadow {
        rule: rule.code().to_owned(),
        text: rule.text(language).to_owned(),
        would_have_marked: said.sum.marked,
        not_known: said.sum.not_known,
        failed: said.sum.failed,
    };
    rules_in(looked, Stage::Shadow).map(of).collect()
}

/// What live rules could not say, and why; or that there are some which cannot be read.
pub(super) fn rules_not_asked(looked: &Looked, language: Spoken) -> Vec<SuspectNotAsked> {
    let of = |text, count| SuspectNotAsked {
        code: ReasonCode(None),
        text,
        count,
    };
    if looked.has_unreadable_rules {
        let text = match language {
            Spoken::Chinese => "自定规则：本版本软件读不懂正在使用的规则",
            Spoken::English => {
                "Rules of the house's own: this version of the software cannot read those in use"
            }
        };
        return vec![of(text.to_owned(), looked.suspects.len())];
    }
    let mut all = Vec::new();
    for (rule, said) in rules_in(looked, Stage::Live) {
        let missing = said.not_known.iter();
        let missing = missing.map(|(variable, count)| (not_known(*variable, language), *count));
        let failed = said.failed.iter();
        let failed = failed.map(|(failure, count)| (not_computed(*failure, language).to_owned(), *count));
        for (why, count) in missing.chain(failed) {
            let text = match language {
                Spoken::Chinese => format!("规则“{}”：{why}", rule.text(language)),
                Spoken::English => format!("Rule “{}”: {why}", rule.text(language)),
            };
            all.push(of(text, usize::try_from(count).unwrap_or(usize::MAX)));
        }
    }
    all
}

fn not_known(variable: Variable, language: Spoken) -> String {
    match language {
        Spoken::Chinese => format!("不知道 {}（{}）", variable.code(), variable.title(language)),
        Spoken::English => format!("nobody knows {} ({})", variable.code(), variable.title(language)),
    }
}

const fn not_computed(failure: Failure, language: Spoken) -> &'static str {
    let (zh, en) = match failure {
        Failure::DivisionByZero => ("除以零，算不出", "a division by zero cannot be computed"),
        Failure::Overflow => (
            "数字超过 64 位，算不出",
            "a number beyond 64 bits cannot be computed",
        ),
        Failure::Unsound => ("算不出", "it cannot be computed"),
    };
    match language {
        Spoken::Chinese => zh,
        Spoken::English => en,
    }
}

/// What the house's model says of a payment, where one is in use that knows it.
pub(super) fn second_opinion(looked: &Looked, it: &Suspect, language: Spoken) -> Option<SuspectModel> {
    let (learnt, row) = (looked.model.as_ref()?, it.row.as_deref()?);
    let mut parts = learnt.model.contributions(row).contributions;
    parts.retain(|part| part.log_odds > 0);
    parts.sort_by_key(|part| Reverse(part.log_odds));
    parts.truncate(PARTS_MAX);
    let part = |part: Contribution<'_>| {
        let text = feature::text(part.name, part.value, learnt.currency, language);
        SuspectPart {
            feature: part.name.to_owned(),
            text: text.unwrap_or_else(|| part.name.to_owned()),
            share_milli: part.share,
        }
    };
    Some(SuspectModel {
        score: learnt.model.score(row),
        parts: parts.into_iter().map(part).collect(),
    })
}
