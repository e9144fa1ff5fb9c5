"""Who says what the unlabeled rows are: neighbours, and models that see a part of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.models import fitting
from auto_labeling.models.fitting import Fitted
from auto_labeling.models.folds import out_of_fold
from auto_labeling.semi_supervised.label_spreading import spread, spread_folds

Fit: TypeAlias = Callable[[Any, NDArray[np.intp], NDArray[np.float64] | None], Fitted]
"""(n, p) rows, (n,) class positions, (n,) weights or None -> a fitted model."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """What people have said, dealt into folds."""

    rows: NDArray[np.intp]
    """(l,) positions of labeled rows."""
    targets: NDArray[np.intp]
    """(l,) their classes."""
    k: int
    """How many classes there are."""
    folds: NDArray[np.intp]
    """(l,)"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What a proposer says."""

    of_all: NDArray[np.floating[Any]]
    """(n, k) chances of the whole pool."""
    of_hidden: NDArray[np.float64]
    """(l, k) chances of the labeled rows while the labels of their fold are hidden."""


class Proposer(Protocol):
    """What learns from labeled rows and speaks of all."""

    def speak(self, labels: Labels) -> Said:
        """Return what it says of every row, and of those whose label it was not told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """Label spreading over a graph."""

    graph: Any

    def speak(self, labels: Labels) -> Said:
        told = (self.graph, labels.rows, labels.targets, labels.k)
        return Said(of_all=spread(*told), of_hidden=spread_folds(*told, labels.folds))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A model of some columns."""

    rows: Any
    """(n, c) what it sees of the pool."""
    fit: Fit

    def speak(self, labels: Labels) -> Said:
        fitted = self.fit(self.rows[labels.rows], labels.targets, None)
        return said_by(self.fit, fitted, self.rows, labels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Student:
    """A model that has learned from what a model of the labels says of unlabeled rows."""

    rows: Any
    """(n, p)"""
    fit: Fit
    sample: NDArray[np.intp]
    """The rows that it is told of, those of them that are labeled left out."""
    weight: float
    """What a row counts of which the teacher is certain."""

    def speak(self, labels: Labels) -> Said:
        unlabeled = np.setdiff1d(self.sample, labels.rows)

        def ask(learned: NDArray[np.intp], held: NDArray[np.intp]) -> NDArray[np.float64]:
            student = self._taught(
                labels.rows[learned], labels.targets[learned], unlabeled, labels.k
            )
            return fitting.predict(student, self.rows[labels.rows[held]], labels.k)

        student = self._taught(labels.rows, labels.targets, unlabeled, labels.k)
        return Said(
            of_all=fitting.predict(student, self.rows, labels.k),
            of_hidden=out_of_fold(ask, labels.folds, labels.k),
        )

    def _taught(
        self,
        labeled: NDArray[np.intp],
        targets: NDArray[np.intp],
        unlabeled: NDArray[np.intp],
        k: int,
    ) -> Fitted:
        teacher = self.fit(self.rows[labeled], targets, None)
        if teacher.model is None or not len(unlabeled):
            return teacher
        said = fitting.predict(teacher, self.rows[unlabeled], k)
        return self.fit(
            self.rows[np.concatenate([labeled, unlabeled])],
            np.concatenate([targets, said.argmax(axis=1)]),
            np.concatenate([np.ones(len(labeled)), self.weight * said.max(axis=1)]),
        )


def said_by(fit: Fit, fitted: Fitted, rows: Any, labels: Labels) -> Said:
    """Return what a fitted model says of (n, p) rows, and models like it of hidden labels.

    A model that was cross-validated already, because it was chosen so, has said them.
    """
    known = getattr(fitted.model, "out_of_fold_", None)
    if known is not None:
        hidden: NDArray[np.float64] = np.zeros((len(labels.rows), labels.k))
        hidden[:, fitted.classes] = known
    else:

        def ask(learned: NDArray[np.intp], held: NDArray[np.intp]) -> NDArray[np.float64]:
            other = fit(rows[labels.rows[learned]], labels.targets[learned], None)
            return fitting.predict(other, rows[labels.rows[held]], labels.k)

        hidden = out_of_fold(ask, labels.folds, labels.k)
    return Said(of_all=fitting.predict(fitted, rows, labels.k), of_hidden=hidden)


def views_of(X: Any, widths: Sequence[int], fit: Fit) -> dict[str, Proposer]:
    """Return a model for each view of (n, p) rows, whose columns stand side by side.

    The widths add up to p.
    """
    expect_shape("features", X, ("n", "p"))
    ends = np.cumsum(widths)
    return {
        f"view {at}": View(rows=X[:, end - width : end], fit=fit)
        for at, (end, width) in enumerate(zip(ends, widths, strict=True), 1)
    }
