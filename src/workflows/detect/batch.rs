//! A part of a history: each row's patterns and characteristics.

use polars::prelude::*;

use super::{
    super::{
        characteristics::{files_mentioned, words},
        columns::{self, floats, integers, texts},
        durations::LONGEST,
        identity,
        signature::{Signatures, Texts, Workspace},
        time,
    },
    ports::{DETECTIONS, HISTORY},
};
use crate::operator::StageError;

/// Larger costs are rejected, US$: they are slips, and the sum of all must be exact.
pub const MOST_COST: f64 = 1e12;

/// A number column of a history.
struct Number {
    name: &'static str,
    kind: DataType,
    /// The farthest from zero that it may be.
    most: Option<f64>,
}

/// The number columns of a history.
static NUMBERS: [Number; 5] = [
    Number::whole("error_count", None),
    Number::whole("duration_seconds", Some(LONGEST as f64)),
    Number::whole("retry_count", None),
    Number::whole("total_tokens", None),
    Number { name: "actual_cost_total", kind: DataType::Float64, most: Some(MOST_COST) },
];

impl Number {
    const fn whole(name: &'static str, most: Option<f64>) -> Self {
        Self { name, kind: DataType::Int64, most }
    }

    /// The number as it is used, null where there is none; a whole one may be written with a fraction, which does not count.
    fn value(&self, found: Option<&DataType>) -> Expr {
        let plain = col(self.name).cast(self.kind.clone());
        if self.kind == DataType::Int64 && found.is_none_or(|found| *found == DataType::String) {
            let truncated = col(self.name).cast(DataType::Float64).cast(DataType::Int64);
            return coalesce(&[plain, truncated]).alias(self.name);
        }
        plain
    }

    /// What may be wrong with it, where it is: an expression for each [`Reason`].
    fn problems(&self, place: usize, found: Option<&DataType>) -> Vec<Expr> {
        let say = |reason: Reason, is_so: Expr| {
            when(is_so).then(lit(reason.code())).otherwise(lit(NULL).cast(DataType::Int64))
        };
        let value = self.value(found);
        let mut problems = Vec::new();
        if found.is_none_or(|found| self.may_be_unreadable(found)) {
            let is_good =
                if self.kind == DataType::Float64 { value.clone().is_finite() } else { value.clone().is_not_null() };
            // Of null it is not known whether it is finite.
            let is_bad = col(self.name).is_not_null().and(is_good.fill_null(lit(false)).not());
            problems.push(say(Reason::NoNumber(place), is_bad));
        }
        if let Some(most) = self.most.filter(|_| found != Some(&DataType::Null)) {
            let is_beyond = value.clone().lt(lit(-most)).or(value.gt(lit(most)));
            problems.push(say(Reason::TooLarge(place), is_beyond));
        }
        problems
    }

    /// Its name, what it is, and the most that it may be.
    fn words(&self) -> (&'static str, &'static str, f64) {
        let kind = if self.kind == DataType::Float64 { "finite number" } else { "number" };
        (self.name, kind, self.most.unwrap_or_default())
    }

    /// Whether a value of the type `found` may be no number of the wanted type; floats may be infinite, or none.
    fn may_be_unreadable(&self, found: &DataType) -> bool {
        let fits = match self.kind {
            DataType::Float64 => found.is_integer(),
            _ => found.is_signed_integer(),
        };
        !fits && *found != DataType::Null
    }
}

/// What decides whether a row is used, and which of two: its id, its times, and in `problem` the code of the first thing
/// that is wrong with a number. `schema` is the history's.
pub fn identifying_columns(schema: &Schema) -> Vec<Expr> {
    let id = |name: &str| {
        let text = col(name).cast(DataType::String);
        when(text.clone().eq(lit(""))).then(lit(NULL)).otherwise(text)
    };
    let problems =
        NUMBERS.iter().enumerate().flat_map(|(place, number)| number.problems(place, schema.get(number.name)));
    let problems: Vec<Expr> = problems.collect();
    let problem = if problems.is_empty() { lit(NULL).cast(DataType::Int64) } else { coalesce(&problems) };
    vec![
        coalesce(&[id("workflow_id"), id("id"), id("adw_id")]).alias("workflow_id"),
        col("start_time").cast(DataType::String),
        col("created_at").cast(DataType::String),
        problem.alias("problem"),
    ]
}

/// The history's columns in the types needed here.
pub fn columns(schema: &Schema) -> Vec<Expr> {
    let number = |name: &str| NUMBERS.iter().find(|known| known.name == name);
    let identifying = ["id", "adw_id", "workflow_id", "start_time", "created_at"];
    let mut chosen = identifying_columns(schema);
    chosen.extend(HISTORY.iter().filter(|(name, _)| !identifying.contains(name)).map(|(name, _)| match number(name) {
        Some(number) => number.value(schema.get(name)),
        None => col(*name).cast(DataType::String),
    }));
    chosen
}

/// What identifies the rows of a batch.
pub struct Identities<'a> {
    id: &'a StringChunked,
    start_time: &'a StringChunked,
    created_at: &'a StringChunked,
    problem: &'a Int64Chunked,
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
            problem: integers(frame, "problem")?,
        })
    }

    /// The row's id if it has one, also where it is not used.
    pub fn id(&self, place: usize) -> Option<&'a str> {
        self.id.get(place)
    }

    /// The id of a row that is used, else why it is not.
    pub fn usable(&self, place: usize) -> Result<&'a str, Reason> {
        let id = self.id.get(place).ok_or(Reason::NoId)?;
        match self.problem.get(place) {
            None => Ok(id),
            Some(code) => Err(Reason::of_code(code)),
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
    /// One of them is farther from zero than it may be.
    TooLarge(usize),
    /// A newer row has its id.
    Outdated,
}

impl Reason {
    /// What is wrong with a number, as a number: places are even, or odd for [`Self::TooLarge`].
    fn code(self) -> i64 {
        match self {
            Self::NoNumber(place) => 2 * place as i64,
            Self::TooLarge(place) => 2 * place as i64 + 1,
            Self::NoId | Self::Outdated => -1,
        }
    }

    fn of_code(code: i64) -> Self {
        let place = usize::try_from(code / 2).unwrap_or_default();
        if code % 2 == 0 { Self::NoNumber(place) } else { Self::TooLarge(place) }
    }

    /// The reason in words.
    pub fn words(self) -> String {
        let number = |place: usize| NUMBERS.get(place).map_or(("a column", "number", 0.0), Number::words);
        match self {
            Self::NoId => "no workflow_id, id or adw_id".to_owned(),
            Self::NoNumber(place) => {
                let (name, kind, _) = number(place);
                format!("{name} is not a {kind}")
            }
            Self::TooLarge(place) => {
                let (name, _, most) = number(place);
                format!("{name} is beyond {most:e}")
            }
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
    keywords: ListStringChunkedBuilder,
    files: ListStringChunkedBuilder,
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
    keywords: TextList,
    files: TextList,
}

/// Texts one after another, whose room is used again for the next list.
#[derive(Default)]
struct TextList {
    texts: String,
    ends: Vec<usize>,
}

impl TextList {
    fn set<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        self.texts.clear();
        self.ends.clear();
        for text in texts {
            self.texts.push_str(text);
            self.ends.push(self.texts.len());
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| self.texts.get(*start..*end).unwrap_or_default())
    }
}

impl Rows {
    fn new(capacity: usize) -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), capacity);
        Self {
            id: text("workflow_id"),
            signature: text("pattern_signature"),
            input_length: Vec::new(),
            word_count: Vec::new(),
            keywords: ListStringChunkedBuilder::new("keywords".into(), capacity, 0),
            files: ListStringChunkedBuilder::new("files_mentioned".into(), capacity, 0),
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
        self.request.keywords.set(keywords);
        self.request.files.set(files_mentioned(request).into_iter());
    }

    fn push(&mut self, batch: &Batch<'_>, place: usize, id: &str, signature: &str) {
        self.id.append_value(id);
        self.signature.append_value(signature);
        self.input_length.push(self.request.input_length);
        self.word_count.push(self.request.word_count);
        self.keywords.append_values_iter(self.request.keywords.iter());
        self.files.append_values_iter(self.request.files.iter());
        self.tokens.push(batch.tokens.get(place));
        self.cost.push(batch.cost.get(place));
        self.duration.push(batch.duration(place));
        self.errors.push(batch.errors(place));
        self.retries.push(batch.retries(place));
        self.seen_at.push(batch.identities.at(place));
    }

    /// In the order of [`DETECTIONS`].
    fn finish(mut self) -> Result<DataFrame, StageError> {
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
