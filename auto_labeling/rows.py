"""What people pass as data: arrays, memory maps, sparse matrices, frames, lists of items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.errors import DataError
from auto_labeling.view import len_of, refuse_non_finite, rows_per_chunk

_WORDS = 4096  # hashed words a text becomes where no model says how to read it


def checked_rows(X: Any, name: str) -> Any:
    """Return the rows as a model takes them; `DataError` names what is wrong.

    Frames stay frames and memory maps stay on disk; sparse matrices are read by rows; tensors and
    lists of numbers become an array, and other lists, such as texts or paths, stay lists.
    """
    if hasattr(X, "iloc"):
        return X if X.ndim == 2 else checked_rows(X.to_numpy(), name)
    if hasattr(X, "tocsr"):
        rows = X.tocsr()
        refuse_non_finite(rows, name)
        return rows
    if hasattr(X, "detach"):
        return checked_rows(X.detach().cpu().numpy(), name)
    if isinstance(X, np.ndarray) and X.dtype.kind in "OUS" and X.ndim == 1:
        return _checked_items(X.tolist(), name)
    if isinstance(X, list | tuple) and _are_items(X):
        return _checked_items(list(X), name)
    return _checked_array(X, name)


def take(rows: Any, positions: NDArray[np.intp] | slice) -> Any:
    """Return some rows, in the order of `positions`, in the form they have."""
    if hasattr(rows, "iloc"):
        return rows.iloc[positions]
    if isinstance(rows, list):
        return rows[positions] if isinstance(positions, slice) else [rows[at] for at in positions]
    return rows[positions]


def shown(rows: Any, positions: NDArray[np.intp]) -> list[Any]:
    """Return single rows as people can be shown them: items, mappings, or (d,) arrays."""
    some = take(rows, positions)
    if hasattr(some, "iloc"):
        return [dict(some.iloc[at]) for at in range(len(some))]
    return list(some.toarray() if hasattr(some, "tocsr") else some)


def stacked(first: Any, second: Any) -> Any:
    """Return the rows of both, in order; `DataError` where they are not of one kind."""
    if isinstance(first, list) and isinstance(second, list):
        return first + second
    if hasattr(first, "iloc") and hasattr(second, "iloc"):
        import pandas as pd

        if set(first.columns) != set(second.columns):  # what one lacks would become NaN
            named = [sorted(map(str, one.columns)) for one in (first, second)]
            raise DataError(f"X: expected the columns {named[0]}, got {named[1]}")
        return pd.concat([first, second], ignore_index=True)
    if hasattr(first, "tocsr") and hasattr(second, "tocsr"):
        from scipy.sparse import vstack

        return vstack([first, second]).tocsr()
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        if first.shape[1:] == second.shape[1:]:
            return np.concatenate([first, second])
        raise DataError(f"X: expected rows of shape {first.shape[1:]}, got {second.shape[1:]}")
    raise DataError(f"X: expected a {type(first).__name__} as before, got {type(second).__name__}")


def chunks(rows: Any) -> Iterator[slice]:
    """Yield slices of at most 65,536 rows and a few million numbers: a memory map stays on disk."""
    shape = getattr(rows, "shape", (len_of(rows),))
    n, width = shape[0], int(np.prod(shape[1:])) if len(shape) > 1 else 1
    step = 65_536 if hasattr(rows, "tocsr") else min(65_536, 8 * rows_per_chunk(width))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def numbers(rows: Any) -> Any:
    """Return (n, d) numbers, dense or sparse; texts become hashed words."""
    if hasattr(rows, "tocsr"):
        return rows
    if hasattr(rows, "iloc"):
        return _frame_numbers(rows)
    if isinstance(rows, np.ndarray):
        return rows.reshape(len(rows), -1) if rows.ndim != 2 else rows
    if all(isinstance(one, str) for one in rows):
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(n_features=_WORDS).transform(rows)
    kinds = sorted({type(one).__name__ for one in rows})
    raise DataError(f"X: expected numbers or texts to tell what is alike, got items of {kinds}")


def checked_labels(y: ArrayLike, n: int) -> NDArray[Any]:
    """Return (n,) labels, or raise `DataError`."""
    given = np.asarray(y)
    if given.shape != (n,):
        raise DataError(f"y: expected one label for each of {n} rows, got shape {given.shape}")
    if given.dtype.kind == "f":
        refuse_non_finite(given, "y")
    if given.dtype.kind not in "OUS":
        return given
    if not isinstance(y, np.ndarray) or given.dtype.kind == "O":
        _check_words(np.asarray(y, dtype=object))  # numpy would make words of NaN and of numbers
    return given


def _check_words(labels: NDArray[Any]) -> None:
    """Raise `DataError` where labels are missing, or words beside numbers."""
    absent = np.flatnonzero(missing(labels))
    if len(absent):
        raise DataError(
            f"y: expected a label in every row, row {absent[0]} has none; leave such rows out"
        )
    words = np.array([isinstance(one, str | bytes) for one in labels], dtype=bool)
    if words.any() and not words.all():
        raise _two_kinds(labels[words][0], labels[~words][0])


def missing(values: Sequence[Any] | NDArray[Any]) -> NDArray[np.bool_]:
    """Return (n,) where there is nothing: None, nan, or what pandas says for them.

    >>> missing(["a", None, float("nan"), np.zeros((2, 2))]).tolist()
    [False, True, True, False]
    """
    import pandas as pd

    absent: NDArray[np.bool_] = pd.isna(np.fromiter(values, dtype=object, count=len(values)))
    return absent


def expect_one_kind(first: NDArray[Any], second: NDArray[Any]) -> None:
    """Raise `DataError` where checked labels are words here and numbers there: none are equal."""
    if len(first) and len(second) and _are_words(first) != _are_words(second):
        raise _two_kinds(first.tolist()[0], second.tolist()[0])


def _are_words(labels: NDArray[Any]) -> bool:
    return labels.dtype.kind in "US" or (
        labels.dtype.kind == "O" and isinstance(labels[0], str | bytes)
    )


def _two_kinds(one: Any, other: Any) -> DataError:
    return DataError(f"y: expected labels of one kind, got {one!r} and {other!r}")


def _checked_items(items: list[Any], name: str) -> list[Any]:
    absent = np.flatnonzero(missing(items))
    if len(absent):
        raise DataError(f"{name}: expected an item in every row, row {absent[0]} has none")
    return items


def _are_items(X: Sequence[Any]) -> bool:
    return any(isinstance(one, str | bytes | Path | dict) for one in X) or _are_ragged(X)


def _are_ragged(X: Sequence[Any]) -> bool:
    shapes = {getattr(one, "shape", None) for one in X}
    return None not in shapes and len(shapes) > 1  # such as pictures of different sizes


def _checked_array(X: Any, name: str) -> NDArray[Any]:
    try:
        rows = X if isinstance(X, np.ndarray) else np.asarray(X)
    except ValueError as error:
        raise DataError(f"{name}: expected rows of one length ({error})") from error
    if rows.ndim < 2 and rows.size == 0:
        rows = rows.reshape(0, 1)
    if rows.ndim < 2:
        raise DataError(f"{name}: expected rows of shape (n, d), got shape {rows.shape}")
    refuse_non_finite(rows, name)
    return rows


def _frame_numbers(frame: Any) -> NDArray[np.float64]:
    try:
        values: NDArray[np.float64] = np.asarray(frame, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            "X: expected columns of numbers to tell what is alike; give a pipeline whose first "
            "steps turn the frame into numbers"
        ) from error
    refuse_non_finite(values, "X")
    return values.reshape(len(values), -1)
