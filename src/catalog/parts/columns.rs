//! Digests by field: a column a field, a cell a product.

use std::collections::HashMap;

use super::super::digest::Digest;

/// Fields of one part are told apart by their names up to this many; of nested fields beyond it only the outer one is told.
const MOST_FIELDS: usize = 4_096;

/// The columns of a part.
#[derive(Debug, Default)]
pub struct FieldColumns {
    names: Vec<String>,
    columns: Vec<Vec<Digest>>,
    places: HashMap<String, usize>,
    height: usize,
}

impl FieldColumns {
    /// No fields yet, of this many products.
    pub fn new(height: usize) -> Self {
        Self { height, ..Self::default() }
    }

    /// Adds a whole column; its name is new.
    pub fn push(&mut self, name: &str, column: Vec<Digest>) {
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.columns.push(column);
    }

    /// The column of a field, which is made if it is new; `None` for a nested field beyond the limit.
    /// `guess` is where it was found in the product before.
    pub fn place(&mut self, name: &str, guess: usize) -> Option<usize> {
        if self.names.get(guess).is_some_and(|known| known == name) {
            return Some(guess);
        }
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        if self.names.len() >= MOST_FIELDS && name.contains('.') {
            return None;
        }
        self.push(name, vec![0; self.height]);
        Some(self.names.len() - 1)
    }

    /// Sets a cell.
    pub fn set(&mut self, place: usize, row: usize, digest: Digest) {
        if let Some(cell) = self.columns.get_mut(place).and_then(|column| column.get_mut(row)) {
            *cell = digest;
        }
    }

    /// The fields of a product that have a value, sorted by name.
    pub fn of_row(&self, row: usize) -> Vec<(&str, Digest)> {
        let all = self.names.iter().zip(&self.columns);
        let mut present: Vec<(&str, Digest)> = all
            .filter_map(|(name, column)| Some((name.as_str(), *column.get(row)?)))
            .filter(|(_, digest)| *digest != 0)
            .collect();
        present.sort_unstable_by_key(|(name, _)| *name);
        present
    }
}
