"""A pool is one tensor, however it is given."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from auto_labeling.torch_session.crops import digest, tensor_of

torch = pytest.importorskip("torch")

LEVELS = np.random.default_rng(0).integers(0, 256, size=(5, 4, 6, 3), dtype=np.uint8)


def test_pictures_become_levels_from_0_to_1() -> None:
    found = tensor_of([Image.fromarray(one) for one in LEVELS])
    torch.testing.assert_close(found.numpy(), LEVELS.transpose(0, 3, 1, 2) / np.float32(255))


def test_numbers_stay_as_they_are() -> None:
    for given in (LEVELS, torch.from_numpy(LEVELS), list(LEVELS)):
        torch.testing.assert_close(tensor_of(given).numpy(), LEVELS.astype(np.float32))


def test_another_crop_is_another_pool() -> None:
    pool = tensor_of(LEVELS)
    other = pool.clone()
    other[3, 0, 0, 0] += 1
    assert digest(pool) == digest(pool.clone()) != digest(other)
    assert digest(pool) != digest(pool.reshape(5, 6, 4, 3))
