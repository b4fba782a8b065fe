//! A connection: statements, and COPY both ways, on a runtime of its own.

use std::{net::IpAddr, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{
    Client, Config, CopyInSink, CopyOutStream, Row, Statement,
    config::{ChannelBinding, SslMode, TargetSessionAttrs},
    types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    error::{Error, Result},
    settings::Server,
    tls,
};

/// Which database speaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// CockroachDB: no temporary tables by default, no exported snapshots, no table locks, advisory locks that lock nothing.
    Cockroach,
}

/// How long one waits for a connection where `connect_timeout` says nothing.
const CONNECT_PATIENCE: Duration = Duration::from_secs(30);

/// What is set on every connection: rows come in one order, and no statement waits for a person.
const SETTINGS: &str = "SET client_min_messages = warning; SET synchronize_seqscans = off; \
    SET max_parallel_workers_per_gather = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
    SET standard_conforming_strings = on; SET TimeZone = 'UTC'";

/// A connection to a server.
pub struct Session {
    // The order matters: what hangs on the runtime goes before it.
    client: Client,
    runtime: Runtime,
    place: String,
    dialect: Dialect,
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// When the settings cannot be used, or no connection can be made.
    pub fn open(server: &Server) -> Result<Self> {
        let place = server.place();
        let refused = |problem: String, passing| Error::Connect {
            place: place.clone(),
            problem,
            hint: server.hint.clone(),
            passing,
        };
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| refused(error.to_string(), false))?;
        let (config, check) = config_of(server)?;
        let connector = MakeRustlsConnect::new(tls::config(server, check)?);
        let connected = runtime.block_on(async {
            let (client, connection) = config.connect(connector).await?;
            tokio::spawn(connection);
            Ok::<_, tokio_postgres::Error>(client)
        });
        let client = connected.map_err(|error| {
            use std::error::Error as _;
            // A server that starts, or is not there yet, may be there in a moment; a wrong password stays one.
            let passing = error.as_db_error().is_none_or(|db| db.code().code().starts_with("57P"));
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            let problem = error.as_db_error().map_or_else(|| format!("{error}{cause}"), |db| db.message().to_owned());
            refused(problem, passing)
        })?;
        let mut session = Self { client, runtime, place, dialect: Dialect::Postgres };
        let version: String = session.one("cannot ask for the version", "SELECT version()", &[])?.get(0);
        if version.contains("CockroachDB") {
            session.dialect = Dialect::Cockroach;
        } else {
            session.run("cannot set up the connection", SETTINGS)?;
        }
        Ok(session)
    }

    /// The server and database, without a password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn refused(&self, doing: &str, error: &tokio_postgres::Error) -> Error {
        Error::of(&self.place, doing, error)
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    /// When one is refused, told with `doing`.
    pub fn run(&self, doing: &str, sql: &str) -> Result<()> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(|error| self.refused(doing, &error))
    }

    /// Runs a statement; how many rows it changed.
    ///
    /// # Errors
    /// When it is refused.
    pub fn change(&self, doing: &str, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        self.runtime.block_on(self.client.execute(sql, parameters)).map_err(|error| self.refused(doing, &error))
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// When it is refused.
    pub fn rows(&self, doing: &str, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        self.runtime.block_on(self.client.query(sql, parameters)).map_err(|error| self.refused(doing, &error))
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// When it is refused or gives no row.
    pub fn one(&self, doing: &str, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row> {
        self.rows(doing, sql, parameters)?
            .into_iter()
            .next()
            .ok_or_else(|| Error::Protocol { place: self.place.clone(), problem: format!("{doing}: no row was given") })
    }

    /// Has the server take a statement apart, and run nothing.
    ///
    /// # Errors
    /// When it is refused.
    pub fn prepare(&self, doing: &str, sql: &str) -> Result<Statement> {
        self.runtime.block_on(self.client.prepare(sql)).map_err(|error| self.refused(doing, &error))
    }

    /// Begins to read what a COPY … TO STDOUT gives.
    pub(crate) fn copy_out(&self, doing: &str, sql: &str) -> Result<CopyOut<'_>> {
        let stream = self.runtime.block_on(self.client.copy_out(sql)).map_err(|error| self.refused(doing, &error))?;
        Ok(CopyOut { session: self, stream: Box::pin(stream) })
    }

    /// Begins to write what a COPY … FROM STDIN takes.
    pub(crate) fn copy_in(&self, doing: &str, sql: &str) -> Result<CopyIn<'_>> {
        let sink = self.runtime.block_on(self.client.copy_in(sql)).map_err(|error| self.refused(doing, &error))?;
        Ok(CopyIn { session: self, sink: Box::pin(sink) })
    }
}

/// Messages of a COPY … TO STDOUT.
pub(crate) struct CopyOut<'s> {
    session: &'s Session,
    stream: Pin<Box<CopyOutStream>>,
}

impl CopyOut<'_> {
    /// Hands the messages to `take` until it has enough or there are no more; whether there may be more.
    pub(crate) fn each(&mut self, doing: &str, mut take: impl FnMut(&[u8]) -> Result<bool>) -> Result<bool> {
        let Self { session, stream } = self;
        session.runtime.block_on(async {
            while let Some(message) = stream.next().await {
                if !take(&message.map_err(|error| session.refused(doing, &error))?)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}

/// Takes the bytes of a COPY … FROM STDIN.
pub(crate) struct CopyIn<'s> {
    session: &'s Session,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl CopyIn<'_> {
    pub(crate) fn send(&mut self, doing: &str, bytes: Bytes) -> Result<()> {
        let Self { session, sink } = self;
        let sent = session.runtime.block_on(sink.send(bytes));
        match sent {
            Ok(()) => Ok(()),
            // The server's own words come as the answer to the end of the copy.
            Err(error) => Err(match session.runtime.block_on(sink.as_mut().finish()) {
                Err(told) if told.as_db_error().is_some() => session.refused(doing, &told),
                _ => session.refused(doing, &error),
            }),
        }
    }

    /// Ends the copy; how many rows the server took.
    pub(crate) fn finish(self, doing: &str) -> Result<u64> {
        let Self { session, mut sink } = self;
        session.runtime.block_on(sink.as_mut().finish()).map_err(|error| session.refused(doing, &error))
    }
}

fn number<T: std::str::FromStr>(server: &Server, key: &str) -> Result<Option<T>> {
    match server.of(key) {
        "" => Ok(None),
        written => written.trim().parse().map(Some).map_err(|_| Error::Setting {
            key: key.to_owned(),
            problem: format!("'{written}' is no number that it can be"),
            mend: "write a whole number".to_owned(),
        }),
    }
}

/// What the client library takes of the settings.
fn config_of(server: &Server) -> Result<(Config, tls::Check)> {
    let wrong = |key: &str, mend: &str| Error::Setting {
        key: key.to_owned(),
        problem: format!("'{}' cannot be used", server.of(key)),
        mend: mend.to_owned(),
    };
    let (mut mode, check) = tls::mode(server)?;
    let mut config = Config::new();
    config.user(server.of("user")).dbname(server.of("dbname"));
    if !server.of("password").is_empty() {
        config.password(server.of("password"));
    }
    let hosts: Vec<&str> = server.of("host").split(',').filter(|host| !host.is_empty()).collect();
    for host in &hosts {
        config.host(*host);
    }
    for address in server.of("hostaddr").split(',').filter(|address| !address.is_empty()) {
        config.hostaddr(address.parse::<IpAddr>().map_err(|_| wrong("hostaddr", "write an IP address"))?);
    }
    for port in server.of("port").split(',') {
        config.port(port.trim().parse().map_err(|_| wrong("port", "write a port, for example 5432"))?);
    }
    // Nobody listens to a socket, and a server has no certificate there.
    if !hosts.is_empty() && hosts.iter().all(|host| host.starts_with('/')) {
        mode = SslMode::Disable;
    }
    config.ssl_mode(mode);
    let name = if server.of("application_name").is_empty() { "nightloom" } else { server.of("application_name") };
    config.application_name(name);
    if !server.of("options").is_empty() {
        config.options(server.of("options"));
    }
    let patience = number(server, "connect_timeout")?.map_or(CONNECT_PATIENCE, Duration::from_secs);
    config.connect_timeout(patience);
    if let Some(milliseconds) = number(server, "tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(milliseconds));
    }
    config.keepalives(server.of("keepalives") != "0");
    if let Some(seconds) = number(server, "keepalives_idle")? {
        config.keepalives_idle(Duration::from_secs(seconds));
    }
    config.channel_binding(match server.of("channel_binding") {
        "disable" => ChannelBinding::Disable,
        "" | "prefer" => ChannelBinding::Prefer,
        "require" => ChannelBinding::Require,
        _ => return Err(wrong("channel_binding", "write disable, prefer or require")),
    });
    config.target_session_attrs(match server.of("target_session_attrs") {
        "" | "any" => TargetSessionAttrs::Any,
        "read-write" | "primary" => TargetSessionAttrs::ReadWrite,
        "read-only" | "standby" => TargetSessionAttrs::ReadOnly,
        _ => return Err(wrong("target_session_attrs", "write any, read-write or read-only")),
    });
    Ok((config, check))
}
