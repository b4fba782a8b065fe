//! The stages of the baskets pipeline, each in a process of its own.

use super::{assert_grows_by_less, peak};
use crate::support::{Place, project};

const FEW: u64 = 300_000;
const MANY: u64 = 1_200_000;

/// Stages, and the bytes that a line more may take: some row groups are in work at once, mining holds numbers of each line,
/// and what was read of a file counts while it is mapped; ingest's partitions are not full yet at so few lines, and beyond a million it
/// takes 13 bytes a line. A stage that held its lines would take more: a line is 28 cells
/// of 16 bytes and longer texts beside, of which enriching reads eighteen; one to be mined is six. The lines of the shop that is learnt from
/// are there twice for a while.
const BYTES_A_LINE: [(&str, u64); 4] = [("ingest", 300), ("enrich", 230), ("itemsets", 120), ("covisit", 185)];

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
        peak(command.args(selection).args(["--workspace", ".", "--as-of", "2026-03-01", "--memory", "512MiB"]))
    };
    BYTES_A_LINE.iter().map(|(stage, _)| run(stage)).collect()
}

#[test]
fn no_stage_of_the_baskets_pipeline_holds_its_lines() {
    let (few, many) = (peaks(FEW), peaks(MANY));
    for ((stage, limit), (few, many)) in BYTES_A_LINE.iter().zip(few.iter().zip(&many)) {
        assert_grows_by_less(stage, *limit, (FEW, *few), (MANY, *many));
    }
}
