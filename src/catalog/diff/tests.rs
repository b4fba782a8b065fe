//! Tests of diff-catalog.

use std::sync::Arc;

use polars::prelude::{Column, *};
use proptest::prelude::{Strategy, proptest};

use super::{
    super::testing::{Memory, context},
    *,
};
use crate::operator::Operator as _;

/// What a night gave: `id change class fields` a line, and the other outputs.
struct Night {
    changes: Vec<String>,
    products: DataFrame,
    quarantine: Vec<String>,
    refusals: Vec<String>,
    summary: DataFrame,
}

fn texts(frame: &DataFrame, names: &[&str]) -> Vec<String> {
    let columns: Vec<_> =
        names.iter().map(|name| frame.column(name).unwrap().cast(&DataType::String).unwrap()).collect();
    let cell = |column: &Column, row: usize| column.str().unwrap().get(row).unwrap_or("-").to_owned();
    let line = |row| columns.iter().map(|column| cell(column, row)).collect::<Vec<_>>().join(" ");
    (0..frame.height()).map(line).collect()
}

/// Compares a file with a state.
fn night(diff: &DiffCatalog, name: &str, content: &str, state: Option<&DataFrame>) -> Result<Night, StageError> {
    let storage = Arc::new(Memory::of(&[(name, content.as_bytes())]));
    let mut inputs = Frames::new().with("catalog", storage.listed());
    if let Some(state) = state {
        inputs = inputs.with("state", state.clone());
    }
    let mut made = diff.run(inputs, &context(storage))?;
    let mut take = |port| made.take(port).unwrap().collect().unwrap();
    let (changes, quarantine) = (take("changes"), take("quarantine"));
    Ok(Night {
        changes: texts(&changes, &["id", "change", "class", "fields"]),
        products: take("products"),
        quarantine: texts(&quarantine, &["number", "id", "reason"]),
        refusals: texts(&take("refusals"), &["reason"]),
        summary: take("summary"),
    })
}

/// The state after all changes were confirmed.
fn confirmed(before: Option<&DataFrame>, night: &Night, deleted: &[&str]) -> DataFrame {
    let columns =
        ["namespace", "id", "digest_a", "digest_b", "hash_version", "content_hash", "fields", "digests"].map(col);
    let now = night.products.clone().lazy().select(columns);
    let now = now.with_columns([lit("i").alias("index_hash"), lit("t").alias("text_hash")]).collect().unwrap();
    let Some(before) = before else { return now };
    let gone = Series::new("id".into(), deleted);
    let kept = before.clone().lazy().join(now.clone().lazy(), [col("id")], [col("id")], JoinArgs::new(JoinType::Anti));
    let kept = kept.filter(col("id").is_in(lit(gone).implode(false), false).not()).collect().unwrap();
    kept.vstack(&now).unwrap()
}

fn lenient() -> DiffCatalog {
    DiffCatalog { most_quarantined_share: 1.0, ..DiffCatalog::default() }
}

const FIRST: &str = r#"[{"id": 1, "name": "a", "price": 10, "s": {"w": 1, "h": 2}, "updated": 1},
    {"id": 2, "name": "b", "price": "$5.00", "stock": 3}, {"id": 3, "name": "c", "created": "2020-01-01"}]"#;

#[test]
fn a_first_night_adds_all_and_an_old_product_is_no_launch() {
    let night = night(&lenient(), "c.json", FIRST, None).unwrap();
    assert_eq!(night.changes, ["1 added P3 launch ", "2 added P3 launch ", "3 added P9 normal "]);
    assert_eq!(texts(&night.summary, &["namespace", "products", "added", "deleted"]), ["products 3 3 0"]);
}

#[test]
fn the_same_products_in_another_format_order_and_spelling_are_no_change() {
    let first = night(&lenient(), "c.json", FIRST, None).unwrap();
    let state = confirmed(None, &first, &[]);
    let lines = r#"{"id": 3, "created": "2020-01-01", "name": "c", "x": null}
{"price": 5, "id": "2", "name": "b", "stock": 3.0}
{"id": 1, "name": "a", "price": 10.0, "s": {"h": 2, "w": 1.0}, "updated": 99}"#;
    // An id that is a number and one that is a text are two values of a field, so this one changed.
    let second = night(&lenient(), "c.ndjson", lines, Some(&state)).unwrap();
    assert_eq!(second.changes, ["2 modified P9 normal id"]);
    assert_eq!(second.products.height(), 1);
}

#[test]
fn a_price_only_change_has_exactly_that_field_and_nested_fields_have_their_paths() {
    let first = night(&lenient(), "c.json", FIRST, None).unwrap();
    let state = confirmed(None, &first, &[]);
    let changed = FIRST.replace("\"price\": 10", "\"price\": 9.99").replace("\"stock\": 3", "\"stock\": 0");
    let second = night(&lenient(), "c.json", &changed, Some(&state)).unwrap();
    assert_eq!(second.changes, ["2 modified P1 stock stock", "1 modified P2 price price"]);
    let nested = FIRST.replace("\"w\": 1", "\"w\": 7");
    let third = night(&lenient(), "c.json", &nested, Some(&state)).unwrap();
    assert_eq!(third.changes, ["1 modified P9 normal s,s.w"]);
    let sub_cent = FIRST.replace("\"price\": 10", "\"price\": 10.001");
    assert!(night(&lenient(), "c.json", &sub_cent, Some(&state)).unwrap().changes.is_empty());
}

#[test]
fn the_hash_of_the_original_sees_every_field_and_its_priority_only_the_price() {
    let original = DiffCatalog { hash: HashKind::Original, priority: PriorityRule::Original, ..lenient() };
    let first = night(&original, "c.json", FIRST, None).unwrap();
    let hashes = texts(&first.products, &["id", "content_hash"]);
    let golden = night(&original, "g.json", r#"[{"id": "A", "name": "Café ☕ 😀", "price": 10}]"#, None).unwrap();
    assert_eq!(
        texts(&golden.products, &["content_hash"]),
        ["6942fcc72cc793a158197f082b3cabcc68f27977e6899e066ad488a6555d9be3"]
    );
    assert_eq!(hashes.len(), 3);
    let state = confirmed(None, &first, &[]);
    let touched = FIRST.replace("\"updated\": 1", "\"updated\": 2").replace("\"stock\": 3", "\"stock\": 4");
    let second = night(&original, "c.json", &touched, Some(&state)).unwrap();
    assert_eq!(second.changes, ["1 modified P9 normal updated", "2 modified P9 normal stock"]);
    // Ours does not know these hashes: it makes them anew without a change.
    let ours = night(&lenient(), "c.json", FIRST, Some(&state)).unwrap();
    assert!(ours.changes.is_empty());
    assert_eq!(texts(&ours.products, &["id", "change"]), ["1 rehashed", "2 rehashed", "3 rehashed"]);
}

#[test]
fn deletions_beyond_the_limits_and_an_empty_catalog_are_refused_unless_they_are_meant() {
    let many: Vec<String> = (0..300).map(|id| format!(r#"{{"id": {id}, "name": "n"}}"#)).collect();
    let first = night(&lenient(), "c.json", &format!("[{}]", many.join(",")), None).unwrap();
    let state = confirmed(None, &first, &[]);
    let of = |count: usize| format!("[{}]", many[..count].join(","));
    let changes = |diff: &DiffCatalog, text: &str| {
        let night = night(diff, "c.json", text, Some(&state)).unwrap();
        (night.changes.len(), night.refusals.len())
    };
    assert_eq!(changes(&lenient(), &of(240)), (60, 0));
    assert_eq!(changes(&lenient(), &of(239)), (0, 1));
    assert_eq!(changes(&lenient(), "[]"), (0, 1));
    let meant = DiffCatalog { allow_mass_delete: true, ..lenient() };
    assert_eq!(changes(&meant, "[]"), (300, 0));
    assert!(night(&meant, "c.json", "[]", Some(&state)).unwrap().changes[0].ends_with(" deleted P0 deletion "));
}

#[test]
fn what_cannot_be_used_is_neither_written_nor_deleted_and_of_one_id_the_first_counts() {
    let first = night(&lenient(), "c.json", FIRST, None).unwrap();
    let state = confirmed(None, &first, &[]);
    let bad = format!(
        r#"[{{"id": 1, "name": "", "price": 10}}, {{"id": 2, "name": "b", "price": "call us"}}, {{"id": 3, "name": "c", "created": "2020-01-01"}},
            {{"id": 3, "name": "other"}}, 7, {{"name": null}}, {{"id": "{}", "name": "x"}}, {{"id": "a\u0000", "name": "x"}}]"#,
        "x".repeat(600)
    );
    let second = night(&lenient(), "c.json", &bad, Some(&state)).unwrap();
    assert!(second.changes.is_empty(), "{:?}", second.changes);
    let mut reasons: Vec<&str> = second.quarantine.iter().map(String::as_str).collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "1 1 no name and no title",
            "2 2 price is no price",
            "4 3 duplicate id",
            "5 - no object",
            "6 - no id",
            "7 - id longer than 512 bytes",
            "8 - id with a control character",
        ]
    );
    assert_eq!(texts(&second.summary, &["products", "duplicates", "quarantined"]), ["1 1 6"]);
    let strict = night(&DiffCatalog::default(), "c.json", &bad, Some(&state)).unwrap();
    assert!(strict.refusals[0].contains("6 of 7 products cannot be used"), "{:?}", strict.refusals);
}

#[test]
fn a_file_that_is_cut_off_or_no_catalog_is_refused_as_a_whole() {
    for (name, text) in [
        ("c.json", &FIRST[..FIRST.len() - 2]),
        ("c.json", r#"{"id": 1}"#),
        ("c.ndjson", "{\"id\": 1, \"name\": \"a\"}\n{\"id\": 2, \"na"),
        ("c.txt", "1"),
        ("c.csv", ""),
        ("c.csv", "id,name\n1,\"a\n2,b\n"),
    ] {
        let refused = night(&lenient(), name, text, None);
        assert!(matches!(refused, Err(StageError::Input { .. })) || name == "c.csv", "{name} {text}");
    }
}

#[test]
fn cells_of_a_csv_file_are_texts_and_prices_are_still_prices() {
    let diff = DiffCatalog { id_fields: vec!["link".to_owned()], ..lenient() };
    let first = night(&diff, "c.csv", "link,title,price\n/a,A,\"$1,299.00\"\n/b,B,5\n/c,\"C, c\",\n", None).unwrap();
    assert_eq!(first.changes.len(), 3);
    let state = confirmed(None, &first, &[]);
    let second =
        night(&diff, "c.tsv", "title\tlink\tprice\nA\t/a\t1299\nB\t/b\t6\nC, c\t/c\t\n", Some(&state)).unwrap();
    assert_eq!(second.changes, ["/b modified P2 price price"]);
}

#[test]
fn several_shops_in_one_catalog_are_counted_and_guarded_one_by_one() {
    let diff = DiffCatalog { namespace_field: Some("shop".to_owned()), namespace: "none".to_owned(), ..lenient() };
    let first = night(
        &diff,
        "c.json",
        r#"[{"id": 1, "name": "a", "shop": "x"}, {"id": 1, "name": "b", "shop": "y"}, {"id": 2, "name": "c", "shop": "y"}, {"id": 1, "name": "d"}]"#,
        None,
    )
    .unwrap();
    assert_eq!(texts(&first.summary, &["namespace", "products"]), ["none 1", "x 1", "y 2"]);
    let state = confirmed(None, &first, &[]);
    let second =
        night(&diff, "c.json", r#"[{"id": 1, "name": "B", "shop": "y"}, {"id": 1, "name": "d"}]"#, Some(&state))
            .unwrap();
    assert_eq!(second.changes, ["2 deleted P0 deletion ", "1 modified P9 normal name"]);
    assert_eq!(second.refusals.len(), 1, "shop x has no product");
}

fn catalogs() -> impl Strategy<Value = Vec<Vec<(u8, u8, u8)>>> {
    proptest::collection::vec(proptest::collection::vec((0..12_u8, 0..3_u8, 0..3_u8), 0..12), 1..6)
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Against the obvious way: maps of products, compared one by one.
    #[test]
    fn every_night_gives_what_a_comparison_of_maps_gives(nights in catalogs()) {
        use std::collections::BTreeMap;
        let diff = DiffCatalog { allow_mass_delete: true, ..lenient() };
        let mut state: Option<DataFrame> = None;
        let mut before: BTreeMap<u8, (u8, u8)> = BTreeMap::new();
        for rows in nights {
            let mut now: BTreeMap<u8, (u8, u8)> = BTreeMap::new();
            for (id, price, stock) in &rows {
                now.entry(*id).or_insert((*price, *stock));
            }
            let lines: Vec<String> =
                rows.iter().map(|(id, price, stock)| format!(r#"{{"id": {id}, "name": "n", "price": {price}, "stock": {stock}}}"#)).collect();
            let made = night(&diff, "c.ndjson", &lines.join("\n"), state.as_ref()).unwrap();
            let mut expected = Vec::new();
            for (id, (price, stock)) in &now {
                match before.get(id) {
                    None => expected.push(format!("{id} added P3 launch ")),
                    Some((p, s)) if (p, s) == (price, stock) => {}
                    Some((p, s)) => {
                        let fields: Vec<&str> = [("price", p != price), ("stock", s != stock)].iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
                        let class = if s != stock { "P1 stock" } else { "P2 price" };
                        expected.push(format!("{id} modified {class} {}", fields.join(",")));
                    }
                }
            }
            let gone: Vec<String> = before.keys().filter(|id| !now.contains_key(id)).map(u8::to_string).collect();
            expected.extend(gone.iter().map(|id| format!("{id} deleted P0 deletion ")));
            let mut found = made.changes.clone();
            found.sort();
            expected.sort();
            assert_eq!(found, expected);
            let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
            state = Some(confirmed(state.as_ref(), &made, &gone));
            before = now;
        }
    }
}
