//! Columns as they are beside columns as a port declares them.

use polars::prelude::{DataType, Expr, LazyFrame, NULL, col, lit};

use crate::{
    io,
    operator::{ColumnKind, PortSchema},
};

/// A dataset with exactly the columns a port declares, in their types: missing optional ones are null.
/// The frame's own schema is needed because a source's types may be known only now. Texts where lists or records are
/// wanted are read as JSON.
pub fn conform(mut frame: LazyFrame, columns: &PortSchema) -> Result<LazyFrame, polars::prelude::PolarsError> {
    let found = frame.collect_schema()?;
    for wanted in columns.iter().filter(|wanted| wanted.kind.is_nested()) {
        if found.get(&wanted.name) == Some(&DataType::String) {
            frame = io::with_lists(frame, &wanted.name, wanted.kind)?;
        }
    }
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

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;
    use crate::operator::{Column, Field};

    #[test]
    fn json_texts_are_lists_where_lists_are_wanted_and_numbers_in_records_are_widened() {
        const ITEM: &[Field] = &[Field::new("id", ColumnKind::Text), Field::new("price", ColumnKind::Float)];
        const NARROW: &[Field] = &[Field::new("id", ColumnKind::Text), Field::new("price", ColumnKind::Int)];
        let texts = df!("items" => ["[\"a\"]", "[]"], "of" => ["[{\"id\":\"a\",\"price\":7}]", "[]"]).unwrap().lazy();
        let columns = |of| vec![Column::new("items", ColumnKind::Texts), Column::new("of", ColumnKind::Records(of))];
        let narrow = conform(texts.clone(), &columns(NARROW)).unwrap();
        let wide = conform(texts, &columns(ITEM)).unwrap().collect().unwrap();
        assert_eq!(wide.column("items").unwrap().dtype(), &ColumnKind::Texts.data_type().unwrap());
        assert_eq!(wide.column("of").unwrap().dtype(), &ColumnKind::Records(ITEM).data_type().unwrap());
        assert_eq!(conform(narrow, &columns(ITEM)).unwrap().collect().unwrap(), wide);
    }

    #[test]
    fn lists_that_are_missing_are_null() {
        let frame = df!("id" => [1_i64]).unwrap().lazy();
        let missing = conform(frame, &vec![Column::new("items", ColumnKind::Texts)]).unwrap().collect().unwrap();
        assert_eq!((missing.height(), missing.column("items").unwrap().null_count()), (1, 1));
    }
}
