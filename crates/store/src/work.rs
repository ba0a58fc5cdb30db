//! Work to be done later, or by somebody outside.
//!
//! Invariant: of two nodes at once only one claims a piece of work, and a node whose claim was taken over writes nothing of
//! it: neither the count of its tries nor the end of its claim is what it was.

use domain::Timestamp;
use domain::work::{Claim, Id, Kind, Policy, State, Work};

use crate::row::{self, Columns, Reader, columns, read, returning, select, table};
use crate::sql::{Sql, Value, sql, values};
use crate::{Error, Tx};

impl Columns for Id {
    const NAMES: &'static [&'static str] = &["subject_id", "kind", "part"];

    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let subject_id = String::read(from)?;
        let kind = Kind::read(from)?;
        Ok(Self::new(kind, &subject_id, &String::read(from)?))
    }

    fn values<'a>(&'a self, to: &mut Vec<Value<'a>>) {
        to.extend(key(self));
    }
}

crate::row::words!(Kind, State);
columns!(Claim { node = "claimed_by", incarnation = "claimed_incarnation" });

table!(Work: "work", 3 {
    id: Id, state, since = "since_ms", due = "due_at_ms", tries, claim: Claim, last_error, payload
});

fn key(id: &Id) -> [Value<'_>; 3] {
    [
        Value::Text(id.subject_id()),
        Value::Text(id.kind().code()),
        Value::Text(id.part()),
    ]
}

/// Adds work; false when it is there already, whatever its state.
pub fn enqueue(tx: &Tx<'_>, work: &Work) -> Result<bool, Error> {
    let sql = sql!(
        "INSERT INTO work (subject_id, kind, part, state, since_ms, due_at_ms, tries, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (subject_id, kind, part) DO NOTHING"
    );
    let [subject_id, kind, part] = key(&work.id);
    let values = [
        subject_id,
        kind,
        part,
        work.state.code().into(),
        work.since.into(),
        work.due.into(),
        work.tries.into(),
        work.payload.as_deref().into(),
    ];
    Ok(tx.execute(sql, &values)? > 0)
}

/// The one of that name.
pub fn get(tx: &Tx<'_>, id: &Id) -> Result<Option<Work>, Error> {
    row::get(tx, &key(id))
}

/// The same, held until the end of the transaction.
pub fn lock(tx: &Tx<'_>, id: &Id) -> Result<Option<Work>, Error> {
    let Some(work) = get(tx, id)? else {
        return Ok(None);
    };
    row::lock(tx, &work)?;
    get(tx, id)
}

/// When there is something of that kind to be done next: `now` when there is something already.
pub fn next(tx: &Tx<'_>, kind: Kind, policy: &Policy) -> Result<Option<Timestamp>, Error> {
    let first = sql!(
        "SELECT due_at_ms FROM work WHERE kind = $1 AND due_at_ms IS NOT NULL ORDER BY due_at_ms LIMIT 1"
    );
    let last =
        sql!("SELECT due_at_ms FROM work WHERE kind = $1 AND due_at_ms > $2 ORDER BY due_at_ms DESC LIMIT 1");
    let too_far = tx.now().plus_ms(policy.ahead_ms_max);
    let at = |row: &crate::sql::Row<'_>| row.time(0);
    if tx.first(last, values![kind.code(), too_far], at)?.is_some() {
        return Ok(Some(tx.now()));
    }
    let first = tx.first(first, values![kind.code()], at)?;
    Ok(first.map(|at| at.max(tx.now())))
}

/// From when to when work is due that a statement is about.
type Span = (i64, i64);

/// What is due now; and what is due later than can be, by a clock that went wrong.
fn due_now(tx: &Tx<'_>, policy: &Policy) -> [Span; 2] {
    let now = tx.now();
    [
        (i64::MIN, now.0),
        (now.plus_ms(policy.ahead_ms_max).0.saturating_add(1), i64::MAX),
    ]
}

macro_rules! taking {
    ($set:literal, $and:literal, $skip_locked:literal) => {
        concat!(
            "UPDATE work SET ",
            $set,
            " WHERE (subject_id, kind, part) IN (SELECT subject_id, kind, part FROM work
               WHERE kind = $1 AND due_at_ms >= $2 AND due_at_ms <= $3",
            $and,
            " ORDER BY due_at_ms LIMIT $4",
            $skip_locked,
            ")"
        )
    };
}

/// Takes what is to be done now, the longest due first, at most `limit`, until `until`.
pub fn claim(
    tx: &Tx<'_>,
    kind: Kind,
    policy: &Policy,
    claim: &Claim,
    limit: i64,
) -> Result<Vec<Work>, Error> {
    macro_rules! claim {
        ($skip_locked:literal) => {
            taking!(
                "state = 'claimed', due_at_ms = $5, tries = tries + 1, claimed_by = $6, claimed_incarnation = $7",
                "",
                $skip_locked
            )
        };
    }
    const CLAIM: Sql = returning!(Work, sqlite: claim!(""), postgres: claim!(" FOR UPDATE SKIP LOCKED"));
    let until = tx.now().plus_ms(policy.claim_ms);
    let mut claimed = Vec::new();
    for (from, to) in due_now(tx, policy) {
        let left = limit - claimed.len() as i64;
        let values = values![kind.code(), from, to, left, until, &claim.node, claim.incarnation];
        claimed.extend(tx.all(CLAIM, values, read)?);
    }
    Ok(claimed)
}

/// Takes out of the nodes' hands what was claimed and whose claim ran out, at most `limit`: nobody knows whether it was done.
pub fn lose(tx: &Tx<'_>, kind: Kind, policy: &Policy, limit: i64) -> Result<Vec<Work>, Error> {
    macro_rules! lose {
        ($skip_locked:literal) => {
            taking!(
                "state = 'unknown', due_at_ms = NULL, claimed_by = NULL, claimed_incarnation = NULL",
                " AND state = 'claimed'",
                $skip_locked
            )
        };
    }
    const LOSE: Sql = returning!(Work, sqlite: lose!(""), postgres: lose!(" FOR UPDATE SKIP LOCKED"));
    let mut lost = Vec::new();
    for (from, to) in due_now(tx, policy) {
        let left = limit - lost.len() as i64;
        lost.extend(tx.all(LOSE, values![kind.code(), from, to, left], read)?);
    }
    Ok(lost)
}

/// Gives back what a node claimed before it started anew.
pub fn give_back(tx: &Tx<'_>, kind: Kind, node: &str) -> Result<usize, Error> {
    let sql = sql!(
        "UPDATE work SET state = 'waiting', due_at_ms = $3, claimed_by = NULL, claimed_incarnation = NULL
         WHERE kind = $1 AND due_at_ms IS NOT NULL AND state = 'claimed' AND claimed_by = $2"
    );
    tx.execute(sql, values![kind.code(), node, tx.now()])
}

/// Takes out of a node's hands what it claimed before it started anew, and which may have been done; answers what it was.
pub fn lose_own(tx: &Tx<'_>, kind: Kind, node: &str) -> Result<Vec<Work>, Error> {
    const LOST: &str =
        "UPDATE work SET state = 'unknown', due_at_ms = NULL, claimed_by = NULL, claimed_incarnation = NULL
         WHERE kind = $1 AND due_at_ms IS NOT NULL AND state = 'claimed' AND claimed_by = $2";
    let sql = returning!(Work, sqlite: LOST, postgres: LOST);
    tx.all(sql, values![kind.code(), node], read)
}

/// Ends the claim of one that was not done, and writes what it is now; false when the claim was taken over meanwhile.
pub fn end_claim(tx: &Tx<'_>, claimed: &Work, now: &Work) -> Result<bool, Error> {
    let sql = sql!(
        "UPDATE work SET state = $4, due_at_ms = $5, tries = $6, last_error = $7, claimed_by = NULL, claimed_incarnation = NULL
         WHERE subject_id = $1 AND kind = $2 AND part = $3 AND state = 'claimed' AND tries = $8 AND due_at_ms = $9"
    );
    let [subject_id, kind, part] = key(&claimed.id);
    let values = [
        subject_id,
        kind,
        part,
        now.state.code().into(),
        now.due.into(),
        now.tries.into(),
        now.last_error.as_ref().into(),
        claimed.tries.into(),
        claimed.due.into(),
    ];
    Ok(tx.execute(sql, &values)? > 0)
}

/// Ends the claim of one that is done; false when the claim was taken over meanwhile.
pub fn delete_claimed(tx: &Tx<'_>, claimed: &Work) -> Result<bool, Error> {
    let sql = sql!(
        "DELETE FROM work WHERE subject_id = $1 AND kind = $2 AND part = $3 AND state = 'claimed' AND tries = $4 AND due_at_ms = $5"
    );
    let [subject_id, kind, part] = key(&claimed.id);
    let claim = [claimed.tries.into(), claimed.due.into()];
    Ok(tx.execute(sql, &[subject_id, kind, part, claim[0], claim[1]])? > 0)
}

/// Has what waits be due now.
pub fn hasten(tx: &Tx<'_>, id: &Id) -> Result<(), Error> {
    let sql = sql!(
        "UPDATE work SET due_at_ms = $4 WHERE subject_id = $1 AND kind = $2 AND part = $3 AND state = 'waiting' AND due_at_ms > $4"
    );
    let [subject_id, kind, part] = key(id);
    tx.execute(sql, &[subject_id, kind, part, tx.now().into()])
        .map(drop)
}

/// Takes out what is done, whoever has claimed it; false when it is out already.
pub fn delete(tx: &Tx<'_>, id: &Id) -> Result<bool, Error> {
    let sql = sql!("DELETE FROM work WHERE subject_id = $1 AND kind = $2 AND part = $3");
    Ok(tx.execute(sql, &key(id))? > 0)
}

/// Which work a list is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// One kind only.
    pub kind: Option<Kind>,
    /// One state only.
    pub state: Option<State>,
}

/// Work in the order of what it is about, after `after`; at most `limit`.
pub fn list(tx: &Tx<'_>, filter: Filter, after: Option<&Id>, limit: i64) -> Result<Vec<Work>, Error> {
    let sql = select!(
        Work,
        "WHERE (CAST($1 AS TEXT) IS NULL OR work.kind = $1) AND (CAST($2 AS TEXT) IS NULL OR work.state = $2)
           AND (work.subject_id, work.kind, work.part) > ($3, $4, $5)
         ORDER BY work.subject_id, work.kind, work.part LIMIT $6"
    );
    let [subject_id, kind, part] = after.map_or([Value::Text(""); 3], key);
    let values = [
        filter.kind.map(Kind::code).into(),
        filter.state.map(State::code).into(),
        subject_id,
        kind,
        part,
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}

/// How many are in a state in which a person decides.
pub fn stuck_count(tx: &Tx<'_>, state: State) -> Result<i64, Error> {
    let sql = sql!("SELECT count(*) FROM work WHERE due_at_ms IS NULL AND state = $1");
    Ok(tx
        .first(sql, values![state.code()], |row| row.int(0))?
        .unwrap_or_default())
}
