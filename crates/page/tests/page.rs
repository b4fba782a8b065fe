//! Whole pages: what is in them, hostile data, and how large they may get.

use nightloom_page::{
    Block, Card, Cell, Chart, ChartKind, Column, Edge, Figure, FigureGroup, Graph, Group, LARGEST_PAGE_BYTES, Page,
    Past, Problem, Rule, Section, Series, Span, Status, Table, Timeline, Unit, Vertex, VertexState, differing, html,
};

/// A page with every kind of block, whose texts are all `word`.
fn page_of(word: &str, rows: usize) -> Page {
    let text = || word.to_owned();
    let chart = |kind| {
        Block::Chart(Chart {
            title: text(),
            kind,
            x: text(),
            y: text(),
            categories: vec![text(); rows.min(50)],
            series: vec![Series { name: text(), values: vec![Some(3.0); rows.min(50)] }; 3],
            total: rows as u64,
        })
    };
    let (left, right) = differing(word, "another text");
    let row = vec![Cell::Text(text()), Cell::Marked(left), Cell::Marked(right)];
    let table = Table {
        title: text(),
        columns: vec![Column::text(word), Column::text(word), Column::number(word)],
        groups: vec![Group { name: Some(text()), rows: vec![row; rows] }],
        total_rows: rows as u64,
        is_closed: false,
    };
    let card = Card {
        title: text(),
        picture: Some(text()),
        before: Some(text()),
        after: Some(text()),
        text: Some(text()),
        facts: vec![(text(), text())],
    };
    let vertex = Vertex { name: text(), lines: vec![text(), text()], state: VertexState::Failed };
    let graph = Graph { title: text(), vertices: vec![vertex; 3], edges: vec![Edge { from: 0, to: 2 }] };
    let span = Span { name: text(), start: 0.0, seconds: 1.0, state: VertexState::Done };
    let mut blocks =
        vec![Block::Text(text()), Block::Table(table.clone()), Block::Table(Table { is_closed: true, ..table })];
    let kinds = [ChartKind::Bar, ChartKind::StackedBar, ChartKind::Line, ChartKind::Histogram, ChartKind::HeatMap];
    blocks.extend(kinds.map(chart));
    blocks.push(Block::Cards { title: text(), cards: vec![card; rows.min(40)], total: rows as u64 });
    blocks.push(Block::Graph(graph));
    blocks.push(Block::Timeline(Timeline { title: text(), spans: vec![span], seconds: 1.0 }));
    let past = Past { value: 900.0, of: None };
    let figure = Figure {
        part: text(),
        name: text(),
        unit: Unit::Count,
        value: 5.0,
        of: None,
        before: Some(past),
        earlier: vec![past; 30],
    };
    Page {
        title: text(),
        status: Status::Bad,
        headline: text(),
        facts: vec![(text(), text())],
        problems: vec![Problem { is_fatal: true, text: text() }, Problem { is_fatal: false, text: text() }],
        figures: vec![FigureGroup { name: text(), figures: vec![figure] }],
        rule: Rule::default(),
        unusual: vec![text()],
        sections: vec![Section { title: text(), blocks }],
        made_by: text(),
    }
}

/// The tags of a page in order, without their attributes; of pictures only the first, since how many labels fit into one
/// depends on how wide they are.
fn tags(html: &str) -> Vec<&str> {
    let end =
        |tag: &str| tag.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '/').unwrap_or(tag.len());
    let mut inside = false;
    let mut tags = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = &tag[..end(tag)];
        inside &= tag != "/svg";
        if inside {
            let known = ["title", "g", "line", "text", "rect", "path", "circle", "polyline", "svg"];
            assert!(known.contains(&tag.trim_start_matches('/')), "<{tag}> in a picture");
        } else {
            tags.push(tag);
        }
        inside |= tag == "svg";
    }
    tags
}

#[test]
fn a_page_is_one_file_that_asks_for_nothing_and_forbids_scripts() {
    let text = html(&page_of("plain", 3)).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("lang=\"en\""));
    assert!(text.contains("default-src 'none'; style-src 'sha256-") && !text.contains("<script"));
    for asking in ["src=\"http", "url(", "@import", "<iframe", "<object", "<form", " style=\"", "<base"] {
        assert!(!text.contains(asking), "{asking}");
    }
    for part in
        ["<h1", "<h2", "<nav", "<main", "scope=\"col\"", "role=\"img\"", "prefers-color-scheme:dark", "@media print"]
    {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn an_unusual_figure_is_told_and_a_usual_night_says_so() {
    let mut page = page_of("plain", 3);
    let text = html(&page).unwrap();
    assert!(text.contains("plain: plain 5, less than usual: 900 in 30 nights"), "{text}");
    page.figures[0].figures[0].value = 903.0;
    page.unusual.clear();
    assert!(html(&page).unwrap().contains("All figures are as usual."));
    page.figures[0].figures[0].earlier.clear();
    assert!(html(&page).unwrap().contains("This is the first night"));
}

#[test]
fn hostile_texts_change_neither_the_tags_nor_the_links_of_a_page() {
    let plain = html(&page_of("plain", 3)).unwrap();
    let long = format!("<b>{}", "x".repeat(10_000));
    let hostile = [
        "<script>alert(1)</script>",
        "</style><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)' x='",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "{{ 7 * 7 }}{% for x in y %}",
        "]]></svg><svg onload=alert(1)>",
        "<!-- --> & &amp; &lt; ${x} `y`",
        "\u{202e}\u{2066}שלום עולם العربية\u{0}\u{1b}[31m",
        long.as_str(),
    ];
    for word in hostile {
        let text = html(&page_of(word, 3)).unwrap();
        assert_eq!(tags(&text), tags(&plain), "{word}");
        assert!(
            !text.contains("onerror=alert(1)>") && !text.contains("<img") && !text.contains("href=\"java"),
            "{word}"
        );
        assert!(!text.contains(['\0', '\u{1b}', '\u{202e}', '\u{2066}']), "{word}");
        assert!(text.len() < 150_000, "{} bytes for {word}", text.len());
    }
}

#[test]
fn what_is_too_much_is_cut_with_its_number_below_two_megabytes() {
    let mut page = page_of(&"<'\u{1f9f5}&".repeat(500), 100);
    page.sections = vec![page.sections[0].clone(); 40];
    let text = html(&page).unwrap();
    assert!(text.len() <= LARGEST_PAGE_BYTES, "{} bytes", text.len());
    assert!(
        text.contains("more rows") && text.contains("more sections") && text.contains("characters more"),
        "{}",
        text.len()
    );
}

#[test]
fn a_picture_is_shown_if_it_lies_in_the_page_and_else_a_link() {
    let shown = html(&page_of("data:image/png;base64,iVBORw0KGgo=", 1)).unwrap();
    assert!(
        shown.contains("<img src=\"data:image&#x2f;png;base64,iVBORw0KGgo")
            || shown.contains("<img src=\"data:image/png")
    );
    let linked = html(&page_of("https://shop.example/a.jpg", 1)).unwrap();
    assert!(linked.contains("rel=\"noopener noreferrer\">picture</a>") && !linked.contains("<img"));
}
