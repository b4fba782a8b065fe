#!/usr/bin/env bash
# deltalake 1.6.6 with pyarrow 26.0.1 (PyPI).
# Expected: an append whose column has another type than the table's is refused, as a decimal of another scale is, an integer out of
#   range, and a text that is no number: writers of Delta tables enforce the schema.
# Seen: floats and decimals appended to a column of whole numbers are cut without a word: 1.75 is 1, -1.75 is -1, Decimal 19.99 is 19.
#   So it is with mode="append", with schema_mode="merge", and in MERGE. A table that was created on a night when all prices were
#   whole loses the cents of every night after. NaN, which has no whole part, is refused, and so is Decimal(10,3) for Decimal(10,2).
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: deltalake==1.6.6 pyarrow==26.0.1 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys, tempfile
from decimal import Decimal
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

def table(values, kind):
    return pa.table({"id": list(range(len(values))), "price": pa.array(values, kind)})

def prices(path):
    rows = DeltaTable(path).to_pyarrow_table().sort_by("price")["price"]
    return [str(rows.type)] + rows.to_pylist()

def appended(first, then, **options):
    path = tempfile.mkdtemp(dir=".")
    write_deltalake(path, first)
    try:
        write_deltalake(path, then, mode="append", **options)
    except Exception:  # its errors have no common type
        assert prices(path)[1:] == first["price"].to_pylist(), "a refused append left rows"
        return "refused"
    return prices(path)

def merged():
    path = tempfile.mkdtemp(dir=".")
    write_deltalake(path, table([5], pa.int64()))
    merge = DeltaTable(path).merge(table([7.5, 2.5], pa.float64()), "new.id = old.id", source_alias="new", target_alias="old")
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
    return prices(path)

whole, cents = table([5], pa.int64()), table([Decimal("5.00")], pa.decimal128(10, 2))
floats = table([1.75, -1.75, 19.99], pa.float64())
seen = {
    "floats to int64": appended(whole, floats),
    "floats to int64, schema_mode=merge": appended(whole, floats, schema_mode="merge"),
    "decimal(10,2) to int64": appended(whole, table([Decimal("19.99")], pa.decimal128(10, 2))),
    "MERGE of floats into int64": merged(),
    "NaN to int64": appended(whole, table([float("nan")], pa.float64())),
    "2^40 to int32": appended(table([5], pa.int32()), table([2**40], pa.int64())),
    "'abc' to int64": appended(whole, table(["abc"], pa.string())),
    "decimal(10,3) to decimal(10,2)": appended(cents, table([Decimal("1.125")], pa.decimal128(10, 3))),
}
for what, value in seen.items():
    print(f"{what}: {value}")
described = [["int64", -1, 1, 5, 19]] * 2 + [["int64", 5, 19], ["int64", 2, 7]] + ["refused"] * 4
sys.exit(0 if list(seen.values()) == described else 1)
PY
