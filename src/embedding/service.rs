//! Vectors of a model elsewhere, through what the engine lends.

use super::{
    embedder::{Embedder, EmbeddingError, Identity, Scope},
    vectors::Vectors,
};
use crate::operator::{EmbeddingService, Services};

/// A model elsewhere.
pub struct ServiceEmbedder<'a> {
    /// Which.
    pub service: &'a EmbeddingService,
    /// Who reaches it.
    pub services: &'a dyn Services,
}

impl Embedder for ServiceEmbedder<'_> {
    fn identity(&self) -> Identity {
        Identity { name: format!("service:{}:{}", self.service.base_url, self.service.model), version: 1 }
    }

    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbeddingError> {
        let dimensions = self.service.dimensions;
        let mut values = Vec::with_capacity(texts.len() * dimensions);
        for vector in self.services.embed(self.service, texts)? {
            match vector.len() {
                0 => values.resize(values.len() + dimensions, 0.0),
                found if found == dimensions => values.extend(vector),
                found => {
                    let provider = self.identity();
                    return Err(EmbeddingError::Dimensions { provider, expected: dimensions, found });
                }
            }
        }
        Ok(Vectors::units(dimensions, values))
    }
}
