//! Runs that the server starts: one process each, watched until it ends, found in the journal by its number.

use std::{path::PathBuf, process::Child, sync::Arc, thread, time::Duration};

use super::{
    app::App,
    caller::Caller,
    failure::Failure,
    journal::{self, Run},
    program,
    store::{Generation, GenerationKind},
};

/// Runs that may wait or work at a time (`ASYNC_PIPELINE_CONCURRENCY`, section 11.3).
const MOST: usize = 2;

/// How often a process is looked at.
const GLANCE: Duration = Duration::from_millis(250);

/// Starts a run for an upload of a shop.
///
/// # Errors
/// When the shop has one under way, too many wait, or the program cannot be started.
pub fn start(
    app: &Arc<App>,
    upload: &str,
    shop: &str,
    kind: GenerationKind,
    caller: &Caller,
) -> Result<Generation, Failure> {
    let open = app.store.open_generations(None)?;
    if open.iter().any(|generation| generation.shop_id == shop) {
        return Err(Failure::conflict("a run for this shop is under way"));
    }
    if open.len() >= MOST {
        return Err(Failure::conflict("other runs are under way; try again when they are done"));
    }
    let id = app.store.begin_generation(upload, shop, kind, &caller.name)?;
    let child = program::start(&app.settings.runs, kind, &log_of(app, id)).inspect_err(|_| {
        // That it never began is what it came to.
        let _ = app.store.generation_ended(id, None);
    });
    let child = child.map_err(Failure::inside)?;
    app.store.generation_started(id, child.id())?;
    let watched = Arc::clone(app);
    thread::spawn(move || watch_child(&watched, id, child));
    app.store.generation(upload)?.ok_or_else(|| Failure::inside("a run that was noted is not there"))
}

/// Goes on watching runs that an earlier server started.
pub fn take_up(app: &Arc<App>) {
    for generation in app.store.open_generations(None).unwrap_or_default() {
        let app = Arc::clone(app);
        thread::spawn(move || watch_process(&app, &generation));
    }
}

/// The run of a generation, if the journal has it.
///
/// # Errors
/// When the journal cannot be read.
pub fn run_of(app: &App, generation: &Generation) -> Result<Option<Run>, Failure> {
    if let Some(run_id) = &generation.run_id {
        return Ok(app.journal.run(run_id)?);
    }
    let Some(pid) = generation.pid else { return Ok(None) };
    Ok(app.journal.run_of_process(pid, &generation.started_at)?)
}

/// Ends what is noted of a run whose process is gone. Returns whether it is.
///
/// # Errors
/// When the database refuses.
pub fn forget_if_gone(app: &App, generation: &Generation) -> Result<bool, Failure> {
    let is_alive = generation.ended_at.is_none() && generation.pid.is_some_and(journal::is_alive);
    if !is_alive {
        app.store.generation_ended(generation.id, None)?;
    }
    Ok(!is_alive)
}

fn log_of(app: &App, id: i64) -> PathBuf {
    app.settings.state_folder.join("server-runs").join(format!("{id}.log"))
}

fn watch_child(app: &App, id: i64, mut child: Child) {
    let pid = child.id();
    let mut is_found = false;
    loop {
        is_found = is_found || find(app, id, pid);
        match child.try_wait() {
            Ok(None) => thread::sleep(GLANCE),
            Ok(Some(status)) => {
                if !is_found {
                    find(app, id, pid);
                }
                return note(app, id, status.code());
            }
            Err(_) => return note(app, id, None),
        }
    }
}

fn watch_process(app: &App, generation: &Generation) {
    let Some(pid) = generation.pid else { return note(app, generation.id, None) };
    while journal::is_alive(pid) {
        find(app, generation.id, pid);
        thread::sleep(GLANCE * 4);
    }
    note(app, generation.id, None);
}

/// Notes which run of the journal a process makes; whether it is known.
fn find(app: &App, id: i64, pid: u32) -> bool {
    let open = app.store.open_generations(None).unwrap_or_default();
    let Some(generation) = open.into_iter().find(|generation| generation.id == id) else { return true };
    if generation.run_id.is_some() {
        return true;
    }
    match app.journal.run_of_process(pid, &generation.started_at) {
        Ok(Some(run)) => app.store.generation_is(id, &run.run_id).is_ok(),
        _ => false,
    }
}

fn note(app: &App, id: i64, code: Option<i32>) {
    if let Err(error) = app.store.generation_ended(id, code) {
        (app.log)(&format!("run {id} ended, which cannot be noted: {error}"));
    }
}
