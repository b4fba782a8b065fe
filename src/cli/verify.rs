//! `nightloom verify`: a pipeline's verification queries, a table each, with pass or fail.

use std::{collections::BTreeMap, process::ExitCode, sync::atomic::AtomicBool, time::Duration};

use clap::Args;
use polars::prelude::{DataFrame, IntoLazy};
use serde_json::json;

use super::arguments::PipelineArguments;
use crate::{
    io::{ReadWatch, SourceSpec, SqliteRead},
    operator::Silent,
    pipeline::{
        PipelineError, expect,
        registry::Registry,
        spec::{Verify, model::Severity},
    },
    report::dataset,
};

/// Ask the pipeline's verification queries, and compare the answers with what is expected.
///
/// Exit code 1 if an expectation of severity error is broken.
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
        let frame = ask(query)?;
        let broken = expect::broken(
            &query.title,
            &frame.clone().lazy(),
            frame.height() as u64,
            &query.expect,
            &BTreeMap::new(),
        )?;
        let verdict = match (broken.is_empty(), query.expect.severity) {
            (true, _) => "pass",
            (false, Severity::Warn) => "warn",
            (false, Severity::Error) => "fail",
        };
        failed += u32::from(verdict == "fail");
        warned += u32::from(verdict == "warn");
        if arguments.json {
            answers.push(
                json!({ "title": query.title, "verdict": verdict, "broken": broken, "rows": dataset::to_json(&frame) }),
            );
            continue;
        }
        println!("{}", dataset::render(&query.title, &frame, frame.height() as u64));
        println!("  {verdict}{}", broken.iter().map(|line| format!("\n    {line}")).collect::<String>());
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

fn ask(query: &Verify) -> anyhow::Result<DataFrame> {
    let source = SourceSpec::Sqlite {
        path: query.database.clone(),
        read: SqliteRead::Query(query.query.clone()),
        busy_timeout: Duration::from_secs(30),
    };
    let cancelled = AtomicBool::new(false);
    let read = source
        .read(&ReadWatch { progress: &Silent, cancelled: &cancelled })
        .map_err(|problem| PipelineError::Io { what: query.title.clone(), problem })?;
    Ok(read.frame.collect()?)
}
