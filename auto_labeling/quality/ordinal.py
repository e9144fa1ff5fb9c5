"""Classes that have an order: people miss by one more often than by two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.deciding import Deciding, refuse_strength
from auto_labeling.quality.expectation import Floats, Opinions, estimate
from auto_labeling.ratings import Ratings

_DECAYS: Floats = np.geomspace(0.05, 8.0, 64, dtype=np.float64)
"""What is tried for a person: from next to guessing to next to never wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinal(Deciding):
    """A MAP estimate of one figure a person: how fast errors become rare with their distance.

    Class l of an item of class t is said with a probability in proportion to
    exp(-decay * |t - l|), in the order of the classes; a person's decay is pulled to that of all
    people together. So answers on both sides of a class speak for it, and a tie is broken by them.

    >>> said = [("a", "ann", "low"), ("a", "bob", "high"), ("a", "eve", "middle")]
    >>> ratings = Ratings.of(said, ["low", "middle", "high"])[0]
    >>> Ordinal().aggregate(ratings).posterior.argmax(axis=1)
    array([1])
    """

    strength: float = 4.0
    """How many answers the prior weighs as."""

    def __post_init__(self) -> None:
        refuse_strength(self.strength)

    def aggregate(self, ratings: Ratings) -> Aggregate:
        tables = decaying(_DECAYS, ratings.shape[2])
        usual = tables[np.abs(_DECAYS - 1.0).argmin()]

        def maximises(answers: Floats) -> Floats:
            # Six answers are all that is known before anybody speaks, as of one coin.
            together = _likeliest(answers.sum(axis=0, keepdims=True) + _even(usual, 6.0), tables)
            return _likeliest(answers + _even(together[0], self.strength), tables)

        return estimate(Opinions(ratings), maximises)


def decaying(decays: Floats, classes: int) -> Floats:
    """Return (d, k, k) confusions of (d,) decays.

    >>> decaying(np.array([np.log(2)]), 3)[0].round(2).tolist()
    [[0.57, 0.29, 0.14], [0.25, 0.5, 0.25], [0.14, 0.29, 0.57]]
    """
    places = np.arange(classes)
    distance = np.abs(places[:, None] - places)
    found: Floats = np.exp(-decays[:, None, None] * distance)
    found /= found.sum(axis=2, keepdims=True)
    return found


def _even(table: Floats, strength: float) -> Floats:
    """Return (k, k) as many answers as `strength`, to items of every class alike."""
    return table * (strength / len(table))


def _likeliest(answers: Floats, tables: Floats) -> Floats:
    """Return (w, k, k) of (d, k, k) tables the one by which (w, k, k) answers are likeliest."""
    logs = np.log(tables).reshape(len(tables), -1)
    chosen: Floats = tables[(answers.reshape(len(answers), -1) @ logs.T).argmax(axis=1)]
    return chosen
