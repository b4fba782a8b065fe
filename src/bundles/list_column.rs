//! Lists and records as columns, and lists of texts back.

use polars::prelude::*;

use crate::operator::Field;

/// A column of lists of texts.
pub fn texts_column<'a, L>(name: &str, lists: impl Iterator<Item = L>) -> Column
where
    L: Iterator<Item = &'a str>,
{
    let mut builder = ListStringChunkedBuilder::new(name.into(), lists.size_hint().0, 0);
    lists.for_each(|list| builder.append_values_iter(list));
    builder.finish().into_column()
}

/// The lists of a column as flat texts, with where each list starts and the end of the last; null is an empty list.
///
/// # Errors
/// When it is no column of lists of texts.
pub fn texts_of(column: &Column) -> PolarsResult<(Vec<usize>, StringChunked)> {
    let lists = column.list()?;
    let mut offsets = Vec::with_capacity(lists.len() + 1);
    offsets.push(0);
    let mut texts = StringChunkedBuilder::new(column.name().clone(), lists.len() * 2);
    let mut end = 0;
    for list in lists.amortized_iter() {
        if let Some(list) = list {
            for text in list.as_ref().str()?.iter() {
                texts.append_option(text);
                end += 1;
            }
        }
        offsets.push(end);
    }
    Ok((offsets, texts.finish()))
}

/// A column of records, a column a field; all are named as `kind` says.
///
/// # Errors
/// When the columns differ in length.
pub fn record_column(fields: &[Field], columns: Vec<Column>) -> PolarsResult<Column> {
    let rows = columns.first().map_or(0, Column::len);
    let named = columns.into_iter().zip(fields).map(|(column, field)| column.with_name(field.name.into()));
    Ok(StructChunked::from_columns(PlSmallStr::EMPTY, rows, &named.collect::<Vec<_>>())?.into_column())
}

/// Lists of the rows of `items`, one after the other: each as long as `lengths` says, and null where it says nothing.
///
/// # Errors
/// When the lengths do not come to the number of items.
pub fn lists_column(items: &Column, lengths: impl Iterator<Item = Option<usize>>) -> PolarsResult<Column> {
    let (mut ends, mut is_there, mut end) = (vec![0_i64], Vec::new(), 0);
    for length in lengths {
        end += length.unwrap_or_default() as i64;
        ends.push(end);
        is_there.push(length.is_some());
    }
    let items = items.as_materialized_series().rechunk();
    let Some(values) = items.chunks().first().cloned() else { polars_bail!(ComputeError: "a column without chunks") };
    let data_type = LargeListArray::default_datatype(values.dtype().clone());
    let lists = LargeListArray::try_new(data_type, ends.try_into()?, values, None)?;
    let lists = ListChunked::with_chunk(PlSmallStr::EMPTY, lists).into_column();
    if is_there.iter().all(|is_there| *is_there) { Ok(lists) } else { where_there(&lists, is_there.into_iter()) }
}

/// The column with null in the other rows.
///
/// # Errors
/// When there are more rows than truths.
pub fn where_there(column: &Column, is_there: impl Iterator<Item = bool>) -> PolarsResult<Column> {
    taken(column, is_there.enumerate().map(|(row, is_there)| is_there.then_some(row)))
}

/// The rows of a column in another order, null for none.
///
/// # Errors
/// When it has no such row.
pub fn taken(column: &Column, rows: impl Iterator<Item = Option<usize>>) -> PolarsResult<Column> {
    column.take(&rows.map(|row| row.map(|row| row as IdxSize)).collect::<IdxCa>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::ColumnKind;

    #[test]
    fn lists_come_back_as_they_were() {
        let lists = [vec!["a", "b"], vec![], vec!["c"]];
        let column = texts_column("items", lists.iter().map(|list| list.iter().copied()));
        let (offsets, texts) = texts_of(&column).unwrap();
        assert_eq!(offsets, [0, 2, 2, 3]);
        assert_eq!(texts.iter().flatten().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn records_lie_in_lists_of_their_lengths_and_some_are_not_there() {
        const ITEM: &[Field] = &[Field::new("id", ColumnKind::Text), Field::new("price", ColumnKind::Float)];
        let ids = Column::new("".into(), [Some("a"), Some("b"), None]);
        let items = record_column(ITEM, vec![ids, Column::new("".into(), [1.0, 2.0, 3.0])]).unwrap();
        assert_eq!(ColumnKind::of(items.dtype()), ColumnKind::Record(ITEM));
        let lists = lists_column(&items, [Some(2), None, Some(0), Some(1)].into_iter()).unwrap();
        assert_eq!(ColumnKind::of(lists.dtype()), ColumnKind::Records(ITEM));
        let is_null = |column: &Column| column.is_null().iter().flatten().collect::<Vec<_>>();
        assert_eq!(is_null(&lists), [false, true, false, false]);
        let lengths: Vec<usize> =
            lists.list().unwrap().amortized_iter().flatten().map(|list| list.as_ref().len()).collect();
        assert_eq!(lengths, [2, 0, 1]);
        let first = taken(&items, [Some(2), None].into_iter()).unwrap();
        assert_eq!((is_null(&first), first.dtype()), (vec![false, true], items.dtype()));
        let none = record_column(
            ITEM,
            vec![Column::new_empty("".into(), &DataType::String), Column::new_empty("".into(), &DataType::Float64)],
        );
        assert_eq!(lists_column(&none.unwrap(), std::iter::empty()).unwrap().len(), 0);
        assert!(lists_column(&items, [Some(4)].into_iter()).is_err());
    }
}
