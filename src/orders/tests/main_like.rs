//! Exports as shops really write them: many columns, global ids, headers of several spellings.

use super::super::testing::*;

const ORDERS: &str = "\
Order ID,orderName,createdAt,displayFinancialStatus,displayFulfillmentStatus,currencyCode,totalPrice,subtotalPrice,totalTax,\
totalShippingPrice,customerEmail,shippingCountryCode,lineItemId,lineItemName,lineItemQuantity,originalUnitPrice,discountedTotal,\
productId,productTitle,productType,vendor,tags,variantId,variantTitle,variantSku,discountCode\n\
gid://shopify/Order/6001,#1001,2025-08-22T10:15:00-00:00,PAID,FULFILLED,USD,41.50,40.00,1.50,0,jo@example.com,US,\
gid://shopify/LineItem/1,Soap - Lavender,1,20.00,20.00,gid://shopify/Product/9001,Soap,Bath,Fern & Co,\"bath, soap\",\
gid://shopify/ProductVariant/7001?ref=x,Lavender,SOAP-L,\n\
gid://shopify/Order/6001,#1001,2025-08-22T10:15:00-00:00,PAID,FULFILLED,USD,41.50,40.00,1.50,0,jo@example.com,US,\
gid://shopify/LineItem/2,Gift,1,20.00,20.00,gid://shopify/Product/9002,Voucher,Gift Cards,Fern & Co,,\
gid://shopify/ProductVariant/7002,,,\n";

const CATALOG: &str = "\
product_id,title,body_html,vendor,product_type,status,tags,created_at,variant_id,variant_title,sku,variant_sku,price,\
compare_at_price,inventory_item_id,inventory_quantity\n\
9001,Soap,<p>Nice</p>,Fern & Co,Bath,ACTIVE,soap,2025-08-20T00:00:00Z,7001,Lavender,,SOAP-L,20.00,25.00,30001,50\n\
9002,Voucher,,Fern & Co,Gift Cards,draft,,soon,7002,Default Title,,,20,0,30002,-1\n";

#[test]
fn ids_are_numbers_and_every_column_of_the_wide_export_is_read() {
    let outputs = ingest(&operator(), &[("orders.csv", ORDERS)]);
    assert_eq!(
        outputs.rows(
            "orders",
            &[
                "order_id",
                "created_at",
                "financial_status",
                "subtotal_cents",
                "taxes_cents",
                "total_cents",
                "basket_value_cents"
            ]
        ),
        ["6001 | 2025-08-22T10:15:00Z | PAID | 4000 | 150 | 4150 | 4000"]
    );
    assert_eq!(
        outputs.rows(
            "order_lines",
            &[
                "line_item_id",
                "variant_id",
                "product_id",
                "sku",
                "name",
                "product_title",
                "brand",
                "tags",
                "is_gift_card"
            ]
        ),
        [
            "1 | 7001 | 9001 | SOAP-L | Soap - Lavender | Soap | Fern & Co | bath, soap | false",
            "2 | 7002 | 9002 | no-sku-7002 | Gift | Voucher | Fern & Co |  | true",
        ]
    );
    assert_eq!(outputs.rows("files", &["kind", "unknown_columns"]), ["orders | "]);
}

#[test]
fn a_joined_catalog_is_no_variants_file_and_minus_one_is_stock_that_is_not_tracked() {
    let outputs = ingest(&operator(), &[("catalog.csv", CATALOG)]);
    assert_eq!(outputs.rows("files", &["kind"]), ["catalog_joined"]);
    assert_eq!(
        outputs.rows(
            "catalog",
            &[
                "variant_id",
                "product_gid",
                "product_status",
                "sku",
                "compare_at_price_cents",
                "available_total",
                "product_created_at",
                "description"
            ]
        ),
        [
            "7001 | gid://shopify/Product/9001 | active | SOAP-L | 2500 | 50 | 2025-08-20T00:00:00Z | <p>Nice</p>",
            "7002 | gid://shopify/Product/9002 | draft | - | - | - | - | -",
        ]
    );
}

#[test]
fn an_id_column_stands_for_the_variant_only_where_no_other_does() {
    let text = "id,product_id,title,price,inventory_item_id\n5,1,T,2.50,9\n";
    let outputs = ingest(&operator(), &[("v.csv", text)]);
    assert_eq!(outputs.rows("variants", &["variant_id", "variant_title", "price_cents"]), ["5 | T | 250"]);
    let both = "id,variant_id,product_id,title,price,inventory_item_id\n5,,1,T,2.50,9\n6,7,1,T,2.50,9\n";
    let operator = crate::orders::ingest::IngestShop { max_rejected: 0.5, ..operator() };
    let outputs = ingest(&operator, &[("v.csv", both)]);
    assert_eq!(outputs.rows("variants", &["variant_id"]), ["7"]);
    assert_eq!(outputs.rows("rejected", &["reason"]), ["missing_item_id"]);
}
