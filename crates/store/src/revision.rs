//! Revisions of the house's texts.

use domain::MerchantId;
use domain::revision::{Kind, Revision, State};

use crate::row::{read, select, table};
use crate::sql::{Value, sql};
use crate::{Error, Tx};

crate::row::words!(Kind, State);
table!(Revision: "revision", 1 {
    revision_id,
    kind,
    name,
    merchant_id,
    version,
    text,
    state,
    writers,
    written_at = "written_at_ms",
    proposed_by,
    proposed_at = "proposed_at_ms",
    signed_by,
    signed_at = "signed_at_ms",
    ended_by,
    ended_at = "ended_at_ms",
});

/// What a second one of a name and version breaks.
pub const UNIQUE: &str = "revision_kind_name_version";

/// Of which texts, and whose.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// What they are for.
    pub kind: Kind,
    /// The shop that runs the house; `None`: an acquirer's.
    pub merchant_id: Option<MerchantId>,
    /// Which one.
    pub name: &'a str,
}

impl Of<'_> {
    fn key(&self) -> [Value<'_>; 3] {
        let merchant_id = self.merchant_id.as_ref().map_or("", MerchantId::as_str);
        [
            Value::Text(self.kind.code()),
            Value::Text(merchant_id),
            Value::Text(self.name),
        ]
    }
}

/// The one that is used.
pub fn in_use(tx: &Tx<'_>, of: Of<'_>) -> Result<Option<Revision>, Error> {
    let sql = select!(
        Revision,
        "WHERE revision.kind = $1 AND coalesce(revision.merchant_id, '') = $2 AND revision.name = $3
           AND revision.state IN ('in_use', 'withdrawal_proposed')"
    );
    tx.first(sql, &of.key(), read)
}

/// All of a name, the latest version first; at most `limit`.
pub fn list(tx: &Tx<'_>, of: Of<'_>, limit: i64) -> Result<Vec<Revision>, Error> {
    let sql = select!(
        Revision,
        "WHERE revision.kind = $1 AND coalesce(revision.merchant_id, '') = $2 AND revision.name = $3
         ORDER BY revision.version DESC LIMIT $4"
    );
    let [kind, merchant_id, name] = of.key();
    tx.all(sql, &[kind, merchant_id, name, Value::Int(limit)], read)
}

/// The latest version of a name.
pub fn last_version(tx: &Tx<'_>, of: Of<'_>) -> Result<Option<u32>, Error> {
    Ok(list(tx, of, 1)?.first().map(|latest| latest.version))
}

/// Those of a kind that wait for somebody, whatever their name.
pub fn open_count(tx: &Tx<'_>, kind: Kind, merchant_id: Option<MerchantId>) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM revision WHERE kind = $1 AND coalesce(merchant_id, '') = $2
           AND state IN ('draft', 'proposed', 'withdrawal_proposed')"
    );
    let of = Of {
        kind,
        merchant_id,
        name: "",
    };
    let [kind, merchant_id, _] = of.key();
    Ok(tx
        .first(sql, &[kind, merchant_id], |row| row.int(0))?
        .unwrap_or(0))
}
