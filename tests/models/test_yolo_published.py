"""The published weights: what ultralytics' own `predict` sees, and what their classes teach."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auto_labeling.errors import ConfigurationError
from auto_labeling.files import sha256_of
from auto_labeling.models.storing import dump_verifiable, load_verified
from auto_labeling.models.yolo import Yolo
from auto_labeling.models.yolo_model import YoloModel
from auto_labeling.pictures import Pictures
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box
from tests.models.yolo_scene import BOXES, FAST, needs_yolo, scenes
from tests.support.real_data import WEIGHTS, needs

pytestmark = [
    needs_yolo,
    pytest.mark.slow,
    needs(WEIGHTS),
]


def published(**settings: object) -> YoloModel:
    given = {"weights": str(WEIGHTS), "sha256": sha256_of(WEIGHTS), **settings}
    return Yolo(**given).build(0)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def assets() -> Pictures:
    from auto_labeling.models.yolo_library import ultralytics

    folder = Path(ultralytics().__file__).parent / "assets"
    return Pictures((folder / "bus.jpg", folder / "zidane.jpg"))


@pytest.mark.parametrize("turned", [False, True])
def test_it_sees_what_predict_sees_on_each_picture(
    assets: Pictures, turned: bool, tmp_path: Path
) -> None:
    from ultralytics import YOLO

    if turned:
        exif = Image.Exif()
        exif[0x0112] = 6
        paths = []
        for path in assets:
            paths.append(tmp_path / path.name)
            with Image.open(path) as image:
                image.transpose(Image.Transpose.ROTATE_90).save(paths[-1], exif=exif, quality=95)
        assets = Pictures(tuple(paths))
    model = published()
    seen = model.detect(assets)
    for row, path in enumerate(assets):
        [expected] = YOLO(WEIGHTS).predict(str(path), conf=0.01, save=False, verbose=False)
        height, width = expected.orig_shape
        boxes = seen[row].boxes.astype(np.float64) * (width, height, width, height)
        boxes[:, 2:] += boxes[:, :2]
        np.testing.assert_allclose(boxes, expected.boxes.xyxy.numpy(), atol=0.5)
        np.testing.assert_allclose(seen[row].scores, expected.boxes.conf.numpy(), atol=1e-3)
        assert [model.names[at] for at in seen[row].labels] == [
            expected.names[int(at)] for at in expected.boxes.cls
        ]


def test_other_bytes_than_the_configured_ones_are_not_loaded(
    assets: Pictures, tmp_path: Path
) -> None:
    changed = tmp_path / "yolov8n.pt"
    changed.write_bytes(WEIGHTS.read_bytes() + b"\0")
    model = published(weights=str(changed))
    with pytest.raises(ConfigurationError, match="it is another file"):
        model.detect(assets)


def test_a_pickle_that_runs_something_is_not_loaded_even_with_its_digest(
    assets: Pictures, tmp_path: Path
) -> None:
    import torch

    class Runs:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    evil = tmp_path / "evil.pt"
    torch.save({"model": Runs()}, evil)
    model = published(weights=str(evil), sha256=sha256_of(evil))
    with pytest.raises(ConfigurationError, match=r"evil\.pt cannot be loaded"):
        model.detect(assets)
    assert not (tmp_path / "ran").exists()


def test_what_is_learned_from_them_is_kept_whole(assets: Pictures, tmp_path: Path) -> None:
    pictures, boxes, _ = scenes(tmp_path / "plain", 4)
    model = published(image_size=96, epochs=1, batch=4, options=FAST)
    model.learn(pictures, boxes, BOXES)
    again = load_verified(tmp_path / "kept", dump_verifiable(model, tmp_path / "kept"))
    one, other = model.detect(pictures), again.detect(pictures)
    np.testing.assert_array_equal(one.boxes, other.boxes)
    assert again.names == BOXES.classes
    next_one = published(image_size=96, epochs=1, batch=4, options=FAST).started_from(again)
    next_one.learn(pictures, boxes, BOXES)
    assert len(next_one.detect(pictures)) == 4


def test_a_class_of_the_same_name_keeps_what_it_knows(assets: Pictures, tmp_path: Path) -> None:
    schema = LabelSchema(task="boxes", classes=("umbrella", "Person"))
    still = {"optimizer": "SGD", "lr0": 1e-9, "warmup_epochs": 0, "mosaic": 0.0}
    model = published(image_size=320, epochs=1, batch=2, options=still)
    drawn = [(Box(label="Person", x=0.1, y=0.1, width=0.3, height=0.5),)] * 2
    model.learn(assets, drawn, schema)
    seen = model.detect(assets)
    sure = seen.where(seen.scores > 0.5)
    assert len(sure.scores) >= 3
    assert (sure.labels == 1).all()


def test_they_serve_segmentation_and_classification_too(tmp_path: Path) -> None:
    pictures, _, masks = scenes(tmp_path / "plain", 6)
    outliner = published(image_size=96, epochs=1, batch=6, options=FAST)
    outliner.learn(pictures, masks, LabelSchema(task="polygons", classes=BOXES.classes))
    assert len(outliner.detect(pictures)) == 6
    classifier = published(image_size=96, epochs=1, batch=6, options=FAST)
    start = classifier.embed(pictures)
    proba = classifier.fit(pictures, [0, 1, 0, 1, 0, 1]).predict_proba(pictures)
    assert proba.shape == (6, 2)
    assert start.shape == (6, 384)
