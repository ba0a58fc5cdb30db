//! Moving every sealed value to the newest key, and what is still in clear under it: a bounded number of rows at a time, with the
//! place that was reached in the same transaction.
//!
//! Whoever changes a row meanwhile wins: a value is written only over the one that was read. So any number of nodes may be at it
//! at once, and one that dies in the middle has lost nothing.
//!
//! Invariant: a value is never written but sealed with the newest key, for the place it opens at; a key is retired only after a
//! whole pass has found nothing that is not the newest's, and while nobody seals with another.

use domain::{TerminalId, Timestamp};

use crate::row::{self, read, select, table};
use crate::sql::{Row, Sql, Value, sql};
use crate::vault::{self, Place, Purpose, Vault};
use crate::{Error, Tx, account, data_key, node, registration};

/// Rows looked at in one transaction: on a shared store it holds their terminals for a few milliseconds.
const ROWS_MAX: i64 = 32;
/// Between the parts of a key where it is kept as one text.
const BETWEEN: char = '\u{1f}';

/// What is sealed: one column of one table.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// `table.column`.
    pub name: &'static str,
    keys: &'static [Key],
    /// Columns after the value that say what it is bound to.
    owners: usize,
    bound: Bound,
    select: Sql,
    update: Sql,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Text,
    Int,
    /// A text that names a terminal, whose row is locked first.
    Terminal,
}

/// What a value is bound to.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// A text: its place. The owners are the row's key, then the merchant, then the index where there is one.
    Place {
        table: &'static str,
        column: &'static str,
        /// The label of the index it is found by.
        index: Option<&'static str>,
    },
    /// Bytes: a purpose, and its owner made from the owners.
    Purpose(Purpose, fn(&[String]) -> String),
}

macro_rules! unit {
    (@of $table:literal, $column:literal, $value:expr, ($keys:literal: $($key:ident),+), $marks:literal, $limit:literal, $same:literal,
     ($owner:literal: $owners:literal), $bound:expr, $set:literal) => {
        Unit {
            name: concat!($table, ".", $column),
            keys: &[$(Key::$key),+],
            owners: $owners,
            bound: $bound,
            select: sql!(concat!("SELECT ", $keys, ", ", $value, ", ", $owner, " FROM ", $table, " WHERE (", $keys, ") > (", $marks,
                ") ORDER BY ", $keys, " LIMIT ", $limit)),
            update: sql!(concat!("UPDATE ", $table, " SET ", $column, " = $1", $set, " WHERE ", $column, " = $2 AND (", $keys, ") = (",
                $same, ")")),
        }
    };
    ($table:literal, $column:literal, one $keys:tt, $owner:tt, $bound:expr) => {
        unit!(@of $table, $column, $column, $keys, "$1", "$2", "$3", $owner, $bound, "")
    };
    ($table:literal, $column:literal, found $set:literal, one $keys:tt, $owner:tt, $bound:expr) => {
        unit!(@of $table, $column, $column, $keys, "$1", "$2", "$3", $owner, $bound, $set)
    };
    ($table:literal, $column:literal, two $keys:tt, $owner:tt, $bound:expr) => {
        unit!(@of $table, $column, $column, $keys, "$1, $2", "$3", "$3, $4", $owner, $bound, "")
    };
    ($table:literal, $column:literal, three $keys:tt, $owner:tt, $bound:expr) => {
        unit!(@of $table, $column, $column, $keys, "$1, $2, $3", "$4", "$3, $4, $5", $owner, $bound, "")
    };
    ($table:literal, $column:literal, only $value:literal, three $keys:tt, $owner:tt, $bound:expr) => {
        unit!(@of $table, $column, $value, $keys, "$1, $2, $3", "$4", "$3, $4, $5", $owner, $bound, "")
    };
}

const fn place(table: &'static str, column: &'static str) -> Bound {
    Bound::Place {
        table,
        column,
        index: None,
    }
}

const fn found(table: &'static str, column: &'static str, label: &'static str) -> Bound {
    Bound::Place {
        table,
        column,
        index: Some(label),
    }
}

const fn of_terminal(purpose: Purpose) -> Bound {
    Bound::Purpose(purpose, |owners| owners.concat())
}

/// Everything that is sealed. What is staged comes before what it is taken over into, and what is passed on before where it goes.
pub const UNITS: &[Unit] = &[
    unit!("account", "email", found ", email_index = $4", one ("login": Text), ("login, coalesce(merchant_id, ''), coalesce(email_index, '')": 3),
        found("account", "email", account::EMAIL)),
    unit!("account", "phone", found ", phone_index = $4", one ("login": Text), ("login, coalesce(merchant_id, ''), coalesce(phone_index, '')": 3),
        found("account", "phone", account::PHONE)),
    unit!("attachment", "name", one ("attachment_id": Text), ("attachment_id, ''": 2), place("attachment", "name")),
    unit!("attachment", "withdrawn_ground", one ("attachment_id": Text), ("attachment_id, ''": 2),
        place("attachment", "withdrawn_ground")),
    unit!("attachment_piece", "sealed", two ("attachment_id, part": Text, Int), ("attachment_id, CAST(part AS TEXT) AS piece": 2),
        Bound::Purpose(Purpose::Attachment, |owners| owners.join("."))),
    unit!("audit_log", "seed_sealed", one ("audit_log_id": Text), ("origin": 1), Bound::Purpose(Purpose::AuditKey, |owners| owners.concat())),
    unit!("contact", "hotline", one ("contact_id": Text), ("contact_id, coalesce(merchant_id, '')": 2), place("contact", "hotline")),
    unit!("contact", "email", one ("contact_id": Text), ("contact_id, coalesce(merchant_id, '')": 2), place("contact", "email")),
    unit!("duty", "reference", one ("duty_id": Text), ("duty_id, ''": 2), place("duty", "reference")),
    unit!("duty", "statement", one ("duty_id": Text), ("duty_id, ''": 2), place("duty", "statement")),
    unit!("photo", "caption", one ("photo_id": Text), ("photo_id, coalesce(merchant_id, '')": 2), place("photo", "caption")),
    unit!("photo", "removed_ground", one ("photo_id": Text), ("photo_id, coalesce(merchant_id, '')": 2),
        place("photo", "removed_ground")),
    unit!("police_entry", "number", one ("entry_id": Text), ("entry_id, ''": 2), place("police_entry", "number")),
    unit!("police_entry", "office", one ("entry_id": Text), ("entry_id, ''": 2), place("police_entry", "office")),
    unit!("event", "text", three ("subject, subject_id, sequence": Text, Text, Int), ("subject, subject_id, at_ms, verb, ''": 5), place("event", "text")),
    unit!("factor", "secret_sealed", one ("factor_id": Text), ("login": 1), Bound::Purpose(Purpose::Factor, |owners| owners.concat())),
    unit!("idempotency", "body", two ("login, key": Text, Text), ("login, key, ''": 3), place("idempotency", "body")),
    unit!("import_file", "sealed", two ("import_id, part": Text, Int), ("import_id, CAST(part AS TEXT) AS piece": 2),
        Bound::Purpose(Purpose::Import, |owners| owners.join("."))),
    unit!("import_terminal", "settlement_account_sealed", two ("import_id, line": Text, Int), ("terminal_id": 1),
        of_terminal(Purpose::SettlementAccount)),
    unit!("import_terminal", "keys_held_by", two ("import_id, line": Text, Int), ("terminal_id, merchant_id": 2),
        place("terminal", "keys_held_by")),
    unit!("import_terminal", "master_key_sealed", two ("import_id, line": Text, Int), ("terminal_id": 1),
        of_terminal(Purpose::MasterKey)),
    unit!("incident", "place", one ("incident_id": Text), ("incident_id, ''": 2), place("incident", "place")),
    unit!("incident", "circumstances", one ("incident_id": Text), ("incident_id, ''": 2), place("incident", "circumstances")),
    unit!("incident", "found_statement", one ("incident_id": Text), ("incident_id, ''": 2), place("incident", "found_statement")),
    unit!("incident", "closing_statement", one ("incident_id": Text), ("incident_id, ''": 2), place("incident", "closing_statement")),
    unit!("inspection", "new_keys_reference", two ("incident_id, position": Text, Int), ("incident_id, position, ''": 3),
        place("inspection", "new_keys_reference")),
    unit!("inspection_item", "note", three ("incident_id, position, place": Text, Int, Int), ("incident_id, position, place, ''": 4),
        place("inspection_item", "note")),
    unit!("invitation", "name", one ("invitation_id": Text), ("invitation_id, coalesce(merchant_id, '')": 2),
        place("invitation", "name")),
    unit!("operator", "name", two ("shop_id, operator": Text, Text), ("shop_id, operator, ''": 3), place("operator", "name")),
    unit!("letter", "to_name", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "to_name")),
    unit!("letter", "to_email", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "to_email")),
    unit!("letter", "own_question", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "own_question")),
    unit!("letter", "mail_to", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "mail_to")),
    unit!("letter", "mail_said", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "mail_said")),
    unit!("letter", "answer_reference", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "answer_reference")),
    unit!("letter", "answer_text", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "answer_text")),
    unit!("letter", "withdrawn_ground", one ("letter_id": Text), ("letter_id, ''": 2), place("letter", "withdrawn_ground")),
    unit!("mark", "ground", two ("incident_id, position": Text, Int), ("incident_id, position, ''": 3), place("mark", "ground")),
    unit!("payment", "operator", two ("statement_id, position": Text, Int), ("statement_id, position, merchant_id": 3),
        place("payment", "operator")),
    unit!("payment", "payer", two ("statement_id, position": Text, Int), ("statement_id, position, merchant_id": 3),
        place("payment", "payer")),
    unit!("provider_account", "key_sealed", two ("merchant_id, provider": Text, Text), ("merchant_id, provider": 2),
        Bound::Purpose(Purpose::Setting, |owners| format!("provider.{}", owners.join(".")))),
    unit!("registration", "person_name", one ("registration_id": Text), ("registration_id, ''": 2), place("registration", "person_name")),
    unit!("registration", "identity_number", found ", identity_index = $4", one ("registration_id": Text),
        ("registration_id, '', coalesce(identity_index, '')": 3), found("registration", "identity_number", registration::IDENTITY)),
    unit!("registration", "mobile", one ("registration_id": Text), ("registration_id, ''": 2), place("registration", "mobile")),
    unit!("registration", "email", found ", email_index = $4", one ("registration_id": Text),
        ("registration_id, '', coalesce(email_index, '')": 3), found("registration", "email", account::EMAIL)),
    unit!("registration", "reason", one ("registration_id": Text), ("registration_id, ''": 2), place("registration", "reason")),
    unit!("registration", "told", one ("registration_id": Text), ("registration_id, ''": 2), place("registration", "told")),
    unit!("replacement", "checklist_text", one ("replacement_id": Text), ("replacement_id, ''": 2), place("replacement", "checklist_text")),
    unit!("replacement_step", "reference", two ("replacement_id, position": Text, Int), ("replacement_id, position, ''": 3),
        place("replacement_step", "reference")),
    unit!("replacement_step", "statement", two ("replacement_id, position": Text, Int), ("replacement_id, position, ''": 3),
        place("replacement_step", "statement")),
    unit!("setting", "smtp_url_sealed", one ("setting_id": Text), ("'smtp_url'": 1),
        Bound::Purpose(Purpose::Setting, |owners| owners.concat())),
    unit!("setting", "identity_key_sealed", one ("setting_id": Text), ("'identity_key'": 1),
        Bound::Purpose(Purpose::Setting, |owners| owners.concat())),
    unit!("setting", "zone_keys_sealed", one ("setting_id": Text), ("'zone_keys'": 1),
        Bound::Purpose(Purpose::Setting, |owners| owners.concat())),
    unit!("settlement_hold", "ground_text", one ("settlement_hold_id": Text), ("settlement_hold_id, merchant_id": 2),
        place("settlement_hold", "ground_text")),
    unit!("settlement_hold", "release_ground", one ("settlement_hold_id": Text), ("settlement_hold_id, merchant_id": 2),
        place("settlement_hold", "release_ground")),
    unit!("settlement_hold", "withdrawn_ground", one ("settlement_hold_id": Text), ("settlement_hold_id, merchant_id": 2),
        place("settlement_hold", "withdrawn_ground")),
    unit!("statement", "name", one ("statement_id": Text), ("statement_id, merchant_id": 2), place("statement", "name")),
    unit!("statement", "withdrawn_ground", one ("statement_id": Text), ("statement_id, merchant_id": 2),
        place("statement", "withdrawn_ground")),
    unit!("stop_request", "letter_zh", one ("incident_id": Text), ("incident_id, ''": 2), place("stop_request", "letter_zh")),
    unit!("stop_request", "letter_en", one ("incident_id": Text), ("incident_id, ''": 2), place("stop_request", "letter_en")),
    unit!("stop_request", "mail_to", one ("incident_id": Text), ("incident_id, ''": 2), place("stop_request", "mail_to")),
    unit!("stop_request", "mail_said", one ("incident_id": Text), ("incident_id, ''": 2), place("stop_request", "mail_said")),
    unit!("stop_request", "confirmation_by", one ("incident_id": Text), ("incident_id, ''": 2),
        place("stop_request", "confirmation_by")),
    unit!("suspicious_report", "persons", one ("suspicious_report_id": Text), ("suspicious_report_id, merchant_id": 2),
        place("suspicious_report", "persons")),
    unit!("suspicious_report", "facts", one ("suspicious_report_id": Text), ("suspicious_report_id, merchant_id": 2),
        place("suspicious_report", "facts")),
    unit!("suspicious_report", "analysis", one ("suspicious_report_id": Text), ("suspicious_report_id, merchant_id": 2),
        place("suspicious_report", "analysis")),
    unit!("suspicious_report", "payments", one ("suspicious_report_id": Text), ("suspicious_report_id, merchant_id": 2),
        place("suspicious_report", "payments")),
    unit!("suspicious_report", "decision_text", one ("suspicious_report_id": Text), ("suspicious_report_id, merchant_id": 2),
        place("suspicious_report", "decision_text")),
    unit!("suspicious_report", "receipt", one ("suspicious_report_id": Text), ("suspicious_report_id, merchant_id": 2),
        place("suspicious_report", "receipt")),
    unit!("suspicious_report", "branch", one ("suspicious_report_id": Text), ("suspicious_report_id, merchant_id": 2),
        place("suspicious_report", "branch")),
    unit!("terminal", "settlement_account_sealed", one ("terminal_id": Terminal), ("terminal_id": 1),
        of_terminal(Purpose::SettlementAccount)),
    unit!("terminal", "master_key_sealed", one ("terminal_id": Terminal), ("terminal_id": 1), of_terminal(Purpose::MasterKey)),
    unit!("terminal", "keys_held_by", one ("terminal_id": Terminal), ("terminal_id, merchant_id": 2),
        place("terminal", "keys_held_by")),
    unit!("offered_keys", "keys_sealed", three ("terminal_id, net_code, operator": Terminal, Int, Text), ("terminal_id": 1),
        of_terminal(Purpose::WorkingKeys)),
    unit!("terminal_session", "keys_sealed", one ("terminal_id": Terminal), ("terminal_id": 1), of_terminal(Purpose::WorkingKeys)),
    unit!("pending", "reversal_sealed", two ("terminal_id, sequence": Terminal, Int), ("terminal_id": 1),
        of_terminal(Purpose::Reversal)),
    unit!("owed_reversal", "reversal_sealed", two ("terminal_id, sequence": Terminal, Int), ("terminal_id": 1),
        of_terminal(Purpose::Reversal)),
    unit!("recorded", "ground", two ("terminal_id, sequence": Terminal, Int), ("terminal_id, sequence, ''": 3),
        place("recorded", "ground")),
    unit!("recorded", "reversal_sealed", two ("terminal_id, sequence": Terminal, Int), ("terminal_id": 1),
        of_terminal(Purpose::Reversal)),
    unit!("work", "payload", only "CASE WHEN kind = 'reversal' THEN payload END", three ("subject_id, kind, part": Text, Text, Text),
        ("subject_id": 1), of_terminal(Purpose::Reversal)),
];

/// How far one unit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `table.column`.
    pub unit: String,
    /// The check value of the key it is moved to.
    pub data_key: Vec<u8>,
    /// When this pass began.
    pub since: Timestamp,
    place: String,
    /// Rows looked at in this pass.
    pub looked: i64,
    /// Values moved in this pass.
    pub moved: i64,
    /// Values that open with no key.
    pub stuck: i64,
    /// How many starts of nodes sealed with another key when it began; -1: one was present.
    older_nodes: i64,
    /// When this pass ended.
    pub done_at: Option<Timestamp>,
}
table!(Progress: "reseal", 1 {
    unit,
    data_key,
    since = "since_ms",
    place,
    looked = "looked_count",
    moved = "moved_count",
    stuck = "stuck_count",
    older_nodes,
    done_at = "done_at_ms",
});

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to look at.
    More,
    /// Every value is the newest key's, and so many older ones are retired now.
    Done(usize),
    /// Every value that opens is the newest key's; older ones are kept, because a node may still seal with one, or values are left
    /// that open with none.
    Waits,
    /// Another key than this node's newest is the newest: another node does it.
    NotOurs,
}

/// How far every unit is, in no particular order.
pub fn progress(tx: &Tx<'_>) -> Result<Vec<Progress>, Error> {
    tx.all(select!(Progress, "ORDER BY reseal.unit LIMIT 100"), &[], read)
}

/// Looks at some more rows, or ends a pass over all of them.
pub fn step(tx: &Tx<'_>) -> Result<Step, Error> {
    let vault = vault::given(tx.vault)?;
    let newest = vault.checks().first().map(|check| check.to_vec());
    let (Some(newest), Some((noted, noted_count))) = (newest, data_key::newest(tx)?) else {
        return Ok(Step::NotOurs);
    };
    if newest != noted {
        return Ok(Step::NotOurs);
    }
    let mut all = progress(tx)?;
    all.retain(|one| one.data_key == newest);
    let is_done = |unit: &Unit| {
        all.iter()
            .any(|one| one.unit == unit.name && one.done_at.is_some())
    };
    let Some(unit) = UNITS.iter().find(|unit| !is_done(unit)) else {
        return end_pass(tx, &newest, noted_count, &all);
    };
    let begun = all.iter().find(|one| one.unit == unit.name);
    let older_nodes = node::sealed_otherwise(tx, &newest)?.unwrap_or(-1);
    let begun = begun.cloned().unwrap_or_else(|| Progress {
        unit: unit.name.to_owned(),
        data_key: newest,
        since: tx.now(),
        place: String::new(),
        looked: 0,
        moved: 0,
        stuck: 0,
        older_nodes,
        done_at: None,
    });
    let further = unit.step(tx, vault, begun)?;
    if !row::update(tx, &further)? {
        row::insert(tx, &further)?;
    }
    Ok(Step::More)
}

/// What follows from a whole pass: another one where something was moved, or the end of the older keys.
fn end_pass(tx: &Tx<'_>, newest: &[u8], noted_count: i64, all: &[Progress]) -> Result<Step, Error> {
    let moved: i64 = all.iter().map(|one| one.moved).sum();
    if moved > 0 {
        forget(tx)?;
        return Ok(Step::More);
    }
    if noted_count <= 1 {
        return Ok(Step::Done(0));
    }
    // None was present when the first column was begun, and none has come since.
    let older_nodes = node::sealed_otherwise(tx, newest)?;
    let is_alone = all.iter().all(|one| Some(one.older_nodes) == older_nodes);
    let is_stuck = all.iter().any(|one| one.stuck > 0);
    if is_stuck || !is_alone {
        // The next pass begins anew: somebody may have sealed with an older key since.
        forget(tx)?;
        return Ok(Step::Waits);
    }
    data_key::retire_others(tx, newest).map(Step::Done)
}

/// Forgets how far it was, so that a pass begins.
fn forget(tx: &Tx<'_>) -> Result<(), Error> {
    tx.execute(sql!("DELETE FROM reseal"), &[]).map(drop)
}

/// A row as it is looked at.
struct Found {
    keys: Vec<String>,
    kept: Option<Kept>,
    owners: Vec<String>,
}

enum Kept {
    Text(String),
    Bytes(Vec<u8>),
}

/// What becomes of a value.
enum Moved {
    Not,
    Stuck,
    Text { text: String, index: Option<String> },
    Bytes(Vec<u8>),
}

impl Unit {
    fn step(&self, tx: &Tx<'_>, vault: &dyn Vault, begun: Progress) -> Result<Progress, Error> {
        let after = self.keys_of(&begun.place)?;
        let mut values = self.values(&after)?;
        values.push(Value::Int(ROWS_MAX));
        let found = tx.all(self.select, &values, |row| self.read(row))?;
        let mut further = begun;
        for found in &found {
            further.looked += 1;
            match self.move_one(tx, vault, found)? {
                Moved::Not => {}
                Moved::Stuck => further.stuck += 1,
                Moved::Text { .. } | Moved::Bytes(_) => further.moved += 1,
            }
        }
        match found.last() {
            Some(last) => further.place = last.keys.join(&BETWEEN.to_string()),
            None => further.done_at = Some(tx.now()),
        }
        Ok(further)
    }

    /// Moves the value of one row, where it has one that is not the newest key's.
    fn move_one(&self, tx: &Tx<'_>, vault: &dyn Vault, found: &Found) -> Result<Moved, Error> {
        let moved = self.moved(vault, found)?;
        let (new, index) = match &moved {
            Moved::Not | Moved::Stuck => return Ok(moved),
            Moved::Text { text, index } => (Value::Text(text), index.as_deref()),
            Moved::Bytes(bytes) => (Value::Blob(bytes), None),
        };
        if let (Some(Key::Terminal), Some(id)) = (self.keys.first(), found.keys.first()) {
            let id = TerminalId::parse(id.as_bytes()).ok_or(Error::Corrupt("terminal_id"))?;
            tx.lock_terminal(id)?;
        }
        let kept = match &found.kept {
            Some(Kept::Text(text)) => Value::Text(text),
            Some(Kept::Bytes(bytes)) => Value::Blob(bytes),
            None => return Ok(Moved::Not),
        };
        let mut values = vec![new, kept];
        values.extend(self.values(&found.keys)?);
        values.extend(index.map(Value::Text));
        // Nothing is written over what somebody else has written meanwhile: that is the newest key's.
        tx.execute(self.update, &values)?;
        Ok(moved)
    }

    fn moved(&self, vault: &dyn Vault, found: &Found) -> Result<Moved, Error> {
        match (&found.kept, self.bound) {
            (None, _) => Ok(Moved::Not),
            (Some(Kept::Bytes(kept)), Bound::Purpose(purpose, owner)) => {
                if kept.is_empty() || vault.is_newest(kept) {
                    return Ok(Moved::Not);
                }
                let place = purpose.bound_to(&owner(&found.owners));
                match vault.open(&place, kept) {
                    Ok(plain) => Ok(Moved::Bytes(vault.seal(&place, &plain)?)),
                    Err(_) => Ok(Moved::Stuck),
                }
            }
            (Some(Kept::Text(kept)), Bound::Place { table, column, index }) => {
                let mut owners: Vec<Vec<u8>> = found
                    .owners
                    .iter()
                    .map(|owner| owner.clone().into_bytes())
                    .collect();
                let kept_index = index.and_then(|_| owners.pop());
                let (merchant, row) = owners.split_last().ok_or(Error::Corrupt("a row without a key"))?;
                let place = Place {
                    table,
                    column,
                    row,
                    merchant,
                };
                let is_newest = vault::sealed_bytes(kept).is_some_and(|sealed| vault.is_newest(&sealed));
                if kept.is_empty() || (is_newest && index.is_none()) {
                    return Ok(Moved::Not);
                }
                let Ok(text) = vault::open(Some(vault), &place, kept) else {
                    return Ok(Moved::Stuck);
                };
                let index = index.and_then(|label| account::index(vault, label, &text));
                if is_newest && kept_index == index.as_ref().map(|index| index.clone().into_bytes()) {
                    return Ok(Moved::Not);
                }
                let text = vault::seal(Some(vault), &place, &text)?;
                Ok(Moved::Text { text, index })
            }
            _ => Err(Error::Corrupt("a sealed column of another type")),
        }
    }

    fn read(&self, row: &Row<'_>) -> Result<Found, Error> {
        let text = |column: usize| {
            let bytes = row.key(column)?;
            String::from_utf8(bytes).map_err(|_| Error::Corrupt("text is not UTF-8"))
        };
        let at = self.keys.len();
        Ok(Found {
            keys: (0..at).map(text).collect::<Result<_, Error>>()?,
            kept: match self.bound {
                Bound::Place { .. } => row.string_opt(at)?.map(Kept::Text),
                Bound::Purpose(..) => row.blob_opt(at)?.map(Kept::Bytes),
            },
            owners: (at + 1..=at + self.owners)
                .map(text)
                .collect::<Result<_, Error>>()?,
        })
    }

    /// The parts of a key that is kept as one text; before the first where there is none.
    fn keys_of(&self, place: &str) -> Result<Vec<String>, Error> {
        if place.is_empty() {
            let first = |key: &Key| match key {
                Key::Text | Key::Terminal => String::new(),
                Key::Int => i64::MIN.to_string(),
            };
            return Ok(self.keys.iter().map(first).collect());
        }
        let keys: Vec<String> = place.split(BETWEEN).map(str::to_owned).collect();
        match keys.len() == self.keys.len() {
            true => Ok(keys),
            false => Err(Error::Corrupt("reseal.place")),
        }
    }

    fn values<'k>(&self, keys: &'k [String]) -> Result<Vec<Value<'k>>, Error> {
        let values = self.keys.iter().zip(keys).map(|(key, text)| match key {
            Key::Text | Key::Terminal => Ok(Value::Text(text)),
            Key::Int => text
                .parse()
                .map(Value::Int)
                .map_err(|_| Error::Corrupt("reseal.place")),
        });
        values.collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::account::{Account, Role, Scope};
    use rusqlite::Connection;

    use super::*;
    use crate::migration;
    use crate::postgres::Session;
    use crate::sql::values;
    use crate::vault::tests::Marking;

    const STEPS_MAX: usize = 1_000;
    const OLD: Marking = Marking { newest: 1 };
    const NEW: Marking = Marking { newest: 2 };

    /// Runs the same on both databases: a transaction with the vault it is given.
    fn on_both(run: impl for<'t> Fn(&'t dyn Fn(&'static Marking) -> Tx<'t>)) {
        let connection = Connection::open_in_memory().unwrap();
        migration::sqlite(&connection).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = off").unwrap();
        run(&|vault| Tx::sqlite(&connection, Timestamp(1)).with(Some(vault)));
        let database = local_postgres::shared().new_database().unwrap();
        let session = Session::open_to_write(&crate::postgres::config(&database).unwrap()).unwrap();
        migration::postgres(&session).unwrap();
        session.batch("SET session_replication_role = replica").unwrap();
        session.begin_alone().unwrap();
        run(&|vault| Tx::postgres(&session, Timestamp(1)).with(Some(vault)));
        session.roll_back();
    }

    fn sealed(vault: &Marking, purpose: Purpose, owner: &str) -> Vec<u8> {
        vault.seal(&purpose.bound_to(owner), b"key").unwrap()
    }

    /// One of each shape: in clear, sealed by an older key, one key, two, three; a terminal's, and a piece of work.
    fn fill(tx: &Tx<'_>) {
        data_key::insert(tx, &[1; 32]).unwrap();
        for login in ["ann", "bob"] {
            let account = Account {
                login: login.into(),
                name: login.into(),
                role: Role::RiskOfficer,
                scope: Scope::All,
                custom_role: None,
                proof: domain::account::Proof::default(),
            };
            account::insert(tx, &account, "hash").unwrap();
        }
        account::set_email(tx, "ann", Some("Ann@shop.example")).unwrap();
        account::set_phone(tx, "ann", Some("+8613800138000")).unwrap();
        let plain = sql!("UPDATE account SET email = 'bob@shop.example' WHERE login = 'bob'");
        tx.execute(plain, &[]).unwrap();
        let operator = sql!(
            "INSERT INTO operator (shop_id, operator, name, password_hash) VALUES ('S', '01', 'Li Na', 'hash')"
        );
        tx.execute(operator, &[]).unwrap();
        let (master, account) = (
            sealed(&OLD, Purpose::MasterKey, "T1"),
            sealed(&OLD, Purpose::SettlementAccount, "T1"),
        );
        let terminal = sql!(
            "INSERT INTO terminal (terminal_id, merchant_id, shop_id, serial, model, name, acquirer_code, unified_social_credit_code,
               settlement_account_sealed, settlement_account_last4, placement_address, status, language, time_zone, master_key_sealed)
             VALUES ('T1', 'M1', 'S', 'SN', '', '', '', '', $1, '', '', 'active', 'zh', 'UTC', $2)"
        );
        tx.execute(terminal, values![&account, &master]).unwrap();
        let keys = sealed(&OLD, Purpose::WorkingKeys, "T1");
        let offered = sql!(
            "INSERT INTO offered_keys (terminal_id, net_code, operator, sequence, keys_sealed) VALUES ('T1', 3, '01', 1, $1)"
        );
        tx.execute(offered, values![&keys]).unwrap();
        let reversal = sealed(&OLD, Purpose::Reversal, "T1");
        for (kind, payload) in [
            ("reversal", reversal.as_slice()),
            ("reminder_mail", b"li.na".as_slice()),
        ] {
            let work = sql!(
                "INSERT INTO work (subject_id, kind, part, state, since_ms, tries, payload) VALUES ('T1', $1, '7', 'dead', 1, 1, $2)"
            );
            tx.execute(work, values![kind, payload]).unwrap();
        }
    }

    fn run(tx: &Tx<'_>) -> Step {
        for _ in 0..STEPS_MAX {
            match step(tx).unwrap() {
                Step::More => {}
                ended => return ended,
            }
        }
        panic!("it goes on without end");
    }

    fn text(tx: &Tx<'_>, sql: Sql) -> String {
        tx.first(sql, &[], |row| row.string(0)).unwrap().unwrap()
    }

    fn blob(tx: &Tx<'_>, sql: Sql) -> Vec<u8> {
        tx.first(sql, &[], |row| row.blob(0)).unwrap().unwrap()
    }

    #[test]
    fn everything_is_moved_to_the_newest_key_and_the_older_one_is_retired() {
        on_both(|tx| {
            fill(&tx(&OLD));
            data_key::insert(&tx(&OLD), &[2; 32]).unwrap();
            assert_eq!(step(&tx(&OLD)).unwrap(), Step::NotOurs);
            let tx = &tx(&NEW);
            assert_eq!(run(tx), Step::Done(1));
            for column in [
                sql!("SELECT email FROM account WHERE login = 'ann'"),
                sql!("SELECT phone FROM account WHERE login = 'ann'"),
                sql!("SELECT email FROM account WHERE login = 'bob'"),
                sql!("SELECT name FROM operator"),
            ] {
                let kept = text(tx, column);
                assert!(
                    NEW.is_newest(&vault::sealed_bytes(&kept).unwrap()),
                    "{}",
                    column.sqlite
                );
            }
            for (column, purpose) in [
                (sql!("SELECT master_key_sealed FROM terminal"), Purpose::MasterKey),
                (
                    sql!("SELECT settlement_account_sealed FROM terminal"),
                    Purpose::SettlementAccount,
                ),
                (sql!("SELECT keys_sealed FROM offered_keys"), Purpose::WorkingKeys),
                (
                    sql!("SELECT payload FROM work WHERE kind = 'reversal'"),
                    Purpose::Reversal,
                ),
            ] {
                let kept = blob(tx, column);
                assert!(NEW.is_newest(&kept), "{}", column.sqlite);
                assert_eq!(NEW.open(&purpose.bound_to("T1"), &kept).unwrap(), b"key");
            }
            assert_eq!(
                blob(tx, sql!("SELECT payload FROM work WHERE kind = 'reminder_mail'")),
                b"li.na"
            );
            let found = |contact: &str| -> Vec<String> {
                let found = account::by_contact(tx, contact).unwrap();
                found.into_iter().map(|person| person.account.login).collect()
            };
            assert_eq!(found("ann@SHOP.example"), ["ann"]);
            assert_eq!(found("bob@shop.example"), ["bob"]);
            assert_eq!(found("+8613800138000"), ["ann"]);
            assert!(found("+8613800138001").is_empty() && found("").is_empty());
            let index = text(tx, sql!("SELECT email_index FROM account WHERE login = 'bob'"));
            assert!(index.starts_with("02"), "{index}");
            assert_eq!(data_key::newest(tx).unwrap(), Some((vec![2; 32], 1)));
            // Nothing more is to be done, and nothing is looked at again.
            assert_eq!(step(tx).unwrap(), Step::Done(0));
        });
    }

    #[test]
    fn while_a_node_seals_with_an_older_key_that_one_is_not_retired() {
        on_both(|tx_of| {
            fill(&tx_of(&OLD));
            let node = node::join(&tx_of(&OLD), "node-2").unwrap();
            assert_eq!(
                node::lacks(&tx_of(&OLD), &[2; 32], "node-1").unwrap().as_deref(),
                Some("node-2")
            );
            assert_eq!(node::lacks(&tx_of(&OLD), &[2; 32], "node-2").unwrap(), None);
            assert_eq!(node::lacks(&tx_of(&OLD), &[1; 32], "node-1").unwrap(), None);
            data_key::insert(&tx_of(&OLD), &[2; 32]).unwrap();
            let tx = &tx_of(&NEW);
            assert_eq!(run(tx), Step::Waits);
            node::leave(tx, &node).unwrap();
            // One that comes and goes while a pass is under way may have sealed where the pass had been already.
            assert_eq!(step(tx).unwrap(), Step::More);
            let passing = node::join(&tx_of(&OLD), "node-3").unwrap();
            node::leave(tx, &passing).unwrap();
            assert_eq!(run(tx), Step::Waits);
            assert_eq!(run(tx), Step::Done(1));
        });
    }

    #[test]
    fn what_opens_with_no_key_is_left_as_it_is_and_keeps_the_older_key() {
        on_both(|tx| {
            fill(&tx(&OLD));
            let foreign = sealed(&OLD, Purpose::MasterKey, "T2");
            let put = sql!("UPDATE terminal SET master_key_sealed = $1");
            tx(&OLD).execute(put, values![&foreign]).unwrap();
            data_key::insert(&tx(&OLD), &[2; 32]).unwrap();
            let tx = &tx(&NEW);
            assert_eq!(run(tx), Step::Waits);
            assert_eq!(blob(tx, sql!("SELECT master_key_sealed FROM terminal")), foreign);
        });
    }

    #[test]
    fn what_is_written_meanwhile_stays() {
        on_both(|tx| {
            fill(&tx(&OLD));
            let tx = &tx(&NEW);
            let unit = UNITS.iter().find(|unit| unit.name == "operator.name").unwrap();
            let keys = unit.keys_of("").unwrap();
            let mut values = unit.values(&keys).unwrap();
            values.push(Value::Int(1));
            let found = tx.all(unit.select, &values, |row| unit.read(row)).unwrap();
            tx.execute(sql!("UPDATE operator SET name = 'Wang'"), &[])
                .unwrap();
            unit.move_one(tx, &NEW, &found[0]).unwrap();
            assert_eq!(text(tx, sql!("SELECT name FROM operator")), "Wang");
        });
    }

    #[test]
    fn every_units_statements_are_understood() {
        on_both(|tx| {
            let tx = &tx(&NEW);
            for unit in UNITS {
                let keys = unit.keys_of("").unwrap();
                let (new, kept) = match unit.bound {
                    Bound::Place { .. } => (Value::Text("x"), Value::Text("y")),
                    Bound::Purpose(..) => (Value::Blob(b"x"), Value::Blob(b"y")),
                };
                let mut values = vec![new, kept];
                values.extend(unit.values(&keys).unwrap());
                if matches!(unit.bound, Bound::Place { index: Some(_), .. }) {
                    values.push(Value::Text("z"));
                }
                assert_eq!(tx.execute(unit.update, &values).unwrap(), 0, "{}", unit.name);
            }
        });
    }
}
