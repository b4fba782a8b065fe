//! A page with a bit of everything, as a night of a shop could be.

use nightloom_page::{
    Block, Card, Cell, Chart, ChartKind, Column, Edge, Figure, FigureGroup, Graph, Group, Page, Past, Problem, Rule,
    Section, Series, Span, Status, Table, Timeline, Unit, Vertex, VertexState, differing,
};

const SHOPS: [&str; 10] =
    ["petalworks", "revolve", "nordstrom", "shopbop", "zara", "anthropologie", "asos", "farfetch", "mango", "uniqlo"];
const METHODS: [&str; 4] = ["exact_url", "normalized_url", "exact_title_price", "fuzzy_title_price"];

/// A page in which `word` stands wherever a text of data may stand.
pub fn page(word: &str) -> Page {
    let checks = vec![Block::Table(rejects(word))];
    Page {
        title: "nightly".into(),
        status: Status::Bad,
        headline: "failed in 4.1 s: 34 of 41 steps made, 45 written, 1 failed; 412 MiB".into(),
        facts: vec![("began".into(), "2026-03-01 02:00 UTC".into()), ("took".into(), "4.1 s".into())],
        problems: vec![
            Problem { is_fatal: true, text: format!("stage 'price' failed: no price for {word}") },
            Problem { is_fatal: false, text: "link: links: unique [catalog_id]: 2 keys repeat".into() },
        ],
        figures: figures(word),
        rule: Rule::default(),
        unusual: vec![format!("workflows: 3 more patterns than before ({word})")],
        sections: vec![
            Section { title: "linking".into(), blocks: charts(word) },
            Section { title: "bundles".into(), blocks: vec![cards(word)] },
            Section { title: "Checks".into(), blocks: checks },
            Section { title: "The run".into(), blocks: run(word) },
        ],
        made_by: "nightloom".into(),
    }
}

fn figures(word: &str) -> Vec<FigureGroup> {
    let figure = |name: &str, value: f64, of: Option<f64>| {
        let past = |night: u32| Past { value: 1760.0 + f64::from(night * 7 % 11), of };
        Figure {
            part: "linking".into(),
            name: name.into(),
            unit: Unit::Count,
            value,
            of,
            before: Some(past(0)),
            earlier: (0..29).map(past).collect(),
        }
    };
    let figures =
        vec![figure("linked", 1177.0, Some(2000.0)), figure(word, 1763.0, None), figure("staged", 1765.0, None)];
    let parts = ["linking", "prices", "workflows", "baskets"];
    parts.map(|part| FigureGroup { name: part.into(), figures: figures.clone() }).into()
}

fn chart(title: &str, kind: ChartKind, categories: Vec<String>, series: &[&str]) -> Block {
    let values = |at: usize| (0..categories.len()).map(|n| Some(((n * 37 + at * 53) % 97) as f64 * 3.0)).collect();
    let series = series.iter().enumerate().map(|(at, name)| Series { name: (*name).into(), values: values(at) });
    let total = categories.len() as u64 + 3;
    let (x, y, series) = ("retailer".into(), "links".into(), series.collect());
    Block::Chart(Chart { title: title.into(), kind, x, y, categories, series, total })
}

fn charts(word: &str) -> Vec<Block> {
    let mut shops: Vec<String> = SHOPS.iter().map(|shop| (*shop).to_owned()).collect();
    shops[3] = word.to_owned();
    let ranges = (0..16).map(|at| format!("{:.2}", 0.85 + f64::from(at) / 100.0)).collect();
    let days = (1..=30).map(|day| format!("2026-02-{day:02}")).collect();
    let pairs = [
        ("Silk Midi Dress in Ivory", "Silk Maxi Dress in Ivory"),
        ("Linen Blazer Sand", "Linen Blazer"),
        (word, "Wool Coat"),
    ];
    let rows = pairs.map(|(one, other)| {
        let (left, right) = differing(one, other);
        vec![Cell::from("revolve"), Cell::Marked(left), Cell::Marked(right), Cell::from("0.8421")]
    });
    let columns =
        vec![Column::text("retailer"), Column::text("title"), Column::text("nearest"), Column::number("similarity")];
    vec![
        chart("Links by retailer and method", ChartKind::StackedBar, shops.clone(), &METHODS),
        chart("Links by retailer", ChartKind::Bar, shops.clone(), &["links"]),
        chart("How sure the links are", ChartKind::Histogram, ranges, &["rows"]),
        chart("Links by night", ChartKind::Line, days, &["linked", word]),
        chart(
            "Methods by retailer",
            ChartKind::HeatMap,
            METHODS.map(str::to_owned).into(),
            &["zara", "asos", "mango", word],
        ),
        Block::Table(Table::plain("Nearest of those not linked, and what differs", columns, rows.into())),
        Block::Table(sections(word)),
    ]
}

fn sections(word: &str) -> Table {
    let row = |name: &str| vec![Cell::from(name), Cell::from("1,765"), Cell::from("88.2 %")];
    let group = |name: &str| Group { name: Some(name.into()), rows: vec![row("exact_url"), row(word)] };
    let columns = vec![Column::text("name"), Column::number("count"), Column::number("share")];
    Table {
        title: "Linking".into(),
        columns,
        groups: vec![group("By method"), group(word)],
        total_rows: 90,
        is_closed: false,
    }
}

fn cards(word: &str) -> Block {
    let card = |title: &str| Card {
        title: title.into(),
        picture: Some("https://shop.example/a.jpg".into()),
        before: Some("48.00".into()),
        after: Some("41.50".into()),
        text: Some("Bought together in 37 of 210 orders, four times more often than chance.".into()),
        facts: vec![("earns".into(), "212.40".into()), ("shop".into(), "shop-1".into())],
    };
    Block::Cards {
        title: "Bundles".into(),
        cards: vec![card("Tea pot and two cups"), card(word), card("Candle set")],
        total: 57,
    }
}

fn rejects(word: &str) -> Table {
    let columns = vec![Column::text("step"), Column::text("reason"), Column::number("rows"), Column::text("examples")];
    let row = |reason: &str| vec!["ingest".into(), reason.into(), "12".into(), format!("row 7, value {word}").into()];
    Table::plain("Rejected rows by reason", columns, vec![row("no price"), row(word)])
}

fn run(word: &str) -> Vec<Block> {
    let states = [VertexState::Done, VertexState::Fresh, VertexState::Failed, VertexState::Not];
    let vertex = |at: usize| Vertex {
        name: if at == 4 { word.into() } else { format!("step_{at}") },
        lines: vec!["1,765 rows".into(), "120 ms · 31 MiB".into()],
        state: states[at % 4],
    };
    let edges = [(0, 3), (1, 3), (2, 4), (3, 5), (4, 5), (5, 6), (5, 7), (6, 8)];
    let edges = edges.map(|(from, to)| Edge { from, to }).into();
    let span =
        |at: usize| Span { name: format!("step_{at}"), start: at as f64 * 0.4, seconds: 0.5, state: states[at % 4] };
    vec![
        Block::Graph(Graph { title: "The pipeline".into(), vertices: (0..9).map(vertex).collect(), edges }),
        Block::Timeline(Timeline {
            title: "When each step ran".into(),
            spans: (0..9).map(span).collect(),
            seconds: 4.1,
        }),
    ]
}
