from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw
from scipy import ndimage

from auto_labeling.formats.masks import mask_of
from auto_labeling.formats.outlines import outline_of

PIXELS = arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))).filter(np.any)


def filled(pixels: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the pixels whose centres lie within the outline, as OpenCV tells it."""
    height, width = pixels.shape
    points = outline_of(mask_of("car", pixels), tolerance).points
    corners = (np.array(points) * (width, height)).astype(np.float32)
    inside = [
        [
            cv2.pointPolygonTest(corners, (x + 0.5, y + 0.5), measureDist=False) > 0
            for x in range(width)
        ]
        for y in range(height)
    ]
    return np.array(inside)


def largest(pixels: np.ndarray) -> np.ndarray:
    parts, count = ndimage.label(pixels)
    sizes = [int((parts == at).sum()) for at in range(1, count + 1)]
    filled: np.ndarray = ndimage.binary_fill_holes(parts == 1 + int(np.argmax(sizes)))
    return filled


@given(PIXELS)
def test_without_tolerance_it_holds_the_pixels_of_the_largest_part(pixels: np.ndarray) -> None:
    np.testing.assert_array_equal(filled(pixels, 0), largest(pixels))


@given(PIXELS)
def test_its_area_is_that_of_the_pixels(pixels: np.ndarray) -> None:
    exact = outline_of(mask_of("car", pixels), 0)
    assert exact.area == pytest.approx(largest(pixels).mean())


def test_a_disc_needs_few_corners() -> None:
    canvas = Image.new("1", (200, 160))
    ImageDraw.Draw(canvas).ellipse((40, 20, 160, 140), fill=1)
    mask = mask_of("car", np.asarray(canvas), score=0.5)
    exact, rough = outline_of(mask, 0), outline_of(mask)
    assert len(exact.points) > 150
    assert len(rough.points) < 40
    assert rough.area == pytest.approx(exact.area, rel=0.02)
    assert (rough.label, rough.score) == ("car", 0.5)


@given(PIXELS, st.floats(0, 20))
def test_whatever_the_tolerance_it_is_a_polygon(pixels: np.ndarray, tolerance: float) -> None:
    outline = outline_of(mask_of("car", pixels), tolerance)
    assert outline.area > 0
