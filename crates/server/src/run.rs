//! Starting and stopping a node: store, recovery, host, gate, API, in that order; and back.
//!
//! Invariant: no door opens before what the last run left is decided, and none closes on a request under way.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connector::host::{AcquirerHost, HostConfig};
use crate::gate::{Gate, Limits};
use crate::node::{Node, now};
use crate::seal::Sealer;
use crate::work;

/// How to run a node.
pub struct Config {
    /// Where the console and the API listen.
    pub api_listen: SocketAddr,
    /// Whether browsers reach the console by HTTPS only (a proxy in front): then its cookie is marked `Secure`.
    pub secure_cookie: bool,
    /// Where terminals connect.
    pub gate_listen: SocketAddr,
    /// The acquirer host.
    pub host: HostConfig,
    /// Field 32 of the gate's own answers.
    pub acquirer_code: String,
    /// What bounds the gate.
    pub limits: Limits,
}

/// A running node.
pub struct Running {
    /// Where the console and the API listen.
    pub api_addr: SocketAddr,
    /// Where terminals connect.
    pub gate_addr: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// How long a stop waits for what is under way.
const STOP_TIME_MAX: Duration = Duration::from_secs(60);

/// Opens the store in the data directory.
pub fn open(data: &Path, name: &str) -> anyhow::Result<Arc<Node>> {
    std::fs::create_dir_all(data)
        .with_context(|| format!("the data directory {} cannot be made", data.display()))?;
    // The store holds what a shop would not tell its neighbours: nobody but the owner looks in.
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700))
        .with_context(|| format!("the data directory {} cannot be closed to others", data.display()))?;
    let sealer = Sealer::from_file(&data.join("data.key"))?;
    let store = store::Store::open(&data.join("store.db"), Arc::new(now))?;
    Ok(Node::new(name.to_owned(), store, sealer))
}

/// Starts a node on an open store.
pub async fn start(node: Arc<Node>, config: Config) -> anyhow::Result<Running> {
    work::recovery::run(&node).await?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();

    let host = AcquirerHost::new(node.clone(), &config.host)?;
    let gate_listener = listen(config.gate_listen).await?;
    let api_listener = listen(config.api_listen).await?;
    let (gate_addr, api_addr) = (gate_listener.local_addr()?, api_listener.local_addr()?);

    // The host and the reversals outlive the gate, so that what the gate still answers has its host.
    let (stop_last, stopped_last) = watch::channel(false);
    let host_task = tokio::spawn(host.clone().run(config.host.address, stopped_last.clone()));
    let reversal_task = tokio::spawn(work::reversal::run(node.clone(), host.clone(), stopped_last));
    let gate = Gate::new(node.clone(), host, config.limits, config.acquirer_code);
    let gate_stopped = stopped.clone();
    tasks.spawn(async move {
        gate.serve(gate_listener, gate_stopped).await;
        stop_last.send_replace(true);
        let _ = tokio::join!(host_task, reversal_task);
    });
    let settings = crate::api::Settings {
        secure_cookie: config.secure_cookie,
        stopping: stopped.clone(),
    };
    let router = crate::api::router(node.clone(), settings);
    tasks.spawn(crate::http::serve(api_listener, router, stopped));
    Ok(Running {
        api_addr,
        gate_addr,
        stop,
        tasks,
    })
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

impl Running {
    /// Stops taking requests, answers those under way, and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIME_MAX, all).await.is_err() {
            tracing::warn!("stopped with work under way; it is decided at the next start");
        }
    }
}

/// Waits for Ctrl-C or the system's request to end.
pub async fn until_told() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
