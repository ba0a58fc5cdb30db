//! The world outside: terminals that trade, repeat and reverse; people who report a loss, and say that it was found.
//!
//! Invariant: they know only what arrives; every wait of theirs has an end.

use std::cell::RefCell;
use std::rc::Rc;

use app::transaction::Attempt;
use domain::money::Currency;
use domain::transaction::{BatchTrace, EntryMode, Kind};
use domain::{MaskedPan, Money, TerminalId};

use super::House;
use super::gate::{Ask, Back, Door};
use super::network::Place;
use super::node::Reply;
use super::schedule::{MS, Sender};

/// Purchases of one terminal.
const PURCHASES_MAX: u32 = 250;
/// How often a terminal sends a reversal before it gives up.
const REVERSALS_MAX: usize = 8;
/// How often a cashier tries to unlock.
const UNLOCKS_MAX: usize = 6;
/// How often a person tries to report.
const REPORTS_MAX: usize = 12;
/// What a terminal counts when the chaos is over, after everything before.
pub const LAST_UNLOCK: u32 = 400_000;
const LAST_TRACES: std::ops::Range<u32> = 400_001..400_012;

/// A terminal: sells until the chaos ends, one purchase after the other, or several at once.
pub async fn trade(house: Rc<House>, number: usize) {
    let terminal_id = super::terminal(number);
    let schedule = house.schedule.clone();
    if house.plan.is_flapping {
        schedule.sleep(house.plan.chaos / 2).await;
    }
    // Some are so busy that their requests overtake one another.
    let pace = match house.plan.is_flapping || schedule.happens(0.25) {
        true => schedule.between(3, 30) * MS,
        false => schedule.between(30, 400) * MS,
    };
    // The odd numbers are for unlocking: a key's message counts only when it is the terminal's newest.
    for trace in (1..=PURCHASES_MAX).map(|nth| 2 * nth) {
        schedule.sleep(schedule.about(pace)).await;
        if schedule.now() >= house.plan.chaos {
            return;
        }
        let one = purchase(house.clone(), number, trace);
        let at_once = if house.plan.is_flapping { 500 } else { 12 };
        match schedule.weighted(&[78, at_once, 4, 3, 3]) {
            0 => one.await,
            // A terminal, or a thief with its keys, need not wait for its answer.
            1 => schedule.spawn(super::OUTSIDE, one),
            2 => drop(
                exchange(
                    &house,
                    number,
                    ask(Door::SignIn, Kind::SignIn, terminal_id, trace),
                )
                .await,
            ),
            3 => drop(exchange(&house, number, reversal(terminal_id, trace)).await),
            _ => {
                exchange(&house, number, ask(Door::Lock, Kind::Lock, terminal_id, trace)).await;
                schedule.sleep(schedule.about(pace)).await;
                unlock(&house, number, trace + 1).await;
            }
        }
    }
}

async fn purchase(house: Rc<House>, number: usize, trace: u32) {
    let schedule = house.schedule.clone();
    let terminal_id = super::terminal(number);
    let kind = if schedule.happens(0.8) {
        Kind::Purchase
    } else {
        Kind::PreAuthorisation
    };
    let card = || ask(Door::Card, kind, terminal_id, trace);
    let mut reply = exchange(&house, number, card()).await;
    // No answer, or none that says anything: some ask again, some twice, and then it is reversed.
    for _ in 0..2 {
        let again = match reply {
            None => schedule.happens(0.4),
            Some(reply) => schedule.happens(if reply.approved { 0.1 } else { 0.02 }),
        };
        if again {
            reply = exchange(&house, number, card()).await.or(reply);
        }
    }
    let regretted = reply.is_some_and(|reply| reply.approved) && schedule.happens(0.06);
    let unanswered = reply.is_none_or(|reply| reply.is_failure);
    if !(regretted || unanswered) {
        return;
    }
    for _ in 0..REVERSALS_MAX {
        let answer = exchange(&house, number, reversal(terminal_id, trace)).await;
        if answer.is_some_and(|reply| !reply.is_failure) {
            return;
        }
        schedule.sleep(schedule.about(500 * MS)).await;
    }
}

/// Takes the cashier's lock off, unless something else stands.
pub async fn unlock(house: &Rc<House>, number: usize, trace: u32) {
    for _ in 0..UNLOCKS_MAX {
        let ask = ask(Door::Unlock, Kind::Unlock, super::terminal(number), trace);
        if exchange(house, number, ask)
            .await
            .is_some_and(|reply| !reply.is_failure)
        {
            return;
        }
    }
}

/// Buys until somebody says yes or no for good; whether it was yes.
pub async fn buy_once(house: &Rc<House>, number: usize) -> bool {
    for trace in LAST_TRACES {
        let ask = ask(Door::Card, Kind::Purchase, super::terminal(number), trace);
        if exchange(house, number, ask)
            .await
            .is_some_and(|reply| reply.approved)
        {
            return true;
        }
    }
    false
}

fn reversal(terminal_id: TerminalId, trace: u32) -> Ask {
    ask(Door::Reversal, Kind::Reversal, terminal_id, trace)
}

fn ask(door: Door, kind: Kind, terminal_id: TerminalId, trace: u32) -> Ask {
    let attempt = Attempt {
        terminal_id,
        merchant_id: super::merchant(),
        kind,
        name: BatchTrace { batch: 1, trace },
        original: None,
        retrieval_reference: None,
        approval_code: None,
        flaw: None,
        amount: Money::new(1_000 + i64::from(trace), Currency::CNY).ok(),
        card: MaskedPan::of("6224242900000113".bytes()),
        entry_mode: Some(EntryMode::Chip),
        reversal_sealed: Some(b"sealed".to_vec()),
        undo_sealed: kind.undoes().then(|| b"undo".to_vec()),
        peer: "peer".into(),
        mac_verified: true,
        keys: None,
        received_at: domain::Timestamp(0),
    };
    Ask { door, attempt }
}

/// Sends a request to some node and waits for its answer, not for ever.
async fn exchange(house: &Rc<House>, number: usize, ask: Ask) -> Option<Reply> {
    let schedule = &house.schedule;
    let place = house.some_node();
    let (answer, answered) = schedule.slot();
    let answer: Rc<RefCell<Option<Sender<Reply>>>> = Rc::new(RefCell::new(Some(answer)));
    let (name, terminal_id) = (ask.attempt.name, ask.attempt.terminal_id);
    let is_money = ask.door == Door::Card;
    let watch = house.watch.clone();
    let back: Back = Rc::new(move |reply: Reply| {
        if is_money && reply.approved {
            watch.received(terminal_id, name);
        }
        if let Some(answer) = answer.borrow_mut().take() {
            answer.send(reply);
        }
    });
    let to = house.clone();
    house
        .network
        .carry(Place::Terminal(number), Place::Node(place), move || {
            let Some(node) = to.node(place) else { return };
            let mut ask = ask.clone();
            ask.attempt.received_at = (to.clock_of(place))();
            node.handle(ask, back.clone());
        });
    let patience = schedule.between(1_000, 6_000) * MS;
    schedule.timeout(patience, answered).await.flatten()
}

/// Somebody who loses a terminal, reports it until it is acknowledged or gives up; and may find it again.
pub async fn person(house: Rc<House>, number: usize) {
    let schedule = house.schedule.clone();
    let terminal = schedule.between(0, house.plan.terminals as u64 - 1) as usize;
    let terminal_id = super::terminal(terminal);
    let (earliest, latest) = match house.plan.is_flapping {
        true => (8_500 * MS, 11_500 * MS),
        false => (0, house.plan.chaos * 3 / 4),
    };
    schedule.sleep(schedule.between(earliest, latest)).await;
    for _ in 0..if house.plan.is_flapping { 12 } else { 3 } {
        let mut acknowledged = false;
        for _ in 0..REPORTS_MAX {
            if tell(&house, number, terminal_id, Word::Lost).await == Some(true) {
                acknowledged = true;
                break;
            }
            schedule.sleep(schedule.about(300 * MS)).await;
        }
        if !acknowledged {
            house.watch.count(|figures| figures.given_up += 1);
        }
        schedule.log(format_args!(
            "person {number}: {terminal_id} acknowledged {acknowledged}"
        ));
        let pause = if house.plan.is_flapping {
            300 * MS
        } else {
            1_500 * MS
        };
        schedule.sleep(schedule.about(pause)).await;
        if schedule.now() >= house.plan.chaos || (!house.plan.is_flapping && schedule.happens(0.4)) {
            return;
        }
        tell(&house, number, terminal_id, Word::Found).await;
        schedule.sleep(schedule.about(pause)).await;
        if schedule.now() >= house.plan.chaos {
            return;
        }
    }
}

#[derive(Clone, Copy)]
enum Word {
    Lost,
    Found,
}

async fn tell(house: &Rc<House>, number: usize, terminal_id: TerminalId, word: Word) -> Option<bool> {
    let place = house.some_node();
    let (answer, answered) = house.schedule.slot();
    let answer: Rc<RefCell<Option<Sender<bool>>>> = Rc::new(RefCell::new(Some(answer)));
    let told: super::report::Told = Rc::new(move |yes| {
        if let Some(answer) = answer.borrow_mut().take() {
            answer.send(yes);
        }
    });
    let to = house.clone();
    house
        .network
        .carry(Place::Person(number), Place::Node(place), move || {
            let Some(node) = to.node(place) else { return };
            match word {
                Word::Lost => node.report(terminal_id, number, told.clone()),
                Word::Found => node.found(terminal_id, number, told.clone()),
            }
        });
    house.schedule.timeout(20_000 * MS, answered).await.flatten()
}
