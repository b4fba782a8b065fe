//! Runs that the server started, and for which upload and shop.

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, now};

/// What a run was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationKind {
    /// Bundles, and all before them.
    Bundles,
    /// Rules alone.
    Rules,
    /// To finish what an earlier one left.
    Resume,
}

impl GenerationKind {
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bundles => "bundles",
            Self::Rules => "rules",
            Self::Resume => "resume",
        }
    }
}

/// A run that the server started.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Its number.
    pub id: i64,
    /// The upload that it was asked for.
    pub upload_id: String,
    /// The shop of the upload.
    pub shop_id: String,
    /// Its process, once it is started.
    pub pid: Option<u32>,
    /// The run, once the journal has it.
    pub run_id: Option<String>,
    /// How the process ended.
    pub exit_code: Option<i32>,
    /// When it was started.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
}

const COLUMNS: &str = "id, upload_id, shop_id, pid, run_id, exit_code, started_at, ended_at";

impl Store {
    /// Notes that a run is to be started.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_generation(
        &self,
        upload: &str,
        shop: &str,
        kind: GenerationKind,
        requested_by: &str,
    ) -> rusqlite::Result<i64> {
        let writer = self.writer();
        writer.execute(
            "INSERT INTO generations (upload_id, shop_id, kind, requested_by, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![upload, shop, kind.name(), requested_by, now()],
        )?;
        Ok(writer.last_insert_rowid())
    }

    /// Notes the process of a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn generation_started(&self, id: i64, pid: u32) -> rusqlite::Result<()> {
        self.writer().execute("UPDATE generations SET pid = ?2 WHERE id = ?1", params![id, pid])?;
        Ok(())
    }

    /// Notes which run of the journal it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn generation_is(&self, id: i64, run_id: &str) -> rusqlite::Result<()> {
        self.writer().execute("UPDATE generations SET run_id = ?2 WHERE id = ?1", params![id, run_id])?;
        Ok(())
    }

    /// Notes how it ended; a code is missing where a signal ended it, or it was not seen.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn generation_ended(&self, id: i64, exit_code: Option<i32>) -> rusqlite::Result<()> {
        self.writer().execute(
            "UPDATE generations SET exit_code = ?2, ended_at = ?3 WHERE id = ?1 AND ended_at IS NULL",
            params![id, exit_code, now()],
        )?;
        Ok(())
    }

    /// The newest run that was started for an upload, or that the journal has under an id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn generation(&self, id: &str) -> rusqlite::Result<Option<Generation>> {
        let reader = self.reader();
        let sql =
            format!("SELECT {COLUMNS} FROM generations WHERE upload_id = ?1 OR run_id = ?1 ORDER BY id DESC LIMIT 1");
        reader.prepare_cached(&sql)?.query_row([id], generation).optional()
    }

    /// The runs of a shop that have not ended, or of all shops, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn open_generations(&self, shop: Option<&str>) -> rusqlite::Result<Vec<Generation>> {
        let reader = self.reader();
        let sql = format!(
            "SELECT {COLUMNS} FROM generations WHERE ended_at IS NULL AND (?1 IS NULL OR shop_id = ?1) ORDER BY id DESC"
        );
        let mut statement = reader.prepare_cached(&sql)?;
        statement.query_map([shop], generation)?.collect()
    }

    /// The runs of the journal that were started for some shops.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn runs_of(&self, shops: &[String]) -> rusqlite::Result<Vec<String>> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT DISTINCT run_id FROM generations WHERE run_id IS NOT NULL AND shop_id IN (SELECT value FROM json_each(?1))",
        )?;
        statement.query_map([serde_json::json!(shops).to_string()], |row| row.get(0))?.collect()
    }
}

fn generation(row: &Row) -> rusqlite::Result<Generation> {
    Ok(Generation {
        id: row.get(0)?,
        upload_id: row.get(1)?,
        shop_id: row.get(2)?,
        pid: row.get(3)?,
        run_id: row.get(4)?,
        exit_code: row.get(5)?,
        started_at: row.get(6)?,
        ended_at: row.get(7)?,
    })
}
