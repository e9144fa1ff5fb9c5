"""Recorded people say what they once said, and nothing where they said nothing."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auto_labeling.backends.replay.settings import Replay
from auto_labeling.backends.simulated.backend import SimulatedBackend
from auto_labeling.clocks import SimulatedClock
from auto_labeling.errors import ConfigurationError, DataError, RejectedError
from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.value import encode_value
from auto_labeling.ports import Place, Replays
from auto_labeling.records import (
    Ask,
    Event,
    EventKind,
    Item,
    LabelSchema,
    Purpose,
    Upload,
    ask_id,
    upload_key,
)
from auto_labeling.shapes import Box
from tests.backends.town import DAY_S, NoSecrets

CLASSES = LabelSchema(task="single", classes=("ant", "bee"), abstain=("cannot tell",))
BOXES = LabelSchema(task="boxes", classes=("car", "van"))
ROWS = [
    ("item", "worker", "label"),
    ("a", "w1", "ant"),
    ("a", "w2", "bee"),
    ("a", "w3", "cannot tell"),
    ("b", "w2", ""),
    ("c", "w1", "cow"),
]


def table(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


class Archive:
    """Recorded people in a folder, with the clock they live by."""

    def __init__(
        self, folder: Path, schema: LabelSchema = CLASSES, seed: int = 0, **settings: Any
    ) -> None:
        self.clock = SimulatedClock(folder / "clock")
        self.schema = schema
        self.items = settings.pop("items", ("a", "b", "c", "d"))
        places = settings.pop("places", {})
        self.place = Place(
            folder=folder / f"tool-{seed}",
            base=folder,
            seed=seed,
            clock=self.clock,
            secrets=NoSecrets(),
            item_ids=lambda: self.items,
            places=lambda: places,
        )
        self.settings = Replay(**{"answers": "answers.csv", **settings})
        self.backend = self.open()

    def open(self) -> SimulatedBackend:
        backend = self.settings.open(self.place)
        backend.prepare("c", self.schema)
        return backend

    def ask(self, item: str, opinions: int, first: int = 0, assignee: str | None = None) -> None:
        asks = tuple(
            Ask(
                ask_id=ask_id("c", item, ordinal),
                item_id=item,
                round=0,
                ordinal=ordinal,
                purpose=Purpose.TRAIN,
                price_micros=0,
                assignee=assignee,
            )
            for ordinal in range(first, first + opinions)
        )
        key = upload_key("c", [ask.ask_id for ask in asks])
        upload = Upload(key=key, items=(Item(item_id=item, text=item),), asks=asks)
        self.backend.create([upload])

    def events(self) -> list[Event]:
        self.clock.sleep(30 * DAY_S)
        return list(self.open().changes(None)[0])


def test_everybody_with_an_opinion_answers_once_and_then_nobody(tmp_path: Path) -> None:
    table(tmp_path / "answers.csv", ROWS)
    there = Archive(tmp_path)
    there.ask("a", 2)
    there.ask("a", 5, first=2)
    there.ask("d", 3)
    assert sorted((one.item_id, one.person, one.value) for one in there.events()) == [
        ("a", "w1", "ant"),
        ("a", "w2", "bee"),
        ("a", "w3", "cannot tell"),
    ]


def test_no_label_is_a_skip_and_a_strange_one_is_put_aside(tmp_path: Path) -> None:
    table(tmp_path / "answers.csv", ROWS)
    there = Archive(tmp_path)
    there.ask("b", 1)
    there.ask("c", 1)
    skipped, strange = sorted(there.events(), key=lambda one: one.item_id)
    assert (skipped.kind, skipped.value, skipped.problem) == (EventKind.SKIPPED, None, None)
    assert (strange.kind, strange.value) == (EventKind.SUBMITTED, None)
    assert strange.problem == "answers.csv, row 5: expected one of ['ant', 'bee'], got 'cow'"


def test_who_is_asked_first_is_drawn_by_the_seed(tmp_path: Path) -> None:
    said = [("item", "worker", "label"), *(("a", f"w{n}", "ant") for n in range(20))]
    table(tmp_path / "answers.csv", said)
    orders = [
        [person for person, _ in Archive(tmp_path, seed=seed).backend.replay("a", 20)]
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == sorted(f"w{n}" for n in range(20))
    there = Archive(tmp_path)
    assert isinstance(there.backend, Replays)
    there.ask("a", 3)
    assert {one.person for one in there.events()} == set(orders[0][:3])


def test_a_named_person_answers_what_is_theirs_only(tmp_path: Path) -> None:
    table(tmp_path / "answers.csv", ROWS)
    there = Archive(tmp_path)
    there.ask("a", 1, assignee="w3")
    there.ask("b", 1, assignee="w3")
    assert [(one.item_id, one.person) for one in there.events()] == [("a", "w3")]
    with pytest.raises(RejectedError, match="assignee: expected one of"):
        there.ask("a", 1, first=1, assignee="w9")


def test_several_opinions_of_one_person_come_one_after_the_other(tmp_path: Path) -> None:
    table(tmp_path / "answers.csv", [*ROWS[:2], ("a", "w1", "bee")])
    there = Archive(tmp_path)
    for _ in range(3):  # copies of one task: whoever has answered answers again
        there.ask("a", 1)
    assert [one.value for one in there.events()] == ["ant", "bee", "bee"]


def test_recorded_seconds_pass_and_others_are_as_simulated_people_s(tmp_path: Path) -> None:
    rows = [(*ROWS[0], "seconds"), ("a", "w1", "ant", "12.5"), ("b", "w1", "bee", "")]
    table(tmp_path / "answers.csv", rows)
    there = Archive(tmp_path)
    there.ask("a", 1)
    there.ask("b", 1)
    first, second = there.events()
    assert first.seconds == 12.5
    assert second.seconds is not None
    assert 0.7 * 3.5 / 3 < second.seconds < 1.5 * 3.5 * 3


def test_sets_of_classes_and_shapes_are_read_out_of_a_cell(tmp_path: Path) -> None:
    multi = LabelSchema(task="multi", classes=("ant", "bee"))
    table(tmp_path / "multi.csv", [ROWS[0], ("a", "w1", "bee|ant"), ("b", "w1", "")])
    there = Archive(tmp_path, multi, answers="multi.csv")
    assert [there.backend.replay(item, 1)[0][1] for item in "ab"] == [("bee", "ant"), ()]
    shape = Box(label="van", x=0.1, y=0.1, width=0.2, height=0.2)
    rows = [ROWS[0], ("a", "w1", encode_value((shape,))), ("b", "w1", "[]"), ("c", "w1", "[3]")]
    table(tmp_path / "boxes.csv", rows)
    drawn = Archive(tmp_path, BOXES, seed=1, answers="boxes.csv")
    assert [drawn.backend.replay(item, 1)[0][1] for item in "ab"] == [(shape,), ()]
    drawn.ask("c", 1)
    [event] = drawn.events()
    assert (event.problem or "").startswith("boxes.csv, row 3: ")


def boxes(folder: Path, **more: Any) -> Archive:
    """Return people who boxed a and b of 200 x 100 pixels; columns and roles as somebody's set."""
    edges = ("x1", "y1", "x2", "y2")
    rows = [
        ("image", "role", "who", "kind", *edges),
        ("a", "crowd", "w1", "car", 20, 10, 60, 40),
        ("a", "crowd", "w1", "van", 100, 50, 250, 100),
        ("a", "crowd", "w2", "car", 20, 10, 60, 10),
        ("a", "expert", "e1", "car", 20, 10, 60, 40),
        ("b", "crowd", "w1", "car", 20, 10, "wide", 40),
        ("c", "crowd", "w1", "car", 20, 10, 60, 40),
        ("b", "crowd", "w3", "bus", 20, 10, 60, 40),
    ]
    table(folder / "boxes.csv", rows)
    table(folder / "sizes.csv", [("image", "width", "height"), ("a", 200, 100), ("b", 200, 100)])
    asked = [("a", "crowd", "w1"), ("b", "crowd", "w2"), ("a", "expert", "e2")]
    table(folder / "asked.csv", [("image", "role", "who"), *asked])
    settings: dict[str, Any] = {
        "answers": "boxes.csv",
        "images": "sizes.csv",
        "assignments": "asked.csv",
        "columns": {"item": "image", "worker": "who", "label": "kind"},
        "where": {"role": "crowd"},
        **more,
    }
    return Archive(folder, BOXES, **settings)


def test_boxes_in_pixels_are_one_answer_a_person_and_none_is_one_too(tmp_path: Path) -> None:
    there = boxes(tmp_path)
    said = dict(there.backend.replay("a", 9))["w1"]
    drawn = [one for one in said or () if isinstance(one, Box)]
    assert [one.label for one in drawn] == ["car", "van"]
    assert [bounds(one) for one in drawn] == [
        pytest.approx((0.1, 0.1, 0.3, 0.4)),
        pytest.approx((0.5, 0.5, 1.0, 1.0)),
    ]
    assert dict(there.backend.replay("b", 9))["w2"] == ()
    for item in "abc":
        there.ask(item, 9)
    problems = {(one.item_id, one.person): one.problem for one in there.events()}
    assert problems.pop(("a", "w1")) is None
    assert problems.pop(("b", "w2")) is None
    assert {key: str(problem).partition(" (")[0] for key, problem in problems.items()} == {
        ("a", "w2"): "boxes.csv, row 3: expected an area above zero, got edges at "
        "[0.1, 0.1, 0.3, 0.1] of its sides",
        ("b", "w1"): "boxes.csv, row 5: could not convert string to float: 'wide'",
        ("b", "w3"): "boxes.csv, row 7: expected one of ['car', 'van'], got 'bus'",
        ("c", "w1"): f"{tmp_path / 'sizes.csv'}: expected width and height of item 'c', got none",
    }


def test_a_picture_may_be_named_by_where_it_lies(tmp_path: Path) -> None:
    table(tmp_path / "answers.csv", [ROWS[0], ("sub/a.png", "w1", "ant"), ("b.png", "w1", "bee")])
    places = {"7": "/pictures/sub/a.png", "8": "C:\\pictures\\b.png"}
    there = Archive(tmp_path, items=("7", "8", "9"), places=places)
    for item in ("7", "8", "9"):
        there.ask(item, 2)
    assert {(one.item_id, one.value) for one in there.events()} == {("7", "ant"), ("8", "bee")}


def test_another_role_is_other_people(tmp_path: Path) -> None:
    there = boxes(tmp_path, where={"role": "expert"})
    assert {person for person, _ in there.backend.replay("a", 9)} == {"e1", "e2"}


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"images": None}, "images: expected a table of the pictures' width and height"),
        (
            {"columns": {}},
            r"expected a column 'item', got .*say under `columns` how item is called",
        ),
        ({"columns": {"item": "image", "worker": "who"}}, "expected a column 'label', as there"),
        ({"answers": "none.csv"}, r"cannot read .*none.csv \(No such file"),
        ({"columns": {"thing": "image"}}, r"columns: expected some of .* got \['thing'\]"),
        ({"overlap": "never"}, "overlap: expected at_creation or later"),
        ({"where": {"part": "crowd"}}, "where: expected a column of the files, got 'part'"),
        (
            {"items": ("x", "y")},
            "expected opinions on items of the pool, such as 'x', got none but",
        ),
    ],
)
def test_records_that_cannot_be_are_refused(
    tmp_path: Path, more: dict[str, Any], complaint: str
) -> None:
    with pytest.raises((ConfigurationError, DataError), match=complaint):
        boxes(tmp_path, **more)


@pytest.mark.parametrize("seconds", ["-1", "soon", "nan", "inf"])
def test_seconds_that_cannot_be_are_named(tmp_path: Path, seconds: str) -> None:
    table(tmp_path / "answers.csv", [(*ROWS[0], "seconds"), ("a", "w1", "ant", seconds)])
    with pytest.raises(DataError, match=r"answers.csv, row 1: expected seconds above 0, got"):
        Archive(tmp_path)


def test_parquet_is_read_as_well(tmp_path: Path) -> None:
    told = {"item": [1, 1], "worker": [7, 8], "label": ["ant", None], "seconds": [2.5, None]}
    pd.DataFrame(told).to_parquet(tmp_path / "answers.parquet")
    there = Archive(tmp_path, answers="answers.parquet", items=("1",))
    there.ask("1", 2)
    said = {one.person: (one.value, one.kind) for one in there.events()}
    assert said == {"7": ("ant", EventKind.SUBMITTED), "8": (None, EventKind.SKIPPED)}
