"""What flows along a graph from some of its rows, by conjugate gradients on many columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape, spans
from auto_labeling.errors import ConfigurationError, DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Diffusion:
    """`(1 - alpha) (I - alpha S)^-1`, S a graph between the roots of its degrees."""

    smooth: Any
    """(n, n) S: symmetric, eigenvalues in [-1, 1]."""
    alpha: float
    tolerance: float
    max_iter: int

    @classmethod
    def of(cls, graph: Any, *, alpha: float, tolerance: float, max_iter: int) -> Self:
        """Return the diffusion over (n, n) symmetric affinities of at least 0."""
        if not 0 <= alpha < 1:
            raise ConfigurationError(f"alpha: expected a number in [0, 1), got {alpha}")
        if not 0 < tolerance < 1:
            raise ConfigurationError(f"tolerance: expected a number in (0, 1), got {tolerance}")
        expect_shape("graph", graph, (graph.shape[0], graph.shape[0]))
        return cls(smooth=_between_roots(graph), alpha=alpha, tolerance=tolerance,
                   max_iter=max_iter)  # fmt: skip

    def from_sources(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], width: int
    ) -> NDArray[np.float32]:
        """Return (n, width) what arrives where one unit enters at each (row, column); at least 0.

        Conjugate gradients: I - alpha S is positive definite, and the number of steps goes by the
        root of 1 / (1 - alpha), where plain iteration takes 1 / (1 - alpha).
        """
        residual = np.zeros((self.smooth.shape[0], width), dtype=np.float32)
        np.add.at(residual, (rows, columns), np.float32(1 - self.alpha))
        found = np.zeros_like(residual)
        step = residual.copy()
        squares = _dots(residual, residual)
        enough = self.tolerance**2 * squares
        for _ in range(self.max_iter):
            going = squares > enough
            if not going.any():
                return np.maximum(found, 0.0, out=found)
            turned = step - self.alpha * (self.smooth @ step)
            length = _share(squares, _dots(step, turned), going)
            found += length * step
            turned *= length
            residual -= turned
            before, squares = squares, _dots(residual, residual)
            step *= _share(squares, before, going)
            step += residual
        raise DataError(
            f"graph: labels have not settled after {self.max_iter} steps; expected symmetric "
            "affinities, and an alpha further below 1"
        )


def _between_roots(graph: Any) -> Any:
    from scipy.sparse import csr_array

    smooth = csr_array(graph, dtype=np.float32, copy=True)
    if not (np.isfinite(smooth.data).all() and smooth.data.min(initial=0.0) >= 0):
        raise DataError("graph: expected finite affinities, none below 0")
    degrees = np.asarray(smooth.sum(axis=1), dtype=np.float64)
    roots = np.sqrt(np.where(degrees > 0, degrees, 1.0))
    for span in spans(len(roots), max(1, smooth.nnz // max(1, len(roots)))):
        cells = slice(smooth.indptr[span.start], smooth.indptr[span.stop])
        own = np.repeat(roots[span], np.diff(smooth.indptr[span.start : span.stop + 1]))
        smooth.data[cells] /= own * roots[smooth.indices[cells]]
    return smooth


def _dots(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (c,) the products of columns; chunks are added up in double precision."""
    total = np.zeros(left.shape[1])
    for span in spans(len(left), 256):  # long sums of single precision lose digits
        total += np.einsum("ij,ij->j", left[span], right[span])
    return total


def _share(
    above: NDArray[np.float64], below: NDArray[np.float64], going: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return (c,) above / below, and 0 for columns that have settled."""
    found = np.zeros(len(above))
    np.divide(above, below, out=found, where=going & (below > 0))
    return found.astype(np.float32)
