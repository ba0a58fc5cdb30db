//! Where it comes from.
//!
//! Invariant: a place that was refused does not become usual.

use super::{Answer, Look, compared, count, known};
use crate::profile::Known;
use crate::reason::Why;

/// A network or position it has not been used from before, or since today only.
pub(super) fn new(look: &Look) -> Answer {
    let place = known!(look.place(), Why::NoPlace);
    compared!(look);
    match known!(look.profile.knows_place(place, look.at), Why::NoPast) {
        Known::Yes => Answer::Silent,
        Known::No => Answer::Speaks(1_000, vec![count(look.past)]),
    }
}

/// The shop's other terminals work where this one usually is, and this one is somewhere new.
pub(super) fn elsewhere(look: &Look) -> Answer {
    let place = known!(look.place(), Why::NoPlace);
    let peers = known!(look.context.peers.filter(|peers| peers.active > 0), Why::NoPeers);
    let usual = known!(peers.place, Why::NoPeers);
    compared!(look);
    let knows = |place| look.profile.knows_place(place, look.at);
    // One that never shared a place with them says nothing by not being there.
    if knows(usual) != Some(Known::Yes) {
        return Answer::Cannot(Why::NoPeers);
    }
    if place == usual || knows(place) == Some(Known::Yes) {
        return Answer::Silent;
    }
    Answer::Speaks(1_000, vec![count(peers.active)])
}
