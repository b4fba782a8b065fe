//! All writes to a server in one transaction with their ledger rows, tried again as a whole where it met another one.

use std::{
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::{
    encode::Cells,
    error::{Error, Result},
    ledger,
    names::qualified,
    session::{Dialect, Session},
    settings::Server,
    sink::{DatasetColumn, Mode},
};

/// Takes a batch: how many rows, and their columns.
pub type Put<'p> = dyn FnMut(usize, &[Box<dyn Cells + '_>]) -> Result<()> + 'p;

/// The rows of a write; they can be given again.
pub trait Rows {
    /// The columns.
    ///
    /// # Errors
    /// When they cannot be told.
    fn columns(&self) -> Result<Vec<DatasetColumn>>;

    /// Hands the rows over in batches: their number, and the columns of these names.
    ///
    /// # Errors
    /// When they cannot be made; the error of `put`.
    fn each(&self, names: &[&str], put: &mut Put<'_>) -> Result<()>;
}

/// What is done to one table, in a transaction that somebody else begins and commits.
pub trait Work {
    /// Whether the ledger has the output `batch` of `owner`, and what it wrote is there.
    ///
    /// # Errors
    /// When the server refuses to tell.
    fn holds(&self, session: &Session, owner: &str, batch: &str) -> Result<bool>;

    /// How the table is changed.
    fn mode(&self) -> Mode;

    /// The table.
    fn table(&self) -> &str;

    /// Writes the rows. `number` is its place among the works of the transaction.
    ///
    /// # Errors
    /// When the rows fail or the server refuses something; the transaction is at its end then.
    fn apply(&self, session: &Session, number: usize, rows: &dyn Rows, control: &Control<'_>) -> Result<Counts>;
}

/// What became of the rows given to a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many were given.
    pub rows: u64,
    /// Those whose keys an update did not find.
    pub unmatched: u64,
    /// Those that triggers or rules of the table left out, or that it had so already.
    pub left_out: u64,
    /// Those that cannot be written. The output is owed as long as there are any: the ledger does not have it.
    pub failed: u64,
}

/// One write.
pub struct Write<'a> {
    /// Where to.
    pub work: &'a dyn Work,
    /// Whose it is, `pipeline.sink`.
    pub owner: &'a str,
    /// The identity of the output: the same output of the same owner is applied once.
    pub batch: &'a str,
    /// The run that applies it.
    pub run_id: &'a str,
    /// The rows.
    pub rows: &'a dyn Rows,
    /// Apply it even if the ledger holds it; rows that were appended are never appended twice all the same.
    pub again: bool,
}

/// What applying writes waits for, and who watches.
pub struct Control<'a> {
    /// Asked before the commit, whose error keeps it back.
    pub ready: &'a dyn Fn() -> Result<()>,
    /// Called at the points where a test may end the process.
    pub fail: &'a dyn Fn(&str),
    /// Told of rows; its error stops the writing.
    pub step: &'a dyn Fn(usize) -> Result<()>,
    /// How long to wait for another writer.
    pub patience: Duration,
    /// The shops that are written for: no two runs write for one of them at once.
    pub shops: &'a [String],
}

/// What a write came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Landed {
    /// The rows of its dataset; `None` where the ledger had it already.
    pub rows: Option<u64>,
    /// Those whose keys an update did not find.
    pub unmatched: u64,
    /// Those that triggers or rules of the table left out, or that it had so already.
    pub left_out: u64,
    /// Those that cannot be written.
    pub failed: u64,
    /// How long it took, without the commit.
    pub seconds: f64,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// What each write came to.
    pub landed: Vec<Landed>,
    /// How long the commit took.
    pub commit_seconds: f64,
    /// How often it was tried in all.
    pub attempts: u32,
}

/// How often a transaction is tried that meets others.
const MOST_CONFLICTS: u32 = 10;
/// How often a connection is made anew.
const MOST_LOSSES: u32 = 6;

/// The key of the advisory lock of a shop: the first eight hexadecimal digits of the SHA-256 of
/// `shop:<shop>:operation:bundle_generation`.
pub fn lock_key(shop: &str) -> i64 {
    let digest = Sha256::digest(format!("shop:{shop}:operation:bundle_generation"));
    digest.iter().take(4).fold(0, |key, byte| key << 8 | i64::from(*byte))
}

/// Applies all writes in one transaction. A write that the ledger holds is skipped. A transaction that met another one
/// (SQLSTATE 40001, 40P01), or whose connection broke, is tried again as a whole, after a while that doubles. A test may end
/// the process at `postgres-begun`, `postgres-batch`, `postgres-staged`, `postgres-before-commit` and
/// `postgres-after-commit`.
///
/// # Errors
/// When a check of [`super::TableSink::check`] fails, the rows fail, the server refuses something, or the caller is not ready.
/// Nothing is changed then, unless the connection broke while the server committed: the ledger knows.
pub fn apply(server: &Server, writes: &[Write<'_>], control: &Control<'_>) -> Result<Applied> {
    let mut attempts = 0;
    let (mut conflicts, mut losses) = (0, 0);
    loop {
        attempts += 1;
        let error = match attempt(server, writes, control) {
            Ok(applied) => return Ok(Applied { attempts, ..applied }),
            Err(error) => error,
        };
        let tried = if error.is_conflict() { &mut conflicts } else { &mut losses };
        *tried += 1;
        if !error.may_pass() || conflicts >= MOST_CONFLICTS || losses >= MOST_LOSSES {
            return Err(error);
        }
        thread::sleep(pause(attempts));
        (control.step)(0)?;
    }
}

/// A tenth of a second, doubled each time, up to five. Runs that met each other have other numbers and part.
fn pause(attempt: u32) -> Duration {
    let spread = f64::from(std::process::id() % 64) / 64.0;
    let seconds = 0.1 * f64::from(1_u32 << attempt.min(6)) * (0.75 + spread / 2.0);
    Duration::from_secs_f64(seconds.min(5.0))
}

fn attempt(server: &Server, writes: &[Write<'_>], control: &Control<'_>) -> Result<Applied> {
    let session = Session::open(server)?;
    ledger::create(&session)?;
    begin(&session, writes, control)?;
    (control.fail)("postgres-begun");
    let mut landed = Vec::with_capacity(writes.len());
    for (number, write) in writes.iter().enumerate() {
        let started = Instant::now();
        let counts = apply_one(&session, number, write, control)?;
        let seconds = started.elapsed().as_secs_f64();
        landed.push(counts.map_or(Landed { seconds, ..Landed::default() }, |counts| Landed {
            rows: Some(counts.rows),
            unmatched: counts.unmatched,
            left_out: counts.left_out,
            failed: counts.failed,
            seconds,
        }));
    }
    (control.ready)()?;
    (control.fail)("postgres-before-commit");
    (control.step)(0)?;
    let committing = Instant::now();
    session.run("cannot commit", "COMMIT")?;
    let commit_seconds = committing.elapsed().as_secs_f64();
    (control.fail)("postgres-after-commit");
    Ok(Applied { landed, commit_seconds, attempts: 0 })
}

/// Begins the transaction and takes its locks, always in the same order.
fn begin(session: &Session, writes: &[Write<'_>], control: &Control<'_>) -> Result<()> {
    let doing = "cannot begin to write";
    if session.dialect() == Dialect::Cockroach {
        // Its transactions are serializable, and find each other by error 40001; it has no locks of these kinds.
        return session.run(doing, "BEGIN");
    }
    session.run(doing, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")?;
    let patience = i32::try_from(control.patience.as_millis()).unwrap_or(i32::MAX).max(1);
    session.run(doing, &format!("SET LOCAL lock_timeout = {patience}"))?;
    let mut keys: Vec<i64> = control.shops.iter().map(|shop| lock_key(shop)).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        session.rows("another run writes for the same shop", "SELECT pg_advisory_xact_lock($1)", &[&key])?;
    }
    // Who replaces all rows must not meet rows that another writer adds meanwhile.
    let replaced = writes.iter().filter(|write| write.work.mode() == Mode::Replace);
    let mut tables: Vec<&str> = replaced.map(|write| write.work.table()).collect();
    tables.sort_unstable();
    tables.dedup();
    for table in tables {
        let name = qualified(table);
        let exists: bool = session.one(doing, "SELECT to_regclass($1) IS NOT NULL", &[&name])?.get(0);
        if exists {
            lock(session, table)?;
        }
    }
    Ok(())
}

/// Applies a write, unless the ledger holds it.
fn apply_one(session: &Session, number: usize, write: &Write<'_>, control: &Control<'_>) -> Result<Option<Counts>> {
    let Write { work, owner, batch, run_id, rows, again } = write;
    let may_repeat = *again && work.mode() != Mode::Append;
    if !may_repeat && work.holds(session, owner, batch)? {
        return Ok(None);
    }
    let counts = work.apply(session, number, *rows, control)?;
    if counts.failed == 0 {
        let landed = counts.rows.saturating_sub(counts.unmatched + counts.left_out);
        ledger::record(session, (owner, batch, run_id), work.mode(), landed)?;
    }
    Ok(Some(counts))
}

/// Keeps other writers out of a table until the transaction ends, and lets readers in.
pub(crate) fn lock(session: &Session, table: &str) -> Result<()> {
    if session.dialect() == Dialect::Cockroach {
        return Ok(());
    }
    let sql = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", qualified(table));
    session.run(&format!("cannot lock table '{table}'"), &sql)
}

/// The error of what the caller does.
pub fn of_caller(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Caller(Box::new(error))
}
