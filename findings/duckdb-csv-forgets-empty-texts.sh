#!/usr/bin/env bash
# duckdb 2.0.1 and polars 2.1.0 (PyPI).
# Expected: an empty text and NULL, which DuckDB's COPY writes differently on purpose (`""` and nothing), are an empty text
#   and NULL again where DuckDB reads its own file.
# Guess before: they stay apart, in both.
# Seen: DuckDB reads both as NULL, by read_csv and by COPY into a table, even one whose column is NOT NULL, which then refuses its own
#   export. `allow_quoted_nulls = false` keeps them apart. Polars writes the same bytes and keeps them apart, so the two engines give
#   different answers on one file: `WHERE vendor = ''` finds nothing in DuckDB.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: duckdb==2.0.1 polars==2.1.0 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys
import duckdb, polars as pl

db = duckdb.connect()
db.sql("CREATE TABLE products (id INTEGER, vendor VARCHAR); INSERT INTO products VALUES (1, ''), (2, NULL), (3, 'Acme')")
db.sql("COPY products TO 'duckdb.csv'")
pl.DataFrame({"id": [1, 2, 3], "vendor": ["", None, "Acme"]}).write_csv("polars.csv")
db.sql("CREATE TABLE named (id INTEGER, vendor VARCHAR NOT NULL); INSERT INTO named VALUES (1, '')")
db.sql("COPY named TO 'named.csv'")
try:
    db.sql("COPY named FROM 'named.csv'")
    into_not_null = "taken"
except duckdb.ConstraintException:
    into_not_null = "refused"
seen = {
    "bytes by DuckDB": open("duckdb.csv").read(),
    "bytes by Polars": open("polars.csv").read(),
    "DuckDB of DuckDB's": db.sql("FROM 'duckdb.csv'").fetchall(),
    "DuckDB of DuckDB's, allow_quoted_nulls = false": db.sql("FROM read_csv('duckdb.csv', allow_quoted_nulls = false)").fetchall(),
    "Polars of DuckDB's": pl.read_csv("duckdb.csv").rows(),
    "DuckDB's COPY of its own export into NOT NULL": into_not_null,
}
for what, value in seen.items():
    print(f"{what}: {value!r}")
text, apart = 'id,vendor\n1,""\n2,\n3,Acme\n', [(1, ""), (2, None), (3, "Acme")]
described = [text, text, [(1, None), (2, None), (3, "Acme")], apart, apart, "refused"]
sys.exit(0 if list(seen.values()) == described else 1)
PY
