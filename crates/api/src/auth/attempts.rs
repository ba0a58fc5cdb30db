//! Slowing down those who guess passwords, and nobody else.
//!
//! Every attempt is paid for out of allowances that fill up again with time: those of a login from an address, of the address
//! and of the login. A device that was logged in with this login before has an allowance of its own and pays from no other,
//! so no stranger's guesses keep it out, from wherever they come. An attempt waits for no store: what was spent is told to it each second, and
//! what others have spent is heard from it, so that neither another node nor a start anew makes an allowance full again.
//!
//! Invariant: what is remembered is bounded, and it is the guessers of whom most is remembered.

mod books;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::hex;
use node::seal::Sealer;
use node::{Node, told};
use store::vault::Vault;
use tokio::sync::watch;
use tokio::time::timeout;

use self::books::{Books, Key, SUBJECTS_MAX};
use super::device::DeviceId;

/// How often the store is told what was spent.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// What a subject's digest is for.
const LABEL: &str = "tillguard/allowance/1";

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guess {
    /// A password, or the token of a link.
    Password,
    /// A second factor, by somebody who has the password.
    Factor,
    /// Nothing: a code to report a loss by is asked for. What others of the address guess keeps nobody from that.
    Code,
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
#[derive(Clone, Debug)]
enum Subject {
    Device(Guess, String, DeviceId),
    Pair(Guess, String, Option<IpAddr>),
    Network(Guess, IpAddr),
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
            Self::Network(..) => (50, 18_000),
            // Guesses from everywhere: slowed down, so that they find nothing, but never stopped.
            Self::Login(Guess::Password | Guess::Code, _) => (100, 9_000),
            // Six digits, three of them right at a time: at this pace half a year finds one in seven.
            Self::Login(Guess::Factor, _) => (30, 300_000),
        };
        Allowance {
            attempts,
            one_more_ms,
        }
    }

    /// What it is known by.
    fn name(&self) -> String {
        let guess = |guess: &Guess| match guess {
            Guess::Password => "password",
            Guess::Factor => "factor",
            Guess::Code => "code",
        };
        match self {
            Self::Device(of, login, device) => format!("device {} {} {login}", guess(of), hex::of(&device.0)),
            Self::Pair(of, login, Some(from)) => format!("pair {} {from} {login}", guess(of)),
            Self::Pair(of, login, None) => format!("pair {} - {login}", guess(of)),
            Self::Network(of, from) => format!("network {} {from}", guess(of)),
            Self::Login(of, login) => format!("login {} {login}", guess(of)),
        }
    }

    /// Whether a right password proves that its failures were its owner's.
    const fn is_settled_by_success(&self) -> bool {
        matches!(self, Self::Device(..) | Self::Pair(..))
    }
}

impl Attempt {
    fn subjects(&self) -> Vec<Subject> {
        let network = self.network.map(|from| Subject::Network(self.guess, from));
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
    sealer: Sealer,
    books: Mutex<Books>,
}

impl Attempts {
    /// Nobody has attempted anything.
    pub fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            books: Mutex::default(),
        }
    }

    /// Pays for an attempt, or says in how many seconds the next may be made.
    pub fn start(&self, attempt: &Attempt) -> Result<(), u32> {
        self.start_at(attempt, node::now().0)
    }

    /// The attempt had the right password: it costs nothing, and neither do its owner's failures before it.
    pub fn succeeded(&self, attempt: &Attempt) {
        self.succeeded_at(attempt, node::now().0);
    }

    fn succeeded_at(&self, attempt: &Attempt, now_ms: i64) {
        let subjects = self.known(attempt);
        let mut books = self.lock();
        for (subject, key) in subjects {
            match subject.is_settled_by_success() {
                true => books.settle(&key),
                false => books.spend(key, -subject.allowance().one_more_ms, now_ms),
            }
        }
    }

    fn start_at(&self, attempt: &Attempt, now_ms: i64) -> Result<(), u32> {
        let subjects = self.known(attempt);
        let mut books = self.lock();
        for (subject, key) in &subjects {
            let Allowance {
                attempts,
                one_more_ms,
            } = subject.allowance();
            let wait_ms = books.owed_ms(key, now_ms) + one_more_ms - attempts * one_more_ms;
            if wait_ms > 0 {
                return Err(u32::try_from((wait_ms + 999) / 1000).unwrap_or(u32::MAX));
            }
        }
        books.make_room(now_ms);
        for (subject, key) in subjects {
            books.spend(key, subject.allowance().one_more_ms, now_ms);
        }
        Ok(())
    }

    /// Who pays, and what each is known by.
    fn known(&self, attempt: &Attempt) -> Vec<(Subject, Key)> {
        let subjects = attempt.subjects().into_iter();
        let known = subjects.filter_map(|subject| {
            let key = self.sealer.indices(LABEL, &subject.name()).into_iter().next()?;
            Some((subject, key))
        });
        known.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears what is owed from before, then tells and hears each second, and once more when the node stops.
    pub async fn run(self: Arc<Self>, node: Arc<Node>, mut stop: watch::Receiver<bool>) {
        let read = |tx: &store::Tx<'_>| store::allowance::owed(tx, SUBJECTS_MAX as i64);
        match node.read(read).await {
            Ok(owed) => self.lock().hear(owed, node::now().0),
            Err(error) => tracing::warn!(%error, "what failed log-ins owe from before is not known"),
        }
        while timeout(TELL_EVERY, told(&mut stop)).await.is_err() {
            self.tell(&node).await;
        }
        self.tell(&node).await;
    }

    /// Tells what was spent, and hears what others have.
    pub(crate) async fn tell(&self, node: &Node) {
        let changes = self.lock().take_untold();
        if changes.is_empty() {
            return;
        }
        let said = changes.clone();
        let heard: Result<_, store::Error> = node.write(move |tx| app::allowance::tell(tx, said)).await;
        match heard {
            Ok(known) => self.lock().hear(known, node::now().0),
            Err(error) => {
                tracing::warn!(%error, "the store was not told of failed log-ins");
                self.lock().put_back(changes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use app::allowance::Owed;

    use super::*;

    fn attempts() -> Attempts {
        Attempts::new(Sealer::new(&[7; 32]))
    }

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
        let attempts = attempts();
        assert_eq!(passed(&attempts, &from("owner", 66)), 10);
        assert_eq!(attempts.start_at(&from("owner", 66), 0), Err(90));
        assert_eq!(attempts.start_at(&from("owner", 66), 89_999), Err(1));
        assert_eq!(attempts.start_at(&from("owner", 66), 90_000), Ok(()));
        assert_eq!(passed(&attempts, &from("owner", 1)), 10);
    }

    #[test]
    fn a_device_that_is_known_is_let_in_whatever_strangers_do() {
        let attempts = attempts();
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
        let attempts = attempts();
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
        let attempts = attempts();
        let tried =
            (0..1_000).take_while(|nth| attempts.start_at(&from(&format!("login {nth}"), 66), 0).is_ok());
        assert_eq!(tried.count(), 50);
        assert_eq!(attempts.start_at(&from("fresh", 67), 0), Ok(()));
    }

    #[test]
    fn what_is_about_no_account_is_paid_for_by_its_address_alone() {
        let attempts = attempts();
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
    fn a_clock_that_was_ahead_keeps_nobody_out() {
        const YEAR_MS: i64 = 365 * 24 * 3_600_000;
        let attempts = attempts();
        while attempts.start_at(&from("owner", 1), YEAR_MS).is_ok() {}
        assert_eq!(passed(&attempts, &from("owner", 1)), 10, "as if nothing had been");
        let heard = attempts
            .known(&from("owner", 2))
            .into_iter()
            .map(|(_, subject)| Owed {
                subject,
                full_at: domain::Timestamp(YEAR_MS),
            });
        attempts.lock().hear(heard.collect(), 0);
        assert_eq!(passed(&attempts, &from("owner", 2)), 10);
    }

    #[test]
    fn right_passwords_cost_nothing_however_many_come() {
        let attempts = attempts();
        for _ in 0..500 {
            attempts.start_at(&from("owner", 1), 0).unwrap();
            attempts.succeeded_at(&from("owner", 1), 0);
        }
        assert_eq!(passed(&attempts, &from("owner", 1)), 10);
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_guessers() {
        let attempts = attempts();
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
        assert!(attempts.lock().full_at_ms.len() <= SUBJECTS_MAX);
        assert!(attempts.start_at(&from("owner", 66), 0).is_err());
    }
}
