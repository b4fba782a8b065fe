"""The itemset kernel's other peer: mlxtend's fpgrowth, on a one-hot table that is in memory.

Usage: itemsets_mlxtend.py FILE MIN_COUNT [MAX_SIZE]
Needs mlxtend and pandas (pip install mlxtend pandas). Prints 'ready' when the table is made, then the number of sets
and the seconds of one round.
"""

import sys
import time

import pandas
from mlxtend.frequent_patterns import fpgrowth
from mlxtend.preprocessing import TransactionEncoder


def main():
    with open(sys.argv[1], encoding="ascii") as lines:
        transactions = [line.split() for line in lines]
    encoder = TransactionEncoder()
    table = encoder.fit(transactions).transform(transactions, sparse=True)
    names = [str(name) for name in encoder.columns_]
    frame = pandas.DataFrame.sparse.from_spmatrix(table, columns=names)
    most = int(sys.argv[3]) if len(sys.argv) > 3 else None
    # Just below the share, so that rounding takes no set away.
    share = (int(sys.argv[2]) - 0.5) / len(transactions)
    print("ready", flush=True)
    start = time.perf_counter()
    sets = fpgrowth(frame, min_support=share, max_len=most)
    print(len(sets), f"{time.perf_counter() - start:.4f}")


if __name__ == "__main__":
    main()
