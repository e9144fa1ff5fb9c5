"""How people are expected to err before they answer: what the priors of confusions lie around."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from auto_labeling.quality.expectation import Floats

Expects: TypeAlias = Callable[[Floats], Floats]
"""(w, k, k) expected answers to (w, k, k) or (1, k, k) probabilities of answers; rows sum to 1."""

_DOUBT = 4.0
"""How many answers of everybody together a person's own accuracy is weighed against."""


def alike(answers: Floats) -> Floats:
    """Return (w, k, k): everybody has the accuracy of all together, and errs evenly."""
    return even_errors(np.full(len(answers), _common(answers)), answers.shape[1])


def own_coin(answers: Floats) -> Floats:
    """Return (w, k, k): each has an accuracy of their own, and errs evenly."""
    return even_errors(accuracies(answers, _DOUBT), answers.shape[1])


def pooled(answers: Floats) -> Floats:
    """Return (1, k, k): everybody confuses the classes as all people do together.

    What all do is pulled to even errors by four answers a class.
    """
    together = answers.sum(axis=0, keepdims=True)
    even = even_errors(np.array([_common(answers)]), answers.shape[1])
    found: Floats = (together + 4 * even) / (together.sum(axis=2, keepdims=True) + 4)
    return found


def between(answers: Floats) -> Floats:
    """Return (w, k, k): halfway between a person's own coin and what all people do together."""
    return (own_coin(answers) + pooled(answers)) / 2


def accuracies(answers: Floats, strength: float) -> Floats:
    """Return (w,) accuracies from (w, k, k) answers, pulled to that of all by `strength` answers.

    >>> accuracies(np.array([[[9.0, 1], [0, 10]], [[0, 0], [0, 0]]]), 4.0).round(3)
    array([0.939, 0.885])
    """
    right = np.trace(answers, axis1=1, axis2=2)
    found: Floats = (right + strength * _common(answers)) / (answers.sum(axis=(1, 2)) + strength)
    return found


def even_errors(accuracy: Floats, classes: int) -> Floats:
    """Return (w, k, k) confusions of (w,) accuracies, all errors of a person equally frequent.

    >>> even_errors(np.array([0.8]), 3).round(2).tolist()
    [[[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]]
    """
    if classes == 1:
        return np.ones((len(accuracy), 1, 1))
    off = (1 - accuracy) / (classes - 1)
    found: Floats = np.repeat(off, classes * classes).reshape(-1, classes, classes)
    found[:, np.arange(classes), np.arange(classes)] = accuracy[:, None]
    return found


def _common(answers: Floats) -> float:
    """Return the accuracy of all, pulled by six answers to 2/3: people are mostly right."""
    right = float(np.trace(answers, axis1=1, axis2=2).sum())
    return (right + 4) / (float(answers.sum()) + 6)
