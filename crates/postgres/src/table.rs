//! What the server says of a table.

use tokio_postgres::Row;

use super::{
    error::Result,
    names::{qualified, quote},
    session::Session,
};

/// A table as it stands.
#[derive(Debug)]
pub(crate) struct TableInfo {
    /// Whether it is an ordinary or partitioned table: views are not written.
    pub(crate) is_table: bool,
    /// Its columns in order.
    pub(crate) columns: Vec<TableColumn>,
    /// The columns of its primary key in order; none if it has none.
    pub(crate) primary_key: Vec<String>,
    /// The columns of its unique indexes, the primary key among them.
    pub(crate) unique: Vec<Vec<String>>,
    /// The tables that refer to it.
    pub(crate) referred_by: Vec<String>,
    /// Whether triggers or rules of its own may leave rows out.
    pub(crate) has_own_rules: bool,
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    /// Its type as SQL writes it, for example `numeric(12,2)`.
    pub(crate) declared: String,
    /// Whether it must not be null and has no default.
    pub(crate) needs_value: bool,
    /// Whether it is computed, or numbered always.
    pub(crate) generated: bool,
}

const LOOKING: &str = "cannot look at the table";

impl TableInfo {
    /// Looks at a table; `None` if there is none of that name.
    pub(crate) fn load(session: &Session, table: &str) -> Result<Option<Self>> {
        let name = qualified(table);
        let sql = "SELECT c.oid, c.relkind::text, \
                   EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D') \
                   OR EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid) OR c.relrowsecurity \
                   FROM pg_class c WHERE c.oid = to_regclass($1)";
        let found = session.rows(LOOKING, sql, &[&name])?;
        let Some(row) = found.first() else { return Ok(None) };
        let (oid, kind): (u32, String) = (row.get(0), row.get(1));
        Ok(Some(Self {
            is_table: matches!(kind.as_str(), "r" | "p"),
            columns: columns(session, oid)?,
            primary_key: indexes(session, oid, "i.indisprimary")?.into_iter().next().unwrap_or_default(),
            unique: indexes(session, oid, "i.indisunique AND i.indpred IS NULL AND i.indimmediate")?,
            referred_by: referring(session, oid)?,
            has_own_rules: row.get(2),
        }))
    }

    pub(crate) fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether the primary key or a unique index has just these columns.
    pub(crate) fn is_unique(&self, names: &[&str]) -> bool {
        let has_all = |index: &Vec<String>| index.iter().all(|column| names.contains(&column.as_str()));
        self.unique.iter().any(|index| index.len() == names.len() && has_all(index))
    }
}

fn columns(session: &Session, oid: u32) -> Result<Vec<TableColumn>> {
    let sql = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), \
               a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> '' OR a.attidentity = 'a' \
               FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
    let column = |row: &Row| TableColumn {
        name: row.get(0),
        declared: row.get(1),
        needs_value: row.get(2),
        generated: row.get(3),
    };
    Ok(session.rows(LOOKING, sql, &[&oid])?.iter().map(column).collect())
}

/// The columns of the indexes for which `what` holds; an index over an expression has none.
fn indexes(session: &Session, oid: u32, what: &str) -> Result<Vec<Vec<String>>> {
    let sql = format!(
        "SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_index i \
         CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place) \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number \
         WHERE i.indrelid = $1 AND i.indisvalid AND i.indexprs IS NULL AND k.place <= i.indnkeyatts AND {what} \
         GROUP BY i.indexrelid ORDER BY i.indexrelid"
    );
    Ok(session.rows(LOOKING, &sql, &[&oid])?.iter().map(|row| row.get(0)).collect())
}

fn referring(session: &Session, oid: u32) -> Result<Vec<String>> {
    let sql =
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid = $1 ORDER BY 1";
    Ok(session.rows(LOOKING, sql, &[&oid])?.iter().map(|row| row.get(0)).collect())
}

/// The tables and views that are found without their schema.
pub(crate) fn table_names(session: &Session) -> Result<Vec<String>> {
    let sql = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(oid) \
               AND relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1";
    Ok(session.rows(LOOKING, sql, &[])?.iter().map(|row| row.get(0)).collect())
}

/// Whether the user may do something with a table, for example INSERT.
pub(crate) fn may(session: &Session, table: &str, what: &str) -> Result<bool> {
    Ok(session.one(LOOKING, "SELECT has_table_privilege($1, $2)", &[&qualified(table), &what])?.get(0))
}

/// Whether the user may make tables where a table of that name would be made.
pub(crate) fn may_create(session: &Session, table: &str) -> Result<bool> {
    let schema = table.split_once('.').map(|(schema, _)| quote(schema));
    let sql = "SELECT COALESCE(has_schema_privilege(COALESCE(to_regnamespace($1::text)::oid, \
               CASE WHEN $1::text IS NULL THEN current_schema()::regnamespace::oid END), 'CREATE'), FALSE)";
    Ok(session.one(LOOKING, sql, &[&schema])?.get(0))
}
