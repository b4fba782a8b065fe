//! The endpoints of `/api`: those of section 13 of the specification, and what the pages need beside them.

mod admin;
mod bundles;
mod done;
mod exports;
mod figures;
mod generation;
mod health;
mod recommendations;
mod rules;
mod runs;
mod search;
mod shopify;
mod uploads;

pub use admin::{place, read as read_flags, record as flag_record, set as set_flags};
pub use generation::stream_of;
pub use recommendations::{checked_note, cursor_of, decide, edit, encoded, take_back, visible};
pub use runs::{begin as begin_run, one as one_run, visible as visible_runs};
pub use search::{SearchQuery, search};

use super::endpoint::Endpoint;

/// Every endpoint.
pub fn endpoints() -> Vec<Endpoint> {
    let rooms = [
        uploads::endpoints(),
        generation::endpoints(),
        recommendations::endpoints(),
        bundles::endpoints(),
        rules::endpoints(),
        figures::endpoints(),
        exports::endpoints(),
        shopify::endpoints(),
        search::endpoints(),
        runs::endpoints(),
        admin::endpoints(),
        health::endpoints(),
    ];
    rooms.into_iter().flatten().collect()
}
