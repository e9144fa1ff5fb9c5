"""What the campaign file says about simulated people, checked key by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auto_labeling.backends.simulated import hours as working
from auto_labeling.backends.simulated.hours import Hours
from auto_labeling.backends.simulated.people import ORDINARY_S, Person
from auto_labeling.backends.simulated.skill import SKILLS, Skill, skill
from auto_labeling.errors import ConfigurationError

HABITS = ("skip", "edit", "late", "abstain")
_KEYS = ("name", "accuracy", "confusion", "seconds", "hours", "tz", *HABITS, *SKILLS)


def crew(
    annotators: Sequence[float | Mapping[str, Any]], usual: Mapping[str, float]
) -> tuple[Person, ...]:
    """Return the people that `annotators` lists; `usual` holds where a person says nothing.

    >>> [person.name for person in crew([0.8, {"name": "mia", "accuracy": 0.9}], {})]
    ['annotator-1', 'mia']
    """
    if not annotators:
        raise ConfigurationError("annotators: expected at least one, got none")
    people = tuple(_person(given, number, usual) for number, given in enumerate(annotators, 1))
    names = [person.name for person in people]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"annotators: a name is used twice in {names}")
    return people


def probability(where: str, given: Any) -> float:
    """Return `given` if it is a number in [0, 1], or raise `ConfigurationError`."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        raise ConfigurationError(f"{where}: expected a number from 0 to 1, got {given!r}")
    return float(given)


def _person(given: float | Mapping[str, Any], number: int, usual: Mapping[str, float]) -> Person:
    own = given if isinstance(given, Mapping) else {"accuracy": given}
    where = f"annotators[{number - 1}]"
    if unknown := sorted(set(own) - set(_KEYS)):
        raise ConfigurationError(f"{where}: unknown keys {unknown}, expected some of {list(_KEYS)}")
    if ("accuracy" in own) == ("confusion" in own):
        raise ConfigurationError(f"{where}: expected exactly one of accuracy, confusion")
    shares = {
        name: probability(f"{where}.{name}", own.get(name, usual.get(name, 0.0))) for name in HABITS
    }
    return Person(
        name=str(own.get("name", f"annotator-{number}")),
        accuracy=probability(f"{where}.accuracy", own["accuracy"]) if "accuracy" in own else None,
        confusion=_matrix(where, own["confusion"]) if "confusion" in own else None,
        seconds=_seconds(where, own.get("seconds", ORDINARY_S)),
        hours=_hours(where, own),
        skill=_skill(where, own, usual),
        **shares,
    )


def _skill(where: str, own: Mapping[str, Any], usual: Mapping[str, float]) -> Skill:
    try:
        return skill(own, usual)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}.{error}") from error


def _matrix(where: str, rows: Any) -> tuple[tuple[float, ...], ...]:
    square = isinstance(rows, Sequence) and all(
        isinstance(row, Sequence) and not isinstance(row, str) and len(row) == len(rows)
        for row in rows
    )
    if not square or not rows:
        raise ConfigurationError(f"{where}.confusion: expected a square of numbers, got {rows!r}")
    matrix = tuple(
        tuple(probability(f"{where}.confusion[{at}]", share) for share in row)
        for at, row in enumerate(rows)
    )
    for at, row in enumerate(matrix):
        if abs(sum(row) - 1) > 1e-6:
            raise ConfigurationError(
                f"{where}.confusion[{at}]: expected shares that sum to 1, got {sum(row):g}"
            )
    return matrix


def _seconds(where: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < 86_400:
        raise ConfigurationError(f"{where}.seconds: expected seconds above 0, got {given!r}")
    return float(given)


def _hours(where: str, own: Mapping[str, Any]) -> Hours | None:
    if "hours" not in own:
        if "tz" in own:
            raise ConfigurationError(f"{where}.tz: means nothing without hours")
        return None
    try:
        return working.parse(str(own["hours"]), str(own.get("tz", "UTC")))
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}.{error}") from error
