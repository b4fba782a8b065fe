//! Reaching an index: the key from the environment, clients that stop when they are asked to.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use super::super::{IoError, sinks::PineconeTable};
use crate::{
    batch_journal::Target,
    http::{Backoff, Client, HttpError, Key, Rate, Settings, SystemClock},
    pinecone::{Index, Kind, Marked, settings},
};

/// The environment variable of the key.
const KEY: &str = "PINECONE_API_KEY";

/// Requests that may begin in a second: below what an index lets through of fetches.
const PER_SECOND: u32 = 80;

/// The indexes of a sink: the dense one, and that of sparse vectors.
pub struct Reached {
    indexes: Vec<Marked<Client>>,
}

impl Reached {
    /// Reaches the indexes that a sink names. Nothing is sent yet.
    ///
    /// # Errors
    /// When there is no key, or a host cannot be used.
    pub fn of(table: &PineconeTable) -> Result<Self, IoError> {
        let key = std::env::var(KEY).ok().filter(|key| !key.trim().is_empty());
        let key = key.ok_or_else(|| IoError::Remote {
            problem: format!("{}: there is no key", table.host),
            mend: format!("set the environment variable {KEY}"),
        })?;
        let key = Key::new(&key).map_err(|error| refused(&error))?;
        let client = |host: &str| {
            let first = Duration::try_from_secs_f64(table.retry_seconds.unwrap_or(1.0)).unwrap_or_default();
            let backoff = Backoff { first, ..Backoff::default() };
            let rate = Some(Rate { per_minute: 60 * PER_SECOND, burst: PER_SECOND });
            let settings = Settings { backoff, rate, ..settings(host, key.clone()) };
            // Whoever asks the run to stop waits for the write in hand.
            let never = Arc::new(AtomicBool::new(false));
            Client::new(settings, Arc::new(SystemClock::default()), never).map_err(|error| refused(&error))
        };
        let mut indexes = vec![Marked::new(Index::new(client(&table.host)?), Kind::Dense)];
        if let Some(host) = &table.sparse_host {
            indexes.push(Marked::new(Index::new(client(host)?), Kind::Sparse));
        }
        Ok(Self { indexes })
    }

    /// The indexes as a journal knows them.
    pub fn targets(&self) -> Vec<&dyn Target> {
        self.indexes.iter().map(|index| index as &dyn Target).collect()
    }

    /// Refuses vectors of another length than those of the index. This is the first that is asked of it: a wrong key or a
    /// network that is down is found before anything is sent.
    ///
    /// # Errors
    /// [`IoError::Remote`].
    pub fn check_dimensions(&self, length: Option<usize>) -> Result<(), IoError> {
        let Some(dense) = self.indexes.first() else { return Ok(()) };
        let whom = crate::pinecone::Transport::whom(dense.index().transport());
        let stats = dense.index().stats().map_err(|error| refused(&error))?;
        match (stats.dimension, length) {
            (Some(dimension), Some(length)) if dimension != length => Err(IoError::Remote {
                problem: format!("{whom}: its vectors have {dimension} numbers, those to be written {length}"),
                mend: "embed as before, or make an index of that dimension".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// An error of a client as one of a sink.
fn refused(error: &HttpError) -> IoError {
    let mend = match error {
        HttpError::Auth { .. } => format!("look at {KEY}"),
        HttpError::Setting { .. } => "look at host in the pipeline file".to_owned(),
        _ => "try again later; nothing that was not confirmed is lost".to_owned(),
    };
    IoError::Remote { problem: error.to_string(), mend }
}
