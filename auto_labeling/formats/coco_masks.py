"""COCO's run lengths and outlines as masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from auto_labeling.errors import DataError
from auto_labeling.formats.drawn import Size, outline_within
from auto_labeling.formats.masks import mask_of
from auto_labeling.shapes import Mask


def mask_of_runs(label: str, given: Mapping[str, Any], size: Size) -> Mask:
    """Return the mask of `{"size": [height, width], "counts": ...}`, compressed or not.

    Raises `DataError` where the counts do not cover a picture of this width and height.

    >>> mask_of_runs("car", {"size": [2, 3], "counts": "023O"}, (3, 2)).runs
    (0, 2, 3, 1)
    """
    width, height = size
    if given.get("size") != [height, width]:
        raise DataError(f"expected run lengths of {height} x {width} pixels, got another size")
    counts = given.get("counts")
    runs = _decompressed(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int and run >= 0 for run in runs):
        raise DataError("expected run lengths of zero or more as counts, got something else")
    if sum(runs) != height * width:
        raise DataError(f"expected runs over {height * width} pixels, got {sum(runs)}")
    inside = np.arange(len(runs)) % 2 == 1
    pixels = np.repeat(inside, runs).reshape((height, width), order="F")
    return mask_of(label, pixels)  # which knows no run of 0 between others


def mask_of_outlines(label: str, outlines: Sequence[list[float]], size: Size) -> Mask:
    """Return the pixels within any of some outlines in pixels, as COCO's own tools draw them."""
    from pycocotools import mask as coco

    width, height = size
    for numbers in outlines:
        outline_within(label, numbers, size)  # else a corner that is none crashes the tools
    merged = coco.merge(coco.frPyObjects([list(one) for one in outlines], height, width))
    counts = merged["counts"].decode("ascii")
    return mask_of_runs(label, {"size": [height, width], "counts": counts}, size)


def _decompressed(text: str) -> list[int]:
    """Return the runs of COCO's compressed form, 5 bits a character, the lowest first.

    From the fourth run on, the difference to the run before the last is what is written.
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise DataError("expected COCO's compressed run lengths as counts, got another text")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:  # more characters follow
            continue
        if bits & 0x10:  # negative
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise DataError("expected COCO's compressed run lengths as counts, got half a number")
    return runs
