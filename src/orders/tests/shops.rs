//! Whose rows they are.

use super::super::testing::*;
use crate::orders::{ingest::IngestShop, intake::FileEntry};

const HEADER: &str = "order_id,sku,created_at,quantity,unit_price";
const ROW: &str = "1,a,2025-01-02,1,1";

fn shops(operator: &IngestShop, files: &[(&str, &str)]) -> Vec<String> {
    ingest(operator, files).rows("orders", &["shop_id"])
}

#[test]
fn the_parameter_comes_before_the_column_and_says_so_where_they_differ() {
    let operator = IngestShop { shop: Some(" North ".to_owned()), ..operator() };
    let text = format!("{HEADER},shop_domain\n{ROW},South.myshopify.com\n");
    let outputs = ingest(&operator, &[("o.csv", &text)]);
    assert_eq!(outputs.rows("orders", &["shop_id"]), ["north"]);
    let warnings = &outputs.rows("files", &["warnings"])[0];
    assert!(warnings.contains("names the shop south.myshopify.com"), "{warnings}");
}

#[test]
fn a_column_comes_before_folder_and_default_and_rows_without_take_the_only_shop_of_their_file() {
    let operator = IngestShop { shop_from_folder: true, ..operator() };
    let text = format!("{HEADER},shop\n{ROW},\n2,a,2025-01-02,1,1,North\n");
    assert_eq!(shops(&operator, &[("x/o.csv", &text)]), ["north", "north"]);
}

#[test]
fn a_file_that_names_no_shop_takes_that_of_its_folder_by_other_files_by_name_or_by_default() {
    let plain = format!("{HEADER}\n{ROW}\n");
    let inventory = "inventory_item_id,location_id,available,updated_at,shop\n1,2,5,2025-01-02,North\n";
    assert_eq!(shops(&operator(), &[("x/o.csv", &plain), ("x/i.csv", inventory)]), ["north"]);
    let by_folder = IngestShop { shop_from_folder: true, ..operator() };
    assert_eq!(shops(&by_folder, &[("all/Shop-7/o.csv", &plain)]), ["shop-7"]);
    assert_eq!(shops(&by_folder, &[("o.csv", &plain)]), ["s"], "a file that lies in no folder");
    let storage = std::sync::Arc::new(Memory::of(&[("/data/Shop-8/o.csv", plain.as_bytes())]));
    let entries = [FileEntry { path: "/data/Shop-8/o.csv".to_owned(), name: "o.csv".to_owned() }];
    by_folder.ingest(&entries, 1, 1 << 20, &context(storage.clone())).unwrap();
    let outputs = Outputs::of(&storage);
    assert_eq!(
        outputs.rows("orders", &["shop_id"]),
        ["shop-8"],
        "the folder of the data, whatever the name is relative to"
    );
}

#[test]
fn a_warning_names_the_first_other_shop_in_the_order_of_the_rows() {
    let operator = IngestShop { shop: Some("only".to_owned()), ..operator() };
    let file = |shops: &[&str]| {
        let rows: Vec<String> = shops.iter().map(|shop| format!("{ROW},{shop}\n")).collect();
        format!("{HEADER},shop\n{}", rows.concat())
    };
    let (first, second) = (file(&["south"]), file(&["only", "north", "south"]));
    let files = [("1.csv", first.as_bytes()), ("2.csv", second.as_bytes())];
    for block in [1 << 20, 50] {
        let warnings = try_ingest(&operator, &files, 1, block).unwrap().rows("files", &["warnings"]);
        assert!(warnings[0].contains("names the shop south;"), "{warnings:?}");
        assert!(warnings[1].contains("names the shop north;"), "{warnings:?}");
    }
}

#[test]
fn a_file_without_any_shop_is_refused() {
    let operator = IngestShop { default_shop: None, ..operator() };
    let text = format!("{HEADER}\n{ROW}\n");
    let error = try_ingest(&operator, &[("o.csv", text.as_bytes())], 1, 1 << 20).err().unwrap();
    assert!(error.contains("o.csv names no shop"), "{error}");
}

#[test]
fn a_row_without_shop_in_a_file_of_several_is_rejected() {
    let text = format!("{HEADER},shop\n{ROW},n\n2,a,2025-01-02,1,1,m\n3,a,2025-01-02,1,1,\n");
    let outputs = ingest(&operator(), &[("o.csv", &text)]);
    assert_eq!(outputs.rows("orders", &["shop_id"]), ["n", "m"]);
    assert_eq!(outputs.rows("rejected", &["line", "reason"]), ["4 | missing_shop"]);
}
