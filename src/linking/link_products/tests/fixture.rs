//! The reference fixture of the specification (section 4.8), and what the corrected rules do differently.

use super::*;

fn products() -> Vec<Row> {
    vec![
        Row::new(1, "https://r.com/a/dp/A1/", "r", "Alpha Dress", 100.0, "A1"),
        Row::new(2, "https://r.com/b/dp/B1/?x=1", "r", "Beta Dress", 50.0, "B1"),
        Row::new(3, "https://r.com/c/dp/C1/", "r", "Gamma Long Sleeve Dress", 80.0, "C1"),
        Row::new(4, "https://r.com/d/dp/D1/", "r", "Delta Maxi Dress in Black", 70.0, "D1"),
    ]
}

fn catalog() -> Vec<Row> {
    vec![
        Row::new(1, "https://r.com/a/dp/A1/", "r", "Alpha Dress", 100.0, ""),
        Row::new(2, "https://r.com/b/dp/B1?y=2", "r", "Beta Dress", 50.0, ""),
        Row::new(3, "https://r.com/other/3", "r", "Something", 80.0, "C1"),
        Row::new(4, "https://r.com/other/4", "r", "Gamma Long Sleeve Dress", 80.5, ""),
        Row::new(5, "https://r.com/other/5", "r", "delta maxi dress in black ", 70.99, ""),
        Row::new(6, "https://r.com/other/6", "r", "delta maxi dress in  black", 71.0, ""),
        Row::new(7, "https://r.com/other/7", "r", "Unknown Thing", 10.0, ""),
        Row::new(8, "https://s.com/1", "s", "Alpha Dress", 100.0, ""),
    ]
}

fn quirks() -> LinkProducts {
    LinkProducts { original_quirks: true, ..LinkProducts::default() }
}

fn link(told: &Told) -> Option<(i64, f64, &str)> {
    told.link.as_ref().map(|(product, _, confidence, method, _)| (*product, *confidence, method.as_str()))
}

#[test]
fn the_reference_fixture_is_reproduced_in_both_modes() {
    for operator in [quirks(), LinkProducts::default()] {
        let told = told(&operator, &catalog(), &products(), &[]);
        let links: Vec<_> = told.iter().map(link).collect();
        assert_eq!(
            links,
            [
                Some((1, 1.0, "exact_url")),
                Some((2, 0.95, "normalized_url")),
                Some((3, 0.90, "product_code")),
                Some((3, 0.95, "exact_title_price")),
                Some((4, 0.8999999999999999, "fuzzy_title_price")),
                None,
                None,
                None,
            ]
        );
        let reasons: Vec<_> = told.iter().filter_map(|told| told.reason.as_deref()).collect();
        assert_eq!(reasons, ["no_price_neighbour", "no_price_neighbour", "no_retailer_products"]);
    }
}

#[test]
fn the_report_has_the_figures_of_the_original_in_its_order() {
    let mut output = outputs(&quirks(), inputs(&catalog(), &products(), &[]));
    let stats = output("link_stats");
    let counts: Vec<_> = stats.column("count").unwrap().i64().unwrap().into_no_null_iter().collect();
    assert_eq!(counts, [8, 5, 3, 2, 3, 1, 1, 1, 1, 1, 5]);
    let names: Vec<_> = stats.column("name").unwrap().str().unwrap().iter().flatten().skip(5).collect();
    assert_eq!(names, ["exact_url", "normalized_url", "product_code", "exact_title_price", "fuzzy_title_price", "r"]);
    assert_eq!(stats.column("share").unwrap().f64().unwrap().get(1), Some(0.625));
}

#[test]
fn empty_inputs_give_a_report_with_zeros_and_no_ratio() {
    let mut output = outputs(&LinkProducts::default(), inputs(&[], &[], &[]));
    let stats = output("link_stats");
    assert_eq!(stats.height(), 5);
    assert_eq!(stats.column("share").unwrap().null_count(), 5);
    assert_eq!(output("links").height(), 0);
}

#[test]
fn the_original_leaves_the_url_levels_out_for_an_unstable_retailer() {
    let patterns = [("r", 0.4, "exact_url", 5, "")];
    let told = told(&quirks(), &catalog(), &products(), &patterns);
    assert_eq!(link(&told[0]), Some((1, 0.95, "exact_title_price")));
    assert_eq!(link(&told[2]), None);
}

#[test]
fn an_unstable_retailers_url_counts_only_if_title_or_price_agrees() {
    let patterns = [("r", 0.4, "exact_url", 20, "")];
    let mut catalog = catalog();
    catalog[1].title = Some("Another Thing".to_owned());
    catalog[1].price = Some(20.0);
    let told = told(&LinkProducts::default(), &catalog, &products(), &patterns);
    assert_eq!(link(&told[0]), Some((1, 1.0, "exact_url")));
    assert_eq!(link(&told[1]), None);
    assert_eq!(told[1].reason.as_deref(), Some("url_disagrees"));
    assert_eq!(link(&told[2]), Some((3, 0.90, "product_code")));
}

#[test]
fn rows_that_cannot_be_used_are_rejected_with_a_reason() {
    let bad = |id, url: Option<&str>, price| Row {
        url: url.map(str::to_owned),
        ..Row::new(id, "", "r", "Alpha Dress", price, "")
    };
    let catalog = [
        bad(1, None, 1.0),
        bad(2, Some(""), 1.0),
        bad(3, Some("no url"), 1.0),
        bad(4, Some("https://r.com/1"), -1.0),
        bad(5, Some("https://r.com/1"), f64::NAN),
        bad(5, Some("https://r.com/1"), 1.0),
    ];
    let told = told(&LinkProducts::default(), &catalog, &products(), &[]);
    let reasons: Vec<_> = told.iter().filter_map(|told| told.reason.as_deref()).collect();
    assert_eq!(reasons, ["null_url", "empty_url", "not_a_url", "negative_price", "price_not_a_number", "duplicate_id"]);
}

#[test]
fn a_null_product_title_in_the_price_window_is_passed_over() {
    let mut products = products();
    products.push(Row { title: None, ..Row::new(5, "https://r.com/e", "r", "", 70.0, "") });
    for operator in [quirks(), LinkProducts::default()] {
        let told = told(&operator, &catalog(), &products, &[]);
        assert_eq!(link(&told[4]), Some((4, 0.8999999999999999, "fuzzy_title_price")));
    }
}

#[test]
fn a_near_miss_is_shown_with_its_similarity() {
    let catalog = [Row::new(1, "https://r.com/x", "r", "Delta Maxi Dress in Blue", 70.0, "")];
    let mut output = outputs(&LinkProducts::default(), inputs(&catalog, &products(), &[]));
    let unlinked = output("unlinked");
    assert_eq!(unlinked.column("reason").unwrap().str().unwrap().get(0), Some("below_similarity"));
    assert_eq!(unlinked.column("best_product_url").unwrap().str().unwrap().get(0), Some("https://r.com/d/dp/D1/"));
    assert!(unlinked.column("best_similarity").unwrap().f64().unwrap().get(0).unwrap() > 0.85);
    let shown = |name: &str| unlinked.column(name).unwrap().str().unwrap().get(0).map(str::to_owned);
    assert_eq!(shown("best_product_title").as_deref(), Some("Delta Maxi Dress in Black"));
    assert_eq!(shown("differences").as_deref(), Some("Blue → Black"));
    let misses = output("near_misses");
    assert_eq!(misses.column("title").unwrap().str().unwrap().get(0), Some("Delta Maxi Dress in Blue"));
    assert_eq!(misses.column("differences").unwrap().str().unwrap().get(0), Some("Blue → Black"));
}

#[test]
fn the_report_counts_near_misses_and_similarities() {
    let catalog = [
        Row::new(1, "https://r.com/x", "r", "Delta Maxi Dress in Blue", 70.0, ""),
        Row::new(2, "https://r.com/y", "r", "delta maxi dress in black", 70.0, ""),
    ];
    let mut output = outputs(&LinkProducts::default(), inputs(&catalog, &products(), &[]));
    let stats = output("link_stats");
    let sections = stats.column("section").unwrap().str().unwrap();
    let names = stats.column("name").unwrap().str().unwrap();
    let shares = stats.column("share").unwrap().f64().unwrap();
    let told: Vec<_> = (0..stats.height())
        .filter(|row| sections.get(*row).is_some_and(|section| section.contains("near") || section.contains("similar")))
        .map(|row| (sections.get(row).unwrap(), names.get(row).unwrap(), shares.get(row).unwrap()))
        .collect();
    // 2 · 22 / 49 of one title, all of the other.
    assert_eq!(
        told,
        [
            ("near misses, of those not linked", "r", 1.0),
            ("similarity of the best title", "0.88 to 0.90", 0.5),
            ("similarity of the best title", "1.00", 0.5),
        ]
    );
}

#[test]
fn the_guard_keeps_midi_and_mini_apart() {
    let products = [Row::new(1, "https://r.com/1", "r", "Floral Mini Dress", 10.0, "")];
    let catalog = [Row::new(1, "https://r.com/2", "r", "Floral Midi Dress", 10.0, "")];
    let guarded = |enabled, min_confidence| {
        let guard = crate::linking::link_products::params::AttributeGuard {
            enabled,
            words: vec!["midi".into(), "mini".into()],
            numbers: false,
        };
        LinkProducts { attribute_guard: Some(guard), min_confidence, ..LinkProducts::default() }
    };
    assert!(told(&LinkProducts::default(), &catalog, &products, &[])[0].link.is_some());
    assert!(told(&guarded(false, 0.85), &catalog, &products, &[])[0].link.is_some());
    assert_eq!(told(&guarded(true, 0.85), &catalog, &products, &[])[0].reason.as_deref(), Some("attribute_conflict"));
    // The candidate is shown, and a lower threshold links it with the capped confidence.
    let unlinked = outputs(&guarded(true, 0.85), inputs(&catalog, &products, &[]))("unlinked");
    assert_eq!(unlinked.column("best_product_url").unwrap().str().unwrap().get(0), Some("https://r.com/1"));
    let lower = told(&guarded(true, 0.84), &catalog, &products, &[]);
    assert_eq!(link(&lower[0]), Some((1, 0.84, "fuzzy_title_price")));
}

#[test]
fn identity_parameters_keep_variants_apart() {
    let products = [
        Row::new(1, "https://r.com/x?color=red", "r", "Red", 10.0, ""),
        Row::new(2, "https://r.com/x?color=blue", "r", "Blue", 10.0, ""),
    ];
    let catalog = [Row::new(1, "https://r.com/x/?utm=1&color=blue", "r", "Azure", 10.0, "")];
    let keeping = LinkProducts {
        identity_params: [("r".to_owned(), vec!["color".to_owned()])].into(),
        ..LinkProducts::default()
    };
    assert_eq!(link(&told(&keeping, &catalog, &products, &[])[0]), Some((2, 0.95, "normalized_url")));
    // Nobody needs to name them: the products show that they count. The original takes the first.
    assert_eq!(link(&told(&LinkProducts::default(), &catalog, &products, &[])[0]), Some((2, 0.95, "normalized_url")));
    assert_eq!(link(&told(&quirks(), &catalog, &products, &[])[0]), Some((1, 0.95, "normalized_url")));
}

#[test]
fn a_retailers_own_tolerance_is_a_share_of_the_price_and_is_kept_with_the_link() {
    let catalog = [
        Row::new(1, "https://r.com/x", "r", "Delta Maxi Dress in Black", 73.5, ""),
        Row::new(2, "https://r.com/y", "r", "delta maxi dress in black", 73.5, ""),
        Row::new(3, "https://r.com/z", "r", "Delta Maxi Dress in Black", 78.0, ""),
        Row::new(4, "https://r.com/a/dp/A1/", "r", "Alpha Dress", 100.0, ""),
    ];
    let adaptive = |factor| LinkProducts { adaptive_tolerance: Some(factor), ..LinkProducts::default() };
    let links = |factor| {
        let prices = df!("retailer" => ["r"], "robust_volatility" => [0.05]).unwrap();
        let mut output = outputs(&adaptive(factor), inputs(&catalog, &products(), &[]).with("price_patterns", prices));
        let links = output("links");
        let ids: Vec<_> = links.column("catalog_id").unwrap().i64().unwrap().into_no_null_iter().collect();
        let cents: Vec<_> = links.column("price_tolerance_cents").unwrap().i64().unwrap().iter().collect();
        (ids, cents)
    };
    // A twentieth of 73.5 reaches 70, but so does no twentieth of 78; and no factor takes more than a tenth.
    assert_eq!(links(1.0), (vec![1, 2, 4], vec![Some(367), Some(367), None]));
    assert_eq!(links(100.0), (vec![1, 2, 4], vec![Some(735), Some(735), None]));
    assert_eq!(links(0.1), (vec![4], vec![None]));
    // Without a price rule, or with the original's, there is nothing to widen.
    for operator in [
        LinkProducts { price_rule: crate::linking::price::PriceRule::None, ..adaptive(1.0) },
        LinkProducts { original_quirks: true, ..adaptive(1.0) },
    ] {
        let prices = df!("retailer" => ["r"], "robust_volatility" => [0.05]).unwrap();
        let links = outputs(&operator, inputs(&catalog, &products(), &[]).with("price_patterns", prices))("links");
        assert_eq!(links.column("price_tolerance_cents").unwrap().null_count(), links.height());
    }
    let unwatched = told(&LinkProducts::default(), &catalog, &products(), &[]);
    assert_eq!(unwatched.iter().filter_map(link).count(), 1);
}

#[test]
fn a_tolerance_of_its_own_needs_what_was_learned_of_prices() {
    let operator = LinkProducts { adaptive_tolerance: Some(1.0), ..LinkProducts::default() };
    let error = operator.outputs(&Default::default()).unwrap_err();
    assert!(error.to_string().contains("price_patterns"), "{error}");
    assert!(LinkProducts::default().outputs(&Default::default()).is_ok());
}
