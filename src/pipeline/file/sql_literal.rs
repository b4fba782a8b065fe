//! Variables as literals of SQL, `${sql:vars.name}`: whatever a variable holds, a query takes it as a value.

use super::{
    diagnostic::Diagnostic,
    document::{Node, Value},
};

/// Before the name of a variable that becomes a literal.
pub(super) const PREFIX: &str = "sql:";

/// What stands between `${` and `}`: whether it is to be a literal, and the name.
pub(super) fn mark(inside: &str) -> (bool, &str) {
    let inside = inside.trim();
    match inside.strip_prefix(PREFIX) {
        Some(name) => (true, name.trim_start()),
        None => (false, inside),
    }
}

/// A variable's value as a literal of SQL, of SQLite's and of that of `sql` stages alike.
///
/// # Errors
/// A value that SQL has no literal for.
pub(super) fn of(name: &str, value: &Node, used: &Node) -> Result<String, Diagnostic> {
    let refused = |problem: String, mend: &str| {
        let diagnostic = Diagnostic::new(problem, &value.at, "given here").also(&used.at, "used here");
        Err(diagnostic.mend(mend))
    };
    match &value.value {
        Value::Text(text) if text.contains('\0') => {
            refused(format!("'{name}' has a NUL, which no text of SQL can hold"), "take it out")
        }
        Value::Text(text) => Ok(format!("'{}'", text.replace('\'', "''"))),
        // Two signs in a row would begin a comment.
        Value::Int(number) if *number < 0 => Ok(format!("({number})")),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) if !number.is_finite() => {
            refused(format!("'{name}' is {number}, which is no number of SQL"), "give a finite number")
        }
        Value::Float(number) if *number < 0.0 => Ok(format!("({number:?})")),
        Value::Float(number) => Ok(format!("{number:?}")),
        Value::Bool(flag) => Ok(if *flag { "TRUE" } else { "FALSE" }.to_owned()),
        Value::List(items) if items.is_empty() => {
            refused(format!("'{name}' is an empty list, which SQL does not have"), "give at least one value")
        }
        Value::List(items) => {
            let items = items.iter().map(|item| of(name, item, used)).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("({})", items.join(", ")))
        }
        Value::Table(_) => refused(format!("'{name}' is a table, which is no value of SQL"), "give text or a number"),
    }
}
