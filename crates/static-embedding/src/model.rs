//! A model: vectors of word pieces, and the mean of a text's.

use serde_json::Value;

use super::{
    error::{ModelError, wrong},
    tensors::Tensors,
    tokenizer::Tokenizer,
};

/// Pieces of a text that count.
const MOST_PIECES: usize = 512;

/// A model in memory.
#[derive(Clone, Debug)]
pub struct StaticModel {
    tokenizer: Tokenizer,
    dimensions: usize,
    vectors: Vec<f32>,
    /// How much each piece counts.
    weights: Option<Vec<f32>>,
    /// The vector of each piece, where pieces share them.
    mapping: Option<Vec<usize>>,
}

impl StaticModel {
    /// Reads a model of `model.safetensors` (the tensor `embeddings`, and `weights` and `mapping` where the model has them) and
    /// `tokenizer.json`.
    ///
    /// # Errors
    /// The file and what is wrong with it.
    pub fn read(tensors: &[u8], tokenizer: &[u8]) -> Result<Self, ModelError> {
        let wrong = wrong("model.safetensors");
        let tensors = Tensors::read(tensors)?;
        let tokenizer = Tokenizer::read(tokenizer)?;
        let embeddings = tensors.get("embeddings")?.ok_or_else(|| wrong("it has no tensor 'embeddings'".to_owned()))?;
        let [rows, dimensions] = *embeddings.shape else {
            return Err(wrong("the tensor 'embeddings' is no table".to_owned()));
        };
        let vectors = embeddings.floats();
        if rows == 0 || dimensions == 0 || vectors.iter().any(|value| !value.is_finite()) {
            return Err(wrong("the tensor 'embeddings' is empty or has values that are no numbers".to_owned()));
        }
        let pieces = tokenizer.greatest() + 1;
        let weights = tensors.get("weights")?.map(|weights| weights.floats());
        let mapping = match tensors.get("mapping")? {
            None => None,
            Some(mapping) => {
                let places = mapping.places().filter(|places| places.iter().all(|place| *place < rows));
                Some(places.ok_or_else(|| wrong("the tensor 'mapping' names vectors that are not there".to_owned()))?)
            }
        };
        let known = mapping.as_ref().map_or(rows, Vec::len);
        if known < pieces || weights.as_ref().is_some_and(|weights| weights.len() < pieces) {
            return Err(wrong(format!("it has {known} vectors or weights; the tokenizer has {pieces} pieces")));
        }
        Ok(Self { tokenizer, dimensions, vectors, weights, mapping })
    }

    /// How many numbers a vector has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The vector of a text, of length one: the mean of its first 512 pieces' vectors, each times its weight. Zero for a text
    /// without a known piece.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.dimensions];
        for id in self.tokenizer.ids(text).into_iter().take(MOST_PIECES) {
            let row = self.mapping.as_ref().map_or(Some(id), |mapping| mapping.get(id).copied());
            let weight = self.weights.as_ref().and_then(|weights| weights.get(id)).copied().unwrap_or(1.0);
            let start = row.unwrap_or_default() * self.dimensions;
            let vector = self.vectors.get(start..start + self.dimensions).unwrap_or_default();
            for (sum, value) in sums.iter_mut().zip(vector) {
                *sum += f64::from(*value) * f64::from(weight);
            }
        }
        let length = sums.iter().map(|value| value * value).sum::<f64>().sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "lies within ±1")]
        sums.iter().map(|value| if length > 0.0 { (value / length) as f32 } else { 0.0 }).collect()
    }
}

/// A model of a few words, for tests: each has the vector that is given.
pub fn tiny(words: &[(&str, &[f32])]) -> (Vec<u8>, Vec<u8>) {
    let vocab: serde_json::Map<String, Value> =
        words.iter().enumerate().map(|(id, (word, _))| ((*word).to_owned(), id.into())).collect();
    let tokenizer = serde_json::json!({
        "normalizer": { "type": "BertNormalizer", "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "vocab": vocab },
    });
    let numbers: Vec<u8> =
        words.iter().flat_map(|(_, vector)| vector.iter().flat_map(|value| value.to_le_bytes())).collect();
    let shape = [words.len(), words.first().map_or(0, |(_, vector)| vector.len())];
    let header = serde_json::json!({
        "__metadata__": { "format": "pt" },
        "embeddings": { "dtype": "F32", "shape": shape, "data_offsets": [0, numbers.len()] },
    });
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    ([length.as_slice(), header.as_bytes(), &numbers].concat(), tokenizer.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [(&str, &[f32]); 4] =
        [("[UNK]", &[9.0, 9.0]), ("red", &[3.0, 0.0]), ("shoe", &[0.0, 4.0]), ("##s", &[0.0, 1.0])];

    #[test]
    fn the_vector_of_a_text_is_the_mean_of_its_pieces_at_length_one() {
        let (tensors, tokenizer) = tiny(&WORDS);
        let model = StaticModel::read(&tensors, &tokenizer).unwrap();
        assert_eq!(model.dimensions(), 2);
        assert_eq!(model.embed("Red SHOE"), [0.6, 0.8]);
        assert_eq!(model.embed("red, unheard-of"), [1.0, 0.0]);
        assert_eq!(model.embed("shoes"), [0.0, 1.0]);
        assert_eq!(model.embed("?"), [0.0, 0.0]);
    }

    #[test]
    fn a_model_that_is_cut_or_does_not_fit_its_tokenizer_is_refused() {
        let (tensors, tokenizer) = tiny(&WORDS);
        for end in [0, 5, 20, tensors.len() - 1] {
            let error = StaticModel::read(&tensors[..end], &tokenizer).unwrap_err();
            assert_eq!(error.file, "model.safetensors", "{end}");
        }
        let (few, _) = tiny(&WORDS[..2]);
        let error = StaticModel::read(&few, &tokenizer).unwrap_err().to_string();
        assert_eq!(error, "model.safetensors: it has 2 vectors or weights; the tokenizer has 4 pieces");
        let (odd, _) = tiny(&[("a", &[f32::NAN])]);
        assert!(StaticModel::read(&odd, &tiny(&[("a", &[1.0])]).1).is_err());
    }
}
