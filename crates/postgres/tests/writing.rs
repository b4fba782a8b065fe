//! Writing to a real server.

mod support;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use nightloom_postgres::{
    Control, DatasetColumn, DefinedColumn, Definition, Kind, Mode, Server, Session, TableSink, Write, apply, holds,
};
use nightloom_postgres_server::Server as TestServer;
use proptest::{prelude::*, test_runner::TestRunner};
use support::{Proxy, Table, columns, sink, write, write_watched};

fn target(server: &TestServer) -> Server {
    Server::new(&server.url("postgres")).unwrap()
}

fn rows(server: &TestServer, table: &str) -> String {
    server.sql("postgres", &format!("SELECT id, n, x FROM {table} ORDER BY id, n, x")).replace('\n', " ")
}

#[test]
fn each_mode_does_what_its_word_says_and_only_once_a_batch() {
    let Some(server) = TestServer::start(&[]) else { return };
    let to = target(&server);
    let first = Table::of(&[(1, 10, "a"), (2, 20, "b")]);
    let second = Table::of(&[(2, 21, "B"), (3, 30, "c"), (3, 31, "d")]);
    for (mode, expected, unmatched) in [
        (Mode::Replace, "2|21|B 3|30|c 3|31|d", 0),
        (Mode::Append, "1|10|a 2|20|b 2|21|B 3|30|c 3|31|d", 0),
        (Mode::Upsert, "1|10|a 2|21|B 3|31|d", 0),
        (Mode::Update, "1|10|a 2|21|B", 2),
    ] {
        let table = mode.word();
        if mode == Mode::Update {
            server.sql(
                "postgres",
                "CREATE TABLE update (id bigint, n bigint, x text); INSERT INTO update VALUES (1, 0, ''), (2, 0, '')",
            );
        }
        assert_eq!(write(&to, &sink(table, mode), &format!("{table}-1"), &first).unwrap().landed[0].rows, Some(2));
        let landed = write(&to, &sink(table, mode), &format!("{table}-2"), &second).unwrap().landed;
        assert_eq!((landed[0].rows, landed[0].unmatched), (Some(3), unmatched), "{table}");
        assert_eq!(rows(&server, table), expected, "{table}");
        let again = write(&to, &sink(table, mode), &format!("{table}-2"), &second).unwrap().landed;
        assert_eq!(again[0].rows, None, "{table}");
        assert_eq!(rows(&server, table), expected, "{table}");
        let session = Session::open(&to).unwrap();
        assert!(holds(&session, &sink(table, mode), "night.sink", &format!("{table}-2")).unwrap());
    }
    // Of an owner that does not append only the newest row is kept.
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM _nightloom_ledger"), "1");
}

#[test]
fn the_ledger_is_believed_only_as_long_as_its_table_is_there() {
    let Some(server) = TestServer::start(&[]) else { return };
    let (to, table) = (target(&server), sink("t", Mode::Upsert));
    write(&to, &table, "b", &Table::of(&[(1, 1, "a")])).unwrap();
    let session = Session::open(&to).unwrap();
    let held = || holds(&session, &table, "night.sink", "b").unwrap();
    assert!(held());
    server.sql("postgres", "DELETE FROM t");
    assert!(!held());
    server.sql("postgres", "DROP TABLE t");
    assert!(!held());
}

/// What an upsert into a table comes to, the slow way: the last row of a key counts, columns that are only inserted stay.
#[test]
fn an_upsert_gives_what_row_after_row_would() {
    let Some(server) = TestServer::start(&[]) else { return };
    let to = target(&server);
    let night = proptest::collection::vec((0..8_i64, proptest::option::of(0..3_i64), "[ab]?"), 0..12);
    let runs = AtomicUsize::new(0);
    let strategy = proptest::collection::vec(night, 1..4);
    TestRunner::new(ProptestConfig::with_cases(25))
        .run(&strategy, |nights| {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            let table = format!("t{run}");
            let mut expected: BTreeMap<i64, (Option<i64>, String)> = BTreeMap::new();
            for (number, night) in nights.iter().enumerate() {
                for (id, n, x) in night {
                    expected.insert(*id, (*n, x.clone()));
                }
                let rows = night.iter().map(|(id, n, x)| (Some(*id), *n, Some(x.clone()))).collect();
                write(&to, &sink(&table, Mode::Upsert), &format!("{run}-{number}"), &Table(rows)).unwrap();
            }
            let text = |(id, (n, x)): (&i64, &(Option<i64>, String))| {
                format!("{id}|{}|{x}", n.map_or(String::new(), |n| n.to_string()))
            };
            let expected: Vec<_> = expected.iter().map(text).collect();
            prop_assert_eq!(rows(&server, &table), expected.join(" "));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_table_of_other_types_takes_what_loses_nothing_and_the_rest_is_refused_before_any_work() {
    let Some(server) = TestServer::start(&[]) else { return };
    let to = target(&server);
    server.sql("postgres", "CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE TABLE good (id integer PRIMARY KEY, n numeric(9,2), x mood);
                            CREATE TABLE bad (id integer PRIMARY KEY, n date, x text); CREATE TABLE short (id smallint, n smallint, x varchar(3))");
    write(&to, &sink("good", Mode::Upsert), "g", &Table::of(&[(1, 5, "sad")])).unwrap();
    assert_eq!(rows(&server, "good"), "1|5.00|sad");
    let error = write(&to, &sink("good", Mode::Upsert), "h", &Table::of(&[(2, 5, "sad"), (3, 5, "mad")])).unwrap_err();
    assert!(error.to_string().contains("invalid input value for enum mood: \"mad\""), "{error}");
    assert_eq!(rows(&server, "good"), "1|5.00|sad");
    let session = Session::open(&to).unwrap();
    let error = sink("bad", Mode::Upsert).check(&session, &columns()).unwrap_err().to_string();
    assert!(error.contains("its column 'n' is date, but the dataset's column 'n' is int; cast it"), "{error}");
    let error =
        write(&to, &sink("short", Mode::Append), "s", &Table::of(&[(1, 1, "a"), (2, 70_000, "b")])).unwrap_err();
    assert!(error.to_string().contains("smallint out of range"), "{error}");
    let error = write(&to, &sink("short", Mode::Append), "s", &Table::of(&[(1, 1, "long")])).unwrap_err();
    assert!(error.to_string().contains("value too long"), "{error}");
    assert_eq!(rows(&server, "short"), "");
}

#[test]
fn what_does_not_suit_a_table_is_refused_before_any_work_with_the_mend() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql(
        "postgres",
        "CREATE TABLE no_key (id bigint, n bigint, x text); CREATE VIEW seen AS SELECT * FROM no_key;
         CREATE TABLE parent (id bigint PRIMARY KEY, n bigint, x text); CREATE TABLE child (p bigint REFERENCES parent ON DELETE CASCADE);
         CREATE TABLE more (id bigint PRIMARY KEY, n bigint, x text, must text NOT NULL);
         CREATE TABLE less (id bigint PRIMARY KEY, n bigint);
         CREATE TABLE made (id bigint PRIMARY KEY, n bigint GENERATED ALWAYS AS (id * 2) STORED, x text);
         CREATE ROLE reader LOGIN; GRANT SELECT ON parent TO reader;",
    );
    let session = Session::open(&target(&server)).unwrap();
    for (table, mode, said) in [
        ("no_key", Mode::Upsert, "CREATE UNIQUE INDEX"),
        ("seen", Mode::Append, "a view"),
        ("parent", Mode::Replace, "'child' refers to its rows; use mode 'upsert'"),
        ("more", Mode::Append, "'must' must not be null"),
        ("less", Mode::Upsert, "add_columns = true"),
        ("made", Mode::Upsert, "'n' is generated"),
        ("missing", Mode::Update, "nothing to update"),
        ("_nightloom_ledger", Mode::Append, "nightloom's own"),
    ] {
        let error = sink(table, mode).check(&session, &columns()).unwrap_err().to_string();
        assert!(error.contains(said), "{table}: {error}");
    }
    let less = TableSink { add_columns: true, ..sink("less", Mode::Upsert) };
    less.check(&session, &columns()).unwrap();
    write(&target(&server), &less, "b", &Table::of(&[(1, 2, "x")])).unwrap();
    assert_eq!(rows(&server, "less"), "1|2|x");
    let reader = Session::open(&Server::new(&server.url_of("reader", "postgres")).unwrap()).unwrap();
    let error = sink("parent", Mode::Append).check(&reader, &columns()).unwrap_err().to_string();
    assert!(error.contains("may not"), "{error}");
    let error = write(
        &Server::new(&server.url_of("reader", "postgres")).unwrap(),
        &sink("parent", Mode::Append),
        "b",
        &Table::of(&[(1, 2, "x")]),
    );
    assert!(error.is_err());
    assert_eq!(rows(&server, "parent"), "");
}

#[test]
fn a_missing_table_is_made_as_its_definition_says_and_columns_that_are_only_inserted_stay() {
    let Some(server) = TestServer::start(&[]) else { return };
    let column = |name: &str, declared: Option<&str>, default: Option<&str>| DefinedColumn {
        name: name.to_owned(),
        declared: declared.map(ToOwned::to_owned),
        not_null: false,
        default: default.map(ToOwned::to_owned),
    };
    let definition = Definition {
        columns: vec![
            column("id", Some("bigint"), None),
            column("n", None, None),
            column("x", Some("text"), None),
            column("status", Some("text"), Some("'new'")),
        ],
        primary_key: vec!["id".to_owned()],
        unique: vec![vec!["n".to_owned(), "x".to_owned()]],
    };
    let table = TableSink {
        definition: Some(definition),
        insert_only: vec!["x".to_owned()],
        ..sink("Made \"so\"", Mode::Upsert)
    };
    let to = target(&server);
    write(&to, &table, "1", &Table::of(&[(1, 1, "first")])).unwrap();
    write(&to, &table, "2", &Table::of(&[(1, 2, "second"), (2, 2, "second")])).unwrap();
    let found =
        server.sql("postgres", "SELECT id, n, x, status FROM \"Made \"\"so\"\"\" ORDER BY 1").replace('\n', " ");
    assert_eq!(found, "1|2|first|new 2|2|second|new");
    let null_key = Table(vec![(None, Some(1), None)]);
    assert!(write(&to, &table, "3", &null_key).unwrap_err().to_string().contains("key is null"));
}

#[test]
fn rows_that_a_trigger_leaves_out_are_counted() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql(
        "postgres",
        "CREATE TABLE t (id bigint PRIMARY KEY, n bigint, x text);
         CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n < 0 THEN RETURN NULL; END IF; RETURN NEW; END $$;
         CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION keep();",
    );
    let to = target(&server);
    let rows = Table::of(&[(1, 1, "a"), (2, -1, "b")]);
    for (mode, batch) in [(Mode::Replace, "1"), (Mode::Upsert, "2"), (Mode::Update, "3")] {
        let landed = write(&to, &sink("t", mode), batch, &rows).unwrap().landed;
        assert_eq!((landed[0].rows, landed[0].left_out + landed[0].unmatched), (Some(2), 1), "{mode:?}");
    }
}

#[test]
fn a_transaction_that_met_another_is_tried_again_as_a_whole() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql(
        "postgres",
        "CREATE TABLE t (id bigint PRIMARY KEY, n bigint, x text); CREATE SEQUENCE tries;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') < 4 THEN
           RAISE EXCEPTION 'restart transaction' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$;
         CREATE TRIGGER refuse AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION refuse();",
    );
    let applied = write(&target(&server), &sink("t", Mode::Append), "b", &Table::of(&[(1, 1, "a")])).unwrap();
    assert_eq!((applied.attempts, rows(&server, "t").as_str()), (4, "1|1|a"));
    server.sql(
        "postgres",
        "ALTER SEQUENCE tries RESTART; CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END $$;",
    );
    let error = write(&target(&server), &sink("t", Mode::Append), "c", &Table::of(&[(2, 1, "a")])).unwrap_err();
    assert!(error.to_string().contains("a row is refused: no"), "{error}");
}

#[test]
fn two_runs_at_once_write_one_batch_once_and_two_that_replace_leave_one_of_them_whole() {
    let Some(server) = TestServer::start(&[]) else { return };
    let to = target(&server);
    let many: Vec<(i64, i64, &str)> = (0..500).map(|id| (id, 1, "x")).collect();
    let written = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let landed = write(&to, &sink("t", Mode::Append), "b", &Table::of(&many)).unwrap().landed;
                written.fetch_add(usize::from(landed[0].rows.is_some()), Ordering::SeqCst);
            });
        }
    });
    assert_eq!(written.load(Ordering::SeqCst), 1);
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM t"), "500");
    // Runs for other shops do not wait for each other, and a table is still replaced by one after the other.
    thread::scope(|scope| {
        for shop in 0..4_i64 {
            let (to, many) = (&to, &many);
            scope.spawn(move || {
                let rows = Table::of(&many.iter().map(|(id, _, x)| (*id, shop, *x)).collect::<Vec<_>>());
                let table = sink("r", Mode::Replace);
                let owner = format!("night@{shop}.sink");
                let writes =
                    [Write { work: &table, owner: &owner, batch: "b", run_id: "run", rows: &rows, again: false }];
                let shops = [shop.to_string()];
                let control = Control {
                    ready: &|| Ok(()),
                    fail: &|_| (),
                    step: &|_| Ok(()),
                    patience: Duration::from_secs(20),
                    shops: &shops,
                };
                apply(to, &writes, &control).unwrap();
            });
        }
    });
    assert_eq!(server.sql("postgres", "SELECT count(*), count(DISTINCT n) FROM r"), "500|1");
}

#[test]
fn who_waits_too_long_for_a_lock_is_told_so() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql("postgres", "CREATE TABLE t (id bigint PRIMARY KEY, n bigint, x text)");
    let other = Session::open(&target(&server)).unwrap();
    other.run("lock", "BEGIN; LOCK TABLE t").unwrap();
    let (table, rows, shops) = (sink("t", Mode::Replace), Table::of(&[(1, 1, "a")]), ["s".to_owned()]);
    let writes = [Write { work: &table, owner: "o", batch: "b", run_id: "r", rows: &rows, again: false }];
    let control = Control {
        ready: &|| Ok(()),
        fail: &|_| (),
        step: &|_| Ok(()),
        patience: Duration::from_millis(200),
        shops: &shops,
    };
    let error = apply(&target(&server), &writes, &control).unwrap_err();
    assert!(error.is_locked(), "{error}");
}

#[test]
fn a_connection_that_is_cut_anywhere_leaves_the_rows_once_and_whole() {
    let Some(server) = TestServer::start(&[]) else { return };
    let proxy = Proxy::before(server.socket());
    let to = Server::new(&proxy.url("postgres")).unwrap();
    let many: Vec<(i64, i64, &str)> = (0..2000).map(|id| (id, id, "some text to fill a message")).collect();
    let mut cuts = 0;
    for (number, after) in (0..26).map(|step| 60 + step * step * 450).enumerate() {
        let table = format!("t{number}");
        proxy.left.store(after, Ordering::SeqCst);
        let applied = write(&to, &sink(&table, Mode::Append), &table, &Table::of(&many)).unwrap();
        cuts += usize::from(applied.attempts > 1);
        proxy.left.store(i64::MAX, Ordering::SeqCst);
        assert_eq!(server.sql("postgres", &format!("SELECT count(*), sum(n) FROM {table}")), "2000|1999000", "{after}");
    }
    assert!(cuts >= 12, "only {cuts} connections were cut");
}

#[test]
fn a_server_that_is_restarted_in_the_midst_has_the_rows_once_and_whole() {
    let Some(server) = TestServer::start(&[]) else { return };
    let to = target(&server);
    let server = std::sync::Mutex::new(server);
    let rows_of = |n: i64| Table::of(&[(1, n, "a"), (2, n, "b")]);
    for (number, point) in
        ["postgres-begun", "postgres-batch", "postgres-staged", "postgres-before-commit"].iter().enumerate()
    {
        let n = i64::try_from(number).unwrap();
        let restarted = AtomicUsize::new(0);
        let fail = |at: &str| {
            if at == *point && restarted.fetch_add(1, Ordering::SeqCst) == 0 {
                let mut server = server.lock().unwrap();
                server.down();
                server.up();
            }
        };
        let applied = write_watched(&to, &sink("t", Mode::Append), &format!("b{n}"), &rows_of(n), &fail).unwrap();
        assert!(applied.attempts > 1, "{point}");
    }
    let found = rows(&server.lock().unwrap(), "t");
    assert_eq!(found, "1|0|a 1|1|a 1|2|a 1|3|a 2|0|b 2|1|b 2|2|b 2|3|b");
}

#[test]
fn lists_are_jsonb_and_instants_in_a_text_column_are_spelled_as_everywhere() {
    struct One;
    impl nightloom_postgres::Cells for One {
        fn put(&self, _: usize, out: &mut Vec<u8>) {
            nightloom_postgres::put_timestamp(Some(1_769_900_340_250_000), out);
        }
        fn is_null(&self, _: usize) -> bool {
            false
        }
    }
    struct List;
    impl nightloom_postgres::Cells for List {
        fn put(&self, _: usize, out: &mut Vec<u8>) {
            nightloom_postgres::put_json(Some("[\"a\", \"b\"]"), out);
        }
        fn is_null(&self, _: usize) -> bool {
            false
        }
    }
    struct Both;
    impl nightloom_postgres::Rows for Both {
        fn columns(&self) -> nightloom_postgres::Result<Vec<DatasetColumn>> {
            let column = |name: &str, kind| DatasetColumn { name: name.to_owned(), kind: Some(kind) };
            Ok(vec![column("at", Kind::Timestamp), column("list", Kind::Texts)])
        }
        fn each(&self, _: &[&str], put: &mut nightloom_postgres::Put<'_>) -> nightloom_postgres::Result<()> {
            put(1, &[Box::new(One), Box::new(List)])
        }
    }
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql("postgres", "CREATE TABLE t (at text, list text[])");
    write(&target(&server), &sink("t", Mode::Append), "1", &Both).unwrap();
    write(&target(&server), &sink("new", Mode::Append), "2", &Both).unwrap();
    assert_eq!(server.sql("postgres", "SELECT at, list FROM t"), "2026-01-31T22:59:00.25Z|{a,b}");
    assert_eq!(
        server.sql("postgres", "SELECT pg_typeof(at), pg_typeof(list), list FROM new"),
        "timestamp with time zone|jsonb|[\"a\", \"b\"]"
    );
}

/// A small disk of the server's own; `None` where this user may make none.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn at(folder: std::path::PathBuf, server: &TestServer) -> Option<Self> {
        let (user, group) = server.as_user()?;
        let options = format!("size=16m,uid={user},gid={group},mode=0700");
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).stderr(std::process::Stdio::null());
        command.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may hold its files open for a moment yet.
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_server_whose_disk_is_full_is_told_so_and_has_the_rows_that_it_had() {
    let Some(server) = TestServer::start(&[]) else { return };
    let Some(disk) = SmallDisk::at(server.room("small"), &server) else {
        eprintln!("skipped: this user may make no small disk");
        return;
    };
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.display()));
    server.sql(
        "postgres",
        "CREATE TABLE t (id bigint, n bigint, x text) TABLESPACE small; INSERT INTO t VALUES (1, 1, 'before')",
    );
    let text = "x".repeat(1000);
    let many: Vec<(i64, i64, &str)> = (0..30_000).map(|id| (id, id, text.as_str())).collect();
    let error = write(&target(&server), &sink("t", Mode::Replace), "b", &Table::of(&many)).unwrap_err();
    assert!(error.is_full(), "{error}");
    assert_eq!(rows(&server, "t"), "1|1|before");
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM _nightloom_ledger"), "0");
}
