//! Recommendations through the binary: the model of the shipped pipeline answers baskets, and is measured on a real shop.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Place, project, rows, shared};

/// Answers two baskets by a model, from files.
const BASKETS: &str = r#"
name = "answers"

[sources.model]
parquet = "out/recommendation_model.parquet"

[sources.lines]
csv = "lines.csv"
types = { shop_id = "text", order_id = "text", item_id = "text" }

[stages.answers]
operator = "recommend-baskets"
inputs = { model = "model", baskets = "lines" }
outputs = { recommendations = "recommendations", rejected = "unanswered" }
params = { most = 3 }

[sinks.recommendations]
from = "recommendations"
sqlite = "answers.db"
table = "recommendations"
mode = "replace"

[sinks.unanswered]
from = "unanswered"
sqlite = "answers.db"
table = "unanswered"
mode = "replace"
"#;

/// The shipped pipeline on one shop, where the items `aN` and `bN` are bought together, and half the orders hold a bag.
fn place_with_model() -> Place {
    let place = Place::new();
    let mut lines = "order_id,variant_id,created_at,quantity,unit_price\n".to_owned();
    for order in 0..600 {
        let day = 1 + order / 25;
        let pair = order * order % 23;
        for item in
            [format!("a{pair}"), format!("b{pair}")].into_iter().chain((order % 2 == 0).then(|| "bag".to_owned()))
        {
            lines += &format!("{order},{item},2026-01-{day:02},1,5.00\n");
        }
    }
    std::fs::create_dir_all(place.path("shops/main")).expect("a folder");
    std::fs::write(place.path("shops/main/orders.csv"), lines).expect("a file");
    let pipeline = project().join("pipelines/baskets.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    for setting in ["vars.shop_data=shops", "vars.db=baskets.db", "vars.out=out"] {
        command.args(["--set", setting]);
    }
    let output = command.args(["--workspace", ".", "--as-of", "2026-03-01"]).output().expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("A hidden item of the newest orders is among the ten best"), "{printed}");
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
    place
}

#[test]
fn a_basket_is_answered_by_the_model_that_the_pipeline_wrote() {
    let place = place_with_model();
    let quality =
        "SELECT measure, chosen, hit_rate > 0.95, popular_hit_rate < 0.9, questions FROM recommendation_quality";
    let quality = rows(&place.path("baskets.db"), quality);
    let [quality] = &quality[..] else { panic!("one shop: {quality:?}") };
    assert!(format!("{:?}", &quality[1..4]).contains("Integer(1), Integer(1), Integer(1)"), "{quality:?}");

    let answer = place.nightloom(["recommend", "--json", "-k", "2", "a3", "nobody"]).expect_success();
    let answer: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(answer["recommendations"][0]["item_id"], "b3", "{answer}");
    assert_eq!(answer["unknown_items"], serde_json::json!(["nobody"]));
    assert_eq!(answer["recommendations"].as_array().map(Vec::len), Some(2));
    let table = place.nightloom(["recommend", "--shop", "main", "a3", "b3"]).expect_success();
    let first: Vec<&str> = table.stdout.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!(first[..2], ["1", "bag"], "the pair is complete: {}", table.stdout);

    place.write("answers.toml", BASKETS);
    place.write(
        "lines.csv",
        "shop_id,order_id,item_id\nmain,x,b3\nmain,x,b3\nmain,y,nobody\nother,z,a1\nmain,,a1\nmain,w,\n",
    );
    place.nightloom(["run", "answers.toml"]).expect_success();
    let first = "SELECT order_id, item_id, known_items FROM recommendations WHERE \"rank\" = 1 ORDER BY order_id";
    let first = format!("{:?}", rows(&place.path("answers.db"), first));
    assert_eq!(
        first.replace("Text", "").replace("Integer", ""),
        r#"[[("x"), ("a3"), (1)], [("y"), ("bag"), (0)]]"#,
        "who is unknown gets the most popular item"
    );
    let reasons = rows(&place.path("answers.db"), "SELECT reason FROM unanswered ORDER BY reason");
    let reasons = format!("{reasons:?}");
    assert!(
        ["no item_id", "no model of the shop", "no order_id"].iter().all(|reason| reasons.contains(reason)),
        "{reasons}"
    );
}

#[test]
fn a_missing_model_another_file_and_an_unknown_shop_are_told() {
    let place = Place::new();
    let missing = place.nightloom(["recommend", "a"]);
    assert!(
        missing.code == Some(1) && missing.stderr.contains("there is no out/recommendation_model.parquet"),
        "{}",
        missing.stderr
    );
    place.write("model.csv", "shop_id,item_id,recommended,weight\none,,a,0.5\ntwo,,b,0.5\n");
    place.write(
        "model.toml",
        "name = 'model'\n[sources.rows]\ncsv = 'model.csv'\n[sinks.rows]\nfrom = 'rows'\nparquet = 'model.parquet'\n",
    );
    place.nightloom(["run", "model.toml"]).expect_success();
    let ask = |shop: &[&str]| place.nightloom([&["recommend", "--model", "model.parquet"], shop].concat());
    assert!(ask(&[]).stderr.contains("several shops, one, two; name one with --shop"), "{}", ask(&[]).stderr);
    assert!(ask(&["--shop", "three"]).stderr.contains("has no shop three"), "{}", ask(&["--shop", "three"]).stderr);
    assert!(ask(&["--shop", "two"]).expect_success().stdout.contains('b'));
    assert_eq!(ask(&["-k", "0"]).code, Some(2));
    place.write("rows.csv", "a,b\n1,2\n");
    place.write(
        "rows.toml",
        "name = 'rows'\n[sources.rows]\ncsv = 'rows.csv'\n[sinks.rows]\nfrom = 'rows'\nparquet = 'rows.parquet'\n",
    );
    place.nightloom(["run", "rows.toml"]).expect_success();
    let other = place.nightloom(["recommend", "--model", "rows.parquet", "a"]);
    assert!(other.code == Some(1) && other.stderr.contains("is no model"), "{}", other.stderr);
}

#[test]
fn on_a_real_gift_shop_similar_items_and_the_model_beat_what_is_counted() {
    let place = Place::new();
    let Some(data) = shared("data/baskets", "online_retail.csv.gz") else {
        eprintln!("skipped: there is no ../shared/data/baskets/online_retail.csv.gz");
        return;
    };
    let pipeline = project().join("pipelines/examples/recommendation-quality.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    command
        .args(["--workspace", ".", "--verbose", "--set"])
        .arg(format!("vars.data={}", data.parent().expect("a folder").display()));
    let output = command.output().expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let figures: BTreeMap<&str, [f64; 2]> = printed
        .lines()
        .filter_map(|line| {
            let [measure, _, hits, _, ndcg, _] = line.split_whitespace().collect::<Vec<_>>()[..] else { return None };
            Some((measure, [hits.parse().ok()?, ndcg.parse().ok()?]))
        })
        .collect();
    let others = ["most_popular", "orders_together", "conditional", "cosine", "blend", "rules"];
    for ours in ["similar_items", "recommend"] {
        for (other, figure) in others.iter().flat_map(|other| [(other, 0), (other, 1)]) {
            assert!(figures[ours][figure] >= 1.05 * figures[other][figure], "{ours}, {other}: {printed}");
        }
    }
}
