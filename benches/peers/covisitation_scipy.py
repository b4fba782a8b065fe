"""Co-visitation's peers: SciPy's sparse product with the best k of each row, and implicit's item-item recommenders.

Usage: covisitation_scipy.py PATH K ROUNDS
PATH.offsets and PATH.items are 32-bit numbers: the items of order t are items[offsets[t]:offsets[t + 1]].
Needs numpy and scipy; implicit is measured if it is there: pip install numpy scipy implicit
Prints a line a peer, 'name;threads;seconds;CPU seconds;peak MiB', medians, and writes the neighbours and counts of
SciPy's rows to PATH.scipy.neighbours.
"""

import os
import resource
import statistics
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sparse


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name, threads, rounds, work):
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    print(f"{name};{threads};{statistics.median(walls):.6f};{statistics.median(cpus):.6f};{peak_mib():.0f}", flush=True)
    return result


def best_of_rows(product, most):
    """The largest counts of each row, ties by item: one number a pair, so that one selection does for both."""
    found_items, found_counts = [], []
    keys = (product.data.astype(np.int64) << 32) - product.indices
    for row in range(product.shape[0]):
        start, end = product.indptr[row], product.indptr[row + 1]
        own = keys[start:end]
        own = own[product.indices[start:end] != row]
        if len(own) > most:
            own = own[np.argpartition(-own, most)[:most]]
        own = -np.sort(-own)
        items = -own & 0xFFFFFFFF
        found_items.append(items)
        found_counts.append((own + items) >> 32)
    return np.concatenate(found_items), np.concatenate(found_counts)


def main():
    path, most, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    offsets = np.fromfile(path + ".offsets", dtype="<u4").astype(np.int32)
    items = np.fromfile(path + ".items", dtype="<u4").astype(np.int32)
    ones = np.ones(len(items), dtype=np.int32)
    shape = (len(offsets) - 1, int(items.max()) + 1)
    orders = sparse.csr_matrix((ones, items, offsets), shape=shape)

    measure("SciPy, product only", 1, rounds, lambda: (orders.T.tocsr() @ orders).nnz)
    neighbours, counts = measure(
        "SciPy, product and best", 1, rounds, lambda: best_of_rows((orders.T.tocsr() @ orders).tocsr(), most)
    )
    pairs = np.stack([neighbours, counts], axis=1).astype("<u4")
    pairs.tofile(path + ".scipy.neighbours")
    try:
        from implicit.nearest_neighbours import CosineRecommender, ItemItemRecommender
    except ImportError:
        return
    weights = orders.astype(np.float64)
    for threads in (1, 2):
        for kind in (ItemItemRecommender, CosineRecommender):
            measure(
                f"implicit {kind.__name__}",
                threads,
                rounds,
                lambda: kind(K=most + 1, num_threads=threads).fit(weights, show_progress=False),
            )


if __name__ == "__main__":
    main()
