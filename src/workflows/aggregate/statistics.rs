//! The figures of a pattern, from its workflows in the history, in whatever order they come.

use super::super::{detect::batch::MOST_COST, durations::Durations};

/// The confidence in a pattern without workflows.
pub const NO_WORKFLOWS: f64 = 10.0;

/// Days of a month, on average.
const MONTH_DAYS: f64 = 30.4375;

const DAY_MICROS: f64 = 86_400e6;

/// Costs are summed in whole parts of this size, US$: a sum of floats would depend on the order of the workflows.
const COST_PART: f64 = 1.0 / (1_u64 << 60) as f64;

/// A pair by its place: the part's number, then 16 bits of the place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowId(pub u32);

/// What counts of one workflow; nulls are zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Example {
    /// Tokens.
    pub tokens: i64,
    /// US$.
    pub cost: f64,
    /// Seconds.
    pub duration: i64,
    /// Errors.
    pub errors: i64,
    /// Retries.
    pub retries: i64,
    /// Microseconds since 1970.
    pub seen_at: Option<i64>,
}

/// From the earliest to the latest of some workflows with a time, microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The earliest.
    pub first: Option<i64>,
    /// The latest.
    pub last: Option<i64>,
}

impl Span {
    /// Takes a workflow in.
    pub fn add(&mut self, at: Option<i64>) {
        self.first = self.first.into_iter().chain(at).min();
        self.last = self.last.max(at);
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.add(other.first);
        self.add(other.last);
        self
    }

    /// Months, at least one.
    pub fn months(self) -> f64 {
        let micros = self.first.zip(self.last).map_or(0.0, |(first, last)| last.saturating_sub(first) as f64);
        (micros / DAY_MICROS / MONTH_DAYS).max(1.0)
    }
}

/// Sums over the workflows of a pattern. All are of whole numbers, so that their order does not matter.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Workflows.
    pub count: i64,
    /// When they ran.
    pub span: Span,
    tokens: i128,
    cost: i128,
    durations: Durations,
    errors: i128,
    retries: i128,
    /// The first workflow: its time, its id, its pair. Workflows without a time come last.
    first: Option<(i64, String, RowId)>,
}

impl Statistics {
    /// Adds a workflow.
    pub fn add(&mut self, example: &Example, workflow: &str, row: RowId) {
        self.count += 1;
        self.tokens += i128::from(example.tokens);
        self.cost = self.cost.saturating_add((example.cost.clamp(-MOST_COST, MOST_COST) / COST_PART) as i128);
        self.errors += i128::from(example.errors);
        self.retries += i128::from(example.retries);
        self.durations.add(example.duration);
        self.span.add(example.seen_at);
        let at = example.seen_at.unwrap_or(i64::MAX);
        let is_first = self.first.as_ref().is_none_or(|(first, id, _)| (at, workflow) < (*first, id.as_str()));
        if is_first {
            self.first = Some((at, workflow.to_owned(), row));
        }
    }

    /// The first workflow.
    pub fn first(&self) -> Option<RowId> {
        self.first.as_ref().map(|(.., row)| *row)
    }

    /// The mean of the tokens, truncated.
    pub fn mean_tokens(&self) -> i64 {
        i64::try_from(self.tokens / i128::from(self.count.max(1))).unwrap_or(i64::MAX)
    }

    /// The mean cost, US$.
    pub fn mean_cost(&self) -> f64 {
        self.cost as f64 * COST_PART / self.count.max(1) as f64
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
        let consistency = match self.durations.variance() {
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
