"""Recommendations' peers: what is counted, and implicit's recommenders, asked for the hidden item of later baskets.

Usage: recommendations_implicit.py PATH ITEMS K
PATH.older.offsets and PATH.older.items are 32-bit numbers: the items of basket t are items[offsets[t]:offsets[t + 1]], those to learn from are
below ITEMS. PATH.asked.* likewise are later baskets without the items of PATH.hidden.
Needs numpy, scipy and implicit. Prints a line a peer: 'name;hit rate@K;NDCG@K;CPU seconds of learning'.
"""

import os
import sys
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sparse

warnings.filterwarnings("ignore")
BATCH = 512


def baskets(path, items):
    offsets = np.fromfile(path + ".offsets", dtype="<u4").astype(np.int64)
    numbers = np.fromfile(path + ".items", dtype="<u4").astype(np.int64)
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    known = numbers < items
    shape = (len(offsets) - 1, items)
    return sparse.csr_matrix((np.ones(known.sum()), (rows[known], numbers[known])), shape=shape)


def tell(name, places, seconds):
    """Places are from 1; 0 is a miss."""
    places = np.asarray(places)
    hits = places > 0
    gain = np.where(hits, 1 / np.log2(np.maximum(places, 1) + 1), 0)
    print(f"{name};{hits.mean():.6f};{gain.mean():.6f};{seconds:.3f}", flush=True)


def counted_places(score, asked, hidden, most):
    """The place of each hidden item; ties by number, and what scores nothing is no answer."""
    places = []
    for start in range(0, asked.shape[0], BATCH):
        own = asked[start : start + BATCH]
        scores = score(own)
        scores[own.nonzero()] = -np.inf
        for row, item in zip(scores, hidden[start : start + BATCH]):
            value = row[item] if item < len(row) else 0
            place = 1 + (row > value).sum() + (row[: min(item, len(row))] == value).sum()
            places.append(place if value > 0 and place <= most else 0)
    return places


def implicit_places(model, asked, hidden, most, is_factors):
    """The same of implicit's answers, cleaned: none of the basket's own items, none that only fill up."""
    answers, scores = model.recommend(
        np.arange(asked.shape[0]), asked, N=most, filter_already_liked_items=True, recalculate_user=is_factors
    )
    places = []
    for number, item in enumerate(hidden):
        own = set(asked.indices[asked.indptr[number] : asked.indptr[number + 1]])
        place, found = 0, 0
        for answer, score in zip(answers[number], scores[number]):
            if answer < 0 or answer in own or score < -1e30 or (not is_factors and score <= 0):
                continue
            place += 1
            if place > most:
                break
            if answer == item:
                found = place
                break
        places.append(found)
    return places


def main():
    path, items, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    older, asked = baskets(path + ".older", items), baskets(path + ".asked", items)
    hidden = np.fromfile(path + ".hidden", dtype="<u4").astype(np.int64)

    start = time.process_time()
    together = (older.T.tocsr() @ older).tocsr()
    own = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    inverse = sparse.diags(1 / np.maximum(own, 1))
    root = sparse.diags(1 / np.sqrt(np.maximum(own, 1)))
    measures = {
        "most popular": lambda rows: np.tile(own, (rows.shape[0], 1)),
        "orders together": lambda rows: (rows @ together).toarray(),
        "P(b given a)": lambda rows, pairs=(inverse @ together).tocsr(): (rows @ pairs).toarray(),
        "cosine": lambda rows, pairs=(root @ together @ root).tocsr(): (rows @ pairs).toarray(),
    }
    seconds = time.process_time() - start
    for name, score in measures.items():
        tell(name, counted_places(score, asked, hidden, most), seconds)

    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

    for kind in (CosineRecommender, TFIDFRecommender, BM25Recommender):
        for neighbours in (20, 100):
            start = time.process_time()
            model = kind(K=neighbours, num_threads=1)
            model.fit(older, show_progress=False)
            seconds = time.process_time() - start
            tell(f"implicit {kind.__name__}, K = {neighbours}", implicit_places(model, asked, hidden, most, False), seconds)
    start = time.process_time()
    model = AlternatingLeastSquares(factors=64, num_threads=1, random_state=0)
    model.fit(older.astype(np.float32), show_progress=False)
    seconds = time.process_time() - start
    places = implicit_places(model, asked.astype(np.float32).tocsr(), hidden, most, True)
    tell("implicit AlternatingLeastSquares, 64 factors", places, seconds)


if __name__ == "__main__":
    main()
