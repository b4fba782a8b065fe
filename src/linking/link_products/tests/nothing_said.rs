//! Codes, addresses and titles that say less than they seem to.

use super::*;

fn link(told: &Told) -> Option<(i64, &str)> {
    told.link.as_ref().map(|(product, _, _, method, _)| (*product, method.as_str()))
}

fn links(catalog: &[Row], products: &[Row]) -> Vec<Option<(i64, String)>> {
    let told = told(&LinkProducts::default(), catalog, products, &[]);
    told.iter().map(|told| link(told).map(|(product, method)| (product, method.to_owned()))).collect()
}

fn quirky_links(catalog: &[Row], products: &[Row]) -> Vec<Option<(i64, String)>> {
    let operator = LinkProducts { original_quirks: true, ..LinkProducts::default() };
    let told = told(&operator, catalog, products, &[]);
    told.iter().map(|told| link(told).map(|(product, method)| (product, method.to_owned()))).collect()
}

fn by(product: i64, method: &str) -> Option<(i64, String)> {
    Some((product, method.to_owned()))
}

/// The figures of a section of the report.
fn reported(catalog: &[Row], products: &[Row], section: &str) -> Vec<(String, i64)> {
    let stats = outputs(&LinkProducts::default(), inputs(catalog, products, &[]))("link_stats");
    let text = |name: &str, row| stats.column(name).unwrap().str().unwrap().get(row).unwrap_or_default().to_owned();
    (0..stats.height())
        .filter(|row| text("section", *row) == section)
        .map(|row| (text("name", row), stats.column("count").unwrap().i64().unwrap().get(row).unwrap()))
        .collect()
}

#[test]
fn a_code_that_says_nothing_links_nothing() {
    for code in ["N/A", "0000", "-", "unbekannt", "なし"] {
        let products = [Row::new(10, "https://r.com/p/belt", "r", "Leather Belt", 45.0, code)];
        let catalog = [Row::new(1, "https://r.com/c/mug", "r", "Blue Mug", 12.0, code)];
        assert_eq!(links(&catalog, &products), [None], "{code}");
        assert_eq!(quirky_links(&catalog, &products), [by(10, "product_code")], "{code}");
        assert_eq!(reported(&catalog, &products, "codes that say nothing"), [("r".to_owned(), 2)]);
    }
}

#[test]
fn a_code_that_unlike_products_carry_links_nothing_and_that_of_variants_the_likest() {
    let products = [
        Row::new(10, "https://r.com/p/belt", "r", "Leather Belt", 45.0, "STORE"),
        Row::new(11, "https://r.com/p/vase", "r", "Glass Vase", 30.0, "STORE"),
        Row::new(12, "https://r.com/p/red", "r", "Willem Maxi Dress Red", 90.0, "WD1"),
        Row::new(13, "https://r.com/p/blue", "r", "Willem Maxi Dress Blue", 90.0, "WD1"),
        Row::new(14, "https://r.com/p/one", "r", "Oak Stool", 90.0, "S1"),
    ];
    let catalog = [
        Row::new(1, "https://r.com/c/mug", "r", "Blue Mug", 12.0, "STORE"),
        Row::new(2, "https://r.com/c/dress", "r", "Maxi Dress Willem in Blue", 200.0, "WD1"),
        Row::new(3, "https://r.com/c/stool", "r", "A seat", 200.0, "S1"),
    ];
    assert_eq!(links(&catalog, &products), [None, by(13, "product_code"), by(14, "product_code")]);
    assert_eq!(reported(&catalog, &products, "unlike products that share a code"), [("r".to_owned(), 2)]);
    assert_eq!(quirky_links(&catalog, &products)[0], by(10, "product_code"));
}

/// A shop of three products whose addresses differ only where `address` puts the number.
fn routed(address: impl Fn(i64) -> String) -> Vec<Row> {
    let goods = [(20, "Walnut Tray", 80.0), (21, "Ash Bowl", 35.0), (22, "Elm Spoon", 12.0)];
    goods.map(|(id, title, price)| Row::new(id, &address(id), "r", title, price, "")).to_vec()
}

/// The address of the product of a number.
type Address = fn(i64) -> String;

#[test]
fn shops_that_route_by_query_or_fragment_are_told_from_their_addresses() {
    let shops: [(Address, Address, &str); 8] = [
        (
            |n| format!("https://r.com/item.php?{n}"),
            |n| format!("https://r.com/item.php?{n}&utm_source=mail"),
            "what follows ?",
        ),
        (|n| format!("https://r.com/item?id={n}"), |n| format!("https://r.com/item?utm_source=mail&id={n}"), "?id="),
        (|n| format!("https://r.com/?a=7&p={n}"), |n| format!("https://r.com/?p={n}"), "?p="),
        (|n| format!("https://r.com/?sid=a{n}&p={n}"), |n| format!("https://r.com/?sid=b{n}&p={n}"), "?p="),
        (|n| format!("https://r.com/?r=item/{n}"), |n| format!("https://r.com//?r=item/{n}#top"), "?r="),
        (
            |n| format!("https://r.com/#/item/{n}"),
            |n| format!("https://r.com/?utm_source=mail#/item/{n}"),
            "what follows #",
        ),
        (|n| format!("https://r.com/#!item?n={n}"), |n| format!("https://www.r.com/?x=1#!item?n={n}&utm_id=1"), "#n="),
        (|n| format!("https://r.com/i?id={n};v=1"), |n| format!("https://WWW.r.com/i?v=1;id={n}"), "?id="),
    ];
    for (address, seen, told_by) in shops {
        let products = routed(address);
        // Titles and prices changed, so that the address alone decides; and a product that is not there.
        let catalog = [
            Row::new(1, &seen(21), "r", "Bowl of ash wood, round", 70.0, ""),
            Row::new(2, &seen(20), "r", "Serving tray", 15.0, ""),
            Row::new(3, &seen(99), "r", "Garden chair", 15.0, ""),
        ];
        let found = links(&catalog, &products);
        let ids: Vec<_> = found.iter().map(|found| found.as_ref().map(|(product, _)| *product)).collect();
        assert_eq!(ids, [Some(21), Some(20), None], "{} {found:?}", address(1));
        assert_eq!(
            reported(&catalog, &products, "products that share an address"),
            [(format!("r: told apart by {told_by}"), 3)]
        );
    }
}

#[test]
fn a_shared_address_that_nothing_tells_apart_is_decided_by_title_or_goes_on() {
    let products = routed(|_| "https://r.com/shop".to_owned());
    let catalog = [
        Row::new(1, "https://r.com/shop?x=1", "r", "ASH BOWL", 99.0, ""),
        Row::new(2, "https://r.com/shop", "r", "Elm Spoon", 12.0, ""),
        Row::new(3, "https://r.com/shop", "r", "Garden chair", 80.0, ""),
    ];
    assert_eq!(links(&catalog, &products), [by(21, "normalized_url"), by(22, "exact_url"), None]);
    assert_eq!(quirky_links(&catalog, &products)[2], by(20, "exact_url"));
    let report = reported(&catalog, &products, "products that share an address");
    assert_eq!(report, [("r: nothing tells them apart".to_owned(), 3)]);
}

#[test]
fn one_product_under_two_addresses_is_linked_as_before() {
    let products = [
        Row::new(20, "https://r.com/tray?ref=home", "r", "Walnut Tray", 80.0, ""),
        Row::new(21, "https://r.com/tray?ref=sale", "r", "Walnut Tray", 60.0, ""),
    ];
    let catalog = [Row::new(1, "https://r.com/tray?ref=mail", "r", "Tray of walnut", 61.0, "")];
    assert_eq!(links(&catalog, &products), [by(21, "normalized_url")]);
}

#[test]
fn a_shop_of_which_one_product_is_known_is_told_from_the_catalog() {
    let products = [Row::new(20, "https://r.com/item?id=20", "r", "Walnut Tray", 80.0, "")];
    let catalog = [
        Row::new(1, "https://r.com/item?id=20&utm_source=x", "r", "Walnut Tray", 50.0, ""),
        Row::new(2, "https://r.com/item?id=21&utm_source=x", "r", "Ash Bowl", 35.0, ""),
        Row::new(3, "https://r.com/item?id=22&utm_source=x", "r", "Elm Spoon", 12.0, ""),
    ];
    assert_eq!(links(&catalog, &products), [by(20, "normalized_url"), None, None]);
}

#[test]
fn one_address_with_another_number_title_and_price_is_another_page() {
    let products = [Row::new(20, "https://r.com/item?id=20", "r", "Walnut Tray", 80.0, "")];
    let row = |title, price| [Row::new(1, "https://r.com/item?id=21", "r", title, price, "")];
    assert_eq!(links(&row("Ash Bowl", 35.0), &products), [None]);
    assert_eq!(links(&row("Tray of walnut", 35.0), &products), [by(20, "normalized_url")]);
    assert_eq!(links(&row("Ash Bowl", 80.5), &products), [by(20, "normalized_url")]);
}

#[test]
fn an_id_that_changed_is_a_changed_address() {
    let products = routed(|n| format!("https://r.com/item?id={n}"));
    let catalog = [
        Row::new(1, "https://r.com/item?id=77", "r", "Ash Bowl", 35.0, ""),
        Row::new(2, "https://r.com/item?id=22&x=1", "r", "Elm Spoon", 12.0, ""),
    ];
    let links = outputs(&LinkProducts::default(), inputs(&catalog, &products, &[]))("links");
    let changed: Vec<_> = links.column("url_changed").unwrap().bool().unwrap().iter().collect();
    assert_eq!(changed, [Some(true), Some(false)]);
}

#[test]
fn a_title_is_the_same_in_every_spelling_of_its_characters() {
    let products = [Row::new(30, "https://r.com/p/30", "r", "Café Crème Mug", 18.0, "")];
    let catalog = [
        Row::new(1, "https://r.com/c/1", "r", "Cafe\u{301} Cre\u{300}me Mug", 18.0, ""),
        Row::new(2, "https://r.com/c/2", "r", "Café\u{a0}Crème\u{a0}Mug", 18.0, ""),
        Row::new(3, "https://r.com/c/3", "r", "Caf&eacute; Cr&egrave;me&nbsp;Mug", 18.0, ""),
    ];
    assert_eq!(links(&catalog, &products), vec![by(30, "exact_title_price"); 3]);
    assert!(quirky_links(&catalog, &products).iter().all(|link| link != &by(30, "exact_title_price")));
}

#[test]
fn long_titles_keep_their_likeness_but_under_the_original_rules() {
    let title = "Men's socks 6 pairs size 39 40 41 42 43 44 45 46 / ".repeat(4);
    let products = [Row::new(10, "https://r.com/p/10", "r", &title, 24.9, "")];
    let catalog = [Row::new(1, "https://r.com/c/1", "r", &title.replace("Men's", "Mens"), 24.9, "")];
    assert_eq!(links(&catalog, &products), [by(10, "fuzzy_title_price")]);
    assert_eq!(quirky_links(&catalog, &products), [None]);
}

#[test]
fn two_blank_titles_never_link() {
    for blank in ["", " ", "\u{a0}", "&nbsp;", "\u{200b}"] {
        let products = [Row::new(10, "https://r.com/p/10", "r", blank, 24.9, "")];
        let catalog = [Row::new(1, "https://r.com/c/1", "r", blank, 24.9, "")];
        assert_eq!(links(&catalog, &products), [None], "{blank:?}");
    }
}

#[test]
fn a_tie_between_ids_9_and_10_goes_to_9() {
    let products = [10, 9].map(|id| Row::new(id, &format!("https://r.com/p/{id}"), "r", "Oak Stool, round", 24.9, ""));
    let catalog = [
        Row::new(1, "https://r.com/c/1", "r", "Oak Stool, round", 24.9, ""),
        Row::new(2, "https://r.com/c/2", "r", "Oak stool round", 24.9, ""),
    ];
    assert_eq!(links(&catalog, &products), [by(9, "exact_title_price"), by(9, "fuzzy_title_price")]);
}
