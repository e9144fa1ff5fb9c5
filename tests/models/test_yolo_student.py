"""A teacher draws where it is in no doubt, and its student learns from that too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.yolo_student import DetectionStudent, drawn_for, undoubted
from auto_labeling.pictures import Pictures
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box

SCHEMA = LabelSchema(task="boxes", classes=("car", "van"))
SCORES = [[0.9, 0.7], [0.95, 0.4], [], [0.61, 0.1], [0.8], [0.3]]
"""Of the objects on each picture."""


def seen(scores: Sequence[Sequence[float]], label: int = 1) -> Detections:
    flat = [score for one in scores for score in one]
    return Detections(
        offsets=np.cumsum([0, *map(len, scores)]),
        boxes=np.tile(np.float32([0.1, 0.1, 0.2, 0.2]), (len(flat), 1)),
        scores=np.array(flat, dtype=np.float32),
        labels=np.full(len(flat), label, dtype=np.intp),
    )


def pictures(*names: str) -> Pictures:
    return Pictures(tuple(map(Path, names)))


class Detector:
    """Sees what it is told to see, and remembers what it was taught."""

    names = ("car", "van")

    def __init__(self, scores: Sequence[Sequence[float]] = SCORES) -> None:
        self._scores = scores
        self.taught: dict[str, tuple[Any, ...]] = {}

    def learn(self, pictures: Pictures, drawn: Sequence[Any], schema: LabelSchema) -> None:
        assert schema is SCHEMA
        self.taught = {path.name: one for path, one in zip(pictures, drawn, strict=True)}

    def detect(self, pictures: Pictures) -> Detections:
        assert len(pictures) == len(self._scores)
        return seen(self._scores)


OWN = (Box(label="car", x=0, y=0, width=1, height=1),)
MINE = pictures("one.png", "two.png", "three.png")
POOL = pictures(*(f"{row}.png" for row in range(6)))


def test_pictures_without_doubt_come_surest_first() -> None:
    assert undoubted(seen(SCORES), DetectionStudent()).tolist() == [4, 0, 3]
    assert undoubted(seen([[], []]), DetectionStudent()).tolist() == []


def test_the_student_learns_from_people_and_from_its_teacher() -> None:
    found = drawn_for(Detector, MINE, [OWN] * 3, POOL, SCHEMA)
    assert list(found.teacher.taught) == ["one.png", "two.png", "three.png"]
    taught = found.student.taught
    assert list(taught) == ["one.png", "two.png", "three.png", "4.png", "0.png", "3.png"]
    assert taught["one.png"] == OWN
    assert [box.label for box in taught["0.png"]] == ["van", "van"]
    assert len(taught["3.png"]) == 1, "what is almost nothing is not drawn"
    assert found.rows.tolist() == [4, 0, 3]


def test_no_more_pictures_than_the_ratio() -> None:
    how = DetectionStudent(max_ratio=0.4)
    assert drawn_for(Detector, MINE, [OWN] * 3, POOL, SCHEMA, how).rows.tolist() == [4]


def test_each_student_is_the_next_one_s_teacher() -> None:
    made: list[Detector] = []

    def make() -> Detector:
        made.append(Detector([SCORES, [[0.9], *[[]] * 5], SCORES][len(made)]))
        return made[-1]

    how = DetectionStudent(generations=2)
    found = drawn_for(make, MINE, [OWN] * 3, POOL, SCHEMA, how)
    assert len(made) == 3
    assert (found.teacher, found.student) == (made[0], made[2])
    assert found.rows.tolist() == [0]


def test_where_all_is_doubtful_there_is_no_student() -> None:
    found = drawn_for(lambda: Detector([[0.5]]), MINE, [OWN] * 3, pictures("a.png"), SCHEMA)
    assert (found.student, found.rows.tolist()) == (None, [])


def test_what_cannot_be_taught_is_refused() -> None:
    masks = LabelSchema(task="masks", classes=("car",))
    with pytest.raises(ConfigurationError, match="labels: expected boxes for a student"):
        drawn_for(Detector, MINE, [OWN] * 3, POOL, masks)

    class Other(Detector):
        names = ("car", "bus")

    with pytest.raises(DataError, match=r"it draws \['bus'\]"):
        drawn_for(Other, MINE, [OWN] * 3, POOL, SCHEMA)
    for wrong in ({"sure": 0.1}, {"max_ratio": 0}, {"generations": 0}, {"doubtful": np.nan}):
        with pytest.raises(ConfigurationError, match="expected"):
            DetectionStudent(**wrong)
