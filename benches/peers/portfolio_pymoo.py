"""Runs pymoo's NSGA2 on a problem of benches/portfolio, and measures both fronts with pymoo's hypervolume.

    portfolio_pymoo.py PROBLEM.json

The problem: goals (a row a bundle), size, population, generations, crossover, mutation, rounds, and front (the values of
our portfolios). Prints JSON: seconds (a round each), hypervolume, hypervolume_of_ours.
"""

import json
import sys
import time

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.crossover import Crossover
from pymoo.core.mutation import Mutation
from pymoo.core.problem import Problem
from pymoo.core.sampling import Sampling
from pymoo.indicators.hv import HV
from pymoo.optimize import minimize

given = json.load(open(sys.argv[1]))
goals = np.array(given["goals"])
bundles, size = len(goals), given["size"]


class Portfolios(Problem):
    def __init__(self):
        super().__init__(n_var=bundles, n_obj=goals.shape[1])

    def _evaluate(self, x, out, *args, **kwargs):
        out["F"] = -(x.astype(float) @ goals) / size


class Drawn(Sampling):
    def _do(self, problem, n_samples, random_state=None, **kwargs):
        x = np.zeros((n_samples, bundles), dtype=bool)
        for row in x:
            row[random_state.permutation(bundles)[:size]] = True
        return x


class Swapped(Crossover):
    """As in pymoo's own example of subsets: what both have stays, the rest is drawn from what one has."""

    def __init__(self):
        super().__init__(2, 1, prob=given["crossover"])

    def _do(self, problem, x, random_state=None, **kwargs):
        children = np.zeros((1, x.shape[1], bundles), dtype=bool)
        for place in range(x.shape[1]):
            one, other = x[0, place], x[1, place]
            both = one & other
            children[0, place, both] = True
            rest = np.where(one ^ other)[0]
            children[0, place, rest[random_state.permutation(len(rest))[: size - both.sum()]]] = True
        return children


class Replaced(Mutation):
    def _do(self, problem, x, random_state=None, **kwargs):
        for row in x:
            if random_state.random() < given["mutation"]:
                row[random_state.choice(np.where(~row)[0])] = True
                row[random_state.choice(np.where(row)[0])] = False
        return x


seconds = []
for seed in range(given["rounds"]):
    algorithm = NSGA2(pop_size=given["population"], sampling=Drawn(), crossover=Swapped(), mutation=Replaced(prob=1.0))
    begun = time.perf_counter()
    result = minimize(Portfolios(), algorithm, ("n_gen", given["generations"]), seed=seed + 1)
    seconds.append(time.perf_counter() - begun)
measure = HV(ref_point=np.zeros(goals.shape[1]))
print(json.dumps({
    "seconds": seconds,
    "hypervolume": measure(result.F),
    "hypervolume_of_ours": measure(-np.array(given["front"])),
}))
