//! Which data keys a store was sealed with, and that they are there.
//!
//! Invariant: a key is made only for a store that has sealed nothing, and a key seals only after the store knows it.

use domain::TerminalId;
use store::{Store, Tx, data_key};

use super::token::Name;
use super::{Error, Purpose, Sealer, Secret, Source};

/// What a store says of the keys it was sealed with.
struct Known {
    /// Check values of the keys that have sealed in it.
    checks: Vec<Vec<u8>>,
    /// A sealed master key, from when keys were not noted.
    example: Option<(TerminalId, Vec<u8>)>,
}

/// The sealer of a store with the keys of a source, for who only reads: nothing is made, and nothing is noted in the store.
///
/// # Errors
/// The keys are missing, cannot be read or unwrapped, or lack one that the store was sealed with.
pub fn open(store: &Store, source: &Source) -> Result<Sealer, Error> {
    let known = Known::of(store)?;
    let secrets = source.secrets()?.ok_or_else(|| source.missing())?;
    known.sealer(&secrets, source)
}

/// The same for who seals: the store is told of the newest key, and a file that is missing is made when the store has nothing sealed
/// yet. `node` is who asks.
///
/// # Errors
/// Those of [`open`]; or their newest is one that another node, which is present, does not have yet, and could not open what it
/// seals.
pub fn keep(store: &Store, source: &Source, node: &str) -> Result<Sealer, Error> {
    let known = Known::of(store)?;
    let secrets = match source.secrets()? {
        Some(secrets) => secrets,
        None if known.is_new() => source.make()?,
        None => return Err(source.missing()),
    };
    let sealer = known.sealer(&secrets, source)?;
    let (check, others_of) = (sealer.0.newest.check, store.is_shared().then(|| node.to_owned()));
    if !known.checks.iter().any(|known| *known == check)
        && let Some(lacking) =
            store.write(move |tx| app::estate::sealed_by(tx, others_of.as_deref(), &check))?
    {
        let name = Name::from_check(&check);
        let why = format!(
            "has a newest key, {name}, that the node {lacking} does not have yet: put it before the last one until every node has been started with it"
        );
        return Err(source.unusable(&why));
    }
    Ok(sealer)
}

impl Known {
    fn of(store: &Store) -> Result<Self, Error> {
        let read = |tx: &Tx<'_>| {
            Ok::<_, store::Error>(Self {
                checks: data_key::checks(tx)?,
                example: data_key::example(tx)?,
            })
        };
        Ok(store.read(read)?)
    }

    /// Whether the store has sealed nothing.
    fn is_new(&self) -> bool {
        self.checks.is_empty() && self.example.is_none()
    }

    fn sealer(&self, secrets: &[Secret], source: &Source) -> Result<Sealer, Error> {
        let sealer = Sealer::of(secrets).ok_or_else(|| source.unusable("is empty"))?;
        self.check(&sealer, source)?;
        Ok(sealer)
    }

    fn check(&self, sealer: &Sealer, source: &Source) -> Result<(), Error> {
        let has = |check: &[u8]| sealer.keys().any(|key| key.check == check);
        if let Some(missing) = self.checks.iter().find(|check| !has(check)) {
            let name = Name::from_check(missing);
            let why = format!("lacks the key {name}, which the store is sealed with");
            return Err(source.unusable(&why));
        }
        let Some((terminal_id, sealed)) = &self.example else {
            return Ok(());
        };
        let opened = sealer.open(Purpose::MasterKey, terminal_id.as_str(), sealed);
        opened
            .map(drop)
            .map_err(|_| source.unusable("is not the one the store is sealed with"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use domain::merchant::Merchant;
    use domain::shop::Shop;
    use domain::terminal::{BoundElements, Control, SettlementAccount, Status, Terminal};
    use domain::{MerchantId, Timestamp};

    use super::*;

    struct Place {
        store: Store,
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let clock = Arc::new(|| Timestamp(1));
            let store = Store::open(&folder.path().join("store.db"), clock).unwrap();
            Self { store, folder }
        }

        fn file(&self, text: &str) -> PathBuf {
            let path = self.folder.path().join("data.key");
            std::fs::write(&path, text).unwrap();
            path
        }

        fn keep(&self, path: &Path) -> Result<Sealer, Error> {
            keep(&self.store, &Source::File(path.to_owned()), "node-1")
        }

        fn refuses(&self, path: &Path) -> String {
            self.keep(path).err().unwrap().to_string()
        }
    }

    /// A key's line.
    fn line(byte: u8) -> String {
        format!("{byte:02x}").repeat(32) + "\n"
    }

    #[test]
    fn a_key_that_is_gone_is_missed_and_not_replaced() {
        let place = Place::new();
        let path = place.folder.path().join("data.key");
        let sealed = place
            .keep(&path)
            .unwrap()
            .seal(Purpose::Reversal, "t", b"text")
            .unwrap();
        let again = place.keep(&path).unwrap();
        assert_eq!(
            again.open(Purpose::Reversal, "t", &sealed).unwrap().as_slice(),
            b"text"
        );
        std::fs::remove_file(&path).unwrap();
        assert!(place.refuses(&path).contains("bring it back"));
        assert!(!path.exists());
        place.file(&line(9));
        assert!(place.refuses(&path).contains("lacks the key"));
    }

    #[test]
    fn whoever_only_reads_makes_no_key_and_notes_none() {
        let place = Place::new();
        let path = place.folder.path().join("data.key");
        let open = || open(&place.store, &Source::File(path.clone()));
        let noted = || place.store.read(data_key::checks).unwrap().len();
        assert!(open().err().unwrap().to_string().contains("is missing"));
        assert!(!path.exists() && noted() == 0);
        place.file(&line(1));
        open().unwrap();
        assert_eq!(noted(), 0);
        let sealed = place.keep(&path).unwrap().seal(Purpose::Reversal, "t", b"");
        place.file(&(line(1) + &line(2)));
        open()
            .unwrap()
            .open(Purpose::Reversal, "t", &sealed.unwrap())
            .unwrap();
        assert_eq!(noted(), 1, "the newest was noted, and missed from then on");
        place.file(&line(2));
        assert!(open().err().unwrap().to_string().contains("lacks the key"));
    }

    #[test]
    fn a_new_key_joins_the_old_one_and_neither_may_be_left_out() {
        let place = Place::new();
        let seal = |sealer: Sealer| sealer.seal(Purpose::Reversal, "t", b"").unwrap();
        let old = seal(place.keep(&place.file(&line(1))).unwrap());
        // First every node learns the new key, then one after the other seals with it.
        let learnt = place.keep(&place.file(&(line(2) + &line(1)))).unwrap();
        assert_eq!(seal(learnt)[..5], old[..5]);
        let new = seal(place.keep(&place.file(&(line(1) + &line(2)))).unwrap());
        assert_ne!(new[..5], old[..5]);
        let both = place.keep(&place.file(&(line(1) + &line(2)))).unwrap();
        assert!(both.open(Purpose::Reversal, "t", &old).is_ok());
        for alone in [1, 2] {
            assert!(place.refuses(&place.file(&line(alone))).contains("lacks the key"));
        }
    }

    #[test]
    fn a_store_from_before_keys_were_noted_knows_its_own() {
        let place = Place::new();
        let sealed = Sealer::new(&[1; 32])
            .seal(Purpose::MasterKey, "10450001", b"key")
            .unwrap();
        place.store.write(move |tx| with_terminal(tx, &sealed)).unwrap();
        let missing = place.folder.path().join("missing.key");
        assert!(place.refuses(&missing).contains("bring it back") && !missing.exists());
        assert!(place.refuses(&place.file(&line(2))).contains("is not the one"));
        assert!(place.keep(&place.file(&line(1))).is_ok());
    }

    #[test]
    fn a_terminal_without_a_key_says_nothing_of_the_stores_own() {
        let place = Place::new();
        place.keep(&place.file(&line(1))).unwrap();
        place.store.write(|tx| with_terminal(tx, &[])).unwrap();
        assert!(place.keep(&place.file(&line(1))).is_ok());
    }

    fn with_terminal(tx: &Tx<'_>, master_key: &[u8]) -> Result<(), store::Error> {
        let merchant_id = MerchantId::parse(b"104520157120001").unwrap();
        let text = String::new;
        store::merchant::insert(
            tx,
            &Merchant {
                merchant_id,
                name: text(),
                name_en: text(),
                trade: text(),
                unified_social_credit_code: text(),
                state: domain::merchant::State::Active,
            },
        )?;
        store::shop::insert(
            tx,
            &Shop {
                shop_id: "S01".into(),
                merchant_id,
                name: text(),
                address: text(),
                state: domain::shop::State::Active,
            },
        )?;
        let terminal = Terminal {
            terminal_id: TerminalId::parse(b"10450001").unwrap(),
            serial: "SN1".into(),
            model: text(),
            name: text(),
            shop_id: "S01".into(),
            bound: BoundElements {
                acquirer_code: text(),
                merchant_code: merchant_id,
                unified_social_credit_code: text(),
                settlement_account: SettlementAccount {
                    sealed: vec![1],
                    last4: "1234".into(),
                },
                placement_address: text(),
            },
            status: Status::Active,
            control: Control::Gate,
            at_provider: None,
            language: "zh-CN".into(),
            time_zone: "Asia/Shanghai".into(),
            about: domain::terminal::About::default(),
            key_check: None,
        };
        store::terminal::insert(tx, &terminal, master_key)
    }
}
