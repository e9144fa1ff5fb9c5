"""Labels that a model, fitted without them, would not have given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.models.fitting import fit, predict
from auto_labeling.models.sklearn import LogisticRegression
from auto_labeling.quality.label_errors import likely_errors

FOLDS = 5
LEAST = 50
"""Labels, below which a model knows too little to doubt people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A label that is probably wrong."""

    position: int
    label: str
    likelier: str
    """What the model would say."""
    probability: float
    """Of the label, by the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What cross-validation found."""

    suspects: tuple[Suspect, ...]
    """The least probable label first."""
    judged: int
    """How many labels were judged: those of classes with fewer than five labels are not."""
    agreeing: float
    """The share of them that the model would have given as well."""
    why_not: str | None = None
    """Why nothing could be judged."""

    @classmethod
    def nothing(cls, why: str) -> Suspicion:
        """Return what is found where nothing can be judged."""
        return cls(suspects=(), judged=0, agreeing=float("nan"), why_not=why)

    def of(self, at: NDArray[np.intp]) -> Suspicion:
        """Return the same, with the positions that these were taken from."""
        moved = (replace(one, position=int(at[one.position])) for one in self.suspects)
        return replace(self, suspects=tuple(moved))


def suspects_of(features: Any, labels: Sequence[str], groups: NDArray[np.intp]) -> Suspicion:
    """Judge the labels of (n, d) features by models that saw neither them nor their duplicates.

    `groups` is (n,) numbers, equal for duplicates.
    """
    told = Counter(labels)
    classes = sorted(name for name, count in told.items() if count >= FOLDS)
    at = np.array([place for place, name in enumerate(labels) if name in classes], dtype=np.intp)
    units = len(np.unique(groups[at]))
    if len(classes) < 2 or units < LEAST:
        return Suspicion.nothing(
            f"expected {LEAST} different labeled items or more and two classes with {FOLDS} or "
            f"more, got {units} and {len(classes)}"
        )
    codes = {name: code for code, name in enumerate(classes)}
    targets = np.array([codes[labels[place]] for place in at], dtype=np.intp)
    proba = _out_of_fold(features[at], targets, groups[at], len(classes))
    likeliest = proba.argmax(axis=1)
    return Suspicion(
        suspects=tuple(
            Suspect(
                position=int(at[row]),
                label=classes[targets[row]],
                likelier=classes[likeliest[row]],
                probability=float(proba[row, targets[row]]),
            )
            for row in likely_errors(targets, proba)
            if likeliest[row] != targets[row]
        ),
        judged=len(at),
        agreeing=float((likeliest == targets).mean()),
    )


def _out_of_fold(
    features: Any, targets: NDArray[np.intp], groups: NDArray[np.intp], k: int
) -> NDArray[np.float64]:
    """Return (n, k) probabilities, each row by a model that was fitted on other folds."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    proba = np.zeros((len(targets), k))
    for learn, judge in folds.split(targets, targets, groups):
        model = LogisticRegression().build(seed=0)
        proba[judge] = predict(fit(model, features[learn], targets[learn], k), features[judge], k)
    return proba
