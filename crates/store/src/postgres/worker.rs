//! A writer: takes what waits, runs it as one transaction, commits, answers.
//!
//! Invariant: work is tried again only when none of its closures has run.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::Timestamp;
use tokio_postgres::Config;

use super::Session;
use crate::queue::{Answer, BATCH_LEN_MAX, Queue, Share, Want, Work, hurry};
use crate::vault::Safe;
use crate::{Clock, Error, Tx};

/// Starts a writer.
pub(super) fn start(
    config: Config,
    queue: Arc<Queue>,
    share: Share,
    (clock, safe): (Clock, Safe),
) -> Result<JoinHandle<()>, Error> {
    let writer = Writer {
        config,
        clock,
        safe,
        session: None,
        failed_at: None,
        last: Timestamp(0),
    };
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || writer.run(&queue, share))
        .map_err(|error| Error::Unusable(format!("no thread for a writer: {error}")))
}

struct Writer {
    config: Config,
    clock: Clock,
    safe: Safe,
    session: Option<Session>,
    /// When the last attempt to connect failed.
    failed_at: Option<Instant>,
    last: Timestamp,
}

/// Between two attempts to connect; work that comes meanwhile is refused at once.
const CONNECT_EVERY: Duration = Duration::from_millis(100);

impl Writer {
    fn run(mut self, queue: &Queue, share: Share) {
        hurry();
        let mut batch = Vec::with_capacity(BATCH_LEN_MAX);
        // Closures on terminals share a transaction; any other has one for itself, since nobody knows what it locks.
        let together = |first: &Work, next: &Work| first.want.is_some() && next.want.is_some();
        while queue.take_while(&mut batch, share, together) {
            if let Err(error) = self.begin(&batch) {
                if batch.len() > 1 && error_is_of_one(&error) {
                    // One terminal is locked by somebody slow: the others need not suffer for it.
                    for work in batch.drain(..) {
                        self.one(work);
                    }
                    continue;
                }
                refuse(&mut batch, &error);
                continue;
            }
            self.decide(&mut batch);
        }
    }

    fn one(&mut self, work: Work) {
        let mut batch = vec![work];
        match self.begin(&batch) {
            Ok(()) => self.decide(&mut batch),
            Err(error) => refuse(&mut batch, &error),
        }
    }

    /// Begins the transaction of a batch. A connection that turns out to be lost is replaced once: nothing has run yet.
    fn begin(&mut self, batch: &[Work]) -> Result<(), Error> {
        let wants: Vec<Want> = batch.iter().filter_map(|work| work.want).collect();
        let mut last_try = false;
        loop {
            let was_open = self.session.as_ref().is_some_and(|session| !session.is_broken());
            let session = self.session()?;
            let begun = match wants.is_empty() {
                true => session.begin_alone(),
                false => session.begin_together(&wants),
            };
            let Err(error) = begun else { return Ok(()) };
            session.roll_back();
            if !session.is_broken() {
                return Err(Error::Overloaded);
            }
            self.session = None;
            if last_try || !was_open {
                return Err(error);
            }
            last_try = true;
        }
    }

    fn session(&mut self) -> Result<&Session, Error> {
        let session = match self.session.take().filter(|session| !session.is_broken()) {
            Some(session) => session,
            None if self.failed_at.is_some_and(|at| at.elapsed() < CONNECT_EVERY) => {
                return Err(Error::Unavailable);
            }
            None => {
                Session::open_to_write(&self.config).inspect_err(|_| self.failed_at = Some(Instant::now()))?
            }
        };
        Ok(self.session.insert(session))
    }

    /// Runs the closures of a batch whose transaction has begun, commits, and answers.
    fn decide(&mut self, batch: &mut Vec<Work>) {
        let Some(session) = self.session.as_ref() else {
            return refuse(batch, &Error::Unavailable);
        };
        let mut answers: Vec<(Answer, Result<(), Error>)> = Vec::with_capacity(batch.len());
        let mut outcome = Ok(());
        let (mut any_kept, alone) = (false, batch.len() == 1 && batch[0].want.is_none());
        for work in batch.drain(..) {
            if outcome.is_err() {
                answers.push(((work.run)(None).1, Ok(())));
                continue;
            }
            self.last = self.last.max((self.clock)());
            session.begin_work();
            let tx = Tx::postgres(session, self.last).with(self.safe.vault());
            let (keep, answer) = (work.run)(Some(&tx));
            let ended = match session.is_broken() {
                true => Err(Error::Unavailable),
                false => session.end_work(keep),
            };
            any_kept |= keep && ended.is_ok();
            if session.is_broken() {
                outcome = Err(Error::Unavailable);
            }
            answers.push((answer, ended));
        }
        let outcome = match outcome {
            Ok(()) if any_kept || !alone => session.commit(),
            Ok(()) => {
                session.roll_back();
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            tracing::warn!(%error, "a commit failed");
            session.roll_back();
        }
        for (answer, ended) in answers {
            answer(ended.and(match &outcome {
                Ok(()) => Ok(()),
                Err(Error::OutcomeUnknown) => Err(Error::OutcomeUnknown),
                Err(_) => Err(Error::Unavailable),
            }));
        }
    }
}

/// Whether a transaction could not begin because of one of its terminals rather than of the connection.
const fn error_is_of_one(error: &Error) -> bool {
    matches!(error, Error::Overloaded)
}

fn refuse(batch: &mut Vec<Work>, error: &Error) {
    for work in batch.drain(..) {
        work.refuse(match error {
            Error::Overloaded => Error::Overloaded,
            _ => Error::Unavailable,
        });
    }
}
