//! What a node does with a loss report, and with the word that the terminal was found, in its order of steps.
//!
//! It mirrors `server::api::report`: hold committed → passes drained or revoked, here and on the other nodes →
//! acknowledgement committed → reporter told.

use std::rc::Rc;

use app::canary;
use app::incident::{Acknowledged, Report};
use app::lease::WAIT_MS_MAX;
use domain::TerminalId;
use domain::incident::Manner;
use store::{Error, Tx};

use super::client::Turn;
use super::network::Place;
use super::node::Node;
use super::schedule::MS;

/// How long a report waits for approvals on their way out before it revokes those not yet being written.
const DRAIN_MAX: u64 = 5_000 * MS;
/// The longest wait for other nodes.
const ELSEWHERE_MAX: u64 = 2 * WAIT_MS_MAX.unsigned_abs() * MS;
/// How often to look whether they have drained.
const LOOK_EVERY: u64 = 250 * MS;

/// Where the acknowledgement goes; the flag: whether the terminal is stopped.
pub type Told = Rc<dyn Fn(bool)>;

impl Node {
    /// A report comes in. A client that hangs up does not stop the stopping.
    pub fn report(self: &Rc<Self>, terminal_id: TerminalId, person: usize, told: Told) {
        if !self.is_open.get() {
            return;
        }
        let node = self.clone();
        self.schedule().spawn(self.owner, async move {
            let stopped = node.stop(terminal_id).await;
            if let Ok(incident_id) = &stopped {
                node.schedule().log(format_args!(
                    "{}: report {incident_id} is acknowledged",
                    node.name
                ));
                node.watch()
                    .acknowledged(node.house.database.stage(), terminal_id, incident_id);
            }
            let is_stopped = stopped.is_ok();
            node.network()
                .carry(Place::Node(node.place), Place::Person(person), move || {
                    told(is_stopped)
                });
        });
    }

    async fn stop(self: &Rc<Self>, terminal_id: TerminalId) -> Result<String, Error> {
        let number = self.schedule().between(0, 0xFFFF_FFFF_FFFF);
        let incident_id = format!("{number:012X}");
        let report = Report {
            terminal_id,
            last_seen_at: None,
            place: None,
            circumstances: None,
            manner: Manner::Lost,
            reported_at: (self.house.clock_of(self.place))(),
            payments: Vec::new(),
        };
        let (id, name) = (incident_id.clone(), self.name.clone());
        let suspend = move |tx: &Tx<'_>| {
            app::incident::report_loss(tx, &super::owner(), &report, &id, &name).map_err(store_error)
        };
        // Whether or not a first try was kept, a second one finds the terminal stopped, or stops it.
        let incident = match canary::outcome_unknown_acknowledged() {
            false => self.insist(Turn::First, suspend).await?.0.incident,
            true => match self.client.write(None, suspend).await {
                Err(Error::OutcomeUnknown) => return Ok(incident_id),
                reported => reported?.0.incident,
            },
        };
        if incident.acknowledged_at.is_some() {
            return Ok(incident.incident_id);
        }
        let waited = self.drain(terminal_id).await;
        self.acknowledge(&incident.incident_id, waited).await?;
        Ok(incident.incident_id)
    }

    /// Waits until every node has drained, and acknowledges.
    async fn acknowledge(self: &Rc<Self>, incident_id: &str, waited: i64) -> Result<(), Error> {
        let deadline = self.schedule().now() + ELSEWHERE_MAX;
        loop {
            let (id, name, here) = (
                incident_id.to_owned(),
                self.name.clone(),
                self.here.borrow().clone(),
            );
            let acknowledge = move |tx: &Tx<'_>| {
                let here = here.as_ref().map(|who| (who, waited));
                let done = app::incident::acknowledge(tx, &id, &name, here)?;
                Ok(matches!(done, Acknowledged::Receipts(_)))
            };
            let done = match canary::acknowledged_before_commit() {
                false => self.insist(Turn::First, acknowledge).await?.0,
                true => self.client.write_hasty(acknowledge).await?.0,
            };
            if done {
                return Ok(());
            }
            if self.schedule().now() >= deadline {
                return Err(Error::Unavailable);
            }
            self.schedule().sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for this node's approvals on their way out; answers how many there were.
    pub(super) async fn drain(self: &Rc<Self>, terminal_id: TerminalId) -> i64 {
        if canary::acknowledged_early() {
            return 0;
        }
        let mark = self.passes.borrow().mark();
        let waited = self.passes.borrow().out_before(terminal_id, mark);
        if self
            .schedule()
            .timeout(DRAIN_MAX, self.back(terminal_id, mark))
            .await
            .is_none()
        {
            self.passes.borrow_mut().revoke_before(terminal_id, mark);
            self.back(terminal_id, mark).await;
        }
        waited as i64
    }

    async fn back(&self, terminal_id: TerminalId, mark: u64) {
        loop {
            let returned = self.returned.heard();
            if self.passes.borrow().out_before(terminal_id, mark) == 0 {
                return;
            }
            returned.await;
        }
    }

    /// Two people say that the terminal was found; `told` hears whether it may trade again.
    pub fn found(self: &Rc<Self>, terminal_id: TerminalId, person: usize, told: Told) {
        if !self.is_open.get() {
            return;
        }
        let node = self.clone();
        self.schedule().spawn(self.owner, async move {
            let found = node
                .client
                .write(None, move |tx| {
                    let Some(incident) = store::incident::unclosed(tx, terminal_id)? else {
                        return Ok(false);
                    };
                    let id = &incident.incident_id;
                    let said = (domain::incident::found::Kind::FalseAlarm, "under the till");
                    app::incident::propose_found(tx, &super::owner(), id, said).map_err(store_error)?;
                    Ok::<_, Error>(true)
                })
                .await;
            if !matches!(found, Ok((true, _))) {
                return;
            }
            node.schedule().sleep(node.schedule().about(200 * MS)).await;
            let confirmed = node
                .client
                .write(None, move |tx| {
                    let Some(incident) = store::incident::unclosed(tx, terminal_id)? else {
                        return Err(Error::Conflict(String::new()));
                    };
                    let id = &incident.incident_id;
                    app::incident::confirm_found(tx, &super::risk_officer(), id).map_err(store_error)
                })
                .await;
            let is_found = confirmed.is_ok();
            node.network()
                .carry(Place::Node(node.place), Place::Person(person), move || {
                    told(is_found)
                });
        });
    }
}

/// The store's error in a use case's; any other refusal undoes the closure as a conflict does.
fn store_error(error: app::case::Error) -> Error {
    match error {
        app::case::Error::Store(error) => error,
        _ => Error::Conflict(String::new()),
    }
}
