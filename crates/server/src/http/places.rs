//! Who may have a connection, and who gives way.
//!
//! A new connection always finds a place as long as one is held by somebody who has shown no session: of those the one
//! whose state changed the longest ago gives way, then of those with a session one that asks for nothing. When all places
//! are taken by requests with a session, a few more are left that carry nothing but loss reports.
//!
//! Invariant: the number of places is bounded, and no request of somebody with a session is broken off for a newcomer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How many places there are.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub all: usize,
    /// Connections of one address, unless it is a listed proxy's.
    pub per_address: usize,
    /// More connections, for loss reports only.
    pub reports: usize,
}

/// All places.
pub struct Places {
    limits: Limits,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Counts up: the lower, the longer ago.
    turn: u64,
    seats: HashMap<u64, Seat>,
}

struct Seat {
    /// `None` for a listed proxy, which speaks for many.
    address: Option<IpAddr>,
    only_reports: bool,
    is_busy: bool,
    has_session: Arc<AtomicBool>,
    /// When it was taken, or a request began or ended.
    since: u64,
    give_way: Arc<Notify>,
}

impl Seat {
    /// Who goes first; `None`: never.
    fn rank(&self) -> Option<(bool, u64)> {
        let has_session = self.has_session.load(Ordering::Relaxed);
        (!(has_session && self.is_busy)).then_some((has_session, self.since))
    }
}

/// A connection's place, free again when it is dropped.
pub struct Place {
    places: Arc<Places>,
    number: u64,
    /// Whether it carries loss reports and nothing else.
    pub only_reports: bool,
    /// Becomes true with the first request that shows a valid session.
    pub has_session: Arc<AtomicBool>,
    give_way: Arc<Notify>,
}

impl Places {
    /// None taken.
    pub fn new(limits: Limits) -> Arc<Self> {
        let held = Mutex::default();
        Arc::new(Self { limits, held })
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection of that address, `None` for a listed proxy; nothing when nobody can give way.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let mut held = self.lock();
        let only_reports = !self.make_room(&mut held, address);
        if only_reports {
            let is_report = |seat: &Seat| seat.only_reports;
            let taken = held.seats.values().filter(|seat| is_report(seat)).count();
            if taken >= self.limits.reports && !held.give_way(is_report) {
                return None;
            }
        }
        held.turn += 1;
        let number = held.turn;
        let seat = Seat {
            address,
            only_reports,
            is_busy: false,
            has_session: Arc::default(),
            since: number,
            give_way: Arc::default(),
        };
        let place = Place {
            places: self.clone(),
            number,
            only_reports,
            has_session: seat.has_session.clone(),
            give_way: seat.give_way.clone(),
        };
        held.seats.insert(number, seat);
        Some(place)
    }

    /// Whether there is room among the usual places, or somebody gave way.
    fn make_room(&self, held: &mut Held, address: Option<IpAddr>) -> bool {
        let is_usual = |seat: &Seat| !seat.only_reports;
        let is_theirs = |seat: &Seat| is_usual(seat) && seat.address == address;
        let count = |of: &dyn Fn(&Seat) -> bool| held.seats.values().filter(|seat| of(seat)).count();
        if address.is_some() && count(&is_theirs) >= self.limits.per_address {
            return held.give_way(is_theirs);
        }
        count(&is_usual) < self.limits.all || held.give_way(is_usual)
    }

    /// Makes somebody give way because the system has no more descriptors.
    pub fn shrink(&self) {
        self.lock().give_way(|_| true);
    }
}

impl Held {
    /// The first in line among these goes; false when none may be asked to.
    fn give_way(&mut self, among: impl Fn(&Seat) -> bool) -> bool {
        let ranked = self.seats.iter().filter(|(_, seat)| among(seat));
        let ranked = ranked.filter_map(|(number, seat)| Some((seat.rank()?, *number)));
        let Some((_, number)) = ranked.min() else {
            return false;
        };
        if let Some(seat) = self.seats.remove(&number) {
            seat.give_way.notify_one();
        }
        true
    }

    fn turn(&mut self, number: u64, is_busy: bool) {
        self.turn += 1;
        let since = self.turn;
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.is_busy = is_busy;
            seat.since = since;
        }
    }
}

impl Place {
    /// Waits until it has to give way.
    pub async fn given_away(&self) {
        self.give_way.notified().await;
    }

    /// Notes that a request has begun, until the guard is dropped.
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.places.lock().turn(self.number, true);
        Busy(self.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().seats.remove(&self.number);
    }
}

/// A request under way.
pub struct Busy(Arc<Place>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.places.lock().turn(self.0.number, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        all: 3,
        per_address: 2,
        reports: 1,
    };

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn gone(place: &Place) -> bool {
        !place.places.lock().seats.contains_key(&place.number)
    }

    #[test]
    fn when_full_the_longest_idle_without_a_session_gives_way() {
        let places = Places::new(LIMITS);
        let first = places.take(address(1)).unwrap();
        first.has_session.store(true, Ordering::Relaxed);
        let second = Arc::new(places.take(address(2)).unwrap());
        let third = places.take(address(3)).unwrap();
        drop(second.busy());
        let fourth = places.take(address(4)).unwrap();
        assert!(!fourth.only_reports);
        assert_eq!([gone(&first), gone(&second), gone(&third)], [false, false, true]);
        drop(fourth);
        let _more = [places.take(address(5)), places.take(address(6))];
        assert!(gone(&second) && !gone(&first));
    }

    #[test]
    fn an_address_makes_room_for_itself_and_a_proxy_need_not() {
        let places = Places::new(LIMITS);
        let own: Vec<_> = (0..3).map(|_| places.take(address(1)).unwrap()).collect();
        assert_eq!(
            [gone(&own[0]), gone(&own[1]), gone(&own[2])],
            [true, false, false]
        );
        drop(own);
        let proxied: Vec<_> = (0..3).map(|_| places.take(None).unwrap()).collect();
        assert!(!proxied.iter().any(gone));
    }

    #[test]
    fn when_all_are_at_work_a_report_still_has_a_place() {
        let places = Places::new(LIMITS);
        let at_work: Vec<_> = (1..4)
            .map(|last| Arc::new(places.take(address(last)).unwrap()))
            .collect();
        let busy: Vec<_> = at_work.iter().map(Place::busy).collect();
        for place in &at_work {
            place.has_session.store(true, Ordering::Relaxed);
        }
        let report = Arc::new(places.take(address(4)).unwrap());
        assert!(report.only_reports);
        // A silent one does not keep it.
        let other = places.take(address(5)).unwrap();
        assert!(gone(&report) && other.only_reports);
        drop(busy);
        assert!(!places.take(address(6)).unwrap().only_reports);
    }

    #[test]
    fn a_report_under_way_is_not_broken_off_for_another() {
        let places = Places::new(Limits {
            all: 0,
            per_address: 9,
            reports: 1,
        });
        let report = Arc::new(places.take(address(1)).unwrap());
        report.has_session.store(true, Ordering::Relaxed);
        let _busy = report.busy();
        assert!(places.take(address(2)).is_none() && !gone(&report));
    }
}
