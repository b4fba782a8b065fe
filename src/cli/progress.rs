//! How a run is watched: bars on a terminal, log lines elsewhere.

use std::{cell::RefCell, collections::BTreeMap, fmt, io::IsTerminal};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    pipeline::{
        journal::StepRow,
        observe::{Event, Observer},
    },
    report::table::{count, seconds},
};

/// How events are written.
#[derive(Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// The observer for a log format: bars if standard error is a terminal and no format was asked for.
pub fn observer(format: Option<LogFormat>) -> Box<dyn Observer> {
    match format {
        None if std::io::stderr().is_terminal() => Box::new(Bars::default()),
        None | Some(LogFormat::Text) => Box::new(TextLog),
        Some(LogFormat::Json) => Box::new(JsonLog),
    }
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What a finished step came to, in words.
fn outcome(row: &StepRow) -> String {
    match row.status.as_str() {
        "fresh" | "skipped" | "held" | "interrupted" => row.status.clone(),
        "failed" => format!("failed: {}", row.reason.as_deref().unwrap_or("")),
        status => {
            let rejected = if row.rejected > 0 { format!(", {} rejected", count(row.rejected)) } else { String::new() };
            format!("{status}: {} rows{rejected} in {}", count(row.rows_out), seconds(row.seconds))
        }
    }
}

/// A log line a stage event.
struct TextLog;

impl Observer for TextLog {
    fn event(&self, event: &Event<'_>) {
        let line = match event {
            Event::RunStarted { run_id, pipeline, steps } => format!("run {run_id} of '{pipeline}', {steps} steps"),
            Event::Recovering { run_id, sinks } => format!("finishing the killed run {run_id}: {sinks} sinks"),
            Event::StepStarted { kind, step, reason: "" } => format!("{kind} {step}: started"),
            Event::StepStarted { kind, step, reason } => format!("{kind} {step}: started ({reason})"),
            Event::StepProgress { .. } => return,
            Event::StepFinished { row } => {
                let warnings: String = row.warnings.iter().map(|line| format!("\n  warning: {line}")).collect();
                format!("{} {}: {}{warnings}", row.kind, row.step, outcome(row))
            }
            Event::Warning { text } => format!("warning: {text}"),
        };
        eprintln!("{} {line}", now());
    }
}

/// A JSON object a stage event.
struct JsonLog;

impl Observer for JsonLog {
    fn event(&self, event: &Event<'_>) {
        let time = now();
        let line = match event {
            Event::RunStarted { run_id, pipeline, steps } => {
                json!({ "time": time, "event": "run_started", "run_id": run_id, "pipeline": pipeline, "steps": steps })
            }
            Event::Recovering { run_id, sinks } => {
                json!({ "time": time, "event": "recovering", "run_id": run_id, "sinks": sinks })
            }
            Event::StepStarted { step, kind, reason } => {
                json!({ "time": time, "event": "step_started", "step": step, "kind": kind, "reason": reason })
            }
            Event::StepProgress { step, done, total } => {
                json!({ "time": time, "event": "step_progress", "step": step, "rows_done": done, "rows_total": total })
            }
            Event::StepFinished { row } => json!({ "time": time, "event": "step_finished", "step": row }),
            Event::Warning { text } => json!({ "time": time, "event": "warning", "text": text }),
        };
        eprintln!("{line}");
    }
}

/// A bar a running step.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    running: RefCell<BTreeMap<String, ProgressBar>>,
}

/// Both fit 80 columns, with fourteen for the rate.
const SPINNER: &str = "{spinner} {prefix:24!} {pos:>11} rows {rate:>14} {elapsed:>6}";
const BAR: &str = "{spinner} {prefix:22!} {bar:12} {pos:>10}/{len:10} {rate:>14} {eta:>4}";

/// A style whose `rate` is in whole rows.
fn style(template: &str) -> Option<ProgressStyle> {
    let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
        let rows = (state.per_sec() as u64).min(999_999_999);
        // A bar that cannot be written must not stop the run.
        let _ = write!(text, "{}/s", count(rows));
    };
    ProgressStyle::with_template(template).ok().map(|style| style.with_key("rate", rate))
}

impl Bars {
    fn start(&self, step: &str) {
        let bar = self.all.add(ProgressBar::no_length());
        if let Some(style) = style(SPINNER) {
            bar.set_style(style);
        }
        bar.set_prefix(step.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        self.running.borrow_mut().insert(step.to_owned(), bar);
    }

    fn move_to(&self, step: &str, done: u64, total: Option<u64>) {
        let running = self.running.borrow();
        let Some(bar) = running.get(step) else { return };
        if let Some(total) = total
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            if let Some(style) = style(BAR) {
                bar.set_style(style);
            }
        }
        bar.set_position(done);
    }

    fn line(&self, text: &str) {
        // A terminal that went away must not stop the run.
        let _ = self.all.println(text);
    }
}

impl Observer for Bars {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::RunStarted { .. } => {}
            Event::Recovering { run_id, sinks } => {
                self.line(&format!("Finishing the killed run {run_id}: {sinks} sinks."))
            }
            Event::StepStarted { step, .. } => self.start(step),
            Event::StepProgress { step, done, total } => self.move_to(step, *done, *total),
            Event::StepFinished { row } => {
                if let Some(bar) = self.running.borrow_mut().remove(&row.step) {
                    bar.finish_and_clear();
                }
                for line in &row.warnings {
                    self.line(&format!("warning: {}: {line}", row.step));
                }
            }
            Event::Warning { text } => self.line(&format!("warning: {text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{ProgressDrawTarget, TermLike};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A wide terminal that keeps what is written.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            200
        }
        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> std::io::Result<()> {
            self.write_str(&format!("{line}\n"))
        }
        fn write_str(&self, text: &str) -> std::io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> std::io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_of_many_rows_fits_80_columns_and_has_a_rate_in_whole_rows() {
        for (template, length) in [(SPINNER, None), (BAR, Some(2_000_000_000))] {
            let screen = Screen::default();
            let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
            let bar = ProgressBar::with_draw_target(length, target).with_style(style(template).unwrap());
            bar.set_prefix("a_stage_with_a_name_that_is_long");
            bar.set_position(1_234_567_890);
            bar.force_draw();
            let shown = screen.0.lock().unwrap().clone();
            // Each time the line is drawn over the one before.
            let line = shown.rsplit_once("a_stage").map_or("", |(_, line)| line).trim_end();
            let line = format!("/ a_stage{line}");
            assert!(line.contains("/s") && line.contains("1234567890"), "{line}");
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
            let rate = line.split_whitespace().find(|word| word.ends_with("/s")).unwrap();
            assert!(rate.trim_end_matches("/s").chars().all(|c| c.is_ascii_digit() || c == ','), "{rate}");
        }
    }
}
