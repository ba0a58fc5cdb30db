//! Payments added up: where the money of each currency went.
//!
//! Invariant: no sum stands twice, and two currencies are never added.

use std::collections::BTreeMap;

use super::{Fact, State, To, Trail};
use crate::mark::Verdict;
use crate::money::Currency;
use crate::statement::Direction;

/// Whom the flow names as getting money, for each currency; the others are one.
pub const NAMED_MAX: usize = 5;

/// A payment as the flow counts it.
#[derive(Clone, Debug)]
pub struct Counted<'a> {
    /// What people say of it.
    pub mark: Option<Verdict>,
    /// Which way it went.
    pub direction: Direction,
    /// Minor units.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// Whether it gives back a sale that is counted, too: the sale has it then.
    pub is_of_counted: bool,
    /// Where its money is.
    pub trail: &'a Trail,
}

/// Payments alike, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: i64,
    /// Minor units.
    pub minor: i64,
    /// Of which went back by refunds, minor units.
    pub back_minor: i64,
}

impl Sum {
    fn add(&mut self, minor: i64, back_minor: i64) {
        self.count = self.count.saturating_add(1);
        self.minor = self.minor.saturating_add(minor);
        self.back_minor = self.back_minor.saturating_add(back_minor);
    }
}

/// A place in the flow's picture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// Who paid.
    Payers,
    /// The shop.
    Shop,
    /// Where the money is.
    State(State),
    /// Who got it; `None`: others, or nobody says who.
    To(Option<To>),
}

/// The money of one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// By mark, direction and state.
    pub sums: BTreeMap<(Option<Verdict>, Direction, State), Sum>,
    /// What moved from where to where.
    pub edges: BTreeMap<(Node, Node), Sum>,
}

/// Adds payments up, by currency; what never moved is in no edge.
pub fn flow<'a>(payments: impl IntoIterator<Item = Counted<'a>>) -> BTreeMap<Currency, Flow> {
    let mut flows: BTreeMap<Currency, Flow> = BTreeMap::new();
    for it in payments {
        let flow = flows.entry(it.currency).or_default();
        let (state, back_minor) = (it.trail.state, it.trail.back_minor().min(it.minor));
        let sum = flow.sums.entry((it.mark, it.direction, state)).or_default();
        sum.add(it.minor, back_minor);
        if state == State::Declined || it.is_of_counted {
            continue;
        }
        let mut edge = |from, to, minor| flow.edges.entry((from, to)).or_default().add(minor, 0);
        let from = match it.direction {
            Direction::Sale => Node::Payers,
            Direction::Refund => Node::Shop,
        };
        let is_back = matches!(state, State::Refunded | State::Reversed | State::ChargedBack);
        let rest = if is_back { it.minor } else { it.minor - back_minor };
        if rest > 0 {
            edge(from.clone(), Node::State(state), rest);
        }
        if !is_back && back_minor > 0 {
            edge(from, Node::State(State::Refunded), back_minor);
        }
        let to = |fact: &Fact| Node::To(fact.to.clone());
        match (is_back, it.direction, &it.trail.fact) {
            (true, _, Some(fact)) if it.trail.backs.is_empty() => {
                edge(Node::State(state), to(fact), it.minor);
            }
            (false, Direction::Refund, Some(fact)) => edge(Node::State(state), to(fact), it.minor),
            _ => {}
        }
        let mut left = it.minor;
        for back in &it.trail.backs {
            let minor = back.minor.min(left);
            if minor > 0 && (!is_back || state == State::Refunded) {
                edge(Node::State(State::Refunded), to(&back.fact), minor);
            }
            left -= minor;
        }
    }
    for flow in flows.values_mut() {
        few_named(flow);
    }
    flows
}

/// Leaves names to those who got most of each state.
fn few_named(flow: &mut Flow) {
    let mut named: Vec<_> = flow
        .edges
        .iter()
        .filter(|((_, to), _)| matches!(to, Node::To(Some(_))))
        .map(|(edge, sum)| (std::cmp::Reverse(sum.minor), edge.clone()))
        .collect();
    named.sort();
    for (_, edge) in named.into_iter().skip(NAMED_MAX) {
        let Some(sum) = flow.edges.remove(&edge) else {
            continue;
        };
        let others = flow.edges.entry((edge.0, Node::To(None))).or_default();
        others.count = others.count.saturating_add(sum.count);
        others.minor = others.minor.saturating_add(sum.minor);
    }
}
