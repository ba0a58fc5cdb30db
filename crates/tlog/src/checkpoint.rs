//! Checkpoints (C2SP `tlog-checkpoint`): which log, how many leaves, which root.

use crate::{Error, Hash, Key, Signer, base64, hash_of, number};

/// What a log says of itself at a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Signs a checkpoint of the signer's log.
    pub fn sign(signer: &Signer, size: u64, root: &Hash) -> String {
        signer.sign(&format!("{}\n{size}\n{}\n", signer.key().name(), base64(root)))
    }

    /// Reads one that this key has signed.
    ///
    /// # Errors
    /// The note does not verify, is of another log, or is no checkpoint.
    pub fn verify(key: &Key, note: &str) -> Result<Self, Error> {
        let checkpoint = Self::of_text(key.verify(note)?)?;
        match checkpoint.origin == key.name() {
            true => Ok(checkpoint),
            false => Err(Error::NotSigned),
        }
    }

    fn of_text(text: &str) -> Result<Self, Error> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(Error::Malformed("a checkpoint"));
        };
        Ok(Self {
            origin: origin.to_owned(),
            size: number(size)?,
            root: hash_of(root)?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tree::tests::{PUBLISHED, Tree};

    pub fn signer() -> Signer {
        let seed: Vec<u8> = (0..32).collect();
        Signer::new("tillguard.example/audit", &seed).unwrap()
    }

    /// The checkpoint over the eight published leaves.
    pub fn note() -> String {
        Checkpoint::sign(&signer(), 8, &Tree::of(PUBLISHED).edge.root())
    }

    const KEY: &str = "tillguard.example/audit+a98d2cf1+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

    #[test]
    fn a_known_key_signs_a_known_checkpoint() {
        assert_eq!(signer().key().to_string(), KEY);
        let expected = "tillguard.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n\
            \u{2014} tillguard.example/audit qY0s8VUQwtFHz34aVzaaSjDu9cAzF1llbuoR4AznYFpR4hZDtSRRR1iJhja4CB/KzAlbgno4WRkzzsn0e8j9G/e+tAs=\n";
        assert_eq!(note(), expected);
        let key = Key::parse(KEY).unwrap();
        let checkpoint = Checkpoint::verify(&key, expected).unwrap();
        assert_eq!((checkpoint.size, checkpoint.origin.as_str()), (8, key.name()));
        assert_eq!(checkpoint.root, Tree::of(PUBLISHED).edge.root());
    }

    /// Every text that differs from this one in one byte, or has one less or one more.
    pub fn others(text: &str) -> impl Iterator<Item = Vec<u8>> {
        let bytes = text.as_bytes();
        (0..bytes.len()).flat_map(move |at| {
            let changed = (1..=255).map(move |change| {
                let mut changed = bytes.to_vec();
                changed[at] ^= change;
                changed
            });
            let mut shorter = bytes.to_vec();
            let byte = shorter.remove(at);
            let mut longer = bytes.to_vec();
            longer.insert(at, byte);
            changed.chain([shorter, longer])
        })
    }

    #[test]
    fn every_byte_of_a_checkpoint_counts() {
        let key = signer().key().clone();
        for other in others(&note()) {
            let Ok(other) = String::from_utf8(other) else {
                continue;
            };
            assert!(Checkpoint::verify(&key, &other).is_err(), "{other}");
        }
    }

    #[test]
    fn every_byte_of_a_key_counts() {
        for other in others(KEY).filter_map(|other| String::from_utf8(other).ok()) {
            assert!(
                Key::parse(&other).is_err()
                    || Checkpoint::verify(&Key::parse(&other).unwrap(), &note()).is_err()
            );
        }
    }

    #[test]
    fn a_checkpoint_of_another_log_is_not_this_logs() {
        let (ours, seed) = (signer(), [7; 32]);
        let text = format!("{}\n8\n{}\n", ours.key().name(), base64(&[0; 32]));
        let same_name = Signer::new(ours.key().name(), &seed).unwrap();
        assert_eq!(
            Checkpoint::verify(ours.key(), &same_name.sign(&text)),
            Err(Error::NotSigned)
        );
        let other_origin = ours.sign(&format!("elsewhere\n8\n{}\n", base64(&[0; 32])));
        assert_eq!(
            Checkpoint::verify(ours.key(), &other_origin),
            Err(Error::NotSigned)
        );
        for wrong in ["08", "+8", "-1", "", "8 ", "18446744073709551616"] {
            let text = format!("{}\n{wrong}\n{}\n", ours.key().name(), base64(&[0; 32]));
            assert!(
                Checkpoint::verify(ours.key(), &ours.sign(&text)).is_err(),
                "{wrong}"
            );
        }
        assert!(Signer::new("a name", &seed).is_err() && Signer::new("a+b", &seed).is_err());
        assert!(Signer::new("a", &seed[1..]).is_err());
    }
}
