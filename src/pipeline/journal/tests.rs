//! What the journal keeps and finds again.

use super::*;

#[test]
fn a_decided_write_is_pending_until_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let intent = Intent {
        sink: "s".into(),
        step: "a".into(),
        fingerprint: "f".into(),
        output: 0,
        batch: "b".into(),
        target: "t".into(),
    };
    journal.begin_commit("p", "r1", std::slice::from_ref(&intent)).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.pending_commit("p").unwrap(), Some(("r1".into(), vec![intent])));
    journal.end_commit("p").unwrap();
    assert_eq!(journal.pending_commit("p").unwrap(), None);
}

#[test]
fn a_file_is_noted_with_its_batch_and_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, "x").unwrap();
    let left = crate::io::state_of_written(&path).unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.note_file("p.s", &path, "b", &left).unwrap();
    assert_eq!(journal.file_written("p.s", &path, "b").unwrap(), Some(left));
    assert_eq!(journal.file_written("p.s", &path, "c").unwrap(), None);
}

fn run(journal: &Journal, id: &str, steps: &[(&str, u64, bool)]) {
    let row = RunRow {
        run_id: id.into(),
        pipeline: "p".into(),
        status: "done".into(),
        started_at: id.into(),
        ended_at: None,
        pid: 1,
        problem: None,
    };
    journal.begin_run(&row, "", 0).unwrap();
    for (step, bytes, alone) in steps {
        let needed_memory = Some(NeededMemory { bytes: *bytes, alone: *alone });
        let row =
            StepRow { kind: "stage".into(), step: (*step).into(), rows_in: 7, needed_memory, ..StepRow::default() };
        journal.step(id, &row).unwrap();
    }
}

#[test]
fn what_a_step_needed_is_that_of_its_last_run_alone_and_else_beside_others() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    run(&journal, "1", &[("a", 10, true), ("b", 11, true), ("c", 12, false)]);
    run(&journal, "2", &[("a", 20, true), ("b", 21, false), ("c", 22, false)]);
    let needs = journal.earlier_needs("p").unwrap();
    let bytes: Vec<_> = needs.iter().map(|(step, need)| (step.as_str(), need.bytes, need.rows_in)).collect();
    assert_eq!(bytes, [("a", 20, 7), ("b", 11, 7), ("c", 22, 7)]);
    assert!(journal.earlier_needs("q").unwrap().is_empty());
}

#[test]
fn a_journal_of_an_earlier_version_gets_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let old = SCHEMA
        .replace(", needed_memory_bytes INTEGER, ran_alone INTEGER", "")
        .replace("batch TEXT NOT NULL, state TEXT", "batch TEXT NOT NULL, bytes INTEGER NOT NULL, mtime_ns TEXT");
    Connection::open(&path).unwrap().execute_batch(&old).unwrap();
    for open in [Journal::look, Journal::open, Journal::look] {
        let journal = open(folder.path()).unwrap();
        assert!(journal.earlier_needs("p").unwrap().is_empty());
        assert_eq!(journal.file_written("p.s", Path::new("x"), "b").unwrap(), None);
        assert!(journal.runs(None, 9).unwrap().is_empty());
    }
    run(&Journal::open(folder.path()).unwrap(), "1", &[("a", 10, true)]);
}

#[test]
fn a_damaged_journal_says_what_may_be_moved_away() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("journal.db"), "no database at all ".repeat(300)).unwrap();
    for open in [Journal::open, Journal::look] {
        let error = open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("journal.db") && error.contains("move it away"), "{error}");
    }
}
