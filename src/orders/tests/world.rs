//! Exports of more programs and languages, by the profiles that the project ships.

use super::super::testing::*;

const LINES: [&str; 5] = ["order_id", "name", "sku", "quantity", "unit_price_cents"];

/// The order lines of a file, and what became of the file.
fn lines(name: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let outputs = ingest(&operator(), &[(name, text)]);
    (outputs.rows("order_lines", &LINES), outputs.rows("files", &["profile", "status", "rows", "accepted"]))
}

#[test]
fn headers_are_known_without_accents_in_capitals_and_with_their_currency() {
    for header in [
        "Sipariş No;Sipariş Tarihi;Ürün Adı;Adet;Birim Fiyat",
        "SİPARİŞ NO;SİPARİŞ TARİHİ;ÜRÜN ADI;ADET;BİRİM FİYAT",
        "Siparis No;Siparis Tarihi;Urun Adi;Adet;Birim Fiyat (TL)",
        "N.º de pedido;Fecha;Producto;Cantidad;Precio unitario (€)",
        "Nº pedido;Fecha;Producto;Cantidad;Precio unitario",
        "Bestell-Nr.;Datum;Artikel;Menge;Preis in €",
        "Номер заказа;Дата заказа;Товар;Количество;Цена",
        "注文番号;注文日;商品名;数量;価格",
        "Order No.;Date of order;Item Description;Qty.;Price each",
    ] {
        let (found, files) =
            lines("o.csv", &format!("{header}\n7;13.11.2025;Tasse;2;12,50\n8;14.11.2025;Tasse;1;12,50\n"));
        assert_eq!(found, ["7 | Tasse | - | 2 | 1250", "8 | Tasse | - | 1 | 1250"], "{header}: {files:?}");
    }
}

#[test]
fn one_column_names_the_orders_of_a_file() {
    let header = "order_id,order_number,created_at,sku,quantity,price\n";
    let rows = "1,#1,2026-02-03,A,1,2\n,#1,2026-02-03,B,1,2\n3,#3,2026-02-03,C,1,2\n";
    let found = lines("o.csv", &format!("{header}{rows}")).0;
    assert_eq!(
        found,
        ["#1 | unspecified | A | 1 | 200", "#1 | unspecified | B | 1 | 200", "#3 | unspecified | C | 1 | 200"]
    );
    // The other column tells other orders apart, so that it names something else.
    let rows =
        "1,x,2026-02-03,A,1,2\n,x,2026-02-03,B,1,2\n3,x,2026-02-03,C,1,2\n4,x,2026-02-03,C,1,2\n5,x,2026-02-03,C,1,2\n";
    let outputs = ingest(&operator(), &[("o.csv", &format!("{header}{rows}"))]);
    assert_eq!(outputs.rows("orders", &["order_id"]), ["1", "3", "4", "5"]);
    assert_eq!(outputs.rows("rejected", &["line", "reason"]), ["3 | missing_order_id"]);
}

#[test]
fn a_name_is_the_items_where_it_differs_within_orders_and_another_column_names_them() {
    let header = "order_number,date,name,sku,quantity,price\n";
    let rows = "1,2026-02-03,Cup,C-1,1,2\n1,2026-02-03,Tea,T-1,1,3\n2,2026-02-03,Cup,C-1,1,2\n";
    let found = lines("o.csv", &format!("{header}{rows}")).0;
    assert_eq!(found, ["1 | Cup | C-1 | 1 | 200", "1 | Tea | T-1 | 1 | 300", "2 | Cup | C-1 | 1 | 200"]);
    let rows = "1,2026-02-03,#1,C-1,1,2\n1,2026-02-03,#1,T-1,1,3\n";
    let found = lines("o.csv", &format!("{header}{rows}")).0;
    assert_eq!(found, ["1 | unspecified | C-1 | 1 | 200", "1 | unspecified | T-1 | 1 | 300"]);
}

#[test]
fn a_list_of_items_may_be_json_after_all() {
    let cell =
        r#"[{""name"": ""Cup, blue"", ""quantity"": 2, ""price"": ""9.50""}, {""name"": ""Tea"", ""quantity"": 1}]"#;
    let text = format!("Order ID,Date,Items\n7,2026-02-03,\"{cell}\"\n8,2026-02-03,\"2 x Cup<br>1 x Tea\"\n");
    let found = lines("o.csv", &text).0;
    assert_eq!(
        found,
        ["7 | Cup, blue | - | 2 | 950", "7 | Tea | - | 1 | 0", "8 | Cup | - | 2 | 0", "8 | Tea | - | 1 | 0"]
    );
}

#[test]
fn rows_without_an_order_go_on_with_the_order_above_in_blocks_of_any_size() {
    let header = "Order Number,Order Date,Item Name,Quantity,Item Cost\n";
    let rows = "7,2026-02-03,Cup,1,2\n,,Tea,1,3\n,,Pot,1,4\n8,2026-02-04,Cup,1,2\n,,Tea,2,3\n";
    let text = format!("{header}{rows}");
    let expected = [
        "7 | Cup | - | 1 | 200",
        "7 | Tea | - | 1 | 300",
        "7 | Pot | - | 1 | 400",
        "8 | Cup | - | 1 | 200",
        "8 | Tea | - | 2 | 300",
    ];
    for block in [40, 80, 1 << 20] {
        let outputs = try_ingest(&operator(), &[("o.csv", text.as_bytes())], 1, block).unwrap();
        assert_eq!(outputs.rows("order_lines", &LINES), expected, "{block}");
    }
    let broken =
        format!("{header}7,2026-02-03,Cup,1,2\n8,\"2026\"x,Cup,1,2\n,,Tea,1,3\n{}", "9,2026-02-05,Cup,1,2\n".repeat(9));
    let outputs = ingest(&operator(), &[("o.csv", &broken)]);
    assert_eq!(outputs.rows("rejected", &["line", "reason"])[..2], ["3 | broken_record", "4 | missing_order_id"]);
    let dated = format!("{header}7,2026-02-03,Cup,1,2\n,2026-02-04,Tea,1,3\n{}", "9,2026-02-05,Cup,1,2\n".repeat(9));
    let outputs = ingest(&operator(), &[("o.csv", &dated)]);
    assert_eq!(
        outputs.rows("rejected", &["line", "reason"])[..1],
        ["3 | missing_order_id"],
        "a row with a date is another order's"
    );
}

#[test]
fn a_title_before_the_header_is_passed_over_and_lines_are_counted_with_it() {
    let table = "order_id,created_at,sku,quantity,price\n1,2026-02-03,A,1,2\n2,soon,B,1,2\n3,2026-02-03,A,1,2\n4,2026-02-03,A,1,2\n5,2026-02-03,A,1,2\n";
    for (title, count) in
        [("Orders of a shop\n\n", 2), ("\"All amounts in USD, unless specified\"\nFrom,2026-01-01\n", 2)]
    {
        let outputs = ingest(&operator(), &[("o.csv", &format!("{title}{table}"))]);
        assert_eq!(outputs.rows("orders", &["order_id"]), ["1", "3", "4", "5"], "{title}");
        assert_eq!(outputs.rows("rejected", &["line"]), [(3 + count).to_string()], "{title}");
    }
}

#[test]
fn an_item_may_have_a_column_of_its_own() {
    let text = "order_number,order_date,status,line_item_1,line_item_2\n\
                7,2026-02-03,completed,name:Cup: blue|sku:C-1|quantity:2|total:4.00,name:Tea|sku:T-1|quantity:1|total:3.00\n\
                8,2026-02-04,completed,name:Tea|sku:T-1|quantity:1|total:3.00,\n";
    let (found, files) = lines("o.csv", text);
    assert_eq!(found, ["7 | Cup: blue | C-1 | 2 | 200", "7 | Tea | T-1 | 1 | 300", "8 | Tea | T-1 | 1 | 300"]);
    assert_eq!(files, ["woocommerce-orders-columns | completed | 2 | 2"]);
}

#[test]
fn a_row_that_is_no_line_says_something_of_its_order_alone() {
    let text = "Name,Processed At,Currency,Cancelled At,Line: Type,Line: Title,Line: SKU,Line: Quantity,Line: Price\n\
                #1,2026-02-03,EUR,,Line Item,Cup,C-1,1,2\n#1,,,,Shipping Line,Standard,,,5\n#1,,,,Transaction,,,,\n\
                #2,2026-02-03,EUR,,Line Item,Cup,C-1,1,2\n#2,,,2026-02-04,Transaction,,,,\n";
    let outputs = ingest(&operator(), &[("Orders.csv", text)]);
    assert_eq!(outputs.rows("order_lines", &["order_id", "sku", "left_out"]), ["#1 | C-1 | -", "#2 | C-1 | cancelled"]);
    assert_eq!(outputs.rows("files", &["profile", "rows", "rejected"]), ["matrixify-orders | 5 | 0"]);
    let head = "Sales Record Number,Order Number,Buyer Name,Item Number,Item Title,Custom Label,Quantity,Sold For,Sale Date,Variation Details\n";
    let rows = "1,11-1,A B,,,,2,,Oct-03-25,\n1,11-1,A B,25,Cup,,1,$2.00,Oct-03-25,[Size:S]\n1,11-1,A B,25,Cup,,1,$2.00,Oct-03-25,[Size:M]\n";
    let (found, files) = lines("o.csv", &format!("{head}{rows}"));
    assert_eq!(found, ["11-1 | Cup - S | - | 1 | 200", "11-1 | Cup - M | - | 1 | 200"], "known by name and variant");
    assert_eq!(files, ["ebay-orders | completed | 3 | 3"]);
}

#[test]
fn an_order_is_left_out_for_a_status_in_any_spelling() {
    for (header, status) in [
        ("Durum", "İPTAL EDİLDİ"),
        ("Estado", "Cancelado"),
        ("Statut", "Annulée"),
        ("status", "wc-cancelled"),
        ("status", "Pending - Cancelled"),
        ("status", "Cancelled (by the seller)"),
        ("is_cancelled", "1"),
        ("Cancelled", "yes"),
    ] {
        let text = format!(
            "order_id,created_at,sku,quantity,price,{header}\n1,2026-02-03,A,1,2,{status}\n2,2026-02-03,A,1,2,\n"
        );
        let outputs = ingest(&operator(), &[("o.csv", &text)]);
        assert_eq!(
            outputs.rows("order_lines", &["order_id", "left_out"]),
            ["1 | cancelled", "2 | -"],
            "{header} {status}"
        );
    }
}

#[test]
fn a_product_in_another_store_view_is_no_variant_more() {
    let text = "sku,store_view_code,product_type,name,price,qty,product_online\nM-1,,simple,Mug,9.50,7,1\nM-1,de,simple,Becher,,,\n";
    let outputs = ingest(&super::IngestShop { kind: None, ..operator() }, &[("catalog_product.csv", text)]);
    let columns = ["variant_id", "product_title", "price_cents", "available_total"];
    assert_eq!(outputs.rows("catalog", &columns), ["M-1 | Mug | 950 | 7"]);
}

#[test]
fn rows_that_name_their_order_are_of_orders_whatever_else_they_say() {
    for header in [
        "order_id,inventory_item_id,location_id,variant_id,sku,quantity,updated_at,created_at",
        "order_id,handle,location,sku,available,quantity,price,created_at",
    ] {
        let cells = header.split(',').map(|name| match name {
            "updated_at" | "created_at" => "2026-02-03",
            "sku" => "A",
            _ => "1",
        });
        let row = cells.collect::<Vec<_>>().join(",");
        let outputs = ingest(&operator(), &[("o.csv", &format!("{header}\n{row}\n"))]);
        assert_eq!(outputs.rows("files", &["kind"]), ["orders"], "{header}");
    }
}

#[test]
fn dates_and_prices_are_read_as_more_programs_write_them() {
    for (date, expected) in [
        ("20251001T080000Z", "2025-10-01T08:00:00Z"),
        ("45931", "2025-10-01T00:00:00Z"),
        ("45931.333333", "2025-10-01T08:00:00Z"),
        ("45931,333333", "2025-10-01T08:00:00Z"),
        ("'2025-10-01", "2025-10-01T00:00:00Z"),
        ("1 окт. 2025 г., 08:00", "2025-10-01T08:00:00Z"),
        ("1 Ekim 2025 Çarşamba 08:00", "2025-10-01T08:00:00Z"),
        ("2025年10月1日(水) 8:00", "2025-10-01T08:00:00Z"),
    ] {
        let text = format!("order_id;created_at;sku;quantity;price\n1;{date};A;1;2\n");
        let outputs = ingest(&operator(), &[("o.csv", &text)]);
        assert_eq!(outputs.rows("orders", &["created_at"]), [expected], "{date}");
    }
    for (price, expected) in
        [("US $1,234.50", "123450"), ("د.ب 9.500", "950"), ("1,234.50 ر.س.", "123450"), ("C $9.50", "950")]
    {
        let text = format!("order_id;created_at;sku;quantity;price\n1;2025-10-01;A;1;{price}\n");
        let outputs = ingest(&operator(), &[("o.csv", &text)]);
        assert_eq!(outputs.rows("order_lines", &["unit_price_cents"]), [expected], "{price}");
    }
}
