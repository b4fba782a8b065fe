//! The rows of `pattern_occurrences`, made while they are written.

use std::sync::Arc;

use polars::prelude::*;

use super::{
    super::{columns, time},
    gathered::Gathered,
    links::Links,
    statistics::RowId,
};
use crate::operator::{ColumnKind, Field as RecordField, StageError};

/// The columns of `pattern_occurrences`.
pub const OCCURRENCES: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("pattern_id", ColumnKind::Int),
    ("workflow_id", ColumnKind::Text),
    ("similarity_score", ColumnKind::Float),
    ("matched_characteristics", ColumnKind::Record(CHARACTERISTICS)),
    ("detected_at", ColumnKind::Text),
];

/// What is noted of a workflow.
const CHARACTERISTICS: &[RecordField] = &[
    RecordField::new("input_length", ColumnKind::Int),
    RecordField::new("keywords", ColumnKind::Texts),
    RecordField::new("files_mentioned", ColumnKind::Texts),
    RecordField::new("duration_range", ColumnKind::Text),
    RecordField::new("complexity", ColumnKind::Text),
    RecordField::new("error_count", ColumnKind::Int),
];

/// What a row says of how well its workflow fits its pattern.
const SIMILARITY: f64 = 100.0;

/// What the rows are made of.
pub struct Occurrences {
    /// The pairs, without their entries.
    pub gathered: Gathered,
    /// What the table has already.
    pub links: Links,
    /// The patterns' ids.
    pub pattern_ids: Vec<i64>,
    /// The time of workflows that have none.
    pub run_time: String,
}

impl Occurrences {
    /// The rows by id, as a frame that is made while it is read: only ids and places are held for all of them.
    ///
    /// # Errors
    /// Never for columns as they are.
    pub fn frame(mut self) -> Result<LazyFrame, StageError> {
        let entries = std::mem::take(&mut self.gathered.entries);
        let rows: Vec<u32> = entries.iter().map(|entry| entry.row.0).collect();
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        drop(entries);
        let column = |series: Series| series.into_column();
        let places = columns::frame(vec![
            column(Int64Chunked::from_vec("id".into(), ids).into_series()),
            column(UInt32Chunked::from_vec("row".into(), rows).into_series()),
        ])?;
        let made = OCCURRENCES.iter().filter_map(|(name, kind)| Some(Field::new((*name).into(), kind.data_type()?)));
        let made = Arc::new(made.collect::<Schema>());
        let made: Arc<dyn UdfSchema> = Arc::new(move |_: &Schema| Ok(made.clone()));
        let lists = self.gathered.lists();
        let rows = move |frame: DataFrame| self.rows(&lists, &frame);
        Ok(places.lazy().map(rows, OptFlags::STREAMING, Some(made), Some("write occurrences")))
    }

    fn rows(&self, lists: &Series, places: &DataFrame) -> PolarsResult<DataFrame> {
        let height = places.height();
        let text = |name: &str| StringChunkedBuilder::new(name.into(), height);
        let (mut workflows, mut detected_at) = (text("workflow_id"), text("detected_at"));
        let mut patterns = Vec::with_capacity(height);
        let mut time = String::new();
        let rows: Vec<RowId> = places.column("row")?.u32()?.iter().flatten().map(RowId).collect();
        for row in rows.iter().copied() {
            let pattern = self.gathered.pattern_of(row);
            patterns.push(self.pattern_ids.get(pattern as usize).copied());
            workflows.append_value(self.gathered.workflow(row));
            match self.gathered.seen_at(row) {
                Some(at) => {
                    time.clear();
                    time::write(at, &mut time);
                    detected_at.append_value(&time);
                }
                None => detected_at.append_value(self.links.detected_at.get(&row).unwrap_or(&self.run_time)),
            }
        }
        let columns = vec![
            places.column("id")?.clone(),
            columns::column("pattern_id", patterns),
            workflows.finish().into_column(),
            Column::new_scalar("similarity_score".into(), Scalar::from(SIMILARITY), height),
            self.gathered.characteristics(lists, &rows, CHARACTERISTICS)?,
            detected_at.finish().into_column(),
        ];
        DataFrame::new(height, columns)
    }
}
