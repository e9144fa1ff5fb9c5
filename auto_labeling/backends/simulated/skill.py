"""How well a simulated person draws, and how much a suggestion leads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from auto_labeling.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """What somebody gets wrong who draws; the class of an object is chosen by their accuracy.

    The defaults are the medians of 27 hired people who boxed pedestrians on 20 pictures or more,
    against experts at IoU .5 (the set `crowd_boxes`). There the errors of an edge have long tails:
    their own standard deviation is .10 of a side. .075 is that of normal errors with which boxes
    overlap the truth as much as those of the median person do, by an IoU of .80.

    These people err independently of each other, and real ones do not, so what several of them
    agree on is too good: where 3 of 7 agree, F1 is .99 of them and .93 of the hired people.
    """

    jitter: float = 0.075
    """Standard deviation of an edge's place, as a share of the object's side."""
    misses: float = 0.14
    """How often an object is overlooked."""
    extras: float = 0.09
    """How many objects are drawn on a picture, on average, that are not there."""
    anchoring: float = 0.0
    """How often a suggestion is left as it is unseen, and an object that it lacks overlooked."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            most = math.inf if one.name == "extras" else 1
            if not _is_number(value) or not 0 <= value <= most:
                told = "0 or more" if one.name == "extras" else "from 0 to 1"
                raise ConfigurationError(f"{one.name}: expected a number {told}, got {value!r}")


SKILLS = tuple(one.name for one in fields(Skill))


def skill(own: Mapping[str, Any], usual: Mapping[str, Any]) -> Skill:
    """Return the skill of somebody who says `own` of it, where nothing is said as `usual`.

    >>> skill({"jitter": 0.2, "name": "mia"}, {"jitter": 0.1, "misses": 0}).jitter
    0.2
    """
    return Skill(**{name: {**usual, **own}[name] for name in SKILLS if name in {**usual, **own}})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
