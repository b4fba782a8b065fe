//! Sources: what is read, what is rejected with a reason, what is an error.

use std::io::Write;

use crate::support::{Finished, Place};

/// A pipeline that copies a source to a file, and its rejected rows beside it.
fn place(source: &str) -> Place {
    let place = Place::new();
    place.write(
        "p.toml",
        format!(
            "name = \"read\"\n[sources.rows]\n{source}\n[sinks.rows]\nfrom = \"rows\"\nndjson = \"rows.out\"\n\
             [sinks.rejected]\nfrom = \"rows.rejected\"\ncsv = \"rejected.out\"\n"
        ),
    );
    place
}

/// What a source gives: a JSON object a line.
#[track_caller]
fn read(place: &Place) -> String {
    place.run(&[]).expect_success();
    place.read("rows.out")
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn zst(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).expect("memory")
}

const ROWS: &str = "{\"id\":1,\"v\":\"a\"}\n{\"id\":2,\"v\":null}\n";

#[test]
fn csv_files_are_read_as_they_are_written() {
    for (source, content, expected) in [
        ("csv = \"x\"", b"id,v\n1,a\n2,\n".to_vec(), ROWS),
        ("csv = \"x\"\ndelimiter = \";\"", b"id;v\r\n1;a\r\n2;\r\n".to_vec(), ROWS),
        ("csv = \"x\"\ndelimiter = \"\\t\"", b"id\tv\n1\ta\n2\t\n".to_vec(), ROWS),
        ("csv = \"x\"\nnull_values = [\"NULL\"]", b"\xef\xbb\xbfid,v\n1,a\n2,NULL".to_vec(), ROWS),
        ("csv = \"x\"\nheader = false", b"1,a\n".to_vec(), "{\"column_1\":1,\"column_2\":\"a\"}\n"),
        ("csv = \"x\"\nencoding = \"latin-1\"", b"v\nna\xefve\n".to_vec(), "{\"v\":\"naïve\"}\n"),
        ("csv = \"x\"", b"v,w\n\"a\nb, \"\"c\"\"\",1\n".to_vec(), "{\"v\":\"a\\nb, \\\"c\\\"\",\"w\":1}\n"),
        ("csv = \"x\"\ntypes = { v = \"text\" }", b"v,d\n007,007\n".to_vec(), "{\"v\":\"007\",\"d\":\"007\"}\n"),
        ("csv = \"x.gz\"", gz("id,v\n1,a\n2,\n"), ROWS),
        ("csv = \"x.zst\"", zst("id,v\n1,a\n2,\n"), ROWS),
        ("ndjson = \"x\"", b"{\"id\":1,\"v\":\"a\"}\n\n{\"id\":2}\n".to_vec(), ROWS),
        ("ndjson = \"x.gz\"", gz("{\"id\":1,\"v\":\"a\"}\n{\"v\":null,\"id\":2}"), ROWS),
        ("json = \"x\"", b"[{\"id\":1,\"v\":\"a\"},\n{\"id\":2}]".to_vec(), ROWS),
    ] {
        let place = place(source);
        let name = if source.contains("x.gz") {
            "x.gz"
        } else if source.contains("x.zst") {
            "x.zst"
        } else {
            "x"
        };
        place.write(name, content);
        assert_eq!(read(&place), expected, "{source}");
        assert_eq!(place.read("rejected.out"), "row,column,value,reason\n", "{source}");
    }
}

#[test]
fn a_glob_reads_many_files_as_one_and_a_new_file_makes_it_stale() {
    let place = place("csv = \"days/*.csv*\"");
    place.write("days/2.csv", "v,id\nb,2\n");
    place.write("days/1.csv.gz", gz("id,v\n1,a\n"));
    assert_eq!(read(&place), "{\"id\":1,\"v\":\"a\"}\n{\"id\":2,\"v\":\"b\"}\n");
    place.assert_fresh("glob");
    place.write("days/3.csv", "id,v\n3,c\n");
    assert!(read(&place).ends_with("{\"id\":3,\"v\":\"c\"}\n"));
}

#[test]
fn parquet_and_sqlite_sources_are_read_in_their_types() {
    let place = place("parquet = \"made.parquet\"");
    place.write("x.csv", "id,v,price,day\n1,a,0.5,2026-03-01\n2,,,\n");
    place.write(
        "make.toml",
        "name = \"make\"\n[sources.x]\ncsv = \"x.csv\"\ntypes = { day = \"date\" }\n[sinks.p]\nfrom = \"x\"\nparquet = \"made.parquet\"\n\
         [sinks.t]\nfrom = \"x\"\nsqlite = \"made.db\"\ntable = \"t\"\n",
    );
    place.nightloom(["run", "make.toml"]).expect_success();
    let expected = "{\"id\":1,\"v\":\"a\",\"price\":0.5,\"day\":\"2026-03-01\"}\n{\"id\":2,\"v\":null,\"price\":null,\"day\":null}\n";
    assert_eq!(read(&place), expected);
    let config = "name = \"read\"\n[sources.rows]\nsqlite = \"made.db\"\ntable = \"t\"\n[sinks.rows]\nfrom = \"rows\"\nndjson = \"rows.out\"\n";
    place.write("p.toml", config);
    assert_eq!(read(&place), expected);
    place.write(
        "p.toml",
        config.replace("table = \"t\"", "query = \"SELECT id + 1 AS next FROM t WHERE v IS NOT NULL\""),
    );
    assert_eq!(read(&place), "{\"next\":2}\n");
}

#[test]
fn rows_that_cannot_be_used_are_rejected_with_a_reason_and_counted() {
    let place = place("csv = \"x\"\ntypes = { id = \"int\", day = \"date\" }");
    place.write("x", b"id,v,day\n1,a,2026-03-01\nx,b,\n3,\xff,\n4,d,2026-02-30\n5,too,2026-03-02,many\n6,f,\n");
    assert_eq!(read(&place).lines().count(), 2);
    let rejected = place.read("rejected.out");
    let lines: Vec<_> = rejected.lines().skip(1).collect();
    assert_eq!(lines.len(), 4, "{rejected}");
    for (line, start) in lines.iter().zip(["2,id,x,", "3,v,", "4,day,2026-02-30,", "5,"]) {
        assert!(line.starts_with(start) && line.len() > start.len() + 5, "{line}");
    }
    let counted =
        place.query(".nightloom/journal.db", "SELECT rows_in, rows_out, rejected FROM steps WHERE kind = 'source'");
    assert_eq!(counted, ["6|2|4"], "counts in = counts out + rejected");
    let status = place.nightloom(["status", "p.toml"]).expect_success().stdout;
    assert!(status.lines().any(|line| line.contains("source") && line.contains(" 4 ")), "{status}");

    place.write("x", "id,v,day\nx,b,\n");
    place.run(&[]).expect_success();
    assert_eq!(place.read("rows.out"), "", "all rejected is no error");
}

#[test]
fn rejected_rows_of_json_and_sqlite_are_told_too() {
    let lines = place("ndjson = \"x\"");
    lines.write("x", b"{\"id\":1}\nnot JSON\n[1]\n{\"id\":\"\xff\"}\n{\"id\":2}\n");
    assert_eq!(read(&lines), "{\"id\":1}\n{\"id\":2}\n");
    assert_eq!(lines.read("rejected.out").lines().count(), 4);

    let database = place("sqlite = \"x.db\"\ntable = \"t\"");
    database.sql("x.db", "CREATE TABLE t (id INTEGER, v TEXT); INSERT INTO t VALUES (1, 'a'), ('x', 'b'), (3, CAST(x'ff' AS TEXT)), (4, x'00')");
    assert_eq!(read(&database), "{\"id\":1,\"v\":\"a\"}\n");
    let rejected = database.read("rejected.out");
    assert!(rejected.contains("2,id,x,") && rejected.contains("3,v,") && rejected.contains("4,v,"), "{rejected}");
}

#[track_caller]
fn fails(place: &Place, code: i32, words: &[&str]) {
    let failed: Finished = place.run(&[]);
    assert_eq!(failed.code, Some(code), "{}\n{}", failed.stdout, failed.stderr);
    for words in words {
        assert!(failed.stderr.contains(words), "'{words}' is missing in:\n{}", failed.stderr);
    }
    assert!(!failed.stderr.contains("panicked"), "{}", failed.stderr);
    assert!(!place.path("rows.out").exists() && !place.path("rejected.out").exists());
}

#[test]
fn what_is_missing_is_named_with_the_line_of_the_source() {
    for (source, words) in [
        ("csv = \"nowhere.csv\"", &["nowhere.csv", "matches no file"][..]),
        ("csv = \"days/*.csv\"", &["days/*.csv", "matches no file"]),
        ("ndjson = \"nowhere\"", &["nowhere"]),
        ("json = \"nowhere\"", &["nowhere"]),
        ("parquet = \"nowhere\"", &["nowhere"]),
        ("sqlite = \"nowhere.db\"\ntable = \"t\"", &["nowhere.db: no such file"]),
        ("sqlite = \"x.db\"\ntable = \"ordres\"", &["no such table", "did you mean 'orders'?"]),
        ("sqlite = \"x.db\"\nquery = \"SELECT idd FROM orders\"", &["no such column", "idd"]),
        ("sqlite = \"x.db\"\nquery = \"DELETE FROM orders\"", &["is no SELECT"]),
        ("sqlite = \"x.db\"\nquery = \"SELECT id, id FROM orders\"", &["'id' twice"]),
    ] {
        let place = place(source);
        place.sql("x.db", "CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1)");
        fails(&place, 2, &[&["p.toml:2:", "^"], words].concat());
        assert_eq!(place.query("x.db", "SELECT COUNT(*) FROM orders"), ["1"]);
    }
}

#[test]
fn files_that_are_damaged_as_a_whole_are_errors() {
    for (source, name, content, code, words) in [
        ("csv = \"x\"", "x", Vec::new(), 2, &["x: is empty"][..]),
        ("csv = \"x\"", "x", b"a,a\n1,2\n".to_vec(), 2, &["names 'a' twice"]),
        ("csv = \"x\"", "x", b"a,b\n1,\"2\n3,4\n".to_vec(), 1, &["line 2", "never closed"]),
        ("csv = \"x\"", "x", b"\xff\xfea\0\n\0".to_vec(), 2, &["not valid UTF-8", "latin-1"]),
        ("csv = \"x.gz\"", "x.gz", gz(&"id,v\n1,a\n".repeat(9))[..20].to_vec(), 2, &["x.gz"]),
        ("csv = \"x.zst\"", "x.zst", b"plain text".to_vec(), 2, &["x.zst"]),
        ("json = \"x\"", "x", b"[{\"id\":1},".to_vec(), 2, &["x"]),
        ("json = \"x\"", "x", b"7".to_vec(), 2, &["x"]),
        ("parquet = \"x\"", "x", b"PAR1 and no more".to_vec(), 2, &["x: truncated, or not Parquet"]),
        ("parquet = \"x\"", "x", Vec::new(), 2, &["x: truncated, or not Parquet"]),
        (
            "sqlite = \"x\"\ntable = \"t\"",
            "x",
            b"plain text, and quite a lot of it".repeat(40),
            2,
            &["x", "not a database"],
        ),
        ("sqlite = \"x\"\ntable = \"t\"", "x", Vec::new(), 2, &["x", "no such table"]),
    ] {
        let place = place(source);
        place.write(name, content);
        fails(&place, code, words);
    }
}

#[test]
fn a_truncated_parquet_file_is_an_error() {
    let place = place("parquet = \"cut.parquet\"");
    place.write("x.csv", "id,v\n1,a\n2,b\n");
    place.write(
        "make.toml",
        "name = \"make\"\n[sources.x]\ncsv = \"x.csv\"\n[sinks.p]\nfrom = \"x\"\nparquet = \"whole.parquet\"\n",
    );
    place.nightloom(["run", "make.toml"]).expect_success();
    let bytes = std::fs::read(place.path("whole.parquet")).expect("a file");
    for length in [3, bytes.len() / 2, bytes.len() - 1] {
        place.write("cut.parquet", &bytes[..length]);
        fails(&place, 2, &["cut.parquet: truncated, or not Parquet"]);
    }
    // Damage in the middle, with a whole footer.
    let mut damaged = bytes.clone();
    damaged[4..40].fill(0xff);
    place.write("cut.parquet", damaged);
    fails(&place, 1, &["'rows'"]);
}

#[test]
fn a_column_of_the_wrong_type_is_told_when_only_the_values_can_tell() {
    let place = Place::new();
    place.write("x.csv", "id,v\n1,a\n");
    place.write(
        "p.toml",
        "name = \"t\"\n[sources.x]\ncsv = \"x.csv\"\n[stages.s]\noperator = \"sql\"\ninputs = { x = \"x\" }\n\
         params = { query = \"SELECT v + 1 AS w, nothing FROM x\" }\n[sinks.s]\nfrom = \"s\"\ncsv = \"rows.out\"\n",
    );
    fails(&place, 1, &["stage 's' failed", "nothing"]);
}

#[test]
fn files_that_match_nothing_are_told_before_any_work() {
    let place = place("files = \"exports/**/*.csv\"");
    for command in ["check", "plan", "run"] {
        let said = place.nightloom([command, "p.toml"]);
        assert!(said.code == Some(2) && said.stderr.contains("matches no file"), "{command}: {}", said.stderr);
    }
}

/// Links the rows of catalog.csv to products.csv; `types` are those of both sources.
fn linking(types: &str) -> String {
    format!(
        "name = \"linking\"\n[sources.catalog]\ncsv = \"catalog.csv\"\n{types}\n[sources.products]\ncsv = \"products.csv\"\n{types}\n\
         [stages.link]\noperator = \"link-products\"\ninputs = {{ catalog = \"catalog\", products = \"products\" }}\n\
         outputs = {{ links = \"links\" }}\n[sinks.links]\nfrom = \"links\"\ncsv = \"links.out\"\n"
    )
}

/// Writes two products and one catalog row that has the first one's code and nothing else of it.
fn write_codes(place: &Place, [first, second]: [&str; 2]) {
    let products = format!(
        "id,url,retailer,title,price,product_code\n1,https://r.example/1,r,Walnut Tray,19.50,{first}\n\
         2,https://r.example/2,r,Ash Bowl,20.00,{second}\n"
    );
    place.write("products.csv", products);
    let catalog = "id,catalog_url,retailer,title,price,product_code\n";
    place.write("catalog.csv", format!("{catalog}7,https://r.example/c/7,r,Garden Chair,80.00,{first}\n"));
}

/// What a run says that does not succeed, on one line.
fn refused(place: &Place) -> String {
    let finished = place.run(&[]);
    assert_ne!(finished.code, Some(0), "{}", finished.stdout);
    finished.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn codes_that_look_like_numbers_stay_codes_and_prices_that_do_not_are_read() {
    for codes in [["1e5", "100000"], ["007", "7"], ["1.50", "1.5"], ["+3", "3"], [" 12", "12"], ["4.0", "4"]] {
        let place = Place::new();
        place.write("p.toml", linking(""));
        write_codes(&place, codes);
        place.run(&[]).expect_success();
        let links = place.read("links.out");
        assert!(
            links.lines().count() == 2 && links.contains("7,1,r,https://r.example/1,0.9,product_code"),
            "{codes:?} {links}"
        );
    }
}

#[test]
fn types_that_do_not_fit_are_told_with_the_setting_that_mends_them() {
    let place = Place::new();
    place.write("p.toml", linking(""));
    write_codes(&place, ["4711", "4712"]);
    let told = refused(&place);
    let mend = "types = { product_code = \"text\" }";
    assert!(told.contains("'product_code' is integer, not text") && told.contains(mend), "{told}");
    place.write("p.toml", linking(mend));
    place.run(&[]).expect_success();
    assert!(place.read("links.out").contains("7,1,r,https://r.example/1,0.9,product_code"));
    // A price that is none is shown, and the mend sets its row aside.
    place.write(
        "catalog.csv",
        "id,catalog_url,retailer,title,price,product_code\n7,https://r.example/c/7,r,Tray,call us,4711\n",
    );
    let (told, mend) = (refused(&place), "types = { price = \"float\" }");
    assert!(told.contains("'price' is text, not float: it holds \"call us\"") && told.contains(mend), "{told}");
}

/// Products of two shops whose prices are spelled with all their digits, by an sql stage to an operator that wants numbers.
fn through_sql(price: &str) -> Place {
    let place = Place::new();
    place.write("old.csv", "id,catalog_url,title,price\n1,https://a.example/c/1,Oak Desk,400.00\n");
    place.write("new.csv", format!("id,url,title,price\n7,https://a.example/c/1,Oak Desk,{price}\n"));
    place.write(
        "p.toml",
        r#"
name = "prices"
[sources.old]
csv = "old.csv"
[sources.new]
csv = "new.csv"
[stages.catalog]
operator = "sql"
inputs = { t = "old" }
params = { query = "SELECT id, catalog_url, 'a' AS retailer, title, price FROM t" }
[stages.products]
operator = "sql"
inputs = { t = "new" }
params = { query = "SELECT id, url, 'a' AS retailer, title, price FROM t" }
[stages.link]
operator = "link-products"
inputs = { catalog = "catalog", products = "products" }
outputs = { links = "links" }
[sinks.links]
from = "links"
csv = "links.csv"
"#,
    );
    place
}

#[test]
fn numbers_that_are_texts_in_a_file_are_numbers_behind_an_sql_stage_too() {
    let place = through_sql("380.00");
    place.run(&[]).expect_success();
    let links = place.read("links.csv");
    assert!(links.lines().nth(1).is_some_and(|row| row.starts_with("1,7,")), "{links}");
    let refused = through_sql("on request").run(&[]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let words = "input 'products': the column 'price' is text, not float: it holds \"on request\"; cast it";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
}
