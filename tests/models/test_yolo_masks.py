"""Masks between pixels, run lengths and outlines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from auto_labeling.formats.masks import mask_of, pixels_of, runs_within
from tests.models.yolo_scene import needs_yolo

WINDOWS = arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 6)))


@given(inside=WINDOWS, margins=st.tuples(*[st.integers(0, 3)] * 4))
def test_a_window_is_encoded_as_the_whole_picture_is(
    inside: NDArray[np.bool_], margins: tuple[int, int, int, int]
) -> None:
    left, top, right, bottom = margins
    whole = np.pad(inside, ((top, bottom), (left, right)))
    runs = runs_within(inside, left, top, (whole.shape[0], whole.shape[1]))
    if inside.any():
        assert runs == mask_of("a", whole).runs
    else:
        assert runs is None


def filled(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Trace a mask as training does, and fill the outline by Pillow, four times as fine."""
    from auto_labeling.models.yolo_dataset import outline
    from auto_labeling.models.yolo_library import ultralytics

    ultralytics()
    height, width = inside.shape
    fine = Image.new("1", (4 * width, 4 * height))
    points = [(4 * width * x - 0.5, 4 * height * y - 0.5) for x, y in outline(mask_of("a", inside))]
    ImageDraw.Draw(fine).polygon(points, fill=1)
    coarse = np.asarray(fine).reshape(height, 4, width, 4).mean(axis=(1, 3))
    return coarse > 0.5


@needs_yolo
def test_an_outline_has_the_pixels_of_its_mask() -> None:
    disc = np.hypot(*(np.indices((40, 30)) - np.array([18.0, 13.0])[:, None, None])) < 11
    assert (filled(disc) == disc).mean() > 0.99
    block = np.zeros((40, 30), bool)
    block[0:7, 3:30] = True  # at the edge of the picture
    assert (filled(block) == block).all()


@needs_yolo
def test_parts_stay_and_holes_are_filled() -> None:
    parts = np.zeros((40, 40), bool)
    parts[2:12, 2:12] = parts[25:38, 20:39] = True
    assert (filled(parts) == parts).mean() > 0.97  # the line between them is a pixel wide
    ring = np.zeros((40, 40), bool)
    ring[5:35, 5:35] = True
    whole = ring.copy()
    ring[15:25, 15:25] = False
    assert (filled(ring) == whole).all()


@needs_yolo
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
def test_the_smallest_masks_have_outlines_with_an_area(shape: tuple[int, int]) -> None:
    inside = np.zeros((20, 20), bool)
    inside[3 : 3 + shape[0], 4 : 4 + shape[1]] = True
    assert (filled(inside) == inside).all()
    assert pixels_of(mask_of("a", inside)).sum() == shape[0] * shape[1]
