//! The workflows pipeline as a whole.

use super::{assert_grows_by_less, peak};
use crate::support::{Place, project};

const FEW: u64 = 100_000;
const MANY: u64 = 400_000;

/// The bytes that a workflow more may take. In its database it has a thousand; some row groups of that are in work at once,
/// in reading, detecting and writing.
const BYTES_A_WORKFLOW: u64 = 1_000;

fn peak_of(workflows: u64) -> u64 {
    let place = Place::new();
    let count = workflows.to_string();
    place.nightloom(["sample", "workflows", "--rows", &count, "--out", "history.db"]).expect_success();
    let pipeline = project().join("pipelines/workflows.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    command.args(["--set", "vars.db=history.db", "--set", "vars.out=out", "--workspace", ".", "--jobs", "1"]);
    peak(command.args(["--as-of", "2026-03-01"]))
}

#[test]
fn the_workflows_pipeline_does_not_hold_the_history() {
    assert_grows_by_less("workflows", BYTES_A_WORKFLOW, (FEW, peak_of(FEW)), (MANY, peak_of(MANY)));
}
