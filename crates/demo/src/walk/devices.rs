//! Devices in other hands: a lost one, which whoever has it tries, and a new one, which is tried before it sells.
//!
//! A terminal that trades needs nobody here: once it is lost it goes on trying by itself.
//!
//! Invariant: what is asked of the gate is what any device with its keys could ask; each is played once at a time.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use domain::account::Scope;
use domain::incident::{Incident, State as Stands};
use domain::replacement::State;
use domain::{TerminalId, Timestamp};
use node::Node;
use node::seal::Purpose;
use simulator::calendar;
use simulator::estate::Estate;
use simulator::issuer::cards;
use simulator::terminal::{Terminal, TerminalIdentity};
use simulator::trade::{Thief, ThiefConfig};
use store::Tx;
use store::incident::Filter;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How often it is looked what is to be played.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The newest incidents are looked at.
const INCIDENTS_MAX: i64 = 50;
/// A loss that is older is tried by nobody any more.
const FRESH_MS: i64 = 120_000;
/// A thief tries so often, and then lets it be.
const ATTEMPTS: u64 = 6;
/// How long it may take to try so often.
const THIEF_TIME_MAX: Duration = Duration::from_secs(90);
const THIEF_PAUSE_MS: (u64, u64) = (1_000, 3_000);
/// The operator that each shop has.
const OPERATOR: &str = "001";
/// Trace numbers that a device begins with.
const TRACES: i64 = 900_000;
/// What is tried, in fen.
const TRIED_MINOR: u64 = 100;
/// What the new terminal sells, in turn, in fen.
const SALES_MINOR: [u64; 5] = [1_800, 3_200, 950, 4_600, 2_100];
const SELLS_EVERY: Duration = Duration::from_secs(25);

/// What is to be played.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Part {
    /// Somebody has a lost terminal in hand, since then.
    Thief(TerminalId, Timestamp),
    /// A new terminal may sell until then, to be tried.
    Trial(TerminalId, Timestamp),
    /// A new terminal sells.
    Sales(TerminalId),
}

/// Plays until the task is dropped.
pub async fn play(node: Arc<Node>, estate: Estate, gate: SocketAddr) {
    let estate = Arc::new(estate);
    let mut begun = HashSet::new();
    let mut parts = JoinSet::new();
    loop {
        match node.read(look).await {
            Ok(found) => {
                for part in found {
                    if is_trading(&estate, part) || !begun.insert(part) {
                        continue;
                    }
                    parts.spawn(played(node.clone(), estate.clone(), gate, part));
                }
            }
            Err(error) => tracing::warn!(%error, "the demo's devices cannot see what is to be played"),
        }
        while parts.try_join_next().is_some() {}
        sleep(LOOK_EVERY).await;
    }
}

/// Whether the simulated trade has that lost terminal already.
fn is_trading(estate: &Estate, part: Part) -> bool {
    match part {
        Part::Thief(id, _) => estate.terminal(id.as_str()).is_none_or(|terminal| terminal.live),
        Part::Trial(..) | Part::Sales(_) => false,
    }
}

fn look(tx: &Tx<'_>) -> Result<Vec<Part>, store::Error> {
    let all = Filter {
        scope: &Scope::All,
        search: None,
        state: None,
        terminal_id: None,
    };
    let mut parts = Vec::new();
    for incident in store::incident::list(tx, &all, None, INCIDENTS_MAX)? {
        parts.extend(thief(tx, &incident));
        for one in store::replacement::of(tx, &incident.incident_id)? {
            let Some(bound) = one.bound.filter(|bound| !bound.is_outside) else {
                continue;
            };
            parts.extend(match (one.state, one.test_until) {
                (State::Testing, Some(until)) => Some(Part::Trial(bound.terminal_id, until)),
                (State::Live, _) => Some(Part::Sales(bound.terminal_id)),
                _ => None,
            });
        }
    }
    Ok(parts)
}

fn thief(tx: &Tx<'_>, incident: &Incident) -> Option<Part> {
    let is_fresh = tx.now().since_ms(incident.reported_at) < FRESH_MS;
    (is_fresh && incident.state == Stands::Open)
        .then_some(Part::Thief(incident.terminal_id, incident.reported_at))
}

async fn played(node: Arc<Node>, estate: Arc<Estate>, gate: SocketAddr, part: Part) {
    let outcome = match part {
        Part::Thief(id, _) => {
            steal(&estate, id, gate).await;
            Ok(())
        }
        Part::Trial(id, _) => tried(&node, id, gate).await,
        Part::Sales(id) => sells(&node, id, gate).await,
    };
    if let Err(error) = outcome {
        tracing::warn!(?part, %error, "a device of the demo gave up");
    }
}

async fn steal(estate: &Estate, id: TerminalId, gate: SocketAddr) {
    let Some(terminal) = estate.terminal(id.as_str()) else {
        return;
    };
    let config = ThiefConfig {
        pause_ms_min: THIEF_PAUSE_MS.0,
        pause_ms_max: THIEF_PAUSE_MS.1,
        ..ThiefConfig::new(gate)
    };
    let thief = Thief::start(terminal, config);
    let enough = async {
        // What answers a thief without keys is signed by none that it knows, and counts as no answer.
        while thief.stats().answered + thief.stats().failed < ATTEMPTS {
            sleep(LOOK_EVERY).await;
        }
    };
    let _in_time = tokio::time::timeout(THIEF_TIME_MAX, enough).await;
    thief.stop().await;
}

/// The device as it stands on the counter: with the key that somebody has loaded into it.
async fn device(node: &Node, id: TerminalId) -> anyhow::Result<Terminal> {
    let door = node
        .read(move |tx: &Tx<'_>| store::terminal::door(tx, id))
        .await?;
    let door = door.context("no such terminal")?;
    let key = node
        .sealer
        .open(Purpose::MasterKey, id.as_str(), &door.master_key_sealed)?;
    let key: [u8; 16] = key.as_slice().try_into().context("a key of another length")?;
    let merchant_id = door.merchant_id.to_string();
    let trace = (calendar::now_ms() / 1_000).rem_euclid(TRACES);
    Ok(Terminal::new(TerminalIdentity {
        // What was switched on before has used others of the same batch.
        trace_first: u32::try_from(trace)? + 1,
        ..TerminalIdentity::new(id.as_str(), &merchant_id, key, OPERATOR)
    }))
}

/// A sale, taken back.
async fn tried(node: &Node, id: TerminalId, gate: SocketAddr) -> anyhow::Result<()> {
    let mut terminal = device(node, id).await?;
    signed_in(&mut terminal, gate).await?;
    let cards = cards();
    let card = cards.first().context("no card")?;
    let reply = terminal.purchase(TRIED_MINOR, card).await?;
    let Some(sale) = reply.approved else {
        bail!("the sale was refused: {}", reply.code());
    };
    let reply = terminal.void(&sale).await?;
    match reply.is_approved() {
        true => Ok(()),
        false => bail!("it could not be taken back: {}", reply.code()),
    }
}

async fn signed_in(terminal: &mut Terminal, gate: SocketAddr) -> anyhow::Result<()> {
    terminal.connect(gate).await?;
    let reply = terminal.sign_in().await?;
    match reply.is_approved() {
        true => Ok(()),
        false => bail!("the sign-in was refused: {}", reply.code()),
    }
}

/// One sale after another, until it is refused: somebody has stopped it.
async fn sells(node: &Node, id: TerminalId, gate: SocketAddr) -> anyhow::Result<()> {
    let mut terminal = device(node, id).await?;
    signed_in(&mut terminal, gate).await?;
    let cards = cards();
    let card = cards.first().context("no card")?;
    for amount_minor in SALES_MINOR.into_iter().cycle() {
        let reply = terminal.purchase(amount_minor, card).await?;
        if !reply.is_approved() {
            tracing::info!(
                terminal_id = id.as_str(),
                code = reply.code(),
                "the new terminal was refused"
            );
            return Ok(());
        }
        sleep(SELLS_EVERY).await;
    }
    Ok(())
}
