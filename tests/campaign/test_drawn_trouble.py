"""What strangers give a campaign in which people draw, and what goes wrong on its way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from auto_labeling import assemble, models
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import labels, suggested
from auto_labeling.campaign.statement import Statement
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.formats.value import decode_value
from auto_labeling.records import CampaignId
from auto_labeling.shapes import Box
from auto_labeling.workspace import Workspace
from tests.serving.spots import Spot, drawn, write_spots
from tests.support.apprentice import Apprentice, Apprenticeship, begin, begun, coco_of, raw_about
from tests.support.campaigns import drive, drive_until, ledger_of

pytestmark = pytest.mark.slow

Spots = Mapping[Path, Sequence[Spot]]
BY_DOUBT = {"kind": "top_k", "scorer": {"kind": "objects"}}
UPRIGHT = 3  # every fourth picture of spots lies on its side


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.TABLE, "apprentice", Apprenticeship)


@pytest.fixture
def spots(tmp_path: Path) -> Spots:
    return write_spots(tmp_path / "pictures", 32)


def account_of(path: Path, campaign: CampaignId) -> Statement:
    return assemble.account_of(Workspace.of(path), campaign)


def upright(spots: Spots) -> Spots:
    return {
        path: there for at, (path, there) in enumerate(sorted(spots.items())) if at % 4 < UPRIGHT
    }


def coco(
    spots: Spots, tmp_path: Path, name: str = "pool", **changes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    content = coco_of(upright(spots))
    for key, more in changes.items():
        content[key] += more
    (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    folder = str(next(iter(spots)).parent)
    return {
        "kind": "coco",
        "path": str(tmp_path / f"{name}.json"),
        "images": folder,
        "size": 8,
        "colors": "rgb",
    }


def write_odd(folder: Path) -> list[dict[str, Any]]:
    """Write pictures as strangers have them, many of them broken, and return their rows."""
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    whole = BytesIO()
    Image.fromarray(noise).save(whole, "JPEG")
    (folder / "truncated.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture", encoding="utf-8")
    Image.new("RGB", (1, 1)).save(folder / "one.png")
    Image.new("RGB", (20_000, 20)).save(folder / "wide.png")
    Image.new("CMYK", (160, 120)).save(folder / "cmyk.jpg")
    Image.fromarray(noise[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    frames = [Image.new("P", (160, 120), at) for at in range(3)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    Image.new("L", (160, 120)).save(folder / "gray.png")
    Image.new("RGBA", (160, 120)).save(folder / "alpha.png")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("s"))
    sizes = {"one.png": (1, 1), "wide.png": (20_000, 20)}
    rows = [(name, *sizes.get(name, (160, 120))) for name in [*names, "missing.png"]]
    return [
        {"id": 100 + at, "file_name": name, "width": width, "height": height}
        for at, (name, width, height) in enumerate(rows)
    ]


@pytest.mark.parametrize("tile", [None, "64px"])
def test_what_nobody_can_look_at_is_put_aside_and_counted(
    tmp_path: Path, spots: Spots, tile: str | None
) -> None:
    odd = write_odd(tmp_path / "pictures")
    objects = [  # of no area, half outside, wholly outside, of no class; their pictures have others
        {"id": 900, "image_id": 2, "category_id": 1, "bbox": [5, 5, 0, 10]},
        {"id": 901, "image_id": 2, "category_id": 1, "bbox": [150, 5, 40, 10]},
        {"id": 902, "image_id": 3, "category_id": 1, "bbox": [500, 500, 40, 10]},
        {"id": 903, "image_id": 3, "category_id": 77, "bbox": [5, 5, 4, 10]},
    ]
    raw = raw_about(tmp_path / "ws", spots, backend={"truth": "pool", "misses": 0, "extras": 0})
    raw["pool"] = coco(spots, tmp_path, images=odd, annotations=objects)
    raw |= {"preannotate": {"smallest": "4px", "tile": tile}, "stop": {"max_rounds": 9}}
    raw["strategy"] |= BY_DOUBT
    campaign = begin(tmp_path / "ws", raw)
    assert drive(tmp_path / "ws", campaign).stop_kind == "exhausted"
    account = account_of(tmp_path / "ws", campaign)
    put_aside = sorted(Path(str(where).split(": ")[-1]).name for where, *_ in account.quarantine)
    assert put_aside == [
        "annotation 900",
        "annotation 902",
        "annotation 903",
        "empty.jpg",
        "missing.png",
        "text.jpg",
        "truncated.jpg",
    ]
    assert account.budget.committed_answers == len(upright(spots)) + 7


@pytest.mark.parametrize(
    ("until", "strategy"),
    [(RoundState.FROZEN, {}), (RoundState.TRAINED, {}), (RoundState.EVALUATED, BY_DOUBT)],
)
@pytest.mark.parametrize("content", [None, b"", b"another"])
def test_pictures_that_are_gone_or_others_block_until_they_are_back(
    tmp_path: Path,
    spots: Spots,
    until: RoundState,
    strategy: dict[str, Any],
    content: bytes | None,
) -> None:
    path = tmp_path / "ws"
    campaign = begun(path, spots, strategy=strategy)
    drive_until(path, campaign, until)
    were = {picture: picture.read_bytes() for picture in spots}
    for picture in spots:
        picture.unlink() if content is None else picture.write_bytes(content)
    with pytest.raises(BlockedError, match=r"since it was taken into the pool"):
        drive(path, campaign)
    with ledger_of(path) as ledger:
        state = state_of(ledger, campaign)
    assert "goes on once the pool's files are as they were" in str(state.blocked_remedy)
    for picture, before in were.items():
        picture.write_bytes(before)
    assert drive(path, campaign).stop_kind == "rule"


def test_held_out_pictures_that_are_others_block_too(tmp_path: Path, spots: Spots) -> None:
    path, judges = tmp_path / "ws", write_spots(tmp_path / "judges", 8)
    for at, (picture, there) in enumerate(judges.items()):  # or they would be the pool's
        drawn(there, level=20 + at).save(picture)
    content = coco_of(upright(judges))
    (tmp_path / "judges.json").write_text(json.dumps(content), encoding="utf-8")
    raw = raw_about(path, spots, backend={"truth": "pool"})
    raw["pool"] = coco(spots, tmp_path) | {
        "heldout": str(tmp_path / "judges.json"),
        "heldout_images": str(tmp_path / "judges"),
    }
    campaign = begin(path, raw)
    drive_until(path, campaign, RoundState.TRAINED)
    were = {picture: picture.read_bytes() for picture in judges}
    for picture in judges:
        picture.write_bytes(b"")
    with pytest.raises(BlockedError, match=r"judges/s00\.png and 5 more: it has changed"):
        drive(path, campaign)
    for picture, before in were.items():
        picture.write_bytes(before)
    assert drive(path, campaign).stop_kind == "rule"


@pytest.mark.parametrize("nothing", ["objects", "answers", "votes"])
def test_rounds_in_which_nobody_finds_anything_go_on(
    tmp_path: Path, spots: Spots, nothing: str
) -> None:
    path = tmp_path / "ws"
    keys: dict[str, Any] = {
        "objects": {"backend": {"misses": 1.0, "extras": 0}},
        "answers": {"backend": {"abstain": 1.0}, "labels": {"abstain": ["cannot_tell"]}},
        "votes": {"backend": {"skip": 1.0}},
    }[nothing]
    campaign = begun(path, spots, strategy=BY_DOUBT, preannotate={}, **keys)
    assert drive(path, campaign).stop_kind == "rule"
    with ledger_of(path) as ledger, ledger.read() as connection:
        found = connection.scalars(select(labels.c.value).where(labels.c.value.is_not(None))).all()
        shown = connection.scalars(select(suggested.c.value)).all()
    assert [decode_value(one) for one in found] == [()] * (18 if nothing == "objects" else 0)
    assert not any(shown)


def test_a_class_that_nobody_draws_is_said_to_be_unknown(tmp_path: Path, spots: Spots) -> None:
    reds = {path: [one for one in there if one.label == "red"] for path, there in spots.items()}
    metrics = {"metrics": ["map50", "map50/green"]}
    campaign = begun(tmp_path / "ws", reds, evaluation=metrics)
    drive(tmp_path / "ws", campaign)
    curve = account_of(tmp_path / "ws", campaign).curve
    values = {one.metric: one.interval.value for one in curve}
    assert np.isnan(values["map50/green"])
    assert np.isfinite(values["map50"])


@pytest.mark.parametrize("task", ["boxes", "polygons", "masks"])
def test_many_opinions_on_each_shape_become_one(tmp_path: Path, spots: Spots, task: str) -> None:
    people = {"annotators": [0.9, 0.95, 1.0, 0.97], "skip": 0.1, "edit": 0.3, "misses": 0.05}
    keys: dict[str, Any] = {"quality": {"overlap": 3}, "backend": people, "preannotate": {}}
    campaign = begun(tmp_path / "ws", spots, task, **keys)
    drive(tmp_path / "ws", campaign)
    name = {"boxes": "Box", "polygons": "Polygon", "masks": "Mask"}[task]
    with ledger_of(tmp_path / "ws") as ledger, ledger.read() as connection:
        values = connection.scalars(select(labels.c.value)).all()
        shown = connection.scalars(select(suggested.c.value)).all()
    for one in (*values, *shown):
        if one is not None:
            assert {type(shape).__name__ for shape in decode_value(one)} <= {name}
    assert sum(one is not None for one in values) >= 15
    assert any(shown)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"stop": {"expected_gain": 1}}, r"stop\.expected_gain: it would never fire"),
        ({"stop": {"overall_uncertainty": 0.1}}, r"stop\.overall_uncertainty: it would never"),
        ({"stop": {"all_of": {"plateau": {"metric": "map50"}, "expected_gain": 1}}}, "never fire"),
        ({"strategy": {"at_least": {"red": 2}}}, r"strategy\.at_least: it counts items by their"),
        ({"strategy": {"kind": "cluster_top"}}, "with a scorer such as objects"),
        ({"evaluation": {"metrics": ["accuracy"]}}, "expected one of map50"),
    ],
)
def test_what_drawings_cannot_do_is_refused_at_once(
    tmp_path: Path, spots: Spots, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        begun(tmp_path / "ws", spots, **keys)


def test_the_labels_of_a_start_set_are_learned_and_its_pictures_not_bought(
    tmp_path: Path, spots: Spots
) -> None:
    path = tmp_path / "ws"
    raw = raw_about(path, spots, backend={"truth": "pool"})
    raw["pool"] = coco(spots, tmp_path)
    raw["labeled"] = coco(dict(list(spots.items())[:8]), tmp_path, "start")
    campaign = begin(path, raw)
    drive(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        rows = connection.execute(select(labels.c.source, labels.c.value)).all()
    imported = [decode_value(row.value) for row in rows if row.source == "imported"]
    assert len(imported) == 6
    assert any(isinstance(shape, Box) for value in imported for shape in value)
    assert len(rows) == 6 + 18
    assert max(learned for learned, _ in Apprentice.asked) > sum(map(len, imported))
