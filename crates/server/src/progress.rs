//! How far a run for an upload is (section 11.5), from the journal and from what the server knows of its runs.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    app::App,
    caller::Caller,
    failure::Failure,
    generating,
    journal::{GenerationProgress, Run},
    store::{Generation, now},
};

/// How long a record is kept to be asked for (section 11.3).
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Progress {
    /// What was asked for.
    pub upload_id: String,
    /// The shop.
    pub shop_domain: Option<String>,
    /// queueing, enrichment, candidate_generation, scoring, ranking, deduplication, explainability, finalization.
    pub step: String,
    /// What earlier front ends call it.
    pub legacy_step: String,
    /// Percent; it never falls.
    pub progress: i64,
    /// in_progress, completed, failed.
    pub status: String,
    /// What is going on, or was wrong.
    pub message: Option<String>,
    /// What else is known.
    pub metadata: Json,
    /// When it was so.
    pub updated_at: String,
    /// When to ask again; 0 when nothing will change.
    pub recommended_poll_interval_ms: u32,
    /// Recommendations of the shop, once there are any.
    pub bundle_count: Option<u64>,
    /// Whether bundles are published in waves.
    pub staged: Option<bool>,
    /// The run in the journal.
    pub run_id: Option<String>,
    /// Whether it is a quick start.
    pub quick_start_mode: bool,
    /// Whether the whole run comes after.
    pub full_generation_queued: bool,
    /// When it may be done, by how far it is.
    pub estimated_completion: Option<String>,
}

/// What is known.
pub enum Found {
    /// Nothing: it may be queueing.
    Unknown(Progress),
    /// How far it is.
    Known(Progress),
    /// It was too long ago.
    Expired,
}

/// How far the run of an upload or of a run's id is, as far as the caller sees it.
///
/// # Errors
/// When journal or databases cannot be read.
pub fn find(app: &App, caller: &Caller, id: &str) -> Result<Found, Failure> {
    let generation = app.store.generation(id)?.filter(|generation| caller.sees(&generation.shop_id));
    let run = match &generation {
        Some(generation) => generating::run_of(app, generation)?,
        None => app.journal.run(id)?.filter(|run| sees(caller, run)),
    };
    let shop = generation.as_ref().map(|generation| generation.shop_id.clone());
    let shop = shop.or_else(|| run.as_ref().and_then(Run::scope).map(str::to_owned));
    let found = match (&run, &generation) {
        (Some(run), _) => of_run(app, caller, id, run, shop.as_deref())?,
        (None, Some(generation)) => of_process(id, generation),
        (None, None) => return Ok(Found::Unknown(queueing(id, None))),
    };
    let is_expired = found.updated_at.parse::<Timestamp>().is_ok_and(|at| Timestamp::now().duration_since(at) > KEPT);
    Ok(if is_expired { Found::Expired } else { Found::Known(found) })
}

/// Whether a caller sees a run: it is of a shop of theirs, or they see all.
pub fn sees(caller: &Caller, run: &Run) -> bool {
    caller.sees_all() || run.scope().is_some_and(|scope| caller.sees(scope))
}

fn queueing(id: &str, shop: Option<&str>) -> Progress {
    Progress {
        upload_id: id.to_owned(),
        shop_domain: shop.map(str::to_owned),
        step: "queueing".to_owned(),
        legacy_step: "queueing".to_owned(),
        progress: 5,
        status: "in_progress".to_owned(),
        message: None,
        metadata: json!({}),
        updated_at: now(),
        recommended_poll_interval_ms: 2_000,
        bundle_count: None,
        staged: None,
        run_id: None,
        quick_start_mode: false,
        full_generation_queued: false,
        estimated_completion: None,
    }
}

/// A process that the journal has no run of: it waits for the lock, or never came to it.
fn of_process(id: &str, generation: &Generation) -> Progress {
    let waiting = queueing(id, Some(&generation.shop_id));
    let Some(ended_at) = &generation.ended_at else { return waiting };
    let message = match generation.exit_code {
        Some(3) => "lock_timeout: another run held the workspace",
        _ => "the run did not begin",
    };
    Progress {
        status: "failed".to_owned(),
        message: Some(message.to_owned()),
        updated_at: ended_at.clone(),
        recommended_poll_interval_ms: 0,
        ..waiting
    }
}

fn of_run(app: &App, caller: &Caller, id: &str, run: &Run, shop: Option<&str>) -> Result<Progress, Failure> {
    let phases = app.journal.generation(&run.run_id)?;
    let mut progress = match phases {
        Some(phases) => of_phases(id, phases, shop),
        None => Progress { progress: 5, updated_at: run.started_at.clone(), ..queueing(id, shop) },
    };
    progress.run_id = Some(run.run_id.clone());
    // The journal says of a run that is over what became of it; its phases may not have come to say so.
    if run.is_over() {
        let is_done = matches!(run.status.as_str(), "done" | "timed_out_partial");
        progress.status = if is_done { "completed" } else { "failed" }.to_owned();
        if is_done {
            (progress.step, progress.legacy_step) = ("finalization".to_owned(), "finalization".to_owned());
            progress.progress = 100;
        }
        progress.updated_at = run.ended_at.clone().unwrap_or(progress.updated_at);
        // What went wrong may be about other shops.
        let problem = if caller.sees_all() { run.problem.clone() } else { None };
        progress.message = problem.or_else(|| (!is_done).then(|| "the run failed".to_owned()));
    }
    progress.recommended_poll_interval_ms = poll_interval(&progress);
    progress.estimated_completion = estimated(&progress, &run.started_at);
    if let (Some(shop), "completed") = (shop, progress.status.as_str()) {
        progress.bundle_count = bundle_count(app, shop)?;
    }
    Ok(progress)
}

fn of_phases(id: &str, phases: GenerationProgress, shop: Option<&str>) -> Progress {
    let metadata: Json = phases.metadata.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| json!({}));
    Progress {
        shop_domain: shop.map(str::to_owned).or(Some(phases.shop_domain)),
        quick_start_mode: false,
        step: phases.step,
        legacy_step: phases.legacy_step,
        progress: phases.progress,
        status: phases.status,
        message: None,
        metadata,
        updated_at: phases.updated_at,
        staged: Some(true),
        ..queueing(id, shop)
    }
}

/// Recommendations of a shop; none where there are none, which says that they are still to come.
///
/// # Errors
/// When the database cannot be read.
pub fn bundle_count(app: &App, shop: &str) -> Result<Option<u64>, Failure> {
    let counts = app.results.read(|connection| Ok(nightloom_review::listing::counts(connection, shop)?))?;
    Ok(Some(counts.iter().map(|(_, number)| number).sum()).filter(|number| *number > 0))
}

/// When to ask again (section 11.5).
fn poll_interval(progress: &Progress) -> u32 {
    match (progress.status.as_str(), progress.step.as_str()) {
        ("completed" | "failed", _) => 0,
        (_, "queueing" | "finalization") => 2_000,
        (_, "enrichment" | "candidate_generation" | "ranking" | "deduplication") => 3_000,
        _ => 5_000,
    }
}

/// When it is done if it goes on as it did.
fn estimated(progress: &Progress, started_at: &str) -> Option<String> {
    if progress.status != "in_progress" || progress.progress <= 5 {
        return None;
    }
    let started: Timestamp = started_at.parse().ok()?;
    let taken = Timestamp::now().duration_since(started).as_secs_f64();
    let whole = taken * 100.0 / progress.progress as f64;
    Some(started.checked_add(SignedDuration::try_from_secs_f64(whole).ok()?).ok()?.to_string())
}
