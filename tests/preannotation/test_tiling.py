from __future__ import annotations

import tracemalloc
from dataclasses import replace
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from auto_labeling.detections import OVERLAP, Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.masks import pixels_of
from auto_labeling.formats.overlaps import box_ious
from auto_labeling.models.yolo_given import GivenYolo
from auto_labeling.models.yolo_model import YoloModel
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Detects
from auto_labeling.preannotation.refining import refine
from auto_labeling.preannotation.rules import Rules
from auto_labeling.preannotation.tiling import Tiled, as_ruled, tiles_of
from tests.support.patches import Colours, Rectangle, drawn


def edges(seen: Detections, size: tuple[int, int]) -> list[tuple[int, ...]]:
    corners = np.hstack([seen.boxes[:, :2], seen.boxes[:, :2] + seen.boxes[:, 2:]])
    pixels = np.rint(corners * np.array([*size, *size])).astype(int)
    return sorted(
        (int(label), *map(int, row)) for label, row in zip(seen.labels, pixels, strict=True)
    )


def scattered(
    rng: np.random.Generator, size: tuple[int, int], n: int
) -> list[tuple[int, Rectangle]]:
    """Rectangles that keep a distance: smaller and larger than the overlap, and than a tile."""
    made: list[tuple[int, Rectangle]] = []
    taken = np.zeros((size[1] + 8, size[0] + 8), np.bool_)
    while len(made) < n:
        width, height = (int(rng.choice([6, 15, 25, 60, 140])) for _ in range(2))
        left, top = int(rng.integers(0, size[0] - width)), int(rng.integers(0, size[1] - height))
        around = taken[top : top + height + 8, left : left + width + 8]
        if not around.any():
            around[:] = True
            made.append((int(rng.integers(2)), (left, top, left + width, top + height)))
    return made


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("draws", [False, True])
def test_objects_on_seams_are_whole_again(seed: int, draws: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    size = (517, 389)
    rectangles = scattered(rng, size, 14)
    path = drawn(tmp_path / "a.png", size, rectangles)
    seen = Tiled(detector=Colours(draws=draws), side=128, overlap=0.25).detect(Pictures((path,)))
    assert edges(seen, size) == sorted((label, *edge) for label, edge in rectangles)
    assert (np.diff(seen.scores) <= 0).all()
    if draws:
        assert seen.masks is not None
        truth = np.asarray(Image.open(path)) > 128
        for label, mask in zip(seen.labels, seen.masks, strict=True):
            assert not (pixels_of(mask) & ~truth[..., label]).any()
        assert np.array_equal(
            np.logical_or.reduce([pixels_of(mask) for mask in seen.masks]), truth.any(axis=2)
        )


def test_a_picture_that_fits_is_looked_at_as_it_is(tmp_path: Path) -> None:
    detector = Colours()
    path = drawn(tmp_path / "a.png", (128, 90), [(0, (5, 5, 20, 20))])
    tiled = Tiled(detector=detector, side=128)
    assert isinstance(tiled, Detects)
    assert tiled.names == ("red", "green")
    assert edges(tiled.detect(Pictures((path,))), (128, 90)) == [(0, 5, 5, 20, 20)]
    assert detector.seen == [(128, 90)]


def test_pictures_stay_apart_and_may_be_empty(tmp_path: Path) -> None:
    paths = (
        drawn(tmp_path / "a.png", (300, 300), [(0, (5, 5, 20, 20))]),
        drawn(tmp_path / "b.png", (300, 300), []),
        drawn(tmp_path / "c.png", (300, 300), [(1, (120, 5, 270, 20)), (0, (50, 50, 60, 60))]),
    )
    seen = Tiled(detector=Colours(), side=128).detect(Pictures(paths))
    assert seen.counts.tolist() == [1, 0, 2]
    assert edges(seen[2], (300, 300)) == [(0, 50, 50, 60, 60), (1, 120, 5, 270, 20)]


def test_two_classes_on_a_seam_stay_two(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.png", (300, 64), [(0, (100, 5, 140, 30)), (1, (100, 30, 140, 60))])
    seen = Tiled(detector=Colours(), side=128).detect(Pictures((path,)))
    assert edges(seen, (300, 64)) == [(0, 100, 5, 140, 30), (1, 100, 30, 140, 60)]


@pytest.mark.parametrize("width", [1, 31, 128, 129, 200, 257, 1000])
@pytest.mark.parametrize("overlap", [0, 0.2, 0.5])
def test_tiles_cover_everything_and_share_what_they_say(width: int, overlap: float) -> None:
    tiles = tiles_of(width, 300, 128, overlap)
    covered = np.zeros((300, width), np.bool_)
    for left, top, right, bottom in tiles:
        assert right - left == min(width, 128)
        assert bottom - top == 128
        covered[top:bottom, left:right] = True
    assert covered.all()
    lefts = np.unique(tiles[:, 0])
    assert (lefts[:-1] + 128 - lefts[1:] >= round(128 * overlap)).all()


@pytest.mark.slow
def test_memory_goes_by_the_picture_and_not_by_its_tiles(tmp_path: Path) -> None:
    def peak(side: int) -> int:
        tracemalloc.start()
        seen = Tiled(detector=Colours(), side=side).detect(Pictures((path,)))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert edges(seen, size) == [(0, 9_900, 100, 10_500, 200), (1, 19_000, 300, 19_900, 390)]
        return found

    size = (20_000, 400)
    rectangles = [(0, (9_900, 100, 10_500, 200)), (1, (19_000, 300, 19_900, 390))]
    path = drawn(tmp_path / "wide.png", size, rectangles)
    assert peak(200) < peak(400) + 4_000_000


class Twice(Colours):
    """Sees every patch again, a tenth narrower; by itself it leaves out what overlaps."""

    overlap = OVERLAP

    def suppressing(self, overlap: float) -> Twice:
        made = Twice()
        made.overlap = overlap
        return made

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        seen = super().detect(pictures)
        if self.overlap < 0.9:
            return seen
        again = replace(seen, boxes=seen.boxes * np.array([1, 1, 0.9, 1], np.float32))
        both = [
            replace(
                seen[at],
                offsets=np.array([0, 2 * seen.counts[at]]),
                **{
                    name: np.concatenate([getattr(one[at], name) for one in (seen, again)])
                    for name in ("boxes", "scores", "labels")
                },
            )
            for at in range(len(pictures))
        ]
        return Detections.joined(both)


@pytest.mark.parametrize("tile", [None, "64px"])
def test_what_the_rules_keep_is_left_out_by_nobody_before(tile: str | None, tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.png", (128, 60), [(0, (2, 5, 30, 30)), (1, (100, 5, 126, 30))])
    for overlap, expected in ((0.5, 2), (OVERLAP, 2), (0.95, 4)):
        rules = Rules(overlap=overlap, tile=tile)
        seen = as_ruled(Twice(), rules).detect(Pictures((path,)))
        kept = refine(seen, ("red", "green"), ("red", "green"), rules)
        assert len(kept.scores) == expected


def test_networks_and_tiles_leave_out_the_same() -> None:
    own = signature(YoloModel.detect).parameters["overlap"].default
    assert own == signature(GivenYolo).parameters["overlap"].default == OVERLAP == Rules().overlap


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    with pytest.raises(DataError, match=r"bad\.png: it cannot be decoded"):
        Tiled(detector=Colours()).detect(Pictures((bad,)))
    with pytest.raises(ConfigurationError, match="expected 32px or more, got 8px"):
        Tiled(detector=Colours(), side=8)
    with pytest.raises(ConfigurationError, match="tile_overlap"):
        Tiled(detector=Colours(), overlap=0.9)


def test_overlaps_of_boxes_are_what_pycocotools_says() -> None:
    from pycocotools import mask as reference

    rng = np.random.default_rng(0)
    one, other = (rng.random((n, 4)) * 100 + [0, 0, 1, 1] for n in (17, 23))
    theirs: NDArray[np.float64] = reference.iou(one, other, [False] * 23)
    assert np.allclose(box_ious(one, other), theirs)
