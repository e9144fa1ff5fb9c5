from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from auto_labeling.errors import DataError
from auto_labeling.formats.masks import pixels_of
from auto_labeling.models.yolo_given import GivenYolo, is_yolo
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Detects
from tests.models.yolo_scene import needs_yolo
from tests.support.real_data import WEIGHTS, needed

pytestmark = needs_yolo

ROOT = Path(__file__).resolve().parents[2]


class Segmenting:
    """Says of every picture, in ultralytics' own words, that its left upper quarter is a thing."""

    task = "segment"
    names: dict[int, str] = {0: "thing", 1: "other"}  # noqa: RUF012 - as ultralytics has it

    def predict(self, given: Any, **_: Any) -> list[Any]:
        import torch
        from ultralytics.engine.results import Results

        height, width = given.shape[:2]
        mask = torch.zeros((2, height, width))
        mask[0, : height // 2, : width // 2] = 1  # of the second nothing is left
        boxes = torch.tensor([[0, 0, width / 2, height / 2, 0.75, 0], [1, 1, 5, 5, 0.5, 1]])
        return [Results(given, path="", names=self.names, boxes=boxes, masks=mask)]


@pytest.mark.slow
@pytest.mark.parametrize("mirrored", [False, True])
def test_masks_are_those_of_the_results(mirrored: bool, tmp_path: Path) -> None:
    from auto_labeling.models.yolo_library import ultralytics

    ultralytics()
    Image.new("RGB", (40, 20)).save(tmp_path / "a.png")
    detector = GivenYolo(yolo=Segmenting())
    assert isinstance(detector, Detects)
    assert detector.names == ("thing", "other")
    seen = detector.detect(Pictures((tmp_path / "a.png",)), mirrored=mirrored)
    assert seen.boxes.tolist() == [[0.5 if mirrored else 0, 0, 0.5, 0.5]]
    assert (seen.scores.tolist(), seen.labels.tolist()) == ([0.75], [0])
    assert seen.masks is not None
    inside = np.zeros((20, 40), np.bool_)
    inside[:10, slice(20, 40) if mirrored else slice(20)] = True
    assert np.array_equal(pixels_of(seen.masks[0]), inside)


@pytest.mark.slow
def test_a_mirror_is_turned_back(tmp_path: Path) -> None:
    weights = needed(WEIGHTS)
    from auto_labeling.models.yolo_library import ultralytics

    yolo = ultralytics().YOLO(weights)
    assert is_yolo(yolo)
    from ultralytics.utils import ASSETS

    with Image.open(Path(ASSETS) / "bus.jpg") as picture:
        picture.save(tmp_path / "straight.png")
        ImageOps.mirror(picture).save(tmp_path / "mirrored.png")
    detector = GivenYolo(yolo=yolo)
    one = detector.detect(Pictures((tmp_path / "mirrored.png",)))
    other = detector.detect(Pictures((tmp_path / "straight.png",)), mirrored=True)
    assert len(one.scores) > 3
    assert other.scores == pytest.approx(one.scores, abs=1e-4)
    assert 1 - other.boxes[:, 0] - other.boxes[:, 2] == pytest.approx(one.boxes[:, 0], abs=1e-4)


def test_a_model_for_something_else_is_refused() -> None:
    class Classifying(Segmenting):
        task = "classify"

    with pytest.raises(DataError, match="expected one that detects or segments, got one for 'clas"):
        GivenYolo(yolo=Classifying())
    assert not is_yolo(Classifying())
