//! Sessions of browsers: a cookie whose hash is kept, with the secret that its forms must bring.

use rusqlite::{OptionalExtension, params};

use super::{Store, in_seconds, now};
use crate::{caller::Caller, secret};

/// Seconds that a session lasts: a working day.
const LASTS: i64 = 12 * 3_600;

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub caller: Caller,
    /// What its forms must bring.
    pub csrf: String,
}

impl Store {
    /// Begins a session of a token; gives the cookie.
    ///
    /// # Errors
    /// When the database refuses, or there are no random bytes (as an error of the conversion).
    pub fn begin_session(&self, token: &str) -> rusqlite::Result<String> {
        let random = || {
            secret::random_hex(32).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.to_string().into()))
        };
        let (cookie, csrf) = (random()?, random()?);
        let writer = self.writer();
        writer.execute("DELETE FROM sessions WHERE expires_at < ?1", [now()])?;
        writer.execute(
            "INSERT INTO sessions (hash, token, csrf, expires_at) VALUES (?1, ?2, ?3, ?4)",
            params![secret::hash(&cookie), token, csrf, in_seconds(LASTS)],
        )?;
        Ok(cookie)
    }

    /// The session of a cookie, if it and its token still hold.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session(&self, cookie: &str) -> rusqlite::Result<Option<Session>> {
        let found: Option<(String, String)> = {
            let reader = self.reader();
            let mut statement =
                reader.prepare_cached("SELECT token, csrf FROM sessions WHERE hash = ?1 AND expires_at > ?2")?;
            statement
                .query_row(params![secret::hash(cookie), now()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
        };
        let Some((token, csrf)) = found else { return Ok(None) };
        Ok(self.caller_of_id(&token)?.map(|caller| Session { caller, csrf }))
    }

    /// Ends the session of a cookie.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_session(&self, cookie: &str) -> rusqlite::Result<()> {
        self.writer().execute("DELETE FROM sessions WHERE hash = ?1", [secret::hash(cookie)])?;
        Ok(())
    }
}
