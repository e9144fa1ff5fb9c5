"""What a torch module is given: scaled features, or the pixels of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pictures import Pictures

_WHITE = 255


class FeatureInputs:
    """Rows of features, each feature to the scale it had while fitting."""

    def __init__(self, X: Any) -> None:
        from auto_labeling.models.scaling import CommonScale

        self._scale = CommonScale().fit(_features(X))
        self.shape = (int(X.shape[1]),)

    def read(self, X: Any) -> Any:
        """Return (n, p), sparse where `X` is: mini-batches are made dense one by one."""
        return self._scale.transform(_features(X)).astype(np.float32)


class PictureInputs:
    """Pictures of one size, a byte a level: those of a whole training set are kept in memory."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.shape = (3, size, size)

    def read(self, X: Any) -> NDArray[np.uint8]:
        """Return (n, 3, size, size) levels; `DataError` names a picture that cannot be read."""
        from auto_labeling.pool.pixels import pixels

        if not isinstance(X, Pictures):
            raise ConfigurationError("reads: expected features, because here are no pictures")
        levels = np.empty((len(X), self._size, self._size, 3), dtype=np.uint8)
        for at, path in enumerate(X):
            try:
                row = pixels(path.read_bytes(), self._size, "rgb")
            except (DataError, OSError) as error:
                raise DataError(f"{path}: {error}") from error
            levels[at] = row.reshape(levels.shape[1:])
        return levels.transpose(0, 3, 1, 2)


def numbers(part: Any) -> NDArray[np.float32]:
    """Return what was read of a few items as a module takes it; levels from 0 to 1.

    >>> numbers(np.array([[0, 255]], dtype=np.uint8))
    array([[0., 1.]], dtype=float32)
    """
    dense = part.toarray() if hasattr(part, "toarray") else part
    if dense.dtype == np.uint8:
        dense = dense.astype(np.float32) / np.float32(_WHITE)
    return np.ascontiguousarray(dense, dtype=np.float32)


def _features(X: Any) -> Any:
    if isinstance(X, Pictures):
        raise ConfigurationError("reads: expected pictures, because here are no features")
    return X
