"""`export` as a folder that other programs train on: pictures, labels and splits."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from pycocotools.coco import COCO

from auto_labeling.cli.picture_sets import PictureSet, copied, picture_set
from auto_labeling.errors import DataError
from auto_labeling.formats.value import write_label
from auto_labeling.pool.coco import Coco
from auto_labeling.pool.images import Images
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.snapshot import ingest
from auto_labeling.pool.voc import Voc
from auto_labeling.pool.yolo import Yolo
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Polygon, Shape
from tests.pool.written import write_coco

BOXES = LabelSchema(task="boxes", classes=("car", "größe"), abstain=("cannot tell",))
OUTLINES = LabelSchema(task="polygons", classes=("car", "größe"))
CAR = Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25)
SIGN = Polygon(label="größe", points=((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))
NAMES = ("images/a #1.png", "images/labels/b%20.jpg", "images/b%20.png", "straße/c.gif", "d.png")


def pool_of(base: Path, heldout: bool = False, names: tuple[str, ...] = NAMES) -> Pool:
    for at, name in enumerate(names):
        path = base / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), (40 * at, 90, 0)).save(path)
    source: Any = Images(path="photos")
    if heldout:
        (base / "judges").mkdir()
        Image.new("RGB", (64, 48), (0, 0, 200)).save(base / "judges" / "a #1.png")
        drawn = [{"picture": "a #1.png", "class": "car", "bbox": [16, 24, 32, 12]}]
        size = {"width": 64, "height": 48}
        write_coco(base / "judges.json", ["a #1.png"], drawn, **{"a #1.png": size})
        write_coco(base / "all.json", list(names), [], **dict.fromkeys(names, size))
        more = {"heldout": "judges.json", "heldout_images": "judges"}
        source = Coco(path="all.json", images="photos", **more)
    ingest(source, base, base / "inputs", number=1, schema=BOXES)
    return Pool.open(base / "inputs")


def labels_of(pool: Pool, *shapes: Shape) -> Any:
    """Return a data set: these on every second picture, of the others nothing; one is judged."""
    labels = [write_label(shapes if at % 2 == 0 else ()) for at in range(len(pool))]
    purposes = ["train"] * (len(pool) - 1) + ["control"]
    rows = {"item": pool.ids, "label": labels, "confidence": 1.0, "votes": 1, "purpose": purposes}
    return pd.DataFrame(rows)


def put(found: PictureSet, folder: Path) -> None:
    files = {name: text.encode() for name, text in found.texts.items()}
    files |= {name: copied(path) for name, path in found.pictures.items()}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.parametrize("kind", ["yolo", "coco", "voc"])
def test_what_is_written_is_a_pool_again(tmp_path: Path, kind: str) -> None:
    pool = pool_of(tmp_path)
    put(picture_set(kind, pool, labels_of(pool, CAR), BOXES), tmp_path / "out")
    train, val = {
        "yolo": (Yolo(path="out"), Yolo(path="out", split="val")),
        "coco": tuple(
            Coco(path=f"out/annotations/{name}.json", images="out/images")
            for name in ("train", "val")
        ),
        "voc": tuple(
            Voc(path="out", list=f"ImageSets/Main/{name}.txt") for name in ("train", "val")
        ),
    }[kind]
    first, second = train.read(tmp_path, BOXES), val.read(tmp_path, BOXES)
    assert (len(first), len(second)) == (4, 1)
    assert first.quarantined == second.quarantined == ()
    kept = {write_label(()): 0, write_label((CAR,)): 0}
    for rows in (first, second):
        for label in rows.labels or ():
            kept[str(label)] += 1
    assert list(kept.values()) == [2, 3]
    # Copies are the same bytes, but for the animation, which is one picture now.
    known = set(pool.content_hashes)
    assert (
        len([one for one in (*first.content_hashes, *second.content_hashes) if one in known]) == 4
    )
    assert len(pool) == 5


@pytest.mark.parametrize("heldout", [False, True])
def test_what_judges_is_the_split_val(tmp_path: Path, heldout: bool) -> None:
    pool = pool_of(tmp_path, heldout)
    found = picture_set("yolo", pool, labels_of(pool, CAR), BOXES)
    val = found.texts["val.txt"].splitlines()
    assert len(found.texts["train.txt"].splitlines()) == 4
    assert len(val) == (2 if heldout else 1)
    only_train = labels_of(pool, CAR).assign(purpose="train")
    if not heldout:
        found = picture_set("yolo", pool, only_train, BOXES)
        assert found.texts["val.txt"] == found.texts["train.txt"], "ultralytics asks for one"
        assert "annotations/val.json" not in picture_set("coco", pool, only_train, BOXES).texts


def test_coco_s_own_tools_find_the_pictures(tmp_path: Path) -> None:
    pool = pool_of(tmp_path)
    put(picture_set("coco", pool, labels_of(pool, SIGN), OUTLINES), tmp_path / "out")
    found = COCO(str(tmp_path / "out/annotations/train.json"))
    names = [one["file_name"] for one in found.loadImgs(found.getImgIds())]
    assert all((tmp_path / "out/images" / name).is_file() for name in names)
    assert len(found.getAnnIds(catIds=found.getCatIds(["größe"]))) == 2


def test_abstentions_are_no_pictures_of_nothing(tmp_path: Path) -> None:
    pool = pool_of(tmp_path)
    frame = labels_of(pool, CAR)
    frame.loc[0, "label"] = json.dumps(["cannot tell"])
    assert len(picture_set("voc", pool, frame, BOXES).pictures) == 4


def test_what_is_not_drawn_is_not_written(tmp_path: Path) -> None:
    pool = pool_of(tmp_path)
    single = LabelSchema(task="single", classes=("car", "van"))
    frame = labels_of(pool).assign(label="car")
    with pytest.raises(DataError, match="here the task is 'single'"):
        picture_set("yolo", pool, frame, single)


TRAINING = """
import json, sys
from ultralytics import YOLO, settings
from ultralytics.data.utils import check_det_dataset

settings.update({"mlflow": False, "tensorboard": False})
seen = {"names": list(check_det_dataset("out/data.yaml", autodownload=False)["names"].values())}

def look(trainer):
    loader = trainer.train_loader.dataset
    seen["files"] = len(loader.im_files)
    seen["objects"] = sum(len(one["cls"]) for one in loader.labels)

model = YOLO(sys.argv[1])
model.add_callback("on_train_start", look)
model.train(
    data="out/data.yaml", epochs=1, imgsz=32, batch=2, workers=0, device="cpu", plots=False,
    project=sys.argv[2], amp=False,
)
print(json.dumps(seen))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "shape", "model"),
    [(BOXES, CAR, "yolov8n.yaml"), (OUTLINES, SIGN, "yolov8n-seg.yaml")],
)
def test_ultralytics_trains_on_the_folder_unchanged(
    tmp_path: Path, schema: LabelSchema, shape: Shape, model: str
) -> None:
    if importlib.util.find_spec("ultralytics") is None:
        pytest.skip("ultralytics is not installed")
    pool = pool_of(tmp_path)
    put(picture_set("yolo", pool, labels_of(pool, shape), schema), tmp_path / "out")
    quiet = {"YOLO_OFFLINE": "1", "YOLO_CONFIG_DIR": str(tmp_path), "HOME": str(tmp_path)}
    # A process of its own: its settings are read, and its threads started, when it is imported.
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, model, str(tmp_path / "runs")],
        cwd=tmp_path,
        env=_without_pytest(os.environ) | quiet,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen == {"names": ["car", "größe"], "files": 4, "objects": 2}
    assert (tmp_path / "runs").is_dir()


def _without_pytest(known: Mapping[str, str]) -> dict[str, str]:
    # Where it finds that it is tested, ultralytics writes into its own installation.
    return {name: value for name, value in known.items() if not name.startswith("PYTEST")}
