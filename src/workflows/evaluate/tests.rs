//! What `evaluate-patterns` says of small histories.

use super::{
    super::testing::{context, history},
    *,
};

fn evaluate(workflows: DataFrame, labels: Option<DataFrame>) -> Frames {
    let patterns =
        df!("id" => [2i64, 1], "pattern_signature" => ["d:e:f", "a:b:c"], "confidence_score" => [90.0, 50.0]);
    let occurrences =
        df!("pattern_id" => [1i64, 1, 2, 2, 2, 2, 9], "workflow_id" => ["1", "2", "1", "3", "gone", "gone", "3"]);
    let inputs = Frames::new()
        .with("patterns", patterns.unwrap())
        .with("occurrences", occurrences.unwrap())
        .with("workflows", history(workflows));
    let inputs = match labels {
        Some(labels) => inputs.with("labels", labels),
        None => inputs,
    };
    EvaluatePatterns::default().run(inputs, &context()).unwrap()
}

fn table(made: &mut Frames, port: &str) -> DataFrame {
    made.take(port).unwrap().collect().unwrap()
}

fn floats(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    columns::floats(frame, name).unwrap().iter().collect()
}

fn integers(frame: &DataFrame, name: &str) -> Vec<Option<i64>> {
    columns::integers(frame, name).unwrap().iter().collect()
}

fn workflows() -> DataFrame {
    df!(
        "workflow_id" => [1i64, 2, 3], "nl_input" => [Some("one"), None, Some("three")],
        "duration_seconds" => [10i64, 20, 0], "error_count" => [Some(0i64), None, Some(2)],
        "error_message" => [None, Some("failed"), None], "retry_count" => [1i64, 0, 0],
    )
    .unwrap()
}

#[test]
fn the_evidence_of_a_pattern_and_the_lowest_confidence_that_is_enough_are_named() {
    let labels = df!("workflow_id" => ["1", "2", "3"], "label" => [Some("d:e:f"), None, Some("d:e:f")]);
    let mut made = evaluate(workflows(), labels.ok());
    let validation = table(&mut made, "validation");
    assert_eq!(floats(&validation, "confidence_score"), [Some(50.0), Some(90.0)]);
    assert_eq!(integers(&validation, "occurrences"), [Some(2), Some(3)]);
    assert_eq!(integers(&validation, "in_history"), [Some(2), Some(2)]);
    assert_eq!(floats(&validation, "duration_variance"), [Some(25.0), None]);
    assert_eq!(floats(&validation, "error_rate"), [Some(0.5), Some(0.5)]);
    assert_eq!(floats(&validation, "retry_rate"), [Some(0.5), Some(0.5)]);
    let examples: Vec<_> = columns::texts(&validation, "example_2").unwrap().iter().collect();
    assert_eq!(examples, [None, Some("three")]);
    let thresholds = table(&mut made, "thresholds");
    assert_eq!(floats(&thresholds, "precision"), [Some(0.5), Some(1.0)]);
    let enough: Vec<_> = thresholds.column("enough").unwrap().bool().unwrap().iter().flatten().collect();
    assert_eq!(enough, [false, true]);
}

#[test]
fn labels_without_a_workflow_and_those_that_name_no_pattern_are_counted() {
    let labels = df!(
        "workflow_id" => [Some("1"), None, Some(""), Some("3"), Some("4"), Some("2")],
        "label" => [Some("d:e:f"), Some("a:b:c"), Some("a:b:c"), Some("d:e"), Some("d:e"), None],
    );
    let mut made = evaluate(workflows(), labels.ok());
    let unmatched = table(&mut made, "unmatched_labels");
    let text = |name| columns::texts(&unmatched, name).unwrap().iter().flatten().collect::<Vec<_>>();
    assert_eq!(text("label"), ["a:b:c", "d:e"]);
    assert_eq!(integers(&unmatched, "count"), [Some(2), Some(2)]);
    assert_eq!(text("reason"), ["no workflow_id", "no such pattern"]);
    let thresholds = table(&mut made, "thresholds");
    assert_eq!(integers(&thresholds, "labelled"), [Some(4), Some(2)], "a label that names no pattern counts as wrong");
    let mut made = evaluate(workflows(), None);
    assert_eq!(table(&mut made, "unmatched_labels").height(), 0);
}

#[test]
fn without_labels_there_is_evidence_and_no_threshold() {
    let mut made = evaluate(workflows(), None);
    assert_eq!((table(&mut made, "validation").height(), table(&mut made, "thresholds").height()), (2, 0));
}

#[test]
fn of_rows_with_one_id_the_newest_is_the_evidence_whatever_the_order_and_ids_fall_back() {
    let rows = df!(
        "workflow_id" => [None, Some("1"), None, Some("3")],
        "id" => [Some(1i64), None, None, None],
        "adw_id" => [None, None, Some("2"), None],
        "nl_input" => ["the old one", "the new one", "two", "three"],
        "duration_seconds" => [Some("500"), Some("10"), Some("20"), Some("long")],
        "created_at" => ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
    )
    .unwrap();
    for rows in [rows.clone(), rows.reverse()] {
        let mut made = evaluate(rows, None);
        let validation = table(&mut made, "validation");
        assert_eq!(integers(&validation, "in_history"), [Some(2), Some(1)]);
        assert_eq!(floats(&validation, "duration_variance"), [Some(25.0), None]);
        let example = |name| columns::texts(&validation, name).unwrap().get(0).map(str::to_owned);
        assert_eq!(
            (example("example_1").as_deref(), example("example_2").as_deref()),
            (Some("the new one"), Some("two"))
        );
        assert_eq!(table(&mut made, "rejected").height(), 2);
    }
}
