//! TLS as `sslmode` asks for it, and passwords, against a real server.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use nightloom_postgres::{Error, Server, Session};
use nightloom_postgres_server::Server as TestServer;

/// Makes an authority and a certificate of its for `localhost` in a folder; whether openssl is there.
fn make_certificates(folder: &Path) -> bool {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    ["own", "other"]
        .iter()
        .all(|name| openssl(&format!("req -x509 {key} -days 2 -subj /CN={name} -keyout {name}.key -out {name}.crt")))
        && openssl(&format!("req {key} -subj /CN=localhost -keyout server.key -out server.csr"))
        && openssl(
            "x509 -req -in server.csr -CA own.crt -CAkey own.key -CAcreateserial -days 2 -extfile names -out server.crt",
        )
}

#[test]
fn certificates_are_checked_as_far_as_the_mode_says_and_passwords_are_in_no_error() {
    let folder = tempfile::tempdir().unwrap();
    if !make_certificates(folder.path()) {
        eprintln!("skipped: openssl is not installed");
        return;
    }
    let prepare = |data: &Path| {
        for name in ["server.key", "server.crt"] {
            fs::copy(folder.path().join(name), data.join(name)).unwrap();
            fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(data.join("pg_hba.conf"), "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n").unwrap();
    };
    let Some(server) = TestServer::start_listening(&["ssl=on"], &prepare) else { return };
    server.sql("postgres", "CREATE ROLE bo LOGIN PASSWORD 's3cr3t'");
    let open = |host: &str, password: &str, rest: &str| -> Result<bool, Error> {
        let url = format!("postgres://bo:{password}@{host}:{}/postgres?{rest}", server.port());
        let session = Session::open(&Server::new(&url)?)?;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok(session.one("ask", sql, &[])?.get(0))
    };
    let root = |name: &str| format!("sslrootcert={}", folder.path().join(name).display());
    let (own, other) = (root("own.crt"), root("other.crt"));
    for (host, rest, encrypted) in [
        ("localhost", "sslmode=disable".to_owned(), false),
        ("localhost", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("127.0.0.1", format!("sslmode=require&{own}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{own}"), true),
        ("localhost", format!("sslmode=verify-full&{own}&channel_binding=require"), true),
    ] {
        assert_eq!(open(host, "s3cr3t", &rest).unwrap(), encrypted, "{host} {rest}");
    }
    for (host, password, rest, said) in [
        ("127.0.0.1", "s3cr3t", format!("sslmode=verify-full&{own}"), "certificate"),
        ("localhost", "s3cr3t", format!("sslmode=verify-full&{other}"), "certificate"),
        ("localhost", "s3cr3t", format!("sslmode=require&{other}"), "certificate"),
        ("localhost", "s3cr3t", "sslmode=verify-full".to_owned(), "certificate"),
        ("localhost", "s3cr3t", "sslmode=verify-full&sslrootcert=/nowhere.crt".to_owned(), "/nowhere.crt"),
        ("localhost", "wr0ng", "sslmode=require".to_owned(), "password authentication failed"),
        ("localhost", "s3cr3t", "sslmode=sometimes".to_owned(), "verify-full"),
    ] {
        let error = open(host, password, &rest).unwrap_err().to_string();
        assert!(error.contains(said), "{host} {rest}: {error}");
        assert!(!error.contains("s3cr3t") && !error.contains("wr0ng"), "{error}");
    }
}
