//! A server over the pipeline's results: an API, pages to decide of bundles, one process over the databases that the
//! pipeline writes. It knows no frames and no pipeline; it starts runs as the program itself.

#![allow(clippy::missing_errors_doc, reason = "every failure of a handler is a `Failure`, which says why")]

mod api;
mod app;
mod caller;
mod endpoint;
mod failure;
mod generating;
mod guard;
mod journal;
mod kept;
mod limiter;
mod metrics;
mod openapi;
mod pages;
mod program;
mod progress;
mod receiving;
mod reply;
mod request;
mod results;
mod router;
mod secret;
mod serve;
mod settings;
mod store;

pub use caller::Role;
pub use serve::{ServeError, serve};
pub use settings::{FlagStore, Lent, RunCommand, SearchHit, SearchIndex, SearchMode, SearchRequest, Settings};
pub use store::{NewToken, Store, TokenInfo};
