"""`LabelStudioClient` on a real server: whatever is done twice is there once."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from auto_labeling import LabelStudioClient
from auto_labeling.backends.label_studio.client import Client
from auto_labeling.by_hand import importing
from auto_labeling.errors import BlockedError, ConfigurationError, DataError, TransientError
from auto_labeling.formats.masks import mask_of
from auto_labeling.shapes import Box, Polygon
from auto_labeling.studio import Person, Studio
from tests.support.studio import tasks_of

pytestmark = pytest.mark.slow

TONES = """
<View>
  <Text name="said" value="$body"/>
  <Choices name="tone" toName="said"><Choice value="good"/><Choice value="poor"/></Choices>
</View>
"""
BOXES = """
<View>
  <Image name="photo" value="$picture"/>
  <RectangleLabels name="seen" toName="photo">
    <Label value="car"/><Label value="van"/>
  </RectangleLabels>
</View>
"""
OUTLINES = BOXES.replace("RectangleLabels", "PolygonLabels")
TEXTS = [f"text number {at}" for at in range(10)]
titles = (f"by hand {at}" for at in itertools.count())
Crew = tuple[Person, Person, Person]


@pytest.fixture
def client(studio: Studio) -> LabelStudioClient:
    return LabelStudioClient(studio.url, studio.token)


@pytest.fixture
def tones(client: LabelStudioClient) -> int:
    return client.create_project(next(titles), TONES, overlap=2)


@pytest.fixture
def boxes(client: LabelStudioClient) -> int:
    return client.create_project(next(titles), BOXES, overlap=2)


def say(studio: Studio, person: Person, task: int, *regions: dict[str, Any], **more: Any) -> None:
    body = {"result": list(regions), **more}
    with studio.client(person.token) as browser:
        browser.post(f"/api/tasks/{task}/annotations/", json=body).raise_for_status()


def tone(name: str) -> dict[str, Any]:
    value = {"choices": [name]}
    return {"from_name": "tone", "to_name": "said", "type": "choices", "value": value}


def seen(label: str, x: float, y: float, width: float, height: float) -> dict[str, Any]:
    return {
        "from_name": "seen",
        "to_name": "photo",
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": {
            "rotation": 0,
            "rectanglelabels": [label],
            **dict(zip(("x", "y", "width", "height"), (x, y, width, height), strict=True)),
        },
    }


def pictures(folder: Path, n: int = 3) -> list[str]:
    paths = [folder / "street" / f"{at}.png" for at in range(n)]
    for at, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (200, 100), (at, 0, 0)).save(path)
    return [str(path) for path in paths]


def test_a_project_is_made_once(client: LabelStudioClient, studio: Studio) -> None:
    title = next(titles)
    with studio.client() as admin:
        told = {"title": title, "label_config": TONES}
        stranger = admin.post("/api/projects/", json=told).raise_for_status().json()["id"]
    mine = client.create_project(title, TONES, overlap=3)
    assert mine != stranger
    assert client.create_project(title, TONES.replace("\n", " "), overlap=3) == mine
    with studio.client() as admin:
        assert admin.get(f"/api/projects/{mine}/").json()["maximum_annotations"] == 3
    with pytest.raises(ConfigurationError, match=rf"project {mine}, '{title}', was made with"):
        client.create_project(title, BOXES)


@pytest.mark.parametrize("looked_up", [2_000, 2], ids=["by key", "among all"])
def test_texts_are_uploaded_once(
    client: LabelStudioClient,
    studio: Studio,
    tones: int,
    looked_up: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importing, "_LOOKED_UP", looked_up)
    first = client.upload_text_tasks(tones, TEXTS)
    assert client.upload_text_tasks(tones, TEXTS) == first
    assert len(set(first)) == 10
    tasks = tasks_of(studio, tones)
    assert [(task["id"], task["data"]["body"]) for task in tasks] == list(
        zip(first, TEXTS, strict=True)
    )
    more = client.upload_text_tasks(tones, ["new", *TEXTS[:3], "new"])
    assert more[1:4] == first[:3]
    assert more[0] == more[4]
    assert len(tasks_of(studio, tones)) == 11


def test_after_a_call_that_failed_on_its_way_nothing_is_there_twice(
    client: LabelStudioClient,
    studio: Studio,
    tones: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Client.import_tasks

    def part(self: Client, project: int, tasks: Sequence[Any]) -> list[int]:
        whole(self, project, tasks[:4])
        raise TransientError("it answered 500")

    def lost(self: Client, project: int, tasks: Sequence[Any]) -> list[int]:
        whole(self, project, tasks)
        raise TransientError("timed out")

    for broken in (part, lost):
        monkeypatch.setattr(Client, "import_tasks", broken)
        with pytest.raises(TransientError):
            client.upload_text_tasks(tones, TEXTS)
    monkeypatch.undo()
    ids = client.upload_text_tasks(tones, TEXTS)
    tasks = tasks_of(studio, tones)
    assert {task["id"]: task["data"]["body"] for task in tasks} == dict(
        zip(ids, TEXTS, strict=True)
    )


def test_tasks_are_taken_as_label_studio_imports_them(
    client: LabelStudioClient, studio: Studio, tones: int
) -> None:
    prediction = {"model_version": "m", "score": 0.7, "result": [tone("good")]}
    tasks = [
        {"data": {"body": "whole", "source": 7}, "predictions": [prediction], "meta": {"a": 1}},
        {"body": "only its data"},
    ]
    ids = client.upload_tasks(tones, tasks)
    assert client.upload_tasks(tones, list(reversed(tasks))) == ids[::-1]
    whole, only = tasks_of(studio, tones)
    assert (whole["data"]["source"], whole["meta"]) == (7, {"a": 1})
    assert [one["score"] for one in whole["predictions"]] == [0.7]
    assert only["data"]["body"] == "only its data"
    for wrong in (["a text"], [{"body": float("nan")}]):
        with pytest.raises(DataError, match="tasks: expected"):
            client.upload_tasks(tones, wrong)  # type: ignore[arg-type]


def test_predictions_of_another_model_are_added_to_the_tasks_there_are(
    client: LabelStudioClient, studio: Studio, tones: int
) -> None:
    said = [("good", 0.75), "poor", None]
    for _ in range(2):
        client.upload_text_tasks(tones, TEXTS[:3], said, model_version="one")
    for _ in range(2):
        client.upload_text_tasks(tones, TEXTS[:3], ["poor"] * 3, model_version="two")
    found = [
        {
            one["model_version"]: (one["result"][0]["value"]["choices"], one["score"])
            for one in task["predictions"]
        }
        for task in tasks_of(studio, tones)
    ]
    assert found == [
        {"one": (["good"], 0.75), "two": (["poor"], None)},
        {"one": (["poor"], None), "two": (["poor"], None)},
        {"two": (["poor"], None)},
    ]
    assert [len(task["predictions"]) for task in tasks_of(studio, tones)] == [2, 2, 1]
    for wrong, why in (
        (["good"], "expected one for each of 3, got 1"),
        (["rather good", None, None], "expected classes out of"),
        ([("good", 17), None, None], r"expected a score in \[0, 1\], got 17"),
    ):
        with pytest.raises(DataError, match=why):
            client.upload_text_tasks(tones, TEXTS[:3], wrong)


def test_pictures_are_uploaded_once_and_addresses_passed_through(
    client: LabelStudioClient, studio: Studio, boxes: int, tmp_path: Path
) -> None:
    images = [*pictures(tmp_path), "https://example.org/cats/7.jpg", "s3://bucket/8.jpg"]
    box = Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25, score=0.5)
    predictions = [[box], ([box, box], 0.9), [], None, [box]]
    first = client.upload_with_predictions(images, predictions)
    assert client.upload_with_predictions(images, predictions, project_id=boxes) == first
    tasks = tasks_of(studio, boxes)
    assert [task["id"] for task in tasks] == first
    shown = [task["data"]["picture"] for task in tasks]
    assert shown[3:] == images[3:]
    with studio.client() as admin:
        for address, path in zip(shown[:3], images, strict=False):
            assert admin.get(address).raise_for_status().content == Path(path).read_bytes()
    assert len(list((studio.folder / "data/media/upload" / str(boxes)).iterdir())) == 3
    assert [len(one["predictions"]) for one in tasks] == [1, 1, 1, 0, 1]
    [prediction] = tasks[1]["predictions"]
    assert (prediction["score"], len(prediction["result"])) == (0.9, 2)
    assert prediction["result"][0]["value"]["width"] == 50
    assert tasks[0]["predictions"][0]["result"][0]["score"] == 0.5
    with pytest.raises(DataError, match=r"images: .*gone\.png is not a file"):
        client.upload_with_predictions([str(tmp_path / "gone.png")], [None])
    with pytest.raises(ConfigurationError, match="project_id: expected one"):
        LabelStudioClient(studio.url, studio.token).upload_with_predictions(images, predictions)


def test_a_project_that_shows_something_else_is_refused(
    client: LabelStudioClient, tones: int, boxes: int
) -> None:
    with pytest.raises(DataError, match=r"expected one that shows text or html, got .* image"):
        client.upload_text_tasks(boxes, TEXTS)
    with pytest.raises(DataError, match=r"expected one that shows image, got .* text"):
        client.upload_with_predictions(["a.png"], [None], project_id=tones)


def test_texts_are_exported_with_what_most_people_say(
    client: LabelStudioClient, studio: Studio, crew: Crew, tones: int
) -> None:
    mia, li, sam = crew
    ids = client.upload_text_tasks(tones, TEXTS[:5])
    given = {
        0: [(mia, "good"), (li, "good"), (sam, "poor")],
        1: [(mia, "poor")],
        2: [(mia, "good"), (li, "poor")],  # a tie
        3: [(mia, "poor"), (mia, "good")],  # the last one counts
    }
    for at, answers in given.items():
        for person, name in answers:
            say(studio, person, ids[at], tone(name))
    say(studio, li, ids[4], was_cancelled=True)

    rows = list(csv.DictReader(io.StringIO(client.export_annotations(tones, "CSV").text)))
    assert [(row["item"], row["body"], row["label"], row["votes"]) for row in rows] == [
        (str(ids[0]), TEXTS[0], "good", "3"),
        (str(ids[1]), TEXTS[1], "poor", "1"),
        (str(ids[3]), TEXTS[3], "good", "1"),
    ]
    assert float(rows[0]["confidence"]) == pytest.approx(2 / 3)
    short = json.loads(client.export_annotations(tones, format="JSON_MIN").text)
    assert [(one["body"], one["tone"]) for one in short] == [
        (TEXTS[at], name) for at, name in ((0, "good"), (1, "poor"), (3, "good"))
    ]
    assert not any(name.startswith("al_") for name in short[0])
    for kind in ("COCO", "YOLO", "VOC"):
        with pytest.raises(DataError, match=r"holds what is drawn on pictures.* 'single'"):
            client.export_annotations(tones, kind)
    with pytest.raises(ConfigurationError, match="format: expected one of COCO, CSV"):
        client.export_annotations(tones, "TSV")


def test_what_json_exports_is_imported_again(
    client: LabelStudioClient, studio: Studio, crew: Crew, tones: int
) -> None:
    ids = client.upload_text_tasks(tones, TEXTS[:2])
    for task, name in zip(ids, ("good", "poor"), strict=True):
        say(studio, crew[0], task, tone(name))
    exported = client.export_annotations(tones)
    assert exported == client.export_annotations(tones)
    other = client.create_project(next(titles), TONES)
    client.upload_tasks(other, json.loads(exported.text))
    assert [
        (task["data"]["body"], task["annotations"][0]["result"][0]["value"])
        for task in tasks_of(studio, other)
    ] == [(TEXTS[0], {"choices": ["good"]}), (TEXTS[1], {"choices": ["poor"]})]


def test_boxes_of_two_people_are_exported_in_every_format(
    client: LabelStudioClient, studio: Studio, crew: Crew, boxes: int, tmp_path: Path
) -> None:
    mia, li, sam = crew
    images = pictures(tmp_path, 4)
    ids = client.upload_with_predictions(images, [None] * 4)
    for person, x in ((mia, 10), (li, 12), (sam, 60)):
        say(studio, person, ids[0], seen("car", x, 20, 30, 50))
    say(studio, mia, ids[1], seen("van", 0, 0, 100, 100), seen("car", 50, 50, 0.05, 0.05))
    say(studio, mia, ids[2])  # nothing is to be seen on it
    assert ids[3]  # nobody has answered

    coco = json.loads(client.export_annotations(boxes, "COCO").text)
    assert [(one["id"], one["width"], one["height"]) for one in coco["images"]] == [
        (task, 200, 100) for task in ids[:3]
    ]
    assert [one["file_name"] for one in coco["images"]] == ["0.png", "1.png", "2.png"]
    first, second, third = coco["annotations"]
    assert first["bbox"][0] in (20, 24)  # not Sam's: nobody agrees
    assert second["bbox"] == [0, 0, 200, 100]
    assert third["bbox"] == [100, 50, pytest.approx(0.1), pytest.approx(0.05)]
    assert [one["category_id"] for one in coco["annotations"]] == [1, 2, 1]

    yolo = client.export_annotations(boxes, "YOLO")
    folder = yolo.save(tmp_path / "yolo")
    assert (folder / "classes.txt").read_text() == "car\nvan\n"
    assert (folder / "labels" / "1.txt").read_text() == (
        "1 0.5 0.5 1 1\n0 0.50025 0.50025 0.0005 0.0005\n"
    )
    assert (folder / "labels" / "2.txt").read_text() == ""
    assert not (folder / "labels" / "3.txt").exists()

    voc = client.export_annotations(boxes, "VOC").files
    assert sorted(voc) == [f"Annotations/{at}.xml" for at in range(3)]
    tiny = [int(edge.text or "") for edge in ET.fromstring(voc["Annotations/1.xml"])[-1][-1]]
    assert tiny == [100, 50, 101, 51]
    assert ET.fromstring(voc["Annotations/2.xml"]).findtext("size/width") == "200"

    for kind in ("JSON", "JSON_MIN", "CSV"):
        assert client.export_annotations(boxes, kind) == client.export_annotations(boxes, kind)
    again = client.create_project(next(titles), BOXES)
    client.upload_tasks(again, json.loads(client.export_annotations(boxes).text))
    copied = tasks_of(studio, again)[1]["annotations"][0]["result"]
    assert [region["value"]["width"] for region in copied] == [100, pytest.approx(0.05)]


def test_a_picture_that_nobody_drew_on_and_nobody_can_read_has_no_size(
    client: LabelStudioClient, studio: Studio, crew: Crew, boxes: int
) -> None:
    [task] = client.upload_with_predictions([f"{studio.url}/static/no-picture.png"], [None])
    say(studio, crew[0], task)
    with pytest.raises(DataError, match=rf"task {task}: .* cannot be read .* export yolo"):
        client.export_annotations(boxes, "COCO")
    assert client.export_annotations(boxes, "YOLO").files["labels/no-picture.txt"] == ""


def test_outlines_are_exported_as_outlines(
    client: LabelStudioClient, studio: Studio, crew: Crew, tmp_path: Path
) -> None:
    project = client.create_project(next(titles), OUTLINES)
    triangle = Polygon(label="car", points=((0, 0), (0.5, 0), (0, 1)))
    [task] = client.upload_with_predictions(pictures(tmp_path, 1), [[triangle]])
    [prediction] = tasks_of(studio, project)[0]["predictions"]
    size = {"original_width": 200, "original_height": 100, "image_rotation": 0}
    say(studio, crew[0], task, *({**region, **size} for region in prediction["result"]))
    [coco] = json.loads(client.export_annotations(project, "COCO").text)["annotations"]
    assert coco["segmentation"] == [[0, 0, 100, 0, 0, 100]]
    assert (coco["area"], coco["bbox"]) == (5000, [0, 0, 100, 100])
    labels = client.export_annotations(project, "YOLO").files
    assert labels["labels/0.txt"] == "0 0 0 0.5 0 0 1\n"


def test_masks_of_two_people_are_exported_as_run_lengths(
    client: LabelStudioClient, studio: Studio, crew: Crew, tmp_path: Path
) -> None:
    project = client.create_project(next(titles), BOXES.replace("Rectangle", "Brush"), overlap=2)
    pixels = np.zeros((100, 200), dtype=bool)
    pixels[20:60, 30:90] = True
    said = [[mask_of("van", pixels)]]
    [task] = client.upload_with_predictions(pictures(tmp_path, 1), said)
    [prediction] = tasks_of(studio, project)[0]["predictions"]
    for person in crew[:2]:
        say(studio, person, task, *prediction["result"])
    [one] = json.loads(client.export_annotations(project, "COCO").text)["annotations"]
    assert (one["area"], one["bbox"]) == (2400, [30, 20, 60, 40])
    assert one["segmentation"]["counts"] == list(mask_of("van", pixels).runs)
    with pytest.raises(DataError, match="YOLO has no masks"):
        client.export_annotations(project, "YOLO")


def test_texts_are_shown_as_they_are_in_a_project_of_two_questions(
    client: LabelStudioClient, studio: Studio, crew: Crew
) -> None:
    topics = """<Choices name="topic" toName="said" choice="multiple">
      <Choice value="food"/><Choice value="price"/></Choices></View>"""
    config = TONES.replace("<Text", "<HyperText").replace("</View>", topics)
    project = client.create_project(next(titles), config, overlap=3)
    [task] = client.upload_text_tasks(
        project, ["<b>5 < 6</b>"], [["food", "price"]], control="topic"
    )
    [there] = tasks_of(studio, project)
    assert "&lt;b&gt;5 &lt; 6&lt;/b&gt;" in there["data"]["body"]
    [suggested] = there["predictions"][0]["result"]
    for person, names in zip(crew, (["food"], ["price", "food"], []), strict=True):
        topic = {**suggested, "value": {"choices": names}}
        say(studio, person, task, tone("good"), *([topic] if names else []))
    [row] = json.loads(client.export_annotations(project, "JSON_MIN", control="topic").text)
    assert row["topic"] == {"choices": ["food"]}
    with pytest.raises(DataError, match="that asks for classes, got tone, topic"):
        client.export_annotations(project)


def test_what_stands_in_the_way_is_said(client: LabelStudioClient, studio: Studio) -> None:
    with pytest.raises(BlockedError, match="refused the token"):
        LabelStudioClient(studio.url, "0" * 40).create_project(next(titles), TONES)
    with pytest.raises(BlockedError, match="project 987654 is gone"):
        client.export_annotations(987654)
    with pytest.raises(DataError, match="labeling configuration: expected XML"):
        client.create_project(next(titles), "<View>")
    with pytest.raises(ConfigurationError, match=r"overlap: .*1.*, got 0"):
        client.create_project(next(titles), TONES, overlap=0)
    with pytest.raises(ConfigurationError, match="url: expected http"):
        LabelStudioClient("localhost:8080", "x")
    assert studio.token not in repr(vars(client))
