#!/usr/bin/env bash
# polars 2.1.0 (PyPI).
# Expected: a Decimal(10,2) price times a Decimal(10,2) rate has four decimals, as in SQL engines and Arrow, and is the same whether
#   it is written as an expression or in Polars' SQL.
# Guess before: scale 4, 1.15 * 0.15 is 0.1725.
# Seen: as an expression the product has the larger of the two scales, and is rounded to it, halves to even: 1.15 * 0.15 is 0.17,
#   0.05 * 0.50 is 0.02, and 3.33 * Decimal("0.19") is 0.63. In Polars' SQL the same product has the sum of the scales: 0.1725,
#   0.0250, 0.6327. So a tax by the line differs from the tax of the total by cents, and a query differs from the expression that it
#   was rewritten to. A cast of one factor to Decimal(scale=4) first gives 0.1725.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: polars==2.1.0 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys
from decimal import Decimal
import polars as pl

def decimals(*texts):
    return pl.Series(texts).cast(pl.Decimal(10, 2))

lines = pl.DataFrame({"price": decimals("1.15", "0.05", "3.33"), "rate": decimals("0.15", "0.50", "0.19")})

def shown(frame):
    column = frame.to_series()
    return column.dtype.scale, [str(value) for value in column]

seen = {
    "expression": shown(lines.select(pl.col("price") * pl.col("rate"))),
    "SQL": shown(pl.SQLContext(lines=lines, eager=True).execute("SELECT price * rate FROM lines")),
    "expression, a literal": shown(lines.select(pl.col("price") * Decimal("0.19"))),
    "SQL, a literal": shown(pl.SQLContext(lines=lines, eager=True).execute("SELECT price * 0.19 FROM lines")),
    "expression, one factor of scale 4": shown(lines.select(pl.col("price") * pl.col("rate").cast(pl.Decimal(10, 4)))),
}
for what, value in seen.items():
    print(f"{what}: {value}")
exact = (4, ["0.1725", "0.0250", "0.6327"])
described = [
    (2, ["0.17", "0.02", "0.63"]),
    exact,
    (2, ["0.22", "0.01", "0.63"]),
    (4, ["0.2185", "0.0095", "0.6327"]),
    exact,
]
sys.exit(0 if list(seen.values()) == described else 1)
PY
