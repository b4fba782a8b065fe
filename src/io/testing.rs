//! What the tests of Parquet files share.

use polars::prelude::{DataFrame, df};

/// Rows with these numbers and texts of several lengths, some of them null: equal numbers, equal rows.
pub(super) fn numbered(from: i64, to: i64) -> DataFrame {
    let ids: Vec<_> = (from..to).collect();
    let names: Vec<_> = ids.iter().map(|id| (id % 7 != 0).then(|| format!("a name of {}", id * id % 1013))).collect();
    df!("id" => ids, "name" => names).unwrap()
}
