"""What a sampler's choices were worth, as far as that can be known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.arrays import nearest
from auto_labeling.errors import DataError
from auto_labeling.models import learning
from auto_labeling.models.embedding import feature_embedder
from auto_labeling.view import len_of

_BLIND_BATCHES = 20
_SIZES = 8  # points of the curve of blind labeling
_DRAWS = 5  # models a point


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerMetrics:
    """Figures that are nan until they can be known."""

    efficiency: float
    """Share of the labels given by `update` that the model, as it was before, had wrong: how often
    an answer taught it something. nan before the first `update` of a fitted model."""
    diversity: float
    """Mean distance of each pick of the last batch to the nearest other pick, by that in blindly
    drawn batches of the same pool; 1 is as diverse as chance. nan for batches of fewer than two."""
    label_savings: float
    """Share of labels saved: 1 - labels learned from / labels that blind choice needs for the same
    accuracy. nan before `judge`, and where blind choice does not get there within the labels that
    `judge` was given; below 0 where blind choice needs fewer."""


def relative_diversity(rows: Any, picks: NDArray[np.intp], seed: int) -> float:
    """Return how far apart the picks are, by how far apart blindly drawn ones are; nan for one."""
    n, size = len_of(rows), len(picks)
    if size < 2 or n <= size:
        return math.nan
    rng = np.random.default_rng(seed)
    blind = [rng.choice(n, size, replace=False) for _ in range(_BLIND_BATCHES)]
    everything, places = np.unique(np.concatenate([picks, *blind]), return_inverse=True)
    numbers = data.numbers(data.take(rows, everything))
    points = feature_embedder(numbers, seed).embed(numbers)
    ours, *others = (_apart(points[batch]) for batch in np.split(places, _BLIND_BATCHES + 1))
    usual = float(np.mean(others))
    return ours / usual if usual > 0 else math.nan


def blind_savings(
    template: Any, labeled: int, accuracy: float, X: Any, y: NDArray[Any], seed: int
) -> float:
    """Return the share of labels saved against blind choice, or nan where that is not known.

    The rows, which were drawn blindly, teach and judge in turn: models are fitted on parts of
    them of growing size and judged on the rest; between two sizes accuracy is interpolated.
    """
    n = len(y)
    sizes = np.unique(np.geomspace(2, max(2, n // 2), _SIZES).astype(int))
    scores = np.maximum.accumulate([_blind_accuracy(template, X, y, int(m), seed) for m in sizes])
    if not scores[-1] >= accuracy:
        return math.nan
    needed = float(np.interp(accuracy, scores, sizes)) if accuracy > scores[0] else float(sizes[0])
    return 1.0 - labeled / needed


def accuracy_of(model: Any, rows: Any, y: NDArray[Any]) -> float:
    """Return the share of rows whose label a fitted model predicts."""
    if len(y) == 0:
        raise DataError("y_test: expected at least one label, got none")
    return float((guesses(model, rows) == y).mean())


def guesses(model: Any, rows: Any) -> NDArray[Any]:
    """Return (n,) the labels that a fitted model predicts."""
    likely = learning.proba(model, rows).argmax(axis=1)
    labels: NDArray[Any] = np.asarray(model.classes_)[likely]
    return labels


def _apart(points: NDArray[Any]) -> float:
    """Return the mean distance of each point to the nearest other point."""
    distances = []
    for at in range(len(points)):
        rest = np.delete(points, at, axis=0)
        distances.append(float(np.sqrt(nearest(rest, points[at : at + 1])[1].min())))
    return float(np.mean(distances))


def _blind_accuracy(template: Any, X: Any, y: NDArray[Any], size: int, seed: int) -> float:
    scores = []
    for draw in range(_DRAWS):
        order = np.random.default_rng([seed, size, draw]).permutation(len(y))
        teach, judge = order[:size], order[size:]
        model = learning.fitted(template, data.take(X, teach), y[teach], seed)
        scores.append(accuracy_of(model, data.take(X, judge), y[judge]))
    return float(np.mean(scores))
