"""Data sets of the tests' CVAT: what is exported in a format says the same when it is imported."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from cvat_sdk import Client, models
from cvat_sdk.api_client import exceptions
from cvat_sdk.core.exceptions import BackgroundRequestException

from tests.support.cvat_server import CvatServer, Person

LABELS = [
    {"name": "cat", "attributes": [{"name": "mood", "mutable": False, "input_type": "text",
                                    "values": [""], "default_value": "calm"}]},
    {"name": "dog"},
]  # fmt: skip
READS = {
    "COCO 1.0": "COCO 1.0",
    "CVAT for images 1.1": "CVAT 1.1",
    "PASCAL VOC 1.1": "PASCAL VOC 1.1",
    "YOLO 1.1": "YOLO 1.1",
}
BOX: tuple[str, str, int, list[float]] = ("rectangle", "cat", 0, [10.25, 20.5, 110.75, 80.0])
OTHER: tuple[str, str, int, list[float]] = ("rectangle", "dog", 3, [0.0, 0.0, 320.0, 240.0])
DRAWN: dict[str, list[tuple[str, str, int, list[float]]]] = {
    "COCO 1.0": [
        BOX,
        OTHER,
        ("polygon", "dog", 1, [10.0, 10.0, 50.5, 10.0, 30.0, 40.25]),
        ("mask", "cat", 2, [1, 11, 2, 6, 60, 50, 64, 53]),
    ],
    "CVAT for images 1.1": [
        BOX,
        OTHER,
        ("polygon", "dog", 1, [10.0, 10.0, 50.5, 10.0, 30.0, 40.25]),
        ("mask", "cat", 2, [0, 20, 300, 200, 304, 203]),
        ("polyline", "cat", 2, [1.0, 1.0, 20.0, 20.0, 40.0, 5.0]),
        ("points", "dog", 4, [100.0, 100.0]),
        ("ellipse", "dog", 4, [160.0, 120.0, 200.0, 90.0]),
    ],
    "PASCAL VOC 1.1": [BOX, OTHER],
    "YOLO 1.1": [BOX, OTHER],
}
IMAGES = {
    "COCO 1.0": "images/default/img_3.png",
    "CVAT for images 1.1": "images/img_3.png",
    "PASCAL VOC 1.1": "JPEGImages/img_3.png",
    "YOLO 1.1": "obj_train_data/img_3.png",
}


@pytest.fixture
def make(client: Client, pictures: list[Path]) -> Callable[[str], Any]:
    """Return what makes a task of five pictures."""

    def made(name: str) -> Any:
        spec = models.TaskWriteRequest(name=name, labels=LABELS, segment_size=2)
        return client.tasks.create_from_data(spec, pictures)

    return made


def draw(task: Any, shapes: Iterable[tuple[str, str, int, list[float]]], tags: Any = ()) -> None:
    ids = {label.name: label.id for label in task.get_labels()}
    drawn = [
        {"type": kind, "label_id": ids[label], "frame": frame, "points": points}
        for kind, label, frame, points in shapes
    ]
    marks = [{"label_id": ids[label], "frame": frame} for label, frame in tags]
    task.set_annotations(models.LabeledDataRequest(shapes=drawn, tags=marks, tracks=[]))


def shapes_of(task: Any) -> list[tuple[str, str, int, list[float]]]:
    names = {label.id: label.name for label in task.get_labels()}
    return sorted(
        (str(one.type), names[one.label_id], one.frame, one.points)
        for one in task.get_annotations().shapes
    )


@pytest.mark.parametrize("format", READS)
def test_what_is_exported_can_be_imported(
    make: Callable[[str], Any], tmp_path: Path, format: str
) -> None:
    task, other = make("here"), make("there")
    draw(task, DRAWN[format])
    task.export_dataset(format, tmp_path / "file.zip", include_images=False)
    draw(other, [("rectangle", "dog", 2, [1.0, 2.0, 3.0, 4.0])])
    other.import_annotations(READS[format], tmp_path / "file.zip")
    found = shapes_of(other)
    expected = shapes_of(task)
    assert [one[:3] for one in found] == [one[:3] for one in expected]
    for one, same in zip(found, expected, strict=True):
        assert one[3] == pytest.approx(same[3], abs=0.005)
    assert {one.source for one in other.get_annotations().shapes} == {"file"}


@pytest.mark.parametrize("format", READS)
def test_the_pictures_come_along_where_they_are_asked_for(
    make: Callable[[str], Any], pictures: list[Path], tmp_path: Path, format: str
) -> None:
    make("here").export_dataset(format, tmp_path / "file.zip", include_images=True)
    with zipfile.ZipFile(tmp_path / "file.zip") as file:
        assert file.read(IMAGES[format]) == pictures[3].read_bytes()


def test_cvats_own_format_keeps_everything(make: Callable[[str], Any], tmp_path: Path) -> None:
    task, other = make("here"), make("there")
    cat, dog = task.get_labels()
    mood = cat.attributes[0].id
    shape = {"type": "rectangle", "label_id": cat.id, "frame": 0, "points": [1.0, 2.0, 30.0, 40.0]}
    shape |= {"rotation": 30.0, "occluded": True, "z_order": 2, "group": 1}
    shape |= {"attributes": [{"spec_id": mood, "value": "wild"}]}
    tag = {"label_id": dog.id, "frame": 4}
    task.set_annotations(models.LabeledDataRequest(shapes=[shape], tags=[tag], tracks=[]))
    task.export_dataset("CVAT for images 1.1", tmp_path / "file.zip", include_images=False)
    other.import_annotations("CVAT 1.1", tmp_path / "file.zip")
    found = other.get_annotations()
    [one], [mark] = found.shapes, found.tags
    assert (one.rotation, one.occluded, one.z_order, one.group) == (30.0, True, 2, 1)
    assert [row.value for row in one.attributes] == ["wild"]
    assert (mark.frame, mark.source) == (4, "file")


def packed(counts: list[int]) -> str:
    """Return the counts as COCO's own code packs them: differences, five bits a character."""
    text = ""
    for at, count in enumerate(counts):
        value, more = count - (counts[at - 2] if at > 2 else 0), True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr((bits | (32 if more else 0)) + 48)
    return text


def test_packed_masks_are_read(make: Callable[[str], Any], tmp_path: Path) -> None:
    counts = [14451, 3, 236, 4, 236, 4, 236, 4, 236, 4, 61386]
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [60, 50, 5, 4], "iscrowd": 1}
    drawn = {**box, "segmentation": {"counts": packed(counts), "size": [240, 320]}}
    told = {
        "images": [{"id": 1, "file_name": "img_0.png"}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [drawn],
    }
    (tmp_path / "file.json").write_text(json.dumps(told))
    task = make("here")
    task.import_annotations("COCO 1.0", tmp_path / "file.json")
    assert shapes_of(task) == [("mask", "dog", 0, [1, 19, 60, 50, 64, 53])]


@pytest.mark.parametrize("format", [*READS.values(), "Datumaro 1.0"])
def test_a_file_that_is_none_fails_and_changes_nothing(
    make: Callable[[str], Any], tmp_path: Path, format: str
) -> None:
    task = make("here")
    draw(task, [BOX])
    (tmp_path / "junk.zip").write_bytes(b"this is no zip...")
    with pytest.raises(BackgroundRequestException):
        task.import_annotations(format, tmp_path / "junk.zip")
    assert shapes_of(task) == [BOX]


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        ("img_0", "7 0.5 0.5 0.1 0.1", "Failed to import item 'img_0' annotation"),
        ("other", "0 0.5 0.5 0.1 0.1", "Could not match item id: 'other' with any task frame"),
    ],
)
def test_yolo_refuses_what_it_cannot_place(
    make: Callable[[str], Any], tmp_path: Path, name: str, line: str, why: str
) -> None:
    with zipfile.ZipFile(tmp_path / "file.zip", "w") as file:
        file.writestr("obj.data", "classes = 1\nnames = data/obj.names\n")
        file.writestr("obj.names", "cat\n")
        file.writestr(f"obj_train_data/{name}.txt", line)
    with pytest.raises(BackgroundRequestException, match=why):
        make("here").import_annotations("YOLO 1.1", tmp_path / "file.zip")


def test_a_job_is_exported_and_imported_alone(make: Callable[[str], Any], tmp_path: Path) -> None:
    task = make("here")
    draw(task, [BOX, OTHER])
    first = task.get_jobs()[-1]
    first.export_dataset("YOLO 1.1", tmp_path / "file.zip", include_images=False)
    with zipfile.ZipFile(tmp_path / "file.zip") as file:
        assert "obj_train_data/img_1.txt" in file.namelist()
        assert "obj_train_data/img_2.txt" not in file.namelist()
    draw(task, [OTHER])
    first.import_annotations("YOLO 1.1", tmp_path / "file.zip")
    assert [one[2] for one in shapes_of(task)] == [0, 3]


def test_the_head_says_what_was_exported(
    client: Client, pictures: list[Path], tmp_path: Path
) -> None:
    project = client.projects.create(models.ProjectWriteRequest(name="all cats", labels=LABELS))
    for name, subset in (("one", "Train"), ("two", "")):
        spec = models.TaskWriteRequest(name=name, project_id=project.id, subset=subset)
        task = client.tasks.create_from_data(spec, pictures[:2])
    for at, one in enumerate((project, task.get_jobs()[0])):
        one.export_dataset("CVAT for images 1.1", tmp_path / f"{at}.zip", include_images=False)
    heads = []
    for at in range(2):
        with zipfile.ZipFile(tmp_path / f"{at}.zip") as file:
            heads.append(ET.fromstring(file.read("annotations.xml")))
    whole, part = heads
    assert whole.findtext("meta/project/name") == "all cats"
    assert [one.get("subset") for one in whole.findall("image")] == ["Train"] * 2 + ["default"] * 2
    assert part.findtext("meta/job/id") == str(task.get_jobs()[0].id)
    names = [one.text for one in part.findall("meta/job/labels/label/name")]
    assert names == ["cat", "dog"]


def test_somebody_elses_task_is_not_exported(
    make: Callable[[str], Any],
    server: CvatServer,
    login: Callable[[Person], Client],
    tmp_path: Path,
) -> None:
    task = make("here")
    stranger = login(server.add_user("stranger"))
    with pytest.raises(exceptions.ForbiddenException):
        stranger.api_client.tasks_api.create_dataset_export("COCO 1.0", task.id)


def test_a_format_without_a_writer_fails_its_request(
    make: Callable[[str], Any], tmp_path: Path
) -> None:
    with pytest.raises(BackgroundRequestException, match="does not write Datumaro"):
        make("here").export_dataset("Datumaro 1.0", tmp_path / "file.zip")
