//! Products, prices, texts and explanations are records in Parquet, and in tables the JSON of the specification.

use polars::prelude::{DataFrame, DataType, ParquetReader, SerReader};
use rusqlite::types::Value;
use serde_json::Value as Json;

use super::{database, run, sample_shops};
use crate::support::{Place, rows};

fn parquet(place: &Place) -> DataFrame {
    let file = std::fs::File::open(place.path("out/bundle_recommendations.parquet")).expect("a file");
    ParquetReader::new(file).finish().expect("a frame")
}

/// The names of a record's fields.
fn fields(data_type: &DataType) -> Vec<String> {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| field.name().to_string()).collect(),
        DataType::List(item) => fields(item),
        other => panic!("no record: {other:?}"),
    }
}

fn field(data_type: &DataType, name: &str) -> DataType {
    let DataType::Struct(fields) = data_type else { panic!("no record: {data_type:?}") };
    fields.iter().find(|field| field.name() == name).expect(name).dtype().clone()
}

/// Whether null stands anywhere in it.
fn holds_null(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(items) => items.iter().any(holds_null),
        Json::Object(members) => members.values().any(holds_null),
        _ => false,
    }
}

fn keys(json: &Json) -> Vec<&str> {
    json.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn parquet_has_records_and_tables_have_json_without_what_a_type_has_not() {
    let place = Place::new();
    sample_shops(&place, 4_000, 3);
    run(&place, "bundles.toml", &[]);
    let frame = parquet(&place);
    let data_type = |name: &str| frame.column(name).expect(name).dtype().clone();
    let products = data_type("products");
    assert_eq!(
        fields(&products),
        ["items", "trigger_product", "addon_products", "volume_tiers", "qualifiers", "rewards"]
    );
    assert!(
        fields(&field(&products, "rewards")).ends_with(&["discount_type".to_owned(), "discount_percent".to_owned()])
    );
    assert_eq!(field(&data_type("pricing"), "individual_discounts"), DataType::List(Box::new(DataType::Float64)));
    assert_eq!(field(&data_type("ai_copy"), "features"), DataType::List(Box::new(DataType::String)));
    assert_eq!(fields(&field(&data_type("explanation"), "expected")).len(), 4);
    assert_eq!(fields(&data_type("ranking_components")).len(), 12);

    let query =
        "SELECT bundle_type, products, pricing, ai_copy, explanation, ranking_components FROM bundle_recommendations";
    let mut types = std::collections::BTreeSet::new();
    for row in rows(&database(&place), query) {
        let text = |place: usize| match &row[place] {
            Value::Text(text) => text.clone(),
            other => panic!("no text: {other:?}"),
        };
        let json = |place: usize| -> Json { serde_json::from_str(&text(place)).expect("JSON") };
        let (products, pricing) = (json(1), json(2));
        assert!((1..=5).all(|place| !holds_null(&json(place))), "{row:?}");
        let (of_products, of_pricing): (&[&str], Option<&str>) = match text(0).as_str() {
            "VOLUME" => (&["items", "volume_tiers"], Some("volume_tiers")),
            "BOGO" if products.get("trigger_product").is_some() => {
                (&["items", "trigger_product", "qualifiers", "rewards"], Some("bogo_config"))
            }
            "BOGO" => (&["items", "qualifiers", "rewards"], Some("bogo_config")),
            _ => (&["items", "trigger_product", "addon_products"], None),
        };
        assert_eq!(keys(&products), of_products);
        for key in ["volume_tiers", "bogo_config"] {
            assert_eq!(pricing.get(key).is_some(), of_pricing == Some(key), "{pricing}");
        }
        let item = &products["items"][0];
        assert_eq!(keys(item)[..4], ["product_gid", "variant_gid", "variant_id", "product_id"]);
        assert!(item["price"].is_f64() && pricing["bundle_price"].is_f64());
        if let Some(reward) = products["rewards"].get(0) {
            assert!(reward["quantity"].is_i64() && reward["discount_percent"].is_f64(), "{reward}");
            assert_eq!(keys(reward)[keys(item).len()..], ["quantity", "discount_type", "discount_percent"]);
        }
        if let Some(addons) = products["addon_products"].as_array() {
            assert_eq!(addons.as_slice(), &products["items"].as_array().expect("items")[1..]);
            assert_eq!(products["trigger_product"], *item);
        }
        types.insert(text(0));
    }
    assert!(types.len() >= 3, "{types:?}");
}
