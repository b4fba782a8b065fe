#!/usr/bin/env bash
# polars 2.1.0 (PyPI), with sqlite3 of Python.
# Expected: a price column whose first hundred values are whole (5) and whose next are 19.99 and 0.99 is read as floats, or refused
#   as a column that changes its type, as Polars refuses a text there, and as it refuses the same values given as one list.
# Guess before: an error.
# Seen: `read_database` on a DB-API connection, `DataFrame(tuples, orient="row")` and `DataFrame(dicts)` take the type of the first 100
#   rows (`infer_schema_length`), Int64, and cut what comes later: 19.99 is 19, 0.99 is 0, without error or warning, though `strict`
#   is true. SQLite makes it likely: a column DECIMAL(10,2) stores 5.00 as the integer 5. So does JSON of an interface that writes
#   5 for 5.00. With 99 whole prices before them, or `infer_schema_length=None`, they are right.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: polars==2.1.0 || exit 2
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PY'
import sqlite3, sys
import polars as pl

def prices(whole):
    return [5.0] * whole + [19.99, 0.99]

def stored(whole):
    shop = sqlite3.connect(":memory:")
    shop.execute("CREATE TABLE products (id INTEGER PRIMARY KEY, price DECIMAL(10,2) NOT NULL)")
    shop.executemany("INSERT INTO products (price) VALUES (?)", [(price,) for price in prices(whole)])
    return shop

def read(shop, **options):
    return pl.read_database("SELECT price FROM products ORDER BY id", shop, **options)["price"]

def last(series):
    return str(series.dtype), series.to_list()[-3:]

numbers = [5] * 100 + [19.99, 0.99]
seen = {
    "read_database, 100 whole prices first": last(read(stored(100))),
    "read_database, 99 whole prices first": last(read(stored(99))),
    "read_database, infer_schema_length=None": last(read(stored(100), infer_schema_length=None)),
    "sum in SQLite": round(stored(100).execute("SELECT SUM(price) FROM products").fetchone()[0], 2),
    "sum in Polars": read(stored(100)).sum(),
    "tuples": last(pl.DataFrame([(number,) for number in numbers], schema=["price"], orient="row")["price"]),
    "dicts": last(pl.DataFrame([{"price": number} for number in numbers])["price"]),
}
try:
    seen["one list"] = last(pl.DataFrame({"price": numbers})["price"])
except TypeError:
    seen["one list"] = "refused"
try:
    seen["a text in place of 19.99"] = last(pl.DataFrame([(number,) for number in [5] * 100 + ["abc"]], schema=["price"], orient="row")["price"])
except pl.exceptions.ComputeError:
    seen["a text in place of 19.99"] = "refused"
for what, value in seen.items():
    print(f"{what}: {value}")
cut, right = ("Int64", [5, 19, 0]), ("Float64", [5.0, 19.99, 0.99])
sys.exit(0 if list(seen.values()) == [cut, right, right, 520.98, 519, cut, cut, "refused", "refused"] else 1)
PY
