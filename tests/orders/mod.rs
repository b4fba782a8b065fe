//! Ingest and enrichment through the binary: files as a source, freshness, a bad file, the sample shop.

mod detect;
mod kill;

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{Place, project};

const HEADER: &str = "orderId,variantId,sku,createdAt,quantity,price\n";

fn pipeline(place: &Place, params: &str) {
    let columns = project().join("pipelines/rules/shop-columns.toml");
    let text = format!(
        r#"
name = "orders"
[sources.shop_files]
files = "shops"
[stages.ingest]
operator = "ingest-shop"
inputs = {{ files = "shop_files" }}
params = {{ columns = {{ file = "{}" }}, shop_from_folder = true{params} }}
[stages.enrich]
operator = "enrich-orders"
inputs = {{ order_lines = "ingest.order_lines", variants = "ingest.variants", inventory = "ingest.inventory", catalog = "ingest.catalog" }}
[sinks.basket_lines]
from = "enrich.basket_lines"
csv = "out/basket_lines.csv"
[sinks.rejected]
from = "ingest.rejected"
csv = "out/rejected.csv"
"#,
        columns.display()
    );
    fs::write(place.path("orders.toml"), text).unwrap();
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn shops_in_folders_become_basket_lines_and_what_did_not_change_is_not_done_again() {
    let place = Place::new();
    pipeline(&place, "");
    let north = place.path("shops/north/orders.csv");
    write(
        &north,
        &format!("{HEADER}1,7,a,2025-01-02T03:04:05Z,2,1.50\n1,8,b,2025-01-02T03:04:05Z,1,2\n,7,a,2025-01-02,1,1\n"),
    );
    write(
        &place.path("shops/south/o.csv"),
        &format!("{HEADER}1,gid://shopify/ProductVariant/7,a,2025-01-03,1,1\n2,,c,2025-01-03,0,1\n"),
    );
    let refused = place.nightloom(["run", "orders.toml"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("north/orders.csv 1 of 3 rows cannot be used"), "{}", refused.stderr);
    pipeline(&place, ", max_rejected = 0.4");
    place.nightloom(["run", "orders.toml"]).expect_success();
    let baskets = fs::read_to_string(place.path("out/basket_lines.csv")).unwrap();
    assert_eq!(
        baskets,
        "shop_id,order_id,item_id,created_at,quantity,customer\n\
         north,1,7,2025-01-02T03:04:05Z,2,\nnorth,1,8,2025-01-02T03:04:05Z,1,\nsouth,1,7,2025-01-03T00:00:00Z,1,\n"
    );
    let rejected = fs::read_to_string(place.path("out/rejected.csv")).unwrap();
    assert!(rejected.contains("north/orders.csv,4,missing_order_id,order_id,"), "{rejected}");
    let again = place.nightloom(["run", "orders.toml"]).expect_success();
    assert!(again.stderr.contains("nothing to do") || again.stdout.contains("nothing to do"), "{}", again.stdout);
    fs::write(&north, fs::read(&north).unwrap()).unwrap();
    assert_eq!(states(&place)["ingest"], "fresh", "equal content stops the wave");
    fs::write(&north, fs::read_to_string(&north).unwrap().replace("1.50", "1.60")).unwrap();
    assert_eq!(states(&place)["ingest"], "done", "other content does not");
    let scratch = fs::read_dir(place.path(".nightloom/checkpoints/orders/ingest")).unwrap().flatten();
    let left: Vec<String> = scratch.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(!left.contains(&".unfinished".to_owned()), "{left:?}");
}

/// What a run did with each step and sink.
fn states(place: &Place) -> BTreeMap<String, String> {
    let finished = place.nightloom(["run", "orders.toml", "--json"]).expect_success();
    let results: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let steps = results["steps"].as_array().unwrap().iter();
    steps.map(|step| (text(&step["step"]), text(&step["status"]))).collect()
}

#[test]
fn a_plain_folder_of_files_is_a_shop_and_files_of_no_use_empty_no_table() {
    let place = Place::new();
    pipeline(&place, ", bad_files = \"skip\"");
    let orders = place.path("shops/orders.csv");
    write(&orders, &format!("{HEADER}1,7,a,2025-01-02T03:04:05Z,2,1.50\n"));
    write(&place.path("shops/orders.csv.bak"), "an old one");
    place.nightloom(["run", "orders.toml"]).expect_success();
    let made = fs::read_to_string(place.path("out/basket_lines.csv")).unwrap();
    assert_eq!(made, "shop_id,order_id,item_id,created_at,quantity,customer\nshops,1,7,2025-01-02T03:04:05Z,2,\n");
    let variants = "product_id,variant_id,variant_title,price,inventory_item_id\n1,7,T,3,4\n";
    for (text, words) in [
        ("<html>", "orders.csv is HTML"),
        (&format!("{HEADER}1,7,a,soon,2,1.50\n"), "orders.csv 1 of 1 rows cannot be used (bad_date 1)"),
        (variants, "no order line came of them: orders.csv is one of variants"),
    ] {
        write(&orders, text);
        let failed = place.nightloom(["run", "orders.toml"]);
        assert_eq!(failed.code, Some(1), "{text}");
        assert!(failed.stderr.contains(words), "{}", failed.stderr);
        assert_eq!(fs::read_to_string(place.path("out/basket_lines.csv")).unwrap(), made);
    }
}

#[test]
fn an_alias_of_two_fields_is_told_with_its_line() {
    let place = Place::new();
    write(&place.path("shops/o.csv"), HEADER);
    let columns = fs::read_to_string(project().join("pipelines/rules/shop-columns.toml")).unwrap();
    write(&place.path("columns.toml"), &columns.replace("\"units\"", "\"units\", \"sku\""));
    pipeline(&place, "");
    let text = fs::read_to_string(place.path("orders.toml")).unwrap();
    let shipped = project().join("pipelines/rules/shop-columns.toml");
    write(&place.path("orders.toml"), &text.replace(&shipped.display().to_string(), "columns.toml"));
    let refused = place.nightloom(["check", "orders.toml"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("columns.toml:") && refused.stderr.contains("'sku' is a name of"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_parquet_file_of_orders_is_read_beside_csv() {
    let place = Place::new();
    write(&place.path("in/o.csv"), &format!("{HEADER}5,7,a,2025-01-02T03:04:05Z,2,1.50\n6,x,b,2025-01-03,1,0.005\n"));
    write(
        &place.path("to-parquet.toml"),
        r#"
name = "to-parquet"
[sources.rows]
csv = "in/o.csv"
[sinks.rows]
from = "rows"
parquet = "shops/north/o.parquet"
"#,
    );
    fs::create_dir_all(place.path("shops/north")).unwrap();
    place.nightloom(["run", "to-parquet.toml"]).expect_success();
    write(&place.path("shops/north/o.csv"), &format!("{HEADER}4,7,a,2025-01-01,1,1\n"));
    pipeline(&place, "");
    place.nightloom(["run", "orders.toml"]).expect_success();
    let baskets = fs::read_to_string(place.path("out/basket_lines.csv")).unwrap();
    assert_eq!(
        baskets,
        "shop_id,order_id,item_id,created_at,quantity,customer\n\
         north,4,7,2025-01-01T00:00:00Z,1,\nnorth,5,7,2025-01-02T03:04:05Z,2,\nnorth,6,x,2025-01-03T00:00:00Z,1,\n"
    );
    fs::write(place.path("shops/north/o.parquet"), b"PAR1 and no more").unwrap();
    let refused = place.nightloom(["run", "orders.toml"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("north/o.parquet") && refused.stderr.contains("truncated"), "{}", refused.stderr);
}
