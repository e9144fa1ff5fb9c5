"""The run-length encoding of brushes, against the SDK's own and against broken ones."""

from __future__ import annotations

import importlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.brush import decode_rle, encode_rle
from tests.formats.shapes import pixels


@pytest.fixture(scope="module")
def sdk() -> Any:
    return importlib.import_module("label_studio_sdk.converter.brush")  # untyped, and slow


@settings(deadline=None)
@given(image=pixels())
def test_the_sdk_reads_what_we_write(sdk: Any, image: NDArray[np.bool_]) -> None:
    read = sdk.decode_rle(encode_rle(image)).reshape(*image.shape, 4)
    for channel in range(4):
        np.testing.assert_array_equal(read[:, :, channel], image * 255)


@settings(deadline=None)
@given(image=pixels())
def test_we_read_what_the_sdk_writes(sdk: Any, image: NDArray[np.bool_]) -> None:
    written = sdk.mask2rle(image.astype(np.uint8) * 255)
    np.testing.assert_array_equal(decode_rle(written, *image.shape), image)


@settings(deadline=None)
@given(image=pixels(), seed=st.integers(0, 2**32))
def test_soft_edges_count_where_half_is_covered(
    sdk: Any, image: NDArray[np.bool_], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (*image.shape, 4), dtype=np.uint8)
    colours[rng.random(image.shape) < 0.5] = 0
    rle = sdk.encode_rle(colours.ravel())
    np.testing.assert_array_equal(decode_rle(rle, *image.shape), colours[:, :, 3] >= 128)


def literal(values: list[int]) -> list[int]:
    """Return values as one chunk of words that are not repeated, as the browser writes them."""
    sizes = "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits = f"{len(values):032b}{7:05b}{sizes}"
    bits += f"0{2:02b}{len(values) - 1:08b}" + "".join(f"{value:08b}" for value in values)
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]


def test_words_that_are_not_repeated_are_read(sdk: Any) -> None:
    values = [1, 2, 3, 255, 9, 9, 9, 0, 5, 6, 7, 200, 255, 255, 255, 127]
    rle = literal(values)
    assert sdk.decode_rle(rle).tolist() == values
    assert decode_rle(rle, 2, 2).tolist() == [[True, False], [True, False]]


def test_a_long_run_is_cut() -> None:
    image = np.zeros((400, 500), dtype=bool)
    image[100:, :] = True
    rle = encode_rle(image)
    assert len(rle) < 60
    np.testing.assert_array_equal(decode_rle(rle, 400, 500), image)


@pytest.mark.parametrize(
    ("rle", "size", "complaint"),
    [
        ([], (2, 2), "mask: expected more than the 0 bytes it has"),
        (encode_rle(np.eye(9, dtype=bool))[:-3], (9, 9), "mask: expected more than the"),
        (encode_rle(np.eye(9, dtype=bool)), (9, 8), "expected 9 x 8 pixels of 4 bytes, got 324"),
        ([300], (2, 2), "mask: expected a list of bytes"),
        ([-1], (2, 2), "mask: expected a list of bytes"),
        (None, (2, 2), "mask: expected a list of bytes"),
        (10**12, (2, 2), "mask: expected a list of bytes"),
        (["a"], (2, 2), "mask: expected a list of bytes"),
        ([0, 0, 0, 16, 255, 255, 255, 255], (2, 2), "got 16 words of 32 bits"),
        ([255] * 9, (10**5, 10**5), "mask: expected up to 100000000 pixels, got 100000 x 100000"),
    ],
)
def test_what_is_no_mask_is_named(rle: Any, size: tuple[int, int], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        decode_rle(rle, *size)


@settings(deadline=None)
@given(st.lists(st.integers(0, 255), max_size=40), st.integers(1, 5), st.integers(1, 5))
def test_noise_is_a_mask_or_refused(rle: list[int], height: int, width: int) -> None:
    head = encode_rle(np.zeros((height, width), dtype=bool))[:6]
    with suppress(DataError):
        assert decode_rle([*head, *rle], height, width).shape == (height, width)
