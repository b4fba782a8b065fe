//! The figures of a pattern, from its workflows in the history.

use polars::prelude::*;

use super::{super::columns, occurrences::Occurrences};
use crate::operator::StageError;

/// The confidence in a pattern without workflows.
pub const NO_WORKFLOWS: f64 = 10.0;

/// Days of a month, on average.
const MONTH_DAYS: f64 = 30.4375;

const DAY_MICROS: f64 = 86_400e6;

/// Sums over the workflows of a pattern. All but the cost are whole numbers, so that their order does not matter;
/// costs are added in the order of the occurrences' ids.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Workflows.
    pub count: i64,
    /// The earliest time, microseconds since 1970.
    pub first_at: Option<i64>,
    /// The latest time.
    pub last_at: Option<i64>,
    /// The characteristics of the first workflow.
    pub typical_input: Option<String>,
    tokens: i128,
    cost: f64,
    durations: i128,
    duration: i128,
    squared_duration: i128,
    errors: i128,
    retries: i128,
    /// The first workflow: its time, its id, its row. Workflows without a time come last.
    first: Option<(i64, u32)>,
}

impl Statistics {
    /// The figures of all patterns, by place.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn of_all(
        detections: &DataFrame,
        occurrences: &Occurrences<'_>,
        patterns: usize,
    ) -> Result<Vec<Self>, StageError> {
        let integer = |name| columns::integers(detections, name);
        let (tokens, durations) = (integer("total_tokens")?, integer("duration_seconds")?);
        let (errors, retries, seen) = (integer("error_count")?, integer("retry_count")?, integer("seen_at")?);
        let costs = columns::floats(detections, "actual_cost_total")?;
        let (ids, inputs) =
            (columns::texts(detections, "workflow_id")?, columns::texts(detections, "characteristics")?);
        let mut all = vec![Self::default(); patterns];
        for occurrence in &occurrences.rows {
            let row = occurrence.row as usize;
            let Some(figures) = all.get_mut(occurrence.pattern as usize) else { continue };
            let number = |column: &Int64Chunked| i128::from(column.get(row).unwrap_or_default());
            figures.count += 1;
            figures.tokens += number(tokens);
            figures.cost += costs.get(row).unwrap_or_default();
            figures.errors += number(errors);
            figures.retries += number(retries);
            let duration = number(durations);
            figures.durations += i128::from(duration != 0);
            figures.duration += duration;
            figures.squared_duration += duration.saturating_mul(duration);
            let at = seen.get(row);
            figures.first_at = figures.first_at.into_iter().chain(at).min();
            figures.last_at = figures.last_at.max(at);
            let at = at.unwrap_or(i64::MAX);
            let is_first = figures
                .first
                .is_none_or(|(first, place)| at < first || (at == first && ids.get(row) < ids.get(place as usize)));
            if is_first {
                figures.first = Some((at, occurrence.row));
            }
        }
        for figures in &mut all {
            figures.typical_input = figures.first.and_then(|(_, row)| inputs.get(row as usize)).map(str::to_owned);
        }
        Ok(all)
    }

    /// The mean of the tokens, truncated.
    pub fn mean_tokens(&self) -> i64 {
        i64::try_from(self.tokens / i128::from(self.count.max(1))).unwrap_or(i64::MAX)
    }

    /// The mean cost, US$.
    pub fn mean_cost(&self) -> f64 {
        self.cost / self.count.max(1) as f64
    }

    /// Months from the first workflow to the last, at least one.
    pub fn months(&self) -> f64 {
        let micros = self.first_at.zip(self.last_at).map_or(0.0, |(first, last)| last.saturating_sub(first) as f64);
        (micros / DAY_MICROS / MONTH_DAYS).max(1.0)
    }

    /// The population variance of the durations that are not zero, square seconds; `None` with fewer than two.
    pub fn duration_variance(&self) -> Option<f64> {
        let n = self.durations;
        (n >= 2).then(|| (n * self.squared_duration - self.duration * self.duration) as f64 / (n * n) as f64)
    }

    /// Confidence, 0 to 100, in a pattern that is linked to `count` workflows: frequency, consistency, success.
    pub fn confidence(&self, count: i64) -> f64 {
        if self.count == 0 {
            return NO_WORKFLOWS;
        }
        let frequency = match count {
            10.. => 40,
            5.. => 30,
            3.. => 20,
            _ => 10,
        };
        let consistency = match self.duration_variance() {
            None => 15,
            Some(variance) if variance < 100.0 => 30,
            Some(variance) if variance < 1000.0 => 20,
            Some(_) => 10,
        };
        let n = i128::from(self.count);
        let success = if self.errors == 0 && self.retries == 0 {
            30
        } else if self.errors < n && self.retries < 2 * n {
            20
        } else if self.errors < 3 * n {
            10
        } else {
            5
        };
        f64::from(frequency + consistency + success)
    }
}
