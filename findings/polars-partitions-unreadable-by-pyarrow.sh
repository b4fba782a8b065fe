#!/usr/bin/env bash
# polars 2.1.0 and pyarrow 26.0.1 (PyPI).
# Expected: a folder of Parquet files that Polars partitions by a text (shop=north/…) is read by pyarrow, as folders of
#   pyarrow are by Polars.
# Guess before: each reads what the other wrote.
# Seen: `write_parquet(pl.PartitionBy(folder, key="shop"))` keeps the column in the files as well as in the paths; pyarrow's read_table
#   refuses the folder: large_string in the file and a dictionary from the path do not merge. With a whole number as key it is
#   int64 against int32, and refused too. Polars and DuckDB take the path's. `include_key=False` makes folders that all of
#   them read, and `partitioning=None` reads the others, by the column in the files.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: polars==2.1.0 pyarrow==26.0.1 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys
import polars as pl, pyarrow as pa, pyarrow.parquet as pq

orders = pl.DataFrame({"shop": ["north", "south"], "number": [7, 12], "total": [5, 6]})

def written(name, key, **options):
    orders.write_parquet(pl.PartitionBy(name, key=key, **options), mkdir=True)
    return name

def by_pyarrow(folder, **options):
    try:
        table = pq.read_table(folder, **options)
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        return f"refused: {type(error).__name__}"
    return sorted(str(value) for value in table["shop"].to_pylist())

seen = {
    "pyarrow, a text as key": by_pyarrow(written("text", "shop")),
    "pyarrow, a whole number as key": by_pyarrow(written("number", "number")),
    "pyarrow, include_key=False": by_pyarrow(written("apart", "shop", include_key=False)),
    "pyarrow, partitioning=None": by_pyarrow("text", partitioning=None),
    "Polars, a text as key": sorted(pl.scan_parquet("text/").collect()["shop"]),
}
for what, value in seen.items():
    print(f"{what}: {value}")
refused, read = "refused: ArrowTypeError", ["north", "south"]
sys.exit(0 if list(seen.values()) == [refused, refused, read, read, read] else 1)
PY
