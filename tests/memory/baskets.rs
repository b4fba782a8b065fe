//! The stages of the baskets pipeline, each in a process of its own.

use super::peak;
use crate::support::{Place, project};

const FEW: u64 = 600_000;
const MANY: u64 = 2_400_000;

/// Stages, and the bytes that a line more may take: some row groups are in work at once, mining holds numbers of each line,
/// and what was read of a file counts while it is mapped. A stage that held its lines would take several times as much:
/// a line is 28 cells of 16 bytes and more, one to be mined is six.
const BYTES_A_LINE: [(&str, u64); 4] = [("ingest", 140), ("enrich", 180), ("itemsets", 110), ("covisit", 120)];

/// The peak of each stage.
fn peaks(lines: u64) -> Vec<u64> {
    let place = Place::new();
    let count = lines.to_string();
    place.nightloom(["sample", "orders", "--lines", &count, "--shops", "20", "--out", "shops"]).expect_success();
    let pipeline = project().join("pipelines/baskets.toml");
    let run = |stage: &str| {
        let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
        for setting in ["vars.shop_data=shops", "vars.db=baskets.db", "vars.out=out", "vars.support=0.005"] {
            command.args(["--set", setting]);
        }
        let selection = if stage == "ingest" { ["--select", "+ingest"] } else { ["--only", stage] };
        peak(command.args(selection).args(["--workspace", ".", "--as-of", "2026-03-01"]))
    };
    BYTES_A_LINE.iter().map(|(stage, _)| run(stage)).collect()
}

#[test]
fn no_stage_of_the_baskets_pipeline_holds_its_lines() {
    let (few, many) = (peaks(FEW), peaks(MANY));
    let grown: Vec<(&str, u64, u64)> = BYTES_A_LINE
        .iter()
        .zip(few.iter().zip(&many))
        .map(|((stage, limit), (few, many))| (*stage, many.saturating_sub(*few) / (MANY - FEW), *limit))
        .collect();
    println!("{grown:?} of {few:?} and {many:?}");
    let holding: Vec<_> = grown.iter().filter(|(_, bytes, limit)| bytes > limit).collect();
    assert!(holding.is_empty(), "stage, bytes a line, limit: {holding:?}; peaks {few:?} and {many:?}");
}
