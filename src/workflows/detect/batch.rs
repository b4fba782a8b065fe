//! A part of a history: each row's patterns and characteristics.

use polars::prelude::*;

use super::{
    super::{
        characteristics::{files_mentioned, words, write_list},
        columns::{self, floats, integers, texts},
        identity,
        signature::{Signatures, Texts, Workspace},
        time,
    },
    DETECTIONS, HISTORY,
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

/// What decides whether a row is used, and which of two: its id, its times, and in `unreadable` the first number that is
/// none. `schema` is the history's.
pub fn identifying_columns(schema: &Schema) -> Vec<Expr> {
    let id = |name: &str| {
        let text = col(name).cast(DataType::String);
        when(text.clone().eq(lit(""))).then(lit(NULL)).otherwise(text)
    };
    let unreadable: Vec<Expr> = NUMBERS
        .iter()
        .filter(|(name, kind)| schema.get(name).is_none_or(|found| may_be_unreadable(found, kind)))
        .map(|(name, kind)| {
            let number = col(*name).cast(kind.clone());
            let is_good = if *kind == DataType::Float64 { number.is_finite() } else { number.is_not_null() };
            // Of null it is not known whether it is finite.
            let is_bad = col(*name).is_not_null().and(is_good.fill_null(lit(false)).not());
            when(is_bad).then(lit(*name)).otherwise(lit(NULL).cast(DataType::String))
        })
        .collect();
    let unreadable = if unreadable.is_empty() { lit(NULL).cast(DataType::String) } else { coalesce(&unreadable) };
    vec![
        coalesce(&[id("workflow_id"), id("id"), id("adw_id")]).alias("workflow_id"),
        col("start_time").cast(DataType::String),
        col("created_at").cast(DataType::String),
        unreadable.alias("unreadable"),
    ]
}

/// Whether a value of the type `found` may be no number of the type `wanted`; floats may be infinite, or none.
fn may_be_unreadable(found: &DataType, wanted: &DataType) -> bool {
    let fits = match wanted {
        DataType::Float64 => found.is_integer(),
        _ => found.is_signed_integer(),
    };
    !fits && *found != DataType::Null
}

/// The history's columns in the types needed here.
pub fn columns(schema: &Schema) -> Vec<Expr> {
    let number = |name: &str| NUMBERS.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone());
    let identifying = ["id", "adw_id", "workflow_id", "start_time", "created_at"];
    let mut chosen = identifying_columns(schema);
    chosen.extend(
        HISTORY
            .iter()
            .filter(|(name, _)| !identifying.contains(name))
            .map(|(name, _)| col(*name).cast(number(name).unwrap_or(DataType::String))),
    );
    chosen
}

/// What identifies the rows of a batch.
pub struct Identities<'a> {
    id: &'a StringChunked,
    start_time: &'a StringChunked,
    created_at: &'a StringChunked,
    unreadable: &'a StringChunked,
}

impl<'a> Identities<'a> {
    /// The columns of a frame.
    ///
    /// # Errors
    /// When one is missing.
    pub fn new(frame: &'a DataFrame) -> Result<Self, StageError> {
        Ok(Self {
            id: texts(frame, "workflow_id")?,
            start_time: texts(frame, "start_time")?,
            created_at: texts(frame, "created_at")?,
            unreadable: texts(frame, "unreadable")?,
        })
    }

    /// The row's id if it has one, also where it is not used.
    pub fn id(&self, place: usize) -> Option<&'a str> {
        self.id.get(place)
    }

    /// The id of a row that is used, else why it is not.
    pub fn usable(&self, place: usize) -> Result<&'a str, Reason> {
        let id = self.id.get(place).ok_or(Reason::NoId)?;
        match self.unreadable.get(place) {
            None => Ok(id),
            Some(column) => Err(Reason::of_column(column)),
        }
    }

    /// When the workflow ran: microseconds since 1970.
    pub fn at(&self, place: usize) -> Option<i64> {
        [self.start_time, self.created_at].into_iter().find_map(|times| time::parse(times.get(place)?))
    }
}

/// Why a row is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has none of the three.
    NoId,
    /// One of [`NUMBERS`], by its place, is none.
    NoNumber(usize),
    /// A newer row has its id.
    Outdated,
}

impl Reason {
    fn of_column(name: &str) -> Self {
        Self::NoNumber(NUMBERS.iter().position(|(known, _)| *known == name).unwrap_or_default())
    }

    /// The reason in words.
    pub fn words(self) -> String {
        match self {
            Self::NoId => "no workflow_id, id or adw_id".to_owned(),
            Self::NoNumber(place) => match NUMBERS.get(place) {
                Some((name, DataType::Float64)) => format!("{name} is not a finite number"),
                Some((name, _)) => format!("{name} is not a number"),
                None => "a column is not a number".to_owned(),
            },
            Self::Outdated => "another row has the same id and is newer".to_owned(),
        }
    }
}

/// Rows of a history.
pub struct Batch<'a> {
    /// What identifies them.
    pub identities: Identities<'a>,
    request: &'a StringChunked,
    template: &'a StringChunked,
    error: &'a StringChunked,
    error_count: &'a Int64Chunked,
    duration: &'a Int64Chunked,
    retries: &'a Int64Chunked,
    tokens: &'a Int64Chunked,
    cost: &'a Float64Chunked,
}

impl<'a> Batch<'a> {
    /// The columns of a frame.
    ///
    /// # Errors
    /// When one is missing.
    pub fn new(frame: &'a DataFrame) -> Result<Self, StageError> {
        Ok(Self {
            identities: Identities::new(frame)?,
            request: texts(frame, "nl_input")?,
            template: texts(frame, "workflow_template")?,
            error: texts(frame, "error_message")?,
            error_count: integers(frame, "error_count")?,
            duration: integers(frame, "duration_seconds")?,
            retries: integers(frame, "retry_count")?,
            tokens: integers(frame, "total_tokens")?,
            cost: floats(frame, "actual_cost_total")?,
        })
    }

    /// Finds the patterns of the rows that are used and that `is_wanted` takes, by their places.
    ///
    /// # Errors
    /// When the output cannot be made.
    pub fn detect(
        &self,
        signatures: &Signatures,
        keywords: &[String],
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<DataFrame, StageError> {
        let height = self.request.len();
        let mut rows = Rows::new(height);
        let mut space = Workspace::default();
        for place in 0..height {
            let Ok(id) = self.identities.usable(place) else { continue };
            if !is_wanted(place) {
                continue;
            }
            let texts = self.texts(place);
            signatures.find(texts, &mut space);
            if space.patterns.is_empty() {
                continue;
            }
            let found = signatures.keywords(&space).filter_map(|place| keywords.get(place)).map(String::as_str);
            rows.describe(texts.request, found);
            for pattern in &space.patterns {
                let Some(signature) = signatures.names().get(pattern.0 as usize) else { continue };
                rows.push(self, place, id, signature);
            }
        }
        rows.finish()
    }

    fn texts(&self, place: usize) -> Texts<'a> {
        let text = |column: &'a StringChunked| column.get(place).unwrap_or_default();
        Texts { request: text(self.request), error: text(self.error), template: text(self.template) }
    }

    /// The request in natural language.
    pub fn request(&self, place: usize) -> Option<&'a str> {
        self.request.get(place)
    }

    /// How long the workflow took, in seconds.
    pub fn duration(&self, place: usize) -> Option<i64> {
        self.duration.get(place)
    }

    /// How many errors there were; where that is not said, one if there is a message.
    pub fn errors(&self, place: usize) -> i64 {
        let has_message = || i64::from(self.error.get(place).is_some_and(|message| !message.is_empty()));
        self.error_count.get(place).unwrap_or_else(has_message)
    }

    /// How many retries there were.
    pub fn retries(&self, place: usize) -> Option<i64> {
        self.retries.get(place)
    }

    /// A hash of what a row says.
    pub fn content(&self, place: usize) -> u64 {
        let numbers = [self.error_count, self.duration, self.retries, self.tokens]
            .map(|column| column.get(place).map_or([1; 8], i64::to_le_bytes));
        let cost = self.cost.get(place).map_or(1, f64::to_bits);
        let texts = self.texts(place);
        let state = [texts.request, texts.error, texts.template]
            .iter()
            .fold(cost, |state, text| identity::fold(state, text.as_bytes()));
        identity::fold(state, numbers.as_flattened())
    }
}

/// The output under way.
struct Rows {
    id: StringChunkedBuilder,
    signature: StringChunkedBuilder,
    input_length: Vec<i64>,
    word_count: Vec<i64>,
    keywords: StringChunkedBuilder,
    files: StringChunkedBuilder,
    tokens: Vec<Option<i64>>,
    cost: Vec<Option<f64>>,
    duration: Vec<Option<i64>>,
    errors: Vec<i64>,
    retries: Vec<Option<i64>>,
    seen_at: Vec<Option<i64>>,
    request: Described,
}

/// What is noted of the request at hand.
#[derive(Default)]
struct Described {
    input_length: i64,
    word_count: i64,
    keywords: String,
    files: String,
}

impl Rows {
    fn new(capacity: usize) -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), capacity);
        Self {
            id: text("workflow_id"),
            signature: text("pattern_signature"),
            input_length: Vec::new(),
            word_count: Vec::new(),
            keywords: text("keywords"),
            files: text("files_mentioned"),
            tokens: Vec::new(),
            cost: Vec::new(),
            duration: Vec::new(),
            errors: Vec::new(),
            retries: Vec::new(),
            seen_at: Vec::new(),
            request: Described::default(),
        }
    }

    fn describe<'k>(&mut self, request: &str, keywords: impl Iterator<Item = &'k str>) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.request.input_length = count(request.chars().count());
        self.request.word_count = count(words(request));
        self.request.keywords.clear();
        write_list(keywords, &mut self.request.keywords);
        self.request.files.clear();
        write_list(files_mentioned(request).into_iter(), &mut self.request.files);
    }

    fn push(&mut self, batch: &Batch<'_>, place: usize, id: &str, signature: &str) {
        self.id.append_value(id);
        self.signature.append_value(signature);
        self.input_length.push(self.request.input_length);
        self.word_count.push(self.request.word_count);
        self.keywords.append_value(&self.request.keywords);
        self.files.append_value(&self.request.files);
        self.tokens.push(batch.tokens.get(place));
        self.cost.push(batch.cost.get(place));
        self.duration.push(batch.duration(place));
        self.errors.push(batch.errors(place));
        self.retries.push(batch.retries(place));
        self.seen_at.push(batch.identities.at(place));
    }

    /// In the order of [`DETECTIONS`].
    fn finish(self) -> Result<DataFrame, StageError> {
        columns::frame(vec![
            self.id.finish().into_column(),
            self.signature.finish().into_column(),
            columns::column("input_length", self.input_length),
            columns::column("word_count", self.word_count),
            self.keywords.finish().into_column(),
            self.files.finish().into_column(),
            columns::column("total_tokens", self.tokens),
            columns::column("actual_cost_total", self.cost),
            columns::column("duration_seconds", self.duration),
            columns::column("error_count", self.errors),
            columns::column("retry_count", self.retries),
            columns::column("seen_at", self.seen_at),
        ])
    }
}

/// The columns of the output.
pub fn detections_schema() -> Schema {
    DETECTIONS.iter().filter_map(|(name, kind)| Some(Field::new((*name).into(), kind.data_type()?))).collect()
}
