//! Items that could not be written, and when they are tried again.

use rusqlite::{Connection, OptionalExtension, params};

use super::{error::Held, item::Doing, run::Run};

/// Minutes until the next try after so many failed ones; an hour after more.
const RETRY_MINUTES: [i64; 5] = [1, 2, 4, 8, 16];
/// After so many tries an item is left alone until somebody asks for it.
const MOST_ATTEMPTS: i64 = 10;

/// Whether an item's time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It never failed.
    Fresh,
    /// It failed, and is tried again.
    Again,
    /// It waits.
    Later,
}

/// Whether an item is to be tried now; one that waits is noted as still owed.
pub(crate) fn due(connection: &Connection, run: &Run<'_>, namespace: &str, id: &str) -> Held<Due> {
    let find = "SELECT next_retry_at FROM failed_items WHERE namespace = ?1 AND id = ?2";
    let retry: Option<Option<i64>> =
        connection.prepare_cached(find)?.query_row([namespace, id], |row| row.get(0)).optional()?;
    match retry {
        None => Ok(Due::Fresh),
        Some(Some(next)) if next <= run.now => Ok(Due::Again),
        Some(_) => {
            let seen = "UPDATE failed_items SET last_run = ?3 WHERE namespace = ?1 AND id = ?2";
            connection.prepare_cached(seen)?.execute([namespace, id, run.run_id])?;
            Ok(Due::Later)
        }
    }
}

/// Notes an item that could not be written.
pub(crate) fn note(
    connection: &Connection,
    run: &Run<'_>,
    namespace: &str,
    (id, doing): (&str, Doing),
    error: &str,
) -> Held<()> {
    let find = "SELECT attempts FROM failed_items WHERE namespace = ?1 AND id = ?2";
    let before: Option<i64> =
        connection.prepare_cached(find)?.query_row([namespace, id], |row| row.get(0)).optional()?;
    let attempts = before.unwrap_or_default() + 1;
    let place = usize::try_from(attempts - 1).unwrap_or(usize::MAX);
    let minutes = RETRY_MINUTES.get(place).copied().unwrap_or(60);
    let next = (attempts < MOST_ATTEMPTS).then_some(run.now + 60 * minutes);
    let sql = "INSERT INTO failed_items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET \
               operation = excluded.operation, attempts = excluded.attempts, next_retry_at = excluded.next_retry_at, \
               last_error = excluded.last_error, owner = excluded.owner, last_run = excluded.last_run";
    let row = params![namespace, id, doing.word(), attempts, run.now, next, error, run.owner, run.run_id];
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Forgets that an item failed: it is done.
pub(crate) fn done(connection: &Connection, namespace: &str, id: &str) -> Held<()> {
    let sql = "DELETE FROM failed_items WHERE namespace = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.execute([namespace, id])?;
    Ok(())
}
