//! Imports: their files, what was found out of each line, and what is staged until it is taken over.
//!
//! Invariant: what is staged becomes part of the estate by [`take_over`] alone, in one transaction of few statements, however
//! many lines there are.

use domain::account::Scope;
use domain::import::{Counts, Import, Outcome, State, Trouble};
use domain::merchant::Merchant;
use domain::shop::Shop;
use domain::terminal::Terminal;
use domain::{MerchantId, Timestamp};

use crate::row::{self, columns, read, select, table, taking_over, writing_over};
use crate::shop::scope_values;
use crate::sql::{Value, sql, values};
use crate::terminal::Keyed;
use crate::{Error, Tx};

crate::row::words!(State, Trouble, Outcome);
columns!(Counts {
    lines = "line_count",
    checked = "checked_count",
    added = "added_count",
    changed = "changed_count",
    unchanged = "unchanged_count",
    wrong = "wrong_count",
    merchants = "merchant_count",
    shops = "shop_count",
});
table!(Import: "import", 1 {
    import_id,
    made_by,
    made_as,
    made_with,
    merchant_id,
    made_at = "made_at_ms",
    ended_at = "ended_at_ms",
    file_name,
    has_gate,
    state,
    trouble,
    counts: Counts,
});

/// How many imports of a scope have not ended.
pub fn open_count(tx: &Tx<'_>, merchant_id: Option<MerchantId>) -> Result<i64, Error> {
    let sql =
        sql!("SELECT count(*) FROM import WHERE ended_at_ms IS NULL AND coalesce(merchant_id, '') = $1");
    let merchant = merchant_id.as_ref().map_or("", MerchantId::as_str);
    let count = tx.first(sql, values![merchant], |row| row.int(0))?;
    Ok(count.unwrap_or_default())
}

/// Imports that somebody of that scope sees, the newest first, before `before`; at most `limit`.
pub fn list(tx: &Tx<'_>, scope: &Scope, before: Option<&str>, limit: i64) -> Result<Vec<Import>, Error> {
    let sql = select!(
        Import,
        "WHERE (CAST($1 AS TEXT) IS NULL OR import.merchant_id = $1) AND (CAST($2 AS TEXT) IS NULL OR import.import_id < $2)
           ORDER BY import.import_id DESC LIMIT $3"
    );
    let (merchant, shop) = scope_values(scope);
    match shop {
        // Nobody of a single shop sees any.
        Value::Text(_) => Ok(Vec::new()),
        _ => tx.all(sql, &[merchant, before.into(), Value::Int(limit)], read),
    }
}

/// Imports that were brought before a time and have not ended; at most `limit`.
pub fn open_before(
    tx: &Tx<'_>,
    state: Option<State>,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Import>, Error> {
    let sql = select!(
        Import,
        "WHERE import.ended_at_ms IS NULL AND import.made_at_ms < $1 AND (CAST($2 AS TEXT) IS NULL OR import.state = $2)
           ORDER BY import.made_at_ms LIMIT $3"
    );
    tx.all(sql, values![before, state.map(State::code), limit], read)
}

/// Keeps a piece of a file, encrypted by the edge; they are numbered from 0.
pub fn put_file(tx: &Tx<'_>, import_id: &str, part: i64, sealed: &[u8]) -> Result<(), Error> {
    let sql = sql!("INSERT INTO import_file (import_id, part, sealed) VALUES ($1, $2, $3)");
    tx.execute(sql, values![import_id, part, sealed]).map(drop)
}

/// A piece of a file.
pub fn file(tx: &Tx<'_>, import_id: &str, part: i64) -> Result<Option<Vec<u8>>, Error> {
    let sql = sql!("SELECT sealed FROM import_file WHERE import_id = $1 AND part = $2");
    tx.first(sql, values![import_id, part], |row| row.blob(0))
}

/// Why a line is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The code of the problem.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}
columns!(Reason {
    code,
    zh = "reason_zh",
    en = "reason_en"
});

/// A line that has been looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its row in the file, from 1.
    pub line: i64,
    /// What it would do.
    pub outcome: Outcome,
    /// What it says, as it is written there.
    pub terminal_id: String,
    /// The serial number.
    pub serial: String,
    /// What the terminal is called.
    pub name: String,
    /// Where it stands.
    pub shop: String,
    /// Which column is wrong.
    pub field: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
}
columns!(Line {
    line,
    outcome,
    terminal_id,
    serial,
    name,
    shop,
    field,
    reason: Reason
});

struct KeptLine {
    import_id: String,
    line: Line,
}
table!(KeptLine: "import_line", 2 { import_id, line: Line });

/// Writes down what a line would do.
pub fn put_line(tx: &Tx<'_>, import_id: &str, line: Line) -> Result<(), Error> {
    let import_id = import_id.to_owned();
    row::insert(tx, &KeptLine { import_id, line })
}

/// Lines of an import with that outcome, or with any, after a row; at most `limit`.
pub fn lines(
    tx: &Tx<'_>,
    import_id: &str,
    outcome: Option<Outcome>,
    after: i64,
    limit: i64,
) -> Result<Vec<Line>, Error> {
    let any = select!(
        KeptLine,
        "WHERE import_line.import_id = $1 AND import_line.line > $2 ORDER BY import_line.line LIMIT $3"
    );
    let one = select!(
        KeptLine,
        "WHERE import_line.import_id = $1 AND import_line.line > $2 AND import_line.outcome = $4
           ORDER BY import_line.line LIMIT $3"
    );
    let lines: Vec<KeptLine> = match outcome {
        None => tx.all(any, values![import_id, after, limit], read)?,
        Some(outcome) => tx.all(one, values![import_id, after, limit, outcome.code()], read)?,
    };
    Ok(lines.into_iter().map(|kept| kept.line).collect())
}

struct StagedMerchant {
    import_id: String,
    merchant: Merchant,
}
table!(StagedMerchant: "import_merchant", 2 { import_id, merchant: Merchant });

/// Stages a merchant.
pub fn put_merchant(tx: &Tx<'_>, import_id: &str, merchant: Merchant) -> Result<(), Error> {
    let import_id = import_id.to_owned();
    row::insert(tx, &StagedMerchant { import_id, merchant })
}

/// A staged merchant.
pub fn merchant(tx: &Tx<'_>, import_id: &str, merchant_id: MerchantId) -> Result<Option<Merchant>, Error> {
    let staged: Option<StagedMerchant> = row::get(tx, values![import_id, &merchant_id])?;
    Ok(staged.map(|staged| staged.merchant))
}

struct StagedShop {
    import_id: String,
    shop: Shop,
}
table!(StagedShop: "import_shop", 2 { import_id, shop: Shop });

/// Stages a shop.
pub fn put_shop(tx: &Tx<'_>, import_id: &str, shop: Shop) -> Result<(), Error> {
    let import_id = import_id.to_owned();
    row::insert(tx, &StagedShop { import_id, shop })
}

/// The staged shop of a merchant that is called so.
pub fn shop(
    tx: &Tx<'_>,
    import_id: &str,
    merchant_id: MerchantId,
    name: &str,
) -> Result<Option<Shop>, Error> {
    let sql = select!(
        StagedShop,
        "WHERE import_shop.import_id = $1 AND import_shop.merchant_id = $2 AND import_shop.name = $3"
    );
    let staged: Option<StagedShop> = tx.first(sql, values![import_id, &merchant_id, name], read)?;
    Ok(staged.map(|staged| staged.shop))
}

struct StagedTerminal {
    import_id: String,
    line: i64,
    outcome: Outcome,
    text: Option<String>,
    sequence: i64,
    keyed: Keyed,
}
table!(StagedTerminal: "import_terminal", 2 { import_id, line, outcome, text, sequence, keyed: Keyed });

/// What a terminal is to be after the import.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The row that says so.
    pub line: i64,
    /// [`Outcome::Added`] or [`Outcome::Changed`].
    pub outcome: Outcome,
    /// What is changed.
    pub text: Option<String>,
    /// The terminal's last event when the row was looked through; 0: none.
    pub sequence: i64,
    /// The terminal as it will be.
    pub terminal: Terminal,
}

/// Stages a terminal.
pub fn put_terminal(tx: &Tx<'_>, import_id: &str, staged: Staged) -> Result<(), Error> {
    let staged = StagedTerminal {
        import_id: import_id.to_owned(),
        line: staged.line,
        outcome: staged.outcome,
        text: staged.text,
        sequence: staged.sequence,
        keyed: Keyed {
            terminal: staged.terminal,
            master_key_sealed: Vec::new(),
        },
    };
    row::insert(tx, &staged)
}

/// Makes what is staged a part of the estate, and tells it as done by that person; called with the import held. False when the
/// estate is not what it was when the lines were looked through: whatever was written must then be taken back.
pub fn take_over(tx: &Tx<'_>, import_id: &str, by: &str) -> Result<bool, Error> {
    hold_places(tx, import_id)?;
    let merchants = taking_over!(Merchant, "import_merchant WHERE import_id = $1");
    let shops = taking_over!(Shop, "import_shop WHERE import_id = $1");
    let added = taking_over!(
        Keyed,
        "import_terminal WHERE import_id = $1 AND outcome = 'added' ORDER BY terminal_id"
    );
    let changed = writing_over!(
        Terminal,
        "import_terminal staged WHERE staged.import_id = $1 AND staged.outcome = 'changed'
           AND terminal.terminal_id = staged.terminal_id"
    );
    for sql in [merchants, shops, added, changed] {
        match tx.execute(sql, values![import_id]) {
            Err(Error::Conflict(_)) => return Ok(false),
            done => done.map(drop)?,
        }
    }
    if is_out_of_business(tx, import_id)? {
        return Ok(false);
    }
    match tell(tx, import_id, by) {
        Err(Error::Conflict(_)) => Ok(false),
        told => told.map(|()| true),
    }
}

/// Holds the shops, merchants and terminals that it is about, in one order, where writers are not alone.
fn hold_places(tx: &Tx<'_>, import_id: &str) -> Result<(), Error> {
    let shops = sql!(
        "SELECT 1 FROM shop WHERE shop_id IN (SELECT shop_id FROM import_terminal WHERE import_id = $1) ORDER BY shop_id FOR SHARE"
    );
    let merchants = sql!(
        "SELECT 1 FROM merchant WHERE merchant_id IN (SELECT merchant_id FROM import_terminal WHERE import_id = $1)
         ORDER BY merchant_id FOR SHARE"
    );
    let terminals = sql!(
        "SELECT 1 FROM terminal WHERE terminal_id IN
           (SELECT terminal_id FROM import_terminal WHERE import_id = $1 AND outcome = 'changed')
         ORDER BY terminal_id FOR NO KEY UPDATE"
    );
    if tx.is_alone() {
        return Ok(());
    }
    for sql in [shops, merchants, terminals] {
        tx.all(sql, values![import_id], |_| Ok(()))?;
    }
    Ok(())
}

/// Whether a shop where it puts a terminal, or its merchant, is not in business.
fn is_out_of_business(tx: &Tx<'_>, import_id: &str) -> Result<bool, Error> {
    let sql = sql!(
        "SELECT 1 FROM shop JOIN merchant ON merchant.merchant_id = shop.merchant_id
         WHERE shop.shop_id IN (SELECT shop_id FROM import_terminal WHERE import_id = $1 AND outcome = 'added')
           AND (shop.state <> 'active' OR merchant.state <> 'active') LIMIT 1"
    );
    Ok(tx.first(sql, values![import_id], |_| Ok(()))?.is_some())
}

/// Writes the events that adding and changing each by hand would have written. They follow the last one that was seen when the
/// line was looked through: where another has come since, the two collide.
fn tell(tx: &Tx<'_>, import_id: &str, by: &str) -> Result<(), Error> {
    let merchants = sql!(
        "INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor)
         SELECT 'merchant', merchant_id, 1, CAST($2 AS BIGINT), 'create', 'person', CAST($3 AS TEXT)
         FROM import_merchant WHERE import_id = $1"
    );
    let shops = sql!(
        "INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor)
         SELECT 'shop', shop_id, 1, CAST($2 AS BIGINT), 'create', 'person', CAST($3 AS TEXT)
         FROM import_shop WHERE import_id = $1"
    );
    let terminals = sql!(
        "INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor, text)
         SELECT 'terminal', terminal_id, sequence + 1, CAST($2 AS BIGINT),
           CASE outcome WHEN 'added' THEN 'create' ELSE 'change' END, 'person', CAST($3 AS TEXT), text
         FROM import_terminal WHERE import_id = $1 ORDER BY terminal_id"
    );
    for sql in [merchants, shops, terminals] {
        tx.execute(sql, values![import_id, tx.now(), by])?;
    }
    Ok(())
}

/// Forgets what was found out of an import's lines and staged, at most `limit` rows of each kind; answers how many rows.
pub fn unstage(tx: &Tx<'_>, import_id: &str, limit: i64) -> Result<usize, Error> {
    let statements = [
        sql!(
            "DELETE FROM import_line WHERE import_id = $1 AND line IN
               (SELECT line FROM import_line WHERE import_id = $1 ORDER BY line LIMIT $2)"
        ),
        sql!(
            "DELETE FROM import_terminal WHERE import_id = $1 AND line IN
               (SELECT line FROM import_terminal WHERE import_id = $1 ORDER BY line LIMIT $2)"
        ),
        sql!(
            "DELETE FROM import_shop WHERE import_id = $1 AND shop_id IN
               (SELECT shop_id FROM import_shop WHERE import_id = $1 ORDER BY shop_id LIMIT $2)"
        ),
        sql!(
            "DELETE FROM import_merchant WHERE import_id = $1 AND merchant_id IN
               (SELECT merchant_id FROM import_merchant WHERE import_id = $1 ORDER BY merchant_id LIMIT $2)"
        ),
    ];
    let mut count = 0;
    for sql in statements {
        count += tx.execute(sql, values![import_id, limit])?;
    }
    Ok(count)
}

/// Forgets the file and what is staged of imports that have ended, at most `limit` rows of each kind; answers how many rows.
/// Lines that were wrong stay as long as the import.
pub fn forget_staged(tx: &Tx<'_>, limit: i64) -> Result<usize, Error> {
    let statements = [
        sql!(
            "DELETE FROM import_file WHERE (import_id, part) IN (SELECT import_id, part FROM import_file WHERE import_id IN
               (SELECT import_id FROM import WHERE ended_at_ms IS NOT NULL) LIMIT $1)"
        ),
        sql!(
            "DELETE FROM import_terminal WHERE (import_id, line) IN (SELECT import_id, line FROM import_terminal WHERE import_id IN
               (SELECT import_id FROM import WHERE ended_at_ms IS NOT NULL) LIMIT $1)"
        ),
        sql!(
            "DELETE FROM import_shop WHERE (import_id, shop_id) IN (SELECT import_id, shop_id FROM import_shop WHERE import_id IN
               (SELECT import_id FROM import WHERE ended_at_ms IS NOT NULL) LIMIT $1)"
        ),
        sql!(
            "DELETE FROM import_merchant WHERE (import_id, merchant_id) IN (SELECT import_id, merchant_id FROM import_merchant
               WHERE import_id IN (SELECT import_id FROM import WHERE ended_at_ms IS NOT NULL) LIMIT $1)"
        ),
        sql!(
            "DELETE FROM import_line WHERE (import_id, line) IN (SELECT import_id, line FROM import_line
               WHERE outcome <> 'wrong' AND import_id IN (SELECT import_id FROM import WHERE ended_at_ms IS NOT NULL) LIMIT $1)"
        ),
    ];
    let mut count = 0;
    for sql in statements {
        count += tx.execute(sql, values![limit])?;
    }
    Ok(count)
}

/// Forgets imports that ended before a time, with their lines; at most `limit` rows of each kind; answers how many rows.
pub fn forget(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let lines = sql!(
        "DELETE FROM import_line WHERE (import_id, line) IN (SELECT import_id, line FROM import_line WHERE import_id IN
           (SELECT import_id FROM import WHERE ended_at_ms < $1) LIMIT $2)"
    );
    let imports = sql!(
        "DELETE FROM import WHERE import_id IN (SELECT i.import_id FROM import i WHERE i.ended_at_ms < $1
           AND NOT EXISTS (SELECT 1 FROM import_line l WHERE l.import_id = i.import_id) LIMIT $2)"
    );
    let count = tx.execute(lines, values![before, limit])?;
    Ok(count + tx.execute(imports, values![before, limit])?)
}
