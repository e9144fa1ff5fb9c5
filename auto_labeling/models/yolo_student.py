"""A detector that learns from boxes that an earlier one drew, where that was in no doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pictures import Pictures
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionStudent:
    """Which pictures a teacher draws on for its student.

    The student's noise is what the training of YOLO does to pictures anyway: it moves, scales,
    mirrors, recolours and puts them together, while the teacher sees them as they are.

    References:
        Xie, Q., Luong, M.-T., Hovy, E. and Le, Q. V. (2020). Self-training with noisy student
        improves ImageNet classification. CVPR, arXiv 1911.04252.
    """

    sure: float = 0.6
    """An object of at least this score is drawn."""
    doubtful: float = 0.2
    """A picture with an object between this score and `sure` is left out: what people would draw
    there is not known, and what is left undrawn is learned as background."""
    max_ratio: float = 1.0
    """The most pictures of the teacher's a picture of people's."""
    generations: int = 1
    """How many students there are; each is the next one's teacher."""

    def __post_init__(self) -> None:
        if not 0 < self.doubtful <= self.sure <= 1:  # false for NaN
            raise ConfigurationError(
                "sure: expected a score up to 1 and at least `doubtful`, which is above 0; got "
                f"{self.sure} and {self.doubtful}"
            )
        if not 0 < self.max_ratio < np.inf:
            raise ConfigurationError(f"max_ratio: expected above 0, got {self.max_ratio}")
        if self.generations < 1:
            raise ConfigurationError(f"generations: expected at least 1, got {self.generations}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Two detectors, and where they differ in what they learned from."""

    teacher: Any
    """Learned from people's drawings alone."""
    student: Any
    """Of the last generation; None where the teacher was in doubt everywhere."""
    rows: NDArray[np.intp]
    """The unlabeled pictures that the student learned from, surest first."""


def drawn_for(
    make: Callable[[], Any],
    pictures: Pictures,
    drawn: Sequence[tuple[Shape, ...]],
    unlabeled: Pictures,
    schema: LabelSchema,
    how: DetectionStudent | None = None,
) -> Drawn:
    """Return a teacher, and a student of what it draws on the unlabeled pictures.

    `make` makes a model that can `learn` and `detect`, such as a `YoloModel`, untrained each time.
    Boxes only: what a mask of a teacher's costs a student is not known here.
    """
    if schema.task != "boxes":
        raise ConfigurationError(f"labels: expected boxes for a student, got {schema.task!r}")
    how = how or DetectionStudent()
    teacher = _learned(make, pictures, drawn, schema)
    student: Any = None
    rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
    for _ in range(how.generations):
        asked = teacher if student is None else student
        seen = asked.detect(unlabeled)
        found = undoubted(seen, how)[: int(how.max_ratio * len(pictures))]
        if not len(found):
            break
        rows, sure = found, seen.where(seen.scores >= how.sure)
        claims = [_boxes(sure, int(row), asked.names, schema) for row in found]
        shown = Pictures(pictures.paths + unlabeled[found].paths)
        student = _learned(make, shown, [*drawn, *claims], schema)
    return Drawn(teacher=teacher, student=student, rows=rows)


def undoubted(seen: Detections, how: DetectionStudent) -> NDArray[np.intp]:
    """Return the pictures with sure objects and no doubtful ones, surest first.

    A picture is as sure as the least sure object that is drawn on it.
    """
    drawn = seen.scores >= how.sure
    doubted = (seen.scores >= how.doubtful) & ~drawn
    least = np.full(len(seen), np.inf)
    np.minimum.at(least, seen.pictures[drawn], seen.scores[drawn])
    clear = np.isfinite(least) & (np.bincount(seen.pictures[doubted], minlength=len(seen)) == 0)
    rows = np.flatnonzero(clear)
    surest: NDArray[np.intp] = rows[np.argsort(-least[rows], kind="stable")]
    return surest


def _learned(
    make: Callable[[], Any],
    pictures: Pictures,
    drawn: Sequence[tuple[Shape, ...]],
    schema: LabelSchema,
) -> Any:
    model = make()
    model.learn(pictures, drawn, schema)
    return model


def _boxes(
    sure: Detections, row: int, names: Sequence[str], schema: LabelSchema
) -> tuple[Shape, ...]:
    shapes = sure.shapes(row, names)
    unknown = {shape.label for shape in shapes} - set(schema.classes)
    if unknown:
        raise DataError(f"model: expected classes of the labels, it draws {sorted(unknown)}")
    return shapes
