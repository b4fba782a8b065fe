//! Why a review cannot do what was asked.

use thiserror::Error;

/// Why a review cannot do what was asked. Nothing was changed.
#[derive(Debug, Error)]
pub enum ReviewError {
    /// The database has no recommendations.
    #[error(
        "the database has no table bundle_recommendations: run pipelines/bundles.toml, or name its database with --db"
    )]
    NoRecommendations,
    /// An id that no recommendation has, or that several begin with.
    #[error("no one recommendation has the id '{id}' ({found} do); nightloom bundles list shows ids")]
    UnknownId {
        /// What was given.
        id: String,
        /// How many have it, or begin with it.
        found: usize,
    },
    /// What was decided stands against it.
    #[error("'{id}' is {status}: {mend}")]
    Stands {
        /// The recommendation.
        id: String,
        /// What it is.
        status: &'static str,
        /// What to do first.
        mend: &'static str,
    },
    /// Somebody else decided in between.
    #[error("'{id}' has changed since: {by} did '{action}' at {at}; look again")]
    Changed {
        /// The recommendation.
        id: String,
        /// What was done.
        action: String,
        /// By whom.
        by: String,
        /// When.
        at: String,
    },
    /// Nothing was decided that could be taken back.
    #[error("nothing was decided of '{id}' that could be taken back")]
    NothingToUndo {
        /// The recommendation.
        id: String,
    },
    /// A price or text that may not be.
    #[error("{problem}; {mend}")]
    Refused {
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// A cell is not what the table promises.
    #[error("the recommendation '{id}' has no proper {column}: {problem}")]
    Cell {
        /// The recommendation.
        id: String,
        /// The column.
        column: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The database refuses.
    #[error("the database refuses: {0}")]
    Database(#[from] rusqlite::Error),
}
