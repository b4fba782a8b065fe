//! Lists of texts as columns, and back.

use polars::prelude::*;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_as_they_were() {
        let lists = [vec!["a", "b"], vec![], vec!["c"]];
        let column = texts_column("items", lists.iter().map(|list| list.iter().copied()));
        let (offsets, texts) = texts_of(&column).unwrap();
        assert_eq!(offsets, [0, 2, 2, 3]);
        assert_eq!(texts.iter().flatten().collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
