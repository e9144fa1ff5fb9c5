from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvat_sdk.auto_annotation import DetectionFunctionSpec
from PIL import Image, ImageOps
from sqlalchemy import select, update

from auto_labeling import assemble
from auto_labeling.campaign import suggesting
from auto_labeling.campaign.schema import CAMPAIGN, asks, items, of
from auto_labeling.campaign.transition import newest_model
from auto_labeling.errors import ConfigurationError
from auto_labeling.models import fitting
from auto_labeling.pool.images import Images
from auto_labeling.pool.pool import Pool
from auto_labeling.records import Side
from auto_labeling.serving import cvat
from auto_labeling.serving.recognizing import Recognizer
from auto_labeling.serving.shelf import Shelf
from auto_labeling.workspace import Workspace
from tests.support.campaigns import drive, ledger_of, tiny
from tests.support.shades import SHADES, campaign_of, write_pictures


@dataclass
class Context:
    """What CVAT says about a frame."""

    frame_name: str = "img_0.png"
    conf_threshold: float | None = None
    conv_mask_to_poly: bool = False


@dataclass
class Album:
    """A campaign about pictures, some of whose rounds are over."""

    path: Path
    campaign: str
    shades: Mapping[Path, str]
    opened: list[cvat.AutoAnnotation] = field(default_factory=list)

    @property
    def function(self) -> cvat.AutoAnnotation:
        if not self.opened:
            self.opened.append(cvat.AutoAnnotation(workspace=self.path, campaign=self.campaign))
        return self.opened[0]

    @property
    def pool(self) -> Pool:
        return Pool.open(Workspace.of(self.path).campaign(self.campaign) / "inputs")

    def said(self, image: Image.Image, **told: Any) -> list[str]:
        """Return the classes that a picture is given."""
        names = {label.id: label.name for label in self.function.spec.labels}
        return [names[tag.label_id] for tag in self.function.detect(Context(**told), image)]

    def sides(self) -> dict[str, str]:
        query = select(items.c.item, items.c.side).where(items.c.campaign == CAMPAIGN)
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return dict(map(tuple, connection.execute(query, of(self.campaign))))

    def model(self) -> str | None:
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return newest_model(connection, self.campaign)


Made = Callable[..., Album]


def make(folder: Path, rounds: int = 2, **overrides: Any) -> Album:
    path = folder / "workspace"
    shades = write_pictures(folder / "pictures")
    campaign = tiny(path, **campaign_of(shades, folder / "truth.csv", **overrides))
    if rounds:
        drive(path, campaign, max_rounds=rounds)
    return Album(path, campaign, shades)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    """A campaign with two rounds behind it, for tests that change nothing."""
    made = make(tmp_path_factory.mktemp("album"))
    yield made
    made.function.close()


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Made]:
    made: list[Album] = []

    def begin(rounds: int = 2, **overrides: Any) -> Album:
        made.append(make(tmp_path, rounds, **overrides))
        return made[-1]

    yield begin
    for one in made:
        for function in one.opened:
            function.close()


def seen(path: Path | io.BytesIO) -> Image.Image:
    """Return a picture as CVAT's client hands it over: decoded, its file gone."""
    with Image.open(path) as image:
        image.load()
        return image


def stored_anew(path: Path) -> Image.Image:
    """Return a picture as CVAT keeps one that EXIF turns: upright, and encoded once more."""
    content = io.BytesIO()
    turned = ImageOps.exif_transpose(seen(path))
    if path.suffix == ".jpg":
        turned.save(content, "JPEG", quality=100, subsampling=0)
    else:
        turned.save(content, "PNG")
    return seen(content)


def item_of(album: Album, path: Path) -> str:
    [row] = [at for at, one in enumerate(sorted(album.shades)) if one == path]
    return album.pool.ids[row]


def test_it_says_the_class_and_how_sure_it_is(trained: Album) -> None:
    made = trained
    with assemble.opened(Workspace.of(made.path), made.campaign) as opened:
        proba = fitting.predict(opened.model(str(made.model())), opened.pool.features[:], 3)
        at = dict(zip(opened.pool.ids, range(len(proba)), strict=True))
    sides = made.sides()
    for path in made.shades:
        row = proba[at[item_of(made, path)]]
        expected = [SHADES[int(row.argmax())]] if sides[item_of(made, path)] == Side.TRAIN else []
        assert made.said(seen(path)) == expected
    stranger = Image.new("RGB", (50, 50), (210, 210, 210))
    assert made.said(stranger) == ["light"]


def test_its_labels_are_the_classes_and_stay_as_they_are(album: Made) -> None:
    made = album(labels={"task": "single", "classes": list(SHADES), "abstain": ["blurred"]})
    spec = made.function.spec
    assert isinstance(spec, DetectionFunctionSpec)
    told = [(label.name, label.id, label.type, label.attributes) for label in spec.labels]
    assert told == [(name, at, "tag", []) for at, name in enumerate(SHADES, 1)]
    assert made.function.spec is spec
    with pytest.raises(AttributeError):
        made.function.spec = spec  # type: ignore[misc]


def test_features_are_those_of_the_pool(trained: Album) -> None:
    made = trained
    pool = made.pool
    for path in made.shades:
        row = pool.features[[pool.position_of(item_of(made, path))]][0]
        found = Recognizer.of(pool).recognize(seen(path))
        np.testing.assert_array_equal(found.features, row)
        assert found.items == {item_of(made, path)}


@pytest.mark.parametrize("colors", ["gray", "rgb"])
def test_features_of_a_stranger_are_made_as_the_pool_would(
    album: Made, tmp_path: Path, colors: str
) -> None:
    made = album(0, pool={"kind": "images", "path": str(tmp_path / "pictures"), "colors": colors,
                          "size": 9, "features": None, "ids": None})  # fmt: skip
    pool = made.pool
    others = write_pictures(tmp_path / "others" / "pictures", 60)
    strangers = sorted(set(others))[36:]
    source = Images(path=tuple(map(str, strangers)), colors=colors, size=9)  # type: ignore[arg-type]
    rows = next(source.read(tmp_path).features.chunks())
    for path, row in zip(strangers, rows, strict=True):
        found = Recognizer.of(pool).recognize(seen(path))
        assert not found.items
        # A JPEG file is decoded coarsely for its features, and this picture was decoded in full.
        apart = np.abs(found.features - row).max() * 255
        assert apart < 0.01 if path.suffix == ".png" else apart <= 2.01


@pytest.mark.parametrize("way", [seen, stored_anew])
def test_whoever_judges_is_never_told(album: Made, way: Callable[[Path], Image.Image]) -> None:
    made = album(preannotate={"blind": "30%"})
    with assemble.opened(Workspace.of(made.path), made.campaign) as opened:
        shown = suggesting.suggestions(opened, opened.pool.ids)
    assert 0 < len(shown) < len(made.shades)
    judges = {item for item, side in made.sides().items() if side != Side.TRAIN}
    assert judges
    assert not judges & set(shown)
    for path in made.shades:
        item = item_of(made, path)
        assert bool(made.said(way(path))) == (item in shown)
        assert bool(made.said(way(path), conf_threshold=0.0)) == (item in shown)


def test_a_judge_is_known_by_the_name_that_we_gave_it(trained: Album) -> None:
    made = trained
    pool, sides = made.pool, made.sides()
    other = Image.new("RGB", (30, 30), (200, 200, 200))  # however the picture is changed
    for item, content_hash in zip(pool.ids, pool.content_hashes, strict=True):
        said = made.said(other, frame_name=f"0003-{content_hash[:16]}.png")
        assert bool(said) == (sides[item] == Side.TRAIN)
    assert made.said(other, frame_name=f"0003-{'0' * 16}.png") == ["light"]


def test_a_judge_whose_file_is_gone_is_not_told_either(album: Made) -> None:
    made = album()
    sides = made.sides()
    judges = [path for path in made.shades if sides[item_of(made, path)] != Side.TRAIN]
    images = [seen(path) for path in judges]
    assert [made.said(image) for image in images] == [[]] * len(judges)
    for path in judges:
        path.unlink()
    assert [made.said(image) for image in images] == [[]] * len(judges)


def test_of_pictures_that_look_alike_only_the_judge_is_hidden(album: Made, tmp_path: Path) -> None:
    """A pool of one surface, photographed again and again: features are near, pixels are not."""
    folder = tmp_path / "surfaces"
    folder.mkdir()
    rng = np.random.default_rng(3)
    shades: dict[Path, str] = {}
    for at in range(30):
        path = folder / f"s{at:02d}.png"
        noise = rng.integers(100, 140, size=(80, 80, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        shades[path] = SHADES[at % 3]
    path = tmp_path / "workspace"
    campaign = tiny(path, **campaign_of(shades, tmp_path / "surfaces.csv"))
    drive(path, campaign, max_rounds=1)
    made = Album(path, campaign, shades)
    pool = made.pool
    assert np.abs(np.diff(pool.features[:], axis=0)).mean(axis=1).max() * 255 < 3
    sides = made.sides()
    for one in shades:
        anew = io.BytesIO()
        seen(one).save(anew, "JPEG", quality=100, subsampling=0)
        for picture in (seen(one), seen(anew)):
            assert bool(made.said(picture)) == (sides[item_of(made, one)] == Side.TRAIN)
    made.function.close()


def test_a_gold_question_hides_its_item_at_once(album: Made) -> None:
    made = album(rounds=2)
    with ledger_of(made.path) as ledger, ledger.read() as connection:
        mine = asks.c.campaign == made.campaign
        query = select(asks.c.item).where(mine, asks.c.purpose == "train")
        item = connection.scalar(query)
    path = next(path for path in made.shades if item_of(made, path) == item)
    assert made.said(seen(path))
    with ledger_of(made.path) as ledger, ledger.write() as connection:
        connection.execute(update(asks).where(asks.c.item == item).values(purpose="gold"))
    assert made.said(seen(path)) == []


def test_it_says_what_it_is_sure_enough_of(album: Made) -> None:
    made = album(preannotate={"at_least": 0.9, "blind": "0%"})
    between = [Image.new("L", (20, 20), level) for level in range(40, 201, 2)]
    usual = [bool(made.said(image)) for image in between]
    scores = {
        at: made.function.detect(Context(conf_threshold=0.0), one) for at, one in enumerate(between)
    }
    assert all(scores.values())
    assert 0 < sum(usual) < len(usual)
    counts = [
        sum(bool(made.said(image, conf_threshold=wanted)) for image in between)
        for wanted in (0.0, 0.6, 0.9, 0.99, 1.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(between)
    assert counts[2] == sum(usual)


def test_a_newer_model_answers_as_soon_as_there_is_one(album: Made) -> None:
    made = album(0)
    picture = seen(next(iter(made.shades)))
    stranger = Image.new("L", (20, 20), 120)
    assert made.said(picture) == made.said(stranger) == []
    for _ in range(2):
        drive(made.path, made.campaign, max_rounds=1)
        assert made.said(stranger)
        served = made.function._shelf.get(made.campaign)
        assert served is not None
        assert served.version == f"tiny-{str(made.model())[:12]}"


@pytest.mark.slow
def test_an_item_of_several_classes_has_a_tag_for_each(album: Made) -> None:
    made = album(
        labels={"task": "multi", "classes": list(SHADES)}, model={"kind": "logistic_regression"},
        strategy={"kind": "random", "batch": 6, "scorer": None, "cold_start": None},
    )  # fmt: skip
    with assemble.opened(Workspace.of(made.path), made.campaign) as opened:
        said = opened.lesson.predict(opened.model(str(made.model())), opened.pool.features[:])
        likeliest = [opened.lesson.likeliest(row)[0] for row in said]
    assert {len(value) for value in likeliest} > {1}
    sides = made.sides()
    for item, value in zip(made.pool.ids, likeliest, strict=True):
        [path] = [path for path in made.shades if item_of(made, path) == item]
        assert made.said(seen(path)) == (list(value) if sides[item] == Side.TRAIN else [])


def test_the_picture_is_left_as_it_is(trained: Album) -> None:
    made = trained
    for path in made.shades:
        with Image.open(path) as image:  # not decoded yet, as agents hand it over
            size, mode = image.size, image.mode
            made.function.detect(Context(), image)
            assert (image.size, image.mode) == (size, mode)


def test_it_is_made_of_what_is_typed(trained: Album) -> None:
    made = trained
    for named in (made.campaign, "tiny"):
        function = cvat.create(workspace=str(made.path), campaign=named)
        assert len(function.spec.labels) == 3
        function.close()


def test_what_cannot_be_served_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="knows no 'tiny'"):
        cvat.create(workspace=str(tmp_path / "nothing"), campaign="tiny")
    assert not (tmp_path / "nothing").exists()
    tiny(tmp_path / "workspace")
    with pytest.raises(ConfigurationError, match=r"expected pictures.*got pool\.npy"):
        cvat.create(workspace=str(tmp_path / "workspace"), campaign="tiny")


def test_a_campaign_that_learns_nothing_has_nothing_to_say(tmp_path: Path) -> None:
    boxes = {"labels": {"task": "boxes", "classes": ["car"]}, "model": {"kind": "none"}}
    tool = {"kind": "cvat", "truth": None, "annotators": None}
    made = make(tmp_path, rounds=0, **boxes, backend=tool)
    workspace = Workspace.of(made.path)
    with ledger_of(made.path) as ledger:
        shelf = Shelf(workspace, ledger, partial(assemble.opened, workspace))
        predictor = shelf.refresh(made.campaign)  # what serves it goes on nevertheless
    assert (predictor.version, predictor.fitted) == ("tiny-untrained", None)
    assert predictor.suggest(["7"], np.zeros((1, 4), np.float32)) == []
    with pytest.raises(ConfigurationError, match="expected one with a model that learns"):
        cvat.create(workspace=str(made.path), campaign="tiny")
