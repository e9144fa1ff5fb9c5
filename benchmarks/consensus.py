"""Consensus on classes: right labels on real annotators' sets and on panels, calibration, speed.

The sets lie in `AUTO_LABELING_DATA`, or `../shared/data`; a set that is absent is left out. Ties of
the vote count by their share. The speed is CPU seconds an iteration of EM, beside crowd-kit's where
it is installed (the environment of `make bench`).
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.aggregate import Aggregates
from auto_labeling.quality.auto import Auto
from auto_labeling.quality.dawid_skene import DawidSkene, rows
from auto_labeling.quality.expectation import Opinions, estimate
from auto_labeling.quality.expected_errors import between, own_coin, pooled
from auto_labeling.quality.majority import Majority
from auto_labeling.quality.one_coin import OneCoin
from auto_labeling.ratings import Ratings
from benchmarks.data import DATA
from benchmarks.panels import KINDS, SIZES, Panel, panel

SETS = ("rte", "bluebirds", "dog4", "product", "sp")
MODELS: dict[str, Aggregates] = {
    "vote": Majority(),
    "one_coin": OneCoin(),
    "dawid_skene": DawidSkene(),
    "auto": Auto(),
}
_BINS = 10


def crowd(name: str) -> Panel | None:
    """Return a real set, or None where it is absent; an item without a truth has -1."""
    labels, truths = (DATA / "crowd" / f"{name}.{part}.csv" for part in ("labels", "truth"))
    if not labels.exists():
        return None
    with truths.open() as lines:
        known = {row["item"]: row["truth"] for row in csv.DictReader(lines)}
    with labels.open() as lines:
        said = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(lines)]
    classes = sorted({label for _, _, label in said} | set(known.values()))
    ratings, items, _, _ = Ratings.of(said, classes)
    truth = [classes.index(known[item]) if item in known else -1 for item in items]
    return Panel(ratings=ratings, truth=np.array(truth))


def accuracy(posterior: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """Return the share of right labels among the items whose truth is known."""
    known = np.flatnonzero(truth >= 0)
    best = posterior[known] >= posterior[known].max(axis=1, keepdims=True) - 1e-9
    return float((best[np.arange(len(known)), truth[known]] / best.sum(axis=1)).mean())


def calibration_error(posterior: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """Return the expected calibration error of the most probable class, over ten equal bins."""
    known = truth >= 0
    sure, hit = posterior[known].max(axis=1), posterior[known].argmax(axis=1) == truth[known]
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, hit - sure, minlength=_BINS)
    return float(np.abs(gaps).sum() / known.sum())


def plain(ratings: Ratings) -> NDArray[np.float64]:
    """Return the posterior of Dawid and Skene's EM without a prior, which is the reference."""
    almost_none = partial(rows, expects=pooled, strength=1e-9)
    return estimate(Opinions(ratings), almost_none, tolerance=1e-6).posterior


def figures(given: Panel) -> dict[str, float]:
    """Return the accuracy of every model, and the calibration error of `auto`."""
    found = {name: model.aggregate(given.ratings).posterior for name, model in MODELS.items()}
    found["plain_dawid_skene"] = plain(given.ratings)
    result = {name: round(accuracy(one, given.truth), 4) for name, one in found.items()}
    return result | {
        "auto_calibration_error": round(calibration_error(found["auto"], given.truth), 3)
    }


def on_sets() -> list[dict[str, Any]]:
    """Return a row a real set."""
    return [{"set": name, **figures(given)} for name in SETS if (given := crowd(name)) is not None]


def on_panels(seeds: int) -> list[dict[str, Any]]:
    """Return a row a panel: every kind in every size, with `seeds` seeds each."""
    return [
        {
            "kind": kind,
            "items": items,
            "opinions": opinions,
            "seed": seed,
            **figures(panel(kind, items, opinions, np.random.default_rng([seed, items, opinions]))),
        }
        for kind in KINDS
        for items, opinions in SIZES
        for seed in range(seeds)
    ]


def summary(table: list[dict[str, Any]]) -> dict[str, float]:
    """Return what panels come to, in points above the vote."""
    vote = np.array([row["vote"] for row in table])
    gains = {
        name: 100 * (np.array([row[name] for row in table]) - vote)
        for name in ("plain_dawid_skene", "one_coin", "dawid_skene", "auto")
    }
    biased = np.array([row["kind"] == "biased" for row in table])
    found = {"panels": float(len(table))}
    for name, gain in gains.items():
        found[f"{name}_mean_gain"] = float(gain.mean())
        found[f"{name}_worst_gain"] = float(gain.min())
        found[f"{name}_below_half_a_point"] = float((gain < -0.5 - 1e-9).sum())
    behind = (gains["auto"] - gains["plain_dawid_skene"])[biased]
    found["auto_minus_plain_dawid_skene_where_biased"] = float(behind.mean())
    found["auto_minus_plain_dawid_skene_where_biased_worst"] = float(behind.min())
    errors = np.array([row["auto_calibration_error"] for row in table])
    found["auto_calibration_error_mean"] = float(errors.mean())
    found["auto_calibration_error_most"] = float(errors.max())
    return {name: round(value, 3) for name, value in found.items()}


def on_speed(items: int, opinions: int = 5, iterations: int = 5) -> list[dict[str, Any]]:
    """Return a row a model: CPU seconds an iteration, extra memory over the input, crowd-kit's."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, items)
    which = np.repeat(np.arange(items, dtype=np.int32), opinions)
    who = rng.integers(0, 1_000, len(which)).astype(np.int32)
    said = np.where(rng.random(len(which)) < 0.8, truth[which], 1 - truth[which]).astype(np.int32)
    ratings = Ratings(items=which, people=who, labels=said, shape=(items, 1_000, 2))
    given = which.nbytes + who.nbytes + said.nbytes
    table = []
    for name, expects in (("one_coin", own_coin), ("dawid_skene", between)):
        model = partial(rows, expects=expects, strength=4.0) if name == "dawid_skene" else expects
        ours = partial(_ours, ratings, model)
        row: dict[str, Any] = {
            "model": name,
            "items": items,
            "s_per_iteration": round(_per_iteration(ours, iterations), 4),
        }
        tracemalloc.start()
        ours(2)
        row["extra_memory_over_input"] = round(tracemalloc.get_traced_memory()[1] / given, 2)
        tracemalloc.stop()
        theirs = _crowd_kit(name, ratings)
        if theirs is not None:
            row["crowd_kit_s_per_iteration"] = round(_per_iteration(theirs, iterations), 4)
            row["times_faster"] = round(
                row["crowd_kit_s_per_iteration"] / row["s_per_iteration"], 1
            )
        table.append(row)
    return table


def _ours(ratings: Ratings, model: Any, iterations: int) -> object:
    return estimate(Opinions(ratings), model, iterations=iterations, tolerance=-1.0)


def _crowd_kit(name: str, ratings: Ratings) -> Callable[[int], object] | None:
    try:
        import pandas as pd
        from crowdkit.aggregation import DawidSkene as Full
        from crowdkit.aggregation import OneCoinDawidSkene as OneCoinModel
    except ImportError:
        return None
    frame = pd.DataFrame({"task": ratings.items, "worker": ratings.people, "label": ratings.labels})
    model = OneCoinModel if name == "one_coin" else Full
    return lambda iterations: model(n_iter=iterations, tol=-1e9).fit(frame)


def _per_iteration(job: Callable[[int], object], iterations: int) -> float:
    """Return the CPU seconds that another iteration takes: what comes before it is left out."""
    seconds = []
    for count in (1, 1 + iterations):
        start = time.process_time()
        job(count)
        seconds.append(time.process_time() - start)
    return (seconds[1] - seconds[0]) / iterations


def main() -> None:
    """Print the tables, or with `--json` the same as data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=5, help="panels of every kind and size")
    parser.add_argument("--items", type=int, default=1_000_000, help="what speed is measured on")
    parser.add_argument("--only", choices=("sets", "panels", "speed"))
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    if asked.only in (None, "sets"):
        found["sets"] = on_sets()
    if asked.only in (None, "panels"):
        found["panels"] = on_panels(asked.seeds)
        found["summary"] = summary(found["panels"])
    if asked.only in (None, "speed"):
        found["speed"] = on_speed(asked.items)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    for name, table in found.items():
        print(f"\n{name}")
        for row in table.items() if isinstance(table, dict) else table:
            print(
                "  ",
                "  ".join(f"{k} {v}" for k, v in row.items()) if isinstance(row, dict) else row,
            )


if __name__ == "__main__":
    main()
