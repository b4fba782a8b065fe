//! A PostgreSQL server of a test's own: in a temporary folder, on a unix socket, gone with the value. Where no server is
//! installed there is none, and it is said.

use std::{
    ffi::OsStr,
    fs, io,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The user that the server's superuser is named after.
pub const USER: &str = "nightloom";

/// A running server.
pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    /// The unprivileged user it runs as, where this process is root: PostgreSQL refuses root.
    as_user: Option<(u32, u32)>,
    child: Option<Child>,
    options: Vec<String>,
    /// The port in the name of the socket.
    port: u16,
    /// Whether it listens on 127.0.0.1 too.
    listens: bool,
}

impl Server {
    /// Starts a server with further settings, `name=value`; `None`, and a word why, where there is no PostgreSQL.
    ///
    /// # Panics
    /// When there is one and it does not start.
    pub fn start(options: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: no PostgreSQL is installed; Debian's package is postgresql");
            return None;
        };
        Some(Self::start_from(&programs, options))
    }

    /// Starts a server that listens on a free port of 127.0.0.1 too, after `prepare` has put into its data folder what it
    /// needs, for example certificates.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_listening(options: &[&str], prepare: &dyn Fn(&Path)) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: no PostgreSQL is installed; Debian's package is postgresql");
            return None;
        };
        let mut server = Self::made(&programs, options);
        server.listens = true;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        server.port = free.expect("a free port").port();
        prepare(&server.data());
        if let Some((user, group)) = server.as_user {
            for entry in fs::read_dir(server.data()).expect("its data").flatten() {
                chown(entry.path(), Some(user), Some(group)).expect("a file of the server's user");
            }
        }
        server.up();
        Some(server)
    }

    /// The port that a listening server listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts a server of the programs in a folder.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_from(programs: &Path, options: &[&str]) -> Self {
        let mut server = Self::made(programs, options);
        server.up();
        server
    }

    fn made(programs: &Path, options: &[&str]) -> Self {
        // Paths of sockets have an end at 107 bytes: not every TMPDIR is short enough.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a folder that others may enter");
        let as_user = unprivileged();
        let server = Self {
            folder,
            programs: programs.to_owned(),
            as_user,
            child: None,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            port: 5432,
            listens: false,
        };
        for name in ["data", "socket"] {
            let path = server.folder.path().join(name);
            fs::create_dir(&path).expect("a folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(if name == "data" { 0o700 } else { 0o755 }))
                .expect("its mode");
            if let Some((user, group)) = server.as_user {
                chown(&path, Some(user), Some(group)).expect("a folder of the server's user");
            }
        }
        let initdb = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username", USER, "-D"];
        let mut command = server.command("initdb");
        let made = command.args(initdb).arg(server.data()).output().expect("initdb");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of the socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// A folder that the server may write, for tablespaces and certificates.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn room(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).expect("a folder");
        if let Some((user, group)) = self.as_user {
            chown(&path, Some(user), Some(group)).expect("a folder of the server's user");
        }
        path
    }

    /// Who runs the server, where that is not this process's user.
    pub fn as_user(&self) -> Option<(u32, u32)> {
        self.as_user
    }

    /// The connection string of a database, for the superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_of(USER, database)
    }

    /// The connection string of a database for a user.
    pub fn url_of(&self, user: &str, database: &str) -> String {
        let socket = self.socket().display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{socket}:{}/{database}", self.port)
    }

    /// A program of PostgreSQL, run as the server's user.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(self.programs.join(program.as_ref()));
        if let Some((user, group)) = self.as_user {
            command.uid(user).gid(group);
        }
        command.current_dir("/").env("LC_ALL", "C.UTF-8");
        command
    }

    /// Makes a database.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url(name)
    }

    /// Runs statements by psql; what they print, a row a line, with bars between the columns.
    ///
    /// # Panics
    /// When one is refused.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let run = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h"];
        let mut command = self.command("psql");
        command.args(run).arg(self.socket()).args([
            "-p",
            &self.port.to_string(),
            "-U",
            USER,
            "-d",
            database,
            "-f",
            "-",
        ]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("psql");
        let mut input = child.stdin.take().expect("its input");
        let text = sql.to_owned();
        let writer = thread::spawn(move || io::Write::write_all(&mut input, text.as_bytes()));
        let done = child.wait_with_output().expect("psql");
        let _ = writer.join();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
    }

    /// Starts the server, and waits until it answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn up(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).expect("a log");
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.socket()).args([
            "-h",
            if self.listens { "127.0.0.1" } else { "" },
            "-p",
            &self.port.to_string(),
        ]);
        let usual = ["fsync=off", "shared_buffers=128MB", "max_wal_size=2GB", "autovacuum=off", "jit=off"];
        for option in usual.iter().copied().chain(self.options.iter().map(String::as_str)) {
            command.args(["-c", option]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // SAFETY: the call is one that may be made between fork and exec. A server ends with the test that started it.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGQUIT);
                Ok(())
            });
        }
        self.child = Some(command.spawn().expect("a server"));
        let started = Instant::now();
        while !self.answers() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(60), "the server does not answer: {}", log());
            thread::sleep(Duration::from_millis(30));
        }
    }

    fn answers(&self) -> bool {
        let mut command = self.command("pg_isready");
        command
            .args(["-q", "-p", &self.port.to_string(), "-h"])
            .arg(self.socket())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Ends the server at once, as a crash would.
    pub fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            let process = i32::try_from(child.id()).expect("a process");
            // SAFETY: it is our own child, which was not waited for yet. SIGQUIT ends its children too.
            unsafe { libc::kill(process, libc::SIGQUIT) };
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
    }
}

/// The folder of the newest installed server's programs.
pub fn programs() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = folders
        .filter_map(|folder| Some((folder.file_name().to_str()?.parse().ok()?, folder.path().join("bin"))))
        .filter(|(_, path)| path.join("postgres").exists() && path.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, path)| path)
}

/// The user and group `postgres`, or `nobody`, where this process is root.
fn unprivileged() -> Option<(u32, u32)> {
    // SAFETY: it asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of = |name: &str| {
        let user =
            users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|user| user.first() == Some(&name))?;
        Some((user.get(2)?.parse().ok()?, user.get(3)?.parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody"))
}
