"""Committees: several models fitted on the same labels, and what each of them says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.models import learning


def fit_members(
    templates: Sequence[Any], rows: Any, y: NDArray[Any], seed: int, *, draw: bool
) -> list[Any]:
    """Return fitted copies; with `draw` each learns from a resample of its own.

    A resample holds as many of each class as there are (Breiman 1996, stratified), so that no
    member is without a class.
    """
    members = []
    for at, template in enumerate(templates):
        drawn = _resample(y, np.random.default_rng([seed, at])) if draw else np.arange(len(y))
        members.append(learning.fitted(template, data.take(rows, drawn), y[drawn], seed + at))
    return members


def posterior(members: Sequence[Any], rows: Any, classes: NDArray[Any]) -> NDArray[np.float64]:
    """Return (n, k, m) the probabilities of each member, by the classes given."""
    return np.stack([learning.proba(member, rows, classes) for member in members], axis=2)


def _resample(y: NDArray[Any], rng: np.random.Generator) -> NDArray[np.intp]:
    parts = [rng.choice(np.flatnonzero(y == name), int((y == name).sum())) for name in np.unique(y)]
    return np.concatenate(parts)
