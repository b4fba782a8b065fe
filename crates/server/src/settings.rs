//! What a server is told, and what its owner lends it.

use std::{net::SocketAddr, path::PathBuf};

use nightloom_flags::{FlagError, Overrides};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// What a server is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Names by which it may be asked, beside `localhost` and addresses: those of a proxy before it.
    pub hosts: Vec<String>,
    /// The database that `pipelines/bundles.toml` writes.
    pub database: PathBuf,
    /// The folder of the journal; the server's own database lies there too.
    pub state_folder: PathBuf,
    /// The folder of the shops' exports, a folder a shop.
    pub shop_data: PathBuf,
    /// The newest report.
    pub report: PathBuf,
    /// How runs are started.
    pub runs: RunCommand,
    /// Requests a minute of a token, or of an address without one; 0 for no limit.
    pub requests_per_minute: u32,
    /// Whether cookies are sent over HTTPS alone.
    pub secure_cookies: bool,
    /// Bytes of answers that are kept while the database does not change.
    pub kept_bytes: usize,
}

/// The program that runs pipelines, so that its locks are those of every other run.
#[derive(Clone, Debug)]
pub struct RunCommand {
    /// The program.
    pub program: PathBuf,
    /// The pipeline file.
    pub pipeline: PathBuf,
    /// Arguments behind the pipeline: `--set …`, `--workspace …`.
    pub arguments: Vec<String>,
    /// Variables of the environment, beside those of the server.
    pub environment: Vec<(String, String)>,
}

/// Where the flags of the workspace are kept.
pub trait FlagStore: Send + Sync {
    /// What is set.
    ///
    /// # Errors
    /// A sentence, when it cannot be read.
    fn read(&self) -> Result<Overrides, String>;

    /// Changes what is set; two changes at a time come one after the other.
    ///
    /// # Errors
    /// What the change gives, or a sentence when it cannot be written.
    fn change(
        &self,
        by: &str,
        change: &mut dyn FnMut(&mut Overrides) -> Result<(), FlagError>,
    ) -> Result<(), FlagError>;
}

/// How a search index is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// By words and vectors.
    #[default]
    Hybrid,
    /// By words alone.
    Words,
    /// By vectors alone.
    Vectors,
}

/// A search.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// The words.
    pub query: String,
    /// Only products of this shop; `None` for all.
    pub shop: Option<String>,
    /// How many are wanted.
    pub top: usize,
    /// How.
    pub mode: SearchMode,
}

/// A product that was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SearchHit {
    /// Its shop.
    pub shop_id: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// 0 to 1.
    pub score: f64,
    /// What else the index knows of it.
    pub metadata: Map<String, Json>,
}

/// A search index.
pub trait SearchIndex: Send + Sync {
    /// The best products, the best first.
    ///
    /// # Errors
    /// A sentence, when there is no index or it cannot be read.
    fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, String>;
}

/// What the owner of a server lends it.
pub struct Lent {
    /// The flags of the workspace.
    pub flags: Box<dyn FlagStore>,
    /// The search index.
    pub search: Box<dyn SearchIndex>,
}
