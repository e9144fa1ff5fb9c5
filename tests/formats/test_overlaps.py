"""How much two shapes share, where arithmetic is at its limits."""

from __future__ import annotations

from auto_labeling.formats.overlaps import ious
from auto_labeling.shapes import Polygon


def test_an_outline_whose_edge_is_all_but_level_is_itself() -> None:
    thin = Polygon(label="car", points=((0.0, 0.0), (0.0, 1.0), (1.0, 5e-324)))
    assert ious([thin], [thin]).item() == 1
