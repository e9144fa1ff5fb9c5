"""`relabel_or_new` beside cleanlab's ActiveLab: how alike their order is, and how fast."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.relabel_or_new import relabel_or_new
from auto_labeling.ratings import Ratings

PEOPLE, CLASSES = 20, 5
RUNS = 3


def made(items: int, seed: int = 0) -> tuple[Ratings, NDArray[np.float64]]:
    """Return opinions on half of the items, 1 to 4 each, and a classifier's probabilities.

    People are right in 55 to 95 % of cases; the classifier is about as good as the middling one.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(CLASSES, size=items)
    opinions = np.where(rng.random(items) < 0.5, rng.integers(1, 5, items), 0)
    opinions[0] = 4
    at = np.repeat(np.arange(items), opinions)
    rank = np.arange(len(at)) - np.repeat(np.cumsum(opinions) - opinions, opinions)
    people = (rng.integers(PEOPLE, size=items)[at] + rank * 7) % PEOPLE  # never the same twice
    accuracy = rng.uniform(0.55, 0.95, PEOPLE)
    wrong = (truth[at] + rng.integers(1, CLASSES, len(at))) % CLASSES
    labels = np.where(rng.random(len(at)) < accuracy[people], truth[at], wrong)
    logits = rng.normal(size=(items, CLASSES)) + 2 * np.eye(CLASSES)[truth]
    proba = np.exp(logits)
    proba /= proba.sum(axis=1, keepdims=True)
    shape = (items, PEOPLE, CLASSES)
    return Ratings(items=at, people=people, labels=labels, shape=shape), proba


def cleanlabs(ratings: Ratings, proba: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) ActiveLab's scores by cleanlab; lower: ask sooner."""
    from cleanlab.multiannotator import get_active_learning_scores

    wide, asked = _wide(ratings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old, new = get_active_learning_scores(wide[asked], proba[asked], proba[~asked])
    scores = np.empty(len(proba))
    scores[asked], scores[~asked] = old, new
    return scores


def cleanlabs_temperature(ratings: Ratings, proba: NDArray[np.float64]) -> float:
    """Return the temperature that cleanlab fits.

    cleanlab 2.9.0 counts labels that are floats, as those with gaps have to be, in the order of
    their appearance, and not at their classes: single opinions all count for class 0. So it comes
    out higher than what predicts the opinions best.
    """
    from cleanlab.internal.multiannotator_utils import find_best_temp_scaler

    wide, asked = _wide(ratings)
    return float(find_best_temp_scaler(wide[asked], proba[asked]))


def against_cleanlab(items: int) -> dict[str, Any]:
    """Return the seconds of both, the faster of some runs, and the rank correlation.

    That is with cleanlab's temperature in ours (`same_temperature`), and with our own.
    """
    ratings, proba = made(items)
    ours_s, ours = _best(lambda: relabel_or_new(ratings, proba), RUNS)
    try:
        theirs_s, theirs = _best(lambda: cleanlabs(ratings, proba), 1)
    except ImportError:
        return {"items": items, "ours_s": ours_s, "skipped": "cleanlab is absent"}
    temperature = cleanlabs_temperature(ratings, proba)
    tempered = relabel_or_new(ratings, proba, temperature=temperature)
    return {
        "items": items,
        "ours_s": ours_s,
        "cleanlab_s": theirs_s,
        "times_faster": theirs_s / ours_s,
        "cleanlabs_temperature": temperature,
        "rank_correlation": {
            "same_temperature": _alike(tempered, -theirs),
            "own_temperature": _alike(ours, -theirs),
        },
    }


def _wide(ratings: Ratings) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (n, w) labels, nan where there is none, and (n,) whether there is any."""
    n, w, _ = ratings.shape
    wide = np.full((n, w), np.nan)
    wide[ratings.items, ratings.people] = ratings.labels
    return wide, ~np.isnan(wide).all(axis=1)


def _alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation."""
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _best(job: Callable[[], NDArray[np.float64]], runs: int) -> tuple[float, NDArray[np.float64]]:
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        found = job()
        seconds.append(time.perf_counter() - begun)
    return min(seconds), found
