//! How far the making of bundles has come, for those who watch: a row a run, from the phases of its stages. The percentage
//! never falls.

use rusqlite::params;
use serde_json::json;

use super::{error::PipelineError, journal::Journal};
use crate::operator::Phase;

/// Notes the phases of a run.
pub struct Generation<'a> {
    /// Where to.
    pub journal: &'a Journal,
    /// The run.
    pub run_id: &'a str,
    /// The scope, or the pipeline where it has none.
    pub shop: &'a str,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All is made.
    Whole,
    /// A part is made: the time was up.
    Part,
    /// It failed.
    Failed,
}

/// The status of a run that has not ended.
const IN_PROGRESS: &str = "in_progress";

impl Generation<'_> {
    /// Notes that a phase has come so far: `done` of `total` rows.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn reached(&self, phase: Phase, done: u64, total: Option<u64>, now: &str) -> Result<(), PipelineError> {
        let progress = percent(phase, done, total);
        self.journal.run(|connection| {
            connection.execute(
                "INSERT INTO generation_progress (upload_id, shop_domain, step, legacy_step, progress, status, updated_at)
                 VALUES (?,?,?,?,?,?,?) ON CONFLICT (upload_id) DO UPDATE SET step = excluded.step,
                 legacy_step = excluded.legacy_step, progress = excluded.progress, updated_at = excluded.updated_at
                 WHERE excluded.progress >= progress AND status = 'in_progress'",
                params![self.run_id, self.shop, phase.name, legacy_step(phase.name), progress, IN_PROGRESS, now],
            )
        })?;
        Ok(())
    }

    /// Notes how the run ended, if it has any phase.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn ended(&self, ending: Ending, problem: Option<&str>, now: &str) -> Result<(), PipelineError> {
        let completed = ending != Ending::Failed;
        let status = if completed { "completed" } else { "failed" };
        let metadata = json!({ "partial": ending == Ending::Part }).to_string();
        self.journal.run(|connection| {
            connection.execute(
                "UPDATE generation_progress SET status = ?2, progress = CASE WHEN ?3 THEN 100 ELSE progress END, message = ?4,
                 metadata = ?5, updated_at = ?6, step = CASE WHEN ?3 THEN 'finalization' ELSE step END,
                 legacy_step = CASE WHEN ?3 THEN 'finalization' ELSE legacy_step END
                 WHERE upload_id = ?1 AND status = 'in_progress'",
                params![self.run_id, status, completed, problem, metadata, now],
            )
        })?;
        Ok(())
    }
}

/// The percentage of the whole that a phase has reached.
fn percent(phase: Phase, done: u64, total: Option<u64>) -> u8 {
    let width = u64::from(phase.to.saturating_sub(phase.from));
    let part = total.map_or(0, |total| width * done.min(total) / total.max(1));
    phase.from + u8::try_from(part).unwrap_or_default()
}

/// What earlier front ends call a phase.
fn legacy_step(step: &str) -> &str {
    match step {
        "candidate_generation" => "ml_generation",
        "ranking" | "deduplication" => "optimization",
        "explainability" => "ai_descriptions",
        step => step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 3] = [
        Phase { name: "enrichment", from: 0, to: 10 },
        Phase { name: "candidate_generation", from: 10, to: 40 },
        Phase { name: "ranking", from: 50, to: 75 },
    ];

    #[test]
    fn the_percentage_goes_through_the_phases_never_falls_and_stays_when_the_run_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let row = |run_id: &str| {
            let sql = "SELECT step || ' ' || legacy_step || ' ' || progress || ' ' || status FROM generation_progress WHERE upload_id = ?";
            journal.run(|connection| connection.query_row(sql, [run_id], |row| row.get::<_, String>(0))).unwrap()
        };
        let generation = Generation { journal: &journal, run_id: "1", shop: "a" };
        let [enrichment, candidates, ranking] = PHASES;
        generation.ended(Ending::Whole, None, "t").unwrap();
        generation.reached(enrichment, 0, None, "t").unwrap();
        assert_eq!(row("1"), "enrichment enrichment 0 in_progress");
        generation.reached(candidates, 50, Some(100), "t").unwrap();
        assert_eq!(row("1"), "candidate_generation ml_generation 25 in_progress");
        generation.reached(enrichment, 9, Some(9), "t").unwrap();
        assert_eq!(row("1"), "candidate_generation ml_generation 25 in_progress");
        generation.reached(ranking, 300, Some(100), "t").unwrap();
        assert_eq!(row("1"), "ranking optimization 75 in_progress");
        generation.ended(Ending::Part, None, "t").unwrap();
        generation.reached(ranking, 300, Some(100), "t").unwrap();
        generation.ended(Ending::Failed, Some("late"), "t").unwrap();
        assert_eq!(row("1"), "finalization finalization 100 completed");
        let other = Generation { run_id: "2", ..generation };
        other.reached(ranking, 0, None, "t").unwrap();
        other.ended(Ending::Failed, Some("no disk"), "t").unwrap();
        assert_eq!(row("2"), "ranking optimization 50 failed");
    }
}
