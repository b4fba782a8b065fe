//! The tables of what people decided, and what guards them against later runs.

use rusqlite::Connection;

use super::error::ReviewError;

/// Decisions by shop and hash: they outlive the rows that they are about. `bundles` are the offers that were made of
/// recommendations (section 12.2).
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS bundle_decisions (
    shop_id TEXT NOT NULL,
    dedupe_hash TEXT NOT NULL,
    recommendation_id TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('approved', 'rejected')),
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    note TEXT,
    PRIMARY KEY (shop_id, dedupe_hash)
);
CREATE TABLE IF NOT EXISTS bundle_decision_log (
    id INTEGER PRIMARY KEY,
    shop_id TEXT NOT NULL,
    dedupe_hash TEXT NOT NULL,
    recommendation_id TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('approve', 'reject', 'activate', 'deactivate')),
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    note TEXT
);
CREATE TABLE IF NOT EXISTS bundles (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    bundle_type TEXT NOT NULL,
    products TEXT NOT NULL,
    pricing TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 0,
    shop_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    recommendation_id TEXT NOT NULL,
    dedupe_hash TEXT NOT NULL,
    UNIQUE (shop_id, dedupe_hash)
);
";

/// Columns of recommendations that a review writes itself.
const WRITTEN: [&str; 2] = ["is_approved", "is_used"];

/// Makes the tables and the guards where they are missing. Guards are triggers, so that no run can undo a decision, be it
/// made while the run was under way: a row that was approved stays as it is, and one that was rejected never comes back.
///
/// # Errors
/// When there are no recommendations, or the database refuses.
pub fn prepare(connection: &Connection) -> Result<(), ReviewError> {
    check_recommendations(connection)?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(&guards(&columns(connection)?))?;
    Ok(())
}

/// Lets a connection that only reads find empty tables where nobody has decided anything yet.
///
/// # Errors
/// When there are no recommendations, or the database refuses.
pub fn stand_in(connection: &Connection) -> Result<(), ReviewError> {
    check_recommendations(connection)?;
    for statement in TABLES.split(';').filter(|statement| !statement.trim().is_empty()) {
        let name = statement.split_whitespace().nth(5).unwrap_or_default();
        if !exists(connection, name)? {
            connection.execute_batch(&statement.replacen("CREATE TABLE", "CREATE TEMP TABLE", 1))?;
        }
    }
    Ok(())
}

/// Whether the database has a table.
///
/// # Errors
/// When the database refuses.
pub fn exists(connection: &Connection, table: &str) -> Result<bool, ReviewError> {
    let sql = "SELECT COUNT(*) FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1";
    let found: i64 = connection.query_row(sql, [table], |row| row.get(0))?;
    Ok(found > 0)
}

fn check_recommendations(connection: &Connection) -> Result<(), ReviewError> {
    match exists(connection, "bundle_recommendations")? {
        true => Ok(()),
        false => Err(ReviewError::NoRecommendations),
    }
}

/// The columns of recommendations that only runs write.
fn columns(connection: &Connection) -> Result<Vec<String>, ReviewError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('bundle_recommendations')")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names.into_iter().filter(|name| !WRITTEN.contains(&name.as_str())).collect())
}

fn guards(columns: &[String]) -> String {
    let names = columns.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>().join(", ");
    let decided = |row: &str, decision: &str| {
        format!(
            "EXISTS (SELECT 1 FROM bundle_decisions d WHERE d.shop_id = COALESCE({row}.shop_id, '') AND d.dedupe_hash = {row}.dedupe_hash \
             AND d.decision = '{decision}')"
        )
    };
    let (is_rejected, is_approved) = (decided("NEW", "rejected"), decided("NEW", "approved"));
    let was_approved = decided("OLD", "approved");
    format!(
        "DROP TRIGGER IF EXISTS bundle_decisions_guard_insert;
         CREATE TRIGGER bundle_decisions_guard_insert BEFORE INSERT ON bundle_recommendations
         WHEN {is_rejected} OR ({is_approved} AND EXISTS (
             SELECT 1 FROM bundle_recommendations r WHERE r.shop_id IS NEW.shop_id AND r.dedupe_hash = NEW.dedupe_hash))
         BEGIN SELECT RAISE(IGNORE); END;
         DROP TRIGGER IF EXISTS bundle_decisions_guard_update;
         CREATE TRIGGER bundle_decisions_guard_update BEFORE UPDATE OF {names} ON bundle_recommendations
         WHEN {was_approved} BEGIN SELECT RAISE(IGNORE); END;
         DROP TRIGGER IF EXISTS bundle_decisions_guard_delete;
         CREATE TRIGGER bundle_decisions_guard_delete BEFORE DELETE ON bundle_recommendations
         WHEN {was_approved} BEGIN SELECT RAISE(IGNORE); END;"
    )
}
