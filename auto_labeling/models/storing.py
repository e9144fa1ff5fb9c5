"""Pickles that are loaded only while they are, byte for byte, what was written or configured."""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically

# What unpickling raises on damaged files and on a missing or different version of a library.
_UNLOADABLE = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


def dump_verifiable(content: Any, path: Path) -> str:
    """Write a pickle and return the sha256 that it is loaded by: 64 hex digits."""
    import joblib

    buffer = io.BytesIO()
    joblib.dump(content, buffer)
    write_atomically(path, buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def read_verified(path: Path, sha256: str) -> bytes:
    """Return the bytes of the file, or raise `DataError` where they are not those expected."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    got = hashlib.sha256(content).hexdigest()
    if got != sha256.lower():
        raise DataError(f"{path}: expected sha256 {sha256}, got {got}: it is another file")
    return content


def load_verified(path: Path, sha256: str) -> Any:
    """Return what the file holds, or raise `DataError` where its bytes are not those expected."""
    import joblib

    # The bytes that were checked are the bytes that are loaded, whatever happens to the file.
    content = read_verified(path, sha256)
    try:
        return joblib.load(io.BytesIO(content))
    except _UNLOADABLE as error:
        raise DataError(
            f"{path}: cannot be loaded ({error}); install the library versions it was saved with"
        ) from error
