"""Features that a model can be fitted on: two dimensions, numbers, none of them NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from auto_labeling.arrays import expect_shape
from auto_labeling.pictures import Pictures
from auto_labeling.view import refuse_non_finite


def checked_features(X: Any) -> Any:
    """Return (n, p) dense features as they are, sparse ones by rows; `DataError` names a bad row.

    Pictures, of which a model makes what it needs by itself, are returned as they are.

    >>> checked_features([[1.0, 2.0], [float("nan"), 0.0]])
    Traceback (most recent call last):
    auto_labeling.errors.DataError: features: expected finite numbers, row 1 is not
    """
    if isinstance(X, Pictures):
        return X
    features = X.tocsr() if hasattr(X, "tocsr") else np.asarray(X)
    expect_shape("features", features, ("n", "p"))
    refuse_non_finite(features, "features")
    return features
