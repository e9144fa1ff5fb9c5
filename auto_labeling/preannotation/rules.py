"""Which of a model's objects are suggested: the keys of `preannotate:` in the campaign file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arguments import is_number
from auto_labeling.detections import OVERLAP
from auto_labeling.errors import ConfigurationError

_PIXELS = re.compile(r"(\d+) ?px")
_LEAST_TILE_PX = 32
_SURE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRules:
    """How objects are looked for, and which of those that are sure enough people are shown."""

    overlap: float = OVERLAP
    """Of two objects of one class whose IoU is above this, the less sure one is left out."""
    smallest: str | float = 0.0
    """The shortest side a box may have: `8px`, or a share of the picture's side such as .01."""
    most: int | None = 300
    """How many are shown on a picture; the surest."""
    tile: str | None = None
    """The side of the squares that larger pictures are cut into, such as `640px`; None: none."""
    tile_overlap: float = 0.2
    """What share of its side a square has in common with the next one."""

    def __post_init__(self) -> None:
        if not 0 < self.overlap <= 1:
            raise ConfigurationError(f"overlap: expected an IoU in (0, 1], got {self.overlap}")
        if self.most is not None and self.most < 1:
            raise ConfigurationError(f"most: expected at least 1, got {self.most}")
        if self.tile is not None:
            refuse_small_tile(pixels(self.tile, "tile"))
        refuse_tile_overlap(self.tile_overlap)
        if isinstance(self.smallest, str):
            pixels(self.smallest, "smallest")
        elif not 0 <= self.smallest < 1:
            raise ConfigurationError(
                f"smallest: expected pixels such as 8px or a share in [0, 1), got {self.smallest}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(ObjectRules):
    """What becomes of the objects that a detector sees before people are shown any.

    >>> Rules(at_least=0.5, thresholds={"car": 0.2}).threshold("car")
    0.2
    """

    classes: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Class of the model -> class of the campaign, where their names differ."""
    at_least: float | None = None
    """How sure the model has to be, in [0, 1]; .25 where nobody says."""
    thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)
    """The same by class of the campaign; where it is inf, nothing of it is shown."""

    def __post_init__(self) -> None:
        floors: dict[str, Any] = {f"thresholds.{one}": at for one, at in self.thresholds.items()}
        if self.at_least is not None:
            floors["at_least"] = self.at_least
        for where, floor in floors.items():
            is_score = is_number(floor) and (0 <= floor <= 1 or floor == math.inf)
            if not is_score:
                raise ConfigurationError(f"{where}: expected a score in [0, 1], got {floor!r}")
        ObjectRules.__post_init__(self)  # `super()` is lost where a class has slots

    def threshold(self, name: str) -> float:
        """Return how sure the model has to be of a class of the campaign."""
        return self.thresholds.get(name, _SURE if self.at_least is None else self.at_least)

    def floors(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(names),) the thresholds of classes, as precise as scores are."""
        return np.array([self.threshold(name) for name in names], np.float32)


def pixels(text: str, where: str) -> int:
    """Return a length in pixels.

    >>> pixels("640px", "tile")
    640
    """
    found = _PIXELS.fullmatch(text.strip())
    if found is None or int(found[1]) < 1:
        raise ConfigurationError(f"{where}: expected pixels such as 640px, got {text!r}")
    return int(found[1])


def refuse_small_tile(side: int) -> None:
    """Raise `ConfigurationError` for squares, of `side` pixels, too small for a network."""
    if side < _LEAST_TILE_PX:
        raise ConfigurationError(f"tile: expected {_LEAST_TILE_PX}px or more, got {side}px")


def refuse_tile_overlap(share: float) -> None:
    """Raise `ConfigurationError` for a share with which tiles would not get on."""
    if not (math.isfinite(share) and 0 <= share <= 0.5):
        raise ConfigurationError(f"tile_overlap: expected a share in [0, .5], got {share}")
