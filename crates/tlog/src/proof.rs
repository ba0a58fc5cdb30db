//! Proofs: that a leaf is in a tree, and that one tree grew out of another (RFC 9162, 2.1.3 and 2.1.4, over the tree of RFC 6962).
//!
//! Invariant: a proof has exactly the hashes that its place and sizes ask for; one more or fewer is refused.

use crate::tree::{node_hash, root_of, split};
use crate::{Error, Hash, Node};

/// The proof that the leaf of that index is in the tree of that size; index < size.
///
/// # Errors
/// What reading a node answers, and [`Error::OutOfRange`].
pub fn inclusion<E: From<Error>>(
    index: u64,
    size: u64,
    mut read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if index >= size {
        return Err(Error::OutOfRange.into());
    }
    let mut hashes = Vec::new();
    let (mut start, mut left_size) = (0, size);
    while left_size > 1 {
        let left = split(left_size);
        if index - start < left {
            hashes.push(root_of(start + left, left_size - left, &mut read)?);
            left_size = left;
        } else {
            hashes.push(root_of(start, left, &mut read)?);
            (start, left_size) = (start + left, left_size - left);
        }
    }
    hashes.reverse();
    Ok(hashes)
}

/// The proof that the tree of size `to` grew out of the one of size `from`; 1 ≤ from ≤ to.
///
/// # Errors
/// What reading a node answers, and [`Error::OutOfRange`].
pub fn consistency<E: From<Error>>(
    from: u64,
    to: u64,
    mut read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if from == 0 || from > to {
        return Err(Error::OutOfRange.into());
    }
    let mut hashes = Vec::new();
    let (mut start, mut size, mut old) = (0, to, from);
    while old < size {
        let left = split(size);
        if old <= left {
            hashes.push(root_of(start + left, size - left, &mut read)?);
            size = left;
        } else {
            hashes.push(root_of(start, left, &mut read)?);
            (start, size, old) = (start + left, size - left, old - left);
        }
    }
    // The old tree's last subtree; where it is the whole old tree, whoever verifies has its root.
    if start > 0 || size < from {
        hashes.push(root_of(start, size, &mut read)?);
    }
    hashes.reverse();
    Ok(hashes)
}

/// Whether the hashes lead from a leaf's hash to the root of the tree of that size.
///
/// # Errors
/// They do not, or there is no such leaf.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    hashes: &[Hash],
    root: &Hash,
) -> Result<(), Error> {
    if index >= size {
        return Err(Error::OutOfRange);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for other in hashes {
        if last == 0 {
            return Err(Error::WrongRoot);
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(other, &hash);
            while node % 2 == 0 && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            hash = node_hash(&hash, other);
        }
        (node, last) = (node / 2, last / 2);
    }
    match last == 0 && hash == *root {
        true => Ok(()),
        false => Err(Error::WrongRoot),
    }
}

/// Whether the hashes lead from the root of the tree of size `from` to the root of the one of size `to`.
///
/// # Errors
/// They do not, or there are no such trees.
pub fn verify_consistency(
    from: u64,
    from_root: &Hash,
    to: u64,
    to_root: &Hash,
    hashes: &[Hash],
) -> Result<(), Error> {
    if from == 0 || from > to {
        return Err(Error::OutOfRange);
    }
    if from == to {
        return match hashes.is_empty() && from_root == to_root {
            true => Ok(()),
            false => Err(Error::WrongRoot),
        };
    }
    let mut hashes = hashes.iter();
    // A perfect old tree is a subtree of the new one, and is not in the proof.
    let first = match from.is_power_of_two() {
        true => from_root,
        false => hashes.next().ok_or(Error::WrongRoot)?,
    };
    let shift = (from - 1).trailing_ones();
    let (mut node, mut last) = ((from - 1) >> shift, (to - 1) >> shift);
    let (mut old, mut new) = (*first, *first);
    for other in hashes {
        if last == 0 {
            return Err(Error::WrongRoot);
        }
        if node % 2 == 1 || node == last {
            old = node_hash(other, &old);
            new = node_hash(other, &new);
            while node % 2 == 0 && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            new = node_hash(&new, other);
        }
        (node, last) = (node / 2, last / 2);
    }
    match last == 0 && old == *from_root && new == *to_root {
        true => Ok(()),
        false => Err(Error::WrongRoot),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::tests::{Tree, hex, sum};
    use crate::{leaf_hash, tree};

    #[derive(Debug)]
    struct Missing;

    impl From<Error> for Missing {
        fn from(_: Error) -> Self {
            Self
        }
    }

    impl From<Node> for Missing {
        fn from(_: Node) -> Self {
            Self
        }
    }

    fn read(tree: &Tree) -> impl FnMut(Node) -> Result<Hash, Missing> {
        let mut read = tree.read();
        move |node| read(node).map_err(Missing::from)
    }

    fn tree(size: u8) -> Tree {
        Tree::of((0..size).map(|byte| [byte]))
    }

    fn line(a: u64, b: u64, hashes: &[Hash]) -> String {
        let hashes: String = hashes.iter().map(|hash| format!(" {}", hex(hash))).collect();
        format!("{a} {b}{hashes}")
    }

    #[test]
    fn all_inclusion_proofs_up_to_130_leaves_come_out_and_verify() {
        let tree = tree(130);
        let mut lines = Vec::new();
        for size in 0..=130 {
            let root = tree::root(size, tree.read()).unwrap();
            for index in 0..size {
                let proof = inclusion(index, size, read(&tree)).unwrap();
                let leaf = leaf_hash(&[index as u8]);
                verify_inclusion(&leaf, index, size, &proof, &root).unwrap();
                lines.push(line(index, size, &proof));
            }
            assert!(inclusion(size, size, read(&tree)).is_err());
        }
        assert_eq!(
            sum(&lines),
            "893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983"
        );
    }

    #[test]
    fn all_consistency_proofs_up_to_130_leaves_come_out_and_verify() {
        let tree = tree(130);
        let root = |size| tree::root(size, tree.read()).unwrap();
        let mut lines = Vec::new();
        for to in 0..=130 {
            for from in 1..=to {
                let proof = consistency(from, to, read(&tree)).unwrap();
                verify_consistency(from, &root(from), to, &root(to), &proof).unwrap();
                lines.push(line(from, to, &proof));
            }
            assert!(consistency(to + 1, to, read(&tree)).is_err());
        }
        assert!(consistency(0, 5, read(&tree)).is_err());
        assert_eq!(
            sum(&lines),
            "2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a"
        );
    }

    /// The proof with one hash changed, one taken out, one put in twice, or the order turned: each another proof.
    fn others(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let mut others = vec![[proof, &[[0; 32]]].concat()];
        for at in 0..proof.len() {
            let mut changed = proof.to_vec();
            changed[at][at % 32] ^= 1;
            let mut shorter = proof.to_vec();
            let hash = shorter.remove(at);
            let mut longer = proof.to_vec();
            longer.insert(at, hash);
            others.extend([changed, shorter, longer]);
        }
        if proof.len() > 1 {
            others.push(proof.iter().rev().copied().collect());
        }
        others
    }

    #[test]
    fn nothing_but_the_proof_itself_verifies() {
        let tree = tree(40);
        let root = |size| tree::root(size, tree.read()).unwrap();
        for size in 1..=40 {
            for index in 0..size {
                let proof = inclusion(index, size, read(&tree)).unwrap();
                let leaf = leaf_hash(&[index as u8]);
                for other in others(&proof) {
                    assert!(verify_inclusion(&leaf, index, size, &other, &root(size)).is_err());
                }
                let other_leaf = leaf_hash(&[index as u8, 0]);
                assert!(verify_inclusion(&other_leaf, index, size, &proof, &root(size)).is_err());
                for elsewhere in (0..size).filter(|at| *at != index) {
                    assert!(verify_inclusion(&leaf, elsewhere, size, &proof, &root(size)).is_err());
                }
                assert!(verify_inclusion(&leaf, size, size, &proof, &root(size)).is_err());
            }
            for from in 1..=size {
                let proof = consistency(from, size, read(&tree)).unwrap();
                for other in others(&proof) {
                    assert!(
                        verify_consistency(from, &root(from), size, &root(size), &other).is_err(),
                        "{from} {size}"
                    );
                }
                let mut changed = root(from);
                changed[0] ^= 1;
                assert!(verify_consistency(from, &changed, size, &root(size), &proof).is_err());
                assert!(verify_consistency(from, &root(from), size, &changed, &proof).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn large_trees_read_few_nodes(size in 1_u64..1 << 40, at in 0.0..1.0_f64) {
            let index = (at * size as f64) as u64;
            let mut nodes = 0_u32;
            let proof = inclusion(index, size, |_| { nodes += 1; Ok::<_, Error>([0; 32]) }).unwrap();
            prop_assert!(nodes <= 2 * (u64::BITS - size.leading_zeros()));
            prop_assert!(proof.len() <= 41);
        }
    }
}
