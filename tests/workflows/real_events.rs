//! Tool sequences of a real log, against a plain count of the same log.

use std::{collections::BTreeMap, io::Read, path::Path};

use flate2::read::GzDecoder;

use crate::support::{Place, project, shared};

/// Sequences of two to five tools with how often they occur, as one would count them by hand: the calls of each session in
/// the order of their times.
fn counted(log: &Path) -> BTreeMap<String, i64> {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(log).expect("the log")).read_to_string(&mut text).expect("text");
    let mut sessions: BTreeMap<&str, Vec<(String, &str, &str)>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [session, time, "PostToolUse", tool, success] = fields.as_slice() else { continue };
        // A fraction of a second is written without zeros at its end.
        let time = if time.contains('.') { format!("{time:0<26}") } else { format!("{time}.000000") };
        sessions.entry(session).or_default().push((time, tool, success));
    }
    let mut counts = BTreeMap::new();
    for calls in sessions.values_mut() {
        // Those of one instant stay in the order of their rows.
        calls.sort_by(|one, other| one.0.cmp(&other.0));
        let tools: Vec<&str> = calls.iter().map(|(_, tool, _)| *tool).collect();
        for length in 2..=5 {
            for sequence in tools.windows(length) {
                *counts.entry(sequence.join(" > ")).or_insert(0) += 1;
            }
        }
    }
    counts.retain(|_, count| *count >= 5);
    counts
}

#[test]
fn the_sequences_of_a_real_log_are_those_a_plain_count_finds() {
    let Some(log) = shared("data/workflows", "tool_events.csv.gz") else {
        eprintln!("skipped: the log of tool events is not beside the project");
        return;
    };
    let place = Place::new();
    let pipeline =
        std::fs::read_to_string(project().join("pipelines/examples/tool-sequences.toml")).expect("the pipeline");
    std::fs::write(
        place.path("p.toml"),
        format!("{pipeline}\n[sinks.lines]\nfrom = \"tool_sequences\"\nndjson = \"lines\"\n"),
    )
    .expect("a pipeline");
    let events = format!("vars.events={}", log.display());
    let finished =
        place.nightloom(["run", "p.toml", "--set", &events, "--set", "vars.out=out", "--verbose"]).expect_success();
    assert!(finished.stdout.contains("Worth a tool of their own"), "{}", finished.stdout);
    let lines = std::fs::read_to_string(place.path("lines")).expect("the sequences");
    let found: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().expect("a text").to_owned();
    let number = |row: &serde_json::Value, key: &str| row[key].as_i64().expect("a number");
    let ours: BTreeMap<String, i64> =
        found.iter().map(|row| (text(row, "sequence"), number(row, "occurrences"))).collect();
    let wanted = counted(&log);
    assert!(wanted.len() > 100, "{}", wanted.len());
    assert_eq!(ours, wanted);
    // The most frequent ones that are flagged, as a search by hand finds them in this log.
    let golden = [
        ("Bash > Bash > Bash > Read", 85),
        ("Read > Bash > Bash > Bash", 65),
        ("Bash > Bash > Bash > Bash > Read", 62),
        ("Bash > Bash > Read > Bash", 53),
    ];
    let flagged: Vec<&serde_json::Value> = found.iter().filter(|row| row["flagged"] == true).collect();
    let most: Vec<(String, i64)> =
        flagged.iter().map(|row| (text(row, "sequence"), number(row, "occurrences"))).collect();
    assert_eq!(most, golden.map(|(sequence, count)| (sequence.to_owned(), count)));
    for row in flagged {
        assert!(number(row, "occurrences") >= 50 && number(row, "distinct_tools") >= 2, "{row}");
        assert!(
            text(row, "sequence").split(" > ").any(|tool| tool == "Bash") && text(row, "kind") == "candidate",
            "{row}"
        );
    }
}
