//! Datasets as tables and cards of a page.

use polars::prelude::DataFrame;

use crate::{
    page::{Card, Cell, Column, Group, Table, differing},
    pipeline::file::model::CardTable,
    report::dataset,
};

/// A frame as a table, of so many rows that there are; one with a column `section` has a group a section.
pub fn table(title: &str, frame: &DataFrame, total_rows: u64, compare: Option<&[String; 2]>) -> Table {
    let names: Vec<String> = frame.get_column_names().into_iter().map(ToString::to_string).collect();
    let is_in_sections = names.first().is_some_and(|name| name == "section");
    let first = usize::from(is_in_sections);
    let numbers = dataset::right_columns(frame);
    let columns = names.iter().enumerate().skip(first);
    let columns = columns.map(|(at, name)| Column { name: name.clone(), is_number: numbers.contains(&at) }).collect();
    let marked = compare.and_then(|[left, right]| {
        let at = |wanted: &String| names.iter().position(|name| name == wanted);
        Some((at(left)?, at(right)?))
    });
    let mut groups: Vec<Group> = Vec::new();
    for row in 0..frame.height() {
        let name = is_in_sections.then(|| dataset::value(frame, 0, row));
        if groups.last().is_none_or(|group| group.name != name) {
            groups.push(Group { name, rows: Vec::new() });
        }
        let cells = cells(frame, row, first, marked);
        if let Some(group) = groups.last_mut() {
            group.rows.push(cells);
        }
    }
    Table { title: title.to_owned(), columns, groups, total_rows, is_closed: false }
}

fn cells(frame: &DataFrame, row: usize, first: usize, marked: Option<(usize, usize)>) -> Vec<Cell> {
    let value = |column| dataset::value(frame, column, row);
    let pieces = marked.map(|(left, right)| differing(&value(left), &value(right)));
    let cell = |column| match (&pieces, marked) {
        (Some((pieces, _)), Some((left, _))) if column == left => Cell::Marked(pieces.clone()),
        (Some((_, pieces)), Some((_, right))) if column == right => Cell::Marked(pieces.clone()),
        _ => Cell::Text(value(column)),
    };
    (first..frame.width()).map(cell).collect()
}

/// A price with its two decimals; what is no number stays as it is.
fn price(text: String) -> String {
    match text.parse::<f64>() {
        Ok(price) => format!("{price:.2}"),
        Err(_) => text,
    }
}

/// A card a row.
pub fn cards(frame: &DataFrame, spec: &CardTable) -> Vec<Card> {
    let place = |name: &str| frame.get_column_index(name);
    let value = |name: &Option<String>, row| {
        let text = dataset::value(frame, place(name.as_deref()?)?, row);
        Some(text).filter(|text| !text.is_empty())
    };
    let card = |row| Card {
        title: value(&Some(spec.title.clone()), row).unwrap_or_default(),
        picture: value(&spec.picture, row),
        before: value(&spec.before, row).map(price),
        after: value(&spec.after, row).map(price),
        text: value(&spec.text, row),
        facts: spec
            .facts
            .iter()
            .filter_map(|name| Some((name.replace('_', " "), value(&Some(name.clone()), row)?)))
            .collect(),
    };
    (0..frame.height()).map(card).collect()
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    #[test]
    fn sections_are_groups_and_texts_are_compared() {
        let frame = df!("section" => ["A", "A", "B"], "left" => ["x y", "x", "z"], "right" => ["x", "x", "q"]).unwrap();
        let table = table("T", &frame, 9, Some(&["left".into(), "right".into()]));
        assert_eq!(table.groups.iter().map(|group| group.rows.len()).collect::<Vec<_>>(), [2, 1]);
        let Cell::Marked(pieces) = &table.groups[0].rows[0][0] else { panic!("not marked") };
        assert!(pieces[1].differs && pieces[1].text == "y");
        assert_eq!(table.columns.len(), 2);
    }

    #[test]
    fn a_card_has_what_its_row_has() {
        let frame =
            df!("name" => ["Set"], "was" => [Some(12.5)], "now" => [Some(10.0)], "why" => [None::<&str>]).unwrap();
        let spec = CardTable {
            title: "name".into(),
            picture: None,
            before: Some("was".into()),
            after: Some("now".into()),
            text: Some("why".into()),
            facts: vec!["now".into()],
        };
        let card = cards(&frame, &spec).remove(0);
        assert_eq!((card.title.as_str(), card.before.as_deref(), card.text), ("Set", Some("12.50"), None));
    }
}
