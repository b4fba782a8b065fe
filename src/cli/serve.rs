//! `nightloom serve`: a server over the results, for people and other programs.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use signal_hook::{consts::TERM_SIGNALS, flag};

use super::arguments::WorkspaceArguments;
use crate::{
    catalog::query_vector,
    flags::{FlagError, Overrides},
    io::index::{self, Found, Search},
    pipeline::{PipelineError, flags_file, flags_history::Author},
    server::{self, FlagStore, Lent, RunCommand, SearchHit, SearchIndex, SearchMode, SearchRequest, Settings},
};

/// Serve the results: pages to decide of bundles, and an API for other programs (/api/openapi.json).
///
/// It listens on this machine alone unless told otherwise, and lets nobody in without a token: make one with
/// `nightloom token create`. Runs that it starts are runs like those of cron, with the same locks.
///
/// Examples:
///   nightloom serve --db baskets.db --shop-data exports
///   nightloom serve pipelines/nightly.toml --listen 127.0.0.1:8080 --host shop.example --secure-cookies
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The pipeline file of the runs that it starts.
    #[arg(default_value = "pipelines/bundles.toml")]
    pipeline: PathBuf,
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7171")]
    listen: SocketAddr,
    /// A name by which it is asked, beside localhost and addresses; may be given several times.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// The database with the bundles.
    #[arg(long = "db", value_name = "FILE", env = "BASKETS_DB", default_value = "data/demo/baskets.db")]
    database: PathBuf,
    /// The folder of the shops' exports, a folder a shop: uploads go there.
    #[arg(long, value_name = "FOLDER", env = "SHOP_DATA", default_value = "data/demo/shops")]
    shop_data: PathBuf,
    /// The newest report.
    #[arg(long, value_name = "FILE", default_value = "out/report.html")]
    report: PathBuf,
    /// The search index.
    #[arg(long, value_name = "FILE", env = "SEARCH_INDEX", default_value = "out/search.db")]
    index: PathBuf,
    /// Override a key of the pipeline file in runs that it starts.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    workspace: WorkspaceArguments,
    /// Requests a minute of a token, or of an address without one, a sixth of them at once; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 600)]
    rate_limit: u32,
    /// Send cookies over HTTPS alone: where a proxy speaks it.
    #[arg(long)]
    secure_cookies: bool,
    /// Memory for answers that still hold, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u16).range(0..=4096))]
    cache: u16,
}

/// Serves until a signal ends it.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = settings(arguments)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        flag::register_conditional_shutdown(*signal, 130, stop.clone()).context("cannot listen to signals")?;
        flag::register(*signal, stop.clone()).context("cannot listen to signals")?;
    }
    let lent = Lent {
        flags: Box::new(WorkspaceFlags { state_folder: settings.state_folder.clone() }),
        search: Box::new(ProductIndex { path: arguments.index.clone() }),
    };
    let log = Box::new(|line: &str| eprintln!("{line}"));
    let ready = |address: SocketAddr| {
        println!("nightloom serves at http://{address}");
        if !address.ip().is_loopback() {
            eprintln!("warning: it listens beyond this machine, without TLS: put a proxy before it that speaks HTTPS");
        }
    };
    let usage = |error: server::ServeError| match error {
        server::ServeError::Listen { address, problem } => PipelineError::Usage {
            problem: format!("cannot listen at {address}: {problem}"),
            mend: "choose another address with --listen".to_owned(),
        }
        .into(),
        error => anyhow::Error::from(error),
    };
    server::serve(settings, lent, log, &stop, ready).map_err(usage)?;
    Ok(ExitCode::SUCCESS)
}

fn settings(arguments: &Arguments) -> anyhow::Result<Settings> {
    let whole =
        |path: &Path| std::path::absolute(path).with_context(|| format!("cannot tell where {} is", path.display()));
    let (database, shop_data) = (whole(&arguments.database)?, whole(&arguments.shop_data)?);
    let mut run_arguments: Vec<String> =
        arguments.sets.iter().flat_map(|set| ["--set".to_owned(), set.clone()]).collect();
    if let Some(workspace) = &arguments.workspace.workspace {
        run_arguments.extend(["--workspace".to_owned(), whole(workspace)?.to_string_lossy().into_owned()]);
    }
    let environment = [("BASKETS_DB", &database), ("SHOP_DATA", &shop_data)];
    let environment = environment.map(|(name, path)| (name.to_owned(), path.to_string_lossy().into_owned()));
    Ok(Settings {
        listen: arguments.listen,
        hosts: arguments.hosts.clone(),
        state_folder: arguments.workspace.state_folder(&arguments.pipeline),
        report: whole(&arguments.report)?,
        runs: RunCommand {
            program: std::env::current_exe().context("cannot tell where this program is")?,
            pipeline: whole(&arguments.pipeline)?,
            arguments: run_arguments,
            environment: environment.into(),
        },
        database,
        shop_data,
        requests_per_minute: arguments.rate_limit,
        secure_cookies: arguments.secure_cookies,
        kept_bytes: usize::from(arguments.cache) << 20,
    })
}

/// The flags of the workspace.
struct WorkspaceFlags {
    state_folder: PathBuf,
}

impl FlagStore for WorkspaceFlags {
    fn read(&self) -> Result<Overrides, String> {
        flags_file::read(&self.state_folder).map_err(|error| error.to_string())
    }

    fn change(
        &self,
        by: &str,
        change: &mut dyn FnMut(&mut Overrides) -> Result<(), FlagError>,
    ) -> Result<(), FlagError> {
        let mut refused = None;
        let at = Timestamp::now().to_string();
        let changed = flags_file::change(&self.state_folder, Author { by, at: &at }, |flags| {
            change(flags).map_err(|error| {
                let told = FlagError { problem: error.problem.clone(), mend: error.mend.clone() };
                refused = Some(error);
                told
            })
        });
        // What is wrong with the file names places inside.
        let unwritten = |_| FlagError {
            problem: "the flags cannot be changed".to_owned(),
            mend: "`nightloom flags list` says why".to_owned(),
        };
        changed.map_err(|error| refused.unwrap_or_else(|| unwritten(error)))
    }
}

/// The search index of products.
struct ProductIndex {
    path: PathBuf,
}

impl SearchIndex for ProductIndex {
    fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, String> {
        let dimensions = index::dimensions(&self.path).map_err(|error| error.to_string())?;
        let vector = dimensions.map(|dimensions| query_vector(&request.query, dimensions));
        let search = Search {
            query: &request.query,
            vector: vector.as_deref(),
            namespace: request.shop.as_deref(),
            filter: None,
            top: request.top,
            mode: match request.mode {
                SearchMode::Hybrid => index::SearchMode::Hybrid,
                SearchMode::Words => index::SearchMode::Words,
                SearchMode::Vectors => index::SearchMode::Vectors,
            },
        };
        let found = index::search(&self.path, &search).map_err(|error| error.to_string())?;
        let hit = |Found { namespace, id, title, score, metadata, .. }| SearchHit {
            shop_id: namespace,
            id,
            title,
            score,
            metadata,
        };
        Ok(found.into_iter().map(hit).collect())
    }
}
