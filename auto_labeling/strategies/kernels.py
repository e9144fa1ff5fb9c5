"""How well one point stands for another: a ball, or a bell that fades with distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from auto_labeling.arrays import Floats
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.neighbours import neighbour_distances
from auto_labeling.view import PoolView

_SPACED = 2000  # points that stand for all when the gaps between them are measured
_COPY = 1e-6  # of the widest gap: what is nearer is a copy, and only rounding tells them apart
_RIM = 1 + 1e-6  # a little wider, so that rounding does not cut off what lies on the rim


class Kernel(Protocol):
    """Similarity in [0, 1] that never rises with distance."""

    @property
    def width(self) -> float:
        """The unit in which distances are measured."""
        ...

    def of(self, negative_squares: Floats) -> Floats:
        """Return the similarity at minus the squared distance, in widths; may use up its input."""
        ...


@dataclass(frozen=True, slots=True)
class Gaussian:
    """`exp(-(distance / width)^2)`.

    >>> Gaussian(width=2.0).of(np.array([0.0, -1.0])).round(4)
    array([1.    , 0.3679])
    """

    width: float

    def of(self, negative_squares: Floats) -> Floats:
        """Return similarities in [0, 1]."""
        near: Floats = np.exp(negative_squares, out=negative_squares)
        return near


@dataclass(frozen=True, slots=True)
class Ball:
    """One within the radius `width`, else nothing.

    >>> Ball(width=2.0).of(np.array([0.0, -1.0, -1.1]))
    array([1., 1., 0.])
    """

    width: float

    def of(self, negative_squares: Floats) -> Floats:
        """Return similarities, 0 or 1."""
        near: Floats = np.greater_equal(negative_squares, -_RIM).astype(negative_squares.dtype)
        return near


def adapted_gaussian(
    labeled: Floats, embeddings: Floats, size: int, rng: np.random.Generator
) -> Gaussian:
    """Return the bell as wide as labeled points lie apart: it narrows as labels come in.

    The median distance from a labeled point to the nearest one that is no copy of it; Bae et al.
    (2024, arXiv 2412.20644) take the least, which a single pair decides. With fewer than two
    labels, what a cold start of `size` would choose stands for the labels to come: of random
    candidates half may lie in one tight cluster, and the bell is too narrow for all others then.
    """
    if len(labeled) > 1:
        points = labeled[rng.permutation(len(labeled))[:_SPACED]]
    else:
        typical = PoolView(embeddings=embeddings)
        points = embeddings[KMedoids().select(typical, min(max(size, 2), _SPACED), rng)]
    gaps = neighbour_distances(points, 1)[:, 0] if len(points) > 1 else np.zeros(1)
    apart = gaps[gaps > _COPY * gaps.max()]
    return Gaussian(width=float(np.median(apart)) if len(apart) else 1.0)
