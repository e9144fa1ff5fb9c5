"""A few models compete for the labels there are, and the better ones answer together."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import clone

from auto_labeling.models.fitting import last_step
from auto_labeling.models.folds import dealt, how_many, out_of_fold
from auto_labeling.models.likeliest import Likeliest
from auto_labeling.models.stacking import hedged, power, raised, weights
from auto_labeling.models.threads import few_threads

_DROPPED = 0.02
"""A model with less of a say than this is not kept."""
_LENT = 50.0
"""Labels that speak for the candidates, evenly, before any has.

Not a handful: labels that a model's doubts chose flatter whoever follows them most closely, in
cross-validation and nowhere else. With 2 lent, the loosest of the linear models soon had all the
say on reviews of two classes, and was the worst of the five on their test sets.
"""
_LENT_TO_STUDENTS = 150.0
"""Labels that speak for the students, evenly, where many rows are learned from."""


class BestOf(Likeliest):
    """Candidates weighed by how well each predicts labels that it has not seen.

    Cross-validation gives every candidate the power to which its chances are raised and its weight
    (`stacking`); those with hardly any are dropped. One candidate alone would change from round to
    round with a handful of labels; a mean of the good ones does not.

    Args:
        candidates: name -> an unfitted classifier.
        students: the candidates that are preferred where `refit` is given many more rows.
        random_state: deals the labels into folds.

    Attributes:
        weights_: name -> its say, of those that are kept; they sum to one.
        seconds_: name -> what its cross-validation cost.
        accuracies_: name -> how often it was right out of fold.
        out_of_fold_: (l, k) chances of the training rows, each by models that had not seen it.
    """

    def __init__(
        self, candidates: Mapping[str, Any], students: Sequence[str] = (), random_state: int = 0
    ) -> None:
        self.candidates = candidates
        self.students = students
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BestOf:
        X = _rows(X)
        self.classes_, targets = np.unique(y, return_inverse=True)
        given = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        with few_threads(len(targets)):
            said = self._compared(X, targets, given)
            self.powers_ = {name: power(chances, targets) for name, chances in said.items()}
            heated = {name: raised(chances, self.powers_[name]) for name, chances in said.items()}
            self.weights_ = self._kept(heated, targets)
            self.out_of_fold_ = sum(self.weights_[name] * heated[name] for name in self.weights_)
            return self._fit_kept(X, y, given)

    def refit(self, X: Any, y: Any, sample_weight: Any = None) -> BestOf:
        """Return a copy that has learned from other rows, without a new competition.

        Who follows any boundary learns best where rows are many, and cross-validation on a handful
        of labels cannot have told who does: so many labels are lent to the students' say.
        """
        other = copy.copy(self)
        other.seconds_ = self.seconds_
        other.weights_ = self._says_of_students()
        other.classes_ = np.unique(y)
        with few_threads(len(y)):
            return other._fit_kept(_rows(X), y, sample_weight)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        said = [
            weight * raised(self.models_[name].predict_proba(X), self.powers_[name])
            for name, weight in self.weights_.items()
        ]
        proba: NDArray[np.float64] = np.sum(said, axis=0)
        return proba

    def told(self) -> dict[str, dict[str, float]]:
        """Return name -> its `weight`, how often it was right out of fold, and what that cost.

        Every candidate that competed is named; one that was dropped has no weight. Seconds are of
        the wall, and nan in a copy that was stored: equal fits are stored alike.
        """
        return {
            name: {
                "weight": self.weights_.get(name, 0.0),
                "accuracy": self.accuracies_[name],
                "seconds": self.seconds_.get(name, math.nan),
            }
            for name in self.accuracies_
        }

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "seconds_": {}}

    @property
    def models(self) -> list[Any]:
        """What weights of examples go on to."""
        return list(self.candidates.values())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = any(map(_takes_sparse, self.candidates.values()))
        return tags

    def _compared(
        self, X: Any, targets: NDArray[np.intp], given: NDArray[np.float64] | None
    ) -> dict[str, NDArray[np.float64]]:
        """Return what each candidate that takes these rows says of them out of fold."""
        rng = np.random.default_rng(self.random_state)
        folds, k = dealt(targets, rng, how_many(len(targets))), len(self.classes_)
        said: dict[str, NDArray[np.float64]] = {}
        self.seconds_: dict[str, float] = {}
        self.accuracies_: dict[str, float] = {}
        for name, candidate in self._fitting(X).items():

            def ask(
                learned: NDArray[np.intp], held: NDArray[np.intp], candidate: Any = candidate
            ) -> NDArray[np.float64]:
                own = None if given is None else given[learned]
                return _asked(candidate, X[learned], targets[learned], own, X[held], k)

            start = time.perf_counter()
            said[name] = out_of_fold(ask, folds, k)
            self.seconds_[name] = time.perf_counter() - start
            self.accuracies_[name] = float((said[name].argmax(axis=1) == targets).mean())
        return said

    def _fitting(self, X: Any) -> dict[str, Any]:
        """Return the candidates that take these rows: some take dense ones only."""
        return {
            name: candidate
            for name, candidate in self.candidates.items()
            if not issparse(X) or _takes_sparse(candidate)
        }

    def _kept(
        self, heated: Mapping[str, NDArray[np.float64]], targets: NDArray[np.intp]
    ) -> dict[str, float]:
        lent = [_LENT / len(heated)] * len(heated)
        found = dict(zip(heated, weights(list(heated.values()), targets, lent), strict=True))
        self.credits_ = {name: say * (len(targets) + _LENT) for name, say in found.items()}
        return _those_with_a_say(found)

    def _says_of_students(self) -> dict[str, float]:
        labels = dict(self.credits_)
        students = [name for name in self.students if name in labels]
        for name in students:
            labels[name] += _LENT_TO_STUDENTS / len(students)
        total = sum(labels.values())
        return _those_with_a_say({name: credit / total for name, credit in labels.items()})

    def _fit_kept(self, X: Any, y: Any, given: Any) -> BestOf:
        self.models_ = {
            name: _fitted(clone(self.candidates[name]), X, y, given) for name in self.weights_
        }
        return self


def _those_with_a_say(says: Mapping[str, float]) -> dict[str, float]:
    least = min(_DROPPED, max(says.values()))  # of very many candidates each has little
    kept = {name: float(say) for name, say in says.items() if say >= least}
    return {name: say / sum(kept.values()) for name, say in kept.items()}


def _rows(X: Any) -> Any:
    """Return rows that positions can pick, sparse or dense."""
    return X.tocsr() if hasattr(X, "tocsr") else np.asarray(X)


def _takes_sparse(candidate: Any) -> bool:
    return bool(candidate.__sklearn_tags__().input_tags.sparse)


def _asked(
    candidate: Any,
    X: Any,
    targets: NDArray[np.intp],
    given: NDArray[np.float64] | None,
    held: Any,
    k: int,
) -> NDArray[np.float64]:
    """Return (h, k) what a copy says of held rows that has learned from the others."""
    said = np.zeros((held.shape[0], k))
    seen = np.unique(targets)
    if len(seen) == 1:
        said[:, seen] = 1.0
    else:
        model = _fitted(clone(candidate), X, targets, given)
        said[:, model.classes_] = model.predict_proba(held)
    return hedged(said)


def _fitted(model: Any, X: Any, y: Any, given: Any) -> Any:
    told = {} if given is None else {f"{last_step(model)[0]}sample_weight": given}
    return model.fit(X, y, **told)
