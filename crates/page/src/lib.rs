//! The page of a run: plain data in, one HTML file without scripts or requests out; and what counts as an unusual night.
//!
//! The crate opens no file, reads no clock and knows no pipeline: who has the data of a run makes a [`Page`] of it and
//! calls [`html`]. [`Figure`] says how a number stands against those of earlier nights.

mod bounds;
mod chart;
mod compare;
mod error;
mod figure;
mod graph;
mod histogram;
mod model;
mod night;
mod number;
mod render;
mod spark;
mod svg;
mod timeline;
mod view;

pub use chart::{Chart, ChartKind, Series};
pub use compare::{Piece, differing};
pub use error::PageError;
pub use figure::{Figure, Past, Unit};
pub use graph::{Edge, Graph, Vertex, VertexState};
pub use histogram::{Bin, bins};
pub use model::{Block, Card, Cell, Column, FigureGroup, Group, Page, Problem, Section, Status, Table};
pub use night::{Against, Direction, Judgement, Rule, Scale, judge};
pub use number::{bytes, count, seconds, spelled};
pub use render::{LARGEST_PAGE_BYTES, html};
pub use timeline::{Span, Timeline};
