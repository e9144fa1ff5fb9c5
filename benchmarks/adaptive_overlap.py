"""Answers that adaptive overlap saves on real crowds, and how fast relabel-or-new is scored.

What people of product, sp and rte once said is asked for again, in an order drawn for each seed:
100 items drawn by lot get all their answers, every other item gets one, and then rounds follow, in
each of which one more answer is bought on every item where that is worth it, as campaigns reckon it
with `quality.overlap.gain`. Fixed full overlap buys all answers. Labels are those of the consensus
`auto`, of what was bought.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from auto_labeling.money import format_micros
from auto_labeling.quality.adaptive_overlap import LEARNED_ON, worth_another
from auto_labeling.quality.auto import Auto
from auto_labeling.quality.dawid_skene import DawidSkene
from auto_labeling.quality_plan import Overlap
from auto_labeling.ratings import Ratings
from benchmarks.activelab import against_cleanlab
from benchmarks.crowds import Crowd, crowd

SETS = ("product", "sp", "rte")
PRICE_MICROS = 50_000
"""What an answer costs in the money column: 5 cents."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The recorded answers of each item, in the order in which they are given."""

    ratings: Ratings
    order: NDArray[np.intp]
    """(v,) positions of the answers, item by item."""
    available: NDArray[np.intp]
    """(n,) how many each item has."""

    @classmethod
    def drawn(cls, ratings: Ratings, rng: np.random.Generator) -> Queue:
        shuffled = rng.permutation(len(ratings))
        order = shuffled[np.argsort(ratings.items[shuffled], kind="stable")]
        return cls(ratings, order, ratings.counts().sum(axis=1))

    def first(self, bought: NDArray[np.intp]) -> Ratings:
        """Return the first (n,) answers to each item."""
        starts = np.cumsum(self.available) - self.available
        rank = np.arange(len(self.order)) - np.repeat(starts, self.available)
        wanted = np.zeros(len(self.order), dtype=np.bool_)
        wanted[self.order[rank < np.repeat(bought, self.available)]] = True
        return self.ratings.where(wanted)


def replay(one: Crowd, seed: int, gain: float) -> tuple[float, int]:
    """Return the accuracy with adaptive overlap, and how many answers it bought."""
    rng = np.random.default_rng(seed)
    queue = Queue.drawn(one.ratings, rng)
    least_gain = gain / float((queue.available - 1).mean())
    bought = np.minimum(queue.available, 1)
    learned_on = rng.permutation(len(bought))[:LEARNED_ON]
    bought[learned_on] = queue.available[learned_on]
    while True:
        ratings = queue.first(bought)
        more = worth_another(
            ratings, DawidSkene().aggregate(ratings), queue.available - bought, gain=least_gain
        )
        if not more.any():
            return one.accuracy(Auto().aggregate(ratings).posterior), int(bought.sum())
        bought = bought + more


def measured(name: str, seeds: int, gain: float) -> dict[str, Any]:
    """Return the row of one crowd, averaged over orders of its answers."""
    one = crowd(name)
    answers = len(one.ratings)
    full = one.accuracy(Auto().aggregate(one.ratings).posterior)
    runs = [replay(one, seed, gain) for seed in range(seeds)]
    accuracy = np.array([run[0] for run in runs])
    saved = 1 - np.array([run[1] for run in runs]) / answers
    return {
        "crowd": name,
        "seeds": seeds,
        "gain": gain,
        "answers": answers,
        "full": full,
        "adaptive": accuracy.mean(),
        "points": 100 * (accuracy.mean() - full),
        "worst_points": 100 * (accuracy.min() - full),
        "saved": saved.mean(),
        "least_saved": saved.min(),
        "saved_micros": round(answers * saved.mean() * PRICE_MICROS),
    }


def line(row: dict[str, Any]) -> str:
    """Return a row as people read it."""
    money = format_micros(row["saved_micros"], "USD")
    return (
        f"{row['crowd']:8} {row['full']:.4f} with all {row['answers']:,} answers, "
        f"{row['adaptive']:.4f} ({row['points']:+.2f} points, worst {row['worst_points']:+.2f}) "
        f"with {row['saved']:.1%} fewer (least {row['least_saved']:.1%}): {money} at 5 cents each"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what was measured, a line a crowd, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--gain", type=float, default=Overlap().gain)
    parser.add_argument("--crowd", action="append", choices=SETS, help="these alone")
    parser.add_argument("--items", type=int, default=50_000, help="of relabel-or-new; 0: leave out")
    told = parser.parse_args(arguments)
    with threadpool_limits(1):
        rows = [measured(name, told.seeds, told.gain) for name in told.crowd or SETS]
        speed = against_cleanlab(told.items) if told.items else None
    if told.json:
        print(json.dumps({"overlap": rows, "relabel_or_new": speed}, indent=1))
        return
    print(*map(line, rows), sep="\n")
    if speed:
        print(f"relabel_or_new {speed}")


if __name__ == "__main__":
    main()
