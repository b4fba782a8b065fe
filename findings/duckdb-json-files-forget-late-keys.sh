#!/usr/bin/env bash
# duckdb 2.0.1 and polars 2.1.0 (PyPI).
# Expected: NDJSON files of a few lines each, read by one pattern: a key that only the newest file has becomes a column, since
#   all of it is far less than the sample of 20,480 lines; or the reader refuses a key it does not know, as with CSV.
# Guess before: the column is there in DuckDB; in Polars a key first seen after line 100 of a file is dropped.
# Seen: DuckDB samples 32 files (`maximum_sample_files`): of 33 files with a line each, a key of the last is dropped without a word,
#   and of 32 it is a column. `SELECT *` has no such column, and a count of rows is right. `union_by_name = true` or
#   `maximum_sample_files = -1` find it. In one large file it is the same from line 20,481 on. Polars' scan_ndjson looks into the
#   first file alone: of two files with a line each the key of the second is dropped. So a field that a shop's interface adds one
#   night (refunds, a discount) is not seen where files are sorted by date.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: duckdb==2.0.1 polars==2.1.0 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import json, os, sys
import duckdb, polars as pl

def nights(count):
    """Files of one order each, of which the last has a key of its own."""
    os.mkdir(f"of{count}")
    for night in range(count):
        order = {"order": night} | ({"refund": 4} if night == count - 1 else {})
        with open(f"of{count}/{night:02}.ndjson", "w") as file:
            file.write(json.dumps(order) + "\n")
    return f"of{count}/*.ndjson"

def by_duckdb(source, options=""):
    read = duckdb.sql(f"FROM read_json('{source}'{options})")
    return read.columns, read.aggregate("count(*)").fetchall()[0][0]

def one_file(lines):
    with open(f"{lines}.ndjson", "w") as file:
        file.writelines(json.dumps({"order": line} | ({"refund": 4} if line == lines - 1 else {})) + "\n" for line in range(lines))
    return f"{lines}.ndjson"

of33, of32, of2 = nights(33), nights(32), nights(2)
polars = pl.scan_ndjson(of2).collect()
seen = {
    "DuckDB, 33 files": by_duckdb(of33),
    "DuckDB, 32 files": by_duckdb(of32),
    "DuckDB, 33 files, union_by_name": by_duckdb(of33, ", union_by_name = true"),
    "DuckDB, 33 files, maximum_sample_files = -1": by_duckdb(of33, ", maximum_sample_files = -1"),
    "DuckDB, a file of 20,480 lines": by_duckdb(one_file(20480)),
    "DuckDB, a file of 30,000 lines": by_duckdb(one_file(30000)),
    "Polars, 2 files": (polars.columns, polars.height),
}
for what, value in seen.items():
    print(f"{what}: {value}")
lost, found = ["order"], ["order", "refund"]
described = [(lost, 33), (found, 32), (found, 33), (found, 33), (found, 20480), (lost, 30000), (lost, 2)]
sys.exit(0 if list(seen.values()) == described else 1)
PY
