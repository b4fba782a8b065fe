//! Rules files good and bad.

use std::path::Path;

use super::{history, run};
use crate::support::{Finished, Place, project, rows};

fn standard() -> String {
    std::fs::read_to_string(project().join("pipelines/rules/workflow-patterns.toml")).expect("the rules")
}

fn with_rules(place: &Place, database: &Path, rules: &str) -> Finished {
    std::fs::write(place.path("rules.toml"), rules).expect("rules");
    let set = format!("stages.detect.params.rules={{ file = '{}' }}", place.path("rules.toml").display());
    run(place, database, &["--set", &set])
}

#[test]
fn a_new_category_works_without_a_build() {
    let place = Place::new();
    let database = history(&place, "rules.db", 200);
    let theme = "[[category]]\nname = \"theme\"\nterms = [\"dark theme\"]\ntarget = \"all\"\notherwise = \"dark\"\n\n";
    let rules = standard().replacen("[[category]]", &format!("{theme}[[category]]"), 1);
    with_rules(&place, &database, &rules).expect_success();
    let count =
        rows(&database, "SELECT pattern_type FROM operation_patterns WHERE pattern_signature = 'theme:dark:all'");
    assert_eq!(count.len(), 1);
}

/// What is written instead of what, and the words of the error, which names the first line that the change touches.
const BROKEN: [(&str, &str, &str); 12] = [
    ("name = \"git\"", "name = \"test\"", "the category 'test' is there twice"),
    ("\"run tests\"]", "\"\"]", "this term is empty"),
    ("target = \"summary\"", "target = \"cellar\"", "unknown target 'cellar'"),
    ("otherwise = \"log\"", "otherwise = \"log", "invalid basic string"),
    ("otherwise = \"log\"", "otherwise = \"log\"\nwhen = \"log\"", "unknown"),
    ("pattern = \"test:vitest:frontend\"", "pattern = \"tests:vitest:frontend\"", "unknown category 'tests'"),
    ("pattern = \"test:vitest:frontend\"", "pattern = \"test:vitest\"", "'test:vitest' is no pattern"),
    ("diff = [\"diffs\"]", "dif = [\"diffs\"]", "'dif' is no term"),
    ("\"frontend\", \"summary\"", "\"frontend\", \"backend\"", "the target 'backend' is there twice"),
    ("\"deploy\", \"review\"]", "\"deploy\", \"sdlc\"]", "the category 'sdlc' is there twice"),
    ("\"api\", \"ui\"", "\"api\", \"run\"", "the keyword 'run' is there twice"),
    ("terms = [\"bun\"]", "terms = [\"Bun\"]", "'Bun' would never be found"),
];

#[test]
fn broken_rules_are_refused_with_their_line_before_any_work() {
    let place = Place::new();
    let database = history(&place, "rules.db", 10);
    let rules = standard();
    for (from, to, words) in BROKEN {
        let start = rules.find(from).expect(from);
        // A key that is not known is on the line after the one that stays.
        let same = from.bytes().zip(to.bytes()).take_while(|(a, b)| a == b).count();
        let same = if to.starts_with(from) { same + 1 } else { same };
        let broken = rules.replacen(from, to, 1);
        let line = 1 + broken[..start + same].matches('\n').count();
        let finished = with_rules(&place, &database, &broken);
        assert_eq!(finished.code, Some(2), "{}", finished.stderr);
        assert!(finished.stderr.contains(words), "{words}: {}", finished.stderr);
        assert!(finished.stderr.contains(&format!("rules.toml:{line}:")), "{line}: {}", finished.stderr);
    }
    assert!(rows(&database, "SELECT id FROM operation_patterns").is_empty());
}
