//! Exports of known programs, by the profiles that the project ships.

use super::super::testing::*;
use crate::orders::{
    ingest::{BadFiles, IngestShop},
    recognising::{layout::layout, profile},
};

const PRODUCTS: &str = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src,Gift Card,Cost per item,Status\n";
const NEW_PRODUCTS: &str = "Title,URL handle,Description,Vendor,Type,Tags,Published on online store,Status,SKU,Option1 name,Option1 value,Option2 name,Option2 value,Price,Compare-at price,Cost per item,Inventory tracker,Inventory quantity,Product image URL,Variant image URL,Gift card\n";

#[test]
fn every_profile_is_sound_and_tells_a_file_of_its_first_headers() {
    let (columns, profiles) = (shop_columns(), profiles());
    profile::check(&profiles).unwrap();
    for known in &profiles {
        let headers: Vec<String> = known.headers.iter().map(|group| group[0].clone()).collect();
        let found = layout(&headers, &columns, &profiles, None).unwrap();
        assert_eq!(found.profile.as_deref(), Some(known.name.as_str()), "{headers:?}");
        assert_eq!(found.kind, known.kind);
    }
}

#[test]
fn a_products_export_is_catalog_and_variants_with_what_is_the_products_on_every_row() {
    let rows = "willow-mug,Willow Mug,<p>Made</p>,Harbour,Home,\"winter, gift\",true,Size,S,Color,Red,M-S,shopify,7,9.50,12.00,https://x/1.jpg,false,4.00,active\n\
                willow-mug,,,,,,,,M,,Red,M-M,shopify,,9.50,,https://x/2.jpg,,4.00,\n\
                willow-mug,,,,,,,,,,,,,,,,https://x/3.jpg,,,\n\
                tray,Tray,,Harbour,Home,,true,Title,Default Title,,,,,5,20,,,false,,draft\n\
                card,Gift Card,,Harbour,,,true,Title,Default Title,,,,,,10,,,true,,archived\n";
    let outputs =
        ingest(&IngestShop { kind: None, ..operator() }, &[("products_export.csv", &format!("{PRODUCTS}{rows}"))]);
    assert_eq!(outputs.rows("files", &["kind", "rows", "accepted", "status"]), ["product_export | 5 | 5 | completed"]);
    let columns = ["variant_id", "product_id", "product_title", "variant_title", "vendor", "tags", "product_status"];
    assert_eq!(
        outputs.rows("catalog", &columns),
        [
            "willow-mug:S:Red | willow-mug | Willow Mug | S / Red | Harbour | winter, gift | active",
            "willow-mug:M:Red | willow-mug | Willow Mug | M / Red | Harbour | winter, gift | active",
            "tray | tray | Tray | Default Title | Harbour |  | draft",
            "card | card | Gift Card | Default Title | Harbour |  | archived",
        ]
    );
    assert_eq!(
        outputs.rows(
            "catalog",
            &["price_cents", "compare_at_price_cents", "available_total", "image_url", "is_gift_card"]
        ),
        [
            "950 | 1200 | 7 | https://x/1.jpg | false",
            "950 | - | - | https://x/2.jpg | false",
            "2000 | - | - | - | false",
            "1000 | - | - | - | true",
        ],
        "where no tracker is named the quantity is none"
    );
    assert_eq!(
        outputs.rows("variants", &["variant_id", "variant_title", "sku", "unit_cost_cents", "inventory_item_id"]),
        [
            "willow-mug:S:Red | S / Red | M-S | 400 | willow-mug:S:Red",
            "willow-mug:M:Red | M / Red | M-M | 400 | willow-mug:M:Red",
            "tray | Default Title | - | - | tray",
            "card | Default Title | - | - | card",
        ]
    );
}

#[test]
fn the_new_names_of_columns_give_the_same_and_a_change_of_sku_changes_no_id() {
    let new = "Willow Mug,willow-mug,<p>Made</p>,Harbour,Home,winter,true,Active,OTHER,Size,S,,,9.50,,4.00,shopify,7,https://x/1.jpg,,false\n\
               ,willow-mug,,,,,,,,,M: 50%,,,9.50,,4.00,shopify,3,,,\n";
    let outputs = ingest(&operator(), &[("products_export_1.csv", &format!("{NEW_PRODUCTS}{new}"))]);
    assert_eq!(
        outputs.rows("catalog", &["variant_id", "product_title", "product_status", "available_total", "sku"]),
        ["willow-mug:S | Willow Mug | active | 7 | OTHER", "willow-mug:M%3A 50%25 | Willow Mug | active | 3 | -"]
    );
}

#[test]
fn an_inventory_export_is_the_stock_of_handle_and_options() {
    let products =
        format!("{PRODUCTS}mug,Mug,,,,,,Size,S,,,M-S,shopify,1,9,,,,,active\nmug,,,,,,,,M,,,M-M,shopify,1,9,,,,,\n");
    let old = "Handle,Title,Option1 Name,Option1 Value,SKU,Location,Available,On hand\n\
               mug,Mug,Size,S,M-S,Shop,5,6\nmug,Mug,Size,S,M-S,Barn,2,2\nmug,Mug,Size,M,M-M,Shop,not stocked,not stocked\nmug,Mug,Size,M,M-M,Barn,4,4\n";
    let new = "Handle,Title,Option1 Name,Option1 Value,SKU,Location,Available (not editable),On hand (current),On hand (new)\n\
               mug,Mug,Size,S,M-S,Shop,5,6,\nmug,Mug,Size,S,M-S,Barn,2,2,\nmug,Mug,Size,M,M-M,Shop,not stocked,not stocked,\nmug,Mug,Size,M,M-M,Barn,4,4,\n";
    for levels in [old, new] {
        let outputs = ingest(&operator(), &[("i.csv", levels), ("p.csv", &products)]);
        assert_eq!(
            outputs.rows("inventory", &["inventory_item_id", "location_id", "available", "updated_at"]),
            ["mug:S | Shop | 5 | -", "mug:S | Barn | 2 | -", "mug:M | Barn | 4 | -"]
        );
        assert_eq!(outputs.rows("catalog", &["variant_id", "available_total"]), ["mug:S | -", "mug:M | -"]);
        assert_eq!(outputs.rows("files", &["kind", "accepted"]), ["inventory_levels | 4", "product_export | 2"]);
    }
}

#[test]
fn lists_of_products_find_the_ids_that_other_files_give() {
    let variants = "product_id,variant_id,variant_title,price,inventory_item_id,sku\n7,70,S,9,900,M-S\n";
    let products = format!("{PRODUCTS}mug,Mug,,,,,,Size,S,,,M-S,,1,9,,,,,active\nmug,,,,,,,,M,,,M-M,,1,9,,,,,\n");
    let levels = "Handle,Option1 Value,SKU,Location,Available\nother,S,M-S,Shop,5\n";
    let outputs = ingest(&operator(), &[("i.csv", levels), ("p.csv", &products), ("v.csv", variants)]);
    assert_eq!(outputs.rows("variants", &["variant_id", "product_id"]), ["70 | 7", "mug:M | mug"]);
    assert_eq!(outputs.rows("catalog", &["variant_id", "product_title"]), ["70 | Mug", "mug:M | Mug"]);
}

#[test]
fn a_list_of_products_is_never_taken_for_orders() {
    for (header, row) in [
        (
            "sku,_type,name,price,status,qty,is_in_stock,created_at,description,visibility",
            "a,simple,Mug,9,1,25,1,2012-11-28 10:00:00,Made,4",
        ),
        ("name,sku,price,quantity,created_at", "Mug,a,9,25,2012-11-28"),
        ("id,name,sku,price,quantity,date", "1,Mug,a,9,25,2012-11-28"),
        ("Name,Item SKU,Price,Units,Date,Brand,Category", "Mug,a,9,25,2012-11-28,B,C"),
    ] {
        let headers: Vec<String> = header.split(',').map(str::to_owned).collect();
        let kind = layout(&headers, &shop_columns(), &profiles(), None).map(|layout| layout.kind.name());
        assert_ne!(kind.as_deref(), Ok("orders"), "{header}");
        let orders = "order_id,sku,created_at,quantity,price\n1,a,2025-01-02,1,9\n";
        let text = format!("{header}\n{row}\n");
        let operator = IngestShop { bad_files: BadFiles::Skip, ..operator() };
        let files: [(&str, &[u8]); 2] = [("list.csv", text.as_bytes()), ("orders.csv", orders.as_bytes())];
        let outputs = try_ingest(&operator, &files, 1, 1 << 20).unwrap();
        assert_eq!(outputs.rows("orders", &["order_id"]), ["1"], "{header}");
    }
}

#[test]
fn products_of_woocommerce_know_their_parents() {
    let text = "ID,Type,SKU,Name,Published,Stock,Sale price,Regular price,Categories,Parent,Images\n\
                100,variable,HOOD,Hoodie,1,,,,Clothes,,\"https://x/1.jpg, https://x/2.jpg\"\n101,variation,H-B,Hoodie - Blue,1,4,18,20,,id:100\n102,variation,,Hoodie - Red,1,,,20,,HOOD\n\
                200,simple,MUG,Mug,-1,9,,8,Home,\n";
    let outputs = ingest(&operator(), &[("wc-product-export.csv", text)]);
    let columns = [
        "variant_id",
        "product_id",
        "product_title",
        "product_type",
        "product_status",
        "price_cents",
        "compare_at_price_cents",
        "available_total",
    ];
    assert_eq!(outputs.rows("catalog", &["image_url"]), ["https://x/1.jpg", "https://x/1.jpg", "-"]);
    assert_eq!(
        outputs.rows("catalog", &columns),
        [
            "101 | 100 | Hoodie - Blue | Clothes | active | 1800 | 2000 | 4",
            "102 | 100 | Hoodie - Red | Clothes | active | 2000 | - | -",
            "200 | 200 | Mug | Home | draft | 800 | - | 9",
        ]
    );
}

#[test]
fn an_order_with_a_list_of_items_in_a_cell_has_a_line_for_each() {
    let text = "Date,Order #,Status,Customer,Product(s),Items sold,N. Revenue\n\
                2025-10-01 10:00:00,1001,completed,Ann,\"2× Mug, blue, 1× Tray\",3,25\n2025-10-02 10:00:00,1002,cancelled,Ann,1× Tray,1,5\n";
    let outputs = ingest(&operator(), &[("orders.csv", text)]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "name", "quantity", "left_out", "customer"]),
        ["1001 | Mug, blue | 2 | - | Ann", "1001 | Tray | 1 | - | Ann", "1002 | Tray | 1 | cancelled | Ann"]
    );
    let text =
        "Order No,Created At,Items\n7,2025-10-01,\"Mug, blue (x2); Tray (x1)\"\n8,2025-10-01,1 x Tray (SKU: T-1)\n";
    let outputs = ingest(&operator(), &[("orders.csv", text)]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "name", "sku", "quantity"]),
        ["7 | Mug, blue | - | 2", "7 | Tray | - | 1", "8 | Tray | T-1 | 1"]
    );
    let text = "order_id,order_date,status,line_items,order_total\n\
                7,2025-10-01,processing,id:1|name:Mug|product_id:5|sku:M-1|quantity:2|total:18.00;id:2|name:Tray|quantity:1|total:4.00,22\n";
    let outputs = ingest(&operator(), &[("orders.csv", text)]);
    assert_eq!(
        outputs.rows("order_lines", &["name", "sku", "quantity", "unit_price_cents", "line_total_cents"]),
        ["Mug | M-1 | 2 | 900 | 1800", "Tray | - | 1 | 400 | 400"]
    );
}

#[test]
fn orders_and_their_lines_in_two_files_are_joined_by_the_orders_id() {
    let items = "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n\
                 o1,1,p1,s,2018-01-09 10:00:00,10.00,2\no1,2,p2,s,2018-01-09 10:00:00,5.00,2\no2,1,p1,s,2018-02-09 10:00:00,10.00,2\n";
    let orders = "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at\n\
                  o1,c1,delivered,2018-01-02 08:00:00,2018-01-02\no2,c2,canceled,2018-02-02 08:00:00,\no3,c3,delivered,2018-02-02 08:00:00,\n";
    let expected = [
        "o1 | p1 | 2018-01-02T08:00:00Z | c1 | - | 1",
        "o1 | p2 | 2018-01-02T08:00:00Z | c1 | - | 1",
        "o2 | p1 | 2018-02-02T08:00:00Z | c2 | cancelled | 1",
    ];
    let columns = ["order_id", "variant_id", "created_at", "customer", "left_out", "quantity"];
    for files in [[("a.csv", items), ("b.csv", orders)], [("a.csv", orders), ("b.csv", items)]] {
        assert_eq!(ingest(&operator(), &files).rows("order_lines", &columns), expected);
    }
    let alone = ingest(&operator(), &[("order_items.csv", items)]);
    assert_eq!(
        alone.rows("orders", &["order_id", "created_at"]),
        ["o1 | 2018-01-09T10:00:00Z", "o2 | 2018-02-09T10:00:00Z"]
    );
}

#[test]
fn orders_of_an_api_as_flat_records_are_those_of_the_admins_file() {
    let text = "id,name,created_at,financial_status,cancelled_at,currency,customer.id,line_items.id,line_items.variant_id,line_items.title,line_items.variant_title,line_items.name,line_items.sku,line_items.quantity,line_items.current_quantity,line_items.price,line_items.gift_card\n\
                5,#1001,2025-01-02T10:00:00-05:00,paid,,EUR,9,51,70,Mug,Blue,Mug - Blue,M-B,2,1,9.00,false\n5,#1001,2025-01-02T10:00:00-05:00,paid,,EUR,9,52,,Tip,,Tip,,1,1,2.00,false\n";
    let outputs = ingest(&operator(), &[("orders.csv", text)]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "variant_id", "name", "quantity", "returned_quantity", "left_out"]),
        ["#1001 | 70 | Mug - Blue | 2 | 1 | -", "#1001 | - | Tip | 1 | 0 | tip"]
    );
}

#[test]
fn a_row_a_unit_needs_no_more_than_order_item_and_date() {
    for text in [
        "Transaction ID,Item,Date\n1,Mug,2025-01-02\n1,Tray,2025-01-02\n1,Mug,2025-01-02\n",
        "order_id,product_id,created_at\n1,Mug,2025-01-02\n1,Tray,2025-01-02\n1,Mug,2025-01-02\n",
        "order_date,order_number,product_name\n2025-01-02,1,Mug\n2025-01-02,1,Tray\n2025-01-02,1,Mug\n",
    ] {
        let outputs = ingest(&operator(), &[("o.csv", text)]);
        assert_eq!(
            outputs.rows("order_lines", &["order_id", "quantity", "unit_price_cents"]),
            ["1 | 2 | 0", "1 | 1 | 0"]
        );
    }
}

#[test]
fn headers_in_other_languages_are_known() {
    for (header, row) in [
        ("Bestellnummer,Bestelldatum,Artikel,Menge,Einzelpreis", "7,2025-10-01,Tasse,2,9.50"),
        ("N° commande,Date,Produit,Quantité,Prix unitaire", "7,2025-10-01,Tasse,2,9.50"),
        ("Número de pedido,Fecha,Producto,Cantidad,Precio", "7,2025-10-01,Tasse,2,9.50"),
        ("Numero ordine,Data,Prodotto,Quantità,Prezzo", "7,2025-10-01,Tasse,2,9.50"),
        ("Sipariş No,Tarih,Ürün Adı,Adet,Birim Fiyat", "7,2025-10-01,Tasse,2,9.50"),
    ] {
        let outputs = ingest(&operator(), &[("o.csv", &format!("{header}\n{row}\n"))]);
        assert_eq!(
            outputs.rows("order_lines", &["order_id", "name", "quantity", "unit_price_cents", "created_at"]),
            ["7 | Tasse | 2 | 950 | 2025-10-01T00:00:00Z"],
            "{header}"
        );
    }
}

#[test]
fn lines_of_one_sku_and_price_with_two_names_are_two() {
    let header =
        "Name,Created at,Currency,Financial Status,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n";
    let lines = "#1,2025-01-02,EUR,paid,1,Boot - 38,9,BOOT\n#1,2025-01-02,,,1,Boot - 39,9,BOOT\n#1,2025-01-02,,,1,Boot - 38,9,BOOT\n#1,2025-01-02,,,1,Mug,9,\n#1,2025-01-02,,,1,Tray,9,\n";
    let outputs = ingest(&operator(), &[("o.csv", &format!("{header}{lines}"))]);
    assert_eq!(
        outputs.rows("order_lines", &["name", "sku", "quantity"]),
        ["Boot - 38 | BOOT | 2", "Boot - 39 | BOOT | 1", "Mug | - | 1", "Tray | - | 1"]
    );
}

#[test]
fn a_profile_that_cannot_be_meant_is_refused_with_the_way_to_it() {
    let sound = profiles().into_iter().find(|profile| profile.name == "magento-orders").unwrap();
    let refused = |change: &dyn Fn(&mut profile::Profile)| {
        let mut changed = sound.clone();
        change(&mut changed);
        profile::check(&[sound.clone(), changed]).unwrap_err().path.join(".")
    };
    assert_eq!(refused(&|_| {}), "1.name", "two of one name");
    assert_eq!(refused(&|profile| profile.headers.clear()), "1.headers");
    assert_eq!(refused(&|profile| drop(profile.columns.insert("colour".to_owned(), Vec::new()))), "1.columns.colour");
    assert_eq!(
        refused(&|profile| profile.columns.get_mut("sku").unwrap().push("Status".to_owned())),
        "1.columns.sku.2"
    );
    assert_eq!(refused(&|profile| profile.left_out[0].reason = None), "1.left_out.0");
    assert_eq!(refused(&|profile| profile.left_out[0].field.push("colour".to_owned())), "1.left_out.0.field");
    assert_eq!(refused(&|profile| profile.carries.push("sku".to_owned())), "1.carries.0");
    let words = [("quantity".to_owned(), Default::default())].into();
    assert_eq!(refused(&|profile| profile.words = std::collections::BTreeMap::clone(&words)), "1.words.quantity");
}
