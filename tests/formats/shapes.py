"""Shapes of all sorts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import mask_of
from auto_labeling.records import Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape

LABELS = ("car", "ねこ", 'a "quoted" <b>')
labels = st.sampled_from(LABELS)
fractions = st.floats(0, 1)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y = draw(st.floats(0, 0.99)), draw(st.floats(0, 0.99))
    width, height = draw(st.floats(1e-4, 1 - x)), draw(st.floats(1e-4, 1 - y))
    return Box(label=draw(labels), x=x, y=y, width=width, height=height)


@st.composite
def polygons(draw: st.DrawFn) -> Polygon:
    corners = st.lists(st.tuples(fractions, fractions), min_size=3, max_size=8)
    points = draw(corners.filter(lambda points: _area(points) > 1e-6))
    return Polygon(label=draw(labels), points=tuple(points))


@st.composite
def pixels(draw: st.DrawFn, most: int = 40) -> NDArray[np.bool_]:
    """Draw (height, width) booleans with a true one, some of them in long runs."""
    height, width = draw(st.integers(1, most)), draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    made = rng.random((height, width)) < draw(st.sampled_from([0.02, 0.5, 0.98, 1.0]))
    made[rng.integers(height), rng.integers(width)] = True
    return made


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    return mask_of(draw(labels), draw(pixels()))


def answers() -> st.SearchStrategy[Value]:
    """Draw answers of every task, abstentions and empty ones among them."""
    names = st.text(max_size=5)
    return st.one_of(
        names,
        *(st.lists(one, max_size=4).map(tuple) for one in (names, boxes(), polygons(), masks())),
        st.lists(st.one_of(boxes(), polygons()), max_size=4).map(tuple),
    )


def _area(points: list[tuple[float, float]]) -> float:
    turned = [*points[1:], points[0]]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(points, turned, strict=True))) / 2


def expect_equal_bounds(found: Sequence[Shape], expected: Sequence[Shape]) -> None:
    assert [one.label for one in found] == [one.label for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert bounds(one) == pytest.approx(bounds(other), abs=1e-6)
