//! Vectors of a static model, out of the files of its folder.

use polars::prelude::LazyFrame;
use rayon::prelude::*;

use super::{
    embedder::{Embedder, EmbeddingError, Identity, Scope},
    vectors::Vectors,
};
use crate::{
    operator::{ColumnKind, InputPort, StageError, Storage},
    static_embedding::StaticModel,
};

/// The port of a model's files.
pub const MODEL_PORT: InputPort = InputPort::optional(
    "model",
    &[("path", ColumnKind::Text), ("name", ColumnKind::Text), ("content", ColumnKind::Text)],
    "The files of a static model in the format of model2vec, a source of files: model.safetensors and tokenizer.json.",
);

/// A static model.
pub struct ModelEmbedder {
    model: StaticModel,
    /// The beginning of the hash of its files.
    content: String,
}

impl ModelEmbedder {
    /// Reads a model of the files that a dataset lists.
    ///
    /// # Errors
    /// When a file is missing or no such model.
    pub fn read(files: LazyFrame, storage: &dyn Storage) -> Result<Self, StageError> {
        let files = files.collect()?;
        let text = |name: &str| files.column(name).and_then(|column| column.str().cloned());
        let (paths, names, contents) = (text("path")?, text("name")?, text("content")?);
        let wrong = |problem: String| StageError::Input {
            port: "model".to_owned(),
            problem,
            mend: "name the folder of a model: files = \"…/model/*\"".to_owned(),
        };
        let file = |wanted: &str| -> Result<(Vec<u8>, String), StageError> {
            let is_wanted = |name: Option<&str>| name.is_some_and(|name| name.rsplit('/').next() == Some(wanted));
            let row = names.iter().position(is_wanted);
            let row = row.ok_or_else(|| wrong(format!("there is no {wanted} among the files")))?;
            let mut bytes = Vec::new();
            let path = paths.get(row).unwrap_or_default();
            let mut opened = storage.open(path)?;
            opened.read_to_end(&mut bytes).map_err(|error| wrong(format!("{path}: {error}")))?;
            Ok((bytes, contents.get(row).unwrap_or_default().chars().take(16).collect()))
        };
        let ((tensors, one), (tokenizer, other)) = (file("model.safetensors")?, file("tokenizer.json")?);
        let model = StaticModel::read(&tensors, &tokenizer).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { model, content: format!("{one}-{other}") })
    }
}

impl ModelEmbedder {
    /// How many numbers a vector has.
    pub fn dimensions(&self) -> usize {
        self.model.dimensions()
    }
}

impl Embedder for ModelEmbedder {
    fn identity(&self) -> Identity {
        Identity { name: format!("model:{}", self.content), version: 1 }
    }

    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbeddingError> {
        let rows: Vec<Vec<f32>> = texts.par_iter().map(|text| self.model.embed(text)).collect();
        Ok(Vectors::units(self.model.dimensions(), rows.concat()))
    }
}
