//! Reading from a real server.

use std::collections::BTreeSet;

use nightloom_postgres::{Batch, Changed, Kind, Moment, Read, Server, Session, Source, Values};
use nightloom_postgres_server::Server as TestServer;

fn source(read: Read) -> Source {
    Source { read, cents: BTreeSet::new(), changed: None }
}

fn query(sql: &str) -> Source {
    source(Read::Query(sql.to_owned()))
}

fn session(server: &TestServer) -> Session {
    Session::open(&Server::new(&server.url("postgres")).unwrap()).unwrap()
}

fn read(session: &Session, source: &Source) -> Batch {
    let selected = session.select(source).unwrap();
    let mut reader = session.read(&selected).unwrap();
    let (batch, has_more) = reader.next(usize::MAX, usize::MAX, &mut |_| Ok(())).unwrap();
    assert!(!has_more);
    batch
}

/// The cells of a column, as they are read.
fn cells(batch: &Batch, column: usize) -> Vec<String> {
    let column = &batch.columns[column];
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (0..batch.rows)
        .map(|row| match &column.values {
            _ if !column.valid.is_value(row) => "null".to_owned(),
            Values::Int(values) | Values::Timestamp(values) => values[row].to_string(),
            Values::Float(values) => format!("{:?}", values[row]),
            Values::Bool(bits) => bits.get(row).unwrap().to_string(),
            Values::Date(values) => values[row].to_string(),
            Values::Text(texts) => text(texts.get(row).unwrap()),
            Values::Texts { offsets, texts, valid } => {
                let range = usize::try_from(offsets[row]).unwrap()..usize::try_from(offsets[row + 1]).unwrap();
                let of = |at| if valid.is_value(at) { text(texts.get(at).unwrap()) } else { "null".to_owned() };
                format!("{:?}", range.map(of).collect::<Vec<_>>())
            }
        })
        .collect()
}

#[test]
fn every_type_has_its_kind_and_its_value_and_nulls_are_nulls() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql(
        "postgres",
        "CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN cents AS integer; CREATE TABLE t (
         i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric(12,2), w numeric(9,0), free numeric,
         b boolean, d date, ts timestamp, tz timestamptz, x text, v varchar(9), c char(3), j json, jb jsonb, u uuid,
         m mood, a text[], dom cents);
         INSERT INTO t VALUES (1, -2, 9007199254740993, 0.5, 0.1, 12.50, 7, 1e-7, true, '1969-12-31', '1970-01-01 00:00:01',
         '2026-01-31 23:59:00.25+01', 'Ä\u{1f980}', 'v', 'c', '{\"a\": 1}', '{\"a\": 1}', '0F8FAD5B-D9CB-469F-A165-70867728950E',
         'sad', '{x,NULL,\"\"}', 5); INSERT INTO t DEFAULT VALUES;",
    );
    let session = session(&server);
    let table = source(Read::Table("t".to_owned()));
    let selected = session.select(&table).unwrap();
    let batch = read(&session, &table);
    let found: Vec<(String, Kind, Vec<String>)> = selected
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| (column.name.clone(), column.kind(), cells(&batch, place)))
        .collect();
    let expected = [
        ("i2", Kind::Int, "1"),
        ("i4", Kind::Int, "-2"),
        ("i8", Kind::Int, "9007199254740993"),
        ("f4", Kind::Float, "0.5"),
        ("f8", Kind::Float, "0.1"),
        ("n", Kind::Text, "12.50"),
        ("w", Kind::Int, "7"),
        ("free", Kind::Text, "0.0000001"),
        ("b", Kind::Bool, "true"),
        ("d", Kind::Date, "-1"),
        ("ts", Kind::Timestamp, "1000000"),
        ("tz", Kind::Timestamp, "1769900340250000"),
        ("x", Kind::Text, "Ä\u{1f980}"),
        ("v", Kind::Text, "v"),
        ("c", Kind::Text, "c  "),
        ("j", Kind::Text, "{\"a\": 1}"),
        ("jb", Kind::Text, "{\"a\": 1}"),
        ("u", Kind::Text, "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("m", Kind::Text, "sad"),
        ("a", Kind::Texts, "[\"x\", \"null\", \"\"]"),
        ("dom", Kind::Int, "5"),
    ];
    let expected: Vec<_> =
        expected.map(|(name, kind, value)| (name.to_owned(), kind, vec![value.to_owned(), "null".to_owned()])).to_vec();
    assert_eq!(found, expected);
    assert_eq!(session.count(&table).unwrap(), 2);
}

#[test]
fn what_has_no_kind_is_an_error_that_names_the_column_and_the_cast() {
    let Some(server) = TestServer::start(&[]) else { return };
    let session = session(&server);
    for (sql, words) in [
        ("SELECT 1 AS a, interval '1 day' AS span", ["column 'span' is interval", "\"span\"::text AS \"span\""]),
        ("SELECT '{1}'::int[] AS ids", ["column 'ids'", "\"ids\"::text[] AS \"ids\""]),
        ("SELECT 1 AS a, 2 AS a", ["column 'a' twice", "AS"]),
        ("SELECT wrong FROM nowhere", ["nowhere", "psql"]),
        ("UPDATE pg_class SET relname = relname", ["no columns", "SELECT"]),
    ] {
        let error = session.select(&query(sql)).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
    server.sql("postgres", "CREATE TABLE orders (id int)");
    let error = session.select(&source(Read::Table("order".to_owned()))).unwrap_err().to_string();
    assert!(error.contains("did you mean 'orders'?"), "{error}");
}

#[test]
fn numerics_are_cents_where_that_is_asked_for_and_what_is_no_cent_is_rejected() {
    let Some(server) = TestServer::start(&[]) else { return };
    let session = session(&server);
    let sql = "SELECT p, d FROM (VALUES (1.10::numeric, '2026-01-01'::date), (0.005, 'infinity'), ('NaN', '-infinity'), (1e30, NULL),
               (-3, '2000-01-01')) AS v (p, d)";
    let cents = Source { cents: BTreeSet::from(["p".to_owned()]), ..query(sql) };
    let batch = read(&session, &cents);
    assert_eq!(cells(&batch, 0), ["110", "null", "null", "null", "-300"]);
    assert_eq!(cells(&batch, 1), ["20454", "null", "null", "null", "10957"]);
    let rejected: Vec<_> = batch.rejected.iter().map(|r| (r.row, r.column, r.value.as_str(), r.reason)).collect();
    assert_eq!(
        rejected,
        [
            (1, 0, "0.005", "more than two decimal places"),
            (1, 1, "infinity", "infinity is no date"),
            (2, 0, "NaN", "not a finite number"),
            (2, 1, "-infinity", "infinity is no date"),
            (3, 0, "1000000000000000000000000000000", "too large"),
        ]
    );
    let wrong = Source { cents: BTreeSet::from(["q".to_owned()]), ..query("SELECT 1 AS p") };
    assert!(session.select(&wrong).unwrap_err().to_string().contains("cents names the column 'q'"));
    let wrong = Source { cents: BTreeSet::from(["p".to_owned()]), ..query("SELECT 1 AS p") };
    assert!(session.select(&wrong).unwrap_err().to_string().contains("int4, not numeric"));
}

#[test]
fn rows_come_in_batches_of_about_the_size_asked_for_and_a_table_in_the_order_of_its_key() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql("postgres", "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT 1000 - g, repeat('x', g) FROM generate_series(1, 1000) g");
    let session = session(&server);
    let selected = session.select(&source(Read::Table("t".to_owned()))).unwrap();
    let mut reader = session.read(&selected).unwrap();
    let (mut rows, mut ids, mut told) = (Vec::new(), Vec::new(), 0);
    let mut step = |rows| {
        told += rows;
        Ok(())
    };
    loop {
        let (batch, has_more) = reader.next(300, 100, &mut step).unwrap();
        rows.push(batch.rows);
        ids.extend(cells(&batch, 0));
        if !has_more {
            break;
        }
    }
    assert_eq!(rows, [300, 300, 300, 100]);
    assert_eq!(told, 1000);
    assert_eq!(ids, (0..1000).map(|id| id.to_string()).collect::<Vec<_>>());
    let mut reader = session.read(&selected).unwrap();
    let stop = nightloom_postgres::of_caller(std::io::Error::other("stop"));
    let mut stop = Some(stop);
    assert!(reader.next(300, 100, &mut |_| Err(stop.take().unwrap())).is_err());
}

#[test]
fn all_readers_of_a_moment_see_one_moment_and_can_change_nothing() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql("postgres", "CREATE TABLE t (x int); INSERT INTO t VALUES (1)");
    let target = Server::new(&server.url("postgres")).unwrap();
    let moment = Moment::now(&target).unwrap();
    let rows = query("SELECT x FROM t ORDER BY x");
    let first = moment.session().unwrap();
    assert_eq!(first.count(&rows).unwrap(), 1);
    server.sql("postgres", "INSERT INTO t VALUES (2)");
    let second = moment.session().unwrap();
    assert_eq!((first.count(&rows).unwrap(), second.count(&rows).unwrap()), (1, 1));
    assert_eq!(session(&server).count(&rows).unwrap(), 2);
    assert_eq!(second.run("cannot write", "INSERT INTO t VALUES (3)").unwrap_err().code(), Some("25006"));
}

#[test]
fn a_sign_changes_when_the_rows_do() {
    let Some(server) = TestServer::start(&[]) else { return };
    server.sql("postgres", "CREATE TABLE t (x int, updated_at timestamptz); INSERT INTO t VALUES (1, '2026-01-01')");
    let session = session(&server);
    let table = source(Read::Table("t".to_owned()));
    assert_eq!(session.sign(&table).unwrap(), None);
    let by_column = Source { changed: Some(Changed::Column("updated_at".to_owned())), ..table.clone() };
    let checksum = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM t";
    let by_query = Source { changed: Some(Changed::Query(checksum.to_owned())), ..table.clone() };
    let signs = || [&by_column, &by_query].map(|source| session.sign(source).unwrap().unwrap());
    let first = signs();
    assert_eq!(signs(), first);
    server.sql("postgres", "UPDATE t SET x = 2, updated_at = '2026-01-02'");
    let second = signs();
    assert!(first[0] != second[0] && first[1] != second[1]);
    server.sql("postgres", "DELETE FROM t");
    assert!(signs()[0] != second[0]);
    let wrong = Source { changed: Some(Changed::Query("SELECT 1 UNION SELECT 2".to_owned())), ..table };
    assert!(session.sign(&wrong).unwrap_err().to_string().contains("several rows"));
}
