//! The moments of servers that the sources of a run read from.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::IoError;
use crate::postgres::{Moment, Server, Session};

/// One moment a server, taken when the first source of a run reads from it: all its sources see the same rows.
#[derive(Default)]
pub struct Moments(Mutex<Vec<Arc<Moment>>>);

impl Moments {
    /// A connection that sees the server's moment and can change nothing.
    ///
    /// # Errors
    /// When no connection can be made, or the moment is gone since the server was restarted.
    pub(super) fn session(&self, server: &Server) -> Result<Session, IoError> {
        let moment = {
            let mut moments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match moments.iter().find(|moment| moment.is_of(server)) {
                Some(moment) => moment.clone(),
                None => {
                    let moment = Arc::new(Moment::now(server)?);
                    moments.push(moment.clone());
                    moment
                }
            }
        };
        Ok(moment.session()?)
    }
}
