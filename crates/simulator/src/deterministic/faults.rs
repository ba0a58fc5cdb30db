//! What goes wrong in a run, until everything heals.
//!
//! Each seed draws which kinds of fault there are at all, so that some runs are hard in one way only.
//!
//! Invariant: after the healing nothing goes wrong any more.

use std::rc::Rc;

use super::House;
use super::network::{Place, Weather};
use super::schedule::MS;

/// What a run consists of, drawn from its seed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Nodes.
    pub nodes: usize,
    /// Whether they share a database; else there is one, with its store embedded.
    pub is_shared: bool,
    /// Terminals that trade.
    pub terminals: usize,
    /// People who report.
    pub people: usize,
    /// When everything heals, microseconds.
    pub chaos: u64,
    /// How often something goes wrong, microseconds.
    pub every: u64,
    /// Weights of the kinds of fault.
    pub weights: [u32; KINDS],
    /// What the network is like when it is bad.
    pub weather: Weather,
    /// Whether one node is cut off until it is expelled and comes back over a slow line, while many report.
    pub is_flapping: bool,
    /// Of how many answers one waits on a slow connection of its terminal.
    pub slow_sockets: f64,
}

/// What undoes a fault.
type Mending = Box<dyn Fn(&Rc<House>)>;
/// A node that is away for so long is expelled.
const COME_BACK_AFTER: u64 = 7_000 * MS;
/// Kinds of fault.
pub const KINDS: usize = 7;

/// Makes things go wrong until the chaos ends, then heals them all.
pub async fn run(house: Rc<House>) {
    let schedule = house.schedule.clone();
    if house.plan.is_flapping {
        schedule.spawn(super::OUTSIDE, flap(house.clone()));
    }
    loop {
        let next = schedule.now() + schedule.about(house.plan.every);
        schedule.sleep(next.min(house.plan.chaos) - schedule.now()).await;
        if schedule.now() >= house.plan.chaos {
            break;
        }
        if house.plan.weights.iter().any(|weight| *weight > 0) {
            strike(&house, schedule.weighted(&house.plan.weights));
        }
    }
    heal(&house);
}

/// Cuts one node off from the database for so long that it is expelled, and lets it come back over a slow line.
async fn flap(house: Rc<House>) {
    let schedule = house.schedule.clone();
    let (node, database) = (Place::Node(0), Place::Database);
    loop {
        schedule.sleep(schedule.between(300, 1_500) * MS).await;
        if schedule.now() >= house.plan.chaos {
            return;
        }
        schedule.log(format_args!("node 0 is cut off from the database"));
        house.network.cut(node, database);
        house.network.cut(database, node);
        schedule
            .sleep(COME_BACK_AFTER + schedule.between(0, 1_000) * MS)
            .await;
        if schedule.now() >= house.plan.chaos {
            return;
        }
        schedule.log(format_args!("node 0 comes back over a slow line"));
        house.network.mend(node, database);
        house.network.mend(database, node);
        house.network.set_lagging(Some(node));
        schedule.sleep(3_000 * MS).await;
        house.network.set_lagging(None);
    }
}

fn strike(house: &Rc<House>, kind: usize) {
    let schedule = &house.schedule;
    // A node that is away for long is expelled by the others.
    let long = house.plan.nodes > 1 && schedule.happens(0.3);
    let span = match long {
        true => schedule.between(6_000, 12_000),
        false => schedule.between(50, 3_000),
    } * MS;
    let place = house.some_node();
    let after = |work: Mending| {
        let house = house.clone();
        schedule.spawn(super::OUTSIDE, async move {
            house.schedule.sleep(span).await;
            work(&house);
        });
    };
    match kind {
        0 => {
            house.crash(place);
            after(Box::new(move |house| house.boot(place)));
        }
        1 if house.plan.is_shared => {
            schedule.log(format_args!("the database dies"));
            house.watch.count(|figures| figures.database_crashes += 1);
            house.database.crash();
            after(Box::new(|house| house.database.restart()));
        }
        1 => house.database.set_sync_fails(0.02),
        2 => partition(house, place, after),
        3 => {
            let skew = schedule.between(0, 20_000) as i64 - 10_000;
            schedule.log(format_args!("node {place}: its clock is {skew} ms off"));
            house.watch.count(|figures| figures.pauses += 1);
            house.skew(place, skew);
        }
        4 => {
            schedule.log(format_args!("node {place} stands still for {} ms", span / MS));
            house.watch.count(|figures| figures.pauses += 1);
            house.pause(place, schedule.now() + span);
        }
        5 => {
            schedule.log(format_args!("the network is bad for {} ms", span / MS));
            house.network.set_weather(house.plan.weather);
            after(Box::new(|house| house.network.set_weather(Weather::default())));
        }
        _ => {
            let (is_mute, is_slow) = (schedule.happens(0.3), schedule.happens(0.7));
            schedule.log(format_args!("the host: mute {is_mute}, slow {is_slow}"));
            house.host.set(is_mute, is_slow);
            after(Box::new(|house| house.host.set(false, false)));
        }
    }
}

fn partition(house: &Rc<House>, place: usize, after: impl Fn(Mending)) {
    let schedule = &house.schedule;
    let other = match schedule.weighted(&[4, 2, 1]) {
        0 => Place::Database,
        1 => Place::Host,
        _ => Place::Terminal(schedule.between(0, house.plan.terminals as u64 - 1) as usize),
    };
    let node = Place::Node(place);
    let ways = [(node, other), (other, node)];
    let which = schedule.weighted(&[2, 1, 1]);
    schedule.log(format_args!("partition {which} of {node:?} and {other:?}"));
    house.watch.count(|figures| figures.partitions += 1);
    for (at, (from, to)) in ways.into_iter().enumerate() {
        if which == 0 || which == at + 1 {
            house.network.cut(from, to);
            after(Box::new(move |house| house.network.mend(from, to)));
        }
    }
}

fn heal(house: &Rc<House>) {
    house.schedule.log(format_args!("everything heals"));
    house.network.mend_all();
    house.host.set(false, false);
    house.database.set_sync_fails(0.0);
    house.schedule.resume_all();
    if !house.database.is_up() {
        house.database.restart();
    }
    for place in 0..house.plan.nodes {
        house.boot(place);
    }
}

/// Draws a run's plan, from all there are or from those in which a node is expelled and comes back.
pub fn plan(schedule: &super::Schedule, flapping: bool) -> Plan {
    let is_shared = schedule.happens(0.75) || flapping;
    let nodes = match is_shared {
        true => schedule.between(if flapping { 2 } else { 1 }, 3) as usize,
        false => 1,
    };
    let chance = |percent: u64| schedule.happens(percent as f64 / 100.0);
    let mut weights = [0; KINDS];
    for weight in &mut weights {
        *weight = if chance(60) {
            schedule.between(1, 5) as u32
        } else {
            0
        };
    }
    if chance(5) {
        weights = [0; KINDS];
    }
    let weather = Weather {
        loss: if chance(60) {
            0.02 + 0.2 * (schedule.between(0, 100) as f64 / 100.0)
        } else {
            0.0
        },
        doubled: if chance(50) { 0.1 } else { 0.0 },
        slow: if chance(60) { 0.15 } else { 0.0 },
    };
    let is_flapping = nodes > 1 && (flapping || chance(15));
    let plan = Plan {
        nodes,
        is_shared,
        terminals: schedule.between(1, 3) as usize,
        people: schedule.between(1, 3) as usize,
        chaos: schedule.between(3_000, if nodes > 1 { 16_000 } else { 8_000 }) * MS,
        every: schedule.between(150, 2_000) * MS,
        weights,
        weather,
        is_flapping,
        slow_sockets: if chance(35) { 0.25 } else { 0.0 },
    };
    match is_flapping {
        false => plan,
        true => Plan {
            terminals: 3,
            people: 6,
            chaos: 14_000 * MS,
            weights: [0; KINDS],
            weather: Weather::default(),
            slow_sockets: 0.4,
            ..plan
        },
    }
}
