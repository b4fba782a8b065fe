#!/usr/bin/env bash
# price-parser 0.5.1 (PyPI).
# Expected: "1.299" may be a thousand or a litre of fuel, but "0.999" and "0,125" (a price by the gram, by the kilowatt hour) cannot
#   be: no thousands are written after a zero.
# Guess before: "1.299" is 1.299 and "1,299" is 1299.
# Seen: three digits after the only mark are taken for thousands whatever stands before: "1.299" is 1299, and "0.999" is 999, "0,125 €"
#   is 125. With two or four digits it is a decimal mark: "0.99", "0.1234". The currency does not count, though dinars have
#   three decimals: "1.299 KWD" is 1299. `decimal_separator="."` helps, where it is known; it reads "1,299" as 1299 then.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: price-parser==0.5.1 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys
from price_parser import Price

described = {
    ("0.999", None): "999",
    ("0,125 €", None): "125",
    ("1.299", None): "1299",
    ("1,299", None): "1299",
    ("1.299 KWD", None): "1299",
    ("0.99", None): "0.99",
    ("0.1234", None): "0.1234",
    ("0.999", "."): "0.999",
    ("0,125 €", ","): "0.125",
    ("1,299", "."): "1299",
}
seen = {(text, mark): str(Price.fromstring(text, decimal_separator=mark).amount) for text, mark in described}
for (text, mark), amount in seen.items():
    print(f"{text!r}{'' if mark is None else f', decimal_separator={mark!r}'}: {amount}")
sys.exit(0 if seen == described else 1)
PY
