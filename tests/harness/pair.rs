//! Two nodes on one PostgreSQL database, with the terminals that trade on both and the host behind both.
//!
//! Invariant: what was acknowledged, and which trace numbers are used up, is remembered whatever happens to the nodes.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{Acknowledged, Api, Books, Folder, Lanes, Launch, Node, Outside, ReadyTerminal, Traded, until};

/// The names of the two nodes.
pub const NAMES: [&str; 2] = ["node-a", "node-b"];

/// Two nodes and what surrounds them.
#[derive(Debug)]
pub struct Pair {
    /// The acquirer's host.
    pub outside: Outside,
    /// Reports acknowledged so far.
    pub acknowledged: Vec<Acknowledged>,
    launches: [Launch; 2],
    nodes: [Option<Node>; 2],
    terminals: Vec<ReadyTerminal>,
    /// The next trace number of each terminal: a trace names its transaction for ever.
    traces: Vec<u32>,
    folder: Folder,
}

impl Pair {
    /// Starts a host that answers after up to `host_delay_ms_max`, and both nodes, each with its own address of the same
    /// database. `adjust` has the last word on how they start.
    ///
    /// # Errors
    /// A node does not start.
    pub async fn start(
        urls: [String; 2],
        host_delay_ms_max: u32,
        adjust: impl Fn(Launch) -> Launch,
    ) -> Result<Self> {
        let folder = Folder::new()?;
        let outside = Outside::start(folder.path(), host_delay_ms_max).await?;
        let launch = Launch::new(&folder)?
            .asking(&outside)
            .with(&["--host-timeout-s", "5"]);
        let launches = [0, 1].map(|index: usize| adjust(launch.clone().named(NAMES[index], &urls[index])));
        // One after the other: the first one makes the estate.
        let first = launches[0].start().await.context(NAMES[0])?;
        let second = launches[1].start().await.context(NAMES[1])?;
        let terminals = first.ready.terminals.clone();
        Ok(Self {
            outside,
            acknowledged: Vec::new(),
            launches,
            traces: vec![1; terminals.len()],
            nodes: [Some(first), Some(second)],
            terminals,
            folder,
        })
    }

    /// One of the nodes.
    ///
    /// # Errors
    /// It was killed.
    pub fn node(&self, index: usize) -> Result<&Node> {
        let node = self.nodes.get(index).and_then(Option::as_ref);
        node.with_context(|| format!("node {index} does not run"))
    }

    /// Where both gates are.
    ///
    /// # Errors
    /// One was killed.
    pub fn gates(&self) -> Result<[SocketAddr; 2]> {
        Ok([self.node(0)?.ready.gate, self.node(1)?.ready.gate])
    }

    /// The folder that both keep their data in: the data keys are there.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Both APIs, as one of the demo's people.
    ///
    /// # Errors
    /// The log-in is refused.
    pub async fn apis_as(&self, login: &str) -> Result<[Api; 2]> {
        Ok([
            self.node(0)?.api_as(login).await?,
            self.node(1)?.api_as(login).await?,
        ])
    }

    /// One terminal of the estate.
    ///
    /// # Errors
    /// There are not so many.
    pub fn terminal(&self, index: usize) -> Result<&ReadyTerminal> {
        self.terminals.get(index).context("no terminal is left")
    }

    /// Kill -9.
    ///
    /// # Errors
    /// It was killed before.
    pub fn kill(&mut self, index: usize) -> Result<()> {
        self.nodes[index].take().context("it is dead already")?.kill()
    }

    /// Starts again what is dead.
    ///
    /// # Errors
    /// It does not start.
    pub async fn revive(&mut self) -> Result<()> {
        for (node, launch) in self.nodes.iter_mut().zip(&self.launches) {
            if node.is_none() {
                *node = Some(launch.start().await.context("the restart")?);
            }
        }
        Ok(())
    }

    /// Lets terminals buy on `count` connections each, spread over both nodes.
    ///
    /// # Errors
    /// One cannot connect or sign in.
    pub async fn trade(&self, indexes: &[usize], count: usize) -> Result<Vec<Lanes>> {
        let gates = self.gates()?;
        let mut all = Vec::new();
        for index in indexes {
            let mut identity = self.terminal(*index)?.identity.clone();
            identity.trace_first = self.traces[*index];
            let lanes = Lanes::start_over(&gates, &identity, count);
            all.push(lanes.await.with_context(|| identity.terminal_id.clone())?);
        }
        Ok(all)
    }

    /// Ends the lanes, whatever has become of the nodes.
    ///
    /// # Errors
    /// A lane ended badly.
    pub async fn end(&mut self, all: Vec<Lanes>) -> Result<Vec<Traded>> {
        let mut ended = Vec::new();
        for lanes in all {
            let traded = Traded::end(lanes).await?;
            let place = self
                .terminals
                .iter()
                .position(|one| one.id() == traded.terminal_id);
            if let Some(trace) = place.and_then(|index| self.traces.get_mut(index)) {
                *trace = traded.log.next_trace;
            }
            ended.push(traded);
        }
        Ok(ended)
    }

    /// Waits until both nodes serve and nothing is under way on either or owed by both.
    ///
    /// # Errors
    /// One has ended by itself, or they do not come to rest.
    pub async fn at_rest(&mut self) -> Result<[Api; 2]> {
        for node in self.nodes.iter_mut().flatten() {
            node.check_alive()?;
        }
        let apis = until("both nodes to serve", async || {
            Ok(self.apis_as("risk").await.ok())
        })
        .await
        .with_context(|| self.said())?;
        for api in &apis {
            Books::settled(api).await.with_context(|| self.said())?;
        }
        Ok(apis)
    }

    /// What must be true as soon as everything is well again: both nodes come to rest, and know every report. Unanswered
    /// purchases of terminals that were not reported are reversed by them.
    ///
    /// # Errors
    /// Something does not come to rest.
    pub async fn mended(&mut self, traded: &mut [Traded]) -> Result<Vec<String>> {
        self.at_rest().await?;
        let gates = self.gates()?;
        let mut found = Vec::new();
        for (index, one) in traded.iter_mut().enumerate() {
            if self.report_of(one).is_none() {
                found.extend(one.reverse_unanswered(gates[index % 2]).await?);
            }
        }
        for api in &self.at_rest().await? {
            found.extend(Acknowledged::missing(&self.acknowledged, api).await?);
        }
        Ok(found)
    }

    /// What must be true in the end, as both nodes tell it; [`Pair::mended`] comes first. A request that nobody waits for
    /// any more may take a minute to be decided.
    ///
    /// # Errors
    /// Something is never decided.
    pub async fn violations(&mut self, traded: &[Traded]) -> Result<Vec<String>> {
        for (index, one) in traded.iter().enumerate() {
            one.decided(&self.node(index % 2)?.api_as("risk").await?).await?;
        }
        // What was decided last may owe a reversal.
        let apis = self.at_rest().await?;
        let mut found = Vec::new();
        for (index, one) in traded.iter().enumerate() {
            let reported = self.report_of(one);
            found.extend(one.violations(&apis[index % 2], &self.outside, reported).await?);
        }
        Ok(found)
    }

    fn report_of(&self, traded: &Traded) -> Option<&Acknowledged> {
        let mut reports = self.acknowledged.iter();
        reports.find(|report| report.terminal_id == traded.terminal_id)
    }

    /// What both nodes said last.
    pub fn said(&self) -> String {
        let nodes = NAMES.iter().zip(&self.nodes);
        let said = nodes.filter_map(|(name, node)| Some(format!("{name}:\n{}", node.as_ref()?.said())));
        said.collect::<Vec<_>>().join("\n")
    }
}
