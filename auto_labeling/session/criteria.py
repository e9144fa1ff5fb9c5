"""When a session has enough labels: the words people type, as the rules a campaign stops by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from auto_labeling.arguments import as_number, whole_number
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Progress, StoppingRule
from auto_labeling.strategies import stopping
from auto_labeling.strategies.stopping.limits import PoolExhausted
from auto_labeling.strategies.stopping.target import Target
from auto_labeling.strategies.stopping.trend import Plateau

_PLATEAU_POINTS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxSamples:
    """Fires when so many items are labeled."""

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    samples: int

    def metrics(self) -> frozenset[str]:
        return frozenset()

    def reason(self, progress: Progress) -> str | None:
        labeled = progress.items[-1] if progress.items else 0
        if labeled < self.samples:
            return None
        return f"max_samples: {labeled} items are labeled (at most {self.samples})"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxCost:
    """Fires when the labels have cost so much, in the unit of the costs that were told."""

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    cost: float

    def metrics(self) -> frozenset[str]:
        return frozenset()

    def reason(self, progress: Progress) -> str | None:
        spent = progress.committed_micros[-1] / 1e6 if progress.committed_micros else 0.0
        if spent < self.cost:
            return None
        return f"max_cost: the labels cost {spent:g} (at most {self.cost:g})"


_RULES: Mapping[str, Callable[[Any], StoppingRule]] = {
    "min_accuracy": lambda given: Target(at_least=_share("min_accuracy", given)),
    "accuracy_plateau_rounds": lambda given: Plateau(
        points=_PLATEAU_POINTS, rounds=_whole("accuracy_plateau_rounds", given)
    ),
    "max_samples": lambda given: MaxSamples(samples=_whole("max_samples", given)),
    "max_cost": lambda given: MaxCost(cost=_above_zero("max_cost", given)),
    "stable_predictions": lambda given: _settled("stable_predictions", given, _share),
    "classification_change": lambda given: _settled("classification_change", given, _share),
    "overall_uncertainty": lambda given: _settled("overall_uncertainty", given, _share),
    "expected_gain": lambda given: _settled("expected_gain", given, _above_zero),
}
COMPARING = tuple(
    stopping.TABLE[name]
    for name in (
        "stable_predictions",
        "classification_change",
        "overall_uncertainty",
        "expected_gain",
    )
)
"""Rules that look at what labels change in the predictions."""


def rules_of(criteria: Mapping[str, Any] | None) -> tuple[StoppingRule, ...]:
    """Return the rules that criteria stand for; an exhausted pool ends every session.

    >>> [type(rule).__name__ for rule in rules_of({"max_samples": 100, "min_accuracy": 0.9})]
    ['MaxSamples', 'Target', 'PoolExhausted']
    """
    if not isinstance(criteria, Mapping | None):
        raise ConfigurationError(
            f"stopping_criteria: expected keys and figures, got a {type(criteria).__name__}"
        )
    given = dict(criteria or {})
    for name in given:
        if name not in _RULES:
            raise ConfigurationError(
                f"stopping_criteria: expected keys out of {', '.join(_RULES)}, got {name!r}"
            )
    wanted = {name: value for name, value in given.items() if value is not None}
    rules = (_RULES[name](value) for name, value in wanted.items() if value is not False)
    return (*rules, PoolExhausted())


def _settled(name: str, given: object, checked: Callable[[str, object], float]) -> StoppingRule:
    """Return a campaign's rule of this name: True stands for its defaults."""
    main = {} if given is True else {stopping.MAIN[name]: checked(name, given)}
    rule: StoppingRule = stopping.TABLE[name](**main)
    return rule


def _whole(name: str, given: object) -> int:
    return whole_number(f"stopping_criteria.{name}", given, least=1)


def _above_zero(name: str, given: object) -> float:
    number = as_number(given)
    if not 0 < number < math.inf:
        raise ConfigurationError(
            f"stopping_criteria.{name}: expected a number above 0, got {given!r}"
        )
    return number


def _share(name: str, given: object) -> float:
    share = _above_zero(name, given)
    if share > 1:
        raise ConfigurationError(
            f"stopping_criteria.{name}: expected a share up to 1, got {given!r}"
        )
    return share
