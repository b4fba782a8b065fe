//! Checkpoints are true: damage is noticed and made again, and a file says where it came from.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use parquet::file::metadata::ParquetMetaDataReader;

use crate::support::Place;

const PIPELINE: &str = r#"
name = "store"

[sources.orders]
csv = "orders.csv"
types = { id = "int", cents = "int" }

[stages.totals]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT customer, SUM(cents) AS cents FROM o GROUP BY customer ORDER BY customer" }

[stages.count]
operator = "sql"
inputs = { t = "totals" }
params = { query = "SELECT COUNT(*) AS n FROM t" }

[sinks.file]
from = "totals"
parquet = "out/totals.parquet"
"#;

fn shop() -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.write("orders.csv", "id,customer,cents\n1,a,10\n2,b,20\n3,a,30\n");
    place.run(&[]).expect_success();
    place
}

fn only(place: &Place, step: &str) -> PathBuf {
    let found = place.checkpoints("store", step);
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().expect("a checkpoint")
}

fn truncate(path: &Path) {
    let bytes = fs::read(path).expect("a file");
    fs::write(path, &bytes[..bytes.len() / 2]).expect("a file");
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("a file");
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("a file");
}

fn garble(path: &Path) {
    fs::write(path, "{\"step\": \"totals\", ").expect("a file");
}

#[test]
fn a_damaged_checkpoint_is_noticed_and_made_again() {
    let data = |step: &str| if step == "orders" { "rows.parquet" } else { "result.parquet" };
    type Damage = (&'static str, Option<&'static str>, fn(&Path));
    let damages: [Damage; 6] = [
        ("truncated", None, truncate),
        ("a byte flipped", None, flip),
        ("removed", None, remove),
        ("its manifest removed", Some("manifest.json"), remove),
        ("its manifest garbled", Some("manifest.json"), garble),
        ("its manifest truncated", Some("manifest.json"), truncate),
    ];
    let place = shop();
    for step in ["orders", "totals"] {
        for (damage, file, harm) in damages {
            harm(&only(&place, step).join(file.unwrap_or(data(step))));
            let plan = place.plan(&[]);
            let (state, why) = &plan[step];
            assert!(state == "stale" && why.contains("damaged"), "{step} {damage}: {state} ({why})");
            let did = place.run_states(&[]);
            assert!(["done", "unchanged"].contains(&did[step].as_str()), "{step} {damage}: {did:?}");
            assert_eq!(did["count"], "fresh", "{step} {damage}: equal content stops the wave");
            place.assert_fresh(damage);
        }
    }
}

#[test]
fn a_checkpoint_that_is_gone_or_whose_newest_is_not_known_is_made_again() {
    let place = shop();
    fs::remove_dir_all(only(&place, "totals")).expect("a folder");
    assert_eq!(place.plan(&[])["totals"].0, "new", "nothing is left of it");
    place.run(&[]).expect_success();
    place.assert_fresh("removed");
    for content in ["", "not JSON"] {
        place.write(".nightloom/checkpoints/store/orders/latest.json", content);
        place.run(&[]).expect_success();
        place.assert_fresh("latest.json");
    }
}

#[test]
fn what_a_killed_run_left_half_written_is_never_taken_for_a_checkpoint() {
    let place = shop();
    let half = place.path(".nightloom/checkpoints/store/totals/.unfinished");
    fs::create_dir_all(&half).expect("a folder");
    fs::write(half.join("result.parquet"), "half").expect("a file");
    place.write("orders.csv", "id,customer,cents\n1,a,10\n");
    place.run(&[]).expect_success();
    place.assert_fresh("half-written");
    assert!(!half.exists());
}

/// The pairs of a Parquet footer that are ours.
fn footer(path: &Path) -> Vec<(String, String)> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&File::open(path).expect("a file")).expect("Parquet");
    let pairs = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    let ours = pairs.filter(|pair| pair.key.starts_with("nightloom."));
    ours.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect()
}

#[test]
fn footers_say_run_stage_and_fingerprint() {
    let place = shop();
    let runs = place.query(".nightloom/journal.db", "SELECT run_id FROM runs");
    let fingerprint =
        place.query(".nightloom/journal.db", "SELECT fingerprint FROM steps WHERE step = 'totals' AND kind = 'stage'");
    for path in [only(&place, "totals").join("result.parquet"), place.path("out/totals.parquet")] {
        let pairs = footer(&path);
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        assert_eq!(value("nightloom.run_id"), runs[0], "{}", path.display());
        assert_eq!(value("nightloom.stage"), "totals");
        assert!(value("nightloom.fingerprint").starts_with(&fingerprint[0]) && fingerprint[0].len() == 16, "{pairs:?}");
    }
    let pairs = footer(&only(&place, "orders").join("rows.parquet"));
    assert_eq!(pairs.len(), 3, "{pairs:?}");
}
