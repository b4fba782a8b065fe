//! Whether keys of a large dataset may repeat, found in eight bytes a row.

use std::hash::{DefaultHasher, Hasher};

use polars::prelude::{DataType, Expr, LazyFrame, PolarsResult, col, lit};
use rayon::slice::ParallelSliceMut;

use crate::operator::for_each_batch;

/// False when no two rows of `frame` have equal values in the columns `keys`. True when two have, or when the hashes of two
/// that differ are equal, with a chance below n² / 2⁶⁵ for n rows, or when a key is a list, which has no text: then look
/// closer. Streams; 8 bytes a row stay.
///
/// # Errors
/// When the frame cannot be read.
pub fn may_repeat(frame: &LazyFrame, keys: &[String]) -> PolarsResult<bool> {
    let schema = frame.clone().collect_schema()?;
    let mut texts: Vec<Expr> = Vec::with_capacity(keys.len());
    for key in keys {
        let value = col(key.as_str());
        // Equal values have equal texts; zero is written with and without a sign.
        texts.push(match schema.get(key.as_str()) {
            Some(kind) if kind.is_nested() => return Ok(true),
            Some(kind) if kind.is_float() => (value + lit(0.0)).cast(DataType::String),
            _ => value.cast(DataType::String),
        });
    }
    let mut hashes: Vec<u64> = Vec::new();
    for_each_batch(
        frame.clone().select(texts),
        |error| error,
        |batch| {
            let first = hashes.len();
            hashes.resize(first + batch.height(), 0);
            for column in batch.columns() {
                for (hash, text) in hashes.iter_mut().skip(first).zip(column.str()?.iter()) {
                    *hash = chained(*hash, text);
                }
            }
            Ok(())
        },
    )?;
    hashes.par_sort_unstable();
    Ok(hashes.windows(2).any(|pair| pair.first() == pair.last()))
}

/// The hash of a text after what was hashed before it; null is unlike any text.
fn chained(before: u64, text: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(before);
    match text {
        Some(text) => {
            hasher.write(text.as_bytes());
            hasher.write_u8(0xff);
        }
        None => hasher.write_u8(0xfe),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;

    fn repeats(keys: &[&str]) -> bool {
        let frame = df!(
            "shop" => [Some("a"), Some("a"), Some("b"), None, Some("")],
            "order" => [1_i64, 2, 1, 1, 1],
        );
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        may_repeat(&frame.unwrap().lazy(), &keys).unwrap()
    }

    #[test]
    fn keys_repeat_when_all_their_columns_do_and_null_is_no_empty_text() {
        assert!(repeats(&["shop"]));
        assert!(repeats(&["order"]));
        assert!(!repeats(&["shop", "order"]));
    }

    #[test]
    fn zeros_of_either_sign_repeat_and_lists_are_left_to_a_closer_look() {
        let zeros = df!("x" => [0.0, -0.0]).unwrap().lazy();
        assert!(may_repeat(&zeros, &["x".to_owned()]).unwrap());
        let lists = df!("x" => [1i64, 2]).unwrap().lazy().select([col("x").implode(true).alias("x")]);
        assert!(may_repeat(&lists, &["x".to_owned()]).unwrap());
    }

    #[test]
    fn one_repeated_row_among_many_is_noticed() {
        let mut numbers: Vec<i64> = (0..200_000).collect();
        let unique = df!("id" => &numbers).unwrap().lazy();
        assert!(!may_repeat(&unique, &["id".to_owned()]).unwrap());
        numbers[199_999] = 77;
        let repeated = df!("id" => numbers).unwrap().lazy();
        assert!(may_repeat(&repeated, &["id".to_owned()]).unwrap());
    }
}
