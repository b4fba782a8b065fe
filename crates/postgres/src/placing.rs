//! What type values are sent in, and how they become those of a table's column.

use super::columns::Kind;

/// The type that a dataset's column is staged in, and that a column made for it has.
pub fn staged_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Float => "double precision",
        Kind::Bool => "boolean",
        Kind::Date => "date",
        Kind::Timestamp => "timestamp with time zone",
        Kind::Text => "text",
        Kind::Texts | Kind::Json => "jsonb",
        Kind::Bytes => "bytea",
        Kind::Floats => "real[]",
    }
}

/// An expression for `staged`, a value of `kind`, as a value of a column that is declared so; `None` where the one is not
/// like the other. Texts are read as what the column is: the server refuses those that spell none.
pub(crate) fn placed(kind: Kind, declared: &str, staged: &str) -> Option<String> {
    if matches!(kind, Kind::Bytes | Kind::Floats) && declared != staged_type(kind) {
        return None;
    }
    if declared == staged_type(kind) {
        return Some(staged.to_owned());
    }
    let cast = || Some(format!("CAST({staged} AS {declared})"));
    let base = declared.split_once('(').map_or(declared, |(base, _)| base).trim_end();
    match (base, kind) {
        ("smallint" | "integer" | "bigint", Kind::Bool) => {
            Some(format!("CAST(CAST({staged} AS integer) AS {declared})"))
        }
        ("smallint" | "integer" | "bigint", Kind::Int) => cast(),
        ("real" | "double precision" | "numeric", Kind::Int | Kind::Float) => cast(),
        ("real" | "double precision" | "numeric", Kind::Bool) => {
            Some(format!("CAST(CAST({staged} AS integer) AS {declared})"))
        }
        ("boolean", Kind::Int) => Some(format!("({staged} <> 0)")),
        ("date", Kind::Text | Kind::Timestamp) => cast(),
        ("timestamp with time zone", Kind::Text | Kind::Date) => cast(),
        ("timestamp without time zone", Kind::Timestamp) => Some(format!("({staged} AT TIME ZONE 'UTC')")),
        ("timestamp without time zone", Kind::Text | Kind::Date) => cast(),
        ("timestamp", _) if declared.ends_with("with time zone") => cast().filter(|_| kind == Kind::Timestamp),
        ("text" | "character varying" | "character" | "citext", Kind::Timestamp) => Some(spelled_instant(staged)),
        // A cast to a type with a length cuts what is longer; to put it into the column is refused.
        ("character varying" | "character", Kind::Text) => Some(staged.to_owned()),
        ("character varying" | "character", _) => Some(format!("CAST({staged} AS text)")),
        ("text" | "citext", _) => cast(),
        ("json" | "jsonb", Kind::Texts | Kind::Json | Kind::Text) => cast(),
        ("text[]" | "character varying[]", Kind::Texts) => {
            // Of a null there is no list.
            Some(format!("CASE WHEN {staged} IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text({staged})) END"))
        }
        // A number or a truth value is no text that spells one.
        ("smallint" | "integer" | "bigint" | "real" | "double precision" | "numeric" | "boolean", _) => None,
        // What else there is, uuid, enums, inet, is read from text.
        (_, Kind::Text) => cast(),
        _ => None,
    }
}

/// An instant as it is spelled in a text: `2026-01-31T23:59:00Z`, with as many digits of the second as it has.
fn spelled_instant(staged: &str) -> String {
    let whole = format!("to_char({staged} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')");
    let fraction = format!("rtrim(to_char({staged} AT TIME ZONE 'UTC', '.US'), '0')");
    format!("{whole} || rtrim({fraction}, '.') || 'Z'")
}

/// How two values of a column are compared, where its type has no equality of its own.
pub(crate) fn compared(declared: &str, value: &str) -> String {
    match declared {
        "json" | "xml" | "point" => format!("CAST({value} AS text)"),
        _ => value.to_owned(),
    }
}
