//! An order that several files have: the last replaces it, unless a row limit cut it in two.

use std::{collections::HashSet, ops::Range};

use crate::orders::{
    recognising::fields::Order,
    rows::{cells::Cells, row::hash},
    settling::{
        group::Known,
        line::{Keys, Line, is_line},
    },
};

/// Which rows of an order count.
#[derive(Default)]
pub struct Versions {
    first_row: usize,
    /// The file of each row; none where all are of one.
    files: Vec<u32>,
    /// The files whose rows count.
    counted: Vec<u32>,
}

impl Versions {
    /// Looks at the rows of an order.
    pub fn of(cells: &Cells<'_>, rows: Range<usize>, shop: u32, known: Known<'_>) -> Self {
        let file = |row: usize| known.file_of(cells.place(row).0);
        let first = file(rows.start);
        if rows.clone().all(|row| file(row) == first) {
            return Self::default();
        }
        let mut versions = Self { first_row: rows.start, files: rows.clone().map(file).collect(), counted: Vec::new() };
        versions.counted.extend(rows.clone().filter(|row| is_line(cells, *row)).map(file).max());
        let id = hash(cells.text(Order::OrderId, rows.start).unwrap_or_default());
        while let Some(before) = versions.counted.last().and_then(|file| known.settled.cut_before(*file, id))
            && versions.continues(cells, before, rows.clone(), shop, known)
        {
            versions.counted.push(before);
        }
        versions
    }

    /// Whether a row is of a file that counts.
    #[inline]
    pub fn has(&self, row: usize) -> bool {
        if self.files.is_empty() {
            return true;
        }
        let file = row.checked_sub(self.first_row).and_then(|place| self.files.get(place));
        file.is_none_or(|file| self.counted.contains(file))
    }

    /// The rows that count.
    pub fn rows(&self, all: Range<usize>) -> impl Iterator<Item = usize> {
        all.filter(|row| self.has(*row))
    }

    /// Whether the rows of a file can be the begin of the order whose rows count so far: they say nothing else of it, and
    /// have none of its lines.
    fn continues(&self, cells: &Cells<'_>, before: u32, rows: Range<usize>, shop: u32, known: Known<'_>) -> bool {
        let earlier: Vec<usize> =
            rows.clone().zip(&self.files).filter(|(_, file)| **file == before).map(|(row, _)| row).collect();
        let later: Vec<usize> = self.rows(rows).collect();
        if cells.differ(&earlier, &later, Order::OF_ORDER) {
            return false;
        }
        let key = |row: &usize| Keys::of(cells, Line::of(cells, *row), shop, known.settled).own;
        let lines =
            |rows: &[usize]| -> HashSet<u64> { rows.iter().filter(|row| is_line(cells, **row)).map(key).collect() };
        let earlier = lines(&earlier);
        !earlier.is_empty() && earlier.is_disjoint(&lines(&later))
    }
}
