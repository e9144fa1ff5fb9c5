"""The pool of a torch session, however it is given, as one tensor."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.models.torch_module import inputs

_WHITE = 255
_DIGESTED = 1000  # crops that stand for the pool


def tensor_of(all_crops: Any) -> Any:
    """Return a single-precision tensor (n, ...) on the CPU.

    Tensors and arrays go in as they are, alone or in a list; Pillow's pictures become levels of
    red, green and blue from 0 to 1, (n, 3, height, width). `DataError` where they differ in shape,
    or are no finite numbers.
    """
    import torch

    if isinstance(all_crops, list | tuple) and all(_is_picture(one) for one in all_crops):
        all_crops = [_levels(one) for one in all_crops]
    rows = inputs(all_crops)
    if not len(rows):
        raise DataError("all_crops: expected at least one crop, got none")
    return torch.from_numpy(rows)


def digest(crops: Any) -> str:
    """Return the sha256 of the shape of a pool and of a thousand of its crops: 64 hex digits."""
    n = len(crops)
    some = np.unique(np.linspace(0, n - 1, min(n, _DIGESTED)).astype(np.intp))
    found = hashlib.sha256(f"{tuple(crops.shape)}".encode())
    found.update(np.ascontiguousarray(crops[some].numpy()).tobytes())
    return found.hexdigest()


def _is_picture(one: object) -> bool:
    return hasattr(one, "convert") and hasattr(one, "getbands")


def _levels(picture: Any) -> NDArray[np.float32]:
    rgb = np.asarray(picture.convert("RGB"), dtype=np.float32) / np.float32(_WHITE)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))
