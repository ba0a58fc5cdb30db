//! What the benchmarks of the gate and of the report measure: a node, a simulated host, an estate, in this process.
//!
//! Invariant: the node is the one of `serve`; only its host and its terminals are simulated.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use app::estate::Estate as Kept;
use domain::account::{Account, Proof, Role, Scope};
use domain::merchant::Merchant;
use domain::operator::{Number, Operator};
use domain::setting::Watch;
use domain::shop::Shop;
use domain::terminal::{BoundElements, Control, SettlementAccount, Status, Terminal};
use domain::{Actor, MerchantId, TerminalId};
use simulator::host::{FaultControl, Host, HostConfig as SimulatedHost, ZoneKey};
use simulator::issuer::Issuer;
use simulator::terminal::TerminalIdentity;
use simulator::terminal::wire::Session;
use zeroize::Zeroizing;

use super::off_runtime;
use node::Node;
use node::seal::{Purpose, Source, random};
use server::connector::host::{HostConfig, HostProfile};
use server::connector::identity::Identities;
use server::connector::provider::Providers;
use server::gate::Limits;
use server::run::{self, Anchors, GateConfig, GateFrom, Running};
use server::serve;

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Who reports losses.
pub const LOGIN: &str = "bench";
/// The one merchant.
pub const MERCHANT_ID: &[u8] = b"104520157120001";
const SHOP_ID: &str = "B01";
/// Identifiers of terminals count from here.
pub const FIRST_TERMINAL: u32 = 10_000_000;

/// A node, its host, and the terminals that may trade at it.
pub struct Rig {
    /// The node.
    pub node: Arc<Node>,
    /// The node's addresses.
    pub running: Running,
    /// Where its gate is.
    pub gate_addr: SocketAddr,
    /// The simulated host.
    pub host: Host,
    /// Its database, where it has one.
    pub database: Option<Database>,
    /// The terminals.
    pub identities: Vec<TerminalIdentity>,
    /// The password of [`LOGIN`].
    pub password: String,
    mac_key: [u8; 16],
    pin_key: [u8; 16],
}

/// A PostgreSQL database of the run's own, dropped at the end.
pub struct Database {
    server: String,
    name: String,
    /// Its address.
    pub url: String,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// Makes one on the server that the address names.
    pub async fn create(server: &str) -> anyhow::Result<Self> {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("tillguard_bench_{}_{number}", std::process::id());
        let (its_server, its_name) = (server.to_owned(), name.clone());
        let create = move || store::floor::postgres::create_database(&its_server, &its_name);
        Ok(Self {
            server: server.to_owned(),
            name,
            url: off_runtime(create).await?,
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || store::floor::postgres::drop_database(&server, &name));
        if !matches!(dropping.join(), Ok(Ok(()))) {
            tracing::warn!(database = self.name, "it could not be dropped");
        }
    }
}

/// A database, where a server was named.
pub async fn database(server: Option<&str>) -> anyhow::Result<Option<Database>> {
    match server {
        Some(server) => Database::create(server).await.map(Some),
        None => Ok(None),
    }
}

/// Opens a store.
pub async fn open(data: &Path, database: Option<&Database>) -> anyhow::Result<Arc<Node>> {
    let place = run::Place {
        data,
        database: database.map(|database| database.url.as_str()),
        keys: Source::File(data.join("data.key")),
    };
    serve::open(&place, "bench").await
}

impl Rig {
    /// Starts everything, in a data folder that has nothing in it yet, and on a database server where one is named.
    pub async fn start(data: &Path, server: Option<&str>, terminals: u32) -> anyhow::Result<Self> {
        let database = self::database(server).await?;
        let node = open(data, database.as_ref()).await?;
        let password: String = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let identities = fill(&node, terminals, &password).await?;
        let (mac_key, pin_key) = (random::<16>()?, random::<16>()?);
        let simulated = SimulatedHost {
            listen: LOOPBACK,
            mac_key: ZoneKey(mac_key),
            pin_key: ZoneKey(pin_key),
            issuer: Issuer::new(),
            faults: FaultControl::default(),
        };
        let host = Host::start(simulated).await?;
        let config = run::Config {
            api_listen: LOOPBACK,
            secure_cookie: false,
            tls: None,
            hotline: None,
            demo: None,
            trusted_proxies: Vec::new(),
            gate: Some(GateConfig {
                listen: LOOPBACK,
                host: HostConfig {
                    address: host.addr(),
                    mac_key: Zeroizing::new(mac_key.to_vec()),
                    pin_key: Zeroizing::new(pin_key.to_vec()),
                    answer_time_max: Duration::from_secs(15),
                    profile: HostProfile::UNIONPAY,
                },
                acquirer_code: "48273050".into(),
                limits: Limits::default(),
            }),
            gate_from: GateFrom::Flags,
            providers: Providers::default(),
            identities: Identities::default(),
            anchors: Anchors::default(),
            documents: None,
            scan: None,
            data: data.to_owned(),
        };
        let running = run::start(node.clone(), config).await?;
        Ok(Self {
            node,
            gate_addr: running.gate_addr.context("no gate")?,
            running,
            host,
            database,
            identities,
            password,
            mac_key,
            pin_key,
        })
    }

    /// A session with which a load can ask the host itself, in a batch that no terminal is in.
    pub fn host_session(&self) -> anyhow::Result<Session> {
        Ok(Session::new(999_999, &self.pin_key, &self.mac_key)?)
    }

    /// Has terminals watched, or not, as the house's administrator does.
    pub async fn watch(&self, watch: Watch) -> anyhow::Result<()> {
        let mut account = account();
        account.proof.is_fresh = true;
        let changes = app::setting::Changes {
            watch: Some(watch),
            ..Default::default()
        };
        let change = move |tx: &store::Tx<'_>| app::setting::change(tx, &Actor::Person(account), changes);
        self.node.write(change).await?;
        Ok(())
    }

    /// Ends everything.
    pub async fn stop(self) {
        self.running.stop().await;
        self.host.shutdown().await;
    }
}

/// Fills the store with one merchant, one shop, one operator, one account and so many terminals.
pub async fn fill(node: &Node, terminals: u32, password: &str) -> anyhow::Result<Vec<TerminalIdentity>> {
    let merchant_id = MerchantId::parse(MERCHANT_ID).context("merchant_id")?;
    let operator = Operator {
        shop_id: SHOP_ID.into(),
        operator: Number::parse("001").context("operator")?,
        name: String::new(),
        state: domain::operator::State::Active,
    };
    let mut kept = Kept {
        merchants: vec![Merchant {
            merchant_id,
            name: "基准".into(),
            name_en: "Benchmark".into(),
            trade: "none".into(),
            unified_social_credit_code: String::new(),
            state: domain::merchant::State::Active,
        }],
        shops: vec![Shop {
            shop_id: SHOP_ID.into(),
            merchant_id,
            name: "基准".into(),
            address: String::new(),
            state: domain::shop::State::Active,
        }],
        operators: vec![(operator, app::password::hash("135790", &random()?)?)],
        accounts: vec![(account(), app::password::hash(password, &random()?)?)],
        ..Kept::default()
    };
    let mut identities = Vec::with_capacity(terminals as usize);
    for number in 0..terminals {
        let terminal_id = (FIRST_TERMINAL + number).to_string();
        let master_key = random::<16>()?;
        let sealed = node.sealer.seal(Purpose::MasterKey, &terminal_id, &master_key)?;
        kept.terminals
            .push((terminal(&terminal_id, merchant_id)?, sealed));
        identities.push(TerminalIdentity::new(
            &terminal_id,
            merchant_id.as_str(),
            master_key,
            "001",
        ));
    }
    node.write(move |tx| app::estate::fill(tx, &kept)).await?;
    Ok(identities)
}

fn account() -> Account {
    Account {
        login: LOGIN.into(),
        name: LOGIN.into(),
        role: Role::RiskOfficer,
        scope: Scope::All,
        custom_role: None,
        proof: Proof::default(),
    }
}

pub(super) fn terminal(terminal_id: &str, merchant_code: MerchantId) -> anyhow::Result<Terminal> {
    Ok(Terminal {
        terminal_id: TerminalId::parse(terminal_id.as_bytes()).context("terminal_id")?,
        serial: format!("B{terminal_id}"),
        model: "benchmark".into(),
        name: terminal_id.into(),
        shop_id: SHOP_ID.into(),
        bound: BoundElements {
            acquirer_code: "48273050".into(),
            merchant_code,
            unified_social_credit_code: String::new(),
            settlement_account: SettlementAccount {
                sealed: Vec::new(),
                last4: "0000".into(),
            },
            placement_address: String::new(),
        },
        status: Status::Active,
        control: Control::Gate,
        at_provider: None,
        language: "zh-CN".into(),
        time_zone: "Asia/Shanghai".into(),
        about: domain::terminal::About::default(),
        key_check: None,
    })
}
