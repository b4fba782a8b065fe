//! Explanations and texts for customers as columns of records.

use polars::prelude::*;

use super::{
    candidate::Source,
    candidate_rows::Made,
    earnings::{Estimate, Expectation},
    explanation::{BundleCopy, Explanation},
    list_column::{record_column, texts_column, where_there},
};
use crate::{
    mining::rounded,
    operator::{ColumnKind, Field},
};

use ColumnKind::{Bool, Float, Record, Text, Texts};

const STATISTICS: &[Field] = &[Field::new("figure", Text), Field::new("value", Float), Field::new("band", Text)];
const OBJECTIVE: &[Field] = &[Field::new("name", Text), Field::new("text", Text)];
const GENERATION: &[Field] = &[Field::new("methods", Texts), Field::new("primary", Text), Field::new("source", Text)];
const ESTIMATE: &[Field] = &[Field::new("mean", Float), Field::new("low", Float), Field::new("high", Float)];
const EXPECTED: &[Field] = &[
    Field::new("margin_a_month", Record(ESTIMATE)),
    Field::new("chance", Record(ESTIMATE)),
    Field::new("added_chance", Record(ESTIMATE)),
    Field::new("trigger_share", Float),
];

/// The column `explanation` (section 10.3).
pub const EXPLANATION: &[Field] = &[
    Field::new("summary", Text),
    Field::new("statistics", Record(STATISTICS)),
    Field::new("objective", Record(OBJECTIVE)),
    Field::new("generation", Record(GENERATION)),
    Field::new("expected", Record(EXPECTED)),
];

/// The column `ai_copy` (section 10.4).
pub const COPY: &[Field] = &[
    Field::new("badge", Text),
    Field::new("title", Text),
    Field::new("description", Text),
    Field::new("valueProposition", Text),
    Field::new("explanation", Text),
    Field::new("features", Texts),
    Field::new("benefits", Texts),
    Field::new("tagline", Text),
    Field::new("cta_text", Text),
    Field::new("savings_message", Text),
    Field::new("show_on", Texts),
    Field::new("is_active", Bool),
    Field::new("source", Text),
];

/// A bundle that is explained.
pub struct Explained<'a> {
    /// The bundle.
    pub made: &'a Made,
    /// Why it was chosen, where that is said.
    pub explanation: Option<&'a Explanation>,
    /// What it is expected to earn.
    pub expected: &'a Expectation,
    /// The share of its trigger's buyers that is left for it.
    pub share: f64,
}

/// The column `explanation`; null where nothing is said.
///
/// # Errors
/// When a column cannot be made.
pub fn explanation_column(explained: &[Explained<'_>]) -> PolarsResult<Column> {
    let text = |of: &dyn Fn(&Explained<'_>) -> Option<&'static str>| {
        Column::new("".into(), explained.iter().map(of).collect::<Vec<_>>())
    };
    let estimate = |of: fn(&Expectation) -> &Estimate| {
        let float = |part: fn(&Estimate) -> f64| {
            Column::new("".into(), explained.iter().map(|row| rounded(part(of(row.expected)))).collect::<Vec<_>>())
        };
        record_column(ESTIMATE, vec![float(|of| of.mean), float(|of| of.low), float(|of| of.high)])
    };
    let statistic = |row: &Explained<'_>| row.explanation?.statistic;
    let values = explained.iter().map(|row| statistic(row).map(|statistic| rounded(statistic.value)));
    let statistics = vec![
        text(&|row| Some(statistic(row)?.figure.name())),
        Column::new("".into(), values.collect::<Vec<_>>()),
        text(&|row| Some(statistic(row)?.band.name())),
    ];
    let statistics = record_column(STATISTICS, statistics)?;
    let objective =
        vec![text(&|row| Some(row.made.candidate.objective.name())), text(&|row| Some(row.explanation?.purpose))];
    let generation = vec![
        texts_column("", explained.iter().map(|row| methods(row).iter().copied())),
        text(&|row| methods(row).first().copied()),
        text(&|row| row.made.candidate.sources.primary().map(Source::name)),
    ];
    let shares = explained.iter().map(|row| rounded(row.share));
    let expected = vec![
        estimate(|expected| &expected.margin)?,
        estimate(|expected| &expected.chance)?,
        estimate(|expected| &expected.added_chance)?,
        Column::new("".into(), shares.collect::<Vec<_>>()),
    ];
    let summary = |row: &Explained<'_>| row.explanation.map(|explanation| explanation.summary.clone());
    let explanations = record_column(
        EXPLANATION,
        vec![
            Column::new("".into(), explained.iter().map(summary).collect::<Vec<_>>()),
            where_there(&statistics, explained.iter().map(|row| statistic(row).is_some()))?,
            record_column(OBJECTIVE, objective)?,
            record_column(GENERATION, generation)?,
            record_column(EXPECTED, expected)?,
        ],
    )?;
    where_there(&explanations, explained.iter().map(|row| row.explanation.is_some()))
}

/// How a bundle was found, in words.
fn methods<'a>(row: &Explained<'a>) -> &'a [&'static str] {
    row.explanation.map_or(&[], |explanation| &explanation.methods)
}

/// The column `ai_copy`.
///
/// # Errors
/// When a column cannot be made.
pub fn copy_column(copies: &[&BundleCopy]) -> PolarsResult<Column> {
    let text =
        |of: fn(&BundleCopy) -> &str| Column::new("".into(), copies.iter().map(|copy| of(copy)).collect::<Vec<_>>());
    let list = |of: fn(&BundleCopy) -> &[String]| {
        texts_column("", copies.iter().map(|copy| of(copy).iter().map(String::as_str)))
    };
    record_column(
        COPY,
        vec![
            text(|copy| &copy.badge),
            text(|copy| &copy.title),
            text(|copy| &copy.description),
            text(|copy| &copy.value_proposition),
            text(|copy| &copy.explanation),
            list(|copy| &copy.features),
            list(|copy| &copy.benefits),
            text(|copy| &copy.tagline),
            text(|copy| &copy.cta_text),
            text(|copy| &copy.savings_message),
            list(|copy| &copy.show_on),
            Column::new("".into(), copies.iter().map(|copy| copy.is_active).collect::<Vec<_>>()),
            text(|copy| &copy.source),
        ],
    )
}
