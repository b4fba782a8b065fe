//! Whose rows they are.

use super::super::testing::*;
use crate::orders::ingest::IngestShop;
use crate::orders::reading::entry::FileEntry;

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
    let entries = [FileEntry { path: "/data/Shop-8/o.csv".to_owned(), name: "o.csv".to_owned(), gives_rows: true }];
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
fn a_row_without_shop_in_a_file_of_several_is_of_the_default_shop_else_it_is_rejected() {
    let text = format!("{HEADER},shop\n{ROW},n\n2,a,2025-01-02,1,1,m\n3,a,2025-01-02,1,1,\n");
    let outputs = ingest(&operator(), &[("o.csv", &text)]);
    assert_eq!(outputs.rows("orders", &["shop_id"]), ["n", "m", "s"]);
    assert_eq!(outputs.rows("files", &["shops", "accepted"]), ["3 | 3"]);
    let operator = IngestShop { default_shop: None, shop_from_folder: true, max_rejected: 0.5, ..operator() };
    let outputs = ingest(&operator, &[("x/o.csv", &text)]);
    assert_eq!(outputs.rows("orders", &["shop_id"]), ["n", "m"], "the folder is that of several shops");
    assert_eq!(outputs.rows("rejected", &["line", "reason"]), ["4 | missing_shop"]);
    assert_eq!(outputs.rows("files", &["shops", "accepted"]), ["2 | 2"]);
}

#[test]
fn rows_without_shop_count_towards_those_that_cannot_be_used_each_once() {
    let operator = IngestShop { default_shop: None, ..operator() };
    let refused = |rows: &[&str]| {
        let text = format!("{HEADER},shop\n{}\n", rows.join("\n"));
        try_ingest(&operator, &[("o.csv", text.as_bytes())], 1, 1 << 20).err().unwrap_or_default()
    };
    let (north, south, none) = ("1,a,14/02/2025,1,1,n", "2,a,14/02/2025,1,1,m", "3,a,14/02/2025,1,1,");
    let error = refused(&[north, south, none, none, none, none, none, none, none]);
    assert!(
        error.contains("7 of 9 rows cannot be used (missing_shop 7); export it again, or set the parameter `default_"),
        "{error}"
    );
    // Of rows that have no shop and a date that is none, or a price that is none, the first is told.
    let (misread, unpriced) = ("4,a,01/15/2025,1,1,", "5,a,01/15/2025,1,x,");
    let error = refused(&[north, south, misread, unpriced]);
    assert!(error.contains("2 of 4 rows cannot be used (bad_number 1, missing_shop 1)"), "{error}");
    assert_eq!(refused(&[north, south, north, south, misread]), "", "a fifth is allowed");
}

#[test]
fn a_blank_shop_is_none() {
    let blank = || Some("  ".to_owned());
    let operator = IngestShop { shop: blank(), default_shop: blank(), shop_from_folder: true, ..operator() };
    let plain = format!("{HEADER}\n{ROW}\n");
    assert_eq!(shops(&operator, &[("north/o.csv", &plain), ("south/o.csv", &plain)]), ["north", "south"]);
    let operator = IngestShop { shop_from_folder: false, ..operator };
    let error = try_ingest(&operator, &[("o.csv", plain.as_bytes())], 1, 1 << 20).err().unwrap();
    assert!(error.contains("o.csv names no shop"), "{error}");
}
