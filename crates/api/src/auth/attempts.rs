//! Slowing down those who guess passwords, and nobody else.
//!
//! Every attempt is paid for out of allowances that fill up again with time: those of a login from an address, of the address
//! and of the login. A device that was logged in with this login before has an allowance of its own and pays from no other,
//! so no stranger's guesses keep it out, from wherever they come.
//!
//! Invariant: what is remembered is bounded, and it is the guessers of whom most is remembered.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::device::DeviceId;

/// Subjects remembered at once.
const SUBJECTS_MAX: usize = 20_000;

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guess {
    /// A password, or the token of a link.
    Password,
    /// A second factor, by somebody who has the password.
    Factor,
}

/// Who attempts what.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What is guessed: each has allowances of its own.
    pub guess: Guess,
    /// The login; `None` where it is about no account: then it is paid for by the address it comes from, and by nobody else.
    pub login: Option<String>,
    /// From where, when the listener has said it.
    pub network: Option<IpAddr>,
    /// The device, when this login was used on it before.
    pub device: Option<DeviceId>,
}

/// Whose allowance an attempt is paid from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Device(Guess, String, DeviceId),
    Pair(Guess, String, Option<IpAddr>),
    Network(IpAddr),
    Login(Guess, String),
}

/// How many attempts at once, and after how long one more.
#[derive(Clone, Copy)]
struct Allowance {
    attempts: i64,
    one_more_ms: i64,
}

impl Subject {
    const fn allowance(&self) -> Allowance {
        let (attempts, one_more_ms) = match self {
            Self::Device(..) | Self::Pair(..) => (10, 90_000),
            // The people of a shop share one.
            Self::Network(_) => (50, 18_000),
            // Guesses from everywhere: slowed down, so that they find nothing, but never stopped.
            Self::Login(Guess::Password, _) => (100, 9_000),
            // Six digits, three of them right at a time: at this pace half a year finds one in seven.
            Self::Login(Guess::Factor, _) => (30, 300_000),
        };
        Allowance {
            attempts,
            one_more_ms,
        }
    }

    /// Whether a right password proves that its failures were its owner's.
    const fn is_settled_by_success(&self) -> bool {
        matches!(self, Self::Device(..) | Self::Pair(..))
    }
}

impl Attempt {
    fn subjects(&self) -> Vec<Subject> {
        let network = self.network.map(Subject::Network);
        let Some(login) = &self.login else {
            return network.into_iter().collect();
        };
        if let Some(device) = self.device {
            return vec![Subject::Device(self.guess, login.clone(), device)];
        }
        let own = [
            Subject::Pair(self.guess, login.clone(), self.network),
            Subject::Login(self.guess, login.clone()),
        ];
        own.into_iter().chain(network).collect()
    }
}

/// Attempts that are not paid for yet.
pub struct Attempts {
    began: Instant,
    /// When each subject's allowance is full again, in milliseconds since the beginning.
    full_at_ms: Mutex<HashMap<Subject, i64>>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            full_at_ms: Mutex::default(),
        }
    }
}

impl Attempts {
    /// Pays for an attempt, or says in how many seconds the next may be made.
    pub fn start(&self, attempt: &Attempt) -> Result<(), u32> {
        self.start_at(attempt, self.now_ms())
    }

    /// The attempt had the right password: it costs nothing, and neither do its owner's failures before it.
    pub fn succeeded(&self, attempt: &Attempt) {
        let mut full_at_ms = self.lock();
        for subject in attempt.subjects() {
            if subject.is_settled_by_success() {
                full_at_ms.remove(&subject);
            } else if let Some(at_ms) = full_at_ms.get_mut(&subject) {
                *at_ms -= subject.allowance().one_more_ms;
            }
        }
    }

    fn start_at(&self, attempt: &Attempt, now_ms: i64) -> Result<(), u32> {
        let mut full_at_ms = self.lock();
        let subjects = attempt.subjects();
        let paid = |subject: &Subject, full_at_ms: &HashMap<Subject, i64>| {
            let owed = full_at_ms.get(subject).map_or(now_ms, |at_ms| now_ms.max(*at_ms));
            owed + subject.allowance().one_more_ms
        };
        for subject in &subjects {
            let Allowance {
                attempts,
                one_more_ms,
            } = subject.allowance();
            let wait_ms = paid(subject, &full_at_ms) - now_ms - attempts * one_more_ms;
            if wait_ms > 0 {
                return Err(u32::try_from((wait_ms + 999) / 1000).unwrap_or(u32::MAX));
            }
        }
        make_room(&mut full_at_ms, now_ms);
        for subject in subjects {
            let at_ms = paid(&subject, &full_at_ms);
            full_at_ms.insert(subject, at_ms);
        }
        Ok(())
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Subject, i64>> {
        self.full_at_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets whose allowance is full again, and when that is not enough, the half that owes least.
fn make_room(full_at_ms: &mut HashMap<Subject, i64>, now_ms: i64) {
    if full_at_ms.len() + 3 <= SUBJECTS_MAX {
        return;
    }
    full_at_ms.retain(|_, at_ms| *at_ms > now_ms);
    if full_at_ms.len() + 3 <= SUBJECTS_MAX {
        return;
    }
    tracing::warn!("too many failed log-ins to remember; forgetting the half that owes least");
    let owed = |subject: &Subject, at_ms: i64| (at_ms - now_ms) / subject.allowance().one_more_ms;
    let mut all: Vec<_> = full_at_ms.drain().collect();
    all.sort_unstable_by_key(|(subject, at_ms)| std::cmp::Reverse(owed(subject, *at_ms)));
    all.truncate(SUBJECTS_MAX / 2);
    full_at_ms.extend(all);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(login: &str, last: u8) -> Attempt {
        Attempt {
            guess: Guess::Password,
            login: Some(login.into()),
            network: Some(IpAddr::from([192, 0, 2, last])),
            device: None,
        }
    }

    fn on_device(login: &str, last: u8) -> Attempt {
        Attempt {
            device: Some(DeviceId([1; 16])),
            ..from(login, last)
        }
    }

    /// How many attempts pass at once.
    fn passed(attempts: &Attempts, attempt: &Attempt) -> usize {
        (0..1_000)
            .take_while(|_| attempts.start_at(attempt, 0).is_ok())
            .count()
    }

    #[test]
    fn a_guesser_is_slowed_down_and_the_owner_elsewhere_is_not() {
        let attempts = Attempts::default();
        assert_eq!(passed(&attempts, &from("owner", 66)), 10);
        assert_eq!(attempts.start_at(&from("owner", 66), 0), Err(90));
        assert_eq!(attempts.start_at(&from("owner", 66), 89_999), Err(1));
        assert_eq!(attempts.start_at(&from("owner", 66), 90_000), Ok(()));
        assert_eq!(passed(&attempts, &from("owner", 1)), 10);
    }

    #[test]
    fn a_device_that_is_known_is_let_in_whatever_strangers_do() {
        let attempts = Attempts::default();
        for last in 0..255 {
            passed(&attempts, &from("owner", last));
        }
        assert!(
            attempts.start_at(&from("owner", 255), 0).is_err(),
            "guesses from everywhere"
        );
        assert_eq!(passed(&attempts, &on_device("owner", 66)), 10);
        // The device is no way around: another login on it is a stranger's.
        assert!(attempts.start_at(&from("other", 66), 0).is_ok());
    }

    #[test]
    fn who_has_the_password_guesses_few_codes_and_keeps_the_owner_out_of_nothing() {
        let attempts = Attempts::default();
        let of_code = |attempt: Attempt| Attempt {
            guess: Guess::Factor,
            ..attempt
        };
        let guessed: usize = (0..100)
            .map(|last| passed(&attempts, &of_code(from("owner", last))))
            .sum();
        assert_eq!(guessed, 30, "from everywhere");
        assert_eq!(passed(&attempts, &of_code(on_device("owner", 66))), 10);
        assert_eq!(
            passed(&attempts, &from("owner", 200)),
            10,
            "passwords are another thing"
        );
    }

    #[test]
    fn an_address_has_to_wait_whatever_login_it_tries() {
        let attempts = Attempts::default();
        let tried =
            (0..1_000).take_while(|nth| attempts.start_at(&from(&format!("login {nth}"), 66), 0).is_ok());
        assert_eq!(tried.count(), 50);
        assert_eq!(attempts.start_at(&from("fresh", 67), 0), Ok(()));
    }

    #[test]
    fn what_is_about_no_account_is_paid_for_by_its_address_alone() {
        let attempts = Attempts::default();
        let from = |last| Attempt {
            login: None,
            ..from("", last)
        };
        assert_eq!(passed(&attempts, &from(66)), 50);
        assert_eq!(
            passed(&attempts, &from(67)),
            50,
            "nobody else's allowance is spent"
        );
    }

    #[test]
    fn right_passwords_cost_nothing_however_many_come() {
        let attempts = Attempts::default();
        for _ in 0..500 {
            attempts.start_at(&from("owner", 1), 0).unwrap();
            attempts.succeeded(&from("owner", 1));
        }
        assert_eq!(passed(&attempts, &from("owner", 1)), 10);
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_guessers() {
        let attempts = Attempts::default();
        passed(&attempts, &from("owner", 66));
        for nth in 0..SUBJECTS_MAX {
            let other = Attempt {
                guess: Guess::Password,
                login: Some(nth.to_string()),
                network: Some(IpAddr::from(u32::try_from(nth).unwrap().to_be_bytes())),
                device: None,
            };
            attempts.start_at(&other, 0).unwrap();
        }
        assert!(attempts.lock().len() <= SUBJECTS_MAX);
        assert!(attempts.start_at(&from("owner", 66), 0).is_err());
    }
}
