//! Frames whose lists and records are JSON texts, and frames of lists and records that were such texts.

use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, LazyFrame, OptFlags, PolarsError, PolarsResult, Schema, UdfSchema, col,
};

use super::json_text;
use crate::operator::{ColumnKind, JsonStyle, for_each_batch};

/// The frame with every column of lists or records as JSON texts; others stay as they are.
///
/// # Errors
/// When the frame's columns cannot be told.
pub fn with_json_texts(mut frame: LazyFrame, style: JsonStyle) -> PolarsResult<LazyFrame> {
    let is_nested = |data_type: &DataType| matches!(data_type, DataType::List(_) | DataType::Struct(_));
    let schema = frame.collect_schema()?;
    if !schema.iter_values().any(is_nested) {
        return Ok(frame);
    }
    let typed = schema.iter().map(|(name, data_type)| {
        (name.clone(), if is_nested(data_type) { DataType::String } else { data_type.clone() })
    });
    let spell = move |column: &Column| match is_nested(column.dtype()) {
        true => Ok(json_text::spell(column.as_materialized_series(), style)?.into_column()),
        false => Ok(column.clone()),
    };
    Ok(mapped(frame, typed.collect(), spell))
}

/// A column of JSON texts as one of lists or records.
///
/// # Errors
/// When the frame's columns cannot be told.
pub fn with_lists(mut frame: LazyFrame, name: &str, kind: ColumnKind) -> PolarsResult<LazyFrame> {
    let mut schema = frame.collect_schema()?.as_ref().clone();
    if let Some(data_type) = kind.data_type() {
        schema.set_dtype(name, data_type);
    }
    let wanted = name.to_owned();
    let read = move |column: &Column| {
        if column.name().as_str() != wanted {
            return Ok(column.clone());
        }
        let problem =
            |text| PolarsError::ComputeError(format!("column '{wanted}': {text:?} is no {}", kind.word()).into());
        json_text::read(column.str()?, kind)?.map(IntoColumn::into_column).map_err(problem)
    };
    Ok(mapped(frame, schema, read))
}

/// The first JSON text of a column that spells no value of the kind.
///
/// # Errors
/// When the frame cannot be read.
pub fn first_misspelled(frame: &LazyFrame, name: &str, kind: ColumnKind) -> PolarsResult<Option<String>> {
    let mut misspelled = None;
    for_each_batch(
        frame.clone().select([col(name)]),
        |error| error,
        |batch| {
            if misspelled.is_none() {
                misspelled = json_text::read(batch.column(name)?.str()?, kind)?.err();
            }
            Ok(())
        },
    )?;
    Ok(misspelled)
}

/// The frame with each column changed, batch by batch.
fn mapped(
    frame: LazyFrame,
    schema: Schema,
    change: impl Fn(&Column) -> PolarsResult<Column> + Send + Sync + 'static,
) -> LazyFrame {
    let schema = Arc::new(schema);
    let schema: Arc<dyn UdfSchema> = Arc::new(move |_: &Schema| Ok(schema.clone()));
    let rows = move |batch: DataFrame| {
        let columns = batch.columns().iter().map(&change).collect::<PolarsResult<Vec<_>>>()?;
        DataFrame::new(batch.height(), columns)
    };
    frame.map(rows, OptFlags::STREAMING, Some(schema), Some("lists and JSON"))
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;

    #[test]
    fn lists_become_texts_and_texts_lists_while_other_columns_stay() {
        let frame = df!("id" => [1_i64, 2, 3], "items" => [Some("[\"a\",\"b\"]"), None, Some("[]")]).unwrap();
        let lists = with_lists(frame.clone().lazy(), "items", ColumnKind::Texts).unwrap();
        let made = lists.clone().collect().unwrap();
        assert_eq!(made.dtypes(), [DataType::Int64, ColumnKind::Texts.data_type().unwrap()]);
        let mut texts = with_json_texts(lists, JsonStyle::Compact).unwrap();
        assert_eq!(texts.collect_schema().unwrap().as_ref(), frame.schema().as_ref());
        assert!(texts.collect().unwrap().equals_missing(&frame));
    }

    #[test]
    fn a_text_that_is_no_list_is_found() {
        let frame = df!("items" => ["[\"a\"]", "a, b"]).unwrap().lazy();
        assert_eq!(first_misspelled(&frame, "items", ColumnKind::Texts).unwrap().as_deref(), Some("a, b"));
        let error = with_lists(frame.clone(), "items", ColumnKind::Texts).unwrap().collect().unwrap_err().to_string();
        assert!(error.contains("\"a, b\" is no list of texts"), "{error}");
        assert_eq!(first_misspelled(&frame.limit(1), "items", ColumnKind::Texts).unwrap(), None);
    }
}
