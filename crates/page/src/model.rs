//! What a page shows, as plain data: sections of tables, charts, cards, and the pipeline itself.

use crate::{chart::Chart, compare::Piece, figure::Figure, graph::Graph, night::Rule, timeline::Timeline};

/// How a run ended, as its colour and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All was done.
    Good,
    /// It was done, and somebody should look.
    Look,
    /// It failed, or was stopped.
    Bad,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The pipeline's name.
    pub title: String,
    /// How the run ended.
    pub status: Status,
    /// How it ended, in a sentence.
    pub headline: String,
    /// What is said of the run in pairs: when it began, how long it took.
    pub facts: Vec<(String, String)>,
    /// What went wrong, the worst first.
    pub problems: Vec<Problem>,
    /// The main figures, by part of the pipeline.
    pub figures: Vec<FigureGroup>,
    /// What counts as unusual.
    pub rule: Rule,
    /// What else is said of tonight: what is unusual beside the figures.
    pub unusual: Vec<String>,
    /// The rest.
    pub sections: Vec<Section>,
    /// The program and its version.
    pub made_by: String,
}

/// Something that went wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Whether it stopped the run.
    pub is_fatal: bool,
    /// What went wrong, in a sentence.
    pub text: String,
}

/// The main figures of a part of the pipeline.
#[derive(Clone, Debug)]
pub struct FigureGroup {
    /// The part.
    pub name: String,
    /// Its figures.
    pub figures: Vec<Figure>,
}

/// A section with a heading.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What stands below it.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A sentence.
    Text(String),
    /// A table.
    Table(Table),
    /// A chart, with its data as a table that can be opened.
    Chart(Chart),
    /// Cards side by side, of so many that there are.
    Cards {
        /// The heading.
        title: String,
        /// The first of them.
        cards: Vec<Card>,
        /// How many there are.
        total: u64,
    },
    /// The pipeline as a graph.
    Graph(Graph),
    /// When each step ran.
    Timeline(Timeline),
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, in groups; a single group without a name is a plain table.
    pub groups: Vec<Group>,
    /// How many rows there are, of which the groups may hold the first.
    pub total_rows: u64,
    /// Whether it is closed until somebody opens it.
    pub is_closed: bool,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers, which stand to the right.
    pub is_number: bool,
}

/// Rows under a heading of their own.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The heading.
    pub name: Option<String>,
    /// The rows, a cell a column.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text, or a number as it is shown.
    Text(String),
    /// A text with parts marked.
    Marked(Vec<Piece>),
}

/// A card.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// The heading.
    pub title: String,
    /// A picture: shown where it is a `data:` URL of an image, else a link to it, since a page makes no request.
    pub picture: Option<String>,
    /// What it cost before.
    pub before: Option<String>,
    /// What it costs now.
    pub after: Option<String>,
    /// Why, in a sentence or two.
    pub text: Option<String>,
    /// Names and values.
    pub facts: Vec<(String, String)>,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Table {
    /// A table of rows in one group.
    pub fn plain(title: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Self {
        let total_rows = rows.len() as u64;
        Self {
            title: title.to_owned(),
            columns,
            groups: vec![Group { name: None, rows }],
            total_rows,
            is_closed: false,
        }
    }
}

impl Column {
    /// A column of texts.
    pub fn text(name: &str) -> Self {
        Self { name: name.to_owned(), is_number: false }
    }

    /// A column of numbers.
    pub fn number(name: &str) -> Self {
        Self { name: name.to_owned(), is_number: true }
    }
}
