//! Proofs as files (`c2sp.org/tlog-proof@v1`): a leaf's index, the hashes of its inclusion, and the checkpoint they lead to.

use std::fmt::Write;

use crate::{
    Checkpoint, Error, Hash, Key, NOTE_BYTES_MAX, base64, hash_of, leaf_hash, number, verify_inclusion,
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// That a leaf is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Which leaf, from 0.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Hash>,
    /// The signed note of a checkpoint.
    pub checkpoint: String,
}

impl ProofFile {
    /// Reads it as it is written; the checkpoint is not verified here.
    ///
    /// # Errors
    /// It is not written so.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed = Error::Malformed("a proof");
        if text.len() > NOTE_BYTES_MAX {
            return Err(malformed);
        }
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(malformed)?;
        let mut lines = proof.split('\n');
        let (Some(HEADER), Some(index)) = (lines.next(), lines.next()) else {
            return Err(malformed);
        };
        Ok(Self {
            index: number(index.strip_prefix("index ").ok_or(malformed)?)?,
            hashes: lines.map(hash_of).collect::<Result<_, _>>()?,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// The checkpoint, when it is signed by this key and the leaf of these bytes is in its tree.
    ///
    /// # Errors
    /// What is wrong.
    pub fn verify(&self, key: &Key, data: &[u8]) -> Result<Checkpoint, Error> {
        let checkpoint = Checkpoint::verify(key, &self.checkpoint)?;
        let (leaf, root) = (leaf_hash(data), &checkpoint.root);
        verify_inclusion(&leaf, self.index, checkpoint.size, &self.hashes, root)?;
        Ok(checkpoint)
    }
}

impl std::fmt::Display for ProofFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{HEADER}\nindex {}\n", self.index)?;
        self.hashes
            .iter()
            .try_for_each(|hash| writeln!(f, "{}", base64(hash)))?;
        f.write_char('\n')?;
        f.write_str(&self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::{note, others, signer};
    use crate::inclusion;
    use crate::tree::tests::{PUBLISHED, Tree};

    fn file(index: u64) -> ProofFile {
        let tree = Tree::of(PUBLISHED);
        let hashes = inclusion(index, 8, |node| {
            tree.nodes.get(&node).copied().ok_or(Error::OutOfRange)
        });
        ProofFile {
            index,
            hashes: hashes.unwrap(),
            checkpoint: note(),
        }
    }

    #[test]
    fn a_proof_comes_back_as_it_was_written_and_verifies() {
        for (index, data) in PUBLISHED.iter().enumerate() {
            let file = file(index as u64);
            let text = file.to_string();
            assert!(text.starts_with(&format!("c2sp.org/tlog-proof@v1\nindex {index}\n")));
            let again = ProofFile::parse(&text).unwrap();
            assert_eq!(again, file);
            assert_eq!(again.verify(signer().key(), data).unwrap().size, 8);
            assert!(again.verify(signer().key(), b"another").is_err());
        }
    }

    #[test]
    fn every_byte_of_a_proof_counts() {
        let text = file(5).to_string();
        for other in others(&text) {
            let Ok(other) = String::from_utf8(other) else {
                continue;
            };
            let verified =
                ProofFile::parse(&other).and_then(|file| file.verify(signer().key(), PUBLISHED[5]));
            assert!(verified.is_err(), "{other}");
        }
    }

    #[test]
    fn every_byte_of_a_leaf_counts() {
        let file = file(7);
        for at in 0..PUBLISHED[7].len() {
            let mut changed = PUBLISHED[7].to_vec();
            changed[at] ^= 1;
            assert_eq!(file.verify(signer().key(), &changed), Err(Error::WrongRoot));
        }
    }
}
