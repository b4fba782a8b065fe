//! Plain tables, and numbers as people read them.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, presets};

/// The width that every summary fits.
const WIDTH: u16 = 80;

/// A table without lines, as wide as its content, at most 80 columns.
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with headings.
    pub fn new(headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
        table.set_header(headings);
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, 1));
        });
        Self(table)
    }

    /// Aligns columns to the right.
    pub fn right(&mut self, columns: &[usize]) {
        for column in columns {
            if let Some(column) = self.0.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.0.add_row(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.lines() {
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// 1234567 → 1,234,567.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// 0.0123 → 12 ms; 75.2 → 1 min 15 s.
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

/// 1536 → 1.5 KiB.
pub fn bytes(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(seconds(0.0123), "12 ms");
        assert_eq!(seconds(75.2), "1 min 15 s");
        assert_eq!(bytes(1536), "1.5 KiB");
    }

    #[test]
    fn no_line_of_a_table_is_wider_than_80_columns() {
        let mut table = Table::new(&["a", "b"]);
        table.row(vec!["x".repeat(30), "many words ".repeat(30)]);
        assert!(table.to_string().lines().all(|line| line.chars().count() <= 80));
    }
}
