//! The last lines of a run: what each step came to.

use std::fmt::Write;

use super::table::{Table, bytes, count, seconds};
use crate::pipeline::{journal::StepRow, run::Outcome};

/// The summary of a run; one line when everything was fresh.
pub fn of(outcome: &Outcome) -> String {
    let fresh = outcome.rows.iter().all(|row| row.status == "fresh");
    if fresh && outcome.problem.is_none() {
        return format!("All {} steps are fresh; nothing to do. {}.\n", outcome.rows.len(), seconds(outcome.seconds));
    }
    let mut text = steps(&outcome.rows).to_string();
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

/// A row a step. The column of rejected rows is left out where there are none: names are long, and lines are 80 wide.
fn steps(rows: &[StepRow]) -> Table {
    let rejects = rows.iter().any(|row| row.rejected > 0);
    let mut headings = vec!["", "step", "state", "rows in", "rows out"];
    headings.extend(rejects.then_some("rejected"));
    headings.push("time");
    let mut table = Table::new(&headings);
    table.right(&(3..headings.len()).collect::<Vec<_>>());
    let unless_none = |number: u64| if number == 0 { String::new() } else { count(number) };
    for row in rows {
        let mut cells =
            vec![row.kind.clone(), row.step.clone(), row.status.clone(), count(row.rows_in), count(row.rows_out)];
        cells.extend(rejects.then(|| unless_none(row.rejected)));
        cells.push(if row.seconds == 0.0 { String::new() } else { seconds(row.seconds) });
        table.row(cells);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_with_millions_of_rows_stays_on_its_line() {
        let row = StepRow {
            kind: "sink".to_owned(),
            step: "pattern_occurrences_table".to_owned(),
            status: "written".to_owned(),
            reason: None,
            fingerprint: None,
            rows_in: 10_000_000,
            rows_out: 10_000_000,
            rejected: 0,
            started_after: None,
            seconds: 75.0,
            peak_memory_bytes: 0,
            needed_memory: None,
            warnings: Vec::new(),
        };
        let text = steps(&[row]).to_string();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("pattern_occurrences_table") && text.lines().all(|line| line.len() <= 80), "{text}");
    }
}
