//! Figures of a pipeline's runs as a text file for Prometheus.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::Path,
};

use crate::{facts::Facts, rules::Alert};

/// The kinds of alerts, so that one that is not on is 0 and not absent.
const KINDS: [&str; 8] = [
    "sync_failures",
    "no_changes",
    "slow_sync",
    "error_rate",
    "mass_deletion_blocked",
    "catalog_refused",
    "dead_items",
    "drift",
];

/// The text of the file, in the exposition format of Prometheus.
pub fn prometheus(facts: &Facts, alerts: &[Alert]) -> String {
    let mut text = Text { out: String::new(), pipeline: escaped(&facts.pipeline) };
    runs(&mut text, facts);
    if let Some(catalog) = &facts.catalog {
        let changes: Vec<_> =
            catalog.changes.iter().map(|(kind, count)| (labelled("change", kind), *count as f64)).collect();
        text.family("nightloom_catalog_changes", "gauge", "Changes that the last run found.", &changes);
        let one = |value: Option<u64>| value.map(|value| (String::new(), value as f64)).into_iter().collect::<Vec<_>>();
        for (name, about, value) in [
            ("nightloom_catalog_products", "Products of the catalog.", catalog.catalog_products),
            ("nightloom_index_products", "Products of the index.", catalog.index_products),
            ("nightloom_index_items_tried", "Products that the last run was to write.", Some(catalog.tried)),
            ("nightloom_index_items_failed", "Products of them that failed.", Some(catalog.failed)),
            ("nightloom_index_items_waiting", "Failed products that are tried again.", Some(catalog.waiting_items)),
            ("nightloom_index_items_dead", "Failed products that were given up.", Some(catalog.dead_items)),
            (
                "nightloom_index_written_last_hour",
                "Products written or taken out within an hour.",
                Some(catalog.written_within_an_hour(facts.now)),
            ),
            (
                "nightloom_catalog_refused",
                "Whether the catalog was refused.",
                Some(u64::from(!catalog.refusals.is_empty())),
            ),
        ] {
            text.family(name, "gauge", about, &one(value));
        }
    }
    let on = |kind: &str| if alerts.iter().any(|alert| alert.kind == kind) { 1.0 } else { 0.0 };
    let kinds: Vec<_> = KINDS.iter().map(|kind| (labelled("kind", kind), on(kind))).collect();
    text.family("nightloom_alert", "gauge", "Whether an alert lasts.", &kinds);
    text.out
}

fn runs(text: &mut Text, facts: &Facts) {
    let ended: Vec<_> = facts.ended.iter().map(|(status, count)| (labelled("status", status), *count as f64)).collect();
    text.family("nightloom_runs_total", "counter", "Runs by how they ended.", &ended);
    let Some(last) = facts.runs.first() else { return };
    let one = |value: f64| [(String::new(), value)];
    text.family("nightloom_run_seconds", "gauge", "How long the last run took.", &one(last.seconds));
    let took: Vec<f64> = facts.runs.iter().filter(|run| run.status == "done").map(|run| run.seconds).collect();
    if !took.is_empty() {
        let mean = took.iter().sum::<f64>() / took.len() as f64;
        text.family("nightloom_run_seconds_mean", "gauge", "Mean of the last runs that were done.", &one(mean));
    }
    let at = last.started_at as f64;
    text.family("nightloom_run_started_seconds", "gauge", "When the last run began, Unix time.", &one(at));
    let is_done = if last.status == "done" { 1.0 } else { 0.0 };
    text.family("nightloom_run_done", "gauge", "Whether the last run was done.", &one(is_done));
    if let Some(done) = facts.runs.iter().find(|run| run.status == "done") {
        let at = done.started_at as f64;
        text.family("nightloom_run_done_started_seconds", "gauge", "When the last run began that was done.", &one(at));
    }
}

struct Text {
    out: String,
    pipeline: String,
}

impl Text {
    /// A family of samples; nothing if there is none. Labels come with a comma before them.
    fn family(&mut self, name: &str, kind: &str, about: &str, samples: &[(String, f64)]) {
        if samples.is_empty() {
            return;
        }
        let _ = writeln!(self.out, "# HELP {name} {about}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(self.out, "{name}{{pipeline=\"{}\"{labels}}} {value}", self.pipeline);
        }
    }
}

fn labelled(name: &str, value: &str) -> String {
    format!(",{name}=\"{}\"", escaped(value))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Writes the file whole or not at all: a reader sees the old one or the new.
///
/// # Errors
/// When it cannot be written; the old one stays.
pub fn write_metrics(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Its name ends otherwise than in .prom, so that a collector of the folder leaves it alone.
    let mut file = tempfile::Builder::new().prefix(".metrics-").suffix(".partial").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    readable_by_all(file.as_file())?;
    file.persist(path).map_err(|error| error.error).map(drop)
}

/// The collector is another user.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{CatalogFacts, RunFacts},
        rules::Severity,
    };

    #[test]
    fn figures_are_in_the_exposition_format_and_labels_are_escaped() {
        let run = |seconds, status: &str| RunFacts { seconds, status: status.to_owned(), ..RunFacts::default() };
        let facts = Facts {
            pipeline: "sync@a\"b\\".to_owned(),
            now: 10_000,
            runs: vec![run(2.5, "failed"), run(1.0, "done"), run(2.0, "done")],
            ended: vec![("done".to_owned(), 2), ("failed".to_owned(), 1)],
            catalog: Some(CatalogFacts {
                changes: vec![("added".to_owned(), 3)],
                writes: vec![(9_000, 1.0, 4), (6_000, 1.0, 9)],
                ..CatalogFacts::default()
            }),
        };
        let alert = Alert { kind: "drift", severity: Severity::Warning, message: String::new() };
        let text = prometheus(&facts, &[alert]);
        for line in [
            "# TYPE nightloom_runs_total counter",
            r#"nightloom_runs_total{pipeline="sync@a\"b\\",status="failed"} 1"#,
            r#"nightloom_run_seconds{pipeline="sync@a\"b\\"} 2.5"#,
            r#"nightloom_run_seconds_mean{pipeline="sync@a\"b\\"} 1.5"#,
            r#"nightloom_catalog_changes{pipeline="sync@a\"b\\",change="added"} 3"#,
            r#"nightloom_index_written_last_hour{pipeline="sync@a\"b\\"} 4"#,
            r#"nightloom_alert{pipeline="sync@a\"b\\",kind="drift"} 1"#,
            r#"nightloom_alert{pipeline="sync@a\"b\\",kind="dead_items"} 0"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("nightloom_catalog_products"), "what is not known is not there");
    }

    #[test]
    fn the_file_is_the_old_one_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics/a.prom");
        write_metrics(&path, "1\n").unwrap();
        write_metrics(&path, "2\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(write_metrics(&folder.path().join("metrics/a.prom/x"), "3").is_err());
    }
}
