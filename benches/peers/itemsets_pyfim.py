"""The itemset kernel's peer: Borgelt's fpgrowth, one thread, on transactions that are in memory.

Usage: itemsets_pyfim.py FILE MIN_COUNT [MAX_SIZE]
       itemsets_pyfim.py --print all|closed|maximal FILE MIN_COUNT
Needs pyfim (pip install pyfim). Prints, for all, closed and maximal sets, up to a size for all alone, their number, and
the median seconds of five rounds of listing them (report 'a') and of counting them (report '#'). With --print it prints
the sets: 'items (count)'.
"""

import gzip
import statistics
import sys
import time

from fim import fpgrowth

ROUNDS = 5
TARGETS = {"all": "s", "closed": "c", "maximal": "m"}


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="ascii") as lines:
        return [[int(item) for item in line.split()] for line in lines]


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def print_sets(target, path, min_count):
    for items, count in fpgrowth(read(path), target=TARGETS[target], supp=-min_count, zmin=1, report="a"):
        print(*items, f"({count})")


def measure(transactions, options):
    list_times, count_times = [], []
    for _ in range(ROUNDS):
        taken, sets = seconds(lambda: fpgrowth(transactions, report="a", **options))
        list_times.append(taken)
        found = len(sets)
        del sets
        # The spectrum: how many sets there are of each size and count.
        taken, spectrum = seconds(lambda: fpgrowth(transactions, report="#", **options))
        count_times.append(taken)
        counted = int(sum(spectrum.values()))
        assert counted == found, (counted, found)
    return found, statistics.median(list_times), statistics.median(count_times)


def main():
    if sys.argv[1] == "--print":
        print_sets(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return
    transactions = read(sys.argv[1])
    # A negative support is a number of transactions.
    options = {"supp": -int(sys.argv[2]), "zmin": 1}
    if len(sys.argv) > 3:
        options["zmax"] = int(sys.argv[3])
    # Which sets up to a size are closed or maximal is known only when all sets are.
    for target in ["s"] if "zmax" in options else TARGETS.values():
        # With a size limit pyfim means other closed and maximal sets.
        if "zmax" in options and target != "s":
            continue
        found, list_time, count_time = measure(transactions, {"target": target, **options})
        print(found, f"{list_time:.4f}", f"{count_time:.4f}")


if __name__ == "__main__":
    main()
