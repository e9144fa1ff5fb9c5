"""What a person may want to do about somebody's answers, with the evidence in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from auto_labeling.quality.annotators.signals import Finding, Signal
from auto_labeling.records import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed about one person; nobody is paused by it."""

    person: str
    act: Literal["pause", "look"]
    """To ask this person nothing more until somebody has looked, or only to look and to talk."""
    evidence: str
    """Why, in sentences."""
    findings: tuple[Finding, ...]
    """The figures with their limits."""


_LOOK = frozenset({Signal.COPYING, Signal.DRIFTING, Signal.TIRING})
"""People who do these can do better; a pause would help nobody."""


def proposals(found: Sequence[Finding], names: Sequence[str]) -> list[Proposal]:
    """Return a proposal a person that something speaks against; findings are by person."""
    made = []
    for person, group in groupby(found, key=lambda one: one.person):
        mine = tuple(group)
        made.append(
            Proposal(
                person=names[person],
                act="look" if all(one.signal in _LOOK for one in mine) else "pause",
                evidence=" ".join(map(evidence, mine)),
                findings=mine,
            )
        )
    return made


def evidence(found: Finding) -> str:
    """Return why, in a sentence with the figures."""
    return _SENTENCES[found.signal].format(
        seen=_limits(found.figure),
        against=_percent(found.against),
        n=f"{found.figure.n:,}",
        fell=_points(found.figure),
        what=_repeats(found.lag),
    )


_SENTENCES = {
    Signal.WRONG: (
        "{seen} of {n} answers on gold are right, where {against} would be half of what is usual "
        "here beyond chance."
    ),
    Signal.UNLIKE: (
        "{seen} of {n} answers are what most of the others say, where {against} would be half of "
        "what is usual here beyond chance."
    ),
    Signal.REPEATING: (
        "{seen} of {n} answers are {what}; by what the others say of the same items it would be "
        "{against}."
    ),
    Signal.HASTY: (
        "{seen} of {n} answers took less than it takes to look, or a small part of what others "
        "take on the same items."
    ),
    Signal.COPYING: (
        "{seen} of {n} answers are what was suggested; people who see no suggestion say the same "
        "in {against}."
    ),
    Signal.DRIFTING: (
        "From the first half of {n} answers to the second the share right fell by {fell}."
    ),
    Signal.TIRING: (
        "From the first half of a session to the second the share right fell by {fell}, over {n} "
        "answers."
    ),
}


def _repeats(lag: int) -> str:
    return "the same as the one before" if lag == 1 else f"the same as {lag} answers before"


def _percent(value: float) -> str:
    return "an unknown share" if math.isnan(value) else f"{100 * value:.0f}%"


def _limits(found: Interval) -> str:
    return f"{100 * found.value:.0f}% ({100 * found.low:.0f} to {100 * found.high:.0f}%)"


def _points(found: Interval) -> str:
    value, most, least = (-100 * one for one in (found.value, found.low, found.high))
    return f"{value:.0f} points ({least:.0f} to {most:.0f})"
