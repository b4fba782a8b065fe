//! Vectors that somebody else made, looked up by text or id.

use std::collections::HashMap;

use super::{
    embedder::{EmbeddingError, Identity},
    vectors::Vectors,
};

/// Vectors by key, all of one length.
#[derive(Clone, Debug, Default)]
pub struct GivenVectors {
    dimensions: usize,
    places: HashMap<String, usize>,
    values: Vec<f32>,
}

impl GivenVectors {
    /// Takes a vector in; the last of a key counts.
    ///
    /// # Errors
    /// [`EmbeddingError::Dimensions`] when it has another length than those before.
    pub fn add(&mut self, key: &str, vector: &[f32]) -> Result<(), EmbeddingError> {
        if self.dimensions == 0 {
            self.dimensions = vector.len();
        }
        if vector.len() != self.dimensions {
            let provider = Identity { name: "given".to_owned(), version: 1 };
            return Err(EmbeddingError::Dimensions { provider, expected: self.dimensions, found: vector.len() });
        }
        self.places.insert(key.to_owned(), self.values.len());
        self.values.extend_from_slice(vector);
        Ok(())
    }

    /// The vectors of keys, in their order; the zero vector where none was given.
    pub fn of(&self, keys: &[&str]) -> Vectors {
        let mut values = Vec::with_capacity(keys.len() * self.dimensions);
        for key in keys {
            let given = self.places.get(*key).and_then(|start| self.values.get(*start..start + self.dimensions));
            match given {
                Some(vector) => values.extend_from_slice(vector),
                None => values.resize(values.len() + self.dimensions, 0.0),
            }
        }
        Vectors::dense(self.dimensions, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_looked_up_and_another_length_is_refused() {
        let mut given = GivenVectors::default();
        given.add("a", &[3.0, 4.0]).unwrap();
        given.add("b", &[1.0, 0.0]).unwrap();
        let error = given.add("c", &[1.0]).unwrap_err().to_string();
        assert_eq!(error, "given@1 made a vector of 1 numbers where 2 were expected");
        let found = given.of(&["b", "none", "a"]);
        assert_eq!((found.row(0), found.row(1), found.row(2)), (vec![1.0, 0.0], vec![0.0, 0.0], vec![0.6, 0.8]));
    }
}
