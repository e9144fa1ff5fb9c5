"""What a detector says, asked by Label Studio and by CVAT."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from sqlalchemy import select

from auto_labeling import assemble, models
from auto_labeling.campaign import suggesting
from auto_labeling.campaign.schema import CAMPAIGN, items, of
from auto_labeling.formats.cvat.shapes import decode_shape as decode_cvat
from auto_labeling.formats.label_studio import label_config
from auto_labeling.formats.label_studio.shapes import decode_shape
from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.overlaps import ious
from auto_labeling.pool.pool import Pool
from auto_labeling.records import LabelSchema, Side, shapes_of
from auto_labeling.serving import cvat
from auto_labeling.serving.recognizing import Recognizer
from auto_labeling.shapes import Box, Polygon, Shape
from auto_labeling.workspace import Workspace
from tests.serving.conftest import Counter
from tests.serving.spots import (
    SPOTS,
    Spot,
    Spotter,
    Spotting,
    answer_of,
    campaign_about,
    drawn,
    write_spots,
)
from tests.support.campaigns import drive, ledger_of, tiny

SIZE = (160, 120)
USUAL = 0.25


@dataclass
class Context:
    """What CVAT says about a frame."""

    frame_name: str = "img_0.png"
    conf_threshold: float | None = None
    conv_mask_to_poly: bool = False


@dataclass
class Album:
    """A campaign about spots with two rounds behind it."""

    path: Path
    campaign: str
    spots: Mapping[Path, Sequence[Spot]]
    schema: LabelSchema

    @cached_property
    def function(self) -> cvat.AutoAnnotation:
        return cvat.AutoAnnotation(workspace=self.path, campaign=self.campaign)

    @cached_property
    def ids(self) -> dict[Path, str]:
        pool = Pool.open(Workspace.of(self.path).campaign(self.campaign) / "inputs")
        return dict(zip(sorted(self.spots), pool.ids, strict=True))

    @cached_property
    def judges(self) -> set[str]:
        query = select(items.c.item).where(items.c.campaign == CAMPAIGN, items.c.side != Side.TRAIN)
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return set(connection.scalars(query, of(self.campaign)))

    def expected(self, path: Path, at_least: float = USUAL) -> tuple[Shape, ...]:
        """Return what people may see of a picture's spots."""
        if self.ids[path] in self.judges:
            return ()
        sure = [one for one in self.spots[path] if one.score >= at_least]
        return answer_of(sure, self.schema)

    def told_cvat(self, image: Image.Image, **told: Any) -> list[tuple[Shape, float]]:
        """Return the shapes that CVAT is told, and the scores beside them."""
        names = {label.id: label.name for label in self.function.spec.labels}
        found = []
        for row in self.function.detect(Context(**told), image):
            plain = {"type": row.type.value, "points": list(row.points), "rotation": row.rotation}
            [score] = row.attributes
            size = ImageOps.exif_transpose(image).size
            found.append((decode_cvat(plain, size, names[row.label_id]), float(score.value)))
        return found


@pytest.fixture(scope="module")
def spotting() -> Iterator[None]:
    """The campaign file knows the detector of these tests, and the labels in CVAT are ours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models.TABLE, "spotting", Spotting)
        patch.setattr(cvat, "_takes_scores", lambda *_: True)
        yield


@pytest.fixture(scope="module", params=["boxes", "masks"])
def album(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, spotting: None
) -> Iterator[Album]:
    rule = {"at_least": USUAL, "blind": "0%"}
    made = make(tmp_path_factory.mktemp(request.param), request.param, preannotate=rule)
    yield made
    made.function.close()


def make(folder: Path, task: str, rounds: int = 2, **overrides: Any) -> Album:
    path = folder / "workspace"
    spots = write_spots(folder / "pictures")
    raw = campaign_about(spots, folder / "truth.csv", task, **overrides)
    campaign = tiny(path, **raw)
    if rounds:
        drive(path, campaign, max_rounds=rounds)
    return Album(path, campaign, spots, LabelSchema(task=task, classes=SPOTS))  # type: ignore[arg-type]


def seen(path: Path) -> Image.Image:
    """Return a picture as CVAT's client hands it over: decoded, its file gone."""
    with Image.open(path) as image:
        image.load()
        return image


def stored_anew(path: Path) -> Image.Image:
    """Return a picture as CVAT keeps one that EXIF turns: upright, and encoded once more."""
    content = io.BytesIO()
    ImageOps.exif_transpose(seen(path)).save(content, "PNG")
    return Image.open(content)


def expect_alike(told: Sequence[Shape], expected: Sequence[Shape]) -> None:
    """Expect the same shapes, but for what rounding takes off their edges."""
    assert [shape.label for shape in told] == [shape.label for shape in expected]
    for one, other in zip(told, expected, strict=True):
        assert ious([one], [other])[0, 0] > 0.999


@pytest.fixture
def counter(album: Album) -> Iterator[Counter]:
    made = Counter(Workspace.of(album.path))
    made.put_into(album.campaign, 12)
    made.shelf.refresh(album.campaign)
    yield made
    made.errands.close()
    made.ledger.close()


def ask(counter: Counter, album: Album, ids: Sequence[str]) -> list[dict[str, Any]]:
    tasks = [{"data": {"al_item": one, "image": "http://x/1.png"}} for one in ids]
    config = label_config(album.schema, "image")
    return counter.predict(tasks, project=12, label_config=config)


def test_label_studio_is_told_every_object_that_is_sure_enough(
    counter: Counter, album: Album
) -> None:
    found = ask(counter, album, list(album.ids.values()))
    for (path, item), one in zip(album.ids.items(), found, strict=True):
        expected = album.expected(path)
        shapes = [
            decode_shape(
                {"original_width": 160, "original_height": 120, **region},
                album.schema.task,
                region["value"][region["type"]][0],
            )
            for region in one["result"]
        ]
        expect_alike([shape for shape in shapes if shape is not None], expected)
        scores = [region["score"] for region in one["result"]]
        assert scores == pytest.approx([shape.score for shape in expected])
        if item not in album.judges:
            assert one["score"] == pytest.approx(np.mean(scores) if scores else 0.0)
    assert any(album.expected(path) for path in album.ids)


def test_a_judge_has_a_score_to_be_sorted_by_and_nothing_to_be_seen(
    counter: Counter, album: Album
) -> None:
    judges = [path for path in album.ids if album.ids[path] in album.judges]
    assert judges
    found = ask(counter, album, [album.ids[path] for path in judges])
    assert [one["result"] for one in found] == [[] for _ in judges]
    assert any(one["score"] for one in found) == any(album.spots[path] for path in judges)


def test_a_task_of_nobodys_or_without_its_file_has_no_prediction(
    counter: Counter, album: Album
) -> None:
    path = next(path for path in album.ids if album.expected(path))
    away = path.rename(path.with_suffix(".away"))
    other = next(one for one in album.ids if one != path and album.expected(one))
    found = ask(counter, album, ["nobody", album.ids[path], album.ids[other]])
    away.rename(path)
    assert [one["result"] for one in found[:2]] == [[], []]
    assert [one["score"] for one in found[:2]] == [None, None]
    assert len(found[2]["result"]) == len(album.expected(other))
    assert ask(counter, album, ["nobody"])[0]["score"] is None


@pytest.mark.parametrize("way", [seen, stored_anew])
def test_cvat_is_told_every_object_that_is_sure_enough(album: Album, way: Any) -> None:
    for path in album.ids:
        expected = album.expected(path)
        told = album.told_cvat(way(path))
        expect_alike([shape for shape, _ in told], expected)
        assert [score for _, score in told] == pytest.approx(
            [shape.score for shape in expected], abs=1e-4
        )


def test_a_threshold_of_cvats_is_asked_of_every_object_by_itself(album: Album) -> None:
    told = 0
    for path in album.ids:
        for wanted in (0.0, 0.5, 0.8, 1.0):
            expected = album.expected(path, wanted)
            expect_alike(
                [shape for shape, _ in album.told_cvat(seen(path), conf_threshold=wanted)], expected
            )
            told += 0 < len(expected) < len(album.spots[path])
    assert told, "of some pictures only some objects are sure enough"


def test_masks_are_outlined_where_cvat_asks_for_polygons(album: Album) -> None:
    for path in album.ids:
        told = album.told_cvat(seen(path), conv_mask_to_poly=True)
        form = Polygon if album.schema.task == "masks" else Box
        assert [type(shape) for shape, _ in told] == [form] * len(told)
        around = [bounds(shape) for shape in album.expected(path)]  # the spots are rectangles
        assert [bounds(shape) for shape, _ in told] == [pytest.approx(one) for one in around]


def test_the_model_reads_the_file_of_the_pool_where_there_is_one(album: Album) -> None:
    mine = [path for path in album.ids if album.ids[path] not in album.judges]
    Spotter.looked_at.clear()
    for path in mine:
        album.told_cvat(stored_anew(path))
    assert Spotter.looked_at == mine
    assert album.told_cvat(drawn([])) == []
    stranger = Spotter.looked_at[-1]
    assert stranger not in album.ids
    assert not stranger.parent.exists(), "it lay in a file for as long as it was looked at"


def test_whose_judge_it_is_the_model_is_not_even_asked(album: Album) -> None:
    judges = [path for path in album.ids if album.ids[path] in album.judges]
    Spotter.looked_at.clear()
    assert [album.told_cvat(seen(path), conf_threshold=0.0) for path in judges] == [[]] * len(
        judges
    )
    assert Spotter.looked_at == []


def test_a_stranger_is_looked_at_as_people_see_it(album: Album) -> None:
    spots = [Spot("green", 1.0, (90, 10, 150, 40)), Spot("red", 0.8, (5, 70, 25, 110))]
    upright = drawn(spots, level=33)
    expected = answer_of(spots, album.schema)
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(content, "PNG", exif=exif)
    for image in (upright, upright.convert("RGBA"), Image.open(content)):
        expect_alike([shape for shape, _ in album.told_cvat(image)], expected)


def test_a_frame_that_is_called_by_its_content_but_is_of_another_size_is_looked_at_itself(
    album: Album,
) -> None:
    path = next(path for path in album.ids if album.expected(path))
    pool = Pool.open(Workspace.of(album.path).campaign(album.campaign) / "inputs")
    content = pool.content_hashes[pool.position_of(album.ids[path])]
    small = drawn([Spot("red", 1.0, (0, 0, 40, 40))]).resize((80, 60), Image.Resampling.NEAREST)
    [(shape, _)] = album.told_cvat(small, frame_name=f"0003-{content[:16]}.png")
    assert shape.label == "red"


@pytest.mark.usefixtures("spotting")
def test_the_campaign_says_what_is_sure_enough(tmp_path: Path) -> None:
    rule = {"at_least": 0.6, "blind": "0%"}
    made = make(tmp_path, "boxes", rounds=1, preannotate=rule)
    some = 0
    for path in made.ids:
        expected = made.expected(path, 0.6)
        expect_alike([shape for shape, _ in made.told_cvat(seen(path))], expected)
        some += 0 < len(expected) < len(made.spots[path])
    assert some
    with assemble.opened(Workspace.of(made.path), made.campaign) as opened:
        shown = suggesting.suggestions(opened, list(made.ids.values()))
    for path, item in made.ids.items():
        value = shown[item].value if item in shown else ()
        expect_alike(shapes_of(value), made.expected(path, 0.6))  # a round sends the same
    made.function.close()


def as_coco(folder: Path, pictures: Sequence[Path]) -> dict[str, str]:
    images = [
        {"id": at, "file_name": path.name, "width": 160, "height": 120}
        for at, path in enumerate(pictures)
    ]
    content = {"images": images, "annotations": [], "categories": []}
    (folder / "all.json").write_text(json.dumps(content))
    return {"path": str(folder / "all.json"), "images": str(pictures[0].parent)}


def as_yolo(folder: Path, pictures: Sequence[Path]) -> dict[str, str]:
    (folder / "classes.txt").write_text("\n".join(SPOTS))
    return {"path": str(folder)}


def as_voc(folder: Path, pictures: Sequence[Path]) -> dict[str, str]:
    return {"path": str(folder), "images": pictures[0].parent.name}


@pytest.mark.usefixtures("spotting")
@pytest.mark.parametrize("write", [as_coco, as_yolo, as_voc])
def test_pictures_of_a_data_set_are_recognized(tmp_path: Path, write: Any) -> None:
    spots = write_spots(tmp_path / "images", 8)
    raw = campaign_about(spots, tmp_path / "truth.csv")
    raw["pool"] = {
        "kind": write.__name__.removeprefix("as_"),
        "features": None,
        "ids": None,
        **write(tmp_path, sorted(spots)),
    }
    campaign = tiny(tmp_path / "workspace", **raw)
    pool = Pool.open(Workspace.of(tmp_path / "workspace").campaign(campaign) / "inputs")
    recognizer = Recognizer.of(pool)
    for path in spots:
        found = recognizer.recognize(stored_anew(path))
        assert found.path == path
        assert len(found.items) == 1
