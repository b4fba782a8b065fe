#!/usr/bin/env bash
# sqlglot 30.30.0 and duckdb 2.0.1 (PyPI).
# Expected: a query transpiled from PostgreSQL, where 7 / 2 of whole numbers is 3, to DuckDB, where it is 3.5, becomes 7 // 2, since
#   sqlglot knows which dialects divide by type: it writes a cast the other way round, and from MySQL to PostgreSQL.
# Guess before: rewritten to //.
# Seen: `7 / 2` and `a / b` stay as they are, and DuckDB answers 3.5. Only where a cast in the query itself says that both sides are whole
#   the quotient is cut to 3. The other way, from DuckDB to PostgreSQL, the cast is written without knowing any type, and the
#   value is kept. Averages, pages and packs per pallet change by a fraction and no error tells.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: sqlglot==30.30.0 duckdb==2.0.1 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys
import duckdb, sqlglot

def told(query, read, write):
    return sqlglot.transpile(query, read=read, write=write)[0]

literals = told("SELECT 7 / 2", "postgres", "duckdb")
columns = told("SELECT a / b FROM packs", "postgres", "duckdb")
cast = told("SELECT CAST(a AS INT) / CAST(b AS INT) FROM packs", "postgres", "duckdb")
duckdb.sql("CREATE TABLE packs AS SELECT 7 AS a, 2 AS b")
seen = {
    "PostgreSQL to DuckDB": (literals, duckdb.sql(literals).fetchall()),
    "PostgreSQL to DuckDB, columns": (columns, duckdb.sql(columns).fetchall()),
    "PostgreSQL to DuckDB, cast columns": duckdb.sql(cast).fetchall(),
    "DuckDB to PostgreSQL": told("SELECT a / b FROM packs", "duckdb", "postgres"),
}
for what, value in seen.items():
    print(f"{what}: {value}")
described = [
    ("SELECT 7 / 2", [(3.5,)]),
    ("SELECT a / b FROM packs", [(3.5,)]),
    [(3,)],
    "SELECT CAST(a AS DOUBLE PRECISION) / b FROM packs",
]
sys.exit(0 if list(seen.values()) == described else 1)
PY
