//! A store in a folder of its own, and rows to put into it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use domain::hold::{Hold, Kind as HoldKind};
use domain::merchant::Merchant;
use domain::money::Currency;
use domain::shop::Shop;
use domain::terminal::{BoundElements, Control, SettlementAccount, Status, Terminal};
use domain::transaction::{BatchTrace, Decision, Entry, Kind, LedgerRow};
use domain::{MerchantId, Money, TerminalId, Timestamp};
use node::seal::Sealer;
use proptest::prelude::ProptestConfig;
use store::{Error, Store, Tx};

static STORES: AtomicU32 = AtomicU32::new(0);

/// A store, its clock and its folder, removed in the end.
pub struct Kept {
    pub store: Store,
    clock: Arc<AtomicI64>,
    made: AtomicU32,
    _dir: Dir,
}

struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Kept {
    /// An empty store; its clock stands at 1000.
    pub fn open() -> Self {
        let number = STORES.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("tillguard-store-it-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let clock = Arc::new(AtomicI64::new(1_000));
        let read = clock.clone();
        let read = Arc::new(move || Timestamp(read.load(Ordering::SeqCst)));
        let store = match crate::IS_SHARED {
            false => Store::open(&dir.join("store.db"), read).unwrap(),
            true => {
                let database = local_postgres::shared().new_database().unwrap();
                Store::connect(&database, read).unwrap()
            }
        };
        store.unlock(Arc::new(Sealer::new(&[7; 32])));
        Self {
            store,
            clock,
            made: AtomicU32::new(1),
            _dir: Dir(dir),
        }
    }

    pub fn pass_ms(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.store.write(work).unwrap()
    }

    pub fn try_write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write(work)
    }

    pub fn read<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, Error>) -> T {
        self.store.read(work).unwrap()
    }

    /// A terminal identifier no other case of this store uses.
    pub fn fresh(&self) -> TerminalId {
        terminal_id(self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// Appends rows to a fresh terminal.
    pub fn ledger(&self, rows: &[LedgerRow]) -> TerminalId {
        let terminal_id = self.fresh();
        let rows: Vec<LedgerRow> = rows
            .iter()
            .cloned()
            .map(|row| LedgerRow { terminal_id, ..row })
            .collect();
        self.write(move |tx| rows.iter().try_for_each(|row| store::ledger::append(tx, row)));
        terminal_id
    }
}

/// Few cases over one store: each of them commits to a disk.
pub fn few() -> ProptestConfig {
    ProptestConfig {
        cases: if crate::IS_SHARED { 16 } else { 64 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

pub fn terminal_id(number: u32) -> TerminalId {
    TerminalId::parse(format!("{number:08}").as_bytes()).unwrap()
}

pub fn merchant_id(number: u32) -> MerchantId {
    MerchantId::parse(format!("{number:015}").as_bytes()).unwrap()
}

pub fn fen(minor: i64) -> Option<Money> {
    Some(Money::new(minor, Currency::CNY).unwrap())
}

/// A row of terminal 0, to be changed.
pub fn row(sequence: i64, at: i64, kind: Kind, decision: Option<Decision>) -> LedgerRow {
    LedgerRow {
        terminal_id: terminal_id(0),
        sequence,
        at: Timestamp(at),
        decision,
        entry: decision.map_or(Entry::HoldPlaced, |_| Entry::Request(kind)),
        batch_trace: Some(BatchTrace {
            batch: 1,
            trace: sequence as u32,
        }),
        amount: fen(100),
        card: None,
        entry_mode: None,
        operator: None,
        response_code: None,
        reason: None,
        retrieval_reference: None,
        approval_code: None,
        peer: None,
        requested_at: Timestamp(at),
        of_sequence: None,
        proof: None,
        repeated: None,
    }
}

pub fn hold(hold_id: i64, kind: HoldKind, until: Option<i64>) -> Hold {
    Hold {
        hold_id,
        kind,
        cause: "test".into(),
        placed_by: "test".into(),
        placed_at: Timestamp(0),
        until: until.map(Timestamp),
        incident_id: None,
        release: None,
    }
}

pub fn terminal(number: u32, merchant: u32, shop_id: &str, name: &str, status: Status) -> Terminal {
    Terminal {
        terminal_id: terminal_id(number),
        serial: format!("SN-{number}"),
        model: "P1".into(),
        name: name.into(),
        shop_id: shop_id.into(),
        bound: BoundElements {
            acquirer_code: "48021000".into(),
            merchant_code: merchant_id(merchant),
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

/// Merchant 1 with shops `a` and `b`, merchant 2 with shop `c`.
pub fn shops(tx: &Tx<'_>) -> Result<(), Error> {
    for number in [1, 2] {
        let merchant = Merchant {
            merchant_id: merchant_id(number),
            name: format!("小店{number}"),
            name_en: format!("House {number}"),
            trade: "snacks".into(),
            unified_social_credit_code: "91110000000000000X".into(),
            state: domain::merchant::State::Active,
        };
        store::merchant::insert(tx, &merchant)?;
    }
    for (shop_id, merchant) in [("a", 1), ("b", 1), ("c", 2)] {
        let shop = Shop {
            shop_id: shop_id.into(),
            merchant_id: merchant_id(merchant),
            name: shop_id.into(),
            address: "1 Test Road".into(),
            state: domain::shop::State::Active,
        };
        store::shop::insert(tx, &shop)?;
    }
    Ok(())
}
