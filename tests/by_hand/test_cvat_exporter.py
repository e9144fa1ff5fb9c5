"""A file for CVAT, imported by a server over HTTP and read by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from cvat_sdk import Client, Config, masks
from cvat_sdk.models import PatchedLabelRequest, TaskWriteRequest
from PIL import Image

from auto_labeling import CVATExporter
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.masks import mask_of
from auto_labeling.shapes import Box, Polygon
from tests.support.cvat_server import CvatServer

CAR = Box(label="car", x=0.125, y=0.25, width=0.25, height=0.5)
TRIANGLE = Polygon(label="ねこ", points=((0, 0), (1, 0), (0.5, 1)))
PIXELS = np.zeros((240, 320), dtype=bool)
PIXELS[50:54, 60:65] = [[0, 1, 1, 1, 1], [1] * 5, [1, 1, 0, 0, 1], [1] * 5]
CELL = mask_of("cell", PIXELS)
SAID = [[CAR, replace(CAR, label="van", score=0.25)], ([TRIANGLE], 0.5), [CELL], "night", None]


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = [folder / f"фото {at}.png" for at in range(5)]
    for path in paths:
        Image.new("RGB", (320, 240)).save(path)
    return paths


@pytest.fixture
def client() -> Iterator[Client]:
    with (
        CvatServer() as server,
        Client(server.url, config=Config(status_check_period=0.01)) as client,
    ):
        client.login((server.admin.name, server.admin.password))
        yield client


def exported(tmp_path: Path, images: Any, *said: Any, **more: Any) -> Path:
    return CVATExporter("Улица", **more).export(images, tmp_path / "out" / "task.xml", *said)


def images_in(path: Path) -> list[ET.Element]:
    return ET.fromstring(path.read_text(encoding="utf-8")).findall("image")


def test_cvat_imports_what_is_written(tmp_path: Path, pictures: list[Path], client: Client) -> None:
    path = exported(tmp_path, pictures, SAID)
    raw = json.loads((tmp_path / "out" / "task.labels.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in raw] == ["car", "cell", "night", "van", "ねこ"]
    task = client.tasks.create_from_data(
        TaskWriteRequest(name="Улица", labels=[PatchedLabelRequest(**one) for one in raw]),
        resources=pictures,
    )
    task.import_annotations("CVAT 1.1", path)
    names = {label.id: label.name for label in task.get_labels()}
    scores = {
        attribute.id: attribute.name
        for label in task.get_labels()
        for attribute in label.attributes
    }
    assert set(scores.values()) == {"score"}
    found = task.get_annotations()
    [tag] = found.tags
    assert (tag.frame, names[tag.label_id]) == (3, "night")
    shapes = sorted(found.shapes, key=lambda one: (one.frame, names[one.label_id]))
    assert [(one.frame, names[one.label_id], one.type.value) for one in shapes] == [
        (0, "car", "rectangle"),
        (0, "van", "rectangle"),
        (1, "ねこ", "polygon"),
        (2, "cell", "mask"),
    ]
    assert shapes[0].points == [40, 60, 120, 180]
    assert shapes[2].points == [0, 0, 320, 0, 160, 240]
    drawn = masks.decode_mask(shapes[3].points, image_width=320, image_height=240)
    np.testing.assert_array_equal(drawn, PIXELS)
    assert [one.attributes[0].value for one in shapes] == ["", "0.25", "0.5", ""]


def test_pictures_without_a_word_are_written_too(tmp_path: Path, pictures: list[Path]) -> None:
    path = CVATExporter().export(image_paths=pictures, output_path=tmp_path / "task.xml")
    assert [image.get("name") for image in images_in(path)] == [one.name for one in pictures]
    assert not any(len(image) for image in images_in(path))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["pictures", "task.xml"]


def test_the_same_input_makes_the_same_file(tmp_path: Path, pictures: list[Path]) -> None:
    once = exported(tmp_path, pictures, SAID).read_bytes()
    assert exported(tmp_path, map(str, pictures), SAID).read_bytes() == once
    assert exported(tmp_path, pd.Series(pictures), SAID).read_bytes() == once
    assert exported(tmp_path, np.array([str(one) for one in pictures]), SAID).read_bytes() == once


def test_metadata_says_it_as_for_label_studio(tmp_path: Path, pictures: list[Path]) -> None:
    told = [{"prediction": [CAR], "score": 0.5, "source": "x"}, None, {"prediction": "night"}]
    path = CVATExporter(labels=["night", {"name": "car"}, "unused"]).export(
        pictures[:3], tmp_path / "task.xml", metadata=told
    )
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    assert [one.text for one in root.iterfind("meta/task/labels/label/name")] == [
        "night",
        "car",
        "unused",
    ]
    [first, _, third] = root.findall("image")
    assert first.findtext("box/attribute[@name='score']") == "0.5"
    assert [one.tag for one in third] == ["tag"]
    assert third.find("tag/attribute") is None
    again = CVATExporter(labels=["night", "car", "unused"]).export(
        pictures[:3], tmp_path / "same.xml", [([CAR], 0.5), None, "night"]
    )
    assert again.read_bytes() == path.read_bytes()


def test_a_picture_that_exif_turns_has_the_size_that_people_see(tmp_path: Path) -> None:
    for orientation in (1, 3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.new("RGB", (320, 240)).save(tmp_path / f"{orientation}.jpg", exif=exif)
    said = [[CAR]] * 4
    path = exported(tmp_path, sorted(tmp_path.glob("*.jpg")), said)
    sizes = [(image.get("width"), image.get("height")) for image in images_in(path)]
    assert sizes == [("320", "240")] * 2 + [("240", "320")] * 2
    assert images_in(path)[2][0].get("xbr") == str(0.375 * 240)


def test_pictures_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [tmp_path / "in" / folder / "1.png" for folder in ("a", "b/c")]
    for path in paths:
        path.parent.mkdir(parents=True)
        Image.new("L", (3, 2)).save(path)
    names = [image.get("name") for image in images_in(exported(tmp_path, paths))]
    assert names == ["a/1.png", "b/c/1.png"]
    with pytest.raises(DataError, match=r"images: expected each once, got a/1\.png 2 times"):
        exported(tmp_path, [*paths, paths[0]])


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [
        (lambda to, them: CVATExporter().export(them), ConfigurationError, "output_path: expected"),
        (lambda to, them: CVATExporter().export(None, to), ConfigurationError, "got neither"),
        (
            lambda to, them: CVATExporter().export(them, to, image_paths=them),
            ConfigurationError,
            "expected either images or image_paths, got both",
        ),
        (lambda to, them: CVATExporter().export([], to), DataError, "at least one, got none"),
        (lambda to, them: CVATExporter().export("a.png", to), DataError, "a list of paths, got 'a"),
        (
            lambda to, them: CVATExporter().export([np.zeros((2, 2))], to),
            DataError,
            "images: expected paths, got a ndarray in row 0",
        ),
        (lambda to, them: CVATExporter(labels="car"), ConfigurationError, "list of classes, got"),
        (
            lambda to, them: CVATExporter(labels=[" car"]).export(them, to),
            ConfigurationError,
            "labels: expected a trimmed name",
        ),
        (
            lambda to, them: CVATExporter().export(them, to, ["car"]),
            DataError,
            "predictions: expected one for each of 5 images, got 1",
        ),
        (
            lambda to, them: CVATExporter().export(them, to, metadata=[{}]),
            DataError,
            "metadata: expected one for each of 5 images, got 1",
        ),
        (
            lambda to, them: CVATExporter().export(them, to, SAID, {}),
            ConfigurationError,
            "expected either predictions or metadata, got both",
        ),
        (
            lambda to, them: CVATExporter(labels=["van"]).export(them, to, SAID),
            DataError,
            r"prediction for фото 0\.png: expected a class out of \['van'\], got 'car'",
        ),
        (
            lambda to, them: CVATExporter().export(them, to, [("car", 17.0)] * 5),
            DataError,
            r"prediction for фото 0\.png: expected a score in \[0, 1\], got 17.0",
        ),
        (
            lambda to, them: CVATExporter().export(them, to, [{"boxes": []}] * 5),
            DataError,
            "predictions: expected a class, classes or shapes, got",
        ),
        (
            lambda to, them: CVATExporter().export(them, to, [mask_of("a", PIXELS[1:])] * 5),
            DataError,
            r"prediction for фото 0\.png: mask 'a': expected 320 x 240 pixels, as the picture",
        ),
        (
            lambda to, them: CVATExporter().export([*them, them[0].with_name("no.png")], to),
            DataError,
            r"images: .*no\.png is not there",
        ),
    ],
)
def test_what_cannot_be_exported_is_said(
    tmp_path: Path, pictures: list[Path], call: Any, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        call(tmp_path / "task.xml", pictures)
    assert [one.name for one in tmp_path.iterdir()] == ["pictures"]


def test_a_damaged_picture_is_named_before_cvat_fails_a_task_for_it(tmp_path: Path) -> None:
    whole, cut, text = (tmp_path / name for name in ("whole.jpg", "cut.jpg", "text.png"))
    Image.effect_noise((320, 240), 50).save(whole)
    cut.write_bytes(whole.read_bytes()[:2000])
    text.write_text("no picture")
    for path in (cut, text):
        with pytest.raises(DataError, match=rf"images: .*{path.name} cannot be read as a picture"):
            exported(tmp_path, [whole, path])
