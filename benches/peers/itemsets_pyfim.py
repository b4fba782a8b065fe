"""The itemset kernel's peer: Borgelt's fpgrowth, one thread, on transactions that are in memory.

Usage: itemsets_pyfim.py FILE MIN_COUNT
Needs pyfim (pip install pyfim). Prints the number of sets, and the median seconds of five rounds of listing them
(report 'a') and of counting them (report '#').
"""

import statistics
import sys
import time

from fim import fpgrowth

ROUNDS = 5


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main():
    with open(sys.argv[1], encoding="ascii") as lines:
        transactions = [[int(item) for item in line.split()] for line in lines]
    # A negative support is a number of transactions.
    options = {"target": "s", "supp": -int(sys.argv[2]), "zmin": 1}
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
    print(found, f"{statistics.median(list_times):.3f}", f"{statistics.median(count_times):.3f}")


if __name__ == "__main__":
    main()
