//! Connection strings as libpq knows them.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use nightloom_postgres::{Error, Server, Surroundings, hide_passwords, lock_key, without_password};

fn within(written: &str, variables: &[(&str, &str)], home: &Path) -> Result<Server, Error> {
    let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let around = Surroundings { variable: &variable, home: Some(home.to_owned()), user: Some("ada".to_owned()) };
    Server::within(written, &around)
}

fn nowhere(written: &str) -> Result<Server, Error> {
    within(written, &[], Path::new("/nonexistent"))
}

#[test]
fn urls_and_pairs_name_the_same_places() {
    for (written, place) in [
        ("postgres://bo:pw@db.example:6543/shop?sslmode=require", "postgres://bo@db.example:6543/shop"),
        ("postgresql://db.example/shop", "postgres://ada@db.example:5432/shop"),
        ("postgres://bo%40x:p%25w@%2Frun%2Fpg/my%20shop", "postgres://bo@x@[/run/pg]:5432/my shop"),
        ("postgres://[::1]:7000/shop", "postgres://ada@[::1]:7000/shop"),
        ("postgres://a,b:1/shop", "postgres://ada@a,b:5432,1/shop"),
        ("host=/run/pg dbname='my shop' user = bo password='it\\'s'", "postgres://bo@[/run/pg]:5432/my shop"),
        ("postgres://ada@h", "postgres://ada@h:5432/ada"),
        ("postgres:///shop?host=/tmp/s&port=99", "postgres://ada@[/tmp/s]:99/shop"),
    ] {
        assert_eq!(nowhere(written).unwrap().place(), place, "{written}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused_with_the_mend_and_without_the_password() {
    for (written, said) in [
        ("postgres://bo:secret@h/d?sslmod=require", "did you mean 'sslmode'?"),
        ("postgres://bo:secret%zz@h/d", "%25"),
        ("dbname='secret", "quote"),
        ("secret", "neither a URL"),
        ("postgres://bo:secret@h/d?service=none", "PGSERVICEFILE"),
    ] {
        let error = nowhere(written).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("secret"), "{error}");
    }
    let server = nowhere("postgres://bo:secret@h/d").unwrap();
    assert!(!format!("{server:?} {}", server.place()).contains("secret"));
}

#[test]
fn what_a_string_leaves_open_comes_of_the_service_then_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services");
    fs::write(&file, "# shops\n[other]\nhost=wrong\n[shop]\nhost=db\nport=1\nuser=bo\n").unwrap();
    let variables =
        [("PGSERVICEFILE", file.to_str().unwrap()), ("PGSERVICE", "shop"), ("PGPORT", "2"), ("PGDATABASE", "d")];
    let place = |written: &str| within(written, &variables, folder.path()).unwrap().place();
    assert_eq!(place(""), "postgres://bo@db:1/d");
    assert_eq!(place("user=cy"), "postgres://cy@db:1/d");
    assert_eq!(place("service=other"), "postgres://ada@wrong:2/d");
}

#[test]
fn a_password_file_that_others_may_read_is_left_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".pgpass");
    fs::write(&file, "# c\nh:5432:*:bo:with\\:colon\n*:*:*:*:other\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let same =
        |written: &str, as_written: &str| within(written, &[], folder.path()).unwrap() == nowhere(as_written).unwrap();
    assert!(same("postgres://bo@h/d", "postgres://bo:with%3Acolon@h/d"));
    assert!(same("postgres://bo@h:1/d", "postgres://bo:other@h:1/d"));
    assert!(same("postgres://bo:own@h/d", "postgres://bo:own@h/d"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!same("postgres://bo@h/d", "postgres://bo:with%3Acolon@h/d"));
}

#[test]
fn the_locks_of_shops_have_the_numbers_that_others_use() {
    let keys = ["shop.myshopify.com", "demo-shop", "my-shop.myshopify.com"].map(lock_key);
    assert_eq!(keys, [9_573_341, 1_743_843_203, 2_192_376_515]);
}

#[test]
fn what_is_kept_or_shown_of_a_string_has_no_password() {
    assert_eq!(without_password("postgres://bo:secret@h/d"), "dbname=\"d\" host=\"h\" user=\"bo\"");
    assert_eq!(without_password("host=h password=secret"), "host=\"h\"");
    assert!(!without_password("password='secret").contains("secret"));
    for (shown, hidden) in [
        ("--set vars.db=postgres://bo:sec@ret@h:1/d?a=b x", "--set vars.db=postgres://bo:…@h:1/d?a=b x"),
        ("x = \"host=h password=secret user=bo\"", "x = \"host=h password=… user=bo\""),
        ("https://example.com/a:b@c and postgres://h/d", "https://example.com/a:b@c and postgres://h/d"),
    ] {
        assert_eq!(hide_passwords(shown), hidden);
    }
}
