//! `nightloom catalog watch`: syncs whenever the catalog's file is written, the clock comes round, or somebody asks.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::AtomicBool,
        mpsc::{Sender, channel},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use signal_hook::{consts::TERM_SIGNALS, flag};

use super::{
    arguments::{Again, CatalogArguments, Steps},
    budget::Budget,
    monitor::{Change, Looked, look},
    sync::{Synced, in_words, sync},
};
use crate::{
    pipeline::{
        PipelineError,
        run::{Writes, new_run_id},
    },
    trigger::{Desk, Enough, FileEvents, Reason, Secret, Trigger, Waiting, Webhook},
};

/// The variable that holds the secret of the webhook.
const SECRET: &str = "NIGHTLOOM_WEBHOOK_SECRET";
/// A file that was written is looked at when it stood still for so long.
const QUIET: Duration = Duration::from_secs(2);
/// Syncs beyond those of an hour that deletions may take.
const RESERVE: u32 = 2;
/// Changes of these classes go at once.
const URGENT: [&str; 4] = ["P0", "P1", "P2", "P3"];

/// Keep an index in step with a catalog, until Ctrl-C.
///
/// The catalog is looked at when its file was written and stands still for two seconds, and every --interval seconds.
/// It is synced at once when a product was deleted or is new, or its price or stock changed; other changes wait until
/// there are --change-threshold of them, or --time-threshold seconds.
///
/// With --webhook, `POST /catalog-updated` asks for a sync: 202 with the id of its run, 409 while one goes on, 429 with
/// Retry-After when too many were made, 401 without the header X-Nightloom-Signature: sha256=HMAC, the hexadecimal
/// HMAC-SHA256 of the body with the secret in NIGHTLOOM_WEBHOOK_SECRET.
///
/// Examples:
///   nightloom catalog watch shop.example catalog.json --interval 300
///   NIGHTLOOM_WEBHOOK_SECRET=… nightloom catalog watch shop.example catalog.json --webhook 127.0.0.1:8088
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    catalog: CatalogArguments,
    /// Seconds between two looks where nothing else sets one off.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
    /// Look at the clock alone: for file systems that tell no events, such as network drives.
    #[arg(long)]
    no_events: bool,
    /// Listen for signed requests at this address, for example 127.0.0.1:8088.
    #[arg(long, value_name = "ADDRESS")]
    webhook: Option<String>,
    /// So many changes are synced although none is urgent.
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    change_threshold: u64,
    /// Changes that wait for so many seconds are synced although they are few.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    time_threshold: u64,
    /// Syncs within an hour that write something; 0 for any number.
    #[arg(long, default_value_t = 10)]
    most_per_hour: u32,
}

/// Watches until a signal comes.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        flag::register(*signal, stop.clone()).context("cannot listen to signals")?;
    }
    let (sender, triggers) = channel();
    let budget = arguments.budget();
    let limited = move || budget.wait().map(|seconds| u64::try_from(seconds).unwrap_or(1).max(1));
    let desk = Arc::new(Desk::new(sender.clone(), new_run_id, limited));
    let _events = arguments.events(sender)?;
    let webhook = arguments.listen(&desk)?;
    let waiting = Waiting::new(triggers, Duration::from_secs(arguments.interval));
    let mut watch = Watch { arguments, desk, waiting, first_seen: None, totals: Totals::default() };
    watch.begin(webhook.as_ref());
    while let Some(trigger) = watch.waiting.next(&stop) {
        watch.on(&trigger)?;
    }
    watch.end();
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn budget(&self) -> Budget {
        Budget { index: self.catalog.index.index.clone(), most_per_hour: self.most_per_hour }
    }

    /// Deletions must not wait for the hour to pass.
    fn budget_for(&self, changes: &[Change]) -> Budget {
        let mut budget = self.budget();
        let has_deletion = changes.iter().any(|change| change.change == "deleted");
        if has_deletion && budget.most_per_hour > 0 {
            budget.most_per_hour = budget.most_per_hour.saturating_add(RESERVE);
        }
        budget
    }

    fn events(&self, sender: Sender<Trigger>) -> anyhow::Result<Option<FileEvents>> {
        if self.no_events {
            return Ok(None);
        }
        Ok(Some(FileEvents::of(&self.catalog.catalog, QUIET, sender)?))
    }

    fn listen(&self, desk: &Arc<Desk>) -> anyhow::Result<Option<Webhook>> {
        let Some(address) = &self.webhook else { return Ok(None) };
        let secret = std::env::var(SECRET).map_err(|_| PipelineError::Usage {
            problem: format!("--webhook needs a secret in the environment variable {SECRET}"),
            mend: "make one of 16 bytes or more, for example with: openssl rand -hex 32".to_owned(),
        })?;
        Ok(Some(Webhook::listen(address, Secret::new(&secret)?, desk.clone())?))
    }
}

/// What came of all syncs.
#[derive(Default)]
struct Totals {
    done: u64,
    failed: u64,
    products: i64,
}

struct Watch<'a> {
    arguments: &'a Arguments,
    desk: Arc<Desk>,
    waiting: Waiting,
    /// When changes were first found that are not synced yet.
    first_seen: Option<Instant>,
    totals: Totals,
}

impl Watch<'_> {
    fn on(&mut self, trigger: &Trigger) -> anyhow::Result<()> {
        match trigger {
            Trigger::Asked(run) if self.desk.is_over(run) => Ok(()),
            Trigger::Asked(_) => self.sync("request"),
            Trigger::File | Trigger::Clock => self.look(),
        }
    }

    /// Looks for changes, and syncs if they are enough.
    fn look(&mut self) -> anyhow::Result<()> {
        let looked = match look(&self.arguments.catalog) {
            Ok(Ok(looked)) => looked,
            Ok(Err(PipelineError::Interrupted)) => return Ok(()),
            Ok(Err(problem)) => {
                self.tell("look_failed", &problem.to_string(), &json!({}));
                return Ok(());
            }
            // Another run holds the workspace: the next trigger looks again.
            Err(error) if matches!(error.downcast_ref(), Some(PipelineError::Locked { .. })) => {
                self.tell("look_failed", &format!("{error:#}"), &json!({}));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Looked { changes, refused, .. } = looked;
        for reason in &refused {
            self.tell("refused", reason, &json!({}));
        }
        if changes.is_empty() {
            self.first_seen = None;
            return Ok(());
        }
        let urgent = changes.iter().filter(|change| URGENT.iter().any(|class| change.class.starts_with(class)));
        let (count, urgent) = (changes.len() as u64, urgent.count() as u64);
        let waited = self.first_seen.get_or_insert_with(Instant::now).elapsed();
        let wait = Duration::from_secs(self.arguments.time_threshold);
        let enough = Enough { count: self.arguments.change_threshold, wait };
        match enough.why(count, urgent, waited) {
            None => {
                self.waiting.no_later_than(wait.saturating_sub(waited));
                let words = format!("{count} changes wait");
                self.tell("pending", &words, &json!({ "changes": count }));
                Ok(())
            }
            Some(reason) => match self.arguments.budget_for(&changes).wait() {
                None => self.sync(word(reason)),
                Some(seconds) => {
                    self.waiting.no_later_than(Duration::from_secs(u64::try_from(seconds).unwrap_or(1)));
                    let words = format!("{count} changes wait: too many syncs within an hour, the next in {seconds} s");
                    self.tell("limited", &words, &json!({ "changes": count, "seconds": seconds }));
                    Ok(())
                }
            },
        }
    }

    fn sync(&mut self, reason: &str) -> anyhow::Result<()> {
        let catalog = &self.arguments.catalog;
        let run = self.desk.begin();
        let steps = Steps { select: &[], writes: Writes::Sinks, again: Again::None, sets: &[] };
        let synced = sync(catalog, &catalog.pipeline, steps, Some(run.clone()));
        self.desk.end();
        match synced {
            Ok(Ok(synced)) => self.synced(&synced, reason, &run),
            Ok(Err(PipelineError::Interrupted)) => {}
            Ok(Err(problem)) => self.failed(&problem.to_string(), &run),
            // Another run holds the workspace, for example: the next trigger tries again.
            Err(problem) => self.failed(&format!("{problem:#}"), &run),
        }
        Ok(())
    }

    fn synced(&mut self, synced: &Synced, reason: &str, run: &str) {
        self.first_seen = None;
        for reason in &synced.refused {
            self.tell("refused", reason, &json!({ "run_id": run }));
        }
        self.totals.done += 1;
        self.totals.products += synced.run.as_ref().map_or(0, |run| run.added + run.updated + run.deleted);
        let words =
            format!("{} for {reason}; products synced: {}", in_words(synced.run.as_ref()), self.totals.products);
        self.tell("synced", &words, &json!({ "run_id": run, "reason": reason, "run": synced.run }));
    }

    fn failed(&mut self, problem: &str, run: &str) {
        self.totals.failed += 1;
        self.tell("sync_failed", problem, &json!({ "run_id": run }));
    }

    fn begin(&self, webhook: Option<&Webhook>) {
        let catalog = &self.arguments.catalog;
        let (file, index) = (catalog.catalog.display().to_string(), catalog.index.index.display().to_string());
        let listens = webhook.map(|webhook| webhook.address().to_string());
        let at = listens.as_ref().map_or_else(String::new, |address| format!(", listening at {address}"));
        let words = format!("{file} of {} for {index}, every {} s{at}", catalog.shop, self.arguments.interval);
        self.tell("watching", &words, &json!({ "catalog": file, "index": index, "webhook": listens }));
    }

    fn end(&self) {
        let Totals { done, failed, products } = &self.totals;
        let words =
            format!("syncs: {}, successful: {done}, failed: {failed}, products synced: {products}", done + failed);
        self.tell("stopped", &words, &json!({ "syncs": done + failed, "failed": failed, "products": products }));
    }

    /// A line for people, or an object a line.
    fn tell(&self, event: &str, words: &str, more: &serde_json::Value) {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        if !self.arguments.catalog.json {
            println!("{now} {}: {words}", event.replace('_', " "));
            return;
        }
        let mut line = json!({ "time": now, "event": event, "text": words });
        if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
            line.extend(more.clone());
        }
        println!("{line}");
    }
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::Urgent => "urgent changes",
        Reason::Count => "many changes",
        Reason::Time => "changes that waited",
    }
}
