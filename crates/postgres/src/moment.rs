//! One moment for several readers: a transaction whose snapshot others share.

use super::{
    error::Result,
    names::literal,
    session::{Dialect, Session},
    settings::Server,
};

/// A moment of a server. As long as it is held, every session that [`Moment::session`] gives sees the rows of that moment.
pub struct Moment {
    server: Server,
    // Keeps the snapshot alive.
    _holder: Session,
    begin: String,
}

impl Moment {
    /// Takes the moment that is now.
    ///
    /// # Errors
    /// When no connection can be made or the server exports no snapshot.
    pub fn now(server: &Server) -> Result<Self> {
        let holder = Session::open(server)?;
        let doing = "cannot take a snapshot to read from";
        let begin = match holder.dialect() {
            Dialect::Postgres => {
                holder.run(doing, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
                let name: String = holder.one(doing, "SELECT pg_export_snapshot()", &[])?.get(0);
                format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}", literal(&name))
            }
            // https://www.cockroachlabs.com/docs/stable/as-of-system-time: not run, its server cannot be had here.
            Dialect::Cockroach => {
                let time: String = holder.one(doing, "SELECT cluster_logical_timestamp()::STRING", &[])?.get(0);
                format!("BEGIN; SET TRANSACTION AS OF SYSTEM TIME {}", literal(&time))
            }
        };
        Ok(Self { server: server.clone(), _holder: holder, begin })
    }

    /// Whether this is a moment of the same database.
    pub fn is_of(&self, server: &Server) -> bool {
        self.server == *server
    }

    /// A new connection that sees this moment and can change nothing.
    ///
    /// # Errors
    /// When no connection can be made, or the moment was lost since the server ended it.
    pub fn session(&self) -> Result<Session> {
        let session = Session::open(&self.server)?;
        session.run("the snapshot that the run reads from is gone; run again", &self.begin)?;
        Ok(session)
    }
}
