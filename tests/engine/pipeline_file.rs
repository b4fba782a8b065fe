//! What is wrong with a pipeline file is told with its line, a caret and the mend, before any work.

use crate::support::{Finished, Place, project};

const START: &str = r#"name = "errors"

[vars]
least = { default = 1 }

[sources.rows]
csv = "rows.csv"
types = { id = "int", v = "text", n = "float" }

[stages.kept]
operator = "sql"
inputs = { r = "rows" }
params = { query = "SELECT id, v FROM r" }
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("rows.csv", "id,v,n\n1,a,1.5\n");
    place.sql("shop.db", "CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT)");
    place
}

/// Every command refuses the file in the same words, with exit code 2, and makes nothing.
#[track_caller]
fn refused(place: &Place, arguments: &[&str]) -> Finished {
    let checked = place.nightloom(["check", "p.toml"].iter().chain(arguments));
    for command in ["plan", "run"] {
        let failed = place.nightloom([command, "p.toml"].iter().chain(arguments));
        assert_eq!(failed.code, Some(2), "{command}: {}\n{}", failed.stdout, failed.stderr);
        assert_eq!(failed.stderr, checked.stderr, "{command}");
    }
    assert!(!place.path(".nightloom/checkpoints").exists() && !place.path("out").exists(), "something was made");
    assert!(!checked.stderr.contains("panicked"), "{}", checked.stderr);
    checked
}

/// Asserts that a file's message has the line and all words.
#[track_caller]
fn assert_told(text: &str, line: usize, words: &[&str]) {
    let place = place();
    place.write("p.toml", text);
    let said = refused(&place, &[]).stderr;
    for words in [&["^", &format!("p.toml:{line}:")][..], words].concat() {
        assert!(said.contains(words), "'{words}' is missing in:\n{said}");
    }
}

/// The file with lines after it; the first of them is line 14.
fn and(rest: &str) -> String {
    format!("{START}{rest}")
}

#[test]
fn keys_and_operators_that_are_not_known_get_the_nearest_name() {
    assert_told(
        &START.replace("operator =", "operater ="),
        11,
        &["unknown key 'operater'", "did you mean 'operator'?"],
    );
    assert_told(&START.replace("query =", "qeury ="), 13, &["unknown key 'qeury'", "did you mean 'query'?"]);
    assert_told(&START.replace("\"sql\"", "\"slq\""), 11, &["'slq'", "did you mean 'sql'?"]);
    assert_told(&START.replace("csv =", "cvs ="), 7, &["unknown key 'cvs'", "did you mean 'csv'?"]);
    assert_told(&START.replace("[vars]", "[varz]"), 3, &["unknown key 'varz'", "did you mean 'vars'?"]);
    assert_told(&START.replace("\"float\"", "\"flaot\""), 8, &["unknown value 'flaot'", "did you mean 'float'?"]);
    assert_told(
        &START.replace("SELECT id", "SELECT ${vars.lest}"),
        13,
        &["there is no variable", "did you mean 'vars.least'?"],
    );
}

#[test]
fn datasets_that_are_missing_or_made_twice_are_shown() {
    assert_told(
        &START.replace("r = \"rows\"", "r = \"rosw\""),
        12,
        &["nothing makes the dataset 'rosw'", "did you mean 'rows'?"],
    );
    assert_told(&and("[sinks.s]\nfrom = \"kpet\"\ncsv = \"out/s.csv\"\n"), 15, &["'kpet'", "did you mean 'kept'?"]);
    let again = "[stages.again]\noperator = \"sql\"\ninputs = { r = \"rows\" }\noutputs = { result = \"kept\" }\nparams = { query = \"SELECT 1 AS x FROM r\" }\n";
    assert_told(&and(again), 14, &["'kept' is made twice", "p.toml", "and here", "outputs ="]);
    assert_told(
        &and(
            "[stages.rows]\noperator = \"sql\"\ninputs = { r = \"kept\" }\nparams = { query = \"SELECT 1 AS x FROM r\" }\n",
        ),
        14,
        &["'rows' names two steps"],
    );
    assert_told(&and("[stages.kept]\noperator = \"sql\"\n"), 14, &["not valid TOML", "duplicate key"]);
}

#[test]
fn a_cycle_is_printed() {
    let circle = "[stages.one]\noperator = \"sql\"\ninputs = { r = \"two\" }\nparams = { query = \"SELECT 1 AS x FROM r\" }\n\
                  [stages.two]\noperator = \"sql\"\ninputs = { r = \"one\" }\nparams = { query = \"SELECT 1 AS x FROM r\" }\n";
    assert_told(&and(circle), 14, &["in a circle", "two → one → two"]);
    assert_told(&START.replace("r = \"rows\"", "r = \"kept\""), 10, &["kept → kept"]);
}

#[test]
fn columns_that_lack_or_have_the_wrong_type_are_told() {
    assert_told(&START.replace("SELECT id, v", "SELECT idd, v"), 13, &["stage 'kept'", "idd"]);
    assert_told(
        &and("[stages.kept.expect]\nkept = { unique = [\"idd\"] }\n"),
        15,
        &["no column 'idd'", "did you mean 'id'?"],
    );
    assert_told(&and("[stages.kept.expect]\nkept = { between = { v = [1, 2] } }\n"), 15, &["'v' is no number"]);
    assert_told(
        &and("[stages.kept.expect]\nkept = { between = { id = [3, 2] } }\n"),
        15,
        &["nothing lies between 3 and 2", "[2, 3]"],
    );
    let sink =
        "[sinks.s]\nfrom = \"kept\"\nsqlite = \"shop.db\"\ntable = \"orders\"\nmode = \"upsert\"\nkeys = [\"idd\"]\n";
    assert_told(&and(sink), 14, &["no column 'idd'", "did you mean 'id'?"]);
    assert_told(
        &and("[sinks.s]\nfrom = \"rows\"\nsqlite = \"shop.db\"\ntable = \"orders\"\n"),
        14,
        &["lacks the column 'n'", "add_columns"],
    );
    let typed = "types = { id = \"int\", x = \"text\" }";
    assert_told(
        &START.replace("types = { id = \"int\", v = \"text\", n = \"float\" }", typed),
        6,
        &["'x'", "which the file lacks"],
    );
}

#[test]
fn values_of_the_wrong_type_or_out_of_range_are_told() {
    assert_told(&START.replace("\"rows.csv\"", "7"), 7, &["wrong type", "expected text"]);
    assert_told(&START.replace("{ query = \"SELECT id, v FROM r\" }", "{ query = 5 }"), 13, &["expected text"]);
    assert_told(&START.replace("SELECT id, v FROM r", ""), 13, &["the query is empty", "for example"]);
    assert_told(&START.replace("SELECT id, v FROM r", "SELEC id"), 13, &["stage 'kept'"]);
    assert_told(
        &START.replace("types = {", "delimiter = \"ab\"\ntypes = {"),
        8,
        &["one ASCII character", "for example"],
    );
    assert_told(
        &and("[sinks.s]\nfrom = \"kept\"\nsqlite = \"shop.db\"\ntable = \"t\"\nbusy_timeout = -1\n"),
        18,
        &["cannot be negative"],
    );
    assert_told(
        &and("[sinks.s]\nfrom = \"kept\"\nsqlite = \"shop.db\"\ntable = \"t\"\nmode = \"merge\"\n"),
        18,
        &["unknown value 'merge'", "replace"],
    );
    assert_told(
        &and("[sinks.s]\nfrom = \"kept\"\nsqlite = \"shop.db\"\ntable = \"t\"\nmode = \"upsert\"\n"),
        18,
        &["needs 'keys'"],
    );
    assert_told(&and("[sinks.s]\nfrom = \"kept\"\nsqlite = \"shop.db\"\n"), 16, &["needs 'table'"]);
    assert_told(&and("[sinks.s]\nfrom = \"kept\"\n"), 14, &["says no place", "sqlite"]);
    assert_told(&and("[sinks.s]\nfrom = \"kept\"\ncsv = \"a\"\nparquet = \"b\"\n"), 16, &["both given"]);
    assert_told(&and("[sinks.s]\ncsv = \"a\"\n"), 14, &["'from' is missing"]);
    assert_told(&and("x = 1979-05-27\n"), 14, &["dates are written as text"]);
    assert_told(&and("x = \"unclosed\n"), 14, &["not valid TOML"]);
    assert_told(&START.replace("name = \"errors\"", "name = \"a/b\""), 1, &["'a/b' cannot be a name"]);
    assert_told(&START.replace("[stages.kept]", "[stages.\"../kept\"]"), 10, &["cannot be a step's name"]);
    assert_told(&START.replace("[vars]", "include = [\"no.toml\"]\n[vars]"), 3, &["there is no file", "no.toml"]);
}

#[test]
fn settings_of_the_command_line_are_shown_where_they_are_wrong() {
    let place = place();
    place.write("p.toml", START);
    for (setting, words) in [
        ("vars.least=x", "needs an integer, not text"),
        ("vars.lest=2", "did you mean 'least'?"),
        ("nothing", "--set needs key=value"),
        ("stages.kept.params.query=5", "expected text"),
        ("stages.kept.inputs.r=nowhere", "nothing makes the dataset 'nowhere'"),
    ] {
        let said = refused(&place, &["--set", setting]).stderr;
        assert!(said.contains("--set:1:") && said.contains('^') && said.contains(words), "{setting}:\n{said}");
    }
    for arguments in
        [&["--as-of", "yesterday"][..], &["--seed", "x"], &["--jobs", "0"], &["--memory", "4 parsecs"], &["--nonsense"]]
    {
        let failed = place.run(arguments);
        assert_eq!(failed.code, Some(2), "{arguments:?} {}", failed.stderr);
    }
}

#[test]
fn files_that_are_no_pipeline_are_told() {
    for (content, words) in [
        (&b""[..], "is empty"),
        (b"\n  \n", "is empty"),
        (b"name = \"x\"\n", "no sources and no stages"),
        (b"[stages]\n", "'name' is missing"),
        (b"\xff\xfename", "not UTF-8"),
        (b"\0\0\0\0", "not valid TOML"),
        (b"SQLite format 3\0", "not valid TOML"),
    ] {
        let place = place();
        place.write("p.toml", content);
        let said = refused(&place, &[]).stderr;
        assert!(said.contains(words) && said.contains("p.toml"), "{content:?}:\n{said}");
    }
    let place = place();
    let said = refused(&place, &[]).stderr;
    assert!(said.contains("cannot read the pipeline file p.toml") && said.contains("No such file"), "{said}");
    place.write("p.toml", format!("name = \"{}\"\n", "x".repeat(10 << 20)));
    let said = refused(&place, &[]).stderr;
    assert!(said.contains("bytes long") && said.contains("include") && said.len() < 2_000, "{said}");
    std::fs::remove_file(place.path("p.toml")).expect("a file");
    std::fs::create_dir(place.path("p.toml")).expect("a folder");
    let said = refused(&place, &[]).stderr;
    assert!(said.contains("cannot read the pipeline file") && said.contains("directory"), "{said}");
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let place = place();
    place.write("p.toml", and(&format!("x = {}{}\n", "[".repeat(50_000), "]".repeat(50_000))));
    refused(&place, &[]);
    place.write("p.toml", and(&format!("{} = 1\n", vec!["a"; 20_000].join("."))));
    refused(&place, &[]);
}

/// The keys below a value whose texts are queries.
fn queries(value: &toml::Value, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                match value {
                    toml::Value::String(text) if key == "query" => found.push(text.clone()),
                    value => queries(value, found),
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        _ => {}
    }
}

#[test]
fn a_variable_in_a_query_of_our_own_pipelines_is_a_literal() {
    let mut folders = vec![project().join("pipelines")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|ending| ending == "toml") {
                let text = std::fs::read_to_string(entry.path()).expect("a file");
                let mut found = Vec::new();
                queries(&toml::Value::Table(text.parse().expect("TOML")), &mut found);
                seen += found.len();
                for query in found {
                    assert!(!query.contains("${vars."), "{}: {query}", entry.path().display());
                }
            }
        }
    }
    assert!(seen > 20, "{seen} queries");
}
