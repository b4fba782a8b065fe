//! The main figures of runs, kept for the nights to come.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use super::{Journal, RunRow};
use crate::pipeline::error::PipelineError;

/// A main figure of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeptFigure {
    /// The number.
    pub value: f64,
    /// Of how many it is a share.
    pub whole: Option<f64>,
}

/// The figures of a run by name.
pub type Night = BTreeMap<String, KeptFigure>;

/// The runs that stand for earlier nights: of each day that runs were about, the newest that has figures.
const NIGHTS: &str = "
SELECT run_id FROM (
  SELECT r.run_id, r.as_of, ROW_NUMBER() OVER (PARTITION BY SUBSTR(r.as_of, 1, 10) ORDER BY r.started_at DESC, r.rowid DESC) AS place
  FROM runs AS r
  WHERE r.pipeline = ?1 AND r.started_at < ?2 AND SUBSTR(r.as_of, 1, 10) <> SUBSTR(?3, 1, 10)
    AND EXISTS (SELECT 1 FROM figures AS f WHERE f.run_id = r.run_id))
WHERE place = 1 ORDER BY as_of DESC LIMIT ?4";

impl Journal {
    /// Keeps the figures of a run.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn keep_figures(&self, run_id: &str, figures: &Night) -> Result<(), PipelineError> {
        self.run(|connection| {
            let transaction = connection.unchecked_transaction()?;
            for (name, figure) in figures {
                transaction.execute(
                    "INSERT OR REPLACE INTO figures VALUES (?,?,?,?)",
                    params![run_id, name, figure.value, figure.whole],
                )?;
            }
            transaction.commit()
        })
    }

    /// The figures of a run.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn figures(&self, run_id: &str) -> Result<Night, PipelineError> {
        self.run(|connection| {
            let mut statement = connection.prepare("SELECT name, value, whole FROM figures WHERE run_id = ?")?;
            let rows = statement
                .query_map([run_id], |row| Ok((row.get(0)?, KeptFigure { value: row.get(1)?, whole: row.get(2)? })))?;
            rows.collect()
        })
    }

    /// The figures of the nights before a run, the newest first: of each day that runs of its pipeline were about, other than its
    /// own, those of the newest run that has some.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn nights_before(&self, run: &RunRow, limit: u32) -> Result<Vec<Night>, PipelineError> {
        let as_of = self.as_of(&run.run_id)?.unwrap_or_default();
        let ids: Vec<String> = self.run(|connection| {
            let mut statement = connection.prepare(NIGHTS)?;
            let rows = statement.query_map(params![run.pipeline, run.started_at, as_of, limit], |row| row.get(0))?;
            rows.collect()
        })?;
        ids.iter().map(|id| self.figures(id)).collect()
    }

    /// The figures of the run before, of whatever day.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn figures_before(&self, run: &RunRow) -> Result<Night, PipelineError> {
        let id: Option<String> = self.run(|connection| {
            let sql = "SELECT run_id FROM runs AS r WHERE pipeline = ?1 AND started_at < ?2
                       AND EXISTS (SELECT 1 FROM figures AS f WHERE f.run_id = r.run_id)
                       ORDER BY started_at DESC, rowid DESC LIMIT 1";
            connection.query_row(sql, params![run.pipeline, run.started_at], |row| row.get(0)).optional()
        })?;
        id.map_or_else(|| Ok(Night::new()), |id| self.figures(&id))
    }

    /// The instant a run is about, as ISO 8601.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn as_of(&self, run_id: &str) -> Result<Option<String>, PipelineError> {
        self.run(|connection| {
            connection.query_row("SELECT as_of FROM runs WHERE run_id = ?", [run_id], |row| row.get(0)).optional()
        })
    }

    /// A run by its id, or the newest run of a pipeline and scope.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn find_run(&self, pipeline: &str, run_id: Option<&str>) -> Result<Option<RunRow>, PipelineError> {
        self.run(|connection| {
            let sql = "SELECT run_id, pipeline, status, started_at, ended_at, pid, problem FROM runs
                       WHERE pipeline = ?1 AND (?2 IS NULL OR run_id = ?2) ORDER BY started_at DESC, rowid DESC LIMIT 1";
            let row = |row: &rusqlite::Row<'_>| {
                Ok(RunRow {
                    run_id: row.get(0)?,
                    pipeline: row.get(1)?,
                    status: row.get(2)?,
                    started_at: row.get(3)?,
                    ended_at: row.get(4)?,
                    pid: row.get(5)?,
                    problem: row.get(6)?,
                })
            };
            connection.query_row(sql, params![pipeline, run_id], row).optional()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(journal: &Journal, id: &str, as_of: &str, linked: Option<f64>) -> RunRow {
        let row = RunRow {
            run_id: id.into(),
            pipeline: "p".into(),
            status: "done".into(),
            started_at: id.into(),
            ended_at: None,
            pid: 1,
            problem: None,
        };
        journal.begin_run(&row, as_of, 0).unwrap();
        if let Some(value) = linked {
            let figure = KeptFigure { value, whole: Some(10.0) };
            journal.keep_figures(id, &Night::from([("linked".to_owned(), figure)])).unwrap();
        }
        row
    }

    #[test]
    fn a_night_is_the_newest_run_with_figures_of_a_day_other_than_tonights() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        run(&journal, "1", "2026-03-01T00:00:00Z", Some(1.0));
        run(&journal, "2", "2026-03-01T00:00:00Z", Some(2.0));
        run(&journal, "3", "2026-03-02T00:00:00Z", Some(3.0));
        run(&journal, "4", "2026-03-02T00:00:00Z", None);
        run(&journal, "5", "2026-03-03T00:00:00Z", Some(5.0));
        let tonight = run(&journal, "6", "2026-03-03T00:00:00Z", Some(6.0));
        let values = |nights: Vec<Night>| nights.iter().map(|night| night["linked"].value).collect::<Vec<_>>();
        assert_eq!(values(journal.nights_before(&tonight, 30).unwrap()), [3.0, 2.0]);
        assert_eq!(values(journal.nights_before(&tonight, 1).unwrap()), [3.0]);
        assert_eq!(journal.figures_before(&tonight).unwrap()["linked"].value, 5.0);
        assert_eq!(journal.find_run("p", None).unwrap().unwrap().run_id, "6");
        assert_eq!(journal.find_run("p", Some("3")).unwrap().unwrap().run_id, "3");
        assert!(journal.find_run("q", None).unwrap().is_none());
    }
}
