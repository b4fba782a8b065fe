//! What can keep a page from being made.

use thiserror::Error;

/// Why there is no page.
#[derive(Debug, Error)]
pub enum PageError {
    /// The template refused its data.
    #[error("the page cannot be put together: {0}")]
    Template(#[from] minijinja::Error),
    /// A chart could not be drawn.
    #[error("the chart '{title}' cannot be drawn: {problem}")]
    Chart {
        /// Its heading.
        title: String,
        /// What the library says.
        problem: String,
    },
}
