#!/usr/bin/env bash
# usearch 2.26.6 with numpy 2.4.6 (PyPI).
# Expected: an index of dtype="i8" with metric="l2sq" or "ip" keeps vectors of small whole numbers (counts from 0 to 100, which fit a
#   byte as they are) and finds the nearest one, exactly or nearly so.
# Guess before: distances are about right.
# Seen: each vector is scaled to one length before it is rounded to bytes, for every metric. [10, 0, 0, 0] and [100, 0, 0, 0] are the
#   same vector; the distance of [10, 1, 0, 0] to either is 145 where it is 1 and 8101, and the inner product no longer prefers the
#   longer one. So l2sq and ip are angles: an index of embeddings whose length carries weight (popularity in a recommender's inner
#   products) loses it by the change from f32 to i8. f16 and bf16 keep the lengths.
# Exit code: 0 as described, 1 otherwise, 2 when nothing could be installed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --no-compile --only-binary :all: usearch==2.26.6 numpy==2.4.6 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sys
import numpy as np
from usearch.index import Index

ITEMS = np.array([[10, 0, 0, 0], [100, 0, 0, 0], [50, 60, 70, 80]], dtype=np.float32)
QUERY = np.array([10, 1, 0, 0], dtype=np.float32)

def scores(dtype, metric):
    index = Index(ndim=4, metric=metric, dtype=dtype)
    index.add(np.arange(3), ITEMS)
    found = index.search(QUERY, 3)
    by_key = dict(zip(found.keys.tolist(), found.distances.tolist()))
    return [round(by_key[key]) for key in range(3)]

seen = {f"{dtype}, {metric}": scores(dtype, metric) for metric in ("l2sq", "ip") for dtype in ("f32", "f16", "bf16", "i8")}
for what, value in seen.items():
    print(f"{what}: {value}")
exact_l2, exact_ip = [1, 8101, 16381], [-99, -999, -559]
as_described = (
    all(seen[f"{dtype}, l2sq"] == exact_l2 and seen[f"{dtype}, ip"] == exact_ip for dtype in ("f32", "f16", "bf16"))
    and seen["i8, l2sq"] == [145, 145, 18527]
    and seen["i8, ip"] == [-16001, -16001, -6731]
)
sys.exit(0 if as_described else 1)
PY
