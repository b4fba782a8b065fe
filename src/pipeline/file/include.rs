//! Included files: their sections put together into one settings tree, their variables renamed where the including file says so.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::{
    diagnostic::{Diagnostic, suggest},
    document::{Entry, Node, Table, Value, read_file},
    model::IncludeTable,
    sql_literal,
    typed::typed,
};

/// Sections whose entries have names of their own and are put together from included files.
const NAMED_SECTIONS: [&str; 7] = ["vars", "sources", "stages", "sinks", "reports", "figures", "verify"];

/// What a file says of itself alone, and of its own runs: not taken over by a file that includes it.
const OWN_SECTIONS: [&str; 8] = ["name", "scope", "tags", "report", "schedule", "schedules", "alerts", "metrics"];

/// Reads a pipeline file and all it includes. `shown` is what messages call it, `stack` the files being read.
///
/// # Errors
/// A file that is not there or includes itself, a rename that does not work out, a name that two files give to
/// different things.
pub fn read_with_includes(path: &Path, shown: &str, stack: &mut Vec<PathBuf>) -> Result<Node, Diagnostic> {
    let mut root = read_file(path, shown)?;
    stack.push(path.canonicalize().unwrap_or_else(|_| path.to_path_buf()));
    let includes = match &mut root.value {
        Value::Table(table) => table.remove("include"),
        _ => None,
    };
    spread_tags(&mut root);
    let own: Vec<String> = variables(&root).iter().map(|entry| entry.key.clone()).collect();
    for item in includes.iter().flat_map(|entry| list_items(&entry.node)) {
        let wanted = Wanted::of(item)?;
        let target = wanted.path.at.origin.folder.join(&wanted.name);
        if stack.contains(&target.canonicalize().unwrap_or_else(|_| target.clone())) {
            return Err(Diagnostic::new("a file includes itself", &wanted.path.at, "this file is being read already")
                .mend("take the include out of one of the two files"));
        }
        if !target.is_file() {
            let problem = format!("there is no file {}", target.display());
            return Err(Diagnostic::new(problem, &wanted.path.at, "included here")
                .mend("paths of includes are relative to the file they stand in"));
        }
        let mut included = read_with_includes(&target, &target.display().to_string(), stack)?;
        rename_variables(&mut included, wanted.renames, &wanted.name)?;
        merge(&mut root, included, &own)?;
    }
    stack.pop();
    Ok(root)
}

/// An item of `include`: a path, or a table with a path and names for variables.
struct Wanted<'a> {
    name: String,
    path: &'a Node,
    renames: &'a [Entry],
}

impl<'a> Wanted<'a> {
    fn of(item: &'a Node) -> Result<Self, Diagnostic> {
        match &item.value {
            Value::Text(name) => Ok(Self { name: name.clone(), path: item, renames: &[] }),
            Value::Table(table) => {
                let IncludeTable { file, .. } = typed(item, item, &[])?;
                let path = table.get("file").map_or(item, |entry| &entry.node);
                Ok(Self { name: file, path, renames: table.get("vars").map_or(&[], |entry| entry.node.entries()) })
            }
            _ => {
                let problem = format!("include needs paths or tables with a file, not {}", item.kind());
                Err(Diagnostic::new(problem, &item.at, "not a path"))
            }
        }
    }
}

fn list_items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

fn variables(root: &Node) -> &[Entry] {
    match &root.value {
        Value::Table(table) => table.get("vars").map_or(&[], |entry| entry.node.entries()),
        _ => &[],
    }
}

/// A file's tags belong to its own stages, and stay with them when the file is included.
fn spread_tags(root: &mut Node) {
    let Value::Table(table) = &mut root.value else { return };
    let Some(tags) = table.get("tags").map(|entry| entry.node.clone()) else { return };
    let Some(stages) = table.0.iter_mut().find(|entry| entry.key == "stages") else { return };
    let Value::Table(stages) = &mut stages.node.value else { return };
    for stage in &mut stages.0 {
        let Value::Table(stage) = &mut stage.node.value else { continue };
        let own = stage.remove("tags");
        let mut items = list_items(&tags).to_vec();
        items.extend(own.iter().flat_map(|entry| list_items(&entry.node)).cloned());
        let node = Node { value: Value::List(items), at: tags.at.clone() };
        stage.0.push(Entry { key: "tags".to_owned(), at: tags.at.clone(), node });
    }
}

/// Gives variables of an included file other names, where they are declared and where they are used, all at once: two
/// may change places. Default, environment variable and type stay.
fn rename_variables(included: &mut Node, renames: &[Entry], file: &str) -> Result<(), Diagnostic> {
    let declared = variables(included);
    let mut names: Vec<(&str, &str)> = Vec::with_capacity(renames.len());
    for rename in renames {
        let Value::Text(new) = &rename.node.value else { continue };
        if !declared.iter().any(|entry| entry.key == rename.key) {
            let problem = format!("{file} has no variable '{}' that could be renamed", rename.key);
            return Err(Diagnostic::new(problem, &rename.at, "not declared there")
                .mend(suggest(&rename.key, declared.iter().map(|entry| entry.key.as_str()))));
        }
        if new.is_empty() || new.contains(['$', '{', '}', '.']) || new.trim() != new {
            let problem = format!("'{new}' cannot be a variable's name");
            return Err(
                Diagnostic::new(problem, &rename.node.at, "not a plain word").mend("use letters, digits and '_'")
            );
        }
        if let Some((other, _)) = names.iter().find(|(_, known)| known == new) {
            let problem = format!("'{other}' and '{}' would both be called '{new}'", rename.key);
            return Err(Diagnostic::new(problem, &rename.node.at, "a name that is taken").mend("choose another name"));
        }
        names.push((&rename.key, new));
    }
    let stays = |name: &str| names.iter().all(|(old, _)| *old != name);
    for (rename, (_, new)) in renames.iter().zip(&names) {
        if let Some(there) = declared.iter().find(|entry| entry.key == *new && stays(&entry.key)) {
            let problem = format!("{file} has a variable '{new}' already");
            return Err(Diagnostic::new(problem, &rename.node.at, "a name that is taken")
                .also(&there.at, "declared here")
                .mend("choose another name, or rename that one too"));
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let new_name = |old: &str| names.iter().find(|(known, _)| *known == old).map(|(_, new)| (*new).to_owned());
    let Value::Table(table) = &mut included.value else { return Ok(()) };
    for section in &mut table.0 {
        match (&mut section.node.value, section.key.as_str()) {
            (Value::Table(declared), "vars") => {
                for entry in &mut declared.0 {
                    entry.key = new_name(&entry.key).unwrap_or_else(|| std::mem::take(&mut entry.key));
                }
            }
            _ => rename_uses(&mut section.node, &new_name),
        }
    }
    Ok(())
}

fn rename_uses(node: &mut Node, new_name: &dyn Fn(&str) -> Option<String>) {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => *text = renamed_text(text, new_name),
        Value::List(items) => items.iter_mut().for_each(|item| rename_uses(item, new_name)),
        Value::Table(table) => table.0.iter_mut().for_each(|entry| rename_uses(&mut entry.node, new_name)),
        _ => {}
    }
}

fn renamed_text(text: &str, new_name: &dyn Fn(&str) -> Option<String>) -> String {
    let mut parts = text.split("${");
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        renamed.push_str("${");
        let found = part.split_once('}').and_then(|(inside, rest)| {
            let (is_sql, name) = sql_literal::mark(inside);
            Some((if is_sql { sql_literal::PREFIX } else { "" }, new_name(name.strip_prefix("vars.")?)?, rest))
        });
        match found {
            Some((prefix, name, rest)) => renamed.extend([prefix, "vars.", &name, "}", rest]),
            None => renamed.push_str(part),
        }
    }
    renamed
}

/// Adds the named sections of `included` to `root`. Variables that the including file declares (`own`) are its own;
/// those of two included files are one if they are declared alike.
fn merge(root: &mut Node, included: Node, own: &[String]) -> Result<(), Diagnostic> {
    let Value::Table(table) = &mut root.value else { return Ok(()) };
    let Value::Table(added) = included.value else { return Ok(()) };
    for section in added.0 {
        if !NAMED_SECTIONS.contains(&section.key.as_str()) {
            if OWN_SECTIONS.contains(&section.key.as_str()) {
                continue;
            }
            return Err(Diagnostic::new(format!("unknown key '{}'", section.key), &section.at, "not known here")
                .mend(suggest(&section.key, NAMED_SECTIONS)));
        }
        if table.get(&section.key).is_none() {
            table.0.push(Entry {
                node: Node { value: Value::Table(Table::default()), ..section.node.clone() },
                ..section.clone()
            });
        }
        let Some(target) = table.0.iter_mut().find(|entry| entry.key == section.key) else { continue };
        let Value::Table(target) = &mut target.node.value else { continue };
        let Value::Table(entries) = section.node.value else { continue };
        for entry in entries.0 {
            match target.get(&entry.key) {
                None => target.0.push(entry),
                Some(_) if section.key == "vars" && own.contains(&entry.key) => {}
                Some(there) if section.key == "vars" => refuse_unlike(there, &entry)?,
                Some(there) => {
                    let problem = format!("{}.{} is there twice", section.key, entry.key);
                    return Err(Diagnostic::new(problem, &there.at, "here")
                        .also(&entry.at, "and here")
                        .mend("give one of them another name"));
                }
            }
        }
    }
    Ok(())
}

/// One variable in two included files must mean one thing: the same default, the same environment variable.
fn refuse_unlike(there: &Entry, other: &Entry) -> Result<(), Diagnostic> {
    let name = &other.key;
    let meaning = |entry: &Entry| ["default", "env"].map(|key| field(entry, key));
    if meaning(there) == meaning(other) {
        return Ok(());
    }
    Err(Diagnostic::new(format!("two included files mean different things by 'vars.{name}'"), &other.at, "here")
        .also(&there.at, "and here")
        .mend(format!(
            "declare {name} in [vars] of the including file, which counts for both; or give one another name: \
             {{ file = \"…\", vars = {{ {name} = \"other_name\" }} }}"
        )))
}

/// A field of a variable's declaration. A text with a slash is a path from the folder it is written in.
fn field(variable: &Entry, key: &str) -> Json {
    let Some(entry) = variable.node.entries().iter().find(|entry| entry.key == key) else { return Json::Null };
    match &entry.node.value {
        Value::Text(text) if key == "default" && text.contains('/') => {
            Json::String(plain_path(&entry.node.at.origin.folder.join(text)))
        }
        _ => entry.node.to_json(),
    }
}

/// A path without `.` and `..`, by its words alone: the file need not be there.
fn plain_path(path: &Path) -> String {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain.display().to_string()
}
