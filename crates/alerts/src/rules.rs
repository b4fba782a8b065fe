//! What of the facts is an alert.

use serde::Serialize;

use crate::{
    facts::{CatalogFacts, Facts, RunFacts},
    table::AlertTable,
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look at it.
    Warning,
    /// The index does not follow.
    Critical,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// What: `sync_failures`, `no_changes`, `slow_sync`, `error_rate`, `mass_deletion_blocked`, `catalog_refused`,
    /// `dead_items`, `drift`.
    pub kind: &'static str,
    /// How bad.
    pub severity: Severity,
    /// In words.
    pub message: String,
}

/// Fewer runs have no share that means anything.
const FEWEST_RUNS: usize = 10;
/// Of so many runs the median is what is usual.
const USUAL_RUNS: usize = 20;
/// Fewer tell nothing of what is usual.
const FEWEST_USUAL: usize = 3;

/// All alerts of the facts, in a fixed order.
pub fn found(facts: &Facts, table: &AlertTable) -> Vec<Alert> {
    let mut all: Vec<Alert> = [failures(facts, table), slow(facts, table)].into_iter().flatten().collect();
    if let Some(catalog) = &facts.catalog {
        all.extend(refused(catalog));
        all.extend(
            [no_changes(catalog, facts.now, table), errors(catalog, table), dead(catalog)].into_iter().flatten(),
        );
        // Of a run that was refused, or wrote nothing for a failure, the difference is no surprise.
        let is_done = facts.runs.first().is_some_and(|run| run.status == "done") && catalog.refusals.is_empty();
        all.extend(drift(catalog).filter(|_| is_done));
    }
    all
}

fn alert(kind: &'static str, severity: Severity, message: String) -> Alert {
    Alert { kind, severity, message }
}

#[expect(clippy::cast_precision_loss, reason = "at most 100 runs")]
fn failures(facts: &Facts, table: &AlertTable) -> Option<Alert> {
    let running = facts.runs.iter().take_while(|run| Facts::is_failure(run)).count();
    let all = facts.runs.iter().filter(|run| Facts::is_failure(run)).count();
    let words = |run: Option<&RunFacts>| run.and_then(|run| run.problem.clone()).unwrap_or_else(|| "killed".to_owned());
    if running >= usize::try_from(table.failures).unwrap_or(usize::MAX) {
        let message = format!("the last {running} runs failed: {}", words(facts.runs.first()));
        return Some(alert("sync_failures", Severity::Critical, message));
    }
    let share = all as f64 / facts.runs.len().max(1) as f64;
    (facts.runs.len() >= FEWEST_RUNS && share > table.failed_share).then(|| {
        let last = facts.runs.iter().find(|run| Facts::is_failure(run));
        let message = format!("{all} of the last {} runs failed, the last of them: {}", facts.runs.len(), words(last));
        alert("sync_failures", Severity::Warning, message)
    })
}

fn slow(facts: &Facts, table: &AlertTable) -> Option<Alert> {
    let (last, earlier) = facts.runs.split_first()?;
    let mut usual: Vec<f64> =
        earlier.iter().filter(|run| run.status == "done").take(USUAL_RUNS).map(|run| run.seconds).collect();
    usual.sort_by(f64::total_cmp);
    let median = usual.get(usual.len() / 2).copied().filter(|_| usual.len() >= FEWEST_USUAL);
    let most = table.slow_seconds.max(median.unwrap_or_default() * table.slow_factor);
    (last.seconds > most).then(|| {
        let usual = median.map_or_else(String::new, |median| format!(", usually {median:.1} s"));
        alert("slow_sync", Severity::Warning, format!("the run took {:.1} s{usual}", last.seconds))
    })
}

fn refused(catalog: &CatalogFacts) -> impl Iterator<Item = Alert> {
    let is_deletion = |reason: &&String| reason.contains("mass deletion blocked");
    let deletion = catalog.refusals.iter().find(is_deletion);
    let other = catalog.refusals.iter().find(|reason| !is_deletion(reason));
    let deletion = deletion.map(|reason| alert("mass_deletion_blocked", Severity::Critical, reason.clone()));
    deletion.into_iter().chain(other.map(|reason| alert("catalog_refused", Severity::Critical, reason.clone())))
}

#[expect(clippy::cast_precision_loss, reason = "seconds")]
fn no_changes(catalog: &CatalogFacts, now: i64, table: &AlertTable) -> Option<Alert> {
    let last = catalog.writes.iter().find(|(.., products)| *products > 0).map(|(at, ..)| *at).or(catalog.since)?;
    let hours = (now - last) as f64 / 3_600.0;
    (table.no_changes_hours > 0.0 && hours > table.no_changes_hours)
        .then(|| alert("no_changes", Severity::Warning, format!("nothing was written for {hours:.0} hours")))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of products")]
fn errors(catalog: &CatalogFacts, table: &AlertTable) -> Option<Alert> {
    let share = catalog.failed as f64 / catalog.tried.max(1) as f64;
    (catalog.failed > 0 && share > table.error_share).then(|| {
        let message = format!("{} of {} products could not be written", catalog.failed, catalog.tried);
        alert("error_rate", Severity::Critical, message)
    })
}

fn dead(catalog: &CatalogFacts) -> Option<Alert> {
    (catalog.dead_items > 0).then(|| {
        let message =
            format!("{} products were given up; `nightloom catalog retry-failed` tries them again", catalog.dead_items);
        alert("dead_items", Severity::Critical, message)
    })
}

fn drift(catalog: &CatalogFacts) -> Option<Alert> {
    let (products, indexed) = (catalog.catalog_products?, catalog.index_products?);
    let owed = catalog.waiting_items + catalog.dead_items;
    (products.abs_diff(indexed) > owed).then(|| {
        let message =
            format!("the index has {indexed} products, the catalog {products}; a full sync brings them together");
        alert("drift", Severity::Warning, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(status: &str, seconds: f64) -> RunFacts {
        let problem = (status == "failed").then(|| "no file".to_owned());
        RunFacts { status: status.to_owned(), seconds, problem, ..RunFacts::default() }
    }

    fn kinds(runs: &[(&str, f64)], catalog: Option<CatalogFacts>) -> Vec<&'static str> {
        let runs = runs.iter().map(|(status, seconds)| run(status, *seconds)).collect();
        let facts = Facts { now: 1_000_000, runs, catalog, ..Facts::default() };
        found(&facts, &AlertTable::default()).iter().map(|alert| alert.kind).collect()
    }

    #[test]
    fn three_failures_in_a_row_or_more_than_a_tenth_of_all_are_told() {
        assert!(kinds(&[("failed", 1.0), ("failed", 1.0), ("done", 1.0), ("failed", 1.0)], None).is_empty());
        assert_eq!(kinds(&[("failed", 1.0), ("killed", 1.0), ("failed", 1.0)], None), ["sync_failures"]);
        assert!(kinds(&[("interrupted", 1.0); 5], None).is_empty(), "somebody stopped them");
        let mut many = vec![("done", 1.0); 20];
        (many[3], many[7]) = (("failed", 1.0), ("failed", 1.0));
        assert!(kinds(&many, None).is_empty(), "a tenth");
        many[9] = ("failed", 1.0);
        assert_eq!(kinds(&many, None), ["sync_failures"]);
    }

    #[test]
    fn a_slow_run_is_one_beyond_ten_minutes_and_thrice_the_usual() {
        assert_eq!(kinds(&[("done", 601.0)], None), ["slow_sync"]);
        let usual = |last: f64| kinds(&[("done", last), ("done", 300.0), ("done", 310.0), ("done", 290.0)], None);
        assert!(usual(800.0).is_empty());
        assert_eq!(usual(901.0), ["slow_sync"]);
    }

    #[test]
    fn a_catalog_is_told_of_when_it_was_refused_stands_still_or_drifts() {
        let whole = CatalogFacts {
            catalog_products: Some(10),
            index_products: Some(10),
            writes: vec![(999_000, 1.0, 4)],
            ..CatalogFacts::default()
        };
        let done = [("done", 1.0)];
        assert!(kinds(&done, Some(whole.clone())).is_empty());
        let refusals = vec!["9 of 10 products would be deleted; mass deletion blocked, set …".to_owned()];
        let refused = CatalogFacts { refusals, index_products: Some(99), ..whole.clone() };
        assert_eq!(kinds(&done, Some(refused)), ["mass_deletion_blocked"]);
        let other = CatalogFacts { refusals: vec!["8 of 10 products cannot be used".to_owned()], ..whole.clone() };
        assert_eq!(kinds(&done, Some(other)), ["catalog_refused"]);
        let drifting = CatalogFacts { index_products: Some(11), ..whole.clone() };
        assert_eq!(kinds(&done, Some(drifting.clone())), ["drift"]);
        assert!(kinds(&[("failed", 1.0)], Some(drifting.clone())).is_empty());
        assert!(kinds(&done, Some(CatalogFacts { waiting_items: 1, ..drifting })).is_empty());
        let still = CatalogFacts { writes: vec![(1_000_000 - 25 * 3_600, 1.0, 1)], ..whole.clone() };
        assert_eq!(kinds(&done, Some(still)), ["no_changes"]);
        let failing = CatalogFacts { tried: 10, failed: 2, waiting_items: 2, ..whole.clone() };
        assert_eq!(kinds(&done, Some(failing)), ["error_rate"]);
        assert_eq!(kinds(&done, Some(CatalogFacts { dead_items: 1, ..whole })), ["dead_items"]);
    }
}
