//! One connection, with its own small runtime, so that plain threads can wait for it and several statements can travel
//! together.
//!
//! Invariant: after a wait that ran out, or a lost connection, the session is broken and never used again.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use domain::TerminalId;
use tokio::runtime::Runtime;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Row, Statement};

use super::{Column, WorkingSet};
use crate::Error;
use crate::queue::Want;
use crate::sql::{Sql, Value};

/// PostgreSQL older than this is not tested.
const VERSION_MIN: i32 = 130_000;
/// The longest wait for one exchange; the server gives up earlier by itself, when it still can.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What every session sets.
const SETTINGS: &str = "SET statement_timeout = '8s'; SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '3s';
    SET jit = off; SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply'";
/// What a writer sets besides. A plan depends on the statement alone and finds rows by their keys, so that what an
/// authorisation costs does not depend on what the tables held when its plan was made.
const WRITER_SETTINGS: &str =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
    SET enable_mergejoin = off; SET enable_bitmapscan = off";

/// What begins a snapshot; the server refuses to write in it.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A statement on whole columns, ready to be sent.
pub(crate) struct Many<'r> {
    statement: Statement,
    columns: Vec<Column<'r>>,
}

/// A connection, and the transaction that runs on it.
pub(crate) struct Session {
    client: Client,
    /// There until the session is dropped.
    runtime: Option<Runtime>,
    statements: RefCell<HashMap<&'static str, Statement>>,
    /// The server warned: what it says was committed may be on this server alone.
    warned: Arc<AtomicBool>,
    broken: Cell<bool>,
    /// A statement of the transaction under way has failed and was not undone by a savepoint: the server would answer its
    /// COMMIT without an error, and roll it back.
    aborted: Cell<bool>,
    /// The transaction under way is a snapshot whose BEGIN travels with its first statement.
    begins: Cell<bool>,
    /// What the transaction under way has gathered and not yet written.
    pub(super) set: RefCell<Option<WorkingSet>>,
    /// Whether the closure under way shares its transaction, and so needs a savepoint before its first statement.
    shares: Cell<bool>,
    has_savepoint: Cell<bool>,
    /// Whether a statement of the closure under way has failed: nothing of the closure can be kept.
    failed: Cell<bool>,
}

impl Session {
    /// Opens a connection to the primary, to write on.
    pub(crate) fn open_to_write(config: &Config) -> Result<Self, Error> {
        let session = Self::open(config)?;
        session.batch(WRITER_SETTINGS)?;
        Ok(session)
    }

    /// Opens a connection to the primary, to read on.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unusable(format!("no runtime for a connection: {error}")))?;
        let opening = async {
            let (client, connection) = config.connect(NoTls).await?;
            let warned = Arc::new(AtomicBool::new(false));
            tokio::spawn(drive(connection, warned.clone()));
            client.batch_execute(SETTINGS).await?;
            Ok::<_, tokio_postgres::Error>((client, warned))
        };
        let opened = runtime.block_on(async { tokio::time::timeout(WAIT_MAX, opening).await });
        let (client, warned) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                tracing::warn!(%error, "no connection to the database");
                return Err(Error::Unavailable);
            }
            Err(_) => return Err(Error::Unavailable),
        };
        Ok(Self {
            client,
            runtime: Some(runtime),
            statements: RefCell::default(),
            warned,
            broken: Cell::new(false),
            aborted: Cell::new(false),
            begins: Cell::new(false),
            set: RefCell::default(),
            shares: Cell::new(false),
            has_savepoint: Cell::new(false),
            failed: Cell::new(false),
        })
    }

    /// Refuses a server that may forget what it has acknowledged.
    pub(crate) fn check_server(&self) -> Result<(), Error> {
        const ASK: &str = "SELECT current_setting('server_version_num'), current_setting('fsync'),
            current_setting('full_page_writes'), current_setting('server_encoding')";
        let row = self.wait(self.client.query_one(ASK, &[]))?;
        let word = |column| row.try_get::<_, String>(column).unwrap_or_default();
        let unusable = |why: String| Err(Error::Unusable(why));
        match (
            word(0).parse::<i32>(),
            word(1).as_str(),
            word(2).as_str(),
            word(3).as_str(),
        ) {
            (Ok(version), ..) if version < VERSION_MIN => {
                unusable(format!("PostgreSQL {version} is older than 13"))
            }
            (Err(_), ..) => unusable("the server does not tell its version".into()),
            (_, "on", "on", "UTF8") => Ok(()),
            (_, fsync, pages, encoding) => unusable(format!(
                "fsync {fsync}, full_page_writes {pages}, encoding {encoding}"
            )),
        }
    }

    /// Whether it must not be used any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.get() || self.client.is_closed()
    }

    /// Waits for an exchange, within bounds.
    pub(crate) fn wait<T>(
        &self,
        exchange: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let Some(runtime) = &self.runtime else {
            return Err(Error::Unavailable);
        };
        match runtime.block_on(async { tokio::time::timeout(WAIT_MAX, exchange).await }) {
            Ok(answer) => answer.map_err(|error| self.failed(error)),
            Err(_) => {
                self.broken.set(true);
                Err(Error::Unavailable)
            }
        }
    }

    /// Notes what a failed statement means for the session.
    fn failed(&self, error: tokio_postgres::Error) -> Error {
        // 25006: it was the primary once. Whatever else is no answer of the server's leaves it in an unknown state.
        let code = error.code().map(|state| state.code());
        if error.is_closed() || code.is_none_or(|code| code.starts_with("25")) {
            self.broken.set(true);
        }
        self.aborted.set(true);
        // The server's own words may hold values of the row.
        let constraint = error.as_db_error().and_then(|error| error.constraint());
        let code = error.code().map(|state| state.code());
        tracing::debug!(code, constraint, "a statement failed");
        error.into()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The prepared statement of a text.
    pub(super) fn prepared(&self, text: &'static str) -> Result<Statement, Error> {
        #[cfg(test)]
        crate::plan::note(text);
        if let Some(statement) = self.statements.borrow().get(text) {
            return Ok(statement.clone());
        }
        let statement = self.wait(self.client.prepare(text))?;
        self.statements.borrow_mut().insert(text, statement.clone());
        Ok(statement)
    }

    /// Runs statements without parameters or answer.
    pub(crate) fn batch(&self, text: &str) -> Result<(), Error> {
        self.wait(self.client.batch_execute(text))
    }

    /// Begins a snapshot, which is of when its first statement runs.
    pub(crate) fn begin_read(&self) {
        self.shares.set(false);
        self.aborted.set(false);
        self.failed.set(false);
        self.begins.set(true);
    }

    pub(crate) fn end_read(&self) -> Result<(), Error> {
        match (self.is_broken(), self.begins.take()) {
            (true, _) => Err(Error::Unavailable),
            // Nothing was asked.
            (false, true) => Ok(()),
            (false, false) => self.batch("ROLLBACK"),
        }
    }

    /// Begins the transaction of work that names no terminal; it has it for itself.
    pub(crate) fn begin_alone(&self) -> Result<(), Error> {
        self.shares.set(false);
        self.aborted.set(false);
        self.batch("BEGIN")
    }

    /// Begins the transaction of work on terminals: locks them, then reads what an authorisation needs.
    pub(crate) fn begin_together(&self, wants: &[Want]) -> Result<(), Error> {
        self.shares.set(true);
        self.aborted.set(false);
        let set = WorkingSet::gather(self, wants)?;
        *self.set.borrow_mut() = Some(set);
        Ok(())
    }

    /// Ends a transaction that is not to be kept.
    pub(crate) fn roll_back(&self) {
        *self.set.borrow_mut() = None;
        if !self.is_broken() && self.batch("ROLLBACK").is_err() {
            self.broken.set(true);
        }
    }

    /// Writes what is left and commits.
    pub(crate) fn commit(&self) -> Result<(), Error> {
        let set = self.set.borrow_mut().take().unwrap_or_default();
        set.commit(self)
    }

    /// Sends statements one behind the other without waiting in between.
    pub(super) fn send(&self, statements: &[Option<Many<'_>>; 3]) -> Result<(), Error> {
        self.wait(self.execute_all(statements))
    }

    /// The same, and the end of the transaction behind them. When one of them fails, the server rolls back instead.
    pub(super) fn send_and_commit(&self, statements: &[Option<Many<'_>>; 3]) -> Result<(), Error> {
        if self.aborted.get() {
            return Err(Error::Unavailable);
        }
        self.warned.store(false, Ordering::Relaxed);
        let has_failed = Cell::new(false);
        let write = async {
            let written = self.execute_all(statements).await;
            has_failed.set(written.is_err());
            written
        };
        let commit = async {
            // Polled after the writes: one that could not even be sent has failed by now.
            match has_failed.get() {
                true => Ok(()),
                false => self.client.batch_execute("COMMIT").await,
            }
        };
        let ended = self.wait(async { Ok(tokio::join!(biased; write, commit)) });
        if self.warned.load(Ordering::Relaxed) {
            // "The transaction has already committed locally, but might not have been replicated to the standby."
            self.broken.set(true);
            return Err(Error::OutcomeUnknown);
        }
        let unknown = || {
            self.broken.set(true);
            Error::OutcomeUnknown
        };
        match ended {
            Ok((Ok(()), Ok(()))) => Ok(()),
            // The server refused a statement, and so its COMMIT ended in nothing.
            Ok((Err(error), _)) if error.code().is_some() => Err(self.failed(error)),
            Ok((Ok(()), Err(error))) => match self.failed(error) {
                Error::Conflict(name) => Err(Error::Conflict(name)),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }

    /// A closure begins.
    pub(crate) fn begin_work(&self) {
        self.has_savepoint.set(false);
        self.failed.set(false);
        if let Some(set) = self.set.borrow_mut().as_mut() {
            set.begin_work();
        }
    }

    /// A closure has ended: keeps what it did, or undoes it. An error says that nothing is kept of one that should be.
    pub(crate) fn end_work(&self, wanted: bool) -> Result<(), Error> {
        let keep = wanted && !self.failed.get();
        if self.has_savepoint.get() {
            match keep {
                true => self.batch("RELEASE SAVEPOINT work")?,
                false => {
                    self.batch("ROLLBACK TO SAVEPOINT work; RELEASE SAVEPOINT work")?;
                    self.aborted.set(false);
                }
            }
        }
        if let Some(set) = self.set.borrow_mut().as_mut().filter(|_| !keep) {
            set.undo_work();
        }
        match wanted && !keep {
            true => Err(Error::Unavailable),
            false => Ok(()),
        }
    }

    /// The rows of a terminal, when the transaction under way has gathered them.
    pub(crate) fn gathered(&self, terminal_id: TerminalId) -> Option<RefMut<'_, WorkingSet>> {
        let set = RefMut::filter_map(self.set.borrow_mut(), Option::as_mut).ok()?;
        set.has(terminal_id).then_some(set)
    }

    /// Before a statement of the closure under way: what earlier closures wrote goes to the server first, then the
    /// savepoint, then what this one wrote.
    fn make_way(&self) -> Result<(), Error> {
        if !self.shares.get() {
            return Ok(());
        }
        let mut set = self.set.borrow_mut();
        let Some(set) = set.as_mut() else { return Ok(()) };
        if !self.has_savepoint.get() {
            set.write_earlier(self)?;
            self.batch("SAVEPOINT work")?;
            self.has_savepoint.set(true);
        }
        set.write_all(self)
    }

    /// Runs a statement that changes something: what was gathered may be out of date after it.
    pub(crate) fn execute(&self, sql: Sql, values: &[Value<'_>]) -> Result<usize, Error> {
        let touched = self.run(|| {
            if self.begins.take() {
                self.batch(BEGIN_READ)?;
            }
            let statement = self.prepared(sql.postgres)?;
            self.wait(self.client.execute(&statement, &parameters(values)))
        })?;
        self.forget();
        usize::try_from(touched).map_err(|_| Error::Corrupt("rows touched"))
    }

    /// Runs a statement that answers rows, and that may change something when it says RETURNING.
    pub(crate) fn query(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        let rows = self.run(|| {
            let statement = self.prepared(sql.postgres)?;
            let parameters = parameters(values);
            let query = self.client.query(&statement, &parameters);
            match self.begins.take() {
                false => self.wait(query),
                true => self.wait(async {
                    let (begun, rows) = tokio::join!(biased; self.client.batch_execute(BEGIN_READ), query);
                    begun?;
                    rows
                }),
            }
        })?;
        if sql.postgres.contains("RETURNING") {
            self.forget();
        }
        Ok(rows)
    }

    /// A statement on whole columns at once, out of what closures left to be written.
    pub(crate) fn many<'r>(&self, text: &'static str, columns: Vec<Column<'r>>) -> Result<Many<'r>, Error> {
        let statement = self.prepared(text)?;
        Ok(Many { statement, columns })
    }

    async fn execute_all(
        &self,
        [first, second, third]: &[Option<Many<'_>>; 3],
    ) -> Result<(), tokio_postgres::Error> {
        let run = |many| self.execute_many(many);
        tokio::try_join!(biased; run(first), run(second), run(third)).map(drop)
    }

    async fn execute_many(&self, many: &Option<Many<'_>>) -> Result<(), tokio_postgres::Error> {
        let Some(Many { statement, columns }) = many else {
            return Ok(());
        };
        let columns: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| &**column as _).collect();
        self.client.execute(statement, &columns).await.map(drop)
    }

    fn run<T>(&self, statement: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        if self.failed.get() {
            return Err(Error::Unavailable);
        }
        self.make_way()
            .and_then(|()| statement())
            .inspect_err(|_| self.failed.set(true))
    }

    fn forget(&self) {
        if let Some(set) = self.set.borrow_mut().as_mut() {
            set.forget();
        }
    }
}

impl Drop for Session {
    /// The last handle on a store may go on a thread that must not wait, not even for a runtime to end.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Drives a connection as long as it lives, and listens for warnings.
async fn drive(
    mut connection: tokio_postgres::Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>,
    warned: Arc<AtomicBool>,
) {
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                tracing::warn!(code = notice.code().code(), "the database warns");
                warned.store(true, Ordering::Relaxed);
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

fn parameters<'v>(values: &'v [Value<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (*self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(int), &Type::INT4) => i32::try_from(int)?.to_sql(ty, out),
            (Value::Int(int), &Type::INT8) => int.to_sql(ty, out),
            (Value::Text(text), &Type::TEXT) => text.to_sql(ty, out),
            (Value::Blob(blob), &Type::BYTEA) => blob.to_sql(ty, out),
            _ => Err("a parameter's type is not its column's".into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT4 | Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tx;
    use crate::postgres::column;
    use crate::sql::{sql, values};
    use domain::Timestamp;

    #[test]
    fn a_transaction_that_the_server_has_given_up_is_never_called_committed() {
        let database = local_postgres::shared().new_database().unwrap();
        let session = Session::open_to_write(&crate::postgres::config(&database).unwrap()).unwrap();
        session.batch("CREATE TABLE once (n BIGINT PRIMARY KEY)").unwrap();
        let tx = Tx::postgres(&session, Timestamp(1));
        let once = sql!("INSERT INTO once (n) VALUES ($1)");
        session.begin_alone().unwrap();
        tx.execute(once, values![1_i64]).unwrap();
        assert!(matches!(
            tx.execute(once, values![1_i64]),
            Err(Error::Conflict(_))
        ));
        assert!(matches!(session.commit(), Err(Error::Unavailable)));
        session.roll_back();
        session.begin_alone().unwrap();
        session.begin_work();
        let count = sql!("SELECT count(*) FROM once");
        assert_eq!(tx.first(count, &[], |row| row.int(0)).unwrap(), Some(0));
    }

    /// A session with the table of one column, and statements that insert whole columns into it.
    fn numbers() -> (tokio_postgres::Config, Session) {
        let database = local_postgres::shared().new_database().unwrap();
        let config = crate::postgres::config(&database).unwrap();
        let session = Session::open_to_write(&config).unwrap();
        session.batch("CREATE TABLE once (n BIGINT PRIMARY KEY)").unwrap();
        session.begin_alone().unwrap();
        (config, session)
    }

    const INSERT: &str = "INSERT INTO once SELECT unnest(CAST($1 AS BIGINT[]))";

    fn count(session: &Session) -> i64 {
        session.begin_read();
        session.begin_work();
        let count = sql!("SELECT count(*) FROM once");
        let count = Tx::postgres(session, Timestamp(1)).first(count, &[], |row| row.int(0));
        session.end_read().unwrap();
        count.unwrap().unwrap()
    }

    #[test]
    fn a_snapshot_is_of_its_first_statement_and_writes_nothing() {
        let (config, session) = numbers();
        session.send_and_commit(&[None, None, None]).unwrap();
        let reader = Session::open(&config).unwrap();
        let tx = Tx::postgres(&reader, Timestamp(1));
        let seen = || tx.first(sql!("SELECT count(*) FROM once"), &[], |row| row.int(0));
        let insert = sql!("INSERT INTO once (n) VALUES ($1)");
        let write = |n: i64| {
            session.begin_alone().unwrap();
            Tx::postgres(&session, Timestamp(1))
                .execute(insert, values![n])
                .unwrap();
            session.commit().unwrap();
        };
        reader.begin_read();
        write(1);
        assert_eq!(seen().unwrap(), Some(1));
        write(2);
        assert_eq!(seen().unwrap(), Some(1));
        reader.end_read().unwrap();
        // Also where that is the first, and whatever runs it.
        let insert_anew = sql!("INSERT INTO once (n) VALUES ($1) RETURNING n");
        reader.begin_read();
        assert!(tx.execute(insert, values![3_i64]).is_err());
        assert!(reader.is_broken());
        let reader = Session::open(&config).unwrap();
        let tx = Tx::postgres(&reader, Timestamp(1));
        reader.begin_read();
        assert!(tx.first(insert_anew, values![3_i64], |row| row.int(0)).is_err());
        assert_eq!(count(&session), 2);
    }

    #[test]
    fn a_read_that_failed_spoils_none_after_it() {
        let (config, _) = numbers();
        let reader = Session::open(&config).unwrap();
        let tx = Tx::postgres(&reader, Timestamp(1));
        let divided = |by: i64| {
            tx.first(sql!("SELECT 1 / CAST($1 AS BIGINT)"), values![by], |row| {
                row.int(0)
            })
        };
        reader.begin_read();
        assert!(divided(0).is_err());
        assert!(divided(1).is_err(), "nor what the same snapshot asks then");
        reader.end_read().unwrap();
        reader.begin_read();
        assert_eq!(divided(1).unwrap(), Some(1));
        reader.end_read().unwrap();
    }

    #[test]
    fn what_the_server_refuses_takes_the_commit_behind_it_along() {
        let (_, session) = numbers();
        let rows = |rows: &'static [i64]| session.many(INSERT, vec![column(rows, |n| *n)]).unwrap();
        let refused = session.send_and_commit(&[Some(rows(&[1])), Some(rows(&[2, 2])), Some(rows(&[3]))]);
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        session.roll_back();
        assert!(!session.is_broken());
        assert_eq!(count(&session), 0);
        session.begin_alone().unwrap();
        session
            .send_and_commit(&[Some(rows(&[1])), None, Some(rows(&[3]))])
            .unwrap();
        assert_eq!(count(&session), 2);
    }

    #[test]
    fn nothing_is_committed_when_a_statement_could_not_be_sent() {
        let (config, session) = numbers();
        let good = session.many(INSERT, vec![column(&[1_i64], |n| *n)]).unwrap();
        // Not the parameter's type: the library refuses it here.
        let bad = session
            .many(INSERT, vec![column(&["two"], |word| *word)])
            .unwrap();
        let unsent = session.send_and_commit(&[Some(good), Some(bad), None]);
        assert!(matches!(unsent, Err(Error::OutcomeUnknown)), "{unsent:?}");
        assert!(session.is_broken());
        drop(session);
        assert_eq!(count(&Session::open(&config).unwrap()), 0);
    }

    #[test]
    fn a_commit_the_standby_did_not_confirm_is_of_unknown_outcome() {
        let database = local_postgres::shared().new_database().unwrap();
        let session = Session::open_to_write(&crate::postgres::config(&database).unwrap()).unwrap();
        session.begin_alone().unwrap();
        // The server warns between COMMIT and its success, as it does when the wait for a standby is cancelled.
        session
            .batch(
                "CREATE TABLE warned (n BIGINT); CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN RAISE WARNING 'might not have been replicated'; RETURN NULL; END $$;
                 CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON warned DEFERRABLE INITIALLY DEFERRED
                   FOR EACH ROW EXECUTE FUNCTION warn(); INSERT INTO warned VALUES (1)",
            )
            .unwrap();
        assert!(matches!(session.commit(), Err(Error::OutcomeUnknown)));
        assert!(session.is_broken());
    }
}
