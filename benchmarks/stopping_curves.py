"""Whole campaigns on known labels, with every round's evidence kept: what rules are replayed on.

Margin selection with logistic regression on standardised features, start 20, batch 20. A seed
draws the split, the first 20 and the order of ties. Of what is held out, a third calibrates and
two thirds give the verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from auto_labeling.arrays import top_k
from auto_labeling.campaign.metrics import cohen_kappa
from auto_labeling.ports import Shift
from auto_labeling.strategies.stopping.evidence import sharpness, shift
from auto_labeling.strategies.uncertainty import margin
from benchmarks.data import DATA

START, BATCH, COMPARED = 20, 20, 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A data set, and how much of it is used."""

    load: Callable[[], tuple[NDArray[Any], NDArray[np.intp]]]
    budget: int
    pool: int
    held_out: int
    needs: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One campaign: each round's labels, accuracy in (0, 1), kappa and shift."""

    items: NDArray[np.intp]
    accuracy: NDArray[np.float64]
    agreement: list[float]
    """One shorter than the rounds, as `shifts`."""
    shifts: list[Shift]
    judged: int


def fashion() -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return 20,000 pictures of clothes as 50 components."""
    with np.load(DATA / "fashion_mnist.npz") as file:
        rows = np.random.default_rng(0).permutation(60_000)[:20_000]
        pictures = file["x_train"][rows].reshape(len(rows), -1).astype(np.float32)
        names = file["y_train"][rows].astype(np.intp)
    return PCA(50, random_state=0).fit_transform(pictures).astype(np.float64), names


SETTINGS = {
    "digits": Setting(
        load=lambda: datasets.load_digits(return_X_y=True), budget=600, pool=1258, held_out=539
    ),
    "breast_cancer": Setting(
        load=lambda: datasets.load_breast_cancer(return_X_y=True),
        budget=380,
        pool=398,
        held_out=171,
    ),
    "fashion_mnist": Setting(
        load=fashion,
        budget=3_000,
        pool=6_000,
        held_out=3_000,
        needs=DATA / "fashion_mnist.npz",
    ),
}


def curve(
    X: NDArray[Any], y: NDArray[np.intp], setting: Setting, seed: int, budget: int | None = None
) -> Curve:
    """Run one campaign to its budget and return what each round showed."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))[: setting.held_out + setting.pool]
    out, pool = order[: setting.held_out], order[setting.held_out :]
    judges, verdict = out[: len(out) // 3], out[len(out) // 3 :]
    scaler = StandardScaler().fit(X[pool])
    features = scaler.transform(X)
    labeled = _first(y[pool], rng)
    sample = rng.choice(len(pool), min(COMPARED, len(pool)), replace=False)
    learner = Learner(features[pool], y[pool])
    items, accuracy, agreement, shifts = [], [], [], []
    before: NDArray[np.float64] | None = None
    while True:
        learner.fit(labeled)
        proba = learner.proba(features[pool])
        items.append(int(labeled.sum()))
        right = learner.proba(features[verdict]).argmax(axis=1) == y[verdict]
        accuracy.append(float(right.mean()))
        if before is not None:
            old, new = before[sample], proba[sample]
            power = sharpness(learner.proba(features[judges]), y[judges])
            agreement.append(cohen_kappa(new.argmax(axis=1), old.argmax(axis=1)))
            shifts.append(
                shift(old, new, labeled[sample], before=items[-2], items=items[-1], power=power)
            )
        if items[-1] >= min(budget or setting.budget, len(pool)):
            break
        left = np.flatnonzero(~labeled)
        labeled[left[top_k(margin(proba[left]), BATCH, rng)]] = True
        before = proba
    return Curve(
        items=np.array(items),
        accuracy=np.array(accuracy),
        agreement=agreement,
        shifts=shifts,
        judged=len(verdict),
    )


class Learner:
    """Logistic regression that goes on from its last coefficients: half the time, one optimum."""

    def __init__(self, X: NDArray[Any], y: NDArray[np.intp]) -> None:
        self.X, self.y, self.k = X, y, int(y.max()) + 1
        self.model = LogisticRegression(max_iter=300, warm_start=True)

    def fit(self, labeled: NDArray[np.bool_]) -> None:
        """Fit on the labeled rows."""
        names = np.unique(self.y[labeled])
        if not np.array_equal(names, getattr(self.model, "classes_", ())):
            self.model = LogisticRegression(max_iter=300, warm_start=True)
        self.model.fit(self.X[labeled], self.y[labeled])

    def proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n, k) probabilities."""
        found = np.zeros((len(X), self.k))
        found[:, self.model.classes_] = self.model.predict_proba(X)
        return found


def _first(y: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return (n,) which rows are labeled first: drawn, with two classes at least."""
    labeled = np.zeros(len(y), dtype=bool)
    while len(np.unique(y[labeled])) < 2:
        labeled[:] = False
        labeled[rng.choice(len(y), START, replace=False)] = True
    return labeled
