"""Pictures of a script in CVAT, with what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from auto_labeling.errors import (
    DataError,
)
from auto_labeling.formats.masks import mask_of
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Polygon
from tests.by_hand.cvat_desk import CAR, Desk, box, names


def test_pictures_are_uploaded_once(desk: Desk) -> None:
    task = desk.task()
    paths = [str(path) for path in reversed(desk.pictures(4))]
    assert desk.client.upload_images(task, paths) == ["3.png", "2.png", "1.png", "0.png"]
    assert desk.client.upload_images(task, paths) == desk.frames(task)
    with pytest.raises(DataError, match=r"has 4 pictures, and not these 2; CVAT takes pictures in"):
        desk.client.upload_images(task, paths[:2])
    with pytest.raises(DataError, match=r"these 4, '3.png' where '0.png' was due; CVAT"):
        desk.client.upload_images(task, paths[::-1])
    assert desk.frames(task) == ["3.png", "2.png", "1.png", "0.png"]
    desk.pictures(4, size=(100, 200))
    with pytest.raises(DataError, match=r"shows '3.png' with 200 x 100 pixels, and .* has 100 x 2"):
        desk.client.upload_images(task, paths)


def test_names_are_kept_as_far_as_cvat_can(desk: Desk) -> None:
    task = desk.task()
    paths = []
    for name in ("a/1.png", "b/1.png", "写真 1.jpg", 'a "b".png', "scan", "c/50%.PNG"):
        path = desk.folder / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 10)).save(path, format="JPEG" if name.endswith("jpg") else "PNG")
        paths.append(path)
    wanted = ["a_1.png", "b_1.png", "写真 1.jpg", "a _b_.png", "scan.png", "c_50%.PNG"]
    assert desk.client.upload_images(task, paths) == wanted
    assert desk.frames(task) == wanted
    again = desk.folder / "a_1.png"
    Image.new("RGB", (20, 10)).save(again)
    with pytest.raises(DataError, match=r"a_1\.png would both be called 'a_1.png' in CVAT"):
        desk.client.upload_images(task, [*paths, again])
    with pytest.raises(DataError, match=r"expected each once, got scan 2 times"):
        desk.client.upload_images(task, [paths[4], paths[4]])


def test_what_is_no_picture_is_named_before_anything_is_sent(desk: Desk) -> None:
    task = desk.task()
    whole = desk.folder / "whole.jpg"
    Image.effect_noise((64, 64), 90).save(whole)
    cut, empty = desk.folder / "cut.jpg", desk.folder / "empty.jpg"
    cut.write_bytes(whole.read_bytes()[:-500])
    empty.write_bytes(b"")
    for wrong in (cut, empty):
        with pytest.raises(DataError, match=rf"images: .*{wrong.name} cannot be read as a picture"):
            desk.client.upload_images(task, [whole, wrong])
    with pytest.raises(DataError, match=r"gone\.jpg is not there"):
        desk.client.upload_images(task, [whole, desk.folder / "gone.jpg"])
    with pytest.raises(DataError, match="expected at least one, got none"):
        desk.client.upload_images(task, [])
    with pytest.raises(DataError, match="expected a list of paths"):
        desk.client.upload_images(task, str(whole))
    assert "size" not in desk.office.call("GET", f"/api/tasks/{task}")


def test_large_pictures_travel_alone(desk: Desk) -> None:
    paths = desk.pictures(4)
    noise = np.random.default_rng(0).integers(0, 256, (1800, 1800, 3), dtype=np.uint8)
    Image.fromarray(noise).save(paths[2], compress_level=0)
    assert paths[2].stat().st_size > 8 * 2**20
    task = desk.task()
    assert desk.client.upload_images(task, paths) == [f"{at}.png" for at in range(4)]
    meta = desk.office.call("GET", f"/api/tasks/{task}/data/meta")
    assert [one["width"] for one in meta["frames"]] == [200, 200, 1800, 200]


def test_shapes_may_be_given_in_every_form(desk: Desk) -> None:
    task = desk.task()
    pixels = np.zeros((100, 200), dtype=bool)
    pixels[20:60, 30:90] = True
    mask = {"label": "van", "type": "mask", "points": [2400, 30, 20, 89, 59]}
    outline = {"label": "car", "type": "polygon", "points": [[0, 0], [100, 0], [0, 100]]}
    said = [
        ([CAR], 0.5),
        ("car", 50, 50, 150, 75),
        [("car", np.float32(50), 50, 150, 75, 0.25)],
        [{"label": "car", "bbox": [50, 50, 100, 25], "score": 0.75}],
        [Polygon(label="car", points=((0, 0), (0.5, 0), (0, 1))), outline],
        [mask_of("van", pixels), {**mask, "points": [0, *mask["points"]]}],
        [],
        None,
        ["van", "car"],
        ("van", 0.5),
    ]
    desk.client.upload_images(task, desk.pictures(len(said)), said)
    [job] = desk.jobs(task)
    there = desk.there(job)
    drawn: dict[int, list[Any]] = {}
    for one in sorted(there["shapes"], key=lambda one: int(one["id"])):
        scores = [float(each["value"]) for each in one["attributes"] if each["value"]]
        drawn.setdefault(one["frame"], []).append((one["type"], one["points"], scores))
        assert one["source"] == "auto"
    points = [50, 50, 150, 75]
    assert {at: drawn[at] for at in range(4)} == {
        at: [("rectangle", points, scores)] for at, scores in enumerate(([0.5], [], [0.25], [0.75]))
    }
    assert [one[1] for one in drawn[4]] == [[0, 0, 100, 0, 0, 100]] * 2
    assert [one[:2] for one in drawn[5]] == [("mask", [0, 2400, 30, 20, 89, 59])] * 2
    assert sorted(drawn) == list(range(6))
    van, car = desk.label(task, "van"), desk.label(task, "car")
    assert [(one["frame"], one["label_id"]) for one in there["tags"]] == [
        (8, van),
        (8, car),
        (9, van),
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([("car", 10, 10, 10, 40)], "expected an area above zero"),
        ([{"label": "car", "bbox": [10, 10, 30, 0]}], "expected an area above zero"),
        ([("car", 10, 10, 240, 40)], r"points within 200 x 100 pixels, got \(240, 40\)"),
        ([("car", 10, 10, float("nan"), 40)], "expected numbers of pixels"),
        ([("car", 10, 10, None, 40)], "expected numbers"),
        ([("bus", 10, 10, 20, 40)], "expected a class out of \\['car', 'van'\\], got 'bus'"),
        (["Car"], "expected a class out of \\['car', 'van'\\], got 'Car'"),
        ([("car", 10, 10, 20, 40, 17)], r"expected a score in \[0, 1\], got 17"),
        ([{"label": "car", "bbox": [1, 2, 3]}], r"expected \[left, top, width, height\]"),
        ([{"label": "car", "box": [1, 2, 3, 4]}], r"expected keys out of .*, got \['box'\]"),
        ([{"bbox": [1, 2, 3, 4]}], "expected the name of a class under 'label', got None"),
        ([{"label": "car"}], "expected either 'bbox' or 'type' and 'points'"),
        ([{"label": "car", "type": "ellipse", "points": [1, 2]}], "expected a type out of"),
        ([{"label": "car", "type": "mask", "points": [5, 0, 0, 9, 9]}], "that do not fill it"),
        ([mask_of("car", np.ones((9, 9), dtype=bool))], "expected 200 x 100 pixels"),
    ],
)
def test_what_cannot_be_drawn_is_named_with_its_picture(desk: Desk, said: Any, why: str) -> None:
    task = desk.task()
    paths = desk.pictures(2)
    with pytest.raises(DataError, match=rf"annotations of .*1\.png: .*{why}"):
        desk.client.upload_images(task, paths, [None, said])
    assert "size" not in desk.office.call("GET", f"/api/tasks/{task}")


def test_as_much_is_said_as_there_are_pictures_and_labels_take_it(desk: Desk) -> None:
    with pytest.raises(DataError, match="expected one for each of 3 images, got 1"):
        desk.client.upload_images(desk.task(), desk.pictures(3), [[CAR]])
    task = desk.task({"name": "car", "type": "mask"})
    with pytest.raises(DataError, match="label 'car' takes a mask, got a rectangle"):
        desk.client.upload_images(task, desk.pictures(1), [[CAR]])
    with pytest.raises(DataError, match=r"boxes of .*0\.png: expected boxes, got 'car'"):
        desk.client.upload_with_annotations(desk.task(), desk.pictures(1), ["car"])


def test_boxes_are_of_the_picture_as_people_see_it(desk: Desk) -> None:
    path = desk.folder / "turned.jpg"
    picture = Image.new("RGB", (40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by a quarter: people see 20 x 40
    picture.save(path, exif=exif)
    task = desk.task()
    desk.client.upload_with_annotations(task, [path], [[CAR, ("van", 0, 0, 20, 40)]])
    [job] = desk.jobs(task)
    shapes = [one["points"] for one in desk.there(job)["shapes"]]
    assert sorted(shapes) == [[0, 0, 20, 40], [5, 20, 15, 30]]
    with pytest.raises(DataError, match="within 20 x 40 pixels"):
        desk.client.upload_with_annotations(task, [path], [[("van", 0, 0, 40, 20)]])


def test_what_is_said_again_replaces_it_unless_somebody_has_begun(desk: Desk) -> None:
    task = desk.task(overlap=2)
    paths = desk.pictures(1)
    for _ in range(2):
        desk.client.upload_with_annotations(task, paths, [[CAR, CAR]])
    mias, lis = desk.jobs(task)
    desk.draw(mias, (0, "van", box(0, 0, 10, 10)))
    desk.client.upload_with_annotations(task, paths, [[CAR]])
    assert [len(desk.there(job)["shapes"]) for job in (mias, lis)] == [1, 1]
    assert desk.there(mias)["shapes"][0]["points"] == [0, 0, 10, 10]
    assert desk.there(lis)["shapes"][0]["points"] == [50, 50, 150, 75]
    desk.client.upload_images(task, paths)  # nothing is said: what is there stays
    assert len(desk.there(lis)["shapes"]) == 1
    desk.client.upload_with_annotations(task, paths, [[]])  # said: there is nothing
    assert [len(desk.there(job)["shapes"]) for job in (mias, lis)] == [1, 0]


def test_a_task_in_a_project_is_filled_with_the_labels_of_the_project(desk: Desk) -> None:
    project = desk.office.make_project(LabelSchema(task="boxes", classes=("car", "van")))
    told = {"name": next(names), "project_id": project}
    task = int(desk.office.call("POST", "/api/tasks", told)["id"])
    desk.client.upload_with_annotations(task, desk.pictures(2), [[CAR], []])
    [job] = desk.jobs(task)
    assert [one["points"] for one in desk.there(job)["shapes"]] == [[50, 50, 150, 75]]
    own = desk.client.create_task(str(told["name"]), ["car", "van"])
    desk.made.add(own)
    assert own != task  # a project's task is not a script's
    outline = {"label": "car", "type": "polygon", "points": [0, 0, 9, 0, 0, 9]}
    with pytest.raises(DataError, match="label 'car' takes a rectangle, got a polygon"):
        desk.client.upload_images(task, desk.pictures(2), [[outline], []])
