"""npy and npz files as arrays; nothing in them is ever unpickled."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.pool.cells import name_of
from auto_labeling.pool.features import inspect
from auto_labeling.pool.rows import ArrayRows
from auto_labeling.pool.screen import Candidates
from auto_labeling.pool.source import Source

USUAL_KEYS = ("X", "features")
"""What the features are called in an npz whose key is not named."""


def array_candidates(
    source: Source,
    base: Path,
    *,
    features: str,
    ids: str | None = None,
    groups: str | None = None,
    labels: str | None = None,
) -> Candidates:
    """Return the rows of arrays of one length, each named as `open_array` says."""
    array = open_features(features, base)
    hashes, bad = inspect(ArrayRows(array=array), None)

    def names(key: str, reference: str | None) -> list[str | None] | None:
        if reference is None:
            return None
        column = open_array(_beside(reference, features), base)
        if column.shape != array.shape[:1]:
            raise DataError(
                f"pool.{key} ({reference}): expected shape {array.shape[:1]}, one for each row of "
                f"the features, got {column.shape}"
            )
        return [name_of(value) for value in column]

    return Candidates(
        source=source,
        references=[str(row) for row in range(1, len(array) + 1)],
        content_hashes=hashes,
        features=ArrayRows(array=array),
        ids=names("ids", ids),
        groups=names("groups", groups),
        labels=names("labels", labels),
        bad=bad,
    )


def open_features(reference: str, base: Path) -> NDArray[Any]:
    """Return the features as (n, d) or (n, ...) numbers."""
    array = open_array(reference, base)
    if array.ndim < 2 or 0 in array.shape[1:]:
        raise DataError(f"{reference}: expected features of shape (n, d), got {array.shape}")
    if array.dtype.kind not in "buif":
        raise DataError(f"{reference}: expected features that are numbers, got {array.dtype}")
    return array


def open_array(reference: str, base: Path) -> NDArray[Any]:
    """Return the array in `FILE.npy` (a memory map), or in `FILE.npz:KEY` (read whole)."""
    name, key = split_reference(reference)
    path = base / name
    if path.suffix.lower() not in (".npy", ".npz"):
        raise DataError(f"{reference}: expected FILE.npy or FILE.npz:KEY")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; mend the path, or put the file there")
    try:
        if path.suffix.lower() == ".npz":
            return _from_npz(path, key)
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
    except PermissionError:
        raise DataError(f"{path}: this user may not read it; grant read access") from None
    except (ValueError, OSError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path}: expected a whole NumPy file of numbers or text; save objects with "
            "array.astype(str), for nothing is unpickled"
        ) from error
    if not isinstance(loaded, np.ndarray):
        raise DataError(f"{path}: expected one array, got an archive; call it .npz")
    return loaded


def split_reference(reference: str) -> tuple[str, str | None]:
    """Return the file and the key.

    >>> split_reference("data/digits.npz:X"), split_reference("digits.npy")
    (('data/digits.npz', 'X'), ('digits.npy', None))
    """
    before, marker, key = reference.rpartition(".npz:")
    return (f"{before}.npz", key) if marker else (reference, None)


def _beside(reference: str, features: str) -> str:
    """Return `reference`, which may be just a key of the npz that holds the features."""
    if Path(split_reference(reference)[0]).suffix.lower() in (".npy", ".npz"):
        return reference
    name, _ = split_reference(features)
    if not name.endswith(".npz"):
        raise DataError(f"{reference}: expected FILE.npy or FILE.npz:KEY")
    return f"{name}:{reference}"


def _from_npz(path: Path, key: str | None) -> NDArray[Any]:
    # Opened here, because NumPy leaves the file open when the archive is damaged.
    with path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            return archive
        keys = archive.files
        usual = [name for name in USUAL_KEYS if name in keys]
        chosen = key or (keys[0] if len(keys) == 1 else next(iter(usual), None))
        if chosen not in keys:
            raise DataError(f"{path}: expected the key {key or USUAL_KEYS[0]!r}, got {keys}")
        array: NDArray[Any] = archive[chosen]
    return array
