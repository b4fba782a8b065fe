//! Alerts as rows of a database: told when they begin, again while they last, and when they are over.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use thiserror::Error;

use crate::rules::Alert;

/// Why alerts cannot be kept.
#[derive(Debug, Error)]
#[error("the alerts in {path} cannot be {what}: {problem}")]
pub struct AlertError {
    path: String,
    what: &'static str,
    problem: rusqlite::Error,
}

/// The alerts of a workspace.
pub struct Alerts {
    connection: Connection,
    path: String,
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tells {
    /// It has begun.
    Raised,
    /// It lasts.
    Lasts,
    /// It is over.
    Resolved,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What is told.
    pub tells: Tells,
    /// The alert.
    #[serde(flatten)]
    pub row: AlertRow,
}

/// An alert as it is kept. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertRow {
    /// Its number.
    pub number: i64,
    /// The pipeline with its scope.
    pub pipeline: String,
    /// What it is.
    pub kind: String,
    /// `warning` or `critical`.
    pub severity: String,
    /// In words.
    pub message: String,
    /// When it began.
    pub raised_at: i64,
    /// When it was seen last.
    pub seen_at: i64,
    /// When it was over.
    pub resolved_at: Option<i64>,
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS alerts (
  number INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL,
  raised_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, told_at INTEGER, resolved_at INTEGER, end_told_at INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS open_alerts ON alerts (pipeline, kind) WHERE resolved_at IS NULL;
";

const COLUMNS: &str = "number, pipeline, kind, severity, message, raised_at, seen_at, resolved_at";

const PATIENCE: Duration = Duration::from_secs(10);

impl Alerts {
    /// Opens the alerts of a workspace, and makes the file if it is missing.
    ///
    /// # Errors
    /// When it cannot be written or is no such database.
    pub fn open(path: &Path) -> Result<Self, AlertError> {
        let shown = path.display().to_string();
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch(TABLES)?;
            Ok(connection)
        };
        let connection = open().map_err(|problem| AlertError { path: shown.clone(), what: "opened", problem })?;
        Ok(Self { connection, path: shown })
    }

    /// Notes what is wrong with a pipeline now, and what is no more. Returns what is to be told: what began, what lasts and
    /// was told longer than `repeat` ago, what is over; and what could not be told before.
    ///
    /// # Errors
    /// When it cannot be written; nothing is noted then.
    pub fn settle(
        &mut self,
        pipeline: &str,
        found: &[Alert],
        now: i64,
        repeat: Duration,
    ) -> Result<Vec<Notice>, AlertError> {
        let path = self.path.clone();
        let mut settle = || -> rusqlite::Result<Vec<Notice>> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for alert in found {
                note(&transaction, pipeline, alert, now)?;
            }
            resolve_others(&transaction, pipeline, found, now)?;
            let notices = to_tell(&transaction, pipeline, now, repeat)?;
            transaction.commit()?;
            Ok(notices)
        };
        settle().map_err(|problem| AlertError { path, what: "written", problem })
    }

    /// Notes that a notice was told.
    ///
    /// # Errors
    /// When it cannot be written; it is told again then.
    pub fn told(&self, notice: &Notice, now: i64) -> Result<(), AlertError> {
        let column = if notice.tells == Tells::Resolved { "end_told_at" } else { "told_at" };
        let sql = format!("UPDATE alerts SET {column} = ?1 WHERE number = ?2");
        let written = self.connection.execute(&sql, params![now, notice.row.number]);
        written.map(drop).map_err(|problem| AlertError { path: self.path.clone(), what: "written", problem })
    }

    /// The alerts that last, of all pipelines or of those whose name with scope is given.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn lasting(&self, pipeline: Option<&str>) -> Result<Vec<AlertRow>, AlertError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM alerts WHERE resolved_at IS NULL AND (?1 IS NULL OR pipeline = ?1) ORDER BY number"
        );
        let read = || self.connection.prepare(&sql)?.query_map([pipeline], row)?.collect::<rusqlite::Result<_>>();
        read().map_err(|problem| AlertError { path: self.path.clone(), what: "read", problem })
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<AlertRow> {
    Ok(AlertRow {
        number: row.get(0)?,
        pipeline: row.get(1)?,
        kind: row.get(2)?,
        severity: row.get(3)?,
        message: row.get(4)?,
        raised_at: row.get(5)?,
        seen_at: row.get(6)?,
        resolved_at: row.get(7)?,
    })
}

fn note(connection: &Connection, pipeline: &str, alert: &Alert, now: i64) -> rusqlite::Result<()> {
    let find = "SELECT number FROM alerts WHERE pipeline = ?1 AND kind = ?2 AND resolved_at IS NULL";
    let there: Option<i64> = connection.query_row(find, [pipeline, alert.kind], |row| row.get(0)).optional()?;
    let (severity, message) = (alert.severity.word(), &alert.message);
    match there {
        Some(number) => connection.execute(
            "UPDATE alerts SET severity = ?1, message = ?2, seen_at = ?3 WHERE number = ?4",
            params![severity, message, now, number],
        ),
        None => connection.execute(
            "INSERT INTO alerts (pipeline, kind, severity, message, raised_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![pipeline, alert.kind, severity, message, now],
        ),
    }
    .map(drop)
}

fn resolve_others(connection: &Connection, pipeline: &str, found: &[Alert], now: i64) -> rusqlite::Result<()> {
    let mut open = connection.prepare("SELECT number, kind FROM alerts WHERE pipeline = ?1 AND resolved_at IS NULL")?;
    let open: Vec<(i64, String)> =
        open.query_map([pipeline], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (number, _) in open.iter().filter(|(_, kind)| !found.iter().any(|alert| alert.kind == kind)) {
        connection.execute("UPDATE alerts SET resolved_at = ?1 WHERE number = ?2", params![now, number])?;
    }
    Ok(())
}

fn to_tell(connection: &Connection, pipeline: &str, now: i64, repeat: Duration) -> rusqlite::Result<Vec<Notice>> {
    let before = now - i64::try_from(repeat.as_secs()).unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT {COLUMNS}, told_at FROM alerts WHERE pipeline = ?1 AND (\
         (resolved_at IS NULL AND (told_at IS NULL OR told_at <= ?2)) \
         OR (resolved_at IS NOT NULL AND told_at IS NOT NULL AND end_told_at IS NULL)) ORDER BY number"
    );
    let mut statement = connection.prepare(&sql)?;
    let notice = |found: &rusqlite::Row<'_>| {
        let alert = row(found)?;
        let told: Option<i64> = found.get(8)?;
        let tells = match (alert.resolved_at, told) {
            (Some(_), _) => Tells::Resolved,
            (None, None) => Tells::Raised,
            (None, Some(_)) => Tells::Lasts,
        };
        Ok(Notice { tells, row: alert })
    };
    statement.query_map(params![pipeline, before], notice)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Severity;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn drift(message: &str) -> Alert {
        Alert { kind: "drift", severity: Severity::Warning, message: message.to_owned() }
    }

    #[test]
    fn an_alert_is_told_once_an_hour_and_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut alerts = Alerts::open(&folder.path().join("alerts.db")).unwrap();
        let mut tell = |found: &[Alert], now: i64| {
            let notices = alerts.settle("p@a", found, now, HOUR).unwrap();
            notices.iter().for_each(|notice| alerts.told(notice, now).unwrap());
            notices.into_iter().map(|notice| (notice.tells, notice.row.message)).collect::<Vec<_>>()
        };
        assert_eq!(tell(&[drift("1")], 0), [(Tells::Raised, "1".to_owned())]);
        assert!(tell(&[drift("2")], 1_800).is_empty());
        assert_eq!(tell(&[drift("3")], 3_600), [(Tells::Lasts, "3".to_owned())]);
        assert_eq!(tell(&[], 3_700), [(Tells::Resolved, "3".to_owned())]);
        assert!(tell(&[], 3_800).is_empty());
        assert_eq!(tell(&[drift("4")], 3_900), [(Tells::Raised, "4".to_owned())]);
        let lasting = Alerts::open(&folder.path().join("alerts.db")).unwrap().lasting(Some("p@a")).unwrap();
        assert_eq!((lasting.len(), lasting[0].raised_at), (1, 3_900));
    }

    #[test]
    fn what_could_not_be_told_is_told_by_the_next_run_and_other_pipelines_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut alerts = Alerts::open(&folder.path().join("alerts.db")).unwrap();
        assert_eq!(alerts.settle("p@a", &[drift("1")], 0, HOUR).unwrap().len(), 1);
        assert_eq!(alerts.settle("p@b", &[], 5, HOUR).unwrap().len(), 0);
        assert_eq!(alerts.settle("p@a", &[drift("1")], 10, HOUR).unwrap()[0].tells, Tells::Raised);
        // Over before anybody was told: there is nothing to tell.
        assert!(alerts.settle("p@a", &[], 20, HOUR).unwrap().is_empty());
        assert!(alerts.lasting(None).unwrap().is_empty());
    }
}
