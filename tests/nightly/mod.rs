//! The nightly pipeline as it is shipped, on made-up data.

use crate::support::{Place, project};

#[test]
fn the_nightly_pipeline_runs_on_the_demo_data_and_is_then_fresh() {
    let place = Place::new();
    place.nightloom(["sample", "shop", "--rows", "300", "--out", "shop.db"]).expect_success();
    place.nightloom(["sample", "workflows", "--rows", "300", "--out", "workflows.db"]).expect_success();
    place.nightloom(["sample", "orders", "--lines", "600", "--out", "shops"]).expect_success();
    let pipeline = project().join("pipelines/nightly.toml");
    let run = || {
        let arguments = [
            "--workspace",
            ".",
            "--set",
            "vars.db=shop.db",
            "--set",
            "vars.workflow_db=workflows.db",
            "--set",
            "vars.shop_data=shops",
            "--set",
            "vars.baskets_db=baskets.db",
            "--set",
            "vars.out=out",
        ];
        let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
        command.args(arguments).args(["--as-of", "2026-03-01"]).output().expect("a run")
    };
    let first = run();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let second = run();
    assert!(String::from_utf8_lossy(&second.stdout).contains("are fresh; nothing to do"), "{second:?}");
}
