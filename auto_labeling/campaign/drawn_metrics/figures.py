"""The figures of a detector: by name, as functions of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from auto_labeling.arrays import ratio
from auto_labeling.campaign.drawn_metrics.matching import Matches, average_precision
from auto_labeling.campaign.metrics import Counts, Floats, mean_defined

CONFIDENCE = 0.25
"""The score from which an object counts as seen, as where YOLO predicts for people."""
PRECISIONS = {"map50": 1, "map50_95": 10}
"""By name: over how many IoU thresholds, from .5 on, average precision is averaged."""
Share: TypeAlias = tuple[Callable[[Counts], Floats], Callable[[Counts], Floats]]
OBJECTS: Mapping[str, Share] = {
    "precision": (lambda counts: counts.hits, lambda counts: counts.guesses),
    "recall": (lambda counts: counts.hits, lambda counts: counts.truths),
}
"""By name: of counts of objects (..., k), what is divided by what."""
PIXELS: Mapping[str, Share] = {
    "dice": (lambda counts: 2 * counts.hits, lambda counts: counts.truths + counts.guesses),
    "iou": (
        lambda counts: counts.hits,
        lambda counts: counts.truths + counts.guesses - counts.hits,
    ),
}
"""The same, of counts of pixels; `miou` is the mean over classes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What was found on n pictures."""

    matches: tuple[Matches, ...]
    """One a class; empty where no figure needs them."""
    objects: Floats
    """(n, 3 k) objects of each class that are right, there, and seen with confidence."""
    pixels: Floats
    """(n, 3 k) pixels of each class that are right, there, and seen with confidence."""

    def tally(self, weights: Floats) -> Tally:
        """Return d tallies, where picture i stands weights[d, i] times."""
        averages = [average_precision(one, weights) for one in self.matches]
        return Tally(
            precisions=np.stack(averages, axis=1) if averages else np.zeros((len(weights), 0, 0)),
            objects=counts_of(weights @ self.objects),
            pixels=counts_of(weights @ self.pixels),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """What d samples of the pictures come to."""

    precisions: Floats
    """(d, k, t) average precision of each class at each IoU threshold."""
    objects: Counts
    pixels: Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """A figure in [0, 1], higher = better."""

    value: float
    rate: Callable[[Tally], Floats]
    """(d,) the figure of each tally; nan where it is undefined."""
    weight: Floats
    """(n,) how much of the figure each picture makes."""
    size: float
    """Of how many trials a share is at best as sure as this figure."""
    n: int
    """How many pictures it rests on."""


def figure(name: str, found: Found, classes: Sequence[str]) -> Figure:
    """Return the figure of a name that `check_metrics` has passed.

    A figure of no one class is the mean over the classes that are there.
    """
    kind, slash, one = name.partition("/")
    places = [list(classes).index(one)] if slash else list(range(len(classes)))
    if kind in PRECISIONS:
        made = _average_precision(found, places, PRECISIONS[kind])
    elif kind in OBJECTS:
        made = _share(OBJECTS[kind], found.objects, places, lambda tally: tally.objects)
    else:
        share = PIXELS["iou" if kind == "miou" else kind]
        made = _share(share, found.pixels, places, lambda tally: tally.pixels)
    value, rate, weight, size = made
    rests_on = np.nan_to_num(weight) > 0 if slash else np.ones(len(weight))
    return Figure(value=value, rate=rate, weight=weight, size=size, n=int(rests_on.sum()))


_Made: TypeAlias = tuple[float, Callable[[Tally], Floats], Floats, float]


def _average_precision(found: Found, places: Sequence[int], thresholds: int) -> _Made:
    matches = [found.matches[place] for place in places]
    # In the layout over which pycocotools takes its mean, so that no digit differs.
    every = np.stack([one.precision[:thresholds] for one in matches], axis=-1)
    known = every[~np.isnan(every)]
    truths = np.stack([one.truths for one in matches], axis=1)
    return (
        float(known.mean()) if len(known) else float("nan"),
        lambda tally: mean_defined(tally.precisions[:, places, :thresholds].mean(axis=2)),
        mean_defined(ratio(truths, truths.sum(axis=0))),
        _balanced(truths.sum(axis=0)),
    )


def _share(
    share: Share, sums: Floats, places: Sequence[int], chosen: Callable[[Tally], Counts]
) -> _Made:
    above, below = share

    def rate(counts: Counts) -> Floats:
        return mean_defined(ratio(above(counts), below(counts))[..., places])

    units, total = counts_of(sums), counts_of(sums.sum(axis=0))
    sizes = below(total)[places]
    return (
        float(rate(total)),
        lambda tally: rate(chosen(tally)),
        mean_defined(ratio(below(units)[:, places], sizes)),
        _balanced(sizes),
    )


def _balanced(sizes: Floats) -> float:
    """Return of how many trials a share is as sure as the mean of shares of so many each."""
    seen = sizes[sizes > 0]
    return float(len(seen) ** 2 / (1 / seen).sum()) if len(seen) else 0.0


def counts_of(sums: Floats) -> Counts:
    """Return the counts that (..., 3 k) hits, truths and guesses are; of no items as a whole."""
    hits, truths, guesses = np.split(sums, 3, axis=-1)
    none = np.zeros(sums.shape[:-1])
    return Counts(hits=hits, truths=truths, guesses=guesses, right=none, items=none)
