//! The last lines of a run: what each step came to.

use std::fmt::Write;

use super::table::{Table, bytes, count, seconds};
use crate::pipeline::run::Outcome;

/// The summary of a run; one line when everything was fresh.
pub fn of(outcome: &Outcome) -> String {
    let fresh = outcome.rows.iter().all(|row| row.status == "fresh");
    if fresh && outcome.problem.is_none() {
        return format!("All {} steps are fresh; nothing to do. {}.\n", outcome.rows.len(), seconds(outcome.seconds));
    }
    let mut table = Table::new(&["", "step", "state", "rows in", "rows out", "rejected", "time"]);
    table.right(&[3, 4, 5, 6]);
    for row in &outcome.rows {
        table.row(vec![
            row.kind.clone(),
            row.step.clone(),
            row.status.clone(),
            count(row.rows_in),
            count(row.rows_out),
            if row.rejected == 0 { String::new() } else { count(row.rejected) },
            if row.seconds == 0.0 { String::new() } else { seconds(row.seconds) },
        ]);
    }
    let mut text = table.to_string();
    for row in &outcome.rows {
        for warning in &row.warnings {
            let _ = writeln!(text, "warning: {}: {warning}", row.step);
        }
    }
    let _ = writeln!(
        text,
        "\nRun {} took {}, peak memory {}.",
        outcome.run_id,
        seconds(outcome.seconds),
        bytes(outcome.peak_memory_bytes)
    );
    text
}
