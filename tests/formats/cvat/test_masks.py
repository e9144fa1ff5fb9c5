"""CVAT's masks, against the SDK's own code, a plain decoder and Pillow, and broken ones."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat import decode_mask, encode_mask
from auto_labeling.formats.masks import mask_of, pixels_of
from tests.formats.shapes import pixels

GOLDEN = [1.0, 11.0, 2.0, 6.0, 60.0, 50.0, 64.0, 53.0]
"""As a real server has it, of the crop 01111 / 11111 / 11001 / 11111 in 320 x 240 pixels."""


@pytest.fixture(scope="module")
def sdk() -> Any:
    return importlib.import_module("cvat_sdk.masks")


def plainly(points: list[int], width: int, height: int) -> list[list[bool]]:
    """Return the pixels of a mask, read as the documentation says it, a pixel at a time."""
    *runs, left, top, right, _ = points
    rows = [[False] * width for _ in range(height)]
    at, inside = 0, False
    for run in runs:
        for _ in range(run):
            down, across = divmod(at, right - left + 1)
            rows[top + down][left + across] = inside
            at += 1
        inside = not inside
    return rows


@settings(deadline=None)
@given(pixels())
def test_the_sdk_and_a_plain_decoder_read_what_we_write(sdk: Any, image: NDArray[np.bool_]) -> None:
    height, width = image.shape
    points = encode_mask(mask_of("car", image))
    assert points == sdk.encode_mask(image)
    assert plainly(points, width, height) == image.tolist()
    read = sdk.decode_mask(points, image_width=width, image_height=height)
    np.testing.assert_array_equal(read, image)


@settings(deadline=None)
@given(pixels(), st.data())
def test_we_read_what_the_sdk_writes_whatever_the_crop(
    sdk: Any, image: NDArray[np.bool_], data: st.DataObject
) -> None:
    height, width = image.shape
    rows, columns = np.nonzero(image)
    crop = [
        data.draw(st.integers(0, int(columns.min()))),
        data.draw(st.integers(0, int(rows.min()))),
        data.draw(st.integers(int(columns.max()) + 1, width)),
        data.draw(st.integers(int(rows.max()) + 1, height)),
    ]
    mask = decode_mask(list(map(float, sdk.encode_mask(image, crop))), (width, height), "car")
    assert mask == mask_of("car", image)


def test_the_golden_mask_is_read_and_written_again() -> None:
    mask = decode_mask(GOLDEN, (320, 240), "blob")
    picture = Image.new("1", (320, 240))
    picture.paste(1, (60, 50, 65, 54))
    for hole in ((60, 50), (62, 52), (63, 52)):
        picture.putpixel(hole, 0)
    np.testing.assert_array_equal(pixels_of(mask), np.asarray(picture))
    assert encode_mask(mask) == GOLDEN


@pytest.mark.parametrize(
    ("points", "complaint"),
    [
        ([], "expected runs and four edges"),
        ([0, 0, 1, 1], "expected runs and four edges"),
        (None, "expected"),
        (["a", 0, 0, 1, 1], "expected numbers"),
        ([[1], 0, 0, 1, 1], "expected numbers"),
        ([0.5, 3.5, 0, 0, 1, 1], "expected whole numbers"),
        ([float("nan"), 4, 0, 0, 1, 1], "expected whole numbers"),
        ([1e300, 4, 0, 0, 1, 1], "expected whole numbers"),
        ([10, 10, 0, 0, 1, 1], r"expected runs over 2 x 2 pixels, got 2 of them"),
        ([-1, 5, 0, 0, 1, 1], "expected runs over 2 x 2 pixels"),
        ([2**52] * 4096 + [0, 0, 1, 1], "expected runs over 2 x 2 pixels, got 4096"),
        ([0, 4, 0, 0, 3, 0], "expected a crop within 3 x 2 pixels, got left 0, top 0, right 3"),
        ([0, 4, -1, 0, 0, 1], "expected a crop within 3 x 2 pixels"),
        ([0, 4, 1, 0, 0, 1], "expected a crop within 3 x 2 pixels"),
        ([4, 0, 0, 1, 1], "expected at least one pixel inside, got none"),
    ],
)
def test_what_is_no_mask_is_named(points: Any, complaint: str) -> None:
    with pytest.raises(DataError, match=f"^mask 'car': {complaint}"):
        decode_mask(points, (3, 2), "car")


@settings(deadline=None)
@given(st.lists(st.integers(-2, 9), max_size=12), st.integers(1, 5), st.integers(1, 5))
def test_noise_is_a_mask_as_the_sdk_reads_it_or_refused(
    sdk: Any, points: list[int], width: int, height: int
) -> None:
    try:
        mask = decode_mask(points, (width, height), "car")
    except DataError:
        try:
            read = sdk.decode_mask(points, image_width=width, image_height=height)
        except (ValueError, TypeError):
            return
        assert not read.any()
    else:
        read = sdk.decode_mask(points, image_width=width, image_height=height)
        np.testing.assert_array_equal(pixels_of(mask), read)
