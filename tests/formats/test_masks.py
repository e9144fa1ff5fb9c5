"""Masks are pixels, counted as COCO counts them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.formats.masks import mask_of, pixels_of
from tests.formats.shapes import pixels


@settings(deadline=None)
@given(pixels())
def test_pixels_come_back(given_: NDArray[np.bool_]) -> None:
    mask = mask_of("car", given_)
    np.testing.assert_array_equal(pixels_of(mask), given_)
    assert mask.area == pytest.approx(given_.mean())
    assert mask == mask_of("car", given_.copy(order="F"))


def test_runs_go_down_the_columns_and_begin_outside() -> None:
    image = np.zeros((3, 2), dtype=bool)
    image[1:, 0] = True
    assert mask_of("car", image).runs == (1, 2, 3)
    assert mask_of("car", ~image).runs == (0, 1, 2, 3)


def test_a_mask_has_a_pixel() -> None:
    with pytest.raises(DataError, match="mask 'car': expected at least one pixel inside, got none"):
        mask_of("car", np.zeros((3, 2), dtype=bool))


@pytest.mark.parametrize("image", [np.ones((2, 2)), np.ones(4, dtype=bool)])
def test_pixels_are_booleans_in_rows(image: NDArray[np.bool_]) -> None:
    with pytest.raises(DataError, match=r"mask 'car': expected \(height, width\) booleans, got"):
        mask_of("car", image)
