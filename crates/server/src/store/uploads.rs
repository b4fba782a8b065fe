//! Files that came by HTTP, and what became of them.

use rusqlite::{OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Store, now};

/// What became of an upload (section 1.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadStatus {
    /// It is looked at.
    Processing,
    /// It lies in the shop's folder.
    Completed,
    /// It cannot be used, and was removed.
    Failed,
}

impl UploadStatus {
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    fn of_name(name: &str) -> Self {
        match name {
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            _ => Self::Processing,
        }
    }
}

/// A file that came.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// The sync that it came with.
    pub run_id: String,
    /// The shop.
    pub shop_id: String,
    /// The file's name.
    pub filename: String,
    /// What it is: what was said of it, then what it was found to be.
    pub csv_type: Option<String>,
    /// Its rows.
    pub total_rows: i64,
    /// Those that can be used.
    pub processed_rows: i64,
    /// What became of it.
    pub status: UploadStatus,
    /// Why it cannot be used.
    pub error_message: Option<String>,
    /// Why rows cannot be used, with their numbers.
    pub reasons: Vec<String>,
    /// What else is to be said of it.
    pub warnings: Vec<String>,
    /// When it came.
    pub created_at: String,
    /// When that was known.
    pub updated_at: String,
}

const COLUMNS: &str = "id, run_id, shop_id, filename, csv_type, total_rows, processed_rows, status, error_message, reasons, warnings, \
                       created_at, updated_at";

impl Store {
    /// Notes a file that came.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_upload(&self, upload: &Upload) -> rusqlite::Result<()> {
        self.writer().execute(
            "INSERT INTO uploads (id, run_id, shop_id, filename, csv_type, status, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
            params![
                upload.id,
                upload.run_id,
                upload.shop_id,
                upload.filename,
                upload.csv_type,
                upload.status.name(),
                upload.created_at
            ],
        )?;
        Ok(())
    }

    /// Notes what became of it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_upload(&self, upload: &Upload) -> rusqlite::Result<()> {
        self.writer().execute(
            "UPDATE uploads SET csv_type = ?2, total_rows = ?3, processed_rows = ?4, status = ?5, error_message = ?6, reasons = ?7, \
             warnings = ?8, updated_at = ?9 WHERE id = ?1",
            params![
                upload.id,
                upload.csv_type,
                upload.total_rows,
                upload.processed_rows,
                upload.status.name(),
                upload.error_message,
                serde_json::json!(upload.reasons).to_string(),
                serde_json::json!(upload.warnings).to_string(),
                now()
            ],
        )?;
        Ok(())
    }

    /// The upload of an id, or the newest of a sync.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn upload(&self, id: &str) -> rusqlite::Result<Option<Upload>> {
        let reader = self.reader();
        let sql = format!(
            "SELECT {COLUMNS} FROM uploads WHERE id = ?1 OR run_id = ?1 ORDER BY id <> ?1, csv_type IS NOT 'orders', created_at DESC LIMIT 1"
        );
        let mut statement = reader.prepare_cached(&sql)?;
        statement.query_row([id], upload).optional()
    }

    /// The newest uploads of some shops, or of all.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn uploads(&self, shops: Option<&[String]>, limit: usize) -> rusqlite::Result<Vec<Upload>> {
        let shops = shops.map(|shops| serde_json::json!(shops).to_string());
        let reader = self.reader();
        let sql = format!(
            "SELECT {COLUMNS} FROM uploads WHERE ?1 IS NULL OR shop_id IN (SELECT value FROM json_each(?1)) \
             ORDER BY created_at DESC, id LIMIT ?2"
        );
        let mut statement = reader.prepare_cached(&sql)?;
        statement.query_map(params![shops, i64::try_from(limit).unwrap_or(i64::MAX)], upload)?.collect()
    }

    /// Uploads that nobody looks at any more, since the server ended while it did, are failed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn fail_forgotten_uploads(&self) -> rusqlite::Result<()> {
        let sql =
            "UPDATE uploads SET status = 'failed', error_message = ?1, updated_at = ?2 WHERE status = 'processing'";
        self.writer().execute(sql, params!["the server ended while it looked at the file; send it again", now()])?;
        Ok(())
    }
}

fn upload(row: &Row) -> rusqlite::Result<Upload> {
    let list = |place: usize| -> rusqlite::Result<Vec<String>> {
        Ok(serde_json::from_str(&row.get::<_, String>(place)?).unwrap_or_default())
    };
    Ok(Upload {
        id: row.get(0)?,
        run_id: row.get(1)?,
        shop_id: row.get(2)?,
        filename: row.get(3)?,
        csv_type: row.get(4)?,
        total_rows: row.get(5)?,
        processed_rows: row.get(6)?,
        status: UploadStatus::of_name(&row.get::<_, String>(7)?),
        error_message: row.get(8)?,
        reasons: list(9)?,
        warnings: list(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
    })
}
