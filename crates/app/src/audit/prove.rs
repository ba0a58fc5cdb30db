//! Proofs from the stored nodes.

use store::{Error as StoreError, Tx};
use tlog::{Hash, Node};

use super::Error;

/// The hashes that lead from a leaf to the root of the tree of that size.
///
/// # Errors
/// There is no such leaf in it, or the store.
pub fn inclusion(tx: &Tx<'_>, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
    tlog::inclusion(index, size, |node| read(tx, node))
}

/// The hashes that lead from the root of one size to that of a later one.
///
/// # Errors
/// There are no such sizes, or the store.
pub fn consistency(tx: &Tx<'_>, from: u64, to: u64) -> Result<Vec<Hash>, Error> {
    tlog::consistency(from, to, |node| read(tx, node))
}

/// A node as it is stored.
pub(super) fn read(tx: &Tx<'_>, node: Node) -> Result<Hash, Error> {
    let corrupt = || StoreError::Corrupt("audit_node");
    let position = i64::try_from(node.position).map_err(|_| corrupt())?;
    let hash = store::audit::node(tx, node.level, position)?.ok_or_else(corrupt)?;
    Ok(hash.try_into().map_err(|_| corrupt())?)
}
