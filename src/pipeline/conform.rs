//! Columns as they are beside columns as a port declares them.

use polars::prelude::{Expr, LazyFrame, NULL, col, lit};

use crate::operator::{ColumnKind, PortSchema};

/// A dataset with exactly the columns a port declares, in their types: missing optional ones are null.
/// The frame's own schema is needed because a source's types may be known only now.
pub fn conform(mut frame: LazyFrame, columns: &PortSchema) -> Result<LazyFrame, polars::prelude::PolarsError> {
    let schema = frame.collect_schema()?;
    let chosen: Vec<Expr> = columns
        .iter()
        .map(|wanted| {
            let target = wanted.kind.data_type();
            match (schema.get(&wanted.name), target) {
                (Some(found), Some(target)) if *found != target => col(wanted.name.as_str()).strict_cast(target),
                (Some(_), _) => col(wanted.name.as_str()),
                (None, Some(target)) => lit(NULL).cast(target).alias(wanted.name.as_str()),
                (None, None) => lit(NULL).alias(wanted.name.as_str()),
            }
        })
        .collect();
    Ok(frame.select(chosen))
}

/// Whether the columns made are the ones declared.
pub fn fits(made: &PortSchema, declared: &PortSchema) -> bool {
    made.len() == declared.len()
        && made.iter().zip(declared).all(|(made, declared)| {
            made.name == declared.name && (made.kind == declared.kind || declared.kind == ColumnKind::Any)
        })
}

/// Columns in words.
pub fn words(columns: &PortSchema) -> String {
    columns.iter().map(|column| format!("{} {}", column.name, column.kind.word())).collect::<Vec<_>>().join(", ")
}
