//! The network of a simulation: messages that are late, lost, doubled or overtaken, and partitions, also one-way.
//!
//! Invariant: without faults every message arrives once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use super::schedule::{MS, Schedule};

/// Who sends and receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A terminal.
    Terminal(usize),
    /// Somebody who reports a loss.
    Person(usize),
    /// A node, whatever its incarnation.
    Node(usize),
    /// The acquirer's host.
    Host,
    /// The shared database.
    Database,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Of how many messages one is lost.
    pub loss: f64,
    /// Of how many messages one arrives twice.
    pub doubled: f64,
    /// Of how many messages one takes up to some seconds.
    pub slow: f64,
}

/// The network. Clones are handles on the same one.
#[derive(Clone)]
pub struct Network {
    schedule: Schedule,
    cuts: Rc<RefCell<BTreeSet<(Place, Place)>>>,
    weather: Rc<Cell<Weather>>,
    lagging: Rc<Cell<Option<Place>>>,
}

impl Network {
    /// A network without faults.
    pub fn new(schedule: &Schedule) -> Self {
        Self {
            schedule: schedule.clone(),
            cuts: Rc::default(),
            weather: Rc::default(),
            lagging: Rc::default(),
        }
    }

    /// Sets how bad it is from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.weather.set(weather);
    }

    /// How bad it is.
    pub fn weather(&self) -> Weather {
        self.weather.get()
    }

    /// Cuts one direction.
    pub fn cut(&self, from: Place, to: Place) {
        self.cuts.borrow_mut().insert((from, to));
    }

    /// Mends one direction.
    pub fn mend(&self, from: Place, to: Place) {
        self.cuts.borrow_mut().remove(&(from, to));
    }

    /// Everything this one sends takes long, in the order of some hundred milliseconds.
    pub fn set_lagging(&self, place: Option<Place>) {
        self.lagging.set(place);
    }

    /// Mends everything.
    pub fn mend_all(&self) {
        self.lagging.set(None);
        self.cuts.borrow_mut().clear();
        self.weather.set(Weather::default());
    }

    /// Whether one direction works.
    pub fn reaches(&self, from: Place, to: Place) -> bool {
        !self.cuts.borrow().contains(&(from, to))
    }

    /// How long a message takes; `None` when it is lost.
    pub fn transit(&self, from: Place, to: Place) -> Option<u64> {
        let weather = self.weather.get();
        if !self.reaches(from, to) || self.schedule.happens(weather.loss) {
            return None;
        }
        let slow = self.schedule.happens(weather.slow);
        Some(match slow {
            true => self.schedule.between(MS, 4_000 * MS),
            false if self.lagging.get() == Some(from) => self.schedule.between(20 * MS, 400 * MS),
            false => 50 + self.schedule.about(MS),
        })
    }

    /// Carries a message: `arrive` runs when it comes in, perhaps never, perhaps twice.
    pub fn carry(&self, from: Place, to: Place, arrive: impl Fn() + 'static) {
        let doubled = self.schedule.happens(self.weather.get().doubled);
        let arrive = Rc::new(arrive);
        for _ in 0..1 + u32::from(doubled) {
            let Some(span) = self.transit(from, to) else {
                continue;
            };
            let (arrive, sleep) = (arrive.clone(), self.schedule.sleep(span));
            self.schedule.spawn(super::OUTSIDE, async move {
                sleep.await;
                arrive();
            });
        }
    }
}
