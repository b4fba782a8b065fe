//! The tables of what people decided, and what guards them against later runs.

use rusqlite::Connection;

use super::error::ReviewError;

/// Decisions and edits by shop and hash: they outlive the rows that they are about. `bundles` are the offers that were made
/// of recommendations (section 12.2). What the log keeps as `before` is what an undo brings back.
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
    action TEXT NOT NULL CHECK (action IN ('approve', 'reject', 'activate', 'deactivate', 'edit', 'undo')),
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    note TEXT,
    before TEXT
);
CREATE TABLE IF NOT EXISTS bundle_edits (
    shop_id TEXT NOT NULL,
    dedupe_hash TEXT NOT NULL,
    pricing TEXT,
    ai_copy TEXT,
    edited_by TEXT NOT NULL,
    edited_at TEXT NOT NULL,
    PRIMARY KEY (shop_id, dedupe_hash)
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

/// What lists are read by, so that a page costs the same in a table of any size; and where the log of one bundle is.
const INDEXES: [(&str, &str); 7] = [
    ("bundles_by_id", "bundle_recommendations (id)"),
    ("bundles_by_hash", "bundle_recommendations (COALESCE(shop_id, ''), dedupe_hash)"),
    (
        "bundles_by_rank",
        "bundle_recommendations (COALESCE(shop_id, ''), COALESCE(rank_position, 9223372036854775807), id)",
    ),
    (
        "bundles_by_score",
        "bundle_recommendations (COALESCE(shop_id, ''), ranking_score DESC, confidence DESC, created_at DESC, id)",
    ),
    ("bundles_by_upload", "bundle_recommendations (csv_upload_id, COALESCE(rank_position, 9223372036854775807), id)"),
    ("bundles_that_are_approved", "bundle_recommendations (COALESCE(shop_id, ''), dedupe_hash) WHERE is_approved = 1"),
    ("bundle_decision_log_by_hash", "bundle_decision_log (shop_id, dedupe_hash, id)"),
];

/// The index of what is expected to be earned, which older tables do not say.
const BY_MARGIN: (&str, &str) = (
    "bundles_by_margin",
    "bundle_recommendations (COALESCE(shop_id, ''), COALESCE(expected_margin_cents, -9223372036854775807) DESC, id)",
);

/// Columns of recommendations that a review writes itself.
const WRITTEN: [&str; 2] = ["is_approved", "is_used"];

/// Makes the tables, indexes and guards where they are missing. Guards are triggers, so that no run can undo a decision, be it
/// made while the run was under way: a row that was approved stays as it is, and one that was rejected never comes back.
///
/// # Errors
/// When there are no recommendations, or the database refuses.
pub fn prepare(connection: &Connection) -> Result<(), ReviewError> {
    check_recommendations(connection)?;
    if has_older_log(connection)? {
        connection.execute_batch("ALTER TABLE bundle_decision_log RENAME TO bundle_decision_log_before")?;
    }
    connection.execute_batch(TABLES)?;
    if exists(connection, "bundle_decision_log_before")? {
        connection.execute_batch(
            "INSERT INTO bundle_decision_log (id, shop_id, dedupe_hash, recommendation_id, action, decided_by, decided_at, note)
             SELECT id, shop_id, dedupe_hash, recommendation_id, action, decided_by, decided_at, note FROM bundle_decision_log_before;
             DROP TABLE bundle_decision_log_before",
        )?;
    }
    let columns = columns(connection)?;
    let by_margin = columns.iter().any(|name| name == "expected_margin_cents").then_some(BY_MARGIN);
    for (name, of) in INDEXES.into_iter().chain(by_margin) {
        connection.execute_batch(&format!("CREATE INDEX IF NOT EXISTS {name} ON {of}"))?;
    }
    for guard in guards(&columns) {
        guard.make(connection)?;
    }
    Ok(())
}

/// Whether the log was made when nothing could be undone.
fn has_older_log(connection: &Connection) -> Result<bool, ReviewError> {
    let sql = "SELECT COUNT(*) FROM pragma_table_info('bundle_decision_log') WHERE name = 'before'";
    let has_before: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(has_before == 0 && exists(connection, "bundle_decision_log")?)
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

/// A trigger that keeps what was decided.
struct Guard {
    name: &'static str,
    /// What stands after its name.
    body: String,
}

impl Guard {
    /// Makes the trigger, if it is not there just so: a change of the schema would make every reader prepare anew.
    fn make(&self, connection: &Connection) -> Result<(), ReviewError> {
        let made = format!("CREATE TRIGGER {} {}", self.name, self.body);
        let sql = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger' AND name = ?1 AND sql = ?2";
        let is_there: i64 = connection.query_row(sql, [self.name, &made], |row| row.get(0))?;
        if is_there == 0 {
            connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {}; {made}", self.name))?;
        }
        Ok(())
    }
}

fn guards(columns: &[String]) -> [Guard; 3] {
    let names = columns.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>().join(", ");
    let decided = |row: &str, decision: &str| {
        format!(
            "EXISTS (SELECT 1 FROM bundle_decisions d WHERE d.shop_id = COALESCE({row}.shop_id, '') AND d.dedupe_hash = {row}.dedupe_hash \
             AND d.decision = '{decision}')"
        )
    };
    let (is_rejected, is_approved) = (decided("NEW", "rejected"), decided("NEW", "approved"));
    let was_approved = decided("OLD", "approved");
    let guard = |name, when: &str, holds: &str| Guard {
        name,
        body: format!("BEFORE {when} ON bundle_recommendations WHEN {holds} BEGIN SELECT RAISE(IGNORE); END"),
    };
    let is_there_already = format!(
        "{is_rejected} OR ({is_approved} AND EXISTS (SELECT 1 FROM bundle_recommendations r \
         WHERE COALESCE(r.shop_id, '') = COALESCE(NEW.shop_id, '') AND r.dedupe_hash = NEW.dedupe_hash))"
    );
    [
        guard("bundle_decisions_guard_insert", "INSERT", &is_there_already),
        guard("bundle_decisions_guard_update", &format!("UPDATE OF {names}"), &was_approved),
        guard("bundle_decisions_guard_delete", "DELETE", &was_approved),
    ]
}
