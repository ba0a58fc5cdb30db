//! Limits on failed log-ins, per login and per address.
//!
//! Invariant: an attempt counts from its start, so that many at once do not pass together; the right password takes its
//! own back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Timestamp;

/// For how long a failure counts.
const WINDOW_MS: i64 = 15 * 60 * 1000;
/// Failures of one login within the window.
const PER_LOGIN_MAX: usize = 10;
/// Failures from one address within the window: the people of a shop share one.
const PER_ADDRESS_MAX: usize = 50;
/// Logins and addresses remembered at once.
const SUBJECTS_MAX: usize = 20_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Login(String),
    Address(IpAddr),
}

impl Subject {
    const fn max(&self) -> usize {
        match self {
            Self::Login(_) => PER_LOGIN_MAX,
            Self::Address(_) => PER_ADDRESS_MAX,
        }
    }
}

/// Failed log-ins of the last minutes.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<Subject, Vec<Timestamp>>>);

impl Attempts {
    /// Counts an attempt, or says in how many seconds the next may be made.
    pub fn start(&self, login: &str, address: Option<IpAddr>, now: Timestamp) -> Result<(), u32> {
        let mut subjects = self.lock();
        let asked: Vec<Subject> = subjects_of(login, address).collect();
        for subject in &asked {
            let Some(times) = subjects.get_mut(subject) else {
                continue;
            };
            times.retain(|at| now.since_ms(*at) < WINDOW_MS);
            if times.len() >= subject.max() {
                let oldest = times.first().copied().unwrap_or(now);
                let wait_ms = WINDOW_MS - now.since_ms(oldest);
                return Err(u32::try_from(wait_ms / 1000 + 1).unwrap_or(1));
            }
        }
        make_room(&mut subjects, now);
        for subject in asked {
            subjects.entry(subject).or_default().push(now);
        }
        Ok(())
    }

    /// The attempt of that time had the right password: the login starts anew, the address gets this attempt back.
    pub fn succeeded(&self, login: &str, address: Option<IpAddr>, started_at: Timestamp) {
        let mut subjects = self.lock();
        for subject in subjects_of(login, address) {
            let Some(times) = subjects.get_mut(&subject) else {
                continue;
            };
            match subject {
                Subject::Login(_) => times.clear(),
                Subject::Address(_) => {
                    if let Some(own) = times.iter().position(|at| *at == started_at) {
                        times.remove(own);
                    }
                }
            }
            if times.is_empty() {
                subjects.remove(&subject);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Subject, Vec<Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn subjects_of(login: &str, address: Option<IpAddr>) -> impl Iterator<Item = Subject> {
    std::iter::once(Subject::Login(login.to_owned())).chain(address.map(Subject::Address))
}

/// Forgets what is over, and when that is not enough, everything: a limit may fail open, memory may not run out.
fn make_room(subjects: &mut HashMap<Subject, Vec<Timestamp>>, now: Timestamp) {
    if subjects.len() + 2 <= SUBJECTS_MAX {
        return;
    }
    subjects.retain(|_, times| times.iter().any(|at| now.since_ms(*at) < WINDOW_MS));
    if subjects.len() + 2 > SUBJECTS_MAX {
        tracing::warn!("too many failed log-ins to remember; starting anew");
        subjects.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_failure_of_a_login_has_to_wait() {
        let attempts = Attempts::default();
        for at in 0..10 {
            assert_eq!(attempts.start("owner", None, Timestamp(at)), Ok(()));
        }
        assert_eq!(attempts.start("owner", None, Timestamp(1_000)), Err(900));
        assert_eq!(attempts.start("other", None, Timestamp(1_000)), Ok(()));
        assert_eq!(attempts.start("owner", None, Timestamp(WINDOW_MS)), Ok(()));
    }

    #[test]
    fn an_address_has_to_wait_whatever_login_it_tries() {
        let attempts = Attempts::default();
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        for nth in 0..50 {
            assert_eq!(
                attempts.start(&format!("login {nth}"), address, Timestamp(0)),
                Ok(())
            );
        }
        assert!(attempts.start("fresh", address, Timestamp(0)).is_err());
        assert_eq!(
            attempts.start("fresh", Some(IpAddr::from([192, 0, 2, 2])), Timestamp(0)),
            Ok(())
        );
    }

    #[test]
    fn the_right_password_starts_anew() {
        let attempts = Attempts::default();
        for at in 0..9 {
            attempts.start("owner", None, Timestamp(at)).unwrap();
        }
        attempts.start("owner", None, Timestamp(9)).unwrap();
        attempts.succeeded("owner", None, Timestamp(9));
        assert_eq!(attempts.start("owner", None, Timestamp(10)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::default();
        for nth in 0..SUBJECTS_MAX * 2 {
            attempts.start(&nth.to_string(), None, Timestamp(0)).unwrap();
        }
        assert!(attempts.lock().len() <= SUBJECTS_MAX);
    }
}
