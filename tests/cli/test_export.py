"""`export` in the forms of other programs."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from PIL import Image

from auto_labeling.campaign.labeled import labeled
from auto_labeling.errors import DataError
from auto_labeling.formats import ENCODERS
from auto_labeling.formats.cvat import read_xml
from auto_labeling.formats.value import encode_value
from auto_labeling.pool.images import Images
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.snapshot import ingest
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box
from tests.cli.conftest import Desk
from tests.support.unlabeled import Neighbours

CAR = Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25)
SEEN = LabelSchema(task="boxes", classes=("car",))


def test_labels_are_exported_as_label_studio_s_json(desk: Desk, begun: str) -> None:
    assert desk.type("export", "--to", "labels.json") == 0
    tasks = json.loads(Path("labels.json").read_text())
    assert len(tasks) == 6
    assert [task["id"] for task in tasks] == sorted(task["id"] for task in tasks)
    assert desk.json("export", "--format", "json_min")["format"] == "json_min"
    [short] = Path().glob("tiny-*.min.json")
    names = {row["id"]: row["label"] for row in json.loads(short.read_text())}
    assert names == {
        task["id"]: task["annotations"][0]["result"][0]["value"]["choices"][0] for task in tasks
    }
    assert desk.type("export", "--to", "labels.json") == 0, "the same again"
    Path("labels.json").write_text("mine")
    assert desk.type("export", "--to", "labels.json") == 2


@pytest.mark.parametrize("kind", ["coco", "yolo", "voc"])
def test_what_is_not_drawn_is_not_written_as_if_it_were(desk: Desk, begun: str, kind: str) -> None:
    assert desk.type("export", "--format", kind) == 2
    assert "here the task is 'single'; export csv or json" in desk.err
    assert not list(Path().glob(f"*.{kind}*"))


def test_a_folder_where_a_file_is_due_and_the_reverse(desk: Desk, begun: str) -> None:
    Path("there").mkdir()
    assert desk.type("export", "--to", "there") == 2
    Path("there.txt").touch()
    assert desk.type("export", "--to", "there.txt", "--format", "csv") == 2
    assert "another file of that name" in desk.err


def test_boxes_are_exported_with_the_sizes_of_their_pictures(tmp_path: Path) -> None:
    for at in range(2):
        path = tmp_path / "photos" / "street" / f"{at}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (200, 100), at).save(path)
    ingest(Images(path="photos"), tmp_path, tmp_path / "inputs", number=1, schema=SEEN)
    pool = Pool.open(tmp_path / "inputs")
    labels = [encode_value((CAR,)), encode_value(())]
    frame = pd.DataFrame(
        {"item": pool.ids[::-1], "label": labels[::-1], "confidence": 1.0, "votes": 1}
    )
    found = labeled(pool, frame, SEEN)
    assert [(one.number, one.picture) for one in found] == [
        (1, "photos/street/0.png"),
        (2, "photos/street/1.png"),
    ]
    files = {kind: ENCODERS[kind](found, SEEN) for kind in ENCODERS}
    coco = json.loads(files["coco"]["annotations.json"])
    assert [one["bbox"] for one in coco["annotations"]] == [[50, 50, 100, 25]]
    assert files["yolo"]["labels/photos/street/1.txt"] == ""
    document = read_xml(files["cvat"]["annotations.xml"])
    assert [picture.name for picture in document.pictures] == [one.picture for one in found]
    assert [row["points"] for row in document.annotations["shapes"]] == [[50, 50, 150, 75]]
    xml = ET.fromstring(files["voc"]["Annotations/photos/street/0.xml"])
    assert [edge.text for edge in xml.iterfind("object/bndbox/*")] == ["50", "50", "150", "75"]
    (tmp_path / "photos/street/1.png").unlink()
    with pytest.raises(DataError, match=r"1\.png"):
        labeled(pool, frame, SEEN)


@pytest.mark.slow
def test_pseudo_labels_are_written_on_demand_only_and_marked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    Neighbours(share=0.5).put_in(monkeypatch)
    config = desk.write(semi_supervised="label_spreading")
    assert desk.type("run", config, "--plain", "--max-rounds", "2") == 0
    assert desk.type("export", "--to", "people.csv") == 0
    people = pd.read_csv("people.csv")
    assert set(people["source"]) == {"human"}
    said = desk.json("export", "--with-pseudo-labels", "--to", "both.csv")
    both = pd.read_csv("both.csv")
    assert (said["items"], said["pseudo_labels"]) == (len(people), len(both) - len(people))
    assert list(both.columns) == [*people.columns, "weight"]
    pd.testing.assert_frame_equal(both.iloc[: len(people)][people.columns], people)
    added = both.iloc[len(people) :]
    assert len(added) > 5
    assert set(added["source"]) == {"pseudo"}
    assert set(added["weight"]) == {0.5}
    assert set(added["votes"]) == {0}
    assert not set(added["item"]) & set(people["item"])
    assert added["where"].notna().all()
    assert desk.type("export", "--with-pseudo-labels", "--to", "both.parquet") == 0
    assert len(pd.read_parquet("both.parquet")) == len(both)
    assert desk.type("export", "--with-pseudo-labels", "--format", "json", "--to", "x.json") == 2
    assert "cannot say that nobody gave a label" in desk.err


def test_there_is_nothing_to_add_where_nobody_wants_pseudo_labels(desk: Desk, begun: str) -> None:
    assert desk.type("export", "--with-pseudo-labels", "--to", "both.csv") == 2
    assert "no pseudo-labels are in use" in desk.err
