//! Receipts: what the report did to each channel.

use domain::Timestamp;
use domain::incident::Channel;

use crate::row::{columns, read};
use crate::sql::{sql, values};
use crate::{Error, Tx};

/// One channel's receipt: from when our own doors let nothing of the terminal pass. What that means elsewhere is what is
/// known of the incident's stop ([`crate::stop_request::known`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which channel.
    pub channel: Channel,
    /// From when nothing of the terminal passes.
    pub at: Timestamp,
    /// Which node says so.
    pub node: String,
    /// Approvals decided before the hold whose answers were waited for, to be written or dropped.
    pub in_flight_waited: i64,
    /// Nodes that said nothing of the terminal is on its way any more, its own among them.
    pub nodes_drained: i64,
    /// Nodes that said nothing, and whose lease to write approvals was waited out.
    pub nodes_expelled: i64,
}

crate::row::words!(Channel);
columns!(Receipt { channel, at = "at_ms", node, in_flight_waited, nodes_drained, nodes_expelled });

/// Writes a receipt once.
pub fn insert(tx: &Tx<'_>, incident_id: &str, receipt: &Receipt) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO receipt (incident_id, channel, at_ms, node, in_flight_waited, nodes_drained, nodes_expelled)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (incident_id, channel) DO NOTHING"
    );
    let Receipt {
        channel,
        at,
        node,
        in_flight_waited,
        nodes_drained,
        nodes_expelled,
    } = receipt;
    tx.execute(
        sql,
        values![
            incident_id,
            channel.code(),
            *at,
            node,
            *in_flight_waited,
            *nodes_drained,
            *nodes_expelled
        ],
    )
    .map(drop)
}

/// The receipts of an incident, in the order of the channels.
pub fn list(tx: &Tx<'_>, incident_id: &str) -> Result<Vec<Receipt>, Error> {
    let sql = sql!(
        "SELECT channel, at_ms, node, in_flight_waited, nodes_drained, nodes_expelled FROM receipt WHERE incident_id = $1 LIMIT 50"
    );
    let mut receipts: Vec<Receipt> = tx.all(sql, values![incident_id], read)?;
    receipts.sort_by_key(|receipt| receipt.channel);
    Ok(receipts)
}
