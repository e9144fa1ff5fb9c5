"""Ask where an answer would change the model most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans
from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.probabilities import score_rows
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class ExpectedGradientLength:
    """The expected length of the loss gradient, over the answers that the model expects.

    For a linear softmax head over x: `sum_y p_y |p - e_y| |x|` (Settles, Craven & Ray 2008), the
    gradient by the weights, without the intercept.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]),
    ...     embeddings=np.array([[3.0, 4.0], [6.0, 8.0], [6.0, 8.0]]),
    ... )
    >>> ExpectedGradientLength().score(view).round(4)
    array([3.5355, 7.0711, 0.    ])
    """

    rowwise: ClassVar[bool] = True

    inputs: Literal["embeddings", "features"] = "embeddings"
    """What the head is linear in; features may be sparse."""

    def __post_init__(self) -> None:
        if self.inputs not in ("embeddings", "features"):
            raise ConfigurationError(
                f"inputs: expected embeddings or features, got {self.inputs!r}"
            )

    @property
    def needs(self) -> frozenset[str]:
        """Probabilities, and what the head is linear in."""
        return frozenset({"proba", self.inputs})

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) scores of at least 0, in the units of the inputs; higher changes more."""
        who = "expected_gradient_length"
        scores = score_rows(view.need("proba", who), _residual)
        scores *= _lengths(view.need(self.inputs, who))
        return scores


def _residual(columns: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    # |p - e_y|^2, a row for each answer y
    squares = 1.0 + np.einsum("ij,ij->j", columns, columns) - 2.0 * columns
    np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
    expected: NDArray[np.float64] = np.einsum("ij,ij->j", columns, squares)
    return expected


def _lengths(inputs: Any) -> NDArray[np.float64]:
    """Return (n,) the length of each row, dense or sparse."""
    if hasattr(inputs, "tocsr"):
        rows = inputs.tocsr().astype(np.float64)
        return np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel())
    lengths = np.empty(len(inputs))
    for span in spans(len(inputs), inputs.shape[1]):
        rows = np.asarray(inputs[span], dtype=np.float64)
        lengths[span] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return lengths
