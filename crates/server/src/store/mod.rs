//! The server's own database beside the journal: tokens, sessions, what was asked for, uploads and the runs made of them.

mod audit;
mod generations;
mod sessions;
mod tokens;
mod uploads;

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::Connection;

pub use audit::AuditEntry;
pub use generations::{Generation, GenerationKind};
pub use sessions::Session;
pub use tokens::{NewToken, TokenInfo};
pub use uploads::{Upload, UploadStatus};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL CHECK (role IN ('viewer', 'reviewer', 'admin')),
    shops TEXT, created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT);
CREATE TABLE IF NOT EXISTS sessions (
    hash BLOB PRIMARY KEY, token TEXT NOT NULL, csrf TEXT NOT NULL, expires_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, at TEXT NOT NULL, token TEXT NOT NULL, who TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, shop_id TEXT, detail TEXT, status INTEGER);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, run_id TEXT NOT NULL, shop_id TEXT NOT NULL, filename TEXT NOT NULL, csv_type TEXT, total_rows INTEGER NOT NULL
    DEFAULT 0, processed_rows INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, error_message TEXT, reasons TEXT NOT NULL DEFAULT '[]',
    warnings TEXT NOT NULL DEFAULT '[]', created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS uploads_by_shop ON uploads (shop_id, created_at);
CREATE INDEX IF NOT EXISTS uploads_by_run ON uploads (run_id);
CREATE TABLE IF NOT EXISTS generations (
    id INTEGER PRIMARY KEY, upload_id TEXT NOT NULL, shop_id TEXT NOT NULL, kind TEXT NOT NULL, requested_by TEXT NOT NULL, pid INTEGER,
    run_id TEXT, exit_code INTEGER, started_at TEXT NOT NULL, ended_at TEXT);
CREATE INDEX IF NOT EXISTS generations_by_upload ON generations (upload_id);
CREATE INDEX IF NOT EXISTS generations_by_shop ON generations (shop_id);
CREATE INDEX IF NOT EXISTS generations_by_run ON generations (run_id);
";

/// The server's own database, `server.db` in the state folder.
pub struct Store {
    writer: Mutex<Connection>,
    /// Who asks is looked up beside a write that waits for the disk.
    reader: Mutex<Connection>,
}

impl Store {
    /// Opens the database, and makes it if it is not there. Its owner alone may read it.
    ///
    /// # Errors
    /// When it cannot be opened or made.
    pub fn open(state_folder: &Path) -> rusqlite::Result<Self> {
        // What is wrong with the folder is told by the opening.
        let _ = std::fs::create_dir_all(state_folder);
        let path = state_folder.join("server.db");
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            Ok(connection)
        };
        let writer = open()?;
        owner_alone(&path);
        writer.pragma_update(None, "journal_mode", "wal")?;
        // Who decided what must outlive the machine.
        writer.pragma_update(None, "synchronous", "full")?;
        writer.execute_batch(SCHEMA)?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(open()?) })
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn owner_alone(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // On a file system without permissions there are none to set.
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
}

#[cfg(not(unix))]
fn owner_alone(_: &Path) {}

/// The instant, in UTC.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The instant in so many seconds.
pub fn in_seconds(seconds: i64) -> String {
    let later = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(seconds));
    later.unwrap_or(jiff::Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
