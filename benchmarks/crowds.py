"""What people of published crowds said, and what is true; outside the project."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.ratings import Ratings
from benchmarks.data import DATA


@dataclass(frozen=True, slots=True)
class Crowd:
    """One set: the opinions, and (n,) the true class of every item; -1 where nobody knows."""

    ratings: Ratings
    truth: NDArray[np.intp]

    def accuracy(self, posterior: NDArray[np.float64]) -> float:
        """Return the share of items whose most probable class is true; ties count as a part."""
        known = self.truth >= 0
        best = posterior[known] >= posterior[known].max(axis=1, keepdims=True) - 1e-9
        right = best[np.arange(known.sum()), self.truth[known]] / best.sum(axis=1)
        return float(right.mean())


def crowd(name: str) -> Crowd:
    """Return the set of this name in `AUTO_LABELING_DATA`."""
    folder = DATA / "crowd"
    with (folder / f"{name}.labels.csv").open(newline="") as file:
        rows = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(file)]
    with (folder / f"{name}.truth.csv").open(newline="") as file:
        true = {row["item"]: row["truth"] for row in csv.DictReader(file)}
    ratings, items, _, classes = Ratings.of(rows)
    places = {one: at for at, one in enumerate(classes)}
    truth = np.array([places.get(true.get(item), -1) for item in items], dtype=np.intp)
    return Crowd(ratings=ratings, truth=truth)
