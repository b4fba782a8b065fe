"""The fuzzy kernel's peer: rapidfuzz's extractOne with a cut-off over each price window, one thread.

Usage: rapidfuzz_kernel.py DIR [QUERIES]
DIR is what `fuzzy_kernel --dump DIR` wrote; QUERIES limits how many queries are measured (all by default).
Prints the seconds, the matches, and how many answers differ from the kernel's Indel run.
"""

import bisect
import sys
import time
from collections import defaultdict

from rapidfuzz import __version__, fuzz, process

REACH = 99
CUTOFF = 90


def read(path):
    with open(path, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            block, cents, title = line.rstrip("\n").split("\t")
            yield int(block), int(cents), title


def main():
    folder = sys.argv[1]
    queries = list(read(f"{folder}/queries.tsv"))
    queries = queries[: int(sys.argv[2]) if len(sys.argv) > 2 else len(queries)]
    with open(f"{folder}/matches.tsv", encoding="utf-8") as lines:
        ours = [float(line) for line in lines]

    start = time.perf_counter()
    blocks = defaultdict(list)
    for block, cents, title in read(f"{folder}/candidates.tsv"):
        blocks[block].append((cents, title))
    prices, titles = {}, {}
    for block, rows in blocks.items():
        rows.sort()
        prices[block] = [cents for cents, _ in rows]
        titles[block] = [title for _, title in rows]
    indexed = time.perf_counter()

    matches = pairs = differing = 0
    for (block, cents, title), expected in zip(queries, ours):
        low = bisect.bisect_left(prices.get(block, []), cents - REACH)
        high = bisect.bisect_right(prices.get(block, []), cents + REACH)
        pairs += high - low
        window = titles.get(block, [])[low:high]
        best = process.extractOne(title, window, scorer=fuzz.ratio, score_cutoff=CUTOFF)
        # extractOne keeps a score of exactly the cut-off; a match is above it.
        score = best[1] if best is not None and best[1] > CUTOFF else 0.0
        matches += score > 0
        differing += abs(score / 100 - expected) > 1e-9
    seconds = time.perf_counter() - indexed

    print(f"rapidfuzz {__version__}: {len(queries)} queries, {pairs} row pairs")
    print(f"index {indexed - start:.2f} s, search {seconds:.2f} s, {seconds * 1e9 / max(pairs, 1):.1f} ns a pair")
    print(f"{matches} matches, {differing} answers differ from the kernel's")


main()
