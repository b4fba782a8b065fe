//! Ingest as a whole: what each rule makes of files small enough to read.

mod aliases;
mod bad_files;
mod broken;
mod dialects;
mod duplicates;
mod exports;
mod json;
mod main_like;
mod parquet;
mod personal;
mod reference;
mod rejected;
mod shops;
mod spelling;
mod spelling_properties;
mod synth1;
mod whole_orders;
mod world;

use super::{
    ingest::{Format, IngestShop},
    testing::*,
};
use crate::orders::recognising::headers::fold;

#[test]
fn headers_are_folded_to_words_with_underscores() {
    for (header, folded) in [
        ("orderId", "order_id"),
        ("Order ID", "order_id"),
        ("order-id", "order_id"),
        ("ORDER_ID", "order_id"),
        ("orderID", "order_id"),
        ("OrderId", "order_id"),
        ("imageURL", "image_url"),
        ("imageURLName", "image_url_name"),
        ("totalPriceUSD", "total_price_usd"),
        ("Lineitem sku", "lineitem_sku"),
        ("\u{FEFF} Name ", "name"),
        ("a - / b__c_", "a_b_c"),
    ] {
        assert_eq!(fold(header), folded, "{header}");
    }
}

#[test]
fn an_alias_of_two_fields_and_an_unknown_field_are_refused_with_the_way_to_them() {
    let mut columns = shop_columns();
    columns.orders.get_mut("sku").unwrap().push("Order ID".to_owned());
    let error = columns.check().unwrap_err();
    assert_eq!(error.path, ["orders", "sku", "8"]);
    assert!(error.problem.contains("order_id"), "{}", error.problem);
    let mut columns = shop_columns();
    columns.variants.insert("colour".to_owned(), vec!["colour".to_owned()]);
    assert_eq!(columns.check().unwrap_err().path, ["variants", "colour"]);
}

#[test]
fn every_spelling_of_a_header_reads_the_value() {
    for header in [
        "lineItemQuantity",
        "LineItemQuantity",
        "Line Item Quantity",
        "line-item-quantity",
        "LINE_ITEM_QUANTITY",
        "qty",
    ] {
        let text = format!("Order ID,variantId,createdAt,{header},Price\n1,7,2025-01-02,3,1.50\n");
        let outputs = ingest(&operator(), &[("o.csv", &text)]);
        assert_eq!(outputs.rows("order_lines", &["quantity", "line_total_cents"]), ["3 | 450"], "{header}");
    }
}

#[test]
fn of_several_columns_of_a_field_the_best_that_is_not_empty_counts_but_one_column_names_the_orders() {
    let text = "Name,order_id,sku,sku,createdAt,quantity,price\n#1,,,b,2025-01-02,1,1\n#2,22,a,b,2025-01-02,1,1\n";
    let outputs = ingest(&operator(), &[("o.csv", text)]);
    assert_eq!(outputs.rows("order_lines", &["order_id", "sku"]), ["#1 | b", "#2 | a"]);
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_rules() {
    let text = "order_id,variant_id,created_at,quantity,unit_price\n1,44444444447000000,2025-01-02T00:00:00Z,,\n";
    let outputs = ingest(&operator(), &[("o.csv", text)]);
    let lines = [
        "sku",
        "name",
        "brand",
        "category",
        "subcategory",
        "color",
        "material",
        "tags",
        "quantity",
        "unit_price_cents",
        "customer",
    ];
    assert_eq!(
        outputs.rows("order_lines", &lines),
        [
            "no-sku-4447000000 | unspecified | unspecified | general | general | unspecified | unspecified |  | 1 | 0 | -"
        ]
    );
    let orders = [
        "customer_id",
        "customer_email",
        "customer_country",
        "currency",
        "clv_band",
        "channel",
        "device",
        "discount_cents",
        "discount_code",
        "returned",
    ];
    assert_eq!(outputs.rows("orders", &orders), ["- | - | US | USD | medium | online | desktop | 0 |  | false"]);
    let baskets = ["basket_item_count", "basket_line_count", "basket_value_cents"];
    assert_eq!(outputs.rows("orders", &baskets), ["1 | 1 | 0"]);
}

#[test]
fn ids_that_end_alike_have_whole_ids_for_skus() {
    let text = "order_id,variant_id,created_at,quantity,unit_price\n1,140000000001,2025-01-02,1,1\n1,240000000001,2025-01-02,1,1\n1,340000000002,2025-01-02,1,1\n";
    let outputs = ingest(&operator(), &[("o.csv", text)]);
    assert_eq!(
        outputs.rows("order_lines", &["sku"]),
        ["no-sku-140000000001", "no-sku-240000000001", "no-sku-0000000002"]
    );
    let text = "order_id,variant_id,created_at,quantity,unit_price\n1,4447000000,2025-01-02,1,1\n1,44444444447000000,2025-01-02,1,1\n1,47000000,2025-01-02,1,1\n";
    let outputs = ingest(&operator(), &[("o.csv", text)]);
    assert_eq!(
        outputs.rows("order_lines", &["sku", "quantity"]),
        ["no-sku-4447000000 | 1", "no-sku-44444444447000000 | 1", "no-sku-47000000 | 1"],
        "one of just ten characters is an end too"
    );
    let text = "order_id,variant_id,created_at,quantity,unit_price\n1,größenübersicht,2025-01-02,1,1\n1,übersicht,2025-01-02,1,1\n";
    let outputs = ingest(&operator(), &[("o.csv", text)]);
    assert_eq!(outputs.rows("order_lines", &["sku"]), ["no-sku-nübersicht", "no-sku-übersicht"]);
}

#[test]
fn an_order_sums_up_its_lines_and_knows_its_customer() {
    let text = "order_id,sku,created_at,quantity,unit_price,discounted_total,email\n\
                1,a,2025-01-02,2,1.50,,Ann@Example.COM\n2,a,2025-01-03,1,9,8.10,\n1,b,2025-01-02,1,2.25,,\n";
    let outputs = ingest(&operator(), &[("o.csv", text)]);
    assert_eq!(
        outputs.rows(
            "orders",
            &["order_id", "basket_item_count", "basket_line_count", "basket_value_cents", "customer_email"]
        ),
        ["1 | 3 | 2 | 525 | ann@example.com", "2 | 1 | 1 | 810 | -"]
    );
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "sku", "customer"]),
        ["1 | a | ann@example.com", "1 | b | ann@example.com", "2 | a | -"],
        "the lines of an order are together"
    );
}

#[test]
fn a_column_with_one_day_over_twelve_in_front_has_the_day_first() {
    let header = "order_id,sku,created_at,quantity,unit_price\n";
    let created = |rows: &str| {
        ingest(&IngestShop { max_rejected: 1.0, ..operator() }, &[("o.csv", &format!("{header}{rows}"))])
            .rows("orders", &["created_at"])
    };
    assert_eq!(created("1,a,02/03/2025,1,1\n"), ["2025-02-03T00:00:00Z"]);
    let day_first = "1,a,02/03/2025,1,1\n2,a,13/02/2025 10:30:00,1,1\n3,a,2025-04-05,1,1\n4,a,02/13/2025,1,1\n";
    assert_eq!(created(day_first), ["2025-03-02T00:00:00Z", "2025-02-13T10:30:00Z", "2025-04-05T00:00:00Z"]);
}

#[test]
fn most_rows_of_a_shop_decide_its_currency() {
    let text = "shop,order_id,sku,created_at,quantity,unit_price,currency\n\
                n,1,a,2025-01-02,1,1,eur\nn,2,a,2025-01-02,1,1,EUR\nn,3,a,2025-01-02,1,1,USD\nn,4,a,2025-01-02,1,1,\n\
                m,5,a,2025-01-02,1,1,GBP\nm,6,a,2025-01-02,1,1,CHF\n";
    let outputs = ingest(&operator(), &[("o.csv", text)]);
    assert_eq!(outputs.rows("orders", &["order_id", "currency"]), ["1 | EUR", "2 | EUR", "4 | EUR", "6 | CHF"]);
    assert_eq!(
        outputs.rows("rejected", &["line", "reason", "value"]),
        ["4 | other_currency | USD", "6 | other_currency | GBP"]
    );
}

#[test]
fn online_retail_marks_cancellations_returns_and_fees() {
    let text = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
                536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n\
                536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.00,17850,United Kingdom\n\
                C536379,22423,STAND,-1,2010-12-01 09:41:00,27.50,14527,United Kingdom\n\
                536380,22961,JAM,-24,2010-12-01 09:41:00,1.45,,United Kingdom\n";
    let operator = IngestShop { format: Format::OnlineRetail, ..operator() };
    let outputs = ingest(&operator, &[("r.csv", text)]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "sku", "quantity", "is_product", "is_cancelled", "customer"]),
        [
            "536365 | 85123A | 6 | true | false | 17850",
            "536365 | POST | 1 | false | false | 17850",
            "C536379 | 22423 | -1 | true | true | 14527",
            "536380 | 22961 | -24 | true | false | -",
        ]
    );
}

#[test]
fn fimi_lines_are_orders_of_skus() {
    let operator = IngestShop { format: Format::Fimi, ..operator() };
    let outputs = ingest(&operator, &[("a.dat", "1 2 2\n\n30 1\n")]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "sku", "quantity"]),
        ["1:1 | 1 | 1", "1:1 | 2 | 2", "1:3 | 30 | 1", "1:3 | 1 | 1"]
    );
    assert_eq!(outputs.rows("files", &["rows", "accepted"]), ["5 | 4"]);
    let outputs = ingest(&operator, &[("a.dat", "1 2\n"), ("b.dat", "7 8\n")]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "sku"]),
        ["1:1 | 1", "1:1 | 2", "2:1 | 7", "2:1 | 8"],
        "lines of two files are two orders"
    );
    assert_eq!(outputs.frame("rejected").height(), 0);
}
