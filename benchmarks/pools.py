"""Real pools to choose from, each with the model and the budget it is studied with.

scikit-learn's own sets are always there; the others lie where `AUTO_LABELING_DATA` says (by default
beside the checkout).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import expit
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_svmlight_file,
    load_wine,
    make_classification,
)
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.data import DATA

TABULAR = (
    "appendicitis",
    "checkerboard",
    "german",
    "haberman",
    "heart",
    "ionosphere",
    "sonar",
    "wdbc",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """One split of one set: what may be labeled, what judges, and how it is studied."""

    X: Any
    """(n, p) features of what may be labeled."""
    y: NDArray[np.intp]
    test_X: Any  # noqa: N815 - as scikit-learn names it
    test_y: NDArray[np.intp]
    model: Callable[[], Any]
    start: NDArray[np.intp]
    """The positions that are labeled at the beginning."""
    batch: int
    budget: int
    """How many labels there are at the end."""


class Machine:
    """The support vector machine of the published protocol, its distances squashed into (0, 1)."""

    def __init__(self) -> None:
        self._svc = SVC(C=1, kernel="rbf", gamma="auto")

    def fit(self, X: Any, y: Any) -> Machine:
        """Learn from features and classes."""
        self._svc.fit(X, y)
        self.classes_ = self._svc.classes_
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, 2): a larger distance is a larger probability, and calibrated it is not."""
        # Its own `decision_function` takes a pair of rows at a time: three times as long.
        squares = cdist(X, self._svc.support_vectors_, "sqeuclidean")
        alike = np.exp(-squares / X.shape[1])
        second = expit((alike * self._svc.dual_coef_[0]).sum(axis=1) + self._svc.intercept_[0])
        return np.stack([1 - second, second], axis=1)


def names() -> list[str]:
    """Return the sets that are there."""
    beside = ("fashion_mnist", "trec", "sms_spam", *TABULAR) if DATA.exists() else ()
    return ["digits", "breast_cancer", "wine", "make_classification", *beside]


def pool(name: str, seed: int) -> Pool:
    """Return one seed's split of a set."""
    if name in TABULAR:
        return published(name, seed)
    X, y, model, (start, batch, budget) = _SETS[name](seed)
    held = 0.25 if len(y) < 3_000 else 0.5
    X, test_X, y, test_y = train_test_split(X, y, test_size=held, random_state=seed, stratify=y)
    rng = np.random.default_rng([seed, 1])
    first = rng.permutation(len(y))[:start]
    while len(np.unique(y[first])) < 2:
        first = rng.permutation(len(y))[:start]
    return Pool(
        X=X,
        y=y,
        test_X=test_X,
        test_y=test_y,
        model=model,
        start=first,
        batch=batch,
        budget=min(budget, len(y)),
    )


def published(name: str, seed: int) -> Pool:
    """Return a tabular set in the published protocol: one query a step until the pool is empty.

    60 % may be labeled, the first 20 of them are at the beginning; scaling is fitted on all 60 %.
    """
    X, y = _tabular(name)
    order = np.arange(len(y))
    np.random.default_rng(seed).shuffle(order)
    cut = int(0.6 * len(y))
    train, test = order[:cut], order[cut:]
    # The generator is made anew with the same seed: so it was published.
    np.random.default_rng(seed).shuffle(train)
    scaler = StandardScaler().fit(X[train])
    return Pool(
        X=scaler.transform(X[train]),
        y=y[train],
        test_X=scaler.transform(X[test]),
        test_y=y[test],
        model=Machine,
        start=np.arange(20),
        batch=1,
        budget=cut,
    )


def logistic(C: float = 1.0) -> Any:
    """Return logistic regression on standardised features."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=300))


def on_unit_rows() -> Any:
    """Return logistic regression for rows of length one."""
    return LogisticRegression(C=10, max_iter=300)


@cache
def _tabular(name: str) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    X, y = load_svmlight_file(str(DATA / "tabular" / f"{name}-svmstyle.txt"))
    return X.toarray(), (y > 0).astype(np.intp)


def _digits(_seed: int) -> Any:
    X, y = load_digits(return_X_y=True)
    return X / 16, y, _plain, (20, 20, 400)


def _plain() -> Any:
    return LogisticRegression(max_iter=1_000)


def _breast_cancer(_seed: int) -> Any:
    X, y = load_breast_cancer(return_X_y=True)
    return X, y, logistic, (10, 10, 150)


def _wine(_seed: int) -> Any:
    X, y = load_wine(return_X_y=True)
    return X, y, logistic, (6, 4, 80)


def _make_classification(seed: int) -> Any:
    """Return classes of three clusters each, which no linear model can tell apart."""
    X, y = make_classification(
        3_000,
        20,
        n_informative=6,
        n_redundant=2,
        n_classes=4,
        n_clusters_per_class=3,
        random_state=seed,
    )
    return X, y.astype(np.intp), logistic, (20, 20, 400)


@cache
def _fashion() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    with np.load(DATA / "fashion_mnist.npz") as file:
        pixels, y = file["x_train"].reshape(-1, 784) / 255.0, file["y_train"]
    return PCA(50, random_state=0).fit_transform(pixels), y.astype(np.intp)


def _fashion_mnist(seed: int) -> Any:
    X, y = _fashion()
    rows = np.random.default_rng(seed).permutation(len(y))[:6_000]
    return X[rows], y[rows], logistic, (20, 20, 400)


@cache
def _texts(file: str, label: str) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    import pandas as pd

    frame = pd.read_csv(DATA / "text" / file)
    words = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(frame["text"])
    points = TruncatedSVD(100, random_state=0).fit_transform(words)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.maximum(lengths, 1e-12), pd.factorize(frame[label])[0].astype(np.intp)


def _trec(_seed: int) -> Any:
    return (*_texts("trec_train_5500.csv.gz", "coarse"), on_unit_rows, (20, 20, 400))


def _sms_spam(_seed: int) -> Any:
    return (*_texts("sms_spam.csv.gz", "label"), on_unit_rows, (20, 20, 400))


_SETS: dict[str, Callable[[int], Any]] = {
    "breast_cancer": _breast_cancer,
    "digits": _digits,
    "fashion_mnist": _fashion_mnist,
    "make_classification": _make_classification,
    "sms_spam": _sms_spam,
    "trec": _trec,
    "wine": _wine,
}
