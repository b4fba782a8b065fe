//! An ingest that is killed in its midst leaves nothing half-written, and the next run makes what it would have made.

use std::{fs, path::Path, process::Stdio, thread, time::Duration};

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use super::{HEADER, write};
use crate::support::{Place, project, rows};

const PIPELINE: &str = r#"
name = "orders"
[sources.shop_files]
files = "shops"
[stages.ingest]
operator = "ingest-shop"
inputs = { files = "shop_files" }
params = { columns = { file = "COLUMNS" }, shop_from_folder = true }
[sinks.orders]
from = "ingest.orders"
sqlite = "shop.db"
table = "orders"
[sinks.lines]
from = "ingest.order_lines"
parquet = "out/lines.parquet"
[sinks.rejected]
from = "ingest.rejected"
csv = "out/rejected.csv"
"#;

/// Orders of five lines each, so that they are handed over in two batches.
fn orders(place: &Place, name: &str, orders: std::ops::Range<u32>, quantity: u32) {
    let mut text = HEADER.to_owned();
    for order in orders {
        for line in 0..5 {
            text += &format!("{order},{},sku-{line},2025-01-02T03:04:05Z,{quantity},1.50\n", order % 1_000 + line);
        }
    }
    write(&place.path(name), &text);
}

/// A shop whose first night is over, with the files of the second: some orders came again, others are new.
fn second_night() -> Place {
    let place = Place::new();
    let columns = project().join("pipelines/rules/shop-columns.toml");
    write(&place.path("orders.toml"), &PIPELINE.replace("COLUMNS", &columns.display().to_string()));
    orders(&place, "shops/north/1.csv", 0..50, 1);
    write(&place.path("shops/south/1.csv"), &format!("{HEADER}1,7,a,2025-01-02,1,1\n1,7,a,2025-01-02,2,1\n"));
    place.nightloom(["run", "orders.toml"]).expect_success();
    orders(&place, "shops/north/2.csv", 25..14_000, 2);
    place
}

fn copy_of(base: &Path, place: &Path) {
    for entry in fs::read_dir(base).expect("a folder").flatten() {
        let to = place.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&to).expect("a folder");
            copy_of(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("a copy");
        }
    }
}

fn twin(base: &Place) -> Place {
    let place = Place::new();
    copy_of(&base.path(""), &place.path(""));
    place
}

/// All that the pipeline wrote; a Parquet file without its footer, which names the run.
fn written(place: &Place) -> (Vec<Vec<rusqlite::types::Value>>, Vec<u8>, String, Vec<String>) {
    let orders = rows(&place.path("shop.db"), "SELECT * FROM orders");
    let mut lines = fs::read(place.path("out/lines.parquet")).expect("a file");
    let tail = lines.len() - 8;
    let footer = u32::from_le_bytes(lines[tail..tail + 4].try_into().expect("four bytes"));
    lines.truncate(tail - footer as usize);
    let rejected = fs::read_to_string(place.path("out/rejected.csv")).expect("a file");
    let left = fs::read_dir(place.path("out")).expect("a folder").flatten();
    let mut left: Vec<String> = left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    (orders, lines, rejected, left)
}

#[test]
fn an_ingest_killed_after_any_batch_is_made_anew_by_the_next_run() {
    let base = second_night();
    let before = written(&base);
    let whole = twin(&base);
    whole.nightloom(["run", "orders.toml"]).expect_success();
    let after = written(&whole);
    assert_eq!(after.0.len(), 14_001, "orders of both files and both shops");
    let mut kills = 0;
    for pass in 1.. {
        let place = twin(&base);
        let mut command = place.command(["run", "orders.toml"]);
        let killed = command.env("NIGHTLOOM_FAILPOINT", format!("stage-batch-written:{pass}")).output().expect("a run");
        if killed.status.code() == Some(0) {
            break;
        }
        assert_eq!(killed.status.code(), None, "batch {pass}: {}", String::from_utf8_lossy(&killed.stderr));
        kills += 1;
        assert!(written(&place) == before, "batch {pass}: nothing of the killed run is seen");
        place.nightloom(["run", "orders.toml"]).expect_success();
        assert!(written(&place) == after, "batch {pass}: what an undisturbed run makes");
    }
    // Two pieces of orders and of lines, the other five outputs.
    assert_eq!(kills, 9);
}

#[test]
fn an_ingest_killed_at_any_time_is_made_anew_by_the_next_run() {
    let base = second_night();
    let before = written(&base);
    let whole = twin(&base);
    whole.nightloom(["run", "orders.toml"]).expect_success();
    let after = written(&whole);
    let mut dice = Pcg64::seed_from_u64(11);
    for round in 0..6 {
        let place = twin(&base);
        let mut command = place.command(["run", "orders.toml"]);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
        thread::sleep(Duration::from_millis(dice.random_range(5..120)));
        run.kill().expect("a kill");
        let was_killed = run.wait().expect("an end").code().is_none();
        if !was_killed {
            assert!(written(&place) == after, "round {round}: it was done before it could be killed");
        }
        place.nightloom(["run", "orders.toml"]).expect_success();
        assert!(written(&place) == after, "round {round}");
    }
    assert!(before != after);
}
