"""PoolView: the arrays a strategy may look at. A strategy sees arrays, never models or items."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.errors import DataError

FLOAT_FIELDS = (
    "proba",
    "marginals",
    "embeddings",
    "features",
    "posterior",
    "cost",
    "labeled_embeddings",
)
_MAY_BE_SPARSE = frozenset({"features"})
_NDIM = {"proba": 2, "marginals": 2, "embeddings": 2, "posterior": 3, "cost": 1, "groups": 1}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoolView:
    """What is known about the `n` candidates of a pool; every field is optional.

    >>> view = PoolView(proba=np.array([[0.9, 0.1], [0.5, 0.5]]))
    >>> len(view)
    2
    """

    proba: NDArray[np.floating[Any]] | None = None
    """(n, k) class probabilities; rows sum to one."""
    marginals: NDArray[np.floating[Any]] | None = None
    """(n, k) the probability of each label by itself, where an item may have several."""
    embeddings: NDArray[np.floating[Any]] | None = None
    """(n, d) points in which near means alike."""
    features: Any = None
    """(n, p) what the model is fitted on; dense or scipy sparse."""
    posterior: NDArray[np.floating[Any]] | None = None
    """(n, k, m) probabilities of m committee members or posterior draws."""
    cost: NDArray[np.floating[Any]] | None = None
    """(n,) expected price of an answer; any unit, above zero."""
    groups: NDArray[Any] | None = None
    """(n,) the group of each candidate, such as patient or video."""
    labeled_embeddings: NDArray[np.floating[Any]] | None = None
    """(l, d) the embeddings of what is labeled already."""
    labeled_targets: NDArray[Any] | None = None
    """(l,) its classes, as positions in the class list."""
    detections: Detections | None = None
    """What a model sees on the n candidates."""
    mirrored: Detections | None = None
    """What it sees on them in a mirror, turned back."""

    def __post_init__(self) -> None:
        lengths = {name: len_of(getattr(self, name)) for name in self._candidate_fields()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"view: expected one length for every field, got {lengths}")
        for name, ndim in _NDIM.items():
            array = getattr(self, name)
            if array is not None and array.ndim != ndim:
                raise DataError(f"view.{name}: expected {ndim} dimensions, got shape {array.shape}")

    def __len__(self) -> int:
        names = self._candidate_fields()
        if not names:
            raise DataError("view: expected at least one field that is as long as the pool")
        return len_of(getattr(self, names[0]))

    def take(self, positions: NDArray[np.intp] | slice) -> PoolView:
        """Return the view of some candidates, in the order of `positions`; a slice copies none."""
        taken: dict[str, Any] = {
            name: getattr(self, name)[positions] for name in self._candidate_fields()
        }
        kept: dict[str, Any] = {
            "labeled_embeddings": self.labeled_embeddings,
            "labeled_targets": self.labeled_targets,
        }
        return PoolView(**taken, **kept)

    def require(self, needs: frozenset[str], who: str) -> None:
        """Raise `DataError` as `need` does, for each field that `who` reads."""
        for name in sorted(needs):
            self.need(name, who)

    def need(self, name: str, who: str) -> Any:
        """Return a field that `who` reads, finite and, but for the features, dense.

        Raises `DataError` where it is not, or is missing.
        """
        array = getattr(self, name)
        if array is None:
            raise DataError(f"{who} needs view.{name}, which was not computed")
        if hasattr(array, "tocsr") and name not in _MAY_BE_SPARSE:
            raise DataError(
                f"{who} needs view.{name} to be dense, got a sparse {array.shape}; reduce it first,"
                " for example with scikit-learn's TruncatedSVD"
            )
        if name in FLOAT_FIELDS:
            refuse_non_finite(array, f"view.{name}")
        return array

    def _candidate_fields(self) -> list[str]:
        names = (f.name for f in fields(self) if not f.name.startswith("labeled"))
        return [name for name in names if getattr(self, name) is not None]


def len_of(array: Any) -> int:
    """Return the number of rows of a dense or sparse array."""
    return int(array.shape[0]) if hasattr(array, "shape") else len(array)


def rows_per_chunk(width: int) -> int:
    """Return how many rows of `width` numbers to take at once: a memory map stays on disk."""
    return max(1, 2_000_000 // max(1, width))


def refuse_non_finite(array: Any, where: str) -> None:
    """Raise `DataError` that names the first row, dense or sparse, with NaN or infinity."""
    if hasattr(array, "tocsr"):
        _refuse_in_sparse(array.tocsr(), where)
        return
    dense = np.asarray(array)
    if dense.dtype.kind not in "fiub":
        raise DataError(f"{where}: expected numbers, got dtype {dense.dtype}")
    rows = dense.reshape(len(dense), -1) if dense.size else dense.reshape(0, 1)
    step = rows_per_chunk(rows.shape[1])
    for start in range(0, len(rows), step):
        finite = np.isfinite(rows[start : start + step])
        if not finite.all():
            _refuse(where, start + int((~finite.all(axis=1)).argmax()))


def _refuse_in_sparse(matrix: Any, where: str) -> None:
    finite = np.isfinite(matrix.data)
    if not finite.all():
        _refuse(where, int(np.searchsorted(matrix.indptr, (~finite).argmax(), side="right")) - 1)


def _refuse(where: str, row: int) -> None:
    raise DataError(f"{where}: expected finite numbers, row {row} is not")
