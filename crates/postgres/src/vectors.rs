//! An index of products in a table of PostgreSQL with the extension vector: operations in, rows that can be searched out.
//!
//! The table is its own state: what it confirmed of a product stands in the product's row, and the view `state` beside it
//! gives that to the next comparison. An operation that cannot be carried out leaves its row as it was, so it stays owed.

use super::{
    columns::Kind,
    error::{Error, Result},
    ledger::{self, Held},
    names::{literal, qualified, quote},
    placing::staged_type,
    session::{Dialect, Session},
    sink::Mode,
    staging::copy_rows,
    table::{TableInfo, may_create},
    write::{Control, Counts, Rows, Work},
};

/// The columns of the operations, with the types they are staged in. The first is what is done: `upsert` or `delete`.
pub const OPERATION_COLUMNS: &[(&str, Kind)] = &[
    ("operation", Kind::Text),
    ("namespace", Kind::Text),
    ("id", Kind::Text),
    ("title", Kind::Text),
    ("text", Kind::Text),
    ("content_hash", Kind::Text),
    ("index_hash", Kind::Text),
    ("text_hash", Kind::Text),
    ("digest_a", Kind::Int),
    ("digest_b", Kind::Int),
    ("hash_version", Kind::Int),
    ("fields", Kind::Text),
    ("digests", Kind::Bytes),
    ("vector", Kind::Floats),
];

/// Vectors longer than this have no index that is searched by graph (pgvector's limit for `vector`).
const MOST_INDEXED: usize = 2000;

/// An index and the columns by which its products are filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorSink {
    /// The table.
    pub table: String,
    /// Columns of the dataset beside those of [`OPERATION_COLUMNS`].
    pub metadata: Vec<String>,
}

impl VectorSink {
    fn wrong(&self, place: &str, problem: impl Into<String>, mend: impl Into<String>) -> Error {
        let (place, table) = (place.to_owned(), self.table.clone());
        Error::Table { place, table, problem: problem.into(), mend: mend.into() }
    }

    fn doing(&self) -> String {
        format!("cannot write the index '{}'", self.table)
    }

    /// Checks before any work that the server has the extension, or may be given it, and that a table of that name is an
    /// index.
    ///
    /// # Errors
    /// The first thing found wrong, with the mend.
    pub fn check(&self, session: &Session) -> Result<()> {
        let sql = "SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector')";
        if !session.one("cannot ask for extensions", sql, &[])?.get::<_, bool>(0) {
            let mend = "install pgvector on the server, or write a search index of SQLite with 'index'";
            return Err(self.wrong(session.place(), "the server has no extension 'vector'", mend));
        }
        match TableInfo::load(session, &self.table)? {
            None if !may_create(session, &self.table)? => Err(self.wrong(
                session.place(),
                "is missing, and the user may not make it",
                "run GRANT CREATE ON SCHEMA …",
            )),
            Some(table) if table.column("index_hash").is_none() || table.column("vector").is_none() => {
                Err(self.wrong(session.place(), "is there, and is no index", "give the index a table of its own"))
            }
            _ => Ok(()),
        }
    }

    /// The columns with the kinds that the dataset gives them.
    fn columns(&self, rows: &dyn Rows) -> Result<Vec<(String, Kind)>> {
        let given = rows.columns()?;
        let kind = |name: &str| given.iter().find(|column| column.name == name).and_then(|column| column.kind);
        let fixed = OPERATION_COLUMNS.iter().map(|(name, kind)| ((*name).to_owned(), *kind));
        Ok(fixed.chain(self.metadata.iter().map(|name| (name.clone(), kind(name).unwrap_or(Kind::Text)))).collect())
    }

    /// Makes the extension, the table and the view of its state, where they are missing.
    fn prepare(&self, session: &Session, columns: &[(String, Kind)]) -> Result<()> {
        let doing = "cannot make the extension 'vector'; let an administrator run CREATE EXTENSION vector";
        session.run(doing, "CREATE EXTENSION IF NOT EXISTS vector")?;
        let table = qualified(&self.table);
        let there = TableInfo::load(session, &self.table)?;
        let stored = columns.iter().skip(1);
        let definition = |(name, kind): &(String, Kind)| match name.as_str() {
            "vector" => "vector vector".to_owned(),
            name => format!("{} {}", quote(name), staged_type(*kind)),
        };
        let Some(there) = there else {
            let columns: Vec<_> = stored.map(definition).collect();
            let sql = format!("CREATE TABLE {table} ({}, PRIMARY KEY (namespace, id))", columns.join(", "));
            session.run(&self.doing(), &sql)?;
            let state = "SELECT namespace, id, digest_a, digest_b, hash_version, content_hash, index_hash, text_hash, fields, \
                         upper(encode(digests, 'hex')) AS digests";
            return session.run(&self.doing(), &format!("CREATE VIEW {} AS {state} FROM {table}", self.state_view()));
        };
        for column in stored.filter(|(name, _)| there.column(name).is_none()) {
            session.run(&self.doing(), &format!("ALTER TABLE {table} ADD COLUMN {}", definition(column)))?;
        }
        Ok(())
    }

    /// The view beside the table that gives what it confirmed.
    fn state_view(&self) -> String {
        match self.table.split_once('.') {
            Some((schema, name)) => format!("{}.{}", quote(schema), quote(&format!("{name}_state"))),
            None => quote(&format!("{}_state", self.table)),
        }
    }

    /// Gives the column of vectors its length when the first come, and an index; refuses those of another embedder.
    fn measure(&self, session: &Session, staging: &str) -> Result<()> {
        let sql = format!("SELECT array_length(vector, 1) FROM {staging} WHERE vector IS NOT NULL ORDER BY n LIMIT 1");
        let Some(given) = session.rows(&self.doing(), &sql, &[])?.first().and_then(|row| row.get::<_, Option<i32>>(0))
        else {
            return Ok(());
        };
        let sql = format!(
            "SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass({}) AND attname = 'vector'",
            literal(&qualified(&self.table))
        );
        let there: i32 = session.one(&self.doing(), &sql, &[])?.get(0);
        if there > 0 && there != given {
            let problem = format!("its vectors have {there} numbers, those to be written {given}");
            let mend = "embed as before, or make a new index with a full sync into another table";
            return Err(self.wrong(session.place(), problem, mend));
        }
        if there > 0 {
            return Ok(());
        }
        let table = qualified(&self.table);
        session.run(&self.doing(), &format!("ALTER TABLE {table} ALTER COLUMN vector TYPE vector({given})"))?;
        if usize::try_from(given).is_ok_and(|given| given <= MOST_INDEXED) {
            session.run(&self.doing(), &format!("CREATE INDEX ON {table} USING hnsw (vector vector_cosine_ops)"))?;
        }
        Ok(())
    }

    /// Takes the staged operations into the table.
    fn take(&self, session: &Session, staging: &str, columns: &[(String, Kind)]) -> Result<Counts> {
        let doing = self.doing();
        let table = qualified(&self.table);
        let count = |what: &str| -> Result<u64> {
            let sql = format!("SELECT count(*) FROM {staging} AS s WHERE {what}");
            let rows: i64 = session.one(&doing, &sql, &[])?.get(0);
            Ok(u64::try_from(rows).unwrap_or_default())
        };
        // A vector of nothing but zeroes has no direction, and one with a number that is none no place.
        let is_bad = "(s.vector IS NOT NULL AND (array_position(s.vector, NULL) IS NOT NULL OR 'NaN' = ANY (s.vector) \
                      OR 'Infinity' = ANY (s.vector) OR '-Infinity' = ANY (s.vector) OR NOT 0 <> ANY (s.vector) \
                      OR array_length(s.vector, 1) <> (SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass(";
        let is_bad = format!("{is_bad}{}) AND attname = 'vector')))", literal(&table));
        let gone = format!(
            "DELETE FROM {table} AS t USING {staging} AS s WHERE s.operation = 'delete' AND t.namespace = s.namespace AND t.id = s.id"
        );
        let deleted = session.change(&doing, &gone, &[])?;
        let written = session.change(&doing, &self.upsert(staging, columns, &is_bad), &[])?;
        let failed = count(&format!("s.operation <> 'delete' AND {is_bad}"))?;
        let rows = count("TRUE")?;
        Ok(Counts { rows, unmatched: 0, left_out: rows.saturating_sub(deleted + written + failed), failed })
    }

    /// Writes what the index has otherwise. Without a new vector the one that is there stays, if it is of the same text.
    fn upsert(&self, staging: &str, columns: &[(String, Kind)], is_bad: &str) -> String {
        let stored = || columns.iter().skip(1).map(|(name, _)| name.as_str());
        let names: Vec<_> = stored().map(quote).collect();
        let value = |name: &str| match name {
            "vector" => "s.vector::vector".to_owned(),
            name => format!("s.{}", quote(name)),
        };
        let set = |name: &str| match name {
            "vector" => "vector = CASE WHEN excluded.vector IS NOT NULL THEN excluded.vector \
                         WHEN t.text_hash = excluded.text_hash THEN t.vector END"
                .to_owned(),
            name => format!("{0} = excluded.{0}", quote(name)),
        };
        let sets: Vec<_> = stored().filter(|name| !matches!(*name, "namespace" | "id")).map(set).collect();
        let compared = "index_hash, {t}.digest_a, {t}.digest_b, {t}.hash_version";
        let of = |name: &str| format!("({name}.{})", compared.replace("{t}", name));
        format!(
            "INSERT INTO {} AS t ({}) SELECT {} FROM {staging} AS s WHERE s.operation = 'upsert' AND NOT {is_bad} \
             ON CONFLICT (namespace, id) DO UPDATE SET {} WHERE {} IS DISTINCT FROM {}",
            qualified(&self.table),
            names.join(", "),
            stored().map(value).collect::<Vec<_>>().join(", "),
            sets.join(", "),
            of("t"),
            of("excluded")
        )
    }
}

impl Work for VectorSink {
    fn holds(&self, session: &Session, owner: &str, batch: &str) -> Result<bool> {
        Ok(ledger::held(session, &self.table, owner, batch)? != Held::No)
    }

    fn mode(&self) -> Mode {
        Mode::Update
    }

    fn table(&self) -> &str {
        &self.table
    }

    fn apply(&self, session: &Session, number: usize, rows: &dyn Rows, control: &Control<'_>) -> Result<Counts> {
        let doing = self.doing();
        if session.dialect() == Dialect::Cockroach {
            return Err(self.wrong(
                session.place(),
                "CockroachDB has no extension 'vector'",
                "name a PostgreSQL server",
            ));
        }
        let columns = self.columns(rows)?;
        self.prepare(session, &columns)?;
        let staging = format!("pg_temp.{}", quote(&format!("_nightloom_operations_{number}")));
        let defined: Vec<_> =
            columns.iter().map(|(name, kind)| format!("{} {}", quote(name), staged_type(*kind))).collect();
        let sql = format!("CREATE TEMPORARY TABLE {staging} (n bigint, {}) ON COMMIT DROP", defined.join(", "));
        session.run(&doing, &sql)?;
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let quoted: Vec<_> = names.iter().map(|name| quote(name)).collect();
        let copy = format!("COPY {staging} (n, {}) FROM STDIN (FORMAT binary)", quoted.join(", "));
        copy_rows(session, &doing, &copy, (rows, &names), &|_, _| Ok(()), control)?;
        (control.fail)("postgres-staged");
        self.measure(session, &staging)?;
        let counts = self.take(session, &staging, &columns)?;
        session.run(&doing, &format!("DROP TABLE {staging}"))?;
        Ok(counts)
    }
}
