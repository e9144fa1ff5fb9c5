"""Simulated people: how often each is right, how fast, and with which habits."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from auto_labeling.backends.simulated.chance import draws, normal
from auto_labeling.backends.simulated.hours import Hours
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import LabelSchema, Value

READ_S, CHOOSE_S = 2.0, 1.5
"""To look at an image or a short text; to choose one class. The fixed model of the benchmarks."""
ORDINARY_S = READ_S + CHOOSE_S
NOISE = 0.35
"""Sigma of the log-normal noise on each act."""
SLOWEST, FASTEST = 1.5, 0.7
"""The range of the factor by which people differ in speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One simulated annotator. Every answer is a function of (seed, name, item, ordinal)."""

    name: str
    accuracy: float | None = None
    """How often the right class is chosen; otherwise any other, each as often."""
    confusion: tuple[tuple[float, ...], ...] | None = None
    """Instead: for each true class (row), how often each class (column) is chosen."""
    seconds: float = ORDINARY_S
    """What an answer of one class takes at ordinary speed."""
    hours: Hours | None = None
    """None: at work day and night."""
    skip: float = 0.0
    edit: float = 0.0
    late: float = 0.0
    abstain: float = 0.0

    def answer(
        self, seed: int, item: str, ordinal: int, truth: Value, schema: LabelSchema
    ) -> Value | None:
        """Return what this person says about `item`; None is a skip."""
        if self.skip and draws(seed, "skip", self.name, item, ordinal)[0] < self.skip:
            return None
        return self.opinion(seed, item, ordinal, truth, schema)

    def opinion(
        self, seed: int, item: str, ordinal: int, truth: Value, schema: LabelSchema
    ) -> Value:
        """Return what this person says about `item` when not skipping it."""
        wavers, which, chosen, _ = draws(seed, "answer", self.name, item, ordinal)
        if wavers < self.abstain:
            said = schema.abstain[int(which * len(schema.abstain))]
            return said if schema.task == "single" else (said,)
        if isinstance(truth, str):
            return self._choose(truth, chosen, schema.classes)
        return tuple(
            name
            for name in schema.classes
            if (name in truth) == self._notices(seed, item, ordinal, name)
        )

    def duration_s(self, seed: int, item: str, ordinal: int, value: Value | None) -> float:
        """Return the seconds that the answer takes; a skip costs the reading only."""
        choices = 0 if value is None else 1 if isinstance(value, str) else max(1, len(value))
        one, two, three, four = draws(seed, "seconds", self.name, item, ordinal)
        reading = READ_S * math.exp(NOISE * normal(one, two))
        choosing = choices * CHOOSE_S * math.exp(NOISE * normal(three, four))
        return self._pace(seed) * (reading + choosing)

    def check(self, schema: LabelSchema) -> None:
        """Raise `ConfigurationError` where this person cannot answer by `schema`."""
        if self.abstain and not schema.abstain:
            raise ConfigurationError(
                f"annotators: {self.name!r} abstains, but labels.abstain names no such answer"
            )
        if self.confusion is None:
            return
        if schema.task != "single":
            raise ConfigurationError(
                f"annotators: {self.name!r} has a confusion matrix, which fits the task 'single' "
                f"only, not {schema.task!r}; give an accuracy"
            )
        if len(self.confusion) != len(schema.classes):
            raise ConfigurationError(
                f"annotators: the confusion matrix of {self.name!r} has {len(self.confusion)} rows "
                f"for {len(schema.classes)} classes"
            )

    def _choose(self, truth: str, chance: float, classes: Sequence[str]) -> str:
        true = classes.index(truth)
        if self.confusion is not None:
            sums = list(accumulate(self.confusion[true]))
            return classes[min(bisect_right(sums, chance * sums[-1]), len(classes) - 1)]
        accuracy = self.accuracy or 0.0
        if chance < accuracy:
            return truth
        others = [*classes[:true], *classes[true + 1 :]]
        return others[int((chance - accuracy) / (1 - accuracy) * len(others))]

    def _notices(self, seed: int, item: str, ordinal: int, name: str) -> bool:
        return draws(seed, "class", self.name, item, ordinal, name)[0] < (self.accuracy or 0.0)

    def _pace(self, seed: int) -> float:
        share = draws(seed, "pace", self.name)[0]
        factor = FASTEST * math.exp(share * math.log(SLOWEST / FASTEST))
        return factor * self.seconds / ORDINARY_S
