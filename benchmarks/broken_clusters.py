"""Where near does not mean alike: what pseudo-labels cost on pools made to mislead them.

Each set is drawn anew for a seed, and breaks the cluster assumption in a way of its own. `full` is
compared with `full_without`, the same pipeline without pseudo-labels, on the same seeds: the mean
paired difference of AULC, in points, with 95 % t limits. The lower one should not be below -.3.
`used` is the share of rounds in which the guard let pseudo-labels through.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.full_arms import ARMS, Run, raced
from benchmarks.full_results import areas
from benchmarks.label_efficiency import difference
from benchmarks.pools import Pool, logistic

_POOL, _TEST = 600, 1_000
_START, _BATCH, _BUDGET = 10, 10, 150
LEAST = -0.3
_COMPARED = ("full_without", "full")

Drawn = tuple[NDArray[np.float64], NDArray[np.intp]]


def cut_clusters(rng: np.random.Generator, n: int) -> Drawn:
    """Return twelve dense clusters, each with the one border of the classes through its middle.

    The border crosses a direction in which clusters are not apart.
    """
    centers = 2.5 * rng.normal(size=(12, 6))
    centers[:, 0] = 0.0
    X = centers[rng.integers(0, 12, n)] + 0.5 * rng.normal(size=(n, 6))
    return X, (X[:, 0] > 0).astype(np.intp)


def crossed_lines(rng: np.random.Generator, n: int) -> Drawn:
    """Return forty thin lines, far apart, that run across the border of two overlapping classes.

    Whoever follows a line changes class, and no line leads to another.
    """
    along = rng.uniform(-3, 3, n)
    where = 4 * rng.normal(size=(40, 4))
    X = np.column_stack([along, where[rng.integers(0, 40, n)] + 0.02 * rng.normal(size=(n, 4))])
    return X, (along + rng.normal(scale=0.5, size=n) > 0).astype(np.intp)


def parity(rng: np.random.Generator, n: int) -> Drawn:
    """Return clusters of three classes, mixed: which of two is common goes by a cluster's parity.

    The third class is told by one direction alone, which says nothing of the cluster.
    """
    cluster = rng.integers(0, 16, n)
    X = np.column_stack([
        4 * (cluster[:, None] >> np.arange(4) & 1) + 0.7 * rng.normal(size=(n, 4)),
        rng.normal(size=(n, 2)),
    ])  # fmt: skip
    odd = (cluster[:, None] >> np.arange(4) & 1).sum(axis=1) % 2
    common = np.where(rng.random(n) < 0.6, odd, 1 - odd)
    return X, np.where(X[:, 4] > 0.5, 2, common).astype(np.intp)


SETS: dict[str, Callable[[np.random.Generator, int], Drawn]] = {
    "cut_clusters": cut_clusters,
    "crossed_lines": crossed_lines,
    "parity": parity,
}


def pool(name: str, seed: int) -> Pool:
    """Return one seed's pool; a turned copy of the space hides which column matters."""
    rng = np.random.default_rng([seed, sorted(SETS).index(name)])
    X, y = SETS[name](rng, _POOL + _TEST)
    X = X @ np.linalg.qr(rng.normal(size=(X.shape[1], X.shape[1])))[0]
    return Pool(
        X=X[:_POOL],
        y=y[:_POOL],
        test_X=X[_POOL:],
        test_y=y[_POOL:],
        model=logistic,
        start=rng.permutation(_POOL)[:_START],
        batch=_BATCH,
        budget=_BUDGET,
    )


def run(name: str, seed: int) -> Run:
    """Return both curves of one seed."""
    with threadpool_limits(1):
        return raced(pool(name, seed), {label: ARMS[label] for label in _COMPARED}, seed)


def measure(name: str, seeds: int, jobs: int) -> dict[str, Any]:
    """Return the paired difference on one set, and how often pseudo-labels were used."""
    runs = Parallel(jobs)(delayed(run)(name, seed) for seed in range(seeds))
    without, with_them = (
        areas(np.array([one.scores[label] for one in runs])) for label in _COMPARED
    )
    return {
        "set": name,
        "seeds": seeds,
        "without": float(without.mean()),
        "with": float(with_them.mean()),
        "difference": difference(with_them, without),
        "used": float(np.mean([one.used["full"] for one in runs])),
        "differences": (with_them - without).tolist(),
    }


def main() -> None:
    """Measure the sets, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for name in options.sets:
        found.append(measure(name, options.seeds, options.jobs))
        if not options.json:
            _print(found[-1])
    if options.json:
        print(json.dumps({"benchmark": "broken_clusters", "least": LEAST, "sets": found}))


def _print(row: dict[str, Any]) -> None:
    gap = row["difference"]
    print(
        f"{row['set']:>14} ({row['seeds']} seeds): AULC {row['with']:.2f} with pseudo-labels, "
        f"{row['without']:.2f} without: {gap['mean']:+.2f} [{gap['low']:+.2f}, {gap['high']:+.2f}]"
        f", used in {row['used']:.0%} of rounds",
        flush=True,
    )


if __name__ == "__main__":
    main()
