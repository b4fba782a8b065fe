//! Connection strings as libpq takes them: a URL or `key=value` pairs, completed from a service file, the environment, a
//! password file and defaults.

use std::{
    env, fmt, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    error::{Error, Result},
    files::{password_in, service_in},
    pairs::Pairs,
    words::{from_pairs, from_url},
};

/// Keys that mean something here.
const KNOWN: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "options",
    "passfile",
    "password",
    "port",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Keys of libpq that change nothing here: what they ask for is so, or concerns what is not spoken.
const HARMLESS: &[&str] = &["client_encoding", "fallback_application_name", "gssencmode", "sslcompression", "sslsni"];

/// The environment variables of libpq, with their keys.
const VARIABLES: &[(&str, &str)] = &[
    ("PGAPPNAME", "application_name"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGDATABASE", "dbname"),
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGOPTIONS", "options"),
    ("PGPASSFILE", "passfile"),
    ("PGPASSWORD", "password"),
    ("PGPORT", "port"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGUSER", "user"),
];

/// Where servers of Debian and of PostgreSQL itself put their sockets.
const SOCKET_FOLDERS: &[&str] = &["/var/run/postgresql", "/tmp"];

/// What the world outside says; tests lend one of their own.
pub struct Surroundings<'a> {
    /// An environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The user's folder.
    pub home: Option<PathBuf>,
    /// The user's name.
    pub user: Option<String>,
}

/// A server and how to reach it. Neither its words nor its debug form hold the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub(crate) pairs: Pairs,
    /// What a person should know when no connection can be made.
    pub(crate) hint: String,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Server({})", self.place())
    }
}

/// Whether a text is a connection string in the form of a URL.
pub fn is_url(written: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| written.starts_with(scheme))
}

impl Server {
    /// The server that a connection string and this process's surroundings name.
    ///
    /// # Errors
    /// When the string cannot be taken apart, has a key that is not known, or names a service that is in no file.
    pub fn new(written: &str) -> Result<Self> {
        let home = env::var_os("HOME").map(PathBuf::from);
        Self::within(written, &Surroundings { variable: &|name| env::var(name).ok(), home, user: user_name() })
    }

    /// The same in given surroundings.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn within(written: &str, around: &Surroundings<'_>) -> Result<Self> {
        let mut pairs = if is_url(written) { from_url(written)? } else { from_pairs(written)? };
        check_keys(&pairs)?;
        let service = pairs.get("service").cloned().or_else(|| (around.variable)("PGSERVICE"));
        if let Some(service) = service {
            for (key, value) in service_of(&service, around)? {
                pairs.entry(key).or_insert(value);
            }
            check_keys(&pairs)?;
        }
        for (variable, key) in VARIABLES {
            if let Some(value) = (around.variable)(variable).filter(|value| !value.is_empty()) {
                pairs.entry((*key).to_owned()).or_insert(value);
            }
        }
        pairs.retain(|_, value| !value.is_empty());
        let mut server = Self { pairs, hint: String::new() };
        server.complete(around)?;
        Ok(server)
    }

    fn complete(&mut self, around: &Surroundings<'_>) -> Result<()> {
        self.pairs.entry("port".to_owned()).or_insert_with(|| "5432".to_owned());
        if let Some(user) = &around.user {
            self.pairs.entry("user".to_owned()).or_insert_with(|| user.clone());
        }
        let user = self.pairs.get("user").cloned().ok_or_else(|| Error::Setting {
            key: "user".to_owned(),
            problem: "no user is named, and this process's has no name".to_owned(),
            mend: "name one, for example postgres://user@host/database".to_owned(),
        })?;
        self.pairs.entry("dbname".to_owned()).or_insert(user);
        if !self.pairs.contains_key("host") && !self.pairs.contains_key("hostaddr") {
            let socket = format!(".s.PGSQL.{}", self.of("port"));
            let folder = SOCKET_FOLDERS.iter().find(|folder| Path::new(folder).join(&socket).exists());
            self.pairs.insert("host".to_owned(), folder.map_or("localhost", |folder| folder).to_owned());
        }
        if let Some(home) = &around.home {
            let root = home.join(".postgresql/root.crt");
            if !self.pairs.contains_key("sslrootcert") && root.exists() {
                self.pairs.insert("sslrootcert".to_owned(), root.display().to_string());
            }
        }
        self.take_password(around)
    }

    /// Looks the password up in the password file, where none is given.
    fn take_password(&mut self, around: &Surroundings<'_>) -> Result<()> {
        if self.pairs.contains_key("password") {
            return Ok(());
        }
        let given = self.pairs.get("passfile").map(PathBuf::from);
        let Some(path) = given.or_else(|| Some(around.home.as_ref()?.join(".pgpass"))) else { return Ok(()) };
        let Ok(found) = fs::metadata(&path) else { return Ok(()) };
        if found.mode() & 0o077 != 0 {
            self.hint = format!(
                "; the password file {} was left aside, since others may read it: chmod 600 it",
                path.display()
            );
            return Ok(());
        }
        let text = fs::read_to_string(&path).map_err(|error| Error::Setting {
            key: "passfile".to_owned(),
            problem: format!("{}: {error}", path.display()),
            mend: "check that it is a text file you may read".to_owned(),
        })?;
        let host = match self.of("host") {
            "" => self.of("hostaddr"),
            host if SOCKET_FOLDERS.contains(&host) => "localhost",
            host => host,
        };
        let wanted = [host, self.of("port"), self.of("dbname"), self.of("user")];
        if let Some(password) = password_in(&text, wanted) {
            self.pairs.insert("password".to_owned(), password);
        }
        Ok(())
    }

    /// A setting, or an empty text.
    pub(crate) fn of(&self, key: &str) -> &str {
        self.pairs.get(key).map_or("", String::as_str)
    }

    /// The server and database without a password: `postgres://user@host:5432/database`.
    pub fn place(&self) -> String {
        let host = if self.of("host").is_empty() { self.of("hostaddr") } else { self.of("host") };
        let host = if host.contains(['/', ':']) { format!("[{host}]") } else { host.to_owned() };
        format!("postgres://{}@{host}:{}/{}", self.of("user"), self.of("port"), self.of("dbname"))
    }

    /// What decides which database this is, as opposed to how one gets in: equal for two strings that name one database.
    pub fn is_same_database(&self, other: &Self) -> bool {
        ["host", "hostaddr", "port", "dbname"].iter().all(|key| self.of(key) == other.of(key))
    }
}

/// A connection string without its password, as sorted pairs, for what is kept of a pipeline: plans, journals, checkpoints. It
/// depends on the string alone.
pub fn without_password(written: &str) -> String {
    let pairs = if is_url(written) { from_url(written) } else { from_pairs(written) };
    let Ok(mut pairs) = pairs else { return "a connection string that cannot be read".to_owned() };
    pairs.remove("password");
    pairs.iter().map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<_>>().join(" ")
}

/// A text in which the passwords of connection strings are points: `postgres://user:…@host`, `password=…`.
pub fn hide_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) =
        ["://", "password=", "password ="].iter().filter_map(|sign| Some(rest.find(sign)? + sign.len())).min()
    {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/')).unwrap_or(after.len());
        let (word, next) = after.split_at(end);
        let hidden = match before.ends_with("://") {
            false => "…".to_owned(),
            true => match word.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
                Some((user, host)) => format!("{user}:…@{host}"),
                None => word.to_owned(),
            },
        };
        out.push_str(&hidden);
        rest = next;
    }
    out + rest
}

fn check_keys(pairs: &Pairs) -> Result<()> {
    let is_known = |key: &str| KNOWN.contains(&key) || HARMLESS.contains(&key);
    let Some(key) = pairs.keys().find(|key| !is_known(key)) else { return Ok(()) };
    Err(Error::Setting {
        key: key.clone(),
        problem: "this key of a connection string is not known here".to_owned(),
        mend: super::error::nearest(key, KNOWN.iter().copied()),
    })
}

fn service_of(name: &str, around: &Surroundings<'_>) -> Result<Pairs> {
    let own = (around.variable)("PGSERVICEFILE").map(PathBuf::from);
    let own = own.or_else(|| Some(around.home.as_ref()?.join(".pg_service.conf")));
    let folder = (around.variable)("PGSYSCONFDIR").unwrap_or_else(|| "/etc/postgresql-common".to_owned());
    let files: Vec<PathBuf> = own.into_iter().chain([Path::new(&folder).join("pg_service.conf")]).collect();
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        if let Some(pairs) = service_in(&text, name) {
            return Ok(pairs);
        }
    }
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Err(Error::Setting {
        key: "service".to_owned(),
        problem: format!("the service '{name}' is in none of {}", files.join(", ")),
        mend: "add it as [name] with a line for each setting, or set PGSERVICEFILE".to_owned(),
    })
}

/// The name of the user this process runs as.
fn user_name() -> Option<String> {
    let uid = fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let found = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let name =
        found.filter(|user| user.get(2) == Some(&uid.as_str())).find_map(|user| user.first().map(|n| (*n).to_owned()));
    name.or_else(|| env::var("USER").ok())
}
