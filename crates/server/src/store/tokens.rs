//! Tokens: who may ask. Of each only the hash is kept.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Store, now};
use crate::{
    caller::{Caller, Role, normalised},
    secret,
};

/// How a token begins, so that one that was left lying about is known for what it is.
const MARK: &str = "nlt";

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Who has it: decisions bear this name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The shops that it sees; `None` for all.
    pub shops: Option<Vec<String>>,
    /// When it ends, as an ISO 8601 instant; `None` for never.
    pub expires_at: Option<String>,
}

/// A token, without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct TokenInfo {
    /// What it is revoked by.
    pub id: String,
    /// Who has it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The shops that it sees; `None` for all.
    pub shops: Option<Vec<String>>,
    /// When it was made.
    pub created_at: String,
    /// When it ends.
    pub expires_at: Option<String>,
    /// When it was taken back.
    pub revoked_at: Option<String>,
}

impl Store {
    /// Makes a token, and gives its text: it is told once and cannot be told again.
    ///
    /// # Errors
    /// When the database refuses, or there are no random bytes (as an error of the conversion).
    pub fn make_token(&self, token: &NewToken) -> rusqlite::Result<String> {
        let random = |bytes| {
            secret::random_hex(bytes).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.to_string().into()))
        };
        let (id, secret) = (random(8)?, random(32)?);
        let shops = token.shops.as_ref().map(|shops| shops.iter().map(|shop| normalised(shop)).collect::<Vec<_>>());
        self.writer().execute(
            "INSERT INTO tokens (id, hash, name, role, shops, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                secret::hash(&secret),
                token.name,
                token.role.name(),
                shops.map(|shops| serde_json::json!(shops).to_string()),
                now(),
                token.expires_at
            ],
        )?;
        Ok(format!("{MARK}_{id}_{secret}"))
    }

    /// The tokens, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn tokens(&self) -> rusqlite::Result<Vec<TokenInfo>> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT id, name, role, shops, created_at, expires_at, revoked_at FROM tokens ORDER BY created_at DESC, id",
        )?;
        statement.query_map([], info)?.collect()
    }

    /// Takes a token back, with its sessions. Returns whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn revoke_token(&self, id: &str) -> rusqlite::Result<bool> {
        let mut writer = self.writer();
        let transaction = writer.transaction()?;
        transaction.execute("DELETE FROM sessions WHERE token = ?1", [id])?;
        let changed = transaction
            .execute("UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL", params![id, now()])?;
        transaction.commit()?;
        Ok(changed > 0)
    }

    /// Who a token is of; `None` for one that is wrong, over or taken back.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn caller_of_token(&self, text: &str) -> rusqlite::Result<Option<Caller>> {
        let mut parts = text.split('_');
        let (Some(MARK), Some(id), Some(secret), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let reader = self.reader();
        let mut statement = reader.prepare_cached("SELECT hash FROM tokens WHERE id = ?1")?;
        let kept: Option<Vec<u8>> = statement.query_row([id], |row| row.get(0)).optional()?;
        // Of an id that is none a hash is compared too, so that the time does not tell.
        let is_right = secret::equal(&secret::hash(secret), kept.as_deref().unwrap_or(&[0; 32]));
        drop(statement);
        drop(reader);
        if is_right && kept.is_some() { self.caller_of_id(id) } else { Ok(None) }
    }

    /// Who a token of an id is of, if it is neither over nor taken back.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn caller_of_id(&self, id: &str) -> rusqlite::Result<Option<Caller>> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT id, name, role, shops, created_at, expires_at, revoked_at FROM tokens \
             WHERE id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)",
        )?;
        let found = statement.query_row(params![id, now()], info).optional()?;
        Ok(found.map(|token| Caller { token: token.id, name: token.name, role: token.role, shops: token.shops }))
    }
}

fn info(row: &Row) -> rusqlite::Result<TokenInfo> {
    let (role, shops): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    Ok(TokenInfo {
        id: row.get(0)?,
        name: row.get(1)?,
        role: Role::of_name(&role).unwrap_or(Role::Viewer),
        // What cannot be read as shops is none of them.
        shops: shops.map(|shops| serde_json::from_str(&shops).unwrap_or_default()),
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        revoked_at: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(shops: Option<Vec<String>>, expires_at: Option<&str>) -> NewToken {
        NewToken { name: "ada".to_owned(), role: Role::Reviewer, shops, expires_at: expires_at.map(str::to_owned) }
    }

    #[test]
    fn a_token_is_known_by_its_whole_text_until_it_is_over_or_taken_back_and_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let text = store.make_token(&token(Some(vec![" North ".to_owned()]), None)).unwrap();
        let caller = store.caller_of_token(&text).unwrap().unwrap();
        assert_eq!((caller.name.as_str(), caller.role, caller.sees("north")), ("ada", Role::Reviewer, true));
        assert!(!caller.sees("south") && !caller.sees_all());
        for wrong in [
            "",
            "nlt",
            "nlt__",
            &text[..text.len() - 1],
            &format!("{text}0"),
            &format!("{text}_"),
            &text.replace("nlt", "NLT"),
        ] {
            assert!(store.caller_of_token(wrong).unwrap().is_none(), "{wrong}");
        }
        let over = store.make_token(&token(None, Some("2020-01-01T00:00:00Z"))).unwrap();
        assert!(store.caller_of_token(&over).unwrap().is_none());
        let id = caller.token;
        assert!(store.revoke_token(&id).unwrap() && !store.revoke_token(&id).unwrap());
        assert!(store.caller_of_token(&text).unwrap().is_none());
        assert_eq!(store.tokens().unwrap().len(), 2);
        drop(store);
        let secret = text.rsplit('_').next().unwrap().as_bytes();
        let file = std::fs::read(folder.path().join("server.db")).unwrap();
        assert!(!file.windows(secret.len()).any(|part| part == secret));
    }
}
