//! Lists and records: native in checkpoints and Parquet, JSON where a table or a file has none, and read back from it.

use polars::prelude::{DataType, ParquetReader, SerReader};

use crate::support::Place;

/// Itemsets and rules of a shop of few orders, to every kind of sink.
fn place() -> Place {
    let place = Place::new();
    let lines: String = (1..=4)
        .flat_map(|order| ["tea", "a \\\"cup\\\"", "ü"].map(move |item| (order, item)))
        .fold(String::new(), |lines, (order, item)| {
            lines + &format!("{{\"order_id\":{order},\"item_id\":\"{item}\"}}\n")
        });
    place.write("lines.ndjson", lines);
    place.write(
        "p.toml",
        r#"
name = "nested"
[sources.lines]
ndjson = "lines.ndjson"
[stages.sets]
operator = "mine-itemsets"
inputs = { lines = "lines" }
outputs = { itemsets = "itemsets", shops = "set_shops", rejected = "set_rejected" }
[stages.rules]
operator = "mine-rules"
inputs = { itemsets = "itemsets", shops = "set_shops" }
outputs = { rules = "rules", shops = "rule_shops", rejected = "rule_rejected" }
params = { min_confidence = 0.0 }
[stages.first]
operator = "sql"
inputs = { rules = "rules", itemsets = "itemsets" }
params = { query = "SELECT id, ARRAY_GET(antecedent.items, 1) AS item, ARRAY_LENGTH(consequent.items) AS others, antecedent, consequent FROM rules ORDER BY id" }
[stages.first.expect]
first = { unique = ["antecedent", "consequent"] }
[stages.rules.expect]
rules = { unique = ["antecedent", "consequent"], not_null = ["antecedent"] }
[sinks.itemsets_table]
from = "itemsets"
sqlite = "x.db"
table = "itemsets"
[sinks.rules_table]
from = "rules"
sqlite = "x.db"
table = "rules"
[sinks.itemsets_csv]
from = "itemsets"
csv = "itemsets.csv"
[sinks.rules_ndjson]
from = "rules"
ndjson = "rules.ndjson"
[sinks.rules_parquet]
from = "rules"
parquet = "rules.parquet"
[sinks.rules_texts]
from = "rules"
parquet = "texts.parquet"
nested = "json"
[reports.first]
from = "first"
limit = 2
"#,
    );
    place
}

fn types(place: &Place, file: &str, columns: [&str; 2]) -> [DataType; 2] {
    let frame = ParquetReader::new(std::fs::File::open(place.path(file)).expect(file)).finish().expect(file);
    columns.map(|column| frame.column(column).expect(column).dtype().clone())
}

#[test]
fn lists_are_lists_in_parquet_and_the_json_they_always_were_in_tables() {
    let place = place();
    let finished = place.run(&["--verbose"]).expect_success();
    assert!(finished.stdout.contains("{\"items\":[\"a \\\"cup\\\"\"]}"), "{}", finished.stdout);
    let side =
        DataType::Struct(vec![polars::prelude::Field::new("items".into(), DataType::List(Box::new(DataType::String)))]);
    assert_eq!(types(&place, "rules.parquet", ["antecedent", "consequent"]), [side.clone(), side]);
    assert_eq!(types(&place, "texts.parquet", ["antecedent", "consequent"]), [DataType::String, DataType::String]);
    let sets = place.query("x.db", "SELECT typeof(items), items, support_count FROM itemsets");
    assert_eq!(sets[0], "text|[\"a \\\"cup\\\"\"]|4");
    assert_eq!(sets[6], "text|[\"a \\\"cup\\\"\",\"tea\",\"ü\"]|4");
    let declared =
        place.query("x.db", "SELECT type FROM pragma_table_info('rules') WHERE name IN ('antecedent', 'consequent')");
    assert_eq!(declared, ["TEXT", "TEXT"]);
    let rules =
        place.query("x.db", "SELECT antecedent, consequent FROM rules WHERE antecedent_size = 2 ORDER BY id LIMIT 1");
    assert_eq!(rules, ["{\"items\":[\"a \\\"cup\\\"\",\"tea\"]}|{\"items\":[\"ü\"]}"]);
    assert!(place.read("itemsets.csv").contains(",\"[\"\"tea\"\",\"\"ü\"\"]\",2,4,"), "{}", place.read("itemsets.csv"));
    assert!(
        place.read("rules.ndjson").contains("\"antecedent\":{\"items\":[\"tea\"]}"),
        "{}",
        place.read("rules.ndjson")
    );
}

#[test]
fn lists_that_lie_in_a_table_as_json_are_read_as_lists_again() {
    let place = place();
    place.run(&[]).expect_success();
    place.write(
        "q.toml",
        r#"
name = "again"
[sources.itemsets]
sqlite = "x.db"
table = "itemsets"
[sources.shops]
csv = "shops.csv"
[stages.rules]
operator = "mine-rules"
inputs = { itemsets = "itemsets", shops = "shops" }
outputs = { rules = "rules", shops = "rule_shops", rejected = "rule_rejected" }
params = { min_confidence = 0.0 }
[sinks.rules]
from = "rules"
ndjson = "again.ndjson"
"#,
    );
    place.write("shops.csv", "shop_id,orders,all_orders\n,4,4\n");
    place.nightloom(["run", "q.toml"]).expect_success();
    let sides = |file: &str| {
        let rules = place.read(file);
        let mut sides: Vec<String> =
            rules.lines().map(|line| line.split("\"antecedent_size\"").next().unwrap_or_default().to_owned()).collect();
        sides.sort();
        sides.iter().map(|line| line.split_once("antecedent").map(|(_, sides)| sides.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(sides("again.ndjson").len(), 12);
    assert_eq!(sides("again.ndjson"), sides("rules.ndjson"));
}

#[test]
fn what_cannot_be_asked_of_lists_is_refused_before_any_work() {
    for (from, to, words) in [
        (
            "unique = [\"antecedent\", \"consequent\"]",
            "accepted = { antecedent = [\"a\"] }",
            "not compared with single values",
        ),
        ("not_null = [\"antecedent\"]", "between = { antecedent = [0, 1] }", "'antecedent' is no number"),
        ("csv = \"itemsets.csv\"", "csv = \"itemsets.csv\"\nnested = \"json\"", "'nested' means nothing here"),
        ("nested = \"json\"", "nested = \"text\"", "nested"),
    ] {
        let place = place();
        let pipeline = place.read("p.toml");
        assert!(pipeline.contains(from), "{from}");
        place.write("p.toml", pipeline.replacen(from, to, 1));
        let refused = place.nightloom(["check", "p.toml"]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}
