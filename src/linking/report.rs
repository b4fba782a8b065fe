//! Report datasets: named figures in sections, in the order in which they are printed.

use polars::prelude::DataFrame;

use super::columns::{column, frame};
use crate::operator::{ColumnKind, OutputPort, StageError};

/// The port of a report dataset.
pub fn port(name: &str, about: &str) -> OutputPort {
    OutputPort::new(
        name,
        about,
        &[
            ("section", ColumnKind::Text),
            ("name", ColumnKind::Text),
            ("count", ColumnKind::Int),
            ("share", ColumnKind::Float),
        ],
    )
}

/// The rows of a report, in order.
#[derive(Default)]
pub struct ReportRows {
    rows: Vec<(&'static str, String, u64, Option<f64>)>,
}

impl ReportRows {
    /// Adds a figure, with its share of `whole`: null when there is no whole or it is zero.
    pub fn of(&mut self, section: &'static str, name: &str, count: u64, whole: Option<u64>) {
        let share = whole.filter(|whole| *whole > 0).map(|whole| count as f64 / whole as f64);
        self.rows.push((section, name.to_owned(), count, share));
    }

    /// Adds a section of figures, the largest first, equal ones in the given order.
    pub fn ranked(&mut self, section: &'static str, figures: impl Iterator<Item = (String, u64)>, whole: u64) {
        let mut figures: Vec<_> = figures.collect();
        figures.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (name, count) in figures {
            self.of(section, &name, count, Some(whole));
        }
    }

    /// The dataset.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn into_frame(self) -> Result<DataFrame, StageError> {
        let rows = &self.rows;
        frame(vec![
            column("section", rows.iter().map(|row| row.0)),
            column("name", rows.iter().map(|row| row.1.as_str())),
            column("count", rows.iter().map(|row| i64::try_from(row.2).unwrap_or(i64::MAX))),
            column("share", rows.iter().map(|row| row.3)),
        ])
    }
}
