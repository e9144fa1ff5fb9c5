"""Simulated people: how often each is right, how fast, and with which habits."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.backends.simulated.chance import draws, happens, normal
from auto_labeling.backends.simulated.hours import Hours
from auto_labeling.backends.simulated.skill import Skill
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import LabelSchema, Value

_TIMES = AnnotationTimes()
ORDINARY_S = _TIMES.open_s + _TIMES.choose_s
"""What an answer of one class takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One simulated annotator. Every answer is a function of (seed, name, item, ordinal)."""

    name: str
    accuracy: float | None = None
    """How often the right class is chosen; otherwise any other, each as often."""
    confusion: tuple[tuple[float, ...], ...] | None = None
    """Instead: for each true class (row), how often each class (column) is chosen."""
    seconds: float = ORDINARY_S
    """What an answer of one class takes; other acts take more or less in proportion."""
    hours: Hours | None = None
    """None: at work day and night."""
    skip: float = 0.0
    edit: float = 0.0
    late: float = 0.0
    abstain: float = 0.0
    skill: Skill = field(default_factory=Skill)
    """How this person draws, where the task is to draw."""

    def opinion(
        self, seed: int, item: str, ordinal: int, truth: Value, schema: LabelSchema
    ) -> Value:
        """Return the class or classes that this person chooses for `item` when not skipping it."""
        said = self.abstention(seed, item, ordinal, schema)
        if said is not None:
            return said
        if isinstance(truth, str):
            _, _, chosen, _ = draws(seed, "answer", self.name, item, ordinal)
            return self.choose(truth, chosen, schema.classes)
        return tuple(
            name
            for name in schema.classes
            if (name in truth) == self._notices(seed, item, ordinal, name)
        )

    def skips(self, seed: int, item: str, ordinal: int) -> bool:
        """Return whether this person skips `item`."""
        return happens(seed, "skip", self.skip, self.name, item, ordinal)

    def abstention(self, seed: int, item: str, ordinal: int, schema: LabelSchema) -> Value | None:
        """Return by which word this person abstains, if so."""
        wavers, which, _, _ = draws(seed, "answer", self.name, item, ordinal)
        if wavers >= self.abstain:
            return None
        said = schema.abstain[int(which * len(schema.abstain))]
        return said if schema.task == "single" else (said,)

    def duration_s(self, seed: int, item: str, ordinal: int, value: Value | None) -> float:
        """Return the seconds that the answer takes; a skip costs the reading only."""
        choices = 0 if value is None else 1 if isinstance(value, str) else max(1, len(value))
        one, two, three, four = draws(seed, "seconds", self.name, item, ordinal)
        reading = _TIMES.open_s * math.exp(_TIMES.sigma * normal(one, two))
        choosing = choices * _TIMES.choose_s * math.exp(_TIMES.sigma * normal(three, four))
        return self.pace(seed) * (reading + choosing)

    def acts_duration_s(
        self, seed: int, item: str, ordinal: int, acts_s: Sequence[float], noise: float
    ) -> float:
        """Return the seconds of acts that take `acts_s` at ordinary speed, each with its noise."""
        slips = (
            normal(*draws(seed, "act", self.name, item, ordinal, at)[:2])
            for at in range(len(acts_s))
        )
        each = (act_s * math.exp(noise * slip) for act_s, slip in zip(acts_s, slips, strict=True))
        return self.pace(seed) * sum(each)

    def pace(self, seed: int) -> float:
        """Return what multiplies all seconds of this person."""
        share = draws(seed, "pace", self.name)[0]
        quickest, slowest = _TIMES.pace
        factor = quickest * math.exp(share * math.log(slowest / quickest))
        return factor * self.seconds / ORDINARY_S

    def check(self, schema: LabelSchema) -> None:
        """Raise `ConfigurationError` where this person cannot answer by `schema`."""
        if self.abstain and not schema.abstain:
            raise ConfigurationError(
                f"annotators: {self.name!r} abstains, but labels.abstain names no such answer"
            )
        if self.confusion is None:
            return
        if schema.task == "multi":
            raise ConfigurationError(
                f"annotators: {self.name!r} has a confusion matrix, which fits one class an item "
                "or an object, not the task 'multi'; give an accuracy"
            )
        if len(self.confusion) != len(schema.classes):
            raise ConfigurationError(
                f"annotators: the confusion matrix of {self.name!r} has {len(self.confusion)} rows "
                f"for {len(schema.classes)} classes"
            )

    def choose(self, truth: str, chance: float, classes: Sequence[str]) -> str:
        """Return which class is chosen for a true one, by a number in [0, 1)."""
        true = classes.index(truth)
        if self.confusion is not None:
            sums = list(accumulate(self.confusion[true]))
            return classes[min(bisect_right(sums, chance * sums[-1]), len(classes) - 1)]
        accuracy = self.accuracy or 0.0
        others = [*classes[:true], *classes[true + 1 :]]
        if chance < accuracy or not others:
            return truth
        return others[int((chance - accuracy) / (1 - accuracy) * len(others))]

    def _notices(self, seed: int, item: str, ordinal: int, name: str) -> bool:
        return draws(seed, "class", self.name, item, ordinal, name)[0] < (self.accuracy or 0.0)
