//! A part of a history: each row's patterns and characteristics.

use polars::prelude::*;

use super::{
    super::{
        characteristics::Characteristics,
        columns::{self, floats, integers, texts},
        identity,
        signature::{Signatures, Texts, Workspace},
        time,
    },
    DETECTIONS, HISTORY,
    doubles::Seen,
};
use crate::operator::StageError;

/// The number columns of a history with their types.
const NUMBERS: [(&str, DataType); 5] = [
    ("error_count", DataType::Int64),
    ("duration_seconds", DataType::Int64),
    ("retry_count", DataType::Int64),
    ("total_tokens", DataType::Int64),
    ("actual_cost_total", DataType::Float64),
];

/// The history's columns in the types needed here. `unreadable` names the first number that is none.
pub fn columns() -> Vec<Expr> {
    let number = |name: &str| NUMBERS.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone());
    let mut chosen: Vec<Expr> = HISTORY
        .iter()
        .filter(|(name, _)| !matches!(*name, "id" | "adw_id" | "workflow_id"))
        .map(|(name, _)| col(*name).cast(number(name).unwrap_or(DataType::String)))
        .collect();
    let id = |name: &str| {
        let text = col(name).cast(DataType::String);
        when(text.clone().eq(lit(""))).then(lit(NULL)).otherwise(text)
    };
    chosen.push(coalesce(&[id("workflow_id"), id("id"), id("adw_id")]).alias("workflow_id"));
    let unreadable = NUMBERS.iter().map(|(name, kind)| {
        let is_bad = col(*name).is_not_null().and(col(*name).cast(kind.clone()).is_null());
        when(is_bad).then(lit(*name)).otherwise(lit(NULL).cast(DataType::String))
    });
    chosen.push(coalesce(&unreadable.collect::<Vec<_>>()).alias("unreadable"));
    chosen
}

/// Rows of a history.
pub struct Batch<'a> {
    id: &'a StringChunked,
    request: &'a StringChunked,
    template: &'a StringChunked,
    error: &'a StringChunked,
    error_count: &'a Int64Chunked,
    duration: &'a Int64Chunked,
    retries: &'a Int64Chunked,
    tokens: &'a Int64Chunked,
    cost: &'a Float64Chunked,
    start_time: &'a StringChunked,
    created_at: &'a StringChunked,
    unreadable: &'a StringChunked,
}

/// What was found in a part of a history.
pub struct Part {
    /// The rows of the output.
    pub detections: DataFrame,
    /// Which row of the history each of them is of.
    pub rows: Vec<u64>,
    /// Every row with an id.
    pub seen: Vec<Seen>,
    /// Row, id, reason.
    pub rejected: Vec<(u64, Option<String>, String)>,
    /// Rows without a time.
    pub undated: u64,
}

/// The output under way.
struct Rows {
    id: StringChunkedBuilder,
    signature: StringChunkedBuilder,
    characteristics: StringChunkedBuilder,
    tokens: Vec<Option<i64>>,
    cost: Vec<Option<f64>>,
    duration: Vec<Option<i64>>,
    errors: Vec<i64>,
    retries: Vec<Option<i64>>,
    seen_at: Vec<Option<i64>>,
}

impl<'a> Batch<'a> {
    /// The columns of a frame.
    ///
    /// # Errors
    /// When one is missing.
    pub fn new(frame: &'a DataFrame) -> Result<Self, StageError> {
        Ok(Self {
            id: texts(frame, "workflow_id")?,
            request: texts(frame, "nl_input")?,
            template: texts(frame, "workflow_template")?,
            error: texts(frame, "error_message")?,
            error_count: integers(frame, "error_count")?,
            duration: integers(frame, "duration_seconds")?,
            retries: integers(frame, "retry_count")?,
            tokens: integers(frame, "total_tokens")?,
            cost: floats(frame, "actual_cost_total")?,
            start_time: texts(frame, "start_time")?,
            created_at: texts(frame, "created_at")?,
            unreadable: texts(frame, "unreadable")?,
        })
    }

    /// Finds the patterns of all rows; the first has the number `start` in the history.
    ///
    /// # Errors
    /// When the output cannot be made.
    pub fn detect(&self, start: u64, signatures: &Signatures, keywords: &[String]) -> Result<Part, StageError> {
        let height = self.id.len();
        let mut rows = Rows::new(height);
        let mut part =
            Part { detections: no_detections()?, rows: Vec::new(), seen: Vec::new(), rejected: Vec::new(), undated: 0 };
        let mut space = Workspace::default();
        let mut json = String::new();
        for place in 0..height {
            let row = start + place as u64;
            let Some(id) = self.id.get(place) else {
                part.rejected.push((row, None, "no workflow_id, id or adw_id".to_owned()));
                continue;
            };
            if let Some(column) = self.unreadable.get(place) {
                part.rejected.push((row, Some(id.to_owned()), format!("{column} is not a number")));
                continue;
            }
            let text = |column: &'a StringChunked| column.get(place).unwrap_or_default();
            let texts = Texts { request: text(self.request), error: text(self.error), template: text(self.template) };
            let at = [self.start_time, self.created_at].into_iter().find_map(|times| time::parse(times.get(place)?));
            part.undated += u64::from(at.is_none());
            part.seen.push(Seen { id: identity::fold(0, id.as_bytes()), at, content: self.content(place, texts), row });
            signatures.find(texts, &mut space);
            if space.patterns.is_empty() {
                continue;
            }
            let errors = self.error_count.get(place).unwrap_or_else(|| i64::from(!texts.error.is_empty()));
            let found = signatures.keywords(&space).filter_map(|place| keywords.get(place)).map(String::as_str);
            json.clear();
            Characteristics {
                request: texts.request,
                keywords: found,
                duration_seconds: self.duration.get(place).unwrap_or_default(),
                error_count: errors,
            }
            .write(&mut json);
            for pattern in &space.patterns {
                let Some(signature) = signatures.names().get(pattern.0 as usize) else { continue };
                part.rows.push(row);
                rows.push(self, place, signature, &json, errors, at);
            }
        }
        part.detections = rows.finish()?;
        Ok(part)
    }

    /// A hash of what a row says.
    fn content(&self, place: usize, texts: Texts<'_>) -> u64 {
        let numbers = [self.error_count, self.duration, self.retries, self.tokens]
            .map(|column| column.get(place).map_or([1; 8], i64::to_le_bytes));
        let cost = self.cost.get(place).map_or(1, f64::to_bits);
        let state = [texts.request, texts.error, texts.template]
            .iter()
            .fold(cost, |state, text| identity::fold(state, text.as_bytes()));
        identity::fold(state, numbers.as_flattened())
    }
}

impl Rows {
    fn new(capacity: usize) -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), capacity);
        Self {
            id: text("workflow_id"),
            signature: text("pattern_signature"),
            characteristics: text("characteristics"),
            tokens: Vec::new(),
            cost: Vec::new(),
            duration: Vec::new(),
            errors: Vec::new(),
            retries: Vec::new(),
            seen_at: Vec::new(),
        }
    }

    fn push(&mut self, batch: &Batch<'_>, place: usize, signature: &str, json: &str, errors: i64, at: Option<i64>) {
        self.id.append_option(batch.id.get(place));
        self.signature.append_value(signature);
        self.characteristics.append_value(json);
        self.tokens.push(batch.tokens.get(place));
        self.cost.push(batch.cost.get(place).filter(|cost| cost.is_finite()));
        self.duration.push(batch.duration.get(place));
        self.errors.push(errors);
        self.retries.push(batch.retries.get(place));
        self.seen_at.push(at);
    }

    /// In the order of [`DETECTIONS`].
    fn finish(self) -> Result<DataFrame, StageError> {
        columns::frame(vec![
            self.id.finish().into_column(),
            self.signature.finish().into_column(),
            self.characteristics.finish().into_column(),
            columns::column("total_tokens", self.tokens),
            columns::column("actual_cost_total", self.cost),
            columns::column("duration_seconds", self.duration),
            columns::column("error_count", self.errors),
            columns::column("retry_count", self.retries),
            columns::column("seen_at", self.seen_at),
        ])
    }
}

/// The output without rows.
///
/// # Errors
/// Never for the columns as they are.
pub fn no_detections() -> Result<DataFrame, StageError> {
    let columns =
        DETECTIONS.iter().filter_map(|(name, kind)| Some(Column::new_empty((*name).into(), &kind.data_type()?)));
    columns::frame(columns.collect())
}
