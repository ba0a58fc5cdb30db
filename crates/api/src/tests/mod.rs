//! The API against a real store and a small estate, without a socket.

mod account;
mod api_key;
mod attachment;
mod audit;
mod comment;
mod common_point;
mod contact;
mod documents;
mod duty;
mod emergency;
mod estate;
mod everyone;
mod factor;
mod found;
mod import;
mod incident;
mod input;
mod letter;
mod model;
mod opening_hours;
mod pack;
mod personal;
mod photo;
mod playbook;
mod provider_account;
mod recorded;
mod registration;
mod replacement;
mod report;
mod rule_set;
mod session;
mod setting;
mod settlement_hold;
mod setup;
mod statement;
mod stop_request;
mod stream;
mod suspect;
mod suspicious_report;
mod template;
mod terminal;
mod transaction;
mod walk;
mod work;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use app::estate::Estate;
use app::transaction::{Admitted, Attempt};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::IntoResponse;
use domain::account::{Account, Proof, Role, Scope};
use domain::factor::Factor;
use domain::merchant::Merchant;
use domain::money::Currency;
use domain::operator::Operator;
use domain::session::Session;
use domain::shop::Shop;
use domain::terminal::{BoundElements, Control, SettlementAccount, Status, Terminal};
use domain::transaction::{BatchTrace, Decision, Entry, HostOutcome, Kind, LedgerRow, ResponseCode, Verdict};
use domain::work::{Id, Policy};
use domain::{MaskedPan, MerchantId, Money, TerminalId, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

use super::{Api, Settings, serving};
use crate::auth::Token;
use crate::setup::SetUpToken;
use node::seal::Sealer;
use node::{Node, now};

/// The owner's, in shops S01, S01 and S02; the stranger's in S09.
const TERMINALS: [(&str, &str); 4] = [
    ("10450001", "S01"),
    ("10450002", "S01"),
    ("10450003", "S02"),
    ("10450009", "S09"),
];
const OURS: &str = "104520157120001";
const THEIRS: &str = "104520157120002";
/// The password of every account and operator; hashed once, because that is slow on purpose.
const PASSWORD: &str = "246810";
static HASH: LazyLock<String> = LazyLock::new(|| app::password::hash(PASSWORD, &[7; 16]).unwrap());

/// A node with its API, in a folder of its own.
struct House {
    api: Router,
    state: Arc<Api>,
    node: Arc<Node>,
    stop: watch::Sender<bool>,
    folder: PathBuf,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    /// Checks that it is a whole problem of that status and code.
    #[track_caller]
    fn problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!(
            (self.status.as_u16(), self.code()),
            (status, code),
            "{}",
            self.body
        );
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        for field in ["type", "title", "detail", "reference"] {
            assert!(
                self.body[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field} in {}",
                self.body
            );
        }
        assert_eq!(self.body["status"], status);
        self
    }

    #[track_caller]
    fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl House {
    async fn new() -> Self {
        Self::with_clock(now).await
    }

    /// One whose store reads the time there.
    async fn with_clock(clock: fn() -> Timestamp) -> Self {
        let house = Self::start(clock, None).await;
        let estate = estate();
        let fill = move |tx: &store::Tx<'_>| app::estate::fill(tx, &estate);
        house.node.write(fill).await.unwrap();
        house
    }

    /// One that nobody has set up.
    async fn empty(token: SetUpToken) -> Self {
        Self::start(now, Some(token)).await
    }

    async fn start(clock: fn() -> Timestamp, set_up_token: Option<SetUpToken>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tillguard-api-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = store::Store::open(&folder.join("store.db"), Arc::new(clock)).unwrap();
        let node = Node::new("node-1".into(), store, Sealer::new(&[7; 32])).unwrap();
        node::presence::join(&node, None).await.unwrap();
        let (stop, stopping) = watch::channel(false);
        let state = Api::new(
            node.clone(),
            Settings {
                attempts: Arc::new(crate::Attempts::new(node.sealer.clone())),
                secure_cookie: false,
                hotline: Some("400-000-0117".into()),
                demo: None,
                set_up_token,
                gate: crate::setting::GateFrom::Off,
                key_check: |key| iso8583::keys::check_value(key).ok(),
                probe: |_| Box::pin(async { crate::setting::Reached::Kept }),
                providers: crate::provider_account::Providers {
                    wrong: |account, key| match &account.address {
                        Some(address) if address != "https://test.example" => Some("address"),
                        _ => key.contains(' ').then_some("key"),
                    },
                    test: Arc::new(|_, key| {
                        Box::pin(async move {
                            match key.starts_with("rk_") {
                                true => (crate::provider_account::Ready::Ready, None),
                                false => (crate::provider_account::Ready::Refused, Some("No.".to_owned())),
                            }
                        })
                    }),
                },
                post: crate::setting::Post {
                    is_server: |address| address.starts_with("smtp"),
                    is_sender: |sender| sender.contains('@'),
                    test: |address| {
                        Box::pin(async move {
                            match address.contains("127.0.0.1") {
                                true => (crate::setting::Ready::Ready, None),
                                false => (crate::setting::Ready::Refused, Some("AUTH: 535".into())),
                            }
                        })
                    },
                },
                documents: documents(),
                scanner: Some(scanner()),
                stamper: None,
                spool: folder.clone(),
                stopping,
            },
        );
        Self {
            api: serving(state.clone(), |_, _, _| StatusCode::NOT_FOUND.into_response()),
            state,
            node,
            stop,
            folder,
        }
    }

    /// A contact of that merchant.
    async fn contact(&self, token: &str, merchant_id: &str) -> String {
        let body =
            json!({ "merchant_id": merchant_id, "kind": "police", "name": "城南派出所", "hotline": "110" });
        let contact = self.post(token, "/api/v1/contacts", body).await.ok();
        contact["id"].as_str().unwrap().to_owned()
    }

    /// An invitation to run our shop S01.
    async fn invite(&self, token: &str) -> String {
        let body = json!({ "name": "店长", "role": "manager", "shop_id": "S01" });
        let invitation = self.post(token, "/api/v1/invitations", body).await.ok();
        invitation["id"].as_str().unwrap().to_owned()
    }

    /// Work that the node tried once and cannot do.
    async fn stuck(&self, id: Id) -> String {
        let (enqueued, who) = (id.clone(), self.node.here().unwrap());
        let policy = Policy {
            tries_max: Some(1),
            ..id.kind().policy()
        };
        let stick = move |tx: &store::Tx<'_>| {
            app::work::enqueue(tx, enqueued.clone(), tx.now())?;
            let claimed = app::work::claim(tx, enqueued.kind(), &policy, &who, 1)?;
            app::work::postpone(tx, &policy, &claimed[0], "the host did not answer", 0)
        };
        self.node.write(stick).await.unwrap();
        id.as_str().to_owned()
    }

    /// A payment that a terminal asked for now, and was refused; how marks name it.
    async fn refused(&self, terminal: &str) -> String {
        let id = terminal_id(terminal);
        let write = move |tx: &store::Tx<'_>| {
            let place = store::ledger::next_place(tx, id)?;
            let row = LedgerRow {
                decision: Some(Decision::Declined),
                amount: Some(Money {
                    minor: 100,
                    currency: Currency::CNY,
                }),
                ..LedgerRow::bare(id, place.sequence, place.at, Entry::Request(Kind::Purchase))
            };
            store::ledger::append(tx, &row)?;
            Ok::<_, store::Error>(place.sequence)
        };
        format!("L{}", self.node.write(write).await.unwrap())
    }

    /// A question about terminal 10450001 that nobody has answered.
    async fn question(&self) -> String {
        let reasons = [screening::Reason {
            code: screening::Code::RefundWithoutSale,
            points: 350,
            values: vec![screening::Value::Money {
                minor: 320_000,
                currency: 156,
            }],
        }];
        let ask = move |tx: &store::Tx<'_>| {
            let question = domain::question::Question {
                question_id: "QUEST001".into(),
                merchant_id: domain::MerchantId::parse(OURS.as_bytes()).unwrap(),
                terminal_id: TerminalId::parse(b"10450001").unwrap(),
                state: domain::question::State::Asked,
                score: 640,
                reasons: screening::Reason::written(&reasons),
                asked_at: tx.now(),
                answered_by: None,
                answered_at: None,
                passed_on_at: None,
                held_at: None,
                incident_id: None,
            };
            store::row::insert(tx, &question)
        };
        self.node.write(ask).await.unwrap();
        "QUEST001".to_owned()
    }

    /// Runs statements as somebody does who has the database itself.
    fn behind_our_back(&self, statements: &str) {
        let store = rusqlite::Connection::open(self.folder.join("store.db")).unwrap();
        store.execute_batch(statements).unwrap();
    }

    /// A session of that account, without the slow log-in.
    async fn token(&self, login: &'static str) -> String {
        self.token_of(login.to_owned()).await
    }

    /// The same.
    async fn token_of(&self, login: String) -> String {
        let token = Token::random().unwrap();
        let digest = token.digest();
        let expires_at = now().plus_ms(600_000);
        let insert = move |tx: &store::Tx<'_>| {
            let session = Session::new(&digest, &login, tx.now(), expires_at);
            store::session::insert(tx, &session)
        };
        self.node.write(insert).await.unwrap();
        token.to_string()
    }

    /// Another of the house's own people.
    async fn officer(&self, login: &'static str, role: Role) {
        let insert = move |tx: &store::Tx<'_>| {
            let account = Account {
                login: login.into(),
                name: format!("name of {login}"),
                role,
                scope: Scope::All,
                custom_role: None,
                proof: domain::account::Proof::default(),
            };
            store::account::insert(tx, &account, &HASH)
        };
        self.node.write(insert).await.unwrap();
    }

    /// Another session of that account, by its name.
    async fn another_session(&self, login: &'static str) -> String {
        let insert = move |tx: &store::Tx<'_>| {
            let session = Session::new(b"another", login, tx.now(), tx.now().plus_ms(600_000));
            let session_id = "SESSION2".to_owned();
            store::session::insert(
                tx,
                &Session {
                    session_id,
                    ..session
                },
            )
        };
        self.node.write(insert).await.unwrap();
        "SESSION2".to_owned()
    }

    /// A second factor of that account, which nobody has.
    async fn factor(&self, login: &'static str) -> String {
        let insert = move |tx: &store::Tx<'_>| {
            let factor = Factor {
                factor_id: "FACTOR01".into(),
                login: login.into(),
                kind: domain::factor::Kind::Totp,
                name: "phone".into(),
                rp_id: None,
                secret_sealed: vec![1],
                last_step: None,
                since: tx.now(),
                used_at: None,
            };
            store::row::insert(tx, &factor)
        };
        self.node.write(insert).await.unwrap();
        "FACTOR01".to_owned()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        read(self.api.clone().oneshot(request).await.unwrap()).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(request(Method::GET, path, token, None)).await
    }

    /// The body of an answer that is no JSON.
    async fn text(&self, token: &str, path: &str) -> String {
        let answer = self.api.clone().oneshot(request(Method::GET, path, token, None));
        let body = to_bytes(answer.await.unwrap().into_body(), 1 << 20)
            .await
            .unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// Posts as anybody, from an address.
    async fn post_from(&self, address: [u8; 4], path: &str, body: Value) -> Answer {
        let mut asked = request(Method::POST, path, "", Some(body));
        let origin = crate::Origin::new(address.into(), Arc::default());
        asked.extensions_mut().insert(origin);
        self.send(asked).await
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, token, Some(body))).await
    }

    /// Posts with an `Idempotency-Key`.
    async fn post_once(&self, token: &str, key: &str, path: &str, body: Value) -> Answer {
        let mut request = request(Method::POST, path, token, Some(body));
        request
            .headers_mut()
            .insert("Idempotency-Key", key.parse().unwrap());
        self.send(request).await
    }

    /// Reports a terminal lost and answers the incident's identifier.
    async fn lose(&self, token: &str, terminal: &str) -> String {
        let reported = self
            .post(token, "/api/v1/incidents", json!({ "terminal_id": terminal }))
            .await
            .ok();
        reported["id"].as_str().unwrap().to_owned()
    }

    /// A purchase of ¥20.00 by a terminal that is signed in, up to the host. Rings the bell like the gate does.
    async fn ask(&self, terminal: &'static str, trace: u32) -> Admitted {
        let attempt = purchase(terminal, trace);
        let node = self.node.name.clone();
        let admitted = self
            .node
            .write(move |tx| app::transaction::authorise(tx, &attempt, &node))
            .await
            .unwrap();
        if let Admitted::Answer(answer) = &admitted {
            self.node.changed(answer.incident_id.clone());
        }
        admitted
    }

    /// A purchase that the host approves.
    async fn sell(&self, terminal: &'static str, trace: u32) {
        let Admitted::Forward { sequence } = self.ask(terminal, trace).await else {
            panic!("not forwarded")
        };
        let host = HostOutcome::Answered {
            response_code: ResponseCode::APPROVED,
            verdict: Verdict::Approved,
            amount_minor: None,
            retrieval_reference: Some("000000000001".into()),
            approval_code: Some("123456".into()),
        };
        let release = move |tx: &store::Tx<'_>| {
            app::transaction::release(tx, terminal_id(terminal), sequence, &host, None)
        };
        assert!(
            self.node
                .write(release)
                .await
                .unwrap()
                .unwrap()
                .response_code
                .is_approved()
        );
    }
}

async fn read(response: axum::response::Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 4 << 20).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

fn request(method: Method, path: &str, token: &str, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "pos.example");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    match body {
        None => request.body(Body::empty()).unwrap(),
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap(),
    }
}

fn terminal_id(text: &str) -> TerminalId {
    TerminalId::parse(text.as_bytes()).unwrap()
}

fn merchant_id(text: &str) -> MerchantId {
    MerchantId::parse(text.as_bytes()).unwrap()
}

fn purchase(terminal: &str, trace: u32) -> Attempt {
    Attempt {
        terminal_id: terminal_id(terminal),
        merchant_id: merchant_id(OURS),
        kind: Kind::Purchase,
        name: BatchTrace { batch: 1, trace },
        original: None,
        retrieval_reference: None,
        approval_code: None,
        flaw: None,
        amount: Some(Money::new(2000, Currency::CNY).unwrap()),
        card: MaskedPan::parse("622424******0113"),
        entry_mode: Some(domain::transaction::EntryMode::Chip),
        reversal_sealed: None,
        undo_sealed: None,
        peer: "192.0.2.7:4021".into(),
        mac_verified: true,
        keys: None,
        received_at: now(),
    }
}

/// Signs an operator in, so that the terminal may sell.
async fn sign_in(house: &House, terminal: &'static str) {
    let session = store::terminal_session::TerminalSession {
        batch: 1,
        operator: Some("001".into()),
        signed_in_at: now(),
        keys_sealed: vec![1],
        sequence: 0,
        closing: None,
    };
    let put = move |tx: &store::Tx<'_>| store::terminal_session::put(tx, terminal_id(terminal), &session);
    house.node.write(put).await.unwrap();
}

fn estate() -> Estate {
    let merchant = |id: &str, name: &str| Merchant {
        merchant_id: merchant_id(id),
        name: name.into(),
        name_en: "Example".into(),
        trade: "snacks".into(),
        unified_social_credit_code: "91110000MA00000000".into(),
        state: domain::merchant::State::Active,
    };
    let shop = |shop_id: &str, merchant: &str| Shop {
        shop_id: shop_id.into(),
        merchant_id: merchant_id(merchant),
        name: format!("店 {shop_id}"),
        address: "长沙市某路 1 号".into(),
        state: domain::shop::State::Active,
    };
    let account = |login: &str, role, scope| {
        let account = Account {
            login: login.into(),
            name: format!("name of {login}"),
            role,
            scope,
            custom_role: None,
            proof: Proof::default(),
        };
        (account, HASH.clone())
    };
    let operator = Operator {
        shop_id: "S01".into(),
        operator: domain::operator::Number::parse("001").unwrap(),
        name: "收银员 01".into(),
        state: domain::operator::State::Active,
    };
    Estate {
        merchants: vec![merchant(OURS, "我们的店"), merchant(THEIRS, "别人的店")],
        shops: vec![shop("S01", OURS), shop("S02", OURS), shop("S09", THEIRS)],
        terminals: TERMINALS.map(|(id, shop)| (terminal(id, shop), vec![1])).into(),
        operators: vec![(operator, HASH.clone())],
        accounts: vec![
            account("owner", Role::Owner, Scope::Merchant(merchant_id(OURS))),
            account(
                "manager",
                Role::Manager,
                Scope::Shop(merchant_id(OURS), "S01".into()),
            ),
            account("stranger", Role::Owner, Scope::Merchant(merchant_id(THEIRS))),
            account("risk", Role::RiskOfficer, Scope::All),
            account("auditor", Role::Auditor, Scope::All),
        ],
    }
}

pub(crate) fn terminal(id: &str, shop: &str) -> Terminal {
    Terminal {
        terminal_id: terminal_id(id),
        serial: format!("SN{id}"),
        model: "Example P20".into(),
        name: format!("{shop} 前台 {id}"),
        shop_id: shop.into(),
        bound: BoundElements {
            acquirer_code: "10452015".into(),
            merchant_code: merchant_id(if shop == "S09" { THEIRS } else { OURS }),
            unified_social_credit_code: "91110000MA00000000".into(),
            settlement_account: SettlementAccount {
                sealed: vec![1],
                last4: "1234".into(),
            },
            placement_address: "长沙市某路 1 号".into(),
        },
        status: Status::Active,
        control: Control::Gate,
        at_provider: None,
        language: "zh-CN".into(),
        time_zone: "Asia/Shanghai".into(),
        about: domain::terminal::About::default(),
        key_check: None,
    }
}

/// In place of a program that looks for viruses: `EICAR` in a file is one, `SLOW` keeps it from an answer.
fn scanner() -> crate::Scanner {
    Arc::new(|bytes| {
        Box::pin(async move {
            let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            match (has(b"EICAR"), has(b"SLOW")) {
                (true, _) => crate::Scanned::Found,
                (_, true) => crate::Scanned::NotScanned,
                _ => crate::Scanned::Clean,
            }
        })
    })
}

/// In place of the program that sets documents: says what it was given, so that a test can read it. A `☃` in it is a sign that no
/// font has, a `☄` one at which it dies, a `☂` what no template may say, a `☔` what none may say of a case, a `☇` takes too much.
fn documents() -> crate::Renderer {
    crate::Renderer {
        is_there: Arc::new(|| true),
        set: Arc::new(|job| {
            Box::pin(async move {
                if let Some(picture) = job.strip_prefix(b"tillguard-picture/1\n") {
                    return match picture {
                        [0xFF, 0xD8, 0xFF, rest @ ..] => {
                            Ok([b"\xFF\xD8\xFF made anew: ".as_slice(), rest].concat())
                        }
                        [0x89, ..] => Err(crate::NotSet::NotReady),
                        _ => Err(crate::NotSet::Wrong(String::new())),
                    };
                }
                match String::from_utf8_lossy(&job) {
                    text if text.contains('☃') => Err(crate::NotSet::Missing('☃')),
                    text if text.contains('☄') => Err(crate::NotSet::Failed),
                    text if text.contains('☂') || text.contains('☔') && !text.contains("\"example\"") => {
                        Err(crate::NotSet::Wrong("line 2: unknown variable: nothing".into()))
                    }
                    text if text.contains('☇') => Err(crate::NotSet::TooMuch),
                    _ => Ok([b"%PDF-".as_slice(), &job].concat()),
                }
            })
        }),
    }
}
