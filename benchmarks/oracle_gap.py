"""How much of the gap between random labels and an oracle's a strategy closes, on tables.

The oracle (Zhan et al. 2021, IJCAI) sees every label and the test set: each of its five beams is
extended by every candidate, and the five that judge the test set best go on. The gap closed is
(strategy - random) / (oracle - random), of areas in points. All sets together: of the sums over
sets, as the record of 19 % is counted (Lu, Li & Lin 2023, arXiv 2306.08954). Intervals: 95 %
percentile bootstrap over seeds.

By default the areas of random, margin and oracle are the published means, and only what a strategy
gains over margin on the same seeds is measured. `--search` measures all of them here, on the seeds
asked for; fewer `--candidates` make a weaker oracle, and a larger share. An oracle that sees the
labels of the pool, but not the test set, then says how much of the gap is fitting the test set.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks import label_efficiency, pools
from benchmarks.beam_search import accuracies, oracle, without_test

# Mean areas of uniform, margin and oracle: results/README.md of ariapoy/active-learning-benchmark
# (MIT), which belongs to arXiv 2306.08954. Margin's are the means of seeds 0 to 99, within .3.
PUBLISHED = {
    "appendicitis": (83.95, 84.54, 88.37),
    "checkerboard": (97.81, 98.47, 99.72),
    "german": (73.40, 74.17, 82.08),
    "haberman": (73.08, 72.95, 78.96),
    "heart": (80.51, 81.57, 89.30),
    "ionosphere": (91.80, 93.00, 95.45),
    "sonar": (74.63, 77.62, 88.40),
    "wdbc": (95.39, 96.52, 98.41),
}

Areas = dict[str, NDArray[np.float64]]
"""(seeds,) areas in points, by what chose the labels."""


def search(name: str, label: str, seed: int, candidates: int | None) -> float:
    """Return an oracle's area on one seed; NaN where the first labels show one class only."""
    with threadpool_limits(1):
        pool = pools.published(name, seed)
        if len(np.unique(pool.y[pool.start])) < 2:
            return np.nan
        seen = pool if label == "oracle" else without_test(pool)
        order = oracle(seen, np.random.default_rng([seed, 3]), candidates=candidates)
        return label_efficiency.area(accuracies(pool, order), published=True)


def measured(name: str, seeds: Sequence[int], jobs: int, options: argparse.Namespace) -> Areas:
    """Return the areas of one set; of random and the oracles, too, where they are searched here."""
    compared = label_efficiency.strategies()
    chosen = ["margin", "auto", *(["random"] if options.search else [])]
    oracles = ["oracle", "oracle without test set"] if options.search else []
    calls = [
        delayed(label_efficiency.run)(name, label, compared[label], seed)
        for label in chosen
        for seed in seeds
    ]
    calls += [
        delayed(search)(name, label, seed, options.candidates)
        for label in oracles
        for seed in seeds
    ]
    found = np.array(Parallel(jobs)(calls)).reshape(-1, len(seeds))
    known = ~np.isnan(found).any(axis=0)
    return dict(zip([*chosen, *oracles], found[:, known], strict=True))


def means(name: str, areas: Areas) -> dict[str, float]:
    """Return the mean areas; margin, random and oracle as published where they were not searched.

    What a strategy gains over margin on the same seeds is then added to margin's published mean.
    """
    here = {label: float(values.mean()) for label, values in areas.items()}
    if "oracle" in here:
        return here
    uniform, margin, best = PUBLISHED[name]
    moved = {label: value + margin - here["margin"] for label, value in here.items()}
    return moved | {"random": uniform, "oracle": best}


def closed(sets: dict[str, Areas], label: str) -> float:
    """Return the share of the gap that is closed on all sets together."""
    rows = [means(name, areas) for name, areas in sets.items()]
    gained = sum(row[label] - row["random"] for row in rows)
    return gained / sum(row["oracle"] - row["random"] for row in rows)


def interval(sets: dict[str, Areas], label: str, draws: int = 2_000) -> tuple[float, float]:
    """Return the 95 % limits of the share, by drawing each set's seeds anew."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(draws):
        drawn = {}
        for name, areas in sets.items():
            n = len(areas["margin"])
            seeds = rng.integers(0, n, n)
            drawn[name] = {other: values[seeds] for other, values in areas.items()}
        shares.append(closed(drawn, label))
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def shares(sets: dict[str, Areas]) -> dict[str, Any]:
    """Return the share each strategy closes, and its interval; margin's as published has none."""
    searched = all("oracle" in areas for areas in sets.values())
    return {
        label: {
            "closed": closed(sets, label),
            "interval": interval(sets, label) if searched or label != "margin" else None,
        }
        for label in ("margin", "auto")
    }


def summary(sets: dict[str, Areas]) -> dict[str, Any]:
    """Return the mean areas of each set, and the shares closed on each, on all, and on average."""
    rows = {
        name: {
            "seeds": len(areas["margin"]),
            "areas": means(name, areas),
            "shares": shares({name: areas}),
        }
        for name, areas in sets.items()
    }
    even = {
        label: float(np.mean([closed({name: areas}, label) for name, areas in sets.items()]))
        for label in ("margin", "auto")
    }
    return {"sets": rows, "shares": shares(sets), "mean_over_sets": even}


def print_table(found: dict[str, Any]) -> None:
    """Print a line for each set, and one for all."""
    for name, row in found["sets"].items():
        areas = "  ".join(f"{label} {area:.2f}" for label, area in row["areas"].items())
        print(f"{name} ({row['seeds']} seeds): {areas}; {_in_words(row['shares'])}")
    print(f"all sets together: {_in_words(found['shares'])}")
    even = found["mean_over_sets"]
    print(f"mean over sets: margin {even['margin']:.1%}, auto {even['auto']:.1%}")


def _in_words(found: dict[str, Any]) -> str:
    words = []
    for label, share in found.items():
        limits = share["interval"]
        spread = f" [{limits[0]:.1%}, {limits[1]:.1%}]" if limits else ""
        words.append(f"{label} closes {share['closed']:.1%}{spread}")
    return ", ".join(words)


def main() -> None:
    """Measure the sets that are there, and print a table or JSON."""
    there = [name for name in pools.names() if name in pools.TABULAR]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=there, choices=there)
    parser.add_argument("--search", action="store_true", help="random and oracle here (hours)")
    parser.add_argument("--candidates", type=int, help="of the oracle, for each beam; default all")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.sets:
        parser.error("the tabular sets are not there: see benchmarks/pools.py")
    sets = {
        name: measured(name, range(options.seeds), options.jobs, options) for name in options.sets
    }
    found = summary(sets)
    if options.json:
        areas = {name: {k: v.tolist() for k, v in one.items()} for name, one in sets.items()}
        print(json.dumps({"benchmark": "oracle_gap", **found, "areas": areas}))
    else:
        print_table(found)


if __name__ == "__main__":
    main()
