//! What is known of a pipeline after a run.

/// What is known of a pipeline after a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The pipeline with its scope.
    pub pipeline: String,
    /// Now, seconds since 1970.
    pub now: i64,
    /// Its last runs that are over, the last first; at most 100.
    pub runs: Vec<RunFacts>,
    /// How many of its runs ended in each way, of all that the journal has.
    pub ended: Vec<(String, u64)>,
    /// What is known of its catalog and index, if it has one.
    pub catalog: Option<CatalogFacts>,
}

/// A run that is over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFacts {
    /// The run.
    pub run_id: String,
    /// `done`, `failed`, `interrupted`, `killed`, `timed_out_partial`.
    pub status: String,
    /// When it began, seconds since 1970.
    pub started_at: i64,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed.
    pub problem: Option<String>,
}

/// What is known of a catalog and its index after a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogFacts {
    /// Changes that the run found, by their kind.
    pub changes: Vec<(String, u64)>,
    /// Why the catalog was refused; empty if it was not.
    pub refusals: Vec<String>,
    /// Products of the catalog.
    pub catalog_products: Option<u64>,
    /// Products of the index.
    pub index_products: Option<u64>,
    /// Operations of the run that were tried, and of them those that failed.
    pub tried: u64,
    /// See `tried`.
    pub failed: u64,
    /// Items that wait for their next try.
    pub waiting_items: u64,
    /// Items that were given up.
    pub dead_items: u64,
    /// Runs that wrote the index, the last first: when they began, how long they wrote in seconds, and how many products they
    /// wrote or took out.
    pub writes: Vec<(i64, f64, u64)>,
    /// When the index was made, seconds since 1970: since when nothing written means something.
    pub since: Option<i64>,
}

impl Facts {
    /// Whether a run failed; one that somebody stopped did not.
    pub fn is_failure(run: &RunFacts) -> bool {
        matches!(run.status.as_str(), "failed" | "killed")
    }
}

impl CatalogFacts {
    /// Products written or taken out within the last hour.
    pub fn written_within_an_hour(&self, now: i64) -> u64 {
        let recent = self.writes.iter().filter(|(at, ..)| *at > now - 3_600 && *at <= now);
        recent.map(|(.., products)| products).sum()
    }
}
