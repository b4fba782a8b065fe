//! Pages of data that wants to be markup, and of more rows than anybody reads.

use std::time::{Duration, Instant};

use crate::support::Place;

/// Every kind of report over one file.
const PIPELINE: &str = r#"
name = "hostile"
[sources.rows]
csv = "rows.csv"
types = { n = "int" }
[figures."<b>figure</b>"]
from = "rows"
[reports.table]
title = "<b>Table</b>"
from = "rows"
compare = ["title", "shop"]
limit = 200
[reports.bar]
from = "rows"
chart = "bar"
x = "title"
y = "n"
[reports.stacked]
from = "rows"
chart = "stacked_bar"
x = "shop"
series = "title"
[reports.line]
from = "rows"
chart = "line"
x = "n"
y = "n"
series = "shop"
measure = "mean"
[reports.histogram]
from = "rows"
chart = "histogram"
x = "n"
[reports.heat]
from = "rows"
chart = "heat_map"
x = "shop"
series = "title"
[reports.cards]
from = "rows"
chart = "cards"
card = { title = "title", picture = "picture", text = "title", before = "shop", after = "n", facts = ["shop"] }
[reports.rejected]
from = "rows.rejected"
"#;

fn page(place: &Place) -> String {
    let run = ["run", "p.toml", "--workspace", ".", "--no-report"];
    place.nightloom(run).expect_success();
    place.nightloom(["report", "p.toml", "--workspace", ".", "--out", "page.html"]).expect_success();
    std::fs::read_to_string(place.path("page.html")).expect("a page")
}

#[test]
fn hostile_titles_shops_and_reasons_stay_text() {
    let place = Place::new();
    std::fs::write(place.path("p.toml"), PIPELINE).expect("a pipeline");
    let long = "x".repeat(10_000);
    let words = [
        "<script>alert(1)</script>",
        "\"\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</svg></style><script>alert(1)</script>",
        "javascript:alert(1)",
        "{{ 7 * 7 }}{% raw %}",
        "\u{202e}שלום עולם\u{2066}",
        long.as_str(),
    ];
    let mut text = "title,shop,picture,n\n".to_owned();
    for (number, word) in words.iter().enumerate() {
        text += &format!("\"{word}\",\"{word}\",\"{word}\",{number}\n\"{word}\",\"{word}\",x,\"{word}\"\n");
    }
    std::fs::write(place.path("rows.csv"), text).expect("rows");
    let page = page(&place);
    for bad in
        ["<script", "<img", "onerror=alert(1)>", "href=\"javascript", "\u{202e}", "\u{2066}", "<b>Table", "<b>figure"]
    {
        assert!(!page.contains(bad), "{bad}");
    }
    assert!(page.contains("characters more") && page.contains("Rejected rows by reason"));
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn the_page_of_a_million_rows_is_below_two_megabytes_and_quick() {
    let place = Place::new();
    std::fs::write(place.path("p.toml"), PIPELINE).expect("a pipeline");
    let row = |n: u32| {
        format!("a title with several words {},shop {},https://shop.example/{n}.jpg,{}\n", n % 5000, n % 800, n % 977)
    };
    let text: String = std::iter::once("title,shop,picture,n\n".to_owned()).chain((0..1_000_000).map(row)).collect();
    std::fs::write(place.path("rows.csv"), text).expect("rows");
    place.nightloom(["run", "p.toml", "--workspace", ".", "--no-report"]).expect_success();
    let started = Instant::now();
    place.nightloom(["report", "p.toml", "--workspace", ".", "--out", "page.html"]).expect_success();
    let took = started.elapsed();
    let page = std::fs::read_to_string(place.path("page.html")).expect("a page");
    println!("{} bytes in {took:?}", page.len());
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("… and 999,") && page.contains("1,000,000"), "what is cut has its number");
    // Two seconds by themselves; other tests run beside it.
    assert!(took < Duration::from_secs(8), "{took:?}");
}
