//! The detections, gathered batch by batch: the figures of each pattern, and of each pair of a pattern and a workflow just
//! what its row is made of. Texts that repeat are kept once, and so are lists of them, under their JSON.

use std::sync::Arc;

use polars::prelude::*;
use rayon::prelude::*;

use super::{
    super::{
        characteristics::{Characteristics, complexity, duration_range, write_list},
        columns, identity,
    },
    statistics::{Example, RowId, Statistics},
};
use crate::operator::{Field, StageError};

/// Rows of a part, so that a part and a place in it fit 32 bits.
const PART_ROWS: usize = 1 << 16;

/// No time is known.
const UNDATED: i64 = i64::MIN;

/// The words of the two characteristics that have few.
const RANGES: [&str; 3] = ["short", "medium", "long"];
const COMPLEXITIES: [&str; 3] = ["simple", "medium", "complex"];

/// A pattern by the order in which patterns were first met.
pub type PatternId = u32;

/// Texts, each kept once.
#[derive(Default)]
pub struct Texts {
    places: PlHashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Texts {
    /// The number of a text.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.places.insert(text, place);
        place
    }

    /// The text of a number.
    pub fn get(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }

    /// All texts, by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }
}

/// Up to [`PART_ROWS`] pairs, column by column.
#[derive(Default)]
struct Part {
    workflows: StringChunked,
    patterns: Vec<PatternId>,
    seen_at: Vec<i64>,
    input_length: Vec<u32>,
    error_count: Vec<i64>,
    keywords: Vec<u32>,
    files: Vec<u32>,
    /// Duration range, and complexity in the upper half.
    words: Vec<u8>,
}

/// A pair on its way into a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The id of its occurrence.
    pub id: i64,
    /// The pair.
    pub row: RowId,
    /// Whether the table has it already.
    pub linked: bool,
}

/// All detections.
#[derive(Default)]
pub struct Gathered {
    /// The patterns' signatures.
    pub names: Texts,
    /// The patterns' figures.
    pub figures: Vec<Statistics>,
    /// All pairs, with the ids that new ones get; in no order until [`Self::sort`].
    pub entries: Vec<Entry>,
    prefixes: Vec<identity::OccurrencePrefix>,
    lists: Texts,
    parts: Vec<Part>,
}

/// The columns of a batch of detections.
struct Batch<'a> {
    workflows: &'a StringChunked,
    signatures: &'a StringChunked,
    keywords: columns::Lists,
    files: columns::Lists,
    input_length: &'a Int64Chunked,
    word_count: &'a Int64Chunked,
    tokens: &'a Int64Chunked,
    costs: &'a Float64Chunked,
    durations: &'a Int64Chunked,
    errors: &'a Int64Chunked,
    retries: &'a Int64Chunked,
    seen_at: &'a Int64Chunked,
}

impl<'a> Batch<'a> {
    fn new(frame: &'a DataFrame) -> Result<Self, StageError> {
        let (text, integer) = (|name| columns::texts(frame, name), |name| columns::integers(frame, name));
        Ok(Self {
            workflows: text("workflow_id")?,
            signatures: text("pattern_signature")?,
            keywords: columns::Lists::of(frame, "keywords")?,
            files: columns::Lists::of(frame, "files_mentioned")?,
            input_length: integer("input_length")?,
            word_count: integer("word_count")?,
            tokens: integer("total_tokens")?,
            costs: columns::floats(frame, "actual_cost_total")?,
            durations: integer("duration_seconds")?,
            errors: integer("error_count")?,
            retries: integer("retry_count")?,
            seen_at: integer("seen_at")?,
        })
    }

    fn example(&self, row: usize) -> Example {
        let number = |column: &Int64Chunked| column.get(row).unwrap_or_default();
        Example {
            tokens: number(self.tokens),
            cost: self.costs.get(row).unwrap_or_default(),
            duration: number(self.durations),
            errors: number(self.errors),
            retries: number(self.retries),
            seen_at: self.seen_at.get(row),
        }
    }
}

impl Gathered {
    /// The number of a pattern.
    pub fn pattern(&mut self, signature: &str) -> PatternId {
        let pattern = self.names.number(signature);
        if pattern as usize == self.figures.len() {
            self.figures.push(Statistics::default());
            self.prefixes.push(identity::OccurrencePrefix::of(signature));
        }
        pattern
    }

    /// The id that a new pair gets.
    pub fn natural_id(&self, pattern: PatternId, workflow: &str) -> i64 {
        self.prefixes.get(pattern as usize).map_or(0, |prefix| prefix.occurrence(workflow))
    }

    /// Adds a batch of detections.
    ///
    /// # Errors
    /// When a column is missing, or there are more than four billion pairs.
    pub fn add(&mut self, frame: &DataFrame) -> Result<(), StageError> {
        for start in (0..frame.height()).step_by(PART_ROWS) {
            let mut part = frame.slice(i64::try_from(start).unwrap_or(i64::MAX), PART_ROWS);
            part.rechunk_mut();
            self.add_part(&part)?;
        }
        Ok(())
    }

    fn add_part(&mut self, frame: &DataFrame) -> Result<(), StageError> {
        let number = u32::try_from(self.parts.len()).ok().filter(|number| *number < 1 << 16);
        let number = number.ok_or_else(|| StageError::Input {
            port: "detections".to_owned(),
            problem: "there are more than four billion rows".to_owned(),
            mend: "run the pipeline for parts of the history".to_owned(),
        })?;
        let batch = Batch::new(frame)?;
        let mut part = Part { workflows: batch.workflows.clone(), ..Part::default() };
        let (mut last, mut json) = (("", 0), String::new());
        for row in 0..frame.height() {
            let signature = batch.signatures.get(row).unwrap_or_default();
            if signature != last.0 || row == 0 {
                last = (signature, self.pattern(signature));
            }
            part.push(&batch, row, last.1, &mut self.lists, &mut json);
        }
        let ids: Vec<i64> = (0..frame.height())
            .into_par_iter()
            .with_min_len(4_096)
            .map(|row| self.natural_id(part.pattern(row), batch.workflows.get(row).unwrap_or_default()))
            .collect();
        for (row, id) in ids.into_iter().enumerate() {
            if batch.workflows.get(row).is_none() || batch.signatures.get(row).is_none() {
                continue;
            }
            let place = RowId(number << 16 | row as u32);
            self.entries.push(Entry { id, row: place, linked: false });
            let workflow = batch.workflows.get(row).unwrap_or_default();
            if let Some(figures) = self.figures.get_mut(part.pattern(row) as usize) {
                figures.add(&batch.example(row), workflow, place);
            }
        }
        self.parts.push(part);
        Ok(())
    }

    /// Puts the entries in the order of their ids; of equal ones those that are linked first, then by pattern and workflow.
    pub fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.par_sort_unstable_by(|a, b| {
            let text = |entry: &Entry| (self.names.get(self.pattern_of(entry.row)), self.workflow(entry.row));
            a.id.cmp(&b.id).then_with(|| b.linked.cmp(&a.linked)).then_with(|| text(a).cmp(&text(b)))
        });
        self.entries = entries;
    }

    fn part(&self, row: RowId) -> Option<(&Part, usize)> {
        Some((self.parts.get((row.0 >> 16) as usize)?, (row.0 & 0xffff) as usize))
    }

    /// The pattern of a pair.
    pub fn pattern_of(&self, row: RowId) -> PatternId {
        self.part(row).map_or(0, |(part, place)| part.pattern(place))
    }

    /// The workflow's id of a pair.
    pub fn workflow(&self, row: RowId) -> &str {
        self.part(row).and_then(|(part, place)| part.workflows.get(place)).unwrap_or_default()
    }

    /// When the workflow of a pair ran: microseconds since 1970.
    pub fn seen_at(&self, row: RowId) -> Option<i64> {
        let (part, place) = self.part(row)?;
        part.seen_at.get(place).copied().filter(|at| *at != UNDATED)
    }

    /// The characteristics of a pair's workflow as JSON.
    pub fn write_characteristics(&self, row: RowId, json: &mut String) {
        let Some((part, place)) = self.part(row) else { return };
        let list = |lists: &[u32]| lists.get(place).map_or("[]", |list| self.lists.get(*list));
        let (duration_range, complexity) = part.words(place);
        Characteristics {
            input_length: part.input_length.get(place).copied().map_or(0, i64::from),
            keywords: list(&part.keywords),
            files_mentioned: list(&part.files),
            duration_range,
            complexity,
            error_count: part.error_count.get(place).copied().unwrap_or_default(),
        }
        .write(json);
    }

    /// All lists of texts, by number.
    pub fn lists(&self) -> Series {
        let mut lists = ListStringChunkedBuilder::new(PlSmallStr::EMPTY, self.lists.iter().len(), 0);
        for json in self.lists.iter() {
            let texts: Vec<String> = serde_json::from_str(json).unwrap_or_default();
            lists.append_values_iter(texts.iter().map(String::as_str));
        }
        lists.finish().into_series()
    }

    /// The characteristics of pairs' workflows, a record each; `lists` are those of [`Self::lists`].
    ///
    /// # Errors
    /// Never for pairs of this.
    pub fn characteristics(&self, lists: &Series, rows: &[RowId], fields: &[Field]) -> PolarsResult<Column> {
        let of = |row: &RowId| self.part(*row);
        let numbers = |value: fn(&Part, usize) -> Option<i64>| -> Series {
            rows.iter().map(|row| of(row).and_then(|(part, place)| value(part, place))).collect()
        };
        let texts = |value: fn((&'static str, &'static str)) -> &'static str| -> Series {
            rows.iter().map(|row| of(row).map(|(part, place)| value(part.words(place)))).collect()
        };
        let taken = |list: fn(&Part) -> &[u32]| {
            let numbers = rows.iter().map(|row| of(row).and_then(|(part, place)| list(part).get(place).copied()));
            lists.take(&numbers.collect::<IdxCa>())
        };
        let values = [
            numbers(|part, place| part.input_length.get(place).copied().map(i64::from)),
            taken(|part| &part.keywords)?,
            taken(|part| &part.files)?,
            texts(|words| words.0),
            texts(|words| words.1),
            numbers(|part, place| part.error_count.get(place).copied()),
        ];
        let named = values.into_iter().zip(fields).map(|(values, field)| values.with_name(field.name.into()));
        let named: Vec<Series> = named.collect();
        Ok(StructChunked::from_series("matched_characteristics".into(), rows.len(), named.iter())?.into_column())
    }
}

impl Part {
    /// Adds a row; `json` is room to write in.
    fn push(&mut self, batch: &Batch<'_>, row: usize, pattern: PatternId, lists: &mut Texts, json: &mut String) {
        let number = |column: &Int64Chunked| column.get(row).unwrap_or_default();
        let place =
            |words: [&str; 3], word: &str| words.iter().position(|known| *known == word).unwrap_or_default() as u8;
        let errors = number(batch.errors);
        let words = usize::try_from(number(batch.word_count)).unwrap_or_default();
        let packed = place(RANGES, duration_range(number(batch.durations)))
            | place(COMPLEXITIES, complexity(words, errors)) << 4;
        self.patterns.push(pattern);
        self.seen_at.push(batch.seen_at.get(row).unwrap_or(UNDATED));
        self.input_length.push(u32::try_from(number(batch.input_length)).unwrap_or(u32::MAX));
        self.error_count.push(errors);
        let mut list = |texts: &columns::Lists| {
            json.clear();
            write_list(texts.get(row), json);
            lists.number(json)
        };
        self.keywords.push(list(&batch.keywords));
        self.files.push(list(&batch.files));
        self.words.push(packed);
    }

    /// The words for how long a row's workflow took and how hard it was.
    fn words(&self, row: usize) -> (&'static str, &'static str) {
        let word = |words: [&'static str; 3], number: u8| words.get(usize::from(number)).copied().unwrap_or_default();
        let packed = self.words.get(row).copied().unwrap_or_default();
        (word(RANGES, packed & 0xf), word(COMPLEXITIES, packed >> 4))
    }

    fn pattern(&self, row: usize) -> PatternId {
        self.patterns.get(row).copied().unwrap_or_default()
    }
}
