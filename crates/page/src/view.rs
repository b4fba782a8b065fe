//! The page as the template is given it: texts cut to their bounds, pictures drawn.

use serde::Serialize;

use crate::{
    bounds::{self, Bounds, text},
    chart::{Chart, ChartKind},
    compare::Piece,
    error::PageError,
    figure::Figure,
    model::{Block, Card, Cell, Group, Page, Section, Status, Table},
    night::Rule,
    number::{count, spelled},
    spark,
};

#[derive(Serialize)]
pub struct PageView {
    title: String,
    sign: &'static str,
    state: &'static str,
    state_word: &'static str,
    headline: String,
    facts: Vec<(String, String)>,
    problems: Vec<ProblemView>,
    problems_more: String,
    unusual: Vec<String>,
    unusual_more: String,
    is_compared: bool,
    rule: String,
    figures: Vec<FiguresView>,
    sections: Vec<SectionView>,
    sections_more: String,
    made_by: String,
}

#[derive(Serialize)]
struct ProblemView {
    word: &'static str,
    state: &'static str,
    text: String,
}

#[derive(Serialize)]
struct FiguresView {
    name: String,
    figures: Vec<FigureView>,
}

#[derive(Serialize)]
struct FigureView {
    name: String,
    shown: String,
    spark: Option<String>,
    is_unusual: bool,
}

#[derive(Serialize)]
struct SectionView {
    id: String,
    title: String,
    blocks: Vec<BlockView>,
    blocks_more: String,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum BlockView {
    Text { text: String },
    Table { table: TableView },
    Chart { title: String, legend: Vec<String>, svg: Option<String>, note: String, table: TableView },
    Cards { title: String, cards: Vec<CardView>, note: String },
    Pictures { title: String, pictures: Vec<String>, note: String },
}

#[derive(Serialize)]
struct TableView {
    title: String,
    columns: Vec<ColumnView>,
    groups: Vec<GroupView>,
    note: String,
    is_closed: bool,
    is_empty: bool,
}

#[derive(Serialize)]
struct ColumnView {
    name: String,
    number: bool,
}

#[derive(Serialize)]
struct GroupView {
    name: Option<String>,
    rows: Vec<Vec<CellView>>,
}

#[derive(Serialize)]
struct CellView {
    text: String,
    pieces: Vec<Piece>,
    number: bool,
}

#[derive(Serialize)]
struct CardView {
    title: String,
    image: Option<String>,
    link: Option<String>,
    before: Option<String>,
    after: Option<String>,
    text: Option<String>,
    facts: Vec<(String, String)>,
}

/// Headings, names of columns and facts are no longer than this.
const NAME: usize = 80;
/// Sentences.
const SENTENCE: usize = 400;
/// A picture inside the page, in bytes; a larger one would leave no room for the rest.
const LARGEST_IMAGE: usize = 64 * 1024;

/// The page with at most what `bounds` allow.
///
/// # Errors
/// A chart that cannot be drawn.
pub fn of(page: &Page, bounds: &Bounds) -> Result<PageView, PageError> {
    let figures = || page.figures.iter().flat_map(|group| &group.figures);
    let mut unusual: Vec<String> = figures().filter_map(|figure| figure.unusual(&page.rule)).collect();
    unusual.extend(page.unusual.iter().cloned());
    let (sign, state, state_word) = match page.status {
        Status::Good => ("✓", "good", "Done"),
        Status::Look => ("!", "look", "Done, and worth a look"),
        Status::Bad => ("✗", "bad", "Failed"),
    };
    let sections: Result<Vec<SectionView>, PageError> = page
        .sections
        .iter()
        .take(bounds.parts)
        .enumerate()
        .map(|(at, section)| section_view(at, section, bounds))
        .collect();
    Ok(PageView {
        title: text(&page.title, NAME),
        sign,
        state,
        state_word,
        headline: text(&page.headline, SENTENCE),
        facts: page.facts.iter().take(bounds.parts).map(|pair| fact(pair, SENTENCE)).collect(),
        problems: page.problems.iter().take(bounds.parts).map(problem).collect(),
        problems_more: more(page.problems.len(), bounds.parts, "problems"),
        unusual: unusual.iter().take(bounds.parts).map(|sentence| text(sentence, SENTENCE)).collect(),
        unusual_more: more(unusual.len(), bounds.parts, "sentences"),
        is_compared: figures().any(|figure| !figure.earlier.is_empty()),
        rule: rule_words(&page.rule),
        figures: page.figures.iter().take(bounds.parts).map(|group| figures_view(group, &page.rule, bounds)).collect(),
        sections: sections?,
        sections_more: more(page.sections.len(), bounds.parts, "sections"),
        made_by: text(&page.made_by, NAME),
    })
}

fn rule_words(rule: &Rule) -> String {
    format!(
        "A figure is unusual when it lies further than {} times the usual spread from the median of the last {} nights; with fewer \
         than {} nights, when it differs by {} % from the last one.",
        spelled(rule.score),
        rule.nights,
        rule.least_nights,
        spelled(rule.change * 100.0)
    )
}

/// "… and 12 more rows", or nothing.
fn more(there: usize, shown: usize, what: &str) -> String {
    if there > shown {
        format!("… and {} more {what}", count((there - shown) as u64)).trim_end().to_owned()
    } else {
        String::new()
    }
}

fn fact((name, value): &(String, String), limit: usize) -> (String, String) {
    (text(name, NAME), text(value, limit))
}

fn problem(problem: &crate::model::Problem) -> ProblemView {
    let (word, state) = if problem.is_fatal { ("Failed", "bad") } else { ("Look", "look") };
    ProblemView { word, state, text: text(&problem.text, SENTENCE) }
}

fn figures_view(group: &crate::model::FigureGroup, rule: &Rule, bounds: &Bounds) -> FiguresView {
    let view = |figure: &Figure| {
        let drawn = figure.drawn();
        let about = format!("{} of {} nights", bounds::label(&figure.name, NAME), drawn.len());
        FigureView {
            name: text(&figure.name, NAME),
            shown: figure.changed(),
            spark: spark::line(&drawn, &about),
            is_unusual: figure.unusual(rule).is_some(),
        }
    };
    FiguresView { name: text(&group.name, NAME), figures: group.figures.iter().take(bounds.parts).map(view).collect() }
}

fn section_view(at: usize, section: &Section, bounds: &Bounds) -> Result<SectionView, PageError> {
    let blocks: Result<Vec<BlockView>, PageError> =
        section.blocks.iter().take(bounds.parts).map(|block| block_view(block, bounds)).collect();
    Ok(SectionView {
        id: format!("part-{}", at + 1),
        title: text(&section.title, NAME),
        blocks: blocks?,
        blocks_more: more(section.blocks.len(), bounds.parts, "parts"),
    })
}

fn block_view(block: &Block, bounds: &Bounds) -> Result<BlockView, PageError> {
    Ok(match block {
        Block::Text(sentence) => BlockView::Text { text: text(sentence, SENTENCE.max(4 * bounds.cell)) },
        Block::Table(table) => BlockView::Table { table: table_view(table, bounds) },
        Block::Chart(chart) => chart_view(chart, bounds)?,
        Block::Cards { title, cards, total } => BlockView::Cards {
            title: text(title, NAME),
            cards: cards.iter().take(bounds.cards).map(|card| card_view(card, bounds)).collect(),
            note: more(usize::try_from(*total).unwrap_or(usize::MAX), cards.len().min(bounds.cards), "cards"),
        },
        Block::Graph(graph) => BlockView::Pictures {
            title: text(&graph.title, NAME),
            pictures: graph.within(bounds.vertices).pictures(),
            note: more(graph.vertices.len(), bounds.vertices, "steps"),
        },
        Block::Timeline(timeline) => BlockView::Pictures {
            title: text(&timeline.title, NAME),
            pictures: timeline.within(bounds.vertices).picture().into_iter().collect(),
            note: more(timeline.spans.len(), bounds.vertices, "steps, all shorter"),
        },
    })
}

fn chart_view(chart: &Chart, bounds: &Bounds) -> Result<BlockView, PageError> {
    let shown = chart.within(bounds.bars);
    let left_out = usize::try_from(chart.total).unwrap_or(usize::MAX);
    let mut notes = vec![more(left_out, shown.categories.len(), "")];
    notes.push(more(chart.series.len(), shown.series.len(), "series"));
    notes.retain(|note| !note.is_empty());
    Ok(BlockView::Chart {
        title: text(&chart.title, NAME),
        legend: shown.legend(),
        svg: shown.svg()?,
        note: notes.join("; "),
        table: table_view(&data_of(chart), bounds),
    })
}

/// The numbers of a chart as a table: for those who cannot see it, and for those who want to know exactly.
fn data_of(chart: &Chart) -> Table {
    let mut columns = vec![crate::model::Column::text(&chart.x)];
    let is_plain = chart.series.len() == 1 || chart.kind == ChartKind::Histogram;
    columns.extend(
        chart.series.iter().map(|series| crate::model::Column::number(if is_plain { &chart.y } else { &series.name })),
    );
    let row = |(at, category): (usize, &String)| {
        let values = chart
            .series
            .iter()
            .map(|series| series.values.get(at).copied().flatten().map_or_else(String::new, spelled));
        std::iter::once(category.clone()).chain(values).map(Cell::Text).collect()
    };
    let rows = chart.categories.iter().enumerate().map(row).collect();
    let groups = vec![Group { name: None, rows }];
    Table { title: "The numbers".to_owned(), columns, groups, total_rows: chart.total, is_closed: true }
}

fn table_view(table: &Table, bounds: &Bounds) -> TableView {
    let columns: Vec<ColumnView> = table
        .columns
        .iter()
        .take(bounds.columns)
        .map(|column| ColumnView { name: text(&column.name, NAME), number: column.is_number })
        .collect();
    let mut left = bounds.rows;
    let mut groups = Vec::new();
    for group in &table.groups {
        if left == 0 {
            break;
        }
        let rows: Vec<Vec<CellView>> = group.rows.iter().take(left).map(|row| cells(row, &columns, bounds)).collect();
        left -= rows.len();
        groups.push(GroupView { name: group.name.as_ref().map(|name| text(name, NAME)), rows });
    }
    let total = usize::try_from(table.total_rows).unwrap_or(usize::MAX);
    let mut notes = vec![more(total, bounds.rows - left, "rows"), more(table.columns.len(), bounds.columns, "columns")];
    notes.retain(|note| !note.is_empty());
    TableView {
        title: text(&table.title, NAME),
        is_empty: groups.iter().all(|group| group.rows.is_empty()),
        columns,
        groups,
        note: notes.join("; "),
        is_closed: table.is_closed,
    }
}

fn cells(row: &[Cell], columns: &[ColumnView], bounds: &Bounds) -> Vec<CellView> {
    let cell = |(cell, column): (&Cell, &ColumnView)| match cell {
        Cell::Text(words) => CellView { text: text(words, bounds.cell), pieces: Vec::new(), number: column.number },
        Cell::Marked(pieces) => {
            let mut left = bounds.cell;
            let mut kept = Vec::new();
            for piece in pieces {
                if left == 0 {
                    break;
                }
                kept.push(Piece { text: text(&piece.text, left), differs: piece.differs });
                left = left.saturating_sub(piece.text.chars().count());
            }
            CellView { text: String::new(), pieces: kept, number: false }
        }
    };
    row.iter().zip(columns).map(cell).collect()
}

fn card_view(card: &Card, bounds: &Bounds) -> CardView {
    let short = |words: &Option<String>| words.as_ref().map(|words| text(words, NAME));
    let picture = card.picture.as_deref().map(str::trim).unwrap_or_default();
    CardView {
        title: text(&card.title, bounds.cell),
        image: is_image(picture).then(|| picture.to_owned()),
        link: is_link(picture).then(|| picture.to_owned()),
        before: short(&card.before),
        after: short(&card.after),
        text: card.text.as_ref().map(|words| text(words, SENTENCE.min(4 * bounds.cell))),
        facts: card.facts.iter().take(8).map(|pair| fact(pair, bounds.cell)).collect(),
    }
}

/// An image that lies in its own address. SVG is not among them: it is a document of its own.
fn is_image(url: &str) -> bool {
    let kinds =
        ["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,", "data:image/gif;base64,"];
    let fits = |kind: &str| url.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind));
    url.len() <= LARGEST_IMAGE && kinds.into_iter().any(fits)
}

/// An address of the web that a person may follow; nothing else, such as `javascript:`.
fn is_link(url: &str) -> bool {
    let starts = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_plain = url.chars().all(|letter| letter.is_ascii_graphic() || !letter.is_ascii());
    url.len() <= 2048 && is_plain && (starts("https://") || starts("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links_and_only_images_in_the_page_are_pictures() {
        assert!(is_link("https://shop.example/a.jpg") && is_link("HTTP://a/é"));
        for bad in
            ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//a", "https://a b", "file:///etc", ""]
        {
            assert!(!is_link(bad), "{bad}");
        }
        assert!(is_image("data:image/png;base64,AAAA") && !is_image("data:image/svg+xml;base64,AAAA"));
        assert!(!is_image(&format!("data:image/png;base64,{}", "A".repeat(100_000))));
    }
}
