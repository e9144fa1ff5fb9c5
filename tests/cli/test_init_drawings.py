"""`init` in a folder of pictures on which something is drawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.labeled import Labeled
from auto_labeling.formats.pascal_voc import encode_voc
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box
from tests.cli.conftest import Desk


def _drawn_pictures(names: Sequence[str], folder: str) -> list[Labeled]:
    """Write pictures into a folder, each with a box, and return what is on them."""
    rng = np.random.default_rng(len(names))
    labeled = []
    for at, name in enumerate(names, 1):
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        box = Box(label=("cat", "dog")[at % 2], x=0.25, y=0.25, width=0.5, height=0.5)
        labeled.append(Labeled(number=at, item_id=name, value=(box,), picture=name, size=(16, 12)))
    return labeled


_CAT_OR_DOG = LabelSchema(task="boxes", classes=("cat", "dog"))


def _coco() -> dict[str, object]:
    for part, many in (("train", 30), ("val", 8)):
        names = [f"{part}{at:02d}.png" for at in range(many)]
        labeled = _drawn_pictures(names, f"data/{part}")
        content = encode_coco(labeled, _CAT_OR_DOG)["annotations.json"]
        Path("data/annotations").mkdir(exist_ok=True)
        Path(f"data/annotations/instances_{part}.json").write_text(content)
    return {
        "kind": "coco",
        "path": "annotations/instances_train.json",
        "images": "train",
        "heldout": "annotations/instances_val.json",
        "heldout_images": "val",
    }


def _yolo() -> dict[str, object]:
    for part, many in (("train", 30), ("val", 8)):
        names = [f"{part}{at:02d}.png" for at in range(many)]
        for one in _drawn_pictures(names, f"data/images/{part}"):
            labels = Path(f"data/labels/{part}", one.item_id).with_suffix(".txt")
            labels.parent.mkdir(parents=True, exist_ok=True)
            labels.write_text("0 .5 .5 .5 .5\n")
    data = {"path": ".", "train": "images/train", "val": "images/val", "names": ["cat", "dog"]}
    Path("data/data.yaml").write_text(yaml.safe_dump(data))
    return {"kind": "yolo", "path": "data.yaml", "split": "train", "heldout": "val"}


def _voc() -> dict[str, object]:
    labeled = _drawn_pictures([f"p{at:02d}.png" for at in range(30)], "data/JPEGImages")
    for name, content in encode_voc(labeled, _CAT_OR_DOG).items():
        Path("data/Annotations").mkdir(exist_ok=True)
        if name.endswith(".xml"):
            Path("data/Annotations", Path(name).name).write_text(content)
    lists = Path("data/ImageSets/Main")
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("".join(f"p{at:02d}\n" for at in range(24)))
    (lists / "val.txt").write_text("".join(f"p{at:02d}\n" for at in range(24, 30)))
    return {
        "kind": "voc",
        "path": ".",
        "annotations": "Annotations",
        "images": "JPEGImages",
        "list": "ImageSets/Main/train.txt",
        "heldout": "ImageSets/Main/val.txt",
    }


def _voc_with_masks() -> dict[str, object]:
    pool = _voc()
    for folder in ("SegmentationClass", "SegmentationObject"):
        _drawn_pictures([f"p{at:02d}.png" for at in range(30)], f"data/{folder}")
    return pool


def _voc_with_masks_elsewhere() -> dict[str, object]:
    pool = _voc_with_masks()
    Path("data/JPEGImages").rename("data/photos")
    return pool | {"images": "photos"}


def _roboflow() -> dict[str, object]:
    for part, many in (("train", 30), ("valid", 8), ("test", 3)):
        names = [f"{part}{at:02d}.png" for at in range(many)]
        for one in _drawn_pictures(names, f"data/{part}/images"):
            labels = Path(f"data/{part}/labels", one.item_id).with_suffix(".txt")
            labels.parent.mkdir(parents=True, exist_ok=True)
            labels.write_text("0 .5 .5 .5 .5\n")
    data = {"train": "../train/images", "val": "../valid/images", "test": "../test/images"}
    Path("data/data.yaml").write_text(yaml.safe_dump(data | {"names": ["cat", "dog"]}))
    return {"kind": "yolo", "path": "data.yaml", "split": "train", "heldout": "val"}


def _yolo_beside_others() -> dict[str, object]:
    pool = _yolo()
    _drawn_pictures(["u.png"], "data/images/train_unlabeled")
    data = yaml.safe_load(Path("data/data.yaml").read_text())
    Path("data/data.yaml").write_text(yaml.safe_dump(data | {"test": "images/gone"}))
    return pool


@pytest.mark.parametrize(
    "make",
    [
        _coco,
        _yolo,
        _voc,
        _voc_with_masks,
        _voc_with_masks_elsewhere,
        _roboflow,
        _yolo_beside_others,
    ],
)
def test_init_finds_what_is_drawn_on_pictures(
    desk: Desk, make: Callable[[], dict[str, object]]
) -> None:
    pool = make()
    assert desk.type("init", "data") == 0
    raw = yaml.safe_load(Path("data/campaign.yaml").read_text())
    assert raw["pool"] == pool
    assert "30 pictures of" in desk.out or "30 pictures with" in desk.out
    assert raw["labels"] == {"task": "boxes", "classes": ["cat", "dog"]}
    assert raw["model"]["kind"] == "yolo"
    assert (raw["backend"]["kind"], raw["backend"]["truth"]) == ("simulated", "pool")
    said = desk.json("plan", "data/campaign.yaml")
    assert said["pool"] == (24 if pool["kind"] == "voc" else 30)
    assert said["heldout"] == (6 if pool["kind"] == "voc" else 8)
    assert said["quarantined"] == []


def test_init_asks_people_where_some_pictures_have_no_label(desk: Desk) -> None:
    _yolo()
    Path("data/labels/train/train03.txt").unlink()
    assert desk.type("init", "data") == 0
    assert yaml.safe_load(Path("data/campaign.yaml").read_text())["backend"]["kind"] == "files"
    assert desk.type("plan", "data/campaign.yaml") == 0, desk.err


@pytest.mark.parametrize("given", [{"iscrowd": 1}, {"bbox": [3, 3, 0, 4]}])
def test_init_asks_people_where_a_label_cannot_be_used(desk: Desk, given: dict[str, Any]) -> None:
    _coco()
    path = Path("data/annotations/instances_train.json")
    content = json.loads(path.read_text())
    content["annotations"][3] |= given
    path.write_text(json.dumps(content))
    assert desk.type("init", "data") == 0
    assert yaml.safe_load(Path("data/campaign.yaml").read_text())["backend"]["kind"] == "files"


def test_init_counts_pictures_of_voc_without_xml_too(desk: Desk) -> None:
    _voc_with_masks_elsewhere()
    Path("data/Annotations/p03.xml").unlink()
    assert desk.type("init", "data") == 0
    assert "30 pictures with" in desk.out
    assert yaml.safe_load(Path("data/campaign.yaml").read_text())["backend"]["kind"] == "files"


def test_init_takes_another_json_for_no_labels(desk: Desk) -> None:
    _drawn_pictures([f"p{at:02d}.png" for at in range(30)], "data")
    for name, content in {"a": "[1, 2]", "b": '{"images": 3}', "c": "{", "d": "{}"}.items():
        Path(f"data/{name}.json").write_text(content)
    Path("data/e.yaml").write_text("train: [1")
    Path("data/f.xml").write_text("<no")
    assert desk.type("init", "data") == 0
    assert yaml.safe_load(Path("data/campaign.yaml").read_text())["pool"]["kind"] == "images"


def test_plan_says_that_nobody_has_counted_the_objects(desk: Desk) -> None:
    _yolo()
    assert desk.type("init", "data") == 0
    assert desk.json("plan", "data/campaign.yaml")["warnings"] == []
    raw = yaml.safe_load(Path("data/campaign.yaml").read_text())
    raw["people"] = [{"user": "mia", "pay": {"hour": "12.00"}}]
    raw["budget"]["money"] = "100.00"
    Path("data/campaign.yaml").write_text(yaml.safe_dump(raw))
    [warning] = desk.json("plan", "data/campaign.yaml")["warnings"]
    # 2 to open, and for each object 10 to draw it and 1.5 to choose its class.
    assert "one object a picture, about 14 s" in warning
    assert "ten takes about 117 s" in warning
