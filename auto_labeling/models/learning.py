"""Fit what people hand in, and ask it for probabilities, whichever classes it has seen."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import models
from auto_labeling import rows as data
from auto_labeling.arrays import expect_shape
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.fitting import expect_sparse_taken, weighed_by
from auto_labeling.models.folds import dealt, out_of_fold
from auto_labeling.models.threads import few_threads
from auto_labeling.ports import Model
from auto_labeling.view import len_of

_FOLDS = 5


def model_of(given: Any, where: str = "model") -> Any:
    """Return a model that was given or named; None where the default is meant."""
    if given is None or isinstance(given, str):
        if given is not None and given not in models.TABLE:
            names = ", ".join(sorted(models.TABLE))
            raise ConfigurationError(f"{where}: expected a model or one of {names}, got {given!r}")
        return given
    if isinstance(given, type):
        raise ConfigurationError(
            f"{where}: expected a model, got the class {given.__name__}; write {given.__name__}()"
        )
    missing = [name for name in ("fit", "predict_proba") if not hasattr(given, name)]
    if missing:
        raise ConfigurationError(
            f"{where}: expected something with fit and predict_proba, got a "
            f"{type(given).__name__} without {' and '.join(missing)}"
        )
    return given


def fresh(given: Any, rows: Any, seed: int) -> Any:
    """Return an unfitted copy, its undecided `random_state`s set to `seed`.

    None is logistic regression; where texts or pictures have to become numbers first, a name
    stands for a pipeline that does so.
    """
    if given is None or isinstance(given, str):
        if given is None and isinstance(rows, list):
            return _of_texts(seed)
        return _named(given or "logistic_regression", rows, seed)
    if not hasattr(given, "get_params"):
        return copy.deepcopy(given)
    from sklearn.base import clone

    model = clone(given)
    undecided = {
        name: seed
        for name, value in model.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    return model.set_params(**undecided)


def fitted(
    given: Any, rows: Any, y: NDArray[Any], seed: int, sample_weight: ArrayLike | None = None
) -> Any:
    """Return a fitted copy; while the labels show one class, a model that always says it.

    Of the (n,) weights only the proportions count. Where items may have several labels, a name
    stands for one such model a label.
    """
    if len(y) == 0:
        raise DataError("y: expected at least one label, got none")
    if y.ndim == 1 and len(np.unique(y)) == 1:
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior").fit(np.zeros((len(y), 1)), y)
    model = fresh(given, rows, seed)
    expect_sparse_taken(model, rows)
    if y.ndim == 2 and (given is None or isinstance(given, str)):
        from sklearn.multiclass import OneVsRestClassifier

        model = OneVsRestClassifier(model)
    weights = {} if sample_weight is None else weighed_by(model, sample_weight, len(y))
    try:
        with few_threads(len(y)), warnings.catch_warnings():
            # so it is at first, and what is never or always there is said with certainty
            warnings.filterwarnings("ignore", "Label .* is present in all training examples")
            model.fit(rows, y, **weights)
    except ValueError as error:
        raise DataError(f"{type(model).__name__} cannot be fitted: {error}") from error
    return model


def proba(model: Model, rows: Any, classes: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Return (n, k) probabilities, a chunk at a time; of `classes` those never seen have 0."""
    said: NDArray[np.float64] | None = None
    for span in data.chunks(rows):
        part = _proba(model, data.take(rows, span))
        if said is None:
            columns = slice(None) if classes is None else np.searchsorted(classes, model.classes_)
            said = np.zeros((len_of(rows), part.shape[1] if classes is None else len(classes)))
        said[span, columns] = part
    if said is not None:
        return said
    seen = getattr(model, "classes_", np.arange(2)) if classes is None else classes
    return np.empty((0, len(seen)))


def is_fitted(model: Any) -> bool:
    """Whether a model that was handed in can predict already."""
    return hasattr(model, "classes_")


def hits_out_of_fold(given: Any, rows: Any, y: NDArray[Any], seed: int) -> NDArray[np.bool_]:
    """Return (n,) whether each label is what a model predicts that was fitted without it.

    Stratified cross-validation in five folds; empty while fewer than two classes, or no five
    labels, are known.
    """
    if len(y) < _FOLDS or len(np.unique(y)) < 2:
        return np.empty(0, dtype=bool)
    likeliest = proba_out_of_fold(given, rows, y, seed).argmax(axis=1)
    hits: NDArray[np.bool_] = np.unique(y)[likeliest] == y
    return hits


def proba_out_of_fold(given: Any, rows: Any, y: NDArray[Any], seed: int) -> NDArray[np.float64]:
    """Return (n, k) probabilities of the k sorted labels, by models fitted without the row.

    Stratified cross-validation in five folds; a label that a fold's model has not seen has 0.
    """
    classes = np.unique(y)

    def ask(learned: NDArray[np.intp], held: NDArray[np.intp]) -> NDArray[np.float64]:
        model = fitted(given, data.take(rows, learned), y[learned], seed)
        return proba(model, data.take(rows, held), classes)

    return out_of_fold(ask, dealt(y, np.random.default_rng(seed), _FOLDS), len(classes))


def _proba(model: Model, rows: Any) -> NDArray[np.float64]:
    try:
        given = np.asarray(model.predict_proba(rows), dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{type(model).__name__} expected other rows: {error}") from error
    columns = len(model.classes_) if is_fitted(model) else "k"
    expect_shape(f"probabilities of {type(model).__name__}", given, (len_of(rows), columns))
    return given


def _of_texts(seed: int) -> Any:
    """Return logistic regression on latent rows as they are.

    Their columns share a unit, and the last ones hold next to nothing: scaled up, they let a few
    texts be learned by heart.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from auto_labeling.models.latent_texts import LatentTexts

    return make_pipeline(LatentTexts(random_state=seed), LogisticRegression(C=10.0, max_iter=1000))


def _named(name: str, rows: Any, seed: int) -> Any:
    model: Any = models.TABLE[name]().build(seed)
    if isinstance(rows, list):
        from sklearn.pipeline import make_pipeline

        from auto_labeling.models.latent_texts import LatentTexts

        return make_pipeline(LatentTexts(random_state=seed), model)
    if isinstance(rows, np.ndarray) and rows.ndim > 2:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        return make_pipeline(FunctionTransformer(data.numbers), model)
    return model
