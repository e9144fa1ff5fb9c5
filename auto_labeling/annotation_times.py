"""How long a person needs for each act of drawing and checking."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from auto_labeling.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationTimes:
    """Seconds an act, of a person of pace 1; the defaults are the fixed model of all benchmarks.

    They lie between what studies report for boxes (Papadopoulos et al. 2016, arXiv 1602.08405, and
    2017, arXiv 1708.02750; Su, Deng & Fei-Fei 2012) and for masks (Lin et al. 2014, arXiv
    1405.0312). A campaign that has measured its own people takes theirs.

    >>> times = AnnotationTimes()
    >>> times.notice_s + times.draw_box_s - times.accept_s
    10.2
    """

    open_s: float = 2.0
    """To open and read an image or a short text."""
    choose_s: float = 1.5
    """To choose one class."""
    draw_box_s: float = 10.0
    """To draw a box from nothing."""
    draw_mask_s: float = 35.0
    """To draw a polygon or a mask from nothing."""
    notice_s: float = 1.0
    """To notice that an object is missing, before it is drawn."""
    accept_s: float = 0.8
    """To see that a suggestion is correct."""
    adjust_s: float = 5.0
    """To adjust a suggested box."""
    correct_mask_s: float = 12.0
    """To correct a suggested polygon or mask."""
    delete_s: float = 1.8
    """To delete a suggestion that shows nothing."""
    relabel_s: float = 2.0
    """To change the class of a suggestion."""
    accept_iou: float = 0.75
    """A suggestion that overlaps its object as much is correct."""
    adjust_iou: float = 0.3
    """One that overlaps it as much is adjusted; below, it is deleted."""
    sigma: float = 0.35
    """Of the log-normal noise of every single act, whose median is 1."""
    pace: tuple[float, float] = (0.7, 1.5)
    """The paces of the quickest and the slowest person: what multiplies all their seconds."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name.endswith("_s") and not (math.isfinite(value) and value > 0):
                raise ConfigurationError(f"{one.name}: expected seconds above 0, got {value}")
        if not 0 < self.adjust_iou <= self.accept_iou <= 1:
            overlaps = (self.adjust_iou, self.accept_iou)
            raise ConfigurationError(
                "adjust_iou, accept_iou: expected overlaps in (0, 1], the first not above the "
                f"second, got {overlaps}"
            )
        if not (math.isfinite(self.sigma) and self.sigma >= 0):
            raise ConfigurationError(f"sigma: expected 0 or more, got {self.sigma}")
        if not 0 < self.pace[0] <= self.pace[1] < math.inf:
            raise ConfigurationError(
                f"pace: expected two numbers above 0, the smaller first, got {self.pace}"
            )
