//! Detection of changes as a whole process, cold: a million products of 20 fields and 1 KB, 1 % of them changed, against the
//! stored state, beside DuckDB's full join of the two catalogs.
//!
//! ```text
//! cargo bench --bench catalog -- [--products 1000000] [--folder DIR] [--python PYTHON]
//! cargo bench --bench catalog -- --index 10000,100000,1000000 [--folder DIR]
//! ```
//! DuckDB is asked through Python, if it has the package duckdb. With `--index`, an index of so many products is synced and
//! searched instead.

#[path = "../linking/process.rs"]
#[allow(dead_code, reason = "medians are taken here")]
mod process;

mod index;

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use polars::prelude::{Column, DataFrame, ParquetCompression, ParquetWriter};
use process::measure;

/// Products made at a time.
const CHUNK: u64 = 50_000;
/// Runs of which the median is told.
const RUNS: usize = 5;
/// Text fields beside the id, the name, the price and the stock.
const TEXTS: u64 = 16;

const PEER: &str = "import duckdb, sys
duckdb.execute('SET threads = 2')
def table(path): return f\"read_json('{path}', format='newline_delimited')\" if path.endswith('json') else f\"'{path}'\"
a, b = map(table, sys.argv[1:3])
names = [row[0] for row in duckdb.sql(f'DESCRIBE SELECT * FROM {a}').fetchall() if row[0] != 'id']
differs = ' OR '.join(f'a.{n} IS DISTINCT FROM b.{n}' for n in names)
sql = f'SELECT count(*) FILTER (a.id IS NULL), count(*) FILTER (b.id IS NULL), count(*) FILTER (a.id IS NOT NULL AND b.id IS NOT NULL AND ({differs})) FROM {a} a FULL JOIN {b} b ON a.id = b.id'
print(duckdb.sql(sql).fetchall()[0])";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let products: u64 = argument("--products").and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder =
        argument("--folder").map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("catalog"), PathBuf::from);
    let python = argument("--python").unwrap_or_else(|| "python3".to_owned());
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if let Some(sizes) = argument("--index") {
        let size = |text: &str| text.parse::<u64>().map_err(|error| format!("--index {text}: {error}"));
        return sizes.split(',').try_for_each(|text| index::run(&folder, size(text)?));
    }
    for night in 0..2 {
        let made = folder.join(format!("night{night}-{products}.parquet"));
        if !made.exists() {
            make(&folder, night, products).map_err(|error| format!("making the catalogs: {error}"))?;
        }
    }
    let file = |night: u64, ending: &str| folder.join(format!("night{night}-{products}.{ending}"));
    let state = folder.join(format!("state-{products}.parquet"));
    detect(&folder, &file(0, "parquet"), &folder.join("none/*.parquet"), Some(&state))?;
    for ending in ["parquet", "ndjson"] {
        let ours = median(|| detect(&folder, &file(1, ending), &state, None))?;
        println!("{ending}: nightloom {:.2} s, {:.2} GiB", ours.0, ours.1);
        let peer = median(|| {
            let mut command = Command::new(&python);
            command.args(["-c", PEER]).arg(file(0, "parquet")).arg(file(1, ending));
            let ran = measure(&mut command, &folder.join("log"))?;
            Ok((ran.wall.as_secs_f64(), gibibytes(ran.peak)))
        });
        match peer {
            Ok(peer) => println!("{ending}: DuckDB {:.2} s, {:.2} GiB; {:.2} times", peer.0, peer.1, peer.0 / ours.0),
            Err(problem) => println!("{ending}: DuckDB was not asked: {problem}"),
        }
    }
    Ok(())
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

#[expect(clippy::cast_precision_loss, reason = "bytes as gibibytes")]
fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

/// The median time of several runs, with the memory of that run.
fn median(mut run: impl FnMut() -> Result<(f64, f64), String>) -> Result<(f64, f64), String> {
    let mut figures = (0..RUNS).map(|_| run()).collect::<Result<Vec<_>, _>>()?;
    figures.sort_by(|a, b| a.0.total_cmp(&b.0));
    figures.get(RUNS / 2).copied().ok_or_else(|| "no run".to_owned())
}

/// Runs the stage in a workspace of its own; the state is kept where it is asked for.
fn detect(folder: &Path, catalog: &Path, state: &Path, keep: Option<&Path>) -> Result<(f64, f64), String> {
    let workspace = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let sink = keep.map_or_else(String::new, |path| {
        format!(
            "[stages.kept]\noperator = \"sql\"\ninputs = {{ products = \"changes.products\" }}\nparams = {{ query = \"SELECT namespace, id, \
             digest_a, digest_b, hash_version, content_hash, content_hash AS index_hash, content_hash AS text_hash, fields, digests FROM \
             products\" }}\n[sinks.state]\nfrom = \"kept\"\nparquet = {path:?}\n"
        )
    });
    let pipeline = workspace.path().join("p.toml");
    let text = format!(
        "name = \"detect\"\n[sources.catalog]\nfiles = {catalog:?}\n[sources.state]\nfiles = {state:?}\nmissing = \"empty\"\n\
         [stages.changes]\noperator = \"diff-catalog\"\ninputs = {{ catalog = \"catalog\", state = \"state\" }}\n{sink}"
    );
    fs::write(&pipeline, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
    command.arg("run").arg(&pipeline).arg("--workspace").arg(workspace.path());
    let ran = measure(&mut command, &folder.join("log"))?;
    Ok((ran.wall.as_secs_f64(), gibibytes(ran.peak)))
}

/// Writes a night's catalog as Parquet and as NDJSON.
fn make(folder: &Path, night: u64, products: u64) -> Result<(), Box<dyn std::error::Error>> {
    let path = |ending: &str| folder.join(format!("night{night}-{products}.{ending}"));
    let mut lines = BufWriter::new(File::create(path("ndjson"))?);
    let mut writer = None;
    for first in (0..products).step_by(CHUNK as usize) {
        let ids: Vec<u64> = (first..products.min(first + CHUNK)).collect();
        let frame = frame(&ids, night)?;
        for id in &ids {
            write_line(&mut lines, *id, night)?;
        }
        let writer = match &mut writer {
            Some(writer) => writer,
            none => none.insert(
                ParquetWriter::new(File::create(path("parquet"))?)
                    .with_compression(ParquetCompression::Snappy)
                    .batched(frame.schema())?,
            ),
        };
        writer.write_batch(&frame)?;
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    lines.flush()?;
    Ok(())
}

/// Of a hundred products one has another price the second night.
fn price(id: u64, night: u64) -> f64 {
    let cents = 100 + id.wrapping_mul(7_919) % 90_000 + if night > 0 && id % 100 == 7 { 1 } else { 0 };
    cents as f64 / 100.0
}

/// A text of about sixty letters that no two products share.
fn text(id: u64, field: u64) -> String {
    let mut state = (id * 31 + field).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = String::with_capacity(64);
    for _ in 0..7 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.push_str(&format!("{:08x} ", state >> 32));
    }
    out.truncate(58);
    out
}

fn frame(ids: &[u64], night: u64) -> polars::prelude::PolarsResult<DataFrame> {
    let mut columns = vec![
        Column::new("id".into(), ids.iter().map(|id| format!("P{id:08}")).collect::<Vec<_>>()),
        Column::new("name".into(), ids.iter().map(|id| format!("Product {id}")).collect::<Vec<_>>()),
        Column::new("price".into(), ids.iter().map(|id| price(*id, night)).collect::<Vec<_>>()),
        Column::new("stock".into(), ids.iter().map(|id| (id % 50) as i64).collect::<Vec<_>>()),
    ];
    for field in 0..TEXTS {
        let texts: Vec<String> = ids.iter().map(|id| text(*id, field)).collect();
        columns.push(Column::new(format!("field{field}").into(), texts));
    }
    DataFrame::new(ids.len(), columns)
}

fn write_line(lines: &mut impl Write, id: u64, night: u64) -> std::io::Result<()> {
    write!(
        lines,
        "{{\"id\":\"P{id:08}\",\"name\":\"Product {id}\",\"price\":{:?},\"stock\":{}",
        price(id, night),
        id % 50
    )?;
    for field in 0..TEXTS {
        write!(lines, ",\"field{field}\":\"{}\"", text(id, field))?;
    }
    writeln!(lines, "}}")
}
