"""`detect_label_errors`: which labels are probably wrong, by cleanlab."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import learning
from auto_labeling.view import len_of

FOLDS = 5
"""So many labels a class needs: each is judged by a model that has seen the others."""
_WHOLE = 100_000
"""Up to how many labels cleanlab looks at all probabilities at once; beyond, in batches."""


def detect_label_errors(model: Any, X: Any, labels: ArrayLike) -> NDArray[np.intp]:
    """Return positions of labels that are probably wrong, the least probable label first.

    The model is fitted five times on four fifths of the rows and judges the fifth that it has not
    seen; cleanlab says which labels those probabilities contradict. Beyond 100,000 rows it reads
    them in batches, by a rule that finds nearly the same. Labels of classes with fewer than five
    are not judged.

    An audit and a campaign find likely errors without cleanlab, by the rule of
    `auto_labeling.quality.label_errors` that its papers begin with: it suspects a label where
    another class is as probable as for those that carry it. cleanlab's own rules prune that to
    as many labels as are likely to be wrong in each class.

    Args:
        model: anything with fit and predict_proba, a name such as `random_forest`, or None for
            logistic regression. It is copied, never changed.
        X: (n, ...) rows: an array, a sparse matrix, a frame, or a list of texts.
        labels: (n,) one label a row.

    Raises:
        ConfigurationError: cleanlab is not installed, or the model cannot predict probabilities.
        DataError: the labels do not fit the rows, or fewer than two classes have five of them.

    References:
        Northcutt, C., Jiang, L. and Chuang, I. (2021). Confident Learning: Estimating Uncertainty
        in Dataset Labels. JAIR 70. arXiv:1911.00068

    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(-3, 1, (50, 2)), rng.normal(3, 1, (50, 2))])
    >>> y = np.repeat(["fish", "fowl"], 50)
    >>> y[[7, 80]] = "fowl", "fish"
    >>> sorted(detect_label_errors("logistic_regression", X, y).tolist())
    [7, 80]
    """
    _expect_cleanlab()
    given = learning.model_of(model)
    rows = data.checked_rows(X, "X")
    told = data.checked_labels(labels, len_of(rows))
    classes, codes, counts = np.unique(told, return_inverse=True, return_counts=True)
    judged = np.flatnonzero(counts[codes] >= FOLDS)
    if (counts >= FOLDS).sum() < 2:
        raise DataError(
            f"labels: expected two classes with {FOLDS} labels or more, got "
            f"{dict(zip(classes.tolist(), counts.tolist(), strict=True))}"
        )
    codes = np.unique(codes[judged], return_inverse=True)[1]
    proba = learning.proba_out_of_fold(given, data.take(rows, judged), codes, seed=0)
    suspected = _whole(codes, proba) if len(codes) <= _WHOLE else _batched(codes, proba)
    own = proba[suspected, codes[suspected]]
    ranked: NDArray[np.intp] = judged[suspected[np.argsort(own, kind="stable")]]
    return ranked


def _whole(labels: NDArray[np.intp], proba: NDArray[np.float64]) -> NDArray[np.intp]:
    from cleanlab.filter import find_label_issues

    return np.flatnonzero(find_label_issues(labels, proba, n_jobs=1))


def _batched(labels: NDArray[np.intp], proba: NDArray[np.float64]) -> NDArray[np.intp]:
    from cleanlab.experimental.label_issues_batched import find_label_issues_batched

    found = find_label_issues_batched(labels, proba, n_jobs=1, verbose=False)
    return np.asarray(found, dtype=np.intp)


def _expect_cleanlab() -> None:
    try:
        import cleanlab.filter  # noqa: F401
    except ImportError as error:
        raise ConfigurationError(
            "detect_label_errors: cleanlab is not installed; "
            "`pip install auto-labeling[quality]` brings it (AGPL-3.0)"
        ) from error
