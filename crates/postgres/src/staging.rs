//! One write under way: a staging table, filled by COPY, and one statement that takes its rows.

use bytes::Bytes;

use super::{
    columns::Kind,
    encode::{self, Cells},
    error::{Error, Result},
    ledger,
    names::{qualified, quote},
    placing::staged_type,
    session::{CopyIn, Dialect, Session},
    sink::{Layout, Mode, TableSink, Target},
    statements::Statements,
    table::TableInfo,
    write::{Control, Counts, Rows, Work, lock},
};

/// A write under way, in a transaction that somebody else commits.
pub(crate) struct TableWrite<'a> {
    pub(crate) session: &'a Session,
    pub(crate) sink: &'a TableSink,
    pub(crate) layout: &'a Layout,
    /// Its place among the writes of the transaction.
    pub(crate) number: usize,
    pub(crate) control: &'a Control<'a>,
}

/// Bytes that are sent at once.
const CHUNK: usize = 1 << 18;

impl Work for TableSink {
    fn holds(&self, session: &Session, owner: &str, batch: &str) -> Result<bool> {
        ledger::holds(session, self, owner, batch)
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn table(&self) -> &str {
        &self.table
    }

    fn apply(&self, session: &Session, number: usize, rows: &dyn Rows, control: &Control<'_>) -> Result<Counts> {
        let layout = self.layout(session.place(), &rows.columns()?)?;
        TableWrite { session, sink: self, layout: &layout, number, control }.apply(rows)
    }
}

impl TableWrite<'_> {
    fn doing(&self) -> String {
        format!("cannot write table '{}'", self.sink.table)
    }

    pub(crate) fn apply(&self, rows: &dyn Rows) -> Result<Counts> {
        self.prepare_table()?;
        if self.sink.mode == Mode::Replace {
            // A table that was not there when the transaction began has come since.
            lock(self.session, &self.sink.table)?;
        }
        let Some(table) = TableInfo::load(self.session, &self.sink.table)? else {
            return Err(self.sink.wrong(self.session.place(), "was dropped while it was written", "run again"));
        };
        let staging = self.make_staging()?;
        let statements = Statements { sink: self.sink, layout: self.layout, table: &table, staging: &staging };
        let mut counts = Counts { rows: self.fill(&statements, rows)?, ..Counts::default() };
        (self.control.fail)("postgres-staged");
        self.take(&statements, &mut counts)?;
        let doing = "cannot take the staging table away";
        self.session.run(doing, &format!("DROP TABLE {staging}"))?;
        Ok(counts)
    }

    /// Makes the table, or adds what it lacks.
    fn prepare_table(&self) -> Result<()> {
        let (session, sink) = (self.session, self.sink);
        let mut table = TableInfo::load(session, &sink.table)?;
        let kind = |target: &Target| staged_type(target.kind.unwrap_or(Kind::Text));
        if let (None, Some(definition)) = (&table, &sink.definition) {
            let of_dataset = |name: &str| self.layout.all().find(|target| target.table == name).map(kind);
            session.run(&self.doing(), &definition.statement(&sink.table, &of_dataset))?;
            table = TableInfo::load(session, &sink.table)?;
        }
        let missing = sink.missing_columns(session.place(), self.layout, table.as_ref())?;
        let definition = |target: &&Target| format!("{} {}", quote(&target.table), kind(target));
        if table.is_some() {
            for target in &missing {
                let sql = format!("ALTER TABLE {} ADD COLUMN {}", qualified(&sink.table), definition(target));
                session.run(&self.doing(), &sql)?;
            }
            return Ok(());
        }
        let mut parts: Vec<_> = missing.iter().map(definition).collect();
        if !self.layout.keys.is_empty() {
            let keys: Vec<_> = self.layout.keys.iter().map(|key| quote(&key.table)).collect();
            parts.push(format!("PRIMARY KEY ({})", keys.join(", ")));
        }
        session.run(&self.doing(), &format!("CREATE TABLE {} ({})", qualified(&sink.table), parts.join(", ")))
    }

    /// Makes the staging table; its name, quoted.
    fn make_staging(&self) -> Result<String> {
        let columns = Statements::staging_columns(self.layout);
        let doing = "cannot make the staging table; the user needs the right TEMPORARY on the database";
        match self.session.dialect() {
            Dialect::Postgres => {
                let name = format!("pg_temp.{}", quote(&format!("_nightloom_staged_{}", self.number)));
                self.session.run(doing, &format!("CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP"))?;
                Ok(name)
            }
            // Temporary tables are an experiment there that is off; one of the run's own is dropped with the transaction.
            Dialect::Cockroach => {
                let name = quote(&format!("_nightloom_staged_{}_{}", std::process::id(), self.number));
                self.session.run(doing, &format!("CREATE TABLE {name} ({columns})"))?;
                Ok(name)
            }
        }
    }

    /// Fills the staging table; how many rows it has.
    fn fill(&self, statements: &Statements<'_>, rows: &dyn Rows) -> Result<u64> {
        let names: Vec<&str> = self.layout.all().map(|target| target.dataset.as_str()).collect();
        let check = |height: usize, columns: &[Box<dyn Cells + '_>]| self.check_keys(height, columns);
        copy_rows(self.session, &self.doing(), &statements.copy(), (rows, &names), &check, self.control)
    }

    /// Refuses an upsert whose key is null: it would be added again every night.
    fn check_keys(&self, height: usize, columns: &[Box<dyn Cells + '_>]) -> Result<()> {
        let keys = columns.iter().take(self.layout.keys.len());
        if self.sink.mode == Mode::Upsert && keys.clone().any(|key| (0..height).any(|row| key.is_null(row))) {
            let problem = "a row's key is null, so that it would be added again every night";
            let mend = "filter such rows in the stage, or expect not_null on the key";
            return Err(self.sink.wrong(self.session.place(), problem, mend));
        }
        Ok(())
    }

    /// Takes the staged rows into the table.
    fn take(&self, statements: &Statements<'_>, counts: &mut Counts) -> Result<()> {
        let session = self.session;
        let doing = self.doing();
        let change = |sql: &str| session.change(&doing, sql, &[]).map_err(|error| self.of_row(error));
        let count = |sql: &str| -> Result<u64> {
            let rows: i64 = session.one(&doing, sql, &[])?.get(0);
            Ok(u64::try_from(rows).unwrap_or_default())
        };
        match self.sink.mode {
            Mode::Replace => {
                change(&statements.delete())?;
                counts.left_out = counts.rows.saturating_sub(change(&statements.insert())?);
            }
            Mode::Append => counts.left_out = counts.rows.saturating_sub(change(&statements.insert())?),
            Mode::Upsert => {
                change(&statements.upsert())?;
                if statements.table.has_own_rules {
                    counts.left_out = count(&statements.not_taken())?;
                }
            }
            Mode::Update => {
                if session.dialect() == Dialect::Postgres {
                    session.run(&doing, &format!("ANALYZE {}", statements.staging))?;
                }
                counts.unmatched = count(&statements.unmatched())?;
                change(&statements.update())?;
                if statements.table.has_own_rules {
                    counts.left_out = count(&statements.not_taken())?.saturating_sub(counts.unmatched);
                }
            }
        }
        Ok(())
    }

    /// A row that the table's own rules refuse, or whose text does not spell what its column is, with the mend.
    fn of_row(&self, error: Error) -> Error {
        let Error::Refused { code, message, .. } = &error else { return error };
        let mend = match code.get(..2) {
            Some("23") => "let the stage's expectations say the same (unique, not_null), and mend the stage",
            Some("22") => "cast or mend the values in the stage: a text must spell what the column is",
            _ => return error,
        };
        self.sink.wrong(self.session.place(), format!("a row is refused: {message}"), mend)
    }
}

/// Looks at a batch before it is sent.
type Check<'c> = dyn Fn(usize, &[Box<dyn Cells + '_>]) -> Result<()> + 'c;

/// Sends the columns of these names by a COPY, each row with its number before them; how many rows there were. Each batch
/// is looked at by `check` first.
pub(crate) fn copy_rows(
    session: &Session,
    doing: &str,
    sql: &str,
    (rows, names): (&dyn Rows, &[&str]),
    check: &Check<'_>,
    control: &Control<'_>,
) -> Result<u64> {
    let mut copy: CopyIn<'_> = session.copy_in(doing, sql)?;
    let mut buffer = Vec::with_capacity(CHUNK + 4096);
    encode::begin(&mut buffer);
    let mut number = 0_i64;
    rows.each(names, &mut |height, columns| {
        check(height, columns)?;
        for row in 0..height {
            encode::row(number, row, columns, &mut buffer);
            number += 1;
            if buffer.len() >= CHUNK {
                let full = std::mem::replace(&mut buffer, Vec::with_capacity(CHUNK + 4096));
                copy.send(doing, Bytes::from(full))?;
            }
        }
        (control.fail)("postgres-batch");
        (control.step)(height)
    })?;
    encode::end(&mut buffer);
    copy.send(doing, Bytes::from(buffer))?;
    copy.finish(doing)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
