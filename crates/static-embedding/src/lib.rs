//! Static embeddings: a model is a table of vectors of word pieces, and a text's vector is the mean of its pieces' vectors. Reads the
//! format of model2vec: `model.safetensors`, `tokenizer.json` and `config.json`.

mod error;
mod model;
mod tensors;
mod tokenizer;

pub use error::ModelError;
pub use model::{StaticModel, tiny};
