//! Enrichment on shops small enough to work out by hand.

use std::sync::Arc;

use polars::prelude::*;

use super::{super::testing::*, EnrichOrders};
use crate::{
    operator::{Frames, Operator},
    orders::recognising::left_out::LeftOut,
};

const VARIANTS: &str =
    "product_id,variant_id,variant_title,sku,price,compare_at_price,cost,inventory_item_id,inventory_item_created_at\n";
const CATALOG: &str = "product_id,variant_id,product_title,product_type,tags,product_status,price,inventory_item_id,available_total,product_created_at,compare_at_price,inventory_item_created_at\n";
const INVENTORY: &str = "inventory_item_id,location_id,available,updated_at\n";
const LINES: &str =
    "order_id,line_item_id,product_id,variant_id,sku,created_at,quantity,unit_price,customer_id,is_gift_card,cost\n";

struct Enriched {
    written: Outputs,
    snapshots: DataFrame,
    metrics: DataFrame,
}

fn enrich(operator: &EnrichOrders, lines: &str, variants: &str, catalog: &str, inventory: &str) -> Enriched {
    let texts = [(LINES, lines), (VARIANTS, variants), (CATALOG, catalog), (INVENTORY, inventory)];
    let files: Vec<(String, String)> = texts
        .iter()
        .enumerate()
        .filter(|(_, (_, rows))| !rows.is_empty())
        .map(|(number, (header, rows))| (format!("{number}.csv"), format!("{header}{rows}")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    enrich_files(operator, &files)
}

/// Ingests files and enriches what they hold.
fn enrich_files(operator: &EnrichOrders, files: &[(&str, &str)]) -> Enriched {
    let ingested = ingest(&super::super::testing::operator(), files);
    let mut inputs = Frames::new();
    for port in ["order_lines", "variants", "inventory", "catalog"] {
        inputs = inputs.with(port, ingested.frame(port).clone());
    }
    let storage = Arc::new(Memory::default());
    let mut made = operator.run(inputs, &context(storage.clone())).unwrap();
    let mut collect = |port: &str| made.take(port).unwrap().collect().unwrap();
    let (snapshots, metrics) = (collect("snapshots"), collect("metrics"));
    Enriched { written: Outputs::of(&storage), snapshots, metrics }
}

fn linked(lines: &str, variants: &str) -> Vec<String> {
    let enriched = enrich(&EnrichOrders::default(), lines, variants, "", "");
    enriched.written.rows("enriched_lines", &["item_id", "linked_by", "ambiguous"])
}

#[test]
fn a_line_is_linked_by_variant_then_by_sku_then_not_at_all() {
    let variants = "1,70,T,a,1,,,9\n1,71,T,b,1,,,9\n";
    let lines = "1,1,1,70,zzz,2025-01-02,1,1,,\n1,2,1,99,b,2025-01-02,1,1,,\n1,3,1,,b,2025-01-02,1,1,,\n\
                 1,4,1,99,unknown,2025-01-02,1,1,,\n1,5,1,,other,2025-01-02,1,1,,\n1,6,1,98,,2025-01-02,1,1,,\n";
    assert_eq!(
        linked(lines, variants),
        [
            "70 | variant_id | false",
            "71 | sku | false",
            "71 | sku | false",
            "99 | - | false",
            "other | - | false",
            "98 | - | false",
        ]
    );
}

#[test]
fn of_several_variants_with_a_sku_that_of_the_lines_product_counts_else_the_smallest_number() {
    let variants = "1,100,T,s,1,,,9\n2,20,T,s,1,,,9\n3,30,T,s,1,,,9\n";
    let lines = "1,1,3,,s,2025-01-02,1,1,,\n1,2,8,,s,2025-01-02,1,1,,\n1,3,,,s,2025-01-02,1,1,,\n";
    assert_eq!(linked(lines, variants), ["30 | sku | true", "20 | sku | true", "20 | sku | true"]);
}

#[test]
fn a_line_with_all_that_is_known_takes_the_items_word_before_its_own() {
    let variants = "5,70,Blue,a,12.50,15,,9\n";
    let catalog = "5,70,Hat,Hats,warm,active,12.50,9,7,2025-01-01\n";
    let lines = "1,1,6,70,no-sku-1,2025-01-02,2,11,c7,\n1,2,6,71,no-sku-2,2025-01-02,1,3,c7,\n";
    let enriched = enrich(&EnrichOrders::default(), lines, variants, catalog, "");
    let columns = ["variant_id", "sku", "product_id", "product_title", "tags", "price_cents"];
    assert_eq!(
        enriched.written.rows("enriched_lines", &columns),
        ["70 | a | 5 | Hat | warm | 1250", "71 | no-sku-2 | 6 | - | - | -"]
    );
    let numbers = ["compare_at_price_cents", "stock_available", "quantity", "unit_price_cents", "is_gift_card"];
    assert_eq!(
        enriched.written.rows("enriched_lines", &numbers),
        ["1500 | 7 | 2 | 1100 | false", "- | - | 1 | 300 | false"]
    );
}

#[test]
fn without_enriched_lines_all_else_is_the_same() {
    let variants = "1,70,T,a,1,,,9\n2,71,T,a,1,,,8\n";
    let lines = "1,1,2,99,a,2025-01-02,1,1,c7,\n1,2,,70,,2025-01-02,2,1,,\n2,3,,,no-sku-1,2025-01-03,1,1,,\n3,4,,,b,2025-01-04,0,1,,\n";
    let [with, without] = [true, false].map(|enriched| {
        let operator = EnrichOrders { enriched, ..EnrichOrders::default() };
        enrich(&operator, lines, variants, "", "9,1,2,2025-01-01\n")
    });
    for port in ["basket_lines", "rejected"] {
        assert!(with.written.frame(port).equals_missing(without.written.frame(port)), "{port}");
    }
    assert_eq!(
        (with.written.frame("enriched_lines").height(), without.written.frame("enriched_lines").height()),
        (4, 0)
    );
    assert!(with.snapshots.equals_missing(&without.snapshots) && with.metrics.equals_missing(&without.metrics));
    assert_eq!(with.written.rows("rejected", &["line_item_id", "reason"]), ["3 | missing_item_id", "4 | not_positive"]);
}

#[test]
fn a_placeholder_is_no_sku_and_a_blank_one_is_filled_from_the_variant() {
    let enriched = enrich(&EnrichOrders::default(), "1,1,1,70,,2025-01-02,1,1,,\n", "1,70,T,a,1,,,9\n", "", "");
    assert_eq!(enriched.written.rows("enriched_lines", &["sku", "item_id"]), ["a | 70"]);
}

#[test]
fn lines_that_are_not_mined_say_why() {
    let lines = "1,1,1,70,a,2025-01-02,1,1,c7,\n1,2,1,70,a,2025-01-02,0,1,c7,\n1,3,1,73,b,2025-01-02,-2,1,c7,\n\
                 1,4,1,71,g,2025-01-02,1,1,c7,yes\n1,5,1,72,v,2025-01-02,1,1,c7,\n";
    let catalog = "1,72,Voucher,Gift Card,,active,1,9,,\n";
    let variants = "1,70,T,a,1,,,9\n1,72,V,v,1,,,9\n";
    let enriched = enrich(&EnrichOrders::default(), lines, variants, catalog, "");
    let columns = ["shop_id", "order_id", "item_id", "created_at", "quantity", "customer"];
    assert_eq!(enriched.written.rows("basket_lines", &columns), ["s | 1 | 70 | 2025-01-02T00:00:00Z | 1 | c7"]);
    assert_eq!(
        enriched.written.rows("rejected", &["line_item_id", "reason"]),
        ["2 | not_positive", "3 | not_positive", "4 | gift_card", "5 | gift_card"]
    );
}

#[test]
fn stock_is_the_catalogs_else_the_sum_of_the_locations_else_not_tracked() {
    let variants = "1,70,T,a,1,,,9\n1,71,T,b,1,,,8\n1,72,T,c,1,,,7\n";
    let catalog = "1,70,P,Bath,,active,1,9,5,\n1,71,P,Bath,,active,1,8,,\n";
    let inventory = "9,1,2,2025-01-01\n8,1,3,2025-01-01\n8,2,4,2025-01-01\n";
    let enriched = enrich(&EnrichOrders::default(), "1,1,1,70,a,2025-01-02,1,1,,\n", variants, catalog, inventory);
    let columns = ["variant_id", "product_title", "product_status", "available_total", "synthetic"];
    assert_eq!(
        rows(&enriched.snapshots, &columns),
        ["70 | P | active | 5 | false", "71 | P | active | 7 | false", "72 | T | active | - | true"]
    );
    let stock = ["inventory_available", "location_count", "stock_available"];
    assert_eq!(enriched.written.rows("enriched_lines", &stock), ["2 | 1 | 5"]);
    let metrics =
        ["variant_count", "catalog_count", "missing_catalog_variants", "catalog_coverage_ratio", "missing_inventory"];
    assert_eq!(rows(&enriched.metrics, &metrics), ["3 | 2 | 1 | 0.666667 | 0"]);
}

#[test]
fn flags_follow_sales_stock_cost_age_and_words() {
    let operator = EnrichOrders { as_of: Some("2025-06-30T00:00:00Z".to_owned()), ..EnrichOrders::default() };
    // 70 sells well and cheaply; 71 sold long ago; 72 never, without stock; 73 never, at a price well below another.
    let variants = "1,70,T,a,10,,,1\n1,71,T,b,10,,6,2\n1,72,T,c,10,10.10,,3\n1,73,T,d,10,20,,4\n";
    let catalog = "1,70,Winter hat,Hats,,active,10,1,50,2025-06-01T00:00:00Z\n1,71,Hat,Hats,gifts,active,10,2,50,2025-05-31T00:00:00Z\n\
                   1,72,Hat,Hats,,active,10,3,0,\n1,73,Hat,Hats,,active,10,4,,2025-07-01\n";
    let lines = "1,1,1,70,a,2025-06-01,60,9,,\n2,1,1,71,b,2025-01-15,1,10,,\n";
    let enriched = enrich(&operator, lines, variants, catalog, "");
    let columns = ["variant_id", "velocity", "is_slow_mover", "is_high_margin", "is_new_launch", "is_seasonal"];
    assert_eq!(
        rows(&enriched.snapshots, &columns),
        [
            "70 | 1.0 | false | false | true | true",
            "71 | 0.0 | true | true | false | true",
            "72 | 0.0 | false | true | false | false",
            "73 | 0.0 | true | false | false | false",
        ]
    );
}

#[test]
fn the_catalogs_word_comes_before_the_variants() {
    let variants = "1,70,T,a,10,15,,1,2025-01-01\n1,71,T,b,10,15,,2,2025-01-01\n";
    let catalog = "1,70,P,,,active,12,1,,,20,2025-02-02\n1,71,P,,,active,10,2,,,,\n";
    let enriched = enrich(&EnrichOrders::default(), "1,1,1,70,a,2025-01-02,1,1,,\n", variants, catalog, "");
    let columns = ["price_cents", "compare_at_price_cents", "inventory_item_created_at"];
    assert_eq!(
        rows(&enriched.snapshots, &columns),
        ["1200 | 2000 | 2025-02-02T00:00:00Z", "1000 | 1500 | 2025-01-01T00:00:00Z"]
    );
}

#[test]
fn a_cost_that_no_variant_says_is_that_of_the_last_line_that_does() {
    let operator = EnrichOrders { as_of: Some("2025-06-30T00:00:00Z".to_owned()), ..EnrichOrders::default() };
    let variants = "1,70,T,a,10,,,1\n1,71,T,b,10,,9,2\n1,72,T,c,10,,,3\n";
    let lines = "1,1,1,70,a,2025-06-01,1,10,,,5\n2,1,1,70,a,2025-05-01,1,10,,,8\n3,1,1,70,a,2025-06-20,1,10,,,\n\
                 4,1,1,70,a,2025-07-05,1,10,,,9\n5,1,1,71,b,2025-06-01,1,10,,,1\n";
    let enriched = enrich(&operator, lines, variants, "", "");
    assert_eq!(
        rows(&enriched.snapshots, &["variant_id", "unit_cost_cents", "is_high_margin"]),
        ["70 | 500 | true", "71 | 900 | false", "72 | - | true"]
    );
}

#[test]
fn what_the_catalog_alone_has_is_sold_though_no_line_is_linked_with_it() {
    let operator = EnrichOrders { as_of: Some("2025-06-30T00:00:00Z".to_owned()), ..EnrichOrders::default() };
    let catalog = "1,70,Hat,,,active,10,1,50,\n1,71,Hat,,,active,10,2,50,\n1,72,Voucher,Gift Card,,active,10,3,,\n";
    let lines = "1,1,1,70,x,2025-06-01,60,9,,\n1,2,1,71,b,2025-06-01,30,9,,\n1,3,1,72,y,2025-06-01,1,9,,\n\
                 2,4,1,99,z,2025-01-15,1,9,,\n";
    let enriched = enrich(&operator, lines, "1,80,T,b,10,,,4\n", catalog, "");
    assert_eq!(
        rows(&enriched.snapshots, &["variant_id", "velocity", "units_60_days", "is_slow_mover", "is_high_margin"]),
        [
            "70 | 1.0 | 60 | false | false",
            "71 | 0.0 | 0 | true | true",
            "72 | 0.016667 | 1 | true | false",
            "80 | 0.5 | 30 | false | false",
            "99 | 0.0 | 0 | true | true",
        ],
        "71 is linked by the SKU of 80, and so it is 80 that is sold"
    );
    assert_eq!(enriched.written.rows("basket_lines", &["item_id"]), ["70", "80", "99"]);
    assert_eq!(enriched.written.rows("rejected", &["item_id", "reason"]), ["72 | gift_card"]);
    let metrics = ["total_order_lines", "resolved_variants", "linked_by_sku", "unresolved", "enriched_lines"];
    assert_eq!(rows(&enriched.metrics, &metrics), ["4 | 1 | 1 | 3 | 0"]);
}

#[test]
fn lines_of_a_shop_without_variants_are_linked_with_its_catalog() {
    let catalog = "1,70,Hat,,,active,10,1,50,\n1,71,Cap,,,archived,10,2,50,\n";
    let files = [
        ("c.csv", "product_id,variant_id,product_title,product_status,price,sku\n1,70,Hat,active,10,H-1\n1,71,Cap,archived,10,C-1\n".to_owned()),
        ("o.csv", "order_id,created_at,sku,quantity,price\n1,2025-01-02,C-1,1,1\n1,2025-01-02,H-1,1,1\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let enriched = enrich_files(&EnrichOrders::default(), &files);
    assert_eq!(enriched.written.rows("basket_lines", &["item_id"]), ["71", "70"]);
    assert_eq!(rows(&enriched.metrics, &["resolved_variants", "linked_by_sku", "unresolved"]), ["2 | 2 | 0"]);
    let by_id = enrich(&EnrichOrders::default(), "1,1,1,70,x,2025-06-01,1,9,,\n", "", catalog, "");
    assert_eq!(by_id.written.rows("enriched_lines", &["item_id", "linked_by"]), ["70 | variant_id"]);
}

#[test]
fn unresolved_skus_are_sampled_and_a_shop_without_variants_is_blocked() {
    let lines: String = (0..15).map(|line| format!("1,{line},1,,sku-{},2025-01-02,1,1,,\n", line % 12)).collect();
    let enriched = enrich(&EnrichOrders::default(), &lines, "", "", "");
    let metrics = rows(
        &enriched.metrics,
        &["total_order_lines", "unresolved", "unresolved_skus", "blocked_no_variants_or_catalog"],
    );
    let samples: Vec<String> = (0..10).map(|number| format!("\"sku-{number}\"")).collect();
    assert_eq!(metrics, [format!("15 | 15 | [{}] | true", samples.join(","))]);
}

#[test]
fn what_the_catalog_does_not_say_hides_nothing_that_the_variant_says() {
    let said = enrich(
        &EnrichOrders::default(),
        "1,1,1,70,a,2025-01-02,1,1,,\n",
        "1,70,Blue,a,12,,,9\n",
        "1,70,,,,active,,9,,\n",
        "",
    );
    assert_eq!(rows(&said.snapshots, &["product_title", "price_cents"]), ["Blue | 1200"]);
    let silent = enrich(
        &EnrichOrders::default(),
        "1,1,1,70,a,2025-01-02,1,1,,\n",
        "1,70,,a,0,,,9\n",
        "1,70,,,,active,,9,,\n",
        "",
    );
    assert_eq!(rows(&silent.snapshots, &["price_cents"]), ["0"]);
}

const BASKET: [&str; 3] = ["order_id", "item_id", "quantity"];
const LEFT_OUT: [&str; 3] = ["order_id", "item_id", "reason"];

#[test]
fn what_was_given_back_is_taken_from_what_was_sold() {
    let header = "order_id,line_item_id,sku,created_at,quantity,current_quantity,price\n";
    let lines = "1,11,a,2025-01-02,2,,5\n1,12,a,2025-01-02,-1,,5\n1,13,b,2025-01-02,1,,5\n2,14,a,2025-01-02,1,0,5\n2,15,b,2025-01-02,3,2,5\n\
                 3,16,a,2025-01-02,1,,5\n3,17,a,2025-01-02,-1,,5\n4,18,a,2025-01-02,-1,,5\n";
    let files = [("o.csv", format!("{header}{lines}"))];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let enriched = enrich_files(&EnrichOrders::default(), &files);
    assert_eq!(enriched.written.rows("basket_lines", &BASKET), ["1 | a | 1", "1 | b | 1", "2 | b | 2"]);
    assert_eq!(
        enriched.written.rows("rejected", &LEFT_OUT),
        ["1 | a | returned", "2 | a | returned", "3 | a | returned", "3 | a | returned", "4 | a | not_positive"]
    );
    let operator = EnrichOrders { keep: vec![LeftOut::Returned], ..EnrichOrders::default() };
    let kept = enrich_files(&operator, &files);
    assert_eq!(
        kept.written.rows("basket_lines", &BASKET),
        ["1 | a | 2", "1 | b | 1", "2 | a | 1", "2 | b | 3", "3 | a | 1"],
        "as sold"
    );
}

#[test]
fn an_order_that_is_no_purchase_is_left_out_with_its_reason_unless_it_is_kept() {
    let header = "Name,Created at,Financial Status,Paid at,Currency,Total,Refunded Amount,Cancelled at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n";
    let lines = "#1,2025-01-02,paid,2025-01-02,EUR,9,0,,1,Mug,9,m\n#2,2025-01-03,paid,2025-01-03,EUR,9,0,2025-01-04,1,Mug,9,m\n#2,2025-01-03,,,,,,,1,Tray,9,t\n\
                 #3,2025-01-03,VOIDED,,EUR,9,0,,1,Mug,9,m\n#4,2025-01-03,refunded,,EUR,9,9,,1,Mug,9,m\n#5,2025-01-03,paid,,EUR,9,9.00,,1,Mug,9,m\n\
                 #6,2025-06-03,,,EUR,9,,,1,Mug,9,m\n#7,2025-01-05,pending,,EUR,9,0,,1,Mug,9,m\n#7,2025-01-05,,,,,,,2,Tray,9,t\n";
    let text = format!("{header}{lines}");
    let enriched = enrich_files(&EnrichOrders::default(), &[("orders_export.csv", &text)]);
    assert_eq!(enriched.written.rows("basket_lines", &BASKET), ["#1 | m | 1", "#7 | m | 1", "#7 | t | 2"]);
    assert_eq!(
        enriched.written.rows("rejected", &LEFT_OUT),
        [
            "#2 | m | cancelled",
            "#2 | t | cancelled",
            "#3 | m | voided",
            "#4 | m | refunded",
            "#5 | m | refunded",
            "#6 | m | abandoned"
        ]
    );
    assert_eq!(rows(&enriched.metrics, &["as_of"]), ["2025-01-05T00:00:00Z"], "a checkout is no order");
    let operator = EnrichOrders { keep: vec![LeftOut::Refunded, LeftOut::Abandoned], ..EnrichOrders::default() };
    let kept = enrich_files(&operator, &[("orders_export.csv", &text)]);
    let orders: Vec<String> = kept.written.rows("basket_lines", &["order_id"]);
    assert_eq!(orders, ["#1", "#4", "#5", "#6", "#7", "#7"]);
    assert_eq!(rows(&kept.metrics, &["as_of"]), ["2025-06-03T00:00:00Z"]);
}

#[test]
fn tips_shipping_fees_and_gift_cards_are_no_items_in_any_language() {
    let header =
        "Name,Created at,Currency,Financial Status,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n";
    let names = [
        ("Tip", "tip"),
        ("Trinkgeld", "tip"),
        ("Propina", "tip"),
        ("Versandkosten", "shipping"),
        ("Costo de envío", "shipping"),
        ("Geschenkgutschein - 25 EUR", "gift_card"),
        ("Gift Card - $50.00 USD", "gift_card"),
        ("Nachnahmegebühr", "fee"),
        ("Kapıda ödeme", "fee"),
    ];
    let lines: String = names.iter().map(|(name, _)| format!("#1,2025-01-02,EUR,paid,1,{name},5,\n")).collect();
    let text =
        format!("{header}{lines}#1,2025-01-02,EUR,paid,1,Tip,9,TIP-1\n#1,2025-01-02,EUR,paid,1,Gift card holder,9,\n");
    let enriched = enrich_files(&EnrichOrders::default(), &[("orders_export.csv", &text)]);
    let expected: Vec<String> = names.iter().map(|(name, reason)| format!("#1 | {name} | {reason}")).collect();
    assert_eq!(enriched.written.rows("rejected", &LEFT_OUT), expected);
    assert_eq!(enriched.written.rows("basket_lines", &["item_id"]), ["TIP-1", "Gift card holder"]);
}

#[test]
fn an_item_that_no_variant_is_is_made_of_its_lines_with_the_last_name_and_price() {
    let header = "order_id,sku,product_name,created_at,quantity,price\n";
    let lines = "1,a,Mug,2025-01-02,2,5\n2,a,Large mug,2025-01-09,1,6\n3,a,Mug,2025-01-05,1,4\n4,,Tray,2025-01-05,1,0\n5,,Tray,2025-01-04,1,8\n";
    let enriched = enrich_files(&EnrichOrders::default(), &[("o.csv", &format!("{header}{lines}"))]);
    let columns = ["variant_id", "product_title", "sku", "price_cents", "units_60_days", "from_lines", "synthetic"];
    assert_eq!(
        rows(&enriched.snapshots, &columns),
        ["Tray | Tray | - | 800 | 2 | true | true", "a | Large mug | a | 600 | 4 | true | true"]
    );
}

#[test]
fn a_line_is_linked_by_its_name_where_it_is_one_variants_and_sizes_of_one_sku_are_told_apart_by_it() {
    let catalog = "product_id,variant_id,product_title,variant_title,sku,price,inventory_item_id,product_status\n\
                   1,10,Boot,38,BOOT,9,1,active\n1,11,Boot,39,BOOT,9,2,active\n2,20,Mug,Default Title,MUG,9,3,active\n3,30,Tray,,TRAY,9,4,active\n4,40,Tray,,TRAY-2,9,5,active\n";
    let variants = "product_id,variant_id,variant_title,sku,price,inventory_item_id\n\
                    1,10,38,BOOT,9,1\n1,11,39,BOOT,9,2\n2,20,Default Title,MUG,9,3\n3,30,Default Title,TRAY,9,4\n4,40,Default Title,TRAY-2,9,5\n";
    let header =
        "Name,Created at,Currency,Financial Status,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n";
    let names = [
        ("Boot - 39", "BOOT", "11 | sku | false"),
        ("Old boot - 38", "BOOT", "10 | sku | false"),
        ("Boot", "BOOT", "10 | sku | true"),
        ("boot – 38", "", "10 | name | false"),
        ("Mug", "OLD-SKU", "20 | name | false"),
        ("Mug - Default Title", "", "20 | name | false"),
        ("Boot", "", "Boot | - | false"),
        ("Tray", "", "Tray | - | false"),
        ("Tray", "TRAY-2", "40 | sku | false"),
    ];
    let lines: String = names
        .iter()
        .zip(1..)
        .map(|((name, sku, _), n)| format!("#{n},2025-01-02,EUR,paid,1,{name},9,{sku}\n"))
        .collect();
    let files = [("c.csv", catalog.to_owned()), ("o.csv", format!("{header}{lines}")), ("v.csv", variants.to_owned())];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let enriched = enrich_files(&EnrichOrders::default(), &files);
    assert_eq!(
        enriched.written.rows("enriched_lines", &["item_id", "linked_by", "ambiguous"]),
        names.map(|(.., expected)| expected)
    );
    let metrics = ["resolved_variants", "linked_by_sku", "linked_by_name", "unresolved"];
    assert_eq!(rows(&enriched.metrics, &metrics), ["7 | 4 | 3 | 2"]);
}
