"""Feature rows that may be larger than memory, read a chunk at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

CHUNK_BYTES = 32 * 2**20


class Rows(Protocol):
    """(n, d) float32 features that need not be in memory at once."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""
        ...

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield every row in order, in arrays of shape (some, d)."""
        ...

    def take(self, keep: NDArray[np.intp]) -> Rows:
        """Return the rows at these positions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrayRows:
    """The rows of an array or memory map of shape (N, ...), flattened and divided by `divisor`."""

    array: NDArray[Any]
    keep: NDArray[np.intp] | None = None
    """The positions that count; None: all."""
    divisor: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""
        n = len(self.array) if self.keep is None else len(self.keep)
        return n, int(np.prod(self.array.shape[1:]))

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield every row in order; a value beyond float32 becomes infinite."""
        for start, stop in spans(*self.shape):
            wanted = slice(start, stop) if self.keep is None else self.keep[start:stop]
            with np.errstate(over="ignore"):
                block = np.asarray(self.array[wanted], dtype=np.float32)
            block = block.reshape(stop - start, -1)
            yield block if self.divisor == 1.0 else block / np.float32(self.divisor)

    def take(self, keep: NDArray[np.intp]) -> ArrayRows:
        """Return the rows at these positions."""
        positions = keep if self.keep is None else self.keep[keep]
        return ArrayRows(array=self.array, keep=positions, divisor=self.divisor)


class _Single(Protocol):
    """What looks like an (n, d) array in single precision."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""
        ...

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Return float32, whatever the rows lie in."""
        return np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """Return 2."""
        return 2

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class StackedRows(_Single):
    """Several (n_i, d) arrays seen as one; what is taken out of it is an ordinary array.

    >>> stacked = StackedRows((np.zeros((2, 3), np.float32), np.ones((1, 3), np.float32)))
    >>> stacked.shape, stacked[np.array([2, 0])].tolist()
    ((3, 3), [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    """

    parts: tuple[NDArray[np.floating[Any]], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""
        return sum(len(part) for part in self.parts), int(self.parts[0].shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("several snapshots make one array only by copying")
        whole: NDArray[Any] = np.concatenate(self.parts)
        return whole.astype(dtype or np.float32, copy=False)

    def __getitem__(self, wanted: slice | NDArray[Any] | Sequence[int]) -> NDArray[np.float32]:
        if isinstance(wanted, slice):
            return self._gather(np.arange(*wanted.indices(len(self))))
        positions = np.asarray(wanted)
        if positions.dtype == bool:
            positions = np.flatnonzero(positions)
        return self._gather(positions.astype(np.intp, copy=False))

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield every row in order, in arrays of shape (some, d)."""
        for part in self.parts:
            for start, stop in spans(*part.shape):
                yield part[start:stop]

    def _gather(self, positions: NDArray[np.intp]) -> NDArray[np.float32]:
        n, width = self.shape
        if len(positions) and not (-n <= positions.min() and positions.max() < n):
            raise IndexError(f"expected positions below {n}, got {int(positions.max())}")
        positions = np.where(positions < 0, positions + n, positions)
        taken = np.empty((len(positions), width), np.float32)
        edges = np.cumsum([0, *(len(part) for part in self.parts)])
        for part, (low, high) in zip(self.parts, pairwise(edges), strict=True):
            here = (positions >= low) & (positions < high)
            taken[here] = part[positions[here] - low]
        return taken


@dataclass(frozen=True, kw_only=True, eq=False)
class GatheredRows(_Single):
    """Rows that lie in any order in others, several of them at one place; opened when looked at.

    >>> rows = GatheredRows(places=lambda: (np.eye(2, dtype=np.float16), np.array([1, 0, 1])))
    >>> rows.shape, rows[np.array([2, 1])].tolist()
    ((3, 2), [[0.0, 1.0], [1.0, 0.0]])
    """

    places: Callable[[], tuple[NDArray[Any] | StackedRows, NDArray[np.intp]]]
    """Gives the others, and (n,) where each row lies in them."""

    @cached_property
    def _opened(self) -> tuple[NDArray[Any] | StackedRows, NDArray[np.intp]]:
        return self.places()

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""
        others, at = self._opened
        return len(at), int(others.shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("gathered rows make an array only by copying")
        return self[:].astype(dtype or np.float32, copy=False)

    def __getitem__(self, wanted: slice | NDArray[Any] | Sequence[int]) -> NDArray[np.float32]:
        others, at = self._opened
        rows: NDArray[np.float32] = others[at[wanted]].astype(np.float32, copy=False)
        return rows

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield every row in order, in arrays of shape (some, d)."""
        for start, stop in spans(*self.shape):
            yield self[start:stop]


def spans(rows: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, stop) of chunks that hold about `CHUNK_BYTES` of float32.

    >>> list(spans(10, 2**21))
    [(0, 4), (4, 8), (8, 10)]
    """
    step = max(1, CHUNK_BYTES // (4 * max(1, width)))
    for start in range(0, rows, step):
        yield start, min(start + step, rows)


def row_hashes(block: NDArray[np.float32]) -> list[str]:
    """Return the sha256 of every row; equal numbers have equal hashes, whatever file held them."""
    # Adding zero turns -0.0, which equals 0.0 but is other bytes, into 0.0.
    canonical = np.ascontiguousarray(block + np.float32(0), dtype="<f4")
    return [hashlib.sha256(row).hexdigest() for row in canonical]
