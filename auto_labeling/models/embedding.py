"""Points in which near means alike, from the features of a pool: no model is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape, normalise_rows, spans
from auto_labeling.models.features import checked_features
from auto_labeling.ports import Embeds

_COMPONENTS = 64
_SAMPLE = 50_000
_ONE_UNIT = 20.0
"""Where no column varies so many times as much as the median one, they share a unit."""
_FAR = 1_000.0
"""Deviations from zero: of columns so far off, all rows lie in one direction."""


def feature_embedder(X: Any, seed: int = 0) -> Embeds:
    """Return what embeds the rows of a pool; fit it on the whole pool, labeled items included.

    Dense features are standardised where their columns are measured in different units, and divided
    by one number where they share one, as the levels of a picture or the numbers of an embedding
    do: there a column that hardly varies has hardly anything to say. Sparse ones, such as word
    counts, become points of length one in the space of their leading singular vectors (latent
    semantic analysis, Deerwester et al. 1990), found on at most 50,000 rows.
    """
    features = checked_features(X)
    return _semantic(features, seed) if hasattr(features, "tocsr") else _standardised(features)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standardised:
    """Columns to a scale on which distances mean something; a constant column becomes 0."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def embed(self, X: Any) -> NDArray[np.float32]:
        """Return (n, p)."""
        features = checked_features(X)
        expect_shape("features", features, ("n", len(self.mean)))
        points = np.empty(features.shape, dtype=np.float32)
        for rows in spans(*features.shape):
            points[rows] = (features[rows] - self.mean) / self.scale
        return points


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Semantic:
    """Rows projected on the leading singular vectors, scaled to length one."""

    components: NDArray[np.float64]
    """(c, p)"""

    def embed(self, X: Any) -> NDArray[np.float32]:
        """Return (n, c)."""
        features = checked_features(X)
        expect_shape("features", features, ("n", self.components.shape[1]))
        return normalise_rows(features @ self.components.T).astype(np.float32)


def _standardised(features: NDArray[Any]) -> Standardised:
    mean, deviations = _moments(features)
    # A deviation this small is what rounding leaves of a constant.
    varies = deviations > 1e-12 * np.abs(mean)
    scale = np.full(len(mean), np.inf)
    if not varies.any():
        return Standardised(mean=mean, scale=scale)
    found = np.sort(deviations[varies])
    if found[-1] > _ONE_UNIT * found[(len(found) - 1) // 2]:
        scale[varies] = deviations[varies]
        return Standardised(mean=mean, scale=scale)
    scale[varies] = np.sqrt(np.square(found).mean())
    far = np.abs(mean[varies]).max() > _FAR * scale[varies][0]
    # Angles between rows stay what they are, where they say anything.
    return Standardised(mean=mean if far else np.zeros(len(mean)), scale=scale)


def _moments(features: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (p,) the mean and the standard deviation of each column."""
    n, p = features.shape
    mean, variance = np.zeros(p), np.zeros(p)
    for rows in spans(n, p):
        mean += features[rows].sum(axis=0, dtype=np.float64) / n
    for rows in spans(n, p):
        variance += np.square(features[rows] - mean).sum(axis=0) / n
    return mean, np.sqrt(variance)


def _semantic(features: Any, seed: int) -> Semantic:
    from sklearn.utils.extmath import randomized_svd

    rng = np.random.default_rng(seed)
    n, p = features.shape
    sample = np.sort(rng.choice(n, min(n, _SAMPLE), replace=False))
    components = min(_COMPONENTS, len(sample), p)
    return Semantic(components=randomized_svd(features[sample], components, random_state=seed)[2])
