//! Starting and stopping a node: store, recovery, host, gate, API, in that order; and back.
//!
//! Invariant: no door opens before what the last run left is decided, and none closes on a request under way.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
pub use api::Demo;
pub use api::setting::GateFrom;
use api::setup::SetUpToken;
use store::node::Incarnation;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch::{Sender, channel};
use tokio::task::JoinSet;

use crate::connector::documents;
use crate::connector::host::{AcquirerHost, HostConfig, probe};
use crate::connector::identity::Identities;
use crate::connector::mail;
use crate::connector::provider::Providers;
use crate::connector::scan;
use crate::connector::timestamp;
use crate::gate::{Gate, Limits};
use crate::http::proxy::{Cidr, Proxies};
use crate::http::tls::Tls;
pub use crate::work::{Anchors, Folder};
use crate::{assets, http, watch, work};
use node::{Node, now, seal, told};

/// How to run a node.
pub struct Config {
    /// Where the console and the API listen.
    pub api_listen: SocketAddr,
    /// Whether browsers reach the console by HTTPS only (a proxy in front): then its cookie is marked `Secure`.
    pub secure_cookie: bool,
    /// The node's own TLS; `None`: unencrypted, for this machine or a proxy in front.
    pub tls: Option<Tls>,
    /// The number that people are told to call.
    pub hotline: Option<String>,
    /// Where the walk through a demo begins; `None` in a real house.
    pub demo: Option<Demo>,
    /// Proxies that are believed when they say whom they speak for.
    pub trusted_proxies: Vec<Cidr>,
    /// The gate, where the node has one.
    pub gate: Option<GateConfig>,
    /// Whence it has it.
    pub gate_from: GateFrom,
    /// Where providers are asked.
    pub providers: Providers,
    /// Where it is asked whether a name and a number belong together.
    pub identities: Identities,
    /// Where the audit log's checkpoints are kept besides.
    pub anchors: Anchors,
    /// The program that sets documents; `None`: the one beside this one.
    pub documents: Option<PathBuf>,
    /// The program that looks for viruses in files that people bring; `None`: nobody looks.
    pub scan: Option<PathBuf>,
    /// The folder that remembers which start of the node was the last.
    pub data: PathBuf,
}

/// How to run a gate.
pub struct GateConfig {
    /// Where terminals connect.
    pub listen: SocketAddr,
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
    /// Where terminals connect, when there is a gate.
    pub gate_addr: Option<SocketAddr>,
    /// What opens the set-up of a house that nobody had set up when the node started.
    pub set_up_token: Option<SetUpToken>,
    stop: Sender<bool>,
    tasks: JoinSet<()>,
}

/// How long a stop waits for what is under way.
const STOP_TIME_MAX: Duration = Duration::from_secs(60);

/// Where a node keeps what it keeps.
pub struct Place<'a> {
    /// Its own folder: the embedded store, its lock, and the data key where nobody says where else it is.
    pub data: &'a Path,
    /// A PostgreSQL database it shares with other nodes, instead of the embedded store.
    pub database: Option<&'a str>,
    /// The keys that seal what is secret at rest; nodes on one database have the same.
    pub keys: seal::Source,
}

/// Opens the store.
pub fn open(place: &Place<'_>, name: &str) -> anyhow::Result<Arc<Node>> {
    let data = place.data;
    make_private(data)?;
    let store = match place.database {
        Some(url) => store::Store::connect(url, Arc::new(now))?,
        None => store::Store::open(&data.join("store.db"), Arc::new(now))?,
    };
    let sealer = seal::keep(&store, &place.keys, name)?;
    Ok(Node::new(name.to_owned(), store, sealer)?)
}

/// Makes the folder where it is missing. The store in it holds what a shop would not tell its neighbours: nobody but the owner
/// looks in.
pub fn make_private(data: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(data)
        .with_context(|| format!("the data directory {} cannot be made", data.display()))?;
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700))
        .with_context(|| format!("the data directory {} cannot be closed to others", data.display()))
}

/// Starts a node on an open store.
pub async fn start(node: Arc<Node>, config: Config) -> anyhow::Result<Running> {
    let last_start = LastStart::open(&config.data, &node.name)?;
    let who = node::presence::join(&node, last_start.incarnation()).await?;
    last_start.write(&who)?;
    work::recovery::run(&node).await?;
    let (stop, stopped) = channel(false);
    let mut tasks = JoinSet::new();

    let gate = match config.gate {
        Some(config) => Some(OpenGate::new(&node, config).await?),
        None => None,
    };
    let api_listener = listen(config.api_listen).await?;
    let api_addr = api_listener.local_addr()?;
    let gate_addr = gate.as_ref().map(|gate| gate.listener.local_addr()).transpose()?;
    let set_up_token = match node.is_set_up().await? {
        true => None,
        false => Some(SetUpToken::random()?),
    };

    // The host and the work outlive the gate, so that what the gate still answers has its host.
    let (stop_last, stopped_last) = channel(false);
    let providers = config.providers.for_people();
    let stamper = config.anchors.authority.clone().map(timestamp::stamper);
    let outside = work::Outside {
        host: gate.as_ref().map(|gate| gate.host.clone()),
        providers: config.providers,
        identities: config.identities,
        anchors: config.anchors,
    };
    let mut last = JoinSet::new();
    if let Some(gate) = &gate {
        last.spawn(gate.host.clone().run(gate.host_address, stopped_last.clone()));
    }
    last.spawn(work::run(node.clone(), outside, stopped_last.clone()));
    last.spawn(watch::run(node.clone(), stopped_last.clone()));
    let attempts = Arc::new(api::Attempts::new(node.sealer.clone()));
    last.spawn(attempts.clone().run(node.clone(), stopped_last.clone()));
    last.spawn(node::presence::run(node.clone(), stopped_last));
    let mut gate_stopped = stopped.clone();
    tasks.spawn(async move {
        match gate {
            Some(open) => open.gate.serve(open.listener, gate_stopped).await,
            None => told(&mut gate_stopped).await,
        }
        stop_last.send_replace(true);
        while last.join_next().await.is_some() {}
        drop(last_start);
    });
    let settings = api::Settings {
        attempts,
        secure_cookie: config.secure_cookie,
        hotline: config.hotline,
        demo: config.demo,
        set_up_token: set_up_token.clone(),
        gate: config.gate_from,
        probe,
        post: mail::post(),
        providers,
        documents: documents::renderer(config.documents),
        scanner: config.scan.map(scan::scanner),
        stamper,
        spool: config.data.clone(),
        key_check: |key| iso8583::keys::check_value(key).ok(),
        stopping: stopped.clone(),
    };
    let router = api::router(node.clone(), settings, assets::serve);
    if let Some(tls) = config.tls.clone() {
        tasks.spawn(tls.keep_fresh(stopped.clone()));
    }
    let around = (Proxies::new(config.trusted_proxies), config.tls);
    tasks.spawn(http::serve(api_listener, router, around, stopped));
    Ok(Running {
        api_addr,
        gate_addr,
        set_up_token,
        stop,
        tasks,
    })
}

/// A gate that listens and takes nothing yet.
struct OpenGate {
    gate: Arc<Gate>,
    listener: TcpListener,
    host: Arc<AcquirerHost>,
    host_address: SocketAddr,
}

impl OpenGate {
    async fn new(node: &Arc<Node>, config: GateConfig) -> anyhow::Result<Self> {
        let host = AcquirerHost::new(node.clone(), &config.host)?;
        Ok(Self {
            listener: listen(config.listen).await?,
            gate: Gate::new(node.clone(), host.clone(), config.limits, config.acquirer_code),
            host,
            host_address: config.host.address,
        })
    }
}

/// Which start of a node was the last, in a file under a lock that says whether it still runs.
///
/// Invariant: whoever holds the lock knows that the incarnation in the file runs no more.
struct LastStart {
    path: PathBuf,
    file: File,
    node: String,
}

impl LastStart {
    fn open(data: &Path, node: &str) -> anyhow::Result<Self> {
        let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        anyhow::ensure!(
            !node.is_empty() && node.len() <= 64 && node.chars().all(safe),
            "a node's name has 1 to 64 letters, digits, dots, dashes and underscores"
        );
        let path = data.join(format!("{node}.node"));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("{} cannot be opened", path.display()))?;
        file.try_lock()
            .with_context(|| format!("the node {node} runs already in {}", data.display()))?;
        let node = node.to_owned();
        Ok(Self { path, file, node })
    }

    /// The last start, if there was one.
    fn incarnation(&self) -> Option<Incarnation> {
        let text = std::fs::read_to_string(&self.path).ok()?;
        Some(Incarnation {
            node: self.node.clone(),
            incarnation: text.trim().parse().ok()?,
        })
    }

    fn write(&self, who: &Incarnation) -> anyhow::Result<()> {
        let written = self
            .file
            .set_len(0)
            .and_then(|()| (&self.file).write_all(who.incarnation.to_string().as_bytes()))
            .and_then(|()| self.file.sync_all());
        written.with_context(|| format!("{} cannot be written", self.path.display()))
    }
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

/// Hears from now on when it is told to end: Ctrl-C, or the system's request. Before, that kills. The future it answers waits for it.
///
/// # Errors
/// The system does not let it hear.
pub fn hear_the_end() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
