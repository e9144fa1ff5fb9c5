"""When a campaign has bought enough; each rule says why in one sentence.

Rules only look at `ports.Progress`. The budget is not among them: the ledger enforces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from auto_labeling.errors import ConfigurationError
from auto_labeling.meant import meant
from auto_labeling.ports import StoppingRule
from auto_labeling.strategies.stopping.joined import AllOf
from auto_labeling.strategies.stopping.limits import Deadline, MaxRounds, PoolExhausted
from auto_labeling.strategies.stopping.stability import (
    ClassificationChange,
    OverallUncertainty,
    StablePredictions,
)
from auto_labeling.strategies.stopping.target import Target
from auto_labeling.strategies.stopping.trend import GainBelow, Plateau
from auto_labeling.strategies.stopping.worth import ExpectedGain

TABLE: dict[str, type] = {
    "all_of": AllOf,
    "classification_change": ClassificationChange,
    "deadline": Deadline,
    "expected_gain": ExpectedGain,
    "gain_below": GainBelow,
    "max_rounds": MaxRounds,
    "overall_uncertainty": OverallUncertainty,
    "plateau": Plateau,
    "pool_exhausted": PoolExhausted,
    "stable_predictions": StablePredictions,
    "target": Target,
}
"""The rules: key of `stop` -> class."""
MAIN: dict[str, str] = {
    "classification_change": "share",
    "deadline": "at",
    "expected_gain": "points",
    "max_rounds": "rounds",
    "overall_uncertainty": "below",
    "plateau": "points",
    "stable_predictions": "kappa",
    "target": "at_least",
}
"""The field that a bare value under the key is meant for."""


def rules_from(stop: Mapping[str, Any]) -> tuple[StoppingRule, ...]:
    """Return the rules of the mapping under `stop`, in its order.

    A key is a kind, its value the rule's fields, or only the main one. `true` stands for a rule
    with every default, and `false` for none. The first rule with a reason ends the campaign; under
    `all_of` stand rules that have to agree. Raises `ConfigurationError`.

    >>> rules_from({"target": {"metric": "accuracy", "at_least": 0.9}, "max_rounds": 20})
    (Target(metric='accuracy', at_least=0.9, per_class={}), MaxRounds(rounds=20))
    """
    if not isinstance(stop, Mapping):
        raise ConfigurationError(f"stop: expected keys and values, got {stop!r}")
    return tuple(_rule(kind, given) for kind, given in stop.items() if given is not False)


def any_looks_at_learning(rules: Iterable[StoppingRule]) -> bool:
    """Return whether any rule may find that enough is learned; limits only count and wait.

    >>> any_looks_at_learning(rules_from({"max_rounds": 20, "pool_exhausted": True}))
    False
    """
    return any(
        any_looks_at_learning(rule.rules)
        if isinstance(rule, AllOf)
        else not isinstance(rule, MaxRounds | Deadline | PoolExhausted)
        for rule in rules
    )


def of_probabilities(rules: Iterable[StoppingRule]) -> list[str]:
    """Return the kinds of those rules that look at the probabilities of classes.

    >>> of_probabilities(rules_from({"max_rounds": 20, "all_of": {"expected_gain": 1}}))
    ['expected_gain']
    """
    found: list[str] = []
    for rule in rules:
        if isinstance(rule, AllOf):
            found += of_probabilities(rule.rules)
        elif isinstance(rule, ExpectedGain | OverallUncertainty):
            found += [kind for kind, made in TABLE.items() if made is type(rule)]
    return found


def _rule(kind: str, given: object) -> StoppingRule:
    if kind not in TABLE:
        raise ConfigurationError(
            f"stop: unknown key {kind!r}{meant(kind, TABLE)} (expected: {', '.join(TABLE)})"
        )
    if TABLE[kind] is AllOf:
        return AllOf(rules=rules_from(given))  # type: ignore[arg-type]
    keys = _keys(kind, given)
    known = {field.name: field for field in fields(TABLE[kind])}
    for key in keys:
        if key not in known:
            raise ConfigurationError(
                f"stop.{kind}: unknown key {key!r}{meant(key, known)} "
                f"(expected: {', '.join(known) or 'none'})"
            )
    for name, field in known.items():
        required = field.default is MISSING and field.default_factory is MISSING
        if required and name not in keys:
            raise ConfigurationError(f"stop.{kind}: the key {name!r} is missing")
    rule: StoppingRule = TABLE[kind](**keys)
    return rule


def _keys(kind: str, given: object) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    if given is True:
        return {}
    if kind not in MAIN:
        raise ConfigurationError(f"stop.{kind}: expected keys and values, got {given!r}")
    return {MAIN[kind]: given}
