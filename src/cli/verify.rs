//! `nightloom verify`: a pipeline's verification queries, a table each, with pass or fail.

use std::{collections::BTreeMap, process::ExitCode, sync::atomic::AtomicBool};

use clap::Args;
use polars::prelude::{DataFrame, IntoLazy};
use serde_json::json;

use super::arguments::PipelineArguments;
use crate::{
    io::{IoError, ReadWatch},
    operator::Silent,
    pipeline::{
        PipelineError, expect,
        file::{Verify, model::Severity},
        registry::Registry,
    },
    report::dataset,
};

/// Lines of an answer: with the verdict, a screen.
const SCREEN_LINES: usize = 20;

/// Ask the pipeline's verification queries, and compare the answers with what is expected.
///
/// Of an answer with many rows the first are shown; --json has them all. Exit code 1 if an expectation of severity
/// error is broken.
///
/// Example: nightloom verify pipelines/linking.toml --set vars.db=/srv/shop/products.db
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Asks and prints.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let pipeline = arguments.pipeline.read(&Registry::standard())?;
    let (mut failed, mut warned) = (0, 0);
    let mut answers = Vec::new();
    for query in &pipeline.verify {
        let answer = Answer::of(query)?;
        let verdict = answer.verdict(query);
        failed += u32::from(verdict == "fail");
        warned += u32::from(verdict == "warn");
        let (frame, broken) = (&answer.frame, &answer.broken);
        if arguments.json {
            answers.push(
                json!({ "title": query.title, "verdict": verdict, "broken": broken, "rows": dataset::to_json(frame) }),
            );
            continue;
        }
        println!("{}", dataset::render_within(SCREEN_LINES, &query.title, frame));
        let broken = broken.iter().map(|line| format!("\n    {}", brief(line)));
        println!("  {verdict}{}", broken.collect::<String>());
        println!();
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&answers)?);
    } else {
        let warnings = if warned == 0 { String::new() } else { format!(", {warned} with a warning") };
        println!("{} queries, {failed} failed{warnings}.", pipeline.verify.len());
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// At most two lines of a terminal: an example in it may be as long as a cell can be.
fn brief(line: &str) -> String {
    match line.char_indices().nth(150) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// What a query gave, and which expectations that breaks.
struct Answer {
    frame: DataFrame,
    broken: Vec<String>,
    /// Whether the query was refused, with the words in `broken`.
    is_refused: bool,
}

impl Answer {
    /// Asks. A query that the database refuses has failed; the others are asked all the same.
    ///
    /// # Errors
    /// When the database is not there or cannot be read: that holds for all its queries.
    fn of(query: &Verify) -> anyhow::Result<Self> {
        let frame = match ask(query) {
            Ok(frame) => frame,
            Err(IoError::Sqlite { doing, source, .. }) => return Ok(Self::refused(format!("{doing}: {source}"))),
            Err(IoError::Server(error)) if error.code().is_some() => return Ok(Self::refused(error.to_string())),
            Err(problem) => return Err(PipelineError::Io { what: query.title.clone(), problem }.into()),
        };
        let rows = frame.height() as u64;
        match expect::broken(&query.title, &frame.clone().lazy(), rows, &query.expect, &BTreeMap::new()) {
            Ok(broken) => Ok(Self { frame, broken, is_refused: false }),
            Err(problem) => Ok(Self::refused(problem.to_string())),
        }
    }

    fn refused(problem: String) -> Self {
        Self { frame: DataFrame::empty(), broken: vec![problem], is_refused: true }
    }

    fn verdict(&self, query: &Verify) -> &'static str {
        match (self.broken.is_empty(), query.expect.severity) {
            (true, _) => "pass",
            (false, Severity::Warn) if !self.is_refused => "warn",
            (false, _) => "fail",
        }
    }
}

fn ask(query: &Verify) -> Result<DataFrame, IoError> {
    let cancelled = AtomicBool::new(false);
    let read = query.source.read(&ReadWatch { progress: &Silent, cancelled: &cancelled })?;
    let what = || format!("the answer to '{}'", query.title);
    read.frame.collect().map_err(|source| IoError::Frame { what: what(), source })
}
