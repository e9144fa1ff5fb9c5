"""People who answer by lot, honest ones and others, for what is said about annotators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.annotators import Answered
from auto_labeling.ratings import Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """How many answer what; `habits` are those of the people who do not look."""

    items: int = 1000
    people: int = 100
    classes: int = 3
    opinions: int = 3
    accuracy: tuple[float, float] = (0.7, 0.95)
    prior: tuple[float, ...] | None = None
    hard: float = 0.0
    """Share of the items on which everybody is right half as often."""
    habits: Mapping[int, str] = field(default_factory=dict)
    sorted_by_class: bool = False

    def drawn(self, seed: int, gold: float = 0.0) -> Answered:
        rng = np.random.default_rng(seed)
        n, w, k, m = self.items, self.people, self.classes, self.opinions
        truth = rng.choice(k, n, p=self.prior)
        if self.sorted_by_class:
            truth = np.sort(truth)
        skill = rng.uniform(*self.accuracy, w) if w else np.zeros(0)
        people = rng.random((n, w)).argpartition(m - 1, axis=1)[:, :m].ravel()
        items = np.repeat(np.arange(n), m)
        easy = np.where(rng.random(n) < self.hard, 0.5, 1.0)
        right = rng.random(n * m) < skill[people] * easy[items]
        labels = np.where(right, truth[items], (truth[items] + rng.integers(1, k, n * m)) % k)
        at = (items if self.sorted_by_class else rng.permutation(n)[items]) * 60.0 + people % 50
        seconds = rng.lognormal(1.5, 0.5, n * m)
        for person, habit in self.habits.items():
            own = np.flatnonzero(people == person)
            own = own[np.argsort(at[own])]
            labels[own] = _HABITS[habit](len(own), k, rng)
            if habit == "hasty":
                seconds[own] = 0.1
        known = np.where(rng.random(n) < gold, truth, -1)
        ratings = Ratings(items=items, people=people, labels=labels, shape=(n, w, k))
        return Answered.classes(ratings, at, seconds, known)


def _at_random(n: int, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.integers(k, size=n)


_HABITS = {
    "same": lambda n, _k, _rng: np.zeros(n, dtype=int),
    "in turn": lambda n, _k, _rng: np.arange(n) % 2,
    "random": _at_random,
    "hasty": _at_random,
}
