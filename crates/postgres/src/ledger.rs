//! The ledger: which outputs a database already holds, kept in the same transaction as their rows.

use super::{
    error::{Error, Result},
    names::qualified,
    session::Session,
    sink::{LEDGER, Mode, TableSink},
    table::TableInfo,
};

/// Makes the ledger if it is missing, in a transaction of its own.
pub(crate) fn create(session: &Session) -> Result<()> {
    if TableInfo::load(session, LEDGER)?.is_some() {
        return Ok(());
    }
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS {LEDGER} (owner text NOT NULL, batch text NOT NULL, run_id text NOT NULL, \
         mode text NOT NULL, rows bigint NOT NULL, PRIMARY KEY (owner, batch))"
    );
    match session.run("cannot make the table that says what was written", &sql) {
        // Another connection made it at the same time.
        Err(error) if error.is_conflict() => Ok(()),
        other => other,
    }
}

/// What the ledger knows of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nothing, or its table is gone.
    No,
    /// It was applied, and had no rows.
    Empty,
    /// It was applied.
    Rows,
}

/// What the ledger knows of the output `batch` of `owner` into a table.
pub(crate) fn held(session: &Session, table: &str, owner: &str, batch: &str) -> Result<Held> {
    if TableInfo::load(session, LEDGER)?.is_none() {
        return Ok(Held::No);
    }
    let sql = format!("SELECT rows FROM {LEDGER} WHERE owner = $1 AND batch = $2");
    let found = session.rows("cannot read the ledger", &sql, &[&owner, &batch])?;
    let Some(row) = found.first() else { return Ok(Held::No) };
    Ok(match TableInfo::load(session, table)? {
        None => Held::No,
        Some(_) if row.get::<_, i64>(0) == 0 => Held::Empty,
        Some(_) => Held::Rows,
    })
}

/// Whether the ledger has the output `batch` of `owner`, and what it wrote is there: it is believed only as long as its
/// table is; of a table that is replaced or upserted, as long as it has rows.
///
/// # Errors
/// When the server refuses to tell.
pub fn holds(session: &Session, sink: &TableSink, owner: &str, batch: &str) -> Result<bool> {
    let is_kept = matches!(sink.mode, Mode::Replace | Mode::Upsert);
    match held(session, &sink.table, owner, batch)? {
        Held::No => return Ok(false),
        Held::Rows if is_kept => {}
        Held::Empty | Held::Rows => return Ok(true),
    }
    let sql = format!("SELECT 1 FROM {} LIMIT 1", qualified(&sink.table));
    match session.rows("cannot read the ledger", &sql, &[]) {
        Ok(rows) => Ok(!rows.is_empty()),
        // Who may only add rows need not look at them.
        Err(Error::Refused { code, .. }) if code == "42501" => Ok(true),
        Err(error) => Err(error),
    }
}

/// Notes that the output was applied. Of an owner that does not append only the newest row is kept.
pub(crate) fn record(
    session: &Session,
    (owner, batch, run_id): (&str, &str, &str),
    mode: Mode,
    rows: u64,
) -> Result<()> {
    let doing = "cannot note what was written";
    if mode != Mode::Append {
        session.change(doing, &format!("DELETE FROM {LEDGER} WHERE owner = $1"), &[&owner])?;
    }
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let sql = format!("INSERT INTO {LEDGER} (owner, batch, run_id, mode, rows) VALUES ($1, $2, $3, $4, $5)");
    session.change(doing, &sql, &[&owner, &batch, &run_id, &mode.word(), &rows]).map(drop)
}
