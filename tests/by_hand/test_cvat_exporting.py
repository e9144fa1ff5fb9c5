"""What people drew in a script's task, as one label a picture."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from auto_labeling.errors import (
    ConfigurationError,
    DataError,
)
from tests.by_hand.cvat_desk import Desk, box


def test_boxes_of_three_people_are_exported_in_every_format(desk: Desk, tmp_path: Path) -> None:
    task = desk.task(overlap=3)
    desk.client.upload_images(task, desk.pictures(4))
    mias, lis, sams = desk.jobs(task)
    nothing = (3, "car", box(0, 0, 1, 1))
    desk.finish(mias, (0, "car", box(20, 20, 80, 70)), (1, "van", box(0, 0, 200, 100)), nothing)
    desk.finish(lis, (0, "car", box(24, 20, 84, 70)), (1, "van", box(0, 0, 200, 100)), nothing)
    desk.draw(sams, (0, "car", box(150, 20, 180, 70)))  # not finished: it does not count
    coco = json.loads(desk.client.export_annotations(task, "COCO").text)
    assert [(one["id"], one["file_name"], one["width"]) for one in coco["images"]] == [
        (at + 1, f"{at}.png", 200) for at in range(4)
    ]
    first, second, _ = coco["annotations"]
    assert first["bbox"][0] in (20, 24)
    assert second["bbox"] == [0, 0, 200, 100]
    assert [one["name"] for one in coco["categories"]] == ["car", "van"]

    folder = desk.client.export_annotations(task).save(tmp_path / "yolo")
    assert (folder / "classes.txt").read_text() == "car\nvan\n"
    assert (folder / "labels" / "1.txt").read_text() == "1 0.5 0.5 1 1\n"
    assert (folder / "labels" / "2.txt").read_text() == ""  # both saw nothing on it
    voc = desk.client.export_annotations(task, "voc").files
    assert sorted(voc) == [f"Annotations/{at}.xml" for at in range(4)]
    xml = ET.fromstring(desk.client.export_annotations(task, "CVAT").text)
    assert [(one.get("name"), len(one)) for one in xml.iter("image")] == [
        (f"{at}.png", n) for at, n in enumerate((1, 1, 0, 1))
    ]
    again = desk.client.export_annotations(task, "CSV")
    assert again == desk.client.export_annotations(task, "CSV")
    with_sam = desk.client.export_annotations(task, "CSV", unfinished=True).text
    assert [row["votes"] for row in csv.DictReader(io.StringIO(with_sam))] == ["3"] * 4
    with pytest.raises(ConfigurationError, match="format: expected one of COCO, CSV, CVAT, VOC, Y"):
        desk.client.export_annotations(task, "TSV")


def test_tags_go_by_majority(desk: Desk) -> None:
    task = desk.task("day", "night", overlap=3)
    desk.client.upload_images(task, desk.pictures(4), ["day", "day", None, None])
    said = [("night", "day", "day"), ("night", "day", None), ("night", "night", None)]
    for job, tags in zip(desk.jobs(task), said, strict=True):
        desk.finish(job, *((at, name, None) for at, name in enumerate(tags) if name))
    rows = list(csv.DictReader(io.StringIO(desk.client.export_annotations(task, "CSV").text)))
    assert [(row["image"], row["label"], row["votes"]) for row in rows] == [
        ("0.png", "night", "3"),
        ("1.png", "day", "3"),
        ("2.png", "day", "1"),
    ]
    with pytest.raises(DataError, match=r"YOLO holds what is drawn on pictures.* 'single'"):
        desk.client.export_annotations(task)


def test_masks_and_outlines_are_exported_each_for_itself(desk: Desk) -> None:
    task = desk.task()
    desk.client.upload_images(task, desk.pictures(1))
    [job] = desk.jobs(task)
    mask = {"type": "mask", "points": [0, 2400, 30, 20, 89, 59]}
    outline = {"type": "polygon", "points": [0, 0, 100, 0, 0, 100]}
    with pytest.raises(DataError, match=rf"task {task}: none of its jobs is finished"):
        desk.client.export_annotations(task)
    desk.finish(job)
    with pytest.raises(DataError, match=r"got nothing that tells; say which with kind="):
        desk.client.export_annotations(task)
    assert desk.client.export_annotations(task, kind="boxes").files["labels/0.txt"] == ""
    desk.finish(job, (0, "van", mask))
    [one] = json.loads(desk.client.export_annotations(task, "COCO").text)["annotations"]
    assert (one["area"], one["bbox"]) == (2400, [30, 20, 60, 40])
    with pytest.raises(DataError, match="YOLO has no masks"):
        desk.client.export_annotations(task, "YOLO")
    desk.finish(job, (0, "car", outline))
    labels = desk.client.export_annotations(task, kind="polygons").files
    assert labels["labels/0.txt"] == "0 0 0 0.5 0 0 1\n"
    desk.finish(job, (0, "van", mask), (0, "car", outline))
    with pytest.raises(
        DataError, match=rf"^task {task}: expected one task out of .*, got polygons, "
    ):
        desk.client.export_annotations(task)
    with pytest.raises(
        DataError, match=rf"task {task}, job .*, frame 0 \(0.png\): expected polygon"
    ):
        desk.client.export_annotations(task, kind="polygons")


def test_what_people_took_out_is_not_exported(desk: Desk) -> None:
    task = desk.task("day", "night")
    desk.client.upload_images(task, desk.pictures(2))
    [job] = desk.jobs(task)
    desk.finish(job, (0, "day", None), (1, "night", None))
    desk.office.call("PATCH", f"/api/tasks/{task}/data/meta", {"deleted_frames": [0]})
    rows = list(csv.DictReader(io.StringIO(desk.client.export_annotations(task, "CSV").text)))
    assert [(row["image"], row["label"]) for row in rows] == [("1.png", "night")]
