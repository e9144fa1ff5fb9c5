"""What docs/images.md says is done, is done: with real weights, in a CVAT, by a campaign."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from auto_labeling.formats.cvat.shapes import encode_shape
from auto_labeling.formats.masks import mask_of
from auto_labeling.models.yolo_library import ultralytics
from auto_labeling.pool.coco import Coco
from auto_labeling.records import LabelSchema
from tests.cvat.people import Office
from tests.models.yolo_scene import needs_yolo
from tests.support.pages import Reader
from tests.support.real_data import WEIGHTS, needs

PAGE = Path(__file__).parents[1] / "docs" / "images.md"
CAMPAIGN = "\n## A campaign\n"
SHOWN = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUCLEI = ((10, 12, 30, 32), (20, 8, 50, 38))
"""Left, top, right and bottom of what is bright on a scan, in pixels."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), needs_yolo]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTO_LABEL_WORKSPACE", raising=False)
    return tmp_path


class Chief(Reader):
    """Somebody who has pictures looked at, and Mia, who corrects what is suggested on them."""

    kinds = frozenset({"python", ""})

    def __init__(self, page: Path, office: Office) -> None:
        super().__init__(page)
        self.office = office
        self.acts = {
            "Mia moves one box, deletes another, and finishes": self.correct,
            "Mia paints the nuclei": self.paint,
        }

    @property
    def places(self) -> Mapping[str, str]:
        """What stands on the page -> what it is here."""
        return {
            "http://127.0.0.1:8080": self.office.url,
            '"chief"': f'"{self.office.admin.name}"',
        }

    def correct(self) -> None:
        [job] = self.office.jobs(self.names["task"])
        there = self.office.call("GET", f"/api/jobs/{job['id']}/annotations/")
        moved, _, *others = there["shapes"]
        self.moved = [edge + 3 for edge in moved["points"]]
        self.finish(job, [moved | {"points": self.moved}, *others])

    def paint(self) -> None:
        task = self.names["cells"]
        [job] = self.office.jobs(task)
        [label] = self.office.rows("/api/labels", task_id=task)
        shapes = []
        for frame, around in enumerate(NUCLEI):
            mask = mask_of("nucleus", bright(around))
            row = {"frame": frame, "label_id": label["id"], "attributes": []}
            shapes.append(row | encode_shape(mask, (mask.width, mask.height)))
        self.finish(job, shapes)

    def finish(self, job: Mapping[str, Any], shapes: list[Any]) -> None:
        body = {"version": 0, "tags": [], "shapes": shapes, "tracks": []}
        self.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body)
        self.office.call("PATCH", f"/api/jobs/{job['id']}", {"state": "completed"})

    def clear(self) -> None:
        for name in ("task", "cells"):
            if name in self.names:
                self.office.call("DELETE", f"/api/tasks/{self.names[name]}")


def bright(around: tuple[int, int, int, int]) -> np.ndarray:
    canvas = Image.new("1", (64, 48))
    ImageDraw.Draw(canvas).rectangle(around, fill=1)
    return np.asarray(canvas)


def part(folder: Path, *, campaign: bool) -> Path:
    """Write what stands on the page from the campaign on, or what stands before it."""
    before, heading, after = PAGE.read_text(encoding="utf-8").partition(CAMPAIGN)
    assert heading
    path = folder / PAGE.name
    path.write_text(after if campaign else before, encoding="utf-8")
    return path


@needs(WEIGHTS)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_suggestions_are_made_and_corrected(
    folder: Path,
    cvat: Office,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CVAT_PASSWORD", cvat.admin.password)
    shutil.copy(WEIGHTS, folder / "yolov8n.pt")
    bring_photos(folder / "photos")
    (folder / "scans").mkdir()
    for at, around in enumerate(NUCLEI):
        scan = Image.fromarray(bright(around) * np.uint8(200))
        scan.save(folder / "scans" / f"{at}.png")
    with Chief(part(folder, campaign=False), cvat) as reader:
        try:
            reader.follow(reader.places, capsys)
        finally:
            reader.clear()
        moved = reader.moved

    for name in ("bus", "zidane"):
        written = ET.parse(folder / "voc" / "Annotations" / f"{name}.xml")
        lines = (folder / "yolo" / "labels" / f"{name}.txt").read_text().splitlines()
        assert len(list(written.iter("object"))) == len(lines)
    suggested = json.loads((folder / "coco" / "annotations.json").read_text())
    street = json.loads((folder / "street" / "annotations.json").read_text())
    assert len(suggested["annotations"]) == len(street["annotations"]) + 1
    left, top, right, bottom = moved
    assert any(
        one["bbox"] == pytest.approx([left, top, right - left, bottom - top], abs=0.01)
        for one in street["annotations"]
    )
    assert teaches(folder, "street", "photos", LabelSchema(task="boxes", classes=("person", "bus")))
    assert teaches(folder, "cells", "scans", LabelSchema(task="masks", classes=("nucleus",)))
    assert masks_in(folder / "cells" / "annotations.json") == [bright(one).sum() for one in NUCLEI]


def bring_photos(photos: Path) -> None:
    """Put the two pictures there that ultralytics ships, and one that is cut short."""
    ultralytics()
    from ultralytics.utils import ASSETS

    photos.mkdir()
    for name in ("bus.jpg", "zidane.jpg"):
        shutil.copy(ASSETS / name, photos / name)
    (photos / "torn.jpg").write_bytes((photos / "bus.jpg").read_bytes()[:40_000])


def teaches(folder: Path, labels: str, pictures: str, schema: LabelSchema) -> bool:
    """Whether a campaign learns from both pictures of an export."""
    rows = Coco(path=f"{labels}/annotations.json", images=pictures).read(folder, schema)
    return len(rows) == 2 and not rows.quarantined


def masks_in(path: Path) -> list[int]:
    """Return how many pixels the masks of a COCO file have, as COCO's own tools read them."""
    from pycocotools.coco import COCO

    coco = COCO(path)
    return [int(coco.annToMask(one).sum()) for one in coco.loadAnns(coco.getAnnIds())]


class Guest(Reader):
    """Somebody who follows the campaign, and what they see of the commands."""

    def __init__(self, page: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(page)
        self.capsys = capsys
        self.seen: dict[str, str] = {}
        """What a command has said, by its name."""
        self.acts = {
            "Six frames of a film come in, a file that is cut short, and an empty one": spoil,
        }

    def run(self, program: str, words: list[str], line: str) -> None:
        self.capsys.readouterr()
        super().run(program, words, line)
        self.seen[words[0]] = self.capsys.readouterr().out


def spoil() -> None:
    """Add frames to the pool, four of which show the same, and what is no picture."""
    path, pictures = Path("shapes/pool.json"), Path("shapes/pool")
    content = json.loads(path.read_text())
    for at in range(1, 7):
        shown = 1 if at <= 4 else at
        name = f"film1_{at:03d}.png"
        with Image.open(pictures / f"pool_{shown:03d}.png") as picture:
            frame = ImageEnhance.Brightness(picture).enhance(1 - at / 50)
            frame.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(pictures / name)
        content["images"].append({"id": 100 + at, "file_name": name, "width": 96, "height": 96})
    whole = (pictures / "pool_002.png").read_bytes()
    for at, (name, data) in enumerate({"torn.png": whole[:3000], "empty.png": b""}.items(), 200):
        (pictures / name).write_bytes(data)
        content["images"].append({"id": at, "file_name": name, "width": 96, "height": 96})
    path.write_text(json.dumps(content))


def test_a_campaign_is_planned_run_and_exported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Guest(part(folder, campaign=True), capsys) as reader:
        reader.follow({}, capsys)
        shown = SHOWN.findall(reader.page.read_text(encoding="utf-8"))
        said = reader.seen
    assert len(shown) == 2
    for block in shown:
        assert block in said["plan"]
    assert "5 rows" in said["run"]
    report = next(folder.rglob("report.html")).read_text()
    assert "nearly the same picture as shapes/pool/film1_001.png" in report
    assert len(rows_of(folder / "dataset", "train")) == 12
    assert len(rows_of(folder / "dataset", "val")) == 12


def rows_of(dataset: Path, split: str) -> list[Any]:
    """Return the pictures of a split, with what is drawn on them, as ultralytics reads them."""
    ultralytics()
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    content = check_det_dataset(str(dataset / "data.yaml"), autodownload=False)
    assert content["names"] == {0: "disc", 1: "square", 2: "triangle"}
    found = YOLODataset(content[split], data=content, imgsz=96, augment=False).labels
    assert sum(len(one["cls"]) for one in found) > 0
    return list(found)
