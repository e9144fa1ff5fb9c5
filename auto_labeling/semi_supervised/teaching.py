"""One round of teaching a model with pseudo-labels beside people's, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arguments import whole_number
from auto_labeling.models import learning
from auto_labeling.models.fitting import weighs
from auto_labeling.semi_supervised.expanding import expanded
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.thresholds import most_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one fit learned from."""

    labeled: int
    """Labels of people."""
    taken: int
    """Pseudo-labels that were learned from."""
    by_class: Mapping[Any, int]
    """How many of them each class has."""
    disagreed: int = 0
    """Rows dropped, because two views were sure of different classes."""
    left_out: str = ""
    """Why pseudo-labels that there were have not been learned from; else empty."""


def round_of(labeled: int, classes: NDArray[Any], targets: NDArray[np.intp], **told: Any) -> Round:
    """Return the account of a fit on so many labels and on pseudo-labels of these classes."""
    counts = np.bincount(targets, minlength=len(classes))
    by_class = dict(zip(classes.tolist(), counts.tolist(), strict=True))
    return Round(labeled=labeled, taken=len(targets), by_class=by_class, **told)


def one_sided(targets: NDArray[np.intp], classes: NDArray[Any]) -> str:
    """Return why pseudo-labels that all say the same class teach nothing; empty where they do not.

    They tell no class from another, and move every border towards the others.

    >>> one_sided(np.array([1, 1]), np.array(["no", "yes"]))
    "all 2 pseudo-labels are of one class, 'yes'"
    """
    if len(np.unique(targets)) != 1:
        return ""
    only = classes.tolist()[int(targets[0])]
    return f"all {len(targets)} pseudo-labels are of one class, {only!r}"


def fit_with(
    given: Any,
    people: tuple[Any, NDArray[Any]],
    pseudo: tuple[Any, NDArray[Any], NDArray[np.float64]],
    seed: int,
) -> Any:
    """Return a copy of a model, fitted on people's rows and labels, and on weighted ones.

    A model that cannot weigh its examples learns from all of them alike.
    """
    rows, labels, weights = expanded(*people, *pseudo)
    apart = len(labels) > len(people[1]) and can_weigh(given, rows, seed)
    return learning.fitted(given, rows, labels, seed, weights if apart else None)


def can_weigh(given: Any, rows: Any, seed: int = 0) -> bool:
    """Whether a model that was given or named takes a weight for each example."""
    return weighs(learning.fresh(given, rows, seed))


def most_of(n_labeled: int, max_ratio: float | None, *, weighed: bool) -> int | None:
    """Return how many pseudo-labels may be learned from; None where nothing caps them.

    Where they cannot weigh less than people's labels, and no ratio was asked for, they are not
    more than those, so that they do not outvote people.
    """
    return most_for(n_labeled, 1.0 if max_ratio is None and not weighed else max_ratio)


def numbered(iterations: int) -> range:
    """Return the iterations from 1, or raise `ConfigurationError`."""
    return range(1, whole_number("iterations", iterations, least=1) + 1)


def same(first: PseudoLabels, second: PseudoLabels) -> bool:
    """Whether the same rows have the same labels: another fit would change nothing."""
    return np.array_equal(first.positions, second.positions) and np.array_equal(
        first.targets, second.targets
    )


def answers(proba: NDArray[np.float64], classes: NDArray[Any]) -> NDArray[Any]:
    """Return (n,) the likeliest labels."""
    likeliest: NDArray[Any] = classes[proba.argmax(axis=1)]
    return likeliest
