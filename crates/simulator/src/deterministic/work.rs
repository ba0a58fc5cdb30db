//! What a node does by itself: joining and staying present, tidying up after its start, sending owed reversals, standing
//! in for nodes that are gone.
//!
//! It mirrors `node::presence` and `server::work`: of the kinds of work only reversals, which alone touch money.

use std::rc::Rc;

use app::canary;
use app::lease::{RENEW_EVERY_MS, Watch};
use app::node::Renewed;
use domain::transaction::Verdict;
use domain::work::{Kind, Policy, Work};
use domain::{TerminalId, Timestamp};
use store::node::{Incarnation, Present};
use store::{Error, Tx};

use super::client::Turn;
use super::network::Place;
use super::node::Node;
use super::schedule::MS;

/// The longest sleep between two looks for what is owed.
const LOOK_EVERY: u64 = 500 * MS;
/// How long a node waits for the host's answer to a reversal.
const HOST_TIME_MAX: u64 = 1_500 * MS;
/// An intent older than this beyond the host's time is one whose second check failed.
const FORGOTTEN_MS: i64 = 60_000;
/// How reversals are sent.
const POLICY: Policy = Kind::Reversal.policy().answered_within(1_500);

impl Node {
    /// Starts: joins, recovers what the last incarnation left, then opens the gate and goes on working.
    pub async fn start(self: Rc<Self>) {
        let last = self.house.last_start(self.place);
        while self.join_store(last.clone()).await.is_err() || self.recover().await.is_err() {
            self.schedule().sleep(200 * MS).await;
        }
        self.is_open.set(true);
        self.schedule().log(format_args!("{}: open", self.name));
        self.schedule().spawn(self.owner, self.clone().send_owed());
        if self.house.plan.is_shared {
            self.schedule().spawn(self.owner, self.clone().stay());
        }
    }

    /// Joins; `last` is the incarnation of this node's last run, which certainly runs no more.
    async fn join_store(&self, last: Option<Incarnation>) -> Result<(), Error> {
        let (name, is_shared) = (self.name.clone(), self.house.plan.is_shared);
        let sent_at_ms = (self.monotonic)();
        let join = move |tx: &Tx<'_>| {
            let dead: Vec<Incarnation> = match is_shared {
                true => last.clone().into_iter().collect(),
                false => store::node::present(tx)?
                    .into_iter()
                    .map(|present| present.who)
                    .collect(),
            };
            app::node::join(tx, &name, &dead)
        };
        let (who, _) = self.client.write(None, join).await?;
        *self.here.borrow_mut() = Some(who.clone());
        // No report asked this incarnation about what was on its way out before.
        if !canary::kept_over_rejoin() {
            self.passes.borrow_mut().revoke_all();
        }
        if is_shared {
            self.renewed(sent_at_ms);
        }
        self.house.note_start(self.place, who);
        Ok(())
    }

    async fn recover(&self) -> Result<(), Error> {
        self.release_before(Timestamp(i64::MAX)).await?;
        let (name, is_shared) = (self.name.clone(), self.house.plan.is_shared);
        self.client
            .write(None, move |tx| {
                app::work::give_back(tx, &name)?;
                if is_shared {
                    // Whoever has the duty does it, once all nodes have drained.
                    return Ok(());
                }
                for incident in store::incident::unacknowledged(tx)? {
                    app::incident::acknowledge(tx, &incident.incident_id, &name, None)?;
                }
                Ok::<_, Error>(())
            })
            .await
            .map(drop)
    }

    async fn release_before(&self, before: Timestamp) -> Result<(), Error> {
        loop {
            let name = self.name.clone();
            let recover = move |tx: &Tx<'_>| app::transaction::recover(tx, &name, before);
            if self.client.write(None, recover).await?.0 == 0 {
                return Ok(());
            }
        }
    }

    /// Stays present.
    async fn stay(self: Rc<Self>) {
        let mut seen = Watch::default();
        loop {
            if let Ok(present) = self.renew().await {
                // Counted from after the reading.
                let silent = seen.silent(&present, (self.monotonic)());
                // What fails is done at the next look, by whoever can.
                let _ = self.look_after(silent).await;
            }
            self.schedule().sleep(RENEW_EVERY_MS.unsigned_abs() * MS).await;
        }
    }

    /// Renews and answers what this node was asked; joins anew when it was expelled. Answers who is present.
    async fn renew(self: &Rc<Self>) -> Result<Vec<Present>, Error> {
        let Some(who) = self.here.borrow().clone() else {
            return Ok(Vec::new());
        };
        let sent_at_ms = (self.monotonic)();
        let me = who.clone();
        let renew = move |tx: &Tx<'_>| {
            let renewed = app::node::renew(tx, &me)?;
            Ok::<_, Error>((renewed, store::drain::asked(tx, &me)?))
        };
        let ((renewed, asked), _) = self.client.write(None, renew).await?;
        match renewed {
            Renewed::Present(present) => {
                self.renewed(sent_at_ms);
                for (terminal_id, hold_id) in asked {
                    let answer = self.clone().answer(who.clone(), terminal_id, hold_id);
                    self.schedule().spawn(self.owner, answer);
                }
                Ok(present)
            }
            Renewed::Expelled => {
                self.schedule()
                    .log(format_args!("{}: was taken for gone, joins anew", self.name));
                self.expelled();
                self.join_store(None).await?;
                Ok(Vec::new())
            }
        }
    }

    /// Waits for the approvals of a terminal that are on their way out, and says so.
    async fn answer(self: Rc<Self>, who: Incarnation, terminal_id: TerminalId, hold_id: i64) {
        let waited = self.drain(terminal_id).await;
        let answer = move |tx: &Tx<'_>| store::drain::answer(tx, terminal_id, hold_id, &who, waited);
        // Asked again with each renewal until it is written.
        let _ = self.client.write(None, answer).await;
    }

    /// Expels nodes that have fallen silent, and does what those that are gone have left.
    async fn look_after(&self, silent: Vec<Present>) -> Result<(), Error> {
        for gone in silent {
            let seen = gone.clone();
            let expel = move |tx: &Tx<'_>| store::node::expel(tx, &seen);
            if self.client.write(None, expel).await?.0 {
                self.schedule()
                    .log(format_args!("{}: expels {:?}", self.name, gone.who));
                self.watch().count(|figures| figures.expelled += 1);
            }
        }
        let Some(who) = self.here.borrow().clone() else {
            return Ok(());
        };
        loop {
            let me = who.clone();
            let stand_in = move |tx: &Tx<'_>| app::node::stand_in(tx, &me);
            if self.client.write(None, stand_in).await?.0 == 0 {
                return Ok(());
            }
            self.owed.ring();
        }
    }

    async fn send_owed(self: Rc<Self>) {
        let mut looks = 0_u64;
        loop {
            let sent = self.send_due().await.unwrap_or(0);
            looks += 1;
            if looks.is_multiple_of(20) {
                let before = (self.house.clock_of(self.place))().plus_ms(-FORGOTTEN_MS);
                // What cannot be decided now is decided at a later look.
                let _ = self.release_before(before).await;
            }
            if sent == 0 {
                self.schedule().timeout(LOOK_EVERY, self.owed.heard()).await;
            }
        }
    }

    async fn send_due(self: &Rc<Self>) -> Result<usize, Error> {
        let is_due = self
            .client
            .read(|tx| Ok(store::work::next(tx, Kind::Reversal, &POLICY)? == Some(tx.now())))
            .await?;
        // One that cannot reach the host leaves them to others.
        let reaches_host = self.network().reaches(Place::Node(self.place), Place::Host);
        let (Some(who), true) = (self.here.borrow().clone(), is_due && reaches_host) else {
            return Ok(0);
        };
        let claim =
            move |tx: &Tx<'_>| app::work::claim(tx, Kind::Reversal, &POLICY, &who, POLICY.at_once_max);
        let (due, _) = self.client.write::<_, Error>(None, claim).await?;
        let mut under_way = Vec::new();
        for work in due {
            let (done, is_done) = self.schedule().slot();
            let node = self.clone();
            self.schedule().spawn(self.owner, async move {
                done.send(node.send_one(work).await.unwrap_or(false));
            });
            under_way.push(is_done);
        }
        let mut answered = 0;
        for one in under_way {
            answered += usize::from(one.await == Some(true));
        }
        Ok(answered)
    }

    async fn send_one(self: &Rc<Self>, work: Work) -> Result<bool, Error> {
        let (terminal_id, sequence) = work.id.of_ledger().ok_or(Error::Corrupt("work.part"))?;
        let owed = self
            .client
            .read(move |tx| store::owed_reversal::get(tx, terminal_id, sequence))
            .await?;
        let Some(owed) = owed else {
            let done = move |tx: &Tx<'_>| app::work::done(tx, &work);
            return Ok(self.client.write::<_, Error>(None, done).await?.0);
        };
        let answer = self.host().reverse(self.place, terminal_id, owed.name);
        let Some(Some(code)) = self.schedule().timeout(HOST_TIME_MAX, answer).await else {
            let postpone =
                move |tx: &Tx<'_>| app::work::postpone(tx, &POLICY, &work, "the host did not answer", 0);
            self.client.write::<_, Error>(None, postpone).await?;
            return Ok(false);
        };
        self.insist(Turn::Own, move |tx| {
            let verdict = match code.is_approved() {
                true => Verdict::Approved,
                false => Verdict::Declined,
            };
            app::reversal::settle(tx, terminal_id, sequence, code, verdict)
        })
        .await?;
        Ok(true)
    }
}
