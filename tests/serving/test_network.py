"""A YOLO that a campaign has trained, asked by both tools."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from auto_labeling import assemble
from auto_labeling.campaign.transition import newest_model
from auto_labeling.formats.label_studio import label_config
from auto_labeling.formats.value import encode_value
from auto_labeling.models import yolo_results
from auto_labeling.models.fitting import Fitted
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Detects
from auto_labeling.preannotation.refining import refine
from auto_labeling.preannotation.rules import Rules
from auto_labeling.serving import cvat
from tests.models.yolo_scene import BOXES, CLASSES, FAST, SIZE, needs_yolo, scenes
from tests.serving.conftest import Counter
from tests.serving.test_drawn import Context
from tests.support.campaigns import drive, tiny

pytestmark = [needs_yolo, pytest.mark.slow, pytest.mark.timeout(600)]

LEAST = 1e-6
"""How sure a network is that has hardly learned anything."""


def test_label_studio_and_cvat_are_told_what_it_sees(
    tmp_path: Path, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yolo_results, "FLOOR", LEAST)
    pictures, boxes, _ = scenes(tmp_path / "pictures", 18)
    order = sorted(range(18), key=lambda at: pictures.paths[at])
    truth = pd.DataFrame({"label": [encode_value(boxes[at]) for at in order]})
    truth.to_csv(tmp_path / "truth.csv", index=False)
    campaign = begin(counter.workspace.root, tmp_path)
    drive(counter.workspace.root, campaign, max_rounds=1)
    counter.put_into(campaign, 12)
    hidden = counter.shelf.refresh(campaign).hidden
    with assemble.opened(counter.workspace, campaign) as opened:
        with counter.ledger.read() as connection:
            fitted = opened.model(str(newest_model(connection, campaign)))
        ids = [item for item in opened.pool.ids if item not in hidden]
        paths = opened.pool.pictures([opened.pool.position_of(item) for item in ids]).paths
    assert ids
    config = label_config(BOXES, "image")
    found = counter.predict(
        [{"data": {"al_item": one}} for one in ids], project=12, label_config=config
    )
    function = cvat.AutoAnnotation(workspace=counter.workspace.root, campaign=campaign)
    names = {label.id: label.name for label in function.spec.labels}
    total = 0
    for path, one in zip(paths, found, strict=True):
        expected = edges_of(fitted, path)
        total += len(expected)
        regions = [(row["value"]["rectanglelabels"][0], corners(row)) for row in one["result"]]
        expect_alike(regions, expected)
        with Image.open(path) as image:
            told = function.detect(Context(conf_threshold=LEAST), image)
        expect_alike([(names[row.label_id], list(row.points)) for row in told], expected)
    assert total
    function.close()


def begin(workspace: Path, folder: Path) -> str:
    """Begin a campaign that trains a small network once."""
    return tiny(
        workspace,
        labels={"task": "boxes", "classes": list(CLASSES)},
        pool={"kind": "images", "path": str(folder / "pictures"), "features": None, "ids": None},
        model={
            "kind": "yolo",
            "weights": "yolov8n.yaml",
            "image_size": SIZE,
            "epochs": 2,
            "batch": 4,
            "options": FAST,
        },
        strategy={"kind": "random", "batch": 12, "scorer": None, "cold_start": None},
        backend={"truth": str(folder / "truth.csv"), "annotators": [1.0]},
        preannotate={"at_least": LEAST, "blind": "0%"},
        stop={"max_rounds": 2},
    )


def edges_of(fitted: Fitted, path: Path) -> list[tuple[str, list[float]]]:
    """Return class and corners, in pixels, of what the model sees on a picture, surest first."""
    assert isinstance(fitted.model, Detects)
    seen = fitted.model.detect(Pictures((path,)))
    # Of boxes that reach beyond the picture only the surest is left once they are cut off.
    sure = refine(seen, CLASSES, CLASSES, Rules(at_least=LEAST))
    corners = np.hstack([sure.boxes[:, :2], sure.boxes[:, :2] + sure.boxes[:, 2:]]) * SIZE
    rows: list[list[float]] = corners.tolist()
    return [(CLASSES[label], one) for label, one in zip(sure.labels, rows, strict=True)]


def corners(region: dict[str, dict[str, float]]) -> list[float]:
    value = region["value"]
    left, top = value["x"], value["y"]
    percent = (left, top, left + value["width"], top + value["height"])
    return [edge * SIZE / 100 for edge in percent]


def expect_alike(
    told: list[tuple[str, list[float]]], expected: list[tuple[str, list[float]]]
) -> None:
    assert [name for name, _ in told] == [name for name, _ in expected]
    for (_, one), (_, other) in zip(told, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-3)
