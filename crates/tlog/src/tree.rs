//! The tree: how leaves and nodes are hashed, and how it grows at its right edge (RFC 6962, 2.1).
//!
//! Invariant: of a tree of n leaves, the edge holds the roots of its perfect subtrees from left to right, one for each 1-bit of n.

use sha2::{Digest, Sha256};

use crate::{Error, Hash};

/// A perfect node: the root of the 2^level leaves from `position << level` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 for leaves.
    pub level: u32,
    /// Its place among those of its level, from 0.
    pub position: u64,
}

/// The hash of a leaf's bytes.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(data)
        .finalize()
        .into()
}

/// The hash of a node with two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let hash = Sha256::new().chain_update([1]).chain_update(left);
    hash.chain_update(right).finalize().into()
}

/// The root of a tree without leaves.
pub fn empty_root() -> Hash {
    Sha256::digest(b"").into()
}

/// The right edge of a tree: all that appending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    hashes: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree of that size, its hashes from left to right, as [`Edge::to_bytes`] wrote them.
    ///
    /// # Errors
    /// There are more or fewer than the size has 1-bits.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, Error> {
        let (hashes, []) = bytes.as_chunks::<32>() else {
            return Err(Error::Malformed("an edge"));
        };
        match hashes.len() == size.count_ones() as usize {
            true => Ok(Self {
                size,
                hashes: hashes.to_vec(),
            }),
            false => Err(Error::Malformed("an edge")),
        }
    }

    /// Its hashes from left to right.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash, and tells of each node that is perfect with it: the leaf first, then upwards.
    pub fn push(&mut self, leaf: Hash, mut perfect: impl FnMut(Node, Hash)) {
        let mut hash = leaf;
        let mut node = Node {
            level: 0,
            position: self.size,
        };
        perfect(node, hash);
        while node.position % 2 == 1 {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            node = Node {
                level: node.level + 1,
                position: node.position / 2,
            };
            perfect(node, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut from_right = self.hashes.iter().rev().copied();
        let Some(last) = from_right.next() else {
            return empty_root();
        };
        from_right.fold(last, |right, left| node_hash(&left, &right))
    }
}

/// The root of a tree of that size, from its perfect nodes.
///
/// # Errors
/// What reading a node answers.
pub fn root<E>(size: u64, mut read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    match size {
        0 => Ok(empty_root()),
        size => root_of(0, size, &mut read),
    }
}

/// The root of `size` leaves, at least one, from `start` on, which is a multiple of the power of two that holds them.
pub(crate) fn root_of<E>(
    start: u64,
    size: u64,
    read: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Hash, E> {
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        let position = start >> level;
        return read(Node { level, position });
    }
    let left = split(size);
    let left_hash = root_of(start, left, read)?;
    Ok(node_hash(&left_hash, &root_of(start + left, size - left, read)?))
}

/// The largest power of two below a size of at least two.
pub(crate) const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A tree in memory.
    #[derive(Default)]
    pub struct Tree {
        pub edge: Edge,
        pub nodes: BTreeMap<Node, Hash>,
    }

    impl Tree {
        pub fn of<D: AsRef<[u8]>>(leaves: impl IntoIterator<Item = D>) -> Self {
            let mut tree = Self::default();
            for data in leaves {
                tree.edge.push(leaf_hash(data.as_ref()), |node, hash| {
                    assert!(tree.nodes.insert(node, hash).is_none(), "{node:?} twice");
                });
            }
            tree
        }

        pub fn read(&self) -> impl FnMut(Node) -> Result<Hash, Node> {
            |node| self.nodes.get(&node).copied().ok_or(node)
        }
    }

    pub fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// SHA-256 over lines.
    pub fn sum(lines: &[String]) -> String {
        let all: String = lines.iter().map(|line| format!("{line}\n")).collect();
        hex(&Sha256::digest(all))
    }

    /// The leaves of the reference tests of Certificate Transparency.
    pub const PUBLISHED: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    #[test]
    fn the_published_roots_come_out() {
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (size, root) in (1..).zip(roots) {
            let tree = Tree::of(PUBLISHED.iter().take(size));
            assert_eq!(hex(&tree.edge.root()), root, "{size}");
            assert_eq!(super::root(size as u64, tree.read()), Ok(tree.edge.root()));
        }
    }

    #[test]
    fn all_roots_up_to_130_leaves_come_out() {
        let tree = Tree::of((0..130u8).map(|byte| [byte]));
        let lines: Vec<String> = (0..=130u64)
            .map(|size| {
                let edge = Tree::of((0..size as u8).map(|byte| [byte])).edge;
                assert_eq!(root(size, tree.read()), Ok(edge.root()));
                format!("{size} {}", hex(&edge.root()))
            })
            .collect();
        assert_eq!(
            sum(&lines),
            "9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec"
        );
    }

    #[test]
    fn an_edge_is_kept_by_its_size_and_hashes() {
        for size in 0..40u8 {
            let edge = Tree::of((0..size).map(|byte| [byte])).edge;
            let bytes = edge.to_bytes();
            assert_eq!(Edge::from_bytes(u64::from(size), &bytes), Ok(edge));
            assert!(Edge::from_bytes(u64::from(size), &[bytes.as_slice(), &[0]].concat()).is_err());
            assert!(Edge::from_bytes(u64::from(size) + 64, &bytes).is_err());
        }
    }
}
