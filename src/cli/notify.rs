//! Tells somebody of a night that failed or is unusual: a program, or a webhook.

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde::Serialize;

use crate::{pipeline::file::model::ReportSettings, report::morning::Morning};

/// So long a program or a server may take; the night is over, and nobody waits for it longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many sentences are told; the page has all.
const SENTENCES: usize = 8;

/// What is told. `text` is all of it in words, which is what Slack's webhooks show.
#[derive(Serialize)]
struct Notice<'a> {
    text: String,
    pipeline: &'a str,
    run_id: &'a str,
    status: &'a str,
    headline: String,
    failures: Vec<String>,
    broken_expectations: Vec<String>,
    unusual: Vec<String>,
    page: Option<&'a str>,
}

/// Tells those whom the pipeline names, if the night failed or is unusual. Whoever cannot be reached is a warning, and no more.
pub fn notify(morning: &Morning<'_>, page: Option<&str>) {
    let settings = &morning.pipeline.report;
    let (failures, broken, unusual) = (morning.failures(), morning.broken(), morning.unusual());
    let is_told = settings.webhook.is_some() || !settings.command.is_empty();
    if !is_told || failures.is_empty() && broken.is_empty() && unusual.is_empty() {
        return;
    }
    let headline = format!("{} {}", morning.run.pipeline, morning.headline());
    let sentences = failures.iter().chain(&broken).chain(&unusual).take(SENTENCES);
    let lines: Vec<&str> =
        std::iter::once(headline.as_str()).chain(sentences.map(String::as_str)).chain(page).collect();
    let notice = Notice {
        text: lines.join("\n"),
        pipeline: &morning.run.pipeline,
        run_id: &morning.run.run_id,
        status: &morning.run.status,
        headline: headline.clone(),
        failures,
        broken_expectations: broken,
        unusual,
        page,
    };
    for problem in send(settings, &notice) {
        eprintln!("warning: nobody was told of the night: {problem:#}");
    }
}

fn send(settings: &ReportSettings, notice: &Notice<'_>) -> Vec<anyhow::Error> {
    let text = match serde_json::to_string(notice) {
        Ok(text) => text,
        Err(error) => return vec![error.into()],
    };
    let command = settings.command.split_first().map(|(program, arguments)| start(program, arguments, &text));
    let webhook = settings.webhook.as_ref().map(|url| post(url, text.clone()));
    [command, webhook].into_iter().flatten().filter_map(Result::err).collect()
}

/// Starts a program with the notice on its standard input.
fn start(program: &str, arguments: &[String], text: &str) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("cannot start {program}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read what it is told is its own affair.
        let _ = input.write_all(text.as_bytes());
    }
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            anyhow::ensure!(status.success(), "{program} ended with {status}");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    anyhow::bail!("{program} took longer than {} s", PATIENCE.as_secs())
}

fn post(url: &str, text: String) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sent = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        client.post(url).header("content-type", "application/json").body(text).send().await?.error_for_status()
    };
    // The address may hold a secret, as Slack's do.
    runtime.block_on(sent).map_err(reqwest::Error::without_url).context("the webhook")?;
    Ok(())
}
