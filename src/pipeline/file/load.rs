//! A pipeline file with its includes, overrides and variables, as one settings tree.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use glob::Pattern;

use super::{
    diagnostic::{At, Diagnostic, Origin, suggest},
    document::{Entry, Node, Value, parse_set, read_file, text_or_toml},
    include::read_with_includes,
    model::VarTable,
    sql_literal,
    typed::typed,
};

/// What the command line and the environment may change in a pipeline file.
pub struct Overrides<'a> {
    /// `--set key.path=value`, in order.
    pub sets: &'a [String],
    /// Looks up an environment variable that the file names.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that relative paths in overrides start from.
    pub folder: &'a Path,
}

/// Reads `path` with its includes, puts the overrides in and fills the variables in.
///
/// # Errors
/// Whatever is wrong with a file, an override or a variable.
pub fn load(path: &Path, overrides: &Overrides<'_>) -> Result<Node, Diagnostic> {
    let mut root = read_with_includes(path, &path.display().to_string(), &mut Vec::new())?;
    let mut variable_sets = Vec::new();
    for argument in overrides.sets {
        let (key, node) = parse_set(argument, overrides.folder)?;
        match key.as_slice() {
            [section, name] if section == "vars" => variable_sets.push((name.clone(), node)),
            _ => root.set(&key, node),
        }
    }
    let variables = resolve_variables(&root, &variable_sets, overrides)?;
    if let Value::Table(table) = &mut root.value {
        for entry in table.0.iter_mut().filter(|entry| entry.key != "vars") {
            fill(&mut entry.node, &variables)?;
        }
    }
    read_parameter_files(&mut root)?;
    Ok(root)
}

/// Puts the content of TOML files in place of the parameters that name them: `rules = { file = "rules.toml" }`, or
/// `profiles = { files = "exports/*.toml" }` for a list with a value a file, in the order of their names.
/// Relative paths start from the folder of the text they stand in; every value keeps its place in its own file.
fn read_parameter_files(root: &mut Node) -> Result<(), Diagnostic> {
    let Value::Table(table) = &mut root.value else { return Ok(()) };
    let Some(stages) = table.0.iter_mut().find(|entry| entry.key == "stages") else { return Ok(()) };
    for stage in entries_mut(&mut stages.node) {
        for params in entries_mut(&mut stage.node).iter_mut().filter(|entry| entry.key == "params") {
            for param in entries_mut(&mut params.node) {
                let [Entry { key, node: Node { value: Value::Text(path), at }, .. }] = param.node.entries() else {
                    continue;
                };
                match key.as_str() {
                    "file" => param.node = parameter_file(path, at)?,
                    "files" => param.node = parameter_files(path, at)?,
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

fn parameter_file(path: &str, at: &At) -> Result<Node, Diagnostic> {
    let target = at.origin.folder.join(path);
    if !target.is_file() {
        return Err(Diagnostic::new(format!("there is no file {}", target.display()), at, "named here")
            .mend("paths are relative to the file they stand in"));
    }
    read_file(&target, &target.display().to_string())
}

fn parameter_files(pattern: &str, at: &At) -> Result<Node, Diagnostic> {
    let folder = Pattern::escape(&at.origin.folder.to_string_lossy());
    let whole = Path::new(&folder).join(pattern);
    let found = glob::glob(&whole.to_string_lossy());
    let found = found.map_err(|error| {
        Diagnostic::new(format!("'{pattern}' is no pattern of files: {}", error.msg), at, "named here")
            .mend("write it like rules/exports/*.toml")
    })?;
    let mut paths: Vec<PathBuf> = found.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    paths.sort();
    if paths.is_empty() {
        return Err(Diagnostic::new(format!("there is no file {}", whole.display()), at, "named here")
            .mend("patterns are relative to the file they stand in"));
    }
    let files = paths.iter().map(|path| read_file(path, &path.display().to_string()));
    Ok(Node { value: Value::List(files.collect::<Result<_, _>>()?), at: at.clone() })
}

fn entries_mut(node: &mut Node) -> &mut [Entry] {
    match &mut node.value {
        Value::Table(table) => &mut table.0,
        _ => &mut [],
    }
}

fn resolve_variables(
    root: &Node,
    sets: &[(String, Node)],
    overrides: &Overrides<'_>,
) -> Result<Vec<(String, Node)>, Diagnostic> {
    let Value::Table(table) = &root.value else { return Ok(Vec::new()) };
    let empty: &[Entry] = &[];
    let declared = table.get("vars").map_or(empty, |entry| entry.node.entries());
    for (name, node) in sets {
        if !declared.iter().any(|entry| entry.key == *name) {
            return Err(Diagnostic::new(format!("there is no variable '{name}'"), &node.at, "set here")
                .mend(suggest(name, declared.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>())));
        }
    }
    declared.iter().map(|entry| resolve_variable(root, entry, sets, overrides)).collect()
}

fn resolve_variable(
    root: &Node,
    entry: &Entry,
    sets: &[(String, Node)],
    overrides: &Overrides<'_>,
) -> Result<(String, Node), Diagnostic> {
    let table: VarTable = typed(root, &entry.node, &["vars", &entry.key])?;
    let default = entry.node.entries().iter().find(|field| field.key == "default").map(|field| &field.node);
    let is_text = matches!(default.map(|node| &node.value), Some(Value::Text(_)));
    let from_environment = || {
        let name = table.env.as_deref()?;
        let text = (overrides.environment)(name)?;
        let origin = Arc::new(Origin {
            name: format!("environment variable {name}"),
            text: text.clone(),
            folder: overrides.folder.to_path_buf(),
        });
        let value = if is_text { Value::Text(text.clone()) } else { text_or_toml(&text, &origin) };
        Some(Node { value, at: At { span: 0..text.len(), origin } })
    };
    let set = sets.iter().rev().find(|(name, _)| *name == entry.key).map(|(_, node)| {
        let mut node = node.clone();
        if is_text && !matches!(node.value, Value::Text(_)) {
            node.value = Value::Text(node.at.origin.text[node.at.span.clone()].to_owned());
        }
        node
    });
    let Some(node) = set.or_else(from_environment).or_else(|| default.cloned()) else {
        let ways = table.env.map_or(String::new(), |name| format!(", or set the environment variable {name}"));
        return Err(Diagnostic::new(format!("the variable '{}' has no value", entry.key), &entry.at, "has no default")
            .mend(format!("give one with --set vars.{}=…{ways}", entry.key)));
    };
    if let Some(default) = default {
        let fits =
            default.kind() == node.kind() || matches!((&default.value, &node.value), (Value::Float(_), Value::Int(_)));
        if !fits {
            return Err(Diagnostic::new(
                format!("the variable '{}' needs {}, not {}", entry.key, default.kind(), node.kind()),
                &node.at,
                "given here",
            )
            .also(&default.at, "the default"));
        }
    }
    Ok((entry.key.clone(), node))
}

/// Replaces `${vars.name}` in every text below `node`; a text that is nothing else takes the variable's type. Of
/// `${sql:vars.name}` it becomes a literal of SQL.
fn fill(node: &mut Node, variables: &[(String, Node)]) -> Result<(), Diagnostic> {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => {
            let text = text.clone();
            *node = fill_text(&text, node, variables)?;
        }
        Value::List(items) => {
            for item in items {
                fill(item, variables)?;
            }
        }
        Value::Table(table) => {
            for entry in &mut table.0 {
                fill(&mut entry.node, variables)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn fill_text(text: &str, node: &Node, variables: &[(String, Node)]) -> Result<Node, Diagnostic> {
    let mut filled = String::new();
    let mut rest = text;
    // A path that begins with a variable is relative to where the variable's value was given.
    let mut at = node.at.clone();
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            return Err(Diagnostic::new("'${' without '}'", &node.at, "in this text"));
        };
        let (is_sql, name) = sql_literal::mark(&rest[start + 2..start + length]);
        let variable = name.strip_prefix("vars.").and_then(|name| variables.iter().find(|(known, _)| known == name));
        let Some((_, value)) = variable else {
            let known: Vec<String> = variables.iter().map(|(name, _)| format!("vars.{name}")).collect();
            return Err(Diagnostic::new(format!("there is no variable '{name}'"), &node.at, "used here")
                .mend(suggest(name, known.iter().map(String::as_str).collect::<Vec<_>>())));
        };
        if !is_sql && start == 0 && length + 1 == text.len() {
            return Ok(value.clone());
        }
        if filled.is_empty() && start == 0 && !is_sql {
            at = value.at.clone();
        }
        filled.push_str(&rest[..start]);
        match &value.value {
            _ if is_sql => filled.push_str(&sql_literal::of(name, value, node)?),
            Value::Text(text) => filled.push_str(text),
            _ => filled.push_str(&value.to_json().to_string()),
        }
        rest = &rest[start + length + 1..];
    }
    filled.push_str(rest);
    Ok(Node { value: Value::Text(filled), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(
        files: &[(&str, &str)],
        sets: &[&str],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Node, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let overrides = Overrides { sets: &sets, environment, folder: Path::new("/cwd") };
        load(&folder.path().join(files[0].0), &overrides).map_err(|error| error.to_string())
    }

    const NONE: &dyn Fn(&str) -> Option<String> = &|_| None;

    #[test]
    fn a_variable_keeps_its_type_and_set_wins_over_environment_over_default() {
        let file =
            [("p.toml", "[vars]\nx = { default = 0.85, env = \"X\" }\n[stages.a]\nparams = { c = \"${vars.x}\" }\n")];
        let value = |sets: &[&str], environment: &dyn Fn(&str) -> Option<String>| {
            load_text(&file, sets, environment).unwrap().to_json()["stages"]["a"]["params"]["c"].clone()
        };
        assert_eq!(value(&[], NONE), 0.85);
        assert_eq!(value(&[], &|_| Some("0.5".into())), 0.5);
        assert_eq!(value(&["vars.x=0.25"], &|_| Some("0.5".into())), 0.25);
    }

    #[test]
    fn a_text_variable_takes_any_text_as_it_is() {
        let file = [("p.toml", "[vars]\ndb = { default = \"a.db\" }\n[sources.s]\nsqlite = \"${vars.db}\"\n")];
        assert_eq!(load_text(&file, &["vars.db=12"], NONE).unwrap().to_json()["sources"]["s"]["sqlite"], "12");
    }

    #[test]
    fn a_path_given_in_an_override_is_relative_to_the_overrides_folder() {
        let file = [("p.toml", "[vars]\nout = { default = \"o\" }\n[sinks.s]\nparquet = \"${vars.out}/x.parquet\"\n")];
        let node = load_text(&file, &["vars.out=here"], NONE).unwrap();
        let at = node.locate(&["sinks", "s", "parquet"]);
        assert_eq!(at.origin.folder, Path::new("/cwd"));
        assert_eq!(node.to_json()["sinks"]["s"]["parquet"], "here/x.parquet");
    }

    #[test]
    fn a_value_of_another_type_than_the_default_is_refused() {
        let file = [("p.toml", "[vars]\nx = { default = true }\n")];
        let message = load_text(&file, &["vars.x=7"], NONE).unwrap_err();
        assert!(message.contains("needs true or false, not an integer"), "{message}");
    }

    #[test]
    fn a_variable_becomes_a_literal_of_sql_whatever_it_holds() {
        let query = |default: &str, text: &str| {
            let file =
                format!("[vars]\nx = {{ default = {default} }}\n[stages.s]\nparams = {{ query = \"{text}\" }}\n");
            let node = load_text(&[("p.toml", &file)], &[], NONE)?;
            Ok::<_, String>(node.to_json()["stages"]["s"]["params"]["query"].clone())
        };
        for (default, expected) in [
            ("\"O'Brien\"", "'O''Brien'"),
            ("\"' OR 1=1 --\"", "''' OR 1=1 --'"),
            ("\"\"", "''"),
            ("\"${vars.x}\"", "'${vars.x}'"),
            ("7", "7"),
            ("-7", "(-7)"),
            ("0.5", "0.5"),
            ("1e300", "1e300"),
            ("-0.5", "(-0.5)"),
            ("true", "TRUE"),
            ("[\"a\", \"b'c\"]", "('a', 'b''c')"),
            ("[1, -2]", "(1, (-2))"),
        ] {
            assert_eq!(query(default, "${sql:vars.x}").unwrap(), expected, "{default}");
            let between = query(default, "a = ${ sql: vars.x } ORDER BY a").unwrap();
            assert_eq!(between, format!("a = {expected} ORDER BY a"), "{default}");
        }
        for (default, words) in [("nan", "no number"), ("\"a\\u0000\"", "NUL"), ("[]", "empty list")] {
            let message = query(default, "${sql:vars.x}").unwrap_err();
            assert!(message.contains(words), "{message}");
        }
        assert!(query("1", "${sql:vars.y}").unwrap_err().contains("there is no variable 'vars.y'"));
    }

    #[test]
    fn an_unknown_variable_gets_the_nearest_name() {
        let file =
            [("p.toml", "[vars]\nmin_confidence = { default = 1 }\n[sinks.s]\nparquet = \"${vars.min_confidense}\"\n")];
        let message = load_text(&file, &[], NONE).unwrap_err();
        assert!(message.contains("did you mean 'vars.min_confidence'?"), "{message}");
    }

    #[test]
    fn included_files_give_their_sections_and_the_including_files_variables_win() {
        let files = [
            ("night.toml", "name = \"night\"\ninclude = [\"a.toml\"]\n[vars]\nx = { default = 2 }\n"),
            (
                "a.toml",
                "name = \"a\"\ntags = [\"t\"]\n[schedule]\ncron = \"1h\"\n[vars]\nx = { default = 1 }\n[stages.s]\nparams = { x = \"${vars.x}\" }\n",
            ),
        ];
        let json = load_text(&files, &[], NONE).unwrap().to_json();
        assert_eq!((&json["name"], json.get("schedule")), (&"night".into(), None));
        assert_eq!(json["stages"]["s"]["params"]["x"], 2);
        assert_eq!(json["stages"]["s"]["tags"], serde_json::json!(["t"]));
    }

    #[test]
    fn a_stage_made_by_two_files_is_shown_in_both() {
        let files = [("n.toml", "include = [\"a.toml\"]\n[stages.s]\n"), ("a.toml", "[stages.s]\n")];
        let message = load_text(&files, &[], NONE).unwrap_err();
        assert!(message.contains("stages.s is there twice") && message.contains("a.toml"), "{message}");
    }

    #[test]
    fn a_parameter_that_names_a_file_holds_its_content_and_knows_its_lines() {
        let files = [
            ("p.toml", "[stages.s]\nparams = { rules = { file = \"r.toml\" }, other = { file = 1 } }\n"),
            ("r.toml", "first = 1\n[table]\nsecond = [\"x\"]\n"),
        ];
        let node = load_text(&files, &[], NONE).unwrap();
        let params = node.to_json()["stages"]["s"]["params"].clone();
        assert_eq!(
            params,
            serde_json::json!({"rules": {"first": 1, "table": {"second": ["x"]}}, "other": {"file": 1}})
        );
        let at = node.locate(&["stages", "s", "params", "rules", "table", "second", "0"]);
        assert!(at.origin.name.ends_with("r.toml") && at.origin.text[at.span].contains('x'));
        assert!(load_text(&files[..1], &[], NONE).unwrap_err().contains("there is no file"));
    }

    #[test]
    fn a_parameter_that_names_files_holds_a_list_of_them_in_the_order_of_their_names() {
        let files = [
            ("p.toml", "[stages.s]\nparams = { known = { files = \"known-*.toml\" } }\n"),
            ("known-b.toml", "name = \"b\"\n"),
            ("known-a.toml", "\nname = \"a\"\n"),
        ];
        let node = load_text(&files, &[], NONE).unwrap();
        let known = node.to_json()["stages"]["s"]["params"]["known"].clone();
        assert_eq!(known, serde_json::json!([{ "name": "a" }, { "name": "b" }]));
        let at = node.locate(&["stages", "s", "params", "known", "0", "name"]);
        assert!(at.origin.name.ends_with("known-a.toml") && &at.origin.text[at.span] == "\"a\"");
        assert!(load_text(&files[..1], &[], NONE).unwrap_err().contains("there is no file"));
    }

    const PART: &str = "[vars]\ndb = { default = \"b.db\", env = \"B_DB\" }\nn = { default = 1 }\n\
                        [sources.s]\nsqlite = \"${vars.db}\"\nquery = \"SELECT ${ vars.n } FROM ${vars.db}x\"\n";

    fn with_part(include: &str, sets: &[&str], environment: &dyn Fn(&str) -> Option<String>) -> Result<Node, String> {
        let own = "[vars]\ndb = { default = \"a.db\", env = \"A_DB\" }\n";
        load_text(&[("n.toml", &format!("{include}\n")), ("own.toml", own), ("b.toml", PART)], sets, environment)
    }

    #[test]
    fn a_renamed_variable_keeps_its_default_and_environment_and_is_renamed_wherever_it_is_used() {
        let include = "include = [\"own.toml\", { file = \"b.toml\", vars = { db = \"other\", n = \"db_n\" } }]";
        let source = |sets: &[&str], environment: &dyn Fn(&str) -> Option<String>| {
            with_part(include, sets, environment).unwrap().to_json()["sources"]["s"].clone()
        };
        assert_eq!(source(&[], NONE), serde_json::json!({"sqlite": "b.db", "query": "SELECT 1 FROM b.dbx"}));
        assert_eq!(source(&[], &|name| (name == "B_DB").then(|| "env.db".into()))["sqlite"], "env.db");
        assert_eq!(source(&["vars.other=set.db", "vars.db=no.db"], NONE)["sqlite"], "set.db");
        let swapped = "include = [{ file = \"b.toml\", vars = { db = \"n\", n = \"db\" } }]";
        let node = with_part(swapped, &["vars.db=7"], NONE).unwrap();
        assert_eq!(node.to_json()["sources"]["s"]["query"], "SELECT 7 FROM b.dbx");
    }

    #[test]
    fn a_rename_that_cannot_be_is_shown_where_it_stands() {
        for (renames, words) in [
            ("vars = { dv = \"x\" }", "b.toml has no variable 'dv'"),
            ("vars = { dv = \"x\" }", "did you mean 'db'?"),
            ("vars = { db = \"n\" }", "b.toml has a variable 'n' already"),
            ("vars = { db = \"x\", n = \"x\" }", "would both be called 'x'"),
            ("vars = { db = \"a.b\" }", "cannot be a variable's name"),
            ("vars = { db = 1 }", "expected text"),
            ("var = { db = \"x\" }", "did you mean 'vars'?"),
        ] {
            let message = with_part(&format!("include = [{{ file = \"b.toml\", {renames} }}]"), &[], NONE).unwrap_err();
            assert!(message.contains(words) && message.contains("n.toml:1:") && message.contains('^'), "{message}");
        }
        assert!(with_part("include = [1]", &[], NONE).unwrap_err().contains("not an integer"));
        assert!(with_part("include = [{ vars = {} }]", &[], NONE).unwrap_err().contains("'file' is missing"));
    }

    #[test]
    fn a_variable_that_two_included_files_declare_otherwise_is_refused_unless_the_including_file_declares_it() {
        let both = "include = [\"own.toml\", \"b.toml\"]";
        let message = with_part(both, &[], NONE).unwrap_err();
        assert!(message.contains("different things by 'vars.db'"), "{message}");
        assert!(message.contains("own.toml:2:1") && message.contains("b.toml:2:1"), "{message}");
        let declared = format!("{both}\n[vars]\ndb = {{ default = \"c.db\" }}");
        assert_eq!(with_part(&declared, &[], NONE).unwrap().to_json()["sources"]["s"]["sqlite"], "c.db");
        let alike = "[vars]\nout = { default = \"../out\", about = \"x\" }\n";
        let files = [
            ("n.toml", "include = [\"a.toml\", \"b.toml\"]\n"),
            ("a.toml", alike),
            ("b.toml", "[vars]\nout = { default = \"../out\" }\n"),
        ];
        assert!(load_text(&files, &[], NONE).is_ok());
    }

    #[test]
    fn a_file_that_includes_itself_is_refused() {
        let files = [("a.toml", "include = [\"b.toml\"]\n"), ("b.toml", "include = [\"a.toml\"]\n")];
        assert!(load_text(&files, &[], NONE).unwrap_err().contains("includes itself"));
    }
}
