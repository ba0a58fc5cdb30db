//! What a node does by itself: the work that is due, and tidying up after a restart.
//!
//! One driver asks the store what is due, claims as much of each kind as the kind may have under way, and hands it to the
//! kind's doer. A doer ends the claim in the transaction of what it did; what it says has failed is put off; what it says
//! nothing of, because the node died, is taken over when the claim runs out.
//!
//! Invariant: nothing is done without a claim, and no kind has more under way than its policy says.

mod anchor;
mod audit;
mod clean_up;
mod common_point;
mod duties;
mod hold_end;
mod import;
mod mail;
mod provider_stop;
mod question;
pub mod recovery;
mod registration;
mod reminder;
mod reseal;
mod reversal;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::work::{Kind, Policy, Work};
use store::{Error, Tx};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::connector::host::AcquirerHost;
use crate::connector::identity::Identities;
use crate::connector::provider::Providers;
use node::{Node, now, told};

pub use anchor::{Anchors, Folder};

/// The longest wait between two looks: another node may have added something.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Between two looks for intents whose second check failed.
const FORGOTTEN_EVERY: Duration = Duration::from_secs(10);
/// An intent older than this beyond the host's time is one whose second check failed (the store was out of reach).
const FORGOTTEN_MS: i64 = 60_000;

/// Whom this node asks.
#[derive(Clone)]
pub struct Outside {
    /// The acquirer's host, where there is a gate.
    pub host: Option<Arc<AcquirerHost>>,
    /// Providers with an interface.
    pub providers: Providers,
    /// Who says whether a name and a number belong together.
    pub identities: Identities,
    /// Where the audit log's checkpoints are kept besides.
    pub anchors: Anchors,
}

/// What became of a try.
enum Tried {
    /// It is done, and the claim has ended with it.
    Done,
    /// It is not; in a few words.
    Failed(&'static str),
    /// It is not, in a few words, and is not to be tried again for so long.
    Later(&'static str, Duration),
}

/// Does what is due until `stop` turns true, and ends what is under way.
pub async fn run(node: Arc<Node>, outside: Outside, mut stop: watch::Receiver<bool>) {
    let answer_time_ms = outside.host.as_ref().map_or(0, |host| host.answer_time_ms());
    let mut driver = Driver::new(node.clone(), outside, stop.clone());
    let mut forgotten_at = Instant::now() + FORGOTTEN_EVERY;
    loop {
        let wait = driver.start_due().await;
        if Instant::now() >= forgotten_at {
            forgotten_at = Instant::now() + FORGOTTEN_EVERY;
            let before = now().plus_ms(-FORGOTTEN_MS - answer_time_ms);
            if let Err(error) = recovery::release_before(&node, before).await {
                tracing::error!(%error, "forgotten intents cannot be decided");
            }
        }
        tokio::select! {
            biased;
            () = told(&mut stop) => break,
            Some(_) = driver.under_way.join_next() => {}
            _ = timeout(wait, node.work_due.notified()) => {}
        }
    }
    while driver.under_way.join_next().await.is_some() {}
}

/// The work of one node.
struct Driver {
    node: Arc<Node>,
    outside: Outside,
    kinds: Vec<OfKind>,
    under_way: JoinSet<()>,
    /// Says when the node stops: what takes long ends early.
    stop: watch::Receiver<bool>,
}

/// What a node has of one kind.
struct OfKind {
    kind: Kind,
    policy: Policy,
    places: Arc<Semaphore>,
}

impl OfKind {
    /// How many more may be under way; none until half the places are free, so that many are claimed at once.
    fn free(&self) -> i64 {
        let free = i64::try_from(self.places.available_permits()).unwrap_or_default();
        if free * 2 >= self.policy.at_once_max {
            free
        } else {
            0
        }
    }
}

impl Driver {
    fn new(node: Arc<Node>, outside: Outside, stop: watch::Receiver<bool>) -> Self {
        let kinds = Kind::ALL.map(|kind| {
            let policy = match (kind, &outside.host) {
                (Kind::Reversal, Some(host)) => kind.policy().answered_within(host.answer_time_ms()),
                _ => kind.policy(),
            };
            OfKind {
                kind,
                policy,
                places: Arc::new(Semaphore::new(usize::try_from(policy.at_once_max).unwrap_or(1))),
            }
        });
        Self {
            node,
            outside,
            kinds: kinds.into(),
            under_way: JoinSet::new(),
            stop,
        }
    }

    /// Starts what is due and has a place. Answers how long nothing more will be.
    async fn start_due(&mut self) -> Duration {
        match self.try_start_due().await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "work cannot be claimed");
                LOOK_EVERY
            }
        }
    }

    async fn try_start_due(&mut self) -> Result<Duration, Error> {
        let (Some(who), asked) = (self.node.here(), self.asked()) else {
            return Ok(LOOK_EVERY);
        };
        if asked.is_empty() {
            return Ok(LOOK_EVERY);
        }
        let look = move |tx: &Tx<'_>| {
            let waits = asked.into_iter().map(|(kind, policy, free)| {
                let next = store::work::next(tx, kind, &policy)?;
                Ok((kind, policy, free, next.map(|due| due.since_ms(tx.now()))))
            });
            waits.collect::<Result<Vec<_>, Error>>()
        };
        let mut wait = LOOK_EVERY;
        for (kind, policy, free, due_in_ms) in self.node.read(look).await? {
            match due_in_ms {
                None => {}
                Some(ms) if ms > 0 => wait = wait.min(Duration::from_millis(ms.unsigned_abs())),
                Some(_) => {
                    let who = who.clone();
                    let claim = move |tx: &Tx<'_>| app::work::claim(tx, kind, &policy, &who, free);
                    for work in self.node.write(claim).await? {
                        self.start(work);
                    }
                }
            }
        }
        Ok(wait)
    }

    /// The kinds of which more may be started, and how many.
    fn asked(&self) -> Vec<(Kind, Policy, i64)> {
        let open = self
            .kinds
            .iter()
            .filter(|of| of.free() > 0 && self.can_do(of.kind));
        open.map(|of| (of.kind, of.policy, of.free())).collect()
    }

    /// Whether it is of any use to try: one node that cannot reach the host leaves the host's work to others. A shop alone
    /// has no host at all, and its letters and stops need none.
    fn can_do(&self, kind: Kind) -> bool {
        kind != Kind::Reversal || self.node.counters.host_connected.load(Ordering::Relaxed)
    }

    fn start(&mut self, work: Work) {
        let Some(of) = self.kinds.iter().find(|of| of.kind == work.id.kind()) else {
            return;
        };
        // As many were claimed as places are free.
        let Ok(place) = of.places.clone().try_acquire_owned() else {
            return;
        };
        let (node, outside, stop) = (self.node.clone(), self.outside.clone(), self.stop.clone());
        let doing = perform(node, outside, of.policy, work, (place, stop));
        self.under_way.spawn(doing);
    }
}

/// Does one piece of work, or puts it off.
async fn perform(
    node: Arc<Node>,
    outside: Outside,
    policy: Policy,
    work: Work,
    (_place, stop): (OwnedSemaphorePermit, watch::Receiver<bool>),
) {
    let tried = match work.id.kind() {
        Kind::Reversal => match &outside.host {
            Some(host) => reversal::send(&node, host, &work).await,
            None => Ok(Tried::Failed("this node has no host")),
        },
        Kind::HoldEnd => hold_end::say(&node, &work).await,
        Kind::Question => question::pass_on(&node, &work).await,
        Kind::QuestionMail => mail::ask(&node, &work).await,
        Kind::Mail => mail::send(&node, &work).await,
        Kind::LetterMail => mail::send_letter(&node, &work).await,
        Kind::ProviderStop => provider_stop::stop(&node, &outside.providers, &work).await,
        Kind::Reminder => reminder::remind(&node, &work).await,
        Kind::ReminderMail => mail::remind(&node, &work).await,
        Kind::MentionMail => mail::tell_asked(&node, &work).await,
        Kind::DutyMail => mail::tell_due(&node, &work).await,
        Kind::LetterOverdueMail => mail::tell_overdue(&node, &work).await,
        Kind::DigestMail => mail::digest(&node, &work).await,
        Kind::CodeMail => mail::bring(&node, &work).await,
        Kind::RegistrationMail => mail::tell_applicant(&node, &work).await,
        Kind::RegistrationCheck => registration::check(&node, &outside.identities, &work).await,
        Kind::Import => import::check(&node, &work).await,
        Kind::Duties => duties::look(&node, &work).await,
        Kind::CommonPoints => common_point::look(&node, &work, &stop).await,
        Kind::Reseal => reseal::run(&node, &work).await,
        Kind::CleanUp => clean_up::run(&node, &work).await,
        Kind::Audit => audit::run(&node, &outside.anchors, &work).await,
    };
    let (why, wait_min) = match tried {
        Ok(Tried::Done) => return,
        Ok(Tried::Failed(why)) => (why, Duration::ZERO),
        Ok(Tried::Later(why, wait)) => (why, wait),
        Err(error) => {
            tracing::error!(work = work.id.as_str(), %error, "work failed in the store");
            ("the store did not take it", Duration::ZERO)
        }
    };
    let wait_min_ms = i64::try_from(wait_min.as_millis()).unwrap_or(i64::MAX);
    let name = work.id.as_str().to_owned();
    let put_off: Result<(), Error> = node
        .write(move |tx| app::work::postpone(tx, &policy, &work, why, wait_min_ms))
        .await;
    if let Err(error) = put_off {
        tracing::warn!(work = name, %error, "work was not put off; it is due when its claim runs out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{identity, mail, provider, timestamp};

    #[test]
    fn no_try_outlasts_its_claim() {
        let claim = |kind: Kind| Duration::from_millis(kind.policy().claim_ms.unsigned_abs());
        assert!(claim(Kind::Import) > import::TURN_TIME_MAX * 4);
        assert!(claim(Kind::Reseal) > reseal::TURN_TIME_MAX * 4);
        assert!(claim(Kind::CommonPoints) > common_point::LOOK_TIME_MAX * 4);
        assert!(claim(Kind::Mail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::LetterMail) > mail::SEND_TIME_MAX);
        let anchored = timestamp::STAMP_TIME_MAX + anchor::FOLDER_TIME_MAX + anchor::MAIL_TIME_MAX;
        assert!(claim(Kind::Audit) > anchored);
        assert!(claim(Kind::ReminderMail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::MentionMail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::QuestionMail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::DutyMail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::DigestMail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::CodeMail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::RegistrationMail) > mail::SEND_TIME_MAX);
        assert!(claim(Kind::RegistrationCheck) > identity::ASK_TIME_MAX * registration::QUESTIONS_MAX * 2);
        // A look, where it stands, the stop, and where it stands then.
        assert!(claim(Kind::ProviderStop) > provider::LOOK_TIME_MAX * 3 + provider::STOP_TIME_MAX);
    }
}
