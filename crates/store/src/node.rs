//! Nodes that share this store: who is present.
//!
//! Invariant: a node that has left or was expelled never comes back; it joins anew, as another incarnation.

use domain::Timestamp;

use crate::sql::{Row, sql, values};
use crate::{Error, Tx};

/// One start of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation {
    /// The node's name.
    pub node: String,
    /// Counts its starts.
    pub incarnation: i64,
}

/// A node that is present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub who: Incarnation,
    /// Counts up while it lives.
    pub renewal: i64,
    /// When it renewed last, by its own clock.
    pub renewed_at: Timestamp,
}

/// Adds a node, as its next incarnation, and says which data keys it has.
pub fn join(tx: &Tx<'_>, node: &str) -> Result<Incarnation, Error> {
    let sql = sql!(
        "INSERT INTO node (node, incarnation, renewal, joined_at_ms, renewed_at_ms, data_keys)
         VALUES ($1, (SELECT coalesce(max(incarnation), 0) + 1 FROM node WHERE node = $1), 0, $2, $2, $3) RETURNING incarnation"
    );
    let keys = tx.vault.map(|vault| vault.checks().concat());
    let values = values![node, tx.now(), keys.as_deref()];
    let incarnation = tx.first(sql, values, |row| row.int(0))?;
    Ok(Incarnation {
        node: node.to_owned(),
        incarnation: incarnation.ok_or(Error::Corrupt("node.incarnation"))?,
    })
}

/// Says that a node lives; false when it was expelled.
pub fn renew(tx: &Tx<'_>, who: &Incarnation) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE node SET renewal = renewal + 1, renewed_at_ms = $3 WHERE node = $1 AND incarnation = $2 AND left_at_ms IS NULL"
    );
    Ok(tx.execute(sql, values![&who.node, who.incarnation, tx.now()])? > 0)
}

/// A node leaves.
pub fn leave(tx: &Tx<'_>, who: &Incarnation) -> Result<(), Error> {
    let sql =
        sql!("UPDATE node SET left_at_ms = $3 WHERE node = $1 AND incarnation = $2 AND left_at_ms IS NULL");
    tx.execute(sql, values![&who.node, who.incarnation, tx.now()])
        .map(drop)
}

/// Expels a node that has not renewed since it was seen; false when it has.
pub fn expel(tx: &Tx<'_>, seen: &Present) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE node SET left_at_ms = $4 WHERE node = $1 AND incarnation = $2 AND renewal = $3 AND left_at_ms IS NULL"
    );
    let who = &seen.who;
    Ok(tx.execute(sql, values![&who.node, who.incarnation, seen.renewal, tx.now()])? > 0)
}

/// Who is present; at most 1000.
pub fn present(tx: &Tx<'_>) -> Result<Vec<Present>, Error> {
    let sql = sql!(
        "SELECT node, incarnation, renewal, renewed_at_ms FROM node WHERE left_at_ms IS NULL ORDER BY node, incarnation LIMIT 1000"
    );
    tx.all(sql, &[], |row| {
        Ok(Present {
            who: read(row)?,
            renewal: row.int(2)?,
            renewed_at: row.time(3)?,
        })
    })
}

/// The name of a node that is present and has not said that it has this data key; nothing of `node` itself.
pub fn lacks(tx: &Tx<'_>, check: &[u8], node: &str) -> Result<Option<String>, Error> {
    let sql = sql!(
        "SELECT node, data_keys FROM node WHERE left_at_ms IS NULL AND node <> $1 ORDER BY node LIMIT 1000"
    );
    let lacks = |row: &Row<'_>| {
        let keys = row.blob_opt(1)?.unwrap_or_default();
        let has = keys.chunks(check.len().max(1)).any(|one| one == check);
        Ok((!has).then_some(row.string(0)?))
    };
    Ok(tx.all(sql, values![node], lacks)?.into_iter().flatten().next())
}

/// How many starts of nodes sealed with another data key, or did not say with which; `None` when one of them is present.
pub fn sealed_otherwise(tx: &Tx<'_>, check: &[u8]) -> Result<Option<i64>, Error> {
    let sql = sql!(
        "SELECT count(*), count(CASE WHEN left_at_ms IS NULL THEN 1 END) FROM node
         WHERE data_keys IS NULL OR substr(data_keys, 1, 32) <> $1"
    );
    let counts = tx.first(sql, values![check], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let (all, present) = counts.unwrap_or_default();
    Ok((present == 0).then_some(all))
}

/// Whether an incarnation is present.
pub fn is_present(tx: &Tx<'_>, who: &Incarnation) -> Result<bool, Error> {
    let sql = sql!("SELECT 1 FROM node WHERE node = $1 AND incarnation = $2 AND left_at_ms IS NULL");
    Ok(tx
        .first(sql, values![&who.node, who.incarnation], |_| Ok(()))?
        .is_some())
}

/// Names with requests at the host that no present node answers to; at most 100.
pub fn orphaned(tx: &Tx<'_>) -> Result<Vec<String>, Error> {
    let sql = sql!(
        "SELECT DISTINCT p.node FROM pending p
         WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.node = p.node AND n.left_at_ms IS NULL) LIMIT 100"
    );
    tx.all(sql, &[], |row| row.string(0))
}

/// Forgets nodes that left before a time, and what was asked of them; answers how many nodes.
pub fn forget(tx: &Tx<'_>, before: Timestamp) -> Result<usize, Error> {
    let sql = sql!("DELETE FROM drain WHERE asked_at_ms < $1");
    tx.execute(sql, values![before])?;
    // The last incarnation of each stays, so that numbers are never given twice.
    let sql = sql!(
        "DELETE FROM node WHERE left_at_ms < $1 AND incarnation < (SELECT max(n.incarnation) FROM node n WHERE n.node = node.node)"
    );
    tx.execute(sql, values![before])
}

/// Takes a duty, or keeps it: true when it is this node's. One whose node is present stays with it.
pub fn take_duty(tx: &Tx<'_>, duty: &str, who: &Incarnation) -> Result<bool, Error> {
    let owner = sql!("SELECT node, incarnation FROM node_duty WHERE duty = $1");
    let Some(owner) = tx.first(owner, values![duty], read)? else {
        let take = sql!(
            "INSERT INTO node_duty (duty, node, incarnation, taken_at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (duty) DO NOTHING"
        );
        return Ok(tx.execute(take, values![duty, &who.node, who.incarnation, tx.now()])? > 0);
    };
    if owner == *who {
        return Ok(true);
    }
    if is_present(tx, &owner)? {
        return Ok(false);
    }
    let take = sql!(
        "UPDATE node_duty SET node = $2, incarnation = $3, taken_at_ms = $4 WHERE duty = $1 AND node = $5 AND incarnation = $6"
    );
    let values = values![
        duty,
        &who.node,
        who.incarnation,
        tx.now(),
        &owner.node,
        owner.incarnation
    ];
    Ok(tx.execute(take, values)? > 0)
}

fn read(row: &Row<'_>) -> Result<Incarnation, Error> {
    Ok(Incarnation {
        node: row.string(0)?,
        incarnation: row.int(1)?,
    })
}
