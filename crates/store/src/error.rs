//! What can go wrong with a store, in few words.

/// Why a store did not do what was asked. Display never shows the database's own words: they may hold values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue of work is full; nothing was done.
    #[error("the store is overloaded")]
    Overloaded,
    /// The database failed; nothing of this transaction was kept, or nobody may rely on it.
    #[error("the store failed")]
    Failed(#[source] rusqlite::Error),
    /// The database could not make a commit durable. It is stopped for good: a retry could falsely succeed.
    #[error("the store has stopped after a failed write")]
    Stopped,
    /// A constraint refused the row.
    #[error("the row already exists or contradicts another")]
    Conflict,
    /// A row holds what the rules do not allow.
    #[error("a row is not what it must be: {0}")]
    Corrupt(&'static str),
    /// The database is not one this version may use.
    #[error("this database cannot be used: {0}")]
    Unusable(String),
    /// The work itself panicked and was undone.
    #[error("the work failed inside and was undone")]
    Panicked,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => Self::Conflict,
            _ => Self::Failed(error),
        }
    }
}
