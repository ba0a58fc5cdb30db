//! What seals columns at rest: the store says which value of which row, whoever holds the keys seals and opens it.
//!
//! A sealed text is written `sealed:` and the sealed bytes in base64; a text from before its column was sealed is read as it is
//! until it has been moved.
//!
//! Invariant: a value that is to be sealed reaches no database in clear. Without keys it is not written at all, and a sealed one
//! opens at its own place alone: table, column, row and merchant are bound to it.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::Error;

/// How a sealed text begins.
const BEGINS: &str = "sealed:";
/// What binds a sealed column to its place begins with it; nothing else that is sealed does.
const LABEL: &[u8] = b"tillguard/column/1";

/// What the edge seals by itself, and the store only keeps; bytes sealed for one purpose do not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A terminal master key.
    MasterKey,
    /// A terminal's working keys.
    WorkingKeys,
    /// The card data a reversal must carry.
    Reversal,
    /// A settlement account number.
    SettlementAccount,
    /// That a login was used on a device, kept by the device.
    Device,
    /// A setting that is secret, by its name.
    Setting,
    /// A piece of an import's file.
    Import,
    /// A piece of a file of an incident.
    Attachment,
    /// An emergency code on its way to its mail.
    EmergencyCode,
    /// The code that confirms a registration, on its way to its mail.
    RegistrationCode,
    /// The seed of the key that signs the audit log's checkpoints.
    AuditKey,
    /// Where the next page of an export begins, kept by who reads it; by reader and person.
    ExportCursor,
    /// A person's second factor, or what the answer of one is compared with; by the log-in.
    Factor,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::MasterKey => b"tillguard/master-key/1",
            Self::WorkingKeys => b"tillguard/working-keys/1",
            Self::Reversal => b"tillguard/reversal/1",
            Self::SettlementAccount => b"tillguard/settlement-account/1",
            Self::Device => b"tillguard/device/1",
            Self::Setting => b"tillguard/setting/1",
            Self::Import => b"tillguard/import/1",
            Self::Attachment => b"tillguard/attachment/1",
            Self::EmergencyCode => b"tillguard/emergency-code/1",
            Self::RegistrationCode => b"tillguard/registration-code/1",
            Self::AuditKey => b"tillguard/audit-key/1",
            Self::ExportCursor => b"tillguard/export-cursor/1",
            Self::Factor => b"tillguard/factor/1",
        }
    }

    /// What binds bytes to this purpose and an owner, for example a terminal.
    pub fn bound_to(self, owner: &str) -> Vec<u8> {
        [self.label(), b"/", owner.as_bytes()].concat()
    }
}

/// Why a vault did not do it. Says nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The bytes were not sealed with these keys for this place, or were changed.
    DoesNotOpen,
    /// The system gave no randomness.
    NoRandomness,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::DoesNotOpen => Self::Corrupt("a sealed value does not open"),
            Refused::NoRandomness => Self::Unavailable,
        }
    }
}

/// Holds the data keys.
pub trait Vault: Send + Sync {
    /// Seals with the newest key what opens for the same `place` alone.
    ///
    /// # Errors
    /// [`Refused::NoRandomness`].
    fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, Refused>;

    /// Opens what any of the keys has sealed for that place.
    ///
    /// # Errors
    /// [`Refused::DoesNotOpen`].
    fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Refused>;

    /// Whether it is the newest key that has sealed this.
    fn is_newest(&self, sealed: &[u8]) -> bool;

    /// The check values of the keys, the newest first.
    fn checks(&self) -> Vec<Check>;

    /// What a text is found by where it is sealed, under each of the keys, the newest first: HMAC-SHA-256 of the label, a zero
    /// byte and the text.
    fn indices(&self, label: &str, text: &str) -> Vec<Vec<u8>>;
}

/// SHA-256 of a data key and a label: it tells which key it is, and nothing of the key.
pub type Check = [u8; 32];

/// Where a store finds its vault, once it has been given one.
#[derive(Clone, Default)]
pub(crate) struct Safe(Arc<OnceLock<Arc<dyn Vault>>>);

impl Safe {
    /// Gives it the vault; the first one stays.
    pub(crate) fn fill(&self, vault: Arc<dyn Vault>) {
        let _ = self.0.set(vault);
    }

    /// The vault.
    pub(crate) fn vault(&self) -> Option<&dyn Vault> {
        self.0.get().map(AsRef::as_ref)
    }
}

/// The place of a value: what it is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Place<'p> {
    /// Its table.
    pub(crate) table: &'p str,
    /// Its column.
    pub(crate) column: &'p str,
    /// The values of the row's key.
    pub(crate) row: &'p [Vec<u8>],
    /// Whose row it is; empty: everybody's, or nobody's in particular.
    pub(crate) merchant: &'p [u8],
}

impl Place<'_> {
    /// Each part with its length before it, so that no two places are the same bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = LABEL.to_vec();
        let mut part = |part: &[u8]| {
            bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(part);
        };
        part(self.table.as_bytes());
        part(self.column.as_bytes());
        part(self.merchant);
        self.row.iter().for_each(|key| part(key));
        bytes
    }
}

/// The vault of a transaction.
pub(crate) fn given(vault: Option<&dyn Vault>) -> Result<&dyn Vault, Error> {
    vault.ok_or_else(|| Error::Unusable("what is sealed in it needs the data key".into()))
}

/// Seals a text for its place.
pub(crate) fn seal(vault: Option<&dyn Vault>, place: &Place<'_>, text: &str) -> Result<String, Error> {
    let sealed = given(vault)?.seal(&place.bytes(), text.as_bytes())?;
    Ok(format!("{BEGINS}{}", STANDARD_NO_PAD.encode(sealed)))
}

/// Opens a text of that place, or reads it as it is when it never was sealed.
pub(crate) fn open(vault: Option<&dyn Vault>, place: &Place<'_>, kept: &str) -> Result<String, Error> {
    let Some(sealed) = sealed_bytes(kept) else {
        return Ok(kept.to_owned());
    };
    let opened = given(vault)?.open(&place.bytes(), &sealed)?;
    String::from_utf8(opened).map_err(|_| Refused::DoesNotOpen.into())
}

/// The sealed bytes of a text; nothing of one in clear.
pub(crate) fn sealed_bytes(kept: &str) -> Option<Vec<u8>> {
    let sealed = STANDARD_NO_PAD.decode(kept.strip_prefix(BEGINS)?).ok()?;
    (!sealed.is_empty()).then_some(sealed)
}

/// What a text is found by under each key, the newest first, in hexadecimal digits.
pub(crate) fn indices(vault: &dyn Vault, label: &str, text: &str) -> Vec<String> {
    let digits = |index: &Vec<u8>| domain::hex::of(index);
    vault.indices(label, text).iter().map(digits).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Seals so that a test sees what it was sealed for, and with which key.
    pub(crate) struct Marking {
        pub(crate) newest: u8,
    }

    impl Vault for Marking {
        fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, Refused> {
            let turned = plain.iter().map(|byte| !byte);
            Ok([self.newest, place.len() as u8]
                .into_iter()
                .chain(place.iter().copied())
                .chain(turned)
                .collect())
        }

        fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Refused> {
            let (head, rest) = sealed.split_first_chunk::<2>().ok_or(Refused::DoesNotOpen)?;
            match rest.strip_prefix(place) {
                Some(turned) if usize::from(head[1]) == place.len() => {
                    Ok(turned.iter().map(|byte| !byte).collect())
                }
                _ => Err(Refused::DoesNotOpen),
            }
        }

        fn is_newest(&self, sealed: &[u8]) -> bool {
            sealed.first() == Some(&self.newest)
        }

        fn checks(&self) -> Vec<Check> {
            (0..=self.newest).rev().map(|key| [key; 32]).collect()
        }

        fn indices(&self, label: &str, text: &str) -> Vec<Vec<u8>> {
            let of = |key: u8| [&[key], label.as_bytes(), b"=", text.as_bytes()].concat();
            (0..=self.newest).rev().map(of).collect()
        }
    }

    fn place<'p>(column: &'p str, row: &'p [Vec<u8>], merchant: &'p [u8]) -> Place<'p> {
        Place {
            table: "account",
            column,
            row,
            merchant,
        }
    }

    #[test]
    fn a_sealed_text_opens_at_its_place_and_nowhere_else() {
        let vault = Marking { newest: 1 };
        let vault: Option<&dyn Vault> = Some(&vault);
        let row = [b"ann".to_vec()];
        let own = place("email", &row, b"M1");
        let kept = seal(vault, &own, "ann@shop.example").unwrap();
        assert!(kept.starts_with(BEGINS) && !kept.contains("ann"));
        assert_eq!(open(vault, &own, &kept).unwrap(), "ann@shop.example");
        for other in [
            place("phone", &row, b"M1"),
            place("email", &[b"bob".to_vec()], b"M1"),
            place("email", &row, b"M2"),
            place("email", &[b"a".to_vec(), b"nn".to_vec()], b"M1"),
        ] {
            assert!(
                matches!(open(vault, &other, &kept), Err(Error::Corrupt(_))),
                "{other:?}"
            );
        }
    }

    #[test]
    fn a_text_from_before_is_read_as_it_is() {
        let vault = Marking { newest: 1 };
        let row = [b"ann".to_vec()];
        for plain in [
            "",
            "ann@shop.example",
            "sealed:",
            "sealed: by the police",
            "sealed:é",
        ] {
            let opened = open(Some(&vault), &place("email", &row, b""), plain);
            assert_eq!(opened.unwrap(), plain);
        }
    }

    #[test]
    fn without_keys_nothing_is_sealed_and_nothing_sealed_is_read() {
        let row = [b"ann".to_vec()];
        let own = place("email", &row, b"");
        assert!(matches!(seal(None, &own, "x"), Err(Error::Unusable(_))));
        let kept = seal(Some(&Marking { newest: 1 }), &own, "x").unwrap();
        assert!(matches!(open(None, &own, &kept), Err(Error::Unusable(_))));
        assert_eq!(open(None, &own, "x").unwrap(), "x");
    }
}
