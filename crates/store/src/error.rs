//! What can go wrong with a store, in few words.

/// Why a store did not do what was asked. Display never shows the database's own words: they may hold values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue of work is full; nothing was done.
    #[error("the store is overloaded")]
    Overloaded,
    /// The store cannot be reached, or had to give up; nothing was done. Asking again is safe.
    #[error("the store cannot be reached")]
    Unavailable,
    /// The connection was lost in the commit, or a standby did not confirm it: nobody knows whether it is durable. It may
    /// not be acknowledged to anybody.
    #[error("nobody knows whether the store kept this")]
    OutcomeUnknown,
    /// The database failed; nothing of this transaction was kept, or nobody may rely on it.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database could not make a commit durable. It is stopped for good: a retry could falsely succeed.
    #[error("the store has stopped after a failed write")]
    Stopped,
    /// A constraint refused the row: its name, `table_column` for what must be unique, `table_pkey` for a key, `foreign_key`
    /// where a row is named that does not exist, empty where the database gives no name.
    #[error("the row already exists or contradicts another: {0}")]
    Conflict(String),
    /// A row holds what the rules do not allow.
    #[error("a row is not what it must be: {0}")]
    Corrupt(&'static str),
    /// The database is not one this version may use.
    #[error("this database cannot be used: {0}")]
    Unusable(String),
    /// Another process has the embedded store open.
    #[error("another process has this store open")]
    InUse,
    /// The work itself panicked and was undone.
    #[error("the work failed inside and was undone")]
    Panicked,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => Self::Conflict(constraint(&error)),
            _ => Self::Failed(Box::new(error)),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    /// As of a statement before the commit: the transaction is gone or undone in any case.
    fn from(error: tokio_postgres::Error) -> Self {
        // Class 23: a constraint. 40: deadlock, serialisation. 53, 57: resources, a stop or a time-out. 55: a lock not had.
        let class = error.code().and_then(|state| state.code().get(..2));
        match class {
            Some("23") => Self::Conflict(constraint_named(&error)),
            None | Some("08" | "25" | "40" | "53" | "55" | "57") => Self::Unavailable,
            Some(_) => Self::Failed(Box::new(error)),
        }
    }
}

/// The name of the constraint, made from the columns that SQLite names in its message.
fn constraint(error: &rusqlite::Error) -> String {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = error else {
        return String::new();
    };
    let columns = message.split_once("failed: ").map_or("", |(_, columns)| columns);
    // Of an index over more than columns SQLite says the name.
    if let Some(index) = columns.strip_prefix("index '") {
        return index.trim_end_matches('\'').to_owned();
    }
    let table = columns.split('.').next().unwrap_or_default();
    match failure.extended_code {
        rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => FOREIGN_KEY.to_owned(),
        rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => format!("{table}_pkey"),
        _ => {
            let columns = columns.split(", ").filter_map(|column| column.split_once('.'));
            let columns: Vec<&str> = columns.map(|(_, column)| column).collect();
            format!("{table}_{}", columns.join("_"))
        }
    }
}

fn constraint_named(error: &tokio_postgres::Error) -> String {
    let name = error.as_db_error().and_then(|error| error.constraint());
    match name.unwrap_or_default() {
        name if name.ends_with("_fkey") => FOREIGN_KEY.to_owned(),
        name => name.to_owned(),
    }
}

const FOREIGN_KEY: &str = "foreign_key";
