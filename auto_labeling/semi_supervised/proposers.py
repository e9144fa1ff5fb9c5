"""Who says what the unlabeled rows are: neighbours, and models that see a part of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import ConfigurationError
from auto_labeling.models import fitting
from auto_labeling.models.fitting import Fitted
from auto_labeling.models.folds import out_of_fold
from auto_labeling.semi_supervised.label_spreading import spread, spread_folds

Fit: TypeAlias = Callable[[Any, NDArray[np.intp], NDArray[np.float64] | None], Fitted]
"""(n, p) rows, (n,) class positions, (n,) weights or None -> a fitted model."""


class Proposer(Protocol):
    """What learns from labeled rows and speaks of all."""

    def of_all(
        self, labeled: NDArray[np.intp], targets: NDArray[np.intp], k: int
    ) -> NDArray[np.floating[Any]]:
        """Return (n, k) chances of the whole pool."""
        ...

    def of_hidden(
        self,
        labeled: NDArray[np.intp],
        targets: NDArray[np.intp],
        k: int,
        folds: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Return (l, k) chances of the labeled rows while the labels of their fold are hidden."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """Label spreading over a graph."""

    graph: Any

    def of_all(
        self, labeled: NDArray[np.intp], targets: NDArray[np.intp], k: int
    ) -> NDArray[np.floating[Any]]:
        return spread(self.graph, labeled, targets, k)

    def of_hidden(
        self,
        labeled: NDArray[np.intp],
        targets: NDArray[np.intp],
        k: int,
        folds: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        return spread_folds(self.graph, labeled, targets, k, folds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A model of some columns."""

    rows: Any
    """(n, c) what it sees of the pool."""
    fit: Fit

    def of_all(
        self, labeled: NDArray[np.intp], targets: NDArray[np.intp], k: int
    ) -> NDArray[np.floating[Any]]:
        return fitting.predict(self.fit(self.rows[labeled], targets, None), self.rows, k)

    def of_hidden(
        self,
        labeled: NDArray[np.intp],
        targets: NDArray[np.intp],
        k: int,
        folds: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        fitted = self.fit(self.rows[labeled], targets, None)
        return of_hidden(self.fit, fitted, self.rows[labeled], targets, k, folds)


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

    def of_all(
        self, labeled: NDArray[np.intp], targets: NDArray[np.intp], k: int
    ) -> NDArray[np.floating[Any]]:
        return fitting.predict(self._taught(labeled, targets, labeled, k), self.rows, k)

    def of_hidden(
        self,
        labeled: NDArray[np.intp],
        targets: NDArray[np.intp],
        k: int,
        folds: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        def ask(learned: NDArray[np.intp], held: NDArray[np.intp]) -> NDArray[np.float64]:
            student = self._taught(labeled[learned], targets[learned], labeled, k)
            return fitting.predict(student, self.rows[labeled[held]], k)

        return out_of_fold(ask, folds, k)

    def _taught(
        self,
        labeled: NDArray[np.intp],
        targets: NDArray[np.intp],
        left_out: NDArray[np.intp],
        k: int,
    ) -> Fitted:
        teacher = self.fit(self.rows[labeled], targets, None)
        rest = np.setdiff1d(self.sample, left_out)
        if teacher.model is None or not len(rest):
            return teacher
        said = fitting.predict(teacher, self.rows[rest], k)
        return self.fit(
            self.rows[np.concatenate([labeled, rest])],
            np.concatenate([targets, said.argmax(axis=1)]),
            np.concatenate([np.ones(len(labeled)), self.weight * said.max(axis=1)]),
        )


def of_hidden(
    fit: Fit,
    fitted: Fitted,
    rows: Any,
    targets: NDArray[np.intp],
    k: int,
    folds: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return (l, k) chances of labeled rows by models that have not learned the fold's labels.

    A model that was cross-validated already, because it was chosen so, has said them.
    """
    known = getattr(fitted.model, "out_of_fold_", None)
    if known is not None:
        said = np.zeros((len(targets), k))
        said[:, fitted.classes] = known
        return said

    def ask(learned: NDArray[np.intp], held: NDArray[np.intp]) -> NDArray[np.float64]:
        return fitting.predict(fit(rows[learned], targets[learned], None), rows[held], k)

    return out_of_fold(ask, folds, k)


def views_of(X: Any, widths: Sequence[int], fit: Fit) -> dict[str, Proposer]:
    """Return a model for each view of (n, p) rows, whose columns stand side by side.

    Raises `ConfigurationError` where the widths do not add up to p.
    """
    expect_shape("features", X, ("n", "p"))
    if sum(widths) != X.shape[1]:
        raise ConfigurationError(
            f"semi_supervised.views: expected widths that add up to the {X.shape[1]} columns of "
            f"the pool, got {list(widths)}"
        )
    ends = np.cumsum(widths)
    return {
        f"view {at}": View(rows=X[:, end - width : end], fit=fit)
        for at, (end, width) in enumerate(zip(ends, widths, strict=True), 1)
    }
