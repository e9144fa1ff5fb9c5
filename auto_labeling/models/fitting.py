"""Fit, predict and keep a model, whichever classes its labels have shown so far."""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.features import checked_features
from auto_labeling.models.storing import dump_verifiable, load_verified
from auto_labeling.models.threads import few_threads
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Model, SamplesPosterior


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A model and the classes it has seen."""

    model: Model | None
    """None while one class only has been seen: that class is then the answer to everything."""
    classes: NDArray[np.intp]
    """(c,) the classes of the training labels, as positions in the class list, ascending."""
    width: int
    """How many features it was fitted on."""

    @property
    def several(self) -> bool:
        """Whether an item may have several labels, each with a probability of its own."""
        return bool(getattr(self.model, "several", False))


def fit(
    model: Model, X: Any, y: ArrayLike, k: int, sample_weight: ArrayLike | None = None
) -> Fitted:
    """Fit `model`, which is changed, on (n, p) features and (n,) positions in `k` classes.

    Of the (n,) weights only the proportions count.
    """
    features = checked_features(X)
    n, width = features.shape
    targets = _checked_targets(y, n, k)
    classes = np.unique(targets)
    if len(classes) == 1:
        return Fitted(model=None, classes=classes, width=width)
    expect_sparse_taken(model, features)
    weights = {} if sample_weight is None else weighed_by(model, sample_weight, n)
    try:
        with nullcontext() if isinstance(features, Pictures) else few_threads(n):
            model.fit(features, targets, **weights)
    except ValueError as error:
        raise DataError(
            f"{_name(model)} cannot be fitted on {n} items of {len(classes)} classes: {error}"
        ) from error
    return Fitted(model=model, classes=np.asarray(model.classes_, dtype=np.intp), width=width)


def fit_sets(model: Model, X: Any, y: ArrayLike) -> Fitted:
    """Fit a copy of `model` for each label on (n, p) features and (n, k) zeros and ones.

    >>> from sklearn.naive_bayes import GaussianNB
    >>> fitted = fit_sets(GaussianNB(), [[0.0], [1.0], [9.0]], [[1, 0], [1, 0], [1, 1]])
    >>> predict(fitted, [[0.5], [9.0]], k=2).round()
    array([[1., 0.],
           [1., 1.]])
    """
    from auto_labeling.models.binary_relevance import BinaryRelevance

    features = checked_features(X)
    n, width = features.shape
    targets = _checked_sets(y, n)
    several = BinaryRelevance(model=model).fit(features, targets)
    return Fitted(model=several, classes=several.classes_, width=width)


def predict(fitted: Fitted, X: Any, k: int, chunk: int = 65_536) -> NDArray[np.float64]:
    """Return (n, k) probabilities; classes never seen have 0. `X` may be mapped.

    Rows sum to one, except where items may have several labels.

    >>> one_class = fit(None, np.ones((2, 3)), [1, 1], k=2)
    >>> predict(one_class, np.zeros((1, 3)), k=2)
    array([[0., 1.]])
    """
    features = checked_features(X)
    expect_shape("features", features, ("n", fitted.width))
    if fitted.classes.max() >= k:
        raise DataError(f"classes: expected fewer than {k}, the model knows {fitted.classes.max()}")
    proba = np.zeros((features.shape[0], k))
    for start in range(0, len(proba), chunk):
        rows = slice(start, min(start + chunk, len(proba)))
        proba[rows, fitted.classes] = _proba_of_seen(fitted, features[rows])
    return proba


def sample(fitted: Fitted, X: Any, k: int, chunk: int = 65_536) -> NDArray[np.float32]:
    """Return (n, k, m) what each member of a committee says; classes never seen have 0.

    While one class only has been seen there is nothing to disagree about: m is 1. Raises
    `DataError` for a model without members.
    """
    features = checked_features(X)
    if fitted.model is None:
        return predict(fitted, features, k)[:, :, None].astype(np.float32)
    model = fitted.model
    if not isinstance(model, SamplesPosterior):
        raise DataError(f"{_name(model)} has no members that could disagree; choose a committee")
    parts = []
    for start in range(0, features.shape[0], chunk):
        said = model.sample_proba(features[start : start + chunk])
        part = np.zeros((len(said), k, said.shape[2]), dtype=np.float32)
        part[:, fitted.classes] = said
        parts.append(part)
    return np.concatenate(parts)


def weighs(model: Model) -> bool:
    """Whether this model, or the last step of this pipeline, can weigh its examples.

    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.svm import SVC
    >>> weighs(SVC()), weighs(KNeighborsClassifier())
    (True, False)
    """
    members = getattr(model, "models", None)  # what its weights go on to
    if members is not None:
        return all(map(weighs, members))
    return "sample_weight" in inspect.signature(last_step(model)[1].fit).parameters


def weighed_by(model: Any, sample_weight: ArrayLike, n: int) -> dict[str, NDArray[np.float64]]:
    """Return the keyword by which this model, or the last step of this pipeline, is weighted."""
    weights = np.asarray(sample_weight, dtype=np.float64)
    expect_shape("sample_weight", weights, (n,))
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise DataError("sample_weight: expected finite weights, none below 0 and one above")
    if not weighs(model):
        raise ConfigurationError(f"{_name(model)} cannot weigh its examples; choose another model")
    # Some models read a sum of weights as an amount of evidence and some do not: here none does.
    return {f"{last_step(model)[0]}sample_weight": weights / weights.mean()}


def last_step(model: Any) -> tuple[str, Any]:
    """Return what its keywords begin with and what learns; pipelines may hold pipelines.

    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.pipeline import make_pipeline
    >>> last_step(make_pipeline("passthrough", GaussianNB()))
    ('gaussiannb__', GaussianNB())
    """
    prefix, last = "", model
    while hasattr(last, "steps"):
        name, last = last.steps[-1]
        prefix += f"{name}__"
    return prefix, last


def dump(fitted: Fitted, path: Path) -> str:
    """Write a fitted model and return the sha256 that it is loaded by."""
    return dump_verifiable(fitted, path)


def load(path: Path, sha256: str) -> Fitted:
    """Return what `dump` wrote, or raise `DataError` where the file is not the one expected."""
    fitted = load_verified(path, sha256)
    if not isinstance(fitted, Fitted):
        raise DataError(f"{path}: expected a fitted model, got a {type(fitted).__name__}")
    return fitted


def _proba_of_seen(fitted: Fitted, features: Any) -> Any:
    """Return the (m, c) probabilities of the classes seen, or 1 for the only one."""
    if fitted.model is None:
        return 1.0
    proba = np.asarray(fitted.model.predict_proba(features))
    expect_shape(
        f"probabilities of {_name(fitted.model)}", proba, (features.shape[0], len(fitted.classes))
    )
    sums = np.ones(len(proba)) if fitted.several else proba.sum(axis=1)
    # not "> 0.01", which is false for NaN
    if not (np.abs(sums - 1.0) <= 0.01).all() or not proba.min(initial=0.0) >= 0:
        raise DataError(
            f"{_name(fitted.model)} predicted rows that are no probabilities; features of very "
            "different sizes do that: scale them, or choose another model"
        )
    return proba


def _checked_targets(y: ArrayLike, n: int, k: int) -> NDArray[np.intp]:
    targets = np.asarray(y)
    expect_shape("labels", targets, (n,))
    if n == 0:
        raise DataError("labels: expected at least one labeled item, got none")
    if targets.dtype.kind not in "iu" or targets.min() < 0 or targets.max() >= k:
        raise DataError(f"labels: expected class positions from 0 to {k - 1}, got {targets[:5]}")
    return targets.astype(np.intp)


def _checked_sets(y: ArrayLike, n: int) -> NDArray[np.intp]:
    targets = np.asarray(y)
    expect_shape("labels", targets, (n, "k"))
    if n == 0:
        raise DataError("labels: expected at least one labeled item, got none")
    if not np.isin(targets, (0, 1)).all():
        raise DataError(f"labels: expected zeros and ones, got {targets[:5].tolist()}")
    return targets.astype(np.intp)


def expect_sparse_taken(model: Model, features: Any) -> None:
    """Raise `DataError` for sparse features that a model does not take."""
    if not hasattr(features, "tocsr") or not hasattr(model, "__sklearn_tags__"):
        return
    if not model.__sklearn_tags__().input_tags.sparse:
        raise DataError(
            f"features: {_name(model)} takes dense features and these are sparse; choose "
            "logistic_regression, svm or random_forest, or make them dense"
        )


def _name(model: Any) -> str:
    return type(model.steps[-1][1] if hasattr(model, "steps") else model).__name__
