//! A transparency log: a record to which one can only append, and proofs of that for anybody who keeps a few lines of it.
//!
//! The tree of RFC 6962 (SHA-256), checkpoints as signed notes (C2SP `tlog-checkpoint`, `signed-note`, version 1.0.0, Ed25519),
//! and proofs as files (`c2sp.org/tlog-proof@v1`). Pure: what is stored comes in through a closure that reads one node.
//!
//! A log keeps its [`Edge`], one hash for each 1-bit of its size, and every perfect [`Node`] once, as
//! [`Edge::push`] tells of it: two hashes a leaf. From these come all proofs of all sizes, by O(log n) of them.
//!
//! Invariant: what is verified is verified to the last byte: there is one way only to write each checkpoint and each proof.

mod checkpoint;
mod note;
mod proof;
mod proof_file;
mod tree;

pub use checkpoint::Checkpoint;
pub use note::{Key, NOTE_BYTES_MAX, Signer};
pub use proof::{consistency, inclusion, verify_consistency, verify_inclusion};
pub use proof_file::ProofFile;
pub use tree::{Edge, Node, empty_root, leaf_hash, node_hash, root};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Why something is not what it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not written as it must be.
    #[error("it is not well formed: {0}")]
    Malformed(&'static str),
    /// No signature of this key is on it.
    #[error("no signature of this key is on it")]
    NotSigned,
    /// The signature is another's, or of something else.
    #[error("its signature is not right")]
    BadSignature,
    /// There is no such leaf in a tree of this size, or no such size before it.
    #[error("no such place in a tree of this size")]
    OutOfRange,
    /// The hashes do not lead to the root.
    #[error("the hashes do not lead to the root")]
    WrongRoot,
}

/// Bytes as base64 with padding, as checkpoints and proofs have them.
pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// Bytes of base64, where they are written in the one right way.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.decode(text).ok()
}

fn hash_of(text: &str) -> Result<Hash, Error> {
    let bytes = from_base64(text).ok_or(Error::Malformed("a hash"))?;
    bytes.try_into().map_err(|_| Error::Malformed("a hash"))
}

/// A number as it is written in the one right way: decimal, without sign or leading zeros.
fn number(text: &str) -> Result<u64, Error> {
    let number: u64 = text.parse().map_err(|_| Error::Malformed("a number"))?;
    match number.to_string() == text {
        true => Ok(number),
        false => Err(Error::Malformed("a number")),
    }
}
