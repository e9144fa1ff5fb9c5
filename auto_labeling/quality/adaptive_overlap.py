"""Which items another opinion is bought on: those where it is worth its price."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.another_opinion import Strangers, net_gain
from auto_labeling.ratings import Ratings

LEARNED_ON = 100
"""Items that get all opinions there may be, before it is known how people err.

From one opinion an item nothing can be learned about people. The share of equal answers of two
people on a hundred items is known to 5 points (one standard error, at the worst)."""
_AHEAD = 3
"""Opinions that may follow one another: one alone often cannot turn a label, and more can."""


def worth_another(
    ratings: Ratings,
    aggregate: Aggregate,
    left: NDArray[np.integer[Any]],
    *,
    gain: float | NDArray[np.floating[Any]],
) -> NDArray[np.bool_]:
    """Return (n,) where another opinion is expected to bring more right labels than `gain`.

    `left` is (n,): how many opinions an item may still get. `gain` is the least rise of the share
    of right labels that an opinion has to bring, for all items or (n,) for each.
    """
    n, w, _ = ratings.shape
    worth = left > 0
    if not (w and worth.any()):
        return worth
    answers = np.bincount(ratings.people, minlength=w)
    strangers = Strangers.of(aggregate.confusion, answers)
    costs = np.broadcast_to(np.asarray(gain, dtype=np.float64), (n,))
    cases = np.column_stack([np.minimum(left, _AHEAD), costs])
    for ahead, cost in np.unique(cases[worth], axis=0):
        rows = np.flatnonzero((cases == (ahead, cost)).all(axis=1))
        proba = aggregate.posterior[rows]
        worth[rows] = net_gain(proba, strangers, cost=float(cost), ahead=int(ahead)) > 0
    return worth
