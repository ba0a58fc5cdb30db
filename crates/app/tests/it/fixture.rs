//! A house to test in: one store in a folder of its own, a clock that stands until it is moved, a small estate.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use app::estate::{self, Estate};
use app::hold::Placing;
use app::incident::{Report, Reported};
use app::sign_in::{Proved, SignedIn, Who};
use app::transaction::{Admitted, Answer, Attempt};
use domain::account::{Account, Proof, Role, Scope};
use domain::actor::{Actor, By};
use domain::event::{Event, Subject};
use domain::hold::{Authority, Kind as HoldKind, Standing};
use domain::incident::found::Kind as FoundAs;
use domain::incident::{Happened, Incident, Manner};
use domain::merchant::Merchant;
use domain::money::Currency;
use domain::operator::{Number, Operator};
use domain::setting::Settings;
use domain::shop::Shop;
use domain::terminal::{AtProvider, BoundElements, Control, Provider, SettlementAccount, Status, Terminal};
use domain::transaction::{BatchTrace, EntryMode, HostOutcome, Kind, LedgerRow, ResponseCode, Verdict};
use domain::work::{CleanUp, Id, Kind as WorkKind};
use domain::{MaskedPan, MerchantId, Money, TerminalId, Timestamp};
use node::seal::Sealer;
use store::node::Incarnation;
use store::offered_keys::OfferedKeys;
use store::owed_reversal::OwedReversal;
use store::{Error, Store, Tx, Want};

/// Who waits for the host.
pub const NODE: &str = "node-a";
/// What seals the columns of a house.
const DATA_KEY: [u8; 32] = [7; 32];
/// What a reversal has to carry.
pub const SEALED: &[u8] = b"sealed reversal material";
/// When every house is opened.
pub const START: Timestamp = Timestamp(1_800_000_000_000);
/// The operator every shop has.
pub const OPERATOR: &str = "001";

static HOUSES: AtomicU32 = AtomicU32::new(0);

/// Which data key it is.
pub fn check() -> [u8; 32] {
    use store::vault::Vault;
    Sealer::new(&DATA_KEY).checks()[0]
}

/// A store, its clock and its folder, removed in the end.
pub struct House {
    store: Option<Store>,
    clock: Arc<AtomicI64>,
    dir: PathBuf,
    /// The address of its database, when it is a shared one.
    database: Option<String>,
    made: AtomicU32,
}

impl House {
    /// An estate of two merchants: terminals 1 and 2 in our shop `s1`, 3 in our shop `s2`, 4 in their `s3`, 5 retired.
    pub fn open() -> Self {
        let house = Self::empty();
        house.write(|tx| estate::fill(tx, &small_estate()));
        house
    }

    /// The same, and it [mails](Self::begins_to_mail).
    pub fn that_mails() -> Self {
        let house = Self::open();
        house.begins_to_mail();
        house
    }

    /// Gives it a mail server and everybody an account; all but the manager of `s1` said where they are reached.
    pub fn begins_to_mail(&self) {
        self.write(|tx| {
            let settings = Settings {
                smtp_url_sealed: Some(vec![1]),
                mail_from: Some("stop@fuji.example".into()),
                address: Some("https://till.fuji.example".into()),
                ..Settings::unasked()
            };
            store::setting::insert(tx, &settings)?;
            for (actor, email) in [
                (owner(), Some("owner@fuji.example")),
                (manager("s1"), None),
                (stranger(), Some("stranger@fuji.example")),
                (risk_officer(), Some("risk@fuji.example")),
                (auditor(), Some("auditor@fuji.example")),
            ] {
                let Actor::Person(account) = &actor else { continue };
                store::account::insert(tx, account, "hash")?;
                app::account::reach(tx, &actor, email)?;
            }
            Ok(())
        });
    }

    /// Nothing: a store that has just been made.
    pub fn empty() -> Self {
        let number = HOUSES.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("tillguard-app-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut house = Self {
            store: None,
            clock: Arc::new(AtomicI64::new(START.0)),
            dir,
            database: crate::IS_SHARED.then(database),
            made: AtomicU32::new(100),
        };
        house.reopen();
        house
    }

    /// Closes the store, if it is open, and opens it again from its file.
    pub fn reopen(&mut self) {
        self.store = None;
        let clock = self.clock.clone();
        let clock = Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)));
        let store = match &self.database {
            None => Store::open(&self.dir.join("store.db"), clock),
            Some(database) => Store::connect(database, clock),
        };
        let store = store.unwrap();
        store.unlock(Arc::new(Sealer::new(&DATA_KEY)));
        self.store = Some(store);
    }

    /// Runs statements as somebody does who has the database itself; nothing is done when one is refused.
    ///
    /// # Errors
    /// What the database says.
    pub fn behind_our_back(&mut self, statements: &str) -> Result<(), String> {
        if let Some(database) = &self.database {
            let done = local_postgres::shared().sql(database, statements);
            return done.map(drop).map_err(|error| format!("{error:#}"));
        }
        self.store = None;
        let connection = rusqlite::Connection::open(self.dir.join("store.db")).unwrap();
        let done = connection.execute_batch(statements);
        drop(connection);
        self.reopen();
        done.map_err(|error| error.to_string())
    }

    /// Whether an event has this text as it is.
    pub fn is_left(&mut self, text: &str) -> bool {
        let count = format!("SELECT count(*) FROM event WHERE text LIKE '%{text}%'");
        if let Some(database) = &self.database {
            return local_postgres::shared().sql(database, &count).unwrap().trim() != "0";
        }
        self.store = None;
        let connection = rusqlite::Connection::open(self.dir.join("store.db")).unwrap();
        let count: i64 = connection.query_row(&count, [], |row| row.get(0)).unwrap();
        drop(connection);
        self.reopen();
        count != 0
    }

    /// The same as somebody who may take the guards away first.
    pub fn unguarded(&mut self, statements: &str) {
        let off = match &self.database {
            Some(_) => "SET session_replication_role = replica".to_owned(),
            None => {
                self.store = None;
                let connection = rusqlite::Connection::open(self.dir.join("store.db")).unwrap();
                let mut names = connection
                    .prepare("SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'")
                    .unwrap();
                let names = names.query_map([], |row| row.get(0)).unwrap();
                names.collect::<Result<Vec<String>, _>>().unwrap().join(";")
            }
        };
        self.behind_our_back(&format!("{off}; {statements}")).unwrap();
    }

    /// The store itself, for work that is handed over and answered later.
    pub fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// The same database, as another node has it.
    #[allow(dead_code, reason = "only a shared store has another node")]
    pub fn another_store(&self) -> Store {
        let clock = self.clock.clone();
        let clock = Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)));
        let store = Store::connect(self.database.as_deref().unwrap(), clock).unwrap();
        store.unlock(Arc::new(Sealer::new(&DATA_KEY)));
        store
    }

    /// Whether a transaction waits for a lock.
    #[allow(dead_code, reason = "only a shared store has such waits")]
    pub fn somebody_waits_for_a_lock(&self) -> bool {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let database = self.database.as_deref().unwrap();
        local_postgres::shared().sql(database, waits).unwrap().trim() != "0"
    }

    /// Moves the clock.
    pub fn pass_ms(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    pub fn try_write<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.store.as_ref().unwrap().write(work)
    }

    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.try_write(work).unwrap()
    }

    pub fn read<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, Error>) -> T {
        self.store.as_ref().unwrap().read(work).unwrap()
    }

    /// Adds terminals to our shop `s1` and signs them in: several properties share one house.
    pub fn more_terminals(&self, count: u32) -> Vec<TerminalId> {
        let first = self.made.fetch_add(count, Ordering::Relaxed);
        let ids: Vec<TerminalId> = (first..first + count).map(terminal).collect();
        for id in ids.clone() {
            let added = built(id, ours(), "s1", Status::Active);
            self.write(move |tx| store::terminal::insert(tx, &added, b"key"));
            self.sign_in(id);
        }
        ids
    }

    /// Adds a terminal to our shop `s1` that an outside acquirer decides.
    pub fn outside_terminal(&self, number: u32) -> TerminalId {
        self.add_outside(number, None)
    }

    /// The same, where a provider's interface can stop it.
    pub fn provider_terminal(&self, number: u32) -> TerminalId {
        let at_provider = AtProvider {
            provider: Provider::Stripe,
            device_id: "tmr_1".into(),
        };
        self.add_outside(number, Some(at_provider))
    }

    fn add_outside(&self, number: u32, at_provider: Option<AtProvider>) -> TerminalId {
        let id = terminal(number);
        let added = Terminal {
            control: Control::Outside,
            at_provider,
            ..built(id, ours(), "s1", Status::Active)
        };
        self.write(move |tx| store::terminal::insert(tx, &added, b""));
        id
    }

    /// Signs the operator in and answers the batch.
    pub fn sign_in(&self, id: TerminalId) -> u32 {
        let (batch, keys) = offered(self.try_sign_in(&unsigned(Kind::SignIn, id), OPERATOR));
        assert_eq!(self.prove(id, keys.sequence, batch), Proved::InUse);
        batch
    }

    /// The first MAC under the keys of a sign-in, in a message of that batch.
    pub fn prove(&self, id: TerminalId, sequence: i64, batch: u32) -> Proved {
        self.write(move |tx| app::sign_in::prove(tx, id, sequence, batch, "peer"))
    }

    pub fn try_sign_in(&self, attempt: &Attempt, operator: &'static str) -> SignedIn {
        let attempt = attempt.clone();
        self.write(move |tx| app::sign_in::sign_in(tx, &attempt, who(operator), b"keys".to_vec()))
    }

    pub fn sign_out(&self, id: TerminalId) -> Answer {
        let attempt = ask(Kind::SignOut, id, 1);
        answered(self.write(move |tx| app::sign_in::sign_out(tx, &attempt)))
    }

    pub fn authorise(&self, attempt: &Attempt) -> Admitted {
        let attempt = Attempt {
            received_at: self.now(),
            ..attempt.clone()
        };
        let want = Want {
            terminal_id: attempt.terminal_id,
            name: Some(attempt.name),
        };
        let work = move |tx: &Tx<'_>| app::transaction::authorise(tx, &attempt, NODE);
        self.store.as_ref().unwrap().write_for(want, work).unwrap()
    }

    /// The first check, which must let the request through.
    pub fn forward(&self, attempt: &Attempt) -> i64 {
        match self.authorise(attempt) {
            Admitted::Forward { sequence } => sequence,
            other => panic!("{other:?}"),
        }
    }

    /// The first check, which must answer at once.
    pub fn refuse(&self, attempt: &Attempt) -> Answer {
        answered(self.authorise(attempt))
    }

    pub fn release(&self, id: TerminalId, sequence: i64, host: HostOutcome) -> Answer {
        let work = move |tx: &Tx<'_>| app::transaction::release(tx, id, sequence, &host, Some("peer"));
        let store = self.store.as_ref().unwrap();
        store.write_for::<_, Error>(Want::of(id), work).unwrap().unwrap()
    }

    /// Both checks around an approval of the host.
    pub fn approve(&self, attempt: &Attempt) -> Answer {
        let sequence = self.forward(attempt);
        let answer = self.release(attempt.terminal_id, sequence, approval());
        assert_eq!(answer.response_code, ResponseCode::APPROVED);
        answer
    }

    pub fn reverse(&self, attempt: &Attempt) -> Answer {
        let attempt = Attempt {
            kind: Kind::Reversal,
            ..attempt.clone()
        };
        answered(self.write(move |tx| app::reversal::accept(tx, &attempt, "98")))
    }

    /// The host answers an owed reversal.
    pub fn settle_owed(&self, id: TerminalId, sequence: i64, code: &str) -> Option<String> {
        let verdict = if code == "00" {
            Verdict::Approved
        } else {
            Verdict::Declined
        };
        let code = ResponseCode::parse(code.as_bytes()).unwrap();
        self.write(move |tx| app::reversal::settle(tx, id, sequence, code, verdict))
    }

    pub fn place(&self, id: TerminalId, kind: HoldKind, until: Option<Timestamp>) {
        self.write(move |tx| {
            let placing = Placing {
                terminal_id: id,
                kind,
                cause: "test",
                by: By::person("test"),
                until,
                incident_id: None,
            };
            app::hold::place(tx, &placing).map(drop)
        });
    }

    /// The acquirer takes the terminal out of use.
    pub fn retire(&self, id: TerminalId) {
        use domain::terminal::keep::Verb;
        let retire = move |tx: &Tx<'_>| {
            app::case::step::<Terminal>(tx, &risk_officer(), id.as_str(), Verb::Retire, None, |_| ())
        };
        self.try_write(retire).unwrap();
    }

    pub fn lift(&self, id: TerminalId, kind: HoldKind, authority: Authority) -> bool {
        self.try_write(move |tx| app::hold::release(tx, id, kind, authority, (By::person("test"), "test")))
            .is_ok()
    }

    pub fn standing(&self, id: TerminalId) -> Standing {
        let now = self.now();
        self.read(|tx| store::hold::standing(tx, id, now))
    }

    pub fn report(&self, by: &Actor, id: TerminalId) -> Result<Reported, app::case::Error> {
        let report = Report {
            terminal_id: id,
            last_seen_at: None,
            place: None,
            circumstances: Some("left on the counter".into()),
            manner: Manner::Lost,
            reported_at: self.now(),
            payments: Vec::new(),
        };
        self.report_as(by, report)
    }

    pub fn report_as(&self, by: &Actor, report: Report) -> Result<Reported, app::case::Error> {
        let by = by.clone();
        let incident_id = format!("INC{:05}", self.made.fetch_add(1, Ordering::Relaxed));
        self.try_write(move |tx| app::incident::report_loss(tx, &by, &report, &incident_id, NODE))
    }

    /// The owner reports the terminal lost.
    pub fn lose(&self, id: TerminalId) -> Incident {
        let reported = self.report(&owner(), id).unwrap();
        assert!(reported.opened);
        reported.incident
    }

    /// It was never away.
    pub fn propose_found(&self, by: &Actor, incident_id: &str) -> Result<Incident, app::case::Error> {
        self.propose_found_as(by, incident_id, FoundAs::FalseAlarm)
    }

    pub fn propose_found_as(
        &self,
        by: &Actor,
        incident_id: &str,
        kind: FoundAs,
    ) -> Result<Incident, app::case::Error> {
        let (by, id) = (by.clone(), incident_id.to_owned());
        self.try_write(move |tx| app::incident::propose_found(tx, &by, &id, (kind, "under the till")))
    }

    pub fn confirm_found(&self, by: &Actor, incident_id: &str) -> Result<Incident, app::case::Error> {
        let (by, incident_id) = (by.clone(), incident_id.to_owned());
        self.try_write(move |tx| app::incident::confirm_found(tx, &by, &incident_id))
    }

    /// Two people find the terminal again.
    pub fn find_again(&self, incident_id: &str) {
        self.propose_found(&owner(), incident_id).unwrap();
        self.confirm_found(&risk_officer(), incident_id).unwrap();
    }

    /// Every row of a terminal, holds too, in its order.
    pub fn rows(&self, id: TerminalId) -> Vec<LedgerRow> {
        self.read(|tx| {
            let end = store::ledger::next_place(tx, id)?.sequence;
            let rows = (0..=end).map(|sequence| store::ledger::get(tx, id, sequence));
            rows.filter_map(Result::transpose).collect()
        })
    }

    /// The terminal's newest row.
    pub fn last(&self, id: TerminalId) -> LedgerRow {
        self.rows(id).pop().unwrap()
    }

    pub fn pending_count(&self, id: TerminalId) -> usize {
        self.read(|tx| store::pending::of_terminal(tx, id)).len()
    }

    /// What is owed to the host for one terminal.
    pub fn owed(&self, id: TerminalId) -> Vec<OwedReversal> {
        self.read(|tx| store::owed_reversal::of_terminal(tx, id, 1_000))
    }

    /// What happened in an incident, in order.
    pub fn timeline(&self, incident_id: &str) -> Vec<Happened> {
        let events = self.events(Subject::Incident, incident_id);
        events
            .iter()
            .map(|event| Happened::parse(&event.verb).unwrap())
            .collect()
    }

    /// The events of a subject, in order.
    pub fn events(&self, subject: Subject, subject_id: &str) -> Vec<Event> {
        self.read(|tx| store::event::after(tx, subject, subject_id, 0, 1_000))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.store = None;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// The terminal of a number, for example 10000001.
pub fn terminal(number: u32) -> TerminalId {
    TerminalId::parse(format!("1{number:07}").as_bytes()).unwrap()
}

/// A terminal no house has.
pub fn nobody() -> TerminalId {
    terminal(99)
}

pub fn ours() -> MerchantId {
    MerchantId::parse(b"104520157120001").unwrap()
}

pub fn theirs() -> MerchantId {
    MerchantId::parse(b"104520157120002").unwrap()
}

fn account(login: &str, role: Role, scope: Scope) -> Actor {
    let (login, name) = (login.to_owned(), login.to_owned());
    Actor::Person(Account {
        login,
        name,
        role,
        scope,
        custom_role: None,
        proof: Proof::FRESH,
    })
}

pub fn owner() -> Actor {
    account("owner", Role::Owner, Scope::Merchant(ours()))
}

/// Owns our merchant with the other one.
pub fn partner() -> Actor {
    account("partner", Role::Owner, Scope::Merchant(ours()))
}

/// Runs our shop of that key.
pub fn manager(shop_id: &str) -> Actor {
    account("manager", Role::Manager, Scope::Shop(ours(), shop_id.to_owned()))
}

pub fn stranger() -> Actor {
    account("stranger", Role::Owner, Scope::Merchant(theirs()))
}

pub fn risk_officer() -> Actor {
    account("risk", Role::RiskOfficer, Scope::All)
}

pub fn auditor() -> Actor {
    account("auditor", Role::Auditor, Scope::All)
}

/// So many fen.
pub fn fen(minor: i64) -> Option<Money> {
    Some(Money::new(minor, Currency::CNY).unwrap())
}

/// Who signs in for double-length keys.
pub fn who(operator: &str) -> Who {
    let operator = Number::parse(operator).unwrap();
    let net_code = 3;
    Who { operator, net_code }
}

/// What a sign-in that is not refused is given.
pub fn offered(signed_in: SignedIn) -> (u32, OfferedKeys) {
    match signed_in {
        SignedIn::Offered { batch, keys, .. } => (batch, keys),
        refused => panic!("{refused:?}"),
    }
}

/// As if the terminal had settled that many batches; nobody is signed in.
pub fn set_batch(house: &House, id: TerminalId, batch: u32) {
    let session = house.read(|tx| store::terminal_session::get(tx, id)).unwrap();
    let session = store::terminal_session::TerminalSession {
        batch,
        operator: None,
        closing: None,
        ..session
    };
    house.write(move |tx| store::terminal_session::put(tx, id, &session));
}

/// A message that carries no MAC.
pub fn unsigned(kind: Kind, terminal_id: TerminalId) -> Attempt {
    Attempt {
        amount: None,
        card: None,
        mac_verified: false,
        keys: None,
        ..ask(kind, terminal_id, 1)
    }
}

/// A proper request of batch 1.
pub fn ask(kind: Kind, terminal_id: TerminalId, trace: u32) -> Attempt {
    Attempt {
        terminal_id,
        merchant_id: ours(),
        kind,
        name: BatchTrace { batch: 1, trace },
        // Long ago, or at another terminal: the ledger here does not know it.
        original: kind
            .may_act_elsewhere()
            .then_some(BatchTrace { batch: 0, trace: 0 }),
        retrieval_reference: Some("999999999999".into()),
        approval_code: None,
        flaw: None,
        amount: fen(1_000),
        card: MaskedPan::of("6224242900000113".bytes()),
        entry_mode: Some(EntryMode::Chip),
        reversal_sealed: Some(SEALED.to_vec()),
        undo_sealed: None,
        peer: "192.0.2.7:4100".into(),
        mac_verified: true,
        keys: None,
        received_at: START,
    }
}

pub fn purchase(terminal_id: TerminalId, trace: u32) -> Attempt {
    ask(Kind::Purchase, terminal_id, trace)
}

/// A request of so many fen that names the original as the host of this house does.
pub fn after(kind: Kind, trace: u32, original: &Attempt, minor: i64) -> Attempt {
    Attempt {
        original: Some(original.name),
        retrieval_reference: Some(REFERENCE.into()),
        approval_code: Some(APPROVAL_CODE.into()),
        amount: fen(minor),
        card: original.card,
        name: BatchTrace {
            trace,
            ..original.name
        },
        ..ask(kind, original.terminal_id, trace)
    }
}

/// What the host calls every approval.
pub const REFERENCE: &str = "000000001234";
pub const APPROVAL_CODE: &str = "654321";

/// The host answers with a code: `00` is an approval, everything else is not.
pub fn host(code: &str) -> HostOutcome {
    let verdict = if code == "00" {
        Verdict::Approved
    } else {
        Verdict::Declined
    };
    says(code, verdict, None)
}

/// The host answers with a code that says this, for an amount.
pub fn says(code: &str, verdict: Verdict, amount_minor: Option<i64>) -> HostOutcome {
    HostOutcome::Answered {
        response_code: ResponseCode::parse(code.as_bytes()).unwrap(),
        verdict,
        amount_minor,
        retrieval_reference: Some(REFERENCE.into()),
        approval_code: Some(APPROVAL_CODE.into()),
    }
}

pub fn approval() -> HostOutcome {
    host("00")
}

/// The answer of a request that is not forwarded.
pub fn answered(admitted: Admitted) -> Answer {
    match admitted {
        Admitted::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

pub fn code(answer: &Answer) -> String {
    answer.response_code.to_string()
}

pub fn built(terminal_id: TerminalId, merchant_code: MerchantId, shop_id: &str, status: Status) -> Terminal {
    Terminal {
        terminal_id,
        serial: format!("SN{terminal_id}"),
        model: "P1".into(),
        name: "前台".into(),
        shop_id: shop_id.into(),
        bound: BoundElements {
            acquirer_code: "48021000".into(),
            merchant_code,
            unified_social_credit_code: "91110000000000000X".into(),
            settlement_account: SettlementAccount {
                sealed: b"sealed".to_vec(),
                last4: "8888".into(),
            },
            placement_address: "1 Test Road".into(),
        },
        status,
        control: Control::Gate,
        at_provider: None,
        language: "zh-CN".into(),
        time_zone: "Asia/Shanghai".into(),
        about: domain::terminal::About::default(),
        key_check: None,
    }
}

fn small_estate() -> Estate {
    let merchant = |merchant_id| Merchant {
        merchant_id,
        name: "小店".into(),
        name_en: "Shop".into(),
        trade: "snacks".into(),
        unified_social_credit_code: "91110000000000000X".into(),
        state: domain::merchant::State::Active,
    };
    let shops = [("s1", ours()), ("s2", ours()), ("s3", theirs())];
    let shop = |(shop_id, merchant_id): (&str, _)| Shop {
        shop_id: shop_id.into(),
        merchant_id,
        name: shop_id.into(),
        address: "1 Test Road".into(),
        state: domain::shop::State::Active,
    };
    let operator = |(shop_id, _): (&str, _)| {
        let operator = Operator {
            shop_id: shop_id.into(),
            operator: Number::parse(OPERATOR).unwrap(),
            name: "收银员".into(),
            state: domain::operator::State::Active,
        };
        (operator, "no hash: the right password is a parameter".to_owned())
    };
    let terminals = [
        (1, ours(), "s1", Status::Active),
        (2, ours(), "s1", Status::Active),
        (3, ours(), "s2", Status::Active),
        (4, theirs(), "s3", Status::Active),
        (5, ours(), "s1", Status::Retired),
    ];
    Estate {
        merchants: [ours(), theirs()].map(merchant).into(),
        shops: shops.map(shop).into(),
        terminals: terminals
            .map(|(number, merchant_id, shop_id, status)| {
                (
                    built(terminal(number), merchant_id, shop_id, status),
                    b"key".to_vec(),
                )
            })
            .into(),
        operators: shops.map(operator).into(),
        accounts: Vec::new(),
    }
}

impl House {
    /// What a node forgets of that by itself, to its end.
    pub fn clean_up(&self, what: CleanUp) {
        let id = Id::clean_up(what);
        let before = id.clone();
        self.write(move |tx| store::work::delete(tx, &before));
        for _ in 0..100 {
            let again = id.clone();
            let is_more = self.write(move |tx| {
                app::work::enqueue(tx, again.clone(), tx.now())?;
                let node = Incarnation {
                    node: NODE.into(),
                    incarnation: 1,
                };
                let policy = WorkKind::CleanUp.policy();
                let claimed = app::work::claim(tx, WorkKind::CleanUp, &policy, &node, 20)?;
                for work in &claimed {
                    app::clean_up::run(tx, work)?;
                }
                let due = store::work::next(tx, WorkKind::CleanUp, &policy)?;
                Ok(due.is_some_and(|due| due <= tx.now()))
            });
            if !is_more {
                return;
            }
        }
        panic!("there is always more");
    }
}

/// A database with the tables in it.
fn database() -> String {
    let prepare = |database: &str| drop(Store::connect(database, Arc::new(|| START)).unwrap());
    local_postgres::shared().prepared_database(prepare).unwrap()
}
