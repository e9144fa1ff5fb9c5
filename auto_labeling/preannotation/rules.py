"""Which of a model's objects are suggested: the keys of `preannotate:` in the campaign file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from auto_labeling.errors import ConfigurationError

_PIXELS = re.compile(r"(\d+) ?px")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRules:
    """How objects are looked for, and which of those that are sure enough people are shown."""

    overlap: float = 0.7
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
            pixels(self.tile, "tile")
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
    at_least: float = 0.25
    """How sure the model has to be, in [0, 1]."""
    thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)
    """The same by class of the campaign; above 1, nothing of it is shown."""

    def __post_init__(self) -> None:
        for name, floor in {"at_least": self.at_least, **self.thresholds}.items():
            if not floor >= 0:  # NaN is not, either
                raise ConfigurationError(f"{name}: expected a score of 0 or more, got {floor}")
        ObjectRules.__post_init__(self)  # `super()` is lost where a class has slots

    def threshold(self, name: str) -> float:
        """Return how sure the model has to be of a class of the campaign."""
        return self.thresholds.get(name, self.at_least)


def pixels(text: str, where: str) -> int:
    """Return a length in pixels.

    >>> pixels("640px", "tile")
    640
    """
    found = _PIXELS.fullmatch(text.strip())
    if found is None or int(found[1]) < 1:
        raise ConfigurationError(f"{where}: expected pixels such as 640px, got {text!r}")
    return int(found[1])


def refuse_tile_overlap(share: float) -> None:
    """Raise `ConfigurationError` for a share with which tiles would not get on."""
    if not (math.isfinite(share) and 0 <= share <= 0.5):
        raise ConfigurationError(f"tile_overlap: expected a share in [0, .5], got {share}")
