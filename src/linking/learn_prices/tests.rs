//! A year of synthetic prices whose figures are known.

use polars::prelude::*;

use super::*;
use crate::{linking::testing::context, operator::Operator};

fn observations(rows: &[(i64, &str, &str, f64, &str)]) -> DataFrame {
    df!(
        "id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "retailer" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "url" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "price" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "observed_at" => rows.iter().map(|row| row.4).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn learn(rows: &[(i64, &str, &str, f64, &str)]) -> (DataFrame, DataFrame, DataFrame) {
    let frames = Frames::new().with("catalog", observations(rows));
    let mut frames = LearnPrices::default().run(frames, &context()).unwrap();
    let mut take = |port| frames.take(port).unwrap().collect().unwrap();
    (take("price_history"), take("price_patterns"), take("rejected"))
}

fn float(frame: &DataFrame, name: &str) -> Option<f64> {
    floats(frame, name).unwrap()[0]
}

fn integer(frame: &DataFrame, name: &str) -> Option<i64> {
    integers(frame, name).unwrap()[0]
}

#[test]
fn a_sale_and_its_end_are_two_changes_of_one_page() {
    let (history, patterns, rejected) = learn(&[
        (1, "r", "https://r.com/a?x=1", 100.0, "2026-01-01T10:00:00"),
        (2, "r", "https://r.com/a/", 100.004, "2026-01-05"),
        (3, "r", "https://r.com/a", 90.0, "2026-01-10T08:00:00"),
        // Of a day's prices the last counts.
        (4, "r", "https://r.com/a", 80.0, "2026-01-10 20:00:00"),
        (5, "r", "https://r.com/a", 99.0, "2026-02-01T10:00:00Z"),
        (6, "r", "https://r.com/a", 0.0, "2026-02-02"),
        (7, "r", "https://r.com/a", 5.0, "soon"),
        // Before the window.
        (8, "r", "https://r.com/a", 500.0, "2020-01-01"),
    ]);
    assert_eq!(floats(&history, "previous_price").unwrap(), [Some(100.0), Some(80.0)]);
    assert_eq!(integers(&history, "row_ref").unwrap(), [Some(4), Some(5)]);
    assert_eq!(integer(&patterns, "product_days"), Some(31));
    assert_eq!((integer(&patterns, "drops"), integer(&patterns, "rises")), (Some(1), Some(1)));
    assert_eq!(float(&patterns, "reverting_share"), Some(1.0));
    assert_eq!(float(&patterns, "change_rate_month"), Some(2.0 / (31.0 / 30.44)));
    assert!((float(&patterns, "mean_abs_pct").unwrap() - (0.2 + 19.0 / 80.0) / 2.0).abs() < 1e-12);
    assert_eq!(float(&patterns, "volatility"), None);
    assert_eq!(texts(&rejected, "reason").unwrap(), [Some("price_not_positive"), Some("time_not_iso_8601")]);
}

#[test]
fn the_last_price_of_a_day_is_that_of_the_day_where_it_was_seen() {
    let (history, _, _) = learn(&[
        (1, "r", "https://r.com/a", 11.0, "2026-02-02T12:00:00+01:00"),
        (2, "r", "https://r.com/a", 11.0, "2026-02-03T12:00:00+01:00"),
        (3, "r", "https://r.com/a", 10.0, "2026-02-04T00:30:00+01:00"),
        (4, "r", "https://r.com/a", 12.0, "2026-02-04T18:00:00+01:00"),
        (5, "r", "https://r.com/a", 13.0, "2026-02-04T23:30:00-05:00"),
    ]);
    assert_eq!(floats(&history, "previous_price").unwrap(), [Some(11.0)]);
    assert_eq!(integers(&history, "row_ref").unwrap(), [Some(5)]);
}

#[test]
fn variants_that_an_identity_parameter_tells_apart_have_prices_of_their_own() {
    let rows = [
        (1, "r", "https://r.com/a?color=red&utm=1", 100.0, "2026-01-01"),
        (2, "r", "https://r.com/a?color=blue", 80.0, "2026-01-02"),
        (3, "r", "https://r.com/a/?color=red", 100.0, "2026-01-03"),
        (4, "r", "https://r.com/a?utm=2&color=blue", 70.0, "2026-01-04"),
    ];
    assert_eq!(learn(&rows).0.height(), 3);
    let identity_params = [("r".to_owned(), vec!["color".to_owned()])].into();
    let operator = LearnPrices { identity_params, ..LearnPrices::default() };
    let mut frames = operator.run(Frames::new().with("catalog", observations(&rows)), &context()).unwrap();
    let history = frames.take("price_history").unwrap().collect().unwrap();
    assert_eq!(texts(&history, "product_key").unwrap(), [Some("https://r.com/a?color=blue")]);
    assert_eq!(floats(&history, "previous_price").unwrap(), [Some(80.0)]);
}

#[test]
fn the_window_compares_instants_whatever_the_time_of_day_and_the_way_of_writing() {
    for (as_of, inside, outside) in [
        (
            "2026-03-01T00:30:00Z",
            ["2026-02-28 00:30:00", "2026-02-28T23:59:59", "2026-03-01T01:30:00+01:00"],
            ["2026-02-28T00:29:59", "2026-02-28 00:29:59", "2026-03-01 00:30:01", "2026-03-01T00:30:01"],
        ),
        (
            "2026-03-01T12:00:00Z",
            ["2026-02-28T12:00:00", "2026-03-01", "2026-03-01 12:00:00"],
            ["2026-02-28", "2026-02-28 11:59:59", "2026-03-01T12:00:01", "2026-03-01T13:00:00"],
        ),
    ] {
        let urls: Vec<String> = (0..7).map(|page| format!("https://r.com/{page}")).collect();
        let times = inside.iter().chain(&outside);
        let rows: Vec<_> =
            (1..).zip(&urls).zip(times).map(|((id, url), time)| (id, "r", url.as_str(), 9.0, *time)).collect();
        let context = StageContext { as_of: as_of.parse().unwrap(), ..context() };
        let operator = LearnPrices { window_days: 1, ..LearnPrices::default() };
        let mut frames = operator.run(Frames::new().with("catalog", observations(&rows)), &context).unwrap();
        let patterns = frames.take("price_patterns").unwrap().collect().unwrap();
        assert_eq!(integer(&patterns, "products_observed"), Some(inside.len() as i64), "{as_of}");
        assert_eq!(frames.take("rejected").unwrap().collect().unwrap().height(), 0);
    }
}

#[test]
fn a_year_of_monthly_changes_has_the_figures_computed_by_hand() {
    let days: Vec<String> = (4..=12)
        .map(|month| format!("2025-{month:02}-05"))
        .chain(["2026-01-05", "2026-02-05", "2026-03-01"].map(str::to_owned))
        .collect();
    let rows: Vec<_> = (0i64..)
        .zip(&days)
        .map(|(at, day)| (at, "r", "https://r.com/a", if at % 2 == 0 { 100.0 } else { 80.0 }, day.as_str()))
        .collect();
    let (_, patterns, _) = learn(&rows);
    // Six drops by a fifth, five rises by a quarter, over the 330 days from 5 April to 1 March.
    assert_eq!((integer(&patterns, "drops"), integer(&patterns, "rises")), (Some(6), Some(5)));
    assert_eq!(integer(&patterns, "product_days"), Some(330));
    let close = |name: &str, wanted: f64| {
        let found = float(&patterns, name).unwrap();
        assert!((found - wanted).abs() < 1e-12, "{name}: {found}, by hand {wanted}");
    };
    close("change_rate_month", 11.0 * 30.44 / 330.0);
    close("mean_abs_pct", (6.0 * 0.2 + 5.0 * 0.25) / 11.0);
    close("max_abs_pct", 0.25);
    // With x = ln 1.25 the mean is -x/11, the squares' sum 11 x² - x²/11 = 120/11 x², over 10 degrees of freedom.
    close("volatility", 1.25f64.ln() * (12.0f64 / 11.0).sqrt());
    // The median is -x, and more than half of the changes lie on it.
    close("robust_volatility", 0.0);
    // The last drop is not followed by a rise.
    close("reverting_share", 5.0 / 6.0);
    assert_eq!(texts(&patterns, "class").unwrap(), [Some("volatile")]);
}

#[test]
fn a_change_by_more_than_five_times_is_set_aside() {
    let (history, patterns, _) = learn(&[
        (1, "r", "https://r.com/a", 10.0, "2026-01-01"),
        (2, "r", "https://r.com/a", 1000.0, "2026-01-02"),
        (3, "r", "https://r.com/a", 10.0, "2026-01-03"),
    ]);
    assert_eq!(history.height(), 2);
    assert_eq!((integer(&patterns, "changes"), integer(&patterns, "suspect_changes")), (Some(0), Some(2)));
}

#[test]
fn a_retailer_that_changes_prices_in_november_alone_is_seasonal() {
    let pages: Vec<String> = (0..40).map(|page| format!("https://r.com/{page}")).collect();
    let mut rows = Vec::new();
    for (id, page) in (0i64..).zip(&pages) {
        rows.push((id, "r", page.as_str(), 100.0, "2025-03-05"));
        rows.push((
            id + 100,
            "r",
            page.as_str(),
            70.0,
            ["2025-11-04", "2025-11-11", "2025-11-18", "2025-11-25"][id as usize % 4],
        ));
        rows.push((id + 200, "r", page.as_str(), 70.0, "2026-02-27"));
    }
    let (_, patterns, _) = learn(&rows);
    assert_eq!(texts(&patterns, "class").unwrap(), [Some("seasonal")]);
    // 359 watched days a page, all changes in the 30 days of November.
    let months: serde_json::Value = serde_json::from_str(texts(&patterns, "month_index").unwrap()[0].unwrap()).unwrap();
    assert!((months["11"]["change"].as_f64().unwrap() - 359.0 / 30.0).abs() < 1e-9);
    assert!((months["11"]["discount"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    assert!(months.get("3").is_none());
    // All on Tuesdays.
    let weekdays: serde_json::Value =
        serde_json::from_str(texts(&patterns, "weekday_index").unwrap()[0].unwrap()).unwrap();
    assert_eq!(weekdays.as_object().unwrap().keys().collect::<Vec<_>>(), ["2"]);
    assert!(float(&patterns, "seasonality_strength").unwrap() > 0.9);
}
